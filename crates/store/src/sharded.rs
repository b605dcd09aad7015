//! Several stores as one: each group is in one of them, and so is everything that belongs to it.

use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::error::StoreError;
use crate::model::{Epoch, Group, Kind, Name, Queue, Record, RecordId, StoredMessage, Unit};
use crate::nodes::Nodes;
use crate::store::{BoxFuture, Claim, Health, Outcome, Store};

/// Reads from an identifier which shard it was made for. None: it does not say.
pub type ShardOf = fn(&str) -> Option<u16>;

/// Several stores as one, for more sessions than one database serves.
///
/// A group is in the shard that its identifier says, else in one that follows from its text. What is asked of one group goes to
/// its shard only, and what one shard does not answer concerns its groups only.
///
/// * The number of shards, and their order, stay what they were at the beginning: otherwise groups are looked for where they
///   are not.
/// * A name is unique in its shard. That two sessions of different shards take the same one, which strangers chose, is not
///   noticed; either is found by it.
/// * The nodes are those of each shard: who is dead to one may live to another.
pub struct ShardedStore {
    shards: Vec<Arc<dyn Store>>,
    shard_of: ShardOf,
}

impl std::fmt::Debug for ShardedStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShardedStore").field("shards", &self.shards.len()).finish_non_exhaustive()
    }
}

impl ShardedStore {
    /// Of these stores, in this order.
    ///
    /// # Errors
    /// There is none, or more than 65,535.
    pub fn new(shards: Vec<Arc<dyn Store>>, shard_of: ShardOf) -> Result<Self, StoreError> {
        if shards.is_empty() || shards.len() > usize::from(u16::MAX) {
            let text = format!("a store needs 1 to 65535 shards, not {}", shards.len());
            return Err(StoreError::Configuration(text));
        }
        Ok(Self { shards, shard_of })
    }

    /// The shards, in their order.
    pub fn shards(&self) -> &[Arc<dyn Store>] {
        &self.shards
    }

    /// What an identifier says; more than there are is said by a stranger.
    fn named(&self, text: &str) -> Option<usize> {
        (self.shard_of)(text).map(usize::from).filter(|shard| *shard < self.shards.len())
    }

    fn of(&self, group: &Group) -> &Arc<dyn Store> {
        let text = group.as_str();
        let at = self.named(text).unwrap_or_else(|| {
            // FNV-1a: the same in every process and version.
            let hash = text.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, octet| {
                (hash ^ u64::from(octet)).wrapping_mul(0x0000_0100_0000_01B3)
            });
            (hash % self.shards.len() as u64) as usize
        });
        &self.shards[at]
    }
}

/// What is asked of each shard.
type Asked<'a, T> = Vec<BoxFuture<'a, Result<Vec<T>, StoreError>>>;

/// What those say that answer, if it is anything.
async fn all<T>(asked: Asked<'_, T>) -> Result<Vec<T>, StoreError> {
    let (mut found, mut failed) = (Vec::new(), None);
    for answer in asked {
        match answer.await {
            Ok(more) => found.extend(more),
            Err(error) => failed = Some(error),
        }
    }
    match failed {
        Some(error) if found.is_empty() => Err(error),
        Some(error) => {
            tracing::warn!("a shard of the store does not answer: {error}");
            Ok(found)
        }
        None => Ok(found),
    }
}

impl Store for ShardedStore {
    fn commit(&self, unit: Unit) -> BoxFuture<'static, Outcome> {
        self.of(&unit.record.group).commit(unit)
    }

    fn claim(&self, group: &Group) -> BoxFuture<'_, Result<Claim, StoreError>> {
        self.of(group).claim(group)
    }

    fn find(&self, name: &Name) -> BoxFuture<'_, Result<Option<Group>, StoreError>> {
        // Where it says it is; what strangers chose may be anywhere.
        let first = self.named(name.as_str()).unwrap_or(0);
        let name = name.clone();
        Box::pin(async move {
            let mut failed = None;
            for at in (first..self.shards.len()).chain(0..first) {
                match self.shards[at].find(&name).await {
                    Ok(Some(group)) => return Ok(Some(group)),
                    Ok(None) => {}
                    Err(error) => failed = Some(error),
                }
            }
            // One that does not answer may have it.
            failed.map_or(Ok(None), Err)
        })
    }

    fn unfinished(
        &self,
        after: Option<&Group>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Group>, StoreError>> {
        let asked: Asked<'_, _> =
            self.shards.iter().map(|shard| shard.unfinished(after, limit)).collect();
        Box::pin(async move {
            let mut groups = all(asked).await?;
            groups.sort();
            groups.truncate(limit);
            Ok(groups)
        })
    }

    fn messages(
        &self,
        record: &RecordId,
        queue: Queue,
        after: u64,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<StoredMessage>, StoreError>> {
        self.of(&record.group).messages(record, queue, after, limit)
    }

    fn message(
        &self,
        record: &RecordId,
        queue: Queue,
        name: &Name,
    ) -> BoxFuture<'_, Result<Option<StoredMessage>, StoreError>> {
        self.of(&record.group).message(record, queue, name)
    }

    fn records(
        &self,
        kind: Kind,
        after: Option<&RecordId>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Record>, StoreError>> {
        let asked: Asked<'_, _> =
            self.shards.iter().map(|shard| shard.records(kind, after, limit)).collect();
        Box::pin(async move {
            let mut records = all(asked).await?;
            records.sort_by(|a, b| a.id.cmp(&b.id));
            records.truncate(limit);
            Ok(records)
        })
    }

    fn release(&self, group: &Group, epoch: Epoch) -> BoxFuture<'static, Outcome> {
        self.of(group).release(group, epoch)
    }

    fn expire(
        &self,
        kinds: &[Kind],
        before: Timestamp,
        limit: usize,
    ) -> BoxFuture<'_, Result<usize, StoreError>> {
        let kinds = kinds.to_vec();
        Box::pin(async move {
            let (mut removed, mut failed) = (0, None);
            for shard in &self.shards {
                match shard.expire(&kinds, before, limit - removed).await {
                    Ok(more) => removed += more,
                    Err(error) => failed = Some(error),
                }
            }
            match failed {
                Some(error) if removed == 0 => Err(error),
                _ => Ok(removed),
            }
        })
    }

    /// Those of the first shard.
    fn shard_count(&self) -> NonZeroU16 {
        let shards = u16::try_from(self.shards.len()).ok();
        shards.and_then(NonZeroU16::new).unwrap_or(NonZeroU16::MIN)
    }

    fn nodes(&self) -> Option<&dyn Nodes> {
        self.shards[0].nodes()
    }

    /// All together; in trouble when all are ([`shards`](Self::shards) tell of themselves).
    fn health(&self) -> Health {
        let mut whole = Health::default();
        let all: Vec<_> = self.shards.iter().map(|shard| shard.health()).collect();
        if all.iter().all(|health| health.trouble.is_some()) {
            whole.trouble = all[0].trouble.clone();
        }
        whole.last_commit = all.iter().map(|h| h.last_commit).max().unwrap_or(Duration::ZERO);
        for health in all {
            whole.records += health.records;
            whole.octets.0 += health.octets.0;
            whole.octets.1 += health.octets.1;
            whole.committed.0 += health.committed.0;
            whole.committed.1 += health.committed.1;
            whole.committed.2 += health.committed.2;
        }
        whole
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            for shard in &self.shards {
                shard.close().await;
            }
        })
    }
}
