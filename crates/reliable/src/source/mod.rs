//! The source of a sequence: what sends one (WS-RM 2005 §2, 1.1 §2; WCF's algorithms).
//!
//! A [`Source`] has the messages that wait, those that are sent and not acknowledged (`window`, with `round_trip` and
//! `recovery`), and the order in which they are posted (`line`). It says what is to be sent now, first and again; on
//! which route that goes, and what rides along, is its owner's to say. A source that repeats only what it is asked for
//! needs no more than its [`Numbering`].

mod entry;
mod line;
mod numbering;
mod opening;
mod postponement;
mod recovery;
mod requestor;
mod round_trip;
mod window;

use std::collections::VecDeque;

use waxwing_soap::Time;

use self::entry::EntryState;
pub(crate) use self::entry::{Entry, Outgoing, Restored};
use self::line::Line;
pub(crate) use self::numbering::Numbering;
pub(crate) use self::opening::Opening;
pub(crate) use self::postponement::Postponement;
pub(crate) use self::requestor::{Due, Requestor};
use self::window::{Expired, SendWindow};
use crate::event::{Counters, Event};
use crate::headers::SequenceAcknowledgement;
use crate::message::{Body, Message};
use crate::mutation::{Mutation, broken};
use crate::names::{CallId, ExchangeId, Identifier};
use crate::ranges::{MessageNumber, Ranges};
use crate::settings::{LossRecovery, ReliableSessionSettings};

/// Eager recovery: how many later transmissions must overtake a message, for each copy that is sent, until
/// it counts as lost; three, as TCP's duplicate acknowledgements.
const OVERTAKING: u64 = 3;

/// The sending half of a sequence.
#[derive(Debug)]
pub(crate) struct Source<M> {
    pub(crate) window: SendWindow<M>,
    /// What waits for the window.
    queue: VecDeque<Outgoing<M>>,
    /// Not later than the first deadline in the queue.
    queue_deadline: Option<Time>,
    line: Line,
    recovery: LossRecovery,
    tally: Tally,
}

/// What of a session's counters is a source's to count.
#[derive(Debug, Default)]
struct Tally {
    messages: u64,
    retransmissions: u64,
    timeouts: u64,
}

/// A message that is to be sent now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sending {
    pub(crate) number: MessageNumber,
    /// When its exchange is given up.
    pub(crate) deadline: Option<Time>,
    /// How often, each time on a route of its own.
    pub(crate) copies: u32,
}

/// A message was sent as often as is allowed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Exceeded {
    pub(crate) number: MessageNumber,
    pub(crate) attempts: u32,
}

/// The numbers of the sequence are used up; this call gets none.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UsedUp(pub(crate) Option<CallId>);

impl<M> Source<M> {
    /// A source without messages. `in_line`: a message is begun when the one before it is written.
    pub(crate) fn new(settings: &ReliableSessionSettings, in_line: bool) -> Self {
        Self {
            window: SendWindow::new(settings),
            queue: VecDeque::new(),
            queue_deadline: None,
            line: Line::new(in_line),
            recovery: settings.loss_recovery,
            tally: Tally::default(),
        }
    }

    /// The session's counters with those of the source in them.
    pub(crate) fn count(&self, of_session: Counters) -> Counters {
        let Tally { messages, retransmissions, timeouts } = self.tally;
        Counters { messages_sent: messages, retransmissions, timeouts, ..of_session }
    }

    /// The sequence, once the other end has named it.
    pub(crate) fn identifier(&self) -> Option<&Identifier> {
        self.window.numbering.identifier()
    }

    /// Whether this is the sequence.
    pub(crate) fn is(&self, identifier: &Identifier) -> bool {
        self.identifier() == Some(identifier)
    }

    /// The numbers 1 to the last one sent.
    pub(crate) fn all_sent(&self) -> Ranges {
        Ranges::up_to(self.window.highest())
    }

    /// Whether nothing waits, and all that was sent is answered.
    pub(crate) fn is_drained(&self) -> bool {
        self.queue.is_empty() && self.window.is_empty()
    }

    /// How many wait for the window.
    pub(crate) fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Whether a message waits for the window, or until the one before it is written.
    pub(crate) fn holds_back(&self) -> bool {
        !self.queue.is_empty() || self.line.holds_back()
    }

    /// Whether the next message would wait for the one that was begun last.
    pub(crate) fn is_held_up(&self) -> bool {
        self.line.is_held_up()
    }

    /// A message waits for the window.
    pub(crate) fn enqueue(&mut self, outgoing: Outgoing<M>) {
        let deadlines = self.queue_deadline.into_iter().chain(outgoing.deadline);
        self.queue_deadline = deadlines.min();
        self.queue.push_back(outgoing);
    }

    /// Takes those out whose time is up while they wait for the window.
    pub(crate) fn take_late(&mut self, now: Time) -> Vec<Outgoing<M>> {
        if self.queue_deadline.is_none_or(|at| now < at) {
            return Vec::new();
        }
        let is_late = |q: &Outgoing<M>| q.deadline.is_some_and(|at| now >= at);
        let (late, rest) = std::mem::take(&mut self.queue).into_iter().partition(is_late);
        self.queue = rest;
        self.queue_deadline = self.queue.iter().filter_map(|q| q.deadline).min();
        let late: VecDeque<Outgoing<M>> = late;
        late.into()
    }

    /// Messages whose time is up while their answer has not come.
    pub(crate) fn overdue(&self, now: Time) -> Vec<MessageNumber> {
        let is_late = |e: &&Entry<M>| e.call.is_some() && e.deadline.is_some_and(|at| now >= at);
        self.window.unanswered().filter(is_late).map(|e| e.number).collect()
    }

    /// A sequence that was kept: these of its messages are not answered, and are sent again in their order.
    pub(crate) fn restore(
        &mut self,
        sequence: Identifier,
        last: MessageNumber,
        mut unanswered: Vec<Restored<M>>,
        now: Time,
    ) {
        let mut last = last;
        if broken(Mutation::RenumberAfterRestart) {
            for of in &mut unanswered {
                last += 1;
                of.number = last;
            }
        }
        let numbers = self.window.restore(sequence, last, unanswered, now);
        self.line.acknowledged = numbers.first().map_or(last, |first| first - 1);
        self.line.again(&numbers);
    }

    /// When the first call gives up that waits for the window.
    pub(crate) fn queue_deadline(&self) -> Option<Time> {
        self.queue_deadline
    }

    /// When the first call gives up.
    pub(crate) fn first_deadline(&self) -> Option<Time> {
        let sent = self.window.unanswered().filter_map(|e| e.call.and(e.deadline)).min();
        sent.into_iter().chain(self.queue_deadline).min()
    }

    /// Whether the next message may be numbered and sent.
    pub(crate) fn may_begin(&self) -> bool {
        let waits = self.line.is_writing() || (self.line.is_in_turn() && !self.window.is_empty());
        self.window.can_add() && (!waits || broken(Mutation::IgnoreWindow))
    }

    /// The next message that waits, numbered. None: none, or it has to wait.
    pub(crate) fn begin(&mut self, now: Time) -> Result<Option<Sending>, UsedUp> {
        if !self.may_begin() {
            return Ok(None);
        }
        let Some(outgoing) = self.queue.pop_front() else { return Ok(None) };
        let (call, deadline) = (outgoing.call, outgoing.deadline);
        match self.number(outgoing, deadline, now) {
            Some(sending) => Ok(Some(sending)),
            None => Err(UsedUp(call)),
        }
    }

    /// Numbers every message that waits and has room in the window, without waiting for its turn to be posted: what is made
    /// durable at once need not be made so one by one. They are sent as those are that are sent again. False: none was.
    pub(crate) fn number_ahead(&mut self, now: Time) -> Result<bool, UsedUp> {
        let before = self.window.highest();
        while self.window.can_add() && (self.window.is_empty() || !self.line.is_in_turn()) {
            let Some(outgoing) = self.queue.pop_front() else { break };
            let call = outgoing.call;
            let number = self.window.add(outgoing, now).ok_or(UsedUp(call))?;
            self.tally.messages += 1;
            self.line.again(&[number]);
        }
        Ok(self.window.highest() > before)
    }

    /// Numbers a message that is sent before those that wait. None when the numbers are used up.
    pub(crate) fn number(
        &mut self,
        outgoing: Outgoing<M>,
        deadline: Option<Time>,
        now: Time,
    ) -> Option<Sending> {
        let number = self.window.add(outgoing, now)?;
        self.tally.messages += 1;
        Some(self.sending(number, deadline))
    }

    /// The next message that is to be sent again. None: none, or it has to wait.
    pub(crate) fn again(&mut self) -> Option<Sending> {
        while let Some(number) = self.line.next() {
            if self.window.entry(number).is_some() {
                return Some(self.sending(number, None));
            }
        }
        None
    }

    fn sending(&mut self, number: MessageNumber, deadline: Option<Time>) -> Sending {
        let copies = match self.recovery {
            LossRecovery::Wcf => 1,
            LossRecovery::Eager => self.window.loss.copies(self.window.size()),
        };
        self.tally.retransmissions += u64::from(copies - 1);
        Sending { number, deadline, copies }
    }

    /// A transmission of a message goes out on this exchange.
    pub(crate) fn sent(&mut self, number: MessageNumber, exchange: ExchangeId) {
        self.line.begin(exchange);
        let early = number > self.line.acknowledged + 1;
        if let Some(entry) = self.window.entry_mut(number) {
            entry.sent(exchange.0, early);
        }
    }

    /// A transmission is written, or its exchange has ended.
    pub(crate) fn written(&mut self, exchange: ExchangeId) {
        self.line.written(exchange);
    }

    /// More of a transmission, or of its answer, has gone over its connection.
    pub(crate) fn progress(&mut self, exchange: ExchangeId, now: Time) {
        self.window.progress(exchange.0, now);
    }

    /// What an acknowledgement says of the sequence, whose messages are marked already: the window slides and grows, and
    /// some are sent again.
    pub(crate) fn acknowledged(
        &mut self,
        acknowledgement: &SequenceAcknowledgement,
        now: Time,
        event: &mut impl FnMut(Event),
    ) {
        let ranges = &acknowledgement.ranges;
        self.line.acknowledged = self.line.acknowledged.max(ranges.contiguous());
        let (size, timeout) = (self.window.size(), self.window.timeout());
        let room = acknowledgement.buffer_remaining;
        let again = self.window.slide(room, ranges.highest(), now);
        if self.window.size() != size {
            event(Event::Window { size: self.window.size() });
        }
        if self.window.timeout() != timeout {
            let (mean, timeout) = (self.window.round_trip(), self.window.timeout());
            event(Event::RoundTrip { mean, timeout });
        }
        if self.window.is_blocked_by_peer() {
            event(Event::PeerFull);
        }
        self.count_again(&again, event);
        self.line.again(&again);
        self.resend_refused(now);
    }

    /// The retransmission timer ran out.
    ///
    /// # Errors
    ///
    /// A message was sent as often as is allowed.
    pub(crate) fn expire(
        &mut self,
        now: Time,
        event: &mut impl FnMut(Event),
    ) -> Result<(), Exceeded> {
        match self.window.expire(now) {
            Expired::Resend(numbers) if numbers.is_empty() => {}
            Expired::Resend(numbers) => {
                self.tally.timeouts += 1;
                event(Event::RetransmissionTimeout { next: self.window.timeout() });
                event(Event::Window { size: self.window.size() });
                self.count_again(&numbers, event);
                self.line.expired(&numbers);
            }
            Expired::Exceeded(number, attempts) => return Err(Exceeded { number, attempts }),
        }
        Ok(())
    }

    /// Eager recovery: messages that so many later exchanges have overtaken, of which this one was answered, are sent
    /// again.
    pub(crate) fn overtaken(
        &mut self,
        exchange: ExchangeId,
        distance: u64,
        now: Time,
        event: &mut impl FnMut(Event),
    ) {
        let lost = self.window.overtaken(exchange.0, distance, now);
        self.count_again(&lost, event);
        self.line.again(&lost);
    }

    fn count_again(&mut self, numbers: &[MessageNumber], event: &mut impl FnMut(Event)) {
        for &number in numbers {
            let retry = self.window.entry(number).map_or(0, |e| e.retries);
            self.tally.retransmissions += 1;
            event(Event::Retransmitted { number, retry });
        }
    }

    /// A message was answered with nothing: it came early, or there was no room. One that came early waits
    /// until everything below it is acknowledged; the other, as at WCF, for the timer.
    pub(crate) fn refused(&mut self, number: MessageNumber, now: Time) {
        let acknowledged = self.line.acknowledged;
        let Some(entry) = self.window.entry_mut(number) else { return };
        if entry.state == EntryState::Sent {
            return;
        }
        entry.state = EntryState::Refused;
        self.line.refused();
        if acknowledged + 1 >= number {
            self.resend_refused(now);
        }
    }

    /// The link that everything went out on is gone: whatever is not answered is sent again.
    pub(crate) fn all_again(&mut self, now: Time, event: &mut impl FnMut(Event)) {
        let again = self.window.all_again(now);
        self.count_again(&again, event);
        self.line.resumed(&again);
    }

    /// A message fills the window: it asks for an acknowledgement, first and again.
    pub(crate) fn ask_if_full(&mut self, number: MessageNumber) {
        if self.window.is_full()
            && let Some(entry) = self.window.entry_mut(number)
        {
            entry.asks = true;
        }
    }

    /// The peer did not process the last transmission of a message. False when it counts as lost.
    pub(crate) fn postpone(&mut self, number: MessageNumber) -> bool {
        self.window.entry_mut(number).is_none_or(|entry| entry.postponement.postpone())
    }

    /// What is postponed is sent again.
    pub(crate) fn resume(&mut self, now: Time, event: &mut impl FnMut(Event)) {
        let again = self.window.resume(now);
        self.count_again(&again, event);
        self.line.resumed(&again);
    }

    /// The first message that is not acknowledged is sent again, if it was refused for coming early.
    fn resend_refused(&mut self, now: Time) {
        let number = self.line.acknowledged + 1;
        let refused = |entry: &&mut Entry<M>| entry.state == EntryState::Refused;
        let Some(entry) = self.window.entry_mut(number).filter(refused) else { return };
        (entry.state, entry.last_attempt) = (EntryState::SentEarly, now);
        self.line.again(&[number]);
    }

    /// Eager recovery: an exchange was answered. Says how far behind it an exchange counts as lost.
    pub(crate) fn overtaking(&mut self) -> u64 {
        self.window.loss.exchange(false);
        OVERTAKING * u64::from(self.window.loss.copies(self.window.size()))
    }

    /// Nothing is sent of this sequence any more.
    pub(crate) fn stop(&mut self) {
        self.line.clear();
    }

    /// Takes every call out that has not ended, when the session ends; with the numbers of those that have one.
    pub(crate) fn drain(&mut self) -> Vec<(CallId, Option<MessageNumber>)> {
        let sent = self.window.drain().filter_map(|e| Some((e.call?, Some(e.number))));
        let mut calls: Vec<_> = sent.collect();
        calls.extend(self.queue.drain(..).filter_map(|q| Some((q.call?, None))));
        calls
    }

    /// Gives memory of a burst back.
    pub(crate) fn shrink(&mut self) {
        if self.queue.is_empty() && self.queue.capacity() > 4 {
            self.queue.shrink_to(4);
        }
        self.window.shrink();
    }

    /// Bytes on the heap, without what the messages hold themselves.
    pub(crate) fn heap_size(&self) -> usize {
        self.window.heap_size()
            + self.queue.capacity() * size_of::<Outgoing<M>>()
            + self.line.heap_size()
            + self.identifier().map_or(0, Identifier::heap_size)
    }
}

impl<M: Clone> Source<M> {
    /// A message of the window. None when it is answered.
    pub(crate) fn message(&self, number: MessageNumber) -> Option<Message<M>> {
        let entry = self.window.entry(number)?;
        let last_message = matches!(entry.body, Body::LastMessage);
        let mut message = self.window.numbering.message(number, entry.body.clone(), last_message);
        message.message_id.clone_from(&entry.message_id);
        message.headers.ack_requested = self.identifier().filter(|_| entry.asks).cloned();
        Some(message)
    }
}
