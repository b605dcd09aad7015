//! What waits to be written to a link because of what its peer has said. A peer that takes nothing of it is not read any
//! further: it could have us say as much as it likes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

/// So many messages may wait before the peer is held up: more than the windows of usual sessions.
const MESSAGES: u64 = 1024;
/// In octets of memory.
const OCTETS: u64 = 4 << 20;
/// The count of messages stands above these bits, that of octets below: one number, so that both change at once.
const SHIFT: u32 = 40;

/// The messages that wait, and what they hold. Clones are of the same link.
#[derive(Debug, Clone, Default)]
pub(crate) struct Backlog(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    waiting: AtomicU64,
    room: Notify,
}

/// One message, or several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Weight(u64);

impl Weight {
    /// A message of so many octets of memory.
    pub(crate) fn of(octets: usize) -> Self {
        // A document has less.
        let octets = u64::try_from(octets).unwrap_or(u64::MAX).min((1 << 32) - 1);
        Self(1 << SHIFT | octets)
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Backlog {
    /// One more waits.
    pub(crate) fn more(&self, weight: Weight) {
        self.0.waiting.fetch_add(weight.0, Ordering::AcqRel);
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.waiting.load(Ordering::Acquire) == 0
    }

    /// These are written.
    pub(crate) fn less(&self, weight: Weight) {
        if weight == Weight::default() {
            return;
        }
        let before = self.0.waiting.fetch_sub(weight.0, Ordering::AcqRel);
        if is_full(before) && !is_full(before - weight.0) {
            self.0.room.notify_one();
        }
    }

    /// Waits until the peer may say more. One waits at a time.
    pub(crate) async fn has_room(&self) {
        while is_full(self.0.waiting.load(Ordering::Acquire)) {
            self.0.room.notified().await;
        }
    }
}

fn is_full(waiting: u64) -> bool {
    waiting >> SHIFT >= MESSAGES || waiting & ((1 << SHIFT) - 1) >= OCTETS
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    fn has_room(backlog: &Backlog) -> bool {
        pin!(backlog.has_room()).poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[tokio::test]
    async fn many_messages_and_large_ones_hold_a_peer_up() {
        for (octets, most) in [(10, 1024), (1 << 20, 4), (1 << 30, 1)] {
            let backlog = Backlog::default();
            for _ in 0..most {
                assert!(has_room(&backlog));
                backlog.more(Weight::of(octets));
            }
            assert!(!has_room(&backlog), "{most} of {octets} octets wait");
            let waiting = tokio::spawn({
                let backlog = backlog.clone();
                async move { backlog.has_room().await }
            });
            tokio::task::yield_now().await;
            assert!(!waiting.is_finished());
            assert!(!backlog.is_empty());
            backlog.less(Weight::of(octets));
            waiting.await.expect("it goes on");
        }
    }

    #[test]
    fn several_are_written_at_once() {
        let backlog = Backlog::default();
        let mut written = Weight::default();
        for _ in 0..1100 {
            backlog.more(Weight::of(7));
            written.add(Weight::of(7));
        }
        assert!(!has_room(&backlog));
        backlog.less(written);
        assert!(backlog.is_empty());
        assert!(has_room(&backlog));
    }
}
