//! The frame of every record, and the octets behind it.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::borrow::Cow;
use zeroize::{Zeroize, Zeroizing};

/// The version of the format that is written.
const FORMAT: u8 = 1;

/// What a record is of; the number is its second octet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum RecordKind {
    /// A message of the application.
    Message = 1,
    /// A request that was verified.
    Request = 2,
    /// A reliable session of a service.
    Session = 3,
    /// A security context of a service.
    Context = 4,
    /// A client's session.
    Client = 5,
}

/// Why octets are no record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// Another version of this program wrote them.
    #[error(
        "the record has format {0}, this version reads format {FORMAT}: a newer version wrote it, or it is no record"
    )]
    Format(u8),
    /// They are of something else.
    #[error("the record is of kind {found}, not of a {expected:?}")]
    Kind {
        /// The number that they name.
        found: u8,
        /// What was looked for.
        expected: RecordKind,
    },
    /// They do not say what they should.
    #[error("the record of a {0:?} is damaged: {1}")]
    Damaged(RecordKind, String),
}

impl RecordKind {
    /// The record of a value.
    pub(super) fn write(self, value: &impl Serialize) -> Zeroizing<Vec<u8>> {
        let begun = Growing(Zeroizing::new(vec![FORMAT, self as u8]));
        // Only sequences without a length and the like have no octets.
        postcard::serialize_with_flavor(value, begun).expect("what is kept is plain values")
    }

    /// The value of a record.
    pub(super) fn read<'a, T: Deserialize<'a>>(self, octets: &'a [u8]) -> Result<T, RecordError> {
        let (format, kind, rest) = match octets {
            [format, kind, rest @ ..] => (*format, *kind, rest),
            _ => return Err(self.damaged("it is too short")),
        };
        if format != FORMAT {
            return Err(RecordError::Format(format));
        }
        if kind != self as u8 {
            return Err(RecordError::Kind { found: kind, expected: self });
        }
        match postcard::take_from_bytes(rest) {
            Ok((value, [])) => Ok(value),
            Ok(_) => Err(self.damaged("octets are left over")),
            Err(error) => Err(self.damaged(error)),
        }
    }

    pub(super) fn damaged(self, why: impl ToString) -> RecordError {
        RecordError::Damaged(self, why.to_string())
    }
}

/// Octets that grow without leaving copies of themselves behind.
struct Growing(Zeroizing<Vec<u8>>);

impl Growing {
    fn room_for(&mut self, more: usize) {
        let needed = self.0.len() + more;
        if needed > self.0.capacity() {
            let mut larger = Vec::with_capacity(needed.max(2 * self.0.capacity()).max(512));
            larger.extend_from_slice(&self.0);
            self.0.zeroize();
            *self.0 = larger;
        }
    }
}

impl postcard::ser_flavors::Flavor for Growing {
    type Output = Zeroizing<Vec<u8>>;

    fn try_push(&mut self, octet: u8) -> postcard::Result<()> {
        self.room_for(1);
        self.0.push(octet);
        Ok(())
    }

    fn try_extend(&mut self, octets: &[u8]) -> postcard::Result<()> {
        self.room_for(octets.len());
        self.0.extend_from_slice(octets);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<Self::Output> {
        Ok(self.0)
    }
}

/// Octets as one piece: a list of numbers would be written and read one by one.
pub(super) struct Octets<'a>(pub(super) Cow<'a, [u8]>);

impl Serialize for Octets<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Octets<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(Visitor).map(|octets| Self(Cow::Borrowed(octets)))
    }
}

struct Visitor;

impl<'de> de::Visitor<'de> for Visitor {
    type Value = &'de [u8];

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("octets")
    }

    fn visit_borrowed_bytes<E: de::Error>(self, octets: &'de [u8]) -> Result<Self::Value, E> {
        Ok(octets)
    }
}

impl Drop for Octets<'_> {
    fn drop(&mut self) {
        if let Cow::Owned(octets) = &mut self.0 {
            octets.zeroize();
        }
    }
}
