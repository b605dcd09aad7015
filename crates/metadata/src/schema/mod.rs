//! XML Schema 1.0 documents.

mod model;

pub use model::*;
