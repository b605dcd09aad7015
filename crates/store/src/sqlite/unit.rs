//! What a unit does to the tables. Only the writer comes here, and it remembers what it wrote: the epochs and versions of the
//! groups that are in use.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Params, Result, params};

use super::schema::coarse;
use crate::error::StoreError;
use crate::limits::brings_work;
use crate::model::{
    Epoch, Group, Kind, MessageChange, Name, NameChange, RecordId, Step, StoredMessage, Unit,
};
use crate::store::Outcome;

/// The most groups that are remembered; beyond, all are read again from the tables.
const REMEMBERED: usize = 400_000;

struct Live {
    id: i64,
    epoch: u64,
    mine: bool,
    records: Vec<Row>,
}

struct Row {
    id: i64,
    kind: u8,
    name: Name,
    version: u64,
    coarse: Option<i64>,
}

/// How much there may be.
#[derive(Clone, Copy)]
pub(super) struct Quota {
    pub(super) octets: u64,
    pub(super) records: u64,
}

/// The tables, as the writer knows them.
pub(super) struct Tables {
    pub(super) connection: Connection,
    incarnation: i64,
    quota: Quota,
    groups: HashMap<Group, Live>,
    pub(super) records: u64,
    /// The octets in use, counted once in a transaction that brings work.
    used: Option<u64>,
}

impl Tables {
    pub(super) fn new(connection: Connection, incarnation: i64, quota: Quota) -> Result<Self> {
        let records =
            connection.query_row("SELECT count(*) FROM record", [], |row| row.get::<_, i64>(0))?;
        connection.set_prepared_statement_cache_capacity(64);
        let groups = HashMap::new();
        let records = records.cast_unsigned();
        Ok(Self { connection, incarnation, quota, groups, records, used: None })
    }

    /// A transaction begins.
    pub(super) fn begin(&mut self) -> Result<()> {
        self.used = None;
        if self.groups.len() > REMEMBERED {
            self.groups.clear();
        }
        self.run("BEGIN IMMEDIATE", []).map(drop)
    }

    pub(super) fn commit(&mut self) -> Result<()> {
        self.run("COMMIT", []).map(drop)
    }

    /// As if it had not begun. `records`: how many there were then.
    pub(super) fn roll_back(&mut self, records: u64) {
        self.groups.clear();
        self.records = records;
        // SQLite rolls back by itself after some errors.
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "a transaction of the store cannot be rolled back");
        }
    }

    fn statement(&self, sql: &str) -> Result<CachedStatement<'_>> {
        self.connection.prepare_cached(sql)
    }

    fn run(&self, sql: &str, params: impl Params) -> Result<usize> {
        self.statement(sql)?.execute(params)
    }

    /// The same for a row that is there. If it is not, somebody else has written the file.
    fn one(&self, sql: &str, params: impl Params) -> Result<()> {
        match self.run(sql, params)? {
            1 => Ok(()),
            rows => Err(rusqlite::Error::StatementChangedRows(rows)),
        }
    }

    /// What there is of a group.
    fn load(&mut self, group: &Group) -> Result<Option<&mut Live>> {
        if !self.groups.contains_key(group) {
            let Some(live) = self.read(group)? else { return Ok(None) };
            self.groups.insert(group.clone(), live);
        }
        Ok(self.groups.get_mut(group))
    }

    fn read(&self, group: &Group) -> Result<Option<Live>> {
        let mut statement = self.statement("SELECT id, epoch, owner FROM grp WHERE name = ?1")?;
        let found = statement.query_row([group.as_str()], |row| {
            let (id, epoch, owner): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let (epoch, mine) = (epoch.cast_unsigned(), owner == self.incarnation);
            Ok(Live { id, epoch, mine, records: Vec::new() })
        });
        let Some(mut live) = found.optional()? else { return Ok(None) };
        let sql = "SELECT id, kind, name, version, coarse FROM record WHERE grp = ?1";
        let mut statement = self.statement(sql)?;
        let rows = statement.query_map([live.id], |row| {
            Ok(Row {
                id: row.get(0)?,
                kind: row.get(1)?,
                name: Name::new(row.get::<_, String>(2)?),
                version: row.get::<_, i64>(3)?.cast_unsigned(),
                coarse: row.get(4)?,
            })
        })?;
        live.records = rows.collect::<Result<_>>()?;
        Ok(Some(live))
    }

    /// One unit: whole or not at all. Its values are sealed already.
    pub(super) fn unit(&mut self, unit: &Unit) -> Result<Outcome> {
        let record = &unit.record;
        let live = self.load(&record.group)?;
        let row = match &live {
            Some(live) if live.mine && live.epoch == unit.epoch.0 => {
                let same = |row: &&Row| row.kind == record.kind as u8 && row.name == record.name;
                live.records.iter().find(same).map(|row| (row.id, row.version))
            }
            // A group begins with its first record.
            None if unit.begins_group() => None,
            _ => return Ok(Outcome::Fenced),
        };
        let group = live.map(|live| live.id);
        let follows = match (&unit.step, row) {
            (Step::Create(_), None) | (Step::Keep, Some(_)) | (Step::Remove, _) => true,
            (Step::Write(version, _), Some((_, before))) => before + 1 == version.0,
            (Step::Create(_), Some(_)) | (Step::Write(..) | Step::Keep, None) => false,
        };
        if !follows {
            return Ok(Outcome::Stale);
        }
        if matches!(unit.step, Step::Remove) {
            if let Some((id, _)) = row {
                self.remove(&record.group, id)?;
            }
            return Ok(Outcome::Done);
        }
        if self.name_is_taken(group, &unit.names)? {
            return Ok(Outcome::Exists(0));
        }
        if brings_work(unit)
            && let Some(error) = self.has_no_room()?
        {
            return Ok(Outcome::Refused(error));
        }
        // Only the names of messages may make it undone half way.
        let named =
            |change: &MessageChange| matches!(change, MessageChange::Put(m) if m.name.is_some());
        if !unit.messages.iter().any(named) {
            let taken = self.apply(unit, group, row)?;
            debug_assert_eq!(taken, None, "nothing of it has a name");
            return Ok(Outcome::Done);
        }
        self.run("SAVEPOINT one", [])?;
        let taken = self.apply(unit, group, row)?;
        if taken.is_some() {
            self.run("ROLLBACK TO one", [])?;
            self.groups.remove(&record.group);
            if matches!(unit.step, Step::Create(_)) {
                self.records -= 1;
            }
        }
        self.run("RELEASE one", [])?;
        Ok(taken.map_or(Outcome::Done, Outcome::Exists))
    }

    fn name_is_taken(&self, group: Option<i64>, names: &[NameChange]) -> Result<bool> {
        for change in names {
            let NameChange::Add(name) = change else { continue };
            let sql = "SELECT record.grp FROM name JOIN record ON record.id = record WHERE name.name = ?1";
            let mut statement = self.statement(sql)?;
            let owner = statement.query_row([name.as_str()], |row| row.get(0)).optional()?;
            if owner.is_some() && owner != group {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Why new work is refused.
    fn has_no_room(&mut self) -> Result<Option<StoreError>> {
        let Quota { octets, records } = self.quota;
        if self.records >= records {
            let text = format!("it holds {records} records, its limit");
            return Ok(Some(StoreError::Full(text)));
        }
        let used = match self.used {
            Some(used) => used,
            None => octets_used(&self.connection)?,
        };
        self.used = Some(used);
        Ok((used >= octets).then(|| {
            StoreError::Full(format!("it takes {used} octets on the disk, and may take {octets}"))
        }))
    }

    /// Writes it. The number of the message that has a name already, and then it is half done.
    fn apply(
        &mut self,
        unit: &Unit,
        group: Option<i64>,
        row: Option<(i64, u64)>,
    ) -> Result<Option<u64>> {
        let expires_at = unit.expires_at.map(Timestamp::as_microsecond);
        let id = match (&unit.step, row) {
            (Step::Create(state), _) => {
                let group = match group {
                    Some(group) => group,
                    None => self.begin_group(&unit.record.group)?,
                };
                let forever = || Timestamp::MAX.as_microsecond();
                self.create(group, &unit.record, state, expires_at.unwrap_or_else(forever))?
            }
            (Step::Write(version, state), Some((id, _))) => {
                let version = version.0;
                let signed = version.cast_signed();
                let row = self.row(&unit.record.group, id);
                let moves = row.map(|row| {
                    row.version = version;
                    (row.coarse, expires_at.map(coarse))
                });
                if let Some(at) = expires_at {
                    let sql =
                        "UPDATE record SET version = ?2, state = ?3, expires_at = ?4 WHERE id = ?1";
                    self.one(sql, params![id, signed, &state[..], at])?;
                    if moves.is_some_and(|(before, after)| Some(before) != after) {
                        self.expire_at(&unit.record.group, id, at)?;
                    }
                } else {
                    let sql = "UPDATE record SET version = ?2, state = ?3 WHERE id = ?1";
                    self.one(sql, params![id, signed, &state[..]])?;
                }
                id
            }
            (_, Some((id, _))) => {
                if let Some(at) = expires_at {
                    self.expire_at(&unit.record.group, id, at)?;
                }
                id
            }
            (_, None) => return Ok(None),
        };
        for change in &unit.messages {
            match change {
                MessageChange::Put(message) => {
                    if let Some(number) = self.put(id, message)? {
                        return Ok(Some(number));
                    }
                }
                MessageChange::Remove(queue, number) => {
                    let sql =
                        "DELETE FROM message WHERE record = ?1 AND queue = ?2 AND number = ?3";
                    self.run(sql, params![id, *queue as u8, number.cast_signed()])?;
                }
            }
        }
        for change in &unit.names {
            self.rename(&unit.record.group, id, change)?;
        }
        Ok(None)
    }

    fn row(&mut self, group: &Group, id: i64) -> Option<&mut Row> {
        self.groups.get_mut(group)?.records.iter_mut().find(|row| row.id == id)
    }

    fn begin_group(&mut self, group: &Group) -> Result<i64> {
        let sql = "INSERT INTO grp (name, epoch, owner) VALUES (?1, 1, ?2)";
        let id = self.statement(sql)?.insert(params![group.as_str(), self.incarnation])?;
        let live = Live { id, epoch: 1, mine: true, records: Vec::new() };
        self.groups.insert(group.clone(), live);
        Ok(id)
    }

    fn create(&mut self, group: i64, record: &RecordId, state: &[u8], at: i64) -> Result<i64> {
        let sql = "INSERT INTO record (grp, kind, name, version, expires_at, coarse, state) VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6)";
        let (kind, name, coarse) = (record.kind as u8, record.name.clone(), coarse(at));
        let values = params![group, kind, name.as_str(), at, coarse, state];
        let id = self.statement(sql)?.insert(values)?;
        if let Some(live) = self.groups.get_mut(&record.group) {
            live.records.push(Row { id, kind, name, version: 1, coarse });
        }
        self.records += 1;
        Ok(id)
    }

    fn expire_at(&mut self, group: &Group, id: i64, at: i64) -> Result<()> {
        let coarse = coarse(at);
        if let Some(row) = self.row(group, id) {
            row.coarse = coarse;
        }
        let sql = "UPDATE record SET expires_at = ?2, coarse = ?3 WHERE id = ?1";
        self.run(sql, params![id, at, coarse]).map(drop)
    }

    fn put(&mut self, record: i64, message: &StoredMessage) -> Result<Option<u64>> {
        let StoredMessage { queue, number, name, body } = message;
        let (queue, number, name) =
            (*queue as u8, number.cast_signed(), name.as_ref().map(Name::as_str));
        if let Some(name) = name {
            let sql = "SELECT number FROM message WHERE record = ?1 AND queue = ?2 AND name = ?3";
            let mut statement = self.statement(sql)?;
            let other: Option<i64> =
                statement.query_row(params![record, queue, name], |row| row.get(0)).optional()?;
            if let Some(other) = other.filter(|other| *other != number) {
                return Ok(Some(other.cast_unsigned()));
            }
        }
        let sql = "INSERT INTO message (record, queue, number, name, body) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (record, queue, number) DO UPDATE SET name = excluded.name, body = excluded.body";
        self.run(sql, params![record, queue, number, name, &body[..]])?;
        if let Some(used) = &mut self.used {
            *used += body.len() as u64;
        }
        Ok(None)
    }

    fn rename(&mut self, group: &Group, record: i64, change: &NameChange) -> Result<()> {
        match change {
            NameChange::Add(name) => {
                let sql = "INSERT INTO name (name, record) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET record = excluded.record";
                self.run(sql, params![name.as_str(), record]).map(drop)
            }
            NameChange::Remove(name) => {
                let Some(id) = self.groups.get(group).map(|live| live.id) else { return Ok(()) };
                let sql = "DELETE FROM name WHERE name = ?1 AND (SELECT grp FROM record WHERE id = record) = ?2";
                self.run(sql, params![name.as_str(), id]).map(drop)
            }
        }
    }

    fn remove(&mut self, group: &Group, id: i64) -> Result<()> {
        self.run("DELETE FROM message WHERE record = ?1", [id])?;
        self.run("DELETE FROM name WHERE record = ?1", [id])?;
        self.run("DELETE FROM record WHERE id = ?1", [id])?;
        self.records -= 1;
        let Some(live) = self.load(group)? else { return Ok(()) };
        live.records.retain(|row| row.id != id);
        if live.records.is_empty() {
            let id = live.id;
            self.groups.remove(group);
            self.run("DELETE FROM grp WHERE id = ?1", [id])?;
        }
        Ok(())
    }

    /// The epoch under which the group is this process's from now on; none: there is none.
    pub(super) fn claim(&mut self, group: &Group) -> Result<Option<Epoch>> {
        let Some(live) = self.load(group)? else { return Ok(None) };
        let (id, epoch) = (live.id, live.epoch + 1);
        (live.epoch, live.mine) = (epoch, true);
        let values = params![id, epoch.cast_signed(), self.incarnation];
        self.one("UPDATE grp SET epoch = ?2, owner = ?3 WHERE id = ?1", values)?;
        Ok(Some(Epoch(epoch)))
    }

    pub(super) fn release(&mut self, group: &Group, epoch: Epoch) -> Result<Outcome> {
        match self.load(group)? {
            Some(live) if live.mine && live.epoch == epoch.0 => {
                live.mine = false;
                let id = live.id;
                self.run("UPDATE grp SET owner = 0 WHERE id = ?1", [id])?;
                Ok(Outcome::Done)
            }
            _ => Ok(Outcome::Fenced),
        }
    }

    pub(super) fn expire(
        &mut self,
        kinds: &[Kind],
        before: Timestamp,
        limit: usize,
    ) -> Result<usize> {
        let before = before.as_microsecond();
        let mut old: Vec<(i64, Group)> = Vec::new();
        for kind in kinds {
            let sql = "SELECT record.id, grp.name FROM record JOIN grp ON grp.id = record.grp
                 WHERE coarse <= ?1 AND kind = ?2 AND expires_at < ?3
                 AND NOT EXISTS (SELECT 1 FROM message WHERE queue = 1 AND message.record = record.id) LIMIT ?4";
            let left = i64::try_from(limit - old.len()).unwrap_or(i64::MAX);
            let mut statement = self.statement(sql)?;
            let values = params![coarse(before), *kind as u8, before, left];
            let rows = statement
                .query_map(values, |row| Ok((row.get(0)?, Group::new(row.get::<_, String>(1)?))))?;
            old.extend(rows.collect::<Result<Vec<_>>>()?);
        }
        for (id, group) in &old {
            self.remove(group, *id)?;
        }
        Ok(old.len())
    }
}

/// What the file takes without the pages that are free.
pub(super) fn octets_used(connection: &Connection) -> Result<u64> {
    let number = |sql: &str| -> Result<i64> {
        connection.prepare_cached(sql)?.query_row([], |row| row.get(0))
    };
    let used = number("PRAGMA page_count")? - number("PRAGMA freelist_count")?;
    Ok((used * number("PRAGMA page_size")?).cast_unsigned())
}
