//! A message of a sequence before and after it got its number.

use waxwing_soap::Time;

use super::postponement::Postponement;
use crate::message::Body;
use crate::names::{CallId, Identifier};
use crate::ranges::MessageNumber;

/// A message that is still to be sent.
#[derive(Debug)]
pub(crate) struct Outgoing<M> {
    /// None: LastMessage.
    pub(crate) call: Option<CallId>,
    /// What an answer must relate to; None: LastMessage, or a one-way call.
    pub(crate) message_id: Option<Identifier>,
    pub(crate) body: Body<M>,
    pub(crate) deadline: Option<Time>,
}

/// A message that had its number before a crash, and that is not answered.
#[derive(Debug)]
pub(crate) struct Restored<M> {
    pub(crate) number: MessageNumber,
    pub(crate) call: Option<CallId>,
    pub(crate) message_id: Option<Identifier>,
    pub(crate) body: Body<M>,
}

/// A message that was sent and whose answer has not come.
#[derive(Debug)]
pub(crate) struct Entry<M> {
    pub(crate) number: MessageNumber,
    /// None: LastMessage, or a call that has failed already.
    pub(crate) call: Option<CallId>,
    pub(crate) message_id: Option<Identifier>,
    pub(crate) body: Body<M>,
    pub(crate) deadline: Option<Time>,
    pub(crate) state: EntryState,
    /// How often it was sent again.
    pub(crate) retries: u32,
    pub(super) first_attempt: Time,
    pub(crate) last_attempt: Time,
    /// The exchange of its last transmission.
    pub(crate) last_exchange: u64,
    /// Eager recovery: how often it was sent again because others overtook it.
    pub(super) overtaken: u8,
    /// What the peer said of its last transmission.
    pub(super) postponement: Postponement,
    /// It asks for an acknowledgement whenever it is sent.
    pub(super) asks: bool,
}

/// What is known of a message that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryState {
    /// It was sent in its turn.
    Sent,
    /// It was sent while messages below it were not known to be there.
    SentEarly,
    /// The peer refused it because it came early.
    Refused,
    /// Its answer came.
    Answered,
}

impl<M> Entry<M> {
    /// A message that gets its number now.
    pub(super) fn new(number: MessageNumber, outgoing: Outgoing<M>, now: Time) -> Self {
        let Outgoing { call, message_id, body, deadline } = outgoing;
        Self {
            number,
            call,
            message_id,
            body,
            deadline,
            state: EntryState::Sent,
            retries: 0,
            first_attempt: now,
            last_attempt: now,
            last_exchange: 0,
            overtaken: 0,
            postponement: Postponement::default(),
            asks: false,
        }
    }

    /// A one-way call: nothing but an acknowledgement comes for it.
    pub(crate) fn is_one_way(&self) -> bool {
        self.message_id.is_none() && matches!(self.body, Body::Application(_))
    }

    /// A message whose answer came before a crash: it only has its place.
    pub(super) fn answered(number: MessageNumber, now: Time) -> Self {
        let body = Body::LastMessage;
        let outgoing = Outgoing { call: None, message_id: None, body, deadline: None };
        Self { state: EntryState::Answered, ..Self::new(number, outgoing, now) }
    }

    pub(super) fn is_answered(&self) -> bool {
        self.state == EntryState::Answered
    }

    /// It is sent, `early` or in its turn. One that was refused stays so while it is early.
    pub(crate) fn sent(&mut self, exchange: u64, early: bool) {
        self.last_exchange = exchange;
        self.state = match (self.state, early) {
            (EntryState::Answered, _) => EntryState::Answered,
            (_, false) => EntryState::Sent,
            (EntryState::Refused, true) => EntryState::Refused,
            (_, true) => EntryState::SentEarly,
        };
    }
}
