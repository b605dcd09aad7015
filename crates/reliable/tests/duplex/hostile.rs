//! Whatever a peer sends: nothing panics, nothing grows, nothing is delivered twice.

use std::collections::BTreeSet;

use proptest::prelude::*;
use waxwing_reliable::{
    Body, DuplexInput, DuplexListenerInput, FaultKind, Identifier, LinkId, Links, Message,
    Sequence, SequenceAcknowledgement, SequenceFault, Shutdown,
};

use crate::harness::{
    BOTH, Client, Service, acknowledgement, create_as, fault, forward, last_message, sequenced,
    settings, shutdown,
};

/// Two names of the session, and one that is nobody's.
fn named(client: &Client, which: u8) -> Identifier {
    match which % 8 {
        0..3 => client.session.back().unwrap().clone(),
        3..7 => forward(),
        _ => Identifier::new("urn:nobody"),
    }
}

fn body(client: &Client, kind: u8, which: u8, number: u64) -> Body<u32> {
    let identifier = named(client, which);
    let last_message_number = (!number.is_multiple_of(3)).then_some(number);
    let shutdown = Shutdown { identifier: identifier.clone(), last_message_number, reply_to: None };
    match kind % 12 {
        0..5 => Body::Application(u32::try_from(number % 1000).unwrap_or(0)),
        5 => Body::LastMessage,
        6 => Body::AckRequested,
        7 => Body::SequenceAcknowledgement,
        8 => Body::CloseSequence(shutdown),
        9 => Body::TerminateSequence(shutdown),
        10 => Body::CloseSequenceResponse(identifier),
        _ => {
            let kind = FaultKind::UnknownSequence(identifier);
            Body::Fault(Box::new(SequenceFault::sender(kind, "")))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_messages_in_any_order(
        is_11 in any::<bool>(),
        ordered in any::<bool>(),
        steps in prop::collection::vec(
            (any::<u8>(), any::<u8>(), prop_oneof![1u64..20, Just(i64::MAX as u64)], any::<u8>(), 0u64..5_000),
            1..60,
        ),
    ) {
        let mut settings = settings(Links::Unseen);
        settings.reliable.ordered = ordered;
        let mut client = Client::open(BOTH[usize::from(is_11)], settings);
        for (kind, which, number, flags, pause) in steps {
            let mut message = Message::new(body(&client, kind, which, number));
            message.message_id = (flags & 1 == 1).then(|| Identifier::new("urn:m"));
            if matches!(message.body, Body::Application(_) | Body::LastMessage) {
                let last_message = matches!(message.body, Body::LastMessage) || flags & 2 == 2;
                let identifier = named(&client, which & 1);
                message.headers.sequence = Some(Sequence { identifier, number, last_message });
            }
            if flags & 12 == 12 {
                let mut acknowledgement =
                    SequenceAcknowledgement::new(forward(), waxwing_reliable::Ranges::up_to(number % 3));
                acknowledgement.is_final = flags & 16 == 16;
                acknowledgement.buffer_remaining = Some(u32::from(flags));
                message.headers.acknowledgement = Some(acknowledgement);
            }
            if flags & 32 == 32 {
                message.headers.ack_requested = client.session.back().cloned();
            }
            client.receive(message);
            if flags & 64 == 64 {
                client.send(number as u32 % 1000);
            }
            if flags & 128 == 128 && number == 7 {
                client.close(10_000);
            }
            let until = client.now + pause;
            client.wait(until);
            prop_assert!(client.session.memory() < 64 * 1024, "{}", client.session.memory());
        }
        let numbers: Vec<_> = client.said.delivered.iter().map(|(n, _)| *n).collect();
        let distinct: BTreeSet<_> = numbers.iter().copied().collect();
        prop_assert_eq!(distinct.len(), numbers.len());
        if ordered {
            prop_assert!(numbers.iter().enumerate().all(|(i, n)| *n == i as u64 + 1));
        }
        client.give(DuplexInput::Abort { reason: "over".to_owned() });
        prop_assert!(client.session.wake_at().is_none());
    }

    #[test]
    fn any_messages_on_any_connection(
        is_11 in any::<bool>(),
        links in prop_oneof![Just(Links::Unseen), Just(Links::Replaced), Just(Links::Bound)],
        steps in prop::collection::vec(
            (any::<u8>(), any::<u8>(), 1u64..20, 0u64..4, any::<u8>(), 0u64..5_000),
            1..80,
        ),
    ) {
        let version = BOTH[usize::from(is_11)];
        let mut service = Service::new(version, settings(links));
        for (kind, which, number, link, flags, pause) in steps {
            let tag = (flags & 1 == 1).then(|| Identifier::new("urn:context"));
            let offer = Identifier::new(format!("urn:back:{}", which % 6));
            let session = service.created.get(usize::from(which % 4)).cloned();
            let forward = session.unwrap_or_else(|| Identifier::new("urn:nobody"));
            let last = (flags & 2 == 2).then_some(number);
            let message = match kind % 10 {
                0 | 1 => create_as(version, Some(offer), &format!("urn:m:{}", which % 6)),
                2..6 => sequenced(forward, number, u32::from(which)),
                6 => acknowledgement(offer, number % 3, u32::from(which)),
                7 => shutdown(is_11, flags & 4 == 4, forward, last),
                8 => last_message(forward, number),
                _ => {
                    let kind = FaultKind::SequenceTerminated(forward);
                    fault(SequenceFault::receiver(kind, ""))
                }
            };
            service.arrive((links != Links::Unseen).then_some(link), message, tag);
            if flags & 24 == 24 && !service.created.is_empty() {
                service.send(u32::from(which));
            }
            if flags & 96 == 96 {
                let (link, reason) = (LinkId(link), String::new());
                service.give(DuplexListenerInput::LinkBroken { link, reason });
            }
            let until = service.now + pause;
            service.wait(until);
            // Nobody accepts any: no more than may wait are made, and what is over is not kept.
            prop_assert!(service.listener.sessions().count() <= 4);
            for session in service.listener.sessions() {
                prop_assert!(service.listener.session_memory(session).unwrap() < 64 * 1024);
            }
        }
        service.wait(10_000_000);
        prop_assert_eq!(service.listener.sessions().count(), 0, "silence ends them all");
        prop_assert!(service.listener.wake_at().is_none());
    }
}
