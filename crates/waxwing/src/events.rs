//! What happens, as a stream for programs that watch: bounded, and nothing ever waits for who reads it.

use std::fmt;
use std::sync::OnceLock;

use tokio::sync::broadcast::{self, error::RecvError};

/// How many events are kept for a reader who is slow: a burst of a few hundred sessions.
const KEPT: usize = 1024;

/// The states of a host or channel (WCF's `CommunicationState`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CommunicationState {
    /// It was set up and nothing more.
    #[default]
    Created,
    /// It is being opened.
    Opening,
    /// It is open.
    Opened,
    /// It is being closed: what has begun goes on.
    Closing,
    /// It was closed as it should.
    Closed,
    /// It has failed, and cannot be used any more.
    Faulted,
}

impl fmt::Display for CommunicationState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Events of one host or channel, from the moment it was asked for. A reader who is more than 1,024 events behind loses
/// the oldest ones and is told how many.
///
/// ```
/// # async fn watch(host: &waxwing::ServiceHost) {
/// let mut events = host.events();
/// while let Some(event) = events.next().await {
///     match event {
///         Ok(event) => println!("{event:?}"),
///         Err(missed) => eprintln!("{missed}"),
///     }
/// }
/// # }
/// ```
pub struct Events<T>(broadcast::Receiver<T>);

impl<T: Clone> Events<T> {
    /// The next event; none when the host or channel is gone. Can be given up and called again: nothing is lost.
    pub async fn next(&mut self) -> Option<Result<T, Missed>> {
        match self.0.recv().await {
            Ok(event) => Some(Ok(event)),
            Err(RecvError::Lagged(missed)) => Some(Err(Missed(missed))),
            Err(RecvError::Closed) => None,
        }
    }
}

impl<T> fmt::Debug for Events<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").finish_non_exhaustive()
    }
}

/// The reader of [`Events`] was too slow: so many events were lost.
#[derive(Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{0} events were lost, since they were not read in time")]
pub struct Missed(pub u64);

debug_is_display!(Missed);

/// Where events go. The room for them is made for the first reader: most channels have none, and it is the largest thing
/// that a channel holds.
pub(crate) struct Emitter<T>(OnceLock<broadcast::Sender<T>>);

impl<T: Clone> Emitter<T> {
    pub(crate) const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// Sends an event to those who read; it is not made when nobody does.
    pub(crate) fn emit(&self, event: impl FnOnce() -> T) {
        if let Some(sender) = self.0.get().filter(|sender| sender.receiver_count() > 0) {
            // The last reader may be gone by now.
            let _ = sender.send(event());
        }
    }

    pub(crate) fn subscribe(&self) -> Events<T> {
        Events(self.0.get_or_init(|| broadcast::Sender::new(KEPT)).subscribe())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_slow_reader_is_told_what_he_missed() {
        let emitter = Emitter::new();
        emitter.emit(|| -> u64 { unreachable!("nobody reads") });
        let mut events = emitter.subscribe();
        for number in 0..2000 {
            emitter.emit(|| number);
        }
        let missed = 2000 - KEPT as u64;
        assert_eq!(events.next().await, Some(Err(Missed(missed))));
        assert_eq!(events.next().await, Some(Ok(missed)));
        drop(emitter);
        let mut rest = 0;
        while let Some(event) = events.next().await {
            assert_eq!(event, Ok(missed + 1 + rest));
            rest += 1;
        }
        assert_eq!(rest, 1023);
    }
}
