//! Reliable sessions of a WCF client and service over net.tcp, one of whose ends is ours: it says what WCF's said, and at the
//! end both have ended in order. The time and what is drawn at random are the capture's.
//!
//! Which message an acknowledgement rides along with, or whether it goes alone, is decided at WCF by which of two threads is
//! first. So messages are compared without it, and counted when they are the same with it. What was under way when a
//! connection broke is sent again here as soon as there is another one, where WCF waits for its timer.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use waxwing_reliable::{Body, Identifier, Message, ReliableMessagingVersion, codec};
use waxwing_session::{
    AppMessage, ApplicationMessage, CallbackId, ClientInput, DuplexInput, Execution, LinkId,
    LinkNews, ServiceInput, VerifiedRequest,
};
use waxwing_soap::{Addressing, Envelope, RandomSource};
use waxwing_xml::{Exclusive, Limits, canonicalize};

use crate::captured::{Event, Scenario, What};
use crate::kit::{Ends, Packet, Setup, Side, VERSION, reset};
use crate::replay::{REPEATED, octets_of};

/// Names of the capture, each once, in order. What is drawn beside them says nothing on the wire.
struct Drawn(VecDeque<[u8; 16]>);

impl RandomSource for Drawn {
    fn fill(&mut self, octets: &mut [u8]) {
        let next = self.0.pop_front().expect("no more is drawn than was captured");
        octets.copy_from_slice(&next);
    }
}

/// One recorded reliable session.
struct Recorded {
    name: &'static str,
    version: ReliableMessagingVersion,
    events: Vec<Event>,
}

/// An operation of WCF that ends with an error ends the session, and its client gives it up. Here the error is answered and
/// the session goes on, so that what WCF's service says then is not said.
const ENDS_WITH_AN_ERROR: &str = "tcp-fault-application-rm";

/// Whether this is the end that WCF's service makes after an error.
fn of_the_end(what: &What, version: ReliableMessagingVersion) -> bool {
    let What::Message { from, envelope, .. } = what else { return false };
    let message = read(envelope, version);
    let ranges = message.headers.acknowledgement.map(|a| a.ranges.contains(4));
    match from {
        Side::Service => matches!(message.body, Body::LastMessage | Body::TerminateSequence(_)),
        Side::Client => ranges == Some(true),
    }
}

/// A message that an end sent, as reliable messaging sees it.
fn read(envelope: &Envelope, version: ReliableMessagingVersion) -> Message<()> {
    codec::read(envelope, version).unwrap_or_else(|error| panic!("{error}"))
}

impl Recorded {
    fn read(name: &'static str, side: Side) -> Self {
        use ReliableMessagingVersion::{February2005, V11};
        let mut events = Scenario::read(name).events(side);
        let version = if name == "tcp-rm11" { V11 } else { February2005 };
        if name == ENDS_WITH_AN_ERROR {
            events.retain(|event| !of_the_end(&event.what, version));
        }
        Self { name, version, events }
    }

    /// The messages of an end.
    fn of(&self, side: Side) -> impl Iterator<Item = &Envelope> {
        self.events.iter().filter_map(move |event| match &event.what {
            What::Message { from, envelope, .. } if *from == side => Some(envelope),
            _ => None,
        })
    }

    fn address(&self) -> String {
        let first = self.of(Side::Client).next().unwrap();
        Addressing::read(first).unwrap().to.unwrap()
    }

    /// What this end drew: the names of its requests and of its sequence.
    fn drawn(&self, side: Side) -> Drawn {
        let messages = || self.of(side).map(|envelope| read(envelope, self.version));
        let id_of = |wanted: fn(&Body<()>) -> bool| {
            messages().find(|m| wanted(&m.body)).and_then(|m| m.message_id)
        };
        let mut names: Vec<Identifier> = Vec::new();
        match messages().next().unwrap().body {
            Body::CreateSequence(create) => {
                names.extend(id_of(|b| matches!(b, Body::CreateSequence(_))));
                names.extend(create.offer.map(|offer| offer.identifier));
            }
            Body::CreateSequenceResponse(response) => names.push(response.identifier),
            other => panic!("a session begins with {other:?}"),
        }
        names.extend(id_of(|b| matches!(b, Body::CloseSequence(_))));
        names.extend(id_of(|b| matches!(b, Body::TerminateSequence(_))));
        Drawn(names.iter().map(|name| octets_of(name.as_str())).collect())
    }

    /// The application's messages of an end by their numbers.
    fn application(&self, side: Side) -> BTreeMap<u64, &Envelope> {
        let own = self.of(side).filter_map(|envelope| {
            let message = read(envelope, self.version);
            let is_own = matches!(message.body, Body::Application(()));
            let number = message.headers.sequence.filter(|_| is_own)?.number;
            Some((number, envelope))
        });
        own.collect()
    }
}

/// Our end, and what the recording makes of it.
struct Player<'a> {
    recorded: &'a Recorded,
    side: Side,
    ends: Ends,
    /// What our end has sent and nobody has looked at.
    sent: VecDeque<Envelope>,
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
    fn new(recorded: &'a Recorded, side: Side) -> Self {
        let mut setup = Setup::new(recorded.drawn(side));
        let to = recorded.address();
        // What the service calls itself, behind the recorder.
        let own = recorded.of(Side::Service).filter_map(|m| Addressing::read(m).unwrap().reply_to);
        setup.address = own.map(|own| own.address).next().unwrap_or_else(|| to.clone());
        setup.to = to;
        setup.any_address = true;
        setup.reliable = Some(recorded.version);
        setup.one_way = recorded.name == "tcp-rm-oneway";
        if recorded.name == "tcp-rm-idle-keepalive" {
            setup.inactivity = Duration::from_secs(6);
        }
        let application = recorded.application(side);
        let mut player = Self {
            recorded,
            side,
            ends: Ends::new(setup),
            sent: VecDeque::new(),
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
        if side == Side::Client {
            player.ends.open();
        }
        player.settle();
        player
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
                Packet::Message(octets) => {
                    self.sent.push_back(Envelope::parse(octets, &Limits::SOAP).unwrap());
                }
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
    fn cause(&mut self, message: &Message<()>) {
        match (&message.body, &message.headers.sequence) {
            (Body::Application(()), Some(sequence)) => {
                // Two threads of WCF may put two messages on a connection in the other order.
                while self.given < sequence.number {
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
    fn expect(&mut self, place: &str, expected: &Envelope, at: u64) {
        let version = self.recorded.version;
        let message = read(expected, version);
        self.cause(&message);
        let kind = |m: &Message<()>| {
            (std::mem::discriminant(&m.body), m.headers.sequence.as_ref().map(|s| s.number))
        };
        let number = message.headers.sequence.as_ref().map(|s| s.number);
        // WCF's process was slow enough to send a message again whose acknowledgement was under way.
        let is_again = number.is_some_and(|number| self.numbers.contains(&number));
        let may_lack = is_alone(&message) || is_again;
        let patience = if may_lack { at + 300 } else { at + 15_000 };
        let found = loop {
            let found =
                self.sent.iter().position(|ours| kind(&read(ours, version)) == kind(&message));
            if let Some(found) = found {
                break self.sent.remove(found);
            }
            match self.wake_at().filter(|at| *at <= patience) {
                Some(at) => self.tick(at),
                None => break None,
            }
        };
        self.all += 1;
        let Some(ours) = found else {
            let sent: Vec<_> = self.sent.iter().map(|m| m.document().to_xml()).collect();
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
        self.equal += usize::from(text(&ours) == text(expected));
    }

    fn is_told_of_an_abort(&self) -> bool {
        self.recorded.name == ENDS_WITH_AN_ERROR && self.side == Side::Service
    }

    fn play(mut self) -> (usize, usize) {
        let recorded = self.recorded;
        for event in &recorded.events {
            let Event { at, link, what } = event;
            self.ends.millis = self.ends.millis.max(*at);
            match what {
                What::Message { from, name, envelope } if *from == self.side => {
                    self.expect(&format!("{} {name}", recorded.name), envelope, *at);
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
            let message = read(ours, version);
            let number = message.headers.sequence.as_ref().map(|s| s.number);
            let is_again = number.is_some_and(|number| self.numbers.contains(&number));
            assert!(is_alone(&message) || is_again, "{name}: {}", ours.document().to_xml());
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

/// An acknowledgement, or what asks for one: it may go alone or ride along.
fn is_alone(message: &Message<()>) -> bool {
    matches!(message.body, Body::SequenceAcknowledgement | Body::AckRequested)
}

/// The application's part of a captured message: its body.
pub fn application(captured: &Envelope, addressing: &Addressing) -> AppMessage {
    let mut envelope = Envelope::new(VERSION);
    let body = envelope.body().id();
    for element in captured.body().elements() {
        let mut octets = Vec::new();
        captured.document().write_element_to(element.id(), &mut octets);
        envelope.document_mut().append_fragment(body, &octets, &Limits::SOAP).unwrap();
    }
    let Addressing { action, message_id, relates_to, reply_to, .. } = addressing.clone();
    // The service says itself where its requests come from.
    let reply_to = reply_to.filter(|to| to.address.ends_with("anonymous"));
    let action = action.unwrap();
    AppMessage::new(ApplicationMessage { action, message_id, relates_to, reply_to, envelope })
}

/// A message without acknowledgement, and without asking for one where it rides along: it asks when the window is full,
/// before or after an acknowledgement has come.
fn bare(envelope: &Envelope, version: ReliableMessagingVersion) -> String {
    let rides = read(envelope, version).headers.sequence.is_some();
    let mut envelope = envelope.clone();
    let own = envelope.headers().filter(|header| {
        header.namespace() == version.namespace()
            && (header.local_name() == "SequenceAcknowledgement"
                || rides && header.local_name() == "AckRequested")
    });
    for id in own.map(|header| header.id()).collect::<Vec<_>>() {
        envelope.document_mut().detach(id);
    }
    let mut octets = Vec::new();
    canonicalize(envelope.document().root(), &Exclusive::default(), &mut octets);
    without_language(octets)
}

/// A message as it goes out.
fn text(envelope: &Envelope) -> String {
    without_language(envelope.to_bytes()).replace(REPEATED, "<s:Fault>")
}

/// The captured process has no language.
fn without_language(octets: Vec<u8>) -> String {
    String::from_utf8(octets).unwrap().replace("xml:lang=\"en-US\"", "xml:lang=\"\"")
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

fn play(side: Side) {
    for (name, client, service) in SESSIONS {
        let recorded = Recorded::read(name, side);
        let (equal, all) = Player::new(&recorded, side).play();
        println!("{name}: {equal} of {all} are the same with their acknowledgements");
        let least = if side == Side::Client { client } else { service };
        assert!(equal >= least, "{name}: only {equal} of {all}");
    }
}

#[test]
fn in_the_clients_place() {
    play(Side::Client);
}

#[test]
fn in_the_services_place() {
    play(Side::Service);
}
