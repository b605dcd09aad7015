//! CreateSequence: addresses, pace, what answers it.

use waxwing_reliable::{
    Body, DuplexInput, Failure, FailureKind, FaultKind, Links, Message, SequenceFault, SessionError,
};
use waxwing_soap::EndpointReference;

use crate::harness::{ANONYMOUS, BOTH, Client, V11, settings};

#[test]
fn a_client_says_where_messages_to_it_go() {
    for version in BOTH {
        let callback = EndpointReference {
            address: "http://client/callback".to_owned(),
            reference_parameters: vec!["<n>2</n>".to_owned()],
        };
        for from in [None, Some(callback)] {
            let mut client = Client::new(version, settings(Links::Unseen));
            client.give(DuplexInput::Open(client.request(from.clone())));
            let Body::CreateSequence(create) = client.next().body else { panic!() };
            // Over one connection nothing is said, and that is the anonymous endpoint.
            assert_eq!(create.reply_to, from);
            let expected = from.clone().unwrap_or_else(|| EndpointReference::new(ANONYMOUS));
            assert_eq!(create.acks_to, expected);
            let endpoint = create.offer.as_ref().unwrap().endpoint.clone();
            assert_eq!(endpoint, (version == V11).then_some(expected));
        }
    }
}

#[test]
fn the_same_request_every_ten_seconds_until_the_deadline() {
    for version in BOTH {
        let mut client = Client::new(version, settings(Links::Unseen));
        client.give(DuplexInput::Open(client.request(None)));
        let first = client.next();
        for attempt in 1..6 {
            assert_eq!(client.wait_for_message(), first);
            assert_eq!(client.now, attempt * 10_000);
        }
        client.wait(60_000);
        let Some(SessionError::TimedOut { attempts: 6, .. }) = client.said.fault else {
            panic!("{:?}", client.said.fault)
        };
        assert!(client.out.is_empty());
    }
}

#[test]
fn a_connection_is_asked_for_and_asked_for_again() {
    let refused = || {
        let reason = "connection refused".to_owned();
        DuplexInput::LinkFailed(Failure { kind: FailureKind::Retryable, reason })
    };
    let mut client = Client::new(V11, settings(Links::Replaced));
    client.give(DuplexInput::Open(client.request(None)));
    assert_eq!((client.said.dials, client.out.len()), (1, 0));
    client.give(refused());
    client.wait(10_000);
    assert_eq!((client.said.dials, client.out.len()), (2, 0));
    client.give(DuplexInput::Linked);
    assert!(matches!(client.next().body, Body::CreateSequence(_)));
    // One that is bound to its connection has one attempt.
    let mut client = Client::new(V11, settings(Links::Bound));
    client.give(DuplexInput::Open(client.request(None)));
    client.give(refused());
    assert!(matches!(client.said.fault, Some(SessionError::Transport { .. })));
    let mut client = Client::new(V11, settings(Links::Bound));
    client.give(DuplexInput::Open(client.request(None)));
    client.give(DuplexInput::Linked);
    client.next();
    client.wait(59_000);
    assert!(client.out.is_empty() && client.said.fault.is_none(), "it waits for the one answer");
}

#[test]
fn an_acceptance_for_another_address_is_refused() {
    for version in BOTH {
        let mut client = Client::new(version, settings(Links::Unseen));
        client.give(DuplexInput::Open(client.request(None)));
        let create = client.next();
        let mut response = client.response(&create);
        if let Body::CreateSequenceResponse(response) = &mut response.body {
            response.accept = Some(EndpointReference::new("net.tcp://elsewhere/calc"));
        }
        client.receive(response);
        let Body::Fault(fault) = client.next().body else { panic!() };
        assert!(matches!(fault.kind, FaultKind::SequenceTerminated(_)));
        assert!(matches!(client.said.fault, Some(SessionError::Protocol(_))));
    }
}

#[test]
fn what_answers_nothing_is_left_aside_and_a_busy_service_is_asked_again() {
    let mut client = Client::new(V11, settings(Links::Unseen));
    client.give(DuplexInput::Open(client.request(None)));
    let create = client.next();
    // A message of the return sequence overtakes the answer; an answer to somebody else.
    client.receive(client.incoming(1, 7));
    let mut other = client.response(&create);
    other.relates_to = Some("urn:another".into());
    client.receive(other);
    let kind = FaultKind::CreateSequenceRefused { connection_limit: true };
    let fault = SequenceFault::receiver(kind, "busy");
    let mut busy = Message::new(Body::Fault(Box::new(fault)));
    busy.relates_to.clone_from(&create.message_id);
    client.receive(busy);
    assert!(client.said.fault.is_none() && client.said.delivered.is_empty());
    let again = client.wait_for_message();
    assert_eq!((&again, client.now), (&create, 10_000));
    client.receive(client.response(&again));
    assert!(client.said.opened);
    client.receive(client.incoming(1, 7));
    assert_eq!(client.said.delivered, [(1, 7)]);
}
