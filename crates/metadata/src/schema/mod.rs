//! XML Schema 1.0 documents.

mod model;
pub(crate) mod read;

pub use model::*;
