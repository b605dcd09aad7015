//! How a connection to a service comes about, and why none does.

use std::error::Error as StdError;
use std::io;

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;

use super::error::HttpError;

/// What makes the connections of the pool.
pub(super) type Connector = HttpConnector;

/// Connections over TCP.
pub(super) fn connector() -> Connector {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector
}

/// An error and what it came from, outermost first.
fn layers<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// What a connection failed of, in all its layers.
pub(super) fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut texts: Vec<_> = layers(error).map(ToString::to_string).collect();
    texts.dedup();
    texts.join(": ")
}

/// Whether what came is no HTTP: TLS, another protocol.
pub(super) fn is_no_http(error: &(dyn StdError + 'static)) -> bool {
    layers(error)
        .any(|error| error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse))
}

/// Nobody listens, or the name of the host has no address: the resolver is asked once more, since the connector does not
/// tell the two apart.
pub(super) async fn not_connected(
    address: &str,
    uri: &Uri,
    error: hyper_util::client::legacy::Error,
) -> HttpError {
    let (host, port) = (uri.host().unwrap_or_default(), uri.port_u16().unwrap_or(80));
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let resolved = tokio::net::lookup_host((host, port)).await.map(drop);
    let (address, host) = (address.to_owned(), host.to_owned());
    match resolved {
        Ok(()) => HttpError::Connect { address, error: innermost_io(error) },
        Err(error) => HttpError::UnknownHost { address, host, error },
    }
}

/// The operating system's own words ("Connection refused") instead of three layers of wrappers.
fn innermost_io(
    error: hyper_util::client::legacy::Error,
) -> Box<dyn StdError + Send + Sync + 'static> {
    let io = layers(&error).find_map(|error| error.downcast_ref::<io::Error>());
    if let Some(io) = io.map(|io| io::Error::new(io.kind(), io.to_string())) {
        return Box::new(io);
    }
    Box::new(error)
}
