//! The sessions of a service, by identifier.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use jiff::{SignedDuration, Timestamp};

use super::super::options::ServiceLimits;
use super::session::Session;

type Map = HashMap<Box<str>, Arc<Session>>;

/// All sessions. Messages take the lock for reading only.
pub(super) struct Sessions {
    map: RwLock<Map>,
    max_pending: usize,
    pending_timeout: SignedDuration,
}

impl Sessions {
    pub(super) fn new(limits: &ServiceLimits) -> Self {
        Self {
            map: RwLock::default(),
            max_pending: limits.max_pending_sessions,
            pending_timeout: limits.pending_session_timeout,
        }
    }

    pub(super) fn find(&self, identifier: &str) -> Option<Arc<Session>> {
        self.read().get(identifier).cloned()
    }

    /// Adds a new session. The number of pending ones when there are too many.
    pub(super) fn insert(&self, session: Arc<Session>) -> Result<(), usize> {
        let mut map = self.write();
        let pending = map.values().filter(|session| !session.is_used()).count();
        if pending >= self.max_pending {
            return Err(pending);
        }
        map.insert(session.identifier.clone(), session);
        Ok(())
    }

    /// Whether another session may be begun; the number of pending ones when not.
    pub(super) fn has_room(&self) -> Result<(), usize> {
        let pending = self.read().values().filter(|session| !session.is_used()).count();
        if pending >= self.max_pending { Err(pending) } else { Ok(()) }
    }

    pub(super) fn remove(&self, identifier: &str) -> bool {
        self.write().remove(identifier).is_some()
    }

    /// Forgets sessions that were never used in time.
    pub(super) fn sweep(&self, now: Timestamp) {
        let lapsed = |session: &Session| {
            !session.is_used() && now.duration_since(session.created) > self.pending_timeout
        };
        let any = self.read().values().any(|session| lapsed(session));
        if any {
            self.write().retain(|_, session| !lapsed(session));
        }
    }

    pub(super) fn len(&self) -> usize {
        self.read().len()
    }

    fn read(&self) -> RwLockReadGuard<'_, Map> {
        self.map.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Map> {
        self.map.write().unwrap_or_else(PoisonError::into_inner)
    }
}
