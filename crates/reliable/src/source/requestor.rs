//! Pacing of the requests that begin and end a sequence: CreateSequence, CloseSequence and TerminateSequence are
//! repeated until a deadline.

use std::time::Duration;

use super::postponement::Postponement;
use crate::error::{SessionError, Step};
use crate::names::Identifier;
use waxwing_soap::Time;

/// One of the protocol's requests under way. An attempt that starts with no more than the interval left is
/// the last one.
#[derive(Debug)]
pub(crate) struct Requestor {
    pub(crate) step: Step,
    pub(crate) message_id: Identifier,
    pub(crate) deadline: Time,
    interval: Duration,
    attempts: u32,
    /// When the last attempt began.
    pub(crate) attempted: Time,
    next: Option<Time>,
    last_failure: String,
    pub(crate) postponement: Postponement,
}

/// What time asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Nothing,
    /// Send again.
    Attempt,
    /// The deadline has passed.
    TimedOut,
}

impl Requestor {
    /// A request whose first attempt is still to be begun.
    pub(crate) fn new(
        step: Step,
        message_id: Identifier,
        deadline: Time,
        interval: Duration,
    ) -> Self {
        let last_failure = String::new();
        Self {
            step,
            message_id,
            deadline,
            interval,
            attempts: 0,
            attempted: Time::ZERO,
            next: None,
            last_failure,
            postponement: Postponement::default(),
        }
    }

    /// An attempt begins. The next one is due an interval after it, whether this one failed or is silent.
    pub(crate) fn attempt(&mut self, now: Time) {
        self.attempts += 1;
        self.postponement = Postponement::default();
        self.begin(now);
    }

    /// The attempt that was postponed begins once more. False when none was.
    pub(crate) fn resume(&mut self, now: Time) -> bool {
        let goes = self.postponement.resume();
        if goes {
            self.begin(now);
        }
        goes
    }

    fn begin(&mut self, now: Time) {
        self.attempted = now;
        self.next = (self.deadline - now > self.interval).then(|| now + self.interval);
    }

    /// An attempt failed. True when it was the last.
    pub(crate) fn failed(&mut self, reason: String) -> bool {
        self.last_failure = reason;
        self.next.is_none()
    }

    pub(crate) fn due(&self, now: Time) -> Due {
        if now >= self.deadline {
            Due::TimedOut
        } else if self.next.is_some_and(|next| now >= next) {
            Due::Attempt
        } else {
            Due::Nothing
        }
    }

    pub(crate) fn wake_at(&self) -> Time {
        self.next.unwrap_or(self.deadline)
    }

    pub(crate) fn timed_out(&self) -> SessionError {
        SessionError::TimedOut {
            step: self.step,
            attempts: self.attempts,
            last_failure: self.last_failure.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_every_ten_seconds_the_last_within_ten_of_the_end() {
        let at = |s: u64| Time::from_millis(s * 1000);
        let ten = Duration::from_secs(10);
        let mut request = Requestor::new(Step::CreateSequence, "id".into(), at(60), ten);
        let mut starts = Vec::new();
        for second in 0..60 {
            if second == 0 || request.due(at(second)) == Due::Attempt {
                request.attempt(at(second));
                starts.push(second);
                assert_eq!(request.failed("refused".into()), second == 50);
            }
        }
        assert_eq!(starts, [0, 10, 20, 30, 40, 50]);
        assert_eq!(request.due(at(60)), Due::TimedOut);
    }
}
