//! WS-Policy 1.2 and 1.5.

mod model;

pub use model::*;
