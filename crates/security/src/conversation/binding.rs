//! How the messages of an endpoint that stand alone are protected: one-shot messages, and the requests that issue and
//! renew sessions (WS-SecurityPolicy 1.2 §7, the security bindings).
//!
//! It is one question with one answer: each kind is a variant with what it needs, and whoever protects or verifies such
//! a message matches on all of them.

use std::sync::Arc;

use waxwing_crypto::{Certificate, PrivateKey};

use crate::negotiation::TlsEngines;
use crate::wsse::X509ReferenceStyle;

/// The security binding of a client.
#[derive(Clone)]
pub enum ClientBinding {
    /// Symmetric (§7.4), under a key that is encrypted for the service's certificate, which is known beforehand
    /// (`negotiateServiceCredential="false"`).
    Symmetric(Certificate),
    /// Symmetric, under a token from a TLS handshake inside trust messages (`negotiateServiceCredential="true"`).
    Negotiated(Arc<dyn TlsEngines>),
    /// Asymmetric (§7.5): the client signs with the certificate of its credential and encrypts for the service's, which is
    /// known beforehand and signs the replies.
    Asymmetric {
        /// The service's certificate.
        service: Certificate,
        /// How certificates are shown.
        shown: CertificateTokens,
    },
    /// Transport (§7.3): the transport protects messages and proves the service; the header holds what proves the
    /// client (`TransportWithMessageCredential`). **Only for a transport that protects**: nobody here can see it.
    Transport,
}

/// How certificates are shown in messages under certificates (WS-SecurityPolicy 1.2 §5.1.1 and §7.5). Whatever is said here,
/// a message that came in may show them in any way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CertificateTokens {
    /// Whether requests carry the client's certificate (inclusion `AlwaysToRecipient`).
    pub requests_carry: bool,
    /// Whether replies carry the service's certificate (inclusion `AlwaysToInitiator`).
    pub replies_carry: bool,
    /// How the client's certificate is referred to where it is not carried.
    pub client: X509ReferenceStyle,
    /// The same of the service's.
    pub service: X509ReferenceStyle,
}

impl Default for CertificateTokens {
    /// As WCF's `MutualCertificate` of WS-Security 1.0.
    fn default() -> Self {
        let style = X509ReferenceStyle::Any;
        Self { requests_carry: true, replies_carry: false, client: style, service: style }
    }
}

/// The security binding of a service.
#[derive(Clone)]
pub enum ServiceBinding {
    /// Symmetric (§7.4): clients encrypt a key for this certificate, which they know beforehand.
    Symmetric {
        /// The service's certificate.
        certificate: Certificate,
        /// Its private key.
        key: PrivateKey,
    },
    /// Symmetric, under tokens that TLS handshakes inside trust messages negotiate.
    Negotiated(Arc<dyn TlsEngines>),
    /// Asymmetric (§7.5): clients sign with their certificates and encrypt for this one, which signs the replies.
    Asymmetric {
        /// The service's certificate.
        certificate: Certificate,
        /// Its private key.
        key: PrivateKey,
        /// How certificates are shown.
        shown: CertificateTokens,
    },
    /// Transport (§7.3): the transport protects messages and proves the service; the header holds what proves the client.
    Transport {
        /// Whether messages are taken that no transport protected on the last part of their way
        /// (`allowInsecureTransport`): somebody in front of the service ends TLS. Otherwise they are refused.
        allow_insecure: bool,
    },
}

/// Which kind of security binding an end has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BindingKind {
    /// Symmetric, by a certificate known beforehand.
    Symmetric,
    /// Symmetric, by a negotiated token.
    Negotiated,
    /// Asymmetric, by certificates of both ends.
    Asymmetric,
    /// The transport's.
    Transport,
}

impl ClientBinding {
    /// Which kind it is.
    pub fn kind(&self) -> BindingKind {
        match self {
            ClientBinding::Symmetric(_) => BindingKind::Symmetric,
            ClientBinding::Negotiated(_) => BindingKind::Negotiated,
            ClientBinding::Asymmetric { .. } => BindingKind::Asymmetric,
            ClientBinding::Transport => BindingKind::Transport,
        }
    }
}

impl ServiceBinding {
    /// Which kind it is.
    pub fn kind(&self) -> BindingKind {
        match self {
            ServiceBinding::Symmetric { .. } => BindingKind::Symmetric,
            ServiceBinding::Negotiated(_) => BindingKind::Negotiated,
            ServiceBinding::Asymmetric { .. } => BindingKind::Asymmetric,
            ServiceBinding::Transport { .. } => BindingKind::Transport,
        }
    }
}
