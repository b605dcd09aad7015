//! Sessions that outlive the process: what is kept of them, how they come back, and which are over.
//!
//! The owner keeps a session before the answer leaves that issues it or renews its key (`ServiceReply::began`,
//! `ServiceReply::renewed`), and asks its store for the sessions that a message names
//! ([`named_contexts`]) and that are not known here, before [`ServiceSecurity::receive`]: what is in no table gets
//! `BadContextToken`, and its client gives up at once.

use std::sync::Arc;

use waxwing_crypto::Certificate;
use waxwing_soap::{Envelope, Moment};

use super::super::caller::CallerIdentity;
use super::super::credentials::ClientIdentification;
use super::super::keys_saved;
use super::super::options::Protection;
use super::super::saved::{Generation, SavedCaller, SavedContext};
use super::error::ServiceError;
use super::request;
use super::session::{Key, Keys, Session};
use super::{SecuritySession, ServiceSecurity};
use crate::delivery::Delivery;
use crate::wsse::TokenPlacement;

/// The security contexts that a message names in its Security headers, whoever wrote them: that which protects it, that which
/// a renewal is of, a negotiated token. At most `most` are told, each once. Nothing is verified.
pub fn named_contexts(envelope: &Envelope, most: usize) -> Vec<String> {
    let mut named = Vec::new();
    for identifier in request::named(envelope) {
        if named.len() == most {
            break;
        }
        if !named.contains(&identifier) {
            named.push(identifier);
        }
    }
    named
}

impl ServiceSecurity {
    /// What of a session is to be kept: its caller and the generations of its key. What was kept of it before is out of date
    /// only when a key was issued since; that a key is in use by now need not be kept.
    pub fn save(&self, session: &SecuritySession) -> SavedContext {
        session.0.save()
    }

    /// Takes a session up again. It goes on as it was: the keys that it had are accepted as long as they would have been, those
    /// of the service's messages are derived as before; messages are remembered from now on. It takes a place of its caller's,
    /// whose address nobody knows. One that is here already is left as it is.
    ///
    /// # Errors
    /// [`ServiceError::NotRestored`]: it is none that this endpoint would have issued (it is set to other clients or to another
    /// suite by now). [`ServiceError::TooManyPending`] and [`ServiceError::TooManySessions`] when there is no place.
    pub fn restore(
        &self,
        saved: &SavedContext,
        at: &mut Moment<'_>,
    ) -> Result<SecuritySession, ServiceError> {
        let caller = self.restored_caller(&saved.caller)?;
        let keys = self.restored_keys(saved, at).map_err(ServiceError::NotRestored)?;
        let delivery = Delivery::from(&*at);
        let identifier = saved.identifier.as_str().into();
        let session =
            Session::restored((identifier, Arc::new(caller)), keys, self.own_memory(), &delivery);
        if saved.used {
            session.mark_used(&delivery);
        }
        self.sessions.restore(Arc::new(session), &delivery).map(SecuritySession)
    }

    /// The session with this identifier, if it is here.
    pub fn session(&self, identifier: &str) -> Option<SecuritySession> {
        self.sessions.find(identifier).map(SecuritySession)
    }

    /// Whether the session is here.
    pub fn knows(&self, identifier: &str) -> bool {
        self.sessions.find(identifier).is_some()
    }

    /// Forgets a session here, which is somebody else's by now, or whose state is uncertain. It is not over: nothing is told
    /// by [`forgotten`](Self::forgotten).
    pub fn discard(&self, identifier: &str) {
        self.sessions.discard(identifier);
    }

    /// The sessions that are over since this was asked last, by identifier: cancelled, given up, never used, idle, with an
    /// expired key, or made way for others. What is kept of them may go. With
    /// [`ServiceOptions::durable`](super::super::ServiceOptions::durable) only; the owner asks every second, since no more are
    /// remembered than 100,000: the records of earlier ones go when their time is over.
    pub fn forgotten(&self) -> Vec<String> {
        self.sessions.take_forgotten()
    }

    fn restored_caller(&self, saved: &SavedCaller) -> Result<CallerIdentity, ServiceError> {
        let fits = match saved {
            SavedCaller::Anonymous => ClientIdentification::None,
            SavedCaller::Certificate(_) => ClientIdentification::Certificate,
            SavedCaller::UserName(_) => ClientIdentification::UserName,
        };
        if self.options.protection != Protection::Conversation || self.options.clients != fits {
            let why = "the endpoint asks its clients for another credential by now, or for no session at all";
            return Err(ServiceError::NotRestored(why));
        }
        Ok(match saved {
            SavedCaller::Anonymous => CallerIdentity::Anonymous,
            SavedCaller::UserName(name) => CallerIdentity::UserName(name.as_str().into()),
            SavedCaller::Certificate(der) => {
                CallerIdentity::Certificate(Certificate::from_der(der).map_err(|_| {
                    ServiceError::NotRestored("its caller's certificate cannot be read")
                })?)
            }
        })
    }

    fn restored_keys(
        &self,
        saved: &SavedContext,
        at: &mut Moment<'_>,
    ) -> Result<Keys, &'static str> {
        let settings = &self.options.settings;
        let (mut current, mut pending, mut former) = (None, Vec::new(), None);
        let mut ids = &self.ids;
        for key in &saved.keys {
            if key.identifier != saved.identifier {
                return Err("a key in it is of another session");
            }
            let lifetime = keys_saved::lifetime(key)?;
            let placement = TokenPlacement::External;
            let keys = keys_saved::keys(key, placement, settings, at.random, &mut ids)?;
            let restored = Key { keys: Arc::new(keys), lifetime };
            match key.generation {
                Generation::Current => current = Some(restored),
                Generation::Pending => pending.push(restored),
                Generation::Former(until) => former = Some((restored, keys_saved::time(until)?)),
                Generation::First => return Err("a key in it is of a client"),
            }
        }
        let most = self.options.limits.max_pending_keys.max(1);
        pending.drain(..pending.len().saturating_sub(most));
        Ok(Keys { current: current.ok_or("no key in it is in use")?, pending, former })
    }
}
