//! Our client against our service in memory with a live TLS handshake inside the trust messages.

#[path = "common/nego.rs"]
mod nego;

use std::sync::Arc;

use jiff::SignedDuration;
use nego::{Credential, Pair, Reshaped, Service, Setup, altered, fault, says, wire};
use waxwing_crypto::tls::{TlsConfig, TlsRole, TlsVersion};
use waxwing_security::conversation::{
    CallerIdentity, ClientError, ExpectedIdentity, FaultOrigin, Incoming, SecurityFaultKind,
    ServiceError, ServiceKey, ServiceReply, Step,
};
use waxwing_security::negotiation::{NegotiationError, TlsEngines};
use waxwing_security::wsse::Dialect;
use waxwing_soap::Envelope;

const OLD: Dialect = Dialect::February2005;
const ALICE: Credential = Credential::Certificate("alice");

const INVALID_REQUEST: (&str, &str) =
    ("Sender/InvalidRequest", "The request for security token has invalid or malformed elements.");
const NOT_AUTHENTICATED: (&str, &str) = (
    "Sender/FailedAuthentication",
    "The request for security token could not be satisfied because authentication failed.",
);
const TOO_BUSY: (&str, &str) = (
    "Receiver/ServerTooBusy",
    "There are too many active security negotiations or secure conversations at the service. \
     Please retry later.",
);

fn mins(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

fn secs(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

fn sent(step: Step) -> Envelope {
    match step {
        Step::Send(envelope) => *envelope,
        Step::Established => panic!("nothing to send"),
    }
}

fn first(pair: &mut Pair) -> Envelope {
    let step = pair.client.open(pair.now, &mut pair.random).unwrap();
    sent(step)
}

fn next(pair: &mut Pair, reply: &Envelope) -> Result<Step, ClientError> {
    pair.client.handle_reply(wire(reply), pair.now, &mut pair.random)
}

/// The first three legs; gives legs 1, 2 and 3.
fn three_legs(pair: &mut Pair) -> (Envelope, Envelope, Envelope) {
    let one = first(pair);
    let two = pair.service.answer(&one, pair.now);
    assert!(two.error.is_none(), "{:?}", two.error);
    let three = sent(next(pair, &two.envelope).unwrap());
    (one, two.envelope, three)
}

#[track_caller]
fn refused(reply: &ServiceReply, expected: (&str, &str)) {
    assert_eq!(reply.status, 500);
    let (code, text) = fault(&reply.envelope);
    assert_eq!((code.as_str(), text.as_str()), expected, "{:?}", reply.error);
}

#[track_caller]
fn negotiation_error(reply: &ServiceReply) -> &NegotiationError {
    match &reply.error {
        Some(ServiceError::Negotiation(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn sessions_open_carry_calls_renew_and_end_with_every_credential() {
    for dialect in Dialect::ALL {
        for credential in Credential::ALL {
            let mut pair = Setup::negotiated(dialect, credential).build();
            let crossed = pair.open().unwrap_or_else(|e| panic!("{dialect:?} {credential:?}: {e}"));
            assert_eq!(crossed.len(), 6, "two round trips of TLS, one for the session");
            assert_eq!(pair.service.security.negotiation_count(), 0);
            for call in 0..5 {
                pair.call(&format!("{call}")).unwrap();
            }
            assert_eq!(*pair.client.service_certificate().unwrap(), nego::certificate("service"));
            let (request, _) = pair.request("who");
            let message = pair.service.message(&request, pair.now);
            assert!(credential.is_caller(&message.caller), "{credential:?}: {}", message.caller);
            let context = pair.client.context().unwrap();
            for round in 0..2 {
                assert_eq!(pair.renew().unwrap().len(), 6, "a negotiation of its own");
                pair.call(&format!("renewed {round}")).unwrap();
                assert_eq!(pair.client.context().unwrap(), context);
            }
            pair.cancel().unwrap();
            assert_eq!(pair.service.security.session_count(), 0);
        }
    }
}

#[test]
fn one_shot_messages_share_a_negotiated_token() {
    for dialect in Dialect::ALL {
        for credential in Credential::ALL {
            let mut pair = Setup::negotiated(dialect, credential).one_shot().build();
            assert_eq!(pair.open().unwrap().len(), 4);
            for call in 0..4 {
                pair.call(&format!("{call}")).unwrap();
            }
            let (request, _) = pair.request("who");
            let message = pair.service.message(&request, pair.now);
            assert!(credential.is_caller(&message.caller));
            pair.pass(mins(359));
            assert!(!pair.client.renewal_due(pair.now));
            pair.call("still good").unwrap();
            pair.pass(mins(2));
            assert!(pair.client.renewal_due(pair.now), "60 % of ten hours");
            pair.renew().unwrap();
            assert!(!pair.client.renewal_due(pair.now));
            pair.call("the new token").unwrap();
            pair.pass(mins(601));
            let (reply, error) = pair.refused_call("under a token that expired");
            assert_eq!(fault(&reply.envelope).0, "Sender/BadContextToken");
            // The fault is in the older dialect whatever the binding's; the newer does not listen to it.
            assert_eq!(error.ends_session(), dialect == OLD);
            says(&error, &["does not know the security session"]);
        }
    }
}

#[test]
fn versions_of_tls_are_chosen_by_name() {
    use TlsVersion::{Tls10, Tls11, Tls12};
    let cases = [
        (Tls12..=Tls12, Tls12..=Tls12, true),
        (Tls10..=Tls12, Tls12..=Tls12, true),
        // An old service: only when the client allows the version.
        (Tls12..=Tls12, Tls10..=Tls10, false),
        (Tls10..=Tls12, Tls10..=Tls10, true),
        (Tls11..=Tls12, Tls11..=Tls11, true),
        (Tls11..=Tls12, Tls10..=Tls10, false),
        // An old client: only when the service allows the version.
        (Tls10..=Tls10, Tls12..=Tls12, false),
        (Tls10..=Tls11, Tls10..=Tls12, true),
    ];
    for (client, service, works) in cases {
        let mut setup = Setup::negotiated(OLD, ALICE);
        let alice = nego::identity("alice");
        let tls = TlsConfig::with_versions(TlsRole::Client, Some(&alice), client.clone()).unwrap();
        setup.client.service_key = Some(ServiceKey::Negotiated(Arc::new(tls)));
        let role = TlsRole::Server { request_certificate: true };
        let own = nego::identity("service");
        let tls = TlsConfig::with_versions(role, Some(&own), service.clone()).unwrap();
        setup.service.negotiation = Some(Arc::new(tls));
        let mut pair = setup.build();
        match pair.open() {
            Ok(_) => {
                assert!(works, "{client:?} {service:?}");
                pair.call("x").unwrap();
            }
            Err(error) => {
                assert!(!works, "{client:?} {service:?}: {error}");
                assert!(error.ends_session() && error.is_security_failure());
            }
        }
    }
}

#[test]
fn tls_failures_and_soap_failures_have_different_words() {
    // TLS: no common version. The service says FailedAuthentication, and logs what TLS says.
    let mut setup = Setup::negotiated(OLD, Credential::None);
    let old =
        TlsConfig::with_versions(TlsRole::Client, None, TlsVersion::Tls10..=TlsVersion::Tls11);
    setup.client.service_key = Some(ServiceKey::Negotiated(Arc::new(old.unwrap())));
    let mut pair = setup.build();
    let one = first(&mut pair);
    let reply = pair.service.answer(&one, pair.now);
    refused(&reply, NOT_AUTHENTICATED);
    let logged = negotiation_error(&reply);
    assert!(logged.is_tls());
    says(logged, &["TLS: the TLS handshake failed", "protocol"]);
    let error = next(&mut pair, &reply.envelope).unwrap_err();
    says(&error, &["the TLS negotiation", "FailedAuthentication"]);
    // SOAP: the messages around it.
    let mut pair = Setup::negotiated(OLD, Credential::None).build();
    let one = first(&mut pair);
    let stripped = altered(&one, |text| text.replace(" Context=", " Kontext="));
    let reply = pair.service.answer(&stripped, pair.now);
    refused(&reply, INVALID_REQUEST);
    let logged = negotiation_error(&reply);
    assert!(!logged.is_tls());
    says(logged, &["SOAP: the negotiation message has no Context attribute"]);
}

#[test]
fn records_may_be_split_and_merged() {
    let shapes: [Arc<dyn Fn(Vec<u8>) -> Vec<u8> + Send + Sync>; 4] = [
        Arc::new(nego::merged),
        Arc::new(|flight| nego::cut(flight, 1000)),
        Arc::new(|flight| nego::cut(flight, 100)),
        Arc::new(|flight| nego::cut(nego::merged(flight), 7)),
    ];
    for (number, shape) in shapes.into_iter().enumerate() {
        let reshaped = |inner: &Arc<dyn TlsEngines>| -> Arc<dyn TlsEngines> {
            let (inner, shape) = (Arc::clone(inner), Arc::clone(&shape));
            Arc::new(Reshaped { inner, reshape: move |flight| shape(flight) })
        };
        let mut setup = Setup::negotiated(OLD, ALICE);
        if let Some(ServiceKey::Negotiated(tls)) = &setup.client.service_key {
            setup.client.service_key = Some(ServiceKey::Negotiated(reshaped(tls)));
        }
        setup.service.negotiation = setup.service.negotiation.as_ref().map(reshaped);
        let mut pair = setup.build();
        pair.open().unwrap_or_else(|e| panic!("shape {number}: {e}"));
        pair.call("x").unwrap();
    }
}

#[test]
fn a_flight_that_ends_early_is_refused() {
    for cut in [1, 40, 300] {
        let mut setup = Setup::negotiated(OLD, ALICE);
        if let Some(ServiceKey::Negotiated(inner)) = setup.client.service_key.take() {
            let reshape = move |mut flight: Vec<u8>| {
                if flight.len() > 1000 {
                    flight.truncate(flight.len() - cut);
                }
                flight
            };
            let tls = Arc::new(Reshaped { inner, reshape });
            setup.client.service_key = Some(ServiceKey::Negotiated(tls));
        }
        let mut pair = setup.build();
        let (_, _, three) = three_legs(&mut pair);
        let reply = pair.service.answer(&three, pair.now);
        refused(&reply, NOT_AUTHENTICATED);
        says(negotiation_error(&reply), &["TLS: the flight ends before the handshake"]);
        assert_eq!(pair.service.security.negotiation_count(), 0);
    }
}

#[test]
fn a_client_certificate_is_required_optional_or_ignored() {
    // Required, and the client has none.
    let mut setup = Setup::negotiated(OLD, ALICE);
    setup.client.credential = Credential::None.client();
    let tls = nego::client_tls(None, TlsVersion::Tls12);
    setup.client.service_key = Some(ServiceKey::Negotiated(tls));
    let mut pair = setup.build();
    let (_, _, three) = three_legs(&mut pair);
    let reply = pair.service.answer(&three, pair.now);
    refused(&reply, NOT_AUTHENTICATED);
    assert_eq!(*negotiation_error(&reply), NegotiationError::NoCertificate);
    let error = next(&mut pair, &reply.envelope).unwrap_err();
    says(&error, &["a certificate that it does not trust", "or that was not sent"]);
    // Asked for by TLS and not needed: with and without one the caller is anonymous.
    for client in [Some(nego::identity("mallory")), None] {
        let mut setup = Setup::negotiated(OLD, Credential::None);
        setup.service.negotiation = Some(nego::service_tls(true, TlsVersion::Tls12));
        let tls = nego::client_tls(client.as_ref(), TlsVersion::Tls12);
        setup.client.service_key = Some(ServiceKey::Negotiated(tls));
        let mut pair = setup.build();
        pair.open().unwrap();
        let (request, _) = pair.request("who");
        let message = pair.service.message(&request, pair.now);
        assert!(matches!(*message.caller, CallerIdentity::Anonymous));
    }
    // The client has one and is not asked.
    let mut setup = Setup::negotiated(OLD, Credential::None);
    setup.client.credential = ALICE.client();
    let tls = nego::client_tls(Some(&nego::identity("alice")), TlsVersion::Tls12);
    setup.client.service_key = Some(ServiceKey::Negotiated(tls));
    let mut pair = setup.build();
    pair.open().unwrap();
    pair.call("nobody asked").unwrap();
}

#[test]
fn a_client_certificate_that_is_not_trusted_is_refused() {
    for dialect in Dialect::ALL {
        for (name, why) in [("mallory", "CN=alice"), ("expired", "expired")] {
            let mut pair = Setup::negotiated(dialect, Credential::Certificate(name)).build();
            let (_, _, three) = three_legs(&mut pair);
            let reply = pair.service.answer(&three, pair.now);
            refused(&reply, NOT_AUTHENTICATED);
            let logged = reply.error.as_ref().unwrap();
            assert!(matches!(logged, ServiceError::UntrustedClient { .. }));
            says(logged, &["not trusted", why]);
            let error = next(&mut pair, &reply.envelope).unwrap_err();
            let ClientError::Fault { kind, origin, .. } = &error else { panic!("{error}") };
            assert_eq!(*kind, SecurityFaultKind::FailedAuthentication);
            assert_eq!(*origin, FaultOrigin::Negotiation);
            assert!(error.is_security_failure() && !error.is_retryable());
            assert_eq!(pair.service.security.negotiation_count(), 0);
        }
    }
}

#[test]
fn a_wrong_password_is_refused_after_the_negotiation() {
    let mut pair = Setup::negotiated(OLD, Credential::UserName("wrong")).build();
    let error = pair.open().unwrap_err();
    let ClientError::Fault { kind, origin, fault, .. } = &error else { panic!("{error}") };
    assert_eq!((*kind, *origin), (SecurityFaultKind::FailedAuthentication, FaultOrigin::Issue));
    assert_eq!(fault.text(), "At least one security token in the message could not be validated.");
}

#[test]
fn the_service_is_checked_before_the_client_shows_its_certificate() {
    let cases: [(&str, fn(&mut Setup), &[&str]); 4] = [
        (
            "untrusted",
            |s| s.service.negotiation = Some(server("mallory")),
            &["CN=alice", "trusted"],
        ),
        (
            "expired",
            |s| s.service.negotiation = Some(server("expired")),
            &["CN=expired", "expired"],
        ),
        (
            "another name",
            |s| s.service.negotiation = Some(server("bob")),
            &["DNS name 'localhost'", "DNS name 'bob'"],
        ),
        (
            "another expectation",
            |s| s.client.identity = ExpectedIdentity::Certificate(nego::certificate("bob")),
            &["CN=bob", "CN=localhost"],
        ),
    ];
    for (what, change, words) in cases {
        let mut setup = Setup::negotiated(OLD, ALICE);
        change(&mut setup);
        let mut pair = setup.build();
        let one = first(&mut pair);
        let two = pair.service.answer(&one, pair.now);
        let error = next(&mut pair, &two.envelope).unwrap_err();
        says(&error, words);
        assert!(error.ends_session() && error.is_security_failure(), "{what}");
        let again = next(&mut pair, &two.envelope).unwrap_err();
        assert!(matches!(again, ClientError::State(_)), "{what}: nothing more is sent");
    }
}

fn server(name: &str) -> Arc<dyn TlsEngines> {
    let role = TlsRole::Server { request_certificate: true };
    let own = nego::identity(name);
    Arc::new(TlsConfig::new(role, Some(&own), TlsVersion::Tls12).unwrap())
}

#[test]
fn a_negotiated_token_starts_one_session_and_dies() {
    let mut pair = Setup::negotiated(OLD, ALICE).build();
    let crossed = pair.open().unwrap();
    let again = pair.service.answer(&crossed[4], pair.now);
    refused(
        &again,
        (
            "Sender/BadContextToken",
            "The security context token is expired or is not valid. The message was not processed.",
        ),
    );
    assert_eq!(pair.service.security.session_count(), 1);
    // It lives a quarter of an hour.
    let mut pair = Setup::negotiated(OLD, ALICE).build();
    let (_, _, three) = three_legs(&mut pair);
    let four = pair.service.answer(&three, pair.now);
    let request = sent(next(&mut pair, &four.envelope).unwrap());
    pair.service.ahead = mins(4);
    let soon = pair.service.answer(&request, pair.now);
    assert!(soon.error.is_none());
    let mut pair = Setup::negotiated(OLD, ALICE).build();
    let (_, _, three) = three_legs(&mut pair);
    let four = pair.service.answer(&three, pair.now);
    pair.pass(mins(16));
    let request = sent(next(&mut pair, &four.envelope).unwrap());
    let late = pair.service.answer(&request, pair.now);
    assert_eq!(fault(&late.envelope).0, "Sender/BadContextToken");
}

#[test]
fn messages_of_the_application_do_not_go_under_the_bootstrap_token() {
    // A client that believes in one-shot messages against a service with sessions.
    let one_shot = Setup::negotiated(OLD, ALICE).one_shot();
    let session = Setup::negotiated(OLD, ALICE);
    let mut pair =
        Setup { client: one_shot.client.clone(), service: session.service.clone() }.build();
    pair.open().unwrap();
    let (reply, error) = pair.refused_call("x");
    assert_eq!(fault(&reply.envelope).0, "Sender/BadContextToken");
    assert!(fault(&reply.envelope).1.starts_with("The message could not be processed. This is"));
    assert!(error.ends_session());
    // And the other way round.
    let mut pair = Setup { client: session.client, service: one_shot.service }.build();
    let error = pair.open().unwrap_err();
    let ClientError::Fault { fault, origin, .. } = &error else { panic!("{error}") };
    assert_eq!(*origin, FaultOrigin::Issue);
    assert!(fault.text().contains("/RST/SCT' is invalid or unrecognized."), "{}", fault.text());
}

#[test]
fn a_service_that_does_not_negotiate_or_speaks_another_dialect_is_explained() {
    let negotiated = Setup::negotiated(OLD, ALICE);
    let known = Setup::by_certificate(OLD, ALICE);
    let newer = Setup::negotiated(Dialect::Version13, ALICE);
    for (client, service) in
        [(&negotiated, &known), (&negotiated, &newer), (&newer, &negotiated), (&known, &negotiated)]
    {
        let setup = Setup { client: client.client.clone(), service: service.service.clone() };
        let error = setup.build().open().unwrap_err();
        says(&error, &["negotiateServiceCredential"]);
        assert!(matches!(error, ClientError::Fault { ends_session: true, .. }));
    }
}

#[test]
fn ten_thousand_half_open_negotiations_and_a_correct_client() {
    let setup = Setup::negotiated(OLD, ALICE);
    let mut pair = setup.build();
    let one = first(&mut pair);
    let mut flood = 0;
    let mut busy = 0;
    let mut half_open = |service: &mut Service, now| {
        flood += 1;
        let leg = altered(&one, |text| rename(&text, &format!("uuid-flood-{flood}")));
        let reply = service.answer(&leg, now);
        if reply.error.is_some() {
            refused(&reply, TOO_BUSY);
            assert!(matches!(negotiation_error(&reply), NegotiationError::TooMany(128)));
            busy += 1;
        }
        assert!(service.security.negotiation_count() <= 128);
    };
    // All at once.
    for _ in 0..5_000 {
        half_open(&mut pair.service, pair.now);
    }
    let mut correct = Setup::negotiated(OLD, ALICE).build_seeded(3);
    std::mem::swap(&mut pair.service, &mut correct.service);
    let error = correct.open().unwrap_err();
    assert!(error.is_retryable() && !error.is_security_failure(), "{error}");
    says(&error, &["try again later"]);
    // As a steady stream, fifty a second: the client tries every second and gets through.
    let (mut opened, mut tries) = (0, 0);
    for round in 0..5_000 {
        half_open(&mut correct.service, correct.now);
        correct.pass(SignedDuration::from_millis(20));
        if round % 50 == 0 {
            tries += 1;
            match correct.open() {
                Ok(_) => {
                    correct.call("served").unwrap();
                    correct.cancel().unwrap();
                    opened += 1;
                }
                Err(error) => assert!(error.is_retryable(), "{error}"),
            }
        }
    }
    assert_eq!(flood, 10_000);
    assert!(busy > 4_000, "{busy}");
    assert!(opened * 4 > tries, "{opened} of {tries}");
    correct.pass(secs(61));
    correct.service.security.sweep(correct.now);
    assert_eq!(correct.service.security.negotiation_count(), 0, "each lives a minute");
}

/// The same leg under another name.
fn rename(text: &str, name: &str) -> String {
    let start = text.find(" Context=\"").unwrap() + 10;
    let end = start + text[start..].find('"').unwrap();
    format!("{}{name}{}", &text[..start], &text[end..])
}

#[test]
fn negotiated_tokens_never_used_are_bounded() {
    let mut setup = Setup::negotiated(OLD, Credential::None);
    setup.service.limits.max_negotiated_tokens = 10;
    let mut service = Service::new(
        waxwing_security::conversation::ServiceSecurity::new(
            setup.service.clone(),
            &mut nego::Seeded(4),
        )
        .unwrap(),
        4,
    );
    let mut requests = Vec::new();
    for seed in 0..25 {
        let mut pair = setup.clone().build_seeded(seed);
        std::mem::swap(&mut pair.service, &mut service);
        let (_, _, three) = three_legs(&mut pair);
        let four = pair.service.answer(&three, pair.now);
        requests.push(sent(next(&mut pair, &four.envelope).unwrap()));
        std::mem::swap(&mut pair.service, &mut service);
    }
    let served = requests
        .iter()
        .filter(|request| service.answer(request, nego::noon()).error.is_none())
        .count();
    assert!((8..=10).contains(&served), "{served}");
}

#[test]
fn a_negotiation_that_takes_too_long_is_forgotten() {
    let mut pair = Setup::negotiated(OLD, ALICE).build();
    let (_, _, three) = three_legs(&mut pair);
    pair.pass(secs(61));
    let reply = pair.service.answer(&three, pair.now);
    refused(&reply, INVALID_REQUEST);
    says(negotiation_error(&reply), &["it may have timed out"]);
    let mut pair = Setup::negotiated(OLD, ALICE).build();
    let (_, _, three) = three_legs(&mut pair);
    pair.pass(secs(59));
    assert!(pair.service.answer(&three, pair.now).error.is_none());
}

#[test]
fn a_negotiation_begun_twice_is_given_up() {
    let mut pair = Setup::negotiated(OLD, ALICE).build();
    let (one, _, three) = three_legs(&mut pair);
    let again = pair.service.answer(&one, pair.now);
    refused(&again, INVALID_REQUEST);
    assert!(matches!(negotiation_error(&again), NegotiationError::RepeatedContext(_)));
    let reply = pair.service.answer(&three, pair.now);
    refused(&reply, INVALID_REQUEST);
    assert!(matches!(negotiation_error(&reply), NegotiationError::UnknownContext(_)));
}

#[test]
fn replayed_legs_start_a_new_handshake_that_does_not_fit() {
    let mut pair = Setup::negotiated(OLD, ALICE).build();
    let crossed = pair.open().unwrap();
    let late = pair.service.answer(&crossed[2], pair.now);
    refused(&late, INVALID_REQUEST);
    assert!(pair.service.answer(&crossed[0], pair.now).error.is_none());
    let reply = pair.service.answer(&crossed[2], pair.now);
    refused(&reply, NOT_AUTHENTICATED);
    assert!(negotiation_error(&reply).is_tls());
    assert_eq!(pair.service.security.negotiation_count(), 0);
    pair.call("the session is untouched").unwrap();
}

#[test]
fn legs_of_two_negotiations_do_not_mix() {
    let setup = Setup::negotiated(OLD, ALICE);
    let mut one = setup.clone().build_seeded(1);
    let mut two = setup.clone().build_seeded(2);
    std::mem::swap(&mut one.service, &mut two.service);
    let (_, _, mine) = three_legs(&mut two);
    std::mem::swap(&mut one.service, &mut two.service);
    // A client gets the service's answer to the other one.
    std::mem::swap(&mut one.service, &mut two.service);
    let yours = first(&mut one);
    let answer = two.service.answer(&yours, two.now);
    let error = next(&mut two, &answer.envelope).unwrap_err();
    let ClientError::Negotiation(NegotiationError::ForeignContext { .. }) = &error else {
        panic!("{error}")
    };
    // The service gets the records of one under the name of the other.
    let leg = sent(next(&mut one, &answer.envelope).unwrap());
    let text = String::from_utf8(leg.to_bytes()).unwrap();
    let start = text.find(" Context=\"").unwrap() + 10;
    let name = text[start..].split('"').next().unwrap().to_owned();
    let crossed = altered(&mine, |text| rename(&text, &name));
    let reply = two.service.answer(&crossed, two.now);
    refused(&reply, NOT_AUTHENTICATED);
    // That one is over; the one whose records were borrowed goes on.
    refused(&two.service.answer(&leg, two.now), INVALID_REQUEST);
    assert!(two.service.answer(&mine, two.now).error.is_none());
}

#[test]
fn legs_out_of_order_are_refused() {
    // Leg 3 first.
    let mut pair = Setup::negotiated(OLD, ALICE).build();
    let (one, _, three) = three_legs(&mut pair);
    let mut fresh = Setup::negotiated(OLD, ALICE).build();
    refused(&fresh.service.answer(&three, fresh.now), INVALID_REQUEST);
    // Leg 3 under the action of leg 1, and leg 1 under that of leg 3.
    let begin = |text: String| text.replace("/trust/RSTR/Issue<", "/trust/RST/Issue<");
    refused(&pair.service.answer(&altered(&three, begin), pair.now), INVALID_REQUEST);
    let go_on = |text: String| text.replace("/trust/RST/Issue<", "/trust/RSTR/Issue<");
    refused(&fresh.service.answer(&altered(&one, go_on), fresh.now), INVALID_REQUEST);
    // The service's own leg sent back to it.
    let mut pair = Setup::negotiated(OLD, ALICE).build();
    let one = first(&mut pair);
    let answer = pair.service.answer(&one, pair.now);
    refused(&pair.service.answer(&answer.envelope, pair.now), NOT_AUTHENTICATED);
    // The client gets leg 2 twice, and its own leg back.
    let mut pair = Setup::negotiated(OLD, ALICE).build();
    let (_, two_again, _) = three_legs(&mut pair);
    let error = next(&mut pair, &two_again).unwrap_err();
    assert!(matches!(error, ClientError::Negotiation(_)), "{error}");
    let mut pair = Setup::negotiated(OLD, ALICE).build();
    let own = first(&mut pair);
    let error = next(&mut pair, &own).unwrap_err();
    says(&error, &["unexpected element", "RequestSecurityToken"]);
    // The last leg in the place of the second.
    let mut other = Setup::negotiated(OLD, ALICE).build();
    let (_, _, leg) = three_legs(&mut other);
    let last = other.service.answer(&leg, other.now).envelope;
    let mut pair = Setup::negotiated(OLD, ALICE).build();
    first(&mut pair);
    let error = next(&mut pair, &last).unwrap_err();
    assert!(matches!(error, ClientError::Negotiation(_)), "{error}");
}

/// What happens to a leg of the client on its way, and the fault that answers.
type Mishap<'a> = (&'a str, &'a dyn Fn(String) -> String, (&'a str, &'a str));

#[test]
fn malformed_first_legs_are_refused() {
    let cut_exchange = |text: String| {
        let end = text.find("</t:BinaryExchange>").unwrap();
        format!("{}{}", &text[..end - 8], &text[end..])
    };
    let twice = |text: String| {
        let start = text.find("<t:BinaryExchange").unwrap();
        let end = text.find("</t:BinaryExchange>").unwrap() + 19;
        format!("{}{}{}", &text[..end], &text[start..end], &text[end..])
    };
    let huge = |text: String| {
        let end = text.find("</t:BinaryExchange>").unwrap();
        format!("{}{}{}", &text[..end - 4], "AAAA".repeat(60_000), &text[end..])
    };
    let long_name = |text: String| rename(&text, &"x".repeat(5000));
    let cases: [Mishap<'_>; 14] = [
        ("no Context", &|t| t.replace(" Context=", " C="), INVALID_REQUEST),
        ("a long Context", &long_name, INVALID_REQUEST),
        ("another key size", &|t| t.replace(">256<", ">128<"), INVALID_REQUEST),
        ("no number", &|t| t.replace(">256<", ">many<"), INVALID_REQUEST),
        (
            "a key size twice",
            &|t| t.replace("<t:KeySize>", "<t:KeySize>256</t:KeySize><t:KeySize>"),
            INVALID_REQUEST,
        ),
        ("another token", &|t| t.replace("/sc/sct<", "/sc/xyz<"), INVALID_REQUEST),
        ("another request", &|t| t.replace("trust/Issue<", "trust/Renew<"), INVALID_REQUEST),
        ("an unknown request", &|t| t.replace("trust/Issue<", "trust/Validate<"), INVALID_REQUEST),
        ("SPNEGO", &|t| t.replace("/tlsnego", "/spnego"), INVALID_REQUEST),
        ("no encoding", &|t| t.replace("EncodingType=", "Type="), INVALID_REQUEST),
        ("no base64", &|t| t.replace("Binary\">Fg", "Binary\">!!"), INVALID_REQUEST),
        ("two exchanges", &twice, INVALID_REQUEST),
        ("too large", &huge, INVALID_REQUEST),
        ("half a ClientHello", &cut_exchange, NOT_AUTHENTICATED),
    ];
    for (what, change, expected) in cases {
        let mut pair = Setup::negotiated(OLD, ALICE).build();
        let one = first(&mut pair);
        let reply = pair.service.answer(&altered(&one, change), pair.now);
        let (code, text) = fault(&reply.envelope);
        assert_eq!((code.as_str(), text.as_str()), expected, "{what}: {:?}", reply.error);
        assert_eq!(pair.service.security.negotiation_count(), 0, "{what}");
        let answer = pair.service.answer(&one, pair.now);
        assert!(answer.error.is_none(), "{what}: the right leg is served afterwards");
    }
}

#[test]
fn malformed_third_legs_are_refused_and_end_the_negotiation() {
    let in_collection = |text: String| {
        let start = text.find("<t:RequestSecurityTokenResponse").unwrap();
        let end = text.find("</s:Body>").unwrap();
        let open = "<t:RequestSecurityTokenResponseCollection \
                    xmlns:t=\"http://schemas.xmlsoap.org/ws/2005/02/trust\" Context=\"";
        let name = text[text.find(" Context=\"").unwrap() + 10..].split('"').next().unwrap();
        let close = "</t:RequestSecurityTokenResponseCollection>";
        format!("{}{open}{name}\">{}{close}{}", &text[..start], &text[start..end], &text[end..])
    };
    let flipped = |text: String| {
        let at = text.find("</t:BinaryExchange>").unwrap() - 40;
        let new = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
        format!("{}{new}{}", &text[..at], &text[at + 1..])
    };
    let without = |text: String| {
        let start = text.find("<t:BinaryExchange").unwrap();
        let end = text.find("</t:BinaryExchange>").unwrap() + 19;
        format!("{}{}", &text[..start], &text[end..])
    };
    let cases: [Mishap<'_>; 6] = [
        ("SPNEGO", &|t| t.replace("/tlsnego", "/spnego"), INVALID_REQUEST),
        ("no exchange", &without, INVALID_REQUEST),
        ("a collection", &in_collection, INVALID_REQUEST),
        (
            "another element",
            &|t| t.replace("RequestSecurityTokenResponse", "Other"),
            INVALID_REQUEST,
        ),
        ("tampered records", &flipped, NOT_AUTHENTICATED),
        (
            "no base64",
            &|t| t.replace("</t:BinaryExchange>", "=</t:BinaryExchange>"),
            INVALID_REQUEST,
        ),
    ];
    for (what, change, expected) in cases {
        let mut pair = Setup::negotiated(OLD, ALICE).build();
        let (_, _, three) = three_legs(&mut pair);
        let reply = pair.service.answer(&altered(&three, change), pair.now);
        let (code, text) = fault(&reply.envelope);
        assert_eq!((code.as_str(), text.as_str()), expected, "{what}: {:?}", reply.error);
        assert_eq!(pair.service.security.negotiation_count(), 0, "{what}");
        refused(&pair.service.answer(&three, pair.now), INVALID_REQUEST);
    }
}

#[test]
fn what_is_changed_around_the_records_makes_the_hash_wrong() {
    let later = |t: String| {
        let at = t.find("<u:Expires>").unwrap() + 11;
        format!("{}2037{}", &t[..at], &t[at + 4..])
    };
    let cases: [(&str, &dyn Fn(String) -> String, &str); 7] = [
        ("the lifetime", &later, "CombinedHash of the negotiation is wrong"),
        ("white space", &|t| t.replace("<t:KeySize>", " <t:KeySize>"), "CombinedHash"),
        (
            "the reference",
            &|t| t.replace("<o:Reference URI=\"urn", "<o:Reference URI=\"URN"),
            "Comb",
        ),
        ("the hash", &|t| t.replace("<t:CombinedHash>", "<t:CombinedHash>AAAA"), "CombinedHash"),
        ("no hash", &|t| t.replace("t:CombinedHash", "t:Hash"), "the CombinedHash of the"),
        ("no authenticator", &|t| t.replace("t:Authenticator", "t:Else"), "is missing"),
        ("the key size", &|t| t.replace(">256<", ">128<"), "128 bits"),
    ];
    for (what, change, words) in cases {
        let mut pair = Setup::negotiated(OLD, ALICE).build();
        let (_, _, three) = three_legs(&mut pair);
        let four = pair.service.answer(&three, pair.now);
        let outcome = next(&mut pair, &altered(&four.envelope, change));
        let error = outcome.map(|_| what).unwrap_err();
        says(&error, &[words]);
        assert!(error.ends_session());
    }
    // A comment is no part of what is hashed.
    let mut pair = Setup::negotiated(OLD, ALICE).build();
    let (_, _, three) = three_legs(&mut pair);
    let four = pair.service.answer(&three, pair.now);
    let commented = altered(&four.envelope, |t| t.replace("<t:KeySize>", "<!-- x --><t:KeySize>"));
    assert!(matches!(next(&mut pair, &commented), Ok(Step::Send(_))));
    // Nor is a comment in the client's legs.
    let mut pair = Setup::negotiated(OLD, ALICE).build();
    let one = first(&mut pair);
    let commented = altered(&one, |t| t.replace("<t:KeySize>", "<!-- x --><t:KeySize>"));
    let two = pair.service.answer(&commented, pair.now);
    let step = next(&mut pair, &two.envelope).unwrap();
    pair.carry(step).unwrap();
    pair.call("x").unwrap();
}

#[test]
fn altered_proof_tokens_and_tokens_are_useless() {
    // The key record.
    let flip_key = |t: String| {
        let at = t.find("</e:CipherValue>").unwrap() - 20;
        let new = if t.as_bytes()[at] == b'A' { "B" } else { "A" };
        format!("{}{new}{}", &t[..at], &t[at + 1..])
    };
    let cases: [(&str, &dyn Fn(String) -> String, &[&str]); 3] = [
        ("the record", &flip_key, &["TLS", "record"]),
        ("the algorithm", &|t| t.replace("#TLS_Wrap", "#GSS_Wrap"), &["TLS_Wrap", "GSS_Wrap"]),
        ("the method", &|t| t.replace("e:EncryptionMethod", "e:Method"), &["EncryptionMethod"]),
    ];
    for (what, change, words) in cases {
        let mut pair = Setup::negotiated(OLD, ALICE).build();
        let (_, _, three) = three_legs(&mut pair);
        let four = pair.service.answer(&three, pair.now);
        let outcome = next(&mut pair, &altered(&four.envelope, change));
        says(&outcome.map(|_| what).unwrap_err(), words);
    }
    // The token is outside the hash; with another identifier the service does not know it.
    let mut pair = Setup::negotiated(OLD, ALICE).build();
    let (_, _, three) = three_legs(&mut pair);
    let four = pair.service.answer(&three, pair.now);
    let renamed = altered(&four.envelope, |t| {
        let at = t.find("<c:Identifier>urn:uuid:").unwrap() + 23;
        format!("{}00000000{}", &t[..at], &t[at + 8..])
    });
    let request = sent(next(&mut pair, &renamed).unwrap());
    assert!(pair.service.answer(&request, pair.now).error.is_some());
}

#[test]
fn a_leg_with_a_security_header_is_no_leg() {
    let mut pair = Setup::negotiated(OLD, ALICE).build();
    let one = first(&mut pair);
    let secured = altered(&one, |t| {
        let header = "<o:Security xmlns:o=\"http://docs.oasis-open.org/wss/2004/01/\
                      oasis-200401-wss-wssecurity-secext-1.0.xsd\"/></s:Header>";
        t.replace("</s:Header>", header)
    });
    let reply = pair.service.answer(&secured, pair.now);
    assert_eq!(fault(&reply.envelope).0, "Sender/BadContextToken");
}

#[test]
fn a_closing_service_takes_no_negotiations() {
    let mut pair = Setup::negotiated(OLD, ALICE).build();
    pair.open().unwrap();
    pair.service.security.close();
    pair.call("still served").unwrap();
    let mut late = Setup::negotiated(OLD, ALICE).build_seeded(9);
    std::mem::swap(&mut pair.service, &mut late.service);
    let error = late.open().unwrap_err();
    let ClientError::Fault { kind, .. } = &error else { panic!("{error}") };
    assert_eq!(*kind, SecurityFaultKind::EndpointUnavailable);
    assert!(error.is_retryable());
}

#[test]
fn a_service_that_answers_without_end_is_left() {
    let mut pair = Setup::negotiated(OLD, ALICE).build();
    let one = first(&mut pair);
    let two = pair.service.answer(&one, pair.now);
    // An answer that brings nothing of the handshake.
    let empty = altered(&two.envelope, |t| {
        let start = t.find("Base64Binary\">").unwrap() + 14;
        let end = t.find("</t:BinaryExchange>").unwrap();
        format!("{}{}", &t[..start], &t[end..])
    });
    let error = next(&mut pair, &empty).unwrap_err();
    says(&error, &["waits for records that TLS does not have"]);
}

#[test]
fn twenty_threads_negotiate_at_once() {
    let setup = Setup::negotiated(OLD, ALICE);
    let mut random = nego::Seeded(77);
    let service = Arc::new(
        waxwing_security::conversation::ServiceSecurity::new(setup.service.clone(), &mut random)
            .unwrap(),
    );
    std::thread::scope(|scope| {
        for seed in 0..20 {
            let (service, setup) = (Arc::clone(&service), setup.clone());
            scope.spawn(move || {
                let mut pair = setup.build_seeded(seed);
                let mut step = pair.client.open(pair.now, &mut pair.random).unwrap();
                while let Step::Send(request) = step {
                    let incoming = service.receive(wire(&request), pair.now, &mut pair.random);
                    let Incoming::Reply(reply) = incoming else { panic!("handed up") };
                    step = next(&mut pair, &reply.envelope).unwrap();
                }
            });
        }
    });
    assert_eq!(service.session_count(), 20);
    assert_eq!(service.negotiation_count(), 0);
}
