//! A channel: one conversation with a service.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use waxwing_binding::EndpointTimeouts;
use waxwing_crypto::Certificate;
use waxwing_security::PeerTag;
use waxwing_session::{
    AppMessage, ApplicationMessage, AuthenticationId, ClientInput, ClientOutput, ClientSession,
    SessionError, TransmissionId, Transmit, options,
};
use waxwing_soap::MessageVersion;
use waxwing_soap::encoder::Encoder;

use super::demarcation::Demarcation;
use super::error::{ChannelError, ChannelErrorKind};
use super::held::{Held, Teller};
use super::post::Route;
use super::state::{CallResult, Line, Phase, State};
use super::watch::{ChannelEvent, ChannelStatistics};
use crate::authentication::{Evidence, Judge};
use crate::contract::{ObjectQuotas, OwnedContract, Request};
use crate::encoding::Encoding;
use crate::environment::{Clock, SystemRandom};
use crate::events::{CommunicationState, Events};
use crate::layer::ClientService;
use crate::log::Cut;
use crate::net::{self, HttpCredentials, Transport};
use crate::quotas::MessageQuotas;
use crate::trace::{Trace, TraceDirection};

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
    timer: Notify,
    pub(super) parts: Parts,
}

/// What a channel is made of beside its session. None of it changes.
pub(super) struct Parts {
    pub(super) version: MessageVersion,
    pub(super) address: String,
    pub(super) via: String,
    pub(super) timeouts: EndpointTimeouts,
    pub(super) encoding: Encoding,
    pub(super) transport: Arc<dyn Transport>,
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
}

/// A step that takes longer says so in the log, then after twice the time, and so on.
const LONG: Duration = Duration::from_secs(2);

impl ClientChannel {
    pub(super) fn new(session: ClientSession, parts: Parts) -> Self {
        let state = Mutex::new(State::new(session, Demarcation::new(parts.contract.clone())));
        let inner = Arc::new(Inner { state, timer: Notify::new(), parts });
        Self { inner, layers: None }
    }

    /// Opens the channel: the security handshake, then the reliable session. Done when the channel is open already.
    ///
    /// # Errors
    /// Why it cannot be opened, at once or within the binding's `openTimeout`.
    pub async fn open(&self) -> Result<(), ChannelError> {
        let timeout = options::duration(self.inner.parts.timeouts.open);
        let opened = {
            let mut state = self.inner.lock();
            self.inner.start(&mut state, timeout)?;
            if state.session.is_open() {
                return Ok(());
            }
            let (sender, receiver) = oneshot::channel();
            state.opening.push(sender);
            self.inner.drive(&mut state);
            receiver
        };
        self.inner.wait(opened, "opening the channel").await
    }

    /// Closes the channel: waits until every call is answered, ends the reliable session, then the security session.
    ///
    /// # Errors
    /// The service did not agree, or not within the binding's `closeTimeout`.
    pub async fn close(&self) -> Result<(), ChannelError> {
        let timeout = options::duration(self.inner.parts.timeouts.close);
        let closed = {
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
            self.inner.give(&mut state, ClientInput::Close { deadline });
            receiver
        };
        self.inner.wait(closed, "closing the channel").await
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
        let Request { action, message, timeout, .. } = request;
        let timeout = timeout.unwrap_or(options::duration(self.inner.parts.timeouts.send));
        let (is_last, result) = {
            let mut state = self.inner.lock();
            let is_last = self.inner.admit(&mut state, action)?;
            self.inner.start(&mut state, timeout)?;
            let (sender, receiver) = oneshot::channel();
            let call = state.next_call();
            state.calls.insert(call, sender);
            state.statistics.calls += 1;
            let message = ApplicationMessage::request(action, message, one_way, &mut SystemRandom);
            let message = AppMessage::new(message);
            let deadline = self.inner.parts.clock.time() + timeout;
            self.inner.give(&mut state, ClientInput::Call { call, message, deadline });
            (is_last, receiver)
        };
        let began = self.inner.parts.clock.time();
        let reply = self.inner.wait(result, action).await;
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
    fn lock(&self) -> Held<'_> {
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

    /// Waits for the end of a step. What takes long says so, and what it waits for.
    async fn wait<T>(
        &self,
        mut receiver: oneshot::Receiver<Result<T, ChannelError>>,
        step: &str,
    ) -> Result<T, ChannelError> {
        let (began, mut patience) = (self.parts.clock.time(), LONG);
        loop {
            match tokio::time::timeout(patience, &mut receiver).await {
                Ok(Ok(result)) => return result,
                Ok(Err(_)) => {
                    let error = SessionError::Aborted("the channel was dropped".to_owned());
                    let address = &self.parts.address;
                    return Err(ChannelError::session(error, address, None, Vec::new()));
                }
                Err(_) => {
                    let progress = self.lock().session.progress();
                    let seconds = (self.parts.clock.time() - began).as_secs();
                    let address = &self.parts.address;
                    tracing::info!(address, "{step} has taken {seconds} s so far: {progress}");
                    patience *= 2;
                }
            }
        }
    }

    /// Begins to open, and starts the timer, unless that was done. A channel that has ended cannot be used.
    fn start(self: &Arc<Self>, state: &mut State, timeout: Duration) -> Result<(), ChannelError> {
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
        tokio::spawn(run_timer(Arc::downgrade(self)));
        Ok(())
    }

    /// Gives the session an input and does what comes of it.
    fn give(self: &Arc<Self>, state: &mut State, input: ClientInput) {
        state.session.handle(input, &mut self.parts.clock.moment(&mut SystemRandom));
        self.drive(state);
    }

    /// Does what the session wants done.
    fn drive(self: &Arc<Self>, state: &mut State) {
        while let Some(output) = state.session.poll() {
            match output {
                ClientOutput::Transmit(transmit) => {
                    state.statistics.messages_sent += 1;
                    tokio::spawn(Arc::clone(self).transmit(*transmit));
                }
                ClientOutput::Authenticate { id, evidence } => {
                    tokio::spawn(Arc::clone(self).judge(id, *evidence));
                }
                ClientOutput::Opened => {
                    state.tell(CommunicationState::Opened);
                    state.opened(&Ok(()));
                }
                ClientOutput::Renewed => {
                    state.statistics.renewals += 1;
                    state.events.emit(|| ChannelEvent::Renewed);
                }
                ClientOutput::Completed { call, reply } => {
                    if let Some(waiting) = state.calls.remove(&call) {
                        let _ = waiting.send(Ok(reply));
                    }
                }
                ClientOutput::CallFailed { call, error } => {
                    let error = self.error(error, state);
                    if let Some(waiting) = state.calls.remove(&call) {
                        let _ = waiting.send(Err(error));
                    }
                }
                ClientOutput::Closed => {
                    state.phase = Phase::Closed;
                    state.tell(CommunicationState::Closed);
                    state.closed(&Ok(()));
                    self.timer.notify_one();
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
        let wake = state.session.wake_at();
        if wake.is_some_and(|wake| state.timer_at.is_none_or(|at| wake < at)) {
            self.timer.notify_one();
        }
    }

    fn faulted(&self, state: &mut State, error: SessionError) {
        let error = self.error(error, state);
        state.phase = Phase::Faulted(error.clone());
        state.tell(CommunicationState::Faulted);
        state.opened(&Err(error.clone()));
        state.closed(&Err(error.clone()));
        for (_, waiting) in state.calls.drain() {
            let _ = waiting.send(Err(error.clone()));
        }
        self.timer.notify_one();
    }

    /// A message is written: the next one may be begun.
    fn written(self: &Arc<Self>, id: TransmissionId) {
        let mut state = self.lock();
        self.give(&mut state, ClientInput::Written(id));
    }

    /// Finds out whether the service is to be trusted, which may take its time; nothing is held meanwhile.
    async fn judge(self: Arc<Self>, id: AuthenticationId, evidence: Evidence) {
        let now = self.parts.clock.wall();
        let verdict = self.parts.judge.verdict(evidence, PeerTag::UNKNOWN, now).await;
        let mut state = self.lock();
        self.give(&mut state, ClientInput::Authenticated { id, verdict });
    }

    /// Posts one message and takes the answer.
    async fn transmit(self: Arc<Self>, transmit: Transmit) {
        let Transmit { id, action, envelope, plain, deadline } = transmit;
        // Each exchange is a link of its own to the encoding.
        let mut encoder = self.parts.encoding;
        let message = encoder.write(&envelope, &mut SystemRandom);
        drop(envelope);
        if let Some(trace) = &self.parts.trace {
            let note = format!("message {} {action}", id.0);
            let now = self.parts.clock.wall();
            if let Some(plain) = &plain {
                trace.plain(now, TraceDirection::Sent, &note, plain);
            }
            trace.wire(now, TraceDirection::Sent, &note, &message.octets);
        }
        let patience = deadline - self.parts.clock.time();
        let route = Route {
            transport: &*self.parts.transport,
            keep_alive: self.parts.keep_alive,
            credentials: self.parts.http.as_deref(),
            via: &self.parts.via,
            version: self.parts.version,
            decoder: encoder,
        };
        let (told, written) = net::written();
        let post = route.post(&action, message, patience, told);
        tokio::pin!(post);
        let posted = tokio::select! {
            posted = &mut post => posted,
            _ = written => {
                self.written(id);
                post.await
            }
        };
        if let Some(trace) = &self.parts.trace
            && !posted.octets.is_empty()
        {
            let note = format!("answer to message {}", id.0);
            trace.wire(self.parts.clock.wall(), TraceDirection::Received, &note, &posted.octets);
        }
        let mut state = self.lock();
        match &posted.answer {
            waxwing_session::Answer::Failed(failure) => {
                state.statistics.exchanges_lost += 1;
                let reason = || Cut::own(&failure.reason).to_string();
                state.events.emit(|| ChannelEvent::ExchangeLost { reason: reason() });
                state.lines.push(Line::Lost { action: action.clone(), reason: reason() });
            }
            _ => state.statistics.answers_received += 1,
        }
        if let Some(clock) = posted.clock {
            state.clock_ahead = Some(clock.as_second() - self.parts.clock.wall().as_second());
        }
        self.give(&mut state, ClientInput::Answer { id, answer: posted.answer });
    }
}

/// Wakes the session when its time has come, as long as the channel lives.
async fn run_timer(channel: Weak<Inner>) {
    loop {
        let Some(inner) = channel.upgrade() else { return };
        let wake = {
            let mut state = inner.lock();
            if state.session.is_ended() {
                return;
            }
            state.timer_at = state.session.wake_at();
            state.timer_at
        };
        if inner.parts.clock.sleep_until(wake, &inner.timer).await {
            let mut state = inner.lock();
            inner.give(&mut state, ClientInput::Tick);
        }
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
        if state.session.is_open() {
            tracing::debug!(
                address = self.parts.address,
                "a channel was dropped without being closed"
            );
        }
    }
}
