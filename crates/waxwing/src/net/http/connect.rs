//! How a connection to a service comes about, and why none does.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Uri;
use http::uri::Scheme;
use hyper_openssl::client::legacy::MaybeHttpsStream;
use tower_service::Service;

use super::cookies::Cookies;
use super::error::HttpError;
use super::maybe_tls::MaybeTls;
use super::proxy::{FirstHop, Hop, HttpProxy, ProxyError};
use super::socket::{Below, without_tls};
use super::tls::{self, ClientTls, ClosedInHandshake, TlsError};
use crate::future::BoxFuture;

/// What the connections of a pool are made with: a pool has one of it, so that no two clients share a connection that
/// differ by any of this.
#[derive(Clone, Default)]
pub(crate) struct HttpSettings {
    /// TLS of addresses that begin with `https`; without it there is no such connection.
    pub(crate) tls: Option<ClientTls>,
    /// What the connections go through.
    pub(crate) proxy: Option<Arc<HttpProxy>>,
    /// The cookies of answers, where they are kept.
    pub(crate) cookies: Option<Arc<Cookies>>,
    /// Whether compressed answers are asked for.
    pub(crate) decompression: bool,
}

/// What makes the connections of the pool: over TCP or through a proxy, then TLS where the address says so.
#[derive(Clone)]
pub(super) struct Connector {
    first: FirstHop,
    tls: Option<ClientTls>,
}

impl Connector {
    pub(super) fn new(settings: &HttpSettings) -> Self {
        Self { first: FirstHop::new(settings.proxy.clone()), tls: settings.tls.clone() }
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeTls<Below<Hop>>;
    type Error = Box<dyn StdError + Send + Sync>;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.first.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        // The one that is ready.
        let ready = self.first.clone();
        let mut first = std::mem::replace(&mut self.first, ready);
        match &self.tls {
            Some(tls) if uri.scheme() == Some(&Scheme::HTTPS) => {
                let connecting = tls.clone().connect(first, uri);
                Box::pin(async move { connecting.await.map(MaybeTls) })
            }
            _ => Box::pin(async move {
                let stream = without_tls(first.call(uri).await?);
                Ok(MaybeTls(MaybeHttpsStream::Http(stream)))
            }),
        }
    }
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

/// Why TLS failed, when it did: in the handshake, or by an alert behind it.
pub(super) fn tls_failed(error: &(dyn StdError + 'static), uri: &Uri) -> Option<HttpError> {
    layers(error).find_map(|error| match error.downcast_ref::<TlsError>() {
        Some(TlsError::Untrusted(text)) => Some(HttpError::Untrusted { text: text.clone() }),
        Some(TlsError::Failed(text)) => Some(HttpError::Tls { text: text.clone() }),
        None => {
            let alert = tls::alert(error.downcast_ref()?, uri)?;
            Some(HttpError::Tls { text: alert.to_string() })
        }
    })
}

/// Why a proxy did not let a connection through.
fn proxy_failed(error: &(dyn StdError + 'static)) -> Option<HttpError> {
    let failed = layers(error).find_map(|error| error.downcast_ref::<ProxyError>())?;
    let text = failed.to_string();
    Some(match failed {
        ProxyError::Failed(_) => HttpError::Proxy { text },
        ProxyError::Unauthorized(_) => HttpError::ProxyAuthentication { text },
    })
}

/// Nobody listens, or the name of the host has no address: the resolver is asked once more, since the connector does not
/// tell the two apart.
pub(super) async fn not_connected(
    address: &str,
    uri: &Uri,
    error: Box<dyn StdError + Send + Sync>,
) -> HttpError {
    if let Some(failed) = proxy_failed(&*error).or_else(|| tls_failed(&*error, uri)) {
        return failed;
    }
    if let Some(closed) = layers(&*error).find(|error| error.is::<ClosedInHandshake>()) {
        let (address, error) = (address.to_owned(), closed.to_string().into());
        return HttpError::Broken { address, error };
    }
    let default = if uri.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 };
    let (host, port) = (uri.host().unwrap_or_default(), uri.port_u16().unwrap_or(default));
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let resolved = tokio::net::lookup_host((host, port)).await.map(drop);
    let (address, host) = (address.to_owned(), host.to_owned());
    match resolved {
        Ok(()) => HttpError::Connect { address, error: innermost_io(error) },
        Err(error) => HttpError::UnknownHost { address, host, error },
    }
}

/// The operating system's own words ("Connection refused") instead of three layers of wrappers.
fn innermost_io(error: Box<dyn StdError + Send + Sync>) -> Box<dyn StdError + Send + Sync> {
    let io = layers(&*error).find_map(|error| error.downcast_ref::<io::Error>());
    if let Some(io) = io.map(|io| io::Error::new(io.kind(), io.to_string())) {
        return Box::new(io);
    }
    error
}
