//! Passwords as digest (Username Token Profile 1.0 §3.1), by name only: every kind of binding, and attacks by whoever got hold
//! of a token or of other messages. Every digest is the one that the attacker can compute.

#[path = "common/forge_transport.rs"]
mod forge;
#[path = "common/nego.rs"]
mod nego;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use forge::{envelope, message, timestamp, username_token};
use jiff::{SignedDuration, Timestamp};
use nego::legs::OLD;
use nego::{ADD, ADDRESS, Credential, Pair, Service, Setup, fault, says};
use waxwing_crypto::sha1;
use waxwing_security::Reason;
use waxwing_security::conversation::{Incoming, ReplyKind, ServiceError};
use waxwing_security::wsse::{Dialect, PasswordType};

const USER: Credential = Credential::UserName("secret");
const WRONG: Credential = Credential::UserName("wrong");
const BODY: &str = "<Add xmlns=\"http://Microsoft.ServiceModel.Samples\">1</Add>";
const PROFILE: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0";
const BASE64: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary";

fn digested(mut setup: Setup) -> Setup {
    for settings in [
        &mut setup.client.settings,
        &mut setup.client.bootstrap,
        &mut setup.service.settings,
        &mut setup.service.bootstrap,
    ] {
        settings.password_type = PasswordType::Digest;
    }
    setup
}

fn over_transport() -> Pair {
    digested(Setup::over_transport(OLD, USER).one_shot()).build()
}

fn digest_of(nonce: &[u8], created: &str, password: &str) -> String {
    STANDARD.encode(sha1(&[nonce, created.as_bytes(), password.as_bytes()].concat()))
}

/// The token of alice as somebody writes it who has no library of ours.
fn token(digest: &str, nonce: &[u8], created: &str) -> String {
    format!(
        "<o:UsernameToken u:Id=\"user\"><o:Username>alice</o:Username>\
         <o:Password Type=\"{PROFILE}#PasswordDigest\">{digest}</o:Password>\
         <o:Nonce EncodingType=\"{BASE64}\">{}</o:Nonce><u:Created>{created}</u:Created></o:UsernameToken>",
        STANDARD.encode(nonce)
    )
}

fn good_token(nonce: &[u8], created: &str) -> String {
    token(&digest_of(nonce, created, "secret"), nonce, created)
}

/// A message that was made at `now`, with this token.
fn with(token: &str, now: Timestamp) -> String {
    message(ADD, ADDRESS, BODY, &format!("{}{token}", timestamp(now)))
}

#[track_caller]
fn taken(service: &mut Service, text: &str, now: Timestamp) {
    assert!(USER.is_caller(&service.message(&envelope(text), now).caller));
}

/// Whoever is refused learns no more than that. Gives what the log says.
#[track_caller]
fn refused(service: &mut Service, text: &str, now: Timestamp, code: &str) -> ServiceError {
    let reply = match service.receive(&envelope(text), now) {
        Incoming::Reply(reply) => *reply,
        other => panic!("taken: {other:?}"),
    };
    assert_eq!(reply.kind, ReplyKind::Fault);
    assert_eq!(fault(&reply.envelope).0, code);
    reply.error.expect("a reason")
}

#[test]
fn it_runs_over_every_kind_of_binding() {
    for dialect in [OLD, Dialect::Version13] {
        for make in [Setup::by_certificate, Setup::negotiated, Setup::over_transport] {
            for one_shot in [false, true] {
                let kind = |setup: Setup| if one_shot { setup.one_shot() } else { setup };
                let mut pair = digested(kind(make(dialect, USER))).build();
                pair.open().unwrap();
                for n in 0..3 {
                    pair.call(&n.to_string()).unwrap();
                }
                let mut pair = digested(kind(make(dialect, WRONG))).build();
                if !one_shot {
                    pair.open().expect_err("the digest is of another password");
                    continue;
                }
                pair.open().unwrap();
                let (request, _) = pair.request("1");
                let error = pair.service.answer(&request, pair.now).error.expect("a reason");
                says(&error, &["the digest is of another password"]);
            }
        }
    }
}

/// As the profile has it; nothing of the password is seen, and no two messages have one digest.
#[test]
fn a_token_is_written_as_the_profile_says() {
    let mut pair = over_transport();
    pair.open().unwrap();
    let mut seen = Vec::new();
    for _ in 0..3 {
        let (request, _) = pair.request("1");
        let text = String::from_utf8(request.to_bytes()).unwrap();
        assert!(!text.contains("secret"), "{text}");
        let of = |name: &str, space: &str| {
            let all = request.document().root().descendants_and_self();
            let found: Vec<_> = all.filter(|e| e.local_name() == name).collect();
            let token = found
                .iter()
                .find(|e| e.parent().is_some_and(|p| p.is(forge::WSSE, "UsernameToken")));
            let token = token.unwrap_or_else(|| panic!("{name}"));
            assert!(token.is(space, name));
            (token.text().into_owned(), token.attributes().map(|a| a.value().to_owned()).next())
        };
        let (digest, kind) = of("Password", forge::WSSE);
        let (nonce, encoding) = of("Nonce", forge::WSSE);
        let (created, _) = of("Created", forge::WSU);
        assert_eq!(kind.unwrap(), format!("{PROFILE}#PasswordDigest"));
        assert_eq!(encoding.unwrap(), BASE64);
        let nonce = STANDARD.decode(nonce).unwrap();
        assert_eq!(nonce.len(), 16);
        assert_eq!(digest, digest_of(&nonce, &created, "secret"));
        assert!(!seen.contains(&nonce), "a nonce is drawn for each message");
        seen.push(nonce);
        taken(&mut pair.service, &text, pair.now);
    }
}

/// Without the setting it is refused, and with it nothing else is taken.
#[test]
fn it_is_agreed_upon_by_name() {
    let mut pair = Setup::over_transport(OLD, USER).one_shot().build();
    let (now, created) = (pair.now, pair.now.to_string());
    let digest = with(&good_token(b"0123456789abcdef", &created), now);
    let clear = with(&username_token("alice", "secret"), now);
    let error = refused(&mut pair.service, &digest, now, "Sender/InvalidSecurity");
    says(&error, &["a PasswordDigest where no store of passwords is set up for it"]);
    taken(&mut pair.service, &clear, now);
    let mut pair = over_transport();
    let error = refused(&mut pair.service, &clear, now, "Sender/InvalidSecurity");
    says(&error, &["a password in clear, or of another Type, where a PasswordDigest"]);
    taken(&mut pair.service, &digest, now);
}

/// Whoever saw a token puts it into a message of his own.
#[test]
fn a_digest_is_good_once() {
    let mut pair = over_transport();
    let (now, created) = (pair.now, pair.now.to_string());
    let nonce = b"0123456789abcdef";
    let stolen = good_token(nonce, &created);
    taken(&mut pair.service, &with(&stolen, now), now);
    // As it is, in a message of later, and cut otherwise.
    let later = now + SignedDuration::from_mins(9);
    for (at, token) in [(now, stolen.clone()), (later, stolen.clone())] {
        let error = refused(&mut pair.service, &with(&token, at), at, "Sender/InvalidSecurity");
        let ServiceError::Message(error) = error else { panic!("{error}") };
        assert_eq!(error.reason(), &Reason::PasswordDigestReplay);
    }
    let digest = digest_of(nonce, &created, "secret");
    let cut = token(&digest, b"0123456789abcdef2", &created[1..]);
    let error = refused(&mut pair.service, &with(&cut, now), now, "Sender/InvalidSecurity");
    says(&error, &["an xsd:dateTime"]);
    // Another nonce is another digest.
    taken(&mut pair.service, &with(&good_token(b"0123456789abcdeg", &created), now), now);
    // A wrong digest spends nothing: nobody uses up what is another's.
    let guess = token(&digest_of(b"next", &created, "guess"), b"next", &created);
    refused(&mut pair.service, &with(&guess, now), now, "Sender/FailedAuthentication");
    taken(&mut pair.service, &with(&good_token(b"next", &created), now), now);
    // **Another service with the same password does not know of it**: what the digest says is not for whom it is.
    let mut other = over_transport();
    taken(&mut other.service, &with(&stolen, now), now);
    // After its time it is forgotten, and too old.
    let after = now + SignedDuration::from_mins(11);
    let error = refused(&mut pair.service, &with(&stolen, after), after, "Sender/InvalidSecurity");
    says(&error, &["the timestamp is not acceptable"]);
}

/// A message that was encrypted for the service and is sent again, where replays of messages are not looked for.
#[test]
fn a_signed_and_encrypted_digest_is_good_once() {
    for make in [Setup::by_certificate, Setup::negotiated] {
        let mut setup = digested(make(OLD, USER).one_shot());
        setup.service.detect_replays = false;
        let mut pair = setup.build();
        pair.open().unwrap();
        let (request, _) = pair.request("1");
        pair.service.message(&request, pair.now);
        let Incoming::Reply(reply) = pair.service.receive(&request, pair.now) else { panic!() };
        says(&reply.error.unwrap(), &["the digest of the password was received before"]);
    }
}

#[test]
fn what_the_digest_is_over_cannot_be_exchanged() {
    let mut pair = over_transport();
    let (now, created) = (pair.now, pair.now.to_string());
    let nonce = b"0123456789abcdef";
    let digest = digest_of(nonce, &created, "secret");
    let earlier = (now - SignedDuration::from_secs(1)).to_string();
    let good = good_token(nonce, &created);
    for wrong in [
        token(&digest, b"another nonce", &created),
        token(&digest, nonce, &earlier),
        token(&digest_of(b"another nonce", &created, "secret"), nonce, &created),
        token(&digest_of(nonce, &created, ""), nonce, &created),
        token(&STANDARD.encode([0; 20]), nonce, &created),
        good.replacen(">alice<", ">bob<", 1),
    ] {
        let error =
            refused(&mut pair.service, &with(&wrong, now), now, "Sender/FailedAuthentication");
        assert!(matches!(error, ServiceError::UserName { .. }), "{error}");
    }
    taken(&mut pair.service, &with(&good, now), now);
}

#[test]
fn a_digest_that_is_not_whole_is_refused() {
    let mut pair = over_transport();
    let (now, created) = (pair.now, pair.now.to_string());
    let nonce = b"0123456789abcdef";
    let good = good_token(nonce, &created);
    let without = |name: &str| {
        let (start, end) = (good.find(&format!("<{name}")).unwrap(), format!("</{name}>"));
        let end = good.find(&end).unwrap() + end.len();
        format!("{}{}", &good[..start], &good[end..])
    };
    let dated =
        |minutes: i64| good_token(nonce, &(now + SignedDuration::from_mins(minutes)).to_string());
    let twice = format!("<o:Nonce>{}</o:Nonce><u:Created>", STANDARD.encode(b"x"));
    let digest = digest_of(nonce, &created, "secret");
    for (token, reason) in [
        (without("o:Nonce"), "the Nonce of the password's digest is missing"),
        (without("u:Created"), "the Created of the password's digest is missing"),
        (without("o:Password"), "the digest of the password is missing"),
        (good.replacen("<o:Username>alice</o:Username>", "", 1), "a Username"),
        (good_token(b"", &created), "1 to 128 octets"),
        (good_token(&[7; 129], &created), "1 to 128 octets"),
        (good_token(&[7; 20_000], &created), "1 to 128 octets"),
        (good.replacen("<u:Created>", &twice, 1), "unexpected element"),
        (good.replacen(BASE64, "urn:hex", 1), "a Nonce of this EncodingType"),
        (good.replacen(&digest, &STANDARD.encode([1; 19]), 1), "20 octets"),
        (good.replacen(&digest, "?", 1), "base64"),
        (good.replacen("#PasswordDigest", "#PasswordOther", 1), "of another Type"),
        (good_token(nonce, "yesterday"), "an xsd:dateTime"),
        (dated(-11), "the timestamp is not acceptable"),
        (dated(6), "the timestamp is not acceptable"),
    ] {
        let error = refused(&mut pair.service, &with(&token, now), now, "Sender/InvalidSecurity");
        says(&error, &[reason]);
    }
    // The longest that is taken, an old one, and one without a time zone (which is of UTC).
    taken(&mut pair.service, &with(&good_token(&[7; 128], &created), now), now);
    taken(&mut pair.service, &with(&dated(-9), now), now);
    let local = created.trim_end_matches('Z');
    taken(&mut pair.service, &with(&good_token(nonce, local), now), now);
}
