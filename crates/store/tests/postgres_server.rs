//! Servers as they are found: unsafe, too new, read by a stranger, waiting for a standby; and nodes that come and go.
#![cfg(feature = "postgres")]
#![allow(clippy::disallowed_methods)]

#[macro_use]
#[allow(unused_imports)]
mod conformance;
mod database;

use std::time::Duration;

use conformance::{Change, create, done, fenced, group, keep, mine, put, write};
use database::{KEY, Server, brisk, missing, open, schema, settings};
use waxwing_store::postgres::{Danger, PostgresStore};
use waxwing_store::{Claim, Nodes, Outcome, Queue, Store, StoreError};
use waxwing_testkit::authority::Wish;
use waxwing_testkit::waiting::wait_for;

#[tokio::test]
async fn settings_that_lose_what_was_acknowledged_are_refused_by_name() {
    if missing() {
        return;
    }
    let server = Server::start();
    let client = server.client().await;
    let schema = schema();
    for (set, reset, danger) in [
        ("ALTER SYSTEM SET fsync = off", "ALTER SYSTEM RESET fsync", Danger::FsyncOff),
        (
            "ALTER SYSTEM SET full_page_writes = off",
            "ALTER SYSTEM RESET full_page_writes",
            Danger::FullPageWritesOff,
        ),
        (
            "ALTER ROLE postgres SET synchronous_commit = off",
            "ALTER ROLE postgres RESET synchronous_commit",
            Danger::SynchronousCommitOff,
        ),
    ] {
        client.batch_execute(set).await.unwrap();
        client.batch_execute("SELECT pg_reload_conf()").await.unwrap();
        let mut settings = settings(&server.address, &schema, "n");
        let mut said = String::new();
        wait_for(async || match PostgresStore::open(settings.clone()).await {
            Ok(_) => false,
            Err(error) => {
                said = error.to_string();
                true
            }
        })
        .await;
        assert!(said.contains(danger.name()) && said.contains("Set "), "{said}");
        settings.dangers = vec![danger];
        done(&*open(settings).await, create(danger.name(), b"1")).await;
        client.batch_execute(reset).await.unwrap();
        client.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    }
    // What is less than `on` and no more than a default is made `on`.
    client.batch_execute("ALTER ROLE postgres SET synchronous_commit = local").await.unwrap();
    wait_for(async || PostgresStore::open(settings(&server.address, &schema, "n")).await.is_ok())
        .await;
    client
        .batch_execute("ALTER ROLE postgres SET default_transaction_read_only = on")
        .await
        .unwrap();
    let said = PostgresStore::open(settings(&server.address, &schema, "n")).await.unwrap_err();
    assert!(said.to_string().contains("read-only"), "{said}");
}

#[tokio::test]
async fn mistakes_are_told_in_words() {
    if missing() {
        return;
    }
    let server = Server::shared();
    let told = async |change: &dyn Fn(&mut waxwing_store::postgres::PostgresSettings)| {
        let mut settings = settings(&server.address, "words", "n");
        change(&mut settings);
        match PostgresStore::open(settings).await {
            Ok(_) => panic!("it opens"),
            Err(error) => error.to_string(),
        }
    };
    let connection = |text: &str| {
        let text = text.to_owned();
        move |settings: &mut waxwing_store::postgres::PostgresSettings| {
            settings.connection = text.clone().into();
        }
    };
    let base = server.address.strip_suffix("/postgres").unwrap();
    let said = told(&connection(&format!("{base}/nothing"))).await;
    assert!(
        said.contains("database 'nothing' at 127.0.0.1") && said.contains("CREATE DATABASE"),
        "{said}"
    );
    let said = told(&connection("postgresql://u:hunter2@127.0.0.1:1/w")).await;
    assert!(said.contains("127.0.0.1:1") && !said.contains("hunter2"), "{said}");
    let said = told(&|settings| settings.schema = "waxwing; DROP".into()).await;
    assert!(said.contains("small letters"), "{said}");
    let said = told(&|settings| settings.dead_after = settings.beat_every).await;
    assert!(said.contains("lost beat"), "{said}");
    // A newer Waxwing was here.
    let schema = schema();
    open(settings(&server.address, &schema, "n")).await.close().await;
    let client = server.client().await;
    client
        .batch_execute(&format!("UPDATE {schema}.schema_version SET version = 99"))
        .await
        .unwrap();
    let said = told(&|settings| settings.schema = schema.clone()).await;
    assert!(said.contains("version 99") && said.contains("newer"), "{said}");
    // A role that may not.
    client.batch_execute("CREATE ROLE guest LOGIN").await.unwrap();
    let said = told(&connection(&server.address.replace("postgres@", "guest@"))).await;
    assert!(said.contains("AUTHORIZATION"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_open_a_new_schema_at_once() {
    if missing() {
        return;
    }
    let (server, schema) = (Server::shared(), schema());
    let opening: Vec<_> = (0..8)
        .map(|n| tokio::spawn(open(settings(&server.address, &schema, &format!("n{n}")))))
        .collect();
    let mut all = std::collections::BTreeSet::new();
    for opened in opening {
        all.insert(opened.await.expect("it opens").me());
    }
    assert_eq!(all.len(), 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_live_drain_leave_and_are_missed() {
    if missing() {
        return;
    }
    let (server, schema) = (Server::shared(), schema());
    let one = open(brisk(&server.address, &schema, "one")).await;
    let two = open(brisk(&server.address, &schema, "two")).await;
    let living = async |store: &PostgresStore| {
        let living = store.living().await.unwrap();
        living.into_iter().map(|n| (n.name, n.address.0, n.draining)).collect::<Vec<_>>()
    };
    assert_eq!(Store::nodes(&*one).map(|nodes| nodes.me()), Some(one.me()));
    let of = |name: &str, draining| (name.to_owned(), format!("{name}:1"), draining);
    assert_eq!(living(&one).await, [of("one", false), of("two", false)]);
    done(&*one, create("a", b"1")).await;
    assert!(matches!(two.claim(&group("a")).await, Ok(Claim::Others(_))));
    one.drain().await.unwrap();
    assert_eq!(living(&two).await, [of("one", true), of("two", false)]);
    // It beats on, longer than the others would wait.
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert!(matches!(two.claim(&group("a")).await, Ok(Claim::Others(_))));
    // It dies without a word: after a while what it had is taken.
    drop(one);
    wait_for(async || matches!(two.claim(&group("a")).await, Ok(Claim::Mine(..)))).await;
    assert_eq!(living(&two).await, [of("two", false)]);
    // One that leaves is not waited for.
    let three = open(brisk(&server.address, &schema, "three")).await;
    two.close().await;
    assert!(matches!(three.claim(&group("a")).await, Ok(Claim::Mine(..))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_of_a_node_is_for_one_process() {
    if missing() {
        return;
    }
    let (server, schema) = (Server::shared(), schema());
    let old = open(brisk(&server.address, &schema, "one")).await;
    done(&*old, create("a", b"1")).await;
    let new = open(brisk(&server.address, &schema, "one")).await;
    // What the process before had is there at once.
    let (epoch, _) = mine(&*new, "a").await;
    // It is fenced, and told why soon.
    let late = old.commit(write("a", 1, 2, b"late")).await;
    assert!(matches!(late, Outcome::Fenced | Outcome::Refused(StoreError::InUse(_))), "{late:?}");
    wait_for(async || matches!(old.health().trouble, Some(StoreError::InUse(_)))).await;
    assert!(matches!(old.commit(create("b", b"1")).await, Outcome::Refused(StoreError::InUse(_))));
    done(&*new, write("a", epoch, 2, b"2")).await;
}

/// A sequence that a zombie begins in a context that somebody has taken, and in one that has ended meanwhile.
#[tokio::test]
async fn a_zombie_begins_nothing() {
    if missing() {
        return;
    }
    let (server, schema) = (Server::shared(), schema());
    let zombie = open(settings(&server.address, &schema, "one")).await;
    let context = conformance::unit(
        waxwing_store::RecordId {
            group: group("context"),
            kind: waxwing_store::Kind::Context,
            name: conformance::name(""),
        },
        1,
        waxwing_store::Step::Create(bytes::Bytes::from_static(b"keys")),
    );
    done(&*zombie, context.clone()).await;
    let living = open(settings(&server.address, &schema, "one")).await;
    let (epoch, _) = mine(&*living, "context").await;
    let late = |group_name: &str| {
        let mut unit = create(group_name, b"of a zombie");
        unit.record.name = conformance::name("urn:sequence");
        unit
    };
    fenced(&*zombie, late("context")).await;
    let mut end = context;
    (end.step, end.epoch) = (waxwing_store::Step::Remove, waxwing_store::Epoch(epoch));
    done(&*living, end).await;
    fenced(&*zombie, late("context")).await;
    assert!(matches!(living.claim(&group("context")).await, Ok(Claim::Unknown)));
}

/// Two nodes are asked by the same retransmitted message to begin a session at the same time: one of them does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_is_taken_by_one_of_many() {
    if missing() {
        return;
    }
    let (server, schema) = (Server::shared(), schema());
    let mut stores = Vec::new();
    for node in 0..4 {
        stores.push(open(settings(&server.address, &schema, &format!("n{node}"))).await);
    }
    for round in 0..20 {
        let name = conformance::name(&format!("urn:message:{round}"));
        let all: Vec<_> = stores
            .iter()
            .enumerate()
            .map(|(n, store)| {
                let mut unit = create(&format!("urn:sequence:{round}:{n}"), b"1");
                unit.names.push(waxwing_store::NameChange::Add(name.clone()));
                store.commit(unit)
            })
            .collect();
        let mut winner = None;
        for (n, outcome) in all.into_iter().enumerate() {
            match outcome.await {
                Outcome::Done => assert_eq!(winner.replace(n), None),
                Outcome::Exists(0) => {}
                other => panic!("{other:?}"),
            }
        }
        let winner = format!("urn:sequence:{round}:{}", winner.expect("one of them"));
        assert_eq!(stores[0].find(&name).await.unwrap(), Some(group(&winner)));
    }
}

/// A commit that waits for a standby and is told not to is in the primary only: nothing may depend on it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_did_not_reach_the_standby_is_unknown() {
    if missing() {
        return;
    }
    let server = Server::start();
    let client = server.client().await;
    client.batch_execute("SET synchronous_commit = local").await.unwrap();
    let schema = schema();
    let store = open(settings(&server.address, &schema, "n")).await;
    done(&*store, create("a", b"1")).await;
    let alter = async |sql: &str| {
        client.batch_execute(sql).await.unwrap();
        client.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    };
    alter("ALTER SYSTEM SET synchronous_standby_names = 'nobody'").await;
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    let waits = async || client.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0);
    let mut version = 1;
    // The server may not have read it yet.
    let unknown = loop {
        version += 1;
        let committed = tokio::spawn(store.commit(write("a", 1, version, b"2")));
        wait_for(async || committed.is_finished() || waits().await == 1).await;
        if committed.is_finished() {
            continue;
        }
        let cancel =
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
        client.batch_execute(cancel).await.unwrap();
        break committed.await.unwrap();
    };
    assert!(matches!(unknown, Outcome::Unknown(_)), "{unknown:?}");
    alter("ALTER SYSTEM RESET synchronous_standby_names").await;
    wait_for(async || store.health().trouble.is_none()).await;
    let (_, records) = mine(&*store, "a").await;
    assert_eq!(records[0].version.0, version, "it is there once somebody waited for it");
}

/// Nobody waits for ever, and what nobody waits for does not pile up in the server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_that_is_away_is_not_waited_for_without_end() {
    if missing() {
        return;
    }
    let server = Server::start();
    let client = server.client().await;
    client.batch_execute("SET synchronous_commit = local").await.unwrap();
    let mut settings = settings(&server.address, &schema(), "n");
    settings.statement_timeout = Duration::from_millis(300);
    let store = open(settings).await;
    done(&*store, create("a", b"1")).await;
    client.batch_execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'").await.unwrap();
    client.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    let mut unknown = 0;
    // The server may not have read it yet.
    for version in 2..200 {
        let outcome = store.commit(write("a", 1, version, b"2")).await;
        unknown += u32::from(matches!(outcome, Outcome::Unknown(_)));
        if unknown == 4 {
            break;
        }
        wait_for(async || store.health().trouble.is_none()).await;
    }
    assert_eq!(unknown, 4);
    wait_for(async || store.health().trouble.is_none()).await;
    for _ in 0..4 {
        let claim = store.claim(&group("a")).await;
        assert!(claim.is_err(), "{claim:?}");
    }
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    wait_for(async || client.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) <= 1).await;
    client.batch_execute("ALTER SYSTEM RESET synchronous_standby_names").await.unwrap();
    client.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    wait_for(async || store.claim(&group("a")).await.is_ok()).await;
}

/// While it is down everything is refused at once; then it goes on by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_down_is_not_waited_for() {
    if missing() {
        return;
    }
    let server = Server::start();
    let store = open(settings(&server.address, &schema(), "n")).await;
    done(&*store, create("a", b"1")).await;
    server.crash();
    wait_for(async || store.health().trouble.is_some()).await;
    let asked = async {
        for _ in 0..500 {
            let outcome = store.commit(keep("a", 1)).await;
            assert!(matches!(outcome, Outcome::Refused(StoreError::Unavailable(_))), "{outcome:?}");
            assert!(store.claim(&group("a")).await.is_err());
        }
    };
    tokio::time::timeout(Duration::from_secs(5), asked).await.expect("at once");
    server.begin();
    wait_for(async || store.health().trouble.is_none()).await;
    let (epoch, _) = mine(&*store, "a").await;
    done(&*store, write("a", epoch, 2, b"2")).await;
}

/// Neither a message nor a key is in any file of the server: tables, log of writes, log of words.
#[tokio::test]
async fn a_canary_is_found_nowhere() {
    if missing() {
        return;
    }
    let server = Server::start_with(&["log_statement=all", "log_min_duration_statement=0"]);
    let schema = schema();
    let store = open(settings(&server.address, &schema, "n")).await;
    let canary = b"canary-in-the-coal-mine";
    let begin = create("a", canary);
    done(&*store, begin.message(put(Queue::Received, 1, None, canary))).await;
    done(&*store, write("a", 1, 2, canary)).await;
    assert_eq!(&mine(&*store, "a").await.1[0].state[..], canary);
    server.client().await.batch_execute("CHECKPOINT").await.unwrap();
    store.close().await;
    let key = base64_octets(KEY);
    let mut looked = 0;
    let mut folders = vec![server.data().parent().unwrap().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
                continue;
            }
            let Ok(octets) = std::fs::read(entry.path()) else { continue };
            looked += octets.len();
            for secret in [&canary[..], &key, KEY.as_bytes(), b"63616e6172792d696e"] {
                let found = octets.windows(secret.len()).any(|window| window == secret);
                assert!(!found, "{}", entry.path().display());
            }
        }
    }
    assert!(looked > 10_000_000, "{looked} octets");
}

fn base64_octets(text: &str) -> Vec<u8> {
    openssl::base64::decode_block(text).expect("base64")[..32].to_vec()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_as_it_is_named() {
    if missing() {
        return;
    }
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let now = jiff::Timestamp::now().as_second();
    let authority = Wish::new("authority", 1, now).authority().by_itself();
    let other = Wish::new("authority", 1, now).authority().by_itself();
    let own = Wish::new("localhost", 2, now).dns("localhost").for_use("serverAuth").by(&authority);
    server.secure(&own.pem(), &own.key.private_key_to_pem_pkcs8().unwrap()).await;
    let root = folder.path().join("root.pem");
    std::fs::write(&root, authority.pem()).unwrap();
    let stranger = folder.path().join("stranger.pem");
    std::fs::write(&stranger, other.pem()).unwrap();
    let (root, stranger) = (root.display().to_string(), stranger.display().to_string());
    let schema = schema();
    let opens = async |host: &str, more: &str| {
        let address =
            format!("host={host} port={} user=postgres dbname=postgres {more}", server.port());
        match PostgresStore::open(settings(&address, &schema, "n")).await {
            Ok(_) => None,
            Err(error) => Some(error.to_string()),
        }
    };
    let full = |root: &str| format!("sslmode=verify-full sslrootcert={root}");
    wait_for(async || opens("localhost", &full(&root)).await.is_none()).await;
    let address = format!(
        "host=localhost port={} user=postgres dbname=postgres {}",
        server.port(),
        full(&root)
    );
    let store = open(settings(&address, &schema, "n")).await;
    let sql = "SELECT count(*) FROM pg_stat_ssl WHERE ssl";
    let over_tls: i64 = server.client().await.query_one(sql, &[]).await.unwrap().get(0);
    assert!(over_tls >= 2, "{over_tls}: one that commits, and one that reads");
    store.close().await;
    assert!(
        opens("localhost", &full(&stranger)).await.unwrap().contains("certificate verify failed")
    );
    // The name in the certificate is another one.
    assert!(opens("127.0.0.1", &full(&root)).await.is_some());
    assert_eq!(opens("127.0.0.1", &format!("sslmode=verify-ca sslrootcert={root}")).await, None);
    assert!(
        opens("127.0.0.1", &format!("sslmode=verify-ca sslrootcert={stranger}")).await.is_some()
    );
    assert_eq!(opens("127.0.0.1", "sslmode=require").await, None);
    let nothing = format!("sslmode=verify-full sslrootcert={root}.missing");
    assert!(opens("localhost", &nothing).await.unwrap().contains("cannot be read"));
}
