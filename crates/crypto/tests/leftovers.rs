//! What the library leaves in its queue of errors when the answer to a question is no, the next TLS connection of the same
//! thread would take for its own: nothing may stay.
#![allow(clippy::disallowed_methods, reason = "tests read their data")]

use openssl::error::ErrorStack;
use waxwing_crypto::{Certificate, CertificateValidator, RevocationMode, Usage, ValidationMode};

fn read(name: &str) -> Certificate {
    let path = format!("{}/../../testdata/pki/{name}.cert.pem", env!("CARGO_MANIFEST_DIR"));
    Certificate::from_pem(&std::fs::read(path).expect("a file")).expect("certificates").remove(0)
}

/// The certificate with another signature.
fn forged(certificate: &Certificate) -> Certificate {
    let mut der = certificate.der().to_vec();
    *der.last_mut().expect("octets") ^= 1;
    Certificate::from_der(&der).expect("still a certificate")
}

/// The certificate with alternative names that cannot be read.
fn unnamed(certificate: &Certificate) -> Certificate {
    let mut der = certificate.der().to_vec();
    let name = b"\x82\x05alice";
    let at = der.windows(name.len()).position(|octets| octets == name).expect("a DNS name");
    der[at + 1] = 0x7f;
    Certificate::from_der(&der).expect("still a certificate")
}

#[test]
fn no_question_leaves_errors_behind() {
    let (alice, root) = (read("alice"), read("ca"));
    let forged = forged(&alice);
    let unnamed = unnamed(&alice);
    let now = alice.not_before();
    drop(ErrorStack::get());
    let clean = |what: &str| {
        let left = ErrorStack::get();
        assert!(left.errors().is_empty(), "{what}: {left}");
    };
    let _ = (unnamed.dns_names(), unnamed.email());
    clean("its names");
    let _ = Certificate::from_der(unnamed.der());
    clean("what it says");
    unnamed.was_issued_by(&root);
    clean("whether it was issued");
    assert!(!forged.was_issued_by(&root));
    clean("who issued it");
    forged.allows(Usage::Client);
    clean("what it is for");
    forged.is_of_host("elsewhere.example");
    clean("whose host it is");
    let (mode, revocation) = (ValidationMode::ChainTrust, RevocationMode::NoCheck);
    let validator = CertificateValidator::new(mode, revocation, Usage::Client).with_roots([root]);
    validator.validate(&forged, &[], now).unwrap_err();
    clean("whether it is trusted");
}
