//! What TLS of a client runs over.

use std::error::Error as StdError;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tower_service::Service;

use crate::future::BoxFuture;

type BoxError = Box<dyn StdError + Send + Sync>;

/// A connection, of TCP or to a proxy or through one, that TLS may run over.
pub(super) type Below<S> = TokioIo<Socket<TokioIo<S>>>;

/// TLS says goodbye before it ends (RFC 8446 §6.1): where the connection below it ends first, somebody may have cut what was
/// on its way, and that must not look like the end of an answer that nothing else ends. The library takes it for one, so
/// here it is an error.
pub(super) struct Socket<T> {
    stream: T,
    is_below_tls: bool,
}

/// A connection without TLS over it: its end is an end.
pub(super) fn without_tls<S>(stream: S) -> Below<S> {
    TokioIo::new(Socket { stream: TokioIo::new(stream), is_below_tls: false })
}

/// Makes connections that TLS runs over, by what `C` connects with.
#[derive(Clone)]
pub(super) struct BelowTls<C>(pub(super) C);

impl<C> Service<Uri> for BelowTls<C>
where
    C: Service<Uri, Error: Into<BoxError>>,
    C::Future: Send + 'static,
    C::Response: 'static,
{
    type Response = Below<C::Response>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.0.call(uri);
        Box::pin(async move {
            let stream = TokioIo::new(connecting.await.map_err(Into::into)?);
            Ok(TokioIo::new(Socket { stream, is_below_tls: true }))
        })
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Socket<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (before, room) = (buffer.filled().len(), buffer.remaining());
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if self.is_below_tls && room > 0 && buffer.filled().len() == before {
            let text = "the connection was cut: the other side, or something between, closed it without saying so in TLS (close_notify), so what came may not be all";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::UnexpectedEof, text)));
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Socket<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, octets)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl<T: Connection> Connection for Socket<T> {
    fn connected(&self) -> Connected {
        self.stream.connected()
    }
}
