//! The security of a peer that plays one end of a captured session with message security. It holds the keys of the capture, by
//! which it reads what WCF said, and has keys of its own with our end: what WCF said goes out again under those, and what our
//! end says is verified and decrypted by them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use waxwing::crypto::tls::{TlsConfig, TlsRole, TlsVersion};
use waxwing::crypto::{Certificate, Identity, PrivateKey};
use waxwing::jiff::Timestamp;
use waxwing_security::conversation::{
    ClientBinding, ClientCredential, ClientIdentification, ClientOptions, ClientSecurity, Flow,
    FromService, Incoming, LinkSecurity, ReplyContext, SecuritySession, ServiceBinding,
    ServiceOptions, ServiceSecurity, Step,
};
use waxwing_security::wsse::SecuritySettings;
use waxwing_security::{Link, PeerTag};
use waxwing_soap::{EndpointReference, Envelope, MessageVersion, Moment, RandomSource, Time};
use waxwing_xml::{Element, Limits};

use self::pieces::{octets, plain, text};
use crate::capture::{Capture, Side};

#[path = "../../../security/tests/common/contracts.rs"]
mod contracts;
#[path = "../../../security/tests/common/nego_pieces.rs"]
mod pieces;

const WSSE: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const WSU: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const VERSION: MessageVersion = MessageVersion::SOAP12_ADDRESSING10;

/// Octets of nobody's interest (SplitMix64).
struct Any(u64);

impl RandomSource for Any {
    fn fill(&mut self, octets: &mut [u8]) {
        for octet in octets {
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            *octet = (z ^ (z >> 31)) as u8;
        }
    }
}

pub fn file(name: &str, kind: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/pki");
    std::fs::read(format!("{folder}/{name}.{kind}.pem")).unwrap()
}

pub fn identity(name: &str) -> Identity {
    Identity::from_pem(&[file(name, "cert"), file(name, "key")].concat()).unwrap()
}

fn certificate(name: &str) -> Certificate {
    identity(name).certificate
}

fn private_key(name: &str) -> PrivateKey {
    PrivateKey::from_pem(&file(name, "key")).unwrap()
}

/// Alice is trusted, and nobody else.
pub fn trusts_alice(own: &Certificate, _: &[Certificate], _: Timestamp) -> Result<(), String> {
    match own.subject_windows().as_str() {
        "CN=alice" => Ok(()),
        other => Err(format!("{other} is a stranger")),
    }
}

/// The same of her user name.
pub fn knows_alice(name: &str, password: Option<&str>) -> Result<(), String> {
    match (name, password) {
        ("alice", Some("secret")) => Ok(()),
        _ => Err("the password is wrong".to_owned()),
    }
}

/// Every service is trusted.
pub fn trusts_all(_: &Certificate, _: &[Certificate], _: Timestamp) -> Result<(), String> {
    Ok(())
}

/// Whether this is a message that opens a security session.
pub fn is_opening(envelope: &Envelope) -> bool {
    let action = envelope.action().unwrap_or_default();
    let ends = ["/RST/Issue", "/RSTR/Issue", "/RST/SCT", "/RSTR/SCT"];
    ends.iter().any(|end| action.ends_with(end))
}

/// Whether this is the last word of an end in a security session.
pub fn is_last(envelope: &Envelope) -> bool {
    envelope.action().is_some_and(|action| action.ends_with("/SCT/Cancel"))
}

/// The end that the peer plays.
enum End {
    Service {
        security: Box<ServiceSecurity>,
        link: LinkSecurity,
        session: Option<SecuritySession>,
        /// What it answers to what opens the session.
        answers: VecDeque<Envelope>,
        /// Whether TLS protects what comes.
        protected: bool,
    },
    Client {
        security: Box<ClientSecurity>,
        /// What it says next to open the session.
        next: Option<Envelope>,
    },
}

pub struct Security {
    end: End,
    /// The keys of the capture.
    keys: String,
    random: Any,
}

fn settings(name: &str, settings: [&mut SecuritySettings; 2]) {
    for settings in settings {
        // netTcpBinding does not ask for it.
        settings.basic_security_profile = false;
        settings.derived_keys = !by_transport(name);
    }
}

fn negotiates(name: &str) -> bool {
    !name.contains("direct")
}

/// Whether TLS protects the messages, and the session only proves who sends them.
fn by_transport(name: &str) -> bool {
    name.contains("mixed-username")
}

impl Security {
    /// That of a peer at the other end than `ours`; `address` is the service's.
    pub fn new(capture: &Capture, name: &str, ours: Side, address: &str) -> Self {
        let contract = name.contains("duplex").then_some("duplex");
        let requirements = contracts::requirements(contract, None);
        let mut random = Any(7);
        let end = match ours {
            Side::Client => {
                let mut options = ServiceOptions::new(match by_transport(name) {
                    true => ClientIdentification::UserName,
                    false => ClientIdentification::Certificate,
                });
                options.detect_replays = !by_transport(name);
                options.flow = Flow::DuplexSession;
                options.reply_to = Some(EndpointReference::new(address));
                let tls = || {
                    let role = TlsRole::Server { request_certificate: true };
                    TlsConfig::new(role, Some(&identity("service")), TlsVersion::Tls12).unwrap()
                };
                options.binding = Some(match negotiates(name) {
                    _ if by_transport(name) => ServiceBinding::Transport { allow_insecure: false },
                    true => ServiceBinding::Negotiated(Arc::new(tls())),
                    false => ServiceBinding::Symmetric {
                        certificate: certificate("service"),
                        key: private_key("service"),
                    },
                });
                settings(name, [&mut options.settings, &mut options.bootstrap]);
                options.requirements = requirements;
                let security = ServiceSecurity::new(options, &mut random).unwrap();
                let (link, session, answers) = (LinkSecurity::default(), None, VecDeque::new());
                let protected = by_transport(name);
                End::Service { security: Box::new(security), link, session, answers, protected }
            }
            Side::Service => {
                let mut options = ClientOptions::new(address);
                options.flow = Flow::DuplexSession;
                options.credential = match by_transport(name) {
                    true => ClientCredential::UserName {
                        username: "alice".into(),
                        password: Some("secret".to_owned().into()),
                    },
                    false => ClientCredential::Certificate {
                        certificate: certificate("alice"),
                        key: private_key("alice"),
                    },
                };
                options.detect_replays = !by_transport(name);
                let alice = identity("alice");
                let tls = || TlsConfig::new(TlsRole::Client, Some(&alice), TlsVersion::Tls12);
                options.binding = Some(match negotiates(name) {
                    _ if by_transport(name) => ClientBinding::Transport,
                    true => ClientBinding::Negotiated(Arc::new(tls().unwrap())),
                    false => ClientBinding::Symmetric(certificate("service")),
                });
                settings(name, [&mut options.settings, &mut options.bootstrap]);
                options.requirements = requirements;
                let security = ClientSecurity::new(options, &mut random).unwrap();
                End::Client { security: Box::new(security), next: None }
            }
        };
        let mut security = Self { end, keys: capture.keys.clone(), random };
        security.open();
        security
    }

    /// The client asks for a session.
    fn open(&mut self) {
        let at = &mut now(&mut self.random);
        if let End::Client { security, next } = &mut self.end {
            let step = security.open(at).unwrap();
            *next = stepped(security, step, at);
        }
    }

    /// The session goes on over another connection.
    pub fn reconnected(&mut self) {
        if let End::Service { link, .. } = &mut self.end {
            *link = LinkSecurity::default();
        }
    }

    /// A message as it was before it was protected, by the keys of the capture.
    pub fn captured(&self, envelope: &Envelope) -> Envelope {
        without_security(&plain(&text(envelope), &self.keys))
    }

    /// What our end said is verified. Gives it as it was before it was protected.
    pub fn hears(&mut self, envelope: &Envelope) -> Envelope {
        let heard = envelope.clone();
        let at = &mut now(&mut self.random);
        match &mut self.end {
            End::Service { security, link, session, answers, protected } => {
                let from = Link { peer: PeerTag::UNKNOWN, protected: *protected };
                // What opens a session has connections of its own.
                let mut opening = LinkSecurity::default();
                let link = if is_opening(envelope) { &mut opening } else { link };
                let mut incoming = security.receive_on(link, heard, from, at);
                while let Incoming::Authenticate(somebody) = incoming {
                    incoming = security.authenticated_on(link, somebody, Ok(()), at);
                }
                match incoming {
                    Incoming::Reply(reply) if is_opening(envelope) => {
                        assert!(reply.error.is_none(), "{:?}", reply.error);
                        answers.push_back(reply.envelope);
                    }
                    Incoming::Message(message) => {
                        *session = message.session.clone();
                        return without_security(&text(message.received.envelope()));
                    }
                    Incoming::Ended(_) if is_last(envelope) => {}
                    other => panic!("{other:?}"),
                }
            }
            End::Client { security, next } => {
                if is_opening(envelope) {
                    let step = security.handle_reply(heard, at);
                    *next = stepped(security, step.unwrap_or_else(|error| panic!("{error}")), at);
                } else {
                    match security.receive(heard, at).unwrap_or_else(|error| panic!("{error}")) {
                        FromService::Message(message) => {
                            return without_security(&text(message.envelope()));
                        }
                        FromService::Ended if is_last(envelope) => {}
                        other => panic!("{other:?}"),
                    }
                }
            }
        }
        match is_opening(envelope) {
            true => envelope.clone(),
            false => without_security(&text(envelope)),
        }
    }

    /// What the peer says in the place of this captured message, whose content `said` makes of it.
    pub fn says(&mut self, captured: &Envelope, said: impl FnOnce(String) -> String) -> Envelope {
        let message = match is_opening(captured) || is_last(captured) {
            true => None,
            false => Some(said(text(&self.captured(captured)))),
        };
        let message = message.map(|text| Envelope::parse(text, &Limits::SOAP).unwrap());
        let at = &mut now(&mut self.random);
        match (&mut self.end, message) {
            (End::Service { answers, .. }, None) if is_opening(captured) => {
                answers.pop_front().expect("an answer")
            }
            (End::Client { next, .. }, None) if is_opening(captured) => {
                next.take().expect("something to say")
            }
            (End::Service { security, session, .. }, None) => {
                let to = EndpointReference::anonymous(VERSION.addressing);
                let session = session.as_ref().expect("a session");
                let last = security.end_output(session, VERSION, Some(&to), at);
                last.unwrap_or_else(|error| panic!("{error}")).expect("a last word")
            }
            (End::Client { security, .. }, None) => {
                let last = security.end_output(at).unwrap_or_else(|error| panic!("{error}"));
                *last.expect("a last word")
            }
            (End::Service { security, session, .. }, Some(message)) => {
                let context = ReplyContext::of(session.as_ref().expect("a session"));
                let protected = security.protect_reply(&context, message, at);
                protected.unwrap_or_else(|error| panic!("{error}"))
            }
            (End::Client { security, .. }, Some(message)) => {
                security.protect(message, at).unwrap_or_else(|error| panic!("{error}")).0
            }
        }
    }

    /// The name of the session with our end.
    pub fn session(&self) -> Option<String> {
        match &self.end {
            End::Service { session, .. } => {
                session.as_ref().map(|session| session.identifier().to_owned())
            }
            End::Client { security, .. } => {
                security.context().map(|context| context.identifier.into_string())
            }
        }
    }
}

/// What a client says next; its service is trusted.
fn stepped(security: &mut ClientSecurity, mut step: Step, at: &mut Moment<'_>) -> Option<Envelope> {
    loop {
        step = match step {
            Step::Authenticate(_) => security.authenticated(Ok(()), at).unwrap(),
            Step::Send(envelope) => return Some(*envelope),
            Step::Established => return None,
            Step::SendInSession(_) => panic!("nothing is posted here"),
        }
    }
}

fn now(random: &mut Any) -> Moment<'_> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let time = Time::since_start(Duration::from_millis(since.as_millis() as u64));
    Moment::new(Timestamp::now(), time, random)
}

/// A message without its Security header and what that refers to.
fn without_security(text: &str) -> Envelope {
    let mut plain = Envelope::parse(text, &Limits::SOAP).unwrap();
    let security = plain.header_named(WSSE, "Security").map(|header| header.id());
    let own: Vec<_> =
        plain.headers().map(|header| header.id()).chain([plain.body().id()]).collect();
    let document = plain.document_mut();
    own.into_iter().for_each(|element| document.remove_attribute(element, WSU, "Id"));
    security.into_iter().for_each(|security| document.detach(security));
    plain
}

/// Where WCF's service is called back at, it says whose certificate it has (`Identity`, in the `ReplyTo` of a call of its own
/// that wants an answer). The answer comes on the session, whose other end the client knows: ours says nothing of that. Takes it
/// out; gives whether it was there.
pub fn without_identity(envelope: &mut Envelope) -> bool {
    let found = {
        let own = envelope.headers().filter(|header| header.local_name() == "ReplyTo");
        let mut own = own.flat_map(|header| header.elements());
        own.find(|e| e.local_name() == "Identity").map(|identity| identity.id())
    };
    let Some(identity) = found else { return false };
    let own = envelope.document().element(identity);
    let shown = own.descendants_and_self().find(|e| e.local_name() == "X509Certificate");
    assert_eq!(shown.map(octets).as_deref(), Some(certificate("service").der()), "the service's");
    envelope.document_mut().detach(identity);
    true
}

/// The context that a message of a session names.
pub fn context_of(envelope: &Envelope) -> Option<String> {
    let security = envelope.header_named(WSSE, "Security")?;
    let token = security.elements().find(|e| e.local_name() == "SecurityContextToken")?;
    let name = token.elements().find(|e| e.local_name() == "Identifier")?;
    Some(name.text().into_owned())
}

// ---- what is random in a protected message ----

/// Elements whose content is random, or depends on what is.
const RANDOM: [&str; 7] = [
    "CipherValue",
    "DigestValue",
    "SignatureValue",
    "Nonce",
    "BinaryExchange",
    "BinarySecret",
    "CombinedHash",
];

/// Whether a text is of this run alone: a name, or a time.
fn is_of_this_run(element: &str, text: &str) -> bool {
    let text = text.trim_start_matches('#');
    text.starts_with("uuid-")
        || text.starts_with("urn:uuid:")
        || ["Created", "Expires"].contains(&element)
}

fn is_key_of_this_run(element: Element<'_>) -> bool {
    let kind = element.attribute("ValueType").unwrap_or_default();
    element.local_name() == "KeyIdentifier" && kind.ends_with("#EncryptedKeySHA1")
}

/// A message with all that is in it but what is random.
pub fn shape(envelope: &Envelope) -> String {
    fn write(element: Element<'_>, out: &mut String) {
        let local = element.local_name();
        out.push_str(&format!("<{}:{local}", element.prefix()));
        for attribute in element.attributes() {
            let value = attribute.value();
            let value = if is_of_this_run("", value) { "#" } else { value };
            out.push_str(&format!(" {}=\"{value}\"", attribute.name().local));
        }
        out.push('>');
        let text = element.text();
        let is_random = RANDOM.contains(&local) || is_key_of_this_run(element);
        match element.elements().next() {
            Some(_) => element.elements().for_each(|child| write(child, out)),
            None if is_random || is_of_this_run(local, &text) => out.push('#'),
            None => out.push_str(&text),
        }
        out.push_str("</>");
    }
    let mut out = String::new();
    write(envelope.document().root(), &mut out);
    out
}

/// How octets stand in a binary message at its start (MC-NBFX §2.2.3.20 to §2.2.3.22, with the end of the element or without):
/// how many octets of the message those records are, and what they are but for what is in them. None: they do not stand there.
fn records_of(value: &[u8], message: &[u8], is_cipher: bool) -> Option<(usize, Vec<u8>)> {
    const END: u8 = 0x01;
    let (mut at, mut rest, mut out) = (0, value, Vec::new());
    while !rest.is_empty() {
        let kind = *message.get(at)?;
        let has_end = kind & END != 0;
        let (length, head) = match (kind, &message[at + 1..]) {
            (0x9E | 0x9F, [length, ..]) => (usize::from(*length), 2),
            (0xA0 | 0xA1, [a, b, ..]) => (usize::from(u16::from_le_bytes([*a, *b])), 3),
            (0xA2 | 0xA3, [a, b, c, d, ..]) => (i32::from_le_bytes([*a, *b, *c, *d]) as usize, 5),
            _ => return None,
        };
        let content = message.get(at + head..at + head + length)?;
        rest = rest.strip_prefix(content).filter(|_| !content.is_empty())?;
        // How long a signature is before it is encrypted depends on the numbers in names.
        if !is_cipher || out.is_empty() {
            out.extend_from_slice(&message[at..at + head]);
        } else if has_end {
            out.push(END);
        }
        at += head + length;
    }
    Some((at, out))
}

/// What is random in a message: octets, and whether they are a cipher's; and texts, the longest first.
type Drawn = (Vec<(Vec<u8>, bool)>, Vec<Vec<u8>>);

fn drawn(envelope: &Envelope) -> Drawn {
    let (mut values, mut texts) = Drawn::default();
    let mut of_this_run = |text: &str| {
        texts.push(text.as_bytes().to_vec());
        texts
            .extend(text.strip_prefix("urn:uuid:").map(|name| crate::names::binary(name).to_vec()));
    };
    for element in envelope.document().root().descendants_and_self() {
        let local = element.local_name();
        let text = element.text();
        if RANDOM.contains(&local) || is_key_of_this_run(element) {
            values.push((octets(element), local == "CipherValue"));
        } else if is_of_this_run(local, &text) && element.elements().next().is_none() {
            of_this_run(&text);
        }
        let names = element.attributes().filter(|a| is_of_this_run("", a.value()));
        names.for_each(|attribute| of_this_run(attribute.value()));
    }
    texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
    (values, texts)
}

/// A text message without what is random in it.
pub fn text_without_random(message: &[u8], envelope: &Envelope) -> String {
    let (values, texts) = drawn(envelope);
    let mut text = String::from_utf8(message.to_vec()).unwrap();
    for (value, _) in values {
        text = text.replace(&format!(">{}<", STANDARD.encode(value)), ">#<");
    }
    for name in texts.iter().filter_map(|name| std::str::from_utf8(name).ok()) {
        text = text.replace(name, "#");
    }
    text
}

/// The octets of a binary message without what is random in it.
pub fn octets_without_random(message: &[u8], envelope: &Envelope) -> Vec<u8> {
    let (values, texts) = drawn(envelope);
    let (mut out, mut at) = (Vec::with_capacity(message.len()), 0);
    while let Some(octet) = message.get(at) {
        let rest = &message[at..];
        let mut records = values.iter();
        let records = records.find_map(|(value, is_cipher)| records_of(value, rest, *is_cipher));
        if let Some((length, left)) = records {
            out.extend(left);
            at += length;
        } else if let Some(text) = texts.iter().find(|text| rest.starts_with(text)) {
            // Numbers in names have one digit or two.
            out.pop_if(|length| usize::from(*length) == text.len());
            out.extend_from_slice(b"<#>");
            at += text.len();
        } else {
            out.push(*octet);
            at += 1;
        }
    }
    out
}
