//! What a port offers, as a programmer sees it: operations, messages, faults and types.

mod built_in;
mod circles;
mod components;
mod model;
pub mod names;
mod operations;
mod schema;
mod set;
mod signature;
mod types;

pub use circles::strongly_connected;
pub use model::*;
pub use types::*;
