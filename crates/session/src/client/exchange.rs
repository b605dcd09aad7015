//! Messages out, answers in.

use std::collections::VecDeque;

use waxwing_reliable::{
    Body, CallId, ExchangeId, Failure, FailureKind, InitiatorInput, InitiatorOutput, Message,
    ReliableMessagingVersion, Time, codec,
};
use waxwing_security::conversation::{ClientError, Correlation, Received};
use waxwing_soap::{Addressing, AddressingVersion, Envelope, Fault, MessageVersion, Moment};

use super::{Answer, ClientOutput, ClientSession, Direct, Phase, TransmissionId, Transmit};
use crate::diagnosis::{TransportCause, TransportFailure, is_infrastructure};
use crate::error::SessionError;
use crate::message::{AppMessage, ApplicationMessage};

/// What an answer that is waited for belongs to.
#[derive(Debug)]
pub(super) enum Pending {
    /// The security protocol.
    Trust,
    /// The reliable session.
    Reliable(ExchangeId, Correlation),
    /// A call without reliable session.
    Direct(Direct, Correlation),
}

impl Pending {
    pub(super) fn into_direct(self) -> Option<Direct> {
        match self {
            Pending::Direct(direct, _) => Some(direct),
            _ => None,
        }
    }
}

impl ClientSession {
    /// The answer to a message that was handed out.
    pub fn answer(&mut self, id: TransmissionId, answer: Answer, at: &mut Moment<'_>) {
        if matches!(self.phase, Phase::Ended) {
            return;
        }
        match &answer {
            Answer::Failed(failure) => self.reached.transport = Some(failure.clone()),
            Answer::Empty if !self.reached.opened => {
                let reason = "an empty response".to_owned();
                let cause = TransportCause::Empty;
                self.reached.transport = Some(TransportFailure { cause, reason });
            }
            _ => self.reached.transport = None,
        }
        match self.pending.remove(&id) {
            Some(Pending::Trust) => self.trust_answer(answer, at),
            Some(Pending::Reliable(exchange, correlation)) => {
                self.reliable_answer(id, exchange, &correlation, answer, at);
            }
            Some(Pending::Direct(direct, correlation)) => {
                self.direct_answer(id, direct, &correlation, answer, at)
            }
            None => {}
        }
    }

    /// A message that was handed out is written to its connection. In an ordered reliable session the next one is
    /// handed out then, so that it does not overtake this one.
    pub fn written(&mut self, id: TransmissionId, at: &mut Moment<'_>) {
        if let Some(Pending::Reliable(exchange, _)) = self.pending.get(&id) {
            let exchange = *exchange;
            self.tell(InitiatorInput::Written { exchange }, at);
            self.drain(at);
        }
    }

    pub(super) fn transmit(
        &mut self,
        pending: Pending,
        envelope: Envelope,
        plain: Option<Envelope>,
        deadline: Time,
    ) {
        let id = TransmissionId(self.transmissions);
        self.transmissions += 1;
        self.pending.insert(id, pending);
        let namespace = envelope.version().addressing.namespace();
        let action = envelope
            .header_named(namespace, "Action")
            .map(|header| header.text().trim().to_owned());
        let transmit =
            Transmit { id, action: action.unwrap_or_default(), envelope, plain, deadline };
        self.outputs.push_back(ClientOutput::Transmit(Box::new(transmit)));
    }

    /// Takes what the reliable session wants done.
    pub(super) fn drain(&mut self, at: &mut Moment<'_>) {
        while let Some(output) = self.reliable.as_mut().and_then(|r| r.poll()) {
            match output {
                InitiatorOutput::Transmit { route, message, deadline } => {
                    self.send_reliable(route.exchange(), &message, deadline, at);
                }
                InitiatorOutput::Opened => self.opened(),
                InitiatorOutput::Completed { call, reply } => self.complete(call, reply),
                InitiatorOutput::CallFailed { call, error } => {
                    let error = self.cause.clone().unwrap_or(SessionError::Reliable(error));
                    self.outputs.push_back(ClientOutput::CallFailed { call, error });
                }
                InitiatorOutput::Closed => self.cancel_security(at),
                InitiatorOutput::Faulted(error) => {
                    let error = self.cause.clone().unwrap_or(SessionError::Reliable(error));
                    self.fault(error, at);
                }
                InitiatorOutput::Event(event) => {
                    if let waxwing_reliable::Event::Misplaced { .. } = event {
                        self.warn(MISPLACED);
                    }
                    self.outputs.push_back(ClientOutput::Event(event));
                }
            }
        }
    }

    /// A call has ended well, unless the service's infrastructure refused its message.
    fn complete(&mut self, call: CallId, reply: Option<AppMessage>) {
        let refusal = reply.as_ref().filter(|reply| reply.is_fault());
        let refusal = refusal.and_then(|reply| Fault::read(&reply.envelope));
        let output = match refusal.filter(is_infrastructure) {
            Some(fault) => {
                let error = SessionError::Refused(Box::new(fault));
                ClientOutput::CallFailed { call, error }
            }
            None => {
                self.reached.answered = true;
                ClientOutput::Completed { call, reply }
            }
        };
        self.outputs.push_back(output);
    }

    fn send_reliable(
        &mut self,
        exchange: ExchangeId,
        message: &Message<AppMessage>,
        deadline: Option<Time>,
        at: &mut Moment<'_>,
    ) {
        let Some((version, ..)) = self.settings.reliable else { return };
        let to = Some(self.settings.to.as_str());
        let envelope = match &message.body {
            Body::Application(application) => {
                Some(application.dress(to, Some((&message.headers, version))))
            }
            _ => codec::write(message, version, self.settings.version, to),
        };
        let Some(mut envelope) = envelope else { return };
        self.headers.write(&mut envelope);
        self.renew_when_due(at);
        let plain = self.trace.then(|| envelope.clone());
        match self.security.protect(envelope, at) {
            Ok((envelope, correlation)) => {
                let deadline = deadline.unwrap_or(at.time + self.settings.send_timeout);
                self.transmit(Pending::Reliable(exchange, correlation), envelope, plain, deadline);
            }
            // Nobody waits for what becomes of a fault of the protocol: the session is over. Without a security session
            // there is nobody to tell.
            Err(ClientError::State(_)) if matches!(message.body, Body::Fault(_)) => {}
            // The fault of February 2005 has an action that requests cannot have in a contract without callbacks: the end
            // of the security session tells the service as well.
            Err(error) if matches!(message.body, Body::Fault(_)) => self.tell_by_cancel(&error, at),
            Err(error) => {
                let failure = Failure { kind: FailureKind::Protocol, reason: error.to_string() };
                self.cause.get_or_insert(error.into());
                self.tell(InitiatorInput::Failed { exchange, failure }, at);
            }
        }
    }

    fn tell(&mut self, input: InitiatorInput<AppMessage>, at: &mut Moment<'_>) {
        if let Some(reliable) = &mut self.reliable {
            reliable.handle(input, at);
        }
    }

    fn reliable_answer(
        &mut self,
        id: TransmissionId,
        exchange: ExchangeId,
        correlation: &Correlation,
        answer: Answer,
        at: &mut Moment<'_>,
    ) {
        let input = match answer {
            Answer::Empty => InitiatorInput::Response { exchange, message: None },
            Answer::Failed(failure) => {
                InitiatorInput::Failed { exchange, failure: self.lost(failure) }
            }
            Answer::Message(envelope) if envelope.version() != self.settings.version => {
                let reason = other_version(envelope.version(), self.settings.version);
                let kind = self.unreadable(true);
                InitiatorInput::Failed { exchange, failure: Failure { kind, reason } }
            }
            Answer::Message(envelope) => match self.security.verify(*envelope, correlation, at) {
                Ok(received) => {
                    self.trace_plain(id, &received);
                    let version = self.settings.reliable.as_ref().map(|r| r.0);
                    let unproven = unproven(&received);
                    match (read_reliable(received, version), unproven) {
                        (Ok(message), _) => {
                            InitiatorInput::Response { exchange, message: Some(message) }
                        }
                        (Err(reason), unproven) => {
                            let kind = self.unreadable(unproven);
                            let failure = Failure { kind, reason };
                            InitiatorInput::Failed { exchange, failure }
                        }
                    }
                }
                Err(error) => {
                    InitiatorInput::Failed { exchange, failure: self.unverified(error, at) }
                }
            },
        };
        self.tell(input, at);
        self.drain(at);
    }

    /// What an answer that cannot be read means to the reliable session. When nobody signed what is wrong with it, whoever
    /// stands between could make a call fail with it; so it counts as lost, once the session is open.
    fn unreadable(&self, unproven: bool) -> FailureKind {
        match self.phase {
            Phase::Opening(_) => FailureKind::Protocol,
            _ if unproven => FailureKind::Retryable,
            _ => FailureKind::Protocol,
        }
    }

    /// What an exchange that brought no message means to the reliable session.
    fn lost(&self, failure: TransportFailure) -> Failure {
        let opening = matches!(self.phase, Phase::Opening(_));
        Failure { kind: failure.cause.kind(opening, self.settings.retry), reason: failure.reason }
    }

    /// What a reply that cannot be verified means to the reliable session.
    fn unverified(&mut self, error: ClientError, at: &mut Moment<'_>) -> Failure {
        let reason = error.to_string();
        let kind = match &error {
            ClientError::RenewNeeded => FailureKind::Retryable,
            error if error.ends_session() => FailureKind::SecuritySessionLost,
            // The next answer would be no better: without this the session repeats until its timeouts.
            error if error.disagreement().is_some() => FailureKind::SecuritySessionLost,
            // Whoever holds the wire can give any answer out: in an open session it counts as lost.
            ClientError::Unverifiable(_) if !matches!(self.phase, Phase::Opening(_)) => {
                FailureKind::Retryable
            }
            _ if self.settings.retry_authentication => FailureKind::Retryable,
            _ => FailureKind::Security,
        };
        if matches!(error, ClientError::RenewNeeded) {
            self.renew_when_due(at);
        } else if kind == FailureKind::SecuritySessionLost
            || matches!(self.phase, Phase::Opening(_))
            || (kind == FailureKind::Security && !matches!(self.phase, Phase::Open))
        {
            self.cause.get_or_insert(error.into());
        } else {
            self.warn(reason.clone());
        }
        Failure { kind, reason }
    }

    fn trace_plain(&mut self, id: TransmissionId, received: &Received) {
        if self.trace {
            let envelope = Box::new(received.envelope().clone());
            self.outputs.push_back(ClientOutput::Plain(id, envelope));
        }
    }

    /// Sends a call that has no reliable session. A one-way message waits for a renewal that is under way: a demand to
    /// renew could not be related to it, so that it would not be sent again.
    pub(super) fn send_direct(&mut self, direct: Direct, at: &mut Moment<'_>) {
        self.renew_when_due(at);
        match self.in_trust && direct.message.message_id.is_none() {
            true => self.waiting.push_back(direct),
            false => self.post_direct(direct, at),
        }
    }

    fn post_direct(&mut self, direct: Direct, at: &mut Moment<'_>) {
        let mut envelope = direct.message.dress(Some(&self.settings.to), None);
        self.headers.write(&mut envelope);
        let plain = self.trace.then(|| envelope.clone());
        match self.security.protect(envelope, at) {
            Ok((envelope, correlation)) => {
                let deadline = direct.deadline;
                self.transmit(Pending::Direct(direct, correlation), envelope, plain, deadline);
            }
            Err(error) => self.direct_failed(&direct, error.into()),
        }
    }

    fn direct_failed(&mut self, direct: &Direct, error: SessionError) {
        self.outputs.push_back(ClientOutput::CallFailed { call: direct.call, error });
    }

    fn direct_answer(
        &mut self,
        id: TransmissionId,
        direct: Direct,
        correlation: &Correlation,
        answer: Answer,
        at: &mut Moment<'_>,
    ) {
        let call = direct.call;
        let result = match answer {
            Answer::Empty if direct.message.message_id.is_none() => Ok(None),
            Answer::Empty => Err(SessionError::NoReply),
            Answer::Failed(failure) => Err(SessionError::Transport { step: "the call", failure }),
            Answer::Message(envelope) if envelope.version() != self.settings.version => {
                let text = other_version(envelope.version(), self.settings.version);
                Err(SessionError::BadReply(text))
            }
            Answer::Message(envelope) => match self.security.verify(*envelope, correlation, at) {
                Ok(received) => {
                    self.trace_plain(id, &received);
                    let is_secured = self.security.is_secured();
                    read_reply(received, &direct.message, is_secured).map(Some)
                }
                Err(ClientError::RenewNeeded) if direct.message.message_id.is_none() => {
                    self.renew_when_due(at);
                    Err(SessionError::BadReply(UNRELATED_DEMAND.to_owned()))
                }
                Err(ClientError::RenewNeeded) => {
                    self.waiting.push_back(direct);
                    self.renew_when_due(at);
                    // The key may have been renewed since the call was sent, or cannot be.
                    if !self.in_trust {
                        self.send_waiting(at);
                    }
                    return;
                }
                Err(error) if error.ends_session() => {
                    let error = SessionError::from(error);
                    self.direct_failed(&direct, error.clone());
                    return self.fault(error, at);
                }
                Err(error) => Err(error.into()),
            },
        };
        match result {
            Ok(reply) => self.complete(call, reply),
            Err(error) => self.direct_failed(&direct, error),
        }
        self.finish_closing(at);
    }

    /// Calls that waited for the session, or for a new key.
    pub(super) fn send_waiting(&mut self, at: &mut Moment<'_>) {
        for direct in std::mem::take(&mut self.waiting) {
            self.post_direct(direct, at);
        }
    }

    pub(super) fn tick_waiting(&mut self, now: Time) {
        let (late, rest) =
            std::mem::take(&mut self.waiting).into_iter().partition(|d: &Direct| d.deadline <= now);
        self.waiting = rest;
        let late: VecDeque<Direct> = late;
        for direct in late {
            let last = "the channel was not open yet".to_owned();
            self.direct_failed(
                &direct,
                SessionError::TimedOut { step: "the call", attempts: 0, last },
            );
        }
    }

    fn trust_answer(&mut self, answer: Answer, at: &mut Moment<'_>) {
        match answer {
            Answer::Message(envelope) => match self.security.handle_reply(*envelope, at) {
                Ok(step) => {
                    self.reached.handshake_answers += 1;
                    self.step(step, at);
                }
                Err(error) => self.trust_refused(error, at),
            },
            Answer::Empty => {
                let reason = "the service did not send back a reply (an empty response to a security token request)";
                let cause = TransportCause::Empty;
                self.trust_lost(TransportFailure { cause, reason: reason.to_owned() }, at);
            }
            Answer::Failed(failure) => self.trust_lost(failure, at),
        }
    }

    pub(super) fn trust_refused(&mut self, error: ClientError, at: &mut Moment<'_>) {
        match self.phase {
            Phase::Opening(_) => self.handshake_failed(error, at),
            Phase::Cancelling { .. } => {
                self.warn(format!("the security session was not cancelled: {error}"));
                self.end();
            }
            _ => {
                self.in_trust = false;
                self.warn(format!("the session key was not renewed: {error}"));
                // An answer to a negotiation is nobody's: the old key goes on, and the next message tries again.
                let negotiating = error.is_of_negotiation();
                match error.ends_session() && !negotiating {
                    true => self.lose_security(error, at),
                    false => self.send_waiting(at),
                }
            }
        }
    }

    /// The security session is over while the reliable one was open.
    fn lose_security(&mut self, error: ClientError, at: &mut Moment<'_>) {
        let error = SessionError::from(error);
        self.cause.get_or_insert_with(|| error.clone());
        let exchanges = self.pending.iter().find_map(|(id, pending)| match pending {
            Pending::Reliable(exchange, _) => Some((*id, *exchange)),
            _ => None,
        });
        match exchanges {
            Some((id, exchange)) => {
                self.pending.remove(&id);
                let failure =
                    Failure { kind: FailureKind::SecuritySessionLost, reason: error.to_string() };
                self.tell(InitiatorInput::Failed { exchange, failure }, at);
                self.drain(at);
            }
            None => self.fault(error, at),
        }
    }

    fn trust_lost(&mut self, failure: TransportFailure, at: &mut Moment<'_>) {
        match self.phase {
            Phase::Opening(_) => self.handshake_lost(failure, at),
            Phase::Cancelling { .. } => {
                self.warn(format!("the security session was not cancelled: {}", failure.reason));
                self.end();
            }
            _ => {
                // The old key goes on; the next message tries again.
                self.in_trust = false;
                self.abandon_trust();
                self.warn(format!("the session key was not renewed: {}", failure.reason));
                self.send_waiting(at);
            }
        }
    }

    fn renew_when_due(&mut self, at: &mut Moment<'_>) {
        if self.security.renewal_due(at) {
            self.renew(at);
        }
    }

    fn renew(&mut self, at: &mut Moment<'_>) {
        if self.in_trust || !matches!(self.phase, Phase::Open | Phase::Closing { .. }) {
            return;
        }
        match self.security.renew(at) {
            Ok(step) => self.step(step, at),
            Err(error) => self.warn(format!("the session key was not renewed: {error}")),
        }
    }
}

/// Whether a verified reply has a header that must be understood, is not, and that nobody signed.
fn unproven(received: &Received) -> bool {
    let unknown = received.envelope().not_understood(crate::service::is_understood);
    unknown.iter().any(|header| !received.is_trusted(*header))
}

/// What a reply is to the reliable session.
fn read_reliable(
    received: Received,
    version: Option<ReliableMessagingVersion>,
) -> Result<Message<AppMessage>, String> {
    let version = version.ok_or("there is no reliable session")?;
    let envelope = received.into_envelope();
    let addressing = Addressing::read(&envelope).map_err(|error| error.to_string())?;
    let message = codec::read_addressed(&envelope, &addressing, version);
    let message = message.map_err(|error| error.to_string())?;
    understood(&envelope)?;
    Ok(message.map(|()| AppMessage::new(ApplicationMessage::received(envelope, addressing))))
}

/// A reply outside of any reliable session. It must say that it is the one to this request: the exchange on which it
/// comes is in the hands of whoever holds the connection.
fn read_reply(
    received: Received,
    request: &ApplicationMessage,
    is_secured: bool,
) -> Result<AppMessage, SessionError> {
    let envelope = received.into_envelope();
    let addressing =
        Addressing::read(&envelope).map_err(|error| SessionError::BadReply(error.to_string()))?;
    let has_addressing = envelope.version().addressing != AddressingVersion::None;
    // Without security nothing is proven anyway, and a service that could not read the request says so as it can.
    let is_plain_fault = !is_secured && envelope.is_fault();
    let unrelated = match (&addressing.relates_to, &request.message_id) {
        _ if !has_addressing => None,
        (Some(relates), Some(id)) if relates == id => None,
        (None, None) => None,
        (None, Some(_)) if is_plain_fault => None,
        (None, Some(_)) => Some(match Fault::read(&envelope) {
            Some(fault) => {
                format!("it relates to no request (RelatesTo); it is a fault: {}", fault.text())
            }
            None => "it relates to no request (RelatesTo)".to_owned(),
        }),
        (Some(relates), Some(id)) => {
            Some(format!("it relates to {relates}, but the request is {id}"))
        }
        (Some(relates), None) => {
            Some(format!("it relates to {relates}, but the request has no MessageID"))
        }
    };
    if let Some(text) = unrelated {
        return Err(SessionError::BadReply(text));
    }
    understood(&envelope).map_err(SessionError::BadReply)?;
    Ok(AppMessage::new(ApplicationMessage::received(envelope, addressing)))
}

/// What is said of an answer that belongs to another request.
const MISPLACED: &str = "an answer came that belongs to another request, and was left aside: somebody between client \
     and service swaps, repeats or delays answers, or the service does not relate them (RelatesTo)";

/// What is said of a one-way call that drew a demand for a new key, or was given another's.
const UNRELATED_DEMAND: &str = "the service demands a new session key, for this one-way message or another: nothing says \
     which (RelatesTo), so it is not known whether this one was executed, and it was not sent again";

fn other_version(found: MessageVersion, expected: MessageVersion) -> String {
    format!("the answer is written in {found:?}, the binding's messages in {expected:?}")
}

/// Headers that must be understood are those of the layers that the message has passed, and no others.
fn understood(envelope: &Envelope) -> Result<(), String> {
    let unknown = envelope.not_understood(crate::service::is_understood);
    match unknown.first() {
        None => Ok(()),
        Some(header) => Err(format!(
            "the header {{{}}}{} must be understood, and is not",
            header.namespace(),
            header.local_name()
        )),
    }
}
