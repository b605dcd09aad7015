//! Places: of documents, and in documents.

mod join;

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

    /// What a reference in this document means (RFC 3986 §5.2), without its fragment. In the path of a file `\` is `/`, and
    /// `%20` is a space.
    #[must_use]
    pub fn join(&self, reference: &str) -> Self {
        Self::new(join::join(&self.0, reference))
    }

    /// The scheme in small letters, of a URL; none for the path of a file. A letter alone is a drive.
    pub fn scheme(&self) -> Option<String> {
        join::scheme(&self.0).map(str::to_ascii_lowercase)
    }

    /// Scheme, host and port as far as it is written: what two URLs of one origin share. None for the path of a file.
    pub fn origin(&self) -> Option<String> {
        join::origin(&self.0)
    }

    /// The host in small letters, without port; an address of IPv6 with its brackets. None for the path of a file.
    pub fn host(&self) -> Option<String> {
        let origin = self.origin()?;
        let (_, authority) = origin.split_once("://")?;
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => authority,
        };
        (!host.is_empty()).then(|| host.to_owned())
    }

    /// The part before the last `/`, without it; empty when there is none.
    pub fn folder(&self) -> &str {
        let path = &self.0[..self.0.find(['?', '#']).unwrap_or(self.0.len())];
        path.rfind('/').map_or("", |end| &path[..end])
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
