//! From a file to the endpoint of a client.

use crate::bindings::Binding;
use crate::config::Configuration;
use crate::config::endpoints::ClientEndpoint;
use crate::config::identity::EndpointIdentity;
use crate::config::known::offer;
use crate::config::resolve::fill_locations;
use crate::config::resolve_error::ResolveError;
use crate::effective::{EffectiveEndpoint, Role};

impl Configuration {
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
        let binding = self.usable_binding(&endpoint.name, section, name, Role::Client)?;
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
        effective.transport.proxy.default.clone_from(&self.net.default_proxy);
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
}
