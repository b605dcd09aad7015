//! Panics in the code of others: caught where it is called, told in words.

use std::any::Any;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;

/// What was called has panicked. Its text is that of the panic, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Panicked(String);

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it panicked: {}", self.0)
    }
}

impl std::error::Error for Panicked {}

impl Panicked {
    /// What the panic said.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    fn of(payload: &(dyn Any + Send)) -> Self {
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        Self(text.unwrap_or_else(|| "a payload that is no text".to_owned()))
    }
}

/// Calls `code`.
///
/// # Errors
/// It panicked. Nothing that it shares with others may be half-changed then: it is to be user code, which knows nothing of ours.
pub(crate) fn catch<T>(code: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(code)).map_err(|payload| {
        let panicked = Panicked::of(&*payload);
        // A payload may panic when it is dropped; it is the last thing that it does.
        let _ = catch_unwind(AssertUnwindSafe(move || drop(payload)));
        panicked
    })
}

/// Runs `code` to its end. What it holds is dropped here, whether it panicked or not.
///
/// # Errors
/// It panicked.
pub(crate) async fn caught<F: Future>(code: F) -> Result<F::Output, Panicked> {
    caught_in_box(Box::pin(code)).await
}

/// The same of code that is boxed already: what is large is better not moved once more.
///
/// # Errors
/// It panicked.
pub(crate) async fn caught_in_box<F: Future>(mut code: Pin<Box<F>>) -> Result<F::Output, Panicked> {
    let result = poll_fn(|context| match catch(|| code.as_mut().poll(context)) {
        Ok(poll) => poll.map(Ok),
        Err(panicked) => Poll::Ready(Err(panicked)),
    })
    .await;
    match catch(move || drop(code)) {
        Ok(()) => result,
        Err(panicked) => result.and(Err(panicked)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn panics_become_errors() {
        assert_eq!(caught(async { 3 }).await, Ok(3));
        let early: Result<(), _> = caught(async { panic!("early {}", 1) }).await;
        assert_eq!(early.unwrap_err().to_string(), "it panicked: early 1");
        let late: Result<(), _> = caught(async {
            tokio::task::yield_now().await;
            std::panic::panic_any(7_u32)
        })
        .await;
        assert_eq!(late.unwrap_err().to_string(), "it panicked: a payload that is no text");
    }

    #[tokio::test]
    async fn a_panic_in_a_destructor_is_caught_too() {
        struct Bad;
        impl Drop for Bad {
            fn drop(&mut self) {
                panic!("dropped");
            }
        }
        let bad = Bad;
        let result = caught(async move {
            let _bad = &bad;
            3
        });
        assert_eq!(result.await.unwrap_err().to_string(), "it panicked: dropped");
    }
}
