//! Protected sessions of WCF over net.tcp, with our service or our client in the place of WCF's. Given the security context that
//! was established, our service takes every message that WCF's client sent, executes what was called, and answers as WCF's
//! service did. Our client, where connections protect messages and given what was drawn, says everything that WCF's said, the
//! request for the session too.
//!
//! Where connections protect messages nothing is random in an answer, which is WCF's then. Of one that is encrypted a client with
//! the same keys reads what WCF's service said. Which acknowledgement rides along with what, is a race at both ends.

use std::collections::VecDeque;

use base64::Engine as _;
use jiff::Timestamp;
use waxwing_reliable::ReliableMessagingVersion;
use waxwing_security::conversation::{
    ClientSecurity, Flow, FromService, Generation, SavedCaller, SavedClientContext, SavedContext,
    SavedDerivedKey, SavedKey,
};
use waxwing_session::{
    Answer, ClientInput, DuplexInput, Execution, LinkId, LinkNews, ServiceInput,
};
use waxwing_soap::{Addressing, Envelope, RandomSource};
use waxwing_xml::{Element, Exclusive, Limits, canonicalize};

use crate::captured::Scenario;
use crate::kit::{Ends, Packet, Setup, Side};
use crate::random::Random;
use crate::replay::octets_of;
use crate::replay_reliable::application;
use crate::secured::Secured;

const WSSE: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const LINK: LinkId = LinkId(1);

/// A message of the session.
struct Said {
    from: Side,
    name: String,
    envelope: Envelope,
}

/// The messages of the framing session whose messages a security session protects, by the times that they say.
fn session(scenario: &Scenario) -> Vec<Said> {
    let messages = scenario.sessions_by_end().pop().expect("a session").into_iter();
    let mut found: Vec<Said> =
        messages.map(|(from, name, envelope)| Said { from, name, envelope }).collect();
    found.sort_by_key(|said| (created(&said.envelope), said.from == Side::Service));
    found
}

fn child<'e>(parent: Element<'e>, local: &str) -> Option<Element<'e>> {
    parent.elements().find(|e| e.local_name() == local)
}

fn security(envelope: &Envelope) -> Element<'_> {
    envelope.header_named(WSSE, "Security").expect("a Security header")
}

fn created(envelope: &Envelope) -> Timestamp {
    let stamp = child(security(envelope), "Timestamp").expect("a timestamp");
    child(stamp, "Created").unwrap().text().parse().unwrap()
}

fn id_of(element: Element<'_>) -> String {
    element.attributes().find(|a| a.name().local == "Id").unwrap().value().to_owned()
}

fn octets(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.chars().collect();
    let octet = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap();
    digits.chunks(2).map(octet).collect()
}

/// How the keys of a message are derived, which it says.
fn derived(envelope: &Envelope) -> Vec<SavedDerivedKey> {
    let tokens = security(envelope).elements().filter(|e| e.local_name() == "DerivedKeyToken");
    let nonce = |token| {
        let text = child(token, "Nonce").unwrap().text();
        base64::engine::general_purpose::STANDARD.decode(text.as_bytes()).unwrap()
    };
    tokens.map(|token| SavedDerivedKey { id: id_of(token), nonce: nonce(token) }).collect()
}

/// The key of the session, with the derived keys of an end's messages.
fn key(scenario: &Scenario, said: &[Said], end: Side) -> SavedKey {
    let first = &said[0].envelope;
    let token = child(security(first), "SecurityContextToken").expect("the token");
    let mut element = Vec::new();
    first.document().write_element_to(token.id(), &mut element);
    let nonces = derived(first);
    // The key that both entropies make, or the one that others were derived from under a nonce of the message.
    let key = scenario.derivations().find_map(|line| match nonces.first() {
        None => line["label"].is_empty().then(|| octets(line["derived"])),
        Some(own) => (octets(line["seed"]) == own.nonce).then(|| octets(line["secret"])),
    });
    let own = said.iter().filter(|said| said.from == end).map(|said| derived(&said.envelope));
    let own = own.max_by_key(Vec::len).expect("a message");
    SavedKey {
        generation: Generation::Current,
        identifier: child(token, "Identifier").unwrap().text().into_owned(),
        instance: None,
        element: String::from_utf8(element).unwrap(),
        id: id_of(token),
        octets: key.expect("a recorded key"),
        derived: <[SavedDerivedKey; 2]>::try_from(own).ok(),
        created: created(first).as_millisecond() - 1000,
        expires: created(first).as_millisecond() + 36_000_000,
        received: created(first).as_millisecond() - 1000,
    }
}

fn canonical(envelope: &Envelope) -> String {
    let mut octets = Vec::new();
    canonicalize(envelope.body(), &Exclusive::default(), &mut octets);
    String::from_utf8(octets).unwrap()
}

/// Draws the name of the sequence that WCF's service drew first, and then whatever.
struct Drawn {
    name: Option<[u8; 16]>,
    rest: Random,
}

impl RandomSource for Drawn {
    fn fill(&mut self, octets: &mut [u8]) {
        match self.name.take() {
            Some(name) => octets.copy_from_slice(&name),
            None => self.rest.fill(octets),
        }
    }
}

/// The name that WCF's service gave to the sequence.
fn sequence(scenario: &Scenario, said: &[Said]) -> Option<[u8; 16]> {
    let is_response = |said: &&Said| {
        said.envelope.action().unwrap_or_default().ends_with("/rm/CreateSequenceResponse")
    };
    let plain = scenario.plain(&said.iter().find(is_response)?.name).expect("what it said");
    let plain = Envelope::parse(plain, &Limits::SOAP).unwrap();
    Some(octets_of(&child(plain.payload()?, "Identifier")?.text()))
}

/// Our service, and the client of the capture.
struct Player<'s> {
    scenario: &'s Scenario,
    ends: Ends,
    said: Vec<Said>,
    secured: Secured,
    running: Vec<Execution>,
    /// Reads what our service says, as WCF's client would.
    reader: ClientSecurity,
    /// What our service has said: read, and as it was.
    heard: Vec<(Envelope, Vec<u8>)>,
    executed: usize,
}

impl<'s> Player<'s> {
    fn new(scenario: &'s Scenario, reliable: bool) -> Self {
        let by_transport = scenario.name.contains("mixed");
        let said = session(scenario);
        let address = Addressing::read(&said[0].envelope).unwrap().to.unwrap();
        let secured = Secured { by_transport, ..Secured::default() };
        let setup = Setup {
            to: address.clone(),
            address: address.clone(),
            any_address: true,
            reliable: reliable.then_some(ReliableMessagingVersion::February2005),
            security: Some(secured),
            ..Setup::new(Random::new(9))
        };
        let mut ends = Ends::new(setup);
        ends.wall = created(&said[0].envelope);
        let of_service = key(scenario, &said, Side::Service);
        let (identifier, caller) =
            (of_service.identifier.clone(), SavedCaller::UserName("alice".into()));
        ends.restore(&SavedContext { identifier, caller, keys: vec![of_service], used: true });
        let flow = (Flow::DuplexSession, address.as_str());
        let mut reader = secured.client_of(flow, "alice", &mut Random::new(10));
        let keys = vec![key(scenario, &said, Side::Client)];
        let saved = SavedClientContext { keys, service_certificate: None, accepted: false };
        ends.at(|at| reader.restore(&saved, at)).unwrap_or_else(|error| panic!("{error}"));
        ends.random = Box::new(Drawn { name: sequence(scenario, &said), rest: Random::new(11) });
        ends.service(DuplexInput::Offered(LINK));
        let (running, heard) = (Vec::new(), Vec::new());
        Self { scenario, ends, said, secured, running, reader, heard, executed: 0 }
    }

    /// Takes what came out of our service.
    fn settle(&mut self) {
        let executions = std::mem::take(&mut self.ends.executions);
        self.executed += executions.len();
        self.running.extend(executions);
        while let Some((_, packet)) = self.ends.down.pop_front() {
            let Packet::Message(octets) = packet else { continue };
            let envelope = Envelope::parse(&octets[..], &Limits::SOAP).unwrap();
            let reader = &mut self.reader;
            let is_last = envelope.action().unwrap_or_default().ends_with("/SCT/Cancel");
            if is_last {
                // Whoever has not asked is not answered.
                self.heard.push((envelope, octets));
                continue;
            }
            match self.ends.at(|at| reader.receive(envelope, at)) {
                Ok(FromService::Message(received)) => {
                    self.heard.push((received.envelope().clone(), octets));
                }
                other => panic!("{}: {other:?}", self.scenario.name),
            }
        }
    }

    /// When the next message of WCF's service was made.
    fn set_clock(&mut self, from: usize) {
        let mut rest = self.said[from..].iter();
        let next = rest.find(|said| said.from == Side::Service).unwrap_or(&self.said[from]);
        let (now, first) = (created(&next.envelope), created(&self.said[0].envelope));
        self.ends.millis = now.duration_since(first).as_millis() as u64;
    }

    fn play(mut self) -> (usize, usize) {
        for at in 0..self.said.len() {
            self.set_clock(at);
            let said = &self.said[at];
            match said.from {
                Side::Client => {
                    let octets = said.envelope.to_bytes();
                    self.ends.arrives(LINK, &octets);
                    self.ends.service(DuplexInput::Tick);
                    self.ends.sessions(ServiceInput::Tick);
                }
                Side::Service => self.answer(at),
            }
            self.settle();
        }
        self.end()
    }

    /// The operation ends whose reply this is.
    fn answer(&mut self, at: usize) {
        let said = &self.said[at];
        let addressing = Addressing::read(&said.envelope).unwrap();
        let is_for = |e: &Execution| e.request.addressing().message_id == addressing.relates_to;
        let Some(found) = self.running.iter().position(is_for) else { return };
        let execution = self.running.remove(found);
        let plain = self.scenario.plain(&said.name).expect("what it said");
        let plain = Envelope::parse(plain, &Limits::SOAP).unwrap();
        self.ends.finished(&execution, Some(application(&plain, &addressing)));
    }

    /// What WCF's service said was said; gives how much of it was the same as a whole, and all.
    fn end(self) -> (usize, usize) {
        let name = &self.scenario.name;
        let (mut equal, mut all) = (0, 0);
        for said in self.said.iter().filter(|said| said.from == Side::Service) {
            let theirs = Addressing::read(&said.envelope).unwrap();
            if theirs.action.as_deref().unwrap_or_default().contains("/rm/") {
                continue;
            }
            let is_same = |(ours, _): &&(Envelope, Vec<u8>)| {
                let ours = Addressing::read(ours).unwrap();
                (ours.action, ours.relates_to) == (theirs.action.clone(), theirs.relates_to.clone())
            };
            let ours = self.heard.iter().find(is_same);
            let heard = || -> Vec<_> { self.heard.iter().map(|(own, _)| own.action()).collect() };
            let (read, octets) =
                ours.unwrap_or_else(|| panic!("{name}: {} is missing in {:?}", said.name, heard()));
            let plain = self.scenario.plain(&said.name).expect("what it said");
            let plain = Envelope::parse(plain, &Limits::SOAP).unwrap();
            if !said.envelope.action().unwrap_or_default().ends_with("/SCT/Cancel") {
                assert_eq!(
                    without_ids(&canonical(read)),
                    without_ids(&canonical(&plain)),
                    "{name}"
                );
            }
            let sent = Envelope::parse(&octets[..], &Limits::SOAP).unwrap();
            equal += usize::from(sent.to_bytes() == said.envelope.to_bytes());
            all += 1;
        }
        assert_eq!(self.executed, 2, "{name}: what was called, once");
        assert!(self.running.is_empty(), "{name}");
        assert_eq!(self.ends.security().session_count(), 0, "{name}: the context has ended");
        assert_eq!(self.ends.sessions.session_count(), 0, "{name}: nothing is left");
        assert!(self.ends.warnings.is_empty(), "{name}: {:?}", self.ends.warnings);
        assert_eq!(self.secured.by_transport, name.contains("mixed"));
        (equal, all)
    }
}

/// A body without its identifier, which is of the signature.
fn without_ids(body: &str) -> String {
    let (start, rest) = body.split_once('>').unwrap();
    let name = start.split(' ').next().unwrap();
    format!("{name}>{rest}")
}

#[test]
fn our_service_takes_the_protected_sessions_of_wcfs_client() {
    for (name, reliable) in [
        ("tcp-mixed-username", false),
        ("tcp-message-cert", false),
        ("tcp-mixed-username-rm", true),
        ("tcp-message-cert-rm", true),
    ] {
        let scenario = Scenario::read(name);
        let (equal, all) = Player::new(&scenario, reliable).play();
        println!("{name}: {equal} of {all} messages are the same as a whole");
        assert!(all >= 2, "{name}: {all}");
        if name == "tcp-mixed-username" {
            assert_eq!(equal, all, "{name}: nothing is random");
        }
    }
}

/// What the client of the capture drew: names, and its part of the key.
struct OfClient {
    names: VecDeque<[u8; 16]>,
    entropy: Vec<u8>,
}

impl RandomSource for OfClient {
    fn fill(&mut self, octets: &mut [u8]) {
        match octets.len() == self.entropy.len() {
            true => octets.copy_from_slice(&self.entropy),
            false => octets.copy_from_slice(&self.names.pop_front().expect("a name is left")),
        }
    }
}

/// A message without the identifiers that are of a process (`uuid-…-1`).
fn bare(envelope: &Envelope) -> String {
    let text = String::from_utf8(envelope.to_bytes()).unwrap();
    let mut pieces = text.split("\"uuid-");
    let mut bare = pieces.next().unwrap().to_owned();
    for piece in pieces {
        bare.push_str(piece.split_once('"').unwrap().1);
    }
    bare
}

/// The next message that our client has sent over its link, which it may have to dial before.
fn next(ends: &mut Ends) -> Option<(LinkId, Envelope)> {
    while let Some((link, packet)) = ends.up.pop_front() {
        match packet {
            Packet::Dial => ends.client(ClientInput::Link { link, news: LinkNews::Open }),
            Packet::Message(octets) => {
                return Some((link, Envelope::parse(octets, &Limits::SOAP).unwrap()));
            }
            _ => {}
        }
    }
    None
}

fn set_wall(ends: &mut Ends, said: &Envelope) {
    ends.wall = created(said) - jiff::SignedDuration::from_millis(ends.millis as i64);
}

#[test]
fn our_client_says_what_wcfs_said_over_a_protected_connection() {
    let scenario = Scenario::read("tcp-mixed-username");
    let asked = scenario.sessions_by_end().swap_remove(0);
    let [(Side::Client, _, request), (Side::Service, _, response)] = &asked[..] else {
        panic!("a request for a session and its answer")
    };
    let said = session(&scenario);
    let id_of = |envelope: &Envelope| Addressing::read(envelope).unwrap().message_id;
    // Those of calls are the application's.
    let last = said.iter().rev().find(|said| said.from == Side::Client).expect("its last word");
    let names = [request, &last.envelope].map(|own| octets_of(&id_of(own).unwrap()));
    let secret = request.document().root().descendants_and_self();
    let secret = secret.filter(|e| e.local_name() == "BinarySecret").last().expect("its part");
    let entropy = base64::engine::general_purpose::STANDARD.decode(secret.text().as_bytes());
    let drawn = OfClient { names: names.into(), entropy: entropy.unwrap() };
    let address = Addressing::read(request).unwrap().to.unwrap();
    let setup = Setup {
        to: address.clone(),
        address,
        security: Some(Secured { by_transport: true, profile: false, ..Secured::default() }),
        ..Setup::new(drawn)
    };
    let mut ends = Ends::new(setup);
    set_wall(&mut ends, request);
    ends.open();
    let (id, octets) = ends.exchanges.pop_front().expect("a request for a session");
    let ours = Envelope::parse(octets, &Limits::SOAP).unwrap();
    let with_password = |text: String| text.replace("alice's secret", "secret");
    assert_eq!(with_password(bare(&ours)), bare(request));
    let answer = Answer::Message(Box::new(response.clone()));
    ends.client(ClientInput::Answer { id, answer });
    let mut link = None;
    for (at, said) in said.iter().enumerate() {
        if said.from == Side::Service {
            let news = LinkNews::Message(Box::new(said.envelope.clone()));
            ends.client(ClientInput::Link { link: link.expect("a link"), news });
            continue;
        }
        assert!(next(&mut ends).is_none(), "nothing is said by itself");
        set_wall(&mut ends, &said.envelope);
        let addressing = Addressing::read(&said.envelope).unwrap();
        match addressing.action.as_deref().is_some_and(|action| action.ends_with("/Cancel")) {
            true => ends.close(),
            false => ends.send(at as u64, application(&said.envelope, &addressing)),
        }
        let (on, ours) = next(&mut ends).unwrap_or_else(|| panic!("{} is missing", said.name));
        link = Some(on);
        assert_eq!(bare(&ours), bare(&said.envelope), "{}", said.name);
    }
    assert_eq!(ends.completed.values().filter(|outcome| outcome.is_ok()).count(), 2);
    let link = link.expect("a link");
    ends.client(ClientInput::Link { link, news: LinkNews::End });
    assert!(matches!(ends.ended, Some(Ok(()))), "{:?}", ends.ended);
    assert!(ends.warnings.is_empty(), "{:?}", ends.warnings);
}
