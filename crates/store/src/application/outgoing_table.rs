//! The table of calls in an application's SQLite.

/// The table of calls that wait. `at` is in milliseconds of Unix time.
pub(super) const OUTBOX_TABLE: &str = "CREATE TABLE IF NOT EXISTS waxwing_outbox (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    outbox TEXT NOT NULL,
    key TEXT NOT NULL,
    body BLOB NOT NULL,
    at INTEGER NOT NULL DEFAULT (unixepoch() * 1000),
    UNIQUE (outbox, key)
);";
