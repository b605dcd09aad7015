//! What HTTP allows and seldom does, and servers that are no service: nothing hangs, and what is said is true.

#![allow(clippy::disallowed_methods)]

mod common;

use std::net::SocketAddr;
use std::time::Duration;

use common::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use waxwing::binding::{SecurityMode, ServiceBehavior, TimeSpan, WsHttpBinding};
use waxwing::{ChannelError, ChannelFactory, ServiceHost, ServiceHostBuilder, ServiceInstances};

fn plain(reliable: bool) -> WsHttpBinding {
    WsHttpBinding::new(SecurityMode::None, reliable).open_timeout(TimeSpan::seconds(5))
}

async fn host(address: &str) -> ServiceHost {
    let behavior = ServiceBehavior::default();
    let builder = ServiceHostBuilder::new();
    let builder = builder.endpoint(plain(false), address, &CALCULATOR_CONTRACT, behavior).unwrap();
    let service = CalculatorService::new(Counting::default());
    builder.open(ServiceInstances::single(service)).await.unwrap()
}

/// A call of Add, as it stands on the wire.
fn add(start: &str, headers: &str) -> String {
    let call = r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing"><s:Header>
<a:Action s:mustUnderstand="1">http://Microsoft.ServiceModel.Samples/ICalculator/Add</a:Action><a:MessageID>urn:uuid:1</a:MessageID>
</s:Header><s:Body><Add xmlns="http://Microsoft.ServiceModel.Samples"><n1>1</n1><n2>2</n2></Add></s:Body></s:Envelope>"#;
    let length = call.len();
    let content_type = "Content-Type: application/soap+xml; charset=utf-8";
    match headers.contains("chunked") {
        true => format!(
            "{start}\r\n{content_type}\r\n{headers}\r\n{length:x};a=b\r\n{call}\r\n0\r\n\r\n"
        ),
        false => {
            format!("{start}\r\n{content_type}\r\n{headers}Content-Length: {length}\r\n\r\n{call}")
        }
    }
}

/// What a request is answered, until its answer is whole.
async fn answer(to: SocketAddr, request: &str, whole: impl Fn(&str) -> bool) -> String {
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let (mut all, mut piece) = (String::new(), [0; 4096]);
    while !whole(&all) {
        let read = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut piece)).await;
        match read.unwrap_or_else(|_| panic!("no end: {request}: {all}")) {
            Ok(octets) if octets > 0 => all += &String::from_utf8_lossy(&piece[..octets]),
            _ => break,
        }
    }
    all
}

#[tokio::test]
async fn every_way_to_write_a_request_is_answered() {
    let host = host("http://127.0.0.1:0/calc").await;
    let to = host.local_addresses()[0];
    let results = |answer: &str| answer.matches("<AddResult").count();
    for (start, headers) in [
        ("POST /calc HTTP/1.1", "Host: x\r\n"),
        ("POST /calc HTTP/1.1", ""),
        ("POST /calc HTTP/1.1", "Host: x\r\nExpect: 100-continue\r\n"),
        ("POST /calc HTTP/1.1", "Host: x\r\nConnection: close\r\n"),
        ("POST /calc HTTP/1.1", "Host: x\r\nTransfer-Encoding: chunked\r\n"),
        ("POST /calc HTTP/1.0", ""),
        ("POST http://x/calc HTTP/1.1", "Host: x\r\n"),
        ("POST /CALC/ HTTP/1.1", "Host: x\r\n"),
        ("POST /c%61lc?x=1 HTTP/1.1", "Host: x\r\n"),
    ] {
        let answer =
            answer(to, &add(start, headers), |answer| answer.contains("</s:Envelope>")).await;
        assert_eq!(results(&answer), 1, "{start} {headers}: {answer}");
    }
    let two = add("POST /calc HTTP/1.1", "Host: x\r\n").repeat(2);
    let answered = answer(to, &two, |answer| answer.matches("</s:Envelope>").count() == 2).await;
    assert_eq!(results(&answered), 2, "{answered}");
    for (start, headers, status) in [
        ("HEAD /calc HTTP/1.1", "Host: x\r\n", 405),
        ("OPTIONS * HTTP/1.1", "Host: x\r\n", 405),
        ("POST /other HTTP/1.1", "Host: x\r\n", 404),
        ("POST /calc HTTP/1.1", "Host: x\r\nX-A: b\r\n c\r\n", 400),
        ("POST /calc HTTP/1.1", "Host: x\r\nContent-Length: 5\r\n", 400),
        ("HELLO", "", 400),
    ] {
        let answer = answer(to, &add(start, headers), |answer| answer.contains("\r\n\r\n")).await;
        assert!(answer.contains(&format!(" {status} ")), "{start} {headers}: {answer}");
    }
}

/// Whoever sends all of a request before he reads is to read that it was too large, and may go on with another one.
#[tokio::test]
async fn who_sends_too_much_can_read_so() {
    let host = host("http://127.0.0.1:0/calc").await;
    let piece = vec![b'x'; 100_000];
    for (header, before, behind) in [
        ("Content-Length: 20000000", String::new(), ""),
        ("Transfer-Encoding: chunked", format!("{:x}\r\n", 20_000_000), "\r\n0\r\n\r\n"),
    ] {
        let mut stream = TcpStream::connect(host.local_addresses()[0]).await.unwrap();
        let head = format!(
            "POST /calc HTTP/1.1\r\nHost: x\r\nContent-Type: application/soap+xml; charset=utf-8\r\n{header}\r\n\r\n{before}"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        for _ in 0..200 {
            stream.write_all(&piece).await.expect("20 MB are taken");
        }
        stream.write_all(behind.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "{header}: {answer:?}");
        }
        assert!(answer.starts_with(b"HTTP/1.1 413 "), "{header}: {answer:?}");
        stream.write_all(add("POST /calc HTTP/1.1", "Host: x\r\n").as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"</s:Envelope>") {
            assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "{header}: {answer:?}");
        }
    }
    host.close().await;
}

/// What two readers could take for different numbers of requests is none, and nothing is read behind it.
#[tokio::test]
async fn requests_whose_end_is_in_doubt_end_the_connection() {
    let host = host("http://127.0.0.1:0/calc").await;
    let to = host.local_addresses()[0];
    let start =
        "POST /calc HTTP/1.1\r\nHost: x\r\nContent-Type: application/soap+xml; charset=utf-8\r\n";
    let second = add("POST /calc HTTP/1.1", "Host: x\r\nConnection: close\r\n");
    let length = second.len();
    for headers in [
        format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n"),
        format!("Transfer-Encoding: chunked\r\nContent-Length: {length}\r\n"),
        "Transfer-Encoding: chunked, identity\r\n".to_owned(),
        "Transfer-Encoding: identity\r\n".to_owned(),
        "Transfer-Encoding: xchunked\r\n".to_owned(),
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n".to_owned(),
        "Transfer-Encoding : chunked\r\n".to_owned(),
        "Content-Length: +0\r\n".to_owned(),
        format!("Content-Length: 0, {length}\r\n"),
        format!("Content-Length: 0\r\nContent-Length: {length}\r\n"),
        "Content-Length: 0x0\r\n".to_owned(),
    ] {
        let request = format!("{start}{headers}\r\n0\r\n\r\n{second}");
        let answer = answer(to, &request, |_| false).await;
        assert!(!answer.contains("<AddResult"), "{headers}: {answer}");
    }
}

/// A configuration file has blanks and letters of every language in its addresses; on the wire they are escaped.
#[tokio::test]
async fn paths_with_blanks_and_letters_of_every_language() {
    let host = host("http://127.0.0.1:0/my calc/Grüße").await;
    let to = host.local_addresses()[0];
    let start = "POST /my%20calc/Gr%C3%BC%c3%9fe HTTP/1.1";
    let answer = answer(to, &add(start, ""), |answer| answer.contains("</s:Envelope>")).await;
    assert!(answer.contains("<AddResult"), "{answer}");
    let address = "http://127.0.0.1:0/my calc/Grüße";
    let factory = ChannelFactory::new(plain(false), address, &CALCULATOR_CONTRACT).unwrap();
    let channel = factory.via(format!("http://{to}/my calc/Grüße")).open_channel().await.unwrap();
    assert_eq!(CalculatorClient::new(&channel).add(1.0, 2.0).await.unwrap(), 3.0);
}

/// What opening says of a server that answers every request with this.
async fn refused(answer: &'static str) -> ChannelError {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/calc", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 16384]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    let factory = ChannelFactory::new(plain(true), &address, &CALCULATOR_CONTRACT).unwrap();
    let opened = tokio::time::timeout(Duration::from_secs(20), factory.open_channel()).await;
    opened.expect("told").expect_err("no service")
}

#[tokio::test]
async fn servers_that_are_no_service() {
    for (answer, code, says) in [
        ("\x15\x03\x01\0\x02\x02\x46", "http-protocol", "a port for https"),
        ("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", "empty-answer", "empty"),
        (
            "HTTP/1.1 302 Found\r\nLocation: https://other/calc\r\nContent-Length: 0\r\n\r\n",
            "http-protocol",
            "https://other/calc",
        ),
        (
            "HTTP/1.1 400 Bad Request\r\nContent-Length: 30\r\n\r\nplain HTTP sent to HTTPS port.",
            "http-protocol",
            "plain HTTP sent",
        ),
    ] {
        let error = refused(answer).await;
        assert_eq!(error.code(), Some(code), "{error}");
        assert!(error.to_string().contains(says), "{says}: {error}");
    }
}
