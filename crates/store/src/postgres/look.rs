//! What is in a store, for people: nothing is written, and nobody hears of it. The nodes go on meanwhile.

use std::sync::Arc;
use std::time::SystemTime;

use jiff::Timestamp;
use tokio_postgres::types::Timestamp as SqlTime;

use super::address::Address;
use super::connect::{Connector, Session};
use super::reads::{Reader, time_of};
use super::sealer::Sealer;
use super::settings::PostgresSettings;
use super::shared::Shared;
use super::{schema, told_where};
use crate::error::StoreError;
use crate::limits::PAGE;
use crate::model::{Group, Kind, Name, Queue, Record, RecordId, StoredMessage};
use crate::nodes::Incarnation;

/// A store in PostgreSQL that is only looked at.
pub struct PostgresLook {
    reader: Reader,
    has_keys: bool,
}

/// What there is of a record, without its state.
#[derive(Clone, Debug)]
pub struct RecordInfo {
    /// Which.
    pub id: RecordId,
    /// When it may be forgotten.
    pub expires_at: Timestamp,
    /// The octets of its state and its messages, as they are kept.
    pub octets: u64,
    /// The node that has it, by its name, if that is there; whether it lives is another question.
    pub owner: Option<String>,
}

impl PostgresLook {
    /// Connects, and joins nothing. Without `has_keys` the sealing of the settings does not matter, and nothing can be opened.
    ///
    /// # Errors
    /// The server cannot be reached, there is no store, or it is of another version; the keys are not those.
    pub async fn open(settings: PostgresSettings, has_keys: bool) -> Result<Self, StoreError> {
        settings.check()?;
        let connection = settings.connection.clone();
        // It may read files.
        let address = tokio::task::spawn_blocking(move || Address::read(&connection)).await;
        let address = address.map_err(|e| StoreError::Configuration(e.to_string()))??;
        let connector = Connector::new(&address, Session::of_store(&settings))?;
        let at = |error| told_where(error, &address.shown());
        let (client, task) = connector.open().await.map_err(at)?;
        schema::is_known(&client, &settings.schema).await.map_err(at)?;
        let sealer = match has_keys {
            true => Sealer::known(&settings.sealing, &client, &settings.schema).await?,
            false => Sealer::without_keys()?,
        };
        drop(client);
        task.abort();
        let shared = Arc::new(Shared::new(settings, sealer, Incarnation(0)));
        let reader = Reader::new(shared, connector)?;
        Ok(Self { reader, has_keys })
    }

    /// Records of a kind in the order of their groups, those after `after`, at most `limit`: of all groups or of one.
    ///
    /// # Errors
    /// The database cannot say.
    pub async fn infos(
        &self,
        kind: Kind,
        group: Option<&Group>,
        after: Option<&Group>,
        limit: usize,
    ) -> Result<Vec<RecordInfo>, StoreError> {
        let (own, limit) = (kind as i16, limit.min(PAGE) as i64);
        let (after, group) = (after.map_or("", Group::as_str), group.map(Group::as_str));
        let rows = self.reader.rows(INFOS, &[&own, &after, &limit, &group]).await?;
        let infos = rows.iter().map(|row| {
            let (group, name) =
                (Group::new(row.get::<_, &str>(0)), Name::new(row.get::<_, &str>(1)));
            RecordInfo {
                id: RecordId { group, kind, name },
                expires_at: time_of(row.get::<_, SqlTime<SystemTime>>(2)),
                octets: row.get::<_, i64>(3).unsigned_abs(),
                owner: row.get(4),
            }
        });
        Ok(infos.collect())
    }

    /// The record of this kind in a group, opened. Of an outbox only what is to be delivered.
    ///
    /// # Errors
    /// The database cannot say, or the keys are missing.
    pub async fn record(&self, kind: Kind, group: &Group) -> Result<Option<Record>, StoreError> {
        self.needs_keys()?;
        self.reader.one(kind, group).await
    }

    /// Messages of a record, opened: those after `after`, at most `limit`.
    ///
    /// # Errors
    /// As for [`record`](Self::record).
    pub async fn messages(
        &self,
        record: &RecordId,
        queue: Queue,
        after: u64,
        limit: usize,
    ) -> Result<Vec<StoredMessage>, StoreError> {
        self.needs_keys()?;
        self.reader.messages(record, queue, after, limit).await
    }

    /// The numbers and sizes of messages of a record: those after `after`, at most `limit`.
    ///
    /// # Errors
    /// The database cannot say.
    pub async fn numbers(
        &self,
        record: &RecordId,
        queue: Queue,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, u64)>, StoreError> {
        let (group, name) = (record.group.as_str(), record.name.as_str());
        let (kind, of, limit) = (record.kind as i16, queue as i16, limit.min(PAGE) as i64);
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let rows = self.reader.rows(NUMBERS, &[&group, &kind, &name, &of, &after, &limit]).await?;
        let read = |row: &tokio_postgres::Row| {
            (row.get::<_, i64>(0).unsigned_abs(), row.get::<_, i64>(1).unsigned_abs())
        };
        Ok(rows.iter().map(read).collect())
    }

    fn needs_keys(&self) -> Result<(), StoreError> {
        let text = || {
            StoreError::Configuration(
                "the values are sealed: the keys of the store are needed".into(),
            )
        };
        self.has_keys.then_some(()).ok_or_else(text)
    }
}

impl std::fmt::Debug for PostgresLook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresLook").field("has_keys", &self.has_keys).finish_non_exhaustive()
    }
}

const INFOS: &str = "SELECT r.grp, r.name, r.expires_at, \
    (length(r.state) + coalesce((SELECT sum(length(m.body)) FROM @.messages m WHERE m.record = r.id), 0))::int8, \
    (SELECT n.name FROM @.groups g JOIN @.nodes n ON n.incarnation = g.owner WHERE g.grp = r.grp) \
    FROM @.records r WHERE r.kind = $1 AND r.grp > $2 AND ($4::text IS NULL OR r.grp = $4) ORDER BY r.grp LIMIT $3";
const NUMBERS: &str = "SELECT m.number, length(m.body)::int8 FROM @.records r JOIN @.messages m ON m.record = r.id \
    WHERE r.grp = $1 AND r.kind = $2 AND r.name = $3 AND m.queue = $4 AND m.number > $5 ORDER BY m.number LIMIT $6";
