//! Messages under certificates (WS-SecurityPolicy 1.2 §7.5): those of WCF and Metro verify and are built again to the octet,
//! and ours go both ways in every order, suite and style.

#[path = "common/asymmetric.rs"]
mod asymmetric;
mod common;

use asymmetric::{Ends, all_settings, level_of, protected, text_of};
use common::wsse_mutate::{systematic, truncated};
use common::wsse_rebuild::{Recorded, RecordedIds, difference, unprotected};
use common::{Captured, Scenario, certificate, private_key, unbase64};
use std::collections::VecDeque;
use waxwing_security::wsse::names::{WSSE, WSU};
use waxwing_security::wsse::{
    Asymmetric, CertificateReference, EncryptedKeyToken, Expectations, ExpectedSigner,
    ExpectedToken, HeaderLayout, PrimaryToken, ProtectionOrder, ProtectionPlan, ProtectionToken,
    Recipient, SecuritySettings, SecurityVersion, ShownCertificate, Signer, Sources, TokenKey,
    Verified, X509ReferenceStyle, protect, verify,
};
use waxwing_security::{
    Direction, MessageProtection, ProtectionLevel, ProtectionRequirements, Reason, Result,
    SecurityFault,
};
use waxwing_soap::Envelope;
use waxwing_xml::{Element, Exclusive, Limits, canonicalize};

/// What WCF's bindings with WS-Security 1.0 are set to.
fn wcf() -> SecuritySettings {
    SecuritySettings {
        version: SecurityVersion::V10,
        layout: HeaderLayout::Lax,
        derived_keys: false,
        ..SecuritySettings::default()
    }
}

/// The level of each call of a captured scenario. Replies are encrypted whatever the contract says: without addressing WCF
/// does not know their action.
fn level(scenario: &str, message: &Captured) -> ProtectionLevel {
    let first = scenario.starts_with("protection").then(|| message.name.get(..3)).flatten();
    match (message.is_request(), first) {
        (true, Some("001")) => ProtectionLevel::None,
        (true, Some("002" | "005")) => ProtectionLevel::Sign,
        _ => ProtectionLevel::EncryptAndSign,
    }
}

fn verify_captured(
    message: &Captured,
    envelope: Envelope,
    (level, settings): (ProtectionLevel, &SecuritySettings),
) -> Result<Verified> {
    let mut requirements = ProtectionRequirements::new();
    let direction = match message.is_request() {
        true => Direction::Request,
        false => Direction::Reply,
    };
    requirements.wildcard(direction, MessageProtection::body(level));
    let (service, ends) = (certificate("service"), Ends::new(&["service", "alice"]));
    let signer = match message.is_request() {
        true => ExpectedSigner::Carried,
        false => ExpectedSigner::Known(&service),
    };
    let expect = Expectations {
        settings,
        requirements: &requirements,
        direction,
        protection: ExpectedToken::Asymmetric(signer),
        supporting: &[],
        confirmations: &[],
        now: message.at,
        limits: &Limits::SOAP,
        replay: None,
    };
    let envelope = match message.action().as_str() {
        "" => envelope.without_addressing(Some("urn:told")),
        _ => envelope,
    };
    verify(envelope, &expect, &ends)
}

fn captured_by_wcf() -> impl Iterator<Item = Scenario> {
    ["basic-message-cert", "protection-basic-message-cert"].into_iter().map(Scenario::wcf_basic)
}

#[test]
fn what_wcf_sent_verifies_and_decrypts() {
    let mut count = 0;
    for scenario in captured_by_wcf() {
        for message in &scenario.messages {
            let name = format!("{}/{}", scenario.name, message.name);
            let demanded = (level(&scenario.name, message), &wcf());
            let verified = verify_captured(message, message.envelope(), demanded);
            let verified = verified.unwrap_or_else(|error| panic!("{name}: {error}"));
            let read = String::from_utf8(verified.envelope().to_bytes()).unwrap();
            let expected = common::parse(message.expected().as_bytes()).to_bytes();
            assert_eq!(read, String::from_utf8_lossy(&expected), "{name}");
            let signer = if message.is_request() { "alice" } else { "service" };
            assert_eq!(verified.signer(), Some(&certificate(signer)), "{name}");
            count += 1;
        }
    }
    assert_eq!(count, 16);
}

fn child<'a>(security: Element<'a>, local: &str) -> Option<Element<'a>> {
    security.descendants_and_self().find(|e| e.local_name() == local)
}

/// The message made by us, of what the captured one shows and the recorded keys.
fn rebuilt(message: &Captured, level: ProtectionLevel) -> Envelope {
    let settings = wcf();
    let wire = message.envelope();
    let security = wire.header_named(WSSE, "Security").unwrap();
    let id = |e: Element<'_>| e.attribute_ns(WSU, "Id").unwrap().to_owned();
    let (own, other) = match message.is_request() {
        true => ("alice", "service"),
        false => ("service", "alice"),
    };
    let (own, key, other) = (certificate(own), private_key(own), (certificate(other), other));
    let carried = child(security, "BinarySecurityToken").map(id);
    let referred = CertificateReference::to(&own, X509ReferenceStyle::Any);
    let shown = match &carried {
        Some(id) => ShownCertificate::Carried(id),
        None => ShownCertificate::Referred(&referred),
    };
    let values: Vec<Vec<u8>> = wire
        .document()
        .root()
        .descendants_and_self()
        .filter(|e| e.local_name() == "CipherValue")
        .map(|e| unbase64(&e.text()))
        .collect();
    let made = values.first().map(|value| {
        let secret = private_key(other.1).decrypt_key(settings.suite.key_transport, value, 32);
        let token =
            EncryptedKeyToken::from_parts("", TokenKey::new(secret), value.clone(), &other.0);
        token.referring(CertificateReference::to(&other.0, X509ReferenceStyle::Any))
    });
    let recipient = match &made {
        Some(key) => Recipient::Key(key),
        None => Recipient::Certificate(&other.0, X509ReferenceStyle::Any),
    };
    // The signature stands before the body, and is encrypted after it.
    let vectors = values.iter().skip(1).rev().map(|v| v[..16].to_vec()).collect();
    let stamp = child(security, "Timestamp").unwrap();
    let now = stamp.first_element().unwrap().text().parse().unwrap();
    let mut random = Recorded(vectors);
    let mut ids = RecordedIds(VecDeque::from([id(stamp)]));
    let mut sources = Sources { now, random: &mut random, ids: &mut ids };
    let parts = MessageProtection::body(level);
    let signer = Signer { certificate: &own, key: &key, shown };
    let token = ProtectionToken::Asymmetric(Asymmetric { signer, recipient });
    let plan = ProtectionPlan::new(&settings, &parts, token);
    let mut envelope = unprotected(message.expected());
    protect(&mut envelope, &plan, &mut sources).unwrap();
    assert!(random.0.is_empty());
    envelope
}

#[test]
fn what_wcf_sent_is_built_again() {
    for scenario in captured_by_wcf() {
        for message in &scenario.messages {
            let name = format!("{}/{}", scenario.name, message.name);
            let ours = rebuilt(message, level(&scenario.name, message));
            let ours = String::from_utf8(ours.to_bytes()).unwrap();
            if let Some(difference) = difference(&ours, message.text(), 16) {
                panic!("{name}:\n{difference}");
            }
        }
    }
}

/// The client refused it: `SecurityVersion.WSSecurityJan2004 does not support header encryption`.
#[test]
fn the_older_version_encrypts_no_headers() {
    let ends = Ends::new(&["alice", "service"]);
    let settings = SecuritySettings { derived_keys: false, ..wcf() };
    let parts = level_of(&[("H", ProtectionLevel::EncryptAndSign)], ProtectionLevel::Sign);
    let error = ends.request("x", &settings, &parts).unwrap_err().to_string();
    assert!(error.starts_with("SecurityVersion.WSSecurityJan2004 does not support"), "{error}");
    let newer = SecuritySettings { version: SecurityVersion::V11, ..settings };
    assert!(ends.request("x", &newer, &parts).is_ok());
}

/// What Metro sends: issuer and serial number in place of key identifiers.
#[test]
fn what_metro_sent_verifies_and_decrypts() {
    let scenario = Scenario::metro("asym");
    for message in &scenario.messages {
        let mut requirements = ProtectionRequirements::new();
        let all = MessageProtection::default();
        requirements.wildcard(Direction::Request, all.clone());
        requirements.wildcard(Direction::Reply, all);
        let (service, ends) = (certificate("service"), Ends::new(&["service", "alice"]));
        let (direction, signer, who) = match message.is_request() {
            true => (Direction::Request, ExpectedSigner::Carried, "alice"),
            false => (Direction::Reply, ExpectedSigner::Known(&service), "service"),
        };
        let expect = Expectations {
            settings: &wcf(),
            requirements: &requirements,
            direction,
            protection: ExpectedToken::Asymmetric(signer),
            supporting: &[],
            confirmations: &[],
            now: message.at,
            limits: &Limits::SOAP,
            replay: None,
        };
        let verified = verify(message.envelope(), &expect, &ends);
        let verified = verified.unwrap_or_else(|error| panic!("{}: {error}", message.name));
        assert_eq!(verified.signer(), Some(&certificate(who)));
        let PrimaryToken::Certificate { key: Some(_), .. } = verified.token() else { panic!() };
        assert!(verified.body_protection().signed && verified.body_protection().encrypted);
        let to = verified.envelope().headers().find(|h| h.local_name() == "To").unwrap();
        assert!(verified.is_signed(to.id()));
    }
    assert_eq!(scenario.messages.len(), 8);
}

#[test]
fn every_setting_goes_there_and_back() {
    let levels = [ProtectionLevel::None, ProtectionLevel::Sign, ProtectionLevel::EncryptAndSign];
    let mut count = 0;
    for settings in all_settings() {
        for level in levels {
            let ends = Ends::new(&["alice", "service"]);
            let parts = level_of(&[], level);
            let what = format!("{settings:?} {level:?}");
            let (request, sent) = ends.request("Grüße & <so>", &settings, &parts).unwrap();
            let read = ends.receive(&request, &settings, &parts);
            let read = read.unwrap_or_else(|e| panic!("{what}: {e}"));
            assert_eq!(text_of(&read), "Grüße & <so>", "{what}");
            assert_eq!(read.signer(), Some(&certificate("alice")));
            assert_eq!(read.signatures(), &sent[..]);
            let has_key = matches!(read.token(), PrimaryToken::Certificate { key: Some(_), .. });
            assert_eq!(has_key, level.encrypts(), "{what}");
            let text = String::from_utf8(request.to_bytes()).unwrap();
            assert_eq!(text.contains("EncryptedKey "), level.encrypts(), "{text}");
            assert_eq!(
                text.contains("DerivedKeyToken "),
                level.encrypts() && settings.derived_keys
            );
            for confirmed in [&[][..], &sent] {
                let reply = ends.reply("answer", &settings, &parts, confirmed).unwrap();
                let read = ends.receive_reply(&reply, &settings, &parts, confirmed);
                let read = read.unwrap_or_else(|e| panic!("{what}: {e}"));
                assert_eq!(text_of(&read), "answer", "{what}");
                assert_eq!(read.signer(), Some(&certificate("service")));
            }
            count += 1;
        }
    }
    assert!(count >= 100, "{count}");
}

/// Where what is encrypted is listed, and how it says its key (XML Encryption §3.4, §3.6).
#[test]
fn the_list_stands_where_its_reader_looks() {
    let parts = protected();
    let text = |order, derived_keys| {
        let settings = SecuritySettings { order, derived_keys, ..wcf() };
        let (request, _) =
            Ends::new(&["alice", "service"]).request("x", &settings, &parts).unwrap();
        String::from_utf8(request.to_bytes()).unwrap()
    };
    let before = text(ProtectionOrder::SignBeforeEncrypt, false);
    assert!(before.contains("</e:ReferenceList></e:EncryptedKey><Signature "), "{before}");
    assert!(before.contains("aes256-cbc\"/><e:CipherData>"), "{before}");
    let hidden = text(ProtectionOrder::SignBeforeEncryptAndEncryptSignature, false);
    assert!(hidden.contains("</e:ReferenceList></e:EncryptedKey><e:EncryptedData "), "{hidden}");
    let derived = text(ProtectionOrder::SignBeforeEncrypt, true);
    assert!(derived.contains("</c:DerivedKeyToken><e:ReferenceList "), "{derived}");
    assert!(derived.contains("</e:EncryptedKey><c:DerivedKeyToken "), "{derived}");
    let after = text(ProtectionOrder::EncryptBeforeSign, false);
    assert!(after.contains("</Signature><e:ReferenceList "), "{after}");
    assert!(after.contains("#EncryptedKey\" URI=\"#_0\"/>"), "{after}");
}

/// The certificates may be shown in every style.
#[test]
fn certificates_are_shown_in_every_style() {
    let parts = protected();
    for (style, shown) in [
        (X509ReferenceStyle::Any, "#X509SubjectKeyIdentifier\""),
        (X509ReferenceStyle::SubjectKeyIdentifier, "#X509SubjectKeyIdentifier\""),
        (X509ReferenceStyle::Thumbprint, "#ThumbprintSHA1\""),
        (X509ReferenceStyle::IssuerSerial, "<X509IssuerName>CN=Test Root CA</X509IssuerName>"),
    ] {
        let ends = Ends { style, ..Ends::new(&["alice", "service"]) };
        let (request, _) = ends.request("x", &wcf(), &parts).unwrap();
        let text = String::from_utf8(request.to_bytes()).unwrap();
        assert!(text.contains(shown), "{style:?}: {text}");
        ends.receive(&request, &wcf(), &parts).unwrap();
        for carried in [false, true] {
            let ends = Ends {
                carried_in_replies: carried,
                ..Ends { style, ..Ends::new(&["alice", "service"]) }
            };
            let reply = ends.reply("x", &wcf(), &parts, &[]).unwrap();
            let text = String::from_utf8(reply.to_bytes()).unwrap();
            assert_eq!(text.contains("BinarySecurityToken"), carried, "{text}");
            ends.receive_reply(&reply, &wcf(), &parts, &[]).unwrap();
        }
    }
}

/// `protectTokens`: the certificate is signed as it stands in the message.
#[test]
fn the_certificate_is_signed_where_that_is_set() {
    let parts = protected();
    let settings = SecuritySettings {
        protect_tokens: true,
        order: ProtectionOrder::SignBeforeEncrypt,
        ..wcf()
    };
    let ends = Ends::new(&["alice", "service"]);
    let (request, _) = ends.request("x", &settings, &parts).unwrap();
    ends.receive(&request, &settings, &parts).unwrap();
    let text = String::from_utf8(request.to_bytes()).unwrap();
    let id =
        text.split("<o:BinarySecurityToken u:Id=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(text.contains(&format!("<Reference URI=\"#{id}\">")), "{text}");
    let changed = text.replacen("xmlns:o=", "xmlns:p=\"urn:p\" xmlns:o=", 1);
    ends.receive(&common::parse(changed.as_bytes()), &settings, &parts).unwrap();
    // The same certificate, carried in other octets.
    let changed = text.replacen("</o:BinarySecurityToken>", "\n</o:BinarySecurityToken>", 1);
    let error = ends.receive(&common::parse(changed.as_bytes()), &settings, &parts).unwrap_err();
    assert_eq!(error.reason(), &Reason::DigestMismatch("BinarySecurityToken".into()));
}

/// Everything that the layers above may rely on. Of the signer it is the key: what else his certificate says is judged by
/// its issuer's signature.
fn meaning(verified: &Verified) -> (String, Option<Vec<u8>>, [bool; 2]) {
    let mut octets = Vec::new();
    canonicalize(verified.envelope().body(), &Exclusive::default(), &mut octets);
    let protection = verified.body_protection();
    let body = String::from_utf8(octets).unwrap();
    (
        body,
        verified.signer().map(|c| c.public_key_der().to_vec()),
        [protection.signed, protection.encrypted],
    )
}

/// Every element removed, doubled, moved, wrapped and renamed, every attribute and text changed: it is refused, or it
/// means the same.
#[test]
fn what_was_changed_on_the_way_is_refused() {
    let scenario = Scenario::wcf_basic("basic-message-cert");
    let strict = SecuritySettings { layout: HeaderLayout::Strict, ..wcf() };
    for (message, settings) in scenario.messages[..2].iter().zip([wcf(), strict]) {
        let (mut refused, mut same) = (0, 0);
        {
            let demanded = (ProtectionLevel::EncryptAndSign, &settings);
            let good = verify_captured(message, message.envelope(), demanded).unwrap();
            let good = meaning(&good);
            for mutation in systematic(message).into_iter().chain(truncated(message)) {
                let Ok(envelope) = Envelope::parse(mutation.body.clone(), &Limits::SOAP) else {
                    continue;
                };
                match verify_captured(message, envelope, demanded) {
                    Ok(read) => {
                        assert_eq!(meaning(&read), good, "{}/{}", message.name, mutation.name);
                        same += 1;
                    }
                    Err(error) => {
                        let fault = error.fault();
                        let uniform = matches!(
                            fault,
                            SecurityFault::InvalidSecurity | SecurityFault::InvalidSecurityToken
                        );
                        assert!(uniform, "{}: {error}", mutation.name);
                        refused += 1;
                    }
                }
            }
        }
        assert!(refused > 120 && same < refused / 4, "{refused} {same}");
    }
}
