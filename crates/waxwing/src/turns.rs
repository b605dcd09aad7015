//! Futures that wake their own task while it runs: what they want is done in the same turn. Otherwise the task would be scheduled
//! once more for each such wish, and another thread woken that finds nothing to do.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::future::Either;

/// How often a future is polled in one turn of its task: then others have theirs.
const MOST: usize = 8;

/// It is polled now, or next: that it is woken is only noted.
const HELD: u8 = 1;
/// It was woken.
const WOKEN: u8 = 2;

/// Runs both until one of them is ready, the first of each turn first. What wakes the second while the first is polled does not
/// wake the task: it is there already.
pub(crate) async fn in_turns<A: Future, B: Future>(
    mut first: Pin<&mut A>,
    mut second: Pin<&mut B>,
) -> Either<A::Output, B::Output> {
    let mut turn = Turn::default();
    poll_fn(|context| {
        let own = turn.of(context);
        own.hold();
        if let Poll::Ready(output) = first.as_mut().poll(context) {
            return Poll::Ready(Either::Left(output));
        }
        // From here on it wakes the task. What was said to it before is seen below.
        own.let_go();
        let waker = Waker::from(Arc::clone(own));
        second.as_mut().poll(&mut Context::from_waker(&waker)).map(Either::Right)
    })
    .await
}

/// Runs a future that wakes itself, as connections do whose both ends are in one task: it is polled again at once then.
pub(crate) async fn again<F: Future>(mut future: Pin<&mut F>) -> F::Output {
    let mut turn = Turn::default();
    poll_fn(|context| turn.poll(context, |context| future.as_mut().poll(context))).await
}

/// What wakes a future that has its turns in a task. May be kept while the task changes.
#[derive(Default)]
pub(crate) struct Turn(Option<Arc<Own>>);

impl Turn {
    /// One turn: polls until that is ready, or has not woken itself.
    pub(crate) fn poll<T>(
        &mut self,
        context: &mut Context<'_>,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let own = self.of(context);
        let waker = Waker::from(Arc::clone(own));
        for _ in 0..MOST {
            own.hold();
            let polled = poll(&mut Context::from_waker(&waker));
            let was_woken = own.let_go();
            if polled.is_ready() || !was_woken {
                return polled;
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    fn of(&mut self, context: &Context<'_>) -> &Arc<Own> {
        let task = context.waker();
        if self.0.as_ref().is_some_and(|own| !own.task.will_wake(task)) {
            self.0 = None;
        }
        self.0.get_or_insert_with(|| Arc::new(Own { state: AtomicU8::new(0), task: task.clone() }))
    }
}

/// The waker.
struct Own {
    state: AtomicU8,
    task: Waker,
}

impl Own {
    fn hold(&self) {
        self.state.swap(HELD, Ordering::AcqRel);
    }

    /// Gives whether it was woken meanwhile.
    fn let_go(&self) -> bool {
        self.state.swap(0, Ordering::AcqRel) & WOKEN != 0
    }
}

impl Wake for Own {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Read and written in one: who lets go later sees all that was done before this.
        if self.state.fetch_or(WOKEN, Ordering::AcqRel) & HELD == 0 {
            self.task.wake_by_ref();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::AtomicUsize;

    use tokio::sync::mpsc;

    use super::*;

    /// Counts how often a task is woken.
    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    impl Count {
        fn taken(&self) -> usize {
            self.0.swap(0, Ordering::SeqCst)
        }
    }

    /// Passes on what comes from outside, in two steps, and ends at 0.
    #[test]
    fn what_the_first_gives_the_second_wakes_nobody() {
        let (outside, mut coming) = mpsc::unbounded_channel::<u8>();
        let (passing, mut passed) = mpsc::unbounded_channel();
        let aside = passing.clone();
        let mut got = Vec::new();
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        {
            let first = pin!(async {
                while let Some(number) = coming.recv().await {
                    passing.send(number).unwrap();
                }
            });
            let second = pin!(async {
                loop {
                    match passed.recv().await {
                        Some(0) | None => return,
                        Some(number) => got.push(number),
                    }
                }
            });
            let mut both = pin!(in_turns(first, second));
            let mut poll = || both.as_mut().poll(&mut Context::from_waker(&waker));
            assert!(poll().is_pending());
            for number in 1..=3 {
                outside.send(number).unwrap();
                assert_eq!(count.taken(), 1, "the first is woken from outside");
                assert!(poll().is_pending());
                assert_eq!(count.taken(), 0, "the second was there already");
            }
            // From anywhere else it is woken as ever.
            aside.send(4).unwrap();
            assert_eq!(count.taken(), 1);
            assert!(poll().is_pending());
            outside.send(0).unwrap();
            assert!(matches!(poll(), Poll::Ready(Either::Right(()))));
        }
        assert_eq!(got, [1, 2, 3, 4]);
    }

    #[test]
    fn a_task_that_is_woken_in_another_way_is_woken_so() {
        let (passing, mut passed) = mpsc::unbounded_channel::<u8>();
        let (first, second) = (pin!(std::future::pending::<()>()), pin!(passed.recv()));
        let mut both = pin!(in_turns(first, second));
        let counts = [Arc::new(Count::default()), Arc::new(Count::default())];
        for count in &counts {
            let waker = Waker::from(Arc::clone(count));
            assert!(both.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        }
        passing.send(1).unwrap();
        assert_eq!((counts[0].taken(), counts[1].taken()), (0, 1));
    }

    /// Both ends of a queue in one task.
    #[test]
    fn what_wakes_itself_is_polled_again_at_once_but_not_for_ever() {
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let (outside, mut coming) = mpsc::unbounded_channel::<()>();
        let mut polls = 0;
        let mut chatter = pin!(poll_fn(|context| {
            // Three times after each word from outside.
            if coming.poll_recv(context).is_ready() {
                polls += 1;
                (0..polls % 4).for_each(|_| context.waker().wake_by_ref());
            }
            Poll::<()>::Pending
        }));
        let mut whole = pin!(again(chatter.as_mut()));
        let mut poll = || whole.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(poll().is_pending());
        outside.send(()).unwrap();
        assert_eq!(count.taken(), 1, "from outside it is woken as ever");
        assert!(poll().is_pending());
        assert_eq!(count.taken(), 0, "what it wished for was done");

        let mut restless = pin!(poll_fn(|context: &mut Context<'_>| {
            context.waker().wake_by_ref();
            Poll::<()>::Pending
        }));
        let mut restless = pin!(again(restless.as_mut()));
        assert!(restless.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        assert_eq!(count.taken(), 1, "others have their turn, and then it has the next");
    }

    /// Another thread says something at any moment of the first's turn: it is never lost.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn nothing_is_lost_between_turns() {
        const MESSAGES: u32 = 20_000;
        let (passing, mut passed) = mpsc::unbounded_channel();
        let (tick, mut ticks) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            let first = pin!(async { while ticks.recv().await.is_some() {} });
            let second = pin!(async {
                let mut sum = 0_u64;
                for _ in 0..MESSAGES {
                    sum += u64::from(passed.recv().await.expect("all come"));
                }
                sum
            });
            match in_turns(first, second).await {
                Either::Left(()) => None,
                Either::Right(sum) => Some(sum),
            }
        });
        for number in 0..MESSAGES {
            let _ = tick.send(());
            passing.send(number).unwrap();
            if number % 64 == 0 {
                tokio::task::yield_now().await;
            }
        }
        // The first does not wake it any more, and the second must have been: otherwise this waits for ever.
        let sum = task.await.unwrap();
        assert_eq!(sum, Some(u64::from(MESSAGES) * u64::from(MESSAGES - 1) / 2));
        drop(tick);
    }
}
