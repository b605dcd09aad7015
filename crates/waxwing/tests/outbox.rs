//! An outbox against services over loopback: its process dies without a word at each step, the service goes and comes, forgets, or
//! refuses.

#![allow(clippy::disallowed_methods)]

mod common;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use common::{
    Binding, CALCULATOR_CONTRACT, CalculatorCalls, CalculatorClient, CalculatorReplies,
    CalculatorService, Counting, client_config, service_config, stores,
};
use waxwing::contract::{Call, MessageFormat, RawBody};
use waxwing::outbox::{CallState, Decision, Outbox, OutboxBuilder, OutboxError};
use waxwing::soap::Envelope;
use waxwing::{ChannelFactory, ServiceHost, ServiceHostBuilder, ServiceInstances};
use waxwing_store::{Fault, Group, Kind, MemoryStore, Name, Queue, RecordId, Store as _};

const ADD: &str = "http://Microsoft.ServiceModel.Samples/ICalculator/Add";

struct World {
    binding: Binding,
    folders: [tempfile::TempDir; 2],
    service: Counting,
    host: Option<ServiceHost>,
    port: u16,
    store: MemoryStore,
}

impl World {
    async fn new(binding: Binding) -> Self {
        let folders = [stores("service", "ca", &["alice"]), stores("alice", "ca", &["service"])];
        let mut world = Self {
            binding,
            folders,
            service: Counting::default(),
            host: None,
            port: 0,
            store: MemoryStore::default(),
        };
        world.start().await;
        world
    }

    /// Starts the service, where it was before.
    async fn start(&mut self) {
        let folder = self.folders[0].path();
        let config = service_config(&self.binding, folder);
        let builder =
            ServiceHostBuilder::from_config(&config, "CalculatorService", &CALCULATOR_CONTRACT)
                .unwrap();
        let builder = match self.port {
            0 => builder,
            port => builder.base_address(&format!("http://127.0.0.1:{port}")).unwrap(),
        };
        let service = CalculatorService::new(self.service.clone());
        let host = builder.open(ServiceInstances::single(service)).await.unwrap();
        self.port = host.local_addresses()[0].port();
        self.host = Some(host);
    }

    /// The service is gone, with all that it knew.
    async fn stop(&mut self) {
        if let Some(host) = self.host.take() {
            drop(host);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn factory(&self) -> ChannelFactory {
        let address = format!("http://127.0.0.1:{}/calc", self.port);
        let config =
            client_config(&self.binding, self.folders[1].path(), &address, "alice", "localhost");
        ChannelFactory::from_config(&config, "calc", &CALCULATOR_CONTRACT).unwrap()
    }

    fn builder(&self) -> OutboxBuilder {
        self.factory()
            .durable(Arc::new(self.store.clone()), "sums")
            .pauses(Duration::from_millis(50), Duration::from_millis(400))
    }

    async fn open(&self) -> Outbox {
        self.builder().open().await.unwrap()
    }

    /// The program of the client is killed and started again.
    fn restart(&mut self) {
        self.store = self.store.restarted();
    }

    /// The keys of calls among the dead letters.
    async fn dead_letters(&self) -> Vec<String> {
        let group = Group::new("outbox:sums");
        let record = RecordId { group, kind: Kind::Outbox, name: Name::new("") };
        let letters = self.store.messages(&record, Queue::DeadLetters, 0, 10).await.unwrap();
        letters.into_iter().map(|m| m.name.expect("a key").as_str().to_owned()).collect()
    }

    fn executed(&self) -> u64 {
        self.service.executed.load(Ordering::SeqCst)
    }
}

fn sum(format: MessageFormat, n1: u32, n2: u32) -> Call<Envelope> {
    let body = format!(
        "<Add xmlns=\"http://Microsoft.ServiceModel.Samples\"><n1>{n1}</n1><n2>{n2}</n2></Add>"
    );
    let mut envelope = Envelope::new(format.version());
    let parent = envelope.body().id();
    let payload = RawBody::parse(body.as_bytes()).unwrap();
    envelope.document_mut().import(parent, payload.payload().unwrap());
    Call::raw(ADD, envelope)
}

async fn within<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), what).await.expect("it ends in time")
}

fn text(envelope: &Envelope) -> String {
    let result = envelope.payload().and_then(|payload| payload.first_element());
    result.expect("a result").text().trim().to_owned()
}

#[tokio::test]
async fn a_call_is_kept_delivered_and_its_result_is_there_until_it_is_taken() {
    for binding in [Binding::none(), Binding::certificate(true)] {
        let mut world = World::new(binding).await;
        let outbox = world.open().await;
        let queued = outbox.enqueue("one", sum(outbox.format(), 1, 2)).await.unwrap();
        assert!(queued.before().is_none());
        assert_eq!(text(&within(queued.result()).await.unwrap()), "3");
        let again = outbox.enqueue("one", sum(outbox.format(), 1, 2)).await.unwrap();
        assert!(matches!(again.before(), Some(CallState::Answered { is_fault: false, .. })));
        let other = outbox.enqueue("one", sum(outbox.format(), 1, 3)).await.unwrap_err();
        assert!(matches!(other, OutboxError::OtherCall { .. }), "{other}");
        // Over a generated client: with the key of a call that is answered already, and with another one.
        let client = CalculatorClient::new(outbox.keyed("two"));
        assert_eq!(within(client.multiply(6.0, 7.0)).await.unwrap(), 42.0);
        assert_eq!(within(client.multiply(6.0, 7.0)).await.unwrap(), 42.0);
        let client = CalculatorClient::new(outbox.keyed("three"));
        let fault = within(client.divide(1.0, 0.0)).await.unwrap_err().to_string();
        assert!(fault.contains("Division by zero"), "{fault}");
        let calls = CalculatorCalls::new(&outbox);
        let typed = outbox.enqueue("four", calls.subtract(9.0, 4.0)).await.unwrap();
        assert_eq!(within(typed.result()).await.unwrap(), 5.0);
        assert_eq!(world.executed(), 4);
        drop((outbox, client, queued, again));
        world.restart();
        let outbox = world.open().await;
        let answer = within(outbox.result("one")).await.unwrap();
        assert_eq!(text(answer.envelope().unwrap()), "3");
        let fault = within(outbox.result("three")).await.unwrap();
        assert!(fault.fault().is_some() && CalculatorReplies::divide(&fault).is_err());
        let answer = within(outbox.result("four")).await.unwrap();
        assert_eq!(CalculatorReplies::subtract(&answer).unwrap(), 5.0);
        outbox.take("one").await.unwrap();
        outbox.take("one").await.unwrap();
        let gone = outbox.result("one").await.unwrap_err();
        assert!(matches!(gone, OutboxError::NoResult { .. }), "{gone}");
        assert_eq!(outbox.list(0, 10).await.len(), 4);
        assert_eq!(outbox.status().answered, 3);
        outbox.close().await;
        assert_eq!(world.executed(), 4);
        world.host.take().unwrap().close().await;
    }
}

#[tokio::test]
async fn a_program_that_dies_at_any_step_delivers_once_and_in_order() {
    let mut world = World::new(Binding::certificate(true)).await;
    for round in 0..8_u32 {
        let outbox = world.open().await;
        for n in 0..3 {
            let call = sum(outbox.format(), round, n);
            outbox.enqueue(&format!("{round}/{n}"), call).await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(u64::from(round) * 15)).await;
        // Without a word: nothing is closed, nothing is waited for.
        drop(outbox);
        world.restart();
    }
    let outbox = world.open().await;
    for round in 0..8_u32 {
        for n in 0..3 {
            let answer = within(outbox.result(&format!("{round}/{n}"))).await.unwrap();
            assert_eq!(text(answer.envelope().unwrap()), (round + n).to_string());
        }
    }
    assert_eq!(world.executed(), 24);
    outbox.close().await;
    world.stop().await;
}

#[tokio::test]
async fn a_service_that_is_not_there_is_waited_for() {
    let mut world = World::new(Binding::certificate(true)).await;
    world.stop().await;
    let outbox = world.open().await;
    let queued = outbox.enqueue("one", sum(outbox.format(), 1, 2)).await.unwrap();
    within(outbox.wait_for(|status| status.last_trouble.is_some())).await;
    assert_eq!(outbox.poll("one").await.unwrap().state, CallState::Queued);
    outbox.enqueue("two", sum(outbox.format(), 1, 2)).await.unwrap();
    outbox.cancel("two").await.unwrap();
    world.start().await;
    assert_eq!(text(&within(queued.result()).await.unwrap()), "3");
    assert_eq!(world.executed(), 1);
    let late = outbox.cancel("one").await.unwrap_err();
    assert!(matches!(late, OutboxError::State { .. }), "{late}");
    outbox.close().await;
    world.stop().await;
}

#[tokio::test]
async fn a_store_that_fails_loses_nothing() {
    let mut world = World::new(Binding::none()).await;
    let outbox = world.open().await;
    for n in 0..6 {
        let unknown = if n % 2 == 0 { Fault::UnknownDone } else { Fault::UnknownNotDone };
        world.store.script([Fault::None, Fault::Refused, Fault::None, unknown]);
        let key = format!("{n}");
        let answer = loop {
            match outbox.enqueue(&key, sum(outbox.format(), n, 1)).await {
                Ok(queued) => match within(queued.result()).await {
                    Ok(answer) => break answer,
                    Err(error) => eprintln!("result: {error}"),
                },
                Err(error) => eprintln!("enqueue: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        assert_eq!(text(&answer), (n + 1).to_string());
    }
    assert_eq!(world.executed(), 6);
    outbox.close().await;
    world.stop().await;
}

#[tokio::test]
async fn what_a_service_has_forgotten_is_in_doubt_and_the_rest_goes_on() {
    for binding in [Binding::none(), Binding::certificate(true)] {
        let mut world = World::new(binding).await;
        let open = |world: &World| world.builder().in_flight(1).patience(Duration::from_secs(1));
        let outbox = open(&world).open().await.unwrap();
        outbox.enqueue("a", sum(outbox.format(), 1, 1)).await.unwrap();
        within(outbox.result("a")).await.unwrap();
        // The service goes between the numbers; the next call gets one in a session that nobody has.
        world.stop().await;
        outbox.enqueue("b", sum(outbox.format(), 2, 1)).await.unwrap();
        outbox.enqueue("c", sum(outbox.format(), 3, 1)).await.unwrap();
        within(outbox.wait_for(|status| status.in_flight == 1 && status.last_trouble.is_some()))
            .await;
        world.start().await;
        let status = tokio::time::timeout(
            Duration::from_secs(20),
            outbox.wait_for(|status| status.in_doubt == 1),
        )
        .await
        .unwrap_or_else(|_| panic!("{:?}", outbox.status()));
        assert!(status.held.as_deref().is_some_and(|why| why.contains("in doubt")), "{status:?}");
        let kept = outbox.look("b").await.unwrap();
        assert!(matches!(kept.state, CallState::InDoubt { number: 2, .. }), "{kept:?}");
        assert_eq!(world.dead_letters().await, ["b"], "where people look");
        assert_eq!(outbox.poll("c").await.unwrap().state, CallState::Queued);
        drop(outbox);
        world.restart();
        // Another process asks the application, which knows that the service has not got it.
        let hook = |doubt: waxwing::outbox::Doubt| -> waxwing::contract::BoxFuture<'static, _> {
            Box::pin(async move {
                assert_eq!(doubt.key, "b");
                Ok(Decision::SendAgain)
            })
        };
        let outbox = open(&world).reconcile(hook).open().await.unwrap();
        for (key, expected) in [("a", "2"), ("b", "3"), ("c", "4")] {
            let answer = within(outbox.result(key)).await.unwrap();
            assert_eq!(text(answer.envelope().unwrap()), expected);
        }
        assert_eq!(world.executed(), 3);
        assert!(world.dead_letters().await.is_empty(), "decided");
        outbox.close().await;
        world.stop().await;
    }
}

#[tokio::test]
async fn a_key_is_any_text_that_every_store_keeps() {
    let mut world = World::new(Binding::none()).await;
    let outbox = world.open().await;
    let longest = "k".repeat(256);
    for key in
        ["'; DROP TABLE messages; --", "a\r\n\u{1b}[31m", "\u{fdd0}\u{10ffff}", " ", &longest]
    {
        let queued = outbox.enqueue(key, sum(outbox.format(), 1, 2)).await.unwrap();
        assert_eq!(text(&within(queued.result()).await.unwrap()), "3");
        assert_eq!(outbox.look(key).await.unwrap().key, key);
    }
    for key in ["", "a\0b", &"k".repeat(257)] {
        let refused = outbox.enqueue(key, sum(outbox.format(), 1, 2)).await.unwrap_err();
        assert!(matches!(refused, OutboxError::Key(octets) if octets == key.len()), "{refused}");
    }
    outbox.close().await;
    let refused = world.factory().durable(Arc::new(world.store.clone()), "a\0b").open().await;
    assert!(matches!(refused, Err(OutboxError::Settings { .. })));
    world.stop().await;
}

#[tokio::test]
async fn results_are_handed_over_until_they_are_taken() {
    let world = World::new(Binding::none()).await;
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let told = Arc::clone(&seen);
    let handler = move |key: String, answer: waxwing::contract::Answer| {
        let told = Arc::clone(&told);
        let future: waxwing::contract::BoxFuture<'static, Result<(), String>> =
            Box::pin(async move {
                let text = text(answer.envelope().unwrap());
                let mut told = told.lock().unwrap();
                told.push(format!("{key}={text}"));
                if told.len() == 1 { Err("not the first time".to_owned()) } else { Ok(()) }
            });
        future
    };
    let outbox = world.builder().on_result(handler).open().await.unwrap();
    for n in 0..3 {
        outbox.enqueue(&format!("k{n}"), sum(outbox.format(), n, 1)).await.unwrap();
    }
    within(
        outbox.wait_for(|status| status.calls == 3 && status.answered == 0 && status.octets == 0),
    )
    .await;
    let mut seen = seen.lock().unwrap().clone();
    assert_eq!(seen.len(), 4, "{seen:?}");
    seen.sort();
    seen.dedup();
    assert_eq!(seen, ["k0=1", "k1=2", "k2=3"]);
}

#[tokio::test]
async fn what_only_a_person_can_mend_holds_the_calls() {
    let mut world = World::new(Binding::certificate(true)).await;
    let folder = world.folders[1].path().join("certificates/Root/ca.cert.pem");
    let root = std::fs::read(&folder).unwrap();
    let other = common::pki().join("rogue-ca.cert.pem");
    std::fs::write(&folder, std::fs::read(other).unwrap()).unwrap();
    std::fs::remove_dir_all(world.folders[1].path().join("certificates/TrustedPeople")).unwrap();
    let outbox = world.open().await;
    let queued = outbox.enqueue("one", sum(outbox.format(), 1, 2)).await.unwrap();
    let status = within(outbox.wait_for(|status| status.held.is_some())).await;
    assert_eq!(status.queued, 1, "{status:?}");
    std::fs::write(&folder, root).unwrap();
    outbox.resume().await.unwrap();
    assert_eq!(text(&within(queued.result()).await.unwrap()), "3");
    outbox.close().await;
    world.stop().await;
}

#[tokio::test]
async fn an_outbox_has_one_process_and_needs_a_reliable_session() {
    let world = World::new(Binding::none()).await;
    let outbox = world.open().await;
    outbox.enqueue("one", sum(outbox.format(), 1, 2)).await.unwrap();
    within(outbox.result("one")).await.unwrap();
    // The same process again: the outbox goes to the one that was opened last.
    let second = world.open().await;
    let refused = outbox.enqueue("two", sum(outbox.format(), 1, 2)).await.unwrap_err();
    assert!(matches!(refused, OutboxError::TakenOver { .. }), "{refused}");
    second.enqueue("two", sum(outbox.format(), 1, 2)).await.unwrap();
    within(second.result("two")).await.unwrap();
    second.close().await;
    let binding = Binding { reliable: false, ..Binding::none() };
    let plain = World { binding, ..world };
    let refused = plain.builder().open().await.unwrap_err().to_string();
    assert!(
        refused.contains("reliable sessions only") && refused.contains("<reliableSession"),
        "{refused}"
    );
}

/// The application's own transaction decides whether a call is delivered.
#[cfg(feature = "sqlite")]
#[tokio::test]
async fn a_call_in_the_applications_transaction_is_delivered_if_that_commits() {
    use waxwing_store::application::{
        ApplicationTransactions, Begun, Mark, SqliteTransaction, SqliteTransactions,
    };
    let mut world = World::new(Binding::none()).await;
    let folder = tempfile::tempdir().unwrap();
    let database = SqliteTransactions::open(folder.path().join("application.db")).unwrap();
    let open = |world: &World| world.builder().relay(Arc::new(database.clone())).open();
    let outbox = open(&world).await.unwrap();
    let begin = async |number| {
        let mark = Mark { session: "urn:s".into(), number };
        match database.begin(&mark).await.unwrap() {
            Begun::Open(open) => open,
            Begun::Executed(_) => panic!("it is another one"),
        }
    };
    let mut executed = 0;
    for (number, commits) in [(1, true), (2, false), (3, true)] {
        let transaction = begin(number).await;
        let handle = transaction.handle().downcast::<SqliteTransaction>().unwrap();
        let key = format!("k{number}");
        let call = sum(outbox.format(), number as u32, 1);
        outbox.enqueue_in(&*handle, &key, &call).await.unwrap();
        outbox.enqueue_in(&*handle, &key, &call).await.unwrap();
        let other = sum(outbox.format(), number as u32, 2);
        let refused = outbox.enqueue_in(&*handle, &key, &other).await.unwrap_err();
        assert!(matches!(refused, OutboxError::OtherCall { .. }), "{refused}");
        if commits {
            assert!(transaction.commit(Default::default()).await.is_done());
            executed += 1;
        } else {
            transaction.rollback().await;
        }
        if number == 1 {
            // The program dies before or after the relay has taken it.
            drop(outbox.clone());
        }
    }
    drop(outbox);
    world.restart();
    let outbox = open(&world).await.unwrap();
    within(outbox.wait_for(|status| status.answered == 2)).await;
    for (key, expected) in [("k1", "2"), ("k3", "4")] {
        let answer = within(outbox.result(key)).await.unwrap();
        assert_eq!(text(answer.envelope().unwrap()), expected);
    }
    assert!(matches!(outbox.result("k2").await, Err(OutboxError::NoSuchKey { .. })));
    assert_eq!(world.executed(), executed);
    outbox.close().await;
    world.stop().await;
}

/// In a file: what was enqueued is there for the next process, and nobody can read it there.
#[cfg(feature = "sqlite")]
#[tokio::test]
async fn a_file_keeps_calls_and_shows_nothing_of_them() {
    use waxwing_store::sqlite::{SqliteOptions, SqliteStore};
    use waxwing_store::{KeyFile, Sealing};
    let mut world = World::new(Binding::certificate(true)).await;
    let folder = tempfile::tempdir().unwrap();
    let open = async |world: &World| loop {
        let keys = KeyFile::made_with_the_store(folder.path().join("keys"));
        let options = SqliteOptions::new(folder.path().join("outbox.db"));
        // The one before lets go of the file in tasks and threads of its own.
        match SqliteStore::open(&options.sealing(Sealing::under(keys))) {
            Ok(store) => {
                let builder = world.factory().durable(Arc::new(store), "sums");
                let pauses = (Duration::from_millis(50), Duration::from_millis(400));
                break builder.pauses(pauses.0, pauses.1).open().await.unwrap();
            }
            Err(waxwing_store::StoreError::InUse(_)) => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(error) => panic!("{error}"),
        }
    };
    for round in 0..3_u32 {
        let outbox = within(open(&world)).await;
        for n in 0..4 {
            let call = sum(outbox.format(), 900_000_000 + round, n);
            outbox.enqueue(&format!("{round}/{n}"), call).await.unwrap();
        }
        within(outbox.result(&format!("{round}/0"))).await.unwrap();
        // In the midst of the others.
        drop(outbox);
    }
    let outbox = within(open(&world)).await;
    for key in (0..3).flat_map(|round| (0..4).map(move |n| format!("{round}/{n}"))) {
        assert!(within(outbox.result(&key)).await.unwrap().fault().is_none(), "{key}");
    }
    assert_eq!(world.executed(), 12);
    outbox.close().await;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let octets = std::fs::read(file.unwrap().path()).unwrap();
        let canary = b"90000000";
        assert!(!octets.windows(canary.len()).any(|octets| octets == canary));
    }
    world.stop().await;
}
