//! What the service calls of the client: which callback is executed when.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use waxwing_reliable::{CallId, MessageNumber};

use super::api::{CallbackId, TransmissionId};
use crate::duplex::{Ahead, DuplexSettings};
use crate::service::{ConcurrencyMode, VerifiedRequest};

/// So many replies may wait for the link, or for their place in the client's sequence, before no further callback is begun:
/// a service that takes none of them has no more of them made.
const REPLIES: usize = 32;

/// One callback.
#[derive(Debug)]
pub(super) struct Callback {
    pub(super) id: CallbackId,
    pub(super) request: Arc<VerifiedRequest>,
    /// Its number in the service's sequence.
    pub(super) number: Option<MessageNumber>,
}

/// The reply to a callback, by what says when it is out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reply {
    /// It is written.
    Written(TransmissionId),
    /// It has its place in the sequence.
    Numbered(CallId),
}

/// The callbacks of a session, in the order in which they came.
#[derive(Debug)]
pub(super) struct Callbacks {
    pub(super) settings: DuplexSettings,
    queue: VecDeque<Callback>,
    /// With the octets of memory of each.
    running: BTreeMap<CallbackId, usize>,
    /// Those that wait and those that run.
    ahead: Ahead,
    /// Replies that are not out.
    replies: BTreeSet<Reply>,
    /// Those of them that wait for the service, which they call.
    out: BTreeSet<CallbackId>,
    /// Those that want to go on.
    returning: VecDeque<CallbackId>,
    last: u64,
    /// The service waits before its next message is read.
    is_held: bool,
}

impl Callbacks {
    pub(super) fn new(settings: DuplexSettings) -> Self {
        Self {
            settings,
            queue: VecDeque::new(),
            running: BTreeMap::new(),
            ahead: Ahead::default(),
            replies: BTreeSet::new(),
            out: BTreeSet::new(),
            returning: VecDeque::new(),
            last: 0,
            is_held: false,
        }
    }

    /// One came.
    pub(super) fn take(&mut self, request: Arc<VerifiedRequest>, number: Option<MessageNumber>) {
        self.last += 1;
        self.ahead.take(octets_of(&request));
        self.queue.push_back(Callback { id: CallbackId(self.last), request, number });
    }

    /// The next one to be executed, if one may be.
    pub(super) fn next(&mut self) -> Option<Callback> {
        let is_serial = self.settings.concurrency != ConcurrencyMode::Multiple;
        if is_serial && self.running.len() > self.out.len() || self.replies.len() >= REPLIES {
            return None;
        }
        let next = self.queue.pop_front()?;
        self.running.insert(next.id, octets_of(&next.request));
        Some(next)
    }

    /// One was executed. Gives whether it was one of these.
    pub(super) fn executed(&mut self, callback: CallbackId) -> bool {
        self.out.remove(&callback);
        self.returning.retain(|other| *other != callback);
        let executed = self.running.remove(&callback);
        executed.map(|octets| self.ahead.done(octets)).is_some()
    }

    /// Its reply goes out.
    pub(super) fn replies(&mut self, reply: Reply) {
        self.replies.insert(reply);
    }

    /// It is out, or nobody will have it. Gives whether it was one of these.
    pub(super) fn is_out(&mut self, reply: Reply) -> bool {
        self.replies.remove(&reply)
    }

    /// One waits for the service. In a reentrant client others may run meanwhile.
    pub(super) fn calls_out(&mut self, callback: CallbackId) {
        let is_reentrant = self.settings.concurrency == ConcurrencyMode::Reentrant;
        if is_reentrant && self.running.contains_key(&callback) {
            self.out.insert(callback);
        }
    }

    /// The service has answered it.
    pub(super) fn returns(&mut self, callback: CallbackId) {
        self.returning.push_back(callback);
    }

    /// One that goes on, if one may.
    pub(super) fn resumes(&mut self) -> Option<CallbackId> {
        let callback = *self.returning.front()?;
        let is_free = !self.out.contains(&callback) || self.running.len() == self.out.len();
        if !is_free {
            return None;
        }
        self.returning.pop_front();
        self.out.remove(&callback);
        Some(callback)
    }

    pub(super) fn is_busy(&self) -> bool {
        !(self.queue.is_empty() && self.running.is_empty())
    }

    /// Whether the service is to be held up, or no longer; None: as it is.
    pub(super) fn turns(&mut self, awaits_replies: bool) -> Option<bool> {
        let must_hold = self.ahead.is_full(awaits_replies, 0);
        (std::mem::replace(&mut self.is_held, must_hold) != must_hold).then_some(must_hold)
    }

    /// Whether those that wait and run are so much that no more of them is taken.
    pub(super) fn are_too_much(&self) -> bool {
        self.ahead.is_beyond()
    }

    /// Those that have not begun are not executed any more. Gives those that want to go on.
    pub(super) fn forget(&mut self) -> Vec<CallbackId> {
        for never in self.queue.drain(..) {
            self.ahead.done(octets_of(&never.request));
        }
        self.replies.clear();
        self.out.clear();
        self.returning.drain(..).collect()
    }
}

fn octets_of(request: &VerifiedRequest) -> usize {
    request.envelope().document().memory()
}
