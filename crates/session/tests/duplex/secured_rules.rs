//! Protected conversations over links, rule by rule.

use std::time::Duration;

use waxwing_reliable::{Body, Message, ReliableMessagingVersion, codec};
use waxwing_security::conversation::Step;
use waxwing_session::{ClientInput, DuplexInput, LinkId, SessionError};
use waxwing_soap::{Addressing, Envelope, Fault};
use waxwing_xml::Limits;

use crate::kit::{ADDRESS, Ends, Outcome, Packet, Setup, Side, VERSION, text_of};
use crate::random::Random;
use crate::reliable::carry_on;
use crate::secured::{Secured, Stranger};

const VERSIONS: [Option<ReliableMessagingVersion>; 3] =
    [None, Some(ReliableMessagingVersion::February2005), Some(ReliableMessagingVersion::V11)];

fn open(version: Option<ReliableMessagingVersion>, security: Secured) -> Ends {
    let setup = Setup { reliable: version, ..Setup::new(Random::new(3)) };
    Ends::opened(Setup { security: Some(security), ..setup })
}

fn said(outcome: &Outcome) -> String {
    match outcome {
        Ok(Some(reply)) => text_of(&reply.envelope),
        Ok(None) => "-".to_owned(),
        Err(error) => panic!("{error}"),
    }
}

fn nothing_is_left(ends: &Ends, version: Option<ReliableMessagingVersion>) {
    assert!(matches!(ends.ended, Some(Ok(()))), "{version:?}: {:?}", ends.ended);
    assert_eq!((ends.sessions.session_count(), ends.duplex.conversation_count()), (0, 0));
    assert_eq!(ends.security().session_count(), 0, "{version:?}: the context has ended");
    assert_eq!(ends.duplex.link_count(), 0);
}

#[test]
fn calls_callbacks_and_the_end() {
    for by_transport in [false, true] {
        for version in VERSIONS {
            let mut ends = open(version, Secured { by_transport, ..Secured::default() });
            ends.call(1, "one", false);
            ends.call(2, "two", true);
            ends.settle();
            let session = ends.executions[0].session.clone().unwrap().to_string();
            let caller = ends.executions[0].request.caller().name();
            assert_eq!(caller, "alice");
            carry_on(&mut ends);
            let message = crate::rules::callback(&mut ends, "ask", false);
            ends.call_back(&session, 1, message);
            carry_on(&mut ends);
            assert_eq!(said(&ends.completed[&1]), "one");
            assert_eq!(said(&ends.completed[&2]), "-");
            assert_eq!(said(&ends.called[&1]), "told");
            ends.close();
            carry_on(&mut ends);
            assert!(ends.warnings.is_empty(), "{version:?}: {:?}", ends.warnings);
            nothing_is_left(&ends, version);
            // Nothing of what was said can be read or was sent as it is.
            for (_, octets) in &ends.sent {
                let text = String::from_utf8_lossy(octets);
                assert!(text.contains(":Security "), "{text}");
                assert!(
                    by_transport || !text.contains(">one<") && !text.contains(">ask<"),
                    "{text}"
                );
            }
        }
    }
}

/// Who opens and closes and says nothing, with a link and without.
#[test]
fn a_session_in_which_nothing_was_said() {
    for version in VERSIONS {
        let mut ends = open(version, Secured::default());
        ends.close();
        carry_on(&mut ends);
        nothing_is_left(&ends, version);
    }
}

#[test]
fn another_link_takes_the_place_of_one_that_breaks() {
    for version in VERSIONS.into_iter().skip(1) {
        let mut ends = open(version, Secured::default());
        for call in 0..6 {
            ends.call(call, &call.to_string(), false);
            if call == 2 {
                ends.break_links();
            }
            if call == 4 {
                ends.deliver_up();
                ends.break_links();
            }
            carry_on(&mut ends);
        }
        for call in 0..6 {
            assert_eq!(said(&ends.completed[&call]), call.to_string());
        }
        assert_eq!(ends.last_open, Some(LinkId(3)), "two were replaced");
        // Once more in the end: whoever is last is told over another one.
        ends.close();
        ends.break_links();
        carry_on(&mut ends);
        nothing_is_left(&ends, version);
    }
}

/// Without a reliable session everything ends with the link.
#[test]
fn a_context_ends_with_its_link_where_nothing_is_repeated() {
    let mut ends = open(None, Secured::default());
    ends.call(1, "one", false);
    ends.deliver_up();
    ends.break_links();
    carry_on(&mut ends);
    assert!(matches!(ends.ended, Some(Err(SessionError::Transport { .. }))), "{:?}", ends.ended);
    assert_eq!((ends.sessions.session_count(), ends.duplex.conversation_count()), (0, 0));
    assert_eq!(ends.security().session_count(), 0);
}

/// The key is renewed while the session goes on: by the client in time, or when the service demands it. Nothing is executed
/// twice, nothing is lost.
#[test]
fn renewal_during_a_session() {
    for by_transport in [false, true] {
        for renewal_percent in [60, 100] {
            for version in VERSIONS {
                let security = Secured {
                    key_lifetime: 20,
                    renewal_percent,
                    by_transport,
                    ..Secured::default()
                };
                let mut ends = open(version, security);
                for call in 0..12 {
                    ends.call(call, &call.to_string(), false);
                    // The calls last for a part of the life of a key.
                    carry_on(&mut ends);
                    ends.wait(9_000 + 777 * call);
                    carry_on(&mut ends);
                }
                for call in 0..12 {
                    let outcome = ends.completed.get(&call).unwrap_or_else(|| panic!("{call}"));
                    assert_eq!(said(outcome), call.to_string(), "{version:?} {renewal_percent}");
                }
                assert!(ends.renewals >= 5, "{} renewals", ends.renewals);
                ends.close();
                carry_on(&mut ends);
                nothing_is_left(&ends, version);
            }
        }
    }
}

/// A renewal whose answer is lost is tried again with the next message; the session goes on.
#[test]
fn a_renewal_that_is_lost() {
    let security = Secured { key_lifetime: 60, ..Secured::default() };
    for version in VERSIONS {
        let mut ends = open(version, security);
        ends.wait(40_000);
        ends.call(1, "one", false);
        assert!(!ends.exchanges.is_empty(), "it is due");
        ends.exchange(false);
        carry_on(&mut ends);
        ends.call(2, "two", false);
        carry_on(&mut ends);
        assert_eq!(
            (said(&ends.completed[&1]), said(&ends.completed[&2])),
            ("one".into(), "two".into())
        );
        assert_eq!(ends.renewals, 1);
    }
}

/// Somebody on the way changes a message, or sends one of his own. Nothing of it is executed or believed.
#[test]
fn what_somebody_on_the_way_changes_or_adds() {
    for version in VERSIONS.into_iter().skip(1) {
        for upward in [true, false] {
            let mut ends = open(version, Secured::default());
            ends.call(1, "one", false);
            carry_on(&mut ends);
            ends.call(2, "two", false);
            if !upward {
                ends.deliver_up();
                let execution = ends.executions.pop_front().unwrap();
                ends.finished(&execution, Ends::reply(&execution, "two"));
            }
            let queue = if upward { &mut ends.up } else { &mut ends.down };
            let Some((_, Packet::Message(octets))) = queue.back_mut() else { panic!("a message") };
            // Inside of the body's ciphertext.
            let text = String::from_utf8(octets.clone()).unwrap();
            let at = text.rfind("CipherValue>").unwrap() - 40;
            octets[at] = if octets[at] == b'A' { b'B' } else { b'A' };
            carry_on(&mut ends);
            assert_eq!(said(&ends.completed[&2]), "two", "it came again");
            // A call of the service that nobody protected.
            let forged = crate::rules::callback(&mut ends, "forged", true).envelope.clone();
            let link = ends.last_open.unwrap();
            ends.down.push_back((link, Packet::Message(forged.to_bytes())));
            ends.down.push_back((link, Packet::Message(as_from_the_service(forged).to_bytes())));
            ends.settle();
            assert!(ends.callbacks.is_empty() && ends.executions.is_empty());
            ends.call(3, "three", false);
            carry_on(&mut ends);
            assert_eq!(said(&ends.completed[&3]), "three");
            ends.close();
            carry_on(&mut ends);
            nothing_is_left(&ends, version);
        }
    }
}

fn as_from_the_service(mut envelope: Envelope) -> Envelope {
    let to = VERSION.addressing.anonymous().to_owned();
    let action = Some(crate::kit::NOTE.to_owned());
    Addressing { action, to: Some(to), ..Addressing::default() }.write(&mut envelope);
    envelope
}

/// A message that was taken is sent once more by somebody on the way: it is a replay.
#[test]
fn what_somebody_sends_once_more() {
    for version in VERSIONS.into_iter().skip(1) {
        let mut ends = open(version, Secured::default());
        ends.call(1, "one", false);
        let (link, Packet::Message(octets)) = ends.up.back().unwrap().clone() else { panic!() };
        carry_on(&mut ends);
        ends.up.push_back((link, Packet::Message(octets)));
        carry_on(&mut ends);
        ends.call(2, "two", false);
        carry_on(&mut ends);
        assert_eq!(said(&ends.completed[&2]), "two");
        assert_eq!(ends.duplicates, 0, "it does not get so far");
        ends.close();
        carry_on(&mut ends);
        nothing_is_left(&ends, version);
    }
}

/// Another client of the service, whom it trusts as well, names the sequence of the first as his.
#[test]
fn a_sequence_belongs_to_the_context_that_it_began_in() {
    for version in VERSIONS.into_iter().flatten() {
        let mut ends = open(Some(version), Secured::default());
        ends.call(1, "one", false);
        ends.settle();
        let session = ends.executions[0].session.clone().unwrap();
        carry_on(&mut ends);
        let mut bob = stranger(&mut ends);
        let mut asks = Message::new(Body::AckRequested);
        asks.headers.ack_requested = Some(session.clone());
        let plain = codec::write::<Envelope>(&asks, version, VERSION, Some(ADDRESS)).unwrap();
        let link = LinkId(99);
        ends.service(DuplexInput::Offered(link));
        let octets = ends.at(|at| bob.protect(plain, at).to_bytes());
        ends.down.clear();
        ends.arrives(link, &octets);
        // He is told that there is none, under his own key; the link of the first stays.
        let answers: Vec<Vec<u8>> = ends
            .down
            .drain(..)
            .filter_map(|(to, packet)| match packet {
                Packet::Message(octets) if to == link => Some(octets),
                _ => None,
            })
            .collect();
        let [answer] = &answers[..] else { panic!("{} answers", answers.len()) };
        let answer = Envelope::parse(&answer[..], &Limits::SOAP).unwrap();
        let answer = ends.at(|at| bob.0.receive(answer, at));
        let text = format!("{answer:?}");
        let Ok(waxwing_security::conversation::FromService::Message(answer)) = answer else {
            panic!("{text}")
        };
        let fault = Fault::read(answer.envelope()).expect("a fault");
        assert!(
            fault.text().contains("identifier") || fault.text().contains("sequence"),
            "{}",
            fault.text()
        );
        assert_eq!(ends.duplex.link_count(), 1, "the first has its link");
        ends.call(2, "two", false);
        carry_on(&mut ends);
        assert_eq!(said(&ends.completed[&2]), "two");
        ends.close();
        carry_on(&mut ends);
        assert!(matches!(ends.ended, Some(Ok(()))), "{:?}", ends.ended);
    }
}

pub fn stranger(ends: &mut Ends) -> Stranger {
    let mut random = Random::new(77);
    let mut security = Secured::default().client("bob", &mut random);
    let mut step = ends.at(|at| security.open(at)).unwrap();
    loop {
        step = match step {
            Step::Send(envelope) => {
                let octets = envelope.to_bytes();
                let answer = ends.asked(&octets);
                ends.at(|at| security.handle_reply(answer, at)).unwrap()
            }
            Step::Authenticate(_) => ends.at(|at| security.authenticated(Ok(()), at)).unwrap(),
            Step::Established => return Stranger(security),
            Step::SendInSession(_) => panic!("over links"),
        };
    }
}

/// A service that has lost its memory says so; nobody waits for the timeouts.
#[test]
fn a_context_that_the_service_does_not_know() {
    for version in VERSIONS {
        let mut ends = open(version, Secured::default());
        ends.call(1, "one", false);
        carry_on(&mut ends);
        ends.forget_security();
        ends.call(2, "two", false);
        ends.settle();
        let error = match &ends.ended {
            Some(Err(error)) => error.to_string(),
            other => panic!("{version:?}: {other:?}"),
        };
        assert!(error.contains("security context"), "{error}");
        assert!(ends.completed[&2].is_err());
    }
}

/// The service ends a session by itself: its client is told, and closes in order.
#[test]
fn the_service_ends_first() {
    let mut ends = open(None, Secured::default());
    ends.call(1, "one", false);
    carry_on(&mut ends);
    let seconds = Duration::from_secs(601);
    // Nothing comes for `receiveTimeout`.
    ends.wait(seconds.as_millis() as u64);
    ends.settle();
    ends.call(2, "two", false);
    ends.settle();
    assert!(ends.completed[&2].is_err(), "nothing is taken any more");
    ends.close();
    carry_on(&mut ends);
    assert!(ends.ended.is_some() && ends.duplex.conversation_count() == 0);
    assert_eq!(ends.security().session_count(), 0);
}

#[test]
fn an_abort_is_told() {
    for version in VERSIONS {
        let mut ends = open(version, Secured::default());
        ends.call(1, "one", false);
        ends.settle();
        ends.client(ClientInput::Abort { reason: "enough".to_owned() });
        assert!(ends.completed[&1].is_err());
        carry_on(&mut ends);
        assert_eq!((ends.sessions.session_count(), ends.duplex.conversation_count()), (0, 0));
        assert_eq!(ends.security().session_count(), 0, "{version:?}");
        let last = ends.sent.iter().rev().find(|(side, _)| *side == Side::Client).unwrap();
        assert!(String::from_utf8_lossy(&last.1).contains("/RST/SCT/Cancel"), "its last word");
    }
}
