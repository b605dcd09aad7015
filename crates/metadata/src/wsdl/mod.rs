//! WSDL 1.1.

mod model;
pub(crate) mod read;
mod write;

pub use model::*;
pub use write::write;
