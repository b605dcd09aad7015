//! Identifiers of tokens and timestamps.

use std::fmt;
use std::ops::Deref;

use arrayvec::ArrayString;
use waxwing_soap::RandomSource;

/// The most octets of an identifier that stands in place.
const IN_PLACE: usize = 63;

/// An identifier within one message, in place: those that are usual (`_7`, `uuid-<guid>-7`) need no memory of their own.
#[derive(Clone)]
pub(super) enum Id {
    /// A usual one.
    InPlace(ArrayString<IN_PLACE>),
    /// A longer one.
    Long(Box<str>),
}

impl Id {
    /// The identifier of the thing with this number: `_0`, `_1`, …
    pub(super) fn numbered(number: usize) -> Self {
        let mut id = ArrayString::new();
        id.push('_');
        id.push_str(itoa::Buffer::new().format(number));
        Self::InPlace(id)
    }
}

impl Id {
    /// Whether it is this one.
    pub(super) fn is(&self, id: &str) -> bool {
        **self == *id
    }
}

/// What tells most identifiers of one message apart: they begin alike, and differ in their last octets or in length. The same for
/// the same ones.
#[inline]
pub(super) fn order_of(id: &str) -> u64 {
    let octets = id.as_bytes();
    let last = match octets.last_chunk() {
        Some(last) => u64::from_le_bytes(*last),
        None => octets.iter().fold(0, |order, octet| order << 8 | u64::from(*octet)),
    };
    last ^ (octets.len() as u64).rotate_right(8)
}

impl Default for Id {
    fn default() -> Self {
        Self::InPlace(ArrayString::new())
    }
}

impl PartialEq for Id {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Id {}

impl From<&str> for Id {
    fn from(id: &str) -> Self {
        ArrayString::from(id).map_or_else(|_| Self::Long(id.into()), Self::InPlace)
    }
}

impl Deref for Id {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::InPlace(id) => id,
            Self::Long(id) => id,
        }
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
        Self { prefix: ["uuid-", guid, "-"].concat(), next }
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
        assert_eq!(&*Id::numbered(usize::MAX), format!("_{}", usize::MAX));
        for length in [0, 1, IN_PLACE - 1, IN_PLACE, IN_PLACE + 1, 300] {
            let id = "x".repeat(length);
            assert!(
                *Id::from(&*id) == *id
                    && Id::from(&*id).is(&id)
                    && Id::from(&*id) != Id::numbered(0)
            );
        }
        assert_eq!(UuidIds::with_guid("guid", 107).next_id(), "uuid-guid-107");
    }
}
