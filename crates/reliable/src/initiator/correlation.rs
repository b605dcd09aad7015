//! Which request an answer belongs to (WS-Addressing 1.0 §3.4; 2005 §3.1, 1.1 §3.7).
//!
//! A secured answer is signed, but no signature says on which exchange it comes: whoever holds the
//! connections may swap, delay and repeat answers. So what is signed decides: `RelatesTo`, the number of the
//! reply and what it acknowledges. An answer that belongs elsewhere completes nothing and ends nothing. It
//! counts as lost, its request is sent again, and all that was reached is delay.

use super::Initiator;
use crate::event::Event;
use crate::message::{Body, Message};
use crate::mutation::{Mutation, broken};
use crate::names::Identifier;
use crate::ranges::MessageNumber;
use crate::shape::Shape;

/// Why an answer completes nothing.
pub(super) const OTHER_REQUEST: &str = "the answer that came relates to another request";
const UNRELATED: &str = "the answer that came does not say which request it relates to (RelatesTo)";
const REPEATED: &str = "the reply that came has the number of an earlier one";
const OLDER: &str = "the acknowledgement that came was made before the message arrived";

impl<M: Clone> Initiator<M> {
    /// Why an answer does not belong to the message `number`, or to a keep-alive (None). None: it does.
    pub(super) fn misplaced(
        &self,
        number: Option<MessageNumber>,
        message: &Message<M>,
    ) -> Option<&'static str> {
        // What no service sends in answer to anything is not misplaced, but wrong.
        let is_request = matches!(
            message.body,
            Body::CreateSequence(_)
                | Body::CloseSequence(_)
                | Body::TerminateSequence(_)
                | Body::AckRequested
        );
        if is_request || broken(Mutation::CompleteByExchange) {
            return None;
        }
        let entry = number.and_then(|number| self.source.window.entry(number));
        let request = entry.and_then(|entry| entry.message_id.as_ref());
        let is_fault = matches!(message.body, Body::Fault(_) | Body::SoapFault(_));
        let is_acknowledgement = matches!(message.body, Body::SequenceAcknowledgement);
        match related(message.relates_to.as_ref(), request) {
            Related::Yes => {}
            // The request had no name. Some services (Metro) make one up and relate to that; what their acknowledgement says
            // of the request is in its ranges.
            Related::No if request.is_none() && is_acknowledgement => {}
            Related::No => return Some(OTHER_REQUEST),
            // A fault that relates to nothing is about the session.
            Related::Unsaid if is_fault => {}
            Related::Unsaid => return Some(UNRELATED),
        }
        let ends = entry.is_some_and(|entry| matches!(entry.body, Body::LastMessage));
        let fits = match &message.body {
            Body::Application(_) => entry.is_some() && !ends,
            Body::LastMessage => ends,
            _ => true,
        };
        if !fits {
            return Some(OTHER_REQUEST);
        }
        let sequence = message.headers.sequence.as_ref();
        if self.destination.as_ref().zip(sequence).is_some_and(|(back, s)| back.contains(s.number))
        {
            return Some(REPEATED);
        }
        self.is_older(number.filter(|_| request.is_none()), message).then_some(OLDER)
    }

    /// Whether an answer that needs no `RelatesTo` is one to an earlier message: it leaves its own out.
    fn is_older(&self, number: Option<MessageNumber>, message: &Message<M>) -> bool {
        let (Some(number), Shape::RequestReply) = (number, self.shape) else { return false };
        let acknowledgement = message.headers.acknowledgement.as_ref();
        acknowledgement.is_some_and(|acknowledgement| {
            self.source.is(&acknowledgement.identifier)
                && acknowledgement.ranges.highest() <= self.source.window.highest()
                && !acknowledgement.ranges.contains(number)
        })
    }

    /// Leaves a misplaced answer aside.
    pub(super) fn leave(&mut self, number: Option<MessageNumber>, why: &str) {
        self.counters.misplaced += 1;
        why.clone_into(&mut self.last_failure);
        self.event(Event::Misplaced { number });
    }
}

/// What `RelatesTo` says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Related {
    Yes,
    No,
    /// Nothing, though the request has a `MessageID`.
    Unsaid,
}

/// Compares `RelatesTo` of an answer with `MessageID` of the request.
pub(super) fn related(relates_to: Option<&Identifier>, request: Option<&Identifier>) -> Related {
    match (relates_to, request) {
        (Some(found), Some(expected)) if found == expected => Related::Yes,
        (None, None) => Related::Yes,
        (None, Some(_)) => Related::Unsaid,
        (Some(_), _) => Related::No,
    }
}
