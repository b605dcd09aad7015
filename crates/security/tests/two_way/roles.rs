//! Our client and our service in the place of WCF's: with the keys that were recorded each takes what the other end sent,
//! and says its last as WCF did.

use std::cmp::Ordering;
use std::collections::{HashMap, VecDeque};

use waxwing_security::conversation::{
    ClientBinding, ClientCredential, ClientIdentification, ClientOptions, ClientSecurity, Flow,
    FromService, Generation, Incoming, LinkSecurity, SavedCaller, SavedClientContext, SavedContext,
    SavedDerivedKey, SavedKey, SecuritySession, ServiceBinding, ServiceOptions, ServiceSecurity,
};
use waxwing_security::wsse::names::WSSE;
use waxwing_security::{Link, PeerTag};
use waxwing_soap::{Addressing, EndpointReference, Envelope, MessageVersion};

use crate::common::contracts::requirements;
use crate::common::two_way::{TwoWay, session_of};
use crate::common::wsse_rebuild::{Recorded, unprotected};
use crate::common::wsse_replay::is_bootstrap;
use crate::common::{Captured, identity_of, nonce_of, parse, unhex};
use crate::messages::{all, canonical};
use crate::nego::{Seeded, by_certificate, certificate, moment};

type Context = (String, Option<String>);

/// One session of a conversation.
struct Session<'a> {
    conversation: &'a TwoWay,
    identifier: String,
    messages: Vec<&'a Captured>,
    /// The generations of its key, in the order in which they were used.
    generations: Vec<Context>,
}

impl<'a> Session<'a> {
    /// Those of a conversation, in which messages were sent.
    fn of(conversation: &'a TwoWay) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        let is_of_session = |m: &&Captured| !is_bootstrap(&m.action());
        for message in conversation.messages().filter(is_of_session) {
            let token = message.is_request().then(|| token_of(message));
            let identifier = match &token {
                Some(token) => Some(token.0.clone()),
                None => session_of(message),
            };
            let at = match &identifier {
                Some(known) => found.iter().position(|session| session.identifier == *known),
                // Over a protected transport the service names none.
                None => Some(0),
            };
            let at = at.unwrap_or_else(|| {
                let identifier = identifier.expect("the client names its session");
                let (messages, generations) = (Vec::new(), Vec::new());
                found.push(Session { conversation, identifier, messages, generations });
                found.len() - 1
            });
            let session = &mut found[at];
            session.messages.push(message);
            if let Some(token) = token.filter(|token| !session.generations.contains(token)) {
                session.generations.push(token);
            }
        }
        found
    }

    fn from(&self, client: bool) -> impl Iterator<Item = &'a Captured> {
        let messages: Vec<_> =
            self.messages.iter().filter(|m| m.is_request() == client).copied().collect();
        messages.into_iter()
    }

    fn flow(&self) -> Flow {
        match self.conversation.scenario.name.starts_with("dual") {
            true => Flow::CompositeDuplex,
            false => Flow::DuplexSession,
        }
    }

    fn by_transport(&self) -> bool {
        self.conversation.scenario.is_over_transport()
    }

    /// A generation of the key, with the derived keys of one end's messages.
    fn key(&self, context: &Context, client: bool, generation: Generation) -> SavedKey {
        let of_generation = |m: &&&Captured| token_of(m) == *context;
        let first = self.from(true).collect::<Vec<_>>();
        let first = *first.iter().find(of_generation).expect("a message under it");
        let element = token_element(first);
        let mut derived: Vec<SavedDerivedKey> = Vec::new();
        let mut messages: Vec<_> = self.from(client).collect();
        messages.retain(|m| !client || token_of(m) == *context);
        messages.sort_by_key(|message| std::cmp::Reverse(derived_keys(message).len()));
        if let Some(message) = messages.first() {
            derived = derived_keys(message);
        }
        let derived = <[SavedDerivedKey; 2]>::try_from(derived).ok();
        let at = first.at.as_millisecond();
        SavedKey {
            generation,
            identifier: context.0.clone(),
            instance: context.1.clone(),
            id: between(&element, "u:Id=\"", "\"").to_owned(),
            element,
            octets: self.conversation.scenario.contexts[context].secret().to_vec(),
            derived: derived.filter(|_| !self.by_transport()),
            created: at - 1000,
            expires: at + 36_000_000,
            received: at,
        }
    }

    fn client(&self) -> ClientSecurity {
        let scenario = &self.conversation.scenario;
        let address = Addressing::read(&self.messages[0].envelope()).unwrap().to.unwrap();
        let mut options = ClientOptions::new(address);
        options.flow = self.flow();
        options.settings = scenario.settings();
        options.requirements = requirements(scenario.option("contract"), None);
        options.binding = Some(match self.by_transport() {
            true => ClientBinding::Transport,
            false => ClientBinding::Symmetric(certificate("service")),
        });
        if self.by_transport() {
            let username = "alice".into();
            options.credential = ClientCredential::UserName { username, password: None };
        }
        let names_itself =
            |m: &&Captured| Addressing::read(&m.envelope()).unwrap().reply_to.is_some();
        if self.flow() == Flow::CompositeDuplex
            && let Some(message) = self.from(true).find(names_itself)
        {
            options.reply_to = Addressing::read(&message.envelope()).unwrap().reply_to;
        }
        let mut security = ClientSecurity::new(options, &mut Seeded(1)).unwrap();
        let last = self.generations.len() - 1;
        let key = |(at, context): (usize, &Context)| {
            let former = Generation::Former(self.messages[0].at.as_millisecond() + 3_600_000);
            let generation = if at == last { Generation::Current } else { former };
            self.key(context, true, generation)
        };
        let keys = self.generations.iter().enumerate().rev().map(key).collect();
        let saved = SavedClientContext { keys, service_certificate: None, accepted: false };
        security.restore(&saved, &mut moment(self.messages[0].at, &mut Seeded(2))).unwrap();
        security
    }

    /// The service, by which this generation of the key is in use.
    fn service(&self, used: usize) -> (ServiceSecurity, SecuritySession) {
        let scenario = &self.conversation.scenario;
        let (clients, caller) = match scenario.credential() {
            "None" => (ClientIdentification::None, SavedCaller::Anonymous),
            "UserName" => (ClientIdentification::UserName, SavedCaller::UserName("alice".into())),
            _ => {
                let der = certificate("alice").der().to_vec();
                (ClientIdentification::Certificate, SavedCaller::Certificate(der))
            }
        };
        let mut options = ServiceOptions::new(clients);
        options.flow = self.flow();
        options.settings = scenario.settings();
        options.requirements = requirements(scenario.option("contract"), None);
        options.binding = Some(match self.by_transport() {
            true => ServiceBinding::Transport { allow_insecure: false },
            false => by_certificate(),
        });
        let last = self.from(false).last().expect("a message of the service");
        options.reply_to = Addressing::read(&last.envelope()).unwrap().reply_to;
        let security = ServiceSecurity::new(options, &mut Seeded(3)).unwrap();
        let key = |(at, context): (usize, &Context)| {
            let generation = match at.cmp(&used) {
                Ordering::Less => Generation::Former(i64::from(u32::MAX) * 1000),
                Ordering::Equal => Generation::Current,
                Ordering::Greater => Generation::Pending,
            };
            self.key(context, false, generation)
        };
        let keys = self.generations.iter().enumerate().map(key).collect();
        let saved = SavedContext { identifier: self.identifier.clone(), caller, keys, used: true };
        let session = security.restore(&saved, &mut moment(self.messages[0].at, &mut Seeded(4)));
        let session = session.unwrap();
        (security, session)
    }

    /// The framing session that a message came over.
    fn link(&self, message: &Captured) -> String {
        let mut octets = self.conversation.octets.iter();
        let found = octets.find(|(name, ..)| *name == message.name);
        found.map_or_else(String::new, |(_, stream, _)| stream.clone())
    }
}

/// The context that a message of the client names.
fn token_of(message: &Captured) -> Context {
    let envelope = message.envelope();
    let security = envelope.header_named(WSSE, "Security").expect("a Security header");
    let mut tokens = security.elements().filter(|e| e.local_name() == "SecurityContextToken");
    identity_of(tokens.next().expect("the session's token"))
}

fn token_element(message: &Captured) -> String {
    let text = message.text();
    let from = text.find("<c:SecurityContextToken").expect("a token");
    let end = "</c:SecurityContextToken>";
    let to = text[from..].find(end).expect("its end") + from + end.len();
    text[from..to].to_owned()
}

fn derived_keys(message: &Captured) -> Vec<SavedDerivedKey> {
    let envelope = message.envelope();
    let security = envelope.header_named(WSSE, "Security").expect("a Security header");
    let derived = security.elements().filter(|e| e.local_name() == "DerivedKeyToken");
    let saved = |e: waxwing_xml::Element<'_>| SavedDerivedKey {
        id: e.attributes().find(|a| a.name().local == "Id").expect("an Id").value().to_owned(),
        nonce: nonce_of(e).expect("a nonce"),
    };
    derived.map(saved).collect()
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let rest = text.split_once(start).expect("the start").1;
    rest.split_once(end).expect("the end").0
}

fn is_last(message: &Captured) -> bool {
    message.action().ends_with("/SCT/Cancel")
}

/// Draws the octets of the identifier of a message, which we are to make.
fn drawn(message: &Captured) -> Recorded {
    let id = Addressing::read(&message.envelope()).unwrap().message_id;
    let octets = id.map(|id| unhex(&id.trim_start_matches("urn:uuid:").replace('-', "")));
    Recorded(octets.into_iter().chain([vec![0; 16]]).take(1).collect::<VecDeque<_>>())
}

/// A last word is what WCF said last, but for the Security header.
#[track_caller]
fn is_as(ours: &Envelope, theirs: &Captured) {
    let text = String::from_utf8(ours.to_bytes()).unwrap();
    let (ours, theirs) = (unprotected(&text), unprotected(theirs.text()));
    let written =
        |envelope: &Envelope| String::from_utf8(parse(&envelope.to_bytes()).to_bytes()).unwrap();
    assert_eq!(written(&ours), written(&theirs));
}

#[track_caller]
fn says(received: &Envelope, message: &Captured, name: &str) {
    if message.plain.is_some() || !message.text().contains("EncryptedData") {
        let expected = canonical(&parse(message.expected().as_bytes()));
        assert_eq!(canonical(received), expected, "{name}");
    }
}

#[test]
fn our_client_takes_what_wcfs_service_sent() {
    let mut taken = 0;
    for (conversation, _) in all() {
        for session in Session::of(&conversation) {
            let mut client = session.client();
            let mut last_word = session.from(true).find(|m| is_last(m));
            let mut say_last = |client: &mut ClientSecurity| {
                let Some(message) = last_word.take() else { return };
                let mut random = drawn(message);
                let ours = client.end_output(&mut moment(message.at, &mut random)).unwrap();
                is_as(&ours.expect("something to say"), message);
            };
            for message in session.from(false) {
                let name = format!("{}/{}", conversation.scenario.name, message.name);
                // Where both ask our client asks, too, before it hears the service.
                if is_last(message) {
                    say_last(&mut client);
                }
                let mut random = Seeded(5);
                let at = &mut moment(message.at, &mut random);
                let heard = client.receive(conversation.envelope(message), at);
                match heard.unwrap_or_else(|error| panic!("{name}: {error}")) {
                    FromService::Message(received) => {
                        assert!(!is_last(message), "{name}");
                        says(&received.whole(), message, &name);
                    }
                    FromService::Ended => assert!(is_last(message), "{name}"),
                    other => panic!("{name}: {other:?}"),
                }
                taken += 1;
                // Once more it is none.
                let again = client.receive(conversation.envelope(message), at);
                assert!(again.is_err() || session.by_transport(), "{name}: {again:?}");
            }
            say_last(&mut client);
            let ended = session.messages.iter().any(|m| is_last(m));
            assert_eq!(client.context().is_none(), ended, "{}", conversation.scenario.name);
        }
    }
    assert!(taken >= 120, "{taken}");
}

#[test]
fn our_service_takes_what_wcfs_client_sent() {
    let mut taken = 0;
    for (conversation, _) in all() {
        for session in Session::of(&conversation) {
            let (service, own) = session.service(0);
            let mut links: HashMap<String, LinkSecurity> = HashMap::new();
            let from = Link { peer: PeerTag::UNKNOWN, protected: session.by_transport() };
            let mut ended = false;
            for message in session.from(true) {
                let name = format!("{}/{}", conversation.scenario.name, message.name);
                let mut random = Seeded(6);
                let at = &mut moment(message.at, &mut random);
                let envelope = conversation.envelope(message);
                let incoming = match session.flow() {
                    Flow::DuplexSession => {
                        let link = links.entry(session.link(message)).or_default();
                        service.receive_on(link, envelope, from, at)
                    }
                    _ => service.receive(envelope, from, at),
                };
                match incoming {
                    Incoming::Message(received) => {
                        assert!(!is_last(message), "{name}");
                        says(&received.received.whole(), message, &name);
                        assert_eq!(received.session.as_ref(), Some(&own), "{name}");
                    }
                    Incoming::Ended(session) => {
                        assert!(is_last(message) && session == own, "{name}");
                        ended = true;
                    }
                    other => panic!("{name}: {other:?}"),
                }
                taken += 1;
            }
            let Some(last) = session.from(false).find(|m| is_last(m)) else { continue };
            let addressing = Addressing::read(&last.envelope()).unwrap();
            let answers = last.action().ends_with("/RSTR/SCT/Cancel");
            assert!(ended || !answers, "{}", conversation.scenario.name);
            // Where both asked, our service asks before it hears the client.
            let (service, own) = match answers {
                true => (service, own),
                false => session.service(session.generations.len() - 1),
            };
            let to = match session.flow() {
                Flow::CompositeDuplex => {
                    let own = session.from(true).find_map(|message| {
                        Addressing::read(&message.envelope()).unwrap().reply_to
                    });
                    own.unwrap()
                }
                _ => EndpointReference::new(addressing.to.unwrap()),
            };
            let version = MessageVersion::SOAP12_ADDRESSING10;
            let mut random = drawn(last);
            let at = &mut moment(last.at, &mut random);
            let ours = service.end_output(&own, version, Some(&to), at).unwrap();
            is_as(&ours.expect("something to say"), last);
        }
    }
    assert!(taken >= 120, "{taken}");
}
