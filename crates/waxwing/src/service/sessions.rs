//! Drives the sessions of an endpoint: gives their engine what happens, under one lock, and does what it wants done, under
//! none. What belongs to users (instances, operations, subscribers of the log) is touched after the lock is released.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::{Notify, oneshot};
use waxwing_reliable::{Event, Identifier, SettingsError};
use waxwing_session::{
    AdmissionInput, AppMessage, ArrivedMessage, Demarcation, DispatchId, DispatchModes, Encoded,
    EndpointId, ExchangeId, Execution, InstanceId, Moment, Place, ServiceInput, ServiceOutput,
    ServiceResponse, ServiceSessions, ServiceSettings, Time,
};

use super::endpoint::Endpoint;
use super::execute::execute;
use super::instances::ServiceObject;
use super::watch::{Counters, HostEvent};
use crate::environment::SystemRandom;
use crate::log::Cut;

/// The sessions of one endpoint, and its calls outside of sessions.
pub(super) struct Sessions {
    state: Mutex<State>,
    timer: Notify,
}

struct State {
    engine: ServiceSessions,
    /// Those who wait for an answer.
    waiting: HashMap<ExchangeId, oneshot::Sender<Answered>>,
    /// The instances of sessions.
    instances: HashMap<InstanceId, Arc<ServiceObject>>,
    exchanges: u64,
    timer_at: Option<Time>,
}

/// An answer of the engine. The place of its call goes along: the next call begins when this answer counts among those
/// that wait for their readers, not before.
struct Answered {
    response: ServiceResponse,
    place: Option<CallPlace>,
}

/// The place of a call that is over. It is free when this is dropped.
pub(super) struct CallPlace {
    endpoint: Arc<Endpoint>,
    place: Place,
}

impl Drop for CallPlace {
    fn drop(&mut self) {
        let granted = self
            .endpoint
            .parts
            .throttle
            .ask(self.endpoint.number, AdmissionInput::Free(self.place));
        grant(&self.endpoint, granted);
    }
}

/// Somebody who waits for an answer; the engine hears it when he goes.
struct Waits<'a> {
    endpoint: &'a Arc<Endpoint>,
    exchange: ExchangeId,
    is_answered: bool,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        if !self.is_answered {
            let sessions = &self.endpoint.sessions;
            sessions.drive(self.endpoint, |state, at| {
                state.waiting.remove(&self.exchange);
                state.engine.handle(ServiceInput::Abandoned(self.exchange), at);
            });
        }
    }
}

/// What is to be done when the lock is released.
#[derive(Default)]
struct Todo {
    answers: Vec<(oneshot::Sender<Answered>, ServiceResponse)>,
    executions: Vec<(Execution, Option<Arc<ServiceObject>>)>,
    released: Vec<(InstanceId, Option<Arc<ServiceObject>>)>,
    /// The place of the call that is over.
    place: Option<Place>,
    /// Places that were granted to other endpoints.
    granted: Vec<(EndpointId, Place)>,
    others: Vec<ServiceOutput>,
}

impl Sessions {
    pub(super) fn new(
        settings: &ServiceSettings,
        modes: DispatchModes,
        demarcation: Demarcation,
    ) -> Result<Self, SettingsError> {
        let state = State {
            engine: ServiceSessions::new(settings, modes)?.demarcated(demarcation),
            waiting: HashMap::new(),
            instances: HashMap::new(),
            exchanges: 0,
            timer_at: None,
        };
        Ok(Self { state: Mutex::new(state), timer: Notify::new() })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a message to the sessions and waits for its answer. The place is held until the answer is written.
    pub(super) async fn request(
        &self,
        endpoint: &Arc<Endpoint>,
        arrived: ArrivedMessage,
    ) -> (Encoded, Option<CallPlace>) {
        let ArrivedMessage { message, reply, .. } = arrived;
        let (sender, receiver) = oneshot::channel();
        let exchange = self.drive(endpoint, |state, at| {
            state.exchanges += 1;
            let exchange = ExchangeId(state.exchanges);
            state.waiting.insert(exchange, sender);
            state.engine.handle(ServiceInput::Arrived { exchange, message }, at);
            exchange
        });
        let mut waits = Waits { endpoint, exchange, is_answered: false };
        let answered = receiver.await;
        waits.is_answered = true;
        let Ok(Answered { response, place }) = answered else {
            return (Encoded::no_answer("the host was closed"), None);
        };
        let mut random = SystemRandom;
        let mut at = endpoint.parts.clock.moment(&mut random);
        (endpoint.parts.endpoint.encode(&reply, response, &mut at), place)
    }

    /// The security context below is gone.
    pub(super) fn context_lost(&self, identifier: &str, endpoint: &Arc<Endpoint>) {
        self.give(endpoint, ServiceInput::ContextLost(Identifier::new(identifier)));
    }

    /// Takes no new sessions any more, and no calls outside of sessions.
    pub(super) fn shut_down(&self, endpoint: &Arc<Endpoint>) {
        self.give(endpoint, ServiceInput::Shutdown);
    }

    /// How many sessions there are, those that wait to be accepted included.
    pub(super) fn count(&self) -> usize {
        self.lock().engine.session_count()
    }

    /// How many sessions wait to be accepted.
    pub(super) fn waiting(&self) -> usize {
        self.lock().engine.waiting_count()
    }

    /// How many calls outside of reliable sessions run.
    pub(super) fn running_alone(&self) -> usize {
        self.lock().engine.running_alone()
    }

    /// Ends every reliable session that is still there; whoever waits for an answer is told.
    pub(super) fn abort_all(&self, endpoint: &Arc<Endpoint>, reason: &str) {
        self.give(endpoint, ServiceInput::AbortAll { reason: reason.to_owned() });
    }

    /// The instance of a session is there.
    pub(super) fn made(
        &self,
        endpoint: &Arc<Endpoint>,
        instance: InstanceId,
        made: Option<&Arc<ServiceObject>>,
    ) {
        self.drive(endpoint, |state, at| match made {
            Some(object) => {
                state.instances.insert(instance, Arc::clone(object));
                state.engine.handle(ServiceInput::Made(instance), at);
            }
            None => state.engine.handle(ServiceInput::Unmade(instance), at),
        });
    }

    /// A call was executed.
    pub(super) fn finished(
        &self,
        endpoint: &Arc<Endpoint>,
        call: DispatchId,
        reply: Option<AppMessage>,
    ) {
        self.give(endpoint, ServiceInput::Finished { call, reply });
    }

    /// A call is given up, since the host ends.
    pub(super) fn given_up(&self, endpoint: &Arc<Endpoint>, call: DispatchId) {
        self.give(endpoint, ServiceInput::GivenUp(call));
    }

    pub(super) fn start_timer(&self, endpoint: &Arc<Endpoint>) {
        tokio::spawn(run_timer(Arc::downgrade(endpoint)));
    }

    fn give(&self, endpoint: &Arc<Endpoint>, input: ServiceInput) {
        self.drive(endpoint, |state, at| state.engine.handle(input, at));
    }

    /// Gives an input by `step` and does what comes of it.
    fn drive<R>(
        &self,
        endpoint: &Arc<Endpoint>,
        step: impl FnOnce(&mut State, &mut Moment<'_>) -> R,
    ) -> R {
        let mut random = SystemRandom;
        let mut at = endpoint.parts.clock.moment(&mut random);
        let mut todo = Todo::default();
        let mut state = self.lock();
        let result = step(&mut state, &mut at);
        state.drain(endpoint, &mut todo, &mut at);
        let wake = state.engine.wake_at();
        if wake.is_some_and(|wake| state.timer_at.is_none_or(|at| wake < at)) {
            self.timer.notify_one();
        }
        drop(state);
        todo.run(endpoint);
        result
    }
}

impl State {
    /// Collects what the engine wants done, until it wants nothing. Places are asked for at once: the host's admission
    /// has a lock of its own, which is the inner one.
    fn drain(&mut self, endpoint: &Arc<Endpoint>, todo: &mut Todo, at: &mut Moment<'_>) {
        while let Some(output) = self.engine.poll() {
            match output {
                ServiceOutput::Answer { exchange, response } => {
                    if let Some(waiting) = self.waiting.remove(&exchange) {
                        todo.answers.push((waiting, response));
                    }
                }
                ServiceOutput::Execute(execution) => {
                    let object = self.instances.get(&execution.instance).cloned();
                    todo.executions.push((execution, object));
                }
                ServiceOutput::Release(instance) => {
                    todo.released.push((instance, self.instances.remove(&instance)));
                }
                ServiceOutput::Free(place @ Place::Call { .. }) if todo.place.is_none() => {
                    todo.place = Some(place);
                }
                ServiceOutput::Want(place) => {
                    self.ask(endpoint, AdmissionInput::Want(place), todo, at);
                }
                ServiceOutput::Free(place) => {
                    self.ask(endpoint, AdmissionInput::Free(place), todo, at);
                }
                other => todo.others.push(other),
            }
        }
    }

    fn ask(
        &mut self,
        endpoint: &Arc<Endpoint>,
        input: AdmissionInput,
        todo: &mut Todo,
        at: &mut Moment<'_>,
    ) {
        let own = endpoint.number;
        for (to, place) in endpoint.parts.throttle.ask(own, input) {
            if to == own {
                self.engine.handle(ServiceInput::Granted(place), at);
            } else {
                todo.granted.push((to, place));
            }
        }
    }
}

impl Todo {
    fn run(self, endpoint: &Arc<Endpoint>) {
        let Self { answers, executions, released, place, granted, others } = self;
        let mut place = place.map(|place| CallPlace { endpoint: Arc::clone(endpoint), place });
        for (waiting, response) in answers {
            // Who waited may be gone; then the place is free at once.
            let _ = waiting.send(Answered { response, place: place.take() });
        }
        drop(place);
        for output in others {
            tell(endpoint, output);
        }
        for (execution, object) in executions {
            tokio::spawn(execute(Arc::clone(endpoint), execution, object));
        }
        for (instance, object) in released {
            if let Some(object) = object {
                endpoint.discard(object);
            }
            endpoint.sessions.give(endpoint, ServiceInput::Released(instance));
        }
        grant(endpoint, granted);
    }
}

/// Tells endpoints of the host, `endpoint` among them, what they were granted. The caller holds no lock.
fn grant(endpoint: &Arc<Endpoint>, granted: Vec<(EndpointId, Place)>) {
    for (to, place) in granted {
        if let Some(to) = endpoint.parts.throttle.endpoint(to) {
            to.sessions.give(&to, ServiceInput::Granted(place));
        }
    }
}

/// What is for the security below, and for the log.
fn tell(endpoint: &Arc<Endpoint>, output: ServiceOutput) {
    let (address, counters) = (endpoint.address(), &endpoint.counters);
    let security = endpoint.parts.endpoint.security();
    match output {
        ServiceOutput::ReleaseSecurity(session) => {
            let mut random = SystemRandom;
            security.release_session(&session, &endpoint.parts.clock.moment(&mut random));
        }
        ServiceOutput::EndSecurity(session) => security.end_session(&session),
        ServiceOutput::Created(session) => {
            tracing::debug!(address, %session, "a session was created");
            Counters::add(&counters.created);
            endpoint.tell(|address| HostEvent::SessionCreated {
                address,
                session: session.to_string(),
            });
        }
        ServiceOutput::Accepted(session) => {
            tracing::debug!(address, %session, "a session was accepted");
            endpoint.tell(|address| HostEvent::SessionAccepted {
                address,
                session: session.to_string(),
            });
        }
        ServiceOutput::Closed(session) => {
            tracing::debug!(address, %session, "a session was closed");
            Counters::add(&counters.closed);
            endpoint
                .tell(|address| HostEvent::SessionClosed { address, session: session.to_string() });
        }
        ServiceOutput::Failed { session, error } => {
            Counters::add(&counters.faulted);
            endpoint.tell(|address| HostEvent::SessionFaulted {
                address,
                session: session.to_string(),
                reason: Cut::of(&error).to_string(),
            });
            if let Some(left_out) = endpoint.log.pass() {
                let error = Cut::of(error);
                tracing::warn!(address, %session, left_out, "a reliable session failed: {error}");
            }
        }
        ServiceOutput::Event { session, event } => {
            if let Event::Duplicate { .. } = event {
                Counters::add(&counters.duplicates);
                endpoint
                    .tell(|address| HostEvent::Duplicate { address, session: session.to_string() });
            }
            tracing::debug!(address, %session, ?event, "reliable session");
        }
        ServiceOutput::Gone(session) => {
            tracing::debug!(address, %session, "nothing is left of a session");
        }
        // Done under the lock.
        ServiceOutput::Answer { .. }
        | ServiceOutput::Execute(_)
        | ServiceOutput::Release(_)
        | ServiceOutput::Want(_)
        | ServiceOutput::Free(_) => {}
    }
}

/// Wakes the sessions when their time has come, as long as the endpoint lives.
async fn run_timer(endpoint: Weak<Endpoint>) {
    loop {
        let Some(strong) = endpoint.upgrade() else { return };
        let sessions = &strong.sessions;
        let wake = {
            let mut state = sessions.lock();
            state.timer_at = state.engine.wake_at();
            state.timer_at
        };
        if strong.parts.clock.sleep_until(wake, &sessions.timer).await {
            sessions.give(&strong, ServiceInput::Tick);
        }
    }
}
