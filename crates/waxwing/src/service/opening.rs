//! Opening a host: from what was set up to endpoints that listen.

use std::sync::Arc;
use std::time::Duration;

use waxwing_binding::{
    Configuration, EffectiveEndpoint, EffectiveService, EffectiveThrottling,
    HostNameComparisonMode, METADATA_CONTRACT, ResolveError, Service, ServiceBehavior, TimeSpan,
};
use waxwing_security::conversation::ServiceSecurity;
use waxwing_session::{AddressFilterMode, ServiceEndpoint, options};
use waxwing_soap::{Address, EndpointReference, SoapVersion};

use super::addresses::BaseAddresses;
use super::admittance::Admittance;
use super::authorization::ServiceAuthorization;
use super::contracts::Contracts;
use super::credentials::Credentials;

use super::duplex::composite::outward::Outward;
use super::duplex::links::Links;
use super::endpoint::{Endpoint, EndpointParts};
use super::error::{HostError, incomplete};
use super::host::{Kept, Opened, ServiceHost};
use super::instances::Instances;
use super::keeps::Keeps;
use super::metadata::{METADATA, MetadataOptions, Pages};
use super::published::{PageRoute, Published};
use super::store_setup::Keeping;
use super::streamed::Streamed;
use super::throttle::Throttle;
use super::watch::HostEvents;
use crate::callback_hosts::CallbackHosts;
use crate::contract::{ContractDescription, FaultOptions, ObjectQuotas, Outgoing};
use crate::encoding::Encoding;
use crate::environment::{Clock, SystemRandom};
use crate::layer::{Layers, OperationError, OperationRequest, OperationService};
use crate::net::{HostNames, Listener, place_of, wrong_scheme};
use crate::quotas::MessageQuotas;
use crate::store::application::ApplicationTransactions;
use crate::trace::Trace;

/// The layers of a service's calls.
type OperationLayers = Layers<OperationRequest, Option<Outgoing>, OperationError>;

/// One service as it was set up.
pub(super) struct Setup {
    /// That of the file.
    pub(super) service: Option<EffectiveService>,
    /// Why the endpoints of the file are not there.
    pub(super) refused: Option<ResolveError>,
    /// Addresses of those set up in code may be relative.
    pub(super) endpoints: Vec<EffectiveEndpoint>,
    /// Those given in code.
    pub(super) base_addresses: BaseAddresses,
    /// Addresses of endpoints with those that clients know them by, given in code.
    pub(super) public_addresses: Vec<(String, String)>,
    /// Where clients are called back.
    pub(super) callback_hosts: Option<CallbackHosts>,
    pub(super) address_filter: AddressFilterMode,
    pub(super) credentials: Credentials,
    /// What is published of the service, given in code.
    pub(super) metadata: Option<MetadataOptions>,
    pub(super) authorization: Option<Arc<dyn ServiceAuthorization>>,
    pub(super) layers: OperationLayers,
    pub(super) clock: Clock,
    pub(super) trace: Option<Trace>,
    /// The database of the application.
    pub(super) applications: Option<Arc<dyn ApplicationTransactions>>,
}

/// How long a host may take to close when no file says anything, as in WCF.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

/// Opens several services in one host.
///
/// # Errors
/// Something of one of them is missing or not supported, or an address cannot be listened on.
pub(super) async fn open(
    services: Vec<(Setup, Arc<dyn Instances>)>,
    listeners: Arc<[Arc<dyn Listener>]>,
    events: Arc<HostEvents>,
    keeping: Keeping,
) -> Result<ServiceHost, HostError> {
    let keeping = keeping.open_store().await?.join().await?;
    let (of_plan, watching) = (Arc::clone(&listeners), Arc::clone(&events));
    // Certificate files are read: once, and not in a task.
    let plan = tokio::task::spawn_blocking(move || {
        let keeping = keeping.open();
        let plan = plan(services, &of_plan, &watching, keeping.as_ref());
        plan.map(|plan| (plan, keeping))
    });
    let plan = plan.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    let (plan, keeping) = plan?;
    let endpoints = plan.endpoints.into_iter().map(Endpoint::new);
    let endpoints = endpoints.collect::<Result<Vec<_>, _>>()?;
    if let Some(Kept { keeper, .. }) = &keeping {
        keeper.serve(endpoints.iter().filter_map(Endpoint::holding));
    }
    let Plan { pages, published, close_timeout, .. } = plan;
    let opened = Opened { endpoints, pages, published, close_timeout, keeping };
    ServiceHost::listen(opened, &listeners, events).await
}

/// A host that listens nowhere yet.
struct Plan {
    endpoints: Vec<EndpointParts>,
    /// Pages where there is no endpoint.
    pages: Vec<PageRoute>,
    /// What each service says of itself.
    published: Vec<Published>,
    close_timeout: Duration,
}

fn plan(
    services: Vec<(Setup, Arc<dyn Instances>)>,
    listeners: &Arc<[Arc<dyn Listener>]>,
    events: &Arc<HostEvents>,
    kept: Option<&Kept>,
) -> Result<Plan, HostError> {
    let mut planned = Vec::new();
    for (mut setup, instances) in services {
        setup.complete(&*instances)?;
        let settings = setup.publication()?;
        let groups = setup.groups(&*instances, settings.endpoints)?;
        let published = setup.published(&*instances, settings);
        planned.push((setup, instances, groups, published));
    }
    refuse_shared_places(planned.iter().map(|(_, _, groups, _)| groups.as_slice()))?;
    let (mut endpoints, mut pages, mut all) = (Vec::new(), Vec::new(), Vec::new());
    let (mut close, mut keeps) = (None, Keeps { kept, names: Vec::new() });
    for (setup, instances, groups, published) in planned {
        let throttle = Throttle::new(&setup.throttling(), Arc::clone(listeners));
        let layers = setup.layers.around(OperationService::innermost);
        let first = endpoints.len();
        for group in groups {
            let (instances, layers) = match group.is_metadata() {
                true => (published.instances(), None),
                false => (Arc::clone(&instances), layers.clone()),
            };
            let keeps = &mut keeps;
            endpoints.push(setup.parts(group, &instances, &throttle, events, layers, keeps)?);
        }
        pages.extend(setup.pages(&published, &mut endpoints[first..], events)?);
        close = close.max(Some(setup.close_timeout()));
        all.push(published);
    }
    Ok(Plan { endpoints, pages, published: all, close_timeout: close.unwrap_or(CLOSE_TIMEOUT) })
}

/// Endpoints that are one: they differ by contract only.
struct Group {
    endpoint: EffectiveEndpoint,
    contracts: Contracts,
}

impl Group {
    fn is_metadata(&self) -> bool {
        self.endpoint.contract == METADATA_CONTRACT
    }

    fn listen(&self) -> &str {
        self.endpoint.via.as_deref().unwrap_or(&self.endpoint.address)
    }

    /// Host with port and path, in a form that can be compared.
    fn place(&self) -> Option<(String, Vec<u8>)> {
        place_of(self.listen())
    }
}

impl Setup {
    pub(super) fn new() -> Self {
        Self {
            service: None,
            refused: None,
            endpoints: Vec::new(),
            base_addresses: BaseAddresses::default(),
            public_addresses: Vec::new(),
            callback_hosts: None,
            address_filter: AddressFilterMode::default(),
            credentials: Credentials::new(),
            metadata: None,
            authorization: None,
            layers: OperationLayers::default(),
            clock: Clock::system(),
            trace: None,
            applications: None,
        }
    }

    /// Makes every address absolute, and gives a service that has base addresses and no endpoint those that WCF does.
    fn complete(&mut self, instances: &dyn Instances) -> Result<(), HostError> {
        if let Some(error) = self.refused.take() {
            return Err(error.into());
        }
        let defaults = Configuration::default();
        if self.endpoints.is_empty() && self.service.is_none() {
            let mut service = Service::default();
            self.base_addresses.iter().for_each(|base| service.give_base_address(base));
            let contracts: Vec<_> =
                instances.contracts().iter().map(|contract| contract.configuration_name).collect();
            self.endpoints = defaults.resolve_service(&service, &contracts)?.endpoints;
        }
        for endpoint in &mut self.endpoints {
            let binding = defaults.binding(&endpoint.binding_section, "");
            let binding =
                binding.as_ref().map_or(endpoint.binding_section.as_str(), |b| b.type_name());
            let scheme = &endpoint.transport.scheme;
            let written = endpoint.address.clone();
            endpoint.address = self.base_addresses.absolute(&written, scheme, binding)?;
            let public = self.public_addresses.iter().filter(|(own, _)| {
                *own == written || Address::of(own).is_place_of(&Address::of(&endpoint.address))
            });
            endpoint.public_addresses.extend(public.map(|(_, public)| public.clone()));
        }
        self.check_public_addresses()?;
        Ok(())
    }

    /// # Errors
    /// A public address is no address, or is one of an endpoint that there is not.
    fn check_public_addresses(&self) -> Result<(), HostError> {
        for (own, public) in &self.public_addresses {
            if !self.endpoints.iter().any(|endpoint| endpoint.public_addresses.contains(public)) {
                let text = format!(
                    "there is no endpoint with this address, for which {public} is given as public address \
                     (ServiceHostBuilder::public_address)"
                );
                return Err(incomplete(own, text));
            }
        }
        let all = self.endpoints.iter().flat_map(|endpoint| &endpoint.public_addresses);
        match all.into_iter().find(|public| !Address::of(public).is_absolute()) {
            None => Ok(()),
            Some(public) => Err(incomplete(public, "a public address must be absolute: https://…")),
        }
    }

    /// The endpoints, those with one address together.
    fn groups(&self, instances: &dyn Instances, metadata: bool) -> Result<Vec<Group>, HostError> {
        let mut groups: Vec<Group> = Vec::new();
        for endpoint in &self.endpoints {
            let is_metadata = endpoint.contract == METADATA_CONTRACT;
            if let Some(first) = endpoint.unsupported().first().filter(|_| is_metadata) {
                let address = &endpoint.address;
                tracing::warn!(address, "this metadata endpoint is left out: {first}");
                continue;
            }
            let known = instances.contracts().iter().copied();
            let mut known = known.chain((is_metadata && metadata).then_some(&METADATA));
            let contract = known.find(|c| c.configuration_name == endpoint.contract);
            let contract = contract.ok_or_else(|| self.not_implemented(endpoint, instances))?;
            let group = Group { endpoint: endpoint.clone(), contracts: Contracts::of(contract) };
            let place = group.place();
            match groups.iter_mut().find(|known| place.is_some() && known.place() == place) {
                Some(known) => {
                    joinable(&known.endpoint, endpoint)?;
                    if known.is_metadata() || is_metadata {
                        let text = "a metadata endpoint has an address of its own here: write address=\"mex\"";
                        return Err(incomplete(&endpoint.address, text));
                    }
                    if let Some((action, other)) = known.contracts.overlap(contract) {
                        let text = format!(
                            "two endpoints at one address take messages with the action '{action}', for the contracts \
                             '{other}' and '{}': give one of them another address",
                            contract.name
                        );
                        return Err(incomplete(&endpoint.address, text));
                    }
                    known.contracts.add(contract);
                }
                None => groups.push(group),
            }
        }
        if groups.iter().all(Group::is_metadata) {
            let text = "Service has zero application (non-infrastructure) endpoints: add an <endpoint> to the service, \
                        give a base address (ServiceHostBuilder::base_address), or use ServiceHostBuilder::endpoint";
            return Err(incomplete("", text));
        }
        Ok(groups)
    }

    fn not_implemented(
        &self,
        endpoint: &EffectiveEndpoint,
        instances: &dyn Instances,
    ) -> HostError {
        let service = self.service.as_ref().map(|service| service.name.rsplit('.').next());
        if endpoint.contract == METADATA_CONTRACT {
            let service = service.flatten().unwrap_or_default();
            let text = format!(
                "The contract name 'IMetadataExchange' could not be found in the list of contracts implemented by the service {service}.  \
                 Add a ServiceMetadataBehavior to the configuration file or to the ServiceHost directly to enable support for this \
                 contract. (<serviceMetadata/> in the behavior of the service, or ServiceHostBuilder::metadata)"
            );
            return incomplete(&endpoint.address, text);
        }
        let names = instances.contracts().iter().map(|contract| contract.configuration_name);
        let names: Vec<_> = names.map(|name| format!("'{name}'")).collect();
        let Some(service) = self.service.as_ref().map(|service| &service.name) else {
            let text = format!(
                "The contract name '{}' could not be found in the list of contracts implemented by the service. It \
                 implements {}: give one object for all of them, ServiceObject with .contract(…) for each contract that \
                 an endpoint has, those that others are derived from too",
                endpoint.contract,
                names.join(", ")
            );
            return incomplete(&endpoint.address, text);
        };
        HostError::Configuration(ResolveError::NotImplemented {
            contract: endpoint.contract.clone(),
            implemented: names.join(", "),
            service: service.rsplit('.').next().unwrap_or_default().to_owned(),
        })
    }

    /// Gives each page to the endpoint at its address; those where there is none are left.
    ///
    /// # Errors
    /// There is no certificate for an `https` address.
    fn pages(
        &self,
        published: &Published,
        endpoints: &mut [EndpointParts],
        events: &Arc<HostEvents>,
    ) -> Result<Vec<PageRoute>, HostError> {
        let known = endpoints.iter().map(|own| (own.listen.clone(), own.https.clone(), own.hosts));
        let known: Vec<_> = known.collect();
        let mut left = Vec::new();
        for place in published.settings.places() {
            let (description, settings) = (&published.description, &published.settings);
            let pages = Pages::new(place.clone(), Arc::clone(description), Arc::clone(settings));
            let pages = Arc::new(pages);
            let at = place_of(&place.address);
            match endpoints.iter_mut().find(|own| at.is_some() && place_of(&own.listen) == at) {
                Some(endpoint) => endpoint.pages = Some(pages),
                None => left.push(self.page_route(pages, &known, events)?),
            }
        }
        Ok(left)
    }

    /// # Errors
    /// The file names who decides what callers may do, and the program does not: everybody could do everything.
    fn authorized(&self, endpoint: &EffectiveEndpoint) -> Result<(), HostError> {
        let Some(authorization) = &endpoint.service_behavior.service_authorization else {
            return Ok(());
        };
        let manager = &authorization.service_authorization_manager_type;
        let policies = &authorization.authorization_policies.add;
        let named = match policies.first() {
            _ if !manager.is_empty() => format!("serviceAuthorizationManagerType=\"{manager}\""),
            Some(policy) => format!("the authorization policy \"{}\"", policy.policy_type),
            None => return Ok(()),
        };
        match self.authorization {
            Some(_) => Ok(()),
            None => {
                let text = format!(
                    "{named} of <serviceAuthorization> is a .NET type, which cannot run here: decide in code who may do what \
                     (ServiceHostBuilder::authorize), or take it out of the file"
                );
                Err(incomplete(&endpoint.address, text))
            }
        }
    }

    fn close_timeout(&self) -> Duration {
        let of_file = self.service.as_ref().map(|service| options::duration(service.close_timeout));
        of_file.unwrap_or(CLOSE_TIMEOUT)
    }

    /// `serviceThrottling` is one for the whole service, as in WCF. Endpoints set up in code may say different things: the
    /// least of them holds.
    fn throttling(&self) -> EffectiveThrottling {
        let processors = std::thread::available_parallelism()
            .map_or(1, |n| u32::try_from(n.get()).unwrap_or(u32::MAX));
        let all = self.endpoints.iter().map(|e| e.service_behavior.throttling(processors));
        let least = all.reduce(|mut least, other| {
            least.max_concurrent_calls = least.max_concurrent_calls.min(other.max_concurrent_calls);
            least.max_concurrent_sessions =
                least.max_concurrent_sessions.min(other.max_concurrent_sessions);
            least.max_concurrent_instances =
                least.max_concurrent_instances.min(other.max_concurrent_instances);
            least
        });
        least.unwrap_or_else(|| ServiceBehavior::default().throttling(processors))
    }

    /// What a cookie of this service is good for: the service, by the name that all its processes know it by.
    fn cookie_scope(&self, contracts: &Contracts) -> Box<str> {
        match &self.service {
            Some(service) => service.name.as_str().into(),
            None => {
                let names = contracts.iter().map(|contract| contract.configuration_name);
                names.collect::<Vec<_>>().join(" ").into()
            }
        }
    }

    fn parts(
        &self,
        group: Group,
        instances: &Arc<dyn Instances>,
        throttle: &Arc<Throttle>,
        events: &Arc<HostEvents>,
        layers: Option<OperationService>,
        keeps: &mut Keeps<'_>,
    ) -> Result<EndpointParts, HostError> {
        let listen = group.listen().to_owned();
        let Group { endpoint, contracts } = group;
        let address = endpoint.address.as_str();
        runs(&endpoint, &contracts, &listen)?;
        self.authorized(&endpoint)?;
        let settings = options::service_settings(&endpoint, contracts.shape());
        let mut settings =
            settings.ok_or_else(|| incomplete(address, "the binding has no SOAP"))?;
        settings.understood = contracts.understood();
        settings.trace = self.trace.as_ref().is_some_and(Trace::is_decrypted);
        let encoding = Encoding::of(&endpoint, settings.version.soap);
        let judge = self.credentials.judge(&endpoint)?;
        let https = self.credentials.https(&endpoint, &listen, self.clock, events)?;
        let mut options = self.credentials.options(&endpoint, &contracts)?;
        options.cookies.scope = self.cookie_scope(&contracts);
        let is_digest = matches!(Admittance::of(&endpoint), Admittance::Login { digest: true, .. });
        keeps.check(address, is_digest, endpoint.transport.max_received_message_size)?;
        let (applications, is_kept) = (self.applications.as_ref(), self.cookies_outlive(&endpoint));
        let durability =
            keeps.endpoint(&mut settings, &mut options, &contracts, applications, is_kept)?;
        let callback = contracts.iter().find_map(|contract| contract.callback);
        let links = Links::of(&endpoint, settings.version.soap, callback);
        let outward = self.outward(&endpoint, settings.version.soap, callback)?;
        options.flow = options::flow(&endpoint, callback.is_some());
        if links.is_some() {
            options.reply_to = Some(EndpointReference::new(address));
        }
        let security = ServiceSecurity::new(options, &mut SystemRandom);
        let security = security.map_err(|e| incomplete(address, e.to_string()))?;
        if (links.is_some() || outward.is_some()) && durability.is_some() {
            return Err(incomplete(address, NOT_KEPT));
        }
        let service = ServiceEndpoint::new(settings, security)
            .with_address_headers(options::address_headers(&endpoint))
            .with_address_filter(options::address_filter(&endpoint, self.address_filter));
        Ok(EndpointParts {
            endpoint: match (&links, &outward) {
                (Some(_), _) => service.over_links(),
                (None, Some(_)) => service.posting(),
                (None, None) => service,
            },
            judge,
            cookie_keys: self.credentials.cookies.watched(),
            admittance: Admittance::of(&endpoint),
            hosts: host_names(endpoint.transport.host_name_comparison_mode),
            pages: None,
            request_timeout: request_timeout(&endpoint),
            http_authentication: self.credentials.http_authentication(&endpoint)?,
            listen,
            https,
            encoding,
            throttle: Arc::clone(throttle),
            quotas: MessageQuotas::of(&endpoint),
            object_quotas: ObjectQuotas::of(&endpoint),
            faults: fault_options(&endpoint),
            instances: Arc::clone(instances),
            contracts,
            close_timeout: options::duration(endpoint.timeouts.close),
            send_timeout: options::duration(endpoint.timeouts.send),
            links,
            streamed: Streamed::of(&endpoint),
            outward,
            authorization: self.authorization.clone(),
            events: Arc::clone(events),
            layers,
            clock: self.clock,
            trace: self.trace.clone(),
            durability,
        })
    }

    /// How a service of wsDualHttpBinding reaches its clients; nothing for other bindings.
    fn outward(
        &self,
        endpoint: &EffectiveEndpoint,
        soap: SoapVersion,
        callback: Option<&'static ContractDescription>,
    ) -> Result<Option<Outward>, HostError> {
        if !options::is_composite(endpoint) {
            return Ok(None);
        }
        Outward::of(endpoint, soap, callback, self.callback_hosts.clone())
            .map(Some)
            .map_err(|text| incomplete(endpoint.address.as_str(), text))
    }

    /// Whether security contexts in cookies can be opened by the next process.
    fn cookies_outlive(&self, endpoint: &EffectiveEndpoint) -> bool {
        let has_cookies = endpoint.security.as_ref().is_some_and(|security| security.has_cookies());
        !has_cookies || self.credentials.cookies.outlive()
    }
}

const NOT_KEPT: &str = "reliable sessions of duplex bindings (net.tcp, WebSockets, wsDualHttpBinding) are not kept in a store yet: leave out the store (<store>, \
    ServiceHostBuilder::store) or, where the binding lets you, <reliableSession> of this endpoint, or host it without a store [store-links]";

/// What callers hear of errors.
fn fault_options(endpoint: &EffectiveEndpoint) -> FaultOptions {
    let debug = endpoint.service_behavior.service_debug.as_ref();
    let include_exception_detail = debug.is_some_and(|d| d.include_exception_detail_in_faults);
    FaultOptions { include_exception_detail }
}

fn host_names(mode: HostNameComparisonMode) -> HostNames {
    match mode {
        HostNameComparisonMode::StrongWildcard => HostNames::StrongWildcard,
        HostNameComparisonMode::Exact => HostNames::Exact,
        HostNameComparisonMode::WeakWildcard => HostNames::WeakWildcard,
    }
}

/// Whether two endpoints with one place to listen can be one.
///
/// # Errors
/// They differ by more than the contract.
fn joinable(one: &EffectiveEndpoint, other: &EffectiveEndpoint) -> Result<(), HostError> {
    if one.address != other.address {
        let text = format!(
            "the endpoint listens at the same place as the endpoint at {}: this version tells endpoints at one place \
             apart by the contract only, so both must have the same address, or another listenUri each",
            one.address
        );
        return Err(HostError::Unsupported { address: other.address.clone(), text });
    }
    let same = EffectiveEndpoint {
        name: one.name.clone(),
        contract: one.contract.clone(),
        ..other.clone()
    };
    if same == *one {
        return Ok(());
    }
    let listen = other.via.as_deref().unwrap_or(&other.address);
    let text = format!(
        "A binding instance has already been associated to listen URI '{listen}'. If two endpoints want to share the same \
         ListenUri, they must also share the same binding object instance. The two conflicting endpoints were either \
         specified in AddServiceEndpoint() calls, in a config file, or a combination of AddServiceEndpoint() and config. \
         Give both the same binding configuration and behavior, or another address each"
    );
    Err(incomplete(&other.address, text))
}

/// What this version cannot run of an endpoint is said before anything of it is made.
fn runs(
    endpoint: &EffectiveEndpoint,
    contracts: &Contracts,
    listen: &str,
) -> Result<(), HostError> {
    let address = endpoint.address.as_str();
    let unsupported = |contract: &'static ContractDescription| {
        endpoint.unsupported_for(&contract.requirements()).into_iter().next()
    };
    if let Some(first) = contracts.iter().find_map(unsupported) {
        let text = first.to_string();
        return Err(HostError::Unsupported { address: address.to_owned(), text });
    }
    match wrong_scheme(listen, &endpoint.transport.scheme) {
        Some(text) => Err(incomplete(address, text)),
        None => Ok(()),
    }
}

/// How long a request may take to come in; none: the listener has limits of its own.
fn request_timeout(endpoint: &EffectiveEndpoint) -> Option<Duration> {
    let timeout = endpoint.transport.request_initialization_timeout;
    (timeout != TimeSpan::ZERO).then(|| options::duration(timeout))
}

/// # Errors
/// Two services would listen at one place.
fn refuse_shared_places<'a>(services: impl Iterator<Item = &'a [Group]>) -> Result<(), HostError> {
    let mut taken = Vec::new();
    for groups in services {
        let own: Vec<_> = groups.iter().filter_map(|g| Some((g.place()?, g.listen()))).collect();
        if let Some((_, listen)) = own.iter().find(|(place, _)| taken.contains(place)) {
            let text = format!(
                "A registration already exists for URI '{listen}'. Two services of the host have this address"
            );
            return Err(incomplete(listen, text));
        }
        taken.extend(own.into_iter().map(|(place, _)| place));
    }
    Ok(())
}
