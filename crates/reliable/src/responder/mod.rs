//! The responder: the service's end, all sessions of one listening address.
//!
//! `create` makes sessions, `receive` takes messages of a sequence and answers them, `shutdown` ends sequences, `linger`
//! remembers those that ended. `durable` keeps them (`journal`: what has changed, `outputs`: what waits for it, `over`:
//! what is kept of those that ended). This file finds the session that a message is for.

mod api;
mod create;
mod durable;
mod journal;
mod linger;
mod outputs;
mod over;
mod receive;
mod session;
mod shutdown;

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

pub use api::{ListenerInput, ListenerOutput};

use self::linger::Lingering;
use self::outputs::Outputs;
use self::over::Over;
use self::session::{Ending, Farewell, Rules, Session};
use crate::contexts::Contexts;
use crate::creation;
use crate::error::SessionError;
use crate::event::{Event, SequenceState, Status};
use crate::fault::{FaultKind, SequenceFault};
use crate::message::{Body, Message};
use crate::mutation::{Mutation, broken};
use crate::names::{ContextTag, Identifier, SessionId};
use crate::saved::SavedService;
use crate::settings::{ReliableSessionSettings, SettingsError};
use crate::shape::{Shape, Waiter};
use crate::version::ReliableMessagingVersion;
use waxwing_soap::{Moment, Time};

/// All sessions of one listening address. `M` is cloned for every repetition of a reply.
#[derive(Debug)]
pub struct Listener<M> {
    rules: Rules,
    settings: ReliableSessionSettings,
    /// By names that this end has made: nobody chooses what collides. Each by itself: of the room that a table has for its
    /// values a third is empty, and thousands of sessions rest.
    sessions: FxHashMap<SessionId, Box<Session<M>>>,
    /// Sessions by the identifier that the initiator gave: of the return sequence, or, without one, of
    /// its CreateSequence.
    origins: BTreeMap<Identifier, SessionId>,
    contexts: Contexts,
    /// When sessions may have gone silent; a session that has not is put back with its true time.
    silence: BTreeSet<(Time, SessionId)>,
    /// Sessions that the service has not accepted, with those that were closed before.
    pending: BTreeSet<SessionId>,
    intake: Intake,
    lingering: Lingering,
    over: Over<M>,
    outputs: Outputs<M>,
}

/// Whether new sessions are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Intake {
    Open,
    /// The service is closing.
    Shut,
}

impl<M: Clone> Listener<M> {
    /// A listener without sessions.
    ///
    /// # Errors
    ///
    /// A setting is out of its range.
    pub fn new(
        version: ReliableMessagingVersion,
        shape: Shape,
        settings: ReliableSessionSettings,
    ) -> Result<Self, SettingsError> {
        settings.validate()?;
        Ok(Self {
            rules: Rules::new(version, shape, &settings),
            settings,
            sessions: FxHashMap::default(),
            origins: BTreeMap::new(),
            contexts: Contexts::default(),
            silence: BTreeSet::new(),
            pending: BTreeSet::new(),
            intake: Intake::Open,
            lingering: Lingering::default(),
            over: Over::default(),
            outputs: Outputs::new(),
        })
    }

    /// Takes one input. Then drain [`poll`](Self::poll). Inputs for sessions that have ended are ignored,
    /// except that every request is answered.
    pub fn handle(&mut self, input: ListenerInput<M>, at: &mut Moment<'_>) {
        let now = at.time;
        let mark = self.outputs.mark();
        match input {
            ListenerInput::Request { exchange, message, tag } => {
                let waiter = Waiter { exchange, message_id: message.message_id.clone() };
                self.on_request(waiter, message, tag, at);
            }
            ListenerInput::Accept(session) => {
                self.pending.remove(&session);
            }
            ListenerInput::Taken { session, number } => {
                if let Some(session) = self.sessions.get_mut(&session) {
                    session.destination.taken(number);
                }
            }
            ListenerInput::Done { session, number, reply } => {
                match self.sessions.get_mut(&session) {
                    Some(found) => {
                        found.done(number, reply, &mut self.outputs);
                        self.settle(&session, mark);
                    }
                    None => self.executed_afterwards(&session, number, now),
                }
            }
            ListenerInput::Close(session) => {
                if let Some(found) = self.sessions.get_mut(&session) {
                    found.close(&mut self.outputs);
                    self.settle(&session, mark);
                }
            }
            ListenerInput::Shutdown => self.intake = Intake::Shut,
            ListenerInput::Abort { session, reason } => {
                let kind = FaultKind::SequenceTerminated(session.clone());
                let fault = SequenceFault::receiver(kind, reason.clone());
                let error = SessionError::Aborted(reason);
                self.end(&session, Ending::Faulted(error, Farewell::Fault(fault)), mark, now);
            }
            ListenerInput::ContextLost(tag) => self.on_context_lost(&tag, now),
            ListenerInput::Persisted { session, ticket } => {
                self.outputs.persisted(&session, ticket);
            }
            ListenerInput::Restore { saved, messages } => self.restore(*saved, messages, now),
            ListenerInput::Discard(session) => self.discard(&session),
            ListenerInput::Tick => self.on_tick(now),
        }
    }

    /// The next output.
    pub fn poll(&mut self) -> Option<ListenerOutput<M>> {
        self.outputs.poll()
    }

    /// When to give a `Tick`. None: not until something else happens.
    pub fn wake_at(&self) -> Option<Time> {
        let silence = self.silence.first().map(|(at, _)| *at);
        silence.into_iter().chain(self.lingering.wake_at()).chain(self.over.wake_at()).min()
    }

    /// One session at this moment, for a person.
    pub fn status(&self, session: &SessionId) -> Option<Status> {
        self.sessions.get(session).map(|session| session.status())
    }

    /// What would be kept of a session at this moment. None: there is no such session, or it has ended.
    pub fn saved(&self, session: &SessionId) -> Option<SavedService<M>> {
        self.sessions.get(session).map(|session| *session.saved())
    }

    /// The live sessions, in no order.
    pub fn sessions(&self) -> impl Iterator<Item = &SessionId> {
        self.sessions.keys()
    }

    /// Whether a sequence is known by this name, be it one that has ended, or one that was offered for it.
    pub fn knows(&self, name: &Identifier) -> bool {
        self.sessions.contains_key(name)
            || self.origins.contains_key(name)
            || self.over.contains(name)
            || self.lingering.knows(name)
    }

    /// Bytes of memory that one session holds, without those inside the messages.
    pub fn session_memory(&self, session: &SessionId) -> Option<usize> {
        // It stands in four of the listener's tables, each with names that are shared.
        let tables = 4 * size_of::<(Time, SessionId, SessionId)>();
        self.sessions.get(session).map(|s| s.memory() + tables)
    }

    fn on_request(
        &mut self,
        waiter: Waiter,
        message: Message<M>,
        tag: Option<ContextTag>,
        at: &mut Moment<'_>,
    ) {
        let now = at.time;
        match message.body {
            Body::CreateSequence(create) => {
                let headers = message.headers;
                self.on_create(&waiter, *create, &headers, tag, at);
            }
            Body::Fault(ref fault) => {
                let fault = (**fault).clone();
                self.on_posted_fault(&waiter, fault, tag.as_ref(), now);
            }
            Body::SoapFault(ref fault) => {
                let error = SessionError::PeerSoapFault(fault.clone());
                self.on_posted_soap_fault(&waiter, error, tag.as_ref(), now);
            }
            _ => self.on_session_message(waiter, message, tag.as_ref(), now),
        }
    }

    fn on_session_message(
        &mut self,
        waiter: Waiter,
        message: Message<M>,
        tag: Option<&ContextTag>,
        now: Time,
    ) {
        let mark = self.outputs.mark();
        let id = match self.find(&message, tag) {
            Found::Session(id) => id,
            Found::Nothing => return self.not_reliable(&waiter),
            Found::Unknown(id) => return self.unknown(&waiter, &message, id, tag, now),
            Found::Mixed(id, stranger) => {
                let fault = creation::unknown_sequence(stranger);
                self.outputs.fault(&waiter, fault.clone());
                let error = SessionError::Protocol(fault.clone());
                let ending = Ending::Faulted(error, Farewell::Fault(fault));
                return self.end(&id, ending, mark, now);
            }
        };
        let Some(session) = self.sessions.get_mut(&id) else { return };
        session.heard_at = now;
        match session.receive(waiter, message, &mut self.outputs) {
            Some(ending) => self.end(&id, ending, mark, now),
            None => self.settle(&id, mark),
        }
    }

    /// The session that a message is for, by every identifier in it.
    fn find(&self, message: &Message<M>, tag: Option<&ContextTag>) -> Found {
        let headers = &message.headers;
        let of_body = match &message.body {
            Body::CloseSequence(shutdown) | Body::TerminateSequence(shutdown) => {
                Some(&shutdown.identifier)
            }
            Body::CloseSequenceResponse(id) | Body::TerminateSequenceResponse(id) => Some(id),
            _ => None,
        };
        let forward = [headers.sequence.as_ref().map(|s| &s.identifier), of_body];
        let mut forward = forward.into_iter().flatten().chain(&headers.ack_requested);
        let back = headers.acknowledgement.as_ref().map(|a| &a.identifier);
        let is_ours = |s: &&Session<M>| s.tag.as_ref() == tag || broken(Mutation::IgnoreContext);
        let Some(first) = forward.next() else {
            let Some(back) = back else { return Found::Nothing };
            let session = self.by_back(back).filter(is_ours);
            return match session {
                Some(session) => Found::Session(session.id().clone()),
                None => Found::Unknown(back.clone()),
            };
        };
        let Some(session) = self.sessions.get(first).map(|s| &**s).filter(is_ours) else {
            // WCF names the identifier of the acknowledgement when there is one.
            return Found::Unknown(back.unwrap_or(first).clone());
        };
        if let Some(other) = forward.find(|id| *id != first) {
            return Found::Mixed(session.id().clone(), other.clone());
        }
        match back.filter(|id| session.back() != Some(id)) {
            Some(stranger) => Found::Mixed(session.id().clone(), stranger.clone()),
            None => Found::Session(session.id().clone()),
        }
    }

    fn by_back(&self, back: &Identifier) -> Option<&Session<M>> {
        let session = &**self.sessions.get(self.origins.get(back)?)?;
        Some(session).filter(|s| s.back() == Some(back))
    }

    fn unknown(
        &mut self,
        waiter: &Waiter,
        message: &Message<M>,
        id: Identifier,
        tag: Option<&ContextTag>,
        now: Time,
    ) {
        if let Some((ended, answer)) = self.lingering.answer(message, tag, now) {
            let mark = self.outputs.mark();
            self.outputs.message(waiter, answer);
            return self.settle(&ended, mark);
        }
        if self.lingering.takes(message, tag, now) {
            return self.outputs.accepted(waiter);
        }
        self.outputs.fault(waiter, creation::unknown_sequence(id));
    }

    /// Only sequences are served here.
    fn not_reliable(&mut self, waiter: &Waiter) {
        let kind = match self.rules.version {
            ReliableMessagingVersion::February2005 => FaultKind::ActionNotSupported(String::new()),
            ReliableMessagingVersion::V11 => FaultKind::WsrmRequired,
        };
        let reason = "only messages of a reliable session are processed here";
        self.outputs.fault(waiter, SequenceFault::sender(kind, reason));
    }

    /// The initiator has given up and says so on an exchange of its own, which is answered with nothing.
    fn on_posted_fault(
        &mut self,
        waiter: &Waiter,
        fault: SequenceFault,
        tag: Option<&ContextTag>,
        now: Time,
    ) {
        let mark = self.outputs.mark();
        self.outputs.accepted(waiter);
        let named = fault.kind.identifier();
        let session = named.and_then(|id| match self.sessions.get(id) {
            Some(session) => Some(&**session),
            None => self.by_back(id),
        });
        let session = session.filter(|s| s.tag.as_ref() == tag).map(|s| s.id().clone());
        if let Some(id) = session {
            let ending = Ending::Faulted(SessionError::Peer(fault), Farewell::Silence);
            self.end(&id, ending, mark, now);
        }
    }

    /// A fault that names no sequence ends the sessions of its secured context; without one it says nothing.
    fn on_posted_soap_fault(
        &mut self,
        waiter: &Waiter,
        error: SessionError,
        tag: Option<&ContextTag>,
        now: Time,
    ) {
        self.outputs.accepted(waiter);
        for id in self.contexts.bound_to(tag) {
            let mark = self.outputs.mark();
            self.end(&id, Ending::Faulted(error.clone(), Farewell::Silence), mark, now);
        }
    }

    fn on_context_lost(&mut self, tag: &ContextTag, now: Time) {
        self.lingering.forget_context(tag);
        self.over.forget_context(tag, now);
        self.forget_what_is_over(now);
        for id in self.contexts.bound_to(Some(tag)) {
            // Only TerminateSequence is missing, which may be lost: what was acknowledged is to be executed.
            let is_over = self.sessions.get(&id).is_some_and(|session| session.is_over());
            let lost = || SessionError::SecurityLost("its security context has ended".to_owned());
            let ending = match is_over {
                true => Ending::Closed,
                false => Ending::Faulted(lost(), Farewell::Silence),
            };
            let mark = self.outputs.mark();
            self.end(&id, ending, mark, now);
        }
    }

    fn on_tick(&mut self, now: Time) {
        self.lingering.expire(now);
        self.forget_what_is_over(now);
        while let Some((at, id)) = self.silence.first().filter(|(at, _)| *at <= now).cloned() {
            self.silence.remove(&(at, id.clone()));
            let Some(session) = self.sessions.get_mut(&id) else { continue };
            let gone_at = session.heard_at + self.settings.inactivity_timeout;
            if gone_at > now {
                session.silent_from = gone_at;
                self.silence.insert((gone_at, id));
            } else if !broken(Mutation::NoInactivity) {
                let kind = FaultKind::SequenceTerminated(id.clone());
                let reason = "the inactivity timeout has passed without a message";
                let fault = SequenceFault::receiver(kind, reason);
                let error = SessionError::Inactivity(self.settings.inactivity_timeout);
                let mark = self.outputs.mark();
                self.end(&id, Ending::Faulted(error, Farewell::Fault(fault)), mark, now);
            }
        }
    }

    /// Takes a session out; who waits for a response is answered. What was said since `mark` is of the session.
    fn end(&mut self, id: &SessionId, ending: Ending, mark: usize, now: Time) {
        let Some(session) = self.sessions.remove(id) else { return };
        self.origins.remove(&session.origin);
        self.contexts.release(session.tag.as_ref(), id);
        self.silence.remove(&(session.silent_from, id.clone()));
        for waiter in session.waiters() {
            match &ending {
                Ending::Faulted(_, Farewell::Fault(fault)) => {
                    let mut message = Message::new(Body::Fault(Box::new(fault.clone())));
                    message.relates_to.clone_from(&waiter.message_id);
                    message.headers.acknowledgement = session.final_acknowledgement();
                    self.outputs.message(waiter, message);
                }
                _ => self.outputs.accepted(waiter),
            }
        }
        let until = now + self.settings.inactivity_timeout;
        let is_closed = matches!(ending, Ending::Closed);
        let (state, last) = match ending {
            Ending::Closed => {
                self.lingering.add(&session, until);
                (SequenceState::Closed, ListenerOutput::Closed(id.clone()))
            }
            Ending::Faulted(error, _) => {
                self.pending.remove(id);
                let last = ListenerOutput::Faulted { session: id.clone(), error };
                (SequenceState::Faulted, last)
            }
        };
        self.outputs.event(id, Event::State(state));
        self.outputs.push(last);
        if self.settings.durable {
            self.end_durable(*session, is_closed.then_some(until), now);
            self.settle(id, mark);
            self.forget_what_is_over(now);
        }
    }
}

/// Where a message belongs.
enum Found {
    Session(SessionId),
    /// It names none of ours; this is the identifier to complain about.
    Unknown(Identifier),
    /// It names a session of ours, and something else.
    Mixed(SessionId, Identifier),
    /// It names nothing.
    Nothing,
}
