//! Messages of a session: duplicates, order, room (2005 §2, 1.1 §2; WCF's rules of empty answers).

use super::api::ListenerOutput;
use super::outputs::Outputs;
use super::session::{Application, Ending, Farewell, Session};
use crate::destination::End;
use crate::error::SessionError;
use crate::event::Event;
use crate::fault::{FaultKind, SequenceFault};
use crate::headers::Sequence;
use crate::message::{Body, Message};
use crate::mutation::{Mutation, broken};
use crate::ranges::MessageNumber;
use crate::shape::request_reply::{Answer, Done, Held, Repeat, Replies};
use crate::shape::{Waiter, Waiters};

impl<M: Clone> Session<M> {
    /// One message of this session. Some: the session ends.
    pub(super) fn receive(
        &mut self,
        waiter: Waiter,
        message: Message<M>,
        out: &mut Outputs<M>,
    ) -> Option<Ending> {
        let Message { headers, body, .. } = message;
        if let (Some(replies), Some(acknowledgement)) =
            (&mut self.replies, &headers.acknowledgement)
        {
            replies.acknowledged(&acknowledgement.ranges);
        }
        let is_11 = self.rules.is_11();
        match (body, headers.sequence) {
            (Body::Application(message), Some(sequence)) => {
                self.sequenced(waiter, self.of_version(sequence), Some(message), out)
            }
            (Body::LastMessage, Some(sequence)) if !is_11 => {
                self.sequenced(waiter, sequence, None, out)
            }
            (Body::AckRequested, _) => {
                self.counters.keep_alives += 1;
                out.message(&waiter, self.stand_alone());
                None
            }
            (Body::SequenceAcknowledgement, _) => {
                out.accepted(&waiter);
                None
            }
            (Body::CloseSequence(shutdown), _) if is_11 => {
                self.close_requested(waiter, &shutdown, out)
            }
            (Body::TerminateSequence(shutdown), _) => self.terminate(&waiter, &shutdown, out),
            (Body::Application(_) | Body::LastMessage, None) => {
                let fault = self.terminated(self.id(), "the message carries no Sequence header");
                Some(self.refuse(&waiter, fault, out))
            }
            _ => {
                let fault = self.terminated(self.id(), "the message is one of the wrong role");
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
        sequence: Sequence,
        message: Option<M>,
        out: &mut Outputs<M>,
    ) -> Option<Ending> {
        let number = sequence.number;
        if self.destination.exceeds_last(number, sequence.last_message) {
            let kind = FaultKind::LastMessageNumberExceeded(self.id().clone());
            let fault = SequenceFault::sender(kind, "the number contradicts that of LastMessage");
            return Some(self.refuse(&waiter, fault, out));
        }
        if self.destination.received.contains(number) {
            self.duplicate(waiter, number, message, out);
            return None;
        }
        let is_farewell = message.is_none();
        let has_closed = self.application == Application::Closed;
        if self.destination.is_closed() || (has_closed && !is_farewell) {
            return self.too_late(&waiter, out);
        }
        if self.destination.is_early(number) && self.replies.is_some() {
            self.hold(waiter, sequence, message, out);
            return None;
        }
        if !self.has_room(number) {
            self.turn_away(&waiter, number, out);
            return None;
        }
        self.take(Waiters::of(waiter), &sequence, message, out);
        self.take_held(out);
        None
    }

    /// In 1.1 no message says that it is the last.
    fn of_version(&self, mut sequence: Sequence) -> Sequence {
        sequence.last_message &= !self.rules.is_11();
        sequence
    }

    /// Request/reply: a message that comes before its turn waits with its exchange, within the window.
    fn hold(
        &mut self,
        waiter: Waiter,
        sequence: Sequence,
        message: Option<M>,
        out: &mut Outputs<M>,
    ) {
        let number = sequence.number;
        let Some(replies) = &mut self.replies else { return };
        if let Some(held) = replies.held_mut(number) {
            self.counters.duplicates += 1;
            out.event(self.destination.received.identifier(), Event::Duplicate { number });
            if let Err(waiter) = held.waiters.hold(waiter) {
                out.accepted(&waiter);
            }
            return;
        }
        let expected = self.destination.received.expected();
        let has_room = self.destination.has_queue_room(self.destination.received.ahead(number))
            && replies.unacknowledged() < self.destination.window()
            && self.rules.holds_early;
        if !has_room {
            return self.turn_away(&waiter, number, out);
        }
        replies.hold(waiter, sequence, message);
        out.event(self.id(), Event::Gap { expected, received: number });
    }

    /// Takes the messages whose turn has come.
    fn take_held(&mut self, out: &mut Outputs<M>) {
        while !matches!(self.destination.end(), End::Last(_))
            && let Some(held) = self.next_held()
        {
            let Held { waiters, sequence, message } = held;
            self.take(waiters, &sequence, message, out);
        }
        if matches!(self.destination.end(), End::Last(_)) {
            // What was held contradicts that there is no more.
            self.release_held(out);
        }
    }

    fn next_held(&mut self) -> Option<Held<M>> {
        self.replies.as_mut()?.release(self.destination.received.expected())
    }

    /// Nothing new is taken any more: what waits for its turn is given up.
    pub(super) fn release_held(&mut self, out: &mut Outputs<M>) {
        for waiters in self.replies.iter_mut().flat_map(Replies::release_all) {
            waiters.iter().for_each(|waiter| out.accepted(waiter));
        }
    }

    /// A new number after the end. 1.1 says so and goes on; 2005 has no such fault.
    fn too_late(&self, waiter: &Waiter, out: &mut Outputs<M>) -> Option<Ending> {
        if !self.rules.is_11() {
            let fault = self.terminated(self.id(), "the service is closing the session");
            return Some(self.refuse(waiter, fault, out));
        }
        let kind = FaultKind::SequenceClosed(self.id().clone());
        let fault = SequenceFault::sender(kind, "the sequence is closed");
        let mut message = Message::new(Body::Fault(Box::new(fault)));
        message.relates_to.clone_from(&waiter.message_id);
        message.headers.acknowledgement = self.replies.as_ref().map(|_| self.acknowledgement());
        out.message(waiter, message);
        None
    }

    /// Whether a new message can be taken: order, room in the queue, room for its reply.
    fn has_room(&self, number: MessageNumber) -> bool {
        if self.destination.received.is_beyond(number) {
            return false;
        }
        match &self.replies {
            Some(replies) => {
                let expected = self.destination.received.expected();
                self.destination.has_queue_room(0)
                    && replies.has_room(number, expected, self.destination.window())
            }
            None => self.destination.has_room(number),
        }
    }

    /// A message that is not accepted. Request/reply says nothing of it, since an answer would count as one;
    /// one-way acknowledges what there is.
    fn turn_away(&mut self, waiter: &Waiter, number: MessageNumber, out: &mut Outputs<M>) {
        self.counters.refused += 1;
        let expected = self.destination.received.expected();
        if number > expected && self.destination.ordered() {
            out.event(self.id(), Event::Gap { expected, received: number });
        }
        out.event(self.id(), Event::Refused { number });
        if self.replies.is_none() || broken(Mutation::AcknowledgeRefused) {
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
        waiters: Waiters,
        sequence: &Sequence,
        message: Option<M>,
        out: &mut Outputs<M>,
    ) {
        let (number, is_last) = (sequence.number, sequence.last_message);
        self.destination.accept(number, is_last);
        self.counters.messages_received += 1;
        if let Some(replies) = &mut self.replies {
            replies.accept(number, waiters, is_last, message.is_none());
            if let Some(message) = message {
                self.deliver(number, message, out);
            }
            self.tell_end(out);
            self.answer_last(out);
        } else {
            match (&mut self.journal, &message) {
                (Some(journal), Some(message)) => journal.received(number, message.clone()),
                (Some(journal), None) => journal.changed(),
                (None, _) => {}
            }
            self.destination.keep(number, message);
            self.deliver_in_order(number, out);
            for waiter in waiters.iter() {
                out.message(waiter, self.stand_alone());
            }
            self.tell_end(out);
        }
    }

    /// One-way: what the order allows, now that `number` is there.
    pub(super) fn deliver_in_order(&mut self, number: MessageNumber, out: &mut Outputs<M>) {
        let upto = self.destination.may_give(number);
        if self.destination.ordered() && upto < number {
            out.event(self.id(), Event::Gap { expected: upto + 1, received: number });
        }
        while let Some((number, message)) = self.destination.next(upto) {
            self.deliver(number, message, out);
        }
    }

    fn deliver(&mut self, number: MessageNumber, message: M, out: &mut Outputs<M>) {
        self.destination.given(number);
        let session = self.id().clone();
        out.push(ListenerOutput::Deliver { session, number, message });
    }

    /// Tells the application once that nothing more comes, unless it has closed before.
    pub(super) fn tell_end(&mut self, out: &mut Outputs<M>) {
        let is_over = self.destination.is_complete() || self.destination.is_closed();
        if is_over && self.application == Application::Listening {
            self.application = Application::Told;
            out.push(ListenerOutput::EndOfMessages(self.id().clone()));
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
        out.event(self.id(), Event::Duplicate { number });
        if let Some(message) = message.filter(|_| broken(Mutation::DeliverDuplicates)) {
            self.deliver(number, message, out);
        }
        let repeat = match &mut self.replies {
            Some(replies) => replies.repeat(number, waiter),
            None => Repeat::Acknowledge(waiter),
        };
        match repeat {
            Repeat::Answer(waiter, message) => out.message(&waiter, self.acknowledging(message)),
            Repeat::Waits => {}
            Repeat::TooMany(waiter) => out.accepted(&waiter),
            Repeat::Acknowledge(waiter) => out.message(&waiter, self.stand_alone()),
        }
    }

    /// An operation has ended. Whoever waits gets the answer.
    pub(super) fn done(&mut self, number: MessageNumber, reply: Option<M>, out: &mut Outputs<M>) {
        self.destination.taken(number);
        let Some(replies) = &mut self.replies else {
            // What was not given out cannot have been executed.
            if let Some(journal) = &mut self.journal
                && !self.destination.is_kept(number)
            {
                journal.executed(number);
            }
            return;
        };
        match replies.done(number, reply) {
            Done::Answer(answer) => self.answer(&answer, out),
            Done::Later => self.changed(),
            Done::Acknowledge(waiters) => {
                self.changed();
                waiters.iter().for_each(|waiter| out.message(waiter, self.stand_alone()));
            }
            Done::Nothing => {}
        }
        self.answer_last(out);
        self.answer_close(out);
    }

    /// Sends an answer to every exchange that waits for it.
    pub(super) fn answer(&mut self, answer: &Answer<M>, out: &mut Outputs<M>) {
        self.counters.messages_sent += 1;
        self.changed();
        let Some(replies) = &self.replies else { return };
        for waiter in answer.waiters.iter() {
            out.message(waiter, self.acknowledging(replies.message(answer)));
        }
    }

    /// A message with the acknowledgement of this moment.
    pub(super) fn acknowledging(&self, mut message: Message<M>) -> Message<M> {
        message.headers.acknowledgement = Some(self.acknowledgement());
        message
    }
}
