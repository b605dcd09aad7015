//! The negotiations under way at a service: a bounded number, each for a bounded time.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::error::NegotiationError;
use crate::conversation::ServiceLimits;

/// When there is no room for another negotiation, one that is older than this makes way: an honest
/// client needs two round trips, and whoever only opens negotiations must not lock the others out.
const GRACE: SignedDuration = SignedDuration::from_secs(5);

/// Negotiations by their context.
pub(super) struct Pool<N> {
    map: Mutex<HashMap<Box<str>, Slot<N>>>,
    max: usize,
    timeout: SignedDuration,
}

struct Slot<N> {
    begun: Timestamp,
    /// Which of several negotiations of this name, so that one that comes back after its slot was
    /// given up does not take another's.
    serial: u64,
    /// None while a thread works on it.
    negotiation: Option<N>,
}

/// A place in the pool while its negotiation is worked on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place(u64);

impl<N> Pool<N> {
    pub(super) fn new(limits: &ServiceLimits) -> Self {
        let (max, timeout) = (limits.max_negotiations, limits.negotiation_timeout);
        Self { map: Mutex::default(), max, timeout }
    }

    /// Takes a place for a new negotiation.
    pub(super) fn begin(
        &self,
        context: &str,
        now: Timestamp,
        serial: u64,
    ) -> Result<Place, NegotiationError> {
        let mut map = self.lock();
        self.forget_lapsed(&mut map, now);
        if map.remove(context).is_some() {
            return Err(NegotiationError::RepeatedContext(context.into()));
        }
        if map.len() >= self.max {
            let oldest = map.iter().min_by_key(|(_, slot)| slot.begun);
            let oldest = oldest.filter(|(_, slot)| now.duration_since(slot.begun) > GRACE);
            let oldest = oldest.map(|(context, _)| context.clone());
            let oldest = oldest.ok_or(NegotiationError::TooMany(map.len()))?;
            map.remove(&oldest);
        }
        map.insert(context.into(), Slot { begun: now, serial, negotiation: None });
        Ok(Place(serial))
    }

    /// Takes a negotiation out to work on it; its place is kept.
    pub(super) fn take(
        &self,
        context: &str,
        now: Timestamp,
    ) -> Result<(Place, N), NegotiationError> {
        let mut map = self.lock();
        self.forget_lapsed(&mut map, now);
        let unknown = || NegotiationError::UnknownContext(context.into());
        let slot = map.get_mut(context).ok_or_else(unknown)?;
        let negotiation = slot.negotiation.take().ok_or_else(unknown)?;
        Ok((Place(slot.serial), negotiation))
    }

    /// Puts a negotiation back that goes on.
    pub(super) fn put_back(&self, context: &str, place: Place, negotiation: N) {
        let mut map = self.lock();
        if let Some(slot) = map.get_mut(context).filter(|slot| slot.serial == place.0) {
            slot.negotiation = Some(negotiation);
        }
    }

    /// Gives a place up. False when somebody else did so in the meantime.
    pub(super) fn end(&self, context: &str, place: Place) -> bool {
        let mut map = self.lock();
        let ours = map.get(context).is_some_and(|slot| slot.serial == place.0);
        if ours {
            map.remove(context);
        }
        ours
    }

    /// Forgets a negotiation, whoever works on it.
    pub(super) fn forget(&self, context: &str) {
        self.lock().remove(context);
    }

    pub(super) fn sweep(&self, now: Timestamp) {
        self.forget_lapsed(&mut self.lock(), now);
    }

    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    fn forget_lapsed(&self, map: &mut HashMap<Box<str>, Slot<N>>, now: Timestamp) {
        map.retain(|_, slot| now.duration_since(slot.begun) <= self.timeout);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Slot<N>>> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
