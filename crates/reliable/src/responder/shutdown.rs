//! Ends of sequences: LastMessage and TerminateSequence (2005), CloseSequence and TerminateSequence (1.1).

use smallvec::SmallVec;

use super::Outputs;
use super::session::{Closing, Ending, EntryState, Farewell, Session, Waiter};
use crate::address::{ANONYMOUS, same_uri};
use crate::error::SessionError;
use crate::message::{Body, Message, Shutdown};
use crate::mutation::{Mutation, broken};
use crate::names::Identifier;
use crate::ranges::MessageNumber;
use crate::shape::Shape;

const UNANSWERED: &str = "the sequence is terminated before every message is answered";

impl<M: Clone> Session<M> {
    /// The application closes its side: LastMessage and CloseSequence may be answered.
    pub(super) fn close(&mut self, out: &mut Outputs<M>) {
        self.app_closed = true;
        self.answer_last(out);
        self.answer_close(out);
    }

    /// 2005: answers the last message once everything else is answered; the empty one not before the
    /// application closes.
    pub(super) fn answer_last(&mut self, out: &mut Outputs<M>) {
        let Some(last) = self.last else { return };
        let early = broken(Mutation::CloseEarly);
        if !early && (self.is_busy() || self.received.contiguous() != last) {
            return;
        }
        let may_close = self.app_closed || early;
        let Some(entry) = self.entries.get_mut(&last) else { return };
        let body = match &mut entry.state {
            EntryState::Held(None) if may_close => Body::LastMessage,
            EntryState::Held(reply @ Some(_)) => match reply.take() {
                Some(reply) => Body::Application(reply),
                None => return,
            },
            _ => return,
        };
        self.answer(last, body, out);
    }

    /// 1.1 CloseSequence: nothing new is taken from now on. Answered when the application has closed; a
    /// one-way session has nothing to wait for.
    pub(super) fn close_requested(
        &mut self,
        waiter: Waiter,
        shutdown: &Shutdown,
        out: &mut Outputs<M>,
    ) -> Option<Ending> {
        // WCF refuses a sequence that is closed before every reply is acknowledged. The two sequences are independent:
        // what the initiator has not got yet is repeated when it asks, until it terminates.
        if let Some(ending) = self.check_shutdown(&waiter, shutdown, out) {
            return Some(ending);
        }
        let closing = self.closing.get_or_insert_with(|| {
            let last = shutdown.last_message_number;
            Box::new(Closing { last, waiters: SmallVec::new(), is_answered: false })
        });
        if let Err(waiter) = closing.hold(waiter) {
            out.accepted(&waiter);
        }
        self.release_held(out);
        self.tell_end(out);
        self.answer_close(out);
        None
    }

    /// Answers CloseSequence when it is time.
    pub(super) fn answer_close(&mut self, out: &mut Outputs<M>) {
        let is_one_way = self.rules.shape == Shape::OneWay;
        let may_close = (self.app_closed && !self.is_busy()) || broken(Mutation::CloseEarly);
        let Some(closing) = &mut self.closing else { return };
        if !(may_close || is_one_way || closing.is_answered) {
            return;
        }
        closing.is_answered = true;
        for waiter in std::mem::take(&mut closing.waiters) {
            let body = Body::CloseSequenceResponse(self.id.clone());
            out.message(&waiter, self.shutdown_response(&waiter, body));
        }
    }

    fn shutdown_response(&self, waiter: &Waiter, body: Body<M>) -> Message<M> {
        let mut message = Message::new(body);
        message.relates_to.clone_from(&waiter.message_id);
        message.headers.acknowledgement = Some(self.acknowledgement());
        message
    }

    /// What CloseSequence and TerminateSequence of 1.1 must satisfy.
    fn check_shutdown(
        &self,
        waiter: &Waiter,
        shutdown: &Shutdown,
        out: &mut Outputs<M>,
    ) -> Option<Ending> {
        let reply_to = shutdown.reply_to.as_deref().unwrap_or(ANONYMOUS);
        let last = shutdown.last_message_number;
        let (id, reason) = if !same_uri(reply_to, &self.reply_to) {
            (&self.id, "ReplyTo must be that of CreateSequence")
        } else if last.is_some_and(|last| last < self.received.highest()) {
            (&self.id, "LastMsgNumber is below the highest number received")
        } else if self.closing.as_ref().is_some_and(|c| c.last != last) {
            (&self.id, "LastMsgNumber must be the same in CloseSequence and TerminateSequence")
        } else {
            return None;
        };
        let fault = self.terminated(id, reason);
        Some(self.refuse(waiter, fault, out))
    }

    /// TerminateSequence.
    pub(super) fn terminate(
        &mut self,
        waiter: &Waiter,
        shutdown: &Shutdown,
        out: &mut Outputs<M>,
    ) -> Option<Ending> {
        if self.rules.is_11() {
            return self.terminate_11(waiter, shutdown, out);
        }
        let is_complete = self.last.is_some_and(|last| self.received.contiguous() == last);
        let reason = if !is_complete {
            "the sequence is terminated before its last message"
        } else if self.is_busy() {
            UNANSWERED
        } else {
            match self.back.clone() {
                Some(back) => out.message(waiter, self.terminate_back(back, None)),
                None => out.accepted(waiter),
            }
            return Some(Ending::Closed);
        };
        let fault = self.terminated(&self.id, reason);
        Some(self.refuse(waiter, fault, out))
    }

    /// The answer of request/reply: TerminateSequence of the return sequence. It relates to nothing.
    fn terminate_back(
        &self,
        back: Identifier,
        last_message_number: Option<MessageNumber>,
    ) -> Message<M> {
        let shutdown = Shutdown { identifier: back, last_message_number, reply_to: None };
        let mut message = Message::new(Body::TerminateSequence(shutdown));
        message.headers.acknowledgement = Some(self.acknowledgement());
        message
    }

    fn terminate_11(
        &mut self,
        waiter: &Waiter,
        shutdown: &Shutdown,
        out: &mut Outputs<M>,
    ) -> Option<Ending> {
        if let Some(ending) = self.check_shutdown(waiter, shutdown, out) {
            return Some(ending);
        }
        if self.is_busy() {
            let id = self.back.as_ref().unwrap_or(&self.id);
            let fault = self.terminated(id, UNANSWERED);
            return Some(self.refuse(waiter, fault, out));
        }
        let last = shutdown.last_message_number;
        let is_complete = last == Some(self.received.contiguous()) && self.received.missing() == 0;
        if self.closing.is_none() && !is_complete {
            return Some(self.terminated_early(waiter, out));
        }
        if self.closing.is_none() {
            let closing = Closing { last, waiters: SmallVec::new(), is_answered: true };
            self.closing = Some(Box::new(closing));
            self.tell_end(out);
        }
        let body = Body::TerminateSequenceResponse(self.id.clone());
        out.message(waiter, self.shutdown_response(waiter, body));
        if let Some(closing) = &mut self.closing {
            closing.is_answered = true;
        }
        self.answer_close(out);
        Some(Ending::Closed)
    }

    /// 1.1: TerminateSequence without CloseSequence while messages may be missing. The initiator is answered,
    /// the service hears that something is missing.
    fn terminated_early(&self, waiter: &Waiter, out: &mut Outputs<M>) -> Ending {
        let answer = match self.back.clone() {
            Some(back) => {
                let last = (self.last_reply > 0).then_some(self.last_reply);
                self.terminate_back(back, last)
            }
            None => {
                let body = Body::TerminateSequenceResponse(self.id.clone());
                self.shutdown_response(waiter, body)
            }
        };
        out.message(waiter, answer);
        let reason = "the initiator terminated the sequence without closing it";
        Ending::Faulted(SessionError::Incomplete(reason.to_owned()), Farewell::Silence)
    }
}
