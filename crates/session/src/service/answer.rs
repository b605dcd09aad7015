//! Answers on their way out: how one is addressed and protected, and what is written in the end.

use waxwing_security::conversation::{ReplyContext, SecuritySession, ServiceError};
use waxwing_soap::{EndpointReference, Envelope, MessageVersion};

/// How the answer to a message is addressed and protected. May outlive the message.
#[derive(Debug, Clone)]
pub struct ReplyTo {
    pub(super) security: ReplyContext,
    pub(super) version: MessageVersion,
    pub(super) message_id: Option<String>,
    /// Composite duplex: where what is said to it goes that belongs to no session.
    pub(super) to: Option<EndpointReference>,
    /// The action of the message, for the log.
    pub(super) action: String,
}

impl ReplyTo {
    /// How the answer is protected.
    pub(crate) fn security(&self) -> &ReplyContext {
        &self.security
    }

    /// Composite duplex: where what is said to the message goes that belongs to no session.
    pub(crate) fn into_address(self) -> Option<EndpointReference> {
        self.to
    }
}

/// What is said on an exchange in the end. How a transport says it is the transport's: over HTTP each is a status.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "it is passed on once, never kept in numbers")]
pub enum ServiceAnswer {
    /// A message (HTTP 200).
    Message(Envelope),
    /// A message whose body is a fault, of the application or of a protocol (500).
    Fault(Envelope),
    /// The message was taken, and there is nothing to say (202).
    Accepted,
    /// The message is refused without a word (400).
    Refused,
    /// No new calls are taken at the moment (503).
    Unavailable,
    /// There is an answer, but it cannot be written (500 without a body).
    Failed,
    /// None: the connection is closed, as WCF does with a request that it aborts.
    NoAnswer,
}

/// What kind of message is refused: for counters and for who watches the service, never for the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalKind {
    /// Its sender did not prove who he is.
    Login,
    /// The security did not take it for another reason.
    Security,
    /// There is no room at the moment, or the service is closing.
    Busy,
    /// It is for another address, of another version, or has a header that is not understood.
    Addressing,
    /// It fits no sequence.
    Sequence,
    /// Its operation does not exist, or was not allowed.
    Operation,
}

impl RefusalKind {
    pub(super) fn of(error: &ServiceError) -> Self {
        match error {
            ServiceError::UntrustedClient { .. } | ServiceError::UserName { .. } => Self::Login,
            ServiceError::TooManyPending(_)
            | ServiceError::TooManySessions(_)
            | ServiceError::Closing => Self::Busy,
            _ => Self::Security,
        }
    }
}

/// An answer, ready to be written.
#[derive(Debug)]
pub struct Encoded {
    /// What is said.
    pub answer: ServiceAnswer,
    /// The message before it was protected, when traces are wanted.
    pub plain: Option<Envelope>,
    /// Why a message was refused: for the log, never for the peer.
    pub problem: Option<String>,
    /// What kind of message that was.
    pub refused: Option<RefusalKind>,
    /// The security session that began with this answer, or got another key: what is kept of it
    /// ([`ServiceSecurity::save`](waxwing_security::conversation::ServiceSecurity::save)) is to be durable before the answer
    /// leaves, where sessions are. Otherwise it is not said.
    pub persist: Option<SecuritySession>,
    /// The link that the message came over is of no use after this answer: it is somebody else's.
    pub ends_link: bool,
    /// The security session that ended with this answer: nothing need be kept of it and of the sequences in it.
    pub ended: Option<SecuritySession>,
    /// Composite duplex: where the answer is to be posted; none: nobody hears it.
    pub to: Option<EndpointReference>,
}

impl Encoded {
    /// How many octets of memory its message holds, about.
    pub fn memory(&self) -> usize {
        match &self.answer {
            ServiceAnswer::Message(envelope) | ServiceAnswer::Fault(envelope) => {
                size_of::<Self>() + envelope.document().memory()
            }
            _ => size_of::<Self>(),
        }
    }

    pub(super) fn of(answer: ServiceAnswer) -> Self {
        Self {
            answer,
            plain: None,
            problem: None,
            refused: None,
            persist: None,
            ends_link: false,
            ended: None,
            to: None,
        }
    }

    /// A fault that nobody protects.
    pub(super) fn refusal(fault: Envelope, problem: String) -> Self {
        let refused = Some(RefusalKind::Addressing);
        Self { problem: Some(problem), refused, ..Self::of(ServiceAnswer::Fault(fault)) }
    }

    /// There is an answer, but it cannot be written.
    pub(super) fn failed(problem: impl Into<String>) -> Self {
        Self { problem: Some(problem.into()), ..Self::of(ServiceAnswer::Failed) }
    }

    /// Not now (503): the message was not looked at, or nothing is certain of what it belongs to. Its sender comes again.
    pub fn unavailable(problem: impl Into<String>) -> Self {
        let refused = Some(RefusalKind::Busy);
        Self { problem: Some(problem.into()), refused, ..Self::of(ServiceAnswer::Unavailable) }
    }

    /// No answer at all; the connection is closed.
    pub fn no_answer(problem: impl Into<String>) -> Self {
        Self { problem: Some(problem.into()), ..Self::of(ServiceAnswer::NoAnswer) }
    }

    /// A refusal without a word.
    pub fn refused(problem: impl Into<String>) -> Self {
        Self { problem: Some(problem.into()), ..Self::of(ServiceAnswer::Refused) }
    }

    /// The message, if there is one.
    pub fn into_envelope(self) -> Option<Envelope> {
        match self.answer {
            ServiceAnswer::Message(envelope) | ServiceAnswer::Fault(envelope) => Some(envelope),
            _ => None,
        }
    }
}
