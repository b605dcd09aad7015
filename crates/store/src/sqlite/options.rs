//! How a store in a file is opened.

use std::path::{Path, PathBuf};

use crate::keys::{KeyFile, Sealing};

/// The octets that a store holds unless it is said otherwise: a million sessions with a state of four kilobytes.
pub const DEFAULT_OCTETS: u64 = 4 * 1024 * 1024 * 1024;
/// The records that a store holds unless it is said otherwise.
pub const DEFAULT_RECORDS: u64 = 1_000_000;
/// How large the write-ahead log becomes before it is written back, unless it is said otherwise: pages that change again and
/// again meanwhile are written back once. With 100,000 sessions in use a quarter of this takes a third of the units away.
pub const DEFAULT_LOG_OCTETS: u64 = 256 * 1024 * 1024;

/// What happens when the disk says that what was written may not be on it (`fsync` failed).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailedSync {
    /// The process ends at once (abort), with words on standard error and in the log. Whatever starts it again opens the store
    /// from what is really on the disk. Nothing else is as safe: what the process and the system remember of the file is not
    /// what the disk has.
    #[default]
    EndProcess,
    /// The store refuses everything until the process is started again.
    RefuseEverything,
}

/// A store in one file, of one process: where, under which keys, how large.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    pub(super) path: PathBuf,
    pub(super) sealing: Sealing,
    pub(super) octets: u64,
    pub(super) records: u64,
    pub(super) log_octets: u64,
    pub(super) on_failed_sync: OnFailedSync,
    pub(super) on_network: bool,
    pub(super) waits_for_disk: bool,
}

impl SqliteOptions {
    /// A store in this file. It is made when it is not there; its folder must be. Sealed under a key in a file beside it
    /// (`PATH.key`), which is made with it; [`KeyFile`] says what that protects from.
    pub fn new(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().to_owned();
        let sealing = Sealing::under(KeyFile::made_with_the_store(beside(&path, ".key")));
        Self {
            path,
            sealing,
            octets: DEFAULT_OCTETS,
            records: DEFAULT_RECORDS,
            log_octets: DEFAULT_LOG_OCTETS,
            on_failed_sync: OnFailedSync::default(),
            on_network: false,
            waits_for_disk: true,
        }
    }

    /// Sealed otherwise.
    #[must_use]
    pub fn sealing(self, sealing: Sealing) -> Self {
        Self { sealing, ..self }
    }

    /// How many octets it may take on the disk, without its log, before it is full: then new records and messages to be
    /// delivered are refused ([`StoreError::Full`](crate::StoreError::Full)), and what is open goes on.
    #[must_use]
    pub fn octets(self, octets: u64) -> Self {
        Self { octets, ..self }
    }

    /// How many records it may hold before it is full.
    #[must_use]
    pub fn records(self, records: u64) -> Self {
        Self { records, ..self }
    }

    /// How large the write-ahead log becomes before it is written back: larger is faster, and takes longer to recover. It may
    /// grow to twice that while it is written back.
    #[must_use]
    pub fn log_octets(self, log_octets: u64) -> Self {
        Self { log_octets, ..self }
    }

    /// What happens when the disk says that what was written may not be on it.
    #[must_use]
    pub fn on_failed_sync(self, on_failed_sync: OnFailedSync) -> Self {
        Self { on_failed_sync, ..self }
    }

    /// Opens it on a network file system, too. Locks and the memory that SQLite's connections share do not work on most of
    /// them: two processes may write it, and it is destroyed then.
    #[must_use]
    pub fn on_a_network_file_system_though_it_may_be_destroyed(self) -> Self {
        Self { on_network: true, ..self }
    }

    /// Does not wait for the disk at each commit (`synchronous=NORMAL`). What is told durable survives the end of the process,
    /// and is lost at a power loss or a crash of the system.
    #[must_use]
    pub fn lose_what_was_acknowledged_at_power_loss(self) -> Self {
        Self { waits_for_disk: false, ..self }
    }
}

/// The path with more at its end.
pub(super) fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}
