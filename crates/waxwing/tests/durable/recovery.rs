//! How long it takes until a host that was killed says its first right word, when its store has 100,000 sessions:
//!
//! `cargo test -p waxwing --test durable -- --ignored --nocapture --test-threads 1 recovery::` (with `--features postgres` there, too) ·
//! `WAXWING_RECOVERY_SESSIONS`: another number · `WAXWING_RECOVERY_FOLDER`: where (`/tmp` may be memory).
//!
//! The sessions are one that a client has opened, and copies of its records under other identifiers. The process is "killed" by a copy
//! of the files of the store as they are on the disk at one moment. What is measured is printed, and what is answered is checked.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use waxwing::binding::{ServiceBehavior, ServiceThrottling};
use waxwing::store::sqlite::{SqliteOptions, SqliteStore};
use waxwing::{ClientChannel, ServiceHost};
use waxwing_store::{
    Group, Kind as Of, MessageChange, Name, NameChange, Record, RecordId, Step, Store, Unit,
};

use crate::kit::{Kind, LEDGER_CONTRACT, LedgerClient, TAPE_CONTRACT, TapeClient, World, until};

fn count() -> usize {
    let text = std::env::var("WAXWING_RECOVERY_SESSIONS").ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(100_000)
}

fn folder() -> tempfile::TempDir {
    match std::env::var_os("WAXWING_RECOVERY_FOLDER") {
        Some(folder) => tempfile::tempdir_in(folder).unwrap(),
        None => tempfile::tempdir().unwrap(),
    }
}

/// Identifiers are as long as each other, so records may be changed where they stand.
fn renamed(octets: &[u8], identifiers: &[String], number: usize) -> Vec<u8> {
    let mut octets = octets.to_vec();
    for identifier in identifiers {
        let old = identifier.as_bytes();
        let end = format!("{number:012x}");
        let new = [&old[..old.len() - end.len()], end.as_bytes()].concat();
        let mut at = 0;
        while at + old.len() <= octets.len() {
            if octets[at..].starts_with(old) {
                octets[at..at + old.len()].copy_from_slice(&new);
            }
            at += 1;
        }
    }
    octets
}

/// The records of the only session that there is.
async fn records(store: &dyn Store) -> Vec<Record> {
    let mut all = store.records(Of::Context, None, 10).await.unwrap();
    all.extend(store.records(Of::Sequence, None, 10).await.unwrap());
    assert!(!all.is_empty() && all.iter().all(|record| record.id.group == all[0].id.group));
    all
}

/// Every identifier in the records that another session has others for.
fn identifiers(records: &[Record]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for record in records {
        all.push(record.id.group.as_str().to_owned());
        all.push(record.id.name.as_str().to_owned());
        all.extend(record.names.iter().map(|name| name.as_str().to_owned()));
        // The sequence that was offered is in the state only where a security context is what it is found by.
        let text = String::from_utf8_lossy(&record.state);
        all.extend(text.match_indices("urn:uuid:").filter_map(|(at, _)| {
            let identifier = text.get(at..at + "urn:uuid:".len() + 36)?;
            Some(identifier.to_owned())
        }));
    }
    all.retain(|identifier| identifier.starts_with("urn:uuid:"));
    all.sort_unstable();
    all.dedup();
    all
}

/// So many sessions more.
async fn multiply(store: &dyn Store, records: &[Record], count: usize) {
    let identifiers = identifiers(records);
    let mut under_way = std::collections::VecDeque::new();
    for number in 1..=count {
        for record in records {
            let text = |text: &str| {
                String::from_utf8(renamed(text.as_bytes(), &identifiers, number)).unwrap()
            };
            let unit = Unit {
                record: RecordId {
                    group: Group::new(text(record.id.group.as_str())),
                    kind: record.id.kind,
                    name: Name::new(text(record.id.name.as_str())),
                },
                epoch: waxwing_store::Epoch(1),
                step: Step::Create(renamed(&record.state, &identifiers, number).into()),
                expires_at: Some(record.expires_at),
                names: record
                    .names
                    .iter()
                    .map(|n| NameChange::Add(Name::new(text(n.as_str()))))
                    .collect(),
                messages: record.messages.iter().cloned().map(MessageChange::Put).collect(),
            };
            under_way.push_back(store.commit(unit));
        }
        while under_way.len() > 4000 {
            let outcome = under_way.pop_front().unwrap().await;
            assert!(outcome.is_done(), "{outcome:?}");
        }
    }
    for outcome in under_way {
        assert!(outcome.await.is_done());
    }
}

/// The host on a store, with places for everybody.
async fn host(world: &World, store: impl Store) -> ServiceHost {
    let most = ServiceThrottling::default()
        .max_concurrent_sessions(1_000_000)
        .max_concurrent_instances(1_000_000);
    let behavior = ServiceBehavior::default().service_throttling(most);
    let builder = world.builder_with(behavior).store(store);
    builder.open(world.instances()).await.unwrap()
}

/// The files as a process leaves them that is killed now. Nothing is written while they are copied.
async fn image(of: &Path, to: &Path) -> PathBuf {
    let beside = |path: &Path, end: &str| PathBuf::from(format!("{}{end}", path.display()));
    let sizes = || {
        ["", "-wal"].map(|end| {
            let file = std::fs::metadata(beside(of, end)).unwrap();
            (file.len(), file.modified().unwrap())
        })
    };
    let mut before = sizes();
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = sizes();
        if std::mem::replace(&mut before, now) == now {
            break;
        }
    }
    for end in ["", "-wal", ".key"] {
        std::fs::copy(beside(of, end), beside(to, end)).unwrap();
    }
    assert_eq!(sizes(), before, "nothing was written meanwhile");
    to.to_owned()
}

/// An open session with one call made.
async fn opened(world: &World) -> ClientChannel {
    let channel = world.factory().open_channel().await.unwrap();
    assert_eq!(LedgerClient::new(&channel).add(1).await.unwrap(), 1);
    channel
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement, which takes minutes"]
async fn first_right_answer_from_sqlite() {
    for kind in [Kind::Plain11, Kind::Secure11] {
        let folder = folder();
        let path = folder.path().join("sessions.db");
        let world = World::not_started(kind, &LEDGER_CONTRACT);
        let store = SqliteStore::open(&SqliteOptions::new(&path)).unwrap();
        let first = host(&world, store.clone()).await;
        let channel = opened(&world).await;
        // What it has said of the last reply is kept with the next call.
        let client = LedgerClient::new(&channel);
        assert_eq!(client.add(2).await.unwrap(), 3);
        multiply(&store, &records(&store).await, count() - 1).await;
        let killed = image(&path, &folder.path().join("killed.db")).await;
        let log = std::fs::metadata(format!("{}-wal", killed.display())).unwrap().len();
        drop((first, store));
        let begun = Instant::now();
        let store = SqliteStore::open(&SqliteOptions::new(&killed)).unwrap();
        let store_opened = begun.elapsed();
        let health = store.health();
        let second = host(&world, store).await;
        let host_opened = begun.elapsed();
        let sum = client.add(3).await;
        let answered = begun.elapsed();
        assert_eq!(sum.unwrap(), 6, "{kind:?}");
        assert_eq!(second.statistics().kept.restored, 1, "{kind:?}");
        assert_eq!(world.effects.entries(), [1, 2, 3], "{kind:?}");
        println!(
            "SQLite, {kind:?}, {} sessions ({} records, {} MB, log of {} MB): store open after {store_opened:.2?}, host after \
             {host_opened:.2?}, first right answer after {answered:.2?}",
            count(),
            health.records,
            health.octets.0 / 1_000_000,
            log / 1_000_000
        );
        channel.close().await.unwrap();
        second.close().await;
    }
}

/// Sessions with a message that was acknowledged and not executed: nobody sends it again, so the host does it by itself.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement, which takes minutes"]
async fn what_was_acknowledged_is_executed_from_sqlite() {
    let count = count() / 20;
    let folder = folder();
    let path = folder.path().join("sessions.db");
    let world = World::not_started(Kind::Plain11, &TAPE_CONTRACT);
    let store = SqliteStore::open(&SqliteOptions::new(&path)).unwrap();
    let first = host(&world, store.clone()).await;
    let channel = world.factory().open_channel().await.unwrap();
    TapeClient::new(&channel).slow_put(1, 2000).await.unwrap();
    until("it runs", || !world.effects.keys().is_empty()).await;
    let mut records = records(&store).await;
    assert_eq!(records.iter().map(|record| record.messages.len()).sum::<usize>(), 1);
    // Copies take no time.
    for message in records.iter_mut().flat_map(|record| &mut record.messages) {
        let mut body = message.body.to_vec();
        let at = body.windows(6).position(|octets| octets == b">2000<");
        let at = at.expect("the time is in the message");
        body[at + 1..at + 5].copy_from_slice(b"0000");
        message.body = body.into();
    }
    multiply(&store, &records, count).await;
    let killed = image(&path, &folder.path().join("killed.db")).await;
    drop((first, store));
    let before = world.effects.entries().len();
    let begun = Instant::now();
    let store = SqliteStore::open(&SqliteOptions::new(&killed)).unwrap();
    let second = host(&world, store).await;
    let host_opened = begun.elapsed();
    TapeClient::new(&channel).put(2).await.unwrap();
    let answered = begun.elapsed();
    loop {
        let executed = world.effects.entries().len() - before;
        if executed > count {
            break;
        }
        let kept = second.statistics().kept;
        assert!(begun.elapsed() < Duration::from_secs(120), "{executed} of {count}: {kept:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    println!(
        "SQLite, {count} sessions with a message that was acknowledged and not executed: host open after {host_opened:.2?}, another \
         message taken after {answered:.2?}, all executed after {:.2?}",
        begun.elapsed()
    );
    second.close().await;
}

/// The same over PostgreSQL, where that is installed. A process that comes back under its name takes its own place at once.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement, which takes minutes"]
async fn first_right_answer_from_postgres() {
    use waxwing::store::postgres::{PostgresSettings, PostgresStore};
    use waxwing_store::{KeyFile, NodeAddress, Sealing};
    use waxwing_testkit::postgres::{MISSING, Postgres, programs};

    if programs().is_none() {
        return println!("{MISSING}");
    }
    let folder = folder();
    let server = Postgres::start(&folder.path().join("server")).unwrap();
    for kind in [Kind::Plain11, Kind::Secure11] {
        let database = server.create_database(&format!("{kind:?}").to_lowercase()).unwrap();
        let keys = folder.path().join(format!("{kind:?}.key"));
        let open = async || {
            let keys = Sealing::under(KeyFile::made_with_the_store(&keys));
            let own = NodeAddress("127.0.0.1:1".to_owned());
            PostgresStore::open(PostgresSettings::new(&database, "one", own, keys)).await.unwrap()
        };
        let world = World::not_started(kind, &LEDGER_CONTRACT);
        let first = host(&world, open().await).await;
        let channel = opened(&world).await;
        let client = LedgerClient::new(&channel);
        assert_eq!(client.add(2).await.unwrap(), 3);
        drop(first);
        let store = open().await;
        multiply(&store, &records(&store).await, count() - 1).await;
        drop(store);
        let begun = Instant::now();
        let store = open().await;
        let store_opened = begun.elapsed();
        let second = host(&world, store).await;
        let host_opened = begun.elapsed();
        let sum = client.add(3).await;
        let answered = begun.elapsed();
        assert_eq!(sum.unwrap(), 6, "{kind:?}");
        println!(
            "PostgreSQL, {kind:?}, {} sessions: store open after {store_opened:.2?}, host after {host_opened:.2?}, first right answer \
             after {answered:.2?}",
            count()
        );
        channel.close().await.unwrap();
        second.close().await;
    }
}
