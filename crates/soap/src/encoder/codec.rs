//! What every encoding does.

use std::borrow::Cow;

use super::error::DecodeError;
use crate::envelope::Envelope;
use crate::random::RandomSource;

/// Writes the messages of one link, in the order in which they are sent.
pub trait Encoder {
    /// The octets of a message with their content type. `random` is for boundaries between parts.
    fn write(&mut self, envelope: &Envelope, random: &mut dyn RandomSource) -> Encoded;

    /// The same of a message that nobody needs any more: what is large in it becomes the octets where it can.
    fn write_owned(&mut self, envelope: Envelope, random: &mut dyn RandomSource) -> Encoded {
        self.write(&envelope, random)
    }
}

/// Reads the messages of one link, in the order in which they come.
pub trait Decoder {
    /// The message that octets of this content type are, within the limits that the decoder was made with. `content_type`
    /// is empty where the peer names none.
    ///
    /// # Errors
    /// [`DecodeError`]; whatever comes after on a link whose encoding has state cannot be read any more.
    fn read(&mut self, content_type: &str, octets: &[u8]) -> Result<Envelope, DecodeError>;

    /// The same of octets that nobody needs any more: they become the text of the message where they can.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    fn read_owned(&mut self, content_type: &str, octets: Vec<u8>) -> Result<Envelope, DecodeError> {
        self.read(content_type, &octets)
    }
}

/// A message as it travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// The `Content-Type` (RFC 2045 §5.1).
    pub content_type: Cow<'static, str>,
    /// The octets.
    pub octets: Vec<u8>,
}
