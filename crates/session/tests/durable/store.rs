//! What a store does, without one: groups with an owner each, records with a version each, names.

use std::collections::BTreeMap;

/// What is owned together.
#[derive(Debug, Default)]
pub struct Group {
    pub epoch: u64,
    pub owner: usize,
    /// The version and the octets of the security context.
    pub context: Option<(u64, Vec<u8>)>,
    pub sequences: BTreeMap<String, Sequence>,
}

#[derive(Debug, Default, Clone)]
pub struct Sequence {
    pub version: u64,
    pub state: Vec<u8>,
    pub messages: BTreeMap<u64, Vec<u8>>,
}

/// What is committed at once.
#[derive(Debug)]
pub struct Unit {
    pub group: String,
    pub node: usize,
    pub epoch: u64,
    pub step: Step,
}

#[derive(Debug)]
pub enum Step {
    /// From this version; 0: it is new.
    Context(u64, Vec<u8>),
    Sequence {
        name: String,
        from: u64,
        state: Vec<u8>,
        names: Vec<String>,
        put: Vec<(u64, Vec<u8>)>,
        remove: Vec<u64>,
    },
    /// A sequence is over.
    Forget(String),
    /// The context is over. What was promised in its sequences is not.
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    Fenced,
    Stale,
    Refused,
    Unknown,
}

#[derive(Debug, Default)]
pub struct Store {
    pub groups: BTreeMap<String, Group>,
    names: BTreeMap<String, String>,
    pub fenced: usize,
}

impl Store {
    /// The group that a name is of.
    pub fn find(&self, name: &str) -> Option<String> {
        match self.groups.contains_key(name) {
            true => Some(name.to_owned()),
            false => self.names.get(name).cloned(),
        }
    }

    pub fn commit(&mut self, unit: Unit) -> Outcome {
        let Unit { group: name, node, epoch, step } = unit;
        let begins = match &step {
            Step::Context(from, _) => *from == 0,
            Step::Sequence { from, .. } => *from == 0,
            _ => false,
        };
        if begins && epoch == 1 && !self.groups.contains_key(&name) {
            self.groups.insert(name.clone(), Group { epoch: 1, owner: node, ..Group::default() });
        }
        let group = self.groups.get_mut(&name).filter(|group| group.epoch == epoch);
        let Some(group) = group.filter(|group| group.owner == node) else {
            self.fenced += 1;
            return Outcome::Fenced;
        };
        match step {
            Step::Context(from, octets) => {
                if group.context.as_ref().map_or(0, |(version, _)| *version) != from {
                    return Outcome::Stale;
                }
                group.context = Some((from + 1, octets));
            }
            Step::Sequence { name: sequence, from, state, names, put, remove } => {
                if group.sequences.get(&sequence).map_or(0, |known| known.version) != from {
                    return Outcome::Stale;
                }
                let known = group.sequences.entry(sequence).or_default();
                (known.version, known.state) = (from + 1, state);
                known.messages.extend(put);
                known.messages.retain(|number, _| !remove.contains(number));
                names.into_iter().for_each(|own| drop(self.names.insert(own, name.clone())));
            }
            Step::Forget(sequence) => {
                group.sequences.remove(&sequence);
            }
            Step::End => group.context = None,
        }
        // The last record of a group ends it.
        if group.context.is_none() && group.sequences.is_empty() {
            self.groups.remove(&name);
            self.names.retain(|_, group| *group != name);
        }
        Outcome::Done
    }

    /// Whoever asks is the owner, unless another one lives who is.
    pub fn claim(&mut self, name: &str, node: usize, lives: impl Fn(usize) -> bool) -> Claim {
        let Some(group) = self.groups.get_mut(name) else { return Claim::Unknown };
        if group.owner != node && lives(group.owner) {
            return Claim::Others(group.owner);
        }
        (group.owner, group.epoch) = (node, group.epoch + 1);
        Claim::Mine
    }

    /// Groups with messages that nobody executes.
    pub fn unfinished(&self) -> Vec<String> {
        let works = |group: &Group| group.sequences.values().any(|s| !s.messages.is_empty());
        self.groups.iter().filter(|(_, group)| works(group)).map(|(name, _)| name.clone()).collect()
    }
}

pub enum Claim {
    Mine,
    Others(usize),
    Unknown,
}
