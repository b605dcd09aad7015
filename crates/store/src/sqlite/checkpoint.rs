//! Writes the log back into the file, on a thread of its own, so that commits do not wait for it.
//!
//! First beside the writer, which goes on meanwhile; then, for the rest, in place of it: after that the log is written from its
//! beginning again. So it has a bound (`Shared::most_pages`).

use std::sync::Arc;
use std::time::Duration;

use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, ErrorCode};

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
            Ok(Some((pages, written))) if pages == written => from,
            // Somebody reads an old state: what is in the log behind that stays.
            Ok(Some((pages, _))) => pages + from / 4,
            Ok(None) => shared.gate.pages() + from / 4,
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
        let Some((pages, _)) = checkpoint(connection)? else { break };
        // Each begins with what came while the one before it was under way.
        if pages.saturating_sub(before) < from / 8 {
            break;
        }
        before = pages;
    }
    Ok(())
}

/// Pages in the log, and how many of them are in the file. None when somebody else is at work on the log: the writer, which a
/// busy machine has interrupted while it tells how long the log is, or a program that writes it back. That is no failure.
fn checkpoint(connection: &Connection) -> rusqlite::Result<Option<(u32, u32)>> {
    match connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::PASSIVE) {
        Ok((pages, written)) => {
            Ok(Some((pages.max(0).cast_unsigned(), written.max(0).cast_unsigned())))
        }
        Err(error) if is_busy(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
}

/// All of the log, which is empty then. Whether it could be, while others read.
pub(super) fn whole(connection: &Connection) -> rusqlite::Result<bool> {
    match connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::TRUNCATE) {
        Ok(_) => Ok(true),
        Err(error) if is_busy(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// One that wants to checkpoint while another does, and what came of it.
    static MEANWHILE: Mutex<(Option<Connection>, Vec<bool>)> = Mutex::new((None, Vec::new()));

    #[test]
    fn a_log_that_another_one_is_at_work_on_is_no_failure() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let open = || Connection::open(&path).unwrap();
        let (writer, mut other, third) = (open(), open(), open());
        writer.pragma_update(None, "journal_mode", "WAL").unwrap();
        writer.execute("CREATE TABLE t (n)", []).unwrap();
        // Who has read nothing knows of no log.
        for connection in [&other, &third] {
            let count = "SELECT count(*) FROM t";
            assert_eq!(connection.query_row(count, [], |row| row.get::<_, u32>(0)), Ok(0));
        }
        writer.execute_batch("BEGIN IMMEDIATE; INSERT INTO t VALUES (1)").unwrap();
        lock(&MEANWHILE).0 = Some(third);
        // It has the log for itself, and waits for the writer to end.
        let waits = |_| {
            let (connection, tried) = &mut *lock(&MEANWHILE);
            let connection = connection.as_ref().unwrap();
            tried.push(matches!(checkpoint(connection), Ok(None)));
            tried.push(beside(connection, 8).is_ok());
            false
        };
        other.busy_handler(Some(waits)).unwrap();
        let full = other.wal_checkpoint_v2(None::<&str>, CheckpointMode::FULL);
        assert!(full.is_err(), "the writer has not ended: {full:?}");
        let (connection, tried) = std::mem::take(&mut *lock(&MEANWHILE));
        assert_eq!(tried, [true, true]);
        writer.execute_batch("COMMIT").unwrap();
        let (pages, written) = checkpoint(&connection.unwrap()).unwrap().unwrap();
        assert_eq!(pages, written);
    }
}
