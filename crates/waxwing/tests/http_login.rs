//! Who a client is, said to HTTP: Basic and Digest, both ends, and what those get who are not who they say.

#![allow(clippy::disallowed_methods)]

mod common;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use waxwing::binding::{Binding as AnyBinding, Configuration, ServiceBehavior};
use waxwing::security::{DigestAlgorithm, DigestSecret, DigestStore, Zeroizing};
use waxwing::{ChannelError, ChannelFactory, ServiceHost, ServiceHostBuilder, ServiceInstances};

/// A custom binding over plain HTTP with this scheme.
fn binding(scheme: &str, reliable: bool) -> AnyBinding {
    let reliable = if reliable { "<reliableSession/>" } else { "" };
    let text = format!(
        "<configuration><system.serviceModel><bindings><customBinding><binding openTimeout=\"00:00:20\">{reliable}\
         <textMessageEncoding/><httpTransport authenticationScheme=\"{scheme}\" realm=\"calc &quot;1&quot;\"/></binding>\
         </customBinding></bindings></system.serviceModel></configuration>"
    );
    Configuration::parse(&text).expect("a file").bindings.remove(0)
}

fn builder(scheme: &str, reliable: bool) -> ServiceHostBuilder {
    let behavior = ServiceBehavior::default();
    let address = "http://127.0.0.1:0/calc";
    let builder = ServiceHostBuilder::new();
    let builder =
        builder.endpoint(binding(scheme, reliable), address, &CALCULATOR_CONTRACT, behavior);
    let validator = |name: String, password: Option<Zeroizing<String>>| async move {
        match (name.as_str(), password.as_ref().map(|password| password.as_str())) {
            ("alice", Some("secret")) | ("Zoë", Some("pàß:x")) => Ok(()),
            _ => Err("no such user".to_owned()),
        }
    };
    let store = |name: &str, realm: &str| match (name, realm) {
        ("alice", "calc \"1\"") => Ok(Some(DigestSecret::password("secret"))),
        ("Zoë", _) => Ok(Some(DigestSecret::password("pàß:x"))),
        _ => Ok(None),
    };
    builder.expect("an endpoint").user_names_async(validator).digest_store(store)
}

async fn open(builder: ServiceHostBuilder) -> (ServiceHost, Counting) {
    let service = Counting::default();
    let instances = ServiceInstances::single(CalculatorService::new(service.clone()));
    (builder.open(instances).await.expect("a host"), service)
}

fn factory(scheme: &str, reliable: bool, to: &str, user: (&str, &str)) -> ChannelFactory {
    let factory = ChannelFactory::new(binding(scheme, reliable), to, &CALCULATOR_CONTRACT);
    factory.expect("a factory").user_name(user.0, user.1)
}

fn address(host: &ServiceHost) -> String {
    format!("http://{}/calc", host.local_addresses()[0])
}

/// A call of Add, with these lines in its head.
fn call(headers: &str) -> String {
    let call = r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing"><s:Header><a:Action s:mustUnderstand="1">http://Microsoft.ServiceModel.Samples/ICalculator/Add</a:Action><a:MessageID>urn:uuid:1</a:MessageID><a:To s:mustUnderstand="1">http://127.0.0.1:0/calc</a:To></s:Header><s:Body><Add xmlns="http://Microsoft.ServiceModel.Samples"><n1>1</n1><n2>2</n2></Add></s:Body></s:Envelope>"#;
    format!(
        "POST /calc HTTP/1.1\r\nHost: x\r\nContent-Type: application/soap+xml; charset=utf-8\r\n{headers}Content-Length: {}\r\n\r\n{call}",
        call.len()
    )
}

/// What a raw request is answered: status line and headers, body.
async fn ask(to: SocketAddr, request: &str) -> (String, String) {
    let mut stream = TcpStream::connect(to).await.expect("a connection");
    stream.write_all(request.as_bytes()).await.expect("written");
    let (mut all, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&all).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = header(head, "content-length").and_then(|l| l.parse().ok()).unwrap_or(0);
            if body.len() >= length {
                return (head.to_owned(), body.to_owned());
            }
        }
        let read = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut piece)).await;
        match read.expect("an answer").expect("octets") {
            0 => return (text, String::new()),
            octets => all.extend(&piece[..octets]),
        }
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (own, value) = line.split_once(": ")?;
        own.eq_ignore_ascii_case(name).then_some(value)
    })
}

fn basic(pair: &str) -> String {
    use base64::Engine;
    format!("Authorization: Basic {}\r\n", base64::engine::general_purpose::STANDARD.encode(pair))
}

#[tokio::test]
async fn the_caller_is_who_logged_in() {
    for scheme in ["Basic", "Digest", "Basic, Digest"] {
        for reliable in [false, true] {
            let (host, service) = open(builder(scheme, reliable)).await;
            for user in [("alice", "secret"), ("Zoë", "pàß:x")] {
                let scheme = scheme.split(',').next().expect("one");
                let factory = factory(scheme, reliable, &address(&host), user);
                let channel = factory.open_channel().await.expect("open");
                for n in 0..3 {
                    let sum = CalculatorClient::new(&channel).add(f64::from(n), 1.0).await;
                    assert_eq!(sum.expect("a sum"), f64::from(n) + 1.0);
                    assert_eq!(service.caller.lock().unwrap().as_deref(), Some(user.0));
                }
                channel.close().await.expect("closed");
            }
            assert_eq!(service.executed.load(Ordering::SeqCst), 6, "{scheme}: nothing twice");
            host.close().await;
        }
    }
}

/// Who waits to be told to send (RFC 9110 §10.1.1; .NET's clients do) and is refused for what stands before his message is told so,
/// and not to send; whose message is taken is asked who he is once.
#[tokio::test]
async fn who_waits_before_he_sends_hears_what_his_head_alone_tells() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&asked);
    let builder = builder("Basic", false).user_names_async(move |name: String, password| {
        counting.fetch_add(1, Ordering::SeqCst);
        let password: Option<Zeroizing<String>> = password;
        let is_right = name == "alice" && password.is_some_and(|own| own.as_str() == "secret");
        async move { if is_right { Ok(()) } else { Err("no such user".to_owned()) } }
    });
    let (host, service) = open(builder).await;
    let to = host.local_addresses()[0];
    let (good, bad) = (basic("alice:secret"), basic("alice:wrong"));
    let text = "Content-Type: application/soap+xml; charset=utf-8\r\nContent-Length: 300\r\n";
    for (start, headers, status) in [
        ("POST /calc", text.to_owned(), 401),
        ("POST /calc", format!("{text}{bad}"), 403),
        ("POST /other", format!("{text}{good}"), 404),
        ("PUT /calc", format!("{text}{good}"), 405),
        ("POST /calc", format!("Content-Length: 9000000\r\n{good}"), 413),
        ("POST /calc", format!("Content-Type: text/plain\r\nContent-Length: 300\r\n{good}"), 415),
        (
            "POST /calc",
            format!("Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n{good}"),
            415,
        ),
    ] {
        let head = format!("{start} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n{headers}\r\n");
        let (answer, _) = ask(to, &head).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{head}: {answer}");
        let challenge = header(&answer, "www-authenticate");
        assert_eq!(challenge.is_some(), status == 401, "{answer}");
    }
    let before = asked.load(Ordering::SeqCst);
    let mut stream = TcpStream::connect(to).await.unwrap();
    let whole = call(&format!("{good}Expect: 100-continue\r\n"));
    let (head, body) = whole.split_once("\r\n\r\n").unwrap();
    stream.write_all(format!("{head}\r\n\r\n").as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"</s:Envelope>") {
        assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "{answer:?}");
    }
    assert!(String::from_utf8_lossy(&answer).contains("<AddResult"), "{answer:?}");
    assert_eq!(service.caller.lock().unwrap().as_deref(), Some("alice"));
    assert_eq!(asked.load(Ordering::SeqCst), before + 1, "nobody is asked twice");
    host.close().await;
}

/// A wrong password is told at once, though a reliable session would try for long.
#[tokio::test]
async fn a_wrong_password_is_told_at_once() {
    for (scheme, text) in [
        ("Basic", "The HTTP request was forbidden with client authentication scheme 'Basic'."),
        (
            "Digest",
            "The HTTP request is unauthorized with client authentication scheme 'Digest'. The authentication header received \
             from the server was 'Digest realm=",
        ),
    ] {
        let (host, service) = open(builder(scheme, true)).await;
        for user in [("alice", "wrong"), ("nobody", "secret")] {
            let began = Instant::now();
            let factory = factory(scheme, true, &address(&host), user).retry(true);
            let error = factory.open_channel().await.expect_err("refused");
            assert!(error.to_string().contains(text), "{error}");
            assert!(error.to_string().contains("user_name"), "what to do: {error}");
            assert!(!error.to_string().contains("wrong\""), "{error}");
            assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        }
        assert_eq!(service.executed.load(Ordering::SeqCst), 0);
    }
}

/// What is on the wire: no password before it is asked for, then with every request from the start.
#[tokio::test]
async fn strangers_get_a_challenge_and_wrong_passwords_nothing() {
    let (host, service) = open(builder("Basic", false)).await;
    let to = host.local_addresses()[0];
    let (head, body) = ask(to, &call("")).await;
    assert!(head.starts_with("HTTP/1.1 401 "), "{head}");
    let challenge = header(&head, "www-authenticate");
    assert_eq!(challenge, Some(r#"Basic realm="calc \"1\"", charset="UTF-8""#));
    assert_eq!((body.as_str(), header(&head, "content-length")), ("", Some("0")));
    // As captured of WCF: 403 without a word, and without a challenge.
    for pair in ["alice:wrong", "alice:", "nobody:secret", "alice:secret2", "ALICE:secret"] {
        let (head, body) = ask(to, &call(&basic(pair))).await;
        assert!(head.starts_with("HTTP/1.1 403 "), "{pair}: {head}");
        assert_eq!((body.as_str(), header(&head, "www-authenticate")), ("", None));
    }
    for bad in [
        "Authorization: Basic\r\n".to_owned(),
        "Authorization: Basic YWxpY2U\r\n".to_owned(),
        "Authorization: Bearer YWxpY2U6c2VjcmV0\r\n".to_owned(),
        "Authorization: Negotiate YII=\r\n".to_owned(),
        "Authorization: Digest username=\"alice\"\r\n".to_owned(),
        basic("alice:secret") + &basic("alice:secret"),
        basic("al\r\nice:secret"),
    ] {
        let (head, _) = ask(to, &call(&bad)).await;
        assert!(head.starts_with("HTTP/1.1 401 "), "{bad}: {head}");
    }
    let huge = format!("Authorization: Basic {}\r\n", "A".repeat(100_000));
    let (head, _) = ask(to, &call(&huge)).await;
    assert!(!head.starts_with("HTTP/1.1 200 "), "{head}");
    assert_eq!(service.executed.load(Ordering::SeqCst), 0);
    let (head, body) = ask(to, &call(&basic("alice:secret"))).await;
    assert!(head.starts_with("HTTP/1.1 200 ") && body.contains("<AddResult"), "{head}{body}");
}

/// A request that answers a challenge, by somebody who knows the secret.
fn digest(challenge: &str, uri: &str, count: &str, password: &str) -> String {
    let get = |name: &str| {
        let rest = challenge.split_once(&format!("{name}=\"")).expect(name).1;
        rest.split_once('"').expect("a quote").0.to_owned()
    };
    let (nonce, realm) = (get("nonce"), "calc \"1\"");
    let md5 = |text: String| {
        let digest = openssl::hash::hash(openssl::hash::MessageDigest::md5(), text.as_bytes());
        digest.expect("MD5").iter().map(|octet| format!("{octet:02x}")).collect::<String>()
    };
    let key = md5(format!("alice:{realm}:{password}"));
    let request = md5(format!("POST:{uri}"));
    let response = md5(format!("{key}:{nonce}:{count}:abc:auth:{request}"));
    format!(
        "Authorization: Digest username=\"alice\", realm=\"calc \\\"1\\\"\", nonce=\"{nonce}\", uri=\"{uri}\", \
         response=\"{response}\", algorithm=MD5, qop=auth, nc={count}, cnonce=\"abc\"\r\n"
    )
}

async fn challenge(to: SocketAddr) -> String {
    let (head, _) = ask(to, &call("")).await;
    assert!(head.starts_with("HTTP/1.1 401 "), "{head}");
    header(&head, "www-authenticate").expect("a challenge").to_owned()
}

#[tokio::test]
async fn digests_are_good_once_and_for_what_they_are_over() {
    let (host, service) = open(builder("Digest", false)).await;
    let (other, _) = open(builder("Digest", false)).await;
    let (to, other) = (host.local_addresses()[0], other.local_addresses()[0]);
    let asked = challenge(to).await;
    assert!(asked.starts_with(r#"Digest realm="calc \"1\"", qop="auth", algorithm=MD5, nonce=""#));
    let first = digest(&asked, "/calc", "00000001", "secret");
    let status = async |request: &str| ask(to, &call(request)).await.0;
    assert!(status(&first).await.starts_with("HTTP/1.1 200 "));
    // Whoever heard it sends it again, or with another body: it counts once.
    assert!(status(&first).await.starts_with("HTTP/1.1 401 "));
    assert!(
        status(&digest(&asked, "/calc", "00000002", "secret")).await.starts_with("HTTP/1.1 200 ")
    );
    for (what, bad) in [
        ("another password", digest(&asked, "/calc", "00000003", "wrong")),
        ("another target", digest(&asked, "/other", "00000004", "secret")),
        ("another count than the digest is over", {
            digest(&asked, "/calc", "00000005", "secret").replace("00000005", "00000006")
        }),
        ("another user", digest(&asked, "/calc", "00000007", "secret").replace("alice", "Zoë")),
        ("no count", digest(&asked, "/calc", "00000008", "secret").replace("nc=00000008, ", "")),
        ("no qop", digest(&asked, "/calc", "00000009", "secret").replace("qop=auth, ", "")),
        ("a realm of its own", {
            digest(&asked, "/calc", "0000000a", "secret").replace("calc \\\"1\\\"", "calc")
        }),
    ] {
        let head = status(&bad).await;
        assert!(head.starts_with("HTTP/1.1 401 "), "{what}: {head}");
        assert!(!head.contains("stale"), "{what}: {head}");
    }
    // A nonce that another service gave out, or nobody: its user may ask again without a person.
    let foreign = digest(&challenge(other).await, "/calc", "00000001", "secret");
    let made_up = digest(
        "nonce=\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"",
        "/calc",
        "00000001",
        "secret",
    );
    for request in [foreign, made_up] {
        let head = status(&request).await;
        assert!(head.starts_with("HTTP/1.1 401 ") && head.contains("stale=true"), "{head}");
    }
    assert_eq!(service.executed.load(Ordering::SeqCst), 2);
}

/// A message of WS-ReliableMessaging (February 2005) of this user.
async fn reliable(
    to: SocketAddr,
    user: &str,
    headers: &str,
    action: &str,
    body: &str,
) -> (String, String) {
    let message = format!(
        r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing" xmlns:r="http://schemas.xmlsoap.org/ws/2005/02/rm"><s:Header>{headers}<a:Action s:mustUnderstand="1">{action}</a:Action><a:MessageID>urn:uuid:11111111-1111-1111-1111-111111111111</a:MessageID><a:ReplyTo><a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address></a:ReplyTo><a:To s:mustUnderstand="1">http://127.0.0.1/calc</a:To></s:Header><s:Body>{body}</s:Body></s:Envelope>"#
    );
    let login = basic(user);
    let request = format!(
        "POST /calc HTTP/1.1\r\nHost: x\r\nContent-Type: application/soap+xml; charset=utf-8\r\n{login}Content-Length: {}\r\n\r\n{message}",
        message.len()
    );
    ask(to, &request).await
}

/// Bob has heard the identifier of Alice's sequence, and has a login of his own.
#[tokio::test]
async fn nobody_goes_on_with_the_sequence_of_another() {
    let both = |name: &str, password: Option<&str>| match (name, password) {
        ("alice" | "bob", Some("secret")) => Ok(()),
        _ => Err("no such user".to_owned()),
    };
    let (host, service) = open(builder("Basic", true).user_names(both)).await;
    let to = host.local_addresses()[0];
    let create = r#"<r:CreateSequence><r:AcksTo><a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address></r:AcksTo><r:Offer><r:Identifier>urn:uuid:22222222-2222-2222-2222-222222222222</r:Identifier></r:Offer></r:CreateSequence>"#;
    let action = "http://schemas.xmlsoap.org/ws/2005/02/rm/CreateSequence";
    let (head, body) = reliable(to, "alice:secret", "", action, create).await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}{body}");
    let (_, rest) = body.split_once("Identifier>").expect("an identifier");
    let (identifier, _) = rest.split_once('<').expect("its end");
    let sequence = |number: u32| {
        format!(
            r#"<r:Sequence s:mustUnderstand="1"><r:Identifier>{identifier}</r:Identifier><r:MessageNumber>{number}</r:MessageNumber></r:Sequence>"#
        )
    };
    let action = "http://Microsoft.ServiceModel.Samples/ICalculator/Add";
    let add = r#"<Add xmlns="http://Microsoft.ServiceModel.Samples"><n1>1</n1><n2>2</n2></Add>"#;
    let (head, body) = reliable(to, "bob:secret", &sequence(1), action, add).await;
    assert!(head.starts_with("HTTP/1.1 500 ") && body.contains("UnknownSequence"), "{head}{body}");
    assert_eq!(service.executed.load(Ordering::SeqCst), 0);
    let (head, body) = reliable(to, "alice:secret", &sequence(1), action, add).await;
    assert!(head.starts_with("HTTP/1.1 200 ") && body.contains("<AddResult"), "{head}{body}");
    assert_eq!(service.caller.lock().unwrap().as_deref(), Some("alice"));
}

/// A store of digests, by SHA-256 alone.
struct Digests;

impl DigestStore for Digests {
    fn algorithms(&self) -> &[DigestAlgorithm] {
        &[DigestAlgorithm::Sha256]
    }

    fn secret(&self, name: &str, realm: &str) -> Result<Option<DigestSecret>, String> {
        let text = format!("{name}:{realm}:secret");
        let digest = openssl::hash::hash(openssl::hash::MessageDigest::sha256(), text.as_bytes());
        let hex: String =
            digest.map_err(|e| e.to_string())?.iter().map(|o| format!("{o:02x}")).collect();
        Ok(DigestSecret::ha1(DigestAlgorithm::Sha256, &hex))
    }
}

#[tokio::test]
async fn stores_may_keep_digests() {
    let (host, service) = open(builder("Digest", false).digest_store(Digests)).await;
    let asked = challenge(host.local_addresses()[0]).await;
    assert!(asked.contains("algorithm=SHA-256"), "{asked}");
    let channel = factory("Digest", false, &address(&host), ("bob", "secret")).open_channel().await;
    let channel = channel.expect("open");
    assert_eq!(CalculatorClient::new(&channel).add(1.0, 2.0).await.expect("a sum"), 3.0);
    assert_eq!(service.caller.lock().unwrap().as_deref(), Some("bob"));
}

/// A server that answers with what `answers` gives, by the number of the request and its head.
async fn scripted(
    answers: impl Fn(usize, &str) -> String + Send + Sync + 'static,
) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}/calc", listener.local_addr().expect("an address"));
    let (requests, answers) = (Arc::new(AtomicUsize::new(0)), Arc::new(answers));
    let count = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (count, answers) = (Arc::clone(&count), Arc::clone(&answers));
            tokio::spawn(async move {
                let mut all = Vec::new();
                let mut piece = [0; 8192];
                while let Ok(octets @ 1..) = stream.read(&mut piece).await {
                    all.extend(&piece[..octets]);
                    let text = String::from_utf8_lossy(&all).into_owned();
                    if text.ends_with("</s:Envelope>") {
                        all.clear();
                        let number = count.fetch_add(1, Ordering::SeqCst);
                        let head = text.split_once("\r\n\r\n").expect("a head").0;
                        let _ = stream.write_all(answers(number, head).as_bytes()).await;
                    }
                }
            });
        }
    });
    (address, requests)
}

fn unauthorized(challenge: &str) -> String {
    format!(
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: {challenge}\r\nContent-Length: 0\r\n\r\n"
    )
}

async fn refused(scheme: &str, to: &str) -> ChannelError {
    let factory = factory(scheme, true, to, ("alice", "secret"));
    let opened = tokio::time::timeout(Duration::from_secs(20), factory.open_channel()).await;
    opened.expect("told").expect_err("nobody lets us in")
}

/// Servers that ask for ever are left soon, and those that ask for something else at once.
#[tokio::test]
async fn nobody_is_asked_for_ever() {
    for (scheme, challenge, most) in [
        ("Basic", "Basic realm=\"x\"", 2),
        ("Digest", "Digest realm=\"x\", nonce=\"same\", qop=\"auth\", stale=true", 2),
        ("Digest", "Digest realm=\"x\", nonce=\"@\", qop=\"auth\", stale=true", 3),
        ("Digest", "Digest realm=\"x\", nonce=\"@\", qop=\"auth\"", 2),
        ("Digest", "Digest realm=\"x\", nonce=\"n\", algorithm=SHA-512-256, qop=\"auth\"", 1),
        ("Digest", "Basic realm=\"x\"", 1),
        ("Basic", "Digest realm=\"x\", nonce=\"n\"", 1),
        ("Basic", "Negotiate, NTLM", 1),
        ("Basic", "\"", 1),
    ] {
        let answer = move |number: usize, _: &str| {
            unauthorized(&challenge.replace('@', &number.to_string()))
        };
        let (to, requests) = scripted(answer).await;
        let error = refused(scheme, &to).await.to_string();
        let text = format!(
            "The HTTP request is unauthorized with client authentication scheme '{scheme}'. The authentication header received \
             from the server was '"
        );
        assert!(error.contains(&text), "{error}");
        assert_eq!(requests.load(Ordering::SeqCst), most, "{scheme}: {challenge}");
    }
}

/// Of several challenges the best is taken; `auth-int` only where nothing else is offered. A password is not shown before it
/// is asked for, and never to who asks for something else.
#[tokio::test]
async fn the_best_challenge_is_answered() {
    let (md5, sha) =
        ("algorithm=MD5, qop=\"auth-int,auth\"", "algorithm=SHA-256, qop=\"auth-int\"");
    for (offered, taken, qop) in [
        (vec![md5], "algorithm=MD5", "qop=auth,"),
        (vec![md5, sha], "algorithm=SHA-256", "qop=auth-int,"),
        (vec![sha, md5], "algorithm=SHA-256", "qop=auth-int,"),
        (vec!["algorithm=MD5-sess, qop=\"auth\""], "algorithm=MD5-sess", "qop=auth,"),
        (vec!["opaque=\"o\\\"o\""], "algorithm=MD5", "opaque=\"o\\\"o\""),
    ] {
        let offers: Vec<String> =
            offered.iter().map(|o| format!("Digest realm=\"x\", nonce=\"n\", {o}")).collect();
        let offers = offers.join(", ");
        let (told, heads) = std::sync::mpsc::channel();
        let (to, _) = scripted(move |_, head| {
            let _ = told.send(head.to_owned());
            unauthorized(&offers)
        })
        .await;
        refused("Digest", &to).await;
        let heads: Vec<String> = heads.try_iter().collect();
        assert_eq!(header(&heads[0], "authorization"), None, "not asked yet");
        let answer = header(&heads[1], "authorization").expect("credentials");
        for part in [taken, qop] {
            assert!(answer.contains(part), "{part}: {answer}");
        }
        assert!(!heads.iter().any(|head| head.contains("secret")), "{heads:?}");
    }
}

/// Who pretends to know the password must know it.
#[tokio::test]
async fn a_service_that_proves_itself_wrongly_is_refused() {
    let (to, requests) = scripted(|number, _| match number {
        0 => unauthorized("Digest realm=\"x\", nonce=\"n\", qop=\"auth\""),
        _ => "HTTP/1.1 200 OK\r\nAuthentication-Info: qop=auth, rspauth=\"00000000000000000000000000000000\", cnonce=\"\", nc=00000001\r\nContent-Length: 0\r\n\r\n".to_owned(),
    })
    .await;
    let error = refused("Digest", &to).await.to_string();
    assert!(error.contains("did not satisfy the mutual authentication requirement"), "{error}");
    assert_eq!(requests.load(Ordering::SeqCst), 2);
}

/// What no HTTP can carry is told before anything is sent.
#[tokio::test]
async fn what_cannot_be_sent_is_told() {
    for (scheme, user, text) in [
        ("Basic", ("us:er", "x"), "colon"),
        ("Basic", ("user", "x\r\nX-Admin: 1"), "line breaks"),
        ("Digest", ("us\ner", "x"), "line breaks"),
    ] {
        let error = factory(scheme, false, "http://127.0.0.1:9/", user).create_channel();
        let error = error.map(drop).expect_err("refused").to_string();
        assert!(error.contains(text), "{error}");
    }
    let factory =
        ChannelFactory::new(binding("Basic", false), "http://127.0.0.1:9/", &CALCULATOR_CONTRACT);
    let error = factory.expect("a factory").create_channel().map(drop).expect_err("no user");
    assert!(error.to_string().contains("The username is not provided."), "{error}");
}

/// A host does not open that could know nobody, and says what is missing.
#[tokio::test]
async fn a_host_needs_who_knows_users() {
    for (scheme, text) in [("Basic", "ServiceHostBuilder::user_names"), ("Digest", "digest_store")]
    {
        let behavior = ServiceBehavior::default();
        let builder = ServiceHostBuilder::new()
            .endpoint(binding(scheme, false), "http://127.0.0.1:0/", &CALCULATOR_CONTRACT, behavior)
            .expect("an endpoint");
        let instances = ServiceInstances::single(CalculatorService::new(Counting::default()));
        let error = builder.open(instances).await.map(drop).expect_err("nobody knows users");
        assert!(error.to_string().contains(text), "{error}");
    }
}

/// What WCF's client sent over HTTPS, taken behind a front end that ended TLS, is answered as WCF's service did.
#[tokio::test]
async fn captured_calls_are_answered_as_wcf_did() {
    use std::io::Read;
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../testdata/wcf-login/https-basicauth.json.gz");
    let mut text = String::new();
    let file = std::fs::File::open(path).expect("the capture");
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("text");
    let packed: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let messages = packed["messages"].as_array().expect("messages");
    let body = |name: &str| {
        let message = messages.iter().find(|m| m["name"] == name).expect(name);
        message["body"].as_str().expect("a body")
    };
    let public = "https://localhost:36059/calc";
    let (host, service) =
        open(builder("Basic", false).public_address("http://127.0.0.1:0/calc", public)).await;
    let to = host.local_addresses()[0];
    for number in ["001", "002"] {
        let message = body(&format!("{number}-request"));
        let request = |login: &str| {
            format!(
                "POST /calc HTTP/1.1\r\nContent-Type: application/soap+xml; charset=utf-8\r\nHost: localhost:36059\r\n\
                 Accept-Encoding: gzip, deflate\r\n{login}Content-Length: {}\r\n\r\n{message}",
                message.len()
            )
        };
        let (head, _) = ask(to, &request("")).await;
        assert!(head.starts_with("HTTP/1.1 401 "), "{head}");
        let (head, answer) = ask(to, &request("Authorization: Basic YWxpY2U6c2VjcmV0\r\n")).await;
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        assert_eq!(header(&head, "content-type"), Some("application/soap+xml; charset=utf-8"));
        assert_eq!(answer, body(&format!("{number}-response")), "octet for octet");
    }
    assert_eq!(service.executed.load(Ordering::SeqCst), 2);
    assert_eq!(service.caller.lock().unwrap().as_deref(), Some("alice"));
}
