//! The memory of received messages.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::SecuritySettings;
use crate::error::{Reason, Result};

/// How many messages are remembered at most, unless set otherwise (WCF's `ReplayCacheSize`).
const DEFAULT_CAPACITY: usize = 900_000;

/// Remembers the signature values of messages for as long as their timestamps are acceptable, so that
/// none is accepted twice.
///
/// Sixteen octets of each value are kept, in sets by the quarter of the replay window in which they
/// lapse; a quarter is forgotten as a whole.
#[derive(Debug)]
pub struct ReplayCache {
    capacity: usize,
    /// How long after its creation a message is acceptable.
    lifetime: SignedDuration,
    quarters: Mutex<BTreeMap<i64, HashSet<u128>>>,
}

impl ReplayCache {
    /// A cache for these settings with room for 900,000 messages.
    pub fn new(settings: &SecuritySettings) -> Self {
        Self::with_capacity(settings, DEFAULT_CAPACITY)
    }

    /// A cache with room for `capacity` messages.
    pub fn with_capacity(settings: &SecuritySettings, capacity: usize) -> Self {
        let lifetime = settings.replay_window.saturating_add(settings.max_clock_skew);
        Self { capacity, lifetime, quarters: Mutex::default() }
    }

    /// Remembers a message by its signature value.
    ///
    /// # Errors
    /// [`Reason::Replay`] when it is known already, [`Reason::ReplayCacheFull`] when there is no room.
    pub fn insert(&self, signature: &[u8], created: Timestamp, now: Timestamp) -> Result<()> {
        let key = key_of(signature);
        let lapses = created.as_second().saturating_add(self.lifetime.as_secs());
        let mut quarters = self.quarters.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.quarter(now.as_second());
        while quarters.first_key_value().is_some_and(|(quarter, _)| *quarter < current) {
            quarters.pop_first();
        }
        if quarters.values().any(|set| set.contains(&key)) {
            return Err(Reason::Replay.into());
        }
        if quarters.values().map(HashSet::len).sum::<usize>() >= self.capacity {
            return Err(Reason::ReplayCacheFull(self.capacity).into());
        }
        quarters.entry(self.quarter(lapses).max(current)).or_default().insert(key);
        Ok(())
    }

    /// How many messages are remembered.
    pub fn len(&self) -> usize {
        let quarters = self.quarters.lock().unwrap_or_else(PoisonError::into_inner);
        quarters.values().map(HashSet::len).sum()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn quarter(&self, second: i64) -> i64 {
        second.div_euclid((self.lifetime.as_secs() / 4).max(1))
    }
}

/// The leading octets of a signature value, which are as good as random.
fn key_of(signature: &[u8]) -> u128 {
    let mut octets = [0; 16];
    let n = signature.len().min(16);
    octets[..n].copy_from_slice(&signature[..n]);
    u128::from_be_bytes(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn value(n: u64) -> Vec<u8> {
        let mut value = vec![0; 20];
        value[..8].copy_from_slice(&n.to_be_bytes());
        value
    }

    #[test]
    fn a_message_is_known_while_its_timestamp_is_acceptable() {
        let cache = ReplayCache::new(&SecuritySettings::default());
        cache.insert(&value(1), at(0), at(0)).unwrap();
        for second in [0, 1, 300, 599] {
            let error = cache.insert(&value(1), at(0), at(second)).unwrap_err();
            assert_eq!(error.reason(), &Reason::Replay, "after {second} s");
        }
        // Created five minutes ahead of our clock: acceptable, hence known, for a quarter of an hour.
        cache.insert(&value(2), at(300), at(0)).unwrap();
        cache.insert(&value(2), at(300), at(899)).unwrap_err();
    }

    #[test]
    fn lapsed_messages_make_room() {
        let cache = ReplayCache::with_capacity(&SecuritySettings::default(), 100);
        for n in 0..100 {
            cache.insert(&value(n), at(0), at(0)).unwrap();
        }
        let error = cache.insert(&value(100), at(0), at(0)).unwrap_err();
        assert_eq!(error.reason(), &Reason::ReplayCacheFull(100));
        cache.insert(&value(100), at(760), at(760)).unwrap();
        assert_eq!(cache.len(), 1);
    }
}
