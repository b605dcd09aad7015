//! WS-Policy 1.2 and 1.5.

mod model;
mod normalize;
pub(crate) mod read;
mod write;

pub use model::*;
pub use normalize::{
    Alternative, MAX_ALTERNATIVES, MAX_ASSERTIONS, MAX_DEPTH, MAX_NODES, Normal, Policies,
    PolicyError, alternatives,
};
pub use write::{write, write_reference};
