//! The sessions of a service in the duplex shapes, all those of one listening address.
//!
//! A message belongs to the session that one of its identifiers names: of the forward sequence, of the return sequence, or
//! of the offer in a repeated CreateSequence (`create`). A connection belongs to the session whose message came first on
//! it. `late` remembers those that ended.

mod api;
mod create;
mod late;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rustc_hash::FxHashMap;
use waxwing_soap::{EndpointReference, Moment, Time};

pub use self::api::{DuplexListenerInput, DuplexListenerOutput};
use self::late::{Ended, Late};
use super::DuplexSession;
use super::api::{DuplexInput, DuplexOutput, Links};
use super::settings::DuplexSettings;
use crate::contexts::Contexts;
use crate::creation;
use crate::error::SessionError;
use crate::event::{SequenceState, Status};
use crate::fault::{FaultKind, SequenceFault};
use crate::message::{Body, Message};
use crate::mutation::{Mutation, broken};
use crate::names::{CallId, ContextTag, ExchangeId, Identifier, LinkId, SessionId};
use crate::queue::next_output;
use crate::settings::SettingsError;
use crate::version::ReliableMessagingVersion;

/// All sessions of one listening address. `M` is cloned for every transmission.
#[derive(Debug)]
pub struct DuplexListener<M> {
    version: ReliableMessagingVersion,
    settings: DuplexSettings,
    /// By names that this end has made: nobody chooses what collides.
    sessions: FxHashMap<SessionId, Box<Kept<M>>>,
    /// Sessions by their return sequence.
    by_back: BTreeMap<Identifier, SessionId>,
    /// Sessions by what their CreateSequence is found again by: its offer, or its `MessageID`.
    origins: BTreeMap<Identifier, SessionId>,
    contexts: Contexts,
    links: FxHashMap<LinkId, SessionId>,
    /// When sessions want to be woken.
    timers: BTreeSet<(Time, SessionId)>,
    /// Sessions that the service has not accepted, with those that were closed before.
    pending: BTreeSet<SessionId>,
    takes_new: bool,
    late: Late,
    outputs: VecDeque<DuplexListenerOutput<M>>,
    /// What the session says that is given an input; empty between two.
    said: VecDeque<DuplexOutput<M>>,
}

/// A session with what the listener knows of it.
#[derive(Debug)]
struct Kept<M> {
    session: DuplexSession<M>,
    origin: Identifier,
    tag: Option<ContextTag>,
    link: Option<LinkId>,
    /// The time under which it stands among the timers.
    wakes: Option<Time>,
}

/// A message that came in, without the message.
#[derive(Clone, Debug)]
struct Arrival {
    exchange: ExchangeId,
    link: Option<LinkId>,
    tag: Option<ContextTag>,
    message_id: Option<Identifier>,
}

impl<M: Clone> DuplexListener<M> {
    /// A listener without sessions.
    ///
    /// # Errors
    ///
    /// A setting is out of its range, or does nothing in a duplex session.
    pub fn new(
        version: ReliableMessagingVersion,
        settings: DuplexSettings,
    ) -> Result<Self, SettingsError> {
        settings.validate()?;
        Ok(Self {
            version,
            settings,
            sessions: FxHashMap::default(),
            by_back: BTreeMap::new(),
            origins: BTreeMap::new(),
            contexts: Contexts::default(),
            links: FxHashMap::default(),
            timers: BTreeSet::new(),
            pending: BTreeSet::new(),
            takes_new: true,
            late: Late::default(),
            outputs: VecDeque::new(),
            said: VecDeque::new(),
        })
    }

    /// Takes one input. Then drain [`poll`](Self::poll).
    pub fn handle(&mut self, input: DuplexListenerInput<M>, at: &mut Moment<'_>) {
        match input {
            DuplexListenerInput::Message { exchange, link, message, tag } => {
                let link = link.filter(|_| self.settings.links != Links::Unseen);
                let message_id = message.message_id.clone();
                self.on_message(&Arrival { exchange, link, tag, message_id }, message, at);
            }
            DuplexListenerInput::LinkBroken { link, reason } => {
                self.unlink(link, DuplexInput::LinkBroken { reason }, at);
            }
            DuplexListenerInput::LinkEnded(link) => self.unlink(link, DuplexInput::LinkEnded, at),
            DuplexListenerInput::Session { session, input } => self.on_input(session, input, at),
            DuplexListenerInput::Accept(session) => {
                self.pending.remove(&session);
            }
            DuplexListenerInput::Shutdown => self.takes_new = false,
            DuplexListenerInput::ContextLost(tag) => self.on_context_lost(&tag, at),
            DuplexListenerInput::Tick => self.on_tick(at),
        }
    }

    /// The next output.
    pub fn poll(&mut self) -> Option<DuplexListenerOutput<M>> {
        next_output(&mut self.outputs, 64, 8)
    }

    /// When to give a `Tick`, which may be the present. None: not until something else happens.
    pub fn wake_at(&self) -> Option<Time> {
        let timer = self.timers.first().map(|(at, _)| *at);
        timer.into_iter().chain(self.late.wake_at()).min()
    }

    /// One session at this moment, for a person.
    pub fn status(&self, session: &SessionId) -> Option<Status> {
        self.sessions.get(session).map(|kept| kept.session.status())
    }

    /// The live sessions, in no order.
    pub fn sessions(&self) -> impl Iterator<Item = &SessionId> {
        self.sessions.keys()
    }

    /// The connection that a session has now.
    pub fn link(&self, session: &SessionId) -> Option<LinkId> {
        self.sessions.get(session)?.link
    }

    /// Where the messages of a session go.
    pub fn remote(&self, session: &SessionId) -> Option<&EndpointReference> {
        self.sessions.get(session).map(|kept| kept.session.remote())
    }

    /// The address of the service, as the initiator of a session has named it: `ReplyTo` of what the service asks.
    pub fn local(&self, session: &SessionId) -> Option<&EndpointReference> {
        self.sessions.get(session).and_then(|kept| kept.session.local())
    }

    /// Whether a sequence is known by this name, be it one that has ended, or one that was offered.
    pub fn knows(&self, name: &Identifier) -> bool {
        self.sessions.contains_key(name)
            || self.by_back.contains_key(name)
            || self.origins.contains_key(name)
            || self.late.knows(name)
    }

    /// Bytes of memory that one session holds, without those inside the messages.
    pub fn session_memory(&self, session: &SessionId) -> Option<usize> {
        // It stands in five of the listener's tables, each with names that are shared.
        let tables = 5 * size_of::<(Time, SessionId, SessionId)>();
        self.sessions.get(session).map(|kept| kept.session.memory() + tables)
    }

    fn on_message(&mut self, arrival: &Arrival, message: Message<M>, at: &mut Moment<'_>) {
        if let Some(id) = arrival.link.and_then(|link| self.links.get(&link)).cloned() {
            if self.is_bound_to(&id, arrival.tag.as_ref()) {
                return self.give(&id, DuplexInput::Message(message), at);
            }
            // It is told what it named itself, and no more.
            return match names_in(&message).first() {
                Some(named) => self.answer(arrival, creation::unknown_sequence((*named).clone())),
                None => self.not_reliable(arrival),
            };
        }
        match message.body {
            Body::CreateSequence(ref create) => {
                self.on_create(arrival, (**create).clone(), message, at);
            }
            Body::Fault(ref fault) => {
                let named = fault.kind.identifier().and_then(|name| self.by_name(name));
                let id = named.filter(|id| self.is_bound_to(id, arrival.tag.as_ref()));
                if let Some(id) = id {
                    self.give(&id, DuplexInput::Message(message), at);
                }
            }
            // A fault that names no sequence ends the sessions of its secured context; without one it says nothing.
            Body::SoapFault(_) => {
                for id in self.contexts.bound_to(arrival.tag.as_ref()) {
                    self.give(&id, DuplexInput::Message(message.clone()), at);
                }
            }
            _ => self.on_session_message(arrival, message, at),
        }
    }

    /// A message that should name a session.
    fn on_session_message(&mut self, arrival: &Arrival, message: Message<M>, at: &mut Moment<'_>) {
        let names = names_in(&message);
        let Some(first) = names.first() else { return self.not_reliable(arrival) };
        let known = names.iter().find_map(|name| self.by_name(name));
        let Some(id) = known.filter(|id| self.is_bound_to(id, arrival.tag.as_ref())) else {
            let late = names
                .iter()
                .find_map(|name| self.late.answer(name, &message, arrival.tag.as_ref(), at.time));
            let exchange = arrival.exchange;
            return match late {
                Some(None) => {}
                Some(Some((remote, message))) => {
                    let remote = Some(remote);
                    self.outputs.push_back(DuplexListenerOutput::Answer {
                        exchange,
                        remote,
                        message,
                    });
                }
                None => self.answer(arrival, creation::unknown_sequence((*first).clone())),
            };
        };
        if self.adopt(&id, arrival.link, at) {
            self.give(&id, DuplexInput::Message(message), at);
        }
    }

    /// A session goes on over the connection that a message of it came on. False: it must not.
    fn adopt(&mut self, id: &SessionId, link: Option<LinkId>, at: &mut Moment<'_>) -> bool {
        let Some(kept) = self.sessions.get_mut(id) else { return false };
        let Some(link) = link.filter(|link| kept.link != Some(*link)) else { return true };
        if self.settings.links == Links::Bound {
            self.outputs.push_back(DuplexListenerOutput::AbortLink(link));
            return false;
        }
        if broken(Mutation::KeepOldLink) {
            return true;
        }
        let replaced = kept.link.replace(link);
        if let Some(replaced) = replaced {
            self.links.remove(&replaced);
        }
        self.links.insert(link, id.clone());
        let session = id.clone();
        self.outputs.push_back(DuplexListenerOutput::Adopted { session, link, replaced });
        self.give(id, DuplexInput::Linked, at);
        true
    }

    /// A connection is gone.
    fn unlink(&mut self, link: LinkId, input: DuplexInput<M>, at: &mut Moment<'_>) {
        let Some(id) = self.links.remove(&link) else { return };
        if let Some(kept) = self.sessions.get_mut(&id) {
            kept.link = None;
        }
        self.give(&id, input, at);
    }

    fn on_input(&mut self, session: SessionId, input: DuplexInput<M>, at: &mut Moment<'_>) {
        if self.sessions.contains_key(&session) {
            return self.give(&session, input, at);
        }
        if let DuplexInput::Send { call, .. } = input {
            self.send_failed(session, call);
        }
    }

    fn send_failed(&mut self, session: SessionId, call: CallId) {
        let error = SessionError::Aborted("the session has ended".to_owned());
        let output = DuplexOutput::CallFailed { call, number: None, error };
        self.outputs.push_back(DuplexListenerOutput::Session { session, output });
    }

    fn on_context_lost(&mut self, tag: &ContextTag, at: &mut Moment<'_>) {
        self.late.forget_context(tag);
        for id in self.contexts.bound_to(Some(tag)) {
            let reason = "its security context has ended".to_owned();
            self.give(&id, DuplexInput::SecurityLost { reason }, at);
        }
    }

    fn on_tick(&mut self, at: &mut Moment<'_>) {
        self.late.expire(at.time);
        let due = self.timers.iter().take_while(|(due, _)| *due <= at.time);
        let due: Vec<SessionId> = due.map(|(_, id)| id.clone()).collect();
        for id in due {
            self.give(&id, DuplexInput::Tick, at);
        }
    }

    /// Gives a session one input, and takes what it has to say.
    fn give(&mut self, id: &SessionId, input: DuplexInput<M>, at: &mut Moment<'_>) {
        let Some(kept) = self.sessions.get_mut(id) else { return };
        kept.session.swap_outputs(&mut self.said);
        kept.session.handle(input, at);
        let mut state = SequenceState::Open;
        while let Some(output) = kept.session.poll() {
            match output {
                DuplexOutput::Closed => state = SequenceState::Closed,
                DuplexOutput::Faulted(_) => state = SequenceState::Faulted,
                _ => {}
            }
            self.outputs.push_back(DuplexListenerOutput::Session { session: id.clone(), output });
        }
        kept.session.swap_outputs(&mut self.said);
        let wakes = kept.session.wake_at();
        if kept.wakes != wakes {
            let before = std::mem::replace(&mut kept.wakes, wakes);
            if let Some(before) = before {
                self.timers.remove(&(before, id.clone()));
            }
            if let Some(wakes) = wakes {
                self.timers.insert((wakes, id.clone()));
            }
        }
        if matches!(state, SequenceState::Closed | SequenceState::Faulted) {
            self.forget(id, state, at.time);
        }
    }

    /// A session has ended.
    fn forget(&mut self, id: &SessionId, state: SequenceState, now: Time) {
        let Some(kept) = self.sessions.remove(id) else { return };
        let Kept { mut session, origin, tag, link, .. } = *kept;
        self.origins.remove(&origin);
        self.contexts.release(tag.as_ref(), id);
        let back = session.back().cloned();
        if let Some(back) = &back {
            self.by_back.remove(back);
        }
        if let Some(link) = link {
            self.links.remove(&link);
        }
        if state == SequenceState::Faulted {
            self.pending.remove(id);
            return;
        }
        let remote = session.remote().clone();
        let Some(acknowledgement) = session.acknowledgement() else { return };
        let is_11 = self.version == ReliableMessagingVersion::V11;
        let until = now + self.settings.reliable.inactivity_timeout;
        let farewell = session.farewell();
        self.late.add(Ended { back, tag, remote, acknowledgement, farewell, is_11, until });
    }

    /// The session that is known by a name.
    fn by_name(&self, name: &Identifier) -> Option<SessionId> {
        match self.sessions.contains_key(name) {
            true => Some(name.clone()),
            false => self.by_back.get(name).cloned(),
        }
    }

    /// Whether a session is bound to the context that a message came in by.
    fn is_bound_to(&self, id: &SessionId, tag: Option<&ContextTag>) -> bool {
        let bound = self.sessions.get(id).map(|kept| kept.tag.as_ref());
        bound == Some(tag) || broken(Mutation::IgnoreContext)
    }

    /// Only sequences are served here.
    fn not_reliable(&mut self, arrival: &Arrival) {
        let kind = match self.version {
            ReliableMessagingVersion::February2005 => FaultKind::ActionNotSupported(String::new()),
            ReliableMessagingVersion::V11 => FaultKind::WsrmRequired,
        };
        let reason = "only messages of a reliable session are processed here";
        self.answer(arrival, SequenceFault::sender(kind, reason));
    }

    /// A message that belongs to no session is answered with a fault.
    fn answer(&mut self, arrival: &Arrival, fault: SequenceFault) {
        let mut message = Message::new(Body::Fault(Box::new(fault)));
        message.relates_to.clone_from(&arrival.message_id);
        let exchange = arrival.exchange;
        self.outputs.push_back(DuplexListenerOutput::Answer { exchange, remote: None, message });
    }
}

/// The identifiers in a message, that of its acknowledgement first: which WCF complains of.
fn names_in<M>(message: &Message<M>) -> Vec<&Identifier> {
    let headers = &message.headers;
    let of_body = match &message.body {
        Body::CloseSequence(shutdown) | Body::TerminateSequence(shutdown) => {
            Some(&shutdown.identifier)
        }
        Body::CloseSequenceResponse(id) | Body::TerminateSequenceResponse(id) => Some(id),
        _ => None,
    };
    let acknowledged = headers.acknowledgement.as_ref().map(|a| &a.identifier);
    let sequence = headers.sequence.as_ref().map(|s| &s.identifier);
    [acknowledged, sequence, of_body, headers.ack_requested.as_ref()]
        .into_iter()
        .flatten()
        .collect()
}
