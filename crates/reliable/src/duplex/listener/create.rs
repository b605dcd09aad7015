//! CreateSequence: checks, refusals, sessions (2005 §3.4, 1.1 §3.4).

use waxwing_soap::Moment;

use super::api::DuplexListenerOutput;
use super::{Arrival, DuplexListener, Kept};
use crate::creation;
use crate::duplex::DuplexSession;
use crate::duplex::api::DuplexInput;
use crate::duplex::api::DuplexOutput;
use crate::event::{Event, SequenceState};
use crate::fault::{FaultKind, SequenceFault};
use crate::message::{CreateSequence, Message};
use crate::mutation::{Mutation, broken};

impl<M: Clone> DuplexListener<M> {
    pub(super) fn on_create(
        &mut self,
        arrival: &Arrival,
        create: CreateSequence,
        message: Message<M>,
        at: &mut Moment<'_>,
    ) {
        let Some(message_id) = arrival.message_id.clone() else {
            let kind = FaultKind::AddressingHeaderRequired("MessageID");
            let fault = SequenceFault::sender(kind, "CreateSequence needs a MessageID");
            return self.answer(arrival, fault);
        };
        let (tag, headers) = (arrival.tag.as_ref(), &message.headers);
        let two_way = self.settings.two_way;
        if let Err(reason) = creation::check(self.version, two_way, &create, headers, tag) {
            return self.answer(arrival, SequenceFault::refused(reason));
        }
        let offer = create.offer.as_ref().filter(|_| two_way).map(|o| o.identifier.clone());
        let origin = offer.clone().unwrap_or(message_id);
        if let Some(id) = self.origins.get(&origin).cloned() {
            let is_another = self.sessions.get(&id).is_none_or(|known| known.tag.as_ref() != tag);
            if is_another && !broken(Mutation::IgnoreContext) {
                let reason = "the offered sequence identifier is in use";
                return self.answer(arrival, SequenceFault::refused(reason));
            }
            if self.adopt(&id, arrival.link, at) {
                self.give(&id, DuplexInput::Message(message), at);
            }
            return;
        }
        if let Some(fault) = self.no_room() {
            return self.answer(arrival, fault);
        }
        let id = creation::fresh(self.settings.reliable.mint, tag, at);
        if self.by_name(&id).is_some() || self.by_name(&origin).is_some() {
            let reason = "the sequence identifier is in use";
            return self.answer(arrival, SequenceFault::refused(reason));
        }
        let (version, settings) = (self.version, self.settings.clone());
        let session = DuplexSession::accept(version, settings, create, id.clone(), at.time);
        let (tag, link, remote) = (arrival.tag.clone(), arrival.link, session.remote().clone());
        self.origins.insert(origin.clone(), id.clone());
        self.contexts.bind(tag.as_ref(), &id);
        self.pending.insert(id.clone());
        if let Some(offer) = offer {
            self.by_back.insert(offer, id.clone());
        }
        if let Some(link) = link {
            self.links.insert(link, id.clone());
        }
        let kept = Kept { session, origin, tag: tag.clone(), link, wakes: None };
        self.sessions.insert(id.clone(), Box::new(kept));
        let session = id.clone();
        self.outputs.push_back(DuplexListenerOutput::Created { session, tag, link, remote });
        let output = DuplexOutput::Event(Event::State(SequenceState::Open));
        self.outputs.push_back(DuplexListenerOutput::Session { session: id.clone(), output });
        self.give(&id, DuplexInput::Message(message), at);
    }

    /// Why no further session is made now.
    fn no_room(&self) -> Option<SequenceFault> {
        if !self.takes_new {
            let reason = "the service is closing and takes no new sessions";
            return Some(SequenceFault::receiver(FaultKind::EndpointUnavailable, reason));
        }
        let most = self.settings.reliable.max_pending_channels as usize;
        (self.pending.len() >= most).then(|| {
            let kind = FaultKind::CreateSequenceRefused { connection_limit: true };
            let reason = "too many sessions wait to be accepted; try again later";
            SequenceFault::receiver(kind, reason)
        })
    }
}
