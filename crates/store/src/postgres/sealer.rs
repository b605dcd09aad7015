//! Sealing of what is written, and the check that all nodes have the same keys.

use bytes::Bytes;
use tokio_postgres::Client;

use super::failure::told;
use crate::error::StoreError;
use crate::keys::Sealing;
use crate::model::{Name, Queue, RecordId, StoredMessage, Version};
use crate::seal::{Place, Seal};

/// Seals and opens states and messages.
pub(super) struct Sealer(Seal);

/// Under which word something lies that every node must be able to open.
const CHECK: &str = "check";
const CHECKED: &[u8] = b"waxwing";

impl Sealer {
    /// With the keys of this source. `begins`: the tables were made just now.
    ///
    /// # Errors
    /// There are none, or they do not open what the others have sealed.
    pub(super) async fn open(
        sealing: &Sealing,
        begins: bool,
        client: &Client,
        schema: &str,
    ) -> Result<Self, StoreError> {
        let sealing = sealing.clone();
        let asked = tokio::task::spawn_blocking(move || Seal::new(&sealing, begins)).await;
        let seal = asked
            .map_err(|e| StoreError::Configuration(format!("the source of the keys: {e}")))??;
        let place = Place::Store(CHECK);
        let insert = format!(
            "INSERT INTO {schema}.kept (word, value) VALUES ($1, $2) ON CONFLICT DO NOTHING"
        );
        client
            .execute(&insert, &[&CHECK, &seal.seal(place, CHECKED)?])
            .await
            .map_err(|e| told(&e))?;
        let select = format!("SELECT value FROM {schema}.kept WHERE word = $1");
        let row = client.query_one(&select, &[&CHECK]).await.map_err(|e| told(&e))?;
        seal.open(place, row.get(0)).map_err(|error| {
            StoreError::Configuration(format!(
                "the keys of this node are not those under which the schema '{schema}' is sealed: {error}; all nodes need the \
                 same keys"
            ))
        })?;
        Ok(Self(seal))
    }

    /// The same of tables that are there, without writing anything.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub(super) async fn known(
        sealing: &Sealing,
        client: &Client,
        schema: &str,
    ) -> Result<Self, StoreError> {
        let sealing = sealing.clone();
        let asked = tokio::task::spawn_blocking(move || Seal::new(&sealing, false)).await;
        let seal = asked
            .map_err(|e| StoreError::Configuration(format!("the source of the keys: {e}")))??;
        let select = format!("SELECT value FROM {schema}.kept WHERE word = $1");
        if let Some(row) = client.query_opt(&select, &[&CHECK]).await.map_err(|e| told(&e))? {
            seal.open(Place::Store(CHECK), row.get(0)).map_err(|error| {
                StoreError::Configuration(format!(
                    "these keys are not those under which the schema '{schema}' is sealed: {error}"
                ))
            })?;
        }
        Ok(Self(seal))
    }

    /// Without keys: nothing is opened by it.
    pub(super) fn without_keys() -> Result<Self, StoreError> {
        Seal::new(&Sealing(None), false).map(Self)
    }

    /// The name of the key that seals.
    pub(super) fn key(&self) -> Option<Vec<u8>> {
        self.0.first().map(|id| id.octets().to_vec())
    }

    pub(super) fn state(
        &self,
        record: &RecordId,
        version: Version,
        state: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        self.0.seal(Place::State(record, version), state)
    }

    pub(super) fn message(
        &self,
        record: &RecordId,
        message: &StoredMessage,
    ) -> Result<Vec<u8>, StoreError> {
        self.0.seal(Place::of(record, message), &message.body)
    }

    pub(super) fn open_state(
        &self,
        record: &RecordId,
        version: Version,
        sealed: &[u8],
    ) -> Result<Bytes, StoreError> {
        self.0.open(Place::State(record, version), sealed)
    }

    pub(super) fn open_message(
        &self,
        record: &RecordId,
        queue: Queue,
        number: u64,
        name: Option<&Name>,
        sealed: &[u8],
    ) -> Result<Bytes, StoreError> {
        self.0.open(Place::Message(record, queue, number, name), sealed)
    }
}
