//! Identifiers of tokens and timestamps.

use std::fmt;
use std::ops::Deref;

use smallvec::{Array, SmallVec};
use waxwing_soap::RandomSource;

/// An identifier within one message, in place: those that are usual (`_7`, `uuid-<guid>-7`) need no memory of their own.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Id(SmallVec<[u8; 64]>);

impl Id {
    /// The identifier of the thing with this number: `_0`, `_1`, …
    pub(super) fn numbered(number: usize) -> Self {
        let mut id = Self(SmallVec::from_slice(b"_"));
        id.0.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        id
    }
}

/// Text that is written where there is room for what is usual.
pub(super) struct InPlace<'v, A: Array<Item = u8>>(pub(super) &'v mut SmallVec<A>);

impl<A: Array<Item = u8>> fmt::Write for InPlace<'_, A> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

impl Id {
    /// Whether it is this one.
    pub(super) fn is(&self, id: &str) -> bool {
        self.0[..] == *id.as_bytes()
    }
}

impl From<&str> for Id {
    fn from(id: &str) -> Self {
        Self(SmallVec::from_slice(id.as_bytes()))
    }
}

impl Deref for Id {
    type Target = str;

    fn deref(&self) -> &str {
        // Made of text alone.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

/// Makes the identifiers of tokens and timestamps, unique within one process. Identifiers that are
/// unique within one message only (`_0`, `_1`, …) are numbered by the message's own writer.
pub trait IdSource {
    /// The next identifier; an XML NCName.
    fn next_id(&mut self) -> String;
}

/// Identifiers of the form `uuid-<guid>-<n>`: the GUID is the source's own, `n` counts from 1.
#[derive(Debug, Clone)]
pub struct UuidIds {
    prefix: String,
    next: u64,
}

impl UuidIds {
    /// A source whose GUID is made from `random`.
    pub fn new(random: &mut dyn RandomSource) -> Self {
        Self::with_guid(&waxwing_soap::uuid_v4(random).to_string(), 1)
    }

    /// A source that goes on with number `next` under the given GUID (its 36-character form).
    pub fn with_guid(guid: &str, next: u64) -> Self {
        Self { prefix: format!("uuid-{guid}-"), next }
    }
}

impl IdSource for UuidIds {
    fn next_id(&mut self) -> String {
        let mut digits = itoa::Buffer::new();
        let number = digits.format(self.next);
        self.next += 1;
        [&*self.prefix, number].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::super::text::push_number;
    use super::*;

    #[test]
    fn numbers_are_written_as_formatting_writes_them() {
        for number in [0, 1, 9, 10, 99, 100, 4_294_967_296, u64::MAX - 1, u64::MAX] {
            let mut out = Vec::new();
            push_number(&mut out, number);
            assert_eq!(out, number.to_string().as_bytes());
        }
        assert_eq!((&*Id::numbered(0), &*Id::numbered(120)), ("_0", "_120"));
        assert_eq!(UuidIds::with_guid("guid", 107).next_id(), "uuid-guid-107");
    }
}
