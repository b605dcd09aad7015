//! Messages that go out.

use std::borrow::Cow;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, ReadBuf};
use waxwing_session::{TransportCause, TransportFailure};
use waxwing_soap::encoder::streamed::{ContentWriter, Divided, FIRST_AT_ONCE, StreamWriter};
use waxwing_soap::encoder::{Encoded, Encoder};
use waxwing_soap::{Envelope, RandomSource};

use super::StreamedEncoding;
use crate::contract::{MessageStream, take_stream};
use crate::net::LinkOutput;

/// Why a message did not go out. The link is aborted then, so that the peer does not take a part for the whole.
#[derive(Debug)]
pub(crate) enum NotSent {
    /// The link broke, or the peer took nothing for too long.
    Link(TransportFailure),
    /// Its stream could not be read.
    Source(io::Error),
    /// Its stream stands where none can be.
    Misplaced,
}

impl NotSent {
    /// What it is to those who sent it.
    pub(crate) fn into_failure(self) -> TransportFailure {
        let broken = |reason| TransportFailure { cause: TransportCause::Broken, reason };
        match self {
            Self::Link(failure) => failure,
            Self::Source(error) => {
                broken(format!("the stream that was to be sent could not be read: {error}"))
            }
            Self::Misplaced => {
                broken("the message has a stream where its body has something else".to_owned())
            }
        }
    }
}

impl From<TransportFailure> for NotSent {
    fn from(failure: TransportFailure) -> Self {
        Self::Link(failure)
    }
}

/// A message that is written but for its stream.
pub(crate) struct Prepared {
    content_type: Cow<'static, str>,
    octets: Vec<u8>,
    /// The stream, with what writes it and what stands behind it.
    stream: Option<(MessageStream, StreamWriter, Vec<u8>)>,
}

impl StreamedEncoding {
    /// Writes a message up to its stream, or all of it.
    ///
    /// # Errors
    /// [`NotSent::Misplaced`].
    pub(crate) fn prepare(
        &self,
        envelope: &Envelope,
        random: &mut dyn RandomSource,
    ) -> Result<Prepared, NotSent> {
        let mut streamed = self.streamed;
        let Some((element, stream)) = take_stream(envelope) else {
            let Encoded { content_type, octets } = streamed.write(envelope, random);
            return Ok(Prepared { content_type, octets, stream: None });
        };
        let divided = streamed.divide(envelope, element, random).ok_or(NotSent::Misplaced)?;
        let Divided { content_type, head, content, tail } = divided;
        Ok(Prepared { content_type, octets: head, stream: Some((stream, content, tail)) })
    }
}

impl Prepared {
    /// What stands before the stream, or all: for traces.
    pub(crate) fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// The content type of the whole.
    pub(crate) fn content_type(&self) -> &Cow<'static, str> {
        &self.content_type
    }

    /// All octets of a message without stream; of one with a stream none.
    pub(crate) fn whole(&mut self) -> Option<Bytes> {
        self.stream.is_none().then(|| std::mem::take(&mut self.octets).into())
    }

    /// Sends it, and says that nothing more comes. The peer may take `patience` for each piece; the source of the stream may
    /// take its time.
    ///
    /// # Errors
    /// See [`NotSent`].
    pub(crate) async fn send(
        self,
        mut output: Box<dyn LinkOutput>,
        patience: Duration,
    ) -> Result<(), NotSent> {
        let Self { octets, stream, .. } = self;
        match stream {
            None => within(patience, output.send(octets.into())).await?,
            Some(stream) => stream_out(&mut *output, octets, stream, patience).await?,
        }
        Ok(within(patience, output.close()).await?)
    }
}

/// The stream, in as many octets at a time as WCF takes, between what stands before and behind it.
async fn stream_out(
    output: &mut dyn LinkOutput,
    mut out: Vec<u8>,
    (mut stream, mut writer, tail): (MessageStream, StreamWriter, Vec<u8>),
    patience: Duration,
) -> Result<(), NotSent> {
    let mut buffer = vec![0; FIRST_AT_ONCE];
    loop {
        let read = fill(&mut stream, &mut buffer).await.map_err(NotSent::Source)?;
        if read == 0 {
            break;
        }
        writer.write(&buffer[..read], &mut out);
        let next = ContentWriter::next_size(buffer.len(), read);
        if next != buffer.len() {
            buffer = vec![0; next];
        }
        if !out.is_empty() {
            let piece = Bytes::from(std::mem::take(&mut out));
            within(patience, output.send(piece)).await?;
        }
    }
    writer.finish(&mut out);
    out.extend(tail);
    Ok(within(patience, output.send(out.into())).await?)
}

/// Reads as much as is there; nothing at the end. What is not there is not waited for when there is something.
async fn fill(stream: &mut MessageStream, buffer: &mut [u8]) -> io::Result<usize> {
    let mut buffer = ReadBuf::new(buffer);
    poll_fn(|context| {
        while buffer.remaining() > 0 {
            let before = buffer.filled().len();
            match Pin::new(&mut *stream).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if buffer.filled().len() > before => {}
                Poll::Ready(Ok(())) => break,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending if before == 0 => return Poll::Pending,
                Poll::Pending => break,
            }
        }
        Poll::Ready(Ok(buffer.filled().len()))
    })
    .await
}

async fn within(
    patience: Duration,
    sending: impl Future<Output = Result<(), TransportFailure>>,
) -> Result<(), TransportFailure> {
    tokio::time::timeout(patience, sending).await.unwrap_or_else(|_| {
        let reason = format!("the peer took nothing of a message within {patience:.1?}");
        Err(TransportFailure { cause: TransportCause::NoAnswer, reason })
    })
}
