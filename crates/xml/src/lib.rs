//! XML documents for SOAP: strict parser, tree with source spans, writer, exclusive canonicalization.
//!
//! One tree type, [`Document`], is read and built, changed in place (decryption), canonicalized into a
//! digest and written. Processing instructions' content keeps target and data as written.

mod arena;
pub mod binary;
mod builder;
pub mod c14n;
mod chars;
mod decode;
mod document;
mod element;
mod error;
mod import;
mod in_place;
mod intern;
mod large;
mod leaf;
mod lent;
mod limits;
mod name;
mod node;
mod parser;
mod scan;
mod scope;
pub mod values;
mod writer;

pub use c14n::{Canonicalizer, Exclusive, Sink, canonicalize};
pub use chars::{first_forbidden_character, is_ncname};
pub use document::Document;
pub use element::{Attribute, Children, Element, Node};
pub use error::{ParseError, ParseErrorKind};
pub use in_place::{LargeContent, Opened};
pub use intern::XML_NAMESPACE;
pub use limits::Limits;
pub use name::{Name, NodeId, Position, Span};
pub use parser::{Notes, Passes, StartTag, UnreadContent};
pub use values::Value;
pub use writer::push_text;

impl std::fmt::Display for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_xml())
    }
}

/// The example of the crate's page is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
