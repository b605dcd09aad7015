//! The client's end: an answer completes the request of its own exchange, no other.

use crate::destination::Received;
use crate::headers::Sequence;
use crate::message::Body;
use crate::names::Identifier;
use crate::ranges::{MessageNumber, Ranges};

/// The rule of an acknowledgement that comes with the answer to a message. Some: how it breaks it.
pub(crate) fn breach(number: Option<MessageNumber>, ranges: &Ranges) -> Option<&'static str> {
    number
        .is_some_and(|number| !ranges.contains(number))
        .then_some("the answer does not acknowledge its own request")
}

/// What is in an answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answered<M> {
    /// A reply that came for the first time, or again; None: an empty one.
    Reply { is_new: bool, reply: Option<M> },
    /// The message is acknowledged, and there is no reply.
    Acknowledged,
    /// There is no place for its number: it will come again when the request does.
    Beyond,
    /// It is one of another sequence.
    Stranger(Identifier),
    /// A reply outside of any sequence.
    Unnumbered,
}

/// Takes an answer into the return sequence.
pub(crate) fn answered<M>(
    back: Option<&mut Received>,
    sequence: Option<&Sequence>,
    body: Body<M>,
) -> Answered<M> {
    let reply = match body {
        Body::Application(message) => Some(message),
        Body::LastMessage => None,
        _ if sequence.is_none() => return Answered::Acknowledged,
        _ => None,
    };
    let Some(sequence) = sequence else { return Answered::Unnumbered };
    match back.filter(|back| *back.identifier() == sequence.identifier) {
        None => Answered::Stranger(sequence.identifier.clone()),
        Some(back) if back.is_beyond(sequence.number) => Answered::Beyond,
        Some(back) => Answered::Reply { is_new: back.insert(sequence.number), reply },
    }
}
