//! Writes the log back into the file, on a thread of its own, so that commits do not wait for it.
//!
//! First beside the writer, which goes on meanwhile; then, for the rest, in place of it: after that the log is written from its
//! beginning again. So it has a bound (`Shared::most_pages`).

use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::wal::CheckpointMode;

use super::queue::lock;
use super::trouble::meaning;
use super::writer::Shared;

/// How often it goes beside the writer, each time for what was written during the time before, so that little is left for the
/// time in which nothing is written.
const BESIDE: usize = 4;
/// How long after a failed one the next is tried.
const AGAIN: Duration = Duration::from_millis(500);

/// The thread. `from`: how many pages of the log make one due.
pub(super) fn work(connection: &Connection, shared: &Arc<Shared>, from: u32) {
    while shared.gate.due() {
        let beside = beside(connection, from);
        shared.gate.exclude();
        let rest = beside.and_then(|()| checkpoint(connection));
        let next = match rest {
            Ok((pages, written)) if pages == written => from,
            // Somebody reads an old state: what is in the log behind that stays.
            Ok((pages, _)) => pages + from / 4,
            Err(error) => {
                shared.failed(&meaning(&error));
                from
            }
        };
        shared.gate.admit(next);
        if shared.broken().is_some() {
            return shared.gate.end();
        }
        if lock(&shared.health).trouble.is_some() {
            shared.gate.rest(AGAIN);
        }
    }
}

/// Beside the writer, until little is left.
fn beside(connection: &Connection, from: u32) -> rusqlite::Result<()> {
    let mut before = 0;
    for _ in 0..BESIDE {
        let (pages, _) = checkpoint(connection)?;
        // Each begins with what came while the one before it was under way.
        if pages.saturating_sub(before) < from / 8 {
            break;
        }
        before = pages;
    }
    Ok(())
}

/// Pages in the log, and how many of them are in the file.
fn checkpoint(connection: &Connection) -> rusqlite::Result<(u32, u32)> {
    let (pages, written) = connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::PASSIVE)?;
    Ok((pages.max(0).cast_unsigned(), written.max(0).cast_unsigned()))
}

/// All of the log, which is empty then. Whether it could be, while others read.
pub(super) fn whole(connection: &Connection) -> rusqlite::Result<bool> {
    match connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::TRUNCATE) {
        Ok(_) => Ok(true),
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}
