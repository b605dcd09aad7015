//! The order in which the messages of a sequence are posted.
//!
//! Each message goes out on an exchange of its own, and two exchanges may overtake each other. A WCF service
//! refuses a message of an ordered request/reply session that comes before its turn (an empty answer, nothing kept),
//! and only the retransmission timer would send it again. So a message is begun when the one before it is written; one
//! that was refused for coming early is sent again as soon as everything below it is acknowledged; and a peer that has
//! refused one gets the others in turn, each after the answer to the one before.

use std::collections::VecDeque;

use crate::names::ExchangeId;
use crate::ranges::MessageNumber;

#[derive(Debug)]
pub(super) struct Line {
    /// Whether order matters.
    ordered: bool,
    /// The exchange whose request is being written.
    writing: Option<ExchangeId>,
    /// The peer has refused a message that came early.
    in_turn: bool,
    /// Messages that wait to be sent again.
    again: VecDeque<MessageNumber>,
    /// Everything up to here is acknowledged.
    pub(super) acknowledged: MessageNumber,
}

impl Line {
    pub(super) fn new(ordered: bool) -> Self {
        let again = VecDeque::new();
        Self { ordered, writing: None, in_turn: false, again, acknowledged: 0 }
    }

    /// A message of the sequence is handed out.
    pub(super) fn begin(&mut self, exchange: ExchangeId) {
        if self.ordered {
            self.writing = Some(exchange);
        }
    }

    /// It is written, or its exchange has ended.
    pub(super) fn written(&mut self, exchange: ExchangeId) {
        self.writing.take_if(|writing| *writing == exchange);
    }

    pub(super) fn is_writing(&self) -> bool {
        self.writing.is_some()
    }

    /// Whether one waits to be sent again.
    pub(super) fn holds_back(&self) -> bool {
        !self.again.is_empty()
    }

    /// Whether the next message waits for the one that was begun last: until it is written, or answered.
    pub(super) fn is_held_up(&self) -> bool {
        self.is_writing() || self.in_turn
    }

    pub(super) fn is_in_turn(&self) -> bool {
        self.in_turn
    }

    /// A message that came early was refused: the others go in turn.
    pub(super) fn refused(&mut self) {
        self.in_turn = self.ordered;
    }

    /// These are sent again, each when the one before is written.
    pub(super) fn again(&mut self, numbers: &[MessageNumber]) {
        self.again.extend(numbers);
    }

    /// The timer sends these again: they go first, and whatever is being written has had time enough.
    pub(super) fn expired(&mut self, numbers: &[MessageNumber]) {
        self.writing = None;
        self.resumed(numbers);
    }

    /// These go first, once what is being written is.
    pub(super) fn resumed(&mut self, numbers: &[MessageNumber]) {
        self.again.retain(|number| !numbers.contains(number));
        numbers.iter().rev().for_each(|number| self.again.push_front(*number));
    }

    /// The next that is sent again. None while one is being written.
    pub(super) fn next(&mut self) -> Option<MessageNumber> {
        if self.is_writing() { None } else { self.again.pop_front() }
    }

    pub(super) fn clear(&mut self) {
        self.writing = None;
        self.again.clear();
    }

    pub(super) fn heap_size(&self) -> usize {
        self.again.capacity() * size_of::<MessageNumber>()
    }
}
