//! Several stores as one do what a store does; names are unique in each.

#[macro_use]
#[allow(unused_imports)]
mod conformance;

use std::sync::Arc;

use conformance::{Change, World, create, done, group, name};
use waxwing_store::{MemoryStore, NameChange, ShardedStore, Store, StoreError};

/// Three stores in memory.
struct Shards(Vec<MemoryStore>);

/// `2:…` is of the shard 2.
fn shard_of(text: &str) -> Option<u16> {
    text.split_once(':')?.0.parse().ok()
}

impl World for Shards {
    fn store(&self) -> Arc<dyn Store> {
        let shards = self.0.iter().map(|shard| Arc::new(shard.clone()) as Arc<dyn Store>);
        Arc::new(ShardedStore::new(shards.collect(), shard_of).expect("three are enough"))
    }

    async fn restart(&mut self) {
        self.0 = self.0.iter().map(MemoryStore::restarted).collect();
    }

    async fn other(&self) -> Option<Arc<dyn Store>> {
        let others = self.0.iter().map(|shard| shard.another_node("localhost:2"));
        Some(Shards(others.collect()).store())
    }

    async fn kill(&mut self) {
        self.0.iter_mut().for_each(|shard| shard.kill());
    }

    fn address(&self) -> String {
        "localhost:1".into()
    }
}

async fn world(_: Option<(u64, u64)>) -> Shards {
    Shards((0..3).map(|_| MemoryStore::default()).collect())
}

conformance!(@tests world, conformance::never, None, [
    begins_writes_and_is_loaded_again, follows_versions, fences_those_before, removes, groups_have_their_context_first,
    names_find_groups, messages_by_number, messages_by_name, an_outbox_is_loaded_without_results, restarts,
    unfinished_work_is_found, in_pages, expires, what_is_acknowledged_does_not_expire, the_living_keep_their_groups,
    what_is_released_is_taken, order_of_a_group, a_closed_store_takes_nothing, lists_records,
]);

#[tokio::test]
async fn a_group_is_where_its_identifier_says() {
    let shards = world(None).await;
    let store = shards.store();
    for at in 0..3 {
        let text = format!("{at}:group");
        done(&*store, create(&text, b"1").name(NameChange::Add(name(&format!("of {at}"))))).await;
        for (other, shard) in shards.0.iter().enumerate() {
            let there = shard.find(&name(&format!("of {at}"))).await.unwrap();
            assert_eq!(there, (other == at).then(|| group(&text)));
        }
        assert_eq!(store.find(&name(&format!("of {at}"))).await.unwrap(), Some(group(&text)));
    }
    // What a stranger says is looked for all the same.
    done(&*store, create("9:group", b"1").name(NameChange::Add(name("7:name")))).await;
    assert_eq!(store.find(&name("7:name")).await.unwrap(), Some(group("9:group")));
}

#[tokio::test]
async fn one_that_is_down_concerns_its_groups_only() {
    let shards = world(None).await;
    let store = shards.store();
    for at in 0..3 {
        done(&*store, create(&format!("{at}:group"), b"1")).await;
    }
    shards.0[1].go_down();
    assert!(store.health().trouble.is_none());
    assert!(matches!(store.claim(&group("1:group")).await, Err(StoreError::Unavailable(_))));
    for at in [0, 2] {
        conformance::mine(&*store, &format!("{at}:group")).await;
    }
    // It may be there.
    store.find(&name("nobody knows")).await.unwrap_err();
    shards.0[0].go_down();
    shards.0[2].go_down();
    assert!(store.health().trouble.is_some());
    assert_eq!(MemoryStore::default().shard_count().get(), 1);
    let shards = (0..3).map(|_| Arc::new(MemoryStore::default()) as Arc<dyn Store>).collect();
    assert_eq!(ShardedStore::new(shards, shard_of).expect("three").shard_count().get(), 3);
    assert!(ShardedStore::new(Vec::new(), shard_of).is_err());
}
