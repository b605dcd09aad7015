//! Peers that are slow on purpose, and what they write into the log.

#![allow(clippy::disallowed_methods, missing_docs, unreachable_pub)]

#[path = "common/log.rs"]
mod log;

use std::time::Duration;

use log::Log;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use waxwing::binding::{NetTcpBinding, SecurityMode, ServiceBehavior, TimeSpan, WsHttpBinding};
use waxwing::contract::{OperationFault, service_contract};
use waxwing::events::CommunicationState;
use waxwing::{ChannelFactory, ServiceHostBuilder, ServiceInstances};
use waxwing_testkit::http::HttpClient;

#[service_contract(namespace = "urn:slow", name = "ISlow")]
pub trait Slow {
    async fn add(&self, by: i32) -> Result<i32, OperationFault>;
    async fn take(&self, data: Vec<u8>) -> Result<i32, OperationFault>;
}

struct Adding;

impl Slow for Adding {
    async fn add(&self, by: i32) -> Result<i32, OperationFault> {
        Ok(by + 1)
    }
    async fn take(&self, data: Vec<u8>) -> Result<i32, OperationFault> {
        Ok(data.len() as i32)
    }
}

/// A service that begins to answer and never comes to an end: the call ends at its deadline all the same.
#[tokio::test]
async fn an_answer_that_trickles_ends_at_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/slow", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let head = "HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml; charset=utf-8\r\nContent-Length: 60000\r\n\r\n";
                let _ = stream.write_all(head.as_bytes()).await;
                while stream.write_all(b" ").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            });
        }
    });
    let binding = WsHttpBinding::new(SecurityMode::None, false).send_timeout(TimeSpan::seconds(2));
    let channel = ChannelFactory::new(binding, &address, &SLOW_CONTRACT)
        .unwrap()
        .open_channel()
        .await
        .unwrap();
    let call = SlowClient::new(&channel);
    let ended = tokio::time::timeout(Duration::from_secs(20), call.add(1)).await;
    let error = ended.expect("at its deadline, not at the end of the answer").unwrap_err();
    assert!(error.to_string().contains("2.0s") || error.to_string().contains("time"), "{error}");
}

/// A service that takes the connection and reads nothing: what is sent fills the sockets and stands still. Every call ends at
/// its deadline, the session with the write that does not end, and the connection with the session.
#[tokio::test]
async fn a_service_that_reads_nothing_is_left() {
    const CALLS: usize = 40;
    const OCTETS: usize = 1 << 20;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("net.tcp://{}/slow", listener.local_addr().unwrap());
    let (ask, asked) = tokio::sync::oneshot::channel::<()>();
    let service = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        // The preamble ends with PreambleEnd; PreambleAck is the answer (MC-NMF §2.2.3.6, §2.2.3.7).
        while stream.read_u8().await.unwrap() != 12 {}
        stream.write_all(&[11]).await.unwrap();
        asked.await.unwrap();
        let mut octets = Vec::new();
        let end = stream.read_to_end(&mut octets).await;
        (octets.len(), end.is_err())
    });
    let binding = NetTcpBinding::new(SecurityMode::None, false).send_timeout(TimeSpan::seconds(2));
    let factory = ChannelFactory::new(binding, &address, &SLOW_CONTRACT).unwrap();
    let channel = factory.open_channel().await.unwrap();
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..CALLS {
        let client = SlowClient::new(channel.clone());
        calls.spawn(async move { client.take(vec![7; OCTETS]).await.unwrap_err().to_string() });
    }
    let all = tokio::time::timeout(Duration::from_secs(60), calls.join_all()).await;
    for error in all.expect("every call ends at its deadline") {
        let words = ["took nothing of a message within 2.0s", "no reply to it came", "was aborted"];
        assert!(words.iter().any(|words| error.contains(words)), "{error}");
    }
    let faulted = async {
        while channel.state() != CommunicationState::Faulted {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), faulted).await.expect("the session ends");
    let error = SlowClient::new(&channel).add(1).await.unwrap_err().to_string();
    assert!(error.contains("took nothing of a message within 2.0s"), "{error}");
    // The connection has ended, and what did not fit into it was not kept to be sent.
    ask.send(()).unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(60), service).await;
    let (octets, is_reset) = ended.expect("the connection ends").unwrap();
    assert!(is_reset && octets < CALLS * OCTETS, "{octets} octets, reset: {is_reset}");
}

/// What a peer chooses stands in the log on one line, cut, and not as often as he likes.
#[tokio::test]
async fn a_peer_cannot_forge_or_flood_the_log() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false);
    let _on = tracing::subscriber::set_default(subscriber.finish());
    let builder = ServiceHostBuilder::new();
    let binding = WsHttpBinding::new(SecurityMode::None, false);
    let builder = builder
        .endpoint(binding, "http://127.0.0.1:0/slow", &SLOW_CONTRACT, ServiceBehavior::default())
        .unwrap();
    let host = builder.open(ServiceInstances::single(SlowService::new(Adding))).await.unwrap();
    let address = format!("http://{}/slow", host.local_addresses()[0]);
    let client = HttpClient::new();
    let header = format!("{}&#10;2026-01-01 ERROR forged{}", "\u{1b}[2J", "y".repeat(2000));
    let message = format!(
        r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing"><s:Header>
<a:Action s:mustUnderstand="1">urn:slow/ISlow/Add</a:Action><a:MessageID>urn:x</a:MessageID><a:To s:mustUnderstand="1">http://x/{}</a:To>
</s:Header><s:Body/></s:Envelope>"#,
        header.trim_start_matches('\u{1b}')
    );
    for _ in 0..300 {
        let soap = "application/soap+xml; charset=utf-8";
        let answer = client.post(&address, soap, message.clone()).await.unwrap();
        assert_eq!(answer.status, 500);
    }
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let refused: Vec<_> = text.lines().filter(|line| line.contains("was refused")).collect();
    assert!((20..150).contains(&refused.len()), "{} lines of 300 messages", refused.len());
    assert!(refused.iter().all(|line| line.chars().count() < 450), "{}", refused[0]);
    assert!(!text.lines().any(|line| line.starts_with("2026-01-01")), "a line was forged: {text}");
}
