//! The link that frames are (RFC 6455 §5): each message is a message, whatever its kind and in however many frames.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{oneshot, watch};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use waxwing_session::{TransportCause, TransportFailure};

use super::metered::Held;
use crate::future::BoxFuture;
use crate::log::Cut;
use crate::net::link::{Link, LinkAbort, LinkAbout, LinkInput, LinkOutput};

/// How long a sign of life may take to be written.
const PATIENCE: Duration = Duration::from_secs(30);
/// How much is read at a time; a link that waits holds so much.
const READ: usize = 16 << 10;

/// What the halves share, and whoever serves the connection.
pub(in crate::net) struct Shared {
    /// Whether it broke or was aborted: wakes those who wait.
    broken: watch::Sender<bool>,
    failure: Mutex<Option<TransportFailure>>,
}

impl Shared {
    /// Of a link that may come about.
    pub(in crate::net) fn new() -> Arc<Self> {
        Arc::new(Self { broken: watch::Sender::new(false), failure: Mutex::default() })
    }

    /// It ends at once, for this reason if there was none before. Gives the first reason.
    fn fail(&self, failure: TransportFailure) -> TransportFailure {
        let mut first = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        let first = first.get_or_insert(failure).clone();
        self.broken.send_replace(true);
        first
    }

    /// It ends at once.
    pub(in crate::net) fn abort(&self) {
        self.fail(broken("The WebSocket was aborted at this end."));
    }

    fn why(&self) -> TransportFailure {
        let first = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        first.clone().unwrap_or_else(|| broken("The WebSocket was aborted at this end."))
    }
}

fn broken(text: &str) -> TransportFailure {
    TransportFailure { cause: TransportCause::Broken, reason: text.to_owned() }
}

/// Why nothing can be sent any more.
const CLOSED: &str = "The WebSocket was closed by the other end.";

/// Whether an error says that the peer has closed: RFC 6455 §5.5.1 lets nothing be sent after that but the answer.
fn is_closed(error: &Error) -> bool {
    let is_late = matches!(error, Error::Protocol(ProtocolError::SendAfterClosing));
    is_late || matches!(error, Error::ConnectionClosed | Error::AlreadyClosed)
}

/// Whether what the peer closed with is an end as it should be, or else what it means.
fn ended(close: Option<&CloseFrame>) -> Result<(), TransportFailure> {
    let Some(close) = close else { return Ok(()) };
    let cause = match close.code {
        CloseCode::Normal | CloseCode::Away | CloseCode::Status => return Ok(()),
        CloseCode::Size => TransportCause::RequestTooLarge,
        CloseCode::Unsupported | CloseCode::Protocol | CloseCode::Invalid => {
            TransportCause::Framing
        }
        CloseCode::Again | CloseCode::Restart => TransportCause::Busy,
        _ => TransportCause::Broken,
    };
    let (code, words) = (u16::from(close.code), Cut::of(&close.reason));
    let reason = format!("The other end closed the WebSocket with status {code}. {words}");
    Err(TransportFailure { cause, reason: reason.trim_end().to_owned() })
}

/// What an error of the frames means.
fn failure(error: &Error, most: usize) -> TransportFailure {
    let (cause, reason) = match error {
        Error::Capacity(CapacityError::MessageTooLong { .. }) => (
            TransportCause::AnswerTooLarge,
            format!(
                "The maximum message size quota for incoming messages ({most}) has been exceeded. To increase the quota, use the \
                 MaxReceivedMessageSize property on the appropriate binding element."
            ),
        ),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) | Error::Io(_) => (
            TransportCause::Broken,
            format!(
                "A WebSocket error occurred. The connection ended without being closed. ({error})"
            ),
        ),
        error if is_closed(error) => (TransportCause::Broken, CLOSED.to_owned()),
        _ => (TransportCause::Framing, format!("A WebSocket error occurred. ({error})")),
    };
    TransportFailure { cause, reason }
}

/// Dropped when both halves of a link are gone.
type Alive = Arc<Option<oneshot::Sender<()>>>;

/// How a link over frames is.
pub(in crate::net) struct Terms {
    pub(in crate::net) role: Role,
    /// The most octets of a message.
    pub(in crate::net) most: usize,
    /// How often it shows that it is there when it has nothing to say, so that what stands in between keeps it.
    pub(in crate::net) keep_alive: Duration,
    pub(in crate::net) about: LinkAbout,
    /// What holds the memory of its messages, where it is counted.
    pub(in crate::net) held: Option<Held>,
}

/// The link over a connection whose handshake is over. `alive` is dropped when it has ended.
pub(in crate::net) async fn link<S>(
    stream: S,
    terms: Terms,
    shared: Arc<Shared>,
    alive: Option<oneshot::Sender<()>>,
) -> Link
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Terms { role, most, keep_alive: pause, about, held } = terms;
    let config = WebSocketConfig::default()
        .read_buffer_size(READ)
        .max_message_size(Some(most))
        .max_frame_size(Some(most));
    let frames = WebSocketStream::from_raw_socket(stream, role, Some(config)).await;
    let (sink, stream) = frames.split();
    let sink = Arc::new(tokio::sync::Mutex::new(Some(sink)));
    tokio::spawn(keep_alive(Arc::downgrade(&sink), Arc::downgrade(&shared), pause));
    let alive: Alive = Arc::new(alive);
    let _alive = Arc::clone(&alive);
    let output = Output { sink, shared: Arc::clone(&shared), is_closed: false, most, _alive };
    let watch = shared.broken.subscribe();
    let own = Arc::clone(&shared);
    let stream = Some(stream);
    let input = Input { stream, shared: own, watch, is_ended: false, most, held, _alive: alive };
    let abort = LinkAbort::new(move || shared.abort());
    Link { about, output: Box::new(output), input: Box::new(input), abort }
}

type Sink<S> = tokio::sync::Mutex<Option<SplitSink<WebSocketStream<S>, Message>>>;

/// Sends a pong that nobody asked for, as .NET does (RFC 6455 §5.5.3), as long as the link is there.
async fn keep_alive<S>(sink: Weak<Sink<S>>, shared: Weak<Shared>, pause: Duration)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Some(mut watch) = shared.upgrade().map(|shared| shared.broken.subscribe()) else { return };
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause.max(Duration::from_millis(10))) => {}
            // Broken, or gone.
            _ = watch.wait_for(|broken| *broken) => return,
        }
        let Some(sink) = sink.upgrade() else { return };
        // Who sends at the moment shows that he is there.
        let Ok(mut sink) = sink.try_lock() else { continue };
        let Some(frames) = &mut *sink else { return };
        let sent = tokio::time::timeout(PATIENCE, frames.send(Message::Pong(Bytes::new())));
        if !matches!(sent.await, Ok(Ok(()))) {
            return;
        }
    }
}

struct Output<S> {
    /// None when it has ended.
    sink: Arc<Sink<S>>,
    shared: Arc<Shared>,
    is_closed: bool,
    most: usize,
    _alive: Alive,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Output<S> {
    /// Sends something in its turn. Dropped before it is done, the link ends.
    async fn turn(&mut self, messages: Vec<Message>) -> Result<(), TransportFailure> {
        if self.is_closed {
            return Err(broken(
                "You cannot Send messages on a channel after CloseOutputSession has been called.",
            ));
        }
        let torn = AbortUnlessDone(Some(&self.shared));
        let (shared, most) = (&self.shared, self.most);
        let mut watch = shared.broken.subscribe();
        let sending = async {
            let mut sink = self.sink.lock().await;
            let Some(frames) = &mut *sink else { return Err(shared.why()) };
            let sent = async {
                for message in messages {
                    frames.feed(message).await?;
                }
                frames.flush().await
            };
            match sent.await {
                Ok(()) => Ok(()),
                // The peer has closed before: the library's answer to that is to go out.
                Err(error) if is_closed(&error) => {
                    let _ = frames.flush().await;
                    Err(failure(&error, most))
                }
                Err(error) => Err(shared.fail(failure(&error, most))),
            }
        };
        let sent = tokio::select! {
            biased;
            _ = watch.wait_for(|broken| *broken) => Err(shared.why()),
            sent = sending => sent,
        };
        torn.done();
        if sent.as_ref().is_err_and(|failure| failure.reason != CLOSED) {
            // The connection goes with its other half.
            *self.sink.lock().await = None;
        }
        sent
    }
}

/// Ends a link when what is being sent is given up.
struct AbortUnlessDone<'a>(Option<&'a Shared>);

impl AbortUnlessDone<'_> {
    fn done(mut self) {
        self.0 = None;
    }
}

impl Drop for AbortUnlessDone<'_> {
    fn drop(&mut self) {
        if let Some(shared) = self.0 {
            shared.abort();
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> LinkOutput for Output<S> {
    fn send(&mut self, message: Bytes) -> BoxFuture<'_, Result<(), TransportFailure>> {
        Box::pin(self.turn(vec![Message::Binary(message)]))
    }

    fn send_all(&mut self, messages: Vec<Bytes>) -> BoxFuture<'_, Result<(), TransportFailure>> {
        Box::pin(self.turn(messages.into_iter().map(Message::Binary).collect()))
    }

    fn close(&mut self) -> BoxFuture<'_, Result<(), TransportFailure>> {
        Box::pin(async move {
            if self.is_closed {
                return Ok(());
            }
            let normal = CloseFrame { code: CloseCode::Normal, reason: Utf8Bytes::default() };
            let closed = self.turn(vec![Message::Close(Some(normal))]).await;
            self.is_closed = true;
            // The library has answered the peer's Close already, perhaps.
            let is_over =
                |failure: &TransportFailure| failure.reason.contains("closed by the other");
            match closed {
                Err(failure) if !is_over(&failure) => Err(failure),
                _ => Ok(()),
            }
        })
    }
}

impl<S> Drop for Output<S> {
    fn drop(&mut self) {
        if !self.is_closed {
            self.shared.abort();
        }
    }
}

impl<S> fmt::Debug for Output<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").field("is_closed", &self.is_closed).finish_non_exhaustive()
    }
}

struct Input<S> {
    /// None when it broke.
    stream: Option<SplitStream<WebSocketStream<S>>>,
    shared: Arc<Shared>,
    watch: watch::Receiver<bool>,
    is_ended: bool,
    most: usize,
    held: Option<Held>,
    _alive: Alive,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Input<S> {
    async fn next(&mut self) -> Result<Option<Bytes>, TransportFailure> {
        if self.is_ended {
            return Ok(None);
        }
        let Some(stream) = &mut self.stream else { return Err(self.shared.why()) };
        let failed = loop {
            let came = tokio::select! {
                biased;
                came = stream.next() => came,
                _ = self.watch.wait_for(|broken| *broken) => break self.shared.why(),
            };
            match came {
                Some(Ok(Message::Binary(octets))) => return Ok(Some(with(&self.held, octets))),
                Some(Ok(Message::Text(text))) => return Ok(Some(with(&self.held, text.into()))),
                Some(Ok(Message::Close(close))) => match ended(close.as_ref()) {
                    Ok(()) => {
                        self.is_ended = true;
                        return Ok(None);
                    }
                    Err(failure) => break self.shared.fail(failure),
                },
                None => {
                    self.is_ended = true;
                    return Ok(None);
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(error)) => break self.shared.fail(failure(&error, self.most)),
            }
        };
        self.stream = None;
        Err(failed)
    }
}

/// A message with what holds its memory.
fn with(held: &Option<Held>, message: Bytes) -> Bytes {
    match held {
        Some(held) => held.with(message),
        None => message,
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> LinkInput for Input<S> {
    fn receive(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, TransportFailure>> {
        Box::pin(self.next())
    }
}

impl<S> Drop for Input<S> {
    fn drop(&mut self) {
        if !self.is_ended {
            self.shared.abort();
        }
    }
}

impl<S> fmt::Debug for Input<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input").field("is_ended", &self.is_ended).finish_non_exhaustive()
    }
}
