//! Opening: the security handshake, then the sequence (reliable-messaging facts: WCF's request loop).

use waxwing_reliable::FailureKind;
use waxwing_security::conversation::{ClientError, FaultOrigin, SecurityFaultKind};
use waxwing_soap::Moment;

use super::api::ClientOutput;
use super::attempt::Stage;
use super::state::{Calls, ClientSession, Phase};
use crate::diagnosis::{TransportCause, TransportFailure};
use crate::error::{SessionError, SessionStep};

impl ClientSession {
    /// One attempt at the security handshake.
    pub(super) fn secure(&mut self, at: &mut Moment<'_>) {
        let Phase::Opening(opening) = &mut self.phase else { return };
        opening.attempt(at.time);
        self.reached.handshake_answers = 0;
        match self.security.open(at) {
            Ok(step) => self.step(step, at),
            Err(error) => self.handshake_failed(error, at),
        }
    }

    /// The security session stands; now the sequence.
    pub(super) fn secured(&mut self, at: &mut Moment<'_>) {
        let has_sequence = self.has_link_sequence();
        let Phase::Opening(opening) = &mut self.phase else { return };
        match &self.calls {
            Calls::Sequence(_) => {
                opening.stage = Stage::Creating;
                let (started, deadline) = (opening.started, opening.deadline);
                self.create_sequence(started, deadline, at);
            }
            Calls::Direct(_) => {
                self.opened();
                self.send_waiting(at);
            }
            Calls::Links(_) => {
                let (started, deadline) = (opening.started, opening.deadline);
                // The sequences watch the deadline themselves, and know better what they wait for.
                opening.stage = if has_sequence { Stage::Creating } else { Stage::Linking };
                self.open_link(started, deadline, at);
            }
        }
    }

    /// The session is open.
    pub(super) fn opened(&mut self) {
        self.phase = Phase::Open;
        self.reached.opened = true;
        self.outputs.push_back(ClientOutput::Opened);
    }

    /// The handshake failed for a reason of security.
    pub(super) fn handshake_failed(&mut self, error: ClientError, at: &mut Moment<'_>) {
        let Phase::Opening(opening) = &mut self.phase else { return };
        let unknown = matches!(
            error,
            ClientError::Fault {
                kind: SecurityFaultKind::InvalidRequest,
                origin: FaultOrigin::Negotiation,
                ..
            }
        );
        if error.is_busy() || (unknown && opening.is_dropped()) {
            return self.service_is_busy(error.into(), at);
        }
        let retry = error.is_retryable()
            || (self.settings.retry_authentication && error.is_security_failure());
        self.attempt_failed(error.into(), retry, at);
    }

    /// The handshake failed below.
    pub(super) fn handshake_lost(&mut self, failure: TransportFailure, at: &mut Moment<'_>) {
        let step = SessionStep::Handshake;
        if failure.cause == TransportCause::Busy {
            return self.service_is_busy(SessionError::Transport { step, failure }, at);
        }
        let retry = match failure.cause.kind(true, self.settings.retry) {
            FailureKind::Retryable => true,
            FailureKind::Security => self.settings.retry_authentication,
            FailureKind::Protocol | FailureKind::SecuritySessionLost => false,
        };
        self.attempt_failed(SessionError::Transport { step, failure }, retry, at);
    }

    /// The service has no place for another session now. All kinds of channels ask again until the open timeout.
    fn service_is_busy(&mut self, error: SessionError, at: &mut Moment<'_>) {
        let Phase::Opening(opening) = &mut self.phase else { return self.fault(error, at) };
        let mut octets = [0; 4];
        at.random.fill(&mut octets);
        let share = f64::from(u32::from_le_bytes(octets)) / f64::from(u32::MAX);
        match opening.pause_for_place(at.time, share) {
            Some(_) => self.warn(format!("opening waits, the service is busy: {error}")),
            None => self.fault(error, at),
        }
    }

    /// Only a reliable session tries again: WCF's does, and plain channels do not.
    pub(super) fn attempt_failed(&mut self, error: SessionError, retry: bool, at: &mut Moment<'_>) {
        let Phase::Opening(opening) = &mut self.phase else { return self.fault(error, at) };
        let first = opening.first.get_or_insert_with(|| error.clone()).clone();
        let retries = retry
            && match &self.calls {
                Calls::Sequence(_) => true,
                Calls::Links(links) => links.sequence.is_some(),
                Calls::Direct(_) => false,
            };
        match retries.then(|| opening.pause(at.time)).flatten() {
            Some(_) => self.warn(format!("opening failed and is tried again: {error}")),
            None => self.fault(if retry { first } else { error }, at),
        }
    }

    pub(super) fn tick_opening(&mut self, at: &mut Moment<'_>) {
        let Phase::Opening(opening) = &self.phase else { return };
        match opening.stage {
            Stage::Creating => {}
            Stage::Pausing(until) if until <= at.time && at.time < opening.deadline => {
                self.secure(at);
            }
            _ if at.time >= opening.deadline => {
                let (step, attempts) = (SessionStep::Opening, opening.attempts);
                let last = self.why_silent().to_owned();
                let timed_out = SessionError::TimedOut { step, attempts, last };
                let error = opening.first.clone().unwrap_or(timed_out);
                self.abandon_exchange();
                self.fault(error, at);
            }
            _ => {}
        }
    }
}
