//! The timer of a channel. It is set when something is due earlier than it was set for, and not for each message: one that rings
//! too early finds nothing to do.

use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use waxwing_session::Time;

use crate::alarms::{Alarm, Alarms};

/// What wakes the session of a channel that was opened when its time has come.
pub(super) struct Timer {
    /// Those of the runtime that it was opened in.
    alarms: Arc<Alarms>,
    waker: Waker,
    /// What it is set for.
    set: Option<(Time, Alarm)>,
}

impl Timer {
    /// One that is not set. Needs a running tokio runtime, in which it rings.
    pub(super) fn new(waker: Waker) -> Self {
        Self { alarms: Alarms::of_runtime(), waker, set: None }
    }

    /// Sets it where this is before what it is set for. `ahead` says how far away that is.
    pub(super) fn set(&mut self, wake: Time, ahead: impl FnOnce() -> Duration) {
        if self.set.as_ref().is_none_or(|(at, _)| wake < *at) {
            self.set = Some((wake, self.alarms.set(ahead(), self.waker.clone())));
        }
    }

    /// It has rung, or is not wanted to. Gives what it was set for.
    pub(super) fn take(&mut self) -> Option<Time> {
        self.set.take().map(|(at, _)| at)
    }
}
