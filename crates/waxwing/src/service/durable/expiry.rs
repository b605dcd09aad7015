//! Records that nobody needs, and records that are needed longer than was thought.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use waxwing_store::application::ApplicationTransactions;
use waxwing_store::{Kind, Outcome, Step, Unit};

use super::commit::{sequence, told, within};
use super::contexts::context;
use super::keeper::Keeper;
use super::registry::Due;

/// How often the records of this process are looked at, and those of all removed whose time is over.
const PAUSE: Duration = Duration::from_secs(30);

/// The most records that are put off, or removed, at once.
const MOST: usize = 1000;

/// How often marks in the database of the application are looked at: for the first time when what was left to execute is executed.
const MARKS: Duration = Duration::from_secs(60 * 60);

/// How much longer marks are kept than any session. A message that was received stays in the store until it is executed, however
/// long the service is down; without its mark it would be executed twice.
const MARKS_LAST: Duration = Duration::from_secs(30 * 24 * 60 * 60);

impl Keeper {
    /// Does so as long as the host lives. `now`: the time of day; `databases`: those of applications, which have marks.
    pub(in crate::service) fn start_expiry(
        self: &Arc<Self>,
        now: impl Fn() -> Timestamp + Send + Sync + 'static,
        databases: Vec<Arc<dyn ApplicationTransactions>>,
    ) {
        tokio::spawn(run(Arc::downgrade(self), now, databases));
    }

    /// Gives more time to the records of sessions that are here: a client that only asks whether the service lives changes
    /// nothing of them, and a security context is written when its key is renewed only. A group that is somebody else's by now is
    /// forgotten here. What cannot be written now is asked for again the next time, long before its time is over.
    pub(super) async fn put_off(self: &Arc<Self>, now: Timestamp) {
        let due = self.registry().due(now, |endpoint| self.lifetime(endpoint));
        for some in due.chunks(MOST) {
            let commits: Vec<_> = some.iter().map(|due| self.store.commit(kept_on(due))).collect();
            for (due, commit) in some.iter().zip(commits) {
                match within(commit).await {
                    Outcome::Done => self.registry().put_off(due),
                    fenced @ Outcome::Fenced => self.lose(&due.group, due.life, &fenced),
                    outcome => {
                        tracing::info!(
                            "records are not kept for longer, and asked for again: {}",
                            told(&outcome)
                        );
                        return;
                    }
                }
            }
        }
    }

    /// Removes marks in the databases of applications that outlived their sessions.
    async fn expire_marks(&self, databases: &[Arc<dyn ApplicationTransactions>], now: Timestamp) {
        let age = self.longest().saturating_add(MARKS_LAST);
        let before = now.checked_sub(age).unwrap_or(Timestamp::MIN);
        for database in databases {
            loop {
                match database.expire(before, MOST).await {
                    Ok(removed) if removed >= MOST => {}
                    Ok(_) => break,
                    Err(error) => {
                        tracing::info!("marks of the application whose time is over stay: {error}");
                        break;
                    }
                }
            }
        }
    }

    /// Removes what is over, here and of processes that are gone.
    pub(super) async fn expire(&self, now: Timestamp) {
        self.executions.drop_old(self.longest());
        loop {
            match self.store.expire(&[Kind::Context, Kind::Sequence], now, MOST).await {
                Ok(removed) if removed >= MOST => {}
                Ok(_) => return,
                Err(error) => {
                    tracing::info!("records whose time is over stay: {error}");
                    return;
                }
            }
        }
    }
}

fn kept_on(due: &Due) -> Unit {
    let record = match &due.session {
        Some(session) => sequence(&due.group, session),
        None => context(&due.group),
    };
    let (epoch, expires_at) = (due.epoch, Some(due.until));
    let (names, messages) = (Vec::new(), Vec::new());
    Unit { record, epoch, step: Step::Keep, expires_at, names, messages }
}

async fn run(
    keeper: Weak<Keeper>,
    now: impl Fn() -> Timestamp + Send + Sync,
    databases: Vec<Arc<dyn ApplicationTransactions>>,
) {
    let mut looked = Instant::now();
    loop {
        tokio::time::sleep(PAUSE).await;
        let Some(keeper) = keeper.upgrade() else { return };
        keeper.put_off(now()).await;
        keeper.expire(now()).await;
        if looked.elapsed() >= MARKS {
            looked = Instant::now();
            keeper.expire_marks(&databases, now()).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use waxwing_reliable::SessionId;
    use waxwing_store::{
        BoxFuture, Epoch, Group, MemoryStore, Record, Store as _, StoreError, Version,
    };

    use super::*;
    use crate::service::durable::registry::{Kept, Stage, later};

    fn noon() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    /// A process with this many sessions, whose records are over soon.
    async fn with(store: &MemoryStore, count: usize) -> Arc<Keeper> {
        let keeper = Arc::new(Keeper::new(Arc::new(store.clone()), 5));
        let soon = later(noon(), Duration::from_secs(60));
        for number in 0..count {
            let name = format!("urn:uuid:{number}");
            let (group, session) = (Group::new(&*name), SessionId::new(&*name));
            let due = Due {
                group: group.clone(),
                life: keeper.registry().insert(group.clone(), 0, Epoch(1), Stage::Held).life,
                epoch: Epoch(1),
                session: Some(session.clone()),
                until: soon,
            };
            let unit = Unit { step: Step::Create("state".into()), ..kept_on(&due) };
            assert!(store.commit(unit).await.is_done());
            let mut registry = keeper.registry();
            let held = registry.get_mut(&group).unwrap();
            held.sessions.insert(session, Kept::new(Version(1), soon));
        }
        keeper
    }

    async fn times(store: &MemoryStore) -> Vec<Timestamp> {
        let records: Vec<Record> = store.records(Kind::Sequence, None, 10_000).await.unwrap();
        records.iter().map(|record| record.expires_at).collect()
    }

    /// Marks, by their times in seconds before now.
    struct Marks(std::sync::Mutex<Vec<u64>>);

    impl ApplicationTransactions for Marks {
        fn begin(
            &self,
            _: &waxwing_store::application::Mark,
        ) -> BoxFuture<'_, Result<waxwing_store::application::Begun, StoreError>> {
            unreachable!()
        }
        fn forget(&self, _: &str, _: u64) -> BoxFuture<'_, Result<(), StoreError>> {
            unreachable!()
        }
        fn expire(
            &self,
            before: Timestamp,
            limit: usize,
        ) -> BoxFuture<'_, Result<usize, StoreError>> {
            let mut marks = self.0.lock().unwrap();
            let (all, mut left) = (marks.len(), limit);
            marks.retain(|age| {
                let is_old = later(before, Duration::from_secs(*age)) > noon();
                let goes = is_old && left > 0;
                left -= usize::from(goes);
                !goes
            });
            let removed = all - marks.len();
            Box::pin(std::future::ready(Ok(removed)))
        }
    }

    #[tokio::test]
    async fn old_marks_are_removed_and_those_that_may_be_needed_stay() {
        let keeper = with(&MemoryStore::default(), 0).await;
        let day = 24 * 60 * 60;
        let old = std::iter::repeat_n(31 * day, MOST + 10);
        let marks = Arc::new(Marks(old.chain([day, 0]).collect::<Vec<_>>().into()));
        keeper.expire_marks(&[Arc::clone(&marks) as Arc<_>], noon()).await;
        assert_eq!(*marks.0.lock().unwrap(), [day, 0]);
    }

    /// However many there are: those that are left out would be removed while they live.
    #[tokio::test]
    async fn all_that_live_are_kept_on() {
        let store = MemoryStore::default();
        let keeper = with(&store, MOST + 10).await;
        keeper.put_off(noon()).await;
        let half = later(noon(), keeper.lifetime(0) / 2);
        assert!(times(&store).await.iter().all(|until| *until > half));
    }

    #[tokio::test]
    async fn what_could_not_be_written_is_asked_for_again() {
        let store = MemoryStore::default();
        let keeper = with(&store, 3).await;
        store.go_down();
        keeper.put_off(noon()).await;
        store.heal();
        let next = later(noon(), PAUSE);
        keeper.put_off(next).await;
        let half = later(noon(), keeper.lifetime(0) / 2);
        assert!(times(&store).await.iter().all(|until| *until > half));
        assert_eq!(keeper.registry().count(), 3, "nothing was forgotten");
    }

    /// A node that was held for dead and only asks for time hears so.
    #[tokio::test]
    async fn what_is_somebody_elses_is_forgotten() {
        let store = MemoryStore::default();
        let keeper = with(&store, 2).await;
        let other = store.another_node("localhost:2");
        store.kill();
        let claimed = other.claim(&Group::new("urn:uuid:1")).await.unwrap();
        assert!(matches!(claimed, waxwing_store::Claim::Mine(..)));
        keeper.put_off(noon()).await;
        assert_eq!(keeper.registry().count(), 1);
        assert!(keeper.registry().get(&Group::new("urn:uuid:1")).is_none());
    }
}
