//! Typed messages to and from envelopes (WS-RM 2005 §3, 1.1 §3; WCF's header order and prefixes).
//!
//! * [`read`]: what an envelope is to this layer; put the application's message in with
//!   [`Message::map`]. [`ReadError::fault`] is the fault to answer with, None when the request is best left
//!   unanswered.
//! * [`write_headers`]: the headers into an application message that has its addressing headers already.
//! * [`write_plain_headers`]: the same as text, and the addressing headers with them.
//! * [`write()`]: a whole message of the protocol; None for an application message.

mod acknowledgement;
mod bodies;
mod error;
mod faults;
mod headers;
mod text;
mod write;

use waxwing_soap::{Addressing, AddressingVersion, Envelope};

pub use error::ReadError;
pub use write::{write, write_headers, write_plain_headers};

use self::error::malformed;
use self::text::SECURITY;
use crate::headers::Headers;
use crate::message::{Body, Message};
use crate::names::Identifier;
use crate::version::{Action, ReliableMessagingVersion};

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
