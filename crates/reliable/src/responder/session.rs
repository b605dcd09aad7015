//! One session: its names, what was received, what is to be answered.

use std::collections::{BTreeMap, BTreeSet};

use smallvec::SmallVec;

use crate::error::SessionError;
use crate::event::{Counters, SequenceState, Status};
use crate::fault::{FaultKind, SequenceFault};
use crate::headers::{Sequence, SequenceAcknowledgement};
use crate::message::{Body, CreateSequenceResponse, Message};
use crate::mutation::{Mutation, broken};
use crate::names::{ContextTag, ExchangeId, Identifier, SessionId};
use crate::ranges::{MessageNumber, Ranges};
use crate::settings::{EarlyMessages, ReliableSessionSettings};
use crate::shape::Shape;
use crate::version::ReliableMessagingVersion;
use waxwing_soap::Time;

/// What every session of a listener has in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) version: ReliableMessagingVersion,
    pub(super) shape: Shape,
    pub(super) ordered: bool,
    pub(super) window: usize,
    /// Request/reply: messages that come before their turn are held.
    pub(super) holds_early: bool,
    flow_control: bool,
}

impl Rules {
    pub(super) fn new(
        version: ReliableMessagingVersion,
        shape: Shape,
        settings: &ReliableSessionSettings,
    ) -> Self {
        Self {
            version,
            shape,
            ordered: settings.ordered,
            window: settings.max_transfer_window_size as usize,
            holds_early: settings.early_messages == EarlyMessages::Hold,
            flow_control: settings.flow_control_enabled,
        }
    }

    pub(super) fn is_11(&self) -> bool {
        self.version == ReliableMessagingVersion::V11
    }
}

/// An exchange that waits for its response.
#[derive(Clone, Debug)]
pub(super) struct Waiter {
    pub(super) exchange: ExchangeId,
    /// `MessageID` of the request, which a fault or a response relates to.
    pub(super) message_id: Option<Identifier>,
}

/// A message that was accepted and whose answer is not known to have arrived.
#[derive(Debug)]
pub(super) struct Entry<M> {
    /// The exchanges that it came on and that are still open.
    pub(super) waiters: SmallVec<[Waiter; 1]>,
    /// 2005: the `Sequence` header says that it is the last.
    pub(super) is_last: bool,
    pub(super) state: EntryState<M>,
}

/// A message that came before its turn.
#[derive(Debug)]
pub(super) struct Held<M> {
    pub(super) waiters: SmallVec<[Waiter; 1]>,
    pub(super) sequence: Sequence,
    /// None: LastMessage.
    pub(super) message: Option<M>,
}

#[derive(Debug)]
pub(super) enum EntryState<M> {
    /// The application has it, or will.
    Running,
    /// The empty LastMessage, or the reply to a last message: answered after everything else.
    Held(Option<M>),
    /// Answered; kept until the answer is acknowledged.
    Replied { number: MessageNumber, body: Body<M> },
}

/// How a session ends.
#[derive(Debug)]
pub(super) enum Ending {
    Closed,
    Faulted(SessionError, Farewell),
}

/// What those hear that wait for a response.
#[derive(Debug)]
pub(super) enum Farewell {
    Silence,
    Fault(SequenceFault),
}

/// A CloseSequence that was received (1.1).
#[derive(Debug)]
pub(super) struct Closing {
    pub(super) last: Option<MessageNumber>,
    /// Exchanges that wait for the response.
    pub(super) waiters: SmallVec<[Waiter; 1]>,
    pub(super) is_answered: bool,
}

#[derive(Debug)]
pub(super) struct Session<M> {
    pub(super) rules: Rules,
    /// The forward sequence.
    pub(super) id: SessionId,
    /// The return sequence.
    pub(super) back: Option<Identifier>,
    /// Under which name the initiator finds it again when it repeats CreateSequence.
    pub(super) origin: Identifier,
    pub(super) tag: Option<ContextTag>,
    /// The address of the initiator; its requests must name the same.
    pub(super) reply_to: Box<str>,
    /// What CreateSequence was and is answered with.
    pub(super) response: Box<CreateSequenceResponse>,
    pub(super) heard_at: Time,
    /// The time under which it stands in the listener's list.
    pub(super) silent_from: Time,
    pub(super) received: Ranges,
    /// Given to the application and not yet taken off its queue.
    pub(super) queue: BTreeSet<MessageNumber>,
    /// One-way, ordered: received before one that they have to follow.
    pub(super) early: BTreeMap<MessageNumber, Option<M>>,
    /// Request/reply, ordered: came before its turn, held and not acknowledged.
    pub(super) held: BTreeMap<MessageNumber, Held<M>>,
    /// Request/reply: what is to be answered or repeated.
    pub(super) entries: BTreeMap<MessageNumber, Entry<M>>,
    /// The last number given to a reply.
    pub(super) last_reply: MessageNumber,
    /// 2005: the number of the last message.
    pub(super) last: Option<MessageNumber>,
    pub(super) closing: Option<Box<Closing>>,
    /// The application was told that no more comes.
    pub(super) end_told: bool,
    /// The application has closed its side.
    pub(super) app_closed: bool,
    pub(super) counters: Counters,
}

impl<M> Session<M> {
    /// Entries whose answer is with the initiator for all that is known, and not acknowledged. The empty
    /// last reply needs no acknowledgement.
    pub(super) fn unacknowledged(&self) -> usize {
        self.unacknowledged_below(MessageNumber::MAX)
    }

    /// The same for the messages below a number.
    pub(super) fn unacknowledged_below(&self, number: MessageNumber) -> usize {
        let replied = |e: &&Entry<M>| match &e.state {
            EntryState::Replied { body, .. } => !matches!(body, Body::LastMessage),
            _ => false,
        };
        self.entries.range(..number).map(|(_, e)| e).filter(replied).count()
    }

    /// Whether messages of the application are not answered yet.
    pub(super) fn is_busy(&self) -> bool {
        self.entries.values().any(|e| matches!(e.state, EntryState::Running))
    }

    /// 1.1: CloseSequence came, nothing new is taken.
    pub(super) fn is_closed(&self) -> bool {
        self.closing.is_some()
    }

    /// The acknowledgement that every answer carries.
    pub(super) fn acknowledgement(&self) -> SequenceAcknowledgement {
        let mut acknowledgement =
            SequenceAcknowledgement::new(self.id.clone(), self.acknowledged());
        acknowledgement.is_final = self.is_closed();
        if self.rules.shape == Shape::RequestReply || self.rules.flow_control {
            let taken = self.queue.len() + self.early.len() + self.held.len();
            acknowledgement.buffer_remaining = Some(self.rules.window.saturating_sub(taken) as u32);
        }
        acknowledgement
    }

    fn acknowledged(&self) -> Ranges {
        if broken(Mutation::AcknowledgeGaps) {
            return Ranges::up_to(self.received.highest());
        }
        self.received.clone()
    }

    /// What a fault that ends the session carries, once CloseSequence has made it final.
    pub(super) fn final_acknowledgement(&self) -> Option<SequenceAcknowledgement> {
        let mut acknowledgement =
            SequenceAcknowledgement::new(self.id.clone(), self.acknowledged());
        acknowledgement.is_final = true;
        self.is_closed().then_some(acknowledgement)
    }

    /// A message with only the acknowledgement.
    pub(super) fn stand_alone(&self) -> Message<M> {
        let mut message = Message::new(Body::SequenceAcknowledgement);
        message.headers.acknowledgement = Some(self.acknowledgement());
        message
    }

    /// Every exchange that is still open.
    pub(super) fn waiters(&self) -> impl Iterator<Item = &Waiter> {
        let close = self.closing.iter().flat_map(|c| &c.waiters);
        let held = self.held.values().flat_map(|h| &h.waiters);
        self.entries.values().flat_map(|e| &e.waiters).chain(held).chain(close)
    }

    /// The initiator broke a rule: it is told, and the session ends.
    pub(super) fn terminated(&self, id: &Identifier, reason: &str) -> SequenceFault {
        SequenceFault::sender(FaultKind::SequenceTerminated(id.clone()), reason)
    }

    pub(super) fn state(&self) -> SequenceState {
        if self.end_told || self.app_closed || self.is_closed() || self.last.is_some() {
            SequenceState::Closing
        } else {
            SequenceState::Open
        }
    }

    pub(super) fn status(&self) -> Status {
        let replied = self.unacknowledged();
        Status {
            state: self.state(),
            counters: self.counters,
            outstanding: self.entries.len() - replied,
            waiting: replied,
            highest: self.received.highest(),
            missing: self.received.missing(),
            ..Status::default()
        }
    }

    pub(super) fn memory(&self) -> usize {
        let word = size_of::<usize>();
        let text = |id: &Identifier| id.as_str().len() + 2 * word;
        let names = [Some(&self.id), self.back.as_ref(), self.tag.as_ref()];
        let response = &self.response;
        let accept = response.accept.as_ref().map_or(0, |a| a.address.capacity());
        size_of::<Self>()
            + size_of::<CreateSequenceResponse>()
            + accept
            + names.into_iter().flatten().map(text).sum::<usize>()
            + self.reply_to.len()
            + self.received.heap_size()
            + self.queue.len() * 2 * word
            + self.early.len() * (size_of::<Option<M>>() + 2 * word)
            + self.held.len() * (size_of::<Held<M>>() + 2 * word)
            + self.entries.len() * (size_of::<Entry<M>>() + 2 * word)
    }
}
