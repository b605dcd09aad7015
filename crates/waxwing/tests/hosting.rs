//! What a host owes its peers whatever user code does: an answer to every call, a place for every session in turn, and a
//! word at the end.

#![allow(clippy::disallowed_methods, missing_docs, unreachable_pub)]

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use waxwing::binding::{
    MessageCredentialType, SecurityMode, ServiceBehavior, ServiceThrottling, TimeSpan,
    WsHttpBinding,
};
use waxwing::contract::{CallError, OperationFault, service_contract};
use waxwing::crypto::{
    Certificate, CertificateValidator, Identity, RevocationMode, Usage, ValidationMode,
};
use waxwing::{
    ChannelError, ChannelFactory, ClientChannel, ServiceHost, ServiceHostBuilder, ServiceInstances,
};

#[service_contract(namespace = "urn:stage", name = "IStage")]
pub trait Stage {
    async fn add(&self, by: i32) -> Result<i32, OperationFault>;
    async fn slow(&self, millis: u64) -> Result<i32, OperationFault>;
    async fn panics(&self, late: bool) -> Result<i32, OperationFault>;
    async fn hangs(&self) -> Result<i32, OperationFault>;
}

#[derive(Default)]
struct Counts {
    executed: AtomicU64,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
    instances: AtomicUsize,
    most_instances: AtomicUsize,
}

struct Actor(Arc<Counts>);

impl Actor {
    fn new(counts: &Arc<Counts>) -> Self {
        let now = counts.instances.fetch_add(1, Ordering::SeqCst) + 1;
        counts.most_instances.fetch_max(now, Ordering::SeqCst);
        Self(Arc::clone(counts))
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        self.0.instances.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Stage for Actor {
    async fn add(&self, by: i32) -> Result<i32, OperationFault> {
        self.0.executed.fetch_add(1, Ordering::SeqCst);
        Ok(by + 1)
    }
    async fn slow(&self, millis: u64) -> Result<i32, OperationFault> {
        let now = self.0.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.most_at_once.fetch_max(now, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(millis)).await;
        self.0.at_once.fetch_sub(1, Ordering::SeqCst);
        Ok(1)
    }
    async fn panics(&self, late: bool) -> Result<i32, OperationFault> {
        if late {
            tokio::task::yield_now().await;
        }
        panic!("the actor forgot his words")
    }
    async fn hangs(&self) -> Result<i32, OperationFault> {
        std::future::pending().await
    }
}

/// An instance for each session, counted. The first is made for its contract only.
fn actors(counts: &Arc<Counts>) -> ServiceInstances {
    let counts = Arc::clone(counts);
    ServiceInstances::per_session(move || StageService::new(Actor::new(&counts)))
}

fn plain(reliable: bool) -> WsHttpBinding {
    WsHttpBinding::new(SecurityMode::None, reliable).send_timeout(TimeSpan::seconds(20))
}

fn throttled(throttling: ServiceThrottling) -> ServiceBehavior {
    ServiceBehavior::default().service_throttling(throttling)
}

async fn host(
    binding: WsHttpBinding,
    behavior: ServiceBehavior,
    instances: ServiceInstances,
) -> ServiceHost {
    let builder = ServiceHostBuilder::new();
    let builder = builder.endpoint(binding, "http://127.0.0.1:0/stage", &STAGE_CONTRACT, behavior);
    builder.unwrap().open(instances).await.unwrap()
}

fn factory(host: &ServiceHost, binding: WsHttpBinding) -> ChannelFactory {
    let address = format!("http://{}/stage", host.local_addresses()[0]);
    ChannelFactory::new(binding, &address, &STAGE_CONTRACT).unwrap()
}

fn internal(error: &CallError) -> bool {
    let subcode = error.fault().and_then(|fault| fault.subcode());
    subcode.is_some_and(|code| code.local == "InternalServiceFault")
}

#[tokio::test]
async fn a_panic_is_an_internal_fault_and_the_session_goes_on() {
    for reliable in [true, false] {
        let counts = Arc::default();
        let host = host(plain(reliable), ServiceBehavior::default(), actors(&counts)).await;
        let channel = factory(&host, plain(reliable)).open_channel().await.unwrap();
        let client = StageClient::new(&channel);
        for late in [false, true] {
            let error = client.panics(late).await.unwrap_err();
            assert!(internal(&error), "{error}");
            assert!(!error.to_string().contains("forgot"), "what happened is for the log only");
            assert_eq!(client.add(1).await.unwrap(), 2);
        }
        channel.close().await.unwrap();
        assert!(host.close().await);
    }
}

#[tokio::test]
async fn a_factory_that_panics_is_an_internal_fault_of_the_call() {
    for reliable in [true, false] {
        let counts: Arc<Counts> = Arc::default();
        let broken = Arc::new(AtomicBool::new(false));
        let (is_broken, counted) = (Arc::clone(&broken), Arc::clone(&counts));
        let instances = ServiceInstances::per_session(move || {
            assert!(!is_broken.load(Ordering::SeqCst), "no actor is in the house");
            StageService::new(Actor::new(&counted))
        });
        let host = host(plain(reliable), ServiceBehavior::default(), instances).await;
        broken.store(true, Ordering::SeqCst);
        let channel = factory(&host, plain(reliable)).open_channel().await.unwrap();
        let client = StageClient::new(&channel);
        let error = client.add(1).await.unwrap_err();
        assert!(internal(&error), "{error}");
        broken.store(false, Ordering::SeqCst);
        assert_eq!(client.add(1).await.unwrap(), 2, "the next call makes it again");
        channel.close().await.unwrap();
    }
}

/// The factory of one session waits for a call of another: under a lock neither would end.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn instances_are_made_under_no_lock() {
    let counts: Arc<Counts> = Arc::default();
    let gate = Arc::new((Mutex::new(0), Condvar::new()));
    let (door, counted) = (Arc::clone(&gate), Arc::clone(&counts));
    let made = AtomicUsize::new(0);
    let instances = ServiceInstances::per_session(move || {
        // The first is made for its contract, the second waits.
        if made.fetch_add(1, Ordering::SeqCst) == 1 {
            // It says that it blocks: the runtime may have nobody else at its sockets.
            tokio::task::block_in_place(|| {
                let (calls, changed) = &*door;
                let calls = calls.lock().unwrap();
                let patience = Duration::from_secs(15);
                let (calls, _) = changed.wait_timeout_while(calls, patience, |n| *n == 0).unwrap();
                assert!(*calls > 0, "the other session's call did not come through");
            });
        }
        StageService::new(Actor::new(&counted))
    });
    let host = host(plain(true), ServiceBehavior::default(), instances).await;
    let factory = factory(&host, plain(true));
    let first = factory.open_channel().await.unwrap();
    let waiting = tokio::spawn({
        let client = StageClient::new(first.clone());
        async move { client.add(1).await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let second = factory.open_channel().await.unwrap();
    assert_eq!(StageClient::new(&second).add(5).await.unwrap(), 6);
    *gate.0.lock().unwrap() += 1;
    gate.1.notify_all();
    assert_eq!(waiting.await.unwrap().unwrap(), 2);
    first.close().await.unwrap();
    second.close().await.unwrap();
}

#[tokio::test]
async fn a_validator_that_panics_refuses_and_the_service_goes_on() {
    let pki = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/pki");
    let read = |name: &str| std::fs::read(pki.join(name)).unwrap();
    let identity =
        Identity::from_pem(&[read("service.cert.pem"), read("service.key.pem")].concat()).unwrap();
    let binding = || {
        WsHttpBinding::new(SecurityMode::Message, true)
            .message_credential(MessageCredentialType::UserName)
            .send_timeout(TimeSpan::seconds(20))
    };
    let builder = ServiceHostBuilder::new()
        .endpoint(
            binding(),
            "http://127.0.0.1:0/stage",
            &STAGE_CONTRACT,
            ServiceBehavior::default(),
        )
        .unwrap()
        .certificate(identity)
        .user_names(|name: &str, _: Option<&str>| match name {
            "alice" => Ok(()),
            other => panic!("{other} is too much for me"),
        });
    let host = builder.open(actors(&Arc::default())).await.unwrap();
    let roots = Certificate::from_pem(&read("ca.cert.pem")).unwrap();
    let trust = |panics: bool| {
        let validator = CertificateValidator::new(
            ValidationMode::ChainTrust,
            RevocationMode::NoCheck,
            Usage::Service,
        )
        .with_roots(roots.clone());
        move |certificate: &Certificate, chain: &[Certificate], now| {
            assert!(!panics, "the client's validator panics");
            validator.validate(certificate, chain, now).map_err(|e| e.to_string())
        }
    };
    let address = format!("http://localhost:{}/stage", host.local_addresses()[0].port());
    let factory = |name: &'static str, panics| {
        let factory = ChannelFactory::new(binding(), &address, &STAGE_CONTRACT).unwrap();
        factory.user_name(name, "secret").service_trust(trust(panics))
    };
    let begun = tokio::time::Instant::now();
    let error = factory("bob", false).open_channel().await.expect_err("refused");
    assert_eq!(error.code(), Some("wrong-password"), "{error}");
    let error = factory("alice", true).open_channel().await.expect_err("not trusted");
    assert!(error.to_string().contains("the client's validator panics"), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(15), "both were told, none ran into a timeout");
    let channel = factory("alice", false).open_channel().await.unwrap();
    assert_eq!(StageClient::new(&channel).add(1).await.unwrap(), 2);
    channel.close().await.unwrap();
}

fn call(channel: &ClientChannel, by: i32) -> tokio::task::JoinHandle<Result<i32, CallError>> {
    let client = StageClient::new(channel.clone());
    tokio::spawn(async move { client.add(by).await })
}

#[tokio::test]
async fn sessions_over_the_most_wait_for_a_place() {
    let counts: Arc<Counts> = Arc::default();
    let most = throttled(ServiceThrottling::default().max_concurrent_sessions(1));
    let host = host(plain(true), most, actors(&counts)).await;
    let factory = factory(&host, plain(true));
    let mut open = vec![factory.open_channel().await.unwrap()];
    assert_eq!(StageClient::new(&open[0]).add(0).await.unwrap(), 1);
    let mut calls = Vec::new();
    for by in 1..=4 {
        let channel = factory.open_channel().await.unwrap_or_else(|e| panic!("{by}: {e}"));
        calls.push(call(&channel, by));
        open.push(channel);
    }
    // The fifth that waits is too many.
    let binding = plain(true).open_timeout(TimeSpan::seconds(1));
    let impatient = self::factory(&host, binding);
    let refused = impatient.open_channel().await.expect_err("maxPendingChannels is 4");
    assert!(refused.to_string().contains("too many sessions wait"), "{refused}");
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(counts.executed.load(Ordering::SeqCst), 1, "nothing of those that wait is executed");
    assert!(calls.iter().all(|call| !call.is_finished()));
    // As one goes, the next one is served, in order.
    for (by, call) in (1..=4).zip(calls) {
        open[by - 1].close().await.unwrap();
        let answer = tokio::time::timeout(Duration::from_secs(15), call).await.expect("accepted");
        assert_eq!(answer.unwrap().unwrap(), by as i32 + 1);
        assert_eq!(counts.executed.load(Ordering::SeqCst), by as u64 + 1);
    }
    let again = factory.open_channel().await.unwrap();
    open[4].close().await.unwrap();
    assert_eq!(StageClient::new(&again).add(7).await.unwrap(), 8);
    again.close().await.unwrap();
    assert_eq!(host.statistics().sessions, 0);
}

#[tokio::test]
async fn calls_and_instances_over_the_most_wait() {
    let counts: Arc<Counts> = Arc::default();
    let most = throttled(ServiceThrottling::default().max_concurrent_calls(2));
    let host = host(plain(false), most, actors(&counts)).await;
    let channel = factory(&host, plain(false)).open_channel().await.unwrap();
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let client = StageClient::new(channel.clone());
            tokio::spawn(async move { client.slow(50).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap(), 1);
    }
    assert_eq!(counts.most_at_once.load(Ordering::SeqCst), 2);

    let counts: Arc<Counts> = Arc::default();
    let most = throttled(ServiceThrottling::default().max_concurrent_instances(1));
    let host = self::host(plain(true), most, actors(&counts)).await;
    let factory = factory(&host, plain(true));
    let (first, second) =
        (factory.open_channel().await.unwrap(), factory.open_channel().await.unwrap());
    assert_eq!(StageClient::new(&first).add(1).await.unwrap(), 2);
    let waiting = call(&second, 2);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!waiting.is_finished() && counts.executed.load(Ordering::SeqCst) == 1);
    first.close().await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap(), 3);
    assert_eq!(counts.most_instances.load(Ordering::SeqCst), 1);
    second.close().await.unwrap();
}

fn is_unavailable(error: &ChannelError) -> bool {
    error.to_string().contains("takes no new sessions")
}

#[tokio::test]
async fn a_closing_host_takes_no_new_sessions_and_waits_for_the_others() {
    let counts: Arc<Counts> = Arc::default();
    let host = host(plain(true), ServiceBehavior::default(), actors(&counts)).await;
    let factory = factory(&host, plain(true));
    let channel = factory.open_channel().await.unwrap();
    assert_eq!(StageClient::new(&channel).add(1).await.unwrap(), 2);
    let closing = tokio::spawn(host.close());
    tokio::time::sleep(Duration::from_millis(100)).await;
    let error = factory.open_channel().await.expect_err("it closes");
    assert!(is_unavailable(&error), "{error}");
    assert_eq!(StageClient::new(&channel).add(2).await.unwrap(), 3, "the session goes on");
    assert!(!closing.is_finished());
    channel.close().await.unwrap();
    assert!(closing.await.unwrap(), "all had ended");
}

#[tokio::test]
async fn a_closing_host_without_sessions_answers_what_it_has_begun() {
    let binding = || plain(false).send_timeout(TimeSpan::seconds(3));
    let host = host(binding(), ServiceBehavior::default(), actors(&Arc::default())).await;
    let factory = factory(&host, binding());
    let channel = factory.open_channel().await.unwrap();
    let client = StageClient::new(channel.clone());
    let under_way = tokio::spawn(async move { client.slow(1000).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let closing = tokio::spawn(host.close());
    tokio::time::sleep(Duration::from_millis(100)).await;
    StageClient::new(&channel).add(1).await.expect_err("it closes");
    assert_eq!(under_way.await.unwrap().unwrap(), 1);
    assert!(closing.await.unwrap());
}

/// Whoever waits when the time is up is told, and the operation that hangs is given up with its instance.
/// A caller outside of sessions who is gone does not stop what he has begun in its middle; the closing host waits for it.
#[tokio::test]
async fn a_call_is_carried_through_though_its_caller_is_gone() {
    use tokio::io::AsyncWriteExt;
    let counts = Arc::new(Counts::default());
    let binding = WsHttpBinding::new(SecurityMode::None, false);
    let host = host(binding, ServiceBehavior::default(), actors(&counts)).await;
    let call = r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing"><s:Header>
<a:Action s:mustUnderstand="1">urn:stage/IStage/Slow</a:Action><a:MessageID>urn:uuid:1</a:MessageID><a:To s:mustUnderstand="1">http://127.0.0.1:0/stage</a:To>
</s:Header><s:Body><Slow xmlns="urn:stage"><millis>600</millis></Slow></s:Body></s:Envelope>"#;
    let head = format!(
        "POST /stage HTTP/1.1\r\nHost: x\r\nContent-Type: application/soap+xml\r\nContent-Length: {}\r\n\r\n",
        call.len()
    );
    let mut gone = tokio::net::TcpStream::connect(host.local_addresses()[0]).await.unwrap();
    gone.write_all((head + call).as_bytes()).await.unwrap();
    while counts.at_once.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(gone);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(host.close().await, "everything has ended by itself");
    assert_eq!(counts.at_once.load(Ordering::SeqCst), 0, "it came to its end");
    assert_eq!(counts.most_at_once.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn who_still_waits_at_the_end_is_told() {
    let counts: Arc<Counts> = Arc::default();
    let host = host(plain(true), ServiceBehavior::default(), actors(&counts)).await;
    let channel = factory(&host, plain(true)).open_channel().await.unwrap();
    let client = StageClient::new(channel.clone());
    let waiting = tokio::spawn(async move { client.hangs().await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let begun = tokio::time::Instant::now();
    assert!(!host.close().await, "an operation hangs");
    let error = waiting.await.unwrap().unwrap_err().to_string();
    assert!(error.contains("the host was closed"), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(15));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(counts.instances.load(Ordering::SeqCst), 0, "nothing is left of it");
    channel.abort("the service is gone");
}

#[service_contract(namespace = "urn:notes", name = "INotes")]
pub trait Notes {
    #[operation(one_way)]
    async fn note(&self, millis: u64) -> Result<(), OperationFault>;
}

impl Notes for Actor {
    async fn note(&self, millis: u64) -> Result<(), OperationFault> {
        tokio::time::sleep(Duration::from_millis(millis)).await;
        self.0.executed.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

/// A one-way session may be closed before its messages are executed: they were acknowledged.
#[tokio::test]
async fn acknowledged_messages_are_executed_after_the_session_was_closed() {
    let counts: Arc<Counts> = Arc::default();
    let counted = Arc::clone(&counts);
    let instances = ServiceInstances::per_session(move || NotesService::new(Actor::new(&counted)));
    let builder = ServiceHostBuilder::new();
    let address = "http://127.0.0.1:0/notes";
    let builder =
        builder.endpoint(plain(true), address, &NOTES_CONTRACT, ServiceBehavior::default());
    let host = builder.unwrap().open(instances).await.unwrap();
    let address = format!("http://{}/notes", host.local_addresses()[0]);
    let factory = ChannelFactory::new(plain(true), &address, &NOTES_CONTRACT).unwrap();
    let channel = factory.open_channel().await.unwrap();
    for _ in 0..5 {
        NotesClient::new(&channel).note(200).await.unwrap();
    }
    channel.close().await.unwrap();
    assert!(host.close().await, "closing the host waits for them");
    assert_eq!(counts.executed.load(Ordering::SeqCst), 5);
}
