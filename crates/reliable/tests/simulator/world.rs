//! Two engines, a virtual clock, a link that loses, duplicates, delays, reorders and cuts.

mod link;

use std::collections::{BTreeMap, VecDeque};

use waxwing_reliable::{
    Body, CallId, ContextTag, Counters, ExchangeId, Failure, FailureKind, Headers, Identifier,
    Initiator, InitiatorInput, InitiatorOutput, Listener, ListenerInput, ListenerOutput, Message,
    OpenRequest, Response, Sequence, SequenceState, SessionError, SessionId, Shutdown, Time,
    TokenReference,
};

use crate::checks::Checks;
use crate::names::moment;
use crate::plan::{Accident, Class, Micros, Plan};
use crate::random::Random;
use crate::timeline::{Timeline, micros, time};
use crate::wire;

/// A message of the application: which call it is.
pub type Payload = u32;

/// What strangers send.
pub const STRANGER: Payload = u32::MAX;

/// What a lying client sends beside its calls, and more.
const FORGED: Payload = 1 << 29;

/// Added to a payload, its reply.
const REPLY: Payload = 1_000_000;

/// Payloads of one-way operations carry this bit.
const ONE_WAY: Payload = 1 << 30;

/// Steps after which a run counts as endless.
const STEPS: usize = 2_000_000;

/// `MessageID` of a call.
fn message_id(payload: Payload) -> Identifier {
    Identifier::new(format!("urn:call:{payload}"))
}

pub fn reply_to(payload: Payload) -> Payload {
    payload + REPLY
}

/// What the service's host remembers of an exchange.
pub struct ServiceExchange {
    /// Where the response goes; None: nobody waits for it.
    client: Option<u64>,
    pub session: Option<SessionId>,
    pub number: Option<u64>,
}

#[derive(Debug)]
enum Happening {
    Call(usize),
    Close,
    Accident(Accident),
    Arrive {
        client: Option<u64>,
        message: Message<Payload>,
        tag: Option<ContextTag>,
    },
    /// A request of the client is written.
    Written {
        exchange: u64,
    },
    /// Some of a request of the client has gone over its connection.
    Progress {
        exchange: u64,
    },
    Response {
        exchange: u64,
        message: Option<Message<Payload>>,
    },
    Fail {
        exchange: u64,
    },
    Accept(SessionId),
    OperationEnds {
        epoch: u32,
        session: SessionId,
        number: u64,
        reply: Option<Payload>,
    },
}

/// How a run went.
#[derive(Debug, Default)]
pub struct Summary {
    pub state: SequenceState,
    pub counters: Counters,
    pub steps: usize,
    pub micros: Micros,
    /// When the first message of the sequence was sent, and when the last one was answered.
    pub first_sent: Option<Micros>,
    pub last_completed: Micros,
    pub error: Option<SessionError>,
}

pub struct World {
    plan: Plan,
    random: Random,
    timeline: Timeline<Happening>,
    client: Option<Initiator<Payload>>,
    /// Exchanges that the client waits for.
    waiting: BTreeMap<u64, Micros>,
    service: Listener<Payload>,
    exchanges: BTreeMap<u64, ServiceExchange>,
    last_exchange: u64,
    epoch: u32,
    /// Delivered and not begun.
    queue: VecDeque<(SessionId, u64, Payload)>,
    running: BTreeMap<SessionId, usize>,
    ending: Vec<SessionId>,
    tag: Option<ContextTag>,
    session: Option<SessionId>,
    /// The return sequence that the client offered.
    offer: Option<Identifier>,
    /// Draws of identifiers.
    names: Random,
    is_cut: bool,
    /// Draws of whoever swaps responses, and the responses that he has seen.
    mischief: Random,
    seen: VecDeque<Option<Message<Payload>>>,
    checks: Checks,
    summary: Summary,
}

/// One run, from its seed.
pub fn run(seed: u64) -> Result<Summary, String> {
    let plan = Plan::of(seed);
    run_plan(seed, plan.clone()).map_err(|e| format!("seed {seed}: {e}\n{plan:?}"))
}

pub fn run_plan(seed: u64, plan: Plan) -> Result<Summary, String> {
    let mut world = World::new(seed, plan)?;
    world.start()?;
    while let Some(at) = world.next() {
        world.timeline.advance(at, STEPS)?;
        world.step()?;
        let waiting = world.plan.calls.len();
        world.checks.bounds(&world.plan, world.client.as_ref(), &world.service, waiting)?;
    }
    let unanswered = world.exchanges.len();
    let end = world.checks.end(&world.plan, world.client.as_ref(), &world.service, unanswered);
    end.map_err(|e| format!("{e}; the client's error: {:?}", world.summary.error))?;
    if let Some(client) = &world.client {
        let status = client.status();
        (world.summary.state, world.summary.counters) = (status.state, status.counters);
    }
    world.summary.micros = world.timeline.now();
    world.summary.steps = world.timeline.steps();
    Ok(world.summary)
}

impl World {
    fn new(seed: u64, plan: Plan) -> Result<Self, String> {
        let settings = |e: waxwing_reliable::SettingsError| e.to_string();
        let client =
            Initiator::new(plan.version, plan.shape, plan.client.clone()).map_err(settings)?;
        let service =
            Listener::new(plan.version, plan.shape, plan.service.clone()).map_err(settings)?;
        Ok(Self {
            tag: plan.secured.then(|| Identifier::new("urn:context")),
            plan,
            random: Random::new(seed ^ 0x5EED),
            timeline: Timeline::new(),
            client: Some(client),
            waiting: BTreeMap::new(),
            service,
            exchanges: BTreeMap::new(),
            last_exchange: 0,
            epoch: 0,
            queue: VecDeque::new(),
            running: BTreeMap::new(),
            ending: Vec::new(),
            session: None,
            offer: None,
            names: Random::new(seed ^ 0x4A3E),
            is_cut: false,
            mischief: Random::new(seed ^ 0x5A4B),
            seen: VecDeque::new(),
            checks: Checks::new(),
            summary: Summary::default(),
        })
    }

    fn start(&mut self) -> Result<(), String> {
        let opened = 200_000;
        for (i, (at, _)) in self.plan.calls.clone().into_iter().enumerate() {
            self.timeline.later(opened + at, Happening::Call(i));
        }
        self.timeline.later(opened + self.plan.close_at, Happening::Close);
        if let Some((at, accident)) = self.plan.accident {
            self.timeline.later(at, Happening::Accident(accident));
        }
        let token = self.tag.clone().map(|identifier| TokenReference {
            identifier,
            value_type: "http://schemas.xmlsoap.org/ws/2005/02/sc/sct".to_owned(),
        });
        let request = OpenRequest {
            to: "http://Service/calc".to_owned(),
            token,
            started: Time::ZERO,
            deadline: time(self.plan.open_deadline),
        };
        self.client_input(InitiatorInput::Open(request))
    }

    fn client_wakes(&self) -> Option<Micros> {
        self.client.as_ref().and_then(Initiator::wake_at).map(micros)
    }

    fn service_wakes(&self) -> Option<Micros> {
        self.service.wake_at().map(micros)
    }

    /// When the next thing happens.
    fn next(&self) -> Option<Micros> {
        self.timeline.next([self.client_wakes(), self.service_wakes()])
    }

    fn step(&mut self) -> Result<(), String> {
        if self.timeline.is_due(self.client_wakes()) {
            self.client_input(InitiatorInput::Tick)?;
        }
        if self.timeline.is_due(self.service_wakes()) {
            self.service_input(ListenerInput::Tick)?;
        }
        let Some(happening) = self.timeline.take_due() else { return Ok(()) };
        let is_written =
            matches!(happening, Happening::Written { .. } | Happening::Progress { .. });
        self.happen(happening)?;
        if is_written {
            return Ok(());
        }
        if self.random.permille(self.plan.strangers) {
            self.stranger()?;
        }
        if self.plan.class == Class::LyingClient && self.random.permille(400) {
            self.greedy()?;
        }
        Ok(())
    }

    fn happen(&mut self, happening: Happening) -> Result<(), String> {
        match happening {
            Happening::Call(index) => self.call(index),
            Happening::Close => {
                let deadline = time(self.timeline.now().saturating_add(self.plan.close_deadline));
                self.client_input(InitiatorInput::Close { deadline })
            }
            Happening::Accident(accident) => self.accident(accident),
            Happening::Arrive { client, message, tag } => self.arrive(client, message, tag),
            Happening::Written { exchange } => {
                let exchange = ExchangeId(exchange);
                // As a channel does it.
                match self.client.as_mut().is_none_or(|client| client.note_written(exchange)) {
                    true => Ok(()),
                    false => self.client_input(InitiatorInput::Written { exchange }),
                }
            }
            Happening::Progress { exchange } => {
                self.client_input(InitiatorInput::Progress { exchange: ExchangeId(exchange) })
            }
            Happening::Response { exchange, message } => {
                if self.waiting.remove(&exchange).is_none() {
                    return Ok(());
                }
                let exchange = ExchangeId(exchange);
                self.client_input(InitiatorInput::Response { exchange, message })
            }
            Happening::Fail { exchange } => {
                if self.waiting.remove(&exchange).is_none() {
                    return Ok(());
                }
                let failure =
                    Failure { kind: FailureKind::Retryable, reason: "the link".to_owned() };
                let exchange = ExchangeId(exchange);
                self.client_input(InitiatorInput::Failed { exchange, failure })
            }
            Happening::Accept(session) => self.service_input(ListenerInput::Accept(session)),
            Happening::OperationEnds { epoch, session, number, reply } => {
                if epoch != self.epoch {
                    return Ok(());
                }
                if let Some(running) = self.running.get_mut(&session) {
                    *running -= 1;
                }
                if reply.is_some() {
                    let session = session.clone();
                    self.service_input(ListenerInput::Done { session, number, reply })?;
                }
                self.work()
            }
        }
    }

    fn call(&mut self, index: usize) -> Result<(), String> {
        let is_request_reply = self.plan.shape == waxwing_reliable::Shape::RequestReply;
        let one_way = self.plan.calls[index].1 || !is_request_reply;
        let payload = index as Payload | if one_way { ONE_WAY } else { 0 };
        let call = CallId(index as u64);
        if self.client.is_none() {
            return Ok(());
        }
        self.checks.called(call, payload, one_way);
        let deadline = self.plan.call_deadline.map(|d| time(self.timeline.now() + d));
        let message_id = (!one_way).then(|| message_id(payload));
        self.client_input(InitiatorInput::Send { call, message: payload, message_id, deadline })
    }

    fn accident(&mut self, accident: Accident) -> Result<(), String> {
        match accident {
            Accident::ClientVanishes => {
                self.client = None;
                self.waiting.clear();
                Ok(())
            }
            Accident::ClientAborts => {
                self.client_input(InitiatorInput::Abort { reason: "enough".to_owned() })
            }
            Accident::ServiceRestarts => {
                let plan = &self.plan;
                self.service = Listener::new(plan.version, plan.shape, plan.service.clone())
                    .map_err(|e| e.to_string())?;
                self.epoch += 1;
                self.queue.clear();
                self.running.clear();
                self.ending.clear();
                let open: Vec<_> = std::mem::take(&mut self.exchanges)
                    .into_values()
                    .filter_map(|e| e.client)
                    .collect();
                for exchange in open {
                    self.timeline.later(0, Happening::Fail { exchange });
                }
                Ok(())
            }
            Accident::ServiceAborts => {
                let Some(session) = self.session.clone() else { return Ok(()) };
                let reason = "maintenance".to_owned();
                self.service_input(ListenerInput::Abort { session, reason })
            }
            Accident::ContextLost => {
                let Some(tag) = self.tag.clone() else { return Ok(()) };
                self.service_input(ListenerInput::ContextLost(tag))
            }
            Accident::LinkCut => {
                self.is_cut = true;
                Ok(())
            }
        }
    }

    // ---- the two ends ----

    fn client_input(&mut self, input: InitiatorInput<Payload>) -> Result<(), String> {
        let Some(mut client) = self.client.take() else { return Ok(()) };
        client.handle(input, &mut moment(time(self.timeline.now()), &mut self.names));
        let mut result = Ok(());
        while let Some(output) = client.poll() {
            self.timeline.tell(format_args!("client: {output:?}"));
            result = result.and_then(|()| self.checks.client(&self.plan, &output));
            match output {
                InitiatorOutput::Completed { .. } => {
                    self.summary.last_completed = self.timeline.now()
                }
                InitiatorOutput::Transmit { route, message, deadline } => {
                    if message.headers.sequence.is_some() {
                        self.summary.first_sent.get_or_insert(self.timeline.now());
                    }
                    if let Body::CreateSequence(create) = &message.body {
                        self.offer = create.offer.as_ref().map(|offer| offer.identifier.clone());
                    }
                    let message = self.client_lie(message);
                    let message = self.over_the_wire(message, true)?;
                    self.transmit(route.exchange().0, message, deadline);
                }
                InitiatorOutput::Faulted(error) => self.summary.error = Some(error),
                _ => {}
            }
        }
        self.client = Some(client);
        result
    }

    fn over_the_wire(
        &self,
        message: Message<Payload>,
        is_request: bool,
    ) -> Result<Message<Payload>, String> {
        match self.plan.soap {
            Some(soap) => wire::over(message, self.plan.version, soap, is_request),
            None => Ok(message),
        }
    }

    /// A client that never acknowledges a reply.
    fn client_lie(&mut self, mut message: Message<Payload>) -> Message<Payload> {
        if self.plan.class == Class::LyingClient {
            message.headers.acknowledgement = None;
        }
        message
    }

    fn service_input(&mut self, input: ListenerInput<Payload>) -> Result<(), String> {
        self.service.handle(input, &mut moment(time(self.timeline.now()), &mut self.names));
        while let Some(output) = self.service.poll() {
            let exchange = match &output {
                ListenerOutput::Transmit { route, .. } => {
                    self.exchanges.remove(&route.exchange().0)
                }
                _ => None,
            };
            self.timeline.tell(format_args!("service: {output:?}"));
            self.checks.service(&self.plan, &output, exchange.as_ref())?;
            match output {
                ListenerOutput::Transmit { response, .. } => {
                    let response = match *response {
                        Response::Message(mut m) => {
                            if let Body::Application(payload) = m.body {
                                m.relates_to = Some(message_id(payload.wrapping_sub(REPLY)));
                            }
                            Response::Message(self.over_the_wire(m, false)?)
                        }
                        Response::Accepted => Response::Accepted,
                    };
                    if let Some(client) = exchange.and_then(|e| e.client) {
                        self.respond(client, response);
                    }
                }
                ListenerOutput::Created { session, .. } => {
                    self.session = Some(session.clone());
                    self.timeline.later(1000, Happening::Accept(session));
                }
                ListenerOutput::Deliver { session, number, message } => {
                    self.queue.push_back((session, number, message));
                }
                ListenerOutput::EndOfMessages(session) => self.ending.push(session),
                _ => {}
            }
        }
        self.work()
    }

    /// The service's application: begins what it has room for, and closes when it has done it all.
    fn work(&mut self) -> Result<(), String> {
        let busy = self.running.values().sum::<usize>();
        if busy < self.plan.concurrency
            && let Some((session, number, payload)) = self.queue.pop_front()
        {
            *self.running.entry(session.clone()).or_default() += 1;
            let one_way = payload & ONE_WAY != 0;
            let reply = (!one_way).then(|| reply_to(payload));
            let delay = self.random.between(self.plan.operation.0, self.plan.operation.1);
            let (epoch, ends) = (self.epoch, session.clone());
            self.timeline
                .later(delay, Happening::OperationEnds { epoch, session: ends, number, reply });
            let taken = ListenerInput::Taken { session: session.clone(), number };
            self.service_input(taken)?;
            if one_way {
                // A one-way operation is answered when it begins.
                self.service_input(ListenerInput::Done { session, number, reply: None })?;
            }
            return self.work();
        }
        let is_idle = |s: &SessionId| {
            self.running.get(s).is_none_or(|r| *r == 0) && !self.queue.iter().any(|(q, ..)| q == s)
        };
        if let Some(place) = self.ending.iter().position(is_idle) {
            let session = self.ending.remove(place);
            self.checks.app_closed(&session);
            return self.service_input(ListenerInput::Close(session));
        }
        Ok(())
    }

    /// The client itself, or who has its keys, sends nonsense into the session.
    fn greedy(&mut self) -> Result<(), String> {
        let Some(identifier) = self.session.clone() else { return Ok(()) };
        let serial = self.timeline.serial();
        let last = self.random.pick(&[None, Some(1), Some(50), Some(i64::MAX as u64)]);
        let shutdown =
            Shutdown { identifier: identifier.clone(), last_message_number: last, reply_to: None };
        let body = match self.random.between(0, 60) {
            0 => Body::CloseSequence(shutdown),
            1 => Body::TerminateSequence(shutdown),
            2 => Body::LastMessage,
            3 => Body::SequenceAcknowledgement,
            _ => Body::Application(FORGED + serial as Payload),
        };
        let mut message = Message::new(body);
        message.message_id = Some("urn:greedy".into());
        let last_message = matches!(message.body, Body::LastMessage);
        let number = self.random.between(1, 300);
        if matches!(message.body, Body::Application(_) | Body::LastMessage) {
            message.headers.sequence = Some(Sequence { identifier, number, last_message });
        } else {
            let ranges = waxwing_reliable::Ranges::up_to(self.random.between(0, 9));
            let back = self.offer.clone().unwrap_or_else(|| Identifier::new("urn:nothing"));
            let acknowledgement = waxwing_reliable::SequenceAcknowledgement::new(back, ranges);
            let is_reply = self.plan.shape == waxwing_reliable::Shape::RequestReply;
            message.headers.acknowledgement = is_reply.then_some(acknowledgement);
        }
        let tag = self.tag.clone();
        self.arrive(None, message, tag)
    }

    /// Somebody sends into the session without its security context, or to a session that is not there.
    fn stranger(&mut self) -> Result<(), String> {
        let known = self.session.clone().filter(|_| self.plan.secured);
        let identifier = known.unwrap_or_else(|| Identifier::new("urn:nobody"));
        let number = self.random.pick(&[1, 2, 3, 10, i64::MAX as u64]);
        let body = match self.random.between(0, 3) {
            0 => Body::AckRequested,
            1 => Body::TerminateSequence(Shutdown {
                identifier: identifier.clone(),
                last_message_number: None,
                reply_to: None,
            }),
            _ => Body::Application(STRANGER),
        };
        let mut message = Message::new(body);
        message.message_id = Some("urn:stranger".into());
        message.headers = Headers {
            sequence: Some(Sequence { identifier, number, last_message: false }),
            ..Headers::default()
        };
        if matches!(message.body, Body::AckRequested) {
            message.headers.ack_requested = message.headers.sequence.take().map(|s| s.identifier);
        }
        let tag = self.plan.secured.then(|| Identifier::new("urn:another-context"));
        self.arrive(None, message, tag)
    }
}
