//! Chains that were made to deceive: forged signatures, authorities that are none, wrong usages, weak keys.

#![allow(clippy::disallowed_methods)]

use jiff::Timestamp;
use openssl::asn1::{Asn1Integer, Asn1Object, Asn1OctetString, Asn1Time};
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::extension::{BasicConstraints, ExtendedKeyUsage, KeyUsage};
use openssl::x509::{
    X509, X509Builder, X509CrlBuilder, X509Extension, X509Name, X509NameBuilder, X509NameRef,
};
use waxwing_crypto::{
    Certificate, CertificateValidator, CryptoError, RevocationList, RevocationMode, TrustError,
    Usage, ValidationMode,
};

const NOW: i64 = 1_800_000_000;

/// A certificate with its key.
struct Holder {
    x509: X509,
    key: PKey<Private>,
}

/// What is to be certified.
struct Wish<'a> {
    name: &'a str,
    digest: MessageDigest,
    version: i32,
    extensions: Vec<X509Extension>,
    key: PKey<Private>,
    /// When it ends, from [`NOW`] on.
    seconds: i64,
}

fn rsa(bits: u32) -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap()
}

fn name(common: &str) -> X509Name {
    let mut builder = X509NameBuilder::new().unwrap();
    builder.append_entry_by_text("CN", common).unwrap();
    builder.build()
}

fn authority(path_length: Option<u32>) -> X509Extension {
    let mut constraints = BasicConstraints::new();
    constraints.critical().ca();
    if let Some(length) = path_length {
        constraints.pathlen(length);
    }
    constraints.build().unwrap()
}

fn signs_certificates() -> X509Extension {
    KeyUsage::new().critical().key_cert_sign().crl_sign().build().unwrap()
}

impl<'a> Wish<'a> {
    fn new(name: &'a str) -> Self {
        let key = rsa(2048);
        let (digest, extensions) = (MessageDigest::sha256(), Vec::new());
        Self { name, digest, version: 2, extensions, key, seconds: 86_400 }
    }

    fn authority(name: &'a str) -> Self {
        Self { extensions: vec![authority(None), signs_certificates()], ..Self::new(name) }
    }

    fn with(mut self, extension: X509Extension) -> Self {
        self.extensions.push(extension);
        self
    }

    fn by(self, issuer: &Holder) -> Holder {
        self.sign(issuer.x509.subject_name(), Some(&issuer.key))
    }

    fn by_itself(self) -> Holder {
        let own = name(self.name);
        self.sign(&own, None)
    }

    fn sign(self, issuer: &X509NameRef, key: Option<&PKey<Private>>) -> Holder {
        let mut builder = X509Builder::new().unwrap();
        builder.set_version(self.version).unwrap();
        let serial = self.name.bytes().map(u32::from).sum();
        let serial = Asn1Integer::from_bn(&BigNum::from_u32(serial).unwrap()).unwrap();
        builder.set_serial_number(&serial).unwrap();
        builder.set_subject_name(&name(self.name)).unwrap();
        builder.set_issuer_name(issuer).unwrap();
        builder.set_not_before(&Asn1Time::from_unix(NOW - 86_400).unwrap()).unwrap();
        builder.set_not_after(&Asn1Time::from_unix(NOW + self.seconds).unwrap()).unwrap();
        builder.set_pubkey(&self.key).unwrap();
        for extension in self.extensions {
            builder.append_extension(extension).unwrap();
        }
        builder.sign(key.unwrap_or(&self.key), self.digest).unwrap();
        Holder { x509: builder.build(), key: self.key }
    }
}

impl Holder {
    fn certificate(&self) -> Certificate {
        Certificate::from_der(&self.x509.to_der().unwrap()).unwrap()
    }
}

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

fn validator(root: &Holder, usage: Usage) -> CertificateValidator {
    CertificateValidator::new(ValidationMode::ChainTrust, RevocationMode::NoCheck, usage)
        .with_roots([root.certificate()])
}

fn check(root: &Holder, leaf: &Holder, chain: &[&Holder]) -> Result<(), TrustError> {
    let chain: Vec<_> = chain.iter().map(|holder| holder.certificate()).collect();
    validator(root, Usage::Client).validate(&leaf.certificate(), &chain, now())
}

#[track_caller]
fn is_weak(result: Result<(), TrustError>, certificate: &str, reason: &str) {
    match result {
        Err(TrustError::Weak { weak, reason: found, .. }) => {
            assert_eq!(weak, format!("CN={certificate}"));
            assert!(found.contains(reason), "{found}");
        }
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn is_broken(result: Result<(), TrustError>, reason: &str) {
    match result {
        Err(TrustError::Chain { reason: found, .. }) => assert!(found.contains(reason), "{found}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn signatures_that_can_be_forged_prove_nothing() {
    let root = Wish::authority("root").by_itself();
    let md5 = |wish: Wish<'static>| Wish { digest: MessageDigest::md5(), ..wish };
    let alice = md5(Wish::new("alice")).by(&root);
    is_weak(check(&root, &alice, &[]), "alice", "md5WithRSAEncryption");
    // The forged one is the authority between: what it issues by SHA-256 is as worthless.
    let between = md5(Wish::authority("between")).by(&root);
    let alice = Wish::new("alice").by(&between);
    is_weak(check(&root, &alice, &[&between]), "between", "md5WithRSAEncryption");
    // .NET Framework takes SHA-1, and what a root says of itself does not matter.
    for digest in [MessageDigest::sha1(), MessageDigest::sha384(), MessageDigest::sha512()] {
        let old_root = md5(Wish::authority("root")).by_itself();
        let alice = Wish { digest, ..Wish::new("alice") }.by(&old_root);
        check(&old_root, &alice, &[]).unwrap();
    }
    // A peer is trusted by name: nobody's signature counts.
    let alice = md5(Wish::new("alice")).by(&root).certificate();
    CertificateValidator::new(ValidationMode::PeerTrust, RevocationMode::NoCheck, Usage::Client)
        .with_trusted_people([&alice])
        .validate(&alice, &[], now())
        .unwrap();
}

#[test]
fn only_authorities_issue() {
    let root = Wish::authority("root").by_itself();
    let leaf = Wish::new("mallory").by(&root);
    is_broken(check(&root, &Wish::new("alice").by(&leaf), &[&leaf]), "invalid CA certificate");
    // A key usage alone makes nobody an authority.
    let usage = Wish::new("mallory").with(signs_certificates()).by(&root);
    is_broken(check(&root, &Wish::new("alice").by(&usage), &[&usage]), "invalid CA certificate");
    // Nor does a constraint without the key usage.
    let signing = KeyUsage::new().critical().digital_signature().build().unwrap();
    let no_usage = Wish::new("between").with(authority(None)).with(signing).by(&root);
    assert!(check(&root, &Wish::new("alice").by(&no_usage), &[&no_usage]).is_err());
    // Certificates of version 1 say nothing of themselves.
    let old = Wish { version: 0, ..Wish::new("mallory") }.by(&root);
    assert!(check(&root, &Wish::new("alice").by(&old), &[&old]).is_err());
    // A trusted certificate that is no authority's is trusted for itself alone.
    let pinned = Wish::new("pinned").by(&root);
    check(&pinned, &pinned, &[]).unwrap();
    assert!(check(&pinned, &Wish::new("alice").by(&pinned), &[]).is_err());
}

#[test]
fn paths_are_not_longer_than_their_authorities_allow() {
    let short = Wish::new("root").with(authority(Some(0))).with(signs_certificates()).by_itself();
    let between = Wish::authority("between").by(&short);
    let alice = Wish::new("alice").by(&between);
    is_broken(check(&short, &alice, &[&between]), "path length constraint exceeded");
    check(&short, &Wish::new("bob").by(&short), &[]).unwrap();
    let one = Wish::new("root").with(authority(Some(1))).with(signs_certificates()).by_itself();
    let between = Wish::authority("between").by(&one);
    check(&one, &Wish::new("alice").by(&between), &[&between]).unwrap();
}

#[test]
fn usages_are_held_to() {
    let root = Wish::authority("root").by_itself();
    let extended = |client: bool| {
        let mut usage = ExtendedKeyUsage::new();
        if client {
            usage.client_auth()
        } else {
            usage.server_auth()
        };
        usage.build().unwrap()
    };
    for (is_client, usage) in [(true, Usage::Client), (false, Usage::Service)] {
        let other = if is_client { Usage::Service } else { Usage::Client };
        let leaf = Wish::new("alice").with(extended(is_client)).by(&root).certificate();
        validator(&root, usage).validate(&leaf, &[], now()).unwrap();
        is_broken(validator(&root, other).validate(&leaf, &[], now()), "purpose");
    }
    let signs = KeyUsage::new().critical().crl_sign().build().unwrap();
    let leaf = Wish::new("alice").with(signs).by(&root);
    is_broken(check(&root, &leaf, &[]), "purpose");
    // An extension that nobody here knows, and that must be known.
    let value = || Asn1OctetString::new_from_bytes(&[5, 0]).unwrap();
    let object = Asn1Object::from_str("1.3.6.1.4.1.99999.1").unwrap();
    let unknown = |critical| X509Extension::new_from_der(&object, critical, &value()).unwrap();
    is_broken(check(&root, &Wish::new("alice").with(unknown(true)).by(&root), &[]), "critical");
    check(&root, &Wish::new("alice").with(unknown(false)).by(&root), &[]).unwrap();
}

#[test]
fn keys_that_can_be_broken_are_refused() {
    let root = Wish::authority("root").by_itself();
    let weak = |bits| Wish { key: rsa(bits), ..Wish::authority("weak") };
    // Neither of a leaf nor of an authority, nor as a root.
    for holder in [Wish { key: rsa(512), ..Wish::new("alice") }.by(&root), weak(768).by(&root)] {
        let error = Certificate::from_der(&holder.x509.to_der().unwrap()).unwrap_err();
        assert!(matches!(error, CryptoError::KeySize(_)), "{error}");
    }
    let between = weak(1024).by(&root);
    check(&root, &Wish::new("alice").by(&between), &[&between]).unwrap();
    // The exponent 1 is everybody's private key.
    let good = Rsa::generate(2048).unwrap();
    let numbers = (good.n().to_owned().unwrap(), BigNum::from_u32(1).unwrap());
    let one = PKey::from_rsa(Rsa::from_public_components(numbers.0, numbers.1).unwrap()).unwrap();
    let mut builder = X509Builder::new().unwrap();
    builder.set_subject_name(&name("alice")).unwrap();
    builder.set_issuer_name(root.x509.subject_name()).unwrap();
    builder.set_not_before(&Asn1Time::from_unix(NOW).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::from_unix(NOW + 60).unwrap()).unwrap();
    builder.set_pubkey(&one).unwrap();
    builder.sign(&root.key, MessageDigest::sha256()).unwrap();
    let open = builder.build().to_der().unwrap();
    let error = Certificate::from_der(&open).unwrap_err();
    assert!(matches!(error, CryptoError::Exponent), "{error}");
    // Nor for TLS, where a key need not be RSA.
    let open = Certificate::of_any_key(&open).unwrap();
    let result = validator(&root, Usage::Client).validate(&open, &[], now());
    is_weak(result, "alice", "exponent");
    // Keys of curves are of no use for the algorithm suites.
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let curve = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let leaf = Wish { key: curve, ..Wish::new("alice") }.by(&root);
    let leaf = leaf.x509.to_der().unwrap();
    // Though TLS has read it before, and remembers it.
    for _ in 0..2 {
        let error = Certificate::from_der(&leaf).unwrap_err();
        assert!(matches!(error, CryptoError::NotRsa), "{error}");
        Certificate::of_any_key(&leaf).unwrap();
    }
}

#[test]
fn a_forged_revocation_list_revokes_nothing_and_clears_nobody() {
    let root = Wish::authority("root").by_itself();
    let alice = Wish::new("alice").by(&root).certificate();
    for (digest, known) in [(MessageDigest::sha256(), true), (MessageDigest::md5(), false)] {
        let mut list = X509CrlBuilder::new().unwrap();
        list.set_issuer_name(root.x509.subject_name()).unwrap();
        list.set_last_update(&Asn1Time::from_unix(NOW - 60).unwrap()).unwrap();
        list.set_next_update(&Asn1Time::from_unix(NOW + 60).unwrap()).unwrap();
        // The authority's key identifier and the number of the list, which every list has.
        let extensions: [(&str, &[u8]); 2] =
            [("2.5.29.35", &[0x30, 0x06, 0x80, 0x04, 1, 2, 3, 4]), ("2.5.29.20", &[2, 1, 1])];
        for (object, value) in extensions {
            let object = Asn1Object::from_str(object).unwrap();
            let value = Asn1OctetString::new_from_bytes(value).unwrap();
            let extension = X509Extension::new_from_der(&object, false, &value).unwrap();
            list.append_extension(extension).unwrap();
        }
        list.sign(&root.key, digest).unwrap();
        let list = list.build().unwrap().to_der().unwrap();
        let (mode, revocation) = (ValidationMode::ChainTrust, RevocationMode::Offline);
        let result = CertificateValidator::new(mode, revocation, Usage::Client)
            .with_roots([root.certificate()])
            .with_revocation_lists([RevocationList::from_octets(&list).unwrap()])
            .validate(&alice, &[], now());
        match known {
            true => result.unwrap(),
            false => {
                assert!(matches!(result, Err(TrustError::RevocationUnknown { .. })), "{result:?}")
            }
        }
    }
}

#[test]
fn what_was_trusted_once_is_not_trusted_for_ever() {
    let root = Wish::authority("root").by_itself();
    let between = Wish { seconds: 3_600, ..Wish::authority("between") }.by(&root);
    let alice = Wish::new("alice").by(&between);
    let chain = [between.certificate()];
    let (leaf, later) = (alice.certificate(), Timestamp::from_second(NOW + 3_600).unwrap());
    let validator = validator(&root, Usage::Client);
    for _ in 0..3 {
        validator.validate(&leaf, &chain, now()).unwrap();
    }
    // Its issuer's certificate expires before its own.
    is_broken(validator.validate(&leaf, &chain, later), "expired");
    let last = Timestamp::from_second(NOW + 3_599).unwrap();
    validator.validate(&leaf, &chain, last).unwrap();
    let early = Timestamp::from_second(NOW - 86_401).unwrap();
    let result = validator.validate(&leaf, &chain, early);
    assert!(matches!(result, Err(TrustError::Time { .. })), "{result:?}");
    // The same certificate without what it was trusted with, and with another of that name.
    is_broken(validator.validate(&leaf, &[], now()), "issuer");
    let other = Wish::authority("between").by(&root);
    assert!(validator.validate(&leaf, &[other.certificate()], now()).is_err());
    // Another one's, with the name, the number and the times of hers.
    let forged = Wish::new("alice").by(&Wish::authority("between").by_itself());
    assert!(validator.validate(&forged.certificate(), &chain, now()).is_err());
    // What somebody is trusted with is nobody else's.
    let strict = CertificateValidator::new(
        ValidationMode::ChainTrust,
        RevocationMode::NoCheck,
        Usage::Client,
    );
    assert!(strict.validate(&leaf, &chain, now()).is_err());
    strict.with_roots([root.certificate()]).validate(&leaf, &chain, now()).unwrap();
}

#[test]
fn what_was_trusted_once_is_asked_about_each_time() {
    let root = Wish::authority("root").by_itself();
    let alice = Wish::new("alice").by(&root).certificate();
    let mode = ValidationMode::ChainTrust;
    let validator = CertificateValidator::new(mode, RevocationMode::Online, Usage::Client)
        .with_roots([root.certificate()]);
    for _ in 0..3 {
        let questions = validator.validate_path(&alice, &[], now()).unwrap();
        let asked: Vec<_> = questions.iter().map(|q| q.subject()).collect();
        assert_eq!(asked, ["CN=alice"]);
        let result = validator.validate(&alice, &[], now());
        assert!(matches!(result, Err(TrustError::RevocationUnknown { .. })), "{result:?}");
    }
    // What is put into its stores later counts.
    let validator = validator.with_disallowed([&alice]);
    let result = validator.validate(&alice, &[], now());
    assert!(matches!(result, Err(TrustError::Disallowed { .. })), "{result:?}");
}

/// Reading certificates is remembered: what was read, and nothing that could not be.
#[test]
fn what_is_read_again_is_what_it_was() {
    let root = Wish::authority("root").by_itself();
    let mut all = Vec::new();
    // More than are remembered, so that the first ones are read anew.
    let key = rsa(1024);
    for number in 0..300 {
        let (digest, extensions) = (MessageDigest::sha256(), Vec::new());
        let (key, seconds) = (key.clone(), 86_400 + number);
        let wish = Wish { name: "many", digest, version: 2, extensions, key, seconds };
        all.push(wish.by(&root).x509.to_der().unwrap());
    }
    for _ in 0..2 {
        for der in all.iter().chain(&all) {
            assert_eq!(Certificate::from_der(der).unwrap().der(), &der[..]);
        }
    }
    // Octets that are nearly those of one that was read are others, each time.
    let good = &all[299];
    let certificate = Certificate::from_der(good).unwrap();
    for place in [20, good.len() / 2, good.len() - 1] {
        let mut other = good.clone();
        other[place] ^= 1;
        for _ in 0..2 {
            if let Ok(read) = Certificate::from_der(&other) {
                assert!(read != certificate && read.der() == &other[..]);
                assert!(validator(&root, Usage::Client).validate(&read, &[], now()).is_err());
            }
        }
    }
    let weak = Wish { key: rsa(512), ..Wish::new("weak") }.by(&root).x509.to_der().unwrap();
    for _ in 0..2 {
        let error = Certificate::from_der(&weak).unwrap_err();
        assert!(matches!(error, CryptoError::KeySize(_)), "{error}");
        assert!(Certificate::from_der(&good[..good.len() - 1]).is_err());
        assert!(Certificate::from_der(b"").is_err());
    }
}
