//! The transaction of the application: how an operation takes part in *exactly once*.
//!
//! A host that executes an operation with `delivery = "transaction"` begins a transaction in the application's own database,
//! lets the operation write in it, and adds a mark: which message of which session it was, and what was answered. One commit
//! makes all of it durable, or nothing. Whenever the same message is executed again the mark is there, and its reply is
//! answered in place of executing.
//!
//! * [`ApplicationTransactions`]: what the host asks of a database. Implemented for SQLite (`SqliteTransactions`, feature `sqlite`) and
//!   PostgreSQL (`PostgresTransactions`, feature `postgres`); implement it for any other database that has transactions and unique keys.
//! * The marks are in one table, `waxwing_inbox(session, number, reply, at)` with the primary key (session, number). The host removes
//!   those that cannot be asked for any more.
//! * The other direction, calls for an outbox that are written in the application's transaction: [`OutgoingTransaction`], and
//!   [`ApplicationOutbox`] for the outbox that takes them out.

mod outbox;
mod outgoing;
#[cfg(feature = "postgres")]
mod outgoing_postgres;
#[cfg(feature = "sqlite")]
mod outgoing_sqlite;
#[cfg(feature = "sqlite")]
mod outgoing_table;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::any::Any;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use crate::error::StoreError;
use crate::store::{BoxFuture, Outcome};

pub use outbox::{ApplicationOutbox, WaitingCall};
pub use outgoing::{Inserted, OutgoingRow, OutgoingTransaction};
#[cfg(feature = "postgres")]
pub use postgres::{ApplicationSettings, PostgresTransaction, PostgresTransactions};
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteTransaction, SqliteTransactions};

/// Which message: the same whenever it is executed again, and no other message's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mark {
    /// The session: the identifier of its first sequence, a URI of at most 512 octets.
    pub session: Arc<str>,
    /// The number of the message in it, from 1.
    pub number: u64,
}

/// A database of the application, in which the host begins transactions.
pub trait ApplicationTransactions: Send + Sync + 'static {
    /// Begins a transaction for a message, unless its mark is there: then it was executed, and nothing is begun.
    ///
    /// # Errors
    /// The database cannot say. The message is not executed; its sender comes again.
    fn begin(&self, mark: &Mark) -> BoxFuture<'_, Result<Begun, StoreError>>;

    /// Removes the marks of a session up to this number: they will not be asked for any more.
    ///
    /// # Errors
    /// They stay, and [`expire`](Self::expire) removes them.
    fn forget(&self, session: &str, through: u64) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Removes marks that were made before this time, at most `limit`; how many that were. The host calls it with a time that is
    /// longer ago than any of its sessions can last without a message.
    ///
    /// # Errors
    /// The database cannot be reached.
    fn expire(&self, before: Timestamp, limit: usize) -> BoxFuture<'_, Result<usize, StoreError>>;
}

/// What [`ApplicationTransactions::begin`] finds.
pub enum Begun {
    /// The message was executed: the reply that was given with its mark, as it was given.
    Executed(Bytes),
    /// It was not: the transaction in which it is to be.
    Open(Box<dyn ApplicationTransaction>),
}

/// A transaction that is open. Dropped without a word it is rolled back.
pub trait ApplicationTransaction: Send {
    /// What the operation writes with. It is asked for by its type (`OperationContext::transaction`); after the end of the
    /// transaction it must do nothing but give errors.
    fn handle(&self) -> Arc<dyn Any + Send + Sync>;

    /// Adds the mark with this reply and commits: [`Outcome::Done`], [`Outcome::Refused`] (nothing was written),
    /// [`Outcome::Exists`] (the mark is there: somebody else has executed the message meanwhile; nothing was written) or
    /// [`Outcome::Unknown`].
    fn commit(self: Box<Self>, reply: Bytes) -> BoxFuture<'static, Outcome>;

    /// Rolls back: nothing of it happened.
    fn rollback(self: Box<Self>) -> BoxFuture<'static, ()>;
}

impl std::fmt::Debug for Begun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Executed(reply) => write!(f, "Executed({} octets)", reply.len()),
            Self::Open(_) => f.write_str("Open"),
        }
    }
}
