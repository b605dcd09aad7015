//! The text side: a tree with places, reading with diagnosis, writing.

pub(crate) mod decode;
mod foreign;
pub(crate) mod malformed;
mod misplaced;
pub(crate) mod node;
pub(crate) mod parse;
pub(crate) mod problem;
pub(crate) mod quote;
pub(crate) mod raw;
pub(crate) mod reader;
pub(crate) mod scan;
pub(crate) mod step;
pub(crate) mod tree;
pub(crate) mod writer;
