//! A store in memory: for tests and simulations. It does what the others do, and goes wrong when asked to.

mod faults;
mod table;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::oneshot;
use tokio::time::Instant;

pub use self::faults::{Fault, FaultRates};
use self::faults::{Faults, Random};
use self::table::{Incarnation, Quota, Table};
use crate::error::StoreError;
use crate::limits::PAGE;
use crate::model::{Epoch, Group, Kind, Name, Queue, Record, RecordId, StoredMessage, Unit};
use crate::nodes::{Node, Nodes, Standing};
use crate::store::{BoxFuture, Claim, Health, NodeAddress, Outcome, Store};

/// A store in memory, as one process of one node has it. What it keeps lives as long as one of the handles that share it.
///
/// [`another_node`](Self::another_node) is a second node beside the first; [`restarted`](Self::restarted) the same node after
/// its process was killed: what belonged to that is claimed again. A killed process's handle goes on to work, as that of a
/// process that was stopped and resumed would: what somebody else has claimed meanwhile is [`Outcome::Fenced`] for it.
///
/// Clones are handles of the same process.
#[derive(Clone)]
pub struct MemoryStore {
    shared: Arc<Mutex<Shared>>,
    node: Incarnation,
}

struct Shared {
    table: Table,
    faults: Faults,
    /// Units that wait while the store is held.
    held: Option<VecDeque<Waiting>>,
    /// The answers before this time are out: they come in the order of the calls.
    last_answer: Option<Instant>,
    trouble: Option<StoreError>,
    /// Processes that have closed it.
    closed: Vec<Incarnation>,
    /// Processes that were out of reach: whether they are, and how often.
    unheard: HashMap<Incarnation, (bool, u64)>,
}

struct Waiting {
    node: Incarnation,
    unit: Unit,
    answer: oneshot::Sender<Answer>,
}

/// An outcome, and when it is told.
type Answer = (Outcome, Option<Instant>);

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new("localhost:1")
    }
}

impl MemoryStore {
    /// An empty one, with the node that has this address.
    pub fn new(address: impl Into<String>) -> Self {
        let mut table = Table::new();
        let node = table.join(NodeAddress(address.into()));
        let shared = Shared {
            table,
            faults: Faults::default(),
            held: None,
            last_answer: None,
            trouble: None,
            closed: Vec::new(),
            unheard: HashMap::new(),
        };
        Self { shared: Arc::new(Mutex::new(shared)), node }
    }

    /// Limits of what it keeps.
    #[must_use]
    pub fn with_quota(self, records: u64, octets: u64) -> Self {
        self.lock().table.quota = Quota { records, octets };
        self
    }

    /// The same store, as another node has it.
    #[must_use]
    pub fn another_node(&self, address: impl Into<String>) -> Self {
        let node = self.lock().table.join(NodeAddress(address.into()));
        Self { shared: self.shared.clone(), node }
    }

    /// The process of this handle was killed: the others see that it does not live, and may claim what it had.
    pub fn kill(&self) {
        self.lock().table.die(self.node);
    }

    /// The process of this handle is not heard by the others any more, which may claim what it has, and knows it.
    pub fn go_unheard(&self) {
        let mut shared = self.lock();
        shared.table.die(self.node);
        shared.unheard.entry(self.node).or_default().0 = true;
    }

    /// The others hear it again.
    pub fn is_heard_again(&self) {
        let mut shared = self.lock();
        shared.table.live(self.node);
        let (is_unheard, lapses) = shared.unheard.entry(self.node).or_default();
        (*is_unheard, *lapses) = (false, *lapses + 1);
    }

    /// The process of this handle was killed and started again: its next one.
    #[must_use]
    pub fn restarted(&self) -> Self {
        let mut shared = self.lock();
        shared.table.die(self.node);
        let address = shared.table.address(self.node);
        let node = shared.table.join(address);
        Self { shared: self.shared.clone(), node }
    }

    /// What happens to the next commits, one after the other; before anything that is drawn from a seed.
    pub fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        self.lock().faults.script.extend(faults);
    }

    /// From now on commits go wrong as this seed says.
    pub fn faults_of_seed(&self, seed: u64, rates: FaultRates) {
        self.lock().faults.seeded = Some((Random::new(seed), rates));
    }

    /// Nothing goes wrong any more.
    pub fn heal(&self) {
        let mut shared = self.lock();
        shared.faults = Faults::default();
        shared.trouble = None;
    }

    /// It is down, until [`heal`](Self::heal): everything fails, and nothing is done.
    pub fn go_down(&self) {
        let mut shared = self.lock();
        shared.faults.down = u32::MAX;
        shared.trouble = Some(down());
    }

    /// From now on whoever reads or claims waits so long (by tokio's clock), until [`heal`](Self::heal).
    pub fn read_slowly(&self, by: Duration) {
        self.lock().faults.slow = by;
    }

    /// From now on units wait in the queue.
    pub fn hold(&self) {
        self.lock().held.get_or_insert_default();
    }

    /// How many units wait in the queue.
    pub fn waiting(&self) -> usize {
        self.lock().held.as_ref().map_or(0, VecDeque::len)
    }

    /// Commits the first of those that wait in the queue; how many that were.
    pub fn proceed(&self, units: usize) -> usize {
        let mut shared = self.lock();
        let Some(held) = &mut shared.held else { return 0 };
        let some = units.min(held.len());
        let first: Vec<_> = held.drain(..some).collect();
        let answers = first.into_iter().map(|w| (w.answer, shared.commit(w.node, w.unit)));
        let answers: Vec<_> = answers.collect();
        drop(shared);
        for (sender, answer) in answers {
            // Whoever asked may be gone.
            let _ = sender.send(answer);
        }
        some
    }

    /// Commits what waits in the queue, and lets nothing wait any more.
    pub fn let_go(&self) {
        while self.proceed(usize::MAX) > 0 {}
        self.lock().held = None;
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // What a test that panics leaves behind is whole: nothing of this panics between two changes.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads, unless it is down or closed.
    fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut Table, Incarnation) -> T,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        let mut shared = self.lock();
        let slow = shared.faults.slow;
        let result = match shared.refusal(self.node) {
            Some(error) => Err(error),
            None => Ok(read(&mut shared.table, self.node)),
        };
        drop(shared);
        if slow.is_zero() {
            return Box::pin(std::future::ready(result));
        }
        Box::pin(async move {
            tokio::time::sleep(slow).await;
            result
        })
    }
}

fn down() -> StoreError {
    StoreError::Unavailable("it is down, as the test wants it".into())
}

impl Shared {
    /// Why nothing is done.
    fn refusal(&mut self, node: Incarnation) -> Option<StoreError> {
        if self.closed.contains(&node) {
            return Some(StoreError::Unavailable("it was closed".into()));
        }
        self.faults.is_down().then(down)
    }

    fn commit(&mut self, node: Incarnation, unit: Unit) -> Answer {
        if let Some(error) = self.refusal(node) {
            return (Outcome::Refused(error), self.last_answer);
        }
        let failed = || StoreError::Unavailable("the test wants this commit to fail".into());
        let outcome = match self.faults.next() {
            Fault::None => self.table.commit(node, unit),
            Fault::Late(by) => {
                let now = Instant::now();
                let told = self.last_answer.map_or(now + by, |last| last.max(now + by));
                self.last_answer = Some(told);
                self.table.commit(node, unit)
            }
            Fault::Refused => Outcome::Refused(failed()),
            Fault::UnknownDone => match self.table.commit(node, unit) {
                Outcome::Done => Outcome::Unknown(failed()),
                other => other,
            },
            Fault::UnknownNotDone => Outcome::Unknown(failed()),
        };
        (outcome, self.last_answer)
    }
}

/// An outcome when its time has come.
async fn told((outcome, at): Answer) -> Outcome {
    if let Some(at) = at.filter(|at| *at > Instant::now()) {
        tokio::time::sleep_until(at).await;
    }
    outcome
}

impl Store for MemoryStore {
    fn commit(&self, unit: Unit) -> BoxFuture<'static, Outcome> {
        let mut shared = self.lock();
        let node = self.node;
        if let Some(held) = &mut shared.held {
            let (answer, receiver) = oneshot::channel();
            held.push_back(Waiting { node, unit, answer });
            return Box::pin(async move {
                let gone = || StoreError::Unavailable("it was dropped".into());
                match receiver.await {
                    Ok(answer) => told(answer).await,
                    Err(_) => Outcome::Unknown(gone()),
                }
            });
        }
        Box::pin(told(shared.commit(node, unit)))
    }

    fn claim(&self, group: &Group) -> BoxFuture<'_, Result<Claim, StoreError>> {
        self.read(|table, node| table.claim(node, group))
    }

    fn find(&self, name: &Name) -> BoxFuture<'_, Result<Option<Group>, StoreError>> {
        self.read(|table, _| table.find(name))
    }

    fn unfinished(
        &self,
        after: Option<&Group>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Group>, StoreError>> {
        self.read(|table, node| table.unfinished(node, after, limit.min(PAGE)))
    }

    fn messages(
        &self,
        record: &RecordId,
        queue: Queue,
        after: u64,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<StoredMessage>, StoreError>> {
        self.read(|table, _| table.messages(record, queue, after, limit.min(PAGE)))
    }

    fn message(
        &self,
        record: &RecordId,
        queue: Queue,
        name: &Name,
    ) -> BoxFuture<'_, Result<Option<StoredMessage>, StoreError>> {
        self.read(|table, _| table.message(record, queue, name))
    }

    fn records(
        &self,
        kind: Kind,
        after: Option<&RecordId>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Record>, StoreError>> {
        self.read(|table, _| table.list(kind, after, limit.min(PAGE)))
    }

    fn release(&self, group: &Group, epoch: Epoch) -> BoxFuture<'static, Outcome> {
        let outcome = self.read(|table, node| table.release(node, group, epoch));
        Box::pin(async move { outcome.await.unwrap_or_else(Outcome::Refused) })
    }

    fn expire(
        &self,
        kinds: &[Kind],
        before: Timestamp,
        limit: usize,
    ) -> BoxFuture<'_, Result<usize, StoreError>> {
        self.read(|table, _| table.expire(kinds, before, limit))
    }

    fn nodes(&self) -> Option<&dyn Nodes> {
        Some(self)
    }

    fn health(&self) -> Health {
        let shared = self.lock();
        let (records, octets) = shared.table.sizes();
        let most = shared.table.quota.octets;
        Health {
            trouble: shared.trouble.clone(),
            records,
            octets: (octets, if most == u64::MAX { 0 } else { most }),
            last_commit: std::time::Duration::ZERO,
            committed: (shared.table.committed, shared.table.committed, shared.table.fenced),
        }
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.proceed(usize::MAX);
        self.lock().closed.push(self.node);
        Box::pin(std::future::ready(()))
    }
}

impl Nodes for MemoryStore {
    fn me(&self) -> crate::nodes::Incarnation {
        crate::nodes::Incarnation(self.node)
    }

    fn standing(&self) -> Standing {
        let unheard = self.lock().unheard.get(&self.node).copied().unwrap_or_default();
        Standing { is_heard: !unheard.0, lapses: unheard.1 }
    }

    fn living(&self) -> BoxFuture<'_, Result<Vec<Node>, StoreError>> {
        self.read(|table, _| table.living())
    }

    fn drain(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.read(|table, node| table.drain(node))
    }

    fn leave(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.read(|table, node| table.die(node))
    }
}
