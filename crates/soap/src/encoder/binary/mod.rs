//! Binary: records of XML instead of text, with WCF's dictionary (MC-NBFS), as `binaryMessageEncoding` has it.
//!
//! * [`Binary`]: each message stands by itself (`application/soap+msbin1`; over HTTP, and streamed over net.tcp);
//! * [`BinarySession`]: the messages of one direction of a session share a table of strings
//!   (`application/soap+msbinsession1`, MC-NBFSE; over net.tcp and WebSocket).
//!
//! Both with gzip or deflate around each message, as .NET 4.5 has them.

mod compression;
mod naming;
mod vocabulary;

use waxwing_xml::Limits;
use waxwing_xml::binary::{self, ReceivedStrings, SentStrings, push_size};

pub use super::error::CompressionError;
pub use compression::Compression;
pub use vocabulary::vocabulary;

use self::naming::signed_in_clear;
use self::vocabulary::vocabulary_of;
use super::codec::{Decoder, Encoded, Encoder};
use super::error::DecodeError;
use crate::envelope::Envelope;
use crate::random::RandomSource;

/// The strings of a session in octets, lengths included, that WCF's readers take (`maxSessionSize`).
pub const DEFAULT_MAX_SESSION_SIZE: usize = 2048;

/// Room for the octets of a usual message.
const USUAL_MESSAGE: usize = 1024;

/// Binary messages that stand each by itself.
#[derive(Debug, Clone, Copy)]
pub struct Binary {
    /// How large and deep a message may be that is read; after decompression.
    pub limits: Limits,
    /// How what is written is compressed, and what else than plain messages is read.
    pub compression: Compression,
}

impl Binary {
    /// The content type of what is written.
    pub fn content_type(&self) -> &'static str {
        match self.compression {
            Compression::None => "application/soap+msbin1",
            Compression::GZip => "application/soap+msbin1+gzip",
            Compression::Deflate => "application/soap+msbin1+deflate",
        }
    }
}

impl Encoder for Binary {
    fn write(&mut self, envelope: &Envelope, _: &mut dyn RandomSource) -> Encoded {
        let mut octets = Vec::with_capacity(USUAL_MESSAGE);
        binary::write(envelope.document(), vocabulary_of(envelope), None, &mut octets);
        let octets = self.compression.compress(octets);
        Encoded { content_type: self.content_type().into(), octets }
    }

    fn write_owned(&mut self, mut envelope: Envelope, random: &mut dyn RandomSource) -> Encoded {
        // What was sealed becomes part of the tree where it is, and not of a copy.
        envelope.document_mut();
        self.write(&envelope, random)
    }
}

impl Decoder for Binary {
    fn read(&mut self, content_type: &str, octets: &[u8]) -> Result<Envelope, DecodeError> {
        let plain = Self { compression: Compression::None, ..*self }.content_type();
        let own = self.content_type();
        let octets = self.compression.read(content_type, plain, own, octets, &self.limits)?;
        let document = binary::read(&octets, vocabulary(), None, &self.limits)?;
        Ok(Envelope::from_document(document)?)
    }
}

/// Binary messages of a session.
#[derive(Debug, Clone, Copy)]
pub struct BinarySession {
    /// How large and deep a message may be that is read; after decompression.
    pub limits: Limits,
    /// How what is written is compressed, and what else than plain messages is read.
    pub compression: Compression,
    /// The strings of a session in octets, lengths included, that are read in one direction, and that are written in the
    /// other (`maxSessionSize`).
    pub max_session_size: usize,
}

impl BinarySession {
    /// The content type of what is written.
    pub fn content_type(&self) -> &'static str {
        match self.compression {
            Compression::None => "application/soap+msbinsession1",
            Compression::GZip => "application/soap+msbinsession1+gzip",
            Compression::Deflate => "application/soap+msbinsession1+deflate",
        }
    }

    /// An encoder for what one end of a new session sends.
    pub fn encoder(&self) -> BinarySessionEncoder {
        BinarySessionEncoder { settings: *self, strings: SentStrings::new(self.max_session_size) }
    }

    /// A decoder for what one end of a new session receives.
    pub fn decoder(&self) -> BinarySessionDecoder {
        let strings = ReceivedStrings::new(self.max_session_size).with_vocabulary(vocabulary());
        BinarySessionDecoder { settings: *self, strings }
    }
}

/// Writes the messages of one direction of a session. Every message must be sent, in the order of writing: what a later one
/// says may stand in a table that an earlier one filled.
#[derive(Debug, Clone)]
pub struct BinarySessionEncoder {
    settings: BinarySession,
    strings: SentStrings,
}

impl Encoder for BinarySessionEncoder {
    fn write(&mut self, envelope: &Envelope, _: &mut dyn RandomSource) -> Encoded {
        let mut octets = Vec::with_capacity(USUAL_MESSAGE);
        // The size of an empty block of strings, which most messages of a session have.
        octets.push(0);
        let strings = Some(&mut self.strings);
        let (document, vocabulary) = (envelope.document(), vocabulary_of(envelope));
        binary::write_ahead(document, vocabulary, strings, signed_in_clear(envelope), &mut octets);
        let block = self.strings.take_block();
        if !block.is_empty() {
            let mut head = Vec::with_capacity(octets.len() + block.len() + binary::MAX_SIZE_OCTETS);
            // The block is smaller than the limit of the session, which is a number of 31 bits.
            push_size(&mut head, block.len() as u32);
            head.extend_from_slice(&block);
            head.extend_from_slice(&octets[1..]);
            octets = head;
        }
        let octets = self.settings.compression.compress(octets);
        Encoded { content_type: self.settings.content_type().into(), octets }
    }

    fn write_owned(&mut self, mut envelope: Envelope, random: &mut dyn RandomSource) -> Encoded {
        envelope.document_mut();
        self.write(&envelope, random)
    }
}

/// Reads the messages of one direction of a session, in the order in which they come.
#[derive(Debug, Clone)]
pub struct BinarySessionDecoder {
    settings: BinarySession,
    strings: ReceivedStrings,
}

impl Decoder for BinarySessionDecoder {
    /// After an error every later message is refused: what the strings mean is not known any more.
    fn read(&mut self, content_type: &str, octets: &[u8]) -> Result<Envelope, DecodeError> {
        let message = self.message(content_type, octets);
        if message.is_err() {
            self.strings.break_off();
        }
        message
    }
}

impl BinarySessionDecoder {
    fn message(&mut self, content_type: &str, octets: &[u8]) -> Result<Envelope, DecodeError> {
        let BinarySession { limits, compression, .. } = self.settings;
        let own = self.settings.content_type();
        let plain = BinarySession { compression: Compression::None, ..self.settings };
        let octets = compression.read(content_type, plain.content_type(), own, octets, &limits)?;
        let octets = self.strings.take(&octets)?;
        let document = binary::read(octets, vocabulary(), Some(&self.strings), &limits)?;
        Ok(Envelope::from_document(document)?)
    }
}
