//! The negotiations under way at a service: a bounded number, each for a bounded time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::error::NegotiationError;
use crate::crowd::{Admission, Holder, Patience, Place as Taken, admit};
use crate::delivery::Delivery;

/// An honest client needs one more round trip, which takes a while when client and service are busy themselves.
const PATIENCE: Patience =
    Patience { fewer: Duration::from_secs(1), anybody: Duration::from_secs(10) };

/// Negotiations by their context.
pub(super) struct Pool<N> {
    slots: Arc<Slots<N>>,
    max: usize,
    timeout: Duration,
}

struct Slots<N>(Mutex<Map<N>>);

type Map<N> = HashMap<Box<str>, Slot<N>>;

struct Slot<N> {
    /// By whom, and when it was begun (by [`Delivery::elapsed`]).
    taken: Taken,
    /// Which of several negotiations of this name, so that one that comes back after its slot was
    /// given up does not take another's.
    serial: u64,
    /// None while it is worked on, or waits for a verdict.
    negotiation: Option<N>,
}

/// A place in the pool while its negotiation is worked on. Dropped, it is free again, and the negotiation is over.
pub(super) struct Place<N> {
    slots: Arc<Slots<N>>,
    context: Box<str>,
    serial: u64,
    held: bool,
}

impl<N> Pool<N> {
    /// Places for `max` negotiations, each for `timeout`.
    pub(super) fn new(max: usize, timeout: Duration) -> Self {
        Self { slots: Arc::new(Slots(Mutex::default())), max, timeout }
    }

    /// Takes a place for a new negotiation. When there is none, one of a peer that has more makes way, or one that
    /// takes longer than any honest client's: whoever only opens negotiations must not lock the others out.
    pub(super) fn begin(
        &self,
        context: &str,
        at: &Delivery,
        serial: u64,
    ) -> Result<Place<N>, NegotiationError> {
        let mut map = self.slots.lock();
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
        drop(map);
        Ok(self.held(context, serial))
    }

    /// Takes a negotiation out to work on it; its place is kept.
    pub(super) fn take(
        &self,
        context: &str,
        at: &Delivery,
    ) -> Result<(Place<N>, N), NegotiationError> {
        let mut map = self.slots.lock();
        self.forget_lapsed(&mut map, at.elapsed);
        let unknown = || NegotiationError::UnknownContext(context.into());
        let slot = map.get_mut(context).ok_or_else(unknown)?;
        let negotiation = slot.negotiation.take().ok_or_else(unknown)?;
        let serial = slot.serial;
        drop(map);
        Ok((self.held(context, serial), negotiation))
    }

    fn held(&self, context: &str, serial: u64) -> Place<N> {
        Place { slots: Arc::clone(&self.slots), context: context.into(), serial, held: true }
    }

    /// Forgets a negotiation, whoever works on it.
    pub(super) fn forget(&self, context: &str) {
        self.slots.lock().remove(context);
    }

    /// Gives up those that were not over in time, and says how many.
    pub(super) fn sweep(&self, now: Duration) -> usize {
        let mut map = self.slots.lock();
        let before = map.len();
        self.forget_lapsed(&mut map, now);
        before - map.len()
    }

    pub(super) fn len(&self) -> usize {
        self.slots.lock().len()
    }

    fn forget_lapsed(&self, map: &mut Map<N>, now: Duration) {
        map.retain(|_, slot| now.saturating_sub(slot.taken.since) <= self.timeout);
    }
}

impl<N> Slots<N> {
    fn lock(&self) -> MutexGuard<'_, Map<N>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<N> Place<N> {
    /// The name of its negotiation.
    pub(super) fn context(&self) -> &str {
        &self.context
    }

    /// Puts a negotiation back that goes on.
    pub(super) fn put_back(mut self, negotiation: N) {
        self.held = false;
        let mut map = self.slots.lock();
        if let Some(slot) = map.get_mut(&self.context).filter(|slot| slot.serial == self.serial) {
            slot.negotiation = Some(negotiation);
        }
    }

    /// Gives the place up: its negotiation is over. False when somebody else did so in the meantime.
    pub(super) fn end(mut self) -> bool {
        self.held = false;
        self.give_up()
    }

    fn give_up(&self) -> bool {
        let mut map = self.slots.lock();
        let ours = map.get(&self.context).is_some_and(|slot| slot.serial == self.serial);
        if ours {
            map.remove(&self.context);
        }
        ours
    }
}

impl<N> Drop for Place<N> {
    fn drop(&mut self) {
        if self.held {
            self.give_up();
        }
    }
}
