//! Listening: which transport listens on an endpoint's address.

use std::sync::Arc;

use waxwing_soap::Address;

use super::endpoint::Endpoint;
use super::error::HostError;
use super::published::{PageReceiver, PageRoute};
use crate::net::{ListenError, Listener, Listening, Route};

/// Listens on every endpoint's address with the first listener that has its scheme.
///
/// # Errors
/// No listener has its scheme, or an address cannot be listened on.
pub(super) async fn listen(
    endpoints: &[Arc<Endpoint>],
    pages: &[PageRoute],
    listeners: &[Arc<dyn Listener>],
) -> Result<Vec<Box<dyn Listening>>, HostError> {
    let mut routes: Vec<Vec<Route>> = listeners.iter().map(|_| Vec::new()).collect();
    let of_endpoints = endpoints.iter().map(|endpoint| {
        let tls = endpoint.parts.https.as_ref().map(|https| https.tls.clone());
        let (address, hosts) = (endpoint.parts.listen.clone(), endpoint.parts.hosts);
        Route { address, receiver: Arc::clone(endpoint) as Arc<_>, tls, hosts }
    });
    let of_pages = pages.iter().map(|own| Route {
        address: own.pages.address().to_owned(),
        receiver: Arc::new(PageReceiver(Arc::clone(&own.pages))) as Arc<_>,
        tls: own.tls.clone(),
        hosts: own.hosts,
    });
    for route in of_endpoints.chain(of_pages) {
        let address = &route.address;
        let has = |listener: &Arc<dyn Listener>| {
            listener.schemes().iter().any(|own| Address::of(address).has_scheme(own))
        };
        let Some(at) = listeners.iter().position(has) else {
            let mut schemes: Vec<&str> = Vec::new();
            for scheme in listeners.iter().flat_map(|listener| listener.schemes()).copied() {
                if !schemes.contains(&scheme) {
                    schemes.push(scheme);
                }
            }
            let text = format!("this version listens on {} addresses only", schemes.join(", "));
            return Err(HostError::Unsupported { address: address.clone(), text });
        };
        routes[at].push(route);
    }
    let mut listening = Vec::new();
    for (listener, routes) in listeners.iter().zip(routes) {
        if !routes.is_empty() {
            let failed = |ListenError { address, error }| HostError::Listen { address, error };
            listening.extend(listener.listen(routes).await.map_err(failed)?);
        }
    }
    Ok(listening)
}
