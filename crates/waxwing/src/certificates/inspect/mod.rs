//! What is wrong with the certificates of an endpoint, before anything is opened.
//!
//! The same stores and the same validator are asked as when the endpoint opens; nothing is fetched.

mod own;
mod tls;
mod trust;

use jiff::Timestamp;
use waxwing_binding::{
    CertificateReference, EffectiveEndpoint, Identity as ExpectedIdentity, MessageCredentialType,
    Role, Severity, X509CertificateValidationMode,
};

use super::{CertificateError, CertificateStores};

/// What of an endpoint a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CertificateUse {
    /// Its own certificate.
    Own,
    /// The service's certificate as a client knows it beforehand.
    Known,
    /// Who the service must be.
    Identity,
    /// How the other side's certificate is checked.
    Check,
    /// Something beside certificates, at this place of the section `<waxwing>`: `store/@keyFile`.
    Section(&'static str),
}

/// Something remarkable about the certificates of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFinding {
    /// What it is about.
    pub about: CertificateUse,
    /// [`Severity::Error`]: the endpoint cannot run, unless the program gives the certificate (or
    /// the check) in code.
    pub severity: Severity,
    /// Stable identifier: `certificate-missing`.
    pub code: &'static str,
    /// What is wrong, in plain words.
    pub message: String,
    /// How to mend it.
    pub fix: String,
    /// What WCF says in its place.
    pub wcf_text: Option<String>,
}

impl CertificateStores {
    /// Looks every certificate of an endpoint up, checks it at the time `now` and tries the chains.
    /// Empty for a sound endpoint, and for one without security.
    pub fn inspect(&self, endpoint: &EffectiveEndpoint, now: Timestamp) -> Vec<CertificateFinding> {
        let mut inspection = Inspection { stores: self, endpoint, now, found: Vec::new() };
        if !endpoint.unsupported().is_empty() {
            return inspection.found;
        }
        if endpoint.security.is_some() {
            match endpoint.role {
                Role::Client => inspection.client(),
                Role::Service => inspection.service(),
            }
        }
        inspection.tls();
        inspection.found
    }
}

struct Inspection<'a> {
    stores: &'a CertificateStores,
    endpoint: &'a EffectiveEndpoint,
    now: Timestamp,
    found: Vec<CertificateFinding>,
}

impl Inspection<'_> {
    fn client(&mut self) {
        let of_tls = self.is_tls() && self.endpoint.transport.require_client_certificate;
        if let Some(reference) = self.endpoint.client_certificate().filter(|_| !of_tls) {
            self.own(&reference, CertificateStores::identity);
        }
        let Some(security) = &self.endpoint.security else { return };
        if !security.authentication.needs_service_certificate() {
            return;
        }
        self.trust();
        let known = match (&self.endpoint.identity, self.endpoint.known_service_certificate()) {
            _ if security.negotiated => None,
            (_, Some(reference)) => Some((reference, CertificateUse::Known)),
            (Some(ExpectedIdentity::CertificateReference(reference)), None) => {
                Some((reference.clone(), CertificateUse::Identity))
            }
            _ => None,
        };
        if let Some((reference, about)) = &known {
            self.known(reference, *about);
        }
        if let Some(ExpectedIdentity::Certificate(encoded)) = &self.endpoint.identity {
            match super::certificate_of_identity(encoded) {
                Ok(certificate) if known.is_none() && !security.negotiated => {
                    self.passes(&certificate, None, CertificateUse::Identity);
                }
                Ok(_) => {}
                Err(error) => self.not_encoded(error),
            }
        }
        let is_known = matches!(known, Some((_, CertificateUse::Identity)));
        if let (Some(ExpectedIdentity::CertificateReference(reference)), false) =
            (&self.endpoint.identity, is_known)
            && let Err(error) = self.stores.certificate(reference)
        {
            self.not_found(CertificateUse::Identity, reference, error);
        }
    }

    /// A certificate of the identity that cannot be read.
    fn not_encoded(&mut self, error: CertificateError) {
        let fix = "write what svcutil writes, or the certificate in DER as base64";
        let message = match error {
            CertificateError::Encoded(why) => format!("encodedValue cannot be used: {why}"),
            error => error.to_string(),
        };
        self.say(CertificateUse::Identity, Severity::Error, "certificate-identity", message, fix);
    }

    fn service(&mut self) {
        let of_tls = self.is_tls() && !self.shows_in_messages();
        if let Some(reference) = self.endpoint.service_certificate().filter(|_| !of_tls) {
            self.own(&reference, CertificateStores::identity);
        }
        let credential = self.endpoint.security.as_ref().map(|security| security.credential);
        if credential == Some(MessageCredentialType::Certificate) {
            self.trust();
        }
    }

    /// How the other side's certificate is checked.
    fn check(&self) -> Check {
        let client = &self.endpoint.client_credentials.service_certificate.authentication;
        let service = &self.endpoint.service_credentials.client_certificate.authentication;
        match self.endpoint.role {
            Role::Client => Check {
                mode: client.certificate_validation_mode,
                revocation: client.revocation_mode,
                location: client.trusted_store_location,
                usage: waxwing_crypto::Usage::Service,
            },
            Role::Service => Check {
                mode: service.certificate_validation_mode,
                revocation: service.revocation_mode,
                location: service.trusted_store_location,
                usage: waxwing_crypto::Usage::Client,
            },
        }
    }

    fn say(
        &mut self,
        about: CertificateUse,
        severity: Severity,
        code: &'static str,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) -> &mut CertificateFinding {
        let (message, fix) = (message.into(), fix.into());
        self.found.push(CertificateFinding { about, severity, code, message, fix, wcf_text: None });
        self.found.last_mut().expect("just pushed")
    }

    /// A reference that leads to no certificate.
    fn not_found(
        &mut self,
        about: CertificateUse,
        reference: &CertificateReference,
        error: CertificateError,
    ) {
        let criteria = reference.criteria();
        let message = match &error {
            // WCF's text has the criteria.
            CertificateError::NotFound { searched, present, .. } => {
                format!("the certificate is not there: searched {searched}; {present}")
            }
            CertificateError::Several { found, .. } => {
                format!("several certificates fit: {found}")
            }
            error => error.to_string(),
        };
        let (code, fix, wcf_text) = match &error {
            CertificateError::NotFound { .. } => (
                "certificate-missing",
                self.stores.where_else(reference),
                Some(format!(
                    "Cannot find the X.509 certificate using the following search criteria: {criteria}."
                )),
            ),
            CertificateError::Several { .. } => (
                "certificate-ambiguous",
                "name it by its thumbprint: x509FindType=\"FindByThumbprint\"".to_owned(),
                Some(format!(
                    "Found multiple X.509 certificates using the following search criteria: {criteria}. Provide a more \
                     specific find value."
                )),
            ),
            CertificateError::NoKey { .. } => (
                "certificate-key-missing",
                "put the private key there, or use the PKCS#12 file that has both".to_owned(),
                None,
            ),
            CertificateError::NoPassword { .. } | CertificateError::Password { .. } => (
                "certificate-password",
                "set the variable before the program starts".to_owned(),
                None,
            ),
            CertificateError::Unsupported(_) => {
                ("not-supported", "find it by its thumbprint or subject name".to_owned(), None)
            }
            CertificateError::File { .. }
            | CertificateError::Content { .. }
            | CertificateError::Encoded(_) => (
                "certificate-file",
                "mend the file or take it out of the folder: as long as it lies there, no certificate of the folder is found"
                    .to_owned(),
                None,
            ),
        };
        self.say(about, Severity::Error, code, message, fix).wcf_text = wcf_text;
    }
}

/// How certificates of the other side are checked.
struct Check {
    mode: X509CertificateValidationMode,
    revocation: waxwing_binding::X509RevocationMode,
    location: waxwing_binding::StoreLocation,
    usage: waxwing_crypto::Usage,
}
