//! Who opens a connection for a message and says nothing, stops in the middle, or goes on sending what nobody wants.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use waxwing::binding::{Binding, Configuration, ServiceBehavior};
use waxwing::net::memory::Memory;
use waxwing::net::{Dial, Link, LinkDialer};
use waxwing::{ServiceHost, ServiceHostBuilder, ServiceInstances};

use crate::kit::*;

const ADDRESS: &str = "net.tcp://streams.example/streams";
const TEXT: &str = "application/soap+xml; charset=utf-8";

/// Messages as text, so that they can be written by hand.
fn binding(receive_timeout: &str) -> Binding {
    let text = format!(
        "<configuration><system.serviceModel><bindings><customBinding><binding name=\"B\" receiveTimeout=\"{receive_timeout}\">\
         <textMessageEncoding/><tcpTransport transferMode=\"Streamed\" maxReceivedMessageSize=\"1000000000\"/></binding>\
         </customBinding></bindings></system.serviceModel></configuration>"
    );
    let file = Configuration::parse(&text).unwrap_or_else(|error| panic!("{error:?}"));
    file.binding("customBinding", "B").expect("the binding")
}

async fn host(
    binding: Binding,
    address: &str,
    with: impl FnOnce(ServiceHostBuilder) -> ServiceHostBuilder,
) -> ServiceHost {
    let builder = ServiceHostBuilder::new()
        .endpoint(binding, address, &STREAMS_CONTRACT, ServiceBehavior::default())
        .unwrap();
    with(builder)
        .open(ServiceInstances::per_session(|| StreamsService::new(Service::default())))
        .await
        .unwrap()
}

/// A host in memory, with a connection on which nothing was said.
async fn in_memory(receive_timeout: &str) -> (ServiceHost, Link) {
    let memory = Memory::new();
    let host =
        host(binding(receive_timeout), ADDRESS, |builder| builder.listener(memory.clone())).await;
    let link = memory.dial(Dial::new(ADDRESS, TEXT, 65_536).streamed()).await.unwrap();
    (host, link)
}

/// A request for `First` up to its stream, and what stands behind that.
fn request(to: &str) -> (String, &'static str) {
    let name = "http://Microsoft.ServiceModel.Samples";
    let head = format!(
        "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope' xmlns:a='http://www.w3.org/2005/08/addressing'><s:Header>\
         <a:Action s:mustUnderstand='1'>{name}/IStreams/First</a:Action>\
         <a:MessageID>urn:uuid:5b1c6d2e-0000-4000-8000-000000000001</a:MessageID>\
         <a:ReplyTo><a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address></a:ReplyTo>\
         <a:To s:mustUnderstand='1'>{to}</a:To></s:Header><s:Body><First xmlns='{name}'><data>AAcO"
    );
    (head, "</data></First></s:Body></s:Envelope>")
}

async fn ended(link: &mut Link) -> Duration {
    let begun = tokio::time::Instant::now();
    let came = tokio::time::timeout(Duration::from_secs(3600), link.input.receive()).await;
    came.expect("an hour is enough").expect_err("it is let go");
    begun.elapsed()
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_is_not_waited_for_as_long_as_for_a_message() {
    // Whatever a message may take.
    let (_host, mut link) = in_memory("10:00:00").await;
    assert!(ended(&mut link).await < Duration::from_secs(130));
    // Who has less patience keeps it.
    let (_host, mut link) = in_memory("00:00:05").await;
    assert!(ended(&mut link).await < Duration::from_secs(10));
    // A source that needs its time to begin, and in the middle.
    let (_host, mut link) = in_memory("00:10:00").await;
    tokio::time::sleep(Duration::from_secs(100)).await;
    let (head, tail) = request(ADDRESS);
    let (first, last) = head.split_at(300);
    link.output.send(first.to_owned().into()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(500)).await;
    link.output.send(last.to_owned().into()).await.unwrap();
    link.output.send(tail.into()).await.unwrap();
    link.output.close().await.unwrap();
    let answer = link.input.receive().await.unwrap().expect("an answer");
    assert!(String::from_utf8_lossy(&answer).contains("AAcO"), "{answer:?}");
}

/// The operation has answered, and the client goes on for longer than anybody drains what nobody wants.
#[tokio::test(start_paused = true)]
async fn who_sends_slowly_what_nobody_reads_is_not_cut_off() {
    let (_host, mut link) = in_memory("00:10:00").await;
    let (head, tail) = request(ADDRESS);
    link.output.send(head.into()).await.unwrap();
    for _ in 0..50 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        link.output.send("AAAA".repeat(2000).into()).await.unwrap();
    }
    link.output.send(tail.into()).await.unwrap();
    link.output.close().await.unwrap();
    let answer = link.input.receive().await.unwrap().expect("an answer");
    assert!(String::from_utf8_lossy(&answer).contains("AAcO"), "{answer:?}");
    // Not for ever, though (`closeTimeout`).
    let (_host, mut link) = in_memory("00:10:00").await;
    link.output.send(request(ADDRESS).0.into()).await.unwrap();
    let mut sent = 0;
    while sent < 1000 && link.output.send("AAAA".into()).await.is_ok() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        sent += 1;
    }
    assert!((50..100).contains(&sent), "{sent} seconds");
}

/// WCF's client writes all of a request before it reads: the connection must take it, however much of it nobody reads.
#[tokio::test]
async fn a_client_that_sends_everything_first_has_its_answer() {
    let address = "net.tcp://127.0.0.1:0/streams";
    let host = host(binding("00:10:00"), address, |builder| builder).await;
    let via = format!("net.tcp://{}/streams", host.local_addresses()[0]);
    let mut connection = TcpStream::connect(host.local_addresses()[0]).await.unwrap();
    let length = u8::try_from(via.len()).unwrap();
    let preamble = [&[0, 1, 0, 1, 1, 2, length], via.as_bytes(), &[3, 3, 0x0c]].concat();
    let chunk = |octets: &[u8]| {
        let (header, length) = waxwing::soap::framing::chunk_header(octets.len());
        [&header[..length], octets].concat()
    };
    let (head, tail) = request(&via);
    let piece = chunk("AAAA".repeat(8000).as_bytes());
    // Twice over one connection, which is used again.
    for _ in 0..2 {
        connection.write_all(&preamble).await.unwrap();
        let mut ack = [0];
        connection.read_exact(&mut ack).await.unwrap();
        assert_eq!(ack, [0x0b]);
        connection.write_all(&[&[0x05][..], &chunk(head.as_bytes())].concat()).await.unwrap();
        for _ in 0..625 {
            connection.write_all(&piece).await.expect("20 MB are taken");
        }
        let end = [&chunk(tail.as_bytes())[..], &[0x00, 0x07]].concat();
        connection.write_all(&end).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(&[0x00, 0x07]) {
            assert_ne!(connection.read_buf(&mut answer).await.unwrap(), 0, "{answer:?}");
        }
        assert!(String::from_utf8_lossy(&answer).contains("AAcO"), "{answer:?}");
    }
}
