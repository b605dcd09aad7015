//! Algorithm suites, keys, certificates, trust and TLS over memory buffers for WS-Security.
//!
//! * [`AlgorithmSuite`]: which algorithms a binding uses (WS-SecurityPolicy 1.2 §6.1).
//! * [`Digest`], [`HmacKey`], [`p_sha1`], [`CipherKey`]: symmetric cryptography.
//! * [`Certificate`], [`PrivateKey`], [`Identity`]: X.509, RSA, PEM and PKCS#12.
//! * [`KeyRing`]: sealing state that others carry for us.
//! * [`CertificateValidator`]: peer trust, chain trust; [`revocation`]: revocation lists and OCSP.
//! * [`tls`]: TLS sessions without sockets, for TLS inside SOAP.
//! * [`https`]: TLS below HTTP, set up for whoever has the sockets.
//!
//! RSA padding and TLS draw their own randomness; everything else is given by the caller.

mod certificate;
mod cipher;
mod collection;
mod der;
mod digest;
mod distinguished_name;
mod error;
pub mod https;
mod identity;
mod known;
mod latest;
mod operation;
mod path;
mod private_key;
mod proven;
pub mod revocation;
mod rsa;
mod rsa15;
mod sealing;
mod suite;
pub mod tls;
mod trust;
mod usage;
mod wrap;

pub use certificate::{Certificate, rsa_public_key_der};
pub use cipher::{CipherKey, Decrypted};
pub use digest::{Digest, DigestAlgorithm, DigestValue, HmacKey, Mac, p_sha1, sha1};
pub use distinguished_name::DistinguishedName;
pub use error::CryptoError;
pub use identity::{Identity, Pkcs12Encryption};
pub use private_key::PrivateKey;
pub use revocation::RevocationList;
pub use sealing::{KeyRing, KeyRingError, SealingKey, SealingKeyId};
pub use suite::{AlgorithmSuite, BlockCipher, KeyTransport, UnknownSuite};
pub use trust::{CertificateValidator, RevocationMode, TrustError, Usage, ValidationMode};
pub use wrap::{unwrap_key, wrap_key};
