//! What connections go over: a way to the server, to a proxy, or through it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_openssl::client::legacy::MaybeHttpsStream;
use hyper_util::client::legacy::connect::{Connected, Connection};

use crate::net::http::maybe_tls::MaybeTls;
use crate::net::http::socket::Below;
use crate::net::http::tls::Tcp;

/// A connection to a server or proxy, with TLS or without.
pub(super) type Io = MaybeHttpsStream<Below<Tcp>>;

/// What a message, or TLS with the server, goes over.
pub(in crate::net::http) struct Hop {
    io: MaybeTls<Below<Tcp>>,
    /// Whether a proxy reads the messages, which then need their whole address (RFC 9112 §3.2.2).
    absolute: bool,
}

impl Hop {
    /// To the server.
    pub(super) fn direct(io: Io) -> Self {
        Self { io: MaybeTls(io), absolute: false }
    }

    /// To a proxy that passes messages on.
    pub(super) fn absolute(io: Io) -> Self {
        Self { io: MaybeTls(io), absolute: true }
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

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}
