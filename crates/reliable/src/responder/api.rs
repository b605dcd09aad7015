//! What goes into a [`Listener`](super::Listener) and what comes out.

use crate::error::SessionError;
use crate::event::Event;
use crate::message::{Message, Response};
use crate::names::{ContextTag, ExchangeId, Route, SessionId};
use crate::ranges::MessageNumber;
use crate::saved::{SavedService, ServiceChange, Ticket};

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
    /// The operation of a delivered message has ended (one-way: was begun). Durable: it has ended in any case, and what it
    /// did is kept, or will be together with the [`Persist`](ListenerOutput::Persist) that comes of this. Durable sessions
    /// of one-way contracts are told, too, also after their end. What was delivered before a [`Discard`](Self::Discard)
    /// is never `Done`.
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
    /// A [`ListenerOutput::Persist`] is durable, and so are those of the session before it: what waits behind them goes on.
    Persisted {
        /// The session.
        session: SessionId,
        /// Which.
        ticket: Ticket,
    },
    /// A session that was kept goes on, accepted already. Its messages are delivered again, in order: those that were
    /// received and not executed. Its timers begin anew. One that is there is left as it is. One that [is
    /// over](SavedService::is_over) delivers its messages and is closed at once. There is no
    /// [`Created`](ListenerOutput::Created); a session of another shape is [`Faulted`](ListenerOutput::Faulted), and what is
    /// kept of it stays.
    Restore {
        /// The session.
        saved: Box<SavedService<M>>,
        /// Its messages, by number.
        messages: Vec<(MessageNumber, M)>,
    },
    /// Nothing is certain of a session any more, since it is another owner's, or the fate of a commit is not known: it is
    /// forgotten without a word, and its exchanges are [abandoned](ListenerOutput::Abandon). A `Persisted` that comes late is
    /// ignored. The owner must not say [`Taken`](Self::Taken), [`Done`](Self::Done) or [`Close`](Self::Close) of what it was
    /// told of the session before this: operations that still run are carried through and their outcome is dropped, since the
    /// same message may run again in the next life of the session, after a `Restore`. Where messages may be kept that were
    /// received and not executed, the session is to be restored without waiting for its next message, which may never come.
    Discard(SessionId),
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
        /// What. By a pointer: outputs are moved several times, and most of them are small.
        response: Box<Response<M>>,
    },
    /// A session was made; it waits for `Accept`.
    Created {
        /// Its forward sequence.
        session: SessionId,
        /// The secured context that it is bound to.
        tag: Option<ContextTag>,
    },
    /// Make this durable, then say [`ListenerInput::Persisted`]. What comes after it of the same session waits in the engine,
    /// but for the next `Persist`: they are to be made durable in their order, and several may be under way. When one is not
    /// made durable, or nobody knows: [`ListenerInput::Discard`].
    Persist {
        /// The session.
        session: SessionId,
        /// By which `Persisted` names it.
        ticket: Ticket,
        /// What.
        change: Box<ServiceChange<M>>,
    },
    /// Nothing need be kept of a session any more: it has ended, its messages are executed, and its initiator has had time to
    /// hear of it. The last output of a durable session.
    Forget(SessionId),
    /// Say "not now" on an exchange (HTTP 503): a session was asked for, and as many as may wait to be accepted
    /// ([`max_pending_channels`](crate::ReliableSessionSettings::max_pending_channels)). The initiator asks again. Of durable
    /// listeners only; the others answer with the fault `ConnectionLimitReached`.
    Busy(ExchangeId),
    /// An exchange is given up: nobody is to be told anything on it, its connection is closed.
    Abandon(ExchangeId),
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
    /// The session was closed as it should. Last output of the session; of a durable one `Persist` and `Forget` follow.
    Closed(SessionId),
    /// The session has ended with an error. Last output of the session but `Transmit`; of a durable one `Persist` and
    /// `Forget` follow. What was delivered in a durable one-way session stays promised: it is kept until it is `Done`.
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
