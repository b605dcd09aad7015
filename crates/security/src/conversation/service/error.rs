//! What can go wrong at a service; for the local log.

use crate::error::SecurityError;
use crate::negotiation::NegotiationError;

/// Why the service refused a message or could not answer it.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The message did not verify.
    #[error(transparent)]
    Message(#[from] SecurityError),
    /// No session claims the message.
    #[error(
        "no security session claims the message (action '{action}', security context \
         {}): it ended, was never begun here, or the bindings differ",
        context.as_deref().unwrap_or("none")
    )]
    NoSession {
        /// The message's action.
        action: Box<str>,
        /// The security context that it names.
        context: Option<Box<str>>,
    },
    /// The message does not belong to what its connection carries.
    #[error(
        "the message (action '{action}', security context {}) does not belong on its connection: each carries the messages \
         of one security session, or requests for sessions",
        context.as_deref().unwrap_or("none")
    )]
    ForeignLink {
        /// The message's action.
        action: Box<str>,
        /// The security context that it names.
        context: Option<Box<str>>,
    },
    /// The client's certificate is not trusted.
    #[error("the client's certificate '{subject}' is not trusted: {reason}")]
    UntrustedClient {
        /// The certificate's subject.
        subject: String,
        /// Why.
        reason: String,
    },
    /// The user name or password is wrong.
    #[error("the user '{username}' was not authenticated: {reason}")]
    UserName {
        /// The user name.
        username: Box<str>,
        /// Why.
        reason: String,
    },
    /// The request for a token cannot be answered.
    #[error("the request for a token is refused: {0}")]
    Request(SecurityError),
    /// A negotiation failed.
    #[error("the TLS negotiation is refused: {0}")]
    Negotiation(NegotiationError),
    /// Too many sessions that were never used: of all clients, or of this client's address or credential.
    #[error(
        "too busy: {0} security sessions were begun and not used yet, and this client has its share of them; the \
         client is told to try again (maxPendingSessions)"
    )]
    TooManyPending(usize),
    /// Too many sessions altogether, none of which may make way.
    #[error("too busy: {0} security sessions are open and in use; the client is told to try again")]
    TooManySessions(usize),
    /// The service is closing.
    #[error("the service is closing")]
    Closing,
    /// The session's key has expired; the client was told to renew it.
    #[error("the key of the security session '{0}' has expired; the client must renew it")]
    KeyExpired(Box<str>),
    /// Something that the configuration must give is missing.
    #[error("{0}")]
    Configuration(&'static str),
    /// A message that no transport protected, at an endpoint that leaves protection to the transport.
    #[error(
        "the message came over a connection that protects nothing, and this endpoint leaves integrity and \
         confidentiality to the transport (TransportWithMessageCredential): it must come over https, or somebody in \
         front of the service must end TLS and the binding say allowInsecureTransport=\"true\""
    )]
    InsecureTransport,
    /// A session that was kept cannot go on here.
    #[error("the security session that was kept cannot go on: {0}")]
    NotRestored(&'static str),
    /// A secured message at an endpoint without message security.
    #[error("the message is secured, but this endpoint has no message security")]
    SecuredMessage,
}

impl From<NegotiationError> for ServiceError {
    #[cold]
    fn from(error: NegotiationError) -> Self {
        ServiceError::Negotiation(error)
    }
}
