//! What is known of one session, one call and one instance.

use std::collections::VecDeque;
use std::sync::Arc;

use waxwing_reliable::{ExchangeId, MessageNumber, SessionId, Ticket};
use waxwing_security::conversation::SecuritySession;
use waxwing_soap::Time;

use crate::service::demarcation::{Course, Standing};
use crate::service::names::{DispatchId, InstanceId};
use crate::service::verified::VerifiedRequest;

/// A session: a reliable one, or a security session at an endpoint without.
#[derive(Debug)]
pub(super) struct Session {
    /// What the host's admission knows it by.
    pub(super) number: u64,
    /// The host has a place for it: until then nothing of it is executed.
    pub(super) is_accepted: bool,
    /// No more messages come; those that there are will be executed: they were acknowledged.
    pub(super) is_closed: bool,
    /// The security session of a reliable one, which ends with it.
    pub(super) security: Option<SecuritySession>,
    /// Calls that have not begun.
    pub(super) queue: VecDeque<DispatchId>,
    /// Calls that have, and are not finished.
    pub(super) under_way: Vec<DispatchId>,
    /// Those of them that want to go on, and wait until nobody else runs.
    pub(super) returning: VecDeque<DispatchId>,
    /// Its instance (`InstanceContextMode.PerSession`), once a call has needed one.
    pub(super) instance: Option<InstanceId>,
    /// When the last message of the application came or was done.
    pub(super) heard_at: Time,
    /// The time under which it stands in the list of sessions that may be idle.
    pub(super) idle_at: Time,
    /// What of its contract's operations was called.
    pub(super) course: Course,
    /// When it is ended, if its client does not close it: its last operation was executed.
    pub(super) over_at: Option<Time>,
}

impl Session {
    pub(super) fn is_busy(&self) -> bool {
        !(self.queue.is_empty() && self.under_way.is_empty())
    }
}

/// A call, from its arrival to its end.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) session: Option<SessionId>,
    pub(super) source: Source,
    /// Until it is executed.
    pub(super) request: Option<Arc<VerifiedRequest>>,
    pub(super) instance: Option<InstanceId>,
    /// Its instance is made first.
    pub(super) makes: bool,
    pub(super) standing: Standing,
    pub(super) stage: Stage,
    /// It waits for its client, which it calls, and others may run.
    pub(super) is_out: bool,
}

/// Where a call came from, and its reply goes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source {
    Sequence(MessageNumber),
    Exchange(ExchangeId),
    /// A session that was let go since: nobody hears of it.
    Nobody,
}

/// What is known of a durable session as long as something of it is kept, which may be before it is created and after it is
/// gone.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) security: Option<SecuritySession>,
    /// Under which names its client looks for it.
    pub(super) names: [SessionId; 2],
    /// What of its contract's operations was executed.
    pub(super) course: Course,
    /// The last change that the store has not answered yet.
    pub(super) awaited: Option<Ticket>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// In the queue of its session.
    Queued,
    /// Its instance has no place, or is being made by another call.
    WaitsForInstance,
    /// It waits for its place among the calls of the host.
    WaitsForPlace,
    Running,
}

/// An instance but the shared one.
#[derive(Debug)]
pub(super) struct Instance {
    pub(super) stage: InstanceStage,
    /// The session that keeps it; none when it is one call's.
    pub(super) session: Option<SessionId>,
    /// Its session is gone.
    pub(super) is_left: bool,
    /// Calls that wait for it.
    pub(super) waiting: VecDeque<DispatchId>,
    /// Calls that have it and are not finished.
    pub(super) users: usize,
}

impl Instance {
    pub(super) fn wanted(session: Option<SessionId>) -> Self {
        let (stage, waiting) = (InstanceStage::Wanted, VecDeque::new());
        Self { stage, session, is_left: false, waiting, users: 0 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InstanceStage {
    /// It waits for its place.
    Wanted,
    /// It has its place; the next call makes it.
    Unmade,
    /// A call makes it.
    Making,
    Made,
    /// The owner lets it go.
    Releasing,
}
