//! CreateSequence: checks, refusals, sessions (2005 §3.4, 1.1 §3.4).

use waxwing_soap::EndpointReference;

use super::session::{Application, CloseAnswer, Session};
use super::{Intake, Listener, ListenerOutput};
use crate::address::{ANONYMOUS, as_uri, same_uri};
use crate::destination::Destination;
use crate::event::{Counters, Event, SequenceState};
use crate::fault::{FaultKind, SequenceFault};
use crate::headers::Headers;
use crate::message::{
    Body, CreateSequence, CreateSequenceResponse, IncompleteSequenceBehavior, Message,
};
use crate::mutation::{Mutation, broken};
use crate::names::{ContextTag, Identifier, SessionId};
use crate::shape::request_reply::Replies;
use crate::shape::{Shape, Waiter};
use crate::version::ReliableMessagingVersion;
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
        if let Err(reason) = self.check_create(&create, headers, tag.as_ref()) {
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
            let response = known.response.clone();
            return self.respond_created(waiter, response);
        }
        if self.intake == Intake::Shut {
            let reason = "the service is closing and takes no new sessions";
            let fault = SequenceFault::receiver(FaultKind::EndpointUnavailable, reason);
            return self.outputs.fault(waiter, fault);
        }
        if self.pending.len() >= self.settings.max_pending_channels as usize {
            let kind = FaultKind::CreateSequenceRefused { connection_limit: true };
            let reason = "too many sessions wait to be accepted; try again later";
            return self.outputs.fault(waiter, SequenceFault::receiver(kind, reason));
        }
        let fresh = Identifier::fresh(at.random);
        if self.sessions.contains_key(&fresh) || self.sessions.contains_key(&origin) {
            let reason = "the sequence identifier is in use";
            return self.outputs.fault(waiter, SequenceFault::refused(reason));
        }
        let session = self.session(create, offer, origin, tag, fresh, now);
        let (id, tag, response) =
            (session.id().clone(), session.tag.clone(), session.response.clone());
        self.origins.insert(session.origin.clone(), id.clone());
        self.silence.insert((session.silent_from, id.clone()));
        self.pending.insert(id.clone());
        self.sessions.insert(id.clone(), session);
        self.outputs.push(ListenerOutput::Created { session: id.clone(), tag });
        self.outputs.event(&id, Event::State(SequenceState::Open));
        self.respond_created(waiter, response);
    }

    fn respond_created(&mut self, waiter: &Waiter, response: Box<CreateSequenceResponse>) {
        let mut message = Message::new(Body::CreateSequenceResponse(response));
        message.relates_to.clone_from(&waiter.message_id);
        self.outputs.message(waiter, message);
    }

    /// The rules of WCF, each of which is answered with CreateSequenceRefused.
    fn check_create(
        &self,
        create: &CreateSequence,
        headers: &Headers,
        tag: Option<&ContextTag>,
    ) -> Result<(), &'static str> {
        let is_11 = self.rules.version == ReliableMessagingVersion::V11;
        if headers.uses_sequence_ssl {
            return Err("UsesSequenceSSL is not supported");
        }
        if headers.uses_sequence_str && tag.is_none() {
            return Err(
                "UsesSequenceSTR needs secure conversation, which this endpoint does not use",
            );
        }
        // WCF demands a reference to the context in every secured CreateSequence. The sequence is bound to the context
        // that signed the message, whether or not it is named; one that names another is refused.
        let names = |tag: &ContextTag| create.tokens.iter().any(|t| t.identifier == *tag);
        let must_name = headers.uses_sequence_str || !create.tokens.is_empty();
        if let Some(tag) = tag.filter(|_| must_name && !broken(Mutation::IgnoreContext))
            && !names(tag)
        {
            return Err("no SecurityTokenReference names the security context of the message");
        }
        let reply_to = create.reply_to.as_ref().map_or(ANONYMOUS, |e| &e.address);
        if !same_uri(&create.acks_to.address, reply_to) {
            return Err("AcksTo and ReplyTo must be the same endpoint");
        }
        match (&create.offer, self.rules.shape) {
            (None, Shape::RequestReply) => Err("this endpoint needs an Offer"),
            (Some(_), Shape::OneWay) if !is_11 => Err("this endpoint takes no Offer"),
            (Some(offer), Shape::RequestReply) if is_11 => {
                let endpoint = offer.endpoint.as_ref().map(|e| &e.address);
                if endpoint.is_some_and(|e| same_uri(e, &create.acks_to.address)) {
                    Ok(())
                } else {
                    Err("Offer/Endpoint and AcksTo must be the same endpoint")
                }
            }
            _ => Ok(()),
        }
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
        let behavior = if self.settings.ordered {
            IncompleteSequenceBehavior::DiscardFollowingFirstGap
        } else {
            IncompleteSequenceBehavior::NoDiscard
        };
        let to = create.to.as_deref().map_or_else(|| ANONYMOUS.to_owned(), as_uri);
        let response = Box::new(CreateSequenceResponse {
            identifier: id.clone(),
            expires: create.expires,
            incomplete_sequence_behavior: self.rules.is_11().then_some(behavior),
            accept: back.is_some().then(|| EndpointReference::new(to)),
        });
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
        }
    }
}
