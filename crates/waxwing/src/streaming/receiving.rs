//! Messages that come in.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use waxwing_session::{TransportCause, TransportFailure};
use waxwing_soap::Envelope;
use waxwing_soap::encoder::streamed::{Content, HeadStep};
use waxwing_soap::encoder::{DecodeError, Decoder};

use super::StreamedEncoding;
use super::coming::{Coming, Part, broken_off};
use crate::contract::{MessageStream, put_stream};
use crate::net::{LinkInput, drain};

/// How many pieces wait for the reader of a stream, beside the one that it reads.
const WAITING: usize = 1;
/// What is read of a message whose stream nobody wants any more, so that the connection can be used again: WCF drains as much.
const MAX_DRAIN: usize = 64 << 10;
/// How long it may take.
const DRAIN: Duration = Duration::from_secs(5);

/// A message that has come in, but for its stream.
pub(crate) struct Received {
    pub(crate) envelope: Envelope,
    /// What has come of it, for traces.
    pub(crate) octets: Bytes,
    /// What is to come of its stream; none without one: then everything has come.
    pub(crate) rest: Option<Rest>,
}

/// Why no message came in.
#[derive(Debug)]
pub(crate) enum NotReceived {
    /// The link broke, or nothing came for too long.
    Link(TransportFailure),
    /// What came is no message; why.
    Malformed(String),
    /// It is of another encoding.
    ContentType(String),
}

impl From<DecodeError> for NotReceived {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::ContentType { .. } => Self::ContentType(error.to_string()),
            error => Self::Malformed(error.to_string()),
        }
    }
}

/// How long is waited for a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// For its first octets.
    pub(crate) first: Duration,
    /// For each piece behind them.
    pub(crate) each: Duration,
}

impl From<Duration> for Patience {
    /// The same for everything.
    fn from(each: Duration) -> Self {
        Self { first: each, each }
    }
}

/// Receives a message of this content type: all of it, or up to the stream where `is_stream` says so of what has come. None when
/// nothing came before the end.
///
/// # Errors
/// See [`NotReceived`].
pub(crate) async fn receive(
    input: &mut dyn LinkInput,
    (encoding, content_type): (&StreamedEncoding, &str),
    patience: impl Into<Patience>,
    is_stream: impl Fn(&Envelope) -> bool,
) -> Result<Option<Received>, NotReceived> {
    let Patience { first, each } = patience.into();
    let mut head = encoding.streamed.head(content_type, encoding.max_head)?;
    // What holds the memory of the pieces.
    let mut held = Vec::new();
    loop {
        let step = head.step().map_err(|error| NotReceived::Malformed(error.to_string()))?;
        match step {
            HeadStep::Nowhere => break,
            HeadStep::Place(mut envelope, place) if is_stream(&envelope) => {
                let Some(element) = streamed_element(&envelope, place.depth) else { break };
                let (reader, octets, first) = head.content(place);
                let (sender, receiver) = mpsc::channel(WAITING);
                put_stream(&mut envelope, element, MessageStream::new(Coming::new(receiver)));
                let rest = Rest { reader, first: first.into(), parts: sender };
                return Ok(Some(Received {
                    envelope: *envelope,
                    octets: octets.into(),
                    rest: Some(rest),
                }));
            }
            HeadStep::Place(..) => continue,
            HeadStep::More => {}
        }
        match piece(input, if held.is_empty() { first } else { each }).await? {
            Some(piece) => {
                head.push(&piece);
                held.push(piece);
            }
            None => break,
        }
    }
    let mut octets = head.into_octets();
    while let Some(piece) = piece(input, each).await? {
        if octets.len() + piece.len() > encoding.max_held() {
            return Err(NotReceived::Malformed(too_large(encoding)));
        }
        octets.extend_from_slice(&piece);
        held.push(piece);
    }
    if octets.is_empty() {
        return Ok(None);
    }
    let mut decoder = encoding.streamed;
    let envelope = decoder.read(content_type, &octets)?;
    Ok(Some(Received { envelope, octets: octets.into(), rest: None }))
}

/// The innermost of the elements that are open where a stream begins.
fn streamed_element(envelope: &Envelope, depth: usize) -> Option<waxwing_xml::NodeId> {
    // In the envelope and the body.
    let mut element = envelope.body();
    for _ in 2..depth {
        element = element.first_element()?;
    }
    Some(element.id())
}

fn too_large(encoding: &StreamedEncoding) -> String {
    format!(
        "a message without stream is held in memory, and is larger than {} octets: raise maxBufferSize, or make its content a \
         stream",
        encoding.max_held()
    )
}

async fn piece(
    input: &mut dyn LinkInput,
    patience: Duration,
) -> Result<Option<Bytes>, NotReceived> {
    within(input, patience).await.map_err(NotReceived::Link)
}

async fn within(
    input: &mut dyn LinkInput,
    patience: Duration,
) -> Result<Option<Bytes>, TransportFailure> {
    tokio::time::timeout(patience, input.receive()).await.unwrap_or_else(|_| {
        let reason = format!("nothing of a message came within {patience:.1?}");
        Err(TransportFailure { cause: TransportCause::NoAnswer, reason })
    })
}

/// What is done with what comes of a stream that nobody wants any more.
#[derive(Debug)]
pub(crate) enum Leave {
    /// A little of it is read, so that the connection can be used again; otherwise it is broken off.
    Soon,
    /// All of it is read until the answer is there, and for so long behind it (WCF: `closeTimeout`): a connection that breaks off
    /// with octets that nobody has read would take the answer along.
    Answered(oneshot::Receiver<Infallible>, Duration),
}

impl Leave {
    /// Reads it.
    async fn read(self, input: Box<dyn LinkInput>) {
        match self {
            Self::Soon => drop(tokio::time::timeout(DRAIN, drain(input, MAX_DRAIN)).await),
            Self::Answered(answered, patience) => {
                let mut reading = pin!(drain(input, usize::MAX));
                tokio::select! {
                    () = &mut reading => return,
                    // Nothing is sent: it is dropped.
                    _ = answered => {}
                }
                let _ = tokio::time::timeout(patience, reading).await;
            }
        }
    }
}

/// What is to come of a stream.
pub(crate) struct Rest {
    reader: Content,
    /// What has come of it with what stands before it.
    first: Bytes,
    parts: mpsc::Sender<Part>,
}

/// Why a stream is not handed over any more.
enum Stopped {
    /// Nobody reads it.
    Unwanted,
    Broken(io::Error),
}

impl Rest {
    /// Hands over what comes until the message is over, or the stream is dropped; `leave` says what is done then. Each piece may
    /// take `patience`; a reader may take its time.
    pub(crate) async fn pump(
        mut self,
        mut input: Box<dyn LinkInput>,
        patience: Duration,
        leave: Leave,
    ) {
        let handed = self.hand_over(&mut *input, patience).await;
        let last = match handed {
            Ok(()) => Part::End,
            Err(Stopped::Unwanted) => return leave.read(input).await,
            Err(Stopped::Broken(error)) => {
                // The peer sees that it broke, before the reader may take his time.
                drop(input);
                Part::Failed(error)
            }
        };
        let _ = self.parts.send(last).await;
    }

    async fn hand_over(
        &mut self,
        input: &mut dyn LinkInput,
        patience: Duration,
    ) -> Result<(), Stopped> {
        let mut next = Some(std::mem::take(&mut self.first));
        while let Some(piece) = next {
            self.part(piece).await?;
            let parts = self.parts.clone();
            next = tokio::select! {
                biased;
                () = parts.closed() => return Err(Stopped::Unwanted),
                came = within(input, patience) => came.map_err(|failure| Stopped::Broken(of_link(&failure)))?,
            };
        }
        self.reader.finish().map_err(|error| Stopped::Broken(broken_off(&error.to_string())))
    }

    async fn part(&mut self, piece: Bytes) -> Result<(), Stopped> {
        let mut octets = Vec::with_capacity(piece.len());
        let read = self.reader.read(&piece, &mut octets);
        read.map_err(|error| Stopped::Broken(io::Error::new(io::ErrorKind::InvalidData, error)))?;
        if octets.is_empty() {
            return Ok(());
        }
        let part = Part::Octets { octets: octets.into(), held: piece };
        self.parts.send(part).await.map_err(|_| Stopped::Unwanted)
    }
}

fn of_link(failure: &TransportFailure) -> io::Error {
    match failure.cause {
        TransportCause::AnswerTooLarge => {
            io::Error::new(io::ErrorKind::FileTooLarge, failure.reason.clone())
        }
        TransportCause::NoAnswer => io::Error::new(io::ErrorKind::TimedOut, failure.reason.clone()),
        _ => broken_off(&failure.reason),
    }
}
