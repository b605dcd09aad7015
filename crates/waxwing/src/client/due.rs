//! What is due in the session of a channel, done when its timer rings.

use std::sync::{Arc, Weak};
use std::task::{Wake, Waker};

use waxwing_session::ClientInput;

use super::channel::Inner;
use super::state::State;
use super::timer::Timer;

/// Keeps nothing alive: a channel that nobody has any more is over.
struct Bell(Weak<Inner>);

impl Wake for Bell {
    /// In a task of its own, since others wait to be woken.
    fn wake(self: Arc<Self>) {
        if let Some(channel) = self.0.upgrade() {
            tokio::spawn(async move { channel.rung() });
        }
    }
}

impl Inner {
    /// Begins to look after the session. Needs a running tokio runtime.
    pub(super) fn start_timer(self: &Arc<Self>, state: &mut State) {
        let bell = Arc::new(Bell(Arc::downgrade(self)));
        state.timer = Some(Timer::new(Waker::from(bell)));
        self.set_timer(state);
    }

    /// Sets the timer where something is due before what it is set for.
    pub(super) fn set_timer(&self, state: &mut State) {
        if state.is_discarded || state.session.is_ended() {
            state.timer = None;
        }
        let wake = state.wake_at();
        if let (Some(timer), Some(wake)) = (&mut state.timer, wake) {
            timer.set(wake, || wake - self.parts.clock.time());
        }
    }

    /// The timer has rung.
    fn rung(self: &Arc<Self>) {
        let mut state = self.lock();
        let Some(at) = state.timer.as_mut().and_then(Timer::take) else { return };
        let now = self.parts.clock.time();
        if now < at {
            return self.set_timer(&mut state);
        }
        state.tell_late(now);
        self.give(&mut state, ClientInput::Tick);
    }
}
