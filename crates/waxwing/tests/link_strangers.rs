//! Peers of links that take, but do not give: they cost no more than they should.

#![allow(clippy::disallowed_methods)]

mod common;

use std::time::Duration;

use common::*;
use waxwing::binding::{NetTcpBinding, SecurityMode, ServiceBehavior};
use waxwing::environment::SystemRandom;
use waxwing::net::memory::Memory;
use waxwing::net::{Dial, Link, LinkDialer};
use waxwing::soap::Envelope;
use waxwing::soap::encoder::{BinarySession, Compression, Decoder, Encoder};
use waxwing::xml::Limits;
use waxwing::{ServiceHost, ServiceHostBuilder, ServiceInstances};

const ADDRESS: &str = "net.tcp://calc.example/calc";
const BINARY: &str = "application/soap+msbinsession1";

async fn host(binding: NetTcpBinding) -> (ServiceHost, Link) {
    let memory = Memory::new();
    let host = ServiceHostBuilder::new()
        .endpoint(binding, ADDRESS, &CALCULATOR_CONTRACT, ServiceBehavior::default())
        .unwrap()
        .listener(memory.clone())
        .open(ServiceInstances::per_session(|| CalculatorService::new(Counting::default())))
        .await
        .unwrap();
    let link = memory.dial(Dial::new(ADDRESS, BINARY, 65_536)).await.unwrap();
    (host, link)
}

/// What is answered with a fault, again and again, by somebody who reads no answer.
#[tokio::test]
async fn who_takes_no_answer_is_read_no_further() {
    for reliable in [false, true] {
        let (_host, mut link) = host(NetTcpBinding::new(SecurityMode::None, reliable)).await;
        let settings = BinarySession {
            limits: Limits::SOAP,
            compression: Compression::None,
            max_session_size: 2048,
        };
        let mut encoder = settings.encoder();
        let text = "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope' \
                    xmlns:a='http://www.w3.org/2005/08/addressing'><s:Header>\
                    <a:Action s:mustUnderstand='1'>urn:none</a:Action>\
                    <a:MessageID>urn:uuid:5b1c6d2e-0000-4000-8000-000000000001</a:MessageID>\
                    <a:To s:mustUnderstand='1'>net.tcp://calc.example/other</a:To>\
                    </s:Header><s:Body/></s:Envelope>";
        let message = Envelope::parse(text.as_bytes(), &Limits::SOAP).unwrap();
        let mut sent = 0;
        while sent < 20_000 {
            let octets = encoder.write(&message, &mut SystemRandom).octets;
            let sending = link.output.send(octets.into());
            match tokio::time::timeout(Duration::from_secs(1), sending).await {
                Ok(Ok(())) => sent += 1,
                _ => break,
            }
        }
        assert!((1..3_000).contains(&sent), "reliable: {reliable}: {sent} were read");
    }
}

/// A connection to an endpoint with reliable sessions that names none.
#[tokio::test]
async fn who_names_no_session_is_let_go() {
    let mut binding = NetTcpBinding::new(SecurityMode::None, true);
    binding.timeouts.send_timeout = waxwing::binding::TimeSpan::seconds(1);
    let (_host, mut link) = host(binding).await;
    let ended = tokio::time::timeout(Duration::from_secs(10), link.input.receive()).await;
    assert!(ended.is_ok_and(|ended| ended.is_err()), "it is let go");
}

const RM: &str = "http://schemas.xmlsoap.org/ws/2005/02/rm";

/// A message of a client that speaks the protocol by hand.
fn by_hand(action: &str, headers: &str, body: &str) -> Envelope {
    let text = format!(
        "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope' xmlns:a='http://www.w3.org/2005/08/addressing' \
         xmlns:r='{RM}'><s:Header><a:Action s:mustUnderstand='1'>{action}</a:Action>{headers}\
         <a:To s:mustUnderstand='1'>{ADDRESS}</a:To></s:Header><s:Body>{body}</s:Body></s:Envelope>"
    );
    Envelope::parse(text.as_bytes(), &Limits::SOAP).unwrap()
}

/// What comes again, and how sessions end, is counted as it is over HTTP.
#[tokio::test]
async fn what_happens_in_sessions_over_links_is_counted() {
    let (host, mut link) = host(NetTcpBinding::new(SecurityMode::None, true)).await;
    let settings = BinarySession {
        limits: Limits::SOAP,
        compression: Compression::None,
        max_session_size: 2048,
    };
    let (mut encoder, mut decoder) = (settings.encoder(), settings.decoder());
    let mut said = |message: Envelope| encoder.write(&message, &mut SystemRandom).octets.into();
    let id = "<a:MessageID>urn:uuid:5b1c6d2e-0000-4000-8000-000000000001</a:MessageID>";
    let anonymous = "<a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address>";
    let create = format!(
        "<r:CreateSequence><r:AcksTo>{anonymous}</r:AcksTo><r:Offer><r:Identifier>urn:back</r:Identifier></r:Offer>\
         </r:CreateSequence>"
    );
    link.output.send(said(by_hand(&format!("{RM}/CreateSequence"), id, &create))).await.unwrap();
    let answer = link.input.receive().await.unwrap().unwrap();
    let created = decoder.read(BINARY, &answer).unwrap();
    let created = String::from_utf8(created.to_bytes()).unwrap();
    let (_, rest) = created.split_once("Identifier>").unwrap();
    let (sequence, _) = rest.split_once('<').unwrap();
    let numbered = format!(
        "{id}<r:Sequence s:mustUnderstand='1'><r:Identifier>{sequence}</r:Identifier>\
         <r:MessageNumber>1</r:MessageNumber></r:Sequence>"
    );
    let add = "http://Microsoft.ServiceModel.Samples/ICalculator/Add";
    let operands = "<Add xmlns='http://Microsoft.ServiceModel.Samples'><n1>1</n1><n2>2</n2></Add>";
    for _ in 0..3 {
        link.output.send(said(by_hand(add, &numbered, operands))).await.unwrap();
    }
    // A fault of the protocol: the client gives the session up.
    let given_up = format!(
        "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>r:SequenceTerminated</s:Value></s:Subcode></s:Code>\
         <s:Reason><s:Text xml:lang='en'>enough</s:Text></s:Reason><s:Detail><r:Identifier>{sequence}</r:Identifier></s:Detail>\
         </s:Fault>"
    );
    link.output.send(said(by_hand(&format!("{RM}/fault"), "", &given_up))).await.unwrap();
    let over = async {
        while host.statistics().sessions_faulted == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), over).await.expect("the session has failed");
    let statistics = host.statistics();
    assert_eq!((statistics.executed, statistics.duplicates), (1, 2), "{statistics:?}");
    assert_eq!((statistics.sessions_created, statistics.sessions_closed), (1, 0), "{statistics:?}");
}
