//! Messages that stand for themselves: the requests for sessions and one-shot messages
//! (WS-SecurityPolicy 1.2 §7.4 symmetric binding, with X.509 or negotiated protection token; §7.5 asymmetric binding; §7.3
//! transport binding).

use jiff::Timestamp;
use waxwing_crypto::{Certificate, PrivateKey};
use waxwing_soap::{AddressingVersion, Envelope, Moment, RandomSource};

use super::super::binding::ClientBinding;
use super::super::credentials::ClientCredential;
use super::super::error::ClientError;
use super::core::{Core, Keys};
use crate::error::{Reason, SecurityError};
use crate::protection::{Direction, MessageProtection, ProtectionLevel, ProtectionRequirements};
use crate::wsse::{
    self, Asymmetric, CertificateReference, ContextToken, ContextUse, EncryptedKeyReference,
    EncryptedKeyToken, Endorsing, Expectations, ExpectedSigner, ExpectedToken, IdSource,
    ProtectionPlan, ProtectionToken, Recipient, SecuritySettings, SentSignature, ShownCertificate,
    Signer, Sources, TokenKey, TokenPlacement, TokenResolver, UsernameCredential, Verified,
    X509ReferenceStyle,
};

/// The token that a message is protected with.
#[derive(Debug, Clone)]
pub(super) enum BootstrapToken {
    /// A new key for every message, encrypted for this certificate.
    Certificate(Certificate),
    /// A negotiated token.
    Context(ContextToken),
    /// The client's signature; what is encrypted is so for this certificate, whose holder signs the reply.
    Asymmetric(Certificate),
    /// None: the transport protects the message.
    Transport,
}

/// What the reply to a message must show.
#[derive(Debug)]
pub(super) struct BootstrapCorrelation {
    token: ReplyToken,
    confirmations: Vec<SentSignature>,
    /// Of a request without addressing: its action. The reply does not say its own.
    action: Option<Box<str>>,
}

#[derive(Debug)]
enum ReplyToken {
    EncryptedKey(EncryptedKeyReference),
    Context(ContextToken),
    /// The signature of this certificate.
    Certificate(Certificate),
    Transport,
}

/// What one message needs of its token.
enum UsedToken<'a> {
    /// A new key, encrypted for the service.
    Key(EncryptedKeyToken),
    Context(&'a ContextToken),
    /// None: the transport protects the message.
    Transport,
    Certificates {
        service: &'a Certificate,
        style: X509ReferenceStyle,
        /// The `u:Id` of the client's certificate where the message carries it.
        id: String,
        carried: bool,
        referred: CertificateReference,
    },
}

impl UsedToken<'_> {
    fn protection<'s>(
        &'s self,
        credential: &'s ClientCredential,
    ) -> Result<ProtectionToken<'s>, ClientError> {
        Ok(match self {
            UsedToken::Key(key) => ProtectionToken::EncryptedKey(key),
            UsedToken::Context(token) => ProtectionToken::Context(token, TokenPlacement::Attached),
            UsedToken::Transport => ProtectionToken::Transport,
            UsedToken::Certificates { service, style, id, carried, referred } => {
                let ClientCredential::Certificate { certificate, key } = credential else {
                    return Err(ClientError::State("the client signs with no certificate"));
                };
                let shown = match carried {
                    true => ShownCertificate::Carried(id),
                    false => ShownCertificate::Referred(referred),
                };
                let signer = Signer { certificate, key, shown };
                let recipient = Recipient::Certificate(service, *style);
                ProtectionToken::Asymmetric(Asymmetric { signer, recipient })
            }
        })
    }

    /// What the reply must show.
    fn of_reply(self) -> ReplyToken {
        match self {
            UsedToken::Key(key) => ReplyToken::EncryptedKey(key.reference()),
            UsedToken::Context(token) => ReplyToken::Context(token.clone()),
            UsedToken::Transport => ReplyToken::Transport,
            UsedToken::Certificates { service, .. } => ReplyToken::Certificate(service.clone()),
        }
    }
}

/// Which of the two kinds of message: they differ in settings and requirements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A request for a session or a renewal.
    Trust,
    /// A message of the application.
    Application,
}

impl Core {
    fn rules(&self, purpose: Purpose) -> (&SecuritySettings, &ProtectionRequirements) {
        match purpose {
            Purpose::Trust => (&self.options.bootstrap, &self.trust_requirements),
            Purpose::Application => (&self.options.settings, &self.options.requirements),
        }
    }

    /// The token of messages to a service whose certificate was known beforehand.
    pub(super) fn token_of(&self, service: Certificate) -> BootstrapToken {
        match self.options.binding {
            Some(ClientBinding::Asymmetric { .. }) => BootstrapToken::Asymmetric(service),
            _ => BootstrapToken::Certificate(service),
        }
    }

    /// Protects a message; `renewed` is the session token that endorses a renewal.
    pub(super) fn protect_alone(
        &mut self,
        mut envelope: Envelope,
        purpose: Purpose,
        token: &BootstrapToken,
        renewed: Option<&ContextToken>,
        at: &mut Moment<'_>,
    ) -> Result<(Envelope, BootstrapCorrelation), ClientError> {
        let (settings, requirements) = self.rules(purpose);
        let parts = self.parts_of(&envelope, requirements)?;
        let settings = settings.clone();
        let username = self.username();
        let used = self.used(token, &settings, at.random)?;
        let certificate_id = self.endorsing_certificate().then(|| self.certificate_ids.next_id());
        let protection = used.protection(&self.options.credential)?;
        let mut plan = ProtectionPlan::new(&settings, &parts, protection);
        if let (Some(id), ClientCredential::Certificate { certificate, key }) =
            (&certificate_id, &self.options.credential)
        {
            plan.endorsing.push(Endorsing::Certificate { id, certificate, key });
        }
        plan.endorsing.extend(renewed.map(Endorsing::Context));
        plan.username = username.as_ref();
        let mut sources = Sources { now: at.wall, random: at.random, ids: &mut self.ids };
        let sent =
            wsse::protect(&mut envelope, &plan, &mut sources).map_err(ClientError::Protect)?;
        let token = used.of_reply();
        let is_told = envelope.version().addressing == AddressingVersion::None;
        let action = envelope.told_action().filter(|_| is_told).map(Box::from);
        let confirmations = if self.options.confirms_signatures() { sent } else { Vec::new() };
        Ok((envelope, BootstrapCorrelation { token, confirmations, action }))
    }

    /// Makes what one message needs of its token.
    fn used<'a>(
        &mut self,
        token: &'a BootstrapToken,
        settings: &SecuritySettings,
        random: &mut dyn RandomSource,
    ) -> Result<UsedToken<'a>, ClientError> {
        Ok(match token {
            BootstrapToken::Context(token) => UsedToken::Context(token),
            BootstrapToken::Transport => UsedToken::Transport,
            BootstrapToken::Certificate(certificate) => {
                let key = EncryptedKeyToken::generate(settings, certificate, random, &mut self.ids);
                UsedToken::Key(key.map_err(ClientError::Protect)?)
            }
            BootstrapToken::Asymmetric(service) => {
                let (
                    Some(ClientBinding::Asymmetric { shown, .. }),
                    ClientCredential::Certificate { certificate, .. },
                ) = (&self.options.binding, &self.options.credential)
                else {
                    return Err(ClientError::State("the client signs with no certificate"));
                };
                let (id, style) = (self.certificate_ids.next_id(), shown.service);
                let referred = CertificateReference::to(certificate, shown.client);
                UsedToken::Certificates {
                    service,
                    style,
                    id,
                    carried: shown.requests_carry,
                    referred,
                }
            }
        })
    }

    fn username(&mut self) -> Option<UsernameCredential> {
        match &self.options.credential {
            ClientCredential::UserName { username, password } => Some(UsernameCredential {
                id: self.certificate_ids.next_id().into(),
                username: username.clone(),
                password: password.clone(),
            }),
            _ => None,
        }
    }

    /// Verifies the reply to such a message.
    pub(super) fn verify_alone(
        &self,
        reply: Envelope,
        purpose: Purpose,
        correlation: &BootstrapCorrelation,
        now: Timestamp,
    ) -> Result<Verified, SecurityError> {
        let (settings, requirements) = self.rules(purpose);
        let reply = match &correlation.action {
            None => reply,
            Some(action) => reply.without_addressing(requirements.answer_to(action)),
        };
        let protection = match &correlation.token {
            ReplyToken::EncryptedKey(reference) => ExpectedToken::EncryptedKeyReference(reference),
            ReplyToken::Context(token) => {
                ExpectedToken::ExternalContext { identifier: &token.identifier }
            }
            ReplyToken::Certificate(service) => {
                ExpectedToken::Asymmetric(ExpectedSigner::Known(service))
            }
            ReplyToken::Transport => ExpectedToken::Transport,
        };
        let expect = Expectations {
            settings,
            requirements,
            direction: Direction::Reply,
            protection,
            supporting: &[],
            confirmations: &correlation.confirmations,
            now,
            limits: &self.options.limits,
            replay: self.replay.as_ref(),
        };
        match &correlation.token {
            ReplyToken::Context(token) => wsse::verify(reply, &expect, &Keys(&[token])),
            ReplyToken::EncryptedKey(_) | ReplyToken::Transport => {
                wsse::verify(reply, &expect, &Keys(&[]))
            }
            ReplyToken::Certificate(_) => {
                wsse::verify(reply, &expect, &OwnCertificate(&self.options.credential))
            }
        }
    }
}

impl Core {
    /// Verifies a message over a protected transport, which answers nothing in particular.
    pub(super) fn verify_by_transport(
        &self,
        message: Envelope,
        now: Timestamp,
    ) -> Result<Verified, SecurityError> {
        let (token, confirmations) = (ReplyToken::Transport, Vec::new());
        let nothing = BootstrapCorrelation { token, confirmations, action: None };
        self.verify_alone(message, Purpose::Application, &nothing, now)
    }
}

/// The client's private key, for which replies under certificates are encrypted.
struct OwnCertificate<'a>(&'a ClientCredential);

impl TokenResolver for OwnCertificate<'_> {
    fn context_key(&self, _: ContextUse, _: &str, _: Option<&str>) -> Option<TokenKey> {
        None
    }

    fn private_key(&self, reference: &CertificateReference) -> Option<&PrivateKey> {
        match self.0 {
            ClientCredential::Certificate { certificate, key } => {
                reference.is_of(certificate).then_some(key)
            }
            _ => None,
        }
    }
}

impl Core {
    /// What is protected in a message, by its action. The transport protects everything, whatever the contract says.
    pub(super) fn parts_of(
        &self,
        envelope: &Envelope,
        requirements: &ProtectionRequirements,
    ) -> Result<MessageProtection, ClientError> {
        match self.options.is_by_transport() {
            true => Ok(MessageProtection::body(ProtectionLevel::None)),
            false => parts_of(envelope, requirements),
        }
    }
}

fn parts_of(
    envelope: &Envelope,
    requirements: &ProtectionRequirements,
) -> Result<MessageProtection, ClientError> {
    let action = envelope.action().unwrap_or_default();
    requirements.find(Direction::Request, &action).cloned().ok_or_else(|| {
        ClientError::Protect(SecurityError::new(Reason::UnknownAction((*action).into())))
    })
}
