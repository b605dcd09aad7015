//! How the messages of an endpoint that stand alone are protected: one-shot messages, and the requests that issue and
//! renew sessions (WS-SecurityPolicy 1.2 §7, the security bindings).
//!
//! It is one question with one answer: each kind is a variant with what it needs, and whoever protects or verifies such
//! a message matches on all of them.

use std::sync::Arc;

use waxwing_crypto::{Certificate, PrivateKey};

use crate::negotiation::TlsEngines;

/// The security binding of a client.
#[derive(Clone)]
pub enum ClientBinding {
    /// Symmetric (§7.4), under a key that is encrypted for the service's certificate, which is known beforehand
    /// (`negotiateServiceCredential="false"`).
    Symmetric(Certificate),
    /// Symmetric, under a token from a TLS handshake inside trust messages (`negotiateServiceCredential="true"`).
    Negotiated(Arc<dyn TlsEngines>),
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
}

/// Which kind of security binding an end has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BindingKind {
    /// Symmetric, by a certificate known beforehand.
    Symmetric,
    /// Symmetric, by a negotiated token.
    Negotiated,
}

impl ClientBinding {
    /// Which kind it is.
    pub fn kind(&self) -> BindingKind {
        match self {
            ClientBinding::Symmetric(_) => BindingKind::Symmetric,
            ClientBinding::Negotiated(_) => BindingKind::Negotiated,
        }
    }
}

impl ServiceBinding {
    /// Which kind it is.
    pub fn kind(&self) -> BindingKind {
        match self {
            ServiceBinding::Symmetric { .. } => BindingKind::Symmetric,
            ServiceBinding::Negotiated(_) => BindingKind::Negotiated,
        }
    }
}
