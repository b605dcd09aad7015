//! A duplex session, a listener, a virtual clock. `links` carries messages, `applications` send and take them.

use waxwing_reliable::{
    ContextTag, Counters, DuplexInput, DuplexListener, DuplexListenerInput, DuplexListenerOutput,
    DuplexOpen, DuplexOutput, DuplexSession, ExchangeId, Failure, FailureKind, Identifier, LinkId,
    Message, SequenceState, SessionError, SessionId, Time, TokenReference, Transmission,
};
use waxwing_soap::EndpointReference;

use super::checks::{Checks, End};
use super::plan::{Accident, Class, Plan};
use crate::names::moment;
use crate::plan::{Micros, SECOND};
use crate::random::Random;
use crate::timeline::{Timeline, micros, time};
use crate::wire;

/// A message of the application: its kind and which one it is.
pub type Payload = u32;

/// What strangers send.
pub const STRANGER: Payload = u32::MAX;

/// Steps after which a run counts as endless.
const STEPS: usize = 2_000_000;

pub const SERVICE: &str = "http://Service/calc";

#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "a test")]
pub enum Happening {
    Call(usize),
    Event(usize),
    /// The client's application looks whether it is done.
    Close {
        force: bool,
    },
    /// The service's application has sent all its events.
    ServiceCloses,
    Accident(Accident),
    Arrive {
        to: End,
        link: Option<u64>,
        message: Message<Payload>,
        tag: Option<ContextTag>,
    },
    Failed {
        from: End,
        transmission: Transmission,
    },
    Dialled(Option<u64>),
    /// An end hears that a connection is gone. `ended`: as it should.
    Gone {
        at: End,
        link: u64,
        ended: bool,
    },
    Accept(SessionId),
    Taken {
        at: End,
        epoch: u32,
        number: u64,
        payload: Payload,
    },
    Done {
        at: End,
        epoch: u32,
        payload: Payload,
    },
}

/// How a run went.
#[derive(Debug, Default)]
pub struct Summary {
    pub state: SequenceState,
    pub counters: Counters,
    pub steps: usize,
    pub links: u64,
    pub error: Option<SessionError>,
}

pub struct World {
    pub plan: Plan,
    pub random: Random,
    pub timeline: Timeline<Happening>,
    pub client: Option<DuplexSession<Payload>>,
    pub service: DuplexListener<Payload>,
    pub session: Option<SessionId>,
    pub epoch: u32,
    pub tag: Option<ContextTag>,
    names: Random,
    exchanges: u64,
    pub links: super::links::Links,
    pub apps: super::applications::Applications,
    pub checks: Checks,
    pub summary: Summary,
}

/// One run, from its seed.
pub fn run(seed: u64) -> Result<Summary, String> {
    let plan = Plan::of(seed);
    run_plan(seed, plan.clone()).map_err(|e| format!("duplex seed {seed}: {e}\n{plan:?}"))
}

pub fn run_plan(seed: u64, plan: Plan) -> Result<Summary, String> {
    let mut world = World::new(seed, plan)?;
    world.start()?;
    while let Some(at) = world.next() {
        world.timeline.advance(at, STEPS)?;
        world.step()?;
        world.checks.bounds(&world.plan, world.client.as_ref(), &world.service)?;
    }
    let end = world.checks.end(&world.plan, world.client.as_ref(), &world.service);
    end.map_err(|e| format!("{e}; the client's error: {:?}", world.summary.error))?;
    if let Some(client) = &world.client {
        let status = client.status();
        (world.summary.state, world.summary.counters) = (status.state, status.counters);
    }
    world.summary.links = world.links.made();
    world.summary.steps = world.timeline.steps();
    Ok(world.summary)
}

impl World {
    fn new(seed: u64, plan: Plan) -> Result<Self, String> {
        let text = |e: waxwing_reliable::SettingsError| e.to_string();
        let client = DuplexSession::new(plan.version, plan.client.clone()).map_err(text)?;
        let service = DuplexListener::new(plan.version, plan.service.clone()).map_err(text)?;
        Ok(Self {
            tag: plan.secured.then(|| Identifier::new("urn:context")),
            plan,
            random: Random::new(seed ^ 0x5EED),
            timeline: Timeline::new(),
            client: Some(client),
            service,
            session: None,
            epoch: 0,
            names: Random::new(seed ^ 0x4A3E),
            exchanges: 0,
            links: super::links::Links::default(),
            apps: super::applications::Applications::default(),
            checks: Checks::default(),
            summary: Summary::default(),
        })
    }

    fn start(&mut self) -> Result<(), String> {
        let opened = 200_000;
        for i in 0..self.plan.calls.len() {
            self.timeline.later(opened + self.plan.calls[i].0, Happening::Call(i));
        }
        for i in 0..self.plan.events.len() {
            self.timeline.later(opened + self.plan.events[i], Happening::Event(i));
        }
        let close_at = opened + self.plan.close_at;
        self.timeline.later(close_at, Happening::Close { force: false });
        if !matches!(self.plan.class, Class::Patient | Class::Idle) {
            self.timeline.later(close_at + 120 * SECOND, Happening::Close { force: true });
        }
        if self.plan.service_closes_first {
            let last = self.plan.events.iter().max().copied().unwrap_or_default();
            self.timeline.later(opened + last + SECOND, Happening::ServiceCloses);
        }
        if let Some((at, accident)) = self.plan.accident {
            self.timeline.later(at, Happening::Accident(accident));
        }
        let token = self.tag.clone().map(|identifier| TokenReference {
            identifier,
            value_type: "http://schemas.xmlsoap.org/ws/2005/02/sc/sct".to_owned(),
        });
        let is_dual = !self.plan.is_stream();
        let request = DuplexOpen {
            to: SERVICE.to_owned(),
            from: is_dual.then(|| EndpointReference::new("http://client/callback")),
            token,
            started: Time::ZERO,
            deadline: time(self.plan.open_deadline),
        };
        self.client_input(DuplexInput::Open(request))
    }

    fn client_wakes(&self) -> Option<Micros> {
        self.client.as_ref().and_then(DuplexSession::wake_at).map(micros)
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
            self.client_input(DuplexInput::Tick)?;
        }
        if self.timeline.is_due(self.service_wakes()) {
            self.service_input(DuplexListenerInput::Tick)?;
        }
        let Some(happening) = self.timeline.take_due() else { return Ok(()) };
        self.happen(happening)?;
        if self.random.permille(self.plan.strangers) {
            self.stranger()?;
        }
        Ok(())
    }

    fn happen(&mut self, happening: Happening) -> Result<(), String> {
        match happening {
            Happening::Call(index) => self.call(index),
            Happening::Event(index) => self.event(index),
            Happening::Close { force } => self.client_may_close(force),
            Happening::ServiceCloses => self.service_closes(),
            Happening::Accident(accident) => self.accident(accident),
            Happening::Arrive { to, link, message, tag } => self.arrive(to, link, message, tag),
            Happening::Failed { from, transmission } => {
                let failure =
                    Failure { kind: FailureKind::Retryable, reason: "the link".to_owned() };
                self.input(from, DuplexInput::Failed { transmission, failure })
            }
            Happening::Dialled(link) => self.dialled(link),
            Happening::Gone { at, link, ended } => self.gone(at, link, ended),
            Happening::Accept(session) => self.service_input(DuplexListenerInput::Accept(session)),
            Happening::Taken { at, epoch, number, payload } => {
                self.taken(at, epoch, number, payload)
            }
            Happening::Done { at, epoch, payload } => self.done(at, epoch, payload),
        }
    }

    fn accident(&mut self, accident: Accident) -> Result<(), String> {
        match accident {
            Accident::ClientVanishes => {
                self.client = None;
                self.break_link(self.links.of_client());
                Ok(())
            }
            Accident::ClientAborts => {
                self.client_input(DuplexInput::Abort { reason: "enough".to_owned() })
            }
            Accident::ServiceRestarts => {
                let plan = &self.plan;
                self.service = DuplexListener::new(plan.version, plan.service.clone())
                    .map_err(|e| e.to_string())?;
                self.epoch += 1;
                self.session = None;
                self.apps.service_restarts();
                self.checks.service_restarts();
                self.break_link(self.links.of_client());
                Ok(())
            }
            Accident::ServiceAborts => {
                self.input(End::Service, DuplexInput::Abort { reason: "maintenance".to_owned() })
            }
            Accident::ContextLost => {
                let Some(tag) = self.tag.clone() else { return Ok(()) };
                self.service_input(DuplexListenerInput::ContextLost(tag))
            }
            Accident::Cut => {
                self.links.cut();
                self.break_link(self.links.of_client());
                Ok(())
            }
        }
    }

    // ---- the two ends ----

    pub fn input(&mut self, end: End, input: DuplexInput<Payload>) -> Result<(), String> {
        match (end, self.session.clone()) {
            (End::Client, _) => self.client_input(input),
            (End::Service, Some(session)) => {
                self.service_input(DuplexListenerInput::Session { session, input })
            }
            (End::Service, None) => Ok(()),
        }
    }

    pub fn client_input(&mut self, input: DuplexInput<Payload>) -> Result<(), String> {
        let Some(mut client) = self.client.take() else { return Ok(()) };
        client.handle(input, &mut moment(time(self.timeline.now()), &mut self.names));
        let outputs: Vec<_> = std::iter::from_fn(|| client.poll()).collect();
        self.client = Some(client);
        outputs.into_iter().try_for_each(|output| self.output(End::Client, output))
    }

    pub fn service_input(&mut self, input: DuplexListenerInput<Payload>) -> Result<(), String> {
        self.service.handle(input, &mut moment(time(self.timeline.now()), &mut self.names));
        let outputs: Vec<_> = std::iter::from_fn(|| self.service.poll()).collect();
        for output in outputs {
            self.timeline.tell(format_args!("listener: {output:?}"));
            match output {
                DuplexListenerOutput::Created { session, link, .. } => {
                    // The one before has ended before its initiator heard of it.
                    if self.session.replace(session.clone()).is_some() {
                        self.epoch += 1;
                        self.apps.service_restarts();
                        self.checks.service_restarts();
                    }
                    self.links.adopted(link.map(|link| link.0));
                    self.timeline.later(1000, Happening::Accept(session));
                }
                DuplexListenerOutput::Adopted { session, link, replaced } => {
                    self.checks.adopted(self.session.as_ref(), &session, &self.plan)?;
                    self.links.adopted(Some(link.0));
                    self.break_link(replaced.map(|link| link.0));
                }
                DuplexListenerOutput::AbortLink(link) => self.break_link(Some(link.0)),
                DuplexListenerOutput::Answer { exchange, remote, message } => {
                    self.answer(exchange.0, remote.is_some(), message);
                }
                DuplexListenerOutput::Session { session, output } => {
                    if self.session.as_ref() == Some(&session) {
                        self.output(End::Service, output)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// What one end of the session says.
    fn output(&mut self, end: End, output: DuplexOutput<Payload>) -> Result<(), String> {
        self.timeline.tell(format_args!("{end:?}: {output:?}"));
        self.checks.output(end, &self.plan, &output)?;
        match output {
            DuplexOutput::Transmit { transmission, message, .. } => {
                self.transmit(end, transmission, message)
            }
            DuplexOutput::Dial => {
                self.dial();
                Ok(())
            }
            DuplexOutput::Deliver { number, message } => {
                let delay = self.random.between(self.plan.queueing.0, self.plan.queueing.1);
                let (epoch, payload) = (self.epoch, message);
                self.timeline.later(delay, Happening::Taken { at: end, epoch, number, payload });
                Ok(())
            }
            DuplexOutput::EndOfMessages => self.end_of_messages(end),
            DuplexOutput::Closed | DuplexOutput::Faulted(_) => {
                if let (End::Client, DuplexOutput::Faulted(error)) = (end, output) {
                    self.summary.error = Some(error);
                }
                // Whoever has ended leaves its connection as it should.
                self.leave_link(end);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    pub fn over_the_wire(&self, message: Message<Payload>) -> Result<Message<Payload>, String> {
        match self.plan.soap {
            Some(soap) => wire::over(message, self.plan.version, soap, true),
            None => Ok(message),
        }
    }

    fn arrive(
        &mut self,
        to: End,
        link: Option<u64>,
        message: Message<Payload>,
        tag: Option<ContextTag>,
    ) -> Result<(), String> {
        if link.is_some_and(|link| !self.links.is_alive(link)) {
            return Ok(());
        }
        let is_ours = tag == self.tag;
        if is_ours {
            self.checks.arrived(to, &message);
        }
        match to {
            End::Client => self.client_input(DuplexInput::Message(message)),
            End::Service => {
                self.exchanges += 1;
                let exchange = ExchangeId(self.exchanges);
                self.links.asked(exchange.0, link);
                let link = link.map(LinkId);
                self.service_input(DuplexListenerInput::Message { exchange, link, message, tag })
            }
        }
    }

    /// Somebody sends into the session without its security context, or to a session that is not there.
    fn stranger(&mut self) -> Result<(), String> {
        let known = self.session.clone().filter(|_| self.plan.secured);
        let identifier = known.unwrap_or_else(|| Identifier::new("urn:nobody"));
        let number = self.random.pick(&[1, 2, 3, 10, i64::MAX as u64]);
        let is_question = self.random.permille(300);
        let (message, tag) = super::strangers::message(identifier, number, is_question, &self.plan);
        let link = self.plan.is_stream().then(|| self.links.strange());
        self.arrive(End::Service, link, message, tag)
    }
}
