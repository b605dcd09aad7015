//! What goes into an [`Initiator`](super::Initiator) and what comes out.

use crate::error::{Failure, SessionError};
use crate::event::Event;
use crate::message::{Message, TokenReference};
use crate::names::{CallId, ExchangeId, Identifier, Route};
use crate::ranges::MessageNumber;
use crate::saved::{ClientChange, SavedClient, Ticket};
use waxwing_soap::Time;

/// How a session is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenRequest {
    /// The address that the messages go to (`wsa:To`); `Accept/AcksTo` must name it.
    pub to: String,
    /// The security context below, when there is secure conversation.
    pub token: Option<TokenReference>,
    /// When the whole Open began, connecting and security handshake included: WCF's round-trip estimate
    /// starts from there. Not later than `now`.
    pub started: Time,
    /// When Open gives up.
    pub deadline: Time,
}

/// Input of the initiator.
#[derive(Debug)]
pub enum InitiatorInput<M> {
    /// Begin with CreateSequence. Once, first.
    Open(OpenRequest),
    /// Send a message of the application. Before the session is open it waits in the queue.
    Send {
        /// The caller's name of the call.
        call: CallId,
        /// The message.
        message: M,
        /// `MessageID` of a two-way call, the same in every transmission: only an answer that relates to it
        /// completes the call. None: a one-way call, which an acknowledgement completes.
        message_id: Option<Identifier>,
        /// When the call gives up: a call that still waits for the window fails alone; one that was sent
        /// in the request/reply shape takes the session with it, as WCF's synchronous calls do. None: never. In a durable
        /// session a call that has its number is not given up: its answer, or the end of the session, says what became of
        /// it.
        deadline: Option<Time>,
    },
    /// The request of an exchange is written to its connection. Ordered sessions hold the next message back
    /// until then, so that it does not overtake this one; an answer or failure says the same.
    Written {
        /// Which.
        exchange: ExchangeId,
    },
    /// More of the request of an exchange, or of its answer, has gone over its connection. A large message on a slow link is on its
    /// way for longer than the timer after which it counts as lost: it is not sent again as long as that goes on.
    Progress {
        /// Which.
        exchange: ExchangeId,
    },
    /// The response of an exchange.
    Response {
        /// Which.
        exchange: ExchangeId,
        /// The message; None for an empty answer.
        message: Option<Message<M>>,
    },
    /// An exchange ended without a message.
    Failed {
        /// Which.
        exchange: ExchangeId,
        /// Why.
        failure: Failure,
    },
    /// The peer did not process the message of an exchange, and will once something is done about it that the owner
    /// does: a service whose security demands a new key first. The message is neither lost nor answered, so that no
    /// attempt is counted and no round trip measured. It is sent again at [`Resume`](Self::Resume), or when its timer
    /// runs out. The third time in a row it counts as lost ([`Failed`](Self::Failed), retryable): a peer that goes on
    /// demanding is asked at the pace of the timers.
    Postponed {
        /// Which.
        exchange: ExchangeId,
        /// What the peer demands, for a person.
        reason: String,
    },
    /// Whatever was [postponed](Self::Postponed) is sent again now.
    Resume,
    /// Close: waits until every call is answered, then shuts the sequences down.
    Close {
        /// When Close gives up.
        deadline: Time,
    },
    /// End at once; the peer is told with `SequenceTerminated`.
    Abort {
        /// Why.
        reason: String,
    },
    /// An [`InitiatorOutput::Persist`] is durable, and so are those before it: what waits behind them goes on.
    Persisted(Ticket),
    /// A session that was kept goes on; instead of `Open`. Its messages are sent again with their numbers and their
    /// `MessageID`s; its timers begin anew. Calls that had no number are given again with `Send`, in their order. One that was
    /// [being closed](SavedClient::end) takes none, and goes on at the next `Close`.
    Restore {
        /// The session.
        saved: Box<SavedClient>,
        /// The address that the messages go to.
        to: String,
        /// The messages of its unanswered calls.
        messages: Vec<(CallId, M)>,
    },
    /// Time has passed ([`wake_at`](super::Initiator::wake_at)).
    Tick,
}

/// Output of the initiator.
#[derive(Clone, Debug)]
pub enum InitiatorOutput<M> {
    /// Send a message; report how the exchange ended with `Response` or `Failed`.
    Transmit {
        /// A new exchange for every transmission.
        route: Route,
        /// The message. Headers must be written afresh and the whole protected afresh every time.
        message: Message<M>,
        /// When the transport should give the exchange up. None: `SendTimeout` from now.
        deadline: Option<Time>,
    },
    /// Make this durable, then say [`InitiatorInput::Persisted`]. What comes after it waits in the engine, but for the next
    /// `Persist`: they are to be made durable in their order, and several may be under way. When one is not made durable, or
    /// nobody knows, the engine is dropped without a word, with its exchanges, and another one [restored](InitiatorInput::Restore)
    /// from what is kept.
    Persist {
        /// By which `Persisted` names it.
        ticket: Ticket,
        /// What.
        change: Box<ClientChange<M>>,
    },
    /// CreateSequence was accepted, or a session that was kept goes on.
    Opened,
    /// A call has ended well.
    Completed {
        /// Which.
        call: CallId,
        /// The reply. None: acknowledged without one (right for one-way operations).
        reply: Option<M>,
    },
    /// A call has ended without reply. The session may go on.
    CallFailed {
        /// Which.
        call: CallId,
        /// The number under which it may have been sent and executed: whether it was is in doubt. None: it never had one, so
        /// that it can be sent in another session.
        number: Option<MessageNumber>,
        /// Why.
        error: SessionError,
    },
    /// The shutdown handshake is over. Last output.
    Closed,
    /// The session has ended with an error; calls that waited have failed before. Only `Transmit` of the
    /// fault to the peer may follow, whose exchange needs no report.
    Faulted(SessionError),
    /// For a person to watch.
    Event(Event),
}
