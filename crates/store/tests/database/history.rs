//! Calls of many sessions over several nodes, recorded and checked: every call that was acknowledged is there once, in order.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use waxwing_store::postgres::PostgresStore;
use waxwing_store::{
    Claim, Epoch, Group, Kind, MessageChange, Name, Outcome, Queue, RecordId, Step, Store,
    StoredMessage, Unit, Version,
};

/// What was seen of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Invoke(u64),
    Ok(u64),
    Unknown(u64),
}

/// What was seen of all.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) ok: AtomicU64,
    pub(crate) unknown: AtomicU64,
    pub(crate) fenced: AtomicU64,
    pub(crate) stale: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) claims: AtomicU64,
}

impl std::fmt::Debug for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let n = |count: &AtomicU64| count.load(Ordering::Relaxed);
        write!(
            f,
            "{} calls acknowledged, {} unknown, {} fenced, {} stale, {} refused, {} claims",
            n(&self.ok),
            n(&self.unknown),
            n(&self.fenced),
            n(&self.stale),
            n(&self.refused),
            n(&self.claims)
        )
    }
}

/// What a node believes of a session.
#[derive(Clone)]
struct Believed {
    epoch: Epoch,
    version: Version,
    calls: Vec<u64>,
}

/// Numbers of a seed.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// One session: its calls go to the nodes at random, each until it is acknowledged.
struct Session {
    group: Group,
    nodes: Vec<Arc<PostgresStore>>,
    believed: HashMap<usize, Believed>,
    events: Vec<Event>,
    seen: Arc<Seen>,
    dice: Dice,
    /// Whether it was seen in the store.
    exists: bool,
}

fn octets(calls: &[u64]) -> Bytes {
    calls.iter().flat_map(|call| call.to_be_bytes()).collect()
}

fn calls(octets: &[u8]) -> Vec<u64> {
    octets.chunks(8).map(|c| u64::from_be_bytes(c.try_into().expect("eight octets"))).collect()
}

impl Session {
    fn record(&self) -> RecordId {
        RecordId { group: self.group.clone(), kind: Kind::Sequence, name: Name::new("") }
    }

    /// One attempt at one node. Whether the call is acknowledged.
    async fn attempt(&mut self, number: u64) -> bool {
        let at = self.dice.below(self.nodes.len() as u64) as usize;
        let node = Arc::clone(&self.nodes[at]);
        let Some(mut believed) = self.load(at, &node, number).await else { return false };
        let last = believed.calls.last().copied().unwrap_or(0);
        if last == number && self.seen_unknown(number) {
            // It was done though nobody said so.
            self.acknowledged(number);
            return true;
        }
        let (epoch, begins) = (believed.epoch, believed.version == Version(0));
        believed.calls.push(number);
        believed.version = believed.version.next();
        let state = octets(&believed.calls);
        let step = if begins { Step::Create(state) } else { Step::Write(believed.version, state) };
        let message =
            StoredMessage { queue: Queue::Received, number, name: None, body: octets(&[number]) };
        let messages = vec![
            MessageChange::Put(message),
            MessageChange::Remove(Queue::Received, number.saturating_sub(1)),
        ];
        let unit = Unit {
            record: self.record(),
            epoch,
            step,
            expires_at: None,
            names: Vec::new(),
            messages,
        };
        let outcome = node.commit(unit).await;
        let count = match outcome {
            Outcome::Done => {
                // What a node believed was the truth: it may not have written over a later one.
                assert_eq!(last + 1, number, "{} lost a call", self.group);
                self.believed.insert(at, believed);
                self.exists = true;
                self.acknowledged(number);
                return true;
            }
            Outcome::Unknown(_) => {
                self.events.push(Event::Unknown(number));
                &self.seen.unknown
            }
            Outcome::Fenced => &self.seen.fenced,
            Outcome::Stale => &self.seen.stale,
            Outcome::Refused(_) => {
                tokio::time::sleep(Duration::from_millis(10)).await;
                &self.seen.refused
            }
            Outcome::Exists(_) => panic!("nothing has a name"),
        };
        count.fetch_add(1, Ordering::Relaxed);
        self.believed.remove(&at);
        false
    }

    fn seen_unknown(&self, number: u64) -> bool {
        self.events
            .iter()
            .rev()
            .take_while(|e| **e != Event::Invoke(number))
            .any(|e| *e == Event::Unknown(number))
    }

    fn acknowledged(&mut self, number: u64) {
        self.events.push(Event::Ok(number));
        self.seen.ok.fetch_add(1, Ordering::Relaxed);
    }

    /// What a node believes, which may be old; else what it finds.
    async fn load(&mut self, at: usize, node: &PostgresStore, number: u64) -> Option<Believed> {
        if let Some(believed) = self.believed.get(&at) {
            return Some(believed.clone());
        }
        self.seen.claims.fetch_add(1, Ordering::Relaxed);
        let found = match node.claim(&self.group).await {
            Ok(Claim::Mine(epoch, records)) => {
                self.exists = true;
                let [record] = &records[..] else { panic!("{records:?}") };
                let calls = calls(&record.state);
                let last = calls.last().copied().unwrap_or(0);
                // Nothing that was acknowledged is missing, and nothing is there that nobody sent.
                assert!(
                    last + 1 == number || last == number,
                    "{}: {last} before {number}",
                    self.group
                );
                let waiting: Vec<_> = record.messages.iter().map(|m| m.number).collect();
                assert_eq!(waiting, [last], "messages go with the state");
                Believed { epoch, version: record.version, calls }
            }
            Ok(Claim::Unknown) => {
                assert!(!self.exists, "{} is lost", self.group);
                Believed { epoch: Epoch(1), version: Version(0), calls: Vec::new() }
            }
            Ok(Claim::Others(_)) => return None,
            Err(_) => {
                tokio::time::sleep(Duration::from_millis(10)).await;
                return None;
            }
        };
        if found.version != Version(0) {
            self.believed.insert(at, found.clone());
        }
        Some(found)
    }

    async fn run(mut self, stop: Arc<AtomicBool>) -> Self {
        let mut number = 0;
        while !stop.load(Ordering::Relaxed) {
            number += 1;
            self.events.push(Event::Invoke(number));
            while !self.attempt(number).await {
                if stop.load(Ordering::Relaxed) {
                    return self;
                }
            }
        }
        self
    }

    /// The history, and what is there in the end.
    async fn check(&self, node: &PostgresStore) {
        let ok: Vec<_> = self
            .events
            .iter()
            .filter_map(|e| match e {
                Event::Ok(number) => Some(*number),
                _ => None,
            })
            .collect();
        let last = ok.len() as u64;
        assert!(ok.iter().copied().eq(1..=last), "{}: {ok:?}", self.group);
        let found = match claimed(node, &self.group).await {
            Claim::Mine(_, records) => calls(&records[0].state),
            Claim::Unknown => Vec::new(),
            Claim::Others(address) => panic!("{address:?} lives"),
        };
        let there = found.len() as u64;
        assert!(found.iter().copied().eq(1..=there), "{}: {found:?}", self.group);
        // One that was not acknowledged may be there: the last one.
        assert!(there == last || there == last + 1, "{}: {there} of {last}", self.group);
    }
}

/// Once the server is back: one whose process was killed begins again in the middle of a check, too.
async fn claimed(node: &PostgresStore, group: &Group) -> Claim {
    let asked = async {
        loop {
            match node.claim(group).await {
                Ok(claim) => return claim,
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), asked).await.expect("the store says")
}

/// Lets sessions call until the test is over, and checks them with a node that can claim all.
pub(crate) async fn under_load(
    nodes: &[Arc<PostgresStore>],
    sessions: usize,
    seed: u64,
    test: impl AsyncFnOnce(&Seen),
) -> Arc<Seen> {
    let (seen, stop) = (Arc::new(Seen::default()), Arc::new(AtomicBool::new(false)));
    let tasks: Vec<_> = (0..sessions)
        .map(|n| {
            let session = Session {
                group: Group::new(format!("urn:session:{n}")),
                nodes: nodes.to_vec(),
                believed: HashMap::new(),
                events: Vec::new(),
                seen: Arc::clone(&seen),
                dice: Dice(seed + n as u64),
                exists: false,
            };
            tokio::spawn(session.run(Arc::clone(&stop)))
        })
        .collect();
    test(&seen).await;
    stop.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.expect("a session").check(&nodes[0]).await;
    }
    eprintln!("{seen:?}");
    seen
}
