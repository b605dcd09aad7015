//! From a file to endpoints: which binding, which behavior, which address.

use waxwing_soap::Address;

use crate::bindings::Binding;
use crate::config::Configuration;
use crate::config::behaviors::{EndpointBehavior, ServiceBehavior};
use crate::config::endpoints::{ClientEndpoint, Service, ServiceEndpoint};
use crate::config::error::ConfigurationError;
use crate::config::identity::EndpointIdentity;
use crate::config::known::offer;
use crate::effective::{EffectiveEndpoint, Role, short_name};
use crate::refusal::Refusal;
use crate::{StoreLocation, TimeSpan};

/// The contract that every service with `<serviceMetadata>` has.
const METADATA_CONTRACT: &str = "IMetadataExchange";

/// Why an endpoint cannot be resolved.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// The file has errors that concern the endpoint.
    #[error("{0}")]
    Mistakes(ConfigurationError),
    /// No such client endpoint.
    #[error(
        "Could not find endpoint element with name '{name}' and contract '{contract}' in the \
         ServiceModel client configuration section. This might be because no configuration file was \
         found for your application, or because no endpoint element matching this name could be \
         found in the client element.{known}"
    )]
    NoEndpoint {
        /// The name that was asked for.
        name: String,
        /// The contract that was asked for.
        contract: String,
        /// What the file has, as a sentence.
        known: String,
    },
    /// No client endpoint of the contract.
    #[error(
        "Could not find default endpoint element that references contract '{contract}' in the \
         ServiceModel client configuration section. This might be because no configuration file was \
         found for your application, or because no endpoint element matching this contract could be \
         found in the client element.{known}"
    )]
    NoContract {
        /// The contract that was asked for.
        contract: String,
        /// What the file has, as a sentence.
        known: String,
    },
    /// Several client endpoints of the contract.
    #[error(
        "the file has {count} client endpoints for contract '{contract}': name one of them.{known}"
    )]
    Several {
        /// The contract that was asked for.
        contract: String,
        /// How many there are.
        count: usize,
        /// Their names, as a sentence.
        known: String,
    },
    /// No such service.
    #[error(
        "Service '{name}' has zero application (non-infrastructure) endpoints. This might be because \
         no configuration file was found for your application, or because no service element \
         matching the service name could be found in the configuration file, or because no endpoints \
         were defined in the service element.{known}"
    )]
    NoService {
        /// The name that was asked for.
        name: String,
        /// What the file has, as a sentence.
        known: String,
    },
    /// A standard endpoint other than `mexEndpoint`.
    #[error("this version of Waxwing cannot run the standard endpoint kind=\"{kind}\"")]
    StandardEndpoint {
        /// Its kind.
        kind: String,
    },
    /// The service does not implement the contract of an endpoint.
    #[error(
        "The contract name '{contract}' could not be found in the list of contracts implemented by \
         the service '{service}'. It implements {implemented}"
    )]
    NotImplemented {
        /// The contract of the endpoint.
        contract: String,
        /// The contracts that the service implements, in words.
        implemented: String,
        /// Name of the service without its namespace, as WCF prints it.
        service: String,
    },
    /// The binding is not in the file.
    #[error("endpoint {endpoint}: there is no {section} named \"{name}\".{known}")]
    NoBinding {
        /// What the file has, as a sentence.
        known: String,
        /// The endpoint's address or name.
        endpoint: String,
        /// Type of the binding.
        section: String,
        /// Name of the binding.
        name: String,
    },
    /// The behavior is not in the file.
    #[error("endpoint {endpoint}: there is no {kind} behavior named \"{name}\"")]
    NoBehavior {
        /// The endpoint's address or name, or the service's name.
        endpoint: String,
        /// `service` or `endpoint`.
        kind: &'static str,
        /// Name of the behavior.
        name: String,
    },
    /// The address cannot be made absolute.
    #[error(
        "endpoint {endpoint}: the address is relative, and there is no base address of scheme {scheme}: \
         write one into <host><baseAddresses>, or give it in code (ServiceHostBuilder::base_address)"
    )]
    NoAddress {
        /// The endpoint's address or name.
        endpoint: String,
        /// The scheme of the binding.
        scheme: String,
    },
    /// WCF would refuse the binding.
    #[error("endpoint {endpoint}: {refusal}")]
    Refused {
        /// The endpoint's address or name.
        endpoint: String,
        /// Why.
        refusal: Box<Refusal>,
    },
}

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
    /// A binding as an endpoint refers to it: the named one; without a name the unnamed one, else
    /// the defaults. A named binding inherits nothing from the unnamed one. `None` when there is
    /// no such type or no such name.
    pub fn binding(&self, section: &str, name: &str) -> Option<Binding> {
        let named = self.bindings.iter().find(|b| b.section() == section && b.name() == name);
        match named {
            Some(binding) => Some(binding.clone()),
            None if name.is_empty() => Binding::default_of(section),
            None => None,
        }
    }

    /// The behavior of a service: the named one, or the unnamed one.
    pub fn service_behavior(&self, service: &Service) -> Option<&ServiceBehavior> {
        let behaviors = &self.behaviors.service_behaviors.behaviors;
        behaviors.iter().find(|b| b.name == service.behavior_configuration)
    }

    /// An endpoint behavior: the named one, or the unnamed one.
    pub fn endpoint_behavior(&self, name: &str) -> Option<&EndpointBehavior> {
        self.behaviors.endpoint_behaviors.behaviors.iter().find(|b| b.name == name)
    }

    /// A client endpoint as `ChannelFactory<T>(name)` finds it: by name and contract; `"*"` finds
    /// the only one of the contract.
    ///
    /// # Errors
    /// There is none, there are several, or WCF would refuse its binding.
    pub fn client_endpoint(
        &self,
        name: &str,
        contract: &str,
    ) -> Result<EffectiveEndpoint, ResolveError> {
        self.resolve_client(self.find_client(name, contract)?)
    }

    /// The endpoint that [`Configuration::client_endpoint`] resolves.
    ///
    /// # Errors
    /// There is none, or there are several.
    pub fn find_client(&self, name: &str, contract: &str) -> Result<&ClientEndpoint, ResolveError> {
        let of_contract = || self.client.endpoints.iter().filter(|e| e.contract == contract);
        if name != "*" {
            let missing = || self.no_endpoint(name, contract);
            return of_contract().find(|e| e.name == name).ok_or_else(missing);
        }
        match (of_contract().next(), of_contract().count()) {
            (None, _) => Err(self.no_contract(contract)),
            (Some(endpoint), 1) => Ok(endpoint),
            (_, count) => {
                let known = offer("endpoints", "", of_contract().map(|e| e.name.as_str()));
                Err(ResolveError::Several { contract: contract.to_owned(), count, known })
            }
        }
    }

    fn no_contract(&self, contract: &str) -> ResolveError {
        let present = self.client.endpoints.iter().map(|e| e.contract.as_str());
        let known = offer("contracts", contract, present);
        ResolveError::NoContract { contract: contract.to_owned(), known }
    }

    /// Either the name is wrong, or the contract that goes with it.
    fn no_endpoint(&self, name: &str, contract: &str) -> ResolveError {
        let all = &self.client.endpoints;
        let known = match all.iter().find(|e| e.name == name) {
            Some(endpoint) => format!(
                " The file has the endpoint '{name}' with the contract '{}'; is that the configuration_name of the \
                 service contract?",
                endpoint.contract
            ),
            None => offer("client endpoints", name, all.iter().map(|e| e.name.as_str())),
        };
        ResolveError::NoEndpoint { name: name.to_owned(), contract: contract.to_owned(), known }
    }

    /// Resolves one endpoint of [`Configuration::client`].
    ///
    /// # Errors
    /// Its binding does not exist, or WCF would refuse it.
    pub fn resolve_client(
        &self,
        endpoint: &ClientEndpoint,
    ) -> Result<EffectiveEndpoint, ResolveError> {
        if !endpoint.kind.is_empty() {
            return Err(ResolveError::StandardEndpoint { kind: endpoint.kind.clone() });
        }
        let (section, name) = (&endpoint.binding, &endpoint.binding_configuration);
        let binding = self.usable_binding(&endpoint.name, section, name)?;
        self.named_behavior(&endpoint.name, &endpoint.behavior_configuration)?;
        Ok(self.client_with(endpoint, &binding))
    }

    /// The endpoint as far as it can be told, whatever keeps it from being opened. `None` without a
    /// binding.
    pub(crate) fn sketch_client(&self, endpoint: &ClientEndpoint) -> Option<EffectiveEndpoint> {
        let binding = self.binding(&endpoint.binding, &endpoint.binding_configuration)?;
        Some(self.client_with(endpoint, &binding))
    }

    fn client_with(&self, endpoint: &ClientEndpoint, binding: &Binding) -> EffectiveEndpoint {
        let mut effective = EffectiveEndpoint::unchecked(Role::Client, binding);
        effective.name.clone_from(&endpoint.name);
        effective.contract.clone_from(&endpoint.contract);
        effective.address = endpoint.address.clone().unwrap_or_default().trim().to_owned();
        effective.headers.clone_from(&endpoint.headers.xml);
        effective.identity = endpoint.identity.as_ref().and_then(EndpointIdentity::effective);
        if let Some(behavior) = self.endpoint_behavior(&endpoint.behavior_configuration) {
            effective.with_endpoint_behavior(behavior.clone());
        }
        fill_locations(&mut effective);
        effective
    }

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
        let binding = self.usable_binding(label, section, &endpoint.binding_configuration)?;
        self.named_behavior(label, &endpoint.behavior_configuration)?;
        let mut effective = self.service_with(endpoint, &binding, behavior, contract);
        effective.address = absolute(service, &endpoint.address, &effective.transport.scheme)
            .ok_or_else(|| ResolveError::NoAddress {
                endpoint: label.clone(),
                scheme: effective.transport.scheme.clone(),
            })?;
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
        Some(effective)
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
        effective.name = endpoint_name(endpoint, binding.section(), contract);
        if let Some(behavior) = self.endpoint_behavior(&endpoint.behavior_configuration) {
            effective.endpoint_behavior = behavior.clone();
        }
        effective.with_service_behavior(behavior.clone());
        fill_locations(&mut effective);
        effective
    }

    /// The endpoint behavior of a name, which must exist unless it is empty.
    fn named_behavior(
        &self,
        endpoint: &str,
        name: &str,
    ) -> Result<Option<&EndpointBehavior>, ResolveError> {
        match self.endpoint_behavior(name) {
            None if !name.is_empty() => Err(ResolveError::NoBehavior {
                endpoint: endpoint.to_owned(),
                kind: "endpoint",
                name: name.to_owned(),
            }),
            found => Ok(found),
        }
    }

    /// The binding of an endpoint, unless WCF refuses it.
    fn usable_binding(
        &self,
        endpoint: &str,
        section: &str,
        name: &str,
    ) -> Result<Binding, ResolveError> {
        let binding = self.binding(section, name).ok_or_else(|| ResolveError::NoBinding {
            endpoint: endpoint.to_owned(),
            section: section.to_owned(),
            name: name.to_owned(),
            known: {
                let of_type = self.bindings.iter().filter(|b| b.section() == section);
                offer("bindings of this type", name, of_type.map(|b| b.name()))
            },
        })?;
        match binding.refusals().into_iter().next() {
            None => Ok(binding),
            Some(refusal) => Err(ResolveError::Refused {
                endpoint: endpoint.to_owned(),
                refusal: Box::new(refusal),
            }),
        }
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

/// References of an identity live in the machine's store unless they say otherwise.
fn fill_locations(endpoint: &mut EffectiveEndpoint) {
    if let Some(crate::Identity::CertificateReference(reference)) = &mut endpoint.identity {
        reference.store_location.get_or_insert(StoreLocation::LocalMachine);
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
