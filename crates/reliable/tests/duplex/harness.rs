//! One end of a duplex session, played against by hand.

use std::collections::VecDeque;
use std::time::Duration;

use waxwing_reliable::{
    Body, CallId, DuplexInput, DuplexListener, DuplexListenerInput, DuplexListenerOutput,
    DuplexOpen, DuplexOutput, DuplexSession, DuplexSettings, ExchangeId, Identifier, LinkId, Links,
    Message, Offer, ReliableMessagingVersion, Sequence, SequenceAcknowledgement, SequenceFault,
    SessionError, SessionId, Shutdown, Time, Transmission,
};
use waxwing_reliable::{ContextTag, CreateSequence, CreateSequenceResponse, Event, Ranges};
use waxwing_soap::EndpointReference;

use crate::common::names::moment;

pub use ReliableMessagingVersion::{February2005, V11};

pub const BOTH: [ReliableMessagingVersion; 2] = [February2005, V11];
pub const ANONYMOUS: &str = "http://www.w3.org/2005/08/addressing/anonymous";
pub const SERVICE: &str = "net.tcp://service/calc";

/// The initiator's offer, in what a test sends to a service.
pub fn back() -> Identifier {
    Identifier::new("urn:back")
}

/// What a test calls the forward sequence when it answers a client.
pub fn forward() -> Identifier {
    Identifier::new("urn:forward")
}

/// Numbers without end.
#[derive(Default)]
pub struct Counting(u8);

impl waxwing_soap::RandomSource for Counting {
    fn fill(&mut self, octets: &mut [u8]) {
        self.0 += 1;
        octets.fill(self.0);
    }
}

pub fn settings(links: Links) -> DuplexSettings {
    DuplexSettings { links, ..DuplexSettings::default() }
}

/// What an end says, but for messages to send.
#[derive(Debug, Default)]
pub struct Said {
    pub delivered: Vec<(u64, u32)>,
    pub acknowledged: Vec<u64>,
    pub sent: Vec<u64>,
    pub failed: Vec<(u64, Option<u64>)>,
    pub dials: usize,
    pub opened: bool,
    pub ended: bool,
    pub closed: bool,
    pub fault: Option<SessionError>,
    pub events: Vec<Event>,
}

impl Said {
    fn take(&mut self, output: DuplexOutput<u32>) -> Option<(Transmission, Message<u32>)> {
        match output {
            DuplexOutput::Transmit { transmission, message, .. } => {
                return Some((transmission, message));
            }
            DuplexOutput::Dial => self.dials += 1,
            DuplexOutput::Opened => self.opened = true,
            DuplexOutput::Sent { call, .. } => self.sent.push(call.0),
            DuplexOutput::Acknowledged { call } => self.acknowledged.push(call.0),
            DuplexOutput::CallFailed { call, number, .. } => self.failed.push((call.0, number)),
            DuplexOutput::Deliver { number, message } => self.delivered.push((number, message)),
            DuplexOutput::EndOfMessages => self.ended = true,
            DuplexOutput::Closed => self.closed = true,
            DuplexOutput::Faulted(error) => self.fault = Some(error),
            DuplexOutput::Event(event) => self.events.push(event),
        }
        None
    }
}

/// The client's end.
pub struct Client {
    pub session: DuplexSession<u32>,
    pub now: u64,
    pub out: VecDeque<(Transmission, Message<u32>)>,
    pub said: Said,
    random: Counting,
    is_11: bool,
}

impl Client {
    pub fn new(version: ReliableMessagingVersion, settings: DuplexSettings) -> Self {
        Self {
            session: DuplexSession::new(version, settings).unwrap(),
            now: 0,
            out: VecDeque::new(),
            said: Said::default(),
            random: Counting::default(),
            is_11: version == V11,
        }
    }

    /// One whose session is open.
    pub fn open(version: ReliableMessagingVersion, settings: DuplexSettings) -> Self {
        let links = settings.links;
        let mut client = Self::new(version, settings);
        client.give(DuplexInput::Open(client.request(None)));
        if links != Links::Unseen {
            client.give(DuplexInput::Linked);
        }
        let create = client.next();
        client.give(DuplexInput::Message(client.response(&create)));
        assert!(client.said.opened);
        client
    }

    pub fn request(&self, from: Option<EndpointReference>) -> DuplexOpen {
        let deadline = Time::from_millis(60_000);
        DuplexOpen { to: SERVICE.to_owned(), from, token: None, started: Time::ZERO, deadline }
    }

    /// What a service answers to CreateSequence.
    pub fn response(&self, create: &Message<u32>) -> Message<u32> {
        let Body::CreateSequence(request) = &create.body else { panic!("{create:?}") };
        let accept = request.offer.as_ref().map(|_| EndpointReference::new(SERVICE));
        let response = CreateSequenceResponse {
            identifier: forward(),
            expires: None,
            incomplete_sequence_behavior: None,
            accept,
        };
        let mut message = Message::new(Body::CreateSequenceResponse(Box::new(response)));
        message.relates_to.clone_from(&create.message_id);
        message
    }

    pub fn give(&mut self, input: DuplexInput<u32>) {
        let time = Time::from_millis(self.now);
        self.session.handle(input, &mut moment(time, &mut self.random));
        while let Some(output) = self.session.poll() {
            self.out.extend(self.said.take(output));
        }
    }

    pub fn receive(&mut self, message: Message<u32>) {
        self.give(DuplexInput::Message(message));
    }

    pub fn send(&mut self, payload: u32) {
        let call = CallId(payload.into());
        self.give(DuplexInput::Send { call, message: payload, deadline: None });
    }

    pub fn close(&mut self, after: u64) {
        let deadline = Time::from_millis(self.now + after);
        self.give(DuplexInput::Close { deadline });
    }

    /// The next message that goes out.
    pub fn next(&mut self) -> Message<u32> {
        self.out.pop_front().expect("nothing is sent").1
    }

    pub fn wake_at(&self) -> Option<u64> {
        let at = self.session.wake_at()?.elapsed();
        Some(at.as_nanos().div_ceil(1_000_000) as u64)
    }

    /// Lets time pass, with every timer at its time.
    pub fn wait(&mut self, until: u64) {
        while let Some(at) = self.wake_at().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.give(DuplexInput::Tick);
        }
        self.now = until;
    }

    /// Time passes until something is sent.
    pub fn wait_for_message(&mut self) -> Message<u32> {
        while self.out.is_empty() {
            let at = self.wake_at().expect("nothing will be sent");
            self.now = self.now.max(at);
            self.give(DuplexInput::Tick);
        }
        self.next()
    }

    /// A message of the service's sequence.
    pub fn incoming(&self, number: u64, payload: u32) -> Message<u32> {
        sequenced(self.session.back().unwrap().clone(), number, payload)
    }

    /// Draws from its randomness, so that what it draws next is another's.
    pub fn draw(&mut self, times: usize) {
        (0..times).for_each(|_| waxwing_soap::RandomSource::fill(&mut self.random, &mut [0]));
    }

    /// An acknowledgement of the client's messages.
    pub fn acknowledge(&mut self, upto: u64, room: u32) {
        self.receive(acknowledgement(forward(), upto, room));
    }

    /// A message that ends the service's sequence: `TerminateSequence`, or `CloseSequence` of 1.1.
    pub fn shutdown(&self, terminate: bool, last: Option<u64>) -> Message<u32> {
        let identifier = self.session.back().unwrap().clone();
        shutdown(self.is_11, terminate, identifier, last)
    }
}

pub fn shutdown(
    is_11: bool,
    terminate: bool,
    identifier: Identifier,
    last: Option<u64>,
) -> Message<u32> {
    let last_message_number = last.filter(|_| is_11);
    let shutdown = Shutdown { identifier, last_message_number, reply_to: None };
    let mut message = Message::new(match terminate {
        true => Body::TerminateSequence(shutdown),
        false => Body::CloseSequence(shutdown),
    });
    message.message_id = is_11.then(|| Identifier::new("urn:shutdown"));
    message
}

pub fn sequenced(identifier: Identifier, number: u64, payload: u32) -> Message<u32> {
    let mut message = Message::new(Body::Application(payload));
    message.headers.sequence = Some(Sequence { identifier, number, last_message: false });
    message
}

pub fn last_message(identifier: Identifier, number: u64) -> Message<u32> {
    let mut message = Message::new(Body::LastMessage);
    message.headers.sequence = Some(Sequence { identifier, number, last_message: true });
    message
}

pub fn acknowledgement(identifier: Identifier, upto: u64, room: u32) -> Message<u32> {
    let mut message = Message::new(Body::SequenceAcknowledgement);
    let mut header = SequenceAcknowledgement::new(identifier, Ranges::up_to(upto));
    header.buffer_remaining = Some(room);
    message.headers.acknowledgement = Some(header);
    message
}

pub fn fault(fault: SequenceFault) -> Message<u32> {
    Message::new(Body::Fault(Box::new(fault)))
}

/// The number of a sequence message.
pub fn number(message: &Message<u32>) -> Option<u64> {
    message.headers.sequence.as_ref().map(|s| s.number)
}

/// What is acknowledged, as text, and the room.
pub fn acknowledged(message: &Message<u32>) -> Option<(String, Option<u32>)> {
    let acknowledgement = message.headers.acknowledgement.as_ref()?;
    Some((acknowledgement.ranges.to_string(), acknowledgement.buffer_remaining))
}

/// The service's end with all its sessions.
pub struct Service {
    pub listener: DuplexListener<u32>,
    pub now: u64,
    pub out: VecDeque<(SessionId, Message<u32>)>,
    pub answers: VecDeque<Message<u32>>,
    pub said: Said,
    pub created: Vec<SessionId>,
    pub adopted: Vec<(u64, Option<u64>)>,
    pub aborted: Vec<u64>,
    exchanges: u64,
    random: Counting,
}

impl Service {
    pub fn new(version: ReliableMessagingVersion, settings: DuplexSettings) -> Self {
        Self {
            listener: DuplexListener::new(version, settings).unwrap(),
            now: 0,
            out: VecDeque::new(),
            answers: VecDeque::new(),
            said: Said::default(),
            created: Vec::new(),
            adopted: Vec::new(),
            aborted: Vec::new(),
            exchanges: 0,
            random: Counting::default(),
        }
    }

    /// One with a session on connection 1.
    pub fn open(version: ReliableMessagingVersion, settings: DuplexSettings) -> Self {
        let two_way = settings.two_way;
        let mut service = Self::new(version, settings);
        service.arrive(Some(1), create(version, two_way), None);
        assert!(matches!(service.next().body, Body::CreateSequenceResponse(_)));
        service
    }

    pub fn session(&self) -> SessionId {
        self.created.last().unwrap().clone()
    }

    pub fn give(&mut self, input: DuplexListenerInput<u32>) {
        let time = Time::from_millis(self.now);
        self.listener.handle(input, &mut moment(time, &mut self.random));
        while let Some(output) = self.listener.poll() {
            match output {
                DuplexListenerOutput::Created { session, .. } => self.created.push(session),
                DuplexListenerOutput::Adopted { link, replaced, .. } => {
                    self.adopted.push((link.0, replaced.map(|link| link.0)));
                }
                DuplexListenerOutput::AbortLink(link) => self.aborted.push(link.0),
                DuplexListenerOutput::Answer { message, .. } => self.answers.push_back(message),
                DuplexListenerOutput::Session { session, output } => {
                    let message = self.said.take(output).map(|(_, message)| (session, message));
                    self.out.extend(message);
                }
            }
        }
    }

    pub fn arrive(&mut self, link: Option<u64>, message: Message<u32>, tag: Option<ContextTag>) {
        self.exchanges += 1;
        let (exchange, link) = (ExchangeId(self.exchanges), link.map(LinkId));
        self.give(DuplexListenerInput::Message { exchange, link, message, tag });
    }

    pub fn input(&mut self, input: DuplexInput<u32>) {
        let session = self.session();
        self.give(DuplexListenerInput::Session { session, input });
    }

    pub fn send(&mut self, payload: u32) {
        let call = CallId(payload.into());
        self.input(DuplexInput::Send { call, message: payload, deadline: None });
    }

    pub fn next(&mut self) -> Message<u32> {
        self.out.pop_front().expect("nothing is sent").1
    }

    pub fn answer(&mut self) -> Message<u32> {
        self.answers.pop_front().expect("nothing is answered")
    }

    /// What is due now.
    pub fn tick(&mut self) {
        self.give(DuplexListenerInput::Tick);
    }

    pub fn wait(&mut self, until: u64) {
        while let Some(at) = self.listener.wake_at() {
            let at = at.elapsed().as_nanos().div_ceil(1_000_000) as u64;
            if at > until {
                break;
            }
            self.now = self.now.max(at);
            self.tick();
        }
        self.now = until;
    }
}

/// A CreateSequence of a net.tcp client.
pub fn create(version: ReliableMessagingVersion, two_way: bool) -> Message<u32> {
    create_as(version, two_way.then(back), "urn:create")
}

pub fn create_as(
    version: ReliableMessagingVersion,
    offered: Option<Identifier>,
    message_id: &str,
) -> Message<u32> {
    let anonymous = || EndpointReference::new(ANONYMOUS);
    let offer = offered.map(|identifier| Offer {
        identifier,
        endpoint: (version == V11).then(anonymous),
        expires: None,
        incomplete_sequence_behavior: None,
    });
    let create = CreateSequence {
        acks_to: anonymous(),
        expires: None,
        offer,
        tokens: Vec::new(),
        reply_to: None,
        to: Some(SERVICE.to_owned()),
    };
    let mut message = Message::new(Body::CreateSequence(Box::new(create)));
    message.message_id = Some(Identifier::new(message_id));
    message
}

pub const SECOND: Duration = Duration::from_secs(1);
