//! What a channel knows of its links.

use std::any::Any;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;
use waxwing_session::{LinkId, Transmit};

use crate::backlog::{Backlog, Weight};

/// What a link's task is given.
pub(super) enum Outgoing {
    Message(Box<Transmit>),
    /// Nothing more comes. What was handed out before is sent even though nobody uses the channel any more: it lives until then.
    Close(Arc<dyn Any + Send + Sync>),
}

impl Outgoing {
    /// What it counts among what the service has the client say.
    pub(super) fn weight(&self) -> Weight {
        match self {
            Self::Message(transmit) if transmit.is_answer => {
                Weight::of(transmit.envelope.document().memory())
            }
            Self::Message(_) | Self::Close(_) => Weight::default(),
        }
    }
}

/// A link that is dialed or open. Dropped, it is aborted, unless it is being closed.
pub(in crate::client) struct Attached {
    /// What waits there are the calls of the client, which the program has made, and what the service has the client say
    /// (replies to callbacks, acknowledgements), which `backlog` bounds.
    queue: mpsc::UnboundedSender<Outgoing>,
    backlog: Backlog,
    hold: watch::Sender<bool>,
    /// Nothing more is sent: it ends by itself.
    is_closing: bool,
    task: AbortHandle,
}

impl Attached {
    pub(super) fn new(
        queue: mpsc::UnboundedSender<Outgoing>,
        backlog: Backlog,
        hold: watch::Sender<bool>,
        task: AbortHandle,
    ) -> Self {
        Self { queue, backlog, hold, is_closing: false, task }
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        if !self.is_closing {
            self.task.abort();
        }
    }
}

/// The links of a channel.
#[derive(Default)]
pub(in crate::client) struct Links(FxHashMap<LinkId, Attached>);

impl Links {
    pub(super) fn insert(&mut self, link: LinkId, attached: Attached) {
        self.0.insert(link, attached);
    }

    /// Of a link that is gone nothing is sent: the session hears so, or has given it up.
    pub(super) fn send(&mut self, link: LinkId, outgoing: Outgoing) {
        if let Some(attached) = self.0.get_mut(&link) {
            attached.backlog.more(outgoing.weight());
            attached.is_closing |= matches!(outgoing, Outgoing::Close(_));
            let _ = attached.queue.send(outgoing);
        }
    }

    pub(super) fn hold(&mut self, link: LinkId, hold: bool) {
        if let Some(attached) = self.0.get(&link) {
            attached.hold.send_replace(hold);
        }
    }

    pub(super) fn remove(&mut self, link: LinkId) {
        if let Some(mut attached) = self.0.remove(&link) {
            attached.is_closing = false;
        }
    }
}
