//! Ends of sequences: LastMessage and TerminateSequence (2005), CloseSequence and TerminateSequence (1.1).

use super::outputs::Outputs;
use super::session::{Application, CloseAnswer, Ending, Farewell, Session};
use crate::address::{ANONYMOUS, same_uri};
use crate::destination::End;
use crate::error::SessionError;
use crate::message::{Body, Message, Shutdown};
use crate::mutation::{Mutation, broken};
use crate::names::Identifier;
use crate::ranges::MessageNumber;
use crate::shape::request_reply::Replies;
use crate::shape::{Waiter, Waiters};

const UNANSWERED: &str = "the sequence is terminated before every message is answered";

impl<M: Clone> Session<M> {
    /// The application closes its side: LastMessage and CloseSequence may be answered.
    pub(super) fn close(&mut self, out: &mut Outputs<M>) {
        self.application = Application::Closed;
        self.answer_last(out);
        self.answer_close(out);
    }

    /// 2005: answers the last message once everything else is answered; the empty one not before the
    /// application closes.
    pub(super) fn answer_last(&mut self, out: &mut Outputs<M>) {
        let End::Last(last) = self.destination.end() else { return };
        let early = broken(Mutation::CloseEarly);
        if !early && (self.is_busy() || !self.destination.is_complete()) {
            return;
        }
        let may_close = self.application == Application::Closed || early;
        let answer = self.replies.as_mut().and_then(|r| r.answer_last(last, may_close));
        if let Some(answer) = answer {
            self.answer(&answer, out);
        }
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
        if !self.destination.is_closed() {
            self.destination.close(shutdown.last_message_number);
            self.changed();
        }
        let held = match &mut self.close {
            CloseAnswer::Waiting(waiters) => waiters.hold(waiter),
            CloseAnswer::Given => {
                self.respond_closed(&waiter, out);
                Ok(())
            }
            CloseAnswer::Unasked => {
                self.close = CloseAnswer::Waiting(Box::new(Waiters::of(waiter)));
                Ok(())
            }
        };
        if let Err(waiter) = held {
            out.accepted(&waiter);
        }
        self.release_held(out);
        self.tell_end(out);
        self.answer_close(out);
        None
    }

    /// Answers CloseSequence when it is time.
    pub(super) fn answer_close(&mut self, out: &mut Outputs<M>) {
        let is_one_way = self.replies.is_none();
        let has_closed = self.application == Application::Closed;
        let may_close = (has_closed && !self.is_busy()) || broken(Mutation::CloseEarly);
        if may_close || is_one_way {
            self.give_close_answer(out);
        }
    }

    /// Answers every CloseSequence that came; those that come later are answered at once.
    fn give_close_answer(&mut self, out: &mut Outputs<M>) {
        if let CloseAnswer::Waiting(waiters) = &mut self.close {
            let waiters = std::mem::take(&mut **waiters);
            self.close = CloseAnswer::Given;
            self.changed();
            waiters.iter().for_each(|waiter| self.respond_closed(waiter, out));
        }
    }

    fn respond_closed(&self, waiter: &Waiter, out: &mut Outputs<M>) {
        let body = Body::CloseSequenceResponse(self.id().clone());
        out.message(waiter, self.shutdown_response(waiter, body));
    }

    fn shutdown_response(&self, waiter: &Waiter, body: Body<M>) -> Message<M> {
        let mut message = Message::new(body);
        message.relates_to.clone_from(&waiter.message_id);
        self.acknowledging(message)
    }

    /// What CloseSequence and TerminateSequence of 1.1 must satisfy.
    fn check_shutdown(
        &self,
        waiter: &Waiter,
        shutdown: &Shutdown,
        out: &mut Outputs<M>,
    ) -> Option<Ending> {
        let reply_to = shutdown.reply_to.as_ref().map_or(ANONYMOUS, |e| &e.address);
        let last = shutdown.last_message_number;
        let (id, reason) = if !same_uri(reply_to, &self.reply_to) {
            (self.id(), "ReplyTo must be that of CreateSequence")
        } else if last.is_some_and(|last| last < self.destination.received.numbers().highest()) {
            (self.id(), "LastMsgNumber is below the highest number received")
        } else if matches!(self.destination.end(), End::Closed(named) if named != last) {
            (self.id(), "LastMsgNumber must be the same in CloseSequence and TerminateSequence")
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
        let reason = if !self.destination.is_complete() {
            "the sequence is terminated before its last message"
        } else if self.is_busy() {
            UNANSWERED
        } else {
            match self.back().cloned() {
                Some(back) => out.message(waiter, self.terminate_back(back, None)),
                None => out.accepted(waiter),
            }
            return Some(Ending::Closed);
        };
        let fault = self.terminated(self.id(), reason);
        Some(self.refuse(waiter, fault, out))
    }

    /// The answer of request/reply: TerminateSequence of the return sequence. It relates to nothing.
    fn terminate_back(
        &self,
        back: Identifier,
        last_message_number: Option<MessageNumber>,
    ) -> Message<M> {
        let shutdown = Shutdown { identifier: back, last_message_number, reply_to: None };
        self.acknowledging(Message::new(Body::TerminateSequence(shutdown)))
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
            let id = self.back().unwrap_or(self.id());
            let fault = self.terminated(id, UNANSWERED);
            return Some(self.refuse(waiter, fault, out));
        }
        let last = shutdown.last_message_number;
        let numbers = self.destination.received.numbers();
        let is_complete = last == Some(numbers.contiguous()) && numbers.missing() == 0;
        if !self.destination.is_closed() {
            if !is_complete {
                return Some(self.terminated_early(waiter, out));
            }
            self.destination.close(last);
            self.tell_end(out);
        }
        let body = Body::TerminateSequenceResponse(self.id().clone());
        out.message(waiter, self.shutdown_response(waiter, body));
        self.give_close_answer(out);
        Some(Ending::Closed)
    }

    /// 1.1: TerminateSequence without CloseSequence while messages may be missing. The initiator is answered,
    /// the service hears that something is missing.
    fn terminated_early(&self, waiter: &Waiter, out: &mut Outputs<M>) -> Ending {
        let answer = match self.back().cloned() {
            Some(back) => {
                let highest = self.replies.as_ref().map_or(0, Replies::highest);
                let last = (highest > 0).then_some(highest);
                self.terminate_back(back, last)
            }
            None => {
                let body = Body::TerminateSequenceResponse(self.id().clone());
                self.shutdown_response(waiter, body)
            }
        };
        out.message(waiter, answer);
        let reason = "the initiator terminated the sequence without closing it";
        Ending::Faulted(SessionError::Incomplete(reason.to_owned()), Farewell::Silence)
    }
}
