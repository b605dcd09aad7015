//! A client and a service over links that a test holds in its hands.

mod wire;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use waxwing_reliable::{Event, ReliableMessagingVersion, ReliableSessionSettings, Shape};
use waxwing_security::conversation::{ClientSecurity, Flow, LinkSecurity, ServiceSecurity};
use waxwing_session::{
    AddressFilter, AddressFilterMode, AppMessage, ApplicationMessage, Arrival, CallId, CallbackId,
    ClientInput, ClientOutput, ClientSession, ClientSettings, DispatchId, DispatchModes,
    DuplexInput, DuplexOutput, DuplexService, DuplexSettings, Encoded, Execution, LinkDemand,
    LinkId, Moment, ServiceAnswer, ServiceEndpoint, ServiceInput, ServiceOutput, ServiceSessions,
    ServiceSettings, SessionError, Time, TransmissionId, TransportCause, TransportFailure,
    VerifiedRequest,
};
use waxwing_soap::{Envelope, MessageVersion, RandomSource};
use waxwing_xml::Name;

use crate::secured::Secured;

pub const VERSION: MessageVersion = MessageVersion::SOAP12_ADDRESSING10;
pub const ADDRESS: &str = "net.tcp://localhost:9000/calc";
pub const ECHO: &str = "urn:IEcho/Echo";
pub const NOTE: &str = "urn:IEcho/Note";

/// What crosses a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet {
    Dial,
    Accept,
    Message(Vec<u8>),
    End,
    Abort,
}

/// Which end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Client,
    Service,
}

pub type Outcome = Result<Option<AppMessage>, SessionError>;

/// Both ends and what is between them. Nothing crosses by itself.
pub struct Ends {
    pub client: ClientSession,
    endpoint: ServiceEndpoint,
    pub sessions: ServiceSessions,
    pub duplex: DuplexService,
    pub random: Box<dyn RandomSource>,
    /// The hour of the day when `millis` was 0.
    pub wall: Timestamp,
    pub millis: u64,
    pub up: VecDeque<(LinkId, Packet)>,
    pub down: VecDeque<(LinkId, Packet)>,
    /// Every message that was sent, in order.
    pub sent: Vec<(Side, Vec<u8>)>,
    pub executions: VecDeque<Execution>,
    pub callbacks: VecDeque<(CallbackId, Arc<VerifiedRequest>)>,
    /// How the client's calls ended.
    pub completed: BTreeMap<u64, Outcome>,
    /// How the service's calls ended.
    pub called: BTreeMap<u64, Outcome>,
    pub opened: bool,
    pub ended: Option<Result<(), SessionError>>,
    pub warnings: Vec<String>,
    /// Messages of the client that the service had already.
    pub duplicates: u64,
    /// Links of which nothing is to be read: by the service, by the client.
    pub held: [bool; 2],
    /// Calls of the service that go on after they have called out, and callbacks.
    pub resumed: Vec<DispatchId>,
    pub resumed_back: Vec<CallbackId>,
    /// The last link that was opened.
    pub last_open: Option<LinkId>,
    /// There when nothing of the client's is written: what would be.
    pub unwritten: Option<Vec<TransmissionId>>,
    /// What the security of the service knows of each link.
    pub links: BTreeMap<LinkId, LinkSecurity>,
    /// Links that the service has left.
    left: BTreeSet<LinkId>,
    /// Messages of the security protocol that are on their way, each over a link of its own.
    pub exchanges: VecDeque<(TransmissionId, Vec<u8>)>,
    /// The version of the reliable session.
    pub version: Option<ReliableMessagingVersion>,
    /// How often the key was renewed.
    pub renewals: u64,
}

/// What a kit is made with.
pub struct Setup {
    pub to: String,
    pub address: String,
    pub client: DuplexSettings,
    pub modes: DispatchModes,
    /// Whatever messages are addressed to.
    pub any_address: bool,
    /// The version of the reliable session.
    pub reliable: Option<ReliableMessagingVersion>,
    /// How many messages may be under way in it.
    pub window: u32,
    /// Whether the contract has one-way operations only.
    pub one_way: bool,
    /// How long a reliable session waits for a sign of life.
    pub inactivity: Duration,
    /// What protects the messages.
    pub security: Option<Secured>,
    /// The same of a recorded session, of the client and of the service.
    pub protected: Option<(ClientSecurity, ServiceSecurity)>,
    pub random: Box<dyn RandomSource>,
}

impl Setup {
    pub fn new(random: impl RandomSource + 'static) -> Self {
        let client = DuplexSettings { callbacks: true, ..DuplexSettings::default() };
        let (to, address) = (ADDRESS.to_owned(), ADDRESS.to_owned());
        let (modes, random) = (DispatchModes::default(), Box::new(random));
        Self {
            to,
            address,
            client,
            modes,
            any_address: false,
            reliable: None,
            window: 8,
            one_way: false,
            inactivity: Duration::from_secs(600),
            security: None,
            protected: None,
            random,
        }
    }
}

impl Ends {
    pub fn new(setup: Setup) -> Self {
        let Setup { to, address, client, modes, any_address, random, .. } = setup;
        let is_secured = setup.security.is_some() || setup.protected.is_some();
        let shape = if setup.one_way { Shape::OneWay } else { Shape::RequestReply };
        let reliable = setup.reliable.map(|version| {
            let settings = ReliableSessionSettings {
                max_transfer_window_size: setup.window,
                inactivity_timeout: setup.inactivity,
                ..ReliableSessionSettings::default()
            };
            (version, shape, settings)
        });
        let settings = ClientSettings {
            to,
            version: VERSION,
            reliable: reliable.clone(),
            retry: false,
            retry_authentication: false,
            send_timeout: Duration::from_secs(60),
        };
        let service = ServiceSettings {
            address,
            version: VERSION,
            reliable,
            receive_timeout: Duration::from_secs(600),
            understood: Vec::new(),
            trace: false,
        };
        let mut quiet = crate::random::Random::new(1);
        let flow = (Flow::DuplexSession, settings.to.as_str());
        let (own, security) = match (setup.protected, &setup.security) {
            (Some(protected), _) => protected,
            (None, Some(secured)) => {
                let security = secured.service(&mut quiet);
                (secured.client_of(flow, "alice", &mut quiet), security)
            }
            (None, None) => (ClientSecurity::None, crate::secured::unsecured(&mut quiet)),
        };
        let session = ClientSession::new(settings, own).unwrap();
        let duplex = DuplexService::new(&service, client.bound, &mut quiet).unwrap();
        let duplex = if is_secured { duplex.secured() } else { duplex };
        let calls = ServiceSettings { reliable: None, ..service.clone() };
        let mode = if any_address { AddressFilterMode::Any } else { AddressFilterMode::Exact };
        let filter = AddressFilter::new(service.address.as_str()).with_mode(mode);
        Self {
            client: session.over_links(client).unwrap(),
            sessions: ServiceSessions::new(&calls, modes).unwrap(),
            endpoint: ServiceEndpoint::new(service, security)
                .with_address_filter(filter)
                .over_links(),
            version: setup.reliable,
            links: BTreeMap::new(),
            left: BTreeSet::new(),
            exchanges: VecDeque::new(),
            renewals: 0,
            duplex,
            random,
            wall: "2026-11-29T12:00:00Z".parse().unwrap(),
            millis: 0,
            up: VecDeque::new(),
            down: VecDeque::new(),
            sent: Vec::new(),
            executions: VecDeque::new(),
            callbacks: VecDeque::new(),
            completed: BTreeMap::new(),
            called: BTreeMap::new(),
            opened: false,
            ended: None,
            warnings: Vec::new(),
            duplicates: 0,
            held: [false; 2],
            resumed: Vec::new(),
            resumed_back: Vec::new(),
            last_open: None,
            unwritten: None,
        }
    }

    /// Open, with an empty link.
    pub fn opened(setup: Setup) -> Self {
        let mut ends = Self::new(setup);
        ends.open();
        ends.settle();
        assert!(ends.opened, "{:?}", ends.ended);
        ends
    }

    pub fn time(&self) -> Time {
        Time::from_millis(self.millis)
    }

    fn with<R>(&mut self, step: impl FnOnce(&mut Self, &mut Moment<'_>) -> R) -> R {
        let mut random: Box<dyn RandomSource> =
            std::mem::replace(&mut self.random, Box::new(crate::random::Random::new(0)));
        let wall = self.wall + SignedDuration::from_millis(self.millis as i64);
        let result = step(self, &mut Moment::new(wall, self.time(), &mut *random));
        self.random = random;
        result
    }

    // ---- the client ----

    pub fn open(&mut self) {
        let deadline = self.time() + Duration::from_secs(60);
        self.client(ClientInput::Open { deadline });
    }

    pub fn close(&mut self) {
        let deadline = self.time() + Duration::from_secs(60);
        self.client(ClientInput::Close { deadline });
    }

    /// The client calls: two-way, or one-way.
    pub fn call(&mut self, call: u64, text: &str, one_way: bool) {
        let message = self.with(|_, at| request(text, one_way, at));
        self.send(call, message);
    }

    pub fn send(&mut self, call: u64, message: AppMessage) {
        let deadline = self.time() + Duration::from_secs(60);
        self.client(ClientInput::Call { call: CallId(call), message, deadline });
    }

    /// A callback is over.
    pub fn executed(&mut self, callback: CallbackId, reply: Option<AppMessage>) {
        self.client(ClientInput::Executed { callback, reply });
    }

    pub fn client(&mut self, input: ClientInput) {
        self.with(|ends, at| {
            ends.client.handle(input, at);
            ends.drain_client(at);
        });
    }

    fn drain_client(&mut self, at: &mut Moment<'_>) {
        while let Some(output) = self.client.poll() {
            match output {
                ClientOutput::Transmit(transmit) => {
                    let octets = transmit.envelope.to_bytes();
                    let Some(link) = transmit.link else {
                        self.exchanges.push_back((transmit.id, octets));
                        continue;
                    };
                    self.sent.push((Side::Client, octets.clone()));
                    self.up.push_back((link, Packet::Message(octets)));
                    match &mut self.unwritten {
                        Some(unwritten) => unwritten.push(transmit.id),
                        None => self.client.handle(ClientInput::Written(transmit.id), at),
                    }
                }
                ClientOutput::Link { link, demand } => match demand {
                    LinkDemand::Dial { .. } => self.up.push_back((link, Packet::Dial)),
                    LinkDemand::Close => self.up.push_back((link, Packet::End)),
                    LinkDemand::Abort => self.up.push_back((link, Packet::Abort)),
                    LinkDemand::Hold => self.held[1] = true,
                    LinkDemand::Resume => self.held[1] = false,
                    LinkDemand::Accept => panic!("a client accepts no links"),
                },
                ClientOutput::Execute { callback, request } => {
                    self.callbacks.push_back((callback, request));
                }
                ClientOutput::Resume(callback) => self.resumed_back.push(callback),
                ClientOutput::Opened => self.opened = true,
                ClientOutput::Completed { call, reply } => self.ends(call, Ok(reply)),
                ClientOutput::CallFailed { call, error, .. } => self.ends(call, Err(error)),
                ClientOutput::Closed => self.over(Ok(())),
                ClientOutput::Faulted(error) => self.over(Err(error)),
                ClientOutput::Warning(text) => self.warnings.push(text),
                ClientOutput::Event(_) => {}
                ClientOutput::Authenticate { id, .. } => {
                    self.client.handle(ClientInput::Authenticated { id, verdict: Ok(()) }, at);
                }
                ClientOutput::Renewed => self.renewals += 1,
                other => panic!("{other:?}"),
            }
        }
    }

    fn ends(&mut self, call: CallId, outcome: Outcome) {
        let before = self.completed.insert(call.0, outcome);
        assert!(before.is_none(), "{call:?} has two outcomes");
    }

    fn over(&mut self, how: Result<(), SessionError>) {
        assert!(self.ended.replace(how).is_none(), "the session ends twice");
    }

    // ---- the service ----

    /// The service calls the client of the session.
    pub fn call_back(&mut self, session: &str, call: u64, message: AppMessage) {
        let deadline = self.time() + Duration::from_secs(60);
        let (session, call) = (session.into(), CallId(call));
        self.service(DuplexInput::Call { session, call, message, deadline });
    }

    /// A call was executed.
    pub fn finished(&mut self, execution: &Execution, reply: Option<AppMessage>) {
        let call = execution.call;
        self.with(|ends, at| {
            ends.sessions.handle(ServiceInput::Finished { call, reply }, at);
            ends.drain_service(at);
        });
    }

    pub fn service(&mut self, input: DuplexInput) {
        self.with(|ends, at| {
            ends.duplex.handle(input, at);
            ends.drain_service(at);
        });
    }

    pub fn sessions(&mut self, input: ServiceInput) {
        self.with(|ends, at| {
            ends.sessions.handle(input, at);
            ends.drain_service(at);
        });
    }

    fn drain_service(&mut self, at: &mut Moment<'_>) {
        loop {
            if let Some(output) = self.sessions.poll() {
                self.of_sessions(output, at);
            } else if let Some(output) = self.duplex.poll() {
                self.of_duplex(output, at);
            } else {
                return;
            }
        }
    }

    fn of_sessions(&mut self, output: ServiceOutput, at: &mut Moment<'_>) {
        match output {
            ServiceOutput::Want(place) => self.sessions.handle(ServiceInput::Granted(place), at),
            ServiceOutput::Answer { exchange, response } => {
                self.duplex.handle(DuplexInput::Answer { exchange, response }, at);
            }
            ServiceOutput::Accepted(session) => {
                self.duplex.handle(DuplexInput::Accepted(session), at);
            }
            ServiceOutput::Failed { session, error } => {
                self.warnings.push(error.to_string());
                self.duplex.handle(DuplexInput::Failed(session), at);
            }
            ServiceOutput::Gone(session) => self.duplex.handle(DuplexInput::Gone(session), at),
            ServiceOutput::Execute(execution) => {
                if execution.make && execution.keep {
                    self.sessions.handle(ServiceInput::Made(execution.instance), at);
                }
                self.executions.push_back(execution);
            }
            ServiceOutput::Release(instance) => {
                self.sessions.handle(ServiceInput::Released(instance), at);
            }
            ServiceOutput::Resume(call) => self.resumed.push(call),
            ServiceOutput::Free(_) | ServiceOutput::Created(_) | ServiceOutput::Closed(_) => {}
            other => panic!("{other:?}"),
        }
    }

    fn of_duplex(&mut self, output: DuplexOutput, at: &mut Moment<'_>) {
        match output {
            DuplexOutput::Sessions(input) => self.sessions.handle(input, at),
            DuplexOutput::Link { link, demand } => match demand {
                LinkDemand::Accept => self.down.push_back((link, Packet::Accept)),
                LinkDemand::Close => {
                    self.left.insert(link);
                    self.down.push_back((link, Packet::End));
                }
                LinkDemand::Abort => {
                    self.left.insert(link);
                    self.down.push_back((link, Packet::Abort));
                }
                LinkDemand::Hold => self.held[0] = true,
                LinkDemand::Resume => self.held[0] = false,
                LinkDemand::Dial { .. } => panic!("a service dials nobody"),
            },
            DuplexOutput::Transmit { link, id, message } => {
                let encoded = self.endpoint.encode_on_link(message, at);
                self.send_down(link, encoded);
                self.duplex.handle(DuplexInput::Written { link, id }, at);
            }
            DuplexOutput::Completed { call, reply } => self.called_ends(call, Ok(reply)),
            DuplexOutput::CallFailed { call, error } => self.called_ends(call, Err(error)),
            DuplexOutput::ReleaseSecurity(session) => {
                self.endpoint.security().release_session(&session, &*at);
            }
            DuplexOutput::EndSecurity(session) => self.endpoint.security().end_session(&session),
            DuplexOutput::Warning { text, .. } | DuplexOutput::Refused(text) => {
                self.warnings.push(text);
            }
            DuplexOutput::Addressed { .. } => panic!("links are connections here"),
            DuplexOutput::Event { event, .. } => {
                self.duplicates += u64::from(matches!(event, Event::Duplicate { .. }));
            }
        }
    }

    fn called_ends(&mut self, call: CallId, outcome: Outcome) {
        let before = self.called.insert(call.0, outcome);
        assert!(before.is_none(), "{call:?} of the service has two outcomes");
    }

    fn send_down(&mut self, link: LinkId, encoded: Encoded) {
        let envelope = match encoded.answer {
            ServiceAnswer::Message(envelope) | ServiceAnswer::Fault(envelope) => envelope,
            // Its last word is said.
            ServiceAnswer::Accepted => return,
            other => panic!("{other:?} over a link"),
        };
        let octets = envelope.to_bytes();
        self.sent.push((Side::Service, octets.clone()));
        self.down.push_back((link, Packet::Message(octets)));
    }

    /// At this moment.
    pub fn at<R>(&mut self, step: impl FnOnce(&mut Moment<'_>) -> R) -> R {
        self.with(|_, at| step(at))
    }

    /// What the service's security answers to somebody else.
    pub fn asked(&mut self, octets: &[u8]) -> Envelope {
        match self.verified(&mut LinkSecurity::default(), octets) {
            Arrival::Answer(encoded) => encoded.into_envelope().expect("an answer"),
            other => panic!("{other:?}"),
        }
    }

    /// What a connection carries whose first message is this one; none if the service refuses that.
    pub fn carrying(&mut self, octets: &[u8]) -> Option<LinkSecurity> {
        let mut link = LinkSecurity::default();
        self.verified(&mut link, octets);
        link.session().is_some().then_some(link)
    }

    /// The service forgets every security session, as if it began anew.
    pub fn forget_security(&mut self) {
        let contexts: Vec<_> =
            self.links.values().filter_map(LinkSecurity::session).cloned().collect();
        contexts.iter().for_each(|context| self.endpoint.security().end_session(context));
    }

    /// The security of the service.
    pub fn security(&self) -> &ServiceSecurity {
        self.endpoint.security()
    }

    /// Lets time pass at both ends.
    pub fn wait(&mut self, millis: u64) {
        self.millis += millis;
        self.with(|ends, at| ends.endpoint.security().sweep(&*at));
        self.client(ClientInput::Tick);
        self.service(DuplexInput::Tick);
        self.sessions(ServiceInput::Tick);
    }

    pub fn reply(execution: &Execution, text: &str) -> Option<AppMessage> {
        Some(execution.request.reply("urn:IEcho/EchoResponse", body(text)))
    }
}

pub fn reset() -> TransportFailure {
    TransportFailure {
        cause: TransportCause::Broken,
        reason: "the connection was reset".to_owned(),
    }
}

pub fn body(text: &str) -> Envelope {
    let mut envelope = Envelope::new(VERSION);
    let element = envelope.append_body_element(Name::local("text"));
    envelope.document_mut().append_text(element, text);
    envelope
}

/// What a message says.
pub fn text_of(envelope: &Envelope) -> String {
    envelope.payload().map(|e| e.text().into_owned()).unwrap_or_default()
}

pub fn request(text: &str, one_way: bool, at: &mut Moment<'_>) -> AppMessage {
    let action = if one_way { NOTE } else { ECHO };
    AppMessage::new(ApplicationMessage::request(action, body(text), one_way, at.random))
}
