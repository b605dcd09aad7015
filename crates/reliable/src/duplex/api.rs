//! What goes into a [`DuplexSession`](super::DuplexSession) and what comes out.

use waxwing_soap::{EndpointReference, Time};

use crate::error::{Failure, SessionError};
use crate::event::Event;
use crate::message::{Message, TokenReference};
use crate::names::CallId;
use crate::ranges::MessageNumber;

/// What a session is to know of the connections below it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Links {
    /// Nothing: every message goes out for itself (`wsDualHttpBinding`). The session never asks for one.
    #[default]
    Unseen,
    /// It has one connection at a time, and another one takes its place when it breaks: net.tcp without security or with
    /// secure conversation, WebSocket. The initiator asks for it by [`DuplexOutput::Dial`]; the responder adopts what comes.
    Replaced,
    /// It has one connection, and ends with it: net.tcp whose connection is secured itself (TLS). The initiator asks for it
    /// by [`DuplexOutput::Dial`], once.
    Bound,
}

/// How a session is opened (initiator).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DuplexOpen {
    /// The address that the messages go to (`wsa:To`); `Accept/AcksTo` must name it.
    pub to: String,
    /// Where the peer's messages go: None is the anonymous endpoint, the connection itself; of composite duplex the
    /// client's own address with its reference parameters.
    pub from: Option<EndpointReference>,
    /// The security context below, when there is secure conversation.
    pub token: Option<TokenReference>,
    /// When the whole Open began, connecting and security handshake included: WCF's round-trip estimate starts from
    /// there. Not later than `now`.
    pub started: Time,
    /// When Open gives up.
    pub deadline: Time,
}

/// One transmission, named by the engine: whoever sends it gives the name back when it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Transmission(pub(super) Purpose);

/// What a message was sent for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Purpose {
    Create,
    Message(MessageNumber),
    Close,
    Terminate,
    /// Nothing depends on it.
    Notice,
}

/// Input of a session.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "messages are the common case")]
pub enum DuplexInput<M> {
    /// Begin with CreateSequence (initiator). Once, first.
    Open(DuplexOpen),
    /// A message came in for this session.
    Message(Message<M>),
    /// Send a message of the application. Before the session is open it waits in the queue.
    Send {
        /// The caller's name of it.
        call: CallId,
        /// The message.
        message: M,
        /// When it gives up waiting for the window; it fails alone then. Once it has a number it is not given up, as at WCF:
        /// the call has returned by then. None: never.
        deadline: Option<Time>,
    },
    /// The application has taken a delivered message off its queue.
    Taken(MessageNumber),
    /// A transmission was not sent, or the transport said something of it that is no message: over HTTP an error
    /// status. Successes are not reported.
    Failed {
        /// Which.
        transmission: Transmission,
        /// Why.
        failure: Failure,
    },
    /// The application sends no more: what was sent is to be acknowledged, then our sequence ends. The session is closed
    /// when the peer has ended its own; until then it is received from.
    Close {
        /// When Close gives up.
        deadline: Time,
    },
    /// End at once; the peer is told with `SequenceTerminated`.
    Abort {
        /// Why.
        reason: String,
    },
    /// There is a connection now: what was [asked for](DuplexOutput::Dial), or, at the responder, one that the session
    /// adopts.
    Linked,
    /// The connection that was asked for could not be made.
    LinkFailed(Failure),
    /// The connection broke.
    LinkBroken {
        /// How.
        reason: String,
    },
    /// The peer ended the connection as it should (the framing's End).
    LinkEnded,
    /// The peer has taken nothing of what it has not acknowledged, and would now: it goes again at once (a security session
    /// below has another key).
    Resend,
    /// The security session below is gone: the session ends without a word.
    SecurityLost {
        /// Why.
        reason: String,
    },
    /// Time has passed ([`wake_at`](super::DuplexSession::wake_at)).
    Tick,
}

/// Output of a session.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "messages are the common case")]
pub enum DuplexOutput<M> {
    /// Send a message to the peer. Nothing answers it; should it fail, say [`DuplexInput::Failed`].
    Transmit {
        /// Its name.
        transmission: Transmission,
        /// The message. Headers must be written afresh and the whole protected afresh every time.
        message: Message<M>,
        /// When the transport should give it up. None: `SendTimeout` from now.
        deadline: Option<Time>,
    },
    /// A connection is wanted: answer with [`DuplexInput::Linked`] or [`DuplexInput::LinkFailed`], once.
    Dial,
    /// CreateSequence was accepted (initiator).
    Opened,
    /// A message has its place in the window and is sent: the moment in which a one-way call of WCF returns.
    Sent {
        /// Which.
        call: CallId,
        /// Its number.
        number: MessageNumber,
    },
    /// The peer has a message, and will give it to its application.
    Acknowledged {
        /// Which.
        call: CallId,
    },
    /// A message will not be sent any more, or nobody knows whether it arrived. The session may go on.
    CallFailed {
        /// Which.
        call: CallId,
        /// The number under which it may have been sent and executed. None: it never had one.
        number: Option<MessageNumber>,
        /// Why.
        error: SessionError,
    },
    /// Give a message to the application: once, in order in ordered sessions.
    Deliver {
        /// Its number.
        number: MessageNumber,
        /// The message.
        message: M,
    },
    /// The peer sends no more, and everything that it sent was delivered. The application should
    /// [close](DuplexInput::Close) when it has done what it has.
    EndOfMessages,
    /// Both sequences have ended as they should. Last output, but for the answers to messages that the peer repeats.
    Closed,
    /// The session has ended with an error; messages that waited have failed before. Only `Transmit` of the fault to the
    /// peer may follow.
    Faulted(SessionError),
    /// For a person to watch.
    Event(Event),
}
