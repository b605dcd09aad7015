//! What the two ends prove themselves with.

use std::fmt;

use waxwing_crypto::{Certificate, PrivateKey};
use zeroize::Zeroizing;

/// What a client proves itself with (`clientCredentialType`).
#[derive(Clone)]
pub enum ClientCredential {
    /// Nothing.
    None,
    /// A user name and password, sent encrypted for the service.
    UserName {
        /// The user name.
        username: Box<str>,
        /// The password; without one the element is left out.
        password: Option<Zeroizing<String>>,
    },
    /// A certificate with its private key.
    Certificate {
        /// The certificate.
        certificate: Certificate,
        /// Its private key.
        key: PrivateKey,
    },
}

impl fmt::Debug for ClientCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClientCredential::None => f.write_str("None"),
            ClientCredential::UserName { username, .. } => write!(f, "UserName('{username}')"),
            ClientCredential::Certificate { certificate, .. } => {
                write!(f, "Certificate('{}')", certificate.subject_windows())
            }
        }
    }
}

/// How a service wants its clients to prove themselves. Whether what they show is good is decided outside
/// ([`Incoming::Authenticate`](super::Incoming::Authenticate)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClientIdentification {
    /// Not at all.
    None,
    /// By user name and password.
    UserName,
    /// By certificate.
    Certificate,
}
