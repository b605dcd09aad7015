//! Who we are to a service in messages, and whom we believe there.

use std::path::PathBuf;

use waxwing::ChannelFactory;
use waxwing::crypto::{Certificate, CertificateValidator, RevocationMode, Usage, ValidationMode};

use super::access::{Access, certificates, nothing};
use super::fit::{Given, fit};
use super::problem::Problem;

/// Credentials and trust.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Credentials {
    #[command(flatten)]
    pub(crate) access: Access,
    /// The service's certificate, where it is not negotiated (PEM or DER)
    #[arg(long, value_name = "FILE", help_heading = "Trust")]
    service_certificate: Option<PathBuf>,
}

impl Credentials {
    /// Puts them into a factory.
    ///
    /// # Errors
    /// A file cannot be read or used, or a password is missing.
    pub(crate) fn give(&self, mut factory: ChannelFactory) -> Result<ChannelFactory, Problem> {
        for note in fit(factory.endpoint(), self.given())? {
            eprintln!("note: {note}");
        }
        if let Some(user) = &self.access.user {
            let password = self.access.password(user)?;
            factory = factory.user_name(user, password.as_str());
        }
        if let Some(identity) = self.access.identity()? {
            factory = factory.client_certificate(identity);
        }
        if let Some(path) = &self.service_certificate {
            let mut found = certificates(path)?.into_iter();
            let first = found.next().ok_or_else(|| nothing(path))?;
            factory = factory.service_certificate(first);
        }
        if self.access.any_certificate {
            let all = |_: &Certificate, _: &[Certificate], _: waxwing::jiff::Timestamp| Ok(());
            return Ok(factory.service_trust(all).https_trust(all));
        }
        let authorities = self.access.authorities()?;
        if !authorities.is_empty() {
            let trust = CertificateValidator::new(
                ValidationMode::ChainTrust,
                RevocationMode::NoCheck,
                Usage::Service,
            );
            let trust = trust.with_roots(authorities.clone());
            factory = factory.https_roots(authorities).service_trust(trust);
        }
        Ok(factory)
    }

    /// Whether we prove to the service who we are.
    pub(crate) fn are_given(&self) -> bool {
        self.access.user.is_some() || self.access.client_certificate.is_some()
    }

    fn given(&self) -> Given {
        Given {
            user: self.access.user.is_some(),
            client_certificate: self.access.client_certificate.is_some(),
            service_certificate: self.service_certificate.is_some(),
        }
    }
}
