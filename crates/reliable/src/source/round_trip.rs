//! The round-trip estimate and the retransmission timeout that follows from it.

use std::time::Duration;

/// Fixed point: 128 units are a millisecond, as in WCF, so that the same samples give the same timeouts.
const UNITS_PER_MS: u128 = 128;

/// The least that WCF's timeout is above the mean.
pub(crate) const WCF_MARGIN: Duration = Duration::from_millis(400);

/// The same of eager recovery, whose early resends cost nothing but bandwidth.
pub(crate) const EAGER_MARGIN: Duration = Duration::from_millis(2);

/// Mean and mean error of the round trip (Jacobson's estimator, without Karn's exclusion, as WCF).
#[derive(Clone, Copy, Debug)]
pub(crate) struct RoundTrip {
    mean: i64,
    error: i64,
    margin: Duration,
}

impl RoundTrip {
    /// An estimate from the duration of Open, or of CreateSequence alone.
    pub(crate) fn new(first: Duration, margin: Duration) -> Self {
        let mean = units(first);
        Self { mean, error: mean / 2, margin }
    }

    /// Takes one measured round trip in.
    pub(crate) fn sample(&mut self, measured: Duration) {
        let error = units(measured) - self.mean;
        self.error += (error.abs() - self.error) / 8;
        self.mean += error / 8;
    }

    /// The mean.
    pub(crate) fn mean(&self) -> Duration {
        duration(self.mean)
    }

    /// The retransmission timeout.
    pub(crate) fn timeout(&self) -> Duration {
        duration((units(self.margin) + self.mean).max(self.mean + 4 * self.error))
    }
}

/// Durations beyond a year say nothing more.
const MAX_UNITS: u128 = 365 * 24 * 3600 * 1000 * UNITS_PER_MS;

fn units(duration: Duration) -> i64 {
    (duration.as_micros() * UNITS_PER_MS / 1000).min(MAX_UNITS) as i64
}

fn duration(units: i64) -> Duration {
    Duration::from_micros(units.max(0) as u64 * 1000 / UNITS_PER_MS as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captured_timeouts() {
        // An Open of 0.20 s gave 0.60 s; an Open of about 2 s gave first retries after 6 s and more.
        let after = |millis| RoundTrip::new(Duration::from_millis(millis), WCF_MARGIN);
        assert_eq!(after(200).timeout().as_millis(), 600);
        let mut slow = after(2000);
        assert_eq!(slow.timeout().as_millis(), 6000);
        // Quick answers after a slow Open raise the timeout a little at first: the error term grows.
        slow.sample(Duration::from_millis(20));
        assert!(slow.timeout() > Duration::from_millis(6000));
        for _ in 0..100 {
            slow.sample(Duration::from_millis(20));
        }
        assert!(slow.timeout() < Duration::from_millis(430));
    }
}
