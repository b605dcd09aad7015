//! Messages without WS-Addressing (`basicHttpBinding`): the action stands beside them, in HTTP.

#![allow(clippy::disallowed_methods)]

mod common;

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use common::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use waxwing::contract::CallError;
use waxwing::crypto::{
    Certificate, CertificateValidator, Identity, RevocationMode, Usage, ValidationMode,
};
use waxwing::{
    ChannelFactory, ConfigurationFile, ServiceHost, ServiceHostBuilder, ServiceInstances,
};

/// As WCF wrote and answered them (`basicHttpBinding` without security).
const ADD: &str = "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><Add xmlns=\"http://Microsoft.ServiceModel.Samples\"><n1>100</n1><n2>15.99</n2></Add></s:Body></s:Envelope>";
const ADDED: &str = "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><AddResponse xmlns=\"http://Microsoft.ServiceModel.Samples\"><AddResult>115.99</AddResult></AddResponse></s:Body></s:Envelope>";
const ADD_ACTION: &str = "http://Microsoft.ServiceModel.Samples/ICalculator/Add";
/// The fault of WCF's service for a code that stands alone.
const FAULT: &str = "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><s:Fault><faultcode xmlns:a=\"http://Microsoft.ServiceModel.Samples\">a:PlainCode</faultcode><faultstring>Plain fault.</faultstring></s:Fault></s:Body></s:Envelope>";

/// A file with a binding at both ends; `inside` is what stands in `<bindings>`, under the name B.
fn files(
    section: &str,
    inside: &str,
    scheme: &str,
    port: u16,
) -> (tempfile::TempDir, ConfigurationFile) {
    let contract = "Microsoft.ServiceModel.Samples.ICalculator";
    let text = format!(
        "<configuration><system.serviceModel><services><service name=\"CalculatorService\" behaviorConfiguration=\"S\">\
         <host><baseAddresses><add baseAddress=\"{scheme}://127.0.0.1:{port}\"/></baseAddresses></host>\
         <endpoint address=\"/calc\" binding=\"{section}\" bindingConfiguration=\"B\" contract=\"{contract}\"/>\
         </service></services><client><endpoint name=\"calc\" address=\"{scheme}://localhost:{port}/calc\" \
         binding=\"{section}\" bindingConfiguration=\"B\" contract=\"{contract}\"/></client>\
         <bindings><{section}>{inside}</{section}></bindings><behaviors><serviceBehaviors><behavior name=\"S\">\
         <serviceCredentials><serviceCertificate findValue=\"localhost\" x509FindType=\"FindBySubjectName\" \
         storeName=\"My\" storeLocation=\"LocalMachine\"/><clientCertificate><authentication \
         certificateValidationMode=\"ChainTrust\" revocationMode=\"NoCheck\"/></clientCertificate></serviceCredentials></behavior></serviceBehaviors></behaviors>\
         </system.serviceModel></configuration>"
    );
    // The certificates of both ends lie in one folder of stores.
    let folder = stores("service", "ca", &[]);
    let path = folder.path().join("file.config");
    std::fs::write(&path, text).unwrap();
    let config = ConfigurationFile::load(&path).unwrap_or_else(|e| panic!("{e}"));
    (folder, config)
}

const PLAIN: &str = "<binding name=\"B\" sendTimeout=\"00:00:20\"/>";

struct Host {
    host: ServiceHost,
    service: Counting,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

async fn host(section: &str, inside: &str, scheme: &str) -> Host {
    let (folder, config) = files(section, inside, scheme, 0);
    let service = Counting::default();
    let host = ServiceHostBuilder::from_config(&config, "CalculatorService", &CALCULATOR_CONTRACT)
        .unwrap_or_else(|e| panic!("{e}"))
        .user_names(|name: &str, password: Option<&str>| match (name, password) {
            ("alice", Some("secret")) => Ok(()),
            _ => Err("the password is wrong".to_owned()),
        })
        .open(ServiceInstances::single(CalculatorService::new(service.clone())))
        .await
        .unwrap_or_else(|e| panic!("{e}"));
    let address = host.local_addresses()[0];
    Host { host, service, address, _folder: folder }
}

/// The folder holds the certificates of the authorities.
fn factory(
    section: &str,
    inside: &str,
    scheme: &str,
    port: u16,
) -> (tempfile::TempDir, ChannelFactory) {
    let (folder, config) = files(section, inside, scheme, port);
    let factory = ChannelFactory::from_config(&config, "calc", &CALCULATOR_CONTRACT);
    (folder, factory.unwrap_or_else(|e| panic!("{e}")))
}

/// Posts a message as it is; gives status line, headers and body.
async fn post(to: SocketAddr, headers: &str, body: &str) -> (String, String) {
    let mut stream = TcpStream::connect(to).await.unwrap();
    let head = format!(
        "POST /calc HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_string(&mut answer));
    read.await.expect("an end").unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    (head.to_ascii_lowercase(), body.to_owned())
}

fn told(action: &str) -> String {
    format!("Content-Type: text/xml; charset=utf-8\r\nSOAPAction: \"{action}\"\r\n")
}

/// A server that answers one request with `answer`, and gives what it got.
async fn one_answer(
    status: &'static str,
    answer: &'static str,
) -> (u16, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (mut got, mut piece) = (String::new(), [0; 4096]);
        while !got.contains("</s:Envelope>") {
            let octets = stream.read(&mut piece).await.unwrap();
            assert!(octets > 0, "the request ended early: {got}");
            got += &String::from_utf8_lossy(&piece[..octets]);
        }
        let kind = if answer.is_empty() { "" } else { "Content-Type: text/xml; charset=utf-8\r\n" };
        let length = answer.len();
        let reply = format!("HTTP/1.1 {status}\r\n{kind}Content-Length: {length}\r\n\r\n{answer}");
        stream.write_all(reply.as_bytes()).await.unwrap();
        got
    });
    (port, task)
}

#[tokio::test]
async fn what_wcf_sent_is_answered_as_wcf_answered() {
    let own = host("basicHttpBinding", PLAIN, "http").await;
    let (head, body) = post(own.address, &told(ADD_ACTION), ADD).await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(head.contains("content-type: text/xml; charset=utf-8"), "{head}");
    assert_eq!(body, ADDED);
    own.host.close().await;
}

#[tokio::test]
async fn the_client_sends_what_wcf_sent_and_reads_its_answer() {
    let (port, task) = one_answer("200 OK", ADDED).await;
    let (_folder, factory) = factory("basicHttpBinding", PLAIN, "http", port);
    let channel = factory.open_channel().await.unwrap();
    assert_eq!(CalculatorClient::new(&channel).add(100.0, 15.99).await.unwrap(), 115.99);
    let got = task.await.unwrap();
    let (head, body) = got.split_once("\r\n\r\n").unwrap();
    assert_eq!(body, ADD);
    let head = head.to_ascii_lowercase();
    assert!(head.contains("content-type: text/xml; charset=utf-8"), "{head}");
    assert!(
        head.contains(&format!("soapaction: \"{}\"", ADD_ACTION.to_ascii_lowercase())),
        "{head}"
    );
    channel.close().await.unwrap();
}

#[tokio::test]
async fn faults_of_wcf_are_told_as_such() {
    let (port, _task) = one_answer("500 Internal Server Error", FAULT).await;
    let (_folder, factory) = factory("basicHttpBinding", PLAIN, "http", port);
    let channel = factory.open_channel().await.unwrap();
    let error = CalculatorClient::new(&channel).divide(1.0, -2.0).await.unwrap_err();
    let CallError::Fault(fault) = &error else { panic!("{error}") };
    assert_eq!(fault.text(), "Plain fault.");
    channel.abort("the test is over");
}

/// An answer of somebody who writes addressing headers nevertheless is the answer to the request of its connection.
#[tokio::test]
async fn addressing_headers_of_an_answer_mean_nothing() {
    const ADDRESSED: &str = "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:a=\"http://www.w3.org/2005/08/addressing\"><s:Header><a:RelatesTo>urn:other</a:RelatesTo></s:Header><s:Body><AddResponse xmlns=\"http://Microsoft.ServiceModel.Samples\"><AddResult>3</AddResult></AddResponse></s:Body></s:Envelope>";
    let (port, _task) = one_answer("200 OK", ADDRESSED).await;
    let (_folder, factory) = factory("basicHttpBinding", PLAIN, "http", port);
    let channel = factory.open_channel().await.unwrap();
    assert_eq!(CalculatorClient::new(&channel).add(1.0, 2.0).await.unwrap(), 3.0);
    channel.close().await.unwrap();
}

#[tokio::test]
async fn both_ends_in_every_version_and_encoding() {
    let text = |version: &str| {
        format!(
            "<binding name=\"B\" sendTimeout=\"00:00:20\"><textMessageEncoding messageVersion=\"{version}\"/><httpTransport/></binding>"
        )
    };
    let mtom = |version: &str| {
        format!(
            "<binding name=\"B\" sendTimeout=\"00:00:20\"><mtomMessageEncoding messageVersion=\"{version}\"/><httpTransport/></binding>"
        )
    };
    let kinds = [
        ("basicHttpBinding", PLAIN.to_owned()),
        ("basicHttpBinding", "<binding name=\"B\" messageEncoding=\"Mtom\"/>".to_owned()),
        ("customBinding", text("Soap11")),
        ("customBinding", text("Soap12")),
        ("customBinding", mtom("Soap11")),
        ("customBinding", mtom("Soap12")),
    ];
    for (section, inside) in kinds {
        let own = host(section, &inside, "http").await;
        let (_folder, factory) = factory(section, &inside, "http", own.address.port());
        let channel = factory.open_channel().await.unwrap_or_else(|e| panic!("{inside}: {e}"));
        let client = CalculatorClient::new(&channel);
        let sum = client.add(1.0, 2.0).await;
        assert_eq!(sum.unwrap_or_else(|e| panic!("{inside}: {e}")), 3.0);
        let fault = client.divide(1.0, 0.0).await.unwrap_err().to_string();
        assert!(fault.contains("Division by zero"), "{inside}: {fault}");
        assert_eq!(client.add(2.0, 2.0).await.unwrap(), 4.0, "{inside}");
        channel.close().await.unwrap();
        assert_eq!(own.service.executed.load(Ordering::SeqCst), 3, "{inside}");
        own.host.close().await;
    }
}

/// The credential in the message, TLS around it (`TransportWithMessageCredential`, user name).
#[tokio::test]
async fn a_user_name_in_the_message_over_tls() {
    let inside = "<binding name=\"B\" sendTimeout=\"00:00:20\"><security mode=\"TransportWithMessageCredential\">\
                  <message clientCredentialType=\"UserName\"/></security></binding>";
    let own = host("basicHttpBinding", inside, "https").await;
    let (_folder, factory) = factory("basicHttpBinding", inside, "https", own.address.port());
    for (password, good) in [("secret", true), ("guess", false)] {
        let opened = factory.clone().user_name("alice", password).open_channel().await;
        let channel = opened.unwrap_or_else(|e| panic!("{e}"));
        match CalculatorClient::new(&channel).add(1.0, 2.0).await {
            Ok(sum) => assert!(good && sum == 3.0),
            Err(error) => {
                assert!(!good, "{error}");
                assert!(error.to_string().contains("could not be validated"), "{error}");
            }
        }
        channel.abort("the test is over");
    }
    assert_eq!(own.service.caller.lock().unwrap().as_deref(), Some("alice"));
    assert_eq!(own.service.executed.load(Ordering::SeqCst), 1);
    own.host.close().await;
}

/// Nothing in the message chooses the operation: only what the transport tells.
#[tokio::test]
async fn the_action_is_the_one_that_the_transport_tells() {
    let own = host("basicHttpBinding", PLAIN, "http").await;
    let headers =
        |header: &str| ADD.replace("<s:Body>", &format!("<s:Header>{header}</s:Header><s:Body>"));
    let divide = "http://Microsoft.ServiceModel.Samples/ICalculator/Divide";
    // None is told, or one of nobody.
    for action in ["", "urn:other"] {
        let (head, body) = post(own.address, &told(action), ADD).await;
        assert!(head.starts_with("http/1.1 500"), "{head}");
        assert!(body.contains("ActionNotSupported"), "{body}");
    }
    // What looks like an action in the message is a header like any other.
    for namespace in ["", "http://www.w3.org/2005/08/addressing"] {
        let header = format!("<Action xmlns=\"{namespace}\">{divide}</Action>");
        let (_, body) = post(own.address, &told(ADD_ACTION), &headers(&header)).await;
        assert_eq!(body, ADDED, "{namespace}");
        let (head, body) = post(own.address, &told(""), &headers(&header)).await;
        assert!(head.starts_with("http/1.1 500") && body.contains("ActionNotSupported"), "{body}");
    }
    // And one that must be understood is not.
    let header = "<Action s:mustUnderstand=\"1\" xmlns=\"http://www.w3.org/2005/08/addressing\">urn:a</Action>";
    let (head, body) = post(own.address, &told(ADD_ACTION), &headers(header)).await;
    assert!(head.starts_with("http/1.1 500") && body.contains("MustUnderstand"), "{body}");
    assert_eq!(own.service.executed.load(Ordering::SeqCst), 2);
    own.host.close().await;
}

/// `mode="Message"`: WS-Security 1.0 under certificates of both ends.
const MESSAGE: &str = "<binding name=\"B\" sendTimeout=\"00:00:20\"><security mode=\"Message\">\
                       <message clientCredentialType=\"Certificate\"/></security></binding>";

fn identity(name: &str) -> Identity {
    let read = |kind: &str| std::fs::read(pki().join(format!("{name}.{kind}.pem"))).unwrap();
    Identity::from_pem(&[read("cert"), read("key")].concat()).unwrap()
}

/// A client of `MESSAGE` that knows the service's certificate.
fn knowing(factory: ChannelFactory) -> ChannelFactory {
    let roots = std::fs::read(pki().join("ca.cert.pem")).unwrap();
    let trust = CertificateValidator::new(
        ValidationMode::ChainTrust,
        RevocationMode::NoCheck,
        Usage::Service,
    );
    factory
        .service_certificate(identity("service").certificate)
        .service_trust(trust.with_roots(Certificate::from_pem(&roots).unwrap()))
}

#[tokio::test]
async fn certificates_of_both_ends() {
    under_certificates("basicHttpBinding", MESSAGE).await;
    // One key for both directions (WS-Security 1.1), as policies of CXF ask for without addressing.
    for mode in ["MutualCertificate", "MutualCertificateDuplex"] {
        for version in ["Soap11", "Soap12"] {
            let inside = format!(
                "<binding name=\"B\" sendTimeout=\"00:00:20\"><security authenticationMode=\"{mode}\"/>\
                 <textMessageEncoding messageVersion=\"{version}\"/><httpTransport/></binding>"
            );
            under_certificates("customBinding", &inside).await;
        }
    }
}

async fn under_certificates(section: &str, inside: &str) {
    let own = host(section, inside, "http").await;
    let (_folder, factory) = factory(section, inside, "http", own.address.port());
    for (name, good) in [("alice", true), ("mallory", false)] {
        let factory = knowing(factory.clone()).client_certificate(identity(name));
        let channel = factory.open_channel().await.unwrap_or_else(|e| panic!("{e}"));
        let client = CalculatorClient::new(&channel);
        match client.add(1.0, 2.0).await {
            Ok(sum) => assert!(good && sum == 3.0, "{inside}"),
            Err(error) => assert!(!good, "{inside}: {error}"),
        }
        if good {
            let fault = client.divide(1.0, 0.0).await.unwrap_err().to_string();
            assert!(fault.contains("Division by zero"), "{fault}");
        }
        channel.abort("the test is over");
    }
    let caller = own.service.caller.lock().unwrap().clone().unwrap_or_default();
    assert!(caller.starts_with("CN=alice; "), "{caller}");
    assert_eq!(own.service.executed.load(Ordering::SeqCst), 2);
    own.host.close().await;
}

/// Nobody signs the action: who stands between can name another, and reaches an operation whose body this is not.
#[tokio::test]
async fn a_signed_body_under_another_action_executes_nothing() {
    let (port, task) = one_answer("202 Accepted", "").await;
    let (_folder, factory) = factory("basicHttpBinding", MESSAGE, "http", port);
    let factory = knowing(factory).client_certificate(identity("alice"));
    let channel = factory.open_channel().await.unwrap_or_else(|e| panic!("{e}"));
    assert!(CalculatorClient::new(&channel).add(1.0, 2.0).await.is_err(), "nothing answered");
    channel.abort("the test is over");
    let sent = task.await.unwrap();
    let (_, signed) = sent.split_once("\r\n\r\n").unwrap();
    let own = host("basicHttpBinding", MESSAGE, "http").await;
    let divide = "http://Microsoft.ServiceModel.Samples/ICalculator/Divide";
    let (head, _) = post(own.address, &told(divide), signed).await;
    assert!(head.starts_with("http/1.1 500"), "{head}");
    assert_eq!(own.service.executed.load(Ordering::SeqCst), 0);
    own.host.close().await;
}
