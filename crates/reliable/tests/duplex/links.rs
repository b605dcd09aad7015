//! Connections that break, end and are replaced.

use waxwing_reliable::{
    Body, DuplexInput, DuplexListenerInput, Failure, FailureKind, FaultKind, LinkId, Links,
    Message, SessionError,
};

use crate::harness::{
    BOTH, Client, February2005, Service, V11, acknowledged, acknowledgement, back, create, forward,
    number, sequenced, settings,
};

fn broken() -> DuplexInput<u32> {
    DuplexInput::LinkBroken { reason: "reset".to_owned() }
}

fn refused() -> DuplexInput<u32> {
    let reason = "connection refused".to_owned();
    DuplexInput::LinkFailed(Failure { kind: FailureKind::Retryable, reason })
}

#[test]
fn a_client_whose_connection_broke_dials_and_asks_first() {
    for version in BOTH {
        for resend in [true, false] {
            let mut settings = settings(Links::Replaced);
            settings.resend_on_new_link = resend;
            let mut client = Client::open(version, settings);
            client.send(1);
            client.acknowledge(1, 8);
            (2..=3).for_each(|payload| client.send(payload));
            client.out.clear();
            client.give(broken());
            assert_eq!((client.said.dials, client.out.len()), (2, 0));
            client.give(DuplexInput::Linked);
            let question = client.next();
            assert!(matches!(question.body, Body::AckRequested) && client.out.is_empty());
            assert_eq!(question.headers.ack_requested, Some(forward()));
            // What the answer leaves out was lost with the old connection.
            client.acknowledge(2, 8);
            let sent: Vec<_> = client.out.drain(..).map(|(_, m)| number(&m)).collect();
            assert_eq!(sent, if resend { vec![Some(3)] } else { vec![] });
            client.wait(client.now + 2_000);
            assert!(client.out.iter().any(|(_, m)| number(m) == Some(3)) || resend);
        }
    }
}

#[test]
fn where_nobody_answers_it_is_tried_again() {
    let mut client = Client::open(V11, settings(Links::Replaced));
    client.give(broken());
    let mut dials = 2;
    // WCF waits half of SendTimeout each time; nobody but those who wait for a reply sees the difference.
    for pause in [100, 200, 400, 800, 1_600, 2_000, 2_000] {
        client.give(refused());
        let begun = client.now;
        client.wait(begun + pause / 2 - 1);
        assert_eq!(client.said.dials, dials, "{pause} ms");
        client.wait(begun + pause);
        dials += 1;
        assert_eq!(client.said.dials, dials, "{pause} ms");
    }
    client.close(2_000);
    client.give(refused());
    // Half of what is left of Close.
    let begun = client.now;
    client.wait(begun + 499);
    assert_eq!(client.said.dials, dials);
    client.wait(begun + 1_000);
    assert_eq!(client.said.dials, dials + 1);
    client.give(DuplexInput::Linked);
    assert!(matches!(client.next().body, Body::AckRequested));
    assert!(matches!(client.next().body, Body::CloseSequence(_)), "it was to be sent meanwhile");
}

#[test]
fn clients_of_one_service_do_not_try_it_in_step() {
    let mut waited = std::collections::BTreeSet::new();
    for draws in 0..50 {
        let mut client = Client::open(V11, settings(Links::Replaced));
        // Each has another randomness: that of those who were made before it.
        client.draw(draws);
        client.give(broken());
        let began = client.now;
        for pause in [100, 200, 400, 800, 1_600, 2_000] {
            client.give(refused());
            let due = client.wake_at().unwrap() - client.now;
            assert!((pause / 2..=pause).contains(&due), "{due} of {pause} ms");
            client.wait(client.now + due);
        }
        waited.insert(client.now - began);
    }
    assert!(waited.len() > 40, "{waited:?}");
}

#[test]
fn a_peer_that_breaks_every_connection_is_not_dialled_in_a_circle() {
    for version in BOTH {
        let mut client = Client::open(version, settings(Links::Replaced));
        let mut dials = client.said.dials;
        for pause in [0, 100, 200, 400] {
            client.give(broken());
            assert_eq!(client.said.dials, dials + usize::from(pause == 0), "{pause} ms");
            client.wait(client.now + pause);
            dials += 1;
            assert_eq!(client.said.dials, dials, "{pause} ms");
            client.give(DuplexInput::Linked);
        }
        // One on which it says something is a good one.
        client.acknowledge(0, 8);
        client.give(broken());
        assert_eq!(client.said.dials, dials + 1);
    }
}

#[test]
fn one_that_is_ended_before_the_session_is_closed_is_replaced_at_once() {
    for version in BOTH {
        let mut client = Client::open(version, settings(Links::Replaced));
        client.close(60_000);
        client.give(DuplexInput::LinkEnded);
        assert_eq!(client.said.dials, 2, "{version:?}");
    }
}

#[test]
fn a_message_that_is_due_does_not_wait_for_the_next_try() {
    let mut client = Client::open(V11, settings(Links::Replaced));
    client.give(broken());
    client.give(refused());
    client.send(1);
    assert_eq!((client.said.dials, client.out.len()), (3, 0));
    client.give(DuplexInput::Linked);
    assert!(matches!(client.next().body, Body::AckRequested));
    client.acknowledge(0, 8);
    assert_eq!(number(&client.next()), Some(1));
}

#[test]
fn one_that_was_ended_is_opened_by_the_next_message() {
    for version in BOTH {
        let mut client = Client::open(version, settings(Links::Replaced));
        client.send(1);
        client.out.clear();
        client.give(DuplexInput::LinkEnded);
        assert_eq!(client.said.dials, 1, "nothing is to be sent");
        let at = client.wake_at().unwrap();
        client.wait(at);
        assert_eq!((client.said.dials, client.out.len()), (2, 0), "the timer of 1 ran out");
        client.give(DuplexInput::Linked);
        let first = client.next();
        assert_eq!(number(&first), Some(1), "no question goes before it");
        assert!(client.out.is_empty());
    }
    // An idle one asks after a moment: the service may have something to say, and cannot dial.
    let mut client = Client::open(V11, settings(Links::Replaced));
    client.give(DuplexInput::LinkEnded);
    client.wait(9_999);
    assert_eq!(client.said.dials, 1);
    client.wait(10_000);
    assert_eq!(client.said.dials, 2);
    client.give(DuplexInput::Linked);
    assert!(matches!(client.next().body, Body::AckRequested));
}

#[test]
fn an_acknowledgement_that_is_due_opens_one() {
    let mut client = Client::open(February2005, settings(Links::Replaced));
    client.receive(client.incoming(1, 7));
    client.give(DuplexInput::LinkEnded);
    client.wait(200);
    assert_eq!(client.said.dials, 2);
    client.give(DuplexInput::Linked);
    let question = client.next();
    assert!(matches!(question.body, Body::AckRequested));
    assert_eq!(acknowledged(&question).map(|a| a.0), Some("1-1".to_owned()));
}

#[test]
fn a_session_that_is_bound_to_its_connection_ends_with_it() {
    for version in BOTH {
        for input in [broken(), DuplexInput::LinkEnded] {
            let mut client = Client::open(version, settings(Links::Bound));
            client.send(1);
            client.out.clear();
            client.give(input);
            let Some(SessionError::SecurityLost(text)) = &client.said.fault else { panic!() };
            assert!(
                text.starts_with("The underlying secure session has faulted before the reliable")
            );
            assert!(client.out.is_empty() && client.said.dials == 1);
        }
    }
    let mut service = Service::open(V11, settings(Links::Bound));
    let session = service.session();
    service.arrive(Some(2), sequenced(session, 1, 7), None);
    assert_eq!((service.aborted.clone(), service.said.delivered.len()), (vec![2], 0));
    let reason = "reset".to_owned();
    service.give(DuplexListenerInput::LinkBroken { link: LinkId(1), reason });
    assert!(matches!(service.said.fault, Some(SessionError::SecurityLost(_))));
}

#[test]
fn a_service_goes_on_over_the_connection_of_the_next_message() {
    for version in BOTH {
        for resend in [true, false] {
            let mut settings = settings(Links::Replaced);
            settings.resend_on_new_link = resend;
            let mut service = Service::open(version, settings);
            let session = service.session();
            service.send(1);
            service.next();
            let mut question = Message::new(Body::AckRequested);
            question.headers.ack_requested = Some(session.clone());
            service.arrive(Some(2), question, None);
            assert_eq!(service.adopted, [(2, Some(1))]);
            assert_eq!(service.listener.link(&session), Some(LinkId(2)));
            service.tick();
            let sent: Vec<_> = service.out.drain(..).map(|(_, m)| number(&m)).collect();
            // WCF's sends it again six seconds after the first time.
            assert_eq!(sent.contains(&Some(1)), resend);
            service.wait(6_000);
            assert!(resend || service.out.iter().any(|(_, m)| number(m) == Some(1)));
            // The old one is nobody's any more.
            let reason = "reset".to_owned();
            service.give(DuplexListenerInput::LinkBroken { link: LinkId(1), reason });
            assert_eq!(service.listener.link(&session), Some(LinkId(2)));
        }
    }
}

#[test]
fn a_service_without_a_connection_waits_for_one() {
    for version in BOTH {
        let mut service = Service::open(version, settings(Links::Replaced));
        let session = service.session();
        let reason = "reset".to_owned();
        service.give(DuplexListenerInput::LinkBroken { link: LinkId(1), reason });
        (1..=2).for_each(|payload| service.send(payload));
        service.wait(20_000);
        assert!(service.out.is_empty() && service.said.fault.is_none());
        service.arrive(Some(2), sequenced(session.clone(), 1, 7), None);
        assert_eq!(service.said.delivered, [(1, 7)]);
        assert_eq!(number(&service.next()), Some(1));
        service.arrive(Some(2), acknowledgement(back(), 1, 8), None);
        assert_eq!(number(&service.next()), Some(2));
    }
}

#[test]
fn the_offer_finds_the_session_again() {
    for version in BOTH {
        let mut service = Service::open(version, settings(Links::Replaced));
        let session = service.session();
        service.arrive(Some(2), create(version, true), None);
        let Body::CreateSequenceResponse(response) = service.next().body else { panic!() };
        assert_eq!((response.identifier, service.created.len()), (session.clone(), 1));
        assert_eq!(service.adopted, [(2, Some(1))]);
        // A connection is one session's: a message of another on it breaks the rules of this one.
        service.arrive(Some(2), sequenced("urn:another".into(), 1, 7), None);
        let Body::Fault(fault) = service.next().body else { panic!() };
        assert!(matches!(fault.kind, FaultKind::UnknownSequence(_)));
    }
}
