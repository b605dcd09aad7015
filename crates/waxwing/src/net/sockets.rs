//! Sockets to listen on: every host and port of the routes once.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::lookup_host;

use super::listener::{ListenError, Listening, Route};
use super::paths::Paths;
use super::place::place_of;

/// What is listened on at one address of the machine.
#[derive(Default)]
struct Slot {
    paths: Paths,
    /// The host and port that must be listened on; none when the address is a further one of its name.
    needed_for: Option<String>,
}

/// Whether those that share a port must speak TLS in one way: where it begins before anybody says what he wants.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tls {
    OfPort,
    OfEndpoint,
}

/// Listens with `bind` on every host and port of the routes; those that share them are told apart by path.
///
/// # Errors
/// An address cannot be listened on.
pub(super) async fn listen<S, F>(
    routes: Vec<Route>,
    tls: Tls,
    bind: impl Fn(SocketAddr, Arc<Paths>) -> F,
) -> Result<Vec<Box<dyn Listening>>, ListenError>
where
    S: Listening + 'static,
    F: Future<Output = io::Result<S>>,
{
    // Any free port is another one for TLS.
    let mut by_place: BTreeMap<(String, bool), Paths> = BTreeMap::new();
    for route in routes {
        let (place, path) = place_of(&route.address).ok_or_else(|| {
            let error = io::Error::new(io::ErrorKind::InvalidInput, "it names no host");
            ListenError { address: route.address.clone(), error }
        })?;
        let is_apart = tls == Tls::OfPort && route.tls.is_some();
        by_place.entry((place, is_apart)).or_default().add(path, route);
    }
    let mut servers: Vec<Box<dyn Listening>> = Vec::new();
    let mut slots: BTreeMap<SocketAddr, Slot> = BTreeMap::new();
    for ((place, _), paths) in by_place {
        if tls == Tls::OfPort {
            paths.agree(&place)?;
        }
        let addresses = addresses_of(&place).await?;
        if addresses.iter().any(|address| address.port() == 0) {
            servers.extend(listen_anywhere(&place, &addresses, paths, &bind).await?);
            continue;
        }
        for (at, address) in addresses.into_iter().enumerate() {
            let slot = slots.entry(address).or_default();
            slot.paths.join(&paths, &place)?;
            if tls == Tls::OfPort {
                slot.paths.agree(&place)?;
            }
            if at == 0 {
                slot.needed_for.get_or_insert_with(|| place.clone());
            }
        }
    }
    // Those that must work first, so that a failure is told at once.
    let (needed, further): (Vec<_>, Vec<_>) =
        slots.into_iter().partition(|(_, slot)| slot.needed_for.is_some());
    for (address, Slot { paths, needed_for }) in needed.into_iter().chain(further) {
        match (bind(address, Arc::new(paths)).await, needed_for) {
            (Ok(server), _) => servers.push(Box::new(server)),
            (Err(error), Some(address)) => return Err(ListenError { address, error }),
            (Err(error), None) => not_there(address, &error),
        }
    }
    Ok(servers)
}

/// Every address of a host name: `localhost` is often two. One must work, the others may not exist here.
async fn addresses_of(place: &str) -> Result<Vec<SocketAddr>, ListenError> {
    let failed = |error| ListenError { address: place.to_owned(), error };
    let mut addresses: Vec<SocketAddr> = lookup_host(place).await.map_err(failed)?.collect();
    addresses.sort_by_key(SocketAddr::is_ipv6);
    addresses.dedup();
    if addresses.is_empty() {
        let error = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        return Err(failed(error));
    }
    Ok(addresses)
}

/// Listens on some free port, the same at every address of the name.
async fn listen_anywhere<S, F>(
    place: &str,
    addresses: &[SocketAddr],
    paths: Paths,
    bind: &impl Fn(SocketAddr, Arc<Paths>) -> F,
) -> Result<Vec<Box<dyn Listening>>, ListenError>
where
    S: Listening + 'static,
    F: Future<Output = io::Result<S>>,
{
    let paths = Arc::new(paths);
    let mut port = 0;
    let mut servers: Vec<Box<dyn Listening>> = Vec::new();
    for address in addresses {
        match bind(SocketAddr::new(address.ip(), port), Arc::clone(&paths)).await {
            Ok(server) => {
                port = server.local_address().map_or(port, |address| address.port());
                servers.push(Box::new(server));
            }
            Err(error) if servers.is_empty() => {
                return Err(ListenError { address: place.to_owned(), error });
            }
            Err(error) => not_there(*address, &error),
        }
    }
    Ok(servers)
}

fn not_there(address: SocketAddr, error: &io::Error) {
    tracing::debug!(%address, %error, "not listening on a further address of the name");
}
