//! The rules of correlation, one by one.

use waxwing_session::{
    ClientInput, ConcurrencyMode, DispatchModes, DuplexInput, DuplexSettings, InstanceContextMode,
    LinkId, LinkNews, ServiceInput, SessionError, TransportCause, TransportFailure,
};
use waxwing_soap::{Addressing, Envelope};
use waxwing_xml::Limits;

use crate::kit::{Ends, Outcome, Packet, Setup, body, request, reset, text_of};
use crate::random::Random;

fn setup() -> Setup {
    Setup::new(Random::new(3))
}

fn text(outcome: &Outcome) -> String {
    match outcome {
        Ok(Some(reply)) => text_of(&reply.envelope),
        Ok(None) => "done".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// Answers everything that the service executes with what was asked.
fn answer_all(ends: &mut Ends) {
    while let Some(execution) = ends.executions.pop_front() {
        let text = text_of(execution.request.envelope());
        let reply = execution.request.addressing().message_id.is_some();
        let reply = reply.then(|| Ends::reply(&execution, &text)).flatten();
        ends.finished(&execution, reply);
        ends.settle();
    }
}

fn session(ends: &mut Ends) -> String {
    ends.call(900, "hello", true);
    ends.settle();
    let session = ends.executions[0].session.clone().unwrap().to_string();
    answer_all(ends);
    session
}

#[test]
fn replies_find_their_requests_in_whatever_order_they_come() {
    let modes = DispatchModes {
        instances: InstanceContextMode::PerSession,
        concurrency: ConcurrencyMode::Multiple,
    };
    let mut ends = Ends::opened(Setup { modes, ..setup() });
    for call in 0..5 {
        ends.call(call, &format!("call {call}"), false);
    }
    ends.settle();
    let mut executions: Vec<_> = ends.executions.drain(..).collect();
    executions.reverse();
    for execution in executions {
        let text = text_of(execution.request.envelope());
        let reply = Ends::reply(&execution, &text);
        ends.finished(&execution, reply);
    }
    ends.settle();
    for call in 0..5 {
        assert_eq!(text(&ends.completed[&call]), format!("call {call}"));
    }
}

#[test]
fn a_session_has_one_call_at_a_time_and_in_order() {
    let mut ends = Ends::opened(setup());
    (0..4).for_each(|call| ends.call(call, &call.to_string(), call % 2 == 0));
    ends.settle();
    assert_eq!(ends.executions.len(), 1, "ConcurrencyMode.Single");
    answer_all(&mut ends);
    let outcomes: Vec<_> = ends.completed.values().map(text).collect();
    assert_eq!(outcomes, ["done", "1", "done", "3"]);
}

#[test]
fn a_late_reply_is_dropped_and_the_session_goes_on() {
    let mut ends = Ends::opened(setup());
    ends.call(1, "slow", false);
    ends.settle();
    ends.wait(61_000);
    let error = ends.completed[&1].as_ref().unwrap_err();
    assert!(matches!(error, SessionError::TimedOut { attempts: 1, .. }), "{error}");
    answer_all(&mut ends);
    assert!(ends.warnings.iter().any(|w| w.contains("came after its call had given up")));
    assert!(ends.callbacks.is_empty() && ends.ended.is_none());
    ends.call(2, "again", false);
    ends.settle();
    answer_all(&mut ends);
    assert_eq!(text(&ends.completed[&2]), "again");
}

#[test]
fn the_service_drops_late_replies_of_callbacks() {
    let mut ends = Ends::opened(setup());
    let session = session(&mut ends);
    let message = callback(&mut ends, "slow", false);
    ends.call_back(&session, 1, message);
    ends.settle();
    ends.wait(61_000);
    let error = ends.called[&1].as_ref().unwrap_err();
    assert!(matches!(error, SessionError::TimedOut { .. }), "{error}");
    let (id, asked) = ends.callbacks.pop_front().unwrap();
    let reply = asked.reply("urn:late", body("late"));
    ends.executed(id, Some(reply));
    ends.settle();
    assert!(ends.executions.is_empty(), "it is no request");
    assert!(ends.warnings.iter().any(|w| w.contains("a reply of the client came after")));
}

pub fn callback(ends: &mut Ends, text: &str, one_way: bool) -> waxwing_session::AppMessage {
    let mut random = Random::new(ends.millis ^ 0xCA11 ^ text.len() as u64);
    let wall = jiff::Timestamp::UNIX_EPOCH;
    let mut at = waxwing_session::Moment::new(wall, ends.time(), &mut random);
    request(text, one_way, &mut at)
}

#[test]
fn callbacks_reach_the_client_and_their_replies_the_service() {
    let mut ends = Ends::opened(setup());
    let session = session(&mut ends);
    let (two_way, note) = (callback(&mut ends, "ask", false), callback(&mut ends, "tell", true));
    ends.call_back(&session, 1, two_way);
    ends.call_back(&session, 2, note);
    assert_eq!(text(&ends.called[&2]), "done", "a one-way call is over when it is written");
    ends.settle();
    assert_eq!(ends.callbacks.len(), 1, "one at a time");
    let (id, asked) = ends.callbacks.pop_front().unwrap();
    assert_eq!(text_of(asked.envelope()), "ask");
    let own = asked.addressing().reply_to.as_ref().map(|r| r.address.as_str());
    assert_eq!(own, Some(crate::kit::ADDRESS), "the service's own address");
    ends.executed(id, Some(asked.reply("urn:r", body("told"))));
    ends.settle();
    assert_eq!(text(&ends.called[&1]), "told");
    let (id, told) = ends.callbacks.pop_front().unwrap();
    assert_eq!(text_of(told.envelope()), "tell");
    ends.executed(id, None);
    assert_eq!(ends.duplex.call_count(), 0);
}

#[test]
fn without_a_callback_contract_what_answers_nothing_is_dropped() {
    let mut ends = Ends::opened(Setup { client: DuplexSettings::default(), ..setup() });
    let session = session(&mut ends);
    let note = callback(&mut ends, "tell", true);
    ends.call_back(&session, 1, note);
    ends.settle();
    assert!(ends.callbacks.is_empty() && ends.ended.is_none() && ends.up.is_empty());
    assert!(ends.warnings.iter().any(|w| w.contains("the contract has no callbacks")));
}

#[test]
fn a_fault_is_not_answered_with_a_fault() {
    let mut ends = Ends::opened(setup());
    let fault = waxwing_soap::Fault::new(waxwing_soap::FaultCode::Sender, "no");
    let envelope = fault.to_envelope(crate::kit::VERSION, "urn:fault", None);
    let news = LinkNews::Message(Box::new(envelope.clone()));
    ends.client(ClientInput::Link { link: LinkId(1), news });
    ends.arrives(LinkId(1), &envelope.to_bytes());
    assert!(ends.executions.is_empty() && ends.callbacks.is_empty());
    assert_eq!(ends.warnings.len(), 2, "{:?}", ends.warnings);
    assert!(ends.up.is_empty() && ends.down.is_empty());
}

#[test]
fn a_message_for_somebody_else_is_answered_on_the_link() {
    let mut ends = Ends::opened(Setup { to: "net.tcp://localhost:9000/other".into(), ..setup() });
    ends.call(1, "x", false);
    ends.settle();
    let error = ends.completed[&1].as_ref().unwrap_err();
    let SessionError::Refused(fault) = error else { panic!("{error}") };
    assert!(fault.text().contains("AddressFilter mismatch"), "{fault:?}");
    let (_, octets) = ends.sent.last().unwrap();
    let sent = Envelope::parse(&octets[..], &Limits::SOAP).unwrap();
    let to = Addressing::read(&sent).unwrap().to;
    assert_eq!(to.as_deref(), Some("http://www.w3.org/2005/08/addressing/anonymous"));
}

#[test]
fn closing_waits_for_calls_and_for_the_other_side() {
    let mut ends = Ends::opened(setup());
    ends.call(1, "last", false);
    ends.close();
    ends.settle();
    assert!(ends.ended.is_none() && ends.up.is_empty());
    answer_all(&mut ends);
    assert!(matches!(ends.ended, Some(Ok(()))), "{:?}", ends.ended);
    assert_eq!(text(&ends.completed[&1]), "last");
    assert_eq!((ends.sessions.session_count(), ends.duplex.conversation_count()), (0, 0));
    let late = callback(&mut ends, "late", true);
    ends.call_back("uuid:gone", 7, late);
    assert!(text(&ends.called[&7]).contains("the session of this client is over"));
}

#[test]
fn a_client_that_is_not_answered_when_its_time_is_up_aborts() {
    let mut ends = Ends::opened(setup());
    ends.call(1, "for ever", false);
    ends.settle();
    ends.wait(1);
    ends.close();
    ends.wait(60_500);
    assert!(ends.up.contains(&(LinkId(1), Packet::Abort)));
    assert!(matches!(ends.ended, Some(Err(SessionError::TimedOut { .. }))), "{:?}", ends.ended);
}

#[test]
fn a_broken_link_fails_what_waits_at_both_ends() {
    let mut ends = Ends::opened(setup());
    let session = session(&mut ends);
    ends.call(1, "call", false);
    let ask = callback(&mut ends, "ask", false);
    ends.call_back(&session, 1, ask);
    ends.deliver_up();
    ends.service(DuplexInput::Lost { link: LinkId(1), failure: reset() });
    ends.client(ClientInput::Link { link: LinkId(1), news: LinkNews::Lost(reset()) });
    assert!(text(&ends.completed[&1]).contains("the connection was reset"));
    assert!(text(&ends.called[&1]).contains("the connection was reset"));
    // What was received is executed, and nobody hears of it.
    assert_eq!(ends.executions.len(), 1);
    ends.down.clear();
    answer_all(&mut ends);
    assert!(ends.down.is_empty());
    assert_eq!((ends.sessions.session_count(), ends.duplex.conversation_count()), (0, 0));
}

#[test]
fn a_service_that_ends_the_session_fails_what_waits_for_a_reply() {
    let mut ends = Ends::opened(setup());
    ends.call(1, "call", false);
    ends.client(ClientInput::Link { link: LinkId(1), news: LinkNews::End });
    assert!(text(&ends.completed[&1]).contains("the service has ended the session"));
    ends.call(2, "another", false);
    assert!(text(&ends.completed[&2]).contains("the service has ended the session"));
    ends.close();
    assert!(matches!(ends.ended, Some(Ok(()))), "{:?}", ends.ended);
}

#[test]
fn a_link_that_cannot_be_made_is_told_at_once() {
    let mut ends = Ends::new(setup());
    ends.call(1, "early", false);
    ends.open();
    let (cause, reason) = (TransportCause::Refused, "nothing listens".to_owned());
    let news = LinkNews::Unreachable(TransportFailure { cause, reason });
    ends.client(ClientInput::Link { link: LinkId(1), news });
    let Some(Err(error)) = &ends.ended else { panic!("{:?}", ends.ended) };
    assert_eq!(error.to_string(), "opening the channel failed: nothing listens");
    assert!(text(&ends.completed[&1]).contains("nothing listens"));
}

#[test]
fn an_opening_that_takes_too_long_gives_the_link_up() {
    let mut ends = Ends::new(setup());
    ends.open();
    ends.wait(60_500);
    assert!(matches!(ends.ended, Some(Err(SessionError::TimedOut { .. }))), "{:?}", ends.ended);
    assert!(ends.up.contains(&(LinkId(1), Packet::Abort)));
}

#[test]
fn an_idle_session_is_ended_by_the_service() {
    let mut ends = Ends::opened(setup());
    ends.wait(601_000);
    ends.wait(601_000);
    assert!(ends.down.contains(&(LinkId(1), Packet::Abort)), "{:?}", ends.down);
    assert_eq!((ends.sessions.session_count(), ends.duplex.conversation_count()), (0, 0));
}

/// With `Reentrant`, others run while a call waits for its client, and it goes on when none does.
#[test]
fn a_reentrant_session_lets_others_in_while_one_calls_out() {
    let modes = DispatchModes {
        instances: InstanceContextMode::PerSession,
        concurrency: ConcurrencyMode::Reentrant,
    };
    let mut ends = Ends::opened(Setup { modes, ..setup() });
    (0..3).for_each(|call| ends.call(call, &call.to_string(), false));
    ends.settle();
    let first = ends.executions.pop_front().unwrap();
    assert!(ends.executions.is_empty(), "one at a time");
    ends.sessions(ServiceInput::CallsOut(first.call));
    let second = ends.executions.pop_front().unwrap();
    assert!(ends.executions.is_empty(), "the second runs");
    ends.sessions(ServiceInput::Returns(first.call));
    assert!(ends.resumed.is_empty(), "the second still runs");
    let reply = Ends::reply(&second, "second");
    ends.finished(&second, reply);
    assert_eq!(ends.resumed, [first.call], "before a third begins");
    assert!(ends.executions.is_empty());
    let reply = Ends::reply(&first, "first");
    ends.finished(&first, reply);
    assert_eq!(ends.executions.len(), 1);
    answer_all(&mut ends);
    ends.settle();
    assert_eq!(text(&ends.completed[&0]), "first");
    assert_eq!(text(&ends.completed[&1]), "second");
}

/// The same at the client.
#[test]
fn a_reentrant_client_lets_others_in_while_one_calls_out() {
    let mut client = setup().client;
    client.concurrency = ConcurrencyMode::Reentrant;
    let mut ends = Ends::opened(Setup { client, ..setup() });
    let session = session(&mut ends);
    for call in 0..3 {
        let ask = callback(&mut ends, &"ask".repeat(call + 1), false);
        ends.call_back(&session, call as u64, ask);
    }
    ends.settle();
    let (first, _) = ends.callbacks.pop_front().unwrap();
    assert!(ends.callbacks.is_empty(), "one at a time");
    ends.client(ClientInput::CallsOut(first));
    let (second, _) = ends.callbacks.pop_front().unwrap();
    ends.client(ClientInput::Returns(first));
    assert!(ends.resumed_back.is_empty() && ends.callbacks.is_empty());
    ends.executed(second, None);
    assert_eq!(ends.resumed_back, [first], "before a third begins");
    assert!(ends.callbacks.is_empty());
    ends.executed(first, None);
    assert_eq!(ends.callbacks.len(), 1);
}

#[test]
fn a_client_that_is_far_ahead_is_held_up() {
    let mut ends = Ends::opened(setup());
    for call in 0..40 {
        ends.call(call, "note", true);
    }
    let mut read = 0;
    while !ends.held[0] && ends.deliver_up() {
        read += 1;
    }
    assert_eq!(read, 32);
    let first = ends.executions.pop_front().unwrap();
    ends.finished(&first, None);
    assert!(!ends.held[0], "one is done, one more is read");
    ends.sessions(ServiceInput::Tick);
}

#[test]
fn a_service_that_is_far_ahead_is_held_up() {
    let mut ends = Ends::opened(setup());
    let session = session(&mut ends);
    for call in 0..40 {
        let note = callback(&mut ends, "note", true);
        ends.call_back(&session, call, note);
    }
    let mut read = 0;
    while !ends.held[1] && ends.deliver_down() {
        read += 1;
    }
    assert_eq!(read, 32);
    let (id, _) = ends.callbacks.pop_front().unwrap();
    ends.executed(id, None);
    assert!(!ends.held[1]);
}

/// Octets count as well as messages: some large ones are as much as many small ones.
#[test]
fn a_client_with_large_messages_is_held_up() {
    let mut ends = Ends::opened(setup());
    let session = session(&mut ends);
    (0..100).for_each(|call| ends.call(call, &"x".repeat(300_000), true));
    let read = |ends: &mut Ends| {
        let mut read = 0;
        while !ends.held[0] && ends.deliver_up() {
            read += 1;
        }
        read
    };
    assert_eq!(read(&mut ends), 4);
    let first = ends.executions.pop_front().unwrap();
    ends.finished(&first, None);
    assert_eq!(read(&mut ends), 1, "one is done, one more is read");
    // What it answers stands behind them.
    let ask = callback(&mut ends, "ask", false);
    ends.call_back(&session, 1, ask);
    let ahead = read(&mut ends);
    assert!((40..60).contains(&ahead), "{ahead} of 300 KB");
}

#[test]
fn a_service_with_large_messages_is_held_up() {
    let mut ends = Ends::opened(setup());
    let session = session(&mut ends);
    for call in 0..10 {
        let note = callback(&mut ends, &"x".repeat(300_000), true);
        ends.call_back(&session, call, note);
    }
    let mut read = 0;
    while !ends.held[1] && ends.deliver_down() {
        read += 1;
    }
    assert_eq!(read, 4);
    let (id, _) = ends.callbacks.pop_front().unwrap();
    ends.executed(id, None);
    assert!(!ends.held[1]);
}

/// A service that calls and takes none of the replies has only so many made.
#[test]
fn replies_that_are_not_written_hold_the_service_up() {
    let client = DuplexSettings { concurrency: ConcurrencyMode::Multiple, ..setup().client };
    let mut ends = Ends::opened(Setup { client, ..setup() });
    let session = session(&mut ends);
    for call in 0..200 {
        let ask = callback(&mut ends, &"ask".repeat(call + 1), false);
        ends.call_back(&session, call as u64, ask);
    }
    ends.unwritten = Some(Vec::new());
    let mut executed = 0;
    while !ends.held[1] && ends.deliver_down() {
        while let Some((id, request)) = ends.callbacks.pop_front() {
            executed += 1;
            ends.executed(id, Some(request.reply("urn:r", body("so"))));
        }
    }
    assert_eq!(executed, 32);
    assert!(ends.held[1], "further ones are not read, either");
    for written in ends.unwritten.take().unwrap() {
        ends.client(ClientInput::Written(written));
    }
    while let Some((id, request)) = ends.callbacks.pop_front() {
        executed += 1;
        ends.executed(id, Some(request.reply("urn:r", body("so"))));
        while !ends.held[1] && ends.deliver_down() {}
    }
    ends.settle();
    assert_eq!((executed, ends.called.len()), (200, 200));
}
