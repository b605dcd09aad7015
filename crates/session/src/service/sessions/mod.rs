//! The sessions of one endpoint, as decisions: which are accepted, what is executed when and by which instance, what is
//! answered, and what ends.
//!
//! The engine's shape is that of the others: [`ServiceSessions::handle`], then drain [`ServiceSessions::poll`], and a
//! `Tick` at [`ServiceSessions::wake_at`]. Places of the host (`serviceThrottling`) are wanted and given back by outputs,
//! which the owner brings to the host's [`Admission`](super::Admission); everything waits in the engine until it is
//! granted. What waits is bounded: by the window of each sequence, by `maxPendingChannels`, and outside of reliable
//! sessions by the exchanges of the transport, since a call that nobody waits for is forgotten
//! ([`ServiceInput::Abandoned`]) but for the two that begin and end its session.
//!
//! `calls` is the way of one call, `state` what is known, `api` the vocabulary.

mod api;
mod calls;
#[cfg(test)]
mod context_tests;
#[cfg(test)]
mod demarcation_tests;
mod durable;
#[cfg(test)]
mod durable_tests;
mod let_go;
mod state;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashMap;
use waxwing_reliable::{
    Body, ExchangeId, Identifier, Listener, ListenerInput, ListenerOutput, SessionError, SessionId,
    SettingsError, next_output,
};
use waxwing_security::conversation::SecuritySession;
use waxwing_soap::{Moment, Time};

pub use self::api::{Execution, ServiceInput, ServiceOutput};
use self::durable::Durability;
use self::let_go::LetGo;
use self::state::{Call, Instance, InstanceStage, Kept, Session, Source, Stage};
use super::demarcation::{Course, Demarcation};
use super::modes::DispatchModes;
use super::names::{DispatchId, InstanceId, Place};
use super::response::{Said, ServiceResponse};
use super::settings::ServiceSettings;
use super::verified::{Carried, VerifiedMessage, VerifiedRequest, sender_of};
use crate::mutation::{Mutation, broken};

/// How long after a look a session that is busy is looked at again, at least.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// All sessions of one endpoint, and its calls outside of sessions.
#[derive(Debug)]
pub struct ServiceSessions {
    modes: DispatchModes,
    demarcation: Demarcation,
    receive_timeout: Duration,
    /// The sequences; none at an endpoint without reliable sessions.
    listener: Option<Listener<Carried>>,
    /// By names that this end has made, of random identifiers.
    /// Each by itself: up to half of a table is empty.
    sessions: FxHashMap<SessionId, Box<Session>>,
    /// Sessions by the numbers that the host's admission knows them by.
    numbered: FxHashMap<u64, SessionId>,
    calls: FxHashMap<DispatchId, Call>,
    /// Calls outside of reliable sessions.
    exchanges: FxHashMap<ExchangeId, DispatchId>,
    /// How many of those run.
    alone: usize,
    instances: FxHashMap<InstanceId, Instance>,
    /// When sessions may have been idle for too long; one that has not is put back with its true time.
    idle: BTreeSet<(Time, SessionId)>,
    is_shut: bool,
    durability: Durability,
    /// Durable sessions of which something is kept.
    kept: HashMap<SessionId, Kept>,
    /// Durable sessions that were let go a moment ago.
    let_go: LetGo,
    /// How many calls run of former lives of durable sessions.
    orphans: HashMap<SessionId, usize>,
    /// Durable sessions are being let go.
    is_suspended: bool,
    /// The last number that was given to a session, a call or an instance.
    numbers: u64,
    outputs: VecDeque<ServiceOutput>,
}

impl ServiceSessions {
    /// An endpoint without sessions.
    ///
    /// # Errors
    /// A setting of the reliable session is out of its range.
    pub fn new(settings: &ServiceSettings, modes: DispatchModes) -> Result<Self, SettingsError> {
        let listener = match &settings.reliable {
            None => None,
            Some((version, shape, reliable)) => {
                Some(Listener::new(*version, *shape, reliable.clone())?)
            }
        };
        Ok(Self {
            modes,
            demarcation: Demarcation::default(),
            receive_timeout: settings.receive_timeout,
            listener,
            sessions: FxHashMap::default(),
            numbered: FxHashMap::default(),
            calls: FxHashMap::default(),
            exchanges: FxHashMap::default(),
            alone: 0,
            instances: FxHashMap::default(),
            idle: BTreeSet::new(),
            is_shut: false,
            durability: Durability::of(settings),
            kept: HashMap::new(),
            let_go: LetGo::default(),
            orphans: HashMap::new(),
            is_suspended: false,
            numbers: 0,
            outputs: VecDeque::new(),
        })
    }

    /// The same whose operations have their places in a session.
    #[must_use]
    pub fn demarcated(mut self, demarcation: Demarcation) -> Self {
        self.demarcation = demarcation;
        self
    }

    /// Takes one input. Then drain [`poll`](Self::poll). Inputs about what is gone are ignored, except that every
    /// exchange is answered.
    pub fn handle(&mut self, input: ServiceInput, at: &mut Moment<'_>) {
        match input {
            ServiceInput::Arrived { exchange, message } => self.arrived(exchange, message, at),
            ServiceInput::Connected(session) => {
                if !self.sessions.contains_key(&session) {
                    self.created(session, None, at.time);
                }
            }
            ServiceInput::Abandoned(exchange) => self.abandoned(exchange, at),
            ServiceInput::Granted(place) => self.granted(place, at),
            ServiceInput::Made(instance) => self.instance_is(instance, InstanceStage::Made),
            ServiceInput::Unmade(instance) => self.unmade(instance),
            ServiceInput::Released(instance) => self.free_instance(instance),
            ServiceInput::Finished { call, reply } => self.finished(call, Some(reply), at),
            ServiceInput::GivenUp(call) => self.finished(call, None, at),
            ServiceInput::CallsOut(call) => self.calls_out(call, at),
            ServiceInput::Returns(call) => self.returns(call, at),
            ServiceInput::ContextLost(identifier) => self.context_lost(identifier, at),
            ServiceInput::Faulted { session, error } => {
                if self.sessions.contains_key(&session) {
                    self.outputs
                        .push_back(ServiceOutput::Failed { session: session.clone(), error });
                    self.no_more(&session, at);
                }
            }
            ServiceInput::Shutdown => {
                self.is_shut = true;
                self.sequences(ListenerInput::Shutdown, at);
            }
            ServiceInput::AbortAll { reason } => self.abort_all(&reason, at),
            ServiceInput::Suspend => self.suspend(at),
            ServiceInput::Persisted { session, ticket } => self.persisted(session, ticket, at),
            ServiceInput::Restore { saved, security, messages } => {
                self.restore(*saved, security, messages, at);
            }
            ServiceInput::Discard(session) => self.discard(session, at),
            ServiceInput::Tick => {
                self.let_go.expire(at.time);
                self.sequences(ListenerInput::Tick, at);
                self.end_idle(at);
            }
        }
        self.drain(None, at);
    }

    /// The next output.
    pub fn poll(&mut self) -> Option<ServiceOutput> {
        next_output(&mut self.outputs, 64, 8)
    }

    /// When to give a `Tick`. None: not until something else happens.
    pub fn wake_at(&self) -> Option<Time> {
        let idle = self.idle.first().map(|(at, _)| *at).into_iter().chain(self.let_go.wake_at());
        idle.chain(self.listener.as_ref().and_then(Listener::wake_at)).min()
    }

    /// How many sessions wait to be accepted.
    pub fn waiting_count(&self) -> usize {
        self.sessions.values().filter(|session| !session.is_accepted).count()
    }

    /// How many sessions there are, those that wait to be accepted included.
    pub fn session_count(&self) -> usize {
        self.sessions.len()
    }

    /// How many calls outside of reliable sessions run.
    pub fn running_alone(&self) -> usize {
        self.alone
    }

    /// How many calls there are, those that wait included.
    pub fn call_count(&self) -> usize {
        self.calls.len()
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    fn answer(&mut self, exchange: ExchangeId, said: Said) {
        let response = ServiceResponse(said);
        self.outputs.push_back(ServiceOutput::Answer { exchange, response });
    }

    fn sequences(&mut self, input: ListenerInput<Carried>, at: &mut Moment<'_>) {
        if let Some(listener) = &mut self.listener {
            listener.handle(input, at);
        }
    }

    fn arrived(&mut self, exchange: ExchangeId, arrived: VerifiedMessage, at: &mut Moment<'_>) {
        let VerifiedMessage { message, tag, security, caller, looked_at } = arrived;
        if self.is_suspended || self.let_go.is_named_by(&message, looked_at, at.time) {
            // Its sender comes again: here when the session is loaded, or elsewhere.
            return self.outputs.push_back(ServiceOutput::Abandon(exchange));
        }
        if let Some(listener) = &mut self.listener {
            let sender = || sender_of(&caller).filter(|_| !broken(Mutation::IgnoreSender));
            let tag = tag.or_else(sender);
            let message = *message;
            listener.handle(ListenerInput::Request { exchange, message, tag }, at);
            return self.drain(security.as_ref(), at);
        }
        let Body::Application(Carried::Request(request)) = message.body else {
            // Without reliable session the endpoint makes no other messages.
            return self.answer(exchange, Said::NoAnswer);
        };
        let source = Source::Exchange(exchange);
        match tag {
            None if self.is_shut => self.answer(exchange, Said::Unavailable),
            None => {
                let call = self.new_call(None, source, request);
                self.give_instance(call);
            }
            Some(session) => {
                if !self.sessions.contains_key(&session) {
                    self.created(session.clone(), None, at.time);
                }
                self.take(&session, source, request, at);
            }
        }
    }

    /// Does what the sequences want done, until they want nothing. `security` is the session of the message that is
    /// being handled.
    fn drain(&mut self, security: Option<&SecuritySession>, at: &mut Moment<'_>) {
        while let Some(output) = self.listener.as_mut().and_then(Listener::poll) {
            match output {
                ListenerOutput::Transmit { route, response } => {
                    self.answer(route.exchange(), Said::Reliable(response));
                }
                ListenerOutput::Persist { session, ticket, change } => {
                    self.persist(session, ticket, *change, security);
                }
                ListenerOutput::Forget(session) => self.forget(session),
                ListenerOutput::Busy(exchange) => self.answer(exchange, Said::TooManyWait),
                ListenerOutput::Abandon(exchange) => {
                    self.outputs.push_back(ServiceOutput::Abandon(exchange));
                }
                ListenerOutput::Created { session, .. } => {
                    let security = match self.kept.get(&session) {
                        Some(kept) => kept.security.clone(),
                        None => security.cloned(),
                    };
                    self.created(session, security, at.time);
                }
                ListenerOutput::Deliver { session, number, message } => {
                    if let Carried::Request(request) = message {
                        self.take(&session, Source::Sequence(number), request, at);
                    }
                }
                ListenerOutput::EndOfMessages(session) => {
                    self.sequences(ListenerInput::Close(session), at);
                }
                ListenerOutput::Closed(session) => {
                    if let Some(security) = self.security_of(&session) {
                        // Its client cancels it; the cancellation may be lost.
                        self.outputs.push_back(ServiceOutput::ReleaseSecurity(security));
                    }
                    self.closed(&session, at);
                }
                ListenerOutput::Faulted { session, error } => self.failed(&session, error, at),
                ListenerOutput::Event { session, event } => {
                    self.outputs.push_back(ServiceOutput::Event { session, event });
                }
            }
        }
    }

    fn security_of(&mut self, session: &SessionId) -> Option<SecuritySession> {
        self.sessions.get_mut(session).and_then(|session| session.security.take())
    }

    /// A session is there, and wants a place of the host.
    fn created(&mut self, id: SessionId, security: Option<SecuritySession>, now: Time) {
        self.outputs.push_back(ServiceOutput::Created(id.clone()));
        self.begin(id, security, now);
    }

    fn begin(&mut self, id: SessionId, security: Option<SecuritySession>, now: Time) {
        let (number, idle_at) = (self.number(), now + self.receive_timeout);
        let session = Session {
            number,
            is_accepted: false,
            is_closed: false,
            security,
            queue: VecDeque::new(),
            under_way: Vec::new(),
            returning: VecDeque::new(),
            instance: None,
            heard_at: now,
            idle_at,
            course: Course::default(),
            over_at: None,
        };
        self.sessions.insert(id.clone(), Box::new(session));
        self.numbered.insert(number, id.clone());
        self.idle.insert((idle_at, id));
        self.outputs.push_back(ServiceOutput::Want(Place::Session(number)));
    }

    /// A message of the application, which is a call.
    fn take(
        &mut self,
        id: &SessionId,
        source: Source,
        request: Arc<VerifiedRequest>,
        at: &mut Moment<'_>,
    ) {
        if let Some(session) = self.sessions.get_mut(id) {
            session.heard_at = at.time;
            self.new_call(Some(id), source, request);
            self.advance(id, at);
        }
    }

    fn granted(&mut self, place: Place, at: &mut Moment<'_>) {
        match place {
            Place::Session(number) => {
                let Some(id) = self.numbered.get(&number).cloned() else { return };
                let Some(session) = self.sessions.get_mut(&id) else { return };
                session.is_accepted = true;
                self.sequences(ListenerInput::Accept(id.clone()), at);
                self.outputs.push_back(ServiceOutput::Accepted(id.clone()));
                self.advance(&id, at);
            }
            Place::Instance(instance) => self.instance_is(instance, InstanceStage::Unmade),
            Place::Call { call, .. } => self.execute(call, at),
            Place::Turn(_) => {}
        }
    }

    /// No more messages of a session come.
    fn closed(&mut self, id: &SessionId, at: &mut Moment<'_>) {
        if self.sessions.contains_key(id) {
            self.outputs.push_back(ServiceOutput::Closed(id.clone()));
            self.no_more(id, at);
        }
    }

    /// What has come of a session is executed, and then nothing is left of it.
    fn no_more(&mut self, id: &SessionId, at: &mut Moment<'_>) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        session.is_closed = true;
        if broken(Mutation::LoseQueue) {
            session.queue.clear();
        }
        self.advance(id, at);
    }

    /// A session has failed: what has not begun is not executed any more, but for what a durable one has acknowledged.
    fn failed(&mut self, id: &SessionId, error: SessionError, at: &mut Moment<'_>) {
        if let Some(security) = self.security_of(id) {
            self.outputs.push_back(ServiceOutput::EndSecurity(security));
        }
        self.outputs.push_back(ServiceOutput::Failed { session: id.clone(), error });
        match (self.durability, self.sessions.get_mut(id)) {
            (Durability::Received, Some(session)) => {
                session.is_closed = true;
                self.advance(id, at);
            }
            _ => self.give_up(id, at),
        }
    }

    fn give_up(&mut self, id: &SessionId, at: &mut Moment<'_>) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        let queued = std::mem::take(&mut session.queue);
        let begun = std::mem::take(&mut session.under_way);
        for call in queued.into_iter().chain(begun) {
            if self.calls.get(&call).is_some_and(|call| call.stage != Stage::Running)
                && let Some(exchange) = self.withdraw(call)
            {
                self.answer(exchange, Said::NoAnswer);
            }
        }
        self.gone(id, at);
    }

    fn gone(&mut self, id: &SessionId, at: &mut Moment<'_>) {
        let Some(session) = self.sessions.remove(id) else { return };
        // Nobody runs beside them any more.
        for call in session.returning {
            self.outputs.push_back(ServiceOutput::Resume(call));
        }
        self.numbered.remove(&session.number);
        self.idle.remove(&(session.idle_at, id.clone()));
        // It does not wait to be accepted any more.
        if !broken(Mutation::ForgetAccept) {
            self.sequences(ListenerInput::Accept(id.clone()), at);
        }
        if let Some(instance) = session.instance {
            self.leave_for_good(instance);
        }
        if !broken(Mutation::ForgetPlace) {
            self.outputs.push_back(ServiceOutput::Free(Place::Session(session.number)));
        }
        self.outputs.push_back(ServiceOutput::Gone(id.clone()));
    }

    fn context_lost(&mut self, identifier: Identifier, at: &mut Moment<'_>) {
        match self.listener {
            Some(_) => self.sequences(ListenerInput::ContextLost(identifier), at),
            None => self.closed(&identifier, at),
        }
    }

    fn abort_all(&mut self, reason: &str, at: &mut Moment<'_>) {
        let mut sessions: Vec<_> = self.sessions.keys().cloned().collect();
        // The order of a map is not the same in every run.
        sessions.sort_unstable();
        for session in sessions {
            if self.listener.is_none() {
                self.closed(&session, at);
                continue;
            }
            self.abort(&session, reason, at);
        }
    }

    /// Ends a reliable session.
    fn abort(&mut self, id: &SessionId, reason: &str, at: &mut Moment<'_>) {
        let (session, reason) = (id.clone(), reason.to_owned());
        self.sequences(ListenerInput::Abort { session, reason: reason.clone() }, at);
        self.drain(None, at);
        if self.durability != Durability::Received && self.sessions.contains_key(id) {
            // One that was closed already is the listener's no more; its messages wait to be executed.
            self.failed(id, SessionError::Aborted(reason), at);
        }
    }

    /// The last operation of a session was executed: its client closes it, or it ends by itself.
    fn end_soon(&mut self, id: &SessionId, now: Time) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        let over_at = now + self.demarcation.patience;
        session.over_at = Some(over_at);
        if over_at < session.idle_at {
            self.idle.remove(&(session.idle_at, id.clone()));
            session.idle_at = over_at;
            self.idle.insert((over_at, id.clone()));
        }
    }

    /// Ends the sessions of which no message of the application has come, and no call was executed, for
    /// `receiveTimeout`; and those that are over and were not closed.
    fn end_idle(&mut self, at: &mut Moment<'_>) {
        let now = at.time;
        while let Some((due, id)) = self.idle.first().filter(|(due, _)| *due <= now).cloned() {
            self.idle.remove(&(due, id.clone()));
            let Some(session) = self.sessions.get_mut(&id) else { continue };
            let is_busy = session.is_busy();
            let since = if is_busy { now } else { session.heard_at };
            let idle_at = since + self.receive_timeout;
            let idle_at = session.over_at.map_or(idle_at, |over_at| over_at.min(idle_at));
            if is_busy || idle_at > now {
                session.idle_at = idle_at.max(now + LOOK_AGAIN);
                let idle_at = session.idle_at;
                self.idle.insert((idle_at, id));
                continue;
            }
            let reason = match session.over_at {
                Some(_) => format!(
                    "its last operation was executed (IsTerminating), and it was not closed for {:?} (closeTimeout)",
                    self.demarcation.patience
                ),
                None => format!(
                    "nothing of the application has come for {:?} (receiveTimeout)",
                    self.receive_timeout
                ),
            };
            match self.listener {
                Some(_) => self.abort(&id, &reason, at),
                // The security below counts in the same way.
                None => self.failed(&id, SessionError::Aborted(reason), at),
            }
        }
    }
}
