//! Sending messages of the sequence, first and again.

use super::{Initiator, InitiatorOutput, Phase, Purpose};
use crate::error::{SessionError, Step};
use crate::event::SequenceState;
use crate::headers::SequenceAcknowledgement;
use crate::names::{CallId, ExchangeId};
use crate::ranges::MessageNumber;
use crate::shape::Shape;
use crate::source::{Exceeded, Outgoing, Sending, UsedUp};
use waxwing_soap::Time;

impl<M: Clone> Initiator<M> {
    pub(super) fn enqueue(&mut self, outgoing: Outgoing<M>, now: Time) {
        let closing = self.close.is_some() || self.state() == SequenceState::Closing;
        if self.has_ended() || closing {
            let reason = if closing { "the session is closing" } else { "the session has ended" };
            let error = SessionError::Aborted(reason.to_owned());
            return self.fail(outgoing.call, None, error);
        }
        self.source.enqueue(outgoing);
        self.keep_alive.sent_if_open(self.is_established(), now);
    }

    /// Sends what the window has room for.
    pub(super) fn send_new(&mut self, now: Time) {
        if self.settings.durable {
            return self.send_new_durable(now);
        }
        while matches!(self.phase, Phase::Open | Phase::Draining) {
            match self.source.begin(now) {
                Ok(Some(sending)) => self.send(&sending, now),
                Ok(None) => return,
                Err(used_up) => self.used_up(used_up),
            }
        }
    }

    /// The same of a durable session: the numbers are kept at once, and the messages go out when their turn comes.
    fn send_new_durable(&mut self, now: Time) {
        if !matches!(self.phase, Phase::Open | Phase::Draining) {
            return;
        }
        match self.source.number_ahead(now) {
            Ok(true) => {
                self.changed();
                self.send_again(now);
            }
            Ok(false) => {}
            Err(used_up) => self.used_up(used_up),
        }
    }

    fn used_up(&mut self, UsedUp(call): UsedUp) {
        self.fail(call, None, SessionError::Rollover);
        self.post_terminated("the message numbers are used up");
        self.end(SessionError::Rollover);
    }

    /// Sends again what is to be sent again now.
    pub(super) fn send_again(&mut self, now: Time) {
        while let Some(sending) = self.source.again() {
            self.send(&sending, now);
        }
    }

    pub(super) fn send(&mut self, sending: &Sending, now: Time) {
        for _ in 0..sending.copies {
            let Some(mut message) = self.source.message(sending.number) else { break };
            message.headers.acknowledgement = self.reply_acknowledgement();
            let purpose = Purpose::Message(sending.number);
            let exchange = self.transmit(purpose, message, sending.deadline);
            self.source.sent(sending.number, exchange);
        }
        self.keep_alive.sent(now);
    }

    fn fail(&mut self, call: Option<CallId>, number: Option<MessageNumber>, error: SessionError) {
        if let Some(call) = call {
            self.outputs.push_back(InitiatorOutput::CallFailed { call, number, error });
        }
    }

    /// The acknowledgement of replies, once there was one. It carries no flow control.
    pub(super) fn reply_acknowledgement(&self) -> Option<SequenceAcknowledgement> {
        let back = self.destination.as_ref().filter(|back| !back.numbers().is_empty());
        Some(back?.acknowledgement())
    }

    pub(super) fn retransmit_expired(&mut self, now: Time) {
        let outputs = &mut self.outputs;
        let expired = self.source.expire(now, &mut |event| {
            outputs.push_back(InitiatorOutput::Event(event));
        });
        match expired {
            Ok(()) => self.send_again(now),
            Err(Exceeded { number, attempts }) => {
                self.post_given_up("a message was sent as often as is allowed");
                let last_failure = self.last_failure.clone();
                self.end(SessionError::RetriesExceeded { number, attempts, last_failure });
            }
        }
    }

    pub(super) fn tick_queue(&mut self, now: Time) {
        for late in self.source.take_late(now) {
            self.fail(late.call, None, self.call_timed_out(0));
        }
    }

    /// Calls whose time is up. One that waits for the window fails alone; one that was sent takes a
    /// request/reply session with it. In a durable session it is not given up: its answer, or the end of the session,
    /// says what became of it.
    pub(super) fn tick_calls(&mut self, now: Time) {
        self.tick_queue(now);
        if self.settings.durable {
            return;
        }
        for number in self.source.overdue(now) {
            let Some(entry) = self.source.window.entry_mut(number) else { continue };
            let (Some(call), attempts) = (entry.call.take(), entry.retries + 1) else { continue };
            let error = self.call_timed_out(attempts);
            self.fail(Some(call), Some(number), error.clone());
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
        let distance = self.source.overtaking();
        let before = ExchangeId(exchange.0.saturating_sub(distance));
        for (id, purpose) in self.exchanges.take_below(before) {
            if matches!(purpose, Purpose::Message(_)) {
                self.source.window.loss.exchange(true);
            } else {
                self.exchanges.insert(id, purpose);
            }
        }
        let outputs = &mut self.outputs;
        self.source.overtaken(exchange, distance, now, &mut |event| {
            outputs.push_back(InitiatorOutput::Event(event));
        });
        self.send_again(now);
    }
}
