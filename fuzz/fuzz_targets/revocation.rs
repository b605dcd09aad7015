//! Revocation lists and OCSP answers: no panic, and nobody is cleared by what its issuer did not sign. The first byte chooses
//! the kind.

#![no_main]

use std::sync::OnceLock;

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use waxwing_crypto::revocation::{RevocationQuestion, RevocationStatus};
use waxwing_crypto::{
    Certificate, CertificateValidator, RevocationList, RevocationMode, Usage, ValidationMode,
};

const CA: &[u8] = include_bytes!("../../testdata/pki/ca.cert.pem");
const ALICE: &[u8] = include_bytes!("../../testdata/pki/alice.cert.pem");

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).expect("a time")
}

fn question() -> &'static RevocationQuestion {
    static QUESTION: OnceLock<RevocationQuestion> = OnceLock::new();
    QUESTION.get_or_init(|| {
        let (mode, revocation) = (ValidationMode::ChainTrust, RevocationMode::Online);
        let roots = Certificate::from_pem(CA).expect("a root");
        let alice = Certificate::from_pem(ALICE).expect("a certificate").remove(0);
        CertificateValidator::new(mode, revocation, Usage::Client)
            .with_roots(roots)
            .validate_path(&alice, &[], now())
            .expect("a path")
            .remove(0)
    })
}

fuzz_target!(|data: &[u8]| {
    let [choice, octets @ ..] = data else { return };
    let answer = match choice % 2 {
        0 => question().read_ocsp(octets, &[], now()).ok(),
        _ => {
            let Ok(list) = RevocationList::from_octets(octets) else { return };
            let _ = (list.size(), list.is_fresh(now()));
            question().issued(&list).ok().and_then(|list| question().read_list(&list).ok())
        }
    };
    // Nobody here has the key of the authority.
    let status = answer.map(|answer| answer.status);
    assert!(!matches!(status, Some(RevocationStatus::Good)), "a forged answer clears Alice");
});
