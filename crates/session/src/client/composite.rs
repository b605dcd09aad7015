//! Composite duplex (wsDualHttpBinding): the link is two one-way directions of HTTP. The client listens before it says
//! anything, since the service answers nobody whose address it does not know; every message goes out for itself, and one
//! that is lost is no end of anything.

use std::sync::Arc;
use std::time::Duration;

use waxwing_reliable::{DuplexInput, Failure, Time, Transmission};
use waxwing_soap::{EndpointReference, Moment};

use super::api::{Answer, TransmissionId};
use super::attempt::Stage;
use super::link::LinkCalls;
use super::state::{Calls, ClientSession, Exchange, Phase};
use crate::diagnosis::{TransportCause, TransportFailure};
use crate::duplex::LinkId;
use crate::message::{AppMessage, ApplicationMessage};

/// Why nothing may have come.
const SILENCE: &str = "the request for a security session was taken, and nothing came where the client listens: a service of this \
     binding says nothing to whom it does not believe (look at user name, password or certificate), or cannot reach the address at \
     which the client listens (clientBaseAddress). WCF: This request operation did not receive a reply within the configured timeout";

/// How long the service's last word is waited for.
const LAST_WORD: Duration = Duration::from_secs(5);

impl ClientSession {
    /// Whether its link is two one-way directions.
    pub(super) fn is_composite(&self) -> bool {
        matches!(&self.calls, Calls::Links(links) if links.is_composite())
    }

    /// The client is to listen; then the security handshake begins.
    pub(super) fn listen(&mut self, deadline: Time) {
        if let Phase::Opening(opening) = &mut self.phase {
            opening.stage = Stage::Linking;
            self.dial(deadline);
        }
    }

    /// The client listens, and is sent messages at this address.
    pub(super) fn listening(
        &mut self,
        link: LinkId,
        address: EndpointReference,
        at: &mut Moment<'_>,
    ) {
        self.linked(link);
        self.security.listens_at(address.clone());
        if let Some(links) = self.links() {
            links.own_address = Some(address);
        }
        self.secure(at);
    }

    /// A message is on its way. Whether it was delivered is said later.
    pub(super) fn is_under_way(&mut self, id: TransmissionId, transmission: Transmission) {
        let Some(links) = self.links().filter(|links| links.is_composite()) else { return };
        if let Some(sequence) = &mut links.sequence {
            sequence.under_way.insert(id, transmission);
        }
    }

    /// A message was taken by whoever listens at the service's address, or by nobody. Gives what it was to the sequence.
    pub(super) fn is_sent(&mut self, id: TransmissionId) -> Option<Transmission> {
        self.links()?.sequence.as_mut()?.under_way.remove(&id)
    }

    /// A request for a session or a key is on its way, whose answer comes among the service's messages, or never: a service
    /// says nothing to whom it does not believe.
    pub(super) fn awaits_answer(&mut self, until: Time) {
        let is_opening = self.is_opening();
        let Some(links) = self.links().filter(|links| links.is_composite()) else { return };
        // Opening has a deadline of its own.
        links.answer_by = Some(until).filter(|_| !is_opening);
    }

    /// Time has passed: an answer that did not come is not waited for any longer.
    pub(super) fn tick_answer(&mut self, at: &mut Moment<'_>) {
        let Some(links) = self.links() else { return };
        if links.answer_by.is_none_or(|until| at.time < until) {
            return;
        }
        links.answer_by = None;
        if matches!(self.exchange, Exchange::Answer(_)) {
            let reason = "the service did not answer the request for a new key".to_owned();
            let failure = TransportFailure { cause: TransportCause::NoAnswer, reason };
            self.trust_answer(Answer::Failed(failure), at);
        }
    }

    /// The service has ended the security session while the sequences have not. What was posted may overtake: its farewell
    /// may be under way still.
    pub(super) fn security_lost_below(&mut self, at: &mut Moment<'_>) {
        let reason = "the service has ended the security session".to_owned();
        self.sequence_over_link(DuplexInput::SecurityLost { reason }, at);
    }

    /// What is said of an opening that got no answer.
    pub(super) fn why_silent(&self) -> &'static str {
        match self.is_composite() && matches!(self.exchange, Exchange::Answer(_)) {
            true => SILENCE,
            false => "no answer",
        }
    }

    /// How long the service's last word is waited for when both sequences are over: it is good manners, is posted once, and
    /// may be lost.
    pub(super) fn patience_for_last_word(&self, until: Time, now: Time) -> Time {
        match self.is_composite() {
            true => until.min(now + LAST_WORD),
            false => until,
        }
    }

    /// A message was not delivered: the sequence decides whether that matters.
    pub(super) fn not_sent(
        &mut self,
        id: TransmissionId,
        failure: TransportFailure,
        at: &mut Moment<'_>,
    ) {
        if self.exchange == Exchange::Answer(id) {
            return self.trust_answer(Answer::Failed(failure), at);
        }
        let Some(transmission) = self.is_sent(id) else { return };
        self.reached.transport = Some(failure.clone());
        let kind = failure.cause.kind(self.is_opening(), self.settings.retry);
        let failure = Failure { kind, reason: failure.reason };
        self.sequence_over_link(DuplexInput::Failed { transmission, failure }, at);
    }
}

impl LinkCalls {
    /// A request of composite duplex wants its reply where the client listens.
    pub(super) fn answered_at_own_address(&self, message: AppMessage) -> AppMessage {
        let own = self.own_address.as_ref().filter(|_| message.reply_to.is_some());
        let Some(own) = own else { return message };
        let mut message: ApplicationMessage = Arc::unwrap_or_clone(message);
        message.reply_to = Some(own.clone());
        AppMessage::new(message)
    }
}
