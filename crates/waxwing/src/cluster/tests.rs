//! Nodes of one process that speak with each other over loopback.

use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use waxwing_crypto::https::TlsProfile;
use waxwing_crypto::{Certificate, Identity, KeyRing, SealingKey};
use waxwing_store::{MemoryStore, NodeAddress};
use waxwing_testkit::ports::free_port;
use zeroize::Zeroizing;

use super::hook::{Cluster, Forwarded, Inbound};
use super::link::{CONTENT_TYPE, Links, NoAnswer, PATH};
use super::membership::Membership;
use super::node::Node;
use super::options::{NodeError, NodeOptions};
use super::trust::NodeTrust;
use super::wire;
use crate::future::BoxFuture;
use crate::net::{
    ClientTls, HttpSettings, HttpTransport, Incoming, Outcome, Refusal, Reply, Request, Transport,
    TransportCause, TransportFailure, Written,
};

fn file(name: &str) -> Vec<u8> {
    let path = format!("{}/../../testdata/pki/{name}.pem", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).unwrap()
}

fn identity(name: &str) -> Identity {
    let both = [file(&format!("{name}.cert")), file(&format!("{name}.key"))].concat();
    Identity::from_pem(&both).unwrap()
}

fn authority(name: &str) -> Vec<Certificate> {
    Certificate::from_pem(&file(&format!("{name}.cert"))).unwrap()
}

/// An address that nobody listens on.
fn free_address() -> String {
    format!("localhost:{}", free_port().unwrap())
}

fn options(address: &str) -> NodeOptions {
    let (own, authorities, names) = (identity("service"), authority("ca"), ["localhost"]);
    let keys = KeyRing::new(SealingKey::new(Zeroizing::new([7; SealingKey::LENGTH])));
    let mut options = NodeOptions::new(address, address, own, authorities, names, keys);
    options.connect_timeout = Duration::from_secs(20);
    options.silence_timeout = Duration::from_secs(20);
    options
}

/// For nodes that say nothing.
const QUICK: Duration = Duration::from_millis(500);

/// Two nodes that share a store, and their addresses.
async fn two() -> (Arc<Node>, Arc<Node>, MemoryStore, NodeAddress) {
    let (a, b) = (free_address(), free_address());
    let store = MemoryStore::new(&*a);
    let other = store.another_node(&*b);
    let first = Node::start(options(&a), Arc::new(store.clone())).await.unwrap();
    let second = Node::start(options(&b), Arc::new(other.clone())).await.unwrap();
    (first, second, other, NodeAddress(b))
}

fn request(text: &str) -> Forwarded {
    let peer = "192.0.2.7:4711".parse().unwrap();
    let incoming = Incoming::new(peer, "application/soap+xml", text.to_owned()).over(true);
    Forwarded { endpoint: "http://h/calc".into(), incoming }
}

/// A host that answers with what it hears.
#[derive(Default)]
struct Echo {
    heard: AtomicUsize,
    takes: Duration,
    last: Mutex<Option<Forwarded>>,
}

impl Inbound for Echo {
    fn receive(self: Arc<Self>, request: Forwarded) -> BoxFuture<'static, Reply> {
        Box::pin(async move {
            self.heard.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(self.takes).await;
            let octets = request.incoming.octets.clone();
            *self.last.lock().unwrap() = Some(request);
            Reply::Message { content_type: "text/plain".into(), octets, is_fault: true }
        })
    }
}

fn texts(reply: Option<Reply>) -> String {
    match reply {
        Some(Reply::Message { octets, .. }) => String::from_utf8(octets.to_vec()).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_request_is_handed_on_as_it_came_and_its_answer_comes_back() {
    let (first, second, _, address) = two().await;
    let host = Arc::new(Echo::default());
    // Nobody is open behind the door.
    let early = first.forward(&address, request("early")).await;
    assert!(matches!(early, Some(Reply::Refused(Refusal::Unavailable))), "{early:?}");
    second.open(Arc::clone(&host) as Arc<dyn Inbound>);
    assert_eq!(texts(first.forward(&address, request("hello")).await), "hello");
    let came = host.last.lock().unwrap().take().unwrap();
    assert_eq!((&*came.endpoint, came.incoming.peer.port()), ("http://h/calc", 4711));
    assert!(came.incoming.protected);
    // Many at a time, and large ones.
    let many = (0..64).map(|n| {
        let (first, address) = (Arc::clone(&first), address.clone());
        tokio::spawn(async move {
            let text = format!("{n}{}", "x".repeat(n * 4096));
            assert_eq!(texts(first.forward(&address, request(&text)).await), text);
        })
    });
    for one in many.collect::<Vec<_>>() {
        one.await.unwrap();
    }
    assert_eq!(host.heard.load(Ordering::SeqCst), 65);
    second.close().await;
    assert!(first.forward(&address, request("late")).await.is_none());
    assert_eq!(host.heard.load(Ordering::SeqCst), 65);
    assert_eq!(Arc::strong_count(&host), 1, "a closed node holds no host");
}

/// Whoever is not a node gets as far as the handshake.
#[tokio::test]
async fn nobody_else_is_let_in() {
    let (_first, second, _, address) = two().await;
    let host = Arc::new(Echo::default());
    second.open(Arc::clone(&host) as Arc<dyn Inbound>);
    let shown =
        [Some(identity("alice")), Some(identity("mallory")), Some(identity("expired")), None];
    let octets = wire::request(&request("in")).unwrap();
    for identity in shown {
        let who = identity.as_ref().map(|own| own.certificate.subject_windows());
        let failure = post(&address, identity.as_ref(), octets.clone(), PATH).await.unwrap_err();
        let causes = [TransportCause::Tls, TransportCause::Broken];
        assert!(causes.contains(&failure.cause), "{who:?}: {failure:?}");
    }
    // A node may say nothing but requests, and at one place.
    let own = identity("service");
    post(&address, Some(&own), octets.clone(), PATH).await.unwrap();
    let elsewhere = post(&address, Some(&own), octets.clone(), "/calc").await.unwrap_err();
    assert_eq!(elsewhere.cause, TransportCause::NotFound);
    let nonsense = post(&address, Some(&own), Bytes::from_static(b"<Envelope/>"), PATH).await;
    assert!(nonsense.is_err(), "{nonsense:?}");
    // Without TLS.
    let mut plain = tokio::net::TcpStream::connect(&address.0).await.unwrap();
    let head = format!("POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    plain.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    assert_eq!(host.heard.load(Ordering::SeqCst), 1, "but for the one of a node");
}

async fn post(
    address: &NodeAddress,
    identity: Option<&Identity>,
    octets: Bytes,
    path: &str,
) -> Result<Bytes, TransportFailure> {
    let trust = NodeTrust::new(&options("localhost:1"));
    let tls = ClientTls::new(TlsProfile::default(), identity, Arc::new(trust)).unwrap();
    let transport = HttpTransport::new(HttpSettings { tls: Some(tls), ..HttpSettings::default() });
    let address = format!("https://{}{path}", address.0);
    let answer = transport
        .exchange(Request::new(&address, CONTENT_TYPE, octets, Written::by_nobody()))
        .await;
    match answer.outcome {
        Outcome::Message { .. } => Ok(answer.octets),
        Outcome::Empty => Ok(Bytes::new()),
        Outcome::Failed(failure) => Err(failure),
    }
}

/// Somebody listens at the address of a node who is none: nothing is sent to him.
#[tokio::test]
async fn nothing_is_sent_to_who_is_no_node() {
    for (who, authorities) in [("alice", "ca"), ("mallory", "ca")] {
        let (a, b) = (free_address(), free_address());
        let store = MemoryStore::new(&*a);
        let other = store.another_node(&*b);
        let first = Node::start(options(&a), Arc::new(store)).await.unwrap();
        let mut impostor = options(&b);
        impostor.identity = identity(who);
        impostor.authorities = authority(authorities);
        let second = Node::start(impostor, Arc::new(other)).await.unwrap();
        let host = Arc::new(Echo::default());
        second.open(Arc::clone(&host) as Arc<dyn Inbound>);
        assert!(first.forward(&NodeAddress(b), request("secret")).await.is_none(), "{who}");
        assert_eq!(host.heard.load(Ordering::SeqCst), 0);
    }
}

async fn links(store: &MemoryStore, change: impl FnOnce(&mut NodeOptions)) -> Links {
    let mut options = options("localhost:1");
    change(&mut options);
    let membership = Membership::new(Arc::new(store.clone())).await.unwrap();
    let trust = NodeTrust::new(&options);
    Links::new(&options, trust, membership).unwrap()
}

/// An operation may take its time; a node that does not live any more, or says nothing, is not waited for.
#[tokio::test]
async fn a_slow_operation_is_waited_for_and_a_dead_node_is_not() {
    let (_first, second, other, address) = two().await;
    let slow = Echo { takes: Duration::from_millis(1800), ..Echo::default() };
    second.open(Arc::new(slow));
    let patient = links(&other, |options| options.silence_timeout = QUICK).await;
    let reply = patient.forward(&address, &request("slow")).await.unwrap();
    assert_eq!(texts(Some(reply)), "slow");
    let hasty = links(&other, |options| options.answer_timeout = Duration::from_millis(100)).await;
    let why = hasty.forward(&address, &request("x")).await.unwrap_err();
    assert_eq!(why, NoAnswer::TooLate(Duration::from_millis(100)));
    // The others hold it for dead while it works.
    let own = MemoryStore::new("localhost:1");
    let alone = links(&own, |options| options.silence_timeout = QUICK).await;
    let why = alone.forward(&address, &request("x")).await.unwrap_err();
    assert_eq!(why, NoAnswer::Dead);
    // One request at a time.
    let narrow = links(&other, |options| options.max_requests = 1).await;
    let (one, two) = (request("one"), request("two"));
    let (one, two) = tokio::join!(narrow.forward(&address, &one), narrow.forward(&address, &two));
    assert_eq!(texts(one.ok()), "one");
    assert_eq!(two.unwrap_err(), NoAnswer::Full(1));
}

/// A process that was stopped takes connections, by its operating system, and answers nothing.
#[tokio::test]
async fn a_frozen_node_is_given_up() {
    // Frozen before the handshake.
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = NodeAddress(format!("localhost:{}", socket.local_addr().unwrap().port()));
    let store = MemoryStore::new("localhost:1");
    let other = store.another_node(&*address.0);
    let own = links(&other, |options| options.connect_timeout = Duration::from_millis(400)).await;
    let why = own.forward(&address, &request("x")).await.unwrap_err();
    assert!(matches!(&why, NoAnswer::Transport(text) if text.contains("400ms")), "{why:?}");
    // Frozen while it works, in a runtime of its own that goes on when the test is over.
    let (go_on, frozen) = std::sync::mpsc::channel::<()>();
    let b = free_address();
    let (ready, is_ready) = tokio::sync::oneshot::channel();
    let (end, ends) = tokio::sync::oneshot::channel::<()>();
    let (at, shared) = (b.clone(), store.another_node(&*b));
    let process = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let node = Node::start(options(&at), Arc::new(shared)).await.unwrap();
            node.open(Arc::new(Freezing(Mutex::new(frozen))));
            let _ = ready.send(());
            let _ = ends.await;
        });
    });
    is_ready.await.unwrap();
    let own = links(&other, |options| options.silence_timeout = QUICK).await;
    let why = own.forward(&NodeAddress(b), &request("x")).await.unwrap_err();
    let is_told = matches!(&why, NoAnswer::Silent | NoAnswer::Transport(_));
    assert!(is_told, "{why:?}");
    go_on.send(()).unwrap();
    end.send(()).unwrap();
    tokio::task::spawn_blocking(move || process.join().unwrap()).await.unwrap();
}

/// Stops the whole thread, and with it its runtime, until it is told to go on.
struct Freezing(Mutex<std::sync::mpsc::Receiver<()>>);

impl Inbound for Freezing {
    fn receive(self: Arc<Self>, _: Forwarded) -> BoxFuture<'static, Reply> {
        Box::pin(async move {
            let _ = self.0.lock().unwrap().recv();
            Reply::Accepted
        })
    }
}

#[tokio::test]
async fn a_node_says_what_is_wrong_with_it() {
    let (a, b) = (free_address(), free_address());
    let store = MemoryStore::new(&*a);
    let error = Node::start(options(&b), Arc::new(store.clone())).await.err().unwrap();
    assert!(error.to_string().contains("in vain"), "{error}");
    let taken = TcpListener::bind(a.replace("localhost", "127.0.0.1")).unwrap();
    let error = Node::start(options(&a), Arc::new(store.clone())).await.err().unwrap();
    assert!(matches!(error, NodeError::Listen(_)), "{error}");
    drop(taken);
    store.go_down();
    let error = Node::start(options(&a), Arc::new(store)).await.err().unwrap();
    assert!(matches!(error, NodeError::Store(_)), "{error}");
}
