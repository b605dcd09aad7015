//! Security contexts: kept before the answer leaves that issues them or renews their key.

use std::sync::Arc;

use jiff::Timestamp;
use waxwing_security::conversation::SavedContext;
use waxwing_session::record;
use waxwing_store::{Epoch, Group, Kind, Name, Outcome, RecordId, Step, Unit, Version};

use super::commit::{removal, told, within};
use super::keeper::{Counters, Keeper};
use super::octets::framed;
use super::registry::{Kept, Stage, later};

pub(super) fn context(group: &Group) -> RecordId {
    RecordId { group: group.clone(), kind: Kind::Context, name: Name::new("") }
}

impl Keeper {
    /// Keeps a security context as it is now. `save` is asked when the order of what is written is settled: of two renewals at
    /// once the later state is written last.
    ///
    /// # Errors
    /// It is not durable, and forgotten here: why, for the log.
    pub(in crate::service) async fn keep_context(
        self: &Arc<Self>,
        endpoint: usize,
        identifier: &str,
        save: impl FnOnce() -> SavedContext,
        now: Timestamp,
    ) -> Result<(), String> {
        let (group, name) = (Group::new(identifier), self.name(endpoint));
        let expires_at = later(now, self.lifetime(endpoint));
        let (life, commit) = {
            let mut registry = self.registry();
            if registry.get(&group).is_none() {
                registry.insert(group.clone(), endpoint, Epoch(1), Stage::Held);
            }
            let held = registry.get_mut(&group).filter(|held| held.stage == Stage::Held);
            let Some(held) = held else { return Err("it was let go here".to_owned()) };
            let state = framed(&name, &record::write_context(&save()));
            let step = match &mut held.context {
                Some(kept) => {
                    kept.version = kept.version.next();
                    kept.expires_at = expires_at;
                    Step::Write(kept.version, state)
                }
                context => {
                    *context = Some(Kept::new(Version(1), expires_at));
                    Step::Create(state)
                }
            };
            let (record, expires_at) = (context(&group), Some(expires_at));
            let (epoch, names, messages) = (held.epoch, Vec::new(), Vec::new());
            let unit = Unit { record, epoch, step, expires_at, names, messages };
            (held.life, self.store.commit(unit))
        };
        match within(commit).await {
            Outcome::Done => {
                Counters::add(&self.counters.committed);
                Ok(())
            }
            outcome => {
                self.lose(&group, life, &outcome);
                Err(told(&outcome))
            }
        }
    }

    /// A security context is over: nothing need be kept of it.
    pub(in crate::service) fn end_context(&self, identifier: &str) {
        let group = Group::new(identifier);
        let mut registry = self.registry();
        let Some(epoch) = registry.remove_context(&group) else { return };
        let commit = self.store.commit(removal(context(&group), epoch));
        drop(registry);
        self.removed(commit);
    }
}
