//! What can be wrong with a text.

use crate::name::Position;

/// A text that is no acceptable document: what is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}. Line {}, position {}.", position.line, position.column)]
pub struct ParseError {
    /// What is wrong.
    pub kind: ParseErrorKind,
    /// The byte offset in the source (for a fragment: in the fragment).
    pub offset: u32,
    /// The same for people.
    pub position: Position,
}

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// The bytes are not the encoding that they should be.
    #[error("the text is not valid {0}")]
    Encoding(&'static str),
    /// The XML declaration names another encoding than the bytes have.
    #[error("the text is {found} but its XML declaration says '{declared}'")]
    EncodingMismatch {
        /// What the bytes are.
        found: &'static str,
        /// What the declaration says.
        declared: Box<str>,
    },
    /// A limit of [`Limits`](crate::Limits).
    #[error("the limit {limit} = {value} is exceeded")]
    Limit {
        /// The field of [`Limits`](crate::Limits).
        limit: &'static str,
        /// Its value.
        value: usize,
    },
    /// The text ends too early.
    #[error("the text ends inside {0}")]
    UnexpectedEnd(&'static str),
    /// A construct that is never accepted, e.g. a document type declaration.
    #[error("{0} is not allowed")]
    Forbidden(&'static str),
    /// Something else was expected here.
    #[error("expected {0}")]
    Expected(&'static str),
    /// A character that XML 1.0 does not have.
    #[error("the character U+{0:04X} is not allowed in XML")]
    Character(u32),
    /// A name that is no name, or has two colons.
    #[error("'{0}' is not a valid name")]
    Name(Box<str>),
    /// A reference other than the five predefined ones and characters.
    #[error("the entity reference '&{0};' is not known")]
    Entity(Box<str>),
    /// A prefix without declaration.
    #[error("the prefix '{0}' is not declared")]
    UnboundPrefix(Box<str>),
    /// A declaration that Namespaces in XML forbids.
    #[error("the namespace declaration of '{0}' is not allowed")]
    Declaration(Box<str>),
    /// Two attributes of one expanded name.
    #[error("the attribute '{0}' occurs twice")]
    DuplicateAttribute(Box<str>),
    /// An end tag that closes another element than the open one.
    #[error(
        "the '{start}' start tag on line {} position {} does not match the end tag of '{end}'",
        start_position.line,
        start_position.column
    )]
    EndTag {
        /// The element that is open.
        start: Box<str>,
        /// Where its name stands.
        start_position: Position,
        /// The name in the end tag.
        end: Box<str>,
    },
    /// An end tag where nothing is open.
    #[error("the end tag of '{0}' closes nothing")]
    StrayEndTag(Box<str>),
}
