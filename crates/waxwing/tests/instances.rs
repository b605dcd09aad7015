//! Which object executes a call, and how many calls at a time: WCF's InstanceContextMode and ConcurrencyMode, over loopback.

#![allow(clippy::disallowed_methods, missing_docs, unreachable_pub)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use waxwing::binding::{
    MessageCredentialType, SecurityMode, ServiceBehavior, ServiceThrottling, TimeSpan,
    WsHttpBinding,
};
use waxwing::contract::{OperationFault, service_contract};
use waxwing::crypto::{Certificate, Identity};
use waxwing::service::ConcurrencyMode;
use waxwing::{ChannelFactory, ClientChannel, ServiceHost, ServiceHostBuilder, ServiceInstances};

#[service_contract(namespace = "urn:bench", name = "IBench")]
pub trait Bench {
    /// Sleeps, and gives the number of its object.
    async fn work(&self, millis: u64) -> Result<u64, OperationFault>;
}

#[derive(Default)]
struct Counts {
    made: AtomicUsize,
    alive: AtomicUsize,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
}

struct Worker {
    number: usize,
    counts: Arc<Counts>,
}

impl Worker {
    fn new(counts: &Arc<Counts>) -> Self {
        counts.alive.fetch_add(1, Ordering::SeqCst);
        let number = counts.made.fetch_add(1, Ordering::SeqCst);
        Self { number, counts: Arc::clone(counts) }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.counts.alive.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Bench for Worker {
    async fn work(&self, millis: u64) -> Result<u64, OperationFault> {
        let now = self.counts.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.counts.most_at_once.fetch_max(now, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(millis)).await;
        self.counts.at_once.fetch_sub(1, Ordering::SeqCst);
        Ok(self.number as u64)
    }
}

/// Without reliable session there is message security, which makes sessions, too.
fn binding(reliable: bool) -> WsHttpBinding {
    let mode = if reliable { SecurityMode::None } else { SecurityMode::Message };
    WsHttpBinding::new(mode, reliable)
        .message_credential(MessageCredentialType::None)
        .send_timeout(TimeSpan::seconds(30))
}

async fn host(
    binding: WsHttpBinding,
    behavior: ServiceBehavior,
    instances: ServiceInstances,
) -> ServiceHost {
    let pki = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/pki");
    let read = |name: &str| std::fs::read(pki.join(name)).unwrap();
    let identity = [read("service.cert.pem"), read("service.key.pem")].concat();
    ServiceHostBuilder::new()
        .endpoint(binding, "http://127.0.0.1:0/bench", &BENCH_CONTRACT, behavior)
        .unwrap()
        .certificate(Identity::from_pem(&identity).unwrap())
        .open(instances)
        .await
        .unwrap()
}

async fn open(host: &ServiceHost, binding: WsHttpBinding) -> ClientChannel {
    let address = format!("http://localhost:{}/bench", host.local_addresses()[0].port());
    let factory = ChannelFactory::new(binding, &address, &BENCH_CONTRACT).unwrap();
    let trust = |_: &Certificate, _: &[Certificate], _| Ok(());
    factory.service_trust(trust).open_channel().await.unwrap()
}

/// So many calls at once on each channel; the numbers of the objects that executed them, channel by channel.
async fn calls(channels: &[ClientChannel], each: usize, millis: u64) -> Vec<Vec<u64>> {
    let begin = |channel: &ClientChannel| {
        let client = BenchClient::new(channel.clone());
        tokio::spawn(async move { client.work(millis).await.unwrap() })
    };
    let begun: Vec<Vec<_>> =
        channels.iter().map(|channel| (0..each).map(|_| begin(channel)).collect()).collect();
    let mut numbers = Vec::new();
    for channel in begun {
        let mut of_channel = Vec::new();
        for call in channel {
            of_channel.push(call.await.unwrap());
        }
        of_channel.sort_unstable();
        of_channel.dedup();
        numbers.push(of_channel);
    }
    numbers
}

/// Two channels, each with four calls at once. Gives which objects executed them, and how many calls ran at once at most.
async fn two_channels(
    reliable: bool,
    instances: impl Fn(Arc<Counts>) -> ServiceInstances,
) -> (Vec<Vec<u64>>, usize) {
    let counts: Arc<Counts> = Arc::default();
    let behavior = ServiceBehavior::default();
    let host = host(binding(reliable), behavior, instances(Arc::clone(&counts))).await;
    let channels = [open(&host, binding(reliable)).await, open(&host, binding(reliable)).await];
    // The window of a reliable session opens with its first calls.
    let mut warm = calls(&channels, 1, 0).await;
    calls(&channels, 1, 0).await;
    counts.most_at_once.store(0, Ordering::SeqCst);
    let mut numbers = calls(&channels, 4, 60).await;
    for (warm, numbers) in warm.iter_mut().zip(&mut numbers) {
        numbers.append(warm);
        numbers.sort_unstable();
        numbers.dedup();
    }
    for channel in channels {
        channel.close().await.unwrap();
    }
    assert!(host.close().await);
    (numbers, counts.most_at_once.load(Ordering::SeqCst))
}

#[tokio::test]
async fn a_session_has_one_object_which_executes_one_call_at_a_time_unless_told_otherwise() {
    let with = |mode| {
        move |counts: Arc<Counts>| {
            let make = move || BenchService::new(Worker::new(&counts));
            ServiceInstances::per_session(make).concurrency(mode)
        }
    };
    for reliable in [true, false] {
        for mode in [ConcurrencyMode::Single, ConcurrencyMode::Reentrant, ConcurrencyMode::Multiple]
        {
            let (numbers, most) = two_channels(reliable, with(mode)).await;
            assert!(numbers.iter().all(|of_channel| of_channel.len() == 1), "{numbers:?}");
            assert_ne!(numbers[0], numbers[1], "each session has its own");
            match mode {
                ConcurrencyMode::Multiple => {
                    assert!(most > 2, "calls of a session overlap: {most}")
                }
                _ => assert!(most <= 2, "one call of each session: {most}"),
            }
        }
    }
}

#[tokio::test]
async fn a_call_has_its_own_object_and_sessions_keep_their_order() {
    let with = |mode| {
        move |counts: Arc<Counts>| {
            let make = move || BenchService::new(Worker::new(&counts));
            ServiceInstances::per_call(make).concurrency(mode)
        }
    };
    for reliable in [true, false] {
        let (numbers, most) = two_channels(reliable, with(ConcurrencyMode::Single)).await;
        assert!(numbers.iter().all(|of_channel| of_channel.len() == 5), "{numbers:?}");
        assert!(most <= 2, "one call of each session: {most}");
        let (numbers, most) = two_channels(reliable, with(ConcurrencyMode::Multiple)).await;
        assert!(numbers.iter().all(|of_channel| of_channel.len() == 5), "{numbers:?}");
        assert!(most > 2, "calls of a session overlap: {most}");
    }
}

#[tokio::test]
async fn one_object_executes_the_calls_of_all_one_after_another_unless_told_otherwise() {
    let with = |mode| {
        move |counts: Arc<Counts>| {
            ServiceInstances::single(BenchService::new(Worker::new(&counts))).concurrency(mode)
        }
    };
    for reliable in [true, false] {
        let (numbers, most) = two_channels(reliable, with(ConcurrencyMode::Single)).await;
        assert_eq!((numbers, most), (vec![vec![0], vec![0]], 1));
        let (numbers, most) = two_channels(reliable, with(ConcurrencyMode::Multiple)).await;
        assert_eq!(numbers, [[0], [0]]);
        assert!(most > 2, "calls overlap: {most}");
    }
}

#[tokio::test]
async fn security_sessions_count_among_the_sessions_and_keep_their_object_until_they_end() {
    let counts: Arc<Counts> = Arc::default();
    let throttling = ServiceThrottling::default().max_concurrent_sessions(1);
    let behavior = ServiceBehavior::default().service_throttling(throttling);
    let made = Arc::clone(&counts);
    let make = move || BenchService::new(Worker::new(&made));
    let host = host(binding(false), behavior, ServiceInstances::per_session(make)).await;
    let first = open(&host, binding(false)).await;
    let number = BenchClient::new(&first).work(0).await.unwrap();
    assert_eq!(BenchClient::new(&first).work(0).await.unwrap(), number);
    assert_eq!(host.statistics().sessions, 1);
    // It opens: its security session is not used yet. Its first call waits.
    let second = open(&host, binding(false)).await;
    let client = BenchClient::new(second.clone());
    let waiting = tokio::spawn(async move { client.work(0).await });
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(!waiting.is_finished());
    assert_eq!((host.statistics().sessions, counts.alive.load(Ordering::SeqCst)), (2, 1));
    first.close().await.unwrap();
    let answer = tokio::time::timeout(Duration::from_secs(15), waiting).await.expect("accepted");
    assert_ne!(answer.unwrap().unwrap(), number, "an object of its own");
    second.close().await.unwrap();
    assert!(host.close().await);
    assert_eq!(counts.alive.load(Ordering::SeqCst), 0, "its object went with each session");
}

#[tokio::test]
async fn a_session_without_calls_ends_after_the_receive_timeout_though_it_is_kept_alive() {
    let counts: Arc<Counts> = Arc::default();
    let binding = binding(true).receive_timeout(TimeSpan::seconds(1));
    let made = Arc::clone(&counts);
    let make = move || BenchService::new(Worker::new(&made));
    let instances = ServiceInstances::per_session(make);
    let host = host(binding.clone(), ServiceBehavior::default(), instances).await;
    let channel = open(&host, binding).await;
    let client = BenchClient::new(&channel);
    client.work(1500).await.expect("a call that takes longer is no silence");
    assert_eq!(host.statistics().sessions, 1);
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        if host.statistics().sessions == 0 {
            break;
        }
    }
    assert_eq!(host.statistics().sessions, 0);
    assert_eq!(counts.alive.load(Ordering::SeqCst), 0);
    client.work(0).await.expect_err("the session is gone");
    channel.abort("it is gone");
}
