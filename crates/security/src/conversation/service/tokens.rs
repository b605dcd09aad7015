//! Negotiated tokens that the service holds for its clients.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use waxwing_crypto::SealingKeyId;

use super::super::caller::CallerIdentity;
use crate::crowd::{Place, longest_of_the_largest};
use crate::wsse::{ContextToken, ReplayCache};

/// A token that a negotiation issued, or one whose state came in a cookie.
#[derive(Debug)]
pub(super) struct NegotiatedToken {
    pub(super) token: ContextToken,
    pub(super) caller: Arc<CallerIdentity>,
    pub(super) expires: Timestamp,
    /// The messages that were received under it; none when replays are not looked for, and when its state is in a
    /// cookie: those are remembered by who sent them.
    pub(super) replay: Option<ReplayCache>,
    /// Whose place it takes, and since when.
    pub(super) place: Place,
    /// The key that its state is sealed under, when it is in a cookie.
    pub(super) sealed_by: Option<SealingKeyId>,
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

    /// Adds a token; when there is no room, the oldest of whoever has the most goes (WCF: the oldest fifth of all, so
    /// that whoever negotiates on and on takes away everybody's).
    pub(super) fn insert(&self, token: NegotiatedToken) {
        let mut map = self.lock();
        if map.len() >= self.max {
            let places: Vec<Place> = map.values().map(|token| token.place).collect();
            let victim = longest_of_the_largest(&places).and_then(|at| map.keys().nth(at).cloned());
            victim.map(|identifier| map.remove(&identifier));
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
        let mut map = self.lock();
        map.retain(|_, token| token.expires > now);
        map.values().filter_map(|token| token.replay.as_ref()).for_each(|replay| replay.lapse(now));
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Arc<NegotiatedToken>>> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
