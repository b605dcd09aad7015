//! Messages whose reading takes an operation with a private key: beside the tasks that carry everybody's messages, and only
//! as many at once as there are processors. One of them takes as long as a dozen calls; when many clients open sessions at
//! once, calls in open sessions would wait behind them.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

/// How long a message waits for its turn before it is refused: its client waits a minute for the answer.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The turns of one endpoint.
#[derive(Debug)]
pub(super) struct KeyWork {
    turns: Arc<Semaphore>,
    longest_wait: Duration,
}

impl KeyWork {
    /// As many turns as there are processors.
    pub(super) fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self { turns: Arc::new(Semaphore::new(processors)), longest_wait: LONGEST_WAIT }
    }

    /// Does it on a thread of its own. None when there was no turn in time, or it panicked. It keeps its turn until it ends,
    /// though nobody waits for it any more.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let turn = Arc::clone(&self.turns).acquire_owned();
        let turn = tokio::time::timeout(self.longest_wait, turn).await.ok()?.ok()?;
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(turn);
            result
        });
        done.await.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn no_more_run_at_once_than_there_are_turns() {
        static RUNNING: AtomicUsize = AtomicUsize::new(0);
        static MOST: AtomicUsize = AtomicUsize::new(0);
        let work = KeyWork { turns: Arc::new(Semaphore::new(2)), ..KeyWork::new() };
        let work = Arc::new(work);
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..100 {
            let work = Arc::clone(&work);
            all.spawn(async move {
                let count = || {
                    MOST.fetch_max(RUNNING.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::yield_now();
                    RUNNING.fetch_sub(1, Ordering::SeqCst);
                };
                work.run(count).await
            });
        }
        assert!(all.join_all().await.iter().all(Option::is_some));
        assert!((1..=2).contains(&MOST.load(Ordering::SeqCst)));
    }

    #[tokio::test]
    async fn whoever_gets_no_turn_in_time_is_refused_and_a_panic_gives_the_turn_back() {
        let (turns, longest_wait) = (Arc::new(Semaphore::new(1)), Duration::from_millis(1));
        let work = KeyWork { turns, longest_wait };
        let held = Arc::clone(&work.turns).acquire_owned().await.unwrap();
        assert_eq!(work.run(|| 1).await, None);
        drop(held);
        let work = KeyWork { longest_wait: LONGEST_WAIT, ..work };
        assert_eq!(work.run(|| -> u8 { panic!("on purpose") }).await, None);
        assert_eq!(work.run(|| 1).await, Some(1));
    }
}
