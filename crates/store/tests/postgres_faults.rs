//! Nodes that take from each other, servers that crash, a failover: nothing that was acknowledged is lost, nothing is there
//! twice, order is kept. Longer with `FAULT_SECONDS=n` (each test; default 3).
#![cfg(feature = "postgres")]
#![allow(clippy::disallowed_methods)]

mod database;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use database::history::{Dice, under_load};
use database::{Server, missing, open, schema, settings};
use waxwing_store::postgres::PostgresStore;
use waxwing_store::{
    Claim, Epoch, Group, Kind, MessageChange, Name, Queue, RecordId, Step, Store as _,
    StoredMessage, Unit,
};
use waxwing_testkit::partition::{Cut, Partition};
use waxwing_testkit::waiting::wait_for;

fn seconds() -> u64 {
    std::env::var("FAULT_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(3)
}

/// Stores that each hold the others for dead: whoever is asked takes.
async fn dead_to_each_other(
    server: &Server,
    address: &str,
    nodes: usize,
) -> Vec<Arc<PostgresStore>> {
    let schema = schema();
    let mut stores = Vec::new();
    for node in 0..nodes {
        stores.push(open(settings(address, &schema, &format!("n{node}"))).await);
    }
    let dead = format!(
        "UPDATE {schema}.nodes SET beat_at = now() - interval '2 hours', steady_since = now() - interval '2 hours'"
    );
    server.client().await.batch_execute(&dead).await.unwrap();
    stores
}

/// Each call goes to any of three nodes, which take the session from each other in the middle of its calls: those before find
/// themselves fenced.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_take_from_each_other() {
    if missing() {
        return;
    }
    let server = Server::shared();
    let nodes = dead_to_each_other(&server, &server.address, 3).await;
    let seen = under_load(&nodes, 12, 1, async |_| {
        tokio::time::sleep(Duration::from_secs(seconds())).await;
    })
    .await;
    assert!(seen.fenced.load(Ordering::Relaxed) > 0 && seen.ok.load(Ordering::Relaxed) > 0);
    let fenced: u64 =
        nodes.iter().map(|node| waxwing_store::Store::health(&**node).committed.2).sum();
    assert!(fenced >= seen.fenced.load(Ordering::Relaxed));
}

/// The server crashes in the middle, and comes back; its processes are killed one by one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_crashes() {
    if missing() {
        return;
    }
    let server = Server::start();
    let nodes = dead_to_each_other(&server, &server.address, 2).await;
    let mut dice = Dice(2);
    let seen = under_load(&nodes, 16, 2, async |seen| {
        let begun = std::time::Instant::now();
        let mut crashes = 0;
        while crashes < 4 || begun.elapsed().as_secs() < seconds() {
            let before = seen.ok.load(Ordering::Relaxed);
            wait_for(async || seen.ok.load(Ordering::Relaxed) > before + 20).await;
            tokio::time::sleep(Duration::from_millis(dice.below(150))).await;
            if crashes % 2 == 0 {
                server.crash();
                server.begin();
            } else {
                server.kill_a_backend(dice.below(100));
            }
            crashes += 1;
        }
        let before = seen.ok.load(Ordering::Relaxed);
        wait_for(async || seen.ok.load(Ordering::Relaxed) > before + 20).await;
    })
    .await;
    assert!(seen.unknown.load(Ordering::Relaxed) + seen.refused.load(Ordering::Relaxed) > 0);
}

/// The primary is lost while calls are made; the standby that every commit waited for takes over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failover_to_a_synchronous_standby() {
    if missing() {
        return;
    }
    let primary = Server::start();
    let standby = primary.standby();
    let address = format!(
        "host=127.0.0.1,127.0.0.1 port={},{} user=postgres dbname=postgres",
        primary.port(),
        standby.port()
    );
    let client = primary.client().await;
    // Before anybody waits for it this is refused.
    wait_for(async || {
        let row = client.query_one("SELECT count(*) FROM pg_stat_replication", &[]).await.unwrap();
        row.get::<_, i64>(0) == 1
    })
    .await;
    let refused =
        PostgresStore::open(settings(&address, &schema(), "n")).await.unwrap_err().to_string();
    assert!(refused.contains("synchronous_standby_names = 'ANY 1 (*)'"), "{refused}");
    client.batch_execute("ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (*)'").await.unwrap();
    client.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    wait_for(async || {
        let sql = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'quorum'";
        client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) == 1
    })
    .await;
    let nodes = dead_to_each_other(&primary, &address, 2).await;
    under_load(&nodes, 16, 3, async |seen| {
        wait_for(async || seen.ok.load(Ordering::Relaxed) > 100).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        primary.crash();
        tokio::time::sleep(Duration::from_millis(200)).await;
        standby.promote();
        let before = seen.ok.load(Ordering::Relaxed);
        wait_for(async || seen.ok.load(Ordering::Relaxed) > before + 100).await;
    })
    .await;
}

/// A claim that is done and not answered: the group is this process's, which does not know it, and the work in it is found all the
/// same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_without_an_answer_leaves_no_work_undone() {
    if missing() {
        return;
    }
    let server = Server::shared();
    let schema = schema();
    let group = Group::new("urn:uuid:1");
    let first = open(settings(&server.address, &schema, "first")).await;
    let body = bytes::Bytes::from_static(b"acknowledged");
    let message = StoredMessage { queue: Queue::Received, number: 1, name: None, body };
    let unit = Unit {
        record: RecordId {
            group: group.clone(),
            kind: Kind::Sequence,
            name: Name::new("urn:uuid:1"),
        },
        epoch: Epoch(1),
        step: Step::Create(bytes::Bytes::from_static(b"state")),
        expires_at: None,
        names: Vec::new(),
        messages: vec![MessageChange::Put(message)],
    };
    assert!(first.commit(unit).await.is_done());
    first.close().await;
    let link = Partition::start(([127, 0, 0, 1], server.port()).into()).await.unwrap();
    let address = format!("postgresql://postgres@{}/postgres", link.local_addr());
    let mut own = settings(&address, &schema, "second");
    own.statement_timeout = Duration::from_millis(500);
    let second = open(own).await;
    // So that the statements are prepared.
    assert!(matches!(second.claim(&Group::new("urn:uuid:2")).await, Ok(Claim::Unknown)));
    link.cut(Cut::Answers);
    assert!(second.claim(&group).await.is_err());
    link.cut(Cut::Nothing);
    let owned = format!(
        "SELECT 1 FROM {schema}.groups g JOIN {schema}.nodes n ON n.incarnation = g.owner WHERE n.name = 'second'"
    );
    assert_eq!(server.client().await.query(&owned, &[]).await.unwrap().len(), 1, "it is done");
    let unfinished = second.unfinished(None, 10).await.unwrap();
    assert_eq!(unfinished, std::slice::from_ref(&group), "nobody has it in memory");
    assert!(matches!(second.claim(&group).await, Ok(Claim::Mine(..))));
    assert!(second.unfinished(None, 10).await.unwrap().is_empty(), "now somebody does");
    second.close().await;
}
