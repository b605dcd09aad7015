//! A process that stood still (stopped, swapped out, a machine that was moved) and goes on, where there are several nodes.
//!
//! The others held it for dead, and may have taken what it had. The epoch stops what it writes; but a message that it only
//! holds back, since by what it remembers an earlier one is missing, writes nothing: its client would wait here for ever
//! while the session goes on elsewhere. So everything is let go, and comes back with the next message, from whoever has it.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::Instant;
use waxwing_store::{Outcome, Standing, StoreError};

use super::keeper::Keeper;

/// How often it is looked at how long a pause really was.
const LOOK: Duration = Duration::from_secs(1);

/// So much longer than it should have been, and others may have waited for this process in vain: less than any store waits
/// by default. Whoever is let go without need is loaded again, no more.
const STOOD_STILL: Duration = Duration::from_secs(4);

impl Keeper {
    /// Whether nobody can have taken what this process has. What is remembered here of a session that goes on elsewhere must not be
    /// said: an acknowledgement that takes back an earlier one ends the client's session.
    pub(super) fn is_heard(&self) -> bool {
        self.store.nodes().is_none_or(|nodes| {
            let Standing { is_heard, lapses } = nodes.standing();
            is_heard && lapses == self.lapses.load(Ordering::SeqCst)
        })
    }

    /// What others may have taken while they did not hear this process is let go.
    fn let_go_what_was_taken(self: &Arc<Self>) {
        let Some(Standing { lapses, .. }) = self.store.nodes().map(|nodes| nodes.standing()) else {
            return;
        };
        if lapses != self.lapses.load(Ordering::SeqCst) {
            let why =
                "the other nodes had not heard of this process, and may have taken its sessions";
            tracing::warn!("{why}: they are loaded again as their clients ask");
            self.let_all_go(why);
            // Only now what is here is certain again.
            self.lapses.store(lapses, Ordering::SeqCst);
        }
    }

    /// Does so as long as the host lives.
    pub(in crate::service) fn start_watch_of_itself(self: &Arc<Self>) {
        if self.store.nodes().is_some() {
            tokio::spawn(watch(Arc::downgrade(self)));
        }
    }

    /// Nothing is certain of anything any more.
    pub(super) fn let_all_go(self: &Arc<Self>, why: &str) {
        let all: Vec<_> = {
            let registry = self.registry();
            let groups = registry.groups().into_iter();
            groups.filter_map(|(group, _)| registry.pass(&group)).collect()
        };
        for (group, life) in all {
            let outcome = Outcome::Unknown(StoreError::Unavailable(why.to_owned()));
            self.lose(&group, life, &outcome);
        }
    }
}

async fn watch(keeper: Weak<Keeper>) {
    loop {
        let began = Instant::now();
        tokio::time::sleep(LOOK).await;
        let Some(keeper) = keeper.upgrade() else { return };
        let still = began.elapsed().saturating_sub(LOOK);
        if still >= STOOD_STILL {
            let why = format!(
                "this process stood still for {still:.0?}, and others may have taken its sessions"
            );
            tracing::warn!("{why}: they are loaded again as their clients ask");
            keeper.let_all_go(&why);
        }
        keeper.let_go_what_was_taken();
    }
}
