//! The client's end of a transport.

use std::fmt;
use std::sync::{Arc, Weak};

use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::oneshot;
use waxwing_session::TransportFailure;
use waxwing_soap::SoapVersion;

use super::http::HttpCredentials;
use super::link::LinkInput;
use super::pieces::Pieces;
use crate::future::BoxFuture;

/// Sends messages and brings the answers, each in an exchange of its own.
///
/// Repeating a message is the business of WS-ReliableMessaging, never of a transport: it may have been executed. The one
/// exception is a message that HTTP has refused with 401, which says that it was not: it goes again with the credentials
/// that are asked for. How long
/// an exchange may take is the caller's business, who drops the future when it is over.
pub trait Transport: Send + Sync {
    /// The schemes of the addresses that it sends to, in small letters.
    fn schemes(&self) -> &[&str];

    /// One exchange. What fails is an answer, too: its kind decides whether the message is sent again.
    fn exchange<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Answer>;

    /// The same for messages whose octets are sent as they are there (`transferMode`). None, and by default: it has whole
    /// messages alone, and streams are held in memory.
    fn streamed(&self) -> Option<&dyn StreamedTransport> {
        None
    }
}

/// A [`Transport`] that sends the octets of a message as they are there, and brings those of the answer as they
/// come.
pub trait StreamedTransport: Send + Sync {
    /// One exchange. The message is `stream`, or whole in the request where that is none.
    fn exchange_in_pieces<'a>(
        &'a self,
        request: Request<'a>,
        stream: Option<Pieces>,
    ) -> BoxFuture<'a, StreamedAnswer>;
}

/// How an exchange ended, or goes on.
#[derive(Debug)]
#[non_exhaustive]
pub enum StreamedAnswer {
    /// A message: its octets come.
    Message {
        /// The `Content-Type`, where the peer names one.
        content_type: Option<String>,
        /// Its octets, at most [`Request::max_answer`].
        input: Box<dyn LinkInput>,
    },
    /// There is no message.
    Over(Answer),
}

/// A message on its way to a service.
#[derive(Debug)]
#[non_exhaustive]
pub struct Request<'a> {
    /// Where it goes: an absolute URI of one of the transport's schemes.
    pub to: &'a str,
    /// The action of the message, for transports that say it beside the message.
    pub action: &'a str,
    /// The version of the message: SOAP 1.1 has the action in a header of HTTP (SOAP 1.1 §6.1.1).
    pub version: SoapVersion,
    /// The `Content-Type` of the octets.
    pub content_type: &'a str,
    /// The message.
    pub octets: Bytes,
    /// The most octets of an answer; a larger one is a failure.
    pub max_answer: usize,
    /// Whether the connection may be used again (`keepAliveEnabled`), for transports that keep connections.
    pub keep_alive: bool,
    /// Who the client is to HTTP, where the binding says that it says so there. A transport that is not HTTP has no use for
    /// them, and the service will refuse what comes without.
    pub credentials: Option<&'a HttpCredentials>,
    /// To be dropped as soon as the message is written.
    pub written: Written,
}

impl<'a> Request<'a> {
    pub(crate) fn new(to: &'a str, content_type: &'a str, octets: Bytes, written: Written) -> Self {
        let (action, version) = ("", SoapVersion::Soap12);
        let (max_answer, keep_alive, credentials) = (usize::MAX, true, None);
        Self {
            to,
            action,
            version,
            content_type,
            octets,
            max_answer,
            keep_alive,
            credentials,
            written,
        }
    }
}

/// Held while a message is not written yet. Dropping it tells whoever sends the next message of an ordered session.
pub struct Written(Told);

/// Who is told.
enum Told {
    Nobody,
    Waiting(oneshot::Sender<()>),
    /// Under which name.
    Sender(Weak<dyn WhenWritten>, u64),
}

/// Somebody whose messages wait for each other.
pub(crate) trait WhenWritten: Send + Sync {
    /// The message of this exchange is written, or will not be. Called where a transport works: it must not take long.
    fn written(self: Arc<Self>, exchange: u64);

    /// More of the message of this exchange, or of its answer, has gone over its connection. Called as often as that is so.
    fn goes_on(self: Arc<Self>, exchange: u64);
}

impl Written {
    /// For a message that nothing waits for.
    pub(crate) fn by_nobody() -> Self {
        Self(Told::Nobody)
    }

    /// Tells `sender` that the message of this exchange is written.
    pub(crate) fn told(sender: Weak<impl WhenWritten + 'static>, exchange: u64) -> Self {
        Self(Told::Sender(sender, exchange))
    }

    /// What tells the same of how far the message, and its answer, have come.
    pub(crate) fn progress(&self) -> Progress {
        Progress(match &self.0 {
            Told::Sender(sender, exchange) => Some((sender.clone(), *exchange)),
            Told::Nobody | Told::Waiting(_) => None,
        })
    }
}

/// Tells of a large message that it goes on, so that it does not count as lost while it is on its way.
#[derive(Clone)]
pub(crate) struct Progress(Option<(Weak<dyn WhenWritten>, u64)>);

impl Progress {
    /// More octets have gone over the connection.
    pub(crate) fn tell(&self) {
        let Some((sender, exchange)) = &self.0 else { return };
        if let Some(sender) = sender.upgrade() {
            sender.goes_on(*exchange);
        }
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Progress").field(&self.0.is_some()).finish()
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        match std::mem::replace(&mut self.0, Told::Nobody) {
            Told::Nobody => {}
            // The other end hears that this one is gone.
            Told::Waiting(told) => drop(told),
            Told::Sender(sender, exchange) => {
                if let Some(sender) = sender.upgrade() {
                    sender.written(exchange);
                }
            }
        }
    }
}

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Written").finish_non_exhaustive()
    }
}

/// What is held, and what ends when that is dropped.
pub(crate) fn written() -> (Written, oneshot::Receiver<()>) {
    let (told, dropped) = oneshot::channel();
    (Written(Told::Waiting(told)), dropped)
}

/// How an exchange ended.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What came.
    pub outcome: Outcome,
    /// The octets of what came, be it a message or not (an error page): for traces.
    pub octets: Bytes,
    /// The service's time of day, where the transport tells it: clocks that are apart explain much.
    pub clock: Option<Timestamp>,
}

/// What came of an exchange.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// A message: the octets of the answer.
    Message {
        /// The `Content-Type`, where the peer names one.
        content_type: Option<String>,
    },
    /// The service has taken the message, and nothing comes back (HTTP 202).
    Empty,
    /// There is no answer.
    Failed(TransportFailure),
}

impl Answer {
    /// A message came back.
    pub fn message(content_type: impl Into<String>, octets: impl Into<Bytes>) -> Self {
        let outcome = Outcome::Message { content_type: Some(content_type.into()) };
        Self { outcome, octets: octets.into(), clock: None }
    }

    /// The message was taken, and nothing comes back.
    pub fn empty() -> Self {
        Self { outcome: Outcome::Empty, octets: Bytes::new(), clock: None }
    }

    /// There is no answer.
    pub fn failed(failure: TransportFailure) -> Self {
        Self { outcome: Outcome::Failed(failure), octets: Bytes::new(), clock: None }
    }
}

/// How many octets of what is no message are told of.
pub(crate) const MOST_FIRST_BYTES: usize = 200;

/// The beginning of what is no message, for a person.
pub(crate) fn first_bytes(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(MOST_FIRST_BYTES)]).escape_debug().to_string()
}
