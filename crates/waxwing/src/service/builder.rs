//! Setting up a host, from a configuration file or in code.

use std::sync::Arc;

use waxwing_binding::{
    Binding, Configuration, EffectiveEndpoint, EffectiveService, EffectiveThrottling, ResolveError,
    Service, ServiceBehavior,
};
use waxwing_crypto::Identity;
use waxwing_crypto::tls::TlsVersion;
use waxwing_security::conversation::{CertificateTrust, ServiceSecurity, UserNameValidator};
use waxwing_session::{ServiceEndpoint, options};

use super::credentials::Credentials;
use super::endpoint::{Endpoint, EndpointParts};
use super::error::{HostError, incomplete};
use super::host::ServiceHost;
use super::instances::Instances;
use super::throttle::Throttle;
use crate::certificates::CertificateStores;
use crate::configuration::ConfigurationFile;
use crate::contract::{ContractDescription, FaultOptions, ProtectionLevel};
use crate::encoding::Encoding;
use crate::environment::{Clock, SystemRandom};
use crate::net::http::server::{HttpLimits, Places};
use crate::trace::Trace;

/// Sets up a [`ServiceHost`]. What is set in code goes before what a configuration file says.
pub struct ServiceHostBuilder {
    /// What the endpoints come from, until base addresses are all there.
    file: Option<FromFile>,
    service: Option<EffectiveService>,
    /// Why the endpoints of the file are not there.
    refused: Option<ResolveError>,
    endpoints: Vec<EffectiveEndpoint>,
    credentials: Credentials,
    clock: Clock,
    trace: Option<Trace>,
    http_limits: HttpLimits,
}

/// A service of a configuration file.
struct FromFile {
    configuration: Configuration,
    service: Service,
    contract: &'static str,
}

impl ServiceHostBuilder {
    /// A host without endpoints.
    pub fn new() -> Self {
        Self {
            file: None,
            service: None,
            refused: None,
            endpoints: Vec::new(),
            credentials: Credentials::new(),
            clock: Clock::system(),
            trace: None,
            http_limits: HttpLimits::default(),
        }
    }

    /// The service `name` of a configuration file, which implements `contract`.
    ///
    /// # Errors
    /// The file has no such service, or mistakes that concern it, or one of its endpoints cannot be used.
    pub fn from_config(
        file: &ConfigurationFile,
        name: &str,
        contract: &'static ContractDescription,
    ) -> Result<Self, HostError> {
        let from = FromFile {
            configuration: file.configuration().clone(),
            service: file.loaded.find_service(name)?.clone(),
            contract: contract.configuration_name,
        };
        let mut builder = Self::new().certificate_stores(file.certificate_stores());
        builder.trace = file.trace().map_err(|text| incomplete("", text))?;
        builder.resolve(from)?;
        Ok(builder)
    }

    /// The same with a base address that the file does not have, or in place of the file's one of the same scheme: what
    /// IIS takes from the address of the `.svc` file, and a program gives to the constructor of `ServiceHost`. The
    /// endpoints of the file are made anew: call it before [`endpoint`](Self::endpoint) and
    /// [`endpoints_mut`](Self::endpoints_mut).
    ///
    /// # Errors
    /// The address is not absolute, the host is not made from a file, or WCF would refuse an endpoint.
    pub fn base_address(mut self, address: &str) -> Result<Self, HostError> {
        if !address.contains("://") {
            return Err(incomplete(address, "Only an absolute Uri can be used as a base address."));
        }
        let Some(mut from) = self.file.take() else {
            let text = "base addresses are for services of a file: begin with ServiceHostBuilder::from_config";
            return Err(incomplete(address, text));
        };
        from.service.give_base_address(address);
        self.resolve(from)?;
        Ok(self)
    }

    /// The endpoints of the file; without a base address that they need there are none yet.
    fn resolve(&mut self, from: FromFile) -> Result<(), HostError> {
        self.refused = None;
        match from.configuration.resolve_service(&from.service, &[from.contract]) {
            Ok(mut service) => {
                self.endpoints = std::mem::take(&mut service.endpoints);
                self.service = Some(service);
            }
            Err(error @ ResolveError::NoAddress { .. }) => self.refused = Some(error),
            Err(error) => return Err(error.into()),
        }
        self.file = Some(from);
        Ok(())
    }

    /// The same with one more endpoint at an absolute address.
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
        self.endpoints.push(endpoint.map_err(|e| incomplete(address, e.to_string()))?);
        Ok(self)
    }

    /// The same with this certificate of the service.
    #[must_use]
    pub fn certificate(mut self, identity: Identity) -> Self {
        self.credentials.certificate = Some(identity);
        self
    }

    /// The same, deciding in code whether a client's certificate is trusted.
    #[must_use]
    pub fn client_trust(mut self, trust: impl CertificateTrust + 'static) -> Self {
        self.credentials.trust = Some(Arc::new(trust));
        self
    }

    /// The same, deciding in code whether a user name and password are good
    /// (`userNamePasswordValidationMode="Custom"`).
    #[must_use]
    pub fn user_names(mut self, validator: impl UserNameValidator + 'static) -> Self {
        self.credentials.user_names = Some(Arc::new(validator));
        self
    }

    /// The same with certificates in other folders.
    #[must_use]
    pub fn certificate_stores(mut self, stores: CertificateStores) -> Self {
        self.credentials.stores = stores;
        self
    }

    /// The same, negotiating with clients that know no TLS 1.2. **TLS 1.0 and 1.1 are broken.**
    #[must_use]
    pub fn allow_broken_tls(mut self, oldest: TlsVersion) -> Self {
        self.credentials.oldest_tls = oldest;
        self
    }

    /// The same with this protection level for the contract, whatever the contract says. Operations, faults and headers
    /// with a level of their own keep it. Clients need the same.
    #[must_use]
    pub fn protection_level(mut self, level: ProtectionLevel) -> Self {
        self.credentials.protection_level = Some(level);
        self
    }

    /// The same with other clocks.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The same with every message written to a trace.
    #[must_use]
    pub fn trace(mut self, trace: Trace) -> Self {
        self.trace = Some(trace);
        self
    }

    /// The same with other limits of what HTTP peers may take, and for how long. They hold for all endpoints together.
    #[must_use]
    pub fn http_limits(mut self, limits: HttpLimits) -> Self {
        self.http_limits = limits;
        self
    }

    /// The endpoints, to be looked at or changed before the host opens.
    pub fn endpoints_mut(&mut self) -> &mut Vec<EffectiveEndpoint> {
        &mut self.endpoints
    }

    /// Opens the host: listens on every endpoint's address and executes calls with `instances`.
    ///
    /// # Errors
    /// Something is missing or not supported, or an address cannot be listened on.
    pub async fn open(self, instances: impl Instances + 'static) -> Result<ServiceHost, HostError> {
        if let Some(error) = self.refused {
            return Err(error.into());
        }
        let instances: Arc<dyn Instances> = Arc::new(instances);
        let contract = instances.contract();
        let largest = self.endpoints.iter().map(|e| options::xml_limits(e).max_bytes).max();
        let places = Places::new(self.http_limits, largest.unwrap_or(0));
        let throttle = Throttle::new(&self.throttling(), places);
        let mut endpoints = Vec::new();
        for endpoint in &self.endpoints {
            if endpoint.contract == "IMetadataExchange" {
                tracing::info!(
                    address = endpoint.address,
                    "metadata endpoints are not supported yet; this one is left out"
                );
                continue;
            }
            if endpoint.contract != contract.configuration_name {
                let text = format!(
                    "the endpoint is for the contract {}, but the service implements {}",
                    endpoint.contract, contract.configuration_name
                );
                return Err(incomplete(&endpoint.address, text));
            }
            let parts = self.parts(endpoint, &instances, &throttle)?;
            endpoints.push(Endpoint::new(parts)?);
        }
        if endpoints.is_empty() {
            let text = "Service has zero application (non-infrastructure) endpoints: add an <endpoint> to the service, \
                        give a base address (ServiceHostBuilder::base_address), or use ServiceHostBuilder::endpoint";
            return Err(incomplete("", text));
        }
        let close = self.service.as_ref().map_or(std::time::Duration::from_secs(10), |service| {
            options::duration(service.close_timeout)
        });
        ServiceHost::listen(endpoints, close, throttle.places()).await
    }

    /// `serviceThrottling` is one for the whole host, as in WCF. Endpoints set up in code may say different things: the
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

    fn parts(
        &self,
        endpoint: &EffectiveEndpoint,
        instances: &Arc<dyn Instances>,
        throttle: &Arc<Throttle>,
    ) -> Result<EndpointParts, HostError> {
        let address = endpoint.address.as_str();
        if let Some(first) = endpoint.unsupported().first() {
            return Err(HostError::Unsupported {
                address: address.to_owned(),
                text: first.to_string(),
            });
        }
        let contract = instances.contract();
        let shape = contract.shape();
        let settings = options::service_settings(endpoint, shape);
        let mut settings =
            settings.ok_or_else(|| incomplete(address, "the binding has no SOAP"))?;
        let headers = contract.operations.iter().flat_map(|operation| operation.request.headers);
        settings.understood =
            headers.map(|h| (h.namespace.to_owned(), h.local.to_owned())).collect();
        settings.trace = self.trace.as_ref().is_some_and(Trace::is_decrypted);
        let security =
            ServiceSecurity::new(self.credentials.options(endpoint, contract)?, &mut SystemRandom);
        let security = security.map_err(|e| incomplete(address, e.to_string()))?;
        let debug = endpoint.service_behavior.service_debug.as_ref();
        Ok(EndpointParts {
            endpoint: ServiceEndpoint::new(settings, security),
            listen: endpoint.via.clone().unwrap_or_else(|| address.to_owned()),
            encoding: Encoding::of(endpoint),
            limits: options::xml_limits(endpoint),
            throttle: Arc::clone(throttle),
            faults: FaultOptions {
                include_exception_detail: debug
                    .is_some_and(|d| d.include_exception_detail_in_faults),
            },
            instances: Arc::clone(instances),
            clock: self.clock,
            trace: self.trace.clone(),
        })
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
            self.endpoints.iter().map(|endpoint| endpoint.address.as_str()).collect();
        f.debug_struct("ServiceHostBuilder").field("endpoints", &addresses).finish_non_exhaustive()
    }
}
