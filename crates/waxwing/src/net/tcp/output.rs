//! The half that sends.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use waxwing_session::{TransportCause, TransportFailure};
use waxwing_soap::framing::{Record, chunk_header, sized_header};

use super::line::{Line, broken};
use crate::future::BoxFuture;
use crate::net::link::LinkOutput;

/// The most octets that are put together for one write: what is larger is written by itself, without being copied.
const TOGETHER: usize = 64 << 10;
/// How long is waited for what the peer has said before it broke the connection.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// The largest message that a record can have.
const LARGEST: usize = i32::MAX as usize;

/// Sends the messages of a link as sized envelopes (MC-NMF §2.2.4.1), or the pieces of one as chunks (§2.2.4.2).
#[derive(Debug)]
pub(super) struct TcpOutput {
    line: Arc<Line>,
    /// Reused for what is written.
    buffer: Vec<u8>,
    is_closed: bool,
    chunks: Chunks,
    /// Whether this is a client, which a service that breaks a connection may have told why.
    is_told: bool,
}

/// Whether one message goes in pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chunks {
    /// Whole messages go.
    None,
    /// Nothing of it was sent.
    Fresh,
    Begun,
}

impl TcpOutput {
    pub(super) fn new(line: Arc<Line>, is_streamed: bool) -> Self {
        let chunks = if is_streamed { Chunks::Fresh } else { Chunks::None };
        Self { line, buffer: Vec::new(), is_closed: false, chunks, is_told: false }
    }

    /// The same at a client.
    pub(super) fn of_client(mut self) -> Self {
        self.is_told = true;
        self
    }

    /// Writes something of this session, in its turn. Dropped before it is done, the session ends.
    async fn turn(&mut self, messages: &[Bytes], is_end: bool) -> Result<(), TransportFailure> {
        if self.is_closed {
            let reason =
                "You cannot Send messages on a channel after CloseOutputSession has been called.";
            return Err(TransportFailure {
                cause: TransportCause::Broken,
                reason: reason.to_owned(),
            });
        }
        let torn = AbortUnlessDone { line: &self.line, done: false };
        let (buffer, chunks) = (&mut self.buffer, &mut self.chunks);
        let (line, is_told) = (&self.line, self.is_told);
        let mut writing = pin!(async {
            let mut is_closed = line.writing.lock().await;
            let mut wire = line.wire()?;
            if let Err(error) = write(&mut wire, buffer, chunks, messages, is_end).await {
                line.remember(broken(&error));
                if is_told {
                    // Whoever reads finds the reason, and this is dropped then.
                    drop(wire);
                    tokio::time::sleep(LAST_WORDS).await;
                }
                return Err(line.fail(broken(&error)));
            }
            *is_closed = is_end;
            Ok(())
        });
        let written = poll_fn(|context| match writing.as_mut().poll(context) {
            Poll::Pending => line.poll_broken_for_writer(context).map(|()| line.wire().map(drop)),
            written => written,
        })
        .await;
        torn.done();
        written
    }
}

async fn write(
    wire: &mut (impl AsyncWrite + Unpin),
    buffer: &mut Vec<u8>,
    chunks: &mut Chunks,
    messages: &[Bytes],
    is_end: bool,
) -> std::io::Result<()> {
    buffer.clear();
    for message in messages {
        head(buffer, chunks, message.len());
        if buffer.len() + message.len() <= TOGETHER {
            buffer.extend_from_slice(message);
            continue;
        }
        // One write has the header and as much as fits, the next the rest.
        let (first, rest) =
            message.split_at(TOGETHER.saturating_sub(buffer.len()).min(message.len()));
        buffer.extend_from_slice(first);
        wire.write_all(buffer).await?;
        buffer.clear();
        wire.write_all(rest).await?;
    }
    if is_end {
        if *chunks == Chunks::Begun {
            Record::ChunksEnd.write(buffer);
        }
        Record::End.write(buffer);
    }
    wire.write_all(buffer).await?;
    if buffer.capacity() > TOGETHER / 4 {
        // A link that waits holds little.
        *buffer = Vec::new();
    }
    wire.flush().await
}

/// What stands before a message, or before a piece of one.
fn head(buffer: &mut Vec<u8>, chunks: &mut Chunks, size: usize) {
    if *chunks == Chunks::None {
        let (header, length) = sized_header(size);
        return buffer.extend_from_slice(&header[..length]);
    }
    if *chunks == Chunks::Fresh {
        Record::UnsizedEnvelope.write(buffer);
        *chunks = Chunks::Begun;
    }
    // A piece of nothing would be the end.
    if size > 0 {
        let (header, length) = chunk_header(size);
        buffer.extend_from_slice(&header[..length]);
    }
}

/// Ends a session when what is being written is given up.
struct AbortUnlessDone<'a> {
    line: &'a Line,
    done: bool,
}

impl AbortUnlessDone<'_> {
    fn done(mut self) {
        self.done = true;
    }
}

impl Drop for AbortUnlessDone<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.line.abort();
        }
    }
}

impl LinkOutput for TcpOutput {
    fn send(&mut self, message: Bytes) -> BoxFuture<'_, Result<(), TransportFailure>> {
        self.send_all(vec![message])
    }

    fn send_all(&mut self, messages: Vec<Bytes>) -> BoxFuture<'_, Result<(), TransportFailure>> {
        Box::pin(async move {
            if messages.iter().any(|message| message.len() > LARGEST) {
                let reason = format!("a message over net.tcp has at most {LARGEST} octets");
                return Err(TransportFailure { cause: TransportCause::RequestTooLarge, reason });
            }
            self.turn(&messages, false).await
        })
    }

    fn close(&mut self) -> BoxFuture<'_, Result<(), TransportFailure>> {
        Box::pin(async move {
            if self.is_closed {
                return Ok(());
            }
            self.turn(&[], true).await?;
            self.is_closed = true;
            self.line.output_ended();
            Ok(())
        })
    }
}

impl Drop for TcpOutput {
    fn drop(&mut self) {
        if !self.is_closed {
            self.line.abort();
        }
    }
}
