//! What can be wrong with octets.

/// Octets that are no acceptable document: what is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}. Octet {offset}{}.", inside.as_deref().map(|name| format!(", inside the element '{name}'")).unwrap_or_default())]
pub struct BinaryError {
    /// What is wrong.
    pub kind: BinaryErrorKind,
    /// The offset of the record or of the part of one.
    pub offset: usize,
    /// The name of the innermost element that is open there.
    pub inside: Option<Box<str>>,
}

/// What is wrong with octets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BinaryErrorKind {
    /// A limit of [`Limits`](crate::Limits).
    #[error("the limit {limit} = {value} is exceeded")]
    Limit {
        /// The field of [`Limits`](crate::Limits).
        limit: &'static str,
        /// Its value.
        value: usize,
    },
    /// The octets end too early.
    #[error("the octets end inside {0}")]
    UnexpectedEnd(&'static str),
    /// A code that no record has, or that has no place here.
    #[error("the record 0x{code:02X} has no place {place}")]
    Record {
        /// The code.
        code: u8,
        /// Where it stood.
        place: &'static str,
    },
    /// There is something behind the root element.
    #[error("there are octets behind the root element")]
    Behind,
    /// A size or an identifier of more than 31 bits, or in more than five octets.
    #[error("a size or identifier has more than 31 bits")]
    Size,
    /// An identifier of a string that neither the dictionary nor the session has.
    #[error("the string {0} is neither in the dictionary nor was it sent in this session")]
    UnknownString(u32),
    /// Text that is not encoded as the record says.
    #[error("a text is not valid {0}")]
    Encoding(&'static str),
    /// A character that XML 1.0 does not have.
    #[error("the character U+{0:04X} is not allowed in XML")]
    Character(u32),
    /// A name that is no name.
    #[error("'{0}' is not a valid name")]
    Name(Box<str>),
    /// A prefix without declaration.
    #[error("the prefix '{0}' is not declared")]
    UnboundPrefix(Box<str>),
    /// A declaration that Namespaces in XML forbids.
    #[error("the namespace declaration of '{0}' is not allowed")]
    Declaration(Box<str>),
    /// Two attributes of one expanded name, or two declarations of one prefix.
    #[error("the attribute '{0}' occurs twice")]
    DuplicateAttribute(Box<str>),
    /// A value that its type does not have.
    #[error("a record holds no valid {0}")]
    Value(&'static str),
}
