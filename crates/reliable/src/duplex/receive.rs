//! A message came in: whose it is, what it acknowledges, and the messages of the peer's sequence with their order and
//! room (WS-RM 2005 §2, 1.1 §2; WCF's order of tests).

use waxwing_soap::{Moment, Time};

use super::DuplexSession;
use super::api::{DuplexOutput, Purpose};
use super::phase::Phase;
use crate::creation::unknown_sequence;
use crate::destination::End;
use crate::error::SessionError;
use crate::event::Event;
use crate::fault::{FaultKind, SequenceFault};
use crate::headers::{Headers, Sequence};
use crate::message::{Body, Message};
use crate::mutation::{Mutation, broken};
use crate::names::Identifier;
use crate::ranges::MessageNumber;

impl<M: Clone> DuplexSession<M> {
    pub(super) fn on_message(&mut self, message: Message<M>, at: &mut Moment<'_>) {
        self.connection.heard();
        match self.phase {
            Phase::New | Phase::Faulted => {}
            Phase::Creating(_) => self.on_answer_to_create(message, at.time),
            Phase::Open => self.receive(message, at),
            Phase::Closed => self.answer_after_the_end(&message),
        }
    }

    fn receive(&mut self, message: Message<M>, at: &mut Moment<'_>) {
        let now = at.time;
        if let Some(stranger) = self.stranger(&message) {
            return self.protocol_error(unknown_sequence(stranger), message.message_id);
        }
        let Message { headers, body, message_id, relates_to } = message;
        let body = match body {
            Body::Fault(fault) => return self.on_fault(*fault),
            Body::SoapFault(fault) => return self.end(SessionError::PeerSoapFault(fault)),
            body => body,
        };
        if let Some(acknowledgement) = &headers.acknowledgement {
            if let Err(fault) = self.check_acknowledgement(acknowledgement) {
                return self.protocol_error(fault, message_id);
            }
            self.acknowledged(acknowledgement, now);
        }
        self.keep_alive.received(self.source.window.is_blocked_by_peer(), now);
        if headers.acknowledgement.is_some() || !self.is_initiator() {
            self.heard_on_new_link(now);
        }
        if headers.ack_requested.is_some() {
            self.acknowledge_now(now);
        }
        self.on_body(body, headers, message_id, relates_to, at);
    }

    fn on_body(
        &mut self,
        body: Body<M>,
        headers: Headers,
        message_id: Option<Identifier>,
        relates_to: Option<Identifier>,
        at: &mut Moment<'_>,
    ) {
        let (now, is_11) = (at.time, self.is_11());
        let is_final = headers.acknowledgement.as_ref().is_some_and(|a| a.is_final);
        match (body, headers.sequence) {
            (Body::Application(message), Some(mut sequence)) => {
                // In 1.1 no message says that it is the last.
                sequence.last_message &= !is_11;
                self.sequenced(&sequence, Some(message), message_id, now);
            }
            (Body::LastMessage, Some(sequence)) if !is_11 => {
                self.sequenced(&sequence, None, message_id, now);
            }
            (Body::AckRequested, _) => {
                self.counters.keep_alives += 1;
                self.acknowledge_now(now);
                self.repeat_farewell();
            }
            (Body::SequenceAcknowledgement, _) => {}
            (Body::CreateSequence(create), _) => self.on_repeated_create(&create, message_id),
            // The answer to an attempt that was repeated before it came.
            (Body::CreateSequenceResponse(_), _) if self.is_initiator() => {}
            (Body::CloseSequence(shutdown), _) if is_11 => {
                self.peer_closes(&shutdown, message_id);
            }
            (Body::TerminateSequence(shutdown), _) => {
                self.peer_terminates(&shutdown, message_id);
            }
            (Body::CloseSequenceResponse(_), _) if is_11 => {
                self.on_response(true, relates_to, at);
            }
            (Body::TerminateSequenceResponse(_), _) if is_11 => {
                self.on_response(false, relates_to, at);
            }
            (Body::Application(_) | Body::LastMessage, None) => {
                self.terminated_by_peer("the message carries no Sequence header", message_id);
            }
            _ => self.terminated_by_peer("the message is one of the wrong role", message_id),
        }
        if is_final && self.is_open() {
            self.close_is_confirmed(at);
        }
    }

    /// An identifier in the message that is none of this session's, or in the wrong place.
    fn stranger(&self, message: &Message<M>) -> Option<Identifier> {
        let headers = &message.headers;
        let (ours, theirs) =
            (self.source.identifier(), self.incoming.as_ref().map(|i| i.identifier()));
        let of_theirs = match &message.body {
            Body::CloseSequence(shutdown) | Body::TerminateSequence(shutdown) => {
                Some(&shutdown.identifier)
            }
            _ => None,
        };
        let of_ours = match &message.body {
            Body::CloseSequenceResponse(id) | Body::TerminateSequenceResponse(id) => Some(id),
            _ => None,
        };
        let sequence = headers.sequence.as_ref().map(|s| &s.identifier);
        let acknowledged = headers.acknowledgement.as_ref().map(|a| &a.identifier);
        let theirs_named = [sequence, headers.ack_requested.as_ref(), of_theirs];
        let ours_named = [acknowledged, of_ours];
        let foreign = theirs_named.into_iter().flatten().find(|id| Some(*id) != theirs);
        foreign.or_else(|| ours_named.into_iter().flatten().find(|id| Some(*id) != ours)).cloned()
    }

    /// A message of the peer's sequence; None: the empty one that ends it.
    fn sequenced(
        &mut self,
        sequence: &Sequence,
        message: Option<M>,
        message_id: Option<Identifier>,
        now: Time,
    ) {
        let (number, is_last) = (sequence.number, sequence.last_message);
        let Some(incoming) = &mut self.incoming else { return };
        if incoming.destination.exceeds_last(number, is_last) {
            let kind = FaultKind::LastMessageNumberExceeded(sequence.identifier.clone());
            let fault = SequenceFault::sender(kind, "the number contradicts that of LastMessage");
            return self.protocol_error(fault, message_id);
        }
        if incoming.destination.received.contains(number) {
            self.counters.duplicates += 1;
            self.event(Event::Duplicate { number });
            self.acknowledge_now(now);
            if let Some(message) = message.filter(|_| broken(Mutation::DeliverDuplicates)) {
                self.deliver(number, message);
            }
            return;
        }
        if incoming.destination.is_closed() {
            return self.too_late(message_id);
        }
        let has_room = incoming.destination.has_room(number);
        if incoming.destination.received.is_beyond(number) || !has_room {
            return self.refuse(number, now);
        }
        incoming.destination.accept(number, is_last);
        incoming.destination.keep(number, message);
        incoming.pending += 1;
        let is_last_known = matches!(incoming.destination.end(), End::Last(_));
        let is_urgent =
            is_last_known || incoming.pending >= self.settings.reliable.max_transfer_window_size;
        incoming.acknowledge_by(match is_urgent {
            true => now,
            false => now + self.settings.reliable.acknowledgement_interval,
        });
        self.counters.messages_received += 1;
        self.deliver_in_order(number);
        self.tell_end();
    }

    /// What the order allows, now that `number` is there.
    fn deliver_in_order(&mut self, number: MessageNumber) {
        let Some(incoming) = &self.incoming else { return };
        let upto = incoming.destination.may_give(number);
        if incoming.destination.ordered() && upto < number {
            self.event(Event::Gap { expected: upto + 1, received: number });
        }
        while let Some((number, message)) =
            self.incoming.as_mut().and_then(|incoming| incoming.destination.next(upto))
        {
            self.deliver(number, message);
        }
    }

    fn deliver(&mut self, number: MessageNumber, message: M) {
        if let Some(incoming) = &mut self.incoming {
            incoming.destination.given(number);
        }
        self.outputs.push_back(DuplexOutput::Deliver { number, message });
    }

    /// A message for which there is no room now: it is not acknowledged, so that it comes again.
    fn refuse(&mut self, number: MessageNumber, now: Time) {
        self.counters.refused += 1;
        self.event(Event::Refused { number });
        let Some(incoming) = &mut self.incoming else { return };
        if broken(Mutation::AcknowledgeRefused) {
            incoming.destination.accept(number, false);
            incoming.acknowledge_by(now);
        }
    }

    /// 1.1: a new number after CloseSequence. Its sender is told; the session goes on.
    fn too_late(&mut self, message_id: Option<Identifier>) {
        let Some(incoming) = &self.incoming else { return };
        let kind = FaultKind::SequenceClosed(incoming.identifier().clone());
        let fault = SequenceFault::sender(kind, "the sequence is closed");
        let mut message = Message::new(Body::Fault(Box::new(fault)));
        message.relates_to = message_id;
        message.headers.acknowledgement = self.acknowledgement();
        self.transmit(Purpose::Notice, message, None, false);
    }

    /// Tells the application once that nothing more comes.
    pub(super) fn tell_end(&mut self) {
        let Some(incoming) = &mut self.incoming else { return };
        if incoming.destination.has_everything() && !incoming.is_told {
            incoming.is_told = true;
            self.outputs.push_back(DuplexOutput::EndOfMessages);
        }
    }

    /// The peer has given the session up, unless it has only forgotten a sequence that has ended.
    fn on_fault(&mut self, fault: SequenceFault) {
        let names_us = fault.kind.identifier().is_none_or(|id| self.is_ours(id));
        if !names_us {
            let reason = format!("a fault came for another sequence: {fault}");
            return self.terminated_by_peer(&reason, None);
        }
        let is_forgotten = matches!(fault.kind, FaultKind::UnknownSequence(_));
        if is_forgotten && self.own_end.may_be_forgotten() && self.has_everything() {
            return self.closed();
        }
        self.end(SessionError::Peer(fault));
    }

    /// Whether a name is that of one of our sequences.
    fn is_ours(&self, id: &Identifier) -> bool {
        self.forward() == Some(id) || self.back() == Some(id)
    }
}
