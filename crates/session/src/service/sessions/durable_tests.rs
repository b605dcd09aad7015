//! Sessions that survive a crash, step by step: what is kept when, how they go on, how they are let go.

use waxwing_reliable::{
    CreateSequence, Message, MessageNumber, Offer, ReliableMessagingVersion,
    ReliableSessionSettings, Response, SavedEnd, Sequence, Shape, Shutdown, Ticket,
};
use waxwing_security::conversation::CallerIdentity;
use waxwing_soap::{Addressing, EndpointReference, Envelope, MessageVersion, RandomSource};

use super::*;
use crate::message::AppMessage;
use crate::record;
use crate::service::demarcation::OutOfPlace;
use crate::service::saved::{SavedSession, SessionChange};

const ANONYMOUS: &str = "http://www.w3.org/2005/08/addressing/anonymous";
const VERSION: MessageVersion = MessageVersion::SOAP12_ADDRESSING10;

struct Counting(u8);

impl RandomSource for Counting {
    fn fill(&mut self, octets: &mut [u8]) {
        self.0 += 1;
        octets.fill(self.0);
    }
}

/// What was said on an exchange.
#[derive(Debug, PartialEq)]
enum Said {
    Reply(String),
    Message(String),
    Nothing,
    Abandoned,
}

struct Desk {
    engine: ServiceSessions,
    now: Time,
    random: Counting,
    exchange: u64,
    said: Vec<(u64, Said)>,
    persists: Vec<SessionChange>,
    running: Vec<Execution>,
    others: Vec<String>,
    places: Vec<Place>,
    /// The host has no place for sessions.
    is_full: bool,
    /// When the store was asked for what the next messages belong to.
    looked_at: Option<Time>,
}

fn engine(shape: Shape) -> ServiceSessions {
    let reliable = ReliableSessionSettings { durable: true, ..ReliableSessionSettings::default() };
    let settings = ServiceSettings {
        address: "http://localhost/".to_owned(),
        version: VERSION,
        reliable: Some((ReliableMessagingVersion::V11, shape, reliable)),
        receive_timeout: Duration::from_secs(600),
        understood: Vec::new(),
        trace: false,
    };
    let mut demarcation = Demarcation::new(Duration::from_secs(10));
    demarcation.add("urn:begin", true, false);
    demarcation.add("urn:add", false, false);
    demarcation.add("urn:submit", false, true);
    demarcation.add("*", true, false);
    let engine = ServiceSessions::new(&settings, DispatchModes::default()).unwrap();
    engine.demarcated(demarcation)
}

fn said(response: super::Said) -> Said {
    let response = match response {
        super::Said::Reliable(response) => *response,
        other => return Said::Message(format!("{other:?}")),
    };
    let Response::Message(message) = response else { return Said::Nothing };
    match message.body {
        Body::Application(Carried::Reply(reply)) => Said::Reply(reply.action.clone()),
        body => {
            let text = format!("{body:?}");
            let end = text.find(['(', ' ']).unwrap_or(text.len());
            Said::Message(text[..end].to_owned())
        }
    }
}

impl Desk {
    fn new(shape: Shape) -> Self {
        Self {
            engine: engine(shape),
            now: Time::ZERO,
            random: Counting(0),
            exchange: 0,
            said: Vec::new(),
            persists: Vec::new(),
            running: Vec::new(),
            others: Vec::new(),
            places: Vec::new(),
            is_full: false,
            looked_at: None,
        }
    }

    fn give(&mut self, input: ServiceInput) {
        let wall = jiff::Timestamp::UNIX_EPOCH;
        let mut random = Counting(self.random.0);
        self.engine.handle(input, &mut Moment { wall, time: self.now, random: &mut random });
        self.random = random;
        while let Some(output) = self.engine.poll() {
            match output {
                ServiceOutput::Want(Place::Session(_)) if self.is_full => {}
                ServiceOutput::Want(place) => {
                    self.places.push(place);
                    self.give(ServiceInput::Granted(place));
                }
                ServiceOutput::Free(place) => self.places.retain(|other| *other != place),
                ServiceOutput::Execute(execution) => {
                    if execution.make {
                        self.give(ServiceInput::Made(execution.instance));
                    }
                    self.running.push(execution);
                }
                ServiceOutput::Release(instance) => self.give(ServiceInput::Released(instance)),
                ServiceOutput::Persist(change) => self.persists.push(*change),
                ServiceOutput::Abandon(exchange) => {
                    self.said.push((exchange.0, Said::Abandoned));
                }
                ServiceOutput::Answer { exchange, response } => {
                    self.said.push((exchange.0, said(response.0)));
                }
                ServiceOutput::Resume(_) | ServiceOutput::Event { .. } => {}
                other => {
                    let text = format!("{other:?}");
                    let end = text.find(['(', ' ']).unwrap_or(text.len());
                    self.others.push(text[..end].to_owned());
                }
            }
        }
    }

    fn arrive(&mut self, body: Body<&'static str>, sequence: Option<Sequence>) -> u64 {
        self.exchange += 1;
        let caller = Arc::new(CallerIdentity::Anonymous);
        let id = format!("urn:m:{}", self.exchange);
        let mut message = Message::new(body).map(|action| {
            let addressing = Addressing {
                action: Some(action.to_owned()),
                message_id: Some(id.clone()),
                ..Addressing::default()
            };
            let mut envelope = Envelope::new(VERSION);
            addressing.write(&mut envelope);
            let request = VerifiedRequest::new(envelope, addressing, Arc::clone(&caller));
            Carried::Request(Arc::new(request))
        });
        message.message_id = Some(Identifier::new(id));
        message.headers.sequence = sequence;
        let mut message = VerifiedMessage::new(message, None, caller);
        if let Some(time) = self.looked_at {
            message = message.looked_for_at(time);
        }
        let exchange = ExchangeId(self.exchange);
        self.give(ServiceInput::Arrived { exchange, message });
        self.exchange
    }

    fn create(&mut self, shape: Shape) -> u64 {
        let offer = (shape == Shape::RequestReply).then(|| Offer {
            identifier: Identifier::new("urn:offer"),
            endpoint: Some(EndpointReference::new(ANONYMOUS)),
            expires: None,
            incomplete_sequence_behavior: None,
        });
        let create = CreateSequence {
            acks_to: EndpointReference::new(ANONYMOUS),
            expires: None,
            offer,
            tokens: Vec::new(),
            reply_to: Some(EndpointReference::new(ANONYMOUS)),
            to: Some("http://localhost/".to_owned()),
        };
        self.arrive(Body::CreateSequence(Box::new(create)), None)
    }

    fn send(&mut self, session: &SessionId, number: MessageNumber, action: &'static str) -> u64 {
        let sequence = Sequence { identifier: session.clone(), number, last_message: false };
        self.arrive(Body::Application(action), Some(sequence))
    }

    /// The store has made everything durable.
    fn commit(&mut self) -> Option<SessionChange> {
        let mut last = None;
        for change in std::mem::take(&mut self.persists) {
            let (session, ticket) = (change.session.clone(), change.ticket);
            last = Some(change);
            self.give(ServiceInput::Persisted { session, ticket });
        }
        last
    }

    /// The operation that runs has ended.
    fn finish(&mut self, reply: &str) {
        let Execution { call, request, .. } = self.running.remove(0);
        let reply = request.reply(reply, Envelope::new(VERSION));
        self.give(ServiceInput::Finished { call, reply: Some(reply) });
    }

    fn finish_note(&mut self) {
        let Execution { call, .. } = self.running.remove(0);
        self.give(ServiceInput::Finished { call, reply: None });
    }

    fn restore(&mut self, saved: &SavedSession, messages: Vec<(u64, Arc<VerifiedRequest>)>) {
        // As a store gives it back.
        let octets = record::write_session(saved);
        let saved = Box::new(record::read_session(&octets).expect("it was written"));
        let read = |request: &Arc<VerifiedRequest>| {
            Arc::new(record::read_request(&record::write_request(request)).expect("written"))
        };
        let messages = messages.iter().map(|(number, request)| (*number, read(request))).collect();
        self.give(ServiceInput::Restore { saved, security: None, messages });
    }

    fn said(&mut self) -> Vec<(u64, Said)> {
        std::mem::take(&mut self.said)
    }

    fn others(&mut self) -> Vec<String> {
        std::mem::take(&mut self.others)
    }
}

/// A session that was opened.
fn opened(shape: Shape) -> (Desk, SessionId, SavedSession) {
    let mut desk = Desk::new(shape);
    let exchange = desk.create(shape);
    assert!(desk.said().is_empty() && desk.others().is_empty(), "it is not durable yet");
    let change = desk.commit().expect("a session is kept before its name leaves");
    assert_eq!(desk.said(), [(exchange, Said::Message("CreateSequenceResponse".to_owned()))]);
    assert_eq!(desk.others(), ["Created", "Accepted"]);
    (desk, change.session, change.saved)
}

fn reply(name: &str) -> Said {
    Said::Reply(name.to_owned())
}

#[test]
fn a_reply_leaves_when_it_is_kept_and_is_the_same_after_a_crash() {
    let (mut desk, session, _) = opened(Shape::RequestReply);
    let first = desk.send(&session, 1, "urn:a");
    assert!(desk.persists.is_empty(), "what is executed is not kept before");
    assert_eq!(desk.running[0].number, Some(1));
    desk.finish("urn:one");
    assert!(desk.said().is_empty(), "the reply is not durable yet");
    let change = desk.commit().expect("it was executed");
    assert_eq!(desk.said(), [(first, reply("urn:one"))]);
    assert!(change.saved.reliable.received.contains(1) && change.received.is_empty());

    let mut desk = Desk::new(Shape::RequestReply);
    desk.restore(&change.saved, Vec::new());
    assert_eq!(desk.others(), ["Restored", "Accepted"]);
    assert_eq!((desk.engine.session_count(), desk.engine.waiting_count()), (1, 0));
    assert_eq!(desk.places.len(), 1, "it has a place of the host again");
    let again = desk.send(&session, 1, "urn:a");
    assert_eq!(desk.said(), [(again, reply("urn:one"))]);
    assert!(desk.running.is_empty(), "executed once");
    desk.send(&session, 2, "urn:b");
    assert_eq!(desk.running.len(), 1);
}

#[test]
fn what_was_not_executed_is_executed_after_a_crash() {
    let (mut desk, session, saved) = opened(Shape::RequestReply);
    desk.send(&session, 1, "urn:a");
    assert_eq!(desk.running.len(), 1);
    let mut desk = Desk::new(Shape::RequestReply);
    desk.restore(&saved, Vec::new());
    let again = desk.send(&session, 1, "urn:a");
    desk.finish("urn:one");
    desk.commit().expect("kept");
    assert_eq!(desk.said(), [(again, reply("urn:one"))]);
}

#[test]
fn notes_are_kept_before_they_are_acknowledged_and_delivered_again_in_order() {
    let (mut desk, session, _) = opened(Shape::OneWay);
    desk.is_full = false;
    let first = desk.send(&session, 1, "urn:a");
    let second = desk.send(&session, 2, "urn:b");
    assert!(desk.said().is_empty() && desk.running.is_empty(), "not before it is durable");
    let mut kept: Vec<_> =
        desk.persists.iter().flat_map(|change| change.received.iter().cloned()).collect();
    let change = desk.commit().expect("kept");
    let acknowledged = || Said::Message("SequenceAcknowledgement".to_owned());
    assert_eq!(desk.said(), [(first, acknowledged()), (second, acknowledged())]);
    assert_eq!(desk.running.len(), 1, "one after the other");

    let mut desk = Desk::new(Shape::OneWay);
    kept.reverse();
    desk.restore(&change.saved, kept);
    assert_eq!(desk.running[0].request.action(), "urn:a");
    assert_eq!(desk.running[0].number, Some(1), "under the name that it had");
    desk.finish_note();
    assert_eq!(desk.persists[0].executed, [1]);
    assert_eq!(desk.running[0].request.action(), "urn:b");
    desk.finish_note();
    assert_eq!(desk.persists[1].executed, [2]);
}

#[test]
fn a_session_that_is_let_go_is_not_spoken_of() {
    let (mut desk, session, saved) = opened(Shape::RequestReply);
    let waits = desk.send(&session, 1, "urn:a");
    let queued = desk.send(&session, 2, "urn:b");
    desk.give(ServiceInput::Discard(session.clone()));
    let mut said = desk.said();
    said.sort_by_key(|(exchange, _)| *exchange);
    assert_eq!(said, [(waits, Said::Abandoned), (queued, Said::Abandoned)]);
    assert_eq!(desk.others(), ["Gone"]);
    assert_eq!(desk.engine.call_count(), 1, "the one that runs");
    // Somebody looked for it in the store before it was let go.
    let late = desk.send(&session, 1, "urn:a");
    let again = desk.create(Shape::RequestReply);
    assert_eq!(desk.said(), [(late, Said::Abandoned), (again, Said::Abandoned)]);
    desk.restore(&saved, Vec::new());
    let again = desk.create(Shape::RequestReply);
    assert_eq!(desk.said(), [(again, Said::Message("CreateSequenceResponse".to_owned()))]);
}

/// The commit of a CreateSequence has failed: nothing is kept of it, so the same one, which its client repeats with the same Offer, must
/// not be told to come again for ever. What was looked for before the session was let go says nothing.
#[test]
fn a_session_that_was_never_kept_is_made_by_the_next_request() {
    let mut desk = Desk::new(Shape::RequestReply);
    let first = desk.create(Shape::RequestReply);
    let session = desk.persists[0].session.clone();
    let before = desk.now;
    desk.now = desk.now + Duration::from_secs(1);
    desk.give(ServiceInput::Discard(session.clone()));
    desk.persists.clear();
    assert_eq!(desk.said(), [(first, Said::Abandoned)]);
    for unsure in [None, Some(before), Some(desk.now)] {
        desk.looked_at = unsure;
        let again = desk.create(Shape::RequestReply);
        assert_eq!(desk.said(), [(again, Said::Abandoned)], "{unsure:?}");
    }
    desk.now = desk.now + Duration::from_secs(10);
    desk.looked_at = Some(desk.now);
    let again = desk.create(Shape::RequestReply);
    let change = desk.commit().expect("it is kept now");
    assert_ne!(change.session, session);
    assert_eq!(desk.said(), [(again, Said::Message("CreateSequenceResponse".to_owned()))]);
}

#[test]
fn what_runs_of_a_former_life_is_not_taken_for_the_present_one() {
    let (mut desk, session, saved) = opened(Shape::RequestReply);
    desk.send(&session, 1, "urn:a");
    desk.give(ServiceInput::Discard(session.clone()));
    desk.restore(&saved, Vec::new());
    desk.said();
    let second = desk.send(&session, 1, "urn:a");
    assert_eq!(desk.running.len(), 1, "not beside itself");
    desk.finish("urn:former");
    assert!(desk.said().is_empty() && desk.persists.is_empty(), "nobody hears of it");
    assert_eq!(desk.running.len(), 1, "its turn has come");
    desk.finish("urn:present");
    desk.commit().expect("kept");
    assert_eq!(desk.said(), [(second, reply("urn:present"))]);
    assert_eq!(desk.engine.call_count(), 0);
    assert_eq!(desk.places.len(), 2, "the session and its instance");
}

#[test]
fn late_words_of_the_store_open_nothing_of_the_next_life() {
    let (mut desk, session, saved) = opened(Shape::RequestReply);
    desk.send(&session, 1, "urn:a");
    desk.finish("urn:one");
    let change = desk.persists.remove(0);
    desk.give(ServiceInput::Discard(session.clone()));
    desk.restore(&saved, Vec::new());
    desk.send(&session, 1, "urn:a");
    desk.finish("urn:one");
    desk.said();
    desk.give(ServiceInput::Persisted { session: session.clone(), ticket: change.ticket });
    assert!(desk.said().is_empty());
    desk.give(ServiceInput::Persisted { session, ticket: Ticket(change.ticket.0 + 1000) });
}

#[test]
fn a_host_that_ends_lets_its_sessions_go_when_what_runs_is_kept() {
    let (mut desk, session, _) = opened(Shape::RequestReply);
    let runs = desk.send(&session, 1, "urn:a");
    let queued = desk.send(&session, 2, "urn:b");
    desk.give(ServiceInput::Suspend);
    assert!(desk.said().is_empty() && !desk.engine.is_quiet());
    let late = desk.send(&session, 3, "urn:c");
    assert_eq!(desk.said(), [(late, Said::Abandoned)]);
    desk.finish("urn:one");
    assert!(desk.running.is_empty(), "nothing new begins");
    let change = desk.commit().expect("kept");
    assert_eq!(desk.said(), [(runs, reply("urn:one")), (queued, Said::Abandoned)]);
    assert!(desk.engine.is_quiet() && desk.engine.call_count() == 0 && desk.places.is_empty());
    assert_eq!(desk.others(), ["Gone"], "neither failed nor forgotten");
    let mut desk = Desk::new(Shape::RequestReply);
    desk.restore(&change.saved, Vec::new());
    desk.send(&session, 2, "urn:b");
    assert_eq!(desk.running.len(), 1);
}

/// The last operation of a session came before the crash, and was not executed: it is still the last one.
#[test]
fn a_session_has_come_as_far_as_it_was_executed() {
    let (mut desk, session, _) = opened(Shape::RequestReply);
    desk.send(&session, 1, "urn:begin");
    desk.send(&session, 2, "urn:submit");
    desk.finish("urn:begun");
    let change = desk.commit().expect("kept");
    assert_eq!(change.saved.course, Course::Begun);
    let mut desk = Desk::new(Shape::RequestReply);
    desk.restore(&change.saved, Vec::new());
    desk.send(&session, 2, "urn:submit");
    assert_eq!(desk.running[0].out_of_place, None);
    desk.finish("urn:submitted");
    let change = desk.commit().expect("kept");
    assert_eq!(change.saved.course, Course::Over);
    // It is ended when its client does not close it, after this crash as well.
    let mut desk = Desk::new(Shape::RequestReply);
    desk.restore(&change.saved, Vec::new());
    desk.send(&session, 3, "urn:add");
    assert_eq!(desk.running[0].out_of_place, Some(OutOfPlace::Terminated));
    desk.finish("urn:fault");
    desk.commit();
    desk.now = desk.now + Duration::from_secs(11);
    desk.give(ServiceInput::Tick);
    let mut others = desk.others();
    desk.commit();
    others.extend(desk.others());
    assert!(
        others.contains(&"Failed".to_owned()) && others.contains(&"Forget".to_owned()),
        "{others:?}"
    );
}

/// What was acknowledged is executed, although the session has failed meanwhile.
#[test]
fn notes_of_a_session_that_fails_are_executed() {
    let (mut desk, session, _) = opened(Shape::OneWay);
    desk.send(&session, 1, "urn:a");
    desk.send(&session, 2, "urn:b");
    desk.commit();
    desk.now = desk.now + Duration::from_secs(601);
    desk.give(ServiceInput::Tick);
    desk.commit();
    assert!(desk.others().contains(&"Failed".to_owned()));
    desk.finish_note();
    desk.finish_note();
    desk.commit();
    let others = desk.others();
    assert!(others.contains(&"Forget".to_owned()) && others.contains(&"Gone".to_owned()));
}

/// A session that was closed has only its messages left; they are executed after a crash, and then nothing is kept of it.
#[test]
fn a_session_that_is_over_executes_what_it_has() {
    let (mut desk, session, _) = opened(Shape::OneWay);
    desk.send(&session, 1, "urn:a");
    let kept = desk.persists[0].received.clone();
    desk.commit();
    let end = Shutdown {
        identifier: session.clone(),
        last_message_number: Some(1),
        reply_to: Some(EndpointReference::new(ANONYMOUS)),
    };
    desk.arrive(Body::CloseSequence(end.clone()), None);
    desk.commit();
    desk.arrive(Body::TerminateSequence(end), None);
    let change = desk.commit().expect("its end is kept");
    assert!(
        change.saved.reliable.is_over && change.saved.reliable.end == SavedEnd::Closed(Some(1))
    );

    let mut desk = Desk::new(Shape::OneWay);
    desk.restore(&change.saved, kept);
    assert_eq!((desk.running.len(), desk.engine.session_count()), (1, 1));
    desk.finish_note();
    assert_eq!(desk.persists[0].executed, [1]);
    desk.commit();
    assert_eq!(desk.engine.session_count(), 0);
    desk.now = desk.now + Duration::from_secs(601);
    desk.give(ServiceInput::Tick);
    let others = desk.others();
    assert!(others.contains(&"Forget".to_owned()), "{others:?}");
    assert!(desk.engine.is_quiet() && desk.places.is_empty());
}

/// Every message of the memory of a session in a store is of the message that it was made of.
#[test]
fn replies_are_shared_with_the_change() {
    let (mut desk, session, _) = opened(Shape::RequestReply);
    desk.send(&session, 1, "urn:a");
    desk.finish("urn:one");
    let change = &desk.persists[0];
    let reply: &AppMessage = change.saved.reliable.replies[0].reply.as_ref().expect("a reply");
    assert!(Arc::strong_count(reply) > 1, "no copy of it is made");
}

/// The steps above notice what the simulation does not: there the marks of the application make good what comes of it.
#[cfg(feature = "mutations")]
#[test]
fn broken_rules_are_noticed_step_by_step() {
    let rules: [(Mutation, fn()); 2] = [
        (Mutation::FaultWhenUnsure, a_session_that_is_let_go_is_not_spoken_of),
        (Mutation::TakeFormerCalls, what_runs_of_a_former_life_is_not_taken_for_the_present_one),
    ];
    for (rule, test) in rules {
        crate::mutation::break_rule(Some(rule));
        let noticed = std::panic::catch_unwind(test).is_err();
        crate::mutation::break_rule(None);
        assert!(noticed, "{rule:?}");
        test();
    }
}
