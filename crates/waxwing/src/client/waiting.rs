//! The calls of a channel that wait for their ends. One that takes long says so in the log, then after twice the time, and so on:
//! the timer of the channel looks after all of them, so that a call that is answered soon sets none.

use std::time::Duration;

use rustc_hash::FxHashMap;
use tokio::sync::oneshot;
use waxwing_session::{AppMessage, CallId, Time};

use super::error::ChannelError;

/// What a call ends with.
pub(super) type CallResult = Result<Option<AppMessage>, ChannelError>;

/// A step that takes longer says so in the log, then after twice the time, and so on.
pub(super) const LONG: Duration = Duration::from_secs(2);

/// Calls under way.
#[derive(Default)]
pub(super) struct Waiting {
    calls: FxHashMap<CallId, Call>,
    /// When to look whether one of them is late: not after the first may be.
    look_at: Option<Time>,
}

struct Call {
    result: oneshot::Sender<CallResult>,
    action: Box<str>,
    began: Time,
    /// How long it may take before it says so next.
    patience: Duration,
}

impl Waiting {
    /// A call begins. Gives what brings its end.
    pub(super) fn begin(
        &mut self,
        call: CallId,
        action: &str,
        now: Time,
    ) -> oneshot::Receiver<CallResult> {
        let (result, receiver) = oneshot::channel();
        let (action, began, patience) = (action.into(), now, LONG);
        self.calls.insert(call, Call { result, action, began, patience });
        self.look_at.get_or_insert(now + LONG);
        receiver
    }

    /// A call has ended. Whoever began it may be gone.
    pub(super) fn end(&mut self, call: CallId, result: CallResult) {
        if let Some(call) = self.calls.remove(&call) {
            let _ = call.result.send(result);
        }
    }

    /// All have.
    pub(super) fn end_all(&mut self, result: &CallResult) {
        for (_, call) in self.calls.drain() {
            let _ = call.result.send(result.clone());
        }
    }

    /// When to look whether one is [late](Self::late).
    pub(super) fn wake_at(&self) -> Option<Time> {
        self.look_at
    }

    /// Gives those that take long by now, with how long they have taken. Of those that nobody waits for any more nothing is said.
    pub(super) fn late(&mut self, now: Time) -> Vec<(Box<str>, Duration)> {
        if self.look_at.is_none_or(|look_at| now < look_at) {
            return Vec::new();
        }
        let (mut late, mut next) = (Vec::new(), None);
        for call in self.calls.values_mut().filter(|call| !call.result.is_closed()) {
            if call.began + call.patience <= now {
                late.push((call.action.clone(), now - call.began));
                call.patience = (now - call.began) * 2;
            }
            let due = call.began + call.patience;
            next = Some(next.map_or(due, |next: Time| next.min(due)));
        }
        self.look_at = next;
        late
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Time {
        Time::since_start(Duration::from_secs(seconds))
    }

    fn late(waiting: &mut Waiting, seconds: u64) -> Vec<(String, u64)> {
        let late = waiting.late(at(seconds)).into_iter();
        let mut late: Vec<_> =
            late.map(|(action, took)| (action.into_string(), took.as_secs())).collect();
        late.sort();
        late
    }

    #[test]
    fn what_takes_long_says_so_again_after_twice_the_time() {
        let mut waiting = Waiting::default();
        assert_eq!(waiting.wake_at(), None);
        let _first = waiting.begin(CallId(1), "urn:first", at(0));
        assert_eq!((late(&mut waiting, 1), waiting.wake_at()), (vec![], Some(at(2))));
        let _second = waiting.begin(CallId(2), "urn:second", at(1));
        assert_eq!(late(&mut waiting, 2), [("urn:first".to_owned(), 2)]);
        assert_eq!(waiting.wake_at(), Some(at(3)));
        assert_eq!(late(&mut waiting, 3), [("urn:second".to_owned(), 2)]);
        assert_eq!(waiting.wake_at(), Some(at(4)));
        let both = [("urn:first".to_owned(), 8), ("urn:second".to_owned(), 7)];
        assert_eq!(late(&mut waiting, 8), both);
        assert_eq!(waiting.wake_at(), Some(at(15)));
    }

    #[test]
    fn of_what_has_ended_and_of_what_nobody_waits_for_nothing_is_said() {
        let mut waiting = Waiting::default();
        let mut ended = waiting.begin(CallId(1), "urn:ended", at(0));
        drop(waiting.begin(CallId(2), "urn:given-up", at(0)));
        waiting.end(CallId(1), Ok(None));
        assert!(matches!(ended.try_recv(), Ok(Ok(None))));
        assert_eq!((late(&mut waiting, 2), waiting.wake_at()), (vec![], None));
        // The next one is looked after again.
        let _next = waiting.begin(CallId(3), "urn:next", at(5));
        assert_eq!(waiting.wake_at(), Some(at(7)));
    }
}
