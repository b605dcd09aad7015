//! Somebody stands between client and service, reads what is sent, and sends it again where he likes. He has no key.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use waxwing::{ClientChannel, ServiceHost};

use crate::common::*;
use crate::kit::{CERTIFICATE, Kind, executed, factory, host};

/// A record of the framing (MC-NMF §2.2): its kind, and all its octets.
type Record = (u8, Vec<u8>);

/// The first record of octets that came; none before it is there.
fn record(octets: &[u8]) -> Option<(Record, usize)> {
    let kind = *octets.first()?;
    let sized = |from: usize| {
        let (mut size, mut at) = (0_usize, from);
        loop {
            let octet = *octets.get(at)?;
            size |= usize::from(octet & 0x7F) << (7 * (at - from));
            at += 1;
            if octet & 0x80 == 0 {
                return Some(at + size);
            }
        }
    };
    let end = match kind {
        0x00 => 3,
        0x01 | 0x03 => 2,
        0x02 | 0x04 | 0x06 | 0x08 | 0x09 => sized(1)?,
        _ => 1,
    };
    (octets.len() >= end).then(|| ((kind, octets[..end].to_vec()), end))
}

/// What goes one way.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<Record>>>);

impl Heard {
    fn all(&self) -> Vec<Record> {
        self.0.lock().unwrap().clone()
    }

    /// What was heard since the last link began: its preamble, and its messages.
    fn last_link(&self) -> Vec<Record> {
        let all = self.all();
        let begin = all.iter().rposition(|(kind, _)| *kind == 0x00).unwrap_or(0);
        all[begin..].to_vec()
    }

    fn last_message(&self) -> Vec<u8> {
        let all = self.all();
        all.iter().rev().find(|(kind, _)| *kind == 0x06).expect("a message").1.clone()
    }
}

/// Who stands between.
struct Eve {
    address: SocketAddr,
    to_service: Heard,
    to_client: Heard,
    /// Octets to be put in, each way.
    into_service: mpsc::UnboundedSender<Vec<u8>>,
    into_client: mpsc::UnboundedSender<Vec<u8>>,
    /// How many connections the client has made.
    connections: Arc<Mutex<usize>>,
}

/// Hands on what comes, record by record, and what is put in between two of them.
async fn hand_on(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    heard: Heard,
    put_in: Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<Vec<u8>>>>,
) {
    let (mut waiting, mut octets) = (Vec::new(), [0; 4096]);
    let mut put_in = put_in.lock().await;
    loop {
        let came = tokio::select! {
            count = from.read(&mut octets) => count.unwrap_or(0),
            Some(own) = put_in.recv() => {
                if to.write_all(&own).await.is_err() {
                    return;
                }
                continue;
            }
        };
        if came == 0 {
            return;
        }
        waiting.extend_from_slice(&octets[..came]);
        while let Some((record, length)) = record(&waiting) {
            if to.write_all(&waiting[..length]).await.is_err() {
                return;
            }
            heard.0.lock().unwrap().push(record);
            waiting.drain(..length);
        }
    }
}

impl Eve {
    async fn before(service: SocketAddr) -> Self {
        let front = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = front.local_addr().unwrap();
        let (into_service, for_service) = mpsc::unbounded_channel();
        let (into_client, for_client) = mpsc::unbounded_channel();
        let eve = Self {
            address,
            to_service: Heard::default(),
            to_client: Heard::default(),
            into_service,
            into_client,
            connections: Arc::default(),
        };
        let (to_service, to_client) = (eve.to_service.clone(), eve.to_client.clone());
        let connections = Arc::clone(&eve.connections);
        let for_service = Arc::new(tokio::sync::Mutex::new(for_service));
        let for_client = Arc::new(tokio::sync::Mutex::new(for_client));
        tokio::spawn(async move {
            while let Ok((client, _)) = front.accept().await {
                *connections.lock().unwrap() += 1;
                let server = TcpStream::connect(service).await.unwrap();
                let (from_client, into_client) = client.into_split();
                let (from_server, into_server) = server.into_split();
                let there =
                    hand_on(from_client, into_server, to_service.clone(), Arc::clone(&for_service));
                let back =
                    hand_on(from_server, into_client, to_client.clone(), Arc::clone(&for_client));
                // When one way ends, the connection does.
                tokio::spawn(async move {
                    tokio::select! {
                        () = there => {}
                        () = back => {}
                    }
                });
            }
        });
        eve
    }

    fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }
}

async fn between(kind: Kind) -> (ServiceHost, Counting, Eve, ClientChannel) {
    let (host, service) = host(kind.binding()).await;
    let eve = Eve::before(host.local_addresses()[0]).await;
    let own = format!("net.tcp://{}/calc", host.local_addresses()[0]);
    let factory = factory(kind.binding(), &host).via(format!("net.tcp://{}/calc", eve.address));
    let channel = factory.address(own).open_channel().await.unwrap_or_else(|e| panic!("{e}"));
    (host, service, eve, channel)
}

/// Calls until all strings of a call are known to both ends.
async fn warm_up(client: &CalculatorClient<&ClientChannel>) {
    for number in 0..4 {
        assert_eq!(client.add(f64::from(number), 1.0).await.unwrap(), f64::from(number) + 1.0);
    }
}

/// What comes back over a connection of the attacker's, until the service ends it.
async fn answers(service: SocketAddr, octets: &[u8]) -> Vec<Record> {
    let mut own = TcpStream::connect(service).await.unwrap();
    own.write_all(octets).await.unwrap();
    own.shutdown().await.unwrap();
    let (mut all, mut found) = (Vec::new(), Vec::new());
    let ended = tokio::time::timeout(Duration::from_secs(20), own.read_to_end(&mut all)).await;
    assert!(ended.is_ok(), "the service ends such a connection");
    let mut at = 0;
    while let Some((record, length)) = record(&all[at..]) {
        found.push(record);
        at += length;
    }
    found
}

/// The session of somebody else, sent once more from its first octet: nothing of it is executed, and the session stays where
/// it is.
#[tokio::test]
async fn a_session_that_is_sent_again_over_another_connection() {
    for reliable in [true, false] {
        let (host, service, eve, channel) = between(Kind::message(CERTIFICATE, reliable)).await;
        let client = CalculatorClient::new(&channel);
        warm_up(&client).await;
        let (before, connections) = (executed(&service), eve.connections());
        let again: Vec<u8> =
            eve.to_service.last_link().into_iter().flat_map(|(_, octets)| octets).collect();
        let answered = answers(host.local_addresses()[0], &again).await;
        // The preamble is taken, then an unsecured fault is all that is said.
        let messages = answered.iter().filter(|(kind, _)| *kind == 0x06).count();
        assert!(answered[0].0 == 0x0B && messages <= 1, "{messages} messages");
        // What the service says is no request either.
        let preamble = eve.to_service.last_link();
        let preamble = preamble.into_iter().take_while(|(kind, _)| *kind != 0x06);
        let says = eve.to_client.all().into_iter().filter(|(kind, _)| *kind == 0x06).skip(3);
        let back: Vec<u8> = preamble.chain(says).flat_map(|(_, octets)| octets).collect();
        let answered = answers(host.local_addresses()[0], &back).await;
        let messages = answered.iter().filter(|(kind, _)| *kind == 0x06).count();
        assert!(messages <= 1, "{messages} messages");
        assert_eq!(client.add(20.0, 1.0).await.unwrap(), 21.0);
        assert_eq!(executed(&service), before + 1);
        assert_eq!(eve.connections(), connections, "the session has kept its connection");
        channel.close().await.unwrap_or_else(|e| panic!("{e}"));
        assert!(host.close().await);
    }
}

/// A message that comes twice on its own connection is executed once. The client hears of it by a fault that nobody secured,
/// which ends its session, as at WCF: it is told why.
#[tokio::test]
async fn a_message_that_comes_twice_over_its_own_connection() {
    let (_host, service, eve, channel) = between(Kind::message(CERTIFICATE, true)).await;
    let client = CalculatorClient::new(&channel);
    warm_up(&client).await;
    let before = executed(&service);
    for _ in 0..3 {
        eve.into_service.send(eve.to_service.last_message()).unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut done = 0;
    for number in 0..5 {
        match client.add(f64::from(number), 2.0).await {
            Ok(sum) => {
                assert_eq!(sum, f64::from(number) + 2.0);
                done += 1;
            }
            Err(error) => {
                let error = error.to_string();
                assert!(error.contains("InvalidSecurity"), "{error}");
            }
        }
    }
    assert_eq!(executed(&service), before + done);
}

/// What the client said comes back to it, and what the service said comes again: no reply is taken for another's.
#[tokio::test]
async fn a_client_that_hears_itself_and_old_replies() {
    for reliable in [true, false] {
        let (host, _, eve, channel) = between(Kind::message(CERTIFICATE, reliable)).await;
        let client = CalculatorClient::new(&channel);
        warm_up(&client).await;
        for number in 10..15 {
            eve.into_client.send(eve.to_client.last_message()).unwrap();
            let sum = client.add(f64::from(number), 3.0).await;
            assert_eq!(sum.unwrap_or_else(|e| panic!("{e}")), f64::from(number) + 3.0);
        }
        channel.close().await.unwrap_or_else(|e| panic!("{e}"));
        assert!(host.close().await);
    }
}
