//! WebSockets over loopback: both ends through the HTTP of a host.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use waxwing_session::{TransportCause, TransportFailure};

use crate::future::BoxFuture;
use crate::net::http::{HttpLimits, HttpListener, HttpSettings, WebSocketDialer};
use crate::net::link::{
    Dial, Link, LinkAbout, LinkDialer, LinkLimits, LinkReceiver, LinkRefusal, OfferedLink,
};
use crate::net::listener::{HostNames, Incoming, Listener, Listening, Receiver, Reply, Route};

const BINARY: &str = "application/soap+msbinsession1";

/// Sends back what comes, or accepts nothing.
struct Echo {
    refuses: Option<LinkRefusal>,
    callers: Mutex<Vec<LinkAbout>>,
}

impl Receiver for Echo {
    fn max_message(&self) -> usize {
        70_000
    }

    fn links(self: Arc<Self>) -> Option<Arc<dyn LinkReceiver>> {
        Some(self)
    }

    fn receive(self: Arc<Self>, _: Incoming) -> BoxFuture<'static, Reply> {
        Box::pin(async { Reply::Accepted })
    }
}

impl LinkReceiver for Echo {
    fn content_type(&self) -> &str {
        BINARY
    }

    fn limits(&self) -> LinkLimits {
        LinkLimits { max_message: 70_000, ..LinkLimits::default() }
    }

    fn offered(self: Arc<Self>, link: Box<dyn OfferedLink>) -> BoxFuture<'static, ()> {
        self.callers.lock().unwrap().push(link.about().clone());
        Box::pin(async move {
            if let Some(why) = self.refuses {
                return link.refuse(why).await;
            }
            let Ok(mut link) = link.accept().await else { return };
            while let Ok(Some(message)) = link.input.receive().await {
                if link.output.send(message).await.is_err() {
                    return;
                }
            }
            let _ = link.output.close().await;
        })
    }
}

struct Host {
    endpoint: Arc<Echo>,
    port: u16,
    listening: Vec<Box<dyn Listening>>,
}

async fn host(refuses: Option<LinkRefusal>) -> Host {
    host_with(refuses, HttpLimits::default()).await
}

async fn host_with(refuses: Option<LinkRefusal>, limits: HttpLimits) -> Host {
    let endpoint = Arc::new(Echo { refuses, callers: Mutex::default() });
    let (receiver, address) = (Arc::clone(&endpoint), "http://127.0.0.1:0/calc".to_owned());
    let route = Route { address, receiver, tls: None, hosts: HostNames::default() };
    let listener = HttpListener::new(limits);
    let listening = listener.listen(vec![route]).await.unwrap();
    let port = listening[0].local_address().unwrap().port();
    Host { endpoint, port, listening }
}

async fn dial_with(
    host: &Host,
    sub_protocol: &str,
    content_type: &str,
) -> Result<Link, TransportFailure> {
    let dialer =
        WebSocketDialer::new(HttpSettings::default(), sub_protocol, Duration::from_millis(100));
    let via = format!("ws://127.0.0.1:{}/calc", host.port);
    dialer.dial(Dial::new(&via, content_type, 1 << 20)).await
}

async fn dial(host: &Host) -> Result<Link, TransportFailure> {
    dial_with(host, "soap", BINARY).await
}

#[tokio::test]
async fn messages_go_both_ways_and_the_host_waits_for_the_end() {
    let mut host = host(None).await;
    let mut link = dial(&host).await.unwrap();
    for size in [1, 125, 126, 65_536, 70_000] {
        let message = Bytes::from(vec![7; size]);
        link.output.send(message.clone()).await.unwrap();
        assert_eq!(link.input.receive().await.unwrap(), Some(message), "{size}");
    }
    let about = host.endpoint.callers.lock().unwrap()[0].clone();
    assert_eq!(about.via, format!("http://127.0.0.1:{}/calc", host.port));
    assert_eq!(about.content_type, BINARY);
    let listening = host.listening.pop().unwrap();
    let closing = tokio::spawn(listening.shutdown(Duration::from_secs(20)));
    tokio::time::sleep(Duration::from_millis(100)).await;
    link.output.send_all(vec!["a".into(), "b".into()]).await.unwrap();
    assert_eq!(link.input.receive().await.unwrap().as_deref(), Some(&b"a"[..]));
    assert_eq!(link.input.receive().await.unwrap().as_deref(), Some(&b"b"[..]));
    link.output.close().await.unwrap();
    assert_eq!(link.input.receive().await.unwrap(), None);
    drop(link);
    assert!(closing.await.unwrap(), "it ended by itself");
}

#[tokio::test]
async fn what_is_too_large_or_aborted_breaks_the_link() {
    let host = host(None).await;
    let mut link = dial(&host).await.unwrap();
    link.output.send(Bytes::from(vec![0; 70_001])).await.unwrap();
    assert_eq!(link.input.receive().await.unwrap_err().cause, TransportCause::Broken);
    let mut link = dial(&host).await.unwrap();
    link.abort.abort();
    assert_eq!(link.input.receive().await.unwrap_err().cause, TransportCause::Broken);
    assert!(link.output.send("x".into()).await.is_err());
}

#[tokio::test]
async fn what_is_refused_is_told() {
    for (refuses, cause) in [
        (LinkRefusal::Busy, TransportCause::Busy),
        (LinkRefusal::NotFound, TransportCause::NotFound),
        (LinkRefusal::Forbidden, TransportCause::AccessDenied),
    ] {
        let host = host(Some(refuses)).await;
        assert_eq!(dial(&host).await.unwrap_err().cause, cause);
    }
    let host = host(None).await;
    let other = dial_with(&host, "other", BINARY).await.unwrap_err();
    assert_eq!(other.cause, TransportCause::Framing);
    assert!(other.reason.contains("sub-protocol 'soap'"), "{}", other.reason);
    let other = dial_with(&host, "soap", "application/soap+xml; charset=utf-8").await.unwrap_err();
    assert_eq!(other.cause, TransportCause::MediaType);
    assert!(host.endpoint.callers.lock().unwrap().is_empty());
}

/// A handshake by hand; what follows are frames.
async fn shaken(host: &Host) -> TcpStream {
    let mut stream =
        TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], host.port))).await.unwrap();
    let request = format!(
        "GET /calc HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: soap\r\n\
         soap-content-type: {BINARY}\r\nmicrosoft-binary-transfer-mode: Buffered\r\n\r\n",
        host.port
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    stream
}

/// The head of a masked binary frame of 60,000 octets, which are as they are.
const HEAD_OF_60000: [u8; 8] = [0x82, 0x80 | 126, 0xea, 0x60, 0, 0, 0, 0];

/// Whether the peer ends the connection within this time.
async fn is_ended(stream: &mut TcpStream, within: Duration) -> bool {
    let mut all = Vec::new();
    tokio::time::timeout(within, stream.read_to_end(&mut all)).await.is_ok()
}

#[tokio::test]
async fn a_message_that_comes_too_slowly_ends_the_link() {
    let limits =
        HttpLimits { grace: Duration::from_millis(300), min_rate: 1000, ..HttpLimits::default() };
    let host = host_with(None, limits).await;
    // One that has said nothing yet is no slow one, nor is one that has said everything.
    let mut idle = shaken(&host).await;
    let mut slow = shaken(&host).await;
    slow.write_all(&HEAD_OF_60000).await.unwrap();
    slow.write_all(&[7; 100]).await.unwrap();
    assert!(is_ended(&mut slow, Duration::from_secs(10)).await);
    // A head that does not end is slow, too; so is a message in many small frames.
    let mut head = shaken(&host).await;
    head.write_all(&HEAD_OF_60000[..3]).await.unwrap();
    assert!(is_ended(&mut head, Duration::from_secs(10)).await);
    let mut small = shaken(&host).await;
    let trickle = async {
        small.write_all(&[0x02, 0x80, 0, 0, 0, 0]).await?;
        loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            small.write_all(&[0x00, 0x81, 0, 0, 0, 0, 7]).await?;
        }
    };
    let ended: Result<std::io::Result<()>, _> =
        tokio::time::timeout(Duration::from_secs(20), trickle).await;
    assert!(ended.expect("it is ended").is_err());
    idle.write_all(&[0x82, 0x81, 0, 0, 0, 0, b'x']).await.unwrap();
    let mut echo = [0; 3];
    idle.read_exact(&mut echo).await.unwrap();
    assert_eq!(&echo, b"\x82\x01x");
}

/// Messages that have come in part take of the memory of all; who holds it up makes way.
#[tokio::test]
async fn messages_that_come_in_part_share_the_memory_of_all() {
    let host = host_with(None, HttpLimits { max_buffered: 1, ..HttpLimits::default() }).await;
    // Two of the largest fit.
    let mut stalled = Vec::new();
    for _ in 0..5 {
        let mut stream = shaken(&host).await;
        stream.write_all(&HEAD_OF_60000).await.unwrap();
        stream.write_all(&[7; 59_999]).await.unwrap();
        stalled.push(stream);
    }
    let mut ended = 0;
    for stream in &mut stalled {
        ended += usize::from(is_ended(stream, Duration::from_secs(5)).await);
    }
    assert!(ended > 0, "somebody had to make way");
    let mut whole = shaken(&host).await;
    whole.write_all(&HEAD_OF_60000).await.unwrap();
    whole.write_all(&[7; 60_000]).await.unwrap();
    let mut echo = vec![0; 60_004];
    let read = tokio::time::timeout(Duration::from_secs(10), whole.read_exact(&mut echo)).await;
    read.expect("in time").unwrap();
    assert!(echo.starts_with(&[0x82, 126, 0xea, 0x60, 7]));
}

/// What comes after the peer's Close is not taken, and the connection ends.
#[tokio::test]
async fn nothing_is_taken_after_the_close_of_the_peer() {
    let host = host(None).await;
    let mut stream = shaken(&host).await;
    let close = [0x88, 0x82, 0, 0, 0, 0, 3, 0xe8];
    stream.write_all(&close).await.unwrap();
    stream.write_all(&[0x82, 0x81, 0, 0, 0, 0, b'x']).await.unwrap();
    let mut all = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut all)).await;
    let _ = read.expect("the connection ends");
    assert!(all.is_empty() || all == [0x88, 2, 3, 0xe8], "{all:?}");
}

/// By hand, octet for octet: fragments, a ping among them, text, and an end without a word.
#[tokio::test]
async fn frames_of_other_clients() {
    let host = host(None).await;
    let mut stream =
        TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], host.port))).await.unwrap();
    let request = format!(
        "GET /calc HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: soap\r\n\
         soap-content-type: {BINARY}\r\nmicrosoft-binary-transfer-mode: buffered\r\n\r\n",
        host.port
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 101 switching protocols\r\n"), "{head}");
    assert!(head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n"), "{head}");
    assert!(head.contains("sec-websocket-protocol: soap\r\n"), "{head}");
    // Masked with zeros, so that octets are as they are.
    let frame = |first: u8, octets: &[u8]| {
        [&[first, 0x80 | octets.len() as u8, 0, 0, 0, 0], octets].concat()
    };
    let sent = [frame(0x02, b"he"), frame(0x89, b"p"), frame(0x80, b"llo"), frame(0x81, b"text")];
    stream.write_all(&sent.concat()).await.unwrap();
    let mut came = vec![0; 3 + 7 + 6];
    stream.read_exact(&mut came).await.unwrap();
    assert_eq!(came, b"\x8a\x01p\x82\x05hello\x82\x04text");
    stream.write_all(&frame(0x88, b"\x03\xe8")).await.unwrap();
    let mut close = [0; 4];
    stream.read_exact(&mut close).await.unwrap();
    assert_eq!(&close, b"\x88\x02\x03\xe8");
    // Who asks for no WebSocket is answered as ever, and what is no frame ends the connection.
    let mut stream =
        TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], host.port))).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.write_all(&[0xff; 20]).await.unwrap();
    let mut all = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut all)).await;
    ended.expect("it is ended").ok();
}
