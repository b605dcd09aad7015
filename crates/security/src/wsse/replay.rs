//! The memory of received messages.
//!
//! What is forgotten is refused. A memory that is full forgets its oldest messages and from then on refuses every
//! message that is not newer than they were: it accepts a shorter time, and neither a message twice nor nobody any
//! more. What it forgot is a high-water mark that only rises, so that no clock, however it jumps, brings a forgotten
//! message back.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::SecuritySettings;
use crate::error::{Reason, Result};
use crate::mutation::{Mutation, broken};

/// How many messages are remembered at most, unless set otherwise (WCF's `ReplayCacheSize`).
const DEFAULT_CAPACITY: usize = 900_000;

/// How far ahead of the receiver's clock a message may be created and still count as one of now. Most clocks are
/// closer; what is further ahead may take [`AHEAD_PART`] of the room only.
const AHEAD: SignedDuration = SignedDuration::from_secs(10);

/// The part of the room (a quarter) that messages from ahead may take. Who fills a memory with messages dated five
/// minutes ahead would otherwise push out those of now, and nothing would be new enough.
const AHEAD_PART: usize = 4;

/// What each memory of a pool may hold although the pool is full: more than the messages that one session has under
/// way at once, so that no other sender's load makes it refuse an honest message.
const GUARANTEED: usize = 1024;

/// The messages of one sender that were accepted: by creation time in milliseconds, and the leading octets of the
/// signature value. A verified message's creation time is signed, so equal values have equal times.
#[derive(Debug)]
pub(crate) struct ReplayWindow {
    seen: BTreeSet<(i64, u128)>,
    /// Those that were created ahead of the clock when it was last looked at.
    ahead: BTreeSet<(i64, u128)>,
    /// Nothing created up to then is accepted: something of that time is forgotten. Never falls.
    floor: i64,
}

impl ReplayWindow {
    /// A window that refuses what was created up to `floor` (milliseconds since 1970).
    pub(crate) fn new(floor: i64) -> Self {
        Self { seen: BTreeSet::new(), ahead: BTreeSet::new(), floor }
    }

    pub(crate) fn len(&self) -> usize {
        self.seen.len() + self.ahead.len()
    }

    /// The creation time of the newest message that was forgotten.
    pub(crate) fn floor(&self) -> i64 {
        self.floor
    }

    /// Enters a message; there must be room for it, which [`ReplayWindow::shrink`] makes. `room` is that of the
    /// window, of which messages from ahead get a part.
    ///
    /// # Errors
    /// [`Reason::Replay`] when it is known, [`Reason::OlderThanMemory`] when it may have been forgotten,
    /// [`Reason::AheadOfMemory`] when too many are remembered that were created ahead.
    pub(crate) fn insert(
        &mut self,
        signature: &[u8],
        created: Timestamp,
        now: Timestamp,
        room: usize,
    ) -> Result<()> {
        let entry = (created.as_millisecond(), key_of(signature));
        if self.seen.contains(&entry) || self.ahead.contains(&entry) {
            return Err(Reason::Replay.into());
        }
        if entry.0 <= self.floor {
            let oldest = Timestamp::from_millisecond(self.floor).unwrap_or(created);
            return Err(Reason::OlderThanMemory { created, oldest }.into());
        }
        let present = now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX).as_millisecond();
        while self.ahead.first().is_some_and(|(created, _)| *created <= present) {
            self.seen.extend(self.ahead.pop_first());
        }
        if entry.0 <= present {
            self.seen.insert(entry);
        } else if self.ahead.len() < (room / AHEAD_PART).max(1) {
            self.ahead.insert(entry);
        } else {
            return Err(Reason::AheadOfMemory { created, now }.into());
        }
        Ok(())
    }

    /// Forgets messages that were created too long ago to be accepted by the clock; what was forgotten stays
    /// refused when the clock is set back. Gives how many went.
    pub(crate) fn lapse(&mut self, lifetime: SignedDuration, now: Timestamp) -> usize {
        let until = now.saturating_sub(lifetime).unwrap_or(Timestamp::MIN).as_millisecond();
        let before = self.len();
        while self.oldest().is_some_and(|created| created <= until) {
            self.forget_oldest();
        }
        before - self.len()
    }

    /// Forgets the oldest until at most `most` are left. Gives how many went.
    pub(crate) fn shrink(&mut self, most: usize) -> usize {
        let before = self.len();
        while self.len() > most && self.forget_oldest() {}
        before - self.len()
    }

    fn oldest(&self) -> Option<i64> {
        let first = |set: &BTreeSet<(i64, u128)>| set.first().map(|(created, _)| *created);
        first(&self.seen).into_iter().chain(first(&self.ahead)).min()
    }

    fn forget_oldest(&mut self) -> bool {
        let from_ahead = match (self.seen.first(), self.ahead.first()) {
            (Some(seen), Some(ahead)) => ahead < seen,
            (seen, _) => seen.is_none(),
        };
        let set = if from_ahead { &mut self.ahead } else { &mut self.seen };
        let Some((created, _)) = set.pop_first() else { return false };
        self.floor = self.floor.max(created);
        true
    }
}

/// What all memories of a service may hold together. Clones are one pool.
#[derive(Debug, Clone)]
pub(crate) struct ReplayPool {
    used: Arc<AtomicUsize>,
    size: usize,
}

impl ReplayPool {
    /// Room for `size` messages.
    pub(crate) fn new(size: usize) -> Self {
        Self { used: Arc::default(), size: size.max(1) }
    }

    pub(crate) fn size(&self) -> usize {
        self.size
    }

    pub(crate) fn is_full(&self) -> bool {
        self.used.load(Ordering::Relaxed) >= self.size
    }

    /// Notes that a memory went from `before` to `after` messages.
    pub(crate) fn account(&self, before: usize, after: usize) {
        match after.checked_sub(before) {
            Some(more) => self.used.fetch_add(more, Ordering::Relaxed),
            None => self.used.fetch_sub(before - after, Ordering::Relaxed),
        };
    }

    #[cfg(test)]
    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

/// Remembers the messages of one sender (of a session, of a negotiated token, of a client's service) for as long
/// as their timestamps are acceptable, so that none is accepted twice. When it is full the acceptable time becomes
/// shorter; see the module.
#[derive(Debug)]
pub struct ReplayCache {
    capacity: usize,
    /// How long after its creation a message is acceptable.
    lifetime: SignedDuration,
    window: Mutex<ReplayWindow>,
    pool: ReplayPool,
}

impl ReplayCache {
    /// A cache for these settings with room for 900,000 messages.
    pub fn new(settings: &SecuritySettings) -> Self {
        Self::with_capacity(settings, DEFAULT_CAPACITY)
    }

    /// A cache with room for `capacity` messages (at least one).
    pub fn with_capacity(settings: &SecuritySettings, capacity: usize) -> Self {
        Self::in_pool(settings, capacity, ReplayPool::new(capacity))
    }

    /// A cache with room for `capacity` messages while the pool has room, and for a thousand at any time.
    pub(crate) fn in_pool(settings: &SecuritySettings, capacity: usize, pool: ReplayPool) -> Self {
        let window = Mutex::new(ReplayWindow::new(i64::MIN));
        Self { capacity: capacity.max(1), lifetime: lifetime_of(settings), window, pool }
    }

    /// Remembers a message by its signature value.
    ///
    /// # Errors
    /// [`Reason::Replay`] when it is known already, [`Reason::OlderThanMemory`] when it is so old that it may have
    /// been forgotten, [`Reason::AheadOfMemory`] when too many are remembered that were created ahead of `now`.
    pub fn insert(&self, signature: &[u8], created: Timestamp, now: Timestamp) -> Result<()> {
        let mut window = self.lock();
        let before = window.len();
        window.lapse(self.lifetime, now);
        if broken(Mutation::ForgetMessages) {
            return Ok(());
        }
        let entered = window.insert(signature, created, now, self.capacity);
        let mut most = self.capacity;
        if entered.is_ok() && self.pool.is_full() {
            // Every message takes two away from those who have more than their due.
            let due = GUARANTEED.min(self.pool.size());
            most = most.min(window.len().saturating_sub(2).max(due));
        }
        window.shrink(most);
        self.pool.account(before, window.len());
        entered
    }

    /// Forgets what is too old to be accepted by the clock. [`ReplayCache::insert`] does it too.
    pub fn lapse(&self, now: Timestamp) {
        let mut window = self.lock();
        let gone = window.lapse(self.lifetime, now);
        self.pool.account(gone, 0);
    }

    /// How many messages are remembered.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, ReplayWindow> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ReplayCache {
    fn drop(&mut self) {
        let window = self.window.get_mut().unwrap_or_else(PoisonError::into_inner);
        self.pool.account(window.len(), 0);
    }
}

/// How long after its creation a message is acceptable.
pub(crate) fn lifetime_of(settings: &SecuritySettings) -> SignedDuration {
    settings.replay_window.saturating_add(settings.max_clock_skew)
}

/// The leading octets of a signature value, which are as good as random.
fn key_of(signature: &[u8]) -> u128 {
    let mut octets = [0; 16];
    let n = signature.len().min(16);
    octets[..n].copy_from_slice(&signature[..n]);
    u128::from_be_bytes(octets)
}

#[cfg(test)]
mod tests;
