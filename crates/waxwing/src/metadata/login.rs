//! A user name and password for those who show their metadata to some only.

use waxwing_metadata::Location;
use zeroize::Zeroizing;

use super::error::MetadataError;
use crate::net::{HttpCredentials, HttpScheme};

/// Who the user is to the servers of the addresses that he has named; nobody where there is no password.
#[derive(Debug, Default)]
pub(super) struct Login {
    /// The better one first: a digest, and the password itself over TLS alone.
    all: Vec<HttpCredentials>,
    /// Scheme, host and port of whom they are for.
    origins: Vec<String>,
}

impl Login {
    /// # Errors
    /// HTTP cannot carry the name or the password.
    pub(super) fn new(
        name: &str,
        password: &Zeroizing<String>,
        origins: Vec<String>,
    ) -> Result<Self, MetadataError> {
        let made = |scheme| {
            HttpCredentials::new(scheme, name, password.clone()).map_err(|reason| {
                let address = origins.join(", ");
                MetadataError::Setup { address, reason: reason.to_owned() }
            })
        };
        // A name with a colon is no name for Basic, and remains one for a digest.
        let mut all = vec![made(HttpScheme::Digest)?.without_tls()];
        if !name.contains(':') {
            all.push(made(HttpScheme::Basic)?);
        }
        Ok(Self { all, origins })
    }

    /// Whether there is anything to be shown to anybody.
    pub(super) fn is_given(&self) -> bool {
        !self.all.is_empty()
    }

    /// What may be shown at this address.
    pub(super) fn at(&self, at: &Location) -> &[HttpCredentials] {
        let origin = at.origin();
        match origin.is_some_and(|origin| self.origins.contains(&origin)) {
            true => &self.all,
            false => &[],
        }
    }
}
