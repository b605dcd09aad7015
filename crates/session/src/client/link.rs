//! What a session over a link consists of: the link, the calls that wait for something, the callbacks.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rustc_hash::FxHashMap;
use waxwing_reliable::{CallId, DuplexSession, ReliableMessagingVersion, Time, Transmission};
use waxwing_soap::EndpointReference;

use super::api::TransmissionId;
use super::call::DirectCall;
use super::callbacks::Callbacks;
use crate::duplex::{DuplexSettings, LinkId, Outstanding, Related, TooMany};
use crate::message::AppMessage;

/// Calls over a link.
pub(super) struct LinkCalls {
    pub(super) link: Option<OwnLink>,
    /// Composite duplex: where the client listens.
    pub(super) own_address: Option<EndpointReference>,
    /// How long the answer to a request for a new key is waited for.
    pub(super) answer_by: Option<Time>,
    /// How many links were dialed.
    links: u64,
    /// Two-way calls that were sent.
    outstanding: Outstanding<CallId>,
    deadlines: FxHashMap<CallId, Time>,
    /// When to look whether one of those calls is late: not after the first may be.
    look_at: Option<Time>,
    /// One-way calls that are not written yet.
    notes: BTreeMap<TransmissionId, CallId>,
    /// One-way calls that have no place in the sequence yet.
    unnumbered: BTreeSet<CallId>,
    /// Calls that wait for the session, or for a new key.
    pub(super) waiting: VecDeque<DirectCall>,
    /// Those that were sent under a key that the service may find too old: it asks for them again.
    sent: FxHashMap<CallId, DirectCall>,
    /// The service sends nothing more in the security session.
    pub(super) is_over_at_service: bool,
    pub(super) callbacks: Callbacks,
    /// The reliable session; none when messages go by themselves.
    pub(super) sequence: Option<Box<LinkSequence>>,
}

/// The reliable session of a link.
pub(super) struct LinkSequence {
    pub(super) version: ReliableMessagingVersion,
    pub(super) session: DuplexSession<AppMessage>,
    /// The last name that was given to the reply to a callback.
    pub(super) replies: u64,
    /// The service wanted a new key before it took something: that goes again when there is one.
    pub(super) resends: bool,
    /// Composite duplex: what is on its way, of which nobody says yet whether it was delivered.
    pub(super) under_way: BTreeMap<TransmissionId, Transmission>,
    /// It has said its last.
    pub(super) is_over: bool,
}

impl LinkSequence {
    pub(super) fn new(
        version: ReliableMessagingVersion,
        session: DuplexSession<AppMessage>,
    ) -> Self {
        let under_way = BTreeMap::new();
        Self { version, session, replies: 0, resends: false, under_way, is_over: false }
    }
}

/// The link of a session.
#[derive(Debug)]
pub(super) struct OwnLink {
    pub(super) id: LinkId,
    pub(super) is_open: bool,
    /// The service sends nothing more.
    pub(super) is_ended: bool,
    /// The security session has said its last word over it.
    pub(super) is_last_said: bool,
    /// Nothing more is sent.
    pub(super) is_closed: bool,
}

impl LinkCalls {
    pub(super) fn new(settings: DuplexSettings, sequence: Option<Box<LinkSequence>>) -> Self {
        Self {
            link: None,
            own_address: None,
            answer_by: None,
            links: 0,
            outstanding: Outstanding::default(),
            deadlines: FxHashMap::default(),
            look_at: None,
            notes: BTreeMap::new(),
            unnumbered: BTreeSet::new(),
            waiting: VecDeque::new(),
            sent: FxHashMap::default(),
            is_over_at_service: false,
            callbacks: Callbacks::new(settings),
            sequence,
        }
    }

    /// Whether the link is two one-way directions.
    pub(super) fn is_composite(&self) -> bool {
        self.callbacks.settings.composite
    }

    /// A link that is to be dialed.
    pub(super) fn new_link(&mut self) -> LinkId {
        self.links += 1;
        let id = LinkId(self.links);
        let (is_open, is_ended, is_last_said, is_closed) = (false, false, false, false);
        self.link = Some(OwnLink { id, is_open, is_ended, is_last_said, is_closed });
        id
    }

    /// The link, if it is this one.
    pub(super) fn link_of(&mut self, id: LinkId) -> Option<&mut OwnLink> {
        self.link.as_mut().filter(|link| link.id == id)
    }

    /// The link, if messages can be sent over it.
    pub(super) fn open_link(&self) -> Option<&OwnLink> {
        let says = |link: &&OwnLink| link.is_open && !link.is_closed && !link.is_last_said;
        self.link.as_ref().filter(says)
    }

    /// The link, whatever it is good for.
    pub(super) fn own_link(&mut self) -> Option<&mut OwnLink> {
        self.link.as_mut()
    }

    /// A call is sent that the service may want again, under another key.
    pub(super) fn keep(&mut self, call: DirectCall) {
        self.sent.insert(call.call, call);
    }

    /// The call that a demand for a new key relates to: it was not executed, and waits for nothing any more.
    pub(super) fn demanded_again(&mut self, relates_to: Option<&str>) -> Option<DirectCall> {
        let Related::Reply(call) = self.outstanding.take(relates_to) else { return None };
        let again = self.sent.remove(&call);
        self.forget_deadline(call);
        again
    }

    /// A two-way call is about to be sent.
    ///
    /// # Errors
    /// Too many wait.
    pub(super) fn await_reply(
        &mut self,
        message_id: &str,
        call: CallId,
        deadline: Time,
    ) -> Result<(), TooMany> {
        self.outstanding.insert(message_id, call)?;
        self.deadlines.insert(call, deadline);
        self.look_at = Some(self.look_at.map_or(deadline, |look_at| look_at.min(deadline)));
        Ok(())
    }

    /// A one-way call is done when this is written.
    pub(super) fn await_writing(&mut self, id: TransmissionId, call: CallId) {
        self.notes.insert(id, call);
    }

    /// A one-way call waits for its place in the sequence.
    pub(super) fn await_number(&mut self, call: CallId) {
        self.unnumbered.insert(call);
    }

    /// It has it. Gives whether it is a one-way call.
    pub(super) fn numbered(&mut self, call: CallId) -> bool {
        self.unnumbered.remove(&call)
    }

    /// A call is not waited for any more. Gives whether it was.
    pub(super) fn give_up(&mut self, call: CallId) -> bool {
        self.forget_deadline(call);
        self.outstanding.give_up(call) || self.unnumbered.remove(&call)
    }

    /// This is written. Gives the one-way call that is done.
    pub(super) fn written(&mut self, id: TransmissionId) -> Option<CallId> {
        self.notes.remove(&id)
    }

    /// What a message with this `RelatesTo` is.
    pub(super) fn related(&mut self, relates_to: Option<&str>) -> Related<CallId> {
        let related = self.outstanding.take(relates_to);
        if let Related::Reply(call) = related {
            self.forget_deadline(call);
        }
        related
    }

    fn forget_deadline(&mut self, call: CallId) {
        self.sent.remove(&call);
        self.deadlines.remove(&call);
        if self.deadlines.is_empty() {
            self.look_at = None;
        }
    }

    /// Gives the calls whose time is over, which wait no more: those that were sent, and those that were not.
    pub(super) fn expired(&mut self, now: Time) -> (Vec<CallId>, Vec<CallId>) {
        let sent = self.late(now);
        for call in &sent {
            self.forget_deadline(*call);
            self.outstanding.give_up(*call);
        }
        let (late, rest): (VecDeque<_>, _) =
            std::mem::take(&mut self.waiting).into_iter().partition(|call| call.deadline <= now);
        self.waiting = rest;
        (sent, late.into_iter().map(|late| late.call).collect())
    }

    /// The two-way calls whose time is over, in the order in which it was. Looks at all of them when one may be late, so seldom.
    fn late(&mut self, now: Time) -> Vec<CallId> {
        if self.look_at.is_none_or(|look_at| now < look_at) {
            return Vec::new();
        }
        let is_late = |(_, due): &(&CallId, &Time)| **due <= now;
        let mut late: Vec<_> =
            self.deadlines.iter().filter(is_late).map(|(call, due)| (*due, *call)).collect();
        late.sort_unstable();
        self.look_at = self.deadlines.values().filter(|due| **due > now).min().copied();
        late.into_iter().map(|(_, call)| call).collect()
    }

    /// No reply comes any more: gives the two-way calls that wait for one.
    pub(super) fn lose_replies(&mut self) -> Vec<CallId> {
        self.deadlines.clear();
        self.look_at = None;
        self.sent.clear();
        self.outstanding.drain()
    }

    /// The session is over: gives all calls that have not ended.
    pub(super) fn lose_calls(&mut self) -> Vec<CallId> {
        let mut lost = self.lose_replies();
        lost.extend(std::mem::take(&mut self.notes).into_values());
        lost.extend(std::mem::take(&mut self.unnumbered));
        lost.extend(self.waiting.drain(..).map(|waiting| waiting.call));
        lost.sort_unstable();
        lost
    }

    pub(super) fn wake_at(&self) -> Option<Time> {
        let waiting = self.waiting.iter().map(|call| call.deadline).min();
        let sequence = self.sequence.as_ref().and_then(|own| own.session.wake_at());
        [waiting, self.look_at, sequence, self.answer_by].into_iter().flatten().min()
    }

    /// Whether something is under way that an orderly end waits for.
    pub(super) fn has_calls(&self) -> bool {
        let is_idle = self.outstanding.is_empty() && self.notes.is_empty();
        !(is_idle && self.unnumbered.is_empty() && self.waiting.is_empty())
            || self.callbacks.is_busy()
    }

    /// Whether replies are waited for.
    pub(super) fn awaits_replies(&self) -> bool {
        !self.outstanding.is_empty()
    }
}
