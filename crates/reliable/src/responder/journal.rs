//! What of a durable session is to be made durable before anything else is said of it.

use std::collections::BTreeSet;

use crate::ranges::MessageNumber;

/// The changes of a session since its last `Persist`.
#[derive(Debug)]
pub(super) struct Journal<M> {
    /// The state is another one.
    changed: bool,
    /// One-way: messages that are acknowledged from now on.
    received: Vec<(MessageNumber, M)>,
    /// One-way: those of the kept messages that were executed.
    executed: Vec<MessageNumber>,
    /// One-way: messages that are kept, since they are not executed.
    unexecuted: BTreeSet<MessageNumber>,
}

/// What becomes of a session's messages.
#[derive(Debug)]
pub(super) struct Changes<M> {
    pub(super) received: Vec<(MessageNumber, M)>,
    pub(super) executed: Vec<MessageNumber>,
}

impl<M> Journal<M> {
    /// Of a session that keeps these messages.
    pub(super) fn new(unexecuted: BTreeSet<MessageNumber>) -> Self {
        Self { changed: false, received: Vec::new(), executed: Vec::new(), unexecuted }
    }

    /// The state is another one.
    pub(super) fn changed(&mut self) {
        self.changed = true;
    }

    /// A message is to be kept until it is executed.
    pub(super) fn received(&mut self, number: MessageNumber, message: M) {
        self.changed = true;
        self.unexecuted.insert(number);
        self.received.push((number, message));
    }

    /// A message was executed, or will never be.
    pub(super) fn executed(&mut self, number: MessageNumber) {
        if self.unexecuted.remove(&number) {
            self.changed = true;
            self.executed.push(number);
        }
    }

    /// Whether a message is kept.
    pub(super) fn keeps(&self, number: MessageNumber) -> bool {
        self.unexecuted.contains(&number)
    }

    /// Whether messages are kept.
    pub(super) fn keeps_any(&self) -> bool {
        !self.unexecuted.is_empty()
    }

    /// The messages that are kept.
    pub(super) fn kept(&self) -> Vec<MessageNumber> {
        self.unexecuted.iter().copied().collect()
    }

    /// What has changed since it was asked last: the messages that are kept from now on, and those that no longer are.
    pub(super) fn take(&mut self) -> Option<Changes<M>> {
        std::mem::take(&mut self.changed).then(|| Changes {
            received: std::mem::take(&mut self.received),
            executed: std::mem::take(&mut self.executed),
        })
    }
}
