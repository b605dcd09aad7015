//! Answers of the service: protected by what protected the request, or unsecured faults.

use std::sync::Arc;

use waxwing_crypto::{Certificate, PrivateKey};
use waxwing_soap::{Addressing, Envelope, Fault, Moment};

use super::super::binding::{CertificateTokens, ServiceBinding};
use super::super::ending::{self, check_cancellation};
use super::super::faults::{SECURE_CONVERSATION_FAULT, make};
use super::error::ServiceError;
use super::request::Request;
use super::session::Session;
use super::tokens::NegotiatedToken;
use super::{Incoming, ReplyKind, SecuritySession, ServiceReply, ServiceSecurity};
use crate::error::{Reason, SecurityError, SecurityFault};
use crate::protection::{Direction, MessageProtection, ProtectionLevel, ProtectionRequirements};
use crate::trust::{RequestSecurityTokenResponse, TrustAction};
use crate::wsse::{
    self, Asymmetric, CertificateReference, Dialect, EncryptedKeyReference, ProtectionPlan,
    ProtectionToken, Recipient, SecuritySettings, SentSignature, ShownCertificate, Signer, Sources,
    TokenPlacement, Verified,
};

/// The `u:Id` of the service's certificate in an answer that carries it: there is one.
const CARRIED: &str = "certificate";

/// What an answer is protected with.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    /// Nothing.
    Unsecured,
    /// The keys of a session.
    Session(Arc<SessionReply>),
    /// The token of a message that stood for itself.
    Alone(Arc<AloneReply>),
}

/// The answer to a message of a session.
#[derive(Debug)]
pub(super) struct SessionReply {
    pub(super) session: Arc<Session>,
    /// The signatures of the message, where answers confirm them.
    pub(super) confirmations: Vec<SentSignature>,
}

/// The answer to a message that stood for itself.
#[derive(Debug)]
pub(super) struct AloneReply {
    pub(super) token: AloneToken,
    pub(super) confirmations: Vec<SentSignature>,
    /// Whether it is a message that issues or renews a session.
    pub(super) is_trust: bool,
}

#[derive(Debug)]
pub(super) enum AloneToken {
    EncryptedKey(EncryptedKeyReference),
    Negotiated(Arc<NegotiatedToken>),
    /// The certificate that signed the message: the answer is encrypted for it.
    Certificate(Certificate),
    /// None: the transport protects the message.
    Transport,
}

impl ServiceSecurity {
    pub(super) fn protect(
        &self,
        reply: &Reply,
        mut envelope: Envelope,
        at: &mut Moment<'_>,
    ) -> Result<Envelope, ServiceError> {
        let (session_keys, referred);
        let (settings, requirements, token, confirmations) = match reply {
            Reply::Unsecured => return Ok(envelope),
            Reply::Session(reply) => {
                session_keys = reply.session.outgoing();
                let token = match self.options.is_by_transport() {
                    false => ProtectionToken::Session(&session_keys),
                    true => ProtectionToken::Transport,
                };
                let (settings, requirements) = self.rules(false);
                (settings, requirements, token, &reply.confirmations[..])
            }
            Reply::Alone(alone) => {
                let (settings, requirements) = self.rules(alone.is_trust);
                let token = match &alone.token {
                    AloneToken::EncryptedKey(key) => ProtectionToken::EncryptedKeyReference(key),
                    AloneToken::Negotiated(token) => {
                        ProtectionToken::Context(&token.token, TokenPlacement::External)
                    }
                    AloneToken::Certificate(client) => {
                        let (certificate, key, tokens) = self.signs_answers()?;
                        referred = CertificateReference::to(certificate, tokens.service);
                        let shown = match tokens.replies_carry {
                            true => ShownCertificate::Carried(CARRIED),
                            false => ShownCertificate::Referred(&referred),
                        };
                        let signer = Signer { certificate, key, shown };
                        let recipient = Recipient::Certificate(client, tokens.client);
                        ProtectionToken::Asymmetric(Asymmetric { signer, recipient })
                    }
                    AloneToken::Transport => ProtectionToken::Transport,
                };
                (settings, requirements, token, &alone.confirmations[..])
            }
        };
        let is_trust = matches!(reply, Reply::Alone(alone) if alone.is_trust);
        if matches!(token, ProtectionToken::Transport)
            && !is_trust
            && (self.options.enable_unsecured_response || !settings.include_timestamp)
        {
            // Over a protected transport the timestamp is all that a reply has.
            return Ok(envelope);
        }
        let parts = match token {
            // It protects everything, whatever the contract says.
            ProtectionToken::Transport => MessageProtection::body(ProtectionLevel::None),
            _ => parts_of(&envelope, requirements)?,
        };
        let mut plan = ProtectionPlan::new(settings, &parts, token);
        plan.confirmations = confirmations;
        let mut ids = &self.ids;
        let mut sources = Sources { now: at.wall, random: at.random, ids: &mut ids };
        wsse::protect(&mut envelope, &plan, &mut sources)?;
        Ok(envelope)
    }

    /// The certificate that signs answers under certificates, and how they show it.
    fn signs_answers(
        &self,
    ) -> Result<(&Certificate, &PrivateKey, CertificateTokens), ServiceError> {
        match &self.options.binding {
            Some(ServiceBinding::Asymmetric { certificate, key, shown }) => {
                Ok((certificate, key, *shown))
            }
            _ => Err(ServiceError::Configuration("the service signs with no certificate")),
        }
    }

    pub(super) fn rules(&self, is_trust: bool) -> (&SecuritySettings, &ProtectionRequirements) {
        match is_trust {
            true => (&self.options.bootstrap, &self.trust_requirements),
            false => (&self.options.settings, &self.options.requirements),
        }
    }

    /// The uniform fault for a message that did not verify.
    pub(super) fn refuse_error(&self, request: &Request, error: SecurityError) -> Incoming {
        // Verification speaks of tokens in the older dialect whatever the binding's, as WCF's does.
        let fault = make::of_error(error.fault(), &request.action, Dialect::February2005);
        self.refuse(request, &fault, error.into())
    }

    /// The fault for a message that came over a transport that does not protect: nothing of it is read.
    pub(super) fn refuse_insecure(&self, request: &Request) -> Incoming {
        let fault = SecurityFault::InvalidSecurity;
        let fault = make::of_error(fault, &request.action, Dialect::February2005);
        self.refuse(request, &fault, ServiceError::InsecureTransport)
    }

    /// An unsecured fault: Action and RelatesTo, nothing else.
    pub(super) fn refuse(&self, request: &Request, fault: &Fault, error: ServiceError) -> Incoming {
        let action = request.version.addressing.default_fault_action();
        let envelope = fault.to_envelope(request.version, action, request.message_id.as_deref());
        match self.says_unsecured(request) {
            true => fault_reply(self.address(envelope, request), error),
            false => {
                let reply = ServiceReply::new(ReplyKind::Silent, envelope, Some(error));
                Incoming::Reply(Box::new(reply))
            }
        }
    }

    /// Nothing is said: the client begins again. The fault is what would be said otherwise.
    pub(super) fn begin_again(
        &self,
        request: &Request,
        fault: &Fault,
        error: ServiceError,
    ) -> Incoming {
        match self.refuse(request, fault, error) {
            Incoming::Reply(mut reply) => {
                reply.kind = ReplyKind::Unavailable;
                Incoming::Reply(reply)
            }
            other => other,
        }
    }

    /// A fault under the key of the request.
    pub(super) fn refuse_secured(
        &self,
        context: &Reply,
        request: &Request,
        fault: &Fault,
        error: ServiceError,
        at: &mut Moment<'_>,
    ) -> Incoming {
        let action = request.version.addressing.default_fault_action();
        let envelope = fault.to_envelope(request.version, action, request.message_id.as_deref());
        match self.protect(context, self.address(envelope, request), at) {
            Ok(envelope) => fault_reply(envelope, error),
            Err(_) => self.refuse(request, fault, error),
        }
    }

    /// The answer to a message under a key that has expired, protected by that key.
    pub(super) fn renew_needed(
        &self,
        reply_to: Arc<SessionReply>,
        request: &Request,
        at: &mut Moment<'_>,
    ) -> Incoming {
        let error = ServiceError::KeyExpired(reply_to.session.identifier.clone());
        let fault = make::renew_needed(self.options.settings.dialect);
        let action = SECURE_CONVERSATION_FAULT;
        let envelope = fault.to_envelope(request.version, action, request.message_id.as_deref());
        let envelope = self.address(envelope, request);
        match self.protect(&Reply::Session(reply_to), envelope, at) {
            Ok(envelope) => fault_reply(envelope, error),
            Err(_) => self.refuse(request, &fault, error),
        }
    }

    /// Ends a session at its client's wish (WS-SecureConversation February 2005 §6, 1.3 §7).
    pub(super) fn cancel(
        &self,
        reply_to: Arc<SessionReply>,
        verified: &Verified,
        request: &Request,
        at: &mut Moment<'_>,
    ) -> Incoming {
        let session = Arc::clone(&reply_to.session);
        let context = Reply::Session(reply_to);
        let dialect = self.options.settings.dialect;
        let target = check_cancellation(verified.envelope(), &session.identifier, dialect);
        if let Err(error) = target {
            let error = ServiceError::Request(error);
            return self.refuse_secured(&context, request, &make::invalid_request(), error, at);
        }
        let response = RequestSecurityTokenResponse::cancelled(dialect);
        let envelope = self.trust_reply(TrustAction::CancelResponse, &response, request);
        self.sessions.remove(&session.identifier);
        match self.protect(&context, envelope, at) {
            Ok(envelope) => Incoming::Reply(Box::new(ServiceReply {
                ended: Some(SecuritySession(session)),
                ..ServiceReply::answer(envelope)
            })),
            Err(error) => self.refuse(request, &make::invalid_request(), error),
        }
    }

    /// A response of the security protocol with its headers.
    pub(super) fn trust_reply(
        &self,
        action: TrustAction,
        response: &RequestSecurityTokenResponse,
        request: &Request,
    ) -> Envelope {
        let addressing = Addressing {
            action: Some(action.uri(response.dialect)),
            relates_to: request.message_id.as_deref().map(str::to_owned),
            ..Addressing::default()
        };
        let envelope =
            ending::headers(request.version, &addressing, self.options.is_by_transport());
        let mut envelope = self.address(envelope, request);
        ending::write_answer(&mut envelope, response);
        envelope
    }
}

/// What is protected in an answer, by its action.
fn parts_of(
    envelope: &Envelope,
    requirements: &ProtectionRequirements,
) -> Result<MessageProtection, SecurityError> {
    let action = envelope.action().unwrap_or_default();
    let found = requirements.find(Direction::Reply, &action).cloned();
    found.ok_or_else(|| SecurityError::new(Reason::UnknownAction((*action).into())))
}

impl ServiceReply {
    fn new(kind: ReplyKind, envelope: Envelope, error: Option<ServiceError>) -> Self {
        Self { kind, envelope, error, began: None, renewed: None, ended: None }
    }

    pub(super) fn answer(envelope: Envelope) -> Self {
        Self::new(ReplyKind::Answer, envelope, None)
    }
}

pub(super) fn answer(envelope: Envelope) -> Incoming {
    Incoming::Reply(Box::new(ServiceReply::answer(envelope)))
}

fn fault_reply(envelope: Envelope, error: ServiceError) -> Incoming {
    Incoming::Reply(Box::new(ServiceReply::new(ReplyKind::Fault, envelope, Some(error))))
}
