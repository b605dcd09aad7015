//! The memory of messages that stand for themselves: requests for sessions and one-shot messages.
//!
//! Each caller has a window of his own, found by who he proved to be, so that a message sent again always meets the
//! window that the first one is in. When all windows together are full the caller with the most messages forgets his
//! oldest: a noisy client shortens the time in which *his* messages are accepted, and nobody else's.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::super::caller::{CallerIdentity, folded};
use crate::error::Result;
use crate::mutation::{Mutation, broken};
use crate::wsse::{ReplayPool, ReplayWindow, SecuritySettings, lifetime_of};

/// How many callers have a window at most. Each proved a credential that the service trusts, so this is more than an
/// attacker has; beyond it the smallest windows are given up, and what they forget is refused to everybody.
const MAX_CALLERS: usize = 10_000;

/// How much of the largest window goes when there is no room (an eighth): looking for it costs a look at all.
const PIECE: usize = 8;

/// The memory of a service.
pub(super) struct ReplayMemory {
    lifetime: SignedDuration,
    pool: ReplayPool,
    callers: Mutex<Callers>,
}

struct Callers {
    windows: HashMap<Who, ReplayWindow>,
    /// The sizes of all windows together.
    total: usize,
    /// What windows that are gone had forgotten or held: a new one begins there.
    floor: i64,
}

/// Who a caller is, as far as his messages can prove.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Who {
    Anybody,
    Certificate(Box<[u8]>),
    UserName(Box<str>),
}

impl Who {
    fn of(caller: &CallerIdentity) -> Self {
        match caller {
            CallerIdentity::Anonymous => Who::Anybody,
            CallerIdentity::UserName(name) => Who::UserName(folded(name)),
            CallerIdentity::Certificate(certificate) => {
                Who::Certificate(certificate.thumbprint().as_slice().into())
            }
        }
    }
}

impl ReplayMemory {
    /// A memory for messages of these settings; it lasts as long as those that are acceptable longest.
    pub(super) fn new(settings: &[&SecuritySettings], pool: ReplayPool) -> Self {
        let callers = Callers { windows: HashMap::new(), total: 0, floor: i64::MIN };
        let lifetime = settings.iter().map(|settings| lifetime_of(settings)).max();
        Self { lifetime: lifetime.unwrap_or_default(), pool, callers: Mutex::new(callers) }
    }

    /// Remembers a message of an authenticated caller by its signature value.
    ///
    /// # Errors
    /// As [`ReplayCache::insert`](crate::wsse::ReplayCache::insert).
    pub(super) fn insert(
        &self,
        caller: &CallerIdentity,
        signature: &[u8],
        created: Timestamp,
        now: Timestamp,
    ) -> Result<()> {
        if broken(Mutation::ForgetMessages) {
            return Ok(());
        }
        let mut callers = self.lock();
        let before = callers.total;
        let entered =
            callers.enter(Who::of(caller), (signature, created), (now, self.lifetime), &self.pool);
        self.pool.account(before, callers.total);
        entered
    }

    /// Forgets what is too old to be accepted by the clock.
    pub(super) fn sweep(&self, now: Timestamp) {
        let mut callers = self.lock();
        let before = callers.total;
        callers.lapse(self.lifetime, now);
        self.pool.account(before, callers.total);
    }

    /// How many messages are remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lock().total
    }

    fn lock(&self) -> MutexGuard<'_, Callers> {
        self.callers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Callers {
    fn enter(
        &mut self,
        who: Who,
        (signature, created): (&[u8], Timestamp),
        (now, lifetime): (Timestamp, SignedDuration),
        pool: &ReplayPool,
    ) -> Result<()> {
        let floor = self.floor;
        let window = self.windows.entry(who).or_insert_with(|| ReplayWindow::new(floor));
        self.total -= window.lapse(lifetime, now);
        let entered = window.insert(signature, created, now, pool.size());
        self.total += usize::from(entered.is_ok());
        // Sessions take from the pool, too; the messages of callers keep half of it at least.
        if self.total > pool.size() || (pool.is_full() && self.total > pool.size() / 2) {
            self.make_room();
        }
        if self.windows.len() > MAX_CALLERS.min(pool.size()) {
            self.give_up_smallest();
        }
        entered
    }

    /// The largest window forgets its oldest.
    fn make_room(&mut self) {
        if let Some(window) = self.windows.values_mut().max_by_key(|window| window.len()) {
            let most = window.len() - (window.len() / PIECE).max(1);
            self.total -= window.shrink(most);
        }
    }

    /// Half of the windows go, the smallest first.
    fn give_up_smallest(&mut self) {
        let mut sizes: Vec<_> = self.windows.values().map(ReplayWindow::len).collect();
        let middle = sizes.len() / 2;
        let (_, median, _) = sizes.select_nth_unstable(middle);
        let median = *median;
        self.retain(|window| window.len() > median);
    }

    fn lapse(&mut self, lifetime: SignedDuration, now: Timestamp) {
        for window in self.windows.values_mut() {
            self.total -= window.lapse(lifetime, now);
        }
        self.retain(|window| window.len() > 0);
    }

    /// Drops the windows that are not kept. Nothing that they knew is accepted from then on.
    fn retain(&mut self, keep: impl Fn(&ReplayWindow) -> bool) {
        let (floor, total) = (&mut self.floor, &mut self.total);
        self.windows.retain(|_, window| {
            let stays = keep(window);
            if !stays {
                *total -= window.shrink(0);
                *floor = (*floor).max(window.floor());
            }
            stays
        });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;
    use crate::error::Reason;

    const SECOND: i64 = 1000;

    fn at(milli: i64) -> Timestamp {
        Timestamp::from_millisecond(1_800_000_000_000 + milli).unwrap()
    }

    fn user(n: u64) -> CallerIdentity {
        CallerIdentity::UserName(n.to_string().into())
    }

    fn memory(size: usize) -> ReplayMemory {
        ReplayMemory::new(&[&SecuritySettings::default()], ReplayPool::new(size))
    }

    fn value(caller: u64, n: u64) -> Vec<u8> {
        [caller.to_be_bytes(), n.to_be_bytes()].concat()
    }

    /// An attacker with a credential of his own sends as fast as he can, dated as he likes: an honest client beside
    /// him is never refused.
    #[test]
    fn a_noisy_caller_shortens_his_own_time_only() {
        let memory = memory(1000);
        for n in 0..20_000 {
            let now = n as i64;
            let dated = if n % 2 == 0 { now + 290 * SECOND } else { now };
            let _ = memory.insert(&user(1), &value(1, n), at(dated), at(now));
            if n % 200 == 0 {
                // Two minutes behind, as honest clocks are.
                let created = at(now - 120 * SECOND);
                memory.insert(&user(2), &value(2, n), created, at(now)).unwrap();
                let again = memory.insert(&user(2), &value(2, n), created, at(now)).unwrap_err();
                assert_eq!(again.reason(), &Reason::Replay);
            }
        }
        assert!(memory.len() <= 1000, "{}", memory.len());
        memory.sweep(at(3600 * SECOND));
        assert_eq!((memory.len(), memory.lock().windows.len()), (0, 0));
        assert_eq!(memory.pool.used(), 0);
    }

    /// One user, whose name the validator takes however it is spelled, gets no window for each spelling: with many small
    /// windows he would make the memory give up windows, and refuse everybody else what is older than his messages.
    #[test]
    fn spellings_of_a_name_are_one_caller() {
        let memory = memory(1000);
        let spelled = |n: usize| -> CallerIdentity {
            let letter = |(i, c): (usize, char)| match n >> i & 1 {
                0 => c,
                _ => c.to_ascii_uppercase(),
            };
            let name: String = "mallorymal".chars().enumerate().map(letter).collect();
            CallerIdentity::UserName(name.into())
        };
        for n in 0..1024 {
            let _ = memory.insert(&spelled(n), &value(1, n as u64), at(290 * SECOND), at(0));
        }
        memory.insert(&user(2), &value(2, 0), at(0), at(1)).unwrap();
    }

    /// Honest load that fills the memory: everybody is served, within a shorter time.
    #[test]
    fn honest_load_is_never_refused() {
        let memory = memory(900);
        for n in 0..30_000u64 {
            let now = n as i64;
            let late = (n % 7) as i64 * 10;
            memory.insert(&user(n % 10), &value(n % 10, n), at(now - late), at(now)).unwrap();
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn nothing_is_accepted_twice(
            steps in prop::collection::vec(
                (0u64..6, -310 * SECOND..620 * SECOND, -700 * SECOND..700 * SECOND, 0u8..10, any::<prop::sample::Index>()),
                1..300,
            ),
            size in 1usize..30,
        ) {
            let memory = memory(size);
            let (mut now, mut accepted) = (0, HashSet::new());
            let mut sent: Vec<(u64, u64, i64)> = Vec::new();
            for (caller, behind, jump, kind, index) in steps {
                let (caller, n, created) = match kind {
                    0 => { now += jump; memory.sweep(at(now)); continue }
                    1..=4 if !sent.is_empty() => *index.get(&sent),
                    _ => { now += 500; sent.push((caller, sent.len() as u64, now - behind)); sent[sent.len() - 1] }
                };
                let fresh = created < now + 300 * SECOND && created > now - 600 * SECOND;
                if fresh && memory.insert(&user(caller), &value(caller, n), at(created), at(now)).is_ok() {
                    prop_assert!(accepted.insert((caller, n)), "{caller} {n} accepted twice");
                }
                prop_assert!(memory.len() <= size);
                prop_assert_eq!(memory.len(), memory.lock().windows.values().map(ReplayWindow::len).sum::<usize>());
            }
        }
    }
}
