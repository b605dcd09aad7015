//! Builds a captured message again: from its plain text, the recorded keys, and the identifiers, nonces,
//! times and initialization vectors that it shows.

use std::collections::{HashMap, VecDeque};

use super::wsse_replay::Replay;
use super::{Captured, Scenario, certificate, nonce_of, private_key, unbase64};
use waxwing_crypto::{Certificate, PrivateKey};
use waxwing_security::trust::IssuedContextToken;
use waxwing_security::wsse::names::{WSSE, WSU};
use waxwing_security::wsse::{
    ContextToken, Derivation, DerivedKeyToken, EncryptedKeyReference, EncryptedKeyToken, Endorsing,
    IdSource, ProtectionPlan, ProtectionToken, SecuritySettings, SentSignature, SessionKeys,
    Sources, TokenKey, TokenPlacement, UsernameCredential, Verified, protect,
};
use waxwing_security::{Direction, MessageProtection, ProtectionLevel};
use waxwing_soap::{Envelope, RandomSource};
use waxwing_xml::{Element, NodeId};
use zeroize::Zeroizing;

/// Gives out recorded octets, and fails when others are asked for than were recorded.
pub struct Recorded(pub VecDeque<Vec<u8>>);

impl RandomSource for Recorded {
    fn fill(&mut self, octets: &mut [u8]) {
        let next = self.0.pop_front().expect("no more octets were recorded");
        assert_eq!(next.len(), octets.len(), "as many octets as were recorded");
        octets.copy_from_slice(&next);
    }
}

/// Gives out recorded identifiers.
pub struct RecordedIds(pub VecDeque<String>);

impl IdSource for RecordedIds {
    fn next_id(&mut self) -> String {
        self.0.pop_front().expect("no more identifiers were recorded")
    }
}

/// What a captured message shows of how it was made.
pub struct Seen {
    wire: Envelope,
    plain: Envelope,
    text: String,
}

/// The protection token as it was.
enum Token {
    Session(SessionKeys),
    Context(ContextToken, TokenPlacement),
    EncryptedKey(EncryptedKeyToken),
    Reference(EncryptedKeyReference),
    Transport,
}

impl Seen {
    fn new(message: &Captured) -> Self {
        Self {
            wire: message.envelope(),
            plain: super::parse(message.expected().as_bytes()),
            text: message.text().to_owned(),
        }
    }

    fn security(&self) -> Element<'_> {
        self.wire.header_named(WSSE, "Security").expect("a Security header")
    }

    fn children<'a>(&'a self, local: &'a str) -> impl Iterator<Item = Element<'a>> + 'a {
        self.security().elements().filter(move |e| e.local_name() == local)
    }

    fn child<'a>(&'a self, local: &'a str) -> Option<Element<'a>> {
        self.children(local).next()
    }

    fn plain_child(&self, local: &str) -> Option<Element<'_>> {
        let security = self.plain.header_named(WSSE, "Security").expect("a Security header");
        security.elements().find(|e| e.local_name() == local)
    }

    fn derived_keys(&self) -> Vec<DerivedKeyToken> {
        let derived = |token: Element<'_>| {
            let length = token.elements().find(|e| e.local_name() == "Length");
            let length = length.map_or(32, |l| l.text().parse().expect("a number"));
            let nonce = nonce_of(token).expect("a nonce");
            DerivedKeyToken { id: id_of(token), derivation: Derivation::new(nonce, length) }
        };
        self.children("DerivedKeyToken").map(derived).collect()
    }

    /// The text of an element of the Security header as it was sent.
    fn source(&self, element: Element<'_>) -> &str {
        let span = element.span();
        let source = self.wire.document().source_of(span);
        assert!(self.text.contains(source));
        source
    }

    /// Initialization vectors in the order of encryption, which is that of the list.
    fn vectors(&self, block: usize) -> Vec<Vec<u8>> {
        let Some(list) = self.child("ReferenceList") else { return Vec::new() };
        let ids = list.elements().map(|r| r.attribute("URI").expect("a URI")[1..].to_owned());
        ids.map(|id| {
            let root = self.wire.document().root();
            let is_named = |e: &Element<'_>| {
                e.attribute("Id") == Some(&id)
                    || (e.local_name() == "EncryptedHeader" && *id_of(*e) == *id)
            };
            let data = root.descendants_and_self().find(is_named);
            let value = data.expect("the encrypted data").descendants_and_self();
            let value = value.filter(|e| e.local_name() == "CipherValue").last();
            unbase64(&value.expect("a cipher value").text())[..block].to_vec()
        })
        .collect()
    }
}

fn id_of(element: Element<'_>) -> Box<str> {
    element.attribute_ns(WSU, "Id").expect("an identifier").into()
}

/// The message before it was secured: the plain text without its Security header and identifiers.
pub fn unprotected(expected: &str) -> Envelope {
    let (start, rest) = expected.split_once("<o:Security ").expect("a Security header");
    let (_, end) = rest.split_once("</o:Security>").expect("a Security header");
    let (body_tag, body) = end.split_once("<s:Body").expect("a Body");
    let (tag, content) = body.split_once('>').expect("a tag");
    let declaration = format!(" xmlns:u=\"{WSU}\"");
    // Over a protected transport the body is in clear, and may need it.
    let undeclared = match body.contains(" u:Id=") || body.contains("<u:") {
        true => start.to_owned(),
        false => start.replacen(&declaration, "", 1),
    };
    let start = without_ids(&undeclared);
    let text = format!("{start}{body_tag}<s:Body{}>{content}", without_ids(tag));
    let mut envelope = super::parse(text.as_bytes());
    keep_pairs(&mut envelope);
    envelope
}

fn without_ids(text: &str) -> String {
    let mut out = String::new();
    for (i, piece) in text.split(" u:Id=\"").enumerate() {
        let piece = if i == 0 { piece } else { piece.split_once('"').expect("a value").1 };
        out.push_str(piece);
    }
    out
}

/// Empty elements that were written as a pair of tags stay one.
pub fn keep_pairs(envelope: &mut Envelope) {
    let document = envelope.document();
    let is_pair = |e: &Element<'_>| {
        let source = document.source_of(e.span());
        e.is_empty() && !source.ends_with("/>")
    };
    let root = document.root();
    let pairs: Vec<NodeId> = root.descendants_and_self().filter(is_pair).map(|e| e.id()).collect();
    for pair in pairs {
        envelope.document_mut().set_end_tag(pair, true);
    }
}

/// The same for an envelope that says the same as a text.
fn keep_pairs_of(envelope: &mut Envelope, expected: &str) {
    let mut same = super::parse(expected.as_bytes());
    keep_pairs(&mut same);
    let is_pair = same.document().root().descendants_and_self().map(|e| e.has_end_tag());
    let elements = envelope.document().root().descendants_and_self().map(|e| e.id());
    let pairs: Vec<NodeId> = elements.zip(is_pair).filter(|(_, p)| *p).map(|(id, _)| id).collect();
    for pair in pairs {
        envelope.document_mut().set_end_tag(pair, true);
    }
}

/// Builds the messages of a scenario again, one after another.
pub struct Rebuild<'a> {
    pub replay: Replay<'a>,
    scenario: &'a Scenario,
    clients: Vec<(Certificate, PrivateKey)>,
    service: Certificate,
    /// Contexts whose identifier came as a value.
    values: HashMap<String, [u8; 16]>,
}

impl<'a> Rebuild<'a> {
    pub fn new(scenario: &'a Scenario) -> Self {
        let clients = ["alice", "mallory", "expired"].map(|n| (certificate(n), private_key(n)));
        let service = certificate("service");
        let (replay, values) = (Replay::new(scenario), HashMap::new());
        Self { replay, scenario, clients: clients.into(), service, values }
    }

    /// Keeps the identifier of a token that a message hands out in clear, where that is a value.
    pub fn hand_out(&mut self, message: &Envelope) {
        let all = message.document().root().descendants_and_self();
        for token in all.filter(|e| e.local_name() == "RequestedSecurityToken") {
            let context = token.first_element().expect("a token");
            let issued = IssuedContextToken::read(context, self.replay.settings.dialect);
            let issued = issued.expect("a security context");
            let value = issued.identifier_value.expect("a value in a binary message");
            self.values.insert(issued.identifier.into(), value);
        }
    }

    /// What a receiver reads in our message in the place of a captured one.
    pub fn reread(&mut self, message: &Captured, ours: &Envelope) -> String {
        let mut replay = Replay::new(self.scenario);
        std::mem::swap(&mut replay.asked, &mut self.replay.asked);
        let verified = replay.verify(&message.with_body(ours.to_bytes())).expect("a good message");
        // What the captured one left behind stays, for the next.
        std::mem::swap(&mut replay.asked, &mut self.replay.asked);
        let mut envelope = verified.whole();
        keep_pairs_of(&mut envelope, message.expected());
        String::from_utf8(envelope.to_bytes()).expect("UTF-8")
    }

    /// The same message made by us, unless it is one that must be refused. The captured one is verified
    /// first, for what it leaves behind.
    pub fn message(&mut self, message: &Captured) -> Option<Envelope> {
        let verified = self.replay.verify(message).ok()?;
        let seen = Seen::new(message);
        let stamp = seen.child("Timestamp").expect("a timestamp");
        let created = stamp.first_element().expect("Created").text().parse().expect("a time");
        let alone = self.is_alone();
        let mut settings = self.replay.settings.clone();
        if alone {
            // What a binding says of its sessions does not hold for their establishment.
            let usual = SecuritySettings::default();
            settings.order = usual.order;
            settings.derived_keys = usual.derived_keys && !self.scenario.is_over_transport();
        }
        let parts = self.parts(message, &verified);
        let derived = seen.derived_keys();
        let token = self.token(message, &seen, &verified, &derived);
        let mut octets = VecDeque::new();
        // Within a session the derived keys were made before.
        if alone {
            octets.extend(derived.iter().map(|d| d.derivation.nonce.clone()));
        }
        octets.extend(seen.vectors(settings.suite.cipher.block_length()));
        let mut random = Recorded(octets);
        let mut ids = RecordedIds(VecDeque::from([id_of(stamp).into_string()]));
        let mut sources = Sources { now: created, random: &mut random, ids: &mut ids };
        let protection = match &token {
            Token::Session(keys) => ProtectionToken::Session(keys),
            Token::Context(token, placement) => ProtectionToken::Context(token, *placement),
            Token::EncryptedKey(token) => ProtectionToken::EncryptedKey(token),
            Token::Reference(reference) => ProtectionToken::EncryptedKeyReference(reference),
            Token::Transport => ProtectionToken::Transport,
        };
        let mut plan = ProtectionPlan::new(&settings, &parts, protection);
        let username = username_of(&seen);
        plan.username = username.as_ref();
        let binary = seen.child("BinarySecurityToken").map(id_of);
        let renewed = match &token {
            Token::Transport => seen.child("SecurityContextToken").map(|e| self.attached(&seen, e)),
            _ => self.renewed(message, &seen, alone),
        };
        for child in seen.security().elements() {
            match (child.local_name(), &binary, &renewed) {
                ("BinarySecurityToken", Some(id), _) => {
                    let der = unbase64(&child.text());
                    let fits = |known: &&(Certificate, PrivateKey)| known.0.der() == der;
                    let (certificate, key) = self.clients.iter().find(fits).expect("a key");
                    plan.endorsing.push(Endorsing::Certificate { id, certificate, key });
                }
                ("SecurityContextToken", _, Some(token)) if *token.id == *id_of(child) => {
                    plan.endorsing.push(Endorsing::Context(token));
                }
                _ => {}
            }
        }
        let confirmations = self.confirmations(message);
        plan.confirmations = &confirmations;
        let mut envelope = unprotected(message.expected());
        protect(&mut envelope, &plan, &mut sources).expect("it can be protected");
        assert!(random.0.is_empty(), "{} octet strings are left", random.0.len());
        Some(envelope)
    }

    /// The keys of the session of a captured message, with its derived keys.
    pub fn session_keys(&mut self, message: &Captured) -> SessionKeys {
        let verified = self.replay.verify(message).expect("a good message");
        let seen = Seen::new(message);
        match self.token(message, &seen, &verified, &seen.derived_keys()) {
            Token::Session(keys) => keys,
            _ => panic!("a message of a session"),
        }
    }

    fn parts(&self, message: &Captured, verified: &Verified) -> MessageProtection {
        let direction = match message.is_request() {
            true => Direction::Request,
            false => Direction::Reply,
        };
        let bootstrap = self.replay.asked.as_ref().is_some_and(|asked| asked.bootstrap);
        let requirements = match bootstrap {
            true => &self.replay.bootstrap,
            false => &self.replay.session,
        };
        if verified.is_by_transport() {
            return MessageProtection::body(ProtectionLevel::None);
        }
        requirements.find(direction, verified.action()).expect("requirements").clone()
    }

    /// Whether the message belongs to no session.
    fn is_alone(&self) -> bool {
        let bootstrap = self.replay.asked.as_ref().is_some_and(|asked| asked.bootstrap);
        bootstrap || self.scenario.is_one_shot()
    }

    fn confirmations(&self, message: &Captured) -> Vec<SentSignature> {
        match (&self.replay.asked, message.is_request()) {
            (Some(asked), false) => asked.signatures.clone(),
            _ => Vec::new(),
        }
    }

    fn token(
        &self,
        message: &Captured,
        seen: &Seen,
        verified: &Verified,
        derived: &[DerivedKeyToken],
    ) -> Token {
        if verified.is_by_transport() {
            return Token::Transport;
        }
        let asked = self.replay.asked.as_ref();
        if let Some(key) = asked.and_then(|asked| asked.key.clone()) {
            if !message.is_request() {
                return Token::Reference(key);
            }
            let element = seen.child("EncryptedKey").expect("an encrypted key");
            let value = element.descendants_and_self().find(|e| e.local_name() == "CipherValue");
            let value = unbase64(&value.expect("a cipher value").text());
            let id = element.attribute("Id").expect("an identifier");
            let key = key.key().clone();
            return Token::EncryptedKey(EncryptedKeyToken::from_parts(
                id,
                key,
                value,
                &self.service,
            ));
        }
        let placement = match message.is_request() {
            true => TokenPlacement::Attached,
            false => TokenPlacement::External,
        };
        let token = self.context(seen, verified);
        if self.is_alone() {
            return Token::Context(token, placement);
        }
        let settings = &self.replay.settings;
        if !settings.derived_keys {
            let (random, ids) = (&mut Recorded(VecDeque::new()), &mut RecordedIds(VecDeque::new()));
            return Token::Session(SessionKeys::new(token, placement, settings, random, ids));
        }
        let signing = derived[0].clone();
        // A message without encrypted content does not show the other key.
        let encryption = derived.get(1).cloned().unwrap_or_else(|| DerivedKeyToken {
            id: "unused".into(),
            derivation: Derivation::new(vec![0; 16], settings.suite.encryption_key_length()),
        });
        Token::Session(SessionKeys::with_derived(token, placement, signing, encryption))
    }

    /// The security context behind the primary signature.
    fn context(&self, seen: &Seen, verified: &Verified) -> ContextToken {
        let waxwing_security::wsse::PrimaryToken::Context(proven) = verified.token() else {
            panic!("a security context");
        };
        let element = seen.child("SecurityContextToken");
        let id = element.map_or_else(|| "unused".into(), id_of);
        let element = element.map_or("", |e| seen.source(e));
        self.context_token(proven.identifier(), proven.instance(), id, element)
    }

    fn context_token(
        &self,
        identifier: &str,
        instance: Option<&str>,
        id: Box<str>,
        element: &str,
    ) -> ContextToken {
        let key: TokenKey =
            self.scenario.contexts[&(identifier.to_owned(), instance.map(str::to_owned))].clone();
        let dialect = self.replay.settings.dialect;
        let identifier_value = self.values.get(identifier).copied();
        let (identifier, instance) = (identifier.into(), instance.map(Into::into));
        let element = element.into();
        ContextToken { dialect, identifier, instance, id, element, identifier_value, key }
    }

    /// The old context of a renewal, which endorses: the last of the tokens.
    fn renewed(&self, message: &Captured, seen: &Seen, alone: bool) -> Option<ContextToken> {
        if !alone || !message.is_request() || !message.action().ends_with("/Renew") {
            return None;
        }
        let element = seen.children("SecurityContextToken").last()?;
        Some(self.attached(seen, element))
    }

    /// A context whose token is in the message.
    fn attached(&self, seen: &Seen, element: Element<'_>) -> ContextToken {
        let (identifier, instance) = super::identity_of(element);
        let source = seen.source(element);
        self.context_token(&identifier, instance.as_deref(), id_of(element), source)
    }
}

fn username_of(seen: &Seen) -> Option<UsernameCredential> {
    let token = seen.plain_child("UsernameToken")?;
    let text = |local| {
        let element = token.elements().find(|e| e.local_name() == local);
        element.map(|e| e.text().into_owned())
    };
    Some(UsernameCredential {
        id: id_of(token),
        username: text("Username").expect("a name").into(),
        password: text("Password").map(Zeroizing::new),
    })
}

/// What differs between two secured messages: everything must be equal to the octet but the last block
/// of each cipher value, whose padding is random, and the element order and texts around.
pub fn difference(ours: &str, theirs: &str, block: usize) -> Option<String> {
    let (mine, other) = (pieces(ours), pieces(theirs));
    for (i, (mine, other)) in mine.iter().zip(&other).enumerate() {
        let same = match i % 2 {
            0 => mine == other,
            _ => mine == other || same_cipher(mine, other, block),
        };
        if !same {
            let at = mine.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
            let part = |text: &str| {
                let from = at.saturating_sub(120);
                String::from_utf8_lossy(&text.as_bytes()[from..text.len().min(at + 200)])
                    .into_owned()
            };
            return Some(format!("ours:   …{}\ntheirs: …{}", part(mine), part(other)));
        }
    }
    (mine.len() != other.len()).then(|| format!("{} against {} pieces", mine.len(), other.len()))
}

/// Text and cipher values in turn.
fn pieces(text: &str) -> Vec<&str> {
    text.split("<e:CipherValue>")
        .enumerate()
        .flat_map(|(i, piece)| match (i, piece.split_once("</e:CipherValue>")) {
            (0, _) | (_, None) => vec![piece],
            (_, Some((value, rest))) => vec![value, rest],
        })
        .collect()
}

fn same_cipher(mine: &str, other: &str, block: usize) -> bool {
    let (mine, other) = (unbase64(mine), unbase64(other));
    mine.len() == other.len() && mine[..mine.len() - block] == other[..other.len() - block]
}
