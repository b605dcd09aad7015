//! Typed messages to and from envelopes (WS-RM 2005 §3, 1.1 §3; WCF's header order and prefixes).
//!
//! * [`read`]: what an envelope is to this layer; put the application's message in with
//!   [`Message::map`]. [`ReadError::fault`] is the fault to answer with, None when the request is best left
//!   unanswered.
//! * [`write_headers`]: the headers into an application message that has its addressing headers already.
//! * [`write()`]: a whole message of the protocol; None for an application message.
//! * [`Response::is_fault`]: whether the status of the response is 500.

mod bodies;
mod faults;
mod headers;
mod write;

use waxwing_soap::{Addressing, AddressingError, AddressingVersion, Envelope};
use waxwing_xml::Element;

pub use write::{write, write_headers};

use crate::fault::{FaultKind, SequenceFault};
use crate::message::{Body, Headers, Identifier, Message};
use crate::responder::Response;
use crate::version::{Action, ReliableMessagingVersion};

/// The namespace of the `Security` header and of `SecurityTokenReference`.
const SECURITY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";

/// Why an envelope is no message of a reliable session.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// An addressing header is repeated or has no address.
    #[error(transparent)]
    Addressing(#[from] AddressingError),
    /// A required addressing header is missing.
    #[error("the required addressing header {0} is missing")]
    MissingHeader(&'static str),
    /// A header of the protocol stands twice.
    #[error("the header {0} stands more than once in one message")]
    RepeatedHeader(&'static str, ReliableMessagingVersion),
    /// A message of the protocol demands that a header be understood that is not.
    #[error("the header {{{namespace}}}{local} must be understood, but is not")]
    NotUnderstood {
        /// The namespace of the header.
        namespace: String,
        /// The local name of the header.
        local: String,
    },
    /// A header or body of the protocol does not follow its grammar.
    #[error("{element} is malformed: {problem}")]
    Malformed {
        /// The local name of the header or body.
        element: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// The body of a CreateSequence does not follow its grammar, which is answered with a refusal.
    #[error("CreateSequence is malformed: {0}")]
    MalformedCreateSequence(String),
    /// Neither a message of the protocol nor one inside a sequence.
    #[error(
        "the message with action {action:?} is outside any reliable session; a reliable session ({}) \
         is required here",
        .version.namespace()
    )]
    NotReliable {
        /// The action of the message.
        action: String,
        /// The version that was expected.
        version: ReliableMessagingVersion,
    },
}

impl ReadError {
    /// The text of the fault: WCF's where it has one that says more than the error.
    fn reason(&self) -> String {
        match self {
            Self::NotReliable { version: ReliableMessagingVersion::V11, .. } => {
                "The RM server requires the use of WS-ReliableMessaging 1.1 protocol. This is likely caused by a \
                 binding mismatch."
                    .to_owned()
            }
            Self::NotReliable { action, .. } => format!(
                "The action {action} is not supported by this endpoint. Only WS-ReliableMessaging February 2005 \
                 messages are processed by this endpoint."
            ),
            _ => self.to_string(),
        }
    }

    /// The fault that a service answers with. None: WCF drops the request without a response, and nothing
    /// better can be said, since what is malformed cannot be trusted to name its sequence.
    pub fn fault(&self) -> Option<SequenceFault> {
        let kind = match self {
            Self::Addressing(
                AddressingError::Cardinality(name) | AddressingError::MissingAddress(name),
            ) => FaultKind::InvalidAddressingHeader(name),
            Self::MissingHeader(name) => FaultKind::AddressingHeaderRequired(name),
            Self::RepeatedHeader(local, version) => FaultKind::MustUnderstand {
                namespace: version.namespace().to_owned(),
                local: (*local).to_owned(),
            },
            Self::NotUnderstood { namespace, local } => {
                FaultKind::MustUnderstand { namespace: namespace.clone(), local: local.clone() }
            }
            Self::Malformed { .. } => return None,
            Self::MalformedCreateSequence(_) => {
                FaultKind::CreateSequenceRefused { connection_limit: false }
            }
            Self::NotReliable { version: ReliableMessagingVersion::V11, .. } => {
                FaultKind::WsrmRequired
            }
            Self::NotReliable { action, .. } => FaultKind::ActionNotSupported(action.clone()),
        };
        Some(SequenceFault::sender(kind, self.reason()))
    }
}

/// What an envelope is to this layer. `message_id` and `relates_to` are read of every message, the
/// application's too.
///
/// # Errors
///
/// [`ReadError`] when it is no message of a reliable session of this version, or a malformed one.
pub fn read(
    envelope: &Envelope,
    version: ReliableMessagingVersion,
) -> Result<Message<()>, ReadError> {
    read_addressed(envelope, &Addressing::read(envelope)?, version)
}

/// The same, for a caller that has read the addressing headers of the envelope already.
///
/// # Errors
///
/// As [`read`].
pub fn read_addressed(
    envelope: &Envelope,
    addressing: &Addressing,
    version: ReliableMessagingVersion,
) -> Result<Message<()>, ReadError> {
    let text = addressing.action.as_deref().ok_or(ReadError::MissingHeader("Action"))?;
    let action = Action::of(text, version);
    let is_11 = version == ReliableMessagingVersion::V11;
    let headers = if is_11 && action == Some(Action::CreateSequence) {
        headers::read_uses(envelope, version)?
    } else {
        headers::read(envelope, version)?
    };
    let body = match action {
        Some(action) => {
            require_understood(envelope, version)?;
            read_body(envelope, version, action, addressing, &headers)?
        }
        None if headers.sequence.is_some() => Body::Application(()),
        None if envelope.is_fault() => faults::read(envelope, version),
        None if headers.is_empty() => {
            return Err(ReadError::NotReliable { action: text.to_owned(), version });
        }
        None => Body::Application(()),
    };
    let id = |text: &Option<String>| text.as_deref().map(Identifier::new);
    Ok(Message {
        headers,
        body,
        message_id: id(&addressing.message_id),
        relates_to: id(&addressing.relates_to),
    })
}

fn read_body(
    envelope: &Envelope,
    version: ReliableMessagingVersion,
    action: Action,
    addressing: &Addressing,
    headers: &Headers,
) -> Result<Body<()>, ReadError> {
    let is_11 = version == ReliableMessagingVersion::V11;
    let is_request = matches!(action, Action::CreateSequence | Action::CloseSequence)
        || (action == Action::TerminateSequence && is_11);
    if is_request && addressing.message_id.is_none() {
        return Err(ReadError::MissingHeader("MessageID"));
    }
    let needs_reply_to = envelope.version().addressing == AddressingVersion::August2004;
    if is_request && needs_reply_to && addressing.reply_to.is_none() {
        return Err(ReadError::MissingHeader("ReplyTo"));
    }
    let shutdown = || bodies::shutdown(envelope, version, action, addressing);
    Ok(match action {
        Action::CreateSequence => {
            Body::CreateSequence(Box::new(bodies::create(envelope, version, addressing)?))
        }
        Action::CreateSequenceResponse => {
            Body::CreateSequenceResponse(Box::new(bodies::created(envelope, version)?))
        }
        Action::SequenceAcknowledgement => Body::SequenceAcknowledgement,
        Action::AckRequested => Body::AckRequested,
        Action::LastMessage if headers.sequence.as_ref().is_some_and(|s| s.last_message) => {
            Body::LastMessage
        }
        Action::LastMessage => return malformed("LastMessage", "no Sequence header that says so"),
        Action::CloseSequence => Body::CloseSequence(shutdown()?),
        Action::TerminateSequence => Body::TerminateSequence(shutdown()?),
        Action::CloseSequenceResponse => {
            Body::CloseSequenceResponse(bodies::named(envelope, version, "CloseSequenceResponse")?)
        }
        Action::TerminateSequenceResponse => Body::TerminateSequenceResponse(bodies::named(
            envelope,
            version,
            "TerminateSequenceResponse",
        )?),
    })
}

/// Every header that must be understood has to be known here: the message goes no further. Security has
/// done its part before.
fn require_understood(
    envelope: &Envelope,
    version: ReliableMessagingVersion,
) -> Result<(), ReadError> {
    let known = |namespace: &str, local: &str| {
        (namespace == version.namespace() && headers::NAMES.contains(&local))
            || (namespace == SECURITY && local == "Security")
    };
    match envelope.not_understood(known).first() {
        None => Ok(()),
        Some(header) => Err(ReadError::NotUnderstood {
            namespace: header.namespace().to_owned(),
            local: header.local_name().to_owned(),
        }),
    }
}

fn malformed<T>(element: &'static str, problem: impl Into<String>) -> Result<T, ReadError> {
    Err(ReadError::Malformed { element, problem: problem.into() })
}

/// The text of an element that has only text, without the white space around it.
fn simple_text(element: Element<'_>) -> Option<String> {
    if element.first_element().is_some() {
        return None;
    }
    Some(element.text().trim_matches([' ', '\t', '\r', '\n']).to_owned())
}

/// An identifier: text that is not empty.
fn identifier(element: Element<'_>) -> Option<Identifier> {
    simple_text(element).filter(|text| !text.is_empty()).map(Identifier::new)
}

/// A number that fits a signed integer of 63 bits (`xs:long` without sign).
fn number(text: &str) -> Option<u64> {
    let digits = text.trim_matches([' ', '\t', '\r', '\n']);
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse::<i64>().ok().and_then(|n| u64::try_from(n).ok())
}

impl<M> Response<M> {
    /// Whether the response is a fault outside the sequence, status 500. A fault of the application is one
    /// too, which only the owner of `M` can know.
    pub fn is_fault(&self) -> bool {
        let Self::Message(message) = self else { return false };
        matches!(message.body, Body::Fault(_) | Body::SoapFault(_))
    }
}
