//! Listening: every host and port of the endpoints once, and which endpoint a request is for.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use http::StatusCode;
use tokio::net::lookup_host;
use waxwing_soap::Address;

use super::addresses::place_of;
use super::endpoint::Endpoint;
use super::error::HostError;
use crate::net::http::server::{HttpReply, HttpRequest, HttpServer, Places};

/// The endpoints that share a host and port, by path.
type Routes = Vec<(Vec<u8>, Arc<Endpoint>)>;

/// What is listened on at one address of the machine.
struct Slot {
    routes: Routes,
    /// The host and port that must be listened on; none when the address is a further one of its name.
    needed_for: Option<String>,
}

/// Listens on every endpoint's host and port; endpoints that share them are told apart by path.
///
/// # Errors
/// An address cannot be listened on.
pub(super) async fn listen(
    endpoints: &[Arc<Endpoint>],
    places: &Arc<Places>,
) -> Result<Vec<HttpServer>, HostError> {
    let mut by_place: BTreeMap<String, Routes> = BTreeMap::new();
    for endpoint in endpoints {
        let listen = &endpoint.parts.listen;
        let (place, path) = place_of(listen).ok_or_else(|| HostError::Unsupported {
            address: listen.clone(),
            text: "this version listens on http addresses only".to_owned(),
        })?;
        let route = (path, Arc::clone(endpoint));
        by_place.entry(place).or_default().push(route);
    }
    let mut servers = Vec::new();
    let mut slots: BTreeMap<SocketAddr, Slot> = BTreeMap::new();
    for (place, routes) in by_place {
        let addresses = addresses_of(&place).await?;
        if addresses.iter().any(|address| address.port() == 0) {
            servers.extend(listen_anywhere(&place, &addresses, routes, places).await?);
            continue;
        }
        for (at, address) in addresses.into_iter().enumerate() {
            let slot =
                slots.entry(address).or_insert(Slot { routes: Vec::new(), needed_for: None });
            slot.routes.extend(routes.iter().cloned());
            if at == 0 {
                slot.needed_for.get_or_insert_with(|| place.clone());
            }
        }
    }
    // Those that must work first, so that a failure is told at once.
    let (needed, further): (Vec<_>, Vec<_>) =
        slots.into_iter().partition(|(_, slot)| slot.needed_for.is_some());
    for (address, Slot { routes, needed_for }) in needed.into_iter().chain(further) {
        match (bind(address, &Arc::new(routes), places).await, needed_for) {
            (Ok(server), _) => servers.push(server),
            (Err(error), Some(address)) => return Err(HostError::Listen { address, error }),
            (Err(error), None) => not_there(address, &error),
        }
    }
    Ok(servers)
}

/// Every address of a host name: `localhost` is often two. One must work, the others may not exist here.
async fn addresses_of(place: &str) -> Result<Vec<SocketAddr>, HostError> {
    let failed = |error| HostError::Listen { address: place.to_owned(), error };
    let mut addresses: Vec<SocketAddr> = lookup_host(place).await.map_err(failed)?.collect();
    addresses.sort_by_key(SocketAddr::is_ipv6);
    addresses.dedup();
    if addresses.is_empty() {
        let error = std::io::Error::new(std::io::ErrorKind::NotFound, "the name has no address");
        return Err(failed(error));
    }
    Ok(addresses)
}

/// Listens on some free port, the same at every address of the name.
async fn listen_anywhere(
    place: &str,
    addresses: &[SocketAddr],
    routes: Routes,
    places: &Arc<Places>,
) -> Result<Vec<HttpServer>, HostError> {
    let routes = Arc::new(routes);
    let mut servers: Vec<HttpServer> = Vec::new();
    for address in addresses {
        let port = servers.first().map_or(0, |server| server.local_addr().port());
        match bind(SocketAddr::new(address.ip(), port), &routes, places).await {
            Ok(server) => servers.push(server),
            Err(error) if servers.is_empty() => {
                return Err(HostError::Listen { address: place.to_owned(), error });
            }
            Err(error) => not_there(*address, &error),
        }
    }
    Ok(servers)
}

fn not_there(address: SocketAddr, error: &std::io::Error) {
    tracing::debug!(%address, %error, "not listening on a further address of the name");
}

async fn bind(
    address: SocketAddr,
    routes: &Arc<Routes>,
    places: &Arc<Places>,
) -> std::io::Result<HttpServer> {
    let max_body = routes.iter().map(|(_, endpoint)| endpoint.parts.limits.max_bytes).max();
    let routes = Arc::clone(routes);
    let handler = move |request: HttpRequest| {
        let endpoint = route(&routes, &request.path);
        async move {
            match endpoint {
                Some(endpoint) => endpoint.handle(request).await,
                None => HttpReply::Empty(StatusCode::NOT_FOUND),
            }
        }
    };
    HttpServer::bind_among(address, max_body.unwrap_or(0), Arc::clone(places), handler).await
}

fn route(routes: &Routes, path: &str) -> Option<Arc<Endpoint>> {
    let path = Address::of(path).path_key();
    let found = routes.iter().find(|(own, _)| *own == path);
    found.map(|(_, endpoint)| Arc::clone(endpoint))
}
