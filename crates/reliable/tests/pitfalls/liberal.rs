//! Peers that are not WCF: what is unambiguous is accepted, though WCF refuses it. The table is in
//! docs/reliable-messaging.md.

use std::time::Duration;

use waxwing_reliable::{
    Body, FailureKind, FaultKind, Message, Ranges, SequenceAcknowledgement, TokenReference,
};

use crate::harness::*;

/// A service with one answered call whose reply is not acknowledged.
fn unacknowledged(version: waxwing_reliable::ReliableMessagingVersion) -> Service {
    let mut service = Service::open(version, RequestReply, window(8));
    service.post(request(1));
    service.done(1, Some(101));
    service
}

fn late_acknowledgement() -> Message<u32> {
    with_ack(Message::new(Body::SequenceAcknowledgement), 1)
}

/// The two sequences are independent: a peer may close its own and acknowledge the replies afterwards, even after it has
/// terminated it. Until then a lost reply is repeated.
#[test]
fn replies_may_be_acknowledged_after_the_sequence_is_closed() {
    let mut service = unacknowledged(V11);
    let closing = service.post(close_sequence(Some(1)));
    service.close();
    assert!(matches!(service.message(closing).body, Body::CloseSequenceResponse(_)));
    assert_eq!(service.ask(request(1)).body, Body::Application(101), "the reply was lost");
    let acknowledged = service.post(late_acknowledgement());
    assert!(service.is_accepted(acknowledged));
    assert_eq!(service.ask(request(1)).body, Body::SequenceAcknowledgement);
    let end = service.ask(terminate_sequence(Some(1)));
    assert!(matches!(end.body, Body::TerminateSequenceResponse(_)));
    assert!(service.has_ended() && service.error().is_none());

    for version in BOTH {
        let mut service = unacknowledged(version);
        if version == V11 {
            service.post(close_sequence(Some(1)));
        } else {
            service.post(last_message(2));
        }
        service.close();
        let end =
            if version == V11 { terminate_sequence(Some(1)) } else { terminate_sequence(None) };
        let end = service.ask(end);
        assert!(!matches!(end.body, Body::Fault(_)), "{end:?}");
        assert!(service.has_ended() && service.error().is_none());
        let late = service.post(late_acknowledgement());
        assert!(service.is_accepted(late));
        let mut foreign = late_acknowledgement();
        foreign.headers.acknowledgement =
            Some(SequenceAcknowledgement::new(id("urn:foreign"), Ranges::up_to(1)));
        let foreign = service.post(foreign);
        assert_eq!(service.fault(foreign).kind, FaultKind::UnknownSequence(id("urn:foreign")));
    }
}

/// An operation that runs is waited for: CloseSequence is answered after it, TerminateSequence ends nothing before it.
#[test]
fn running_operations_are_waited_for() {
    let mut service = Service::open(V11, RequestReply, window(8));
    service.post(request(1));
    let closing = service.post(close_sequence(Some(1)));
    service.close();
    assert!(service.response(closing).is_none());
    service.done(1, Some(101));
    assert!(matches!(service.message(closing).body, Body::CloseSequenceResponse(_)));

    let mut service = Service::open(V11, RequestReply, window(8));
    service.post(request(1));
    let end = service.post(terminate_sequence(Some(1)));
    assert_eq!(service.fault(end).kind, FaultKind::SequenceTerminated(back()));
}

/// A secured CreateSequence that names no context is bound to the one that signed it; one that names another, or says
/// that it names one, is refused.
#[test]
fn a_secured_sequence_without_token_reference_is_bound_to_its_context() {
    for version in BOTH {
        let mut service = Service::empty(version, RequestReply, window(8));
        service.tag = Some(id("urn:context"));
        let made = service.post(create_message(create(version, RequestReply)));
        assert!(matches!(service.message(made).body, Body::CreateSequenceResponse(_)));
        service.give(waxwing_reliable::ListenerInput::Accept(forward()));
        service.tag = Some(id("urn:another"));
        let stranger = service.post(request(1));
        assert_eq!(service.fault(stranger).kind, FaultKind::UnknownSequence(forward()));
        service.tag = None;
        let stranger = service.post(request(1));
        assert_eq!(service.fault(stranger).kind, FaultKind::UnknownSequence(forward()));
        service.tag = Some(id("urn:context"));
        service.post(request(1));
        assert_eq!(service.delivered(), [1]);

        let refused = FaultKind::CreateSequenceRefused { connection_limit: false };
        let mut service = Service::empty(version, RequestReply, window(8));
        service.tag = Some(id("urn:context"));
        let mut other = create(version, RequestReply);
        let value_type = "http://schemas.xmlsoap.org/ws/2005/02/sc/sct".to_owned();
        other.tokens = vec![TokenReference { identifier: id("urn:another"), value_type }];
        let other = service.post(create_message(other));
        assert_eq!(service.fault(other).kind, refused);
        let mut promised = create_message(create(version, RequestReply));
        promised.headers.uses_sequence_str = true;
        let promised = service.post(promised);
        assert_eq!(service.fault(promised).kind, refused);
    }
}

/// A client whose sequence is closed, the calls answered.
fn closing(version: waxwing_reliable::ReliableMessagingVersion) -> Client {
    let mut client = Client::open(version, RequestReply, window(8), 100);
    client.call(1);
    let (exchange, _) = client.take();
    client.respond(exchange, reply(1, 1, 0));
    client.close();
    client
}

fn answer(body: Body<u32>, request: &Message<u32>) -> Message<u32> {
    let mut message = Message::new(body);
    message.relates_to = request.message_id.clone();
    message
}

/// Everything is acknowledged before CloseSequence is sent: an answer to it needs no acknowledgement, nor a final one,
/// and TerminateSequence needs no answer at all.
#[test]
fn closing_needs_no_more_acknowledgements() {
    for acknowledgement in [None, Some(ack(forward(), 1))] {
        let mut client = closing(V11);
        for body in
            [Body::CloseSequenceResponse(forward()), Body::TerminateSequenceResponse(forward())]
        {
            let (exchange, message) = client.take();
            let mut answer = answer(body, &message);
            answer.headers.acknowledgement = acknowledgement.clone();
            client.respond(exchange, answer);
            assert!(client.error().is_none());
        }
        assert!(client.is_closed());
    }
    // The final acknowledgement alone says as much, on whatever message.
    let mut client = closing(V11);
    let (exchange, _) = client.take();
    let mut alone = stand_alone(1);
    alone.headers.acknowledgement.as_mut().unwrap().is_final = true;
    client.respond(exchange, alone);
    let (_, message) = client.take();
    assert!(matches!(message.body, Body::TerminateSequence(_)));
}

/// 202 ends TerminateSequence at once; so does TerminateSequence of the replies' sequence.
#[test]
fn terminate_sequence_needs_no_answer() {
    for version in BOTH {
        for empty in [true, false] {
            let mut client = closing(version);
            let (exchange, message) = client.take();
            let first = match version {
                V11 => answer(Body::CloseSequenceResponse(forward()), &message),
                _ => {
                    let mut last = Message::new(Body::LastMessage);
                    last.headers.sequence = Some(sequence(back(), 2));
                    last.headers.acknowledgement = Some(ack(forward(), 2));
                    last
                }
            };
            client.respond(exchange, first);
            let (exchange, message) = client.take();
            assert!(matches!(message.body, Body::TerminateSequence(_)));
            match empty {
                true => client.accepted(exchange),
                false => {
                    let (identifier, reply_to) = (back(), None);
                    let last_message_number = None;
                    let back =
                        waxwing_reliable::Shutdown { identifier, last_message_number, reply_to };
                    client.respond(exchange, Message::new(Body::TerminateSequence(back)));
                }
            }
            assert!(client.is_closed(), "{version:?} {empty}");
        }
    }
}

/// A one-way call has no MessageID. Metro makes one up and relates its acknowledgement to that.
#[test]
fn an_acknowledgement_may_relate_to_a_name_that_nobody_gave() {
    for version in BOTH {
        let mut client = Client::open(version, RequestReply, window(8), 10);
        client.call_one_way(1);
        let (exchange, _) = client.take();
        let strange = |acknowledged| {
            let mut message = stand_alone(acknowledged);
            message.relates_to = Some(id("urn:made-up"));
            message
        };
        client.respond_as_it_is(exchange, strange(1));
        assert_eq!(client.completed(), [(1, None)]);
        // One that does not name the message belongs to an earlier one.
        client.call_one_way(2);
        let (exchange, _) = client.take();
        client.respond_as_it_is(exchange, strange(1));
        assert_eq!(client.completed().len(), 1);
        // A two-way call has a name of its own.
        client.call(3);
        let (exchange, _) = client.take();
        client.respond_as_it_is(exchange, strange(3));
        assert_eq!(client.completed().len(), 1);
    }
}

/// Its acknowledgement may come with the reply of another call: it has no reply that could be lost with its exchange. A two-way call has.
#[test]
fn a_one_way_call_is_done_when_anything_acknowledges_it() {
    for version in BOTH {
        let mut client = Client::open(version, RequestReply, window(8), 10);
        // The window has one place until something is answered.
        client.call(1);
        let (exchange, _) = client.take();
        client.respond(exchange, reply(1, 1, 101));
        client.call(2);
        client.call_one_way(3);
        let (first, _) = client.take();
        client.written(first);
        let (second, _) = client.take();
        client.fail(second, FailureKind::Retryable);
        client.respond(first, reply(2, 3, 102));
        assert_eq!(client.completed(), [(1, Some(101)), (2, Some(102)), (3, None)]);
    }
}

/// Metro answers the repetition of a one-way call that it has with nothing, and acknowledges it only when it is asked.
#[test]
fn who_answers_a_repetition_with_nothing_is_asked() {
    for version in BOTH {
        let mut client = Client::open(version, RequestReply, window(8), 10);
        client.call_one_way(1);
        let (exchange, _) = client.take();
        client.fail(exchange, FailureKind::Retryable);
        client.wait(Duration::from_secs(1));
        let (exchange, again) = client.take();
        assert_eq!(again.headers.sequence.map(|sequence| sequence.number), Some(1));
        client.accepted(exchange);
        let (exchange, asked) = client.take();
        assert_eq!(
            (&asked.body, asked.headers.ack_requested),
            (&Body::AckRequested, Some(forward()))
        );
        assert!(client.sent.is_empty(), "once");
        client.respond_as_it_is(exchange, stand_alone(1));
        assert_eq!(client.completed(), [(1, None)]);
    }
}

/// Metro answers a call so while one before it is executed, and gives its reply when the call is repeated.
#[test]
fn an_acknowledgement_of_nothing_is_no_answer() {
    for version in BOTH {
        let mut client = Client::open(version, RequestReply, window(8), 10);
        client.call(1);
        let (exchange, _) = client.take();
        client.respond_as_it_is(exchange, Message::new(Body::SequenceAcknowledgement));
        assert!(client.outputs.is_empty(), "{:?}", client.outputs);
        client.wait(Duration::from_secs(1));
        let (exchange, _) = client.take();
        client.respond(exchange, reply(1, 1, 101));
        assert_eq!(client.completed(), [(1, Some(101))]);
    }
}
