//! Whether a certificate is trusted (RFC 5280 §6; WCF's `X509CertificateValidationMode`).

use jiff::Timestamp;
use openssl::stack::Stack;
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::verify::{X509VerifyFlags, X509VerifyParam};
use openssl::x509::{X509, X509PurposeId, X509Ref, X509StoreContext, X509VerifyResult};

use crate::certificate::Certificate;
use crate::error::{CryptoError, answered, failed};
use crate::path;
use crate::proven::{ProvenPaths, Shown};
use crate::revocation::{RevocationList, RevocationQuestion, RevocationStatus};

/// How a certificate is validated (`certificateValidationMode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ValidationMode {
    /// Not at all: who has the private key is trusted.
    None,
    /// It must be among the trusted people.
    PeerTrust,
    /// Its chain must end in a trusted root.
    #[default]
    ChainTrust,
    /// One of the two.
    PeerOrChainTrust,
}

/// How revocation is checked in a chain (`revocationMode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum RevocationMode {
    /// Not at all.
    NoCheck,
    /// With what is fetched. A validator fetches nothing: the caller asks what
    /// [`CertificateValidator::validate_path`] gives, or hands lists in.
    #[default]
    Online,
    /// With lists at hand.
    Offline,
}

/// What a certificate is shown for: the extended key usage that its chain must allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Usage {
    /// It is a client's.
    Client,
    /// It is a service's.
    Service,
}

/// What Windows says of a certificate whose revocation nobody could tell (`RevocationStatusUnknown`).
const UNKNOWN: &str = "The revocation function was unable to check revocation for the certificate.";

/// Why a certificate is not trusted. The texts name the certificate and say what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// Its time has not come or is over.
    #[error("the certificate '{subject}' is valid from {not_before} to {not_after}, and now it is {now}: {}",
        if .now < .not_before { "it is not valid yet; check the clocks" } else { "it has expired and must be renewed" })]
    Time {
        /// Whose.
        subject: String,
        /// From when.
        not_before: Timestamp,
        /// Until when.
        not_after: Timestamp,
        /// The time of the check.
        now: Timestamp,
    },
    /// It is not among the trusted people.
    #[error(
        "the certificate '{subject}' (thumbprint {thumbprint}) is not in the TrustedPeople store"
    )]
    NotAPeer {
        /// Whose.
        subject: String,
        /// Its thumbprint.
        thumbprint: String,
    },
    /// It was put among the disallowed.
    #[error("the certificate '{subject}' (thumbprint {thumbprint}) is in the Disallowed store")]
    Disallowed {
        /// Whose.
        subject: String,
        /// Its thumbprint.
        thumbprint: String,
    },
    /// Its chain does not hold.
    #[error(
        "the certificate '{subject}', issued by '{issuer}', has no chain to a trusted root: {reason}"
    )]
    Chain {
        /// Whose.
        subject: String,
        /// By whom.
        issuer: String,
        /// What the library said.
        reason: String,
    },
    /// A certificate of its chain is one that others can forge, or that may issue none.
    #[error(
        "the chain of the certificate '{subject}' holds '{weak}', which is not taken: {reason}. Its issuer must make it anew"
    )]
    Weak {
        /// Whose chain it is.
        subject: String,
        /// Which certificate of the chain it is.
        weak: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Its issuer took it back.
    #[error("the certificate '{0}' was revoked by its issuer (WCF: The certificate is revoked.)")]
    Revoked(String),
    /// Nobody knows whether it was revoked.
    #[error(
        "whether the certificate '{subject}' was revoked is unknown: {reason}. Put its issuer's revocation list into the folder Root or CertificateAuthority of the store, or set revocationMode=\"NoCheck\" (WCF: {wcf})", wcf = UNKNOWN
    )]
    RevocationUnknown {
        /// Whose.
        subject: String,
        /// Why it is unknown.
        reason: String,
    },
}

/// Decides on certificates by a mode and stores of certificates. Immutable; share it.
pub struct CertificateValidator {
    mode: ValidationMode,
    revocation: RevocationMode,
    usage: Usage,
    roots: Vec<Certificate>,
    intermediates: Vec<Certificate>,
    trusted_people: Vec<Certificate>,
    disallowed: Vec<Certificate>,
    lists: Vec<RevocationList>,
    /// The paths that were found in these stores.
    proven: ProvenPaths,
}

impl std::fmt::Debug for CertificateValidator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CertificateValidator")
            .field("mode", &self.mode)
            .field("revocation", &self.revocation)
            .field("usage", &self.usage)
            .field("roots", &self.roots)
            .finish_non_exhaustive()
    }
}

impl CertificateValidator {
    /// A validator with empty stores.
    pub fn new(mode: ValidationMode, revocation: RevocationMode, usage: Usage) -> Self {
        Self {
            mode,
            revocation,
            usage,
            roots: Vec::new(),
            intermediates: Vec::new(),
            trusted_people: Vec::new(),
            disallowed: Vec::new(),
            lists: Vec::new(),
            proven: ProvenPaths::default(),
        }
    }

    /// With these trusted roots.
    #[must_use]
    pub fn with_roots(mut self, roots: impl IntoIterator<Item = Certificate>) -> Self {
        self.roots.extend(roots);
        self
    }

    /// With these intermediate authorities, which help to find a chain.
    #[must_use]
    pub fn with_intermediates(
        mut self,
        authorities: impl IntoIterator<Item = Certificate>,
    ) -> Self {
        self.intermediates.extend(authorities);
        self
    }

    /// With these trusted people.
    #[must_use]
    pub fn with_trusted_people<'a>(
        mut self,
        people: impl IntoIterator<Item = &'a Certificate>,
    ) -> Self {
        self.trusted_people.extend(people.into_iter().cloned());
        self
    }

    /// With these certificates that nobody trusts.
    #[must_use]
    pub fn with_disallowed<'a>(
        mut self,
        disallowed: impl IntoIterator<Item = &'a Certificate>,
    ) -> Self {
        self.disallowed.extend(disallowed.into_iter().cloned());
        self
    }

    /// With these revocation lists.
    #[must_use]
    pub fn with_revocation_lists(
        mut self,
        lists: impl IntoIterator<Item = RevocationList>,
    ) -> Self {
        self.lists.extend(lists);
        self
    }

    /// The mode.
    pub fn mode(&self) -> ValidationMode {
        self.mode
    }

    /// Checks a certificate; `chain` is what came with it. Whether it was revoked is looked up in the lists that the validator
    /// was given.
    ///
    /// # Errors
    ///
    /// Why it is not trusted.
    pub fn validate(
        &self,
        certificate: &Certificate,
        chain: &[Certificate],
        now: Timestamp,
    ) -> Result<(), TrustError> {
        for question in self.validate_path(certificate, chain, now)? {
            self.not_revoked(&question, now)?;
        }
        Ok(())
    }

    /// Checks everything but revocation, and gives what is to be asked about that, in this order: each certificate of the
    /// path below the root, the one nearest to the root first. Nothing is to be asked where the mode needs no chain or checks
    /// no revocation.
    ///
    /// # Errors
    ///
    /// Why it is not trusted.
    pub fn validate_path(
        &self,
        certificate: &Certificate,
        chain: &[Certificate],
        now: Timestamp,
    ) -> Result<Vec<RevocationQuestion>, TrustError> {
        let none = |()| Vec::new();
        match self.mode {
            ValidationMode::None => Ok(Vec::new()),
            ValidationMode::PeerTrust => self.peer(certificate, now).map(none),
            ValidationMode::ChainTrust => self.chain(certificate, chain, now),
            ValidationMode::PeerOrChainTrust => match self.peer(certificate, now) {
                Err(TrustError::NotAPeer { .. }) => self.chain(certificate, chain, now),
                other => other.map(none),
            },
        }
    }

    /// How revocation is checked.
    pub fn revocation(&self) -> RevocationMode {
        self.revocation
    }

    /// The lists that the validator was given.
    pub fn revocation_lists(&self) -> &[RevocationList] {
        &self.lists
    }

    fn peer(&self, certificate: &Certificate, now: Timestamp) -> Result<(), TrustError> {
        in_time(certificate, now)?;
        self.not_disallowed(certificate)?;
        if self.trusted_people.contains(certificate) {
            return Ok(());
        }
        let (subject, thumbprint) = (certificate.subject_windows(), certificate.thumbprint_hex());
        Err(TrustError::NotAPeer { subject, thumbprint })
    }

    fn not_disallowed(&self, certificate: &Certificate) -> Result<(), TrustError> {
        if self.disallowed.contains(certificate) {
            let (subject, thumbprint) =
                (certificate.subject_windows(), certificate.thumbprint_hex());
            return Err(TrustError::Disallowed { subject, thumbprint });
        }
        Ok(())
    }

    fn chain(
        &self,
        certificate: &Certificate,
        chain: &[Certificate],
        now: Timestamp,
    ) -> Result<Vec<RevocationQuestion>, TrustError> {
        in_time(certificate, now)?;
        self.not_disallowed(certificate)?;
        let shown = Shown::new(certificate, chain);
        match self.proven.find(&shown, now) {
            Some(questions) => Ok(questions),
            None => self.look_for(certificate, chain, now, shown),
        }
    }

    /// Looks for a path, and remembers one that holds.
    fn look_for(
        &self,
        certificate: &Certificate,
        chain: &[Certificate],
        now: Timestamp,
        shown: Shown,
    ) -> Result<Vec<RevocationQuestion>, TrustError> {
        let broken = |reason: String| TrustError::Chain {
            subject: certificate.subject_windows(),
            issuer: certificate.issuer().to_string(),
            reason,
        };
        let found = self.build(certificate, chain, now).map_err(|e| broken(e.to_string()))?;
        let path = found.map_err(|result| broken(result.error_string().to_owned()))?;
        let is_anchor = |x509: &X509Ref| self.roots.iter().any(|root| **root.x509() == *x509);
        path::check(&path, is_anchor).map_err(|weak| TrustError::Weak {
            subject: certificate.subject_windows(),
            weak: weak.certificate,
            reason: weak.reason,
        })?;
        let ask = |pair: &[X509]| {
            RevocationQuestion::new(pair[0].clone(), pair[1].clone())
                .map_err(|why| broken(why.to_string()))
        };
        let questions = match self.revocation {
            RevocationMode::NoCheck => Vec::new(),
            RevocationMode::Online | RevocationMode::Offline => {
                path.windows(2).rev().map(ask).collect::<Result<_, _>>()?
            }
        };
        self.proven.keep(shown, &path, &questions);
        Ok(questions)
    }

    /// The path from the certificate to a root, or why there is none.
    fn build(
        &self,
        certificate: &Certificate,
        chain: &[Certificate],
        now: Timestamp,
    ) -> Result<Result<Vec<X509>, X509VerifyResult>, CryptoError> {
        let failed = || failed("building a certificate chain");
        let store = self.store(now).map_err(failed())?;
        let mut untrusted = Stack::new().map_err(failed())?;
        for authority in chain.iter().chain(&self.intermediates) {
            untrusted.push(authority.x509().clone()).map_err(failed())?;
        }
        let mut context = X509StoreContext::new().map_err(failed())?;
        context
            .init(&store, certificate.x509(), &untrusted, |c| {
                if !answered(c.verify_cert())? {
                    return Ok(Err(c.error()));
                }
                let path = c.chain().map(|path| path.iter().map(|x| x.to_owned()).collect());
                Ok(Ok(path.unwrap_or_default()))
            })
            .map_err(failed())
    }

    fn store(&self, now: Timestamp) -> Result<X509Store, openssl::error::ErrorStack> {
        let mut store = X509StoreBuilder::new()?;
        for root in &self.roots {
            store.add_cert(root.x509().clone())?;
        }
        let mut parameters = X509VerifyParam::new()?;
        parameters.set_time(now.as_second());
        parameters.set_flags(X509VerifyFlags::PARTIAL_CHAIN)?;
        parameters.set_purpose(match self.usage {
            Usage::Client => X509PurposeId::SSL_CLIENT,
            Usage::Service => X509PurposeId::SSL_SERVER,
        })?;
        store.set_param(&parameters)?;
        Ok(store.build())
    }

    /// Asks the lists at hand. That a certificate was revoked holds though the list is out of date.
    fn not_revoked(&self, question: &RevocationQuestion, now: Timestamp) -> Result<(), TrustError> {
        let mut why = "there is no revocation list of its issuer".to_owned();
        let mut is_good = false;
        for list in self.lists.iter().filter_map(|list| question.issued(list).ok()) {
            let answer = match question.read_list(&list) {
                Ok(answer) => answer,
                Err(unusable) => {
                    why = format!("the revocation list of its issuer cannot be used: {unusable}");
                    continue;
                }
            };
            if let RevocationStatus::Revoked { .. } = answer.status {
                return Err(TrustError::Revoked(question.subject()));
            }
            match answer.in_time(now) {
                Ok(()) => is_good = true,
                Err(late) => why = format!("the revocation list of its issuer: {late}"),
            }
        }
        match is_good {
            true => Ok(()),
            false => {
                Err(TrustError::RevocationUnknown { subject: question.subject(), reason: why })
            }
        }
    }
}

fn in_time(certificate: &Certificate, now: Timestamp) -> Result<(), TrustError> {
    let (not_before, not_after) = (certificate.not_before(), certificate.not_after());
    if now < not_before || now > not_after {
        return Err(TrustError::Time {
            subject: certificate.subject_windows(),
            not_before,
            not_after,
            now,
        });
    }
    Ok(())
}
