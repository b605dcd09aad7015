//! The test PKI of the repository: certificates, keys, trust, TLS.

#![allow(clippy::disallowed_methods)]

use std::path::PathBuf;

use jiff::Timestamp;
use waxwing_crypto::tls::{TlsConfig, TlsRole, TlsVersion};
use waxwing_crypto::{
    Certificate, CertificateValidator, CryptoError, DigestAlgorithm, Identity, KeyTransport,
    PrivateKey, RevocationMode, TrustError, Usage, ValidationMode,
};

fn file(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata/pki").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn certificate(name: &str) -> Certificate {
    Certificate::from_pem(&file(&format!("{name}.cert.pem"))).unwrap().remove(0)
}

fn key(name: &str) -> PrivateKey {
    PrivateKey::from_pem(&file(&format!("{name}.key.pem"))).unwrap()
}

fn identity(name: &str) -> Identity {
    Identity::of(vec![certificate(name)], key(name)).unwrap()
}

fn now() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

#[test]
fn a_certificate_says_what_windows_shows() {
    let alice = certificate("alice");
    assert_eq!(alice.subject_windows(), "CN=alice");
    assert_eq!(alice.issuer().to_string(), "CN=Test Root CA");
    assert_eq!(alice.dns_names(), ["alice"]);
    assert_eq!(certificate("service").dns_names(), ["localhost"]);
    assert_eq!(alice.identity_name(), format!("CN=alice; {}", alice.thumbprint_hex()));
    assert_eq!(alice.subject_key_identifier().unwrap().len(), 20);
    assert!(alice.is_issuer_and_serial("CN=Test Root CA", alice.serial_number()));
    assert!(!alice.is_issuer_and_serial("CN=Rogue Root CA", alice.serial_number()));
    assert!(!alice.is_issuer_and_serial("CN=Test Root CA", "1"));
    assert!(alice.not_before() < now() && now() < alice.not_after());
    assert_eq!(Certificate::from_der(alice.der()).unwrap(), alice);
}

#[test]
fn what_is_no_certificate_or_key_is_refused_in_words() {
    assert!(matches!(Certificate::from_der(b"abc"), Err(CryptoError::NotACertificate(_))));
    assert!(matches!(Certificate::from_pem(b""), Err(CryptoError::NoCertificate)));
    assert!(matches!(PrivateKey::from_pem(b"abc"), Err(CryptoError::NotAPrivateKey(_))));
    assert!(matches!(Identity::from_pem(&file("alice.cert.pem")), Err(CryptoError::NoPrivateKey)));
    let mixed = Identity::of(vec![certificate("alice")], key("bob")).unwrap_err();
    assert_eq!(mixed.to_string(), "the private key does not belong to the certificate 'CN=alice'");
}

#[test]
fn pkcs12_of_the_old_kind_is_read() {
    let alice = Identity::from_pkcs12(&file("alice.p12"), "changeit").unwrap();
    assert_eq!(alice.certificate, certificate("alice"));
    assert_eq!(alice.chain, [certificate("ca")]);
    let wrong = Identity::from_pkcs12(&file("alice.p12"), "wrong").unwrap_err();
    assert_eq!(wrong.to_string(), "the PKCS#12 file cannot be opened: the password is wrong");
}

#[test]
fn signatures_and_transported_keys() {
    let (alice, key) = (certificate("alice"), key("alice"));
    for digest in [DigestAlgorithm::Sha1, DigestAlgorithm::Sha256] {
        let signature = key.sign(digest, b"text").unwrap();
        assert!(alice.verify(digest, b"text", &signature));
        assert!(!alice.verify(digest, b"texT", &signature));
        assert!(!certificate("bob").verify(digest, b"text", &signature));
    }
    for transport in [KeyTransport::RsaOaep, KeyTransport::Rsa15] {
        let mut encrypted = alice.encrypt_key(transport, &[7; 32]).unwrap();
        assert_eq!(key.decrypt_key(transport, &encrypted, 32).as_slice(), [7; 32]);
        encrypted[9] ^= 1;
        let substitute = key.decrypt_key(transport, &encrypted, 32);
        assert_eq!(substitute.len(), 32);
        assert_ne!(substitute.as_slice(), [7; 32]);
        assert_eq!(substitute, key.decrypt_key(transport, &encrypted, 32), "the same each time");
        assert_eq!(key.decrypt_key(transport, &[], 32).len(), 32);
    }
    assert_eq!(format!("{key:?}"), "PrivateKey(2048 bits)");
}

fn validator(mode: ValidationMode, revocation: RevocationMode) -> CertificateValidator {
    CertificateValidator::new(mode, revocation, Usage::Client).with_roots([certificate("ca")])
}

#[test]
fn chain_trust() {
    let chain = validator(ValidationMode::ChainTrust, RevocationMode::NoCheck);
    chain.validate(&certificate("alice"), &[], now()).unwrap();
    let unknown = chain.validate(&certificate("mallory"), &[], now()).unwrap_err();
    assert!(
        matches!(&unknown, TrustError::Chain { issuer, .. } if issuer == "CN=Rogue Root CA"),
        "{unknown}"
    );
    let brought = chain.validate(&certificate("mallory"), &[certificate("rogue-ca")], now());
    assert!(
        matches!(brought, Err(TrustError::Chain { .. })),
        "a root that the peer brings is no trusted root"
    );
    let expired = chain.validate(&certificate("expired"), &[], now()).unwrap_err();
    assert!(expired.to_string().contains("it has expired"), "{expired}");
    let early = chain.validate(&certificate("alice"), &[], "2001-01-01T00:00:00Z".parse().unwrap());
    assert!(early.unwrap_err().to_string().contains("not valid yet"));
}

#[test]
fn revocation_is_unknown_without_a_list() {
    let chain = validator(ValidationMode::ChainTrust, RevocationMode::Online);
    let unknown = chain.validate(&certificate("alice"), &[], now()).unwrap_err();
    assert!(matches!(unknown, TrustError::RevocationUnknown { .. }), "{unknown}");
}

#[test]
fn peer_trust_and_both() {
    let alice = certificate("alice");
    let peer = validator(ValidationMode::PeerTrust, RevocationMode::NoCheck);
    assert!(matches!(peer.validate(&alice, &[], now()), Err(TrustError::NotAPeer { .. })));
    let (expired, mallory) = (certificate("expired"), certificate("mallory"));
    let peer = peer.with_trusted_people([&alice, &expired]);
    peer.validate(&alice, &[], now()).unwrap();
    assert!(matches!(peer.validate(&expired, &[], now()), Err(TrustError::Time { .. })));
    let both = validator(ValidationMode::PeerOrChainTrust, RevocationMode::NoCheck)
        .with_trusted_people([&mallory]);
    both.validate(&alice, &[], now()).unwrap();
    both.validate(&mallory, &[], now()).unwrap();
    let both = both.with_disallowed([&mallory]);
    assert!(matches!(both.validate(&mallory, &[], now()), Err(TrustError::Disallowed { .. })));
    validator(ValidationMode::None, RevocationMode::Online).validate(&expired, &[], now()).unwrap();
}

/// Both ends until both are complete; gives the number of flights.
fn shake(
    client: &mut waxwing_crypto::tls::TlsSession,
    server: &mut waxwing_crypto::tls::TlsSession,
) -> Vec<usize> {
    let mut flights = Vec::new();
    let mut records = client.advance(&[]).unwrap();
    while !records.is_empty() {
        flights.push(records.len());
        records = server.advance(&records).unwrap();
        if records.is_empty() {
            break;
        }
        flights.push(records.len());
        records = client.advance(&records).unwrap();
    }
    assert!(client.is_complete() && server.is_complete());
    flights
}

#[test]
fn tls_over_memory_in_four_flights_and_one_record_for_the_key() {
    for version in [TlsVersion::Tls12, TlsVersion::Tls10] {
        let server = TlsRole::Server { request_certificate: true };
        let server = TlsConfig::new(server, Some(&identity("service")), version).unwrap();
        let client = TlsConfig::new(TlsRole::Client, Some(&identity("alice")), version).unwrap();
        let (mut client, mut server) = (client.session().unwrap(), server.session().unwrap());
        assert!(matches!(client.wrap(b"early"), Err(waxwing_crypto::tls::TlsError::NotComplete)));
        assert_eq!(shake(&mut client, &mut server).len(), 4);
        assert_eq!(client.peer_certificates().unwrap(), [certificate("service")]);
        assert_eq!(server.peer_certificates().unwrap(), [certificate("alice")]);
        assert_eq!(server.server_name(), None);
        let record = server.wrap(&[5; 32]).unwrap();
        assert_eq!(record[0], 23);
        assert_eq!(
            usize::from(u16::from_be_bytes([record[3], record[4]])),
            record.len() - 5,
            "one record"
        );
        let mut altered = record.clone();
        *altered.last_mut().unwrap() ^= 1;
        assert_eq!(*client.unwrap(&record).unwrap(), [5; 32]);
        assert!(client.unwrap(&altered).is_err());
    }
}

#[test]
fn tls_without_client_certificate_and_with_garbage() {
    let server = TlsRole::Server { request_certificate: false };
    let server = TlsConfig::new(server, Some(&identity("service")), TlsVersion::Tls12).unwrap();
    let client = TlsConfig::new(TlsRole::Client, None, TlsVersion::Tls12).unwrap();
    let (mut first, mut second) = (client.session().unwrap(), server.session().unwrap());
    shake(&mut first, &mut second);
    assert_eq!(second.peer_certificates().unwrap(), []);
    let garbage = server.session().unwrap().advance(b"GET / HTTP/1.1\r\n\r\n").unwrap_err();
    assert!(garbage.to_string().starts_with("the TLS handshake failed: "), "{garbage}");
    let none = TlsRole::Server { request_certificate: false };
    assert!(matches!(
        TlsConfig::new(none, None, TlsVersion::Tls12),
        Err(CryptoError::NoCertificate)
    ));
}
