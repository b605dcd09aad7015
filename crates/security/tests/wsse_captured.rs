//! Every secured message that WCF and Metro sent verifies and decrypts to what they meant.

mod common;

use std::collections::BTreeMap;

use common::wsse_replay::Replay;
use common::{Captured, Scenario};
use jiff::{SignedDuration, Timestamp};
use waxwing_security::wsse::{ExpectedToken, PrimaryToken, ReplayCache, verify};
use waxwing_security::{Reason, SecurityError};
use waxwing_soap::Envelope;
use waxwing_xml::{Exclusive, canonicalize};

/// Replays every secured message of a scenario, and counts those that verify, and those among them whose Security header
/// was read from its text alone; what was refused, by message.
fn replay(scenario: &Scenario) -> ([usize; 2], BTreeMap<String, SecurityError>) {
    let (mut good, mut known, mut refused) = (0, 0, BTreeMap::new());
    let mut replay = Replay::new(scenario);
    for message in scenario.messages.iter().filter(|m| m.is_secured()) {
        let (verified, is_known) = match message.binary {
            Some(_) => (replay.verify(message), false),
            None => replay.verify_both(message, &message.body),
        };
        known += usize::from(is_known);
        match verified {
            Ok(verified) => {
                let name = format!("{}/{}", scenario.name, message.name);
                let read = String::from_utf8(verified.whole().to_bytes()).expect("UTF-8");
                if message.is_multipart {
                    assert!(!read.contains("EncryptedData"), "{name}");
                } else {
                    let expected = common::parse(message.expected().as_bytes());
                    let canonical = |envelope: &Envelope| {
                        let mut octets = Vec::new();
                        let root = envelope.document().root();
                        canonicalize(root, &Exclusive::default(), &mut octets);
                        String::from_utf8(octets).expect("UTF-8")
                    };
                    match message.binary {
                        // Empty elements are written in two ways.
                        Some(_) => {
                            assert_eq!(canonical(&verified.whole()), canonical(&expected), "{name}")
                        }
                        None => {
                            let expected = expected.to_bytes();
                            assert_eq!(read, String::from_utf8_lossy(&expected), "{name}");
                        }
                    }
                }
                good += 1;
            }
            Err(error) => {
                refused.insert(message.name.clone(), error);
            }
        }
    }
    ([good, known], refused)
}

/// The messages that must be refused, each with the reason; all others verify.
fn check_refused(scenario: &Scenario, expected: Refusals) -> [usize; 2] {
    let (good, refused) = replay(scenario);
    let names: Vec<_> = refused.keys().map(String::as_str).collect();
    let wanted: Vec<_> = expected.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, wanted, "{}: {refused:?}", scenario.name);
    for (name, is_expected) in expected {
        assert!(is_expected(refused[*name].reason()), "{}: {refused:?}", scenario.name);
    }
    good
}

type Refusals = &'static [(&'static str, fn(&Reason) -> bool)];

/// What WCF's service refused, too, or (a certificate that is not the service's) could not read.
fn refusals_of_wcf(name: &str) -> Refusals {
    match name {
        "fault-bad-action-sc" => &[("003-request", |r| matches!(r, Reason::UnknownAction(_)))],
        "fault-clock-skew-client-ahead-sc" => &[("001-request", |r| matches!(r, Reason::Stale(_)))],
        // Another contract than the service's.
        "protection-mismatch-client-none" => {
            &[("002-request", |r| matches!(r, Reason::UnknownAction(_)))]
        }
        // The service negotiates, the client does not.
        "fault-nego-mismatch-service-nego" => {
            &[("001-request", |r| matches!(r, Reason::UnexpectedElement { .. }))]
        }
        "fault-wrong-service-cert-oneshot" | "fault-wrong-service-cert-sc" => {
            &[("001-request", |r| matches!(r, Reason::UnknownRecipient(_)))]
        }
        "inject-tampered-body-sc" => &[("003-request-altered", |r| {
            matches!(r, Reason::Decryption | Reason::DecryptedContent(_))
        })],
        "inject-tampered-sequence-sc" | "inject-tampered-timestamp-rst" => {
            let first: Refusals = &[(
                "003-request-altered",
                |r| matches!(r, Reason::DigestMismatch(part) if **part == *"Sequence"),
            )];
            let second: Refusals = &[(
                "001-request-altered",
                |r| matches!(r, Reason::DigestMismatch(part) if **part == *"Timestamp"),
            )];
            if name.contains("sequence") { first } else { second }
        }
        _ => &[],
    }
}

/// Of each of these scenarios so many messages.
fn assert_counts(found: &BTreeMap<String, usize>, expected: &[(&str, usize)]) {
    for (name, count) in expected {
        assert_eq!(found.get(*name), Some(count), "{name}");
    }
}

#[test]
fn every_secured_message_of_wcf_verifies_and_decrypts() {
    let (mut good, mut known) = (BTreeMap::new(), BTreeMap::new());
    for name in common::names("wcf") {
        let scenario = Scenario::wcf(&name);
        let [verified, read] = check_refused(&scenario, refusals_of_wcf(&name));
        good.insert(name.clone(), verified);
        known.insert(name.clone(), read);
    }
    let expected = [
        ("rm10-sc-cert", 18),
        ("sc-cert-norm", 12),
        ("oneshot-cert", 8),
        ("oneshot-username", 8),
        ("rm10-sc-cert-suite-Basic128", 12),
        ("rm10-sc-cert-suite-Basic256Rsa15", 12),
        ("rm10-sc-cert-suite-Basic256Sha256", 12),
        ("rm10-sc-cert-suite-TripleDes", 12),
        ("rm10-sc-cert-layout-lax", 12),
        ("rm10-sc-cert-noderived", 12),
        ("rm10-sc-cert-order-sbeb", 12),
        ("rm10-sc-cert-prot-none", 12),
        ("rm10-sc-cert-sign", 18),
        ("rm10-sc-username", 18),
        ("rm10-sc-none", 18),
        ("rm11-sc13-cert", 18),
        ("renew-client-sc", 20),
        ("renew-service-expires-sc", 16),
        ("renew-client-sc-nego", 20),
        ("tlsnego-rm11-sc13-cert", 18),
        ("protection-sc-cert", 18),
        ("protection-order-sbe", 18),
        ("protection-order-ebs", 18),
        ("protection-rm10-sc-cert", 24),
        ("protection-rm11-sc13-cert", 24),
        ("protsign-sc-cert", 7),
        ("protnone-sc-cert", 8),
        ("https-oneshot-cert", 4),
        ("https-oneshot-username", 4),
        ("https-oneshot-username-2007", 4),
        ("https-sc-cert", 8),
        ("https-sc-cert-requirederived", 8),
        ("https-rm10-sc-cert", 14),
        ("https-rm10-sc-username", 14),
        ("https-rm11-sc13-username", 14),
        ("https-renew-sc-cert", 12),
        ("https-fault-application", 8),
        ("https-fault-untrusted-cert", 1),
        ("https-fault-wrong-password", 1),
        ("https-basichttp-mixed-username", 4),
        ("mtom-bytes-https-username", 2),
        ("protection-https-sc-username", 18),
    ];
    assert_counts(&good, &expected);
    // In a session under derived keys the text of the header is all that is read of it, but where the signature is not
    // encrypted and something else is.
    let expected = [
        ("rm10-sc-cert", 16),
        ("rm11-sc13-cert", 16),
        ("sc-cert-norm", 10),
        ("renew-client-sc", 14),
        ("rm10-sc-cert-suite-Basic256Sha256", 10),
        ("rm10-sc-cert-layout-lax", 10),
        ("tlsnego-rm11-sc13-cert", 18),
        ("tlsnego-oneshot-cert", 8),
        ("protection-sc-cert", 16),
        ("protection-order-sbe", 8),
        ("rm10-sc-cert-sign", 16),
        ("rm10-sc-cert-prot-none", 10),
        ("rm10-sc-cert-noderived", 0),
        ("protection-order-ebs", 0),
    ];
    assert_counts(&known, &expected);
    assert!(known.values().sum::<usize>() >= 950, "{}", known.values().sum::<usize>());
    assert!(good.values().sum::<usize>() >= 944, "{}", good.values().sum::<usize>());
}

/// Signatures and ciphertext of binary messages and of ones with attachments are over the same canonical text.
#[test]
fn every_secured_message_of_wcf_in_other_encodings_verifies_and_decrypts() {
    for (folder, name, count) in [
        ("wcf-binary", "binary-oneshot-cert", 4),
        ("wcf-binary", "binary-rm10-sc-cert", 14),
        ("wcf-mtom", "mtom-bytes-rm10-sc-cert", 12),
    ] {
        let scenario = Scenario::wcf_in(folder, name);
        assert_eq!(check_refused(&scenario, &[])[0], count, "{name}");
    }
}

/// SOAP 1.1 with WS-Addressing 1.0. Nobody has written down what was encrypted in it.
#[test]
fn every_secured_message_in_soap_1_1_verifies() {
    let scenario = Scenario::wcf_in("wcf-versions", "soap11-wsa10-rm10-sc-cert");
    let mut replay = Replay::new(&scenario);
    let secured = scenario.messages.iter().filter(|message| message.is_secured());
    let verified = secured.map(|message| {
        let verified = replay.verify(message);
        verified.unwrap_or_else(|error| panic!("{}: {error}", message.name))
    });
    assert_eq!(verified.count(), 14);
}

fn refusals_of_metro(name: &str) -> Refusals {
    match name {
        // A fault under a key that the service made up, which no policy foresees.
        "mutual-rogue" => &[("001-response", |r| matches!(r, Reason::UnexpectedElement { .. }))],
        // The signature by which Metro proves that it has the session covers octets that stand nowhere in the message, with no
        // transform at all (XML Signature has it that there is one or more): nobody but Metro takes it.
        "sc-rm10-renew" => &[("006-request", |r| matches!(r, Reason::Missing("a Transform")))],
        _ => &[],
    }
}

#[test]
fn every_secured_message_of_metro_verifies_and_decrypts() {
    let mut good = BTreeMap::new();
    for name in common::names("metro") {
        // An asymmetric binding, and one whose suite WCF reads otherwise (below).
        if name != "asym" && name != "sc-rm11-sha256" {
            let scenario = Scenario::metro(&name);
            good.insert(name.clone(), check_refused(&scenario, refusals_of_metro(&name))[0]);
        }
    }
    let expected = [
        ("mutual", 8),
        ("mutual12", 8),
        ("sc", 12),
        ("sc13", 12),
        ("sc-rm10", 18),
        ("sc-rm11", 18),
        ("sc-rm10-renew", 4),
        ("sc-rm10-renew-ours", 10),
    ];
    assert_counts(&good, &expected);
    assert!(good.values().sum::<usize>() >= 129, "{good:?}");
}

/// Metro's Basic256Sha256 keeps HMAC-SHA-1 (WS-SecurityPolicy 1.2 §6.1); WCF's has HMAC-SHA-256.
#[test]
fn another_reading_of_the_suite_is_named() {
    let scenario = Scenario::metro("sc-rm11-sha256");
    let error = Replay::new(&scenario).verify(&scenario.messages[0]).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error.reason(), Reason::Algorithm { what: "SignatureMethod", .. }), "{text}");
    assert!(text.contains("hmac-sha1") && text.contains("hmac-sha256"), "{text}");
}

#[test]
fn an_asymmetric_binding_is_refused() {
    let scenario = Scenario::metro("asym");
    let error = Replay::new(&scenario).verify(&scenario.messages[0]).unwrap_err();
    assert!(matches!(error.reason(), Reason::UnexpectedElement { .. }), "{error}");
}

/// What the layers above learn of a bootstrap and of a call.
#[test]
fn verified_messages_say_who_signed_what() {
    let scenario = Scenario::wcf("rm10-sc-cert");
    let mut replay = Replay::new(&scenario);
    let verified = replay.verify(&scenario.messages[0]).unwrap();
    assert_eq!(verified.endorsing_certificate(), Some(&common::certificate("alice")));
    assert!(matches!(verified.token(), PrimaryToken::EncryptedKey(_)));
    assert_eq!(verified.signatures().len(), 2);
    assert!(verified.signatures().iter().all(|s| s.encrypted));
    let verified = replay.verify(&scenario.messages[4]).unwrap();
    assert!(verified.action().ends_with("/ICalculator/Add"));
    assert_eq!(verified.endorsing().len(), 0);
    assert!(matches!(verified.token(), PrimaryToken::Context(_)));
    let body = verified.body_protection();
    assert!(body.signed && body.encrypted);
    for header in verified.envelope().headers() {
        let signed = verified.is_signed(header.id());
        assert_eq!(signed, header.local_name() != "Security", "{}", header.local_name());
    }
    let username = Scenario::wcf("rm10-sc-username");
    let verified = Replay::new(&username).verify(&username.messages[0]).unwrap();
    let token = verified.username().expect("a user name token");
    assert_eq!(&*token.username, "alice");
    assert!(token.password.is_some());
}

/// The same octets a second time, within and after the replay window.
#[test]
fn a_replayed_message_is_refused() {
    let scenario = Scenario::wcf("rm10-sc-cert");
    let replay = Replay::new(&scenario);
    let cache = ReplayCache::new(&replay.settings);
    let request = &scenario.messages[4];
    let once = |seconds: i64| {
        let protection = ExpectedToken::AttachedContext;
        let mut expect = replay.expectations(request, false, protection);
        expect.now = request.at + SignedDuration::from_secs(seconds);
        expect.replay = Some(&cache);
        verify(request.envelope(), &expect, &replay.tokens).map_err(|e| e.reason().clone())
    };
    assert!(once(0).is_ok());
    assert_eq!(once(0).unwrap_err(), Reason::Replay);
    assert_eq!(once(500).unwrap_err(), Reason::Replay);
    assert!(matches!(once(700).unwrap_err(), Reason::Stale(_)));
    assert_eq!(cache.len(), 1);
}

/// The clocks of the two ends may be five minutes apart (message-security: skew and replay window).
#[test]
fn timestamps_are_judged_to_the_second() {
    let scenario = Scenario::wcf("rm10-sc-cert");
    let mut replay = Replay::new(&scenario);
    let request = &scenario.messages[4];
    let created: Timestamp = "2026-11-23T12:35:04.131Z".parse().unwrap();
    let mut check = |seconds: i64| {
        let at = created + SignedDuration::from_secs(seconds);
        let message = Captured {
            name: request.name.clone(),
            body: request.body.clone(),
            at,
            plain: None,
            is_text: true,
            is_multipart: false,
            binary: None,
        };
        replay.verify(&message).is_ok()
    };
    assert!(check(-299), "created 4:59 ahead of us");
    assert!(!check(-301), "created 5:01 ahead of us");
    assert!(check(599), "expired 4:59 ago");
    assert!(!check(601), "expired 5:01 ago");
}

/// What a person reads of messages that were refused.
#[test]
fn refusals_say_what_is_wrong() {
    let refused = |name: &str, message: &str| {
        let scenario = Scenario::wcf(name);
        let (_, refused) = replay(&scenario);
        refused[message].to_string()
    };
    assert_eq!(
        refused("fault-wrong-service-cert-sc", "001-request"),
        "the key is encrypted for another certificate than this endpoint's: one with thumbprint \
         50b71b546441048699e966b09fab86142e60b26b (at Security/EncryptedKey)"
    );
    assert_eq!(
        refused("fault-clock-skew-client-ahead-sc", "001-request"),
        "the timestamp is not acceptable: it was created at 2026-11-23T13:29:05.57Z, ahead of now \
         (2026-11-23T13:09:05.902Z); are the clocks apart? (at Security/Timestamp)"
    );
    assert_eq!(
        refused("inject-tampered-sequence-sc", "003-request-altered"),
        "the digest of the part 'Sequence' differs: the part was altered or is not the one that was \
         signed"
    );
    assert_eq!(
        refused("fault-bad-action-sc", "003-request"),
        "The message could not be processed because the action \
         'http://Microsoft.ServiceModel.Samples/ICalculator/Modulo' is invalid or unrecognized."
    );
}
