//! Security contexts whose state is in a cookie: our client against our service, and whoever steals, alters or makes them.

#[path = "common/nego.rs"]
mod nego;

use jiff::SignedDuration;
use nego::{Credential, Pair, Seeded, Service, Setup, altered, fault, moment, says, still, wire};
use waxwing_crypto::{KeyRing, SealingKey};
use waxwing_security::conversation::{
    CertificateTokens, ClientBinding, ClientError, CookieKeys, Incoming, Protection,
    SecurityFaultKind, ServiceBinding, ServiceError, ServiceOptions, ServiceSecurity, Step,
};
use waxwing_security::wsse::Dialect;
use waxwing_security::{CookieProblem, Reason};
use waxwing_soap::Envelope;
use zeroize::Zeroizing;

const OLD: Dialect = Dialect::February2005;
const ALICE: Credential = Credential::Certificate("alice");

fn mins(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

fn key(octet: u8) -> SealingKey {
    SealingKey::new(Zeroizing::new([octet; SealingKey::LENGTH]))
}

fn ring(octet: u8) -> KeyRing {
    KeyRing::new(key(octet))
}

fn by_cookie(mut setup: Setup, keys: Option<&CookieKeys>) -> Setup {
    setup.client.protection = Protection::Cookie;
    setup.service.protection = Protection::Cookie;
    setup.service.cookies.keys = keys.cloned();
    setup
}

fn setup(keys: Option<&CookieKeys>) -> Setup {
    by_cookie(Setup::by_certificate(OLD, ALICE), keys)
}

fn opened(keys: Option<&CookieKeys>) -> Pair {
    let mut pair = setup(keys).build();
    pair.open().unwrap();
    pair
}

/// Another process of the same service.
fn process(options: ServiceOptions, seed: u64) -> Service {
    let security = ServiceSecurity::new(options, &mut Seeded(seed)).unwrap();
    Service::new(security, nego::Rules::default(), seed)
}

fn text_of(envelope: &Envelope) -> String {
    String::from_utf8(envelope.to_bytes()).unwrap()
}

/// The SecurityContextToken of a message, as it stands there.
fn token(envelope: &Envelope) -> String {
    let text = text_of(envelope);
    let name = text.find(":SecurityContextToken u:Id").unwrap();
    let start = text[..name].rfind('<').unwrap();
    let close = format!("</{}:SecurityContextToken>", &text[start + 1..name]);
    let end = start + text[start..].find(&close).unwrap() + close.len();
    text[start..end].to_owned()
}

fn cookie(token: &str) -> &str {
    let start = token.find("security\">").unwrap() + 10;
    &token[start..token.find("</dnse:Cookie>").unwrap()]
}

#[track_caller]
fn refused(incoming: Incoming) -> (Envelope, Reason) {
    let Incoming::Reply(reply) = incoming else { panic!("taken: {incoming:?}") };
    match reply.error {
        Some(ServiceError::Message(error)) => (reply.envelope, error.reason().clone()),
        other => panic!("{other:?}"),
    }
}

/// Refused with the one fault that all of them get.
#[track_caller]
fn bad_context(service: &mut Service, request: &Envelope, now: jiff::Timestamp) -> Reason {
    let (answer, reason) = refused(service.receive(request, now));
    assert_eq!(fault(&answer).0, "Sender/BadContextToken");
    reason
}

#[track_caller]
fn cookie_problem(
    service: &mut Service,
    request: &Envelope,
    now: jiff::Timestamp,
) -> CookieProblem {
    match bad_context(service, request, now) {
        Reason::Cookie(problem) => problem,
        other => panic!("{other}"),
    }
}

/// Every way in which the context can be asked for.
fn setups(dialect: Dialect, credential: Credential) -> Vec<Setup> {
    let mut setups =
        vec![Setup::by_certificate(dialect, credential), Setup::negotiated(dialect, credential)];
    if credential != Credential::None {
        setups.push(Setup::over_transport(dialect, credential));
    }
    if credential == ALICE {
        let mut asymmetric = Setup::by_certificate(dialect, credential);
        let (certificate, key) = (nego::certificate("service"), nego::key("service"));
        let shown = CertificateTokens::default();
        let service = certificate.clone();
        asymmetric.client.binding = Some(ClientBinding::Asymmetric { service, shown });
        asymmetric.service.binding = Some(ServiceBinding::Asymmetric { certificate, key, shown });
        setups.push(asymmetric);
    }
    setups
}

#[test]
fn contexts_open_carry_calls_and_are_asked_for_anew_with_every_credential() {
    for dialect in Dialect::ALL {
        for credential in Credential::ALL {
            for setup in setups(dialect, credential) {
                let mut pair = by_cookie(setup, None).build();
                pair.open().unwrap_or_else(|e| panic!("{dialect:?} {credential:?}: {e}"));
                for call in 0..3 {
                    pair.call(&format!("{call}")).unwrap();
                }
                let (request, _) = pair.request("who");
                let message = pair.service.message(&request, pair.now);
                assert!(
                    credential.is_caller(&message.caller),
                    "{credential:?}: {}",
                    message.caller
                );
                assert!(message.session.is_none(), "there is no session");
                assert!(pair.client.context().is_none(), "and nothing to name in CreateSequence");
                assert_eq!(pair.service.security.session_count(), 0);
                pair.pass(mins(359));
                assert!(!pair.client.renewal_due(&still(pair.now)));
                pair.pass(mins(2));
                assert!(pair.client.renewal_due(&still(pair.now)), "60 % of ten hours");
                let (before, correlation) = pair.request("under the old one");
                let held = pair.service.message(&before, pair.now);
                pair.renew().unwrap();
                assert!(!pair.client.renewal_due(&still(pair.now)));
                // An answer that was under way belongs to its own context.
                let late = pair.echo(held);
                pair.client.verify(wire(&late), &correlation, &still(pair.now)).unwrap();
                let (after, _) = pair.request("under the new one");
                assert_ne!(token(&before), token(&after));
                pair.call("and on").unwrap();
                assert!(matches!(
                    pair.client.cancel(&mut moment(pair.now, &mut Seeded(1))),
                    Ok(Step::Established)
                ));
            }
        }
    }
}

/// The token comes back in every message as the service wrote it, with derived keys that no other message has.
#[test]
fn the_token_is_repeated_octet_for_octet() {
    let mut pair = setup(None).build();
    let crossed = pair.open().unwrap();
    assert_eq!(crossed.len(), 2, "one round trip");
    let (first, _) = pair.request("1");
    let (second, _) = pair.request("2");
    assert_eq!(token(&first), token(&second));
    assert!(token(&first).contains(
        "</c:Identifier><dnse:Cookie xmlns:dnse=\"http://schemas.microsoft.com/ws/2006/05/security\">"
    ));
    let nonce = |envelope: &Envelope| {
        let text = text_of(envelope);
        let start = text.find("<c:Nonce>").unwrap();
        text[start..start + 40].to_owned()
    };
    assert_ne!(nonce(&first), nonce(&second), "fresh derived keys");
    assert!(text_of(&first).contains("<c:DerivedKeyToken u:Id=\"_0\""), "numbered by the message");
}

#[test]
fn a_process_with_the_same_ring_takes_what_another_issued() {
    let keys = CookieKeys::new(ring(1));
    let mut pair = opened(Some(&keys));
    let shared = CookieKeys::new(ring(2).with(key(1)));
    let mut other = process(setup(Some(&shared)).service, 50);
    for call in 0..3 {
        let (request, _) = pair.request(&format!("{call}"));
        let message = other.message(&request, pair.now);
        assert!(ALICE.is_caller(&message.caller));
    }
    assert_eq!(other.security.cookie_count(), 1, "opened once");
    // The answer of the other process is as good.
    std::mem::swap(&mut pair.service, &mut other);
    pair.call("at the other one").unwrap();

    let mut stranger = process(setup(Some(&CookieKeys::new(ring(3)))).service, 51);
    let (request, _) = pair.request("x");
    let problem = cookie_problem(&mut stranger, &request, pair.now);
    assert_eq!(problem, CookieProblem::UnknownKey(key(1).id()));
    says(&problem, &["Error decoding the Cookie element", "do not share their ring"]);
    // Without a ring each process has a key of its own.
    let mut alone = process(setup(None).service, 52);
    assert!(matches!(cookie_problem(&mut alone, &request, pair.now), CookieProblem::UnknownKey(_)));
}

/// A service that crashed knows nothing any more; its clients notice nothing.
#[test]
fn a_crash_is_survived_with_a_ring_and_mended_without_one() {
    let keys = CookieKeys::new(ring(1));
    let mut pair = opened(Some(&keys));
    pair.call("before").unwrap();
    pair.service = process(setup(Some(&CookieKeys::new(ring(1)))).service, 60);
    pair.call("after").unwrap();

    let mut pair = opened(None);
    pair.call("before").unwrap();
    pair.service = process(setup(None).service, 61);
    let (_, error) = pair.refused_call("after");
    assert!(!error.ends_session() && error.is_security_failure());
    let ClientError::ContextRefused { accepted_before, .. } = error else { panic!("{error}") };
    assert!(accepted_before);
    assert!(pair.client.renewal_due(&still(pair.now)), "at once");
    assert!(pair.client.awaits_renewal(&still(pair.now)));
    pair.renew().unwrap();
    assert!(!pair.client.awaits_renewal(&still(pair.now)));
    pair.call("again").unwrap();
}

/// Over a protected transport the token endorses: the message has no derived keys, and its answer no signature.
#[test]
fn a_context_in_a_cookie_goes_over_a_transport_to_another_process() {
    let keys = CookieKeys::new(ring(1));
    let setup = by_cookie(Setup::over_transport(OLD, ALICE), Some(&keys));
    let mut pair = setup.clone().build();
    pair.open().unwrap();
    pair.call("here").unwrap();
    let (request, _) = pair.request("x");
    assert!(token(&request).contains("<dnse:Cookie"));
    assert!(!text_of(&request).contains("DerivedKeyToken"));
    pair.service = process(setup.service.clone(), 130);
    pair.call("and there").unwrap();
    let (who, _) = pair.request("who");
    let message = pair.service.message(&who, pair.now);
    assert!(ALICE.is_caller(&message.caller));
    // Another u:Id, with the signature pointing to it.
    let id = token(&request).split('"').nth(1).unwrap().to_owned();
    let moved = altered(&request, |text| text.replace(&id, "uuid-other-1"));
    assert_eq!(cookie_problem(&mut pair.service, &moved, pair.now), CookieProblem::Altered);
    // The token of somebody else, without its key.
    let mut mallory = setup.build_seeded(9);
    mallory.open().unwrap();
    let (own, _) = mallory.request("m");
    let mine = token(&own).split('"').nth(1).unwrap().to_owned();
    let forged =
        altered(&own, |text| text.replace(&token(&own), &token(&request)).replace(&mine, &id));
    let (_, reason) = refused(pair.service.receive(&forged, pair.now));
    assert_eq!(reason, Reason::SignatureMismatch);
}

/// What somebody in the service's name says is not secured: it costs one more request, and ends nothing.
#[test]
fn an_injected_fault_ends_nothing() {
    let mut pair = opened(None);
    let (request, correlation) = pair.request("x");
    let message = pair.service.message(&request, pair.now);
    let answer = pair.echo(message);
    let mut stranger = process(setup(None).service, 70);
    let (forged, _) = refused(stranger.receive(&request, pair.now));
    let error = pair.client.verify(wire(&forged), &correlation, &still(pair.now)).unwrap_err();
    assert!(matches!(error, ClientError::ContextRefused { accepted_before: false, .. }));
    says(&error, &["unsecured fault: BadContextToken", "share their cookie keys"]);
    pair.client.verify(wire(&answer), &correlation, &still(pair.now)).unwrap();
    pair.renew().unwrap();
    pair.call("on").unwrap();
    // A fault that says something else is of no consequence beyond its call.
    let (request, correlation) = pair.request("y");
    let broken = altered(&request, |text| text.replace("<e:CipherValue>", "<e:CipherValue>A"));
    let (answer, _) = refused(pair.service.receive(&broken, pair.now));
    let error = pair.client.verify(wire(&answer), &correlation, &still(pair.now)).unwrap_err();
    let ClientError::Fault { kind, ends_session, .. } = error else { panic!("{error}") };
    assert_eq!((kind, ends_session), (SecurityFaultKind::InvalidSecurity, false));
    assert!(!pair.client.renewal_due(&still(pair.now)));
}

/// Keys are changed while the service runs: first the new one opens, then it seals, then the old one goes.
#[test]
fn keys_change_while_the_service_runs() {
    let keys = CookieKeys::new(ring(1));
    let mut pair = opened(Some(&keys));
    let (old, _) = pair.request("old");
    keys.replace(ring(1).with(key(2)));
    pair.call("one seals, both open").unwrap();
    keys.replace(ring(2).with(key(1)));
    pair.call("still under the old one").unwrap();
    pair.renew().unwrap();
    keys.replace(ring(2));
    pair.call("under the new one").unwrap();
    // Remembered or not: what the old key sealed is refused from the moment on that it is gone.
    let problem = cookie_problem(&mut pair.service, &old, pair.now);
    assert_eq!(problem, CookieProblem::UnknownKey(key(1).id()));
}

#[test]
fn a_cookie_lasts_until_it_expires() {
    let mut pair = opened(Some(&CookieKeys::new(ring(1))));
    pair.pass(mins(599));
    pair.call("just in time").unwrap();
    pair.pass(mins(1));
    let (request, _) = pair.request("late");
    assert!(matches!(
        cookie_problem(&mut pair.service, &request, pair.now),
        CookieProblem::Expired { .. }
    ));
    // The owner's lifetime is what counts.
    let mut setup = setup(None);
    setup.service.limits.cookie_lifetime = mins(10);
    setup.client.max_cookie_caching_time = mins(3);
    let mut pair = setup.build();
    pair.open().unwrap();
    pair.pass(mins(3));
    assert!(pair.client.renewal_due(&still(pair.now)), "maxCookieCachingTime");
    pair.pass(mins(7));
    let (request, _) = pair.request("late");
    cookie_problem(&mut pair.service, &request, pair.now);
}

/// Pitfall 13: everything that the token says is bound to the cookie, whether or not it is remembered.
#[test]
fn a_token_that_says_anything_else_is_refused() {
    let keys = CookieKeys::new(ring(1));
    let mut pair = opened(Some(&keys));
    let mut fresh = process(setup(Some(&keys)).service, 80);
    let mut mallory = setup(Some(&keys)).build_seeded(9);
    std::mem::swap(&mut mallory.service, &mut pair.service);
    mallory.open().unwrap();
    std::mem::swap(&mut mallory.service, &mut pair.service);
    let (foreign, _) = mallory.request("m");
    let (request, _) = pair.request("x");
    let own = token(&request);
    let between = |text: &str, from: &str, to: &str| {
        let start = text.find(from).unwrap() + from.len();
        text[start..start + text[start..].find(to).unwrap()].to_owned()
    };
    let id = between(&own, "u:Id=\"", "\"");
    let identifier = between(&own, "<c:Identifier>", "<");
    let others = between(&token(&foreign), "<c:Identifier>", "<");
    let now = pair.now;
    for service in [&mut pair.service, &mut fresh] {
        let mut problem = |change: &dyn Fn(String) -> String| {
            cookie_problem(service, &altered(&request, change), now)
        };
        // Another u:Id, with the derived keys pointing to it.
        assert_eq!(problem(&|text| text.replace(&id, "uuid-other-1")), CookieProblem::Altered);
        // The identifier of another client's context, and of none.
        let swapped = |text: String| text.replace(&identifier, &others);
        assert_eq!(problem(&swapped), CookieProblem::Altered);
        let none = |text: String| text.replace(&identifier, "urn:uuid:none");
        assert_eq!(problem(&none), CookieProblem::Altered);
        let instance = |text: String| {
            text.replace("</c:Identifier>", "</c:Identifier><c:Instance>urn:uuid:1</c:Instance>")
        };
        assert_eq!(problem(&instance), CookieProblem::Altered);
        // A cookie of something else, of another product, and one that is as long as a message.
        let garbage = |text: String| text.replace(cookie(&own), "AQIDBA==");
        let long = |text: String| text.replace(cookie(&own), &"A".repeat(40_000));
        let none = |text: String| text.replace(cookie(&own), "?");
        for change in [&garbage as &dyn Fn(String) -> String, &long, &none] {
            // Under an identifier that is remembered the cookie is not even looked at, as WCF does.
            let unknown = |text: String| change(text).replace(&identifier, "urn:uuid:none");
            assert_eq!(problem(&unknown), CookieProblem::Encoding);
        }
    }
    // The identifier of a context that is remembered for somebody else: the key is his.
    let borrowed = altered(&request, |text| {
        text.replace(&own, &token(&foreign))
            .replace(&id, &between(&token(&foreign), "u:Id=\"", "\""))
    });
    assert!(text_of(&borrowed).contains(&others));
    let (answer, reason) = refused(pair.service.receive(&borrowed, now));
    assert_eq!(fault(&answer).0, "Sender/InvalidSecurity", "{reason}");
}

/// A cookie travels in clear. Whoever copies one has no key.
#[test]
fn a_copied_cookie_is_worth_nothing_without_the_key() {
    let keys = CookieKeys::new(ring(1));
    let mut pair = opened(Some(&keys));
    let mut mallory = setup(Some(&keys)).build_seeded(9);
    mallory.open().unwrap();
    let (request, _) = pair.request("of alice");
    let (own, _) = mallory.request("of mallory");
    // Mallory protects a message with her own key and puts the other token in front.
    let (theirs, mine) = (token(&request), token(&own));
    let id = |token: &str| {
        token[token.find("u:Id=\"").unwrap() + 6..].split('"').next().unwrap().to_owned()
    };
    let forged =
        altered(&own, |text| text.replace(&mine, &theirs).replace(&id(&mine), &id(&theirs)));
    let (_, reason) = refused(pair.service.receive(&forged, pair.now));
    // The signature is encrypted, under a key that is as wrong.
    assert!(matches!(reason, Reason::Decryption | Reason::SignatureMismatch), "{reason}");
}

#[test]
fn a_token_without_a_cookie_needs_to_be_remembered() {
    let keys = CookieKeys::new(ring(1));
    let mut pair = opened(Some(&keys));
    let (request, _) = pair.request("x");
    let stripped = altered(&request, |text| {
        let start = text.find("<dnse:Cookie").unwrap();
        let end = text.find("</dnse:Cookie>").unwrap() + "</dnse:Cookie>".len();
        format!("{}{}", &text[..start], &text[end..])
    });
    let mut other = process(setup(Some(&keys)).service, 90);
    let reason = bad_context(&mut other, &stripped, pair.now);
    says(&reason, &["The SecurityContextSecurityToken with context-id=", "is not registered"]);
    pair.service.message(&stripped, pair.now);
}

/// The same ring, another endpoint: what was issued there is not good here.
#[test]
fn a_cookie_is_good_at_endpoints_of_one_kind() {
    let keys = CookieKeys::new(ring(1));
    let mut pair = opened(Some(&keys));
    let (request, _) = pair.request("x");
    let refused_by = |change: &dyn Fn(&mut ServiceOptions)| {
        let mut options = setup(Some(&keys)).service;
        change(&mut options);
        cookie_problem(&mut process(options, 100), &request, nego::noon())
    };
    let by_name =
        by_cookie(Setup::by_certificate(OLD, Credential::UserName("secret")), Some(&keys));
    assert_eq!(
        refused_by(&|options| options.clients = by_name.service.clients),
        CookieProblem::Altered
    );
    assert_eq!(refused_by(&|o| o.cookies.scope = "another service".into()), CookieProblem::Altered);
    let suite = waxwing_security::AlgorithmSuite {
        digest: waxwing_crypto::DigestAlgorithm::Sha256,
        ..waxwing_security::AlgorithmSuite::BASIC256
    };
    assert_eq!(refused_by(&|o| o.settings.suite = suite), CookieProblem::Altered);
}

/// What message security signed is no proof where the transport protects and signatures are over the timestamp alone: under
/// one ring a message of one endpoint (or an answer of the service, under the same key) could be shown to the other one
/// with other headers, which nobody signs there.
#[test]
fn a_cookie_is_good_under_one_security_binding() {
    let keys = CookieKeys::new(ring(1));
    let all = setups(OLD, ALICE);
    for (from, setup) in all.iter().enumerate() {
        let mut pair = by_cookie(setup.clone(), Some(&keys)).build();
        pair.open().unwrap();
        let (request, _) = pair.request("x");
        for (to, other) in all.iter().enumerate() {
            let options = by_cookie(other.clone(), Some(&keys)).service;
            let mut service = process(options, 100);
            match from == to {
                true => drop(service.message(&request, pair.now)),
                false => assert_eq!(
                    cookie_problem(&mut service, &request, pair.now),
                    CookieProblem::Altered,
                    "{from} to {to}"
                ),
            }
        }
    }
}

/// A negotiated token says who the TLS client is, which is nobody where a user name comes later: it is no context for
/// messages of the application.
#[test]
fn a_negotiated_cookie_is_no_context_for_messages() {
    let keys = CookieKeys::new(ring(1));
    let negotiated = Setup::negotiated(OLD, Credential::UserName("secret"));
    let mut one_shot = by_cookie(negotiated.clone(), Some(&keys));
    one_shot.service.cookies.negotiated = true;
    one_shot.service.protection = Protection::OneShot;
    one_shot.client.protection = Protection::OneShot;
    let mut pair = one_shot.build();
    pair.open().unwrap();
    let (request, _) = pair.request("with a user name");
    assert!(token(&request).contains("<dnse:Cookie"));
    pair.call("works").unwrap();
    let mut cookies = by_cookie(negotiated, Some(&keys));
    cookies.service.cookies.negotiated = true;
    let mut service = process(cookies.service, 110);
    assert_eq!(cookie_problem(&mut service, &request, pair.now), CookieProblem::Altered);
}

#[test]
fn negotiated_tokens_in_cookies_start_contexts_and_protect_messages() {
    for dialect in Dialect::ALL {
        for credential in Credential::ALL {
            for protection in [Protection::OneShot, Protection::Cookie, Protection::Conversation] {
                let keys = CookieKeys::new(ring(1));
                let mut setup = by_cookie(Setup::negotiated(dialect, credential), Some(&keys));
                setup.service.cookies.negotiated = true;
                (setup.service.protection, setup.client.protection) = (protection, protection);
                let options = setup.service.clone();
                let mut pair = setup.build();
                pair.open().unwrap_or_else(|e| panic!("{dialect:?} {credential:?}: {e}"));
                assert_eq!(pair.service.security.token_count(), 0, "no token is held");
                pair.call("x").unwrap();
                if protection != Protection::Conversation {
                    pair.service = process(options, 120);
                    pair.call("at another process").unwrap();
                }
                let (request, _) = pair.request("who");
                let message = pair.service.message(&request, pair.now);
                assert!(credential.is_caller(&message.caller));
            }
        }
    }
}

/// A message that comes twice is refused, also when its context was forgotten and opened again in between.
#[test]
fn a_replay_is_refused_although_the_context_was_forgotten() {
    let mut setup = setup(Some(&CookieKeys::new(ring(1))));
    setup.service.limits.max_cached_cookies = 5;
    let mut pair = setup.clone().build();
    pair.open().unwrap();
    let (request, _) = pair.request("once");
    pair.service.message(&request, pair.now);
    assert_eq!(refused(pair.service.receive(&request, pair.now)).1, Reason::Replay);
    for seed in 10..20 {
        let mut other = setup.clone().build_seeded(seed);
        std::mem::swap(&mut other.service, &mut pair.service);
        other.open().unwrap();
        assert!(other.service.security.cookie_count() <= 5);
        std::mem::swap(&mut other.service, &mut pair.service);
    }
    assert_eq!(refused(pair.service.receive(&request, pair.now)).1, Reason::Replay);
    pair.call("the next").unwrap();
}

/// An answer of the service, with the request's token put into it, is no request.
#[test]
fn an_answer_that_is_sent_back_is_refused() {
    let mut pair = opened(None);
    let (request, _) = pair.request("x");
    let sent = token(&request);
    let message = pair.service.message(&request, pair.now);
    let answer = pair.echo(message);
    let reflected = altered(&answer, |text| {
        let at = text.find("</u:Timestamp>").unwrap() + "</u:Timestamp>".len();
        format!("{}{sent}{}", &text[..at], &text[at..])
    });
    let (_, reason) = refused(pair.service.receive(&reflected, pair.now));
    assert!(matches!(reason, Reason::Reflected | Reason::UnknownAction(_)), "{reason}");
}

#[test]
fn nothing_can_be_renewed_or_cancelled() {
    let mut pair = opened(None);
    for kind in ["/RST/SCT/Cancel", "/RST/SCT/Renew"] {
        let (request, _) = pair.request("x");
        let action = format!("{}{kind}", OLD.trust());
        let asked = altered(&request, |text| text.replace(nego::ADD, &action));
        let reply = pair.service.answer(&asked, pair.now);
        assert_eq!(fault(&reply.envelope).0, "Sender/BadContextToken");
        assert!(matches!(reply.error, Some(ServiceError::NoSession { .. })));
    }
    pair.call("goes on").unwrap();
}
