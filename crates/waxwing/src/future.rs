//! Futures behind traits that are objects, and those that run in the task of whoever waits for what they bring.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// A future on the heap that can move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A future in a box, made where it is going to lie: one that is made first and boxed then is copied there, most of it as the room
/// that it will need later. For those that every message makes.
#[inline(always)]
pub(crate) fn boxed<F>(make: impl FnOnce() -> F) -> Pin<Box<F>> {
    let room = Box::<F>::new_uninit();
    Box::into_pin(Box::write(room, make()))
}

/// Waits for something so long at most: none, when the time is over. What is there at once takes no timer.
pub(crate) async fn at_most<F: Future + Unpin>(
    patience: Duration,
    mut future: F,
) -> Option<F::Output> {
    let at_once = poll_fn(|context| Poll::Ready(Pin::new(&mut future).poll(context)));
    if let Poll::Ready(output) = at_once.await {
        return Some(output);
    }
    tokio::time::timeout(patience, future).await.ok()
}

/// What is waited for, with the work that brings it, which runs in the task of whoever waits: nobody need be woken for it. When he
/// has what he waits for, or waits no more, the rest of the work goes on in a task of its own.
pub(crate) struct Accompanied<T> {
    awaited: oneshot::Receiver<T>,
    work: Option<Work>,
}

/// Nobody brings it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Forsaken;

impl<T> Accompanied<T> {
    /// Needs a running tokio runtime where there is work.
    pub(crate) fn new(awaited: oneshot::Receiver<T>, work: Option<BoxFuture<'static, ()>>) -> Self {
        let here = |work| Work {
            place: Place::Here(Some(work)),
            runtime: Handle::current(),
            keeper: None,
        };
        Self { awaited, work: work.map(here) }
    }

    /// The same work, which others may need done though nobody goes on waiting for what it brings: they have it
    /// [roused](Shared::rouse).
    pub(crate) fn shared(mut self) -> (Self, Weak<Shared>) {
        let mut shared = Weak::new();
        if let Some(Work { place, runtime, .. }) = &mut self.work
            && let Place::Here(own) = place
            && let Some(future) = own.take()
        {
            let work = Arc::new(Shared::new(future, runtime.clone()));
            shared = Arc::downgrade(&work);
            *place = Place::Shared(work);
        }
        (self, shared)
    }

    /// The same work, which `keeper` may need done though nobody goes on waiting for what it brings.
    pub(crate) fn kept_by(mut self, keeper: impl FnOnce() -> Arc<dyn Keeper>) -> Self {
        if let Some(work) = &mut self.work {
            work.keeper = Some(keeper());
        }
        self
    }
}

impl<T> Future for Accompanied<T> {
    type Output = Result<T, Forsaken>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.work.is_some() {
            // Somebody else may have brought it. What the work brings is taken below: whoever waits need not be woken for it, which
            // would have the task that is running scheduled once more, and another thread with it.
            let nobody = &mut Context::from_waker(Waker::noop());
            if let Poll::Ready(brought) = Pin::new(&mut self.awaited).poll(nobody) {
                return Poll::Ready(brought.map_err(|_| Forsaken));
            }
            if self.work.as_mut().is_some_and(|work| work.is_done(context)) {
                self.work = None;
            }
        }
        Pin::new(&mut self.awaited).poll(context).map_err(|_| Forsaken)
    }
}

/// Somebody whose other work may have to wait for this one's.
pub(crate) trait Keeper: Send + Sync {
    /// Whether others would have to wait until work is done that was begun last.
    fn is_held_up(&self) -> bool;

    /// Such work was begun, and is not done: whoever has to wait for it [rouses](Shared::rouse) it.
    fn keep(&self, work: &Arc<Shared>);
}

/// Work that goes on in a task of its own as soon as somebody else needs it done: whoever waits for what it brings may have been
/// polled once and never again.
pub(crate) struct Shared {
    /// None while it is polled, and when it is done or goes on elsewhere.
    future: Mutex<Option<BoxFuture<'static, ()>>>,
    is_needed: AtomicBool,
    runtime: Handle,
}

impl Shared {
    fn new(work: BoxFuture<'static, ()>, runtime: Handle) -> Self {
        Self { future: Mutex::new(Some(work)), is_needed: AtomicBool::new(false), runtime }
    }

    /// Lets it go on in a task of its own. Not under a lock that the work may take.
    pub(crate) fn rouse(&self) {
        self.is_needed.store(true, Ordering::SeqCst);
        // Who polls it at this moment sees that it is needed.
        if let Some(future) = self.take() {
            self.runtime.spawn(future);
        }
    }

    fn take(&self) -> Option<BoxFuture<'static, ()>> {
        self.future.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether there is nothing to be done here any more.
    fn is_done(&self, context: &mut Context<'_>) -> bool {
        let Some(mut future) = self.take() else { return true };
        if future.as_mut().poll(context).is_ready() {
            return true;
        }
        *self.future.lock().unwrap_or_else(PoisonError::into_inner) = Some(future);
        let is_needed = self.is_needed.load(Ordering::SeqCst);
        if is_needed {
            self.rouse();
        }
        is_needed
    }
}

struct Work {
    place: Place,
    runtime: Handle,
    /// Who may need it done, until that was asked.
    keeper: Option<Arc<dyn Keeper>>,
}

/// Where the work is.
enum Place {
    /// None while it is polled: what has panicked is over.
    Here(Option<BoxFuture<'static, ()>>),
    Shared(Arc<Shared>),
}

impl Work {
    fn is_done(&mut self, context: &mut Context<'_>) -> bool {
        let own = match &mut self.place {
            Place::Here(own) => own,
            Place::Shared(shared) => return shared.is_done(context),
        };
        let Some(mut future) = own.take() else { return true };
        if future.as_mut().poll(context).is_ready() {
            return true;
        }
        // Asked once: what others wait for is rarely more than the beginning.
        match self.keeper.take().filter(|keeper| keeper.is_held_up()) {
            None => *own = Some(future),
            Some(keeper) => {
                let shared = Arc::new(Shared::new(future, self.runtime.clone()));
                keeper.keep(&shared);
                self.place = Place::Shared(shared);
            }
        }
        false
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let left = match &mut self.place {
            Place::Here(own) => own.take(),
            Place::Shared(shared) => shared.take(),
        };
        if let Some(future) = left {
            self.runtime.spawn(future);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;

    use tokio::sync::Notify;

    use super::*;

    /// Others wait for the work.
    struct Waiting(Mutex<Weak<Shared>>);

    impl Keeper for Waiting {
        fn is_held_up(&self) -> bool {
            true
        }

        fn keep(&self, work: &Arc<Shared>) {
            *self.0.lock().unwrap() = Arc::downgrade(work);
        }
    }

    /// Work that waits for `gate`, then tells.
    fn work(gate: &Arc<Notify>) -> (oneshot::Receiver<u8>, BoxFuture<'static, ()>) {
        let (told, done) = oneshot::channel();
        let gate = Arc::clone(gate);
        let work = Box::pin(async move {
            gate.notified().await;
            let _ = told.send(7);
        });
        (done, work)
    }

    #[tokio::test]
    async fn nothing_is_waited_for_longer_than_that() {
        let gate = Arc::new(Notify::new());
        let (done, work) = work(&gate);
        let long = Duration::from_secs(60);
        assert_eq!(at_most(Duration::ZERO, std::future::pending::<()>()).await, None);
        assert_eq!(at_most(Duration::ZERO, std::future::ready(3)).await, Some(3));
        tokio::spawn(work);
        gate.notify_one();
        assert_eq!(at_most(long, done).await, Some(Ok(7)));
    }

    #[tokio::test]
    async fn the_work_runs_where_it_is_waited_for() {
        let gate = Arc::new(Notify::new());
        let (done, work) = work(&gate);
        gate.notify_one();
        assert_eq!(Accompanied::new(done, Some(work)).await, Ok(7));
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_any_more_goes_on() {
        let gate = Arc::new(Notify::new());
        // Given up before it was polled, and after.
        for polls in [0, 1] {
            let (done, work) = work(&gate);
            let (_never, awaited) = oneshot::channel::<()>();
            let mut waits = Accompanied::new(awaited, Some(work));
            for _ in 0..polls {
                assert!(
                    Pin::new(&mut waits)
                        .poll(&mut Context::from_waker(std::task::Waker::noop()))
                        .is_pending()
                );
            }
            drop(waits);
            gate.notify_one();
            assert_eq!(done.await, Ok(7));
        }
    }

    /// How often a task was woken.
    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[tokio::test]
    async fn what_the_work_brings_wakes_nobody_and_what_others_bring_does() {
        for by_others in [false, true] {
            let woken = Arc::new(Woken::default());
            let waker = Waker::from(Arc::clone(&woken));
            let context = &mut Context::from_waker(&waker);
            let (opening, opened) = oneshot::channel::<()>();
            let (told, awaited) = oneshot::channel();
            let told = Arc::new(Mutex::new(Some(told)));
            let tell = {
                let told = Arc::clone(&told);
                move || told.lock().unwrap().take().unwrap().send(7).unwrap()
            };
            let mut tell = Some(tell);
            let mut own = tell.take_if(|_| !by_others);
            let work = Box::pin(async move {
                let _ = opened.await;
                own.take().into_iter().for_each(|tell| tell());
                // It is not done with that.
                std::future::pending::<()>().await;
            });
            let mut waits = Accompanied::new(awaited, Some(work));
            // As often as somebody looks for nothing.
            for _ in 0..3 {
                assert!(Pin::new(&mut waits).poll(context).is_pending());
            }
            assert_eq!(woken.0.load(Ordering::SeqCst), 0);
            match tell {
                Some(tell) => tell(),
                None => opening.send(()).unwrap(),
            }
            assert_eq!(woken.0.swap(0, Ordering::SeqCst), 1, "from outside it is woken");
            assert_eq!(Pin::new(&mut waits).poll(context), Poll::Ready(Ok(7)));
            assert_eq!(woken.0.load(Ordering::SeqCst), 0, "by itself it is not");
        }
    }

    #[tokio::test]
    async fn who_is_forsaken_is_told() {
        let gate = Arc::new(Notify::new());
        // Before it was waited for, and while.
        for polls in [0, 1] {
            let (done, work) = work(&gate);
            let (forsaking, awaited) = oneshot::channel::<()>();
            let mut waits = Accompanied::new(awaited, Some(work));
            for _ in 0..polls {
                assert!(
                    Pin::new(&mut waits)
                        .poll(&mut Context::from_waker(std::task::Waker::noop()))
                        .is_pending()
                );
            }
            drop(forsaking);
            assert_eq!(waits.await, Err(Forsaken));
            gate.notify_one();
            assert_eq!(done.await, Ok(7));
        }
    }

    #[tokio::test]
    async fn what_others_bring_is_not_waited_for_and_the_rest_goes_on() {
        let gate = Arc::new(Notify::new());
        let (done, work) = work(&gate);
        let (told, awaited) = oneshot::channel();
        told.send(1).unwrap();
        assert_eq!(Accompanied::new(awaited, Some(work)).await, Ok(1));
        gate.notify_one();
        assert_eq!(done.await, Ok(7));
    }

    /// Polled once, and then kept by somebody who does nothing more with it.
    #[tokio::test]
    async fn work_that_others_need_goes_on_without_who_waits_for_it() {
        let gate = Arc::new(Notify::new());
        let (done, work) = work(&gate);
        let (told, awaited) = oneshot::channel();
        let keeper = Arc::new(Waiting(Mutex::default()));
        let mut waits = Accompanied::new(awaited, Some(work)).kept_by(|| keeper.clone());
        let noop = &mut Context::from_waker(std::task::Waker::noop());
        assert!(Pin::new(&mut waits).poll(noop).is_pending());
        gate.notify_one();
        keeper.0.lock().unwrap().upgrade().expect("it is kept").rouse();
        assert_eq!(done.await, Ok(7));
        assert!(Pin::new(&mut waits).poll(noop).is_pending());
        told.send(1).unwrap();
        assert_eq!(waits.await, Ok(1));
    }

    /// Polled once, before somebody needs it or after: it goes on without who waits for it.
    #[tokio::test]
    async fn work_that_is_shared_goes_on_when_it_is_roused() {
        for polls in [0, 1] {
            let gate = Arc::new(Notify::new());
            let (done, work) = work(&gate);
            let (told, awaited) = oneshot::channel();
            let (mut waits, shared) = Accompanied::new(awaited, Some(work)).shared();
            let noop = &mut Context::from_waker(std::task::Waker::noop());
            for _ in 0..polls {
                assert!(Pin::new(&mut waits).poll(noop).is_pending());
            }
            gate.notify_one();
            shared.upgrade().expect("it is not done").rouse();
            assert_eq!(done.await, Ok(7));
            told.send(1).unwrap();
            assert_eq!(waits.await, Ok(1));
            assert!(shared.upgrade().is_none());
        }
    }

    /// Somebody needs it while it is being polled.
    #[tokio::test]
    async fn work_that_is_polled_is_roused_as_well() {
        let gate = Arc::new(Notify::new());
        let (told, done) = oneshot::channel();
        let keeper = Arc::new(Waiting(Mutex::default()));
        let (own, opened) = (Arc::clone(&keeper), Arc::clone(&gate));
        let mut polls = 0;
        let mut rest = Box::pin(async move {
            opened.notified().await;
            let _ = told.send(7);
        });
        let work = Box::pin(std::future::poll_fn(move |context| {
            polls += 1;
            if let Some(kept) = own.0.lock().unwrap().upgrade().filter(|_| polls == 2) {
                kept.rouse();
            }
            rest.as_mut().poll(context)
        }));
        let (_never, awaited) = oneshot::channel::<()>();
        let mut waits = Accompanied::new(awaited, Some(work)).kept_by(|| keeper.clone());
        let noop = &mut Context::from_waker(std::task::Waker::noop());
        for _ in 0..2 {
            assert!(Pin::new(&mut waits).poll(noop).is_pending());
        }
        gate.notify_one();
        assert_eq!(done.await, Ok(7));
    }
}
