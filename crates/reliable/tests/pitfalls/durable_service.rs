//! Durable sessions of a service: what waits for what, and what goes on.

use std::time::Duration;

use waxwing_reliable::{
    Body, ExchangeId, ListenerInput, ListenerOutput, Message, Ranges, ReliableMessagingVersion,
    ReliableSessionSettings, SavedService, ServiceChange, SessionError, Shape, Ticket,
};

use crate::harness::*;

fn settings() -> ReliableSessionSettings {
    ReliableSessionSettings { durable: true, ..Default::default() }
}

impl Service {
    /// What is to be made durable, in order.
    fn persists(&self) -> Vec<(Ticket, ServiceChange<u32>)> {
        let persists = self.outputs.iter().filter_map(|output| match output {
            ListenerOutput::Persist { ticket, change, .. } => Some((*ticket, (**change).clone())),
            _ => None,
        });
        persists.collect()
    }

    fn last_persist(&self) -> (Ticket, ServiceChange<u32>) {
        self.persists().pop().expect("a Persist")
    }

    /// The last one is durable.
    fn persist(&mut self) -> ServiceChange<u32> {
        let (ticket, change) = self.last_persist();
        self.give(ListenerInput::Persisted { session: forward(), ticket });
        change
    }

    fn durable(version: ReliableMessagingVersion, shape: Shape) -> Self {
        let mut service = Self::empty(version, shape, settings());
        service.post(create_message(create(version, shape)));
        service.persist();
        service.give(ListenerInput::Accept(forward()));
        service
    }

    fn restored(
        version: ReliableMessagingVersion,
        shape: Shape,
        saved: SavedService<u32>,
        messages: &[(u64, u32)],
    ) -> Self {
        let mut service = Self::empty(version, shape, settings());
        let (saved, messages) = (Box::new(saved), messages.to_vec());
        service.give(ListenerInput::Restore { saved, messages });
        service
    }

    fn is_forgotten(&self) -> bool {
        matches!(self.outputs.last(), Some(ListenerOutput::Forget(_)))
    }

    fn abandoned(&self) -> Vec<u64> {
        let abandoned = self.outputs.iter().filter_map(|output| match output {
            ListenerOutput::Abandon(ExchangeId(exchange)) => Some(*exchange),
            _ => None,
        });
        abandoned.collect()
    }
}

fn acknowledged(message: &Message<u32>) -> Ranges {
    message.headers.acknowledgement.as_ref().expect("an acknowledgement").ranges.clone()
}

#[test]
fn a_session_is_durable_before_its_name_is_told() {
    for version in BOTH {
        let mut service = Service::empty(version, RequestReply, settings());
        let first = service.post(create_message(create(version, RequestReply)));
        let again = service.post(create_message(create(version, RequestReply)));
        assert_eq!((service.response(first), service.response(again)), (None, None));
        assert_eq!(service.persists().len(), 1);
        assert!(service.outputs.iter().all(|o| !matches!(o, ListenerOutput::Created { .. })));
        let change = service.persist();
        assert_eq!((change.saved.session, change.saved.origin), (forward(), back()));
        for exchange in [first, again] {
            assert!(matches!(service.message(exchange).body, Body::CreateSequenceResponse(_)));
        }
    }
}

/// MaxPendingChannels: WCF's client gives up at ConnectionLimitReached and comes again after a 503, so nothing is said; the same
/// CreateSequence is taken when there is room, and one that waits already is no further one.
#[test]
fn a_session_too_many_is_to_come_again() {
    for (version, shape) in [(February2005, RequestReply), (V11, RequestReply), (V11, OneWay)] {
        let settings = ReliableSessionSettings { max_pending_channels: 1, ..settings() };
        let mut service = Service::empty(version, shape, settings);
        service.post(create_message(create(version, shape)));
        service.persist();
        let mut other = create(version, shape);
        if let Some(offer) = &mut other.offer {
            offer.identifier = id("urn:another");
        }
        let mut other = create_message(other);
        other.message_id = Some(id("urn:another-create"));
        let refused = service.post(other.clone());
        assert_eq!((service.response(refused), service.persists().len()), (None, 1));
        let last = service.outputs.last();
        assert!(matches!(last, Some(ListenerOutput::Busy(ExchangeId(e))) if *e == refused));
        let again = service.ask(create_message(create(version, shape)));
        assert!(matches!(again.body, Body::CreateSequenceResponse(_)));
        service.give(ListenerInput::Accept(forward()));
        service.post(other);
        let (_, change) = service.last_persist();
        assert_eq!((change.saved.session, service.persists().len()), (name(0xF, 2), 2));
    }
}

/// R1 and R3: nothing that comes after it leaves before it, whatever it is; other sessions do not wait.
#[test]
fn a_reply_waits_until_it_is_durable_and_holds_up_what_follows() {
    let mut service = Service::durable(V11, RequestReply);
    let call = service.post(request(1));
    service.done(1, Some(11));
    let mut poll = Message::new(Body::AckRequested);
    poll.headers.ack_requested = Some(forward());
    let poll = service.post(poll);
    let next = service.post(request(2));
    assert_eq!((service.response(call), service.response(poll)), (None, None));
    assert_eq!(service.delivered(), [1]);
    let stranger = service.post(Message::new(Body::Application(5)));
    assert!(service.response(stranger).is_some());
    let change = service.persist();
    assert_eq!(change.saved.replies[0].reply, Some(11));
    assert_eq!((change.saved.received, change.saved.last_reply), (Ranges::up_to(1), 1));
    assert_eq!(acknowledged(service.message(call)), Ranges::up_to(1));
    assert!(service.response(poll).is_some() && service.response(next).is_none());
    assert_eq!(service.delivered(), [1, 2]);
}

/// Two are under way: each opens the way to the next one only.
#[test]
fn what_waits_for_the_second_does_not_leave_with_the_first() {
    let mut service = Service::durable(February2005, RequestReply);
    let calls = [service.post(request(1)), service.post(request(2))];
    service.done(2, Some(12));
    service.done(1, Some(11));
    let [_, (first, _), (second, _)] = service.persists()[..] else { panic!("three") };
    service.give(ListenerInput::Persisted { session: forward(), ticket: first });
    assert!(service.response(calls[1]).is_some() && service.response(calls[0]).is_none());
    service.give(ListenerInput::Persisted { session: forward(), ticket: second });
    assert!(service.response(calls[0]).is_some());
}

/// R2: a message whose operation runs would come again after a crash; so it is not acknowledged, not even as the last.
#[test]
fn what_runs_is_not_acknowledged() {
    let mut service = Service::durable(V11, RequestReply);
    let calls = [service.post(request(1)), service.post(request(2))];
    service.done(2, Some(12));
    let change = service.persist();
    let mut second = Ranges::new();
    second.insert(2);
    assert_eq!(change.saved.received, second);
    assert_eq!(acknowledged(service.message(calls[1])), second);
    let close = service.post(close_sequence(Some(2)));
    assert_eq!(service.last_persist().1.saved.end, waxwing_reliable::SavedEnd::Open);
    service.persist();
    let mut poll = Message::new(Body::AckRequested);
    poll.headers.ack_requested = Some(forward());
    let answer = service.ask(poll);
    let acknowledgement = answer.headers.acknowledgement.unwrap();
    assert!(!acknowledgement.is_final, "one more number is to come");
    service.done(1, Some(11));
    service.persist();
    service.close();
    service.persist();
    let acknowledgement = service.message(close).headers.acknowledgement.clone().unwrap();
    assert!(acknowledgement.is_final);
    assert_eq!(acknowledgement.ranges, Ranges::up_to(2));
}

/// The first life's reply, number and all, after a crash; and the next number is the next.
#[test]
fn a_restored_session_repeats_its_replies() {
    for version in BOTH {
        let mut first = Service::durable(version, RequestReply);
        let call = first.post(request(1));
        first.done(1, Some(11));
        let saved = first.persist().saved;
        let mut second = Service::restored(version, RequestReply, saved, &[]);
        assert_eq!(second.ask(request(1)), *first.message(call));
        assert_eq!(second.delivered(), [0; 0]);
        let next = second.post(with_ack(request(2), 1));
        second.done(2, Some(12));
        let saved = second.persist().saved;
        assert_eq!((saved.last_reply, saved.replies.len()), (2, 1), "the first is acknowledged");
        assert_eq!(second.message(next).headers.sequence.as_ref().unwrap().number, 2);
        // The same initiator finds it.
        let answer = second.ask(create_message(create(version, RequestReply)));
        assert!(
            matches!(&answer.body, Body::CreateSequenceResponse(r) if r.identifier == forward())
        );
    }
}

/// One-way: kept before it is acknowledged, early ones too; delivered again in order; executed once it is said.
#[test]
fn one_way_messages_are_kept_until_they_are_executed() {
    let mut service = Service::durable(V11, OneWay);
    let early = service.post(request(3));
    assert_eq!((service.response(early), service.delivered()), (None, vec![]));
    assert_eq!(service.persist().received, [(3, 3)]);
    assert!(acknowledged(service.message(early)).contains(3));
    service.post(request(1));
    let change = service.persist();
    assert_eq!((change.received, service.delivered()), (vec![(1, 1)], vec![1]));
    let mut second = Service::restored(V11, OneWay, change.saved, &[(3, 3), (1, 1)]);
    assert_eq!(second.delivered(), [1]);
    second.done(3, None);
    assert_eq!(second.persists().len(), 0, "it was not delivered");
    second.post(request(2));
    second.persist();
    assert_eq!(second.delivered(), [1, 2, 3]);
    for number in [2, 1, 3] {
        second.done(number, None);
        assert_eq!(second.persist().executed, [number]);
    }
}

/// The end does not lose what was acknowledged, and is remembered as long as an initiator may ask.
#[test]
fn a_closed_one_way_session_is_kept_until_everything_is_executed() {
    let mut service = Service::durable(V11, OneWay);
    service.post(request(1));
    service.persist();
    service.post(close_sequence(Some(1)));
    service.persist();
    let end = service.post(terminate_sequence(Some(1)));
    assert_eq!(service.response(end), None);
    let change = service.persist();
    assert!(change.saved.is_over && service.response(end).is_some() && service.has_ended());
    let mut second = Service::restored(V11, OneWay, change.saved, &[(1, 1)]);
    assert_eq!(second.delivered(), [1]);
    assert!(matches!(second.outputs.last(), Some(ListenerOutput::Closed(_))));
    let again = second.ask(terminate_sequence(Some(1)));
    assert!(matches!(again.body, Body::TerminateSequenceResponse(_)));
    second.wait(Duration::from_secs(1200));
    assert!(!second.is_forgotten(), "it has a message");
    second.done(1, None);
    assert_eq!(second.last_persist().1.executed, [1]);
    second.persist();
    assert!(second.is_forgotten());
}

#[test]
fn a_session_without_debts_is_forgotten_after_its_time_or_with_its_context() {
    for by_context in [false, true] {
        let mut service = Service::empty(V11, RequestReply, settings());
        service.tag = Some(id("urn:context"));
        let mut create = create(V11, RequestReply);
        create.tokens.push(waxwing_reliable::TokenReference {
            identifier: id("urn:context"),
            value_type: "urn:sct".into(),
        });
        service.post(create_message(create));
        service.persist();
        service.post(close_sequence(None));
        service.persist();
        service.close();
        service.persist();
        service.post(terminate_sequence(None));
        service.persist();
        assert!(service.has_ended() && !service.is_forgotten());
        match by_context {
            true => service.give(ListenerInput::ContextLost(id("urn:context"))),
            false => service.wait(Duration::from_secs(601)),
        }
        assert!(service.is_forgotten());
    }
}

/// Nobody is told of a bad end by somebody who may have lost the session.
#[test]
fn a_bad_end_is_told_behind_a_persist() {
    let mut service = Service::durable(V11, OneWay);
    service.post(request(1));
    service.persist();
    let wrong = service.post(close_sequence(Some(0)));
    assert!(service.response(wrong).is_none() && service.error().is_none());
    assert!(service.persist().saved.is_over);
    service.fault(wrong);
    assert!(matches!(service.error(), Some(SessionError::Protocol(_))));
    // It was acknowledged, so it is executed.
    assert!(!service.is_forgotten());
    service.done(1, None);
    service.persist();
    assert!(service.is_forgotten());
}

#[test]
fn a_discarded_session_leaves_no_exchange_open_and_can_come_back() {
    let mut service = Service::durable(V11, RequestReply);
    let running = service.post(request(1));
    let done = service.post(request(2));
    let early = service.post(request(4));
    service.done(2, Some(12));
    let (ticket, change) = service.last_persist();
    service.give(ListenerInput::Discard(forward()));
    let mut abandoned = service.abandoned();
    abandoned.sort_unstable();
    assert_eq!(abandoned, [running, done, early]);
    assert!(service.has_ended());
    service.give(ListenerInput::Persisted { session: forward(), ticket });
    assert_eq!(service.response(done), None);
    // What was committed all the same, or was not: here it was.
    let saved = Box::new(change.saved);
    service.give(ListenerInput::Restore { saved, messages: Vec::new() });
    let again = service.post(request(2));
    assert!(service.response(again).is_some());
    // A ticket of the first life opens nothing of the second.
    let call = service.post(request(1));
    service.done(1, Some(11));
    service.give(ListenerInput::Persisted { session: forward(), ticket });
    assert_eq!(service.response(call), None);
    service.persist();
    assert!(service.response(call).is_some());
}

#[test]
fn what_another_kind_of_endpoint_kept_is_not_taken() {
    let mut service = Service::durable(V11, OneWay);
    service.post(request(1));
    let saved = service.persist().saved;
    let other = Service::restored(V11, RequestReply, saved, &[(1, 1)]);
    assert!(other.has_ended() && other.delivered().is_empty() && !other.is_forgotten());
    assert!(other.error().unwrap().to_string().contains("another kind of contract"));
}

/// 2005: the reply to a last message that is no empty one waits for the others, and survives before it has its number.
#[test]
fn a_last_reply_without_number_survives() {
    let mut service = Service::durable(February2005, RequestReply);
    service.post(request(1));
    let mut last = request(2);
    last.headers.sequence.as_mut().unwrap().last_message = true;
    let last_call = service.post(last.clone());
    service.done(2, Some(12));
    let saved = service.persist().saved;
    assert_eq!((saved.replies[0].number, saved.last_reply), (0, 0));
    assert_eq!(service.response(last_call), None);
    let mut second = Service::restored(February2005, RequestReply, saved, &[]);
    let again = second.post(last);
    second.post(request(1));
    second.done(1, Some(11));
    second.persist();
    let reply = second.message(again);
    assert_eq!(
        (&reply.body, reply.headers.sequence.as_ref().unwrap().number),
        (&Body::Application(12), 2)
    );
}
