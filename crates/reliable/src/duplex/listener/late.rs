//! Sessions that ended well, remembered for a while: whatever comes late of them is no offence, and whoever asks again is
//! answered again.

use std::collections::VecDeque;

use waxwing_soap::{EndpointReference, Time};

use crate::headers::SequenceAcknowledgement;
use crate::message::{Body, Message, Shutdown};
use crate::names::{ContextTag, Identifier, SessionId};

/// The most that are remembered; the oldest goes first.
const MAX_LATE: usize = 1024;

#[derive(Debug, Default)]
pub(super) struct Late(VecDeque<Ended>);

/// A session that has ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) back: Option<Identifier>,
    pub(super) tag: Option<ContextTag>,
    pub(super) remote: EndpointReference,
    /// What was acknowledged of the forward sequence.
    pub(super) acknowledgement: SequenceAcknowledgement,
    /// Our TerminateSequence, and how it is called (1.1), where it may not have arrived.
    pub(super) farewell: Option<(Shutdown, Option<Identifier>)>,
    pub(super) is_11: bool,
    pub(super) until: Time,
}

impl Ended {
    fn id(&self) -> &SessionId {
        &self.acknowledgement.identifier
    }

    fn is_named(&self, name: &Identifier) -> bool {
        self.id() == name || self.back.as_ref() == Some(name)
    }
}

impl Late {
    pub(super) fn add(&mut self, ended: Ended) {
        if self.0.len() >= MAX_LATE {
            self.0.pop_front();
        }
        self.0.push_back(ended);
    }

    /// Whether a sequence of this name has ended a while ago.
    pub(super) fn knows(&self, name: &Identifier) -> bool {
        self.0.iter().any(|ended| ended.is_named(name))
    }

    /// What is said to a late message that names a sequence: nothing, or the answer with where it goes. None: it is not
    /// late, but unknown.
    pub(super) fn answer<M>(
        &self,
        name: &Identifier,
        message: &Message<M>,
        tag: Option<&ContextTag>,
        now: Time,
    ) -> Option<Option<(EndpointReference, Message<M>)>> {
        let same = |e: &&Ended| e.is_named(name) && e.tag.as_ref() == tag && e.until > now;
        let ended = self.0.iter().find(same)?;
        let id = ended.id().clone();
        let body = match (&message.body, &ended.farewell) {
            (Body::CloseSequence(_), _) if ended.is_11 => Body::CloseSequenceResponse(id),
            (Body::TerminateSequence(_), _) if ended.is_11 => Body::TerminateSequenceResponse(id),
            // It did not get our farewell.
            (Body::AckRequested, Some((farewell, message_id))) => {
                let mut answer = Message::new(Body::TerminateSequence(farewell.clone()));
                answer.message_id.clone_from(message_id);
                return Some(Some((ended.remote.clone(), answer)));
            }
            (Body::Application(_) | Body::LastMessage | Body::AckRequested, _)
                if name == ended.id() =>
            {
                Body::SequenceAcknowledgement
            }
            _ => return Some(None),
        };
        let is_alone = matches!(body, Body::SequenceAcknowledgement);
        let mut answer = Message::new(body);
        answer.relates_to = message.message_id.clone().filter(|_| !is_alone);
        answer.headers.acknowledgement = Some(ended.acknowledgement.clone());
        Some(Some((ended.remote.clone(), answer)))
    }

    pub(super) fn forget_context(&mut self, tag: &ContextTag) {
        self.0.retain(|ended| ended.tag.as_ref() != Some(tag));
    }

    pub(super) fn expire(&mut self, now: Time) {
        self.0.retain(|ended| ended.until > now);
    }

    pub(super) fn wake_at(&self) -> Option<Time> {
        self.0.front().map(|ended| ended.until)
    }
}
