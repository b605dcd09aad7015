//! Opening: CreateSequence until it is answered (WS-RM 2005 §3.4, 1.1 §3.4).

use std::time::Duration;

use waxwing_soap::EndpointReference;

use super::correlation::{OTHER_REQUEST, Related, related};
use super::{Initiator, InitiatorOutput, OpenRequest, Opening, Phase, Purpose};
use crate::address::{ANONYMOUS, same_uri};
use crate::destination::Received;
use crate::error::{FailureKind, SessionError, Step};
use crate::fault::{FaultKind, SequenceFault};
use crate::message::{
    Body, CreateSequence, CreateSequenceResponse, IncompleteSequenceBehavior, Message, Offer,
};
use crate::names::Identifier;
use crate::shape::Shape;
use crate::source::Requestor;
use crate::version::ReliableMessagingVersion;
use waxwing_soap::{Moment, Time};

impl<M: Clone> Initiator<M> {
    pub(super) fn open(&mut self, request: OpenRequest, at: &mut Moment<'_>) {
        if !matches!(self.phase, Phase::New) {
            return;
        }
        let OpenRequest { to, token, started, deadline } = request;
        // The same on every attempt.
        let message_id = Identifier::fresh(at.random);
        self.peer.to = to;
        self.peer.token = token;
        self.destination = (self.shape == Shape::RequestReply)
            .then(|| Received::new(Identifier::fresh(at.random)));
        let interval = self.settings.request_interval;
        let requestor = Requestor::new(Step::CreateSequence, message_id, deadline, interval);
        self.enter(Phase::Creating(Box::new(Opening { requestor, started, refusal: None })));
        self.attempt_create(at.time);
    }

    pub(super) fn attempt_create(&mut self, now: Time) {
        let Phase::Creating(opening) = &mut self.phase else { return };
        opening.requestor.attempt(now);
        self.send_create();
    }

    pub(super) fn send_create(&mut self) {
        let Phase::Creating(opening) = &self.phase else { return };
        let (id, deadline) = (opening.requestor.message_id.clone(), opening.requestor.deadline);
        let mut message = Message::new(Body::CreateSequence(Box::new(self.create_sequence())));
        let is_secured = self.peer.token.is_some();
        message.headers.uses_sequence_str =
            is_secured && self.version == ReliableMessagingVersion::V11;
        message.message_id = Some(id);
        self.transmit(Purpose::Create, message, Some(deadline));
    }

    fn create_sequence(&self) -> CreateSequence {
        let is_11 = self.version == ReliableMessagingVersion::V11;
        let anonymous = || EndpointReference::new(ANONYMOUS);
        let behavior = if self.settings.ordered {
            IncompleteSequenceBehavior::DiscardFollowingFirstGap
        } else {
            IncompleteSequenceBehavior::NoDiscard
        };
        let offer = self.destination.as_ref().map(|back| Offer {
            identifier: back.identifier().clone(),
            endpoint: is_11.then(anonymous),
            expires: None,
            incomplete_sequence_behavior: is_11.then_some(behavior),
        });
        CreateSequence {
            acks_to: anonymous(),
            expires: None,
            offer,
            tokens: self.peer.token.clone().into_iter().collect(),
            reply_to: None,
            to: Some(self.peer.to.clone()),
        }
    }

    pub(super) fn on_create_response(&mut self, message: Option<Message<M>>, now: Time) {
        let Phase::Creating(opening) = &self.phase else { return };
        let id = opening.requestor.message_id.clone();
        let (open, exchange) = (now - opening.started, now - opening.requestor.attempted);
        let Some(message) = message else {
            return self.create_failed(FailureKind::Retryable, "an empty response".to_owned());
        };
        let related = related(message.relates_to.as_ref(), Some(&id));
        if related == Related::No {
            self.leave(None, OTHER_REQUEST);
            return self.create_failed(FailureKind::Retryable, OTHER_REQUEST.to_owned());
        }
        match message.body {
            Body::CreateSequenceResponse(response) if related == Related::Yes => {
                self.created(*response, open, exchange, now);
            }
            Body::Fault(fault) if fault.is_busy() => self.create_refused(*fault),
            Body::Fault(fault) => self.end(SessionError::Peer(*fault)),
            Body::SoapFault(fault) => self.end(SessionError::PeerSoapFault(fault)),
            _ => self.end(SessionError::Protocol(SequenceFault::sender(
                FaultKind::SequenceTerminated(Identifier::new("")),
                "the answer to CreateSequence is no CreateSequenceResponse that relates to it",
            ))),
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
        if let Err(reason) = self.check_accept(&response) {
            return self.terminated_by_peer(&reason);
        }
        self.exchanges.retain(|_, purpose| *purpose != Purpose::Create);
        self.source.window.measured_open(open, exchange);
        self.keep_alive.received(false, now);
        self.outputs.push_back(InitiatorOutput::Opened);
        self.enter(if self.close.is_some() { Phase::Draining } else { Phase::Open });
    }

    /// An offer must be accepted, for the address that was asked; without one nothing may be accepted.
    fn check_accept(&self, response: &CreateSequenceResponse) -> Result<(), String> {
        match (&self.destination, &response.accept) {
            (None, None) => Ok(()),
            (None, Some(_)) => Err("an offer was accepted that was not made".to_owned()),
            (Some(_), None) => Err("the offer was not accepted".to_owned()),
            (Some(_), Some(accept)) if same_uri(&accept.address, &self.peer.to) => Ok(()),
            (Some(_), Some(accept)) => Err(format!(
                "the offer was accepted for {}, but the request went to {}",
                accept.address, self.peer.to
            )),
        }
    }

    /// The service has no room at the moment: again at the pace of the request, until the deadline. WCF's client gives
    /// up at once; its service takes the repeated request as it takes one whose answer was lost.
    fn create_refused(&mut self, fault: SequenceFault) {
        let Phase::Creating(opening) = &mut self.phase else { return };
        let over = opening.requestor.failed(fault.to_string());
        opening.refusal = Some(fault);
        if over {
            self.create_timed_out();
        }
    }

    /// No answer to the last attempt; a refusal that came before says more than that.
    pub(super) fn create_timed_out(&mut self) {
        let Phase::Creating(opening) = &mut self.phase else { return };
        let error = match opening.refusal.take() {
            Some(fault) => SessionError::Peer(fault),
            None => opening.requestor.timed_out(),
        };
        self.end(error);
    }

    pub(super) fn create_failed(&mut self, kind: FailureKind, reason: String) {
        let Phase::Creating(opening) = &mut self.phase else { return };
        let error = match kind {
            FailureKind::SecuritySessionLost => SessionError::SecurityLost(reason),
            FailureKind::Security | FailureKind::Protocol => {
                SessionError::Transport { step: Step::CreateSequence, reason }
            }
            FailureKind::Retryable => {
                if !opening.requestor.failed(reason) {
                    return;
                }
                return self.create_timed_out();
            }
        };
        self.end(error);
    }
}
