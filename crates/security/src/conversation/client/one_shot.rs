//! The client without a session: every message stands for itself.

use jiff::Timestamp;
use waxwing_crypto::Certificate;
use waxwing_soap::{Envelope, Moment};

use super::super::error::{ClientError, FaultOrigin};
use super::super::evidence::Verdict;
use super::super::received::Received;
use super::bootstrap::{BootstrapToken, Purpose};
use super::classify::{failure, visible_fault};
use super::core::Core;
use super::exchange::{is_over, judge, renewal_delay};
use super::{Correlated, Correlation, Step, no_exchange, nobody_to_judge};
use crate::negotiation::{NegotiationClient, NegotiationStep};
use crate::trust::Lifetime;

/// The client's end of one-shot message security. A negotiated token is used for many messages.
pub struct OneShotClient {
    pub(super) core: Core,
    token: Option<BootstrapToken>,
    /// The life of a negotiated token and when it was received.
    lifetime: Option<(Lifetime, Timestamp)>,
    exchange: Option<Exchange>,
}

/// What must be done before the first message, and again when the token is old.
enum Exchange {
    /// The legs of a negotiation.
    Negotiation(Box<NegotiationClient>),
    /// The service's certificate, known beforehand, waits for a verdict.
    Known(Certificate),
    /// The same of a certificate that a negotiation brought.
    Shown(Box<NegotiationClient>, Certificate),
}

impl OneShotClient {
    pub(super) fn new(core: Core) -> Self {
        Self { core, token: None, lifetime: None, exchange: None }
    }

    pub(super) fn open(&mut self, at: &mut Moment<'_>) -> Result<Step, ClientError> {
        if self.exchange.is_some() {
            return Err(ClientError::State("a negotiation is under way"));
        }
        if self.core.options.is_by_transport() {
            self.token = Some(BootstrapToken::Transport);
            return Ok(Step::Established);
        }
        let known = self.core.known_certificate().cloned();
        if let Some((certificate, step)) = judge(known.into_iter().collect()) {
            self.exchange = Some(Exchange::Known(certificate));
            return Ok(step);
        }
        let (negotiation, first) = self.core.negotiate(at.random)?;
        self.exchange = Some(Exchange::Negotiation(Box::new(negotiation)));
        Ok(Step::Send(Box::new(first)))
    }

    pub(super) fn renew(&mut self, at: &mut Moment<'_>) -> Result<Step, ClientError> {
        self.open(at)
    }

    pub(super) fn handle_reply(
        &mut self,
        reply: Envelope,
        at: &mut Moment<'_>,
    ) -> Result<Step, ClientError> {
        match self.exchange.take() {
            Some(Exchange::Negotiation(mut negotiation)) => {
                let step = negotiation.handle_reply(reply, at)?;
                self.negotiated(negotiation, step, at.wall)
            }
            other => {
                self.exchange = other;
                Err(no_exchange())
            }
        }
    }

    pub(super) fn authenticated(
        &mut self,
        verdict: Verdict,
        at: &mut Moment<'_>,
    ) -> Result<Step, ClientError> {
        match self.exchange.take() {
            Some(Exchange::Known(certificate)) => {
                self.core.judged(&certificate, verdict)?;
                self.core.service_certificate = Some(certificate.clone());
                self.token = Some(self.core.token_of(certificate));
                Ok(Step::Established)
            }
            Some(Exchange::Shown(mut negotiation, certificate)) => {
                self.core.judged(&certificate, verdict)?;
                let step = negotiation.trusted(at)?;
                self.negotiated(negotiation, step, at.wall)
            }
            other => {
                self.exchange = other;
                Err(nobody_to_judge())
            }
        }
    }

    /// What a negotiation wants next.
    fn negotiated(
        &mut self,
        negotiation: Box<NegotiationClient>,
        step: NegotiationStep,
        now: Timestamp,
    ) -> Result<Step, ClientError> {
        match step {
            NegotiationStep::Send(envelope) => {
                self.exchange = Some(Exchange::Negotiation(negotiation));
                Ok(Step::Send(envelope))
            }
            NegotiationStep::Authenticate(chain) => {
                let (certificate, step) = judge(chain).ok_or_else(nobody_to_judge)?;
                self.exchange = Some(Exchange::Shown(negotiation, certificate));
                Ok(step)
            }
            NegotiationStep::Done(done) => {
                self.core.service_certificate = Some(done.certificate);
                self.token = Some(BootstrapToken::Context(done.token));
                self.lifetime = Some((done.lifetime, now));
                Ok(Step::Established)
            }
        }
    }

    pub(super) fn abandon_exchange(&mut self) {
        self.exchange = None;
    }

    pub(super) fn protect(
        &mut self,
        envelope: Envelope,
        at: &mut Moment<'_>,
    ) -> Result<(Envelope, Correlation), ClientError> {
        let token =
            self.token.clone().ok_or(ClientError::State("the security is not established yet"))?;
        let (envelope, correlation) =
            self.core.protect_alone(envelope, Purpose::Application, &token, None, at)?;
        Ok((envelope, Correlation(Correlated::OneShot(correlation))))
    }

    pub(super) fn verify(
        &mut self,
        reply: Envelope,
        correlation: &Correlation,
        now: Timestamp,
    ) -> Result<Received, ClientError> {
        let Correlated::OneShot(correlation) = &correlation.0 else {
            return Err(ClientError::State("the correlation is of another kind of security"));
        };
        let fault = visible_fault(&reply);
        let dialect = self.core.options.settings.dialect;
        let verified = self
            .core
            .verify_alone(reply, Purpose::Application, correlation, now)
            .map_err(|error| failure(fault, error, FaultOrigin::Call, dialect))?;
        Ok(Received::Verified(Box::new(verified)))
    }

    /// Whether the token's life is over: the service would refuse a message under it.
    pub(super) fn awaits_renewal(&self, now: Timestamp) -> bool {
        let lifetime = self.lifetime.as_ref();
        lifetime.is_some_and(|(lifetime, received)| is_over(lifetime, *received, now))
    }

    pub(super) fn renewal_due(&self, now: Timestamp) -> bool {
        let options = &self.core.options;
        self.lifetime.as_ref().is_some_and(|(lifetime, received)| {
            let percent = options.renewal_threshold_percent;
            let delay = renewal_delay(lifetime, percent, options.max_cookie_caching_time);
            now.duration_since(*received) >= delay
        })
    }
}
