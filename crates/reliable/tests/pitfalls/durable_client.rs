//! Durable sessions of a client: what waits for what, and what goes on.

use waxwing_reliable::{
    Body, CallId, ClientChange, FailureKind, FaultKind, InitiatorInput, InitiatorOutput, Ranges,
    ReliableMessagingVersion, ReliableSessionSettings, SavedCall, SavedClient, SavedEnd,
    SessionError, Shape, Time,
};

use crate::harness::*;

fn settings() -> ReliableSessionSettings {
    ReliableSessionSettings { durable: true, ..Default::default() }
}

impl Client {
    /// The last `Persist` is durable.
    fn persist(&mut self) -> ClientChange<u32> {
        let place = self.outputs.iter().rposition(|o| matches!(o, InitiatorOutput::Persist { .. }));
        let InitiatorOutput::Persist { ticket, change } = self.outputs.remove(place.unwrap())
        else {
            unreachable!()
        };
        self.give(InitiatorInput::Persisted(ticket));
        *change
    }

    fn durable(version: ReliableMessagingVersion, shape: Shape) -> Self {
        let mut client = Self::opening(version, shape, settings());
        let (exchange, ..) = client.sent.pop_front().unwrap();
        client.respond(exchange, created(version, shape == RequestReply));
        let change = client.persist();
        assert_eq!((change.saved.sequence, change.saved.last), (forward(), 0));
        assert!(matches!(client.outputs.pop(), Some(InitiatorOutput::Opened)));
        client
    }

    fn restored(
        version: ReliableMessagingVersion,
        shape: Shape,
        saved: SavedClient,
        messages: &[(u64, u32)],
    ) -> Self {
        let mut client = Self::unopened(version, shape, settings());
        let messages = messages.iter().map(|(call, message)| (CallId(*call), *message));
        client.give(InitiatorInput::Restore {
            saved: Box::new(saved),
            to: "http://service:8000/Calc".to_owned(),
            messages: messages.collect(),
        });
        client.outputs.retain(|output| !matches!(output, InitiatorOutput::Opened));
        client
    }
}

fn saved(end: SavedEnd) -> SavedClient {
    SavedClient {
        sequence: forward(),
        back: Some(back()),
        last: 3,
        unanswered: Vec::new(),
        received: Ranges::up_to(3),
        end,
    }
}

/// R5 and R4.
#[test]
fn a_number_is_durable_before_it_is_sent_and_a_reply_before_it_is_told() {
    for version in BOTH {
        let mut client = Client::durable(version, RequestReply);
        client.call(7);
        assert!(client.sent.is_empty());
        let change = client.persist();
        assert_eq!((change.saved.last, change.saved.unanswered[0].call), (1, Some(CallId(7))));
        let (exchange, message, _) = client.sent.pop_front().unwrap();
        assert_eq!(change.saved.unanswered[0].message_id, message.message_id);
        client.respond(exchange, reply(1, 1, 70));
        assert!(client.completed().is_empty());
        client.call(8);
        assert!(client.sent.is_empty(), "it would acknowledge");
        let change = client.persist();
        assert_eq!(client.completed(), [(7, Some(70))]);
        assert_eq!(change.saved.received, Ranges::up_to(1));
        let (_, message, _) = client.sent.pop_front().unwrap();
        assert_eq!(message.headers.acknowledgement.unwrap().ranges, Ranges::up_to(1));
    }
}

#[test]
fn a_restored_session_sends_again_what_was_not_answered() {
    for version in BOTH {
        let unanswered = [2, 4].map(|number| SavedCall {
            number,
            call: Some(CallId(number)),
            message_id: Some(id(&format!("urn:first:{number}"))),
        });
        let saved =
            SavedClient { last: 4, unanswered: unanswered.to_vec(), ..saved(SavedEnd::Open) };
        let mut client = Client::restored(version, RequestReply, saved, &[(2, 20), (4, 40)]);
        for number in [2, 4] {
            let (exchange, message, _) = client.sent.pop_front().unwrap();
            assert_eq!(message.headers.sequence.as_ref().unwrap().number, number);
            assert_eq!(message.body, Body::Application(number as u32 * 10));
            assert_eq!(message.message_id, Some(id(&format!("urn:first:{number}"))));
            assert_eq!(message.headers.acknowledgement.unwrap().ranges, Ranges::up_to(3));
            client.respond(exchange, reply(number + 10, 4, 1));
            client.persist();
        }
        assert_eq!(client.completed(), [(2, Some(1)), (4, Some(1))]);
        client.call(9);
        client.persist();
        assert_eq!(client.take_number().1, 5);
    }
}

/// Every way a session may have been closing when its client crashed; the peer may have ended it meanwhile.
#[test]
fn a_restored_session_closes_as_far_as_is_left() {
    let deadline = Time::from_millis(60_000);
    for is_forgotten in [false, true] {
        for end in [SavedEnd::Open, SavedEnd::Closed(Some(3))] {
            let mut client = Client::restored(V11, RequestReply, saved(end), &[]);
            assert!(client.sent.is_empty());
            client.give(InitiatorInput::Close { deadline });
            client.persist();
            let (exchange, message, _) = client.sent.pop_front().unwrap();
            assert!(matches!(message.body, Body::CloseSequence(_)));
            if is_forgotten {
                client.respond(exchange, fault(FaultKind::UnknownSequence(forward())));
                let was_closing = end != SavedEnd::Open;
                if !was_closing {
                    client.persist();
                }
                assert_eq!(client.is_closed(), was_closing, "{end:?}");
                continue;
            }
            let mut response = stand_alone(3);
            response.headers.acknowledgement.as_mut().unwrap().is_final = true;
            response.body = Body::CloseSequenceResponse(forward());
            response.relates_to = message.message_id;
            client.respond(exchange, response);
            let (exchange, message, _) = client.sent.pop_front().unwrap();
            assert!(matches!(message.body, Body::TerminateSequence(_)));
            client.respond(exchange, fault(FaultKind::UnknownSequence(forward())));
            assert!(client.is_closed());
        }
    }
    // 2005: LastMessage has its number, and is answered or not.
    for is_answered in [false, true] {
        let last = SavedCall { number: 4, call: None, message_id: None };
        let unanswered = if is_answered { Vec::new() } else { vec![last] };
        let saved = SavedClient { last: 4, unanswered, ..saved(SavedEnd::Last(4)) };
        let mut client = Client::restored(February2005, RequestReply, saved, &[]);
        client.call(9);
        assert_eq!(client.failed(), [9], "nothing follows the last message");
        client.give(InitiatorInput::Close { deadline });
        if !is_answered {
            let (exchange, message, _) = client.sent.pop_front().unwrap();
            assert_eq!(message.body, Body::LastMessage);
            let mut answer = reply(4, 4, 0);
            answer.body = Body::LastMessage;
            client.respond(exchange, answer);
            client.persist();
        }
        let (exchange, message, _) = client.sent.pop_front().unwrap();
        assert!(matches!(message.body, Body::TerminateSequence(_)));
        client.respond(exchange, fault(FaultKind::UnknownSequence(forward())));
        assert!(client.is_closed());
    }
}

/// What is in doubt when the peer has forgotten the session: what had a number; the rest can go another way.
#[test]
fn a_lost_session_says_which_calls_had_numbers() {
    let mut client = Client::durable(V11, RequestReply);
    for call in 1..=3 {
        client.call(call);
    }
    client.persist();
    let (exchange, ..) = client.sent.pop_front().unwrap();
    client.respond(exchange, fault(FaultKind::UnknownSequence(forward())));
    assert!(client.failed().is_empty() && client.error().is_none());
    let change = client.persist();
    assert_eq!(change.saved.unanswered.len(), 1, "it is kept which calls had numbers");
    let failed = client.outputs.iter().filter_map(|output| match output {
        InitiatorOutput::CallFailed { call, number, .. } => Some((call.0, *number)),
        _ => None,
    });
    assert_eq!(failed.collect::<Vec<_>>(), [(1, Some(1)), (2, None), (3, None)]);
    assert!(matches!(client.error(), Some(SessionError::Peer(_))));
}

/// A call that may have been executed ends with its answer or with its session.
#[test]
fn a_durable_call_is_not_given_up_by_itself() {
    let mut client = Client::durable(V11, RequestReply);
    let send = |call: u64| InitiatorInput::Send {
        call: CallId(call),
        message: 1,
        message_id: Some(id("urn:call")),
        deadline: Some(Time::from_millis(1000)),
    };
    client.give(send(1));
    client.give(send(2));
    client.persist();
    let (exchange, ..) = client.sent.pop_front().unwrap();
    client.fail(exchange, FailureKind::Protocol);
    client.wait(std::time::Duration::from_secs(5));
    assert_eq!(client.failed(), [2], "it had no number");
    assert!(client.error().is_none());
    let (exchange, message, _) = client.sent.pop_front().unwrap();
    assert_eq!(message.headers.sequence.unwrap().number, 1);
    client.respond(exchange, reply(1, 1, 10));
    client.persist();
    assert_eq!(client.completed(), [(1, Some(10))]);
}

/// Who has lost the session without knowing it does not end it: an acknowledgement of what another process has sent is no
/// reason to tell the peer anything before it is sure whose the session is.
#[test]
fn a_fault_is_posted_behind_a_persist() {
    let mut client = Client::durable(V11, OneWay);
    client.call(1);
    client.persist();
    let (exchange, ..) = client.sent.pop_front().unwrap();
    client.respond(exchange, stand_alone(5));
    assert!(client.sent.is_empty() && client.error().is_none());
    client.persist();
    assert!(matches!(client.posted_fault().kind, FaultKind::InvalidAcknowledgement(_)));
}

/// The time that a commit takes is no silence of the peer.
#[test]
fn a_slow_commit_causes_no_retransmission() {
    let mut client = Client::durable(V11, RequestReply);
    client.call(1);
    client.wait(std::time::Duration::from_secs(30));
    assert!(client.sent.is_empty());
    client.persist();
    assert_eq!(client.sent.len(), 1);
    client.wait(std::time::Duration::from_secs(1));
    assert_eq!(client.sent.len(), 2, "now it is");
}

/// Whatever a record says, no more places are made than a window has.
#[test]
fn numbers_outside_the_window_end_the_session() {
    for (number, last) in [(1, u64::MAX >> 1), (9, 3)] {
        let call = SavedCall { number, call: Some(CallId(9)), message_id: None };
        let saved = SavedClient { last, unanswered: vec![call], ..saved(SavedEnd::Open) };
        let mut client = Client::restored(V11, RequestReply, saved, &[(9, 9)]);
        client.persist();
        assert!(client.error().unwrap().to_string().contains("outside its window"));
    }
}

/// A message that is not there cannot be sent again: the session says so and ends.
#[test]
fn a_message_that_was_not_kept_ends_the_session() {
    let call = SavedCall { number: 3, call: Some(CallId(9)), message_id: None };
    let saved = SavedClient { unanswered: vec![call], ..saved(SavedEnd::Open) };
    let mut client = Client::restored(V11, RequestReply, saved, &[]);
    client.persist();
    assert!(client.error().unwrap().to_string().contains("the message of call 9 was not kept"));
}
