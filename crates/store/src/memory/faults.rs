//! What goes wrong in a store in memory.

use std::collections::VecDeque;
use std::time::Duration;

/// What happens to one commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// None.
    None,
    /// It is done, and answered so much later (by tokio's clock).
    Late(Duration),
    /// It is not done, and that is told.
    Refused,
    /// It is done, and nobody is told.
    UnknownDone,
    /// It is not done, and nobody is told.
    UnknownNotDone,
}

/// How often what goes wrong, each in 1,000 commits.
#[derive(Clone, Copy, Debug, Default)]
pub struct FaultRates {
    /// [`Fault::Late`], by up to `latest`.
    pub late: u32,
    /// How late.
    pub latest: Duration,
    /// [`Fault::Refused`].
    pub refused: u32,
    /// [`Fault::UnknownDone`].
    pub unknown_done: u32,
    /// [`Fault::UnknownNotDone`].
    pub unknown_not_done: u32,
    /// The store goes down: everything fails for the next calls, at most `down_for` of them.
    pub down: u32,
    /// How long.
    pub down_for: u32,
}

/// What is to go wrong: a list that is worked off first, then a seed.
#[derive(Default)]
pub(super) struct Faults {
    pub(super) script: VecDeque<Fault>,
    pub(super) seeded: Option<(Random, FaultRates)>,
    /// How long reading takes.
    pub(super) slow: Duration,
    /// Calls that fail because it is down.
    pub(super) down: u32,
}

impl Faults {
    /// Whether a call that reads fails.
    pub(super) fn is_down(&mut self) -> bool {
        let down = self.down > 0;
        self.down = self.down.saturating_sub(1);
        down
    }

    /// What happens to the next commit.
    pub(super) fn next(&mut self) -> Fault {
        if let Some(fault) = self.script.pop_front() {
            return fault;
        }
        let Some((random, rates)) = &mut self.seeded else { return Fault::None };
        let latest = rates.latest.as_micros().min(u128::from(u32::MAX)) as u32;
        let late = Fault::Late(Duration::from_micros(u64::from(random.below(latest.max(1)) + 1)));
        let table = [
            (rates.late, late),
            (rates.refused, Fault::Refused),
            (rates.unknown_done, Fault::UnknownDone),
            (rates.unknown_not_done, Fault::UnknownNotDone),
        ];
        let mut dice = random.below(1000);
        for (rate, fault) in table {
            if dice < rate {
                return fault;
            }
            dice -= rate;
        }
        if dice < rates.down {
            self.down = random.below(rates.down_for.max(1));
            return Fault::Refused;
        }
        Fault::None
    }
}

/// Numbers of a seed (splitmix64).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// One below `limit`, which is not 0.
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % u64::from(limit)) as u32
    }
}
