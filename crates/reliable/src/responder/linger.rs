//! Sessions that ended well, remembered for a while: an initiator whose TerminateSequence was answered in
//! vain asks again. WCF does so in 1.1, and in 2005 under secure conversation only.

use std::collections::VecDeque;

use super::session::Session;
use crate::headers::SequenceAcknowledgement;
use crate::message::{Body, Message, Shutdown};
use crate::names::{ContextTag, Identifier, SessionId};
use waxwing_soap::Time;

/// The most that are remembered; the oldest goes first.
pub(super) const MAX_LINGERING: usize = 1024;

#[derive(Debug, Default)]
pub(super) struct Lingering(VecDeque<Ended>);

#[derive(Debug)]
struct Ended {
    id: SessionId,
    tag: Option<ContextTag>,
    /// The return sequence.
    back: Option<Identifier>,
    farewell: Farewell,
    acknowledgement: SequenceAcknowledgement,
    until: Time,
}

/// What a repeated TerminateSequence is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Farewell {
    /// 1.1: TerminateSequenceResponse.
    Response,
    /// 2005: TerminateSequence of the return sequence.
    TerminateBack,
    /// `UnknownSequence`, as of any sequence that is not there.
    Forgotten,
}

impl Lingering {
    pub(super) fn add<M>(&mut self, session: &Session<M>, until: Time) {
        let (tag, back) = (session.tag.clone(), session.back().cloned());
        self.remember(session.rules.is_11(), tag, back, session.acknowledgement(), until);
    }

    /// A sequence, its context and its return sequence; what was acknowledged at its end.
    pub(super) fn remember(
        &mut self,
        is_11: bool,
        tag: Option<ContextTag>,
        back: Option<Identifier>,
        acknowledgement: SequenceAcknowledgement,
        until: Time,
    ) {
        let farewell = match (is_11, &back, &tag) {
            (true, ..) => Farewell::Response,
            (false, Some(_), Some(_)) => Farewell::TerminateBack,
            (false, Some(_), None) => Farewell::Forgotten,
            (false, None, _) => return,
        };
        if self.0.len() >= MAX_LINGERING {
            self.0.pop_front();
        }
        let id = acknowledgement.identifier.clone();
        self.0.push_back(Ended { id, tag, back, farewell, acknowledgement, until });
    }

    /// Whether anything would be answered in the name of a session.
    pub(super) fn answers_for(&self, id: &SessionId) -> bool {
        self.0.iter().any(|ended| ended.id == *id && ended.farewell != Farewell::Forgotten)
    }

    /// Whether a sequence of this name has ended a while ago.
    pub(super) fn knows(&self, name: &Identifier) -> bool {
        self.0.iter().any(|ended| ended.id == *name || ended.back.as_ref() == Some(name))
    }

    /// A session is not spoken of any more.
    pub(super) fn discard(&mut self, id: &SessionId) {
        self.0.retain(|ended| ended.id != *id);
    }

    /// Whether a message only acknowledges replies of a session that has ended: late, but no offence. The two
    /// sequences are independent, and a peer may acknowledge after it has terminated its own.
    pub(super) fn takes<M>(
        &self,
        message: &Message<M>,
        tag: Option<&ContextTag>,
        now: Time,
    ) -> bool {
        let acknowledged = message.headers.acknowledgement.as_ref().map(|a| &a.identifier);
        matches!(message.body, Body::SequenceAcknowledgement)
            && self.0.iter().any(|ended| {
                ended.back.as_ref() == acknowledged
                    && ended.back.is_some()
                    && ended.tag.as_ref() == tag
                    && ended.until > now
            })
    }

    /// The answer to a repeated TerminateSequence, and the session that it is of.
    pub(super) fn answer<M>(
        &self,
        message: &Message<M>,
        tag: Option<&ContextTag>,
        now: Time,
    ) -> Option<(SessionId, Message<M>)> {
        let Body::TerminateSequence(shutdown) = &message.body else { return None };
        let id = &shutdown.identifier;
        let same = |e: &&Ended| e.id == *id && e.tag.as_ref() == tag && e.until > now;
        let ended = self.0.iter().find(same)?;
        let mut answer = match (ended.farewell, &ended.back) {
            (Farewell::Forgotten, _) => return None,
            (Farewell::TerminateBack, Some(back)) => {
                let (identifier, reply_to) = (back.clone(), None);
                let back = Shutdown { identifier, last_message_number: None, reply_to };
                Message::new(Body::TerminateSequence(back))
            }
            _ => Message::new(Body::TerminateSequenceResponse(id.clone())),
        };
        if ended.farewell == Farewell::Response {
            answer.relates_to.clone_from(&message.message_id);
        }
        answer.headers.acknowledgement = Some(ended.acknowledgement.clone());
        Some((ended.id.clone(), answer))
    }

    pub(super) fn forget_context(&mut self, tag: &ContextTag) {
        self.0.retain(|e| e.tag.as_ref() != Some(tag));
    }

    pub(super) fn expire(&mut self, now: Time) {
        self.0.retain(|e| e.until > now);
    }

    pub(super) fn wake_at(&self) -> Option<Time> {
        self.0.front().map(|e| e.until)
    }
}
