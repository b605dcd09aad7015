//! What goes into a [`Listener`](super::Listener) and what comes out.

use crate::event::Event;
use crate::fault::SessionError;
use crate::initiator::ExchangeId;
use crate::message::{Identifier, Message};
use crate::ranges::MessageNumber;

/// The identifier of a forward sequence, which names its session.
pub type SessionId = Identifier;

/// The secured context that a message came in by, e.g. the identifier of the security context token. A
/// sequence is bound to the one that its CreateSequence came in by. Compared, never interpreted, except that
/// the token references inside CreateSequence have to name it.
pub type ContextTag = Identifier;

/// Input of the listener.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "requests are the common case")]
pub enum ListenerInput<M> {
    /// A request came in and waits for its response.
    Request {
        /// The exchange, named by the caller; every one is answered once with [`ListenerOutput::Respond`].
        exchange: ExchangeId,
        /// The message.
        message: Message<M>,
        /// The secured context that it came in by; None without security.
        tag: Option<ContextTag>,
        /// A fresh identifier; used up only when the message creates a sequence.
        fresh: Identifier,
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

/// What is sent back on an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "messages are the common case")]
pub enum Response<M> {
    /// A message: 200, or 500 when [`Response::is_fault`] says so or the application's message is a fault.
    Message(Message<M>),
    /// 202 with an empty body.
    Accepted,
}

/// Output of the listener.
#[derive(Clone, Debug)]
pub enum ListenerOutput<M> {
    /// Answer an exchange.
    Respond {
        /// Which.
        exchange: ExchangeId,
        /// With what.
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
    /// The session has ended with an error. Last output of the session but `Respond`.
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
