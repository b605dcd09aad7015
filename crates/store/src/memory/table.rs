//! What a store in memory holds, and what a unit does to it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bytes::Bytes;
use jiff::Timestamp;

use crate::error::StoreError;
use crate::limits::{brings_work, check};
use crate::model::{
    Epoch, Group, Kind, MessageChange, Name, NameChange, Queue, Record, RecordId, Step,
    StoredMessage, Unit, Version,
};
use crate::nodes::Node;
use crate::store::{Claim, NodeAddress, Outcome};

/// A process of a node.
pub(super) type Incarnation = u64;

/// How much may be kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quota {
    pub(super) records: u64,
    pub(super) octets: u64,
}

struct Member {
    address: NodeAddress,
    lives: bool,
    draining: bool,
}

struct Held {
    epoch: Epoch,
    owner: Option<Incarnation>,
    records: BTreeMap<(Kind, Name), Row>,
}

struct Row {
    version: Version,
    expires_at: Timestamp,
    state: Bytes,
    names: BTreeSet<Name>,
    messages: BTreeMap<(Queue, u64), StoredMessage>,
    by_name: HashMap<(Queue, Name), u64>,
}

impl Row {
    fn octets(&self) -> u64 {
        let messages = self.messages.values().map(|message| message.body.len());
        (self.state.len() + messages.sum::<usize>()) as u64
    }

    fn put(&mut self, message: StoredMessage) -> i64 {
        let removed = self.remove(message.queue, message.number);
        let grown = message.body.len() as i64;
        if let Some(name) = &message.name {
            self.by_name.insert((message.queue, name.clone()), message.number);
        }
        self.messages.insert((message.queue, message.number), message);
        grown + removed
    }

    fn remove(&mut self, queue: Queue, number: u64) -> i64 {
        let Some(message) = self.messages.remove(&(queue, number)) else { return 0 };
        if let Some(name) = message.name {
            self.by_name.remove(&(queue, name));
        }
        -(message.body.len() as i64)
    }
}

/// All that is kept.
pub(super) struct Table {
    groups: BTreeMap<Group, Held>,
    names: HashMap<Name, RecordId>,
    nodes: Vec<Member>,
    pub(super) quota: Quota,
    octets: u64,
    records: u64,
    pub(super) committed: u64,
    pub(super) fenced: u64,
}

impl Table {
    pub(super) fn new() -> Self {
        Self {
            groups: BTreeMap::new(),
            names: HashMap::new(),
            nodes: Vec::new(),
            quota: Quota { records: u64::MAX, octets: u64::MAX },
            octets: 0,
            records: 0,
            committed: 0,
            fenced: 0,
        }
    }

    /// A process begins.
    pub(super) fn join(&mut self, address: NodeAddress) -> Incarnation {
        self.nodes.push(Member { address, lives: true, draining: false });
        self.nodes.len() as u64 - 1
    }

    /// A process is held for dead by the others from now on.
    pub(super) fn die(&mut self, node: Incarnation) {
        self.nodes[node as usize].lives = false;
    }

    /// The others hear a process again.
    pub(super) fn live(&mut self, node: Incarnation) {
        self.nodes[node as usize].lives = true;
    }

    /// A process takes nothing new from now on.
    pub(super) fn drain(&mut self, node: Incarnation) {
        self.nodes[node as usize].draining = true;
    }

    /// The processes that live. The name of a node is its address here.
    pub(super) fn living(&self) -> Vec<Node> {
        let members = self.nodes.iter().enumerate().filter(|(_, member)| member.lives);
        let living = members.map(|(number, member)| Node {
            incarnation: crate::nodes::Incarnation(number as u64),
            name: member.address.0.clone(),
            address: member.address.clone(),
            draining: member.draining,
        });
        living.collect()
    }

    pub(super) fn address(&self, node: Incarnation) -> NodeAddress {
        self.nodes[node as usize].address.clone()
    }

    pub(super) fn sizes(&self) -> (u64, u64) {
        (self.records, self.octets)
    }

    /// The other process that lives and has it.
    fn other(&self, held: &Held, node: Incarnation) -> Option<&Member> {
        let owner = held.owner.filter(|owner| *owner != node)?;
        Some(&self.nodes[owner as usize]).filter(|owner| owner.lives)
    }

    pub(super) fn commit(&mut self, node: Incarnation, unit: Unit) -> Outcome {
        match self.judge(node, &unit) {
            Ok(()) => {
                self.apply(node, unit);
                self.committed += 1;
                Outcome::Done
            }
            Err(outcome) => {
                self.fenced += u64::from(matches!(outcome, Outcome::Fenced));
                outcome
            }
        }
    }

    /// Whether it may be done. Nothing is changed.
    fn judge(&self, node: Incarnation, unit: &Unit) -> Result<(), Outcome> {
        check(unit).map_err(Outcome::Refused)?;
        let key = (unit.record.kind, unit.record.name.clone());
        let row = match self.groups.get(&unit.record.group) {
            Some(held) if held.epoch == unit.epoch && held.owner == Some(node) => {
                held.records.get(&key)
            }
            // A group begins with its first record.
            None if unit.begins_group() => None,
            _ => return Err(Outcome::Fenced),
        };
        let follows = match (&unit.step, row) {
            (Step::Create(_), None) | (Step::Keep, Some(_)) | (Step::Remove, _) => true,
            (Step::Write(version, _), Some(row)) => row.version.next() == *version,
            (Step::Create(_), Some(_)) | (Step::Write(..) | Step::Keep, None) => false,
        };
        if !follows {
            return Err(Outcome::Stale);
        }
        if matches!(unit.step, Step::Remove) {
            return Ok(());
        }
        for change in &unit.names {
            let NameChange::Add(name) = change else { continue };
            if self.names.get(name).is_some_and(|other| other.group != unit.record.group) {
                return Err(Outcome::Exists(0));
            }
        }
        names_are_free(row, &unit.messages).map_err(Outcome::Exists)?;
        if brings_work(unit) {
            self.has_room().map_err(Outcome::Refused)?;
        }
        Ok(())
    }

    fn has_room(&self) -> Result<(), StoreError> {
        let Quota { records, octets } = self.quota;
        if self.records >= records {
            return Err(StoreError::Full(format!("it holds {records} records, its limit")));
        }
        if self.octets >= octets {
            return Err(StoreError::Full(format!("it holds {octets} octets, its limit")));
        }
        Ok(())
    }

    fn apply(&mut self, node: Incarnation, unit: Unit) {
        let Unit { record, epoch, step, expires_at, names, messages } = unit;
        let key = (record.kind, record.name.clone());
        if matches!(step, Step::Remove) {
            self.remove(&record);
            return;
        }
        let begin = || Held { epoch, owner: Some(node), records: BTreeMap::new() };
        let held = self.groups.entry(record.group.clone()).or_insert_with(begin);
        let mut grown = 0;
        if let Step::Create(state) = step {
            grown += state.len() as i64;
            let row = Row {
                version: Version(1),
                expires_at: Timestamp::MAX,
                state,
                names: BTreeSet::new(),
                messages: BTreeMap::new(),
                by_name: HashMap::new(),
            };
            held.records.insert(key.clone(), row);
            self.records += 1;
        } else if let Step::Write(version, state) = step
            && let Some(row) = held.records.get_mut(&key)
        {
            grown += state.len() as i64 - row.state.len() as i64;
            (row.version, row.state) = (version, state);
        }
        let Some(row) = held.records.get_mut(&key) else { return };
        row.expires_at = expires_at.unwrap_or(row.expires_at);
        for change in messages {
            grown += match change {
                MessageChange::Put(message) => row.put(message),
                MessageChange::Remove(queue, number) => row.remove(queue, number),
            };
        }
        self.octets = self.octets.saturating_add_signed(grown);
        for change in names {
            self.rename(&record, change);
        }
    }

    fn rename(&mut self, record: &RecordId, change: NameChange) {
        let (name, adds) = match change {
            NameChange::Add(name) => (name, true),
            NameChange::Remove(name) => (name, false),
        };
        // It may be of another record of the group: then it moves.
        let before = self.names.get(&name).filter(|of| of.group == record.group).cloned();
        if let Some(row) = before.and_then(|record| self.row_mut(&record)) {
            row.names.remove(&name);
            self.names.remove(&name);
        }
        if adds && let Some(row) = self.row_mut(record) {
            row.names.insert(name.clone());
            self.names.insert(name, record.clone());
        }
    }

    fn row_mut(&mut self, record: &RecordId) -> Option<&mut Row> {
        let held = self.groups.get_mut(&record.group)?;
        held.records.get_mut(&(record.kind, record.name.clone()))
    }

    fn remove(&mut self, record: &RecordId) {
        let Some(held) = self.groups.get_mut(&record.group) else { return };
        let Some(row) = held.records.remove(&(record.kind, record.name.clone())) else { return };
        self.octets = self.octets.saturating_sub(row.octets());
        self.records -= 1;
        if held.records.is_empty() {
            self.groups.remove(&record.group);
        }
        for name in row.names {
            self.names.remove(&name);
        }
    }

    pub(super) fn claim(&mut self, node: Incarnation, group: &Group) -> Claim {
        let Some(held) = self.groups.get(group) else { return Claim::Unknown };
        if let Some(other) = self.other(held, node) {
            return Claim::Others(other.address.clone());
        }
        let epoch = Epoch(held.epoch.0 + 1);
        if let Some(held) = self.groups.get_mut(group) {
            (held.epoch, held.owner) = (epoch, Some(node));
        }
        Claim::Mine(epoch, self.records(group))
    }

    fn records(&self, group: &Group) -> Vec<Record> {
        let Some(held) = self.groups.get(group) else { return Vec::new() };
        let records = held.records.iter().map(|((kind, name), row)| {
            let id = RecordId { group: group.clone(), kind: *kind, name: name.clone() };
            let shown = |queue: Queue| *kind != Kind::Outbox || queue == Queue::Outgoing;
            let messages = row.messages.values().filter(|m| shown(m.queue)).cloned().collect();
            let names = row.names.iter().cloned().collect();
            let (epoch, version, expires_at) = (held.epoch, row.version, row.expires_at);
            Record { id, epoch, version, expires_at, state: row.state.clone(), names, messages }
        });
        records.collect()
    }

    /// Records of a kind, whoever has them.
    pub(super) fn list(&self, kind: Kind, after: Option<&RecordId>, limit: usize) -> Vec<Record> {
        let from = after.map(|after| after.group.clone());
        let groups = self.groups.keys().filter(|group| from.as_ref().is_none_or(|f| *group >= f));
        let all = groups.flat_map(|group| self.records(group));
        let all = all.filter(|record| {
            record.id.kind == kind && after.is_none_or(|after| record.id > *after)
        });
        all.take(limit).collect()
    }

    pub(super) fn find(&self, name: &Name) -> Option<Group> {
        self.names.get(name).map(|record| record.group.clone())
    }

    pub(super) fn unfinished(
        &self,
        node: Incarnation,
        after: Option<&Group>,
        limit: usize,
    ) -> Vec<Group> {
        let waits = |held: &Held| {
            let mine = held.owner == Some(node);
            !mine && self.other(held, node).is_none() && held.records.values().any(Row::unfinished)
        };
        let groups = self.groups.iter().filter(|(group, _)| after.is_none_or(|a| *group > a));
        groups.filter(|(_, held)| waits(held)).map(|(g, _)| g.clone()).take(limit).collect()
    }

    fn row(&self, record: &RecordId) -> Option<&Row> {
        let held = self.groups.get(&record.group)?;
        held.records.get(&(record.kind, record.name.clone()))
    }

    pub(super) fn messages(
        &self,
        record: &RecordId,
        queue: Queue,
        after: u64,
        limit: usize,
    ) -> Vec<StoredMessage> {
        let Some(row) = self.row(record) else { return Vec::new() };
        let of = |((other, number), _): &(&(Queue, u64), &StoredMessage)| {
            *other == queue && *number > after
        };
        row.messages.iter().filter(of).map(|(_, message)| message.clone()).take(limit).collect()
    }

    pub(super) fn message(
        &self,
        record: &RecordId,
        queue: Queue,
        name: &Name,
    ) -> Option<StoredMessage> {
        let row = self.row(record)?;
        let number = row.by_name.get(&(queue, name.clone()))?;
        row.messages.get(&(queue, *number)).cloned()
    }

    pub(super) fn release(&mut self, node: Incarnation, group: &Group, epoch: Epoch) -> Outcome {
        match self.groups.get_mut(group) {
            Some(held) if held.epoch == epoch && held.owner == Some(node) => {
                held.owner = None;
                Outcome::Done
            }
            _ => {
                self.fenced += 1;
                Outcome::Fenced
            }
        }
    }

    pub(super) fn expire(&mut self, kinds: &[Kind], before: Timestamp, limit: usize) -> usize {
        let mut old = Vec::new();
        for (group, held) in &self.groups {
            for ((kind, name), row) in &held.records {
                if kinds.contains(kind) && row.expires_at < before && !row.unfinished() {
                    old.push(RecordId { group: group.clone(), kind: *kind, name: name.clone() });
                }
            }
        }
        old.truncate(limit);
        old.iter().for_each(|record| self.remove(record));
        old.len()
    }
}

impl Row {
    /// Whether something was received and not executed.
    fn unfinished(&self) -> bool {
        self.messages.keys().any(|(queue, _)| *queue == Queue::Received)
    }
}

/// Whether the names of messages are unique in their queues after these changes. The error is the number of the message that
/// has one.
fn names_are_free(row: Option<&Row>, changes: &[MessageChange]) -> Result<(), u64> {
    // What the changes before have made of it: number to name, and name to number.
    let mut named: HashMap<(Queue, u64), Option<&Name>> = HashMap::new();
    let mut numbers: HashMap<(Queue, &Name), Option<u64>> = HashMap::new();
    for change in changes {
        let (queue, number, name) = match change {
            MessageChange::Put(message) => (message.queue, message.number, message.name.as_ref()),
            MessageChange::Remove(queue, number) => (*queue, *number, None),
        };
        let kept =
            || row.and_then(|row| row.messages.get(&(queue, number))).and_then(|m| m.name.as_ref());
        if let Some(before) = named.get(&(queue, number)).copied().unwrap_or_else(kept) {
            numbers.insert((queue, before), None);
        }
        if let Some(name) = name {
            let kept = || row.and_then(|row| row.by_name.get(&(queue, name.clone())).copied());
            match numbers.get(&(queue, name)).copied().unwrap_or_else(kept) {
                Some(other) if other != number => return Err(other),
                _ => numbers.insert((queue, name), Some(number)),
            };
        }
        named.insert((queue, number), name);
    }
    Ok(())
}
