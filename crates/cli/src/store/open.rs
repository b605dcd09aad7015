//! What is told of a record that was opened: never keys, and messages only when they are asked for.

use std::path::Path;

use waxwing::kept::{describe_message, describe_record};
use waxwing::store::Facts;
use waxwing_store::sqlite::admin::SqliteFile;
use waxwing_store::{Group, Kind, Record, StoredMessage};

use super::keys::Keys;
use crate::authority::Failure;

/// The file, with its keys.
pub(super) fn with_keys(store: &Path, keys: &Keys) -> Result<SqliteFile, Failure> {
    Ok(SqliteFile::open(store)?.with_keys(&keys.sealing(store))?)
}

/// The group of an outbox, by the name that the program has given it.
pub(crate) fn outbox(name: &str) -> Group {
    Group::new(format!("outbox:{name}"))
}

/// A body as text: as it is where it is text, otherwise its octets in hexadecimal.
pub(crate) fn body(octets: &[u8]) -> String {
    match std::str::from_utf8(octets) {
        Ok(text) if !text.chars().any(|c| c.is_control() && !c.is_whitespace()) => text.to_owned(),
        _ => octets.iter().map(|octet| format!("{octet:02x}")).collect(),
    }
}

/// What a state says; what it does not say is a fact, too.
pub(crate) fn facts_of(record: &Record) -> Facts {
    describe_record(record).unwrap_or_else(|why| vec![("state", format!("not read: {why}"))])
}

/// What a message says, and its text.
pub(crate) fn message(kind: Kind, message: &StoredMessage) -> (Facts, String) {
    match describe_message(kind, message) {
        Ok((facts, Some(text))) => (facts, body(&text)),
        Ok((facts, None)) => (facts, String::new()),
        Err(_) => (Facts::new(), body(&message.body)),
    }
}
