//! Opening: the security handshake, then the sequence (reliable-messaging facts: WCF's request loop).

use std::time::Duration;

use waxwing_reliable::{
    FailureKind, Identifier, InitiatorInput, OpenRequest, Time, TokenReference,
};
use waxwing_security::conversation::{ClientError, FaultOrigin, SecurityFaultKind, Step, Verdict};
use waxwing_security::wsse::Dialect;
use waxwing_soap::Moment;

use super::exchange::Pending;
use super::{AuthenticationId, ClientOutput, ClientSession, Phase};
use crate::diagnosis::{TransportCause, TransportFailure};
use crate::error::SessionError;

/// How far apart the beginnings of two attempts are: WCF's fixed pace.
const PACE: Duration = Duration::from_secs(10);

/// How long a client waits about when a service is too busy to begin a session: at first a second, each time twice as
/// long up to [`PACE`]. A place becomes free as soon as another client has made its next step.
const BUSY_WAIT: Duration = Duration::from_secs(1);

/// How often a negotiation that the service gave up between two legs is begun again. It does so when others need the
/// place and the client, or the way to it, is slow.
const MAX_DROPPED: u32 = 5;

/// An opening under way.
#[derive(Debug)]
pub(super) struct Opening {
    started: Time,
    deadline: Time,
    attempts: u32,
    /// How many of them the service was too busy for, one after the other.
    busy: u32,
    /// Messages of this attempt.
    sent: u32,
    /// How many negotiations the service gave up.
    dropped: u32,
    attempt_started: Time,
    /// Set while waiting for the next attempt.
    retry_at: Option<Time>,
    /// Why the first attempt failed, which is told at the end: later ones often only say that time is up.
    first: Option<SessionError>,
}

impl Opening {
    pub(super) fn new(now: Time, deadline: Time) -> Self {
        Self {
            started: now,
            deadline,
            attempts: 0,
            busy: 0,
            sent: 0,
            dropped: 0,
            attempt_started: now,
            retry_at: None,
            first: None,
        }
    }

    /// Whether it waits for its next attempt.
    pub(super) fn is_pausing(&self) -> bool {
        self.retry_at.is_some()
    }

    pub(super) fn wake_at(&self) -> Time {
        self.retry_at.map_or(self.deadline, |at| at.min(self.deadline))
    }
}

impl ClientSession {
    /// One attempt at the security handshake.
    pub(super) fn secure(&mut self, at: &mut Moment<'_>) {
        let Phase::Opening(opening) = &mut self.phase else { return };
        opening.attempts += 1;
        opening.sent = 0;
        opening.attempt_started = at.time;
        opening.retry_at = None;
        self.reached.handshake_answers = 0;
        match self.security.open(at) {
            Ok(step) => self.step(step, at),
            Err(error) => self.handshake_failed(error, at),
        }
    }

    /// What the security protocol wants next: in opening, renewal and cancellation.
    pub(super) fn step(&mut self, step: Step, at: &mut Moment<'_>) {
        match step {
            Step::Send(envelope) => {
                self.in_trust = true;
                if let Phase::Opening(opening) = &mut self.phase {
                    opening.sent += 1;
                }
                let deadline = self.trust_deadline(at.time);
                self.transmit(Pending::Trust, *envelope, None, deadline);
            }
            Step::Authenticate(evidence) => {
                self.in_trust = true;
                self.judgments += 1;
                let id = AuthenticationId(self.judgments);
                self.judged = Some(id);
                self.outputs.push_back(ClientOutput::Authenticate { id, evidence });
            }
            Step::Established => {
                self.in_trust = false;
                match self.phase {
                    Phase::Opening(_) => self.secured(at),
                    Phase::Cancelling { .. } => self.end(),
                    _ => {
                        self.outputs.push_back(ClientOutput::Renewed);
                        self.send_waiting(at);
                    }
                }
            }
        }
    }

    /// The verdict about a certificate of the service. One that nobody waits for any more is forgotten.
    pub fn authenticated(&mut self, id: AuthenticationId, verdict: Verdict, at: &mut Moment<'_>) {
        if self.judged != Some(id) || matches!(self.phase, Phase::Ended) {
            return;
        }
        self.judged = None;
        match self.security.authenticated(verdict, at) {
            Ok(step) => self.step(step, at),
            // Nothing was sent, and the old key is as good as it was.
            Err(error @ (ClientError::UntrustedService { .. } | ClientError::Identity(_)))
                if matches!(self.phase, Phase::Open | Phase::Closing { .. }) =>
            {
                self.in_trust = false;
                self.warn(format!("the session key was not renewed: {error}"));
                self.send_waiting(at);
            }
            Err(error) => self.trust_refused(error, at),
        }
    }

    /// Gives up the exchange of the security protocol that is under way, and the verdict that it waits for.
    pub(super) fn abandon_trust(&mut self) {
        self.judged = None;
        self.security.abandon_exchange();
    }

    fn trust_deadline(&self, now: Time) -> Time {
        let send = now + self.settings.send_timeout;
        match &self.phase {
            Phase::Opening(opening) => opening.deadline.min(send),
            Phase::Closing { until } | Phase::Cancelling { until } => *until,
            _ => send,
        }
    }

    /// The security session stands; now the sequence.
    fn secured(&mut self, at: &mut Moment<'_>) {
        let Phase::Opening(opening) = &self.phase else { return };
        let Some(reliable) = &mut self.reliable else {
            self.opened();
            self.send_waiting(at);
            return;
        };
        let token = self.security.context().map(|context| TokenReference {
            identifier: Identifier::new(&*context.identifier),
            value_type: self.security.dialect().map_or("", Dialect::context_token_type).to_owned(),
        });
        let request = OpenRequest {
            to: self.settings.to.clone(),
            token,
            started: opening.started,
            deadline: opening.deadline,
        };
        reliable.handle(InitiatorInput::Open(request), at);
        self.drain(at);
    }

    /// The session is open.
    pub(super) fn opened(&mut self) {
        self.phase = Phase::Open;
        self.reached.opened = true;
        self.outputs.push_back(ClientOutput::Opened);
    }

    /// The handshake failed for a reason of security.
    pub(super) fn handshake_failed(&mut self, error: ClientError, at: &mut Moment<'_>) {
        self.in_trust = false;
        if error.is_busy() || self.is_dropped(&error) {
            return self.service_is_busy(error.into(), at);
        }
        let retry = error.is_retryable()
            || (self.settings.retry_authentication && error.is_security_failure());
        self.attempt_failed(error.into(), retry, at);
    }

    /// Whether the service no longer knows a negotiation whose first leg it answered. What is wrong with a client, as a
    /// service sees it, is told in answer to the first leg, or in other words.
    fn is_dropped(&mut self, error: &ClientError) -> bool {
        let Phase::Opening(opening) = &mut self.phase else { return false };
        let unknown = matches!(
            error,
            ClientError::Fault {
                kind: SecurityFaultKind::InvalidRequest,
                origin: FaultOrigin::Negotiation,
                ..
            }
        );
        let dropped = unknown && opening.sent > 1 && opening.dropped < MAX_DROPPED;
        opening.dropped += u32::from(dropped);
        dropped
    }

    /// The handshake failed below.
    pub(super) fn handshake_lost(&mut self, failure: TransportFailure, at: &mut Moment<'_>) {
        self.in_trust = false;
        self.abandon_trust();
        let step = "the security handshake";
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

    /// The service has no place for another session now. All kinds of channels ask again until the open timeout, each
    /// after a time of its own, so that many that were refused at once do not come again at once.
    fn service_is_busy(&mut self, error: SessionError, at: &mut Moment<'_>) {
        let Phase::Opening(opening) = &mut self.phase else { return self.fault(error, at) };
        let most = BUSY_WAIT.saturating_mul(1 << opening.busy.min(4)).min(PACE);
        let mut octets = [0; 4];
        at.random.fill(&mut octets);
        let wait =
            most / 2 + most.mul_f64(f64::from(u32::from_le_bytes(octets)) / f64::from(u32::MAX));
        let next = at.time + wait;
        opening.busy += 1;
        if next >= opening.deadline {
            return self.fault(error, at);
        }
        opening.retry_at = Some(next);
        let text = format!("opening waits, the service is busy: {error}");
        self.warn(text);
    }

    /// Only a reliable session tries again: WCF's does, and plain channels do not.
    fn attempt_failed(&mut self, error: SessionError, retry: bool, at: &mut Moment<'_>) {
        let Phase::Opening(opening) = &mut self.phase else { return self.fault(error, at) };
        let next = opening.attempt_started + PACE;
        let first = opening.first.get_or_insert_with(|| error.clone()).clone();
        if !retry || self.reliable.is_none() || next >= opening.deadline {
            let error = if retry { first } else { error };
            return self.fault(error, at);
        }
        opening.retry_at = Some(next.max(at.time));
        let text = format!("opening failed and is tried again: {error}");
        self.warn(text);
    }

    pub(super) fn tick_opening(&mut self, at: &mut Moment<'_>) {
        let Phase::Opening(opening) = &self.phase else { return };
        if at.time >= opening.deadline {
            // The reliable session watches the deadline itself and knows better what it waited for.
            let creating = self.reliable.is_some() && opening.retry_at.is_none() && !self.in_trust;
            if !creating {
                let attempts = opening.attempts;
                let last = "no answer".to_owned();
                let timed_out =
                    SessionError::TimedOut { step: "opening the channel", attempts, last };
                let error = opening.first.clone().unwrap_or(timed_out);
                self.fault(error, at);
            }
        } else if opening.retry_at.is_some_and(|retry| at.time >= retry) {
            self.secure(at);
        }
    }
}
