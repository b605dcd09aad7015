//! How late it is for what is forgotten after a time: the time of day, as far as it is believed.

use jiff::Timestamp;
use waxwing_session::{Moment, Time};

/// The time of day, which may be set by days from one moment to the next. Forward it is believed at twice the pace of the
/// monotonic clock: whatever becomes of the clock while the program runs, a key is remembered for half of its time at least, and
/// after a pause of the machine the difference is caught up with.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Believed(Option<(Timestamp, Time)>);

impl Believed {
    /// The time of day as it is believed at this moment: milliseconds of Unix time.
    pub(super) fn at(self, at: &Moment<'_>) -> i64 {
        let wall = at.wall.as_millisecond();
        let Some((before, then)) = self.0 else { return wall };
        let passed = i64::try_from((at.time - then).as_millis()).unwrap_or(i64::MAX);
        wall.min(before.as_millisecond().saturating_add(passed.saturating_mul(2)))
    }

    /// Notes how late it is.
    pub(super) fn see(&mut self, at: &Moment<'_>) {
        let now = Timestamp::from_millisecond(self.at(at)).unwrap_or(at.wall);
        self.0 = Some((now, at.time));
    }
}

/// When the service was last heard in the session.
#[derive(Clone, Copy, Debug)]
pub(super) enum Heard {
    /// By this process.
    At(Time),
    /// By an earlier one, by the time of day.
    Before(Timestamp),
}
