//! What a connection carries: requests for sessions, or one session; never what belongs to another one.

use std::sync::Arc;

use waxwing_soap::{Envelope, Moment};

use super::super::caller::CallerIdentity;
use super::super::evidence::Verdict;
use super::super::faults::make;
use super::super::options::Protection;
use super::error::ServiceError;
use super::request::Request;
use super::{Authentication, Incoming, SecuritySession, ServiceSecurity};
use crate::delivery::{Delivery, Link};
use crate::error::{Reason, SecurityFault};
use crate::mutation::{Mutation, broken};
use crate::trust::TrustAction;
use crate::wsse::Dialect;

/// What the security of a service knows of one connection of [`Flow::DuplexSession`](super::super::Flow::DuplexSession): what
/// its first message made of it. It lives with the connection.
///
/// A connection carries requests for sessions and keys, or the messages of one security session; where every message
/// proves its sender, those of one sender. Whatever else comes over it is refused before anything of it is verified: who
/// has a connection cannot have the messages of somebody else's session taken, or spent, over it.
#[derive(Debug, Default)]
pub struct LinkSecurity(Option<Carries>);

#[derive(Debug)]
enum Carries {
    /// Legs of negotiations, requests for sessions and for new keys.
    Requests,
    /// A session.
    Session(SecuritySession),
    /// Messages that stand for themselves, of this sender.
    Caller(Arc<CallerIdentity>),
}

impl LinkSecurity {
    /// The session that the connection carries.
    pub fn session(&self) -> Option<&SecuritySession> {
        match &self.0 {
            Some(Carries::Session(session)) => Some(session),
            _ => None,
        }
    }

    /// Whether it carries requests for sessions: no conversation is ever begun on it.
    pub fn is_for_requests(&self) -> bool {
        matches!(self.0, Some(Carries::Requests))
    }
}

impl ServiceSecurity {
    /// The same as [`ServiceSecurity::receive`] over a connection on which both ends send, and whose messages belong
    /// together. When a message was refused, the connection is of no more use: close it after the answer.
    pub fn receive_on(
        &self,
        link: &mut LinkSecurity,
        envelope: Envelope,
        from: impl Into<Link>,
        at: &mut Moment<'_>,
    ) -> Incoming {
        let from = from.into();
        let delivery = Delivery::from(&*at).from_peer(from.peer);
        let request = self.request(&envelope, delivery);
        let is_request = self.options.protection == Protection::Conversation
            && (self.negotiates(&request) || is_for_token(&request));
        if !self.fits(link, &request, is_request) {
            return self.refuse_foreign(&request);
        }
        let incoming = self.receive_from(envelope, &request, from.protected, at);
        if is_request && link.0.is_none() {
            link.0 = Some(Carries::Requests);
        }
        self.carried(link, incoming, at)
    }

    /// The same as [`ServiceSecurity::authenticated`] for a message that came over this connection.
    pub fn authenticated_on(
        &self,
        link: &mut LinkSecurity,
        authentication: Box<Authentication>,
        verdict: Verdict,
        at: &mut Moment<'_>,
    ) -> Incoming {
        let incoming = self.authenticated(authentication, verdict, at);
        self.carried(link, incoming, at)
    }

    /// Whether a message may be looked at that came over a connection.
    fn fits(&self, link: &LinkSecurity, request: &Request, is_request: bool) -> bool {
        if self.options.protection != Protection::Conversation || broken(Mutation::MixLinks) {
            return true;
        }
        match &link.0 {
            None => true,
            Some(Carries::Requests) => is_request,
            // A new key may be asked for over the session's own connection. For which session the request itself proves.
            Some(Carries::Session(session)) if !is_request => {
                request.context.as_deref() == Some(session.identifier())
            }
            Some(Carries::Session(_)) => request.trust == Some(TrustAction::Renew),
            Some(Carries::Caller(_)) => !is_request,
        }
    }

    /// What a message that verified makes of its connection.
    fn carried(&self, link: &mut LinkSecurity, incoming: Incoming, at: &Moment<'_>) -> Incoming {
        let (session, caller) = match &incoming {
            Incoming::Ended(session) => (Some(session), session.caller()),
            Incoming::Message(message) => (message.session.as_ref(), &message.caller),
            Incoming::Reply(_) | Incoming::Authenticate(_) => return incoming,
        };
        match (&link.0, session, &incoming) {
            (None, Some(session), _) => link.0 = Some(Carries::Session(session.clone())),
            (None, None, _) if self.options.protection == Protection::OneShot => {
                link.0 = Some(Carries::Caller(Arc::clone(caller)));
            }
            (Some(Carries::Caller(known)), _, Incoming::Message(message))
                if !known.is_same(caller) =>
            {
                return self.refuse_other_caller(message.received.envelope(), at);
            }
            _ => {}
        }
        incoming
    }

    fn refuse_foreign(&self, request: &Request) -> Incoming {
        let fault = make::no_session(&request.action, self.options.settings.dialect);
        let (action, context) = (request.action.clone(), request.context.clone());
        self.refuse(request, &fault, ServiceError::ForeignLink { action, context })
    }

    /// Callbacks of the connection go to whom it belongs to, so nobody else may speak on it.
    fn refuse_other_caller(&self, envelope: &Envelope, at: &Moment<'_>) -> Incoming {
        let request = self.request(envelope, Delivery::from(at));
        let reason = Reason::Untrusted("another caller has the connection".into());
        let fault = SecurityFault::FailedAuthentication;
        let fault = make::of_error(fault, &request.action, Dialect::February2005);
        self.refuse(&request, &fault, ServiceError::Message(reason.into()))
    }
}

/// Whether a message asks for a session or a new key.
fn is_for_token(request: &Request) -> bool {
    let asks = matches!(request.trust, Some(TrustAction::Issue | TrustAction::Renew));
    asks && request.has_security
}
