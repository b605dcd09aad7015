//! From port types and bindings to operations.

mod actions;
mod body;
mod faults;
mod headers;
mod outcome;
mod pairing;
mod parts;
mod reader;
mod unaddressed;

pub(super) use reader::OperationReader;
