//! Sessions of a WCF client and service over net.tcp, one of whose ends is ours: it says what WCF's said, and at the end both
//! have ended in order. The time and what is drawn at random are the capture's.
//!
//! Which message an acknowledgement rides along with, or whether it goes alone, is decided at WCF by which of two threads is
//! first. So messages are compared without it, and counted when they are the same with it. What was under way when a
//! connection broke is sent again here as soon as there is another one, where WCF waits for its timer.
//!
//! Protected messages are compared as they were before they were protected; with their Security header they are the same where
//! their acknowledgements are. The other end verifies each with the keys of the recording.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use waxwing_reliable::{Body, Message};
use waxwing_session::{
    CallbackId, ClientInput, DuplexInput, Execution, LinkId, LinkNews, ServiceInput,
    VerifiedRequest,
};
use waxwing_soap::{Addressing, Envelope};
use waxwing_xml::Limits;

use crate::captured::{Event, What};
use crate::kit::{Ends, Packet, Setup, Side, reset};
use crate::protected::{Reader, made_at, set_clock};
use crate::random::Random;
use crate::recorded::{
    Drawn, ENDS_WITH_AN_ERROR, Later, Recorded, application, bare, is_alone, is_cancel, read, text,
};
use crate::replay::octets_of;

/// What our end has sent: as it was, and before it was protected.
struct Sent {
    whole: Envelope,
    plain: Envelope,
}

/// Our end, and what the recording makes of it.
pub struct Player<'a> {
    recorded: &'a Recorded,
    side: Side,
    ends: Ends,
    /// The other end, where messages are protected.
    reader: Option<Reader>,
    /// What our end has sent and nobody has looked at.
    sent: VecDeque<Sent>,
    /// Names that our end draws when their messages come.
    later: Later,
    /// Our names of the links that were recorded.
    links: BTreeMap<usize, LinkId>,
    /// The link that our client has dialed last.
    dialed: Option<LinkId>,
    has_ended: bool,
    running: Vec<Execution>,
    callbacks: Vec<(CallbackId, Arc<VerifiedRequest>)>,
    session: Option<String>,
    /// The application's messages that our end was given to send.
    given: u64,
    application: BTreeMap<u64, &'a Envelope>,
    /// Numbers that our end has sent, to tell what is sent again.
    numbers: BTreeSet<u64>,
    /// Messages that were the same with their acknowledgements, and all.
    equal: usize,
    all: usize,
}

impl<'a> Player<'a> {
    pub fn new(recorded: &'a Recorded, side: Side) -> Self {
        let mut setup = Setup::new(Random::new(20));
        let to = recorded.address();
        // What the service calls itself, behind the recorder.
        let own = recorded.of(Side::Service).filter_map(|m| Addressing::read(m).unwrap().reply_to);
        setup.address = own.map(|own| own.address).next().unwrap_or_else(|| to.clone());
        setup.to = to;
        setup.any_address = true;
        setup.reliable = recorded.reliable.then_some(recorded.version);
        setup.one_way = recorded.name == "tcp-rm-oneway";
        if recorded.name == "tcp-rm-idle-keepalive" {
            setup.inactivity = Duration::from_secs(6);
        }
        if let Some(protected) = &recorded.protected {
            let (to, address) = (&setup.to, &setup.address);
            setup.protected = Some((protected.client(to), protected.service(address)));
        }
        let application = recorded.application(side);
        let (to, address) = (setup.to.clone(), setup.address.clone());
        let mut ends = Ends::new(setup);
        let (mut first, later) = recorded.drawn(side);
        if recorded.protected.is_none() {
            // Nothing else is drawn: each comes in its turn.
            first.extend(later.borrow_mut().drain(..).map(Vec::from));
        }
        let rest = recorded.protected.as_ref().map(|_| Random::new(11));
        let drawn = Drawn { first, later: later.clone(), rest };
        let reader = recorded.protected.as_ref().map(|protected| {
            let first = recorded.wholes(Side::Client).find_map(made_at).expect("a time");
            set_clock(&mut ends, first);
            let address = if side == Side::Client { &address } else { &to };
            ends.at(|at| protected.reader(side, address, at))
        });
        match (&recorded.protected, side) {
            (Some(protected), Side::Client) => protected.open(&mut ends, drawn),
            (Some(protected), Side::Service) => {
                protected.answer(&mut ends);
                ends.random = Box::new(drawn);
            }
            (None, _) => ends.random = Box::new(drawn),
        }
        if side == Side::Client && recorded.protected.is_none() {
            ends.open();
        }
        let mut player = Self {
            recorded,
            side,
            ends,
            reader,
            sent: VecDeque::new(),
            later,
            links: BTreeMap::new(),
            dialed: None,
            has_ended: false,
            running: Vec::new(),
            callbacks: Vec::new(),
            session: None,
            given: 0,
            application,
            numbers: BTreeSet::new(),
            equal: 0,
            all: 0,
        };
        player.settle();
        player
    }

    /// Our end has sent this.
    fn sends(&mut self, link: LinkId, octets: &[u8]) {
        let whole = Envelope::parse(octets, &Limits::SOAP).unwrap();
        let id = Addressing::read(&whole).unwrap().message_id;
        let is_next = |name: &[u8; 16]| id.as_deref().is_some_and(|id| octets_of(id) == *name);
        if self.later.borrow().front().is_some_and(is_next) {
            self.later.borrow_mut().pop_front();
        }
        if let Some(reader) = &mut self.reader {
            self.ends.at(|at| reader.hears(link, &whole, at));
        }
        let plain = self.recorded.unprotected(&whole);
        self.sent.push_back(Sent { whole, plain });
    }

    /// Takes what came out of our end.
    fn settle(&mut self) {
        loop {
            let out = match self.side {
                Side::Client => self.ends.up.pop_front(),
                Side::Service => self.ends.down.pop_front(),
            };
            let Some((link, packet)) = out else { break };
            match packet {
                Packet::Dial => {
                    self.dialed = Some(link);
                    self.ends.client(ClientInput::Link { link, news: LinkNews::Open });
                }
                Packet::Accept => {}
                Packet::Message(octets) => self.sends(link, &octets),
                Packet::End => self.has_ended = true,
                Packet::Abort => assert!(self.links.len() > 1, "only a link that was replaced"),
            }
        }
        for execution in std::mem::take(&mut self.ends.executions) {
            self.session = Some(execution.session.clone().unwrap().to_string());
            match execution.request.addressing().message_id {
                Some(_) => self.running.push(execution),
                None => self.ends.finished(&execution, None),
            }
        }
        for (callback, request) in std::mem::take(&mut self.ends.callbacks) {
            match request.addressing().message_id {
                Some(_) => self.callbacks.push((callback, request)),
                None => self.ends.executed(callback, None),
            }
        }
        let more = match self.side {
            Side::Client => &self.ends.up,
            Side::Service => &self.ends.down,
        };
        if !(more.is_empty() && self.ends.executions.is_empty() && self.ends.callbacks.is_empty()) {
            self.settle();
        }
    }

    fn tick(&mut self, at: u64) {
        self.ends.millis = self.ends.millis.max(at);
        match self.side {
            Side::Client => self.ends.client(ClientInput::Tick),
            Side::Service => {
                self.ends.service(DuplexInput::Tick);
                self.ends.sessions(ServiceInput::Tick);
            }
        }
        self.settle();
    }

    fn wake_at(&self) -> Option<u64> {
        let at = match self.side {
            Side::Client => self.ends.client.wake_at(),
            Side::Service => self.ends.duplex.wake_at(),
        };
        at.map(|at| at.elapsed().as_nanos().div_ceil(1_000_000) as u64)
    }

    /// What the other end has sent arrives.
    fn arrive(&mut self, link: usize, envelope: &Envelope) {
        let known = self.links.len() as u64;
        match self.side {
            Side::Client => {
                let link = self.dialed.expect("a link");
                let news = LinkNews::Message(Box::new(envelope.clone()));
                self.ends.client(ClientInput::Link { link, news });
            }
            Side::Service => {
                let is_new = !self.links.contains_key(&link);
                let link = *self.links.entry(link).or_insert(LinkId(known + 1));
                if is_new {
                    self.ends.service(DuplexInput::Offered(link));
                }
                self.ends.arrives(link, &envelope.to_bytes());
            }
        }
        self.settle();
    }

    fn broken(&mut self, link: usize, is_reset: bool) {
        let link = match self.side {
            Side::Client => self.dialed,
            Side::Service => self.links.get(&link).copied(),
        };
        let Some(link) = link else { return };
        match (self.side, is_reset) {
            (Side::Client, true) => {
                let news = LinkNews::Lost(reset());
                self.ends.client(ClientInput::Link { link, news });
            }
            (Side::Client, false) => {
                self.ends.client(ClientInput::Link { link, news: LinkNews::End });
            }
            (Side::Service, true) => {
                self.ends.service(DuplexInput::Lost { link, failure: reset() });
            }
            (Side::Service, false) => self.ends.service(DuplexInput::End(link)),
        }
        self.settle();
    }

    /// Whatever made WCF's end send this.
    fn cause(&mut self, message: &Message<()>, is_last: bool) {
        match (&message.body, &message.headers.sequence) {
            (Body::Application(()), _)
                if is_last && self.side == Side::Client && !self.recorded.reliable =>
            {
                self.ends.close();
            }
            (Body::Application(()), _) if is_last => {}
            (Body::Application(()), sequence) => {
                let number = sequence.as_ref().map_or(self.given + 1, |sequence| sequence.number);
                // Two threads of WCF may put two messages on a connection in the other order.
                while self.given < number {
                    self.given += 1;
                    self.give(self.given);
                }
            }
            (Body::LastMessage | Body::CloseSequence(_), _) if self.side == Side::Client => {
                self.ends.close();
            }
            (Body::Fault(fault), _) => {
                let reason = fault.reason.clone();
                self.ends.client(ClientInput::Abort { reason });
            }
            _ => {}
        }
        self.settle();
    }

    /// The application sends its message of this number.
    fn give(&mut self, number: u64) {
        let envelope = self.application[&number];
        let addressing = Addressing::read(envelope).unwrap();
        let message = application(envelope, &addressing);
        let is_for =
            |request: &VerifiedRequest| request.addressing().message_id == addressing.relates_to;
        match (self.side, addressing.relates_to.is_some()) {
            (Side::Client, false) => self.ends.send(number, message),
            (Side::Client, true) => {
                let found = self.callbacks.iter().position(|(_, request)| is_for(request));
                let (callback, _) = self.callbacks.remove(found.expect("the callback runs"));
                self.ends.executed(callback, Some(message));
            }
            (Side::Service, false) => {
                let session = self.session.clone().expect("somebody has called");
                self.ends.call_back(&session, number, message);
            }
            (Side::Service, true) => {
                let found = self.running.iter().position(|e| is_for(&e.request));
                let execution = self.running.remove(found.expect("the call runs"));
                self.ends.finished(&execution, Some(message));
            }
        }
        self.settle();
    }

    /// Our end says what WCF's said.
    fn expect(&mut self, place: &str, (expected, whole): (&Envelope, &Envelope), at: u64) {
        let version = self.recorded.version;
        let message = read(expected, version);
        self.cause(&message, is_cancel(expected));
        let kind = |envelope: &Envelope| {
            let message = read(envelope, version);
            let number = message.headers.sequence.map(|sequence| sequence.number);
            (std::mem::discriminant(&message.body), number, is_cancel(envelope))
        };
        let wanted = kind(expected);
        let number = wanted.1;
        // WCF's process was slow enough to send a message again whose acknowledgement was under way.
        let is_again = number.is_some_and(|number| self.numbers.contains(&number));
        let may_lack = is_alone(&message) || is_again;
        let patience = if may_lack { at + 300 } else { at + 15_000 };
        let found = loop {
            let found = self.sent.iter().position(|ours| kind(&ours.plain) == wanted);
            if let Some(found) = found {
                break self.sent.remove(found);
            }
            match self.wake_at().filter(|at| *at <= patience) {
                Some(at) => self.tick(at),
                None => break None,
            }
        };
        self.all += 1;
        let Some(Sent { whole: own_whole, plain: ours }) = found else {
            let sent: Vec<_> = self.sent.iter().map(|m| m.plain.document().to_xml()).collect();
            assert!(may_lack, "{place}: this is not sent, but {sent:#?}");
            return;
        };
        self.numbers.extend(number);
        assert_eq!(bare(&ours, version), bare(expected, version), "{place}");
        let (own, theirs) =
            (read(&ours, version).headers.acknowledgement, message.headers.acknowledgement);
        if let (Some(own), Some(theirs)) = (own, theirs) {
            assert_eq!((&own.identifier, own.is_final), (&theirs.identifier, theirs.is_final));
            assert!(own.ranges.contains_all(&theirs.ranges), "{place}: {own:?} {theirs:?}");
            assert_eq!(own.buffer_remaining.is_some(), theirs.buffer_remaining.is_some());
        }
        let is_equal = text(&ours) == text(expected);
        if let (true, Some(protected)) = (is_equal, &self.recorded.protected) {
            protected.assert_same(&own_whole, whole, place);
        }
        self.equal += usize::from(is_equal);
    }

    /// It is the hour when our end's next message was made by WCF's, which says so.
    fn set_clock(&mut self, from: usize) {
        let next = self.recorded.events[from..].iter().find_map(|event| match &event.what {
            What::Message { from, envelope, .. } if *from == self.side => made_at(envelope),
            _ => None,
        });
        next.into_iter().for_each(|made| set_clock(&mut self.ends, made));
    }

    fn is_told_of_an_abort(&self) -> bool {
        self.recorded.name == ENDS_WITH_AN_ERROR && self.side == Side::Service
    }

    pub fn play(mut self) -> (usize, usize) {
        let recorded = self.recorded;
        for (place, event) in recorded.events.iter().enumerate() {
            let Event { at, link, what } = event;
            self.ends.millis = self.ends.millis.max(*at);
            self.set_clock(place);
            match what {
                What::Message { from, name, envelope, plain } if *from == self.side => {
                    let name = format!("{} {name}", recorded.name);
                    self.expect(&name, (plain, envelope), *at);
                }
                What::Message { envelope, .. } => self.arrive(*link, envelope),
                What::Cut { reset } => self.broken(*link, *reset),
                What::End(from) if *from != self.side => self.broken(*link, false),
                What::End(_) => {}
            }
        }
        self.end();
        (self.equal, self.all)
    }

    /// Both sequences have ended in order, and nothing more was said than WCF said.
    fn end(&mut self) {
        let name = self.recorded.name;
        let version = self.recorded.version;
        for ours in &self.sent {
            let message = read(&ours.plain, version);
            let number = message.headers.sequence.as_ref().map(|s| s.number);
            let is_again = number.is_some_and(|number| self.numbers.contains(&number));
            assert!(is_alone(&message) || is_again, "{name}: {}", ours.plain.document().to_xml());
        }
        let warnings = &self.ends.warnings;
        assert_eq!(!warnings.is_empty(), self.is_told_of_an_abort(), "{name}: {warnings:?}");
        assert!(self.has_ended, "{name}: the connection is ended");
        match self.side {
            Side::Client => {
                let ended = self.ends.ended.as_ref().map(Result::is_ok);
                assert_eq!(
                    ended,
                    Some(name != ENDS_WITH_AN_ERROR),
                    "{name}: {:?}",
                    self.ends.ended
                );
            }
            Side::Service => {
                let left =
                    (self.ends.sessions.session_count(), self.ends.duplex.conversation_count());
                assert_eq!(left, (0, 0), "{name}");
                assert_eq!(self.ends.security().session_count(), 0, "{name}");
            }
        }
        let outcomes = self.ends.completed.values().chain(self.ends.called.values());
        assert!(outcomes.clone().all(Result::is_ok), "{name}");
        let requests = self.application.values();
        let requests = requests.filter(|m| Addressing::read(m).unwrap().relates_to.is_none());
        assert_eq!(outcomes.count(), requests.count(), "{name}: every call has ended");
        assert!(self.running.is_empty() && self.callbacks.is_empty(), "{name}");
    }
}

/// Every recorded reliable session without security in its messages, and how many of the messages of the client and of the
/// service are the same with their acknowledgements.
const SESSIONS: [(&str, usize, usize); 12] = [
    ("tcp-rm", 8, 5),
    ("tcp-rm11", 9, 8),
    ("tcp-rm-oneway", 6, 2),
    ("tcp-rm-mixed-oneway", 8, 4),
    ("tcp-rm-large", 7, 3),
    ("tcp-rm-idle-keepalive", 9, 6),
    ("tcp-rm-cut-fin", 10, 7),
    ("tcp-rm-cut-response-lost", 10, 7),
    ("tcp-fault-application-rm", 6, 4),
    ("tcp-duplex-rm", 10, 8),
    ("tcp-duplex-rm-cut", 10, 10),
    ("tcp-tls-rm", 7, 4),
];

/// Plays recorded sessions with ours in the place of `side`: `sessions` says how many messages are the same at least, of a client and
/// of a service.
pub fn play(sessions: &[(&'static str, usize, usize)], side: Side) {
    for &(name, client, service) in sessions {
        let recorded = Recorded::read(name, side);
        let (equal, all) = Player::new(&recorded, side).play();
        println!("{name}: {equal} of {all} are the same with their acknowledgements");
        let least = if side == Side::Client { client } else { service };
        assert!(equal >= least, "{name}: only {equal} of {all}");
    }
}

#[test]
fn in_the_clients_place() {
    play(&SESSIONS, Side::Client);
}

#[test]
fn in_the_services_place() {
    play(&SESSIONS, Side::Service);
}
