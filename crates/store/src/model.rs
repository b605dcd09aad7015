//! What is kept: records, their messages, and units of change.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

/// What is owned and fenced together: a security context with its sequences (by the identifier of the context), a sequence
/// without one (by its own identifier), a client's conversation or its outbox (by the name that the program gives). At most
/// 512 octets.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Group(Arc<str>);

/// A name under which a group is found that is not its own: the identifier of a sequence, of an offered one, of the message
/// that asked for one. At most 512 octets.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

macro_rules! text {
    ($name:ident) => {
        impl $name {
            /// Of its text.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
text!(Group);
text!(Name);

/// What a record is of. The number is what the store writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum Kind {
    /// A security context of a service.
    Context = 1,
    /// A reliable session of a service.
    Sequence = 2,
    // 3 was a client's conversation, which was never written: it is in its outbox.
    /// What a client is to deliver, and what came of it.
    Outbox = 4,
    /// A message that a service has given up, for people. Each is a group of its own.
    DeadLetter = 5,
}

impl Kind {
    /// The kind that a store has written as this number.
    pub fn of_number(number: u8) -> Option<Self> {
        let all = [Self::Context, Self::Sequence, Self::Outbox, Self::DeadLetter];
        all.into_iter().find(|kind| *kind as u8 == number)
    }
}

/// Which record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId {
    /// The group that it belongs to.
    pub group: Group,
    /// What it is of.
    pub kind: Kind,
    /// Its name in the group: the identifier of the sequence; empty where a group has one record of the kind.
    pub name: Name,
}

/// How often a group has changed its owner. It begins with 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u64);

/// How often the state of a record was written. The first one is 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u64);

impl Version {
    /// The one after it.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Which messages of a record: each queue counts by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum Queue {
    /// Received, acknowledged, not executed. By the message's number in its sequence.
    Received = 1,
    /// To be delivered by a client. By its place in the outbox.
    Outgoing = 2,
    /// What came of those. By the same place.
    Results = 3,
    /// Given up after so many attempts, or in doubt: for people. By a running number; of an outbox by the same place.
    DeadLetters = 4,
    /// Calls of a service whose start is recorded: how often they were begun. By the message's number in its sequence.
    Begun = 5,
}

impl Queue {
    /// The queue that a store has written as this number.
    pub fn of_number(number: u8) -> Option<Self> {
        let all = [Self::Received, Self::Outgoing, Self::Results, Self::DeadLetters, Self::Begun];
        all.into_iter().find(|queue| *queue as u8 == number)
    }
}

/// A message beside a record's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMessage {
    /// Which queue.
    pub queue: Queue,
    /// Its number there.
    pub number: u64,
    /// The name that the application gave it, unique in its queue.
    pub name: Option<Name>,
    /// What it is, in the format of whoever wrote it.
    pub body: Bytes,
}

/// What becomes of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageChange {
    /// It is there from now on. One with the same number is replaced; another one with the same name makes the unit
    /// [`Outcome::Exists`](crate::Outcome::Exists).
    Put(StoredMessage),
    /// It is gone. None that is not there is no error.
    Remove(Queue, u64),
}

/// What becomes of a name under which a group is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameChange {
    /// The group is found by it. A name that is another group's makes the unit [`Outcome::Exists`](crate::Outcome::Exists).
    Add(Name),
    /// It is found by it no more.
    Remove(Name),
}

/// What a unit does to the state of its record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The record begins, with version 1. One that is there makes the unit [`Outcome::Stale`](crate::Outcome::Stale).
    Create(Bytes),
    /// It is written anew: from the version before this one.
    Write(Version, Bytes),
    /// It stays as it is; only messages and names change. Nothing but the epoch is checked.
    Keep,
    /// The record ends: with its messages and its names. The last one of a group ends that.
    Remove,
}

/// What is committed at once, or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// The record.
    pub record: RecordId,
    /// Under which ownership of the group its author writes.
    pub epoch: Epoch,
    /// What becomes of its state.
    pub step: Step,
    /// From when on the record may be forgotten, by the time of day. None: as it was.
    pub expires_at: Option<Timestamp>,
    /// What becomes of its names.
    pub names: Vec<NameChange>,
    /// What becomes of its messages.
    pub messages: Vec<MessageChange>,
}

impl Unit {
    /// Whether it begins a group that is not there: a record that begins, under the first epoch. A sequence in the context of
    /// another name does not: whoever opens one in a context that has ended meanwhile is late, and not the first.
    pub fn begins_group(&self) -> bool {
        let RecordId { group, kind, name } = &self.record;
        let belongs =
            *kind == Kind::Sequence && !name.as_str().is_empty() && name.as_str() != group.as_str();
        matches!(self.step, Step::Create(_)) && self.epoch == Epoch(1) && !belongs
    }
}

/// A record as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Which.
    pub id: RecordId,
    /// Who may write it.
    pub epoch: Epoch,
    /// How often it was written.
    pub version: Version,
    /// When it may be forgotten.
    pub expires_at: Timestamp,
    /// The state, in the format of whoever wrote it.
    pub state: Bytes,
    /// Its names.
    pub names: Vec<Name>,
    /// Its messages, by queue and number. Of an outbox only those of [`Queue::Outgoing`]; the others are asked for one by
    /// one.
    pub messages: Vec<StoredMessage>,
}
