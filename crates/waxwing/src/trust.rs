//! Trust in certificates as the security layer asks for it.

use std::sync::Arc;

use jiff::Timestamp;
use waxwing_crypto::{Certificate, CertificateValidator};
use waxwing_security::conversation::CertificateTrust;

/// Decides by a validator.
struct Validated(CertificateValidator);

impl CertificateTrust for Validated {
    fn check(&self, certificate: &Certificate, chain: &[Certificate], now: Timestamp) -> Result<(), String> {
        self.0.validate(certificate, chain, now).map_err(|error| error.to_string())
    }
}

/// The validator as the security layer asks for it.
pub fn trust_of(validator: CertificateValidator) -> Arc<dyn CertificateTrust> {
    Arc::new(Validated(validator))
}
