//! The exchanges of the security protocol: the handshake of opening, renewals of the key, the cancellation in the end.

use waxwing_reliable::Time;
use waxwing_security::conversation::{ClientError, Step, Verdict};
use waxwing_security::trust::TrustAction;
use waxwing_security::wsse::Dialect;
use waxwing_soap::{Envelope, Moment};

use super::api::{Answer, ClientOutput, Leg};
use super::state::{ClientSession, Exchange, Phase, Way};
use crate::diagnosis::{TransportCause, TransportFailure};

impl ClientSession {
    /// What the security protocol wants next.
    pub(super) fn step(&mut self, step: Step, at: &mut Moment<'_>) {
        match step {
            Step::Send(envelope) => {
                if let Phase::Opening(opening) = &mut self.phase {
                    opening.sends();
                }
                let deadline = self.trust_deadline(at.time);
                let leg = leg_of(&envelope);
                let id = self.transmit_over(Way::Exchange(leg), *envelope, None, deadline);
                self.exchange = Exchange::Answer(id);
            }
            Step::SendInSession(envelope) => {
                let deadline = self.trust_deadline(at.time);
                let link = self.links().and_then(|links| links.open_link()).map(|link| link.id);
                let way = |link| Way::Link { link, is_answer: false, is_awaited: false };
                let way = link.map_or(Way::Exchange(Leg::Alone), way);
                let id = self.transmit_over(way, *envelope, None, deadline);
                self.exchange = Exchange::Answer(id);
                self.awaits_answer(deadline);
            }
            Step::Authenticate(evidence) => {
                let id = self.new_judgment();
                self.exchange = Exchange::Verdict(id);
                self.outputs.push_back(ClientOutput::Authenticate { id, evidence });
            }
            Step::Established => {
                self.exchange = Exchange::None;
                match self.phase {
                    Phase::Opening(_) if self.is_created_under_key() => self.renewed(at),
                    Phase::Opening(_) => self.secured(at),
                    Phase::Cancelling { .. } => self.end(),
                    Phase::Ended(_) => {}
                    _ => self.renewed(at),
                }
            }
        }
    }

    /// The key was renewed. A durable session goes on when it is kept.
    fn renewed(&mut self, at: &mut Moment<'_>) {
        if !self.keep_key() {
            self.outputs.push_back(ClientOutput::Renewed);
            self.renewed_over_link(at);
            self.send_waiting(at);
        }
    }

    fn trust_deadline(&self, now: Time) -> Time {
        let send = now + self.settings.send_timeout;
        match &self.phase {
            Phase::Opening(opening) => opening.deadline.min(send),
            // A renewal whose answer is lost holds up what is still to be answered before the end.
            Phase::Closing { until } => (*until).min(send),
            Phase::Cancelling { until } => *until,
            _ => send,
        }
    }

    /// The verdict about the service's certificate that is waited for.
    pub(super) fn authenticated(&mut self, verdict: Verdict, at: &mut Moment<'_>) {
        let step = self.security.authenticated(verdict, at);
        self.next_step(step, at);
    }

    /// The answer that the exchange waits for.
    pub(super) fn trust_answer(&mut self, answer: Answer, at: &mut Moment<'_>) {
        match answer {
            Answer::Message(envelope) => {
                let step = self.security.handle_reply(*envelope, at);
                self.reached.handshake_answers += u32::from(step.is_ok());
                self.next_step(step, at);
            }
            Answer::Empty => {
                let reason = "the service did not send back a reply (an empty response to a security token request)";
                let cause = TransportCause::Empty;
                self.trust_lost(TransportFailure { cause, reason: reason.to_owned() }, at);
            }
            Answer::Failed(failure) => self.trust_lost(failure, at),
        }
    }

    fn next_step(&mut self, step: Result<Step, ClientError>, at: &mut Moment<'_>) {
        match step {
            Ok(step) => self.step(step, at),
            Err(error) => {
                self.exchange = Exchange::None;
                self.trust_refused(error, at);
            }
        }
    }

    /// Gives up the exchange that is under way.
    pub(super) fn abandon_exchange(&mut self) {
        if std::mem::replace(&mut self.exchange, Exchange::None) != Exchange::None {
            self.security.abandon_exchange();
        }
    }

    fn trust_refused(&mut self, error: ClientError, at: &mut Moment<'_>) {
        match self.phase {
            Phase::Opening(_) if !self.is_created_under_key() => self.handshake_failed(error, at),
            Phase::Cancelling { .. } => {
                self.warn(format!("the security session was not cancelled: {error}"));
                self.end();
            }
            _ => {
                self.warn(format!("the session key was not renewed: {error}"));
                match ends_session(&error)
                    && !self.security.outlives_refusal()
                    && !self.outlives(&error)
                {
                    true => self.security_lost(error, at),
                    false => self.send_waiting(at),
                }
            }
        }
    }

    fn trust_lost(&mut self, failure: TransportFailure, at: &mut Moment<'_>) {
        self.abandon_exchange();
        match self.phase {
            Phase::Opening(_) if !self.is_created_under_key() => self.handshake_lost(failure, at),
            Phase::Cancelling { .. } => {
                self.warn(format!("the security session was not cancelled: {}", failure.reason));
                self.end();
            }
            _ => {
                // The old key goes on; the next message tries again.
                self.warn(format!("the session key was not renewed: {}", failure.reason));
                self.send_waiting(at);
            }
        }
    }

    pub(super) fn is_renewing(&self) -> bool {
        self.exchange != Exchange::None
    }

    /// Renews the key when it is old enough, or when the service demands it.
    pub(super) fn renew_when_due(&mut self, at: &mut Moment<'_>) {
        let goes_on = matches!(self.phase, Phase::Open | Phase::Closing { .. })
            || self.is_created_under_key();
        if self.is_renewing() || self.awaits_key() || !goes_on || !self.security.renewal_due(at) {
            return;
        }
        match self.security.renew(at) {
            Ok(step) => self.step(step, at),
            Err(error) => self.warn(format!("the session key was not renewed: {error}")),
        }
    }
}

/// What a message of the security protocol is to the one before it, as its action says.
fn leg_of(envelope: &Envelope) -> Leg {
    let action = envelope.action().unwrap_or_default();
    let is = |wanted| Dialect::ALL.into_iter().any(|d| TrustAction::of(&action, d) == Some(wanted));
    match () {
        () if is(TrustAction::NegotiationRequest) => Leg::First,
        () if is(TrustAction::NegotiationResponse) => Leg::Further,
        () => Leg::Alone,
    }
}

/// Whether what stopped a renewal ends the session. What fails in a negotiation is nobody's word, and where the service's
/// certificate is refused nothing was sent: the old key is as good as it was, and the next message tries again.
fn ends_session(error: &ClientError) -> bool {
    let refused = matches!(error, ClientError::UntrustedService { .. } | ClientError::Identity(_));
    error.ends_session() && !error.is_of_negotiation() && !refused
}
