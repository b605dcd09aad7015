//! TLS at the beginning of a connection.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_openssl::SslStream;
use waxwing_crypto::https;

use crate::net::caller::TransportCaller;
use crate::net::tls::{ServiceTls, advice, caller};

/// What every TLS connection begins with: the type of a handshake record (RFC 8446 §5.1).
pub(super) const HANDSHAKE_RECORD: u8 = 22;

/// What a client hears who speaks HTTP where TLS is spoken.
const NO_HTTP: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 57\r\n\
    Connection: close\r\n\r\nThis port speaks HTTPS: begin the address with https://\r\n";

/// A connection with TLS or without.
pub(super) enum Stream {
    /// Without.
    Plain(TcpStream),
    /// With TLS.
    Tls(Box<SslStream<TcpStream>>),
}

/// Shakes hands. A peer that goes away at once, as those who look whether a port is open, is none to be told of.
///
/// # Errors
/// Why there is no connection, in words; none when there is nothing to say.
pub(super) async fn secured(
    mut stream: TcpStream,
    tls: &ServiceTls,
) -> Result<(Stream, TransportCaller), Option<String>> {
    let mut first = [0];
    match stream.peek(&mut first).await {
        Ok(0) | Err(_) => return Err(None),
        Ok(_) if first[0] != HANDSHAKE_RECORD => {
            if first[0].is_ascii_uppercase() {
                let _ = stream.write_all(NO_HTTP).await;
                let _ = stream.shutdown().await;
                return Err(Some("a client speaks HTTP without TLS at the port for https".into()));
            }
            return Err(Some("a client speaks no TLS at the port for https".into()));
        }
        Ok(_) => {}
    }
    let failed = |error: openssl::error::ErrorStack| Some(format!("TLS cannot begin: {error}"));
    let ssl = tls.connection().map_err(failed)?;
    let mut stream = Box::new(SslStream::new(ssl, stream).map_err(failed)?);
    if let Err(error) = Pin::new(&mut *stream).accept().await {
        return Err(Some(advice(&https::words(&error))));
    }
    let caller = match tls.is_asking() {
        true => caller(https::shown(stream.ssl())),
        false => TransportCaller::Anonymous,
    };
    Ok((Stream::Tls(stream), caller))
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(&mut **stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, octets),
            Self::Tls(stream) => Pin::new(&mut **stream).poll_write(context, octets),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            Self::Tls(stream) => Pin::new(&mut **stream).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        matches!(self, Self::Plain(_))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(&mut **stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(&mut **stream).poll_shutdown(context),
        }
    }
}
