//! XML Schema 1.0 documents.

mod model;
pub(crate) mod read;
mod write;

pub use model::*;
pub use write::{write, write_into};
