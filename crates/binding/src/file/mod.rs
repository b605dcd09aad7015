//! The text side: a tree with places, reading with diagnosis, writing.

pub(crate) mod node;
pub(crate) mod raw;
pub(crate) mod reader;
pub(crate) mod writer;
