//! An outbox against a durable service: the processes of both are killed at random, each with a store of its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use waxwing::outbox::Outbox;
use waxwing_store::MemoryStore;

use crate::kit::{Kind, LedgerCalls, LedgerReplies, TapeCalls, World, until};

/// Numbers that are the same in each run (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}

async fn open(world: &World, store: &MemoryStore) -> Outbox {
    let outbox = world.factory().durable(Arc::new(store.clone()), "entries");
    outbox.pauses(Duration::from_millis(20), Duration::from_millis(150)).open().await.unwrap()
}

/// Kills one of the two, or both, and starts them again.
async fn kill(
    world: &mut World,
    outbox: Outbox,
    store: &mut MemoryStore,
    dice: &mut Dice,
) -> Outbox {
    tokio::time::sleep(Duration::from_millis(dice.below(25))).await;
    let (client, service) = [(true, false), (false, true), (true, true)][dice.below(3) as usize];
    let outbox = Some(outbox).filter(|_| !client);
    if client {
        *store = store.restarted();
    }
    if service {
        world.kill();
        tokio::time::sleep(Duration::from_millis(dice.below(30))).await;
    }
    let outbox = match outbox {
        Some(outbox) => outbox,
        None => open(world, store).await,
    };
    if service {
        world.start().await;
    }
    outbox
}

/// What was executed, each delivery once, in the order in which it was begun first.
///
/// An operation without a transaction is executed again when its process dies between its end and its commit: by the key of the
/// delivery it is known.
fn executed(world: &World, begun: &[i32]) -> Vec<i32> {
    let keys = world.effects.keys();
    assert_eq!(keys.len(), begun.len(), "nothing is killed between its beginning and its end");
    let mut by_key = BTreeMap::new();
    let mut entries = Vec::new();
    for ((key, _), entry) in keys.into_iter().zip(begun) {
        match by_key.insert(key.clone(), *entry) {
            None => entries.push(*entry),
            Some(before) => assert_eq!(before, *entry, "{key} is one message"),
        }
    }
    entries
}

#[tokio::test]
async fn both_ends_are_killed_at_random_and_each_call_is_delivered_once_in_order() {
    for (seed, kind) in
        [(1, Kind::Plain), (2, Kind::Plain11), (3, Kind::Secure), (4, Kind::Negotiated11)]
    {
        let (mut world, mut store) = (World::ledger(kind).await, MemoryStore::default());
        let mut dice = Dice(seed);
        let mut outbox = open(&world, &store).await;
        let mut entry = 0;
        for _ in 0..8 {
            for _ in 0..dice.below(5) {
                entry += 1;
                let calls = LedgerCalls::new(&outbox);
                let key = format!("entry {entry}");
                match entry % 3 {
                    0 => drop(outbox.enqueue(&key, calls.note(entry)).await.unwrap()),
                    _ => drop(outbox.enqueue(&key, calls.add(entry)).await.unwrap()),
                }
            }
            outbox = kill(&mut world, outbox, &mut store, &mut dice).await;
        }
        for entry in 1..=entry {
            let key = format!("entry {entry}");
            let result = outbox.result(&key);
            let result = tokio::time::timeout(Duration::from_secs(60), result).await;
            let answer =
                result.unwrap_or_else(|_| panic!("{kind:?}: {:?}", outbox.status())).unwrap();
            if entry % 3 != 0 {
                assert!(LedgerReplies::add(&answer).is_ok(), "{kind:?}: {entry}");
            }
        }
        until("the last one has run", || world.effects.entries().contains(&entry)).await;
        let all: Vec<_> = (1..=entry).collect();
        assert_eq!(executed(&world, &world.effects.entries()), all, "{kind:?}");
        let status = outbox.status();
        assert_eq!((status.in_doubt, status.queued, status.in_flight), (0, 0, 0), "{kind:?}");
        outbox.close().await;
    }
}

#[tokio::test]
async fn calls_without_an_answer_are_delivered_once_in_order_while_both_ends_are_killed() {
    for (seed, kind) in [(5, Kind::Plain), (6, Kind::Secure11)] {
        let (mut world, mut store) = (World::tape(kind).await, MemoryStore::default());
        let mut dice = Dice(seed);
        let mut outbox = open(&world, &store).await;
        let mut entry = 0;
        for _ in 0..8 {
            for _ in 0..dice.below(6) {
                entry += 1;
                let call = TapeCalls::new(&outbox).put(entry);
                outbox.enqueue(&format!("entry {entry}"), call).await.unwrap();
            }
            outbox = kill(&mut world, outbox, &mut store, &mut dice).await;
        }
        for entry in 1..=entry {
            let key = format!("entry {entry}");
            let result = outbox.result(&key);
            let result = tokio::time::timeout(Duration::from_secs(60), result).await;
            result.unwrap_or_else(|_| panic!("{kind:?}: {:?}", outbox.status())).unwrap();
        }
        until("the last one has run", || world.effects.entries().contains(&entry)).await;
        let all: Vec<_> = (1..=entry).collect();
        assert_eq!(executed(&world, &world.effects.entries()), all, "{kind:?}");
        outbox.close().await;
    }
}
