//! What stands between client and service: HTTP proxies, cookies of load balancers, compressed answers.

#![allow(clippy::disallowed_methods)]

mod common;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use common::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::net::TcpListener;
use waxwing::binding::{
    Binding as AnyBinding, SecurityMode, ServiceBehavior, TimeSpan, WsHttpBinding,
};
use waxwing::contract::CallError;
use waxwing::{
    ChannelError, ChannelFactory, ConfigurationFile, ServiceHost, ServiceHostBuilder,
    ServiceInstances,
};
use waxwing_testkit::proxy::{HttpProxy, ProxyRules, Rewrite, header};

/// A host that only the proxy knows.
const NAME: &str = "calc.example";
const PAIR: &str = "Basic YWxpY2U6c2VjcmV0";

fn plain() -> WsHttpBinding {
    let binding = WsHttpBinding::new(SecurityMode::None, true);
    binding.open_timeout(TimeSpan::seconds(5)).send_timeout(TimeSpan::seconds(5))
}

async fn service(binding: impl Into<AnyBinding>) -> ServiceHost {
    let builder = ServiceHostBuilder::new();
    let address = "http://127.0.0.1:0/calc";
    let builder =
        builder.endpoint(binding, address, &CALCULATOR_CONTRACT, ServiceBehavior::default());
    let service = CalculatorService::new(Counting::default());
    builder.unwrap().open(ServiceInstances::single(service)).await.unwrap()
}

fn rules(host: &ServiceHost) -> ProxyRules {
    let hosts = HashMap::from([(NAME.to_owned(), host.local_addresses()[0])]);
    ProxyRules { hosts, ..ProxyRules::default() }
}

fn guarded(rules: ProxyRules) -> ProxyRules {
    let challenge = "Basic realm=\"here\"".to_owned();
    ProxyRules { authorization: Some(PAIR.to_owned()), challenge, ..rules }
}

/// A client whose messages bear the address that the service has, and go to the name that the proxy knows.
fn client(host: &ServiceHost, proxy: impl std::fmt::Display) -> ChannelFactory {
    let address = format!("http://127.0.0.1:{}/calc", host.local_addresses()[0].port());
    let factory = ChannelFactory::new(plain(), &address, &CALCULATOR_CONTRACT).unwrap();
    factory.via(format!("http://{NAME}/calc")).proxy_address(proxy.to_string())
}

async fn calls(factory: &ChannelFactory) -> Result<(), ChannelError> {
    let channel = factory.open_channel().await?;
    for n in 1..=3 {
        let sum = CalculatorClient::new(&channel).add(f64::from(n), 2.0).await;
        assert_eq!(sum.unwrap_or_else(|e| panic!("{e}")), f64::from(n) + 2.0);
    }
    channel.close().await
}

/// Why a call fails, told soon.
struct Refused {
    code: Option<&'static str>,
    text: String,
}

impl Refused {
    fn code(&self) -> Option<&'static str> {
        self.code
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// What opening says, or the first call where opening asks nobody.
async fn refused(factory: &ChannelFactory) -> Refused {
    let called = async {
        let channel = match factory.open_channel().await {
            Ok(channel) => channel,
            Err(error) => return Refused { code: error.code(), text: error.to_string() },
        };
        let error =
            CalculatorClient::new(&channel).add(1.0, 2.0).await.expect_err("no way through");
        let text = error.to_string();
        let CallError::Channel(error) = error else { panic!("{text}") };
        Refused { code: error.downcast_ref().and_then(ChannelError::code), text }
    };
    tokio::time::timeout(Duration::from_secs(30), called).await.expect("told")
}

fn place(proxy: &HttpProxy) -> String {
    proxy.local_addr().to_string()
}

#[tokio::test]
async fn messages_go_through_a_proxy_with_their_whole_address() {
    let host = service(plain()).await;
    let proxy = HttpProxy::start(rules(&host)).await.unwrap();
    calls(&client(&host, format!("http://{}", place(&proxy)))).await.unwrap();
    let heads = proxy.heads();
    assert!(heads.len() >= 5, "{heads:?}");
    for head in &heads {
        assert!(head.starts_with("POST http://calc.example/calc HTTP/1.1\r\n"), "{head}");
        assert_eq!(header(head, "host"), Some(NAME), "{head}");
        for name in ["proxy-authorization", "authorization", "cookie"] {
            assert_eq!(header(head, name), None, "{head}");
        }
        assert_eq!(header(head, "accept-encoding"), Some("gzip, deflate"));
    }
}

#[tokio::test]
async fn a_proxy_that_wants_a_password_gets_it_when_it_asks() {
    let host = service(plain()).await;
    let proxy = HttpProxy::start(guarded(rules(&host))).await.unwrap();
    let place = place(&proxy);
    for factory in [
        client(&host, format!("http://alice:secret@{place}")),
        client(&host, &place).proxy_credentials("alice", "secret"),
        client(&host, format!("http://bob:wrong@{place}")).proxy_credentials("alice", "secret"),
    ] {
        let before = proxy.heads().len();
        calls(&factory).await.unwrap_or_else(|e| panic!("{e}"));
        let heads = proxy.heads().split_off(before);
        let shown: Vec<_> = heads.iter().map(|head| header(head, "proxy-authorization")).collect();
        assert_eq!(shown[0], None, "nobody is told unasked");
        assert!(shown[1..].iter().all(|shown| *shown == Some(PAIR)), "{shown:?}");
    }
    // In message security WCF has no place for it either: the user name of the messages is not the proxy's.
    let not_theirs = client(&host, &place).user_name("alice", "secret");
    for (factory, says) in [
        (not_theirs, "there are none"),
        (client(&host, &place), "there are none"),
        (client(&host, &place).proxy_credentials("alice", "wrong"), "does not take"),
    ] {
        let error = refused(&factory).await;
        let text = error.to_string();
        assert_eq!(error.code(), Some("proxy-authentication"), "{text}");
        for part in [says, "(407)", &place, "proxyAddress of the binding", "Basic"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("secret") && !text.contains("wrong"), "{text}");
    }
}

/// Found with tinyproxy.
#[tokio::test]
async fn a_proxy_that_cuts_the_connection_when_it_asks() {
    let host = service(plain()).await;
    let rules = ProxyRules { cuts: true, ..guarded(rules(&host)) };
    let proxy = HttpProxy::start(rules).await.unwrap();
    calls(&client(&host, place(&proxy)).proxy_credentials("alice", "secret")).await.unwrap();
    let error = refused(&client(&host, place(&proxy))).await;
    assert_eq!(error.code(), Some("proxy-authentication"), "{error}");
}

/// What other proxies ask for is told by its name.
#[tokio::test]
async fn windows_accounts_are_refused_by_name() {
    let host = service(plain()).await;
    let rules = ProxyRules { challenge: "Negotiate".to_owned(), ..guarded(rules(&host)) };
    let proxy = HttpProxy::start(rules).await.unwrap();
    let error = refused(&client(&host, place(&proxy)).proxy_credentials("alice", "secret")).await;
    assert_eq!(error.code(), Some("proxy-authentication"), "{error}");
    assert!(error.to_string().contains("Negotiate"), "{error}");
    assert!(proxy.heads().iter().all(|head| header(head, "proxy-authorization").is_none()));
}

#[tokio::test]
async fn a_proxy_that_does_not_work() {
    let host = service(plain()).await;
    let nobody = SocketAddr::from(([127, 0, 0, 1], waxwing_testkit::ports::free_port().unwrap()));
    let error = refused(&client(&host, nobody)).await;
    assert_eq!(error.code(), Some("proxy-failed"), "{error}");
    assert!(error.to_string().contains(&format!("the proxy http://{nobody}")), "{error}");
    // What a proxy says itself looks like the service's: the text names both.
    let page = "HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\nsorry!";
    let moved = "HTTP/1.1 302 Found\r\nLocation: http://evil.example/\r\nContent-Length: 0\r\n\r\n";
    for (answer, code) in [
        (page, "http-access-denied"),
        (moved, "http-protocol"),
        ("HTTP/1.1 504 Timeout\r\nContent-Length: 0\r\n\r\n", "no-answer"),
        ("garbage\r\n\r\n", "http-protocol"),
        ("", "connection-broken"),
    ] {
        let rules = ProxyRules { answer: Some(answer.into()), ..ProxyRules::default() };
        let proxy = HttpProxy::start(rules).await.unwrap();
        let error = refused(&client(&host, place(&proxy))).await;
        assert_eq!(error.code(), Some(code), "{error}");
        assert!(
            error.to_string().contains(&format!("the proxy http://{}", place(&proxy))),
            "{error}"
        );
    }
    for bad in ["socks5://p:1", "http://me:secret@:0/"] {
        let error = client(&host, bad).create_channel().map(drop).expect_err("no proxy");
        let text = error.to_string();
        assert!(text.contains("proxyAddress of the binding") && !text.contains("secret"), "{text}");
    }
}

fn https_binding(extra: &str, security: &str) -> String {
    format!(
        r#"<bindings><wsHttpBinding><binding name="B" openTimeout="00:00:10" sendTimeout="00:00:10" {extra}>{security}</binding></wsHttpBinding></bindings>"#
    )
}

const OVER_TLS: &str =
    r#"<security mode="Transport"><transport clientCredentialType="None"/></security>"#;

async fn https_service(folder: &Path) -> ServiceHost {
    let text = format!(
        r#"<configuration><system.serviceModel>
  <services><service name="CalculatorService" behaviorConfiguration="S">
    <host><baseAddresses><add baseAddress="https://127.0.0.1:0"/></baseAddresses></host>
    <endpoint address="/calc" binding="wsHttpBinding" bindingConfiguration="B" contract="Microsoft.ServiceModel.Samples.ICalculator"/>
  </service></services>{}
  <behaviors><serviceBehaviors><behavior name="S"><serviceCredentials>
    <serviceCertificate findValue="localhost" x509FindType="FindBySubjectName" storeName="My" storeLocation="LocalMachine"/>
  </serviceCredentials></behavior></serviceBehaviors></behaviors>
</system.serviceModel></configuration>"#,
        https_binding("", OVER_TLS)
    );
    let path = folder.join("service.config");
    std::fs::write(&path, text).unwrap();
    let file = ConfigurationFile::load(&path).unwrap_or_else(|e| panic!("{e}"));
    let builder = ServiceHostBuilder::from_config(&file, "CalculatorService", &CALCULATOR_CONTRACT);
    let service = CalculatorService::new(Counting::default());
    builder.unwrap_or_else(|e| panic!("{e}")).open(ServiceInstances::single(service)).await.unwrap()
}

/// A client of `https://localhost`, which the proxy alone finds.
fn https_client(folder: &Path, port: u16, extra: &str, security: &str) -> ChannelFactory {
    let text = format!(
        r#"<configuration><system.serviceModel>
  <client><endpoint name="calc" address="https://localhost:{port}/calc" binding="wsHttpBinding" bindingConfiguration="B"
      contract="Microsoft.ServiceModel.Samples.ICalculator"/></client>{}
</system.serviceModel></configuration>"#,
        https_binding(extra, security)
    );
    let path = folder.join("client.config");
    std::fs::write(&path, text).unwrap();
    let file = ConfigurationFile::load(&path).unwrap_or_else(|e| panic!("{e}"));
    ChannelFactory::from_config(&file, "calc", &CALCULATOR_CONTRACT)
        .unwrap_or_else(|e| panic!("{e}"))
}

fn through(proxy: &str) -> String {
    format!(r#"useDefaultWebProxy="false" proxyAddress="{proxy}""#)
}

#[tokio::test]
async fn tls_goes_through_a_tunnel() {
    let (own, peer) = (stores("service", "ca", &[]), stores("alice", "ca", &[]));
    let host = https_service(own.path()).await;
    let port = host.local_addresses()[0].port();
    let proxy = HttpProxy::start(guarded(ProxyRules::default())).await.unwrap();
    let place = place(&proxy);
    let by_binding = OVER_TLS.replace("/>", r#" proxyCredentialType="Basic"/>"#);
    for factory in [
        https_client(
            peer.path(),
            port,
            &through(&format!("http://alice:secret@{place}")),
            OVER_TLS,
        ),
        https_client(peer.path(), port, &through(&format!("http://{place}")), OVER_TLS)
            .proxy_credentials("alice", "secret"),
        // As in WCF: the user name of the credentials is the proxy's.
        https_client(peer.path(), port, &through(&format!("http://{place}")), &by_binding)
            .user_name("alice", "secret"),
    ] {
        let before = proxy.heads().len();
        calls(&factory).await.unwrap_or_else(|e| panic!("{e}"));
        let heads = proxy.heads().split_off(before);
        assert_eq!(heads.len(), 2, "asked once, and one tunnel for all messages: {heads:?}");
        for head in &heads {
            assert!(head.starts_with(&format!(
                "CONNECT localhost:{port} HTTP/1.1\r\nHost: localhost:{port}\r\n"
            )));
        }
        assert_eq!(header(&heads[0], "proxy-authorization"), None);
        assert_eq!(header(&heads[1], "proxy-authorization"), Some(PAIR));
    }
    let factory = https_client(peer.path(), port, &through(&format!("http://{place}")), OVER_TLS);
    let error = refused(&factory).await;
    assert_eq!(error.code(), Some("proxy-authentication"), "{error}");
    let by_digest = OVER_TLS.replace("/>", r#" proxyCredentialType="Digest"/>"#);
    let factory = https_client(peer.path(), port, &through(&format!("http://{place}")), &by_digest);
    let before = proxy.heads().len();
    let error = refused(&factory.user_name("alice", "secret")).await;
    assert_eq!(error.code(), Some("proxy-authentication"), "{error}");
    let shown = |head: &String| header(head, "proxy-authorization").is_some();
    assert!(
        !proxy.heads()[before..].iter().any(shown),
        "a password that is for Digest is not said"
    );
}

/// Whatever a proxy answers CONNECT, it is no answer of the service.
#[tokio::test]
async fn a_tunnel_that_does_not_come_about() {
    let peer = stores("alice", "ca", &[]);
    let fault = "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'><s:Body><s:Fault/></s:Body></s:Envelope>";
    let refusal = |status: &str| {
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/soap+xml\r\nContent-Length: {}\r\n\r\n{fault}",
            fault.len()
        )
    };
    let endless = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(100_000));
    for (answer, code, says) in [
        (refusal("403 Forbidden"), "proxy-failed", "HTTP 403 Forbidden"),
        (refusal("502 Bad Gateway"), "proxy-failed", "HTTP 502 Bad Gateway"),
        (refusal("500 Fault"), "proxy-failed", "HTTP 500 Fault"),
        (refusal("200 OK"), "proxy-failed", "into the tunnel itself"),
        (
            "HTTP/1.1 307 x\r\nLocation: https://evil.example/\r\n\r\n".to_owned(),
            "proxy-failed",
            "HTTP 307",
        ),
        (endless, "proxy-failed", "larger than"),
        ("\0\0\0".to_owned(), "proxy-failed", "not answer CONNECT as a proxy"),
        (String::new(), "proxy-failed", "closed before"),
        (refusal("407 Who?"), "proxy-authentication", "nothing that has a name"),
    ] {
        let rules = ProxyRules { answer: Some(answer.into_bytes()), ..ProxyRules::default() };
        let proxy = HttpProxy::start(rules).await.unwrap();
        let name = format!("http://{}", place(&proxy));
        let factory = https_client(peer.path(), 1, &through(&name), OVER_TLS);
        let error = refused(&factory.proxy_credentials("alice", "secret")).await;
        let text = error.to_string();
        assert_eq!(error.code(), Some(code), "{text}");
        assert!(text.contains(says) && text.contains(&name), "{says}: {text}");
    }
}

/// A proxy that shows a certificate of its own in the tunnel is not the server.
#[tokio::test]
async fn a_proxy_cannot_be_the_server() {
    let (own, peer) = (stores("service", "ca", &[]), stores("alice", "rogue-ca", &[]));
    let host = https_service(own.path()).await;
    let proxy = HttpProxy::start(ProxyRules::default()).await.unwrap();
    let port = host.local_addresses()[0].port();
    let factory =
        https_client(peer.path(), port, &through(&format!("http://{}", place(&proxy))), OVER_TLS);
    let error = refused(&factory).await;
    assert_eq!(error.code(), Some("tls-certificate"), "{error}");
    assert!(error.to_string().contains(&format!("with authority 'localhost:{port}'")), "{error}");
}

/// A listener that speaks TLS with the certificate of `localhost`, in front of a proxy.
async fn over_tls(proxy: Arc<HttpProxy>) -> SocketAddr {
    use openssl::ssl::{Ssl, SslAcceptor, SslFiletype, SslMethod};
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).unwrap();
    acceptor.set_certificate_file(pki().join("service.cert.pem"), SslFiletype::PEM).unwrap();
    acceptor.set_private_key_file(pki().join("service.key.pem"), SslFiletype::PEM).unwrap();
    let acceptor = acceptor.build();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let ssl = Ssl::new(acceptor.context()).unwrap();
            let mut stream = tokio_openssl::SslStream::new(ssl, stream).unwrap();
            let proxy = Arc::clone(&proxy);
            tokio::spawn(async move {
                if std::pin::Pin::new(&mut stream).accept().await.is_ok() {
                    let _ = proxy.serve(stream).await;
                }
            });
        }
    });
    place
}

#[tokio::test]
async fn a_proxy_that_is_spoken_to_over_tls() {
    let (own, peer) = (stores("service", "ca", &[]), stores("alice", "ca", &[]));
    let host = https_service(own.path()).await;
    let port = host.local_addresses()[0].port();
    let proxy = Arc::new(HttpProxy::start(guarded(ProxyRules::default())).await.unwrap());
    let outside = over_tls(Arc::clone(&proxy)).await;
    let named = |host: &str| through(&format!("https://alice:secret@{host}:{}", outside.port()));
    calls(&https_client(peer.path(), port, &named("localhost"), OVER_TLS))
        .await
        .unwrap_or_else(|e| panic!("{e}"));
    assert!(proxy.heads().iter().all(|head| head.starts_with("CONNECT ")), "{:?}", proxy.heads());
    // It has to prove its own name, not that of the service.
    let error = refused(&https_client(peer.path(), port, &named("127.0.0.2"), OVER_TLS)).await;
    assert_eq!(error.code(), Some("proxy-failed"), "{error}");
    assert!(error.to_string().contains("the proxy https://127.0.0.2"), "{error}");
}

fn setting_cookies(rules: ProxyRules) -> ProxyRules {
    let rewrite = Rewrite::new(|answer: Vec<u8>| {
        let end = answer.windows(2).position(|two| two == b"\r\n").unwrap() + 2;
        let set = "Set-Cookie: route=one; Path=/; HttpOnly\r\nSet-Cookie: evil=1; Domain=other.example\r\n";
        [&answer[..end], set.as_bytes(), &answer[end..]].concat()
    });
    ProxyRules { rewrite, ..rules }
}

/// Pitfall 15 of the facts: what a balancer sets with the first answer comes with every message of every channel.
#[tokio::test]
async fn cookies_go_with_every_message() {
    let host = service(plain()).await;
    for (allow, expected) in [(true, Some("route=one")), (false, None)] {
        let proxy = HttpProxy::start(setting_cookies(rules(&host))).await.unwrap();
        let mut factory = client(&host, place(&proxy));
        factory.endpoint_mut().transport.allow_cookies = allow;
        calls(&factory).await.unwrap();
        calls(&factory.clone()).await.unwrap();
        let heads = proxy.heads();
        assert!(heads.len() >= 10);
        assert_eq!(header(&heads[0], "cookie"), None);
        for head in &heads[1..] {
            assert_eq!(header(head, "cookie"), expected, "{head}");
        }
    }
}

/// The handshake of a secure conversation as well: RST, CreateSequence, calls, TerminateSequence, Cancel.
#[tokio::test]
async fn cookies_go_with_the_handshake() {
    let (own, peer) = (stores("service", "ca", &["alice"]), stores("alice", "ca", &["service"]));
    let binding = Binding { extra: "allowCookies=\"true\"", ..Binding::certificate(true) };
    let file = service_config(&binding, own.path());
    let builder = ServiceHostBuilder::from_config(&file, "CalculatorService", &CALCULATOR_CONTRACT);
    let service = CalculatorService::new(Counting::default());
    let host = builder.unwrap().open(ServiceInstances::single(service)).await.unwrap();
    let proxy = HttpProxy::start(setting_cookies(rules(&host))).await.unwrap();
    let address = format!("http://127.0.0.1:{}/calc", host.local_addresses()[0].port());
    let file = client_config(&binding, peer.path(), &address, "alice", "localhost");
    let factory = ChannelFactory::from_config(&file, "calc", &CALCULATOR_CONTRACT).unwrap();
    let factory = factory.via(format!("http://{NAME}/calc")).proxy_address(place(&proxy));
    calls(&factory).await.unwrap_or_else(|e| panic!("{e}"));
    let heads = proxy.heads();
    assert!(heads.len() >= 8, "{}", heads.len());
    let sent = heads.iter().filter(|head| header(head, "cookie") == Some("route=one"));
    assert_eq!(sent.count(), heads.len() - 1);
}

fn compressing(rules: ProxyRules) -> ProxyRules {
    let rewrite = Rewrite::new(|answer: Vec<u8>| {
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let (head, body) =
            (String::from_utf8_lossy(&answer[..end]).into_owned(), &answer[end + 4..]);
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        std::io::Write::write_all(&mut encoder, body).unwrap();
        let body = encoder.finish().unwrap();
        let lines = head
            .split("\r\n")
            .filter(|line| !line.to_ascii_lowercase().starts_with("content-length"));
        let head = lines.collect::<Vec<_>>().join("\r\n");
        let length = body.len();
        let head = format!("{head}\r\nContent-Encoding: gzip\r\nContent-Length: {length}\r\n\r\n");
        [head.as_bytes(), &body].concat()
    });
    ProxyRules { rewrite, ..rules }
}

/// Pitfall 16: signatures are over what comes out.
#[tokio::test]
async fn compressed_answers_are_read() {
    let (own, peer) = (stores("service", "ca", &["alice"]), stores("alice", "ca", &["service"]));
    let binding = Binding::certificate(false);
    let file = service_config(&binding, own.path());
    let builder = ServiceHostBuilder::from_config(&file, "CalculatorService", &CALCULATOR_CONTRACT);
    let service = CalculatorService::new(Counting::default());
    let host = builder.unwrap().open(ServiceInstances::single(service)).await.unwrap();
    let proxy = HttpProxy::start(compressing(rules(&host))).await.unwrap();
    let address = format!("http://127.0.0.1:{}/calc", host.local_addresses()[0].port());
    let file = client_config(&binding, peer.path(), &address, "alice", "localhost");
    let factory = ChannelFactory::from_config(&file, "calc", &CALCULATOR_CONTRACT).unwrap();
    let mut factory = factory.via(format!("http://{NAME}/calc")).proxy_address(place(&proxy));
    calls(&factory).await.unwrap_or_else(|e| panic!("{e}"));
    factory.endpoint_mut().transport.decompression = false;
    let error = refused(&factory).await;
    assert!(error.to_string().contains("decompressionEnabled"), "{error}");
    let last = proxy.heads().pop().unwrap();
    assert_eq!(header(&last, "accept-encoding"), None);
}

#[tokio::test]
async fn a_bomb_is_an_answer_that_is_too_large() {
    let host = service(plain()).await;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    std::io::Write::write_all(&mut encoder, &vec![b' '; 8 << 20]).unwrap();
    let body = encoder.finish().unwrap();
    assert!(body.len() < 65_536, "small enough for the limit of messages");
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let answer = Some([head.as_bytes(), &body].concat());
    let proxy = HttpProxy::start(ProxyRules { answer, ..ProxyRules::default() }).await.unwrap();
    let error = refused(&client(&host, place(&proxy))).await;
    assert_eq!(error.code(), Some("answer-too-large"), "{error}");
}

/// RFC 9112 §3.2.2: of a request with a whole address the address counts, not `Host`; and nothing is passed on.
#[tokio::test]
async fn our_own_server_is_no_proxy() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let host = service(WsHttpBinding::new(SecurityMode::None, false)).await;
    let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let other = elsewhere.local_addr().unwrap();
    let call = r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing"><s:Header>
<a:Action s:mustUnderstand="1">http://Microsoft.ServiceModel.Samples/ICalculator/Add</a:Action><a:MessageID>urn:uuid:1</a:MessageID>
</s:Header><s:Body><Add xmlns="http://Microsoft.ServiceModel.Samples"><n1>1</n1><n2>2</n2></Add></s:Body></s:Envelope>"#;
    let to = host.local_addresses()[0];
    for (target, hosts, expected) in [
        (format!("POST http://{other}/calc"), "Host: inner\r\n", " 200 "),
        (format!("POST http://{other}/other"), "Host: inner/calc\r\n", " 404 "),
        (format!("CONNECT {other}"), "Host: inner\r\n", " 405 "),
        ("POST /calc".to_owned(), "Host: a\r\nHost: b\r\n", " 400 "),
        (format!("POST http://{other}/calc"), "Host: a\r\nHost: b\r\n", " 400 "),
    ] {
        let request = format!(
            "{target} HTTP/1.1\r\n{hosts}Content-Type: application/soap+xml; charset=utf-8\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{call}",
            call.len()
        );
        let mut stream = tokio::net::TcpStream::connect(to).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let read = stream.read_to_string(&mut answer);
        tokio::time::timeout(Duration::from_secs(20), read).await.expect("an end").unwrap();
        assert!(
            answer.starts_with("HTTP/1.1") && answer[..14].contains(expected),
            "{target}: {answer}"
        );
    }
    let nobody = tokio::time::timeout(Duration::from_millis(50), elsewhere.accept()).await;
    assert!(nobody.is_err(), "nothing went elsewhere");
}
