//! Many clients at once, and attackers beside them, against one service in virtual time: whoever is told that the
//! service is too busy asks again, and every honest client opens within its open timeout.
#![allow(clippy::disallowed_methods, reason = "tests read their data")]

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use waxwing_crypto::tls::{TlsConfig, TlsRole, TlsVersion};
use waxwing_crypto::{Certificate, Identity, PrivateKey};
use waxwing_reliable::{ReliableMessagingVersion, ReliableSessionSettings, Shape};
use waxwing_security::PeerTag;
use waxwing_security::conversation::{
    ClientBinding, ClientIdentification, ClientOptions, ClientSecurity, ServiceBinding,
    ServiceOptions, ServiceSecurity,
};
use waxwing_session::{
    Answer, Arrival, ClientInput, ClientOutput, ClientSession, ClientSettings, DispatchModes,
    ExchangeId, Moment, ServiceEndpoint, ServiceInput, ServiceOutput, ServiceSessions,
    ServiceSettings, SessionError, Time, TransmissionId,
};
use waxwing_soap::{Envelope, MessageVersion, RandomSource};
use waxwing_xml::Limits;

const ADDRESS: &str = "http://localhost:8000/calculator";
const VERSION: ReliableMessagingVersion = ReliableMessagingVersion::February2005;

/// SplitMix64.
struct Seeded(u64);

impl Seeded {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

impl RandomSource for Seeded {
    fn fill(&mut self, octets: &mut [u8]) {
        for chunk in octets.chunks_mut(8) {
            let next = self.next().to_le_bytes();
            chunk.copy_from_slice(&next[..chunk.len()]);
        }
    }
}

fn file(name: &str) -> Vec<u8> {
    let path = format!("{}/../../testdata/pki/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn service_options() -> ServiceOptions {
    let certificate = Certificate::from_pem(&file("service.cert.pem")).unwrap();
    let key = PrivateKey::from_pem(&file("service.key.pem")).unwrap();
    let identity = Identity::of(certificate, key).unwrap();
    let role = TlsRole::Server { request_certificate: false };
    let tls = TlsConfig::new(role, Some(&identity), TlsVersion::Tls12).unwrap();
    let mut options = ServiceOptions::new(ClientIdentification::None);
    options.binding = Some(ServiceBinding::Negotiated(Arc::new(tls)));
    options
}

fn client_options(tls: &TlsConfig) -> ClientOptions {
    let mut options = ClientOptions::new(ADDRESS);
    options.binding = Some(ClientBinding::Negotiated(Arc::new(tls.clone())));
    options
}

/// What happens at a time.
enum Event {
    /// A message of a client arrives at the service.
    Request { client: usize, id: TransmissionId, envelope: Box<Envelope> },
    /// Its answer arrives at the client.
    Answer { client: usize, id: TransmissionId, answer: Box<Answer> },
    /// The client looks at its clock.
    Tick(usize),
    /// A client that only does harm begins: it opens and never goes on.
    Attack { peer: u64 },
}

struct Client {
    session: ClientSession,
    peer: PeerTag,
    /// An attacker's: posts its first messages up to this many, and nothing after.
    gives_up_after: usize,
    posted: usize,
    begun: u64,
    outcome: Option<Result<u64, SessionError>>,
    /// How often it was told that the service is busy.
    busy: usize,
}

struct World {
    now: u64,
    random: Seeded,
    tls: TlsConfig,
    endpoint: ServiceEndpoint,
    sessions: ServiceSessions,
    exchanges: u64,
    clients: Vec<Client>,
    events: BTreeMap<(u64, u64), Event>,
    count: u64,
    most: (usize, usize, usize),
}

impl World {
    fn new(seed: u64, change: impl FnOnce(&mut ServiceOptions)) -> Self {
        let mut options = service_options();
        change(&mut options);
        let mut random = Seeded(seed);
        let security = ServiceSecurity::new(options, &mut random).unwrap();
        let reliable = ReliableSessionSettings::default();
        let settings = ServiceSettings {
            address: ADDRESS.to_owned(),
            version: MessageVersion::SOAP12_ADDRESSING10,
            reliable: Some((VERSION, Shape::RequestReply, reliable)),
            receive_timeout: Duration::from_secs(600),
            understood: Vec::new(),
            trace: false,
        };
        let sessions = ServiceSessions::new(&settings, DispatchModes::default()).unwrap();
        Self {
            now: 0,
            random,
            tls: TlsConfig::new(TlsRole::Client, None, TlsVersion::Tls12).unwrap(),
            endpoint: ServiceEndpoint::new(settings, security),
            sessions,
            exchanges: 0,
            clients: Vec::new(),
            events: BTreeMap::new(),
            count: 0,
            most: (0, 0, 0),
        }
    }

    fn at(&mut self, time: u64, event: Event) {
        self.count += 1;
        self.events.insert((time.max(self.now), self.count), event);
    }

    /// A time on the way.
    fn latency(&mut self) -> u64 {
        5 + self.random.next() % 55
    }

    fn begin(&mut self, peer: PeerTag, gives_up_after: usize) -> usize {
        let settings = ClientSettings {
            to: ADDRESS.to_owned(),
            version: MessageVersion::SOAP12_ADDRESSING10,
            reliable: Some((VERSION, Shape::RequestReply, ReliableSessionSettings::default())),
            retry: false,
            retry_authentication: false,
            send_timeout: Duration::from_secs(60),
        };
        let security = ClientSecurity::new(client_options(&self.tls), &mut self.random).unwrap();
        let session = ClientSession::new(settings, security).unwrap();
        let (posted, busy, begun) = (0, 0, self.now);
        let client = self.clients.len();
        let outcome = None;
        self.clients.push(Client { session, peer, gives_up_after, posted, begun, outcome, busy });
        let deadline = Time::from_millis(self.now) + Duration::from_secs(60);
        self.with(client, ClientInput::Open { deadline });
        client
    }

    /// Gives a client an input and does what it wants done.
    fn with(&mut self, number: usize, input: ClientInput) {
        let mut moment = Moment {
            wall: wall(self.now),
            time: Time::from_millis(self.now),
            random: &mut self.random,
        };
        let client = &mut self.clients[number];
        client.session.handle(input, &mut moment);
        let mut requests = Vec::new();
        while let Some(output) = client.session.poll() {
            match output {
                ClientOutput::Transmit(transmit) if client.posted < client.gives_up_after => {
                    client.posted += 1;
                    requests.push((transmit.id, transmit.envelope));
                }
                ClientOutput::Authenticate { id, .. } => {
                    let verdict = Ok(());
                    client.session.handle(ClientInput::Authenticated { id, verdict }, &mut moment);
                }
                ClientOutput::Opened => client.outcome = Some(Ok(self.now - client.begun)),
                ClientOutput::Faulted(error) => client.outcome = Some(Err(error)),
                ClientOutput::Warning(text) => {
                    assert!(text.contains("the service is busy"), "{text}");
                    client.busy += 1;
                }
                _ => {}
            }
        }
        let wake = client.session.wake_at().filter(|_| client.gives_up_after > 10);
        for (id, envelope) in requests {
            let arrives = self.now + self.latency();
            self.at(arrives, Event::Request { client: number, id, envelope: Box::new(envelope) });
        }
        if let Some(wake) = wake {
            self.at(wake.elapsed().as_millis() as u64 + 1, Event::Tick(number));
        }
    }

    /// What the host does with a message.
    fn serve(&mut self, envelope: &Envelope, peer: PeerTag) -> Option<Envelope> {
        let envelope = Envelope::parse(envelope.to_bytes(), &Limits::SOAP).unwrap();
        let mut moment = Moment {
            wall: wall(self.now),
            time: Time::from_millis(self.now),
            random: &mut self.random,
        };
        let arrived = match self.endpoint.receive(envelope, peer, &mut moment) {
            Arrival::Answer(encoded) => return encoded.into_envelope(),
            Arrival::Authenticate(sender) => panic!("{sender:?}"),
            Arrival::Ended(session) => panic!("{session:?}"),
            Arrival::Message(arrived) => *arrived,
        };
        let exchange = ExchangeId(self.exchanges);
        self.exchanges += 1;
        let message = arrived.message;
        self.sessions.handle(ServiceInput::Arrived { exchange, message }, &mut moment);
        let mut answer = None;
        while let Some(output) = self.sessions.poll() {
            match output {
                ServiceOutput::Answer { response, .. } => answer = Some(response),
                ServiceOutput::Want(place) => {
                    self.sessions.handle(ServiceInput::Granted(place), &mut moment);
                }
                _ => {}
            }
        }
        let response = answer.expect("an answer to CreateSequence");
        self.endpoint.encode(&arrived.reply, response, &mut moment).into_envelope()
    }

    fn run(&mut self, until: u64) {
        while let Some(entry) = self.events.first_entry() {
            if entry.key().0 > until {
                break;
            }
            let ((now, _), event) = entry.remove_entry();
            self.now = now;
            match event {
                Event::Tick(client) => {
                    let due = |session: &ClientSession| {
                        session.wake_at().is_some_and(|at| at <= Time::from_millis(now))
                    };
                    if due(&self.clients[client].session) {
                        self.with(client, ClientInput::Tick);
                    }
                }
                Event::Request { client, id, envelope } => {
                    let peer = self.clients[client].peer;
                    let answer = self.serve(&envelope, peer);
                    let answer = answer.map_or(Answer::Empty, |it| Answer::Message(Box::new(it)));
                    let arrives = now + self.latency();
                    self.at(arrives, Event::Answer { client, id, answer: Box::new(answer) });
                }
                Event::Answer { client, id, answer } => {
                    let answer = match *answer {
                        Answer::Message(envelope) => {
                            let octets = envelope.to_bytes();
                            Answer::Message(Box::new(
                                Envelope::parse(octets, &Limits::SOAP).unwrap(),
                            ))
                        }
                        other => other,
                    };
                    self.with(client, ClientInput::Answer { id, answer });
                }
                Event::Attack { peer } => {
                    // One posts the first leg only, another goes on to a session that it never uses.
                    let messages = if self.random.next().is_multiple_of(2) { 1 } else { 3 };
                    self.begin(PeerTag::new(peer), messages);
                }
            }
            let security = self.endpoint.security();
            let unused = security.session_count() - self.sessions.session_count();
            self.most.0 = self.most.0.max(security.negotiation_count());
            self.most.1 = self.most.1.max(unused);
            self.most.2 = self.most.2.max(security.token_count());
        }
    }

    fn open_time(&self, client: usize) -> u64 {
        match &self.clients[client].outcome {
            Some(Ok(time)) => *time,
            Some(Err(error)) => panic!("client {client} failed: {error}"),
            None => panic!("client {client} is still opening"),
        }
    }
}

fn wall(now: u64) -> Timestamp {
    "2026-11-24T12:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_millis(now as i64)
}

#[test]
fn five_hundred_sessions_opened_at_once_all_open() {
    let mut world = World::new(1, |_| {});
    let clients: Vec<_> = (0..500).map(|_| world.begin(PeerTag::new(1), usize::MAX)).collect();
    world.run(60_000);
    let slowest = clients.iter().map(|client| world.open_time(*client)).max().unwrap();
    let told: HashMap<usize, usize> =
        world.clients.iter().fold(HashMap::new(), |mut all, client| {
            *all.entry(client.busy).or_default() += 1;
            all
        });
    println!(
        "the slowest of 500 opened after {slowest} ms; told to wait (times: clients) {told:?}"
    );
    assert!(told.keys().any(|times| *times > 0), "nobody was told to wait");
    assert!(world.most.0 <= 128 && world.most.1 <= 128, "{:?}", world.most);
    assert!(slowest < 20_000, "{slowest} ms");
}

/// Attackers fill the tables of a service, from one address or from several; an honest client from another address
/// always gets in.
#[test]
fn an_honest_client_beside_attackers_always_opens() {
    for (seed, attackers) in [(1, 1), (2, 2), (3, 5)] {
        let mut world = World::new(seed, |options| {
            options.limits.max_negotiations = 16;
            options.limits.max_pending_sessions = 16;
            options.limits.max_negotiated_tokens = 16;
        });
        for milli in (0..20_000).step_by(15) {
            let peer = world.random.next() % attackers;
            world.at(milli, Event::Attack { peer });
        }
        let mut honest = Vec::new();
        for second in 2..15u64 {
            world.run(second * 1000);
            honest.push(world.begin(PeerTag::new(100 + second), usize::MAX));
        }
        world.run(75_000);
        let times: Vec<_> = honest.iter().map(|client| world.open_time(*client)).collect();
        println!(
            "{attackers} attackers: opened after {times:?} ms; most at a time {:?}",
            world.most
        );
        assert!(world.most.0 <= 16 && world.most.1 <= 16 && world.most.2 <= 16, "{:?}", world.most);
        // What the attackers left behind is gone after its time.
        let time = Time::from_millis(400_000);
        let mut random = Seeded(9);
        let at = Moment { wall: wall(400_000), time, random: &mut random };
        let swept = world.endpoint.security().sweep(&at);
        assert!(swept.never_used > 0, "{swept}");
        assert_eq!(world.endpoint.security().session_count(), honest.len());
        assert_eq!(world.endpoint.security().negotiation_count(), 0);
    }
}
