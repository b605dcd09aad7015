//! The reliable sessions of an endpoint, their instances and the calls that wait.
//!
//! The engines are pure: [`Listener`] has the sequences, [`Backlog`] what is to be executed, the host's
//! [`Throttle`](super::throttle::Throttle) who is accepted. This file drives them under one lock. What belongs to users
//! (instances, operations) is touched after the lock is released.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::{Notify, oneshot};
use waxwing_reliable::{
    ExchangeId, Identifier, Listener, ListenerInput, ListenerOutput, MessageNumber,
    ReliableMessagingVersion, ReliableSessionSettings, Response, SessionId, SettingsError, Shape,
    Time,
};
use waxwing_security::conversation::SecuritySession;
use waxwing_session::{AppMessage, ArrivedMessage, Backlog, BacklogInput, BacklogOutput, Encoded};
use waxwing_soap::Moment;

use super::direct::Instance;
use super::endpoint::{Counters, Endpoint, caller_of};
use crate::contract::Caller;
use crate::environment::{Clock, SystemRandom};
use crate::log::Cut;

/// The reliable sessions of one endpoint.
pub(super) struct ReliableSessions {
    state: Mutex<State>,
    timer: Notify,
}

struct State {
    listener: Listener<AppMessage>,
    backlog: Backlog<AppMessage>,
    waiting: HashMap<ExchangeId, oneshot::Sender<Response<AppMessage>>>,
    sessions: HashMap<SessionId, Session>,
    /// Sessions that are gone; what they held is let go after the lock.
    gone: Vec<(SessionId, Option<Session>)>,
    exchanges: u64,
    timer_at: Option<Time>,
}

/// One session: who opened it, and the instance that executes its calls, once there was one.
struct Session {
    instance: Option<Instance>,
    caller: Option<Caller>,
    security: Option<SecuritySession>,
}

/// Who sent the message that is being handled, for the session that it may create.
struct Sender {
    caller: Option<Caller>,
    security: Option<SecuritySession>,
}

impl ReliableSessions {
    pub(super) fn new(
        version: ReliableMessagingVersion,
        shape: Shape,
        settings: ReliableSessionSettings,
    ) -> Result<Self, SettingsError> {
        let state = State {
            listener: Listener::new(version, shape, settings)?,
            backlog: Backlog::default(),
            waiting: HashMap::new(),
            sessions: HashMap::new(),
            gone: Vec::new(),
            exchanges: 0,
            timer_at: None,
        };
        Ok(Self { state: Mutex::new(state), timer: Notify::new() })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a message to the sessions and waits for its answer.
    pub(super) async fn request(
        &self,
        endpoint: &Arc<Endpoint>,
        arrived: ArrivedMessage,
    ) -> Encoded {
        let tag = arrived.tag();
        let ArrivedMessage { message, session, caller, reply, .. } = arrived;
        let sender = Sender { caller: caller_of(&caller), security: session };
        let answer = self.drive(endpoint, Some(&sender), |state, at| {
            let exchange = ExchangeId(state.exchanges);
            state.exchanges += 1;
            let (sender, receiver) = oneshot::channel();
            state.waiting.insert(exchange, sender);
            state.listener.handle(ListenerInput::Request { exchange, message, tag }, at);
            receiver
        });
        match answer.await {
            Ok(response) => endpoint.parts.endpoint.encode(
                &reply,
                response,
                &mut endpoint.parts.clock.moment(&mut SystemRandom),
            ),
            Err(_) => Encoded::no_answer("the host was closed"),
        }
    }

    /// The security context below is gone.
    pub(super) fn context_lost(&self, identifier: &str, endpoint: &Arc<Endpoint>) {
        let input = ListenerInput::ContextLost(Identifier::new(identifier));
        self.drive(endpoint, None, |state, at| state.listener.handle(input, at));
    }

    /// A session that waited has a place.
    pub(super) fn accept(&self, endpoint: &Arc<Endpoint>, session: SessionId) {
        tracing::debug!(address = endpoint.address(), %session, "a reliable session was accepted");
        self.drive(endpoint, None, |state, at| state.accept(session, at));
    }

    /// Takes no new sessions any more.
    pub(super) fn shut_down(&self, clock: &Clock) {
        // Nothing comes of it at once.
        let mut random = SystemRandom;
        self.lock().listener.handle(ListenerInput::Shutdown, &mut clock.moment(&mut random));
    }

    /// How many sessions there are, those that wait to be accepted included.
    pub(super) fn count(&self) -> usize {
        self.lock().sessions.len()
    }

    /// Ends every session that is still there; whoever waits for an answer is told.
    pub(super) fn abort_all(&self, endpoint: &Arc<Endpoint>, reason: &str) {
        self.drive(endpoint, None, |state, at| {
            let sessions: Vec<_> = state.backlog.sessions().cloned().collect();
            for session in sessions {
                let reason = reason.to_owned();
                state
                    .listener
                    .handle(ListenerInput::Abort { session: session.clone(), reason }, at);
                // One that was closed already is the listener's no more.
                state.backlog.handle(BacklogInput::Faulted(session));
            }
        });
        self.lock().waiting.clear();
    }

    pub(super) fn start_timer(&self, endpoint: &Arc<Endpoint>) {
        tokio::spawn(run_timer(Arc::downgrade(endpoint)));
    }

    /// Gives an input by `step` and does what comes of it.
    fn drive<R>(
        &self,
        endpoint: &Arc<Endpoint>,
        sender: Option<&Sender>,
        step: impl FnOnce(&mut State, &mut Moment<'_>) -> R,
    ) -> R {
        let mut random = SystemRandom;
        let mut at = endpoint.parts.clock.moment(&mut random);
        let mut state = self.lock();
        let result = step(&mut state, &mut at);
        state.drain(sender, endpoint, &mut at);
        let wake = state.listener.wake_at();
        if wake.is_some_and(|wake| state.timer_at.is_none_or(|at| wake < at)) {
            self.timer.notify_one();
        }
        let gone = std::mem::take(&mut state.gone);
        drop(state);
        for (id, session) in gone {
            endpoint.parts.throttle.ended(endpoint.number, id);
            if let Some(instance) = session.and_then(|session| session.instance) {
                endpoint.discard(instance);
            }
        }
        result
    }
}

impl State {
    /// Does what the engines want done, until they want nothing.
    fn drain(&mut self, sender: Option<&Sender>, endpoint: &Arc<Endpoint>, at: &mut Moment<'_>) {
        loop {
            if let Some(output) = self.listener.poll() {
                self.of_listener(output, sender, endpoint, at);
            } else if let Some(output) = self.backlog.poll() {
                self.of_backlog(output, endpoint, at);
            } else {
                return;
            }
        }
    }

    fn of_listener(
        &mut self,
        output: ListenerOutput<AppMessage>,
        sender: Option<&Sender>,
        endpoint: &Arc<Endpoint>,
        at: &mut Moment<'_>,
    ) {
        match output {
            ListenerOutput::Transmit { route, response } => {
                if let Some(waiting) = self.waiting.remove(&route.exchange()) {
                    let _ = waiting.send(response);
                }
            }
            ListenerOutput::Created { session, .. } => self.created(session, sender, endpoint, at),
            ListenerOutput::Deliver { session, number, message } => {
                self.backlog.handle(BacklogInput::Delivered { session, number, message });
            }
            ListenerOutput::EndOfMessages(session) => {
                self.listener.handle(ListenerInput::Close(session), at);
            }
            ListenerOutput::Closed(session) => {
                let entry = self.sessions.get_mut(&session);
                if let Some(security) = entry.and_then(|entry| entry.security.take()) {
                    // Its client cancels it; the cancellation may be lost.
                    endpoint.parts.endpoint.security().release_session(&security, &*at);
                }
                tracing::debug!(address = endpoint.address(), %session, "a reliable session was closed");
                self.backlog.handle(BacklogInput::Closed(session));
            }
            ListenerOutput::Faulted { session, error } => {
                let entry = self.sessions.get_mut(&session);
                if let Some(security) = entry.and_then(|entry| entry.security.take()) {
                    endpoint.parts.endpoint.security().end_session(&security);
                }
                if let Some(left_out) = endpoint.log.pass() {
                    let (address, error) = (endpoint.address(), Cut::of(error));
                    tracing::warn!(address, %session, left_out, "a reliable session failed: {error}");
                }
                self.backlog.handle(BacklogInput::Faulted(session));
            }
            ListenerOutput::Event { session, event } => {
                if let waxwing_reliable::Event::Duplicate { .. } = event {
                    Counters::add(&endpoint.counters.duplicates);
                }
                tracing::debug!(address = endpoint.address(), %session, ?event, "reliable session");
            }
        }
    }

    fn of_backlog(
        &mut self,
        output: BacklogOutput<AppMessage>,
        endpoint: &Arc<Endpoint>,
        at: &mut Moment<'_>,
    ) {
        match output {
            BacklogOutput::Execute { session, number, message } => {
                let taken = ListenerInput::Taken { session: session.clone(), number };
                self.listener.handle(taken, at);
                tokio::spawn(execute(Arc::clone(endpoint), session, number, message));
            }
            BacklogOutput::Gone(session) => {
                // It does not wait to be accepted any more.
                self.listener.handle(ListenerInput::Accept(session.clone()), at);
                let entry = self.sessions.remove(&session);
                self.gone.push((session, entry));
            }
        }
    }

    /// A new session is accepted while there are fewer than `maxConcurrentSessions`; further ones wait, and the
    /// listener refuses those that are too many to wait.
    fn created(
        &mut self,
        session: SessionId,
        sender: Option<&Sender>,
        endpoint: &Arc<Endpoint>,
        at: &mut Moment<'_>,
    ) {
        let entry = Session {
            instance: None,
            caller: sender.and_then(|sender| sender.caller.clone()),
            security: sender.and_then(|sender| sender.security.clone()),
        };
        self.sessions.insert(session.clone(), entry);
        self.backlog.handle(BacklogInput::Created(session.clone()));
        let accepted = endpoint.parts.throttle.created(endpoint.number, session.clone());
        tracing::debug!(address = endpoint.address(), %session, accepted, "a reliable session was created");
        if accepted {
            self.accept(session, at);
        }
    }

    fn accept(&mut self, session: SessionId, at: &mut Moment<'_>) {
        self.listener.handle(ListenerInput::Accept(session.clone()), at);
        self.backlog.handle(BacklogInput::Accepted(session));
    }
}

/// Executes one call of a session.
async fn execute(
    endpoint: Arc<Endpoint>,
    id: SessionId,
    number: MessageNumber,
    message: AppMessage,
) {
    let Some(reliable) = &endpoint.reliable else { return };
    let known = {
        let state = reliable.lock();
        let session = state.sessions.get(&id);
        session.map(|session| (session.instance.clone(), session.caller.clone()))
    };
    let Some((instance, caller)) = known else { return };
    let call = async {
        let instance = match instance {
            Some(instance) => Ok(instance),
            None => endpoint.instance().await.inspect(|made| reliable.keep(&id, made)),
        };
        let reply = endpoint.execute(instance.as_ref(), &message, caller, Some(id.as_str())).await;
        if let Ok(instance) = instance {
            // The session may be gone, and this one be the last.
            endpoint.discard(instance);
        }
        reply
    };
    let reply = tokio::select! {
        reply = call => reply,
        () = endpoint.stopped() => return,
    };
    reliable.drive(&endpoint, None, |state, at| {
        state.listener.handle(ListenerInput::Done { session: id.clone(), number, reply }, at);
        state.backlog.handle(BacklogInput::Finished(id));
    });
}

impl ReliableSessions {
    /// The session has an instance from now on, if it is still there.
    fn keep(&self, id: &SessionId, instance: &Instance) {
        if let Some(session) = self.lock().sessions.get_mut(id) {
            session.instance = Some(instance.clone());
        }
    }
}

/// Wakes the sessions when their time has come, as long as the endpoint lives.
async fn run_timer(endpoint: Weak<Endpoint>) {
    loop {
        let Some(strong) = endpoint.upgrade() else { return };
        let Some(reliable) = &strong.reliable else { return };
        let wake = {
            let mut state = reliable.lock();
            state.timer_at = state.listener.wake_at();
            state.timer_at
        };
        if strong.parts.clock.sleep_until(wake, &reliable.timer).await {
            reliable.drive(&strong, None, |state, at| {
                state.listener.handle(ListenerInput::Tick, at);
            });
        }
    }
}
