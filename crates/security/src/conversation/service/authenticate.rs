//! Who sent a message that stands for itself.

use std::sync::Arc;

use jiff::Timestamp;
use waxwing_crypto::Certificate;

use super::super::caller::CallerIdentity;
use super::super::credentials::{CertificateTrust, ClientIdentification, asked};
use super::ServiceSecurity;
use super::error::ServiceError;
use super::tokens::NegotiatedToken;
use crate::error::{Reason, SecurityError};
use crate::wsse::Verified;

impl ServiceSecurity {
    /// The sender of a verified message: by its endorsing certificate, its user name, or what the
    /// negotiation of its token found out.
    pub(super) fn authenticate(
        &self,
        verified: &Verified,
        negotiated: Option<&NegotiatedToken>,
        now: Timestamp,
    ) -> Result<Arc<CallerIdentity>, ServiceError> {
        match (&self.options.clients, negotiated) {
            (ClientIdentification::UserName(validator), _) => {
                let missing = || SecurityError::new(Reason::Missing("the UsernameToken"));
                let found = verified.username().ok_or_else(missing)?;
                let password = found.password.as_ref().map(|password| password.as_str());
                let checked = asked(|| validator.validate(&found.username, password));
                let username = found.username.clone();
                checked.map_err(|reason| ServiceError::UserName {
                    username: username.clone(),
                    reason,
                })?;
                Ok(Arc::new(CallerIdentity::UserName(username)))
            }
            (_, Some(token)) => Ok(Arc::clone(&token.caller)),
            (ClientIdentification::None, None) => Ok(Arc::new(CallerIdentity::Anonymous)),
            (ClientIdentification::Certificate(trust), None) => {
                let missing = || SecurityError::new(Reason::Missing("the client's certificate"));
                let certificate = verified.endorsing_certificate().ok_or_else(missing)?;
                trusted_client(trust.as_ref(), certificate, &[], now).map(Arc::new)
            }
        }
    }
}

/// The identity of the holder of a certificate, if it is trusted.
pub(super) fn trusted_client(
    trust: &dyn CertificateTrust,
    certificate: &Certificate,
    chain: &[Certificate],
    now: Timestamp,
) -> Result<CallerIdentity, ServiceError> {
    match asked(|| trust.check(certificate, chain, now)) {
        Ok(()) => Ok(CallerIdentity::Certificate(certificate.clone())),
        Err(reason) => {
            Err(ServiceError::UntrustedClient { subject: certificate.subject_windows(), reason })
        }
    }
}
