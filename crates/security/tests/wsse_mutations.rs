//! Messages that were changed on the way are refused, all with the same fault, and the good one is
//! accepted afterwards.

mod common;

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::wsse_attacks::{derivations, known_attacks, piece};
use common::wsse_mutate::{Mutation, replaced, resigned, systematic, truncated};
use common::wsse_replay::Replay;
use common::{Captured, Scenario};
use jiff::Timestamp;
use waxwing_crypto::{
    BlockCipher, CertificateValidator, CipherKey, RevocationMode, Usage, ValidationMode,
};
use waxwing_security::wsse::names::WSSE;
use waxwing_security::wsse::{ReplayCache, Verified, passes_security};
use waxwing_security::{Reason, SecurityError, SecurityFault};
use waxwing_soap::Envelope;
use waxwing_xml::{Element, Exclusive, Limits, canonicalize};

/// What became of a changed message.
enum Outcome {
    /// It is no envelope.
    Unreadable,
    Refused(SecurityError),
    /// Accepted, and everything in it that is vouched for is as it was.
    Same,
    /// Accepted, and something is different.
    Different(String),
}

fn canonical(element: Element<'_>) -> String {
    let mut octets = Vec::new();
    canonicalize(element, &Exclusive::default(), &mut octets);
    String::from_utf8(octets).expect("UTF-8")
}

/// Everything that the layers above may rely on.
#[derive(PartialEq, Eq)]
struct Meaning {
    action: String,
    body: (String, bool, bool),
    signed_headers: BTreeSet<String>,
    token: String,
    user: Option<(String, Option<String>)>,
    created: Option<Timestamp>,
    signatures: usize,
}

impl Meaning {
    fn of(verified: &Verified) -> Self {
        let envelope = verified.envelope();
        let protection = verified.body_protection();
        let signed = envelope.headers().filter(|h| verified.is_signed(h.id()));
        Self {
            action: verified.action().to_owned(),
            body: (canonical(envelope.body()), protection.signed, protection.encrypted),
            signed_headers: signed.map(canonical).collect(),
            token: format!("{:?}", verified.token()),
            user: verified.username().map(|u| {
                (u.username.to_string(), u.password.as_ref().map(|p| p.as_str().to_owned()))
            }),
            created: verified.created(),
            signatures: verified.signatures().len(),
        }
    }
}

/// A message of a scenario, with what went before it.
struct Target<'a> {
    replay: Replay<'a>,
    message: &'a Captured,
    good: Meaning,
    /// How many changed messages were accepted without a tree of their Security header.
    known: usize,
}

impl<'a> Target<'a> {
    fn new(scenario: &'a Scenario, name: &str) -> Self {
        let mut replay = Replay::new(scenario);
        let message = scenario.messages.iter().find(|m| m.name == name).expect("the message");
        for before in scenario.messages.iter().take_while(|m| m.name != name) {
            if before.is_secured() {
                replay.verify(before).expect("a good message");
            }
        }
        let before = replay.asked.clone();
        let good = Meaning::of(&replay.verify(message).expect("a good message"));
        replay.asked = before;
        Self { replay, message, good, known: 0 }
    }

    fn judge(&mut self, mutation: &Mutation) -> Outcome {
        let (body, limits) = (&mutation.body[..], &Limits::SOAP);
        if let Err(error) = Envelope::parse(body, limits) {
            let passed = Envelope::parse_passing(body, limits, passes_security);
            assert_eq!(passed.err(), Some(error), "{}", mutation.name);
            return Outcome::Unreadable;
        }
        let before = self.replay.asked.clone();
        let (result, is_known) = self.replay.verify_both(self.message, body);
        self.known += usize::from(is_known);
        self.replay.asked = before;
        match result {
            Err(error) => Outcome::Refused(error),
            Ok(verified) => self.compare(&verified),
        }
    }

    fn compare(&self, verified: &Verified) -> Outcome {
        if let Some(certificate) = verified.endorsing_certificate() {
            // Whether it is trusted is decided by the caller, which an altered one is not.
            let usage = Usage::Client;
            let (mode, revocation) = (ValidationMode::ChainTrust, RevocationMode::NoCheck);
            let validator = CertificateValidator::new(mode, revocation, usage)
                .with_roots([common::certificate("ca")]);
            if *certificate != common::certificate("alice") {
                return match validator.validate(certificate, &[], self.message.at) {
                    Err(_) => Outcome::Unreadable,
                    Ok(()) => Outcome::Different("another certificate is trusted".into()),
                };
            }
        }
        let found = Meaning::of(verified);
        match found == self.good {
            true => Outcome::Same,
            false => Outcome::Different(format!("{}\n{}", found.body.0, found.action)),
        }
    }
}

/// Changes of what nobody vouches for, or of how the same is written: further headers that are not signed,
/// the order of headers and tokens, hints of what a reference leads to, comments.
fn is_harmless(change: &str) -> bool {
    let starts = |start: &str| change.starts_with(start);
    let ends = |end: &str| change.ends_with(end);
    let is_header = !change.contains("Security/");
    // A header of the contract that need not be signed.
    let is_unsigned = change.contains("Header/Trace");
    starts("comment within ")
        || is_unsigned
        || starts("add without prefix ")
        || (starts("add ") && is_header)
        || (starts("copy ") && (ends("to the start of Header") || ends("to the end of Header")))
        || (starts("move ") && is_header && ends(" of Header"))
        || (starts("move Header/Security/") && ends(" of Security"))
        || ends("Header/Security/@mustUnderstand")
        || ends("Reference/@ValueType")
        || ends("/@EncodingType")
        || ends("/@TokenType")
        || change.contains("EncryptedKey/EncryptionMethod/DigestMethod")
        || change == "remove Header/Security/DerivedKeyToken/Offset"
}

/// The fault of a refusal: one and the same but for a context or an action that is not known.
fn check_fault(change: &str, error: &SecurityError) {
    let expected = match error.reason() {
        Reason::UnknownAction(_) if change.contains("Header/Action") => {
            SecurityFault::UnknownAction
        }
        Reason::UnknownContext(_)
            if change.contains("SecurityContextToken/") || change.contains("/@Instance") =>
        {
            SecurityFault::BadContextToken
        }
        _ => SecurityFault::InvalidSecurity,
    };
    assert_eq!(error.fault(), expected, "{change}: {error}");
}

/// Tries every systematic change of a message; how many were refused.
fn attack(scenario: &str, message: &str) -> usize {
    attack_some(scenario, message, 1)
}

/// The same with every so manieth change.
fn attack_some(scenario: &str, message: &str, step: usize) -> usize {
    let scenario = Scenario::wcf(scenario);
    let mut target = Target::new(&scenario, message);
    let (mut refused, mut unreadable) = (0, 0);
    let mutations = systematic(target.message).into_iter().step_by(step);
    for mutation in mutations.chain(truncated(target.message)) {
        match target.judge(&mutation) {
            Outcome::Unreadable => unreadable += 1,
            Outcome::Refused(error) => {
                refused += 1;
                check_fault(&mutation.name, &error);
                // That would end a client's session at once.
                assert!(!error.is_disagreement(), "{}: {error}", mutation.name);
            }
            Outcome::Same => assert!(is_harmless(&mutation.name), "accepted: {}", mutation.name),
            Outcome::Different(what) => panic!("{}: {what}", mutation.name),
        }
    }
    assert!(unreadable >= 64, "{unreadable}");
    refused
}

#[test]
fn changed_requests_of_a_session_are_refused() {
    assert!(attack("rm10-sc-cert", "003-request") > 1000);
    assert!(attack("rm11-sc13-cert", "003-request") > 1000);
}

#[test]
fn changed_replies_of_a_session_are_refused() {
    assert!(attack("rm10-sc-cert", "003-response") > 950);
}

/// The signature is in clear here, so that everything in it is changed, too.
#[test]
fn changed_messages_with_a_plain_signature_are_refused() {
    assert!(attack("rm10-sc-cert", "002-request") > 1100);
}

#[test]
fn changed_bootstraps_are_refused() {
    assert!(attack("rm10-sc-cert", "001-request") > 1400);
    assert!(attack("rm10-sc-cert", "001-response") > 1300);
}

#[test]
fn changed_bootstraps_with_a_user_name_are_refused() {
    assert!(attack("rm10-sc-username", "001-request") > 1300);
}

#[test]
fn known_attacks_are_refused() {
    let scenario = Scenario::wcf("rm10-sc-cert");
    let mut target = Target::new(&scenario, "003-request");
    let attacks = known_attacks(target.message);
    assert!(attacks.len() >= 105, "{}", attacks.len());
    for attack in &attacks {
        match target.judge(attack) {
            Outcome::Unreadable => {}
            Outcome::Refused(error) => check_fault(&attack.name, &error),
            Outcome::Same => panic!("accepted: {}", attack.name),
            Outcome::Different(what) => panic!("{}: {what}", attack.name),
        }
    }
}

/// Renewals, other suites, keys, orders and layouts, messages without a session.
#[test]
fn changed_messages_of_other_kinds_are_refused() {
    let step = 3;
    for (scenario, message) in [
        ("renew-client-sc", "004-request"),
        ("renew-client-sc", "004-response"),
        ("renew-client-sc", "005-response"),
        ("oneshot-cert", "001-request"),
        ("oneshot-cert-nego", "003-request"),
        ("rm10-sc-username-nego", "003-request"),
        ("rm10-sc-cert-layout-lax", "003-request"),
        ("rm10-sc-cert-noderived", "003-request"),
        ("rm10-sc-cert-order-sbeb", "003-request"),
        ("rm10-sc-cert-suite-TripleDes", "003-request"),
        ("rm10-sc-cert-sign", "003-request"),
        ("protection-sc-cert", "006-response"),
        ("protection-order-sbe", "006-request"),
        ("protection-order-ebs", "005-request"),
        ("protection-order-ebs", "006-response"),
    ] {
        let refused = attack_some(scenario, message, step);
        assert!(refused * step > 800, "{scenario}/{message}: {refused}");
    }
}

/// Attacks on a signature that is in clear.
#[test]
fn changed_algorithms_and_references_are_refused() {
    let scenario = Scenario::wcf("rm10-sc-cert");
    let mut target = Target::new(&scenario, "002-request");
    let message = target.message;
    let mut changes = changed_algorithms();
    changes.extend(changed_references(message.text()));
    let secret = secret_of(&scenario);
    let mut signed_anew = 0;
    for (name, from, to) in &changes {
        let mutation = replaced(message, name, from, to);
        let anew = resigned(&mutation, &secret);
        signed_anew += usize::from(anew.is_some());
        for (mutation, is_anew) in [(Some(mutation), false), (anew, true)] {
            let Some(mutation) = mutation else { continue };
            match target.judge(&mutation) {
                Outcome::Refused(error) => check_fault(name, &error),
                Outcome::Unreadable => panic!("unreadable: {name}"),
                // Of whoever has the key; it changes nothing of what is signed.
                Outcome::Same if is_anew && name == "a reference with a type" => {}
                Outcome::Same => panic!("accepted: {}", mutation.name),
                Outcome::Different(what) => panic!("{}: {what}", mutation.name),
            }
        }
    }
    assert!(changes.len() >= 45, "{}", changes.len());
    assert!(signed_anew >= 40, "{signed_anew}");
}

/// What is changed: name, text, other text.
type Change = (String, String, String);

const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";

fn changed_algorithms() -> Vec<Change> {
    let c14n = "<CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>";
    let method = format!("<SignatureMethod Algorithm=\"{DSIG}hmac-sha1\"/>");
    let transform = "<Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>";
    let digest = format!("<DigestMethod Algorithm=\"{DSIG}sha1\"/>");
    let mut changes: Vec<Change> = Vec::new();
    let mut add = |name: &str, from: &str, to: &str| {
        changes.push((name.to_owned(), from.to_owned(), to.to_owned()));
    };
    for algorithm in [
        "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        "http://www.w3.org/2006/12/xml-c14n11",
        "",
    ] {
        let other = format!("<CanonicalizationMethod Algorithm=\"{algorithm}\"/>");
        add(&format!("canonicalization {algorithm}"), c14n, &other);
    }
    for algorithm in ["hmac-sha256", "rsa-sha1", "hmac-md5", "dsa-sha1", ""] {
        let other = format!("<SignatureMethod Algorithm=\"{DSIG}{algorithm}\"/>");
        add(&format!("signature {algorithm}"), &method, &other);
    }
    let short = format!(
        "<SignatureMethod Algorithm=\"{DSIG}hmac-sha1\"><HMACOutputLength>8</HMACOutputLength></SignatureMethod>"
    );
    add("a MAC of eight bits", &method, &short);
    for algorithm in [
        "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
        "http://www.w3.org/TR/1999/REC-xpath-19991116",
        "http://www.w3.org/2002/06/xmldsig-filter2",
        "http://www.w3.org/TR/1999/REC-xslt-19991116",
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#STR-Transform",
        "http://www.w3.org/2000/09/xmldsig#base64",
        "",
    ] {
        let other = format!("<Transform Algorithm=\"{algorithm}\"/>");
        add(&format!("transform {algorithm}"), transform, &other);
        add(&format!("further transform {algorithm}"), transform, &format!("{transform}{other}"));
    }
    add("no transform", transform, "");
    add("eleven transforms", transform, &transform.repeat(11));
    add("no transforms", &format!("<Transforms>{transform}</Transforms>"), "");
    for algorithm in [
        "http://www.w3.org/2001/04/xmlenc#sha256",
        "http://www.w3.org/2001/04/xmldsig-more#md5",
        "",
    ] {
        let other = format!("<DigestMethod Algorithm=\"{algorithm}\"/>");
        add(&format!("digest {algorithm}"), &digest, &other);
    }
    changes
}

fn changed_references(text: &str) -> Vec<Change> {
    let signature = piece(text, "<Signature ", "</Signature>");
    let first = piece(text, "<Reference URI=", "</Reference>");
    let mut changes: Vec<Change> = Vec::new();
    let mut add = |name: &str, from: &str, to: &str| {
        changes.push((name.to_owned(), from.to_owned(), to.to_owned()));
    };
    for uri in [
        "",
        "#",
        "http://10.0.0.1/",
        "#xpointer(/)",
        "#xpointer(id('_0'))",
        "cid:x",
        "#_1",
        "#none",
    ] {
        let other = format!("<Reference URI=\"{uri}\">");
        add(&format!("reference to {uri}"), "<Reference URI=\"#_0\">", &other);
    }
    add("no reference", first, "");
    add("a reference twice", first, &format!("{first}{first}"));
    add("a hundred and one references", first, &first.repeat(101));
    add("a reference with a type", "<Reference URI", "<Reference Type=\"urn:t\" URI");
    add("an object", "</Signature>", "<Object/></Signature>");
    add("a key value", "<KeyInfo>", "<KeyInfo><KeyValue/>");
    add("no key", piece(signature, "<KeyInfo>", "</KeyInfo>"), "");
    add(
        "a signature within an object",
        signature,
        &format!("<Signature xmlns=\"{DSIG}\"><Object>{signature}</Object></Signature>"),
    );
    add("the signature twice", signature, &format!("{signature}{signature}"));
    add("no signature", signature, "");
    add("the signature as a header", signature, "");
    changes
}

/// The key of the one session of a scenario.
fn secret_of(scenario: &Scenario) -> Vec<u8> {
    scenario.contexts.values().next().expect("a context").secret().to_vec()
}

/// Other derivations of the signing key, the MAC computed with the key that comes out: what the session's owner may
/// ask for is taken, and nothing that makes a key which others know or can guess.
#[test]
fn only_keys_of_the_suites_length_sign() {
    let scenario = Scenario::wcf("rm10-sc-cert");
    let secret = secret_of(&scenario);
    let mut target = Target::new(&scenario, "002-request");
    let message = target.message;
    let same =
        replaced(message, "nothing", "<c:Offset>0</c:Offset>", "<c:Generation>0</c:Generation>");
    let same = resigned(&same, &secret).expect("signed");
    assert!(matches!(target.judge(&same), Outcome::Same), "signing anew works");
    let mut accepted = Vec::new();
    for (name, from, to) in derivations() {
        let mutation = replaced(message, &name, from, &to);
        for mutation in [resigned(&mutation, &secret), Some(mutation)].into_iter().flatten() {
            match target.judge(&mutation) {
                Outcome::Refused(error) => check_fault(&name, &error),
                Outcome::Same => accepted.push(mutation.name),
                Outcome::Unreadable => panic!("unreadable: {name}"),
                Outcome::Different(what) => panic!("{name}: {what}"),
            }
        }
    }
    let expected = [
        "offset 1, signed anew",
        "generation 1, signed anew",
        "label of 0, signed anew",
        "label of 1, signed anew",
    ];
    assert_eq!(accepted, expected);
}

/// Between its own good messages a session meets every attack, none of which leaves a trace.
#[test]
fn a_session_under_attack_goes_on() {
    let scenario = Scenario::wcf("rm10-sc-cert");
    let mut replay = Replay::new(&scenario);
    replay.cache = Some(ReplayCache::new(&replay.settings));
    let mut refused = 0;
    for message in scenario.messages.iter().filter(|m| m.is_secured()) {
        let attacks: Vec<_> = match message.name.as_str() {
            "003-request" => known_attacks(message),
            _ => systematic(message).into_iter().step_by(7).collect(),
        };
        let before = replay.asked.clone();
        for attack in attacks.iter().filter(|a| !is_harmless(&a.name)) {
            let Ok(envelope) = Envelope::parse(attack.body.clone(), &Limits::SOAP) else {
                continue;
            };
            if attack.name.contains("BinarySecurityToken") {
                continue; // A good message of somebody who is not trusted; see above.
            }
            let result = replay.verify_envelope(message, envelope);
            assert!(result.is_err(), "{}", attack.name);
            replay.asked = before.clone();
            refused += 1;
        }
        replay.verify(message).expect("the good message");
        let asked = std::mem::replace(&mut replay.asked, before);
        let again = replay.verify(message).unwrap_err();
        assert_eq!(again.reason(), &Reason::Replay, "{}", message.name);
        replay.asked = asked;
    }
    assert!(refused >= 2000, "{refused}");
    assert_eq!(replay.cache.unwrap().len(), 18);
}

/// A message is good in its own place only.
#[test]
fn messages_in_the_wrong_place_are_refused() {
    let scenario = Scenario::wcf("rm10-sc-cert");
    let other = Scenario::wcf("rm10-sc-cert-suite-Default");
    let find = |name: &str| scenario.messages.iter().find(|m| m.name == name).unwrap();
    let mut target = Target::new(&scenario, "003-request");
    // Another session's request, a reply as a request.
    let stranger = other.messages.iter().find(|m| m.name == "003-request").unwrap();
    for (message, reason) in [
        (stranger, "another session's"),
        (find("003-response"), "a reply"),
        (find("001-request"), "a bootstrap"),
    ] {
        let error = target.replay.verify_envelope(target.message, message.envelope());
        assert!(error.is_err(), "{reason}");
    }
    // A request reflected, another session's reply, the reply of a bootstrap to another.
    let mut target = Target::new(&scenario, "003-response");
    for message in [find("003-request"), &other.messages[5], &other.messages[1]] {
        assert!(target.replay.verify_envelope(target.message, message.envelope()).is_err());
    }
    let mut target = Target::new(&scenario, "001-response");
    for message in [&other.messages[1], find("001-request"), find("003-response")] {
        assert!(target.replay.verify_envelope(target.message, message.envelope()).is_err());
    }
}

/// Contents that only somebody with the session's key can send, in the place of the signature and of the
/// body: none is taken, none makes the reader panic.
#[test]
fn chosen_plain_texts_are_refused() {
    let scenario = Scenario::wcf("rm10-sc-cert");
    let mut target = Target::new(&scenario, "003-request");
    let text = target.message.text();
    let envelope = target.message.envelope();
    let security = envelope.header_named(WSSE, "Security").expect("Security");
    let tokens = security.elements().filter(|e| e.local_name() == "DerivedKeyToken");
    let nonce = tokens.last().and_then(common::nonce_of).expect("a nonce");
    let line = scenario.derived.iter().find(|line| line.seed == nonce).expect("the key");
    let key = CipherKey::new(BlockCipher::Aes256, &line.derived).expect("a key");
    let plain = target.message.expected();
    let signature = piece(plain, "<Signature ", "</Signature>");
    let add = piece(plain, "<Add ", "</Add>");
    let values: Vec<_> = text.split("<e:CipherValue>").skip(1).collect();
    let values: Vec<_> = values.iter().map(|v| v.split('<').next().expect("a value")).collect();
    let deep = "<x>".repeat(4000);
    let long = "x".repeat(100_000);
    let contents = [
        "",
        " ",
        "text",
        "<",
        "</Add>",
        "<x",
        "<x/>",
        "<x/><y/>",
        "<x/>text",
        "<!---->",
        "<?pi?>",
        "<![CDATA[x]]>",
        "<!DOCTYPE x><x/>",
        "<?xml version=\"1.0\"?><x/>",
        "<u:x xmlns:u=\"\"/>",
        "<unknown:x/>",
        "<x a=\"1\" a=\"2\"/>",
        "&e;",
        "&#0;",
        "\u{FFFE}",
        "</s:Body></s:Envelope>",
        "<s:Body/>",
        &deep,
        &long,
        &add.replace("100", "101"),
        &format!("{add}{add}"),
        &format!("{add}<!-- -->"),
        &signature.replace("_0", "_2"),
        &signature.replace("sha1", "sha256"),
        &format!("{signature}{signature}"),
        &format!("{signature}<x/>"),
        &format!("<x/>{signature}"),
        &format!("<Object>{signature}</Object>"),
        &signature.replace("<KeyInfo>", "<KeyInfo><KeyName/>"),
    ];
    let mut tried = 0;
    for content in contents {
        for (value, own) in [(values[0], signature), (values[1], add)] {
            let octets = key.encrypt(&[7; 16], content.as_bytes()).expect("encrypted");
            let body = text.replacen(value, &STANDARD.encode(&octets), 1).into_bytes();
            let mutation = Mutation { name: content.chars().take(60).collect(), body };
            match target.judge(&mutation) {
                Outcome::Refused(error) => check_fault(&mutation.name, &error),
                // Comments are not signed; the body says the same with one.
                Outcome::Same => assert!(content.replace("<!-- -->", "") == own, "{content}"),
                Outcome::Unreadable => panic!("unreadable: {content}"),
                Outcome::Different(what) => panic!("{content}: {what}"),
            }
            tried += 1;
        }
    }
    assert_eq!(tried, 68);
    // The good contents under another vector are good.
    let octets = key.encrypt(&[7; 16], signature.as_bytes()).expect("encrypted");
    let body = text.replacen(values[0], &STANDARD.encode(&octets), 1).into_bytes();
    let mutation = Mutation { name: "the same".into(), body };
    assert!(matches!(target.judge(&mutation), Outcome::Same));
}
