//! Opening: CreateSequence until it is answered, and what answers it (WS-RM 2005 §3.4, 1.1 §3.4).

use std::time::Duration;

use waxwing_soap::{EndpointReference, Moment, Time};

use super::DuplexSession;
use super::api::{DuplexOpen, DuplexOutput, Links, Purpose};
use super::incoming::Incoming;
use super::phase::{OwnEnd, Phase, Role};
use super::settings::DuplexSettings;
use crate::address::ANONYMOUS;
use crate::creation;
use crate::error::{FailureKind, SessionError, Step};
use crate::event::Event;
use crate::fault::{FaultKind, SequenceFault};
use crate::message::{Body, CreateSequence, CreateSequenceResponse, Message, Offer};
use crate::names::{Identifier, SessionId};
use crate::source::{Due, Opening, Requestor};
use crate::version::ReliableMessagingVersion;

/// What a responder takes for the round trip before it has measured one: WCF's value, which makes it wait six seconds
/// before it sends anything again.
const RESPONDER_ROUND_TRIP: Duration = Duration::from_secs(2);

impl<M: Clone> DuplexSession<M> {
    /// The responder's end of a session, made by its CreateSequence, which names the return sequence if there is one.
    pub(super) fn accept(
        version: ReliableMessagingVersion,
        settings: DuplexSettings,
        create: CreateSequence,
        forward: SessionId,
        now: Time,
    ) -> Self {
        let back = create.offer.as_ref().filter(|_| settings.two_way);
        let back = back.map(|offer| offer.identifier.clone());
        let reliable = &settings.reliable;
        let (ordered, window) = (reliable.ordered, reliable.max_transfer_window_size);
        let is_accepted = back.is_some();
        let response = creation::response(version, ordered, &create, forward.clone(), is_accepted);
        let role = Role::Responder { response: Box::new(response) };
        let anonymous = || EndpointReference::new(ANONYMOUS);
        let remote = create.reply_to.unwrap_or_else(anonymous);
        let mut session = Self::begun(version, settings, role, remote);
        session.local = create.to.map(EndpointReference::new);
        session.incoming = Some(Incoming::new(forward, ordered, window));
        match back {
            Some(back) => session.source.window.numbering.name(back),
            None => session.own_end = OwnEnd::Over,
        }
        session.source.window.measured_open(RESPONDER_ROUND_TRIP, RESPONDER_ROUND_TRIP);
        session.keep_alive.received(false, now);
        session.connection.made();
        session.phase = Phase::Open;
        session
    }

    /// CreateSequence is answered, first and again (responder).
    pub(super) fn respond_created(&mut self, message_id: Option<Identifier>) {
        let Role::Responder { response } = &self.role else { return };
        let mut message = Message::new(Body::CreateSequenceResponse(response.clone()));
        message.relates_to = message_id;
        self.transmit(Purpose::Notice, message, None, false);
    }

    pub(super) fn open(&mut self, request: DuplexOpen, at: &mut Moment<'_>) {
        if !matches!(self.phase, Phase::New) {
            return;
        }
        let DuplexOpen { to, from, token, started, deadline } = request;
        // The same on every attempt.
        let message_id = Identifier::fresh(at.random);
        self.remote = EndpointReference::new(to);
        self.local = from;
        self.role = Role::Initiator { token };
        let reliable = &self.settings.reliable;
        let (ordered, window) = (reliable.ordered, reliable.max_transfer_window_size);
        self.incoming = self
            .settings
            .two_way
            .then(|| Incoming::new(Identifier::fresh(at.random), ordered, window));
        // One connection that is all there is: what is lost on it is lost with it.
        let interval = match self.connection.rule() {
            Links::Bound => Duration::MAX,
            Links::Unseen | Links::Replaced => reliable.request_interval,
        };
        let requestor = Requestor::new(Step::CreateSequence, message_id, deadline, interval);
        self.enter(Phase::Creating(Box::new(Opening::new(requestor, started))));
        self.attempt_create(at.time);
    }

    fn attempt_create(&mut self, now: Time) {
        let Phase::Creating(opening) = &mut self.phase else { return };
        opening.requestor.attempt(now);
        self.send_create();
    }

    pub(super) fn tick_create(&mut self, now: Time) {
        let Phase::Creating(opening) = &self.phase else { return };
        match opening.requestor.due(now) {
            Due::Nothing => {}
            Due::Attempt => self.attempt_create(now),
            Due::TimedOut => self.create_timed_out(),
        }
    }

    /// Sends CreateSequence; there may be no connection yet.
    pub(super) fn send_create(&mut self) {
        let (Phase::Creating(opening), Role::Initiator { token }) = (&self.phase, &self.role)
        else {
            return;
        };
        let (id, deadline) = (opening.requestor.message_id.clone(), opening.requestor.deadline);
        let is_secured = token.is_some();
        let mut message = Message::new(Body::CreateSequence(Box::new(self.create_sequence())));
        message.headers.uses_sequence_str = is_secured && self.is_11();
        message.message_id = Some(id);
        self.transmit(Purpose::Create, message, Some(deadline), false);
    }

    fn create_sequence(&self) -> CreateSequence {
        let from = self.local.clone().unwrap_or_else(|| EndpointReference::new(ANONYMOUS));
        let ordered = self.settings.reliable.ordered;
        let offer = self.incoming.as_ref().map(|incoming| Offer {
            identifier: incoming.identifier().clone(),
            endpoint: self.is_11().then(|| from.clone()),
            expires: None,
            incomplete_sequence_behavior: creation::behavior(self.version, ordered),
        });
        let token = match &self.role {
            Role::Initiator { token } => token.clone(),
            Role::Responder { .. } => None,
        };
        CreateSequence {
            acks_to: from,
            expires: None,
            offer,
            tokens: token.into_iter().collect(),
            reply_to: self.local.clone(),
            to: Some(self.remote.address.clone()),
        }
    }

    /// A message that comes while CreateSequence is under way. Only its answer is of interest.
    pub(super) fn on_answer_to_create(&mut self, message: Message<M>, now: Time) {
        let Phase::Creating(opening) = &mut self.phase else { return };
        let is_related = message.relates_to.as_ref() == Some(&opening.requestor.message_id);
        let is_unsaid = message.relates_to.is_none();
        let (open, exchange) = opening.taken(now);
        match message.body {
            Body::CreateSequenceResponse(response) if is_related => {
                self.created(*response, open, exchange, now);
            }
            Body::Fault(fault) if is_related && fault.is_busy() => {
                if let Some(error) = opening.refused(*fault) {
                    self.end(error);
                }
            }
            Body::Fault(fault) if is_related || is_unsaid => self.end(SessionError::Peer(*fault)),
            Body::SoapFault(fault) if is_related || is_unsaid => {
                self.end(SessionError::PeerSoapFault(fault));
            }
            // A message of the return sequence may overtake the answer; it will come again.
            _ => {
                self.counters.misplaced += 1;
                self.event(Event::Misplaced { number: None });
            }
        }
    }

    fn created(
        &mut self,
        response: CreateSequenceResponse,
        open: Duration,
        exchange: Duration,
        now: Time,
    ) {
        self.source.window.numbering.name(response.identifier.clone());
        let (is_offered, to) = (self.incoming.is_some(), self.remote.address.as_str());
        if let Err(reason) = creation::check_accept(&response, is_offered, to) {
            return self.terminated_by_peer(&reason, None);
        }
        self.source.window.measured_open(open, exchange);
        self.keep_alive.received(false, now);
        self.outputs.push_back(DuplexOutput::Opened);
        if self.close.is_some() {
            self.own_end = OwnEnd::Draining;
        }
        self.enter(Phase::Open);
    }

    fn create_timed_out(&mut self) {
        let Phase::Creating(opening) = &mut self.phase else { return };
        let error = opening.timed_out();
        self.end(error);
    }

    /// CreateSequence was not sent, or its connection broke.
    pub(super) fn create_failed(&mut self, kind: FailureKind, reason: String) {
        let is_bound = self.connection.rule() == Links::Bound;
        let Phase::Creating(opening) = &mut self.phase else { return };
        let error = match kind {
            FailureKind::SecuritySessionLost => SessionError::SecurityLost(reason),
            FailureKind::Retryable if !is_bound => match opening.failed(reason) {
                None => return,
                Some(error) => error,
            },
            _ => SessionError::Transport { step: Step::CreateSequence, reason },
        };
        self.end(error);
    }

    /// A CreateSequence that came to a session which is there: the answer was lost, unless it is another's.
    pub(super) fn on_repeated_create(
        &mut self,
        create: &CreateSequence,
        message_id: Option<Identifier>,
    ) {
        let offered = create.offer.as_ref().map(|offer| &offer.identifier);
        // One that is offered to a contract of one-way operations is not taken (1.1).
        let is_same = self.back().is_none_or(|back| offered == Some(back));
        if !self.is_initiator() && is_same {
            return self.respond_created(message_id);
        }
        let kind = FaultKind::SequenceTerminated(self.name());
        let reason = "CreateSequence came to a session that is there already";
        self.protocol_error(SequenceFault::sender(kind, reason), message_id);
    }
}
