//! Which groups this process has, and what it knows of their records. Pure: no store, no clock.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use waxwing_reliable::SessionId;
use waxwing_store::{Epoch, Group, Name, Version};

/// One stay of a group in this process: what was begun in an earlier one does not concern it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Life(u64);

/// The groups that a message belongs to, as they were when it was asked about.
#[derive(Clone, Debug, Default)]
pub(in crate::service) struct Pass(pub(super) Vec<(Group, Life)>);

/// Where a group is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It is claimed; the engine does not have it yet.
    Restoring,
    /// The engine has it.
    Held,
    /// The engine is told to forget it.
    Leaving,
}

/// A group of this process.
#[derive(Debug)]
pub(super) struct Held {
    /// The endpoint that has it, by its place among those of the host.
    pub(super) endpoint: usize,
    pub(super) epoch: Epoch,
    pub(super) life: Life,
    pub(super) stage: Stage,
    /// The record of its security context.
    pub(super) context: Option<Kept>,
    pub(super) sessions: HashMap<SessionId, Kept>,
}

/// A record as it will be when what is under way is done.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) version: Version,
    pub(super) expires_at: Timestamp,
    /// The names of a session under which its group is found.
    pub(super) names: Vec<Name>,
    /// Calls whose start is recorded.
    pub(super) begun: BTreeMap<u64, Begun>,
    /// Up to this number calls may have been begun by a process that died: their attempts are counted.
    pub(super) counted: u64,
    /// It has marks in the database of the application.
    pub(super) is_marked: bool,
    /// How many messages are kept that were acknowledged and not executed: nobody sends them again.
    pub(super) promised: usize,
}

/// What is recorded of a call's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::service) struct Begun {
    /// How often it was begun.
    pub(in crate::service) attempts: u32,
}

impl Begun {
    const FORMAT: u8 = 1;

    /// As octets.
    pub(super) fn write(self) -> Vec<u8> {
        let mut octets = vec![Self::FORMAT];
        octets.extend_from_slice(&self.attempts.to_be_bytes());
        octets
    }

    /// Of octets. What cannot be read was begun once at least.
    pub(super) fn read(octets: &[u8]) -> Self {
        let attempts = octets.strip_prefix(&[Self::FORMAT]).and_then(<[u8]>::first_chunk::<4>);
        Self { attempts: attempts.map_or(1, |octets| u32::from_be_bytes(*octets)) }
    }
}

impl Kept {
    pub(super) fn new(version: Version, expires_at: Timestamp) -> Self {
        Self {
            version,
            expires_at,
            names: Vec::new(),
            begun: BTreeMap::new(),
            counted: 0,
            is_marked: false,
            promised: 0,
        }
    }
}

/// A record that is to be kept longer.
#[derive(Clone, Debug)]
pub(super) struct Due {
    pub(super) group: Group,
    pub(super) life: Life,
    pub(super) epoch: Epoch,
    /// None: the record of the security context.
    pub(super) session: Option<SessionId>,
    pub(super) until: Timestamp,
}

/// All groups of this process.
#[derive(Debug, Default)]
pub(super) struct Registry {
    groups: HashMap<Group, Held>,
    /// By the identifiers of sequences that are ours.
    sessions: HashMap<SessionId, Group>,
    /// By what peers without a security context call their own: whoever was first has it, and it is never taken for ours.
    names: HashMap<Name, Group>,
    lives: u64,
}

impl Registry {
    pub(super) fn get(&self, group: &Group) -> Option<&Held> {
        self.groups.get(group)
    }

    pub(super) fn get_mut(&mut self, group: &Group) -> Option<&mut Held> {
        self.groups.get_mut(group)
    }

    /// The group of a session, with what is known of it.
    pub(super) fn of_session(&mut self, session: &SessionId) -> Option<(Group, &mut Held)> {
        let group = self.sessions.get(session)?.clone();
        let held = self.groups.get_mut(&group)?;
        Some((group, held))
    }

    /// The group that a name belongs to, if the engine has it.
    pub(super) fn pass_of_name(&self, name: &str) -> Option<(Group, Life)> {
        self.pass(self.of_name(name)?)
    }

    fn of_name(&self, name: &str) -> Option<&Group> {
        let own = self.sessions.get(&SessionId::new(name));
        own.or_else(|| self.names.get(&Name::new(name)))
    }

    /// Whether a name belongs to a group that is here.
    pub(super) fn is_named(&self, name: &str) -> bool {
        self.of_name(name).is_some()
    }

    /// The groups of which no session is busy: they are not here from now on. Gives the endpoint, the epoch, and whether it has a
    /// security context.
    pub(super) fn take_quiet(
        &mut self,
        is_busy: impl Fn(&SessionId) -> bool,
    ) -> Vec<(Group, usize, Epoch, bool)> {
        let quiet = self
            .groups
            .iter()
            .filter(|(_, held)| held.stage == Stage::Held && !held.sessions.keys().any(&is_busy));
        let quiet = quiet.map(|(group, held)| {
            let of = (held.endpoint, held.epoch, held.context.is_some());
            (group.clone(), held.life, of)
        });
        let quiet: Vec<_> = quiet.collect();
        let taken = quiet.into_iter().map(|(group, life, (endpoint, epoch, has_context))| {
            self.remove(&group, life);
            (group, endpoint, epoch, has_context)
        });
        taken.collect()
    }

    /// A group, if the engine has it.
    pub(super) fn pass(&self, group: &Group) -> Option<(Group, Life)> {
        let held = self.groups.get(group).filter(|held| held.stage == Stage::Held)?;
        Some((group.clone(), held.life))
    }

    /// Whether nothing has become uncertain since it was given.
    pub(super) fn still(&self, pass: &Pass) -> bool {
        pass.0.iter().all(|(group, life)| {
            let held = self.groups.get(group);
            held.is_some_and(|held| held.life == *life && held.stage == Stage::Held)
        })
    }

    /// A group begins here, or comes back.
    pub(super) fn insert(
        &mut self,
        group: Group,
        endpoint: usize,
        epoch: Epoch,
        stage: Stage,
    ) -> &mut Held {
        self.lives += 1;
        let life = Life(self.lives);
        let held = Held { endpoint, epoch, life, stage, context: None, sessions: HashMap::new() };
        self.groups.entry(group).insert_entry(held).into_mut()
    }

    /// A session is found by its identifier, and by these names, as far as nobody else has them.
    pub(super) fn name(&mut self, group: &Group, session: SessionId, names: Vec<Name>) {
        self.sessions.insert(session, group.clone());
        for name in names {
            self.names.entry(name).or_insert_with(|| group.clone());
        }
    }

    /// A session of a group is found by nothing any more.
    fn unname(&mut self, group: &Group, session: &SessionId, kept: &Kept) {
        if self.sessions.get(session) == Some(group) {
            self.sessions.remove(session);
        }
        for name in &kept.names {
            if self.names.get(name) == Some(group) {
                self.names.remove(name);
            }
        }
    }

    /// A session is gone; a group that has nothing left, too. Gives what was known of it, and of which group it was.
    pub(super) fn remove_session(&mut self, session: &SessionId) -> Option<(Group, Epoch, Kept)> {
        let group = self.sessions.get(session)?.clone();
        let held = self.groups.get_mut(&group)?;
        let epoch = held.epoch;
        let kept = held.sessions.remove(session)?;
        self.unname(&group, session, &kept);
        self.drop_empty(&group);
        Some((group, epoch, kept))
    }

    /// The security context of a group is gone. Gives the epoch, if it was there.
    pub(super) fn remove_context(&mut self, group: &Group) -> Option<Epoch> {
        let held = self.groups.get_mut(group)?;
        held.context.take()?;
        let epoch = held.epoch;
        self.drop_empty(group);
        Some(epoch)
    }

    /// A group is not here any more.
    pub(super) fn remove(&mut self, group: &Group, life: Life) {
        if self.groups.get(group).is_none_or(|held| held.life != life) {
            return;
        }
        let Some(held) = self.groups.remove(group) else { return };
        for (session, kept) in &held.sessions {
            self.unname(group, session, kept);
        }
    }

    fn drop_empty(&mut self, group: &Group) {
        if self.groups.get(group).is_some_and(|h| h.context.is_none() && h.sessions.is_empty()) {
            self.groups.remove(group);
        }
    }

    /// All groups, with their epochs.
    pub(super) fn groups(&self) -> Vec<(Group, Epoch)> {
        self.groups.iter().map(|(group, held)| (group.clone(), held.epoch)).collect()
    }

    /// How many groups there are.
    pub(super) fn count(&self) -> usize {
        self.groups.len()
    }

    /// The records that have less than half of their time left.
    pub(super) fn due(&self, now: Timestamp, lifetime: impl Fn(usize) -> Duration) -> Vec<Due> {
        let mut due = Vec::new();
        for (group, held) in self.groups.iter().filter(|(_, held)| held.stage == Stage::Held) {
            let lifetime = lifetime(held.endpoint);
            let half = later(now, lifetime / 2);
            let context = held.context.iter().map(|kept| (None, kept));
            let sessions = held.sessions.iter().map(|(name, kept)| (Some(name), kept));
            let late = context.chain(sessions).filter(|(_, kept)| kept.expires_at < half);
            due.extend(late.map(|(session, _)| Due {
                group: group.clone(),
                life: held.life,
                epoch: held.epoch,
                session: session.cloned(),
                until: later(now, lifetime),
            }));
        }
        due
    }

    /// A record is kept until then: it is durable.
    pub(super) fn put_off(&mut self, due: &Due) {
        let held = self.groups.get_mut(&due.group).filter(|held| held.life == due.life);
        let kept = held.and_then(|held| match &due.session {
            None => held.context.as_mut(),
            Some(session) => held.sessions.get_mut(session),
        });
        if let Some(kept) = kept {
            kept.expires_at = kept.expires_at.max(due.until);
        }
    }
}

/// So much later; the end of time when there is no such moment.
pub(super) fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_does_not_outlive_a_stay() {
        let mut all = Registry::default();
        let group = Group::new("urn:g");
        let first = all.insert(group.clone(), 0, Epoch(1), Stage::Held).life;
        let pass = Pass(vec![all.pass(&group).unwrap()]);
        assert!(all.still(&pass) && all.still(&Pass::default()));
        all.get_mut(&group).unwrap().stage = Stage::Leaving;
        assert!(!all.still(&pass) && all.pass(&group).is_none());
        all.remove(&group, first);
        let second = all.insert(group.clone(), 0, Epoch(2), Stage::Held).life;
        assert!(!all.still(&pass), "it is another stay");
        all.remove(&group, first);
        assert!(all.get(&group).is_some(), "an outcome of the first stay does not end the second");
        all.remove(&group, second);
        assert_eq!(all.count(), 0);
    }

    #[test]
    fn what_is_left_of_a_group_keeps_it() {
        let mut all = Registry::default();
        let (group, session) = (Group::new("urn:c"), SessionId::new("urn:s"));
        let held = all.insert(group.clone(), 0, Epoch(1), Stage::Held);
        held.context = Some(Kept::new(Version(1), Timestamp::MAX));
        let mut kept = Kept::new(Version(1), Timestamp::MAX);
        kept.names.push(Name::new("urn:offer"));
        let names = kept.names.clone();
        held.sessions.insert(session.clone(), kept);
        all.name(&group, session.clone(), names);
        assert!(all.pass_of_name("urn:offer").is_some());
        assert_eq!(all.remove_context(&group), Some(Epoch(1)));
        assert_eq!(all.remove_context(&group), None);
        assert!(all.of_session(&session).is_some());
        assert!(all.remove_session(&session).is_some());
        assert!(all.pass_of_name("urn:offer").is_none() && all.count() == 0);
    }

    /// Peers choose the names of what they offer.
    #[test]
    fn what_a_peer_calls_its_own_is_not_another_ones() {
        let mut all = Registry::default();
        for (group, offer) in [("urn:a", "urn:offer"), ("urn:b", "urn:a"), ("urn:c", "urn:offer")] {
            let (group, session) = (Group::new(group), SessionId::new(group));
            let held = all.insert(group.clone(), 0, Epoch(1), Stage::Held);
            let mut kept = Kept::new(Version(1), Timestamp::MAX);
            kept.names.push(Name::new(offer));
            let names = kept.names.clone();
            held.sessions.insert(session.clone(), kept);
            all.name(&group, session, names);
        }
        let first = |all: &mut Registry| {
            let of_session = all.of_session(&SessionId::new("urn:a")).map(|(group, _)| group);
            let found = ["urn:a", "urn:offer"].map(|name| all.pass_of_name(name).map(|(g, _)| g));
            (of_session, found)
                == (
                    Some(Group::new("urn:a")),
                    [Some(Group::new("urn:a")), Some(Group::new("urn:a"))],
                )
        };
        assert!(first(&mut all));
        assert!(all.remove_session(&SessionId::new("urn:b")).is_some());
        let life = all.get(&Group::new("urn:c")).unwrap().life;
        all.remove(&Group::new("urn:c"), life);
        assert!(first(&mut all), "what is gone takes nothing along");
    }

    #[test]
    fn starts_are_read_again() {
        for attempts in [1, 7, u32::MAX] {
            assert_eq!(Begun::read(&Begun { attempts }.write()), Begun { attempts });
        }
        assert_eq!(Begun::read(b"").attempts, 1);
    }
}
