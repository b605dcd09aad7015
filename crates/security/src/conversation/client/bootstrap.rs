//! Messages that stand for themselves: the requests for sessions and one-shot messages
//! (WS-SecurityPolicy 1.2 §7.4 symmetric binding, with X.509 or negotiated protection token).

use jiff::Timestamp;
use waxwing_crypto::Certificate;
use waxwing_soap::{Envelope, Moment};

use super::super::credentials::ClientCredential;
use super::super::error::ClientError;
use super::core::{Core, Keys};
use crate::error::{Reason, SecurityError};
use crate::protection::{Direction, MessageProtection, ProtectionRequirements};
use crate::wsse::{
    self, ContextToken, EncryptedKeyReference, EncryptedKeyToken, Endorsing, Expectations,
    ExpectedToken, IdSource, ProtectionPlan, ProtectionToken, SecuritySettings, SentSignature,
    Sources, TokenPlacement, UsernameCredential, Verified,
};

/// The token that a message is protected with.
#[derive(Debug, Clone)]
pub(super) enum BootstrapToken {
    /// A new key for every message, encrypted for this certificate.
    Certificate(Certificate),
    /// A negotiated token.
    Context(ContextToken),
}

/// What the reply to a message must show.
#[derive(Debug)]
pub(super) struct BootstrapCorrelation {
    token: ReplyToken,
    confirmations: Vec<SentSignature>,
}

#[derive(Debug)]
enum ReplyToken {
    EncryptedKey(EncryptedKeyReference),
    Context(ContextToken),
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
        let parts = parts_of(&envelope, requirements)?;
        let settings = settings.clone();
        let username = self.username();
        let encrypted_key = match token {
            BootstrapToken::Certificate(certificate) => {
                let key =
                    EncryptedKeyToken::generate(&settings, certificate, at.random, &mut self.ids);
                Some(key.map_err(ClientError::Protect)?)
            }
            BootstrapToken::Context(_) => None,
        };
        let certificate_id = self.endorsing_certificate().then(|| self.certificate_ids.next_id());
        let protection = match (token, &encrypted_key) {
            (BootstrapToken::Context(token), _) => {
                ProtectionToken::Context(token, TokenPlacement::Attached)
            }
            (BootstrapToken::Certificate(_), Some(key)) => ProtectionToken::EncryptedKey(key),
            (BootstrapToken::Certificate(_), None) => {
                return Err(ClientError::State("no key was made for the service"));
            }
        };
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
        let token = match (token, &encrypted_key) {
            (BootstrapToken::Context(token), _) => ReplyToken::Context(token.clone()),
            (_, Some(key)) => ReplyToken::EncryptedKey(key.reference()),
            (_, None) => return Err(ClientError::State("no key was made for the service")),
        };
        let confirmations = if self.options.confirms_signatures() { sent } else { Vec::new() };
        Ok((envelope, BootstrapCorrelation { token, confirmations }))
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
        let (protection, context) = match &correlation.token {
            ReplyToken::EncryptedKey(reference) => {
                (ExpectedToken::EncryptedKeyReference(reference), None)
            }
            ReplyToken::Context(token) => {
                (ExpectedToken::ExternalContext { identifier: &token.identifier }, Some(token))
            }
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
        wsse::verify(reply, &expect, &Keys(context.as_slice()))
    }
}

/// What is protected in a message, by its action.
pub(super) fn parts_of(
    envelope: &Envelope,
    requirements: &ProtectionRequirements,
) -> Result<MessageProtection, ClientError> {
    let namespace = envelope.version().addressing.namespace();
    let action = envelope.header_named(namespace, "Action").map(|header| header.text());
    let action = action.as_deref().unwrap_or_default().trim();
    requirements.find(Direction::Request, action).cloned().ok_or_else(|| {
        ClientError::Protect(SecurityError::new(Reason::UnknownAction(action.into())))
    })
}
