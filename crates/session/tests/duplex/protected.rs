//! The security of a recorded session: that of our end, which opens it as WCF's did, and that of the other end, which reads what
//! ours says by the keys of the recording.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use jiff::Timestamp;
use waxwing_crypto::{Certificate, PrivateKey};
use waxwing_security::conversation::{
    ClientBinding, ClientCredential, ClientIdentification, ClientOptions, ClientSecurity, Flow,
    FromService, Generation, Incoming, LinkSecurity, SavedCaller, SavedClientContext, SavedContext,
    SavedDerivedKey, SavedKey, ServiceBinding, ServiceOptions, ServiceSecurity,
};
use waxwing_security::negotiation::{NegotiationError, TlsEngine, TlsEngines};
use waxwing_security::wsse::SecuritySettings;
use waxwing_security::{Link, PeerTag};
use waxwing_session::{Answer, ClientInput, LinkId};
use waxwing_soap::{EndpointReference, Envelope, Moment};
use waxwing_xml::{Element, Limits};

use self::engine::RecordedEngine;
use self::pieces::{
    action, created, guid, guid_at, labelled, octets_of, plain, records_of, text, texts_of, vectors,
};
use crate::captured::{Event, Scenario, What};
use crate::kit::{Ends, Side};
use crate::random::Random;
use crate::recorded::{Drawn, Later, is_cancel};

#[path = "../../../security/tests/common/nego_compare.rs"]
pub mod compare;
#[path = "../../../security/tests/common/contracts.rs"]
mod contracts;
#[path = "../../../security/tests/common/nego_engine.rs"]
mod engine;
#[path = "../../../security/tests/common/nego_pieces.rs"]
mod pieces;

const WSSE: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const WSU: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const DERIVED: &str = "WS-SecureConversationWS-SecureConversation";

/// How the session was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opening {
    /// By a TLS handshake inside trust messages.
    Negotiated,
    /// Under a key that was encrypted for the service's certificate.
    ByCertificate,
    /// Over a protected transport.
    Transport,
}

/// A message as it came over the connection, and its text.
#[derive(Clone)]
struct Came {
    name: String,
    envelope: Envelope,
    text: String,
}

/// The security of a recorded session.
pub struct Protected {
    name: String,
    opening: Opening,
    has_user_name: bool,
    is_duplex: bool,
    keys: String,
    /// Requests and answers that open it.
    exchanges: Vec<[Came; 2]>,
    /// The messages in it, by end.
    said: Vec<(Side, Envelope)>,
}

/// Whether this is a message that opens a security session.
pub fn is_opening(what: &What) -> bool {
    let What::Message { envelope, .. } = what else { return false };
    let action = envelope.action().unwrap_or_default();
    let ends = ["/RST/Issue", "/RSTR/Issue", "/RST/SCT", "/RSTR/SCT"];
    ends.iter().any(|end| action.ends_with(end))
}

/// A message as it was before it was protected: decrypted, without its Security header and what that refers to.
pub fn unprotected(envelope: &Envelope, keys: &str) -> Envelope {
    if envelope.header_named(WSSE, "Security").is_none() {
        return envelope.clone();
    }
    let plain = without_identity(&plain(&text(envelope), keys));
    let mut plain = Envelope::parse(plain, &Limits::SOAP).unwrap();
    let security = plain.header_named(WSSE, "Security").expect("its header").id();
    let own = plain.headers().map(|header| header.id()).chain([plain.body().id()]);
    let own: Vec<_> = own.collect();
    let document = plain.document_mut();
    own.into_iter().for_each(|element| document.remove_attribute(element, WSU, "Id"));
    document.detach(security);
    plain
}

fn child<'e>(parent: Element<'e>, local: &str) -> Option<Element<'e>> {
    parent.elements().find(|e| e.local_name() == local)
}

fn security(envelope: &Envelope) -> Element<'_> {
    envelope.header_named(WSSE, "Security").expect("a Security header")
}

/// When a message was made, which it says.
pub fn made_at(envelope: &Envelope) -> Option<Timestamp> {
    let stamp = child(envelope.header_named(WSSE, "Security")?, "Timestamp")?;
    child(stamp, "Created")?.text().parse().ok()
}

/// How the keys of a message are derived, which it says.
fn derived(envelope: &Envelope) -> Vec<SavedDerivedKey> {
    let id_of = |e: Element<'_>| {
        e.attributes().find(|a| a.name().local == "Id").expect("an Id").value().to_owned()
    };
    let tokens = security(envelope).elements().filter(|e| e.local_name() == "DerivedKeyToken");
    let nonce = |token| pieces::octets(child(token, "Nonce").expect("a nonce"));
    tokens.map(|token| SavedDerivedKey { id: id_of(token), nonce: nonce(token) }).collect()
}

#[allow(clippy::disallowed_methods, reason = "tests read their data")]
fn pem(name: &str, kind: &str) -> Vec<u8> {
    let path = format!("{}/../../testdata/pki/{name}.{kind}.pem", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn certificate(name: &str) -> Certificate {
    Certificate::from_pem(&pem(name, "cert")).unwrap().remove(0)
}

fn private_key(name: &str) -> PrivateKey {
    PrivateKey::from_pem(&pem(name, "key")).unwrap()
}

impl Protected {
    /// That of a scenario whose messages are protected.
    pub fn of(scenario: &Scenario, events: &[Event]) -> Option<Self> {
        let (mut exchanges, mut asked, mut said) = (Vec::new(), None, Vec::new());
        for event in events {
            let What::Message { from, name, envelope, .. } = &event.what else { continue };
            let (name, text) = (name.clone(), text(envelope));
            let came = Came { name, envelope: envelope.clone(), text };
            match (is_opening(&event.what), from) {
                (false, _) => said.push((*from, envelope.clone())),
                (true, Side::Client) => asked = Some(came),
                (true, Side::Service) => exchanges.push([asked.take()?, came]),
            }
        }
        let name = scenario.name.clone();
        let opening = match &exchanges.first()?[0] {
            _ if name.contains("mixed") => Opening::Transport,
            first if first.text.contains("BinaryExchange") => Opening::Negotiated,
            _ => Opening::ByCertificate,
        };
        let has_user_name = scenario.readme().contains("UserName");
        let is_duplex = name.contains("duplex");
        let keys = scenario.keys().to_owned();
        Some(Self { name, opening, has_user_name, is_duplex, keys, exchanges, said })
    }

    fn by_transport(&self) -> bool {
        self.opening == Opening::Transport
    }

    fn credential(&self) -> ClientCredential {
        match self.has_user_name {
            true => ClientCredential::UserName {
                username: "alice".into(),
                password: Some("secret".to_owned().into()),
            },
            false => ClientCredential::Certificate {
                certificate: certificate("alice"),
                key: private_key("alice"),
            },
        }
    }

    fn set(&self, settings: [&mut SecuritySettings; 2]) {
        for settings in settings {
            settings.derived_keys = !self.by_transport();
            // netTcpBinding does not ask for it.
            settings.basic_security_profile = false;
        }
    }

    /// The client's security. It draws the names that WCF's drew.
    pub fn client(&self, address: &str) -> ClientSecurity {
        let mut options = ClientOptions::new(address);
        options.flow = Flow::DuplexSession;
        options.credential = self.credential();
        options.binding = Some(match self.opening {
            Opening::Negotiated => {
                ClientBinding::Negotiated(Arc::new(self.handshake(Side::Client)))
            }
            Opening::ByCertificate => ClientBinding::Symmetric(certificate("service")),
            Opening::Transport => ClientBinding::Transport,
        });
        self.set([&mut options.settings, &mut options.bootstrap]);
        options.detect_replays = !self.by_transport();
        let contract = self.is_duplex.then_some("duplex");
        options.requirements = contracts::requirements(contract, None);
        let mut names = drawn(self.names_of_client());
        ClientSecurity::new(options, &mut names).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The service's.
    pub fn service(&self, address: &str) -> ServiceSecurity {
        let mut options = ServiceOptions::new(match self.has_user_name {
            true => ClientIdentification::UserName,
            false => ClientIdentification::Certificate,
        });
        options.flow = Flow::DuplexSession;
        options.reply_to = Some(EndpointReference::new(address));
        options.binding = Some(match self.opening {
            Opening::Negotiated => {
                ServiceBinding::Negotiated(Arc::new(self.handshake(Side::Service)))
            }
            Opening::ByCertificate => ServiceBinding::Symmetric {
                certificate: certificate("service"),
                key: private_key("service"),
            },
            Opening::Transport => ServiceBinding::Transport { allow_insecure: false },
        });
        self.set([&mut options.settings, &mut options.bootstrap]);
        options.detect_replays = !self.by_transport();
        let contract = self.is_duplex.then_some("duplex");
        options.requirements = contracts::requirements(contract, None);
        let mut names = drawn(self.names_of_service());
        ServiceSecurity::new(options, &mut names).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The GUIDs in the identifiers of the client, and in those of its credential.
    fn names_of_client(&self) -> Vec<Vec<u8>> {
        let requests = self.exchanges.iter().map(|[request, _]| plain(&request.text, &self.keys));
        let texts: String = requests.collect();
        let of_user = texts.split("UsernameToken u:Id=\"").nth(1).map(guid);
        let of_certificate = || texts.split("BinarySecurityToken u:Id=\"").nth(1).map(guid);
        let other = of_user.or_else(of_certificate).unwrap_or(vec![7; 16]);
        let mut guids = texts.split("=\"uuid-").skip(1).map(guid_at);
        let own = guids.find(|guid| *guid != other).expect("an identifier");
        vec![own, other]
    }

    /// The GUID in the identifiers of the service.
    fn names_of_service(&self) -> Vec<Vec<u8>> {
        let [_, answer] = self.exchanges.last().expect("an answer");
        answer.text.split("=\"uuid-").skip(1).map(guid_at).take(1).collect()
    }

    fn handshake(&self, side: Side) -> Handshake {
        let flights = |end: usize| {
            let own = self
                .exchanges
                .iter()
                .filter_map(move |exchange| records_of(&exchange[end].text, "BinaryExchange"));
            own.collect::<Vec<_>>()
        };
        let (own, peer) = match side {
            Side::Client => (flights(0), flights(1)),
            Side::Service => (flights(1), flights(0)),
        };
        let certificates = match (side, self.has_user_name) {
            (Side::Client, _) => vec![certificate("service")],
            (Side::Service, false) => vec![certificate("alice")],
            (Side::Service, true) => Vec::new(),
        };
        let started = side == Side::Service;
        let mut answers = self.exchanges.iter().map(|[_, answer]| &answer.text);
        let proof = answers.find(|text| text.contains("TLS_Wrap"));
        let proof = proof.and_then(|text| records_of(text, "CipherValue"));
        let key = labelled(&self.keys, "AUTH-HASH").pop().map(|(secret, ..)| secret);
        let own = own.into();
        Handshake(RecordedEngine { own, peer, started, certificates, proof, key, heard: 0 })
    }

    // ---- what is drawn ----

    /// The nonces of an end's keys.
    fn nonces(&self, side: Side) -> Vec<Vec<u8>> {
        let own = self.said.iter().filter(|(from, _)| *from == side);
        let own = own.map(|(_, envelope)| derived(envelope)).max_by_key(Vec::len);
        let mut nonces: Vec<_> = own.into_iter().flatten().map(|key| key.nonce).collect();
        if !self.by_transport() {
            nonces.resize(2, vec![5; 16]);
        }
        nonces
    }

    /// What the client draws for a request.
    fn of_request(&self, request: &Came) -> Vec<Vec<u8>> {
        let id = guid(&texts_of(&request.text, "MessageID")[0]);
        if !action(&request.text).ends_with("/RST/SCT") {
            return vec![id];
        }
        let decrypted = plain(&request.text, &self.keys);
        let mut drawn = vec![octets_of(&decrypted, "BinarySecret").swap_remove(0), id];
        if self.opening == Opening::ByCertificate {
            drawn.push(labelled(&self.keys, DERIVED)[0].0.clone());
        }
        drawn.extend(octets_of(&request.text, "Nonce"));
        drawn.extend(vectors(&request.text, self.has_user_name));
        drawn
    }

    /// What the service draws for an answer.
    fn of_answer(&self, answer: &Came) -> Vec<Vec<u8>> {
        let name = |text: &str| guid(&texts_of(text, "Identifier")[0]);
        if answer.text.contains("TLS_Wrap") {
            let (key, ..) = labelled(&self.keys, "AUTH-HASH").pop().expect("a key");
            return vec![key, name(&answer.text)];
        }
        if !action(&answer.text).ends_with("/RSTR/SCT") {
            return Vec::new();
        }
        let decrypted = plain(&answer.text, &self.keys);
        let (_, entropy, _) = labelled(&self.keys, "").pop().expect("its part");
        let mut drawn = vec![entropy, name(&decrypted)];
        drawn.extend(self.nonces(Side::Service));
        drawn.extend(octets_of(&answer.text, "Nonce"));
        drawn.extend(vectors(&answer.text, false));
        drawn
    }

    // ---- the exchanges that open it ----

    fn same(&self, ours: &Envelope, theirs: &Came) {
        self.compare(ours, &theirs.envelope, &format!("{}/{}", self.name, theirs.name));
    }

    fn prepare(&self, ends: &mut Ends, message: &Envelope, drawn: Vec<Vec<u8>>) {
        if let Some(made) = made_at(message) {
            set_clock(ends, made);
        }
        ends.random = Box::new(self::drawn(drawn));
    }

    /// Our client opens the session, and asks for what WCF's asked for. `then` is what it draws when it has it.
    pub fn open(&self, ends: &mut Ends, then: Drawn) {
        let first = self.said.first().expect("a message");
        let [asked, _] = &self.exchanges[0];
        self.prepare(ends, &asked.envelope, self.of_request(asked));
        if made_at(&asked.envelope).is_none() {
            set_clock(ends, made_at(&first.1).expect("a time"));
        }
        ends.open();
        let mut then = Some(then);
        for (at, [request, answer]) in self.exchanges.iter().enumerate() {
            let (id, octets) = ends.exchanges.pop_front().expect("a request");
            self.same(&Envelope::parse(&octets[..], &Limits::SOAP).unwrap(), request);
            // Its answer names the key by its ciphertext, which is random: our own service gives it.
            let answer = match self.opening {
                Opening::ByCertificate => {
                    self.prepare(ends, &answer.envelope, self.of_answer(answer));
                    ends.asked(&octets)
                }
                _ => answer.envelope.clone(),
            };
            match self.exchanges.get(at + 1) {
                Some([next, _]) => self.prepare(ends, &next.envelope, self.of_request(next)),
                None => {
                    self.prepare(ends, &first.1, Vec::new());
                    let mut then = then.take().expect("one end");
                    for nonce in self.nonces(Side::Client).into_iter().rev() {
                        then.first.push_front(nonce);
                    }
                    ends.random = Box::new(then);
                }
            }
            ends.client(ClientInput::Answer { id, answer: Answer::Message(Box::new(answer)) });
        }
    }

    /// Our service answers what WCF's client asked.
    pub fn answer(&self, ends: &mut Ends) {
        for [request, answer] in &self.exchanges {
            self.prepare(ends, &request.envelope, self.of_answer(answer));
            // A token says since when it is good, too.
            if answer.text.contains("<u:Created>") {
                set_clock(ends, created(&answer.text));
            }
            let ours = ends.asked(&request.envelope.to_bytes());
            self.same(&ours, answer);
        }
    }

    // ---- the other end, which reads ----

    /// The key of the session, with the derived keys of an end's messages.
    fn key(&self, side: Side) -> SavedKey {
        let first = self.said.iter().find(|(from, _)| *from == Side::Client);
        let first = &first.expect("a message of the client").1;
        let token = child(security(first), "SecurityContextToken").expect("the token");
        let mut element = Vec::new();
        first.document().write_element_to(token.id(), &mut element);
        let of_token = token.attributes().find(|a| a.name().local == "Id");
        let own = self.said.iter().filter(|(from, _)| *from == side);
        let own = own.map(|(_, envelope)| derived(envelope)).max_by_key(Vec::len);
        let made = made_at(first).expect("a time").as_millisecond();
        SavedKey {
            generation: Generation::Current,
            identifier: child(token, "Identifier").unwrap().text().into_owned(),
            instance: None,
            element: String::from_utf8(element).unwrap(),
            id: of_token.expect("an Id").value().to_owned(),
            octets: labelled(&self.keys, "").pop().expect("a key of two parts").2,
            derived: own.and_then(|own| <[SavedDerivedKey; 2]>::try_from(own).ok()),
            created: made - 1000,
            expires: made + 36_000_000,
            received: made - 1000,
        }
    }

    /// Who hears this end.
    pub fn reader(&self, side: Side, address: &str, at: &mut Moment<'_>) -> Reader {
        match side {
            Side::Service => {
                let mut security = self.client(address);
                let keys = vec![self.key(Side::Client)];
                let saved = SavedClientContext { keys, service_certificate: None, accepted: false };
                security.restore(&saved, at).unwrap_or_else(|error| panic!("{error}"));
                let said = self.said.iter().filter(|(from, _)| *from == Side::Client);
                let last = said.map(|(_, envelope)| envelope).find(|envelope| is_cancel(envelope));
                let last = last.map(|last| guid(&texts_of(&text(last), "MessageID")[0]));
                Reader::Client(Box::new(security), last)
            }
            Side::Client => {
                let security = self.service(address);
                let key = self.key(Side::Service);
                let caller = match self.has_user_name {
                    true => SavedCaller::UserName("alice".into()),
                    false => SavedCaller::Certificate(certificate("alice").der().to_vec()),
                };
                let identifier = key.identifier.clone();
                let saved = SavedContext { identifier, caller, keys: vec![key], used: true };
                security.restore(&saved, at).unwrap_or_else(|error| panic!("{error}"));
                let protected = self.by_transport();
                Reader::Service { security: Box::new(security), links: BTreeMap::new(), protected }
            }
        }
    }

    /// A message as it was before it was protected.
    pub fn unprotected(&self, envelope: &Envelope) -> Envelope {
        unprotected(envelope, &self.keys)
    }

    /// A message of the session is that of WCF with its Security header and what that says, but for what depends on how
    /// identifiers are numbered. Over a protected transport nothing does, if both were made at the same time.
    pub fn assert_same(&self, ours: &Envelope, theirs: &Envelope, place: &str) {
        if self.by_transport() && made_at(ours) == made_at(theirs) {
            let bare = |envelope| without_names(&with_ends(&text(envelope)));
            assert_eq!(bare(ours), bare(theirs), "{place}");
        }
        self.compare(ours, theirs, place);
    }

    fn compare(&self, ours: &Envelope, theirs: &Envelope, place: &str) {
        let plain = |envelope| without_identity(&with_ends(&plain(&text(envelope), &self.keys)));
        compare::compare(&plain(ours), &plain(theirs), place);
    }
}

/// Where WCF's service is called back at, it says whose certificate it has (`Identity`, in the `ReplyTo` of a call of its own
/// that wants an answer). The answer comes on the session, whose other end the client knows: ours says nothing of that.
fn without_identity(text: &str) -> String {
    let (start, end) = ("<Identity xmlns=", "</Identity>");
    let mut pieces = text.split(start);
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (identity, rest) = piece.split_once(end).expect("its end");
        let own = base64::engine::general_purpose::STANDARD.encode(certificate("service").der());
        assert!(identity.contains(&own), "the certificate of the service: {identity}");
        out.push_str(rest);
    }
    out
}

/// Without the identifiers that are of a process (`uuid-…-1`).
fn without_names(text: &str) -> String {
    let mut pieces = text.split("\"uuid-");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    pieces.for_each(|piece| out.push_str(piece.split_once('"').expect("its end").1));
    out
}

/// Every element with an end of its own: binary messages do not tell how it was written.
fn with_ends(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find("/>") {
        let start = &rest[..at];
        let name = &start[start.rfind('<').expect("a start") + 1..];
        let name = name.split(' ').next().unwrap_or(name);
        out.push_str(&format!("{start}></{name}>"));
        rest = &rest[at + 2..];
    }
    out + rest
}

fn drawn(first: Vec<Vec<u8>>) -> Drawn {
    let (first, later) = (first.into(), Later::default());
    Drawn { first, later, rest: Some(Random::new(21)) }
}

/// Now a message of this time is made.
pub fn set_clock(ends: &mut Ends, made: Timestamp) {
    ends.wall = made - jiff::SignedDuration::from_millis(ends.millis as i64);
}

/// The other end, which verifies what ours says.
pub enum Reader {
    /// WCF's client; the name of its last word, if it has not said that.
    Client(Box<ClientSecurity>, Option<Vec<u8>>),
    /// WCF's service.
    Service {
        security: Box<ServiceSecurity>,
        links: BTreeMap<LinkId, LinkSecurity>,
        protected: bool,
    },
}

impl Reader {
    /// Hears a message.
    pub fn hears(&mut self, link: LinkId, envelope: &Envelope, at: &mut Moment<'_>) {
        let (heard, is_last) = (envelope.clone(), is_cancel(envelope));
        match self {
            Reader::Client(security, last) => {
                if let Some(name) = last.take_if(|_| is_last) {
                    let mut drawn = drawn(vec![name]);
                    let at = &mut Moment::new(at.wall, at.time, &mut drawn);
                    security.end_output(at).expect("its last word");
                }
                match security.receive(heard, at).unwrap_or_else(|error| panic!("{error}")) {
                    FromService::Message(_) if !is_last => {}
                    FromService::Ended if is_last => {}
                    other => panic!("{other:?}"),
                }
            }
            Reader::Service { security, links, protected } => {
                let from = Link { peer: PeerTag::UNKNOWN, protected: *protected };
                let link = links.entry(link).or_default();
                match security.receive_on(link, heard, from, at) {
                    Incoming::Message(_) if !is_last => {}
                    Incoming::Ended(_) if is_last => {}
                    other => panic!("{other:?}"),
                }
            }
        }
    }
}

/// The TLS handshake of the recording.
struct Handshake(RecordedEngine);

impl TlsEngines for Handshake {
    fn engine(&self) -> Result<Box<dyn TlsEngine>, NegotiationError> {
        Ok(Box::new(self.0.clone()))
    }
}
