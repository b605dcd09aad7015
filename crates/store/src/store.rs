//! What a store does.

use std::num::NonZeroU16;
use std::time::Duration;

use jiff::Timestamp;

use crate::error::StoreError;
use crate::model::{Epoch, Group, Kind, Name, Queue, Record, RecordId, StoredMessage, Unit};
use crate::nodes::Nodes;
pub use crate::nodes::{BoxFuture, NodeAddress};

/// What became of a unit.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It is durable.
    Done,
    /// The group belongs to somebody else by now, or is gone: nothing was written, and the author forgets what it knows of
    /// the group.
    Fenced,
    /// The record is not at the version that the unit follows: nothing was written. The author has lost track, and loads
    /// the group again.
    Stale,
    /// A name is taken: nothing was written. For an outbox: the number of the message that has it.
    Exists(u64),
    /// Nothing was written, for this reason.
    Refused(StoreError),
    /// It may be written or not. The author must not say anything that depends on it before the group is loaded again.
    Unknown(StoreError),
}

impl Outcome {
    /// Whether the unit is durable.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done)
    }
}

/// Who has a group.
#[derive(Clone, Debug)]
pub enum Claim {
    /// Whoever asked, from now on; with everything that belongs to it, the context first.
    Mine(Epoch, Vec<Record>),
    /// Another node that lives.
    Others(NodeAddress),
    /// Nobody: there is no such group.
    Unknown,
}

/// How a store is.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Health {
    /// Why it takes nothing at the moment; none: it does.
    pub trouble: Option<StoreError>,
    /// How many records there are, as far as that is known.
    pub records: u64,
    /// How many octets it takes on the disk, and how many it may; 0: not known, no limit.
    pub octets: (u64, u64),
    /// How long the last commit took.
    pub last_commit: Duration,
    /// How many units were committed, in how many groups, and how many were fenced.
    pub committed: (u64, u64, u64),
}

/// Where sessions and outboxes are kept. Shared by all threads of a node.
pub trait Store: Send + Sync + 'static {
    /// Commits a unit. It stands in the queue when this is called, not when the future is polled: units of one group are
    /// committed in the order of the calls. After one of a group is not [`Outcome::Done`] those that stand behind it may be
    /// done all the same, if they do not depend on it.
    ///
    /// A group begins with [`Step::Create`](crate::Step::Create) under [`Epoch`] 1
    /// ([`begins_group`](crate::Unit::begins_group)); whoever does that owns it. A store that is
    /// full ([`StoreError::Full`]) refuses new records, and messages to be delivered; what is open goes on.
    fn commit(&self, unit: Unit) -> BoxFuture<'static, Outcome>;

    /// Makes whoever asks the owner of a group, unless another node lives that has it. What was committed before is seen.
    ///
    /// Each claim makes the epoch greater, also one by the owner: what that wrote itself and lost sight of is fenced. So a
    /// group that lives in memory is not claimed.
    ///
    /// # Errors
    /// The store cannot say; nothing may be concluded.
    fn claim(&self, group: &Group) -> BoxFuture<'_, Result<Claim, StoreError>>;

    /// The group that is found by a name.
    ///
    /// # Errors
    /// As for [`claim`](Self::claim).
    fn find(&self, name: &Name) -> BoxFuture<'_, Result<Option<Group>, StoreError>>;

    /// Groups with work that nobody does: received and not executed messages of groups without a living owner, or of this
    /// one's process before it died. In pages: those after `after`, at most `limit`. They are to be claimed.
    ///
    /// # Errors
    /// As for [`claim`](Self::claim).
    fn unfinished(
        &self,
        after: Option<&Group>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Group>, StoreError>>;

    /// Messages of a record, by number: those after `after`, at most `limit`. Numbers begin with 1.
    ///
    /// # Errors
    /// As for [`claim`](Self::claim).
    fn messages(
        &self,
        record: &RecordId,
        queue: Queue,
        after: u64,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<StoredMessage>, StoreError>>;

    /// The message of a record that has this name.
    ///
    /// # Errors
    /// As for [`claim`](Self::claim).
    fn message(
        &self,
        record: &RecordId,
        queue: Queue,
        name: &Name,
    ) -> BoxFuture<'_, Result<Option<StoredMessage>, StoreError>>;

    /// Records of a kind, whoever has them, with their messages: those after `after`, in the order of their identifiers, at most
    /// `limit`. Nothing is claimed, and what is told may have changed since.
    ///
    /// # Errors
    /// As for [`claim`](Self::claim).
    fn records(
        &self,
        kind: Kind,
        after: Option<&RecordId>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Record>, StoreError>> {
        let _ = (kind, after, limit);
        let text = "this store does not list its records".to_owned();
        Box::pin(std::future::ready(Err(StoreError::Configuration(text))))
    }

    /// Gives a group back: another node may claim it at once. For a drain.
    fn release(&self, group: &Group, epoch: Epoch) -> BoxFuture<'static, Outcome>;

    /// Removes records of these kinds that may be forgotten since before this time, at most `limit`; how many that were.
    /// Whoever has them finds its next unit fenced. A record with a message that was received and not executed stays: it was
    /// acknowledged.
    ///
    /// # Errors
    /// As for [`claim`](Self::claim).
    fn expire(
        &self,
        kinds: &[Kind],
        before: Timestamp,
        limit: usize,
    ) -> BoxFuture<'_, Result<usize, StoreError>>;

    /// The nodes that share it. None: it is one process's.
    fn nodes(&self) -> Option<&dyn Nodes> {
        None
    }

    /// How many shards it has. Identifiers that are made for it say one of them, so that each has its part.
    fn shard_count(&self) -> NonZeroU16 {
        NonZeroU16::MIN
    }

    /// How it is.
    fn health(&self) -> Health;

    /// Ends it: what stands in the queue is committed first. Nothing is taken afterwards.
    fn close(&self) -> BoxFuture<'_, ()>;
}
