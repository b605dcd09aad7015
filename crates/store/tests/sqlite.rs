//! The store in a file does what a store does.
#![cfg(feature = "sqlite")]

#[macro_use]
mod conformance;

use std::path::PathBuf;
use std::sync::Arc;

use conformance::World;
use tempfile::TempDir;
use waxwing_store::Store;
use waxwing_store::sqlite::{SqliteOptions, SqliteStore};

/// One store in a file.
struct File {
    options: SqliteOptions,
    store: Option<SqliteStore>,
    _folder: TempDir,
}

impl World for File {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.store.clone().expect("it is open"))
    }

    /// Without a word would be a process of its own: `tests/crash.rs`. Here it is closed.
    async fn restart(&mut self) {
        self.store = None;
        self.store = Some(SqliteStore::open(&self.options).expect("it opens again"));
    }

    async fn other(&self) -> Option<Arc<dyn Store>> {
        None
    }

    async fn kill(&mut self) {
        unreachable!("there is no other node");
    }

    fn address(&self) -> String {
        unreachable!("there is no other node");
    }
}

fn path(folder: &TempDir) -> PathBuf {
    folder.path().join("store")
}

async fn world(quota: Option<(u64, u64)>) -> File {
    let folder = tempfile::tempdir().expect("a folder");
    let mut options = SqliteOptions::new(path(&folder));
    if let Some((records, octets)) = quota {
        options = options.records(records).octets(octets);
    }
    let store = SqliteStore::open(&options).expect("it opens");
    File { options, store: Some(store), _folder: folder }
}

conformance!(world);
