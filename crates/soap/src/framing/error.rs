//! What is wrong with octets that came in.

use super::fault::FaultCode;
use super::record::RecordType;

/// What came in is not what the protocol has there. The text begins with WCF's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "Error while reading message framing format at position {position} of stream (state: {state}): {problem}"
)]
pub struct FramingError {
    /// How many octets of the connection's present preamble and what follows it were good.
    pub position: u64,
    /// What was being read, in WCF's words (`ReadingEnvelopeRecord`).
    pub state: &'static str,
    /// What is wrong.
    pub problem: FramingProblem,
}

/// What is wrong. The texts are WCF's, where it has one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FramingProblem {
    /// The stream ended where more must come.
    #[error("More data was expected, but EOF was reached.")]
    PrematureEnd,
    /// A record of another type.
    #[error("Expected record type '{expected}', found '{}'.", found_name(*.found))]
    WrongRecord {
        /// What must come there.
        expected: RecordType,
        /// The first octet of what came.
        found: u8,
    },
    /// Another version of the protocol.
    #[error("Framing major version {0} is not supported.")]
    Version(u8),
    /// A mode that does not exist.
    #[error("Framing mode {0} is not supported.")]
    Mode(u8),
    /// A size of more than 31 bits.
    #[error("Specified size is too large for this implementation.")]
    Size,
    /// A via of so many octets.
    #[error("The framing via size ({0}) exceeds the quota.")]
    ViaTooLong(usize),
    /// A content type, or the name of an upgrade, of so many octets.
    #[error("The framing content type size ({0}) exceeds the quota.")]
    ContentTypeTooLong(usize),
    /// A fault of so many octets.
    #[error("The framing fault size ({0}) exceeds the quota.")]
    FaultTooLong(usize),
    /// An envelope of more octets than the limit, which this is.
    #[error(
        "The maximum message size quota for incoming messages ({0}) has been exceeded. To increase the quota, use the MaxReceivedMessageSize property on the appropriate binding element."
    )]
    EnvelopeTooLarge(usize),
    /// A text that is not UTF-8.
    #[error("A text of the framing is not UTF-8.")]
    NotText,
    /// A via that is no absolute URI.
    #[error("The framing via ({0}) is not a valid URI.")]
    ViaNotUri(String),
}

fn found_name(found: u8) -> String {
    RecordType::of(found).map_or_else(|| found.to_string(), |known| known.to_string())
}

impl FramingProblem {
    /// What WCF's server sends because of it. Captured: too long a via ends the connection without a word, although the
    /// protocol has one for it.
    pub fn fault(&self) -> Option<FaultCode> {
        match self {
            Self::Version(_) => Some(FaultCode::UnsupportedVersion),
            Self::Mode(_) => Some(FaultCode::UnsupportedMode),
            Self::EnvelopeTooLarge(_) => Some(FaultCode::MaxMessageSizeExceeded),
            _ => None,
        }
    }
}
