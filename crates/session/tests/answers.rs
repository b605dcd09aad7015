//! Answers of the service exchanged, repeated and altered on the wire, by somebody who has no key: what a call gets is
//! its own answer or none, and all that is reached is delay. Every pair has the security that it would have in service.

mod common;

use common::{ECHO_RESPONSE, Mode, NOTE, Octets, Pair};
use waxwing_reliable::ReliableMessagingVersion::{February2005, V11};
use waxwing_reliable::SequenceState;
use waxwing_security::conversation::Protection;
use waxwing_session::{SessionError, TransmissionId};

/// Reliable sessions of both versions: with secure conversation, with messages that certificates protect one by one, and
/// without security.
fn reliable() -> impl Iterator<Item = Mode> {
    let versions = [Some(February2005), Some(V11)].into_iter();
    versions.flat_map(|reliable| {
        [Protection::Conversation, Protection::OneShot, Protection::None]
            .map(move |protection| Mode { reliable, protection })
    })
}

/// Calls without reliable session.
fn direct() -> impl Iterator<Item = Mode> {
    [Protection::Conversation, Protection::OneShot, Protection::None]
        .into_iter()
        .map(|protection| Mode { reliable: None, protection })
}

/// Two calls at once, their requests at the service and their answers on the way.
fn two_calls(mode: Mode) -> (Pair, [(TransmissionId, Octets); 2]) {
    let mut pair = Pair::open(mode);
    pair.call(1, "one");
    pair.call(2, "two");
    let ids = pair.bring();
    let [one, two] = ids[..] else { panic!("{ids:?}") };
    let answers = [one, two].map(|id| (id, pair.answers.remove(&id).unwrap()));
    (pair, answers)
}

fn right(pair: &Pair, mode: Mode) {
    for (call, text) in [(1, "re one"), (2, "re two")] {
        let got = pair.completed.get(&call);
        assert_eq!(got, Some(&Some(text.to_owned())), "{mode:?} {:?}", pair.failed.get(&call));
    }
    assert!(pair.faulted.is_none() && pair.failed.is_empty(), "{mode:?}");
}

fn closes(pair: &mut Pair, mode: Mode) {
    pair.close();
    pair.recover();
    assert!(pair.closed, "{mode:?} {:?}", pair.faulted);
    assert_eq!(pair.state(), Some(SequenceState::Closed), "{mode:?}");
    let once = pair.executed.iter().filter(|t| *t == "one").count();
    assert_eq!(once, 1, "{mode:?}");
}

#[test]
fn swapped_answers_complete_no_call_of_a_reliable_session() {
    for mode in reliable() {
        let (mut pair, [(one, of_one), (two, of_two)]) = two_calls(mode);
        pair.answer(one, &of_two);
        pair.answer(two, &of_one);
        assert!(!pair.completed.contains_key(&1) && !pair.completed.contains_key(&2), "{mode:?}");
        assert!(pair.faulted.is_none(), "{mode:?} {:?}", pair.faulted);
        pair.recover();
        right(&pair, mode);
        closes(&mut pair, mode);
    }
}

#[test]
fn an_earlier_answer_completes_no_later_call() {
    for mode in reliable() {
        // The answer to one is kept back, one is repeated and answered; then the first answer comes for two.
        let mut pair = Pair::open(mode);
        pair.call(1, "one");
        let [one] = pair.bring()[..] else { panic!() };
        let kept = pair.answers.remove(&one).unwrap();
        pair.recover();
        pair.call(2, "two");
        let [two] = pair.bring()[..] else { panic!() };
        pair.answer(two, &kept);
        assert!(!pair.completed.contains_key(&2), "{mode:?}");
        assert!(pair.faulted.is_none(), "{mode:?} {:?}", pair.faulted);
        pair.recover();
        right(&pair, mode);
        closes(&mut pair, mode);
    }
}

#[test]
fn one_answer_for_everybody_completes_its_call_alone() {
    for mode in reliable() {
        let (mut pair, [(one, of_one), (two, _)]) = two_calls(mode);
        pair.answer(one, &of_one);
        pair.answer(two, &of_one);
        pair.send(3, NOTE, "three");
        let [note] = pair.bring()[..] else { panic!() };
        pair.answer(note, &of_one);
        assert!(!pair.completed.contains_key(&2) && !pair.completed.contains_key(&3), "{mode:?}");
        pair.recover();
        right(&pair, mode);
        assert_eq!(pair.completed.get(&3), Some(&None), "{mode:?}");
        closes(&mut pair, mode);
    }
}

/// The bare acknowledgement of a one-way call names the two-way one, too: it is not its answer.
#[test]
fn an_acknowledgement_is_no_answer_to_a_two_way_call() {
    for mode in reliable() {
        let mut pair = Pair::open(mode);
        pair.call(1, "one");
        pair.send(3, NOTE, "three");
        let [one, note] = pair.bring()[..] else { panic!() };
        let of_note = pair.answers.remove(&note).unwrap();
        pair.answer(one, &of_note);
        assert!(!pair.completed.contains_key(&1) && !pair.failed.contains_key(&1), "{mode:?}");
        pair.answer(note, &of_note);
        pair.call(2, "two");
        pair.recover();
        right(&pair, mode);
        closes(&mut pair, mode);
    }
}

/// Answers of the session's other protocol messages: of CreateSequence, of closing and terminating.
#[test]
fn answers_of_the_protocol_are_not_exchanged() {
    for mode in reliable() {
        let mut pair = Pair::new(mode);
        pair.open_without_answer();
        // CreateSequence is repeated; its first answer is kept and comes for a call.
        let kept = pair.keep_next();
        pair.recover();
        assert!(pair.opened, "{mode:?} {:?}", pair.faulted);
        pair.call(1, "one");
        let [one] = pair.bring()[..] else { panic!() };
        pair.answer(one, &kept);
        assert!(pair.faulted.is_none(), "{mode:?} {:?}", pair.faulted);
        pair.recover();
        pair.call(2, "two");
        let [two] = pair.bring()[..] else { panic!() };
        let of_two = pair.answers.remove(&two).unwrap();
        pair.recover();
        right(&pair, mode);
        // What came for a call comes for LastMessage or CloseSequence, and once more for what follows.
        pair.close();
        for _ in 0..2 {
            let Some((id, _)) = pair.posted.first().cloned() else { break };
            pair.bring();
            pair.answer(id, &of_two);
            assert!(pair.faulted.is_none(), "{mode:?} {:?}", pair.faulted);
            pair.recover();
        }
        pair.recover();
        assert!(pair.closed, "{mode:?} {:?}", pair.faulted);
    }
}

#[test]
fn the_clients_own_messages_are_no_answers() {
    for mode in reliable() {
        let mut pair = Pair::open(mode);
        pair.call(1, "one");
        let (one, octets) = pair.posted[0].clone();
        pair.bring();
        let own = pair.answers.remove(&one).unwrap();
        pair.answer(one, &Some(octets));
        assert!(!pair.completed.contains_key(&1), "{mode:?}");
        if mode.protection == Protection::Conversation {
            assert!(pair.faulted.is_none(), "{mode:?} {:?}", pair.faulted);
            pair.call(2, "two");
            pair.recover();
            right(&pair, mode);
        }
        drop(own);
    }
}

/// Headers that nobody has signed: `RelatesTo` of the call, in front of or behind the signed one, and addressing
/// headers of another version that would hide it.
#[test]
fn an_unsigned_header_relates_nothing() {
    const OTHER: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing";
    const OWN: &str = "http://www.w3.org/2005/08/addressing";
    for reliable in [None, Some(February2005), Some(V11)] {
        let mode = Mode { reliable, protection: Protection::Conversation };
        for namespace in [OWN, OTHER] {
            for (first, twice) in [(true, false), (false, false), (true, true)] {
                let mut pair = Pair::open(mode);
                pair.call(1, "one");
                let request = String::from_utf8(pair.posted[0].1.clone()).unwrap();
                let id = between(&request, "MessageID", "<").to_owned();
                pair.call(2, "two");
                let [one, two] = pair.bring()[..] else { panic!() };
                let of_two = pair.answers.remove(&two).unwrap().unwrap();
                let answer = String::from_utf8(of_two).unwrap();
                let relates = format!("<RelatesTo xmlns=\"{namespace}\">{id}</RelatesTo>");
                let action = format!("<Action xmlns=\"{namespace}\">{ECHO_RESPONSE}</Action>");
                let more = if twice { action + &relates } else { relates };
                let altered = match first {
                    true => answer.replacen("<s:Header>", &format!("<s:Header>{more}"), 1),
                    false => answer.replacen("</s:Header>", &format!("{more}</s:Header>"), 1),
                };
                assert_ne!(altered, answer);
                pair.answer(one, &Some(altered.into_bytes()));
                assert!(!pair.completed.contains_key(&1), "{mode:?} {namespace} {first} {twice}");
                assert!(pair.faulted.is_none(), "{mode:?} {:?}", pair.faulted);
            }
        }
    }
}

fn between<'a>(text: &'a str, after: &str, before: &str) -> &'a str {
    let (_, rest) = text.split_once(after).unwrap();
    let (_, rest) = rest.split_once('>').unwrap();
    rest.split_once(before).unwrap().0
}

/// Without reliable session nothing is sent again: both calls fail, and neither gets the other's answer.
#[test]
fn swapped_answers_complete_no_direct_call() {
    for mode in direct() {
        let (mut pair, [(one, of_one), (two, of_two)]) = two_calls(mode);
        pair.answer(one, &of_two);
        pair.answer(two, &of_one);
        for call in [1, 2] {
            assert!(!pair.completed.contains_key(&call), "{mode:?}");
            assert!(matches!(pair.failed[&call], SessionError::BadReply(_)), "{mode:?}");
        }
    }
}

/// A direct two-way call needs `RelatesTo`; only a plain fault may do without.
#[test]
fn a_direct_answer_without_relation_is_none() {
    let mode = Mode { reliable: None, protection: Protection::None };
    let (mut pair, [(one, of_one), (two, of_two)]) = two_calls(mode);
    let cut = |octets: Octets| {
        let text = String::from_utf8(octets.unwrap()).unwrap();
        let (before, rest) = text.split_once("<a:RelatesTo>").unwrap();
        let (_, after) = rest.split_once("</a:RelatesTo>").unwrap();
        format!("{before}{after}")
    };
    pair.answer(one, &Some(cut(of_one).into_bytes()));
    assert!(matches!(&pair.failed[&1], SessionError::BadReply(text) if text.contains("RelatesTo")));
    let fault = "<s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code><s:Reason><s:Text xml:lang=\"en\">no</s:Text>\
                 </s:Reason></s:Fault>";
    let text = cut(of_two);
    let (before, rest) = text.split_once("<s:Body>").unwrap();
    let (_, after) = rest.split_once("</s:Body>").unwrap();
    let text = format!("{before}<s:Body>{fault}</s:Body>{after}");
    pair.answer(two, &Some(text.into_bytes()));
    assert!(pair.completed.contains_key(&2));
}

/// A demand to renew the key says that its request was not executed. Given to another call, which was, it must not make
/// the client send that one again.
#[test]
fn a_demand_to_renew_that_another_call_drew_sends_nothing_again() {
    let mode = Mode { reliable: None, protection: Protection::Conversation };
    let mut pair = Pair::with_key(mode, Some(2)).opened();
    pair.call(1, "one");
    let [one] = pair.bring()[..] else { panic!() };
    pair.answers.remove(&one).unwrap();
    pair.millis += 180_000;
    pair.call(2, "two");
    let posted = std::mem::take(&mut pair.posted);
    // The renewal is asked for when the service's certificate was judged once more.
    let [(two, late), (renew, renewal)] = &posted[..] else { panic!("{}", posted.len()) };
    pair.arrive(*two, late);
    let demand = pair.answers.remove(two).unwrap();
    pair.answer(one, &demand);
    assert!(matches!(pair.failed[&1], SessionError::BadReply(_)), "{:?}", pair.failed);
    // To the call that drew it it is one: that is sent again under the new key.
    pair.answer(*two, &demand);
    pair.arrive(*renew, renewal);
    let renewed = pair.answers.remove(renew).unwrap();
    pair.answer(*renew, &renewed);
    assert_eq!(pair.renewals, 1);
    pair.settle();
    assert_eq!(pair.executed.iter().filter(|text| *text == "one").count(), 1);
    assert_eq!(pair.completed.get(&2), Some(&Some("re two".to_owned())), "{:?}", pair.failed);
}

/// A one-way message has no identifier that the demand could relate to: nobody knows which one drew it. Without a reliable
/// session it is not sent again; instead it waits for a renewal that is due.
#[test]
fn a_demand_to_renew_sends_no_one_way_message_again() {
    let mode = Mode { reliable: None, protection: Protection::Conversation };
    let mut pair = Pair::with_key(mode, Some(2)).opened();
    pair.send(1, NOTE, "one");
    let [one] = pair.bring()[..] else { panic!() };
    pair.answers.remove(&one).unwrap();
    pair.millis += 180_000;
    pair.send(2, NOTE, "two");
    let posted = std::mem::take(&mut pair.posted);
    let [(renew, renewal)] = &posted[..] else { panic!("{}", posted.len()) };
    pair.arrive(*renew, renewal);
    let renewed = pair.answers.remove(renew).unwrap();
    pair.answer(*renew, &renewed);
    pair.settle();
    assert_eq!(pair.executed.iter().filter(|text| *text == "two").count(), 1);
    assert_eq!(pair.completed.get(&2), Some(&None), "{:?}", pair.failed);
}

/// The same demand, drawn by a one-way message that the client sent while its clock said that the key was good.
#[test]
fn a_demand_that_relates_to_nothing_repeats_nothing() {
    let mode = Mode { reliable: None, protection: Protection::Conversation };
    let mut pair = Pair::with_key(mode, Some(2)).opened();
    pair.send(1, NOTE, "one");
    let [one] = pair.bring()[..] else { panic!() };
    pair.answers.remove(&one).unwrap();
    pair.send(2, NOTE, "two");
    let posted = std::mem::take(&mut pair.posted);
    let [(two, late)] = &posted[..] else { panic!("{}", posted.len()) };
    pair.millis += 180_000;
    pair.arrive(*two, late);
    let demand = pair.answers.remove(two).unwrap();
    pair.answer(one, &demand);
    pair.settle();
    assert_eq!(
        pair.executed.iter().filter(|text| *text == "one").count(),
        1,
        "{:?}",
        pair.executed
    );
    assert!(matches!(pair.failed[&1], SessionError::BadReply(_)), "{:?}", pair.failed);
}

/// Anybody can add a header that nobody signed, and say that it must be understood: the answer counts as lost.
#[test]
fn an_unsigned_header_that_must_be_understood_fails_no_call() {
    for mode in reliable().filter(|m| m.protection == Protection::Conversation) {
        let (mut pair, [(one, of_one), (two, of_two)]) = two_calls(mode);
        let text = String::from_utf8(of_one.unwrap()).unwrap();
        let evil = "<s:Header><x:Evil xmlns:x=\"urn:x\" s:mustUnderstand=\"1\"/>";
        assert!(text.contains("<s:Header>"));
        let text = text.replace("<s:Header>", evil);
        pair.answer(one, &Some(text.into_bytes()));
        assert!(pair.failed.is_empty(), "{mode:?} {:?}", pair.failed);
        pair.answer(two, &of_two);
        pair.recover();
        right(&pair, mode);
        closes(&mut pair, mode);
    }
}

/// An answer in other versions than the binding's is told at once while opening, and completes nothing after.
#[test]
fn answers_in_another_addressing_version_complete_nothing() {
    for mode in reliable().chain(direct()).filter(|m| m.protection == Protection::None) {
        let (mut pair, [(one, of_one), _]) = two_calls(mode);
        let text = String::from_utf8(of_one.unwrap()).unwrap();
        let text = text.replace(
            "http://www.w3.org/2005/08/addressing",
            "http://schemas.xmlsoap.org/ws/2004/08/addressing",
        );
        pair.answer(one, &Some(text.into_bytes()));
        assert!(!pair.completed.contains_key(&1), "{mode:?}");
    }
}

/// A large message on a slow link: longer on its way than the timer after which it counts as lost.
#[test]
fn what_goes_on_is_not_sent_again() {
    for (mode, moves) in reliable().flat_map(|mode| [(mode, true), (mode, false)]) {
        let mut pair = Pair::open(mode);
        pair.call(1, "large");
        for _ in 0..20 {
            pair.wait(300);
            if moves {
                pair.get_on();
            }
        }
        let sent = pair.under_way();
        assert_eq!(sent == 1, moves, "{mode:?} {sent}");
        pair.settle();
        let got = pair.completed.get(&1);
        assert_eq!(got, Some(&Some("re large".to_owned())), "{mode:?} {:?}", pair.failed.get(&1));
        assert_eq!(pair.executed.iter().filter(|text| *text == "large").count(), 1, "{mode:?}");
    }
}
