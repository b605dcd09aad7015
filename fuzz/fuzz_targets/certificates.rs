//! Certificates in every form that .NET imports: no panic, and a bounded number of them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use waxwing_crypto::Certificate;

fuzz_target!(|data: &[u8]| match Certificate::collection(data) {
    Ok(certificates) => {
        assert!((1..=64).contains(&certificates.len()));
        let first = &certificates[0];
        assert_eq!(Certificate::from_der(first.der()).expect("read once").der(), first.der());
    }
    Err(error) => drop(error.to_string()),
});
