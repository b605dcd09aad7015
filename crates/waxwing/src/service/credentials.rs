//! Who a service is, and how it knows its clients.

use std::ops::RangeInclusive;
use std::sync::Arc;

use waxwing_binding::{EffectiveEndpoint, MessageCredentialType, UserNamePasswordValidationMode};
use waxwing_crypto::tls::{TlsConfig, TlsRole, TlsVersion};
use waxwing_crypto::{Identity, Usage};
use waxwing_security::conversation::{ClientIdentification, ServiceBinding, ServiceOptions};
use waxwing_security::wsse::PasswordType;
use waxwing_session::options;
use waxwing_soap::RandomSource;
use zeroize::Zeroizing;

use super::admittance::Admittance;
use super::contracts::Contracts;
use super::cookies::Cookies;
use super::error::{HostError, incomplete};
use crate::authentication::{DigestRule, Judge, PasswordRule, TrustRule, UserNameRule};
use crate::certificates::{CertificateError, CertificateStores};
use crate::contract::{OwnedContract, ProtectionLevel};
use crate::environment::SystemRandom;
use crate::net::HttpAuthentication;
use crate::requirements::{self, requirements};

/// What code says of them; the rest is in the file.
pub(super) struct Credentials {
    pub(super) stores: CertificateStores,
    pub(super) certificate: Option<Identity>,
    pub(super) trust: Option<TrustRule>,
    pub(super) user_names: Option<UserNameRule>,
    pub(super) digests: Option<DigestRule>,
    /// Where there is one, messages show digests of passwords.
    pub(super) passwords: Option<PasswordRule>,
    pub(super) oldest_tls: TlsVersion,
    /// That of `https` addresses, where it is another one.
    pub(super) https_certificate: Option<Identity>,
    pub(super) tls_versions: Option<RangeInclusive<TlsVersion>>,
    pub(super) protection_level: Option<ProtectionLevel>,
    pub(super) signed_headers: Vec<(String, String)>,
    /// The keys of security contexts that the service does not remember.
    pub(super) cookies: Cookies,
}

impl Credentials {
    pub(super) fn new() -> Self {
        Self {
            stores: CertificateStores::new("certificates"),
            certificate: None,
            trust: None,
            user_names: None,
            digests: None,
            passwords: None,
            oldest_tls: TlsVersion::Tls12,
            https_certificate: None,
            tls_versions: None,
            protection_level: None,
            signed_headers: Vec::new(),
            cookies: Cookies::default(),
        }
    }

    /// What the security of an endpoint needs.
    ///
    /// # Errors
    /// Something is missing, cannot be used, or is not supported.
    pub(super) fn options(
        &self,
        endpoint: &EffectiveEndpoint,
        contracts: &Contracts,
    ) -> Result<ServiceOptions, HostError> {
        let certificate_error = |error: CertificateError| HostError::Certificate {
            address: endpoint.address.clone(),
            error,
        };
        let contracts: Vec<_> = contracts.iter().map(OwnedContract::from).collect();
        if let Some(text) = contracts.iter().find_map(|c| requirements::refused(c, endpoint)) {
            return Err(incomplete(&endpoint.address, text));
        }
        let mut options = ServiceOptions::new(Self::identification(endpoint)?);
        options::fill_service_options(&mut options, endpoint);
        options.cookies.keys = self.cookies.of(endpoint)?;
        self.agree_on_passwords(&mut options);
        let level = self.protection_level;
        options.requirements = requirements(&contracts, level, endpoint.reliable_session.is_some());
        for (local, namespace) in &self.signed_headers {
            options.requirements.sign_header(namespace, local);
        }
        let Some(security) = &endpoint.security else {
            let mut unmet =
                contracts.iter().filter_map(|c| requirements::unmet(c, level, endpoint));
            return match unmet.next() {
                Some(text) => Err(incomplete(&endpoint.address, text)),
                None => Ok(options),
            };
        };
        if security.over_transport {
            // The connection has the certificate.
            let allow_insecure = security.allows_insecure_transport();
            options.binding = Some(ServiceBinding::Transport { allow_insecure });
            return Ok(options);
        }
        let identity = match (&self.certificate, endpoint.service_certificate()) {
            (Some(identity), _) => {
                let usable = identity.certificate.require_rsa();
                usable.map_err(|error| incomplete(&endpoint.address, error.to_string()))?;
                identity.clone()
            }
            (None, Some(reference)) => {
                self.stores.identity(&reference).map_err(certificate_error)?
            }
            (None, None) => {
                return Err(incomplete(
                    &endpoint.address,
                    "The service certificate is not provided. Specify a service certificate in ServiceCredentials: \
                     <serviceCredentials><serviceCertificate …/> of the service's behavior, or \
                     ServiceHostBuilder::certificate [service-certificate-missing]",
                ));
            }
        };
        let binding = if security.negotiated {
            let request_certificate = security.credential == MessageCredentialType::Certificate;
            if self.oldest_tls != TlsVersion::Tls12 {
                tracing::warn!(
                    address = endpoint.address,
                    "broken versions of TLS are allowed in the negotiation"
                );
            }
            let tls = TlsConfig::new(
                TlsRole::Server { request_certificate },
                Some(&identity),
                self.oldest_tls,
            );
            let tls = tls.map_err(|e| incomplete(&endpoint.address, e.to_string()))?;
            ServiceBinding::Negotiated(Arc::new(tls))
        } else {
            let Identity { certificate, key, .. } = identity;
            match options::certificate_tokens(security) {
                Some(shown) => ServiceBinding::Asymmetric { certificate, key, shown },
                None => ServiceBinding::Symmetric { certificate, key },
            }
        };
        options.binding = Some(binding);
        Ok(options)
    }

    /// The certificate, in DER, that the metadata of an endpoint tells as its identity: the one that protects messages. None where the
    /// connection does; what is wrong with it is told when the endpoint opens.
    pub(super) fn told_certificate(&self, endpoint: &EffectiveEndpoint) -> Option<Vec<u8>> {
        endpoint.security.as_ref().filter(|security| !security.over_transport)?;
        let own = self.certificate.clone();
        let identity =
            own.or_else(|| self.stores.identity(&endpoint.service_certificate()?).ok())?;
        Some(identity.certificate.der().to_vec())
    }

    /// Passwords come as digests where there is a store of them.
    fn agree_on_passwords(&self, options: &mut ServiceOptions) {
        if self.passwords.is_some() {
            for settings in [&mut options.settings, &mut options.bootstrap] {
                settings.password_type = PasswordType::Digest;
            }
        }
    }

    fn identification(endpoint: &EffectiveEndpoint) -> Result<ClientIdentification, HostError> {
        match endpoint.security.as_ref().map(|security| security.credential) {
            None | Some(MessageCredentialType::None) => Ok(ClientIdentification::None),
            Some(MessageCredentialType::Certificate) => Ok(ClientIdentification::Certificate),
            Some(MessageCredentialType::UserName) => Ok(ClientIdentification::UserName),
            Some(other) => Err(HostError::Unsupported {
                address: endpoint.address.clone(),
                text: format!("clientCredentialType=\"{other}\" is not supported by this version"),
            }),
        }
    }

    /// Who decides about the clients of an endpoint, whether their messages or their connections say who they are.
    ///
    /// # Errors
    /// There is nobody, or the certificates that are to be trusted cannot be read.
    pub(super) fn judge(&self, endpoint: &EffectiveEndpoint) -> Result<Judge, HostError> {
        let (messages, transport) = (Self::identification(endpoint)?, Admittance::of(endpoint));
        let certificates =
            messages == ClientIdentification::Certificate || transport == Admittance::Certificate;
        let (basic, digest) = match transport {
            Admittance::Login { basic, digest } => (basic, digest),
            _ => (false, false),
        };
        let named = messages == ClientIdentification::UserName;
        let passwords = self.passwords.clone().filter(|_| named);
        let user_names = (named && passwords.is_none()) || basic;
        let trust = certificates.then(|| self.client_trust(endpoint)).transpose()?;
        let user_names = user_names.then(|| self.validator(endpoint)).transpose()?;
        let digests = digest.then(|| self.digest_store(endpoint)).transpose()?;
        Ok(Judge::new(trust, user_names).with_digests(digests).with_passwords(passwords))
    }

    fn client_trust(&self, endpoint: &EffectiveEndpoint) -> Result<TrustRule, HostError> {
        if let Some(rule) = &self.trust {
            return Ok(rule.clone());
        }
        let check = &endpoint.service_credentials.client_certificate.authentication;
        let rule = self.stores.trust(
            check.certificate_validation_mode,
            check.revocation_mode,
            check.trusted_store_location,
            Usage::Client,
        );
        let failed = |error| HostError::Certificate { address: endpoint.address.clone(), error };
        rule.map_err(failed)
    }

    fn validator(&self, endpoint: &EffectiveEndpoint) -> Result<UserNameRule, HostError> {
        if let Some(rule) = &self.user_names {
            return Ok(rule.clone());
        }
        let authentication = &endpoint.service_credentials.user_name_authentication;
        let hint = match authentication.user_name_password_validation_mode {
            UserNamePasswordValidationMode::Custom => {
                "the custom validator of the file is a .NET type"
            }
            _ => "Windows accounts and membership providers do not exist here",
        };
        let text = format!(
            "{hint}: give a validator of user names in code (ServiceHostBuilder::user_names)"
        );
        Err(incomplete(&endpoint.address, text))
    }

    fn digest_store(&self, endpoint: &EffectiveEndpoint) -> Result<DigestRule, HostError> {
        let missing = "HTTP Digest needs what is kept of each user, and there is no domain to ask here (in WCF its \
                       controller knows the accounts): give a store of passwords or of their digests in code \
                       (ServiceHostBuilder::digest_store)";
        self.digests.clone().ok_or_else(|| incomplete(&endpoint.address, missing))
    }

    /// How an endpoint asks for user names over HTTP; none where it does not.
    ///
    /// # Errors
    /// The realm cannot be written, or there is no store to ask.
    pub(super) fn http_authentication(
        &self,
        endpoint: &EffectiveEndpoint,
    ) -> Result<Option<HttpAuthentication>, HostError> {
        let Admittance::Login { basic, digest } = Admittance::of(endpoint) else { return Ok(None) };
        let asks = HttpAuthentication::new(&endpoint.transport.realm);
        let mut asks = asks.map_err(|text| incomplete(&endpoint.address, text))?;
        if digest {
            let mut key = Zeroizing::new([0; 32]);
            SystemRandom.fill(&mut *key);
            asks = asks.with_digest(self.digest_store(endpoint)?.algorithms(), key);
        }
        if basic {
            asks = asks.with_basic();
        }
        Ok(Some(asks))
    }
}
