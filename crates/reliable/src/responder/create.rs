//! CreateSequence: checks, refusals, sessions (2005 §3.4, 1.1 §3.4).

use super::session::{Application, CloseAnswer, Session};
use super::{Intake, Listener, ListenerOutput};
use crate::address::ANONYMOUS;
use crate::creation;
use crate::destination::Destination;
use crate::event::{Counters, Event, SequenceState};
use crate::fault::{FaultKind, SequenceFault};
use crate::headers::Headers;
use crate::message::{Body, CreateSequence, CreateSequenceResponse, Message};
use crate::mutation::{Mutation, broken};
use crate::names::{ContextTag, Identifier, SessionId};
use crate::shape::request_reply::Replies;
use crate::shape::{Shape, Waiter};
use waxwing_soap::{Moment, Time};

impl<M: Clone> Listener<M> {
    pub(super) fn on_create(
        &mut self,
        waiter: &Waiter,
        create: CreateSequence,
        headers: &Headers,
        tag: Option<ContextTag>,
        at: &mut Moment<'_>,
    ) {
        let now = at.time;
        let Some(message_id) = waiter.message_id.clone() else {
            let kind = FaultKind::AddressingHeaderRequired("MessageID");
            let fault = SequenceFault::sender(kind, "CreateSequence needs a MessageID");
            return self.outputs.fault(waiter, fault);
        };
        let needs_offer = self.rules.shape == Shape::RequestReply;
        let version = self.rules.version;
        if let Err(reason) = creation::check(version, needs_offer, &create, headers, tag.as_ref()) {
            return self.outputs.fault(waiter, SequenceFault::refused(reason));
        }
        let is_reply = self.rules.shape == Shape::RequestReply;
        let offer = create.offer.as_ref().filter(|_| is_reply).map(|o| o.identifier.clone());
        let origin = offer.clone().unwrap_or(message_id);
        let known = self.origins.get(&origin).and_then(|id| self.sessions.get_mut(id));
        if let Some(known) = known {
            if known.tag != tag && !broken(Mutation::IgnoreContext) {
                let reason = "the offered sequence identifier is in use";
                return self.outputs.fault(waiter, SequenceFault::refused(reason));
            }
            known.heard_at = now;
            let (id, response) = (known.id().clone(), known.response.clone());
            let mark = self.outputs.mark();
            self.respond_created(waiter, response);
            return self.settle(&id, mark);
        }
        if self.intake == Intake::Shut {
            let reason = "the service is closing and takes no new sessions";
            let fault = SequenceFault::receiver(FaultKind::EndpointUnavailable, reason);
            return self.outputs.fault(waiter, fault);
        }
        if self.pending.len() >= self.settings.max_pending_channels as usize {
            return self.too_many_wait(waiter);
        }
        let fresh = creation::fresh(self.settings.mint, tag.as_ref(), at);
        if self.sessions.contains_key(&fresh) || self.sessions.contains_key(&origin) {
            let reason = "the sequence identifier is in use";
            return self.outputs.fault(waiter, SequenceFault::refused(reason));
        }
        let session = self.session(create, offer, origin, tag, fresh, now);
        let (id, tag, response) =
            (session.id().clone(), session.tag.clone(), session.response.clone());
        self.origins.insert(session.origin.clone(), id.clone());
        self.contexts.bind(tag.as_ref(), &id);
        self.silence.insert((session.silent_from, id.clone()));
        self.pending.insert(id.clone());
        self.sessions.insert(id.clone(), Box::new(session));
        let mark = self.outputs.mark();
        self.outputs.push(ListenerOutput::Created { session: id.clone(), tag });
        self.outputs.event(&id, Event::State(SequenceState::Open));
        self.respond_created(waiter, response);
        self.settle(&id, mark);
    }

    /// As many sessions wait to be accepted as may. WCF's client gives up at the fault, and after a 503 it asks again every ten
    /// seconds, with the same Offer and under the same security context; so a durable service, whose peers are to need nothing
    /// but patience, says that.
    fn too_many_wait(&mut self, waiter: &Waiter) {
        if self.settings.durable {
            return self.outputs.push(ListenerOutput::Busy(waiter.exchange));
        }
        let kind = FaultKind::CreateSequenceRefused { connection_limit: true };
        let reason = "too many sessions wait to be accepted; try again later";
        self.outputs.fault(waiter, SequenceFault::receiver(kind, reason));
    }

    fn respond_created(&mut self, waiter: &Waiter, response: Box<CreateSequenceResponse>) {
        let mut message = Message::new(Body::CreateSequenceResponse(response));
        message.relates_to.clone_from(&waiter.message_id);
        self.outputs.message(waiter, message);
    }

    fn session(
        &self,
        create: CreateSequence,
        back: Option<Identifier>,
        origin: Identifier,
        tag: Option<ContextTag>,
        id: SessionId,
        now: Time,
    ) -> Session<M> {
        let is_accepted = back.is_some();
        let (ordered, version) = (self.settings.ordered, self.rules.version);
        let response =
            Box::new(creation::response(version, ordered, &create, id.clone(), is_accepted));
        let reply_to = create.reply_to.map_or_else(|| ANONYMOUS.to_owned(), |e| e.address);
        Session {
            rules: self.rules,
            origin,
            tag,
            reply_to: reply_to.into(),
            response,
            heard_at: now,
            silent_from: now + self.settings.inactivity_timeout,
            destination: Destination::new(
                id,
                self.settings.ordered,
                self.settings.max_transfer_window_size,
            ),
            replies: back.map(Replies::new),
            close: CloseAnswer::Unasked,
            application: Application::Listening,
            counters: Counters::default(),
            journal: self.journal(),
        }
    }
}
