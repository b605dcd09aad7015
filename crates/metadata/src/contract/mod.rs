//! What a port offers, as a programmer sees it: operations, messages, faults and types.

mod built_in;
mod components;
mod model;
pub mod names;
mod operations;
mod schema;
mod set;
mod signature;
mod types;

pub use model::*;
pub use types::*;
