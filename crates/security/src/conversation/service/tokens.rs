//! Negotiated tokens that the service holds for its clients.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::super::caller::CallerIdentity;
use crate::wsse::ContextToken;

/// A token that a negotiation issued.
#[derive(Debug)]
pub(super) struct NegotiatedToken {
    pub(super) token: ContextToken,
    pub(super) caller: Arc<CallerIdentity>,
    pub(super) expires: Timestamp,
}

/// The tokens by identifier, a bounded number of them.
pub(super) struct NegotiatedTokens {
    map: Mutex<HashMap<Box<str>, Arc<NegotiatedToken>>>,
    max: usize,
}

impl NegotiatedTokens {
    pub(super) fn new(max: usize) -> Self {
        Self { map: Mutex::default(), max }
    }

    /// Adds a token; when there is no room the fifth of all that expires first goes.
    pub(super) fn insert(&self, token: NegotiatedToken) {
        let mut map = self.lock();
        if map.len() >= self.max {
            let mut by_age: Vec<_> =
                map.iter().map(|(id, token)| (token.expires, id.clone())).collect();
            by_age.sort_unstable();
            by_age.truncate((self.max / 5).max(1));
            by_age.iter().for_each(|(_, id)| drop(map.remove(id)));
        }
        map.insert(token.token.identifier.clone(), Arc::new(token));
    }

    pub(super) fn find(&self, identifier: &str, now: Timestamp) -> Option<Arc<NegotiatedToken>> {
        self.lock().get(identifier).filter(|token| token.expires > now).cloned()
    }

    /// Takes a token out: it may be used once. False when somebody else was first.
    pub(super) fn take(&self, identifier: &str) -> bool {
        self.lock().remove(identifier).is_some()
    }

    pub(super) fn sweep(&self, now: Timestamp) {
        self.lock().retain(|_, token| token.expires > now);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Arc<NegotiatedToken>>> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
