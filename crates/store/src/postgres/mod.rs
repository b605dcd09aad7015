//! Records in PostgreSQL: several nodes on one database.
//!
//! * `address`, `password`, `connect`: how the server is reached. `safety`: what is refused of it. `schema`: the tables.
//! * `batch`: what is committed together. `sql`: the statement for it. `outcome`: what became of it. `committer`: the task that
//!   does it.
//! * `reads`, `expire`, `living`: what is asked beside it. `look`: for people, without being a node.
//!
//! Prepared statements and settings of the session are used: behind PgBouncer it must be in *session* mode. In transaction mode
//! the settings would be those of whoever had the connection before, and a commit might not wait for a standby.

pub(crate) mod address;
mod batch;
mod committer;
pub(crate) mod connect;
mod expire;
pub(crate) mod failure;
mod living;
mod look;
mod outcome;
mod password;
mod reads;
pub(crate) mod safety;
mod schema;
mod sealer;
mod settings;
mod shared;
mod sql;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::error::StoreError;
use crate::limits::check;
use crate::model::{Epoch, Group, Kind, Name, Queue, Record, RecordId, StoredMessage, Unit};
use crate::nodes::{Incarnation, Node, Nodes, Standing};
use crate::store::{BoxFuture, Claim, Health, Outcome, Store};

use batch::{Job, Request};
use committer::{Committer, Line};
use connect::{Connector, Session};
use reads::Reader;
use sealer::Sealer;
use shared::Shared;

pub use look::{PostgresLook, RecordInfo};
pub use settings::{Danger, PostgresSettings};

/// A store in PostgreSQL, as one node has it.
pub struct PostgresStore {
    shared: Arc<Shared>,
    reader: Arc<Reader>,
    queue: Mutex<Option<mpsc::Sender<Job>>>,
    serial: AtomicU64,
    ended: watch::Receiver<bool>,
    beat: JoinHandle<()>,
}

impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("PostgresStore").field(&self.shared.settings).finish()
    }
}

/// The most octets that stand in the queue at a time.
const MOST_QUEUED: usize = 256 * 1024 * 1024;

impl PostgresStore {
    /// Connects, refuses a server that would lose what it kept, makes the tables or brings them up to date, and joins the nodes.
    ///
    /// # Errors
    /// The server cannot be reached ([`StoreError::Unavailable`]), or settings, server or tables are not as they must be
    /// ([`StoreError::Configuration`], in words that say what to do).
    pub async fn open(settings: PostgresSettings) -> Result<Self, StoreError> {
        settings.check()?;
        let connection = settings.connection.clone();
        // It may read files.
        let address =
            tokio::task::spawn_blocking(move || address::Address::read(&connection)).await;
        let address = address.map_err(|e| StoreError::Configuration(e.to_string()))??;
        let connector = Connector::new(&address, Session::of_store(&settings))?;
        let at = |error| told_where(error, &address.shown());
        let mut line = Line::open(&connector, &settings, false).await.map_err(at)?;
        let begins =
            schema::bring_up_to_date(line.client_mut(), &settings.schema).await.map_err(at)?;
        let sealer =
            Sealer::open(&settings.sealing, begins, line.client(), &settings.schema).await?;
        let me = living::join(line.client_mut(), &settings).await.map_err(at)?;
        let length = settings.queue;
        let shared = Arc::new(Shared::new(settings, sealer, me));
        let reader = Arc::new(Reader::new(Arc::clone(&shared), connector.apart())?);
        // How large it is costs reading all of it: without a limit it is found out later.
        let limited = shared.settings.most_octets != u64::MAX;
        if let Err(error) = expire::count(&reader, &shared, limited).await {
            tracing::warn!("what the store holds could not be counted: {error}");
        }
        let (queue, jobs) = mpsc::channel(length);
        let (end, ended) = watch::channel(false);
        let committer = Committer::new(Arc::clone(&shared), connector, jobs);
        tokio::spawn(async move {
            committer.run(line).await;
            end.send_replace(true);
        });
        let beat = tokio::spawn(living::beat(Arc::clone(&reader), Arc::clone(&shared)));
        let queue = Mutex::new(Some(queue));
        Ok(Self { shared, reader, queue, serial: AtomicU64::new(0), ended, beat })
    }

    fn sender(&self) -> std::sync::MutexGuard<'_, Option<mpsc::Sender<Job>>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enqueue(&self, request: Request) -> Result<oneshot::Receiver<Outcome>, Outcome> {
        if let Some(trouble) = self.shared.trouble() {
            return Err(Outcome::Refused(trouble));
        }
        if let Some(full) = committer::full(&self.shared, &request) {
            return Err(Outcome::Refused(full));
        }
        let queued = &self.shared.queued;
        let busy = || {
            Outcome::Refused(StoreError::Unavailable(
                "too much waits to be committed to PostgreSQL already".into(),
            ))
        };
        let (group, octets) = (request.group().clone(), request.octets());
        if queued.octets.load(Ordering::Relaxed) > MOST_QUEUED {
            return Err(busy());
        }
        let (answer, answered) = oneshot::channel();
        // Its place in the queue is its place in the order.
        let sender = self.sender();
        let Some(sender) = &*sender else { return Err(Outcome::Refused(closed())) };
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        queued.enter(&group, octets);
        match sender.try_send(Job { serial, request, answer }) {
            Ok(()) => Ok(answered),
            Err(error) => {
                queued.leave(&group, octets);
                let full = matches!(error, mpsc::error::TrySendError::Full(_));
                Err(if full { busy() } else { Outcome::Refused(closed()) })
            }
        }
    }

    fn ask(&self, request: Request) -> BoxFuture<'static, Outcome> {
        let asked = self.enqueue(request);
        Box::pin(async move {
            match asked {
                Err(outcome) => outcome,
                Ok(answered) => answered.await.unwrap_or_else(|_| Outcome::Unknown(closed())),
            }
        })
    }

    fn open_for_reads(&self) -> Result<(), StoreError> {
        if self.shared.closed.load(Ordering::Acquire) { Err(closed()) } else { Ok(()) }
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("the PostgreSQL store was closed".into())
}

/// With the place.
fn told_where(error: StoreError, place: &str) -> StoreError {
    match error {
        StoreError::Unavailable(text) => StoreError::Unavailable(format!("{place}: {text}")),
        StoreError::Configuration(text) => StoreError::Configuration(format!("{place}: {text}")),
        other => other,
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        self.beat.abort();
    }
}

impl Store for PostgresStore {
    fn commit(&self, unit: Unit) -> BoxFuture<'static, Outcome> {
        match check(&unit) {
            Err(error) => Box::pin(std::future::ready(Outcome::Refused(error))),
            Ok(()) => self.ask(Request::Unit(Box::new(unit))),
        }
    }

    fn claim(&self, group: &Group) -> BoxFuture<'_, Result<Claim, StoreError>> {
        let group = group.clone();
        Box::pin(async move {
            self.open_for_reads()?;
            self.reader.claim(&group).await
        })
    }

    fn find(&self, name: &Name) -> BoxFuture<'_, Result<Option<Group>, StoreError>> {
        let name = name.clone();
        Box::pin(async move {
            self.open_for_reads()?;
            self.reader.find(&name).await
        })
    }

    fn unfinished(
        &self,
        after: Option<&Group>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Group>, StoreError>> {
        let after = after.cloned();
        Box::pin(async move {
            self.open_for_reads()?;
            self.reader.unfinished(after.as_ref(), limit).await
        })
    }

    fn messages(
        &self,
        record: &RecordId,
        queue: Queue,
        after: u64,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<StoredMessage>, StoreError>> {
        let record = record.clone();
        Box::pin(async move {
            self.open_for_reads()?;
            self.reader.messages(&record, queue, after, limit).await
        })
    }

    fn message(
        &self,
        record: &RecordId,
        queue: Queue,
        name: &Name,
    ) -> BoxFuture<'_, Result<Option<StoredMessage>, StoreError>> {
        let (record, name) = (record.clone(), name.clone());
        Box::pin(async move {
            self.open_for_reads()?;
            self.reader.message(&record, queue, &name).await
        })
    }

    fn records(
        &self,
        kind: Kind,
        after: Option<&RecordId>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Record>, StoreError>> {
        let after = after.cloned();
        Box::pin(async move {
            self.open_for_reads()?;
            self.reader.list(kind, after.as_ref(), limit).await
        })
    }

    fn release(&self, group: &Group, epoch: Epoch) -> BoxFuture<'static, Outcome> {
        self.ask(Request::Release(group.clone(), epoch))
    }

    fn expire(
        &self,
        kinds: &[Kind],
        before: Timestamp,
        limit: usize,
    ) -> BoxFuture<'_, Result<usize, StoreError>> {
        let kinds = kinds.to_vec();
        Box::pin(async move {
            self.open_for_reads()?;
            expire::expire(&self.reader, &self.shared, &kinds, before, limit).await
        })
    }

    fn nodes(&self) -> Option<&dyn Nodes> {
        Some(self)
    }

    fn health(&self) -> Health {
        let counts = &self.shared.counts;
        let most = self.shared.settings.most_octets;
        Health {
            trouble: self.shared.trouble(),
            records: counts.records.load(Ordering::Relaxed).max(0) as u64,
            octets: (
                counts.octets.load(Ordering::Relaxed).max(0) as u64,
                if most == u64::MAX { 0 } else { most },
            ),
            last_commit: Duration::from_micros(counts.last_commit.load(Ordering::Relaxed)),
            committed: (
                counts.units.load(Ordering::Relaxed),
                counts.groups.load(Ordering::Relaxed),
                counts.fenced.load(Ordering::Relaxed),
            ),
        }
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        // The committer does what stands in the queue, and ends.
        drop(self.sender().take());
        let mut ended = self.ended.clone();
        Box::pin(async move {
            let _ = ended.wait_for(|ended| *ended).await;
            self.beat.abort();
            if !self.shared.closed.swap(true, Ordering::AcqRel)
                && let Err(error) = living::leave(&self.reader, self.shared.me).await
            {
                tracing::debug!("the others are not told that this node leaves: {error}");
            }
            self.reader.close();
        })
    }
}

impl Nodes for PostgresStore {
    fn me(&self) -> Incarnation {
        self.shared.me
    }

    fn standing(&self) -> Standing {
        self.shared.heard.standing(Instant::now(), self.shared.settings.dead_after)
    }

    fn living(&self) -> BoxFuture<'_, Result<Vec<Node>, StoreError>> {
        Box::pin(living::living(&self.reader))
    }

    fn drain(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(living::drain(&self.reader, self.shared.me))
    }

    fn leave(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(living::leave(&self.reader, self.shared.me))
    }
}
