//! Listening: which transport listens on an endpoint's address.

use std::sync::Arc;

use waxwing_soap::Address;

use super::endpoint::Endpoint;
use super::error::HostError;
use crate::net::{ListenError, Listener, Listening, Route};

/// Listens on every endpoint's address with the first listener that has its scheme.
///
/// # Errors
/// No listener has its scheme, or an address cannot be listened on.
pub(super) async fn listen(
    endpoints: &[Arc<Endpoint>],
    listeners: &[Arc<dyn Listener>],
) -> Result<Vec<Box<dyn Listening>>, HostError> {
    let mut routes: Vec<Vec<Route>> = listeners.iter().map(|_| Vec::new()).collect();
    for endpoint in endpoints {
        let address = endpoint.parts.listen.clone();
        let has = |listener: &Arc<dyn Listener>| {
            listener.schemes().iter().any(|own| Address::of(&address).has_scheme(own))
        };
        let Some(at) = listeners.iter().position(has) else {
            let mut schemes: Vec<_> = listeners.iter().flat_map(|l| l.schemes()).copied().collect();
            schemes.dedup();
            let text = format!("this version listens on {} addresses only", schemes.join(", "));
            return Err(HostError::Unsupported { address, text });
        };
        let receiver = Arc::clone(endpoint) as Arc<_>;
        let tls = endpoint.parts.https.as_ref().map(|https| https.tls.clone());
        let hosts = endpoint.parts.hosts;
        routes[at].push(Route { address, receiver, tls, hosts });
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
