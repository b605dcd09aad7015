//! Publishing metadata: which pages and endpoints a service has, and whether it tells too much.

use std::sync::Arc;

use waxwing_binding::{
    AuthenticationSchemes, EffectiveEndpoint, METADATA_CONTRACT, MessageCredentialType,
};
use waxwing_soap::Address;

use super::error::{HostError, incomplete};
use super::https::Https;
use super::instances::Instances;
use super::metadata::{Described, Description, Pages, Settings};
use super::opening::Setup;
use super::published::{PageRoute, Published};
use super::watch::HostEvents;
use crate::net::{HostNames, place_of};

impl Setup {
    /// What is published, and where.
    ///
    /// # Errors
    /// A page has no address.
    pub(super) fn publication(&self) -> Result<Settings, HostError> {
        let of_file = self.service.as_ref();
        let mut bases: Vec<String> =
            of_file.map(|service| service.base_addresses.clone()).unwrap_or_default();
        let own: Vec<String> = self.base_addresses.iter().map(str::to_owned).collect();
        bases.splice(..0, own);
        let mut behaviors = of_file.map(|service| &service.behavior).into_iter();
        let of_endpoints = self.endpoints.iter().map(|endpoint| &endpoint.service_behavior);
        let says = |b: &&waxwing_binding::ServiceBehavior| {
            b.service_metadata.is_some() || b.service_debug.is_some()
        };
        let behavior = behaviors.next().into_iter().chain(of_endpoints).find(says);
        let behavior = behavior.cloned().unwrap_or_default();
        let application = self.endpoints.iter().find(|e| e.contract != METADATA_CONTRACT);
        let first = application.map(|endpoint| endpoint.address.as_str());
        Settings::of(self.metadata.as_ref(), &behavior, &bases, first)
    }

    /// What the service says of itself.
    pub(super) fn published(&self, instances: &dyn Instances, settings: Settings) -> Published {
        let mut described = Vec::new();
        for endpoint in self.application_endpoints().filter(|e| !e.is_system_endpoint) {
            let mut known = instances.contracts().iter().copied();
            let Some(contract) = known.find(|c| c.configuration_name == endpoint.contract) else {
                continue;
            };
            described.push(Described {
                endpoint,
                contract,
                certificate: self.credentials.told_certificate(endpoint),
                level: self.credentials.protection_level,
                signed_headers: &self.credentials.signed_headers,
            });
        }
        let name = self.service.as_ref().map(|service| service.name.as_str());
        let description = Description::of(name, &described, self.metadata.as_ref());
        self.warn_of_openness(&settings);
        Published { description: Arc::new(description), settings: Arc::new(settings) }
    }

    fn application_endpoints(&self) -> impl Iterator<Item = &EffectiveEndpoint> {
        self.endpoints.iter().filter(|endpoint| endpoint.contract != METADATA_CONTRACT)
    }

    /// Metadata is information: who hides a service behind credentials may not want to tell everybody how it is called.
    fn warn_of_openness(&self, settings: &Settings) {
        let open_endpoint = || {
            let mut metadata = self.endpoints.iter().filter(|e| e.contract == METADATA_CONTRACT);
            metadata.find(|endpoint| settings.endpoints && !demands(endpoint))
        };
        let protected = self.application_endpoints().find(|endpoint| demands(endpoint));
        let open = settings
            .wsdl_at()
            .map(|address| match address.matches('/').count() {
                2 => format!("{address}/?wsdl"),
                _ => format!("{address}?wsdl"),
            })
            .or_else(|| open_endpoint().map(|endpoint| endpoint.address.clone()));
        if let (Some(protected), Some(open)) = (protected, open) {
            tracing::warn!(
                address = protected.address,
                "the metadata of this service is open to everybody ({open}), while the service demands credentials: switch it off where \
                 nobody needs it (<serviceMetadata>), or put IMetadataExchange behind a binding that demands them, too [metadata-open]"
            );
        }
    }

    /// The pages of a service that are not at the address of one of these endpoints, with what listens there.
    ///
    /// # Errors
    /// There is no certificate for an `https` address.
    pub(super) fn page_route(
        &self,
        pages: Arc<Pages>,
        known: &[(String, Option<Arc<Https>>, HostNames)],
        events: &Arc<HostEvents>,
    ) -> Result<PageRoute, HostError> {
        let address = pages.address().to_owned();
        let place = place_of(&address).map(|(place, _)| place);
        let beside = known.iter().find(|(listen, ..)| {
            place.is_some() && place_of(listen).map(|(place, _)| place) == place
        });
        let hosts = beside.map(|(_, _, hosts)| *hosts).unwrap_or_default();
        if !Address::of(&address).has_scheme("https") {
            return Ok(PageRoute { pages, tls: None, https: None, hosts });
        }
        if let Some(https) = beside.and_then(|(_, https, _)| https.clone()) {
            return Ok(PageRoute {
                pages,
                tls: Some(https.tls.clone()),
                https: Some(https),
                hosts,
            });
        }
        let Some(endpoint) = self.endpoints.first() else {
            return Err(incomplete(
                &address,
                "metadata has no endpoint whose certificate it could show",
            ));
        };
        let mut endpoint = endpoint.clone();
        endpoint.address.clone_from(&address);
        endpoint.transport.require_client_certificate = false;
        let https = self.credentials.https(&endpoint, &address, self.clock, events)?;
        let tls = https.as_ref().map(|https| https.tls.clone());
        Ok(PageRoute { pages, tls, https, hosts })
    }
}

/// Whether an endpoint asks who calls.
fn demands(endpoint: &EffectiveEndpoint) -> bool {
    let transport = &endpoint.transport;
    let of_messages = endpoint.security.as_ref().map(|security| security.credential);
    of_messages.is_some_and(|credential| credential != MessageCredentialType::None)
        || transport.require_client_certificate
        || transport.authentication != AuthenticationSchemes::ANONYMOUS
}
