//! What a client meets while the store is down at each step of its session: 503 and nothing else, until it is back. Nothing is
//! acknowledged that is not kept, nothing is executed twice while the process lives.

use std::time::Duration;

use waxwing::ClientChannel;
use waxwing::binding::{SecurityMode, ServiceBehavior, WsHttpBinding};
use waxwing::store::{FaultRates, MemoryStore};
use waxwing::{ServiceHostBuilder, ServiceInstances};

use crate::kit::{
    Effects, Kind, LEDGER_CONTRACT, LedgerClient, LedgerService, TapeClient, World, until,
};

/// How long it is down: more than one repetition of a client.
const OUTAGE: Duration = Duration::from_millis(1200);

/// Something that is done while the store is down, and ends when it is back.
async fn in_an_outage<T: Send + 'static>(
    world: &World,
    what: impl Future<Output = T> + Send + 'static,
) -> T {
    world.store.go_down();
    let done = tokio::spawn(what);
    tokio::time::sleep(OUTAGE).await;
    world.store.heal();
    let done = tokio::time::timeout(Duration::from_secs(25), done).await;
    done.expect("back within 25 s").unwrap()
}

async fn open(world: &World) -> ClientChannel {
    world.factory().open_channel().await.unwrap()
}

#[tokio::test]
async fn calls_are_late_and_executed_once() {
    for kind in Kind::ALL {
        let world = World::ledger(kind).await;
        let channel = open(&world).await;
        let client = LedgerClient::new(channel.clone());
        assert_eq!(client.add(1).await.unwrap(), 1);
        let caller = LedgerClient::new(channel.clone());
        let sum = in_an_outage(&world, async move { caller.add(2).await }).await;
        assert_eq!(sum.unwrap(), 3, "{kind:?}");
        let caller = LedgerClient::new(channel.clone());
        in_an_outage(&world, async move { caller.note(3).await }).await.unwrap();
        assert_eq!(client.add(4).await.unwrap(), 10, "{kind:?}");
        assert_eq!(world.effects.entries(), [1, 2, 3, 4], "{kind:?}: each once, in order");
        let kept = world.host().statistics().kept;
        assert!(kept.lost > 0 && kept.refused > 0 && kept.repeated > 0, "{kind:?}: {kept:?}");
        in_an_outage(&world, async move { channel.close().await }).await.unwrap();
    }
}

#[tokio::test]
async fn one_way_sessions_are_late_and_executed_once() {
    for kind in [Kind::Plain, Kind::Plain11, Kind::Secure, Kind::Negotiated11] {
        let world = World::tape(kind).await;
        let channel = open(&world).await;
        let client = TapeClient::new(channel.clone());
        client.put(1).await.unwrap();
        until("it was executed", || world.effects.entries() == [1]).await;
        let caller = TapeClient::new(channel.clone());
        in_an_outage(&world, async move {
            for entry in 2..=6 {
                caller.put(entry).await.unwrap();
            }
        })
        .await;
        client.put(7).await.unwrap();
        channel.close().await.unwrap();
        until("all were executed", || world.effects.entries().len() >= 7).await;
        assert_eq!(world.effects.entries(), [1, 2, 3, 4, 5, 6, 7], "{kind:?}");
    }
}

/// A security session and a sequence are there when they are kept: a client that opens meanwhile is told to come again, which it
/// does after 10 s.
#[tokio::test]
async fn opening_waits_for_the_store() {
    let opens = async |kind: Kind| {
        let world = World::ledger(kind).await;
        let factory = world.factory();
        let channel = in_an_outage(&world, async move { factory.open_channel().await }).await;
        let channel = channel.unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        assert_eq!(LedgerClient::new(&channel).add(1).await.unwrap(), 1, "{kind:?}");
        channel.close().await.unwrap();
    };
    tokio::join!(
        opens(Kind::Plain),
        opens(Kind::Plain11),
        opens(Kind::Secure),
        opens(Kind::Negotiated11)
    );
}

/// Commits are refused, late, done or not done without a word, as a seed has it; the process lives.
#[tokio::test]
async fn whatever_becomes_of_commits_calls_are_executed_once_in_order() {
    for (seed, kind) in (1..).zip([Kind::Plain, Kind::Secure11, Kind::Plain11, Kind::Secure]) {
        let world = World::ledger(kind).await;
        let channel = open(&world).await;
        let client = LedgerClient::new(channel.clone());
        let mut rates = FaultRates::default();
        (rates.refused, rates.unknown_done, rates.unknown_not_done) = (100, 100, 100);
        world.store.faults_of_seed(seed, rates);
        let mut sum = 0;
        for entry in 1..=25 {
            sum += entry;
            assert_eq!(client.add(entry).await.unwrap(), sum, "seed {seed}, {kind:?}");
        }
        world.store.heal();
        assert_eq!(world.effects.entries(), (1..=25).collect::<Vec<_>>(), "seed {seed}");
        assert!(world.host().statistics().kept.lost > 0, "something went wrong, as it should");
        channel.close().await.unwrap();
    }
}

/// Nobody sends again what was acknowledged, so it is executed however long the store was away.
#[tokio::test]
async fn what_was_acknowledged_is_executed_after_a_long_outage() {
    let world = World::tape(Kind::Plain).await;
    let channel = open(&world).await;
    let client = TapeClient::new(channel.clone());
    for entry in 1..=4 {
        client.slow_put(entry, 500).await.unwrap();
    }
    until("the first one runs", || !world.effects.keys().is_empty()).await;
    world.store.go_down();
    tokio::time::sleep(Duration::from_secs(9)).await;
    world.store.heal();
    for _ in 0..250 {
        if world.effects.entries().contains(&4) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mut entries = world.effects.entries();
    entries.sort_unstable();
    entries.dedup();
    assert_eq!(entries, [1, 2, 3, 4]);
}

/// A closing host lets sessions go: what runs is carried through, and the session goes on when it opens again.
#[tokio::test]
async fn a_host_that_closes_lets_its_sessions_go() {
    for kind in [Kind::Plain, Kind::Negotiated11] {
        let mut world = World::ledger(kind).await;
        let channel = open(&world).await;
        let client = LedgerClient::new(channel.clone());
        client.add(1).await.unwrap();
        let caller = LedgerClient::new(channel.clone());
        let slow = tokio::spawn(async move { caller.slow(2, 500).await });
        until("it runs", || world.effects.keys().len() == 2).await;
        assert!(world.host.take().unwrap().close().await, "{kind:?}: all has ended");
        assert_eq!(world.effects.entries(), [1, 2], "it was carried through");
        world.restart().await;
        assert_eq!(slow.await.unwrap().unwrap(), 3);
        assert_eq!(client.add(3).await.unwrap(), 6);
        assert_eq!(world.effects.entries(), [1, 2, 3], "{kind:?}");
        channel.close().await.unwrap();
    }
}

const UNKNOWN: &str = r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing"><s:Header>
<r:Sequence s:mustUnderstand="1" xmlns:r="http://schemas.xmlsoap.org/ws/2005/02/rm"><r:Identifier>urn:uuid:1</r:Identifier><r:MessageNumber>1</r:MessageNumber></r:Sequence>
<a:Action s:mustUnderstand="1">urn:ledger/ILedger/Add</a:Action><a:MessageID>urn:uuid:2</a:MessageID></s:Header><s:Body><Add xmlns="urn:ledger"><entry>1</entry></Add></s:Body></s:Envelope>"#;

/// The status and the body of the answer.
async fn post(address: std::net::SocketAddr) -> (String, String) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /ledger HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/soap+xml; charset=utf-8\r\n\
         Content-Length: {}\r\n\r\n",
        UNKNOWN.len()
    );
    stream.write_all((head + UNKNOWN).as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

/// As a stranger sees it: an identifier that nobody can look up is no reason for a fault.
#[tokio::test]
async fn what_nobody_can_look_up_is_answered_503_with_nothing() {
    let store = MemoryStore::default();
    let effects = Effects::default();
    let host = ServiceHostBuilder::new()
        .endpoint(
            WsHttpBinding::new(SecurityMode::None, true),
            "http://127.0.0.1:0/ledger",
            &LEDGER_CONTRACT,
            ServiceBehavior::default(),
        )
        .unwrap()
        .store(store.clone())
        .open(ServiceInstances::single(LedgerService::new(effects)))
        .await
        .unwrap();
    let address = host.local_addresses()[0];
    store.go_down();
    let (status, body) = post(address).await;
    assert!(status.contains("503") && body.is_empty(), "{status}: {body}");
    store.heal();
    let (status, body) = post(address).await;
    assert!(status.contains("500") && body.contains("UnknownSequence"), "{status}: {body}");
    assert!(host.close().await);
}
