//! What the application is asked, in tasks of their own, and what is told to those who watch.

use std::sync::Arc;
use std::time::Duration;

use super::Driver;
use crate::contract::Answer;
use crate::outbox::engine::{Input, OutboxEvent, Place};
use crate::outbox::hooks::Doubt;
use crate::outbox::look::OutboxStatus;
use crate::outbox::message;

impl Driver {
    /// Asks what became of a call in doubt.
    pub(super) fn reconcile(&self, place: Place) {
        let (Some(hook), Some(entry)) = (&self.parts.reconcile, self.engine.entry(place)) else {
            return;
        };
        let doubt = Doubt {
            key: entry.key.as_ref().to_owned(),
            action: entry.action.as_ref().to_owned(),
            is_one_way: entry.one_way,
            state: entry.state.clone(),
        };
        let (hook, sender) = (Arc::clone(hook), self.hooked.0.clone());
        let limit = self.parts.settings.hook_timeout;
        tokio::spawn(async move {
            let asked = within(limit, "hook", async move { hook.reconcile(doubt).await });
            let decision = asked.await;
            // The outbox may be gone.
            let _ = sender.send(Input::Reconciled(place, decision.map(message::verdict))).await;
        });
    }

    /// Hands a result over.
    pub(super) fn hand_over(&self, place: Place) {
        let (Some(handler), Some(entry)) = (&self.parts.handler, self.engine.entry(place)) else {
            return;
        };
        let key = entry.key.as_ref().to_owned();
        let (handler, sender) = (Arc::clone(handler), self.hooked.0.clone());
        let (shelf, quotas) = (self.parts.shelf.clone(), self.parts.quotas);
        let limit = self.parts.settings.hook_timeout;
        tokio::spawn(async move {
            let handled = match shelf.reply(place).await {
                Ok(reply) => {
                    let envelope = reply.map(|reply| reply.envelope.clone());
                    let answer = Answer::new(envelope, quotas);
                    within(limit, "handler", async move { handler.handle(key, answer).await }).await
                }
                Err(why) => Err(why),
            };
            let _ = sender.send(Input::Handled(place, handled)).await;
        });
    }

    pub(super) fn tell(&mut self, event: OutboxEvent) {
        let outbox = self.parts.shelf.name.as_ref();
        let address = self.parts.factory.endpoint().address.as_str();
        match &event {
            OutboxEvent::Held { reason } => {
                tracing::error!(
                    outbox,
                    address,
                    "the outbox holds its calls until somebody mends this and resumes it \
                     (Outbox::resume); by itself it tries again in a quarter of an hour: {reason}"
                );
                self.held = Some(reason.clone());
                self.last_trouble = Some(reason.clone());
            }
            OutboxEvent::Disconnected { reason, again_in } => {
                tracing::warn!(outbox, address, ?again_in, "no session with the service: {reason}");
                self.last_trouble = Some(reason.clone());
            }
            OutboxEvent::InDoubt { key, why } => {
                tracing::warn!(
                    outbox,
                    address,
                    key,
                    "nobody knows whether this call was executed: the service has forgotten the session in which it had its \
                     number ({why}); decide what became of it (Outbox::resolve, or a Reconcile hook)"
                );
            }
            OutboxEvent::Expired { key } => {
                tracing::warn!(
                    outbox,
                    key,
                    "a result that nobody took was kept for its whole time"
                );
            }
            OutboxEvent::Reloaded { reason } => {
                tracing::warn!(outbox, "the outbox was read again: {reason}");
            }
            OutboxEvent::ApplicationFailed { key, reason, again_in } => {
                tracing::warn!(outbox, key, ?again_in, "the application is asked again: {reason}");
            }
            OutboxEvent::Connected | OutboxEvent::Resumed { .. } => {
                if matches!(event, OutboxEvent::Connected) {
                    self.held = None;
                }
                tracing::info!(outbox, address, ?event, "outbox");
            }
            _ => {
                if matches!(event, OutboxEvent::Answered { .. }) {
                    self.held = None;
                }
                tracing::debug!(outbox, ?event, "outbox");
            }
        }
        self.parts.events.emit(|| event);
    }

    /// Tells how the outbox is.
    pub(super) fn tell_status(&self) {
        let (held, trouble) = (self.held.as_deref(), self.last_trouble.as_deref());
        let status = OutboxStatus::of(&self.engine, held, trouble);
        self.parts.status.send_if_modified(|before| {
            let is_new = *before != status;
            *before = status;
            is_new
        });
    }
}

/// What the application's code says, in a task of its own: it may panic, and one that does not end is given up after the limit, so
/// that nothing behind it waits for ever.
async fn within<T: Send + 'static>(
    limit: Duration,
    what: &str,
    asked: impl Future<Output = Result<T, String>> + Send + 'static,
) -> Result<T, String> {
    let mut task = tokio::spawn(asked);
    match tokio::time::timeout(limit, &mut task).await {
        Ok(Ok(said)) => said,
        Ok(Err(_)) => Err(format!("the {what} panicked")),
        Err(_) => {
            task.abort();
            Err(format!(
                "the {what} has said nothing for {limit:?} and was given up (OutboxBuilder::hook_timeout)"
            ))
        }
    }
}
