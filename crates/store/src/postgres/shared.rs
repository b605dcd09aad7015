//! What the parts of a store know of each other.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::sealer::Sealer;
use super::settings::PostgresSettings;
use crate::error::StoreError;
use crate::model::Group;
use crate::nodes::{Incarnation, Standing};

pub(super) struct Shared {
    pub(super) settings: PostgresSettings,
    pub(super) sealer: Sealer,
    pub(super) me: Incarnation,
    /// Nothing is taken any more.
    pub(super) closed: AtomicBool,
    pub(super) counts: Counts,
    pub(super) queued: Queued,
    pub(super) heard: Heard,
    pub(super) unsure: Unsure,
    trouble: Mutex<Trouble>,
}

/// Groups that were claimed without an answer: they may be this process's, and it does not know. Whoever has them in memory is not
/// among them.
#[derive(Default)]
pub(super) struct Unsure(Mutex<HashSet<Group>>);

/// So many are remembered; a server that does not answer for long is asked for as many at a time as the host allows.
const MOST_UNSURE: usize = 4096;

impl Unsure {
    /// A claim is being sent.
    pub(super) fn begin(&self, group: &Group) {
        let mut all = lock(&self.0);
        if all.len() < MOST_UNSURE {
            all.insert(group.clone());
        }
    }

    /// It was answered.
    pub(super) fn end(&self, group: &Group) {
        lock(&self.0).remove(group);
    }

    pub(super) fn all(&self) -> Vec<String> {
        lock(&self.0).iter().map(|group| group.as_str().to_owned()).collect()
    }
}

/// When the others have heard of this process.
pub(super) struct Heard(Mutex<LastBeat>);

struct LastBeat {
    /// When the last beat that arrived was sent.
    sent: Instant,
    lapses: u64,
}

impl Heard {
    fn new(joined: Instant) -> Self {
        Self(Mutex::new(LastBeat { sent: joined, lapses: 0 }))
    }

    /// A beat that was sent then has arrived by now.
    pub(super) fn beat(&self, sent: Instant, now: Instant, dead_after: Duration) {
        let mut last = lock(&self.0);
        // What the server's clock has seen between the two is no more than this.
        if now.duration_since(last.sent) >= dead_after {
            last.lapses += 1;
        }
        last.sent = sent;
    }

    /// What is said takes its time to be heard: it begins a little before the others wait in vain.
    pub(super) fn standing(&self, now: Instant, dead_after: Duration) -> Standing {
        let last = lock(&self.0);
        let is_heard = now.duration_since(last.sent) < dead_after - dead_after / 8;
        Standing { is_heard, lapses: last.lapses }
    }
}

/// Why nothing is taken at the moment.
#[derive(Default)]
struct Trouble {
    /// The connection that commits is lost.
    connection: Option<StoreError>,
    /// The node is no node any more.
    node: Option<StoreError>,
}

/// What there is, as far as it is known here.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) records: AtomicI64,
    pub(super) octets: AtomicI64,
    pub(super) units: AtomicU64,
    pub(super) groups: AtomicU64,
    pub(super) fenced: AtomicU64,
    /// In microseconds.
    pub(super) last_commit: AtomicU64,
}

/// What stands in the queue.
#[derive(Default)]
pub(super) struct Queued {
    pub(super) units: AtomicUsize,
    pub(super) octets: AtomicUsize,
    groups: Mutex<HashMap<Group, usize>>,
    decided: Notify,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Queued {
    pub(super) fn enter(&self, group: &Group, octets: usize) {
        self.units.fetch_add(1, Ordering::Relaxed);
        self.octets.fetch_add(octets, Ordering::Relaxed);
        *lock(&self.groups).entry(group.clone()).or_default() += 1;
    }

    pub(super) fn leave(&self, group: &Group, octets: usize) {
        self.units.fetch_sub(1, Ordering::Relaxed);
        self.octets.fetch_sub(octets, Ordering::Relaxed);
        let mut groups = lock(&self.groups);
        if let Some(count) = groups.get_mut(group) {
            *count -= 1;
            if *count == 0 {
                groups.remove(group);
                drop(groups);
                self.decided.notify_waiters();
            }
        }
    }

    /// Until nothing of a group stands in the queue.
    pub(super) async fn decided(&self, group: &Group) {
        loop {
            let mut decided = std::pin::pin!(self.decided.notified());
            decided.as_mut().enable();
            if !lock(&self.groups).contains_key(group) {
                return;
            }
            decided.await;
        }
    }
}

impl Shared {
    pub(super) fn new(settings: PostgresSettings, sealer: Sealer, me: Incarnation) -> Self {
        Self {
            settings,
            sealer,
            me,
            closed: AtomicBool::new(false),
            counts: Counts::default(),
            queued: Queued::default(),
            heard: Heard::new(Instant::now()),
            unsure: Unsure::default(),
            trouble: Mutex::default(),
        }
    }

    pub(super) fn trouble(&self) -> Option<StoreError> {
        let trouble = lock(&self.trouble);
        trouble.node.clone().or_else(|| trouble.connection.clone())
    }

    pub(super) fn disconnected(&self, trouble: Option<StoreError>) {
        lock(&self.trouble).connection = trouble;
    }

    pub(super) fn replaced(&self, trouble: StoreError) {
        lock(&self.trouble).node = Some(trouble);
    }

    /// How long anybody waits for an answer: the server gives up a statement a little earlier.
    pub(super) fn patience(&self) -> Duration {
        self.settings.statement_timeout + Duration::from_millis(500)
    }

    /// Why new work is refused.
    pub(super) fn is_full(&self) -> Option<StoreError> {
        let (records, octets) = (&self.counts.records, &self.counts.octets);
        let (most_records, most_octets) = (self.settings.most_records, self.settings.most_octets);
        if records.load(Ordering::Relaxed).max(0) as u64 >= most_records {
            return Some(StoreError::Full(format!("it holds {most_records} records, its limit")));
        }
        if octets.load(Ordering::Relaxed).max(0) as u64 >= most_octets {
            return Some(StoreError::Full(format!("it holds {most_octets} octets, its limit")));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_not_heard_for_long_knows_it() {
        let (began, dead_after) = (Instant::now(), Duration::from_secs(8));
        let at = |seconds: u64| began + Duration::from_secs(seconds);
        let heard = Heard::new(began);
        let standing = |is_heard, lapses| Standing { is_heard, lapses };
        assert_eq!(heard.standing(at(6), dead_after), standing(true, 0));
        assert_eq!(heard.standing(at(7), dead_after), standing(false, 0));
        heard.beat(at(6), at(7), dead_after);
        assert_eq!(heard.standing(at(12), dead_after), standing(true, 0));
        // A beat that took its time may have arrived late.
        heard.beat(at(12), at(14), dead_after);
        assert_eq!(heard.standing(at(15), dead_after), standing(true, 1));
        // A process that stood still.
        assert_eq!(heard.standing(at(100), dead_after), standing(false, 1));
        heard.beat(at(100), at(101), dead_after);
        assert_eq!(heard.standing(at(101), dead_after), standing(true, 2));
    }
}
