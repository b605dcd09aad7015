//! What a call costs in PostgreSQL: calls a second, the time of one, and the CPU of the server's processes, from `/proc`.
//!
//! `cargo bench -p waxwing-store --features postgres --bench postgres`. With `SECONDS=n` each measurement takes n seconds
//! (default 3). A call is one commit: the state of a session, 1.2 KB, other octets each time.

#![allow(clippy::disallowed_methods)]

#[path = "../tests/database/mod.rs"]
mod database;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use database::{Server, missing, open, schema, settings};
use waxwing_store::postgres::PostgresStore;
use waxwing_store::{
    Epoch, Group, Kind, MessageChange, Name, Queue, RecordId, Step, Store, StoredMessage, Unit,
    Version,
};

const STATE: usize = 1200;

fn record(group: &str) -> RecordId {
    RecordId { group: Group::new(group), kind: Kind::Sequence, name: Name::new("") }
}

fn unit(group: &str, step: Step) -> Unit {
    Unit {
        record: record(group),
        epoch: Epoch(1),
        step,
        expires_at: None,
        names: Vec::new(),
        messages: Vec::new(),
    }
}

fn state(seed: u64) -> Bytes {
    let mut seed = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let octets = (0..STATE).map(|_| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed as u8
    });
    octets.collect()
}

/// CPU seconds of the server: all its processes, those that have ended too.
fn cpu(server: &Server) -> f64 {
    let file = std::fs::read_to_string(server.data().join("postmaster.pid")).expect("its pid");
    let postmaster: u32 = file.lines().next().and_then(|l| l.parse().ok()).expect("a number");
    let mut ticks = 0;
    for entry in std::fs::read_dir("/proc").expect("/proc").flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse::<u32>().ok()) else {
            continue;
        };
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        let Some((_, rest)) = stat.rsplit_once(") ") else { continue };
        let fields: Vec<u64> = rest.split(' ').map(|f| f.parse().unwrap_or(0)).collect();
        if pid == postmaster {
            ticks += fields[11] + fields[12] + fields[13] + fields[14];
        } else if fields[1] == u64::from(postmaster) {
            ticks += fields[11] + fields[12];
        }
    }
    ticks as f64 / 100.0
}

#[derive(Clone, Copy)]
enum Flow {
    /// The state is written: executed, with the reply in it.
    TwoWay,
    /// A message is put with the state, and removed with the next one: one call is both.
    OneWay,
}

async fn client(
    store: Arc<PostgresStore>,
    group: String,
    flow: Flow,
    stop: Arc<AtomicBool>,
    calls: Arc<AtomicU64>,
) -> Vec<Duration> {
    let mut times = Vec::new();
    let mut version = 1;
    let done = |outcome: waxwing_store::Outcome| assert!(outcome.is_done(), "{outcome:?}");
    while !stop.load(Ordering::Relaxed) {
        let begun = Instant::now();
        version += 1;
        let mut write = unit(&group, Step::Write(Version(version), state(version)));
        if let Flow::OneWay = flow {
            let message = StoredMessage {
                queue: Queue::Received,
                number: version,
                name: None,
                body: state(version + 7),
            };
            write.messages.push(MessageChange::Put(message));
            done(store.commit(write).await);
            version += 1;
            write = unit(&group, Step::Write(Version(version), state(version)));
            write.messages.push(MessageChange::Remove(Queue::Received, version - 1));
        }
        done(store.commit(write).await);
        times.push(begun.elapsed());
        calls.fetch_add(1, Ordering::Relaxed);
    }
    times
}

async fn measure(
    name: &str,
    server: &Server,
    clients: usize,
    nodes: usize,
    flow: Flow,
    scattered: usize,
) {
    let seconds = std::env::var("SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(3);
    let schema = schema();
    let mut stores = Vec::new();
    for node in 0..nodes {
        stores.push(open(settings(&server.address, &schema, &format!("n{node}"))).await);
    }
    let groups =
        (0..clients.max(scattered)).map(|n| format!("urn:uuid:00000000-0000-4000-8000-{n:012}"));
    let groups: Vec<_> = groups.collect();
    for chunk in groups.chunks(2000).enumerate() {
        let made = chunk.1.iter().enumerate().map(|(at, group)| {
            stores[(chunk.0 * 2000 + at) % nodes].commit(unit(group, Step::Create(state(1))))
        });
        for made in made.collect::<Vec<_>>() {
            assert!(made.await.is_done());
        }
    }
    let (stop, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let before = cpu(server);
    let begun = Instant::now();
    let tasks: Vec<_> = (0..clients)
        .map(|n| {
            let store = Arc::clone(&stores[n % nodes]);
            let (stop, calls) = (Arc::clone(&stop), Arc::clone(&calls));
            if scattered > 0 {
                let own: Vec<_> = groups.iter().skip(n).step_by(clients).cloned().collect();
                tokio::spawn(scatter(store, own, stop, calls))
            } else {
                tokio::spawn(client(store, groups[n].clone(), flow, stop, calls))
            }
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    stop.store(true, Ordering::Relaxed);
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.expect("a client"));
    }
    let (took, used) = (begun.elapsed().as_secs_f64(), cpu(server) - before);
    times.sort();
    let done = calls.load(Ordering::Relaxed) as f64;
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e3;
    println!(
        "{name:<44} {:>8.0} calls/s   p50 {:>6.2} ms   p99 {:>7.2} ms   PostgreSQL {:>5.0} µs CPU a call",
        done / took,
        at(0.5),
        at(0.99),
        used / done * 1e6
    );
}

/// Each call another session.
async fn scatter(
    store: Arc<PostgresStore>,
    groups: Vec<String>,
    stop: Arc<AtomicBool>,
    calls: Arc<AtomicU64>,
) -> Vec<Duration> {
    let mut times = Vec::new();
    for round in 2.. {
        for group in &groups {
            if stop.load(Ordering::Relaxed) {
                return times;
            }
            let begun = Instant::now();
            let outcome =
                store.commit(unit(group, Step::Write(Version(round), state(round)))).await;
            assert!(outcome.is_done(), "{outcome:?}");
            times.push(begun.elapsed());
            calls.fetch_add(1, Ordering::Relaxed);
        }
    }
    times
}

/// What a start costs, and what a session that is claimed.
async fn recovery(server: &Server, sessions: usize) {
    let schema = schema();
    let store = open(settings(&server.address, &schema, "n")).await;
    let groups: Vec<_> = (0..sessions).map(|n| format!("urn:session:{n}")).collect();
    for chunk in groups.chunks(2000) {
        let made = chunk.iter().map(|group| store.commit(unit(group, Step::Create(state(1)))));
        for made in made.collect::<Vec<_>>() {
            assert!(made.await.is_done());
        }
    }
    drop(store);
    let begun = Instant::now();
    let store = open(settings(&server.address, &schema, "n")).await;
    let opened = begun.elapsed();
    let first = store.claim(&Group::new(groups[sessions / 2].as_str())).await;
    assert!(matches!(first, Ok(waxwing_store::Claim::Mine(..))));
    let first = begun.elapsed();
    assert!(store.unfinished(None, 100).await.expect("it says").is_empty());
    let unfinished = begun.elapsed() - first;
    let (before, begun) = (cpu(server), Instant::now());
    let claims = sessions.min(5000);
    let tasks: Vec<_> = (0..16)
        .map(|n| {
            let (store, groups) = (Arc::clone(&store), groups[..claims].to_vec());
            tokio::spawn(async move {
                for group in groups.iter().skip(n).step_by(16) {
                    store.claim(&Group::new(group.as_str())).await.expect("it says");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("claims");
    }
    let (took, used) = (begun.elapsed().as_secs_f64(), cpu(server) - before);
    println!(
        "{sessions} sessions: open {opened:.2?}, first claim after {first:.2?}, unfinished work looked for in {unfinished:.2?}; \
         {:.0} claims/s, PostgreSQL {:.0} µs CPU a claim",
        claims as f64 / took,
        used / claims as f64 * 1e6
    );
}

#[tokio::main]
async fn main() {
    if missing() {
        return;
    }
    let server = Server::start();
    measure("two-way, 1 client", &server, 1, 1, Flow::TwoWay, 0).await;
    measure("two-way, 64 clients", &server, 64, 1, Flow::TwoWay, 0).await;
    measure("two-way, 64 clients, 2 nodes", &server, 64, 2, Flow::TwoWay, 0).await;
    measure("one-way (received, executed), 64 clients", &server, 64, 1, Flow::OneWay, 0).await;
    measure("two-way, 256 clients", &server, 256, 1, Flow::TwoWay, 0).await;
    measure("two-way, 64 clients, 20,000 sessions in turn", &server, 64, 1, Flow::TwoWay, 20_000)
        .await;
    recovery(&server, 100_000).await;
}
