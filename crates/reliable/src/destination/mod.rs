//! The destination of a sequence: what receives one (WS-RM 2005 §2, 1.1 §2; WCF's rules of order and room).
//!
//! [`Received`] has the numbers that came and acknowledges them; a client in the request/reply shape needs no more of
//! its return sequence. A [`Destination`] also keeps the order, the room and the end of the sequence: what is given to
//! the application and when, and how much more it takes.

mod end;
mod received;

pub(crate) use self::end::End;
pub(crate) use self::received::Received;
use crate::ascending::Ascending;
use crate::mutation::{Mutation, broken};
use crate::names::Identifier;
use crate::ranges::{MessageNumber, Ranges};

/// The receiving half of a sequence.
#[derive(Debug)]
pub(crate) struct Destination<M> {
    pub(crate) received: Received,
    ordered: bool,
    /// The most messages that are kept.
    window: u32,
    /// Given to the application and not yet taken off its queue.
    queue: Ascending<MessageNumber, ()>,
    /// Ordered: acknowledged, and kept until those come that it has to follow. None: an empty message.
    early: Ascending<MessageNumber, Option<M>>,
    end: End,
}

impl<M> Destination<M> {
    /// A sequence of which nothing came yet.
    pub(crate) fn new(identifier: Identifier, ordered: bool, window: u32) -> Self {
        let (queue, early) = (Ascending::default(), Ascending::default());
        let received = Received::new(identifier);
        Self { received, ordered, window, queue, early, end: End::Open }
    }

    /// A sequence of which this is known already.
    pub(crate) fn restored(
        identifier: Identifier,
        ordered: bool,
        window: u32,
        numbers: Ranges,
        end: End,
    ) -> Self {
        let received = Received::restored(identifier, numbers);
        Self { received, end, ..Self::new(Identifier::new(""), ordered, window) }
    }

    /// Whether a message was accepted and is still to be given to the application.
    pub(crate) fn is_kept(&self, number: MessageNumber) -> bool {
        self.early.get(number).is_some()
    }

    /// Whether messages are given out in the order of their numbers.
    pub(crate) fn ordered(&self) -> bool {
        self.ordered
    }

    /// The most messages that are kept.
    pub(crate) fn window(&self) -> usize {
        self.window as usize
    }

    pub(crate) fn end(&self) -> End {
        self.end
    }

    /// 1.1: CloseSequence came, nothing new is taken.
    pub(crate) fn is_closed(&self) -> bool {
        matches!(self.end, End::Closed(_))
    }

    /// 1.1: nothing new is taken from now on. The first LastMsgNumber stays.
    pub(crate) fn close(&mut self, last: Option<MessageNumber>) {
        if !self.is_closed() {
            self.end = End::Closed(last);
        }
    }

    /// 2005: whether everything up to the last message came.
    pub(crate) fn is_complete(&self) -> bool {
        matches!(self.end, End::Last(last) if self.received.expected() == last + 1)
    }

    /// 2005: numbers above the last one, a second last one, or a last one below what came.
    pub(crate) fn exceeds_last(&self, number: MessageNumber, is_last: bool) -> bool {
        match self.end {
            End::Last(last) => number > last || (is_last && number != last),
            End::Open | End::Closed(_) => is_last && number < self.received.numbers().highest(),
        }
    }

    /// Whether the end is known and everything up to it came.
    pub(crate) fn has_everything(&self) -> bool {
        let End::Closed(last) = self.end else { return self.is_complete() };
        let numbers = self.received.numbers();
        numbers.missing() == 0 && numbers.contiguous() == last.unwrap_or(0)
    }

    /// Whether a message comes before one that it has to follow.
    pub(crate) fn is_early(&self, number: MessageNumber) -> bool {
        self.is_ordered() && number != self.received.expected()
    }

    /// Whether a new message that comes before its turn may be kept.
    pub(crate) fn has_room(&self, number: MessageNumber) -> bool {
        if !self.ordered {
            return self.has_queue_room(0);
        }
        self.queue.len() + self.early.len() < self.window()
            && self.has_queue_room(self.received.ahead(number))
    }

    /// Whether the application's queue takes one more, and so many before it.
    pub(crate) fn has_queue_room(&self, ahead: usize) -> bool {
        self.queue.len().saturating_add(ahead) < self.window()
    }

    /// A message is accepted.
    pub(crate) fn accept(&mut self, number: MessageNumber, is_last: bool) {
        self.received.insert(number);
        if is_last && self.end == End::Open {
            self.end = End::Last(number);
        }
    }

    /// An accepted message is kept until [`next`](Self::next) gives it out.
    pub(crate) fn keep(&mut self, number: MessageNumber, message: Option<M>) {
        self.early.insert(number, message);
    }

    /// The highest number that may be given out, now that this one was accepted.
    pub(crate) fn may_give(&self, number: MessageNumber) -> MessageNumber {
        if self.is_ordered() { self.received.expected() - 1 } else { number }
    }

    /// The next message up to this number that is given to the application.
    pub(crate) fn next(&mut self, upto: MessageNumber) -> Option<(MessageNumber, M)> {
        while let Some((number, message)) = self.early.take_first_upto(upto) {
            if let Some(message) = message {
                return Some((number, message));
            }
        }
        None
    }

    /// A message is given to the application.
    pub(crate) fn given(&mut self, number: MessageNumber) {
        self.queue.insert(number, ());
    }

    /// The application took a message off its queue.
    pub(crate) fn taken(&mut self, number: MessageNumber) {
        self.queue.remove(number);
    }

    /// How many more it can take (`BufferRemaining`), beside so many that are held elsewhere.
    pub(crate) fn room(&self, held: usize) -> u32 {
        let kept = self.queue.len() + self.early.len() + held;
        self.window().saturating_sub(kept) as u32
    }

    /// Bytes on the heap, without what the messages hold themselves.
    pub(crate) fn heap_size(&self) -> usize {
        self.received.heap_size() + self.queue.heap_size() + self.early.heap_size()
    }

    fn is_ordered(&self) -> bool {
        self.ordered && !broken(Mutation::DeliverOutOfOrder)
    }
}
