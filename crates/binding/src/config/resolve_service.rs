//! From a file to a service: its endpoints, its addresses, its behavior.

use waxwing_soap::Address;

use crate::TimeSpan;
use crate::bindings::Binding;
use crate::config::Configuration;
use crate::config::behaviors::ServiceBehavior;
use crate::config::endpoints::{Service, ServiceEndpoint};
use crate::config::identity::EndpointIdentity;
use crate::config::known::offer;
use crate::config::resolve::fill_locations;
use crate::config::resolve_error::ResolveError;
use crate::effective::{EffectiveEndpoint, METADATA_CONTRACT, Role, short_name};

/// A service with its endpoints resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectiveService {
    /// Name of the service.
    pub name: String,
    /// Absolute base addresses, one per scheme (URI).
    pub base_addresses: Vec<String>,
    /// The endpoints, metadata endpoints included.
    pub endpoints: Vec<EffectiveEndpoint>,
    /// Its behavior.
    pub behavior: ServiceBehavior,
    /// Time to open the host.
    pub open_timeout: TimeSpan,
    /// Time to close the host.
    pub close_timeout: TimeSpan,
}

impl Configuration {
    /// A service by name, endpoints resolved. A service without endpoints gets one per base
    /// address and contract, with the binding of `<protocolMapping>`.
    ///
    /// `contracts` are the names of the contracts that the service implements: default endpoints
    /// are made for each of them, and an endpoint for any other contract is refused. An empty list
    /// stands for "not known" and refuses none.
    ///
    /// # Errors
    /// There is no such service, or one of its endpoints cannot be resolved or is for a contract
    /// that the service does not implement.
    pub fn service(
        &self,
        name: &str,
        contracts: &[&str],
    ) -> Result<EffectiveService, ResolveError> {
        self.resolve_service(self.find_service(name)?, contracts)
    }

    /// The service that [`Configuration::service`] resolves.
    ///
    /// # Errors
    /// There is none.
    pub fn find_service(&self, name: &str) -> Result<&Service, ResolveError> {
        let found = self.services.services.iter().find(|s| s.name == name);
        found.ok_or_else(|| ResolveError::NoService {
            name: name.to_owned(),
            known: offer("services", name, self.services.services.iter().map(|s| s.name.as_str())),
        })
    }

    /// Resolves one service of [`Configuration::services`]; see [`Configuration::service`].
    ///
    /// # Errors
    /// One of its endpoints cannot be resolved.
    pub fn resolve_service(
        &self,
        service: &Service,
        contracts: &[&str],
    ) -> Result<EffectiveService, ResolveError> {
        implemented(service, contracts)?;
        let behavior = match self.service_behavior(service) {
            Some(behavior) => behavior.clone(),
            None if service.behavior_configuration.is_empty() => ServiceBehavior::default(),
            None => {
                return Err(ResolveError::NoBehavior {
                    endpoint: service.name.clone(),
                    kind: "service",
                    name: service.behavior_configuration.clone(),
                });
            }
        };
        let endpoints = if service.endpoints.is_empty() {
            self.default_endpoints(service, contracts)
        } else {
            service.endpoints.clone()
        };
        let timeouts = &service.host.timeouts;
        let positive =
            |span: TimeSpan, default| if span == TimeSpan::ZERO { default } else { span };
        Ok(EffectiveService {
            name: service.name.clone(),
            base_addresses: base_addresses(service),
            endpoints: endpoints
                .iter()
                .map(|e| self.resolve_service_endpoint(service, e, &behavior))
                .collect::<Result<_, _>>()?,
            behavior,
            open_timeout: positive(timeouts.open_timeout, TimeSpan::minutes(1)),
            close_timeout: positive(timeouts.close_timeout, TimeSpan::seconds(10)),
        })
    }

    pub(crate) fn default_endpoints(
        &self,
        service: &Service,
        contracts: &[&str],
    ) -> Vec<ServiceEndpoint> {
        let mut endpoints = Vec::new();
        for address in base_addresses(service) {
            let mapped =
                Address::of(&address).scheme().and_then(|s| self.protocol_mapping.binding_of(s));
            let Some((binding, name)) = mapped else { continue };
            for contract in contracts {
                endpoints.push(
                    ServiceEndpoint::default()
                        .address(address.clone())
                        .binding(binding.clone())
                        .binding_configuration(name.clone())
                        .contract(*contract),
                );
            }
        }
        endpoints
    }

    pub(crate) fn resolve_service_endpoint(
        &self,
        service: &Service,
        endpoint: &ServiceEndpoint,
        behavior: &ServiceBehavior,
    ) -> Result<EffectiveEndpoint, ResolveError> {
        let label = if endpoint.name.is_empty() { &endpoint.address } else { &endpoint.name };
        let Some((section, contract)) = section_and_contract(endpoint) else {
            return Err(ResolveError::StandardEndpoint { kind: endpoint.kind.clone() });
        };
        let binding =
            self.usable_binding(label, section, &endpoint.binding_configuration, Role::Service)?;
        self.named_behavior(label, &endpoint.behavior_configuration)?;
        let mut effective = self.service_with(endpoint, &binding, behavior, contract);
        effective.address = absolute(service, &endpoint.address, &effective.transport.scheme)
            .ok_or_else(|| ResolveError::NoAddress {
                endpoint: label.clone(),
                scheme: effective.transport.scheme.clone(),
            })?;
        effective.public_addresses = self.public_addresses(&effective.address);
        Ok(effective)
    }

    /// An endpoint of a service as far as it can be told, whatever keeps it from being opened; its
    /// address may be relative. `None` without a binding.
    pub(crate) fn sketch_service_endpoint(
        &self,
        service: &Service,
        endpoint: &ServiceEndpoint,
    ) -> Option<EffectiveEndpoint> {
        let (section, contract) = section_and_contract(endpoint)?;
        let binding = self.binding(section, &endpoint.binding_configuration)?;
        let behavior = self.service_behavior(service).cloned().unwrap_or_default();
        let mut effective = self.service_with(endpoint, &binding, &behavior, contract);
        let address = absolute(service, &endpoint.address, &effective.transport.scheme);
        effective.address = address.unwrap_or_else(|| endpoint.address.clone());
        effective.public_addresses = self.public_addresses(&effective.address);
        Some(effective)
    }

    /// How clients know the endpoint of this address.
    fn public_addresses(&self, address: &str) -> Vec<String> {
        let address = Address::of(address);
        let all = self.waxwing.public_addresses.add.iter();
        let own = all.filter(|known| Address::of(known.address.trim()).is_place_of(&address));
        own.map(|known| known.public.trim().to_owned()).collect()
    }

    fn service_with(
        &self,
        endpoint: &ServiceEndpoint,
        binding: &Binding,
        behavior: &ServiceBehavior,
        contract: &str,
    ) -> EffectiveEndpoint {
        let mut effective = EffectiveEndpoint::unchecked(Role::Service, binding);
        effective.via.clone_from(&endpoint.listen_uri);
        effective.listen_uri_mode = endpoint.listen_uri_mode;
        effective.contract = contract.to_owned();
        effective.headers.clone_from(&endpoint.headers.xml);
        effective.identity = endpoint.identity.as_ref().and_then(EndpointIdentity::effective);
        effective.binding_namespace.clone_from(&endpoint.binding_namespace);
        effective.is_system_endpoint = endpoint.is_system_endpoint;
        effective.name = endpoint_name(endpoint, binding.section(), contract);
        if let Some(behavior) = self.endpoint_behavior(&endpoint.behavior_configuration) {
            effective.endpoint_behavior = behavior.clone();
        }
        effective.with_service_behavior(behavior.clone());
        fill_locations(&mut effective);
        effective
    }
}

/// Type of the binding, and the contract; `None` for a standard endpoint that Waxwing does not know.
fn section_and_contract(endpoint: &ServiceEndpoint) -> Option<(&str, &str)> {
    match endpoint.kind.as_str() {
        "" => Some((endpoint.binding.as_str(), endpoint.contract.as_str())),
        "mexEndpoint" if endpoint.binding.is_empty() => Some(("mexHttpBinding", METADATA_CONTRACT)),
        "mexEndpoint" => Some((endpoint.binding.as_str(), METADATA_CONTRACT)),
        _ => None,
    }
}

/// Whether every endpoint is for a contract that the service implements; metadata always is.
fn implemented(service: &Service, contracts: &[&str]) -> Result<(), ResolveError> {
    let known = |name: &str| name == METADATA_CONTRACT || contracts.contains(&name);
    let mut endpoints = service.endpoints.iter().filter(|e| e.kind.is_empty());
    match endpoints.find(|e| !known(&e.contract)).filter(|_| !contracts.is_empty()) {
        None => Ok(()),
        Some(endpoint) => Err(ResolveError::NotImplemented {
            contract: endpoint.contract.clone(),
            implemented: format!("'{}'", contracts.join("', '")),
            service: short_name(&service.name).to_owned(),
        }),
    }
}

/// The name of an endpoint, derived from binding and contract when none is given.
fn endpoint_name(endpoint: &ServiceEndpoint, section: &str, contract: &str) -> String {
    if !endpoint.name.is_empty() {
        return endpoint.name.clone();
    }
    let binding = match (endpoint.binding_name.as_str(), section) {
        ("", "mexHttpBinding") => "MetadataExchangeHttpBinding",
        ("", "mexHttpsBinding") => "MetadataExchangeHttpsBinding",
        ("", "mexTcpBinding") => "MetadataExchangeTcpBinding",
        ("", section) => {
            let binding = Binding::default_of(section);
            let type_name = binding.as_ref().map_or("Binding", |b| b.type_name());
            return format!("{type_name}_{}", short_name(contract));
        }
        (name, _) => name,
    };
    format!("{binding}_{}", short_name(contract))
}

fn base_addresses(service: &Service) -> Vec<String> {
    let all = service.host.base_addresses.add.iter();
    all.map(|base| base.base_address.trim().to_owned()).collect()
}

/// The absolute address: as written, or below the base address of the scheme.
fn absolute(service: &Service, address: &str, wanted: &str) -> Option<String> {
    let address = Address::of(address);
    if address.is_absolute() {
        return Some(address.as_str().to_owned());
    }
    let bases = base_addresses(service);
    let base = bases.iter().map(|base| Address::of(base)).find(|base| base.has_scheme(wanted))?;
    Some(address.below(&base))
}
