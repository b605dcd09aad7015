//! X.509 certificates and how messages refer to them (X.509 Token Profile 1.1).

use std::fmt::{self, Write as _};
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::bn::BigNum;
use openssl::pkey::{PKey, Public};
use openssl::pkey_ctx::PkeyCtx;
use openssl::rsa::{Padding, Rsa};
use openssl::x509::{X509, X509Ref};

use crate::digest::{Digest, DigestAlgorithm, sha1};
use crate::distinguished_name::DistinguishedName;
use crate::error::{CryptoError, answered, failed, reason};
use crate::known::Known;
use crate::operation::Operation;
use crate::rsa::{check_size, message_digest};
use crate::suite::KeyTransport;

/// Certificates that messages and handshakes brought. Whoever opens many sessions shows the same one each time, and to read it
/// takes OpenSSL half as long as to sign with its key. Each takes some kilobytes; a stranger who shows as many as are kept makes
/// the next ones slow again, and nothing else.
static READ: Known<Certificate> = Known::new(256);

/// A certificate. Cheap to clone; equal when the DER octets are.
///
/// Its key is RSA, as message security needs it, unless it is one for TLS ([`Certificate::of_any_key`]): of another key
/// nothing is encrypted for it, and no signature of a message holds.
#[derive(Clone)]
pub struct Certificate(Arc<Inner>);

struct Inner {
    x509: X509,
    der: Vec<u8>,
    thumbprint: [u8; 20],
    subject_key_identifier: Option<Vec<u8>>,
    key: PKey<Public>,
    /// Whether message security can use the key, once somebody has asked.
    is_rsa: OnceLock<Result<(), CryptoError>>,
    /// The key in DER, once somebody has asked: OpenSSL takes half as long for it as for a signature.
    public_key_der: OnceLock<Vec<u8>>,
    subject: DistinguishedName,
    issuer: DistinguishedName,
    serial: String,
    not_before: Timestamp,
    not_after: Timestamp,
    /// What the holder is called as a caller, once somebody has asked: with every call.
    identity_name: OnceLock<String>,
    /// As which DNS names it may be expected, once somebody has asked: with every opening.
    dns_names: OnceLock<Vec<String>>,
    operations: Operations,
}

/// What is done with the key, set up when it is done first.
#[derive(Default)]
struct Operations {
    verify_sha1: Operation<Public>,
    verify_sha256: Operation<Public>,
    encrypt_oaep: Operation<Public>,
    encrypt_rsa15: Operation<Public>,
}

impl Certificate {
    /// A certificate of its DER octets.
    ///
    /// # Errors
    ///
    /// It is none, or its key is not RSA of 1024 to 4096 bits.
    pub fn from_der(der: &[u8]) -> Result<Self, CryptoError> {
        Self::of_any_key(der)?.with_rsa()
    }

    /// All certificates of a PEM file, in its order, whatever their keys.
    ///
    /// # Errors
    ///
    /// There is none, or one is none.
    pub fn from_pem(pem: &[u8]) -> Result<Vec<Self>, CryptoError> {
        let found =
            X509::stack_from_pem(pem).map_err(|e| CryptoError::NotACertificate(reason(&e)))?;
        if found.is_empty() {
            return Err(CryptoError::NoCertificate);
        }
        found.into_iter().map(Self::from_x509_of_any_key).collect()
    }

    /// A certificate of its DER octets, whatever its key: for TLS, which knows elliptic curves too. Authorities are this
    /// kind as well.
    ///
    /// # Errors
    ///
    /// It is none, or its key is of a kind that the library does not know.
    pub fn of_any_key(der: &[u8]) -> Result<Self, CryptoError> {
        READ.read(der, || {
            let x509 = X509::from_der(der).map_err(|e| CryptoError::NotACertificate(reason(&e)))?;
            Self::from_x509_of_any_key(x509)
        })
    }

    /// Whether message security can use it.
    ///
    /// # Errors
    ///
    /// Its key is not RSA of 1024 to 4096 bits.
    pub fn require_rsa(&self) -> Result<(), CryptoError> {
        self.0.is_rsa.get_or_init(|| check_size(self.public_key())).clone()
    }

    fn with_rsa(self) -> Result<Self, CryptoError> {
        self.require_rsa()?;
        Ok(self)
    }

    /// One that a peer shows in a handshake, for message security.
    pub(crate) fn shown(x509: &X509Ref) -> Result<Self, CryptoError> {
        Self::shown_of_any_key(x509)?.with_rsa()
    }

    /// One that a peer shows in a handshake, whatever its key.
    pub(crate) fn shown_of_any_key(x509: &X509Ref) -> Result<Self, CryptoError> {
        let der = x509.to_der().map_err(|e| CryptoError::NotACertificate(reason(&e)))?;
        READ.read(&der, || Self::from_x509_of_any_key(x509.to_owned()))
    }

    pub(crate) fn from_x509_of_any_key(x509: X509) -> Result<Self, CryptoError> {
        let not = |e: openssl::error::ErrorStack| CryptoError::NotACertificate(reason(&e));
        let der = x509.to_der().map_err(not)?;
        let key = x509.public_key().map_err(not)?;
        let serial = x509.serial_number().to_bn().map_err(not)?;
        let serial = serial.to_dec_str().map_err(not)?.to_string();
        let inner = Inner {
            thumbprint: sha1(&der),
            subject_key_identifier: answered(x509.subject_key_id())
                .map(|id| id.as_slice().to_vec()),
            is_rsa: OnceLock::new(),
            public_key_der: OnceLock::new(),
            subject: DistinguishedName::of(x509.subject_name()),
            issuer: DistinguishedName::of(x509.issuer_name()),
            serial,
            not_before: timestamp(x509.not_before()),
            not_after: timestamp(x509.not_after()),
            identity_name: OnceLock::new(),
            dns_names: OnceLock::new(),
            operations: Operations::default(),
            der,
            key,
            x509,
        };
        Ok(Self(Arc::new(inner)))
    }

    /// The DER octets.
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// The certificate as PEM.
    pub fn to_pem(&self) -> Vec<u8> {
        self.0.x509.to_pem().unwrap_or_default()
    }

    /// SHA-1 of the DER octets.
    pub fn thumbprint(&self) -> [u8; 20] {
        self.0.thumbprint
    }

    /// The thumbprint in upper-case hexadecimal digits, as Windows shows it.
    pub fn thumbprint_hex(&self) -> String {
        let mut hex = String::with_capacity(2 * self.0.thumbprint.len());
        self.push_thumbprint(&mut hex);
        hex
    }

    fn push_thumbprint(&self, out: &mut String) {
        let digit = |value: u8| char::from(b"0123456789ABCDEF"[usize::from(value & 15)]);
        for octet in self.0.thumbprint {
            out.extend([digit(octet >> 4), digit(octet)]);
        }
    }

    /// The value of the subject key identifier extension (RFC 5280 §4.2.1.2).
    pub fn subject_key_identifier(&self) -> Option<&[u8]> {
        self.0.subject_key_identifier.as_deref()
    }

    /// The subject.
    pub fn subject(&self) -> &DistinguishedName {
        &self.0.subject
    }

    /// The subject in the form of Windows.
    pub fn subject_windows(&self) -> String {
        self.0.subject.to_string()
    }

    /// The issuer.
    pub fn issuer(&self) -> &DistinguishedName {
        &self.0.issuer
    }

    /// The serial number in decimal digits.
    pub fn serial_number(&self) -> &str {
        &self.0.serial
    }

    /// Whether issuer (in the form of Windows or RFC 4514) and serial number (decimal) are this certificate's.
    pub fn is_issuer_and_serial(&self, issuer: &str, serial: &str) -> bool {
        serial.trim() == self.0.serial
            && (issuer.trim() == self.0.issuer.to_string()
                || DistinguishedName::parse(issuer).as_ref() == Some(&self.0.issuer))
    }

    /// The names that a DNS identity is compared with: every DNS name among the subject's alternative names, and
    /// the common name when there is none.
    pub fn dns_names(&self) -> Vec<String> {
        self.0.dns_names.get_or_init(|| self.read_dns_names()).clone()
    }

    fn read_dns_names(&self) -> Vec<String> {
        let names = answered(self.0.x509.subject_alt_names());
        let mut found: Vec<String> = Vec::new();
        for name in names.iter().flatten() {
            found.extend(name.dnsname().map(str::to_owned));
        }
        if found.is_empty() {
            found.extend(self.0.subject.common_name().map(str::to_owned));
        }
        found
    }

    /// The e-mail address among the alternative names or in the subject.
    pub fn email(&self) -> Option<String> {
        let names = answered(self.0.x509.subject_alt_names());
        let found = names.iter().flatten().find_map(|name| name.email().map(str::to_owned));
        found.or_else(|| self.0.subject.value("1.2.840.113549.1.9.1").map(str::to_owned))
    }

    /// The name of a caller who showed this certificate, as WCF's `X509Identity` has it: the subject, or another
    /// name when there is none, then `; ` and the thumbprint.
    pub fn identity_name(&self) -> String {
        self.0.identity_name.get_or_init(|| self.write_identity_name()).clone()
    }

    fn write_identity_name(&self) -> String {
        let mut name = String::new();
        // Memory takes whatever is written.
        let _ = write!(name, "{}", self.0.subject);
        if name.is_empty() {
            let other = self.dns_names().into_iter().next().or_else(|| self.email());
            name.extend(other);
        }
        name.push_str("; ");
        self.push_thumbprint(&mut name);
        name
    }

    /// The SubjectPublicKeyInfo in DER (RFC 5280 §4.1.2.7); empty, which no key is, where the library cannot write the key.
    pub fn public_key_der(&self) -> &[u8] {
        let write = || self.0.key.public_key_to_der().unwrap_or_default();
        self.0.public_key_der.get_or_init(write)
    }

    /// When it begins to be valid.
    pub fn not_before(&self) -> Timestamp {
        self.0.not_before
    }

    /// The last moment at which it is valid.
    pub fn not_after(&self) -> Timestamp {
        self.0.not_after
    }

    /// Whether a signature (RSASSA-PKCS1-v1_5) over `octets` was made by this certificate's key.
    pub fn verify(&self, digest: DigestAlgorithm, octets: &[u8], signature: &[u8]) -> bool {
        let mut hash = Digest::new(digest);
        hash.update(octets);
        let hash = hash.finish();
        let operation = match digest {
            DigestAlgorithm::Sha1 => &self.0.operations.verify_sha1,
            DigestAlgorithm::Sha256 => &self.0.operations.verify_sha256,
        };
        let set_up = || {
            let mut context = PkeyCtx::new(&self.0.key)?;
            context.verify_init()?;
            context.set_rsa_padding(Padding::PKCS1)?;
            context.set_signature_md(message_digest(digest))?;
            Ok(context)
        };
        operation.run(set_up, |context| context.verify(&hash, signature)).unwrap_or(false)
    }

    /// Encrypts a key for this certificate.
    ///
    /// # Errors
    ///
    /// The key is longer than the RSA key allows.
    pub fn encrypt_key(&self, transport: KeyTransport, key: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let what = "encryption of a key for a certificate";
        let (operation, padding) = match transport {
            KeyTransport::RsaOaep => (&self.0.operations.encrypt_oaep, Padding::PKCS1_OAEP),
            KeyTransport::Rsa15 => (&self.0.operations.encrypt_rsa15, Padding::PKCS1),
        };
        let set_up = || {
            let mut context = PkeyCtx::new(&self.0.key)?;
            context.encrypt_init()?;
            context.set_rsa_padding(padding)?;
            Ok(context)
        };
        let mut out = vec![0; self.0.key.size()];
        let encrypted = operation.run(set_up, |context| context.encrypt(key, Some(&mut out)));
        out.truncate(encrypted.map_err(failed(what))?);
        Ok(out)
    }

    /// The library's own object.
    pub(crate) fn x509(&self) -> &X509 {
        &self.0.x509
    }

    pub(crate) fn public_key(&self) -> &PKey<Public> {
        &self.0.key
    }
}

/// The SubjectPublicKeyInfo in DER of an RSA key given by its numbers (big-endian), to be compared with
/// [`Certificate::public_key_der`].
///
/// # Errors
///
/// The numbers are no RSA key of 1024 to 4096 bits.
pub fn rsa_public_key_der(modulus: &[u8], exponent: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let der = || {
        let numbers = (BigNum::from_slice(modulus)?, BigNum::from_slice(exponent)?);
        let key = PKey::from_rsa(Rsa::from_public_components(numbers.0, numbers.1)?)?;
        Ok::<_, openssl::error::ErrorStack>((key.public_key_to_der()?, key))
    };
    let (der, key) = der().map_err(failed("reading an RSA key"))?;
    check_size(&key)?;
    Ok(der)
}

pub(crate) fn timestamp(time: &Asn1TimeRef) -> Timestamp {
    let seconds = Asn1Time::from_unix(0).ok().and_then(|epoch| epoch.diff(time).ok());
    let seconds = seconds.map_or(0, |d| i64::from(d.days) * 86_400 + i64::from(d.secs));
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.0.der == other.0.der
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate('{}', {})", self.0.subject, self.thumbprint_hex())
    }
}
