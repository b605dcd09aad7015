//! A store as a model: records with owners, epochs and versions; commits in the order of each record.

use std::collections::{BTreeMap, BTreeSet};

use waxwing_reliable::{
    CallId, ClientChange, Identifier, SavedClient, SavedService, ServiceChange, SessionId,
};

use super::Payload;

/// What became of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// The record is another one's by now.
    Fenced,
    /// The record is not at the version that was expected, or its name is taken.
    Stale,
    /// Nothing was written.
    Refused,
    /// Nobody knows.
    Unknown,
}

/// A session as it is kept.
#[derive(Clone, Debug)]
pub struct Record {
    /// The process that has it.
    pub owner: u64,
    pub epoch: u64,
    pub version: u64,
    pub saved: SavedService<Payload>,
    /// Received and not executed.
    pub messages: BTreeMap<u64, Payload>,
}

/// Who writes, and what he follows.
#[derive(Clone, Copy, Debug)]
pub struct Author {
    pub process: u64,
    pub epoch: u64,
    /// The version before.
    pub version: u64,
}

/// The sessions of the service, and what its operations did: an effect is written together with the record that says that
/// the operation was executed.
#[derive(Debug, Default)]
pub struct ServiceStore {
    pub records: BTreeMap<SessionId, Record>,
    /// What operations did, in the order in which it was committed.
    pub effects: Vec<(SessionId, u64, Payload)>,
    pub removed: BTreeSet<SessionId>,
    /// Commits that came from somebody who had lost the record.
    pub fenced: u64,
    pub commits: u64,
}

impl ServiceStore {
    /// Writes a change, with the effects of the operations whose end it tells.
    pub fn write(
        &mut self,
        author: Author,
        change: ServiceChange<Payload>,
        effects: Vec<(u64, Payload)>,
        ignores_fence: bool,
    ) -> Outcome {
        let session = change.saved.session.clone();
        match self.records.get_mut(&session) {
            None if author.version > 0 => return Outcome::Fenced,
            None => {
                let origin = &change.saved.origin;
                if self.records.values().any(|r| r.saved.origin == *origin && !r.saved.is_over) {
                    return Outcome::Stale;
                }
            }
            Some(record) if record.epoch != author.epoch && !ignores_fence => {
                self.fenced += 1;
                return Outcome::Fenced;
            }
            Some(record) if record.version != author.version && !ignores_fence => {
                return Outcome::Stale;
            }
            Some(_) => {}
        }
        self.commits += 1;
        let ServiceChange { saved, received, executed } = change;
        let record = self.records.entry(session.clone()).or_insert_with(|| Record {
            owner: author.process,
            epoch: author.epoch,
            version: 0,
            saved: saved.clone(),
            messages: BTreeMap::new(),
        });
        record.version += 1;
        record.saved = saved;
        record.messages.extend(received);
        for number in executed {
            record.messages.remove(&number);
        }
        let of_session = effects.into_iter().map(|(number, of)| (session.clone(), number, of));
        self.effects.extend(of_session);
        Outcome::Done
    }

    pub fn remove(&mut self, author: Author, session: &SessionId) {
        if self.records.get(session).is_some_and(|record| record.epoch == author.epoch) {
            self.records.remove(session);
            self.removed.insert(session.clone());
        }
    }

    /// The session that a CreateSequence made before.
    pub fn find(&self, origin: &Identifier) -> Option<SessionId> {
        let mut records = self.records.values();
        records.find(|r| r.saved.origin == *origin).map(|r| r.saved.session.clone())
    }

    pub fn claim(&mut self, session: &SessionId, process: u64) -> Option<Record> {
        let record = self.records.get_mut(session)?;
        record.epoch += 1;
        record.owner = process;
        Some(record.clone())
    }

    /// Sessions with messages that nobody executes.
    pub fn unfinished(&self) -> Vec<SessionId> {
        let open = self.records.iter().filter(|(_, record)| !record.messages.is_empty());
        open.map(|(session, _)| session.clone()).collect()
    }
}

/// The client's outbox with its session.
#[derive(Debug, Default)]
pub struct Outbox {
    pub epoch: u64,
    pub version: u64,
    pub saved: Option<SavedClient>,
    /// What came of the calls.
    pub results: BTreeMap<CallId, Option<Payload>>,
    /// Calls that may have been executed, and whose session is lost.
    pub in_doubt: BTreeSet<CallId>,
    /// Everything is done.
    pub is_closed: bool,
    pub fenced: u64,
    pub commits: u64,
}

impl Outbox {
    pub fn write(&mut self, author: Author, change: ClientChange<Payload>) -> Outcome {
        if self.epoch != author.epoch {
            self.fenced += 1;
            return Outcome::Fenced;
        }
        if self.version != author.version {
            return Outcome::Stale;
        }
        self.commits += 1;
        self.version += 1;
        self.saved = Some(change.saved);
        self.results.extend(change.completed);
        Outcome::Done
    }
}
