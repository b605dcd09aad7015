//! One session: its caller and the generations of its key (WS-SecureConversation February 2005 §5).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::super::caller::CallerIdentity;
use crate::trust::Lifetime;
use crate::wsse::{SessionKeys, TokenKey};

/// A security context session of the service.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) identifier: Box<str>,
    pub(super) caller: Arc<CallerIdentity>,
    pub(super) created: Timestamp,
    used: AtomicBool,
    keys: Mutex<Keys>,
}

#[derive(Debug)]
struct Keys {
    current: Key,
    /// Issued by a renewal and not used yet.
    pending: Vec<Key>,
    /// Replaced, and until when it is still accepted.
    former: Option<(Key, Timestamp)>,
}

/// One generation of the key, with the derived keys of the service's messages.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) keys: Arc<SessionKeys>,
    pub(super) lifetime: Lifetime,
}

impl Key {
    fn instance(&self) -> Option<&str> {
        self.keys.token().instance.as_deref()
    }
}

/// The key that a message came under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyState {
    Valid,
    Expired,
}

impl Session {
    pub(super) fn new(
        identifier: Box<str>,
        caller: Arc<CallerIdentity>,
        key: Key,
        now: Timestamp,
    ) -> Self {
        let keys = Keys { current: key, pending: Vec::new(), former: None };
        let used = AtomicBool::new(false);
        Self { identifier, caller, created: now, used, keys: Mutex::new(keys) }
    }

    /// Whether a message was verified in it; until then it is pending.
    pub(super) fn is_used(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }

    /// A message verified. True the first time.
    pub(super) fn mark_used(&self) -> bool {
        !self.used.swap(true, Ordering::Relaxed)
    }

    /// The key of a generation that messages may use now.
    pub(super) fn key(&self, instance: Option<&str>, now: Timestamp) -> Option<TokenKey> {
        let keys = self.lock();
        let former = keys.former.iter().filter(|(_, until)| *until > now).map(|(key, _)| key);
        let mut known = std::iter::once(&keys.current).chain(&keys.pending).chain(former);
        known.find(|key| key.instance() == instance).map(|key| key.keys.token().key.clone())
    }

    /// A message verified under this generation: a pending key becomes the current one, for both
    /// directions; the one before it lasts for `rollover`; other pending ones are dropped.
    pub(super) fn adopt(
        &self,
        instance: Option<&str>,
        rollover: SignedDuration,
        now: Timestamp,
    ) -> KeyState {
        let mut keys = self.lock();
        if let Some(at) = keys.pending.iter().position(|key| key.instance() == instance) {
            let key = keys.pending.swap_remove(at);
            keys.pending.clear();
            let former = std::mem::replace(&mut keys.current, key);
            keys.former = Some((former, now.saturating_add(rollover).unwrap_or(now)));
        }
        let is_current = keys.current.instance() == instance;
        if is_current && keys.current.lifetime.expires <= now {
            return KeyState::Expired;
        }
        KeyState::Valid
    }

    /// Adds a key that a renewal issued. False when `max` wait already.
    pub(super) fn add_pending(&self, key: Key, max: usize) -> bool {
        let mut keys = self.lock();
        if keys.pending.len() >= max {
            return false;
        }
        keys.pending.push(key);
        true
    }

    /// The keys of the service's messages.
    pub(super) fn outgoing(&self) -> Arc<SessionKeys> {
        Arc::clone(&self.lock().current.keys)
    }

    fn lock(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
