//! Random routing, and what happens to nodes meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use waxwing::ClientChannel;

use crate::kit::{Kind, LedgerClient, until};
use crate::nodes::Nodes;

/// Calls from here to there; each gives the sum of all.
async fn calls(channel: &ClientChannel, entries: std::ops::RangeInclusive<i32>) {
    let client = LedgerClient::new(channel);
    for entry in entries {
        assert_eq!(client.add(entry).await.unwrap(), (1..=entry).sum::<i32>());
    }
}

#[tokio::test]
async fn whichever_node_a_message_comes_to_its_session_goes_on() {
    for kind in Kind::ALL {
        let nodes = Nodes::start(kind, 3).await;
        let channel = nodes.factory().open_channel().await.unwrap();
        calls(&channel, 1..=12).await;
        LedgerClient::new(&channel).note(0).await.unwrap();
        channel.close().await.unwrap();
        let entries: Vec<_> = nodes.effects.entries().into_iter().filter(|e| *e != 0).collect();
        assert_eq!(entries, (1..=12).collect::<Vec<_>>(), "{kind:?}");
        assert!(nodes.sum(|kept| kept.forwarded) > 3, "{kind:?}");
        assert_eq!(nodes.sum(|kept| kept.fenced + kept.lost), 0, "{kind:?}");
    }
}

#[tokio::test]
async fn what_a_killed_node_had_goes_on_at_another() {
    for kind in [Kind::Plain, Kind::Secure, Kind::Negotiated11] {
        let mut nodes = Nodes::start(kind, 3).await;
        let channel = nodes.factory().open_channel().await.unwrap();
        calls(&channel, 1..=3).await;
        for (round, last) in [(0, 6), (1, 9)] {
            let owners = nodes.owners();
            assert_eq!(owners.len(), 1, "{kind:?}: {owners:?}");
            nodes.kill(owners[0]);
            calls(&channel, last - 2..=last).await;
            let others = nodes.owners();
            assert!(!others.is_empty() && others != owners, "{kind:?} {round}");
            // It is there again, and has nothing.
            nodes.restart(owners[0]).await;
        }
        channel.close().await.unwrap();
        assert_eq!(nodes.effects.entries(), (1..=9).collect::<Vec<_>>(), "{kind:?}");
    }
}

/// The others hold a node for dead that lives: what it writes is fenced, and what it has executed in vain was not acknowledged.
#[tokio::test]
async fn a_node_that_was_held_for_dead_is_fenced() {
    for kind in [Kind::Plain11, Kind::Secure] {
        let nodes = Nodes::start(kind, 2).await;
        let channel = nodes.factory().open_channel().await.unwrap();
        calls(&channel, 1..=2).await;
        let owner = nodes.owners()[0];
        nodes.worlds[owner].store.kill();
        let client = LedgerClient::new(&channel);
        // What it gives for each entry depends on how often some were executed: not before, but at the zombie.
        for entry in 3..=10 {
            client.add(entry).await.unwrap();
        }
        channel.close().await.unwrap();
        let fenced = nodes.sum(|kept| kept.fenced);
        assert!(fenced > 0, "{kind:?}");
        // A delivery is told by its key: whoever writes that with the effect has it once.
        let keys = nodes.effects.keys();
        let mut once = keys.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>();
        once.dedup();
        assert_eq!(once.len(), 10, "{kind:?}: {keys:?}");
        let mut entries = nodes.effects.entries();
        entries.dedup();
        assert_eq!(entries, (1..=10).collect::<Vec<_>>(), "{kind:?}: in order");
    }
}

/// Nodes are drained one after the other while clients call: nothing is lost, nothing is executed twice.
#[tokio::test]
async fn nodes_are_drained_under_load() {
    for kind in [Kind::Plain, Kind::Secure11, Kind::Negotiated] {
        let mut nodes = Nodes::start(kind, 3).await;
        let stop = Arc::new(AtomicBool::new(false));
        let clients = (0..4).map(|client| {
            let (factory, stop) = (nodes.factory(), Arc::clone(&stop));
            tokio::spawn(async move {
                let channel = factory.open_channel().await.unwrap();
                let mut sent = 0;
                while !stop.load(Ordering::SeqCst) {
                    sent += 1;
                    let entry = client * 100_000 + sent;
                    LedgerClient::new(&channel).slow(entry, 5).await.unwrap();
                }
                channel.close().await.unwrap();
                sent
            })
        });
        let clients: Vec<_> = clients.collect();
        for node in 0..3 {
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert!(nodes.drain(node).await, "{kind:?}: {node} keeps something");
            nodes.reopen(node).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        stop.store(true, Ordering::SeqCst);
        for (client, ended) in clients.into_iter().enumerate() {
            let sent = ended.await.unwrap();
            let first = client as i32 * 100_000;
            let of_client = |entry: &i32| (first + 1..first + 100_000).contains(entry);
            let executed: Vec<_> = nodes.effects.entries().into_iter().filter(of_client).collect();
            let expected: Vec<_> = (first + 1..=first + sent).collect();
            assert_eq!(executed, expected, "{kind:?}: client {client}");
        }
        assert_eq!(nodes.sum(|kept| kept.fenced + kept.lost), 0, "{kind:?}");
    }
}

/// What does not run yet is waited for; what runs too long is not given back before the host is closed.
#[tokio::test]
async fn a_drained_node_waits_for_what_runs() {
    let mut nodes = Nodes::start(Kind::Secure, 2).await;
    let channel = nodes.factory().open_channel().await.unwrap();
    let client = LedgerClient::new(&channel);
    client.add(1).await.unwrap();
    let owner = nodes.owners()[0];
    let begun = nodes.effects.begun.load(Ordering::SeqCst);
    let slow = client.slow(2, 1500);
    let drained = async {
        let effects = nodes.effects.clone();
        until("it runs", || effects.begun.load(Ordering::SeqCst) > begun).await;
        nodes.drain(owner).await
    };
    let (sum, all) = tokio::join!(slow, drained);
    assert!(all);
    assert_eq!(sum.unwrap(), 3);
    assert_eq!(client.add(3).await.unwrap(), 6);
    channel.close().await.unwrap();
    assert_eq!(nodes.effects.entries(), [1, 2, 3], "each once");
}

/// A balancer that looks into messages finds the node of a session by the cookie in its token, so that nothing is handed from node to
/// node; and when that node is gone any other one will do.
#[tokio::test]
async fn a_balancer_may_go_by_the_cookie_of_a_session() {
    for kind in [Kind::Secure, Kind::Secure11, Kind::Negotiated11] {
        let mut nodes = Nodes::start_with(kind, 3, true).await;
        let channel = nodes.factory().open_channel().await.unwrap();
        let opened = nodes.sum(|kept| kept.forwarded);
        calls(&channel, 1..=8).await;
        assert_eq!(nodes.sum(|kept| kept.forwarded), opened, "{kind:?}");
        let owner = nodes.owners()[0];
        nodes.kill(owner);
        calls(&channel, 9..=12).await;
        channel.close().await.unwrap();
        assert_eq!(nodes.effects.entries(), (1..=12).collect::<Vec<_>>(), "{kind:?}");
    }
}
