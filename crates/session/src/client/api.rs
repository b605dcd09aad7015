//! What goes into a [`ClientSession`](super::ClientSession) and what comes out.

use waxwing_reliable::{CallId, Time};
use waxwing_security::conversation::{Evidence, Verdict};
use waxwing_soap::Envelope;

use crate::diagnosis::TransportFailure;
use crate::error::SessionError;
use crate::message::AppMessage;

/// One message that was handed out to be posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransmissionId(pub u64);

/// One certificate of the service that was handed out to be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuthenticationId(pub(super) u64);

/// A message to be posted.
#[derive(Debug)]
pub struct Transmit {
    /// Tell [`ClientInput::Written`] when it is written, and give the answer with [`ClientInput::Answer`], under this
    /// name.
    pub id: TransmissionId,
    /// The action, for the transport's headers and for traces.
    pub action: String,
    /// The message, protected.
    pub envelope: Envelope,
    /// The message before it was protected, when traces of it are wanted.
    pub plain: Option<Envelope>,
    /// When the exchange should be given up.
    pub deadline: Time,
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
    /// A message that was handed out is written to its connection. In an ordered reliable session the next one is
    /// handed out then, so that it does not overtake this one.
    Written(TransmissionId),
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
    /// Time has passed ([`wake_at`](super::ClientSession::wake_at)).
    Tick,
}

/// What the session wants done.
#[derive(Debug)]
pub enum ClientOutput {
    /// Post a message.
    Transmit(Box<Transmit>),
    /// Decide whether the service's certificate is good, and give the verdict with [`ClientInput::Authenticated`].
    Authenticate {
        /// Which verdict is asked for.
        id: AuthenticationId,
        /// What the service shows.
        evidence: Box<Evidence>,
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
        /// Why.
        error: SessionError,
    },
    /// A reply was verified and decrypted: for traces, when they are wanted.
    Plain(TransmissionId, Box<Envelope>),
    /// The session was closed as it should. Last output.
    Closed,
    /// The session has failed; every call has failed before. Last output but for a message to the service whose answer
    /// does not matter.
    Faulted(SessionError),
    /// The key of the security session was renewed.
    Renewed,
    /// For a person to watch.
    Event(waxwing_reliable::Event),
    /// Something that did not stop the session but should be known.
    Warning(String),
}
