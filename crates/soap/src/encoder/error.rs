//! Why octets are no message.

use waxwing_xml::binary::{BinaryError, SessionError};

use crate::envelope::EnvelopeError;

/// Why octets are no message of an encoding.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// They are of another encoding or SOAP version.
    #[error("the content type {found} is not the endpoint's ({expected})")]
    ContentType {
        /// What the peer named.
        found: String,
        /// What is read here.
        expected: String,
    },
    /// The XML is malformed, larger than the limits allow, or no envelope.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The records are malformed, or larger than the limits allow.
    #[error("the message is not well-formed binary XML: {0}")]
    Binary(#[from] BinaryError),
    /// The strings of the session are malformed or too many, or a message before could not be read.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// It cannot be decompressed.
    #[error(transparent)]
    Compression(#[from] CompressionError),
    /// The parts are malformed.
    #[error(transparent)]
    Mtom(#[from] MtomError),
}

/// Why a multipart body is no message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MtomError {
    /// The content type is not that of MTOM, or lacks a parameter.
    #[error("the content type is not that of MTOM: {0}")]
    ContentType(&'static str),
    /// The body is not divided into parts as the content type says.
    #[error("the multipart body is malformed: {0}")]
    Structure(&'static str),
    /// A part is encoded in a way that MTOM does not use.
    #[error("a part has the Content-Transfer-Encoding '{0}'; expected binary, 8bit or 7bit")]
    TransferEncoding(String),
    /// An `Include` that refers to no part, or does not stand alone in its element.
    #[error("an xop:Include is wrong: {0}")]
    Include(String),
    /// The root part is no SOAP message, or the message with its parts is larger than the limits allow.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
}

/// Why a message cannot be decompressed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompressionError {
    /// It is larger than messages may be.
    #[error(
        "The decompressed message is larger than the maximum message size quota for incoming messages ({0}). To increase the quota, use the MaxReceivedMessageSize property on the appropriate binding element."
    )]
    TooLarge(usize),
    /// It is not what its content type says, or it ends too early.
    #[error("the message is no {0}: {1}")]
    Broken(&'static str, Box<str>),
}
