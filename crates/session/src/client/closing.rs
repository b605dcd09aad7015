//! Closing: the sequence first, then the security session.

use waxwing_reliable::{InitiatorInput, Time};
use waxwing_security::conversation::ClientError;
use waxwing_soap::Moment;

use super::exchange::Pending;
use super::{ClientSession, Phase};
use crate::error::SessionError;

impl ClientSession {
    /// Closes: waits until every call is answered, ends the sequence, cancels the security session. Ends with
    /// [`ClientOutput::Closed`](super::ClientOutput::Closed) or `Faulted`, not later than `deadline`.
    pub fn close(&mut self, deadline: Time, at: &mut Moment<'_>) {
        match self.phase {
            Phase::New => self.end(),
            Phase::Opening(_) => {
                self.fault(SessionError::Aborted("closed while it was opening".to_owned()), at)
            }
            Phase::Open => {
                self.phase = Phase::Closing { until: deadline };
                let Some(reliable) = &mut self.reliable else { return self.finish_closing(at) };
                reliable.handle(InitiatorInput::Close { deadline }, at);
                self.drain(at);
            }
            Phase::Closing { .. } | Phase::Cancelling { .. } | Phase::Ended => {}
        }
    }

    /// Without reliable session: once every call is answered.
    pub(super) fn finish_closing(&mut self, at: &mut Moment<'_>) {
        let is_closing = matches!(self.phase, Phase::Closing { .. });
        let busy = self.pending.values().any(|p| matches!(p, Pending::Direct(..)))
            || !self.waiting.is_empty();
        if is_closing && self.reliable.is_none() && !busy {
            self.cancel_security(at);
        }
    }

    /// Calls are still not answered when the time to close is up.
    pub(super) fn closing_timed_out(&mut self, at: &mut Moment<'_>) {
        let step = "closing the channel";
        let last = "not every call was answered".to_owned();
        self.give_up(SessionError::TimedOut { step, attempts: 1, last }, at);
    }

    /// The session has failed on this side: its owner is told, then the service, whose security session is of no more
    /// use. Whatever becomes of that.
    pub(super) fn give_up(&mut self, error: SessionError, at: &mut Moment<'_>) {
        self.fault(error, at);
        if self.in_trust {
            self.abandon_trust();
        }
        if let Ok(step) = self.security.cancel(at) {
            self.step(step, at);
        }
    }

    pub(super) fn cancel_security(&mut self, at: &mut Moment<'_>) {
        let until = match self.phase {
            Phase::Closing { until } => until,
            _ => at.time + self.settings.send_timeout,
        };
        self.phase = Phase::Cancelling { until };
        if self.in_trust {
            // A renewal under way is of no use any more.
            self.abandon_trust();
            self.pending.retain(|_, pending| !matches!(pending, Pending::Trust));
            self.in_trust = false;
        }
        match self.security.cancel(at) {
            Ok(step) => self.step(step, at),
            Err(error) => {
                self.warn(format!("the security session was not cancelled: {error}"));
                self.end();
            }
        }
    }

    /// The session is over, and the service cannot be told by a fault: its security session is cancelled, whatever becomes
    /// of that, so that the service does not keep both until their timeouts.
    pub(super) fn tell_by_cancel(&mut self, error: &ClientError, at: &mut Moment<'_>) {
        if self.in_trust {
            self.abandon_trust();
        }
        match self.security.cancel(at) {
            Ok(step) => self.step(step, at),
            Err(_) => {
                self.warn(format!("the service was not told that the session ended: {error}"));
            }
        }
    }
}
