//! How a session of two directions ends.

use waxwing_security::Reason;
use waxwing_security::conversation::{ClientError, Flow, FromService, Incoming, ServiceError};
use waxwing_security::wsse::Dialect;
use waxwing_soap::{Addressing, Envelope};

use crate::kit::{Change, Duplex, EQUALS, FLOWS, duplex, setups};
use crate::nego::{ADD, Credential, Setup, reason_of};

fn by_certificate(flow: Flow) -> Setup {
    duplex(Setup::by_certificate(Dialect::February2005, Credential::Certificate("alice")), flow)
}

fn action(envelope: &Envelope) -> String {
    let action = Addressing::read(envelope).unwrap().action.unwrap();
    action[action.find("/RST").unwrap() + 1..].to_owned()
}

#[test]
fn when_both_ask_nobody_answers() {
    for flow in FLOWS {
        for setup in
            setups(flow).into_iter().filter(|s| s.client.settings.dialect == Dialect::February2005)
        {
            let mut duplex = Duplex::opened(setup);
            let session = duplex.session();
            let (of_client, of_service) =
                (duplex.client_ends().unwrap(), duplex.service_ends(&session).unwrap());
            assert_eq!(
                (action(&of_client), action(&of_service)),
                ("RST/SCT/Cancel".into(), "RST/SCT/Cancel".into())
            );
            assert!(duplex.client_ends().is_none() && duplex.service_ends(&session).is_none());
            assert!(matches!(duplex.at_service(&of_client), Incoming::Ended(_)));
            assert!(matches!(duplex.at_client(&of_service), Ok(FromService::Ended)));
            assert_eq!(duplex.pair.service.security.session_count(), 0);
            assert!(duplex.pair.client.context().is_none());
            assert!(duplex.client_ends().is_none() && duplex.service_ends(&session).is_none());
        }
    }
}

#[test]
fn whoever_is_asked_answers_when_it_is_done() {
    for flow in FLOWS {
        for setup in setups(flow) {
            // The client is first: the service works on, and answers then.
            let mut duplex = Duplex::opened(setup.clone());
            let session = duplex.session();
            let last = duplex.client_ends().unwrap();
            assert!(matches!(duplex.at_service(&last), Incoming::Ended(ended) if ended == session));
            assert_eq!(duplex.pair.service.security.session_count(), 1, "not yet");
            let callback = duplex.service_says(EQUALS, Change::text("still at work"));
            duplex.heard(&callback);
            let answer = duplex.service_ends(&session).unwrap();
            assert!(action(&answer).ends_with("RSTR/SCT/Cancel"), "{}", action(&answer));
            assert_eq!(duplex.pair.service.security.session_count(), 0);
            assert!(matches!(duplex.at_client(&answer), Ok(FromService::Ended)));
            assert!(duplex.pair.client.context().is_none());

            // The service is first.
            let mut duplex = Duplex::opened(setup);
            let session = duplex.session();
            let last = duplex.service_ends(&session).unwrap();
            assert!(matches!(duplex.at_client(&last), Ok(FromService::Ended)));
            duplex.call("one more");
            let answer = duplex.client_ends().unwrap();
            assert!(action(&answer).ends_with("RSTR/SCT/Cancel"), "{}", action(&answer));
            assert!(duplex.pair.client.context().is_none());
            assert!(matches!(duplex.at_service(&answer), Incoming::Ended(_)));
            assert_eq!(duplex.pair.service.security.session_count(), 0);
        }
    }
}

#[test]
fn nothing_comes_after_the_end_over_a_connection() {
    let mut duplex = Duplex::opened(by_certificate(Flow::DuplexSession));
    let session = duplex.session();
    let late = duplex.client_says(ADD, Change::text("late"));
    let last = duplex.client_ends().unwrap();
    assert!(matches!(duplex.at_service(&last), Incoming::Ended(_)));
    let ServiceError::Message(error) = duplex.refused(&late) else { panic!() };
    assert_eq!(*error.reason(), Reason::AfterTheEnd);

    let mut duplex = Duplex::seeded(by_certificate(Flow::DuplexSession), 8);
    duplex.open().unwrap();
    let other = duplex.session();
    assert_ne!(session, other);
    let late = duplex.service_says(EQUALS, Change::text("late"));
    let last = duplex.service_ends(&other).unwrap();
    assert!(matches!(duplex.at_client(&last), Ok(FromService::Ended)));
    let error = duplex.refused_by_client(&late);
    assert_eq!(*reason_of(&error).reason(), Reason::AfterTheEnd);

    // What is posted may overtake.
    let mut duplex = Duplex::opened(by_certificate(Flow::CompositeDuplex));
    let session = duplex.session();
    let overtaken = duplex.service_says(EQUALS, Change::text("slow"));
    let last = duplex.service_ends(&session).unwrap();
    assert!(matches!(duplex.at_client(&last), Ok(FromService::Ended)));
    duplex.heard(&overtaken);
}

#[test]
fn an_answer_that_nobody_asked_for_is_none() {
    for flow in FLOWS {
        let mut duplex = Duplex::opened(by_certificate(flow));
        let session = duplex.session();
        // The client's cancellation does not arrive, and the answer to it is held back.
        let last = duplex.client_ends().unwrap();
        assert!(matches!(duplex.at_service(&last), Incoming::Ended(_)));
        let answer = duplex.service_ends(&session).unwrap();
        // Another client, which has asked nothing, of another session.
        let mut other = Duplex::seeded(by_certificate(flow), 8);
        other.open().unwrap();
        other.call("another session");
        let error = other.refused_by_client(&answer);
        assert!(matches!(error, ClientError::Unverifiable(_)), "{error}");
    }
}

/// A key that is renewed between the two ends of a session changes nothing of its end.
#[test]
fn a_new_key_does_not_make_the_end_forgotten() {
    for flow in FLOWS {
        let mut duplex = Duplex::opened(by_certificate(flow));
        let session = duplex.session();
        let last = duplex.service_ends(&session).unwrap();
        assert!(matches!(duplex.at_client(&last), Ok(FromService::Ended)));
        duplex.renew().unwrap();
        duplex.call("one more, under the new key");
        let answer = duplex.client_ends().unwrap();
        assert!(action(&answer).ends_with("RSTR/SCT/Cancel"), "{}", action(&answer));
        assert!(matches!(duplex.at_service(&answer), Incoming::Ended(_)));

        let mut duplex = Duplex::opened(by_certificate(flow));
        let session = duplex.session();
        let last = duplex.client_ends().unwrap();
        duplex.renew().unwrap();
        assert!(duplex.client_ends().is_none(), "it has said its last");
        assert!(matches!(duplex.at_service(&last), Incoming::Ended(_)));
        let answer = duplex.service_ends(&session).unwrap();
        assert!(matches!(duplex.at_client(&answer), Ok(FromService::Ended)));
        assert!(duplex.pair.client.context().is_none());
    }
}
