//! Messages that stand for themselves, at the service: one-shot messages and requests for sessions.

use std::sync::Arc;

use jiff::Timestamp;
use smallvec::SmallVec;
use waxwing_crypto::PrivateKey;
use waxwing_soap::{Addressing, Envelope, Moment};

use super::super::binding::{BindingKind, ServiceBinding};
use super::super::caller::CallerIdentity;
use super::super::credentials::ClientIdentification;
use super::super::faults::make;
use super::super::options::ServiceOptions;
use super::super::received::Received;
use super::alone::{Accepted, Alone};
use super::authenticate::{Authentication, Sender};
use super::error::ServiceError;
use super::reply::{AloneReply, AloneToken, Reply};
use super::request::Request;
use super::sealed::Purpose;
use super::tokens::NegotiatedToken;
use super::{Incoming, ReplyContext, SecuredMessage, ServiceSecurity};
use crate::error::{Reason, SecurityError, SecurityFault};
use crate::protection::Direction;
use crate::trust::TrustAction;
use crate::wsse::{
    self, CertificateReference, ContextUse, Dialect, Expectations, ExpectedSigner, ExpectedToken,
    PrimaryToken, SupportingToken, TokenKey, TokenResolver, Verified,
};

impl ServiceSecurity {
    /// An endpoint without sessions.
    pub(super) fn receive_one_shot(
        &self,
        envelope: Envelope,
        request: &Request,
        at: &mut Moment<'_>,
    ) -> Incoming {
        if self.negotiates(request) {
            return self.negotiate(&envelope, request, at);
        }
        self.receive_alone(envelope, request, None, at)
    }

    /// A message that stands for itself. `trust` is set for requests for sessions.
    pub(super) fn receive_alone(
        &self,
        envelope: Envelope,
        request: &Request,
        trust: Option<TrustAction>,
        at: &mut Moment<'_>,
    ) -> Incoming {
        if trust.is_some() && self.forgot_token(request) {
            let token = request.context.clone().unwrap_or_default();
            let error = SecurityError::new(Reason::UnknownContext(token));
            let fault = make::of_error(error.fault(), &request.action, Dialect::February2005);
            return self.begin_again(request, &fault, error.into());
        }
        let alone = match self.verify_alone(envelope, request, trust, at.wall) {
            Ok(alone) => alone,
            Err(error) => return self.refuse_error(request, error),
        };
        match self.sender(&alone) {
            Err(error) => self.refuse_error(request, error),
            Ok(Sender::Known(caller)) => self.go_on(alone, caller, request, trust, at),
            Ok(Sender::Shown(evidence)) => {
                Authentication::of_message(evidence, request.clone(), alone, trust)
            }
        }
    }

    /// Goes on with a message whose sender is known.
    pub(super) fn go_on(
        &self,
        alone: Alone,
        caller: Arc<CallerIdentity>,
        request: &Request,
        trust: Option<TrustAction>,
        at: &mut Moment<'_>,
    ) -> Incoming {
        let Alone { verified, token } = alone;
        let remembered = match &token {
            AloneToken::Negotiated(token) => token.replay.is_some(),
            AloneToken::EncryptedKey(_) | AloneToken::Certificate(_) | AloneToken::Transport => {
                false
            }
        };
        if let Err(error) = self.spend_digest(&verified, &caller, at.wall) {
            return self.refuse_error(request, error);
        }
        if !remembered && let Err(error) = self.remember(&verified, &caller, at.wall) {
            return self.refuse_error(request, error);
        }
        let confirmations = match self.options.confirms_signatures() {
            true => verified.signatures().to_vec(),
            false => Vec::new(),
        };
        let reply = Arc::new(AloneReply { token, confirmations, is_trust: trust.is_some() });
        if let Some(action) = trust {
            return self.issue_or_renew(action, &Accepted { verified, caller, reply }, request, at);
        }
        // It answers something: then it is an answer of ours, made under the same key, that somebody sent back.
        if !matches!(reply.token, AloneToken::Transport) && is_answer(verified.envelope()) {
            return self.refuse_error(request, Reason::Reflected.into());
        }
        Incoming::Message(Box::new(SecuredMessage {
            received: Received::Verified(Box::new(verified)),
            session: None,
            caller,
            reply: ReplyContext(Reply::Alone(reply)),
        }))
    }

    /// The unsecured fault for a message that did not verify or whose sender is not accepted.
    pub(super) fn refuse_alone(&self, request: &Request, error: ServiceError) -> Incoming {
        match error {
            ServiceError::Message(error) => self.refuse_error(request, error),
            error => {
                let fault = SecurityFault::FailedAuthentication;
                let fault = make::of_error(fault, &request.action, Dialect::February2005);
                self.refuse(request, &fault, error)
            }
        }
    }

    /// The tokens that support a message: what its sender proves himself with, and the session that is renewed.
    fn supporting(
        &self,
        trust: Option<TrustAction>,
        kind: Option<BindingKind>,
    ) -> SmallVec<[SupportingToken; 2]> {
        let sender = match self.options.clients {
            ClientIdentification::UserName => Some(SupportingToken::USER_NAME),
            ClientIdentification::Certificate => match kind {
                Some(BindingKind::Symmetric | BindingKind::Transport) => {
                    Some(SupportingToken::CERTIFICATE)
                }
                // In a negotiation it was proven before, and under certificates by the primary signature.
                Some(BindingKind::Negotiated | BindingKind::Asymmetric) | None => None,
            },
            ClientIdentification::None => None,
        };
        let session = (trust == Some(TrustAction::Renew)).then_some(SupportingToken::CONTEXT);
        sender.into_iter().chain(session).collect()
    }

    /// Verifies a message. `trust` is set for requests for sessions.
    fn verify_alone(
        &self,
        envelope: Envelope,
        request: &Request,
        trust: Option<TrustAction>,
        now: Timestamp,
    ) -> Result<Alone, SecurityError> {
        let negotiated = self.options.negotiation().is_some();
        let token = match &request.context {
            Some(_) if negotiated && self.options.cookies.negotiated => {
                Some(self.cookies.find(&envelope, Purpose::Negotiated, now)?)
            }
            Some(context) if negotiated => self.tokens.find(context, now),
            _ => None,
        };
        let (settings, requirements) = self.rules(trust.is_some());
        let kind = self.options.kind();
        let supporting = self.supporting(trust, kind);
        let expect = Expectations {
            settings,
            requirements,
            direction: Direction::Request,
            protection: match kind {
                Some(BindingKind::Negotiated) => ExpectedToken::AttachedContext,
                Some(BindingKind::Asymmetric) => ExpectedToken::Asymmetric(ExpectedSigner::Carried),
                Some(BindingKind::Transport) => ExpectedToken::Transport,
                Some(BindingKind::Symmetric) | None => ExpectedToken::EncryptedKey,
            },
            supporting: &supporting,
            confirmations: &[],
            now,
            limits: &self.options.xml_limits,
            replay: token.as_deref().and_then(|token| token.replay.as_ref()),
        };
        let keys = AloneKeys { service: self, token: token.as_deref(), now };
        let verified = wsse::verify(envelope, &expect, &keys)?;
        // For whom it is was read before it was verified. Whoever hands a request on has its key and can encrypt `To`
        // anew, where the signature is over the text.
        if trust.is_some() && verified.had_hidden_headers() {
            let what = "an encrypted header in a request for a session";
            return Err(Reason::Unsupported(what).into());
        }
        let token = match (verified.token(), token.clone()) {
            (PrimaryToken::EncryptedKey(key), _) => AloneToken::EncryptedKey(key.clone()),
            (PrimaryToken::Certificate { signer, .. }, _) => {
                AloneToken::Certificate(signer.clone())
            }
            (PrimaryToken::Transport, _) => AloneToken::Transport,
            (PrimaryToken::Context(proven), Some(token))
                if proven.identifier() == &*token.token.identifier =>
            {
                AloneToken::Negotiated(token)
            }
            _ => return Err(Reason::ForeignContext.into()),
        };
        Ok(Alone { verified, token })
    }
}

impl ServiceSecurity {
    /// Enters a message into its caller's memory. It is the last step, so that nobody fills it who is not
    /// authenticated.
    pub(super) fn remember(
        &self,
        verified: &Verified,
        caller: &CallerIdentity,
        now: Timestamp,
    ) -> Result<(), SecurityError> {
        match (&self.memory, verified.signatures().first(), verified.created()) {
            (Some(memory), Some(primary), Some(created)) => {
                memory.insert(caller, &primary.value, created, now)
            }
            (Some(_), Some(_), None) => Err(Reason::NoTimestampForReplays.into()),
            _ => Ok(()),
        }
    }
}

impl ServiceSecurity {
    /// Enters the digest of a password into its owner's memory, when it is found to be right. It is remembered by the
    /// digest itself, not by its nonce: that is over nonce and time together, so that it cannot be cut otherwise.
    fn spend_digest(
        &self,
        verified: &Verified,
        caller: &CallerIdentity,
        now: Timestamp,
    ) -> Result<(), SecurityError> {
        let digest = verified.username().and_then(|username| username.digest.as_ref());
        let (Some(memory), Some(digest)) = (&self.digests, digest) else { return Ok(()) };
        match memory.insert(caller, digest.value(), digest.created(), now) {
            Err(error) if error.reason() == &Reason::Replay => {
                Err(Reason::PasswordDigestReplay.into())
            }
            entered => entered,
        }
    }
}

pub(super) fn is_answer(envelope: &Envelope) -> bool {
    Addressing::read(envelope).is_ok_and(|addressing| addressing.relates_to.is_some())
}

/// The service's private key, the negotiated token of the message, and the sessions, whose tokens
/// endorse renewals.
struct AloneKeys<'a> {
    service: &'a ServiceSecurity,
    token: Option<&'a NegotiatedToken>,
    now: Timestamp,
}

impl TokenResolver for AloneKeys<'_> {
    /// A negotiated token protects, a session endorses; neither stands in for the other.
    fn context_key(
        &self,
        wanted: ContextUse,
        identifier: &str,
        instance: Option<&str>,
    ) -> Option<TokenKey> {
        match wanted {
            ContextUse::Protection => {
                let token = self.token.filter(|token| &*token.token.identifier == identifier)?;
                instance.is_none().then(|| token.token.key.clone())
            }
            ContextUse::Endorsing => {
                self.service.sessions.find(identifier)?.key(instance, self.now)
            }
        }
    }

    fn private_key(&self, reference: &CertificateReference) -> Option<&PrivateKey> {
        own_key(&self.service.options, reference)
    }
}

/// The service's private key if the reference names its certificate.
fn own_key<'a>(
    options: &'a ServiceOptions,
    reference: &CertificateReference,
) -> Option<&'a PrivateKey> {
    match options.binding.as_ref()? {
        ServiceBinding::Symmetric { certificate, key }
        | ServiceBinding::Asymmetric { certificate, key, .. } => {
            reference.is_of(certificate).then_some(key)
        }
        ServiceBinding::Negotiated(_) | ServiceBinding::Transport { .. } => None,
    }
}
