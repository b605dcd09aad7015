//! What is kept of a session that survives a crash, and what waits for it.

use std::collections::VecDeque;

use waxwing_reliable::{ExchangeId, Message, SavedClient, Ticket, Time};

use crate::message::AppMessage;

/// What is kept of the session, and what waits for it.
#[derive(Debug, Default)]
pub(super) struct Keeping {
    last: u64,
    /// Changes that are not durable yet, in their order.
    pub(super) under_way: VecDeque<UnderWay>,
    /// The sequences as they were kept last; none before they are opened.
    pub(super) reliable: Option<SavedClient>,
    /// Messages that wait for the key. They are protected when it is kept. As many as the window has, each with its
    /// repetitions.
    pub(super) held: Vec<Held>,
}

#[derive(Debug)]
pub(super) struct UnderWay {
    pub(super) ticket: Ticket,
    pub(super) what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// By which the sequence names it.
    Sequence(Ticket),
    /// Another key.
    Key,
}

#[derive(Debug)]
pub(super) struct Held {
    pub(super) exchange: ExchangeId,
    pub(super) message: Message<AppMessage>,
    pub(super) deadline: Option<Time>,
}

impl Keeping {
    pub(super) fn begin(&mut self, what: What) -> Ticket {
        self.last += 1;
        let ticket = Ticket(self.last);
        self.under_way.push_back(UnderWay { ticket, what });
        ticket
    }

    pub(super) fn awaits_key(&self) -> bool {
        self.under_way.iter().any(|change| change.what == What::Key)
    }
}
