//! What an error of SQLite means for what was to be written.

use rusqlite::{Error, ErrorCode, ffi};

use crate::error::StoreError;

/// A transaction that was not told done.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) error: StoreError,
    /// Whether it may be on the disk all the same.
    pub(super) unknown: bool,
    /// Whether it is this data's fault: others may be done.
    pub(super) of_data: bool,
}

impl Failure {
    /// While a transaction was made: it is rolled back.
    pub(super) fn before_commit(error: &Error) -> Self {
        let of_data = match error.sqlite_error_code() {
            Some(
                ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::OutOfMemory
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied,
            ) => false,
            Some(_) | None => true,
        };
        Self { error: meaning(error), unknown: false, of_data }
    }

    /// While it was committed. A full disk has no whole commit record of it; after another error there may be one, and the
    /// next process would find it.
    pub(super) fn at_commit(error: &Error) -> Self {
        let unknown = error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure);
        Self { error: meaning(error), unknown, of_data: false }
    }
}

/// The file is damaged. An old copy in its place would do more harm than an empty store.
pub(super) fn damaged(what: &str) -> StoreError {
    StoreError::Unreadable(format!(
        "the file is damaged ({what}). Move it away with its '-wal' and keep it; what was begun is lost, and a new store begins \
         empty. Do not put an old copy in its place: numbers go backwards, and calls are lost or executed twice \
         (docs/durability.md, \"Backup and restore\")"
    ))
}

/// The same for people.
pub(super) fn meaning(error: &Error) -> StoreError {
    let extended = error.sqlite_error().map(|error| error.extended_code);
    if matches!(extended, Some(ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC)) {
        return StoreError::Broken(format!(
            "the disk says that what was written may not be on it (fsync failed: {error}); look at the system's log for what \
             is wrong with the disk, and start the process again"
        ));
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full(format!(
            "the disk has no room ({error}); make some, it goes on by itself then"
        )),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => damaged(&error.to_string()),
        Some(ErrorCode::ReadOnly) => {
            StoreError::Unavailable(format!("the file cannot be written ({error})"))
        }
        Some(ErrorCode::SystemIoFailure) => StoreError::Unavailable(format!(
            "the disk reports an error ({error}, code {}); look at the system's log",
            extended.unwrap_or_default()
        )),
        _ => StoreError::Unavailable(error.to_string()),
    }
}
