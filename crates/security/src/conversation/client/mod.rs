//! The client's side.

mod bootstrap;
mod classify;
mod cookie;
mod core;
mod exchange;
mod one_shot;
mod receive;
mod session;

use waxwing_crypto::Certificate;
use waxwing_soap::{Envelope, Fault, Moment, RandomSource};
use waxwing_xml::Element;

use self::bootstrap::BootstrapCorrelation;
pub use self::cookie::CookieClient;
use self::cookie::CookieCorrelation;
use self::core::Core;
pub use self::one_shot::OneShotClient;
pub use self::receive::FromService;
pub use self::session::SecureConversationClient;
use super::error::ClientError;
use super::evidence::{Evidence, Verdict};
use super::faults::SecurityFaultKind;
use super::options::{ClientOptions, Protection};
use super::profile::SecurityProfile;
use super::received::Received;
use super::saved::SavedClientContext;
use crate::protection::speaks_for_infrastructure;
use crate::trust::ContextReference;
use crate::wsse::SentSignature;
use crate::wsse::names::WSSE;

/// What an exchange of the security protocol needs next.
#[derive(Debug)]
pub enum Step {
    /// Post this message and give the answer to [`ClientSecurity::handle_reply`].
    Send(Box<Envelope>),
    /// Send this message as those of the session are sent ([`Flow::CompositeDuplex`](super::Flow::CompositeDuplex) only). Its
    /// answer comes among those of the service: give them all to [`ClientSecurity::receive`].
    SendInSession(Box<Envelope>),
    /// The service shows this certificate. Whether it is trusted is decided outside: give the verdict to
    /// [`ClientSecurity::authenticated`]. Nothing is sent before that depends on it.
    Authenticate(Box<Evidence>),
    /// The exchange is complete.
    Established,
}

/// Ties a reply to its request: the keys and signatures that the reply must show.
#[derive(Debug)]
pub struct Correlation(Correlated);

#[derive(Debug)]
enum Correlated {
    Unsecured,
    Session(SessionCorrelation),
    OneShot(BootstrapCorrelation),
    Cookie(Box<CookieCorrelation>),
}

/// What a reply to a message of the session must show.
#[derive(Debug)]
struct SessionCorrelation {
    /// The signatures that it must confirm.
    confirmations: Vec<SentSignature>,
    /// The `MessageID`, which a demand to renew must relate to.
    message_id: Option<String>,
    /// The generation of the key that protected the message.
    instance: Option<Box<str>>,
}

/// The security of a client channel.
pub enum ClientSecurity {
    /// None: messages pass as they are.
    None,
    /// Every message stands for itself.
    OneShot(Box<OneShotClient>),
    /// A security context session.
    Conversation(Box<SecureConversationClient>),
    /// A security context whose state is in a cookie.
    Cookie(Box<CookieClient>),
}

impl ClientSecurity {
    /// The security that the options ask for. `random` makes identifiers.
    ///
    /// # Errors
    /// [`ClientError::Configuration`] when something is missing, in words for the user.
    pub fn new(options: ClientOptions, random: &mut dyn RandomSource) -> Result<Self, ClientError> {
        Ok(match options.protection {
            Protection::None => ClientSecurity::None,
            Protection::OneShot => {
                ClientSecurity::OneShot(Box::new(OneShotClient::new(Core::new(options, random)?)))
            }
            Protection::Conversation => {
                let core = Core::new(options, random)?;
                ClientSecurity::Conversation(Box::new(SecureConversationClient::new(core)))
            }
            Protection::Cookie => {
                ClientSecurity::Cookie(Box::new(CookieClient::new(Core::new(options, random)?)))
            }
        })
    }

    /// Starts what must be exchanged before the first message: negotiation, request for a session.
    ///
    /// # Errors
    /// When something is open or under way already.
    pub fn open(&mut self, at: &mut Moment<'_>) -> Result<Step, ClientError> {
        match self {
            ClientSecurity::None => Ok(Step::Established),
            ClientSecurity::OneShot(client) => client.open(at),
            ClientSecurity::Conversation(client) => client.open(at),
            ClientSecurity::Cookie(client) => client.open(at),
        }
    }

    /// Takes the reply to the message that [`Step::Send`] asked to post.
    ///
    /// # Errors
    /// Why the exchange failed; it is over then. See [`ClientError::ends_session`] for what that
    /// means for an open session.
    pub fn handle_reply(
        &mut self,
        reply: Envelope,
        at: &mut Moment<'_>,
    ) -> Result<Step, ClientError> {
        match self {
            ClientSecurity::None => Err(no_exchange()),
            ClientSecurity::OneShot(client) => client.handle_reply(reply, at),
            ClientSecurity::Conversation(client) => client.handle_reply(reply, at),
            ClientSecurity::Cookie(client) => client.handle_reply(reply, at),
        }
    }

    /// Goes on after [`Step::Authenticate`] with the verdict about the service's certificate.
    ///
    /// # Errors
    /// When it is not trusted or not the expected one; the exchange is over then, and nothing was sent. When no certificate
    /// waits for a verdict.
    pub fn authenticated(
        &mut self,
        verdict: Verdict,
        at: &mut Moment<'_>,
    ) -> Result<Step, ClientError> {
        match self {
            ClientSecurity::None => Err(no_exchange()),
            ClientSecurity::OneShot(client) => client.authenticated(verdict, at),
            ClientSecurity::Conversation(client) => client.authenticated(verdict, at),
            ClientSecurity::Cookie(client) => client.authenticated(verdict, at),
        }
    }

    /// Gives up an exchange whose reply or verdict will not come (the connection failed). It can be started again.
    pub fn abandon_exchange(&mut self) {
        match self {
            ClientSecurity::None => {}
            ClientSecurity::OneShot(client) => client.abandon_exchange(),
            ClientSecurity::Conversation(client) => client.abandon_exchange(),
            ClientSecurity::Cookie(client) => client.abandon_exchange(),
        }
    }

    /// Protects a message that has its addressing and reliable-messaging headers.
    ///
    /// # Errors
    /// When there is no session yet, or the action is in no contract.
    pub fn protect(
        &mut self,
        envelope: Envelope,
        at: &mut Moment<'_>,
    ) -> Result<(Envelope, Correlation), ClientError> {
        match self {
            ClientSecurity::None => Ok((envelope, Correlation(Correlated::Unsecured))),
            ClientSecurity::OneShot(client) => client.protect(envelope, at),
            ClientSecurity::Conversation(client) => client.protect(envelope, at),
            ClientSecurity::Cookie(client) => client.protect(envelope, at),
        }
    }

    /// Verifies the reply to a message.
    ///
    /// # Errors
    /// See [`ClientError::ends_session`]: a reply that cannot be verified counts as lost, a fault of
    /// the service's security layer ends the session, [`ClientError::RenewNeeded`] asks for a renewal.
    pub fn verify(
        &mut self,
        reply: Envelope,
        correlation: &Correlation,
        at: &Moment<'_>,
    ) -> Result<Received, ClientError> {
        if self.takes_unsecured(&reply) {
            return Ok(Received::Unsecured(reply));
        }
        match self {
            ClientSecurity::None => Ok(Received::Unsecured(reply)),
            ClientSecurity::OneShot(client) => client.verify(reply, correlation, at.wall),
            ClientSecurity::Conversation(client) => client.verify(reply, correlation, at.wall),
            ClientSecurity::Cookie(client) => client.verify(reply, correlation, at.wall),
        }
    }

    /// Whether a reply is taken although nothing protects it: the binding says so, it has no Security header, and it is no
    /// fault of the service's security. Where the transport does not protect either, it must not speak for reliable messaging:
    /// who believes a made-up acknowledgement loses what he sent.
    fn takes_unsecured(&self, reply: &Envelope) -> bool {
        let options = match self {
            ClientSecurity::None => return false,
            ClientSecurity::OneShot(client) => &client.core.options,
            ClientSecurity::Conversation(client) => &client.core.options,
            ClientSecurity::Cookie(client) => &client.core.options,
        };
        // Over a protected transport the timestamp is all that a reply has.
        let nothing_expected = options.is_by_transport() && !options.settings.include_timestamp;
        if !options.enable_unsecured_response && !nothing_expected {
            return false;
        }
        if !options.is_by_transport() && !options.over_tls && speaks_for_infrastructure(reply) {
            return false;
        }
        let mut headers = reply.headers();
        let is_security = |header: Element<'_>| {
            header.is(WSSE, "Security") && reply.is_for_ultimate_receiver(header)
        };
        let kind = Fault::read(reply).map(|fault| SecurityFaultKind::of(&fault));
        !headers.any(is_security) && kind.is_none_or(|kind| kind == SecurityFaultKind::NotSecurity)
    }

    /// Whether the key should be renewed before the next message.
    pub fn renewal_due(&self, at: &Moment<'_>) -> bool {
        match self {
            ClientSecurity::None => false,
            ClientSecurity::OneShot(client) => client.renewal_due(at.wall),
            ClientSecurity::Conversation(client) => client.renewal_due(at.wall),
            ClientSecurity::Cookie(client) => client.renewal_due(at.wall),
        }
    }

    /// Whether messages had better wait until [`ClientSecurity::renew`] is done: the life of the token is over that they would
    /// be protected with, or the service said (or somebody in its name) that it does not accept it. Or it answers under a new
    /// key as soon as it has made it, before the client has it: one that knows generations by what references say.
    pub fn awaits_renewal(&self, at: &Moment<'_>) -> bool {
        match self {
            ClientSecurity::OneShot(client) => client.awaits_renewal(at.wall),
            ClientSecurity::Cookie(client) => client.awaits_renewal(at.wall),
            ClientSecurity::Conversation(client) => client.awaits_renewal(),
            ClientSecurity::None => false,
        }
    }

    /// Whether the life of the session's key is over by this end's clock. The service refuses what is protected with it; of a
    /// message that wants no answer and goes one way it tells nobody so.
    pub fn is_key_over(&self, at: &Moment<'_>) -> bool {
        match self {
            ClientSecurity::Conversation(client) => client.is_key_over(at.wall),
            ClientSecurity::None | ClientSecurity::OneShot(_) | ClientSecurity::Cookie(_) => false,
        }
    }

    /// Whether a renewal that was refused leaves everything as it was: there is no session that could be over, and what
    /// messages are protected with is still good.
    pub fn outlives_refusal(&self) -> bool {
        match self {
            ClientSecurity::Cookie(client) => client.is_good(),
            _ => false,
        }
    }

    /// Starts the renewal of the key. Messages go on under the old key meanwhile.
    ///
    /// # Errors
    /// When nothing is open or an exchange is under way, and as for [`ClientSecurity::open`].
    pub fn renew(&mut self, at: &mut Moment<'_>) -> Result<Step, ClientError> {
        match self {
            ClientSecurity::None => Ok(Step::Established),
            ClientSecurity::OneShot(client) => client.renew(at),
            ClientSecurity::Conversation(client) => client.renew(at),
            ClientSecurity::Cookie(client) => client.open(at),
        }
    }

    /// Starts the end of the session: its cancellation at the service. [`Step::Established`] means
    /// that there is nothing to cancel.
    ///
    /// # Errors
    /// When the request cannot be made.
    pub fn cancel(&mut self, at: &mut Moment<'_>) -> Result<Step, ClientError> {
        match self {
            ClientSecurity::None | ClientSecurity::OneShot(_) => Ok(Step::Established),
            ClientSecurity::Conversation(client) => client.cancel(at),
            ClientSecurity::Cookie(client) => {
                client.forget();
                Ok(Step::Established)
            }
        }
    }

    /// What is to be kept of the context for another process: after each [`Step::Established`] of an exchange that opened or
    /// renewed it, before the first message under the new key. None while there is none, and where every message stands for
    /// itself: then nothing need be kept, and another process opens anew.
    pub fn save(&self) -> Option<SavedClientContext> {
        match self {
            ClientSecurity::None | ClientSecurity::OneShot(_) => None,
            ClientSecurity::Conversation(client) => client.save(),
            ClientSecurity::Cookie(client) => client.save(),
        }
    }

    /// Takes a context up again instead of [`ClientSecurity::open`]. It goes on as it was: it is renewed when it would have
    /// been, replies under former keys are taken as long as they would have been.
    ///
    /// # Errors
    /// [`ClientError::NotRestored`]: it does not go with the options, which are others by now.
    /// [`ClientError::Identity`]: the service is to be another one by now. [`ClientError::State`]: something is open already.
    pub fn restore(
        &mut self,
        saved: &SavedClientContext,
        at: &mut Moment<'_>,
    ) -> Result<(), ClientError> {
        match self {
            ClientSecurity::None | ClientSecurity::OneShot(_) => {
                Err(ClientError::NotRestored("the binding has no security context any more"))
            }
            ClientSecurity::Conversation(client) => client.restore(saved, at),
            ClientSecurity::Cookie(client) => client.restore(saved),
        }
    }

    /// The security context of the session, which `CreateSequence` names.
    pub fn context(&self) -> Option<ContextReference> {
        match self {
            ClientSecurity::None | ClientSecurity::OneShot(_) | ClientSecurity::Cookie(_) => None,
            ClientSecurity::Conversation(client) => client.context(),
        }
    }

    /// The service's certificate: given, or learnt in the negotiation. It is trusted and is the
    /// expected one.
    pub fn service_certificate(&self) -> Option<&Certificate> {
        match self {
            ClientSecurity::None => None,
            ClientSecurity::OneShot(client) => client.core.service_certificate.as_ref(),
            ClientSecurity::Conversation(client) => client.core.service_certificate.as_ref(),
            ClientSecurity::Cookie(client) => client.core.service_certificate.as_ref(),
        }
    }

    /// Whether messages carry a Security header.
    pub fn is_secured(&self) -> bool {
        !matches!(self, ClientSecurity::None)
    }

    /// Whether the headers of addressing and reliable messaging are signed: the transport protects none.
    pub fn signs_headers(&self) -> bool {
        match self {
            ClientSecurity::None => false,
            ClientSecurity::OneShot(client) => !client.core.options.is_by_transport(),
            ClientSecurity::Conversation(client) => !client.core.options.is_by_transport(),
            ClientSecurity::Cookie(client) => !client.core.options.is_by_transport(),
        }
    }

    /// What it is set to; none without message security.
    pub fn profile(&self) -> Option<SecurityProfile> {
        match self {
            ClientSecurity::None => None,
            ClientSecurity::OneShot(client) => SecurityProfile::of(&client.core.options),
            ClientSecurity::Conversation(client) => SecurityProfile::of(&client.core.options),
            ClientSecurity::Cookie(client) => SecurityProfile::of(&client.core.options),
        }
    }

    /// The dialect of WS-Trust and WS-SecureConversation; none without message security.
    pub fn dialect(&self) -> Option<crate::wsse::Dialect> {
        match self {
            ClientSecurity::None => None,
            ClientSecurity::OneShot(client) => Some(client.core.options.settings.dialect),
            ClientSecurity::Conversation(client) => Some(client.core.options.settings.dialect),
            ClientSecurity::Cookie(client) => Some(client.core.options.settings.dialect),
        }
    }
}

impl std::fmt::Debug for ClientSecurity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            ClientSecurity::None => "ClientSecurity::None",
            ClientSecurity::OneShot(_) => "ClientSecurity::OneShot",
            ClientSecurity::Conversation(_) => "ClientSecurity::Conversation",
            ClientSecurity::Cookie(_) => "ClientSecurity::Cookie",
        })
    }
}

#[cold]
fn no_exchange() -> ClientError {
    ClientError::State("no exchange of the security protocol is under way")
}

#[cold]
fn nobody_to_judge() -> ClientError {
    ClientError::State("no certificate of the service waits for a verdict")
}
