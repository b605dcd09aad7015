//! Drives the sessions of an endpoint: gives their engine what happens, under one lock, and does what it wants done, under
//! none. What belongs to users (instances, operations, subscribers of the log) is touched after the lock is released.

use std::sync::{Arc, Weak};

use smallvec::SmallVec;
use tokio::sync::{Notify, oneshot};
use waxwing_reliable::{Event, Identifier, SessionId};
use waxwing_session::{
    AdmissionInput, AppMessage, ArrivedMessage, DispatchId, DuplexInput, Encoded, EndpointId,
    ExchangeId, Execution, InstanceId, Moment, Place, ServiceInput, ServiceOutput, ServiceResponse,
    VerifiedRequest,
};

use super::duplex::conversations::LinkTodo;
use super::durable::{Pass, Pending};
use super::endpoint::Endpoint;
use super::execute::execute;
use super::instances::ServiceObject;
use super::sessions::{Answered, State};
use super::throttle::{CallPlace, Tenant};
use super::watch::{Counters, HostEvent};
use crate::environment::{Clock, SystemRandom};
use crate::future::{Accompanied, BoxFuture, boxed};
use crate::log::Cut;

/// Somebody who waits for an answer; the engine hears it when he goes.
struct Waits<'a> {
    endpoint: &'a Arc<Endpoint>,
    exchange: ExchangeId,
    is_answered: bool,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        if !self.is_answered {
            self.endpoint.drive(|state, at| {
                state.waiting.remove(&self.exchange);
                state.engine.handle(ServiceInput::Abandoned(self.exchange), at);
            });
        }
    }
}

/// What is to be done when the lock is released.
#[derive(Default)]
struct Todo {
    /// Mostly one, as of executions.
    answers: SmallVec<[(oneshot::Sender<Answered>, ServiceResponse); 1]>,
    executions: SmallVec<[(Execution, Option<Arc<ServiceObject>>); 1]>,
    released: Vec<(InstanceId, Option<Arc<ServiceObject>>)>,
    /// The place of the call that is over.
    place: Option<Place>,
    /// Places that were granted to other endpoints.
    granted: Vec<(EndpointId, Place)>,
    /// What is being made durable.
    pending: Vec<Pending>,
    /// Those who are told nothing: their connections are answered with 503.
    abandoned: Vec<oneshot::Sender<Answered>>,
    others: Vec<ServiceOutput>,
    /// What is to be done of links.
    links: LinkTodo,
    /// Whose execution is left to whoever waits for it.
    left: Left,
}

/// A call that the one who brought it executes himself.
#[derive(Default)]
struct Left {
    /// Its request.
    request: Option<Weak<VerifiedRequest>>,
    execution: Option<BoxFuture<'static, ()>>,
}

impl Endpoint {
    /// Gives a message to the sessions and waits for its answer. The place is held until the answer is written.
    /// `pass`: what it belongs to, as certain as it was when it was found.
    pub(super) async fn request(
        self: &Arc<Self>,
        arrived: ArrivedMessage,
        pass: Option<&Pass>,
    ) -> (Encoded, Option<CallPlace>) {
        let ArrivedMessage { message, reply, .. } = arrived;
        let (sender, receiver) = oneshot::channel();
        let request = message.request().map(Arc::downgrade);
        let (exchange, execution) = self.drive_but(request, |state, at| {
            state.exchanges += 1;
            let exchange = ExchangeId(state.exchanges);
            // Whoever makes it uncertain does so under this lock, and says so before.
            if self.is_certain(pass) {
                state.waiting.insert(exchange, sender);
                state.engine.handle(ServiceInput::Arrived { exchange, message }, at);
            }
            exchange
        });
        let mut waits = Waits { endpoint: self, exchange, is_answered: false };
        // What the message calls is executed here: no other task need be woken for it. It is carried through in one of its own
        // when its client goes.
        let answered = Accompanied::new(receiver, execution).await;
        waits.is_answered = true;
        let Ok(Answered { response, place }) = answered else {
            return match self.parts.durability {
                // Its sender comes again, here or elsewhere.
                Some(_) => {
                    (Encoded::unavailable("nothing is certain of its session any more"), None)
                }
                None => (Encoded::no_answer("the host was closed"), None),
            };
        };
        let mut random = SystemRandom;
        let mut at = self.parts.clock.moment(&mut random);
        (self.parts.endpoint.encode(&reply, response, &mut at), place)
    }

    /// The security context below is gone.
    pub(super) fn context_lost(self: &Arc<Self>, identifier: &str) {
        self.give(ServiceInput::ContextLost(Identifier::new(identifier)));
    }

    /// Takes no new sessions any more, and no calls outside of sessions.
    pub(super) fn shut_down(self: &Arc<Self>) {
        self.drive(|state, at| {
            state.engine.handle(ServiceInput::Shutdown, at);
            if let Some(duplex) = &mut state.duplex {
                duplex.engine.handle(DuplexInput::Shutdown, at);
            }
        });
    }

    /// Lets go of the sessions that outlive the host; what runs is carried through.
    pub(super) fn suspend(self: &Arc<Self>) {
        self.give(ServiceInput::Suspend);
    }

    /// Ends every reliable session that is still there; whoever waits for an answer is told.
    pub(super) fn abort_all(self: &Arc<Self>, reason: &str) {
        self.give(ServiceInput::AbortAll { reason: reason.to_owned() });
    }

    /// The instance of a session is there.
    pub(super) fn made(self: &Arc<Self>, instance: InstanceId, made: Option<&Arc<ServiceObject>>) {
        self.drive(|state, at| match made {
            Some(object) => {
                state.instances.insert(instance, Arc::clone(object));
                state.engine.handle(ServiceInput::Made(instance), at);
            }
            None => state.engine.handle(ServiceInput::Unmade(instance), at),
        });
    }

    /// A call was executed.
    pub(super) fn finished(self: &Arc<Self>, call: DispatchId, reply: Option<AppMessage>) {
        self.give(ServiceInput::Finished { call, reply });
    }

    /// A call is given up, since the host ends.
    pub(super) fn given_up(self: &Arc<Self>, call: DispatchId) {
        self.give(ServiceInput::GivenUp(call));
    }

    pub(super) fn start_timer(self: &Arc<Self>) {
        let (timer, clock) = (Arc::clone(&self.sessions.timer), self.parts.clock);
        tokio::spawn(run_timer(Arc::downgrade(self), timer, clock));
    }

    pub(super) fn give(self: &Arc<Self>, input: ServiceInput) {
        self.drive(|state, at| state.engine.handle(input, at));
    }

    /// Gives an input by `step` and does what comes of it.
    pub(super) fn drive<R>(
        self: &Arc<Self>,
        step: impl FnOnce(&mut State, &mut Moment<'_>) -> R,
    ) -> R {
        self.drive_but(None, step).0
    }

    /// The same, but for the execution of this request, which is given back.
    pub(super) fn drive_but<R>(
        self: &Arc<Self>,
        request: Option<Weak<VerifiedRequest>>,
        step: impl FnOnce(&mut State, &mut Moment<'_>) -> R,
    ) -> (R, Option<BoxFuture<'static, ()>>) {
        let mut random = SystemRandom;
        let mut at = self.parts.clock.moment(&mut random);
        let mut todo = Todo { left: Left { request, execution: None }, ..Todo::default() };
        let mut state = self.sessions.lock();
        let result = step(&mut state, &mut at);
        drain(&mut state, self, &mut todo, &mut at);
        let wake = state.wake_at();
        if wake.is_some_and(|wake| state.timer_at.is_none_or(|at| wake < at)) {
            self.sessions.timer.notify_one();
        }
        drop(state);
        (result, todo.run(self, &at))
    }
}

impl Tenant for Endpoint {
    fn granted(self: Arc<Self>, place: Place) {
        self.give(ServiceInput::Granted(place));
    }
}

/// Collects what the engine wants done, until it wants nothing. Places are asked for at once: the host's admission has a
/// lock of its own, which is the inner one.
fn drain(state: &mut State, endpoint: &Endpoint, todo: &mut Todo, at: &mut Moment<'_>) {
    loop {
        while let Some(output) = state.engine.poll() {
            done(state, endpoint, todo, output, at);
        }
        match state.duplex.as_mut().and_then(|duplex| duplex.poll(&mut todo.links)) {
            None => return,
            Some(None) => {}
            Some(Some(input)) => state.engine.handle(input, at),
        }
    }
}

/// Does one thing that the engine wants done.
fn done(
    state: &mut State,
    endpoint: &Endpoint,
    todo: &mut Todo,
    output: ServiceOutput,
    at: &mut Moment<'_>,
) {
    {
        match output {
            ServiceOutput::Answer { exchange, response } => {
                if let Some(waiting) = state.waiting.remove(&exchange) {
                    todo.answers.push((waiting, response));
                } else if let Some(duplex) = &mut state.duplex {
                    duplex.engine.handle(DuplexInput::Answer { exchange, response }, at);
                }
            }
            ServiceOutput::Resume(call) => {
                if let Some(waiting) = state.returning.remove(&call) {
                    let _ = waiting.send(());
                }
            }
            ServiceOutput::Persist(change) => {
                todo.pending.extend(endpoint.persist(&change, at));
            }
            ServiceOutput::Abandon(exchange) => {
                todo.abandoned.extend(state.waiting.remove(&exchange));
            }
            ServiceOutput::Execute(execution) => {
                let object = state.instances.get(&execution.instance).cloned();
                todo.executions.push((execution, object));
            }
            ServiceOutput::Release(instance) => {
                todo.released.push((instance, state.instances.remove(&instance)));
            }
            ServiceOutput::Free(place @ Place::Call { .. }) if todo.place.is_none() => {
                todo.place = Some(place);
            }
            ServiceOutput::Want(place) => {
                ask(state, endpoint, AdmissionInput::Want(place), todo, at);
            }
            ServiceOutput::Free(place) => {
                ask(state, endpoint, AdmissionInput::Free(place), todo, at);
            }
            other => {
                if let Some(duplex) = &mut state.duplex {
                    duplex.hears(&other, at);
                }
                todo.others.push(other);
            }
        }
    }
}

fn ask(
    state: &mut State,
    endpoint: &Endpoint,
    input: AdmissionInput,
    todo: &mut Todo,
    at: &mut Moment<'_>,
) {
    let own = endpoint.number;
    for (to, place) in endpoint.parts.throttle.ask(own, input) {
        if to == own {
            state.engine.handle(ServiceInput::Granted(place), at);
        } else {
            todo.granted.push((to, place));
        }
    }
}

impl Todo {
    /// Gives the execution that is left to whoever waits for it.
    fn run(&mut self, endpoint: &Arc<Endpoint>, at: &Moment<'_>) -> Option<BoxFuture<'static, ()>> {
        for (session, event) in &self.links.events {
            happened(endpoint, session, *event);
        }
        for posting in std::mem::take(&mut self.links.posting) {
            endpoint.begin_posting(posting);
        }
        self.links.run(&endpoint.parts.endpoint, at);
        endpoint.settle(std::mem::take(&mut self.pending));
        self.abandoned.clear();
        let throttle = &endpoint.parts.throttle;
        let place = self.place.take();
        let mut place = place.map(|place| CallPlace::new(throttle, endpoint.number, place));
        for (waiting, response) in self.answers.drain(..) {
            // Who waited may be gone; then the place is free at once.
            let _ = waiting.send(Answered { response, place: place.take() });
        }
        drop(place);
        for output in self.others.drain(..) {
            tell(endpoint, output);
        }
        for (execution, object) in self.executions.drain(..) {
            let is_left = self.left.is(&execution);
            // What is spawned is moved many times.
            let run = boxed(|| execute(Arc::clone(endpoint), execution, object));
            if is_left {
                self.left.execution = Some(run);
            } else {
                tokio::spawn(run);
            }
        }
        for (instance, object) in self.released.drain(..) {
            if let Some(object) = object {
                endpoint.discard(object);
            }
            endpoint.give(ServiceInput::Released(instance));
        }
        throttle.grant(self.granted.drain(..));
        self.left.execution.take()
    }
}

impl Left {
    fn is(&self, execution: &Execution) -> bool {
        let request = self.request.as_ref().map(Weak::as_ptr);
        request == Some(Arc::as_ptr(&execution.request))
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
        ServiceOutput::Event { session, event } => happened(endpoint, &session, event),
        ServiceOutput::Gone(session) => {
            tracing::debug!(address, %session, "nothing is left of a session");
        }
        ServiceOutput::Forget(session) => endpoint.forget(&session),
        ServiceOutput::Restored(session) => {
            tracing::debug!(address, %session, "a session goes on that was kept");
            endpoint.tell(|address| HostEvent::SessionRestored {
                address,
                session: session.to_string(),
            });
        }
        // Done under the lock.
        ServiceOutput::Answer { .. }
        | ServiceOutput::Resume(_)
        | ServiceOutput::Persist(_)
        | ServiceOutput::Abandon(_)
        | ServiceOutput::Execute(_)
        | ServiceOutput::Release(_)
        | ServiceOutput::Want(_)
        | ServiceOutput::Free(_) => {}
    }
}

/// Something happened in a reliable session, over links or in exchanges.
fn happened(endpoint: &Endpoint, session: &SessionId, event: Event) {
    if let Event::Duplicate { .. } = event {
        Counters::add(&endpoint.counters.duplicates);
        endpoint.tell(|address| HostEvent::Duplicate { address, session: session.to_string() });
    }
    tracing::debug!(address = endpoint.address(), %session, ?event, "reliable session");
}

/// Wakes the sessions when their time has come, as long as the endpoint lives, which tells `timer` when it ends.
async fn run_timer(endpoint: Weak<Endpoint>, timer: Arc<Notify>, clock: Clock) {
    loop {
        let wake = {
            let Some(endpoint) = endpoint.upgrade() else { return };
            let mut state = endpoint.sessions.lock();
            state.timer_at = state.wake_at();
            state.timer_at
        };
        if clock.sleep_until(wake, &timer).await {
            let Some(endpoint) = endpoint.upgrade() else { return };
            endpoint.drive(|state, at| {
                state.engine.handle(ServiceInput::Tick, at);
                if let Some(duplex) = &mut state.duplex {
                    duplex.engine.handle(DuplexInput::Tick, at);
                }
            });
        }
    }
}
