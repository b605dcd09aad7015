//! Over a protected transport (`TransportWithMessageCredential`) the header holds a timestamp and what
//! proves the client.

mod common;

use std::collections::HashMap;

use common::{Tokens, certificate, private_key};
use jiff::{SignedDuration, Timestamp};
use waxwing_security::wsse::names::WSSE;
use waxwing_security::wsse::{
    ContextToken, Dialect, Endorsing, EndorsingProof, Expectations, ExpectedToken, ProtectionPlan,
    ProtectionToken, SecuritySettings, Sources, SupportingToken, TokenKey, UsernameCredential,
    UuidIds, Verified, protect, verify,
};
use waxwing_security::{
    Direction, MessageProtection, ProtectionLevel, ProtectionRequirements, Reason, Result,
};
use waxwing_soap::{AddressingVersion, Envelope, MessageVersion, RandomSource, SoapVersion};
use waxwing_xml::{Limits, Name};
use zeroize::Zeroizing;

const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";
const CONTEXT: &str = "urn:uuid:a01d29c0-8d51-4aff-894a-7d7bc04633b4";

struct Sevens;

impl RandomSource for Sevens {
    fn fill(&mut self, octets: &mut [u8]) {
        octets.fill(7);
    }
}

fn now() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

fn message() -> Envelope {
    let (soap, addressing) = (SoapVersion::Soap12, AddressingVersion::Addressing10);
    let mut envelope = Envelope::new(MessageVersion { soap, addressing });
    for (local, text) in [("Action", "urn:act"), ("To", "https://localhost/calculator")] {
        let header = envelope.append_header(Name::new("a", local, ADDRESSING));
        envelope.document_mut().append_text(header, text);
    }
    let body = envelope.append_body_element(Name::new("x", "Body", "urn:x"));
    envelope.document_mut().append_text(body, "content");
    envelope
}

fn context() -> ContextToken {
    let namespace = Dialect::February2005.conversation();
    let element = format!(
        "<c:SecurityContextToken u:Id=\"sct\" xmlns:c=\"{namespace}\"><c:Identifier>{CONTEXT}\
         </c:Identifier></c:SecurityContextToken>"
    );
    ContextToken {
        dialect: Dialect::February2005,
        identifier: CONTEXT.into(),
        instance: None,
        id: "sct".into(),
        element: element.into(),
        identifier_value: None,
        key: TokenKey::new(vec![9; 32]),
    }
}

/// What a client proves itself with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Proof {
    None,
    UserName,
    Certificate,
    Context,
}

fn written(proof: Proof) -> String {
    written_with(proof, &SecuritySettings { derived_keys: false, ..SecuritySettings::default() })
}

fn written_with(proof: Proof, settings: &SecuritySettings) -> String {
    let parts = MessageProtection::body(ProtectionLevel::None);
    let (alice, key) = (certificate("alice"), private_key("alice"));
    let (token, password) = (context(), Some(Zeroizing::new("secret".to_owned())));
    let username = UsernameCredential { id: "user".into(), username: "alice".into(), password };
    let mut plan = ProtectionPlan::new(settings, &parts, ProtectionToken::Transport);
    match proof {
        Proof::None => {}
        Proof::UserName => plan.username = Some(&username),
        Proof::Certificate => plan.endorsing.push(Endorsing::Certificate {
            id: "bst",
            certificate: &alice,
            key: &key,
        }),
        Proof::Context => plan.endorsing.push(Endorsing::Context(&token)),
    }
    let mut envelope = message();
    let mut ids = UuidIds::new(&mut Sevens);
    let mut sources = Sources { now: now(), random: &mut Sevens, ids: &mut ids };
    let signatures = protect(&mut envelope, &plan, &mut sources).expect("it can be written");
    assert_eq!(signatures.len(), usize::from(matches!(proof, Proof::Certificate | Proof::Context)));
    String::from_utf8(envelope.to_bytes()).expect("UTF-8")
}

fn read(text: &str, proof: Proof) -> Result<Verified> {
    read_at(text, proof, now())
}

fn read_at(text: &str, proof: Proof, now: Timestamp) -> Result<Verified> {
    let settings = SecuritySettings::default();
    let requirements = ProtectionRequirements::new();
    let supporting: &[SupportingToken] = match proof {
        Proof::None => &[],
        Proof::UserName => &[SupportingToken::USER_NAME],
        Proof::Certificate => &[SupportingToken::CERTIFICATE],
        Proof::Context => &[SupportingToken::CONTEXT],
    };
    let expect = Expectations {
        settings: &settings,
        requirements: &requirements,
        direction: Direction::Request,
        protection: ExpectedToken::Transport,
        supporting,
        confirmations: &[],
        now,
        limits: &Limits::SOAP,
        replay: None,
    };
    let envelope = Envelope::parse(text, &Limits::SOAP).expect("an envelope");
    let contexts = HashMap::from([((CONTEXT.to_owned(), None), context().key)]);
    verify(envelope, &expect, &Tokens { contexts: &contexts, identities: Vec::new() })
}

const ALL: [Proof; 4] = [Proof::None, Proof::UserName, Proof::Certificate, Proof::Context];

#[test]
fn what_is_written_is_read() {
    for proof in ALL {
        let verified = read(&written(proof), proof).unwrap_or_else(|e| panic!("{proof:?}: {e}"));
        assert_eq!(verified.created(), Some(now()));
        let username = verified.username().map(|u| u.username.to_string());
        assert_eq!(username.is_some(), proof == Proof::UserName);
        match (proof, verified.endorsing()) {
            (Proof::Certificate, [EndorsingProof::Certificate(found)]) => {
                assert_eq!(*found, certificate("alice"));
                let to = verified.envelope().header_named(ADDRESSING, "To").expect("To");
                assert!(verified.is_signed(to.id()));
            }
            (Proof::Context, [EndorsingProof::Context(proven)]) => {
                assert_eq!((proven.identifier(), proven.instance()), (CONTEXT, None));
            }
            (Proof::None | Proof::UserName, []) => {}
            (_, found) => panic!("{proof:?}: {found:?}"),
        }
    }
}

/// Timestamp, then the token, then its signature; nothing is encrypted, no key derived.
#[test]
fn the_header_holds_only_what_proves_the_client() {
    for (proof, expected) in [
        (Proof::None, &["Timestamp"][..]),
        (Proof::UserName, &["Timestamp", "UsernameToken"]),
        (Proof::Certificate, &["Timestamp", "BinarySecurityToken", "Signature"]),
        (Proof::Context, &["Timestamp", "SecurityContextToken", "Signature"]),
    ] {
        let envelope = Envelope::parse(written(proof), &Limits::SOAP).unwrap();
        let security = envelope.header_named(WSSE, "Security").expect("Security");
        let names: Vec<_> = security.elements().map(|e| e.local_name()).collect();
        assert_eq!(names, expected);
    }
}

/// A binding whose token demands derived keys: the context comes first, as what they are derived from.
#[test]
fn a_key_is_derived_where_the_token_demands_it() {
    let text = written_with(Proof::Context, &SecuritySettings::default());
    let envelope = Envelope::parse(text.clone(), &Limits::SOAP).unwrap();
    let security = envelope.header_named(WSSE, "Security").expect("Security");
    let names: Vec<_> = security.elements().map(|e| e.local_name()).collect();
    assert_eq!(names, ["Timestamp", "SecurityContextToken", "DerivedKeyToken", "Signature"]);
    let verified = read(&text, Proof::Context).expect("it is taken without being demanded");
    assert_eq!(verified.endorsing_context().map(|proven| proven.identifier()), Some(CONTEXT));
}

#[test]
fn another_proof_than_expected_is_refused() {
    for sent in ALL {
        for expected in ALL {
            let result = read(&written(sent), expected);
            assert_eq!(result.is_ok(), sent == expected, "{sent:?} for {expected:?}");
        }
    }
}

#[test]
fn a_changed_message_is_refused() {
    let text = written(Proof::Certificate);
    let fresh = text.replace("12:00:00", "12:01:00");
    let elsewhere = text.replace("https://localhost/", "https://elsewhere/");
    for (changed, proof) in [(fresh, Proof::Certificate), (elsewhere, Proof::Certificate)] {
        let error = read(&changed, proof).unwrap_err();
        assert!(matches!(error.reason(), Reason::DigestMismatch(_)), "{error}");
    }
    let signature = text.find("<SignatureValue>").expect("a signature") + 20;
    let mut changed = text.clone().into_bytes();
    changed[signature] = if changed[signature] == b'A' { b'B' } else { b'A' };
    let error = read(&String::from_utf8(changed).unwrap(), Proof::Certificate).unwrap_err();
    assert_eq!(error.reason(), &Reason::SignatureMismatch);
    let without = text.replacen(" u:Id=\"_1\"", "", 1);
    assert_ne!(without, text);
    assert!(read(&without, Proof::Certificate).is_err());
    let fresh = written(Proof::Context).replace("12:00:00", "12:01:00");
    assert!(read(&fresh, Proof::Context).is_err());
}

#[test]
fn a_stale_message_is_refused() {
    for proof in ALL {
        let later = now() + SignedDuration::from_mins(11);
        let error = read_at(&written(proof), proof, later).unwrap_err();
        assert!(matches!(error.reason(), Reason::Stale(_)), "{error}");
    }
}
