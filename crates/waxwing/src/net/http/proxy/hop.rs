//! The first part of the way of a connection: to the server, to a proxy, or through it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_openssl::client::legacy::MaybeHttpsStream;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use tower_service::Service;

use super::{BoxError, HttpProxy};
use crate::future::BoxFuture;
use crate::net::http::tls::Tcp;

/// A connection to a server or proxy, with TLS or without.
pub(super) type Io = MaybeHttpsStream<Tcp>;

/// What a message, or TLS with the server, goes over.
pub(in crate::net::http) struct Hop {
    io: Io,
    /// Whether a proxy reads the messages, which then need their whole address (RFC 9112 §3.2.2).
    absolute: bool,
}

impl Hop {
    pub(super) fn absolute(io: Io) -> Self {
        Self { io, absolute: true }
    }

    pub(super) fn tunnel(io: Io) -> Self {
        Self { io, absolute: false }
    }
}

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
                let io = MaybeHttpsStream::Http(tcp.call(uri).await?);
                Ok(Hop { io, absolute: false })
            }),
        }
    }
}

impl Connection for Hop {
    fn connected(&self) -> Connected {
        self.io.connected().proxy(self.absolute)
    }
}

impl Read for Hop {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl Write for Hop {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}
