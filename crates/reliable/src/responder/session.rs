//! One session: its names, what was received, what is to be answered.

use super::journal::Journal;
use crate::destination::{Destination, End};
use crate::error::SessionError;
use crate::event::{Counters, SequenceState, Status};
use crate::fault::{FaultKind, SequenceFault};
use crate::headers::SequenceAcknowledgement;
use crate::message::{Body, CreateSequenceResponse, Message};
use crate::mutation::{Mutation, broken};
use crate::names::{ContextTag, Identifier, SessionId};
use crate::settings::{EarlyMessages, ReliableSessionSettings};
use crate::shape::request_reply::Replies;
use crate::shape::{Shape, Waiter, Waiters};
use crate::version::ReliableMessagingVersion;
use waxwing_soap::Time;

/// What every session of a listener has in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) version: ReliableMessagingVersion,
    pub(super) shape: Shape,
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
            holds_early: settings.early_messages == EarlyMessages::Hold,
            flow_control: settings.flow_control_enabled,
        }
    }

    pub(super) fn is_11(&self) -> bool {
        self.version == ReliableMessagingVersion::V11
    }
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

/// 1.1: what becomes of CloseSequence.
#[derive(Debug)]
pub(super) enum CloseAnswer {
    /// None came.
    Unasked,
    /// These wait for the response.
    Waiting(Box<Waiters>),
    /// Each is answered when it comes.
    Given,
}

/// What the application knows of the end of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Application {
    /// More may come.
    Listening,
    /// It was told that no more comes.
    Told,
    /// It has closed its side.
    Closed,
}

#[derive(Debug)]
pub(super) struct Session<M> {
    pub(super) rules: Rules,
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
    /// The forward sequence.
    pub(super) destination: Destination<M>,
    /// Request/reply: the return sequence.
    pub(super) replies: Option<Replies<M>>,
    pub(super) close: CloseAnswer,
    pub(super) application: Application,
    pub(super) counters: Counters,
    /// What is to be made durable; None: nothing, the session lives in memory.
    pub(super) journal: Option<Box<Journal<M>>>,
}

impl<M> Session<M> {
    /// The forward sequence, which names the session.
    pub(super) fn id(&self) -> &SessionId {
        self.destination.received.identifier()
    }

    /// The return sequence.
    pub(super) fn back(&self) -> Option<&Identifier> {
        self.replies.as_ref().and_then(Replies::identifier)
    }

    /// Whether messages of the application are not answered yet.
    pub(super) fn is_busy(&self) -> bool {
        self.replies.as_ref().is_some_and(Replies::is_busy)
    }

    /// Whether every message has come and is answered, and no more will.
    pub(super) fn is_over(&self) -> bool {
        self.destination.has_everything() && !self.is_busy()
    }

    /// The acknowledgement that every answer carries.
    pub(super) fn acknowledgement(&self) -> SequenceAcknowledgement {
        let mut acknowledgement = self.acknowledged();
        // Final is what will not change: not while there are operations whose numbers will be acknowledged.
        acknowledgement.is_final =
            self.destination.is_closed() && !(self.journal.is_some() && self.is_busy());
        if self.replies.is_some() || self.rules.flow_control {
            let held = self.replies.as_ref().map_or(0, Replies::held);
            acknowledgement.buffer_remaining = Some(self.destination.room(held));
        }
        acknowledgement
    }

    /// What a fault that ends the session carries, once CloseSequence has made it final.
    pub(super) fn final_acknowledgement(&self) -> Option<SequenceAcknowledgement> {
        let mut acknowledgement = self.acknowledged();
        acknowledgement.is_final = true;
        self.destination.is_closed().then_some(acknowledgement)
    }

    /// Everything that came; of a durable session what is durable, or will be before this is said. A message whose
    /// operation still runs is not: it comes again after a crash.
    pub(super) fn acknowledged(&self) -> SequenceAcknowledgement {
        let mut acknowledgement = self.destination.received.acknowledgement();
        if self.journal.is_some() && !broken(Mutation::AcknowledgeRunning) {
            let unfinished = self.replies.iter().flat_map(Replies::unfinished);
            unfinished.for_each(|number| {
                acknowledgement.ranges.remove(number);
            });
        }
        acknowledgement
    }

    /// Something that must survive has changed.
    pub(super) fn changed(&mut self) {
        if let Some(journal) = &mut self.journal {
            journal.changed();
        }
    }

    /// A message with only the acknowledgement.
    pub(super) fn stand_alone(&self) -> Message<M> {
        let mut message = Message::new(Body::SequenceAcknowledgement);
        message.headers.acknowledgement = Some(self.acknowledgement());
        message
    }

    /// Every exchange that is still open.
    pub(super) fn waiters(&self) -> impl Iterator<Item = &Waiter> {
        let close = match &self.close {
            CloseAnswer::Waiting(waiters) => Some(waiters.iter()),
            CloseAnswer::Unasked | CloseAnswer::Given => None,
        };
        let replies = self.replies.iter().flat_map(Replies::waiters);
        replies.chain(close.into_iter().flatten())
    }

    /// The initiator broke a rule: it is told, and the session ends.
    pub(super) fn terminated(&self, id: &Identifier, reason: &str) -> SequenceFault {
        SequenceFault::sender(FaultKind::SequenceTerminated(id.clone()), reason)
    }

    pub(super) fn state(&self) -> SequenceState {
        match (self.application, self.destination.end()) {
            (Application::Listening, End::Open) => SequenceState::Open,
            _ => SequenceState::Closing,
        }
    }

    pub(super) fn status(&self) -> Status {
        let count = |of: fn(&Replies<M>) -> usize| self.replies.as_ref().map_or(0, of);
        let replied = count(Replies::unacknowledged);
        let numbers = self.destination.received.numbers();
        Status {
            state: self.state(),
            counters: self.counters,
            outstanding: count(Replies::outstanding) - replied,
            waiting: replied,
            highest: numbers.highest(),
            missing: numbers.missing(),
            ..Status::default()
        }
    }

    pub(super) fn memory(&self) -> usize {
        let response = &self.response;
        let accept = response.accept.as_ref().map_or(0, |a| a.address.capacity());
        size_of::<Self>()
            + size_of::<CreateSequenceResponse>()
            + accept
            + self.tag.as_ref().map_or(0, Identifier::heap_size)
            + self.reply_to.len()
            + self.destination.heap_size()
            + self.replies.as_ref().map_or(0, Replies::heap_size)
    }
}
