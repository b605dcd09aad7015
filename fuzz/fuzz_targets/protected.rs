//! What a peer encrypts who has the keys of a session, and means ill: the first byte says how, the rest becomes the content of
//! a body, large enough to be decrypted where it lies. It is signed as far as it is XML. Decrypted in the text of the message,
//! in octets that came beside it, and in memory of its own it must be the same, or refused each time.

#![no_main]

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use waxwing_crypto::{BlockCipher, CipherKey};
use waxwing_security::wsse::{
    CertificateReference, ContextToken, ContextUse, Dialect, Expectations, ExpectedToken,
    ProtectionPlan, ProtectionToken, SecuritySettings, Sources, TokenKey, TokenPlacement,
    TokenResolver, UuidIds, Verified, protect, verify,
};
use waxwing_security::{Direction, MessageProtection, ProtectionLevel, ProtectionRequirements};
use waxwing_soap::{Envelope, RandomSource};
use waxwing_xml::{Element, Exclusive, Limits, NodeId, canonicalize};

const CONTEXT: &str = "urn:uuid:a01d29c0-8d51-4aff-894a-7d7bc04633b4";
const ACTION: &str = "urn:act";
/// As many octets as make base64 that is opened where it lies.
const LARGE: usize = 50_000;
const SECRET: [u8; 32] = [7; 32];
/// How many digits of base64 are in a line.
const LINE: usize = 76;

/// How the content is made, by bits of the first byte.
const FILLED_BEHIND: u8 = 1;
const FILLED_WITH_TEXT: u8 = 2;
const PADDED_BY_SENDER: u8 = 4;
const SMALL: u8 = 8;
const LINES: u8 = 16;

struct Counter(u8);

impl RandomSource for Counter {
    fn fill(&mut self, octets: &mut [u8]) {
        for octet in octets {
            self.0 = self.0.wrapping_add(1);
            *octet = self.0;
        }
    }
}

struct Keys;

impl TokenResolver for Keys {
    fn context_key(&self, _: ContextUse, name: &str, _: Option<&str>) -> Option<TokenKey> {
        (name == CONTEXT).then(|| TokenKey::new(SECRET.to_vec()))
    }

    fn private_key(&self, _: &CertificateReference) -> Option<&waxwing_crypto::PrivateKey> {
        None
    }
}

/// What both ends know.
struct Ends {
    settings: SecuritySettings,
    parts: MessageProtection,
    requirements: ProtectionRequirements,
    now: Timestamp,
}

static ENDS: LazyLock<Ends> = LazyLock::new(|| {
    let parts = MessageProtection::body(ProtectionLevel::EncryptAndSign);
    let mut requirements = ProtectionRequirements::new();
    requirements.set(Direction::Request, ACTION, parts.clone());
    // Keys of the session itself encrypt: what the fuzzer encrypts here is what the message says it is.
    let settings = SecuritySettings { derived_keys: false, ..SecuritySettings::default() };
    Ends { settings, parts, requirements, now: "2026-11-24T12:00:00Z".parse().expect("a time") }
});

fn envelope(content: &[u8]) -> Option<Envelope> {
    let (soap, wsa) =
        ("http://www.w3.org/2003/05/soap-envelope", "http://www.w3.org/2005/08/addressing");
    let before = format!(
        "<s:Envelope xmlns:s='{soap}' xmlns:a='{wsa}'><s:Header><a:Action>{ACTION}</a:Action></s:Header><s:Body>"
    );
    let text = [before.as_bytes(), content, b"</s:Body></s:Envelope>"].concat();
    let envelope = Envelope::parse(text, &Limits::SOAP).ok()?;
    // What ends the body itself is content of another message.
    (envelope.document().root().elements().count() == 2).then_some(envelope)
}

/// A message that is protected, with this content if it is XML.
fn protected(ends: &Ends, content: &[u8]) -> Envelope {
    let mut envelope = envelope(content).or_else(|| envelope(b"")).expect("an empty body");
    let mut random = Counter(0);
    let (dialect, key) = (Dialect::February2005, TokenKey::new(SECRET.to_vec()));
    let (prefix, namespace) = (dialect.conversation_prefix(), dialect.conversation());
    let element = format!(
        "<{prefix}:SecurityContextToken u:Id=\"sct\" xmlns:{prefix}=\"{namespace}\"><{prefix}:Identifier>{CONTEXT}\
         </{prefix}:Identifier></{prefix}:SecurityContextToken>"
    );
    let token = ContextToken {
        dialect,
        identifier: CONTEXT.into(),
        instance: None,
        id: "sct".into(),
        element: element.into(),
        identifier_value: None,
        key,
    };
    let by = ProtectionToken::Context(&token, TokenPlacement::Attached);
    let plan = ProtectionPlan::new(&ends.settings, &ends.parts, by);
    let mut ids = UuidIds::with_guid("e4a5c890-30c8-40a4-ad13-f9b5aac15355", 1);
    let mut sources = Sources { now: ends.now, random: &mut random, ids: &mut ids };
    protect(&mut envelope, &plan, &mut sources).expect("protected");
    Envelope::parse(envelope.to_bytes(), &Limits::SOAP).expect("what is written is read")
}

/// Where the ciphertext of the body is.
fn cipher_value(envelope: &Envelope) -> NodeId {
    let within = |element: Element<'_>, local: &str| {
        let found = element.elements().find(|child| child.local_name() == local);
        found.map(|child| child.id()).expect("what is encrypted has it")
    };
    let data = within(envelope.body(), "EncryptedData");
    let data = within(envelope.document().element(data), "CipherData");
    within(envelope.document().element(data), "CipherValue")
}

/// The same message with another ciphertext.
fn with(envelope: &Envelope, ciphertext: Ciphertext<'_>) -> Envelope {
    let mut text = envelope.clone();
    let value = cipher_value(&text);
    let document = text.document_mut();
    document.clear(value);
    match ciphertext {
        Ciphertext::Octets(octets) => document.append_octets(value, octets.to_vec()),
        Ciphertext::Text(base64) => {
            document.append_text(value, "@");
            let text = text.to_bytes();
            let at = text.windows(2).position(|w| w == b">@").expect("the place") + 1;
            let text = [&text[..at], base64.as_bytes(), &text[at + 1..]].concat();
            return Envelope::parse(text, &Limits::SOAP).expect("base64 is text");
        }
    }
    text
}

enum Ciphertext<'c> {
    Text(&'c str),
    Octets(&'c [u8]),
}

fn base64(octets: &[u8], lines: bool) -> String {
    let text = STANDARD.encode(octets);
    if !lines {
        return text;
    }
    // As MIME has it: each whole line ends.
    let mut divided = String::with_capacity(text.len() + text.len() / LINE);
    for (number, digit) in text.chars().enumerate() {
        divided.push(digit);
        if number % LINE == LINE - 1 {
            divided.push('\n');
        }
    }
    divided
}

fn look(ends: &Ends, envelope: Envelope) -> Result<Verified, String> {
    let expect = Expectations {
        settings: &ends.settings,
        requirements: &ends.requirements,
        direction: Direction::Request,
        protection: ExpectedToken::AttachedContext,
        supporting: &[],
        confirmations: &[],
        now: ends.now,
        limits: &Limits::SOAP,
        replay: None,
    };
    verify(envelope, &expect, &Keys).map_err(|error| error.to_string())
}

fn canonical(verified: &Verified) -> Vec<u8> {
    let mut octets = Vec::new();
    let form = Exclusive { with_comments: true, ..Exclusive::default() };
    canonicalize(verified.envelope().body(), &form, &mut octets);
    octets
}

fuzz_target!(|data: &[u8]| {
    let [choice, content @ ..] = data else { return };
    let is = |bit: u8| choice & bit != 0;
    let filler = match (is(SMALL), is(FILLED_WITH_TEXT)) {
        (true, _) => String::new(),
        (false, true) => format!("<f>{}</f>", "x".repeat(LARGE)),
        (false, false) => format!("<!--{}-->", "y".repeat(LARGE)),
    };
    let mut plain = match is(FILLED_BEHIND) {
        true => [content, filler.as_bytes()].concat(),
        false => [filler.as_bytes(), content].concat(),
    };
    let ends = &*ENDS;
    let message = protected(ends, &plain);
    let key = CipherKey::new(BlockCipher::Aes256, &SECRET).expect("a key of this length");
    if is(PADDED_BY_SENDER) {
        // The last octet says how many are padding.
        plain.truncate(plain.len() / 16 * 16);
    }
    let mut encrypted = key.encrypt(&[9; 16], &plain).expect("encrypted");
    if is(PADDED_BY_SENDER) {
        encrypted.truncate(encrypted.len() - 16);
    }
    let text = base64(&encrypted, is(LINES));
    // A reference is resolved into memory of its own: that way nothing is opened where it lies.
    let apart = format!("{text}&#10;");
    let ways = [Ciphertext::Text(&text), Ciphertext::Octets(&encrypted), Ciphertext::Text(&apart)];
    let [here, octets, apart] = ways.map(|way| look(ends, with(&message, way)));
    match (here, octets, apart) {
        (Ok(here), Ok(octets), Ok(apart)) => {
            for other in [&octets, &apart] {
                assert_eq!(canonical(&here), canonical(other));
                assert_eq!(here.body_protection(), other.body_protection());
            }
            let body = here.body_protection();
            assert!(body.signed && body.encrypted);
            let again = Envelope::parse(here.envelope().to_bytes(), &Limits::SOAP);
            again.expect("what is written is read");
        }
        (Err(here), Err(octets), Err(apart)) => {
            // Of octets that are no text not every way says where.
            let words =
                |error: &str| -> String { error.chars().filter(|c| !c.is_ascii_digit()).collect() };
            assert_eq!(words(&here), words(&octets));
            assert_eq!(words(&here), words(&apart));
        }
        ways => panic!("{ways:?}"),
    }
});
