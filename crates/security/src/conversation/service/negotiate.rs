//! The negotiation that may precede a session or one-shot messages.

use std::sync::Arc;

use waxwing_crypto::Usage;
use waxwing_soap::{Envelope, Fault, Moment, RandomSource};

use super::super::caller::CallerIdentity;
use super::super::credentials::ClientIdentification;
use super::super::evidence::Evidence;
use super::super::faults::make;
use super::super::options::{Protection, ServiceLimits};
use super::authenticate::Authentication;
use super::error::ServiceError;
use super::reply::answer;
use super::request::Request;
use super::sealed::{Content, Purpose};
use super::tokens::NegotiatedToken;
use super::{Incoming, ServiceSecurity};
use crate::crowd::{Holder, Place};
use crate::negotiation::{
    FinishedHandshake, NegotiationError, NegotiationLimits, NegotiationOutcome, NegotiationRequest,
    TlsEngines,
};
use crate::trust::{Lifetime, TrustAction};
use crate::wsse::TokenKey;

impl ServiceSecurity {
    /// Whether a message is a leg of a negotiation, where clients negotiate: nothing protects those.
    pub(super) fn negotiates(&self, request: &Request) -> bool {
        let is_leg = matches!(
            request.trust,
            Some(TrustAction::NegotiationRequest | TrustAction::NegotiationResponse)
        );
        is_leg && !request.has_security && self.options.negotiation().is_some()
    }

    /// A leg of a negotiation.
    pub(super) fn negotiate(
        &self,
        envelope: &Envelope,
        request: &Request,
        at: &mut Moment<'_>,
    ) -> Incoming {
        let leg = match self.leg(request) {
            Ok(leg) => leg,
            Err(error) => return self.refuse_negotiation(request, error),
        };
        match self.negotiations.receive(envelope, &leg) {
            Err(error) => self.refuse_negotiation(request, error.into()),
            Ok(NegotiationOutcome::Continue(envelope)) => answer(self.address(*envelope, request)),
            Ok(NegotiationOutcome::Finished(finished)) => self.identify(finished, request, at),
        }
    }

    /// The handshake is over: who the client is must be known before it gets a token.
    fn identify(
        &self,
        finished: Box<FinishedHandshake>,
        request: &Request,
        at: &mut Moment<'_>,
    ) -> Incoming {
        let chain = match finished.peer_certificates() {
            Ok(chain) => chain,
            Err(error) => return self.refuse_negotiation(request, error.into()),
        };
        if self.options.clients != ClientIdentification::Certificate {
            let anonymous = Arc::new(CallerIdentity::Anonymous);
            return self.issue_token(*finished, anonymous, request, at);
        }
        match Evidence::of_chain(chain, Usage::Client) {
            Some(evidence) => Authentication::of_handshake(evidence, request.clone(), finished),
            None => self.refuse_negotiation(request, NegotiationError::NoCertificate.into()),
        }
    }

    /// The last answer of a negotiation, whose client is known now.
    pub(super) fn issue_token(
        &self,
        finished: FinishedHandshake,
        caller: Arc<CallerIdentity>,
        request: &Request,
        at: &mut Moment<'_>,
    ) -> Incoming {
        let seal = |token, key: &TokenKey, lifetime: Lifetime, random: &mut dyn RandomSource| {
            let Lifetime { created, expires } = lifetime;
            let caller = CallerIdentity::clone(&caller);
            let content = Content { key: key.clone(), caller, created, expires };
            Ok(self.cookies.issue(token, content, Purpose::Negotiated, random)?.0)
        };
        let issued = self.leg(request).and_then(|mut leg| {
            let mut ids = &self.ids;
            if self.options.cookies.negotiated {
                leg.seal = Some(&seal);
            }
            Ok(self.negotiations.complete(finished, &leg, &mut ids, at.random)?)
        });
        let issued = match issued {
            Ok(issued) => issued,
            Err(error) => return self.refuse_negotiation(request, error),
        };
        let envelope = self.address(issued.envelope, request);
        if self.options.cookies.negotiated {
            return answer(envelope);
        }
        let at = &request.delivery;
        self.tokens.insert(NegotiatedToken {
            token: issued.token,
            expires: issued.lifetime.expires,
            replay: self.own_memory(),
            place: Place { holder: Holder::new(at.peer, &caller), since: at.elapsed },
            caller,
            sealed_by: None,
        });
        answer(envelope)
    }

    /// What negotiations must know of a leg.
    fn leg<'a>(&'a self, request: &'a Request) -> Result<NegotiationRequest<'a>, ServiceError> {
        let engines: &dyn TlsEngines = match self.options.negotiation() {
            Some(engines) => engines.as_ref(),
            None => return Err(ServiceError::Configuration("this service does not negotiate")),
        };
        if self.is_closing() {
            return Err(ServiceError::Closing);
        }
        let limits = &self.options.limits;
        let token_lifetime = match self.options.protection {
            Protection::OneShot => limits.one_shot_token_lifetime,
            _ => limits.bootstrap_token_lifetime,
        };
        Ok(NegotiationRequest {
            settings: &self.options.bootstrap,
            action: request.trust,
            message_id: request.message_id.as_deref(),
            engines,
            token_lifetime,
            mint: self.options.mint,
            delivery: request.delivery,
            seal: None,
        })
    }

    /// The uniform fault for a negotiation that failed.
    pub(super) fn refuse_negotiation(&self, request: &Request, error: ServiceError) -> Incoming {
        let fault = match &error {
            ServiceError::Negotiation(error) => fault_of(error),
            ServiceError::Configuration(_) => make::invalid_request(),
            ServiceError::Closing => make::closing(request.version),
            _ => make::negotiation_failed(),
        };
        match &error {
            ServiceError::Negotiation(NegotiationError::UnknownContext(_))
                if self.options.durable =>
            {
                self.begin_again(request, &fault, error)
            }
            _ => self.refuse(request, &fault, error),
        }
    }

    /// Whether a request for a session is under a negotiated token that is not here: the process that issued it is gone, or is
    /// another one.
    pub(super) fn forgot_token(&self, request: &Request) -> bool {
        let held = self.options.negotiation().is_some() && !self.options.cookies.negotiated;
        let token = request.context.as_deref().filter(|_| self.options.durable && held);
        token.is_some_and(|token| self.tokens.find(token, request.delivery.now).is_none())
    }
}

fn fault_of(error: &NegotiationError) -> Fault {
    match error {
        NegotiationError::TooMany(_) => make::too_busy(),
        error if error.is_tls() => make::negotiation_failed(),
        _ => make::invalid_request(),
    }
}

/// The limits of negotiations among those of a service.
pub(super) fn limits_of(limits: &ServiceLimits) -> NegotiationLimits {
    NegotiationLimits {
        max: limits.max_negotiations,
        timeout: limits.negotiation_timeout.try_into().unwrap_or_default(),
        max_octets: limits.max_negotiation_octets,
    }
}
