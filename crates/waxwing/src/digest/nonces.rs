//! The nonces of a service: each says itself when it was given out and that it was, so that nobody's question takes memory;
//! and how often each was used, of those by which somebody has proven who he is.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;
use waxwing_crypto::{DigestAlgorithm, HmacKey};
use zeroize::Zeroizing;

/// How long a nonce may be used. Then its user is told to take another one (`stale`), which costs him an exchange.
const LIFETIME: Duration = Duration::from_secs(300);
/// How many nonces are kept by which somebody has proven who he is. When there are more, the oldest are no longer taken: their
/// users are told to take others.
const MOST_USED: usize = 10_000;
/// How far behind the highest count a request may come: those of one client overtake each other on several connections.
const BEHIND: u32 = 128;
/// The octets of a nonce's mark.
const MARK: usize = 16;

/// Gives out nonces and knows them again.
pub(crate) struct Nonces {
    key: HmacKey,
    began: Instant,
    used: Mutex<Used>,
}

#[derive(Default)]
struct Used {
    /// By the time that a nonce was given out and its number.
    counts: HashMap<(u64, u64), Counts>,
    /// What was given out up to then, in milliseconds, is no longer taken.
    forgotten: Option<u64>,
    given: u64,
}

/// Which counts of a nonce were used: the highest, and those just below it, the nearest first.
struct Counts {
    highest: u32,
    below: u128,
}

impl Counts {
    /// Whether a count is used for the first time.
    fn take(&mut self, count: u32) -> bool {
        if count > self.highest {
            let step = count - self.highest;
            let shifted = self.below.checked_shl(step).unwrap_or(0);
            let own = 1u128.checked_shl(step - 1).unwrap_or(0);
            (self.highest, self.below) = (count, shifted | own);
            return true;
        }
        let distance = self.highest - count;
        if distance == 0 || distance > BEHIND {
            return false;
        }
        let bit = 1u128 << (distance - 1);
        let is_new = self.below & bit == 0;
        self.below |= bit;
        is_new
    }
}

impl Nonces {
    /// Those of a service with this key, which nobody else knows.
    pub(crate) fn new(key: Zeroizing<[u8; 32]>) -> Self {
        let key = HmacKey::new(DigestAlgorithm::Sha256, &*key);
        Self { key, began: Instant::now(), used: Mutex::default() }
    }

    fn used(&self) -> std::sync::MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// A nonce that nobody has.
    pub(crate) fn give(&self) -> String {
        self.give_at(self.now())
    }

    fn give_at(&self, now: u64) -> String {
        let number = {
            let mut used = self.used();
            used.given += 1;
            used.given
        };
        let mut octets = Vec::with_capacity(16 + MARK);
        octets.extend(now.to_be_bytes());
        octets.extend(number.to_be_bytes());
        let mark = self.key.sign(&octets);
        octets.extend(&mark[..MARK]);
        URL_SAFE_NO_PAD.encode(octets)
    }

    /// Whether a nonce was given out here and may be used still.
    pub(crate) fn is_good(&self, nonce: &str) -> bool {
        self.read_at(nonce, self.now()).is_some()
    }

    fn read_at(&self, nonce: &str, now: u64) -> Option<(u64, u64)> {
        let octets =
            URL_SAFE_NO_PAD.decode(nonce).ok().filter(|octets| octets.len() == 16 + MARK)?;
        let (text, mark) = octets.split_at(16);
        let own = self.key.sign(text);
        let is_ours: bool = own[..MARK].ct_eq(mark).into();
        if !is_ours {
            return None;
        }
        let part =
            |octets: &[u8]| octets.iter().fold(0u64, |all, octet| all << 8 | u64::from(*octet));
        let (given, number) = (part(&text[..8]), part(&text[8..]));
        let is_fresh = now.saturating_sub(given) <= LIFETIME.as_millis() as u64;
        let is_known = self.used().forgotten.is_none_or(|forgotten| given > forgotten);
        (is_fresh && is_known).then_some((given, number))
    }

    /// Whether this nonce is used with this count for the first time. Asked once it is proven who used it, so that strangers
    /// fill nothing.
    pub(crate) fn spend(&self, nonce: &str, count: u32) -> bool {
        self.spend_at(nonce, count, self.now())
    }

    fn spend_at(&self, nonce: &str, count: u32, now: u64) -> bool {
        let Some(key) = self.read_at(nonce, now) else { return false };
        let mut used = self.used();
        if let Some(counts) = used.counts.get_mut(&key) {
            return counts.take(count);
        }
        if used.counts.len() >= MOST_USED {
            used.make_room(now);
        }
        if used.forgotten.is_some_and(|forgotten| key.0 <= forgotten) {
            return false;
        }
        used.counts.insert(key, Counts { highest: count, below: 0 });
        true
    }
}

impl Used {
    /// Forgets those that have lapsed, or else the older half. What is forgotten can never be used again, or it could be used
    /// twice.
    fn make_room(&mut self, now: u64) {
        let lapsed = now.saturating_sub(LIFETIME.as_millis() as u64);
        self.counts.retain(|(given, _), _| *given >= lapsed);
        if self.counts.len() < MOST_USED {
            return;
        }
        let mut times: Vec<u64> = self.counts.keys().map(|(given, _)| *given).collect();
        let (_, middle, _) = times.select_nth_unstable(MOST_USED / 2);
        let middle = *middle;
        self.counts.retain(|(given, _), _| *given > middle);
        self.forgotten = self.forgotten.max(Some(middle));
    }
}

impl fmt::Debug for Nonces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nonces").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nonces(key: u8) -> Nonces {
        Nonces::new(Zeroizing::new([key; 32]))
    }

    #[test]
    fn nonces_are_known_again_and_nobody_makes_one() {
        let (own, other) = (nonces(1), nonces(2));
        let nonce = own.give_at(1000);
        assert_ne!(nonce, own.give_at(1000), "two at one time differ");
        assert!(own.read_at(&nonce, 1000).is_some());
        assert!(other.read_at(&nonce, 1000).is_none(), "that of another realm's service");
        let lifetime = LIFETIME.as_millis() as u64;
        assert!(own.read_at(&nonce, 1000 + lifetime).is_some());
        assert!(own.read_at(&nonce, 1001 + lifetime).is_none(), "too old");
        // Whoever makes one later of it does not know the mark.
        let mut octets = URL_SAFE_NO_PAD.decode(&nonce).expect("base64");
        octets[7] ^= 1;
        assert!(own.read_at(&URL_SAFE_NO_PAD.encode(&octets), 1000).is_none());
        for bad in ["", "x", "\u{e9}", &nonce[..nonce.len() - 1], &format!("{nonce}A")] {
            assert!(own.read_at(bad, 1000).is_none(), "{bad}");
        }
    }

    #[test]
    fn counts_are_used_once_in_whatever_order() {
        let nonces = nonces(1);
        let nonce = nonces.give_at(0);
        let spend = |count| nonces.spend_at(&nonce, count, 1);
        assert!(spend(1));
        assert!(!spend(1));
        assert!(spend(3) && spend(2));
        assert!(!spend(2) && !spend(3) && !spend(1));
        assert!(spend(3 + BEHIND) && !spend(3), "it was used");
        assert!(spend(4), "it overtook, but not too far");
        assert!(
            spend(1000) && !spend(1000 - BEHIND - 1),
            "what is too far behind may have been used"
        );
        assert!(spend(u32::MAX) && !spend(u32::MAX) && !spend(0));
    }

    #[test]
    fn what_is_forgotten_is_not_used_again() {
        let nonces = nonces(1);
        let first = nonces.give_at(0);
        assert!(nonces.spend_at(&first, 1, 0));
        for at in 1..=MOST_USED as u64 {
            assert!(nonces.spend_at(&nonces.give_at(at), 1, at), "{at}");
        }
        let len = nonces.used().counts.len();
        assert!((MOST_USED / 3..MOST_USED).contains(&len), "{len}");
        assert!(!nonces.spend_at(&first, 1, 1) && !nonces.spend_at(&first, 2, 1));
        assert!(nonces.read_at(&first, 1).is_none(), "its user takes another one");
    }
}
