//! Names: of sequences, sessions, security contexts, exchanges and calls, and the routes that messages take.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use waxwing_soap::{RandomSource, urn_uuid};

/// An identifier: of a sequence, a message or a security context. An opaque URI, compared octet by octet.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identifier(Arc<str>);

impl Identifier {
    /// An identifier of its text.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// A new one: `urn:uuid:` and a random UUID.
    pub(crate) fn fresh(random: &mut dyn RandomSource) -> Self {
        Self::new(urn_uuid(random))
    }

    /// Bytes on the heap.
    pub(crate) fn heap_size(&self) -> usize {
        self.0.len() + 2 * size_of::<usize>()
    }

    /// The text, shared with this.
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Identifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::fmt::Display for Identifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl<T: Into<Arc<str>>> From<T> for Identifier {
    fn from(text: T) -> Self {
        Self::new(text)
    }
}

impl Serialize for Identifier {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Identifier {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

/// The identifier of a forward sequence, which names its session.
pub type SessionId = Identifier;

/// The secured context that a message came in by, e.g. the identifier of the security context token. A
/// sequence is bound to the one that its CreateSequence came in by. Compared, never interpreted, except that
/// the token references inside CreateSequence have to name it.
pub type ContextTag = Identifier;

/// One exchange: a message and what it is answered with. A name, given by whoever begins the exchange: by the engine
/// for those that it begins, by the owner for those that come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeId(pub u64);

/// A connection that carries messages both ways, named by its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);

/// One call of the application, named by the caller. Each call of a session has a name of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CallId(pub u64);

/// Where a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// It is the answer of an exchange that came in. Every such exchange is answered once.
    Answer(ExchangeId),
    /// It begins a new exchange; what becomes of that is told by the same name.
    New(ExchangeId),
}

impl Route {
    /// The exchange that it answers or begins.
    pub const fn exchange(self) -> ExchangeId {
        match self {
            Self::Answer(exchange) | Self::New(exchange) => exchange,
        }
    }
}
