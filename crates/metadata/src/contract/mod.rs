//! What a port offers, as a programmer sees it: operations, messages, faults and types.

mod model;

pub use model::*;
