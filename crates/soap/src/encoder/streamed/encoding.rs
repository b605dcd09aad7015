//! The encodings of messages in pieces.

use crate::encoder::binary::Binary;
use crate::encoder::codec::{Decoder, Encoded, Encoder};
use crate::encoder::error::DecodeError;
use crate::encoder::mtom::{Mtom, MtomOverLinks};
use crate::encoder::text::{Text, text_content_type};
use crate::envelope::Envelope;
use crate::random::RandomSource;

/// An encoding in which messages go in pieces. Where messages are compressed, they go as a whole.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Streamed {
    /// Binary (net.tcp).
    Binary(Binary),
    /// Text.
    Text(Text),
    /// MIME parts, which the content type divides (HTTP). Text is read as well.
    Mtom(Mtom),
    /// MIME parts, whose header stands in the message (net.tcp).
    MtomOverLinks(MtomOverLinks),
}

impl Streamed {
    /// What a connection is told of its messages. Over HTTP each message has a content type of its own.
    pub fn content_type(&self) -> &'static str {
        match self {
            Self::Binary(binary) => binary.content_type(),
            Self::Text(text) => text_content_type(text.version),
            Self::Mtom(_) | Self::MtomOverLinks(_) => MtomOverLinks::CONTENT_TYPE,
        }
    }

    /// The limits of messages.
    pub fn limits(&self) -> &waxwing_xml::Limits {
        match self {
            Self::Binary(binary) => &binary.limits,
            Self::Text(text) => &text.limits,
            Self::Mtom(mtom) | Self::MtomOverLinks(MtomOverLinks(mtom)) => &mtom.limits,
        }
    }
}

impl Encoder for Streamed {
    fn write(&mut self, envelope: &Envelope, random: &mut dyn RandomSource) -> Encoded {
        match self {
            Self::Binary(binary) => binary.write(envelope, random),
            Self::Text(text) => text.write(envelope, random),
            Self::Mtom(mtom) => mtom.write(envelope, random),
            Self::MtomOverLinks(mtom) => mtom.write(envelope, random),
        }
    }
}

impl Decoder for Streamed {
    fn read(&mut self, content_type: &str, octets: &[u8]) -> Result<Envelope, DecodeError> {
        match self {
            Self::Binary(binary) => binary.read(content_type, octets),
            Self::Text(text) => text.read(content_type, octets),
            Self::Mtom(mtom) => mtom.read(content_type, octets),
            Self::MtomOverLinks(mtom) => mtom.read(content_type, octets),
        }
    }
}
