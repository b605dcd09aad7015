//! What a binding may leave out: timestamps, and the protection of replies.

#[path = "common/nego.rs"]
mod nego;

use nego::{Credential, Pair, Setup, altered, fault, still, wire};
use waxwing_security::conversation::{ClientError, Incoming, Received, ServiceError};
use waxwing_security::wsse::{Dialect, HeaderLayout};
use waxwing_security::{Reason, SecurityError};
use waxwing_soap::{Addressing, Envelope, MessageVersion};
use waxwing_xml::Name;

const OLD: Dialect = Dialect::February2005;
const ALICE: Credential = Credential::Certificate("alice");

fn without_timestamps(mut setup: Setup, replays: bool) -> Setup {
    for settings in [
        &mut setup.client.settings,
        &mut setup.client.bootstrap,
        &mut setup.service.settings,
        &mut setup.service.bootstrap,
    ] {
        settings.include_timestamp = false;
    }
    (setup.client.detect_replays, setup.service.detect_replays) = (replays, replays);
    setup
}

fn text_of(envelope: &Envelope) -> String {
    String::from_utf8(envelope.to_bytes()).unwrap()
}

#[track_caller]
fn reason(incoming: Incoming) -> Reason {
    let Incoming::Reply(reply) = incoming else { panic!("taken: {incoming:?}") };
    match reply.error {
        Some(ServiceError::Message(error)) => error.reason().clone(),
        other => panic!("{other:?}"),
    }
}

/// An answer as somebody on the way makes it up.
fn made_up(request: &Envelope, text: &str) -> Envelope {
    let version = MessageVersion::SOAP12_ADDRESSING10;
    let addressing = Addressing::read(request).unwrap();
    let mut envelope = Envelope::new(version);
    Addressing::reply(nego::ADD_RESPONSE, &addressing, version.addressing).write(&mut envelope);
    let body = envelope.append_body_element(Name::new("", "AddResponse", "urn:x"));
    envelope.document_mut().declare_namespace(body, "", "urn:x");
    envelope.document_mut().append_text(body, text);
    envelope
}

fn payload(received: &Received) -> String {
    received.envelope().payload().unwrap().text().into_owned()
}

#[test]
fn messages_go_without_timestamps_where_both_ends_say_so() {
    for setup in [
        Setup::by_certificate(OLD, ALICE),
        Setup::by_certificate(OLD, ALICE).one_shot(),
        Setup::negotiated(OLD, ALICE).one_shot(),
        Setup::over_transport(OLD, Credential::UserName("secret")).one_shot(),
    ] {
        for layout in [HeaderLayout::Strict, HeaderLayout::Lax] {
            let mut setup = without_timestamps(setup.clone(), false);
            setup.client.settings.layout = layout;
            setup.service.settings.layout = layout;
            let mut pair = setup.build();
            pair.open().unwrap();
            let (request, _) = pair.request("x");
            assert!(!text_of(&request).contains("Timestamp"));
            pair.call("call").unwrap();
        }
    }
}

/// Nobody can take the timestamp out of a message: it is signed, and demanded.
#[test]
fn a_timestamp_that_was_taken_out_is_missed() {
    let strip = |text: String| {
        let start = text.find("<u:Timestamp").unwrap();
        let end = text.find("</u:Timestamp>").unwrap() + "</u:Timestamp>".len();
        format!("{}{}", &text[..start], &text[end..])
    };
    let mut pair = Setup::by_certificate(OLD, ALICE).build();
    pair.open().unwrap();
    let (request, _) = pair.request("x");
    let stripped = altered(&request, strip);
    let found = reason(pair.service.receive(&stripped, pair.now));
    assert!(matches!(found, Reason::UnresolvedReference(_) | Reason::Missing(_)), "{found}");
    // A service that does without them still takes none that was signed and is gone.
    let setup = without_timestamps(Setup::by_certificate(OLD, ALICE), false);
    let mut lenient = Setup { client: Setup::by_certificate(OLD, ALICE).client, ..setup }.build();
    lenient.open().unwrap_err();
}

/// Where replays are looked for, a message must say when it was made.
#[test]
fn replays_cannot_be_looked_for_without_timestamps() {
    for setup in
        [Setup::by_certificate(OLD, ALICE).one_shot(), Setup::negotiated(OLD, ALICE).one_shot()]
    {
        let mut setup = without_timestamps(setup, false);
        setup.service.detect_replays = true;
        let mut pair = setup.build();
        pair.open().unwrap();
        let (request, _) = pair.request("x");
        let found = reason(pair.service.receive(&request, pair.now));
        assert_eq!(found, Reason::NoTimestampForReplays);
        assert!(found.to_string().starts_with(
            "No Timestamp is available in the security header to do replay detection."
        ));
    }
    // And over a transport no signature can do without.
    let mut pair = without_timestamps(Setup::over_transport(OLD, ALICE).one_shot(), false).build();
    pair.open().unwrap();
    let envelope = nego::application_request("x", &mut pair.random);
    let error = pair.client.protect(envelope, &mut nego::moment(pair.now, &mut pair.random));
    let ClientError::Protect(error) = error.unwrap_err() else { panic!() };
    assert_eq!(error, SecurityError::new(Reason::SignatureWithoutTimestamp));
}

fn unsecured(mut setup: Setup) -> Pair {
    setup.client.enable_unsecured_response = true;
    let mut pair = setup.build();
    pair.open().unwrap();
    pair
}

#[test]
fn a_reply_without_a_security_header_is_taken_by_name_only() {
    let setups = [
        Setup::by_certificate(OLD, ALICE),
        Setup::by_certificate(OLD, ALICE).one_shot(),
        Setup::over_transport(OLD, ALICE).one_shot(),
    ];
    for setup in setups {
        let mut strict = setup.clone().build();
        strict.open().unwrap();
        let (request, correlation) = strict.request("x");
        let error = strict.client.verify(made_up(&request, "no"), &correlation, &still(strict.now));
        assert!(matches!(error, Err(ClientError::Unverifiable(_))));

        let mut pair = unsecured(setup);
        let (request, correlation) = pair.request("x");
        let received =
            pair.client.verify(made_up(&request, "plain"), &correlation, &still(pair.now));
        let received = received.unwrap();
        assert_eq!(payload(&received), "plain");
        assert!(received.verified().is_none(), "and nothing says that it was verified");
        // One that has a Security header must verify: what was protected cannot be changed.
        pair.call("protected").unwrap();
        let (request, correlation) = pair.request("x");
        let message = pair.service.message(&request, pair.now);
        let answer = pair.echo(message);
        let late = pair.now + jiff::SignedDuration::from_mins(11);
        assert!(pair.client.verify(wire(&answer), &correlation, &still(late)).is_err());
        let broken =
            altered(&answer, |text| text.replacen("<u:Created>2026", "<u:Created>2025", 1));
        assert!(pair.client.verify(broken, &correlation, &still(pair.now)).is_err());
    }
}

/// Whoever believes a made-up acknowledgement loses what he sent: over a line that protects nothing no unsecured answer speaks
/// for reliable messaging, or for the security protocol. TLS protects it.
#[test]
fn an_unsecured_answer_acknowledges_nothing() {
    let versions = [
        "http://schemas.xmlsoap.org/ws/2005/02/rm",
        "http://docs.oasis-open.org/ws-rx/wsrm/200702",
    ];
    let header = |request: &Envelope, namespace: &str| {
        altered(&made_up(request, "x"), |text| {
            let sequence = format!(
                "<r:SequenceAcknowledgement xmlns:r=\"{namespace}\"><r:Identifier>urn:s</r:Identifier>\
                 <r:AcknowledgementRange Lower=\"1\" Upper=\"9\"/></r:SequenceAcknowledgement>"
            );
            let end = text.find("Header>").unwrap() + "Header>".len();
            format!("{}{sequence}{}", &text[..end], &text[end..])
        })
    };
    let action = |request: &Envelope, action: &str| {
        altered(&made_up(request, "x"), |text| text.replacen(nego::ADD_RESPONSE, action, 1))
    };
    let forged = |request: &Envelope| {
        let mut all: Vec<Envelope> =
            versions.iter().map(|namespace| header(request, namespace)).collect();
        for name in
            ["CreateSequenceResponse", "SequenceAcknowledgement", "TerminateSequence", "fault"]
        {
            all.extend(versions.iter().map(|space| action(request, &format!("{space}/{name}"))));
        }
        all.push(action(request, "http://schemas.xmlsoap.org/ws/2005/02/trust/RSTR/SCT/Cancel"));
        all
    };
    for setup in [
        Setup::by_certificate(OLD, ALICE),
        Setup::by_certificate(OLD, ALICE).one_shot(),
        Setup::negotiated(OLD, ALICE).one_shot(),
    ] {
        let mut pair = unsecured(setup);
        let (request, correlation) = pair.request("x");
        for answer in forged(&request) {
            let found = pair.client.verify(answer, &correlation, &still(pair.now));
            assert!(matches!(found, Err(ClientError::Unverifiable(_))), "{found:?}");
        }
        pair.call("the session goes on").unwrap();
    }
    let mut signed_over_tls = Setup::by_certificate(OLD, ALICE);
    signed_over_tls.client.over_tls = true;
    for setup in [Setup::over_transport(OLD, ALICE), signed_over_tls] {
        let mut pair = unsecured(setup);
        let (request, correlation) = pair.request("x");
        for answer in forged(&request) {
            pair.client.verify(answer, &correlation, &still(pair.now)).unwrap();
        }
    }
}

/// What the service's security itself says of a session is heard as ever, and no answer of the protocol is taken unsecured.
#[test]
fn the_protocol_s_own_answers_stay_secured() {
    let mut pair = unsecured(Setup::by_certificate(OLD, ALICE));
    let (request, correlation) = pair.request("x");
    let broken = altered(&request, |text| text.replace("<e:CipherValue>", "<e:CipherValue>A"));
    let Incoming::Reply(reply) = pair.service.receive(&broken, pair.now) else { panic!() };
    assert_eq!(fault(&reply.envelope).0, "Sender/InvalidSecurity");
    let error = pair.client.verify(wire(&reply.envelope), &correlation, &still(pair.now));
    assert!(matches!(error, Err(ClientError::Fault { ends_session: true, .. })));

    let mut setup = Setup::by_certificate(OLD, ALICE);
    setup.client.enable_unsecured_response = true;
    let mut pair = setup.build();
    let at = &mut nego::moment(pair.now, &mut pair.random);
    let waxwing_security::conversation::Step::Send(request) = pair.client.open(at).unwrap() else {
        panic!()
    };
    let forged = made_up(&request, "a session");
    let error = pair.client.handle_reply(forged, &mut nego::moment(pair.now, &mut pair.random));
    assert!(matches!(error, Err(ClientError::Response { .. })));
}

/// Over a protected transport a service that says so leaves the header out, as WCF's.
#[test]
fn a_service_leaves_the_header_out_over_a_transport() {
    let mut setup = Setup::over_transport(OLD, ALICE);
    setup.service.enable_unsecured_response = true;
    let mut pair = unsecured(setup.clone());
    let (request, _) = pair.request("x");
    let message = pair.service.message(&request, pair.now);
    assert!(!text_of(&pair.echo(message)).contains("Security"));
    pair.call("taken").unwrap();
    // A client that does not say so misses it.
    let mut strict = setup.build();
    strict.open().unwrap();
    let (request, correlation) = strict.request("x");
    let message = strict.service.message(&request, strict.now);
    let answer = strict.echo(message);
    assert!(strict.client.verify(wire(&answer), &correlation, &still(strict.now)).is_err());
}

/// Where keys are not renewed (`canRenewSecurityContextToken="false"`) a session ends with its key.
#[test]
fn a_session_whose_key_may_not_be_renewed_ends_with_it() {
    let mut setup = Setup::by_certificate(OLD, ALICE);
    setup.service.can_renew = false;
    let mut pair = setup.build();
    pair.open().unwrap();
    pair.call("x").unwrap();
    let refused = pair.renew().unwrap_err();
    assert!(matches!(refused, ClientError::SecuredFault { .. }), "{refused}");
    pair.call("the key is still good").unwrap();
    pair.pass(jiff::SignedDuration::from_hours(15));
    let (reply, error) = pair.refused_call("late");
    assert_eq!(fault(&reply.envelope).0, "Sender/BadContextToken");
    assert!(matches!(reply.error, Some(ServiceError::NoSession { .. })) && error.ends_session());
    assert_eq!(pair.service.security.session_count(), 0);
}

/// A client that was idle for longer than its token lives asks for another one before it sends anything.
#[test]
fn messages_wait_when_the_life_of_their_token_is_over() {
    let mut pair = Setup::negotiated(OLD, ALICE).one_shot().build();
    pair.open().unwrap();
    pair.pass(jiff::SignedDuration::from_hours(9));
    assert!(pair.client.renewal_due(&still(pair.now)));
    assert!(!pair.client.awaits_renewal(&still(pair.now)), "it is still good");
    pair.pass(jiff::SignedDuration::from_hours(1));
    assert!(pair.client.awaits_renewal(&still(pair.now)));
    pair.renew().unwrap();
    assert!(!pair.client.awaits_renewal(&still(pair.now)));
    pair.call("x").unwrap();
}
