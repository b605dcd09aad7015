//! Sequences, acceptance and the order of execution together, in virtual time, by seed: two endpoints of one host with
//! fewer places than sessions, clients that come, call, fall silent and go.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use waxwing_reliable::{
    Body, CreateSequence, ExchangeId, FaultKind, Identifier, Listener, ListenerInput,
    ListenerOutput, Message, Offer, ReliableMessagingVersion, ReliableSessionSettings, Response,
    Sequence, SessionId, Shape, Shutdown, Time,
};
use waxwing_session::{Acceptance, Backlog, BacklogInput, BacklogOutput};
use waxwing_soap::{EndpointReference, Moment, RandomSource};

const ANONYMOUS: &str = "http://www.w3.org/2005/08/addressing/anonymous";
const INACTIVITY: Duration = Duration::from_secs(60);
const PENDING: u32 = 3;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % most.max(1) as u64) as usize
    }
}

impl RandomSource for Random {
    fn fill(&mut self, octets: &mut [u8]) {
        octets.iter_mut().for_each(|octet| *octet = self.below(256) as u8);
    }
}

struct Endpoint {
    shape: Shape,
    listener: Listener<u64>,
    backlog: Backlog<u64>,
}

/// What the world knows of a session, beside what the engines do.
#[derive(Default)]
struct Known {
    accepted: bool,
    sent: u64,
    executed: u64,
    running: Option<u64>,
    /// The client has closed it, and every message was acknowledged.
    closed: bool,
    failed: bool,
}

struct World {
    random: Random,
    /// Draws of identifiers.
    names: Random,
    now: Time,
    most: usize,
    acceptance: Acceptance<(usize, SessionId)>,
    endpoints: [Endpoint; 2],
    /// Those that are not gone.
    sessions: BTreeMap<(usize, SessionId), Known>,
    exchanges: u64,
    refused: usize,
    waited: usize,
    drained: usize,
}

impl World {
    fn new(seed: u64) -> Self {
        let settings = ReliableSessionSettings {
            inactivity_timeout: INACTIVITY,
            max_pending_channels: PENDING,
            ..Default::default()
        };
        let endpoint = |shape| Endpoint {
            shape,
            listener: Listener::new(ReliableMessagingVersion::V11, shape, settings.clone())
                .unwrap(),
            backlog: Backlog::default(),
        };
        let mut random = Random(seed);
        let most = 1 + random.below(3);
        Self {
            random,
            names: Random(!seed),
            now: Time::ZERO,
            most,
            acceptance: Acceptance::new(most),
            endpoints: [endpoint(Shape::RequestReply), endpoint(Shape::OneWay)],
            sessions: BTreeMap::new(),
            exchanges: 0,
            refused: 0,
            waited: 0,
            drained: 0,
        }
    }

    /// Gives an endpoint's sequences an input.
    fn tell(&mut self, at: usize, input: ListenerInput<u64>) {
        let mut moment = Moment::new(jiff::Timestamp::UNIX_EPOCH, self.now, &mut self.names);
        self.endpoints[at].listener.handle(input, &mut moment);
    }

    fn request(&mut self, at: usize, mut message: Message<u64>) {
        self.exchanges += 1;
        let name = Identifier::new(format!("urn:m:{}", self.exchanges));
        message.message_id = Some(name.clone());
        let input =
            ListenerInput::Request { exchange: ExchangeId(self.exchanges), message, tag: None };
        self.tell(at, input);
        self.drain(at);
    }

    fn drain(&mut self, at: usize) {
        let mut gone = Vec::new();
        loop {
            if let Some(output) = self.endpoints[at].listener.poll() {
                self.of_listener(at, output);
            } else if let Some(output) = self.endpoints[at].backlog.poll() {
                self.of_backlog(at, output, &mut gone);
            } else {
                break;
            }
        }
        for id in gone {
            if let Some((next_at, next)) = self.acceptance.ended(&(at, id)) {
                self.accept(next_at, next);
                self.drain(next_at);
            }
        }
    }

    fn accept(&mut self, at: usize, id: SessionId) {
        // Several may go at once: one that is gone already gives its place on in a moment.
        let Some(known) = self.sessions.get_mut(&(at, id.clone())) else { return };
        known.accepted = true;
        self.tell(at, ListenerInput::Accept(id.clone()));
        self.endpoints[at].backlog.handle(BacklogInput::Accepted(id));
    }

    fn of_listener(&mut self, at: usize, output: ListenerOutput<u64>) {
        match output {
            ListenerOutput::Created { session, .. } => {
                self.sessions.insert((at, session.clone()), Known::default());
                self.endpoints[at].backlog.handle(BacklogInput::Created(session.clone()));
                if self.acceptance.created((at, session.clone())) {
                    self.accept(at, session);
                } else {
                    self.waited += 1;
                }
            }
            ListenerOutput::Deliver { session, number, message } => {
                let input = BacklogInput::Delivered { session, number, message };
                self.endpoints[at].backlog.handle(input);
            }
            ListenerOutput::EndOfMessages(id) => {
                self.tell(at, ListenerInput::Close(id));
            }
            ListenerOutput::Closed(id) => {
                let known = self.sessions.get_mut(&(at, id.clone())).expect("it is there");
                known.closed = true;
                self.drained += usize::from(known.executed < known.sent);
                self.endpoints[at].backlog.handle(BacklogInput::Closed(id));
            }
            ListenerOutput::Faulted { session, .. } => {
                self.sessions.get_mut(&(at, session.clone())).expect("it is there").failed = true;
                self.endpoints[at].backlog.handle(BacklogInput::Faulted(session));
            }
            ListenerOutput::Transmit { response: Response::Message(message), .. } => {
                if let Body::Fault(fault) = message.body
                    && let FaultKind::CreateSequenceRefused { connection_limit } = fault.kind
                {
                    assert!(connection_limit);
                    self.refused += 1;
                }
            }
            _ => {}
        }
    }

    fn of_backlog(&mut self, at: usize, output: BacklogOutput<u64>, gone: &mut Vec<SessionId>) {
        match output {
            BacklogOutput::Execute { session, number, message } => {
                let known = self.sessions.get_mut(&(at, session.clone())).expect("it is there");
                assert!(known.accepted, "nothing of a session that waits is executed");
                assert_eq!(known.running.replace(number), None, "one after another");
                assert_eq!((number, message), (known.executed + 1, number), "in order");
                let taken = ListenerInput::Taken { session, number };
                self.tell(at, taken);
            }
            BacklogOutput::Gone(id) => {
                let known = self.sessions.remove(&(at, id.clone())).expect("it is gone once");
                assert!(
                    known.failed || known.executed == known.sent,
                    "what was acknowledged is executed"
                );
                self.tell(at, ListenerInput::Accept(id.clone()));
                gone.push(id);
            }
        }
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
            offer: (self.endpoints[at].shape == Shape::RequestReply).then_some(offer),
            tokens: Vec::new(),
            reply_to: None,
            to: None,
        };
        self.request(at, Message::new(Body::CreateSequence(Box::new(create))));
    }

    /// Some session that fits.
    fn pick(&mut self, fits: impl Fn(&Known) -> bool) -> Option<(usize, SessionId)> {
        let all: Vec<_> =
            self.sessions.iter().filter(|(_, k)| fits(k)).map(|(id, _)| id.clone()).collect();
        let index = self.random.below(all.len());
        all.get(index).cloned()
    }

    fn call(&mut self) {
        let free = |known: &Known| !known.closed && known.sent - known.executed < 8;
        let Some((at, id)) = self.pick(free) else { return };
        let known = self.sessions.get_mut(&(at, id.clone())).expect("picked");
        known.sent += 1;
        let number = known.sent;
        let mut message = Message::new(Body::Application(number));
        message.headers.sequence = Some(Sequence { identifier: id, number, last_message: false });
        self.request(at, message);
    }

    fn finish(&mut self) {
        let Some((at, id)) = self.pick(|known| known.running.is_some()) else { return };
        let known = self.sessions.get_mut(&(at, id.clone())).expect("picked");
        let number = known.running.take().expect("it runs");
        known.executed += 1;
        let done = ListenerInput::Done { session: id.clone(), number, reply: None };
        self.tell(at, done);
        self.endpoints[at].backlog.handle(BacklogInput::Finished(id));
        self.drain(at);
    }

    fn close(&mut self) {
        let Some((at, id)) = self.pick(|known| !known.closed) else { return };
        let last = self.sessions[&(at, id.clone())].sent;
        let last_message_number = (last > 0).then_some(last);
        for body in [Body::CloseSequence, Body::TerminateSequence] {
            let identifier = id.clone();
            let shutdown = Shutdown { identifier, last_message_number, reply_to: None };
            self.request(at, Message::new(body(shutdown)));
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now + time;
        for at in 0..2 {
            while self.endpoints[at].listener.wake_at().is_some_and(|wake| wake <= self.now) {
                self.tell(at, ListenerInput::Tick);
                self.drain(at);
            }
        }
    }

    fn check(&self) {
        let accepted = self.sessions.values().filter(|known| known.accepted).count();
        assert!(accepted <= self.most, "{accepted} of {} are accepted", self.most);
        assert_eq!(accepted, self.acceptance.accepted());
        assert_eq!(self.sessions.len() - accepted, self.acceptance.waiting());
        assert!(accepted == self.most || self.acceptance.waiting() == 0, "a place is free");
        for at in 0..2 {
            let waiting = self.sessions.iter().filter(|((e, _), k)| *e == at && !k.accepted);
            assert!(waiting.count() <= PENDING as usize, "no more wait than may");
        }
        let backlog: BTreeSet<_> =
            self.endpoints.iter().flat_map(|e| e.backlog.sessions()).collect();
        assert_eq!(backlog.len(), self.sessions.len());
    }
}

#[test]
fn sessions_wait_for_their_place_and_none_is_forgotten() {
    let (mut refused, mut waited, mut drained) = (0, 0, 0);
    for seed in 0..300 {
        let mut world = World::new(seed);
        for _ in 0..400 {
            match world.random.below(12) {
                0 | 1 => world.create(),
                2..=5 => world.call(),
                6..=8 => world.finish(),
                9 => world.close(),
                _ => {
                    let millis = 100 + world.random.below(9000) as u64;
                    world.pass(Duration::from_millis(millis));
                }
            }
            world.check();
        }
        for _ in 0..2000 {
            world.finish();
            world.pass(Duration::from_secs(1));
            world.check();
        }
        assert_eq!(
            (world.acceptance.accepted(), world.acceptance.waiting()),
            (0, 0),
            "seed {seed}"
        );
        assert!(world.sessions.is_empty() && world.endpoints.iter().all(|e| e.backlog.is_empty()));
        refused += world.refused;
        waited += world.waited;
        drained += world.drained;
    }
    assert!(refused > 100 && waited > 100 && drained > 100, "{refused} {waited} {drained}");
}
