//! What the two ends prove themselves with, and who decides whether it is good.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use jiff::Timestamp;
use waxwing_crypto::{Certificate, CertificateValidator, PrivateKey};
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

/// Decides whether a certificate is trusted: chain, peer, both, or a rule of one's own
/// (`certificateValidationMode`).
pub trait CertificateTrust: Send + Sync {
    /// Whether `certificate` is trusted at `now`. `chain` holds the further certificates that came
    /// with it (only a TLS negotiation brings any).
    ///
    /// # Errors
    /// Why it is not trusted, in words for the local log.
    fn check(
        &self,
        certificate: &Certificate,
        chain: &[Certificate],
        now: Timestamp,
    ) -> Result<(), String>;
}

impl<F> CertificateTrust for F
where
    F: Fn(&Certificate, &[Certificate], Timestamp) -> Result<(), String> + Send + Sync,
{
    fn check(
        &self,
        certificate: &Certificate,
        chain: &[Certificate],
        now: Timestamp,
    ) -> Result<(), String> {
        self(certificate, chain, now)
    }
}

impl CertificateTrust for CertificateValidator {
    fn check(
        &self,
        certificate: &Certificate,
        chain: &[Certificate],
        now: Timestamp,
    ) -> Result<(), String> {
        self.validate(certificate, chain, now).map_err(|error| error.to_string())
    }
}

/// Decides whether a password belongs to a user name (`userNamePasswordValidationMode="Custom"`).
pub trait UserNameValidator: Send + Sync {
    /// Checks a user name and password.
    ///
    /// # Errors
    /// Why they are refused, in words for the local log; the client is only told that it failed.
    fn validate(&self, username: &str, password: Option<&str>) -> Result<(), String>;
}

impl<F> UserNameValidator for F
where
    F: Fn(&str, Option<&str>) -> Result<(), String> + Send + Sync,
{
    fn validate(&self, username: &str, password: Option<&str>) -> Result<(), String> {
        self(username, password)
    }
}

/// Asks code of the user whether somebody is to be trusted. Code that panics trusts nobody, and takes nobody else down.
pub(super) fn asked(question: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(question)).unwrap_or_else(|payload| {
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        Err(format!("the validator panicked: {}", text.unwrap_or_default()))
    })
}

/// How a service wants its clients to prove themselves, and who decides.
#[derive(Clone)]
pub enum ClientIdentification {
    /// Not at all.
    None,
    /// By user name and password.
    UserName(Arc<dyn UserNameValidator>),
    /// By certificate.
    Certificate(Arc<dyn CertificateTrust>),
}

impl fmt::Debug for ClientIdentification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ClientIdentification::None => "None",
            ClientIdentification::UserName(_) => "UserName",
            ClientIdentification::Certificate(_) => "Certificate",
        })
    }
}
