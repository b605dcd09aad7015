//! The negotiations under way at a service: a bounded number, each for a bounded time.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::error::NegotiationError;
use crate::conversation::ServiceLimits;
use crate::crowd::{Admission, Holder, Patience, Place as Taken, admit};
use crate::delivery::Delivery;

/// An honest client needs one more round trip, which takes a while when client and service are busy themselves.
const PATIENCE: Patience =
    Patience { fewer: Duration::from_secs(1), anybody: Duration::from_secs(10) };

/// Negotiations by their context.
pub(super) struct Pool<N> {
    map: Mutex<HashMap<Box<str>, Slot<N>>>,
    max: usize,
    timeout: Duration,
}

struct Slot<N> {
    /// By whom, and when it was begun (by [`Delivery::elapsed`]).
    taken: Taken,
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
        let max = limits.max_negotiations;
        let timeout = limits.negotiation_timeout.try_into().unwrap_or(Duration::ZERO);
        Self { map: Mutex::default(), max, timeout }
    }

    /// Takes a place for a new negotiation. When there is none, one of a peer that has more makes way, or one that
    /// takes longer than any honest client's: whoever only opens negotiations must not lock the others out.
    pub(super) fn begin(
        &self,
        context: &str,
        at: &Delivery,
        serial: u64,
    ) -> Result<Place, NegotiationError> {
        let mut map = self.lock();
        self.forget_lapsed(&mut map, at.elapsed);
        if map.remove(context).is_some() {
            return Err(NegotiationError::RepeatedContext(context.into()));
        }
        let holder = Holder::of_peer(at.peer);
        let places: Vec<Taken> = map.values().map(|slot| slot.taken).collect();
        match admit(&places, holder, self.max, PATIENCE, at.elapsed) {
            Admission::Free => {}
            Admission::Full => return Err(NegotiationError::TooMany(map.len())),
            Admission::Instead(place) => {
                let victim = map.keys().nth(place).cloned();
                victim.map(|context| map.remove(&context));
            }
        }
        let taken = Taken { holder, since: at.elapsed };
        map.insert(context.into(), Slot { taken, serial, negotiation: None });
        Ok(Place(serial))
    }

    /// Takes a negotiation out to work on it; its place is kept.
    pub(super) fn take(
        &self,
        context: &str,
        at: &Delivery,
    ) -> Result<(Place, N), NegotiationError> {
        let mut map = self.lock();
        self.forget_lapsed(&mut map, at.elapsed);
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

    /// Gives up those that were not over in time, and says how many.
    pub(super) fn sweep(&self, now: Duration) -> usize {
        let mut map = self.lock();
        let before = map.len();
        self.forget_lapsed(&mut map, now);
        before - map.len()
    }

    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    fn forget_lapsed(&self, map: &mut HashMap<Box<str>, Slot<N>>, now: Duration) {
        map.retain(|_, slot| now.saturating_sub(slot.taken.since) <= self.timeout);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Slot<N>>> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
