//! Transactions of an application that has its data in SQLite.
//!
//! One connection, on a thread of its own: a `rusqlite::Connection` cannot be shared, and a transaction must not block the tasks of
//! the host. What the operation does goes there as closures. SQLite has one writer at a time, and so has this: a transaction
//! waits for the one before it.

use std::any::Any;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OptionalExtension, params};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::outgoing_table::OUTBOX_TABLE;
use super::{ApplicationTransaction, ApplicationTransactions, Begun, Mark};
use crate::error::StoreError;
use crate::store::{BoxFuture, Outcome};

/// How long a transaction waits for another process or connection that writes.
const BUSY: Duration = Duration::from_secs(5);

/// The table of marks. `at` is in milliseconds of Unix time.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS waxwing_inbox (
    session TEXT NOT NULL,
    number INTEGER NOT NULL,
    reply BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (session, number)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS waxwing_inbox_at ON waxwing_inbox (at);";

/// What runs on the thread of the connection.
type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// The application's database. Clones share one connection.
#[derive(Clone)]
pub struct SqliteTransactions {
    pub(super) worker: Worker,
    /// One transaction at a time.
    pub(super) turn: Arc<Semaphore>,
}

impl SqliteTransactions {
    /// Opens the application's database, which must be another file than the host's store. The table of marks is made if it is
    /// not there.
    ///
    /// # Errors
    /// The file cannot be opened or written.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::new(Connection::open(path).map_err(|error| failed(&error))?)
    }

    /// The same with a connection that was set up by the application. It waits for other writers (5 seconds) and for the disk
    /// (`synchronous=FULL`) from now on: without that a commit would promise what a power loss can take back.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn new(connection: Connection) -> Result<Self, StoreError> {
        let set_up = || {
            connection.busy_timeout(BUSY)?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.execute_batch(TABLE)?;
            connection.execute_batch(OUTBOX_TABLE)
        };
        set_up().map_err(|error| failed(&error))?;
        Ok(Self { worker: Worker::start(connection)?, turn: Arc::new(Semaphore::new(1)) })
    }
}

/// What an operation writes with: `context.transaction::<SqliteTransaction>()`.
pub struct SqliteTransaction {
    worker: Worker,
    has_ended: AtomicBool,
}

impl SqliteTransaction {
    /// Runs a closure in the transaction, on the thread of the connection. Its error does not roll back: what it has written
    /// stays, until the operation gives an error. `BEGIN`, `COMMIT` and `ROLLBACK` are the host's; savepoints are free.
    ///
    /// # Errors
    /// Those of the closure; [`rusqlite::Error::InvalidQuery`] when the transaction has ended.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> rusqlite::Result<T> {
        if self.has_ended.load(Ordering::SeqCst) {
            return Err(rusqlite::Error::InvalidQuery);
        }
        let guarded = move |connection: &mut Connection| match connection.is_autocommit() {
            // It has ended while this stood in the queue, or the closure before has ended it.
            true => Err(rusqlite::Error::InvalidQuery),
            false => work(connection),
        };
        let done = self.worker.ask(guarded).await;
        done.unwrap_or(Err(rusqlite::Error::InvalidQuery))
    }
}

impl ApplicationTransactions for SqliteTransactions {
    fn begin(&self, mark: &Mark) -> BoxFuture<'_, Result<Begun, StoreError>> {
        let mark = mark.clone();
        Box::pin(async move {
            let turn = Arc::clone(&self.turn).acquire_owned().await.map_err(|_| gone())?;
            // Made before the transaction begins: whoever waits may go away, and it is rolled back then.
            let handle = SqliteTransaction {
                worker: self.worker.clone(),
                has_ended: AtomicBool::new(false),
            };
            let asked = mark.clone();
            let mut open = Open { mark, handle: Arc::new(handle), turn: Some(turn) };
            match self.worker.ask(move |connection| begin(connection, &asked)).await {
                Some(Ok(None)) => Ok(Begun::Open(Box::new(open))),
                Some(Ok(Some(reply))) => {
                    open.turn = None;
                    Ok(Begun::Executed(reply.into()))
                }
                Some(Err(error)) => {
                    open.turn = None;
                    Err(failed(&error))
                }
                None => Err(gone()),
            }
        })
    }

    fn forget(&self, session: &str, through: u64) -> BoxFuture<'_, Result<(), StoreError>> {
        let (session, through) = (session.to_owned(), signed(through));
        Box::pin(async move {
            let _turn = self.turn.acquire().await.map_err(|_| gone())?;
            let sql = "DELETE FROM waxwing_inbox WHERE session = ?1 AND number <= ?2";
            let done = self.worker.ask(move |c| c.execute(sql, params![session, through])).await;
            done.ok_or_else(gone)?.map(drop).map_err(|error| failed(&error))
        })
    }

    fn expire(&self, before: Timestamp, limit: usize) -> BoxFuture<'_, Result<usize, StoreError>> {
        let (before, limit) = (before.as_millisecond(), i64::try_from(limit).unwrap_or(i64::MAX));
        Box::pin(async move {
            let _turn = self.turn.acquire().await.map_err(|_| gone())?;
            let sql = "DELETE FROM waxwing_inbox WHERE (session, number) IN
                (SELECT session, number FROM waxwing_inbox WHERE at < ?1 LIMIT ?2)";
            let done = self.worker.ask(move |c| c.execute(sql, params![before, limit])).await;
            done.ok_or_else(gone)?.map_err(|error| failed(&error))
        })
    }
}

/// A transaction that was begun, or is being.
struct Open {
    mark: Mark,
    handle: Arc<SqliteTransaction>,
    /// None: it has ended.
    turn: Option<OwnedSemaphorePermit>,
}

impl ApplicationTransaction for Open {
    fn handle(&self) -> Arc<dyn Any + Send + Sync> {
        Arc::clone(&self.handle) as Arc<_>
    }

    fn commit(mut self: Box<Self>, reply: Bytes) -> BoxFuture<'static, Outcome> {
        self.handle.has_ended.store(true, Ordering::SeqCst);
        let (mark, turn, worker) =
            (self.mark.clone(), self.turn.take(), self.handle.worker.clone());
        Box::pin(async move {
            // The next one begins when this is over, whether somebody waits for it or not.
            let commit = move |connection: &mut Connection| {
                let outcome = commit(connection, &mark, &reply);
                drop(turn);
                outcome
            };
            worker.ask(commit).await.unwrap_or_else(|| Outcome::Unknown(gone()))
        })
    }

    fn rollback(self: Box<Self>) -> BoxFuture<'static, ()> {
        drop(self);
        Box::pin(std::future::ready(()))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.handle.has_ended.store(true, Ordering::SeqCst);
        if let Some(turn) = self.turn.take() {
            self.handle.worker.tell(move |connection| {
                roll_back(connection);
                drop(turn);
            });
        }
    }
}

/// Begins, or gives the reply of the mark that is there.
fn begin(connection: &mut Connection, mark: &Mark) -> rusqlite::Result<Option<Vec<u8>>> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let sql = "SELECT reply FROM waxwing_inbox WHERE session = ?1 AND number = ?2";
    let found = connection.prepare_cached(sql).and_then(|mut known| {
        known.query_row(params![&*mark.session, signed(mark.number)], |row| row.get(0)).optional()
    });
    if !matches!(found, Ok(None)) {
        roll_back(connection);
    }
    found
}

fn commit(connection: &mut Connection, mark: &Mark, reply: &[u8]) -> Outcome {
    if connection.is_autocommit() {
        let text =
            "the transaction is over: the operation, or an error of the database, has ended it";
        return Outcome::Refused(StoreError::Unavailable(text.to_owned()));
    }
    let sql = "INSERT INTO waxwing_inbox (session, number, reply, at) VALUES (?1, ?2, ?3, ?4)";
    let at = Timestamp::now().as_millisecond();
    let marked = connection
        .prepare_cached(sql)
        .and_then(|mut mine| mine.execute(params![&*mark.session, signed(mark.number), reply, at]));
    if let Err(error) = marked {
        roll_back(connection);
        return match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation) => Outcome::Exists(mark.number),
            _ => Outcome::Refused(failed(&error)),
        };
    }
    match connection.execute_batch("COMMIT") {
        Ok(()) => Outcome::Done,
        // It is still open: nothing was written.
        Err(error) if !connection.is_autocommit() => {
            roll_back(connection);
            Outcome::Refused(failed(&error))
        }
        Err(error) => Outcome::Unknown(failed(&error)),
    }
}

fn roll_back(connection: &Connection) {
    if !connection.is_autocommit()
        && let Err(error) = connection.execute_batch("ROLLBACK")
    {
        tracing::error!("a transaction of the application could not be rolled back: {error}");
    }
}

/// Numbers of messages are below 2^63.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn failed(error: &rusqlite::Error) -> StoreError {
    let text = format!("the application's database: {error}");
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full(text),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => StoreError::Unreadable(text),
        _ => StoreError::Unavailable(text),
    }
}

pub(super) fn gone() -> StoreError {
    StoreError::Unavailable("the thread of the application's database has ended".to_owned())
}

/// The thread of a connection. It ends with the last of these.
#[derive(Clone)]
pub(super) struct Worker(mpsc::Sender<Job>);

impl Worker {
    fn start(mut connection: Connection) -> Result<Self, StoreError> {
        // Who asks waits for the answer, and transactions are one at a time: few jobs stand here.
        let (sender, jobs) = mpsc::channel::<Job>();
        let run = move || jobs.into_iter().for_each(|job| job(&mut connection));
        let named = std::thread::Builder::new().name("waxwing-application".to_owned());
        let started = named.spawn(run);
        started.map_err(|error| {
            StoreError::Unavailable(format!("no thread can be started: {error}"))
        })?;
        Ok(Self(sender))
    }

    fn tell(&self, work: impl FnOnce(&mut Connection) + Send + 'static) {
        let _ = self.0.send(Box::new(work));
    }

    /// What the closure gives; none when it panicked, or the thread is gone.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> T + Send + 'static,
    ) -> Option<T> {
        let (sender, answer) = oneshot::channel();
        self.tell(move |connection| {
            // A panic of the application's closure is its operation's, and not the end of the thread.
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(connection)));
            if let Ok(done) = done {
                let _ = sender.send(done);
            }
        });
        answer.await.ok()
    }
}

impl std::fmt::Debug for SqliteTransactions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteTransactions").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for SqliteTransaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteTransaction").finish_non_exhaustive()
    }
}
