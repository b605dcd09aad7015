//! Where messages are addressed to and where they go: front ends that rewrite, and endpoints that know their public address.

#![allow(clippy::disallowed_methods)]

mod common;

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use common::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use waxwing::binding::{Configuration, SecurityMode, ServiceBehavior, WsHttpBinding};
use waxwing::service::AddressFilterMode;
use waxwing::{
    ChannelError, ChannelFactory, ConfigurationFile, Diagnosis, ServiceHost, ServiceHostBuilder,
    ServiceInstances,
};

/// The service's own address; it listens elsewhere.
const INNER: &str = "http://inner.example:8080/calc";

fn plain(reliable: bool) -> WsHttpBinding {
    WsHttpBinding::new(SecurityMode::None, reliable)
}

fn builder(reliable: bool) -> ServiceHostBuilder {
    let behavior = ServiceBehavior::default();
    let builder = ServiceHostBuilder::new();
    let builder = builder.endpoint(plain(reliable), INNER, &CALCULATOR_CONTRACT, behavior);
    let mut builder = builder.expect("an endpoint");
    builder.endpoints_mut()[0].via = Some("http://127.0.0.1:0/calc".to_owned());
    builder
}

async fn open(builder: ServiceHostBuilder) -> (ServiceHost, Counting) {
    let service = Counting::default();
    let instances = ServiceInstances::single(CalculatorService::new(service.clone()));
    (builder.open(instances).await.expect("a host"), service)
}

/// A call that is addressed to `to`, as it comes in behind a front end.
async fn call(host: &ServiceHost, to: &str, reliable: bool) -> Result<f64, String> {
    let via = format!("http://{}/calc", host.local_addresses()[0]);
    let factory = ChannelFactory::new(plain(reliable), &via, &CALCULATOR_CONTRACT);
    let factory = factory.expect("a factory").address(to).via(via);
    let refused = |error: ChannelError| {
        assert_eq!(error.diagnosis(), Some(Diagnosis::EndpointNotFound), "{error}");
        error.to_string()
    };
    let channel = factory.open_channel().await.map_err(refused)?;
    let sum = CalculatorClient::new(&channel).add(1.0, 2.0).await.map_err(|e| e.to_string())?;
    channel.close().await.expect("closed");
    Ok(sum)
}

/// What a front end does to the address, and what helps.
#[tokio::test]
async fn front_ends_that_rewrite() {
    use AddressFilterMode::{Any, Exact, Prefix};
    let public = "https://shop.example/api/calc";
    for (what, to, exact, prefix) in [
        ("nothing", INNER, true, true),
        ("the host", "http://shop.example:8080/calc", true, true),
        ("the port", "http://shop.example/calc", false, false),
        (
            "the scheme, TLS ending before the service",
            "https://shop.example:8080/calc",
            false,
            false,
        ),
        ("the path, below the service's", "http://shop.example:8080/calc/v1", false, true),
        ("the path", "http://shop.example:8080/api/calc", false, false),
        ("all of it", public, false, false),
    ] {
        for (mode, works) in [(Exact, exact), (Prefix, prefix), (Any, true)] {
            for reliable in [false, true] {
                let (host, service) = open(builder(reliable).address_filter(mode)).await;
                let called = call(&host, to, reliable).await;
                match (works, called) {
                    (true, called) => assert_eq!(called, Ok(3.0), "{what}, {mode:?}"),
                    (false, Ok(_)) => panic!("{what}, {mode:?}: it went through"),
                    (false, Err(text)) => {
                        let expected = format!(
                            "The message with To '{to}' cannot be processed at the receiver, due to an AddressFilter mismatch at \
                             the EndpointDispatcher.  Check that the sender and receiver's EndpointAddresses agree."
                        );
                        assert!(text.contains(&expected), "{what}: {text}");
                    }
                }
                assert_eq!(service.executed.load(Ordering::SeqCst), u64::from(works));
            }
        }
        // Whatever it is, the service may be told.
        let (host, _) = open(builder(true).public_address(INNER, to)).await;
        assert_eq!(call(&host, to, true).await, Ok(3.0), "{what}");
        assert_eq!(call(&host, INNER, true).await, Ok(3.0));
        assert!(call(&host, "http://shop.example/other", true).await.is_err());
    }
}

#[tokio::test]
async fn public_addresses_must_be_of_an_endpoint() {
    for (own, public, text) in [
        ("http://inner.example:8081/calc", "https://shop.example/", "there is no endpoint"),
        (INNER, "shop.example/calc", "must be absolute"),
    ] {
        let service = ServiceInstances::single(CalculatorService::new(Counting::default()));
        let opened = builder(false).public_address(own, public).open(service).await;
        let error = opened.map(drop).expect_err("refused").to_string();
        assert!(error.contains(text), "{error}");
    }
}

/// The same in a file, with `listenUri`.
#[tokio::test]
async fn files_say_public_addresses() {
    let text = r#"<configuration>
  <waxwing><publicAddresses>
    <add address="http://INNER.example:8080/calc/" public="https://shop.example/api/calc"/>
    <add address="http://inner.example:8080/other" public="https://shop.example/other"/>
  </publicAddresses></waxwing>
  <system.serviceModel><services><service name="S">
    <endpoint address="http://inner.example:8080/calc" listenUri="http://127.0.0.1:0/calc" binding="wsHttpBinding"
      bindingConfiguration="B" contract="Microsoft.ServiceModel.Samples.ICalculator"/>
  </service></services>
  <bindings><wsHttpBinding><binding name="B"><reliableSession enabled="true"/><security mode="None"/></binding></wsHttpBinding></bindings>
</system.serviceModel></configuration>"#;
    let file = ConfigurationFile::of(Configuration::parse(text).expect("a file"), "");
    let builder = ServiceHostBuilder::from_config(&file, "S", &CALCULATOR_CONTRACT);
    let (host, _) = open(builder.expect("the service")).await;
    for to in [INNER, "https://shop.example/api/calc"] {
        assert_eq!(call(&host, to, true).await, Ok(3.0), "{to}");
    }
    for to in ["https://shop.example/other", "https://inner.example:8080/calc"] {
        assert!(call(&host, to, true).await.is_err(), "{to}");
    }
}

/// A service with this binding element, at this address.
fn at(address: &str, transport: &str) -> ServiceHostBuilder {
    let text = format!(
        "<configuration><system.serviceModel><bindings><customBinding><binding><textMessageEncoding/><httpTransport \
         {transport}/></binding></customBinding></bindings></system.serviceModel></configuration>"
    );
    let binding = Configuration::parse(&text).expect("a file").bindings.remove(0);
    let behavior = ServiceBehavior::default();
    let builder = ServiceHostBuilder::new();
    builder.endpoint(binding, address, &CALCULATOR_CONTRACT, behavior).expect("an endpoint")
}

/// What a raw request is answered, until the connection ends or the answer is whole; with how long it took.
async fn raw(to: SocketAddr, pieces: &[&str]) -> (String, Duration) {
    let began = Instant::now();
    let mut stream = TcpStream::connect(to).await.expect("a connection");
    for piece in pieces {
        let _ = stream.write_all(piece.as_bytes()).await;
    }
    let (mut all, mut octets) = (String::new(), [0; 4096]);
    while let Ok(read @ 1..) = stream.read(&mut octets).await {
        all += &String::from_utf8_lossy(&octets[..read]);
        if all.contains("</s:Envelope>")
            || all.contains("Content-Length: 0")
            || all.contains("content-length: 0")
        {
            break;
        }
    }
    (all, began.elapsed())
}

fn add(path: &str, hosts: &str) -> String {
    let call = r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing"><s:Header><a:Action s:mustUnderstand="1">http://Microsoft.ServiceModel.Samples/ICalculator/Add</a:Action><a:MessageID>urn:uuid:1</a:MessageID></s:Header><s:Body><Add xmlns="http://Microsoft.ServiceModel.Samples"><n1>1</n1><n2>2</n2></Add></s:Body></s:Envelope>"#;
    format!(
        "POST {path} HTTP/1.1\r\n{hosts}Content-Type: application/soap+xml; charset=utf-8\r\nContent-Length: {}\r\n\r\n{call}",
        call.len()
    )
}

/// Two services on one port and path: the name that is asked for tells them apart.
#[tokio::test]
async fn host_names_tell_services_apart() {
    let port = waxwing_testkit::ports::free_port().unwrap();
    let to = SocketAddr::from(([127, 0, 0, 1], port));
    let (named, rest) = (Counting::default(), Counting::default());
    let instances =
        |service: &Counting| ServiceInstances::single(CalculatorService::new(service.clone()));
    let exact = r#"hostNameComparisonMode="Exact""#;
    let other =
        at(&format!("http://127.0.0.1:{port}/calc"), r#"hostNameComparisonMode="WeakWildcard""#);
    let host = at(&format!("http://localhost:{port}/calc"), exact)
        .service(other, instances(&rest))
        .open(instances(&named))
        .await
        .expect("a host");
    let counts = || {
        let count = |service: &Counting| service.executed.load(Ordering::SeqCst);
        (count(&named), count(&rest))
    };
    let own = format!("Host: LOCALHOST:{port}\r\n");
    for (path, hosts, expected) in [
        ("/calc", own.as_str(), (1, 0)),
        ("/calc/below", own.as_str(), (2, 0)),
        ("/calc", "Host: localhost\r\n", (3, 0)),
        ("/calc", "Host: shop.example\r\n", (3, 1)),
        ("/calc", "", (3, 2)),
        // What stands in the target goes before the header.
        ("http://localhost/calc", "Host: shop.example\r\n", (4, 2)),
    ] {
        let (answer, _) = raw(to, &[&add(path, hosts)]).await;
        assert!(answer.contains("<AddResult"), "{path} {hosts}: {answer}");
        assert_eq!(counts(), expected, "{path} {hosts}");
    }
    let (answer, _) = raw(to, &[&add("/calc", "Host: localhost\r\nHost: shop.example\r\n")]).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    let (answer, _) = raw(to, &[&add("/calculator", &own)]).await;
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    for method in ["GET", "PUT", "HEAD"] {
        let (answer, _) = raw(to, &[&add("/calc", &own).replacen("POST", method, 1)]).await;
        assert!(answer.starts_with("HTTP/1.1 405 "), "{method}: {answer}");
    }
    assert_eq!(counts(), (4, 2));
    host.close().await;
}

/// Whoever takes too long for a request gets no answer: the connection is dropped, as by WCF.
#[tokio::test]
async fn requests_have_their_time() {
    let timeout = r#"requestInitializationTimeout="00:00:01""#;
    let (host, service) = open(at("http://127.0.0.1:0/calc", timeout)).await;
    let to = host.local_addresses()[0];
    let whole = add("/calc", "Host: x\r\n");
    let (answer, took) = raw(to, &[&whole[..whole.len() - 20]]).await;
    assert_eq!(answer, "");
    assert!(took >= Duration::from_millis(900), "{took:?}");
    assert!(took < Duration::from_secs(8), "sooner than the host's own limits: {took:?}");
    let (answer, _) = raw(to, &[&whole]).await;
    assert!(answer.contains("<AddResult"), "{answer}");
    assert_eq!(service.executed.load(Ordering::SeqCst), 1);
}
