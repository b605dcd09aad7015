//! A channel whose opening nobody waits for any more.

use super::ClientChannel;

/// Closes the channel when it is dropped before [`arrived`](Self::arrived): the future that opened it was dropped, and
/// the service would keep a session that nobody has.
pub(super) struct CloseIfAbandoned(Option<ClientChannel>);

impl CloseIfAbandoned {
    pub(super) fn new(channel: &ClientChannel) -> Self {
        Self(Some(channel.clone()))
    }

    /// Whoever opens the channel has it, or knows why not.
    pub(super) fn arrived(mut self) {
        self.0 = None;
    }
}

impl Drop for CloseIfAbandoned {
    fn drop(&mut self) {
        let Some(channel) = self.0.take() else { return };
        // Without a runtime nothing of the channel goes on anyway.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            // What was begun cannot be taken back: the service may be about to make the session.
            if channel.open().await.is_ok()
                && let Err(error) = channel.close().await
            {
                tracing::debug!("a channel that nobody waited for was not closed: {error}");
            }
        });
    }
}
