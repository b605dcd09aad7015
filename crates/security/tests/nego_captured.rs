//! Captured negotiations: proof tokens opened, hashes recomputed.

#[path = "common/nego.rs"]
mod nego;
#[path = "common/nego_recorded.rs"]
mod nego_recorded;
#[path = "common/nego_tls.rs"]
mod nego_tls;

use nego_recorded::{Scenario, envelope, hex, labelled, names, octets_of};
use waxwing_security::negotiation::Transcript;
use waxwing_security::wsse::Dialect;

fn negotiated(name: &str) -> bool {
    name.starts_with("tlsnego-") || name.ends_with("-nego")
}

#[test]
fn proof_tokens_open_by_the_recorded_master_secrets() {
    let (mut opened, mut suites) = (0, std::collections::BTreeSet::new());
    for name in names(|name| name.starts_with("tlsnego-")) {
        for negotiation in Scenario::load(&name).negotiations() {
            let Some(key) = &negotiation.key else {
                assert!(negotiation.proof.is_none(), "{name}: a proof token without key");
                continue;
            };
            let found = negotiation.open().unwrap_or_else(|| panic!("{name}: not opened"));
            assert_eq!(hex(&found), hex(key), "{name}");
            suites.insert((negotiation.hellos.version, negotiation.hellos.suite));
            opened += 1;
        }
    }
    assert!(opened >= 30, "{opened}");
    // TLS 1.2 by GCM, by CBC with SHA-256, by RSA key exchange; TLS 1.0.
    assert!(suites.len() >= 4, "{suites:02X?}");
    assert!(suites.iter().any(|(version, _)| *version == [3, 1]));
}

#[test]
fn authenticators_are_recomputed() {
    let (mut right, mut wrong) = (0, 0);
    for name in names(negotiated) {
        let scenario = Scenario::load(&name);
        let dialect = match scenario.is_newer_dialect() {
            true => Dialect::Version13,
            false => Dialect::February2005,
        };
        // What each side hashed, as it recorded it.
        let (mut sent, mut got) = (Transcript::new(), Transcript::new());
        let mut negotiation = 0;
        for exchange in &scenario.exchanges {
            if exchange.sent.contains("<o:Security ") || !exchange.action().ends_with("/Issue") {
                continue;
            }
            if exchange.action().ends_with("/RST/Issue") {
                (sent, got) = (Transcript::new(), Transcript::new());
            }
            sent.add(envelope(&exchange.sent).payload().unwrap());
            got.add(envelope(&exchange.got).payload().unwrap());
            let answer = envelope(exchange.answer());
            let payload = answer.payload().unwrap();
            if payload.local_name() != "RequestSecurityTokenResponseCollection" {
                sent.add(payload);
                got.add(payload);
                continue;
            }
            let response = payload.first_element().unwrap();
            sent.add_final(response, dialect);
            got.add_final(response, dialect);
            let key = &labelled(&scenario.keys_service, "AUTH-HASH")[negotiation].0;
            let hash = octets_of(exchange.answer(), "CombinedHash").remove(0);
            assert_eq!(hex(&got.combined_hash(key)), hex(&hash), "{name}: the service's view");
            check_inputs(&scenario.keys_service, negotiation, &got, &name);
            check_inputs(&scenario.keys_client, negotiation, &sent, &name);
            match sent.check(key, &hash) {
                Ok(()) => right += 1,
                Err(error) => {
                    assert!(error.to_string().contains("CombinedHash"), "{error}");
                    let altered = ["authenticator", "whitespace-leg1", "whitespace-leg3"];
                    assert!(altered.iter().any(|a| name.contains(a)), "{name}");
                    wrong += 1;
                }
            }
            negotiation += 1;
        }
    }
    assert_eq!(wrong, 3, "the three captures that were altered in what is hashed");
    assert!(right >= 35, "{right}");
}

/// The canonical octets and their hash, as the side recorded them.
fn check_inputs(keys: &str, negotiation: usize, transcript: &Transcript, name: &str) {
    let hashes: Vec<_> =
        keys.lines().filter_map(|l| l.strip_prefix("authenticator-digest ")).collect();
    let Some(digest) = hashes.get(negotiation) else {
        assert!(hashes.is_empty(), "{name}");
        return;
    };
    assert_eq!(hex(&waxwing_crypto::sha1(transcript.octets())), *digest, "{name}");
    let mut inputs = String::new();
    for line in keys.lines() {
        if let Some(input) = line.strip_prefix("authenticator-input ") {
            inputs.push_str(input);
        }
    }
    assert!(inputs.contains(&hex(transcript.octets())), "{name}: another input");
}
