//! A node is drained, or ends: what it has is given back when nothing of it runs any more.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use waxwing_store::{Epoch, Group, Outcome};

use super::commit::{told, within};
use super::keeper::Keeper;
use super::registry::Begun;

/// So many are given back at a time: fewer than any store takes into its queue.
const AT_ONCE: usize = 500;

/// How often is looked for groups that can go.
const LOOK: Duration = Duration::from_millis(10);

impl Keeper {
    /// Gives back what this process has, until nothing is left or the time is over; whether nothing is left. The endpoints take
    /// nothing any more, so that what is quiet stays so.
    pub(in crate::service) async fn give_back(&self, until: tokio::time::Instant) -> bool {
        loop {
            self.give_back_quiet().await;
            if self.registry().count() == 0 {
                return true;
            }
            if tokio::time::Instant::now() >= until {
                return false;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Gives back the groups of which nothing runs. What is being committed may be of any of them, and must be there before another
    /// node loads it.
    async fn give_back_quiet(&self) {
        let quiet = {
            let mut registry = self.registry();
            match self.under_way.load(Ordering::SeqCst) {
                0 => registry.take_quiet(|session| self.executions.is_busy(session)),
                _ => return,
            }
        };
        for (group, endpoint, _, has_context) in &quiet {
            if let Some(holder) = self.holder(*endpoint).filter(|_| *has_context) {
                let why = "it goes on at another node";
                Arc::clone(&holder).discard(Some(group.as_str()), Vec::new(), why);
            }
        }
        let groups = quiet.into_iter().map(|(group, _, epoch, _)| (group, epoch)).collect();
        self.release_all(groups).await;
    }

    /// The host has ended its sessions here: what it has is given back. That it ends is not the fault of what still runs: the
    /// start of that is not counted as an attempt.
    pub(in crate::service) async fn release(self: &Arc<Self>) {
        for some in self.executions.running().chunks(AT_ONCE) {
            let mut starts = tokio::task::JoinSet::new();
            for (session, number) in some.iter().cloned() {
                let Some(Begun { attempts }) = self.begun(&session, number) else { continue };
                let (keeper, begun) =
                    (Arc::clone(self), Begun { attempts: attempts.saturating_sub(1) });
                starts.spawn(async move { keeper.begin(&session, number, begun).await });
            }
            starts.join_all().await;
        }
        let groups = self.registry().groups();
        self.release_all(groups).await;
    }

    /// Many at a time: the store commits together what stands in its queue.
    async fn release_all(&self, groups: Vec<(Group, Epoch)>) {
        for some in groups.chunks(AT_ONCE) {
            let released: Vec<_> =
                some.iter().map(|(group, epoch)| self.store.release(group, *epoch)).collect();
            for ((group, _), outcome) in some.iter().zip(released) {
                match within(outcome).await {
                    Outcome::Done | Outcome::Fenced => {}
                    outcome => {
                        let why = told(&outcome);
                        tracing::info!(%group, "a session was not given back, and is missed when this node has left: {why}");
                    }
                }
            }
        }
    }
}
