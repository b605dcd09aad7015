//! What comes from outside with every input of an engine: both clocks and randomness, as one value.

use std::ops::{Add, Sub};
use std::time::Duration;

use jiff::Timestamp;

use crate::random::RandomSource;

/// The moment of an input. No engine reads a clock or a random source of its own, so that a captured exchange replays
/// octet for octet and a simulation is a seed.
pub struct Moment<'a> {
    /// The time of day, for timestamps and lifetimes.
    pub wall: Timestamp,
    /// Monotonic time, for timers.
    pub time: Time,
    /// Randomness for identifiers, nonces and initialization vectors.
    pub random: &'a mut dyn RandomSource,
}

impl<'a> Moment<'a> {
    /// A moment by both clocks.
    pub fn new(wall: Timestamp, time: Time, random: &'a mut dyn RandomSource) -> Self {
        Self { wall, time, random }
    }
}

impl std::fmt::Debug for Moment<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Moment").field("wall", &self.wall).field("time", &self.time).finish()
    }
}

/// Monotonic time: the duration since an arbitrary start that stays the same for one engine. Never the time of day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(Duration);

impl Time {
    /// The arbitrary start.
    pub const ZERO: Self = Self(Duration::ZERO);

    /// The moment this long after the start.
    pub const fn since_start(elapsed: Duration) -> Self {
        Self(elapsed)
    }

    /// The moment this many milliseconds after the start.
    pub const fn from_millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// How long after the start.
    pub const fn elapsed(self) -> Duration {
        self.0
    }
}

impl Add<Duration> for Time {
    type Output = Self;

    /// Saturates at the end of time, so that "never" can be written as [`Duration::MAX`].
    fn add(self, rest: Duration) -> Self {
        Self(self.0.saturating_add(rest))
    }
}

impl Sub for Time {
    type Output = Duration;

    /// The duration between two moments; zero when the second is the later one.
    fn sub(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}
