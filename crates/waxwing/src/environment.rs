//! The clocks and the random source that the pure crates are given.

use std::cell::RefCell;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use waxwing_session::{Moment, Time};
use waxwing_soap::RandomSource;
use zeroize::Zeroize;

/// The clocks of a channel or host: the time of day, and monotonic time from an arbitrary start.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Instant,
    offset: SignedDuration,
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl Clock {
    /// The machine's clocks.
    pub fn system() -> Self {
        Self { start: Instant::now(), offset: SignedDuration::ZERO }
    }

    /// The machine's clocks, with a time of day that is off by so much: to see what clocks apart do.
    pub fn with_offset(offset: SignedDuration) -> Self {
        Self { offset, ..Self::system() }
    }

    /// Monotonic time.
    pub fn time(&self) -> Time {
        Time::since_start(self.start.elapsed())
    }

    /// The time of day.
    pub fn wall(&self) -> Timestamp {
        let now = Timestamp::now();
        if self.offset.is_zero() {
            return now;
        }
        now.checked_add(self.offset).unwrap_or(now)
    }

    /// Sleeps until `wake`, or until somebody says that it has changed. Gives whether `wake` has come. Whoever sleeps keeps
    /// nothing alive meanwhile: what it sleeps for tells `changed` when it ends.
    pub(crate) async fn sleep_until(&self, wake: Option<Time>, changed: &Notify) -> bool {
        let Some(wake) = wake else {
            changed.notified().await;
            return false;
        };
        let ahead = wake - self.time();
        let changed = tokio::time::timeout(ahead, changed.notified()).await.is_ok();
        !changed && self.time() >= wake
    }

    /// Now, with randomness.
    pub(crate) fn moment<'a>(&self, random: &'a mut SystemRandom) -> Moment<'a> {
        Moment { wall: self.wall(), time: self.time(), random }
    }
}

/// The operating system's random source, read in larger pieces.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemRandom;

/// Octets that are drawn at once.
const POOL: usize = 4096;

struct Pool {
    octets: [u8; POOL],
    used: usize,
}

thread_local! {
    static RANDOM: RefCell<Pool> = const { RefCell::new(Pool { octets: [0; POOL], used: POOL }) };
}

impl RandomSource for SystemRandom {
    fn fill(&mut self, out: &mut [u8]) {
        RANDOM.with_borrow_mut(|pool| pool.fill(out));
    }
}

impl Pool {
    fn fill(&mut self, mut out: &mut [u8]) {
        while !out.is_empty() {
            if self.used == POOL {
                // Without randomness nothing that this program does would be safe.
                getrandom::fill(&mut self.octets)
                    .expect("the operating system's random source works");
                self.used = 0;
            }
            let length = out.len().min(POOL - self.used);
            let (now, later) = out.split_at_mut(length);
            let taken = &mut self.octets[self.used..self.used + length];
            now.copy_from_slice(taken);
            taken.zeroize();
            self.used += length;
            out = later;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn randomness_is_never_given_twice() {
        let mut seen = std::collections::HashSet::new();
        for _ in 0..1000 {
            let mut octets = [0; 16];
            SystemRandom.fill(&mut octets);
            assert!(seen.insert(octets));
        }
        let mut long = vec![0; 10_000];
        SystemRandom.fill(&mut long);
        assert!(long.windows(8).all(|w| w != [0; 8]));
    }
}
