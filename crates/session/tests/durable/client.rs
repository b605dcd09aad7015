//! A client with its outbox: what is kept of it survives its crashes.

use std::collections::BTreeMap;

use waxwing_reliable::SavedEnd;
use waxwing_session::{AppMessage, CallId, ClientSession, SavedClientSession, Ticket, record};

use crate::words::CallName;

/// What a client's store has.
#[derive(Default)]
pub struct Shelf {
    /// The session.
    pub session: Option<Vec<u8>>,
    /// Calls that are not answered.
    pub calls: BTreeMap<u64, Vec<u8>>,
    /// Those that are, with their replies.
    pub results: BTreeMap<u64, Option<Vec<u8>>>,
}

/// What a client wants kept.
pub struct Change {
    pub ticket: Ticket,
    pub session: Vec<u8>,
    pub completed: Vec<(CallId, Option<AppMessage>)>,
}

#[derive(Default)]
pub struct Client {
    pub session: Option<ClientSession>,
    /// How often it has come to life, or has begun anew from what is kept.
    pub life: usize,
    pub shelf: Shelf,
    /// Calls that are still to be made.
    pub to_come: usize,
    pub is_down: bool,
    /// Whether it is closing, in this life.
    pub closes: bool,
    pub opened: bool,
    pub is_done: bool,
    /// When the last of its changes is durable.
    pub committed_until: u64,
    /// Changes of former lives are durable only until then.
    pub cut: u64,
    pub reopened: usize,
}

impl Client {
    pub fn saved(&self) -> Option<SavedClientSession> {
        let octets = self.shelf.session.as_ref()?;
        Some(record::read_client(octets).expect("it was written"))
    }

    /// The messages of calls that a kept session has sent.
    pub fn messages(&self, saved: &SavedClientSession) -> Vec<(CallId, AppMessage)> {
        let calls = saved.reliable.unanswered.iter().filter_map(|sent| sent.call);
        calls.filter_map(|call| Some((call, self.message(call.0)?))).collect()
    }

    /// Calls that it has not sent, in their order.
    pub fn unsent(&self, saved: Option<&SavedClientSession>) -> Vec<u64> {
        let sent = |index: &u64| {
            let saved = saved.into_iter().flat_map(|saved| &saved.reliable.unanswered);
            saved.into_iter().any(|sent| sent.call == Some(CallId(*index)))
        };
        self.shelf.calls.keys().copied().filter(|index| !sent(index)).collect()
    }

    pub fn message(&self, index: u64) -> Option<AppMessage> {
        let octets = self.shelf.calls.get(&index)?;
        Some(record::read_message(octets).expect("it was written"))
    }

    /// A change is durable.
    pub fn keep(&mut self, client: usize, change: Change) -> Result<(), String> {
        self.shelf.session = Some(change.session);
        for (call, reply) in change.completed {
            let name = CallName { client, index: call.0 as usize };
            if let Some(reply) = &reply {
                let of = CallName::of_reply(&reply.envelope);
                if of != Some(name) {
                    return Err(format!("{name:?} is answered with {of:?}"));
                }
            }
            if self.shelf.calls.remove(&call.0).is_none() {
                return Err(format!("{name:?} ends twice"));
            }
            let reply = reply.map(|reply| record::write_message(&reply).to_vec());
            self.shelf.results.insert(call.0, reply);
        }
        Ok(())
    }

    /// Whether every call has its result.
    pub fn is_finished(&self) -> bool {
        self.to_come == 0 && self.shelf.calls.is_empty()
    }

    /// Whether what is kept takes no calls.
    pub fn was_closing(saved: &SavedClientSession) -> bool {
        saved.reliable.end != SavedEnd::Open
    }
}
