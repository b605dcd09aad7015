//! Messages that were meant for another service. A key that is encrypted for a service says nothing of who encrypted it:
//! whoever is called by a client can encrypt the key of the client's message anew, for another service, and hand the
//! message on. What says for whom it was is `To`, which is signed.

mod common;

use common::{ADDRESS, Mode, Pair, Seeded, VERSION, certificate};
use waxwing_reliable::ReliableMessagingVersion::{February2005, V11};
use waxwing_security::conversation::Protection;
use waxwing_security::protection::HeaderProtection;
use waxwing_security::trust::{BinarySecret, RequestSecurityToken, TrustAction};
use waxwing_security::wsse::{
    Dialect, EncryptedKeyToken, ProtectionPlan, ProtectionToken, SecuritySettings, Sources,
    UuidIds, protect,
};
use waxwing_security::{MessageProtection, ProtectionLevel};
use waxwing_session::TransmissionId;
use waxwing_soap::{Addressing, Envelope};
use waxwing_xml::Name;

const ELSEWHERE: &str = "http://localhost:8000/elsewhere";

/// As it arrives after it was encrypted anew: for our certificate, with the `To` of the other service.
#[test]
fn a_request_for_a_session_with_another_service_begins_none() {
    for reliable in [Some(February2005), Some(V11), None] {
        let mode = Mode { reliable, protection: Protection::Conversation };
        let mut pair = Pair::addressed(mode, ELSEWHERE);
        pair.begin();
        pair.settle();
        assert_eq!(pair.security_sessions(), 0, "{mode:?}");
        assert!(!pair.opened && pair.faulted.is_some(), "{mode:?}");
    }
}

#[test]
fn a_message_to_another_service_is_not_executed() {
    let mode = Mode { reliable: None, protection: Protection::OneShot };
    let mut pair = Pair::addressed(mode, ELSEWHERE);
    pair.begin();
    pair.call(1, "one");
    pair.settle();
    assert!(pair.executed.is_empty() && !pair.completed.contains_key(&1));
}

/// A request for a session as its sender would make it, with a further header that is encrypted or not.
fn request(level: ProtectionLevel) -> Envelope {
    let settings = SecuritySettings { dialect: Dialect::Version13, ..SecuritySettings::default() };
    let (mut random, mut ids) = (Seeded(1), UuidIds::new(&mut Seeded(2)));
    let mut envelope = Envelope::new(VERSION);
    let action = TrustAction::Issue.uri(settings.dialect);
    Addressing::request(&action, ADDRESS, VERSION.addressing, &mut random).write(&mut envelope);
    let header = envelope.append_header(Name::new("x", "Hidden", "urn:x"));
    envelope.document_mut().append_text(header, "1");
    let secret = BinarySecret::nonce("entropy".to_owned(), vec![7; 32].into());
    let body = envelope.body().id();
    let token = RequestSecurityToken::issue_context(settings.dialect, secret, 256);
    token.write(envelope.document_mut(), body);
    let service = certificate("service");
    let key = EncryptedKeyToken::generate(&settings, &service, &mut random, &mut ids).unwrap();
    let mut parts = MessageProtection::body(ProtectionLevel::EncryptAndSign);
    parts.headers =
        vec![HeaderProtection { namespace: "urn:x".into(), local: "Hidden".into(), level }];
    let plan = ProtectionPlan::new(&settings, &parts, ProtectionToken::EncryptedKey(&key));
    let now = "2026-11-24T12:00:00Z".parse().unwrap();
    let mut sources = Sources { now, random: &mut random, ids: &mut ids };
    protect(&mut envelope, &plan, &mut sources).unwrap();
    envelope
}

/// Whoever hands a request on has its key, and can encrypt `To` within an EncryptedHeader without touching the client's
/// signature, which is over the text: what was for another service is not seen before the message is verified. So no
/// header of a request for a session may be hidden.
#[test]
fn a_request_for_a_session_hides_no_header() {
    let mode = Mode { reliable: Some(V11), protection: Protection::Conversation };
    for (level, sessions) in [(ProtectionLevel::Sign, 1), (ProtectionLevel::EncryptAndSign, 0)] {
        let mut pair = Pair::new(mode);
        let octets = request(level).to_bytes();
        let hidden = String::from_utf8_lossy(&octets).contains("EncryptedHeader");
        assert_eq!(hidden, sessions == 0);
        pair.arrive(TransmissionId(1), &octets);
        assert_eq!(pair.security_sessions(), sessions, "{level:?}");
    }
}
