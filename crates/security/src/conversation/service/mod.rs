//! The service's side.

mod address;
mod alone;
mod authenticate;
mod bootstrap;
mod cookie;
mod ending;
mod error;
mod issue;
mod keep;
mod link;
mod memory;
mod negotiate;
mod reply;
mod request;
mod route;
mod sealed;
mod session;
mod table;
mod tokens;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use waxwing_soap::{Envelope, Moment, RandomSource};

pub use self::authenticate::Authentication;
use self::cookie::Cookies;
pub use self::error::ServiceError;
pub use self::keep::named_contexts;
pub use self::link::LinkSecurity;
use self::memory::ReplayMemory;
use self::reply::Reply;
use self::request::Request;
use self::session::Session;
use self::table::Sessions;
use self::tokens::NegotiatedTokens;
use super::binding::{BindingKind, ServiceBinding};
use super::caller::CallerIdentity;
use super::credentials::ClientIdentification;
use super::flow::Flow;
use super::options::{Protection, ServiceOptions};
use super::profile::SecurityProfile;
use super::received::Received;
use crate::delivery::{Delivery, Link};
use crate::mutation::{Mutation, broken};
use crate::negotiation::NegotiationService;
use crate::protection::ProtectionRequirements;
use crate::trust::{ContextReference, TrustAction};
use crate::wsse::{IdSource, PasswordType, ReplayCache, ReplayPool, UuidIds};

/// What the service does with a message that came in.
#[derive(Debug)]
pub enum Incoming {
    /// Answer with this: the message was one of the security protocol, or was refused.
    Reply(Box<ServiceReply>),
    /// Whether its sender is who he says is to be decided outside: give the verdict to
    /// [`ServiceSecurity::authenticated`], which goes on with the message.
    Authenticate(Box<Authentication>),
    /// A message for the layers above.
    Message(Box<SecuredMessage>),
    /// The client sends nothing more in this session. It is over when the service has
    /// [said its last](ServiceSecurity::end_output), too. Only in the duplex [flows](super::Flow).
    Ended(SecuritySession),
}

/// What kind of answer it is: transports tell them apart (HTTP by its status).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReplyKind {
    /// The answer that was asked for.
    Answer,
    /// A fault. What it says may be encrypted.
    Fault,
    /// Not now: nothing is said (HTTP 503), and the client begins its negotiation again. What it goes on with began in a
    /// process that is gone, or in another one; a fault would end its `Open`. Only with [`ServiceOptions::durable`].
    Unavailable,
    /// Nothing is said: nobody has proven anything, and the answer would go to wherever the message says, or it says nowhere.
    /// Only with [`Flow::CompositeDuplex`].
    Silent,
}

/// An answer of the security layer itself.
#[derive(Debug)]
pub struct ServiceReply {
    /// Whether it is a fault.
    pub kind: ReplyKind,
    /// The answer, protected where it can be. With [`Flow::CompositeDuplex`] it is posted to its `To`; without one it answers
    /// the exchange, as the legs of a negotiation do.
    pub envelope: Envelope,
    /// Why the message was refused: for the local log, never for the peer.
    pub error: Option<ServiceError>,
    /// The session that began with this answer.
    pub began: Option<SecuritySession>,
    /// The session that got another key with this answer.
    pub renewed: Option<SecuritySession>,
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

/// How an answer is to be protected. It may outlive the request. In the duplex [flows](super::Flow) that of any message of a
/// session is good for whatever the service sends in it.
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

/// What was forgotten because its time was over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Swept {
    /// Sessions that were begun and not used in time.
    pub never_used: usize,
    /// Sessions without a message for the idle timeout.
    pub idle: usize,
    /// Sessions whose key had expired and that nobody renewed.
    pub expired: usize,
    /// Sessions that the layers above were done with and whose client did not cancel them.
    pub not_cancelled: usize,
    /// Negotiations that were not over in time.
    pub negotiations: usize,
}

impl Swept {
    /// Whether nothing was forgotten.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl std::fmt::Display for Swept {
    /// For the log: `3 security sessions idle, 1 negotiation not completed`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = [
            (self.never_used, "security session", "begun and never used"),
            (self.idle, "security session", "idle"),
            (self.expired, "security session", "with an expired key"),
            (self.not_cancelled, "security session", "not cancelled by its client"),
            (self.negotiations, "negotiation", "not completed"),
        ];
        let mut comma = "";
        for (count, what, why) in parts.into_iter().filter(|(count, ..)| *count > 0) {
            let plural = if count == 1 { "" } else { "s" };
            write!(f, "{comma}{count} {what}{plural} {why}")?;
            comma = ", ";
        }
        Ok(())
    }
}

/// How long a client has to cancel its security session when the layers above are done with it. Its cancellation may
/// be lost, and nothing else would end the session before it is idle for long.
const CANCELLATION_TIME: Duration = Duration::from_secs(60);

/// How many messages one session (or negotiated token) remembers at most: far more than can be under way in it at
/// once, and a few MB.
const SESSION_MEMORY: usize = 65_536;

/// The security of a service endpoint. Shared by all threads: sessions have locks of their own.
pub struct ServiceSecurity {
    options: ServiceOptions,
    trust_requirements: ProtectionRequirements,
    ids: SharedIds,
    /// The messages that stand for themselves; none when replays are not looked for.
    memory: Option<ReplayMemory>,
    /// The digests of passwords that were good, whether replays of messages are looked for or not: one is good once. None
    /// where passwords come in clear.
    digests: Option<ReplayMemory>,
    /// What all memories of received messages share.
    pool: ReplayPool,
    sessions: Sessions,
    tokens: NegotiatedTokens,
    /// The contexts that are in cookies.
    cookies: Cookies,
    negotiations: NegotiationService,
    closing: AtomicBool,
    /// The second in which what has lapsed was last looked for.
    swept: AtomicU64,
}

impl ServiceSecurity {
    /// The security that the options ask for. `random` makes identifiers.
    ///
    /// # Errors
    /// [`ServiceError::Configuration`] when something is missing, in words for the user.
    pub fn new(
        mut options: ServiceOptions,
        random: &mut dyn RandomSource,
    ) -> Result<Self, ServiceError> {
        let secured = options.protection != Protection::None;
        if secured && options.binding.is_none() {
            return Err(ServiceError::Configuration(
                "the service has no certificate: give one in serviceCredentials/serviceCertificate",
            ));
        }
        let asymmetric = options.kind() == Some(BindingKind::Asymmetric);
        if secured && asymmetric && options.clients != ClientIdentification::Certificate {
            return Err(ServiceError::Configuration(
                "clients sign their messages with certificates, so they are to be known by them",
            ));
        }
        let by_transport = options.is_by_transport();
        if secured && by_transport && options.clients == ClientIdentification::None {
            return Err(ServiceError::Configuration(
                "ClientCredentialType.None is not valid for the TransportWithMessageCredential security mode. Specify \
                 a message credential type or use a different security mode.",
            ));
        }
        if let Some(refusal) = options.refusal().filter(|_| secured) {
            return Err(ServiceError::Configuration(refusal));
        }
        let limits = &options.limits;
        let pool = ReplayPool::new(limits.replay_cache_size);
        let settings = [&options.bootstrap, &options.settings];
        let memory = options.detect_replays.then(|| ReplayMemory::new(&settings, pool.clone()));
        let by_digest = settings.iter().any(|s| s.password_type == PasswordType::Digest);
        let digests = by_digest.then(|| ReplayMemory::new(&settings, pool.clone()));
        let mut trust_requirements = ProtectionRequirements::for_bootstrap();
        options.flow.complete(&mut options.requirements, &mut trust_requirements);
        for requirements in [&mut options.requirements, &mut trust_requirements] {
            requirements.sign_in_requests(options.headers.names());
        }
        Ok(Self {
            trust_requirements,
            ids: SharedIds(Mutex::new(UuidIds::new(random))),
            memory,
            digests,
            pool,
            sessions: Sessions::new(limits, options.durable),
            tokens: NegotiatedTokens::new(limits.max_negotiated_tokens),
            cookies: Cookies::new(&options, random),
            negotiations: NegotiationService::new(negotiate::limits_of(limits)),
            closing: AtomicBool::new(false),
            swept: AtomicU64::new(u64::MAX),
            options,
        })
    }

    /// Takes a message: answers it, hands it up, or asks who it is from. It waits for nobody.
    pub fn receive(
        &self,
        envelope: Envelope,
        from: impl Into<Link>,
        at: &mut Moment<'_>,
    ) -> Incoming {
        let Link { peer, protected } = from.into();
        let delivery = Delivery::from(&*at).from_peer(peer);
        let request = self.request(&envelope, delivery);
        self.receive_from(envelope, &request, protected, at)
    }

    /// Whether taking a message with this action needs an operation with a private key, if it is what it says: it is a leg of
    /// a negotiation, or it opens or renews a session or stands for itself, and does so under certificates.
    pub fn takes_a_private_key(&self, action: &str) -> bool {
        let protection = self.options.protection;
        if protection == Protection::None || self.options.is_by_transport() {
            return false;
        }
        // Where clients negotiate, everything else is under keys that both ends have.
        let by_certificates = self.options.negotiation().is_none();
        match TrustAction::of(action.trim(), self.options.settings.dialect) {
            Some(TrustAction::NegotiationRequest | TrustAction::NegotiationResponse) => true,
            None | Some(TrustAction::Cancel | TrustAction::CancelResponse) => {
                by_certificates && protection == Protection::OneShot
            }
            Some(_) => by_certificates,
        }
    }

    /// What is known of a message before anything of it is verified.
    fn request(&self, envelope: &Envelope, delivery: Delivery) -> Request {
        let request = Request::new(envelope, self.options.settings.dialect, delivery);
        match self.options.flow {
            Flow::CompositeDuplex => request.with_reply_to(envelope),
            Flow::Exchanges | Flow::DuplexSession => request,
        }
    }

    fn receive_from(
        &self,
        envelope: Envelope,
        request: &Request,
        protected: bool,
        at: &mut Moment<'_>,
    ) -> Incoming {
        self.sweep(at);
        if let Some(ServiceBinding::Transport { allow_insecure: false }) = self.options.binding
            && self.options.protection != Protection::None
            && !(protected || broken(Mutation::TakeUnprotected))
        {
            return self.refuse_insecure(request);
        }
        let incoming = match self.options.protection {
            Protection::None => self.receive_unsecured(envelope, request),
            Protection::OneShot => self.receive_one_shot(envelope, request, at),
            Protection::Conversation => self.receive_in_conversation(envelope, request, at),
            Protection::Cookie => self.receive_by_cookie(envelope, request, at),
        };
        self.to_somebody(incoming, request)
    }

    /// Protects an answer (a fault of the layers above included).
    ///
    /// # Errors
    /// When the action is in no contract, or the session has no key.
    pub fn protect_reply(
        &self,
        context: &ReplyContext,
        envelope: Envelope,
        at: &mut Moment<'_>,
    ) -> Result<Envelope, ServiceError> {
        self.protect(&context.0, envelope, at)
    }

    /// Ends a session: the layers above gave it up. Its messages get `BadContextToken` from now on.
    pub fn end_session(&self, session: &SecuritySession) {
        self.sessions.remove(session.identifier());
    }

    /// The layers above are done with a session: it ends when its client cancels it, or when a minute has passed in which
    /// nothing was heard of it.
    pub fn release_session(&self, session: &SecuritySession, at: &Moment<'_>) {
        session.0.end_at((at.time + CANCELLATION_TIME).elapsed());
    }

    /// The service takes no new sessions and negotiations any more; open sessions go on.
    pub fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    /// Whether the headers of addressing and reliable messaging are signed: the transport protects none.
    pub fn signs_headers(&self) -> bool {
        self.options.protection != Protection::None && !self.options.is_by_transport()
    }

    /// What it is set to; none without message security.
    pub fn profile(&self) -> Option<SecurityProfile> {
        SecurityProfile::of_service(&self.options)
    }

    /// How many sessions are open, those not used yet included.
    pub fn session_count(&self) -> usize {
        self.sessions.len()
    }

    /// How many negotiations are under way.
    pub fn negotiation_count(&self) -> usize {
        self.negotiations.len()
    }

    /// How many negotiated tokens are held.
    pub fn token_count(&self) -> usize {
        self.tokens.len()
    }

    /// How many contexts that are in cookies are remembered here: never more than the limit says, and none need be.
    pub fn cookie_count(&self) -> usize {
        self.cookies.len()
    }

    /// Forgets what has lapsed: sessions never used or idle or with an expired key, negotiations, negotiated tokens,
    /// messages that were received. Done by [`ServiceSecurity::receive`] too, at most once a second; the owner does
    /// it every second, since nobody else empties the tables of a service to which nobody speaks any more.
    pub fn sweep(&self, at: &Moment<'_>) -> Swept {
        let at = Delivery::from(at);
        let second = at.elapsed.as_secs();
        if self.swept.swap(second, Ordering::Relaxed) == second {
            return Swept::default();
        }
        let mut swept = match broken(Mutation::KeepSessions) {
            true => Swept::default(),
            false => self.sessions.sweep(&at),
        };
        self.tokens.sweep(at.now);
        self.cookies.sweep(at.now);
        if !broken(Mutation::KeepNegotiations) {
            swept.negotiations = self.negotiations.sweep(at.elapsed);
        }
        for memory in self.memory.iter().chain(&self.digests) {
            memory.sweep(at.now);
        }
        swept
    }

    /// An empty memory of received messages for one session or token.
    fn own_memory(&self) -> Option<ReplayCache> {
        let room = SESSION_MEMORY.min(self.pool.size());
        let memory = || ReplayCache::in_pool(&self.options.settings, room, self.pool.clone());
        self.options.detect_replays.then(memory)
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
