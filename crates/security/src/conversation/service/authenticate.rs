//! Who sent a message that stands for itself, and what waits while that is decided outside.
//!
//! What waits is a value in the owner's hands: it holds no lock, no table knows it, and dropped it leaves nothing behind.
//! Time passes meanwhile, so what was judged by the clock or by a table is judged again when the verdict comes.

use std::sync::Arc;

use waxwing_crypto::Usage;
use waxwing_soap::Moment;

use super::super::caller::CallerIdentity;
use super::super::credentials::ClientIdentification;
use super::super::evidence::{
    CertificateEvidence, Evidence, PasswordDigestEvidence, UserNameEvidence, Verdict,
};
use super::alone::Alone;
use super::error::ServiceError;
use super::reply::AloneToken;
use super::request::Request;
use super::{Incoming, ServiceSecurity};
use crate::delivery::Delivery;
use crate::error::{Reason, SecurityError};
use crate::mutation::{Mutation, broken};
use crate::negotiation::FinishedHandshake;
use crate::trust::TrustAction;
use crate::wsse::{Verified, check_age};

/// Evidence of who sent a message, and the message, which waits for the verdict
/// ([`ServiceSecurity::authenticated`]). Its owner may take his time and must end; dropped, it is as if the message had
/// not come.
#[derive(Debug)]
pub struct Authentication {
    evidence: Evidence,
    request: Request,
    waiting: Waiting,
}

#[derive(Debug)]
enum Waiting {
    /// A message that verified; the action when it is a request for a session.
    Alone(Box<Alone>, Option<TrustAction>),
    /// The last leg of a negotiation, before a token is issued.
    Negotiation(Box<FinishedHandshake>),
}

/// Who sent a message, as far as the message says.
pub(super) enum Sender {
    Known(Arc<CallerIdentity>),
    Shown(Evidence),
}

impl Authentication {
    pub(super) fn of_message(
        evidence: Evidence,
        request: Request,
        alone: Alone,
        trust: Option<TrustAction>,
    ) -> Incoming {
        let waiting = Waiting::Alone(Box::new(alone), trust);
        Incoming::Authenticate(Box::new(Self { evidence, request, waiting }))
    }

    pub(super) fn of_handshake(
        evidence: Evidence,
        request: Request,
        finished: Box<FinishedHandshake>,
    ) -> Incoming {
        let waiting = Waiting::Negotiation(finished);
        Incoming::Authenticate(Box::new(Self { evidence, request, waiting }))
    }

    /// What the sender proves himself with.
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }
}

impl ServiceSecurity {
    /// Goes on with a message whose sender was judged.
    ///
    /// Whatever the verdict, the sender learns no more than he does of any other message that is refused. Time has passed:
    /// a negotiation that lapsed, a message that came twice or is too old by now, a token that is gone and a service that
    /// closes are refused here as they would have been at first.
    #[allow(clippy::boxed_local, reason = "it is given back as it was given out")]
    pub fn authenticated(
        &self,
        authentication: Box<Authentication>,
        verdict: Verdict,
        at: &mut Moment<'_>,
    ) -> Incoming {
        let Authentication { evidence, mut request, waiting } = *authentication;
        request.delivery = Delivery::from(&*at).from_peer(request.delivery.peer);
        self.sweep(at);
        let verdict = if broken(Mutation::TakeAnybody) { Ok(()) } else { verdict };
        match (waiting, verdict) {
            (Waiting::Alone(alone, trust), Ok(())) => {
                if let Err(error) = self.still_good(&alone, trust.is_some(), &request) {
                    return self.refuse_error(&request, error);
                }
                self.go_on(*alone, Arc::new(evidence.into_caller()), &request, trust, at)
            }
            (Waiting::Alone(..), Err(reason)) => {
                self.refuse_alone(&request, refusal(&evidence, reason))
            }
            (Waiting::Negotiation(finished), Ok(())) => {
                let caller = Arc::new(evidence.into_caller());
                self.issue_token(*finished, caller, &request, at)
            }
            (Waiting::Negotiation(_), Err(reason)) => {
                self.refuse_negotiation(&request, refusal(&evidence, reason))
            }
        }
    }

    /// The sender of a verified message: by its endorsing certificate, its user name, or what the
    /// negotiation of its token found out.
    pub(super) fn sender(&self, alone: &Alone) -> Result<Sender, SecurityError> {
        let negotiated = match &alone.token {
            AloneToken::Negotiated(token) => Some(token),
            AloneToken::EncryptedKey(_) | AloneToken::Certificate(_) | AloneToken::Transport => {
                None
            }
        };
        let verified = &alone.verified;
        match (self.options.clients, negotiated) {
            (ClientIdentification::UserName, _) => user_name(verified).map(Sender::Shown),
            (_, Some(token)) => Ok(Sender::Known(Arc::clone(&token.caller))),
            (ClientIdentification::None, None) => {
                Ok(Sender::Known(Arc::new(CallerIdentity::Anonymous)))
            }
            (ClientIdentification::Certificate, None) => certificate(verified).map(Sender::Shown),
        }
    }

    /// What the clock and the tables said of a message when it came may no longer be true.
    fn still_good(
        &self,
        alone: &Alone,
        is_trust: bool,
        request: &Request,
    ) -> Result<(), SecurityError> {
        let now = request.delivery.now;
        if let AloneToken::Negotiated(token) = &alone.token {
            let identifier = &token.token.identifier;
            let is_good = match token.sealed_by {
                Some(_) => self.cookies.is_good(token, now),
                None => self.tokens.find(identifier, now).is_some(),
            };
            if !is_good {
                return Err(Reason::UnknownContext(identifier.clone()).into());
            }
        }
        let digest = alone.verified.username().and_then(|username| username.digest.as_ref());
        let made = [alone.verified.created(), digest.map(|digest| digest.created())];
        let settings = self.rules(is_trust).0;
        made.into_iter().flatten().try_for_each(|created| check_age(created, settings, now))
    }
}

fn user_name(verified: &Verified) -> Result<Evidence, SecurityError> {
    let missing = || SecurityError::new(Reason::Missing("the UsernameToken"));
    let found = verified.username().ok_or_else(missing)?;
    let (username, password) = (found.username.clone(), found.password.clone());
    if let Some(digest) = found.digest.clone() {
        return Ok(Evidence::PasswordDigest(PasswordDigestEvidence { username, digest }));
    }
    Ok(Evidence::UserName(UserNameEvidence { username, password }))
}

fn certificate(verified: &Verified) -> Result<Evidence, SecurityError> {
    let missing = || SecurityError::new(Reason::Missing("the client's certificate"));
    let shown = verified.signer().or_else(|| verified.endorsing_certificate());
    let certificate = shown.ok_or_else(missing)?.clone();
    let evidence = CertificateEvidence { certificate, chain: Vec::new(), usage: Usage::Client };
    Ok(Evidence::Certificate(evidence))
}

/// What the log says of somebody who is refused.
fn refusal(evidence: &Evidence, reason: String) -> ServiceError {
    match evidence {
        Evidence::UserName(UserNameEvidence { username, .. })
        | Evidence::PasswordDigest(PasswordDigestEvidence { username, .. }) => {
            ServiceError::UserName { username: username.clone(), reason }
        }
        Evidence::Certificate(evidence) => {
            let subject = evidence.certificate.subject_windows();
            ServiceError::UntrustedClient { subject, reason }
        }
    }
}
