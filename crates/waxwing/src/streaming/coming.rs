//! A stream that comes in, for its reader.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::mpsc;

/// What comes of a stream.
pub(super) enum Part {
    /// Octets; what holds the memory that was granted for them goes with them.
    Octets { octets: Bytes, held: Bytes },
    /// The message is over, and the stream was all of it.
    End,
    /// Nothing more comes, and the stream is not over.
    Failed(io::Error),
}

/// Reads what comes.
pub(super) struct Coming {
    parts: mpsc::Receiver<Part>,
    octets: Bytes,
    held: Bytes,
}

impl Coming {
    pub(super) fn new(parts: mpsc::Receiver<Part>) -> Self {
        Self { parts, octets: Bytes::new(), held: Bytes::new() }
    }
}

impl AsyncRead for Coming {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.octets.is_empty() {
            self.held = Bytes::new();
            match ready!(self.parts.poll_recv(context)) {
                Some(Part::Octets { octets, held }) => (self.octets, self.held) = (octets, held),
                Some(Part::End) => return Poll::Ready(Ok(())),
                Some(Part::Failed(error)) => return Poll::Ready(Err(error)),
                // Never taken for the end.
                None => return Poll::Ready(Err(broken_off("the connection was closed"))),
            }
        }
        let taken = self.octets.len().min(buffer.remaining());
        buffer.put_slice(&self.octets[..taken]);
        self.octets.advance(taken);
        Poll::Ready(Ok(()))
    }
}

/// The error of a stream that ends before its end.
pub(super) fn broken_off(why: &str) -> io::Error {
    let text = format!("the stream broke off before its end: {why}");
    io::Error::new(io::ErrorKind::UnexpectedEof, text)
}
