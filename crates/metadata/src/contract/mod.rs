//! What a port offers, as a programmer sees it: operations, messages, faults and types.

mod model;
pub mod names;
mod types;

pub use model::*;
pub use types::*;
