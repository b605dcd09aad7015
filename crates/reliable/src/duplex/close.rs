//! Ending our own sequence: LastMessage and TerminateSequence (2005 §3.1, §3.5); CloseSequence and TerminateSequence (1.1
//! §3.5, §3.6). The peer's goes on until it ends that itself.

use waxwing_soap::{Moment, Time};

use super::DuplexSession;
use super::api::Purpose;
use super::phase::{OwnEnd, Phase};
use crate::error::{FailureKind, SessionError, Step};
use crate::event::Event;
use crate::message::{Body, Message, Shutdown};
use crate::mutation::{Mutation, broken};
use crate::names::Identifier;
use crate::source::{Due, Outgoing, Requestor};

impl<M: Clone> DuplexSession<M> {
    pub(super) fn begin_close(&mut self, deadline: Time, now: Time) {
        if self.close.is_some() || self.has_ended() {
            return;
        }
        let before = self.state();
        match self.phase {
            Phase::New => return self.closed(),
            Phase::Creating(_) => self.close = Some(deadline),
            _ => {
                self.close = Some(deadline);
                if matches!(self.own_end, OwnEnd::Open) {
                    self.own_end = OwnEnd::Draining;
                    self.nudge(now);
                }
            }
        }
        self.event_if_changed(before);
    }

    /// 1.1: a sender that is not acknowledged in full asks once when it begins to close.
    fn nudge(&mut self, now: Time) {
        if self.is_11() && !self.source.window.is_empty() {
            self.keep_alive.sent(now);
            self.ask_for_acknowledgement();
        }
    }

    /// The next step, when the one before is done.
    pub(super) fn advance_close(&mut self, at: &mut Moment<'_>) {
        let is_drained = self.source.is_drained() || broken(Mutation::CloseWithoutWaiting);
        match self.own_end {
            OwnEnd::Draining if is_drained && self.is_11() => {
                self.begin_step(Step::CloseSequence, at);
            }
            // It is a message as the others are, and waits for no acknowledgement.
            OwnEnd::Draining if !self.is_11() && self.source.waiting() == 0 => {
                self.send_last_message(at.time);
            }
            OwnEnd::LastMessage if is_drained => self.terminate_2005(),
            _ => {}
        }
    }

    fn send_last_message(&mut self, now: Time) {
        if !self.source.may_begin() {
            return; // The peer has no room; it says when it has, or is asked.
        }
        let body = Body::LastMessage;
        let last = Outgoing { call: None, message_id: None, body, deadline: None };
        if let Some(sending) = self.source.number(last, None, now) {
            self.own_end = OwnEnd::LastMessage;
            self.begin(&sending, now);
        }
    }

    /// 2005: everything is acknowledged. TerminateSequence is a notice that nothing answers.
    fn terminate_2005(&mut self) {
        let message = Message::new(Body::TerminateSequence(self.shutdown()));
        if self.transmit(Purpose::Notice, message, None, false) {
            self.own_end = OwnEnd::Over;
        }
    }

    /// 2005: where only TerminateSequence is missing, ours may have been lost as the peer's was. Whoever asks says it again,
    /// and so does who is asked.
    pub(super) fn repeat_farewell(&mut self) {
        let is_over = self.own_end.is_over() && self.source.identifier().is_some();
        if !self.is_11() && is_over && self.has_everything() {
            self.terminate_2005();
        }
    }

    /// 1.1: CloseSequence, or else TerminateSequence.
    fn begin_step(&mut self, step: Step, at: &mut Moment<'_>) {
        let Some(deadline) = self.close else { return };
        let (id, interval) =
            (Identifier::fresh(at.random), self.settings.reliable.request_interval);
        let requestor = Box::new(Requestor::new(step, id, deadline, interval));
        self.source.stop();
        self.own_end = match step {
            Step::CloseSequence => OwnEnd::Closing(requestor),
            _ => OwnEnd::Terminating(requestor),
        };
        self.attempt_step(at.time);
    }

    fn attempt_step(&mut self, now: Time) {
        if let Some(requestor) = self.own_end.requestor_mut() {
            requestor.attempt(now);
            self.send_step();
        }
    }

    /// Sends the request that is under way; there may be no connection.
    pub(super) fn send_step(&mut self) {
        let Some(requestor) = self.own_end.requestor() else { return };
        let (id, deadline) = (requestor.message_id.clone(), requestor.deadline);
        let (purpose, body) = match self.own_end {
            OwnEnd::Closing(_) => (Purpose::Close, Body::CloseSequence(self.shutdown())),
            _ => (Purpose::Terminate, Body::TerminateSequence(self.shutdown())),
        };
        let mut message = Message::new(body);
        message.message_id = Some(id);
        self.transmit(purpose, message, Some(deadline), false);
    }

    /// Our TerminateSequence and its `MessageID` (1.1), where nothing says that it has arrived.
    pub(super) fn farewell(&self) -> Option<(Shutdown, Option<Identifier>)> {
        self.source.identifier()?;
        match &self.own_end {
            OwnEnd::Terminating(requestor) => {
                Some((self.shutdown(), Some(requestor.message_id.clone())))
            }
            _ if self.is_11() => None,
            _ => Some((self.shutdown(), None)),
        }
    }

    fn shutdown(&self) -> Shutdown {
        let identifier = self.source.identifier().cloned().unwrap_or_else(|| Identifier::new(""));
        let highest = self.source.window.highest();
        let last_message_number = (self.is_11() && highest > 0).then_some(highest);
        let reply_to = self.local.clone().filter(|_| self.is_11());
        Shutdown { identifier, last_message_number, reply_to }
    }

    /// 1.1: what comes in answer to CloseSequence (`is_close`) or TerminateSequence.
    pub(super) fn on_response(
        &mut self,
        is_close: bool,
        relates_to: Option<Identifier>,
        at: &mut Moment<'_>,
    ) {
        let under_way = match (&self.own_end, is_close) {
            (OwnEnd::Closing(requestor), true) | (OwnEnd::Terminating(requestor), false) => {
                Some(&requestor.message_id)
            }
            _ => None,
        };
        // The answer to an attempt whose step is done, or nothing that was asked.
        if under_way.is_none() || relates_to.as_ref().is_some_and(|id| Some(id) != under_way) {
            self.counters.misplaced += 1;
            return self.event(Event::Misplaced { number: None });
        }
        self.step_done(is_close, at);
    }

    /// 1.1: a final acknowledgement of everything, on whatever message, says that the sequence is closed.
    pub(super) fn close_is_confirmed(&mut self, at: &mut Moment<'_>) {
        if matches!(self.own_end, OwnEnd::Closing(_)) {
            self.step_done(true, at);
        }
    }

    fn step_done(&mut self, is_close: bool, at: &mut Moment<'_>) {
        match is_close {
            true => self.begin_step(Step::TerminateSequence, at),
            false => self.own_end = OwnEnd::Over,
        }
    }

    /// A request was not sent.
    pub(super) fn end_failed(&mut self, is_close: bool, kind: FailureKind, reason: String) {
        self.last_failure.clone_from(&reason);
        let is_under_way = match self.own_end {
            OwnEnd::Closing(_) => is_close,
            OwnEnd::Terminating(_) => !is_close,
            _ => false,
        };
        let Some(requestor) = self.own_end.requestor_mut().filter(|_| is_under_way) else { return };
        let (step, is_over) = (requestor.step, kind == FailureKind::Protocol);
        let was_last = requestor.failed(reason.clone());
        match (is_close, is_over) {
            (true, true) => {
                self.post_terminated("CloseSequence failed");
                self.end(SessionError::Transport { step, reason });
            }
            (true, false) if was_last => self.close_timed_out(),
            // Everything is acknowledged: what is left is good manners.
            (false, _) if was_last || is_over => self.own_end = OwnEnd::Over,
            _ => {}
        }
    }

    pub(super) fn tick_close(&mut self, now: Time) {
        match self.own_end.requestor().map(|requestor| requestor.due(now)) {
            Some(Due::Attempt) => self.attempt_step(now),
            Some(Due::TimedOut) if matches!(self.own_end, OwnEnd::Terminating(_)) => {
                self.own_end = OwnEnd::Over;
            }
            Some(Due::TimedOut) => return self.close_timed_out(),
            Some(Due::Nothing) | None => {}
        }
        let is_late = self.close.is_some_and(|deadline| now >= deadline);
        if is_late && self.own_end.requestor().is_none() {
            match self.lacks_only_the_farewell() {
                true => self.closed(),
                false => self.close_timed_out(),
            }
        }
    }

    /// The deadline of Close has passed.
    fn close_timed_out(&mut self) {
        let error = match self.own_end.requestor() {
            Some(requestor) => requestor.timed_out(),
            None => {
                let step = match self.own_end {
                    OwnEnd::LastMessage => Step::LastMessage,
                    OwnEnd::Over => Step::EndOfMessages,
                    _ => Step::Call,
                };
                let head = self.source.window.unanswered().next();
                let attempts = head.map_or(0, |entry| entry.retries + 1);
                let last_failure = self.last_failure.clone();
                SessionError::TimedOut { step, attempts, last_failure }
            }
        };
        self.post_terminated("the session could not be closed in time");
        self.end(error);
    }

    /// Whether both sequences have ended.
    pub(super) fn check_over(&mut self, now: Time) {
        let is_over = self.incoming.as_ref().is_none_or(|incoming| incoming.is_over);
        if self.is_open() && is_over && self.own_end.is_over() {
            return self.closed();
        }
        if self.is_open() && self.own_end.is_over() && self.is_initiator() && self.has_everything()
        {
            // In 2005 nothing makes a TerminateSequence that was lost come again, but asking for an acknowledgement.
            self.keep_alive.hurry(self.settings.reliable.request_interval, now);
        }
    }

    /// Whether everything has come and was acknowledged on both sides, so that only a TerminateSequence or the answer to
    /// one is missing.
    pub(super) fn lacks_only_the_farewell(&self) -> bool {
        self.own_end.may_be_forgotten() && self.has_everything()
    }

    /// 1.1: whether the peer has ended in every way, and owes no more than its last answer.
    pub(super) fn lacks_only_an_answer(&self) -> bool {
        self.own_end.may_be_forgotten()
            && self.incoming.as_ref().is_none_or(|incoming| incoming.is_over)
    }

    /// Whether the peer's sequence is at its end, and all of it has come.
    pub(super) fn has_everything(&self) -> bool {
        self.incoming.as_ref().is_none_or(|i| i.is_over || i.destination.has_everything())
    }
}
