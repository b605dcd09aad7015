//! The service's end of a transport.

use std::borrow::Cow;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use waxwing_security::conversation::ProvenCaller;

use super::authentication::HttpAuthentication;
use super::caller::TransportCaller;
use super::link::{LinkInput, LinkReceiver};
use super::page::{Page, PageRequest};
use super::pieces::Pieces;
use super::room::Hold;
use super::tls::ServiceTls;
use crate::future::BoxFuture;

/// Listens for messages. A host has one for each transport, and all its endpoints share it.
pub trait Listener: Send + Sync {
    /// The schemes of the addresses that it listens on, in small letters.
    fn schemes(&self) -> &[&str];

    /// Listens on the addresses of these routes until what it gives is shut down or dropped. Called once.
    ///
    /// # Errors
    /// The first address that cannot be listened on.
    fn listen(
        &self,
        routes: Vec<Route>,
    ) -> BoxFuture<'_, Result<Vec<Box<dyn Listening>>, ListenError>>;

    /// What to wait for before a call is executed that makes another answer: answers that nobody takes may fill the
    /// memory for them. None when there is room, and by default.
    fn settled(&self) -> Option<BoxFuture<'_, ()>> {
        None
    }
}

/// Something that is listened on.
pub trait Listening: Send + Sync {
    /// The address of the machine with the port; none where there is no such thing.
    fn local_address(&self) -> Option<SocketAddr>;

    /// Takes no more connections and waits until every exchange under way is answered, at most `patience`. Gives whether
    /// all ended by themselves.
    fn shutdown(self: Box<Self>, patience: Duration) -> BoxFuture<'static, bool>;
}

/// An address with what takes its messages.
#[derive(Clone)]
pub struct Route {
    /// An absolute URI of one of the listener's schemes.
    pub address: String,
    /// What takes the messages.
    pub receiver: Arc<dyn Receiver>,
    /// How TLS is spoken there, where the scheme is one with TLS (`https`).
    pub tls: Option<ServiceTls>,
    /// Under which names of the machine it is asked for.
    pub hosts: HostNames,
}

/// How the host name takes part in finding a receiver (`hostNameComparisonMode`): of those that share a port, who takes every
/// name goes before who takes one, and that one before who takes what is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum HostNames {
    /// Whatever name is asked for.
    #[default]
    StrongWildcard,
    /// That of the address.
    Exact,
    /// Whatever name is asked for, if nobody else takes it.
    WeakWildcard,
}

/// Takes the messages of one address.
pub trait Receiver: Send + Sync {
    /// The most octets of a message; larger ones are not handed over.
    fn max_message(&self) -> usize;

    /// How those who send to it say who they are to HTTP; none when they need not. [`shown`](HttpAuthentication::shown) reads
    /// what a request says, and [`challenges`](HttpAuthentication::challenges) go into an answer 401. A listener that is not
    /// HTTP, or does not look at this, brings callers whom nobody knows, and who are refused.
    fn authentication(&self) -> Option<&HttpAuthentication> {
        None
    }

    /// How long a peer may take for a whole request, from its head on (`requestInitializationTimeout`); none: the listener has
    /// limits of its own.
    fn request_timeout(&self) -> Option<Duration> {
        None
    }

    /// What is shown to somebody who only looks (GET). None: there is nothing to see here, and messages are sent by POST (405).
    fn page(&self, _request: &PageRequest) -> Option<Page> {
        None
    }

    /// What takes the links of this address, for transports that have them; none: it takes messages in exchanges only.
    fn links(self: Arc<Self>) -> Option<Arc<dyn LinkReceiver>> {
        None
    }

    /// Where receivers below the address come and go: who takes what is for this path, or that nobody does (HTTP 404). None: it
    /// takes everything there itself.
    fn below(&self, _path: &str) -> Option<Option<Arc<dyn Receiver>>> {
        None
    }

    /// The most octets of a message that it takes as its octets come (`transferMode`), where the transport brings them so; none: it
    /// takes whole messages. They are given to [`receive_in_pieces`](Self::receive_in_pieces).
    fn streamed(&self) -> Option<usize> {
        None
    }

    /// The same as [`receive`](Self::receive) of a message whose octets come one after the other: those of `incoming` are none.
    fn receive_in_pieces(
        self: Arc<Self>,
        incoming: Incoming,
        input: Box<dyn LinkInput>,
    ) -> BoxFuture<'static, StreamedReply> {
        drop((incoming, input));
        Box::pin(async { StreamedReply::Whole(Reply::Refused(Refusal::Failed)) })
    }

    /// Looks at a message of which nothing has come but what stands before it (`incoming` has no octets), where its sender waits to
    /// hear whether he may send it (`Expect: 100-continue`, RFC 9110 §10.1.1). Gives it back with what was found out, so that
    /// nothing is asked twice.
    ///
    /// # Errors
    /// It is not taken, whatever it says.
    fn judge(self: Arc<Self>, incoming: Incoming) -> BoxFuture<'static, Result<Incoming, Refusal>> {
        Box::pin(async { Ok(incoming) })
    }

    /// Takes a message and says what is answered. The peer waits as long as this takes; a peer that goes away drops the
    /// future.
    fn receive(self: Arc<Self>, incoming: Incoming) -> BoxFuture<'static, Reply>;
}

/// A message that came in.
#[derive(Debug)]
#[non_exhaustive]
pub struct Incoming {
    /// Who sent it.
    pub peer: SocketAddr,
    /// The `Content-Type`, where the peer names one.
    pub content_type: Option<String>,
    /// The action that the transport names beside the message (`SOAPAction`): the message must have the same.
    pub action: Option<String>,
    /// The compressions that the peer reads of an answer, as HTTP names them (`Accept-Encoding`). None where the transport
    /// has no such thing.
    pub accepted_codings: Option<String>,
    /// What the transport says of who sent it.
    pub caller: TransportCaller,
    /// Whether the transport kept it from being read and changed on its way, to this process: TLS, or a way that nobody
    /// else is on. An endpoint that leaves the protection of its messages to the transport refuses others.
    pub protected: bool,
    /// The message.
    pub octets: Bytes,
    /// What holds its memory.
    pub(crate) hold: Hold,
    /// Who sent it, where the rules of the endpoint were asked before it came.
    pub(crate) proven: Option<ProvenCaller>,
}

impl Incoming {
    /// A message for which the transport names no action.
    pub fn new(
        peer: SocketAddr,
        content_type: impl Into<String>,
        octets: impl Into<Bytes>,
    ) -> Self {
        let (content_type, octets) = (Some(content_type.into()), octets.into());
        Self {
            peer,
            content_type,
            action: None,
            accepted_codings: None,
            caller: TransportCaller::Anonymous,
            protected: false,
            octets,
            hold: Hold::default(),
            proven: None,
        }
    }

    /// The same over a transport that protects messages, or does not.
    #[must_use]
    pub fn over(self, protected: bool) -> Self {
        Self { protected, ..self }
    }

    /// The same from this caller.
    #[must_use]
    pub fn from_caller(self, caller: TransportCaller) -> Self {
        Self { caller, ..self }
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub enum Reply {
    /// A message.
    Message {
        /// Its `Content-Type`.
        content_type: Cow<'static, str>,
        /// Its octets.
        octets: Bytes,
        /// Whether its body is a fault (HTTP 500).
        is_fault: bool,
    },
    /// The message was taken, and there is nothing to say (HTTP 202).
    Accepted,
    /// The message was not taken.
    Refused(Refusal),
    /// None: the connection is closed, as WCF does with a request that it aborts.
    NoAnswer,
}

/// What is answered to a message that came in pieces.
#[derive(Debug)]
#[non_exhaustive]
pub enum StreamedReply {
    /// An answer that is whole.
    Whole(Reply),
    /// A message whose octets come.
    Pieces {
        /// Its `Content-Type`.
        content_type: Cow<'static, str>,
        /// Its octets.
        octets: Pieces,
    },
}

/// Why a message was not taken. Nobody learns more: who is not authenticated has no right to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Nobody takes messages there (HTTP 404).
    NotFound,
    /// It is no message (HTTP 400).
    Malformed,
    /// Who sent it did not say who he is in the way that is asked for (HTTP 401).
    Unauthorized,
    /// What its sender said of himself is not accepted (HTTP 403).
    Forbidden,
    /// It is larger than whoever takes messages there takes (HTTP 413).
    TooLarge,
    /// It is of another encoding or version of SOAP (HTTP 415).
    ContentType,
    /// Nothing new is taken at the moment (HTTP 503).
    Unavailable,
    /// There is an answer, but it cannot be given (HTTP 500).
    Failed,
}

/// An address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {error}")]
pub struct ListenError {
    /// Host and port.
    pub address: String,
    /// What the operating system said.
    pub error: io::Error,
}
