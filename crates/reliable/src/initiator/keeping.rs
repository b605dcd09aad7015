//! What of a durable session is not durable yet.

use super::api::InitiatorOutput;
use crate::gate::Gate;
use crate::names::CallId;
use crate::saved::Ticket;

/// What of the session is not durable yet.
#[derive(Debug)]
pub(super) struct Keeping<M> {
    /// Something has changed since the last `Persist`.
    pub(super) changed: bool,
    pub(super) last_ticket: Ticket,
    /// The outputs below this are looked at already.
    pub(super) mark: usize,
    pub(super) gate: Gate<InitiatorOutput<M>>,
    /// The session was restored while it closed: the peer may have closed it already.
    pub(super) was_closing: bool,
    /// Replies that a broken rule keeps back.
    pub(super) late: Vec<(CallId, Option<M>)>,
}

impl<M> Keeping<M> {
    pub(super) fn new() -> Self {
        Self {
            changed: false,
            last_ticket: Ticket(0),
            mark: 0,
            gate: Gate::default(),
            was_closing: false,
            late: Vec::new(),
        }
    }
}
