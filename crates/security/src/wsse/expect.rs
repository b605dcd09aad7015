//! What a receiver expects of a message and which tokens it knows.

use std::fmt;

use jiff::Timestamp;
use waxwing_crypto::{Certificate, PrivateKey};
use waxwing_xml::Limits;

use super::SecuritySettings;
use super::key::TokenKey;
use super::replay::ReplayCache;
use super::token::{EncryptedKeyReference, SentSignature};
use crate::protection::{Direction, ProtectionRequirements};

/// What a received message must look like.
#[derive(Debug, Clone, Copy)]
pub struct Expectations<'a> {
    /// The binding's settings.
    pub settings: &'a SecuritySettings,
    /// What must be signed and encrypted, looked up by the message's action.
    pub requirements: &'a ProtectionRequirements,
    /// Whether a request or a reply is expected.
    pub direction: Direction,
    /// The token behind the primary signature and the encryption.
    pub protection: ExpectedToken<'a>,
    /// Which endorsing signatures must be there.
    pub endorsing: ExpectedEndorsing,
    /// Whether a user name token must be there, signed and encrypted.
    pub username: bool,
    /// The signatures of the request that a reply must confirm; empty when it confirms none.
    pub confirmations: &'a [SentSignature],
    /// The receiver's time.
    pub now: Timestamp,
    /// Limits for decrypted content; those that the message was parsed with.
    pub limits: &'a Limits,
    /// The memory of messages received; `None` switches replay detection off.
    pub replay: Option<&'a ReplayCache>,
}

/// The token that the primary signature and the encryption of a received message must come from.
#[derive(Debug, Clone, Copy)]
pub enum ExpectedToken<'a> {
    /// A security context that the message carries (a request); its key comes from
    /// [`TokenResolver::context_key`].
    AttachedContext,
    /// This security context, which the message refers to by URI only (a reply within a session, or
    /// to a negotiated token). The key comes from [`TokenResolver::context_key`].
    ExternalContext {
        /// The identifier that must be named.
        identifier: &'a str,
    },
    /// A key that is encrypted for a certificate of ours; its private key comes from
    /// [`TokenResolver::private_key`].
    EncryptedKey,
    /// The key that our request carried, referred to by the SHA-1 of its encrypted octets.
    EncryptedKeyReference(&'a EncryptedKeyReference),
    /// None: the transport protects the message.
    Transport,
}

/// Which endorsing signatures a message must have. Others are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ExpectedEndorsing {
    /// One by a certificate.
    pub certificate: bool,
    /// One by a security context (a renewal, or a session over a protected transport).
    pub context: bool,
}

/// How a message refers to a certificate (X.509 Token Profile 1.1 §3.2, WS-Security 1.1 §7.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateReference {
    /// SHA-1 of the DER encoding.
    Thumbprint(Vec<u8>),
    /// The value of the subject key identifier extension.
    SubjectKeyIdentifier(Vec<u8>),
    /// The certificate itself, in DER.
    Certificate(Vec<u8>),
    /// Issuer name and serial number, both as text.
    IssuerSerial {
        /// The issuer's distinguished name, in RFC 4514 or Windows form.
        issuer: Box<str>,
        /// The serial number in decimal.
        serial: Box<str>,
    },
}

impl CertificateReference {
    /// Whether it is this certificate that is referred to.
    pub fn is_of(&self, certificate: &Certificate) -> bool {
        match self {
            Self::Thumbprint(sha1) => certificate.thumbprint()[..] == sha1[..],
            Self::SubjectKeyIdentifier(id) => certificate.subject_key_identifier() == Some(id),
            Self::Certificate(der) => certificate.der() == der.as_slice(),
            Self::IssuerSerial { issuer, serial } => {
                certificate.is_issuer_and_serial(issuer, serial)
            }
        }
    }
}

impl fmt::Display for CertificateReference {
    /// As the tools that manage certificates show it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, octets) = match self {
            Self::Thumbprint(octets) => ("thumbprint", octets),
            Self::SubjectKeyIdentifier(octets) => ("subject key identifier", octets),
            Self::Certificate(der) => ("thumbprint", &waxwing_crypto::sha1(der).to_vec()),
            Self::IssuerSerial { issuer, serial } => {
                return write!(f, "issuer '{issuer}' and serial number {serial}");
            }
        };
        write!(f, "{what} ")?;
        octets.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

/// What a message uses a security context for. A context that may endorse a message need not be one that may protect it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContextUse {
    /// The primary signature and the encryption.
    Protection,
    /// An endorsing signature.
    Endorsing,
}

/// The tokens that a received message may refer to without carrying their keys.
pub trait TokenResolver {
    /// The key of the security context with this identifier and generation, if it may be used now and for that.
    fn context_key(
        &self,
        wanted: ContextUse,
        identifier: &str,
        instance: Option<&str>,
    ) -> Option<TokenKey>;

    /// The private key of the certificate of ours that is referred to.
    fn private_key(&self, reference: &CertificateReference) -> Option<&PrivateKey>;
}
