//! What the session wants of a link.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use waxwing_session::{LinkDemand, LinkId, Time, Transmit};

use super::attached::{Attached, Outgoing};
use super::composite::run::{Listening, run as post};
use super::link::{Dialing, run};
use crate::backlog::Backlog;
use crate::client::channel::Inner;
use crate::client::state::State;

impl Inner {
    /// Does what the session wants of a link.
    pub(in crate::client) fn link_demand(
        self: &Arc<Self>,
        state: &mut State,
        link: LinkId,
        demand: LinkDemand,
    ) {
        match demand {
            LinkDemand::Dial { deadline } => self.dial(state, link, deadline),
            LinkDemand::Close => state.links.send(link, Outgoing::Close(self.clone())),
            LinkDemand::Abort => state.links.remove(link),
            LinkDemand::Hold => state.links.hold(link, true),
            LinkDemand::Resume => state.links.hold(link, false),
            // A client is offered none.
            LinkDemand::Accept => {}
        }
    }

    fn dial(self: &Arc<Self>, state: &mut State, id: LinkId, deadline: Time) {
        let (queue, outgoing) = mpsc::unbounded_channel();
        let (hold, held) = watch::channel(false);
        let backlog = Backlog::default();
        let own = backlog.clone();
        let channel = Arc::downgrade(self);
        let task = match (self.parts.links.clone(), self.parts.called_back_at.clone()) {
            (Some(parts), _) => {
                let dialing = Dialing { id, parts, deadline, outgoing, held, backlog: own };
                tokio::spawn(run(channel, dialing))
            }
            (None, Some(place)) => tokio::spawn(post(
                channel,
                Listening { id, place, deadline, outgoing, backlog: own },
            )),
            (None, None) => return,
        };
        state.links.insert(id, Attached::new(queue, backlog, hold, task.abort_handle()));
    }

    /// Hands a message to its link.
    pub(in crate::client) fn send_over(state: &mut State, link: LinkId, transmit: Box<Transmit>) {
        state.links.send(link, Outgoing::Message(transmit));
    }
}
