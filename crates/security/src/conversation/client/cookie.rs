//! The client of a security context whose state is in a cookie (https-and-proxies facts, §12): it asks for one as for a
//! session, brings the token along in every message as it came, and asks for another in time. There is no session to renew
//! or cancel; every message has derived keys of its own.

use jiff::Timestamp;
use waxwing_soap::{Envelope, Moment};

use super::super::error::{ClientError, FaultOrigin};
use super::super::evidence::Verdict;
use super::super::faults::SecurityFaultKind;
use super::super::keys_saved::{self, save_token};
use super::super::received::Received;
use super::super::saved::{Generation, SavedClientContext};
use super::classify::{failure, visible_fault};
use super::core::{Core, Keys};
use super::exchange::{self, Exchange, Issued, Outcome, Wanted, is_over, renewal_delay};
use super::{Correlated, Correlation, Step};
use crate::error::SecurityError;
use crate::protection::Direction;
use crate::wsse::{
    self, ContextToken, Endorsing, Expectations, ExpectedToken, ProtectionPlan, ProtectionToken,
    SentSignature, Sources, TokenPlacement, Verified,
};

/// The client's end of a security context in a cookie.
pub struct CookieClient {
    pub(super) core: Core,
    context: Option<Context>,
    exchange: Option<Exchange>,
}

struct Context {
    issued: Issued,
    /// When it was received by the client's own clock, so that clocks apart do not matter.
    received: Timestamp,
    /// The service has answered a message under it.
    accepted: bool,
    /// The service has no use for it any more.
    refused: bool,
}

impl Context {
    fn is_of(&self, correlation: &CookieCorrelation) -> bool {
        self.issued.token.identifier == correlation.token.identifier
    }

    /// Whether its life is over, by the client's own clock.
    fn is_over(&self, now: Timestamp) -> bool {
        is_over(&self.issued.lifetime, self.received, now)
    }
}

/// What a reply to a message must show. It knows its own context, which may have been replaced meanwhile.
#[derive(Debug)]
pub(super) struct CookieCorrelation {
    token: ContextToken,
    confirmations: Vec<SentSignature>,
}

impl CookieClient {
    pub(super) fn new(core: Core) -> Self {
        Self { core, context: None, exchange: None }
    }

    pub(super) fn open(&mut self, at: &mut Moment<'_>) -> Result<Step, ClientError> {
        exchange::start(&mut self.core, &mut self.exchange, (Wanted::Issue, None), at)
    }

    pub(super) fn handle_reply(
        &mut self,
        reply: Envelope,
        at: &mut Moment<'_>,
    ) -> Result<Step, ClientError> {
        match exchange::handle_reply(&mut self.core, &mut self.exchange, None, reply, at)? {
            Outcome::Next(step) => Ok(step),
            Outcome::Issued(issued) => {
                let (issued, received) = (*issued, at.wall);
                self.context = Some(Context { issued, received, accepted: false, refused: false });
                Ok(Step::Established)
            }
        }
    }

    pub(super) fn authenticated(
        &mut self,
        verdict: Verdict,
        at: &mut Moment<'_>,
    ) -> Result<Step, ClientError> {
        exchange::authenticated(&mut self.core, &mut self.exchange, None, verdict, at)
    }

    pub(super) fn abandon_exchange(&mut self) {
        self.exchange = None;
    }

    /// What is kept of the context. None of one that the service refused.
    pub(super) fn save(&self) -> Option<SavedClientContext> {
        let context = self.context.as_ref().filter(|context| !context.refused)?;
        let Issued { token, lifetime, .. } = &context.issued;
        let key = save_token(token, Generation::Current, lifetime, Some(context.received));
        Some(self.core.saved(vec![key], context.accepted))
    }

    /// Takes the context up again.
    pub(super) fn restore(&mut self, saved: &SavedClientContext) -> Result<(), ClientError> {
        if self.context.is_some() || self.exchange.is_some() {
            return Err(ClientError::State("there is a security context already"));
        }
        let context = self.restored(saved).map_err(ClientError::NotRestored)?;
        self.core.restore_certificate(saved)?;
        self.context = Some(context);
        Ok(())
    }

    fn restored(&self, saved: &SavedClientContext) -> Result<Context, &'static str> {
        let key = saved.keys.iter().find(|key| key.generation == Generation::Current);
        let key = key.ok_or("no key in it is in use")?;
        let token = keys_saved::token(key, &self.core.options.settings)?;
        let lifetime = keys_saved::lifetime(key)?;
        let issued = Issued { token, lifetime, by_instance: false };
        let received = keys_saved::time(key.received)?;
        Ok(Context { issued, received, accepted: saved.accepted, refused: false })
    }

    pub(super) fn protect(
        &mut self,
        mut envelope: Envelope,
        at: &mut Moment<'_>,
    ) -> Result<(Envelope, Correlation), ClientError> {
        let context = self.context.as_ref();
        let context = context.ok_or(ClientError::State("there is no security context yet"))?;
        let token = &context.issued.token;
        let options = &self.core.options;
        let parts = self.core.parts_of(&envelope, &options.requirements)?;
        let by_transport = options.is_by_transport();
        let protection = match by_transport {
            false => ProtectionToken::Context(token, TokenPlacement::Attached),
            true => ProtectionToken::Transport,
        };
        let mut plan = ProtectionPlan::new(&options.settings, &parts, protection);
        plan.endorsing.extend(by_transport.then_some(Endorsing::Context(token)));
        let mut sources = Sources { now: at.wall, random: at.random, ids: &mut self.core.ids };
        let sent =
            wsse::protect(&mut envelope, &plan, &mut sources).map_err(ClientError::Protect)?;
        let confirmations = if options.confirms_in_session() { sent } else { Vec::new() };
        let correlation = CookieCorrelation { token: token.clone(), confirmations };
        Ok((envelope, Correlation(Correlated::Cookie(Box::new(correlation)))))
    }

    pub(super) fn verify(
        &mut self,
        reply: Envelope,
        correlation: &Correlation,
        now: Timestamp,
    ) -> Result<Received, ClientError> {
        let Correlated::Cookie(correlation) = &correlation.0 else {
            return Err(ClientError::State("the correlation is of another kind of security"));
        };
        let fault = visible_fault(&reply);
        let dialect = self.core.options.settings.dialect;
        let verified = self.verify_reply(reply, correlation, now).map_err(|error| {
            let error = failure(fault, error, FaultOrigin::Call, dialect);
            self.consider(error, correlation, now)
        })?;
        if let Some(context) = self.context.as_mut().filter(|context| context.is_of(correlation)) {
            context.accepted = true;
        }
        Ok(Received::Verified(Box::new(verified)))
    }

    fn verify_reply(
        &self,
        reply: Envelope,
        correlation: &CookieCorrelation,
        now: Timestamp,
    ) -> Result<Verified, SecurityError> {
        let (options, token) = (&self.core.options, &correlation.token);
        let expect = Expectations {
            settings: &options.settings,
            requirements: &options.requirements,
            direction: Direction::Reply,
            protection: match options.is_by_transport() {
                false => ExpectedToken::ExternalContext { identifier: &token.identifier },
                true => ExpectedToken::Transport,
            },
            supporting: &[],
            confirmations: &correlation.confirmations,
            now,
            limits: &options.limits,
            replay: self.core.replay.as_ref(),
        };
        wsse::verify(reply, &expect, &Keys(&[token]))
    }

    /// A service that cannot use the context says so, unsecured: anybody may have. There is no session that it could end;
    /// at worst another context is asked for without need.
    fn consider(
        &mut self,
        error: ClientError,
        correlation: &CookieCorrelation,
        now: Timestamp,
    ) -> ClientError {
        let (fault, kind, origin) = match error {
            ClientError::Fault { fault, kind, origin, .. } => (fault, kind, origin),
            error => return error,
        };
        if kind != SecurityFaultKind::BadContextToken {
            return ClientError::Fault { fault, kind, origin, ends_session: false };
        }
        // What is said of one that was replaced meanwhile says nothing of the one in use.
        let unproven = match &mut self.context {
            Some(context) if context.is_of(correlation) => {
                context.refused = true;
                !context.accepted && !context.is_over(now)
            }
            _ => false,
        };
        ClientError::ContextRefused { fault, accepted_before: !unproven }
    }

    /// Whether messages had better wait for another context: the service has no use for this one.
    pub(super) fn awaits_renewal(&self, now: Timestamp) -> bool {
        self.context.as_ref().is_some_and(|context| context.refused || context.is_over(now))
    }

    /// Whether there is a context that the service did not refuse.
    pub(super) fn is_good(&self) -> bool {
        self.context.as_ref().is_some_and(|context| !context.refused)
    }

    pub(super) fn renewal_due(&self, now: Timestamp) -> bool {
        let options = &self.core.options;
        self.context.as_ref().is_some_and(|context| {
            let lifetime = &context.issued.lifetime;
            let percent = options.renewal_threshold_percent;
            let delay = renewal_delay(lifetime, percent, options.max_cookie_caching_time);
            context.refused || now.duration_since(context.received) >= delay
        })
    }

    /// Nothing is told to the service, which remembers nothing.
    pub(super) fn forget(&mut self) {
        self.context = None;
        self.exchange = None;
    }
}
