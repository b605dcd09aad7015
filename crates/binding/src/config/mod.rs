//! The configuration file: `<configuration><system.serviceModel>`, and `<waxwing>` beside it.

pub(crate) mod behaviors;
pub(crate) mod check;
pub(crate) mod credentials;
pub(crate) mod endpoints;
pub(crate) mod error;
pub(crate) mod identity;
pub(crate) mod keeping;
mod known;
pub(crate) mod load;
pub(crate) mod loaded;
mod maps;
pub(crate) mod net;
pub(crate) mod places;
pub(crate) mod resolve;
pub(crate) mod resolve_client;
pub(crate) mod resolve_error;
pub(crate) mod resolve_service;
pub(crate) mod section_files;
pub(crate) mod sections;
pub(crate) mod stores;
pub(crate) mod waxwing;
mod write;

use crate::bindings::Binding;
use crate::file::raw::OtherElement;
use behaviors::{Behaviors, EndpointBehavior, ServiceBehavior};
use endpoints::{Client, ClientEndpoint, ProtocolMappings, Service, Services};
use net::SystemNet;
use waxwing::WaxwingSection;

/// A configuration file as a typed model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Configuration {
    /// Bindings of all types, in file order within a type.
    pub bindings: Vec<Binding>,
    /// Services.
    pub services: Services,
    /// Client endpoints.
    pub client: Client,
    /// Behaviors.
    pub behaviors: Behaviors,
    /// Bindings of default endpoints.
    pub protocol_mapping: ProtocolMappings,
    /// Sections of `<system.serviceModel>` that are recognised and carried, not used.
    pub others: Vec<OtherElement>,
    /// `<system.net>`: the default proxy.
    pub net: SystemNet,
    /// What only Waxwing has.
    pub waxwing: WaxwingSection,
}

impl Configuration {
    /// Adds a binding.
    #[must_use]
    pub fn with_binding(mut self, binding: impl Into<Binding>) -> Configuration {
        self.bindings.push(binding.into());
        self
    }

    /// Adds a service.
    #[must_use]
    pub fn with_service(mut self, service: Service) -> Configuration {
        self.services.services.push(service);
        self
    }

    /// Adds a client endpoint.
    #[must_use]
    pub fn with_client_endpoint(mut self, endpoint: ClientEndpoint) -> Configuration {
        self.client.endpoints.push(endpoint);
        self
    }

    /// Adds a service behavior.
    #[must_use]
    pub fn with_service_behavior(mut self, behavior: ServiceBehavior) -> Configuration {
        self.behaviors.service_behaviors.behaviors.push(behavior);
        self
    }

    /// Adds an endpoint behavior.
    #[must_use]
    pub fn with_endpoint_behavior(mut self, behavior: EndpointBehavior) -> Configuration {
        self.behaviors.endpoint_behaviors.behaviors.push(behavior);
        self
    }
}
