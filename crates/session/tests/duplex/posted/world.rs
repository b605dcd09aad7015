//! A client and a service in virtual time; `network` carries what they post.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use waxwing_session::{
    CallId, CallbackId, ClientInput, ClientOutput, ClientSession, ConcurrencyMode, DuplexInput,
    DuplexOutput, Execution, LinkDemand, LinkId, LinkNews, Moment, ServiceInput, ServiceOutput,
    SessionError, Time, TransmissionId, VerifiedRequest,
};
use waxwing_soap::EndpointReference;

use super::checks::{Checked, Way};
use super::ends::{Service, client, patience};
use super::plan::{Accident, Class, Millis, Plan};
use crate::kit::{Ends, Side, body, request, text_of};
use crate::random::Random;

pub const SERVICE: &str = "http://localhost:8000/calc";
pub const CLIENT: &str = "http://client:8001/callback/1";

/// After so many steps a run counts as endless.
const STEPS: usize = 300_000;

/// When the client's application gives up waiting for what is under way, and closes.
const PATIENCE: Millis = 900_000;

pub enum Happening {
    Call(u64, bool),
    CallBack(bool),
    /// The client's application looks whether it is done.
    MayClose,
    /// It closes all the same.
    Closes,
    Finish(Execution, u32),
    FinishBack(CallbackId, Arc<VerifiedRequest>),
    Arrive {
        at: Side,
        octets: Arc<[u8]>,
    },
    /// An end hears how its post fared.
    Fared {
        from: Side,
        link: LinkId,
        id: TransmissionId,
        well: bool,
        life: u32,
    },
    Accident(Accident),
}

pub struct World {
    pub plan: Plan,
    pub random: Random,
    names: Random,
    pub now: Millis,
    order: u64,
    timeline: BTreeMap<(Millis, u64), Happening>,
    pub client: Option<ClientSession>,
    pub service: Service,
    /// Its link, from when it listens until it does so no more.
    pub listens: Option<LinkId>,
    is_leaving: Option<LinkId>,
    /// Messages of the client that are under way.
    pub under_way: usize,
    pub opened: bool,
    is_closing: bool,
    pub ended: Option<Result<(), SessionError>>,
    pub calls: Way,
    pub callbacks: Way,
    /// Callbacks that are still to be made.
    to_call_back: usize,
    pub warnings: Vec<String>,
    /// What was posted, for whoever posts it again.
    pub posted: Vec<(Side, Arc<[u8]>)>,
    /// What the service said to somebody else.
    pub to_strangers: usize,
    pub most_under_way: usize,
    is_traced: bool,
}

/// One run, from its seed.
pub fn run(seed: u64, is_secured: bool) -> Result<World, String> {
    let plan = Plan::of(seed, is_secured);
    let told = plan.clone();
    run_plan(seed, plan).map_err(|error| format!("seed {seed}: {error}\n{told:?}"))
}

fn run_plan(seed: u64, plan: Plan) -> Result<World, String> {
    let mut world = World::new(seed, plan);
    world.start()?;
    for _ in 0..STEPS {
        let Some(next) = world.next() else {
            world.forget();
            return world.end().map(|()| world);
        };
        world.now = world.now.max(next);
        world.step()?;
        world.bounds()?;
    }
    Err(format!("the run does not end, it is {} s: {:?}", world.now / 1000, world.ended))
}

impl World {
    fn new(seed: u64, plan: Plan) -> Self {
        Self {
            random: Random::new(seed ^ 0x5EED),
            names: Random::new(seed ^ 0x4A3E),
            now: 0,
            order: 0,
            timeline: BTreeMap::new(),
            client: Some(client(&plan)),
            service: Service::new(&plan, 0),
            listens: None,
            is_leaving: None,
            under_way: 0,
            opened: false,
            is_closing: false,
            ended: None,
            calls: Way::new("call"),
            callbacks: Way::new("back"),
            to_call_back: plan.callbacks.len(),
            warnings: Vec::new(),
            posted: Vec::new(),
            to_strangers: 0,
            most_under_way: 0,
            is_traced: std::env::var_os("WAXWING_TRACE").is_some(),
            plan,
        }
    }

    fn start(&mut self) -> Checked {
        for (number, (at, one_way)) in self.plan.calls.clone().into_iter().enumerate() {
            self.later(at, Happening::Call(number as u64, one_way));
        }
        for (at, one_way) in self.plan.callbacks.clone() {
            self.later(at, Happening::CallBack(one_way));
        }
        if let Some((at, accident)) = self.plan.accident {
            self.later(at, Happening::Accident(accident));
        }
        if self.plan.class != Class::Patient {
            self.later(PATIENCE, Happening::Closes);
        }
        let deadline = self.time() + Duration::from_secs(600);
        self.client(ClientInput::Open { deadline })
    }

    pub fn later(&mut self, delay: Millis, happening: Happening) {
        self.order += 1;
        self.timeline.insert((self.now + delay, self.order), happening);
    }

    pub fn time(&self) -> Time {
        Time::from_millis(self.now)
    }

    fn wakes(&self) -> [Option<Millis>; 3] {
        let millis = |at: Time| at.elapsed().as_millis() as Millis + 1;
        [
            self.client.as_ref().and_then(ClientSession::wake_at).map(millis),
            self.service.duplex.wake_at().map(millis),
            self.service.sessions.wake_at().map(millis),
        ]
    }

    /// When the next thing happens.
    fn next(&self) -> Option<Millis> {
        let first = self.timeline.keys().next().map(|(at, _)| *at);
        self.wakes().into_iter().chain([first]).flatten().min()
    }

    fn step(&mut self) -> Checked {
        let now = self.now;
        let [client, duplex, sessions] = self.wakes().map(|at| at.is_some_and(|at| at <= now));
        if client {
            self.client(ClientInput::Tick)?;
        }
        if duplex {
            self.service(DuplexInput::Tick)?;
        }
        if sessions {
            self.sessions(ServiceInput::Tick)?;
        }
        self.with(|world, at| world.service.endpoint.security().sweep(at));
        let Some(entry) = self.timeline.first_entry().filter(|entry| entry.key().0 <= now) else {
            return Ok(());
        };
        let happening = entry.remove();
        self.happen(happening)?;
        if self.random.permille(self.plan.strangers) {
            self.stranger()?;
        }
        Ok(())
    }

    fn happen(&mut self, happening: Happening) -> Checked {
        self.tell(&happening);
        match happening {
            Happening::Call(number, one_way) => self.call(number, one_way),
            Happening::CallBack(one_way) => self.call_back(one_way),
            Happening::MayClose => self.may_close(),
            Happening::Closes => self.close(),
            Happening::Finish(execution, life) => {
                self.calls.running -= 1;
                if life != self.service.life {
                    return Ok(());
                }
                let text = format!("reply to {}", text_of(execution.request.envelope()));
                let wants = execution.request.addressing().message_id.is_some();
                let reply = wants.then(|| Ends::reply(&execution, &text)).flatten();
                self.sessions(ServiceInput::Finished { call: execution.call, reply })
            }
            Happening::FinishBack(callback, request) => {
                self.callbacks.running -= 1;
                let text = format!("reply to {}", text_of(request.envelope()));
                let wants = request.addressing().message_id.is_some();
                let reply = wants.then(|| request.reply("urn:r", body(&text)));
                self.client(ClientInput::Executed { callback, reply })
            }
            Happening::Arrive { at: Side::Service, octets } => self.arrives_at_service(&octets),
            Happening::Arrive { at: Side::Client, octets } => self.arrives_at_client(&octets),
            Happening::Fared { from, link, id, well, life } => {
                self.fared(from, (link, id), well, life)
            }
            Happening::Accident(accident) => self.accident(accident),
        }
    }

    /// Prints what happens, for whoever looks at one run (`WAXWING_TRACE=1`).
    fn tell(&self, happening: &Happening) {
        if !self.is_traced {
            return;
        }
        let what = match happening {
            Happening::Call(number, _) => format!("call {number}"),
            Happening::CallBack(_) => "call back".to_owned(),
            Happening::MayClose | Happening::Closes => return,
            Happening::Finish(..) => "finish".to_owned(),
            Happening::FinishBack(..) => "finish back".to_owned(),
            Happening::Arrive { at, octets } => {
                format!("at {at:?}: {}", String::from_utf8_lossy(octets))
            }
            Happening::Fared { from, id, well, .. } => format!("{from:?}'s {id:?} fared: {well}"),
            Happening::Accident(accident) => format!("{accident:?}"),
        };
        println!("{:9} {what}", self.now);
    }

    fn accident(&mut self, accident: Accident) -> Checked {
        match accident {
            Accident::ClientVanishes => {
                (self.client, self.listens) = (None, None);
                self.calls.caller_is_gone();
                Ok(())
            }
            Accident::ClientAborts => {
                self.client(ClientInput::Abort { reason: "enough".to_owned() })
            }
            Accident::ServiceRestarts => {
                self.callbacks.caller_is_gone();
                self.service = Service::new(&self.plan, self.service.life + 1);
                Ok(())
            }
        }
    }

    /// Nobody calls any more, and everything has its outcome.
    fn may_close(&mut self) -> Checked {
        let all = self.calls.made.len() == self.plan.calls.len();
        let has_called_back = self.to_call_back == 0 && self.callbacks.is_done();
        match self.opened && all && self.calls.is_done() && has_called_back {
            true => self.close(),
            false => Ok(()),
        }
    }

    fn close(&mut self) -> Checked {
        if std::mem::replace(&mut self.is_closing, true) {
            return Ok(());
        }
        let deadline = self.time() + patience(&self.plan);
        self.client(ClientInput::Close { deadline })
    }

    // ---- the applications ----

    fn message(&mut self, text: &str, one_way: bool) -> waxwing_session::AppMessage {
        self.with(|_, at| request(text, one_way, at))
    }

    fn call(&mut self, number: u64, one_way: bool) -> Checked {
        if self.client.is_none() || self.is_closing {
            return Ok(());
        }
        let message = self.message(&format!("call {number}"), one_way);
        self.calls.made.insert(number, one_way);
        let deadline = self.time() + Duration::from_millis(self.plan.patience);
        self.client(ClientInput::Call { call: CallId(number + 1), message, deadline })
    }

    /// Of a session that nobody has called in yet, the service knows nothing.
    fn call_back(&mut self, one_way: bool) -> Checked {
        let Some(session) = self.service.session.clone() else {
            if self.ended.is_none() && !self.is_closing && !self.calls.is_done() {
                self.later(500, Happening::CallBack(one_way));
                return Ok(());
            }
            self.to_call_back -= 1;
            return self.may_close();
        };
        self.to_call_back -= 1;
        let number = self.callbacks.made.len() as u64;
        let message = self.message(&format!("back {number}"), one_way);
        self.callbacks.made.insert(number, one_way);
        let deadline = self.time() + Duration::from_millis(self.plan.patience);
        let (session, call) = (session.as_str().into(), CallId(number + 1));
        self.service(DuplexInput::Call { session, call, message, deadline })
    }

    fn operation(&mut self) -> Millis {
        let (least, most) = self.plan.operation;
        self.random.between(least, most)
    }

    // ---- the client ----

    pub fn client(&mut self, input: ClientInput) -> Checked {
        let Some(mut client) = self.client.take() else { return Ok(()) };
        self.with(|_, at| client.handle(input, at));
        let outputs: Vec<_> = std::iter::from_fn(|| client.poll()).collect();
        self.client = Some(client);
        outputs.into_iter().try_for_each(|output| self.of_client(output))
    }

    fn of_client(&mut self, output: ClientOutput) -> Checked {
        match output {
            ClientOutput::Transmit(transmit) => {
                let link = transmit.link.ok_or("an exchange, where none is")?;
                self.under_way += 1;
                self.most_under_way = self.most_under_way.max(self.under_way);
                let octets = transmit.envelope.to_bytes().into();
                self.post(Side::Client, Some((link, transmit.id)), SERVICE, octets);
                Ok(())
            }
            ClientOutput::Link { link, demand } => match demand {
                LinkDemand::Dial { .. } => {
                    self.listens = Some(link);
                    let news = LinkNews::Listening(EndpointReference::new(CLIENT));
                    self.client(ClientInput::Link { link, news })
                }
                LinkDemand::Close => {
                    self.is_leaving = self.listens.take();
                    self.has_left()
                }
                LinkDemand::Abort => {
                    self.listens = None;
                    Ok(())
                }
                LinkDemand::Hold | LinkDemand::Resume => Ok(()),
                LinkDemand::Accept => Err("a client is offered nothing".to_owned()),
            },
            ClientOutput::Execute { callback, request } => {
                let is_alone = self.plan.client == ConcurrencyMode::Single;
                self.callbacks.executes(&text_of(request.envelope()), is_alone)?;
                let time = self.operation();
                self.later(time, Happening::FinishBack(callback, request));
                Ok(())
            }
            ClientOutput::Completed { call, reply } => self.called(call, Ok(reply)),
            ClientOutput::CallFailed { call, error, .. } => self.called(call, Err(error)),
            ClientOutput::Closed => self.over(Ok(())),
            ClientOutput::Faulted(error) => self.over(Err(error)),
            ClientOutput::Authenticate { id, .. } => {
                self.client(ClientInput::Authenticated { id, verdict: Ok(()) })
            }
            ClientOutput::Opened => {
                self.opened = true;
                self.later(0, Happening::MayClose);
                Ok(())
            }
            ClientOutput::Warning(text) => {
                self.warnings.push(text);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn called(&mut self, call: CallId, outcome: crate::kit::Outcome) -> Checked {
        self.later(0, Happening::MayClose);
        self.calls.ends(call.0 - 1, outcome)
    }

    fn over(&mut self, how: Result<(), SessionError>) -> Checked {
        match self.ended.replace(how) {
            None => Ok(()),
            Some(_) => Err("the session ends twice".to_owned()),
        }
    }

    /// The client hears that its last words are posted.
    pub fn has_left(&mut self) -> Checked {
        if self.under_way > 0 {
            return Ok(());
        }
        match self.is_leaving.take() {
            Some(link) => self.client(ClientInput::Link { link, news: LinkNews::End }),
            None => Ok(()),
        }
    }

    // ---- the service ----

    pub fn service(&mut self, input: DuplexInput) -> Checked {
        self.with(|world, at| world.service.duplex.handle(input, at));
        self.drain()
    }

    pub fn sessions(&mut self, input: ServiceInput) -> Checked {
        self.with(|world, at| world.service.sessions.handle(input, at));
        self.drain()
    }

    fn drain(&mut self) -> Checked {
        loop {
            if let Some(output) = self.service.sessions.poll() {
                self.of_sessions(output)?;
            } else if let Some(output) = self.service.duplex.poll() {
                self.of_duplex(output)?;
            } else {
                return Ok(());
            }
        }
    }

    fn of_sessions(&mut self, output: ServiceOutput) -> Checked {
        let input = match output {
            ServiceOutput::Want(place) => return self.sessions(ServiceInput::Granted(place)),
            ServiceOutput::Release(instance) => {
                return self.sessions(ServiceInput::Released(instance));
            }
            ServiceOutput::Answer { exchange, response } => {
                DuplexInput::Answer { exchange, response }
            }
            ServiceOutput::Accepted(session) => DuplexInput::Accepted(session),
            ServiceOutput::Failed { session, error } => {
                self.warnings.push(error.to_string());
                DuplexInput::Failed(session)
            }
            ServiceOutput::Gone(session) => DuplexInput::Gone(session),
            ServiceOutput::Execute(execution) => return self.execute(execution),
            _ => return Ok(()),
        };
        self.service(input)
    }

    fn execute(&mut self, execution: Execution) -> Checked {
        let is_alone = self.plan.service == ConcurrencyMode::Single;
        self.calls.executes(&text_of(execution.request.envelope()), is_alone)?;
        self.service.session = execution.session.as_ref().map(ToString::to_string);
        let (time, life) = (self.operation(), self.service.life);
        let made = (execution.make && execution.keep).then_some(execution.instance);
        self.later(time, Happening::Finish(execution, life));
        match made {
            Some(instance) => self.sessions(ServiceInput::Made(instance)),
            None => Ok(()),
        }
    }

    fn of_duplex(&mut self, output: DuplexOutput) -> Checked {
        match output {
            DuplexOutput::Sessions(input) => self.sessions(input),
            DuplexOutput::Addressed { link, to, .. } => {
                self.service.links.insert(link, to);
                Ok(())
            }
            DuplexOutput::Link { link, .. } => {
                self.service.links.remove(&link);
                Ok(())
            }
            DuplexOutput::Transmit { link, id, message } => {
                let encoded =
                    self.with(|world, at| world.service.endpoint.encode_on_link(message, at));
                let to = self.service.links.get(&link).ok_or("posted to a link without address")?;
                let to = to.address.clone();
                if let Some(envelope) = encoded.into_envelope() {
                    self.post(Side::Service, Some((link, id)), &to, envelope.to_bytes().into());
                }
                Ok(())
            }
            DuplexOutput::Completed { call, reply } => self.called_back(call, Ok(reply)),
            DuplexOutput::CallFailed { call, error } => self.called_back(call, Err(error)),
            DuplexOutput::ReleaseSecurity(session) => {
                self.with(|world, at| {
                    world.service.endpoint.security().release_session(&session, at)
                });
                Ok(())
            }
            DuplexOutput::EndSecurity(session) => {
                self.service.endpoint.security().end_session(&session);
                Ok(())
            }
            DuplexOutput::Warning { text, .. } | DuplexOutput::Refused(text) => {
                self.warnings.push(text);
                Ok(())
            }
            DuplexOutput::Event { .. } => Ok(()),
        }
    }

    fn called_back(&mut self, call: CallId, outcome: crate::kit::Outcome) -> Checked {
        self.later(0, Happening::MayClose);
        self.callbacks.ends(call.0 - 1, outcome)
    }

    /// At this moment.
    pub fn with<R>(&mut self, step: impl FnOnce(&mut Self, &mut Moment<'_>) -> R) -> R {
        let mut names = std::mem::replace(&mut self.names, Random::new(0));
        let wall = "2026-11-29T12:00:00Z".parse::<Timestamp>().unwrap();
        let wall = wall + SignedDuration::from_millis(self.now as i64);
        let result = step(self, &mut Moment::new(wall, self.time(), &mut names));
        self.names = names;
        result
    }

    // ---- the end ----

    /// After a while the service has forgotten whoever said nothing more.
    fn forget(&mut self) {
        for _ in 0..12 {
            self.now += 61_000;
            self.with(|world, at| world.service.endpoint.security().sweep(at));
        }
    }

    /// What is kept and under way is bounded by the window, whatever is lost.
    fn bounds(&self) -> Checked {
        let window = self.plan.window as usize;
        let status = self.client.as_ref().and_then(ClientSession::status);
        let outstanding = status.map_or(0, |status| status.outstanding);
        if outstanding > window {
            return Err(format!("{outstanding} messages are out, window {window}"));
        }
        Ok(())
    }

    fn end(&self) -> Checked {
        let plan = &self.plan;
        if self.client.is_some() && self.ended.is_none() {
            return Err("the client's session does not end".to_owned());
        }
        let is_whole = matches!(self.ended, Some(Ok(()))) && plan.accident.is_none();
        if plan.class == Class::Patient && !is_whole {
            return Err(format!("it failed for no reason: {:?}", self.ended));
        }
        self.calls.end(plan, is_whole)?;
        self.callbacks.end(plan, is_whole)?;
        let service = &self.service;
        let left = [
            service.sessions.session_count(),
            service.sessions.call_count(),
            service.duplex.call_count(),
            service.duplex.conversation_count(),
            service.endpoint.security().session_count(),
        ];
        match left.iter().all(|count| *count == 0) {
            true => Ok(()),
            false => Err(format!("left at the service: {left:?}")),
        }
    }
}
