//! The client without a session: every message stands for itself.

use jiff::Timestamp;
use waxwing_soap::{Envelope, RandomSource};

use super::super::error::{ClientError, FaultOrigin};
use super::super::received::Received;
use super::bootstrap::{BootstrapToken, Purpose};
use super::classify::{failure, visible_fault};
use super::core::Core;
use super::exchange::renewal_delay;
use super::{Correlated, Correlation, Step, no_exchange};
use crate::negotiation::{NegotiationClient, NegotiationStep};
use crate::trust::Lifetime;

/// The client's end of one-shot message security. A negotiated token is used for many messages.
pub struct OneShotClient {
    pub(super) core: Core,
    token: Option<BootstrapToken>,
    /// The life of a negotiated token and when it was received.
    lifetime: Option<(Lifetime, Timestamp)>,
    negotiation: Option<Box<NegotiationClient>>,
}

impl OneShotClient {
    pub(super) fn new(core: Core) -> Self {
        Self { core, token: None, lifetime: None, negotiation: None }
    }

    pub(super) fn open(
        &mut self,
        now: Timestamp,
        random: &mut dyn RandomSource,
    ) -> Result<Step, ClientError> {
        if let Some(token) = self.core.known_token(now)? {
            self.token = Some(token);
            return Ok(Step::Established);
        }
        if self.negotiation.is_some() {
            return Err(ClientError::State("a negotiation is under way"));
        }
        let (negotiation, first) = self.core.negotiate(random)?;
        self.negotiation = Some(Box::new(negotiation));
        Ok(Step::Send(Box::new(first)))
    }

    pub(super) fn renew(
        &mut self,
        now: Timestamp,
        random: &mut dyn RandomSource,
    ) -> Result<Step, ClientError> {
        self.open(now, random)
    }

    pub(super) fn handle_reply(
        &mut self,
        reply: Envelope,
        now: Timestamp,
        random: &mut dyn RandomSource,
    ) -> Result<Step, ClientError> {
        let mut negotiation = self.negotiation.take().ok_or_else(no_exchange)?;
        let core = &self.core;
        let mut check = |chain: &[waxwing_crypto::Certificate]| match chain.split_first() {
            Some((leaf, rest)) => core.check_service(leaf, rest, now),
            None => Err(ClientError::State("the service sent no certificate")),
        };
        match negotiation.handle_reply(reply, &mut check, now, random)? {
            NegotiationStep::Send(envelope) => {
                self.negotiation = Some(negotiation);
                Ok(Step::Send(envelope))
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
        self.negotiation = None;
    }

    pub(super) fn protect(
        &mut self,
        envelope: Envelope,
        now: Timestamp,
        random: &mut dyn RandomSource,
    ) -> Result<(Envelope, Correlation), ClientError> {
        let token =
            self.token.clone().ok_or(ClientError::State("the security is not established yet"))?;
        let (envelope, correlation) =
            self.core.protect_alone(envelope, Purpose::Application, &token, None, now, random)?;
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

    pub(super) fn renewal_due(&self, now: Timestamp) -> bool {
        let options = &self.core.options;
        self.lifetime.as_ref().is_some_and(|(lifetime, received)| {
            let percent = options.renewal_threshold_percent;
            let delay = renewal_delay(lifetime, percent, jiff::SignedDuration::MAX);
            now.duration_since(*received) >= delay
        })
    }
}
