//! Calls for an outbox in an application's PostgreSQL: how they are written.

use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, GenericClient, Transaction};

use super::outgoing::{Inserted, OutgoingRow, OutgoingTransaction};
use super::postgres::{PostgresTransaction, TransactionError, enqueue, failed};
use crate::error::StoreError;
use crate::store::BoxFuture;

const THERE: &str = "SELECT body FROM waxwing_outbox WHERE outbox = $1 AND key = $2";

async fn insert(client: &impl GenericClient, row: &OutgoingRow) -> Result<Inserted, Error> {
    if enqueue(client, &row.outbox, &row.key, &row.body).await? {
        return Ok(Inserted::New);
    }
    let found = client.query_opt(THERE, &[&row.outbox, &row.key]).await?;
    Ok(row.beside(found.as_ref().map(|found| found.get(0))))
}

impl OutgoingTransaction for Client {
    fn insert(&self, row: OutgoingRow) -> BoxFuture<'_, Result<Inserted, StoreError>> {
        Box::pin(async move { insert(self, &row).await.map_err(|error| failed(&error)) })
    }
}

impl OutgoingTransaction for Transaction<'_> {
    fn insert(&self, row: OutgoingRow) -> BoxFuture<'_, Result<Inserted, StoreError>> {
        Box::pin(async move { insert(self, &row).await.map_err(|error| failed(&error)) })
    }
}

impl OutgoingTransaction for PostgresTransaction {
    fn insert(&self, row: OutgoingRow) -> BoxFuture<'_, Result<Inserted, StoreError>> {
        let refused = |error: TransactionError| StoreError::Unavailable(error.to_string());
        Box::pin(async move {
            if self.enqueue(&row.outbox, &row.key, &row.body).await.map_err(refused)? {
                return Ok(Inserted::New);
            }
            let names: [&(dyn ToSql + Sync); 2] = [&row.outbox, &row.key];
            let found = self.query_opt(THERE, &names).await.map_err(refused)?;
            Ok(row.beside(found.as_ref().map(|found| found.get(0))))
        })
    }
}
