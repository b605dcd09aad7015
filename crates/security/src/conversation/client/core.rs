//! What every secured client holds.

use waxwing_crypto::Certificate;
use waxwing_soap::RandomSource;

use super::super::binding::{BindingKind, ClientBinding};
use super::super::credentials::ClientCredential;
use super::super::error::ClientError;
use super::super::evidence::Verdict;
use super::super::options::ClientOptions;
use super::super::saved::{SavedClientContext, SavedKey};
use crate::negotiation::{NegotiationClient, NegotiationOptions};
use crate::protection::ProtectionRequirements;
use crate::wsse::{
    ContextToken, ContextUse, IdSource, ReplayCache, TokenKey, TokenResolver, UuidIds,
};

/// Options, identifiers and the memory of replies.
pub(super) struct Core {
    pub(super) options: ClientOptions,
    /// The requirements of the messages that issue and renew sessions.
    pub(super) trust_requirements: ProtectionRequirements,
    /// Identifiers of tokens and timestamps.
    pub(super) ids: UuidIds,
    /// Identifiers of certificate tokens, of another generator as WCF's.
    pub(super) certificate_ids: UuidIds,
    pub(super) replay: Option<ReplayCache>,
    /// The service's certificate, once it is trusted.
    pub(super) service_certificate: Option<Certificate>,
}

impl Core {
    pub(super) fn new(
        mut options: ClientOptions,
        random: &mut dyn RandomSource,
    ) -> Result<Self, ClientError> {
        if options.binding.is_none() {
            return Err(ClientError::Configuration(
                "the service's certificate is not known: with negotiateServiceCredential=\"false\" \
                 give it in clientCredentials/serviceCertificate or as the endpoint's identity",
            ));
        }
        let signs = matches!(options.credential, ClientCredential::Certificate { .. });
        if matches!(options.binding, Some(ClientBinding::Asymmetric { .. })) && !signs {
            return Err(ClientError::Configuration(
                "the client has no certificate, with whose key its messages are to be signed: give one in \
                 clientCredentials/clientCertificate",
            ));
        }
        if options.is_by_transport() && matches!(options.credential, ClientCredential::None) {
            return Err(ClientError::Configuration(
                "ClientCredentialType.None is not valid for the TransportWithMessageCredential security mode. Specify \
                 a message credential type or use a different security mode.",
            ));
        }
        if let Some(refusal) = options.refusal() {
            return Err(ClientError::Configuration(refusal));
        }
        let memory = || ReplayCache::with_capacity(&options.settings, options.replay_cache_size);
        let replay = options.detect_replays.then(memory);
        let mut trust_requirements = ProtectionRequirements::for_bootstrap();
        options.flow.complete(&mut options.requirements, &mut trust_requirements);
        for requirements in [&mut options.requirements, &mut trust_requirements] {
            requirements.sign_in_requests(options.headers.names());
        }
        Ok(Self {
            options,
            trust_requirements,
            ids: UuidIds::new(random),
            certificate_ids: UuidIds::new(random),
            replay,
            service_certificate: None,
        })
    }

    /// The service's certificate was judged: it is trusted and is the expected one, or the exchange is over.
    pub(super) fn judged(
        &self,
        certificate: &Certificate,
        verdict: Verdict,
    ) -> Result<(), ClientError> {
        verdict.map_err(|reason| ClientError::UntrustedService {
            subject: certificate.subject_windows(),
            reason,
        })?;
        Ok(self.options.identity.check(certificate)?)
    }

    /// What is kept of a context with these keys.
    pub(super) fn saved(&self, keys: Vec<SavedKey>, accepted: bool) -> SavedClientContext {
        let certificate = self.service_certificate.as_ref();
        let service_certificate = certificate.map(|certificate| certificate.der().to_vec());
        SavedClientContext { keys, service_certificate, accepted }
    }

    /// The service's certificate comes back with its context: it was trusted then, and must be the one that is expected now.
    pub(super) fn restore_certificate(
        &mut self,
        saved: &SavedClientContext,
    ) -> Result<(), ClientError> {
        let Some(der) = &saved.service_certificate else { return Ok(()) };
        let certificate = Certificate::from_der(der)
            .map_err(|_| ClientError::NotRestored("the service's certificate cannot be read"))?;
        self.options.identity.check(&certificate)?;
        self.service_certificate = Some(certificate);
        Ok(())
    }

    /// The service's certificate when it is known beforehand: nothing is encrypted for it before it is judged.
    pub(super) fn known_certificate(&self) -> Option<&Certificate> {
        match self.options.binding.as_ref()? {
            ClientBinding::Symmetric(certificate)
            | ClientBinding::Asymmetric { service: certificate, .. } => Some(certificate),
            ClientBinding::Negotiated(_) | ClientBinding::Transport => None,
        }
    }

    /// Starts a negotiation.
    pub(super) fn negotiate(
        &mut self,
        random: &mut dyn RandomSource,
    ) -> Result<(NegotiationClient, waxwing_soap::Envelope), ClientError> {
        let Some(ClientBinding::Negotiated(engines)) = &self.options.binding else {
            return Err(ClientError::State("this client does not negotiate"));
        };
        let engine = engines.engine().map_err(ClientError::Negotiation)?;
        let options = NegotiationOptions {
            headers: self.options.headers.clone(),
            dialect: self.options.bootstrap.dialect,
            version: self.options.version,
            address: self.options.address.clone(),
            key_size: self.options.bootstrap.suite.default_key_length() as u32 * 8,
        };
        let context = self.ids.next_id();
        Ok(NegotiationClient::start(options, engine, &context, random)?)
    }

    /// The credential's certificate endorses messages, unless a negotiation brought it or it signs them itself.
    pub(super) fn endorsing_certificate(&self) -> bool {
        let elsewhere = [Some(BindingKind::Negotiated), Some(BindingKind::Asymmetric)];
        matches!(self.options.credential, ClientCredential::Certificate { .. })
            && !elsewhere.contains(&self.options.binding.as_ref().map(ClientBinding::kind))
    }
}

/// The context keys that a reply may refer to.
pub(super) struct Keys<'a>(pub(super) &'a [&'a ContextToken]);

impl TokenResolver for Keys<'_> {
    fn context_key(
        &self,
        wanted: ContextUse,
        identifier: &str,
        instance: Option<&str>,
    ) -> Option<TokenKey> {
        let known = self.0.iter().filter(|_| wanted == ContextUse::Protection);
        let mut found = known.filter(|token| {
            &*token.identifier == identifier && token.instance.as_deref() == instance
        });
        found.next().map(|token| token.key.clone())
    }

    fn private_key(
        &self,
        _: &crate::wsse::CertificateReference,
    ) -> Option<&waxwing_crypto::PrivateKey> {
        None
    }
}
