//! Private keys: RSA, which message security needs, and those of curves, which TLS takes as well.

use std::fmt;
use std::sync::Arc;

use openssl::pkey::{Id, PKey, Private};
use openssl::pkey_ctx::PkeyCtx;
use openssl::rsa::Padding;
use zeroize::Zeroizing;

use crate::certificate::Certificate;
use crate::digest::{Digest, DigestAlgorithm, HmacKey, sha1};
use crate::error::{CryptoError, failed, reason};
use crate::operation::Operation;
use crate::rsa::{check_size, message_digest};
use crate::rsa15;
use crate::suite::KeyTransport;

/// A private key. One that is not RSA signs and decrypts nothing here: it is for TLS. Cheap to clone; wiped by the library
/// when the last clone is dropped; never shown.
#[derive(Clone)]
pub struct PrivateKey(Arc<Inner>);

struct Inner {
    key: PKey<Private>,
    /// What keys are made of that stand in for those that cannot be decrypted.
    rejection: HmacKey,
    operations: Operations,
}

/// What the key does, set up when it does it first.
#[derive(Default)]
struct Operations {
    sign_sha1: Operation<Private>,
    sign_sha256: Operation<Private>,
    decrypt_oaep: Operation<Private>,
    decrypt_raw: Operation<Private>,
}

impl PrivateKey {
    /// A key of PEM (`PRIVATE KEY`, `RSA PRIVATE KEY`) without password.
    ///
    /// # Errors
    ///
    /// It is none, or RSA of fewer than 1024 or more than 4096 bits.
    pub fn from_pem(pem: &[u8]) -> Result<Self, CryptoError> {
        // The callback keeps the library from asking for a password at the terminal.
        let key = PKey::private_key_from_pem_callback(pem, |_| Ok(0));
        Self::from_pkey(key.map_err(|e| CryptoError::NotAPrivateKey(reason(&e)))?)
    }

    /// A key of DER (PKCS#8 or PKCS#1).
    ///
    /// # Errors
    ///
    /// It is none, or RSA of fewer than 1024 or more than 4096 bits.
    pub fn from_der(der: &[u8]) -> Result<Self, CryptoError> {
        let key = PKey::private_key_from_der(der);
        Self::from_pkey(key.map_err(|e| CryptoError::NotAPrivateKey(reason(&e)))?)
    }

    pub(crate) fn from_pkey(key: PKey<Private>) -> Result<Self, CryptoError> {
        if !matches!(key.id(), Id::EC | Id::ED25519 | Id::ED448) {
            check_size(&key)?;
        }
        let der = key.private_key_to_der().map_err(failed("reading a private key"))?;
        let der = Zeroizing::new(der);
        let secret = Zeroizing::new(sha1(&der));
        let rejection = HmacKey::new(DigestAlgorithm::Sha256, &*secret);
        Ok(Self(Arc::new(Inner { key, rejection, operations: Operations::default() })))
    }

    /// The key as PEM (`PRIVATE KEY`), without password; wiped when dropped.
    ///
    /// # Errors
    ///
    /// The library refuses.
    pub fn to_pem(&self) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let pem = self.0.key.private_key_to_pem_pkcs8().map_err(failed("writing a private key"))?;
        Ok(Zeroizing::new(pem))
    }

    /// Whether the certificate has this key's public half.
    pub fn belongs_to(&self, certificate: &Certificate) -> bool {
        self.0.key.public_eq(certificate.public_key())
    }

    /// Signs octets (RSASSA-PKCS1-v1_5).
    ///
    /// # Errors
    ///
    /// The library refuses, e.g. SHA-1 by a system-wide policy.
    pub fn sign(&self, digest: DigestAlgorithm, octets: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let mut hash = Digest::new(digest);
        hash.update(octets);
        let hash = hash.finish();
        let operation = match digest {
            DigestAlgorithm::Sha1 => &self.0.operations.sign_sha1,
            DigestAlgorithm::Sha256 => &self.0.operations.sign_sha256,
        };
        let set_up = || {
            let mut context = PkeyCtx::new(&self.0.key)?;
            context.sign_init()?;
            context.set_rsa_padding(Padding::PKCS1)?;
            context.set_signature_md(message_digest(digest))?;
            Ok(context)
        };
        let mut out = vec![0; self.0.key.size()];
        let signed = operation.run(set_up, |context| context.sign(&hash, Some(&mut out)));
        out.truncate(signed.map_err(failed("signing with a private key"))?);
        Ok(out)
    }

    /// The key that was encrypted for the certificate of this key. When it cannot be decrypted, a secret key of
    /// `length` octets that depends on the ciphertext: the caller goes on and fails at the signature, so that
    /// nobody learns which of the two was wrong (RFC 8017 §7.2.2, Bleichenbacher's attack).
    pub fn decrypt_key(
        &self,
        transport: KeyTransport,
        encrypted: &[u8],
        length: usize,
    ) -> Zeroizing<Vec<u8>> {
        let substitute = self.substitute(encrypted, length);
        match transport {
            KeyTransport::RsaOaep => {
                let operation = &self.0.operations.decrypt_oaep;
                self.raw(operation, encrypted, Padding::PKCS1_OAEP).unwrap_or(substitute)
            }
            KeyTransport::Rsa15 => {
                let operation = &self.0.operations.decrypt_raw;
                match self.raw(operation, encrypted, Padding::NONE) {
                    Some(block) => rsa15::unpad(&block, &substitute),
                    None => substitute,
                }
            }
        }
    }

    fn raw(
        &self,
        operation: &Operation<Private>,
        encrypted: &[u8],
        padding: Padding,
    ) -> Option<Zeroizing<Vec<u8>>> {
        let set_up = || {
            let mut context = PkeyCtx::new(&self.0.key)?;
            context.decrypt_init()?;
            context.set_rsa_padding(padding)?;
            Ok(context)
        };
        let mut out = Zeroizing::new(vec![0; self.0.key.size()]);
        let decrypted = operation.run(set_up, |context| context.decrypt(encrypted, Some(&mut out)));
        out.truncate(decrypted.ok()?);
        Some(out)
    }

    fn substitute(&self, encrypted: &[u8], length: usize) -> Zeroizing<Vec<u8>> {
        let mac = Zeroizing::new(self.0.rejection.sign(encrypted));
        let mut out = Zeroizing::new(vec![0xa5; length]);
        let most = length.min(mac.len());
        out[..most].copy_from_slice(&mac[..most]);
        out
    }

    pub(crate) fn pkey(&self) -> &PKey<Private> {
        &self.0.key
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({} bits)", self.0.key.bits())
    }
}
