//! What is known of one conversation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use waxwing_reliable::{CallId, MessageNumber, SessionId, Transmission};
use waxwing_security::conversation::{ReplyContext, SecuritySession};
use waxwing_soap::{EndpointReference, Time};

use super::api::DuplexArrival;
use crate::client::TransmissionId;
use crate::duplex::ahead::Ahead;
use crate::duplex::link::LinkId;
use crate::duplex::outstanding::Outstanding;
use crate::service::ReplyTo;

/// A conversation: the session of one link.
#[derive(Debug)]
pub(super) struct Conversation {
    pub(super) link: LinkId,
    /// What protects what goes out in it; none where messages are not protected.
    pub(super) secured: Option<Secured>,
    /// Composite duplex: where the client listens.
    pub(super) to: Option<Arc<EndpointReference>>,
    /// Composite duplex: what is on its way, of which nobody says yet whether it was delivered.
    pub(super) under_way: BTreeMap<TransmissionId, Transmission>,
    /// The peer sends nothing more.
    pub(super) is_ended: bool,
    /// The link is gone.
    pub(super) is_lost: bool,
    /// Messages that were taken, and are not answered or their answers not written.
    pub(super) asked: Ahead,
    /// The peer waits before it is read again.
    pub(super) is_held: bool,
    /// Calls of the service that wait for their replies.
    pub(super) outstanding: Outstanding<CallId>,
    /// Messages that were handed out and are not written yet.
    pub(super) unwritten: BTreeMap<TransmissionId, Unwritten>,
    /// Answers that have no place in the window of the service's sequence yet: what they answer is not over. With its octets.
    pub(super) queued: BTreeMap<CallId, usize>,
    /// Messages of the client's sequence that have their place in its window still, since the client is far ahead.
    pub(super) untaken: BTreeSet<MessageNumber>,
}

impl Conversation {
    pub(super) fn new(link: LinkId, secured: Option<Secured>) -> Self {
        Self {
            link,
            secured,
            to: None,
            under_way: BTreeMap::new(),
            is_ended: false,
            is_lost: false,
            asked: Ahead::default(),
            is_held: false,
            outstanding: Outstanding::default(),
            unwritten: BTreeMap::new(),
            queued: BTreeMap::new(),
            untaken: BTreeSet::new(),
        }
    }

    /// What protects what goes out and answers nothing.
    pub(super) fn context(&self) -> Option<ReplyContext> {
        self.secured.as_ref().map(|secured| secured.context.clone())
    }

    pub(super) fn must_hold(&self) -> bool {
        self.asked.is_full(!self.outstanding.is_empty(), 0)
    }

    /// The next message whose place in the window may be another's now.
    pub(super) fn take_one(&mut self) -> Option<MessageNumber> {
        match self.asked.is_full(!self.outstanding.is_empty(), self.untaken.len()) {
            true => None,
            false => self.untaken.pop_first(),
        }
    }
}

/// What protects a conversation: the keys of a security session, or what its client's messages show for themselves.
#[derive(Debug, Clone)]
pub(super) struct Secured {
    /// What protects whatever answers nothing.
    pub(super) context: ReplyContext,
    /// The security session, which is over with the conversation.
    pub(super) session: Option<SecuritySession>,
}

impl Secured {
    /// What a message of the conversation shows.
    pub(super) fn of(arrival: &DuplexArrival) -> Self {
        let session = arrival.message.security_session().cloned();
        let context = session.as_ref().map(ReplyContext::of);
        let context = context.unwrap_or_else(|| arrival.reply.security().clone());
        Self { context, session }
    }
}

/// What is done when a message is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unwritten {
    /// An answer: the peer may send another message. The octets of what is answered.
    Answer(usize),
    /// A one-way call: it has ended.
    Note(CallId),
}

/// A message that the sessions have, and its answer.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) session: SessionId,
    /// How the answer is made; none where it goes in a sequence.
    pub(super) reply: Option<ReplyTo>,
    /// The octets of memory of what is answered.
    pub(super) octets: usize,
}

/// A call of the service that has not ended.
#[derive(Debug)]
pub(super) struct Calling {
    pub(super) session: SessionId,
    pub(super) deadline: Time,
    /// A one-way call is over when this is written.
    pub(super) note: Option<TransmissionId>,
}
