//! The service's side.

mod authenticate;
mod bootstrap;
mod error;
mod issue;
mod reply;
mod route;
mod session;
mod table;
mod tokens;

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use waxwing_soap::{Envelope, RandomSource};

pub use self::error::ServiceError;
use self::reply::Reply;
use self::route::Request;
use self::session::Session;
use self::table::Sessions;
use self::tokens::NegotiatedTokens;
use super::caller::CallerIdentity;
use super::options::{Protection, ServiceOptions};
use super::received::Received;
use crate::negotiation::NegotiationService;
use crate::protection::ProtectionRequirements;
use crate::trust::ContextReference;
use crate::wsse::{IdSource, ReplayCache, UuidIds};

/// What the service does with a message that came in.
#[derive(Debug)]
pub enum Incoming {
    /// Answer with this: the message was one of the security protocol, or was refused.
    Reply(Box<ServiceReply>),
    /// A message for the layers above.
    Message(Box<SecuredMessage>),
}

/// An answer of the security layer itself.
#[derive(Debug)]
pub struct ServiceReply {
    /// The HTTP status: 200, or 500 for a fault.
    pub status: u16,
    /// The answer, protected where it can be.
    pub envelope: Envelope,
    /// Why the message was refused: for the local log, never for the peer.
    pub error: Option<ServiceError>,
    /// The session that began with this answer.
    pub began: Option<SecuritySession>,
    /// The session that ended with this answer.
    pub ended: Option<SecuritySession>,
}

/// A message for the layers above.
#[derive(Debug)]
pub struct SecuredMessage {
    /// The message.
    pub received: Received,
    /// The session that it belongs to; none for one-shot and unsecured messages.
    pub session: Option<SecuritySession>,
    /// Who sent it.
    pub caller: Arc<CallerIdentity>,
    /// How the answer is to be protected.
    pub reply: ReplyContext,
}

/// How an answer is to be protected. It may outlive the request.
#[derive(Debug, Clone)]
pub struct ReplyContext(Reply);

/// A security context session.
#[derive(Debug, Clone)]
pub struct SecuritySession(Arc<Session>);

impl SecuritySession {
    /// The identifier of the security context, a URI: what a sequence is bound to.
    pub fn identifier(&self) -> &str {
        &self.0.identifier
    }

    /// The security context, whatever the generation of its key.
    pub fn context(&self) -> ContextReference {
        ContextReference::new(self.0.identifier.clone())
    }

    /// Who opened it.
    pub fn caller(&self) -> &Arc<CallerIdentity> {
        &self.0.caller
    }
}

impl PartialEq for SecuritySession {
    fn eq(&self, other: &Self) -> bool {
        self.0.identifier == other.0.identifier
    }
}

impl Eq for SecuritySession {}

/// The security of a service endpoint. Shared by all threads: sessions have locks of their own.
pub struct ServiceSecurity {
    options: ServiceOptions,
    trust_requirements: ProtectionRequirements,
    ids: SharedIds,
    replay: Option<ReplayCache>,
    sessions: Sessions,
    tokens: NegotiatedTokens,
    negotiations: NegotiationService,
    closing: AtomicBool,
    /// The second in which what has lapsed was last looked for.
    swept: AtomicI64,
}

impl ServiceSecurity {
    /// The security that the options ask for. `random` makes identifiers.
    ///
    /// # Errors
    /// [`ServiceError::Configuration`] when something is missing, in words for the user.
    pub fn new(
        options: ServiceOptions,
        random: &mut dyn RandomSource,
    ) -> Result<Self, ServiceError> {
        let secured = options.protection != Protection::None;
        if secured && options.negotiation.is_none() && options.certificate.is_none() {
            return Err(ServiceError::Configuration(
                "the service has no certificate: give one in serviceCredentials/serviceCertificate",
            ));
        }
        let limits = &options.limits;
        let replay = options
            .detect_replays
            .then(|| ReplayCache::with_capacity(&options.settings, limits.replay_cache_size));
        Ok(Self {
            trust_requirements: ProtectionRequirements::for_bootstrap(),
            ids: SharedIds(Mutex::new(UuidIds::new(random))),
            replay,
            sessions: Sessions::new(limits),
            tokens: NegotiatedTokens::new(limits.max_negotiated_tokens),
            negotiations: NegotiationService::new(limits),
            closing: AtomicBool::new(false),
            swept: AtomicI64::new(i64::MIN),
            options,
        })
    }

    /// Takes a message: answers it or hands it up.
    pub fn receive(
        &self,
        envelope: Envelope,
        now: Timestamp,
        random: &mut dyn RandomSource,
    ) -> Incoming {
        self.sweep(now);
        let request = Request::new(&envelope, self.options.settings.dialect);
        match self.options.protection {
            Protection::None => self.receive_unsecured(envelope, &request),
            Protection::OneShot => self.receive_one_shot(envelope, &request, now, random),
            Protection::Conversation => {
                self.receive_in_conversation(envelope, &request, now, random)
            }
        }
    }

    /// Protects an answer (a fault of the layers above included).
    ///
    /// # Errors
    /// When the action is in no contract, or the session has no key.
    pub fn protect_reply(
        &self,
        context: &ReplyContext,
        envelope: Envelope,
        now: Timestamp,
        random: &mut dyn RandomSource,
    ) -> Result<Envelope, ServiceError> {
        self.protect(&context.0, envelope, now, random)
    }

    /// Ends a session: the layers above gave it up. Its messages get `BadContextToken` from now on.
    pub fn end_session(&self, session: &SecuritySession) {
        self.sessions.remove(session.identifier());
    }

    /// The service takes no new sessions and negotiations any more; open sessions go on.
    pub fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    /// How many sessions are open, those not used yet included.
    pub fn session_count(&self) -> usize {
        self.sessions.len()
    }

    /// How many negotiations are under way.
    pub fn negotiation_count(&self) -> usize {
        self.negotiations.len()
    }

    /// Forgets what has lapsed: sessions never used, negotiations, negotiated tokens. Done by
    /// [`ServiceSecurity::receive`] too, at most once a second.
    pub fn sweep(&self, now: Timestamp) {
        let second = now.as_second();
        if self.swept.swap(second, Ordering::Relaxed) != second {
            self.sessions.sweep(now);
            self.tokens.sweep(now);
            self.negotiations.sweep(now);
        }
    }

    fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }
}

/// Identifiers for all threads; the lock is held for one identifier at a time.
struct SharedIds(Mutex<UuidIds>);

impl IdSource for &SharedIds {
    fn next_id(&mut self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).next_id()
    }
}

impl std::fmt::Debug for ServiceSecurity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceSecurity")
            .field("protection", &self.options.protection)
            .field("sessions", &self.sessions.len())
            .finish_non_exhaustive()
    }
}
