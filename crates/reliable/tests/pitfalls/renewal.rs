//! A peer that does not process a message before it has a new key.

use std::time::Duration;

use waxwing_reliable::{Body, ExchangeId, InitiatorInput, LossRecovery, ReliableSessionSettings};

use crate::harness::*;

impl Client {
    fn postpone(&mut self, exchange: u64) {
        let reason = "the session key must be renewed".to_owned();
        self.give(InitiatorInput::Postponed { exchange: ExchangeId(exchange), reason });
    }

    fn resume(&mut self) {
        self.give(InitiatorInput::Resume);
    }
}

/// It goes again at the owner's word, however far its timer is; nothing was lost, and nothing is measured.
#[test]
fn a_postponed_message_goes_again_when_the_owner_says() {
    for shape in [RequestReply, OneWay] {
        let mut client = Client::open(V11, shape, window(8), 100);
        client.call(1);
        client.take();
        // Lost twice: the third is due in many seconds.
        client.wait(Duration::from_secs(10));
        let lost = client.sent.len();
        assert!(lost >= 2, "{lost}");
        let exchange = client.sent.drain(..).next_back().expect("sent").0;
        let timeout = client.initiator.status().retransmission_timeout;
        client.postpone(exchange);
        assert!(client.sent.is_empty());
        client.now = client.now + Duration::from_millis(300);
        client.resume();
        let (again, number) = client.take_number();
        assert_eq!(number, 1);
        assert_eq!(client.initiator.status().retransmission_timeout, timeout);
        client.resume();
        assert!(client.sent.is_empty(), "once");
        let before = client.initiator.status().round_trip;
        client.respond(again, if shape == OneWay { stand_alone(1) } else { reply(1, 1, 7) });
        assert_eq!(client.completed().len(), 1);
        // What the answer took after the word to go, which is nothing.
        assert!(client.initiator.status().round_trip <= before);
    }
}

/// No attempt is counted: with one retry allowed, two demands between leave it that one.
#[test]
fn a_postponed_message_was_not_attempted() {
    let settings = ReliableSessionSettings { max_retry_count: 1, ..window(8) };
    let mut client = Client::open(V11, RequestReply, settings, 100);
    client.call(1);
    for _ in 0..2 {
        let (exchange, _) = client.take();
        client.postpone(exchange);
        client.resume();
    }
    client.take();
    let timer = client.initiator.wake_at().expect("a timer");
    client.wait(timer - client.now);
    let (exchange, _) = client.take_number();
    client.respond(exchange, reply(1, 1, 7));
    assert_eq!(client.completed(), [(1, Some(7))]);
}

/// Whoever demands for ever gets three messages for each time that the timer runs out.
#[test]
fn endless_demands_are_paced() {
    for recovery in [LossRecovery::Wcf, LossRecovery::Eager] {
        let settings = ReliableSessionSettings { loss_recovery: recovery, ..window(8) };
        let mut client = Client::open(V11, RequestReply, settings, 100);
        client.call(1);
        for _round in 0..3 {
            for _ in 0..3 {
                let (exchange, _) = client.take();
                client.postpone(exchange);
                client.resume();
            }
            assert!(client.sent.is_empty(), "{recovery:?}: no busy loop");
            let timer = client.initiator.wake_at().expect("a timer");
            client.wait(timer - client.now);
        }
        assert!(client.error().is_none());
    }
}

/// A demand that an earlier transmission drew says nothing of the one that is under way.
#[test]
fn an_earlier_demand_is_no_news() {
    let mut client = Client::open(V11, RequestReply, window(8), 100);
    client.call(1);
    let (first, _) = client.take();
    client.wait(Duration::from_millis(2500));
    let (second, _) = client.take_number();
    client.sent.clear();
    client.postpone(first);
    client.resume();
    assert!(client.sent.is_empty());
    client.respond(second, reply(1, 1, 7));
    assert_eq!(client.completed(), [(1, Some(7))]);
}

/// Several go again in the order of their numbers, before what is new.
#[test]
fn postponed_messages_keep_their_order() {
    let mut client = Client::open(V11, RequestReply, window(8), 100);
    client.call(1);
    let (first, _) = client.take();
    client.respond(first, reply(1, 1, 1));
    (2..=3).for_each(|call| client.call(call));
    let (second, third) = (client.take().0, client.take().0);
    client.postpone(third);
    client.postpone(second);
    client.resume();
    assert_eq!((client.take_number().1, client.take_number().1), (2, 3));
}

/// CreateSequence, CloseSequence and TerminateSequence do not wait for their interval; nor does a keep-alive.
#[test]
fn the_protocols_requests_go_again_too() {
    let mut client = Client::opening(V11, RequestReply, window(8));
    for round in 0..3 {
        let (exchange, create) = client.take();
        assert!(matches!(create.body, Body::CreateSequence(_)));
        client.postpone(exchange);
        client.resume();
        assert_eq!(client.sent.is_empty(), round == 2);
    }

    for version in BOTH {
        let mut client = Client::open(version, RequestReply, window(8), 100);
        client.wait(Duration::from_secs(301));
        let (poll, message) = client.take();
        assert!(matches!(message.body, Body::AckRequested));
        client.sent.clear();
        client.postpone(poll);
        client.resume();
        let (poll, message) = client.take();
        assert!(matches!(message.body, Body::AckRequested));
        client.respond(poll, stand_alone(0));
        client.close();
        let (exchange, first) = client.take();
        assert!(!matches!(first.body, Body::AckRequested));
        client.postpone(exchange);
        assert!(client.sent.is_empty());
        client.resume();
        let (_, again) = client.take();
        assert_eq!(again.message_id, first.message_id);
        assert_eq!(std::mem::discriminant(&again.body), std::mem::discriminant(&first.body));
        assert!(client.error().is_none());
    }
}
