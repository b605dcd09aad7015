//! Reliable sessions over links, and links that break under them.

use waxwing_reliable::ReliableMessagingVersion;
use waxwing_session::{LinkId, SessionError};

use crate::kit::{Ends, Setup, text_of};
use crate::random::Random;

const VERSIONS: [ReliableMessagingVersion; 2] =
    [ReliableMessagingVersion::February2005, ReliableMessagingVersion::V11];

fn open(version: ReliableMessagingVersion) -> Ends {
    open_with(version, 8)
}

fn open_with(version: ReliableMessagingVersion, window: u32) -> Ends {
    let setup = Setup { reliable: Some(version), window, ..Setup::new(Random::new(3)) };
    Ends::opened(setup)
}

/// Lets everything come through that can, and executes what comes.
pub fn carry_on(ends: &mut Ends) {
    for _ in 0..200 {
        ends.settle();
        while let Some(execution) = ends.executions.pop_front() {
            let text = text_of(execution.request.envelope());
            let reply = execution.request.addressing().message_id.is_some();
            let reply = reply.then(|| Ends::reply(&execution, &text)).flatten();
            ends.finished(&execution, reply);
        }
        while let Some((callback, request)) = ends.callbacks.pop_front() {
            let reply = request.addressing().message_id.is_some();
            let reply = reply.then(|| request.reply("urn:r", crate::kit::body("told")));
            ends.executed(callback, reply);
        }
        ends.wait(100);
    }
}

#[test]
fn calls_callbacks_and_the_end() {
    for version in VERSIONS {
        let mut ends = open(version);
        ends.call(1, "one", false);
        ends.call(2, "two", true);
        ends.settle();
        let session = ends.executions[0].session.clone().unwrap().to_string();
        carry_on(&mut ends);
        let message = crate::rules::callback(&mut ends, "ask", false);
        ends.call_back(&session, 1, message);
        carry_on(&mut ends);
        let said = |outcome: &crate::kit::Outcome| {
            outcome.as_ref().unwrap().as_ref().map(|reply| text_of(&reply.envelope))
        };
        assert_eq!(said(&ends.completed[&1]).as_deref(), Some("one"));
        assert_eq!(said(&ends.completed[&2]), None);
        assert_eq!(said(&ends.called[&1]).as_deref(), Some("told"));
        ends.close();
        carry_on(&mut ends);
        assert!(matches!(ends.ended, Some(Ok(()))), "{version:?}: {:?}", ends.ended);
        assert_eq!((ends.sessions.session_count(), ends.duplex.conversation_count()), (0, 0));
        assert!(ends.warnings.is_empty(), "{:?}", ends.warnings);
    }
}

#[test]
fn another_link_takes_the_place_of_one_that_breaks() {
    for version in VERSIONS {
        let mut ends = open(version);
        for call in 0..6 {
            ends.call(call, &call.to_string(), false);
            // Once before the request has arrived, once before its reply has.
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
            let outcome = ends.completed[&call].as_ref().unwrap().as_ref().unwrap();
            assert_eq!(text_of(&outcome.envelope), call.to_string());
        }
        assert_eq!(ends.last_open, Some(LinkId(3)), "two were replaced");
        ends.close();
        carry_on(&mut ends);
        assert!(matches!(ends.ended, Some(Ok(()))), "{version:?}: {:?}", ends.ended);
        assert_eq!((ends.sessions.session_count(), ends.duplex.conversation_count()), (0, 0));
    }
}

#[test]
fn an_abort_is_told() {
    for version in VERSIONS {
        let mut ends = open(version);
        ends.call(1, "one", false);
        ends.settle();
        ends.client(waxwing_session::ClientInput::Abort { reason: "enough".to_owned() });
        assert!(matches!(ends.ended, Some(Err(SessionError::Reliable(_)))), "{:?}", ends.ended);
        assert!(ends.completed[&1].is_err());
        ends.settle();
        let [failed] = &ends.warnings[..] else { panic!("{:?}", ends.warnings) };
        assert!(failed.contains("SequenceTerminated"), "it is told as one that failed: {failed}");
        carry_on(&mut ends);
        assert_eq!((ends.sessions.session_count(), ends.duplex.conversation_count()), (0, 0));
    }
}

#[test]
fn links_that_were_replaced_are_forgotten() {
    for version in VERSIONS {
        let mut ends = open(version);
        for call in 0..20 {
            ends.call(call, "again", false);
            ends.break_links();
            carry_on(&mut ends);
            assert!(ends.completed[&call].is_ok());
            assert_eq!(ends.duplex.link_count(), 1, "after {call} links that broke");
        }
        ends.break_links();
        assert_eq!(ends.duplex.link_count(), 0, "none is there");
        carry_on(&mut ends);
        ends.close();
        carry_on(&mut ends);
        assert_eq!((ends.duplex.conversation_count(), ends.duplex.link_count()), (0, 0));
    }
}

/// Replies wait for the window of the service's sequence, which a client that acknowledges nothing never opens: such a client
/// is not executed further.
#[test]
fn a_client_that_acknowledges_nothing_is_held_up() {
    for version in VERSIONS {
        let mut ends = open(version);
        let mut executed = 0;
        for round in 0..60 {
            (0..8).for_each(|call| ends.call(round * 8 + call, "more", false));
            for _ in 0..4 {
                ends.strip_acknowledgements();
                while ends.deliver_up() || ends.deliver_down() {
                    ends.strip_acknowledgements();
                }
                while let Some(execution) = ends.executions.pop_front() {
                    executed += 1;
                    ends.finished(&execution, Ends::reply(&execution, "so"));
                }
                ends.wait(1);
            }
        }
        assert!((8..100).contains(&executed), "{version:?}: {executed} were executed");
    }
}

/// The reply to a call of the service stands behind the calls that the client was ahead by: it comes all the same.
#[test]
fn a_client_that_is_far_ahead_can_be_called() {
    for version in VERSIONS {
        let mut ends = open(version);
        (0..200).for_each(|call| ends.call(call, "ahead", true));
        for _ in 0..100 {
            ends.settle();
            ends.wait(100);
        }
        assert!(!ends.held[0], "acknowledgements of a reliable session are read in any case");
        let first = ends.executions.pop_front().unwrap();
        let session = first.session.clone().unwrap().to_string();
        let message = crate::rules::callback(&mut ends, "ask", false);
        ends.call_back(&session, 1, message);
        for _ in 0..100 {
            ends.settle();
            while let Some((callback, request)) = ends.callbacks.pop_front() {
                let reply = Some(request.reply("urn:r", crate::kit::body("told")));
                ends.executed(callback, reply);
            }
            ends.wait(100);
        }
        assert!(matches!(ends.called.get(&1), Some(Ok(Some(_)))), "{:?}", ends.called.get(&1));
        ends.finished(&first, None);
        carry_on(&mut ends);
        assert!(ends.completed.len() == 200 && ends.completed.values().all(Result::is_ok));
    }
}

/// The service has the request, and says so; the connection ends with the reply on it, and the next ones do not come about.
#[test]
fn a_reply_that_was_lost_is_fetched_at_once() {
    for version in VERSIONS {
        for ended in [true, false] {
            let mut ends = open(version);
            ends.call(1, "lost", false);
            ends.settle();
            ends.wait(300);
            ends.settle();
            let execution = ends.executions.pop_front().unwrap();
            ends.finished(&execution, Ends::reply(&execution, "found"));
            match ended {
                true => ends.end_links(),
                false => ends.break_links(),
            }
            let lost_at = ends.millis;
            // Three that cannot be made, and one that breaks with the question on it.
            for _ in 0..3 {
                ends.break_links();
                ends.wait(400);
            }
            ends.deliver_up();
            ends.deliver_down();
            ends.break_links();
            while !ends.completed.contains_key(&1) && ends.millis < lost_at + 60_000 {
                ends.settle();
                ends.wait(50);
            }
            let took = ends.millis - lost_at;
            assert!(took < 4_000, "{version:?}: the reply came after {took} ms");
            assert!(ends.completed[&1].is_ok());
        }
    }
}

#[test]
fn what_comes_again_is_counted() {
    for version in VERSIONS {
        let mut ends = open(version);
        ends.call(1, "again", false);
        ends.deliver_up();
        // The acknowledgement is lost: it would be of no use to wait for it.
        for _ in 0..20 {
            ends.down.clear();
            ends.deliver_up();
            ends.wait(100);
        }
        assert!(ends.duplicates > 0, "{version:?}");
        carry_on(&mut ends);
        assert!(ends.completed[&1].is_ok());
    }
}

/// Who is called faster than it executes must read on: the acknowledgements of what it sends itself stand behind the callbacks.
#[test]
fn a_client_that_is_busy_reads_acknowledgements() {
    for version in VERSIONS {
        let setup = Setup { reliable: Some(version), window: 64, ..Setup::new(Random::new(3)) };
        let mut ends = Ends::opened(setup);
        ends.call(1, "first", true);
        carry_on(&mut ends);
        ends.call(2, "two", true);
        ends.settle();
        let session = ends.executions[0].session.clone().unwrap().to_string();
        for call in 0..64 {
            let message = crate::rules::callback(&mut ends, "ask", true);
            ends.call_back(&session, call, message);
        }
        for _ in 0..100 {
            ends.settle();
            ends.wait(100);
        }
        assert!(ends.callbacks.len() == 1, "the first one takes its time");
        assert!(!ends.held[1], "{version:?}");
        carry_on(&mut ends);
        assert!(ends.called.len() == 64 && ends.called.values().all(Result::is_ok));
    }
}

/// Replies of callbacks wait for the window of the client's sequence, which a service that acknowledges nothing never opens:
/// no further callback is begun.
#[test]
fn a_service_that_acknowledges_nothing_is_held_up() {
    for version in VERSIONS {
        let mut ends = open(version);
        ends.call(900, "hello", true);
        ends.settle();
        let session = ends.executions[0].session.clone().unwrap().to_string();
        carry_on(&mut ends);
        let mut executed = 0;
        for round in 0..60 {
            for call in 0..8 {
                let number = round * 8 + call;
                let text = "ask".repeat(number + 1);
                let message = crate::rules::callback(&mut ends, &text, false);
                ends.call_back(&session, number as u64, message);
            }
            for _ in 0..4 {
                ends.strip_acknowledgements_down();
                while ends.deliver_up() || ends.deliver_down() {
                    ends.strip_acknowledgements_down();
                }
                while let Some((id, request)) = ends.callbacks.pop_front() {
                    executed += 1;
                    let reply = Some(request.reply("urn:r", crate::kit::body("so")));
                    ends.executed(id, reply);
                }
                ends.wait(1);
            }
        }
        assert!((8..100).contains(&executed), "{version:?}: {executed} were executed");
    }
}

/// A service that calls with large messages while the client is busy: what waits at the client is bounded, whatever the window,
/// and everything comes in the end, once and in order.
#[test]
fn what_waits_at_the_client_is_bounded_in_octets() {
    const COUNT: u64 = 60;
    let mut ends = open_with(ReliableMessagingVersion::February2005, 64);
    ends.call(1, "one", true);
    ends.settle();
    let session = ends.executions[0].session.clone().unwrap().to_string();
    let text = "x".repeat(1 << 20);
    for call in 1..=COUNT {
        let message = crate::rules::callback(&mut ends, &format!("{call} {text}"), true);
        ends.call_back(&session, call, message);
    }
    // The first runs, and does not end.
    (0..20).for_each(|_| {
        ends.settle();
        ends.wait(250);
    });
    assert_eq!(ends.callbacks.len(), 1);
    let refused = ends.warnings.iter().filter(|text| text.contains("faster than")).count();
    assert!(refused > 0, "some were not taken");
    let said = ends.sent.iter().filter(|(side, _)| *side == crate::kit::Side::Client);
    let taken = said.filter_map(|(_, octets)| {
        let text = String::from_utf8_lossy(octets);
        text.split("Upper=\"").nth(1)?.split('"').next()?.parse::<u64>().ok()
    });
    let taken = taken.max().unwrap();
    assert!((8..=18).contains(&taken), "{taken} of a megabyte each were taken");
    let mut numbers = Vec::new();
    for _ in 0..4_000 {
        ends.settle();
        while let Some((callback, request)) = ends.callbacks.pop_front() {
            let text = text_of(request.envelope());
            numbers.push(text.split(' ').next().unwrap().parse::<u64>().unwrap());
            ends.executed(callback, None);
        }
        if numbers.len() as u64 == COUNT {
            break;
        }
        ends.wait(1_000);
    }
    assert_eq!(numbers, (1..=COUNT).collect::<Vec<_>>());
}
