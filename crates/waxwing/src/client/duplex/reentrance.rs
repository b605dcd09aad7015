//! Callbacks that call the service in turn: with `ConcurrencyMode.Reentrant` others run while one waits for its reply.

use std::sync::Arc;

use tokio::sync::oneshot;
use waxwing_session::{CallbackId, ClientInput};

use crate::client::channel::Inner;

tokio::task_local! {
    /// The callback that this task executes, and of which channel.
    static EXECUTES: (usize, CallbackId);
}

fn name_of(channel: &Arc<Inner>) -> usize {
    Arc::as_ptr(channel).addr()
}

/// Executes a callback that may call the service in turn.
pub(super) async fn within<F: Future>(
    channel: &Arc<Inner>,
    callback: CallbackId,
    run: F,
) -> F::Output {
    EXECUTES.scope((name_of(channel), callback), run).await
}

/// A callback that waits for the service.
pub(in crate::client) struct CalledOut<'a> {
    channel: &'a Arc<Inner>,
    callback: CallbackId,
    is_back: bool,
}

impl<'a> CalledOut<'a> {
    /// The callback that this task executes, if it is one of this channel.
    pub(in crate::client) fn begin(channel: &'a Arc<Inner>) -> Option<Self> {
        let (of, callback) = EXECUTES.try_with(|own| *own).ok()?;
        if of != name_of(channel) {
            return None;
        }
        channel.give(&mut channel.lock(), ClientInput::CallsOut(callback));
        Some(Self { channel, callback, is_back: false })
    }

    /// Waits until nobody else runs.
    pub(in crate::client) async fn back(mut self) {
        let (sender, receiver) = oneshot::channel();
        {
            let mut state = self.channel.lock();
            state.returning.insert(self.callback, sender);
            self.channel.give(&mut state, ClientInput::Returns(self.callback));
        }
        self.is_back = true;
        let _ = receiver.await;
    }
}

impl Drop for CalledOut<'_> {
    fn drop(&mut self) {
        if !self.is_back {
            self.channel.give(&mut self.channel.lock(), ClientInput::Returns(self.callback));
        }
    }
}
