//! Transactions of an application in which calls for an outbox are written: they are delivered if it commits, and only then. What is
//! in the table is as readable as the application's other data: it is not sealed there.

use bytes::Bytes;

use crate::error::StoreError;
use crate::store::BoxFuture;

/// A call for an outbox, as it is to stand in the application's database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingRow {
    /// The name of the outbox.
    pub outbox: String,
    /// The application's key.
    pub key: String,
    /// The call, in the format of the outbox.
    pub body: Bytes,
    /// So many octets at its beginning are the same whenever it is the same call, and no other call's under this key.
    pub identity: usize,
}

impl OutgoingRow {
    /// What became of it where a row of the same outbox and key is there already: `other` is the body of that, none if it is
    /// gone meanwhile. For implementations of [`OutgoingTransaction`].
    pub fn beside(&self, other: Option<&[u8]>) -> Inserted {
        let own = self.body.get(..self.identity);
        match other {
            Some(other) if other.get(..self.identity) != own => Inserted::OtherCall,
            _ => Inserted::Known,
        }
    }
}

/// What became of a row that was to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It is written, in the transaction.
    New,
    /// It was there.
    Known,
    /// Another call has the key: nothing was written.
    OtherCall,
}

/// A transaction of the application, in which calls are written.
pub trait OutgoingTransaction {
    /// Writes a call.
    ///
    /// # Errors
    /// The database says no; what that means for the transaction it says as well.
    fn insert(&self, row: OutgoingRow) -> BoxFuture<'_, Result<Inserted, StoreError>>;
}
