//! Setting up a host, from a configuration file or in code.

use std::ops::RangeInclusive;
use std::sync::Arc;

use waxwing_binding::{
    Binding, Configuration, EffectiveEndpoint, ResolveError, Service, ServiceBehavior,
};
use waxwing_crypto::Identity;
use waxwing_crypto::tls::TlsVersion;
use waxwing_security::conversation::CookieKeys;
use waxwing_session::AddressFilterMode;

use super::authorization::ServiceAuthorization;
use super::contracts::ContractList;
use super::cookies::Cookies;

use super::error::{HostError, incomplete};
use super::host::ServiceHost;
use super::instances::Instances;
use super::metadata::{METADATA, MetadataOptions};
use super::opening::{self, Setup};
use super::store_setup::Keeping;
use super::watch::{HostEvent, HostEvents};
use crate::authentication::{
    AsyncCertificateTrust, AsyncDigestStore, AsyncPasswordStore, AsyncUserNameValidator,
    CertificateTrust, DigestRule, DigestStore, PasswordRule, PasswordStore, TrustRule,
    UserNameRule, UserNameValidator,
};
use crate::callback_hosts::CallbackHosts;
use crate::certificates::CertificateStores;
use crate::cluster::NodeOptions;
use crate::configuration::ConfigurationFile;
use crate::contract::{ContractDescription, Outgoing, ProtectionLevel};
use crate::environment::Clock;
use crate::events::{CommunicationState, Events};
use crate::layer::{LayerFor, OperationError, OperationRequest};
use crate::net::{HttpLimits, HttpListener, Listener, TcpLimits, TcpListener};
use crate::store::Store;
use crate::store::application::ApplicationTransactions;
use crate::trace::Trace;

/// Sets up a [`ServiceHost`]. What is set in code goes before what a configuration file says.
pub struct ServiceHostBuilder {
    /// What the endpoints come from, until base addresses are all there.
    file: Option<FromFile>,
    /// How many endpoints are of the file: the first ones.
    of_file: usize,
    setup: Setup,
    http_limits: HttpLimits,
    tcp_limits: TcpLimits,
    /// Those given in code.
    listeners: Vec<Arc<dyn Listener>>,
    events: Arc<HostEvents>,
    /// Services beside this one, with what executes their calls.
    others: Vec<(Setup, Arc<dyn Instances>)>,
    /// Where sessions are kept.
    keeping: Keeping,
}

/// A service of a configuration file.
struct FromFile {
    configuration: Configuration,
    service: Service,
    contracts: Vec<&'static str>,
}

impl ServiceHostBuilder {
    /// A host without endpoints.
    pub fn new() -> Self {
        Self {
            file: None,
            of_file: 0,
            setup: Setup::new(),
            http_limits: HttpLimits::default(),
            tcp_limits: TcpLimits::default(),
            listeners: Vec::new(),
            events: Arc::new(HostEvents::new()),
            others: Vec::new(),
            keeping: Keeping::default(),
        }
    }

    /// The service `name` of a configuration file, which implements these contracts: `&CALCULATOR_CONTRACT`, or several
    /// as `[&ORDERS_CONTRACT, &ADMIN_CONTRACT]`. What [`open`](Self::open) is given must implement those that the
    /// endpoints are for.
    ///
    /// # Errors
    /// The file has no such service, or mistakes that concern it, or one of its endpoints cannot be used: its contract is
    /// not among these, for instance.
    pub fn from_config(
        file: &ConfigurationFile,
        name: &str,
        contracts: impl Into<ContractList>,
    ) -> Result<Self, HostError> {
        let contracts = contracts.into();
        let from = FromFile {
            configuration: file.configuration().clone(),
            service: file.loaded.find_service(name)?.clone(),
            contracts: contracts.iter().map(|contract| contract.configuration_name).collect(),
        };
        let mut builder = Self::new().certificate_stores(file.certificate_stores());
        builder.setup.credentials.cookies = Cookies::of_file(file.cookie_keys());
        builder.setup.trace = file.trace().map_err(|text| incomplete("", text))?;
        builder.setup.callback_hosts = file
            .callback_hosts()
            .map_err(|error| incomplete("", format!("<callbacks>: {error} [callback-hosts]")))?;
        builder.keeping.configured = file.store()?;
        let node = file.node().map_err(|error| incomplete("", error.to_string()))?;
        builder.keeping.node = node;
        builder.resolve(from)?;
        Ok(builder)
    }

    /// The same with a base address: endpoints with relative addresses are below the one of their binding's scheme. What
    /// IIS takes from the address of the `.svc` file, and a WCF program gives to the constructor of `ServiceHost`.
    ///
    /// It goes before a base address of the file with the same scheme. The endpoints of the file are made anew: call it
    /// before [`endpoints_mut`](Self::endpoints_mut).
    ///
    /// # Errors
    /// The address is not absolute, has a query or fragment, or there is one of its scheme; or WCF would refuse an
    /// endpoint of the file.
    pub fn base_address(mut self, address: &str) -> Result<Self, HostError> {
        self.setup.base_addresses.add(address)?;
        if let Some(mut from) = self.file.take() {
            from.service.give_base_address(address.trim());
            self.resolve(from)?;
        }
        Ok(self)
    }

    /// The endpoints of the file; without a base address that they need there are none yet.
    fn resolve(&mut self, from: FromFile) -> Result<(), HostError> {
        self.setup.refused = None;
        match from.configuration.resolve_service(&from.service, &from.contracts) {
            Ok(mut service) => {
                let fresh = std::mem::take(&mut service.endpoints);
                let old = self.of_file.min(self.setup.endpoints.len());
                self.of_file = fresh.len();
                self.setup.endpoints.splice(..old, fresh);
                self.setup.service = Some(service);
            }
            Err(error @ ResolveError::NoAddress { .. }) => self.setup.refused = Some(error),
            Err(error) => return Err(error.into()),
        }
        self.file = Some(from);
        Ok(())
    }

    /// The same, comparing the `To` of messages with the addresses of the endpoints in this way
    /// (`ServiceBehaviorAttribute.AddressFilterMode`); by default scheme, port and path must be the same, whatever the host.
    ///
    /// A front end that rewrites the port, or ends TLS, leaves the public address in `To`: say it with
    /// [`public_address`](Self::public_address), which keeps messages for others out, or take
    /// [`AddressFilterMode::Any`].
    #[must_use]
    pub fn address_filter(mut self, mode: AddressFilterMode) -> Self {
        self.setup.address_filter = mode;
        self
    }

    /// The same, which calls the clients of its endpoints with `wsDualHttpBinding` back at these hosts only (`<callbacks>` of
    /// the `<waxwing>` section): whoever listens elsewhere hears nothing, and the log says so. Without it clients are called back
    /// wherever they say that they listen, at an `http` address of any host; the other endpoints have no use for it.
    #[must_use]
    pub fn callback_hosts(mut self, hosts: CallbackHosts) -> Self {
        self.setup.callback_hosts = Some(hosts);
        self
    }

    /// The same, with the endpoint at `address` (as it was given, or as the file has it) taking messages for `public`, too:
    /// clients know it by that address, and a front end rewrites scheme, port or path of it (`<publicAddresses>` of the
    /// `<waxwing>` section).
    #[must_use]
    pub fn public_address(mut self, address: impl Into<String>, public: impl Into<String>) -> Self {
        self.setup.public_addresses.push((address.into(), public.into()));
        self
    }

    /// The same with one more endpoint. Its address is absolute, or relative to the base address of the binding's scheme
    /// (the empty one is the base address itself). Endpoints of several contracts may have one address when they have the
    /// same binding and behavior.
    ///
    /// # Errors
    /// WCF would refuse the binding.
    pub fn endpoint(
        mut self,
        binding: impl Into<Binding>,
        address: &str,
        contract: &'static ContractDescription,
        behavior: ServiceBehavior,
    ) -> Result<Self, HostError> {
        let endpoint = EffectiveEndpoint::service(
            &binding.into(),
            contract.configuration_name,
            address,
            behavior,
        );
        self.setup.endpoints.push(endpoint.map_err(|e| incomplete(address, e.to_string()))?);
        Ok(self)
    }

    /// The same with this certificate of the service.
    #[must_use]
    pub fn certificate(mut self, identity: Identity) -> Self {
        self.setup.credentials.certificate = Some(identity);
        self
    }

    /// The same, deciding in code whether a client's certificate is trusted.
    #[must_use]
    pub fn client_trust(mut self, trust: impl CertificateTrust + 'static) -> Self {
        self.setup.credentials.trust = Some(TrustRule::Blocking(Arc::new(trust)));
        self
    }

    /// The same with a rule that waits for something: a directory, a database.
    #[must_use]
    pub fn client_trust_async(mut self, trust: impl AsyncCertificateTrust + 'static) -> Self {
        self.setup.credentials.trust = Some(TrustRule::Waiting(Arc::new(trust)));
        self
    }

    /// The same, deciding in code whether a user name and password are good
    /// (`userNamePasswordValidationMode="Custom"`).
    #[must_use]
    pub fn user_names(mut self, validator: impl UserNameValidator + 'static) -> Self {
        self.setup.credentials.user_names = Some(UserNameRule::Blocking(Arc::new(validator)));
        self
    }

    /// The same with a rule that waits for something: a directory, a database.
    #[must_use]
    pub fn user_names_async(mut self, validator: impl AsyncUserNameValidator + 'static) -> Self {
        self.setup.credentials.user_names = Some(UserNameRule::Waiting(Arc::new(validator)));
        self
    }

    /// The same, with what is kept of users for HTTP Digest (`clientCredentialType="Digest"`): a closure that gives it for a
    /// user name and realm, or a [`DigestStore`].
    #[must_use]
    pub fn digest_store(mut self, store: impl DigestStore + 'static) -> Self {
        self.setup.credentials.digests = Some(DigestRule::Blocking(Arc::new(store)));
        self
    }

    /// The same with one that waits for something: a directory, a database.
    #[must_use]
    pub fn digest_store_async(mut self, store: impl AsyncDigestStore + 'static) -> Self {
        self.setup.credentials.digests = Some(DigestRule::Waiting(Arc::new(store)));
        self
    }

    /// The same, knowing users of messages by digests of their passwords (`#PasswordDigest`), for clients that are not WCF: a
    /// closure that gives the password of a user name, or a [`PasswordStore`].
    ///
    /// **Passwords in clear are then refused in messages**, and the store must have the password itself; a password in clear
    /// is encrypted on the way, too, and can be kept as a salted hash. A digest is good once at each endpoint.
    /// [`user_names`](Self::user_names) goes on to decide about HTTP Basic.
    #[must_use]
    pub fn password_store(mut self, store: impl PasswordStore + 'static) -> Self {
        self.setup.credentials.passwords = Some(PasswordRule::Blocking(Arc::new(store)));
        self
    }

    /// The same with one that waits for something: a directory, a database.
    #[must_use]
    pub fn password_store_async(mut self, store: impl AsyncPasswordStore + 'static) -> Self {
        self.setup.credentials.passwords = Some(PasswordRule::Waiting(Arc::new(store)));
        self
    }

    /// The same, asking before each call whether it may be executed (`ServiceAuthorizationManager`). A refusal answers
    /// `Access is denied.`; without this, whoever is authenticated may call everything.
    ///
    /// A file whose `<serviceAuthorization>` names a manager or policies needs it.
    #[must_use]
    pub fn authorize(mut self, authorization: impl ServiceAuthorization + 'static) -> Self {
        self.setup.authorization = Some(Arc::new(authorization));
        self
    }

    /// The same with certificates in other folders.
    #[must_use]
    pub fn certificate_stores(mut self, stores: CertificateStores) -> Self {
        self.setup.credentials.stores = stores;
        self
    }

    /// The same, sealing security contexts that the service does not remember
    /// (`requireSecurityContextCancellation="false"`) under these keys, in place of those of the file. Processes that have
    /// the same keys take each other's contexts; to change keys, keep a clone and
    /// [`replace`](CookieKeys::replace) them.
    #[must_use]
    pub fn cookie_keys(mut self, keys: CookieKeys) -> Self {
        self.setup.credentials.cookies = Cookies::given(keys);
        self
    }

    /// The same, negotiating with clients that know no TLS 1.2. **TLS 1.0 and 1.1 are broken.**
    #[must_use]
    pub fn allow_broken_tls(mut self, oldest: TlsVersion) -> Self {
        self.setup.credentials.oldest_tls = oldest;
        self
    }

    /// The same with this certificate at `https` addresses, whatever the file says; without it the one of
    /// [`certificate`](Self::certificate) is shown there, too.
    #[must_use]
    pub fn https_certificate(mut self, identity: Identity) -> Self {
        self.setup.credentials.https_certificate = Some(identity);
        self
    }

    /// The same, speaking these versions of TLS below HTTP; TLS 1.2 and 1.3 otherwise, or what the section `<waxwing>` says.
    /// **TLS 1.0 and 1.1 are broken.**
    #[must_use]
    pub fn tls_versions(mut self, versions: RangeInclusive<TlsVersion>) -> Self {
        self.setup.credentials.tls_versions = Some(versions);
        self
    }

    /// The same with this protection level for the contract, whatever the contract says. Operations, faults and headers
    /// with a level of their own keep it. Clients need the same.
    #[must_use]
    pub fn protection_level(mut self, level: ProtectionLevel) -> Self {
        self.setup.credentials.protection_level = Some(level);
        self
    }

    /// The same, demanding that the header with this local name and namespace is signed in every message that has it, and
    /// signing it in replies, although no contract declares it. Clients need the same
    /// ([`ChannelFactory::sign_header`](crate::ChannelFactory::sign_header)).
    #[must_use]
    pub fn sign_header(mut self, local: impl Into<String>, namespace: impl Into<String>) -> Self {
        self.setup.credentials.signed_headers.push((local.into(), namespace.into()));
        self
    }

    /// The same with other clocks.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.setup.clock = clock;
        self
    }

    /// The same with every message written to a trace.
    #[must_use]
    pub fn trace(mut self, trace: Trace) -> Self {
        self.setup.trace = Some(trace);
        self
    }

    /// The same with other limits of what HTTP peers may take, and for how long. They hold for all endpoints together.
    #[must_use]
    pub fn http_limits(mut self, limits: HttpLimits) -> Self {
        self.http_limits = limits;
        self
    }

    /// The same with other limits for peers over net.tcp.
    #[must_use]
    pub fn tcp_limits(mut self, limits: TcpLimits) -> Self {
        self.tcp_limits = limits;
        self
    }

    /// The same, with one more layer around each call that this service executes, below those that were given before. A
    /// panic in a layer is an internal error, as one in an operation.
    #[must_use]
    pub fn layer(
        mut self,
        layer: impl LayerFor<OperationRequest, Option<Outgoing>, OperationError>,
    ) -> Self {
        self.setup.layers.push(layer);
        self
    }

    /// The same, listening with this where an endpoint's address has one of its schemes. What is given last goes first;
    /// without it the host listens with HTTP and net.tcp.
    #[must_use]
    pub fn listener(mut self, listener: impl Listener + 'static) -> Self {
        self.listeners.insert(0, Arc::new(listener));
        self
    }

    /// The same, publishing what this says of the service: WSDL, schemas and a help page for GET, and whatever
    /// [`metadata_endpoint`](Self::metadata_endpoint)s answer. It goes before what a file says; without it, and without
    /// `<serviceMetadata>`, a service publishes nothing.
    #[must_use]
    pub fn metadata(mut self, options: MetadataOptions) -> Self {
        self.setup.metadata = Some(options);
        self
    }

    /// The same with an endpoint that answers WS-MetadataExchange (`contract="IMetadataExchange"`), usually with
    /// [`MexHttpBinding`](waxwing_binding::MexHttpBinding) at `mex`. It needs [`metadata`](Self::metadata) or `<serviceMetadata>`.
    ///
    /// # Errors
    /// WCF would refuse the binding.
    pub fn metadata_endpoint(
        self,
        binding: impl Into<Binding>,
        address: &str,
        behavior: ServiceBehavior,
    ) -> Result<Self, HostError> {
        self.endpoint(binding, address, &METADATA, behavior)
    }

    /// The endpoints, to be looked at or changed before the host opens.
    pub fn endpoints_mut(&mut self) -> &mut Vec<EffectiveEndpoint> {
        &mut self.setup.endpoints
    }

    /// The same with another service beside: both listen in one host, on the same port where their addresses say so.
    /// Each has its endpoints, credentials, instances and throttling for itself; the listeners and the limits of HTTP peers are those
    /// of the service that [`open`](Self::open) is called on.
    ///
    /// ```no_run
    /// # use waxwing::contract::{OperationFault, service_contract};
    /// # use waxwing::{ConfigurationFile, ServiceHostBuilder, ServiceInstances};
    /// # #[service_contract] trait Orders { async fn count(&self) -> Result<i32, OperationFault>; }
    /// # #[service_contract] trait Admin { async fn clear(&self) -> Result<(), OperationFault>; }
    /// # struct Shop;
    /// # impl Orders for Shop { async fn count(&self) -> Result<i32, OperationFault> { Ok(0) } }
    /// # impl Admin for Shop { async fn clear(&self) -> Result<(), OperationFault> { Ok(()) } }
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// let file = ConfigurationFile::load("web.config")?;
    /// let admin = ServiceHostBuilder::from_config(&file, "Shop.Admin", &ADMIN_CONTRACT)?;
    /// let host = ServiceHostBuilder::from_config(&file, "Shop.Orders", &ORDERS_CONTRACT)?
    ///     .service(admin, ServiceInstances::single(AdminService::new(Shop)))
    ///     .open(ServiceInstances::per_session(|| OrdersService::new(Shop)))
    ///     .await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn service(mut self, other: Self, instances: impl Instances + 'static) -> Self {
        let Self { setup, others, keeping, .. } = other;
        self.keeping = self.keeping.or(keeping);
        self.others.extend(others);
        self.others.push((setup, Arc::new(instances)));
        self
    }

    /// The same, keeping its reliable sessions in this store, those of all services of the host: they go on when the process was
    /// killed and is started again, or at another node. It goes before the `<store>` of a file.
    ///
    /// Sessions are kept of every endpoint that has reliable sessions; the others say in the log that they keep nothing. Give each
    /// endpoint of a host a path of its own, and leave it as it is: by that its records are known. What an operation must do for
    /// *exactly once* is told at [`Delivery`](crate::contract::Delivery).
    #[must_use]
    pub fn store(mut self, store: impl Store) -> Self {
        self.keeping.store = Some(Arc::new(store));
        self
    }

    /// The same, as one of several nodes that share the [`store`](Self::store): any load balancer may stand before them. Requests
    /// that belong to a session of another node are handed to that. All nodes have the same endpoints, at the same paths, with the
    /// same certificates. It goes before the `<node>` of a file.
    #[must_use]
    pub fn node(mut self, options: NodeOptions) -> Self {
        self.keeping.node = Some(options);
        self
    }

    /// The same, giving up a message after so many recorded attempts (5 otherwise): each time the process died while it was
    /// executed. Its caller gets a fault, and it is put among the dead letters. At least 1.
    #[must_use]
    pub fn max_attempts(mut self, most: u32) -> Self {
        self.keeping.max_attempts = Some(most.max(1));
        self
    }

    /// The same with the database of this service's application, for its operations with `delivery = "transaction"`:
    /// [`SqliteTransactions`](crate::store::application::SqliteTransactions), for instance. It needs a [`store`](Self::store).
    #[must_use]
    pub fn application_transactions(mut self, database: impl ApplicationTransactions) -> Self {
        self.setup.applications = Some(Arc::new(database));
        self
    }

    /// What will happen at the host, from its opening on.
    pub fn events(&self) -> Events<HostEvent> {
        self.events.subscribe()
    }

    /// Opens the host: listens on every endpoint's address and executes calls with `instances`.
    ///
    /// # Errors
    /// Something is missing or not supported, or an address cannot be listened on.
    pub async fn open(self, instances: impl Instances + 'static) -> Result<ServiceHost, HostError> {
        let mut services: Vec<(Setup, Arc<dyn Instances>)> =
            vec![(self.setup, Arc::new(instances))];
        services.extend(self.others);
        let mut listeners = self.listeners;
        listeners.push(Arc::new(HttpListener::new(self.http_limits)));
        listeners.push(Arc::new(TcpListener::new(self.tcp_limits)));
        let events = self.events;
        events.emit(|| HostEvent::State(CommunicationState::Opening));
        let keeping = self.keeping;
        let opened = opening::open(services, listeners.into(), Arc::clone(&events), keeping).await;
        if opened.is_err() {
            events.emit(|| HostEvent::State(CommunicationState::Faulted));
        }
        opened
    }
}

impl Default for ServiceHostBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for ServiceHostBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let addresses: Vec<_> =
            self.setup.endpoints.iter().map(|endpoint| endpoint.address.as_str()).collect();
        f.debug_struct("ServiceHostBuilder").field("endpoints", &addresses).finish_non_exhaustive()
    }
}
