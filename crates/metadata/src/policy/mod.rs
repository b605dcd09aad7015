//! WS-Policy 1.2 and 1.5.

mod model;
mod write;

pub use model::*;
pub use write::{write, write_reference};
