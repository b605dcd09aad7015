//! Our client against our service in memory: bootstrap by certificate, calls, renewal, end, and every
//! way in which it can go wrong.

#[path = "common/nego.rs"]
mod nego;

use std::sync::Arc;

use jiff::SignedDuration;
use nego::{ADDRESS, Credential, Pair, Seeded, Setup, altered, fault, moment, says, still, wire};
use waxwing_security::conversation::{
    ClientBinding, ClientError, ClientSecurity, ExpectedIdentity, FaultOrigin, Incoming,
    Protection, ReplyKind, SecurityFaultKind, ServiceError, ServiceSecurity, Step,
};
use waxwing_security::wsse::Dialect;
use waxwing_security::{Reason, error::Staleness};
use waxwing_soap::{Addressing, Envelope, MessageVersion};

fn cert_pair() -> Pair {
    Setup::by_certificate(Dialect::February2005, Credential::Certificate("alice")).build()
}

fn open_pair() -> Pair {
    let mut pair = cert_pair();
    pair.open().unwrap();
    pair
}

fn mins(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

#[test]
fn sessions_open_carry_calls_renew_and_end_with_every_credential() {
    for dialect in Dialect::ALL {
        for credential in Credential::ALL {
            let mut pair = Setup::by_certificate(dialect, credential).build();
            let crossed = pair.open().unwrap_or_else(|e| panic!("{dialect:?} {credential:?}: {e}"));
            assert_eq!(crossed.len(), 2, "one round trip");
            assert_eq!(pair.service.security.session_count(), 1);
            for call in 0..5 {
                pair.call(&format!("{call}")).unwrap();
            }
            let (request, _) = pair.request("who");
            let message = pair.service.message(&request, pair.now);
            assert!(credential.is_caller(&message.caller), "{credential:?}: {}", message.caller);
            let session = message.session.unwrap();
            assert!(credential.is_caller(session.caller()));
            let context = pair.client.context().unwrap();
            assert_eq!(&*context.identifier, session.identifier());
            for round in 0..3 {
                pair.renew().unwrap();
                pair.call(&format!("renewed {round}")).unwrap();
                assert_eq!(pair.client.context().unwrap(), context, "the same session");
            }
            pair.cancel().unwrap();
            assert_eq!(pair.service.security.session_count(), 0);
            assert!(pair.client.context().is_none());
        }
    }
}

#[test]
fn one_shot_messages_stand_for_themselves() {
    for dialect in Dialect::ALL {
        for credential in Credential::ALL {
            let mut pair = Setup::by_certificate(dialect, credential).one_shot().build();
            assert!(pair.open().unwrap().is_empty(), "nothing is exchanged beforehand");
            for call in 0..3 {
                pair.call(&format!("{call}")).unwrap();
            }
            let (request, _) = pair.request("who");
            let message = pair.service.message(&request, pair.now);
            assert!(credential.is_caller(&message.caller));
            assert!(message.session.is_none());
        }
    }
}

#[test]
fn an_endpoint_without_security_passes_messages_as_they_are() {
    let mut setup = Setup::by_certificate(Dialect::February2005, Credential::None);
    setup.client.protection = Protection::None;
    setup.service.protection = Protection::None;
    let mut pair = setup.build();
    assert!(pair.open().unwrap().is_empty());
    pair.call("plain").unwrap();
    assert!(!pair.client.is_secured());
}

#[test]
fn many_clients_share_a_service() {
    let setup = Setup::by_certificate(Dialect::February2005, Credential::None);
    let mut first = setup.clone().build_seeded(1);
    let mut second = setup.build_seeded(2);
    first.open().unwrap();
    // The second client talks to the first one's service.
    std::mem::swap(&mut first.service, &mut second.service);
    second.open().unwrap();
    second.call("two").unwrap();
    assert_eq!(first.service.security.session_count(), 0, "the other service has none");
    assert_eq!(second.service.security.session_count(), 2);
    // A reply in the one session is nothing in the other.
    let (request, _) = second.request("mine");
    let message = second.service.message(&request, second.now);
    let reply = second.echo(message);
    let (_, correlation) = first.request("yours");
    let error = first.client.verify(wire(&reply), &correlation, &still(first.now)).unwrap_err();
    assert!(matches!(error, ClientError::Unverifiable(_)) && !error.ends_session(), "{error}");
}

#[test]
fn the_wrong_service_certificate_is_found_before_anything_is_sent() {
    let dialect = Dialect::February2005;
    let setup = Setup::by_certificate(dialect, Credential::Certificate("alice"));

    // Of an authority that nobody knows.
    let mut untrusted = setup.clone();
    let mallory = nego::certificate("mallory");
    untrusted.client.binding = Some(ClientBinding::Symmetric(mallory));
    let error = untrusted.build().open().unwrap_err();
    assert!(matches!(error, ClientError::UntrustedService { .. }), "{error}");
    says(&error, &["CN=alice", "not trusted"]);
    assert!(error.ends_session() && error.is_security_failure() && !error.is_retryable());

    // Expired.
    let mut expired = setup.clone();
    expired.client.binding = Some(ClientBinding::Symmetric(nego::certificate("expired")));
    let error = expired.build().open().unwrap_err();
    says(&error, &["CN=expired", "not trusted", "expired"]);

    // Of somebody else.
    let mut other = setup.clone();
    other.client.binding = Some(ClientBinding::Symmetric(nego::certificate("bob")));
    let error = other.build().open().unwrap_err();
    assert!(matches!(error, ClientError::Identity(_)), "{error}");
    says(&error, &["DNS name 'localhost'", "DNS name 'bob'"]);

    // Trusted and as expected, but not the service's.
    let mut wrong = setup.clone();
    wrong.client.binding = Some(ClientBinding::Symmetric(nego::certificate("bob")));
    wrong.client.identity = ExpectedIdentity::Dns("BOB".into());
    let mut pair = wrong.build();
    let step = pair.client.open(&mut moment(pair.now, &mut pair.random)).unwrap();
    let Step::Send(request) = step else { panic!("nothing to send") };
    let reply = pair.service.answer(&request, pair.now);
    let ServiceError::Message(logged) = reply.error.as_ref().unwrap() else { panic!() };
    assert!(matches!(logged.reason(), Reason::UnknownRecipient(_)), "{logged}");
    let error =
        pair.client.handle_reply(wire(&reply.envelope), &mut moment(pair.now, &mut pair.random));
    let error = error.unwrap_err();
    let ClientError::Fault { kind, origin, ends_session, .. } = &error else { panic!("{error}") };
    assert_eq!((*kind, *origin), (SecurityFaultKind::InvalidSecurity, FaultOrigin::Issue));
    assert!(ends_session);
    says(&error, &["service certificate that the client encrypts for"]);
}

#[test]
fn identities_by_certificate_and_key() {
    let dialect = Dialect::February2005;
    let service = nego::certificate("service");
    let bob = nego::certificate("bob");
    let cases = [
        (ExpectedIdentity::Certificate(service.clone()), None),
        (ExpectedIdentity::PublicKey(service.public_key_der().to_vec()), None),
        (ExpectedIdentity::Certificate(bob.clone()), Some("CN=bob")),
        (ExpectedIdentity::PublicKey(bob.public_key_der().to_vec()), Some("another RSA")),
        (ExpectedIdentity::of_address("http://127.0.0.1:8000/"), Some("'127.0.0.1'")),
    ];
    for (identity, refusal) in cases {
        let mut setup = Setup::by_certificate(dialect, Credential::None);
        setup.client.identity = identity;
        match (setup.build().open(), refusal) {
            (Ok(_), None) => {}
            (Err(error), Some(text)) => says(&error, &[text, "CN=localhost"][..1]),
            (outcome, refusal) => panic!("{outcome:?} {refusal:?}"),
        }
    }
}

#[test]
fn a_client_certificate_that_is_not_trusted_is_refused() {
    for (name, why) in [("mallory", "CN=alice"), ("expired", "expired")] {
        let credential = Credential::Certificate(name);
        let mut pair = Setup::by_certificate(Dialect::February2005, credential).build();
        let Step::Send(request) =
            pair.client.open(&mut moment(pair.now, &mut pair.random)).unwrap()
        else {
            panic!("nothing to send")
        };
        let reply = pair.service.answer(&request, pair.now);
        assert_eq!(reply.kind, ReplyKind::Fault);
        let logged = reply.error.as_ref().unwrap();
        assert!(matches!(logged, ServiceError::UntrustedClient { .. }), "{logged}");
        says(logged, &["not trusted", why]);
        assert!(!String::from_utf8(reply.envelope.to_bytes()).unwrap().contains("expired'"));
        assert_eq!(
            fault(&reply.envelope),
            (
                "Sender/FailedAuthentication".to_owned(),
                "At least one security token in the message could not be validated.".to_owned()
            )
        );
        let outcome = pair
            .client
            .handle_reply(wire(&reply.envelope), &mut moment(pair.now, &mut pair.random));
        let error = outcome.unwrap_err();
        says(&error, &["does not accept the client's credential", "security session"]);
        assert!(error.ends_session());
        assert_eq!(pair.service.security.session_count(), 0);
    }
}

#[test]
fn a_wrong_password_is_refused() {
    let credential = Credential::UserName("wrong");
    let mut pair = Setup::by_certificate(Dialect::February2005, credential).build();
    let error = pair.open().unwrap_err();
    let ClientError::Fault { kind, .. } = &error else { panic!("{error}") };
    assert_eq!(*kind, SecurityFaultKind::FailedAuthentication);
    says(&error, &["wrong user name or password"]);
}

#[test]
fn clocks_apart() {
    // Within what is allowed: everything works, in both directions.
    for ahead in [mins(4), mins(-4)] {
        let mut pair = cert_pair();
        pair.service.ahead = ahead;
        pair.open().unwrap();
        pair.call("a little apart").unwrap();
    }
    // Too far: the service cannot verify the request.
    for (ahead, future) in [(mins(-6), true), (mins(11), false)] {
        let mut pair = cert_pair();
        pair.service.ahead = ahead;
        let Step::Send(request) =
            pair.client.open(&mut moment(pair.now, &mut pair.random)).unwrap()
        else {
            panic!("nothing to send")
        };
        let reply = pair.service.answer(&request, pair.now);
        let Some(ServiceError::Message(logged)) = &reply.error else { panic!("{reply:?}") };
        let Reason::Stale(staleness) = logged.reason() else { panic!("{logged}") };
        assert_eq!(matches!(staleness, Staleness::Future { .. }), future, "{staleness}");
        says(logged, &["are the clocks apart?"]);
        let outcome = pair
            .client
            .handle_reply(wire(&reply.envelope), &mut moment(pair.now, &mut pair.random));
        says(&outcome.unwrap_err(), &["InvalidSecurity", "the clocks"]);
    }
    // Only the client finds the reply too far ahead (its own skew is smaller).
    let mut setup = Setup::by_certificate(Dialect::February2005, Credential::None);
    setup.client.settings.max_clock_skew = mins(1);
    let mut pair = setup.build();
    pair.open().unwrap();
    pair.call("in time").unwrap();
    pair.service.ahead = mins(3);
    let (request, correlation) = pair.request("late");
    let message = pair.service.message(&request, pair.now);
    let reply = pair.echo(message);
    let error = pair.client.verify(wire(&reply), &correlation, &still(pair.now)).unwrap_err();
    says(&error, &["Set the clocks of client and service right"]);
    assert!(!error.ends_session());
}

#[test]
fn a_replayed_message_is_refused_and_the_session_goes_on() {
    let mut pair = open_pair();
    let (request, correlation) = pair.request("once");
    let message = pair.service.message(&request, pair.now);
    let reply = pair.echo(message);
    pair.client.verify(wire(&reply), &correlation, &still(pair.now)).unwrap();
    // The service sees the request again.
    let (again, error) = pair.refused(&request, &correlation);
    let Some(ServiceError::Message(logged)) = &again.error else { panic!("{again:?}") };
    assert_eq!(*logged.reason(), Reason::Replay);
    assert_eq!(fault(&again.envelope).0, "Sender/InvalidSecurity");
    // Whoever can replay can also make the client believe that its session ended: WCF's client too.
    assert!(error.ends_session());
    // The client sees the reply again.
    let error = pair.client.verify(wire(&reply), &correlation, &still(pair.now)).unwrap_err();
    assert_eq!(*nego::reason_of(&error).reason(), Reason::Replay);
    assert!(!error.ends_session());
    pair.call("goes on").unwrap();
}

#[test]
fn a_replayed_bootstrap_is_refused() {
    let mut pair = cert_pair();
    let crossed = pair.open().unwrap();
    let again = pair.service.answer(&crossed[0], pair.now);
    let Some(ServiceError::Message(logged)) = &again.error else { panic!("{again:?}") };
    assert_eq!(*logged.reason(), Reason::Replay);
    assert_eq!(pair.service.security.session_count(), 1);
}

#[test]
fn a_tampered_message_is_refused_and_the_session_goes_on() {
    let mut pair = open_pair();
    let (request, correlation) = pair.request("100");
    let changed = altered(&request, |text| text.replace("ICalculator/Add<", "ICalculator/Sub<"));
    let reply = pair.service.answer(&changed, pair.now);
    let error =
        pair.client.verify(wire(&reply.envelope), &correlation, &still(pair.now)).unwrap_err();
    says(&error, &["ICalculator/Sub' is invalid or unrecognized"]);
    let changed = altered(&request, |text| text.replace("<a:To ", "<a:To\u{20}\u{20}x=\"1\" "));
    let reply = pair.service.answer(&changed, pair.now);
    let Some(ServiceError::Message(logged)) = &reply.error else { panic!("{reply:?}") };
    assert!(matches!(logged.reason(), Reason::DigestMismatch(_)), "{logged}");
    let flipped = altered(&request, flip_body);
    let reply = pair.service.answer(&flipped, pair.now);
    assert!(matches!(reply.error, Some(ServiceError::Message(_))), "{reply:?}");
    assert_eq!(
        fault(&reply.envelope),
        (
            "Sender/InvalidSecurity".to_owned(),
            "An error occurred when verifying security for the message.".to_owned()
        )
    );
    // And a tampered reply counts as lost.
    let message = pair.service.message(&request, pair.now);
    let reply = pair.echo(message);
    let error =
        pair.client.verify(altered(&reply, flip_body), &correlation, &still(pair.now)).unwrap_err();
    assert!(matches!(error, ClientError::Unverifiable(_)) && !error.ends_session(), "{error}");
    pair.client.verify(wire(&reply), &correlation, &still(pair.now)).unwrap();
    pair.call("goes on").unwrap();
}

/// Changes one character in the middle of the last cipher value, which is the body's.
fn flip_body(text: String) -> String {
    let end = text.rfind("</e:CipherValue>").expect("an encrypted body");
    let at = end - 30;
    let new = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
    format!("{}{new}{}", &text[..at], &text[at + 1..])
}

#[test]
fn a_service_without_security_is_told_from_others() {
    let mut pair = cert_pair();
    let mut setup = Setup::by_certificate(Dialect::February2005, Credential::None);
    setup.service.protection = Protection::None;
    pair.service = nego::Service::new(
        ServiceSecurity::new(setup.service, &mut Seeded(5)).unwrap(),
        setup.rules,
        5,
    );
    let error = pair.open().unwrap_err();
    let ClientError::Fault { fault, .. } = &error else { panic!("{error}") };
    says(&fault.text(), &["The header 'Security' from the namespace", "was not understood"]);
    says(&error, &["MustUnderstand", "security session"]);
    assert!(error.ends_session());
}

#[test]
fn a_secured_service_refuses_what_is_not_secured() {
    for protection in [Protection::Conversation, Protection::OneShot] {
        let mut setup = Setup::by_certificate(Dialect::February2005, Credential::None);
        setup.client.protection = Protection::None;
        setup.service.protection = protection;
        let mut pair = setup.build();
        let (request, _) = pair.request("plain");
        let reply = pair.service.answer(&request, pair.now);
        let expected = match protection {
            Protection::Conversation => "Sender/BadContextToken",
            _ => "Sender/InvalidSecurity",
        };
        assert_eq!(fault(&reply.envelope).0, expected);
        says(
            reply.error.as_ref().unwrap(),
            &[match protection {
                Protection::Conversation => "no security session claims the message",
                _ => "unable to find a security header",
            }],
        );
    }
}

#[test]
fn dialects_and_forms_that_differ_are_explained() {
    let new = Setup::by_certificate(Dialect::Version13, Credential::None);
    let old = Setup::by_certificate(Dialect::February2005, Credential::None);
    let one_shot = old.clone().one_shot();
    for (client, service) in [(&new, &old), (&old, &new), (&old, &one_shot)] {
        let setup = Setup {
            client: client.client.clone(),
            service: service.service.clone(),
            rules: service.rules.clone(),
        };
        let error = setup.build().open().unwrap_err();
        assert!(matches!(error, ClientError::Fault { ends_session: true, .. }), "{error}");
        says(&error, &["establishSecurityContext"]);
    }
    // A one-shot client finds out with its first message.
    let setup = Setup { client: one_shot.client, ..old };
    let mut pair = setup.build();
    pair.open().unwrap();
    let (reply, error) = pair.refused_call("first");
    assert_eq!(fault(&reply.envelope).0, "Sender/BadContextToken");
    says(&error, &["the bindings differ", "establishSecurityContext"]);
}

#[test]
fn another_algorithm_suite_is_explained() {
    let mut setup = Setup::by_certificate(Dialect::February2005, Credential::None);
    let suite = "Basic128".parse().unwrap();
    setup.client.settings.suite = suite;
    setup.client.bootstrap.suite = suite;
    let error = setup.build().open().unwrap_err();
    says(&error, &["InvalidSecurity", "the algorithm suite"]);
}

#[test]
fn an_action_outside_the_contract() {
    let mut pair = open_pair();
    let version = MessageVersion::SOAP12_ADDRESSING10;
    let mut envelope = Envelope::new(version);
    let action = "urn:not-in-the-contract";
    Addressing::request(action, ADDRESS, version.addressing, &mut pair.random).write(&mut envelope);
    let error = pair.client.protect(envelope, &mut moment(pair.now, &mut pair.random)).unwrap_err();
    says(&error, &["cannot be protected", "urn:not-in-the-contract"]);
}

#[test]
fn what_is_missing_in_the_options_is_said() {
    let setup = Setup::by_certificate(Dialect::February2005, Credential::None);
    let (mut client, mut service) = (setup.client, setup.service);
    client.binding = None;
    let error = ClientSecurity::new(client, &mut Seeded(1)).unwrap_err();
    says(&error, &["negotiateServiceCredential=\"false\"", "serviceCertificate"]);
    service.binding = None;
    let error = ServiceSecurity::new(service, &mut Seeded(1)).unwrap_err();
    says(&error, &["no certificate", "serviceCertificate"]);
}

#[test]
fn calls_out_of_order_are_said_to_be() {
    let mut pair = cert_pair();
    let request = nego::application_request("early", &mut pair.random);
    let early = pair.client.protect(request, &mut moment(pair.now, &mut pair.random)).unwrap_err();
    says(&early, &["not open"]);
    assert!(!early.ends_session());
    assert!(pair.client.renew(&mut moment(pair.now, &mut pair.random)).is_err());
    let Step::Send(request) = pair.client.open(&mut moment(pair.now, &mut pair.random)).unwrap()
    else {
        panic!("nothing to send")
    };
    let second = pair.client.open(&mut moment(pair.now, &mut pair.random)).unwrap_err();
    says(&second, &["under way"]);
    pair.client.abandon_exchange();
    let reply = pair.service.answer(&request, pair.now);
    let error = pair
        .client
        .handle_reply(reply.envelope, &mut moment(pair.now, &mut pair.random))
        .unwrap_err();
    says(&error, &["no exchange"]);
    pair.open().unwrap();
    says(
        &pair.client.open(&mut moment(pair.now, &mut pair.random)).unwrap_err(),
        &["open already"],
    );
    assert_eq!(pair.service.security.session_count(), 2);
}

#[test]
fn no_text_of_an_attacker_ends_the_session_unless_it_speaks_for_security() {
    let mut pair = open_pair();
    let (_, correlation) = pair.request("x");
    let faults = [
        ("urn:nobody", "Whatever", false),
        (
            "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd",
            "InvalidSecurity",
            true,
        ),
        ("http://docs.oasis-open.org/ws-sx/ws-secureconversation/200512", "BadContextToken", false),
        ("http://schemas.xmlsoap.org/ws/2005/02/sc", "BadContextToken", true),
    ];
    for (namespace, local, ends) in faults {
        let fault = waxwing_soap::Fault::new(waxwing_soap::FaultCode::Sender, "x".repeat(100_000))
            .with_subcode(namespace, local);
        let version = MessageVersion::SOAP12_ADDRESSING10;
        let envelope = fault.to_envelope(version, "urn:fault", None);
        let error =
            pair.client.verify(wire(&envelope), &correlation, &still(pair.now)).unwrap_err();
        assert_eq!(error.ends_session(), ends, "{namespace} {local}");
        assert!(error.to_string().len() < 6000, "a stranger's text is cut");
    }
    pair.call("goes on").unwrap();
}

#[test]
fn confirmations_are_demanded_where_wcf_demands_them() {
    for credential in Credential::ALL {
        let setup = Setup::by_certificate(Dialect::February2005, credential);
        let mut client_only = setup.clone();
        client_only.service.signature_confirmation = Some(false);
        let outcome = client_only.build().open();
        let demanded = !matches!(credential, Credential::UserName(_));
        assert_eq!(outcome.is_err(), demanded, "{credential:?}");
        if let Err(error) = outcome {
            says(&error, &["confirms no signature", "requireSignatureConfirmation"]);
        }
    }
}

#[test]
fn trust_may_be_decided_by_a_rule_of_one_s_own() {
    let mut setup =
        Setup::by_certificate(Dialect::February2005, Credential::Certificate("mallory"));
    setup.rules.clients = Arc::new(nego::any_trust_rule);
    let mut pair = setup.build();
    pair.open().unwrap();
    let (request, _) = pair.request("x");
    match pair.service.receive(&request, pair.now) {
        Incoming::Message(message) => {
            assert_eq!(message.caller.authentication_type(), "X509");
            assert!(message.caller.name().starts_with("CN=alice; "));
        }
        other => panic!("{other:?}"),
    }
}
