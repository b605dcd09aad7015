//! From what the engine wants kept to units of the store, and from outcomes to what the engine hears.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use waxwing_reliable::{Ranges, SessionId};
use waxwing_session::{SessionChange, Ticket, record};
use waxwing_store::{
    BoxFuture, Epoch, Group, Kind, MessageChange, Name, NameChange, Outcome, Queue, RecordId, Step,
    StoreError, StoredMessage, Unit, Version,
};

use super::keeper::{Counters, Keeper};
use super::octets::framed;
use super::registry::{Begun, Kept, Life, Stage, later};

/// How long a commit is waited for. With what it may take to find the session (8 s) whoever waits hears 503 within 25 s, as long
/// as a peer is patient in any case; it comes again.
pub(super) const COMMIT_PATIENCE: Duration = Duration::from_secs(15);

/// Something of a session that is being made durable.
pub(in crate::service) struct Pending {
    endpoint: usize,
    group: Group,
    /// None: the group is not here, and the session goes.
    life: Option<Life>,
    session: SessionId,
    ticket: Ticket,
    done: Executed,
    commit: BoxFuture<'static, Outcome>,
}

/// The calls that need not be executed again once it is durable.
enum Executed {
    /// Of a session with replies: all that are acknowledged.
    Acknowledged(Ranges),
    /// Of one without: these.
    These(Vec<u64>),
}

impl Executed {
    fn contains(&self, number: u64) -> bool {
        match self {
            Self::Acknowledged(ranges) => ranges.contains(number),
            Self::These(numbers) => numbers.contains(&number),
        }
    }
}

pub(super) fn sequence(group: &Group, session: &SessionId) -> RecordId {
    RecordId { group: group.clone(), kind: Kind::Sequence, name: Name::new(session.as_str()) }
}

impl Keeper {
    /// Hands a change of a session to the store. Called under the lock of the endpoint's sessions, in the order of the changes.
    pub(in crate::service) fn persist(
        &self,
        endpoint: usize,
        change: &SessionChange,
        now: Timestamp,
    ) -> Pending {
        let SessionChange { session, ticket, saved, received, executed, .. } = change;
        let has_replies = saved.reliable.back.is_some();
        let done = match has_replies {
            true => Executed::Acknowledged(saved.reliable.received.clone()),
            false => Executed::These(executed.clone()),
        };
        let state = framed(&self.name(endpoint), &record::write_session(saved));
        let messages = received.iter().map(|(number, request)| {
            let body = bytes::Bytes::from_owner(record::write_request(request));
            let (queue, number) = (Queue::Received, *number);
            MessageChange::Put(StoredMessage { queue, number, name: None, body })
        });
        let messages: Vec<_> = messages
            .chain(executed.iter().map(|number| MessageChange::Remove(Queue::Received, *number)))
            .collect();
        let (group, life, commit) = self.write(endpoint, change, state, messages, &done, now);
        let fenced = || Box::pin(std::future::ready(Outcome::Fenced)) as BoxFuture<'static, _>;
        let (session, ticket) = (session.clone(), *ticket);
        self.under_way.fetch_add(1, Ordering::Relaxed);
        let commit = commit.unwrap_or_else(fenced);
        Pending { endpoint, group, life, session, ticket, done, commit }
    }

    fn write(
        &self,
        endpoint: usize,
        change: &SessionChange,
        state: bytes::Bytes,
        mut messages: Vec<MessageChange>,
        done: &Executed,
        now: Timestamp,
    ) -> (Group, Option<Life>, Option<BoxFuture<'static, Outcome>>) {
        let (session, reliable) = (&change.session, &change.saved.reliable);
        let own = change.security.as_ref().map_or(session.as_str(), |own| own.identifier());
        let mut registry = self.registry();
        let known = registry.of_session(session).map(|(group, _)| group);
        let group = known.unwrap_or_else(|| Group::new(own));
        if registry.get(&group).is_none() && change.security.is_none() {
            registry.insert(group.clone(), endpoint, Epoch(1), Stage::Held);
        }
        let expires_at = later(now, self.lifetime(endpoint));
        let Some(held) = registry.get_mut(&group).filter(|held| held.stage != Stage::Leaving)
        else {
            return (group, None, None);
        };
        let (epoch, life) = (held.epoch, held.life);
        let mut names = Vec::new();
        let step = match held.sessions.get_mut(session) {
            Some(kept) => {
                kept.version = kept.version.next();
                kept.expires_at = expires_at;
                kept.promised =
                    (kept.promised + change.received.len()).saturating_sub(change.executed.len());
                let ended = kept.begun.keys().copied().filter(|n| done.contains(*n));
                let ended: Vec<_> = ended.collect();
                for number in ended {
                    kept.begun.remove(&number);
                    messages.push(MessageChange::Remove(Queue::Begun, number));
                }
                Step::Write(kept.version, state)
            }
            None => {
                let mut kept = Kept::new(Version(1), expires_at);
                kept.promised = change.received.len();
                if change.security.is_none() {
                    let all = std::iter::once(&reliable.origin).chain(&reliable.back);
                    kept.names.extend(all.map(|name| Name::new(name.as_str())));
                    kept.names.dedup();
                    names = kept.names.iter().cloned().map(NameChange::Add).collect();
                }
                let found = kept.names.clone();
                held.sessions.insert(session.clone(), kept);
                registry.name(&group, session.clone(), found);
                Step::Create(state)
            }
        };
        let record = sequence(&group, session);
        let unit = Unit { record, epoch, step, expires_at: Some(expires_at), names, messages };
        let commit = self.store.commit(unit);
        (group, Some(life), Some(commit))
    }

    /// Waits until a change is durable, and tells the engine so; or that nothing is certain any more.
    pub(in crate::service) async fn settle(self: Arc<Self>, pending: Pending) {
        let Pending { endpoint, group, life, session, ticket, done, commit } = pending;
        let outcome = within(commit).await;
        self.under_way.fetch_sub(1, Ordering::Relaxed);
        let holder = self.holder(endpoint);
        match (outcome, life) {
            (Outcome::Done, Some(_)) => {
                Counters::add(&self.counters.committed);
                self.executions.settled(&session, |number| done.contains(number));
                if let Some(holder) = holder {
                    holder.persisted(session, ticket);
                }
            }
            (outcome, Some(life)) => self.lose(&group, life, &outcome),
            (_, None) => {
                if let Some(holder) = holder {
                    holder.discard(None, vec![session], "its group is not here any more");
                }
            }
        }
    }

    /// Nothing is certain of a group any more: it is forgotten here. The next message that belongs to it loads it again.
    pub(super) fn lose(self: &Arc<Self>, group: &Group, life: Life, outcome: &Outcome) {
        let counter = match outcome {
            Outcome::Fenced => &self.counters.fenced,
            _ => &self.counters.lost,
        };
        let (endpoint, is_context, sessions, has_promised) = {
            let mut registry = self.registry();
            let held = registry.get_mut(group);
            let held = held.filter(|held| held.life == life && held.stage != Stage::Leaving);
            // Another commit of it has failed before.
            let Some(held) = held else { return };
            held.stage = Stage::Leaving;
            let sessions: Vec<_> = held.sessions.keys().cloned().collect();
            let has_promised = held.sessions.values().any(|kept| kept.promised > 0);
            (held.endpoint, held.context.is_some(), sessions, has_promised)
        };
        Counters::add(counter);
        Counters::add(&self.counters.discarded);
        let why = told(outcome);
        if let Some(holder) = self.holder(endpoint) {
            let context = is_context.then(|| group.as_str());
            holder.discard(context, sessions, &why);
        }
        self.registry().remove(group, life);
        if has_promised && !matches!(outcome, Outcome::Fenced) {
            self.take_up_soon(group.clone());
        }
    }

    /// Nothing need be kept of a session any more. Gives whether it may have marks in the database of the application.
    pub(in crate::service) fn forget(&self, session: &SessionId) -> bool {
        let mut registry = self.registry();
        let Some((group, epoch, kept)) = registry.remove_session(session) else { return false };
        let commit = self.store.commit(removal(sequence(&group, session), epoch));
        drop(registry);
        self.removed(commit);
        kept.is_marked
    }

    /// Waits for a removal, whose failure costs room until the record's time is over.
    pub(super) fn removed(&self, commit: BoxFuture<'static, Outcome>) {
        tokio::spawn(async move {
            match within(commit).await {
                Outcome::Done | Outcome::Fenced => {}
                outcome => {
                    tracing::info!("a record stays until its time is over: {}", told(&outcome))
                }
            }
        });
    }

    /// What is known of the start of a call.
    pub(in crate::service) fn begun(&self, session: &SessionId, number: u64) -> Option<Begun> {
        let mut registry = self.registry();
        let (_, held) = registry.of_session(session)?;
        held.sessions.get(session)?.begun.get(&number).copied()
    }

    /// Whether a call may have been begun by a process that died, without a record of it.
    pub(in crate::service) fn is_counted(&self, session: &SessionId, number: u64) -> bool {
        let mut registry = self.registry();
        let kept = registry.of_session(session);
        let kept = kept.and_then(|(_, held)| held.sessions.get(session));
        kept.is_some_and(|kept| number <= kept.counted)
    }

    /// The session gets marks in the database of the application.
    pub(in crate::service) fn marks(&self, session: &SessionId) {
        if let Some((_, held)) = self.registry().of_session(session)
            && let Some(kept) = held.sessions.get_mut(session)
        {
            kept.is_marked = true;
        }
    }

    /// Records the start of a call. False: it is not durable, and everything of the group is forgotten.
    pub(in crate::service) async fn begin(
        self: &Arc<Self>,
        session: &SessionId,
        number: u64,
        begun: Begun,
    ) -> bool {
        let (group, life, commit) = {
            let mut registry = self.registry();
            let Some((group, held)) = registry.of_session(session) else { return false };
            let (epoch, life) = (held.epoch, held.life);
            let Some(kept) = held.sessions.get_mut(session) else { return false };
            kept.begun.insert(number, begun);
            let (queue, body) = (Queue::Begun, begun.write().into());
            let start = StoredMessage { queue, number, name: None, body };
            let unit = Unit {
                record: sequence(&group, session),
                epoch,
                step: Step::Keep,
                expires_at: None,
                names: Vec::new(),
                messages: vec![MessageChange::Put(start)],
            };
            (group, life, self.store.commit(unit))
        };
        match within(commit).await {
            Outcome::Done => true,
            outcome => {
                self.lose(&group, life, &outcome);
                false
            }
        }
    }

    /// What became of a call is not known, or cannot be kept: everything of its session's group is forgotten here.
    pub(in crate::service) fn doubt(self: &Arc<Self>, session: &SessionId, error: StoreError) {
        let found = {
            let mut registry = self.registry();
            registry.of_session(session).map(|(group, held)| (group, held.life))
        };
        if let Some((group, life)) = found {
            self.lose(&group, life, &Outcome::Unknown(error));
        }
    }
}

/// What becomes of a commit, in time.
pub(super) async fn within(commit: BoxFuture<'static, Outcome>) -> Outcome {
    let outcome = tokio::time::timeout(COMMIT_PATIENCE, commit).await;
    outcome.unwrap_or_else(|_| {
        let text = format!("it has not answered for {} seconds", COMMIT_PATIENCE.as_secs());
        Outcome::Unknown(StoreError::Unavailable(text))
    })
}

pub(super) fn removal(record: RecordId, epoch: Epoch) -> Unit {
    let (names, messages) = (Vec::new(), Vec::new());
    Unit { record, epoch, step: Step::Remove, expires_at: None, names, messages }
}

/// Why a group is forgotten, for the log.
pub(super) fn told(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done => "it is done".to_owned(),
        Outcome::Fenced => "another node has it, or it is gone".to_owned(),
        Outcome::Stale => "the store has another state than this process knew".to_owned(),
        Outcome::Exists(_) => "a name of it is taken".to_owned(),
        Outcome::Refused(error) | Outcome::Unknown(error) => error.to_string(),
    }
}
