//! An outbox as a person deals with it while no program has it, or looks at it while one does: `waxwing outbox`.

use std::sync::Arc;
use std::time::Duration;

use waxwing_store::{Group, Record, Store, StoredMessage};

use super::driver::{Owned, Shelf, stored};
use super::engine::{Ask, Engine, Input, Output, Refusal, Settings, Told};
use super::error::OutboxError;
use super::hooks::Decision;
use super::look::{KeptCall, OutboxStatus};
use super::message;
use super::reading::Reading;
use crate::environment::{Clock, SystemRandom};

/// How long one whose program has just ended may seem to be that one's: nobody who has just joined a shared store judges others.
const PATIENCE: Duration = Duration::from_secs(3);

/// What the group of an outbox begins with; its name follows.
const GROUP: &str = "outbox:";

/// An outbox as it is kept: read, and nothing taken from whoever has it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OutboxLook {
    /// Its name.
    pub name: String,
    /// How it is. Whether it is connected only its program knows.
    pub status: OutboxStatus,
    /// The address of the service that has its session, if there is one.
    pub service: Option<String>,
    /// Its calls, in their order.
    pub calls: Vec<KeptCall>,
}

impl OutboxLook {
    /// The group of the outbox of this name.
    pub fn group(name: &str) -> Group {
        Group::new(format!("{GROUP}{name}"))
    }

    /// The name of the outbox that a group is of.
    pub fn name_of(group: &Group) -> Option<&str> {
        group.as_str().strip_prefix(GROUP)
    }

    /// An outbox of its record and of what is known of its calls (the messages of [`Queue::Results`](waxwing_store::Queue)).
    ///
    /// # Errors
    /// It cannot be read, in words: another version of this program has written it.
    pub fn read(record: &Record, notes: &[StoredMessage]) -> Result<Self, String> {
        let mut reading = Reading::of(record)?;
        reading.notes(notes)?;
        let kept = reading.kept();
        let service = kept.state.conversation.as_ref().map(|kept| kept.to.clone());
        let name = Self::name_of(&record.id.group).unwrap_or(record.id.group.as_str());
        let engine = Engine::new(Settings::default(), kept);
        Ok(Self {
            name: name.to_owned(),
            status: OutboxStatus::of(&engine, None, None),
            service,
            calls: engine.entries().map(|(place, entry)| KeptCall::of(place.0, entry)).collect(),
        })
    }
}

/// An outbox that no program has, as a person deals with it. It sends nothing. Give it [back](Self::close).
pub struct OutboxDesk {
    shelf: Shelf,
    owned: Owned,
    engine: Engine,
    clock: Clock,
    asks: u64,
}

impl OutboxDesk {
    /// Takes the outbox of this name. `None`: the store has none.
    ///
    /// # Errors
    /// A program has it; the store cannot say; what is there cannot be read.
    pub async fn open(store: Arc<dyn Store>, name: &str) -> Result<Option<Self>, OutboxError> {
        let shelf = Shelf::new(store, name);
        let Some(owned) = shelf.find(PATIENCE).await? else { return Ok(None) };
        let engine = Engine::at_a_desk(owned.kept.clone());
        Ok(Some(Self { shelf, owned, engine, clock: Clock::system(), asks: 0 }))
    }

    /// Its calls, in their order.
    pub fn calls(&self) -> Vec<KeptCall> {
        self.engine.entries().map(|(place, entry)| KeptCall::of(place.0, entry)).collect()
    }

    /// Nothing new is sent from now on ([`Outbox::pause`](super::Outbox::pause)).
    ///
    /// # Errors
    /// The store did not take it.
    pub async fn pause(&mut self) -> Result<(), OutboxError> {
        self.ask("", Input::Pause).await
    }

    /// It goes on when its program opens it ([`Outbox::resume`](super::Outbox::resume)).
    ///
    /// # Errors
    /// The store did not take it.
    pub async fn resume(&mut self) -> Result<(), OutboxError> {
        self.ask("", Input::Resume).await
    }

    /// The call is not delivered ([`Outbox::cancel`](super::Outbox::cancel)).
    ///
    /// # Errors
    /// There is no such call; it has its number already.
    pub async fn cancel(&mut self, key: &str) -> Result<(), OutboxError> {
        let own = Arc::from(key);
        self.ask(key, |ask| Input::Cancel(ask, own)).await
    }

    /// Says what became of a call in doubt ([`Outbox::resolve`](super::Outbox::resolve)).
    ///
    /// # Errors
    /// There is no such call, or it is not in doubt.
    pub async fn resolve(&mut self, key: &str, decision: Decision) -> Result<(), OutboxError> {
        let (own, verdict) = (Arc::from(key), message::verdict(decision));
        let done = self.ask(key, |ask| Input::Resolve(ask, own, verdict)).await;
        done.map_err(OutboxError::of_decision)
    }

    /// Gives it back: its program may open it at once.
    pub async fn close(self) {
        let group = &self.shelf.record.group;
        let outcome = self.shelf.store.release(group, self.owned.epoch).await;
        if !outcome.is_done() {
            tracing::info!("the outbox is given back when this program has left: {outcome:?}");
        }
    }

    /// Asks the engine, and makes durable what it wants to be.
    async fn ask(
        &mut self,
        key: &str,
        input: impl FnOnce(Ask) -> Input,
    ) -> Result<(), OutboxError> {
        self.asks += 1;
        let ask = Ask(self.asks);
        let mut next = Some(input(ask));
        let mut answer: Option<Result<Told, Refusal>> = None;
        while let Some(input) = next.take() {
            self.engine.handle(input, &mut self.clock.moment(&mut SystemRandom));
            while let Some(output) = self.engine.poll() {
                match output {
                    Output::Commit(id, change) => {
                        let owned = (self.owned.epoch, &mut self.owned.version);
                        let unit =
                            self.shelf.unit(owned, change, &self.engine, &Default::default());
                        let outcome = self.shelf.store.commit(unit).await;
                        next = Some(Input::Stored(id, stored(outcome)));
                    }
                    Output::Answer(own, told) if own == ask => answer = Some(told),
                    _ => {}
                }
            }
        }
        let uncertain = || Err(Refusal::Uncertain("nothing was said".to_owned()));
        let told = answer.unwrap_or_else(uncertain);
        told.map(drop).map_err(|refusal| OutboxError::of(refusal, &self.shelf.name, key))
    }
}

impl std::fmt::Debug for OutboxDesk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OutboxDesk").field("name", &self.shelf.name).finish_non_exhaustive()
    }
}
