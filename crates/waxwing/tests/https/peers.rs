//! Peers that are not ours: older, slower, wrong, or gone in the middle.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use openssl::ssl::{
    SslAcceptor, SslConnector, SslFiletype, SslMethod, SslStream, SslVerifyMode, SslVersion,
};
use waxwing::ServiceHost;
use waxwing::net::HttpLimits;
use waxwing::service::HostEvent;

use crate::common::{self, Counting};
use crate::kit::{Wire, builder, call, client_file, factory, instances, service_file};

const BODY: &str =
    "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body/></s:Envelope>";

fn request(extra: &str) -> String {
    format!(
        "POST /calc HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/soap+xml\r\n{extra}Content-Length: {}\r\n\r\n",
        BODY.len()
    )
}

async fn host(wire: &Wire, limits: HttpLimits) -> (ServiceHost, tempfile::TempDir) {
    let own = common::stores("service", "ca", &[]);
    let builder = builder(&service_file(wire, own.path())).http_limits(limits);
    (builder.open(instances(&Counting::default())).await.unwrap(), own)
}

fn connect(
    to: SocketAddr,
    set: impl FnOnce(&mut openssl::ssl::SslConnectorBuilder),
) -> Result<SslStream<TcpStream>, String> {
    let mut builder = SslConnector::builder(SslMethod::tls_client()).unwrap();
    builder.set_verify(SslVerifyMode::NONE);
    set(&mut builder);
    let stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    builder.build().connect("localhost", stream).map_err(|e| e.to_string())
}

/// What comes until the peer closes, or a whole answer without a body.
fn answer(stream: &mut impl Read) -> String {
    let mut all = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(read) = stream.read(&mut piece) {
        all.extend_from_slice(&piece[..read]);
        if read == 0 || all.windows(4).any(|w| w == b"\r\n\r\n") {
            break;
        }
    }
    String::from_utf8_lossy(&all).into_owned()
}

/// What the host tells of its handshakes until this stands in it.
async fn heard(events: &mut waxwing::events::Events<HostEvent>, part: &str) {
    let found = async {
        while let Some(event) = events.next().await {
            if let Ok(HostEvent::HandshakeFailed { reason, .. }) = event {
                if reason.contains(part) {
                    return;
                }
                eprintln!("not it: {reason}");
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), found)
        .await
        .unwrap_or_else(|_| panic!("nobody said {part}"));
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

/// A client whose address says http of a port for TLS hears just that, whoever answers there.
#[tokio::test]
async fn http_to_a_port_for_tls_is_told_as_that() {
    use waxwing::binding::{SecurityMode, WsHttpBinding};
    let to = |port: u16| {
        let address = format!("http://localhost:{port}/calc");
        let binding = WsHttpBinding::new(SecurityMode::None, true);
        waxwing::ChannelFactory::new(binding, &address, &common::CALCULATOR_CONTRACT).unwrap()
    };
    let (host, _own) = host(&Wire::transport("None"), HttpLimits::default()).await;
    let nginx = TcpListener::bind("127.0.0.1:0").unwrap();
    let nginx_port = nginx.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut stream, _) = nginx.accept().unwrap();
        let mut piece = [0; 4096];
        let _ = stream.read(&mut piece);
        let page = "<html>\r\n<head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>\r\n";
        let head = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nConnection: close\r\n";
        let _ = write!(stream, "{head}Content-Length: {}\r\n\r\n{page}", page.len());
    });
    for port in [host.local_addresses()[0].port(), nginx_port] {
        let error = to(port).open_channel().await.expect_err("refused");
        let text = error.to_string();
        assert_eq!(error.code(), Some("address-unusable"), "{text}");
        assert!(text.contains("speaks HTTPS at this port"), "{text}");
        assert!(text.contains("begin the address with https://"), "{text}");
        assert!(!text.contains("first bytes"), "{text}");
    }
    host.close().await;
}

#[tokio::test]
async fn what_is_no_tls_is_told_in_words() {
    let (host, _own) = host(&Wire::transport("None"), HttpLimits::default()).await;
    let (to, mut events) = (host.local_addresses()[0], host.events());
    let said = blocking(move || {
        let mut stream = TcpStream::connect(to).unwrap();
        stream.write_all(request("").as_bytes()).unwrap();
        let mut said = String::new();
        let _ = stream.read_to_string(&mut said);
        said
    });
    let said = said.await;
    assert!(said.starts_with("HTTP/1.1 400") && said.contains("This port speaks HTTPS"), "{said}");
    let (head, text) = said.split_once("\r\n\r\n").expect("a head");
    assert!(head.contains(&format!("Content-Length: {}\r\n", text.len())), "{said}");
    heard(&mut events, "a client speaks HTTP without TLS at the port for https").await;
    for (garbage, words) in [
        (&b"\x00\x01\x02 nonsense"[..], "a client speaks no TLS"),
        (b"\x16\x03\x01\x00\x05nonsense nonsense nonsense", "the TLS handshake failed"),
    ] {
        let closed = blocking(move || {
            let mut stream = TcpStream::connect(to).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            stream.write_all(garbage).unwrap();
            let mut all = Vec::new();
            !matches!(stream.read_to_end(&mut all), Err(e) if e.kind() == std::io::ErrorKind::WouldBlock)
        });
        assert!(closed.await, "the connection is closed");
        heard(&mut events, words).await;
    }
    // Whoever only looks whether the port is open is nobody to be told of.
    drop(blocking(move || TcpStream::connect(to).unwrap()).await);
    assert!(host.close().await);
}

#[tokio::test]
async fn old_versions_are_refused_by_default() {
    let (strict, _own) = host(&Wire::transport("None"), HttpLimits::default()).await;
    let own = common::stores("service", "ca", &[]);
    let versions =
        waxwing::crypto::tls::TlsVersion::Tls10..=waxwing::crypto::tls::TlsVersion::Tls13;
    let lax = builder(&service_file(&Wire::transport("None"), own.path())).tls_versions(versions);
    let lax = lax.open(instances(&Counting::default())).await.unwrap();
    let mut events = strict.events();
    let (refuses, takes) = (strict.local_addresses()[0], lax.local_addresses()[0]);
    for version in [SslVersion::TLS1, SslVersion::TLS1_1, SslVersion::TLS1_2, SslVersion::TLS1_3] {
        let only = move |to| {
            connect(to, |builder| {
                builder.set_cipher_list("ALL:@SECLEVEL=0").unwrap();
                builder.set_min_proto_version(Some(version)).unwrap();
                builder.set_max_proto_version(Some(version)).unwrap();
            })
            .map(drop)
        };
        let (refused, taken) = blocking(move || (only(refuses), only(takes))).await;
        let is_old = version == SslVersion::TLS1 || version == SslVersion::TLS1_1;
        assert_eq!(refused.is_err(), is_old, "{version:?}: {refused:?}");
        assert_eq!(taken, Ok(()), "{version:?}");
        if is_old {
            heard(&mut events, "the client speaks no version of TLS that is allowed here").await;
        }
    }
    // And a client does not speak them: with a server that has nothing else.
    let (to, _server) = server(
        |builder| {
            builder.set_cipher_list("ALL:@SECLEVEL=0").unwrap();
            builder.set_min_proto_version(Some(SslVersion::TLS1_1)).unwrap();
            builder.set_max_proto_version(Some(SslVersion::TLS1_1)).unwrap();
        },
        |_| {},
    );
    let folder = common::stores("alice", "ca", &[]);
    let refused = call(&factory(&client_file(&Wire::transport("None"), folder.path(), to, "")))
        .await
        .unwrap_err();
    for part in [
        "Could not establish secure channel for SSL/TLS with authority 'localhost:",
        "no version of TLS in common",
    ] {
        assert!(refused.contains(part), "{refused}");
    }
    assert!(strict.close().await && lax.close().await);
}

/// 403 and no alert, with TLS 1.2 and 1.3.
#[tokio::test]
async fn without_a_certificate_the_answer_is_403() {
    let (host, _own) = host(&Wire::transport("Certificate"), HttpLimits::default()).await;
    let to = host.local_addresses()[0];
    for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        for (name, status) in [(None, "403"), (Some("mallory"), "403"), (Some("alice"), "500")] {
            let answer = blocking(move || {
                let mut stream = showing(to, version, name);
                stream.write_all((request("Connection: close\r\n") + BODY).as_bytes()).unwrap();
                answer(&mut stream)
            });
            let answer = answer.await;
            assert_eq!(answer.get(9..12), Some(status), "{name:?} {version:?}: {answer}");
        }
    }
    assert!(host.close().await);
}

/// Connects with this version, and a certificate if one is named.
fn showing(to: SocketAddr, version: SslVersion, name: Option<&str>) -> SslStream<TcpStream> {
    let connected = connect(to, |builder| {
        builder.set_min_proto_version(Some(version)).unwrap();
        builder.set_max_proto_version(Some(version)).unwrap();
        if let Some(name) = name {
            let file = |kind: &str| common::pki().join(format!("{name}.{kind}.pem"));
            builder.set_certificate_file(file("cert"), SslFiletype::PEM).unwrap();
            builder.set_private_key_file(file("key"), SslFiletype::PEM).unwrap();
        }
    });
    connected.expect("the handshake is not refused")
}

/// A client that says `Expect: 100-continue` hears so before it has sent its body.
#[tokio::test]
async fn a_body_that_waits_is_asked_for() {
    let (host, _own) = host(&Wire::transport("None"), HttpLimits::default()).await;
    let to = host.local_addresses()[0];
    let (first, second) = blocking(move || {
        let mut stream = connect(to, |_| {}).unwrap();
        stream.write_all(request("Expect: 100-continue\r\n").as_bytes()).unwrap();
        let first = answer(&mut stream);
        stream.write_all(BODY.as_bytes()).unwrap();
        (first, answer(&mut stream))
    })
    .await;
    assert!(first.starts_with("HTTP/1.1 100 Continue"), "{first}");
    assert!(second.starts_with("HTTP/1.1 500"), "{second}");
    assert!(host.close().await);
}

/// Peers that begin a handshake and never go on lose their connections; meanwhile others are served.
#[tokio::test]
async fn slow_handshakes_hold_no_places() {
    let mut limits = HttpLimits::default();
    limits.handshake_timeout = Duration::from_secs(2);
    limits.max_handshakes = 4;
    let (host, _own) = host(&Wire::transport("None"), limits).await;
    let to = host.local_addresses()[0];
    let slow: Vec<TcpStream> = blocking(move || {
        (0..12)
            .map(|at| {
                let mut stream = TcpStream::connect(to).unwrap();
                stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
                if at % 2 == 0 {
                    stream.write_all(&[22, 3, 1, 2, 0, 1]).unwrap();
                }
                stream
            })
            .collect()
    })
    .await;
    let folder = common::stores("alice", "ca", &[]);
    let honest = factory(&client_file(&Wire::transport("None"), folder.path(), to, ""));
    let served = tokio::time::timeout(Duration::from_secs(25), call(&honest)).await;
    assert_eq!(served, Ok(Ok(3.0)));
    let closed = blocking(move || {
        slow.into_iter().all(|mut stream| {
            let mut all = Vec::new();
            !matches!(stream.read_to_end(&mut all), Err(e) if e.kind() == std::io::ErrorKind::WouldBlock)
        })
    });
    assert!(closed.await, "each is closed in time");
    assert!(host.close().await);
}

/// A server with the service's certificate; each connection is given to `serve` in a thread.
fn server(
    set: impl FnOnce(&mut openssl::ssl::SslAcceptorBuilder),
    serve: impl Fn(SslStream<TcpStream>) + Send + 'static,
) -> (SocketAddr, std::thread::JoinHandle<()>) {
    let mut builder = SslAcceptor::mozilla_intermediate(SslMethod::tls_server()).unwrap();
    builder.clear_options(openssl::ssl::SslOptions::NO_TLSV1_3);
    let file = |kind: &str| common::pki().join(format!("service.{kind}.pem"));
    builder.set_certificate_file(file("cert"), SslFiletype::PEM).unwrap();
    builder.set_private_key_file(file("key"), SslFiletype::PEM).unwrap();
    set(&mut builder);
    let acceptor = builder.build();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if let Ok(stream) = acceptor.accept(stream) {
                serve(stream);
            }
        }
    });
    (address, thread)
}

fn reply() -> String {
    let ns = "http://Microsoft.ServiceModel.Samples";
    format!(
        "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:a=\"http://www.w3.org/2005/08/addressing\">\
         <s:Header><a:Action s:mustUnderstand=\"1\">{ns}/ICalculator/AddResponse</a:Action></s:Header>\
         <s:Body><AddResponse xmlns=\"{ns}\"><AddResult>3</AddResult></AddResponse></s:Body></s:Envelope>"
    )
}

/// An answer that only the end of the connection ends: without TLS's own goodbye somebody else may have cut it.
#[tokio::test]
async fn an_answer_that_is_cut_is_noticed() {
    for says_goodbye in [true, false] {
        let (to, _server) = server(
            |_| {},
            move |mut stream| {
                let mut read = Vec::new();
                let mut piece = [0; 4096];
                while !read.ends_with(b"Envelope>") {
                    let Ok(more @ 1..) = stream.read(&mut piece) else { return };
                    read.extend_from_slice(&piece[..more]);
                }
                let head = "HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml; charset=utf-8\r\nConnection: close\r\n\r\n";
                let text = String::from_utf8_lossy(&read);
                let id = text
                    .split("MessageID>")
                    .nth(1)
                    .and_then(|t| t.split('<').next())
                    .unwrap_or_default();
                let relates = format!("<a:RelatesTo>{id}</a:RelatesTo></s:Header>");
                stream
                    .write_all(
                        (head.to_owned() + &reply().replace("</s:Header>", &relates)).as_bytes(),
                    )
                    .unwrap();
                if says_goodbye {
                    let _ = stream.shutdown();
                } else {
                    let _ = stream.get_ref().shutdown(std::net::Shutdown::Both);
                }
            },
        );
        let folder = common::stores("alice", "ca", &[]);
        let factory = factory(&client_file(&Wire::transport("None"), folder.path(), to, ""));
        let channel = factory.open_channel().await.unwrap();
        let sum = common::CalculatorClient::new(&channel).add(1.0, 2.0).await;
        match says_goodbye {
            true => assert_eq!(sum.unwrap(), 3.0),
            false => {
                let error = sum.expect_err("cut").to_string();
                assert!(error.contains("was closed before the answer came"), "{error}");
            }
        }
    }
}

/// TLS meets HTTP without it, at both ends.
#[tokio::test]
async fn a_port_without_tls_is_told() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = listener.local_addr().unwrap();
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let folder = common::stores("alice", "ca", &[]);
    let refused = call(&factory(&client_file(&Wire::transport("None"), folder.path(), to, "")))
        .await
        .unwrap_err();
    assert!(refused.contains("what listens there does not speak TLS"), "{refused}");
}

/// The client's connections are resumed.
#[tokio::test]
async fn a_client_resumes_its_sessions() {
    for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        let (told, reused) = std::sync::mpsc::channel();
        let (to, _server) = server(
            |builder| {
                builder.set_min_proto_version(Some(version)).unwrap();
                builder.set_max_proto_version(Some(version)).unwrap();
                builder.set_session_id_context(b"test").unwrap();
            },
            move |mut stream| {
                told.send(stream.ssl().session_reused()).unwrap();
                let mut read = Vec::new();
                let mut piece = [0; 4096];
                while !read.ends_with(b"Envelope>") {
                    let Ok(more @ 1..) = stream.read(&mut piece) else { return };
                    read.extend_from_slice(&piece[..more]);
                }
                let _ = stream.write_all(
                    b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                );
                let _ = stream.shutdown();
            },
        );
        let folder = common::stores("alice", "ca", &[]);
        let factory = factory(&client_file(&Wire::transport("None"), folder.path(), to, ""));
        for _ in 0..3 {
            call(&factory).await.expect_err("busy");
        }
        let all: Vec<bool> = reused.try_iter().collect();
        assert_eq!(all, [false, true, true], "{version:?}");
    }
}
