//! The service's end as the world knows it: requests in; answers, and calls to execute, out. Below it the engines.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use waxwing_reliable::{
    Body, ExchangeId, Identifier, Listener, ListenerInput, ListenerOutput, SessionId,
};
use waxwing_security::PeerTag;
use waxwing_security::conversation::{CallerIdentity, SecuritySession};
use waxwing_session::{
    Acceptance, AppMessage, Arrival, Backlog, BacklogInput, BacklogOutput, Encoded, Moment,
    ReplyTo, ServiceEndpoint, ServiceSettings, Time,
};
use waxwing_soap::Envelope;

use crate::credentials;
use crate::plan::Plan;
use crate::random::Random;
use crate::words::{ADDRESS, VERSION};

/// A call that is being executed.
#[derive(Clone, Debug)]
pub enum Job {
    Reliable(SessionId, u64),
    Direct(u64),
}

/// What the service wants done.
#[derive(Debug)]
pub enum Output {
    /// Answer an exchange.
    Answer { exchange: u64, encoded: Encoded },
    /// Execute a call.
    Execute { job: Job, message: AppMessage, caller: Arc<CallerIdentity> },
    /// A reliable session has failed.
    Failed(String),
}

pub struct Service {
    endpoint: ServiceEndpoint,
    listener: Option<Listener<AppMessage>>,
    backlog: Backlog<AppMessage>,
    acceptance: Acceptance<SessionId>,
    /// Who opened each session, and in which security session.
    sessions: HashMap<SessionId, (Arc<CallerIdentity>, Option<SecuritySession>)>,
    waiting: HashMap<u64, ReplyTo>,
    closing: bool,
    outputs: VecDeque<Output>,
}

impl Service {
    pub fn new(plan: &Plan, random: &mut Random) -> Self {
        let reliable = plan.version.map(|version| (version, plan.shape, plan.reliable.clone()));
        let listener = reliable.clone();
        let settings = ServiceSettings {
            address: ADDRESS.to_owned(),
            version: VERSION,
            reliable,
            understood: Vec::new(),
            trace: false,
        };
        Self {
            endpoint: ServiceEndpoint::new(settings, credentials::service(plan, random)),
            listener: listener
                .map(|(version, shape, settings)| Listener::new(version, shape, settings).unwrap()),
            backlog: Backlog::default(),
            acceptance: Acceptance::new(plan.places),
            sessions: HashMap::new(),
            waiting: HashMap::new(),
            closing: false,
            outputs: VecDeque::new(),
        }
    }

    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    pub fn wake_at(&self) -> Option<Time> {
        self.listener.as_ref().and_then(Listener::wake_at)
    }

    /// A message comes in.
    pub fn request(
        &mut self,
        exchange: u64,
        envelope: Envelope,
        peer: PeerTag,
        at: &mut Moment<'_>,
    ) {
        let arrived = match self.endpoint.receive(envelope, peer, at) {
            Arrival::Answer(encoded) => return self.answer(exchange, *encoded, at),
            Arrival::Message(arrived) => *arrived,
        };
        let tag = arrived.tag();
        self.waiting.insert(exchange, arrived.reply);
        let Some(listener) = &mut self.listener else {
            let Body::Application(message) = arrived.message.body else { return };
            if self.closing && arrived.session.is_none() {
                self.waiting.remove(&exchange);
                let encoded = Encoded::refused("closing");
                return self.outputs.push_back(Output::Answer { exchange, encoded });
            }
            let (job, caller) = (Job::Direct(exchange), arrived.caller);
            return self.outputs.push_back(Output::Execute { job, message, caller });
        };
        let (exchange, message) = (ExchangeId(exchange), arrived.message);
        listener.handle(ListenerInput::Request { exchange, message, tag }, at);
        self.drain(Some((arrived.caller, arrived.session)), at);
    }

    /// A call has been executed.
    pub fn done(&mut self, job: Job, reply: Option<AppMessage>, at: &mut Moment<'_>) {
        match job {
            Job::Direct(exchange) => {
                let Some(to) = self.waiting.remove(&exchange) else { return };
                let encoded = self.endpoint.encode_direct(&to, reply.as_deref(), at);
                self.outputs.push_back(Output::Answer { exchange, encoded });
            }
            Job::Reliable(session, number) => {
                self.tell(ListenerInput::Done { session: session.clone(), number, reply }, at);
                self.backlog.handle(BacklogInput::Finished(session));
                self.drain(None, at);
            }
        }
    }

    pub fn tick(&mut self, at: &mut Moment<'_>) {
        self.tell(ListenerInput::Tick, at);
        self.drain(None, at);
    }

    /// Empties the tables of what has lapsed: the host does it every second.
    pub fn sweep(&self, at: &Moment<'_>) {
        self.endpoint.security().sweep(at);
    }

    /// The host closes at once: nothing new, and what there is fails.
    pub fn abort(&mut self, at: &mut Moment<'_>) {
        self.closing = true;
        self.endpoint.security().close();
        self.tell(ListenerInput::Shutdown, at);
        let sessions: Vec<_> = self.backlog.sessions().cloned().collect();
        for session in sessions {
            let reason = "maintenance".to_owned();
            self.tell(ListenerInput::Abort { session: session.clone(), reason }, at);
            self.backlog.handle(BacklogInput::Faulted(session));
        }
        self.drain(None, at);
    }

    /// Why something is left, when nothing should be.
    pub fn leftovers(&self) -> Option<String> {
        let security = self.endpoint.security();
        let sequences = self.listener.as_ref().map_or(0, |l| l.sessions().count());
        let counts = [
            ("sequences", sequences),
            ("sessions to execute", self.backlog.len()),
            ("places", self.acceptance.accepted() + self.acceptance.waiting()),
            ("sessions", self.sessions.len()),
            ("exchanges", self.waiting.len()),
            ("security sessions", security.session_count()),
            ("negotiations", security.negotiation_count()),
            ("negotiated tokens", security.token_count()),
        ];
        let left = counts.iter().filter(|(_, count)| *count > 0);
        let left: Vec<_> = left.map(|(what, count)| format!("{count} {what}")).collect();
        (!left.is_empty()).then(|| left.join(", "))
    }

    fn tell(&mut self, input: ListenerInput<AppMessage>, at: &mut Moment<'_>) {
        if let Some(listener) = &mut self.listener {
            listener.handle(input, at);
        }
    }

    fn answer(&mut self, exchange: u64, encoded: Encoded, at: &mut Moment<'_>) {
        if let Some(ended) = &encoded.ended {
            self.tell(ListenerInput::ContextLost(Identifier::new(ended.identifier())), at);
            self.drain(None, at);
        }
        self.outputs.push_back(Output::Answer { exchange, encoded });
    }

    fn drain(
        &mut self,
        sender: Option<(Arc<CallerIdentity>, Option<SecuritySession>)>,
        at: &mut Moment<'_>,
    ) {
        loop {
            if let Some(output) = self.listener.as_mut().and_then(Listener::poll) {
                self.of_listener(output, &sender, at);
            } else if let Some(output) = self.backlog.poll() {
                self.of_backlog(output, at);
            } else {
                return;
            }
        }
    }

    fn of_listener(
        &mut self,
        output: ListenerOutput<AppMessage>,
        sender: &Option<(Arc<CallerIdentity>, Option<SecuritySession>)>,
        at: &mut Moment<'_>,
    ) {
        match output {
            ListenerOutput::Transmit { route, response } => {
                let exchange = route.exchange();
                if let Some(to) = self.waiting.remove(&exchange.0) {
                    let encoded = self.endpoint.encode(&to, response, at);
                    self.outputs.push_back(Output::Answer { exchange: exchange.0, encoded });
                }
            }
            ListenerOutput::Created { session, .. } => {
                let sender = sender.clone().expect("who creates a session");
                self.sessions.insert(session.clone(), sender);
                self.backlog.handle(BacklogInput::Created(session.clone()));
                if self.acceptance.created(session.clone()) {
                    self.accept(session, at);
                }
            }
            ListenerOutput::Deliver { session, number, message } => {
                self.backlog.handle(BacklogInput::Delivered { session, number, message });
            }
            ListenerOutput::EndOfMessages(session) => self.tell(ListenerInput::Close(session), at),
            ListenerOutput::Closed(session) => {
                let known = self.sessions.get_mut(&session);
                if let Some(security) = known.and_then(|(_, security)| security.take()) {
                    self.endpoint.security().release_session(&security, &*at);
                }
                self.backlog.handle(BacklogInput::Closed(session));
            }
            ListenerOutput::Faulted { session, error } => {
                let known = self.sessions.get_mut(&session);
                if let Some(security) = known.and_then(|(_, security)| security.take()) {
                    self.endpoint.security().end_session(&security);
                }
                self.outputs.push_back(Output::Failed(error.to_string()));
                self.backlog.handle(BacklogInput::Faulted(session));
            }
            ListenerOutput::Event { .. } => {}
        }
    }

    fn of_backlog(&mut self, output: BacklogOutput<AppMessage>, at: &mut Moment<'_>) {
        match output {
            BacklogOutput::Execute { session, number, message } => {
                let caller = Arc::clone(&self.sessions[&session].0);
                self.tell(ListenerInput::Taken { session: session.clone(), number }, at);
                let job = Job::Reliable(session, number);
                self.outputs.push_back(Output::Execute { job, message, caller });
            }
            BacklogOutput::Gone(session) => {
                self.tell(ListenerInput::Accept(session.clone()), at);
                self.sessions.remove(&session);
                if let Some(next) = self.acceptance.ended(&session) {
                    self.accept(next, at);
                }
            }
        }
    }

    fn accept(&mut self, session: SessionId, at: &mut Moment<'_>) {
        self.tell(ListenerInput::Accept(session.clone()), at);
        self.backlog.handle(BacklogInput::Accepted(session));
    }
}
