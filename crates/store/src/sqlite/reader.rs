//! What is read, on a connection of its own beside the writer's.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::trouble::meaning;
use crate::error::StoreError;
use crate::model::{Epoch, Group, Kind, Name, Queue, Record, RecordId, StoredMessage, Version};
use crate::seal::{Place, Seal};

/// What reads and opens.
pub(super) struct Reader {
    pub(super) connection: Connection,
    pub(super) seal: std::sync::Arc<Seal>,
}

type Result<T> = std::result::Result<T, StoreError>;

fn failed(error: rusqlite::Error) -> StoreError {
    meaning(&error)
}

/// What is in the file without having been written by a store of this version.
fn strange(what: &str) -> StoreError {
    StoreError::Unreadable(format!("{what} is not known to this version"))
}

pub(super) fn kind_of(number: u8) -> Result<Kind> {
    Kind::of_number(number).ok_or_else(|| strange(&format!("a record of the kind {number}")))
}

/// The latest time is never.
pub(super) fn time_of(microseconds: i64) -> Result<jiff::Timestamp> {
    if microseconds >= jiff::Timestamp::MAX.as_microsecond() {
        return Ok(jiff::Timestamp::MAX);
    }
    jiff::Timestamp::from_microsecond(microseconds).map_err(|_| strange("a time"))
}

/// A message as its row has it: sealed.
struct Raw {
    queue: u8,
    number: i64,
    name: Option<String>,
    body: Vec<u8>,
}

const MESSAGE: &str = "queue, number, name, body";

fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    Ok(Raw { queue: row.get(0)?, number: row.get(1)?, name: row.get(2)?, body: row.get(3)? })
}

impl Reader {
    /// Runs in one state of the store.
    fn at_once<T>(&self, read: impl FnOnce() -> Result<T>) -> Result<T> {
        self.connection.execute_batch("BEGIN").map_err(failed)?;
        let result = read();
        let ended = self.connection.execute_batch("COMMIT").map_err(failed);
        result.and_then(|result| ended.map(|()| result))
    }

    fn opened(&self, record: &RecordId, raw: Raw) -> Result<StoredMessage> {
        let queue = Queue::of_number(raw.queue)
            .ok_or_else(|| strange(&format!("a queue {}", raw.queue)))?;
        let (number, name) = (raw.number.cast_unsigned(), raw.name.map(Name::new));
        let place = Place::Message(record, queue, number, name.as_ref());
        let body = self.seal.open(place, &raw.body)?;
        Ok(StoredMessage { queue, number, name, body })
    }

    /// The records of a group.
    pub(super) fn records(&self, group: &Group, epoch: Epoch) -> Result<Vec<Record>> {
        self.at_once(|| {
            let sql = "SELECT record.id, kind, record.name, version, expires_at, state FROM record
                 JOIN grp ON grp.id = grp WHERE grp.name = ?1 ORDER BY kind, record.name";
            let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
            let mut rows = statement.query([group.as_str()]).map_err(failed)?;
            let mut records = Vec::new();
            while let Some(row) = rows.next().map_err(failed)? {
                records.push(self.record(group, epoch, row)?);
            }
            Ok(records)
        })
    }

    /// Records of a kind.
    pub(super) fn list(
        &self,
        kind: Kind,
        after: Option<&RecordId>,
        limit: usize,
    ) -> Result<Vec<Record>> {
        self.at_once(|| {
            // The groups in the order of their names; nothing of the others' values is read.
            let sql = "SELECT record.id, kind, record.name, version, expires_at, state, grp.name, epoch FROM grp
                 CROSS JOIN record ON record.grp = grp.id
                 WHERE grp.name >= ?1 AND (grp.name > ?1 OR ?3 > 0 OR (?3 = 0 AND record.name > ?2)) AND kind = ?4
                 ORDER BY grp.name, record.name LIMIT ?5";
            let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
            let group = after.map_or("", |after| after.group.as_str());
            // In that group: by their names, or all or none of this kind.
            let (name, order) = after.map_or(("", 1), |after| {
                (after.name.as_str(), kind.cmp(&after.kind) as i8)
            });
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let values = params![group, name, order, kind as u8, limit];
            let mut rows = statement.query(values).map_err(failed)?;
            let mut records = Vec::new();
            while let Some(row) = rows.next().map_err(failed)? {
                let group = Group::new(row.get::<_, String>(6).map_err(failed)?);
                let epoch = Epoch(row.get::<_, i64>(7).map_err(failed)?.cast_unsigned());
                records.push(self.record(&group, epoch, row)?);
            }
            Ok(records)
        })
    }

    fn record(&self, group: &Group, epoch: Epoch, row: &Row<'_>) -> Result<Record> {
        let row_id: i64 = row.get(0).map_err(failed)?;
        let kind = kind_of(row.get(1).map_err(failed)?)?;
        let name = Name::new(row.get::<_, String>(2).map_err(failed)?);
        let version = Version(row.get::<_, i64>(3).map_err(failed)?.cast_unsigned());
        let expires_at = time_of(row.get(4).map_err(failed)?)?;
        let id = RecordId { group: group.clone(), kind, name };
        let state = row.get_ref(5).and_then(|value| Ok(value.as_blob()?)).map_err(failed)?;
        let state = self.seal.open(Place::State(&id, version), state)?;
        let names = "SELECT name FROM name WHERE record = ?1 ORDER BY name";
        let names = self.all(names, [row_id], |row| row.get::<_, String>(0).map(Name::new))?;
        let only = match kind {
            Kind::Outbox => "AND queue = 2",
            _ => "",
        };
        let sql = format!(
            "SELECT {MESSAGE} FROM message WHERE record = ?1 {only} ORDER BY queue, number"
        );
        let messages = self.all(&sql, [row_id], raw)?;
        let messages: Result<_> = messages.into_iter().map(|m| self.opened(&id, m)).collect();
        Ok(Record { id, epoch, version, expires_at, state, names, messages: messages? })
    }

    fn all<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        map: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        let rows = statement.query_map(params, map).map_err(failed)?;
        rows.collect::<rusqlite::Result<_>>().map_err(failed)
    }

    fn row_of(&self, record: &RecordId) -> Result<Option<i64>> {
        let sql = "SELECT record.id FROM record JOIN grp ON grp.id = grp WHERE grp.name = ?1 AND kind = ?2 AND record.name = ?3";
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        let (group, kind, name) = (record.group.as_str(), record.kind as u8, record.name.as_str());
        let row = statement.query_row(params![group, kind, name], |row| row.get(0));
        row.optional().map_err(failed)
    }

    pub(super) fn find(&self, name: &Name) -> Result<Option<Group>> {
        let sql = "SELECT grp.name FROM name JOIN record ON record.id = record JOIN grp ON grp.id = grp WHERE name.name = ?1";
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        let group = statement.query_row([name.as_str()], |row| row.get::<_, String>(0));
        Ok(group.optional().map_err(failed)?.map(Group::new))
    }

    pub(super) fn unfinished(
        &self,
        incarnation: i64,
        after: Option<&Group>,
        limit: usize,
    ) -> Result<Vec<Group>> {
        let sql = "SELECT DISTINCT grp.name FROM message JOIN record ON record.id = record JOIN grp ON grp.id = grp
             WHERE queue = 1 AND owner <> ?1 AND grp.name > ?2 ORDER BY grp.name LIMIT ?3";
        let after = after.map_or("", Group::as_str);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.all(sql, params![incarnation, after, limit], |row| {
            row.get::<_, String>(0).map(Group::new)
        })
    }

    pub(super) fn messages(
        &self,
        record: &RecordId,
        queue: Queue,
        after: u64,
        limit: usize,
    ) -> Result<Vec<StoredMessage>> {
        self.at_once(|| {
            let Some(row) = self.row_of(record)? else { return Ok(Vec::new()) };
            let sql = format!(
                "SELECT {MESSAGE} FROM message WHERE record = ?1 AND queue = ?2 AND number > ?3 ORDER BY number LIMIT ?4"
            );
            let after = i64::try_from(after).unwrap_or(i64::MAX);
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let messages = self.all(&sql, params![row, queue as u8, after, limit], raw)?;
            messages.into_iter().map(|message| self.opened(record, message)).collect()
        })
    }

    pub(super) fn message(
        &self,
        record: &RecordId,
        queue: Queue,
        name: &Name,
    ) -> Result<Option<StoredMessage>> {
        self.at_once(|| {
            let Some(row) = self.row_of(record)? else { return Ok(None) };
            let sql = format!(
                "SELECT {MESSAGE} FROM message WHERE record = ?1 AND queue = ?2 AND name = ?3"
            );
            let messages = self.all(&sql, params![row, queue as u8, name.as_str()], raw)?;
            messages.into_iter().next().map(|message| self.opened(record, message)).transpose()
        })
    }
}
