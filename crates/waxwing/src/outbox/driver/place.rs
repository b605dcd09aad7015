//! Where an outbox is kept: what is read of it at the beginning, and what a change is to the store.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use waxwing_session::AppMessage;
use waxwing_store::{
    Claim, Epoch, Group, Kind, MessageChange, Name, Outcome, Queue, Record, RecordId, Step, Store,
    StoreError, StoredMessage, Unit, Version,
};

use crate::outbox::engine::{Change, Engine, Entry, Kept, Part, Place, StateNow};
use crate::outbox::error::OutboxError;
use crate::outbox::reading::Reading;
use crate::outbox::saved;

/// So many notes are read at once.
const PAGE: usize = 1000;

/// How long a process that is being replaced may seem to live.
const OTHERS_LIVE: Duration = Duration::from_secs(30);

/// An outbox in a store.
#[derive(Clone)]
pub(crate) struct Shelf {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) name: Arc<str>,
    pub(crate) record: RecordId,
}

/// An outbox that is this process's.
pub(crate) struct Owned {
    pub(crate) epoch: Epoch,
    pub(crate) version: Version,
    pub(crate) kept: Kept,
}

impl Shelf {
    pub(crate) fn new(store: Arc<dyn Store>, name: &str) -> Self {
        let group = Group::new(format!("outbox:{name}"));
        let record = RecordId { group, kind: Kind::Outbox, name: Name::new("") };
        Self { store, name: Arc::from(name), record }
    }

    /// Makes the outbox this process's, and reads it. One that is not there begins.
    ///
    /// # Errors
    /// Another process has it; the store cannot say; what is there cannot be read.
    pub(crate) async fn open(&self) -> Result<Owned, OutboxError> {
        let began = tokio::time::Instant::now();
        loop {
            match self.store.claim(&self.record.group).await.map_err(|e| self.refused(e))? {
                Claim::Mine(epoch, records) => {
                    let own = records.into_iter().find(|record| record.id == self.record);
                    return match own {
                        Some(record) => self.read(epoch, record).await,
                        None => self.begin(epoch).await,
                    };
                }
                Claim::Unknown => return self.begin(Epoch(1)).await,
                // A process that was killed is held for living for a while.
                Claim::Others(_) if began.elapsed() < OTHERS_LIVE => {
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
                Claim::Others(address) => {
                    let address = Some(address.0).filter(|address| !address.is_empty());
                    let outbox = self.name.as_ref().to_owned();
                    return Err(OutboxError::InUse { outbox, address });
                }
            }
        }
    }

    /// Makes an outbox that is there this process's, and reads it. None: there is none. It waits for so long for a process that may
    /// have ended just now.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub(crate) async fn find(&self, patience: Duration) -> Result<Option<Owned>, OutboxError> {
        let began = tokio::time::Instant::now();
        loop {
            match self.store.claim(&self.record.group).await.map_err(|e| self.refused(e))? {
                Claim::Mine(epoch, records) => {
                    let own = records.into_iter().find(|record| record.id == self.record);
                    return match own {
                        Some(record) => self.read(epoch, record).await.map(Some),
                        None => Ok(None),
                    };
                }
                Claim::Unknown => return Ok(None),
                Claim::Others(_) if began.elapsed() < patience => {
                    tokio::time::sleep(Duration::from_millis(250)).await;
                }
                Claim::Others(address) => {
                    let address = Some(address.0).filter(|address| !address.is_empty());
                    let outbox = self.name.as_ref().to_owned();
                    return Err(OutboxError::Elsewhere { outbox, address });
                }
            }
        }
    }

    async fn begin(&self, epoch: Epoch) -> Result<Owned, OutboxError> {
        let state = StateNow { next: 1, ..StateNow::default() };
        let unit = Unit {
            record: self.record.clone(),
            epoch,
            step: Step::Create(saved::write_state(&state)),
            // What is in it is not forgotten by the store.
            expires_at: Some(Timestamp::MAX),
            names: Vec::new(),
            messages: Vec::new(),
        };
        match self.store.commit(unit).await {
            Outcome::Done => {
                let kept = Kept { state, entries: Vec::new() };
                Ok(Owned { epoch, version: Version(1), kept })
            }
            Outcome::Refused(error) | Outcome::Unknown(error) => Err(self.refused(error)),
            Outcome::Fenced | Outcome::Stale | Outcome::Exists(_) => {
                let (outbox, address) = (self.name.as_ref().to_owned(), None);
                Err(OutboxError::TakenOver { outbox, address })
            }
        }
    }

    async fn read(&self, epoch: Epoch, record: Record) -> Result<Owned, OutboxError> {
        let unreadable =
            |reason| OutboxError::Unreadable { outbox: self.name.as_ref().to_owned(), reason };
        let mut reading = Reading::of(&record).map_err(unreadable)?;
        let mut after = 0;
        loop {
            let page = self.store.messages(&self.record, Queue::Results, after, PAGE).await;
            let page = page.map_err(|error| self.refused(error))?;
            after = page.last().map_or(after, |note| note.number);
            reading.notes(&page).map_err(unreadable)?;
            if page.len() < PAGE {
                break;
            }
        }
        Ok(Owned { epoch, version: record.version, kept: reading.kept() })
    }

    /// The unit of a change.
    pub(crate) fn unit(
        &self,
        owned: (Epoch, &mut Version),
        change: Change,
        engine: &Engine,
        messages: &HashMap<Place, AppMessage>,
    ) -> Unit {
        let (epoch, version) = owned;
        let step = match &change.state {
            Some(state) => {
                *version = version.next();
                Step::Write(*version, saved::write_state(state))
            }
            None => Step::Keep,
        };
        let parts = change.parts.into_iter();
        let messages = parts.filter_map(|part| changed(part, engine, messages)).collect();
        let record = self.record.clone();
        Unit { record, epoch, step, expires_at: None, names: Vec::new(), messages }
    }

    /// The message of a call.
    pub(crate) async fn message(&self, place: Place) -> Result<AppMessage, String> {
        let kept = self.one(Queue::Outgoing, place).await?;
        saved::read_call_message(&kept.body).map_err(|error| error.to_string())
    }

    /// The reply of a call.
    pub(crate) async fn reply(&self, place: Place) -> Result<Option<AppMessage>, String> {
        let kept = self.one(Queue::Results, place).await?;
        saved::read_reply(&kept.body).map_err(|error| error.to_string())
    }

    async fn one(&self, queue: Queue, place: Place) -> Result<StoredMessage, String> {
        let found = self.store.messages(&self.record, queue, place.0 - 1, 1).await;
        let found = found.map_err(|error| error.to_string())?.into_iter().next();
        let found = found.filter(|found| found.number == place.0);
        found.ok_or_else(|| format!("the store has nothing at place {}", place.0))
    }

    fn refused(&self, error: StoreError) -> OutboxError {
        OutboxError::Store { outbox: self.name.as_ref().to_owned(), error }
    }
}

/// What a part of a change is to the messages of the record.
fn changed(
    part: Part,
    engine: &Engine,
    messages: &HashMap<Place, AppMessage>,
) -> Option<MessageChange> {
    let put = |queue, place: Place, entry: &Entry, body| {
        let name = Some(Name::new(Arc::clone(&entry.key)));
        MessageChange::Put(StoredMessage { queue, number: place.0, name, body })
    };
    match part {
        Part::Call(place) => {
            let (entry, message) = (engine.entry(place)?, messages.get(&place)?);
            Some(put(Queue::Outgoing, place, entry, saved::write_call(entry, message)))
        }
        Part::DropMessage(place) => Some(MessageChange::Remove(Queue::Outgoing, place.0)),
        Part::Note(place, state, reply) => {
            let entry = engine.entry(place)?;
            let body = saved::write_note(entry, &state, reply.as_ref());
            Some(put(Queue::Results, place, entry, body))
        }
        Part::DropNote(place) => Some(MessageChange::Remove(Queue::Results, place.0)),
        Part::DeadLetter(place, state) => {
            let entry = engine.entry(place)?;
            let body = saved::write_note(entry, &state, None);
            Some(put(Queue::DeadLetters, place, entry, body))
        }
        Part::DropDeadLetter(place) => Some(MessageChange::Remove(Queue::DeadLetters, place.0)),
    }
}
