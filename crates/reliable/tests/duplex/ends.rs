//! How sequences end, each on its own, and what of that comes late.

use waxwing_reliable::{
    Body, FaultKind, Links, Message, Ranges, SequenceAcknowledgement, SequenceFault, SessionError,
    Step,
};

use crate::harness::{
    BOTH, Client, February2005, Service, V11, acknowledged, acknowledgement, back, fault, forward,
    last_message, number, sequenced, settings, shutdown,
};

fn response(of: &Message<u32>, upto: u64) -> Message<u32> {
    let mut message = Message::new(match &of.body {
        Body::CloseSequence(shutdown) => Body::CloseSequenceResponse(shutdown.identifier.clone()),
        Body::TerminateSequence(shutdown) => {
            Body::TerminateSequenceResponse(shutdown.identifier.clone())
        }
        other => panic!("{other:?}"),
    });
    message.relates_to.clone_from(&of.message_id);
    let mut acknowledgement = SequenceAcknowledgement::new(forward(), Ranges::up_to(upto));
    acknowledgement.is_final = true;
    message.headers.acknowledgement = Some(acknowledgement);
    message
}

/// The service's sequence ends.
fn peer_ends(client: &mut Client, last: u64) {
    if client.session.version() == February2005 {
        let identifier = client.session.back().unwrap().clone();
        client.receive(last_message(identifier, last + 1));
        client.wait(client.now);
        let farewell = client.next();
        assert_eq!(acknowledged(&farewell).map(|a| a.0), Some(format!("1-{}", last + 1)));
    } else {
        let close = client.shutdown(false, Some(last));
        client.receive(close);
        let answer = client.next();
        assert!(matches!(answer.body, Body::CloseSequenceResponse(_)));
        let header = answer.headers.acknowledgement.unwrap();
        assert!(header.is_final && header.ranges == Ranges::up_to(last));
    }
    assert!(client.said.ended);
    client.receive(client.shutdown(true, Some(last)));
    if client.session.version() == V11 {
        assert!(matches!(client.next().body, Body::TerminateSequenceResponse(_)));
    }
}

/// Our own does.
fn client_ends(client: &mut Client, sent: u64) {
    client.close(60_000);
    if client.session.version() == February2005 {
        let last = client.next();
        assert!(matches!(last.body, Body::LastMessage) && number(&last) == Some(sent + 1));
        client.acknowledge(sent + 1, 8);
        let terminate = client.next();
        assert!(matches!(terminate.body, Body::TerminateSequence(_)));
        assert_eq!(terminate.message_id, None, "a notice");
        return;
    }
    for terminates in [false, true] {
        let request = client.next();
        assert_eq!(matches!(request.body, Body::TerminateSequence(_)), terminates);
        let (Body::CloseSequence(named) | Body::TerminateSequence(named)) = &request.body else {
            panic!()
        };
        assert_eq!(named.last_message_number, Some(sent).filter(|n| *n > 0));
        assert!(request.message_id.is_some());
        client.receive(response(&request, sent));
    }
}

#[test]
fn each_sequence_ends_by_itself_in_either_order() {
    for version in BOTH {
        for client_first in [true, false] {
            let mut client = Client::open(version, settings(Links::Unseen));
            client.send(1);
            client.next();
            client.acknowledge(1, 8);
            client.receive(client.incoming(1, 7));
            client.wait(200);
            client.next();
            if client_first {
                client_ends(&mut client, 1);
                assert!(!client.said.closed);
                // Half is closed: the service goes on.
                client.receive(client.incoming(2, 8));
                client.wait(client.now + 200);
                client.next();
                peer_ends(&mut client, 2);
            } else {
                peer_ends(&mut client, 1);
                assert!(!client.said.closed);
                client.send(2);
                client.next();
                client.acknowledge(2, 8);
                client_ends(&mut client, 2);
            }
            assert!(
                client.said.closed && client.said.fault.is_none(),
                "{version:?} {client_first}"
            );
            assert!(client.out.is_empty());
        }
    }
}

#[test]
fn the_last_message_waits_for_its_place_and_no_acknowledgement() {
    let mut client = Client::open(February2005, settings(Links::Unseen));
    (1..=3).for_each(|payload| client.send(payload));
    client.next();
    client.close(60_000);
    client.acknowledge(1, 8);
    assert_eq!([client.next(), client.next()].each_ref().map(number), [Some(2), Some(3)]);
    assert!(client.out.is_empty(), "there is no place for it");
    client.acknowledge(2, 8);
    let last = client.next();
    assert!(matches!(last.body, Body::LastMessage), "3 is not acknowledged yet");
    client.acknowledge(3, 8);
    assert!(client.out.is_empty());
    client.acknowledge(4, 8);
    assert!(matches!(client.next().body, Body::TerminateSequence(_)));
    client.send(4);
    assert_eq!(client.said.failed, [(4, None)]);
}

#[test]
fn close_asks_once_and_waits_for_every_acknowledgement() {
    let mut client = Client::open(V11, settings(Links::Unseen));
    client.send(1);
    client.next();
    client.close(60_000);
    let question = client.next();
    assert!(matches!(question.body, Body::AckRequested) && client.out.is_empty());
    client.acknowledge(1, 8);
    assert!(matches!(client.next().body, Body::CloseSequence(_)));
}

#[test]
fn a_final_acknowledgement_on_any_message_confirms_close() {
    let mut client = Client::open(V11, settings(Links::Unseen));
    client.close(60_000);
    let close = client.next();
    let mut message = client.incoming(1, 7);
    message.headers.acknowledgement = response(&close, 0).headers.acknowledgement;
    client.receive(message);
    assert!(matches!(client.next().body, Body::TerminateSequence(_)));
    assert_eq!(client.said.delivered, [(1, 7)]);
    // The answer itself comes late.
    client.receive(response(&close, 0));
    assert!(client.said.fault.is_none());
}

#[test]
fn what_answers_another_request_confirms_nothing() {
    let mut client = Client::open(V11, settings(Links::Unseen));
    client.close(60_000);
    let close = client.next();
    let mut other = response(&close, 0);
    other.relates_to = Some("urn:another".into());
    other.headers.acknowledgement = None;
    client.receive(other);
    assert!(client.out.is_empty());
    let again = client.wait_for_message();
    assert_eq!((&again, client.now), (&close, 10_000));
}

#[test]
fn close_that_nobody_answers_fails_and_terminate_does_not() {
    for answered in [false, true] {
        let mut client = Client::open(V11, settings(Links::Unseen));
        peer_ends(&mut client, 0);
        client.close(25_000);
        let close = client.next();
        if answered {
            client.receive(response(&close, 0));
        }
        client.wait(25_000);
        assert_eq!(client.said.closed, answered);
        let step = match client.said.fault {
            Some(SessionError::TimedOut { step, .. }) => Some(step),
            _ => None,
        };
        assert_eq!(step, (!answered).then_some(Step::CloseSequence));
    }
}

#[test]
fn a_peer_that_never_ends_is_given_up_at_the_deadline() {
    for version in BOTH {
        let mut client = Client::open(version, settings(Links::Unseen));
        client_ends(&mut client, 0);
        client.wait(60_000);
        let Some(SessionError::TimedOut { step: Step::EndOfMessages, .. }) = client.said.fault
        else {
            panic!("{:?}", client.said.fault)
        };
        assert!(matches!(client.next().body, Body::Fault(_)));
    }
}

/// In 2005 nothing answers TerminateSequence, and it may be lost.
#[test]
fn a_farewell_that_is_lost_is_asked_for_and_not_missed() {
    let mut client = Client::open(February2005, settings(Links::Unseen));
    let identifier = client.session.back().unwrap().clone();
    client.receive(last_message(identifier, 1));
    client.wait(0);
    client.next();
    client.close(60_000);
    client.next();
    client.acknowledge(1, 8);
    client.next();
    // Ours may be lost, too.
    let again = client.wait_for_message();
    assert!(matches!(again.body, Body::TerminateSequence(_)) && client.now == 10_000);
    assert!(matches!(client.next().body, Body::AckRequested));
    client.wait(60_000);
    assert!(client.said.closed && client.said.fault.is_none());
}

#[test]
fn a_service_that_has_ended_answers_what_comes_late() {
    for version in BOTH {
        let mut service = Service::open(version, settings(Links::Unseen));
        let session = service.session();
        let is_11 = version == V11;
        service.arrive(None, sequenced(session.clone(), 1, 7), None);
        service.wait(200);
        service.next();
        let deadline = waxwing_reliable::Time::from_millis(60_000);
        service.input(waxwing_reliable::DuplexInput::Close { deadline });
        if is_11 {
            let close = service.next();
            let mut answer = Message::new(Body::CloseSequenceResponse(back()));
            answer.relates_to = close.message_id;
            service.arrive(None, answer, None);
            let terminate = service.next();
            let mut answer = Message::new(Body::TerminateSequenceResponse(back()));
            answer.relates_to = terminate.message_id;
            service.arrive(None, answer, None);
            service.arrive(None, shutdown(true, false, session.clone(), Some(1)), None);
        } else {
            service.next();
            service.arrive(None, acknowledgement(back(), 1, 8), None);
            service.next();
            service.arrive(None, last_message(session.clone(), 2), None);
            service.tick();
        }
        service.next();
        service.arrive(None, shutdown(is_11, true, session.clone(), Some(1)), None);
        assert!(service.said.closed && service.listener.sessions().count() == 0);
        if is_11 {
            assert!(matches!(service.next().body, Body::TerminateSequenceResponse(_)));
            service.arrive(None, shutdown(true, true, session.clone(), Some(1)), None);
            let again = service.answer();
            assert!(matches!(again.body, Body::TerminateSequenceResponse(_)));
            assert!(again.headers.acknowledgement.unwrap().is_final);
        }
        // A copy of a message, or a late acknowledgement, is no offence.
        service.arrive(None, sequenced(session.clone(), 1, 7), None);
        assert!(matches!(service.answer().body, Body::SequenceAcknowledgement));
        service.arrive(None, acknowledgement(back(), 1, 8), None);
        assert!(service.answers.is_empty());
        // Who asks has not heard the end.
        let mut question = Message::new(Body::AckRequested);
        question.headers.ack_requested = Some(session.clone());
        service.arrive(None, question, None);
        let answer = service.answer();
        match is_11 {
            true => assert!(matches!(answer.body, Body::SequenceAcknowledgement)),
            false => {
                assert!(matches!(answer.body, Body::TerminateSequence(s) if s.identifier == back()))
            }
        }
        assert_eq!(service.said.delivered, [(1, 7)]);
        // After a while nobody remembers.
        service.wait(700_000);
        service.arrive(None, sequenced(session, 1, 7), None);
        let Body::Fault(fault) = service.answer().body else { panic!() };
        assert!(matches!(fault.kind, FaultKind::UnknownSequence(_)));
    }
}

#[test]
fn a_peer_that_has_forgotten_an_ended_session_has_closed_it() {
    let unknown = || fault(SequenceFault::sender(FaultKind::UnknownSequence(forward()), "gone"));
    for version in BOTH {
        for (is_ended, closes) in [(true, true), (false, false)] {
            let mut client = Client::open(version, settings(Links::Unseen));
            if is_ended {
                peer_ends(&mut client, 0);
            }
            client.close(60_000);
            let first = client.next();
            match version {
                V11 => client.receive(response(&first, 0)),
                February2005 => client.acknowledge(1, 8),
            }
            client.next();
            if version == V11 || !is_ended {
                client.receive(unknown());
            }
            assert_eq!((client.said.closed, client.said.fault.is_none()), (closes, closes));
        }
        // Before that it is the end.
        let mut client = Client::open(version, settings(Links::Unseen));
        client.receive(unknown());
        assert!(matches!(client.said.fault, Some(SessionError::Peer(_))));
        assert!(client.out.is_empty(), "a fault is not answered with one");
    }
}

#[test]
fn rules_of_the_end_are_rules() {
    type Wrong = fn(&Client) -> Message<u32>;
    let wrongs: [(_, Wrong, &str); 6] = [
        (February2005, |c| c.shutdown(true, None), "SequenceTerminated"),
        // Only who sends a sequence may end it.
        (V11, |_| shutdown(true, false, forward(), None), "UnknownSequence"),
        (V11, |_| shutdown(true, true, forward(), None), "UnknownSequence"),
        (V11, |c| c.shutdown(false, Some(1)), "SequenceTerminated"),
        (
            V11,
            |c| {
                let mut wrong = c.shutdown(false, Some(2));
                if let Body::CloseSequence(s) = &mut wrong.body {
                    s.reply_to = Some(waxwing_soap::EndpointReference::new("http://elsewhere/"));
                }
                wrong
            },
            "SequenceTerminated",
        ),
        (
            February2005,
            |c| last_message(c.session.back().unwrap().clone(), 1),
            "LastMessageNumberExceeded",
        ),
    ];
    for (version, wrong, name) in wrongs {
        let mut client = Client::open(version, settings(Links::Unseen));
        client.receive(client.incoming(2, 8));
        client.receive(wrong(&client));
        let Body::Fault(fault) = client.next().body else { panic!("{name}") };
        assert_eq!(fault.kind.local_name(), name);
        assert!(matches!(client.said.fault, Some(SessionError::Protocol(_))), "{name}");
    }
}

#[test]
fn what_comes_after_close_is_refused_and_the_session_goes_on() {
    let mut client = Client::open(V11, settings(Links::Unseen));
    client.receive(client.incoming(1, 7));
    client.receive(client.shutdown(false, Some(1)));
    client.next();
    client.receive(client.incoming(2, 8));
    let refusal = client.next();
    let Body::Fault(fault) = refusal.body else { panic!() };
    assert!(matches!(fault.kind, FaultKind::SequenceClosed(_)));
    assert!(refusal.headers.acknowledgement.unwrap().is_final);
    client.send(1);
    assert_eq!(number(&client.next()), Some(1));
    assert!(client.said.fault.is_none() && client.said.delivered == [(1, 7)]);
}

#[test]
fn an_end_with_messages_missing_is_none() {
    let mut client = Client::open(V11, settings(Links::Unseen));
    client.receive(client.incoming(1, 7));
    client.receive(client.incoming(3, 9));
    client.receive(client.shutdown(false, Some(3)));
    let answer = client.next();
    assert_eq!(acknowledged(&answer).map(|a| a.0), Some("1-1,3-3".into()));
    assert!(!client.said.ended);
    client.receive(client.shutdown(true, Some(3)));
    assert!(matches!(client.next().body, Body::TerminateSequenceResponse(_)), "it is answered");
    assert!(matches!(client.said.fault, Some(SessionError::Incomplete(_))));
}

#[test]
fn an_abort_says_so_once() {
    for version in BOTH {
        let mut client = Client::open(version, settings(Links::Unseen));
        client.send(1);
        client.send(2);
        client.out.clear();
        let reason = "enough".to_owned();
        client.give(waxwing_reliable::DuplexInput::Abort { reason });
        let Body::Fault(fault) = client.next().body else { panic!() };
        assert_eq!(fault.blame, waxwing_reliable::Blame::Receiver);
        assert!(matches!(fault.kind, FaultKind::SequenceTerminated(_)));
        assert_eq!(client.said.failed, [(1, Some(1)), (2, None)]);
        client.receive(client.incoming(1, 7));
        assert!(client.out.is_empty() && client.said.delivered.is_empty());
        assert_eq!(client.wake_at(), None);
    }
}
