//! The sessions of a service, by identifier.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use super::super::options::ServiceLimits;
use super::Swept;
use super::error::ServiceError;
use super::session::Session;
use crate::crowd::{Admission, Holder, Patience, Place, admit};
use crate::delivery::Delivery;

type Map = HashMap<Box<str>, Arc<Session>>;

/// How long a session that was begun may be unused when others want its place. A reliable session is created in it at
/// once; without one the client may take its time, and a session that it believes open should not be gone.
const UNUSED: Patience =
    Patience { fewer: Duration::from_secs(5), anybody: Duration::from_secs(30) };

/// Once a session was used, standing still is usual.
const IDLE: Patience =
    Patience { fewer: Duration::from_secs(10), anybody: Duration::from_secs(60) };

/// How long a session whose key has expired is kept for its client to renew it: the client notices at its next call.
const RENEWAL_TIME: Duration = Duration::from_secs(300);

/// How many sessions that are over are told at most, when nobody asks.
pub(super) const MAX_FORGOTTEN: usize = 100_000;

/// All sessions. Messages take the lock for reading only.
pub(super) struct Sessions {
    map: RwLock<Map>,
    /// Those that may not have been used yet: never more than `max_pending`, so that counting them does
    /// not depend on how many sessions there are. Its lock is taken before that of the map.
    pending: Mutex<Vec<Arc<Session>>>,
    max: usize,
    max_pending: usize,
    pending_timeout: Duration,
    idle_timeout: Duration,
    /// The sessions that are over and whose owner does not know it yet, the earliest first. None where nobody asks. Its lock is
    /// taken last.
    forgotten: Option<Mutex<VecDeque<Box<str>>>>,
}

impl Sessions {
    pub(super) fn new(limits: &ServiceLimits, durable: bool) -> Self {
        let length = |span: jiff::SignedDuration| span.try_into().unwrap_or(Duration::ZERO);
        Self {
            map: RwLock::default(),
            pending: Mutex::default(),
            max: limits.max_sessions,
            max_pending: limits.max_pending_sessions,
            pending_timeout: length(limits.pending_session_timeout),
            idle_timeout: length(limits.session_idle_timeout),
            forgotten: durable.then(Mutex::default),
        }
    }

    pub(super) fn find(&self, identifier: &str) -> Option<Arc<Session>> {
        self.read().get(identifier).cloned()
    }

    /// Adds a new session; another one may make way for it.
    ///
    /// # Errors
    /// As for [`Sessions::has_room`].
    pub(super) fn insert(&self, session: Arc<Session>, at: &Delivery) -> Result<(), ServiceError> {
        let mut pending = self.still_pending();
        let instead = self.place(&pending, session.holder, at)?;
        if let Some(unused) = instead {
            let unused = pending.swap_remove(unused);
            self.write().remove(&unused.identifier);
            self.forget(&unused.identifier);
        }
        self.make_room(session.holder, at)?;
        pending.push(Arc::clone(&session));
        self.write().insert(session.identifier.clone(), session);
        Ok(())
    }

    /// Adds a session that was kept, unless it is there; gives the one that is.
    ///
    /// # Errors
    /// As for [`Sessions::has_room`].
    pub(super) fn restore(
        &self,
        session: Arc<Session>,
        at: &Delivery,
    ) -> Result<Arc<Session>, ServiceError> {
        if let Some(known) = self.find(&session.identifier) {
            return Ok(known);
        }
        if !session.is_used() {
            self.insert(Arc::clone(&session), at)?;
            return Ok(session);
        }
        self.make_room(session.holder, at)?;
        let mut map = self.write();
        Ok(Arc::clone(map.entry(session.identifier.clone()).or_insert(session)))
    }

    /// Whether another session may be begun.
    ///
    /// # Errors
    /// [`ServiceError::TooManyPending`] when it must wait for one that was begun and not used,
    /// [`ServiceError::TooManySessions`] when there are too many altogether.
    pub(super) fn has_room(&self, holder: Holder, at: &Delivery) -> Result<(), ServiceError> {
        self.place(&self.still_pending(), holder, at).map(drop)
    }

    /// The number of the unused session that makes way, if one must.
    fn place(
        &self,
        pending: &[Arc<Session>],
        holder: Holder,
        at: &Delivery,
    ) -> Result<Option<usize>, ServiceError> {
        let places: Vec<Place> = pending.iter().map(|session| session.place()).collect();
        match admit(&places, holder, self.max_pending, UNUSED, at.elapsed) {
            Admission::Free => Ok(None),
            Admission::Instead(unused) => Ok(Some(unused)),
            Admission::Full => Err(ServiceError::TooManyPending(pending.len())),
        }
    }

    /// When there are too many sessions altogether, one makes way that nobody holds: no reliable session and no
    /// answer under way.
    fn make_room(&self, holder: Holder, at: &Delivery) -> Result<(), ServiceError> {
        if self.read().len() < self.max {
            return Ok(());
        }
        let mut map = self.write();
        let idle = map.values().filter(|session| Arc::strong_count(session) == 1);
        let idle: Vec<_> =
            idle.map(|session| (session.place(), session.identifier.clone())).collect();
        let places: Vec<Place> = idle.iter().map(|(place, _)| *place).collect();
        // Full is what the table is; the idle ones are those that may go.
        let most = places.len();
        match admit(&places, holder, most, IDLE, at.elapsed) {
            Admission::Instead(place) => {
                map.remove(&idle[place].1);
                self.forget(&idle[place].1);
                Ok(())
            }
            Admission::Free | Admission::Full => Err(ServiceError::TooManySessions(map.len())),
        }
    }

    /// The session is over.
    pub(super) fn remove(&self, identifier: &str) {
        if self.discard(identifier) {
            self.forget(identifier);
        }
    }

    /// The session is here no more; whether it was. It is not over.
    pub(super) fn discard(&self, identifier: &str) -> bool {
        self.still_pending().retain(|session| &*session.identifier != identifier);
        self.write().remove(identifier).is_some()
    }

    fn forget(&self, identifier: &str) {
        let Some(forgotten) = &self.forgotten else { return };
        let mut forgotten = forgotten.lock().unwrap_or_else(PoisonError::into_inner);
        if forgotten.len() >= MAX_FORGOTTEN {
            forgotten.pop_front();
        }
        forgotten.push_back(identifier.into());
    }

    /// The sessions that are over since the last time.
    pub(super) fn take_forgotten(&self) -> Vec<String> {
        let Some(forgotten) = &self.forgotten else { return Vec::new() };
        let mut forgotten = forgotten.lock().unwrap_or_else(PoisonError::into_inner);
        forgotten.drain(..).map(String::from).collect()
    }

    /// Forgets sessions that were never used in time, that are idle, whose key has expired, and those that the layers
    /// above are done with. A session that something above holds is not idle: who holds it ends it.
    pub(super) fn sweep(&self, at: &Delivery) -> Swept {
        let mut swept = Swept::default();
        let mut pending = self.still_pending();
        let lapsed = |session: &Session, most| at.elapsed.saturating_sub(session.last()) > most;
        let goes = |session: &Arc<Session>, swept: &mut Swept| {
            let count = if !session.is_used() {
                if !lapsed(session, self.pending_timeout) {
                    return false;
                }
                &mut swept.never_used
            } else if Arc::strong_count(session) > 1 {
                return false;
            } else if session.is_to_end(at.elapsed) {
                &mut swept.not_cancelled
            } else if lapsed(session, self.idle_timeout) {
                &mut swept.idle
            } else if session.is_expired(at.now) && lapsed(session, RENEWAL_TIME) {
                &mut swept.expired
            } else {
                return false;
            };
            *count += 1;
            true
        };
        let gone: Vec<Box<str>> = {
            let map = self.read();
            let mut gone = Swept::default();
            let some = map.values().filter(|session| goes(session, &mut gone));
            some.map(|session| session.identifier.clone()).collect()
        };
        if !gone.is_empty() {
            let mut map = self.write();
            for identifier in gone {
                // It may have been used since it was looked at.
                if map.get(&identifier).is_some_and(|session| goes(session, &mut swept)) {
                    map.remove(&identifier);
                    self.forget(&identifier);
                    pending.retain(|session| session.identifier != identifier);
                }
            }
        }
        drop(pending);
        let map = self.read();
        let memories = map.values().filter_map(|session| session.replay.as_ref());
        memories.for_each(|replay| replay.lapse(at.now));
        swept
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
