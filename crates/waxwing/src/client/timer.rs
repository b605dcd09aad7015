//! What wakes the session of a channel when its time has come. It is set when something is due earlier than it was set for, and
//! not for each message: one that comes too early finds nothing to do.

use std::sync::{Arc, Weak};

use tokio::sync::Notify;
use waxwing_session::ClientInput;

use super::channel::Inner;
use crate::environment::Clock;

impl Inner {
    pub(super) fn start_timer(self: &Arc<Self>) {
        let (timer, clock) = (Arc::clone(&self.timer), self.parts.clock);
        tokio::spawn(run(Arc::downgrade(self), timer, clock));
    }
}

/// Runs as long as the channel lives, which tells `timer` when it ends.
async fn run(channel: Weak<Inner>, timer: Arc<Notify>, clock: Clock) {
    loop {
        let wake = {
            let Some(inner) = channel.upgrade() else { return };
            let mut state = inner.lock();
            if state.is_discarded || state.session.is_ended() {
                return;
            }
            state.timer_at = state.wake_at();
            state.timer_at
        };
        if clock.sleep_until(wake, &timer).await {
            let Some(inner) = channel.upgrade() else { return };
            let mut state = inner.lock();
            state.tell_late(clock.time());
            inner.give(&mut state, ClientInput::Tick);
        }
    }
}
