//! Binary messages over HTTP: netHttpBinding and custom bindings, with and without a reliable session and message security,
//! compressed and not; against the octets of WCF's client and service.

#![allow(clippy::disallowed_methods, missing_docs, unreachable_pub)]

mod common;

use std::io::Read as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::stores;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use waxwing::contract::{BoxFuture, OperationFault, service_contract};
use waxwing::net::memory::Memory;
use waxwing::net::{Answer, Outcome, Request, Transport};
use waxwing::{ChannelFactory, ServiceHost, ServiceHostBuilder, ServiceInstances};

#[service_contract(namespace = "http://Microsoft.ServiceModel.Samples", name = "ICalculator")]
pub trait Calculator {
    async fn add(&self, n1: f64, n2: f64) -> Result<f64, OperationFault>;
    async fn subtract(&self, n1: f64, n2: f64) -> Result<f64, OperationFault>;
    async fn echo_bytes(&self, data: Vec<u8>) -> Result<Vec<u8>, OperationFault>;
    async fn echo(&self, text: String) -> Result<String, OperationFault>;
    async fn sum(&self, numbers: Vec<f64>) -> Result<f64, OperationFault>;
}

struct Service;

impl Calculator for Service {
    async fn add(&self, n1: f64, n2: f64) -> Result<f64, OperationFault> {
        Ok(n1 + n2)
    }
    async fn subtract(&self, n1: f64, n2: f64) -> Result<f64, OperationFault> {
        Ok(n1 - n2)
    }
    async fn echo_bytes(&self, data: Vec<u8>) -> Result<Vec<u8>, OperationFault> {
        Ok(data)
    }
    async fn echo(&self, text: String) -> Result<String, OperationFault> {
        match text.as_str() {
            "" => Err(OperationFault::new("nothing to say")),
            _ => Ok(text),
        }
    }
    async fn sum(&self, numbers: Vec<f64>) -> Result<f64, OperationFault> {
        Ok(numbers.iter().sum())
    }
}

/// One file for both sides. `binding` is the content of `<bindings>` with one binding named B.
fn file(folder: &Path, binding: &str, address: &str) -> waxwing::ConfigurationFile {
    let section = &binding[1..binding.find('>').unwrap()];
    let check =
        r#"<authentication certificateValidationMode="ChainTrust" revocationMode="NoCheck"/>"#;
    let text = format!(
        r#"<configuration><system.serviceModel><bindings>{binding}</bindings>
<services><service name="S" behaviorConfiguration="S">
  <endpoint address="{address}" binding="{section}" bindingConfiguration="B" contract="ICalculator"/></service></services>
<client><endpoint name="c" address="{address}" binding="{section}" bindingConfiguration="B" behaviorConfiguration="C" contract="ICalculator">
  <identity><dns value="localhost"/></identity></endpoint></client>
<behaviors><serviceBehaviors><behavior name="S"><serviceCredentials>
    <serviceCertificate findValue="localhost" x509FindType="FindBySubjectName" storeName="My" storeLocation="LocalMachine"/>
    <clientCertificate>{check}</clientCertificate></serviceCredentials></behavior></serviceBehaviors>
  <endpointBehaviors><behavior name="C"><clientCredentials>
    <clientCertificate findValue="alice" x509FindType="FindBySubjectName" storeName="My" storeLocation="CurrentUser"/>
    <serviceCertificate><defaultCertificate findValue="localhost" x509FindType="FindBySubjectName" storeName="TrustedPeople" storeLocation="CurrentUser"/>{check}</serviceCertificate>
  </clientCredentials></behavior></endpointBehaviors></behaviors>
</system.serviceModel></configuration>"#
    );
    let path = folder.join("app.config");
    std::fs::write(&path, text).unwrap();
    waxwing::ConfigurationFile::load(&path).unwrap_or_else(|e| panic!("{e}"))
}

/// A service at a free port, or at an address of a network of its own, with the folder of its certificates.
async fn host(
    binding: &str,
    address: &str,
    memory: Option<Memory>,
) -> (ServiceHost, tempfile::TempDir) {
    let folder = stores("service", "ca", &[]);
    let config = file(folder.path(), binding, address);
    let builder = ServiceHostBuilder::from_config(&config, "S", &CALCULATOR_CONTRACT).unwrap();
    let builder = match memory {
        Some(memory) => builder.listener(memory),
        None => builder,
    };
    let instances = ServiceInstances::single(CalculatorService::new(Service));
    (builder.open(instances).await.unwrap(), folder)
}

/// A client with the folder of its certificates.
fn factory(binding: &str, address: &str) -> (ChannelFactory, tempfile::TempDir) {
    let folder = stores("alice", "ca", &["service"]);
    let config = file(folder.path(), binding, address);
    (ChannelFactory::from_config(&config, "c", &CALCULATOR_CONTRACT).unwrap(), folder)
}

fn net_http(inside: &str) -> String {
    format!("<netHttpBinding><binding name=\"B\" {inside}</binding></netHttpBinding>")
}

fn custom(elements: &str) -> String {
    format!(
        r#"<customBinding><binding name="B" sendTimeout="00:00:30">{elements}<httpTransport maxReceivedMessageSize="1000000"/></binding></customBinding>"#
    )
}

const PLAIN: &str = r#"><security mode="None"/>"#;
const CONVERSATION: &str = r#"<security authenticationMode="SecureConversation"><secureConversationBootstrap authenticationMode="MutualCertificate"/></security>"#;

#[tokio::test]
async fn the_calculator_over_binary_messages() {
    let quotas =
        r#"<binaryMessageEncoding><readerQuotas maxArrayLength="100000"/></binaryMessageEncoding>"#;
    for binding in [
        net_http(PLAIN),
        net_http(r#"><reliableSession enabled="true"/><security mode="None"/>"#),
        net_http(r#"messageEncoding="Text"><security mode="None"/>"#),
        net_http(
            r#"messageEncoding="Mtom"><reliableSession enabled="true"/><security mode="None"/>"#,
        ),
        custom(quotas),
        custom(&format!("<reliableSession/>{quotas}")),
        custom(&format!(
            r#"<reliableSession reliableMessagingVersion="WSReliableMessaging11"/>{quotas}"#
        )),
        custom(&format!("<reliableSession/>{CONVERSATION}{quotas}")),
        custom(r#"<binaryMessageEncoding compressionFormat="GZip"/>"#),
        custom(r#"<reliableSession/><binaryMessageEncoding compressionFormat="Deflate"/>"#),
        custom(&format!(r#"<reliableSession/>{CONVERSATION}<mtomMessageEncoding/>"#)),
    ] {
        let (host, _its_folder) = host(&binding, "http://127.0.0.1:0/calc", None).await;
        let address = format!("http://{}/calc", host.local_addresses()[0]);
        let (factory, _folder) = factory(&binding, &address);
        let channel = factory.open_channel().await.unwrap();
        let client = CalculatorClient::new(&channel);
        assert_eq!(client.add(100.0, 15.99).await.unwrap(), 115.99, "{binding}");
        assert_eq!(client.subtract(0.1, 0.3).await.unwrap(), 0.1 - 0.3);
        let octets: Vec<u8> = (0..5000u32).map(|at| (at * 7 % 256) as u8).collect();
        assert_eq!(client.echo_bytes(octets.clone()).await.unwrap(), octets);
        assert_eq!(client.echo_bytes(Vec::new()).await.unwrap(), [0u8; 0]);
        let text = "äöü 漢字 \u{1F600} 0 <&>\r\n".to_owned();
        assert_eq!(client.echo(text.clone()).await.unwrap(), text);
        let numbers = vec![0.0, 1.0, -1.5, 1e300, f64::MIN_POSITIVE, 0.1 + 0.2];
        assert_eq!(client.sum(numbers.clone()).await.unwrap(), numbers.iter().sum::<f64>());
        let fault = client.echo(String::new()).await.unwrap_err().to_string();
        assert!(fault.contains("nothing to say"), "{fault}");
        channel.close().await.unwrap();
        assert!(host.close().await, "{binding}");
    }
}

/// An answer of HTTP as it came.
struct Raw {
    head: String,
    body: Vec<u8>,
}

async fn post(host: &ServiceHost, headers: &str, body: &[u8]) -> Raw {
    let mut socket = tokio::net::TcpStream::connect(host.local_addresses()[0]).await.unwrap();
    let head = format!(
        "POST /calc HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n\r\n",
        body.len()
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(body).await.unwrap();
    let mut all = Vec::new();
    socket.read_to_end(&mut all).await.unwrap();
    let end = all.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&all[..end]).to_ascii_lowercase();
    Raw { head, body: all[end + 4..].to_vec() }
}

fn captured(scenario: &str) -> serde_json::Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(format!("../../testdata/wcf-binary/{scenario}.json.gz"));
    let mut text = String::new();
    let file = std::fs::File::open(path).unwrap();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn body(scenario: &serde_json::Value, name: &str) -> Vec<u8> {
    let mut messages = scenario["messages"].as_array().unwrap().iter();
    let message = messages.find(|message| message["name"] == name).unwrap();
    STANDARD.decode(message["body_base64"].as_str().unwrap()).unwrap()
}

fn gunzip(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::read::GzDecoder::new(octets).read_to_end(&mut out).unwrap();
    out
}

/// Requests name the compression in their type, answers in `Content-Encoding`, and only for who asked for it.
#[tokio::test]
async fn answers_are_compressed_for_whom_reads_that() {
    let plain = body(&captured("nethttp"), "001-request");
    let compressed = body(&captured("nethttp-gzip"), "001-request");
    let binding = custom(r#"<binaryMessageEncoding compressionFormat="GZip"/>"#);
    let (with, _folder) = host(&binding, "http://127.0.0.1:0/calc", None).await;
    let (without, _folder) = host(&net_http(PLAIN), "http://127.0.0.1:0/calc", None).await;
    let gzip = "Content-Type: application/soap+msbin1+gzip";
    let none = "Content-Type: application/soap+msbin1";
    let accepts = "\r\nAccept-Encoding: gzip, deflate";
    let ok = "content-type: application/soap+msbin1\r\n";
    for (host, headers, octets, is_compressed) in [
        (&with, format!("{gzip}{accepts}"), &compressed, true),
        (&with, format!("{none}{accepts}"), &plain, true),
        (&with, gzip.to_owned(), &compressed, false),
        (&with, format!("{gzip}\r\nAccept-Encoding: deflate"), &compressed, false),
        (&without, format!("{none}{accepts}"), &plain, false),
    ] {
        let answer = post(host, &headers, octets).await;
        assert!(answer.head.contains("200 ok") && answer.head.contains(ok), "{}", answer.head);
        assert_eq!(answer.head.contains("content-encoding: gzip"), is_compressed, "{headers}");
        let message = if is_compressed { gunzip(&answer.body) } else { answer.body };
        assert_eq!(message[..6], [0x56, 0x02, 0x0B, 0x01, 0x73, 0x04]);
    }
    // What is of another encoding is told so; what is no message of this one, as well.
    for (host, content_type, octets, status) in [
        (&without, gzip, &compressed, "415"),
        (&without, "Content-Type: application/soap+xml; charset=utf-8", &plain, "415"),
        (&with, "Content-Type: application/soap+msbin1+deflate", &compressed, "415"),
        (&without, none, &compressed, "400"),
        (&with, gzip, &plain, "400"),
    ] {
        let answer = post(host, content_type, octets).await;
        assert!(answer.head.starts_with(&format!("http/1.1 {status}")), "{}", answer.head);
    }
    with.close().await;
    without.close().await;
}

/// Gives WCF's request to our service and WCF's answer to our client, and keeps what ours made of both.
struct Replayed {
    memory: Memory,
    captured: serde_json::Value,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// The content type and the octets of our request, and our answer.
type Seen = (String, Vec<u8>, Vec<u8>);

impl Transport for Replayed {
    fn schemes(&self) -> &[&str] {
        self.memory.schemes()
    }

    fn exchange<'a>(&'a self, mut request: Request<'a>) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            let number = self.seen.lock().unwrap().len() + 1;
            let ours = request.octets.to_vec();
            let content_type = request.content_type.to_owned();
            let theirs = body(&self.captured, &format!("{number:03}-request"));
            request.octets = theirs.clone().into();
            let answer = self.memory.exchange(request).await;
            let Outcome::Message { .. } = answer.outcome else { panic!("{:?}", answer.outcome) };
            self.seen.lock().unwrap().push((content_type, ours.clone(), answer.octets.to_vec()));
            // Their answer to their request, as one to ours.
            let reply = body(&self.captured, &format!("{number:03}-response"));
            let reply = replaced(&reply, &message_id(&theirs), &message_id(&ours));
            Answer::message("application/soap+msbin1", reply)
        })
    }
}

/// The octets of the identifier behind `<a:MessageID>`.
fn message_id(octets: &[u8]) -> Vec<u8> {
    let at = octets.windows(3).position(|w| w == [0x44, 0x1A, 0xAD]).unwrap();
    octets[at + 3..at + 19].to_vec()
}

fn replaced(octets: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = octets.windows(from.len()).position(|w| w == from).unwrap();
    [&octets[..at], to, &octets[at + from.len()..]].concat()
}

#[tokio::test]
async fn both_roles_send_the_octets_of_wcf() {
    for (scenario, address, calls) in
        [("nethttp", "http://localhost:43311/calc", 2), ("nethttp-bytes", "", 1)]
    {
        let captured = captured(scenario);
        let readme = captured["readme"].as_str().unwrap();
        let address = match address {
            "" => readme.split(" to=").nth(1).unwrap().split(' ').next().unwrap(),
            address => address,
        };
        let (memory, seen) = (Memory::new(), Arc::new(Mutex::new(Vec::new())));
        let binding = net_http(PLAIN);
        let (host, _its_folder) = host(&binding, address, Some(memory.clone())).await;
        let replayed = Replayed { memory, captured: captured.clone(), seen: Arc::clone(&seen) };
        let (factory, _folder) = factory(&binding, address);
        let channel = factory.transport(replayed).open_channel().await.unwrap();
        let client = CalculatorClient::new(&channel);
        if scenario == "nethttp" {
            assert_eq!(client.add(100.0, 15.99).await.unwrap(), 115.99);
            assert_eq!(client.subtract(145.0, 76.54).await.unwrap(), 68.46);
        } else {
            let octets: Vec<u8> = (0..5000u32).map(|at| (at * 7 % 256) as u8).collect();
            assert_eq!(client.echo_bytes(octets.clone()).await.unwrap(), octets);
        }
        channel.close().await.unwrap();
        host.close().await;
        let seen = seen.lock().unwrap();
        assert_eq!(seen.len(), calls);
        for (number, (content_type, request, answer)) in (1..).zip(seen.iter()) {
            let theirs = body(&captured, &format!("{number:03}-request"));
            assert_eq!(content_type, "application/soap+msbin1");
            let ours = replaced(request, &message_id(request), &message_id(&theirs));
            assert_eq!(ours, theirs, "{scenario}: request {number}");
            let theirs = body(&captured, &format!("{number:03}-response"));
            assert_eq!(*answer, theirs, "{scenario}: answer {number}");
        }
    }
}
