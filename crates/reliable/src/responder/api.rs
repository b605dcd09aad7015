//! What goes into a [`Listener`](super::Listener) and what comes out.

use crate::error::SessionError;
use crate::event::Event;
use crate::message::{Message, Response};
use crate::names::{ContextTag, ExchangeId, Route, SessionId};
use crate::ranges::MessageNumber;

/// Input of the listener.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "requests are the common case")]
pub enum ListenerInput<M> {
    /// A request came in and waits for its response.
    Request {
        /// The exchange, named by the caller; every one is answered once, by a [`ListenerOutput::Transmit`] whose
        /// route says so.
        exchange: ExchangeId,
        /// The message.
        message: Message<M>,
        /// The secured context that it came in by; None without security.
        tag: Option<ContextTag>,
    },
    /// The service takes the session off the queue of pending ones. What was delivered is not to be
    /// executed before. A session that was closed as it should still waits for this: its messages were acknowledged.
    Accept(SessionId),
    /// The application has taken a delivered message off its queue.
    Taken {
        /// The session.
        session: SessionId,
        /// The message.
        number: MessageNumber,
    },
    /// The operation of a delivered message has ended (one-way: was begun).
    Done {
        /// The session.
        session: SessionId,
        /// The message.
        number: MessageNumber,
        /// The reply, faults of the application included; None for one-way operations.
        reply: Option<M>,
    },
    /// The service closes its side, having seen [`ListenerOutput::EndOfMessages`]; LastMessage or
    /// CloseSequence is answered once every operation is done.
    Close(SessionId),
    /// The service takes no new sessions any more; those that there are go on.
    Shutdown,
    /// The service ends the session; whoever waits for a response is told so.
    Abort {
        /// The session.
        session: SessionId,
        /// Why.
        reason: String,
    },
    /// The secured context is gone; its sessions end without a word.
    ContextLost(ContextTag),
    /// Time has passed ([`wake_at`](super::Listener::wake_at)).
    Tick,
}

/// Output of the listener.
#[derive(Clone, Debug)]
pub enum ListenerOutput<M> {
    /// Send something.
    Transmit {
        /// Where to: the answer of an exchange.
        route: Route,
        /// What.
        response: Response<M>,
    },
    /// A session was made; it waits for `Accept`.
    Created {
        /// Its forward sequence.
        session: SessionId,
        /// The secured context that it is bound to.
        tag: Option<ContextTag>,
    },
    /// Give a message to the application: once, in order in ordered sessions.
    Deliver {
        /// The session.
        session: SessionId,
        /// The message's number.
        number: MessageNumber,
        /// The message.
        message: M,
    },
    /// The peer will send no more; the service should close when it has done what it has.
    EndOfMessages(SessionId),
    /// The session was closed as it should. Last output of the session.
    Closed(SessionId),
    /// The session has ended with an error. Last output of the session but `Transmit`.
    Faulted {
        /// The session.
        session: SessionId,
        /// Why.
        error: SessionError,
    },
    /// For a person to watch.
    Event {
        /// The session.
        session: SessionId,
        /// What happened.
        event: Event,
    },
}
