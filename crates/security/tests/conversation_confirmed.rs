//! Signature confirmation inside sessions (`requireSignatureConfirmation` of the outer `<security>` element, WS-Security 1.1
//! §8.5): the service repeats in each reply the signature of the request, the client demands it.

#[path = "common/nego.rs"]
mod nego;

use nego::{
    ADD, ADD_RESPONSE, Credential, Pair, Setup, altered, moment, reason_of, says, still, wire,
};
use waxwing_security::conversation::{ClientError, Step};
use waxwing_security::wsse::{Dialect, ProtectionOrder};
use waxwing_security::{ProtectionLevel, Reason};
use waxwing_soap::Envelope;

fn setup(client: bool, service: bool) -> Setup {
    let mut setup = Setup::by_certificate(Dialect::February2005, Credential::Certificate("alice"));
    setup.client.session_signature_confirmation = client;
    setup.service.session_signature_confirmation = service;
    setup
}

fn open(setup: Setup) -> Pair {
    let mut pair = setup.build();
    pair.open().unwrap();
    pair
}

/// A request and the reply to it, not verified yet.
fn exchange(
    pair: &mut Pair,
    text: &str,
) -> (Envelope, waxwing_security::conversation::Correlation, Envelope) {
    let (request, correlation) = pair.request(text);
    let message = pair.service.message(&request, pair.now);
    let reply = pair.echo(message);
    (request, correlation, wire(&reply))
}

#[test]
fn every_reply_of_a_session_confirms_its_request() {
    let orders = [
        ProtectionOrder::SignBeforeEncryptAndEncryptSignature,
        ProtectionOrder::SignBeforeEncrypt,
        ProtectionOrder::EncryptBeforeSign,
    ];
    let levels = [ProtectionLevel::None, ProtectionLevel::Sign, ProtectionLevel::EncryptAndSign];
    for (order, level) in orders.iter().flat_map(|order| levels.map(|level| (*order, level))) {
        let mut setup = setup(true, true);
        for settings in [&mut setup.client.settings, &mut setup.service.settings] {
            settings.order = order;
        }
        for requirements in [&mut setup.client.requirements, &mut setup.service.requirements] {
            requirements.operation(ADD, Some(ADD_RESPONSE), level);
        }
        let mut pair = open(setup);
        let (request, correlation, reply) = exchange(&mut pair, "one");
        let text = String::from_utf8(reply.to_bytes()).unwrap();
        // It is encrypted exactly where the request's signature was.
        let hidden = !String::from_utf8(request.to_bytes()).unwrap().contains("<Signature ");
        assert_eq!(hidden, !text.contains("SignatureConfirmation"), "{order:?} {level:?}");
        let usual = order == ProtectionOrder::SignBeforeEncryptAndEncryptSignature;
        assert_eq!(hidden, usual && level.encrypts());
        pair.client.verify(reply, &correlation, &still(pair.now)).unwrap();
        for call in 0..3 {
            pair.call(&format!("{call}")).unwrap();
        }
        pair.renew().unwrap();
        pair.call("renewed").unwrap();
        pair.cancel().unwrap();
    }
}

/// A plain reply to an encrypted request: the confirmation is encrypted, and so is then the signature.
#[test]
fn a_signed_reply_to_an_encrypted_request_hides_signature_and_confirmation() {
    let mut setup = setup(true, true);
    for requirements in [&mut setup.client.requirements, &mut setup.service.requirements] {
        requirements.set(
            waxwing_security::Direction::Reply,
            ADD_RESPONSE,
            waxwing_security::MessageProtection::body(ProtectionLevel::Sign),
        );
    }
    let mut pair = open(setup);
    let (_, correlation, reply) = exchange(&mut pair, "one");
    let text = String::from_utf8(reply.to_bytes()).unwrap();
    assert!(!text.contains("<Signature ") && !text.contains("SignatureConfirmation"), "{text}");
    assert!(text.contains("AddResponse") && text.contains("ReferenceList"), "{text}");
    pair.client.verify(reply, &correlation, &still(pair.now)).unwrap();
}

/// Each end alone: the client is told which setting differs, and that it is no accident.
#[test]
fn a_setting_of_one_end_only_is_named() {
    for (client, service, expected) in
        [(true, false, Reason::NotConfirmed), (false, true, Reason::UnexpectedConfirmation)]
    {
        let mut pair = open(setup(client, service));
        let error = pair.call("one").unwrap_err();
        assert_eq!(*reason_of(&error).reason(), expected);
        assert!(reason_of(&error).is_disagreement());
        says(&error, &["requireSignatureConfirmation"]);
    }
}

/// Two good replies in each other's place: without confirmations nothing in the security header tells them apart.
#[test]
fn swapped_replies_are_refused() {
    let mut pair = open(setup(true, true));
    let (_, first, first_reply) = exchange(&mut pair, "one");
    let (_, second, second_reply) = exchange(&mut pair, "two");
    let error = pair.client.verify(second_reply.clone(), &first, &still(pair.now)).unwrap_err();
    assert!(matches!(error, ClientError::Unverifiable(_)), "{error}");
    assert!(matches!(reason_of(&error).reason(), Reason::SignatureConfirmation(_)), "{error}");
    assert!(!reason_of(&error).is_disagreement(), "somebody on the way can do this");
    assert!(!error.ends_session());
    pair.client.verify(first_reply, &first, &still(pair.now)).unwrap();
    pair.client.verify(second_reply, &second, &still(pair.now)).unwrap();
}

/// A confirmation that is taken away, or changed, was signed.
#[test]
fn a_changed_confirmation_is_refused() {
    let mut setup = setup(true, true);
    for requirements in [&mut setup.client.requirements, &mut setup.service.requirements] {
        requirements.operation(ADD, Some(ADD_RESPONSE), ProtectionLevel::Sign);
    }
    let mut pair = open(setup);
    let (_, correlation, reply) = exchange(&mut pair, "one");
    let text = String::from_utf8(reply.to_bytes()).unwrap();
    let start = text.find("<k:SignatureConfirmation").unwrap();
    let length = text[start..].find("/>").unwrap() + 2;
    let element = &text[start..start + length];
    let value = element.split("Value=\"").nth(1).unwrap();
    let other = element.replace(&value[..4], "AAAA");
    for to in [String::new(), other, element.repeat(2)] {
        let changed = altered(&reply, |text| text.replacen(element, &to, 1));
        assert!(pair.client.verify(changed, &correlation, &still(pair.now)).is_err(), "{to}");
    }
    pair.client.verify(reply, &correlation, &still(pair.now)).unwrap();
}

/// The end of the session is confirmed as everything else.
#[test]
fn the_cancellation_is_confirmed() {
    let mut pair = open(setup(true, false));
    let error = pair.cancel().unwrap_err();
    says(&error, &["requireSignatureConfirmation"]);
    let mut pair = open(setup(true, true));
    let Step::Send(request) = pair.client.cancel(&mut moment(pair.now, &mut pair.random)).unwrap()
    else {
        panic!("a request");
    };
    let reply = pair.service.answer(&request, pair.now);
    let text = String::from_utf8(reply.envelope.to_bytes()).unwrap();
    assert!(text.contains("SignatureConfirmation"), "{text}");
    let at = &mut moment(pair.now, &mut pair.random);
    pair.client.handle_reply(wire(&reply.envelope), at).unwrap();
}
