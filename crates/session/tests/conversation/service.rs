//! The service's end as the world knows it: requests in; answers, and calls to execute, out. Below it the engines.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use waxwing_reliable::{ExchangeId, Identifier, SessionId};
use waxwing_session::{
    Admission, AdmissionInput, AdmissionLimits, AppMessage, Arrival, DispatchId, Encoded, Moment,
    Peer, ReplyTo, ServiceEndpoint, ServiceInput, ServiceOutput, ServiceSessions, ServiceSettings,
    Time, VerifiedRequest,
};
use waxwing_soap::Envelope;

use crate::credentials;
use crate::plan::Plan;
use crate::random::Random;
use crate::words::{ADDRESS, VERSION};

/// `receiveTimeout`, at least: the clients of some plans are silent for longer than it is by default.
const RECEIVE: Duration = Duration::from_secs(600);

/// What the service wants done.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "answers are the common case")]
pub enum Output {
    /// Answer an exchange.
    Answer { exchange: u64, encoded: Encoded },
    /// Execute a call.
    Execute { job: DispatchId, session: Option<SessionId>, request: Arc<VerifiedRequest> },
    /// Nothing is left of a session.
    Gone(SessionId),
    /// A reliable session has failed.
    Failed(String),
}

pub struct Service {
    endpoint: ServiceEndpoint,
    sessions: ServiceSessions,
    admission: Admission,
    waiting: HashMap<u64, ReplyTo>,
    outputs: VecDeque<Output>,
}

impl Service {
    pub fn new(plan: &Plan, random: &mut Random) -> Self {
        let reliable = plan.version.map(|version| (version, plan.shape, plan.reliable.clone()));
        let settings = ServiceSettings {
            address: ADDRESS.to_owned(),
            version: VERSION,
            reliable,
            receive_timeout: plan.reliable.inactivity_timeout.max(RECEIVE),
            understood: Vec::new(),
            trace: false,
        };
        let limits = AdmissionLimits {
            calls: plan.calls_at_once,
            sessions: plan.places,
            instances: plan.calls_at_once.max(plan.places),
        };
        Self {
            sessions: ServiceSessions::new(&settings, plan.modes).unwrap(),
            endpoint: ServiceEndpoint::new(settings, credentials::service(plan, random)),
            admission: Admission::new(limits),
            waiting: HashMap::new(),
            outputs: VecDeque::new(),
        }
    }

    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    pub fn wake_at(&self) -> Option<Time> {
        self.sessions.wake_at()
    }

    /// A message comes in.
    pub fn request(&mut self, exchange: u64, envelope: Envelope, peer: Peer, at: &mut Moment<'_>) {
        let mut arrival = self.endpoint.receive(envelope, peer, at);
        while let Arrival::Authenticate(sender) = arrival {
            let verdict = credentials::judge(sender.evidence(), at.wall);
            arrival = self.endpoint.authenticated(sender, verdict, at);
        }
        let arrived = match arrival {
            Arrival::Answer(encoded) => return self.answer(exchange, *encoded, at),
            Arrival::Message(arrived) => *arrived,
            Arrival::Authenticate(_) | Arrival::Ended(_) => return,
        };
        self.waiting.insert(exchange, arrived.reply);
        let (exchange, message) = (ExchangeId(exchange), arrived.message);
        self.give(ServiceInput::Arrived { exchange, message }, at);
    }

    /// The client's connection is gone.
    pub fn abandoned(&mut self, exchange: u64, at: &mut Moment<'_>) {
        self.waiting.remove(&exchange);
        self.give(ServiceInput::Abandoned(ExchangeId(exchange)), at);
    }

    /// A call has been executed.
    pub fn done(&mut self, call: DispatchId, reply: Option<AppMessage>, at: &mut Moment<'_>) {
        self.give(ServiceInput::Finished { call, reply }, at);
    }

    pub fn tick(&mut self, at: &mut Moment<'_>) {
        self.give(ServiceInput::Tick, at);
    }

    /// Empties the tables of what has lapsed: the host does it every second.
    pub fn sweep(&self, at: &Moment<'_>) {
        self.endpoint.security().sweep(at);
    }

    /// The host closes at once: nothing new, and what there is fails.
    pub fn abort(&mut self, at: &mut Moment<'_>) {
        self.endpoint.security().close();
        self.give(ServiceInput::Shutdown, at);
        self.give(ServiceInput::AbortAll { reason: "maintenance".to_owned() }, at);
    }

    /// Why something is left, when nothing should be.
    pub fn leftovers(&self) -> Option<String> {
        let security = self.endpoint.security();
        let sum = |(granted, waiting)| granted + waiting;
        let counts = [
            ("sessions", self.sessions.session_count()),
            ("calls", self.sessions.call_count()),
            ("places of sessions", sum(self.admission.sessions())),
            ("places of instances", sum(self.admission.instances())),
            ("places of calls", sum(self.admission.calls())),
            ("exchanges", self.waiting.len()),
            ("security sessions", security.session_count()),
            ("negotiations", security.negotiation_count()),
            ("negotiated tokens", security.token_count()),
            ("cookies", security.cookie_count()),
        ];
        let left = counts.iter().filter(|(_, count)| *count > 0);
        let left: Vec<_> = left.map(|(what, count)| format!("{count} {what}")).collect();
        (!left.is_empty()).then(|| left.join(", "))
    }

    fn answer(&mut self, exchange: u64, encoded: Encoded, at: &mut Moment<'_>) {
        if let Some(ended) = &encoded.ended {
            self.give(ServiceInput::ContextLost(Identifier::new(ended.identifier())), at);
        }
        self.outputs.push_back(Output::Answer { exchange, encoded });
    }

    fn give(&mut self, input: ServiceInput, at: &mut Moment<'_>) {
        self.sessions.handle(input, at);
        while let Some(output) = self.sessions.poll() {
            self.output(output, at);
        }
    }

    fn output(&mut self, output: ServiceOutput, at: &mut Moment<'_>) {
        match output {
            ServiceOutput::Answer { exchange, response } => {
                if let Some(to) = self.waiting.remove(&exchange.0) {
                    let encoded = self.endpoint.encode(&to, response, at);
                    self.outputs.push_back(Output::Answer { exchange: exchange.0, encoded });
                }
            }
            ServiceOutput::Execute(execution) => {
                if execution.make && execution.keep {
                    self.sessions.handle(ServiceInput::Made(execution.instance), at);
                }
                let (job, session) = (execution.call, execution.session);
                let request = execution.request;
                self.outputs.push_back(Output::Execute { job, session, request });
            }
            ServiceOutput::Release(instance) => {
                self.sessions.handle(ServiceInput::Released(instance), at);
            }
            ServiceOutput::Want(place) => self.ask(AdmissionInput::Want(place), at),
            ServiceOutput::Free(place) => self.ask(AdmissionInput::Free(place), at),
            ServiceOutput::ReleaseSecurity(session) => {
                self.endpoint.security().release_session(&session, &*at);
            }
            ServiceOutput::EndSecurity(session) => self.endpoint.security().end_session(&session),
            ServiceOutput::Failed { error, .. } => {
                self.outputs.push_back(Output::Failed(error.to_string()));
            }
            ServiceOutput::Gone(session) => self.outputs.push_back(Output::Gone(session)),
            _ => {}
        }
    }

    fn ask(&mut self, input: AdmissionInput, at: &mut Moment<'_>) {
        self.admission.handle(0, input);
        while let Some((_, place)) = self.admission.poll() {
            self.sessions.handle(ServiceInput::Granted(place), at);
        }
    }
}
