//! Messages of a peer that keeps to no rule: any header with any body, numbers from the ends of their range, names of its
//! own and of others' sessions. Nothing panics, every exchange is answered once, nothing is delivered twice, to the wrong
//! session or out of order, and what is held is bounded.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use waxwing_reliable::{
    Body, CallId, CreateSequenceResponse, ExchangeId, Failure, FailureKind, FaultKind, Identifier,
    Initiator, InitiatorInput, InitiatorOutput, Listener, ListenerInput, ListenerOutput, Message,
    OpenRequest, Ranges, ReliableMessagingVersion, ReliableSessionSettings, Sequence,
    SequenceAcknowledgement, SequenceFault, Shape, Shutdown, Time,
};

use waxwing_soap::EndpointReference;

use crate::harness::{
    BOTH, Names, OneWay, RequestReply, create, create_id, create_message, id, moment, name,
    names_of_client,
};

const WINDOW: u32 = 4;
const MAX: u64 = i64::MAX as u64;

/// One message, from numbers: what each means is said where it is used.
#[derive(Clone, Debug)]
struct Step {
    kind: u8,
    session: u8,
    other: u8,
    number: u64,
    ranges: Vec<(u64, u64)>,
    flags: u8,
    tag: u8,
}

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![30 => 1u64..10, 1 => Just(MAX), 1 => Just(MAX - 1), 1 => 10u64..5000]
}

fn step() -> impl Strategy<Value = Step> {
    let ranges = prop::collection::vec((number(), number()), 0..4);
    // Most are messages of the application in their own session: the first breach of a rule ends it.
    let kind = prop_oneof![30 => Just(0u8), 3 => 6u8..8, 1 => 5u8..12];
    let session = prop_oneof![20 => Just(0u8), 10 => 1u8..3, 1 => Just(3u8)];
    let other = prop_oneof![30 => Just(None), 1 => (0u8..4).prop_map(Some)];
    let tag = prop_oneof![20 => Just(0u8), 1 => 1u8..3];
    (kind, session, other, number(), ranges, any::<u8>(), tag).prop_map(
        |(kind, session, other, number, ranges, flags, tag)| Step {
            kind,
            session,
            other: other.unwrap_or(session),
            number,
            ranges,
            flags,
            tag,
        },
    )
}

struct World {
    listener: Listener<u32>,
    now: Time,
    /// Sessions with the context that made them.
    sessions: Vec<(Identifier, Option<Identifier>)>,
    ended: BTreeSet<Identifier>,
    exchanges: u64,
    /// Those that are not answered.
    open: BTreeSet<u64>,
    delivered: BTreeMap<Identifier, Vec<u64>>,
    /// The context by which each message came, by its content.
    came: BTreeMap<u32, Option<Identifier>>,
    undone: Vec<(Identifier, u64)>,
    ordered: bool,
    names: Names,
}

fn tag(n: u8) -> Option<Identifier> {
    (n > 0).then(|| id(if n == 1 { "urn:context:a" } else { "urn:context:b" }))
}

impl World {
    fn new(version: ReliableMessagingVersion, shape: Shape, ordered: bool) -> Self {
        let settings = ReliableSessionSettings {
            ordered,
            max_transfer_window_size: WINDOW,
            inactivity_timeout: Duration::from_secs(60),
            ..Default::default()
        };
        let mut world = Self {
            listener: Listener::new(version, shape, settings).unwrap(),
            now: Time::ZERO,
            sessions: Vec::new(),
            ended: BTreeSet::new(),
            exchanges: 0,
            open: BTreeSet::new(),
            delivered: BTreeMap::new(),
            came: BTreeMap::new(),
            undone: Vec::new(),
            ordered,
            names: Names::new((0..3).map(forward_of)),
        };
        for (i, context) in [1, 2, 1].into_iter().enumerate() {
            let mut create = create(version, shape);
            if let Some(offer) = &mut create.offer {
                offer.identifier = name(0xB, i as u64);
            }
            let mut message = create_message(create);
            message.message_id = Some(id(&format!("urn:create:{i}")));
            world.give(message, tag(context));
        }
        assert_eq!(world.sessions.len(), 3);
        world
    }

    fn give(&mut self, message: Message<u32>, tag: Option<Identifier>) {
        self.exchanges += 1;
        let exchange = ExchangeId(self.exchanges);
        self.open.insert(exchange.0);
        self.input(ListenerInput::Request { exchange, message, tag });
        self.drain();
    }

    fn input(&mut self, input: ListenerInput<u32>) {
        self.listener.handle(input, &mut moment(self.now, &mut self.names));
    }

    fn drain(&mut self) {
        while let Some(output) = self.listener.poll() {
            match output {
                ListenerOutput::Transmit { route, .. } => {
                    assert!(self.open.remove(&route.exchange().0), "answered twice");
                }
                ListenerOutput::Created { session, tag } => {
                    self.sessions.push((session.clone(), tag));
                    self.input(ListenerInput::Accept(session));
                }
                ListenerOutput::Deliver { session, number, message } => {
                    assert!(!self.ended.contains(&session), "delivered after the end");
                    let (_, tag) = self.sessions.iter().find(|(id, _)| *id == session).unwrap();
                    assert_eq!(self.came[&message], *tag, "delivered to another's session");
                    let before = self.delivered.entry(session.clone()).or_default();
                    assert!(!before.contains(&number), "delivered twice");
                    if self.ordered {
                        assert!(before.iter().all(|n| *n < number), "out of order");
                    }
                    before.push(number);
                    self.undone.push((session, number));
                }
                ListenerOutput::EndOfMessages(session) => {
                    self.input(ListenerInput::Close(session));
                }
                ListenerOutput::Closed(session) | ListenerOutput::Faulted { session, .. } => {
                    assert!(self.ended.insert(session), "ended twice");
                }
                ListenerOutput::Event { .. } => {}
                ListenerOutput::Persist { .. }
                | ListenerOutput::Forget(_)
                | ListenerOutput::Busy(_)
                | ListenerOutput::Abandon(_) => panic!("nothing is durable here"),
            }
        }
    }

    fn message(&mut self, step: &Step) -> Message<u32> {
        let (forward, back) = (forward_of(step.session), back_of(step.other));
        let flag = |bit: u8| step.flags & bit != 0;
        let shutdown = || Shutdown {
            identifier: forward.clone(),
            last_message_number: flag(1).then_some(step.number),
            reply_to: flag(2).then(|| EndpointReference::new("http://elsewhere/")),
        };
        let content = self.came.len() as u32;
        let body = match step.kind {
            0 => Body::Application(content),
            5 => Body::LastMessage,
            6 => Body::AckRequested,
            7 => Body::SequenceAcknowledgement,
            8 => Body::CloseSequence(shutdown()),
            9 => Body::TerminateSequence(shutdown()),
            10 => {
                let kind = FaultKind::SequenceTerminated(forward.clone());
                Body::Fault(Box::new(SequenceFault::sender(kind, "no")))
            }
            _ => Body::TerminateSequenceResponse(forward.clone()),
        };
        let mut message = Message::new(body);
        message.message_id = flag(4).then(|| id("urn:message"));
        let has_sequence = step.kind <= 5 || step.flags & 15 == 15;
        let number = step.number;
        message.headers.sequence = has_sequence.then(|| Sequence {
            identifier: forward.clone(),
            number,
            last_message: step.kind == 5 || step.flags & 63 == 63,
        });
        if flag(64) || step.kind == 7 {
            let mut ranges = Ranges::new();
            step.ranges.iter().for_each(|(a, b)| ranges.insert_range(*a.min(b), *a.max(b)));
            let mut acknowledgement = SequenceAcknowledgement::new(back, ranges);
            acknowledgement.is_final = flag(128);
            message.headers.acknowledgement = Some(acknowledgement);
        }
        if step.kind == 6 || step.flags & 3 == 3 {
            message.headers.ack_requested = Some(forward);
        }
        message
    }

    fn step(&mut self, step: &Step) {
        let message = self.message(step);
        // Most messages are of the context that the session is of.
        let own = self.sessions.get(usize::from(step.session)).and_then(|(_, tag)| tag.clone());
        let tag = if step.tag == 0 { own } else { tag(step.tag) };
        self.came.insert(self.came.len() as u32, tag.clone());
        self.give(message, tag);
        if step.flags & 16 == 0
            && let Some((session, number)) = self.undone.pop()
        {
            let taken = ListenerInput::Taken { session: session.clone(), number };
            self.input(taken);
            let reply = (step.flags & 32 == 0).then_some(0);
            self.input(ListenerInput::Done { session, number, reply });
            self.drain();
        }
        for (session, _) in &self.sessions {
            if let Some(octets) = self.listener.session_memory(session) {
                assert!(octets < 64 * 1024, "{octets}");
            }
        }
    }

    /// Time passes until every session has ended; then nobody waits.
    fn end(mut self) {
        for _ in 0..200 {
            let Some(at) = self.listener.wake_at() else { break };
            self.now = self.now.max(at);
            self.input(ListenerInput::Tick);
            self.drain();
        }
        assert_eq!(self.listener.sessions().count(), 0);
        assert!(self.open.is_empty(), "{} exchanges are not answered", self.open.len());
        assert_eq!(self.ended.len(), self.sessions.len());
    }
}

fn forward_of(session: u8) -> Identifier {
    name(0xF, session.into())
}

fn back_of(session: u8) -> Identifier {
    name(0xB, session.into())
}

/// The answer to CreateSequence.
fn created(shape: Shape) -> Message<u32> {
    let accept = (shape == RequestReply).then(|| EndpointReference::new("http://service/"));
    let mut created =
        Message::new(Body::CreateSequenceResponse(Box::new(CreateSequenceResponse {
            identifier: forward_of(0),
            expires: None,
            incomplete_sequence_behavior: None,
            accept,
        })));
    created.relates_to = Some(create_id());
    created
}

/// What comes on an exchange whose message has this identifier, after `n` calls and messages up to `highest`.
fn answer(
    service: &mut World,
    step: &Step,
    exchange: ExchangeId,
    (n, highest, message_id): (usize, u64, Option<Identifier>),
) -> InitiatorInput<u32> {
    let mut message = service.message(step);
    // The other way round: the client's sequence is acknowledged, replies come in its return sequence.
    // Most is as it should be, so that the session goes on.
    let forward = forward_of(step.other);
    let acknowledgement = message.headers.acknowledgement.get_or_insert_with(|| {
        SequenceAcknowledgement::new(forward.clone(), Ranges::up_to(highest))
    });
    acknowledgement.identifier = forward;
    acknowledgement.is_final &= step.number > 8;
    if step.number <= 8 {
        acknowledgement.ranges = Ranges::up_to(highest);
    }
    if let Some(sequence) = &mut message.headers.sequence {
        sequence.identifier = back_of(step.session);
        sequence.number += if step.number <= 8 { 10 * n as u64 } else { 0 };
    }
    message.relates_to = if step.flags & 6 == 6 { Some(id("urn:call:0")) } else { message_id };
    match step.flags % 11 {
        0 => InitiatorInput::Response { exchange, message: None },
        1 => {
            let kind = FailureKind::Retryable;
            InitiatorInput::Failed { exchange, failure: Failure { kind, reason: String::new() } }
        }
        2 if step.number.is_multiple_of(2) => InitiatorInput::Progress { exchange },
        2 => InitiatorInput::Written { exchange },
        _ => InitiatorInput::Response { exchange, message: Some(message) },
    }
}

/// A client, and what it has posted and was asked.
struct Beside {
    client: Initiator<u32>,
    names: Names,
    now: Time,
    posted: Vec<(ExchangeId, Option<Identifier>)>,
    calls: BTreeSet<u64>,
    highest: u64,
    ended: bool,
}

impl Beside {
    fn new(version: ReliableMessagingVersion, shape: Shape) -> Self {
        let settings = ReliableSessionSettings {
            max_transfer_window_size: WINDOW,
            inactivity_timeout: Duration::from_secs(60),
            ..Default::default()
        };
        Self {
            client: Initiator::new(version, shape, settings).unwrap(),
            names: names_of_client(version, shape, back_of(0)),
            now: Time::ZERO,
            posted: Vec::new(),
            calls: BTreeSet::new(),
            highest: 0,
            ended: false,
        }
    }

    fn deadline(&self) -> Time {
        self.now + Duration::from_secs(60)
    }

    /// Takes an input and what comes of it. Gives whether the session is over.
    fn give(&mut self, input: InitiatorInput<u32>) -> bool {
        self.client.handle(input, &mut moment(self.now, &mut self.names));
        while let Some(output) = self.client.poll() {
            match output {
                InitiatorOutput::Transmit { route, message, .. } => {
                    let number = message.headers.sequence.map_or(0, |sequence| sequence.number);
                    self.highest = self.highest.max(number);
                    self.posted.push((route.exchange(), message.message_id));
                }
                InitiatorOutput::Completed { call, .. }
                | InitiatorOutput::CallFailed { call, .. } => {
                    assert!(self.calls.remove(&call.0), "a second outcome");
                }
                InitiatorOutput::Closed | InitiatorOutput::Faulted(_) => {
                    assert!(!self.ended, "ended twice");
                    self.ended = true;
                }
                InitiatorOutput::Opened | InitiatorOutput::Event(_) => {}
                InitiatorOutput::Persist { .. } => panic!("nothing is durable here"),
            }
        }
        self.ended
    }

    /// Creates the sequence.
    fn open(&mut self, shape: Shape) {
        let (started, deadline) = (self.now, self.deadline());
        let to = "http://service/".to_owned();
        let open = OpenRequest { to, token: None, started, deadline };
        self.give(InitiatorInput::Open(open));
        let (exchange, _) = self.posted.remove(0);
        self.give(InitiatorInput::Response { exchange, message: Some(created(shape)) });
    }

    /// Makes a call, and gives an answer to something. Gives whether the session is over.
    fn step(&mut self, service: &mut World, n: usize, step: &Step) -> bool {
        self.calls.insert(n as u64);
        let over = self.give(InitiatorInput::Send {
            call: CallId(n as u64),
            message: n as u32,
            message_id: (step.flags & 1 == 0).then(|| id(&format!("urn:call:{n}"))),
            deadline: Some(self.deadline()),
        });
        if self.posted.is_empty() {
            return over;
        }
        let (exchange, message_id) = self.posted.remove(usize::from(step.tag) % self.posted.len());
        let sent = (n, self.highest, message_id);
        self.give(answer(service, step, exchange, sent))
    }

    /// Closes, and waits until it is over.
    fn close(&mut self) {
        self.give(InitiatorInput::Close { deadline: self.deadline() });
        for _ in 0..500 {
            if self.ended {
                break;
            }
            let Some(at) = self.client.wake_at() else { break };
            self.now = self.now.max(at);
            self.give(InitiatorInput::Tick);
        }
        assert!(self.ended, "the session never ends");
    }
}

/// A client whose service answers with anything: every call has one outcome, and the session ends, whatever comes.
fn a_client_beside(steps: &[Step], version: ReliableMessagingVersion, shape: Shape) {
    let mut beside = Beside::new(version, shape);
    beside.open(shape);
    let mut service = World::new(version, shape, true);
    for (n, step) in steps.iter().enumerate() {
        if beside.step(&mut service, n, step) {
            break;
        }
        assert!(beside.client.memory() < 64 * 1024);
    }
    beside.close();
    assert!(beside.calls.is_empty(), "calls without an outcome: {:?}", beside.calls);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn a_service_withstands_any_message(
        steps in prop::collection::vec(step(), 1..80),
        shape in prop::bool::ANY,
        ordered in prop::bool::ANY,
        version in 0usize..2,
    ) {
        let shape = if shape { RequestReply } else { OneWay };
        let mut world = World::new(BOTH[version], shape, ordered);
        steps.iter().for_each(|step| world.step(step));
        world.end();
    }

    #[test]
    fn a_client_withstands_any_answer(
        steps in prop::collection::vec(step(), 1..80),
        shape in prop::bool::ANY,
        version in 0usize..2,
    ) {
        a_client_beside(&steps, BOTH[version], if shape { RequestReply } else { OneWay });
    }
}
