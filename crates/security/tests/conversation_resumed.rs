//! A client that resumes its TLS session in a second negotiation, against our service.

#[path = "common/nego.rs"]
mod nego;
#[path = "common/nego_resume.rs"]
mod nego_resume;
#[path = "common/nego_tls.rs"]
mod nego_tls;

use nego::{Credential, Setup, moment, says, wire};
use nego_resume::Resuming;
use waxwing_security::conversation::{
    ClientBinding, Incoming, ServiceError, ServiceSecurity, Step,
};
use waxwing_security::wsse::Dialect;

/// Opens by a full handshake, then renews by a resumed one.
fn opened(dialect: Dialect, name: &str) -> nego::Pair {
    let mut setup = Setup::negotiated(dialect, Credential::Certificate("alice"));
    setup.client.binding = Some(ClientBinding::Negotiated(Resuming::client(name)));
    setup.build()
}

#[test]
fn a_resumed_handshake_brings_the_same_caller() {
    for dialect in Dialect::ALL {
        let mut pair = opened(dialect, "alice");
        let full = pair.open().unwrap();
        pair.call("over a full handshake").unwrap();
        let resumed = pair.renew().unwrap();
        assert_eq!((full.len(), resumed.len()), (6, 6));
        pair.call("over a resumed one").unwrap();
        let (request, _) = pair.request("who");
        let message = pair.service.message(&request, pair.now);
        assert!(Credential::Certificate("alice").is_caller(&message.caller));
        // The client has the last word in the handshake, so the last leg brings no records.
        let text = |at: usize| String::from_utf8(resumed[at].to_bytes()).unwrap();
        assert!(text(1).contains("BinaryExchange") && !text(3).contains("BinaryExchange"));
        assert!(text(3).contains("CombinedHash"));
        // The hellos and one Finished are shorter than the certificates of a full handshake.
        assert!(resumed[1].to_bytes().len() + 1000 < full[1].to_bytes().len());
    }
}

#[test]
fn trust_is_decided_anew_for_a_resumed_session() {
    // The client trusts its service blindly, or it would stop first: all certificates expire together.
    let mut setup = Setup::negotiated(Dialect::February2005, Credential::Certificate("alice"));
    let resuming = Resuming::client("alice");
    setup.client.binding = Some(ClientBinding::Negotiated(resuming));
    setup.rules.service = std::sync::Arc::new(nego::any_trust_rule);
    let mut pair = setup.build();
    pair.open().unwrap();
    pair.call("trusted").unwrap();
    // Ten years later the certificate has expired; the TLS session is not forgotten.
    pair.now = "2037-01-01T00:00:00Z".parse().unwrap();
    let mut step = pair.client.renew(&mut moment(pair.now, &mut pair.random)).unwrap();
    loop {
        let Step::Send(request) = step else { panic!("renewed by an expired certificate") };
        let reply = pair.service.answer(&request, pair.now);
        match &reply.error {
            None => {}
            Some(error @ ServiceError::UntrustedClient { .. }) => {
                says(error, &["CN=alice", "it has expired"]);
                break;
            }
            Some(error) => panic!("{error}"),
        }
        let reply = wire(&reply.envelope);
        step = pair.client.handle_reply(reply, &mut moment(pair.now, &mut pair.random)).unwrap();
    }
}

#[test]
fn a_session_of_one_service_is_not_resumed_by_another() {
    let mut pair = opened(Dialect::February2005, "alice");
    pair.open().unwrap();
    let setup = Setup::negotiated(Dialect::February2005, Credential::Certificate("alice"));
    let other = ServiceSecurity::new(setup.service, &mut nego::Seeded(8)).unwrap();
    let step = pair.client.renew(&mut moment(pair.now, &mut pair.random)).unwrap();
    let Step::Send(leg) = step else { panic!() };
    let rules = &pair.client.rules;
    let incoming = rules.receive(&other, wire(&leg), pair.now, &mut pair.random);
    let Incoming::Reply(reply) = incoming else { panic!("handed up") };
    // It does a full handshake, which the client by hand does not know.
    assert!(reply.error.is_none());
    let error =
        pair.client.handle_reply(wire(&reply.envelope), &mut moment(pair.now, &mut pair.random));
    says(&error.unwrap_err(), &["the session is not resumed"]);
}
