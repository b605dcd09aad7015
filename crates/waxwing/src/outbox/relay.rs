//! Calls that the application has written in its own transaction: how they are written, and how the outbox takes them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot};
use waxwing_store::BoxFuture;
use waxwing_store::application::{
    ApplicationOutbox, Inserted, OutgoingRow, OutgoingTransaction, WaitingCall,
};

use super::driver::Command;
use super::engine::{CallState, Entry, NewCall, Refusal, UnderWay};
use super::error::OutboxError;
use super::handle::Outbox;
use super::{message, saved};
use crate::contract::Call;

/// So many calls are taken at once.
const AT_ONCE: usize = 64;

/// How long until the table is looked at again, if nobody says that something is there: a transaction commits without a word.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// The longest pause while the database, the store or the outbox does not take part.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

impl Outbox {
    /// Writes a call in the application's own transaction: it is delivered if that commits, and only then. For `rusqlite` (a
    /// connection with a transaction that was begun, or that transaction), `tokio-postgres`, and the transactions that a host
    /// begins for its operations. The outbox must [take](super::OutboxBuilder::relay) calls out of that database.
    ///
    /// Poll the result at once: what is not a future in the driver (`rusqlite`) has happened when this returns.
    ///
    /// # Errors
    /// The call cannot be written; another call has the key in the table; the database says no.
    pub fn enqueue_in<'t, T>(
        &self,
        transaction: &'t (impl OutgoingTransaction + ?Sized),
        key: &str,
        call: &Call<T>,
    ) -> BoxFuture<'t, Result<(), OutboxError>> {
        let outbox = self.name().to_owned();
        let row = match self.prepare(key, call) {
            Ok(row) => row,
            Err(error) => return Box::pin(std::future::ready(Err(error))),
        };
        let key = key.to_owned();
        let inserted = transaction.insert(row);
        let wake = Arc::clone(&self.inner.relayed);
        Box::pin(async move {
            match inserted.await {
                Ok(Inserted::New | Inserted::Known) => {
                    // It may commit at once.
                    wake.notify_one();
                    Ok(())
                }
                Ok(Inserted::OtherCall) => {
                    Err(OutboxError::OtherCall { outbox, key, state: CallState::Queued })
                }
                Err(error) => Err(OutboxError::Store { outbox, error }),
            }
        })
    }

    /// A call as it stands in the application's database: for those who write it there themselves
    /// ([`OutgoingTransaction`]), in a closure that runs elsewhere, say.
    ///
    /// # Errors
    /// The call cannot be written; the key is empty or too long.
    pub fn prepare<T>(&self, key: &str, call: &Call<T>) -> Result<OutgoingRow, OutboxError> {
        if !super::engine::is_key(key) {
            return Err(OutboxError::Key(key.len()));
        }
        let (new, message) = message::new_call(key, call)?;
        let NewCall { key, digest, action, one_way, idempotent, octets } = new;
        let entry = Entry {
            key: Arc::clone(&key),
            digest,
            action,
            one_way,
            idempotent,
            // The outbox notes when it has taken it.
            enqueued_at: jiff::Timestamp::UNIX_EPOCH,
            octets,
            state: CallState::Queued,
            under_way: UnderWay::Nothing,
        };
        Ok(OutgoingRow {
            outbox: self.name().to_owned(),
            key: key.as_ref().to_owned(),
            body: saved::write_call(&entry, &message),
            identity: saved::call_identity(&entry),
        })
    }

    /// The transaction in which calls were written has committed: they are taken at once, and not at the next look.
    pub fn relay_now(&self) {
        self.inner.relayed.notify_one();
    }
}

/// Takes calls out of the application's database, as long as the outbox is there.
pub(super) struct Relay {
    pub(super) name: Arc<str>,
    pub(super) table: Arc<dyn ApplicationOutbox>,
    pub(super) wake: Arc<Notify>,
    /// Does not keep the outbox alive.
    pub(super) commands: mpsc::WeakSender<Command>,
    /// Places of calls that are never taken: they are told once, and wait for a person.
    pub(super) refused: BTreeSet<u64>,
}

impl Relay {
    pub(super) async fn run(mut self) {
        let mut pause = LOOK_AGAIN;
        loop {
            match self.round().await {
                Ok(true) => pause = LOOK_AGAIN,
                Ok(false) => {
                    pause = LOOK_AGAIN;
                    let _ = tokio::time::timeout(pause, self.wake.notified()).await;
                }
                Err(Some(why)) => {
                    let outbox = self.name.as_ref();
                    tracing::warn!(
                        outbox,
                        ?pause,
                        "calls in the application's database wait: {why}"
                    );
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(None) => return,
            }
        }
    }

    /// Takes some calls. Gives whether there may be more; the error is what they wait for, or none: the outbox is gone.
    async fn round(&mut self) -> Result<bool, Option<String>> {
        if self.commands.upgrade().is_none() {
            return Err(None);
        }
        // Those that are refused stay in the table, at its beginning.
        let limit = AT_ONCE + self.refused.len();
        let calls = self.table.waiting(&self.name, limit).await;
        let calls = calls.map_err(|error| Some(error.to_string()))?;
        let is_full = calls.len() == limit;
        let places: BTreeSet<_> = calls.iter().map(|call| call.place).collect();
        // Somebody has taken them away.
        self.refused.retain(|place| places.contains(place));
        let new = calls.into_iter().filter(|call| !self.refused.contains(&call.place));
        let calls: Vec<_> = new.collect();
        let mut taken = Vec::with_capacity(calls.len());
        let mut stopped = None;
        for call in calls {
            match self.take(&call).await {
                Ok(()) => taken.push(call.place),
                Err(Take::Never(why)) => {
                    let (outbox, key) = (self.name.as_ref(), &call.key);
                    tracing::error!(
                        outbox,
                        key,
                        "a call in the application's database is not delivered, and stays there: {why}"
                    );
                    self.refused.insert(call.place);
                }
                Err(Take::Later(why)) => {
                    stopped = Some(why);
                    break;
                }
            }
        }
        if !taken.is_empty() {
            let moved = self.table.moved(&self.name, &taken).await;
            moved.map_err(|error| Some(error.to_string()))?;
        }
        match stopped {
            Some(why) => Err(why),
            None => Ok(is_full),
        }
    }

    async fn take(&self, call: &WaitingCall) -> Result<(), Take> {
        let never = |why: String| Take::Never(why);
        let entry = saved::read_call(&call.body).map_err(|e| never(e.to_string()))?;
        let message = saved::read_call_message(&call.body).map_err(|e| never(e.to_string()))?;
        if *entry.key != *call.key {
            return Err(never("its key is not the one of its row".to_owned()));
        }
        let Entry { key, digest, action, one_way, idempotent, octets, .. } = entry;
        let new = NewCall { key, digest, action, one_way, idempotent, octets };
        let (reply, told) = oneshot::channel();
        let commands = self.commands.upgrade().ok_or(Take::Later(None))?;
        let sent = commands.send(Command::Enqueue(new, message, reply)).await;
        drop(commands);
        sent.map_err(|_| Take::Later(None))?;
        match told.await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(Refusal::OtherCall(state))) => {
                Err(never(format!("another call has its key in the outbox, which is {state}")))
            }
            Ok(Err(Refusal::Key)) => {
                Err(never("its key is empty or too long, or has U+0000 in it".to_owned()))
            }
            Ok(Err(refusal)) => {
                let error = OutboxError::of(refusal, &self.name, &call.key);
                Err(Take::Later(Some(error.to_string())))
            }
            Err(_) => Err(Take::Later(None)),
        }
    }
}

/// Why a call was not taken.
enum Take {
    Never(String),
    /// None: the outbox is gone.
    Later(Option<String>),
}
