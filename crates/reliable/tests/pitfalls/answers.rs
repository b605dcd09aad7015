//! Answers that belong to another request: swapped, repeated or delayed on the way. They complete nothing and end
//! nothing; the request is sent again.

use std::time::Duration;

use waxwing_reliable::{
    Body, FaultKind, Identifier, Message, ReliableSessionSettings, SessionError,
};

use crate::harness::{
    BOTH, Client, OneWay, RequestReply, V11, ack, back, close_id, created, fault, forward, id,
    reply, sequence, stand_alone, terminate_id, window,
};

fn opened(version: waxwing_reliable::ReliableMessagingVersion) -> Client {
    Client::open(version, RequestReply, window(8), 100)
}

/// A session with one answered call, and two that wait for their answers.
fn two_waiting(version: waxwing_reliable::ReliableMessagingVersion) -> (Client, u64, u64) {
    let mut client = opened(version);
    client.call(1);
    let (first, _) = client.take();
    client.respond(first, reply(1, 1, 11));
    client.call(2);
    client.call(3);
    let ((second, _), (third, _)) = (client.take(), client.take());
    (client, second, third)
}

fn relating(mut message: Message<u32>, call: &str) -> Message<u32> {
    message.relates_to = Some(id(call));
    message
}

fn misplaced(client: &Client) -> u64 {
    client.initiator.status().counters.misplaced
}

/// The answers of two concurrent calls, exchanged on the wire: neither call gets the other's. Both are
/// completed by the repetitions.
#[test]
fn swapped_replies_complete_nothing() {
    for version in BOTH {
        let (mut client, second, third) = two_waiting(version);
        client.respond(second, relating(reply(3, 3, 13), "urn:call:3"));
        client.respond(third, relating(reply(2, 3, 12), "urn:call:2"));
        assert_eq!(client.completed(), [(1, Some(11))]);
        assert_eq!((misplaced(&client), client.error()), (2, None));
        client.wait(Duration::from_secs(10));
        let mut again = 0;
        while let Some((exchange, message, _)) = client.sent.pop_front() {
            // Neither reply was acknowledged: the service keeps both.
            let acknowledged = message.headers.acknowledgement.unwrap().ranges.highest();
            assert!(acknowledged == 1 || again > 0);
            let number = message.headers.sequence.unwrap().number;
            client.respond(exchange, reply(number, 3, 10 + number as u32));
            again += 1;
            client.wait(Duration::from_secs(10));
        }
        assert_eq!(client.completed(), [(1, Some(11)), (2, Some(12)), (3, Some(13))]);
        assert!(again >= 2);
    }
}

/// What cannot be told from the answer of another call completes no two-way call.
#[test]
fn what_does_not_relate_completes_nothing() {
    for version in BOTH {
        let bare = stand_alone(3);
        let without = reply(2, 3, 12);
        let earlier = relating(reply(1, 1, 11), "urn:call:1");
        let repeated_number = relating(reply(1, 3, 12), "urn:call:2");
        let created = created(version, true);
        let mut last = Message::new(Body::LastMessage);
        last.headers = reply(2, 3, 0).headers;
        let foreign = relating(fault(FaultKind::UnknownSequence(forward())), "urn:call:3");
        for answer in [bare, without, earlier, repeated_number, created, last, foreign] {
            let (mut client, second, _) = two_waiting(version);
            client.respond_as_it_is(second, answer.clone());
            assert_eq!(client.completed(), [(1, Some(11))], "{answer:?}");
            assert_eq!((misplaced(&client), client.error()), (1, None), "{answer:?}");
            // It acknowledges no reply, and so the service keeps it.
            client.call(4);
            let newest = client.initiator.status();
            assert_eq!(newest.counters.messages_received, 1, "{answer:?}");
        }
    }
}

/// A service that says which request its bare acknowledgement is for has no reply to that one.
#[test]
fn an_acknowledgement_that_relates_completes_without_reply() {
    let (mut client, second, _) = two_waiting(V11);
    client.respond(second, relating(stand_alone(3), "urn:call:2"));
    assert_eq!(client.completed(), [(1, Some(11)), (2, None)]);
}

/// One-way calls: an acknowledgement made before theirs leaves them out, a reply belongs to another call.
#[test]
fn one_way_calls_are_completed_by_acknowledgements_of_theirs() {
    for version in BOTH {
        let mut client = opened(version);
        client.call_one_way(1);
        let (first, _) = client.take();
        client.respond(first, stand_alone(0));
        assert_eq!((client.completed(), misplaced(&client)), (vec![], 1));
        assert_eq!(client.error(), None);
        client.wait(Duration::from_secs(2));
        let (again, _) = client.take();
        client.respond_as_it_is(again, relating(reply(1, 1, 5), "urn:call:0"));
        assert_eq!(client.completed(), []);
        client.wait(Duration::from_secs(4));
        let (again, _) = client.take();
        client.respond(again, stand_alone(1));
        assert_eq!(client.completed(), [(1, None)]);
    }
}

/// A reply that comes on a keep-alive's exchange is not acknowledged: its call has not got it.
#[test]
fn keep_alives_take_no_replies() {
    for version in BOTH {
        let inactivity_timeout = Duration::from_secs(4);
        let settings = ReliableSessionSettings { inactivity_timeout, ..window(8) };
        let mut client = Client::open(version, RequestReply, settings, 100);
        client.call(1);
        let (call, _) = client.take();
        client.respond(call, reply(1, 1, 11));
        client.wait(Duration::from_secs(3));
        let poll = loop {
            let (exchange, message) = client.take();
            if message.body == Body::AckRequested {
                break exchange;
            }
        };
        for answer in [relating(reply(2, 1, 11), "urn:call:1"), {
            let mut last = Message::new(Body::LastMessage);
            last.headers.sequence = Some(sequence(back(), 2));
            last.headers.acknowledgement = Some(ack(forward(), 1));
            last
        }] {
            client.respond_as_it_is(poll, answer);
        }
        assert_eq!(client.initiator.status().counters.messages_received, 1);
        assert!(client.error().is_none());
    }
}

/// CreateSequence: an answer to another request is none; one that relates to nothing is told at once.
#[test]
fn create_sequence_is_answered_by_its_own_response() {
    for version in BOTH {
        let mut client = Client::opening(version, RequestReply, window(8));
        let (exchange, _) = client.take();
        client.respond(exchange, relating(created(version, true), "urn:other"));
        assert_eq!((client.error(), misplaced(&client)), (None, 1));
        client.wait(Duration::from_secs(11));
        let (exchange, _) = client.take();
        client.respond(exchange, created(version, true));
        assert!(client.error().is_none() && client.initiator.sequence().is_some());

        let mut client = Client::opening(version, RequestReply, window(8));
        let (exchange, _) = client.take();
        let mut response = created(version, true);
        response.relates_to = None;
        client.respond(exchange, response);
        assert!(matches!(client.error(), Some(SessionError::Protocol(_))));
    }
}

/// 1.1: whatever does not relate to CloseSequence or TerminateSequence leaves them waiting.
#[test]
fn shutdown_is_answered_by_its_own_responses() {
    for is_close in [true, false] {
        let ids = [close_id(), terminate_id()];
        let [close, terminate] = ids.each_ref().map(Identifier::as_str);
        let (mine, other) = if is_close { (close, terminate) } else { (terminate, close) };
        let body = |is_close| match is_close {
            true => Body::CloseSequenceResponse(forward()),
            false => Body::TerminateSequenceResponse(forward()),
        };
        let mut client = opened(V11);
        client.call(1);
        let (exchange, _) = client.take();
        client.respond(exchange, reply(1, 1, 0));
        client.close();
        if !is_close {
            let (exchange, _) = client.take();
            client.respond(exchange, relating(Message::new(body(true)), close));
        }
        let unrelated = Message::new(body(is_close));
        let swapped = relating(Message::new(body(is_close)), other);
        let called = relating(reply(1, 1, 0), "urn:call:1");
        let gone = relating(fault(FaultKind::SequenceTerminated(forward())), other);
        for answer in [unrelated, swapped, called, stand_alone(1), gone] {
            let (exchange, message) = client.take();
            assert_eq!(message.message_id, Some(id(mine)));
            client.respond_as_it_is(exchange, answer);
            assert!(client.error().is_none() && !client.is_closed());
            client.wait(Duration::from_secs(10));
        }
        let (exchange, _) = client.take();
        client.respond(exchange, relating(Message::new(body(is_close)), mine));
        assert!(client.error().is_none() && client.is_closed() != is_close);
    }
}

/// One-way sessions: an old acknowledgement on another exchange takes nothing back.
#[test]
fn old_acknowledgements_are_harmless() {
    let mut client = Client::open(V11, OneWay, window(8), 100);
    client.call(1);
    let (first, _) = client.take();
    client.respond(first, stand_alone(1));
    client.call(2);
    client.call(3);
    let ((second, _), (third, _)) = (client.take(), client.take());
    client.respond(third, stand_alone(3));
    client.respond(second, stand_alone(1));
    assert_eq!(client.completed(), [(1, None), (2, None), (3, None)]);
    assert_eq!(client.error(), None);
}
