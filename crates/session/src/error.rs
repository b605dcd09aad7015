//! Why a session failed, in words that a person can act on.

use waxwing_security::conversation::ClientError;
use waxwing_soap::Fault;

use crate::diagnosis::situation::{TransportCause, TransportFailure};

/// Why a session, or one call of it, failed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// Security failed: authentication, identity, a message that cannot be verified.
    #[error("{}", .0.what_happened())]
    Security(Box<ClientError>),
    /// The reliable session failed.
    #[error("{0}")]
    Reliable(waxwing_reliable::SessionError),
    /// The service refused the message before its operation saw it, with a fault of WCF's infrastructure: an unknown
    /// action, a header that it does not understand, another address.
    #[error("the service refused the message: {}: {}", fault_name(.0), .0.text())]
    Refused(Box<Fault>),
    /// The message could not be brought to the service.
    #[error("{} failed: {}", step.as_far_as(.failure), .failure.reason)]
    Transport {
        /// What was being done.
        step: SessionStep,
        /// What the transport said.
        failure: TransportFailure,
    },
    /// A step was not over in time.
    #[error("{step} was not done in time, after {attempts} attempts; the last one: {last}")]
    TimedOut {
        /// What was being done.
        step: SessionStep,
        /// How often it was tried.
        attempts: u32,
        /// How the last attempt ended.
        last: String,
    },
    /// The service answered a two-way call with an empty response.
    #[error("the service answered with an empty response, but the operation has a reply")]
    NoReply,
    /// The answer does not fit the request.
    #[error("the answer cannot be used: {0}")]
    BadReply(String),
    /// The call does not fit the state of the session.
    #[error("{0}")]
    State(&'static str),
    /// The session was given up here.
    #[error("the session was aborted: {0}")]
    Aborted(String),
}

/// What a session was doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SessionStep {
    /// The handshake of the security protocol.
    Handshake,
    /// Opening: the handshake, then the sequence.
    Opening,
    /// A call.
    Call,
    /// Closing: the calls, the sequence, then the security session.
    Closing,
}

impl std::fmt::Display for SessionStep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Handshake => "the security handshake",
            Self::Opening => "opening the channel",
            Self::Call => "the call",
            Self::Closing => "closing the channel",
        })
    }
}

impl SessionStep {
    /// What failed for a person: no handshake where none took place, because nobody was there who takes part in it.
    fn as_far_as(self, failure: &TransportFailure) -> Self {
        use TransportCause as Cause;
        match failure.cause {
            Cause::Refused
            | Cause::UnknownHost
            | Cause::Unreachable
            | Cause::Address
            | Cause::Tls
            | Cause::Untrusted
            | Cause::Proxy
            | Cause::ProxyAuthentication
            | Cause::AccessDenied
            | Cause::NotFound
                if self == Self::Handshake =>
            {
                Self::Opening
            }
            _ => self,
        }
    }
}

impl From<ClientError> for SessionError {
    #[cold]
    fn from(error: ClientError) -> Self {
        Self::Security(Box::new(error))
    }
}

impl From<waxwing_reliable::SessionError> for SessionError {
    #[cold]
    fn from(error: waxwing_reliable::SessionError) -> Self {
        Self::Reliable(error)
    }
}

impl SessionError {
    /// The fault that the peer sent, when it sent one.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Security(error) => error.fault(),
            Self::Reliable(waxwing_reliable::SessionError::PeerSoapFault(fault))
            | Self::Refused(fault) => Some(fault),
            _ => None,
        }
    }
}

/// The innermost name that a fault has.
fn fault_name(fault: &Fault) -> &str {
    use waxwing_soap::FaultCode as Code;
    match (fault.subcode(), &fault.code) {
        (Some(subcode), _) => &subcode.local,
        (None, Code::Other(name)) => &name.local,
        (None, Code::MustUnderstand) => "MustUnderstand",
        (None, Code::VersionMismatch) => "VersionMismatch",
        (None, Code::DataEncodingUnknown) => "DataEncodingUnknown",
        (None, Code::Sender) => "Sender",
        (None, Code::Receiver) => "Receiver",
    }
}
