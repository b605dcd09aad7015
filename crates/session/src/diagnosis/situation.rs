//! What a failure is judged by, beside itself: what this side is set to, and how far it had come.

use waxwing_reliable::{FailureKind, ReliableMessagingVersion};
use waxwing_security::conversation::SecurityProfile;

/// What a failure is judged by beside itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Situation {
    /// The version of reliable messaging; none without a reliable session.
    pub reliable: Option<ReliableMessagingVersion>,
    /// The message security; none without it.
    pub security: Option<SecurityProfile>,
    /// Whether the session was open: security handshake and CreateSequence had succeeded.
    pub opened: bool,
    /// Whether an answer of the service to a message of the application was accepted before.
    pub answered: bool,
    /// Answers of the security handshake under way that were accepted.
    pub handshake_answers: u32,
    /// How the last exchange failed that brought no message.
    pub transport: Option<TransportCause>,
    /// Whether the clocks are known to be further apart than WCF tolerates.
    pub clocks_apart: bool,
}

/// Why an exchange brought no message, by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportCause {
    /// Nothing listens there.
    Refused,
    /// The name has no address.
    UnknownHost,
    /// No connection came about for another reason.
    Unreachable,
    /// The connection ended before the answer.
    Broken,
    /// No answer in time.
    NoAnswer,
    /// An empty answer where a message must come.
    Empty,
    /// No message can be sent to this address.
    Address,
    /// The client cannot listen where the service would call it back (composite duplex).
    Listening,
    /// TLS failed.
    Tls,
    /// The certificate that the server shows for TLS is not trusted.
    Untrusted,
    /// A proxy on the way cannot be reached, or does not connect to the service.
    Proxy,
    /// 407: a proxy on the way wants credentials.
    ProxyAuthentication,
    /// 401, 403.
    AccessDenied,
    /// 404.
    NotFound,
    /// 413.
    RequestTooLarge,
    /// 415.
    MediaType,
    /// 503.
    Busy,
    /// 504.
    Gateway,
    /// The answer exceeds this side's limit.
    AnswerTooLarge,
    /// Something came that is no SOAP message of this binding.
    NotSoap,
    /// The peer does not agree to a connection of this kind: its framing, mode or upgrade is another one (net.tcp).
    Framing,
}

/// Why an exchange brought no message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransportFailure {
    /// By kind.
    pub cause: TransportCause,
    /// In words.
    pub reason: String,
}

impl TransportCause {
    /// What it means to the protocols above. What no repetition heals is told at once; so is, while a channel is
    /// being opened, what a person must mend (nothing listens, an unknown name, 404; TLS in any case), unless `retry` asks for
    /// WCF's way: again every 10 seconds until openTimeout. An open session masks an outage, as it should.
    pub(crate) fn kind(self, opening: bool, retry: bool) -> FailureKind {
        match self {
            Self::AccessDenied => FailureKind::Security,
            // WCF's SecurityNegotiationException, which is never tried again while a session is opened.
            Self::Tls | Self::Untrusted if opening => FailureKind::Protocol,
            Self::Address
            | Self::Listening
            | Self::ProxyAuthentication
            | Self::RequestTooLarge
            | Self::MediaType
            | Self::AnswerTooLarge
            | Self::NotSoap
            | Self::Framing => FailureKind::Protocol,
            Self::Refused
            | Self::UnknownHost
            | Self::Unreachable
            | Self::NotFound
            | Self::Proxy
                if opening && !retry =>
            {
                FailureKind::Protocol
            }
            _ => FailureKind::Retryable,
        }
    }
}
