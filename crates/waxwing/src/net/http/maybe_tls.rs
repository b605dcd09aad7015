//! A connection with TLS or without, to which a message is written from where it lies.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_openssl::client::legacy::MaybeHttpsStream;
use hyper_util::client::legacy::connect::{Connected, Connection};

/// What the library makes, which does not say that several pieces are written at once where there is no TLS: `hyper` then
/// copies every message behind its head, and keeps that buffer as long as the connection.
pub(super) struct MaybeTls<S>(pub(super) MaybeHttpsStream<S>);

impl<S: Connection> Connection for MaybeTls<S> {
    fn connected(&self) -> Connected {
        self.0.connected()
    }
}

impl<S: Read + Write + Unpin> Read for MaybeTls<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: Read + Write + Unpin> Write for MaybeTls<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, octets)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.0 {
            MaybeHttpsStream::Http(stream) => Pin::new(stream).poll_write_vectored(context, pieces),
            // One record after the other.
            tls => Pin::new(tls).poll_write_vectored(context, pieces),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.0 {
            MaybeHttpsStream::Http(stream) => stream.is_write_vectored(),
            tls => tls.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;
    use tower_service::Service;

    use super::*;
    use crate::net::http::connect::{Connector, HttpSettings};

    #[tokio::test]
    async fn without_tls_pieces_are_written_together() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let mut connector = Connector::new(&HttpSettings::default());
        std::future::poll_fn(|context| connector.poll_ready(context)).await.unwrap();
        let connected = connector.call(uri).await.unwrap();
        assert!(connected.is_write_vectored(), "through every layer down to the socket");

        let (mut stream, _) = listener.accept().await.unwrap();
        let mut connected = connected;
        let pieces = [IoSlice::new(b"head "), IoSlice::new(b"and body")];
        let write = |context: &mut Context<'_>| {
            Pin::new(&mut connected).poll_write_vectored(context, &pieces)
        };
        assert_eq!(std::future::poll_fn(write).await.unwrap(), 13);
        let mut octets = [0; 13];
        stream.read_exact(&mut octets).await.unwrap();
        assert_eq!(&octets, b"head and body");
    }
}
