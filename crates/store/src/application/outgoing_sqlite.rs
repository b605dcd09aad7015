//! Calls for an outbox in an application's SQLite: the table, how they are written, how they are taken out.

use std::future::ready;

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::outbox::{ApplicationOutbox, WaitingCall};
use super::outgoing::{Inserted, OutgoingRow, OutgoingTransaction};
use super::sqlite::{SqliteTransaction, SqliteTransactions, failed, gone};
use crate::error::StoreError;
use crate::store::BoxFuture;

fn insert(connection: &Connection, row: &OutgoingRow) -> rusqlite::Result<Inserted> {
    let sql = "INSERT INTO waxwing_outbox (outbox, key, body) VALUES (?1, ?2, ?3)
        ON CONFLICT (outbox, key) DO NOTHING";
    let mut write = connection.prepare_cached(sql)?;
    if write.execute(params![row.outbox, row.key, &row.body[..]])? == 1 {
        return Ok(Inserted::New);
    }
    let sql = "SELECT body FROM waxwing_outbox WHERE outbox = ?1 AND key = ?2";
    let mut read = connection.prepare_cached(sql)?;
    let found = read.query_row(params![row.outbox, row.key], |row| row.get::<_, Vec<u8>>(0));
    Ok(row.beside(found.optional()?.as_deref()))
}

impl OutgoingTransaction for Connection {
    fn insert(&self, row: OutgoingRow) -> BoxFuture<'_, Result<Inserted, StoreError>> {
        Box::pin(ready(insert(self, &row).map_err(|error| failed(&error))))
    }
}

impl OutgoingTransaction for Transaction<'_> {
    fn insert(&self, row: OutgoingRow) -> BoxFuture<'_, Result<Inserted, StoreError>> {
        Box::pin(ready(insert(self, &row).map_err(|error| failed(&error))))
    }
}

impl OutgoingTransaction for SqliteTransaction {
    fn insert(&self, row: OutgoingRow) -> BoxFuture<'_, Result<Inserted, StoreError>> {
        Box::pin(async move {
            let done = self.run(move |connection| insert(connection, &row)).await;
            done.map_err(|error| failed(&error))
        })
    }
}

impl SqliteTransactions {
    /// Between transactions.
    async fn alone<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let _turn = self.turn.acquire().await.map_err(|_| gone())?;
        self.worker.ask(work).await.ok_or_else(gone)?.map_err(|error| failed(&error))
    }
}

impl ApplicationOutbox for SqliteTransactions {
    fn waiting(
        &self,
        outbox: &str,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<WaitingCall>, StoreError>> {
        let (outbox, limit) = (outbox.to_owned(), i64::try_from(limit).unwrap_or(i64::MAX));
        Box::pin(self.alone(move |connection| {
            let sql = "SELECT place, key, body FROM waxwing_outbox
                WHERE outbox = ?1 ORDER BY place LIMIT ?2";
            let mut read = connection.prepare_cached(sql)?;
            let rows = read.query_map(params![outbox, limit], |row| {
                let body: Vec<u8> = row.get(2)?;
                let place = row.get::<_, i64>(0)?.unsigned_abs();
                Ok(WaitingCall { place, key: row.get(1)?, body: body.into() })
            })?;
            rows.collect()
        }))
    }

    fn moved(&self, outbox: &str, places: &[u64]) -> BoxFuture<'_, Result<(), StoreError>> {
        let (outbox, places) = (outbox.to_owned(), places.to_vec());
        Box::pin(self.alone(move |connection| {
            let transaction = connection.transaction()?;
            for place in places {
                let sql = "DELETE FROM waxwing_outbox WHERE outbox = ?1 AND place = ?2";
                let place = i64::try_from(place).unwrap_or(i64::MAX);
                transaction.prepare_cached(sql)?.execute(params![outbox, place])?;
            }
            transaction.commit()
        }))
    }
}
