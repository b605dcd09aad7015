//! The client where messages go in pieces (`transferMode`).

mod exchange;
pub(super) mod parts;
