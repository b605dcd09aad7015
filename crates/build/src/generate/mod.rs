//! Rust code for contracts and their types: a pure function from the model to text.
//!
//! The text is the same for the same model, byte for byte. It needs no `rustfmt`.

mod built_in;
mod docs;
mod file;
mod mapping;
mod messages;
mod operations;
mod options;
mod place;
mod plan;
mod protection;
mod reach;
mod rust_type;
mod types;
mod xml;
mod xml_layout;
mod xml_values;

pub(crate) use docs::is_hidden;
pub use file::{Generated, generate, same_code, same_code_of_any_source};
pub use options::{Options, Protection};
