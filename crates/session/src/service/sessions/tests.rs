//! The sessions of a host in virtual time, by seed: three endpoints with fewer places than they want, in every mode;
//! clients that come, call, repeat, fall silent, cancel and go; factories that fail; hosts that close.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use waxwing_reliable::{
    CreateSequence, Message, Offer, ReliableMessagingVersion, ReliableSessionSettings, Response,
    Sequence, Shape, Shutdown,
};
use waxwing_security::conversation::CallerIdentity;
use waxwing_soap::{Addressing, EndpointReference, Envelope, MessageVersion, RandomSource};

use super::*;
use crate::service::admission::{Admission, AdmissionInput, AdmissionLimits};
use crate::service::modes::{ConcurrencyMode, InstanceContextMode};

const ANONYMOUS: &str = "http://www.w3.org/2005/08/addressing/anonymous";
const INACTIVITY: Duration = Duration::from_secs(60);
const RECEIVE: Duration = Duration::from_secs(90);
const PENDING: u32 = 3;
const WINDOW: u64 = 8;
/// The endpoint without reliable sessions.
const ALONE: usize = 2;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        let mut octets = [0; 8];
        self.fill(&mut octets);
        (u64::from_le_bytes(octets) % most.max(1) as u64) as usize
    }
}

impl RandomSource for Random {
    fn fill(&mut self, octets: &mut [u8]) {
        for chunk in octets.chunks_mut(8) {
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

type Name = (usize, SessionId);

/// What the world knows of a session, beside what the engine does.
#[derive(Default)]
struct Known {
    accepted: bool,
    sent: u64,
    /// The exchange on which the last call came that was begun.
    last: u64,
    begun: u64,
    executed: u64,
    running: usize,
    instance: Option<InstanceId>,
    closed: bool,
    failed: bool,
}

struct Running {
    session: Option<SessionId>,
    instance: InstanceId,
    keep: bool,
}

struct World {
    random: Random,
    now: Time,
    modes: DispatchModes,
    limits: AdmissionLimits,
    admission: Admission,
    engines: Vec<ServiceSessions>,
    sessions: BTreeMap<Name, Known>,
    running: BTreeMap<(usize, DispatchId), Running>,
    /// Instances that exist.
    alive: BTreeSet<(usize, InstanceId)>,
    /// Exchanges that wait, and of which endpoint.
    waiting: BTreeMap<u64, usize>,
    exchanges: u64,
    contexts: u64,
    seen: HashMap<&'static str, usize>,
}

fn settings(shape: Option<Shape>, ordered: bool) -> ServiceSettings {
    let reliable = ReliableSessionSettings {
        inactivity_timeout: INACTIVITY,
        max_pending_channels: PENDING,
        max_transfer_window_size: WINDOW as u32,
        ordered,
        ..Default::default()
    };
    ServiceSettings {
        address: "http://localhost/".to_owned(),
        version: MessageVersion::SOAP12_ADDRESSING10,
        reliable: shape.map(|shape| (ReliableMessagingVersion::V11, shape, reliable)),
        receive_timeout: RECEIVE,
        understood: Vec::new(),
        trace: false,
    }
}

fn message(body: Body<()>, number: u64, tag: Option<&str>) -> VerifiedMessage {
    let caller = Arc::new(CallerIdentity::Anonymous);
    let addressing =
        Addressing { message_id: Some(format!("urn:m:{number}")), ..Addressing::default() };
    let envelope = Envelope::new(MessageVersion::SOAP12_ADDRESSING10);
    let request = || Arc::new(VerifiedRequest::new(envelope, addressing, Arc::clone(&caller)));
    let mut message = Message::new(body).map(|()| Carried::Request(request()));
    message.message_id = Some(Identifier::new(format!("urn:m:{number}")));
    let mut message = VerifiedMessage::new(message, None, caller);
    message.tag = tag.map(Identifier::new);
    message
}

impl World {
    fn new(seed: u64, modes: DispatchModes) -> Self {
        let mut random = Random(seed);
        let limits = AdmissionLimits {
            calls: 1 + random.below(4),
            sessions: 1 + random.below(4),
            instances: 1 + random.below(4),
        };
        let ordered = seed % 4 != 3;
        let engine = |shape| ServiceSessions::new(&settings(shape, ordered), modes).unwrap();
        let shapes = [Some(Shape::RequestReply), Some(Shape::OneWay), None];
        Self {
            random,
            now: Time::ZERO,
            modes,
            limits,
            admission: Admission::new(limits),
            engines: shapes.map(engine).into(),
            sessions: BTreeMap::new(),
            running: BTreeMap::new(),
            alive: BTreeSet::new(),
            waiting: BTreeMap::new(),
            exchanges: 0,
            contexts: 0,
            seen: HashMap::new(),
        }
    }

    fn saw(&mut self, what: &'static str) {
        *self.seen.entry(what).or_default() += 1;
    }

    fn give(&mut self, at: usize, input: ServiceInput) {
        let wall = jiff::Timestamp::UNIX_EPOCH;
        let mut moment = Moment { wall, time: self.now, random: &mut self.random };
        self.engines[at].handle(input, &mut moment);
        while let Some(output) = self.engines[at].poll() {
            self.output(at, output);
        }
    }

    fn ask(&mut self, at: usize, input: AdmissionInput) {
        self.admission.handle(at, input);
        while let Some((to, place)) = self.admission.poll() {
            self.give(to, ServiceInput::Granted(place));
        }
    }

    fn known(&mut self, at: usize, session: &SessionId) -> &mut Known {
        self.sessions.get_mut(&(at, session.clone())).expect("it is there")
    }

    fn output(&mut self, at: usize, output: ServiceOutput) {
        match output {
            ServiceOutput::Persist(_)
            | ServiceOutput::Forget(_)
            | ServiceOutput::Abandon(_)
            | ServiceOutput::Restored(_) => {
                unreachable!("nothing here is durable")
            }
            ServiceOutput::Answer { exchange, response } => {
                assert_eq!(self.waiting.remove(&exchange.0), Some(at), "one answer");
                if let Said::Reliable(response) = &response.0
                    && let Response::Message(message) = &**response
                    && let Body::Fault(fault) = &message.body
                    && fault.is_busy()
                {
                    let waiting =
                        self.sessions.iter().filter(|((e, _), k)| *e == at && !k.accepted);
                    assert_eq!(waiting.count(), PENDING as usize, "refused without need");
                    self.saw("busy");
                }
            }
            ServiceOutput::Want(place) => self.ask(at, AdmissionInput::Want(place)),
            ServiceOutput::Free(place) => self.ask(at, AdmissionInput::Free(place)),
            ServiceOutput::Execute(execution) => self.execute(at, execution),
            ServiceOutput::Release(instance) => {
                assert!(self.alive.remove(&(at, instance)), "it was made");
                assert!(
                    self.running.iter().all(|((e, _), r)| *e != at || r.instance != instance),
                    "nothing runs on it"
                );
                self.give(at, ServiceInput::Released(instance));
            }
            ServiceOutput::Created(session) => {
                self.sessions.insert((at, session), Known::default());
            }
            ServiceOutput::Accepted(session) => self.known(at, &session).accepted = true,
            ServiceOutput::Closed(session) => {
                let known = self.known(at, &session);
                known.closed = true;
                if known.executed < known.sent {
                    self.saw("closed before it was executed");
                }
            }
            ServiceOutput::Failed { session, error } => {
                let known = self.known(at, &session);
                known.failed = true;
                if error.to_string().contains("receiveTimeout") {
                    assert_eq!((known.running, known.begun), (0, known.executed), "it is not idle");
                    self.saw("idle for too long");
                }
            }
            ServiceOutput::Gone(session) => {
                let known = self.sessions.remove(&(at, session)).expect("it is gone once");
                let all = known.executed == known.sent;
                assert!(known.failed || at == ALONE || all, "what was acknowledged is executed");
                if known.running > 0 {
                    self.saw("gone while a call runs");
                }
            }
            ServiceOutput::ReleaseSecurity(_)
            | ServiceOutput::EndSecurity(_)
            | ServiceOutput::Resume(_)
            | ServiceOutput::Event { .. } => {}
        }
    }

    /// What the host does with a call; and every rule about what runs at a time.
    fn execute(&mut self, at: usize, execution: Execution) {
        let Execution { call, instance, make, keep, session, request, .. } = execution;
        let modes = self.modes;
        let came = request.addressing().message_id.as_deref().and_then(|id| id.rsplit(':').next());
        let came: u64 = came.and_then(|number| number.parse().ok()).expect("a number");
        if let Some(session) = &session {
            let serial = modes.is_serial();
            let known = self.known(at, session);
            assert!(known.accepted, "nothing of a session that waits is executed");
            assert!(known.last < came, "the calls of a session are begun in order");
            known.last = came;
            known.begun += 1;
            known.running += 1;
            assert!(known.running == 1 || !serial, "one after another");
            if modes.instances == InstanceContextMode::PerSession {
                assert!(make || known.instance == Some(instance), "one instance for a session");
                known.instance = Some(instance);
            }
            if known.running > 1 {
                self.saw("calls of a session overlap");
            }
        }
        let shared = instance == InstanceId::SHARED;
        assert_eq!(shared, modes.instances == InstanceContextMode::Single);
        let on_it = self
            .running
            .iter()
            .filter(|((e, _), r)| r.instance == instance && (shared || *e == at));
        let on_it = on_it.count();
        let many = modes.concurrency == ConcurrencyMode::Multiple;
        assert!(on_it == 0 || many, "an instance executes one call at a time");
        assert!(!make || on_it == 0, "nobody runs on what is not made");
        if on_it > 0 {
            self.saw("calls of an instance overlap");
        }
        self.running.insert((at, call), Running { session, instance, keep });
        assert!(self.running.len() <= self.limits.calls, "no more calls than may be");
        if make {
            if keep && self.random.below(8) == 0 {
                self.saw("an instance failed");
                self.give(at, ServiceInput::Unmade(instance));
            } else {
                self.alive.insert((at, instance));
                let most = self.limits.instances;
                assert!(self.alive.len() <= most, "no more instances than may be");
                if keep {
                    self.give(at, ServiceInput::Made(instance));
                }
            }
        } else if !shared {
            assert!(self.alive.contains(&(at, instance)), "it was made");
        }
    }

    fn arrive(&mut self, at: usize, body: Body<()>, sequence: Option<Sequence>, tag: Option<&str>) {
        self.exchanges += 1;
        let exchange = ExchangeId(self.exchanges);
        let mut message = message(body, self.exchanges, tag);
        message.message.headers.sequence = sequence;
        self.waiting.insert(exchange.0, at);
        self.give(at, ServiceInput::Arrived { exchange, message });
    }

    fn create(&mut self) {
        let at = self.random.below(2);
        let anonymous = || EndpointReference::new(ANONYMOUS);
        let offer = Offer {
            identifier: Identifier::new(format!("urn:o:{}", self.exchanges)),
            endpoint: Some(anonymous()),
            expires: None,
            incomplete_sequence_behavior: None,
        };
        let create = CreateSequence {
            acks_to: anonymous(),
            expires: None,
            offer: (at == 0).then_some(offer),
            tokens: Vec::new(),
            reply_to: None,
            to: None,
        };
        self.arrive(at, Body::CreateSequence(Box::new(create)), None, None);
    }

    /// Some session that fits.
    fn pick(&mut self, fits: impl Fn(usize, &Known) -> bool) -> Option<Name> {
        let all = self.sessions.iter().filter(|((at, _), known)| fits(*at, known));
        let all: Vec<_> = all.map(|(name, _)| name.clone()).collect();
        let index = self.random.below(all.len());
        all.get(index).cloned()
    }

    fn call(&mut self) {
        let free = |at, known: &Known| {
            at != ALONE && !known.closed && known.sent - known.executed < WINDOW
        };
        let Some((at, identifier)) = self.pick(free) else { return };
        let known = self.known(at, &identifier);
        known.sent += 1;
        let number = known.sent;
        let sequence =
            |number| Some(Sequence { identifier: identifier.clone(), number, last_message: false });
        self.arrive(at, Body::Application(()), sequence(number), None);
        if self.random.below(4) == 0 {
            let again = 1 + self.random.below(number as usize) as u64;
            self.arrive(at, Body::Application(()), sequence(again), None);
        }
    }

    /// A call at the endpoint without reliable sessions: in a security session, or in none.
    fn call_alone(&mut self) {
        let context = match self.random.below(4) {
            0 => None,
            1 => {
                self.contexts += 1;
                Some(format!("urn:c:{}", self.contexts))
            }
            _ => self.pick(|at, known| at == ALONE && !known.closed).map(|name| name.1.to_string()),
        };
        if self.waiting.len() < 40 {
            self.arrive(ALONE, Body::Application(()), None, context.as_deref());
        }
    }

    fn finish(&mut self) {
        let index = self.random.below(self.running.len());
        let Some(name) = self.running.keys().nth(index).copied() else { return };
        let Running { session, instance, keep } = self.running.remove(&name).expect("it runs");
        let (at, call) = name;
        if let Some(known) = session.and_then(|session| self.sessions.get_mut(&(at, session))) {
            known.executed += 1;
            known.running -= 1;
        }
        if !keep {
            self.alive.remove(&(at, instance));
        }
        self.give(at, ServiceInput::Finished { call, reply: None });
    }

    fn close(&mut self) {
        let Some((at, identifier)) = self.pick(|_, known| !known.closed) else { return };
        if at == ALONE {
            return self.give(at, ServiceInput::ContextLost(identifier));
        }
        let last = self.known(at, &identifier).sent;
        let last_message_number = (last > 0).then_some(last);
        for body in [Body::CloseSequence, Body::TerminateSequence] {
            let identifier = identifier.clone();
            let shutdown = Shutdown { identifier, last_message_number, reply_to: None };
            self.arrive(at, body(shutdown), None, None);
        }
    }

    fn abandon(&mut self) {
        let alone: Vec<u64> =
            self.waiting.iter().filter(|(_, at)| **at == ALONE).map(|(id, _)| *id).collect();
        let index = self.random.below(alone.len());
        let Some(exchange) = alone.get(index).copied() else { return };
        let before = self.engines[ALONE].call_count();
        self.give(ALONE, ServiceInput::Abandoned(ExchangeId(exchange)));
        if self.engines[ALONE].call_count() < before {
            self.waiting.remove(&exchange);
            self.saw("forgotten with its exchange");
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now + time;
        for at in 0..self.engines.len() {
            while self.engines[at].wake_at().is_some_and(|wake| wake <= self.now) {
                self.give(at, ServiceInput::Tick);
            }
        }
    }

    fn check(&mut self) {
        let accepted = self.sessions.values().filter(|known| known.accepted).count();
        let (places, waiting) = self.admission.sessions();
        assert!(accepted <= self.limits.sessions, "{accepted} sessions are accepted");
        assert_eq!((accepted, self.sessions.len() - accepted), (places, waiting));
        assert!(accepted == self.limits.sessions || waiting == 0, "a place is free");
        if waiting > 0 {
            self.saw("a session waits");
        }
        for at in 0..ALONE {
            let waiting = self.sessions.iter().filter(|((e, _), k)| *e == at && !k.accepted);
            assert!(waiting.count() <= PENDING as usize, "no more wait than may");
        }
        let (calls, waiting) = self.admission.calls();
        assert_eq!(calls, self.running.len(), "each place of a call is used");
        assert!(calls == self.limits.calls || waiting == 0, "a place for a call is free");
        let (instances, waiting) = self.admission.instances();
        assert!(instances >= self.alive.len());
        assert!(instances == self.limits.instances || waiting == 0, "one for an instance is free");
        let held: usize = self.engines.iter().map(ServiceSessions::session_count).sum();
        assert_eq!(held, self.sessions.len());
    }

    fn step(&mut self) {
        match self.random.below(16) {
            0 | 1 => self.create(),
            2..=5 => self.call(),
            6 | 7 => self.call_alone(),
            8..=11 => self.finish(),
            12 => self.close(),
            13 => self.abandon(),
            _ => {
                let millis = 100 + self.random.below(9000) as u64;
                self.pass(Duration::from_millis(millis));
            }
        }
        self.check();
    }

    /// Everything comes to its end, and nothing is left.
    fn end(&mut self) {
        if self.random.below(3) == 0 {
            for at in 0..self.engines.len() {
                self.give(at, ServiceInput::Shutdown);
                let reason = "the host was closed".to_owned();
                self.give(at, ServiceInput::AbortAll { reason });
            }
            assert!(self.sessions.keys().all(|(at, _)| *at == ALONE), "all were ended");
            self.saw("aborted");
        }
        for _ in 0..2000 {
            self.finish();
            self.pass(Duration::from_secs(1));
            self.check();
        }
        assert!(self.waiting.is_empty(), "every exchange was answered: {:?}", self.waiting);
        assert!(self.sessions.is_empty() && self.running.is_empty() && self.alive.is_empty());
        let admission = &self.admission;
        let left = [admission.sessions(), admission.instances(), admission.calls()];
        assert_eq!(left, [(0, 0); 3], "no place is left");
        assert!(self.engines.iter().all(|engine| engine.call_count() == 0));
        for engine in &self.engines {
            assert!(engine.instances.is_empty() && engine.exchanges.is_empty());
            assert!(engine.numbered.is_empty() && engine.idle.is_empty());
        }
    }
}

const INSTANCES: [InstanceContextMode; 3] =
    [InstanceContextMode::PerSession, InstanceContextMode::PerCall, InstanceContextMode::Single];
const CONCURRENCY: [ConcurrencyMode; 3] =
    [ConcurrencyMode::Single, ConcurrencyMode::Reentrant, ConcurrencyMode::Multiple];

/// What was seen in all seeds of one pair of modes.
fn simulate(
    instances: InstanceContextMode,
    concurrency: ConcurrencyMode,
) -> HashMap<&'static str, usize> {
    let mut seen: HashMap<_, usize> = HashMap::new();
    for seed in 0..40 {
        let mut world = World::new(seed, DispatchModes { instances, concurrency });
        (0..400).for_each(|_| world.step());
        world.end();
        world.seen.into_iter().for_each(|(what, times)| *seen.entry(what).or_default() += times);
    }
    seen
}

#[test]
fn in_every_mode_nothing_overlaps_that_may_not_and_nothing_is_lost() {
    for instances in INSTANCES {
        for concurrency in CONCURRENCY {
            let seen = simulate(instances, concurrency);
            let of = |what| seen.get(what).copied().unwrap_or(0);
            let common = [
                "busy",
                "a session waits",
                "closed before it was executed",
                "gone while a call runs",
                "forgotten with its exchange",
                "idle for too long",
                "aborted",
            ];
            for what in common {
                assert!(of(what) > 3, "{instances:?} {concurrency:?}: {what}: {seen:?}");
            }
            let modes = DispatchModes { instances, concurrency };
            let overlaps = of("calls of a session overlap") > 0;
            assert_eq!(overlaps, !modes.is_serial() && !modes.needs_turn(), "{modes:?}");
            let shared = instances != InstanceContextMode::PerCall;
            let overlaps = of("calls of an instance overlap") > 0;
            assert_eq!(overlaps, shared && concurrency == ConcurrencyMode::Multiple, "{modes:?}");
            let kept = instances == InstanceContextMode::PerSession;
            assert_eq!(of("an instance failed") > 0, kept, "{modes:?}");
        }
    }
}

/// Without a place among the calls nothing is taken from the windows of the sessions, whatever may overlap.
#[test]
fn who_floods_fills_his_window_and_nothing_else() {
    for instances in INSTANCES {
        let modes = DispatchModes { instances, concurrency: ConcurrencyMode::Multiple };
        let mut world = World::new(0, modes);
        world.limits = AdmissionLimits { calls: 2, sessions: 4, instances: 4 };
        world.admission = Admission::new(world.limits);
        while world.pick(|at, _| at == 1).is_none() {
            world.create();
        }
        let (_, identifier) = world.pick(|at, _| at == 1).expect("a one-way session");
        for number in 1..=200 {
            world.sessions.get_mut(&(1, identifier.clone())).expect("it is there").sent += 1;
            let sequence = Sequence { identifier: identifier.clone(), number, last_message: false };
            world.arrive(1, Body::Application(()), Some(sequence), None);
        }
        let most = WINDOW as usize + world.limits.calls;
        assert_eq!(world.engines[1].call_count(), most, "{instances:?}");
        assert!(world.waiting.is_empty(), "everybody is told how much there is room for");
    }
}

/// The first call of a session was to make its instance, and is given up before: the next one makes it.
#[test]
fn who_was_to_make_an_instance_and_goes_leaves_it_to_the_next() {
    let modes = DispatchModes { concurrency: ConcurrencyMode::Multiple, ..Default::default() };
    let mut world = World::new(0, modes);
    world.limits = AdmissionLimits { calls: 1, sessions: 4, instances: 4 };
    world.admission = Admission::new(world.limits);
    // One call has the only place; two of one session wait, the first of them to make its instance.
    for context in [None, Some("urn:c:1"), Some("urn:c:1")] {
        world.arrive(ALONE, Body::Application(()), None, context);
    }
    world.give(ALONE, ServiceInput::Abandoned(ExchangeId(2)));
    world.waiting.remove(&2);
    world.finish();
    assert_eq!(world.running.len(), 1, "the other is executed");
    assert_eq!(world.alive.len(), 1, "on an instance that was made for it");
    world.finish();
    assert!(world.waiting.is_empty());
}

/// `receiveTimeout` is counted from the last message of the application and from the end of the last call, and not while
/// one runs.
#[test]
fn silence_is_counted_from_the_last_call() {
    let mut world = World::new(0, DispatchModes::default());
    let second = Duration::from_secs(1);
    let call = |world: &mut World| {
        world.arrive(ALONE, Body::Application(()), None, Some("urn:c:1"));
    };
    let is_there = |world: &World| !world.sessions.is_empty();
    call(&mut world);
    world.pass(3 * RECEIVE);
    assert!(is_there(&world), "its call runs");
    world.finish();
    world.pass(RECEIVE / 2);
    call(&mut world);
    world.pass(RECEIVE / 3);
    world.finish();
    for _ in 0..89 {
        world.pass(second);
        assert!(is_there(&world));
    }
    world.pass(2 * second);
    assert!(!is_there(&world));
    assert!(world.engines[ALONE].wake_at().is_none());
}
