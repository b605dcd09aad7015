//! Places: of documents, and in documents.

use std::fmt;
use std::sync::Arc;

/// The absolute place of a document: a URL, or the path of a file as its owner names it. Equal texts are one document.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Location(Arc<str>);

impl Location {
    /// A location by its text.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A place in a document. Line and column count from 1, columns count characters; both are 0 for what no document has written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct At {
    /// The document.
    pub location: Location,
    /// The line.
    pub line: u32,
    /// The column, in characters.
    pub column: u32,
}

impl At {
    /// The place of what was made by a program and not read.
    pub fn nowhere() -> Self {
        Self { location: Location::new(""), line: 0, column: 0 }
    }
}

/// `file:line:column`.
impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.location, self.line, self.column)
    }
}
