//! A client that crashes, a store that fails, a service that is away or forgets, in virtual time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use waxwing_reliable::{CallId, Identifier, Ranges, SavedCall, SavedClient, SavedEnd};
use waxwing_session::{
    AppMessage, ApplicationMessage, ClientSessionChange, Moment, SavedClientSession, Ticket, Time,
};
use waxwing_soap::{Envelope, MessageVersion, RandomSource};
use waxwing_store::StoreError;

use crate::outbox::engine::*;

/// A generator that is the same everywhere (SplitMix64).
pub(super) struct Seeded(u64);

impl Seeded {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn one_in(&mut self, many: u64) -> bool {
        self.next().is_multiple_of(many)
    }
}

impl RandomSource for Seeded {
    fn fill(&mut self, out: &mut [u8]) {
        out.iter_mut().for_each(|octet| *octet = self.next() as u8);
    }
}

/// What is to be written.
pub(super) struct Unit {
    pub(super) change: Change,
    pub(super) entries: BTreeMap<Place, Entry>,
    pub(super) version: u64,
}

/// What the store has.
#[derive(Clone, Default)]
pub(super) struct Disk {
    pub(super) state: StateNow,
    pub(super) version: u64,
    pub(super) calls: BTreeMap<Place, Entry>,
    pub(super) notes: BTreeMap<Place, Entry>,
    pub(super) dead_letters: BTreeSet<Place>,
}

impl Disk {
    /// Nothing, if the state does not follow the one that is there.
    fn apply(&mut self, unit: &Unit) -> bool {
        let Unit { change, entries, version } = unit;
        if let Some(state) = &change.state {
            if *version != self.version + 1 {
                return false;
            }
            (self.state, self.version) = (state.clone(), *version);
        }
        for part in &change.parts {
            match part {
                Part::Call(place) => {
                    self.calls.insert(*place, entries[place].clone());
                }
                Part::DropMessage(place) => drop(self.calls.remove(place)),
                Part::Note(place, state, _) => {
                    let entry = Entry { state: state.clone(), ..entries[place].clone() };
                    self.notes.insert(*place, entry);
                }
                Part::DropNote(place) => drop(self.notes.remove(place)),
                Part::DeadLetter(place, _) => drop(self.dead_letters.insert(*place)),
                Part::DropDeadLetter(place) => assert!(self.dead_letters.remove(place)),
            }
        }
        true
    }

    pub(super) fn kept(&self) -> Kept {
        let mut entries = self.calls.clone();
        entries.extend(self.notes.clone());
        Kept { state: self.state.clone(), entries: entries.into_iter().collect() }
    }
}

/// The session of a client, as the engine below has it.
pub(super) struct Session {
    pub(super) number: SessionNumber,
    pub(super) saved: SavedClient,
    pub(super) tickets: u64,
    /// What is told once a ticket is durable.
    pub(super) gate: VecDeque<(u64, Vec<(u64, Place)>)>,
    /// Sent and not answered.
    pub(super) sent: BTreeMap<u64, Place>,
    pub(super) opening: bool,
}

/// The service: the calls that it has executed in each sequence, and all of them in order.
#[derive(Default)]
pub(super) struct Service {
    pub(super) sequences: BTreeMap<String, BTreeSet<u64>>,
    pub(super) made: u64,
    pub(super) executed: Vec<Place>,
    pub(super) away: bool,
}

pub(super) struct World {
    pub(super) random: Seeded,
    pub(super) now: Duration,
    pub(super) settings: Settings,
    pub(super) engine: Engine,
    pub(super) disk: Disk,
    pub(super) commits: VecDeque<(CommitId, Unit)>,
    pub(super) session: Option<Session>,
    pub(super) service: Service,
    pub(super) told: BTreeMap<Ask, Result<Told, Refusal>>,
    pub(super) asks: u64,
    pub(super) reconcile: Option<Place>,
    pub(super) handle: Option<Place>,
    pub(super) settled: BTreeSet<Place>,
    /// What was promised to the application: keys that are kept.
    pub(super) promised: BTreeMap<Arc<str>, Place>,
    /// How often the state was given to be written.
    pub(super) version: u64,
    pub(super) doubts: usize,
    pub(super) trouble: u64,
}

pub(super) fn message() -> AppMessage {
    let envelope = Envelope::new(MessageVersion::SOAP12_ADDRESSING10);
    AppMessage::new(ApplicationMessage {
        action: "urn:reply".into(),
        message_id: None,
        relates_to: None,
        reply_to: None,
        envelope,
    })
}

pub(super) fn call(key: &str, content: u8) -> NewCall {
    NewCall {
        key: Arc::from(key),
        digest: [content; 32],
        action: Arc::from("urn:do"),
        one_way: false,
        idempotent: false,
        octets: 10,
    }
}

impl World {
    pub(super) fn new(seed: u64, settings: Settings) -> Self {
        let mut world = Self {
            random: Seeded(seed),
            now: Duration::from_secs(1),
            engine: Engine::new(settings.clone(), Kept::default()),
            settings,
            disk: Disk::default(),
            commits: VecDeque::new(),
            session: None,
            service: Service::default(),
            told: BTreeMap::new(),
            asks: 0,
            reconcile: None,
            handle: None,
            settled: BTreeSet::new(),
            promised: BTreeMap::new(),
            version: 0,
            doubts: 0,
            trouble: 12,
        };
        world.give(Input::Tick);
        world
    }

    pub(super) fn moment<'a>(now: Duration, random: &'a mut Seeded) -> Moment<'a> {
        let wall = Timestamp::from_second(1_700_000_000).unwrap() + now;
        Moment { wall, time: Time::since_start(now), random }
    }

    pub(super) fn give(&mut self, input: Input) {
        self.engine.handle(input, &mut Self::moment(self.now, &mut self.random));
        while let Some(output) = self.engine.poll() {
            self.act(output);
        }
    }

    fn act(&mut self, output: Output) {
        match output {
            Output::Commit(id, change) => {
                self.version += u64::from(change.state.is_some());
                let entries = self.engine.entries.clone();
                let version = self.version;
                self.commits.push_back((id, Unit { change, entries, version }));
            }
            Output::Answer(ask, told) => drop(self.told.insert(ask, told)),
            Output::Open(number) => {
                let saved = SavedClient {
                    sequence: Identifier::new(""),
                    back: None,
                    last: 0,
                    unanswered: Vec::new(),
                    received: Ranges::new(),
                    end: SavedEnd::Open,
                };
                self.begin(number, saved, true);
            }
            Output::Restore(number, saved, places) => {
                let numbered = saved.reliable.unanswered.iter();
                let numbered: Vec<_> =
                    numbered.filter_map(|c| c.call).map(|c| Place(c.0)).collect();
                assert_eq!(numbered, places, "all of them, in order");
                self.begin(number, saved.reliable, false);
            }
            Output::Send(number, place) => self.send(number, place),
            Output::Persisted(number, ticket) => {
                let Some(session) = self.session.as_mut().filter(|s| s.number == number) else {
                    return;
                };
                while session.gate.front().is_some_and(|(own, _)| *own <= ticket.0) {
                    let (_, sent) = session.gate.pop_front().unwrap();
                    session.sent.extend(sent);
                }
            }
            // The session asks again and again.
            Output::CloseSession(_) if self.service.away => {}
            Output::CloseSession(number) => {
                let session = self.session.take().filter(|s| s.number == number).expect("one");
                assert!(session.sent.is_empty(), "nothing is under way");
                self.service.sequences.remove(session.saved.sequence.as_str());
                self.give(Input::Session(number, News::Closed));
            }
            Output::Discard(_) => self.session = None,
            Output::Settled(place) => drop(self.settled.insert(place)),
            Output::Reconcile(place) => self.reconcile = Some(place),
            Output::Handle(place) => self.handle = Some(place),
            Output::Event(OutboxEvent::InDoubt { .. }) => self.doubts += 1,
            Output::Event(_) => {}
            Output::Reload(_) => self.crash(),
            Output::Fenced => panic!("nobody else has it"),
            Output::Ended => {}
        }
    }

    fn begin(&mut self, number: SessionNumber, saved: SavedClient, opening: bool) {
        assert!(self.session.is_none(), "one session at a time");
        let calls = saved.unanswered.iter().filter_map(|c| Some((c.number, Place(c.call?.0))));
        let sent = calls.collect();
        let gate = VecDeque::new();
        self.session = Some(Session { number, saved, tickets: 0, gate, sent, opening });
    }

    pub(super) fn persist(
        &mut self,
        completed: Vec<(CallId, Option<AppMessage>)>,
        sends: Vec<(u64, Place)>,
    ) {
        let Some(session) = &mut self.session else { return };
        session.tickets += 1;
        session.gate.push_back((session.tickets, sends));
        let reliable = session.saved.clone();
        let saved = SavedClientSession { to: "urn:x".into(), security: None, reliable };
        let change = Box::new(ClientSessionChange { saved, completed });
        let news = News::Persist(Ticket(session.tickets), change);
        let number = session.number;
        self.give(Input::Session(number, news));
    }

    fn send(&mut self, number: SessionNumber, place: Place) {
        let Some(session) = self.session.as_mut().filter(|s| s.number == number) else { return };
        session.saved.last += 1;
        let message_number = session.saved.last;
        let call = Some(CallId(place.0));
        session.saved.unanswered.push(SavedCall { number: message_number, call, message_id: None });
        self.persist(Vec::new(), vec![(message_number, place)]);
    }

    /// The process is killed: a part of what it had begun to write is written. Another one begins.
    pub(super) fn crash(&mut self) {
        let done = (self.random.next() % (self.commits.len() as u64 + 1)) as usize;
        for (_, unit) in self.commits.drain(..).take(done) {
            self.disk.apply(&unit);
        }
        self.commits.clear();
        self.version = self.disk.version;
        (self.session, self.reconcile, self.handle) = (None, None, None);
        self.engine = Engine::new(self.settings.clone(), self.disk.kept());
        self.give(Input::Tick);
    }

    pub(super) fn commit(&mut self) {
        let Some((id, unit)) = self.commits.pop_front() else { return };
        if self.trouble > 0 && self.random.one_in(40) {
            let error = StoreError::Unavailable("down".into());
            return self.give(Input::Stored(id, Stored::Refused(error)));
        }
        let is_certain = self.trouble == 0 || !self.random.one_in(60);
        if (is_certain || self.random.one_in(2)) && !self.disk.apply(&unit) {
            return self.give(Input::Stored(id, Stored::Uncertain("stale".into())));
        }
        let stored = match is_certain {
            true => Stored::Done,
            false => Stored::Uncertain("the connection broke".into()),
        };
        self.give(Input::Stored(id, stored));
    }

    /// Something happens on the way or at the service.
    pub(super) fn exchange(&mut self) {
        let Some(session) = &mut self.session else { return };
        let number = session.number;
        if self.service.away {
            let why = "nobody there".to_owned();
            let news = match session.opening {
                true => News::Ended(Ending::Away, why),
                false => News::Lost(why),
            };
            return self.give(Input::Session(number, news));
        }
        if session.opening {
            session.opening = false;
            self.service.made += 1;
            let name = format!("urn:s{}", self.service.made);
            self.service.sequences.insert(name.clone(), BTreeSet::new());
            session.saved.sequence = Identifier::new(name);
            self.persist(Vec::new(), Vec::new());
            return self.give(Input::Session(number, News::Opened));
        }
        let Some((message, place)) = session.sent.iter().next().map(|(n, p)| (*n, *p)) else {
            return;
        };
        let Some(numbers) = self.service.sequences.get_mut(session.saved.sequence.as_str()) else {
            let ending = match self.random.one_in(3) {
                true => Ending::Forgotten,
                false => Ending::SaidForgotten,
            };
            return self.give(Input::Session(number, News::Ended(ending, "unknown".into())));
        };
        assert!(message == 1 || numbers.contains(&(message - 1)), "no hole in the numbers");
        if numbers.insert(message) {
            self.service.executed.push(place);
        }
        if self.trouble > 0 && self.random.one_in(5) {
            return self.give(Input::Session(number, News::Lost("the answer is lost".into())));
        }
        session.sent.remove(&message);
        session.saved.unanswered.retain(|call| call.number != message);
        self.give(Input::Session(number, News::Heard));
        self.persist(vec![(CallId(place.0), Some(self::message()))], Vec::new());
    }

    pub(super) fn ask(&mut self, input: impl FnOnce(Ask) -> Input) -> Ask {
        self.asks += 1;
        let ask = Ask(self.asks);
        self.give(input(ask));
        ask
    }

    fn hooks(&mut self) {
        if let Some(place) = self.reconcile.take() {
            let verdict = match (self.random.one_in(3), self.service.executed.contains(&place)) {
                (true, _) => Err("the database is away".to_owned()),
                (false, true) => Ok(Verdict::Delivered(Some(message()))),
                (false, false) => Ok(Verdict::SendAgain),
            };
            self.give(Input::Reconciled(place, verdict));
        }
        if let Some(place) = self.handle.take() {
            let result = if self.random.one_in(3) { Err("not now".into()) } else { Ok(()) };
            self.give(Input::Handled(place, result));
        }
    }

    pub(super) fn step(&mut self) {
        self.now += Duration::from_millis(50);
        for _ in 0..self.random.next() % 4 {
            self.commit();
        }
        for _ in 0..self.random.next() % 3 {
            self.exchange();
        }
        self.hooks();
        if self.trouble > 0 {
            match self.random.next() % 400 {
                0..4 => {
                    self.trouble -= 1;
                    self.crash();
                }
                4..8 => self.service.away = true,
                8..10 => {
                    self.trouble -= 1;
                    self.service.sequences.clear();
                }
                _ if self.random.one_in(30) => self.service.away = false,
                _ => {}
            }
        } else {
            self.service.away = false;
        }
        let due = self.engine.wake_at(&Self::moment(self.now, &mut self.random));
        if due.is_some_and(|due| due.elapsed() <= self.now) {
            self.give(Input::Tick);
        }
    }
}
