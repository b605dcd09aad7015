//! Sending messages of the sequence and reading what comes back on their exchanges.

use super::window::Expired;
use super::{
    CallId, ExchangeId, Failure, FailureKind, Initiator, InitiatorOutput, Phase, Purpose, Queued,
    Shape,
};
use crate::event::Event;
use crate::fault::{FaultKind, SequenceFault, SessionError};
use crate::message::{Body, Message, Sequence, SequenceAcknowledgement};
use crate::mutation::{Mutation, broken};
use crate::ranges::{MessageNumber, Ranges};
use crate::settings::{LossRecovery, MAX_SEQUENCE_RANGES};
use crate::time::Time;

/// Eager recovery: how many later transmissions must overtake a message, for each copy that is sent, until
/// it counts as lost; three, as TCP's duplicate acknowledgements.
const OVERTAKING: u64 = 3;

impl<M: Clone> Initiator<M> {
    pub(super) fn enqueue(&mut self, queued: Queued<M>, now: Time) {
        let closing = self.close.is_some();
        if self.has_ended() || closing {
            let reason = if closing { "the session is closing" } else { "the session has ended" };
            let error = SessionError::Aborted(reason.to_owned());
            self.outputs.push_back(InitiatorOutput::CallFailed { call: queued.call, error });
            return;
        }
        let deadlines = self.queue_deadline.into_iter().chain(queued.deadline);
        self.queue_deadline = deadlines.min();
        self.queue.push_back(queued);
        self.keep_alive.sent_if_open(self.is_established(), now);
    }

    /// Sends what the window has room for.
    pub(super) fn admit(&mut self, now: Time) {
        while matches!(self.phase, Phase::Open | Phase::Draining) && self.window.can_add() {
            let Some(Queued { call, message, deadline }) = self.queue.pop_front() else { return };
            let body = Body::Application(message);
            match self.window.add(Some(call), body, deadline, now) {
                Some(number) => {
                    self.counters.messages_sent += 1;
                    self.send_number(number, deadline, now);
                }
                None => return self.numbers_used_up(call),
            }
        }
    }

    fn numbers_used_up(&mut self, call: CallId) {
        let error = SessionError::Rollover;
        self.outputs.push_back(InitiatorOutput::CallFailed { call, error: error.clone() });
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
        let body = entry.body.clone();
        let last_message = matches!(body, Body::LastMessage);
        let mut message = Message::new(body);
        message.headers.sequence = Some(Sequence { identifier, number, last_message });
        message.headers.acknowledgement = acknowledgement;
        let exchange = self.transmit(Purpose::Message(number), message, deadline);
        if let Some(entry) = self.window.entry_mut(number) {
            entry.last_exchange = exchange;
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
                self.resend(&numbers, now);
            }
            Expired::Exceeded(number, attempts) => {
                self.post_terminated("a message was sent as often as is allowed");
                let last_failure = self.last_failure.clone();
                self.end(SessionError::RetriesExceeded { number, attempts, last_failure });
            }
        }
    }

    fn resend(&mut self, numbers: &[MessageNumber], now: Time) {
        for &number in numbers {
            let retry = self.window.entry_mut(number).map_or(0, |e| e.retries);
            self.counters.retransmissions += 1;
            self.event(Event::Retransmitted { number, retry });
            self.send_number(number, None, now);
        }
    }

    pub(super) fn tick_queue(&mut self, now: Time) {
        if self.queue_deadline.is_none_or(|at| now < at) {
            return;
        }
        let is_late = |q: &Queued<M>| q.deadline.is_some_and(|at| now >= at);
        let (late, rest) = std::mem::take(&mut self.queue).into_iter().partition(is_late);
        self.queue = rest;
        self.queue_deadline = self.queue.iter().filter_map(|q| q.deadline).min();
        let late: Vec<Queued<M>> = late.into();
        for queued in late {
            let error = self.call_timed_out(0);
            self.outputs.push_back(InitiatorOutput::CallFailed { call: queued.call, error });
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
        SessionError::TimedOut { step: "call", attempts, last_failure }
    }

    pub(super) fn on_response(
        &mut self,
        exchange: ExchangeId,
        message: Option<Message<M>>,
        now: Time,
    ) {
        if self.has_ended() {
            return;
        }
        match (self.exchanges.remove(&exchange), self.shape) {
            (Some(Purpose::Create), _) => self.on_create_response(message, now),
            (Some(Purpose::Close | Purpose::Terminate), _) => self.on_shutdown(message, now),
            (Some(Purpose::Message(number)), _) => {
                self.on_answer(exchange, Some(number), message, now);
            }
            (Some(Purpose::KeepAlive), _) => self.on_answer(exchange, None, message, now),
            // The answer of a copy whose message is acknowledged: its ranges are still news, until the
            // shutdown has begun. Then a copy may well come to a service that has forgotten the session.
            (None, Shape::OneWay)
                if matches!(self.phase, Phase::Open | Phase::Draining | Phase::LastMessage) =>
            {
                self.on_answer(exchange, None, message, now);
            }
            (None, _) => {}
        }
    }

    pub(super) fn on_failed(&mut self, exchange: ExchangeId, failure: Failure, now: Time) {
        let Some(purpose) = self.exchanges.remove(&exchange) else { return };
        let Failure { kind, reason } = failure;
        if kind == FailureKind::SecuritySessionLost && purpose != Purpose::Create {
            return self.end(SessionError::SecurityLost(reason));
        }
        self.window.loss.exchange(true);
        match purpose {
            Purpose::Create => self.create_failed(kind, reason),
            Purpose::Close | Purpose::Terminate => self.shutdown_failed(kind, reason, now),
            Purpose::KeepAlive => {}
            Purpose::Message(number) => {
                self.last_failure.clone_from(&reason);
                if kind == FailureKind::Protocol {
                    self.fail_first_attempt(number, reason);
                }
            }
        }
    }

    /// The call gets the error; its message stays in the window, is sent again and may be executed.
    fn fail_first_attempt(&mut self, number: MessageNumber, reason: String) {
        let Some(entry) = self.window.entry_mut(number).filter(|e| e.retries == 0) else { return };
        if let Some(call) = entry.call.take() {
            let error = SessionError::Transport { step: "call", reason };
            self.outputs.push_back(InitiatorOutput::CallFailed { call, error });
        }
    }

    /// What came back for a message of the sequence, or for a keep-alive (`number` is None).
    fn on_answer(
        &mut self,
        exchange: ExchangeId,
        number: Option<MessageNumber>,
        message: Option<Message<M>>,
        now: Time,
    ) {
        let Some(Message { headers, body, .. }) = message else {
            if let Some(number) = number {
                self.counters.refused += 1;
                self.event(Event::Refused { number });
            }
            return;
        };
        let body = match body {
            Body::Fault(fault) => return self.on_fault(*fault),
            Body::SoapFault(fault) => return self.end(SessionError::PeerSoapFault(fault)),
            Body::CreateSequence(_)
            | Body::CreateSequenceResponse(_)
            | Body::CloseSequence(_)
            | Body::CloseSequenceResponse(_)
            | Body::TerminateSequence(_)
            | Body::TerminateSequenceResponse(_)
            | Body::AckRequested => {
                return self.terminated_by_peer("the answer is a message of the wrong role");
            }
            usable => usable,
        };
        let Some(acknowledgement) = headers.acknowledgement else {
            if number.is_some() {
                self.terminated_by_peer("the answer carries no SequenceAcknowledgement");
            }
            return;
        };
        if let Err(fault) = self.check_acknowledgement(&acknowledgement, number) {
            return self.protocol_error(fault);
        }
        match self.shape {
            Shape::OneWay => self.acknowledged(exchange, &acknowledgement, now),
            Shape::RequestReply => {
                self.answered(number, headers.sequence, body, &acknowledgement, now);
            }
        }
        if !self.has_ended() {
            self.keep_alive.received(self.window.is_blocked_by_peer(), now);
        }
    }

    /// The rules of an acknowledgement on an answer; a breach ends the session.
    pub(super) fn check_acknowledgement(
        &self,
        acknowledgement: &SequenceAcknowledgement,
        number: Option<MessageNumber>,
    ) -> Result<(), SequenceFault> {
        let ranges = &acknowledgement.ranges;
        if Some(&acknowledgement.identifier) != self.peer.forward.as_ref() {
            let kind = FaultKind::UnknownSequence(acknowledgement.identifier.clone());
            return Err(SequenceFault::sender(kind, "the acknowledgement names another sequence"));
        }
        let invalid = |reason: &str| {
            let mut detail = acknowledgement.clone();
            (detail.is_final, detail.buffer_remaining) = (false, None);
            let kind = FaultKind::InvalidAcknowledgement(Box::new(detail));
            Err(SequenceFault::sender(kind, reason))
        };
        if ranges.highest() > self.window.highest() {
            return invalid("a message is acknowledged that was never sent");
        }
        let is_closing = matches!(self.phase, Phase::Closing(_) | Phase::Terminating(_));
        if acknowledgement.is_final && !is_closing {
            let kind = FaultKind::SequenceTerminated(self.forward());
            return Err(SequenceFault::sender(kind, "the acknowledgement is final too early"));
        }
        match (self.shape, number) {
            (Shape::RequestReply, Some(number)) if !ranges.contains(number) => {
                invalid("the answer does not acknowledge its own request")
            }
            (Shape::OneWay, _)
                if self.window.takes_back(ranges) && !self.window.newly_in(ranges).is_empty() =>
            {
                invalid("an acknowledgement takes an earlier one back")
            }
            _ => Ok(()),
        }
    }

    /// Request/reply: the answer completes the request of its own exchange, no other.
    fn answered(
        &mut self,
        number: Option<MessageNumber>,
        sequence: Option<Sequence>,
        body: Body<M>,
        acknowledgement: &SequenceAcknowledgement,
        now: Time,
    ) {
        if let Some(sequence) = &sequence {
            if Some(&sequence.identifier) != self.peer.back.as_ref() {
                let kind = FaultKind::UnknownSequence(sequence.identifier.clone());
                let fault = SequenceFault::sender(kind, "the reply belongs to another sequence");
                return self.protocol_error(fault);
            }
            if self.replies.would_exceed(sequence.number, MAX_SEQUENCE_RANGES) {
                return; // It will come again when the request does.
            }
        } else if matches!(body, Body::Application(_) | Body::LastMessage) {
            return self.terminated_by_peer("the reply carries no Sequence header");
        }
        if let Some(sequence) = &sequence
            && self.replies.insert(sequence.number)
        {
            self.counters.messages_received += 1;
        }
        let reply = match body {
            Body::Application(message) => Some(message),
            _ => None,
        };
        if let Some(number) = number {
            self.complete(number, reply, now);
        }
        if broken(Mutation::CompleteByAcknowledgement) {
            for other in self.window.newly_in(&acknowledgement.ranges) {
                self.complete(other, None, now);
            }
        }
        self.slide(acknowledgement, now);
    }

    fn complete(&mut self, number: MessageNumber, reply: Option<M>, now: Time) {
        match self.window.transfer(number, now) {
            Some(Some(call)) => {
                self.outputs.push_back(InitiatorOutput::Completed { call, reply });
            }
            Some(None) => {}
            None => self.counters.duplicates += 1,
        }
        // The other exchanges of this message have nothing to say any more.
        self.exchanges.retain(|_, purpose| *purpose != Purpose::Message(number));
    }

    /// One-way: every message that the ranges name is done.
    pub(super) fn acknowledged(
        &mut self,
        exchange: ExchangeId,
        acknowledgement: &SequenceAcknowledgement,
        now: Time,
    ) {
        let done = self.window.newly_in(&acknowledgement.ranges);
        for &number in &done {
            if let Some(Some(call)) = self.window.transfer(number, now) {
                self.outputs.push_back(InitiatorOutput::Completed { call, reply: None });
            }
        }
        if self.settings.loss_recovery == LossRecovery::Wcf {
            let gone = |purpose: &Purpose, done: &[u64]| matches!(purpose, Purpose::Message(n) if done.binary_search(n).is_ok());
            if !done.is_empty() {
                self.exchanges.retain(|_, purpose| !gone(purpose, &done));
            }
        }
        self.slide(acknowledgement, now);
        if self.settings.loss_recovery == LossRecovery::Eager {
            self.recover(exchange, now);
        }
    }

    /// Eager recovery: earlier exchanges that are overtaken count as lost, and so do their messages.
    fn recover(&mut self, exchange: ExchangeId, now: Time) {
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

    fn slide(&mut self, acknowledgement: &SequenceAcknowledgement, now: Time) {
        let (size, timeout) = (self.window.size(), self.window.timeout());
        let upper = acknowledgement.ranges.highest();
        let again = self.window.slide(acknowledgement.buffer_remaining, upper, now);
        if self.window.size() != size {
            self.event(Event::Window { size: self.window.size() });
        }
        if self.window.timeout() != timeout {
            let (mean, timeout) = (self.window.round_trip(), self.window.timeout());
            self.event(Event::RoundTrip { mean, timeout });
        }
        if self.window.is_blocked_by_peer() {
            self.event(Event::PeerFull);
        }
        self.resend(&again, now);
    }

    /// A fault of the protocol came in answer: it ends both sequences.
    pub(super) fn on_fault(&mut self, fault: SequenceFault) {
        let names_us = fault.kind.identifier().is_none_or(|id| {
            Some(id) == self.peer.forward.as_ref() || Some(id) == self.peer.back.as_ref()
        });
        if matches!(self.phase, Phase::Terminating(_)) && self.is_forgotten(&fault) {
            // The answer to a keep-alive that TerminateSequence has overtaken.
            self.closed();
        } else if names_us {
            self.end(SessionError::Peer(fault));
        } else {
            let kind = FaultKind::SequenceTerminated(self.forward());
            let reason = format!("a fault came for another sequence: {fault}");
            self.protocol_error(SequenceFault::sender(kind, reason));
        }
    }

    /// The numbers 1 to the last one sent.
    pub(super) fn all_sent(&self) -> Ranges {
        Ranges::up_to(self.window.highest())
    }
}
