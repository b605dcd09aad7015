//! WS-Policy 1.2 and 1.5.

mod model;
pub(crate) mod read;
mod write;

pub use model::*;
pub use write::{write, write_reference};
