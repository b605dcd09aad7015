//! What is in the files of a store.

use std::path::Path;

use bytes::Bytes;
use waxwing_store::sqlite::{SqliteOptions, SqliteStore};
use waxwing_store::{
    Epoch, Group, Kind, MessageChange, Name, Queue, RecordId, Sealing, Step, Store, StoredMessage,
    Unit, Version,
};

const CANARY: &[u8] = b"a canary that sings of 4711 orders";

fn unit(step: Step, number: u64) -> Unit {
    let record = RecordId { group: Group::new("g"), kind: Kind::Context, name: Name::new("") };
    let message = StoredMessage {
        queue: Queue::Received,
        number,
        name: None,
        body: Bytes::from([CANARY, &[7; 5000]].concat()),
    };
    let messages = vec![MessageChange::Put(message)];
    Unit { record, epoch: Epoch(1), step, expires_at: None, names: Vec::new(), messages }
}

/// The files of a folder in which the octets are.
fn found(folder: &Path, octets: &[u8]) -> Vec<String> {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let has = |path: &std::path::PathBuf| {
        std::fs::read(path).unwrap().windows(octets.len()).any(|window| window == octets)
    };
    files.filter(has).map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

async fn write(options: &SqliteOptions) -> SqliteStore {
    let store = SqliteStore::open(options).unwrap();
    let state = || Bytes::from_static(CANARY);
    assert!(store.commit(unit(Step::Create(state()), 1)).await.is_done());
    for version in 2..50 {
        assert!(
            store.commit(unit(Step::Write(Version(version), state()), version)).await.is_done()
        );
    }
    store
}

#[tokio::test]
async fn states_messages_and_keys_are_in_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let store = write(&SqliteOptions::new(place.join("store"))).await;
    let line = std::fs::read_to_string(place.join("store.key")).unwrap();
    let line = line.lines().last().unwrap().to_owned();
    let mut files: Vec<_> = std::fs::read_dir(place)
        .unwrap()
        .map(|file| file.unwrap().file_name().to_str().unwrap().to_owned())
        .collect();
    files.sort();
    assert_eq!(files, ["store", "store-shm", "store-wal", "store.key", "store.lock"]);
    for _ in 0..2 {
        assert_eq!(found(place, CANARY), Vec::<String>::new());
        assert_eq!(found(place, &CANARY[..12]), Vec::<String>::new());
        assert_eq!(found(place, line.as_bytes()), ["store.key"]);
        let key = base64_octets(&line);
        assert_eq!(found(place, &key), Vec::<String>::new());
        // And once the log is written back.
        store.close().await;
    }
}

/// The test would find them.
#[tokio::test]
async fn without_a_seal_they_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions::new(folder.path().join("store"))
        .sealing(Sealing::off_so_that_keys_and_messages_can_be_read());
    let store = write(&options).await;
    assert_eq!(found(folder.path(), CANARY), ["store-wal"]);
    store.close().await;
    assert_eq!(found(folder.path(), CANARY), ["store"]);
}

fn base64_octets(line: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(line).unwrap()
}
