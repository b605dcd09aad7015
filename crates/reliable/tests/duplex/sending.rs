//! The window, flow control and acknowledgements.

use waxwing_reliable::{Body, DuplexInput, Event, FaultKind, Links, Message, Ranges, SessionError};

use crate::harness::{
    BOTH, Client, February2005, SECOND, Service, V11, acknowledged, acknowledgement, back, forward,
    number, sequenced, settings,
};

#[test]
fn the_window_grows_and_whatever_fills_it_asks() {
    for version in BOTH {
        let mut client = Client::open(version, settings(Links::Unseen));
        (1..=20).for_each(|payload| client.send(payload));
        let (mut upto, mut bursts) = (0, Vec::new());
        while upto < 20 {
            let burst: Vec<_> = client.out.drain(..).map(|(_, m)| m).collect();
            let asks = |m: &&Message<u32>| m.headers.ack_requested.is_some();
            // The last one fills the window, until there are no more.
            assert_eq!(burst.iter().filter(asks).count(), usize::from(upto + 8 < 20), "{burst:?}");
            upto = number(burst.last().unwrap()).unwrap();
            bursts.push(burst.len());
            client.acknowledge(upto, 8);
        }
        assert_eq!(bursts, [1, 2, 4, 8, 5]);
        assert_eq!(client.said.acknowledged.len(), 20);
    }
}

#[test]
fn an_asking_message_asks_again() {
    let mut client = Client::open(February2005, settings(Links::Unseen));
    client.send(1);
    let first = client.next();
    assert_eq!(first.headers.ack_requested, Some(forward()));
    assert_eq!(client.wait_for_message(), first);
}

#[test]
fn a_full_peer_is_waited_for_and_asked() {
    for version in BOTH {
        let mut client = Client::open(version, settings(Links::Unseen));
        (1..=3).for_each(|payload| client.send(payload));
        client.next();
        client.acknowledge(1, 0);
        assert!(client.out.is_empty() && client.said.events.contains(&Event::PeerFull));
        // WCF's fast polling: half of SendTimeout.
        let poll = client.wait_for_message();
        assert!(matches!(poll.body, Body::AckRequested) && client.now == 30_000);
        client.acknowledge(1, 8);
        assert_eq!([client.next(), client.next()].each_ref().map(number), [Some(2), Some(3)]);
    }
}

/// WCF's service never asks. A word that there is room may be lost, and then nothing would ever be sent.
#[test]
fn a_service_asks_a_full_client_too() {
    let mut service = Service::open(V11, settings(Links::Unseen));
    (1..=3).for_each(|payload| service.send(payload));
    service.next();
    service.arrive(None, acknowledgement(back(), 1, 0), None);
    assert!(service.out.is_empty());
    service.wait(29_000);
    assert!(service.out.is_empty());
    service.wait(31_000);
    assert!(matches!(service.next().body, Body::AckRequested));
    // One that has nothing to say does not ask.
    let mut service = Service::open(V11, settings(Links::Unseen));
    service.wait(400_000);
    assert!(service.out.is_empty());
}

#[test]
fn acknowledgements_ride_along_or_go_alone_in_time() {
    for version in BOTH {
        let mut client = Client::open(version, settings(Links::Unseen));
        client.receive(client.incoming(1, 7));
        client.give(DuplexInput::Taken(1));
        client.wait(199);
        assert!(client.out.is_empty());
        client.wait(200);
        let alone = client.next();
        assert!(matches!(alone.body, Body::SequenceAcknowledgement));
        assert_eq!(acknowledged(&alone), Some(("1-1".to_owned(), Some(8))));
        // One that is due rides along with what is sent meanwhile; then none is due.
        client.receive(client.incoming(2, 8));
        client.send(1);
        assert_eq!(acknowledged(&client.next()), Some(("1-2".to_owned(), Some(7))));
        client.wait(client.now + 390);
        assert!(client.out.is_empty());
        // What is sent again says the present.
        client.receive(client.incoming(3, 9));
        client.wait(client.now + 150);
        let again = client.next();
        assert_eq!(
            (number(&again), acknowledged(&again).map(|a| a.0)),
            (Some(1), Some("1-3".into()))
        );
    }
}

#[test]
fn what_is_urgent_is_acknowledged_at_once() {
    type Cause = fn(&mut Client);
    let causes: [(&str, Cause); 3] = [
        ("a question", |client| {
            let mut question = Message::new(Body::AckRequested);
            question.headers.ack_requested = client.session.back().cloned();
            client.receive(question);
        }),
        ("a question with a message", |client| {
            let mut message = client.incoming(1, 7);
            message.headers.ack_requested = client.session.back().cloned();
            client.receive(message);
        }),
        ("a window full", |client| {
            (1..=8).for_each(|n| client.receive(client.incoming(n, n as u32)));
        }),
    ];
    for (why, cause) in causes {
        let mut client = Client::open(V11, settings(Links::Unseen));
        cause(&mut client);
        assert_eq!(client.wake_at(), Some(0), "{why}");
        assert!(client.out.is_empty(), "{why}: the application may still answer in the same turn");
        client.wait(0);
        assert!(matches!(client.next().body, Body::SequenceAcknowledgement), "{why}");
    }
    let mut client = Client::open(V11, settings(Links::Unseen));
    client.receive(client.incoming(1, 7));
    client.wait(1_000);
    client.next();
    client.receive(client.incoming(1, 7));
    client.wait(1_000);
    assert_eq!(acknowledged(&client.next()).map(|a| a.0), Some("1-1".into()), "a duplicate");
    assert_eq!(client.said.delivered, [(1, 7)]);
}

#[test]
fn room_is_said_and_said_again_when_there_is_some() {
    let mut settings = settings(Links::Unseen);
    settings.reliable.max_transfer_window_size = 2;
    let mut client = Client::open(February2005, settings);
    client.receive(client.incoming(1, 7));
    client.receive(client.incoming(2, 8));
    client.wait(0);
    assert_eq!(acknowledged(&client.next()), Some(("1-2".to_owned(), Some(0))));
    // A third is not taken, and not acknowledged.
    client.receive(client.incoming(3, 9));
    client.wait(client.now + 1_000);
    assert!(client.out.is_empty() && client.said.delivered.len() == 2);
    client.give(DuplexInput::Taken(1));
    client.wait(client.now);
    assert_eq!(acknowledged(&client.next()), Some(("1-2".to_owned(), Some(1))));
    client.give(DuplexInput::Taken(2));
    client.wait(client.now);
    assert!(client.out.is_empty(), "it is said once");
}

#[test]
fn gaps_are_kept_and_delivered_in_order() {
    for ordered in [true, false] {
        let mut settings = settings(Links::Unseen);
        settings.reliable.ordered = ordered;
        let mut client = Client::open(V11, settings);
        client.receive(client.incoming(3, 9));
        client.receive(client.incoming(1, 7));
        client.wait(200);
        assert_eq!(acknowledged(&client.next()).map(|a| a.0), Some("1-1,3-3".into()));
        client.receive(client.incoming(2, 8));
        let expected: &[(u64, u32)] = match ordered {
            true => &[(1, 7), (2, 8), (3, 9)],
            false => &[(3, 9), (1, 7), (2, 8)],
        };
        assert_eq!(client.said.delivered, expected);
    }
}

#[test]
fn acknowledgements_that_cannot_be_end_the_session() {
    type Wrong = fn(&mut Message<u32>);
    let wrongs: [(Wrong, &str); 3] = [
        (
            |m| m.headers.acknowledgement.as_mut().unwrap().ranges = Ranges::up_to(3),
            "InvalidAcknowledgement",
        ),
        // It has the second, and takes the first back.
        (
            |m| {
                let ranges = &mut m.headers.acknowledgement.as_mut().unwrap().ranges;
                *ranges = Ranges::new();
                ranges.insert(2);
            },
            "InvalidAcknowledgement",
        ),
        (|m| m.headers.acknowledgement.as_mut().unwrap().is_final = true, "SequenceTerminated"),
    ];
    for (spoil, name) in wrongs {
        let mut client = Client::open(V11, settings(Links::Unseen));
        client.send(1);
        client.acknowledge(1, 8);
        client.send(2);
        client.out.clear();
        let mut wrong = acknowledgement(forward(), 1, 8);
        spoil(&mut wrong);
        client.receive(wrong);
        let Body::Fault(fault) = client.next().body else { panic!("{name}") };
        assert_eq!(fault.kind.local_name(), name);
        assert!(matches!(client.said.fault, Some(SessionError::Protocol(_))));
        assert_eq!(client.said.failed, [(2, Some(2))]);
    }
}

#[test]
fn an_old_acknowledgement_says_nothing() {
    let mut client = Client::open(February2005, settings(Links::Unseen));
    client.send(1);
    client.acknowledge(1, 8);
    client.send(2);
    client.acknowledge(0, 8);
    assert!(client.said.fault.is_none());
    client.acknowledge(2, 8);
    assert_eq!(client.said.acknowledged, [1, 2]);
}

#[test]
fn a_message_is_sent_so_often_and_no_more() {
    let mut settings = settings(Links::Unseen);
    settings.reliable.max_retry_count = 3;
    let mut client = Client::open(V11, settings);
    client.send(1);
    let mut sent = Vec::new();
    while client.said.fault.is_none() {
        sent.extend(client.out.drain(..).map(|(_, m)| m));
        let at = client.wake_at().unwrap();
        client.wait(at);
    }
    assert_eq!(sent.iter().filter(|m| number(m) == Some(1)).count(), 4);
    assert!(matches!(client.said.fault, Some(SessionError::RetriesExceeded { attempts: 4, .. })));
    assert_eq!(client.said.failed, [(1, Some(1))]);
    let Body::Fault(fault) = client.out.pop_back().unwrap().1.body else { panic!() };
    // WCF's duplex ends name the sequence that they receive.
    assert_eq!(fault.kind, FaultKind::SequenceTerminated(client.session.back().unwrap().clone()));
}

#[test]
fn only_the_client_asks_a_silent_peer_and_both_give_it_up() {
    let mut settings = settings(Links::Unseen);
    settings.reliable.inactivity_timeout = 16 * SECOND;
    let mut client = Client::open(V11, settings.clone());
    let mut polls = Vec::new();
    while client.said.fault.is_none() {
        polls.extend(client.out.drain(..).map(|(_, m)| (client.now / 1000, m)));
        let at = client.wake_at().unwrap();
        client.wait(at);
    }
    assert_eq!(polls.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [8, 9, 10, 11, 12, 13, 14, 15]);
    assert!(polls.iter().all(|(_, m)| matches!(m.body, Body::AckRequested)));
    assert_eq!(client.said.fault, Some(SessionError::Inactivity(16 * SECOND)));
    let mut service = Service::open(V11, settings);
    service.wait(15_999);
    assert!(service.out.is_empty());
    service.wait(16_000);
    assert!(matches!(service.next().body, Body::Fault(_)));
    assert_eq!(service.said.fault, Some(SessionError::Inactivity(16 * SECOND)));
    assert_eq!(service.listener.sessions().count(), 0);
}

#[test]
fn a_contract_of_one_way_operations_has_one_sequence() {
    for version in BOTH {
        let mut settings = settings(Links::Unseen);
        settings.two_way = false;
        let mut client = Client::open(version, settings.clone());
        client.send(1);
        let message = client.next();
        assert!(message.headers.acknowledgement.is_none() && client.session.back().is_none());
        client.acknowledge(1, 8);
        assert_eq!(client.said.acknowledged, [1]);
        let mut service = Service::open(version, settings);
        let session = service.session();
        service.arrive(None, sequenced(session, 1, 7), None);
        assert_eq!(service.said.delivered, [(1, 7)]);
        service.send(1);
        assert_eq!(service.said.failed, [(1, None)]);
    }
}
