//! A certificate with its private key, from PEM or PKCS#12.

use std::sync::OnceLock;

use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkcs12::Pkcs12;
use openssl::provider::Provider;
use openssl::stack::Stack;
use zeroize::Zeroizing;

use crate::certificate::Certificate;
use crate::error::{CryptoError, failed, reason};
use crate::private_key::PrivateKey;

/// A certificate, its private key, and the certificates that came with them.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The certificate.
    pub certificate: Certificate,
    /// Its private key.
    pub key: PrivateKey,
    /// Other certificates of the file: intermediate and root authorities.
    pub chain: Vec<Certificate>,
}

impl Identity {
    /// From a PEM file that holds certificate and key in any order, or from two files one after the other. Of
    /// several certificates the one that belongs to the key is taken, the rest is the chain.
    ///
    /// # Errors
    ///
    /// One is missing or unreadable, or none belongs to the key.
    pub fn from_pem(pem: &[u8]) -> Result<Self, CryptoError> {
        let certificates = Certificate::from_pem(pem)?;
        if !pem.windows(12).any(|w| w == b"PRIVATE KEY-") {
            return Err(CryptoError::NoPrivateKey);
        }
        Self::of(certificates, PrivateKey::from_pem(pem)?)
    }

    /// From PKCS#12, old encryptions (RC2, Triple DES) included.
    ///
    /// # Errors
    ///
    /// It is none, the password is wrong, or certificate or key is missing.
    pub fn from_pkcs12(der: &[u8], password: &str) -> Result<Self, CryptoError> {
        legacy_algorithms();
        let pkcs12 = |e: openssl::error::ErrorStack| explain(&e);
        let parsed = Pkcs12::from_der(der).map_err(pkcs12)?.parse2(password).map_err(pkcs12)?;
        let key = PrivateKey::from_pkey(parsed.pkey.ok_or(CryptoError::NoPrivateKey)?)?;
        let mut certificates = Vec::new();
        for x509 in parsed.cert.into_iter().chain(parsed.ca.into_iter().flatten()) {
            certificates.push(Certificate::from_x509_of_any_key(x509)?);
        }
        Self::of(certificates, key)
    }

    /// The certificates alone of a PKCS#12 file, the one with a key first.
    ///
    /// # Errors
    ///
    /// It is none, the password is wrong, or it holds no certificate.
    pub fn certificates_of_pkcs12(
        der: &[u8],
        password: &str,
    ) -> Result<Vec<Certificate>, CryptoError> {
        legacy_algorithms();
        let pkcs12 = |e: openssl::error::ErrorStack| explain(&e);
        let parsed = Pkcs12::from_der(der).map_err(pkcs12)?.parse2(password).map_err(pkcs12)?;
        let all = parsed.cert.into_iter().chain(parsed.ca.into_iter().flatten());
        let found = all.map(Certificate::from_x509_of_any_key).collect::<Result<Vec<_>, _>>()?;
        if found.is_empty() { Err(CryptoError::NoCertificate) } else { Ok(found) }
    }

    /// Of a key and certificates, one of which belongs to it.
    ///
    /// # Errors
    ///
    /// There is none, or none belongs to the key.
    pub fn of(mut certificates: Vec<Certificate>, key: PrivateKey) -> Result<Self, CryptoError> {
        let first = certificates.first().ok_or(CryptoError::NoCertificate)?.subject_windows();
        let own = certificates.iter().position(|certificate| key.belongs_to(certificate));
        let certificate = certificates.remove(own.ok_or(CryptoError::Mismatch(first))?);
        Ok(Self { certificate, key, chain: certificates })
    }
}

/// How a PKCS#12 file is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pkcs12Encryption {
    /// AES-256 and SHA-256: Windows 10 of 2018, Windows Server 2019 and later.
    Aes256,
    /// Triple DES and SHA-1: whatever Windows.
    TripleDes,
}

impl Identity {
    /// As PKCS#12, which Windows calls `.pfx`: certificate, key and chain, under a password.
    ///
    /// # Errors
    ///
    /// The library refuses.
    pub fn to_pkcs12(
        &self,
        password: &str,
        encryption: Pkcs12Encryption,
    ) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        const WHAT: &str = "writing PKCS#12";
        let mut chain = Stack::new().map_err(failed(WHAT))?;
        for certificate in &self.chain {
            chain.push(certificate.x509().clone()).map_err(failed(WHAT))?;
        }
        let name = self.certificate.subject().common_name().unwrap_or_default();
        let mut builder = Pkcs12::builder();
        builder.name(name).pkey(self.key.pkey()).cert(self.certificate.x509()).ca(chain);
        match encryption {
            Pkcs12Encryption::Aes256 => {
                builder.key_algorithm(Nid::AES_256_CBC).cert_algorithm(Nid::AES_256_CBC);
                builder.mac_md(MessageDigest::sha256());
            }
            Pkcs12Encryption::TripleDes => {
                let algorithm = Nid::PBE_WITHSHA1AND3_KEY_TRIPLEDES_CBC;
                builder.key_algorithm(algorithm).cert_algorithm(algorithm);
                builder.mac_md(MessageDigest::sha1());
            }
        }
        let file = builder.build2(password).map_err(failed(WHAT))?;
        Ok(Zeroizing::new(file.to_der().map_err(failed(WHAT))?))
    }
}

/// Old PKCS#12 files need the library's provider of old algorithms. It is loaded once and kept; where it is not
/// installed only new files can be read.
fn legacy_algorithms() {
    static LEGACY: OnceLock<Option<Provider>> = OnceLock::new();
    LEGACY.get_or_init(|| Provider::try_load(None, "legacy", true).ok());
}

fn explain(stack: &openssl::error::ErrorStack) -> CryptoError {
    match reason(stack).as_str() {
        "mac verify failure" => CryptoError::Password,
        "unsupported" => CryptoError::Pkcs12(
            "its encryption is not supported by this OpenSSL (an old file needs the legacy provider)"
                .to_owned(),
        ),
        other => CryptoError::Pkcs12(other.to_owned()),
    }
}
