//! Certificates as .NET exports and imports them (`X509Certificate2Collection`).

#![allow(clippy::disallowed_methods)]

use std::path::PathBuf;

use proptest::prelude::*;
use waxwing_crypto::{Certificate, CryptoError};

fn certificate(name: &str) -> Certificate {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata/pki");
    let pem = std::fs::read(folder.join(format!("{name}.cert.pem"))).unwrap();
    Certificate::from_pem(&pem).unwrap().remove(0)
}

/// A property: identifier, encoding, length, value.
fn property(identifier: u32, value: &[u8]) -> Vec<u8> {
    let length = u32::try_from(value.len()).unwrap();
    [[identifier, 1, length].map(u32::to_le_bytes).concat(), value.to_vec()].concat()
}

/// As `Export(X509ContentType.SerializedCert)` gives it: the SHA-1 hash, then the certificate.
fn serialized(certificate: &Certificate) -> Vec<u8> {
    [property(3, &certificate.thumbprint()), property(32, certificate.der())].concat()
}

/// As `Export(X509ContentType.SerializedStore)` gives it.
fn store(certificates: &[Certificate]) -> Vec<u8> {
    let elements: Vec<u8> = certificates.iter().flat_map(serialized).collect();
    [b"\0\0\0\0CERT".to_vec(), elements, vec![0; 12]].concat()
}

#[test]
fn every_form_is_read() {
    let (service, alice) = (certificate("service"), certificate("alice"));
    let both = [service.clone(), alice.clone()];
    let read = |octets: &[u8]| Certificate::collection(octets).unwrap();
    assert_eq!(read(service.der()), std::slice::from_ref(&service));
    assert_eq!(read(&service.to_pem()), std::slice::from_ref(&service));
    assert_eq!(read(&[service.to_pem(), alice.to_pem()].concat()), both);
    assert_eq!(read(&serialized(&service)), std::slice::from_ref(&service));
    // Windows adds a friendly name (11), a key identifier (20), what a program likes.
    let more = [property(11, b"n\0a\0\0\0"), property(20, &[7; 20]), serialized(&service)];
    assert_eq!(read(&more.concat()), [service]);
    assert_eq!(read(&store(&both)), both);
}

/// Made with `openssl crl2pkcs7 -nocrl -certfile service.cert.pem -certfile alice.cert.pem`.
#[test]
fn a_pkcs7_collection_is_read() {
    let both = [certificate("service"), certificate("alice")];
    let pem = include_bytes!("collection.p7b");
    assert_eq!(Certificate::collection(pem).unwrap(), both);
    let der = openssl::pkcs7::Pkcs7::from_pem(pem).unwrap().to_der().unwrap();
    assert_eq!(Certificate::collection(&der).unwrap(), both);
}

/// The first certificate counts; one behind it that cannot be read takes nothing away.
#[test]
fn only_the_first_must_be_readable() {
    let (service, alice) = (certificate("service"), certificate("alice"));
    let odd = property(32, b"\x30\x00");
    let behind = [serialized(&service), odd.clone(), serialized(&alice)].concat();
    assert_eq!(Certificate::collection(&behind).unwrap(), [service.clone(), alice]);
    assert!(Certificate::collection(&[odd, serialized(&service)].concat()).is_err());
}

#[test]
fn what_is_none_is_refused() {
    let good = serialized(&certificate("service"));
    let cut = &good[..good.len() - 1];
    let long = [3_u32, 1, u32::MAX].map(u32::to_le_bytes).concat();
    let many: Vec<u8> = property(32, b"x").repeat(65);
    let hash_only = property(3, &[0; 20]);
    let large = vec![0x30; (1 << 20) + 1];
    let other_encoding = [&good[..4], &[2, 0, 0, 0], &good[8..]].concat();
    for bad in [
        &b""[..],
        b"\x30",
        b"text",
        cut,
        &long,
        &many,
        &hash_only,
        &large,
        &other_encoding,
        b"\0\0\0\0CERT",
    ] {
        let refused = Certificate::collection(bad).unwrap_err();
        assert!(matches!(refused, CryptoError::NotACertificate(_)), "{refused}");
    }
}

proptest! {
    /// Any octets are read or refused; those of a good one with some changed, too.
    #[test]
    fn no_octets_do_harm(
        noise in proptest::collection::vec(any::<u8>(), 0..64),
        at in any::<prop::sample::Index>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let _ = Certificate::collection(&noise);
        let mut good = store(&[certificate("service"), certificate("alice")]);
        let start = at.index(good.len());
        for (octet, other) in good[start..].iter_mut().zip(&noise) {
            *octet ^= other;
        }
        good.truncate(cut.index(good.len()));
        if let Ok(found) = Certificate::collection(&good) {
            prop_assert!(!found.is_empty() && found.len() <= 2);
        }
    }
}
