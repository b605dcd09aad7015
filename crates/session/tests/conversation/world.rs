//! Both ends of whole conversations in virtual time, with real security, over a link that does what links do.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use waxwing_security::PeerTag;
use waxwing_security::conversation::Verdict;
use waxwing_session::{
    AppMessage, AuthenticationId, CallId, ClientInput, ClientOutput, ClientSession, ClientSettings,
    Encoded, Moment, Peer, ServiceAnswer, Time, TransmissionId, Transmit, TransportCause,
};
use waxwing_soap::Envelope;
use waxwing_xml::Limits;

use crate::checks::{Checked, Checks};
use crate::credentials;
use crate::keys::Keys;
use crate::link::{Link, Octets, Outcome, Sent};
use crate::plan::{Accident, Class, HOUR, MS, Micros, Plan, SECOND};
use crate::random::Random;
use crate::service::{Output, Service};
use crate::serving::Serving;
use crate::words::{self, ADDRESS, CallName, VERSION};

/// Steps after which a run counts as endless.
const STEPS: usize = 100_000;

/// After this time nothing is left of anything: a negotiated token of one-shot security lives longest, ten hours.
const LONGEST: Micros = 30 * HOUR;

#[derive(Debug)]
enum Event {
    Comes(usize),
    Call(CallName, bool),
    Close(usize),
    Accident(Accident),
    Written(usize, TransmissionId),
    Judged(usize, AuthenticationId, Verdict),
    /// A request arrives; None: nobody waits for the answer.
    Arrives {
        peer: usize,
        waits: Option<TransmissionId>,
        octets: Octets,
    },
    Ends(usize, TransmissionId, Outcome),
    JobEnds {
        life: u32,
        job: waxwing_session::DispatchId,
        request: std::sync::Arc<waxwing_session::VerifiedRequest>,
    },
}

/// Who waits for the answer of an exchange of the service.
struct Asked {
    /// None: nobody.
    by: Option<(usize, TransmissionId)>,
    /// Whoever holds the wire may give out another answer.
    may_be_swapped: bool,
    /// Its key was replaced long ago, or it came over a connection that protects nothing.
    must_be_refused: bool,
}

/// How a run went.
#[derive(Debug, Default)]
pub struct Summary {
    pub steps: usize,
    pub micros: Micros,
    pub messages: usize,
    pub executed: usize,
    pub renewals: usize,
    pub closed: usize,
    pub faulted: usize,
    pub errors: Vec<String>,
}

pub struct World {
    plan: Plan,
    random: Random,
    now: Micros,
    order: u64,
    events: BTreeMap<(Micros, u64), Event>,
    clients: Vec<Option<ClientSession>>,
    service: Service,
    /// How often the service has come to life.
    life: u32,
    /// The service is dead until then.
    dead_until: Micros,
    exchanges: u64,
    askers: BTreeMap<u64, Asked>,
    keys: Keys,
    serving: Serving,
    link: Link,
    swept: Micros,
    checks: Checks,
    summary: Summary,
    trace: bool,
}

/// One run, from its seed.
pub fn run(seed: u64) -> Result<Summary, String> {
    let plan = Plan::of(seed);
    run_plan(seed, plan.clone()).map_err(|error| format!("seed {seed}: {error}\n{plan:?}"))
}

pub fn run_plan(seed: u64, plan: Plan) -> Result<Summary, String> {
    let mut world = World::new(seed, plan);
    while let Some(at) = world.next() {
        world.summary.steps += 1;
        if world.summary.steps > STEPS {
            return Err(format!("the run does not end; it is {} s", world.now / SECOND));
        }
        world.step(at)?;
    }
    world.summary.micros = world.now;
    world.end()
}

fn time(at: Micros) -> Time {
    Time::since_start(Duration::from_micros(at))
}

/// Rounded up, so that a timer has run out when it is called.
fn micros(at: Time) -> Micros {
    u64::try_from(at.elapsed().as_nanos().div_ceil(1000)).unwrap_or(u64::MAX)
}

fn wall(at: Micros, ahead: i64) -> Timestamp {
    let start: Timestamp = "2026-11-24T12:00:00Z".parse().expect("a date");
    start + SignedDuration::from_micros(at as i64) + SignedDuration::from_secs(ahead)
}

impl World {
    fn new(seed: u64, plan: Plan) -> Self {
        let mut random = Random::new(seed ^ 0x5EED);
        let service = Service::new(&plan, &mut random);
        let mut world = Self {
            link: Link::new(Random::new(seed ^ 0x11_4B)),
            random,
            now: 0,
            order: 0,
            events: BTreeMap::new(),
            clients: plan.clients.iter().map(|_| None).collect(),
            service,
            life: 1,
            dead_until: 0,
            exchanges: 0,
            askers: BTreeMap::new(),
            keys: Keys::default(),
            serving: Serving::default(),
            swept: 0,
            checks: Checks::new(plan.clients.len()),
            summary: Summary::default(),
            trace: std::env::var_os("WAXWING_TRACE").is_some(),
            plan,
        };
        for (client, comes) in world.plan.clients.clone().into_iter().enumerate() {
            world.later(comes, Event::Comes(client));
        }
        if let Some((at, accident)) = world.plan.accident {
            world.later(at, Event::Accident(accident));
        }
        world
    }

    fn later(&mut self, at: Micros, event: Event) {
        self.order += 1;
        self.events.insert((at.max(self.now), self.order), event);
    }

    fn session(&self, client: usize) -> Option<&ClientSession> {
        self.clients[client].as_ref()
    }

    /// When the next thing happens.
    fn next(&self) -> Option<Micros> {
        let clients = self.clients.iter().flatten().filter_map(ClientSession::wake_at);
        let wakes = clients.chain(self.service.wake_at()).map(micros);
        wakes.chain(self.events.keys().next().map(|(at, _)| *at)).min()
    }

    fn step(&mut self, at: Micros) -> Checked {
        self.now = self.now.max(at);
        let now = self.now;
        let is_due = |wake: Option<Time>| wake.is_some_and(|wake| micros(wake) <= now);
        if self.swept + SECOND <= now {
            self.swept = now;
            let mut random = self.random.clone();
            self.service.sweep(&Moment::new(wall(now, 0), time(now), &mut random));
        }
        for client in 0..self.clients.len() {
            if is_due(self.session(client).and_then(ClientSession::wake_at)) {
                self.client(client, ClientInput::Tick)?;
            }
        }
        if is_due(self.service.wake_at()) {
            self.service(|service, at| service.tick(at))?;
        }
        match self.events.first_entry() {
            Some(entry) if entry.key().0 <= now => {
                let event = entry.remove();
                if self.trace && !matches!(event, Event::Arrives { .. } | Event::Ends(..)) {
                    println!("{:12} {event:?}", self.now);
                }
                self.happens(event)
            }
            _ => Ok(()),
        }
    }

    fn happens(&mut self, event: Event) -> Checked {
        match event {
            Event::Comes(client) => self.comes(client),
            Event::Call(name, one_way) => self.call(name, one_way),
            Event::Close(client) => {
                let opens = self.checks.clients[client].is_opening();
                if opens && self.plan.class != Class::Crash {
                    self.later(self.now + SECOND, Event::Close(client));
                    return Ok(());
                }
                let deadline = time(self.now + self.plan.close_deadline);
                self.client(client, ClientInput::Close { deadline })
            }
            Event::Accident(accident) => self.accident(accident),
            Event::Judged(client, id, verdict) => {
                self.client(client, ClientInput::Authenticated { id, verdict })
            }
            Event::Written(client, id) => self.client(client, ClientInput::Written(id)),
            Event::Arrives { peer, waits, octets } => self.arrives(peer, waits, &octets),
            Event::Ends(client, id, outcome) => {
                if !self.link.ends((client, id)) {
                    return Ok(());
                }
                if self.trace {
                    println!("{:12} answer to {client} {id:?}: {}", self.now, brief(&outcome));
                }
                if let Outcome::Failed(_) = outcome {
                    self.abandon(client, id)?;
                }
                let answer = outcome.read();
                self.client(client, ClientInput::Answer { id, answer })
            }
            Event::JobEnds { life, job, request } => {
                if life != self.life {
                    return Ok(());
                }
                self.serving.ends(job);
                let reply = words::reply(&request);
                self.service(|service, at| service.done(job, reply, at))
            }
        }
    }

    fn comes(&mut self, client: usize) -> Checked {
        let plan = &self.plan;
        let reliable = plan.version.map(|version| (version, plan.shape, plan.reliable.clone()));
        let settings = ClientSettings {
            to: ADDRESS.to_owned(),
            version: VERSION,
            reliable,
            retry: true,
            retry_authentication: false,
            send_timeout: Duration::from_secs(60),
        };
        let security = credentials::client(plan, client, &mut self.random);
        let session = ClientSession::new(settings, security).map_err(|error| error.to_string())?;
        self.clients[client] = Some(session);
        let mut last = 0;
        for (index, (at, one_way)) in self.plan.calls[client].clone().into_iter().enumerate() {
            last = self.now + at;
            self.later(last, Event::Call(CallName { client, index }, one_way));
        }
        self.later(last.max(self.now) + self.plan.close_after, Event::Close(client));
        let deadline = time(self.now + self.plan.open_deadline);
        self.client(client, ClientInput::Open { deadline })
    }

    fn call(&mut self, name: CallName, one_way: bool) -> Checked {
        if self.session(name.client).is_none() {
            return Ok(());
        }
        self.checks.called(name, one_way);
        let message = words::request(name, one_way, &mut self.random);
        let (call, message) = (CallId(name.index as u64), AppMessage::new(message));
        let deadline = time(self.now + self.plan.call_deadline);
        self.client(name.client, ClientInput::Call { call, message, deadline })
    }

    fn accident(&mut self, accident: Accident) -> Checked {
        match accident {
            Accident::ClientVanishes(client) => {
                self.clients[client] = None;
                self.checks.clients[client].vanished = true;
                self.link.forget(client);
                Ok(())
            }
            Accident::ClientAborts(client) => {
                self.client(client, ClientInput::Abort { reason: "enough".to_owned() })
            }
            Accident::ServiceRestarts(after) => {
                self.service = Service::new(&self.plan, &mut self.random);
                self.keys.forget();
                self.serving = Serving::default();
                self.life += 1;
                self.dead_until = self.now + after;
                self.break_exchanges();
                Ok(())
            }
            Accident::ServiceAborts => {
                self.service(|service, at| service.abort(at))?;
                // The host is gone with its connections.
                self.break_exchanges();
                self.dead_until = Micros::MAX;
                Ok(())
            }
            Accident::LinkCut => {
                self.link.cut(Micros::MAX);
                Ok(())
            }
            Accident::Outage(time) => {
                self.link.cut(self.now + time);
                Ok(())
            }
        }
    }

    /// A client waits no longer: its connection is gone, and the service notices.
    fn abandon(&mut self, client: usize, id: TransmissionId) -> Checked {
        let by = Some((client, id));
        let asked = self.askers.iter().find(|(_, asked)| asked.by == by);
        let Some(exchange) = asked.map(|(exchange, _)| *exchange) else { return Ok(()) };
        self.askers.remove(&exchange);
        self.service(|service, at| service.abandoned(exchange, at))
    }

    fn break_exchanges(&mut self) {
        for asked in std::mem::take(&mut self.askers).into_values() {
            if let Some((client, id)) = asked.by {
                let outcome = Outcome::Failed(TransportCause::Broken);
                self.later(self.now, Event::Ends(client, id, outcome));
            }
        }
    }

    // ---- the clients ----

    fn client(&mut self, client: usize, input: ClientInput) -> Checked {
        let Some(mut session) = self.clients[client].take() else { return Ok(()) };
        let (now, wall) = (self.now, wall(self.now, self.plan.clock_ahead));
        session.handle(input, &mut Moment::new(wall, time(now), &mut self.random));
        let mut result = Ok(());
        while let Some(output) = session.poll() {
            result = result.and_then(|()| self.of_client(client, output));
        }
        let ended = session.is_ended();
        if ended && session.wake_at().is_some() {
            return Err(format!("the session of {client} has ended and wants to be woken"));
        }
        self.clients[client] = Some(session);
        result
    }

    fn of_client(&mut self, client: usize, output: ClientOutput) -> Checked {
        if self.trace && !matches!(output, ClientOutput::Transmit(_) | ClientOutput::Event(_)) {
            let text = format!("{output:?}");
            println!("{:12} client {client}: {}", self.now, &text[..text.len().min(300)]);
        }
        let name = |call: CallId| CallName { client, index: call.0 as usize };
        match output {
            ClientOutput::Transmit(transmit) => self.transmit(client, *transmit),
            ClientOutput::Authenticate { id, evidence } => {
                let verdict = credentials::judge(&evidence, wall(self.now, 0));
                let takes = self.random.between(0, 50 * MS);
                self.later(self.now + takes, Event::Judged(client, id, verdict));
                Ok(())
            }
            ClientOutput::Persist { .. } => unreachable!("nothing here is durable"),
            ClientOutput::Opened => self.checks.opened(&self.plan, client),
            ClientOutput::Completed { call, reply } => {
                self.checks.completed(&self.plan, name(call), reply)
            }
            ClientOutput::CallFailed { call, error, .. } => {
                self.checks.call_failed(name(call), error)
            }
            ClientOutput::Closed => {
                self.summary.closed += 1;
                self.checks.over(client, None)
            }
            ClientOutput::Faulted(error) => {
                self.summary.faulted += 1;
                self.summary.errors.push(error.to_string());
                self.checks.over(client, Some(error))
            }
            ClientOutput::Link { .. } | ClientOutput::Execute { .. } | ClientOutput::Resume(_) => {
                Err("nothing goes over links".to_owned())
            }
            ClientOutput::Plain(..)
            | ClientOutput::Event(_)
            | ClientOutput::Renewed
            | ClientOutput::Warning(_) => Ok(()),
        }
    }

    fn transmit(&mut self, client: usize, transmit: Transmit) -> Checked {
        let action = transmit.action().into_owned();
        let Transmit { id, envelope, deadline, .. } = transmit;
        self.summary.messages += 1;
        self.summary.renewals += usize::from(action.ends_with("/SCT/Renew"));
        if self.trace {
            println!("{:12} client {client} sends {id:?} {action}", self.now);
        }
        let octets: Octets = Rc::from(envelope.to_bytes());
        let patience = micros(deadline);
        let Sent { written, arrivals, fails } =
            self.link.send(&self.plan, (client, id), octets, self.now, patience);
        if let Some(written) = written {
            self.later(written, Event::Written(client, id));
        }
        for (at, octets, answered) in arrivals {
            let waits = answered.then_some(id);
            self.later(at, Event::Arrives { peer: client, waits, octets });
        }
        self.later(fails.0, Event::Ends(client, id, Outcome::Failed(fails.1)));
        Ok(())
    }

    // ---- the service ----

    fn arrives(&mut self, peer: usize, waits: Option<TransmissionId>, octets: &[u8]) -> Checked {
        let by = waits.map(|id| (peer, id));
        if self.now < self.dead_until {
            if let Some((client, id)) = by {
                let outcome = Outcome::Failed(TransportCause::Refused);
                self.later(self.now, Event::Ends(client, id, outcome));
            }
            return Ok(());
        }
        self.exchanges += 1;
        let exchange = self.exchanges;
        let may_be_swapped = !self.plan.is_safe() || !opens(octets);
        // Whoever got hold of a message sends it again where no TLS is in the way.
        let is_by_transport = self.plan.is_by_transport();
        let protected = is_by_transport && (waits.is_some() || exchange.is_multiple_of(2));
        let is_bare = is_by_transport && !protected;
        let must_be_refused = is_bare
            || self.plan.altered == 0 && self.keys.is_too_old(&self.plan, peer, octets, self.now);
        self.askers.insert(exchange, Asked { by, may_be_swapped, must_be_refused });
        let Ok(envelope) = Envelope::parse(octets, &Limits::SOAP) else {
            // HTTP 400.
            return self.answer(exchange, Outcome::Failed(TransportCause::NotSoap));
        };
        let peer = Peer::from(PeerTag::new(peer as u64)).over(protected);
        self.service(|service, at| service.request(exchange, envelope, peer, at))
    }

    fn service(&mut self, input: impl FnOnce(&mut Service, &mut Moment<'_>)) -> Checked {
        let now = self.now;
        input(&mut self.service, &mut Moment::new(wall(now, 0), time(now), &mut self.random));
        while let Some(output) = self.service.poll() {
            match output {
                Output::Answer { exchange, encoded } => {
                    self.answer(exchange, outcome_of(encoded))?
                }
                Output::Gone(session) => self.serving.gone(&session),
                Output::Execute { job, session, request } => {
                    self.serving.begins(&self.plan, job, session)?;
                    let expected = |client| credentials::name(&self.plan, client);
                    let caller = (request.caller().name(), expected);
                    let caller = (&*caller.0, caller.1);
                    let name = self.checks.executes(&self.plan, self.life, &request, caller)?;
                    if self.trace {
                        println!("{:12} service executes {name:?} in {job:?}", self.now);
                    }
                    self.summary.executed += 1;
                    let (short, long) = self.plan.operation;
                    let ends = self.now + self.random.between(short, long);
                    self.later(ends, Event::JobEnds { life: self.life, job, request });
                }
                Output::Failed(error) => {
                    if self.trace {
                        println!("{:12} service: a session failed: {error}", self.now);
                    }
                    self.checks.failed_at_service.push(error);
                }
            }
        }
        Ok(())
    }

    fn answer(&mut self, exchange: u64, outcome: Outcome) -> Checked {
        if self.trace {
            println!("{:12} service answers {exchange}: {}", self.now, brief(&outcome));
        }
        self.checks.answered(exchange)?;
        let Some(asked) = self.askers.remove(&exchange) else { return Ok(()) };
        if asked.must_be_refused && is_secured(&outcome) {
            return Err(format!(
                "exchange {exchange} was under a key that is too old or came over a connection that protects nothing, \
                 and is answered"
            ));
        }
        let Some((client, id)) = asked.by else { return Ok(()) };
        let (at, outcome) =
            self.link.answer(&self.plan, (client, id), outcome, self.now, asked.may_be_swapped);
        self.later(at, Event::Ends(client, id, outcome));
        Ok(())
    }

    /// Nothing happens any more.
    fn end(mut self) -> Result<Summary, String> {
        let after = self.now.saturating_add(LONGEST).max(MS);
        let mut random = self.random.clone();
        let errors = std::mem::take(&mut self.summary.errors);
        let said = |text: String| format!("{text}; the clients' errors: {errors:?}");
        self.checks.end(&self.plan, self.life).map_err(said)?;
        self.service.sweep(&Moment::new(wall(after, 0), time(after), &mut random));
        if let Some(left) = self.service.leftovers() {
            return Err(said(format!("left at the service: {left}")));
        }
        if let Some(exchange) = self.askers.keys().next() {
            return Err(said(format!("exchange {exchange} was never answered")));
        }
        self.summary.errors = errors;
        Ok(self.summary)
    }
}

/// Whether a request belongs to the opening of a session or to the security protocol. Whoever can give out another answer
/// to it ends the session with it, as with any fault that he makes up.
fn opens(octets: &[u8]) -> bool {
    let text = String::from_utf8_lossy(octets);
    ["/trust/", "/ws-trust/", "/RST/", "/CreateSequence<"].iter().any(|word| text.contains(word))
}

/// What the host's transport makes of an answer.
fn outcome_of(encoded: Encoded) -> Outcome {
    match encoded.answer {
        ServiceAnswer::Message(envelope) | ServiceAnswer::Fault(envelope) => {
            Outcome::Message(Rc::from(envelope.to_bytes()))
        }
        ServiceAnswer::Accepted => Outcome::Empty,
        ServiceAnswer::NoAnswer => Outcome::Failed(TransportCause::Broken),
        ServiceAnswer::Unavailable => Outcome::Failed(TransportCause::Busy),
        ServiceAnswer::Refused | ServiceAnswer::Failed => Outcome::Failed(TransportCause::NotSoap),
    }
}

/// Whether an answer is one of a session, as opposed to a plain fault or none.
fn is_secured(outcome: &Outcome) -> bool {
    let Outcome::Message(octets) = outcome else { return false };
    String::from_utf8_lossy(octets).contains(":Security ")
}

fn brief(outcome: &Outcome) -> String {
    let Outcome::Message(octets) = outcome else { return format!("{outcome:?}") };
    let text = String::from_utf8_lossy(octets);
    let from = text.find("Action").unwrap_or(0);
    let shown: String = text.chars().skip(from).take(160).collect();
    format!("{} octets …{shown}", octets.len())
}
