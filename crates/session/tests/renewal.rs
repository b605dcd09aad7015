//! Renewals with a service that answers under the new key as soon as it has made it, whatever it was asked under (Eclipse
//! Metro): what is sent meanwhile waits, so that its answer can be read.

mod common;

use common::{Mode, Octets, Pair};
use waxwing_reliable::ReliableMessagingVersion::{February2005, V11};
use waxwing_security::conversation::Protection;

/// What such a service answers to a renewal: not how the key is referred to from outside.
fn as_metro(octets: Octets) -> Octets {
    let text = String::from_utf8(octets?).unwrap();
    let name = "RequestedUnattachedReference";
    let is_renewal = text.contains("/RSTR/SCT/Renew");
    let Some(at) = text.find(name).filter(|_| is_renewal) else { return Some(text.into()) };
    let start = text[..at].rfind('<').unwrap();
    let end = text.rfind(name).unwrap() + name.len() + 1;
    Some(format!("{}{}", &text[..start], &text[end..]).into())
}

fn settle(pair: &mut Pair) {
    while let ids @ [_, ..] = &pair.bring()[..] {
        for id in ids {
            if let Some(octets) = pair.answers.remove(id) {
                pair.answer(*id, &as_metro(octets));
            }
        }
    }
}

/// Until the key is as old as it may become, and nothing yet wants to know whether the service is there.
fn grow_old(pair: &mut Pair) {
    for _ in 0..5 {
        pair.wait(50_000);
        settle(pair);
    }
}

fn posted(pair: &Pair) -> Vec<bool> {
    let is_renewal = |octets: &[u8]| String::from_utf8_lossy(octets).contains("/RST/SCT/Renew");
    pair.posted.iter().map(|(_, octets)| is_renewal(octets)).collect()
}

#[test]
fn what_is_sent_waits_for_a_key_that_answers_come_under_at_once() {
    for reliable in [Some(February2005), Some(V11), None] {
        let mode = Mode { reliable, protection: Protection::Conversation };
        let mut pair = Pair::over_transport(mode, 8).opened();
        let answered = |pair: &Pair, call: u64| {
            let got = pair.completed.get(&call);
            let failed = (&pair.failed, &pair.faulted);
            assert_eq!(got, Some(&Some("re text".to_owned())), "{mode:?} {call} {failed:?}");
        };
        // Of the first renewal nobody knows better.
        grow_old(&mut pair);
        let before = pair.renewals;
        pair.call(1, "text");
        assert_eq!(posted(&pair), [true, false], "{mode:?}");
        settle(&mut pair);
        answered(&pair, 1);
        assert_eq!(pair.renewals, before + 1, "{mode:?}");
        // From then on the message goes when the key is there.
        grow_old(&mut pair);
        pair.call(2, "text");
        assert_eq!(posted(&pair), [true], "{mode:?}");
        settle(&mut pair);
        answered(&pair, 2);
        // Or when it is known that it will not come.
        grow_old(&mut pair);
        pair.call(3, "text");
        assert_eq!(posted(&pair), [true], "{mode:?}");
        let (renewal, _) = pair.posted.remove(0);
        pair.answer(renewal, &None);
        // It goes under the old key, beside the next attempt.
        let is_renewal = posted(&pair);
        assert!(is_renewal.contains(&false), "{mode:?} {is_renewal:?}");
        pair.posted.retain(|(_, octets)| !String::from_utf8_lossy(octets).contains("/Renew"));
        settle(&mut pair);
        answered(&pair, 3);
        assert!(pair.faulted.is_none() && pair.failed.is_empty(), "{mode:?} {:?}", pair.faulted);
    }
}
