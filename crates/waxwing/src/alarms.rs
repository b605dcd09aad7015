//! Alarms for what rarely comes too late. A timer of the runtime that is due before all others wakes the thread that waits for
//! sockets, so that it looks again how long it may wait, and that thread wakes others: for an exchange that is answered within a
//! millisecond and has a timeout of a minute it is the dearest part. Alarms are kept in one table for each runtime, whose task
//! sleeps until the first of them and is told only of an earlier one: those that are cleared in time cost their place in the
//! table.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Poll, Waker};
use std::time::Duration;

use tokio::runtime::{Handle, Id};
use tokio::sync::Notify;
use tokio::time::Instant;

/// What stands for never: as far away as the runtime's own timers go.
const FAR: Duration = Duration::from_secs(86_400 * 365 * 30);

/// The alarms of one runtime.
pub(crate) struct Alarms {
    runtime: Id,
    table: Mutex<Table>,
    /// There is an earlier one.
    changed: Notify,
}

/// When it rings, and which one it is of those that ring then.
type Key = (Instant, u64);

#[derive(Default)]
struct Table {
    alarms: BTreeMap<Key, Waker>,
    /// The last number that was given.
    last: u64,
    /// When the task looks next: not after the first may ring. It is left where it is when that one is cleared.
    looks_at: Option<Instant>,
    /// The runtime is over: nothing rings any more.
    is_over: bool,
}

/// One alarm. It is cleared when this is dropped.
pub(crate) struct Alarm {
    alarms: Arc<Alarms>,
    key: Key,
}

/// Those that run; what they are made of is held by their tasks.
static RUNNING: Mutex<Vec<Weak<Alarms>>> = Mutex::new(Vec::new());

thread_local! {
    /// Those of the runtime that the thread belonged to last.
    static OWN: RefCell<Weak<Alarms>> = const { RefCell::new(Weak::new()) };
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for something so long at most: none, when the time is over. What is there at once takes no alarm.
pub(crate) async fn within<F: Future + Unpin>(
    patience: Duration,
    mut future: F,
) -> Option<F::Output> {
    let mut alarm = None::<Alarm>;
    poll_fn(|context| {
        if let Poll::Ready(output) = Pin::new(&mut future).poll(context) {
            return Poll::Ready(Some(output));
        }
        match &alarm {
            None if patience.is_zero() => return Poll::Ready(None),
            None => alarm = Some(Alarms::of_runtime().set(patience, context.waker().clone())),
            Some(alarm) if alarm.is_set_for(context.waker()) => {}
            Some(_) => return Poll::Ready(None),
        }
        Poll::Pending
    })
    .await
}

impl Alarms {
    /// Those of the runtime that this is called in, which must have timers.
    pub(crate) fn of_runtime() -> Arc<Self> {
        let runtime = Handle::current().id();
        OWN.with_borrow_mut(|own| {
            let known = own.upgrade().filter(|own| own.is_of(runtime));
            known.unwrap_or_else(|| {
                let found = Self::running(runtime);
                *own = Arc::downgrade(&found);
                found
            })
        })
    }

    fn is_of(&self, runtime: Id) -> bool {
        self.runtime == runtime && !locked(&self.table).is_over
    }

    /// Those that run in a runtime; begins to run them where there are none.
    fn running(runtime: Id) -> Arc<Self> {
        let mut running = locked(&RUNNING);
        running.retain(|alarms| alarms.strong_count() > 0);
        let found = running.iter().find_map(|own| own.upgrade().filter(|own| own.is_of(runtime)));
        found.unwrap_or_else(|| {
            // One without timers says so here, not in a task that nobody waits for.
            drop(tokio::time::sleep(Duration::ZERO));
            let (table, changed) = (Mutex::default(), Notify::new());
            let alarms = Arc::new(Self { runtime, table, changed });
            running.push(Arc::downgrade(&alarms));
            tokio::spawn(Running(Arc::clone(&alarms)).run());
            alarms
        })
    }

    /// Wakes somebody when so much time has passed, unless the alarm is dropped before.
    pub(crate) fn set(self: &Arc<Self>, ahead: Duration, waker: Waker) -> Alarm {
        let now = Instant::now();
        let at = now.checked_add(ahead).unwrap_or(now + FAR);
        let mut table = locked(&self.table);
        table.last += 1;
        let key = (at, table.last);
        table.alarms.insert(key, waker);
        if table.looks_at.is_none_or(|looks_at| at < looks_at) {
            table.looks_at = Some(at);
            drop(table);
            self.changed.notify_one();
        }
        Alarm { alarms: Arc::clone(self), key }
    }

    /// Takes those out that ring now. Gives when to look again.
    fn take_due(&self, now: Instant, due: &mut Vec<Waker>) -> Option<Instant> {
        let mut table = locked(&self.table);
        if table.looks_at.is_some_and(|looks_at| now < looks_at) {
            // It was told of an earlier one, which may be cleared by now: if that moved it, the next one would tell it again.
            return table.looks_at;
        }
        while let Some(first) = table.alarms.first_entry().filter(|first| first.key().0 <= now) {
            due.push(first.remove());
        }
        table.looks_at = table.alarms.first_key_value().map(|((at, _), _)| *at);
        table.looks_at
    }
}

impl Alarm {
    /// Whether it has not rung; it wakes this one from now on.
    fn is_set_for(&self, waker: &Waker) -> bool {
        let mut table = locked(&self.alarms.table);
        let Some(own) = table.alarms.get_mut(&self.key) else { return false };
        if !own.will_wake(waker) {
            let former = std::mem::replace(own, waker.clone());
            // Under no lock: what it is made of may be code of others.
            drop(table);
            drop(former);
        }
        true
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        let cleared = locked(&self.alarms.table).alarms.remove(&self.key);
        // Under no lock.
        drop(cleared);
    }
}

/// The task of a runtime's alarms.
struct Running(Arc<Alarms>);

impl Running {
    async fn run(self) {
        let Self(alarms) = &self;
        let mut due = Vec::new();
        loop {
            let next = alarms.take_due(Instant::now(), &mut due);
            due.drain(..).for_each(Waker::wake);
            let changed = alarms.changed.notified();
            match next {
                None => changed.await,
                Some(next) => {
                    // Whichever comes first, it looks.
                    let _ = tokio::time::timeout_at(next, changed).await;
                }
            }
        }
    }
}

impl Drop for Running {
    /// The runtime is over.
    fn drop(&mut self) {
        let mut table = locked(&self.0.table);
        table.is_over = true;
        let left = std::mem::take(&mut table.alarms);
        drop(table);
        // Under no lock.
        drop(left);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Counts how often it rang, and when last.
    #[derive(Default)]
    struct Bell(AtomicUsize, Mutex<Option<Instant>>);

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
            *locked(&self.1) = Some(Instant::now());
        }
    }

    impl Bell {
        fn rang(&self) -> usize {
            self.0.load(Ordering::SeqCst)
        }
    }

    fn bell() -> (Arc<Bell>, Waker) {
        let bell = Arc::new(Bell::default());
        (Arc::clone(&bell), Waker::from(bell))
    }

    #[tokio::test(start_paused = true)]
    async fn each_rings_once_at_its_time_in_whatever_order_they_are_set() {
        let (alarms, began) = (Alarms::of_runtime(), Instant::now());
        let set: Vec<_> = [5_u32, 2, 9, 2, 7, 1]
            .map(|seconds| {
                let (bell, waker) = bell();
                (seconds, bell, alarms.set(SECOND * seconds, waker))
            })
            .into();
        // Looked at behind those that ring in the same moment.
        tokio::time::sleep(SECOND / 100).await;
        for now in 0..=10_u32 {
            for (seconds, bell, _) in &set {
                assert_eq!(bell.rang(), usize::from(*seconds <= now), "{seconds} at {now}");
            }
            tokio::time::sleep(SECOND).await;
        }
        for (seconds, bell, _) in &set {
            let rang = locked(&bell.1).expect("it rang") - began;
            assert_eq!(rang.as_secs(), u64::from(*seconds));
        }
        assert_eq!(locked(&alarms.table).looks_at, None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_cleared_never_rings_and_what_never_comes_is_far_away() {
        let alarms = Alarms::of_runtime();
        let (cleared, waker) = bell();
        drop(alarms.set(SECOND, waker));
        let (never, waker) = bell();
        let kept = alarms.set(Duration::MAX, waker);
        tokio::time::sleep(SECOND * 3600).await;
        assert_eq!((cleared.rang(), never.rang()), (0, 0));
        drop(kept);
        assert!(locked(&alarms.table).alarms.is_empty());
    }

    /// What all this is for.
    #[tokio::test(start_paused = true)]
    async fn those_that_are_cleared_in_time_wake_the_task_only_when_they_are_the_first() {
        let alarms = Alarms::of_runtime();
        let told = || locked(&alarms.table).looks_at;
        let (_, waker) = bell();
        let mut before = None;
        for seconds in [60, 5] {
            let set = || drop(alarms.set(SECOND * seconds, waker.clone()));
            set();
            let first = told();
            assert!(first.is_some() && first != before, "an earlier one is told of");
            for _ in 0..1000 {
                tokio::time::advance(Duration::from_millis(1)).await;
                set();
                assert_eq!(told(), first);
            }
            before = first;
        }
        // It is not told again of what is over, and does not go on looking for nothing.
        tokio::time::sleep(SECOND * 60).await;
        assert_eq!(told(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_waited_for_longer_than_that() {
        let began = Instant::now();
        let pending = std::future::pending::<()>;
        assert_eq!(within(Duration::ZERO, pending()).await, None);
        assert_eq!(within(Duration::ZERO, std::future::ready(3)).await, Some(3));
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert_eq!(within(SECOND, pending()).await, None);
        assert_eq!(began.elapsed().as_secs(), 1);
        let soon = Box::pin(tokio::time::sleep(SECOND));
        assert_eq!(within(SECOND * 60, soon).await, Some(()));
        assert_eq!(began.elapsed().as_secs(), 2);
        // Another task goes on waiting.
        let mut waits = Box::pin(within(SECOND * 5, pending()));
        let once = poll_fn(|context| Poll::Ready(waits.as_mut().poll(context).is_pending()));
        assert!(once.await);
        assert_eq!(tokio::spawn(waits).await.expect("no panic"), None);
        assert_eq!(began.elapsed().as_secs(), 7);
        assert!(locked(&Alarms::of_runtime().table).alarms.is_empty());
    }

    /// A program may have several, one after another or at once, and one that nobody runs holds up no other.
    #[test]
    fn each_runtime_has_its_own() {
        let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().build();
        let still = runtime().unwrap();
        let of_still = still.block_on(async { Alarms::of_runtime() });
        for _ in 0..3 {
            let other = runtime().unwrap();
            let alarms = other.block_on(async {
                let alarms = Alarms::of_runtime();
                assert!(!Arc::ptr_eq(&alarms, &of_still));
                assert!(Arc::ptr_eq(&alarms, &Alarms::of_runtime()));
                let short = Duration::from_millis(1);
                assert_eq!(within(short, std::future::pending::<()>()).await, None);
                alarms
            });
            let (bell, waker) = bell();
            let alarm = alarms.set(Duration::ZERO, waker);
            drop(other);
            assert!(locked(&alarms.table).is_over && locked(&alarms.table).alarms.is_empty());
            drop(alarm);
            assert_eq!(bell.rang(), 0);
        }
        assert!(Arc::ptr_eq(&of_still, &still.block_on(async { Alarms::of_runtime() })));
    }

    #[test]
    #[should_panic(expected = "timers are disabled")]
    fn a_runtime_without_timers_says_so() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let _ = runtime.block_on(async { within(SECOND, std::future::pending::<()>()).await });
    }
}
