//! Our client against our service under certificates of both ends (WS-SecurityPolicy 1.2 §7.5), and what an attacker can do
//! who knows every certificate, can encrypt for each, and has a key that is trusted or one that is not.

#[path = "../common/forge.rs"]
mod forge;
mod forged;
#[path = "../common/nego.rs"]
mod nego;

use nego::{ADD, Credential, Pair, Setup, certificate, fault, key, says, still, wire};
use waxwing_crypto::{DigestAlgorithm, KeyTransport};
use waxwing_security::conversation::{
    CertificateTokens, ClientBinding, ClientError, ClientSecurity, Incoming, ServiceBinding,
    ServiceSecurity,
};
use waxwing_security::wsse::{Dialect, ProtectionOrder, SecurityVersion, X509ReferenceStyle};
use waxwing_security::{AlgorithmSuite, ProtectionLevel};
use waxwing_soap::Envelope;
use waxwing_xml::{Exclusive, Limits, canonicalize};

const OLD: Dialect = Dialect::February2005;
const OWN: [u8; 32] = [0x5a; 32];
const SKI: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509SubjectKeyIdentifier";

fn service_binding(name: &str, shown: CertificateTokens) -> ServiceBinding {
    ServiceBinding::Asymmetric { certificate: certificate(name), key: key(name), shown }
}

fn setup(dialect: Dialect, order: ProtectionOrder, derived_keys: bool) -> Setup {
    let mut setup = Setup::by_certificate(dialect, Credential::Certificate("alice"));
    let shown = CertificateTokens::default();
    setup.client.binding =
        Some(ClientBinding::Asymmetric { service: certificate("service"), shown });
    setup.service.binding = Some(service_binding("service", shown));
    for settings in [
        &mut setup.client.settings,
        &mut setup.client.bootstrap,
        &mut setup.service.settings,
        &mut setup.service.bootstrap,
    ] {
        settings.version = SecurityVersion::V10;
        (settings.order, settings.derived_keys) = (order, derived_keys);
    }
    setup
}

/// As NemHandel has it: the signature in clear, keys as they are.
fn nemhandel() -> Setup {
    setup(OLD, ProtectionOrder::SignBeforeEncrypt, false).one_shot()
}

fn pair() -> Pair {
    let mut pair = nemhandel().build();
    pair.open().unwrap();
    pair
}

const ORDERS: [ProtectionOrder; 3] = [
    ProtectionOrder::SignBeforeEncrypt,
    ProtectionOrder::SignBeforeEncryptAndEncryptSignature,
    ProtectionOrder::EncryptBeforeSign,
];

#[test]
fn one_shot_messages_go_in_every_order() {
    for dialect in Dialect::ALL {
        for order in ORDERS {
            for derived in [false, true] {
                let mut pair = setup(dialect, order, derived).one_shot().build();
                assert!(pair.open().unwrap().is_empty(), "nothing is exchanged beforehand");
                for call in 0..3 {
                    pair.call(&format!("{call}")).unwrap();
                }
                let (request, _) = pair.request("who");
                let message = pair.service.message(&request, pair.now);
                assert!(Credential::Certificate("alice").is_caller(&message.caller));
                assert!(message.session.is_none());
            }
        }
    }
}

#[test]
fn sessions_begin_are_renewed_and_end() {
    for dialect in Dialect::ALL {
        for order in ORDERS {
            let mut pair = setup(dialect, order, false);
            for settings in [&mut pair.client.settings, &mut pair.service.settings] {
                settings.derived_keys = true;
            }
            let mut pair = pair.build();
            assert_eq!(pair.open().unwrap().len(), 2, "one round trip");
            pair.call("one").unwrap();
            for round in 0..3 {
                pair.renew().unwrap();
                pair.call(&format!("renewed {round}")).unwrap();
            }
            let (request, _) = pair.request("who");
            let message = pair.service.message(&request, pair.now);
            assert!(Credential::Certificate("alice").is_caller(&message.caller));
            pair.cancel().unwrap();
            assert_eq!(pair.service.security.session_count(), 0);
        }
    }
}

#[test]
fn every_way_to_show_certificates_and_confirmed_signatures() {
    let styles = [
        X509ReferenceStyle::Any,
        X509ReferenceStyle::Thumbprint,
        X509ReferenceStyle::SubjectKeyIdentifier,
        X509ReferenceStyle::IssuerSerial,
    ];
    for style in styles {
        for replies_carry in [false, true] {
            let mut setup = nemhandel();
            let shown = CertificateTokens {
                requests_carry: true,
                replies_carry,
                client: style,
                service: style,
            };
            setup.client.binding =
                Some(ClientBinding::Asymmetric { service: certificate("service"), shown });
            setup.service.binding = Some(service_binding("service", shown));
            setup.client.signature_confirmation = Some(true);
            setup.service.signature_confirmation = Some(true);
            let mut pair = setup.build();
            pair.open().unwrap();
            pair.call("there and back").unwrap();
        }
    }
}

#[test]
fn the_levels_of_the_contract_hold() {
    let levels = [ProtectionLevel::None, ProtectionLevel::Sign, ProtectionLevel::EncryptAndSign];
    for sent in levels {
        for demanded in levels {
            let mut setup = nemhandel();
            let reply = Some(nego::ADD_RESPONSE);
            setup.client.requirements.operation(ADD, reply, sent);
            setup.service.requirements.operation(ADD, reply, demanded);
            let mut pair = setup.build();
            pair.open().unwrap();
            let (request, _) = pair.request("x");
            let text = String::from_utf8(request.to_bytes()).unwrap();
            assert_eq!(text.contains("EncryptedKey"), sent == ProtectionLevel::EncryptAndSign);
            match pair.service.receive(&request, pair.now) {
                Incoming::Message(_) => assert!(sent >= demanded, "{sent:?} {demanded:?}"),
                Incoming::Reply(reply) => {
                    assert!(sent < demanded, "{sent:?} {demanded:?} {:?}", reply.error);
                    says(reply.error.as_ref().unwrap(), &["the contract demands"]);
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn what_is_missing_is_said() {
    let mut without = nemhandel();
    without.client.credential = Credential::None.client();
    let Err(error) = ClientSecurity::new(without.client, &mut nego::Seeded(1)) else { panic!() };
    says(&error, &["the client has no certificate", "clientCredentials/clientCertificate"]);
    let mut anonymous = nemhandel();
    anonymous.service.clients = Credential::None.service();
    let Err(error) = ServiceSecurity::new(anonymous.service, &mut nego::Seeded(1)) else {
        panic!()
    };
    says(&error, &["known by them"]);
}

#[test]
fn the_services_certificate_is_judged_before_anything_is_sent() {
    let mut untrusted = nemhandel();
    let shown = CertificateTokens::default();
    untrusted.client.binding =
        Some(ClientBinding::Asymmetric { service: certificate("mallory"), shown });
    let error = untrusted.build().open().unwrap_err();
    assert!(matches!(error, ClientError::UntrustedService { .. }), "{error}");
    let mut other = nemhandel();
    other.client.binding = Some(ClientBinding::Asymmetric { service: certificate("bob"), shown });
    let error = other.build().open().unwrap_err();
    assert!(matches!(error, ClientError::Identity(_)), "{error}");
}

// ---- What an attacker writes himself ---------------------------------------------------------

// ---- What an attacker makes of alice's messages ------------------------------------------------

fn text_of(envelope: &Envelope) -> String {
    String::from_utf8(envelope.to_bytes()).unwrap()
}

fn piece<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let from = text.find(start).unwrap_or_else(|| panic!("{start} in {text}"));
    let length = text[from..].find(end).unwrap_or_else(|| panic!("{end}"));
    &text[from..from + length + end.len()]
}

fn parsed(text: String) -> Envelope {
    Envelope::parse(text.clone(), &Limits::SOAP).unwrap_or_else(|e| panic!("{e}: {text}"))
}

#[track_caller]
fn refuses(pair: &mut Pair, text: String, because: &str) {
    let reply = match pair.service.receive(&parsed(text), pair.now) {
        Incoming::Reply(reply) => reply,
        other => panic!("accepted: {other:?}"),
    };
    says(reply.error.as_ref().unwrap(), &[because]);
    assert_eq!(fault(&reply.envelope).0, "Sender/InvalidSecurity");
}

#[test]
fn parts_of_one_message_make_no_other() {
    for order in [ORDERS[0], ORDERS[1]] {
        let mut pair = setup(OLD, order, false).one_shot().build();
        pair.open().unwrap();
        let (one, two) = (text_of(&pair.request("one").0), text_of(&pair.request("two").0));
        // The key of another message, the body of another, the signature of another.
        let key = |text| piece(text, "<e:EncryptedKey", "</e:EncryptedKey>");
        let value = |text| piece(key(text), "<e:CipherValue>", "</e:CipherValue>");
        refuses(&mut pair, one.replace(value(&one), value(&two)), "");
        let body = |text| piece(text, "<s:Body", "</s:Body>");
        refuses(&mut pair, one.replace(body(&one), body(&two)), "");
        let clear = "<s:Body u:Id=\"_1\"><Add xmlns=\"http://Microsoft.ServiceModel.Samples\">x</Add></s:Body>";
        refuses(&mut pair, one.replace(body(&one), clear), "");
        let stamp = |text| piece(text, "<u:Timestamp", "</u:Timestamp>");
        refuses(&mut pair, one.replace(stamp(&one), stamp(&two)), "");
        // Wrapped: the signed body elsewhere, another in its place.
        let wrapped =
            body(&one).replacen("<s:Body", "<x:Wrap xmlns:x=\"urn:x\"><s:Body", 1) + "</x:Wrap>";
        let wrapped = one
            .replace(body(&one), &clear.replace(" u:Id=\"_1\"", " u:Id=\"_x\""))
            .replace("<o:Security", &format!("{wrapped}<o:Security"));
        refuses(&mut pair, wrapped, "");
        // Without its signature, or with another place for the list.
        let start = if order == ORDERS[0] { "<Signature " } else { "<e:EncryptedData Id=\"_7\"" };
        let end = if order == ORDERS[0] { "</Signature>" } else { "</e:EncryptedData>" };
        refuses(&mut pair, one.replace(piece(&one, start, end), ""), "");
        // The good ones are, once.
        pair.service.message(&parsed(one.clone()), pair.now);
        pair.service.message(&parsed(two), pair.now);
        refuses(&mut pair, one, "received before");
    }
}

/// A trusted client takes alice's message and puts his signature in the place of hers. While the signature is in clear its
/// digests are, and he can; but the message is his then. Where it is encrypted he knows no digests.
#[test]
fn whoever_signs_is_the_sender() {
    let mut pair = pair();
    let honest = text_of(&pair.request("for the service alone").0);
    let envelope = parsed(honest.clone());
    let info = envelope.document().root().descendants_and_self();
    let info = info.into_iter().find(|e| e.local_name() == "SignedInfo").unwrap();
    let mut octets = Vec::new();
    canonicalize(info, &Exclusive::default(), &mut octets);
    let value = forge::base64(&key("bob").sign(DigestAlgorithm::Sha1, &octets).unwrap());
    let old = piece(&honest, "<SignatureValue>", "</SignatureValue>");
    let (alice, bob) = (certificate("alice"), certificate("bob"));
    let his = honest
        .replace(old, &format!("<SignatureValue>{value}</SignatureValue>"))
        .replace(&forge::base64(alice.der()), &forge::base64(bob.der()));
    let message = pair.service.message(&parsed(his.clone()), pair.now);
    assert!(Credential::Certificate("bob").is_caller(&message.caller));
    // Her certificate in the message does not make it hers.
    let hers = his.replace(&forge::base64(bob.der()), &forge::base64(alice.der()));
    refuses(&mut pair, hers, "signature value is wrong");
    let mut pair = setup(OLD, ORDERS[1], false).one_shot().build();
    pair.open().unwrap();
    let hidden = text_of(&pair.request("for the service alone").0);
    assert!(!hidden.contains("DigestValue") && !hidden.contains("SignatureValue"), "{hidden}");
}

#[test]
fn keys_that_cannot_be_opened_are_not_told_apart() {
    for suite in [AlgorithmSuite::BASIC256, "Basic256Rsa15".parse().unwrap()] {
        let mut setup = nemhandel();
        for settings in [&mut setup.client.settings, &mut setup.service.settings] {
            settings.suite = suite;
        }
        let mut pair = setup.build();
        pair.open().unwrap();
        let honest = text_of(&pair.request("x").0);
        let value = piece(
            piece(&honest, "<e:EncryptedKey", "</e:EncryptedKey>"),
            "<e:CipherValue>",
            "</e:CipherValue>",
        )
        .to_owned();
        let service = certificate("service");
        let of =
            |octets: &[u8]| format!("<e:CipherValue>{}</e:CipherValue>", forge::base64(octets));
        let other = |length: usize| {
            of(&service.encrypt_key(suite.key_transport, &vec![3; length]).unwrap())
        };
        let wrong_padding = {
            let wrong = match suite.key_transport {
                KeyTransport::RsaOaep => KeyTransport::Rsa15,
                KeyTransport::Rsa15 => KeyTransport::RsaOaep,
            };
            of(&service.encrypt_key(wrong, &[3; 32]).unwrap())
        };
        let mut seen = Vec::new();
        for value_of in [
            of(&[0; 256]),
            of(&[7; 256]),
            of(&[1; 3]),
            wrong_padding,
            other(32),
            other(16),
            other(5),
        ] {
            let reply = pair.service.answer(&parsed(honest.replace(&value, &value_of)), pair.now);
            seen.push((fault(&reply.envelope), text_of(&reply.envelope).len()));
        }
        seen.dedup();
        assert_eq!(seen.len(), 1, "{seen:?}");
        assert!(matches!(pair.service.receive(&parsed(honest), pair.now), Incoming::Message(_)));
    }
}

// ---- Answers -----------------------------------------------------------------------------------

#[test]
fn only_the_expected_service_answers() {
    for replies_carry in [false, true] {
        let shown = CertificateTokens { replies_carry, ..CertificateTokens::default() };
        let mut pair = pair();
        let (request, correlation) = pair.request("x");
        // Bob is a service, too, and trusted; he knows alice's certificate and what she asked.
        let asked = pair.service.message(&request, pair.now);
        let mut bobs = nemhandel();
        bobs.service.binding = Some(service_binding("bob", shown));
        std::mem::swap(&mut pair.service, &mut bobs.build().service);
        let reply = pair.echo(asked);
        let error = pair.client.verify(wire(&reply), &correlation, &still(pair.now)).unwrap_err();
        let because =
            if replies_carry { "must come from 'CN=localhost" } else { "cannot be resolved" };
        says(&error, &[because]);
        // With the service's name on it.
        let (bob, service) = (certificate("bob"), certificate("service"));
        let swapped = text_of(&reply)
            .replace(&forge::base64(bob.der()), &forge::base64(service.der()))
            .replace(
                &forge::base64(bob.subject_key_identifier().unwrap()),
                &forge::base64(service.subject_key_identifier().unwrap()),
            );
        let error =
            pair.client.verify(parsed(swapped), &correlation, &still(pair.now)).unwrap_err();
        says(&error, &["signature value is wrong"]);
    }
}

/// Alice's own request sent back, and the service's reply sent to it.
#[test]
fn nothing_counts_where_it_came_from() {
    let mut pair = pair();
    let (request, correlation) = pair.request("x");
    let message = pair.service.message(&request, pair.now);
    let reply = pair.echo(message);
    let error = pair.client.verify(wire(&request), &correlation, &still(pair.now)).unwrap_err();
    assert!(matches!(error, ClientError::Unverifiable(_)), "{error}");
    let answered = pair.service.answer(&reply, pair.now);
    assert_eq!(fault(&answered.envelope).0, "Sender/InvalidSecurity", "{:?}", answered.error);
    pair.client.verify(wire(&reply), &correlation, &still(pair.now)).unwrap();
    let error = pair.client.verify(wire(&reply), &correlation, &still(pair.now)).unwrap_err();
    says(&error, &["received before"]);
}

/// What is signed of an answer is whose it is and what it relates to, not for whom it is: another client that the service
/// trusts, who sees the MessageID of alice, has the service answer him under it and hands the answer on. Where answers confirm
/// signatures it must confirm hers. (In a reliable session an answer is of a sequence, too, which is hers alone.)
#[test]
fn confirmed_signatures_say_for_whom_an_answer_is() {
    for confirms in [false, true] {
        let client = |who| {
            let mut setup = nemhandel();
            setup.client.credential = Credential::Certificate(who).client();
            for requirements in [&mut setup.client.requirements, &mut setup.service.requirements] {
                requirements.operation(ADD, Some(nego::ADD_RESPONSE), ProtectionLevel::Sign);
            }
            setup.client.signature_confirmation = Some(confirms);
            setup.service.signature_confirmation = Some(confirms);
            let mut pair = setup.build();
            pair.open().unwrap();
            pair
        };
        let (mut alice, mut bob) = (client("alice"), client("bob"));
        let (request, correlation) = alice.request("what is my balance?");
        let seen = text_of(&request);
        let id = piece(&seen, "urn:uuid:", "</a:MessageID>");
        let his = text_of(&nego::application_request("what is his?", &mut nego::Seeded(77)));
        let his = parsed(his.replace(piece(&his, "urn:uuid:", "</a:MessageID>"), id));
        let at = &mut nego::moment(bob.now, &mut bob.random);
        let (his, _) = bob.client.protect(his, at).unwrap();
        let asked = alice.service.message(&his, alice.now);
        assert!(Credential::Certificate("bob").is_caller(&asked.caller));
        let answer = alice.echo(asked);
        let found = alice.client.verify(wire(&answer), &correlation, &still(alice.now));
        match confirms {
            false => drop(found.unwrap()),
            true => says(&found.unwrap_err(), &["a signature is not confirmed"]),
        }
        let asked = alice.service.message(&request, alice.now);
        let answer = alice.echo(asked);
        alice.client.verify(wire(&answer), &correlation, &still(alice.now)).unwrap();
    }
}
