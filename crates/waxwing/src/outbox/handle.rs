//! What a program has of an outbox.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

use tokio::sync::{Notify, mpsc, oneshot, watch};

use super::driver::{Command, Found, Reply};
use super::engine::{CallState, OutboxEvent, Told};
use super::error::OutboxError;
use super::hooks::Decision;
use super::look::{KeptCall, OutboxStatus};
use super::message;
use crate::contract::{Answer, Call, CallError, MessageFormat};
use crate::events::{Emitter, Events};

/// A client's outbox: calls that are kept durably and delivered exactly once, whatever crashes.
///
/// Cheap to clone; all clones are one outbox. It works as long as one of them is there; what it has is kept when the last one is
/// dropped. Made by [`ChannelFactory::durable`](crate::ChannelFactory::durable).
#[derive(Clone)]
pub struct Outbox {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) name: Arc<str>,
    pub(super) format: MessageFormat,
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) events: Arc<Emitter<OutboxEvent>>,
    pub(super) status: watch::Receiver<OutboxStatus>,
    /// Somebody has written calls in the application's database.
    pub(super) relayed: Arc<Notify>,
}

/// A call that is in an outbox.
pub struct Queued<T> {
    outbox: Outbox,
    key: Arc<str>,
    before: Option<CallState>,
    read: fn(&Answer) -> Result<T, CallError>,
    result: PhantomData<fn() -> T>,
}

/// A result as it is found: what became of the call, and the answer of the service.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CallResult {
    /// What became of the call.
    pub state: CallState,
    /// The answer; none where there is no result (yet, or any more).
    pub answer: Option<Answer>,
}

impl Outbox {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// How its messages are written: for `…Calls::new`.
    pub fn format(&self) -> MessageFormat {
        self.inner.format
    }

    /// Keeps a call to be delivered. It is durable when this returns.
    ///
    /// `key` is the application's name of the call: an order number, say. The same call under the same key is kept once, however
    /// often this is called, so it can be repeated after a crash. At most 256 octets.
    ///
    /// # Errors
    /// The call cannot be written; the outbox is full; another call has the key; the store did not take it.
    pub async fn enqueue<T>(&self, key: &str, call: Call<T>) -> Result<Queued<T>, OutboxError> {
        let read = call.reader();
        let (new, message) = message::new_call(key, &call)?;
        let told = self.ask(key, |reply| Command::Enqueue(new, message, reply)).await?;
        let before = match told {
            Told::Known(state) => Some(state),
            Told::Enqueued | Told::Done => None,
        };
        let (outbox, key) = (self.clone(), Arc::from(key));
        Ok(Queued { outbox, key, before, read, result: PhantomData })
    }

    /// The answer of a call, when there is one: waits for it, also in another process than the one that has enqueued it.
    ///
    /// The answer stays until it is [taken](Self::take), or its time is over.
    ///
    /// # Errors
    /// There is no such call; it was cancelled or given up; its answer was taken.
    pub async fn result(&self, key: &str) -> Result<Answer, OutboxError> {
        let found = self.find(key, true).await?;
        match found.answer {
            Some(answer) => Ok(answer),
            None => {
                let (outbox, key) = (self.inner.name.as_ref().to_owned(), key.to_owned());
                Err(OutboxError::NoResult { outbox, key, state: found.state })
            }
        }
    }

    /// What became of a call so far, with its answer if it has one.
    ///
    /// # Errors
    /// There is no such call.
    pub async fn poll(&self, key: &str) -> Result<CallResult, OutboxError> {
        self.find(key, false).await
    }

    /// The application has the result: it is not kept any longer. The key is remembered for a while, so that the same call is not
    /// delivered again. Taking twice is no error.
    ///
    /// # Errors
    /// There is no such call, or no result yet.
    pub async fn take(&self, key: &str) -> Result<(), OutboxError> {
        self.ask(key, |reply| Command::Take(Arc::from(key), reply)).await.map(drop)
    }

    /// The call is not delivered.
    ///
    /// # Errors
    /// There is no such call; it has its number already, so that it may be executed at this moment.
    pub async fn cancel(&self, key: &str) -> Result<(), OutboxError> {
        self.ask(key, |reply| Command::Cancel(Arc::from(key), reply)).await.map(drop)
    }

    /// Says what became of a call in doubt.
    ///
    /// # Errors
    /// There is no such call, or it is not in doubt.
    pub async fn resolve(&self, key: &str, decision: Decision) -> Result<(), OutboxError> {
        let verdict = message::verdict(decision);
        let done = self.ask(key, |reply| Command::Resolve(Arc::from(key), verdict, reply)).await;
        done.map(drop).map_err(OutboxError::of_decision)
    }

    /// Sends nothing new, until [`resume`](Self::resume), also after a restart. What has a number is finished.
    ///
    /// # Errors
    /// The store did not take it.
    pub async fn pause(&self) -> Result<(), OutboxError> {
        self.ask("", Command::Pause).await.map(drop)
    }

    /// Goes on, also where the outbox holds its calls because of a password or a certificate that somebody has mended meanwhile,
    /// and at once where it would wait before it tries again.
    ///
    /// # Errors
    /// The store did not take it.
    pub async fn resume(&self) -> Result<(), OutboxError> {
        self.ask("", Command::Resume).await.map(drop)
    }

    /// Calls in their order: those after `place` (0: from the first), at most `limit`.
    pub async fn list(&self, after: u64, limit: usize) -> Vec<KeptCall> {
        let list = |reply| Command::List { after, limit, reply };
        self.tell(list).await.unwrap_or_default()
    }

    /// One call.
    pub async fn look(&self, key: &str) -> Option<KeptCall> {
        self.tell(|reply| Command::Show(Arc::from(key), reply)).await.flatten()
    }

    /// How the outbox is.
    pub fn status(&self) -> OutboxStatus {
        self.inner.status.borrow().clone()
    }

    /// Waits until its status is one that is wanted; gives it. For programs that end when everything is delivered, say.
    pub async fn wait_for(&self, is_wanted: impl FnMut(&OutboxStatus) -> bool) -> OutboxStatus {
        let mut status = self.inner.status.clone();
        let found = status.wait_for(is_wanted).await.map(|status| status.clone());
        // It is closed: that is how it was last.
        found.unwrap_or_else(|_| self.status())
    }

    /// What happens from now on.
    pub fn events(&self) -> Events<OutboxEvent> {
        self.inner.events.subscribe()
    }

    /// Closes the outbox: the session is closed if nothing is under way; otherwise it goes on when the outbox is opened again.
    pub async fn close(&self) {
        let _ = self.tell(Command::Close).await;
    }

    async fn find(&self, key: &str, waits: bool) -> Result<CallResult, OutboxError> {
        let command = |reply| Command::Result { key: Arc::from(key), waits, reply };
        let Found { state, reply } = self.ask(key, command).await?;
        let quotas = self.inner.format.quotas();
        let has_answer = matches!(state, CallState::Answered { .. });
        let answer =
            has_answer.then(|| Answer::new(reply.map(|reply| reply.envelope.clone()), quotas));
        Ok(CallResult { state, answer })
    }

    async fn ask<T>(
        &self,
        key: &str,
        command: impl FnOnce(Reply<T>) -> Command,
    ) -> Result<T, OutboxError> {
        let closed = || OutboxError::Closed { outbox: self.inner.name.as_ref().to_owned() };
        let answer = self.tell(command).await.ok_or_else(closed)?;
        answer.map_err(|refusal| OutboxError::of(refusal, &self.inner.name, key))
    }

    async fn tell<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Option<T> {
        let (sender, receiver) = oneshot::channel();
        self.inner.commands.send(command(sender)).await.ok()?;
        receiver.await.ok()
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").field("name", &self.inner.name).finish_non_exhaustive()
    }
}

impl From<&Outbox> for MessageFormat {
    fn from(outbox: &Outbox) -> Self {
        outbox.format()
    }
}

impl<T> Queued<T> {
    /// Its key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What had become of it when it was enqueued again; none: this was the first time.
    pub fn before(&self) -> Option<&CallState> {
        self.before.as_ref()
    }

    /// Its result, when there is one. It stays until it is [taken](Outbox::take).
    ///
    /// # Errors
    /// The service's fault; a reply that is not what the contract says; the call was cancelled or given up.
    pub fn result(&self) -> impl Future<Output = Result<T, CallError>> + Send + 'static
    where
        T: 'static,
    {
        let (outbox, key, read) = (self.outbox.clone(), Arc::clone(&self.key), self.read);
        async move { read(&outbox.result(&key).await?) }
    }
}

impl<T> fmt::Debug for Queued<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queued").field("key", &self.key).field("before", &self.before).finish()
    }
}
