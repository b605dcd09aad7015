//! Sessions that ended well, remembered for a while: an initiator whose TerminateSequence was answered in
//! vain asks again. WCF does so in 1.1, and in 2005 under secure conversation only.

use std::collections::VecDeque;

use super::session::Session;
use super::{ContextTag, SessionId};
use crate::message::{Body, Identifier, Message, SequenceAcknowledgement, Shutdown};
use crate::time::Time;

/// The most that are remembered; the oldest goes first.
const MAX_LINGERING: usize = 1024;

#[derive(Debug, Default)]
pub(super) struct Lingering(VecDeque<Ended>);

#[derive(Debug)]
struct Ended {
    id: SessionId,
    tag: Option<ContextTag>,
    /// 2005: the return sequence, which the answer terminates.
    back: Option<Identifier>,
    acknowledgement: SequenceAcknowledgement,
    until: Time,
}

impl Lingering {
    pub(super) fn add<M>(&mut self, session: &Session<M>, until: Time) {
        let back = session.back.clone().filter(|_| !session.rules.is_11());
        if !session.rules.is_11() && (back.is_none() || session.tag.is_none()) {
            return;
        }
        if self.0.len() >= MAX_LINGERING {
            self.0.pop_front();
        }
        let acknowledgement = session.acknowledgement();
        let (id, tag) = (session.id.clone(), session.tag.clone());
        self.0.push_back(Ended { id, tag, back, acknowledgement, until });
    }

    /// The answer to a repeated TerminateSequence.
    pub(super) fn answer<M>(
        &self,
        message: &Message<M>,
        tag: Option<&ContextTag>,
        now: Time,
    ) -> Option<Message<M>> {
        let Body::TerminateSequence(shutdown) = &message.body else { return None };
        let id = &shutdown.identifier;
        let same = |e: &&Ended| e.id == *id && e.tag.as_ref() == tag && e.until > now;
        let ended = self.0.iter().find(same)?;
        let mut answer = match &ended.back {
            Some(back) => {
                let (identifier, reply_to) = (back.clone(), None);
                let back = Shutdown { identifier, last_message_number: None, reply_to };
                Message::new(Body::TerminateSequence(back))
            }
            None => Message::new(Body::TerminateSequenceResponse(id.clone())),
        };
        if ended.back.is_none() {
            answer.relates_to.clone_from(&message.message_id);
        }
        answer.headers.acknowledgement = Some(ended.acknowledgement.clone());
        Some(answer)
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
