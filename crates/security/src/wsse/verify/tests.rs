//! What a message that cannot be decrypted costs: the same as one that was changed in any other way.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use waxwing_crypto::{BlockCipher, CipherKey, PrivateKey};
use waxwing_soap::{AddressingVersion, Envelope, MessageVersion, RandomSource, SoapVersion};
use waxwing_xml::{Limits, Name, Notes, Passes, StartTag};

use super::super::key::work;
use super::super::{
    CertificateReference, ContextToken, ContextUse, Dialect, Expectations, ExpectedToken,
    ProtectionPlan, ProtectionToken, SecuritySettings, SessionKeys, Sources, TokenKey,
    TokenPlacement, TokenResolver, UuidIds, passes_security, protect, verify,
};
use super::remembered;
use crate::error::Reason;
use crate::protection::{Direction, MessageProtection, ProtectionRequirements};

const ACTION: &str = "urn:example:act";
const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";
const CONTEXT: &str = "urn:uuid:a01d29c0-8d51-4aff-894a-7d7bc04633b4";

struct Counter(u8);

impl RandomSource for Counter {
    fn fill(&mut self, octets: &mut [u8]) {
        for octet in octets {
            self.0 = self.0.wrapping_mul(13).wrapping_add(7);
            *octet = self.0;
        }
    }
}

/// Knows the key of the one context.
struct Known(TokenKey);

impl TokenResolver for Known {
    fn context_key(&self, _: ContextUse, id: &str, _: Option<&str>) -> Option<TokenKey> {
        (id == CONTEXT).then(|| self.0.clone())
    }

    fn private_key(&self, _: &CertificateReference) -> Option<&PrivateKey> {
        None
    }
}

/// A message of a session, and what the session's owner can make of it.
struct Session {
    settings: SecuritySettings,
    requirements: ProtectionRequirements,
    key: TokenKey,
    encrypts: CipherKey,
    text: String,
}

impl Session {
    fn new() -> Self {
        let settings = SecuritySettings::default();
        let mut requirements = ProtectionRequirements::new();
        requirements.set(Direction::Request, ACTION, MessageProtection::default());
        let (mut random, mut ids) = (Counter(3), UuidIds::with_guid("guid", 1));
        let key = TokenKey::new(vec![9; 32]);
        let context = ContextToken {
            dialect: Dialect::February2005,
            identifier: CONTEXT.into(),
            instance: None,
            id: "sct".into(),
            element: format!(
                "<c:SecurityContextToken u:Id=\"sct\" xmlns:c=\"{}\"><c:Identifier>{CONTEXT}</c:Identifier></c:SecurityContextToken>",
                Dialect::February2005.conversation(),
            )
            .into(),
            identifier_value: None,
            key: key.clone(),
        };
        let keys =
            SessionKeys::new(context, TokenPlacement::Attached, &settings, &mut random, &mut ids);
        let (_, encryption) = keys.derived.as_ref().expect("derived keys");
        let octets = key.derive(&encryption.derivation);
        let encrypts = CipherKey::new(BlockCipher::Aes256, octets.octets()).expect("a key");
        let parts = MessageProtection::default();
        let plan = ProtectionPlan::new(&settings, &parts, ProtectionToken::Session(&keys));
        let (soap, addressing) = (SoapVersion::Soap12, AddressingVersion::Addressing10);
        let mut envelope = Envelope::new(MessageVersion { soap, addressing });
        let header = envelope.append_header(Name::new("a", "Action", ADDRESSING));
        envelope.document_mut().append_text(header, ACTION);
        let element = envelope.append_body_element(Name::new("", "Part", "urn:example"));
        envelope.document_mut().append_text(element, "content");
        let mut sources = Sources { now: now(), random: &mut random, ids: &mut ids };
        protect(&mut envelope, &plan, &mut sources).expect("protected");
        let text = String::from_utf8(envelope.to_bytes()).expect("text");
        Self { settings, requirements, key, encrypts, text }
    }

    /// The cipher values: of the signature, of the body.
    fn values(&self) -> [&str; 2] {
        let values = self.text.split("<e:CipherValue>").skip(1);
        let values: Vec<_> = values.filter_map(|value| value.split('<').next()).collect();
        values.try_into().expect("signature and body")
    }

    fn plain(&self, which: usize) -> Vec<u8> {
        let octets = STANDARD.decode(self.values()[which]).expect("base64");
        self.encrypts.decrypt(&octets).expect("decrypted").to_vec()
    }

    /// Verifies the message with other content in the place of what is encrypted, whole blocks with whatever padding: why it
    /// is refused, and what that took.
    ///
    /// With or without a tree of the Security header it is the same, and where somebody else knew its text.
    fn judge(&self, which: usize, blocks: &[u8]) -> (Option<Reason>, [usize; 2]) {
        let ways: [Option<Passes>; 3] = [None, Some(passes_security), Some(known_to_others)];
        let [read, passed, other] = ways.map(|passes| {
            remembered::forget();
            self.judge_one(which, blocks, passes)
        });
        assert_eq!(read, passed);
        assert_eq!(read, other);
        // The digests of headers may be remembered after the second time. What is refused costs the same nevertheless: that of
        // the body comes first, and is never one of them.
        self.judge_one(which, blocks, Some(passes_security));
        let (reason, work) = self.judge_one(which, blocks, Some(passes_security));
        assert_eq!(reason, read.0);
        match &reason {
            None => assert!(work[work::DIGEST] < read.1[work::DIGEST], "{work:?}"),
            Some(_) => assert_eq!(work, read.1),
        }
        read
    }

    fn judge_one(
        &self,
        which: usize,
        blocks: &[u8],
        passes: Option<Passes>,
    ) -> (Option<Reason>, [usize; 2]) {
        assert!(blocks.len().is_multiple_of(16));
        let mut octets = self.encrypts.encrypt(&[7; 16], blocks).expect("encrypted");
        octets.truncate(16 + blocks.len());
        let text = self.text.replacen(self.values()[which], &STANDARD.encode(octets), 1);
        let envelope = match passes {
            None => Envelope::parse(text.into_bytes(), &Limits::SOAP),
            Some(passes) => Envelope::parse_passing(text.into_bytes(), &Limits::SOAP, passes),
        };
        let envelope = envelope.expect("an envelope");
        assert_eq!(envelope.document().unread().is_some(), passes.is_some());
        let expect = Expectations {
            settings: &self.settings,
            requirements: &self.requirements,
            direction: Direction::Request,
            protection: ExpectedToken::AttachedContext,
            supporting: &[],
            confirmations: &[],
            now: now(),
            limits: &Limits::SOAP,
            replay: None,
        };
        work::take();
        let verified = verify(envelope, &expect, &Known(self.key.clone()));
        (verified.err().map(|error| error.reason().clone()), work::take())
    }
}

/// The same content, of which nothing is noted that is understood here.
fn known_to_others(tag: &StartTag<'_>, text: &str, notes: &mut Notes<'_>) -> Option<usize> {
    let known = passes_security(tag, text, notes);
    notes.begin("another form");
    notes.push(text);
    known
}

fn now() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().expect("a time")
}

/// Whole blocks of this text whose last octet is `last`, or says where the text ends.
fn padded(text: &[u8], last: Option<u8>) -> Vec<u8> {
    let length = text.len() / 16 * 16 + 16;
    let mut blocks = text.to_vec();
    blocks.resize(length, 0);
    blocks[length - 1] = last.unwrap_or((length - text.len()) as u8);
    blocks
}

/// Changes of what is encrypted, each with any padding.
fn changes(own: &[u8], other: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(own).into_owned();
    let mut changed = own.to_vec();
    changed[own.len() / 2] ^= 0x80;
    vec![
        changed,
        text.replace("content", "changed").replace("#_0", "#_7").into_bytes(),
        own[..own.len() - 9].to_vec(),
        own[..3].to_vec(),
        [own, own].concat(),
        Vec::new(),
        b"text".to_vec(),
        b"<x/>".to_vec(),
        other.to_vec(),
    ]
}

/// No signature: whatever is wrong with it, one MAC is computed and nothing hashed.
#[test]
fn a_signature_that_cannot_be_decrypted_costs_what_a_wrong_one_costs() {
    let session = Session::new();
    let [own, body] = [0, 1].map(|which| session.plain(which));
    let (none, work) = session.judge(0, &padded(&own, None));
    assert_eq!((none, work[work::MAC]), (None, 1));
    assert!(work[work::DIGEST] > 1);
    for last in [Some(0), Some(17), Some(255)] {
        let refused = session.judge(0, &padded(&own, last));
        assert_eq!(refused, (Some(Reason::Decryption), [1, 0]), "{last:?}");
    }
    for (at, change) in changes(&own, &body).iter().enumerate() {
        for last in [None, Some(0), Some(1), Some(16), Some(17), Some(128), Some(255)] {
            let (reason, work) = session.judge(0, &padded(change, last));
            assert!(reason.is_some(), "change {at}, {last:?}");
            assert_eq!(work, [1, 0], "change {at}, {last:?}: {reason:?}");
        }
    }
}

/// The signature is good, so the body is decrypted: whatever is wrong with it, the first digest is compared, and no more.
#[test]
fn a_body_that_cannot_be_decrypted_costs_what_a_wrong_one_costs() {
    let session = Session::new();
    let [signature, own] = [0, 1].map(|which| session.plain(which));
    let (none, work) = session.judge(1, &padded(&own, None));
    assert_eq!((none, work[work::MAC]), (None, 1));
    for last in [Some(0), Some(17), Some(255)] {
        let (reason, work) = session.judge(1, &padded(&own, last));
        assert_eq!((reason, work), (Some(Reason::Decryption), [1, 1]), "{last:?}");
    }
    for (at, change) in changes(&own, &signature).iter().enumerate() {
        for last in [None, Some(0), Some(1), Some(16), Some(17), Some(128), Some(255)] {
            let (reason, work) = session.judge(1, &padded(change, last));
            assert!(reason.is_some(), "change {at}, {last:?}");
            assert_eq!(work, [1, 1], "change {at}, {last:?}: {reason:?}");
        }
    }
}

/// What is remembered of the headers of one message changes nothing for the next but what it costs: one that was changed is refused
/// for the same reason, wherever it was changed.
#[test]
fn a_header_that_is_remembered_is_compared_as_ever() {
    let session = Session::new();
    let own = padded(&session.plain(1), None);
    let action = format!(">{ACTION}</a:Action>");
    assert!(session.text.contains(&action));
    for (from, to) in [
        (&*action, ">urn:example:act </a:Action>"),
        ("<a:Action ", "<a:Action  "),
        ("<a:Action ", "<a:Action a:other=\"1\" "),
        (" xmlns:a=\"", " xmlns:b=\"urn:b\" xmlns:a=\""),
        ("<s:Header>", "<s:Header xmlns:a=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\">"),
        ("<s:Header>", "<s:Header xmlns:b=\"urn:b\">"),
    ] {
        assert!(session.text.contains(from), "{from}");
        let changed = Session { text: session.text.replacen(from, to, 1), ..Session::new() };
        remembered::forget();
        let (fresh, _) = changed.judge_one(1, &own, Some(passes_security));
        for _ in 0..3 {
            assert_eq!(session.judge_one(1, &own, Some(passes_security)).0, None);
        }
        let (after, _) = changed.judge_one(1, &own, Some(passes_security));
        assert_eq!(after, fresh, "{to}");
        assert_eq!(session.judge_one(1, &own, Some(passes_security)).0, None);
    }
}
