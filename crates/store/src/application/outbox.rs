//! Calls that an application enqueues in a transaction of its own, in its own database: the call is made exactly when the
//! transaction commits.
//!
//! They stand in one table, `waxwing_outbox`, until somebody has moved them into an outbox: reads them by
//! [`waiting`](ApplicationOutbox::waiting), enqueues each there under its key, and tells that by
//! [`moved`](ApplicationOutbox::moved). Who dies in between finds them again; in the outbox the key is there already, and nothing is
//! called twice.

use bytes::Bytes;

use crate::error::StoreError;
use crate::store::BoxFuture;

/// A call that waits in the application's database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingCall {
    /// Its place in the table, in the order in which calls were enqueued.
    pub place: u64,
    /// The key that the application gave it: unique in its outbox.
    pub key: String,
    /// What it is, in the format of whoever enqueued it.
    pub body: Bytes,
}

/// The table of an application's database in which calls wait.
pub trait ApplicationOutbox: Send + Sync + 'static {
    /// Calls that wait for this outbox, in the order of their places, at most `limit`.
    ///
    /// # Errors
    /// The database cannot be asked.
    fn waiting(
        &self,
        outbox: &str,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<WaitingCall>, StoreError>>;

    /// These calls are in the outbox: they wait no more.
    ///
    /// # Errors
    /// The database cannot be asked; they are found again.
    fn moved(&self, outbox: &str, places: &[u64]) -> BoxFuture<'_, Result<(), StoreError>>;
}
