//! Everything that the channels to one endpoint have in common.

use std::ops::RangeInclusive;
use std::sync::{Arc, OnceLock};

use waxwing_binding::{
    Binding, ClientCredentials, EffectiveEndpoint, ProxyCredentials, UserNamePasswordType,
};
use waxwing_crypto::tls::TlsVersion;
use waxwing_crypto::{Certificate, Identity};
use waxwing_security::conversation::{ClientSecurity, ExpectedIdentity};
use waxwing_security::wsse::PasswordType;
use waxwing_session::{ClientSession, options};
use waxwing_soap::Envelope;
use zeroize::Zeroizing;

use super::abandoned::CloseIfAbandoned;
use super::calls::ClientLayers;
use super::channel::{ClientChannel, Parts};
use super::duplex::composite::place::CallbackPlace;
use super::error::{ChannelError, ChannelErrorKind};
use super::news::{Listener, make_durable};
use super::prepared::Prepared;
use crate::authentication::{AsyncCertificateTrust, CertificateTrust, Judge, TrustRule};
use crate::certificates::CertificateStores;
use crate::configuration::ConfigurationFile;
use crate::contract::{CallError, CallbackInstance, ObjectQuotas, OwnedContract, ProtectionLevel};
use crate::encoding::Encoding;
use crate::environment::{Clock, SystemRandom};
use crate::layer::{ClientRequest, LayerFor};
use crate::net::{Cookies, LinkDialer, Transport};
use crate::quotas::MessageQuotas;
use crate::requirements;
use crate::trace::Trace;

/// Makes channels to one endpoint of a service: binding, address, credentials. Cheap to clone.
///
/// Set up from WCF's configuration file ([`ChannelFactory::from_config`]) or in code ([`ChannelFactory::new`]); what is set
/// in code goes before what the file says.
#[derive(Clone)]
pub struct ChannelFactory {
    pub(super) endpoint: EffectiveEndpoint,
    pub(super) contract: OwnedContract,
    pub(super) protection_level: Option<ProtectionLevel>,
    pub(super) signed_headers: Vec<(String, String)>,
    pub(super) stores: CertificateStores,
    pub(super) certificate: Option<Identity>,
    pub(super) user_name: Option<(String, Zeroizing<String>)>,
    pub(super) http_digest: Option<(String, Zeroizing<String>)>,
    pub(super) password_type: PasswordType,
    pub(super) service_certificate: Option<Certificate>,
    pub(super) trust: Option<TrustRule>,
    pub(super) identity: Option<ExpectedIdentity>,
    retry: bool,
    retry_authentication: bool,
    pub(super) oldest_tls: TlsVersion,
    pub(super) https_trust: Option<TrustRule>,
    /// Believed beside those of the system and the folders.
    pub(super) https_roots: Vec<Certificate>,
    pub(super) tls_versions: Option<RangeInclusive<TlsVersion>>,
    /// What comes of all that; begun anew when any of it is changed.
    prepared: Prepared,
    /// Those given in code.
    pub(super) transports: Vec<Arc<dyn Transport>>,
    pub(super) dialers: Vec<Arc<dyn LinkDialer>>,
    /// Those of the channels together, where the binding allows them.
    pub(super) cookies: Arc<Cookies>,
    pub(super) proxy_credentials: Option<ProxyCredentials>,
    layers: ClientLayers,
    pub(super) clock: Clock,
    trace: Option<Trace>,
    /// What the service calls back.
    pub(super) callback: Option<CallbackInstance>,
    /// Where, in composite duplex. One for all channels of a factory.
    called_back_at: OnceLock<Arc<CallbackPlace>>,
}

impl ChannelFactory {
    /// For the endpoint `name` of a configuration file (`"*"`: the only one of the contract).
    ///
    /// # Errors
    /// The file has no such endpoint, or mistakes that concern it, or this version cannot run it.
    pub fn from_config(
        file: &ConfigurationFile,
        name: &str,
        contract: impl Into<OwnedContract>,
    ) -> Result<Self, ChannelError> {
        let contract = contract.into();
        let configuration = |e| ChannelError::new(ChannelErrorKind::Configuration(e), "");
        let endpoint = file.loaded.client_endpoint(name, contract.configuration_name());
        let endpoint = endpoint.map_err(configuration)?;
        let reliability = &file.configuration().waxwing.reliability;
        let mut factory = Self::of(endpoint, contract, file.certificate_stores())?
            .retry(reliability.retry)
            .retry_authentication(reliability.retry_authentication);
        factory.password_type = match file.configuration().waxwing.user_name.password_type {
            UserNamePasswordType::PasswordText => PasswordType::Text,
            UserNamePasswordType::PasswordDigest => PasswordType::Digest,
        };
        let trace = file.trace().map_err(|text| ChannelError::incomplete(text, ""))?;
        factory.trace = trace;
        Ok(factory)
    }

    /// For a binding and an address.
    ///
    /// # Errors
    /// WCF would refuse the binding, or this version cannot run it.
    pub fn new(
        binding: impl Into<Binding>,
        address: &str,
        contract: impl Into<OwnedContract>,
    ) -> Result<Self, ChannelError> {
        let contract = contract.into();
        let refused =
            |e: waxwing_binding::Refusal| ChannelError::incomplete(e.to_string(), address);
        let name = contract.configuration_name();
        let credentials = ClientCredentials::default();
        let endpoint = EffectiveEndpoint::client(&binding.into(), name, address, None, credentials);
        let endpoint = endpoint.map_err(refused)?;
        Self::of(endpoint, contract, CertificateStores::new("certificates"))
    }

    fn of(
        endpoint: EffectiveEndpoint,
        contract: OwnedContract,
        stores: CertificateStores,
    ) -> Result<Self, ChannelError> {
        let address = endpoint.address.clone();
        if let Some(first) = endpoint.unsupported_for(&contract.requirements()).first() {
            return Err(ChannelError::new(
                ChannelErrorKind::Unsupported(first.to_string()),
                &address,
            ));
        }
        let factory = Self {
            endpoint,
            contract,
            protection_level: None,
            signed_headers: Vec::new(),
            stores,
            certificate: None,
            user_name: None,
            http_digest: None,
            password_type: PasswordType::default(),
            service_certificate: None,
            trust: None,
            identity: None,
            retry: false,
            retry_authentication: false,
            oldest_tls: TlsVersion::Tls12,
            https_trust: None,
            https_roots: Vec::new(),
            tls_versions: None,
            prepared: Prepared::default(),
            transports: Vec::new(),
            dialers: Vec::new(),
            cookies: Arc::default(),
            proxy_credentials: None,
            layers: ClientLayers::default(),
            clock: Clock::system(),
            trace: None,
            callback: None,
            called_back_at: OnceLock::new(),
        };
        if !address.is_empty() {
            factory.given_transport()?;
        }
        Ok(factory)
    }

    /// The same, authenticating with this certificate.
    #[must_use]
    pub fn client_certificate(mut self, identity: Identity) -> Self {
        self.prepared = Prepared::default();
        self.certificate = Some(identity);
        self
    }

    /// The same, authenticating with this user name and password by HTTP Digest (`ClientCredentials.HttpDigest`), where those
    /// of [`user_name`](Self::user_name) are not the ones.
    #[must_use]
    pub fn http_digest(mut self, name: impl Into<String>, password: impl Into<String>) -> Self {
        self.prepared = Prepared::default();
        self.http_digest = Some((name.into(), Zeroizing::new(password.into())));
        self
    }

    /// The same, authenticating with a user name and password: in the messages, or by HTTP Basic or Digest, as the binding
    /// has it.
    #[must_use]
    pub fn user_name(mut self, name: impl Into<String>, password: impl Into<String>) -> Self {
        self.prepared = Prepared::default();
        self.user_name = Some((name.into(), Zeroizing::new(password.into())));
        self
    }

    /// The same, showing the password of [`user_name`](Self::user_name) in this way where it is in the messages. **WCF's
    /// services take no digest**; others may want one.
    #[must_use]
    pub fn password_type(mut self, password_type: PasswordType) -> Self {
        self.prepared = Prepared::default();
        self.password_type = password_type;
        self
    }

    /// The same, knowing the service's certificate beforehand (`negotiateServiceCredential="false"`).
    #[must_use]
    pub fn service_certificate(mut self, certificate: Certificate) -> Self {
        self.prepared = Prepared::default();
        self.service_certificate = Some(certificate);
        self
    }

    /// The same, deciding in code whether the service's certificate is trusted.
    #[must_use]
    pub fn service_trust(mut self, trust: impl CertificateTrust + 'static) -> Self {
        self.prepared = Prepared::default();
        self.trust = Some(TrustRule::Blocking(Arc::new(trust)));
        self
    }

    /// The same with a rule that waits for something: a directory, a database.
    #[must_use]
    pub fn service_trust_async(mut self, trust: impl AsyncCertificateTrust + 'static) -> Self {
        self.prepared = Prepared::default();
        self.trust = Some(TrustRule::Waiting(Arc::new(trust)));
        self
    }

    /// The same, expecting this of the service's certificate (`<identity>`).
    #[must_use]
    pub fn identity(mut self, identity: ExpectedIdentity) -> Self {
        self.prepared = Prepared::default();
        self.identity = Some(identity);
        self
    }

    /// The same, at another address than that of the file, or at one that the file leaves to the program.
    #[must_use]
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.prepared = Prepared::default();
        self.endpoint.address = address.into();
        self
    }

    /// The same, with this protection level for the contract, whatever the contract says (`ContractDescription` and
    /// `ProtectionLevel` in WCF). Operations, faults and headers with a level of their own keep it. The service needs the
    /// same.
    #[must_use]
    pub fn protection_level(mut self, level: ProtectionLevel) -> Self {
        self.prepared = Prepared::default();
        self.protection_level = Some(level);
        self
    }

    /// The same, signing the header with this local name and namespace in every message that has it, and demanding its
    /// signature of replies, although no contract declares it: one added by [`CallOptions`](crate::contract::CallOptions).
    /// The service needs the same. Headers of a contract say their protection level themselves.
    #[must_use]
    pub fn sign_header(mut self, local: impl Into<String>, namespace: impl Into<String>) -> Self {
        self.prepared = Prepared::default();
        self.signed_headers.push((local.into(), namespace.into()));
        self
    }

    /// The same, with the messages going to another place than the address that they bear (`clientVia`).
    #[must_use]
    pub fn via(mut self, address: impl Into<String>) -> Self {
        self.prepared = Prepared::default();
        self.endpoint.via = Some(address.into());
        self
    }

    /// The same, with certificates in other folders.
    #[must_use]
    pub fn certificate_stores(mut self, stores: CertificateStores) -> Self {
        self.prepared = Prepared::default();
        self.stores = stores;
        self
    }

    /// Whether opening a reliable session tries a service that is not there (nothing listens, unknown host, HTTP 404)
    /// again every 10 seconds until the open timeout, as WCF does. By default it is told at once. A service that is too
    /// busy (HTTP 503, ServerTooBusy, ConnectionLimitReached) is tried again in any case.
    #[must_use]
    pub fn retry(mut self, retry: bool) -> Self {
        self.retry = retry;
        self
    }

    /// Whether a rejected credential is tried again until the open timeout, as WCF's documentation says of reliable
    /// sessions. By default the first refusal is told at once, as WCF does.
    #[must_use]
    pub fn retry_authentication(mut self, retry: bool) -> Self {
        self.prepared = Prepared::default();
        self.retry_authentication = retry;
        self
    }

    /// The same, negotiating with services that know no TLS 1.2. **TLS 1.0 and 1.1 are broken**; this is for services that
    /// nobody can update.
    #[must_use]
    pub fn allow_broken_tls(mut self, oldest: TlsVersion) -> Self {
        self.prepared = Prepared::default();
        self.oldest_tls = oldest;
        self
    }

    /// The same, believing HTTPS servers with a certificate of these authorities, too, as if they lay in the folder `Root`:
    /// beside those of the system and the folders, **with every other check, that of the host's name included**. This is
    /// what a company with an authority of its own needs. Called again, it adds more. An HTTPS proxy is judged by them, too.
    ///
    /// It goes before `<sslCertificateAuthentication>` of a file, which would replace the check.
    #[must_use]
    pub fn https_roots(mut self, roots: impl IntoIterator<Item = Certificate>) -> Self {
        self.prepared = Prepared::default();
        self.https_roots.extend(roots);
        self
    }

    /// The same, deciding in code whether the certificate of the HTTPS server is trusted. **The rule stands in place of
    /// every other check, that of the host's name included** (`sslCertificateAuthentication` in WCF): a rule that believes
    /// an authority lets whoever has any certificate of it be the server. To believe one more authority, take
    /// [`https_roots`](Self::https_roots), which does nothing beside a rule. The log warns of a rule.
    ///
    /// Where the client has a certificate to show, a connection is begun twice: once to see the server's, and again when the
    /// rule has taken it.
    #[must_use]
    pub fn https_trust(mut self, trust: impl CertificateTrust + 'static) -> Self {
        self.prepared = Prepared::default();
        self.https_trust = Some(TrustRule::Blocking(Arc::new(trust)));
        self
    }

    /// The same with a rule that waits for something: a directory, a database.
    #[must_use]
    pub fn https_trust_async(mut self, trust: impl AsyncCertificateTrust + 'static) -> Self {
        self.prepared = Prepared::default();
        self.https_trust = Some(TrustRule::Waiting(Arc::new(trust)));
        self
    }

    /// The same, speaking these versions of TLS below HTTP; TLS 1.2 and 1.3 otherwise, or what the section `<waxwing>` says.
    /// **TLS 1.0 and 1.1 are broken**; they are for services that nobody can update.
    #[must_use]
    pub fn tls_versions(mut self, versions: RangeInclusive<TlsVersion>) -> Self {
        self.prepared = Prepared::default();
        self.tls_versions = Some(versions);
        self
    }

    /// The same, with other clocks.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.prepared = Prepared::default();
        self.clock = clock;
        self
    }

    /// The same, with every message written to a trace.
    #[must_use]
    pub fn trace(mut self, trace: Trace) -> Self {
        self.trace = Some(trace);
        self
    }

    /// The same, with one more layer around each call of a channel, below those that were given before. What the calls of a
    /// session need beside them (the handshake, acknowledgements, retransmissions) does not go through layers.
    #[must_use]
    pub fn layer(
        mut self,
        layer: impl LayerFor<ClientRequest, Option<Envelope>, CallError>,
    ) -> Self {
        self.layers.push(layer);
        self
    }

    /// The same, sending over this transport where the address has one of its schemes. What is given last goes first;
    /// without it messages go over HTTP.
    #[must_use]
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transports.insert(0, Arc::new(transport));
        self
    }

    /// The endpoint, to be looked at or changed before channels are made.
    pub fn endpoint_mut(&mut self) -> &mut EffectiveEndpoint {
        self.prepared = Prepared::default();
        &mut self.endpoint
    }

    /// What the channels are called back on, of a contract with a callback contract: `ListenerService::new(…)` around an
    /// implementation of the callback trait (`DuplexChannelFactory<T>(InstanceContext, …)`). All channels of the factory call
    /// the same object; where each needs its own, clone the factory.
    #[must_use]
    pub fn callback(mut self, instance: impl Into<CallbackInstance>) -> Self {
        self.callback = Some(instance.into());
        self
    }

    /// The endpoint.
    pub fn endpoint(&self) -> &EffectiveEndpoint {
        &self.endpoint
    }

    /// A channel that is not open yet; the first call opens it, or [`ClientChannel::open`].
    ///
    /// Certificate files are read for the first channel and not again: [`open_channel`](Self::open_channel) looks whether
    /// they have changed. Reading blocks, so in an async program better let that make the first channel, too.
    ///
    /// # Errors
    /// A certificate is missing or cannot be used.
    pub fn create_channel(&self) -> Result<ClientChannel, ChannelError> {
        self.channel(None)
    }

    /// A channel; with `listener` one whose session is kept durably by whoever listens.
    pub(super) fn channel(
        &self,
        listener: Option<Listener>,
    ) -> Result<ClientChannel, ChannelError> {
        let endpoint = &self.endpoint;
        let address = &endpoint.address;
        let given = self.given_transport()?;
        if let Some(text) = requirements::refused(&self.contract, endpoint) {
            return Err(ChannelError::incomplete(text, address));
        }
        if let Some(text) = self.contract.refuses_callback(self.callback.as_ref()) {
            return Err(ChannelError::incomplete(text, address));
        }
        let shape = self.contract.shape();
        let settings = options::client_settings(endpoint, shape);
        let mut settings =
            settings.ok_or_else(|| ChannelError::incomplete("the binding has no SOAP", address))?;
        (settings.retry, settings.retry_authentication) = (self.retry, self.retry_authentication);
        if listener.is_some() {
            make_durable(&mut settings, self.is_duplex())
                .map_err(|text| ChannelError::incomplete(text, address))?;
        }
        let version = settings.version;
        let incomplete = |text: String| ChannelError::incomplete(text, address);
        let read = self.prepared.last(&self.stores, self.clock.time(), || self.read())?;
        let encoding = Encoding::of(endpoint, version.soap);
        let links = self.link_parts(&read, version.soap)?;
        let built_in = || read.transport.as_ref().map(|built_in| Arc::clone(built_in) as _);
        let transport: Option<Arc<dyn Transport>> = given.or_else(built_in);
        let streamed = self.streamed_parts(&read, version.soap, transport.as_ref())?;
        if transport.is_none() && links.is_none() && streamed.is_none() {
            return Err(incomplete("there is no transport".to_owned()));
        }
        let judge = Judge::new(read.trust.clone(), None);
        let options = read.options.clone();
        let own_certificate = read.own_certificate.clone();
        self.warn_of_dates(own_certificate.as_ref());
        let security = ClientSecurity::new(options, &mut SystemRandom);
        let security = security.map_err(|e| incomplete(e.to_string()))?;
        let mut session =
            ClientSession::new(settings, security).map_err(|e| incomplete(e.to_string()))?;
        session = session.with_address_headers(options::address_headers(endpoint));
        let is_composite = options::is_composite(endpoint);
        if links.is_some() || is_composite {
            let duplex = self.duplex_settings();
            session = session.over_links(duplex).map_err(|e| incomplete(e.to_string()))?;
        }
        session.set_trace(self.trace.as_ref().is_some_and(Trace::is_decrypted));
        let parts = Parts {
            version,
            address: address.clone(),
            via: endpoint.via.clone().unwrap_or_else(|| address.clone()),
            timeouts: endpoint.timeouts,
            encoding,
            transport,
            keep_alive: endpoint.transport.keep_alive,
            http: read.http.clone(),
            clock: self.clock,
            trace: self.trace.clone(),
            quotas: MessageQuotas::of(endpoint),
            object_quotas: ObjectQuotas::of(endpoint),
            own_certificate,
            contract: self.contract.clone(),
            judge,
            links,
            streamed,
            called_back_at: is_composite.then(|| self.called_back_at(encoding)),
            callback: self.callback.clone(),
            callback_faults: self.callback_faults(),
        };
        Ok(ClientChannel::new(session, parts, listener).within(&self.layers))
    }

    /// Where the channels are called back, in composite duplex.
    fn called_back_at(&self, encoding: Encoding) -> Arc<CallbackPlace> {
        let base = || self.endpoint.client_base_address.clone();
        let place = || Arc::new(CallbackPlace::new(base(), encoding));
        Arc::clone(self.called_back_at.get_or_init(place))
    }

    /// Creates a channel and opens it. If a certificate file has changed since the last channel (by its time of modification
    /// or length), it is read again before, in a thread for work that blocks; the files are looked at once a second at most. If
    /// the future is dropped before it ends, the channel is closed as soon as it is open, so that the service keeps no session
    /// of it.
    ///
    /// # Errors
    /// As [`create_channel`](Self::create_channel) and [`ClientChannel::open`].
    pub async fn open_channel(&self) -> Result<ClientChannel, ChannelError> {
        self.refresh().await?;
        let channel = self.create_channel()?;
        let abandoned = CloseIfAbandoned::new(&channel);
        let opened = channel.open().await;
        abandoned.arrived();
        opened.map(|()| channel)
    }

    /// Reads certificate files again that have changed, in a thread for work that blocks. Those that were looked at a moment ago
    /// count as they were.
    async fn refresh(&self) -> Result<(), ChannelError> {
        match self.prepared.is_fresh(self.clock.time()) {
            true => Ok(()),
            false => self.refresh_now().await,
        }
    }

    /// The same, whenever they were looked at.
    pub(super) async fn refresh_now(&self) -> Result<(), ChannelError> {
        if self.endpoint.security.is_some() || self.is_https() {
            let (factory, now) = (self.clone(), self.clock.time());
            let refreshed = tokio::task::spawn_blocking(move || {
                factory.prepared.refresh(&factory.stores, now, || factory.read())
            });
            // What panics there would have panicked here.
            refreshed
                .await
                .unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?;
        }
        Ok(())
    }

    /// Where messages go.
    pub(super) fn place(&self) -> &str {
        self.endpoint.via.as_deref().unwrap_or(&self.endpoint.address)
    }
}

impl std::fmt::Debug for ChannelFactory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChannelFactory")
            .field("address", &self.endpoint.address)
            .field("binding", &self.endpoint.binding_section)
            .finish_non_exhaustive()
    }
}
