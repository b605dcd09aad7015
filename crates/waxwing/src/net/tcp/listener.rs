//! net.tcp as a host knows it.

use std::sync::{Arc, OnceLock};

use super::limits::{TcpLimits, largest};
use super::port;
use crate::future::BoxFuture;
use crate::net::listener::{ListenError, Listener, Listening, Route};
use crate::net::places::Places;
use crate::net::sockets::{self, Tls};

/// net.tcp on the host's ports. Endpoints that share one are told apart by the address that the client names, before TLS: each
/// has its own security.
pub(crate) struct TcpListener {
    limits: TcpLimits,
    /// The room of all connections together, once it is known what the endpoints take.
    places: OnceLock<Arc<Places>>,
}

impl TcpListener {
    pub(crate) fn new(limits: TcpLimits) -> Self {
        Self { limits, places: OnceLock::new() }
    }
}

impl Listener for TcpListener {
    fn schemes(&self) -> &[&str] {
        &["net.tcp"]
    }

    fn listen(
        &self,
        routes: Vec<Route>,
    ) -> BoxFuture<'_, Result<Vec<Box<dyn Listening>>, ListenError>> {
        let links = routes.iter().filter_map(|route| Arc::clone(&route.receiver).links());
        let largest = largest(links.map(|links| links.limits()));
        let places = self
            .places
            .get_or_init(|| Places::new(self.limits.places(&largest), largest.max_message));
        Box::pin(sockets::listen(routes, Tls::OfEndpoint, move |address, paths| async move {
            port::bind(address, paths, Arc::clone(places))
        }))
    }

    fn settled(&self) -> Option<BoxFuture<'_, ()>> {
        let places = self.places.get()?;
        (!places.is_settled()).then(|| Box::pin(places.settled()) as _)
    }
}
