//! The tables, and how the file is opened.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::trouble::{damaged, meaning};
use crate::error::StoreError;
use crate::seal::{Place, Seal};

/// In the header of the file: whose it is ("WxWg").
pub(super) const APPLICATION: i32 = 0x5778_5767;
/// What the tables look like. A step of [`STEPS`] for each.
pub(super) const VERSION: i32 = STEPS.len() as i32;
/// A page holds one state of a secured session.
const PAGE: i32 = 4096;
/// What the writer remembers of pages, in KiB.
const WRITER_CACHE: i32 = 32 * 1024;
/// How long a connection waits for another one, in milliseconds: readers of other processes hold nothing for longer.
const BUSY: u64 = 10_000;
/// How many octets a file has at most to be looked through before it is opened; a larger one is looked through behind it.
const CHECKED_AT_OPEN: u64 = 64 * 1024 * 1024;
/// How finely the index of times goes, in microseconds: a state that is written anew each second moves in it every ten minutes.
const COARSE: i64 = 600 * 1_000_000;

/// From an empty file to this version.
const STEPS: [&str; 1] = ["
    -- What the store knows of itself.
    CREATE TABLE own (word TEXT PRIMARY KEY, value) WITHOUT ROWID;
    -- The keys that something in it is sealed under.
    CREATE TABLE sealing_key (id BLOB PRIMARY KEY, used_at INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE grp (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, epoch INTEGER NOT NULL,
        -- The process that has it; 0: nobody.
        owner INTEGER NOT NULL);
    -- Times in microseconds of Unix time; coarse: in steps of ten minutes, none: never.
    CREATE TABLE record (
        id INTEGER PRIMARY KEY, grp INTEGER NOT NULL, kind INTEGER NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL,
        expires_at INTEGER NOT NULL, coarse INTEGER, state BLOB NOT NULL);
    CREATE UNIQUE INDEX record_name ON record (grp, kind, name);
    CREATE INDEX record_coarse ON record (coarse, kind) WHERE coarse IS NOT NULL;
    CREATE TABLE name (name TEXT PRIMARY KEY, record INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX name_record ON name (record);
    CREATE TABLE message (
        id INTEGER PRIMARY KEY, record INTEGER NOT NULL, queue INTEGER NOT NULL, number INTEGER NOT NULL, name TEXT,
        body BLOB NOT NULL);
    CREATE UNIQUE INDEX message_number ON message (record, queue, number);
    CREATE UNIQUE INDEX message_name ON message (record, queue, name) WHERE name IS NOT NULL;
    -- Received and not executed.
    CREATE INDEX message_received ON message (record) WHERE queue = 1;
"];

/// How finely times are indexed; none: never.
pub(super) fn coarse(expires_at: i64) -> Option<i64> {
    (expires_at < jiff::Timestamp::MAX.as_microsecond()).then(|| expires_at.div_euclid(COARSE))
}

/// A connection that writes.
pub(super) fn writer(path: &Path, waits_for_disk: bool) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    settle(&connection)?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE)?;
    // Only for a file that is empty yet.
    connection.pragma_update(None, "page_size", PAGE)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(
        None,
        "synchronous",
        if waits_for_disk { "FULL" } else { "NORMAL" },
    )?;
    // macOS: fsync alone leaves it in the drive's memory.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    // Done by a thread of its own.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    Ok(connection)
}

/// A connection that reads, while another one or another process writes.
pub(super) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    settle(&connection)?;
    Ok(connection)
}

fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(std::time::Duration::from_millis(BUSY))?;
    connection.set_prepared_statement_cache_capacity(64);
    // Nothing goes into files that are not the store's own.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)
}

fn number(connection: &Connection, pragma: &str) -> rusqlite::Result<i32> {
    connection.pragma_query_value(None, pragma, |row| row.get(0))
}

/// Whether there is nothing in it yet.
pub(super) fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| row.get(0))
}

/// Whether it is a store, and one that this version reads.
pub(super) fn is_known(connection: &Connection, path: &Path) -> Result<i32, StoreError> {
    let failed = |error: rusqlite::Error| meaning(&error);
    let place = path.display();
    let application = number(connection, "application_id").map_err(failed)?;
    if application != APPLICATION {
        return Err(StoreError::Configuration(format!(
            "{place} is a database of SQLite, and no store of Waxwing; give the store another name"
        )));
    }
    let version = number(connection, "user_version").map_err(failed)?;
    if version > VERSION || version < 1 {
        return Err(StoreError::Configuration(format!(
            "{place} was written by another version of Waxwing (its tables are version {version}, this one knows up to \
             {VERSION}); open it with that one or a newer one"
        )));
    }
    Ok(version)
}

/// Makes the tables, or brings them to this version.
pub(super) fn migrate(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let failed = |error: rusqlite::Error| meaning(&error);
    let from = match is_empty(connection).map_err(failed)? {
        true => 0,
        false => is_known(connection, path)?,
    };
    if from == VERSION {
        return Ok(());
    }
    let steps: String = STEPS[from as usize..].concat();
    let all = format!(
        "BEGIN IMMEDIATE; {steps} PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {VERSION}; COMMIT;"
    );
    connection.execute_batch(&all).map_err(failed)
}

/// Looks the file through, unless it is too large for that: whether it did.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<bool, StoreError> {
    let size = std::fs::metadata(path).map(|file| file.len()).unwrap_or(u64::MAX);
    if size > CHECKED_AT_OPEN {
        return Ok(false);
    }
    look_through(connection).map(|()| true)
}

/// Looks the whole file through: its pages and its indexes.
pub(super) fn look_through(connection: &Connection) -> Result<(), StoreError> {
    let query = "PRAGMA quick_check(1)";
    let found = connection.query_row(query, [], |row| row.get::<_, String>(0));
    match found.map_err(|error| meaning(&error))?.as_str() {
        "ok" => Ok(()),
        wrong => Err(damaged(wrong)),
    }
}

/// Whether the keys that are given open what is there. The first one is noted as used, when `writes`.
pub(super) fn know_keys(
    connection: &Connection,
    seal: &Seal,
    writes: bool,
) -> Result<(), StoreError> {
    let failed = |error: rusqlite::Error| meaning(&error);
    let check = "SELECT value FROM own WHERE word = 'check'";
    let check: Option<Vec<u8>> =
        connection.query_row(check, [], |row| row.get(0)).optional().map_err(failed)?;
    if let Some(stored) = &check {
        let sealed = Seal::key_of(stored).is_some();
        if sealed != seal.first().is_some() {
            return Err(StoreError::Configuration(match sealed {
                true => "the store is sealed, and no key was given: name its key file or variable".into(),
                false => "the store is not sealed, and a key was given: 'waxwing store rotate' seals it under the key, or open \
                          it with sealing off"
                    .into(),
            }));
        }
    }
    let mut used = connection.prepare("SELECT id FROM sealing_key").map_err(failed)?;
    let used = used.query_map([], |row| row.get::<_, [u8; 8]>(0)).map_err(failed)?;
    let given = seal.keys();
    for id in used {
        let id = waxwing_crypto::SealingKeyId::from(id.map_err(failed)?);
        if !given.contains(&id) {
            let given: Vec<_> = given.iter().map(ToString::to_string).collect();
            return Err(StoreError::Configuration(format!(
                "the store has values that are sealed under the key {id}, which is not among those given ({}); add it behind \
                 the first one. When 'waxwing store rotate' has sealed everything anew, it is not needed any more",
                given.join(", ")
            )));
        }
    }
    // It opens: the key is not only of the same name.
    if let Some(stored) = check {
        seal.open(Place::Store("check"), &stored)?;
    }
    if writes {
        let stored = seal.seal(Place::Store("check"), b"waxwing")?;
        let write = "INSERT OR REPLACE INTO own VALUES ('check', ?1)";
        connection.execute(write, [stored]).map_err(failed)?;
        if let Some(id) = seal.first() {
            let write = "INSERT OR IGNORE INTO sealing_key VALUES (?1, unixepoch())";
            connection.execute(write, params![id.octets()]).map_err(failed)?;
        }
    }
    Ok(())
}

/// The number of this process among those that have had the store.
pub(super) fn next_incarnation(connection: &Connection) -> rusqlite::Result<i64> {
    let write = "INSERT INTO own VALUES ('incarnation', 1) ON CONFLICT DO UPDATE SET value = value + 1 RETURNING value";
    connection.query_row(write, [], |row| row.get(0))
}
