//! The file of a store: what is refused with words, what is bounded, what it takes.
#![cfg(feature = "sqlite")]
#![allow(clippy::disallowed_methods, reason = "it is about files")]

use std::path::{Path, PathBuf};

use bytes::Bytes;
use waxwing_store::sqlite::{SqliteOptions, SqliteStore};
use waxwing_store::{
    Claim, Epoch, Group, KeyFile, KeyVariable, Kind, Name, RecordId, Sealing, Step, Store,
    StoreError, Unit, Version,
};

fn unit(group: &str, step: Step) -> Unit {
    let record = RecordId { group: Group::new(group), kind: Kind::Sequence, name: Name::new("") };
    Unit {
        record,
        epoch: Epoch(1),
        step,
        expires_at: None,
        names: Vec::new(),
        messages: Vec::new(),
    }
}

fn open(path: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(&SqliteOptions::new(path))
}

fn refused(options: &SqliteOptions) -> String {
    SqliteStore::open(options).expect_err("it is refused").to_string()
}

/// A store with something in it.
async fn made(folder: &Path) -> PathBuf {
    let path = folder.join("store");
    let store = open(&path).unwrap();
    let begin = unit("g", Step::Create(Bytes::from_static(b"state")));
    assert!(store.commit(begin).await.is_done());
    store.close().await;
    path
}

#[tokio::test]
async fn a_second_one_is_told_who_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = open(&path).unwrap();
    let Err(StoreError::InUse(error)) = open(&path) else { panic!("two have it") };
    assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
    drop(store);
    open(&path).unwrap();
}

#[tokio::test]
async fn without_its_keys_it_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = made(folder.path()).await;
    let key = folder.path().join("store.key");
    let options = || SqliteOptions::new(&path);
    let other = folder.path().join("other.key");
    KeyFile::make(&other).unwrap();
    let error = refused(&options().sealing(Sealing::under(KeyFile::new(&other))));
    assert!(error.contains("is not among those given"), "{error}");
    let off = Sealing::off_so_that_keys_and_messages_can_be_read;
    let error = refused(&options().sealing(off()));
    assert!(error.contains("sealed, and no key was given"), "{error}");
    let error = refused(&options().sealing(Sealing::under(KeyVariable::new("WAXWING_NOT_SET"))));
    assert!(error.contains("WAXWING_NOT_SET is not set"), "{error}");
    // A key that is gone is not made anew: nothing would open.
    let kept = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    let error = refused(&options());
    assert!(error.contains("is missing") && !key.exists(), "{error}");
    // The new key in front of the old one: both are known from then on.
    let new = std::fs::read_to_string(&other).unwrap();
    std::fs::write(&other, format!("{new}{}", String::from_utf8(kept.clone()).unwrap())).unwrap();
    let store =
        SqliteStore::open(&options().sealing(Sealing::under(KeyFile::new(&other)))).unwrap();
    assert!(matches!(store.claim(&Group::new("g")).await, Ok(Claim::Mine(..))));
    drop(store);
    std::fs::write(&key, kept).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    assert!(refused(&options()).contains("is not among those given"));
    // One that is not sealed takes no key, either.
    let plain = folder.path().join("plain");
    drop(SqliteStore::open(&SqliteOptions::new(&plain).sealing(off())).unwrap());
    let error = refused(&SqliteOptions::new(&plain).sealing(Sealing::under(KeyFile::new(&other))));
    assert!(error.contains("waxwing store rotate"), "{error}");
}

#[tokio::test]
async fn what_is_no_store_or_of_another_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    std::fs::write(place("text"), "this is a text of some length, and no database\n".repeat(20))
        .unwrap();
    assert!(refused(&SqliteOptions::new(place("text"))).contains("is no store of Waxwing"));
    let other = rusqlite::Connection::open(place("other")).unwrap();
    other.execute("CREATE TABLE t (x)", []).unwrap();
    drop(other);
    let error = refused(&SqliteOptions::new(place("other")));
    assert!(error.contains("no store of Waxwing"), "{error}");
    let path = made(folder.path()).await;
    let newer = rusqlite::Connection::open(&path).unwrap();
    newer.pragma_update(None, "user_version", 1000).unwrap();
    drop(newer);
    let error = refused(&SqliteOptions::new(&path));
    assert!(error.contains("version 1000"), "{error}");
    let error = refused(&SqliteOptions::new(place("missing").join("store")));
    assert!(error.contains("make it first"), "{error}");
}

/// What is no store is told so, and nothing is left where nothing was.
#[test]
fn a_refused_open_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let names = || {
        let entries = std::fs::read_dir(folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>()
    };
    let keys = waxwing_store::KeyFile::new(folder.path().join("missing"));
    let options = SqliteOptions::new(folder.path().join("store"));
    let options = options.sealing(waxwing_store::Sealing::under(keys));
    assert!(refused(&options).contains("missing"));
    assert!(names().is_empty(), "{:?}", names());
    let text = folder.path().join("service.config");
    std::fs::write(&text, "<configuration />").unwrap();
    assert!(refused(&SqliteOptions::new(&text)).contains("is no store of Waxwing"));
    let error = waxwing_store::sqlite::admin::compact(&text).unwrap_err().to_string();
    assert!(error.contains("is no store of Waxwing"), "{error}");
    assert_eq!(names(), ["service.config"]);
}

#[tokio::test]
async fn a_damaged_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = made(folder.path()).await;
    let mut octets = std::fs::read(&path).unwrap();
    octets[4096..].iter_mut().step_by(5).for_each(|octet| *octet ^= 0xa5);
    std::fs::write(&path, octets).unwrap();
    let error = open(&path).unwrap_err();
    assert!(matches!(error, StoreError::Unreadable(_)), "{error}");
    assert!(error.to_string().contains("Do not put an old copy in its place"), "{error}");
    assert_eq!(format!("{error:?}"), error.to_string());
}

/// A value that somebody has changed in the file is told, and the others are there.
#[tokio::test]
async fn a_changed_value_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = made(folder.path()).await;
    let sql = rusqlite::Connection::open(&path).unwrap();
    sql.execute("UPDATE record SET state = CAST(state || x'00' AS BLOB)", []).unwrap();
    drop(sql);
    let store = open(&path).unwrap();
    let claim = store.claim(&Group::new("g")).await;
    assert!(
        matches!(&claim, Err(StoreError::Unreadable(text)) if text.contains("changed")),
        "{claim:?}"
    );
    assert!(store.commit(unit("h", Step::Create(Bytes::new()))).await.is_done());
}

/// The log is written back again and again while units are committed, and begins anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_is_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let log = 64 * 4120;
    let store = SqliteStore::open(&SqliteOptions::new(&path).log_octets(log)).unwrap();
    let mut largest = 0;
    for round in 0..20 {
        let mut waiting = Vec::new();
        for number in 0..32_u64 {
            let state = Bytes::from(vec![(round as u8).wrapping_add(number as u8); 3000]);
            let step = if round == 0 {
                Step::Create(state)
            } else {
                Step::Write(Version(round + 1), state)
            };
            waiting.push(store.commit(unit(&format!("g{number}"), step)));
        }
        for outcome in waiting {
            assert!(outcome.await.is_done());
        }
        largest = largest.max(std::fs::metadata(folder.path().join("store-wal")).unwrap().len());
    }
    // 640 units would be 2.6 MB of it.
    assert!(largest < 4 * log, "{largest}");
    store.close().await;
    let left = std::fs::metadata(folder.path().join("store-wal")).map_or(0, |file| file.len());
    assert_eq!(left, 0);
}

#[cfg(unix)]
#[tokio::test]
async fn its_files_are_for_its_owner() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("store")).unwrap();
    assert!(store.commit(unit("g", Step::Create(Bytes::new()))).await.is_done());
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", file.file_name());
    }
}
