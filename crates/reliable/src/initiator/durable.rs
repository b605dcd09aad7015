//! A durable session: what is said to be kept, what waits for it, and how the session goes on from it.

use std::collections::BTreeMap;

use super::{Initiator, InitiatorOutput, Phase};
use crate::destination::Received;
use crate::error::SessionError;
use crate::message::Body;
use crate::mutation::{Mutation, broken};
use crate::names::CallId;
use crate::saved::{ClientChange, SavedCall, SavedClient, SavedEnd, Ticket};
use crate::settings::MAX_TRANSFER_WINDOW;
use crate::source::Restored;
use crate::version::ReliableMessagingVersion;
use waxwing_soap::Time;

impl<M: Clone> Initiator<M> {
    /// Something that must survive has changed.
    pub(super) fn changed(&mut self) {
        if let Some(keeping) = &mut self.keeping {
            keeping.changed = true;
        }
    }

    /// Whether nothing waits for a `Persist`: what was sent is on its way.
    pub(super) fn is_unhindered(&self) -> bool {
        self.keeping.as_ref().is_none_or(|keeping| keeping.gate.is_open())
    }

    /// Whether the session was restored while it closed, so that the peer may have forgotten it for a good reason.
    pub(super) fn was_closing(&self) -> bool {
        self.keeping.as_ref().is_some_and(|keeping| keeping.was_closing)
    }

    /// What is said from now on is settled later.
    pub(super) fn mark(&mut self) {
        if let Some(keeping) = &mut self.keeping {
            keeping.mark = self.outputs.len();
        }
    }

    /// What was said since the mark waits for what has changed, and for whatever is under way.
    pub(super) fn settle(&mut self) {
        let saved = match &self.keeping {
            None => return,
            Some(keeping) => keeping.changed.then(|| self.saved()).flatten(),
        };
        let Some(keeping) = &mut self.keeping else { return };
        if saved.is_none() && keeping.gate.is_open() {
            keeping.mark = self.outputs.len();
            return;
        }
        let said = self.outputs.split_off(keeping.mark.min(self.outputs.len()));
        if let Some(saved) = saved {
            keeping.changed = false;
            let completed = said.iter().filter_map(|output| match output {
                InitiatorOutput::Completed { call, reply } => Some((*call, reply.clone())),
                _ => None,
            });
            let mut completed: Vec<_> = completed.collect();
            if broken(Mutation::AcknowledgeReplyBeforeDurable) {
                std::mem::swap(&mut completed, &mut keeping.late);
            }
            keeping.last_ticket.0 += 1;
            let ticket = keeping.last_ticket;
            keeping.gate.close(ticket);
            let change = Box::new(ClientChange { saved, completed });
            self.outputs.push_back(InitiatorOutput::Persist { ticket, change });
        }
        for output in said {
            let is_early = broken(Mutation::NumberAfterSend)
                && matches!(output, InitiatorOutput::Transmit { .. });
            self.outputs.extend(if is_early { Some(output) } else { keeping.gate.pass(output) });
        }
        keeping.mark = self.outputs.len();
    }

    /// A `Persist` is durable.
    pub(super) fn persisted(&mut self, ticket: Ticket, now: Time) {
        let Some(keeping) = &mut self.keeping else { return };
        while let Some(output) = keeping.gate.durable(ticket) {
            self.outputs.push_back(output);
        }
        keeping.mark = self.outputs.len();
        keeping.changed |= !keeping.late.is_empty();
        if keeping.gate.is_open() {
            // The time that the commit took is no silence of the peer.
            self.source.window.released(now);
        }
    }

    /// What would be kept of the session at this moment. None: there is no sequence yet.
    pub fn saved(&self) -> Option<SavedClient> {
        let highest = self.source.window.highest();
        let end = match (&self.phase, self.version) {
            (Phase::LastMessage, _)
            | (Phase::Terminating(_), ReliableMessagingVersion::February2005) => {
                SavedEnd::Last(highest)
            }
            (Phase::Closing(_) | Phase::Terminating(_), _) => {
                SavedEnd::Closed((highest > 0).then_some(highest))
            }
            _ if self.was_closing() => SavedEnd::Closed((highest > 0).then_some(highest)),
            _ => SavedEnd::Open,
        };
        let saved = self.source.window.unanswered().map(|entry| SavedCall {
            number: entry.number,
            call: entry.call,
            message_id: entry.message_id.clone(),
        });
        Some(SavedClient {
            sequence: self.source.identifier()?.clone(),
            back: self.destination.as_ref().map(|back| back.identifier().clone()),
            last: highest,
            unanswered: saved.collect(),
            received: self.destination.as_ref().map(|b| b.numbers().clone()).unwrap_or_default(),
            end,
        })
    }

    /// A session that was kept goes on.
    pub(super) fn restore(
        &mut self,
        saved: SavedClient,
        to: String,
        messages: Vec<(CallId, M)>,
        now: Time,
    ) {
        if !matches!(self.phase, Phase::New) {
            return;
        }
        let SavedClient { sequence, back, last, unanswered, received, end } = saved;
        let mut messages: BTreeMap<CallId, M> = messages.into_iter().collect();
        let mut missing = None;
        let mut restored = Vec::new();
        // More than a window is never kept: its places are not made on somebody's word.
        let window = u64::from(MAX_TRANSFER_WINDOW);
        let fits = |call: &SavedCall| call.number <= last && last - call.number <= window;
        let is_whole = unanswered.iter().all(fits);
        let unanswered = if is_whole { unanswered } else { Vec::new() };
        for SavedCall { number, call, message_id } in unanswered {
            let body = match call {
                None => Some(Body::LastMessage),
                Some(call) => messages.remove(&call).map(Body::Application),
            };
            match body {
                Some(body) => restored.push(Restored { number, call, message_id, body }),
                None => missing = missing.or(call),
            }
        }
        self.peer.to = to;
        self.destination = back.map(|back| Received::restored(back, received));
        self.source.restore(sequence, last, restored, now);
        self.keep_alive.received(false, now);
        if let Some(keeping) = &mut self.keeping {
            keeping.was_closing = matches!(end, SavedEnd::Closed(_));
        }
        self.outputs.push_back(InitiatorOutput::Opened);
        self.enter(match end {
            SavedEnd::Open => Phase::Open,
            SavedEnd::Last(_) => Phase::LastMessage,
            SavedEnd::Closed(_) => Phase::Draining,
        });
        let missing = missing.map(|call| format!("the message of call {} was not kept", call.0));
        let odd =
            (!is_whole).then(|| "what was kept of it has numbers outside its window".to_owned());
        if let Some(reason) = missing.or(odd) {
            self.post_terminated(&reason);
            self.end(SessionError::Incomplete(reason));
        }
    }
}
