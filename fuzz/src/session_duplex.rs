//! The service's end of conversations over links, with and without reliable sessions: whatever comes over which link in whatever
//! order, every call is executed once and ends once, nothing is held that nobody owns, answers are bounded, and left alone
//! everything is over. The first byte chooses what the endpoint is; then steps of three bytes follow.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use waxwing_reliable::{Body, ReliableMessagingVersion, ReliableSessionSettings, Shape, codec};
use waxwing_security::PeerTag;
use waxwing_security::conversation::{
    ClientIdentification, Protection, ServiceOptions, ServiceSecurity,
};
use waxwing_session::{
    AddressFilter, AddressFilterMode, AppMessage, ApplicationMessage, Arrival, ArrivedMessage,
    CallId, ConcurrencyMode, DispatchModes, DuplexArrival, DuplexInput, DuplexOutput,
    DuplexService, Execution, InstanceContextMode, LinkDemand, LinkId, Moment, ServiceAnswer,
    ServiceEndpoint, ServiceInput, ServiceOutput, ServiceSessions, ServiceSettings, Time,
    TransportCause, TransportFailure,
};
use waxwing_soap::{Addressing, Envelope, MessageVersion};
use waxwing_xml::{Limits, Name};

use crate::steps::{Names, Steps, message};

const VERSION: MessageVersion = MessageVersion::SOAP12_ADDRESSING10;
/// What one input may cause, beside what waits already.
const MOST_OUTPUTS: usize = 400;

struct World {
    endpoint: ServiceEndpoint,
    sessions: ServiceSessions,
    duplex: DuplexService,
    version: Option<ReliableMessagingVersion>,
    names: Names,
    millis: u64,
    open: BTreeSet<LinkId>,
    links: u64,
    calls: u64,
    called: BTreeSet<u64>,
    executed: BTreeSet<String>,
    running: VecDeque<Execution>,
    session: Option<waxwing_reliable::SessionId>,
    outputs: usize,
}

fn body(text: u8) -> Envelope {
    let mut envelope = Envelope::new(VERSION);
    let element = envelope.append_body_element(Name::local("text"));
    envelope.document_mut().append_text(element, &text.to_string());
    envelope
}

fn reset() -> TransportFailure {
    TransportFailure { cause: TransportCause::Broken, reason: "so".to_owned() }
}

impl World {
    fn new(choice: u8) -> Self {
        let version = match choice & 3 {
            0 => None,
            1 => Some(ReliableMessagingVersion::V11),
            _ => Some(ReliableMessagingVersion::February2005),
        };
        let shape = if choice & 4 == 0 { Shape::RequestReply } else { Shape::OneWay };
        let reliable = ReliableSessionSettings {
            inactivity_timeout: Duration::from_secs(20),
            ..ReliableSessionSettings::default()
        };
        let settings = ServiceSettings {
            address: "net.tcp://h/s".to_owned(),
            version: VERSION,
            reliable: version.map(|version| (version, shape, reliable)),
            receive_timeout: Duration::from_secs(60),
            understood: Vec::new(),
            trace: choice & 8 == 8,
        };
        let instances = [
            InstanceContextMode::PerSession,
            InstanceContextMode::PerCall,
            InstanceContextMode::Single,
        ];
        let concurrency =
            [ConcurrencyMode::Single, ConcurrencyMode::Reentrant, ConcurrencyMode::Multiple];
        let modes = DispatchModes {
            instances: instances[usize::from(choice >> 4) % 3],
            concurrency: concurrency[usize::from(choice >> 6) % 3],
        };
        let mut names = Names::default();
        let mut options = ServiceOptions::new(ClientIdentification::None);
        options.protection = Protection::None;
        let security = ServiceSecurity::new(options, &mut names).expect("options without security");
        let duplex = DuplexService::new(&settings, choice & 8 == 8, &mut names)
            .expect("settings in their ranges");
        let calls = ServiceSettings { reliable: None, ..settings.clone() };
        let sessions = ServiceSessions::new(&calls, modes).expect("settings in their ranges");
        let filter = AddressFilter::new("net.tcp://h/s").with_mode(AddressFilterMode::Any);
        Self {
            endpoint: ServiceEndpoint::new(settings, security)
                .with_address_filter(filter)
                .over_links(),
            sessions,
            duplex,
            version,
            names,
            millis: 0,
            open: BTreeSet::new(),
            links: 0,
            calls: 0,
            called: BTreeSet::new(),
            executed: BTreeSet::new(),
            running: VecDeque::new(),
            session: None,
            outputs: 0,
        }
    }

    fn with<R>(&mut self, step: impl FnOnce(&mut Self, &mut Moment<'_>) -> R) -> R {
        let mut names = std::mem::take(&mut self.names);
        let time = Time::from_millis(self.millis);
        let result = step(self, &mut Moment::new(jiff::Timestamp::UNIX_EPOCH, time, &mut names));
        names.sequences.append(&mut self.names.sequences);
        names.requests.append(&mut self.names.requests);
        self.names = names;
        result
    }

    fn duplex(&mut self, input: DuplexInput) {
        self.with(|world, at| {
            world.duplex.handle(input, at);
            world.drain(at);
        });
    }

    fn sessions(&mut self, input: ServiceInput) {
        self.with(|world, at| {
            world.sessions.handle(input, at);
            world.drain(at);
        });
    }

    fn drain(&mut self, at: &mut Moment<'_>) {
        loop {
            if let Some(output) = self.sessions.poll() {
                self.of_sessions(output, at);
            } else if let Some(output) = self.duplex.poll() {
                self.of_duplex(output, at);
            } else {
                return;
            }
            self.outputs += 1;
        }
    }

    fn of_sessions(&mut self, output: ServiceOutput, at: &mut Moment<'_>) {
        match output {
            ServiceOutput::Want(place) => self.sessions.handle(ServiceInput::Granted(place), at),
            ServiceOutput::Answer { exchange, response } => {
                self.duplex.handle(DuplexInput::Answer { exchange, response }, at);
            }
            ServiceOutput::Accepted(session) => {
                self.duplex.handle(DuplexInput::Accepted(session), at)
            }
            ServiceOutput::Failed { session, .. } => {
                self.duplex.handle(DuplexInput::Failed(session), at)
            }
            ServiceOutput::Gone(session) => self.duplex.handle(DuplexInput::Gone(session), at),
            ServiceOutput::Execute(execution) => {
                assert!(
                    self.executed.insert(format!("{:?}", execution.call)),
                    "{:?} is executed twice",
                    execution.call
                );
                if execution.make && execution.keep {
                    self.sessions.handle(ServiceInput::Made(execution.instance), at);
                }
                self.session = execution.session.clone().or(self.session.take());
                self.running.push_back(execution);
            }
            ServiceOutput::Release(instance) => {
                self.sessions.handle(ServiceInput::Released(instance), at)
            }
            _ => {}
        }
    }

    fn of_duplex(&mut self, output: DuplexOutput, at: &mut Moment<'_>) {
        match output {
            DuplexOutput::Sessions(input) => self.sessions.handle(input, at),
            DuplexOutput::Link { link, demand } => {
                assert!(
                    self.open.contains(&link) || demand != LinkDemand::Accept,
                    "{link:?} was not offered"
                );
                if matches!(demand, LinkDemand::Abort) && self.open.remove(&link) {
                    self.duplex.handle(DuplexInput::Lost { link, failure: reset() }, at);
                }
            }
            DuplexOutput::Transmit { link, id, message } => {
                let encoded = self.endpoint.encode_on_link(message, at);
                self.learn(&encoded.answer);
                self.duplex.handle(DuplexInput::Written { link, id }, at);
            }
            DuplexOutput::Completed { call, .. } | DuplexOutput::CallFailed { call, .. } => {
                assert!(self.called.remove(&call.0), "{call:?} of the service ends twice");
            }
            DuplexOutput::Warning { text, .. } => assert!(text.len() < 10_000),
            _ => {}
        }
    }

    /// What a message of the service names, for messages to come.
    fn learn(&mut self, answer: &ServiceAnswer) {
        let (ServiceAnswer::Message(envelope) | ServiceAnswer::Fault(envelope)) = answer else {
            return;
        };
        let written =
            Envelope::parse(envelope.to_bytes(), &Limits::SOAP).expect("what is written is read");
        if let Some(version) = self.version
            && let Ok(message) = codec::read(&written, version)
        {
            self.names.learn(&message);
        }
        let id = Addressing::read(&written).ok().and_then(|addressing| addressing.message_id);
        self.names.requests.extend(id.map(waxwing_reliable::Identifier::new));
    }

    /// A message of a client comes in.
    fn arrives(&mut self, kind: u8, a: u8, b: u8) {
        let link = LinkId(u64::from(b & 3) + self.links.saturating_sub(3));
        if !self.open.contains(&link) {
            return;
        }
        let version = self.version.unwrap_or(ReliableMessagingVersion::February2005);
        let message = message(kind, a, b, version, &self.names);
        let envelope = match &message.body {
            Body::Application(text) => {
                let mut envelope = body(*text);
                let id = format!(
                    "urn:uuid:ca110000-0000-4000-8000-{:012x}",
                    u16::from(a) << 8 | u16::from(b)
                );
                let relates_to = (b & 0x40 == 0x40).then(|| self.names.request(a & 7).to_string());
                let addressing = Addressing {
                    action: Some("urn:IEcho/Echo".to_owned()),
                    message_id: (b & 0x20 == 0x20).then_some(id),
                    relates_to,
                    to: Some("net.tcp://h/s".to_owned()),
                    ..Addressing::default()
                };
                addressing.write(&mut envelope);
                codec::write_headers(&mut envelope, &message.headers, version);
                Some(envelope)
            }
            _ => codec::write(&message, version, VERSION, Some("net.tcp://h/s")),
        };
        let Some(envelope) = envelope else { return };
        let envelope =
            Envelope::parse(envelope.to_bytes(), &Limits::SOAP).expect("what is written is read");
        let arrival = self.with(|world, at| world.endpoint.receive(envelope, PeerTag::UNKNOWN, at));
        match arrival {
            Arrival::Message(arrived) => {
                let ArrivedMessage { message, reply, .. } = *arrived;
                self.duplex(DuplexInput::Arrived {
                    link,
                    arrival: DuplexArrival { message, reply },
                });
            }
            Arrival::Answer(encoded) => self.learn(&encoded.answer),
            Arrival::Authenticate(_) | Arrival::Ended(_) => panic!("nobody is to be known"),
        }
    }

    fn finish(&mut self, at: u8) {
        if self.running.is_empty() {
            return;
        }
        let place = usize::from(at) % self.running.len();
        let Some(execution) = self.running.remove(place) else { return };
        let is_asked = execution.request.addressing().message_id.is_some();
        let reply = is_asked.then(|| execution.request.reply("urn:IEcho/EchoResponse", body(at)));
        self.sessions(ServiceInput::Finished { call: execution.call, reply });
    }

    fn call(&mut self, a: u8, b: u8) {
        let Some(session) = self.session.clone() else { return };
        self.calls += 1;
        self.called.insert(self.calls);
        let call = CallId(self.calls);
        let deadline = Time::from_millis(self.millis + 1 + u64::from(b) * 100);
        let mut names = std::mem::take(&mut self.names);
        let message =
            ApplicationMessage::request("urn:IEcho/Back", body(b), a & 1 == 0, &mut names);
        self.names = names;
        self.duplex(DuplexInput::Call {
            session,
            call,
            message: AppMessage::new(message),
            deadline,
        });
    }

    fn step(&mut self, [kind, a, b]: [u8; 3]) {
        self.outputs = 0;
        let before = self.running.len() + self.called.len();
        let link = LinkId(u64::from(b & 3) + self.links.saturating_sub(3));
        match kind & 0x0F {
            0 => {
                self.links += 1;
                self.open.insert(LinkId(self.links));
                self.duplex(DuplexInput::Offered(LinkId(self.links)));
            }
            1..=8 => self.arrives(kind >> 4, a, b),
            9 if self.open.contains(&link) => self.duplex(DuplexInput::End(link)),
            10 if self.open.remove(&link) => {
                self.duplex(DuplexInput::Lost { link, failure: reset() })
            }
            11 => self.finish(a),
            12 => self.call(a, b),
            13 => {
                self.millis += u64::from(a) * u64::from(b);
                self.tick();
            }
            14 if a == 0 => self.duplex(DuplexInput::Shutdown),
            15 => {
                // Nobody hears of it any more.
                self.called.remove(&u64::from(a));
                self.duplex(DuplexInput::GivenUp(CallId(u64::from(a))));
            }
            _ => {}
        }
        assert!(self.outputs <= MOST_OUTPUTS + 8 * before, "{} outputs", self.outputs);
        assert!(
            self.duplex.link_count() <= self.open.len() + 1,
            "links that are gone are forgotten"
        );
        assert!(
            self.duplex.call_count() <= self.called.len(),
            "calls that have ended are forgotten"
        );
    }

    fn tick(&mut self) {
        self.duplex(DuplexInput::Tick);
        self.sessions(ServiceInput::Tick);
    }

    /// Nobody says anything any more.
    fn end(&mut self) {
        for link in std::mem::take(&mut self.open) {
            self.duplex(DuplexInput::Lost { link, failure: reset() });
        }
        for round in 0..400 {
            while !self.running.is_empty() {
                self.finish(round as u8);
            }
            self.millis += 5_000;
            self.tick();
            let left = (
                self.duplex.conversation_count(),
                self.sessions.session_count(),
                self.called.len(),
            );
            if left == (0, 0, 0) && self.running.is_empty() {
                return;
            }
        }
        let left = (self.duplex.conversation_count(), self.sessions.session_count(), &self.called);
        panic!("this is left: {left:?}");
    }
}

/// One input.
pub fn run(data: &[u8]) {
    let Some((&choice, data)) = data.split_first() else { return };
    let mut world = World::new(choice);
    Steps::new(data).for_each(|step| world.step(step));
    world.end();
}
