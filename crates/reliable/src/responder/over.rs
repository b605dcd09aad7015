//! Sessions that have ended, as far as something of them must still be kept.

use std::collections::{BTreeMap, BTreeSet};

use super::journal::{Changes, Journal};
use super::linger::MAX_LINGERING;
use crate::names::{ContextTag, SessionId};
use crate::ranges::MessageNumber;
use crate::saved::{SavedService, ServiceChange};
use waxwing_soap::Time;

/// What is kept of sessions that have ended.
#[derive(Debug)]
pub(super) struct Over<M> {
    sessions: BTreeMap<SessionId, Kept<M>>,
    /// Those whose messages are all executed, by the time when they are forgotten.
    finished: BTreeSet<(Time, SessionId)>,
}

#[derive(Debug)]
struct Kept<M> {
    saved: SavedService<M>,
    journal: Journal<M>,
    /// How long the initiator may still ask.
    until: Time,
}

impl<M> Default for Over<M> {
    fn default() -> Self {
        Self { sessions: BTreeMap::new(), finished: BTreeSet::new() }
    }
}

impl<M: Clone> Over<M> {
    /// A session has ended, and is kept until its messages are executed and this time has come.
    pub(super) fn add(&mut self, saved: SavedService<M>, journal: Journal<M>, until: Time) {
        let id = saved.session.clone();
        if !journal.keeps_any() {
            self.finished.insert((until, id.clone()));
        }
        self.sessions.insert(id, Kept { saved, journal, until });
    }

    pub(super) fn contains(&self, id: &SessionId) -> bool {
        self.sessions.contains_key(id)
    }

    /// A message was executed.
    pub(super) fn executed(&mut self, id: &SessionId, number: MessageNumber) {
        let Some(kept) = self.sessions.get_mut(id).filter(|kept| kept.journal.keeps(number)) else {
            return;
        };
        kept.journal.executed(number);
        if !kept.journal.keeps_any() {
            self.finished.insert((kept.until, id.clone()));
        }
    }

    /// What is to be made durable.
    pub(super) fn take_change(&mut self, id: &SessionId) -> Option<Box<ServiceChange<M>>> {
        let kept = self.sessions.get_mut(id)?;
        let Changes { received, executed } = kept.journal.take()?;
        Some(Box::new(ServiceChange { saved: kept.saved.clone(), received, executed }))
    }

    /// The next one that need not be kept any longer.
    pub(super) fn next_forgotten(&mut self, now: Time) -> Option<SessionId> {
        let is_over = |at: Time, among: usize| at <= now || among > MAX_LINGERING;
        let (at, id) = self.finished.first()?.clone();
        if !is_over(at, self.finished.len()) {
            return None;
        }
        self.remove(&id);
        Some(id)
    }

    pub(super) fn remove(&mut self, id: &SessionId) {
        if let Some(kept) = self.sessions.remove(id) {
            self.finished.remove(&(kept.until, id.clone()));
        }
    }

    /// No initiator asks by this context any more.
    pub(super) fn forget_context(&mut self, tag: &ContextTag, now: Time) {
        for (id, kept) in &mut self.sessions {
            if kept.saved.tag.as_ref() == Some(tag) && kept.until > now {
                if self.finished.remove(&(kept.until, id.clone())) {
                    self.finished.insert((now, id.clone()));
                }
                kept.until = now;
            }
        }
    }

    pub(super) fn wake_at(&self) -> Option<Time> {
        self.finished.first().map(|(at, _)| *at)
    }
}
