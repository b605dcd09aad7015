//! Futures behind traits that are objects, and those that run in the task of whoever waits for what they bring.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

/// A future on the heap that can move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

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

struct Work {
    /// None while it is polled: what has panicked is over.
    future: Option<BoxFuture<'static, ()>>,
    runtime: Handle,
}

impl<T> Accompanied<T> {
    /// Needs a running tokio runtime where there is work.
    pub(crate) fn new(awaited: oneshot::Receiver<T>, work: Option<BoxFuture<'static, ()>>) -> Self {
        let work = work.map(|work| Work { future: Some(work), runtime: Handle::current() });
        Self { awaited, work }
    }
}

impl<T> Future for Accompanied<T> {
    type Output = Result<T, Forsaken>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // Somebody else may have brought it.
        match self.awaited.try_recv() {
            Ok(value) => return Poll::Ready(Ok(value)),
            Err(TryRecvError::Closed) => return Poll::Ready(Err(Forsaken)),
            Err(TryRecvError::Empty) => {}
        }
        if self.work.as_mut().is_some_and(|work| work.is_done(context)) {
            self.work = None;
        }
        Pin::new(&mut self.awaited).poll(context).map_err(|_| Forsaken)
    }
}

impl Work {
    fn is_done(&mut self, context: &mut Context<'_>) -> bool {
        let Some(mut future) = self.future.take() else { return true };
        let is_done = future.as_mut().poll(context).is_ready();
        if !is_done {
            self.future = Some(future);
        }
        is_done
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if let Some(future) = self.future.take() {
            self.runtime.spawn(future);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Notify;

    use super::*;

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
}
