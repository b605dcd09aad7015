//! The end of the peer's sequence: TerminateSequence (2005 §3.5), CloseSequence and TerminateSequence (1.1 §3.5, §3.6).
//! LastMessage is a message of the sequence, and `receive`'s.

use super::DuplexSession;
use super::api::Purpose;
use crate::address::same_uri;
use crate::destination::End;
use crate::error::SessionError;
use crate::message::{Body, Message, Shutdown};
use crate::names::Identifier;

impl<M: Clone> DuplexSession<M> {
    /// 1.1 CloseSequence: nothing new is taken from now on. Answered at once: what is executed later is the application's
    /// affair, and answered in a sequence of its own.
    pub(super) fn peer_closes(&mut self, shutdown: &Shutdown, message_id: Option<Identifier>) {
        if let Err(reason) = self.check_shutdown(shutdown) {
            return self.terminated_by_peer(reason, message_id);
        }
        let Some(incoming) = &mut self.incoming else { return };
        incoming.destination.close(shutdown.last_message_number);
        let body = Body::CloseSequenceResponse(shutdown.identifier.clone());
        self.respond(body, message_id);
        self.tell_end();
    }

    /// TerminateSequence.
    pub(super) fn peer_terminates(&mut self, shutdown: &Shutdown, message_id: Option<Identifier>) {
        if self.is_11() {
            return self.peer_terminates_11(shutdown, message_id);
        }
        let Some(incoming) = &mut self.incoming else { return };
        if !incoming.destination.is_complete() {
            let reason = "the sequence is terminated before its last message";
            return self.terminated_by_peer(reason, message_id);
        }
        incoming.is_over = true;
    }

    /// 1.1: TerminateSequence is answered. One without CloseSequence before it is taken when nothing is missing; otherwise
    /// the peer is answered, and the application hears that something is.
    fn peer_terminates_11(&mut self, shutdown: &Shutdown, message_id: Option<Identifier>) {
        if let Err(reason) = self.check_shutdown(shutdown) {
            return self.terminated_by_peer(reason, message_id);
        }
        let Some(incoming) = &mut self.incoming else { return };
        let numbers = incoming.destination.received.numbers();
        let is_complete = numbers.missing() == 0
            && numbers.contiguous() == shutdown.last_message_number.unwrap_or(0);
        if is_complete {
            incoming.destination.close(shutdown.last_message_number);
        }
        incoming.is_over = is_complete;
        let body = Body::TerminateSequenceResponse(shutdown.identifier.clone());
        self.respond(body, message_id);
        if is_complete {
            return self.tell_end();
        }
        let reason = "the peer terminated its sequence with messages missing";
        self.end(SessionError::Incomplete(reason.to_owned()));
    }

    /// What CloseSequence and TerminateSequence of 1.1 must satisfy.
    fn check_shutdown(&self, shutdown: &Shutdown) -> Result<(), &'static str> {
        let Some(incoming) = &self.incoming else { return Ok(()) };
        let last = shutdown.last_message_number;
        let numbers = incoming.destination.received.numbers();
        let is_remote = |named: &str| same_uri(named, &self.remote.address);
        if shutdown.reply_to.as_ref().is_some_and(|named| !is_remote(&named.address)) {
            Err("ReplyTo must be the peer's address")
        } else if last.is_some_and(|last| last < numbers.highest()) {
            Err("LastMsgNumber is below the highest number received")
        } else if matches!(incoming.destination.end(), End::Closed(named) if named != last) {
            Err("LastMsgNumber must be the same in CloseSequence and TerminateSequence")
        } else {
            Ok(())
        }
    }

    /// Answers a request of the protocol, with the acknowledgement of this moment.
    fn respond(&mut self, body: Body<M>, message_id: Option<Identifier>) {
        let mut message = Message::new(body);
        message.relates_to = message_id;
        if self.connection.is_there() {
            message.headers.acknowledgement = self.acknowledgement();
        }
        self.transmit(Purpose::Notice, message, None, false);
    }

    /// A message of the peer after both sequences have ended: whatever it repeats is answered as before.
    pub(super) fn answer_after_the_end(&mut self, message: &Message<M>) {
        let Some(incoming) = &self.incoming else { return };
        let theirs = incoming.identifier().clone();
        let named = |id: &Identifier| *id == theirs;
        match &message.body {
            Body::CloseSequence(shutdown) if self.is_11() && named(&shutdown.identifier) => {
                self.respond(Body::CloseSequenceResponse(theirs), message.message_id.clone());
            }
            Body::TerminateSequence(shutdown) if self.is_11() && named(&shutdown.identifier) => {
                self.respond(Body::TerminateSequenceResponse(theirs), message.message_id.clone());
            }
            Body::Application(_) | Body::LastMessage | Body::AckRequested => {
                let headers = &message.headers;
                let sequence = headers.sequence.as_ref().map(|sequence| &sequence.identifier);
                let asked = headers.ack_requested.as_ref();
                if sequence.or(asked).is_some_and(named) {
                    self.respond(Body::SequenceAcknowledgement, None);
                }
            }
            _ => {}
        }
    }
}
