//! Sessions are issued and renewed (WS-SecureConversation February 2005 §4, §5; 1.3 §4, §6).

use std::sync::Arc;

use jiff::Timestamp;
use waxwing_soap::{Moment, RandomSource, urn_uuid};
use zeroize::Zeroizing;

use super::super::caller::CallerIdentity;
use super::super::faults::make;
use super::super::options::Protection;
use super::alone::Accepted;
use super::error::ServiceError;
use super::reply::{AloneToken, Reply};
use super::request::Request;
use super::session::{Key, Session};
use super::{Incoming, SecuritySession, ServiceReply, ServiceSecurity};
use crate::crowd::Holder;
use crate::delivery::Delivery;
use crate::error::{Reason, Result};
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
    /// Answers a request of `caller` for a session or a new key of one.
    pub(super) fn issue_or_renew(
        &self,
        action: TrustAction,
        alone: &Accepted,
        request: &Request,
        at: &mut Moment<'_>,
    ) -> Incoming {
        let context = Reply::Alone(Arc::clone(&alone.reply));
        let refuse = |fault, error: ServiceError, at: &mut Moment<'_>| {
            self.refuse_secured(&context, request, &fault, error, at)
        };
        if self.is_closing() {
            return refuse(make::closing(request.version), ServiceError::Closing, at);
        }
        let wanted = match self.wanted(action, alone) {
            Ok(wanted) => wanted,
            Err(error) => {
                return refuse(make::invalid_request(), ServiceError::Request(error), at);
            }
        };
        let by_cookie = self.options.protection == Protection::Cookie;
        if wanted.session.is_none()
            && !by_cookie
            && let Err(busy) = self
                .sessions
                .has_room(Holder::new(request.delivery.peer, &alone.caller), &request.delivery)
        {
            return refuse(make::too_busy(), busy, at);
        }
        // A negotiated token serves one request; whoever comes second finds it gone. One in a cookie cannot go.
        if let AloneToken::Negotiated(token) = &alone.reply.token
            && token.sealed_by.is_none()
            && !self.tokens.take(&token.token.identifier)
        {
            let error = Reason::UnknownContext(token.token.identifier.clone());
            return self.refuse_error(request, error.into());
        }
        let (caller, delivery) = (&alone.caller, &request.delivery);
        let made = match by_cookie {
            true => self
                .make_cookie(&wanted.entropy, wanted.key_size, caller, delivery, at.random)
                .map(|response| (None, response)),
            false => self
                .make_key(wanted, caller, delivery, at.random)
                .map(|(session, response)| (Some(session), response)),
        };
        let (session, response) = match made {
            Ok(made) => made,
            Err(error) => {
                let fault = match &error {
                    ServiceError::TooManyPending(_) | ServiceError::TooManySessions(_) => {
                        make::too_busy()
                    }
                    _ => make::invalid_request(),
                };
                return refuse(fault, error, at);
            }
        };
        let reply_action = match action {
            TrustAction::Renew => TrustAction::RenewResponse,
            _ => TrustAction::IssueResponse,
        };
        let envelope = self.trust_reply(reply_action, &response, request);
        match self.protect(&context, envelope, at) {
            Ok(envelope) => {
                let mut reply = ServiceReply::answer(envelope);
                let place = match action {
                    TrustAction::Renew => &mut reply.renewed,
                    _ => &mut reply.began,
                };
                *place = session.map(SecuritySession);
                Incoming::Reply(Box::new(reply))
            }
            Err(error) => self.refuse(request, &make::invalid_request(), error),
        }
    }

    /// Reads and checks the request.
    fn wanted(&self, action: TrustAction, alone: &Accepted) -> Result<Wanted> {
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
            TrustAction::Renew if !self.options.can_renew => {
                let what = "the renewal of a session key (canRenewSecurityContextToken=\"false\")";
                return Err(Reason::Unsupported(what).into());
            }
            TrustAction::Renew => {
                let target = request.renew_target.ok_or(Reason::Missing("the RenewTarget"))?;
                Some(self.renewed_session(&target.identifier, alone)?)
            }
            _ => None,
        };
        Ok(Wanted { entropy, key_size, session })
    }

    /// The session to be renewed: its token endorsed the request, and its caller asks.
    fn renewed_session(&self, identifier: &str, alone: &Accepted) -> Result<Arc<Session>> {
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
            None => (self.options.mint.urn(random).into(), None),
            Some(session) => (session.identifier.clone(), Some(urn_uuid(random).into())),
        };
        let mut token = IssuedContextToken::new(dialect, ids.next_id(), identifier, instance);
        if let Some(mark) = &self.options.mark {
            token = token.with_cookie(mark);
        }
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
            basic_security_profile: self.options.bootstrap.basic_security_profile,
            proof: Some(ProofToken::ComputedKey(dialect.computed_key().into())),
            entropy: Some(secret),
            lifetime: Some(lifetime),
            key_size: Some(wanted.key_size),
            ..RequestSecurityTokenResponse::new(dialect)
        };
        Ok((session, response))
    }
}
