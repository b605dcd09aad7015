//! One engine, driven by hand.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use waxwing_reliable::{
    Body, CallId, ContextTag, CreateSequence, ExchangeId, Failure, FailureKind, FaultKind, Headers,
    Identifier, Initiator, InitiatorInput, InitiatorOutput, Listener, ListenerInput,
    ListenerOutput, Message, Offer, OpenRequest, Ranges, ReliableMessagingVersion,
    ReliableSessionSettings, Response, Route, Sequence, SequenceAcknowledgement, SequenceFault,
    SessionError, Shape, Shutdown, Time,
};
use waxwing_soap::EndpointReference;

pub use crate::names::{Names, moment, name};

pub use ReliableMessagingVersion::{February2005, V11};
pub use Shape::{OneWay, RequestReply};

pub const BOTH: [ReliableMessagingVersion; 2] = [February2005, V11];
pub const ANONYMOUS: &str = "http://www.w3.org/2005/08/addressing/anonymous";

pub fn id(text: &str) -> Identifier {
    Identifier::new(text)
}

pub fn forward() -> Identifier {
    name(0xF, 1)
}

pub fn back() -> Identifier {
    name(0xB, 1)
}

/// `MessageID` of CreateSequence.
pub fn create_id() -> Identifier {
    name(0xC, 1)
}

/// `MessageID` of CloseSequence.
pub fn close_id() -> Identifier {
    name(0xC, 2)
}

/// `MessageID` of TerminateSequence.
pub fn terminate_id() -> Identifier {
    name(0xC, 3)
}

/// The names that an initiator makes, in their order; the return sequence's is given.
pub fn names_of_client(version: ReliableMessagingVersion, shape: Shape, back: Identifier) -> Names {
    let offer = (shape == RequestReply).then_some(back);
    let close = (version == V11).then(close_id);
    let names = [Some(create_id()), offer, close, Some(terminate_id())];
    Names::new(names.into_iter().flatten())
}

pub fn window(size: u32) -> ReliableSessionSettings {
    ReliableSessionSettings { max_transfer_window_size: size, ..Default::default() }
}

pub fn sequence(identifier: Identifier, number: u64) -> Sequence {
    Sequence { identifier, number, last_message: false }
}

pub fn ack(identifier: Identifier, upto: u64) -> SequenceAcknowledgement {
    SequenceAcknowledgement::new(identifier, Ranges::up_to(upto))
}

/// A CreateSequence as WCF writes it.
pub fn create(version: ReliableMessagingVersion, shape: Shape) -> CreateSequence {
    let anonymous = || EndpointReference::new(ANONYMOUS);
    let offer = Offer {
        identifier: back(),
        endpoint: (version == V11).then(anonymous),
        expires: None,
        incomplete_sequence_behavior: None,
    };
    CreateSequence {
        acks_to: anonymous(),
        expires: None,
        offer: (shape == RequestReply).then_some(offer),
        tokens: Vec::new(),
        reply_to: None,
        to: Some("http://Service:8000/Calc".to_owned()),
    }
}

pub fn create_message(create: CreateSequence) -> Message<u32> {
    let mut message = Message::new(Body::CreateSequence(Box::new(create)));
    message.message_id = Some(create_id());
    message
}

/// An application message of the client.
pub fn request(number: u64) -> Message<u32> {
    let mut message = Message::new(Body::Application(number as u32));
    message.headers.sequence = Some(sequence(forward(), number));
    message
}

pub fn with_ack(mut message: Message<u32>, upto: u64) -> Message<u32> {
    message.headers.acknowledgement = Some(ack(back(), upto));
    message
}

pub fn last_message(number: u64) -> Message<u32> {
    let mut message = Message::new(Body::LastMessage);
    message.headers.sequence = Some(Sequence { identifier: forward(), number, last_message: true });
    message
}

pub fn close_sequence(last: Option<u64>) -> Message<u32> {
    shutdown(Body::CloseSequence, last)
}

pub fn terminate_sequence(last: Option<u64>) -> Message<u32> {
    shutdown(Body::TerminateSequence, last)
}

fn shutdown(body: fn(Shutdown) -> Body<u32>, last: Option<u64>) -> Message<u32> {
    let (identifier, reply_to) = (forward(), None);
    let mut message =
        Message::new(body(Shutdown { identifier, last_message_number: last, reply_to }));
    message.message_id = Some(id("urn:shutdown"));
    message
}

/// The service's end with one session.
pub struct Service {
    pub listener: Listener<u32>,
    responses: BTreeMap<u64, Response<u32>>,
    /// Everything but responses, in order.
    pub outputs: Vec<ListenerOutput<u32>>,
    pub now: Time,
    last: u64,
    pub tag: Option<ContextTag>,
    names: Names,
}

impl Service {
    /// A listener that has answered one CreateSequence.
    pub fn open(
        version: ReliableMessagingVersion,
        shape: Shape,
        settings: ReliableSessionSettings,
    ) -> Self {
        let mut service = Self::empty(version, shape, settings);
        let exchange = service.post(create_message(create(version, shape)));
        assert!(matches!(service.message(exchange).body, Body::CreateSequenceResponse(_)));
        service.give(ListenerInput::Accept(forward()));
        service
    }

    pub fn empty(
        version: ReliableMessagingVersion,
        shape: Shape,
        settings: ReliableSessionSettings,
    ) -> Self {
        Self {
            listener: Listener::new(version, shape, settings).expect("settings"),
            responses: BTreeMap::new(),
            outputs: Vec::new(),
            now: Time::ZERO,
            last: 0,
            tag: None,
            names: Names::new([]),
        }
    }

    pub fn give(&mut self, input: ListenerInput<u32>) {
        self.listener.handle(input, &mut moment(self.now, &mut self.names));
        while let Some(output) = self.listener.poll() {
            match output {
                ListenerOutput::Transmit { route, response } => {
                    let Route::Answer(exchange) = route else { panic!("{route:?}") };
                    assert!(self.responses.insert(exchange.0, *response).is_none());
                }
                other => self.outputs.push(other),
            }
        }
    }

    /// Gives a request; the sequence that a CreateSequence makes is [`forward`], the next has the number 2.
    pub fn post(&mut self, message: Message<u32>) -> u64 {
        let sessions = self.listener.sessions().count() as u64;
        self.names = Names::new([name(0xF, sessions + 1)]);
        self.last += 1;
        let (exchange, tag) = (ExchangeId(self.last), self.tag.clone());
        self.give(ListenerInput::Request { exchange, message, tag });
        self.last
    }

    pub fn response(&self, exchange: u64) -> Option<&Response<u32>> {
        self.responses.get(&exchange)
    }

    /// The message of a response.
    pub fn message(&self, exchange: u64) -> &Message<u32> {
        match self.response(exchange) {
            Some(Response::Message(message)) => message,
            other => panic!("{other:?}"),
        }
    }

    pub fn fault(&self, exchange: u64) -> &SequenceFault {
        match &self.message(exchange).body {
            Body::Fault(fault) => fault,
            other => panic!("{other:?}"),
        }
    }

    /// Posts a request and takes the message of its response.
    pub fn ask(&mut self, message: Message<u32>) -> Message<u32> {
        let exchange = self.post(message);
        self.message(exchange).clone()
    }

    pub fn is_accepted(&self, exchange: u64) -> bool {
        self.response(exchange) == Some(&Response::Accepted)
    }

    pub fn done(&mut self, number: u64, reply: Option<u32>) {
        self.give(ListenerInput::Taken { session: forward(), number });
        self.give(ListenerInput::Done { session: forward(), number, reply });
    }

    pub fn close(&mut self) {
        self.give(ListenerInput::Close(forward()));
    }

    /// Numbers that were delivered.
    pub fn delivered(&self) -> Vec<u64> {
        let numbers = self.outputs.iter().filter_map(|o| match o {
            ListenerOutput::Deliver { number, .. } => Some(*number),
            _ => None,
        });
        numbers.collect()
    }

    pub fn has_ended(&self) -> bool {
        self.listener.sessions().next().is_none()
    }

    pub fn error(&self) -> Option<&SessionError> {
        self.outputs.iter().rev().find_map(|o| match o {
            ListenerOutput::Faulted { error, .. } => Some(error),
            _ => None,
        })
    }

    pub fn wait(&mut self, duration: Duration) {
        let end = self.now + duration;
        while let Some(at) = self.listener.wake_at().filter(|at| *at <= end) {
            self.now = at;
            self.give(ListenerInput::Tick);
        }
        self.now = end;
    }
}

/// The client's end.
pub struct Client {
    pub initiator: Initiator<u32>,
    /// What was sent and when.
    pub sent: VecDeque<(u64, Message<u32>, Time)>,
    /// Everything but transmissions and events, in order.
    pub outputs: Vec<InitiatorOutput<u32>>,
    pub now: Time,
    version: ReliableMessagingVersion,
    shape: Shape,
    /// `MessageID` of what was sent on each exchange.
    ids: BTreeMap<u64, Identifier>,
    /// Whether the link writes at once; else the test says when.
    pub writes_at_once: bool,
    names: Names,
}

impl Client {
    /// An initiator that was told nothing yet.
    pub fn unopened(
        version: ReliableMessagingVersion,
        shape: Shape,
        settings: ReliableSessionSettings,
    ) -> Self {
        Self {
            initiator: Initiator::new(version, shape, settings).expect("settings"),
            sent: VecDeque::new(),
            outputs: Vec::new(),
            now: Time::ZERO,
            version,
            shape,
            ids: BTreeMap::new(),
            writes_at_once: true,
            names: names_of_client(version, shape, back()),
        }
    }

    /// An initiator that has begun to open, an answer outstanding.
    pub fn opening(
        version: ReliableMessagingVersion,
        shape: Shape,
        settings: ReliableSessionSettings,
    ) -> Self {
        let mut client = Self::unopened(version, shape, settings);
        client.give(InitiatorInput::Open(OpenRequest {
            to: "http://service:8000/Calc".to_owned(),
            token: None,
            started: Time::ZERO,
            deadline: Time::from_millis(60_000),
        }));
        client
    }

    /// An open session; Open took this many milliseconds.
    pub fn open(
        version: ReliableMessagingVersion,
        shape: Shape,
        settings: ReliableSessionSettings,
        millis: u64,
    ) -> Self {
        let mut client = Self::opening(version, shape, settings);
        client.now = Time::from_millis(millis);
        let (exchange, message, _) = client.sent.pop_front().expect("CreateSequence");
        let Body::CreateSequence(create) = &message.body else { panic!("{message:?}") };
        let response = created(version, create.offer.is_some());
        client.respond(exchange, response);
        assert!(matches!(client.outputs.pop(), Some(InitiatorOutput::Opened)));
        client
    }

    pub fn give(&mut self, input: InitiatorInput<u32>) {
        self.initiator.handle(input, &mut moment(self.now, &mut self.names));
        while let Some(output) = self.initiator.poll() {
            match output {
                InitiatorOutput::Transmit { route, message, .. } => {
                    let Route::New(exchange) = route else { panic!("{route:?}") };
                    if self.writes_at_once {
                        let written = InitiatorInput::Written { exchange };
                        self.initiator.handle(written, &mut moment(self.now, &mut self.names));
                    }
                    self.ids.extend(message.message_id.clone().map(|id| (exchange.0, id)));
                    self.sent.push_back((exchange.0, message, self.now));
                }
                InitiatorOutput::Event(_) => {}
                other => self.outputs.push(other),
            }
        }
    }

    /// A call: two-way in request/reply sessions.
    pub fn call(&mut self, call: u64) {
        let two_way = self.shape == Shape::RequestReply;
        let message_id = two_way.then(|| id(&format!("urn:call:{call}")));
        let (call, message) = (CallId(call), call as u32);
        self.give(InitiatorInput::Send { call, message, message_id, deadline: None });
    }

    pub fn call_one_way(&mut self, call: u64) {
        let (call, message) = (CallId(call), call as u32);
        self.give(InitiatorInput::Send { call, message, message_id: None, deadline: None });
    }

    pub fn close(&mut self) {
        self.give(InitiatorInput::Close { deadline: self.now + Duration::from_secs(60) });
    }

    /// A response; a reply that relates to nothing relates to the request of the exchange.
    pub fn respond(&mut self, exchange: u64, mut message: Message<u32>) {
        if matches!(message.body, Body::Application(_)) && message.relates_to.is_none() {
            message.relates_to = self.ids.get(&exchange).cloned();
        }
        self.respond_as_it_is(exchange, message);
    }

    pub fn respond_as_it_is(&mut self, exchange: u64, message: Message<u32>) {
        let (exchange, message) = (ExchangeId(exchange), Some(message));
        self.give(InitiatorInput::Response { exchange, message });
    }

    pub fn written(&mut self, exchange: u64) {
        self.give(InitiatorInput::Written { exchange: ExchangeId(exchange) });
    }

    pub fn accepted(&mut self, exchange: u64) {
        self.give(InitiatorInput::Response { exchange: ExchangeId(exchange), message: None });
    }

    pub fn fail(&mut self, exchange: u64, kind: FailureKind) {
        let failure = Failure { kind, reason: "the transport".to_owned() };
        self.give(InitiatorInput::Failed { exchange: ExchangeId(exchange), failure });
    }

    /// The next thing sent.
    pub fn take(&mut self) -> (u64, Message<u32>) {
        let (exchange, message, _) = self.sent.pop_front().expect("something is sent");
        (exchange, message)
    }

    /// The next thing sent, a message of the sequence: exchange and number.
    pub fn take_number(&mut self) -> (u64, u64) {
        let (exchange, message) = self.take();
        (exchange, message.headers.sequence.expect("a Sequence header").number)
    }

    pub fn wait(&mut self, duration: Duration) {
        let end = self.now + duration;
        while let Some(at) = self.initiator.wake_at().filter(|at| *at <= end) {
            self.now = at;
            self.give(InitiatorInput::Tick);
        }
        self.now = end;
    }

    /// Calls that ended well, with their replies.
    pub fn completed(&self) -> Vec<(u64, Option<u32>)> {
        let calls = self.outputs.iter().filter_map(|o| match o {
            InitiatorOutput::Completed { call, reply } => Some((call.0, *reply)),
            _ => None,
        });
        calls.collect()
    }

    pub fn failed(&self) -> Vec<u64> {
        let calls = self.outputs.iter().filter_map(|o| match o {
            InitiatorOutput::CallFailed { call, .. } => Some(call.0),
            _ => None,
        });
        calls.collect()
    }

    pub fn error(&self) -> Option<&SessionError> {
        self.outputs.iter().find_map(|o| match o {
            InitiatorOutput::Faulted(error) => Some(error),
            _ => None,
        })
    }

    pub fn is_closed(&self) -> bool {
        matches!(self.outputs.last(), Some(InitiatorOutput::Closed))
    }

    /// The fault that was posted, the last thing sent.
    pub fn posted_fault(&self) -> &SequenceFault {
        match self.sent.back().map(|(_, m, _)| &m.body) {
            Some(Body::Fault(fault)) => fault,
            other => panic!("{other:?}"),
        }
    }

    pub fn version(&self) -> ReliableMessagingVersion {
        self.version
    }
}

/// The answer to the CreateSequence of [`Client::opening`].
pub fn created(version: ReliableMessagingVersion, offered: bool) -> Message<u32> {
    let response = waxwing_reliable::CreateSequenceResponse {
        identifier: forward(),
        expires: None,
        incomplete_sequence_behavior: None,
        accept: offered.then(|| EndpointReference::new("http://service:8000/Calc")),
    };
    let _ = version;
    let mut message = Message::new(Body::CreateSequenceResponse(Box::new(response)));
    message.relates_to = Some(create_id());
    message
}

/// A reply: its own number and what it acknowledges.
pub fn reply(number: u64, acknowledged: u64, payload: u32) -> Message<u32> {
    let mut message = Message::new(Body::Application(payload));
    message.headers = Headers {
        sequence: Some(sequence(back(), number)),
        acknowledgement: Some(ack(forward(), acknowledged)),
        ..Headers::default()
    };
    message
}

/// A stand-alone acknowledgement.
pub fn stand_alone(acknowledged: u64) -> Message<u32> {
    let mut message = Message::new(Body::SequenceAcknowledgement);
    message.headers.acknowledgement = Some(ack(forward(), acknowledged));
    message
}

pub fn fault(kind: FaultKind) -> Message<u32> {
    Message::new(Body::Fault(Box::new(SequenceFault::sender(kind, "a reason"))))
}
