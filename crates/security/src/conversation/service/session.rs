//! One session: its caller and the generations of its key (WS-SecureConversation February 2005 §5).

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::super::caller::CallerIdentity;
use super::super::ending::Ending;
use super::super::keys_saved::save_keys;
use super::super::saved::{Generation, SavedCaller, SavedContext};
use super::CANCELLATION_TIME;
use crate::crowd::{Holder, Place};
use crate::delivery::Delivery;
use crate::mutation::{Mutation, broken};
use crate::trust::Lifetime;
use crate::wsse::{ProvenContext, ReplayCache, SessionKeys, TokenKey, Verified};

/// A security context session of the service.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) identifier: Box<str>,
    pub(super) caller: Arc<CallerIdentity>,
    /// Whose place in the tables it takes.
    pub(super) holder: Holder,
    /// The messages that were received in it; none when replays are not looked for.
    pub(super) replay: Option<ReplayCache>,
    used: AtomicBool,
    /// When it began or its last message was verified, in milliseconds of [`Delivery::elapsed`].
    last: AtomicU64,
    /// When it is forgotten, in the same milliseconds: the layers above are done with it. `u64::MAX`: they are not.
    ends: AtomicU64,
    keys: Mutex<Keys>,
    /// In a duplex flow: which end has said its last.
    ending: Mutex<Ending>,
}

/// The generations of the key of a session.
#[derive(Debug)]
pub(super) struct Keys {
    pub(super) current: Key,
    /// Issued by a renewal and not used yet, the oldest first.
    pub(super) pending: Vec<Key>,
    /// Replaced, and until when it is still accepted.
    pub(super) former: Option<(Key, Timestamp)>,
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
        replay: Option<ReplayCache>,
        at: &Delivery,
    ) -> Self {
        let keys = Keys { current: key, pending: Vec::new(), former: None };
        Self::restored((identifier, caller), keys, replay, at)
    }

    /// A session as it was when it was kept, but for what was received in it: nothing was used.
    pub(super) fn restored(
        (identifier, caller): (Box<str>, Arc<CallerIdentity>),
        keys: Keys,
        replay: Option<ReplayCache>,
        at: &Delivery,
    ) -> Self {
        Self {
            identifier,
            holder: Holder::new(at.peer, &caller),
            caller,
            replay,
            used: AtomicBool::new(false),
            last: AtomicU64::new(milliseconds(at.elapsed)),
            ends: AtomicU64::new(u64::MAX),
            keys: Mutex::new(keys),
            ending: Mutex::default(),
        }
    }

    /// What is kept of it.
    pub(super) fn save(&self) -> SavedContext {
        let keys = self.lock();
        let save = |key: &Key, generation| save_keys(&key.keys, generation, &key.lifetime, None);
        let mut saved = vec![save(&keys.current, Generation::Current)];
        saved.extend(keys.pending.iter().map(|key| save(key, Generation::Pending)));
        let former = keys.former.iter();
        saved.extend(
            former.map(|(key, until)| save(key, Generation::Former(until.as_millisecond()))),
        );
        SavedContext {
            identifier: self.identifier.to_string(),
            caller: match &*self.caller {
                CallerIdentity::Anonymous => SavedCaller::Anonymous,
                CallerIdentity::Certificate(certificate) => {
                    SavedCaller::Certificate(certificate.der().to_vec())
                }
                CallerIdentity::UserName(name) => SavedCaller::UserName(name.to_string()),
            },
            keys: saved,
            used: self.is_used(),
        }
    }

    /// Whether a message was verified in it; until then it is pending.
    pub(super) fn is_used(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }

    /// A message verified.
    pub(super) fn mark_used(&self, at: &Delivery) {
        self.used.store(true, Ordering::Relaxed);
        self.last.fetch_max(milliseconds(at.elapsed), Ordering::Relaxed);
    }

    /// When it began or its last message was verified.
    pub(super) fn last(&self) -> Duration {
        Duration::from_millis(self.last.load(Ordering::Relaxed))
    }

    /// It is forgotten at that time, unless its client ends it before or is still heard of.
    pub(super) fn end_at(&self, elapsed: Duration) {
        self.ends.fetch_min(milliseconds(elapsed), Ordering::Relaxed);
    }

    /// Whether the time to forget it has come. A client that repeats the end of its sequence, because the answer is lost
    /// each time, still has use for it.
    pub(super) fn is_to_end(&self, elapsed: Duration) -> bool {
        let is_over = self.ends.load(Ordering::Relaxed) <= milliseconds(elapsed);
        is_over && self.last() + CANCELLATION_TIME <= elapsed
    }

    /// Its place in a table.
    pub(super) fn place(&self) -> Place {
        Place { holder: self.holder, since: self.last() }
    }

    /// Whether its newest key has expired.
    pub(super) fn is_expired(&self, now: Timestamp) -> bool {
        let keys = self.lock();
        std::iter::once(&keys.current).chain(&keys.pending).all(|key| key.lifetime.expires <= now)
    }

    /// The key of a generation that messages may use now.
    pub(super) fn key(&self, instance: Option<&str>, now: Timestamp) -> Option<TokenKey> {
        let keys = self.lock();
        let is_good = |until: Timestamp| until > now || broken(Mutation::KeepFormerKeys);
        let former = keys.former.iter().filter(|(_, until)| is_good(*until)).map(|(key, _)| key);
        let mut known = std::iter::once(&keys.current).chain(&keys.pending).chain(former);
        known.find(|key| key.instance() == instance).map(|key| key.keys.token().key.clone())
    }

    /// A message verified under this generation: a pending key becomes the current one, for both directions; the one
    /// before it lasts for `rollover`. Pending ones that were issued earlier are dropped: their answers were lost. One
    /// that was issued later stays, since its answer may be on the way.
    pub(super) fn adopt(
        &self,
        under: &ProvenContext,
        rollover: SignedDuration,
        now: Timestamp,
    ) -> KeyState {
        self.promote(under.instance(), rollover, now)
    }

    fn promote(
        &self,
        instance: Option<&str>,
        rollover: SignedDuration,
        now: Timestamp,
    ) -> KeyState {
        let mut keys = self.lock();
        if let Some(at) = keys.pending.iter().position(|key| key.instance() == instance) {
            let earlier_and_it = keys.pending.drain(..=at).next_back();
            if broken(Mutation::DropPendingKeys) {
                keys.pending.clear();
            }
            if let Some(key) = earlier_and_it {
                let former = std::mem::replace(&mut keys.current, key);
                keys.former = Some((former, now.saturating_add(rollover).unwrap_or(now)));
            }
        }
        let is_current = keys.current.instance() == instance;
        if is_current && keys.current.lifetime.expires <= now {
            return KeyState::Expired;
        }
        KeyState::Valid
    }

    /// Adds a key that a renewal issued. When `max` wait already the oldest makes way: the client, which alone can ask,
    /// asks again because the answer that brought it was lost.
    pub(super) fn add_pending(&self, key: Key, max: usize) {
        let mut keys = self.lock();
        let most = max.max(1);
        if keys.pending.len() >= most {
            keys.pending.remove(0);
        }
        keys.pending.push(key);
    }

    /// Whether it is a message of the service's own, under any key that is still accepted.
    pub(super) fn is_own(&self, verified: &Verified) -> bool {
        let keys = self.lock();
        let former = keys.former.iter().map(|(key, _)| key);
        let mut known = std::iter::once(&keys.current).chain(&keys.pending).chain(former);
        known.any(|key| verified.is_reflected(&key.keys))
    }

    /// The keys of the service's messages.
    pub(super) fn outgoing(&self) -> Arc<SessionKeys> {
        Arc::clone(&self.lock().current.keys)
    }

    /// How far it is on the way to its end.
    pub(super) fn ending(&self) -> MutexGuard<'_, Ending> {
        self.ending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn milliseconds(elapsed: Duration) -> u64 {
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::IssuedContextToken;
    use crate::wsse::{Dialect, SecuritySettings, TokenPlacement, UuidIds};

    struct Zero;

    impl waxwing_soap::RandomSource for Zero {
        fn fill(&mut self, octets: &mut [u8]) {
            octets.fill(0);
        }
    }

    fn key(instance: &str) -> Key {
        let dialect = Dialect::February2005;
        let token = IssuedContextToken::new(dialect, "_1", "urn:c", Some(Box::from(instance)));
        let (mut ids, settings) = (UuidIds::new(&mut Zero), SecuritySettings::default());
        let token = token.with_key(TokenKey::new(vec![7; 32]));
        let placement = TokenPlacement::External;
        let keys = Arc::new(SessionKeys::new(token, placement, &settings, &mut Zero, &mut ids));
        let lifetime = Lifetime { created: Timestamp::MIN, expires: Timestamp::MAX };
        Key { keys, lifetime }
    }

    fn waiting(session: &Session) -> Vec<String> {
        let keys = session.lock();
        let names = keys.pending.iter().filter_map(|key| key.instance());
        names.map(str::to_owned).collect()
    }

    #[test]
    fn the_oldest_key_that_nobody_used_makes_way() {
        let at = Delivery::from(Timestamp::UNIX_EPOCH);
        let caller = Arc::new(CallerIdentity::Anonymous);
        let session = Session::new("urn:c".into(), caller, key("0"), None, &at);
        for name in ["1", "2", "3", "4", "5"] {
            session.add_pending(key(name), 3);
        }
        assert_eq!(waiting(&session), ["3", "4", "5"]);
        let now = Timestamp::UNIX_EPOCH;
        assert!(session.key(Some("2"), now).is_none() && session.key(Some("3"), now).is_some());
        // What was issued after the key that is used may still be on its way.
        session.promote(Some("4"), SignedDuration::from_mins(5), now);
        assert_eq!(waiting(&session), ["5"]);
        assert!(session.key(Some("0"), now).is_some(), "for the rollover");
        assert!(session.key(Some("3"), now).is_none());
    }
}
