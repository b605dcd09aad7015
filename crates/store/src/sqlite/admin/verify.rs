//! Whether the file is whole, and everything in it opens.

use rusqlite::{Row, params};

use super::look::SqliteFile;
use crate::error::StoreError;
use crate::model::{Group, Name, Queue, RecordId, Version};
use crate::seal::Place;
use crate::sqlite::reader::{kind_of, time_of};
use crate::sqlite::trouble::meaning;

type Result<T> = std::result::Result<T, StoreError>;

/// The most problems that are told one by one.
const TOLD: usize = 100;

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Verified {
    /// States that opened.
    pub records: u64,
    /// Messages that opened.
    pub messages: u64,
    /// What is wrong, in words: the first hundred.
    pub problems: Vec<String>,
    /// How many problems there are.
    pub wrong: u64,
}

impl Verified {
    pub(super) fn problem(&mut self, text: String) {
        self.wrong += 1;
        if self.problems.len() < TOLD {
            self.problems.push(text);
        }
    }
}

/// A value as it is kept, with its place.
pub(super) struct Value {
    pub(super) row: i64,
    pub(super) id: RecordId,
    pub(super) version: Version,
    pub(super) message: Option<(Queue, u64, Option<Name>)>,
    pub(super) sealed: Vec<u8>,
}

impl Value {
    pub(super) fn place(&self) -> Place<'_> {
        match &self.message {
            None => Place::State(&self.id, self.version),
            Some((queue, number, name)) => Place::Message(&self.id, *queue, *number, name.as_ref()),
        }
    }

    /// Of a row of [`STATES`] or [`MESSAGES`].
    pub(super) fn read(row: &Row<'_>) -> Result<Self> {
        let failed = |error: rusqlite::Error| meaning(&error);
        let text = |at| row.get::<_, String>(at).map_err(failed);
        let id = RecordId {
            group: Group::new(text(1)?),
            kind: kind_of(row.get(2).map_err(failed)?)?,
            name: Name::new(text(3)?),
        };
        let queue: Option<u8> = row.get(6).map_err(failed)?;
        let message = match queue {
            None => None,
            Some(queue) => {
                let strange = || StoreError::Unreadable(format!("a queue {queue} is not known"));
                let queue = Queue::of_number(queue).ok_or_else(strange)?;
                let number: i64 = row.get(7).map_err(failed)?;
                let name = row.get::<_, Option<String>>(8).map_err(failed)?.map(Name::new);
                Some((queue, number.cast_unsigned(), name))
            }
        };
        time_of(row.get(9).map_err(failed)?)?;
        Ok(Self {
            row: row.get(0).map_err(failed)?,
            id,
            version: Version(row.get::<_, i64>(4).map_err(failed)?.cast_unsigned()),
            message,
            sealed: row.get(5).map_err(failed)?,
        })
    }
}

/// States after a row: its id, where it is, and the value.
pub(super) const STATES: &str =
    "SELECT record.id, grp.name, kind, record.name, version, state, NULL, NULL, NULL, expires_at
    FROM record JOIN grp ON grp.id = grp WHERE record.id > ?1 ORDER BY record.id LIMIT ?2";
/// Bodies of messages after a row.
pub(super) const MESSAGES: &str = "SELECT message.id, grp.name, kind, record.name, version, body, queue, number, message.name, expires_at
    FROM message JOIN record ON record.id = record JOIN grp ON grp.id = grp WHERE message.id > ?1 ORDER BY message.id LIMIT ?2";
/// How many values are read at once.
pub(super) const AT_ONCE: i64 = 500;

/// Things that belong to nothing.
const LEFT: [(&str, &str); 4] = [
    (
        "records without a group",
        "SELECT count(*) FROM record WHERE grp NOT IN (SELECT id FROM grp)",
    ),
    (
        "groups without a record",
        "SELECT count(*) FROM grp WHERE id NOT IN (SELECT grp FROM record)",
    ),
    (
        "messages without a record",
        "SELECT count(*) FROM message WHERE record NOT IN (SELECT id FROM record)",
    ),
    (
        "names without a record",
        "SELECT count(*) FROM name WHERE record NOT IN (SELECT id FROM record)",
    ),
];

impl SqliteFile {
    /// Looks the whole file through, with its indexes, and opens every value under the keys. It may be in use meanwhile.
    ///
    /// # Errors
    /// It cannot be read at all. What is wrong with parts of it is in the answer.
    pub fn verify(&self) -> Result<Verified> {
        let mut verified = Verified::default();
        let connection = &self.reader.connection;
        let failed = |error: rusqlite::Error| meaning(&error);
        let mut statement = connection.prepare("PRAGMA integrity_check(100)").map_err(failed)?;
        let lines = statement.query_map([], |row| row.get::<_, String>(0)).map_err(failed)?;
        for line in lines {
            match line {
                Ok(line) if line == "ok" => {}
                Ok(line) => verified.problem(format!("the file: {line}")),
                Err(error) => verified.problem(format!("the file: {error}")),
            }
        }
        // In one state of it.
        connection.execute_batch("BEGIN").map_err(failed)?;
        for (what, sql) in LEFT {
            match connection.query_row(sql, [], |row| row.get::<_, i64>(0)) {
                Ok(0) => {}
                Ok(count) => verified.problem(format!("{count} {what}")),
                Err(error) => verified.problem(format!("{what}: {error}")),
            }
        }
        for sql in [STATES, MESSAGES] {
            if let Err(error) = self.verify_values(sql, &mut verified) {
                verified.problem(error.to_string());
            }
        }
        connection.execute_batch("COMMIT").map_err(failed)?;
        Ok(verified)
    }

    fn verify_values(&self, sql: &str, verified: &mut Verified) -> Result<()> {
        let failed = |error: rusqlite::Error| meaning(&error);
        let mut statement = self.reader.connection.prepare_cached(sql).map_err(failed)?;
        let mut rows = statement.query(params![i64::MIN, i64::MAX]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let opened = Value::read(row).and_then(|value| {
                self.reader.seal.open(value.place(), &value.sealed).map(|_| value.message.is_some())
            });
            match opened {
                Ok(true) => verified.messages += 1,
                Ok(false) => verified.records += 1,
                Err(error) => verified.problem(error.to_string()),
            }
        }
        Ok(())
    }
}
