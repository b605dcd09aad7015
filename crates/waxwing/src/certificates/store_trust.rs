//! Trust by the stores of a folder, which says where it looked.

use std::path::Path;

use jiff::Timestamp;
use waxwing_crypto::revocation::RevocationQuestion;
use waxwing_crypto::{Certificate, TrustError};
use waxwing_security::conversation::CertificateEvidence;

use super::{CertificateError, folder};
use crate::authentication::{AsyncCertificateTrust, CertificateTrust};
use crate::future::BoxFuture;
use crate::revocation::RevocationTrust;

/// A validator whose refusals name the folders that it looks at, with what is there.
pub(crate) struct StoreTrust {
    trust: RevocationTrust,
    roots: String,
    people: String,
}

impl StoreTrust {
    pub(super) fn new(
        trust: RevocationTrust,
        roots: &Path,
        people: &Path,
    ) -> Result<Self, CertificateError> {
        let (roots, people) = (looked_at(roots)?, looked_at(people)?);
        Ok(Self { trust, roots, people })
    }

    /// What is to be asked about a certificate that is trusted otherwise.
    fn path(
        &self,
        certificate: &Certificate,
        chain: &[Certificate],
        now: Timestamp,
    ) -> Result<Vec<RevocationQuestion>, String> {
        let path = self.trust.validator().validate_path(certificate, chain, now);
        path.map_err(|error| self.told(&error))
    }

    fn told(&self, error: &TrustError) -> String {
        match error {
            TrustError::Chain { .. } => format!("{error}. Trusted roots: {}", self.roots),
            TrustError::NotAPeer { .. } => format!("{error}. That is {}", self.people),
            _ => error.to_string(),
        }
    }
}

/// With the lists of the folders alone.
impl CertificateTrust for StoreTrust {
    fn check(
        &self,
        certificate: &Certificate,
        chain: &[Certificate],
        now: Timestamp,
    ) -> Result<(), String> {
        let validator = self.trust.validator();
        validator.validate(certificate, chain, now).map_err(|error| self.told(&error))
    }
}

/// With what is fetched, as `revocationMode` says.
impl AsyncCertificateTrust for StoreTrust {
    fn check<'a>(
        &'a self,
        evidence: &'a CertificateEvidence,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), String>> {
        let path = self.path(&evidence.certificate, &evidence.chain, now);
        Box::pin(async move { self.trust.ask(path?, now).await.map_err(|error| error.to_string()) })
    }
}

fn looked_at(path: &Path) -> Result<String, CertificateError> {
    let missing = if path.is_dir() { "" } else { ", which does not exist" };
    let found = folder::describe(&folder::read(path)?);
    Ok(format!("the folder {}{missing}; {found}", path.display()))
}
