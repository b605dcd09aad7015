//! Why octets are no message.

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
