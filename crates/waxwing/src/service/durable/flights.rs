//! Questions to the store that are under way: one at a time for each name, and a bounded number of them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use waxwing_store::NodeAddress;

use super::places::Places;
use super::registry::Pass;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Group(String),
    /// A name under which a group is found.
    Name(String),
}

/// What came of it.
#[derive(Clone, Debug)]
pub(super) enum Found {
    Here(Pass),
    There(NodeAddress),
    Nowhere,
    Later(String),
}

/// Questions under way.
#[derive(Default)]
pub(super) struct Flights {
    all: Mutex<HashMap<Key, watch::Receiver<Option<Found>>>>,
    pub(super) places: Places,
}

impl Flights {
    pub(super) fn lock(&self) -> MutexGuard<'_, HashMap<Key, watch::Receiver<Option<Found>>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
