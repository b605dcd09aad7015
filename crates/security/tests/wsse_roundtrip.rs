//! What is protected is verified to the same message, whatever the settings; no octets make the reader
//! panic.

mod common;

use std::collections::HashMap;

use common::{Tokens, certificate, private_key};
use jiff::Timestamp;
use proptest::prelude::*;
use waxwing_crypto::{Certificate, PrivateKey};
use waxwing_security::protection::HeaderProtection;
use waxwing_security::wsse::{
    ContextToken, Dialect, EncryptedKeyToken, Endorsing, Expectations, ExpectedToken, HeaderLayout,
    PrimaryToken, ProtectionOrder, ProtectionPlan, ProtectionToken, ReplayCache, SecuritySettings,
    SentSignature, SessionKeys, Sources, SupportingToken, TokenKey, TokenPlacement,
    UsernameCredential, UuidIds, Verified, protect, verify,
};
use waxwing_security::{
    AlgorithmSuite, Direction, MessageProtection, ProtectionLevel, ProtectionRequirements, Result,
};
use waxwing_soap::encoder::{Decoder, Encoder, Mtom};
use waxwing_soap::{AddressingVersion, Envelope, MessageVersion, RandomSource, SoapVersion};
use waxwing_xml::{Element, Exclusive, Limits, Name, Value, canonicalize};
use zeroize::Zeroizing;

const ACTION: &str = "urn:example:act";
const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";
const CONTEXT: &str = "urn:uuid:a01d29c0-8d51-4aff-894a-7d7bc04633b4";

/// Octets that are the same in every run (SplitMix64).
struct Seeded(u64);

impl RandomSource for Seeded {
    fn fill(&mut self, octets: &mut [u8]) {
        for chunk in octets.chunks_mut(8) {
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

fn now() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

/// A message: texts of body elements and of contract headers, with their levels.
#[derive(Debug, Clone)]
struct Message {
    body: Vec<(String, String)>,
    level: ProtectionLevel,
    headers: Vec<(String, ProtectionLevel)>,
}

impl Message {
    fn protection(&self) -> MessageProtection {
        let header = |(i, (_, level)): (usize, &(String, ProtectionLevel))| HeaderProtection {
            namespace: "urn:example".into(),
            local: format!("H{i}").into(),
            level: *level,
        };
        let headers = self.headers.iter().enumerate().map(header).collect();
        MessageProtection { body: self.level, headers }
    }

    fn envelope(&self) -> Envelope {
        let (soap, addressing) = (SoapVersion::Soap12, AddressingVersion::Addressing10);
        let mut envelope = Envelope::new(MessageVersion { soap, addressing });
        for (local, text) in [("Action", ACTION), ("MessageID", "urn:uuid:1")] {
            let header = envelope.append_header(Name::new("a", local, ADDRESSING));
            envelope.document_mut().append_text(header, text);
        }
        for (i, (text, _)) in self.headers.iter().enumerate() {
            let local = format!("H{i}");
            let header = envelope.append_header(Name::new("h", &local, "urn:example"));
            let document = envelope.document_mut();
            document.declare_namespace(header, "h", "urn:example");
            document.append_text(header, text);
        }
        for (attribute, text) in &self.body {
            let element = envelope.append_body_element(Name::new("", "Part", "urn:example"));
            let document = envelope.document_mut();
            document.declare_namespace(element, "", "urn:example");
            document.set_attribute(element, Name::new("", "a", ""), attribute);
            document.append_text(element, text);
        }
        envelope
    }
}

fn level() -> impl Strategy<Value = ProtectionLevel> {
    prop_oneof![
        Just(ProtectionLevel::None),
        Just(ProtectionLevel::Sign),
        Just(ProtectionLevel::EncryptAndSign)
    ]
}

/// Characters that XML may hold, markup and line ends among them.
fn text() -> impl Strategy<Value = String> {
    "[ -~\t\n\r]{0,40}|\\PC{0,40}|[&<>\"'\\]]{0,12}|a{0,3000}"
}

fn message() -> impl Strategy<Value = Message> {
    let body = proptest::collection::vec((text(), text()), 0..4);
    let headers = proptest::collection::vec((text(), level()), 0..3);
    (body, level(), headers).prop_map(|(body, level, headers)| Message { body, level, headers })
}

fn settings() -> impl Strategy<Value = SecuritySettings> {
    let suites: Vec<_> = AlgorithmSuite::all().collect();
    let layouts = [
        HeaderLayout::Strict,
        HeaderLayout::Lax,
        HeaderLayout::LaxTimestampFirst,
        HeaderLayout::LaxTimestampLast,
    ];
    let orders = [
        ProtectionOrder::SignBeforeEncrypt,
        ProtectionOrder::SignBeforeEncryptAndEncryptSignature,
        ProtectionOrder::EncryptBeforeSign,
    ];
    let pick = (
        proptest::sample::select(suites),
        proptest::sample::select(layouts.to_vec()),
        proptest::sample::select(orders.to_vec()),
        proptest::sample::select(Dialect::ALL.to_vec()),
        any::<bool>(),
        any::<bool>(),
    );
    pick.prop_map(|(suite, layout, order, dialect, derived_keys, basic_security_profile)| {
        SecuritySettings {
            suite,
            layout,
            order,
            dialect,
            derived_keys,
            basic_security_profile,
            ..SecuritySettings::default()
        }
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Credential {
    None,
    UserName,
    Certificate,
}

/// Both ends of an exchange.
struct Ends {
    settings: SecuritySettings,
    requirements: ProtectionRequirements,
    parts: MessageProtection,
    contexts: HashMap<(String, Option<String>), TokenKey>,
    identities: Vec<(Certificate, PrivateKey)>,
    random: Seeded,
    ids: UuidIds,
}

impl Ends {
    fn new(settings: SecuritySettings, message: &Message, seed: u64) -> Self {
        let mut requirements = ProtectionRequirements::new();
        let parts = message.protection();
        requirements.set(Direction::Request, ACTION, parts.clone());
        requirements.set(Direction::Reply, ACTION, parts.clone());
        let mut random = Seeded(seed);
        let mut secret = vec![0; settings.suite.default_key_length()];
        random.fill(&mut secret);
        let contexts = HashMap::from([((CONTEXT.to_owned(), None), TokenKey::new(secret))]);
        let identities = vec![(certificate("service"), private_key("service"))];
        let ids = UuidIds::new(&mut random);
        Self { settings, requirements, parts, contexts, identities, random, ids }
    }

    fn context(&self) -> ContextToken {
        let dialect = self.settings.dialect;
        let (c, namespace) = (dialect.conversation_prefix(), dialect.conversation());
        let element = format!(
            "<{c}:SecurityContextToken u:Id=\"sct\" xmlns:{c}=\"{namespace}\"><{c}:Identifier>\
             {CONTEXT}</{c}:Identifier></{c}:SecurityContextToken>"
        );
        let key = self.contexts[&(CONTEXT.to_owned(), None)].clone();
        ContextToken {
            dialect,
            identifier: CONTEXT.into(),
            instance: None,
            id: "sct".into(),
            element: element.into(),
            identifier_value: None,
            key,
        }
    }

    fn expectations<'a>(
        &'a self,
        direction: Direction,
        protection: ExpectedToken<'a>,
    ) -> Expectations<'a> {
        Expectations {
            settings: &self.settings,
            requirements: &self.requirements,
            direction,
            protection,
            supporting: &[],
            confirmations: &[],
            now: now(),
            limits: &Limits::SOAP,
            replay: None,
        }
    }

    fn verify(&self, octets: Vec<u8>, expect: &Expectations<'_>) -> Result<Verified> {
        let envelope = Envelope::parse(octets, &Limits::SOAP).expect("an envelope");
        let contexts = &self.contexts;
        verify(envelope, expect, &Tokens { contexts, identities: self.identities.clone() })
    }
}

/// Sends one message within a session.
fn through_session(
    ends: &mut Ends,
    message: &Message,
    direction: Direction,
) -> (Vec<u8>, Result<Verified>) {
    let placement = match direction {
        Direction::Request => TokenPlacement::Attached,
        Direction::Reply => TokenPlacement::External,
    };
    let context = ends.context();
    let (settings, parts) = (ends.settings.clone(), ends.parts.clone());
    let keys = SessionKeys::new(context, placement, &settings, &mut ends.random, &mut ends.ids);
    let plan = ProtectionPlan::new(&settings, &parts, ProtectionToken::Session(&keys));
    let mut envelope = message.envelope();
    let mut sources = Sources { now: now(), random: &mut ends.random, ids: &mut ends.ids };
    protect(&mut envelope, &plan, &mut sources).expect("protected");
    let octets = envelope.to_bytes();
    let protection = match direction {
        Direction::Request => ExpectedToken::AttachedContext,
        Direction::Reply => ExpectedToken::ExternalContext { identifier: CONTEXT },
    };
    let verified = ends.verify(octets.clone(), &ends.expectations(direction, protection));
    (octets, verified)
}

fn canonical(element: Element<'_>) -> String {
    let mut octets = Vec::new();
    canonicalize(element, &Exclusive::default(), &mut octets);
    String::from_utf8(octets).expect("UTF-8")
}

/// The body's content and the contract's headers, without the identifiers.
fn content(envelope: &Envelope) -> (Vec<String>, Vec<String>) {
    let headers = envelope.headers().filter(|h| h.namespace() == "urn:example");
    let texts = headers.map(|h| format!("{}: {}", h.local_name(), h.text())).collect();
    (envelope.body().elements().map(canonical).collect(), texts)
}

fn check(message: &Message, octets: &[u8], verified: &Verified) {
    // A carriage return in the tree is written as a reference, hence read as one.
    assert_eq!(content(verified.envelope()), content(&message.envelope()));
    let level = message.level;
    let body = verified.body_protection();
    assert_eq!((body.signed, body.encrypted), (level.signs(), level.encrypts()));
    for header in verified.envelope().headers().filter(|h| h.namespace() == "urn:example") {
        let index: usize = header.local_name()[1..].parse().unwrap();
        let (level, found) = (message.headers[index].1, verified.protection(header.id()));
        assert_eq!((found.signed, found.encrypted), (level.signs(), level.encrypts()));
    }
    // What is encrypted cannot be read on the way.
    let sent = String::from_utf8_lossy(octets);
    assert!(!level.encrypts() || !sent.contains("<Part"));
    assert!(sent.contains("<Part") || message.body.is_empty() || level.encrypts());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_session_message_comes_out_as_it_went_in(
        settings in settings(),
        message in message(),
        seed in any::<u64>(),
        is_request in any::<bool>(),
    ) {
        let mut ends = Ends::new(settings, &message, seed);
        let direction = if is_request { Direction::Request } else { Direction::Reply };
        let (octets, verified) = through_session(&mut ends, &message, direction);
        let verified = verified.unwrap_or_else(|e| panic!("{e}\n{}", String::from_utf8_lossy(&octets)));
        check(&message, &octets, &verified);
    }

    #[test]
    fn a_message_with_its_own_key_and_its_reply(
        settings in settings(),
        message in message(),
        reply in message(),
        seed in any::<u64>(),
        credential in proptest::sample::select(vec![
            Credential::None, Credential::UserName, Credential::Certificate,
        ]),
    ) {
        let mut ends = Ends::new(settings.clone(), &message, seed);
        let (sent, signatures) = request(&mut ends, &message, credential);
        let mut expect = ends.expectations(Direction::Request, ExpectedToken::EncryptedKey);
        expect.supporting = match credential {
            Credential::UserName => &[SupportingToken::USER_NAME],
            Credential::Certificate => &[SupportingToken::CERTIFICATE],
            _ => &[],
        };
        let verified = ends.verify(sent.clone(), &expect)
            .unwrap_or_else(|e| panic!("{e}\n{}", String::from_utf8_lossy(&sent)));
        check(&message, &sent, &verified);
        assert_eq!(verified.signatures(), &signatures[..]);
        assert_eq!(verified.username().is_some(), credential == Credential::UserName);
        let alice = (credential == Credential::Certificate).then(|| certificate("alice"));
        assert_eq!(verified.endorsing_certificate(), alice.as_ref());

        // The reply under the same key, which confirms the signatures.
        let PrimaryToken::EncryptedKey(key) = verified.token() else { panic!("an encrypted key") };
        let mut ends = Ends::new(settings, &reply, seed ^ 1);
        let parts = reply.protection();
        let protection = ProtectionToken::EncryptedKeyReference(key);
        let settings = ends.settings.clone();
        let mut plan = ProtectionPlan::new(&settings, &parts, protection);
        plan.confirmations = verified.signatures();
        let mut envelope = reply.envelope();
        let mut sources = Sources { now: now(), random: &mut ends.random, ids: &mut ends.ids };
        protect(&mut envelope, &plan, &mut sources).expect("protected");
        let octets = envelope.to_bytes();
        let expected = ExpectedToken::EncryptedKeyReference(key);
        let mut expect = ends.expectations(Direction::Reply, expected);
        expect.confirmations = &signatures;
        let received = ends.verify(octets.clone(), &expect)
            .unwrap_or_else(|e| panic!("{e}\n{}", String::from_utf8_lossy(&octets)));
        check(&reply, &octets, &received);
        // Without the confirmations, or with one of another value, the reply is not ours.
        expect.confirmations = &[];
        assert!(ends.verify(octets.clone(), &expect).is_err());
        let mut others = signatures.clone();
        others[0].value[0] ^= 1;
        expect.confirmations = &others;
        assert!(ends.verify(octets, &expect).is_err());
    }

    /// Other octets in a good message, anywhere: refused, or without any effect; and no panic.
    #[test]
    fn octets_in_a_message_do_not_make_it_panic(
        settings in settings(),
        message in message(),
        seed in any::<u64>(),
        at in any::<proptest::sample::Index>(),
        length in 0..200usize,
        octets in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        let mut ends = Ends::new(settings, &message, seed);
        let (mut sent, _) = through_session(&mut ends, &message, Direction::Request);
        let from = at.index(sent.len());
        let to = (from + length).min(sent.len());
        sent.splice(from..to, octets);
        if let Ok(envelope) = Envelope::parse(sent, &Limits::SOAP) {
            let expect = ends.expectations(Direction::Request, ExpectedToken::AttachedContext);
            let contexts = &ends.contexts;
            let identities = ends.identities.clone();
            if let Ok(verified) = verify(envelope, &expect, &Tokens { contexts, identities }) {
                let body = verified.body_protection();
                assert!(!message.level.signs() || body.signed);
                if body.signed {
                    assert_eq!(content(verified.envelope()).0, content(&message.envelope()).0);
                }
            }
        }
    }

    #[test]
    fn any_octets_do_not_make_it_panic(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
        let text = [&b"<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\">"[..], &octets].concat();
        for octets in [octets, text] {
            assert!(Envelope::parse(octets, &Limits::SOAP).is_err());
        }
    }
}

/// A message under a new key for the service, with what proves the client.
fn request(
    ends: &mut Ends,
    message: &Message,
    credential: Credential,
) -> (Vec<u8>, Vec<SentSignature>) {
    let service = certificate("service");
    let settings = ends.settings.clone();
    let key = EncryptedKeyToken::generate(&settings, &service, &mut ends.random, &mut ends.ids);
    let key = key.expect("a key");
    let (alice, alice_key) = (certificate("alice"), private_key("alice"));
    let username = UsernameCredential {
        id: "user".into(),
        username: "ali<ce".into(),
        password: Some(Zeroizing::new("p&ss]]>".into())),
    };
    let parts = ends.parts.clone();
    let mut plan = ProtectionPlan::new(&settings, &parts, ProtectionToken::EncryptedKey(&key));
    match credential {
        Credential::None => {}
        Credential::UserName => plan.username = Some(&username),
        Credential::Certificate => plan.endorsing.push(Endorsing::Certificate {
            id: "bst",
            certificate: &alice,
            key: &alice_key,
        }),
    }
    let mut envelope = message.envelope();
    let mut sources = Sources { now: now(), random: &mut ends.random, ids: &mut ends.ids };
    let signatures = protect(&mut envelope, &plan, &mut sources).expect("protected");
    (envelope.to_bytes(), signatures)
}

/// A message whose body holds this as octets, and this as text.
fn large(octets: &[u8], text: &str) -> (Message, Envelope) {
    let message =
        Message { body: Vec::new(), level: ProtectionLevel::EncryptAndSign, headers: Vec::new() };
    let mut envelope = message.envelope();
    let part = envelope.append_body_element(Name::new("", "Part", "urn:example"));
    envelope.document_mut().append_value(part, Value::Octets(octets));
    let part = envelope.append_body_element(Name::new("", "Part", "urn:example"));
    envelope.document_mut().append_text(part, text);
    (message, envelope)
}

fn protect_large(ends: &mut Ends, envelope: &mut Envelope) -> Result<()> {
    let (context, settings, parts) = (ends.context(), ends.settings.clone(), ends.parts.clone());
    let placement = TokenPlacement::Attached;
    let keys = SessionKeys::new(context, placement, &settings, &mut ends.random, &mut ends.ids);
    let plan = ProtectionPlan::new(&settings, &parts, ProtectionToken::Session(&keys));
    let mut sources = Sources { now: now(), random: &mut ends.random, ids: &mut ends.ids };
    protect(envelope, &plan, &mut sources).map(|_| ())
}

const ORDERS: [ProtectionOrder; 3] = [
    ProtectionOrder::SignBeforeEncrypt,
    ProtectionOrder::SignBeforeEncryptAndEncryptSignature,
    ProtectionOrder::EncryptBeforeSign,
];

/// What is large is encrypted and decrypted where it lies, as text and as parts; the message is the same.
#[test]
fn a_large_message_comes_out_as_it_went_in() {
    let mut octets = vec![0; 100_000];
    Seeded(7).fill(&mut octets);
    let text = "a < b & c\r\u{e9} ".repeat(9_000);
    for order in ORDERS {
        let (message, plain) = large(&octets, &text);
        let settings = SecuritySettings { order, ..SecuritySettings::default() };
        let mut ends = Ends::new(settings, &message, 1);
        let mut sent = plain.clone();
        protect_large(&mut ends, &mut sent).expect("protected");
        let written = sent.to_bytes();
        assert!(sent.document().to_xml().as_bytes() == written, "one message");
        assert!(sent.clone().into_bytes() == written, "one message");

        let limits = Limits::SOAP;
        let mtom = Mtom { version: SoapVersion::Soap12, limits };
        let parts = mtom.clone().write(&sent, &mut Seeded(3));
        let last = mtom.clone().write_owned(sent, &mut Seeded(3));
        assert!(parts == last, "one message in parts");
        assert!(parts.octets.len() < written.len() / 5 * 4);
        let read = mtom.clone().read(&parts.content_type, &parts.octets).expect("a message");
        // With line breaks in the base64, as some write it.
        let broken = String::from_utf8(written.clone()).unwrap();
        let at = broken.find("<s:Body").unwrap();
        let at = at + broken[at..].find("<e:CipherValue>").unwrap() + 15;
        let broken =
            format!("{}\n{}\r\n{}", &broken[..at], &broken[at..at + 75], &broken[at + 75..]);

        let expect = ends.expectations(Direction::Request, ExpectedToken::AttachedContext);
        let contexts = &ends.contexts;
        let tokens = Tokens { contexts, identities: Vec::new() };
        let of_text = Envelope::parse(written.clone(), &limits).expect("an envelope");
        let mut all = vec![of_text, read];
        if order != ProtectionOrder::EncryptBeforeSign {
            // Otherwise the signature is over the line breaks.
            all.push(Envelope::parse(broken, &limits).expect("an envelope"));
        }
        for envelope in all {
            let verified = verify(envelope, &expect, &tokens).expect("a good message");
            assert!(content(verified.envelope()) == content(&plain), "{order:?}");
            assert!(verified.body_protection().encrypted);
        }
        // Nothing is copied on the way from what came to what was in it.
        let text = |octets| Envelope::parse(octets, &limits).expect("an envelope");
        let in_parts = |octets| mtom.clone().read_owned(&parts.content_type, octets);
        let in_parts = |octets| in_parts(octets).expect("a message");
        let ways: [(&dyn Fn(Vec<u8>) -> Envelope, _); 2] =
            [(&text, written.clone()), (&in_parts, parts.octets.clone())];
        for (read, mut octets) in ways {
            // As what comes over HTTP has: the signature is decrypted before the body.
            octets.reserve(8 << 10);
            let came = octets.as_ptr_range();
            let verified = verify(read(octets), &expect, &tokens).expect("a good message");
            assert!(content(verified.envelope()) == content(&plain), "{order:?}");
            let part = verified.envelope().payload().unwrap();
            let text = part.text();
            assert!(came.contains(&text.as_ptr()), "{order:?}: it is in other memory");
        }
        // One octet of the ciphertext, anywhere in it.
        for place in [at + 4, at + 70_000, at + 250_000] {
            let mut changed = written.clone();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let envelope = Envelope::parse(changed, &limits).expect("an envelope");
            verify(envelope, &expect, &tokens).expect_err("a changed message");
        }
    }
}

/// What we write is not read under limits that are made for others: bodies and headers from 48 MB on could not be sent where
/// they are encrypted first.
#[test]
fn what_is_encrypted_first_may_be_as_large_as_it_likes() {
    let octets = vec![b'x'; 38 << 20];
    let (mut message, mut envelope) = large(&octets, "");
    let header = envelope.append_header(Name::new("h", "H0", "urn:example"));
    envelope.document_mut().append_value(header, Value::Octets(&octets));
    message.headers = vec![(String::new(), ProtectionLevel::EncryptAndSign)];
    let order = ProtectionOrder::EncryptBeforeSign;
    let mut ends = Ends::new(SecuritySettings { order, ..Default::default() }, &message, 1);
    protect_large(&mut ends, &mut envelope).expect("protected");
}

/// The messages of a session derive two keys each way, once.
#[test]
fn messages_of_a_session_are_told_apart() {
    let message =
        Message { body: Vec::new(), level: ProtectionLevel::EncryptAndSign, headers: Vec::new() };
    let mut ends = Ends::new(SecuritySettings::default(), &message, 1);
    let cache = ReplayCache::new(&ends.settings);
    for _ in 0..20 {
        let (octets, verified) = through_session(&mut ends, &message, Direction::Request);
        verified.expect("a good message");
        let protection = ExpectedToken::AttachedContext;
        let mut expect = ends.expectations(Direction::Request, protection);
        expect.replay = Some(&cache);
        ends.verify(octets.clone(), &expect).expect("a good message");
        ends.verify(octets, &expect).expect_err("a replayed message");
    }
    assert_eq!(cache.len(), 20);
}
