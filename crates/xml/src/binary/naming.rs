//! Which strings are written by their identifiers, where that is not the same all over a message.
//!
//! The names of a protocol are strings of the vocabulary. But a writer that puts a message together of what several libraries
//! write has several dictionaries: names of another library's are new to its session, and what was kept as text is written out.

use super::TextRule;
use crate::element::Element;

/// How names and namespaces of the vocabulary are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// By their identifiers in the vocabulary.
    Known,
    /// As strings of the session, as if the vocabulary did not have them; without a session they are written out.
    Shared,
    /// Written out.
    Plain,
}

/// How one element is written, and what stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Its own name.
    pub name: Naming,
    /// The names of its attributes, and its own namespace where that is declared on it.
    pub attributes: Naming,
    /// Other namespaces that are declared on it.
    pub declarations: Naming,
    /// Everything within.
    pub content: Naming,
}

impl Scope {
    /// All of it in one way.
    pub const fn all(naming: Naming) -> Self {
        Self { name: naming, attributes: naming, declarations: naming, content: naming }
    }
}

/// How an element is written that stands where names are written so.
pub type ScopeRule = fn(Element<'_>, Naming) -> Scope;

/// By what rule this value of an attribute, in UTF-8, is written on this element; none: as characters.
pub type AttributeRule = fn(Element<'_>, &[u8]) -> Option<TextRule>;

/// How many of the octets that are the text of this element stand in a record before the others.
pub type FirstOctets = fn(Element<'_>) -> usize;
