//! The order in which the messages of a sequence are posted.
//!
//! Each message goes out on an exchange of its own, and two exchanges may overtake each other. A WCF service
//! refuses a message of an ordered request/reply session that comes before its turn (an empty answer, nothing kept), and only
//! the retransmission timer would send it again. So a message is begun when the one before it is written; one that
//! was refused for coming early is sent again as soon as everything below it is acknowledged; and a peer that has
//! refused one gets the others in turn, each after the answer to the one before.

use std::collections::VecDeque;

use super::Initiator;
use crate::names::ExchangeId;
use crate::ranges::MessageNumber;
use waxwing_soap::Time;

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

    pub(super) fn is_in_turn(&self) -> bool {
        self.in_turn
    }

    /// The timer sends these again: they go first, and whatever is being written has had time enough.
    pub(super) fn expired(&mut self, numbers: &[MessageNumber]) {
        self.writing = None;
        self.again.retain(|number| !numbers.contains(number));
        numbers.iter().rev().for_each(|number| self.again.push_front(*number));
    }

    pub(super) fn clear(&mut self) {
        self.writing = None;
        self.again.clear();
    }

    pub(super) fn heap_size(&self) -> usize {
        self.again.capacity() * size_of::<MessageNumber>()
    }
}

impl<M: Clone> Initiator<M> {
    /// Messages to be sent again, in order, each when the one before is written.
    pub(super) fn queue_again(&mut self, numbers: &[MessageNumber], now: Time) {
        self.line.again.extend(numbers);
        self.resend_in_line(now);
    }

    pub(super) fn resend_in_line(&mut self, now: Time) {
        while !self.line.is_writing()
            && let Some(number) = self.line.again.pop_front()
        {
            if self.window.entry(number).is_some() {
                self.send_number(number, None, now);
            }
        }
    }

    /// A message was answered with nothing: it came early, or there was no room. One that came early waits
    /// until everything below it is acknowledged; the other, as at WCF, for the timer.
    pub(super) fn refused(&mut self, number: MessageNumber, now: Time) {
        let acknowledged = self.line.acknowledged;
        let Some(entry) = self.window.entry_mut(number).filter(|entry| entry.sent_early) else {
            return;
        };
        entry.refused = true;
        self.line.in_turn = self.line.ordered;
        if acknowledged + 1 >= number {
            self.send_refused(now);
        }
    }

    /// Sends the first message that is not acknowledged again, if it was refused for coming early.
    pub(super) fn send_refused(&mut self, now: Time) {
        let number = self.line.acknowledged + 1;
        let Some(entry) = self.window.entry_mut(number).filter(|entry| entry.refused) else {
            return;
        };
        (entry.refused, entry.last_attempt) = (false, now);
        self.queue_again(&[number], now);
    }
}
