//! TLS of a client's connections: whom it trusts, what it shows, as binding, credentials and code say it.

use std::sync::Arc;

use waxwing_binding::Identity as EndpointIdentity;
use waxwing_crypto::https::TlsProfile;
use waxwing_crypto::tls::TlsVersion;
use waxwing_crypto::{Certificate, Identity, Usage};
use waxwing_security::PeerTag;
use waxwing_security::conversation::{CertificateEvidence, ExpectedIdentity};
use waxwing_soap::Address;

use super::error::{ChannelError, ChannelErrorKind};
use super::factory::ChannelFactory;
use crate::authentication::{Evidence, Judge, TrustRule};
use crate::certificates::{
    CertificateError, CertificateStores, ServerRoots, certificates_of_identity,
};
use crate::environment::Clock;
use crate::future::BoxFuture;
use crate::net::{ClientTls, Distrust, ServerTrust};

impl ChannelFactory {
    /// Whether messages go over TLS.
    pub(super) fn is_https(&self) -> bool {
        Address::of(self.place()).has_scheme("https")
    }

    /// TLS for messages to an `https` address; none to others. Blocks: certificate files are read.
    pub(super) fn tls_below(&self) -> Result<Option<ClientTls>, ChannelError> {
        if !self.is_https() {
            return Ok(None);
        }
        let identity = self.shown()?;
        self.tls_with(identity.as_ref(), self.server_trust()?).map(Some)
    }

    /// The client's own certificate for TLS, where it is shown.
    pub(super) fn certificate_of_tls(&self) -> Result<Option<Certificate>, ChannelError> {
        if !self.is_https() {
            return Ok(None);
        }
        Ok(self.shown()?.map(|identity| identity.certificate))
    }

    /// TLS with a proxy: it is trusted by the roots and the name of its host alone, and no certificate is shown to it.
    pub(super) fn tls_of_proxy(&self) -> Result<ClientTls, ChannelError> {
        let trust = Arc::new(ByRoots { roots: self.roots()?, pinned: None, clock: self.clock });
        self.tls_with(None, trust)
    }

    fn tls_with(
        &self,
        identity: Option<&Identity>,
        trust: Arc<dyn ServerTrust>,
    ) -> Result<ClientTls, ChannelError> {
        let profile = self.tls_profile()?;
        ClientTls::new(profile, identity, trust)
            .map_err(|e| ChannelError::incomplete(e.to_string(), &self.endpoint.address))
    }

    /// The versions of TLS that are spoken.
    pub(super) fn tls_profile(&self) -> Result<TlsProfile, ChannelError> {
        let incomplete = |text: String| ChannelError::incomplete(text, &self.endpoint.address);
        let profile = match &self.tls_versions {
            Some(versions) => TlsProfile { versions: versions.clone(), ..TlsProfile::default() },
            None => self.stores.tls_profile().map_err(incomplete)?,
        };
        if *profile.versions.start() < TlsVersion::Tls12 {
            let (address, scheme) = (&self.endpoint.address, &self.endpoint.transport.scheme);
            tracing::warn!(address, scheme, "broken versions of TLS are allowed");
        }
        Ok(profile)
    }

    /// The certificate that is shown to the server: where the binding requires one, and nowhere else.
    pub(super) fn shown(&self) -> Result<Option<Identity>, ChannelError> {
        if !self.endpoint.transport.require_client_certificate {
            return Ok(None);
        }
        let found = self
            .own_identity(CertificateStores::tls_identity)
            .map_err(|error| self.certificate(error))?;
        found.map(Some).ok_or_else(|| {
            let text = "The client certificate is not provided. Specify a client certificate in ClientCredentials: \
                        <clientCredentials><clientCertificate …/> of the endpoint's behavior, or \
                        ChannelFactory::client_certificate [client-certificate-missing]";
            ChannelError::incomplete(text, &self.endpoint.address)
        })
    }

    fn certificate(&self, error: CertificateError) -> ChannelError {
        ChannelError::new(ChannelErrorKind::Certificate(error), &self.endpoint.address)
    }

    /// Who decides about the server: the rule of the program, or that of `<sslCertificateAuthentication>`, **each in place
    /// of everything else, the name of the host included, as in WCF**; or the roots of the system, the Root folders and the
    /// program, with the certificate that is pinned.
    fn server_trust(&self) -> Result<Arc<dyn ServerTrust>, ChannelError> {
        let clock = self.clock;
        if let Some(rule) = &self.https_trust {
            let others = match self.https_roots.is_empty() {
                true => "",
                false => ", and https_roots does nothing beside it",
            };
            tracing::warn!(
                address = self.endpoint.address,
                "https_trust decides about the server's certificate; whether it is the host's is not checked{others} (to \
                 believe one more authority, take https_roots)"
            );
            return Ok(Arc::new(ByRule::new(rule.clone(), clock)));
        }
        let check = &self.endpoint.client_credentials.service_certificate;
        let replaced = check.ssl_certificate_authentication.as_ref();
        if replaced.is_some() && !self.https_roots.is_empty() {
            tracing::warn!(
                address = self.endpoint.address,
                "https_roots goes before sslCertificateAuthentication of the file, which does nothing"
            );
        } else if let Some(check) = replaced {
            tracing::warn!(
                address = self.endpoint.address,
                "sslCertificateAuthentication decides about the server's certificate; whether it is the host's is not checked"
            );
            let rule = self.stores.trust(
                check.certificate_validation_mode,
                check.revocation_mode,
                check.trusted_store_location,
                Usage::Service,
            );
            let rule = rule.map_err(|e| self.certificate(e))?;
            return Ok(Arc::new(ByRule::new(rule, clock)));
        }
        Ok(Arc::new(ByRoots { roots: self.roots()?, pinned: self.pinned()?, clock }))
    }

    /// The roots of the system, of the folders and of the program.
    fn roots(&self) -> Result<ServerRoots, ChannelError> {
        let roots = self.stores.server_roots().map_err(|error| self.certificate(error))?;
        Ok(roots.and(self.https_roots.iter().cloned()))
    }

    /// The certificate that the endpoint's identity demands. Names of it are not compared, as in WCF: the host's is.
    fn pinned(&self) -> Result<Option<Certificate>, ChannelError> {
        let refused = |text: &str| ChannelError::incomplete(text, &self.endpoint.address);
        let explicit = || {
            refused(
                "The HTTPS channel factory does not support explicit specification of an identity in the EndpointAddress \
                 unless the authentication scheme is NTLM or Negotiate. Take <rsa> out of the <identity>, or pin the \
                 certificate with <certificate encodedValue=\"…\"/>",
            )
        };
        match &self.identity {
            Some(ExpectedIdentity::Certificate(certificate)) => {
                return Ok(Some(certificate.clone()));
            }
            Some(ExpectedIdentity::PublicKey(_)) => return Err(explicit()),
            Some(_) => return Ok(None),
            None => {}
        }
        match &self.endpoint.identity {
            Some(EndpointIdentity::Certificate(encoded)) => {
                let all = certificates_of_identity(encoded).map_err(|e| self.certificate(e))?;
                if all.len() > 1 {
                    return Err(refused(
                        "The endpoint identity specified when creating the HTTPS channel factory contains multiple server \
                         certificates.  However, the HTTPS channel factory only supports the specification of a single \
                         server certificate.  In order to create an HTTPS channel factory, please specify a single server \
                         certificate in the endpoint identity.",
                    ));
                }
                Ok(all.into_iter().next())
            }
            Some(EndpointIdentity::CertificateReference(reference)) => {
                self.stores.tls_certificate(reference).map(Some).map_err(|e| self.certificate(e))
            }
            Some(EndpointIdentity::Rsa(_)) => Err(explicit()),
            _ => Ok(None),
        }
    }
}

/// A rule decides, and nothing else.
pub(super) struct ByRule {
    rule: TrustRule,
    judge: Judge,
    clock: Clock,
}

impl ByRule {
    pub(super) fn new(rule: TrustRule, clock: Clock) -> Self {
        Self { judge: Judge::new(Some(rule.clone()), None), rule, clock }
    }
}

impl ServerTrust for ByRule {
    fn quick(&self, shown: &[Certificate], _host: &str) -> Option<Result<(), Distrust>> {
        let (own, chain) = shown.split_first()?;
        let verdict = self.rule.quick(own, chain, self.clock.wall())?;
        Some(verdict.map_err(Distrust::Certificate))
    }

    fn ask<'a>(
        &'a self,
        shown: &'a [Certificate],
        _host: &'a str,
    ) -> BoxFuture<'a, Result<(), Distrust>> {
        Box::pin(async move {
            let Some((own, chain)) = shown.split_first() else {
                return Err(Distrust::Certificate("it showed no certificate".to_owned()));
            };
            let (certificate, chain) = (own.clone(), chain.to_vec());
            let evidence = CertificateEvidence { certificate, chain, usage: Usage::Service };
            let (evidence, now) = (Evidence::Certificate(evidence), self.clock.wall());
            let verdict = self.judge.verdict(evidence, PeerTag::UNKNOWN, now).await;
            verdict.map_err(Distrust::Certificate)
        })
    }
}

/// A chain to a trusted root decides, the name of the host, and the certificate that is pinned.
struct ByRoots {
    roots: ServerRoots,
    pinned: Option<Certificate>,
    clock: Clock,
}

impl ByRoots {
    fn check(&self, shown: &[Certificate], host: &str) -> Result<(), Distrust> {
        let Some((own, chain)) = shown.split_first() else {
            return Err(Distrust::Certificate("it showed no certificate".to_owned()));
        };
        self.roots.check(own, chain, host, self.clock.wall()).map_err(Distrust::Certificate)?;
        match &self.pinned {
            Some(pinned) if pinned != own => Err(Distrust::Identity(format!(
                "The server certificate with name '{}' failed identity verification because its thumbprint ('{}') does not \
                 match the one specified in the endpoint identity ('{}').  As a result, the current HTTPS request has \
                 failed.  Please update the endpoint identity used on the client or the certificate used by the server.",
                own.subject_windows(),
                own.thumbprint_hex(),
                pinned.thumbprint_hex()
            ))),
            _ => Ok(()),
        }
    }
}

impl ServerTrust for ByRoots {
    fn quick(&self, shown: &[Certificate], host: &str) -> Option<Result<(), Distrust>> {
        Some(self.check(shown, host))
    }

    fn ask<'a>(
        &'a self,
        shown: &'a [Certificate],
        host: &'a str,
    ) -> BoxFuture<'a, Result<(), Distrust>> {
        Box::pin(async move { self.check(shown, host) })
    }
}
