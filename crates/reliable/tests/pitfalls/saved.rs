//! What is kept of a session is all of it: one that is restored would be kept as the same.

use std::collections::BTreeMap;

use proptest::prelude::*;
use waxwing_reliable::{
    CallId, InitiatorInput, InitiatorOutput, ListenerInput, ListenerOutput, Ranges,
    ReliableSessionSettings, SavedCall, SavedClient, SavedEnd,
};

use crate::harness::*;

fn settings(ordered: bool) -> ReliableSessionSettings {
    ReliableSessionSettings { ordered, durable: true, ..Default::default() }
}

/// Says of everything at once that it is durable; keeps the messages.
fn settle(service: &mut Service, kept: &mut BTreeMap<u64, u32>, seen: &mut usize) {
    while *seen < service.outputs.len() {
        if let ListenerOutput::Persist { session, ticket, change } = &service.outputs[*seen] {
            kept.extend(change.received.iter().copied());
            change.executed.iter().for_each(|number| {
                kept.remove(number);
            });
            let (session, ticket) = (session.clone(), *ticket);
            service.give(ListenerInput::Persisted { session, ticket });
        }
        *seen += 1;
    }
}

proptest! {
    #[test]
    fn a_service_restores_what_it_saves(
        is_one_way: bool,
        is_11: bool,
        ordered: bool,
        steps in prop::collection::vec((0u8..6, 1u64..8, 0u64..6), 0..40),
    ) {
        let version = if is_11 { V11 } else { February2005 };
        let shape = if is_one_way { OneWay } else { RequestReply };
        let mut service = Service::empty(version, shape, settings(ordered));
        let (mut kept, mut seen) = (BTreeMap::new(), 0);
        service.post(create_message(create(version, shape)));
        settle(&mut service, &mut kept, &mut seen);
        for (step, number, other) in steps {
            match step {
                0 | 1 if is_one_way => drop(service.post(request(number))),
                0 | 1 => drop(service.post(with_ack(request(number), other))),
                2 => service.done(number, (!is_one_way).then_some(other as u32)),
                3 => service.done(number, None),
                4 if other == 0 && is_11 => drop(service.post(close_sequence(Some(7)))),
                4 if other == 0 => drop(service.post(last_message(8))),
                _ if other == 1 => service.close(),
                _ => {}
            }
            settle(&mut service, &mut kept, &mut seen);
            let Some(saved) = service.listener.saved(&forward()) else { return Ok(()) };
            let text = serde_json::to_string(&saved).unwrap();
            prop_assert_eq!(&serde_json::from_str::<waxwing_reliable::SavedService<u32>>(&text).unwrap(), &saved);
            let mut again = Service::empty(version, shape, settings(ordered));
            again.give(ListenerInput::Restore {
                saved: Box::new(saved.clone()),
                messages: kept.iter().map(|(number, message)| (*number, *message)).collect(),
            });
            prop_assert_eq!(again.listener.saved(&forward()), Some(saved));
            // In an ordered session what a gap holds up waits.
            let all: Vec<u64> = kept.keys().copied().collect();
            let delivered = again.delivered();
            prop_assert!(all.starts_with(&delivered));
            prop_assert!(ordered || delivered == all);
        }
    }

    #[test]
    fn a_client_restores_what_it_saves(
        is_one_way: bool,
        is_11: bool,
        ordered: bool,
        open in prop::collection::btree_set(1u64..12, 0..6),
        more in 0u64..3,
        received in 0u64..9,
        is_closing: bool,
    ) {
        let (version, shape) =
            (if is_11 { V11 } else { February2005 }, if is_one_way { OneWay } else { RequestReply });
        let last = open.last().copied().unwrap_or(0) + more;
        let call = |number: &u64| SavedCall {
            number: *number,
            call: Some(CallId(100 + number)),
            message_id: (!is_one_way).then(|| id(&format!("urn:{number}"))),
        };
        let end = match (is_closing, is_11) {
            (false, _) => SavedEnd::Open,
            (true, true) => SavedEnd::Closed((last > 0).then_some(last)),
            (true, false) => SavedEnd::Last(last),
        };
        let saved = SavedClient {
            sequence: forward(),
            back: (!is_one_way).then(back),
            last,
            unanswered: open.iter().map(call).collect(),
            received: if is_one_way { Ranges::new() } else { Ranges::up_to(received) },
            end,
        };
        let mut client = Client::unopened(version, shape, settings(ordered));
        client.give(InitiatorInput::Restore {
            saved: Box::new(saved.clone()),
            to: "http://service:8000/Calc".to_owned(),
            messages: open.iter().map(|number| (CallId(100 + number), *number as u32)).collect(),
        });
        prop_assert_eq!(client.initiator.saved(), Some(saved));
        prop_assert!(client.outputs.iter().all(|o| matches!(o, InitiatorOutput::Opened)));
        let sent = client.sent.iter().map(|(_, m, _)| m.headers.sequence.as_ref().unwrap().number);
        prop_assert_eq!(sent.collect::<Vec<_>>(), open.into_iter().collect::<Vec<_>>());
    }
}
