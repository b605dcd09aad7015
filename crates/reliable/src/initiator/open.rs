//! Opening: CreateSequence until it is answered (WS-RM 2005 §3.4, 1.1 §3.4).

use std::time::Duration;

use waxwing_soap::EndpointReference;

use super::correlation::{OTHER_REQUEST, Related, related};
use super::{Initiator, InitiatorOutput, OpenRequest, Phase, Purpose};
use crate::address::ANONYMOUS;
use crate::creation::{behavior, check_accept};
use crate::destination::Received;
use crate::error::{FailureKind, SessionError, Step};
use crate::fault::{FaultKind, SequenceFault};
use crate::message::{Body, CreateSequence, CreateSequenceResponse, Message, Offer};
use crate::names::Identifier;
use crate::shape::Shape;
use crate::source::{Opening, Requestor};
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
        self.enter(Phase::Creating(Box::new(Opening::new(requestor, started))));
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
        let offer = self.destination.as_ref().map(|back| Offer {
            identifier: back.identifier().clone(),
            endpoint: is_11.then(anonymous),
            expires: None,
            incomplete_sequence_behavior: behavior(self.version, self.settings.ordered),
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
        let Phase::Creating(opening) = &mut self.phase else { return };
        let id = opening.requestor.message_id.clone();
        let (open, exchange) = opening.taken(now);
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
            Body::Fault(fault) if fault.is_busy() => {
                if let Some(error) = opening.refused(*fault) {
                    self.end(error);
                }
            }
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
        let (is_offered, to) = (self.destination.is_some(), self.peer.to.as_str());
        if let Err(reason) = check_accept(&response, is_offered, to) {
            return self.terminated_by_peer(&reason);
        }
        self.exchanges.retain(|_, purpose| *purpose != Purpose::Create);
        self.source.window.measured_open(open, exchange);
        self.keep_alive.received(false, now);
        self.changed();
        self.outputs.push_back(InitiatorOutput::Opened);
        self.enter(if self.close.is_some() { Phase::Draining } else { Phase::Open });
    }

    pub(super) fn create_timed_out(&mut self) {
        let Phase::Creating(opening) = &mut self.phase else { return };
        let error = opening.timed_out();
        self.end(error);
    }

    pub(super) fn create_failed(&mut self, kind: FailureKind, reason: String) {
        let Phase::Creating(opening) = &mut self.phase else { return };
        let error = match kind {
            FailureKind::SecuritySessionLost => SessionError::SecurityLost(reason),
            FailureKind::Security | FailureKind::Protocol => {
                SessionError::Transport { step: Step::CreateSequence, reason }
            }
            FailureKind::Retryable => match opening.failed(reason) {
                None => return,
                Some(error) => error,
            },
        };
        self.end(error);
    }
}
