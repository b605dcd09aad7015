//! Trust by the stores of a folder, which says where it looked.

use std::path::Path;

use jiff::Timestamp;
use waxwing_crypto::{Certificate, CertificateValidator, TrustError};

use super::{CertificateError, folder};
use crate::authentication::CertificateTrust;

/// A validator whose refusals name the folders that it looks at, with what is there.
pub(crate) struct StoreTrust {
    validator: CertificateValidator,
    roots: String,
    people: String,
}

impl StoreTrust {
    pub(super) fn new(
        validator: CertificateValidator,
        roots: &Path,
        people: &Path,
    ) -> Result<Self, CertificateError> {
        let (roots, people) = (looked_at(roots)?, looked_at(people)?);
        Ok(Self { validator, roots, people })
    }
}

impl CertificateTrust for StoreTrust {
    fn check(
        &self,
        certificate: &Certificate,
        chain: &[Certificate],
        now: Timestamp,
    ) -> Result<(), String> {
        self.validator.validate(certificate, chain, now).map_err(|error| match &error {
            TrustError::Chain { .. } => format!("{error}. Trusted roots: {}", self.roots),
            TrustError::NotAPeer { .. } => format!("{error}. That is {}", self.people),
            _ => error.to_string(),
        })
    }
}

fn looked_at(path: &Path) -> Result<String, CertificateError> {
    let missing = if path.is_dir() { "" } else { ", which does not exist" };
    let found = folder::describe(&folder::read(path)?);
    Ok(format!("the folder {}{missing}; {found}", path.display()))
}
