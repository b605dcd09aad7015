//! Why a negotiation failed.

use waxwing_soap::Fault;

use crate::error::SecurityError;

/// Why a negotiation failed. TLS failures and failures of the messages around it are told apart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NegotiationError {
    /// TLS itself failed: no common version or cipher suite, a bad record, a signature that is wrong.
    #[error("TLS: {0}")]
    Tls(String),
    /// The peer showed no certificate in the handshake.
    #[error("the peer showed no certificate in the TLS handshake, but one is required")]
    NoCertificate,
    /// The peer's certificate cannot be used: its key is not RSA, or too short.
    #[error("the certificate that the peer showed in the TLS handshake cannot be used: {0}")]
    Certificate(String),
    /// A message of the negotiation is malformed.
    #[error("SOAP: the negotiation message is malformed: {0}")]
    Message(SecurityError),
    /// A message has no `Context`.
    #[error("SOAP: the negotiation message has no Context attribute")]
    NoContext,
    /// A message is of another negotiation.
    #[error("SOAP: the message has the Context '{found}', this negotiation is '{expected}'")]
    ForeignContext {
        /// The context of this negotiation.
        expected: Box<str>,
        /// The context found.
        found: Box<str>,
    },
    /// The service knows no such negotiation: never begun, timed out, or failed before.
    #[error("SOAP: no negotiation with the Context '{0}' is under way (it may have timed out)")]
    UnknownContext(Box<str>),
    /// A negotiation was begun a second time under its name; both are given up.
    #[error("SOAP: a negotiation with the Context '{0}' is under way already; it is given up")]
    RepeatedContext(Box<str>),
    /// A negotiation was over when its last leg could be answered: who the client is was not known in time, or a
    /// second one was begun under its name.
    #[error(
        "SOAP: the negotiation with the Context '{0}' was given up before it could be answered: it took too long, or \
         another was begun under its name"
    )]
    GivenUp(Box<str>),
    /// The service answered with a fault. **Its content is not authenticated.**
    #[error("the service answered with a fault: {}", .0.text())]
    Fault(Box<Fault>),
    /// A step that does not fit the state of the negotiation here.
    #[error("{0}")]
    State(&'static str),
    /// The binary exchange is not TLS, or the service answers in another form than it was asked in.
    #[error(
        "SOAP: the BinaryExchange has the ValueType '{0}', not that of TLS as it was asked for"
    )]
    ValueType(Box<str>),
    /// The key size does not fit the algorithm suite.
    #[error("SOAP: a key of {found} bits is asked for, the algorithm suite has {expected}")]
    KeySize {
        /// What the suite has.
        expected: u32,
        /// What was asked for.
        found: u32,
    },
    /// A message that does not belong at this point.
    #[error("SOAP: the negotiation message is out of place: {0}")]
    OutOfPlace(&'static str),
    /// The peer sends more than any handshake needs.
    #[error("the negotiation exceeds its limit of {limit} {what}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// Too many negotiations at once.
    #[error(
        "too busy: {0} negotiations are under way, and this client's address has its share of them; the client is told \
         to try again (maxStatefulNegotiations)"
    )]
    TooMany(usize),
    /// The proof token does not hold a key of the right size.
    #[error("the proof token cannot be unwrapped to a key of {expected} bits")]
    ProofToken {
        /// The size of the key asked for.
        expected: u32,
    },
    /// The hash over the legs is missing or wrong.
    #[error(
        "the CombinedHash of the negotiation is {0}: somebody changed a message on the way, or the \
         peers disagree about them"
    )]
    Authenticator(&'static str),
}

impl NegotiationError {
    /// Whether TLS failed, as opposed to the messages around it.
    pub fn is_tls(&self) -> bool {
        matches!(
            self,
            NegotiationError::Tls(_)
                | NegotiationError::NoCertificate
                | NegotiationError::Certificate(_)
        )
    }
}

impl From<SecurityError> for NegotiationError {
    #[cold]
    fn from(error: SecurityError) -> Self {
        NegotiationError::Message(error)
    }
}
