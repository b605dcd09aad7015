//! A client session and a service endpoint in memory, with a wire between them that a test holds in its hand.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::disallowed_methods,
    reason = "each test uses its part"
)]

use std::collections::BTreeMap;

use jiff::Timestamp;
use waxwing_crypto::{Certificate, PrivateKey};
use waxwing_reliable::{
    ExchangeId, ReliableMessagingVersion, ReliableSessionSettings, SequenceState, Shape,
};
use waxwing_security::conversation::{
    CertificateTokens, ClientBinding, ClientCredential, ClientIdentification, ClientOptions,
    ClientSecurity, Protection, ServiceBinding, ServiceOptions, ServiceSecurity,
};
use waxwing_security::wsse::Dialect;
use waxwing_security::{PeerTag, ProtectionLevel};
use waxwing_session::{
    Answer, AppMessage, ApplicationMessage, Arrival, CallId, ClientInput, ClientOutput,
    ClientSession, ClientSettings, DispatchModes, Encoded, Moment, ReplyTo, ServiceEndpoint,
    ServiceInput, ServiceOutput, ServiceSessions, ServiceSettings, SessionError, Time,
    TransmissionId, VerifiedRequest,
};
use waxwing_soap::{Envelope, MessageVersion, RandomSource};
use waxwing_xml::{Limits, Name};

pub const ADDRESS: &str = "http://localhost:8000/calculator";
pub const ECHO: &str = "http://Microsoft.ServiceModel.Samples/IEcho/Echo";
pub const ECHO_RESPONSE: &str = "http://Microsoft.ServiceModel.Samples/IEcho/EchoResponse";
pub const NOTE: &str = "http://Microsoft.ServiceModel.Samples/IEcho/Note";
pub const VERSION: MessageVersion = MessageVersion::SOAP12_ADDRESSING10;

/// Octets that are the same in every run (SplitMix64).
pub struct Seeded(pub u64);

impl RandomSource for Seeded {
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

fn file(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/pki");
    std::fs::read(format!("{folder}/{name}")).expect(name)
}

pub fn certificate(name: &str) -> Certificate {
    Certificate::from_pem(&file(&format!("{name}.cert.pem"))).unwrap().remove(0)
}

/// Which layers a pair has.
#[derive(Clone, Copy, Debug)]
pub struct Mode {
    pub reliable: Option<ReliableMessagingVersion>,
    pub protection: Protection,
}

/// A response on the wire: its octets; None: an empty one.
pub type Octets = Option<Vec<u8>>;

/// Client, wire and service. Messages cross only when the test says so.
pub struct Pair {
    pub client: ClientSession,
    service: ServiceEndpoint,
    sessions: ServiceSessions,
    random: Seeded,
    pub millis: u64,
    /// Requests that the client has posted, in order.
    pub posted: Vec<(TransmissionId, Vec<u8>)>,
    /// Exchanges of the service that wait for their response.
    waiting: BTreeMap<u64, (TransmissionId, ReplyTo)>,
    exchanges: u64,
    /// What the service has answered.
    pub answers: BTreeMap<TransmissionId, Octets>,
    pub executed: Vec<String>,
    pub completed: BTreeMap<u64, Option<String>>,
    pub failed: BTreeMap<u64, SessionError>,
    pub faulted: Option<SessionError>,
    pub opened: bool,
    pub closed: bool,
    /// How often the key was renewed.
    pub renewals: u32,
}

fn securities(
    mode: Mode,
    key_minutes: Option<i64>,
    address: &str,
    by_transport: bool,
) -> (ClientSecurity, ServiceSecurity) {
    let dialect = match mode.reliable {
        Some(ReliableMessagingVersion::February2005) => Dialect::February2005,
        _ => Dialect::Version13,
    };
    let mut client = ClientOptions::new(address);
    client.binding = Some(ClientBinding::Symmetric(certificate("service")));
    client.protection = mode.protection;
    let mut service = ServiceOptions::new(ClientIdentification::None);
    let key = PrivateKey::from_pem(&file("service.key.pem")).unwrap();
    service.binding = Some(ServiceBinding::Symmetric { certificate: certificate("service"), key });
    service.protection = mode.protection;
    if mode.protection == Protection::OneShot {
        under_certificates(&mut client, &mut service);
    }
    if by_transport {
        let (username, password) = ("alice".into(), Some("secret".to_owned().into()));
        client.credential = ClientCredential::UserName { username, password };
        client.binding = Some(ClientBinding::Transport);
        service.clients = ClientIdentification::UserName;
        service.binding = Some(ServiceBinding::Transport { allow_insecure: true });
        service.detect_replays = false;
    }
    for settings in
        [&mut client.settings, &mut client.bootstrap, &mut service.settings, &mut service.bootstrap]
    {
        settings.dialect = dialect;
    }
    if let Some(minutes) = key_minutes {
        service.limits.session_key_lifetime = jiff::SignedDuration::from_mins(minutes);
        client.renewal_threshold_percent = if by_transport { 50 } else { 100 };
    }
    // Whoever swaps answers that nobody has seen gains nothing from a memory of those seen.
    client.detect_replays = false;
    for requirements in [&mut client.requirements, &mut service.requirements] {
        requirements.operation(ECHO, Some(ECHO_RESPONSE), ProtectionLevel::EncryptAndSign);
        requirements.operation(NOTE, None, ProtectionLevel::EncryptAndSign);
    }
    let service = ServiceSecurity::new(service, &mut Seeded(1000)).unwrap();
    (ClientSecurity::new(client, &mut Seeded(7)).unwrap(), service)
}

/// Each end signs with its own certificate: nothing but what a reply says ties it to its request.
fn under_certificates(client: &mut ClientOptions, service: &mut ServiceOptions) {
    let shown = CertificateTokens::default();
    let key = |name: &str| PrivateKey::from_pem(&file(&format!("{name}.key.pem"))).unwrap();
    client.credential =
        ClientCredential::Certificate { certificate: certificate("alice"), key: key("alice") };
    client.binding = Some(ClientBinding::Asymmetric { service: certificate("service"), shown });
    service.clients = ClientIdentification::Certificate;
    let (certificate, key) = (certificate("service"), key("service"));
    service.binding = Some(ServiceBinding::Asymmetric { certificate, key, shown });
    for settings in [&mut client.settings, &mut service.settings] {
        settings.derived_keys = false;
    }
}

impl Pair {
    pub fn new(mode: Mode) -> Self {
        Self::with_key(mode, None)
    }

    /// The same, with session keys that live so long.
    pub fn with_key(mode: Mode, key_minutes: Option<i64>) -> Self {
        Self::with(mode, key_minutes, ADDRESS, false)
    }

    /// The same, with a client whose messages are addressed to `address`.
    pub fn addressed(mode: Mode, address: &str) -> Self {
        Self::with(mode, None, address, false)
    }

    /// The same where the transport protects messages: they are in clear on the wire. Keys are renewed after half of their
    /// life.
    pub fn over_transport(mode: Mode, key_minutes: i64) -> Self {
        Self::with(mode, Some(key_minutes), ADDRESS, true)
    }

    fn with(mode: Mode, key_minutes: Option<i64>, address: &str, by_transport: bool) -> Self {
        let (security, service) = securities(mode, key_minutes, address, by_transport);
        let shape = Shape::RequestReply;
        let reliable = mode.reliable.map(|v| (v, shape, ReliableSessionSettings::default()));
        let settings = ClientSettings {
            to: address.to_owned(),
            version: VERSION,
            reliable: reliable.clone(),
            retry: false,
            retry_authentication: false,
            send_timeout: std::time::Duration::from_secs(60),
        };
        let endpoint = ServiceSettings {
            address: ADDRESS.to_owned(),
            version: VERSION,
            reliable,
            receive_timeout: std::time::Duration::from_secs(600),
            understood: Vec::new(),
            trace: false,
        };
        let sessions = ServiceSessions::new(&endpoint, DispatchModes::default()).unwrap();
        Self {
            client: ClientSession::new(settings, security).unwrap(),
            service: ServiceEndpoint::new(endpoint, service),
            sessions,
            random: Seeded(99),
            millis: 0,
            posted: Vec::new(),
            waiting: BTreeMap::new(),
            exchanges: 0,
            answers: BTreeMap::new(),
            executed: Vec::new(),
            completed: BTreeMap::new(),
            failed: BTreeMap::new(),
            faulted: None,
            opened: false,
            closed: false,
            renewals: 0,
        }
    }

    /// A pair that is open and whose window has room for two calls at once.
    pub fn open(mode: Mode) -> Self {
        Self::new(mode).opened()
    }

    pub fn opened(self) -> Self {
        let mut pair = self;
        let deadline = Time::from_millis(pair.millis + 60_000);
        pair.act(ClientInput::Open { deadline });
        pair.settle();
        assert!(pair.opened, "{:?}", pair.faulted);
        for call in [1001, 1002] {
            pair.call(call, "warm");
            pair.settle();
        }
        pair
    }

    fn act(&mut self, input: ClientInput) {
        let wall = "2026-11-24T12:00:00Z".parse::<Timestamp>().unwrap();
        let wall = wall + jiff::SignedDuration::from_millis(self.millis as i64);
        let at = &mut Moment::new(wall, Time::from_millis(self.millis), &mut self.random);
        self.client.handle(input, at);
        while let Some(output) = self.client.poll() {
            match output {
                ClientOutput::Transmit(transmit) => {
                    if !self.client.note_written(transmit.id) {
                        self.client.handle(ClientInput::Written(transmit.id), at);
                    }
                    self.posted.push((transmit.id, transmit.envelope.to_bytes()));
                }
                ClientOutput::Authenticate { id, .. } => {
                    self.client.handle(ClientInput::Authenticated { id, verdict: Ok(()) }, at);
                }
                ClientOutput::Persist { .. } => panic!("nothing here is durable"),
                ClientOutput::Opened => self.opened = true,
                ClientOutput::Completed { call, reply } => {
                    let text = reply.map(|r| text_of(&r.envelope));
                    let before = self.completed.insert(call.0, text);
                    assert!(before.is_none(), "{call:?} has two outcomes");
                }
                ClientOutput::CallFailed { call, error, .. } => {
                    self.failed.insert(call.0, error);
                }
                ClientOutput::Closed => self.closed = true,
                ClientOutput::Faulted(error) => self.faulted = Some(error),
                ClientOutput::Renewed => self.renewals += 1,
                ClientOutput::Link { .. }
                | ClientOutput::Execute { .. }
                | ClientOutput::Resume(_) => {
                    panic!("nothing goes over links")
                }
                ClientOutput::Plain(..) | ClientOutput::Event(_) | ClientOutput::Warning(_) => {}
            }
        }
    }

    pub fn call(&mut self, call: u64, text: &str) {
        self.send(call, ECHO, text);
    }

    pub fn send(&mut self, call: u64, action: &str, text: &str) {
        let mut envelope = Envelope::new(VERSION);
        let element = envelope.append_body_element(Name::local("text"));
        envelope.document_mut().append_text(element, text);
        let mut random = Seeded(call ^ 0xCA11);
        let message = ApplicationMessage::request(action, envelope, action == NOTE, &mut random);
        let deadline = Time::from_millis(self.millis + 60_000);
        let (call, message) = (CallId(call), AppMessage::new(message));
        self.act(ClientInput::Call { call, message, deadline });
    }

    pub fn close(&mut self) {
        let deadline = Time::from_millis(self.millis + 60_000);
        self.act(ClientInput::Close { deadline });
    }

    /// Lets time pass.
    pub fn wait(&mut self, millis: u64) {
        let end = self.millis + millis;
        while let Some(at) = self.client.wake_at().map(|at| at.elapsed().as_millis() as u64 + 1)
            && at <= end
        {
            self.millis = self.millis.max(at);
            self.act(ClientInput::Tick);
        }
        self.millis = end;
    }

    /// How many messages are on their way to the service.
    pub fn under_way(&self) -> usize {
        self.posted.len()
    }

    /// The messages that are on their way get on, and so do others that nobody knows.
    pub fn get_on(&mut self) {
        let under_way: Vec<_> = self.posted.iter().map(|(id, _)| *id).collect();
        for id in under_way.into_iter().chain([TransmissionId(u64::MAX)]) {
            self.act(ClientInput::Progress(id));
        }
    }

    /// Brings what was posted to the service; its answers wait in [`Pair::answers`].
    pub fn bring(&mut self) -> Vec<TransmissionId> {
        let posted = std::mem::take(&mut self.posted);
        posted.iter().for_each(|(id, octets)| self.arrive(*id, octets));
        posted.into_iter().map(|(id, _)| id).collect()
    }

    /// One message comes to the service.
    pub fn arrive(&mut self, id: TransmissionId, octets: &[u8]) {
        let wall = "2026-11-24T12:00:00Z".parse::<Timestamp>().unwrap();
        let wall = wall + jiff::SignedDuration::from_millis(self.millis as i64);
        let time = Time::from_millis(self.millis);
        let mut at = Moment { wall, time, random: &mut Seeded(self.millis ^ id.0 << 20) };
        let envelope = Envelope::parse(octets, &Limits::SOAP).unwrap();
        let mut arrival = self.service.receive(envelope, PeerTag::UNKNOWN, &mut at);
        while let Arrival::Authenticate(sender) = arrival {
            arrival = self.service.authenticated(sender, Ok(()), &mut at);
        }
        match arrival {
            Arrival::Answer(encoded) => self.answered(id, *encoded),
            Arrival::Authenticate(sender) => panic!("{sender:?}"),
            Arrival::Ended(session) => panic!("{session:?}"),
            Arrival::Message(arrived) => {
                self.exchanges += 1;
                let exchange = ExchangeId(self.exchanges);
                self.waiting.insert(exchange.0, (id, arrived.reply));
                let message = arrived.message;
                self.sessions.handle(ServiceInput::Arrived { exchange, message }, &mut at);
                self.drain(&mut at);
            }
        }
    }

    /// Begins to open.
    pub fn begin(&mut self) {
        let deadline = Time::from_millis(self.millis + 60_000);
        self.act(ClientInput::Open { deadline });
    }

    /// How many security sessions the service has.
    pub fn security_sessions(&self) -> usize {
        self.service.security().session_count()
    }

    fn drain(&mut self, at: &mut Moment<'_>) {
        while let Some(output) = self.sessions.poll() {
            let input = match output {
                ServiceOutput::Want(place) => ServiceInput::Granted(place),
                ServiceOutput::Execute(execution) => {
                    if execution.make && execution.keep {
                        self.sessions.handle(ServiceInput::Made(execution.instance), at);
                    }
                    let reply = self.execute(&execution.request);
                    ServiceInput::Finished { call: execution.call, reply }
                }
                ServiceOutput::Release(instance) => ServiceInput::Released(instance),
                ServiceOutput::Answer { exchange, response } => {
                    if let Some((id, reply)) = self.waiting.remove(&exchange.0) {
                        let encoded = self.service.encode(&reply, response, at);
                        self.answered(id, encoded);
                    }
                    continue;
                }
                _ => continue,
            };
            self.sessions.handle(input, at);
        }
    }

    fn execute(&mut self, request: &VerifiedRequest) -> Option<AppMessage> {
        let text = text_of(request.envelope());
        self.executed.push(text.clone());
        (request.action() == ECHO).then(|| {
            let mut envelope = Envelope::new(VERSION);
            let element = envelope.append_body_element(Name::local("text"));
            envelope.document_mut().append_text(element, &format!("re {text}"));
            request.reply(ECHO_RESPONSE, envelope)
        })
    }

    fn answered(&mut self, id: TransmissionId, encoded: Encoded) {
        let octets = encoded.into_envelope().map(|envelope| envelope.to_bytes());
        self.answers.insert(id, octets);
    }

    /// Gives the client a response on an exchange: its own, or another.
    pub fn answer(&mut self, id: TransmissionId, octets: &Octets) {
        let answer = match octets {
            None => Answer::Empty,
            Some(octets) => {
                Answer::Message(Box::new(Envelope::parse(&octets[..], &Limits::SOAP).unwrap()))
            }
        };
        self.act(ClientInput::Answer { id, answer });
    }

    /// Every message crosses, and its answer, until nothing is left.
    pub fn settle(&mut self) {
        loop {
            let ids = self.bring();
            if ids.is_empty() {
                return;
            }
            for id in ids {
                if let Some(octets) = self.answers.remove(&id) {
                    self.answer(id, &octets);
                }
            }
        }
    }

    /// The same with time passing, so that what got lost is sent again.
    pub fn recover(&mut self) {
        for _ in 0..12 {
            self.settle();
            self.wait(5000);
        }
        self.settle();
    }

    pub fn state(&self) -> Option<SequenceState> {
        self.client.status().map(|status| status.state)
    }
}

pub fn text_of(envelope: &Envelope) -> String {
    envelope.payload().map(|payload| payload.text().into_owned()).unwrap_or_default()
}

impl Pair {
    /// Begins to open and lets the security handshake through, up to CreateSequence.
    pub fn open_without_answer(&mut self) {
        let deadline = Time::from_millis(self.millis + 60_000);
        self.act(ClientInput::Open { deadline });
        while !self.posted.iter().any(|(_, octets)| is_create(octets)) {
            let ids = self.bring();
            assert!(!ids.is_empty(), "{:?}", self.faulted);
            for id in ids {
                let octets = self.answers.remove(&id).unwrap();
                self.answer(id, &octets);
            }
        }
    }

    /// What is posted next reaches the service, whose answer is kept back.
    pub fn keep_next(&mut self) -> Octets {
        let [id] = self.bring()[..] else { panic!("one message") };
        self.answers.remove(&id).expect("an answer")
    }
}

fn is_create(octets: &[u8]) -> bool {
    String::from_utf8_lossy(octets).contains("/CreateSequence<")
}
