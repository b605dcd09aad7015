//! What is being executed in this process, and what came of it: a message whose session was forgotten here while it ran is not
//! executed again when its session comes back, but gets the outcome of the first time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use waxwing_reliable::SessionId;
use waxwing_session::AppMessage;

/// A reply, once there is one; none of a one-way operation.
type Outcome = Option<Option<AppMessage>>;

/// What runs, and what has run and is not durable. Each session has at most as many as its window; whose session does not come back
/// is dropped by [`Executions::drop_old`].
#[derive(Default)]
pub(in crate::service) struct Executions {
    table: Mutex<HashMap<SessionId, HashMap<u64, Entry>>>,
}

struct Entry {
    outcome: watch::Receiver<Outcome>,
    since: Instant,
}

/// Whether a call is to be executed.
pub(in crate::service) enum Turn {
    /// Now.
    Begin(Execution),
    /// It was begun already.
    Begun(Other),
}

/// A call that is executed. Dropped without an outcome it is as if it had not begun.
pub(in crate::service) struct Execution {
    all: Arc<Executions>,
    session: SessionId,
    number: u64,
    sender: watch::Sender<Outcome>,
}

/// A call that was begun before.
pub(in crate::service) struct Other(watch::Receiver<Outcome>);

impl Other {
    /// Its outcome; none when it was given up.
    pub(in crate::service) async fn outcome(mut self) -> Outcome {
        let outcome = self.0.wait_for(Option::is_some).await;
        outcome.ok().and_then(|outcome| outcome.clone())
    }
}

impl Executions {
    fn table(&self) -> MutexGuard<'_, HashMap<SessionId, HashMap<u64, Entry>>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a call, unless it was begun.
    pub(in crate::service) fn begin(self: &Arc<Self>, session: &SessionId, number: u64) -> Turn {
        let mut table = self.table();
        let calls = table.entry(session.clone()).or_default();
        if let Some(entry) = calls.get(&number) {
            return Turn::Begun(Other(entry.outcome.clone()));
        }
        let (sender, outcome) = watch::channel(None);
        calls.insert(number, Entry { outcome, since: Instant::now() });
        drop(table);
        let (all, session) = (Arc::clone(self), session.clone());
        Turn::Begin(Execution { all, session, number, sender })
    }

    /// What has come of these calls of a session is durable.
    pub(super) fn settled(&self, session: &SessionId, is_durable: impl Fn(u64) -> bool) {
        let mut table = self.table();
        let Some(calls) = table.get_mut(session) else { return };
        calls.retain(|number, entry| entry.outcome.borrow().is_none() || !is_durable(*number));
        if calls.is_empty() {
            table.remove(session);
        }
    }

    /// The calls that run.
    pub(super) fn running(&self) -> Vec<(SessionId, u64)> {
        let table = self.table();
        let all = table.iter().flat_map(|(session, calls)| {
            let run = calls.iter().filter(|(_, call)| call.outcome.borrow().is_none());
            run.map(|(number, _)| (session.clone(), *number))
        });
        all.collect()
    }

    /// Whether a call of a session runs, or what came of one is not durable.
    pub(super) fn is_busy(&self, session: &SessionId) -> bool {
        self.table().contains_key(session)
    }

    /// Forgets outcomes that nobody has asked for, for so long.
    pub(super) fn drop_old(&self, age: Duration) {
        self.table().retain(|_, calls| {
            calls.retain(|_, call| call.outcome.borrow().is_none() || call.since.elapsed() < age);
            !calls.is_empty()
        });
    }
}

impl Execution {
    /// It has ended with this reply.
    pub(in crate::service) fn ends(self, reply: Option<AppMessage>) {
        self.sender.send_replace(Some(reply));
    }
}

impl Drop for Execution {
    fn drop(&mut self) {
        if self.sender.borrow().is_some() {
            return;
        }
        let mut table = self.all.table();
        if let Some(calls) = table.get_mut(&self.session) {
            calls.remove(&self.number);
            if calls.is_empty() {
                table.remove(&self.session);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_that_runs_is_not_begun_again() {
        let (all, session) = (Arc::<Executions>::default(), SessionId::new("urn:s"));
        let Turn::Begin(first) = all.begin(&session, 1) else { panic!("it is the first") };
        let Turn::Begun(other) = all.begin(&session, 1) else { panic!("it runs") };
        let waiting = tokio::spawn(other.outcome());
        all.settled(&session, |_| true);
        assert!(matches!(all.begin(&session, 1), Turn::Begun(_)), "it still runs");
        first.ends(None);
        assert!(matches!(waiting.await.unwrap(), Some(None)));
        assert!(matches!(all.begin(&session, 1), Turn::Begun(_)), "it is not durable");
        all.settled(&session, |number| number == 1);
        let Turn::Begin(second) = all.begin(&session, 1) else { panic!("nobody knows it") };
        let Turn::Begun(other) = all.begin(&session, 1) else { panic!("it runs") };
        drop(second);
        assert!(other.outcome().await.is_none(), "it was given up");
        assert!(all.table().is_empty());
        let Turn::Begin(third) = all.begin(&session, 2) else { panic!("it is the first") };
        third.ends(None);
        all.drop_old(Duration::ZERO);
        assert!(all.table().is_empty());
    }
}
