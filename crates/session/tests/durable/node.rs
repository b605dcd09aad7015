//! A node of the service without IO: requests in; answers, calls to execute, and units to commit, out.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use waxwing_reliable::{ExchangeId, Identifier, SessionId, Ticket};
use waxwing_security::conversation::SecuritySession;
use waxwing_session::{
    Admission, AdmissionInput, AdmissionLimits, AppMessage, Arrival, ClaimedNames, DispatchId,
    Encoded, Moment, Peer, ReplyTo, ServiceEndpoint, ServiceInput, ServiceOutput, ServiceSessions,
    ServiceSettings, SessionChange, Time, UnverifiedMessage, VerifiedRequest, record,
};

use crate::credentials;
use crate::plan::Plan;
use crate::random::Random;
use crate::store::{Group, Outcome, Step};
use crate::words::{ADDRESS, VERSION};

/// What a node wants done.
#[allow(clippy::large_enum_variant, reason = "answers are the common case")]
pub enum Output {
    Answer {
        exchange: u64,
        encoded: Encoded,
    },
    /// The connection is closed.
    Abandon(u64),
    Execute {
        job: DispatchId,
        key: (String, u64),
        request: Arc<VerifiedRequest>,
    },
    Commit {
        id: u64,
        group: String,
        epoch: u64,
        step: Step,
    },
}

/// What a commit was for.
#[allow(clippy::large_enum_variant, reason = "a test")]
enum Waits {
    Sequence(SessionId, Ticket),
    /// An answer of the security protocol.
    Answer(u64, Encoded),
    Nobody,
}

/// A group that this node owns.
struct Owned {
    epoch: u64,
    context: u64,
    sequences: BTreeMap<SessionId, u64>,
}

pub struct Node {
    endpoint: ServiceEndpoint,
    sessions: ServiceSessions,
    admission: Admission,
    waiting: HashMap<u64, ReplyTo>,
    owned: BTreeMap<String, Owned>,
    /// The group of each sequence.
    groups: BTreeMap<SessionId, String>,
    commits: BTreeMap<u64, (String, u64, Waits)>,
    last_commit: u64,
    outputs: VecDeque<Output>,
    pub restored: usize,
    pub is_suspended: bool,
}

impl Node {
    pub fn new(plan: &Plan, random: &mut Random) -> Self {
        let reliable = plan.version.map(|version| (version, plan.shape, plan.reliable.clone()));
        let settings = ServiceSettings {
            address: ADDRESS.to_owned(),
            version: VERSION,
            reliable,
            receive_timeout: Duration::from_secs(3600),
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
            owned: BTreeMap::new(),
            groups: BTreeMap::new(),
            commits: BTreeMap::new(),
            last_commit: 0,
            outputs: VecDeque::new(),
            restored: 0,
            is_suspended: false,
        }
    }

    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    pub fn wake_at(&self) -> Option<Time> {
        self.sessions.wake_at()
    }

    /// Names of a message that are not known here.
    pub fn missing(&self, names: &ClaimedNames) -> Vec<String> {
        let contexts = names.contexts.iter().filter(|name| !self.endpoint.knows_context(name));
        let sequences = names.sequences.iter().chain(&names.origin);
        let sequences = sequences.filter(|name| !self.sessions.knows(name));
        contexts.chain(sequences).cloned().collect()
    }

    pub fn owns(&self, group: &str) -> bool {
        self.owned.contains_key(group)
    }

    pub fn receive(
        &mut self,
        exchange: u64,
        message: UnverifiedMessage,
        peer: Peer,
        at: &mut Moment<'_>,
    ) {
        let mut arrival = self.endpoint.receive(message, peer, at);
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

    pub fn refuse(&mut self, exchange: u64) {
        let encoded = Encoded::unavailable("not now");
        self.outputs.push_back(Output::Answer { exchange, encoded });
    }

    pub fn abandoned(&mut self, exchange: u64, at: &mut Moment<'_>) {
        self.waiting.remove(&exchange);
        self.give(ServiceInput::Abandoned(ExchangeId(exchange)), at);
    }

    pub fn done(&mut self, call: DispatchId, reply: Option<AppMessage>, at: &mut Moment<'_>) {
        self.give(ServiceInput::Finished { call, reply }, at);
    }

    pub fn tick(&mut self, at: &mut Moment<'_>) {
        self.give(ServiceInput::Tick, at);
    }

    /// What lapses is removed from the store, too.
    pub fn sweep(&mut self, at: &mut Moment<'_>) {
        self.endpoint.security().sweep(at);
        for context in self.endpoint.security().forgotten() {
            self.give(ServiceInput::ContextLost(Identifier::new(context.as_str())), at);
            self.remove(&context);
        }
    }

    pub fn suspend(&mut self, at: &mut Moment<'_>) {
        self.is_suspended = true;
        self.endpoint.security().close();
        self.give(ServiceInput::Suspend, at);
    }

    pub fn is_quiet(&self) -> bool {
        self.sessions.is_quiet()
    }

    pub fn leftovers(&self) -> Option<String> {
        let sum = |(granted, waiting)| granted + waiting;
        let counts = [
            ("sessions", self.sessions.session_count()),
            ("calls", self.sessions.call_count()),
            ("places of sessions", sum(self.admission.sessions())),
            ("places of instances", sum(self.admission.instances())),
            ("places of calls", sum(self.admission.calls())),
            ("exchanges", self.waiting.len()),
            ("kept sessions", usize::from(!self.sessions.is_quiet())),
        ];
        let left = counts.iter().filter(|(_, count)| *count > 0);
        let left: Vec<_> = left.map(|(what, count)| format!("{count} {what}")).collect();
        (!left.is_empty()).then(|| left.join(", "))
    }

    /// Takes a group up that was claimed.
    pub fn load(&mut self, name: &str, group: &Group, at: &mut Moment<'_>) {
        // What is here of it is of the time before.
        self.drop_group(name, at);
        let mut owned = Owned { epoch: group.epoch, context: 0, sequences: BTreeMap::new() };
        let mut security = None;
        if let Some((version, octets)) = &group.context {
            owned.context = *version;
            let mut saved = record::read_context(octets).expect("it was written");
            saved.used |= !group.sequences.is_empty();
            let restored = self.endpoint.security().restore(&saved, at);
            security = Some(restored.expect("it was this service's"));
        }
        let sequences = group.sequences.clone();
        for (id, sequence) in &sequences {
            let id = SessionId::new(id.as_str());
            owned.sequences.insert(id.clone(), sequence.version);
            self.groups.insert(id, name.to_owned());
        }
        self.owned.insert(name.to_owned(), owned);
        self.restored += 1;
        for sequence in sequences.into_values() {
            let saved = Box::new(record::read_session(&sequence.state).expect("it was written"));
            let read = |(number, octets): (u64, Vec<u8>)| {
                (number, Arc::new(record::read_request(&octets).expect("it was written")))
            };
            let messages = sequence.messages.into_iter().map(read).collect();
            let security = security.clone();
            self.give(ServiceInput::Restore { saved, security, messages }, at);
        }
    }

    /// It stood still for longer than others wait: whatever is here may be another's.
    pub fn drop_all(&mut self, at: &mut Moment<'_>) {
        for group in self.owned.keys().cloned().collect::<Vec<_>>() {
            self.drop_group(&group, at);
        }
    }

    /// Nothing is certain of a group any more.
    pub fn drop_group(&mut self, name: &str, at: &mut Moment<'_>) {
        let Some(owned) = self.owned.remove(name) else { return };
        for session in owned.sequences.into_keys() {
            self.groups.remove(&session);
            self.give(ServiceInput::Discard(session), at);
        }
        self.endpoint.security().discard(name);
    }

    /// The store has answered.
    pub fn committed(&mut self, id: u64, outcome: Outcome, at: &mut Moment<'_>) {
        let Some((group, epoch, waits)) = self.commits.remove(&id) else { return };
        let is_now = self.owned.get(&group).is_some_and(|owned| owned.epoch == epoch);
        match (waits, outcome) {
            (Waits::Sequence(session, ticket), Outcome::Done) if is_now => {
                self.give(ServiceInput::Persisted { session, ticket }, at);
            }
            (Waits::Answer(exchange, encoded), Outcome::Done) if is_now => {
                self.outputs.push_back(Output::Answer { exchange, encoded });
            }
            (Waits::Nobody, _) => {}
            (waits, outcome) => {
                if is_now && outcome != Outcome::Done {
                    self.drop_group(&group, at);
                }
                if let Waits::Answer(exchange, _) = waits {
                    self.refuse(exchange);
                }
            }
        }
    }

    fn commit(&mut self, group: &str, step: Step, waits: Waits) {
        let Some(owned) = self.owned.get(group) else { return };
        self.last_commit += 1;
        let (id, epoch, group) = (self.last_commit, owned.epoch, group.to_owned());
        self.commits.insert(id, (group.clone(), epoch, waits));
        self.outputs.push_back(Output::Commit { id, group, epoch, step });
    }

    fn answer(&mut self, exchange: u64, mut encoded: Encoded, at: &mut Moment<'_>) {
        if let Some(ended) = encoded.ended.take() {
            let name = ended.identifier().to_owned();
            self.give(ServiceInput::ContextLost(Identifier::new(name.as_str())), at);
            self.remove(&name);
        }
        match encoded.persist.take() {
            Some(security) => self.keep_context(&security, exchange, encoded),
            None => self.outputs.push_back(Output::Answer { exchange, encoded }),
        }
    }

    /// The context is durable before its answer leaves.
    fn keep_context(&mut self, security: &SecuritySession, exchange: u64, encoded: Encoded) {
        let name = security.identifier().to_owned();
        let saved = self.endpoint.security().save(security);
        let owned = self.owned.entry(name.clone());
        let owned =
            owned.or_insert_with(|| Owned { epoch: 1, context: 0, sequences: BTreeMap::new() });
        let step = Step::Context(owned.context, record::write_context(&saved).to_vec());
        owned.context += 1;
        self.commit(&name, step, Waits::Answer(exchange, encoded));
    }

    fn persist(&mut self, change: SessionChange) {
        let SessionChange { session, ticket, security, saved, received, executed } = change;
        let own = || session.as_str().to_owned();
        let group = security.map_or_else(own, |security| security.identifier().to_owned());
        let owned = self.owned.entry(group.clone());
        let owned =
            owned.or_insert_with(|| Owned { epoch: 1, context: 0, sequences: BTreeMap::new() });
        let version = owned.sequences.entry(session.clone()).or_default();
        let put = received.iter();
        let put = put.map(|(number, r)| (*number, record::write_request(r).to_vec())).collect();
        let origin = saved.reliable.origin.as_str().to_owned();
        let step = Step::Sequence {
            name: session.as_str().to_owned(),
            from: *version,
            state: record::write_session(&saved).to_vec(),
            names: vec![session.as_str().to_owned(), origin],
            put,
            remove: executed,
        };
        *version += 1;
        self.groups.insert(session.clone(), group.clone());
        self.commit(&group, step, Waits::Sequence(session, ticket));
    }

    fn forget(&mut self, session: &SessionId) {
        let Some(group) = self.groups.remove(session) else { return };
        self.commit(&group, Step::Forget(session.as_str().to_owned()), Waits::Nobody);
        if let Some(owned) = self.owned.get_mut(&group) {
            owned.sequences.remove(session);
        }
        self.leave(&group);
    }

    /// A context is over. Its sequences say themselves when they are.
    fn remove(&mut self, group: &str) {
        if self.owned.get(group).is_some_and(|owned| owned.context > 0) {
            self.commit(group, Step::End, Waits::Nobody);
        }
        if let Some(owned) = self.owned.get_mut(group) {
            owned.context = 0;
        }
        self.leave(group);
    }

    /// Nothing is left of a group.
    fn leave(&mut self, group: &str) {
        let is_over = |owned: &Owned| owned.context == 0 && owned.sequences.is_empty();
        if self.owned.get(group).is_some_and(is_over) {
            self.owned.remove(group);
        }
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
            ServiceOutput::Abandon(exchange) => {
                self.waiting.remove(&exchange.0);
                self.outputs.push_back(Output::Abandon(exchange.0));
            }
            ServiceOutput::Persist(change) => self.persist(*change),
            ServiceOutput::Forget(session) => self.forget(&session),
            ServiceOutput::Execute(execution) => {
                if execution.make && execution.keep {
                    self.sessions.handle(ServiceInput::Made(execution.instance), at);
                }
                let session = execution.session.expect("in a session");
                let number = execution.number.expect("in a sequence");
                let key = (session.as_str().to_owned(), number);
                let (job, request) = (execution.call, execution.request);
                self.outputs.push_back(Output::Execute { job, key, request });
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
            ServiceOutput::Created(_)
            | ServiceOutput::Restored(_)
            | ServiceOutput::Accepted(_)
            | ServiceOutput::Closed(_)
            | ServiceOutput::Failed { .. }
            | ServiceOutput::Gone(_)
            | ServiceOutput::Resume(_)
            | ServiceOutput::Event { .. } => {}
        }
    }

    fn ask(&mut self, input: AdmissionInput, at: &mut Moment<'_>) {
        self.admission.handle(0, input);
        let mut granted = BTreeSet::new();
        while let Some((_, place)) = self.admission.poll() {
            granted.insert(format!("{place:?}"));
            self.sessions.handle(ServiceInput::Granted(place), at);
        }
    }
}
