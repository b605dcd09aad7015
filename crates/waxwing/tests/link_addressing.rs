//! Addressing of messages over links, as WCF's dispatcher judges it: no `MessageID`, other addresses to answer to, unknown
//! actions. The captured client without a reliable session on the other side (`tcp-fault-rm-client-only`).

#![allow(clippy::disallowed_methods)]

mod common;

use std::sync::atomic::Ordering;
use std::time::Duration;

use common::*;
use waxwing::binding::{NetTcpBinding, SecurityMode, ServiceBehavior};
use waxwing::environment::SystemRandom;
use waxwing::net::memory::Memory;
use waxwing::net::{Dial, Link, LinkDialer};
use waxwing::service::HostEvent;
use waxwing::soap::encoder::{
    BinarySession, BinarySessionDecoder, BinarySessionEncoder, Compression, Decoder, Encoder,
};
use waxwing::soap::{Envelope, Fault};
use waxwing::xml::Limits;
use waxwing::{ServiceHost, ServiceHostBuilder, ServiceInstances};

const ADDRESS: &str = "net.tcp://localhost:39103/calc";
const BINARY: &str = "application/soap+msbinsession1";

struct Client {
    host: ServiceHost,
    service: Counting,
    link: Link,
    encoder: BinarySessionEncoder,
    decoder: BinarySessionDecoder,
}

impl Client {
    async fn new() -> Self {
        let (memory, service) = (Memory::new(), Counting::default());
        let binding = NetTcpBinding::new(SecurityMode::None, false);
        let own = service.clone();
        let host = ServiceHostBuilder::new()
            .endpoint(binding, ADDRESS, &CALCULATOR_CONTRACT, ServiceBehavior::default())
            .unwrap()
            .listener(memory.clone())
            .open(ServiceInstances::per_session(move || CalculatorService::new(own.clone())))
            .await
            .unwrap();
        let link = memory.dial(Dial::new(ADDRESS, BINARY, 65_536)).await.unwrap();
        let settings = BinarySession {
            limits: Limits::SOAP,
            compression: Compression::None,
            max_session_size: 2048,
        };
        let (encoder, decoder) = (settings.encoder(), settings.decoder());
        Self { host, service, link, encoder, decoder }
    }

    async fn send(&mut self, message: &Envelope) {
        let octets = self.encoder.write(message, &mut SystemRandom).octets;
        self.link.output.send(octets.into()).await.unwrap();
    }

    /// The next message; none when the link has ended or broken.
    async fn receive(&mut self) -> Option<Envelope> {
        let received = self.link.input.receive();
        let received = tokio::time::timeout(Duration::from_secs(10), received).await;
        let octets = received.expect("in time").ok()??;
        Some(self.decoder.read(BINARY, &octets).expect("a message"))
    }
}

/// An `Add(1, 2)` with these headers beside its action.
fn add(headers: &str) -> Envelope {
    let text = format!(
        "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope' xmlns:a='http://www.w3.org/2005/08/addressing'><s:Header>\
         <a:Action s:mustUnderstand='1'>http://Microsoft.ServiceModel.Samples/ICalculator/Add</a:Action>{headers}\
         <a:To s:mustUnderstand='1'>{ADDRESS}</a:To></s:Header><s:Body><Add xmlns='http://Microsoft.ServiceModel.Samples'>\
         <n1>1</n1><n2>2</n2></Add></s:Body></s:Envelope>"
    );
    Envelope::parse(text.as_bytes(), &Limits::SOAP).expect("an envelope")
}

/// What an `AddResponse` holds.
fn result(answer: &Envelope) -> String {
    let result = answer.payload().and_then(|payload| payload.first_element());
    result.map(|result| result.text().into_owned()).unwrap_or_default()
}

const ID: &str = "<a:MessageID>urn:uuid:5b1c6d2e-0000-4000-8000-000000000001</a:MessageID>";

/// Who could not be answered is not: it is not executed, and the session ends.
#[tokio::test]
async fn a_request_without_message_id_is_not_executed_and_ends_its_session() {
    let mut client = Client::new().await;
    let mut events = client.host.events();
    client.send(&add("")).await;
    assert!(client.receive().await.is_none(), "nothing is answered");
    assert_eq!(client.service.executed.load(Ordering::SeqCst), 0);
    let text = "it is targeted at a request-reply operation, but cannot be replied to as the MessageId property is not set.";
    let told = async {
        loop {
            match events.next().await {
                Some(Ok(HostEvent::MessageRefused { reason, .. })) => break reason,
                Some(_) => {}
                None => panic!("nobody was told"),
            }
        }
    };
    let told = tokio::time::timeout(Duration::from_secs(10), told).await.expect("in time");
    assert!(told.contains(&text[..60]), "{told}");
    assert!(client.host.close().await);
}

/// The service of net.tcp knows no address of its clients: whatever they want to be answered at, they are answered on the link.
#[tokio::test]
async fn answers_go_over_the_link_whatever_address_is_named() {
    let elsewhere = "<a:ReplyTo><a:Address>http://elsewhere.example/</a:Address></a:ReplyTo>\
         <a:FaultTo><a:Address>http://elsewhere.example/faults</a:Address></a:FaultTo>";
    let mut client = Client::new().await;
    client.send(&add(&format!("{ID}{elsewhere}"))).await;
    let answer = client.receive().await.expect("an answer");
    assert_eq!(result(&answer), "3");
    let related = answer.addressing_header("RelatesTo").map(|own| own.text().into_owned());
    assert_eq!(related.as_deref(), Some("urn:uuid:5b1c6d2e-0000-4000-8000-000000000001"));
    assert_eq!(client.service.executed.load(Ordering::SeqCst), 1);
    client.link.output.close().await.unwrap();
    assert!(client.receive().await.is_none());
    assert!(client.host.close().await);
}

/// The captured client says something that nobody knows: it gets the captured fault, the session goes on until it ends its side,
/// and the service ends its own then, as captured.
#[tokio::test]
async fn an_unknown_action_gets_the_captured_fault() {
    let path = pki().join("../wcf-tcp/tcp-fault-rm-client-only.json.gz");
    let mut text = String::new();
    let file = std::fs::File::open(path).expect("the scenario is there");
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(file), &mut text)
        .expect("gzip");
    let flow: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let message = |name: &str| {
        let text = flow["messages"][name].as_str().expect("a message");
        Envelope::parse(text.as_bytes(), &Limits::SOAP).expect("an envelope")
    };
    let mut client = Client::new().await;
    client.send(&message("c001-client-001")).await;
    let fault = client.receive().await.expect("a fault");
    let captured = message("c001-server-001");
    let (own, theirs) = (Fault::read(&fault).unwrap(), Fault::read(&captured).unwrap());
    assert_eq!((own.text(), own.subcode()), (theirs.text(), theirs.subcode()));
    let headers = |message: &Envelope| -> Vec<String> {
        message
            .headers()
            .map(|header| format!("{} {}", header.local_name(), header.text()))
            .collect()
    };
    assert_eq!(headers(&fault), headers(&captured));
    client.send(&add(ID)).await;
    assert_eq!(result(&client.receive().await.expect("an answer")), "3");
    client.link.output.close().await.unwrap();
    assert!(client.receive().await.is_none(), "the service ends its side, too");
    assert!(client.host.close().await);
}
