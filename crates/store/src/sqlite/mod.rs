//! A store in one file, of one process: SQLite.
//!
//! One thread writes: it takes all units that wait and commits them as one transaction, so many sessions share one wait for the
//! disk. One reads beside it, one writes the log back into the file.
//!
//! # What is durable when
//! [`Outcome::Done`] is told after `COMMIT`, in SQLite's write-ahead log with `synchronous=FULL`: the pages of the transaction
//! are appended to the log with a checksum over all before them, the last one marked as its end, and `fsync` has said that they
//! are on the disk. A crash leaves a log that ends somewhere; the next open takes it up to the last whole transaction. Pages go
//! from the log into the file only after the log is synced, and the log is written from its beginning again only after the file
//! is synced. So nothing in this depends on the order in which a disk writes between two syncs, and a sector that was being
//! written at a power loss may hold the old, the new or some of both. (SQLite takes it that what was not being written stays as
//! it was, in the same sector, too.) A disk that says it has synced and has not loses what was acknowledged, as with every store.
//!
//! # When a sync fails
//! After `fsync` has failed the system holds the written pages for clean: they can be read, and a second `fsync` succeeds,
//! though they are not on the disk. SQLite itself does not trust them: a commit whose sync failed is rolled back and its place in
//! the log written anew; a checkpoint whose sync failed is done again from the log. But what other processes and the next one
//! read may be what is only in memory. So the process ends ([`OnFailedSync`]), and each open writes the whole log back into the
//! file and syncs it before it answers anything: what it found in the log, wherever that was, is on the disk then, or the open
//! fails.
//!
//! # What is sealed
//! States and bodies of messages, where they stand. Not sealed are identifiers of sessions, names, numbers, times and sizes.

pub mod admin;
mod checkpoint;
mod options;
mod place;
mod queue;
mod reader;
mod schema;
mod trouble;
mod unit;
mod writer;

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;

use jiff::Timestamp;
use rusqlite::Connection;
use tokio::sync::{oneshot, watch};

pub use self::options::{
    DEFAULT_LOG_OCTETS, DEFAULT_OCTETS, DEFAULT_RECORDS, OnFailedSync, SqliteOptions,
};
use self::place::Owned;
use self::queue::{Gate, Job, Queue as Waiting, closed, lock};
use self::reader::Reader;
use self::trouble::meaning;
use self::unit::{Quota, Tables, octets_used};
use self::writer::{Shared, Writer};
use crate::error::StoreError;
use crate::keys::sync_folder;
use crate::limits::{PAGE, check};
use crate::model::{
    Epoch, Group, Kind, MessageChange, Name, Queue, Record, RecordId, Step, StoredMessage, Unit,
    Version,
};
use crate::seal::{Place, Seal};
use crate::store::{BoxFuture, Claim, Health, Outcome, Store};

/// The most questions that wait for the reader.
const QUESTIONS: usize = 4096;
/// A page of the log: a page of the file with a header.
const LOG_PAGE: u64 = 4096 + 24;

type Question = Box<dyn FnOnce(&Reader) + Send>;

/// A store in one file. Clones share it; when the last one is dropped, what waits is committed, and the file is free.
#[derive(Clone)]
pub struct SqliteStore(Arc<Handle>);

struct Handle {
    shared: Arc<Shared>,
    seal: Arc<Seal>,
    questions: Arc<Mutex<Option<mpsc::SyncSender<Question>>>>,
    incarnation: i64,
    ended: watch::Receiver<bool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.queue.close();
        if let Some(thread) = lock(&self.thread).take() {
            // It panics never; if it did, the file is free all the same.
            let _ = thread.join();
        }
    }
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Opens a store, or makes it. Blocks while the log of a process that ended without a word is written back.
    ///
    /// # Errors
    /// [`StoreError::InUse`]: another process has it. [`StoreError::Configuration`]: it cannot be kept there, or a key is missing
    /// or wrong; it is no store, or of a newer version. [`StoreError::Unreadable`]: it is damaged. The disk's errors.
    pub fn open(options: &SqliteOptions) -> Result<Self, StoreError> {
        let (path, folder) = place::whole(&options.path)?;
        if !options.on_network {
            place::is_local(&folder)?;
        }
        place::is_store(&path)?;
        let owned = Owned::take(&path)?;
        let begins = !path.exists();
        match Self::open_owned(options, &path) {
            Ok(opened) => {
                Self::start(&path, options, opened, owned).map_err(|error| meaning(&error))
            }
            Err(error) => {
                if begins {
                    // Nothing was in it.
                    for end in ["", "-wal", "-shm"] {
                        let _ = std::fs::remove_file(options::beside(&path, end));
                    }
                }
                owned.undo();
                Err(error)
            }
        }
    }

    fn open_owned(options: &SqliteOptions, path: &Path) -> Result<Opened, StoreError> {
        make(path)?;
        let failed = |error: rusqlite::Error| meaning(&error);
        let connection = schema::writer(path, options.waits_for_disk).map_err(failed)?;
        let begins = schema::is_empty(&connection).map_err(failed)?;
        if !begins {
            schema::is_known(&connection, path)?;
        }
        let seal = Arc::new(Seal::new(&options.sealing, begins)?);
        schema::migrate(&connection, path)?;
        let checked = schema::check(&connection, path)?;
        schema::know_keys(&connection, &seal, true)?;
        let incarnation = schema::next_incarnation(&connection).map_err(failed)?;
        // What was found in the log is on the disk, before anything is said of it.
        if !checkpoint::whole(&connection).map_err(failed)? {
            tracing::warn!(store = %path.display(), "somebody reads the store while it is opened; its log stays");
        }
        sync_folder(path).map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let quota = Quota { octets: options.octets, records: options.records };
        let used = octets_used(&connection).map_err(failed)?;
        let tables = Tables::new(connection, incarnation, quota).map_err(failed)?;
        let from = u32::try_from(options.log_octets / LOG_PAGE).unwrap_or(u32::MAX / 4).max(16);
        let health =
            Health { records: tables.records, octets: (used, options.octets), ..Health::default() };
        let shared = Arc::new(Shared {
            queue: Waiting::default(),
            gate: Gate::new(from),
            health: Mutex::new(health),
            broken: Mutex::new(None),
            on_failed_sync: options.on_failed_sync,
            most_pages: from.saturating_mul(2),
        });
        Ok(Opened { tables, shared, seal, incarnation, from, checked })
    }

    /// Starts the threads.
    fn start(
        path: &Path,
        options: &SqliteOptions,
        opened: Opened,
        owned: Owned,
    ) -> rusqlite::Result<Self> {
        let Opened { tables, shared, seal, incarnation, from, checked } = opened;
        let reads = Reader { connection: schema::reader(path)?, seal: seal.clone() };
        let writes_back = schema::writer(path, options.waits_for_disk)?;
        let looks = (!checked).then(|| schema::reader(path)).transpose()?;
        let writer = Writer::new(tables, shared.clone())?;
        let (ask, asked) = mpsc::sync_channel::<Question>(QUESTIONS);
        let questions = Arc::new(Mutex::new(Some(ask)));
        let (ends, ended) = watch::channel(false);
        let threads = Threads { shared: shared.clone(), questions: questions.clone(), owned };
        let work = move || {
            threads.work(writer, reads, asked, writes_back, from, looks);
            // Nobody may be waiting.
            let _ = ends.send(true);
        };
        let thread = Some(std::thread::spawn(work));
        let thread = Mutex::new(thread);
        Ok(Self(Arc::new(Handle { shared, seal, questions, incarnation, ended, thread })))
    }

    /// Asks the reader.
    fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        let (answer, answered) = oneshot::channel();
        let put = match (self.0.shared.broken(), &*lock(&self.0.questions)) {
            (Some(error), _) => Err(error),
            (None, None) => Err(closed()),
            (None, Some(questions)) => {
                let question = Box::new(move |reader: &Reader| {
                    // Whoever asked may be gone.
                    let _ = answer.send(question(reader));
                });
                questions.try_send(question).map_err(|_| {
                    StoreError::Unavailable("more is asked of it than it answers".into())
                })
            }
        };
        Box::pin(async move {
            put?;
            answered.await.unwrap_or_else(|_| Err(closed()))
        })
    }

    /// Its values as they are written.
    fn sealed(&self, unit: &mut Unit) -> Result<(), StoreError> {
        check(unit)?;
        let seal = &self.0.seal;
        let id = &unit.record;
        match &mut unit.step {
            Step::Create(state) => {
                *state = seal.seal(Place::State(id, Version(1)), state)?.into();
            }
            Step::Write(version, state) => {
                *state = seal.seal(Place::State(id, *version), state)?.into();
            }
            Step::Keep | Step::Remove => {}
        }
        for change in &mut unit.messages {
            if let MessageChange::Put(message) = change {
                message.body = seal.seal(Place::of(id, message), &message.body)?.into();
            }
        }
        Ok(())
    }
}

/// A file that was opened, before its threads run.
struct Opened {
    tables: Tables,
    shared: Arc<Shared>,
    seal: Arc<Seal>,
    incarnation: i64,
    /// From so many pages on the log is written back.
    from: u32,
    checked: bool,
}

/// The file, readable by its owner only: what is not sealed is nobody else's business either.
fn make(path: &Path) -> Result<(), StoreError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(|error| {
        StoreError::Unavailable(format!("{} cannot be opened: {error}", path.display()))
    })
}

/// What runs beside the tasks.
struct Threads {
    shared: Arc<Shared>,
    questions: Arc<Mutex<Option<mpsc::SyncSender<Question>>>>,
    owned: Owned,
}

impl Threads {
    fn work(
        self,
        writer: Writer,
        reader: Reader,
        asked: mpsc::Receiver<Question>,
        writes_back: Connection,
        from: u32,
        looks: Option<Connection>,
    ) {
        let Self { shared, questions, owned } = self;
        let hurry = looks.as_ref().map(Connection::get_interrupt_handle);
        std::thread::scope(|scope| {
            let shared = &shared;
            scope.spawn(move || asked.into_iter().for_each(|question| question(&reader)));
            scope.spawn(move || checkpoint::work(&writes_back, shared, from));
            if let Some(looks) = looks {
                scope.spawn(move || look_through(&looks, shared));
            }
            let tables = writer.work();
            shared.gate.end();
            *lock(&questions) = None;
            if let Some(hurry) = hurry {
                hurry.interrupt();
            }
            if shared.broken().is_none()
                && let Err(error) = checkpoint::whole(&tables.connection)
            {
                shared.failed(&meaning(&error));
            }
        });
        drop(owned);
    }
}

/// Looks the file through while it is in use.
fn look_through(connection: &Connection, shared: &Shared) {
    if let Err(error @ StoreError::Unreadable(_)) = schema::look_through(connection) {
        tracing::error!(%error, "the store was looked through");
        lock(&shared.health).trouble = Some(error);
    }
}

impl Store for SqliteStore {
    fn commit(&self, mut unit: Unit) -> BoxFuture<'static, Outcome> {
        if let Err(error) = self.sealed(&mut unit) {
            return Box::pin(std::future::ready(Outcome::Refused(error)));
        }
        let (answer, answered) = oneshot::channel();
        self.0.shared.queue.put(Job::Commit(unit, answer));
        Box::pin(async move { answered.await.unwrap_or_else(|_| Outcome::Unknown(closed())) })
    }

    fn claim(&self, group: &Group) -> BoxFuture<'_, Result<Claim, StoreError>> {
        let (answer, answered) = oneshot::channel();
        self.0.shared.queue.put(Job::Claim(group.clone(), answer));
        let group = group.clone();
        Box::pin(async move {
            let claimed = answered.await.unwrap_or_else(|_| Err(closed()))?;
            let Some(epoch) = claimed else { return Ok(Claim::Unknown) };
            let records = self.ask(move |reader| reader.records(&group, epoch)).await?;
            Ok(Claim::Mine(epoch, records))
        })
    }

    fn find(&self, name: &Name) -> BoxFuture<'_, Result<Option<Group>, StoreError>> {
        let name = name.clone();
        self.ask(move |reader| reader.find(&name))
    }

    fn unfinished(
        &self,
        after: Option<&Group>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Group>, StoreError>> {
        let (after, incarnation) = (after.cloned(), self.0.incarnation);
        let limit = limit.min(PAGE);
        self.ask(move |reader| reader.unfinished(incarnation, after.as_ref(), limit))
    }

    fn messages(
        &self,
        record: &RecordId,
        queue: Queue,
        after: u64,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<StoredMessage>, StoreError>> {
        let (record, limit) = (record.clone(), limit.min(PAGE));
        self.ask(move |reader| reader.messages(&record, queue, after, limit))
    }

    fn message(
        &self,
        record: &RecordId,
        queue: Queue,
        name: &Name,
    ) -> BoxFuture<'_, Result<Option<StoredMessage>, StoreError>> {
        let (record, name) = (record.clone(), name.clone());
        self.ask(move |reader| reader.message(&record, queue, &name))
    }

    fn records(
        &self,
        kind: Kind,
        after: Option<&RecordId>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Record>, StoreError>> {
        let (after, limit) = (after.cloned(), limit.min(PAGE));
        self.ask(move |reader| reader.list(kind, after.as_ref(), limit))
    }

    fn release(&self, group: &Group, epoch: Epoch) -> BoxFuture<'static, Outcome> {
        let (answer, answered) = oneshot::channel();
        self.0.shared.queue.put(Job::Release(group.clone(), epoch, answer));
        Box::pin(async move { answered.await.unwrap_or_else(|_| Outcome::Unknown(closed())) })
    }

    fn expire(
        &self,
        kinds: &[Kind],
        before: Timestamp,
        limit: usize,
    ) -> BoxFuture<'_, Result<usize, StoreError>> {
        let (answer, answered) = oneshot::channel();
        self.0.shared.queue.put(Job::Expire(kinds.to_vec(), before, limit.min(PAGE), answer));
        Box::pin(async move { answered.await.unwrap_or_else(|_| Err(closed())) })
    }

    fn health(&self) -> Health {
        lock(&self.0.shared.health).clone()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.0.shared.queue.close();
        let mut ended = self.0.ended.clone();
        Box::pin(async move {
            // The thread is gone: it has ended.
            let _ = ended.wait_for(|ended| *ended).await;
        })
    }
}
