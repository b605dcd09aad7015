//! What is committed in one transaction: units in the order of their calls, those of one record folded into one where nothing
//! is lost by it. What may not stand beside something that is in the batch already waits for the next one.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use tokio::sync::oneshot;

use bytes::Bytes;

use crate::model::{
    Epoch, Group, Kind, MessageChange, Name, NameChange, Queue, RecordId, Step, StoredMessage,
    Unit, Version,
};
use crate::store::Outcome;

/// What is asked of the committer.
pub(super) enum Request {
    Unit(Box<Unit>),
    Release(Group, Epoch),
}

impl Request {
    pub(super) fn group(&self) -> &Group {
        match self {
            Self::Unit(unit) => &unit.record.group,
            Self::Release(group, _) => group,
        }
    }

    /// What it holds in memory, about.
    pub(super) fn octets(&self) -> usize {
        let Self::Unit(unit) = self else { return 256 };
        let state = match &unit.step {
            Step::Create(state) | Step::Write(_, state) => state.len(),
            Step::Keep | Step::Remove => 0,
        };
        let messages = unit.messages.iter().map(|change| match change {
            MessageChange::Put(message) => 128 + message.body.len(),
            MessageChange::Remove(..) => 16,
        });
        512 + state + messages.sum::<usize>()
    }
}

/// A request with whoever waits for it.
pub(super) struct Job {
    /// The how many-th it is.
    pub(super) serial: u64,
    pub(super) request: Request,
    pub(super) answer: oneshot::Sender<Outcome>,
}

/// What becomes of a record in a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// It begins, at this version.
    Create(Version, Bytes),
    /// From the first version to the second.
    Write(Version, Version, Bytes),
    Keep,
    Remove,
    /// The group is given back.
    Release,
}

/// The units of one record.
pub(super) struct Entry {
    pub(super) record: RecordId,
    pub(super) epoch: Epoch,
    pub(super) action: Action,
    /// Whether it may be the first of its group.
    pub(super) begins_group: bool,
    pub(super) expires_at: Option<Timestamp>,
    /// Names with what becomes of them in the end: added or removed.
    pub(super) names: BTreeMap<Name, bool>,
    /// Names that are added at any time.
    pub(super) added: BTreeSet<Name>,
    pub(super) messages: Messages,
    pub(super) jobs: Vec<Job>,
}

/// What becomes of messages.
#[derive(Default)]
pub(super) struct Messages {
    /// In the end: what is there, or none.
    pub(super) last: BTreeMap<(Queue, u64), Option<StoredMessage>>,
    /// By which change each was touched first.
    pub(super) touched: BTreeMap<(Queue, u64), i32>,
    /// Names that are given: by which change, to which message.
    pub(super) named: Vec<(i32, Queue, Name, u64)>,
    /// The first name that is given twice: by which change, and the number of the message that has it.
    pub(super) twice: Option<(i32, u64)>,
    names: HashMap<(Queue, Name), u64>,
    changes: i32,
}

impl Messages {
    fn change(&mut self, change: &MessageChange) {
        self.changes += 1;
        let at = self.changes;
        let (queue, number, put) = match change {
            MessageChange::Put(message) => (message.queue, message.number, Some(message)),
            MessageChange::Remove(queue, number) => (*queue, *number, None),
        };
        let before = self.last.insert((queue, number), put.cloned());
        if let Some(name) = before.flatten().and_then(|message| message.name) {
            self.names.remove(&(queue, name));
        }
        if let Some(name) = put.and_then(|message| message.name.clone()) {
            match self.names.insert((queue, name.clone()), number) {
                Some(other) if other != number => {
                    self.twice.get_or_insert((at, other));
                }
                _ => self.named.push((at, queue, name, number)),
            }
        }
        self.touched.entry((queue, number)).or_insert(at);
    }
}

impl Entry {
    fn of(job: Job) -> Self {
        let (record, epoch, action, expires_at) = match &job.request {
            Request::Release(group, epoch) => {
                let record =
                    RecordId { group: group.clone(), kind: Kind::Context, name: Name::new("") };
                (record, *epoch, Action::Release, None)
            }
            Request::Unit(unit) => {
                let action = match &unit.step {
                    Step::Create(state) => Action::Create(Version(1), state.clone()),
                    Step::Write(to, state) => {
                        Action::Write(Version(to.0.wrapping_sub(1)), *to, state.clone())
                    }
                    Step::Keep => Action::Keep,
                    Step::Remove => Action::Remove,
                };
                (unit.record.clone(), unit.epoch, action, unit.expires_at)
            }
        };
        let begins_group = match &job.request {
            Request::Unit(unit) => unit.begins_group(),
            Request::Release(..) => false,
        };
        let mut entry = Self {
            begins_group,
            record,
            epoch,
            action,
            expires_at,
            names: BTreeMap::new(),
            added: BTreeSet::new(),
            messages: Messages::default(),
            jobs: Vec::new(),
        };
        entry.join(job);
        entry
    }

    /// Takes names and messages of a job over.
    fn join(&mut self, job: Job) {
        if let Request::Unit(unit) = &job.request
            && !matches!(unit.step, Step::Remove)
        {
            for change in &unit.names {
                let (name, adds) = match change {
                    NameChange::Add(name) => (name, true),
                    NameChange::Remove(name) => (name, false),
                };
                self.names.insert(name.clone(), adds);
                if adds {
                    self.added.insert(name.clone());
                }
            }
            unit.messages.iter().for_each(|change| self.messages.change(change));
            self.expires_at = unit.expires_at.or(self.expires_at);
        }
        self.jobs.push(job);
    }

    /// What both are together. None: they stay apart.
    fn followed_by(&self, unit: &Unit) -> Option<Action> {
        if self.epoch != unit.epoch {
            return None;
        }
        let follows = |from: Version, to: Version| from.next() == to;
        match (&self.action, &unit.step) {
            (Action::Create(at, _), Step::Write(to, state)) if follows(*at, *to) => {
                Some(Action::Create(*to, state.clone()))
            }
            (Action::Write(from, at, _), Step::Write(to, state)) if follows(*at, *to) => {
                Some(Action::Write(*from, *to, state.clone()))
            }
            (Action::Keep, Step::Write(to, state)) => {
                Some(Action::Write(Version(to.0.wrapping_sub(1)), *to, state.clone()))
            }
            (Action::Create(..) | Action::Write(..) | Action::Keep, Step::Keep) => {
                Some(self.action.clone())
            }
            _ => None,
        }
    }
}

/// What stands in a batch of one group.
#[derive(Default)]
struct OfGroup {
    entries: usize,
    /// Nothing of it may come any more.
    closed: bool,
    /// A record of it begins, or names change.
    shaped: bool,
}

/// A batch that grows.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) entries: Vec<Entry>,
    records: HashMap<RecordId, usize>,
    groups: HashMap<Group, OfGroup>,
    names: HashMap<Name, usize>,
    removes: bool,
    jobs: usize,
    octets: usize,
}

/// How many units and octets go into a batch: more would keep those waiting that came first.
const MOST_JOBS: usize = 512;
const MOST_ENTRIES: usize = 128;
const MOST_OCTETS: usize = 4 * 1024 * 1024;

impl Batch {
    /// Of one job.
    pub(super) fn single(job: Job) -> Self {
        let mut batch = Self::default();
        batch.push(job);
        batch
    }

    pub(super) fn is_full(&self) -> bool {
        self.jobs >= MOST_JOBS || self.entries.len() >= MOST_ENTRIES || self.octets >= MOST_OCTETS
    }

    /// Takes a job, or gives it back: it comes into the next one, and what comes behind it of its group too.
    pub(super) fn add(&mut self, job: Job) -> Result<(), Job> {
        if self.fits(&job.request) {
            self.push(job);
            Ok(())
        } else {
            self.groups.entry(job.request.group().clone()).or_default().closed = true;
            Err(job)
        }
    }

    fn fits(&self, request: &Request) -> bool {
        let of_group = self.groups.get(request.group());
        if of_group.is_some_and(|of| of.closed) {
            return false;
        }
        let unit = match request {
            Request::Release(..) => return of_group.is_none(),
            Request::Unit(unit) => unit,
        };
        let at = self.records.get(&unit.record);
        if let Some(at) = at
            && self.entries[*at].followed_by(unit).is_none()
        {
            return false;
        }
        if matches!(unit.step, Step::Remove) {
            // Which names go with it is not known here.
            return of_group.is_none_or(|of| !of.shaped);
        }
        let free = |change: &NameChange| {
            let (NameChange::Add(name) | NameChange::Remove(name)) = change;
            self.names.get(name).is_none_or(|of| Some(of) == at)
        };
        unit.names.is_empty() || (!self.removes && unit.names.iter().all(free))
    }

    fn push(&mut self, job: Job) {
        self.jobs += 1;
        self.octets += job.request.octets();
        let of_group = self.groups.entry(job.request.group().clone()).or_default();
        let at = match &job.request {
            Request::Release(..) => {
                of_group.closed = true;
                None
            }
            Request::Unit(unit) => {
                of_group.shaped |= matches!(unit.step, Step::Create(_)) || !unit.names.is_empty();
                // Whether a group ends is seen in what is there before the batch.
                of_group.closed |= matches!(unit.step, Step::Remove);
                self.removes |= matches!(unit.step, Step::Remove);
                let at = self.records.get(&unit.record).copied();
                let place = at.unwrap_or(self.entries.len());
                for change in &unit.names {
                    let (NameChange::Add(name) | NameChange::Remove(name)) = change;
                    self.names.insert(name.clone(), place);
                }
                if at.is_none() {
                    self.records.insert(unit.record.clone(), place);
                }
                at
            }
        };
        of_group.entries += 1;
        match (at, &job.request) {
            (Some(at), Request::Unit(unit)) => {
                let entry = &mut self.entries[at];
                if let Some(action) = entry.followed_by(unit) {
                    entry.action = action;
                }
                entry.join(job);
            }
            _ => self.entries.push(Entry::of(job)),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether it cannot be taken apart.
    pub(super) fn is_single(&self) -> bool {
        self.jobs <= 1
    }

    /// Its jobs in the order of their calls.
    pub(super) fn into_jobs(self) -> Vec<Job> {
        let mut jobs: Vec<_> = self.entries.into_iter().flat_map(|entry| entry.jobs).collect();
        jobs.sort_by_key(|job| job.serial);
        jobs
    }

    /// How many jobs it holds, and in how many groups.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.jobs, self.groups.len())
    }
}
