//! Our client against our service in memory with a live TLS handshake inside the trust messages.

#[path = "common/nego.rs"]
mod nego;

use std::sync::Arc;

use nego::legs::*;
use nego::{Credential, Reshaped, Setup, altered, fault, says, still};
use waxwing_crypto::tls::{TlsConfig, TlsRole, TlsVersion};
use waxwing_security::conversation::{
    CallerIdentity, ClientBinding, ClientError, ExpectedIdentity, FaultOrigin, SecurityFaultKind,
    ServiceBinding, ServiceError,
};
use waxwing_security::negotiation::{NegotiationError, TlsEngines};
use waxwing_security::wsse::Dialect;

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
            assert!(!pair.client.renewal_due(&still(pair.now)));
            pair.call("still good").unwrap();
            pair.pass(mins(2));
            assert!(pair.client.renewal_due(&still(pair.now)), "60 % of ten hours");
            pair.renew().unwrap();
            assert!(!pair.client.renewal_due(&still(pair.now)));
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
        setup.client.binding = Some(ClientBinding::Negotiated(Arc::new(tls)));
        let role = TlsRole::Server { request_certificate: true };
        let own = nego::identity("service");
        let tls = TlsConfig::with_versions(role, Some(&own), service.clone()).unwrap();
        setup.service.binding = Some(ServiceBinding::Negotiated(Arc::new(tls)));
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
    setup.client.binding = Some(ClientBinding::Negotiated(Arc::new(old.unwrap())));
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

/// What happens to a flight before it is sent.
type Shape = Arc<dyn Fn(Vec<u8>) -> Vec<u8> + Send + Sync>;

#[test]
fn records_may_be_split_and_merged() {
    let shapes: [Shape; 4] = [
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
        if let Some(ClientBinding::Negotiated(tls)) = &setup.client.binding {
            setup.client.binding = Some(ClientBinding::Negotiated(reshaped(tls)));
        }
        if let Some(ServiceBinding::Negotiated(tls)) = &setup.service.binding {
            setup.service.binding = Some(ServiceBinding::Negotiated(reshaped(tls)));
        }
        let mut pair = setup.build();
        pair.open().unwrap_or_else(|e| panic!("shape {number}: {e}"));
        pair.call("x").unwrap();
    }
}

#[test]
fn a_flight_that_ends_early_is_refused() {
    for cut in [1, 40, 300] {
        let mut setup = Setup::negotiated(OLD, ALICE);
        if let Some(ClientBinding::Negotiated(inner)) = setup.client.binding.take() {
            let reshape = move |mut flight: Vec<u8>| {
                if flight.len() > 1000 {
                    flight.truncate(flight.len() - cut);
                }
                flight
            };
            let tls = Arc::new(Reshaped { inner, reshape });
            setup.client.binding = Some(ClientBinding::Negotiated(tls));
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
    setup.client.binding = Some(ClientBinding::Negotiated(tls));
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
        setup.service.binding =
            Some(ServiceBinding::Negotiated(nego::service_tls(true, TlsVersion::Tls12)));
        let tls = nego::client_tls(client.as_ref(), TlsVersion::Tls12);
        setup.client.binding = Some(ClientBinding::Negotiated(tls));
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
    setup.client.binding = Some(ClientBinding::Negotiated(tls));
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

/// What is wrong with a service, and what its client says of it.
type Misfit = (&'static str, fn(&mut Setup), &'static [&'static str]);

#[test]
fn the_service_is_checked_before_the_client_shows_its_certificate() {
    let cases: [Misfit; 4] = [
        (
            "untrusted",
            |s| s.service.binding = Some(ServiceBinding::Negotiated(server("mallory"))),
            &["CN=alice", "trusted"],
        ),
        (
            "expired",
            |s| s.service.binding = Some(ServiceBinding::Negotiated(server("expired"))),
            &["CN=expired", "expired"],
        ),
        (
            "another name",
            |s| s.service.binding = Some(ServiceBinding::Negotiated(server("bob"))),
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
    let mut pair = Setup {
        client: one_shot.client.clone(),
        service: session.service.clone(),
        rules: session.rules.clone(),
    }
    .build();
    pair.open().unwrap();
    let (reply, error) = pair.refused_call("x");
    assert_eq!(fault(&reply.envelope).0, "Sender/BadContextToken");
    assert!(fault(&reply.envelope).1.starts_with("The message could not be processed. This is"));
    assert!(error.ends_session());
    // And the other way round.
    let mut pair = Setup { client: session.client, ..one_shot }.build();
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
        let setup = Setup {
            client: client.client.clone(),
            service: service.service.clone(),
            rules: service.rules.clone(),
        };
        let error = setup.build().open().unwrap_err();
        says(&error, &["negotiateServiceCredential"]);
        assert!(matches!(error, ClientError::Fault { ends_session: true, .. }));
    }
}
