//! Which tokens a receiver knows.

use std::fmt;

use waxwing_crypto::{Certificate, PrivateKey};

use super::key::TokenKey;

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

/// How a certificate that a message does not carry is referred to (`x509ReferenceStyle` of WCF's
/// `X509SecurityTokenParameters`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum X509ReferenceStyle {
    /// By the subject key identifier, or by issuer and serial number where the certificate has none.
    #[default]
    Any,
    /// By the SHA-1 of the certificate (WS-Security 1.1).
    Thumbprint,
    /// By the subject key identifier; a certificate without one by issuer and serial number.
    SubjectKeyIdentifier,
    /// By issuer and serial number.
    IssuerSerial,
}

impl CertificateReference {
    /// The reference to this certificate, in that style. Issuer names are written as Windows writes them.
    pub fn to(certificate: &Certificate, style: X509ReferenceStyle) -> Self {
        let identifier = certificate.subject_key_identifier();
        match (style, identifier) {
            (X509ReferenceStyle::Thumbprint, _) => {
                Self::Thumbprint(certificate.thumbprint().to_vec())
            }
            (X509ReferenceStyle::Any | X509ReferenceStyle::SubjectKeyIdentifier, Some(id)) => {
                Self::SubjectKeyIdentifier(id.to_vec())
            }
            _ => Self::IssuerSerial {
                issuer: certificate.issuer().to_string().into(),
                serial: certificate.serial_number().into(),
            },
        }
    }

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
