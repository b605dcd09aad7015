//! Metadata that are shown to some only: who gets the password, and what those hear who gave none.

use openssl::hash::{MessageDigest, hash};
use waxwing::metadata::MetadataReader;
use waxwing_testkit::metadata::folder;

use crate::read;
use crate::server::{Asked, Reply, Server};

fn document() -> Reply {
    Reply::ok(folder("wsdl-kinds").text("singleWsdl.wsdl.xml"))
}

fn wants(challenges: &[&str]) -> Reply {
    let headers = challenges.iter().map(|one| format!("WWW-Authenticate: {one}\r\n")).collect();
    Reply { status: "401 Unauthorized", headers, content: Vec::new() }
}

fn authorization(asked: &Asked) -> Option<&str> {
    asked.head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("authorization").then_some(value)
    })
}

fn alice() -> MetadataReader {
    MetadataReader::new().no_proxy().user_name("alice", "open sesame")
}

fn md5(text: &str) -> String {
    let digest = hash(MessageDigest::md5(), text.as_bytes()).unwrap();
    digest.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Whether a digest (RFC 7616 §3.4, without qop) is of this request by who knows the password.
fn is_alices(asked: &Asked, value: &str) -> bool {
    let key = md5("alice:maps:open sesame");
    let what = md5(&format!("{}:{}", asked.method, asked.target));
    value.starts_with("Digest username=\"alice\"")
        && value.contains(&format!("response=\"{}\"", md5(&format!("{key}:abc:{what}"))))
}

fn digest(asked: &Asked) -> Reply {
    match authorization(asked) {
        Some(value) if is_alices(asked, value) => document(),
        _ => wants(&["Digest realm=\"maps\", nonce=\"abc\"", "Basic realm=\"maps\""]),
    }
}

#[tokio::test]
async fn a_digest_opens_metadata() {
    let server = Server::start(digest).await;
    let metadata = alice().read([server.url("/calc?wsdl")]).await.unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(metadata.set.services().count(), 1);
    assert_eq!(server.asked(), ["GET /calc?wsdl", "GET /calc?wsdl"]);
}

/// A wrong digest is not followed by the password itself.
#[tokio::test]
async fn a_refused_digest_is_told_and_nothing_weaker_is_shown() {
    let server = Server::start(|asked| {
        assert!(!authorization(asked).is_some_and(|value| value.starts_with("Basic")));
        wants(&["Digest realm=\"maps\", nonce=\"abc\"", "Basic realm=\"maps\""])
    })
    .await;
    let error = alice().read([server.url("/calc?wsdl")]).await.unwrap_err().to_string();
    assert!(
        error.contains("it does not take this user name and password (Digest, Basic)"),
        "{error}"
    );
    assert!(!error.contains("sesame"), "{error}");
    // Once is enough: accounts are locked after some.
    let error = alice().read([server.url("/calc")]).await.unwrap_err().to_string();
    assert!(error.contains("it does not take"), "{error}");
    assert_eq!(server.asked().len(), 4, "{:?}", server.asked());
}

/// What is wanted is told with the options for it; over plain HTTP the password is never text.
#[tokio::test]
async fn what_is_wanted_is_told() {
    let basic = Server::start(|asked| {
        assert_eq!(authorization(asked), None, "nothing is shown over plain HTTP");
        wants(&["Basic realm=\"maps\""])
    })
    .await;
    for error in [
        alice().read([basic.url("/calc")]).await.unwrap_err().to_string(),
        read(&basic.url("/calc")).await.unwrap_err().to_string(),
    ] {
        assert!(
            error.contains("over plain HTTP, where others read it, too. Take its https"),
            "{error}"
        );
    }
    let server = Server::start(digest).await;
    let error = read(&server.url("/calc")).await.unwrap_err().to_string();
    assert!(
        error.contains("it wants a user name and a password (Digest, Basic): --user NAME"),
        "{error}"
    );
    let windows = Server::start(|_| wants(&["Negotiate", "NTLM"])).await;
    let error = alice().read([windows.url("/calc")]).await.unwrap_err().to_string();
    assert!(error.contains("it wants Negotiate, NTLM, and this version proves"), "{error}");
    assert!(error.contains("svcutil /t:metadata"), "{error}");
}

/// A document leads to a server that asks for a password, too: it is not the user's.
#[tokio::test]
async fn nobody_else_gets_a_password() {
    let other = Server::start(|asked| {
        assert_eq!(authorization(asked), None, "the password went to a stranger");
        wants(&["Digest realm=\"maps\", nonce=\"abc\""])
    })
    .await;
    let there = other.url("/b.wsdl");
    let server = Server::start(move |asked| match authorization(asked) {
        Some(value) if is_alices(asked, value) => Reply::redirection(&there),
        _ => wants(&["Digest realm=\"maps\", nonce=\"abc\""]),
    })
    .await;
    let reader = alice().allow_origin("*");
    let error = reader.read([server.url("/calc?wsdl")]).await.unwrap_err().to_string();
    assert!(error.contains("which go to the servers of the sources alone"), "{error}");
    assert!(!other.asked().is_empty());
}
