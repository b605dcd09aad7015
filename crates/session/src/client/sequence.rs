//! Calls in a reliable session: what its engine wants done, and what it hears.

use waxwing_reliable::{
    Body, CallId, Event, ExchangeId, Failure, FailureKind, Identifier, InitiatorInput,
    InitiatorOutput, Message, OpenRequest, Time, TokenReference, codec,
};
use waxwing_security::conversation::{ClientError, Correlation};
use waxwing_security::wsse::Dialect;
use waxwing_soap::{Fault, Moment};

use super::answer::{Unreadable, other_version, read_reliable};
use super::api::{Answer, ClientOutput, TransmissionId};
use super::state::{Calls, ClientSession, Pending, Phase};
use crate::diagnosis::{TransportFailure, is_infrastructure};
use crate::error::SessionError;
use crate::message::AppMessage;

/// What is said of an answer that belongs to another request.
const MISPLACED: &str = "an answer came that belongs to another request, and was left aside: somebody between client \
     and service swaps, repeats or delays answers, or the service does not relate them (RelatesTo)";

impl ClientSession {
    /// Gives the sequence an input and does what comes of it.
    pub(super) fn tell(&mut self, input: InitiatorInput<AppMessage>, at: &mut Moment<'_>) {
        let Calls::Sequence(sequence) = &mut self.calls else { return };
        sequence.initiator.handle(input, at);
        self.drain(at);
    }

    /// The security context, as CreateSequence refers to it.
    pub(super) fn token_reference(&self) -> Option<TokenReference> {
        self.security.context().map(|context| TokenReference {
            identifier: Identifier::new(&*context.identifier),
            value_type: self.security.dialect().map_or("", Dialect::context_token_type).to_owned(),
        })
    }

    pub(super) fn create_sequence(&mut self, started: Time, deadline: Time, at: &mut Moment<'_>) {
        let token = self.token_reference();
        let to = self.settings.to.clone();
        self.tell(InitiatorInput::Open(OpenRequest { to, token, started, deadline }), at);
    }

    pub(super) fn send_in_sequence(
        &mut self,
        call: CallId,
        message: AppMessage,
        deadline: Time,
        at: &mut Moment<'_>,
    ) {
        let message_id = message.message_id.as_deref().map(Identifier::new);
        let deadline = Some(deadline);
        self.tell(InitiatorInput::Send { call, message, message_id, deadline }, at);
    }

    pub(super) fn written_in_sequence(&mut self, exchange: ExchangeId, at: &mut Moment<'_>) {
        self.tell(InitiatorInput::Written { exchange }, at);
    }

    pub(super) fn progress_in_sequence(&mut self, exchange: ExchangeId, at: &mut Moment<'_>) {
        self.tell(InitiatorInput::Progress { exchange }, at);
    }

    pub(super) fn tick_sequence(&mut self, at: &mut Moment<'_>) {
        self.tell(InitiatorInput::Tick, at);
    }

    /// The session has failed: so does the sequence, if it has not, with each of its calls.
    pub(super) fn abort_sequence(&mut self, error: &SessionError, at: &mut Moment<'_>) {
        if let Calls::Sequence(sequence) = &mut self.calls {
            sequence.cause.get_or_insert_with(|| error.clone());
            self.tell(InitiatorInput::Abort { reason: error.to_string() }, at);
        }
    }

    /// The security session is over while the reliable one was open.
    pub(super) fn security_lost(&mut self, error: ClientError, at: &mut Moment<'_>) {
        let exchange = self.pending.iter().find_map(|(id, pending)| match pending {
            Pending::Sequence(exchange, _) => Some((id, *exchange)),
            Pending::Direct(..) => None,
        });
        let reason = error.to_string();
        let error = SessionError::from(error);
        match exchange {
            Some((id, exchange)) => {
                self.pending.remove(id);
                self.failed_below(error);
                let failure = Failure { kind: FailureKind::SecuritySessionLost, reason };
                self.tell(InitiatorInput::Failed { exchange, failure }, at);
            }
            None => self.fault(error, at),
        }
    }

    /// Why the sequence is about to fail.
    fn failed_below(&mut self, error: SessionError) {
        if let Calls::Sequence(sequence) = &mut self.calls {
            sequence.cause.get_or_insert(error);
        }
    }

    fn drain(&mut self, at: &mut Moment<'_>) {
        while let Calls::Sequence(sequence) = &mut self.calls
            && let Some(output) = sequence.initiator.poll()
        {
            let cause = sequence.cause.clone();
            match output {
                InitiatorOutput::Transmit { route, message, deadline } => {
                    self.send_reliable(route.exchange(), &message, deadline, at);
                }
                InitiatorOutput::Persist { ticket, change } => self.persist(ticket, *change),
                InitiatorOutput::Opened => self.opened(),
                InitiatorOutput::Completed { call, reply } => self.complete(call, reply),
                InitiatorOutput::CallFailed { call, number, error } => {
                    let error = cause.unwrap_or(SessionError::Reliable(error));
                    self.outputs.push_back(ClientOutput::CallFailed { call, number, error });
                }
                InitiatorOutput::Closed => {
                    sequence.is_over = true;
                    self.cancel_security(at);
                }
                InitiatorOutput::Faulted(error) => {
                    sequence.is_over = true;
                    if let Some(error) = sequence.failed.take() {
                        self.outputs.push_back(ClientOutput::Faulted(error));
                    }
                    self.sequence_failed(cause.unwrap_or(SessionError::Reliable(error)), at);
                }
                InitiatorOutput::Event(event) => {
                    if let Event::Misplaced { .. } = event {
                        self.warn(MISPLACED);
                    }
                    self.outputs.push_back(ClientOutput::Event(event));
                }
            }
        }
    }

    /// One that was never created is nothing to the service; its security session is.
    fn sequence_failed(&mut self, error: SessionError, at: &mut Moment<'_>) {
        match self.is_opening() && !matches!(error, SessionError::Security(_)) {
            true => self.give_up(error, at),
            false => self.fault(error, at),
        }
    }

    /// A call has ended well, unless the service's infrastructure refused its message.
    pub(super) fn complete(&mut self, call: CallId, reply: Option<AppMessage>) {
        let refusal = reply.as_ref().filter(|reply| reply.is_fault());
        let refusal = refusal.and_then(|reply| Fault::read(&reply.envelope));
        let output = match refusal.filter(is_infrastructure) {
            Some(fault) => {
                let error = SessionError::Refused(Box::new(fault));
                ClientOutput::CallFailed { call, number: None, error }
            }
            None => {
                self.reached.answered = true;
                ClientOutput::Completed { call, reply }
            }
        };
        self.outputs.push_back(output);
    }

    pub(super) fn send_reliable(
        &mut self,
        exchange: ExchangeId,
        message: &Message<AppMessage>,
        deadline: Option<Time>,
        at: &mut Moment<'_>,
    ) {
        let Calls::Sequence(sequence) = &self.calls else { return };
        let version = sequence.version;
        let is_fault = matches!(message.body, Body::Fault(_));
        if self.awaits_key() && !is_fault {
            return self.hold(exchange, message, deadline);
        }
        let to = Some(self.settings.to.as_str());
        let envelope = match &message.body {
            Body::Application(application) => {
                Some(application.dress(to, Some((&message.headers, version)), self.signs_headers()))
            }
            _ => codec::write(message, version, self.settings.version, to),
        };
        let Some(mut envelope) = envelope else { return };
        self.headers.write(&mut envelope);
        if !is_fault {
            self.renew_when_due(at);
            if self.is_renewing() && self.security.awaits_renewal(at) {
                let reason = "the session key is being renewed".to_owned();
                return self.tell(InitiatorInput::Postponed { exchange, reason }, at);
            }
        }
        let plain = self.trace.then(|| envelope.clone());
        match self.security.protect(envelope, at) {
            Ok((envelope, correlation)) => {
                let deadline = deadline.unwrap_or(at.time + self.settings.send_timeout);
                let id = self.transmit(envelope, plain, deadline);
                self.pending.insert(id, Pending::Sequence(exchange, correlation));
            }
            // Nobody waits for what becomes of a fault of the protocol: the session is over. Without a security session
            // there is nobody to tell.
            Err(ClientError::State(_)) if is_fault => {}
            // The fault of February 2005 has an action that requests cannot have in a contract without callbacks: the end
            // of the security session tells the service as well.
            Err(_) if is_fault => self.tell_by_cancel(at),
            Err(error) => {
                let failure = Failure { kind: FailureKind::Protocol, reason: error.to_string() };
                self.failed_below(error.into());
                self.tell(InitiatorInput::Failed { exchange, failure }, at);
            }
        }
    }

    pub(super) fn sequence_answer(
        &mut self,
        id: TransmissionId,
        exchange: ExchangeId,
        correlation: &Correlation,
        answer: Answer,
        at: &mut Moment<'_>,
    ) {
        let message = match answer {
            Answer::Empty => Ok(None),
            Answer::Failed(failure) => Err(self.lost(failure)),
            Answer::Message(envelope) if envelope.version() != self.settings.version => {
                let reason = other_version(envelope.version(), self.settings.version);
                Err(Failure { kind: self.unreadable(true), reason })
            }
            Answer::Message(envelope) => match self.security.verify(*envelope, correlation, at) {
                Ok(received) => {
                    self.trace_plain(Some(id), &received);
                    let version = self.settings.reliable.as_ref().map(|r| r.0);
                    read_reliable(received, version).map(Some).map_err(
                        |Unreadable { reason, is_unproven }| Failure {
                            kind: self.unreadable(is_unproven),
                            reason,
                        },
                    )
                }
                Err(ClientError::RenewNeeded) if !self.is_opening() => {
                    return self.renew_first(exchange, &ClientError::RenewNeeded, at);
                }
                // Anybody may have said so; in a sequence it does no harm to send a message again. A service that has
                // taken nothing under the context would refuse the next one as well.
                Err(error @ ClientError::ContextRefused { accepted_before: true, .. })
                    if !self.is_opening() =>
                {
                    return self.renew_first(exchange, &error, at);
                }
                Err(error) => Err(self.unverified(error)),
            },
        };
        let input = match message {
            Ok(message) => InitiatorInput::Response { exchange, message },
            Err(failure) => InitiatorInput::Failed { exchange, failure },
        };
        self.tell(input, at);
    }

    /// The service did not process a message, and wants a new key first: it goes again with that one. The key may have
    /// been renewed since it was sent, or may not be renewable.
    fn renew_first(&mut self, exchange: ExchangeId, why: &ClientError, at: &mut Moment<'_>) {
        let reason = why.to_string();
        self.renew_when_due(at);
        self.tell(InitiatorInput::Postponed { exchange, reason }, at);
        if !self.is_renewing() && !self.awaits_key() {
            self.tell(InitiatorInput::Resume, at);
        }
    }

    /// What an answer that cannot be read means to the reliable session. When nobody signed what is wrong with it, whoever
    /// stands between could make a call fail with it; so it counts as lost, once the session is open.
    fn unreadable(&self, unproven: bool) -> FailureKind {
        match unproven && !self.is_opening() {
            true => FailureKind::Retryable,
            false => FailureKind::Protocol,
        }
    }

    /// What an exchange that brought no message means to the reliable session.
    fn lost(&self, failure: TransportFailure) -> Failure {
        let kind = failure.cause.kind(self.is_opening(), self.settings.retry);
        Failure { kind, reason: failure.reason }
    }

    /// What a reply that cannot be verified means to the reliable session.
    fn unverified(&mut self, error: ClientError) -> Failure {
        let reason = error.to_string();
        let kind = match &error {
            ClientError::RenewNeeded => FailureKind::Retryable,
            error if error.ends_session() => FailureKind::SecuritySessionLost,
            // The next answer would be no better: without this the session repeats until its timeouts.
            error if error.disagreement().is_some() => FailureKind::SecuritySessionLost,
            // Whoever holds the wire can give any answer out: in an open session it counts as lost.
            ClientError::Unverifiable(_) if !self.is_opening() => FailureKind::Retryable,
            _ if self.settings.retry_authentication => FailureKind::Retryable,
            _ => FailureKind::Security,
        };
        if kind == FailureKind::SecuritySessionLost
            || self.is_opening()
            || (kind == FailureKind::Security && !matches!(self.phase, Phase::Open))
        {
            self.failed_below(error.into());
        } else {
            self.warn(reason.clone());
        }
        Failure { kind, reason }
    }
}
