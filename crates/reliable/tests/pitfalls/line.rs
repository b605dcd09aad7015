//! Many calls at once on an ordered session: in which order they are posted, and what becomes of one that is refused
//! because it came early.

use std::time::Duration;

use crate::harness::{BOTH, Client, February2005, OneWay, RequestReply, V11, reply, window};
use waxwing_reliable::{Body, ExchangeId, FailureKind, ReliableSessionSettings};

/// A session whose window is wide, and that has nothing to do.
fn wide(settings: ReliableSessionSettings) -> Client {
    let mut client = Client::open(V11, RequestReply, settings, 100);
    for call in 1..=8 {
        client.call(call);
        let (exchange, _) = client.take();
        client.respond(exchange, reply(call, call, 0));
    }
    client
}

fn retransmissions(client: &Client) -> u64 {
    client.initiator.status().counters.retransmissions
}

/// The next message is begun when the one before is written, or its exchange has ended.
#[test]
fn a_message_waits_until_the_one_before_is_written() {
    let mut client = wide(window(8));
    client.writes_at_once = false;
    (9..=12).for_each(|call| client.call(call));
    let (ninth, number) = client.take_number();
    assert_eq!((number, client.sent.len()), (9, 0));
    client.written(ninth);
    let (tenth, number) = client.take_number();
    assert_eq!((number, client.sent.len()), (10, 0));
    client.fail(tenth, FailureKind::Retryable);
    let (eleventh, number) = client.take_number();
    assert_eq!((number, client.sent.len()), (11, 0));
    client.respond(eleventh, reply(9, 11, 0));
    assert_eq!(client.take_number().1, 12);
    // What is never written holds nothing up for ever: the timer sends the head, and goes on.
    client.call(13);
    client.wait(Duration::from_secs(1));
    assert_eq!(client.take_number().1, 9);
}

/// That a message is written is noted without more where nothing waits for it, and only there.
#[test]
fn what_nothing_waits_for_is_only_noted() {
    let mut client = wide(window(8));
    client.writes_at_once = false;
    client.call(9);
    let (ninth, _) = client.take_number();
    assert!(client.initiator.is_held_up());
    assert!(client.initiator.note_written(ExchangeId(ninth)));
    assert!(!client.initiator.is_held_up());
    client.call(10);
    let (tenth, _) = client.take_number();
    client.call(11);
    assert!(client.sent.is_empty(), "it waits until the one before is written");
    assert!(!client.initiator.note_written(ExchangeId(tenth)), "something comes of it");
    client.written(tenth);
    assert_eq!(client.take_number().1, 11);
}

/// The last message of a session that closes waits for one that is being written again, though its answer is there.
#[test]
fn a_session_that_closes_waits_for_what_is_being_written() {
    let mut client = Client::open(February2005, RequestReply, window(8), 100);
    client.call(1);
    let (first, _) = client.take();
    client.writes_at_once = false;
    client.wait(Duration::from_secs(2));
    let (again, ..) = client.sent.drain(..).next_back().expect("it is sent again");
    client.respond(first, reply(1, 1, 0));
    client.close();
    assert!(client.sent.is_empty());
    assert!(!client.initiator.note_written(ExchangeId(again)), "something comes of it");
    client.written(again);
    assert!(matches!(client.take().1.body, Body::LastMessage));
}

/// Order matters only where the service refuses what is early.
#[test]
fn unordered_and_one_way_sessions_need_not_wait() {
    for (shape, ordered) in [(RequestReply, false), (OneWay, true)] {
        let settings = ReliableSessionSettings { ordered, ..window(8) };
        let mut client = Client::open(V11, shape, settings, 100);
        client.call(1);
        let (exchange, _) = client.take();
        match shape {
            OneWay => client.respond(exchange, crate::harness::stand_alone(1)),
            RequestReply => client.respond(exchange, reply(1, 1, 0)),
        }
        client.writes_at_once = false;
        (2..=3).for_each(|call| client.call(call));
        assert_eq!(client.sent.len(), 2);
    }
}

/// A refused message goes out again as soon as everything below it is acknowledged, and those that follow go in turn.
#[test]
fn an_early_message_that_was_refused_is_sent_again_in_its_turn() {
    for order in [false, true] {
        let mut client = wide(window(8));
        (9..=12).for_each(|call| client.call(call));
        let sent: Vec<u64> = (0..4).map(|_| client.take().0).collect();
        // 10, 11 and 12 overtake 9. Whether they are refused before 9 is answered or after does not matter.
        let refuse = |client: &mut Client| {
            sent[1..].iter().for_each(|exchange| client.accepted(*exchange));
        };
        if order {
            refuse(&mut client);
            assert!(client.sent.is_empty(), "not before its turn");
            client.respond(sent[0], reply(9, 9, 9));
        } else {
            client.respond(sent[0], reply(9, 9, 9));
            refuse(&mut client);
        }
        client.call(13);
        for number in 10..=13 {
            let (exchange, sent) = client.take_number();
            assert_eq!((sent, client.sent.len()), (number, 0), "each in its turn");
            client.respond(exchange, reply(number, number, number as u32));
        }
        assert_eq!(client.completed().len(), 13);
        assert_eq!((retransmissions(&client), client.initiator.status().counters.timeouts), (0, 0));
        assert_eq!(client.now.elapsed(), Duration::from_millis(100), "no timer was waited for");
    }
}

/// A message that is refused in its turn, for lack of room, is sent again by the timer alone, as WCF does: it would be
/// refused again and again.
#[test]
fn a_message_refused_for_lack_of_room_waits_for_the_timer() {
    for version in BOTH {
        let mut client = Client::open(version, RequestReply, window(8), 100);
        client.call(1);
        let (exchange, _) = client.take();
        client.accepted(exchange);
        assert!(client.sent.is_empty());
        client.wait(Duration::from_secs(1));
        assert_eq!(client.take_number().1, 1);
        assert_eq!(retransmissions(&client), 1);
    }
}
