//! Sending messages of the sequence, first and again.

use super::window::{Expired, Outgoing};
use super::{Initiator, InitiatorOutput, Phase, Purpose};
use crate::error::{SessionError, Step};
use crate::event::Event;
use crate::headers::{Sequence, SequenceAcknowledgement};
use crate::message::{Body, Message};
use crate::mutation::{Mutation, broken};
use crate::names::{CallId, ExchangeId};
use crate::ranges::MessageNumber;
use crate::settings::LossRecovery;
use crate::shape::Shape;
use waxwing_soap::Time;

/// Eager recovery: how many later transmissions must overtake a message, for each copy that is sent, until
/// it counts as lost; three, as TCP's duplicate acknowledgements.
const OVERTAKING: u64 = 3;

impl<M: Clone> Initiator<M> {
    pub(super) fn enqueue(&mut self, queued: Outgoing<M>, now: Time) {
        let closing = self.close.is_some();
        if self.has_ended() || closing {
            let reason = if closing { "the session is closing" } else { "the session has ended" };
            let error = SessionError::Aborted(reason.to_owned());
            return self.fail_queued(queued, error);
        }
        let deadlines = self.queue_deadline.into_iter().chain(queued.deadline);
        self.queue_deadline = deadlines.min();
        self.queue.push_back(queued);
        self.keep_alive.sent_if_open(self.is_established(), now);
    }

    /// Sends what the window has room for.
    pub(super) fn admit(&mut self, now: Time) {
        while matches!(self.phase, Phase::Open | Phase::Draining) && self.may_begin() {
            let Some(outgoing) = self.queue.pop_front() else { return };
            let (call, deadline) = (outgoing.call, outgoing.deadline);
            match self.window.add(outgoing, now) {
                Some(number) => {
                    self.counters.messages_sent += 1;
                    self.send_number(number, deadline, now);
                }
                None => return self.numbers_used_up(call),
            }
        }
    }

    /// Whether the next message may be numbered and sent.
    pub(super) fn may_begin(&self) -> bool {
        let waits = self.line.is_writing() || (self.line.is_in_turn() && !self.window.is_empty());
        self.window.can_add() && (!waits || broken(Mutation::IgnoreWindow))
    }

    fn fail_queued(&mut self, queued: Outgoing<M>, error: SessionError) {
        if let Some(call) = queued.call {
            self.outputs.push_back(InitiatorOutput::CallFailed { call, error });
        }
    }

    fn numbers_used_up(&mut self, call: Option<CallId>) {
        let error = SessionError::Rollover;
        if let Some(call) = call {
            self.outputs.push_back(InitiatorOutput::CallFailed { call, error: error.clone() });
        }
        self.post_terminated("the message numbers are used up");
        self.end(error);
    }

    /// Transmits a message of the window, as often as the recovery wants.
    pub(super) fn send_number(&mut self, number: MessageNumber, deadline: Option<Time>, now: Time) {
        let copies = match self.settings.loss_recovery {
            LossRecovery::Wcf => 1,
            LossRecovery::Eager => self.window.loss.copies(self.window.size()),
        };
        for _ in 0..copies {
            self.transmit_number(number, deadline);
        }
        self.counters.retransmissions += u64::from(copies - 1);
        self.keep_alive.sent(now);
    }

    fn transmit_number(&mut self, number: MessageNumber, deadline: Option<Time>) {
        let (identifier, acknowledgement) = (self.forward(), self.reply_acknowledgement());
        let Some(entry) = self.window.entry_mut(number) else { return };
        let (body, message_id) = (entry.body.clone(), entry.message_id.clone());
        let last_message = matches!(body, Body::LastMessage);
        let mut message = Message::new(body);
        message.headers.sequence = Some(Sequence { identifier, number, last_message });
        message.headers.acknowledgement = acknowledgement;
        message.message_id = message_id;
        let exchange = self.transmit(Purpose::Message(number), message, deadline);
        self.line.begin(ExchangeId(exchange));
        let sent_early = number > self.line.acknowledged + 1;
        if let Some(entry) = self.window.entry_mut(number) {
            (entry.last_exchange, entry.sent_early) = (exchange, sent_early);
        }
    }

    /// The acknowledgement of replies, once there was one. It carries no flow control.
    pub(super) fn reply_acknowledgement(&self) -> Option<SequenceAcknowledgement> {
        let back = self.peer.back.as_ref().filter(|_| !self.replies.is_empty())?;
        Some(SequenceAcknowledgement::new(back.clone(), self.replies.clone()))
    }

    pub(super) fn retransmit_expired(&mut self, now: Time) {
        match self.window.expire(now) {
            Expired::Resend(numbers) if numbers.is_empty() => {}
            Expired::Resend(numbers) => {
                self.counters.timeouts += 1;
                self.event(Event::RetransmissionTimeout { next: self.window.timeout() });
                self.event(Event::Window { size: self.window.size() });
                self.count_again(&numbers);
                self.line.expired(&numbers);
                self.resend_in_line(now);
            }
            Expired::Exceeded(number, attempts) => {
                self.post_terminated("a message was sent as often as is allowed");
                let last_failure = self.last_failure.clone();
                self.end(SessionError::RetriesExceeded { number, attempts, last_failure });
            }
        }
    }

    pub(super) fn resend(&mut self, numbers: &[MessageNumber], now: Time) {
        self.count_again(numbers);
        self.queue_again(numbers, now);
    }

    fn count_again(&mut self, numbers: &[MessageNumber]) {
        for &number in numbers {
            let retry = self.window.entry_mut(number).map_or(0, |e| e.retries);
            self.counters.retransmissions += 1;
            self.event(Event::Retransmitted { number, retry });
        }
    }

    pub(super) fn tick_queue(&mut self, now: Time) {
        if self.queue_deadline.is_none_or(|at| now < at) {
            return;
        }
        let is_late = |q: &Outgoing<M>| q.deadline.is_some_and(|at| now >= at);
        let (late, rest) = std::mem::take(&mut self.queue).into_iter().partition(is_late);
        self.queue = rest;
        self.queue_deadline = self.queue.iter().filter_map(|q| q.deadline).min();
        let late: Vec<Outgoing<M>> = late.into();
        for queued in late {
            let error = self.call_timed_out(0);
            self.fail_queued(queued, error);
        }
    }

    /// Calls whose time is up. One that waits for the window fails alone; one that was sent takes a
    /// request/reply session with it.
    pub(super) fn tick_calls(&mut self, now: Time) {
        self.tick_queue(now);
        let late = |e: &&super::window::Entry<M>| {
            e.call.is_some() && e.deadline.is_some_and(|at| now >= at)
        };
        let late: Vec<_> = self.window.unanswered().filter(late).map(|e| e.number).collect();
        for number in late {
            let Some(entry) = self.window.entry_mut(number) else { continue };
            let (Some(call), attempts) = (entry.call.take(), entry.retries + 1) else { continue };
            let error = self.call_timed_out(attempts);
            self.outputs.push_back(InitiatorOutput::CallFailed { call, error: error.clone() });
            if self.shape == Shape::RequestReply {
                self.post_terminated("a call was not answered in time");
                return self.end(error);
            }
        }
    }

    fn call_timed_out(&self, attempts: u32) -> SessionError {
        let last_failure = self.last_failure.clone();
        SessionError::TimedOut { step: Step::Call, attempts, last_failure }
    }

    /// Eager recovery: earlier exchanges that are overtaken count as lost, and so do their messages.
    pub(super) fn recover(&mut self, exchange: ExchangeId, now: Time) {
        self.window.loss.exchange(false);
        let copies = u64::from(self.window.loss.copies(self.window.size()));
        let distance = OVERTAKING * copies;
        let before = ExchangeId(exchange.0.saturating_sub(distance));
        let rest = self.exchanges.split_off(&before);
        let overtaken = std::mem::replace(&mut self.exchanges, rest);
        for (id, purpose) in overtaken {
            if matches!(purpose, Purpose::Message(_)) {
                self.window.loss.exchange(true);
            } else {
                self.exchanges.insert(id, purpose);
            }
        }
        let lost = self.window.overtaken(exchange.0, distance, now);
        self.resend(&lost, now);
    }
}
