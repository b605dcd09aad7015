//! What of a session must survive a crash, and how an engine and its owner speak of it.
//!
//! An engine that [is durable](crate::ReliableSessionSettings::durable) says `Persist` before whatever it promises by it: a
//! number that is acknowledged, a reply that is sent, a number that is given to a message. Later outputs of the same
//! session wait in the engine until the owner says `Persisted`; those of other sessions do not. Several may be under way:
//! each holds up what came after it. A session of which nothing more is certain (fenced, or a commit whose fate is not
//! known) is `Discard`ed: its exchanges are answered with nothing, and it can be `Restore`d from what was kept.
//!
//! What a service promises by it: a message of a request/reply session is durable, and acknowledged, once it is executed,
//! together with the number of its reply and the reply; a message that is being executed is not acknowledged, and comes again
//! after a crash. A message of a one-way session is durable before it is acknowledged, and kept until it is executed. That a
//! reply is acknowledged is kept with the next change. What a client promises: a message has its number before it is sent, and
//! a reply is kept before it is acknowledged.
//!
//! What is kept is the whole of a session but its messages, which are few (the replies that are not acknowledged are in
//! it). Timers begin anew when it is restored.

use serde::{Deserialize, Serialize};

use crate::message::CreateSequenceResponse;
use crate::names::{CallId, ContextTag, Identifier, SessionId};
use crate::ranges::{MessageNumber, Ranges};

/// One `Persist`, named by the engine. Tickets of a session become greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// What is to be made durable of one session of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceChange<M> {
    /// The session from now on.
    pub saved: SavedService<M>,
    /// Messages that were received, are acknowledged from now on, and are not executed (one-way sessions).
    pub received: Vec<(MessageNumber, M)>,
    /// Of those that were kept: executed.
    pub executed: Vec<MessageNumber>,
}

/// A service's end of a session, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedService<M> {
    /// The forward sequence.
    pub session: SessionId,
    /// Under which name the initiator finds it again when it repeats CreateSequence.
    pub origin: Identifier,
    /// The secured context that it is bound to.
    pub tag: Option<ContextTag>,
    /// The address of the initiator.
    pub reply_to: String,
    /// What CreateSequence is answered with.
    pub response: CreateSequenceResponse,
    /// The numbers that are acknowledged: executed, or kept.
    pub received: Ranges,
    /// The end of the sequence, as far as it is known.
    pub end: SavedEnd,
    /// The return sequence.
    pub back: Option<Identifier>,
    /// The last number that was given to a reply.
    pub last_reply: MessageNumber,
    /// Replies that are not acknowledged.
    pub replies: Vec<SavedReply<M>>,
    /// The application has closed its side.
    pub is_closed: bool,
    /// The session has ended as it should. It is kept for those of its messages that are not executed, and for an
    /// initiator that has not heard of the end.
    pub is_over: bool,
}

/// The end of a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SavedEnd {
    /// Not known.
    Open,
    /// 2005: the number of the last message.
    Last(MessageNumber),
    /// 1.1: CloseSequence came, with this LastMsgNumber.
    Closed(Option<MessageNumber>),
}

/// A reply that is not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedReply<M> {
    /// The number of the request.
    pub request: MessageNumber,
    /// 2005: the request is the last one.
    pub is_last: bool,
    /// The number of the reply. 0: it has none yet, since it is the last one and others are to be answered before.
    pub number: MessageNumber,
    /// The reply; none: LastMessage.
    pub reply: Option<M>,
}

/// What is to be made durable of a client's session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientChange<M> {
    /// The session from now on.
    pub saved: SavedClient,
    /// Calls that have ended well since the last change, with their replies.
    pub completed: Vec<(CallId, Option<M>)>,
}

/// A client's end of a session, as it is kept. Its messages are kept by their calls elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedClient {
    /// Our sequence, named by the responder.
    pub sequence: Identifier,
    /// The replies' sequence, named by us.
    pub back: Option<Identifier>,
    /// The last number that was given to a message. None beyond it was ever sent.
    pub last: MessageNumber,
    /// Messages that have numbers and are not answered, in ascending order.
    pub unanswered: Vec<SavedCall>,
    /// The numbers of replies that are acknowledged.
    pub received: Ranges,
    /// Whether it is being closed, so that it takes no more messages: LastMessage has its number (2005), or CloseSequence
    /// may have been sent (1.1).
    pub end: SavedEnd,
}

/// A message that has its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedCall {
    /// The number.
    pub number: MessageNumber,
    /// The call. None: LastMessage.
    pub call: Option<CallId>,
    /// `MessageID` of a two-way call, the same in every transmission.
    pub message_id: Option<Identifier>,
}
