//! What somebody proves himself with, to be judged outside: whoever judges may ask a file, a directory, a database or a
//! person, and may take its time. No engine waits for it, and none holds a lock meanwhile.

use std::fmt;
use std::sync::Arc;

use waxwing_crypto::{Certificate, Usage};
use zeroize::Zeroizing;

use super::caller::CallerIdentity;
use crate::wsse::PasswordDigest;

/// What somebody proves himself with.
///
/// That he has the private key of a certificate is proven already; whether the certificate is good, or a password right,
/// is what the verdict says.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Evidence {
    /// A client's user name and password.
    UserName(UserNameEvidence),
    /// A client's user name, and that it knows the password without showing it.
    PasswordDigest(PasswordDigestEvidence),
    /// A certificate.
    Certificate(CertificateEvidence),
}

/// A user name and password that a client sent.
#[derive(Clone)]
pub struct UserNameEvidence {
    /// The user name.
    pub username: Box<str>,
    /// The password, if there was one.
    pub password: Option<Zeroizing<String>>,
}

/// A user name, and a digest that only who knows the password can make. Whether it came before is looked after elsewhere.
#[derive(Debug, Clone)]
pub struct PasswordDigestEvidence {
    /// The user name.
    pub username: Box<str>,
    /// The digest: [`PasswordDigest::is_of`] says whether it is of a password.
    pub digest: PasswordDigest,
}

/// A certificate that the other end showed.
#[derive(Debug, Clone)]
pub struct CertificateEvidence {
    /// The certificate.
    pub certificate: Certificate,
    /// The further certificates that came with it (only a TLS negotiation brings any). **Anybody can add some**: they
    /// help to build a chain, and prove nothing.
    pub chain: Vec<Certificate>,
    /// What its holder says to be: a client or the service.
    pub usage: Usage,
}

/// Whether what was shown is good, or else why not, in words for the local log: the other end only learns that it failed.
pub type Verdict = Result<(), String>;

/// Who sent a message, as the transport that it came over has it proven: HTTP authentication, a TLS client certificate.
/// Only a verdict about evidence makes one that is not anonymous, so that nothing that a peer merely says can be taken for
/// it.
#[derive(Debug, Clone)]
pub struct ProvenCaller(Arc<CallerIdentity>);

impl ProvenCaller {
    /// Nobody said who he is, or nobody was asked.
    pub fn anonymous() -> Self {
        Self(Arc::new(CallerIdentity::Anonymous))
    }

    /// Whose evidence this is, by the verdict about it.
    ///
    /// # Errors
    /// What the verdict says against it.
    pub fn of(evidence: Evidence, verdict: Verdict) -> Result<Self, String> {
        verdict.map(|()| Self(Arc::new(evidence.into_caller())))
    }

    /// Who it is.
    pub fn identity(&self) -> &Arc<CallerIdentity> {
        &self.0
    }
}

impl Evidence {
    /// The certificate of a chain, leaf first; none of an empty one.
    pub(super) fn of_chain(chain: Vec<Certificate>, usage: Usage) -> Option<Self> {
        let mut chain = chain.into_iter();
        let certificate = chain.next()?;
        let chain = chain.collect();
        Some(Evidence::Certificate(CertificateEvidence { certificate, chain, usage }))
    }

    /// Who it is, when the evidence is good.
    pub(super) fn into_caller(self) -> CallerIdentity {
        match self {
            Evidence::UserName(evidence) => CallerIdentity::UserName(evidence.username),
            Evidence::PasswordDigest(evidence) => CallerIdentity::UserName(evidence.username),
            Evidence::Certificate(evidence) => CallerIdentity::Certificate(evidence.certificate),
        }
    }
}

impl fmt::Display for Evidence {
    /// Who it is said to be, for a log: never a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Evidence::UserName(UserNameEvidence { username, .. })
            | Evidence::PasswordDigest(PasswordDigestEvidence { username, .. }) => {
                write!(f, "the user '{username}'")
            }
            Evidence::Certificate(evidence) => {
                write!(f, "the certificate '{}'", evidence.certificate.subject_windows())
            }
        }
    }
}

impl fmt::Debug for UserNameEvidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserNameEvidence").field("username", &self.username).finish_non_exhaustive()
    }
}
