//! What an endpoint refers to: its binding, its behaviors, its certificates.

use crate::StoreLocation;
use crate::bindings::Binding;
use crate::config::Configuration;
use crate::config::behaviors::{EndpointBehavior, ServiceBehavior};
use crate::config::endpoints::Service;
use crate::config::known::offer;
use crate::config::resolve_error::ResolveError;
use crate::effective::{EffectiveEndpoint, Role};

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

    /// The endpoint behavior of a name, which must exist unless it is empty.
    pub(super) fn named_behavior(
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
    pub(super) fn usable_binding(
        &self,
        endpoint: &str,
        section: &str,
        name: &str,
        role: Role,
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
        match binding.refusals().into_iter().chain(binding.refusals_of(role)).next() {
            None => Ok(binding),
            Some(refusal) => Err(ResolveError::Refused {
                endpoint: endpoint.to_owned(),
                refusal: Box::new(refusal),
            }),
        }
    }
}

/// References of an identity live in the machine's store unless they say otherwise.
pub(super) fn fill_locations(endpoint: &mut EffectiveEndpoint) {
    if let Some(crate::Identity::CertificateReference(reference)) = &mut endpoint.identity {
        reference.store_location.get_or_insert(StoreLocation::LocalMachine);
    }
}
