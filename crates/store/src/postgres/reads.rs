//! What is asked beside the commits, over a small pool of connections: claims, names, messages, and what is old.

use std::future::Future;
use std::sync::Arc;
use std::time::SystemTime;

use deadpool_postgres::{
    Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime,
};
use jiff::Timestamp;
use tokio_postgres::types::{Timestamp as SqlTime, ToSql};
use tokio_postgres::{Error, Row};

use super::connect::Connector;
use super::failure::told;
use super::safety::Server;
use super::shared::Shared;
use super::sql::number;
use crate::error::StoreError;
use crate::limits::{LONGEST_NAME, PAGE};
use crate::model::{Epoch, Group, Kind, Name, Queue, Record, RecordId, StoredMessage, Version};
use crate::store::{Claim, NodeAddress};

/// Asks over a pool.
pub(super) struct Reader {
    shared: Arc<Shared>,
    connector: Connector,
    pool: Pool,
}

impl Reader {
    pub(super) fn new(shared: Arc<Shared>, connector: Connector) -> Result<Self, StoreError> {
        let manager = Manager::from_connect(
            connector.config().clone(),
            connector.clone(),
            ManagerConfig { recycling_method: RecyclingMethod::Fast },
        );
        let within = shared.settings.connect_timeout;
        let pool = Pool::builder(manager)
            .max_size(shared.settings.connections)
            .runtime(Runtime::Tokio1)
            .create_timeout(Some(within))
            .wait_timeout(Some(shared.settings.statement_timeout))
            .build()
            .map_err(|e| StoreError::Configuration(format!("PostgreSQL: {e}")))?;
        Ok(Self { shared, connector, pool })
    }

    pub(super) fn close(&self) {
        self.pool.close();
    }

    async fn connection(&self) -> Result<Object, StoreError> {
        // While it is known to be away nobody waits for it.
        if let Some(trouble) = self.shared.trouble() {
            return Err(trouble);
        }
        self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => told(&error),
            other => StoreError::Unavailable(format!("PostgreSQL: {other}")),
        })
    }

    /// Asks over one connection, for a limited time. One that does not answer is not used again.
    pub(super) async fn ask<T>(
        &self,
        ask: impl AsyncFnOnce(&Object) -> Result<T, Error>,
    ) -> Result<T, StoreError> {
        let connection = self.connection().await?;
        let patience = self.shared.patience();
        let outcome = match tokio::time::timeout(patience, ask(&connection)).await {
            Ok(Ok(found)) => return Ok(found),
            Ok(Err(error)) => Err(told(&error)),
            Err(_) => {
                let (connector, token) = (self.connector.clone(), connection.cancel_token());
                tokio::spawn(async move { connector.cancel(token).await });
                Err(StoreError::Unavailable(format!(
                    "PostgreSQL did not answer within {patience:?}"
                )))
            }
        };
        // It may be in the middle of something.
        drop(Object::take(connection));
        outcome
    }

    /// What the server says of itself.
    pub(super) async fn server(&self) -> Result<Server, StoreError> {
        let connection = self.connection().await?;
        let patience = self.shared.patience();
        let asked = tokio::time::timeout(patience, Server::ask(&connection)).await;
        asked.unwrap_or_else(|_| Err(StoreError::Unavailable("PostgreSQL did not answer".into())))
    }

    pub(super) fn sql(&self, text: &str) -> String {
        text.replace("@.", &format!("{}.", self.shared.settings.schema))
    }

    /// Rows of one statement, which is prepared once for each connection.
    pub(super) async fn rows(
        &self,
        text: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, StoreError> {
        let sql = self.sql(text);
        self.ask(async |connection: &Object| {
            let statement = connection.prepare_cached(&sql).await?;
            connection.query(&statement, parameters).await
        })
        .await
    }

    pub(super) async fn find(&self, name: &Name) -> Result<Option<Group>, StoreError> {
        if is_no_text(name.as_str()) {
            return Ok(None);
        }
        let rows = self.rows("SELECT grp FROM @.names WHERE name = $1", &[&name.as_str()]).await?;
        Ok(rows.first().map(|row| Group::new(row.get::<_, &str>(0))))
    }

    pub(super) async fn messages(
        &self,
        record: &RecordId,
        queue: Queue,
        after: u64,
        limit: usize,
    ) -> Result<Vec<StoredMessage>, StoreError> {
        let sql = "SELECT m.queue, m.number, m.name, m.body FROM @.records r JOIN @.messages m ON m.record = r.id \
            WHERE r.grp = $1 AND r.kind = $2 AND r.name = $3 AND m.queue = $4 AND m.number > $5 ORDER BY m.number LIMIT $6";
        let (group, name) = (record.group.as_str(), record.name.as_str());
        let (kind, of, limit) = (record.kind as i16, queue as i16, limit.min(PAGE) as i64);
        let after = number(after);
        let rows = self.rows(sql, &[&group, &kind, &name, &of, &after, &limit]).await?;
        rows.iter().map(|row| self.message_of(record, row, 0)).collect()
    }

    pub(super) async fn message(
        &self,
        record: &RecordId,
        queue: Queue,
        name: &Name,
    ) -> Result<Option<StoredMessage>, StoreError> {
        let sql = "SELECT m.queue, m.number, m.name, m.body FROM @.records r JOIN @.messages m ON m.record = r.id \
            WHERE r.grp = $1 AND r.kind = $2 AND r.name = $3 AND m.queue = $4 AND m.name = $5";
        let (group, of_record) = (record.group.as_str(), record.name.as_str());
        let (kind, of) = (record.kind as i16, queue as i16);
        let rows = self.rows(sql, &[&group, &kind, &of_record, &of, &name.as_str()]).await?;
        rows.first().map(|row| self.message_of(record, row, 0)).transpose()
    }

    /// A message from the columns queue, number, name, body.
    fn message_of(
        &self,
        record: &RecordId,
        row: &Row,
        at: usize,
    ) -> Result<StoredMessage, StoreError> {
        let (queue, number): (i16, i64) = (row.get(at), row.get(at + 1));
        let queue = queue_of(queue)
            .ok_or_else(|| unreadable(record, "a queue that this version does not know"))?;
        let number = number.unsigned_abs();
        let name = row.get::<_, Option<&str>>(at + 2).map(Name::new);
        let body = self.shared.sealer.open_message(
            record,
            queue,
            number,
            name.as_ref(),
            row.get(at + 3),
        )?;
        Ok(StoredMessage { queue, number, name, body })
    }

    pub(super) async fn unfinished(
        &self,
        after: Option<&Group>,
        limit: usize,
    ) -> Result<Vec<Group>, StoreError> {
        // What this process has claimed without hearing so is nobody's in memory.
        let sql = "SELECT g.grp FROM @.groups g WHERE g.grp > $1 AND (g.grp = ANY($5) OR g.owner <> $2 AND NOT EXISTS (SELECT 1 FROM @.nodes n \
              WHERE n.incarnation = g.owner AND n.left_at IS NULL AND n.beat_at > now() - $3::int8 * interval '1 millisecond')) \
            AND EXISTS (SELECT 1 FROM @.records r WHERE r.grp = g.grp AND EXISTS (SELECT 1 FROM @.messages m WHERE m.record = r.id AND m.queue = 1)) \
            ORDER BY g.grp LIMIT $4";
        // No group has an empty name.
        let after = after.map_or("", |group| group.as_str());
        let (me, dead) = (number(self.shared.me.0), self.dead_after());
        let unsure = self.shared.unsure.all();
        let rows =
            self.rows(sql, &[&after, &me, &dead, &(limit.min(PAGE) as i64), &unsure]).await?;
        Ok(rows.iter().map(|row| Group::new(row.get::<_, &str>(0))).collect())
    }

    /// In milliseconds.
    pub(super) fn dead_after(&self) -> i64 {
        i64::try_from(self.shared.settings.dead_after.as_millis()).unwrap_or(i64::MAX)
    }

    /// Takes a group, unless a node that lives has it. All statements are sent at once.
    pub(super) async fn claim(&self, group: &Group) -> Result<Claim, StoreError> {
        if is_no_text(group.as_str()) {
            return Ok(Claim::Unknown);
        }
        within(self.shared.patience(), self.shared.queued.decided(group)).await?;
        let warnings = self.connector.warnings();
        let taken = self.take(group).await?;
        if self.connector.warnings() != warnings {
            return Err(StoreError::Unavailable(
                "PostgreSQL warned while a group was claimed: it may not have reached the standby"
                    .into(),
            ));
        }
        // It is known from here on, whatever it is.
        self.shared.unsure.end(group);
        let Some(epoch) = taken.epoch else {
            return match taken.owner {
                None => Ok(Claim::Unknown),
                Some(Some(address)) => Ok(Claim::Others(NodeAddress(address))),
                Some(None) => Err(StoreError::Unavailable(
                    "the owner of a group changes at the moment".into(),
                )),
            };
        };
        if taken.found.records.is_empty() {
            return Ok(Claim::Unknown);
        }
        let records = self.records(&taken.found)?;
        Ok(Claim::Mine(epoch, records))
    }

    async fn take(&self, group: &Group) -> Result<Taken, StoreError> {
        let (name, me) = (group.as_str(), number(self.shared.me.0));
        let (dead, steady) = (self.dead_after(), self.steady_after());
        let sql = [TAKE, RECORDS, MESSAGES, NAMES, OWNER, EMPTY].map(|text| self.sql(text));
        self.ask(async |connection: &Object| {
            let [take, records, messages, names, owner, empty] = &sql;
            let take = connection.prepare_cached(take).await?;
            let records = connection.prepare_cached(records).await?;
            let messages = connection.prepare_cached(messages).await?;
            let names = connection.prepare_cached(names).await?;
            let owner = connection.prepare_cached(owner).await?;
            let empty = connection.prepare_cached(empty).await?;
            let mine: [&(dyn ToSql + Sync); 2] = [&name, &me];
            let all: [&(dyn ToSql + Sync); 4] = [&name, &me, &dead, &steady];
            // Whoever does not hear what becomes of it (or does not wait for that) may have it all the same.
            self.shared.unsure.begin(group);
            // Each is sent when it is polled for the first time: in this order.
            let (begun, epoch, records, messages, names, owner, emptied, committed) = tokio::join!(
                biased;
                connection.batch_execute("BEGIN"),
                connection.query_opt(&take, &all),
                connection.query(&records, &mine),
                connection.query(&messages, &mine),
                connection.query(&names, &mine),
                connection.query_opt(&owner, &mine[..1]),
                connection.execute(&empty, &mine),
                connection.batch_execute("COMMIT"),
            );
            begun?;
            let taken = Taken {
                epoch: epoch?.map(|row| Epoch(row.get::<_, i64>(0).unsigned_abs())),
                found: Found { records: records?, messages: messages?, names: names? },
                owner: owner?.map(|row| row.get(0)),
            };
            emptied?;
            committed?;
            Ok(taken)
        })
        .await
    }

    /// How long this node must have been heard before it judges others, in milliseconds: they may have been cut off together.
    fn steady_after(&self) -> i64 {
        i64::try_from((self.shared.settings.beat_every * 2).as_millis()).unwrap_or(i64::MAX)
    }

    fn records(&self, taken: &Found) -> Result<Vec<Record>, StoreError> {
        let mut records = Vec::with_capacity(taken.records.len());
        for row in &taken.records {
            let id: i64 = row.get("id");
            let (group, name) = (row.get::<_, &str>("grp"), row.get::<_, &str>("name"));
            let mut of =
                RecordId { group: Group::new(group), kind: Kind::Context, name: Name::new(name) };
            of.kind = kind_of(row.get("kind")).ok_or_else(|| {
                unreadable(&of, "a kind of record that this version does not know")
            })?;
            let version = Version(row.get::<_, i64>("version").unsigned_abs());
            let epoch = Epoch(row.get::<_, i64>("epoch").unsigned_abs());
            let state = self.shared.sealer.open_state(&of, version, row.get("state"))?;
            let messages = taken.messages.iter().filter(|row| row.get::<_, i64>(0) == id);
            let messages =
                messages.map(|row| self.message_of(&of, row, 1)).collect::<Result<_, _>>()?;
            let names = taken.names.iter().filter(|row| row.get::<_, i64>(0) == id);
            let names = names.map(|row| Name::new(row.get::<_, &str>(1))).collect();
            let expires_at = time_of(row.get("expires_at"));
            records.push(Record { id: of, epoch, version, expires_at, state, names, messages });
        }
        records.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(records)
    }

    /// Records of a kind as they are at one moment.
    pub(super) async fn list(
        &self,
        kind: Kind,
        after: Option<&RecordId>,
        limit: usize,
    ) -> Result<Vec<Record>, StoreError> {
        let (kind, limit) = (kind as i16, limit.min(PAGE) as i64);
        let after = after.map(|of| (of.group.as_str(), of.kind as i16, of.name.as_str()));
        let (group, of_kind, name) = after.unwrap_or_default();
        self.listed(LIST, &[&kind, &group, &of_kind, &name, &limit]).await
    }

    /// The record of this kind in a group.
    pub(super) async fn one(
        &self,
        kind: Kind,
        group: &Group,
    ) -> Result<Option<Record>, StoreError> {
        if is_no_text(group.as_str()) {
            return Ok(None);
        }
        let found = self.listed(ONE, &[&(kind as i16), &group.as_str()]).await?;
        Ok(found.into_iter().next())
    }

    async fn listed(
        &self,
        records: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Record>, StoreError> {
        let sql = [records, LIST_MESSAGES, LIST_NAMES].map(|text| self.sql(text));
        let found = self
            .ask(async |connection: &Object| {
                let [records, messages, names] = &sql;
                connection.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
                let records = connection.prepare_cached(records).await?;
                let records = connection.query(&records, parameters).await?;
                let ids: Vec<i64> = records.iter().map(|row| row.get("id")).collect();
                let messages = connection.prepare_cached(messages).await?;
                let messages = connection.query(&messages, &[&ids]).await?;
                let names = connection.prepare_cached(names).await?;
                let names = connection.query(&names, &[&ids]).await?;
                connection.batch_execute("COMMIT").await?;
                Ok(Found { records, messages, names })
            })
            .await?;
        self.records(&found)
    }
}

/// Records with what belongs to them.
struct Found {
    records: Vec<Row>,
    messages: Vec<Row>,
    names: Vec<Row>,
}

const LIST: &str = "SELECT r.id, r.grp, r.kind, r.name, r.epoch, r.version, r.expires_at, r.state FROM @.records r \
    WHERE r.kind = $1 AND (r.grp, r.kind, r.name) > ($2, $3, $4) ORDER BY r.grp, r.kind, r.name LIMIT $5";
const ONE: &str = "SELECT r.id, r.grp, r.kind, r.name, r.epoch, r.version, r.expires_at, r.state FROM @.records r \
    WHERE r.kind = $1 AND r.grp = $2 ORDER BY r.name LIMIT 1";
const LIST_MESSAGES: &str = "SELECT m.record, m.queue, m.number, m.name, m.body FROM @.messages m JOIN @.records r ON r.id = m.record \
    WHERE m.record = ANY($1) AND (r.kind <> 4 OR m.queue = 2) ORDER BY m.record, m.queue, m.number";
const LIST_NAMES: &str =
    "SELECT n.record, n.name FROM @.names n WHERE n.record = ANY($1) ORDER BY n.record, n.name";

/// What a claim found.
struct Taken {
    epoch: Option<Epoch>,
    found: Found,
    /// The address of the owner. None: there is no such group; there is none of a living one.
    owner: Option<Option<String>>,
}

/// Whoever owns it, or takes it from one that is dead: by the clock of the database. A node that has just come back does not
/// judge others yet; one that has left, or whose process was replaced, needs no judge.
const TAKE: &str = "UPDATE @.groups g SET owner = $2, epoch = g.epoch + 1 WHERE g.grp = $1 AND (g.owner = $2 OR NOT EXISTS \
    (SELECT 1 FROM @.nodes n WHERE n.incarnation = g.owner AND n.left_at IS NULL \
      AND (n.beat_at > now() - $3::int8 * interval '1 millisecond' OR NOT EXISTS \
        (SELECT 1 FROM @.nodes me WHERE me.incarnation = $2 AND me.steady_since < now() - $4::int8 * interval '1 millisecond')))) \
    RETURNING g.epoch";
/// A statement of its own, behind the first one: it sees what was committed while that waited for the row.
const RECORDS: &str = "UPDATE @.records r SET owner = g.owner, epoch = g.epoch FROM @.groups g \
    WHERE g.grp = $1 AND g.owner = $2 AND r.grp = g.grp RETURNING r.id, r.grp, r.kind, r.name, r.epoch, r.version, r.expires_at, r.state";
const MESSAGES: &str = "SELECT m.record, m.queue, m.number, m.name, m.body FROM @.records r JOIN @.messages m ON m.record = r.id \
    WHERE r.grp = $1 AND r.owner = $2 AND (r.kind <> 4 OR m.queue = 2) ORDER BY m.record, m.queue, m.number";
const NAMES: &str = "SELECT n.record, n.name FROM @.records r JOIN @.names n ON n.record = r.id \
    WHERE r.grp = $1 AND r.owner = $2 ORDER BY n.record, n.name";
const OWNER: &str = "SELECT n.address FROM @.groups g LEFT JOIN @.nodes n ON n.incarnation = g.owner WHERE g.grp = $1";
/// A group without records is none.
const EMPTY: &str = "DELETE FROM @.groups g WHERE g.grp = $1 AND g.owner = $2 AND NOT EXISTS (SELECT 1 FROM @.records r WHERE r.grp = g.grp)";

async fn within<T>(
    limit: std::time::Duration,
    what: impl Future<Output = T>,
) -> Result<T, StoreError> {
    tokio::time::timeout(limit, what).await.map_err(|_| {
        StoreError::Unavailable(format!(
            "PostgreSQL did not commit within {limit:?} what stands before a claim"
        ))
    })
}

/// PostgreSQL has no text with a zero octet, or of more than a store takes in a name: it need not be asked.
fn is_no_text(text: &str) -> bool {
    text.len() > LONGEST_NAME || text.contains('\0')
}

fn unreadable(record: &RecordId, what: &str) -> StoreError {
    StoreError::Unreadable(format!("group '{}' has {what}: a newer Waxwing wrote it", record.group))
}

fn queue_of(number: i16) -> Option<Queue> {
    u8::try_from(number).ok().and_then(Queue::of_number)
}

fn kind_of(number: i16) -> Option<Kind> {
    u8::try_from(number).ok().and_then(Kind::of_number)
}

/// A time of the database.
pub(super) fn time_of(time: SqlTime<SystemTime>) -> Timestamp {
    match time {
        SqlTime::PosInfinity => Timestamp::MAX,
        SqlTime::NegInfinity => Timestamp::MIN,
        SqlTime::Value(at) => Timestamp::try_from(at).unwrap_or(Timestamp::MAX),
    }
}
