//! A TCP connection that outlives what is spoken over it: sessions follow one another on it, each perhaps inside of TLS.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio_openssl::SslStream;

/// How much is read at a time.
const READ: usize = 8 << 10;

/// A connection. Clones are one; one of them reads at a time, and one writes.
#[derive(Clone, Debug)]
pub(super) struct Socket(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    input: Mutex<Input>,
    /// There until this is dropped.
    output: Option<OwnedWriteHalf>,
}

#[derive(Debug)]
struct Input {
    /// Reading through it, and not through the stream, spares the read that finds nothing more.
    tcp: OwnedReadHalf,
    /// What was read and not asked for yet. TLS asks for one record after the other, and so never takes what follows it.
    ahead: BytesMut,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // When the last clone is gone, the stream is closed; its output need not be before.
        if let Some(output) = self.output.take() {
            output.forget();
        }
    }
}

impl Socket {
    pub(super) fn new(tcp: TcpStream) -> Self {
        let _ = tcp.set_nodelay(true);
        let (tcp, output) = tcp.into_split();
        let input = Mutex::new(Input { tcp, ahead: BytesMut::new() });
        Self(Arc::new(Inner { input, output: Some(output) }))
    }

    fn tcp(&self) -> &TcpStream {
        self.0.output.as_ref().expect("there until it is dropped").as_ref()
    }

    /// The other end.
    pub(super) fn peer(&self) -> Option<SocketAddr> {
        self.tcp().peer_addr().ok()
    }

    fn input(&self) -> MutexGuard<'_, Input> {
        self.0.input.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts back what was read and belongs to whoever reads next.
    pub(super) fn unread(&self, octets: BytesMut) {
        if !octets.is_empty() {
            let ahead = &mut self.input().ahead;
            let behind = std::mem::replace(ahead, octets);
            ahead.extend_from_slice(&behind);
        }
    }

    /// Whether something is there to be read, or the end, without waiting. A connection that is kept is not to be used when
    /// it has become readable: its peer has closed it, or speaks out of turn.
    pub(super) fn is_quiet(&self) -> bool {
        if !self.input().ahead.is_empty() {
            return false;
        }
        let mut octet = [0];
        matches!(self.tcp().try_read(&mut octet), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Waits until something comes; not, when the end does.
    pub(super) async fn begins(&self) -> bool {
        let begun = poll_fn(|context| {
            let mut input = self.input();
            if input.ahead.is_empty() {
                ready!(input.read_ahead(context))?;
            }
            Poll::Ready(io::Result::Ok(!input.ahead.is_empty()))
        });
        begun.await.unwrap_or(false)
    }

    /// Nothing more goes out; the peer sees the end.
    pub(super) fn close_output(&self) {
        let _ = socket2::SockRef::from(self.tcp()).shutdown(std::net::Shutdown::Write);
    }

    /// When the last clone is gone, the peer sees a connection that was reset.
    pub(super) fn reset_when_dropped(&self) {
        let _ = self.tcp().set_zero_linger();
    }
}

impl Input {
    /// Reads what comes; nothing at the end. Nothing is held for a connection that waits.
    fn read_ahead(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut space = [MaybeUninit::uninit(); READ];
        let mut read = ReadBuf::uninit(&mut space);
        ready!(Pin::new(&mut self.tcp).poll_read(context, &mut read))?;
        self.ahead.extend_from_slice(read.filled());
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut input = self.input();
        if input.ahead.is_empty() {
            if buffer.remaining() >= READ / 2 {
                return Pin::new(&mut input.tcp).poll_read(context, buffer);
            }
            ready!(input.read_ahead(context))?;
        }
        let taken = input.ahead.len().min(buffer.remaining());
        buffer.put_slice(&input.ahead[..taken]);
        input.ahead.advance(taken);
        if input.ahead.is_empty() {
            input.ahead = BytesMut::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.tcp().poll_write_ready(context))?;
            match self.tcp().try_write(octets) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.close_output();
        Poll::Ready(Ok(()))
    }
}

/// What a session is spoken over: a connection as it is, or TLS over it, which ends without a word (`close_notify`): the next
/// session begins in the clear, and WCF expects nothing in between. Clones are one, as those of [`Socket`].
#[derive(Clone, Debug)]
pub(super) enum Wire {
    /// As it is.
    Plain(Socket),
    /// With TLS.
    Tls(Arc<Mutex<SslStream<Socket>>>, Socket),
}

impl Wire {
    pub(super) fn tls(stream: SslStream<Socket>, socket: Socket) -> Self {
        Self::Tls(Arc::new(Mutex::new(stream)), socket)
    }

    /// The connection below.
    pub(super) fn socket(&self) -> &Socket {
        match self {
            Self::Plain(socket) | Self::Tls(_, socket) => socket,
        }
    }

    /// Whether nobody else reads and changes what goes over it.
    pub(super) fn is_protected(&self) -> bool {
        matches!(self, Self::Tls(..))
    }
}

fn lock(inside: &Mutex<SslStream<Socket>>) -> MutexGuard<'_, SslStream<Socket>> {
    inside.lock().unwrap_or_else(PoisonError::into_inner)
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_read(context, buffer),
            Self::Tls(inside, _) => Pin::new(&mut *lock(inside)).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_write(context, octets),
            Self::Tls(inside, _) => Pin::new(&mut *lock(inside)).poll_write(context, octets),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_flush(context),
            Self::Tls(inside, _) => Pin::new(&mut *lock(inside)).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket().close_output();
        Poll::Ready(Ok(()))
    }
}
