//! WSDL 1.1.

mod model;
mod write;

pub use model::*;
pub use write::write;
