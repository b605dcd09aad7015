//! What is done to the file while no process has it.

use std::path::Path;

use rusqlite::{Connection, params};

use super::verify::{AT_ONCE, MESSAGES, STATES, Value};
use crate::error::StoreError;
use crate::keys::Sealing;
use crate::model::{Epoch, Group, Kind, MessageChange, Queue, RecordId, Step, Unit};
use crate::seal::{Place, Seal};
use crate::sqlite::options::SqliteOptions;
use crate::sqlite::place::{self, Owned};
use crate::sqlite::trouble::meaning;
use crate::sqlite::{SqliteStore, checkpoint, schema};
use crate::store::{Claim, Outcome, Store};

type Result<T> = std::result::Result<T, StoreError>;

fn failed(error: rusqlite::Error) -> StoreError {
    meaning(&error)
}

fn own(path: &Path) -> Result<(Owned, Connection, std::path::PathBuf)> {
    let (path, folder) = place::whole(path)?;
    if !path.is_file() {
        let text = format!("there is no store at {}", path.display());
        return Err(StoreError::Configuration(text));
    }
    place::is_local(&folder)?;
    place::is_store(&path)?;
    let owned = Owned::take(&path)?;
    let connection = schema::writer(&path, true).map_err(failed)?;
    schema::is_known(&connection, &path)?;
    schema::migrate(&connection, &path)?;
    Ok((owned, connection, path))
}

/// Gives the room back that is free in the file: the octets before and after. SQLite writes a copy of the file into its folder for
/// temporary files meanwhile; in it, too, the values are sealed.
///
/// # Errors
/// A process has it; there is no room for the copy; the disk's errors. The file is as it was then.
pub fn compact(path: &Path) -> Result<(u64, u64)> {
    let (_owned, connection, path) = own(path)?;
    let size = || std::fs::metadata(&path).map_or(0, |file| file.len());
    checkpoint::whole(&connection).map_err(failed)?;
    let before = size();
    vacuum(&connection)?;
    Ok((before, size()))
}

fn vacuum(connection: &Connection) -> Result<()> {
    // Memory would be too small for it.
    connection.pragma_update(None, "temp_store", "FILE").map_err(failed)?;
    connection.execute_batch("VACUUM").map_err(failed)?;
    checkpoint::whole(connection).map(drop).map_err(failed)
}

/// What was sealed anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotated {
    /// States and messages that are sealed under the first key now and were not.
    pub sealed: u64,
    /// Those that were already.
    pub kept: u64,
    /// Keys that seal nothing in it any more.
    pub keys_free: u64,
}

/// Seals everything under the first key of a ring in which the others are the keys of now. A store that is not sealed is sealed; with
/// sealing off one that is not stays so. Then the file is compacted: what was sealed under old keys is not in its free
/// pages either. It may be ended and begun again.
///
/// # Errors
/// A process has it; keys are missing; something does not open; the disk's errors.
pub fn rotate(path: &Path, keys: &Sealing) -> Result<Rotated> {
    let (_owned, connection, _) = own(path)?;
    let seal = Seal::new(keys, false)?;
    let Some(first) = seal.first() else {
        return Err(StoreError::Configuration(
            "a key is needed to seal the store under: name its key file or variable".into(),
        ));
    };
    let check = "SELECT value FROM own WHERE word = 'check'";
    let check: Vec<u8> = connection.query_row(check, [], |row| row.get(0)).map_err(failed)?;
    // A store that was not sealed is read without keys, until all of it is.
    let plain = match Seal::key_of(&check) {
        Some(_) => None,
        None => Some(Seal::new(&Sealing(None), false)?),
    };
    if plain.is_none() {
        schema::know_keys(&connection, &seal, true)?;
    }
    let mut rotated = Rotated::default();
    let states = "UPDATE record SET state = ?2 WHERE id = ?1";
    let bodies = "UPDATE message SET body = ?2 WHERE id = ?1";
    for (read, write) in [(STATES, states), (MESSAGES, bodies)] {
        let mut after = i64::MIN;
        while let Some(last) =
            rotate_some(&connection, (read, write), after, &seal, plain.as_ref(), &mut rotated)?
        {
            after = last;
        }
    }
    let sealed = seal.seal(Place::Store("check"), b"waxwing")?;
    let transaction = connection.unchecked_transaction().map_err(failed)?;
    let write = "INSERT OR REPLACE INTO own VALUES ('check', ?1)";
    transaction.execute(write, [sealed]).map_err(failed)?;
    let write = "INSERT OR IGNORE INTO sealing_key VALUES (?1, unixepoch())";
    transaction.execute(write, [first.octets()]).map_err(failed)?;
    let write = "DELETE FROM sealing_key WHERE id <> ?1";
    rotated.keys_free = transaction.execute(write, [first.octets()]).map_err(failed)? as u64;
    transaction.commit().map_err(failed)?;
    vacuum(&connection)?;
    Ok(rotated)
}

/// The next values: the last one's row, or none when there are no more.
fn rotate_some(
    connection: &Connection,
    (read, write): (&str, &str),
    after: i64,
    seal: &Seal,
    plain: Option<&Seal>,
    rotated: &mut Rotated,
) -> Result<Option<i64>> {
    let transaction = connection.unchecked_transaction().map_err(failed)?;
    let mut values = Vec::new();
    {
        let mut statement = transaction.prepare_cached(read).map_err(failed)?;
        let mut rows = statement.query(params![after, AT_ONCE]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            values.push(Value::read(row)?);
        }
    }
    for value in &values {
        let key = Seal::key_of(&value.sealed);
        if key.is_some() && key == seal.first() {
            rotated.kept += 1;
            continue;
        }
        // Those that are sealed were, when an earlier run ended half way.
        let reads = plain.filter(|_| key.is_none()).unwrap_or(seal);
        let opened = reads.open(value.place(), &value.sealed)?;
        let sealed = seal.seal(value.place(), &opened)?;
        transaction.execute(write, params![value.row, sealed]).map_err(failed)?;
        rotated.sealed += 1;
    }
    transaction.commit().map_err(failed)?;
    Ok(values.last().map(|value| value.row))
}

/// Removes a dead letter: a record of that kind, or a message of that queue in a record (`number`). Whether it was there.
///
/// # Errors
/// A process has the store; keys are missing; the disk's errors.
pub fn remove_dead_letter(
    options: &SqliteOptions,
    group: &Group,
    number: Option<u64>,
) -> Result<bool> {
    let path = place::whole(&options.path)?.0;
    if !path.is_file() {
        let text = format!("there is no store at {}", path.display());
        return Err(StoreError::Configuration(text));
    }
    let store = SqliteStore::open(options)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.map_err(|error| StoreError::Unavailable(error.to_string()))?;
    runtime.block_on(async {
        let Claim::Mine(epoch, records) = store.claim(group).await? else { return Ok(false) };
        let found = records.iter().find(|record| match number {
            None => record.id.kind == Kind::DeadLetter,
            Some(_) => record.id.kind == Kind::Outbox,
        });
        let Some(record) = found else { return Ok(false) };
        let (step, messages) = match number {
            None => (Step::Remove, Vec::new()),
            Some(number) => {
                if !has(&store, &record.id, number).await? {
                    return Ok(false);
                }
                (Step::Keep, vec![MessageChange::Remove(Queue::DeadLetters, number)])
            }
        };
        let outcome = store.commit(unit(record.id.clone(), epoch, step, messages)).await;
        // It is nobody's again.
        store.close().await;
        match outcome {
            Outcome::Done => Ok(true),
            Outcome::Refused(error) | Outcome::Unknown(error) => Err(error),
            other => Err(StoreError::Unavailable(format!("{other:?}"))),
        }
    })
}

async fn has(store: &SqliteStore, record: &RecordId, number: u64) -> Result<bool> {
    let found = store.messages(record, Queue::DeadLetters, number.saturating_sub(1), 1).await?;
    Ok(found.first().is_some_and(|message| message.number == number))
}

fn unit(record: RecordId, epoch: Epoch, step: Step, messages: Vec<MessageChange>) -> Unit {
    Unit { record, epoch, step, expires_at: None, names: Vec::new(), messages }
}
