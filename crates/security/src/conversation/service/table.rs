//! The sessions of a service, by identifier.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use jiff::{SignedDuration, Timestamp};

use super::super::options::ServiceLimits;
use super::session::Session;

type Map = HashMap<Box<str>, Arc<Session>>;

/// All sessions. Messages take the lock for reading only.
pub(super) struct Sessions {
    map: RwLock<Map>,
    /// Those that may not have been used yet: never more than `max_pending`, so that counting them does
    /// not depend on how many sessions there are. Its lock is taken before that of the map.
    pending: Mutex<Vec<Arc<Session>>>,
    max_pending: usize,
    pending_timeout: SignedDuration,
}

impl Sessions {
    pub(super) fn new(limits: &ServiceLimits) -> Self {
        Self {
            map: RwLock::default(),
            pending: Mutex::default(),
            max_pending: limits.max_pending_sessions,
            pending_timeout: limits.pending_session_timeout,
        }
    }

    pub(super) fn find(&self, identifier: &str) -> Option<Arc<Session>> {
        self.read().get(identifier).cloned()
    }

    /// Adds a new session. The number of pending ones when there are too many.
    pub(super) fn insert(&self, session: Arc<Session>) -> Result<(), usize> {
        let mut pending = self.still_pending();
        if pending.len() >= self.max_pending {
            return Err(pending.len());
        }
        pending.push(Arc::clone(&session));
        self.write().insert(session.identifier.clone(), session);
        Ok(())
    }

    /// Whether another session may be begun; the number of pending ones when not.
    pub(super) fn has_room(&self) -> Result<(), usize> {
        let pending = self.still_pending().len();
        if pending >= self.max_pending { Err(pending) } else { Ok(()) }
    }

    pub(super) fn remove(&self, identifier: &str) -> bool {
        self.still_pending().retain(|session| &*session.identifier != identifier);
        self.write().remove(identifier).is_some()
    }

    /// Forgets sessions that were never used in time.
    pub(super) fn sweep(&self, now: Timestamp) {
        let lapsed = |session: &Session| now.duration_since(session.created) > self.pending_timeout;
        let mut pending = self.still_pending();
        if !pending.iter().any(|session| lapsed(session)) {
            return;
        }
        let mut map = self.write();
        pending.retain(|session| {
            // Used since they were looked at.
            let forget = lapsed(session) && !session.is_used();
            if forget {
                map.remove(&session.identifier);
            }
            !forget
        });
    }

    pub(super) fn len(&self) -> usize {
        self.read().len()
    }

    /// Those that have not been used; the others leave the list for good.
    fn still_pending(&self) -> MutexGuard<'_, Vec<Arc<Session>>> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.retain(|session| !session.is_used());
        pending
    }

    fn read(&self) -> RwLockReadGuard<'_, Map> {
        self.map.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Map> {
        self.map.write().unwrap_or_else(PoisonError::into_inner)
    }
}
