//! The reliable sessions of an endpoint, their instances and the calls that wait.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::{Notify, oneshot};
use waxwing_reliable::{
    ExchangeId, Identifier, Listener, ListenerInput, ListenerOutput, MessageNumber,
    ReliableMessagingVersion, ReliableSessionSettings, Response, SessionId, SettingsError, Shape,
    Time,
};
use waxwing_security::conversation::SecuritySession;
use waxwing_session::{AppMessage, ArrivedMessage, Encoded};
use waxwing_soap::urn_uuid;

use super::endpoint::{Counters, Endpoint, caller_of};
use crate::contract::{Caller, Dispatch};
use crate::environment::SystemRandom;

/// The reliable sessions of one endpoint.
pub(super) struct ReliableSessions {
    state: Mutex<State>,
    timer: Notify,
}

struct State {
    listener: Listener<AppMessage>,
    waiting: HashMap<ExchangeId, oneshot::Sender<Response<AppMessage>>>,
    sessions: HashMap<SessionId, Session>,
    exchanges: u64,
    timer_at: Option<Time>,
    closing: bool,
}

/// One session: who opened it, the instance that executes its calls, and the calls that wait for their turn.
struct Session {
    instance: Arc<dyn Dispatch>,
    caller: Option<Caller>,
    security: Option<SecuritySession>,
    queue: VecDeque<(MessageNumber, AppMessage)>,
    is_working: bool,
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
            waiting: HashMap::new(),
            sessions: HashMap::new(),
            exchanges: 0,
            timer_at: None,
            closing: false,
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
        let answer = {
            let mut state = self.lock();
            let exchange = ExchangeId(state.exchanges);
            state.exchanges += 1;
            let (sender, receiver) = oneshot::channel();
            state.waiting.insert(exchange, sender);
            let fresh = Identifier::new(urn_uuid(&mut SystemRandom));
            let input = ListenerInput::Request { exchange, message, tag, fresh };
            let sender = Sender { caller: caller_of(&caller), security: session };
            self.handle(&mut state, input, Some(&sender), endpoint);
            receiver
        };
        match answer.await {
            Ok(response) => endpoint.parts.endpoint.encode(
                &reply,
                response,
                &mut endpoint.parts.clock.moment(&mut SystemRandom),
            ),
            Err(_) => Encoded::aborted("the host was closed"),
        }
    }

    /// The security context below is gone.
    pub(super) fn context_lost(&self, identifier: &str, endpoint: &Arc<Endpoint>) {
        let input = ListenerInput::ContextLost(Identifier::new(identifier));
        self.handle(&mut self.lock(), input, None, endpoint);
    }

    /// Gives an input and does what comes of it.
    fn handle(
        &self,
        state: &mut State,
        input: ListenerInput<AppMessage>,
        sender: Option<&Sender>,
        endpoint: &Arc<Endpoint>,
    ) {
        let now = endpoint.parts.clock.time();
        state.listener.handle(input, now);
        while let Some(output) = state.listener.poll() {
            match output {
                ListenerOutput::Respond { exchange, response } => {
                    if let Some(waiting) = state.waiting.remove(&exchange) {
                        let _ = waiting.send(response);
                    }
                }
                ListenerOutput::Created { session, .. } => {
                    self.created(state, session, sender, endpoint)
                }
                ListenerOutput::Deliver { session, number, message } => {
                    deliver(state, session, number, message, endpoint);
                }
                ListenerOutput::EndOfMessages(session) => {
                    state.listener.handle(ListenerInput::Close(session), now);
                }
                ListenerOutput::Closed(session) => {
                    let gone = state.sessions.remove(&session);
                    if let Some(security) = gone.and_then(|session| session.security) {
                        // Its client cancels it; the cancellation may be lost.
                        let now = endpoint.parts.clock.moment(&mut SystemRandom).delivery();
                        endpoint.parts.endpoint.security().release_session(&security, now);
                    }
                    tracing::debug!(address = endpoint.address(), %session, "a reliable session was closed");
                }
                ListenerOutput::Faulted { session, error } => {
                    let gone = state.sessions.remove(&session);
                    if let Some(security) = gone.and_then(|session| session.security) {
                        endpoint.parts.endpoint.security().end_session(&security);
                    }
                    tracing::warn!(address = endpoint.address(), %session, "a reliable session failed: {error}");
                }
                ListenerOutput::Event { session, event } => {
                    if let waxwing_reliable::Event::Duplicate { .. } = event {
                        Counters::add(&endpoint.counters.duplicates);
                    }
                    tracing::debug!(address = endpoint.address(), %session, ?event, "reliable session");
                }
            }
        }
        let wake = state.listener.wake_at();
        if wake.is_some_and(|wake| state.timer_at.is_none_or(|at| wake < at)) {
            self.timer.notify_one();
        }
    }

    /// A new session is accepted while there are fewer than `maxConcurrentSessions`; further ones wait, and the
    /// listener refuses those that are too many to wait.
    fn created(
        &self,
        state: &mut State,
        session: SessionId,
        sender: Option<&Sender>,
        endpoint: &Arc<Endpoint>,
    ) {
        let entry = Session {
            instance: endpoint.parts.instances.instance(),
            caller: sender.and_then(|sender| sender.caller.clone()),
            security: sender.and_then(|sender| sender.security.clone()),
            queue: VecDeque::new(),
            is_working: false,
        };
        state.sessions.insert(session.clone(), entry);
        tracing::debug!(address = endpoint.address(), %session, "a reliable session was created");
        let room =
            state.sessions.len() <= endpoint.parts.throttling.max_concurrent_sessions as usize;
        if room && !state.closing {
            state.listener.handle(ListenerInput::Accept(session), endpoint.parts.clock.time());
        }
    }

    /// How many sessions there are.
    pub(super) fn count(&self) -> usize {
        self.lock().sessions.len()
    }

    /// Ends every session that is still there.
    pub(super) fn abort_all(&self, endpoint: &Arc<Endpoint>, reason: &str) {
        let mut state = self.lock();
        state.closing = true;
        let sessions: Vec<_> = state.sessions.keys().cloned().collect();
        for session in sessions {
            let input = ListenerInput::Abort { session, reason: reason.to_owned() };
            self.handle(&mut state, input, None, endpoint);
        }
        state.waiting.clear();
    }

    pub(super) fn start_timer(&self, endpoint: &Arc<Endpoint>) {
        tokio::spawn(run_timer(Arc::downgrade(endpoint)));
    }
}

/// Queues a message for its session's instance. Calls of one session are executed one after another, as WCF does.
fn deliver(
    state: &mut State,
    session: SessionId,
    number: MessageNumber,
    message: AppMessage,
    endpoint: &Arc<Endpoint>,
) {
    let Some(entry) = state.sessions.get_mut(&session) else { return };
    entry.queue.push_back((number, message));
    if !entry.is_working {
        entry.is_working = true;
        tokio::spawn(work(Arc::clone(endpoint), session));
    }
}

/// Executes the calls of a session until none waits.
async fn work(endpoint: Arc<Endpoint>, id: SessionId) {
    let Some(reliable) = &endpoint.reliable else { return };
    loop {
        let (number, message, instance, caller) = {
            let mut state = reliable.lock();
            let Some(session) = state.sessions.get_mut(&id) else { return };
            let Some((number, message)) = session.queue.pop_front() else {
                session.is_working = false;
                return;
            };
            let (instance, caller) = (Arc::clone(&session.instance), session.caller.clone());
            let taken = ListenerInput::Taken { session: id.clone(), number };
            reliable.handle(&mut state, taken, None, &endpoint);
            (number, message, instance, caller)
        };
        let reply = endpoint.execute(&instance, &message, caller, Some(id.as_str())).await;
        let mut state = reliable.lock();
        let done = ListenerInput::Done { session: id.clone(), number, reply };
        reliable.handle(&mut state, done, None, &endpoint);
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
            let mut state = reliable.lock();
            reliable.handle(&mut state, ListenerInput::Tick, None, &strong);
        }
    }
}
