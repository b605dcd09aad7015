//! The client of a security context session.

use jiff::Timestamp;
use smallvec::SmallVec;
use waxwing_soap::{Addressing, Envelope, Fault, Moment};

use super::super::ending::Ending;
use super::super::error::{ClientError, FaultOrigin};
use super::super::evidence::Verdict;
use super::super::faults::{SECURE_CONVERSATION_FAULT, SecurityFaultKind};
use super::super::keys_saved::{self, save_keys, save_token};
use super::super::received::Received;
use super::super::saved::{Generation, SavedClientContext};
use super::classify::{failure, visible_fault};
use super::core::{Core, Keys};
use super::exchange::{
    self, Exchange, Issued, Outcome, Renewed, Wanted, is_over, reference, renewal_delay,
    response_of, trust_message,
};
use super::{Correlated, Correlation, SessionCorrelation, Step};
use crate::error::{Reason, SecurityError};
use crate::mutation::{Mutation, broken};
use crate::protection::Direction;
use crate::trust::{ContextReference, Lifetime, RequestSecurityToken, TrustAction};
use crate::wsse::{
    self, ContextToken, Endorsing, Expectations, ExpectedToken, ProtectionPlan, ProtectionToken,
    SentSignature, SessionKeys, TokenPlacement, Verified,
};

/// Former keys under which replies are still accepted; more renewals within the rollover time than
/// this are not what a client does.
const MAX_FORMER_KEYS: usize = 4;

/// The client's end of a security context session: bootstrap, messages, renewal, cancellation.
pub struct SecureConversationClient {
    pub(super) core: Core,
    pub(super) session: Option<Session>,
    pub(super) exchange: Option<Exchange>,
}

pub(super) struct Session {
    pub(super) current: SessionKey,
    /// Former keys and until when replies under them are accepted.
    former: Vec<(SessionKeys, Timestamp)>,
    /// Of a service that knows generations by what references say ([`Issued::by_instance`]): the first key.
    first: Option<ContextToken>,
    /// The last renewal came to nothing: nobody waits for the next one.
    renewal_failed: bool,
    /// The service demanded a renewal.
    pub(super) renew_demanded: bool,
    /// In a duplex flow: which end has said its last.
    pub(super) ending: Ending,
}

impl Session {
    /// What a renewal is of.
    pub(super) fn renewed(&self) -> Renewed<'_> {
        let current = self.current.keys.token();
        Renewed { current, proof: self.first.as_ref().unwrap_or(current) }
    }
}

/// Where the token of a session stands: `first` is its first key, if it is by references that the service knows generations.
fn placement(first: Option<&ContextToken>) -> TokenPlacement {
    match first {
        None => TokenPlacement::Attached,
        Some(_) => TokenPlacement::AttachedByInstance,
    }
}

pub(super) struct SessionKey {
    pub(super) keys: SessionKeys,
    lifetime: Lifetime,
    /// When it was received by the client's own clock, so that clocks apart do not matter.
    received: Timestamp,
}

impl SecureConversationClient {
    pub(super) fn new(core: Core) -> Self {
        Self { core, session: None, exchange: None }
    }

    pub(super) fn open(&mut self, at: &mut Moment<'_>) -> Result<Step, ClientError> {
        if self.session.is_some() {
            return Err(ClientError::State("the security session is open already"));
        }
        self.start(Wanted::Issue, at)
    }

    pub(super) fn renew(&mut self, at: &mut Moment<'_>) -> Result<Step, ClientError> {
        if self.session.is_none() {
            return Err(not_open());
        }
        if !self.core.options.can_renew {
            return Err(ClientError::State("this binding does not allow to renew the session key"));
        }
        self.start(Wanted::Renew, at)
    }

    fn start(&mut self, wanted: Wanted, at: &mut Moment<'_>) -> Result<Step, ClientError> {
        let current = self.session.as_ref().map(Session::renewed);
        exchange::start(&mut self.core, &mut self.exchange, (wanted, current), at)
    }

    pub(super) fn handle_reply(
        &mut self,
        reply: Envelope,
        at: &mut Moment<'_>,
    ) -> Result<Step, ClientError> {
        if let Some(Exchange::Cancel { .. }) = &self.exchange
            && let Some(Exchange::Cancel { message_id, correlation }) = self.exchange.take()
        {
            let now = at.wall;
            let result = self.accept_cancel(reply, message_id.as_deref(), &correlation, now);
            self.session = None;
            return result.map(|()| Step::Established);
        }
        let current = self.session.as_ref().map(Session::renewed);
        match exchange::handle_reply(&mut self.core, &mut self.exchange, current, reply, at) {
            Ok(Outcome::Next(step)) => Ok(step),
            Ok(Outcome::Issued(issued)) => {
                self.adopt(*issued, at);
                Ok(Step::Established)
            }
            Err(error) => {
                self.renewal_failed();
                Err(error)
            }
        }
    }

    pub(super) fn authenticated(
        &mut self,
        verdict: Verdict,
        at: &mut Moment<'_>,
    ) -> Result<Step, ClientError> {
        let current = self.session.as_ref().map(Session::renewed);
        exchange::authenticated(&mut self.core, &mut self.exchange, current, verdict, at)
    }

    pub(super) fn abandon_exchange(&mut self) {
        self.exchange = None;
        self.renewal_failed();
    }

    fn renewal_failed(&mut self) {
        if let Some(session) = &mut self.session {
            session.renewal_failed = true;
        }
    }

    /// The new key is used from now on; the former one is kept for replies that are under way.
    pub(super) fn adopt(&mut self, issued: Issued, at: &mut Moment<'_>) {
        let now = at.wall;
        let (former, first, ending) = match self.session.take() {
            None => (Vec::new(), None, Ending::default()),
            Some(session) => {
                let first = issued.by_instance.then(|| session.renewed().proof.clone());
                let until = now.saturating_add(self.core.options.key_rollover).unwrap_or(now);
                let mut former = session.former;
                former.retain(|(_, until)| *until > now);
                former.truncate(MAX_FORMER_KEYS - 1);
                former.insert(0, (session.current.keys, until));
                // Who has said its last says nothing more under another key.
                (former, first, session.ending)
            }
        };
        let (settings, placement) = (&self.core.options.settings, placement(first.as_ref()));
        let keys =
            SessionKeys::new(issued.token, placement, settings, at.random, &mut self.core.ids);
        let current = SessionKey { keys, lifetime: issued.lifetime, received: now };
        self.session = Some(Session {
            current,
            former,
            first,
            renewal_failed: false,
            renew_demanded: false,
            ending,
        });
    }

    /// What is kept of the session: the generations of its key that replies may come under.
    pub(super) fn save(&self) -> Option<SavedClientContext> {
        let session = self.session.as_ref()?;
        let SessionKey { keys, lifetime, received } = &session.current;
        let mut saved = vec![save_keys(keys, Generation::Current, lifetime, Some(*received))];
        saved.extend(session.former.iter().map(|(keys, until)| {
            let lifetime = Lifetime { created: *received, expires: *until };
            save_keys(keys, Generation::Former(until.as_millisecond()), &lifetime, None)
        }));
        let first = session.first.as_ref();
        saved.extend(first.map(|first| save_token(first, Generation::First, lifetime, None)));
        Some(self.core.saved(saved, false))
    }

    /// Takes the session up again.
    pub(super) fn restore(
        &mut self,
        saved: &SavedClientContext,
        at: &mut Moment<'_>,
    ) -> Result<(), ClientError> {
        if self.session.is_some() || self.exchange.is_some() {
            return Err(ClientError::State("the security session is open already"));
        }
        let session = self.restored(saved, at).map_err(ClientError::NotRestored)?;
        self.core.restore_certificate(saved)?;
        self.session = Some(session);
        Ok(())
    }

    fn restored(
        &mut self,
        saved: &SavedClientContext,
        at: &mut Moment<'_>,
    ) -> Result<Session, &'static str> {
        let (mut current, mut former) = (None, Vec::new());
        let settings = &self.core.options.settings;
        let first = saved.keys.iter().find(|key| key.generation == Generation::First);
        let first = first.map(|first| keys_saved::token(first, settings)).transpose()?;
        let placement = placement(first.as_ref());
        for key in saved.keys.iter().filter(|key| key.generation != Generation::First) {
            let keys = keys_saved::keys(key, placement, settings, at.random, &mut self.core.ids)?;
            match key.generation {
                Generation::Current => {
                    let lifetime = keys_saved::lifetime(key)?;
                    let received = keys_saved::time(key.received)?;
                    current = Some(SessionKey { keys, lifetime, received });
                }
                Generation::Former(until) => former.push((keys, keys_saved::time(until)?)),
                Generation::Pending | Generation::First => {
                    return Err("a key in it is of a service");
                }
            }
        }
        former.truncate(MAX_FORMER_KEYS);
        let current = current.ok_or("no key in it is in use")?;
        let of_session = |token: &ContextToken| token.identifier == current.keys.token().identifier;
        if !former.iter().map(|(keys, _)| keys.token()).chain(&first).all(of_session) {
            return Err("a key in it is of another session");
        }
        let ending = Ending::default();
        let (renewal_failed, renew_demanded) = (false, false);
        Ok(Session { current, former, first, renewal_failed, renew_demanded, ending })
    }

    pub(super) fn protect(
        &mut self,
        mut envelope: Envelope,
        at: &mut Moment<'_>,
    ) -> Result<(Envelope, Correlation), ClientError> {
        let session = self.session.as_ref().ok_or_else(not_open)?;
        let message_id = envelope.addressing_text("MessageID").map(Into::into);
        let options = &self.core.options;
        let (settings, keys) = (&options.settings, &session.current.keys);
        let parts = self.core.parts_of(&envelope, &options.requirements)?;
        let plan = match options.is_by_transport() {
            false => ProtectionPlan::new(settings, &parts, ProtectionToken::Session(keys)),
            true => ProtectionPlan {
                endorsing: vec![Endorsing::Session(keys)],
                ..ProtectionPlan::new(settings, &parts, ProtectionToken::Transport)
            },
        };
        let mut sources =
            wsse::Sources { now: at.wall, random: at.random, ids: &mut self.core.ids };
        let sent =
            wsse::protect(&mut envelope, &plan, &mut sources).map_err(ClientError::Protect)?;
        let confirmed = self.core.options.confirms_in_session();
        let confirmations = if confirmed { sent } else { Vec::new() };
        let instance = session.current.keys.token().instance.clone();
        let correlation = SessionCorrelation { confirmations, message_id, instance };
        Ok((envelope, Correlation(Correlated::Session(correlation))))
    }

    pub(super) fn verify(
        &mut self,
        reply: Envelope,
        correlation: &Correlation,
        now: Timestamp,
    ) -> Result<Received, ClientError> {
        let Correlated::Session(correlation) = &correlation.0 else {
            return Err(ClientError::State("the reply belongs to no message of this session"));
        };
        let fault = visible_fault(&reply);
        let dialect = self.core.options.settings.dialect;
        let verified = self
            .verify_in_session(reply, &correlation.confirmations, now)
            .map_err(|error| failure(fault, error, FaultOrigin::Call, dialect))?;
        // One that another request drew says nothing of this one, which may have been executed: it must not be sent
        // again for it.
        if verified.action() == SECURE_CONVERSATION_FAULT
            && is_renew_needed(&verified)
            && (relates_to(&verified) == correlation.message_id || broken(Mutation::TakeAnyDemand))
        {
            // What was said of a key that was renewed meanwhile says nothing of the new one.
            let session = self.session.as_mut();
            let of_current = session
                .filter(|session| session.current.keys.token().instance == correlation.instance);
            of_current.into_iter().for_each(|session| session.renew_demanded = true);
            return Err(ClientError::RenewNeeded);
        }
        if self.was_overtaken(&verified, correlation) {
            return Err(ClientError::RenewNeeded);
        }
        Ok(Received::Verified(Box::new(verified)))
    }

    /// Whether the service could not verify a message since the key that protected it was renewed meanwhile: one that knows
    /// generations by references forgets all but the newest and the first. It did nothing with the message.
    fn was_overtaken(&self, verified: &Verified, correlation: &SessionCorrelation) -> bool {
        let Some(session) = self.session.as_ref().filter(|session| session.first.is_some()) else {
            return false;
        };
        session.current.keys.token().instance != correlation.instance
            && is_refusal(verified)
            && relates_to(verified) == correlation.message_id
    }

    pub(super) fn verify_in_session(
        &self,
        reply: Envelope,
        confirmations: &[SentSignature],
        now: Timestamp,
    ) -> Result<Verified, SecurityError> {
        let no_session = || SecurityError::new(Reason::UnknownContext("".into()));
        let session = self.session.as_ref().ok_or_else(no_session)?;
        let current = session.current.keys.token();
        let former = session.former.iter().filter(|(_, until)| *until > now).map(|(keys, _)| keys);
        let own: SmallVec<[&SessionKeys; 1 + MAX_FORMER_KEYS]> =
            std::iter::once(&session.current.keys).chain(former).collect();
        let known: SmallVec<[&ContextToken; 1 + MAX_FORMER_KEYS]> =
            own.iter().map(|keys| keys.token()).collect();
        let options = &self.core.options;
        let expect = Expectations {
            settings: &options.settings,
            requirements: &options.requirements,
            direction: Direction::Reply,
            protection: match options.is_by_transport() {
                false => ExpectedToken::ExternalContext { identifier: &current.identifier },
                true => ExpectedToken::Transport,
            },
            supporting: &[],
            confirmations,
            now,
            limits: &options.limits,
            replay: self.core.replay.as_ref(),
        };
        let verified = wsse::verify(reply, &expect, &Keys(&known))?;
        match own.iter().any(|keys| verified.is_reflected(keys)) {
            true => Err(Reason::Reflected.into()),
            false => Ok(verified),
        }
    }

    /// Such a service answers under the new key whatever was asked under the old one.
    pub(super) fn awaits_renewal(&self) -> bool {
        self.session
            .as_ref()
            .is_some_and(|session| session.first.is_some() && !session.renewal_failed)
            && self
                .exchange
                .as_ref()
                .is_some_and(|exchange| !matches!(exchange, Exchange::Cancel { .. }))
    }

    pub(super) fn renewal_due(&self, now: Timestamp) -> bool {
        let options = &self.core.options;
        let Some(session) = &self.session else { return false };
        let key = &session.current;
        let delay = renewal_delay(
            &key.lifetime,
            options.renewal_threshold_percent,
            options.key_renewal_interval,
        );
        let is_old = options.can_renew && now.duration_since(key.received) >= delay;
        session.renew_demanded || is_old
    }

    pub(super) fn is_key_over(&self, now: Timestamp) -> bool {
        let key = self.session.as_ref().map(|session| &session.current);
        key.is_some_and(|key| is_over(&key.lifetime, key.received, now))
    }

    pub(super) fn cancel(&mut self, at: &mut Moment<'_>) -> Result<Step, ClientError> {
        let Some(session) = &self.session else {
            return Ok(Step::Established);
        };
        if self.core.options.flow.is_duplex() {
            return Err(ClientError::State("a session of two directions ends by its last message"));
        }
        let target = reference(session.current.keys.token());
        let body = RequestSecurityToken::cancel_context(self.core.options.settings.dialect, target);
        let (envelope, message_id) =
            trust_message(&self.core, TrustAction::Cancel, &body, at.random);
        let (envelope, correlation) = self.protect(envelope, at)?;
        self.exchange = Some(Exchange::Cancel { message_id, correlation });
        Ok(Step::Send(Box::new(envelope)))
    }

    fn accept_cancel(
        &self,
        reply: Envelope,
        message_id: Option<&str>,
        correlation: &Correlation,
        now: Timestamp,
    ) -> Result<(), ClientError> {
        let confirmations = match &correlation.0 {
            Correlated::Session(correlation) => correlation.confirmations.as_slice(),
            _ => &[],
        };
        let origin = FaultOrigin::Cancel;
        let fault = visible_fault(&reply);
        let dialect = self.core.options.settings.dialect;
        let verified = self
            .verify_in_session(reply, confirmations, now)
            .map_err(|error| failure(fault, error, origin, dialect))?;
        let action = TrustAction::CancelResponse;
        let response = response_of(&verified, action, message_id, &self.core, origin)?;
        if response.token_cancelled {
            return Ok(());
        }
        let error = Reason::Missing("RequestedTokenCancelled").into();
        Err(ClientError::Response { origin, error })
    }

    /// The session's context, whatever the generation of its key.
    pub(super) fn context(&self) -> Option<ContextReference> {
        let session = self.session.as_ref()?;
        Some(ContextReference::new(session.current.keys.token().identifier.clone()))
    }
}

fn relates_to(verified: &Verified) -> Option<String> {
    Addressing::read(verified.envelope()).ok().and_then(|found| found.relates_to)
}

fn is_renew_needed(verified: &Verified) -> bool {
    demands_renewal(verified.envelope())
}

/// Whether a message is the fault that demands a new key.
pub(super) fn demands_renewal(envelope: &Envelope) -> bool {
    Fault::read(envelope)
        .is_some_and(|fault| SecurityFaultKind::of(&fault) == SecurityFaultKind::RenewNeeded)
}

fn is_refusal(verified: &Verified) -> bool {
    let kinds = [SecurityFaultKind::InvalidSecurity, SecurityFaultKind::BadContextToken];
    Fault::read(verified.envelope())
        .is_some_and(|fault| kinds.contains(&SecurityFaultKind::of(&fault)))
}

#[cold]
pub(super) fn not_open() -> ClientError {
    ClientError::State("the security session is not open")
}
