//! Which part of the service a message is for, decided before any cryptography.

use std::sync::Arc;

use jiff::Timestamp;
use waxwing_soap::{Addressing, Envelope, Moment};

use super::super::caller::CallerIdentity;
use super::super::faults::make;
use super::super::received::Received;
use super::error::ServiceError;
use super::reply::{Reply, SessionReply};
use super::request::Request;
use super::session::{KeyState, Session};
use super::{Incoming, ReplyContext, SecuredMessage, SecuritySession, ServiceSecurity};
use crate::error::{Reason, SecurityError};
use crate::protection::Direction;
use crate::trust::TrustAction;
use crate::wsse::names::WSSE;
use crate::wsse::{
    self, ContextUse, Expectations, ExpectedToken, PrimaryToken, ProvenContext, SupportingToken,
    TokenKey, TokenResolver, Verified,
};

impl ServiceSecurity {
    /// An endpoint without message security: a message with a Security header for us is not for it.
    pub(super) fn receive_unsecured(&self, envelope: Envelope, request: &Request) -> Incoming {
        let demanded = envelope.headers().any(|header| {
            header.is(WSSE, "Security")
                && envelope.must_understand(header)
                && envelope.is_for_ultimate_receiver(header)
        });
        // A request for a key that was posted meets WCF's reliable session first, which says that it knows no such action.
        let is_posted = self.options.flow == crate::conversation::Flow::CompositeDuplex
            && request.trust.is_some();
        if demanded && !is_posted {
            let fault = make::security_not_understood();
            return self.refuse(request, &fault, ServiceError::SecuredMessage);
        }
        Incoming::Message(Box::new(SecuredMessage {
            received: Received::Unsecured(envelope),
            session: None,
            caller: Arc::new(CallerIdentity::Anonymous),
            reply: ReplyContext(Reply::Unsecured),
        }))
    }

    /// An endpoint with sessions: negotiation legs, requests for sessions, messages of sessions.
    pub(super) fn receive_in_conversation(
        &self,
        envelope: Envelope,
        request: &Request,
        at: &mut Moment<'_>,
    ) -> Incoming {
        if self.negotiates(request) {
            return self.negotiate(&envelope, request, at);
        }
        match request.trust {
            // Nobody would hear the answer.
            Some(TrustAction::Issue | TrustAction::Renew) if self.is_posted_nowhere(request) => {
                self.no_session(request)
            }
            Some(action @ (TrustAction::Issue | TrustAction::Renew)) if request.has_security => {
                self.receive_alone(envelope, request, Some(action), at)
            }
            _ => {
                let context = request.context.as_deref();
                match context.and_then(|context| self.sessions.find(context)) {
                    Some(session) => self.receive_in_session(session, envelope, request, at),
                    None => self.no_session(request),
                }
            }
        }
    }

    pub(super) fn no_session(&self, request: &Request) -> Incoming {
        let fault = make::no_session(&request.action, self.options.settings.dialect);
        let (action, context) = (request.action.clone(), request.context.clone());
        self.refuse(request, &fault, ServiceError::NoSession { action, context })
    }

    fn receive_in_session(
        &self,
        session: Arc<Session>,
        envelope: Envelope,
        request: &Request,
        at: &mut Moment<'_>,
    ) -> Incoming {
        let verified = match self.verify_in_session(&session, envelope, at.wall) {
            Ok(verified) => verified,
            Err(error) => return self.refuse_error(request, error),
        };
        if session.is_own(&verified) || !self.is_addressed(&verified) {
            return self.refuse_error(request, Reason::Reflected.into());
        }
        let proven = proven_context(&verified);
        let Some(proven) = proven.filter(|proven| proven.identifier() == &*session.identifier)
        else {
            return self.refuse_error(request, Reason::ForeignContext.into());
        };
        let rollover = self.options.limits.key_rollover;
        let key = session.adopt(proven, rollover, at.wall);
        session.mark_used(&request.delivery);
        let confirmations = match self.options.confirms_in_session() {
            true => verified.signatures().to_vec(),
            false => Vec::new(),
        };
        let reply = Arc::new(SessionReply { session: Arc::clone(&session), confirmations });
        if self.options.flow.is_duplex() {
            let ends =
                matches!(request.trust, Some(TrustAction::Cancel | TrustAction::CancelResponse));
            if ends || self.is_after_the_end(&session) {
                return self.hear_last(session, &verified, request, at);
            }
        } else if request.trust == Some(TrustAction::Cancel) {
            return self.cancel(reply, &verified, request, at);
        }
        if key == KeyState::Expired && !self.options.can_renew {
            self.sessions.remove(&session.identifier);
            return self.no_session(request);
        }
        if key == KeyState::Expired {
            return self.renew_needed(reply, request, at);
        }
        Incoming::Message(Box::new(SecuredMessage {
            received: Received::Verified(Box::new(verified)),
            caller: Arc::clone(&session.caller),
            reply: ReplyContext(Reply::Session(reply)),
            session: Some(SecuritySession(session)),
        }))
    }

    /// Whether a message is not addressed to whom the service's own are. With derived keys the keys tell already that it is
    /// none of them; without them the address does, which is signed.
    fn is_addressed(&self, verified: &Verified) -> bool {
        let options = &self.options;
        let tells = options.is_by_transport() || options.settings.derived_keys;
        if tells || !options.flow.is_duplex() {
            return true;
        }
        let anonymous = verified.envelope().version().addressing.anonymous();
        let to = Addressing::read(verified.envelope()).ok().and_then(|found| found.to);
        to.is_some_and(|to| to != anonymous)
    }

    fn verify_in_session(
        &self,
        session: &Session,
        envelope: Envelope,
        now: Timestamp,
    ) -> Result<Verified, SecurityError> {
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
            replay: session.replay.as_ref(),
        };
        wsse::verify(envelope, &expect, &OneSession { session, wanted, now })
    }
}

impl ServiceSecurity {
    /// How a message shows the security context that it is under: it protects the message, or where the transport does it
    /// signs the timestamp.
    pub(super) fn context_tokens(
        &self,
    ) -> (ExpectedToken<'static>, &'static [SupportingToken], ContextUse) {
        match self.options.is_by_transport() {
            false => (ExpectedToken::AttachedContext, &[], ContextUse::Protection),
            true => {
                let supporting = &[SupportingToken::CONTEXT];
                (ExpectedToken::Transport, supporting, ContextUse::Endorsing)
            }
        }
    }
}

/// The security context that a message proved to be under.
pub(super) fn proven_context(verified: &Verified) -> Option<&ProvenContext> {
    match verified.token() {
        PrimaryToken::Context(proven) => Some(proven),
        PrimaryToken::Transport => verified.endorsing_context(),
        PrimaryToken::EncryptedKey(_) | PrimaryToken::Certificate { .. } => None,
    }
}

/// The keys of one session.
struct OneSession<'a> {
    session: &'a Session,
    /// What its messages use it for.
    wanted: ContextUse,
    now: Timestamp,
}

impl TokenResolver for OneSession<'_> {
    fn context_key(
        &self,
        wanted: ContextUse,
        identifier: &str,
        instance: Option<&str>,
    ) -> Option<TokenKey> {
        if wanted != self.wanted || identifier != &*self.session.identifier {
            return None;
        }
        self.session.key(instance, self.now)
    }

    fn private_key(&self, _: &wsse::CertificateReference) -> Option<&waxwing_crypto::PrivateKey> {
        None
    }
}
