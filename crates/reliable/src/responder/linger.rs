//! Sessions that ended well, remembered for a while: an initiator whose TerminateSequence was answered in
//! vain asks again (1.1).

use std::collections::VecDeque;

use super::session::Session;
use super::{ContextTag, SessionId};
use crate::message::{Body, Message, SequenceAcknowledgement};
use crate::ranges::Ranges;
use crate::time::Time;

/// The most that are remembered; the oldest goes first.
const MAX_LINGERING: usize = 1024;

#[derive(Debug, Default)]
pub(super) struct Lingering(VecDeque<Ended>);

#[derive(Debug)]
struct Ended {
    id: SessionId,
    tag: Option<ContextTag>,
    acknowledgement: SequenceAcknowledgement,
    until: Time,
}

impl Lingering {
    pub(super) fn add<M>(&mut self, session: &Session<M>, until: Time) {
        if self.0.len() >= MAX_LINGERING {
            self.0.pop_front();
        }
        let acknowledgement = session.acknowledgement();
        let (id, tag) = (session.id.clone(), session.tag.clone());
        self.0.push_back(Ended { id, tag, acknowledgement, until });
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
        let highest = ended.acknowledgement.ranges.highest();
        let last = shutdown.last_message_number.unwrap_or(0);
        if ended.acknowledgement.ranges != Ranges::up_to(highest) || last != highest {
            return None;
        }
        let mut answer = Message::new(Body::TerminateSequenceResponse(id.clone()));
        answer.relates_to.clone_from(&message.message_id);
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
