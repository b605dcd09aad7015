//! Sessions are issued and renewed (WS-SecureConversation February 2005 §4, §5; 1.3 §4, §6), and
//! the negotiation that may precede.

use std::sync::Arc;

use jiff::Timestamp;
use waxwing_crypto::Certificate;
use waxwing_soap::{Envelope, RandomSource, urn_uuid};
use zeroize::Zeroizing;

use super::super::caller::CallerIdentity;
use super::super::credentials::ClientIdentification;
use super::super::faults::make;
use super::super::options::Protection;
use super::authenticate::trusted_client;
use super::bootstrap::Alone;
use super::error::ServiceError;
use super::reply::{AloneToken, Reply, reply};
use super::route::Request;
use super::session::{Key, Session};
use super::tokens::NegotiatedToken;
use super::{Incoming, SecuritySession, ServiceReply, ServiceSecurity};
use crate::crowd::{Holder, Place};
use crate::delivery::Delivery;
use crate::error::{Reason, Result};
use crate::negotiation::{NegotiationError, NegotiationOutcome, NegotiationRequest};
use crate::trust::{
    BinarySecret, IssuedContextToken, Lifetime, ProofToken, RequestSecurityToken,
    RequestSecurityTokenResponse, RequestType, TrustAction, combine_entropy, is_key_size_supported,
};
use crate::wsse::{IdSource, SessionKeys, TokenKey, TokenPlacement};

/// What a request for a key asks for, after it was checked.
struct Wanted {
    entropy: BinarySecret,
    key_size: u32,
    /// The session to be renewed.
    session: Option<Arc<Session>>,
}

impl ServiceSecurity {
    pub(super) fn issue_or_renew(
        &self,
        action: TrustAction,
        envelope: Envelope,
        request: &Request,
        now: Timestamp,
        random: &mut dyn RandomSource,
    ) -> Incoming {
        let alone = match self.verify_alone(envelope, request, Some(action), now) {
            Ok(alone) => alone,
            Err(error) => return self.refuse_alone(request, error),
        };
        let context = Reply::Alone(Arc::clone(&alone.reply));
        let refuse = |fault, error: ServiceError, random: &mut dyn RandomSource| {
            self.refuse_secured(&context, request, &fault, error, now, random)
        };
        if self.is_closing() {
            return refuse(make::closing(request.version), ServiceError::Closing, random);
        }
        let wanted = match self.wanted(action, &alone) {
            Ok(wanted) => wanted,
            Err(error) => {
                return refuse(make::invalid_request(), ServiceError::Request(error), random);
            }
        };
        if wanted.session.is_none()
            && let Err(busy) = self
                .sessions
                .has_room(Holder::new(request.delivery.peer, &alone.caller), &request.delivery)
        {
            return refuse(make::too_busy(), busy, random);
        }
        // A negotiated token serves one request; whoever comes second finds it gone.
        if let AloneToken::Negotiated(token) = &alone.reply.token
            && !self.tokens.take(&token.token.identifier)
        {
            let error = Reason::UnknownContext(token.token.identifier.clone());
            return self.refuse_error(request, error.into());
        }
        let made = self.make_key(wanted, &alone.caller, &request.delivery, random);
        let (session, response) = match made {
            Ok(made) => made,
            Err(error) => {
                let fault = match &error {
                    ServiceError::TooManyPending(_) | ServiceError::TooManySessions(_) => {
                        make::too_busy()
                    }
                    _ => make::invalid_request(),
                };
                return refuse(fault, error, random);
            }
        };
        let reply_action = match action {
            TrustAction::Renew => TrustAction::RenewResponse,
            _ => TrustAction::IssueResponse,
        };
        let envelope = self.trust_reply(reply_action, &response, request);
        match self.protect(&context, envelope, now, random) {
            Ok(envelope) => Incoming::Reply(Box::new(ServiceReply {
                began: (action == TrustAction::Issue).then_some(SecuritySession(session)),
                ..ServiceReply::new(200, envelope, None)
            })),
            Err(error) => self.refuse(request, &make::invalid_request(), error),
        }
    }

    /// Reads and checks the request.
    fn wanted(&self, action: TrustAction, alone: &Alone) -> Result<Wanted> {
        let settings = &self.options.settings;
        let dialect = settings.dialect;
        let payload = alone
            .verified
            .envelope()
            .payload()
            .ok_or(Reason::Missing("the RequestSecurityToken"))?;
        let request = RequestSecurityToken::read(payload, dialect)?;
        let expected_type = match action {
            TrustAction::Renew => RequestType::Renew,
            _ => RequestType::Issue,
        };
        if request.request_type != expected_type {
            let expected = "what the Action says";
            return Err(Reason::Malformed { what: "the RequestType", expected }.into());
        }
        if request.token_type.as_deref().is_some_and(|t| t != dialect.context_token_type()) {
            return Err(Reason::Unsupported("a TokenType other than a security context").into());
        }
        let default = settings.suite.default_key_length() as u32 * 8;
        let key_size = request.key_size.unwrap_or(default);
        if !is_key_size_supported(settings, key_size) {
            let (value, limit) = (u64::from(key_size), u64::from(default));
            return Err(Reason::OutOfRange { what: "KeySize", value, limit }.into());
        }
        let entropy = request.entropy.ok_or(Reason::Missing("the client's Entropy"))?;
        let session = match action {
            TrustAction::Renew => {
                let target = request.renew_target.ok_or(Reason::Missing("the RenewTarget"))?;
                Some(self.renewed_session(&target.identifier, alone)?)
            }
            _ => None,
        };
        Ok(Wanted { entropy, key_size, session })
    }

    /// The session to be renewed: its token endorsed the request, and its caller asks.
    fn renewed_session(&self, identifier: &str, alone: &Alone) -> Result<Arc<Session>> {
        let proven = alone.verified.endorsing_context();
        let proven = proven.filter(|proven| proven.identifier() == identifier);
        let session = proven.and_then(|proven| self.sessions.find(proven.identifier()));
        let session = session.ok_or(Reason::ForeignContext)?;
        // The endorsement is the proof. Where clients say who they are it must be the same one, too.
        let known = session.caller.is_authenticated() || alone.caller.is_authenticated();
        if known && !session.caller.is_same(&alone.caller) {
            return Err(Reason::Untrusted("another caller renews the session".into()).into());
        }
        Ok(session)
    }

    /// Draws the service's entropy, makes the key, and the session or the new generation of its key.
    fn make_key(
        &self,
        wanted: Wanted,
        caller: &Arc<CallerIdentity>,
        at: &Delivery,
        random: &mut dyn RandomSource,
    ) -> Result<(Arc<Session>, RequestSecurityTokenResponse), ServiceError> {
        let now = at.now;
        let settings = &self.options.settings;
        let dialect = settings.dialect;
        let mut entropy = Zeroizing::new(vec![0; (wanted.key_size / 8) as usize]);
        random.fill(&mut entropy);
        let key = combine_entropy(&wanted.entropy.octets, &entropy, wanted.key_size);
        let expires = now.saturating_add(self.options.limits.session_key_lifetime);
        let lifetime = Lifetime { created: now, expires: expires.unwrap_or(Timestamp::MAX) };
        let mut ids = &self.ids;
        let (identifier, instance) = match &wanted.session {
            None => (urn_uuid(random).into(), None),
            Some(session) => (session.identifier.clone(), Some(urn_uuid(random).into())),
        };
        let token = IssuedContextToken::new(dialect, ids.next_id(), identifier, instance);
        let secret = BinarySecret::nonce(ids.next_id(), entropy);
        let placement = TokenPlacement::External;
        let context = token.with_key(TokenKey::new(key));
        let keys = Arc::new(SessionKeys::new(context, placement, settings, random, &mut ids));
        let key = Key { keys, lifetime };
        let session = match wanted.session {
            None => {
                let caller = Arc::clone(caller);
                let identifier = token.identifier.clone();
                let session = Session::new(identifier, caller, key, self.own_memory(), at);
                let session = Arc::new(session);
                self.sessions.insert(Arc::clone(&session), at)?;
                session
            }
            Some(session) => {
                session.add_pending(key, self.options.limits.max_pending_keys);
                session
            }
        };
        let response = RequestSecurityTokenResponse {
            token_type: Some(dialect.context_token_type().into()),
            token: Some(token),
            proof: Some(ProofToken::ComputedKey(dialect.computed_key().into())),
            entropy: Some(secret),
            lifetime: Some(lifetime),
            key_size: Some(wanted.key_size),
            ..RequestSecurityTokenResponse::new(dialect)
        };
        Ok((session, response))
    }

    /// A leg of a negotiation.
    pub(super) fn negotiate(
        &self,
        envelope: Envelope,
        request: &Request,
        now: Timestamp,
        random: &mut dyn RandomSource,
    ) -> Incoming {
        let Some(engines) = &self.options.negotiation else {
            return self.refuse(
                request,
                &make::invalid_request(),
                ServiceError::Configuration("this service does not negotiate"),
            );
        };
        if self.is_closing() {
            return self.refuse(request, &make::closing(request.version), ServiceError::Closing);
        }
        let limits = &self.options.limits;
        let token_lifetime = match self.options.protection {
            Protection::OneShot => limits.one_shot_token_lifetime,
            _ => limits.bootstrap_token_lifetime,
        };
        let leg = NegotiationRequest {
            settings: &self.options.bootstrap,
            action: request.trust,
            message_id: request.message_id.as_deref(),
            engines: engines.as_ref(),
            token_lifetime,
            delivery: request.delivery,
        };
        let mut caller = None;
        let mut check = |chain: &[Certificate]| {
            let found = self.negotiated_caller(chain, now)?;
            caller = Some(found);
            Ok(())
        };
        let mut ids = &self.ids;
        let outcome = self.negotiations.receive(&envelope, &leg, &mut check, &mut ids, random);
        match outcome {
            Err(error) => {
                let fault = match &error {
                    ServiceError::Negotiation(error) => negotiation_fault(error),
                    _ => make::negotiation_failed(),
                };
                self.refuse(request, &fault, error)
            }
            Ok(NegotiationOutcome::Continue(envelope)) => reply(200, *envelope, None),
            Ok(NegotiationOutcome::Complete { envelope, token, lifetime }) => {
                let caller = Arc::new(caller.unwrap_or(CallerIdentity::Anonymous));
                let expires = lifetime.expires;
                let at = &request.delivery;
                let place = Place { holder: Holder::new(at.peer, &caller), since: at.elapsed };
                let replay = self.own_memory();
                self.tokens.insert(NegotiatedToken { token, caller, expires, replay, place });
                reply(200, *envelope, None)
            }
        }
    }

    /// Whom the handshake identified.
    fn negotiated_caller(
        &self,
        chain: &[Certificate],
        now: Timestamp,
    ) -> Result<CallerIdentity, ServiceError> {
        let ClientIdentification::Certificate(trust) = &self.options.clients else {
            return Ok(CallerIdentity::Anonymous);
        };
        let Some((leaf, rest)) = chain.split_first() else {
            return Err(NegotiationError::NoCertificate.into());
        };
        trusted_client(trust.as_ref(), leaf, rest, now)
    }
}

fn negotiation_fault(error: &NegotiationError) -> waxwing_soap::Fault {
    match error {
        NegotiationError::TooMany(_) => make::too_busy(),
        error if error.is_tls() => make::negotiation_failed(),
        _ => make::invalid_request(),
    }
}
