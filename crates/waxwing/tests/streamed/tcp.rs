//! Streams over net.tcp: octets go out as they are read, and are read as they come in; in every encoding.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use waxwing::binding::{
    Binding, Configuration, NetTcpBinding, SecurityMode, ServiceBehavior, TransferMode,
};
use waxwing::contract::MessageStream;
use waxwing::net::memory::Memory;
use waxwing::soap::encoder::{Binary, Compression, Decoder};
use waxwing::soap::framing::{FramingLimits, Record, RecordDecoder};
use waxwing::xml::Limits;
use waxwing::{ChannelFactory, ServiceHost, ServiceHostBuilder, ServiceInstances};

use crate::common::pki;
use crate::kit::*;

fn binding(mode: TransferMode) -> NetTcpBinding {
    NetTcpBinding::new(SecurityMode::None, false)
        .transfer_mode(mode)
        .max_received_message_size(1_u64 << 30)
        .max_buffer_size(if mode == TransferMode::Buffered { 1 << 30 } else { 65_536_u32 })
}

struct Pair {
    host: ServiceHost,
    service: Service,
    factory: ChannelFactory,
}

async fn over_tcp(service: impl Into<Binding>, client: impl Into<Binding>, own: Service) -> Pair {
    let host = host(service, "net.tcp://127.0.0.1:0/streams", own.clone(), |builder| builder).await;
    let address = format!("net.tcp://{}/streams", host.local_addresses()[0]);
    let factory = ChannelFactory::new(client, &address, &STREAMS_CONTRACT).unwrap();
    Pair { host, service: own, factory }
}

async fn host(
    binding: impl Into<Binding>,
    address: &str,
    own: Service,
    with: impl FnOnce(ServiceHostBuilder) -> ServiceHostBuilder,
) -> ServiceHost {
    let builder = ServiceHostBuilder::new()
        .endpoint(binding, address, &STREAMS_CONTRACT, ServiceBehavior::default())
        .unwrap();
    with(builder)
        .open(ServiceInstances::per_session(move || StreamsService::new(own.clone())))
        .await
        .unwrap()
}

async fn pair(mode: TransferMode) -> Pair {
    over_tcp(binding(mode), binding(mode), Service::default()).await
}

#[tokio::test]
async fn streams_both_ways_in_every_mode() {
    use TransferMode::*;
    for mode in [Streamed, StreamedRequest, StreamedResponse] {
        let Pair { host, service, factory } = pair(mode).await;
        everything(&factory, &service).await;
        assert!(host.close().await, "everything has ended by itself");
    }
}

fn custom(inside: &str, mode: TransferMode) -> Binding {
    let text = format!(
        "<configuration><system.serviceModel><bindings><customBinding><binding name=\"B\">{inside}<tcpTransport \
         transferMode=\"{mode}\" maxReceivedMessageSize=\"1000000000\"/></binding></customBinding></bindings>\
         </system.serviceModel></configuration>"
    );
    let file = Configuration::parse(&text).unwrap_or_else(|error| panic!("{error:?}"));
    file.binding("customBinding", "B").expect("the binding")
}

/// Text, and MTOM whose header stands in the message.
#[tokio::test]
async fn streams_in_text_and_mtom() {
    use TransferMode::*;
    for encoding in ["<textMessageEncoding/>", "<mtomMessageEncoding/>"] {
        for mode in [Streamed, StreamedRequest, StreamedResponse] {
            let own = || custom(encoding, mode);
            let Pair { host, service, factory } = over_tcp(own(), own(), Service::default()).await;
            everything(&factory, &service).await;
            assert!(host.close().await, "{encoding} {mode}");
        }
    }
    // Who has another encoding is told so.
    let (text, mtom) =
        (custom("<textMessageEncoding/>", Streamed), custom("<mtomMessageEncoding/>", Streamed));
    let Pair { host, factory, .. } = over_tcp(text, mtom, Service::default()).await;
    let client = StreamsClient::new(factory.create_channel().unwrap());
    let error = client.get(5).await.unwrap_err().to_string();
    assert!(error.contains("Compare the encodings of the two bindings"), "{error}");
    host.close().await;
}

/// The contract is the same where messages are whole: the octets are held in memory.
#[tokio::test]
async fn streams_where_messages_are_whole() {
    let Pair { host, service, factory } = pair(TransferMode::Buffered).await;
    everything(&factory, &service).await;
    assert!(host.close().await);
}

#[tokio::test]
async fn streams_in_memory() {
    let memory = Memory::new();
    let (mode, address) = (TransferMode::Streamed, "net.tcp://streams.example/streams");
    let service = Service::default();
    let host =
        host(binding(mode), address, service.clone(), |builder| builder.listener(memory.clone()))
            .await;
    let factory = ChannelFactory::new(binding(mode), address, &STREAMS_CONTRACT).unwrap();
    everything(&factory.dialer(memory), &service).await;
    assert!(host.close().await);
}

/// The quota is that of the whole message, whatever pieces it comes in.
#[tokio::test]
async fn a_stream_in_memory_is_no_larger_than_it_may_be() {
    let memory = Memory::new();
    let binding = || binding(TransferMode::Streamed).max_received_message_size(100_000_u64);
    let address = "net.tcp://streams.example/streams";
    let service = Service::default();
    let host =
        host(binding(), address, service.clone(), |builder| builder.listener(memory.clone())).await;
    let factory = ChannelFactory::new(binding(), address, &STREAMS_CONTRACT).unwrap();
    let client = StreamsClient::new(factory.dialer(memory).open_channel().await.unwrap());
    assert_eq!(client.put(MessageStream::new(sevens(90_000))).await.unwrap(), 90_000);
    client.put(MessageStream::new(sevens(2_000_000))).await.unwrap_err();
    let failures = service.failures.lock().unwrap().clone();
    assert!(failures.iter().any(|failure| failure.contains("100000")), "{failures:?}");
    let mut got = client.get(200_000).await.unwrap();
    let error = drain(&mut got, None).await.unwrap_err();
    assert!(error.to_string().contains("MaxReceivedMessageSize"), "{error}");
    assert!(host.close().await);
}

/// 200 MB each way. What is on its way between the source and the reader is what the sockets of the system hold, and a few
/// pieces.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_of_200_megabytes_is_never_held() {
    const LENGTH: u64 = 200_000_000;
    const MOST: i64 = 24 << 20;
    let meter = Arc::new(Meter::default());
    let own = Service { meter: Some(Arc::clone(&meter)), ..Service::default() };
    let mode = TransferMode::Streamed;
    let Pair { host, factory, .. } = over_tcp(binding(mode), binding(mode), own).await;
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
    assert!(up < MOST && down < MOST, "{up} up, {down} down");
    drop(got);
    assert!(host.close().await);
}

/// An answer that begins before the request is over: both run at the same time, and neither end waits for the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_echo_of_more_than_the_sockets_hold_runs_through() {
    let Pair { host, factory, .. } = pair(TransferMode::Streamed).await;
    let client = StreamsClient::new(factory.open_channel().await.unwrap());
    let mut echo = client.echo_stream(MessageStream::new(sevens(40_000_000))).await.unwrap();
    assert_eq!(drain(&mut echo, None).await.unwrap(), 40_000_000);
    assert!(host.close().await);
}

/// Of the streams that an operation has read.
async fn first_failure(service: &Service) -> String {
    let seen = async {
        loop {
            let failures = service.failures.lock().unwrap().clone();
            if let Some(first) = failures.first() {
                break first.clone();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), seen).await.expect("it was seen")
}

#[tokio::test]
async fn a_source_that_fails_is_told_at_both_ends() {
    let Pair { host, service, factory } = pair(TransferMode::Streamed).await;
    let client = StreamsClient::new(factory.open_channel().await.unwrap());
    // The client's.
    let failing = MessageStream::new(Sevens { fails: true, ..sevens(1_000_000) });
    let error = client.put(failing).await.unwrap_err().to_string();
    assert!(error.contains("could not be read: the disk is gone"), "{error}");
    let seen = first_failure(&service).await;
    assert!(seen.starts_with("UnexpectedEof: the stream broke off before its end"), "{seen}");
    // The service's: never taken for a shorter stream.
    let mut got = client.get(-1_000_000).await.unwrap();
    let error = drain(&mut got, None).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{error}");
    assert!(error.to_string().starts_with("the stream broke off before its end"), "{error}");
    // The channel goes on: each exchange has its own connection.
    assert_eq!(client.put(MessageStream::new(sevens(10))).await.unwrap(), 10);
    assert!(host.close().await);
}

#[tokio::test]
async fn who_drops_a_stream_breaks_it_off() {
    let Pair { host, factory, .. } = pair(TransferMode::Streamed).await;
    let client = StreamsClient::new(factory.open_channel().await.unwrap());
    // At the client.
    let mut got = client.get(1 << 40).await.unwrap();
    let mut first = [0; 1000];
    got.read_exact(&mut first).await.unwrap();
    drop(got);
    // At the service, which answers all the same.
    let answer = client.first(MessageStream::new(sevens(50_000_000))).await;
    match answer {
        Ok(first) => assert_eq!(first, [0, 7, 14]),
        Err(error) => panic!("{error}"),
    }
    assert_eq!(client.put(MessageStream::new(sevens(10))).await.unwrap(), 10);
    assert!(host.close().await, "nothing is left of them");
}

#[tokio::test]
async fn a_message_is_no_larger_than_it_may_be() {
    let small = |mode| binding(mode).max_received_message_size(100_000_u64);
    let mode = TransferMode::Streamed;
    let Pair { host, service, factory } =
        over_tcp(small(mode), small(mode), Service::default()).await;
    let client = StreamsClient::new(factory.open_channel().await.unwrap());
    assert_eq!(client.put(MessageStream::new(sevens(90_000))).await.unwrap(), 90_000);
    // The service's limit.
    let error = client.put(MessageStream::new(sevens(2_000_000))).await.unwrap_err().to_string();
    let text = "The maximum message size quota for incoming messages has been exceeded for the remote channel.";
    assert!(error.contains(text), "{error}");
    let seen = first_failure(&service).await;
    assert!(seen.contains("100000"), "{seen}");
    // The client's.
    let mut got = client.get(200_000).await.unwrap();
    let error = drain(&mut got, None).await.unwrap_err();
    assert!(error.to_string().contains("MaxReceivedMessageSize"), "{error}");
    assert!(host.close().await);
}

#[tokio::test]
async fn ends_of_other_modes_are_told_apart() {
    use TransferMode::*;
    for (service, client) in [(Streamed, Buffered), (Buffered, Streamed)] {
        let Pair { host, factory, .. } =
            over_tcp(binding(service), binding(client), Service::default()).await;
        let client = StreamsClient::new(factory.create_channel().unwrap());
        let error = client.get(5).await.unwrap_err().to_string();
        assert!(error.contains("Compare transferMode of the two bindings"), "{error}");
        host.close().await;
    }
}

/// The captured client of WCF, octet for octet; what our service says is what WCF's said.
#[tokio::test]
async fn the_captured_client_gets_the_captured_answers() {
    let flow = scenario("tcp-streamed");
    let service = Service::default();
    let host = host(
        binding(TransferMode::Streamed),
        "net.tcp://127.0.0.1:0/calc",
        service.clone(),
        |builder| builder,
    )
    .await;
    let (asked, answered) = (stream(&flow, "c001.client"), stream(&flow, "c001.server"));
    let mut connection = TcpStream::connect(host.local_addresses()[0]).await.unwrap();
    // Each exchange is sent when the one before is over, as WCF's client does.
    let (mut decoder, mut left, mut from) = (RecordDecoder::new(limits()), &asked[..], 0);
    let mut own = Vec::new();
    let mut buffer = vec![0; 64 << 10];
    while let Some(record) = decoder.read(&mut left).unwrap() {
        if record != Record::End {
            continue;
        }
        let to = asked.len() - left.len();
        connection.write_all(&asked[from..to]).await.unwrap();
        from = to;
        let mut exchange = Vec::new();
        while !exchange.ends_with(&[0x07]) || records(&exchange).is_none() {
            let read = connection.read(&mut buffer).await.unwrap();
            assert_ne!(read, 0, "the connection is used again");
            exchange.extend_from_slice(&buffer[..read]);
        }
        own.extend(exchange);
    }
    let (own, answered) = (records(&own).unwrap(), records(&answered).unwrap());
    assert_eq!(own.len(), answered.len());
    let mut messages = 0;
    for (own, answered) in own.into_iter().zip(answered) {
        let (Record::SizedEnvelope(own), Record::SizedEnvelope(answered)) = (&own, &answered)
        else {
            assert_eq!(own, answered);
            continue;
        };
        messages += 1;
        // How an echo is cut depends on how the octets came in; all the rest is the same to the octet.
        if messages == 3 {
            assert_eq!(text(own), text(answered));
        } else {
            assert!(own == answered, "message {messages}: {} {}", text(own), text(answered));
        }
    }
    assert_eq!(messages, 3);
    drop(connection);
    assert!(host.close().await);
    assert_eq!(service.dropped.load(Ordering::SeqCst), 500);
}

fn text(octets: &[u8]) -> String {
    let mut binary = Binary { limits: Limits::SOAP, compression: Compression::None };
    binary.read("application/soap+msbin1", octets).expect("a message").document().to_xml()
}

fn limits() -> FramingLimits {
    FramingLimits::default().with_envelope(1 << 20)
}

/// The records of a direction, chunks put together; none when the last one is not over.
fn records(octets: &[u8]) -> Option<Vec<Record>> {
    let (mut decoder, mut left, mut found) = (RecordDecoder::new(limits()), octets, Vec::new());
    while let Some(record) = decoder.read(&mut left).unwrap() {
        match (record, found.last_mut()) {
            (
                Record::Chunk { octets, .. } | Record::ChunkRest { octets, .. },
                Some(Record::SizedEnvelope(all)),
            ) => {
                all.extend(octets);
            }
            (Record::UnsizedEnvelope, _) => found.push(Record::SizedEnvelope(Vec::new())),
            (record, _) => found.push(record),
        }
    }
    (decoder.is_between_records() && found.last() == Some(&Record::End)).then_some(found)
}

fn scenario(name: &str) -> serde_json::Value {
    let path = pki().join(format!("../wcf-tcp/{name}.json.gz"));
    let mut text = String::new();
    let file = std::fs::File::open(path).expect("the scenario is there");
    io::Read::read_to_string(&mut flate2::read::GzDecoder::new(file), &mut text).expect("gzip");
    serde_json::from_str(&text).expect("JSON")
}

fn stream(flow: &serde_json::Value, name: &str) -> Vec<u8> {
    use base64::Engine as _;
    let text = flow["streams"][name].as_str().expect("a stream");
    base64::engine::general_purpose::STANDARD.decode(text).expect("base64")
}
