//! Streams in exchanges of HTTP (`basicHttpBinding`, `basicHttpsBinding`, `netHttpBinding`, `<httpTransport>`): chunked, in text,
//! MTOM and binary, never held at either end; who cuts, floods or trickles gets nothing.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use waxwing::binding::{Binding, Configuration, ServiceBehavior};
use waxwing::contract::MessageStream;
use waxwing::crypto::{Certificate, Identity};
use waxwing::net::HttpLimits;
use waxwing::net::memory::Memory;
use waxwing::{ChannelFactory, ServiceHost, ServiceHostBuilder, ServiceInstances};

use crate::common::pki;
use crate::kit::*;

const MODES: [&str; 3] = ["Streamed", "StreamedRequest", "StreamedResponse"];
const LARGE: &str = "maxReceivedMessageSize=\"1000000000\"";

fn binding(section: &str, inside: &str) -> Binding {
    let text = format!(
        "<configuration><system.serviceModel><bindings><{section}>{inside}</{section}></bindings></system.serviceModel>\
         </configuration>"
    );
    let file = Configuration::parse(&text).unwrap_or_else(|error| panic!("{error:?}"));
    file.binding(section, "B").expect("the binding")
}

/// `basicHttpBinding` with these attributes.
fn basic(attributes: &str) -> Binding {
    binding("basicHttpBinding", &format!("<binding name=\"B\" {attributes}/>"))
}

fn pem(name: &str) -> Vec<u8> {
    std::fs::read(pki().join(name)).unwrap()
}

struct Pair {
    host: ServiceHost,
    service: Service,
    factory: ChannelFactory,
}

async fn host(binding: Binding, own: &Service, limits: Option<HttpLimits>) -> ServiceHost {
    let scheme = match &binding {
        Binding::BasicHttps(_) => "https",
        _ => "http",
    };
    let (address, own) = (format!("{scheme}://127.0.0.1:0/streams"), own.clone());
    let mut builder = ServiceHostBuilder::new()
        .endpoint(binding, &address, &STREAMS_CONTRACT, ServiceBehavior::default())
        .unwrap_or_else(|error| panic!("{error}"))
        .certificate(
            Identity::from_pem(&[pem("service.cert.pem"), pem("service.key.pem")].concat())
                .unwrap(),
        );
    if let Some(limits) = limits {
        builder = builder.http_limits(limits);
    }
    let instances = ServiceInstances::per_session(move || StreamsService::new(own.clone()));
    builder.open(instances).await.unwrap_or_else(|error| panic!("{error}"))
}

async fn pair(service: Binding, client: Binding, own: Service) -> Pair {
    let host = host(service, &own, None).await;
    let scheme = if matches!(client, Binding::BasicHttps(_)) { "https" } else { "http" };
    let address = format!("{scheme}://localhost:{}/streams", host.local_addresses()[0].port());
    let factory = ChannelFactory::new(client, &address, &STREAMS_CONTRACT)
        .unwrap_or_else(|error| panic!("{error}"))
        .https_roots(Certificate::from_pem(&pem("ca.cert.pem")).unwrap());
    Pair { host, service: own, factory }
}

async fn both_ends(binding: impl Fn() -> Binding) {
    let Pair { host, service, factory } = pair(binding(), binding(), Service::default()).await;
    everything(&factory, &service).await;
    assert!(host.close().await, "everything has ended by itself");
}

#[tokio::test]
async fn text_and_mtom_in_every_mode() {
    for mode in MODES {
        for encoding in ["Text", "Mtom"] {
            both_ends(|| {
                basic(&format!("transferMode=\"{mode}\" messageEncoding=\"{encoding}\" {LARGE}"))
            })
            .await;
        }
    }
}

#[tokio::test]
async fn over_tls() {
    for encoding in ["Text", "Mtom"] {
        let inside = format!(
            "<binding name=\"B\" transferMode=\"Streamed\" messageEncoding=\"{encoding}\" {LARGE}/>"
        );
        both_ends(|| binding("basicHttpsBinding", &inside)).await;
    }
}

#[tokio::test]
async fn custom_bindings_with_addressing_and_binary_messages() {
    for encoding in ["<textMessageEncoding/>", "<mtomMessageEncoding/>", "<binaryMessageEncoding/>"]
    {
        let inside = format!(
            "<binding name=\"B\">{encoding}<httpTransport transferMode=\"Streamed\" {LARGE}/></binding>"
        );
        both_ends(|| binding("customBinding", &inside)).await;
    }
    let inside = format!("<binding name=\"B\" transferMode=\"Streamed\" {LARGE}/>");
    both_ends(|| binding("netHttpBinding", &inside)).await;
}

/// On the wire the modes are one: an end whose messages are whole understands every other.
#[tokio::test]
async fn ends_of_other_modes_understand_each_other() {
    let of = |mode: &str| match mode {
        "Buffered" => {
            basic(&format!("{LARGE} maxBufferSize=\"1000000000\" messageEncoding=\"Mtom\""))
        }
        mode => basic(&format!("transferMode=\"{mode}\" {LARGE} messageEncoding=\"Mtom\"")),
    };
    for (service, client) in [
        ("Buffered", "Streamed"),
        ("Streamed", "Buffered"),
        ("StreamedRequest", "StreamedResponse"),
        ("StreamedResponse", "StreamedRequest"),
    ] {
        let Pair { host, service, factory } =
            pair(of(service), of(client), Service::default()).await;
        everything(&factory, &service).await;
        assert!(host.close().await, "{client}");
    }
}

/// A transport of the program that has whole messages alone: streams are held in memory.
#[tokio::test]
async fn over_a_transport_without_pieces() {
    let (memory, service) = (Memory::new(), Service::default());
    let own = || basic(&format!("transferMode=\"Streamed\" {LARGE}"));
    let (address, instance) = ("http://streams.example/streams", service.clone());
    let host = ServiceHostBuilder::new()
        .endpoint(own(), address, &STREAMS_CONTRACT, ServiceBehavior::default())
        .unwrap()
        .listener(memory.clone())
        .open(ServiceInstances::per_session(move || StreamsService::new(instance.clone())))
        .await
        .unwrap();
    let factory = ChannelFactory::new(own(), address, &STREAMS_CONTRACT).unwrap();
    everything(&factory.transport(memory), &service).await;
    assert!(host.close().await);
}

/// 100 MB each way. What is on its way between the source and the reader is what the sockets of the system hold, and a few
/// pieces.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_of_100_megabytes_is_never_held() {
    const LENGTH: u64 = 100_000_000;
    const MOST: i64 = 24 << 20;
    for encoding in ["Text", "Mtom"] {
        let meter = Arc::new(Meter::default());
        let own = Service { meter: Some(Arc::clone(&meter)), ..Service::default() };
        let binding =
            || basic(&format!("transferMode=\"Streamed\" messageEncoding=\"{encoding}\" {LARGE}"));
        let Pair { host, factory, .. } = pair(binding(), binding(), own).await;
        let client = StreamsClient::new(factory.open_channel().await.unwrap());
        let source = Sevens { meter: Some(Arc::clone(&meter)), ..sevens(LENGTH) };
        assert_eq!(client.put(MessageStream::new(source)).await.unwrap(), LENGTH as i64);
        assert_eq!(meter.under_way.load(Ordering::SeqCst), 0);
        let up = meter.most.swap(0, Ordering::SeqCst);
        let mut got = client.get(LENGTH as i64).await.unwrap();
        // Who does not read lets the service wait.
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(drain(&mut got, Some(&meter)).await.unwrap(), LENGTH);
        let down = meter.most.load(Ordering::SeqCst);
        assert!(up < MOST && down < MOST, "{encoding}: {up} up, {down} down");
        drop(got);
        assert!(host.close().await);
    }
}

/// An answer that begins before the request is over: both run at the same time, and neither end waits for the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_echo_of_more_than_the_sockets_hold_runs_through() {
    for encoding in ["Text", "Mtom"] {
        let binding =
            || basic(&format!("transferMode=\"Streamed\" messageEncoding=\"{encoding}\" {LARGE}"));
        let Pair { host, factory, .. } = pair(binding(), binding(), Service::default()).await;
        let client = StreamsClient::new(factory.open_channel().await.unwrap());
        let mut echo = client.echo_stream(MessageStream::new(sevens(30_000_000))).await.unwrap();
        assert_eq!(drain(&mut echo, None).await.unwrap(), 30_000_000);
        assert!(host.close().await);
    }
}

fn streamed() -> Binding {
    basic(&format!("transferMode=\"Streamed\" messageEncoding=\"Mtom\" {LARGE}"))
}

async fn failure(service: &Service) -> String {
    let seen = async {
        loop {
            let failures = service.failures.lock().unwrap().clone();
            if let Some(first) = failures.first() {
                break first.clone();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), seen).await.expect("it was seen")
}

#[tokio::test]
async fn a_source_that_fails_is_told_at_both_ends() {
    let Pair { host, service, factory } = pair(streamed(), streamed(), Service::default()).await;
    let client = StreamsClient::new(factory.open_channel().await.unwrap());
    // The client's.
    let failing = MessageStream::new(Sevens { fails: true, ..sevens(1_000_000) });
    let error = client.put(failing).await.unwrap_err().to_string();
    assert!(error.contains("could not be read: the disk is gone"), "{error}");
    let seen = failure(&service).await;
    assert!(seen.starts_with("UnexpectedEof: the stream broke off before its end"), "{seen}");
    // The service's: never taken for a shorter stream.
    let mut got = client.get(-1_000_000).await.unwrap();
    let error = drain(&mut got, None).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{error}");
    assert!(error.to_string().starts_with("the stream broke off before its end"), "{error}");
    // The channel goes on: each exchange stands by itself.
    assert_eq!(client.put(MessageStream::new(sevens(10))).await.unwrap(), 10);
    // An operation that fails is told, too: its fault is no stream.
    let error = client.first(MessageStream::new(sevens(1))).await.unwrap_err();
    assert!(error.fault().is_some(), "{error}");
    assert!(host.close().await);
}

#[tokio::test]
async fn who_drops_a_stream_breaks_it_off() {
    let Pair { host, factory, .. } = pair(streamed(), streamed(), Service::default()).await;
    let client = StreamsClient::new(factory.open_channel().await.unwrap());
    // At the client.
    let mut got = client.get(1 << 40).await.unwrap();
    let mut first = [0; 1000];
    got.read_exact(&mut first).await.unwrap();
    drop(got);
    // At the service, which answers all the same.
    let answer = client.first(MessageStream::new(sevens(50_000_000))).await;
    assert_eq!(answer.unwrap_or_else(|error| panic!("{error}")), [0, 7, 14]);
    assert_eq!(client.put(MessageStream::new(sevens(10))).await.unwrap(), 10);
    assert!(host.close().await, "nothing is left of them");
}

#[tokio::test]
async fn a_message_is_no_larger_than_it_may_be() {
    for encoding in ["Text", "Mtom"] {
        let small = || {
            basic(&format!(
                "transferMode=\"Streamed\" messageEncoding=\"{encoding}\" maxReceivedMessageSize=\"200000\""
            ))
        };
        let Pair { host, service, factory } = pair(small(), small(), Service::default()).await;
        let client = StreamsClient::new(factory.open_channel().await.unwrap());
        assert_eq!(client.put(MessageStream::new(sevens(90_000))).await.unwrap(), 90_000);
        // The service's limit.
        client.put(MessageStream::new(sevens(2_000_000))).await.expect_err("it is too large");
        let seen = failure(&service).await;
        assert!(seen.starts_with("FileTooLarge: ") && seen.contains("200000"), "{seen}");
        // The client's.
        let mut got = client.get(400_000).await.unwrap();
        let error = drain(&mut got, None).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge, "{error}");
        assert!(host.close().await);
    }
}

/// What a client of ours says over TCP.
#[tokio::test]
async fn a_stream_is_chunked_and_what_is_held_is_not() {
    for (mode, chunked) in [("Streamed", true), ("StreamedResponse", false)] {
        let front = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/streams", front.local_addr().unwrap());
        let own = basic(&format!("transferMode=\"{mode}\" {LARGE}"));
        let factory = ChannelFactory::new(own, &address, &STREAMS_CONTRACT).unwrap();
        let call = tokio::spawn(async move {
            let client = StreamsClient::new(factory.open_channel().await.unwrap());
            client.put(MessageStream::new(sevens(1000))).await.map_err(|error| error.to_string())
        });
        let (mut peer, _) = front.accept().await.unwrap();
        let (mut heard, mut octets) = (Vec::new(), [0; 4096]);
        while !String::from_utf8_lossy(&heard).contains("</s:Envelope>") {
            let read = peer.read(&mut octets).await.unwrap();
            assert_ne!(read, 0);
            heard.extend_from_slice(&octets[..read]);
        }
        let heard = String::from_utf8_lossy(&heard).to_ascii_lowercase();
        assert_eq!(heard.contains("transfer-encoding: chunked"), chunked, "{heard}");
        assert_eq!(heard.contains("content-length: "), !chunked, "{heard}");
        assert!(
            heard.contains("soapaction: \"http://microsoft.servicemodel.samples/istreams/put\"")
        );
        let body = "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><PutResponse \
                    xmlns=\"http://Microsoft.ServiceModel.Samples\"><PutResult>1000</PutResult></PutResponse></s:Body></s:Envelope>";
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        peer.write_all(answer.as_bytes()).await.unwrap();
        assert_eq!(call.await.unwrap(), Ok(1000), "{mode}");
    }
}

/// A request by hand: its head, and what is sent of its body.
async fn by_hand(to: SocketAddr, headers: &str, body: &[u8], ends: bool) -> String {
    let mut peer = TcpStream::connect(to).await.unwrap();
    let head = format!("POST /streams HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
    peer.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
    if ends {
        peer.shutdown().await.unwrap();
    }
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(30), peer.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn chunk(octets: &str) -> String {
    format!("{:x}\r\n{octets}\r\n", octets.len())
}

const PUT: &str = "Content-Type: text/xml; charset=utf-8\r\nSOAPAction: \"http://Microsoft.ServiceModel.Samples/IStreams/Put\"\r\nConnection: close\r\n";
const BEFORE: &str = "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><Put xmlns=\"http://Microsoft.ServiceModel.Samples\"><data>";
const BEHIND: &str = "</data></Put></s:Body></s:Envelope>";

/// What foreign clients send, whole and in pieces; what is refused, and how.
#[tokio::test]
async fn requests_by_hand() {
    let service = Service::default();
    let own = basic(&format!("transferMode=\"Streamed\" {LARGE} maxBufferSize=\"20000\""));
    let host = host(own, &service, None).await;
    let to = host.local_addresses()[0];
    let whole = format!("{BEFORE}AAcO{BEHIND}");
    let length = |body: &str| format!("{PUT}Content-Length: {}\r\n", body.len());
    let answer = by_hand(to, &length(&whole), whole.as_bytes(), false).await;
    assert!(answer.contains("200 OK") && answer.contains("<PutResult>3<"), "{answer}");
    let chunks: String = whole.split_inclusive('>').map(chunk).collect::<String>() + "0\r\n\r\n";
    let chunked = format!("{PUT}Transfer-Encoding: chunked\r\n");
    let answer = by_hand(to, &chunked, chunks.as_bytes(), false).await;
    assert!(answer.contains("200 OK") && answer.contains("<PutResult>3<"), "{answer}");
    assert!(service.failures.lock().unwrap().is_empty());
    // Another content type, no XML, an empty body, another action, a head that does not end, a length that is too much.
    let other = length(&whole).replace("text/xml", "application/soap+xml");
    assert!(by_hand(to, &other, whole.as_bytes(), false).await.contains(" 415 "));
    let wrong = "<s:Envelope xmlns:s=\"urn:s\"><s:Body></s:Envelope>".to_owned();
    assert!(by_hand(to, &length(&wrong), wrong.as_bytes(), false).await.contains(" 400 "));
    assert!(by_hand(to, &length(""), b"", false).await.contains(" 400 "));
    let large = format!("<s:Envelope>{}", "<a>".repeat(20_000));
    assert!(by_hand(to, &length(&large), large.as_bytes(), false).await.contains(" 400 "));
    let much = format!("{PUT}Content-Length: 2000000000\r\n");
    assert!(by_hand(to, &much, b"", false).await.contains(" 413 "));
    let named = length(&whole).replace("/Put\"", "/Get\"");
    let answer = by_hand(to, &named, whole.as_bytes(), false).await;
    assert!(!answer.contains("PutResult"), "{answer}");
    assert!(service.failures.lock().unwrap().is_empty(), "no operation has begun");
    // What is cut off, in the middle of a stream, or behind its last octet, is no shorter stream.
    for cut in
        [format!("{BEFORE}AAcO"), format!("{BEFORE}AAcO{BEHIND}"), format!("{BEFORE}AAcO</data>")]
    {
        service.failures.lock().unwrap().clear();
        by_hand(to, &chunked, chunk(&cut).as_bytes(), true).await;
        let seen = failure(&service).await;
        assert!(seen.starts_with("UnexpectedEof: the stream broke off"), "{seen}");
    }
    // Something behind the stream, and something in it.
    for (body, expected) in [
        (
            format!("{BEFORE}AAcO</data><more/></Put></s:Body></s:Envelope>"),
            "stands behind the stream",
        ),
        (format!("{BEFORE}AAcO<x/>{BEHIND}"), "stands in a stream of octets"),
        (format!("{BEFORE}AA*O{BEHIND}"), "no base64"),
    ] {
        service.failures.lock().unwrap().clear();
        by_hand(to, &length(&body), body.as_bytes(), false).await;
        let seen = failure(&service).await;
        assert!(seen.starts_with("InvalidData: ") && seen.contains(expected), "{seen}");
    }
    assert!(host.close().await);
}

/// A peer that sends one octet now and then, and one that takes none of an answer: each loses its own exchange, and the operation
/// is told.
#[tokio::test]
async fn who_trickles_is_not_waited_for() {
    let service = Service::default();
    let mut limits = HttpLimits::default();
    (limits.min_rate, limits.grace) = (100_000, Duration::from_millis(400));
    limits.stall_timeout = Duration::from_secs(2);
    let own = basic(&format!("transferMode=\"Streamed\" {LARGE}"));
    let host = host(own, &service, Some(limits)).await;
    let to = host.local_addresses()[0];
    let mut peer = TcpStream::connect(to).await.unwrap();
    let head = format!(
        "POST /streams HTTP/1.1\r\nHost: localhost\r\n{PUT}Transfer-Encoding: chunked\r\n\r\n"
    );
    peer.write_all((head + &chunk(BEFORE)).as_bytes()).await.unwrap();
    let trickling = async {
        // The connection ends while it is being written to.
        for at in (0..).step_by(3) {
            let octets = STANDARD.encode(expected(at, 3));
            if peer.write_all(chunk(&octets).as_bytes()).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), trickling).await.expect("it was cut off");
    let seen = failure(&service).await;
    assert!(seen.contains("too slowly") || seen.contains("broke off"), "{seen}");
    // Who reads nothing of a large answer.
    let mut peer = TcpStream::connect(to).await.unwrap();
    let get = "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><Get xmlns=\"http://Microsoft.ServiceModel.Samples\"><length>900000000</length></Get></s:Body></s:Envelope>";
    let head = format!(
        "POST /streams HTTP/1.1\r\nHost: localhost\r\n{}Content-Length: {}\r\n\r\n{get}",
        PUT.replace("/Put\"", "/Get\""),
        get.len()
    );
    peer.write_all(head.as_bytes()).await.unwrap();
    assert!(host.close().await, "nothing waits for it");
}
