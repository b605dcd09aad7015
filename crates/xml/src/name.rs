//! Names and places.

/// A qualified name: prefix as written, local part and namespace name (empty for no namespace).
///
/// Namespaces in XML 1.0 §4. Equality of the prefix is equality of spelling; two names mean the same
/// when `local` and `namespace` are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Name<'a> {
    /// The prefix; empty for the default namespace or none.
    pub prefix: &'a str,
    /// The local part.
    pub local: &'a str,
    /// The namespace name; empty for none.
    pub namespace: &'a str,
}

impl<'a> Name<'a> {
    /// A name of its three parts.
    pub const fn new(prefix: &'a str, local: &'a str, namespace: &'a str) -> Self {
        Self { prefix, local, namespace }
    }

    /// A name in no namespace.
    pub const fn local(local: &'a str) -> Self {
        Self { prefix: "", local, namespace: "" }
    }
}

/// A node of one [`Document`](crate::Document). Stays valid as long as the document: nodes are
/// detached, never freed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub(crate) u32);

/// A range of bytes of the source text of a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// The offset of the first byte.
    pub start: u32,
    /// The offset after the last byte.
    pub end: u32,
}

/// A place in the source for people: both count from 1, columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column, in characters.
    pub column: u32,
}

impl Position {
    /// The position of a byte offset in `source`.
    pub fn of(source: &str, offset: usize) -> Self {
        let mut end = offset.min(source.len());
        while !source.is_char_boundary(end) {
            end -= 1;
        }
        let before = &source[..end];
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        Self {
            line: before.bytes().filter(|b| *b == b'\n').count() as u32 + 1,
            column: before[line_start..].chars().count() as u32 + 1,
        }
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {} position {}", self.line, self.column)
    }
}
