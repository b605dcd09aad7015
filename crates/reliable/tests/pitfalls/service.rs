//! The service's place.

use std::time::Duration;

use waxwing_reliable::{
    Blame, Body, EarlyMessages, Event, FaultKind, ListenerInput, ListenerOutput, Message, Offer,
    ReliableSessionSettings, SessionError, TokenReference,
};
use waxwing_soap::EndpointReference;

use crate::harness::*;

/// 1: a refused message is answered 202 with no acknowledgement, and accepted when it comes again.
#[test]
fn p01_refused_messages_are_answered_with_202() {
    for version in BOTH {
        let mut service = Service::open(version, RequestReply, window(1));
        let first = service.post(request(1));
        let (second, third) = (service.post(request(2)), service.post(request(3)));
        assert!(service.is_accepted(second) && service.is_accepted(third));
        service.done(1, Some(101));
        assert_eq!(
            service.message(first).headers.acknowledgement.as_ref().unwrap().ranges.highest(),
            1
        );
        // The reply is not acknowledged yet, and there is room for one.
        let again = service.post(request(2));
        assert!(service.is_accepted(again));
        let again = service.post(with_ack(request(2), 1));
        service.done(2, Some(102));
        assert_eq!(service.message(again).body, Body::Application(102));
        assert_eq!(service.delivered(), [1, 2]);
    }
}

/// The ninth request with eight replies unacknowledged, WCF's default.
#[test]
fn p01_the_ninth_reply_waits_for_acknowledgement() {
    let mut service = Service::open(February2005, RequestReply, window(8));
    for number in 1..=8 {
        service.post(request(number));
        service.done(number, Some(number as u32));
    }
    let ninth = service.post(request(9));
    assert!(service.is_accepted(ninth));
    service.post(with_ack(request(9), 8));
    assert_eq!(service.delivered().len(), 9);
}

/// 2: no response of a two-way message precedes its reply, however often it comes.
#[test]
fn p02_a_two_way_message_is_never_answered_by_a_bare_acknowledgement() {
    let mut service = Service::open(V11, RequestReply, window(8));
    let exchanges: Vec<u64> = (0..4).map(|_| service.post(request(1))).collect();
    assert!(exchanges.iter().all(|e| service.response(*e).is_none()));
    service.done(1, Some(7));
    assert!(exchanges.iter().all(|e| service.message(*e).body == Body::Application(7)));
    assert_eq!(service.delivered(), [1]);
}

/// 3 and 4: the reply acknowledges its own request; a repeated request gets the same number and body.
#[test]
fn p03_p04_a_repeated_request_gets_the_same_reply() {
    for version in BOTH {
        let mut service = Service::open(version, RequestReply, window(8));
        let first = service.post(request(1));
        service.done(1, Some(7));
        let first = service.message(first).clone();
        assert!(first.headers.acknowledgement.as_ref().unwrap().ranges.contains(1));
        service.post(request(2));
        service.done(2, Some(8));
        let again = service.ask(request(1));
        assert_eq!(again.headers.sequence, first.headers.sequence);
        assert_eq!(again.body, first.body);
        // The acknowledgement is that of the moment.
        assert_eq!(again.headers.acknowledgement.unwrap().ranges.highest(), 2);
        assert_eq!(service.delivered(), [1, 2]);
    }
}

/// 5: every held copy is answered.
#[test]
fn p05_all_concurrent_duplicates_are_answered() {
    let mut service = Service::open(February2005, RequestReply, window(8));
    let exchanges: Vec<u64> = (0..10).map(|_| service.post(request(1))).collect();
    service.done(1, Some(3));
    let replies: Vec<_> = exchanges.iter().map(|e| service.message(*e)).collect();
    assert!(replies.iter().all(|r| *r == replies[0]));
}

/// 6: the reply is kept until the return sequence is acknowledged, then a bare acknowledgement is all.
#[test]
fn p06_replies_are_kept_until_acknowledged() {
    let mut service = Service::open(V11, RequestReply, window(8));
    service.post(request(1));
    service.done(1, Some(7));
    assert_eq!(service.ask(request(1)).body, Body::Application(7));
    // An acknowledgement on any message will do, here a keep-alive.
    let mut poll = with_ack(Message::new(Body::AckRequested), 1);
    poll.headers.ack_requested = Some(forward());
    assert_eq!(service.ask(poll).body, Body::SequenceAcknowledgement);
    assert_eq!(service.listener.status(&forward()).unwrap().waiting, 0);
    assert_eq!(service.ask(request(1)).body, Body::SequenceAcknowledgement);
    assert_eq!(service.delivered(), [1]);
}

/// Numbers of replies that were never sent are ignored.
#[test]
fn p06_acknowledged_replies_that_were_never_sent_are_ignored() {
    let mut service = Service::open(V11, RequestReply, window(8));
    service.post(with_ack(request(1), 99));
    service.done(1, Some(7));
    assert_eq!(service.ask(request(1)).body, Body::Application(7));
}

/// A one-way operation in a request/reply session uses up no number of the return sequence.
#[test]
fn one_way_operations_are_acknowledged_only() {
    let mut service = Service::open(February2005, RequestReply, window(8));
    let one_way = service.post(request(1));
    assert!(service.response(one_way).is_none());
    service.done(1, None);
    assert_eq!(service.message(one_way).body, Body::SequenceAcknowledgement);
    let two_way = service.post(request(2));
    service.done(2, Some(5));
    assert_eq!(service.message(two_way).headers.sequence, Some(sequence(back(), 1)));
}

/// 11: `Accept/AcksTo` is the request's own `To` with the host in lower case.
#[test]
fn p11_the_address_of_the_request_is_echoed() {
    for (to, echoed) in [
        (Some("HTTP://ALIAS:8000/Calc/"), "http://alias:8000/Calc/"),
        (Some("http://127.0.0.1:81/calc"), "http://127.0.0.1:81/calc"),
        (None, ANONYMOUS),
    ] {
        let mut service = Service::empty(February2005, RequestReply, window(8));
        let mut request = create(February2005, RequestReply);
        request.to = to.map(str::to_owned);
        request.expires = Some("PT10M".to_owned());
        let answer = service.ask(create_message(request));
        let Body::CreateSequenceResponse(response) = answer.body else { panic!("{answer:?}") };
        assert_eq!(response.accept.unwrap().address, echoed);
        assert_eq!(response.expires.as_deref(), Some("PT10M"));
        assert_eq!(answer.relates_to, Some(create_id()));
    }
}

/// 12: AcksTo, ReplyTo and Offer/Endpoint must be equal, as URIs; and the other refusals.
#[test]
fn p12_p32_create_sequence_is_refused() {
    type Change = fn(&mut waxwing_reliable::CreateSequence);
    let elsewhere = || EndpointReference::new("http://elsewhere/");
    let refused: [(_, _, Change); 6] = [
        (V11, RequestReply, |c| c.acks_to = EndpointReference::new("http://elsewhere/")),
        (V11, RequestReply, |c| c.reply_to = Some(EndpointReference::new("http://elsewhere/"))),
        (V11, RequestReply, |c| c.offer.as_mut().unwrap().endpoint = None),
        (V11, RequestReply, |c| {
            c.offer.as_mut().unwrap().endpoint = Some(EndpointReference::new("http://elsewhere/"));
        }),
        (February2005, RequestReply, |c| c.offer = None),
        (February2005, OneWay, |c| {
            c.offer = Some(Offer {
                identifier: back(),
                endpoint: None,
                expires: None,
                incomplete_sequence_behavior: None,
            });
        }),
    ];
    for (version, shape, change) in refused {
        let mut service = Service::empty(version, shape, window(8));
        let mut request = create(version, shape);
        change(&mut request);
        let exchange = service.post(create_message(request));
        let fault = service.fault(exchange);
        assert_eq!(fault.kind, FaultKind::CreateSequenceRefused { connection_limit: false });
        assert_eq!(fault.blame, Blame::Sender);
        assert_eq!(service.message(exchange).relates_to, Some(create_id()));
        assert!(service.has_ended());
    }
    // A real address is fine when it is the same everywhere, host without case.
    let mut service = Service::empty(V11, RequestReply, window(8));
    let mut request = create(V11, RequestReply);
    (request.acks_to, request.reply_to) =
        (EndpointReference::new("http://ELSEWHERE"), Some(elsewhere()));
    request.offer.as_mut().unwrap().endpoint = Some(elsewhere());
    let answer = service.ask(create_message(request));
    assert!(matches!(answer.body, Body::CreateSequenceResponse(_)));
    // A one-way endpoint of 1.1 ignores the offer.
    let mut service = Service::empty(V11, OneWay, window(8));
    let answer = service.ask(create_message(create(V11, RequestReply)));
    let Body::CreateSequenceResponse(response) = answer.body else { panic!("{answer:?}") };
    assert_eq!(response.accept, None);
}

/// 13 and 30: a repeated CreateSequence finds its session and does not count twice against
/// MaxPendingChannels; the next one is turned away with ConnectionLimitReached.
#[test]
fn p13_p30_repeated_and_excess_create_sequence() {
    for (version, shape) in [(February2005, RequestReply), (V11, RequestReply), (V11, OneWay)] {
        let settings = ReliableSessionSettings { max_pending_channels: 1, ..Default::default() };
        let mut service = Service::empty(version, shape, settings);
        let first = service.ask(create_message(create(version, shape)));
        let again = service.ask(create_message(create(version, shape)));
        assert_eq!(first, again);
        let mut other = create(version, shape);
        if let Some(offer) = &mut other.offer {
            offer.identifier = id("urn:another");
        }
        let mut other = create_message(other);
        other.message_id = Some(id("urn:another-create"));
        let refused = service.post(other.clone());
        let fault = service.fault(refused);
        assert_eq!(fault.kind, FaultKind::CreateSequenceRefused { connection_limit: true });
        assert_eq!(fault.blame, Blame::Receiver);
        service.give(ListenerInput::Accept(forward()));
        assert!(matches!(service.ask(other).body, Body::CreateSequenceResponse(_)));
    }
}

/// 19: the client's fault comes as a request, is answered 202 and ends the session.
#[test]
fn p19_a_posted_fault_ends_the_session() {
    for named in [forward(), back()] {
        let mut service = Service::open(February2005, RequestReply, window(8));
        let held = service.post(request(1));
        let posted = service.post(fault(FaultKind::SequenceTerminated(named)));
        assert!(service.is_accepted(posted) && service.is_accepted(held));
        assert!(matches!(service.error(), Some(SessionError::Peer(_))));
    }
    // One for another sequence changes nothing.
    let mut service = Service::open(February2005, RequestReply, window(8));
    let posted = service.post(fault(FaultKind::SequenceTerminated(id("urn:other"))));
    assert!(service.is_accepted(posted) && !service.has_ended());
}

/// 20: WCF's request/reply service buffers no gap, it drops; one-way buffers and lists ranges.
#[test]
fn p20_out_of_order() {
    let settings = ReliableSessionSettings { early_messages: EarlyMessages::Refuse, ..window(8) };
    let mut service = Service::open(V11, RequestReply, settings);
    let early = service.post(request(2));
    assert!(service.is_accepted(early));
    let gap = Event::Gap { expected: 1, received: 2 };
    let told =
        |o: &ListenerOutput<u32>| matches!(o, ListenerOutput::Event { event, .. } if *event == gap);
    assert!(service.outputs.iter().any(told));
    service.post(request(1));
    service.post(request(2));
    assert_eq!(service.delivered(), [1, 2]);

    let mut service = Service::open(V11, OneWay, window(8));
    let answer = service.ask(request(3));
    let acknowledgement = answer.headers.acknowledgement.unwrap();
    assert_eq!(acknowledgement.ranges.to_string(), "3-3");
    assert_eq!(acknowledgement.buffer_remaining, Some(7));
    service.post(request(1));
    assert_eq!(service.delivered(), [1]);
    service.post(request(2));
    assert_eq!(service.delivered(), [1, 2, 3]);
}

/// Ours holds what comes early, with its exchange and within the window, and acknowledges it when its turn has come.
#[test]
fn early_messages_are_held_and_answered_in_their_turn() {
    let mut service = Service::open(V11, RequestReply, window(3));
    let (third, second) = (service.post(request(3)), service.post(request(2)));
    let again = service.post(request(3));
    let beyond = service.post(request(4));
    assert!(service.is_accepted(beyond), "outside the window of three");
    assert!([third, second, again].iter().all(|e| service.response(*e).is_none()));
    let mut poll = Message::new(Body::AckRequested);
    poll.headers.ack_requested = Some(forward());
    let poll = service.ask(poll);
    let acknowledgement = poll.headers.acknowledgement.unwrap();
    assert!(acknowledgement.ranges.is_empty(), "not acknowledged before its turn");
    assert_eq!(acknowledgement.buffer_remaining, Some(1));
    let first = service.post(request(1));
    assert_eq!(service.delivered(), [1, 2, 3]);
    for (number, exchanges) in [(1, vec![first]), (2, vec![second]), (3, vec![third, again])] {
        service.done(number, Some(number as u32 + 100));
        for exchange in exchanges {
            let answer = service.message(exchange);
            assert_eq!(answer.body, Body::Application(number as u32 + 100));
            assert!(answer.headers.acknowledgement.as_ref().unwrap().ranges.contains(number));
        }
    }
}

/// Who holds the place of a message that never comes gets no answer but 202 when the session is closed.
#[test]
fn held_messages_are_let_go_when_the_sequence_is_closed() {
    let mut service = Service::open(V11, RequestReply, window(8));
    let early = service.post(request(2));
    service.post(close_sequence(Some(2)));
    assert!(service.is_accepted(early));
    let mut service = Service::open(February2005, RequestReply, window(8));
    let early = service.post(request(2));
    service.give(ListenerInput::Abort { session: forward(), reason: "enough".to_owned() });
    assert!(matches!(service.fault(early).kind, FaultKind::SequenceTerminated(_)));
}

/// One-way: the queue fills, BufferRemaining counts down to 0, refused numbers are left out.
#[test]
fn one_way_room_counts_down() {
    let mut service = Service::open(February2005, OneWay, window(2));
    let room = |m: Message<u32>| m.headers.acknowledgement.unwrap().buffer_remaining;
    assert_eq!(room(service.ask(request(1))), Some(1));
    assert_eq!(room(service.ask(request(2))), Some(0));
    let refused = service.ask(request(3));
    assert_eq!(refused.headers.acknowledgement.as_ref().unwrap().ranges.highest(), 2);
    assert_eq!(room(refused), Some(0));
    service.done(1, None);
    let taken = service.ask(request(3));
    assert_eq!(taken.headers.acknowledgement.unwrap().ranges.highest(), 3);
}

/// Unordered: at most 128 ranges, a message that would make one more is refused.
#[test]
fn unordered_ranges_are_bounded() {
    let settings = ReliableSessionSettings { ordered: false, ..window(4096) };
    for shape in [RequestReply, OneWay] {
        let mut service = Service::open(V11, shape, settings.clone());
        for number in 0..300 {
            service.post(request(1 + 2 * number));
        }
        assert_eq!(service.delivered().len(), 128);
        service.post(request(2));
        assert_eq!(service.delivered().len(), 129);
    }
}

/// 23: inactivity is reset by receiving; a keep-alive is answered at once.
#[test]
fn p23_the_service_gives_a_silent_client_up() {
    let settings =
        ReliableSessionSettings { inactivity_timeout: Duration::from_secs(4), ..window(8) };
    let mut service = Service::open(V11, RequestReply, settings);
    for _ in 0..10 {
        service.wait(Duration::from_secs(2));
        let mut poll = Message::new(Body::AckRequested);
        poll.headers.ack_requested = Some(forward());
        let answer = service.ask(poll);
        assert!(answer.headers.acknowledgement.unwrap().ranges.is_empty());
    }
    let held = service.post(request(1));
    service.wait(Duration::from_secs(5));
    assert_eq!(service.error(), Some(&SessionError::Inactivity(Duration::from_secs(4))));
    assert_eq!(service.fault(held).blame, Blame::Receiver);
    let late = service.post(request(2));
    assert_eq!(service.fault(late).kind, FaultKind::UnknownSequence(forward()));
}

/// 27: the security context of CreateSequence is that of the message, by header and by token; later messages
/// have to come by the same.
#[test]
fn p27_a_sequence_is_bound_to_its_security_context() {
    let token = |name: &str| TokenReference { identifier: id(name), value_type: String::new() };
    for version in BOTH {
        for (tokens, header, is_right) in [
            (vec![token("urn:mine")], version == V11, true),
            (vec![token("urn:other"), token("urn:mine")], version == V11, true),
            (vec![token("urn:other")], version == V11, false),
            // Without a reference it is bound all the same; a header that promises one must be true.
            (vec![], false, true),
            (vec![], true, false),
            (vec![token("urn:mine")], version != V11, true),
        ] {
            let mut service = Service::empty(version, RequestReply, window(8));
            service.tag = Some(id("urn:mine"));
            let mut request = create(version, RequestReply);
            request.tokens = tokens;
            let mut message = create_message(request);
            message.headers.uses_sequence_str = header;
            let answer = service.ask(message);
            assert_eq!(matches!(answer.body, Body::CreateSequenceResponse(_)), is_right);
            if is_right {
                service.tag = Some(id("urn:thief"));
                let stolen = service.post(request_of(1));
                assert_eq!(service.fault(stolen).kind, FaultKind::UnknownSequence(forward()));
                assert!(service.delivered().is_empty());
                service.give(ListenerInput::ContextLost(id("urn:mine")));
                assert!(matches!(service.error(), Some(SessionError::SecurityLost(_))));
            }
        }
    }
    // Without security the header is refused, a stray token is skipped.
    let mut service = Service::empty(V11, RequestReply, window(8));
    let mut message = create_message(create(V11, RequestReply));
    message.headers.uses_sequence_str = true;
    let refused = service.post(message);
    assert!(matches!(service.fault(refused).kind, FaultKind::CreateSequenceRefused { .. }));
    let mut stray = create(V11, RequestReply);
    stray.tokens = vec![token("urn:other")];
    assert!(matches!(service.ask(create_message(stray)).body, Body::CreateSequenceResponse(_)));
}

fn request_of(number: u64) -> Message<u32> {
    request(number)
}

/// A message for no session of ours.
#[test]
fn unknown_sequences_are_said_so() {
    for version in BOTH {
        let mut service = Service::empty(version, RequestReply, window(8));
        let mut message = request(1);
        message.message_id = Some(id("urn:m1"));
        let unknown = service.post(message);
        assert_eq!(service.fault(unknown).kind, FaultKind::UnknownSequence(forward()));
        assert_eq!(service.message(unknown).relates_to, Some(id("urn:m1")));
    }
    // An acknowledgement of a foreign return sequence ends the session, too.
    let mut service = Service::open(V11, RequestReply, window(8));
    let mut message = request(1);
    message.headers.acknowledgement = Some(ack(id("urn:foreign"), 1));
    let mixed = service.post(message);
    assert_eq!(service.fault(mixed).kind, FaultKind::UnknownSequence(id("urn:foreign")));
    assert!(service.has_ended());
}

/// The service aborts: who waits is told.
#[test]
fn an_abort_is_told_to_who_waits() {
    let mut service = Service::open(V11, RequestReply, window(8));
    let held = service.post(request(1));
    let reason = "maintenance".to_owned();
    service.give(ListenerInput::Abort { session: forward(), reason });
    assert_eq!(service.fault(held).kind, FaultKind::SequenceTerminated(forward()));
    assert!(matches!(service.error(), Some(SessionError::Aborted(_))));
}

/// A service that closes takes no new session; one that it has is told so again when it repeats its CreateSequence.
#[test]
fn a_closing_service_takes_no_new_sequences() {
    for version in BOTH {
        let mut service = Service::open(version, RequestReply, window(8));
        let now = service.now;
        service.listener.handle(ListenerInput::Shutdown, &mut moment(now, &mut Names::new([])));
        let again = service.ask(create_message(create(version, RequestReply)));
        assert!(matches!(again.body, Body::CreateSequenceResponse(_)), "{again:?}");
        let mut other = create(version, RequestReply);
        other.offer.as_mut().unwrap().identifier = id("urn:other");
        let refused = service.ask(create_message(other));
        let Body::Fault(fault) = refused.body else { panic!("{refused:?}") };
        assert_eq!((fault.blame, fault.kind), (Blame::Receiver, FaultKind::EndpointUnavailable));
        service.post(request(1));
        service.done(1, Some(7));
        assert_eq!(service.delivered(), [1], "the session goes on");
    }
}

/// TerminateSequence may be lost, and the end of the security session overtake it: what was acknowledged is executed all
/// the same. Before everything has come the session has failed.
#[test]
fn a_sequence_that_has_come_whole_survives_its_context() {
    for version in BOTH {
        for whole in [true, false] {
            let mut service = Service::empty(version, OneWay, window(8));
            service.tag = Some(id("urn:mine"));
            service.ask(create_message(create(version, OneWay)));
            service.post(request(1));
            let end = match (version, whole) {
                (V11, _) => close_sequence(Some(if whole { 1 } else { 2 })),
                (February2005, true) => last_message(2),
                (February2005, false) => last_message(3),
            };
            service.post(end);
            service.give(ListenerInput::ContextLost(id("urn:mine")));
            assert!(service.has_ended());
            assert_eq!(service.error().is_none(), whole, "{version:?} {:?}", service.error());
            assert_eq!(service.delivered(), [1]);
        }
    }
}
