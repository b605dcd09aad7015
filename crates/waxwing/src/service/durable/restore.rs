//! From the records of a group to sessions that go on.

use std::sync::Arc;

use waxwing_reliable::SessionId;
use waxwing_session::record;
use waxwing_store::{Epoch, Group, Kind, Queue, Record};

use super::flights::Found;
use super::holder::{NotRestored, Restored, RestoredSession};
use super::keeper::{Counters, Keeper};
use super::octets::unframed;
use super::registry::{Begun, Kept, Pass, Stage};

/// The group as its records have it.
struct Read {
    endpoint: usize,
    restored: Restored,
    context: Option<Kept>,
    sessions: Vec<(SessionId, Kept)>,
}

impl Keeper {
    /// Restores a group that was claimed.
    pub(super) async fn restore(
        self: &Arc<Self>,
        group: Group,
        epoch: Epoch,
        records: &[Record],
    ) -> Found {
        let read = match self.read(records) {
            Ok(read) => read,
            Err(why) => {
                tracing::error!(
                    group = group.as_str(),
                    "a session that was kept cannot be read: {why}"
                );
                let _ = self.store.release(&group, epoch).await;
                return Found::Later(why);
            }
        };
        let Read { endpoint, restored, context, sessions } = read;
        let Some(holder) = self.holder(endpoint) else {
            return Found::Later("the endpoint is gone".to_owned());
        };
        let ids: Vec<_> = sessions.iter().map(|(id, _)| id.clone()).collect();
        let has_context = context.is_some();
        let life = {
            let mut registry = self.registry();
            let held = registry.insert(group.clone(), endpoint, epoch, Stage::Restoring);
            held.context = context;
            let life = held.life;
            let names: Vec<_> =
                sessions.iter().map(|(id, kept)| (id.clone(), kept.names.clone())).collect();
            held.sessions.extend(sessions);
            for (id, names) in names {
                registry.name(&group, id, names);
            }
            life
        };
        let done = Arc::clone(&holder).restore(restored);
        let goes_on = {
            let mut registry = self.registry();
            let held = registry.get_mut(&group).filter(|held| held.life == life);
            match held {
                Some(held) if held.stage == Stage::Restoring && done.is_ok() => {
                    held.stage = Stage::Held;
                    true
                }
                // Everything of it has ended meanwhile, as it should.
                None if done.is_ok() && !has_context => true,
                _ => false,
            }
        };
        match done {
            Ok(()) if goes_on => {
                Counters::add(&self.counters.restored);
                tracing::debug!(group = group.as_str(), "a session goes on that was kept");
                Found::Here(Pass(self.registry().pass(&group).into_iter().collect()))
            }
            Ok(()) => {
                // A commit has failed before all of it was there.
                holder.discard(has_context.then(|| group.as_str()), ids, "a commit has failed");
                self.registry().remove(&group, life);
                Found::Later("a commit has failed".to_owned())
            }
            Err(refusal) => {
                self.registry().remove(&group, life);
                let _ = self.store.release(&group, epoch).await;
                match refusal {
                    NotRestored::Later(why) => Found::Later(why),
                    NotRestored::Never(why) => {
                        tracing::warn!(
                            group = group.as_str(),
                            "a session that was kept does not go on: {why}"
                        );
                        Found::Nowhere
                    }
                }
            }
        }
    }

    /// # Errors
    /// They are none that this program has written, or not of an endpoint that is here.
    fn read(&self, records: &[Record]) -> Result<Read, String> {
        let (mut endpoint, mut context, mut kept_context) = (None, None, None);
        let (mut restored, mut sessions) = (Vec::new(), Vec::new());
        for kept in records {
            let (name, octets) = unframed(&kept.state).ok_or("it has another format")?;
            let here = self.endpoint(name);
            let here = here.ok_or_else(|| {
                format!("it is of the endpoint '{name}', and this host has none of that name that keeps its sessions")
            })?;
            if *endpoint.get_or_insert(here) != here {
                return Err("its records are of several endpoints".to_owned());
            }
            let damaged = |error: record::RecordError| error.to_string();
            match kept.id.kind {
                Kind::Context => {
                    context = Some(record::read_context(octets).map_err(damaged)?);
                    kept_context = Some(Kept::new(kept.version, kept.expires_at));
                }
                Kind::Sequence => {
                    let saved = record::read_session(octets).map_err(damaged)?;
                    let mut known = Kept::new(kept.version, kept.expires_at);
                    known.names.clone_from(&kept.names);
                    // A process that died may have begun what a client had sent by then.
                    let highest = saved.reliable.received.highest();
                    known.counted = highest.saturating_add(self.window(here));
                    known.is_marked = true;
                    let mut messages = Vec::new();
                    for message in &kept.messages {
                        match message.queue {
                            Queue::Received => {
                                let request = record::read_request(&message.body);
                                messages
                                    .push((message.number, Arc::new(request.map_err(damaged)?)));
                            }
                            Queue::Begun => {
                                known.begun.insert(message.number, Begun::read(&message.body));
                            }
                            _ => {}
                        }
                    }
                    known.promised = messages.len();
                    sessions.push((saved.reliable.session.clone(), known));
                    restored.push(RestoredSession { saved, messages });
                }
                _ => return Err("it is no session of a service".to_owned()),
            }
        }
        let endpoint = endpoint.ok_or("it has no records")?;
        let restored = Restored { context, sessions: restored };
        Ok(Read { endpoint, restored, context: kept_context, sessions })
    }
}
