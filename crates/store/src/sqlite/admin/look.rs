//! What is in the file. Nothing is changed, and it may be in use meanwhile.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Row, params};
use waxwing_crypto::SealingKeyId;

use crate::error::StoreError;
use crate::keys::Sealing;
use crate::model::{Epoch, Group, Kind, Name, Queue, Record, RecordId, StoredMessage, Version};
use crate::seal::Seal;
use crate::sqlite::options::beside;
use crate::sqlite::reader::{Reader, kind_of, time_of};
use crate::sqlite::trouble::meaning;
use crate::sqlite::unit::octets_used;
use crate::sqlite::{place, schema};

type Result<T> = std::result::Result<T, StoreError>;

fn failed(error: rusqlite::Error) -> StoreError {
    meaning(&error)
}

/// The file of a store, open for reading beside whoever has it.
pub struct SqliteFile {
    pub(super) reader: Reader,
    path: PathBuf,
    has_keys: bool,
}

/// What there is of a queue of messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueInfo {
    /// Which.
    pub queue: Queue,
    /// How many messages.
    pub messages: u64,
    /// How many octets they take.
    pub octets: u64,
}

/// What there is of a kind of records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindInfo {
    /// Which.
    pub kind: Kind,
    /// How many records.
    pub records: u64,
    /// How many octets their states take.
    pub octets: u64,
    /// How many may be forgotten by now.
    pub expired: u64,
}

/// What is in a store.
#[derive(Clone, Debug)]
pub struct Overview {
    /// Its file.
    pub path: PathBuf,
    /// The process that has it, in words; none: nobody.
    pub owner: Option<String>,
    /// The version of its tables.
    pub version: u32,
    /// How many processes have opened it.
    pub incarnation: u64,
    /// The keys that something in it is sealed under; none: it is not sealed.
    pub keys: Vec<SealingKeyId>,
    /// How many octets are in use, how many the file has, and how many its log.
    pub octets: (u64, u64, u64),
    /// How many groups there are, and how many of them the last process has claimed or made.
    pub groups: (u64, u64),
    /// Groups with messages that were received and not executed.
    pub unfinished: u64,
    /// Its records.
    pub kinds: Vec<KindInfo>,
    /// Their messages.
    pub queues: Vec<QueueInfo>,
}

/// Who has a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The process that has the store, or had it last.
    Last,
    /// One before that: it waits until it is asked for.
    Former,
    /// It was given back.
    Nobody,
}

/// What there is of a record, without its state.
#[derive(Clone, Debug)]
pub struct RecordInfo {
    /// Which.
    pub id: RecordId,
    /// Who may write it.
    pub epoch: Epoch,
    /// Who has its group.
    pub owner: Owner,
    /// How often its state was written.
    pub version: Version,
    /// When it may be forgotten.
    pub expires_at: Timestamp,
    /// The octets of its state, as it is kept.
    pub octets: u64,
    /// The key that this is sealed under.
    pub key: Option<SealingKeyId>,
    /// Its names.
    pub names: Vec<Name>,
    /// Its messages.
    pub queues: Vec<QueueInfo>,
}

impl SqliteFile {
    /// Opens it for reading.
    ///
    /// # Errors
    /// It is not there, no store, of a newer version, or damaged.
    pub fn open(path: &Path) -> Result<Self> {
        let (path, _) = place::whole(path)?;
        if !path.is_file() {
            let text = format!("there is no store at {}", path.display());
            return Err(StoreError::Configuration(text));
        }
        place::is_store(&path)?;
        let connection = schema::reader(&path).map_err(failed)?;
        schema::is_known(&connection, &path)?;
        let seal = Arc::new(Seal::new(&Sealing(None), false)?);
        Ok(Self { reader: Reader { connection, seal }, path, has_keys: false })
    }

    /// With the keys that its values are sealed under, so that they can be read. Of a store that is not sealed: with sealing
    /// off.
    ///
    /// # Errors
    /// The keys cannot be had, or are not those.
    pub fn with_keys(mut self, sealing: &Sealing) -> Result<Self> {
        let seal = Arc::new(Seal::new(sealing, false)?);
        schema::know_keys(&self.reader.connection, &seal, false)?;
        (self.reader.seal, self.has_keys) = (seal, true);
        Ok(self)
    }

    fn number(&self, sql: &str) -> Result<u64> {
        let number = self.reader.connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        number.map(i64::cast_unsigned).map_err(failed)
    }

    fn all<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        map: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let mut statement = self.reader.connection.prepare_cached(sql).map_err(failed)?;
        let rows = statement.query_map(params, map).map_err(failed)?;
        rows.collect::<rusqlite::Result<_>>().map_err(failed)
    }

    /// What is in it, as a whole. `now` says what is old.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn overview(&self, now: Timestamp) -> Result<Overview> {
        let now = now.as_microsecond();
        let size = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
        let kinds = "SELECT kind, count(*), total(length(state)), total(expires_at < ?1) FROM record GROUP BY kind ORDER BY kind";
        let kinds = self.all(kinds, [now], |row| {
            Ok((
                row.get::<_, u8>(0)?,
                row.get::<_, i64>(1)?,
                row.get::<_, f64>(2)?,
                row.get::<_, f64>(3)?,
            ))
        })?;
        let kinds = kinds.into_iter().map(|(kind, records, octets, expired)| {
            let (records, octets, expired) =
                (records.cast_unsigned(), octets as u64, expired as u64);
            Ok(KindInfo { kind: kind_of(kind)?, records, octets, expired })
        });
        let queues = "SELECT queue, count(*), total(length(body)) FROM message GROUP BY queue ORDER BY queue";
        let queues = self.queues(queues, [])?;
        let mine = "SELECT count(*) FROM grp WHERE owner = (SELECT value FROM own WHERE word = 'incarnation')";
        let unfinished = "SELECT count(DISTINCT grp) FROM record WHERE id IN (SELECT record FROM message WHERE queue = 1)";
        Ok(Overview {
            path: self.path.clone(),
            owner: place::owner(&self.path),
            version: schema::is_known(&self.reader.connection, &self.path)?.cast_unsigned(),
            incarnation: self.number("SELECT value FROM own WHERE word = 'incarnation'")?,
            keys: self.all("SELECT id FROM sealing_key ORDER BY used_at", [], |row| {
                row.get::<_, [u8; 8]>(0).map(SealingKeyId::from)
            })?,
            octets: (
                octets_used(&self.reader.connection).map_err(failed)?,
                size(&self.path),
                size(&beside(&self.path, "-wal")),
            ),
            groups: (self.number("SELECT count(*) FROM grp")?, self.number(mine)?),
            unfinished: self.number(unfinished)?,
            kinds: kinds.collect::<Result<_>>()?,
            queues,
        })
    }

    fn queues(&self, sql: &str, params: impl rusqlite::Params) -> Result<Vec<QueueInfo>> {
        let queues = self.all(sql, params, |row| {
            Ok((row.get::<_, u8>(0)?, row.get::<_, i64>(1)?, row.get::<_, f64>(2)?))
        })?;
        let queues = queues.into_iter().filter_map(|(queue, messages, octets)| {
            let (messages, octets) = (messages.cast_unsigned(), octets as u64);
            Some(QueueInfo { queue: Queue::of_number(queue)?, messages, octets })
        });
        Ok(queues.collect())
    }

    /// Records in the order of their groups, those after `after`, at most `limit`: of a kind, of a group, or of both.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn records(
        &self,
        kind: Option<Kind>,
        group: Option<&Group>,
        after: Option<&RecordId>,
        limit: usize,
    ) -> Result<Vec<RecordInfo>> {
        let sql = "SELECT record.id, kind, record.name, version, expires_at, length(state), substr(state, 1, 9), grp.name, epoch,
                 CASE owner WHEN 0 THEN 0 WHEN (SELECT value FROM own WHERE word = 'incarnation') THEN 2 ELSE 1 END
             FROM grp CROSS JOIN record ON record.grp = grp.id
             WHERE (?1 IS NULL OR kind = ?1) AND (?2 IS NULL OR grp.name = ?2) AND (grp.name, kind, record.name) > (?3, ?4, ?5)
             ORDER BY grp.name, kind, record.name LIMIT ?6";
        let (kind, group) = (kind.map(|kind| kind as u8), group.map(Group::as_str));
        let after =
            after.map_or(("", 0, ""), |id| (id.group.as_str(), id.kind as u8, id.name.as_str()));
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows =
            self.all(sql, params![kind, group, after.0, after.1, after.2, limit], Raw::read)?;
        rows.into_iter().map(|raw| self.info(raw)).collect()
    }

    fn info(&self, raw: Raw) -> Result<RecordInfo> {
        let names = "SELECT name FROM name WHERE record = ?1 ORDER BY name";
        let queues = "SELECT queue, count(*), total(length(body)) FROM message WHERE record = ?1 GROUP BY queue ORDER BY queue";
        Ok(RecordInfo {
            id: RecordId {
                group: Group::new(raw.group),
                kind: kind_of(raw.kind)?,
                name: Name::new(raw.name),
            },
            epoch: Epoch(raw.epoch.cast_unsigned()),
            owner: match raw.owner {
                0 => Owner::Nobody,
                1 => Owner::Former,
                _ => Owner::Last,
            },
            version: Version(raw.version.cast_unsigned()),
            expires_at: time_of(raw.expires_at)?,
            octets: raw.octets.cast_unsigned(),
            key: Seal::key_of(&raw.begin),
            names: self.all(names, [raw.id], |row| row.get::<_, String>(0).map(Name::new))?,
            queues: self.queues(queues, [raw.id])?,
        })
    }

    /// The records of a group with their states, opened. Of an outbox only what is to be delivered.
    ///
    /// # Errors
    /// It cannot be read, or the keys are missing.
    pub fn group(&self, group: &Group) -> Result<Vec<Record>> {
        self.needs_keys()?;
        let epoch = "SELECT epoch FROM grp WHERE name = ?1";
        let epochs = self.all(epoch, [group.as_str()], |row| row.get::<_, i64>(0))?;
        let Some(epoch) = epochs.first() else { return Ok(Vec::new()) };
        self.reader.records(group, Epoch(epoch.cast_unsigned()))
    }

    /// Messages of a record, opened: those after `after`, at most `limit`.
    ///
    /// # Errors
    /// It cannot be read, or the keys are missing.
    pub fn messages(
        &self,
        record: &RecordId,
        queue: Queue,
        after: u64,
        limit: usize,
    ) -> Result<Vec<StoredMessage>> {
        self.needs_keys()?;
        self.reader.messages(record, queue, after, limit)
    }

    /// The group that is found by a name.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn find(&self, name: &str) -> Result<Option<Group>> {
        self.reader.find(&Name::new(name))
    }

    /// The numbers and sizes of messages of a record: those after `after`, at most `limit`.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn numbers(
        &self,
        record: &RecordId,
        queue: Queue,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, u64)>> {
        let sql = "SELECT number, length(body) FROM message WHERE queue = ?4 AND record =
                 (SELECT id FROM record WHERE grp = (SELECT id FROM grp WHERE name = ?1) AND kind = ?2 AND name = ?3)
             AND number > ?5 ORDER BY number LIMIT ?6";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let (group, kind, name) = (record.group.as_str(), record.kind as u8, record.name.as_str());
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        self.all(sql, params![group, kind, name, queue as u8, after, limit], |row| {
            let (number, octets): (i64, i64) = (row.get(0)?, row.get(1)?);
            Ok((number.cast_unsigned(), octets.cast_unsigned()))
        })
    }

    /// Epoch, end and names of a record.
    pub(super) fn beside(&self, row: i64) -> Result<(u64, i64, Vec<String>)> {
        let sql =
            "SELECT epoch, expires_at FROM record JOIN grp ON grp.id = grp WHERE record.id = ?1";
        let mut statement = self.reader.connection.prepare_cached(sql).map_err(failed)?;
        let found = statement.query_row([row], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)));
        let (epoch, expires_at) = found.map_err(failed)?;
        let sql = "SELECT name FROM name WHERE record = ?1 ORDER BY name";
        Ok((epoch.cast_unsigned(), expires_at, self.all(sql, [row], |row| row.get(0))?))
    }

    pub(super) fn needs_keys(&self) -> Result<()> {
        let text = || {
            StoreError::Configuration(
                "the values are sealed: the keys of the store are needed".into(),
            )
        };
        self.has_keys.then_some(()).ok_or_else(text)
    }
}

struct Raw {
    id: i64,
    kind: u8,
    name: String,
    version: i64,
    expires_at: i64,
    octets: i64,
    begin: Vec<u8>,
    group: String,
    epoch: i64,
    owner: u8,
}

impl Raw {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            kind: row.get(1)?,
            name: row.get(2)?,
            version: row.get(3)?,
            expires_at: row.get(4)?,
            octets: row.get(5)?,
            begin: row.get(6)?,
            group: row.get(7)?,
            epoch: row.get(8)?,
            owner: row.get(9)?,
        })
    }
}
