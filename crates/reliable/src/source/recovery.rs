//! Eager loss recovery: how much of what is sent gets lost, and how many copies that calls for.
//!
//! A window that stalls behind one lost message costs a whole round trip. With a window of `W` messages and
//! a loss of `p`, `k` copies of each message leave `W·p^k` stalls for each window; `k` is the least number that
//! brings this under [`STALLS_PER_WINDOW`]. Copies are ordinary retransmissions, only early: a receiver drops
//! them as the duplicates that it has to expect anyway.

/// Stalls that are put up with for each window sent.
const STALLS_PER_WINDOW: f64 = 0.1;

/// No more copies than this, however bad the link is.
const MAX_COPIES: u32 = 6;

/// Weight of one exchange in the estimate.
const WEIGHT: f64 = 1.0 / 128.0;

/// The share of exchanges that came to nothing, as a moving average.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LossEstimate {
    lost: f64,
}

impl LossEstimate {
    /// An exchange was answered, or counts as lost.
    pub(crate) fn exchange(&mut self, lost: bool) {
        let sample = if lost { 1.0 } else { 0.0 };
        self.lost += (sample - self.lost) * WEIGHT;
    }

    /// The loss of one way. An exchange has two ways; both are taken for equally bad.
    pub(crate) fn one_way(&self) -> f64 {
        1.0 - (1.0 - self.lost).max(0.0).sqrt()
    }

    /// How often each message of a window is sent.
    pub(crate) fn copies(&self, window: u32) -> u32 {
        let loss = self.one_way();
        let mut stalls = f64::from(window) * loss;
        let mut copies = 1;
        while stalls > STALLS_PER_WINDOW && copies < MAX_COPIES {
            stalls *= loss;
            copies += 1;
        }
        copies
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_follow_the_loss() {
        let mut estimate = LossEstimate::default();
        assert_eq!(estimate.copies(64), 1);
        for i in 0..10_000 {
            estimate.exchange(i % 100 < 36);
        }
        assert!((0.1..0.3).contains(&estimate.one_way()));
        assert!((3..=6).contains(&estimate.copies(64)));
        assert!(estimate.copies(1) < estimate.copies(64));
    }
}
