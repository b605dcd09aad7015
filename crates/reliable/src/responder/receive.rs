//! Messages of a session: duplicates, order, room (2005 §2, 1.1 §2; WCF's rules of empty answers).

use smallvec::SmallVec;

use super::session::{Closing, Ending, Entry, EntryState, Farewell, Held, Session, Waiter};
use super::{ListenerOutput, Outputs};
use crate::error::SessionError;
use crate::event::Event;
use crate::fault::{FaultKind, SequenceFault};
use crate::headers::Sequence;
use crate::message::{Body, Message};
use crate::mutation::{Mutation, broken};
use crate::ranges::MessageNumber;
use crate::settings::MAX_SEQUENCE_RANGES;
use crate::shape::Shape;

/// The most exchanges that are held for one message. An honest initiator repeats it no more often than
/// MaxRetryCount says; who does is answered with nothing and may come again.
const MAX_HELD: usize = 64;

impl<M: Clone> Session<M> {
    /// One message of this session. Some: the session ends.
    pub(super) fn receive(
        &mut self,
        waiter: Waiter,
        message: Message<M>,
        out: &mut Outputs<M>,
    ) -> Option<Ending> {
        let Message { headers, body, .. } = message;
        if let Some(acknowledgement) = &headers.acknowledgement {
            self.acknowledged_by_peer(&acknowledgement.ranges);
        }
        match (body, headers.sequence) {
            (Body::Application(message), Some(sequence)) => {
                self.sequenced(waiter, &sequence, Some(message), out)
            }
            (Body::LastMessage, Some(sequence)) => self.sequenced(waiter, &sequence, None, out),
            (Body::AckRequested, _) => {
                self.counters.keep_alives += 1;
                out.message(&waiter, self.stand_alone());
                None
            }
            (Body::SequenceAcknowledgement, _) => {
                out.accepted(&waiter);
                None
            }
            (Body::CloseSequence(shutdown), _) => self.close_requested(waiter, &shutdown, out),
            (Body::TerminateSequence(shutdown), _) => self.terminate(&waiter, &shutdown, out),
            (Body::Application(_) | Body::LastMessage, None) => {
                let fault = self.terminated(&self.id, "the message carries no Sequence header");
                Some(self.refuse(&waiter, fault, out))
            }
            _ => {
                let fault = self.terminated(&self.id, "the message is one of the wrong role");
                Some(self.refuse(&waiter, fault, out))
            }
        }
    }

    /// Answers with a fault that ends the session.
    pub(super) fn refuse(
        &self,
        waiter: &Waiter,
        fault: SequenceFault,
        out: &mut Outputs<M>,
    ) -> Ending {
        let mut message = Message::new(Body::Fault(Box::new(fault.clone())));
        message.relates_to.clone_from(&waiter.message_id);
        message.headers.acknowledgement = self.final_acknowledgement();
        out.message(waiter, message);
        Ending::Faulted(SessionError::Protocol(fault.clone()), Farewell::Fault(fault))
    }

    fn sequenced(
        &mut self,
        waiter: Waiter,
        sequence: &Sequence,
        message: Option<M>,
        out: &mut Outputs<M>,
    ) -> Option<Ending> {
        let number = sequence.number;
        if self.exceeds_last(sequence) {
            let kind = FaultKind::LastMessageNumberExceeded(self.id.clone());
            let fault = SequenceFault::sender(kind, "the number contradicts that of LastMessage");
            return Some(self.refuse(&waiter, fault, out));
        }
        if self.received.contains(number) {
            self.duplicate(waiter, number, message, out);
            return None;
        }
        if self.is_closed() || self.app_closed {
            let is_farewell = message.is_none();
            if !is_farewell || self.is_closed() {
                return self.too_late(&waiter, out);
            }
        }
        if self.is_early(number) && self.rules.shape == Shape::RequestReply {
            self.hold(waiter, sequence, message, out);
            return None;
        }
        if !self.has_room(number) {
            self.turn_away(&waiter, number, out);
            return None;
        }
        self.take([waiter].into_iter().collect(), sequence, message, out);
        self.take_held(out);
        None
    }

    /// Whether a message comes before one that it has to follow.
    fn is_early(&self, number: MessageNumber) -> bool {
        let is_next = number == self.received.contiguous() + 1;
        !is_next && self.rules.ordered && !broken(Mutation::DeliverOutOfOrder)
    }

    /// Request/reply: a message that comes before its turn waits with its exchange, within the window.
    fn hold(
        &mut self,
        waiter: Waiter,
        sequence: &Sequence,
        message: Option<M>,
        out: &mut Outputs<M>,
    ) {
        let (number, window) = (sequence.number, self.rules.window);
        if let Some(held) = self.held.get_mut(&number) {
            self.counters.duplicates += 1;
            out.event(&self.id, Event::Duplicate { number });
            return match held.waiters.len() < MAX_HELD {
                true => held.waiters.push(waiter),
                false => out.accepted(&waiter),
            };
        }
        let expected = self.received.contiguous() + 1;
        let ahead = usize::try_from(number - expected).unwrap_or(usize::MAX);
        let has_room = self.queue.len().saturating_add(ahead) < window
            && self.unacknowledged() < window
            && self.rules.holds_early;
        if !has_room {
            return self.turn_away(&waiter, number, out);
        }
        out.event(&self.id, Event::Gap { expected, received: number });
        let (waiters, sequence) = ([waiter].into_iter().collect(), sequence.clone());
        self.held.insert(number, Held { waiters, sequence, message });
    }

    /// Takes the messages whose turn has come.
    fn take_held(&mut self, out: &mut Outputs<M>) {
        while self.last.is_none()
            && let Some(held) = self.held.remove(&(self.received.contiguous() + 1))
        {
            let Held { waiters, sequence, message } = held;
            self.take(waiters, &sequence, message, out);
        }
        if self.last.is_some() {
            // What was held contradicts that there is no more.
            self.release_held(out);
        }
    }

    /// Nothing new is taken any more: what waits for its turn is given up.
    pub(super) fn release_held(&mut self, out: &mut Outputs<M>) {
        for waiter in std::mem::take(&mut self.held).into_values().flat_map(|held| held.waiters) {
            out.accepted(&waiter);
        }
    }

    /// 2005: numbers above the last one, a second last one, or a last one below what came.
    fn exceeds_last(&self, sequence: &Sequence) -> bool {
        match self.last {
            Some(last) => {
                sequence.number > last || (sequence.last_message && sequence.number != last)
            }
            None => sequence.last_message && sequence.number < self.received.highest(),
        }
    }

    /// A new number after the end. 1.1 says so and goes on; 2005 has no such fault.
    fn too_late(&self, waiter: &Waiter, out: &mut Outputs<M>) -> Option<Ending> {
        if !self.rules.is_11() {
            let fault = self.terminated(&self.id, "the service is closing the session");
            return Some(self.refuse(waiter, fault, out));
        }
        let kind = FaultKind::SequenceClosed(self.id.clone());
        let fault = SequenceFault::sender(kind, "the sequence is closed");
        let mut message = Message::new(Body::Fault(Box::new(fault)));
        message.relates_to.clone_from(&waiter.message_id);
        if self.rules.shape == Shape::RequestReply {
            message.headers.acknowledgement = Some(self.acknowledgement());
        }
        out.message(waiter, message);
        None
    }

    /// Whether a new message can be taken: order, room in the queue, room for its reply.
    fn has_room(&self, number: MessageNumber) -> bool {
        let window = self.rules.window;
        let next = self.received.contiguous() + 1;
        if self.received.would_exceed(number, MAX_SEQUENCE_RANGES) {
            return false;
        }
        match self.rules.shape {
            Shape::RequestReply => {
                // Beyond WCF: replies to later messages do not keep the first missing one out. An initiator
                // with a wider window than ours repeats only that one; refused because replies to later
                // ones were lost, it could never ask for those again.
                let replies = if number == next {
                    self.unacknowledged_below(number)
                } else {
                    self.unacknowledged()
                };
                self.queue.len() < window
                    && (replies < window || broken(Mutation::UnboundedReplies))
            }
            Shape::OneWay if self.rules.ordered => {
                let ahead = usize::try_from(number - next).unwrap_or(usize::MAX);
                self.queue.len() + self.early.len() < window
                    && self.queue.len().saturating_add(ahead) < window
            }
            Shape::OneWay => self.queue.len() < window,
        }
    }

    /// A message that is not accepted. Request/reply says nothing of it, since an answer would count as one;
    /// one-way acknowledges what there is.
    fn turn_away(&mut self, waiter: &Waiter, number: MessageNumber, out: &mut Outputs<M>) {
        self.counters.refused += 1;
        let expected = self.received.contiguous() + 1;
        if number > expected && self.rules.ordered {
            out.event(&self.id, Event::Gap { expected, received: number });
        }
        out.event(&self.id, Event::Refused { number });
        if self.rules.shape == Shape::OneWay || broken(Mutation::AcknowledgeRefused) {
            let mut answer = self.stand_alone();
            if let Some(a) = &mut answer.headers.acknowledgement
                && broken(Mutation::AcknowledgeRefused)
            {
                a.ranges.insert(number);
            }
            out.message(waiter, answer);
        } else {
            out.accepted(waiter);
        }
    }

    /// A message that is accepted.
    fn take(
        &mut self,
        waiters: SmallVec<[Waiter; 1]>,
        sequence: &Sequence,
        message: Option<M>,
        out: &mut Outputs<M>,
    ) {
        let number = sequence.number;
        self.received.insert(number);
        self.counters.messages_received += 1;
        if sequence.last_message {
            self.last = Some(number);
        }
        match self.rules.shape {
            Shape::RequestReply => {
                let state =
                    if message.is_some() { EntryState::Running } else { EntryState::Held(None) };
                let entry = Entry { waiters, is_last: sequence.last_message, state };
                self.entries.insert(number, entry);
                if let Some(message) = message {
                    self.deliver(number, message, out);
                }
                self.tell_end(out);
                self.answer_last(out);
            }
            Shape::OneWay => {
                self.early.insert(number, message);
                self.deliver_in_order(number, out);
                for waiter in &waiters {
                    out.message(waiter, self.stand_alone());
                }
                self.tell_end(out);
            }
        }
    }

    /// One-way: what the order allows, now that `number` is there.
    fn deliver_in_order(&mut self, number: MessageNumber, out: &mut Outputs<M>) {
        let upto = if self.rules.ordered && !broken(Mutation::DeliverOutOfOrder) {
            self.received.contiguous()
        } else {
            number
        };
        if self.rules.ordered && upto < number {
            out.event(&self.id, Event::Gap { expected: upto + 1, received: number });
        }
        while let Some(first) = self.early.first_entry().filter(|e| *e.key() <= upto) {
            let (number, message) = first.remove_entry();
            if let Some(message) = message {
                self.deliver(number, message, out);
            }
        }
    }

    fn deliver(&mut self, number: MessageNumber, message: M, out: &mut Outputs<M>) {
        self.queue.insert(number);
        let session = self.id.clone();
        out.push(ListenerOutput::Deliver { session, number, message });
    }

    /// The application took a message off its queue.
    pub(super) fn taken(&mut self, number: MessageNumber) {
        self.queue.remove(&number);
    }

    /// Tells the application once that nothing more comes.
    pub(super) fn tell_end(&mut self, out: &mut Outputs<M>) {
        let is_complete = self.last.is_some_and(|last| self.received.contiguous() == last);
        if !self.end_told && (is_complete || self.is_closed()) {
            self.end_told = true;
            out.push(ListenerOutput::EndOfMessages(self.id.clone()));
        }
    }

    /// A message that came before: its answer again, or held until there is one.
    fn duplicate(
        &mut self,
        waiter: Waiter,
        number: MessageNumber,
        message: Option<M>,
        out: &mut Outputs<M>,
    ) {
        self.counters.duplicates += 1;
        out.event(&self.id, Event::Duplicate { number });
        if let Some(message) = message.filter(|_| broken(Mutation::DeliverDuplicates)) {
            self.deliver(number, message, out);
        }
        let Some(entry) = self.entries.get_mut(&number) else {
            return out.message(&waiter, self.stand_alone());
        };
        match &mut entry.state {
            EntryState::Running | EntryState::Held(_) if entry.waiters.len() < MAX_HELD => {
                entry.waiters.push(waiter);
            }
            EntryState::Running | EntryState::Held(_) => out.accepted(&waiter),
            EntryState::Replied { number: reply, body } => {
                if broken(Mutation::RenumberReply) {
                    self.last_reply += 1;
                    *reply = self.last_reply;
                }
                let (reply, body, is_last) = (*reply, body.clone(), entry.is_last);
                let message = self.reply_message(reply, body, is_last);
                out.message(&waiter, message);
            }
        }
    }
}

impl Closing {
    pub(super) fn hold(&mut self, waiter: Waiter) -> Result<(), Waiter> {
        if self.waiters.len() >= MAX_HELD {
            return Err(waiter);
        }
        self.waiters.push(waiter);
        Ok(())
    }
}
