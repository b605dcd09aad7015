//! Answers: numbered when the operation ends, kept until the initiator acknowledges them.

use super::Outputs;
use super::session::{EntryState, Session};
use crate::headers::Sequence;
use crate::message::{Body, Message};
use crate::mutation::{Mutation, broken};
use crate::ranges::{MessageNumber, Ranges};
use crate::shape::Shape;

impl<M: Clone> Session<M> {
    /// An operation has ended. Whoever waits gets the answer.
    pub(super) fn done(&mut self, number: MessageNumber, reply: Option<M>, out: &mut Outputs<M>) {
        self.queue.remove(&number);
        if self.rules.shape == Shape::OneWay {
            return;
        }
        let Some(entry) = self.entries.get_mut(&number) else { return };
        if !matches!(entry.state, EntryState::Running) {
            return;
        }
        match reply {
            Some(reply) if entry.is_last => entry.state = EntryState::Held(Some(reply)),
            Some(reply) => self.answer(number, Body::Application(reply), out),
            None => {
                let waiters = std::mem::take(&mut entry.waiters);
                self.entries.remove(&number);
                for waiter in &waiters {
                    out.message(waiter, self.stand_alone());
                }
            }
        }
        self.answer_last(out);
        self.answer_close(out);
    }

    /// Gives an answer its number and sends it to every exchange that waits for it.
    pub(super) fn answer(&mut self, number: MessageNumber, body: Body<M>, out: &mut Outputs<M>) {
        let Some(entry) = self.entries.get_mut(&number) else { return };
        self.last_reply += 1;
        self.counters.messages_sent += 1;
        let reply = self.last_reply;
        let (waiters, is_last) = (std::mem::take(&mut entry.waiters), entry.is_last);
        if broken(Mutation::ForgetReply) {
            self.entries.remove(&number);
        } else {
            entry.state = EntryState::Replied { number: reply, body: body.clone() };
        }
        for waiter in &waiters {
            out.message(waiter, self.reply_message(reply, body.clone(), is_last));
        }
    }

    /// A message of the return sequence, with the acknowledgement of this moment.
    pub(super) fn reply_message(
        &self,
        number: MessageNumber,
        body: Body<M>,
        last_message: bool,
    ) -> Message<M> {
        let mut message = Message::new(body);
        message.headers.sequence =
            self.back.clone().map(|identifier| Sequence { identifier, number, last_message });
        message.headers.acknowledgement = Some(self.acknowledgement());
        message
    }

    /// Replies that the initiator has need not be kept. Numbers that were never sent are ignored, as WCF
    /// does.
    pub(super) fn acknowledged_by_peer(&mut self, ranges: &Ranges) {
        self.entries.retain(|_, entry| match &entry.state {
            EntryState::Replied { number, body } => {
                matches!(body, Body::LastMessage) || !ranges.contains(*number)
            }
            _ => true,
        });
    }
}
