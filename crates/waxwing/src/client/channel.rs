//! A channel: one conversation with a service.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::oneshot;
use waxwing_binding::EndpointTimeouts;
use waxwing_crypto::Certificate;
use waxwing_security::PeerTag;
use waxwing_session::{
    AppMessage, ApplicationMessage, AuthenticationId, ClientInput, ClientOutput, ClientSession,
    SessionError, options,
};
use waxwing_soap::MessageVersion;

use super::demarcation::Demarcation;
use super::duplex::composite::place::CallbackPlace;
use super::duplex::parts::LinkParts;
use super::error::{ChannelError, ChannelErrorKind};
use super::held::{Held, Teller};
use super::job::Job;
use super::news::{ChannelNews, Listener};
use super::state::{Line, Phase, State};
use super::streamed::parts::StreamedParts;
use super::waiting::{CallResult, LONG};
use super::watch::{ChannelEvent, ChannelStatistics};
use crate::alarms::within;
use crate::authentication::{Evidence, Judge};
use crate::contract::{
    CallbackInstance, DuplexChannelId, FaultOptions, ObjectQuotas, OwnedContract, Request,
};
use crate::encoding::Encoding;
use crate::environment::{Clock, SystemRandom};
use crate::events::{CommunicationState, Events};
use crate::future::{Accompanied, BoxFuture, Shared, boxed};
use crate::layer::ClientService;
use crate::net::{HttpCredentials, Transport};
use crate::quotas::MessageQuotas;
use crate::trace::Trace;

/// One conversation with a service: a security session, a reliable session in it, and the calls of a client.
///
/// Cheap to clone; all clones are one channel. It opens with [`open`](Self::open) or with the first call. Close it with
/// [`close`](Self::close): a channel that is only dropped leaves its session to the service's timeouts.
#[derive(Clone)]
pub struct ClientChannel {
    pub(super) inner: Arc<Inner>,
    /// What calls go through before they come here.
    pub(super) layers: Option<ClientService>,
}

pub(super) struct Inner {
    state: Mutex<State>,
    pub(super) parts: Parts,
    /// Which channel it is to the callbacks that it executes.
    pub(super) duplex_id: DuplexChannelId,
}

/// What a channel is made of beside its session. None of it changes.
pub(super) struct Parts {
    pub(super) version: MessageVersion,
    pub(super) address: String,
    pub(super) via: String,
    pub(super) timeouts: EndpointTimeouts,
    pub(super) encoding: Encoding,
    /// What carries exchanges; none where messages go over links.
    pub(super) transport: Option<Arc<dyn Transport>>,
    /// Whether its connections may be used again.
    pub(super) keep_alive: bool,
    /// Who the client is to HTTP.
    pub(super) http: Option<Arc<HttpCredentials>>,
    pub(super) clock: Clock,
    pub(super) trace: Option<Trace>,
    /// What replies may contain, if the endpoint says so.
    pub(super) quotas: Option<MessageQuotas>,
    /// What the values of requests and replies may hold.
    pub(super) object_quotas: ObjectQuotas,
    pub(super) own_certificate: Option<Certificate>,
    pub(super) contract: OwnedContract,
    /// Who decides about the service.
    pub(super) judge: Judge,
    /// What its links are made of, where messages go over links.
    pub(super) links: Option<LinkParts>,
    /// What its exchanges are made of, where messages go in pieces.
    pub(super) streamed: Option<StreamedParts>,
    /// Where it is called back, in composite duplex.
    pub(super) called_back_at: Option<Arc<CallbackPlace>>,
    /// What executes the service's calls, if the contract has any.
    pub(super) callback: Option<CallbackInstance>,
    /// What their faults tell (`callbackDebug`).
    pub(super) callback_faults: FaultOptions,
}

impl ClientChannel {
    /// `listener`: who keeps the session durably, if anybody does.
    pub(super) fn new(session: ClientSession, parts: Parts, listener: Option<Listener>) -> Self {
        let demarcation = Demarcation::new(parts.contract.clone());
        let state = Mutex::new(State::new(session, demarcation, listener));
        let duplex_id = DuplexChannelId::new();
        let inner = Arc::new(Inner { state, parts, duplex_id });
        Self { inner, layers: None }
    }

    /// Opens the channel: the security handshake, then the reliable session. Done when the channel is open already.
    ///
    /// # Errors
    /// Why it cannot be opened, at once or within the binding's `openTimeout`.
    pub async fn open(&self) -> Result<(), ChannelError> {
        let timeout = options::duration(self.inner.parts.timeouts.open);
        let (opened, step) = {
            let mut state = self.inner.lock();
            self.inner.start(&mut state, timeout)?;
            if state.session.is_open() {
                return Ok(());
            }
            let (sender, receiver) = oneshot::channel();
            state.opening.push(sender);
            self.inner.step(&mut state, receiver, None)
        };
        Inner::rouse(step);
        self.inner.wait_long(opened, "opening the channel").await
    }

    /// Closes the channel: waits until every call is answered, ends the reliable session, then the security session.
    ///
    /// # Errors
    /// The service did not agree, or not within the binding's `closeTimeout`.
    pub async fn close(&self) -> Result<(), ChannelError> {
        let timeout = options::duration(self.inner.parts.timeouts.close);
        let (closed, step, held_up_by) = {
            let mut state = self.inner.lock();
            match &state.phase {
                Phase::Created => {
                    state.phase = Phase::Closed;
                    state.tell(CommunicationState::Closed);
                    return Ok(());
                }
                Phase::Closed => return Ok(()),
                Phase::Faulted(error) => return Err(error.clone()),
                Phase::Active => {}
            }
            let (sender, receiver) = oneshot::channel();
            if state.closing.is_empty() {
                state.tell(CommunicationState::Closing);
            }
            state.closing.push(sender);
            let deadline = self.inner.parts.clock.time() + timeout;
            let input = ClientInput::Close { deadline };
            let (closed, step) = self.inner.step(&mut state, receiver, Some(input));
            (closed, step, std::mem::take(&mut state.held_up_by))
        };
        Inner::rouse(step);
        Inner::rouse(held_up_by);
        self.inner.wait_long(closed, "closing the channel").await
    }

    /// Ends the channel at once; calls under way fail, the service is told if it can be.
    pub fn abort(&self, reason: &str) {
        let mut state = self.inner.lock();
        self.inner.give(&mut state, ClientInput::Abort { reason: reason.to_owned() });
    }

    /// The address of the service.
    pub fn address(&self) -> &str {
        &self.inner.parts.address
    }

    /// What the channel has done so far.
    pub fn statistics(&self) -> ChannelStatistics {
        self.inner.lock().statistics.clone()
    }

    /// The state of the channel.
    pub fn state(&self) -> CommunicationState {
        self.inner.lock().communication_state()
    }

    /// What happens from now on: retransmissions, round trips, renewed keys, states.
    pub fn events(&self) -> Events<ChannelEvent> {
        self.inner.lock().events.subscribe()
    }

    /// The reliable session at this moment; none without one.
    pub fn reliable_session(&self) -> Option<waxwing_reliable::Status> {
        self.inner.lock().session.status()
    }

    /// The name of the service's certificate, once it is known.
    pub fn service_identity(&self) -> Option<String> {
        self.inner.lock().session.service_identity().map(|identity| identity.name())
    }

    pub(super) async fn call(&self, request: Request<'_>, one_way: bool) -> CallResult {
        let Request { action, mut message, timeout, .. } = request;
        self.inner.hold(&mut message).await?;
        let timeout = timeout.unwrap_or(options::duration(self.inner.parts.timeouts.send));
        let began = self.inner.parts.clock.time();
        let (is_last, result, step, held_up_by) = {
            let mut state = self.inner.lock();
            let is_last = self.inner.admit(&mut state, action)?;
            self.inner.start(&mut state, timeout)?;
            let call = state.next_call();
            let receiver = state.calls.begin(call, action, began);
            state.statistics.calls += 1;
            let message = ApplicationMessage::request(action, message, one_way, &mut SystemRandom);
            let message = AppMessage::new(message);
            let deadline = began + timeout;
            let input = ClientInput::Call { call, message, deadline };
            // The exchange that the call begins runs where the call waits; the task of another need not be woken for it.
            let mut exchange = None;
            self.inner.give_by(&mut state, input, &mut |job| match job {
                Job::Exchange(_) if exchange.is_none() => exchange = Some(self.inner.run(job)),
                job => self.inner.begin(job),
            });
            let exchange = Accompanied::new(receiver, exchange).kept_by(|| self.inner.clone());
            (is_last, exchange, state.take_step(), state.what_holds_up())
        };
        Inner::rouse(step);
        Inner::rouse(held_up_by);
        let reply = self.inner.wait(result).await;
        self.inner.lock().called(self.inner.parts.clock.time() - began, &reply);
        let reply = reply.map_err(|error| error.of_call(timeout))?;
        if is_last && let Err(error) = self.close().await {
            // The reply is there all the same.
            let address = &self.inner.parts.address;
            tracing::warn!(address, "the session did not close after {action}: {error}");
        }
        if let (Some(quotas), Some(reply)) = (self.inner.parts.quotas, &reply) {
            quotas.check(&reply.envelope).map_err(|exceeded| {
                let error = SessionError::BadReply(exceeded.to_string());
                ChannelError::session(error, &self.inner.parts.address, None, Vec::new())
            })?;
        }
        Ok(reply)
    }
}

impl Inner {
    pub(super) fn lock(&self) -> Held<'_> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Parts { address, trace, clock, .. } = &self.parts;
        Held::new(state, Teller { address, trace: trace.as_ref(), clock: *clock })
    }

    /// Takes a call, if the contract allows it now. Gives whether it is the last of the session.
    fn admit(&self, state: &mut State, action: &str) -> Result<bool, ChannelError> {
        let refused =
            |text| ChannelError::new(ChannelErrorKind::Contract(text), &self.parts.address);
        state.demarcation.admit(action).map_err(refused)
    }

    fn error(&self, error: SessionError, state: &State) -> ChannelError {
        let mut situation = state.session.situation();
        situation.clocks_apart = state.clocks_apart();
        let mut notes = state.notes();
        if let Some(certificate) = &self.parts.own_certificate {
            notes.extend(out_of_date(certificate, self.parts.clock.wall()));
        }
        let diagnosis = error.diagnosis(&situation);
        ChannelError::session(error, &self.parts.address, diagnosis, notes)
    }

    /// Waits for the end of a step.
    async fn wait<T>(
        &self,
        result: Accompanied<Result<T, ChannelError>>,
    ) -> Result<T, ChannelError> {
        result.await.unwrap_or_else(|_| {
            let error = SessionError::Aborted("the channel was dropped".to_owned());
            Err(ChannelError::session(error, &self.parts.address, None, Vec::new()))
        })
    }

    /// The same of a step that may take long: it says so, and what it waits for.
    async fn wait_long<T>(
        &self,
        result: Accompanied<Result<T, ChannelError>>,
        step: &str,
    ) -> Result<T, ChannelError> {
        let (began, mut patience) = (self.parts.clock.time(), LONG);
        let mut ended = pin!(self.wait(result));
        loop {
            if let Some(result) = within(patience, &mut ended).await {
                return result;
            }
            let progress = self.lock().session.progress();
            let seconds = (self.parts.clock.time() - began).as_secs();
            let address = &self.parts.address;
            tracing::info!(address, "{step} has taken {seconds} s so far: {progress}");
            patience *= 2;
        }
    }

    /// Begins to open, and starts the timer, unless that was done. A channel that has ended cannot be used.
    pub(super) fn start(
        self: &Arc<Self>,
        state: &mut State,
        timeout: Duration,
    ) -> Result<(), ChannelError> {
        match &state.phase {
            Phase::Created => {}
            Phase::Active => return Ok(()),
            Phase::Closed => {
                return Err(self.error(SessionError::State("the channel is closed"), state));
            }
            Phase::Faulted(error) => return Err(error.clone().of_faulted_channel()),
        }
        state.phase = Phase::Active;
        state.tell(CommunicationState::Opening);
        let mut random = SystemRandom;
        let mut moment = self.parts.clock.moment(&mut random);
        let deadline = moment.time + timeout;
        // What comes of it is done when those who wait for it are known.
        state.session.handle(ClientInput::Open { deadline }, &mut moment);
        self.start_timer(state);
        Ok(())
    }

    /// Gives the session an input and does what comes of it. One that was discarded takes nothing more.
    pub(super) fn give(self: &Arc<Self>, state: &mut State, input: ClientInput) {
        self.give_by(state, input, &mut |job| self.begin(job));
    }

    /// The same, with jobs begun by `begin`.
    pub(super) fn give_by(
        self: &Arc<Self>,
        state: &mut State,
        input: ClientInput,
        begin: &mut dyn FnMut(Job),
    ) {
        if state.is_discarded {
            return;
        }
        state.session.handle(input, &mut self.parts.clock.moment(&mut SystemRandom));
        self.drive_by(state, begin);
    }

    /// Gives the session an input, if there is one, and does what comes of it: an opening, or an end. What it begins runs where
    /// somebody waits for `result`, from the first message to the last: no task need be woken for it. Given back, too, is the
    /// step that was under way so, to be roused.
    fn step<T>(
        self: &Arc<Self>,
        state: &mut State,
        result: oneshot::Receiver<T>,
        input: Option<ClientInput>,
    ) -> (Accompanied<T>, Weak<Shared>) {
        let mut chain: Option<BoxFuture<'static, ()>> = None;
        let begin = &mut |job| match chain {
            None => chain = Some(boxed(|| Arc::clone(self).carry_through(job))),
            Some(_) => self.begin(job),
        };
        match input {
            Some(input) => self.give_by(state, input, begin),
            None => self.drive_by(state, begin),
        }
        let (result, step) = Accompanied::new(result, chain).shared();
        (result, std::mem::replace(&mut state.step, step))
    }

    /// Does what the session wants done.
    pub(super) fn drive(self: &Arc<Self>, state: &mut State) {
        self.drive_by(state, &mut |job| self.begin(job));
    }

    fn drive_by(self: &Arc<Self>, state: &mut State, begin: &mut dyn FnMut(Job)) {
        while let Some(output) = state.session.poll() {
            match output {
                ClientOutput::Transmit(transmit) => {
                    state.statistics.messages_sent += 1;
                    match transmit.link {
                        Some(link) => Self::send_over(state, link, transmit),
                        None => begin(Job::Exchange(transmit)),
                    }
                }
                ClientOutput::Link { link, demand } => self.link_demand(state, link, demand),
                ClientOutput::Execute { callback, request } => {
                    tokio::spawn(Arc::clone(self).execute(callback, request));
                }
                ClientOutput::Resume(callback) => {
                    if let Some(waiting) = state.returning.remove(&callback) {
                        let _ = waiting.send(());
                    }
                }
                ClientOutput::Authenticate { id, evidence } => {
                    begin(Job::Judgment(id, evidence));
                }
                ClientOutput::Persist { ticket, change } => {
                    state.news(|| ChannelNews::Persist { ticket, change });
                }
                ClientOutput::Opened => {
                    state.tell(CommunicationState::Opened);
                    state.news(|| ChannelNews::Opened);
                    state.opened(&Ok(()));
                }
                ClientOutput::Renewed => {
                    state.statistics.renewals += 1;
                    state.events.emit(|| ChannelEvent::Renewed);
                }
                ClientOutput::Completed { call, reply } => state.calls.end(call, Ok(reply)),
                ClientOutput::CallFailed { call, error, .. } => {
                    let error = self.error(error, state);
                    if !state.session.is_ended() {
                        state.news(|| ChannelNews::CallFailed { call, error: error.clone() });
                    }
                    state.calls.end(call, Err(error));
                }
                ClientOutput::Closed => {
                    state.phase = Phase::Closed;
                    state.tell(CommunicationState::Closed);
                    state.news(|| ChannelNews::Closed);
                    state.closed(&Ok(()));
                }
                ClientOutput::Faulted(error) => self.faulted(state, error),
                ClientOutput::Plain(id, envelope) => state.lines.push(Line::Plain(id, envelope)),
                ClientOutput::Event(event) => {
                    state.happened(&event);
                    state.lines.push(Line::Event(event));
                }
                ClientOutput::Warning(text) => state.lines.push(Line::Warning(text)),
            }
        }
        self.set_timer(state);
    }

    fn faulted(&self, state: &mut State, error: SessionError) {
        let error = self.error(error, state);
        state.phase = Phase::Faulted(error.clone());
        if let Some(handshake) = state.handshake.take() {
            tokio::spawn(handshake.end());
        }
        state.tell(CommunicationState::Faulted);
        state.news(|| ChannelNews::Faulted(error.clone()));
        state.opened(&Err(error.clone()));
        state.closed(&Err(error.clone()));
        state.calls.end_all(&Err(error));
    }

    /// Finds out whether the service is to be trusted, which may take its time; nothing is held meanwhile.
    pub(super) async fn judge(
        self: &Arc<Self>,
        id: AuthenticationId,
        evidence: Evidence,
    ) -> Option<Job> {
        let now = self.parts.clock.wall();
        let verdict = self.parts.judge.verdict(evidence, PeerTag::UNKNOWN, now).await;
        let mut state = self.lock();
        self.give_for_next(&mut state, ClientInput::Authenticated { id, verdict })
    }
}

/// What is wrong with the dates of the client's own certificate, if anything.
pub(super) fn out_of_date(certificate: &Certificate, now: jiff::Timestamp) -> Option<String> {
    let subject = certificate.subject_windows();
    let (from, to) = (certificate.not_before(), certificate.not_after());
    if now > to {
        let text = "it must be renewed";
        Some(format!("the client's own certificate '{subject}' has expired at {to}; {text}"))
    } else if now < from {
        let text = "check this machine's clock";
        Some(format!("the client's own certificate '{subject}' is not valid before {from}; {text}"))
    } else {
        None
    }
}

impl std::fmt::Debug for ClientChannel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientChannel")
            .field("address", &self.inner.parts.address)
            .finish_non_exhaustive()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if state.session.is_open() && !state.is_discarded {
            tracing::debug!(
                address = self.parts.address,
                "a channel was dropped without being closed"
            );
        }
    }
}
