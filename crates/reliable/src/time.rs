//! Monotonic time, given to the engines by their caller.

use std::ops::{Add, Sub};
use std::time::Duration;

/// A moment: the duration since an arbitrary start that stays the same for one engine. Never wall-clock time.
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
