//! The first part of the way of a connection: to the server, to a proxy, or through it.

use std::sync::Arc;
use std::task::{Context, Poll};

use http::Uri;
use hyper_openssl::client::legacy::MaybeHttpsStream;
use hyper_util::client::legacy::connect::HttpConnector;
use tower_service::Service;

use super::hop::Hop;
use super::{BoxError, HttpProxy};
use crate::future::BoxFuture;
use crate::net::http::socket::without_tls;

/// Makes connections, through the proxy if there is one.
#[derive(Clone)]
pub(in crate::net::http) struct FirstHop {
    tcp: HttpConnector,
    proxy: Option<Arc<HttpProxy>>,
}

impl FirstHop {
    pub(in crate::net::http) fn new(proxy: Option<Arc<HttpProxy>>) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        Self { tcp, proxy }
    }
}

impl Service<Uri> for FirstHop {
    type Response = Hop;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Hop, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.tcp.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        // The one that is ready.
        let ready = self.tcp.clone();
        let mut tcp = std::mem::replace(&mut self.tcp, ready);
        match self.proxy.clone() {
            Some(proxy) => Box::pin(async move { Ok(proxy.reach(tcp, uri).await?) }),
            None => Box::pin(async move {
                Ok(Hop::direct(MaybeHttpsStream::Http(without_tls(tcp.call(uri).await?))))
            }),
        }
    }
}
