//! Trust by a validator, with revocation asked about: a rule like one of the user's.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::time::Instant;
use waxwing_crypto::CertificateValidator;
use waxwing_crypto::revocation::RevocationQuestion;
use waxwing_security::conversation::CertificateEvidence;

use super::checker::Revocation;
use super::error::RevocationError;
use super::options::ALTOGETHER;
use crate::authentication::AsyncCertificateTrust;
use crate::future::BoxFuture;

impl Revocation {
    /// Trust by a validator, with revocation asked about as its mode says.
    pub fn trust(&self, validator: CertificateValidator) -> RevocationTrust {
        RevocationTrust { revocation: self.clone(), validator: Arc::new(validator) }
    }
}

/// Trust by a validator, with revocation asked about: a rule for
/// [`ChannelFactory::service_trust_async`](crate::ChannelFactory::service_trust_async) and
/// [`ServiceHostBuilder::client_trust_async`](crate::ServiceHostBuilder::client_trust_async).
#[derive(Debug, Clone)]
pub struct RevocationTrust {
    revocation: Revocation,
    validator: Arc<CertificateValidator>,
}

impl RevocationTrust {
    /// The validator.
    pub(crate) fn validator(&self) -> &CertificateValidator {
        &self.validator
    }

    /// Asks about every certificate of the path that [`CertificateValidator::validate_path`] gave, the one nearest to the
    /// root first: of what a revoked authority issued nothing is asked.
    pub(crate) async fn ask(
        &self,
        questions: Vec<RevocationQuestion>,
        now: Timestamp,
    ) -> Result<(), RevocationError> {
        let until = Instant::now() + ALTOGETHER;
        let (mode, lists) = (self.validator.revocation(), self.validator.revocation_lists());
        for question in &questions {
            self.revocation.ask_until(question, lists, mode, now, until).await?;
        }
        Ok(())
    }
}

impl AsyncCertificateTrust for RevocationTrust {
    fn check<'a>(
        &'a self,
        evidence: &'a CertificateEvidence,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), String>> {
        let path = self.validator.validate_path(&evidence.certificate, &evidence.chain, now);
        Box::pin(async move {
            let questions = path.map_err(|error| error.to_string())?;
            self.ask(questions, now).await.map_err(|error| error.to_string())
        })
    }
}
