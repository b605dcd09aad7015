//! What a user meets when something does not fit: each case ends at once, with an error that says what it is and what to do.

#![allow(clippy::disallowed_methods)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use common::*;
use http::StatusCode;
use jiff::SignedDuration;
use waxwing::contract::CallError;
use waxwing::environment::Clock;
use waxwing::{ChannelError, ChannelFactory, ServiceHost, ServiceHostBuilder, ServiceInstances};
use waxwing_testkit::http::{HttpClient, HttpReply, HttpRequest, HttpServer};

/// A service and a client's factory, each from its own folder and file.
struct Pair {
    host: ServiceHost,
    service: Counting,
    factory: ChannelFactory,
    _folders: [tempfile::TempDir; 2],
}

/// Who the client is, whom it trusts, and whom it takes the service for.
struct Client {
    own: &'static str,
    root: &'static str,
    service: &'static str,
    find: &'static str,
}

const ALICE: Client = Client { own: "alice", root: "ca", service: "service", find: "localhost" };

async fn pair(service_binding: &Binding, client_binding: &Binding, client: &Client) -> Pair {
    let service_folder = stores("service", "ca", &[]);
    let client_folder = stores(client.own, client.root, &[client.service]);
    let service = Counting::default();
    let config = service_config(service_binding, service_folder.path());
    let builder =
        ServiceHostBuilder::from_config(&config, "CalculatorService", &CALCULATOR_CONTRACT)
            .unwrap();
    let host = builder
        .open(ServiceInstances::single(CalculatorService::new(service.clone())))
        .await
        .unwrap();
    let address = format!("http://{}/calc", host.local_addresses()[0]);
    let config = client_config(client_binding, client_folder.path(), &address, "CN=", client.find);
    let factory = ChannelFactory::from_config(&config, "calc", &CALCULATOR_CONTRACT).unwrap();
    Pair { host, service, factory, _folders: [service_folder, client_folder] }
}

/// The error of opening, which must come well before the open timeout of 20 s.
async fn refused(factory: &ChannelFactory) -> ChannelError {
    let opened = tokio::time::timeout(Duration::from_secs(9), factory.open_channel()).await;
    let error = opened.expect("told at once").expect_err("refused");
    println!("{error}\n");
    error
}

fn assert_says(error: &ChannelError, parts: &[&str]) {
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "'{part}' is not in: {text}");
    }
}

#[tokio::test]
async fn a_client_certificate_of_an_unknown_authority_or_an_expired_one() {
    for own in ["mallory", "expired"] {
        for negotiate in [false, true] {
            let binding = Binding::certificate(negotiate);
            let pair = pair(&binding, &binding, &Client { own, ..ALICE }).await;
            let error = refused(&pair.factory).await;
            assert_eq!(error.code(), Some("failed-authentication"), "{error}");
            assert_says(&error, &["FailedAuthentication", "what to do:"]);
            assert_eq!(pair.service.executed.load(Ordering::SeqCst), 0);
        }
    }
}

/// The behavior names a certificate, the binding says that the client is anonymous: it stays so,
/// although the service asks for one in the handshake.
#[tokio::test]
async fn an_anonymous_client_shows_no_certificate() {
    let anonymous = r#"<security mode="Message"><message clientCredentialType="None"/></security>"#;
    let client = Binding { security: anonymous.to_owned(), ..Binding::certificate(true) };
    let pair = pair(&Binding::certificate(true), &client, &ALICE).await;
    let error = refused(&pair.factory).await;
    assert_eq!(error.code(), Some("certificate-required"), "{error}");
    pair.host.close().await;
}

#[tokio::test]
async fn a_service_certificate_that_is_not_trusted_or_not_the_expected_one() {
    for negotiate in [false, true] {
        let binding = Binding::certificate(negotiate);
        let untrusted = pair(&binding, &binding, &Client { root: "rogue-ca", ..ALICE }).await;
        let error = refused(&untrusted.factory).await;
        assert_says(&error, &["'CN=localhost' is not trusted", "no chain to a trusted root"]);

        let mut other = pair(&binding, &binding, &ALICE).await;
        let identity = waxwing::binding::Identity::Dns("calc.example.org".to_owned());
        other.factory.endpoint_mut().identity = Some(identity);
        let error = refused(&other.factory).await;
        assert_says(&error, &["expected DNS name 'calc.example.org'", "DNS name 'localhost'"]);
    }
}

/// The RSAKeyValue of a certificate of the test PKI.
fn rsa_key_value(name: &str) -> String {
    use base64::Engine;
    let pem = std::fs::read(pki().join(format!("{name}.cert.pem"))).unwrap();
    let key = openssl::x509::X509::from_pem(&pem).unwrap().public_key().unwrap().rsa().unwrap();
    let number =
        |n: &openssl::bn::BigNumRef| base64::engine::general_purpose::STANDARD.encode(n.to_vec());
    format!(
        "<RSAKeyValue><Modulus>{}</Modulus><Exponent>{}</Exponent></RSAKeyValue>",
        number(key.n()),
        number(key.e())
    )
}

#[tokio::test]
async fn the_identity_is_an_rsa_key() {
    let binding = Binding::certificate(true);
    let mut pair = pair(&binding, &binding, &ALICE).await;
    pair.factory.endpoint_mut().identity =
        Some(waxwing::binding::Identity::Rsa(rsa_key_value("bob")));
    assert_says(&refused(&pair.factory).await, &["another RSA public key", "'CN=localhost'"]);
    pair.factory.endpoint_mut().identity =
        Some(waxwing::binding::Identity::Rsa(rsa_key_value("service")));
    pair.factory.open_channel().await.expect("the right key").close().await.unwrap();
    pair.factory.endpoint_mut().identity =
        Some(waxwing::binding::Identity::Rsa("nonsense".to_owned()));
    assert_says(&refused(&pair.factory).await, &["the identity's rsa value is no RSAKeyValue"]);
}

#[tokio::test]
async fn the_client_encrypts_for_another_certificate() {
    let binding = Binding::certificate(false);
    let mut pair = pair(&binding, &binding, &Client { service: "bob", find: "bob", ..ALICE }).await;
    pair.factory.endpoint_mut().identity = Some(waxwing::binding::Identity::Dns("bob".to_owned()));
    let error = refused(&pair.factory).await;
    assert_eq!(error.code(), Some("invalid-security"));
    assert_says(
        &error,
        &[
            "An error occurred when verifying security for the message.",
            "the client encrypts for another certificate than the service's",
        ],
    );
}

#[tokio::test]
async fn clocks_apart() {
    let binding = Binding::certificate(false);
    for minutes in [20, -20] {
        let pair = pair(&binding, &binding, &ALICE).await;
        let factory =
            pair.factory.clone().clock(Clock::with_offset(SignedDuration::from_mins(minutes)));
        let error = refused(&factory).await;
        let word = if minutes > 0 { "behind" } else { "ahead of" };
        assert_says(&error, &[&format!("the service's clock is 20 minutes {word} this machine's")]);
    }
    let pair = pair(&binding, &binding, &ALICE).await;
    let factory = pair.factory.clone().clock(Clock::with_offset(SignedDuration::from_mins(4)));
    factory.open_channel().await.expect("4 minutes are tolerated").close().await.unwrap();
}

#[tokio::test]
async fn a_service_without_reliable_session_with_another_version_or_without_security() {
    let plain = Binding { reliable: false, ..Binding::none() };
    let unsecured = pair(&plain, &Binding::none(), &ALICE).await;
    assert_eq!(refused(&unsecured.factory).await.code(), Some("no-reliable-session"));

    let secured = Binding::certificate(false);
    let without = Binding { reliable: false, ..secured.clone() };
    let no_session = pair(&without, &secured, &ALICE).await;
    assert_eq!(refused(&no_session.factory).await.code(), Some("no-reliable-session"));

    let newer = Binding { section: "ws2007HttpBinding", ..Binding::none() };
    let to_newer = pair(&newer, &Binding::none(), &ALICE).await;
    assert_eq!(refused(&to_newer.factory).await.code(), Some("other-reliable-messaging-version"));
    let to_older = pair(&Binding::none(), &newer, &ALICE).await;
    assert_eq!(refused(&to_older.factory).await.code(), Some("reliable-session-mismatch"));

    let open_service = pair(&Binding::none(), &secured, &ALICE).await;
    assert_eq!(refused(&open_service.factory).await.code(), Some("no-message-security"));
    let open_client = pair(&secured, &Binding::none(), &ALICE).await;
    assert_eq!(refused(&open_client.factory).await.code(), Some("security-mismatch"));
}

#[tokio::test]
async fn one_side_negotiates_and_the_other_does_not() {
    let (with, without) = (Binding::certificate(true), Binding::certificate(false));
    let first = pair(&without, &with, &ALICE).await;
    assert_eq!(refused(&first.factory).await.code(), Some("negotiation-mismatch"));
    let second = pair(&with, &without, &ALICE).await;
    assert_says(&refused(&second.factory).await, &["what to do:"]);
}

#[tokio::test]
async fn nobody_listens() {
    let binding = Binding { reliable: false, ..Binding::certificate(false) };
    let pair = pair(&binding, &binding, &ALICE).await;
    let factory = pair.factory.clone().via("http://127.0.0.1:9/calc");
    let error = refused(&factory).await;
    assert_eq!(error.code(), Some("connection-refused"));
    assert_says(&error, &["there was no endpoint listening at http://127.0.0.1:9/calc"]);
}

/// What a person must mend is told at once, in a reliable session as well; `retry` keeps WCF's way.
#[tokio::test]
async fn a_service_that_is_not_there_is_told_at_once() {
    let binding = Binding::certificate(false);
    let pair = pair(&binding, &binding, &ALICE).await;
    let here = pair.host.local_addresses()[0];
    for (via, code) in [
        ("http://127.0.0.1:9/calc".to_owned(), "connection-refused"),
        ("http://nobody.invalid/calc".to_owned(), "unknown-host"),
        (format!("http://{here}/elsewhere"), "endpoint-not-found"),
    ] {
        let begun = std::time::Instant::now();
        let error = refused(&pair.factory.clone().via(via)).await;
        assert_eq!(error.code(), Some(code), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(9), "at once");
    }
    for (status, code) in [
        (StatusCode::PAYLOAD_TOO_LARGE, "request-too-large"),
        (StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-type"),
        (StatusCode::NOT_FOUND, "endpoint-not-found"),
        (StatusCode::FORBIDDEN, "http-access-denied"),
        (StatusCode::BAD_REQUEST, "http-protocol"),
    ] {
        let handler = move |_: HttpRequest| async move { HttpReply::Empty(status) };
        let front = HttpServer::start(handler).await.unwrap();
        let factory = pair.factory.clone().via(format!("http://{}/calc", front.local_addr()));
        let error = refused(&factory).await;
        assert_eq!(error.code(), Some(code), "{error}");
    }
}

/// A service that has no room says so by a fault or HTTP 503: it is tried again within the open timeout.
#[tokio::test]
async fn a_busy_service_is_tried_again_and_so_is_an_absent_one_when_asked_for() {
    let binding = Binding { reliable: false, ..Binding::certificate(false) };
    let pair = pair(&binding, &binding, &ALICE).await;
    let service = format!("http://{}/calc", pair.host.local_addresses()[0]);
    let busy = Arc::new(AtomicU64::new(0));
    let (seen, client) = (Arc::clone(&busy), HttpClient::new());
    let handler = move |request: HttpRequest| {
        let (seen, client, service) = (Arc::clone(&seen), client.clone(), service.clone());
        async move {
            if seen.fetch_add(1, Ordering::SeqCst) == 0 {
                return HttpReply::Empty(StatusCode::SERVICE_UNAVAILABLE);
            }
            let content_type = request.content_type.unwrap_or_default();
            client.post(&service, &content_type, request.body).await.unwrap().into()
        }
    };
    let front = HttpServer::start(handler).await.unwrap();
    let via = format!("http://{}/calc", front.local_addr());
    let channel =
        pair.factory.clone().via(via).open_channel().await.expect("at the second attempt");
    assert_eq!(CalculatorClient::new(&channel).add(1.0, 2.0).await.unwrap(), 3.0);
    channel.close().await.unwrap();

    let reliable = Binding::none();
    let mut absent = self::pair(&reliable, &reliable, &ALICE).await;
    absent.factory.endpoint_mut().timeouts.open = waxwing::binding::TimeSpan::seconds(11);
    let factory = absent.factory.clone().via("http://127.0.0.1:9/calc").retry(true);
    let begun = std::time::Instant::now();
    let error = factory.open_channel().await.expect_err("nobody came");
    assert_eq!(error.code(), Some("connection-refused"), "{error}");
    assert!(begun.elapsed() >= Duration::from_secs(10), "a second attempt was made");
}

/// `main` prints the `Debug` of the error that it returns.
#[tokio::test]
async fn debug_is_the_text() {
    let pair = pair(&Binding::none(), &Binding::none(), &ALICE).await;
    let error = refused(&pair.factory.clone().via("http://127.0.0.1:9/calc")).await;
    assert_eq!(format!("{error:?}"), error.to_string());
    let call = CallError::from(error.clone());
    assert_eq!(format!("{call:?}"), error.to_string());
    assert_eq!(call.to_string(), error.to_string());
}

#[tokio::test]
async fn missing_certificates_are_told_with_what_is_there() {
    let folder = stores("alice", "ca", &["service"]);
    let config = client_config(
        &Binding::certificate(false),
        folder.path(),
        "http://localhost:9/calc",
        "bob",
        "localhost",
    );
    let factory = ChannelFactory::from_config(&config, "calc", &CALCULATOR_CONTRACT).unwrap();
    let error = factory.create_channel().expect_err("there is no bob");
    assert_says(
        &error,
        &[
            "Cannot find the X.509 certificate using the following search criteria",
            "'bob'",
            "'CN=alice'",
        ],
    );
}

/// Stands between client and service and may change what passes.
async fn between<F, R>(service: String, change: F) -> HttpServer
where
    F: Fn(u64, Vec<u8>) -> R + Send + Sync + 'static,
    R: Into<Vec<Vec<u8>>>,
{
    let (client, number) = (HttpClient::new(), Arc::new(AtomicU64::new(0)));
    let change = Arc::new(change);
    let handler = move |request: HttpRequest| {
        let (client, service, number, change) =
            (client.clone(), service.clone(), Arc::clone(&number), Arc::clone(&change));
        async move {
            let number = number.fetch_add(1, Ordering::SeqCst) + 1;
            let mut answer = HttpReply::Abort;
            for body in change(number, request.body.to_vec()).into() {
                let content_type = request.content_type.clone().unwrap_or_default();
                if let Ok(response) = client.post(&service, &content_type, body).await {
                    answer = response.into();
                }
            }
            answer
        }
    };
    HttpServer::start(handler).await.unwrap()
}

/// The third message (the first call) is altered on its way.
#[tokio::test]
async fn a_tampered_message_ends_the_session_in_words() {
    let binding = Binding::certificate(false);
    let pair = pair(&binding, &binding, &ALICE).await;
    let service = format!("http://{}/calc", pair.host.local_addresses()[0]);
    let link = between(service, |number, mut body| {
        if number == 3 {
            let at = body
                .windows(13)
                .rposition(|w| w == b"CipherValue>A" || w.ends_with(b"CipherValue>"))
                .unwrap()
                - 40;
            body[at] = if body[at] == b'A' { b'B' } else { b'A' };
        }
        vec![body]
    })
    .await;
    let factory = pair.factory.clone().via(format!("http://{}/calc", link.local_addr()));
    let channel = factory.open_channel().await.unwrap();
    let client = CalculatorClient::new(&channel);
    let error = client.add(1.0, 2.0).await.expect_err("altered");
    println!("{error}");
    assert!(matches!(&error, CallError::Channel(_)), "{error}");
    assert!(
        error.to_string().contains("An error occurred when verifying security for the message."),
        "{error}"
    );
    assert_eq!(pair.service.executed.load(Ordering::SeqCst), 0);
    // The service goes on with others.
    let fresh = pair.factory.open_channel().await.unwrap();
    assert_eq!(CalculatorClient::new(&fresh).add(1.0, 2.0).await.unwrap(), 3.0);
    fresh.close().await.unwrap();
}

/// The third message is posted twice, octet for octet: the second is refused, the call is executed once.
#[tokio::test]
async fn a_replayed_message_is_refused_and_never_executed_twice() {
    let binding = Binding::certificate(false);
    let pair = pair(&binding, &binding, &ALICE).await;
    let service = format!("http://{}/calc", pair.host.local_addresses()[0]);
    let link = between(
        service,
        |number, body| if number == 3 { vec![body.clone(), body] } else { vec![body] },
    )
    .await;
    let factory = pair.factory.clone().via(format!("http://{}/calc", link.local_addr()));
    let channel = factory.open_channel().await.unwrap();
    let error = CalculatorClient::new(&channel)
        .add(1.0, 2.0)
        .await
        .expect_err("the client got the refusal");
    println!("{error}");
    assert_eq!(pair.service.executed.load(Ordering::SeqCst), 1);
    let fresh = pair.factory.open_channel().await.unwrap();
    assert_eq!(CalculatorClient::new(&fresh).add(1.0, 2.0).await.unwrap(), 3.0);
    fresh.close().await.unwrap();
}

/// The option that WCF's documentation describes: a rejected credential is tried again until the open timeout.
#[tokio::test]
async fn authentication_is_retried_when_the_user_asks_for_it() {
    let binding = Binding::certificate(false);
    let mut pair = pair(&binding, &binding, &Client { own: "mallory", ..ALICE }).await;
    pair.factory.endpoint_mut().timeouts.open = waxwing::binding::TimeSpan::seconds(11);
    let factory = pair.factory.clone().retry_authentication(true);
    let begun = tokio::time::Instant::now();
    let error = factory.open_channel().await.expect_err("refused in the end");
    assert_eq!(error.code(), Some("failed-authentication"));
    assert!(begun.elapsed() >= Duration::from_secs(10), "a second attempt was made");
    assert_eq!(pair.host.statistics().refused, 2);
}
