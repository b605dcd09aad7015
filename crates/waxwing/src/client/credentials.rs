//! What certificate files and code say about the two ends: who the client is, whom it expects, whom it trusts.

use std::sync::Arc;

use waxwing_binding::{AuthenticationSchemes, CertificateReference, Identity as EndpointIdentity};
use waxwing_crypto::tls::{TlsConfig, TlsRole, TlsVersion};
use waxwing_crypto::{Certificate, CryptoError, Identity, Usage};
use waxwing_security::conversation::{
    ClientBinding, ClientCredential, ClientOptions, ExpectedIdentity,
};
use waxwing_security::negotiation::TlsEngines;
use waxwing_session::options;

use super::channel::out_of_date;
use super::error::{ChannelError, ChannelErrorKind};
use super::factory::ChannelFactory;
use super::prepared::Read;
use crate::authentication::TrustRule;
use crate::certificates::{CertificateError, CertificateStores, certificate_of_identity};
use crate::net::{HttpCredentials, HttpScheme};
use crate::requirements::{self, requirements};

impl ChannelFactory {
    fn options(&self) -> Result<ClientOptions, ChannelError> {
        let endpoint = &self.endpoint;
        let certificate = |e: CertificateError| {
            ChannelError::new(ChannelErrorKind::Certificate(e), &endpoint.address)
        };
        let mut options = ClientOptions::new(endpoint.address.as_str());
        options::fill_client_options(&mut options, endpoint);
        options.flow = options::flow(endpoint, self.contract.callback().is_some());
        for settings in [&mut options.settings, &mut options.bootstrap] {
            settings.password_type = self.password_type;
        }
        let (contract, level) = (&self.contract, self.protection_level);
        options.requirements = requirements([contract], level, endpoint.reliable_session.is_some());
        for (local, namespace) in &self.signed_headers {
            options.requirements.sign_header(namespace, local);
        }
        let Some(security) = &endpoint.security else {
            return match requirements::unmet(contract, level, endpoint) {
                Some(text) => Err(ChannelError::incomplete(text, &endpoint.address)),
                None => Ok(options),
            };
        };
        let identity = self.own_identity(CertificateStores::identity).map_err(certificate)?;
        options.credential = self.credential(identity.as_ref())?;
        if security.over_transport {
            options.binding = Some(ClientBinding::Transport);
            return Ok(options);
        }
        if let Some(expected) = self.expected_identity()? {
            options.identity = expected;
        }
        options.binding = match security.negotiated {
            // A certificate is shown only where the binding says so: whoever is anonymous or a user
            // name stays that, even if the service asks in the handshake.
            true => {
                let shown = identity
                    .as_ref()
                    .filter(|_| matches!(options.credential, ClientCredential::Certificate { .. }));
                Some(ClientBinding::Negotiated(self.tls(shown)?))
            }
            false => {
                let known = self.known_certificate().map_err(certificate)?;
                match options::certificate_tokens(security) {
                    Some(shown) => {
                        known.map(|service| ClientBinding::Asymmetric { service, shown })
                    }
                    None => known.map(ClientBinding::Symmetric),
                }
            }
        };
        Ok(options)
    }

    /// Everything that certificate files say. Blocks.
    pub(super) fn read(&self) -> Result<Read, ChannelError> {
        let failed =
            |error| ChannelError::new(ChannelErrorKind::Certificate(error), &self.endpoint.address);
        let trust = match &self.trust {
            Some(rule) => Some(rule.clone()),
            // Without security nobody shows a certificate.
            None if self.endpoint.security.is_none() => None,
            // The connection proves the service.
            None if self.endpoint.security.as_ref().is_some_and(|s| s.over_transport) => None,
            None => Some(self.configured_trust().map_err(failed)?),
        };
        let http = self.http_credentials()?.map(Arc::new);
        let transport = match self.given_transport()? {
            Some(_) => None,
            None if self.is_over_links() || self.is_streamed_over_links() => None,
            None => Some(self.built_in()?),
        };
        let options = self.options()?;
        let own_certificate = match &options.credential {
            ClientCredential::Certificate { certificate, .. } => Some(certificate.clone()),
            _ if transport.is_some() => self.certificate_of_tls()?,
            _ => None,
        };
        let dialer = match self.tcp_dialer()? {
            Some(dialer) => Some(dialer),
            None => self.web_socket_dialer()?,
        };
        Ok(Read { options, own_certificate, trust, http, transport, dialer })
    }

    /// Warns of an own certificate that is not valid today.
    pub(super) fn warn_of_dates(&self, own: Option<&Certificate>) {
        let problem = own.and_then(|certificate| out_of_date(certificate, self.clock.wall()));
        if let Some(text) = problem {
            tracing::warn!(address = self.endpoint.address, "{text}");
        }
    }

    /// Who the client is to HTTP; none where the binding does not say that it says so there.
    fn http_credentials(&self) -> Result<Option<HttpCredentials>, ChannelError> {
        let transport = &self.endpoint.transport;
        let scheme = match transport.authentication {
            AuthenticationSchemes::BASIC => HttpScheme::Basic,
            AuthenticationSchemes::DIGEST => HttpScheme::Digest,
            _ => return Ok(None),
        };
        let incomplete = |text: &str| ChannelError::incomplete(text, &self.endpoint.address);
        let of_digest = self.http_digest.as_ref().filter(|_| scheme == HttpScheme::Digest);
        let Some((name, password)) = of_digest.or(self.user_name.as_ref()) else {
            return Err(incomplete(
                "The username is not provided. Specify username in ClientCredentials: ChannelFactory::user_name (a \
                 configuration file has no place for passwords) [user-name-missing]",
            ));
        };
        let credentials =
            HttpCredentials::new(scheme, name, password.clone()).map_err(incomplete)?;
        // Over plain HTTP only where the binding itself is of plain HTTP: TransportCredentialOnly, or <httpTransport>.
        Ok(Some(match transport.scheme.as_str() {
            "http" => credentials.without_tls(),
            _ => credentials,
        }))
    }

    pub(super) fn configured_trust(&self) -> Result<TrustRule, CertificateError> {
        let check = &self.endpoint.client_credentials.service_certificate.authentication;
        self.stores.trust(
            check.certificate_validation_mode,
            check.revocation_mode,
            check.trusted_store_location,
            Usage::Service,
        )
    }

    /// The client's own certificate, found by `find`: for messages, or for TLS.
    pub(super) fn own_identity(
        &self,
        find: fn(&CertificateStores, &CertificateReference) -> Result<Identity, CertificateError>,
    ) -> Result<Option<Identity>, CertificateError> {
        match (&self.certificate, self.endpoint.client_certificate()) {
            (Some(identity), _) => Ok(Some(identity.clone())),
            (None, Some(reference)) => find(&self.stores, &reference).map(Some),
            (None, None) => Ok(None),
        }
    }

    fn credential(&self, identity: Option<&Identity>) -> Result<ClientCredential, ChannelError> {
        use waxwing_binding::MessageCredentialType as Type;
        let missing = |text: &str| ChannelError::incomplete(text, &self.endpoint.address);
        match self.endpoint.security.as_ref().map(|s| s.credential) {
            None | Some(Type::None) => Ok(ClientCredential::None),
            Some(Type::Certificate) => match identity {
                Some(Identity { certificate, key, .. }) => {
                    certificate.require_rsa().map_err(|error| missing(&error.to_string()))?;
                    Ok(ClientCredential::Certificate {
                        certificate: certificate.clone(),
                        key: key.clone(),
                    })
                }
                None => Err(missing(
                    "The client certificate is not provided. Specify a client certificate in ClientCredentials: \
                     <clientCredentials><clientCertificate …/> of the endpoint's behavior, or \
                     ChannelFactory::client_certificate [client-certificate-missing]",
                )),
            },
            Some(Type::UserName) => match &self.user_name {
                Some((name, password)) => Ok(ClientCredential::UserName {
                    username: name.as_str().into(),
                    password: Some(password.clone()),
                }),
                None => Err(missing(
                    "The username is not provided. Specify username in ClientCredentials: ChannelFactory::user_name \
                     (a configuration file has no place for passwords) [user-name-missing]",
                )),
            },
            Some(other) => {
                let text =
                    format!("clientCredentialType=\"{other}\" is not supported by this version");
                Err(ChannelError::new(ChannelErrorKind::Unsupported(text), &self.endpoint.address))
            }
        }
    }

    /// The identity that is set; none: the DNS name that is the host of the address.
    pub(super) fn expected_identity(&self) -> Result<Option<ExpectedIdentity>, ChannelError> {
        let address = &self.endpoint.address;
        let bad = |text: String| ChannelError::incomplete(text, address);
        if self.identity.is_some() {
            return Ok(self.identity.clone());
        }
        let Some(identity) = &self.endpoint.identity else { return Ok(None) };
        Ok(Some(match identity {
            EndpointIdentity::Dns(name) => ExpectedIdentity::Dns(name.as_str().into()),
            EndpointIdentity::Certificate(encoded) => {
                let certificate = certificate_of_identity(encoded);
                ExpectedIdentity::Certificate(
                    certificate.map_err(|e| {
                        ChannelError::new(ChannelErrorKind::Certificate(e), address)
                    })?,
                )
            }
            EndpointIdentity::CertificateReference(reference) => {
                let found = self.stores.certificate(reference);
                let found = found
                    .map_err(|e| ChannelError::new(ChannelErrorKind::Certificate(e), address))?;
                ExpectedIdentity::Certificate(found)
            }
            EndpointIdentity::Rsa(value) => {
                ExpectedIdentity::PublicKey(rsa_key(value).map_err(bad)?)
            }
            other => {
                let text = format!(
                    "the identity {other:?} of the endpoint cannot be checked against a certificate"
                );
                return Err(ChannelError::new(ChannelErrorKind::Unsupported(text), address));
            }
        }))
    }

    /// The service's certificate as it is known beforehand: set in code, in the credentials, or as identity.
    fn known_certificate(&self) -> Result<Option<Certificate>, CertificateError> {
        if let Some(certificate) = &self.service_certificate {
            let unusable = |error: CryptoError| CertificateError::Unsupported(error.to_string());
            certificate.require_rsa().map_err(unusable)?;
            return Ok(Some(certificate.clone()));
        }
        if let Some(reference) = self.endpoint.known_service_certificate() {
            return self.stores.certificate(&reference).map(Some);
        }
        match (&self.identity, &self.endpoint.identity) {
            (Some(ExpectedIdentity::Certificate(certificate)), _) => Ok(Some(certificate.clone())),
            (None, Some(EndpointIdentity::Certificate(encoded))) => {
                certificate_of_identity(encoded).map(Some)
            }
            (None, Some(EndpointIdentity::CertificateReference(reference))) => {
                self.stores.certificate(reference).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn tls(&self, identity: Option<&Identity>) -> Result<Arc<dyn TlsEngines>, ChannelError> {
        if self.oldest_tls != TlsVersion::Tls12 {
            tracing::warn!(
                address = self.endpoint.address,
                "broken versions of TLS are allowed in the negotiation"
            );
        }
        let config = TlsConfig::new(TlsRole::Client, identity, self.oldest_tls);
        let config =
            config.map_err(|e| ChannelError::incomplete(e.to_string(), &self.endpoint.address))?;
        Ok(Arc::new(config))
    }
}

/// The key of `<rsa value="…"/>`: an RSAKeyValue (XML Signature §4.4.2.2) as .NET writes it, as text of an attribute.
fn rsa_key(value: &str) -> Result<Vec<u8>, String> {
    use base64::Engine;
    let bad = |what: &str| format!("the identity's rsa value is no RSAKeyValue: {what}");
    let document = waxwing_xml::Document::parse(value.trim(), &waxwing_xml::Limits::SOAP);
    let document = document.map_err(|e| bad(&e.to_string()))?;
    let number = |name: &str| {
        let element = document.root().elements().find(|e| e.local_name() == name);
        let text: String =
            element.map(|e| e.text().split_whitespace().collect()).unwrap_or_default();
        let octets = base64::engine::general_purpose::STANDARD.decode(text);
        octets
            .ok()
            .filter(|o| !o.is_empty())
            .ok_or_else(|| bad(&format!("{name} is missing or no base64")))
    };
    let key = waxwing_crypto::rsa_public_key_der(&number("Modulus")?, &number("Exponent")?);
    key.map_err(|e| bad(&e.to_string()))
}
