//! Messages whose reading takes an operation with a private key. One of them takes as long as a dozen calls; when many clients
//! open sessions at once, calls in open sessions would wait behind them. So only as many run at once as there are processors, and
//! beside the tasks that carry everybody's messages, on threads of their own, but for one now and then: to have another thread do
//! it and wait for that costs as much as a message, and whoever opens a session while nobody else does need not pay for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Semaphore;

use crate::panics;

/// How long a message waits for its turn before it is refused: its client waits a minute for the answer.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The turns of one endpoint.
#[derive(Debug)]
pub(super) struct KeyWork {
    turns: Arc<Semaphore>,
    longest_wait: Duration,
    here: &'static Mutex<Here>,
}

/// Of all endpoints together: they share the threads that carry messages.
static HERE: Mutex<Here> = Mutex::new(Here::Nothing);

/// What runs in the tasks that carry everybody's messages.
#[derive(Debug)]
enum Here {
    /// Nothing has yet.
    Nothing,
    /// One does.
    Running,
    /// The next may from then on.
    NotBefore(Instant),
}

impl KeyWork {
    /// As many turns as there are processors.
    pub(super) fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            turns: Arc::new(Semaphore::new(processors)),
            longest_wait: LONGEST_WAIT,
            here: &HERE,
        }
    }

    /// Does it, here or on a thread of its own. None when there was no turn in time, or it panicked. It keeps its turn until it
    /// ends, though nobody waits for it any more.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let turn = Arc::clone(&self.turns).acquire_owned();
        let turn = tokio::time::timeout(self.longest_wait, turn).await.ok()?.ok()?;
        if others_go_on() && self.begin_here() {
            let began = Instant::now();
            // As on a thread of its own, where a panic ends nothing else.
            let done = panics::catch(work);
            self.end_here(began);
            return done.ok();
        }
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(turn);
            result
        });
        done.await.ok()
    }

    /// Whether this one may run here.
    fn begin_here(&self) -> bool {
        let mut here = self.here();
        let may = match *here {
            Here::Nothing => true,
            Here::Running => false,
            Here::NotBefore(then) => Instant::now() >= then,
        };
        if may {
            *here = Here::Running;
        }
        may
    }

    /// It has ended. For as long as it took the next ones run elsewhere: what waited behind it does not wait behind another one,
    /// and half the time of one thread is all that these can take from the others.
    fn end_here(&self, began: Instant) {
        let now = Instant::now();
        *self.here() = Here::NotBefore(now + (now - began));
    }

    fn here(&self) -> MutexGuard<'_, Here> {
        self.here.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether other tasks go on while this one computes: another thread carries them.
fn others_go_on() -> bool {
    let runtime = Handle::current();
    runtime.runtime_flavor() == RuntimeFlavor::MultiThread && runtime.metrics().num_workers() > 1
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
        let work = KeyWork { turns, longest_wait, ..KeyWork::new() };
        let held = Arc::clone(&work.turns).acquire_owned().await.unwrap();
        assert_eq!(work.run(|| 1).await, None);
        drop(held);
        let work = KeyWork { longest_wait: LONGEST_WAIT, ..work };
        assert_eq!(work.run(|| -> u8 { panic!("on purpose") }).await, None);
        assert_eq!(work.run(|| 1).await, Some(1));
    }
    /// The thread that runs it.
    async fn place(work: &KeyWork, then: impl FnOnce() + Send + 'static) -> std::thread::ThreadId {
        let run = || {
            then();
            std::thread::current().id()
        };
        work.run(run).await.unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn one_runs_here_and_those_at_once_or_right_after_elsewhere() {
        let work = KeyWork {
            turns: Arc::new(Semaphore::new(3)),
            here: Box::leak(Box::new(Mutex::new(Here::Nothing))),
            ..KeyWork::new()
        };
        let work = Arc::new(work);
        let here = || std::thread::current().id();
        // In a task: only there another thread carries on with the others.
        let task = tokio::spawn(async move {
            let (other, runtime) = (Arc::clone(&work), Handle::current());
            let meanwhile = move || {
                let at_once = move || runtime.block_on(place(&other, || ()));
                let elsewhere = std::thread::spawn(at_once).join().unwrap();
                assert_ne!(elsewhere, std::thread::current().id());
            };
            let own = here();
            assert_eq!(place(&work, meanwhile).await, own);
            *work.here() = Here::NotBefore(Instant::now() + Duration::from_secs(3600));
            let own = here();
            assert_ne!(place(&work, || ()).await, own);
            *work.here() = Here::NotBefore(Instant::now());
            let own = here();
            assert_eq!(place(&work, || ()).await, own);
            *work.here() = Here::Nothing;
            assert_eq!(work.run(|| -> u8 { panic!("on purpose") }).await, None);
            assert!(matches!(*work.here(), Here::NotBefore(_)), "it has ended");
        });
        task.await.unwrap();
    }

    #[tokio::test]
    async fn nothing_runs_here_where_nobody_else_carries_the_others() {
        let work = KeyWork::new();
        assert_ne!(place(&work, || ()).await, std::thread::current().id());
    }
}
