//! Links: connections that carry whole messages both ways, as net.tcp, WebSocket and the memory have them.
//!
//! A link is what a [`Transport`](super::Transport)'s exchange is not: whoever is at one end sends when he has something to
//! say, and what comes in answers nobody in particular. It moves the octets of messages in their order; what they mean, and
//! which answers which, is the business of those above. Each direction ends by itself (`End` of MC-NMF §2.2.6, the Close
//! frame of a WebSocket).
//!
//! * a client [dials](LinkDialer::dial);
//! * a service's [listener](super::Listener) offers what comes in to the [`LinkReceiver`] of its address, which
//!   [accepts](OfferedLink::accept) it when there is room.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use waxwing_session::TransportFailure;

use super::caller::TransportCaller;
use crate::future::BoxFuture;

/// An open link: two halves, which two tasks may have, and the way to end both at once.
#[derive(Debug)]
pub struct Link {
    /// What is known of it.
    pub about: LinkAbout,
    /// What goes out.
    pub output: Box<dyn LinkOutput>,
    /// What comes in.
    pub input: Box<dyn LinkInput>,
    /// Ends it at once, from anywhere.
    pub abort: LinkAbort,
}

/// What is known of a link.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LinkAbout {
    /// The address that was dialed, as the client wrote it (`Via`).
    pub via: String,
    /// How messages are encoded, in both directions: the content type of the session (`application/soap+msbinsession1`).
    pub content_type: String,
    /// The other end; none where there is no such thing.
    pub peer: Option<SocketAddr>,
    /// What the transport says of who dialed: **evidence, not a verdict**, for the rules of the endpoint. At the client's end
    /// nothing: whether the service is the right one was decided before the link was there.
    pub caller: TransportCaller,
    /// Whether the transport keeps messages from being read and changed on their way: TLS, or a way that nobody else is on.
    pub protected: bool,
}

impl LinkAbout {
    /// A link to `via` with messages of this content type, from nobody who is known, unprotected.
    pub fn new(via: impl Into<String>, content_type: impl Into<String>) -> Self {
        let (via, content_type) = (via.into(), content_type.into());
        Self { via, content_type, peer: None, caller: TransportCaller::Anonymous, protected: false }
    }
}

/// The half of a link that sends.
///
/// A future of it that is dropped before it is ready has written a part of a message, perhaps: it aborts the link. So does
/// dropping the half before it is [closed](Self::close).
pub trait LinkOutput: Send + fmt::Debug {
    /// Sends one message; ready when the operating system has it. Waits as long as the peer takes nothing: the caller has the
    /// patience (`sendTimeout`).
    fn send(&mut self, message: Bytes) -> BoxFuture<'_, Result<(), TransportFailure>>;

    /// Sends these one after the other, at once where the transport can: they stand in fewer writes.
    fn send_all(&mut self, messages: Vec<Bytes>) -> BoxFuture<'_, Result<(), TransportFailure>> {
        Box::pin(async move {
            for message in messages {
                self.send(message).await?;
            }
            Ok(())
        })
    }

    /// Says that nothing more is sent. Messages may go on coming in. Further calls do nothing.
    fn close(&mut self) -> BoxFuture<'_, Result<(), TransportFailure>>;
}

/// The half of a link that receives. Dropped before the end has come, it aborts the link.
pub trait LinkInput: Send + fmt::Debug {
    /// The next message; none when the peer says that it sends nothing more, and from then on. Nothing is lost when the future
    /// is dropped. Who does not ask lets the peer wait: that is the flow control.
    fn receive(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, TransportFailure>>;
}

/// Ends a link at once, both ways: what is under way at either half fails, and the peer sees a connection that broke. Does
/// nothing to a link that has ended. Clones are of the same link.
#[derive(Clone)]
pub struct LinkAbort(Arc<dyn Fn() + Send + Sync>);

impl LinkAbort {
    /// By this.
    pub fn new(abort: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(abort))
    }

    /// Ends it.
    pub fn abort(&self) {
        (self.0)();
    }
}

impl fmt::Debug for LinkAbort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkAbort").finish_non_exhaustive()
    }
}

/// Makes links to services.
pub trait LinkDialer: Send + Sync {
    /// The schemes of the addresses that it dials, in small letters.
    fn schemes(&self) -> &[&str];

    /// A new link. How long it may take is the caller's business (`openTimeout`), who drops the future when it is over.
    fn dial<'a>(&'a self, dial: Dial<'a>) -> BoxFuture<'a, Result<Link, TransportFailure>>;
}

/// What is dialed.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Dial<'a> {
    /// An absolute URI of one of the dialer's schemes.
    pub via: &'a str,
    /// How messages are encoded, in both directions.
    pub content_type: &'a str,
    /// The most octets of a message that comes in; a larger one ends the link (`maxReceivedMessageSize`).
    pub max_message: usize,
    /// Whether the link carries one message each way in pieces (`transferMode`) instead of whole messages: what is sent and
    /// received are octets of it, as they come, and its end is that of the direction.
    pub is_streamed: bool,
}

impl<'a> Dial<'a> {
    /// A link to this address.
    pub fn new(via: &'a str, content_type: &'a str, max_message: usize) -> Self {
        Self { via, content_type, max_message, is_streamed: false }
    }

    /// The same for one message each way in pieces.
    #[must_use]
    pub fn streamed(self) -> Self {
        Self { is_streamed: true, ..self }
    }
}

/// Takes the links of one address.
pub trait LinkReceiver: Send + Sync {
    /// The content type of its messages: what a peer with another one is told, where the transport tells it.
    fn content_type(&self) -> &str;

    /// Whether it takes links of this content type.
    fn takes(&self, content_type: &str) -> bool {
        content_type == self.content_type()
    }

    /// The sub-protocol that the peers of a WebSocket must ask for (`webSocketSettings/subProtocol`); empty: none is looked at.
    fn sub_protocol(&self) -> &str {
        "soap"
    }

    /// Whether its links carry one message each way in pieces (`transferMode`) instead of whole messages, and then the most
    /// octets of the one that comes in. Peers that want the other kind are refused.
    fn streamed(&self) -> Option<usize> {
        None
    }

    /// What its peers may take.
    fn limits(&self) -> LinkLimits;

    /// A link is there to be accepted or refused; dropped, it is aborted. Runs in a task of its own and may last as long as
    /// the link; a host that closes waits for it.
    fn offered(self: Arc<Self>, link: Box<dyn OfferedLink>) -> BoxFuture<'static, ()>;
}

/// What the peers of an address may take. Those that are the port's ([`max_pending`](Self::max_pending),
/// [`backlog`](Self::backlog)) are the largest of all addresses that share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LinkLimits {
    /// The most octets of a message (`maxReceivedMessageSize`, which is `maxBufferSize` where nothing is streamed): 64 KiB.
    pub max_message: usize,
    /// How long a link may take to come about, from the first octet to the last of the handshakes
    /// (`channelInitializationTimeout`): 30 seconds.
    pub initialization_timeout: Duration,
    /// The most connections that have not become a link yet (`maxPendingConnections`): 12 for each processor.
    pub max_pending: usize,
    /// How many connections the operating system holds that were not looked at yet (`listenBacklog`): 12 for each processor.
    pub backlog: u32,
    /// The most connections that are kept for a further link when one has ended (`maxConnections`): 12 for each processor.
    pub max_idle: usize,
    /// How long such a connection is kept (`connectionPoolSettings/idleTimeout`): 2 minutes.
    pub idle_timeout: Duration,
    /// How often a WebSocket shows that it is there (`webSocketSettings/keepAliveInterval`): 30 seconds, as .NET does.
    pub keep_alive: Duration,
}

impl Default for LinkLimits {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let each = processors.saturating_mul(12);
        Self {
            max_message: 64 << 10,
            initialization_timeout: Duration::from_secs(30),
            max_pending: each,
            backlog: u32::try_from(each).unwrap_or(u32::MAX),
            max_idle: each,
            idle_timeout: Duration::from_secs(120),
            keep_alive: Duration::from_secs(30),
        }
    }
}

/// A link that waits to be accepted: its peer has said what it wants, and the transport's handshakes are over. Nothing is sent
/// before it is accepted, so whoever waits for a place lets the peer wait in its own open. Dropped, it is aborted.
pub trait OfferedLink: Send {
    /// What is known of it.
    fn about(&self) -> &LinkAbout;

    /// Opens it (`PreambleAck` of MC-NMF §2.2.3.7).
    fn accept(self: Box<Self>) -> BoxFuture<'static, Result<Link, TransportFailure>>;

    /// Tells the peer why not, where the transport can.
    fn refuse(self: Box<Self>, why: LinkRefusal) -> BoxFuture<'static, ()>;
}

/// Why a link is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkRefusal {
    /// Nothing new is taken at the moment.
    Busy,
    /// Nobody takes links there any more.
    NotFound,
    /// What the transport says of the peer is not accepted.
    Forbidden,
}
