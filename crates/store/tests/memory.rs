//! The store in memory does what a store does, and goes wrong as it is told.

#[macro_use]
mod conformance;

use std::sync::Arc;
use std::time::Duration;

use conformance::{World, create, keep, outbox, write};
use waxwing_store::{Claim, Epoch, Fault, FaultRates, MemoryStore, Outcome, Store, StoreError};

/// One store in memory.
struct Memory(MemoryStore);

impl World for Memory {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.0.clone())
    }

    async fn restart(&mut self) {
        self.0 = self.0.restarted();
    }

    async fn other(&self) -> Option<Arc<dyn Store>> {
        Some(Arc::new(self.0.another_node("localhost:2")))
    }

    async fn kill(&mut self) {
        self.0.kill();
    }

    fn address(&self) -> String {
        "localhost:1".into()
    }
}

async fn world(quota: Option<(u64, u64)>) -> Memory {
    let store = MemoryStore::default();
    Memory(match quota {
        Some((records, octets)) => store.with_quota(records, octets),
        None => store,
    })
}

conformance!(world);

#[tokio::test]
async fn a_script_is_worked_off() {
    let store = MemoryStore::default();
    store.script([Fault::Refused, Fault::UnknownNotDone, Fault::UnknownDone]);
    assert!(matches!(store.commit(create("g", b"1")).await, Outcome::Refused(_)));
    assert!(matches!(store.commit(create("g", b"1")).await, Outcome::Unknown(_)));
    assert!(matches!(store.claim(&"g".into_group()).await, Ok(Claim::Unknown)));
    assert!(matches!(store.commit(create("g", b"1")).await, Outcome::Unknown(_)));
    let Ok(Claim::Mine(epoch, records)) = store.claim(&"g".into_group()).await else { panic!() };
    assert_eq!((epoch, &records[0].state[..]), (Epoch(2), &b"1"[..]));
    assert!(store.commit(write("g", 2, 2, b"2")).await.is_done());
}

#[tokio::test]
async fn a_store_that_is_down_says_nothing_of_what_it_holds() {
    let store = MemoryStore::default();
    assert!(store.commit(create("g", b"1")).await.is_done());
    store.go_down();
    assert!(store.health().trouble.is_some());
    assert!(matches!(store.claim(&"g".into_group()).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.commit(write("g", 1, 2, b"2")).await, Outcome::Refused(_)));
    store.heal();
    assert!(store.health().trouble.is_none());
    assert!(store.commit(write("g", 1, 2, b"2")).await.is_done());
}

#[tokio::test(start_paused = true)]
async fn late_answers_come_in_order() {
    let store = MemoryStore::default();
    store.script([Fault::Late(Duration::from_secs(5)), Fault::Late(Duration::from_secs(1))]);
    let begin = tokio::time::Instant::now();
    let (first, second) = (store.commit(create("g", b"1")), store.commit(keep("g", 1)));
    assert!(second.await.is_done());
    assert_eq!(begin.elapsed(), Duration::from_secs(5));
    assert!(first.await.is_done());
    assert_eq!(begin.elapsed(), Duration::from_secs(5));
}

#[tokio::test]
async fn what_is_held_is_committed_step_by_step_and_after_a_claim_it_is_fenced() {
    let store = MemoryStore::default();
    assert!(store.commit(create("g", b"1")).await.is_done());
    store.hold();
    let (second, third) =
        (store.commit(write("g", 1, 2, b"2")), store.commit(write("g", 1, 3, b"3")));
    assert_eq!((store.waiting(), store.proceed(1)), (2, 1));
    assert!(second.await.is_done());
    let next = store.restarted();
    let Ok(Claim::Mine(Epoch(2), records)) = next.claim(&"g".into_group()).await else { panic!() };
    assert_eq!(&records[0].state[..], b"2");
    store.let_go();
    assert!(matches!(third.await, Outcome::Fenced));
    assert_eq!(next.health().committed.2, 1);
}

/// The same seed is the same run, and every fault that has a rate comes.
#[tokio::test(start_paused = true)]
async fn faults_of_a_seed() {
    let rates = FaultRates {
        late: 100,
        latest: Duration::from_millis(50),
        refused: 100,
        unknown_done: 100,
        unknown_not_done: 100,
        down: 20,
        down_for: 10,
    };
    let run = async |seed| {
        let store = MemoryStore::default();
        store.faults_of_seed(seed, rates);
        let mut seen = String::new();
        for number in 0..400 {
            let group = format!("g{number}");
            seen.push(match store.commit(outbox(&group)).await {
                Outcome::Done => 'd',
                Outcome::Refused(_) => 'r',
                Outcome::Unknown(_) => 'u',
                other => panic!("{other:?}"),
            });
        }
        store.heal();
        (seen, store.health().records)
    };
    let (seen, records) = run(7).await;
    assert_eq!((seen.clone(), records), run(7).await);
    assert_ne!(seen, run(8).await.0);
    let count = |outcome| seen.chars().filter(|seen| *seen == outcome).count() as u64;
    assert!(records > count('d') && records < count('d') + count('u'), "{seen} {records}");
    assert!(seen.contains("rrr"), "it was never down: {seen}");
}

trait IntoGroup {
    fn into_group(self) -> waxwing_store::Group;
}

impl IntoGroup for &str {
    fn into_group(self) -> waxwing_store::Group {
        waxwing_store::Group::new(self)
    }
}
