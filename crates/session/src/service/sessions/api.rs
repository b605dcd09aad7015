//! What goes into the sessions of an endpoint and what comes out.

use std::sync::Arc;

use waxwing_reliable::{
    Event, ExchangeId, Identifier, MessageNumber, SessionError, SessionId, Ticket,
};
use waxwing_security::conversation::SecuritySession;

use crate::message::AppMessage;
use crate::service::demarcation::OutOfPlace;
use crate::service::names::{DispatchId, InstanceId, Place};
use crate::service::response::ServiceResponse;
use crate::service::saved::{SavedSession, SessionChange};
use crate::service::verified::{VerifiedMessage, VerifiedRequest};

/// Input of the sessions of an endpoint.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "messages are the common case")]
pub enum ServiceInput {
    /// A message came in, and its sender waits on an exchange. Every exchange is answered once with
    /// [`ServiceOutput::Answer`], unless it is abandoned.
    Arrived {
        /// The exchange, named by the owner.
        exchange: ExchangeId,
        /// The message.
        message: VerifiedMessage,
    },
    /// A session is there before its first message: that of a link. It is over when it is
    /// [lost](Self::ContextLost), and ends by itself when it is idle.
    Connected(SessionId),
    /// Nobody waits on the exchange any more. A call outside of reliable sessions that has not begun is forgotten, unless it
    /// begins or ends its session; one that runs is carried through.
    Abandoned(ExchangeId),
    /// The host has granted a place that was [wanted](ServiceOutput::Want).
    Granted(Place),
    /// The instance of a session is there, as [`Execution::make`] demanded. Its first call goes on.
    Made(InstanceId),
    /// It could not be made. Its first call is answered by the owner all the same; the next one makes another.
    Unmade(InstanceId),
    /// An instance is [released](ServiceOutput::Release): its place is free.
    Released(InstanceId),
    /// A call was executed. What the call alone needed is dropped.
    Finished {
        /// The call.
        call: DispatchId,
        /// Its reply or fault; none of a one-way operation.
        reply: Option<AppMessage>,
    },
    /// A call that was begun is given up, since the host ends: nobody is told what became of it.
    GivenUp(DispatchId),
    /// A call that runs waits for its client, which it calls: with [`ConcurrencyMode::Reentrant`](crate::ConcurrencyMode)
    /// others may run meanwhile.
    CallsOut(DispatchId),
    /// It waits no more, and goes on at [`ServiceOutput::Resume`].
    Returns(DispatchId),
    /// A security context is gone.
    ContextLost(Identifier),
    /// A session over links has failed: what came of it is executed, and nobody hears of that.
    Faulted {
        /// The session.
        session: SessionId,
        /// Why.
        error: SessionError,
    },
    /// No new sessions are taken any more, and no calls outside of sessions; those that there are go on.
    Shutdown,
    /// The host ends, and durable sessions go on later or elsewhere: as [`Shutdown`](Self::Shutdown); nothing new begins,
    /// calls that run are carried through and what they did is made durable, and each session is let go when that is done
    /// ([`ServiceOutput::Gone`]): its other exchanges are [abandoned](ServiceOutput::Abandon). It is over when
    /// [`ServiceSessions::is_quiet`](crate::ServiceSessions::is_quiet). At an endpoint that is not durable it is no more than
    /// a `Shutdown`.
    Suspend,
    /// Every reliable session that is still there is ended, and whoever waits is told so. Calls outside of them go on. Durable
    /// sessions are ended for good: [`Suspend`](Self::Suspend) is what a host wants of them.
    AbortAll {
        /// Why, for the peers.
        reason: String,
    },
    /// A [`ServiceOutput::Persist`] is durable: what waits behind it goes on.
    Persisted {
        /// The session.
        session: SessionId,
        /// Which.
        ticket: Ticket,
    },
    /// A reliable session that was kept goes on. Its security session is restored before.
    Restore {
        /// What was kept of it.
        saved: Box<SavedSession>,
        /// Its security session.
        security: Option<SecuritySession>,
        /// Its messages that were received and not executed, by number.
        messages: Vec<(MessageNumber, Arc<VerifiedRequest>)>,
    },
    /// Nothing is certain of a reliable session any more: it is forgotten without a word, and who waits for an answer of it
    /// is [abandoned](ServiceOutput::Abandon). Its calls that have not begun are dropped; those that run are carried through,
    /// and nobody is told. It may be restored at once: it goes on when they have ended.
    Discard(SessionId),
    /// Time has passed.
    Tick,
}

/// Output of the sessions of an endpoint.
#[derive(Debug)]
pub enum ServiceOutput {
    /// Answer an exchange.
    Answer {
        /// Which.
        exchange: ExchangeId,
        /// With what; [`ServiceEndpoint::encode`](crate::ServiceEndpoint::encode) writes it.
        response: ServiceResponse,
    },
    /// Make this durable, then say [`ServiceInput::Persisted`]. What comes after it of the same session waits in the engine.
    Persist(Box<SessionChange>),
    /// Nothing need be kept of a session any more.
    Forget(SessionId),
    /// An exchange is given up: its connection is closed, or it is answered with 503.
    Abandon(ExchangeId),
    /// Execute a call, then say [`ServiceInput::Finished`].
    Execute(Execution),
    /// A call that [waited](ServiceInput::Returns) for its client goes on.
    Resume(DispatchId),
    /// Let the instance of a session go, then say [`ServiceInput::Released`].
    Release(InstanceId),
    /// Ask the host's [`Admission`](crate::Admission) for a place.
    Want(Place),
    /// Give a place of the host back, or ask no longer.
    Free(Place),
    /// The reliable session in a security session was closed: its client cancels it, or it ends by itself soon.
    ReleaseSecurity(SecuritySession),
    /// The security session ends now: its messages are refused from now on.
    EndSecurity(SecuritySession),
    /// A session that was kept goes on; it waits for a place of the host.
    Restored(SessionId),
    /// A session was created; it waits to be accepted.
    Created(SessionId),
    /// A session was accepted.
    Accepted(SessionId),
    /// A session was closed as it should.
    Closed(SessionId),
    /// A session has ended with an error.
    Failed {
        /// Which.
        session: SessionId,
        /// Why.
        error: SessionError,
    },
    /// Nothing is left of a session but calls that run. Its last output.
    Gone(SessionId),
    /// For a person to watch.
    Event {
        /// Of which session.
        session: SessionId,
        /// What happened.
        event: Event,
    },
}

/// A call to be executed.
#[derive(Debug)]
pub struct Execution {
    /// Its name.
    pub call: DispatchId,
    /// What executes it.
    pub instance: InstanceId,
    /// Whether the instance is to be made first. The one of a session is kept, and [`ServiceInput::Made`] or
    /// [`ServiceInput::Unmade`] said; one that is not [kept](Self::keep) is dropped with the call.
    pub make: bool,
    /// Whether the instance is a session's.
    pub keep: bool,
    /// The request.
    pub request: Arc<VerifiedRequest>,
    /// The session that it belongs to.
    pub session: Option<SessionId>,
    /// Its number in the reliable session: the same whenever the message is executed again.
    pub number: Option<MessageNumber>,
    /// It is not to be executed, but answered with a fault: it does not stand in its place in the session.
    pub out_of_place: Option<OutOfPlace>,
}
