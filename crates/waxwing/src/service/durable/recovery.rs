//! What is left to do when a host opens: messages that were received, acknowledged and not executed. Their clients do not send them
//! again, so nobody would ask for them.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::task::JoinSet;
use waxwing_store::Group;

use super::flights::Found;
use super::keeper::Keeper;

/// How many groups are asked for at once.
const PAGE: usize = 256;

/// How many of them are loaded at a time: fewer than the host may ask for, so that its clients are not held up.
const TOGETHER: usize = 16;

/// How long is waited before a store is asked again that could not say.
const PAUSE: Duration = Duration::from_secs(1);

/// How often work of nodes that died is looked for, where there are several.
const LOOK_AGAIN: Duration = Duration::from_secs(15);

impl Keeper {
    /// Does so in the background.
    pub(in crate::service) fn start_recovery(self: &Arc<Self>) {
        tokio::spawn(run(Arc::downgrade(self)));
    }
}

impl Keeper {
    /// A group was forgotten here that has messages which nobody sends again: they are executed when it can be loaded, however
    /// long the store is away.
    pub(super) fn take_up_soon(self: &Arc<Self>, group: Group) {
        let keeper = Arc::downgrade(self);
        tokio::spawn(async move {
            let mut pause = PAUSE;
            loop {
                tokio::time::sleep(pause).await;
                let Some(keeper) = keeper.upgrade() else { return };
                if take_up(&keeper, &group).await {
                    return;
                }
                pause = LOOK_AGAIN;
            }
        });
    }
}

async fn run(keeper: Weak<Keeper>) {
    let mut after: Option<Group> = None;
    loop {
        let Some(strong) = keeper.upgrade() else { return };
        let page = strong.store.unfinished(after.as_ref(), PAGE).await;
        let pause = match page {
            Ok(groups) => {
                let is_last = groups.len() < PAGE;
                take_up_all(&strong, &groups).await;
                after = groups.into_iter().next_back();
                match (is_last, strong.store.nodes().is_some()) {
                    (false, _) => Duration::ZERO,
                    (true, false) => return,
                    (true, true) => {
                        after = None;
                        LOOK_AGAIN
                    }
                }
            }
            Err(error) => {
                tracing::warn!(
                    "what is left to execute cannot be read, and is asked for again: {error}"
                );
                PAUSE
            }
        };
        drop(strong);
        tokio::time::sleep(pause).await;
    }
}

/// Takes groups up, several at a time: claims that come together share one wait for the disk.
async fn take_up_all(keeper: &Arc<Keeper>, groups: &[Group]) {
    let mut under_way = JoinSet::new();
    for group in groups {
        if under_way.len() >= TOGETHER {
            under_way.join_next().await;
        }
        let (keeper, group) = (Arc::clone(keeper), group.clone());
        under_way.spawn(async move {
            // Where there are several nodes it is listed again.
            if !take_up(&keeper, &group).await && keeper.store.nodes().is_none() {
                keeper.take_up_soon(group);
            }
        });
    }
    while under_way.join_next().await.is_some() {}
}

/// Whether it is somebody's: here, at another node, or gone.
async fn take_up(keeper: &Arc<Keeper>, group: &Group) -> bool {
    /// Then the operator reads why in the log, and the others have their turn.
    const TIMES: usize = 5;
    let mut last = String::new();
    for _ in 0..TIMES {
        match keeper.take_up(group).await {
            Found::Later(why) => {
                tracing::debug!(group = group.as_str(), "acknowledged messages wait: {why}");
                last = why;
                tokio::time::sleep(PAUSE).await;
            }
            _ => return true,
        }
    }
    tracing::error!(
        group = group.as_str(),
        "messages that were acknowledged are not executed yet: their session cannot be loaded, which is tried again: {last}"
    );
    false
}
