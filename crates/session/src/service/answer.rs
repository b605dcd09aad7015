//! Answers on their way out: how one is addressed and protected, and what is written in the end.

use waxwing_security::conversation::{ReplyContext, SecuritySession};
use waxwing_soap::{Envelope, MessageVersion};

/// How the answer to a message is addressed and protected. May outlive the message.
#[derive(Debug, Clone)]
pub struct ReplyTo {
    pub(super) security: ReplyContext,
    pub(super) version: MessageVersion,
    pub(super) message_id: Option<String>,
    /// The action of the message, for the log.
    pub(super) action: String,
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

/// An answer, ready to be written.
#[derive(Debug)]
pub struct Encoded {
    /// What is said.
    pub answer: ServiceAnswer,
    /// The message before it was protected, when traces are wanted.
    pub plain: Option<Envelope>,
    /// Why a message was refused: for the log, never for the peer.
    pub problem: Option<String>,
    /// The security session that ended with this answer.
    pub ended: Option<SecuritySession>,
}

impl Encoded {
    pub(super) fn of(answer: ServiceAnswer) -> Self {
        Self { answer, plain: None, problem: None, ended: None }
    }

    /// A fault that nobody protects.
    pub(super) fn refusal(fault: Envelope, problem: String) -> Self {
        Self { problem: Some(problem), ..Self::of(ServiceAnswer::Fault(fault)) }
    }

    /// There is an answer, but it cannot be written.
    pub(super) fn failed(problem: impl Into<String>) -> Self {
        Self { problem: Some(problem.into()), ..Self::of(ServiceAnswer::Failed) }
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
