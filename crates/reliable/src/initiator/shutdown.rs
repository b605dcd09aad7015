//! Closing: LastMessage and TerminateSequence (2005 §3.1, §3.5); CloseSequence and TerminateSequence (1.1 §3.5,
//! §3.6).

use super::correlation::{OTHER_REQUEST, Related, related};
use super::{Initiator, InitiatorOutput, Phase, Purpose};
use crate::error::{FailureKind, SessionError, Step};
use crate::fault::{FaultKind, SequenceFault};
use crate::headers::SequenceAcknowledgement;
use crate::message::{Body, Message, Shutdown};
use crate::mutation::{Mutation, broken};
use crate::names::Identifier;
use crate::shape::Shape;
use crate::source::{Due, Outgoing, Requestor};
use crate::version::ReliableMessagingVersion;
use waxwing_soap::{Moment, Time};

impl<M: Clone> Initiator<M> {
    pub(super) fn begin_close(&mut self, deadline: Time, now: Time) {
        match self.phase {
            Phase::New => {
                self.enter(Phase::Closed);
                self.outputs.push_back(InitiatorOutput::Closed);
            }
            Phase::Creating(_) => self.close = Some(deadline),
            Phase::Open => {
                self.close = Some(deadline);
                self.enter(Phase::Draining);
                self.nudge(now);
            }
            // It was closing before a crash.
            Phase::Draining | Phase::LastMessage if self.close.is_none() => {
                self.close = Some(deadline);
            }
            _ => {}
        }
    }

    /// 1.1 one-way: a sender that is not acknowledged in full asks once when it begins to close.
    fn nudge(&mut self, now: Time) {
        let is_11 = self.version == ReliableMessagingVersion::V11;
        if is_11 && self.shape == Shape::OneWay && !self.source.window.is_empty() {
            self.keep_alive.sent(now);
            self.ask_for_acknowledgement();
        }
    }

    /// The next step, when the one before is done.
    pub(super) fn advance_shutdown(&mut self, at: &mut Moment<'_>) {
        let is_drained = self.source.is_drained();
        let may_close = is_drained || broken(Mutation::CloseWithoutWaiting);
        match self.phase {
            Phase::Draining if may_close => match self.version {
                ReliableMessagingVersion::February2005 => self.send_last_message(at.time),
                ReliableMessagingVersion::V11 => self.begin_step(Step::CloseSequence, at),
            },
            Phase::LastMessage if self.source.window.is_empty() => {
                self.begin_step(Step::TerminateSequence, at);
            }
            _ => {}
        }
    }

    fn send_last_message(&mut self, now: Time) {
        if !self.source.may_begin() {
            return; // The peer has no room; keep-alives find out when it has.
        }
        let deadline = self.close;
        let last =
            Outgoing { call: None, message_id: None, body: Body::LastMessage, deadline: None };
        if let Some(sending) = self.source.number(last, deadline, now) {
            self.enter(Phase::LastMessage);
            self.changed();
            self.send(&sending, now);
        }
    }

    /// CloseSequence, or else TerminateSequence.
    fn begin_step(&mut self, step: Step, at: &mut Moment<'_>) {
        let Some(deadline) = self.close else { return };
        let (id, interval) = (Identifier::fresh(at.random), self.settings.request_interval);
        let requestor = Box::new(Requestor::new(step, id, deadline, interval));
        self.exchanges.clear();
        self.source.stop();
        if step == Step::CloseSequence {
            self.changed();
        }
        self.enter(match step {
            Step::CloseSequence => Phase::Closing(requestor),
            _ => Phase::Terminating(requestor),
        });
        self.attempt_step(at.time);
    }

    fn attempt_step(&mut self, now: Time) {
        let (Phase::Closing(requestor) | Phase::Terminating(requestor)) = &mut self.phase else {
            return;
        };
        requestor.attempt(now);
        self.send_step();
    }

    pub(super) fn send_step(&mut self) {
        let (requestor, purpose) = match &self.phase {
            Phase::Closing(requestor) => (requestor, Purpose::Close),
            Phase::Terminating(requestor) => (requestor, Purpose::Terminate),
            _ => return,
        };
        let (id, deadline) = (requestor.message_id.clone(), requestor.deadline);
        let is_11 = self.version == ReliableMessagingVersion::V11;
        let highest = self.source.window.highest();
        let shutdown = Shutdown {
            identifier: self.forward(),
            last_message_number: (is_11 && highest > 0).then_some(highest),
            reply_to: None,
        };
        let body = match purpose {
            Purpose::Close => Body::CloseSequence(shutdown),
            _ => Body::TerminateSequence(shutdown),
        };
        let mut message = Message::new(body);
        // 2005 one-way terminates with a notification: nothing to relate an answer to.
        message.message_id = (is_11 || self.shape == Shape::RequestReply).then_some(id);
        message.headers.acknowledgement = self.closing_acknowledgement();
        self.transmit(purpose, message, Some(deadline));
    }

    /// The acknowledgement of replies that goes with Close and Terminate, final in 1.1, there even if empty.
    fn closing_acknowledgement(&self) -> Option<SequenceAcknowledgement> {
        let mut acknowledgement = self.destination.as_ref()?.acknowledgement();
        acknowledgement.is_final = self.version == ReliableMessagingVersion::V11;
        Some(acknowledgement)
    }

    pub(super) fn on_shutdown(&mut self, message: Option<Message<M>>, at: &mut Moment<'_>) {
        let is_11 = self.version == ReliableMessagingVersion::V11;
        let (id, is_close) = match &self.phase {
            Phase::Closing(requestor) => (requestor.message_id.clone(), true),
            Phase::Terminating(requestor) => (requestor.message_id.clone(), false),
            _ => return,
        };
        let Some(message) = message else {
            // Everything is acknowledged: TerminateSequence needs no answer.
            if !is_close {
                return self.closed();
            }
            return self.shutdown_failed(FailureKind::Retryable, "an empty response".into());
        };
        // Any response ends a 2005 session, whatever it says.
        if !is_11 || self.says_that_it_is_over(&message, is_close) {
            return self.step_done(is_close, at);
        }
        let is_fault = matches!(message.body, Body::Fault(_) | Body::SoapFault(_));
        match related(message.relates_to.as_ref(), Some(&id)) {
            Related::Yes => {}
            Related::Unsaid if is_fault => {}
            Related::Unsaid | Related::No => {
                self.leave(None, OTHER_REQUEST);
                let kind = FailureKind::Retryable;
                return self.shutdown_failed(kind, OTHER_REQUEST.to_owned());
            }
        }
        match &message.body {
            Body::Fault(fault) if (!is_close || self.was_closing()) && self.is_forgotten(fault) => {
                self.closed();
            }
            Body::Fault(fault) => self.on_fault((**fault).clone()),
            Body::SoapFault(fault) => self.end(SessionError::PeerSoapFault(fault.clone())),
            _ => match self.check_shutdown_response(&message, is_close) {
                Err(fault) => self.protocol_error(fault),
                Ok(()) => self.step_done(is_close, at),
            },
        }
    }

    fn step_done(&mut self, is_close: bool, at: &mut Moment<'_>) {
        if is_close {
            self.begin_step(Step::TerminateSequence, at);
        } else {
            self.closed();
        }
    }

    /// A message that says so by itself, whatever it answers: the final acknowledgement of everything after
    /// CloseSequence, as WCF takes it; TerminateSequence of the replies' sequence after ours.
    fn says_that_it_is_over(&self, message: &Message<M>, is_close: bool) -> bool {
        if !is_close {
            return matches!(&message.body, Body::TerminateSequence(back)
                if self.is_return(&back.identifier));
        }
        let acknowledgement = message.headers.acknowledgement.as_ref();
        matches!(message.body, Body::SequenceAcknowledgement)
            && acknowledgement.is_some_and(|a| {
                a.is_final && self.source.is(&a.identifier) && a.ranges == self.source.all_sent()
            })
    }

    /// A responder that has forgotten the session after CloseSequence has terminated it.
    pub(super) fn is_forgotten(&self, fault: &SequenceFault) -> bool {
        matches!(&fault.kind, FaultKind::UnknownSequence(id) if self.is_ours(id))
    }

    fn check_shutdown_response(
        &self,
        message: &Message<M>,
        is_close: bool,
    ) -> Result<(), SequenceFault> {
        let terminated = |reason: &str| {
            let kind = FaultKind::SequenceTerminated(self.forward());
            Err(SequenceFault::sender(kind, reason))
        };
        let named = match &message.body {
            Body::CloseSequenceResponse(named) if is_close => named,
            Body::TerminateSequenceResponse(named) if !is_close => named,
            _ => return terminated("the answer is not the response that was asked for"),
        };
        if !self.source.is(named) {
            return terminated("the response belongs to another sequence");
        }
        // WCF demands a final acknowledgement. Everything was acknowledged before CloseSequence was sent, so a
        // response without it leaves nothing open; one that takes something back is refused.
        let Some(acknowledgement) = &message.headers.acknowledgement else { return Ok(()) };
        self.check_acknowledgement(acknowledgement, None)?;
        if acknowledgement.ranges != self.source.all_sent() {
            let kind = FaultKind::InvalidAcknowledgement(Box::new(SequenceAcknowledgement::new(
                acknowledgement.identifier.clone(),
                acknowledgement.ranges.clone(),
            )));
            return Err(SequenceFault::sender(kind, "the final acknowledgement has gaps"));
        }
        Ok(())
    }

    pub(super) fn shutdown_failed(&mut self, kind: FailureKind, reason: String) {
        let is_2005_notice =
            self.version == ReliableMessagingVersion::February2005 && self.shape == Shape::OneWay;
        match &mut self.phase {
            Phase::Closing(requestor) => {
                if kind == FailureKind::Protocol {
                    let step = requestor.step;
                    self.post_given_up("CloseSequence failed");
                    self.end(SessionError::Transport { step, reason });
                } else if requestor.failed(reason) {
                    let error = requestor.timed_out();
                    self.post_given_up("CloseSequence was not answered in time");
                    self.end(error);
                }
            }
            // Everything is acknowledged: what is left is good manners.
            Phase::Terminating(requestor) => {
                let was_last = requestor.failed(reason);
                if was_last || is_2005_notice || kind == FailureKind::Protocol {
                    self.closed();
                }
            }
            _ => {}
        }
    }

    pub(super) fn tick_shutdown(&mut self, now: Time) {
        let (Phase::Closing(requestor) | Phase::Terminating(requestor)) = &self.phase else {
            return;
        };
        match requestor.due(now) {
            Due::Nothing => {}
            Due::Attempt => self.attempt_step(now),
            Due::TimedOut if matches!(self.phase, Phase::Terminating(_)) => self.closed(),
            Due::TimedOut => {
                let error = requestor.timed_out();
                self.post_given_up("CloseSequence was not answered in time");
                self.end(error);
            }
        }
    }

    pub(super) fn tick_draining(&mut self, now: Time) {
        if self.close.is_none_or(|deadline| now < deadline) {
            return;
        }
        let is_last = matches!(self.phase, Phase::LastMessage);
        let head = self.source.window.unanswered().next();
        let attempts = head.map_or(0, |e| e.retries + 1);
        let step = if is_last { Step::LastMessage } else { Step::Call };
        let last_failure = self.last_failure.clone();
        self.post_given_up("the session could not be closed in time");
        self.end(SessionError::TimedOut { step, attempts, last_failure });
    }

    pub(super) fn closed(&mut self) {
        self.exchanges.clear();
        self.enter(Phase::Closed);
        self.outputs.push_back(InitiatorOutput::Closed);
    }
}
