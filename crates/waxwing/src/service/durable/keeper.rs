//! What a host has of its store.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use waxwing_store::{Health, Store};

use super::executions::Executions;
use super::flights::Flights;
use super::holder::Holder;
use super::registry::Registry;
use crate::service::watch::KeptStatistics;

/// What the keeper must know of an endpoint.
#[derive(Clone, Copy, Debug)]
pub(in crate::service) struct Terms {
    /// How long its records are kept without a sign of life of the process that has them. After half of it there is one.
    pub(super) lifetime: Duration,
    /// How many messages a client may send that are not acknowledged.
    pub(super) window: u64,
}

/// How long a process may be down beyond the patience of its peers, before what it kept is removed.
const SPARE: Duration = Duration::from_secs(15 * 60);

impl Terms {
    /// Of an endpoint whose sessions end after so long without any message (`inactivityTimeout`), and after so long without one
    /// of the application (`receiveTimeout`).
    pub(in crate::service) fn of(inactivity: Duration, receive: Duration, window: u32) -> Self {
        let lifetime = inactivity.max(receive).saturating_mul(2).saturating_add(SPARE);
        Self { lifetime, window: window.into() }
    }
}

/// An endpoint that keeps its sessions.
struct Holding {
    /// By this its records are known, here and at other nodes.
    name: Arc<str>,
    holder: Weak<dyn Holder>,
    terms: Terms,
}

/// What a host has of its store. One for all its endpoints.
pub(in crate::service) struct Keeper {
    pub(super) store: Arc<dyn Store>,
    /// Held for a moment, and inside the lock of an endpoint's sessions; units are handed to the store under it, so that they
    /// stand there in the order of their versions.
    registry: Mutex<Registry>,
    holdings: OnceLock<Vec<Holding>>,
    pub(super) flights: Flights,
    /// What is being executed.
    pub(in crate::service) executions: Arc<Executions>,
    pub(in crate::service) counters: Counters,
    /// Commits that are waited for.
    pub(super) under_way: AtomicUsize,
    /// How often a message may have been begun when the process died, before it is given up.
    pub(in crate::service) max_attempts: u32,
    /// As often as this the other nodes have held this one for dead, and it has let go what it had.
    pub(super) lapses: AtomicU64,
}

/// What was done so far.
#[derive(Debug, Default)]
pub(in crate::service) struct Counters {
    pub(super) committed: AtomicU64,
    pub(super) fenced: AtomicU64,
    pub(super) lost: AtomicU64,
    pub(super) restored: AtomicU64,
    pub(super) discarded: AtomicU64,
    pub(in crate::service) refused: AtomicU64,
    pub(in crate::service) forwarded: AtomicU64,
    pub(in crate::service) in_doubt: AtomicU64,
    pub(in crate::service) dead_letters: AtomicU64,
    pub(in crate::service) repeated: AtomicU64,
}

impl Counters {
    pub(in crate::service) fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

impl Keeper {
    pub(in crate::service) fn new(store: Arc<dyn Store>, max_attempts: u32) -> Self {
        Self {
            store,
            registry: Mutex::default(),
            holdings: OnceLock::new(),
            flights: Flights::default(),
            executions: Arc::default(),
            counters: Counters::default(),
            under_way: AtomicUsize::new(0),
            max_attempts,
            lapses: AtomicU64::new(0),
        }
    }

    /// The endpoints that keep their sessions, by their names. They are known by their places from now on.
    pub(in crate::service) fn serve(
        &self,
        holders: impl IntoIterator<Item = (Arc<str>, Weak<dyn Holder>, Terms)>,
    ) {
        let holdings = holders.into_iter();
        let holdings = holdings.map(|(name, holder, terms)| Holding { name, holder, terms });
        let _ = self.holdings.set(holdings.collect());
        self.tell_store();
    }

    /// Says what is there when the host opens: what goes on from it, and whether there is room for more.
    fn tell_store(&self) {
        let Health { trouble, records, octets: (octets, most), .. } = self.store.health();
        tracing::info!(
            records,
            octets,
            "reliable sessions are kept in a store: those that are there go on when their clients come"
        );
        if most > 0 && octets >= most {
            tracing::warn!(
                octets,
                most,
                "the store is full (maxOctets of <store>): what is open goes on, and new sessions are refused with 503"
            );
        }
        if let Some(trouble) = trouble {
            tracing::warn!("{trouble}: messages are answered 503 until that is over");
        }
    }

    pub(super) fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn holder(&self, endpoint: usize) -> Option<Arc<dyn Holder>> {
        self.holdings.get()?.get(endpoint)?.holder.upgrade()
    }

    pub(super) fn name(&self, endpoint: usize) -> Arc<str> {
        let holding = self.holdings.get().and_then(|all| all.get(endpoint));
        holding.map(|holding| Arc::clone(&holding.name)).unwrap_or_default()
    }

    /// The place of the endpoint with this name.
    pub(super) fn endpoint(&self, name: &str) -> Option<usize> {
        self.holdings.get()?.iter().position(|holding| &*holding.name == name)
    }

    pub(super) fn lifetime(&self, endpoint: usize) -> Duration {
        let holding = self.holdings.get().and_then(|all| all.get(endpoint));
        holding.map_or(SPARE, |holding| holding.terms.lifetime)
    }

    /// How many messages a client of the endpoint may send that are not acknowledged.
    pub(super) fn window(&self, endpoint: usize) -> u64 {
        let holding = self.holdings.get().and_then(|all| all.get(endpoint));
        holding.map_or(0, |holding| holding.terms.window)
    }

    /// The longest of all.
    pub(super) fn longest(&self) -> Duration {
        let all = self.holdings.get().into_iter().flatten();
        all.map(|holding| holding.terms.lifetime).max().unwrap_or(SPARE)
    }

    /// The nodes that share the store, if there are several.
    pub(in crate::service) fn nodes(&self) -> Option<&dyn waxwing_store::Nodes> {
        self.store.nodes()
    }

    /// How many shards the store has.
    pub(in crate::service) fn shard_count(&self) -> std::num::NonZeroU16 {
        self.store.shard_count()
    }

    /// How many groups are here, and how many commits are waited for.
    pub(in crate::service) fn sizes(&self) -> (usize, usize) {
        (self.registry().count(), self.under_way.load(Ordering::Relaxed))
    }

    /// Tells what was done.
    pub(in crate::service) fn add_to(&self, sum: &mut KeptStatistics) {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (counters, (groups, committing)) = (&self.counters, self.sizes());
        sum.commits += read(&counters.committed);
        sum.committing += committing;
        sum.fenced += read(&counters.fenced);
        sum.lost += read(&counters.lost);
        sum.groups += groups;
        sum.restored += read(&counters.restored);
        sum.discarded += read(&counters.discarded);
        sum.refused += read(&counters.refused);
        sum.forwarded += read(&counters.forwarded);
        sum.repeated += read(&counters.repeated);
        sum.in_doubt += read(&counters.in_doubt);
        sum.dead_letters += read(&counters.dead_letters);
    }

    /// The store is closed.
    pub(in crate::service) async fn close(&self) {
        self.store.close().await;
    }
}
