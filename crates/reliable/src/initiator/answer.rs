//! What comes back on the exchanges of a sequence's messages and of keep-alives.

use super::{Initiator, InitiatorOutput, Phase, Purpose};
use crate::error::{Failure, FailureKind, SessionError, Step};
use crate::event::Event;
use crate::fault::{FaultKind, SequenceFault};
use crate::headers::{Sequence, SequenceAcknowledgement};
use crate::message::{Body, Message};
use crate::mutation::{Mutation, broken};
use crate::names::{ExchangeId, Identifier};
use crate::ranges::MessageNumber;
use crate::settings::LossRecovery;
use crate::shape::request_reply::client::{Answered, answered};
use crate::shape::{Shape, one_way, request_reply};
use crate::source::Entry;
use waxwing_soap::{Moment, Time};

impl<M: Clone> Initiator<M> {
    pub(super) fn on_response(
        &mut self,
        exchange: ExchangeId,
        message: Option<Message<M>>,
        at: &mut Moment<'_>,
    ) {
        if self.has_ended() {
            return;
        }
        let now = at.time;
        self.source.written(exchange);
        match (self.exchanges.remove(exchange), self.shape) {
            (Some(Purpose::Create), _) => self.on_create_response(message, now),
            (Some(Purpose::Close | Purpose::Terminate), _) => self.on_shutdown(message, at),
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

    pub(super) fn on_failed(&mut self, exchange: ExchangeId, failure: Failure) {
        self.source.written(exchange);
        let Some(purpose) = self.exchanges.remove(exchange) else { return };
        let Failure { kind, reason } = failure;
        if kind == FailureKind::SecuritySessionLost && purpose != Purpose::Create {
            if self.was_closing() && matches!(purpose, Purpose::Close | Purpose::Terminate) {
                // Everything was answered before the crash, and the peer has ended it.
                return self.closed();
            }
            return self.end(SessionError::SecurityLost(reason));
        }
        self.source.window.loss.exchange(true);
        match purpose {
            Purpose::Create => self.create_failed(kind, reason),
            Purpose::Close | Purpose::Terminate => self.shutdown_failed(kind, reason),
            Purpose::KeepAlive => {}
            Purpose::Message(number) => {
                self.last_failure.clone_from(&reason);
                if kind == FailureKind::Protocol {
                    self.fail_first_attempt(number, reason);
                }
            }
        }
    }

    /// The call gets the error; its message stays in the window, is sent again and may be executed. A durable call does
    /// not end by that.
    fn fail_first_attempt(&mut self, number: MessageNumber, reason: String) {
        if self.settings.durable {
            return;
        }
        let Some(entry) = self.source.window.entry_mut(number).filter(|e| e.retries == 0) else {
            return;
        };
        if let Some(call) = entry.call.take() {
            let error = SessionError::Transport { step: Step::Call, reason };
            let number = Some(number);
            self.outputs.push_back(InitiatorOutput::CallFailed { call, number, error });
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
        // An acknowledgement of nothing says as much as no message: Metro answers so while a call before this one is executed.
        let says_nothing = |message: &Message<M>| {
            matches!(message.body, Body::SequenceAcknowledgement)
                && message.headers.acknowledgement.is_none()
        };
        let Some(message) = message.filter(|message| !says_nothing(message)) else {
            if let Some(number) = number {
                self.counters.refused += 1;
                self.event(Event::Refused { number });
                self.source.refused(number, now);
                self.send_again(now);
                self.ask_about(number);
            }
            return;
        };
        if let Some(why) = self.misplaced(number, &message) {
            return self.leave(number, why);
        }
        let Message { headers, body, .. } = message;
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
            self.keep_alive.received(self.source.window.is_blocked_by_peer(), now);
        }
    }

    /// A one-way message of a request/reply session whose repetition was answered with nothing, though no other comes before it: a
    /// service that has it already may answer so (Metro does), when its acknowledgement was lost. It is asked.
    fn ask_about(&mut self, number: MessageNumber) {
        let is_asked = self.exchanges.iter().any(|(_, purpose)| *purpose == Purpose::KeepAlive);
        let first = self.source.window.unanswered().next();
        let is_due = first
            .is_some_and(|entry| entry.number == number && entry.is_one_way() && entry.retries > 0);
        if self.shape == Shape::RequestReply && is_due && !is_asked {
            self.ask_for_acknowledgement();
        }
    }

    /// The rules of an acknowledgement on an answer; a breach ends the session.
    pub(super) fn check_acknowledgement(
        &self,
        acknowledgement: &SequenceAcknowledgement,
        number: Option<MessageNumber>,
    ) -> Result<(), SequenceFault> {
        let ranges = &acknowledgement.ranges;
        if !self.source.is(&acknowledgement.identifier) {
            let kind = FaultKind::UnknownSequence(acknowledgement.identifier.clone());
            return Err(SequenceFault::sender(kind, "the acknowledgement names another sequence"));
        }
        let invalid = |reason: &str| {
            let mut detail = acknowledgement.clone();
            (detail.is_final, detail.buffer_remaining) = (false, None);
            let kind = FaultKind::InvalidAcknowledgement(Box::new(detail));
            Err(SequenceFault::sender(kind, reason))
        };
        if ranges.highest() > self.source.window.highest() {
            return invalid("a message is acknowledged that was never sent");
        }
        let is_closing = matches!(self.phase, Phase::Closing(_) | Phase::Terminating(_));
        if acknowledgement.is_final && !is_closing {
            let kind = FaultKind::SequenceTerminated(self.forward());
            return Err(SequenceFault::sender(kind, "the acknowledgement is final too early"));
        }
        let breach = match self.shape {
            Shape::RequestReply => request_reply::client::breach(number, ranges),
            Shape::OneWay => one_way::breach(&self.source, ranges),
        };
        breach.map_or(Ok(()), invalid)
    }

    /// Request/reply: the answer completes the request of its own exchange, and one-way calls that it acknowledges: they have no
    /// answer of their own that could be lost.
    fn answered(
        &mut self,
        number: Option<MessageNumber>,
        sequence: Option<Sequence>,
        body: Body<M>,
        acknowledgement: &SequenceAcknowledgement,
        now: Time,
    ) {
        let reply = match answered(self.destination.as_mut(), sequence.as_ref(), body) {
            Answered::Reply { is_new, reply } => {
                self.counters.messages_received += u64::from(is_new);
                self.changed();
                reply
            }
            Answered::Acknowledged => None,
            Answered::Beyond => return,
            Answered::Stranger(id) => {
                let kind = FaultKind::UnknownSequence(id);
                let fault = SequenceFault::sender(kind, "the reply belongs to another sequence");
                return self.protocol_error(fault);
            }
            Answered::Unnumbered => {
                return self.terminated_by_peer("the reply carries no Sequence header");
            }
        };
        if let Some(number) = number {
            self.complete(number, reply, now);
        }
        for other in self.source.window.newly_in(&acknowledgement.ranges) {
            let is_one_way = self.source.window.entry(other).is_some_and(Entry::is_one_way);
            if is_one_way || broken(Mutation::CompleteByAcknowledgement) {
                self.complete(other, None, now);
            }
        }
        self.slide(acknowledgement, now);
    }

    fn complete(&mut self, number: MessageNumber, reply: Option<M>, now: Time) {
        match self.source.window.transfer(number, now) {
            Some(Some(call)) => {
                self.changed();
                self.outputs.push_back(InitiatorOutput::Completed { call, reply });
            }
            Some(None) => self.changed(),
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
        let (done, calls) = one_way::acknowledged(&mut self.source, &acknowledgement.ranges, now);
        if !done.is_empty() {
            self.changed();
        }
        for call in calls {
            self.outputs.push_back(InitiatorOutput::Completed { call, reply: None });
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

    fn slide(&mut self, acknowledgement: &SequenceAcknowledgement, now: Time) {
        let outputs = &mut self.outputs;
        self.source.acknowledged(acknowledgement, now, &mut |event| {
            outputs.push_back(InitiatorOutput::Event(event));
        });
        self.send_again(now);
    }

    /// A fault of the protocol came in answer: it ends both sequences.
    pub(super) fn on_fault(&mut self, fault: SequenceFault) {
        let names_us = fault.kind.identifier().is_none_or(|id| self.is_ours(id));
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

    /// Whether a name is that of one of our sequences.
    pub(super) fn is_ours(&self, id: &Identifier) -> bool {
        self.source.is(id) || self.is_return(id)
    }

    /// Whether a name is that of the replies' sequence.
    pub(super) fn is_return(&self, id: &Identifier) -> bool {
        self.destination.as_ref().is_some_and(|back| back.identifier() == id)
    }
}
