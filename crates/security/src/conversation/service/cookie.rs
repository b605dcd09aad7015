//! Security contexts that the service does not remember (`requireSecurityContextCancellation="false"`): their key and
//! caller go out sealed in the token, and come back with every message (https-and-proxies facts, §12).
//!
//! What was opened is remembered for a while, so that a message costs no more than one under a token that is held; nothing
//! depends on it. There is no session: no renewal, no cancellation, and every message stands for itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use waxwing_crypto::SealingKeyId;
use waxwing_soap::{Envelope, Moment, RandomSource};
use waxwing_xml::Element;
use zeroize::Zeroizing;

use super::super::binding::BindingKind;
use super::super::caller::CallerIdentity;
use super::super::cookie_keys::CookieKeys;
use super::super::credentials::ClientIdentification;
use super::super::options::ServiceOptions;
use super::super::received::Received;
use super::bootstrap::is_answer;
use super::error::ServiceError;
use super::reply::{AloneReply, AloneToken, Reply};
use super::request::{Request, context_of};
use super::route::proven_context;
use super::sealed::{self, Clear, Content, MAX_COOKIE, Purpose, Scope};
use super::tokens::NegotiatedToken;
use super::{Incoming, ReplyContext, SecuredMessage, ServiceSecurity};
use crate::crowd::{Holder, Place};
use crate::delivery::Delivery;
use crate::error::{CookieProblem, Reason, Result};
use crate::protection::Direction;
use crate::trust::{
    BinarySecret, IssuedContextToken, Lifetime, ProofToken, RequestSecurityTokenResponse,
    TrustAction, combine_entropy, decode_base64,
};
use crate::wsse::{
    self, ContextUse, Expectations, IdSource, ProvenContext, TokenKey, TokenResolver, Verified,
};

/// The part of the remembered contexts that goes when there is no room: the oldest fifth, as WCF's.
const EVICTED_PART: usize = 5;

/// The cookies of a service.
pub(super) struct Cookies {
    keys: CookieKeys,
    scope: Scope,
    opened: Mutex<Opened>,
    /// How many contexts are remembered at most.
    max: usize,
}

/// Contexts that were issued or opened here.
#[derive(Default)]
struct Opened {
    contexts: HashMap<Box<str>, Known>,
    /// How many were entered.
    entered: u64,
}

struct Known {
    number: u64,
    purpose: Purpose,
    token: Arc<NegotiatedToken>,
}

/// What a token says of its context.
struct Claim<'a> {
    clear: Clear<'a>,
    cookie: Option<Element<'a>>,
}

impl Cookies {
    pub(super) fn new(options: &ServiceOptions, random: &mut dyn RandomSource) -> Self {
        let settings = &options.settings;
        let keys = options.cookies.keys.clone();
        let clients = match options.clients {
            ClientIdentification::None => "anybody",
            ClientIdentification::UserName => "user name",
            ClientIdentification::Certificate => "certificate",
        };
        // What protects the first messages protects the others: a signature is over less where the transport protects.
        let binding = match options.kind() {
            Some(BindingKind::Symmetric) => "symmetric",
            Some(BindingKind::Negotiated) => "negotiated",
            Some(BindingKind::Asymmetric) => "asymmetric",
            Some(BindingKind::Transport) => "transport",
            None => "none",
        };
        Self {
            keys: keys.unwrap_or_else(|| CookieKeys::of_this_process(random)),
            scope: Scope {
                dialect: settings.dialect,
                suite: settings.suite.name(),
                endpoint: format!("{clients} {binding} {}", options.cookies.scope).into(),
            },
            opened: Mutex::default(),
            max: options.limits.max_cached_cookies.max(1),
        }
    }

    /// The context that the message's first token names: known here, or opened.
    ///
    /// # Errors
    /// There is none, or its cookie cannot be used: the peer hears `BadContextToken`.
    pub(super) fn find(
        &self,
        envelope: &Envelope,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<Arc<NegotiatedToken>> {
        let dialect = self.scope.dialect;
        let token = context_of(envelope, dialect);
        let token = token.ok_or(Reason::Missing("the SecurityContextToken"))?;
        let claim = Claim {
            clear: Clear {
                identifier: token.identifier.as_deref().unwrap_or_default().trim(),
                instance: token.instance.as_deref().map(str::trim),
                id: token.id,
            },
            cookie: token.cookie,
        };
        match self.known(claim.clear, purpose, now) {
            Some(token) => Ok(token),
            None => self.open(&claim, purpose, now),
        }
    }

    /// Known here, as the token says it, and still good.
    fn known(
        &self,
        clear: Clear<'_>,
        purpose: Purpose,
        now: Timestamp,
    ) -> Option<Arc<NegotiatedToken>> {
        let opened = self.lock();
        let known = opened.contexts.get(clear.identifier)?;
        let token = &known.token.token;
        let same = known.purpose == purpose
            && &*token.id == clear.id
            && token.instance.as_deref() == clear.instance;
        (same && self.is_good(&known.token, now)).then(|| Arc::clone(&known.token))
    }

    /// Whether the token of a message is still good after its sender was judged.
    pub(super) fn is_good(&self, token: &NegotiatedToken, now: Timestamp) -> bool {
        token.expires > now && token.sealed_by.is_some_and(|id| self.is_trusted(id))
    }

    /// Whether a key that sealed something is still in the ring.
    fn is_trusted(&self, key: SealingKeyId) -> bool {
        self.keys.current().find(key).is_some()
    }

    fn open(
        &self,
        claim: &Claim<'_>,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<Arc<NegotiatedToken>> {
        let Clear { identifier, instance, id } = claim.clear;
        let Some(cookie) = claim.cookie else {
            let instance = instance.map(Into::into);
            return Err(Reason::NotRegistered { identifier: identifier.into(), instance }.into());
        };
        // Looked at only as far as its length before anything is made of it.
        let octets = decode_base64(&cookie.text(), "the Cookie", MAX_COOKIE);
        let octets = octets.map_err(|_| Reason::Cookie(CookieProblem::Encoding))?;
        let ring = self.keys.current();
        let content = sealed::open(&ring, (&self.scope, purpose), claim.clear, &octets, now)?;
        let sealed_by = sealed::key_of(&octets).ok_or(Reason::Cookie(CookieProblem::Encoding))?;
        let token =
            IssuedContextToken::new(self.scope.dialect, id, identifier, instance.map(Into::into));
        Ok(self.enter(&token, content, sealed_by, purpose))
    }

    /// Remembers a context.
    fn enter(
        &self,
        token: &IssuedContextToken,
        content: Content,
        sealed_by: SealingKeyId,
        purpose: Purpose,
    ) -> Arc<NegotiatedToken> {
        let Content { key, caller, expires, .. } = content;
        let place = Place { holder: Holder::nobody(), since: std::time::Duration::ZERO };
        let token = Arc::new(NegotiatedToken {
            token: token.with_key(key),
            caller: Arc::new(caller),
            expires,
            replay: None,
            place,
            sealed_by: Some(sealed_by),
        });
        let mut opened = self.lock();
        if opened.contexts.len() >= self.max {
            opened.evict(self.max);
        }
        opened.entered += 1;
        let number = opened.entered;
        let known = Known { number, purpose, token: Arc::clone(&token) };
        opened.contexts.insert(token.token.identifier.clone(), known);
        token
    }

    /// Seals a context into its token, and remembers it.
    ///
    /// # Errors
    /// As for [`sealed::seal`].
    pub(super) fn issue(
        &self,
        token: IssuedContextToken,
        content: Content,
        purpose: Purpose,
        random: &mut dyn RandomSource,
    ) -> Result<(IssuedContextToken, Arc<NegotiatedToken>)> {
        let ring = self.keys.current();
        let clear = Clear {
            identifier: &token.identifier,
            instance: token.instance.as_deref(),
            id: &token.id,
        };
        let octets = sealed::seal(&ring, (&self.scope, purpose), clear, &content, random)?;
        let token = token.with_cookie(&octets);
        let held = self.enter(&token, content, ring.first().id(), purpose);
        Ok((token, held))
    }

    pub(super) fn sweep(&self, now: Timestamp) {
        self.lock().contexts.retain(|_, known| known.token.expires > now);
    }

    pub(super) fn len(&self) -> usize {
        self.lock().contexts.len()
    }

    fn lock(&self) -> MutexGuard<'_, Opened> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Opened {
    /// The oldest fifth goes.
    fn evict(&mut self, max: usize) {
        let mut numbers: Vec<u64> = self.contexts.values().map(|known| known.number).collect();
        let last = (max / EVICTED_PART).min(numbers.len() - 1);
        let (_, youngest, _) = numbers.select_nth_unstable(last);
        let youngest = *youngest;
        self.contexts.retain(|_, known| known.number > youngest);
    }
}

impl ServiceSecurity {
    /// An endpoint whose contexts are in cookies: requests for one, and messages under one.
    pub(super) fn receive_by_cookie(
        &self,
        envelope: Envelope,
        request: &Request,
        at: &mut Moment<'_>,
    ) -> Incoming {
        if self.negotiates(request) {
            return self.negotiate(&envelope, request, at);
        }
        match request.trust {
            Some(TrustAction::Issue) if request.has_security => {
                self.receive_alone(envelope, request, Some(TrustAction::Issue), at)
            }
            // Nothing is held that could be renewed or cancelled.
            Some(_) => self.no_session(request),
            None => self.receive_under_cookie(envelope, request, at),
        }
    }

    fn receive_under_cookie(
        &self,
        envelope: Envelope,
        request: &Request,
        at: &mut Moment<'_>,
    ) -> Incoming {
        let token = match self.cookies.find(&envelope, Purpose::Messages, at.wall) {
            Ok(token) => token,
            Err(error) => return self.refuse_error(request, error),
        };
        let verified = match self.verify_under_cookie(envelope, &token, at.wall) {
            Ok(verified) => verified,
            Err(error) => return self.refuse_error(request, error),
        };
        // It answers something: then it is an answer of ours, made under the same key, that somebody sent back.
        if !self.options.is_by_transport() && is_answer(verified.envelope()) {
            return self.refuse_error(request, Reason::Reflected.into());
        }
        let caller = Arc::clone(&token.caller);
        if let Err(error) = self.remember(&verified, &caller, at.wall) {
            return self.refuse_error(request, error);
        }
        let confirmations = match self.options.confirms_in_session() {
            true => verified.signatures().to_vec(),
            false => Vec::new(),
        };
        let token = match self.options.is_by_transport() {
            false => AloneToken::Negotiated(token),
            true => AloneToken::Transport,
        };
        let reply = Arc::new(AloneReply { token, confirmations, is_trust: false });
        Incoming::Message(Box::new(SecuredMessage {
            received: Received::Verified(Box::new(verified)),
            session: None,
            caller,
            reply: ReplyContext(Reply::Alone(reply)),
        }))
    }

    fn verify_under_cookie(
        &self,
        envelope: Envelope,
        token: &NegotiatedToken,
        now: Timestamp,
    ) -> Result<Verified> {
        let (protection, supporting, wanted) = self.context_tokens();
        let expect = Expectations {
            settings: &self.options.settings,
            requirements: &self.options.requirements,
            direction: Direction::Request,
            protection,
            supporting,
            confirmations: &[],
            now,
            limits: &self.options.xml_limits,
            // Entered when it is known who sent it: what was opened may be forgotten and opened again.
            replay: None,
        };
        let verified = wsse::verify(envelope, &expect, &OneContext { token, wanted })?;
        let proven = proven_context(&verified).map(ProvenContext::identifier);
        match proven == Some(&*token.token.identifier) {
            true => Ok(verified),
            false => Err(Reason::ForeignContext.into()),
        }
    }

    /// Makes the key of a context, seals it with its caller, and forgets it.
    pub(super) fn make_cookie(
        &self,
        entropy: &BinarySecret,
        key_size: u32,
        caller: &CallerIdentity,
        at: &Delivery,
        random: &mut dyn RandomSource,
    ) -> Result<RequestSecurityTokenResponse, ServiceError> {
        let dialect = self.options.settings.dialect;
        let mut own = Zeroizing::new(vec![0; (key_size / 8) as usize]);
        random.fill(&mut own);
        let key = TokenKey::new(combine_entropy(&entropy.octets, &own, key_size));
        let expires = at.now.saturating_add(self.options.limits.cookie_lifetime);
        let lifetime = Lifetime { created: at.now, expires: expires.unwrap_or(Timestamp::MAX) };
        let mut ids = &self.ids;
        let token =
            IssuedContextToken::new(dialect, ids.next_id(), self.options.mint.urn(random), None);
        let secret = BinarySecret::nonce(ids.next_id(), own);
        let Lifetime { created, expires } = lifetime;
        let content = Content { key, caller: caller.clone(), created, expires };
        let (token, _) = self.cookies.issue(token, content, Purpose::Messages, random)?;
        Ok(RequestSecurityTokenResponse {
            token_type: Some(dialect.context_token_type().into()),
            token: Some(token),
            basic_security_profile: self.options.bootstrap.basic_security_profile,
            proof: Some(ProofToken::ComputedKey(dialect.computed_key().into())),
            entropy: Some(secret),
            lifetime: Some(lifetime),
            key_size: Some(key_size),
            ..RequestSecurityTokenResponse::new(dialect)
        })
    }
}

/// The key of one context.
struct OneContext<'a> {
    token: &'a NegotiatedToken,
    /// What its messages use it for.
    wanted: ContextUse,
}

impl TokenResolver for OneContext<'_> {
    fn context_key(
        &self,
        wanted: ContextUse,
        identifier: &str,
        instance: Option<&str>,
    ) -> Option<TokenKey> {
        let token = &self.token.token;
        let named = &*token.identifier == identifier && token.instance.as_deref() == instance;
        (wanted == self.wanted && named).then(|| token.key.clone())
    }

    fn private_key(&self, _: &wsse::CertificateReference) -> Option<&waxwing_crypto::PrivateKey> {
        None
    }
}
