//! What can go wrong at a client.

use waxwing_soap::Fault;

use super::faults::SecurityFaultKind;
use super::identity::IdentityMismatch;
use crate::error::{Reason, SecurityError, Staleness};
use crate::negotiation::NegotiationError;

/// The exchange in which a fault came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultOrigin {
    /// A leg of the TLS negotiation.
    Negotiation,
    /// The request for the security session.
    Issue,
    /// The renewal of its key.
    Renew,
    /// Its cancellation.
    Cancel,
    /// A message of the application or of reliable messaging.
    Call,
}

impl std::fmt::Display for FaultOrigin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            FaultOrigin::Negotiation => "the TLS negotiation",
            FaultOrigin::Issue => "the request for a security session",
            FaultOrigin::Renew => "the renewal of the session key",
            FaultOrigin::Cancel => "the cancellation of the security session",
            FaultOrigin::Call => "a message",
        })
    }
}

/// Why a client's security failed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The service answered with a fault that is not secured. **Its content is not authenticated**:
    /// anybody on the way may have written it.
    #[error("{} ({})", unsecured(.fault, *.origin), .kind.advice())]
    Fault {
        /// The fault.
        fault: Box<Fault>,
        /// What it says, by its subcode.
        kind: SecurityFaultKind,
        /// In which exchange.
        origin: FaultOrigin,
        /// Whether the session is over.
        ends_session: bool,
    },
    /// A fault within an exchange of the security protocol, which was secured.
    #[error("the service refused {origin}: {}: {}", subcode_of(fault), fault.text())]
    SecuredFault {
        /// The fault.
        fault: Box<Fault>,
        /// In which exchange.
        origin: FaultOrigin,
    },
    /// The reply cannot be verified. It counts as lost; the session goes on.
    #[error("the service's reply cannot be verified: {0}{hint}", hint = clock_hint(.0))]
    Unverifiable(SecurityError),
    /// The service demands a new session key (its fault was verified). The request was not processed.
    #[error(
        "the service demands a new session key; the message was not processed and may be sent again"
    )]
    RenewNeeded,
    /// The service has no use for the security context in the cookie any more, or somebody on the way says so: the fault
    /// is not secured. Another context is asked for before the next message.
    #[error(
        "{} (the service does not accept the security context any more: its key was changed, it expired, or the \
         processes of the service do not share their cookie keys; another context is asked for)",
        unsecured(.fault, FaultOrigin::Call)
    )]
    ContextRefused {
        /// The fault.
        fault: Box<Fault>,
        /// Whether the service had accepted the context before.
        accepted_before: bool,
    },
    /// The response to a request for a token is not acceptable.
    #[error("the service's answer to {origin} is not acceptable: {error}")]
    Response {
        /// In which exchange.
        origin: FaultOrigin,
        /// Why.
        error: SecurityError,
    },
    /// The service's certificate is not trusted.
    #[error("the service's certificate '{subject}' is not trusted: {reason}")]
    UntrustedService {
        /// The certificate's subject.
        subject: String,
        /// Why.
        reason: String,
    },
    /// The service's certificate does not match the endpoint identity.
    #[error(transparent)]
    Identity(#[from] IdentityMismatch),
    /// The TLS negotiation failed.
    #[error("the TLS negotiation with the service failed: {0}")]
    Negotiation(NegotiationError),
    /// An own message cannot be protected.
    #[error("the message cannot be protected: {0}")]
    Protect(SecurityError),
    /// Something that the configuration must give is missing.
    #[error("{0}")]
    Configuration(&'static str),
    /// A session that was kept cannot go on here.
    #[error("the security session that was kept cannot go on: {0}")]
    NotRestored(&'static str),
    /// The call does not fit the state of the session.
    #[error("{0}")]
    State(&'static str),
}

impl From<NegotiationError> for ClientError {
    #[cold]
    fn from(error: NegotiationError) -> Self {
        match error {
            NegotiationError::Fault(fault) => ClientError::Fault {
                kind: SecurityFaultKind::of(&fault),
                fault,
                origin: FaultOrigin::Negotiation,
                ends_session: true,
            },
            NegotiationError::State(what) => ClientError::State(what),
            error => ClientError::Negotiation(error),
        }
    }
}

impl ClientError {
    /// What happened, without what the kind of a fault usually means: for those who know more of the situation.
    pub fn what_happened(&self) -> String {
        match self {
            ClientError::Fault { fault, origin, .. } => unsecured(fault, *origin),
            ClientError::ContextRefused { fault, .. } => unsecured(fault, FaultOrigin::Call),
            other => other.to_string(),
        }
    }

    /// Whether the security session is over and no further message can be sent.
    pub fn ends_session(&self) -> bool {
        match self {
            ClientError::Fault { ends_session, .. } => *ends_session,
            ClientError::SecuredFault { .. }
            | ClientError::Response { .. }
            | ClientError::UntrustedService { .. }
            | ClientError::Identity(_)
            | ClientError::Negotiation(_)
            | ClientError::NotRestored(_)
            | ClientError::Configuration(_) => true,
            ClientError::Unverifiable(_)
            | ClientError::RenewNeeded
            | ClientError::ContextRefused { .. }
            | ClientError::Protect(_)
            | ClientError::State(_) => false,
        }
    }

    /// Whether the negotiation failed, before anybody had proven anything: the fault or message that said so may be
    /// anybody's. It is not when the service's certificate was refused.
    pub fn is_of_negotiation(&self) -> bool {
        matches!(
            self,
            ClientError::Fault { origin: FaultOrigin::Negotiation, .. }
                | ClientError::Negotiation(_)
        )
    }

    /// Whether opening again may help although nothing is changed: the service is busy, or closing
    /// (said in a negotiation, before there is a key).
    pub fn is_retryable(&self) -> bool {
        match self {
            ClientError::Fault { kind, origin: FaultOrigin::Negotiation, .. } => matches!(
                kind,
                SecurityFaultKind::ServerTooBusy | SecurityFaultKind::EndpointUnavailable
            ),
            ClientError::RenewNeeded => true,
            _ => self.is_busy(),
        }
    }

    /// Whether the service is too busy to begin a session now: it has too many that are being begun, and says so in
    /// the negotiation or in its (secured) answer to the request for a session. Nothing is wrong; ask again soon.
    pub fn is_busy(&self) -> bool {
        let (ClientError::Fault { fault, origin, .. }
        | ClientError::SecuredFault { fault, origin }) = self
        else {
            return false;
        };
        matches!(origin, FaultOrigin::Negotiation | FaultOrigin::Issue)
            && SecurityFaultKind::of(fault) == SecurityFaultKind::ServerTooBusy
    }

    /// Whether it is a failure of security proper (WCF: MessageSecurityException,
    /// SecurityNegotiationException), as opposed to a busy service or a wrong use.
    pub fn is_security_failure(&self) -> bool {
        !self.is_retryable()
            && !matches!(self, ClientError::State(_) | ClientError::Configuration(_))
    }

    /// Why the service's own, unaltered answer is refused for good: the two ends are set up differently. None for every
    /// other error. See [`SecurityError::is_disagreement`].
    pub fn disagreement(&self) -> Option<&SecurityError> {
        match self {
            ClientError::Unverifiable(error) | ClientError::Response { error, .. } => {
                Some(error).filter(|error| error.is_disagreement())
            }
            _ => None,
        }
    }

    /// The fault that the service sent.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            ClientError::Fault { fault, .. }
            | ClientError::SecuredFault { fault, .. }
            | ClientError::ContextRefused { fault, .. } => Some(fault),
            _ => None,
        }
    }
}

fn unsecured(fault: &Fault, origin: FaultOrigin) -> String {
    let (name, text) = (subcode_of(fault), fault.text());
    format!("the service answered {origin} with an unsecured fault: {name}: {text}")
}

fn subcode_of(fault: &Fault) -> String {
    match fault.subcode() {
        Some(subcode) => subcode.local.clone(),
        None => format!("{:?}", fault.code),
    }
}

fn clock_hint(error: &SecurityError) -> &'static str {
    match error.reason() {
        Reason::Stale(
            Staleness::Expired { .. } | Staleness::Future { .. } | Staleness::TooOld { .. },
        ) => ". Set the clocks of client and service right, or raise maxClockSkew on both",
        _ => "",
    }
}
