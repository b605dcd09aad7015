//! What goes into a [`ClientSession`](super::ClientSession) and what comes out.

use std::borrow::Cow;
use std::sync::Arc;

use waxwing_reliable::{CallId, MessageNumber, Ticket, Time};
use waxwing_security::conversation::{Evidence, Verdict};
use waxwing_soap::Envelope;

use super::saved::{ClientSessionChange, SavedClientSession};
use crate::diagnosis::TransportFailure;
use crate::duplex::{LinkDemand, LinkId, LinkNews};
use crate::error::SessionError;
use crate::message::AppMessage;
use crate::service::VerifiedRequest;

/// One message that was handed out to be posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransmissionId(pub u64);

/// One certificate of the service that was handed out to be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuthenticationId(pub(super) u64);

/// A call of the service that the client executes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallbackId(pub(super) u64);

/// A message to be posted.
#[derive(Debug)]
pub struct Transmit {
    /// Tell [`ClientInput::Written`] when it is written, and give the answer of an exchange with [`ClientInput::Answer`],
    /// under this name.
    pub id: TransmissionId,
    /// The link that carries it, whose peer need not answer it; none: an exchange of its own.
    pub link: Option<LinkId>,
    /// Whether it answers something that the peer has sent (a reply, an acknowledgement), over a link: how many such messages
    /// there are is the peer's choice.
    pub is_answer: bool,
    /// Whether somebody waits until it is written: of others that go over a link [`ClientInput::Written`] need not be told.
    pub is_awaited: bool,
    /// What an exchange is to the one before it, where exchanges are links of their own.
    pub leg: Leg,
    /// The message, protected.
    pub envelope: Envelope,
    /// The message before it was protected, when traces of it are wanted.
    pub plain: Option<Envelope>,
    /// When the exchange should be given up.
    pub deadline: Time,
}

impl Transmit {
    /// The action, for the transport's headers and for traces; empty when the message has none.
    pub fn action(&self) -> Cow<'_, str> {
        self.envelope.action().unwrap_or_default()
    }
}

/// What an exchange is to the one before it. All legs of a negotiation go over one link, as WCF's do; every other exchange
/// has its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Leg {
    /// It stands for itself.
    #[default]
    Alone,
    /// The first leg of a negotiation: its link is kept for the next.
    First,
    /// A further leg: it goes over the link of the one before.
    Further,
}

/// How an exchange ended.
#[derive(Debug)]
pub enum Answer {
    /// With a message.
    Message(Box<Envelope>),
    /// With an empty response (202, or 200 without body).
    Empty,
    /// Without a message.
    Failed(TransportFailure),
}

/// What happened.
#[derive(Debug)]
pub enum ClientInput {
    /// Open: security handshake, then CreateSequence. Ends with [`ClientOutput::Opened`] or `Faulted`, not later than
    /// `deadline`. Of a session that was opened before it is ignored.
    Open {
        /// When opening gives up.
        deadline: Time,
    },
    /// Send a request. Ends with [`ClientOutput::Completed`] or `CallFailed`. Before the session is open it waits.
    Call {
        /// The call, named by the owner.
        call: CallId,
        /// Its message.
        message: AppMessage,
        /// When the call gives up.
        deadline: Time,
    },
    /// A message of a link was not delivered (composite duplex); those before and after it may have been.
    NotSent {
        /// Which.
        id: TransmissionId,
        /// Why.
        failure: TransportFailure,
    },
    /// A message that was handed out is written to its connection. In an ordered reliable session the next one is
    /// handed out then, so that it does not overtake this one.
    Written(TransmissionId),
    /// More of a message that was handed out, or of the answer to it, has gone over its connection. One of a reliable session does
    /// not count as lost as long as that goes on: until its exchange is given up at most.
    Progress(TransmissionId),
    /// The exchange of a message that was handed out has ended.
    Answer {
        /// Which.
        id: TransmissionId,
        /// How.
        answer: Answer,
    },
    /// The verdict about a certificate of the service. One that nobody waits for any more is forgotten.
    Authenticated {
        /// Which was asked for.
        id: AuthenticationId,
        /// What it is.
        verdict: Verdict,
    },
    /// Close: wait until every call is answered, end the sequence, cancel the security session. Ends with
    /// [`ClientOutput::Closed`] or `Faulted`, not later than `deadline`.
    Close {
        /// When closing gives up.
        deadline: Time,
    },
    /// The session ends without more ado; the service is told if it can be.
    Abort {
        /// Why.
        reason: String,
    },
    /// A [`ClientOutput::Persist`] is durable: what waits behind it goes on.
    Persisted(Ticket),
    /// A session that was kept goes on; instead of `Open`. Ends with [`ClientOutput::Opened`] or `Faulted`, before anything
    /// is sent. Calls that have no number are given anew. One that was being closed
    /// ([`SavedClient::end`](waxwing_reliable::SavedClient::end)) takes none, and goes on at the next `Close`.
    Restore {
        /// What was kept of it.
        saved: Box<SavedClientSession>,
        /// The messages of its calls that are not answered.
        messages: Vec<(CallId, AppMessage)>,
    },
    /// Something happened at a link. News of one that the session has no use for any more are ignored.
    Link {
        /// At which.
        link: LinkId,
        /// What.
        news: LinkNews,
    },
    /// A callback was executed.
    Executed {
        /// Which.
        callback: CallbackId,
        /// Its reply or fault; none of a one-way operation.
        reply: Option<AppMessage>,
    },
    /// A callback that runs waits for the service, which it calls: with
    /// [`ConcurrencyMode::Reentrant`](crate::ConcurrencyMode) others may run meanwhile.
    CallsOut(CallbackId),
    /// It waits no more, and goes on at [`ClientOutput::Resume`].
    Returns(CallbackId),
    /// Time has passed ([`wake_at`](super::ClientSession::wake_at)).
    Tick,
}

/// What the session wants done.
#[derive(Debug)]
pub enum ClientOutput {
    /// Post a message.
    Transmit(Box<Transmit>),
    /// Something is wanted of a link.
    Link {
        /// Of which.
        link: LinkId,
        /// What.
        demand: LinkDemand,
    },
    /// Execute what the service calls, then say [`ClientInput::Executed`].
    Execute {
        /// Its name.
        callback: CallbackId,
        /// The request.
        request: Arc<VerifiedRequest>,
    },
    /// A callback that [waited](ClientInput::Returns) for the service goes on.
    Resume(CallbackId),
    /// Decide whether the service's certificate is good, and give the verdict with [`ClientInput::Authenticated`].
    Authenticate {
        /// Which verdict is asked for.
        id: AuthenticationId,
        /// What the service shows.
        evidence: Box<Evidence>,
    },
    /// Make this durable, then say [`ClientInput::Persisted`]. What comes after it waits in the engine, but for the next
    /// `Persist`: they are to be made durable in their order, and several may be under way. When one is not made durable, or
    /// nobody knows, the session is dropped without a word, and another one [restored](ClientInput::Restore) from what is
    /// kept.
    Persist {
        /// By which `Persisted` names it.
        ticket: Ticket,
        /// What.
        change: Box<ClientSessionChange>,
    },
    /// The session is open.
    Opened,
    /// A call has ended well. The reply may be a SOAP fault of the application; a one-way call has none.
    Completed {
        /// Which.
        call: CallId,
        /// Its reply.
        reply: Option<AppMessage>,
    },
    /// A call has failed; the session may go on.
    CallFailed {
        /// Which.
        call: CallId,
        /// The number under which it may have been sent in a sequence: whether it was executed is in doubt. None in a
        /// reliable session: it was never sent, and can be given to another session; or the service has refused it.
        number: Option<MessageNumber>,
        /// Why.
        error: SessionError,
    },
    /// A message was verified and decrypted: for traces, when they are wanted. It came as the answer to that transmission, or
    /// by itself.
    Plain(Option<TransmissionId>, Box<Envelope>),
    /// The session was closed as it should. Last output.
    Closed,
    /// The session has failed; every call has failed before. What ended a durable one may be no more than somebody's word (an
    /// unsecured fault: [`ClientError::Fault`](waxwing_security::conversation::ClientError::Fault)): it can be restored from
    /// what is kept, and asked again, before it is believed. Last output but for a message to the service whose answer
    /// does not matter.
    Faulted(SessionError),
    /// The key of the security session was renewed.
    Renewed,
    /// For a person to watch.
    Event(waxwing_reliable::Event),
    /// Something that did not stop the session but should be known.
    Warning(String),
}
