//! Ends: the sequence first, then the security session; or at once.

use waxwing_reliable::{DuplexInput, InitiatorInput, Time};
use waxwing_security::conversation::Step;
use waxwing_soap::Moment;

use super::state::{Calls, ClientSession, Exchange, Phase};
use crate::duplex::LinkDemand;
use crate::error::{SessionError, SessionStep};
use crate::mutation::{Mutation, broken};

impl ClientSession {
    pub(super) fn close(&mut self, deadline: Time, at: &mut Moment<'_>) {
        match self.phase {
            Phase::New => self.end(),
            Phase::Opening(_) => {
                let error = SessionError::Aborted("closed while it was opening".to_owned());
                self.give_up(error, at);
            }
            Phase::Open => {
                self.phase = Phase::Closing { until: deadline };
                match self.calls {
                    Calls::Sequence(_) => self.tell(InitiatorInput::Close { deadline }, at),
                    Calls::Direct(_) | Calls::Links(_) => self.finish_closing(at),
                }
            }
            Phase::Closing { .. } | Phase::Cancelling { .. } | Phase::Ended(_) => {}
        }
    }

    /// The session ends without more ado; the service is told: by the sequence where there is one, or else by the end of the
    /// security session.
    pub(super) fn abort(&mut self, reason: String, at: &mut Moment<'_>) {
        let has_sequence = matches!(self.calls, Calls::Sequence(_));
        let has_link_sequence = self.has_link_sequence();
        match self.phase {
            Phase::Open | Phase::Closing { .. } if has_link_sequence => {
                self.sequence_over_link(DuplexInput::Abort { reason }, at);
            }
            Phase::Open | Phase::Closing { .. } if has_sequence => {
                self.tell(InitiatorInput::Abort { reason }, at);
            }
            // The service is being told.
            Phase::Cancelling { .. } => self.fault(SessionError::Aborted(reason), at),
            _ => self.give_up(SessionError::Aborted(reason), at),
        }
    }

    /// Without reliable session: once every call is answered.
    pub(super) fn finish_closing(&mut self, at: &mut Moment<'_>) {
        if !matches!(self.phase, Phase::Closing { .. }) {
            return;
        }
        match &self.calls {
            Calls::Direct(_) if !self.has_direct_calls() => self.cancel_security(at),
            Calls::Links(links) if !links.has_calls() => self.close_link(at),
            _ => {}
        }
    }

    pub(super) fn tick_closing(&mut self, at: &mut Moment<'_>) {
        match self.phase {
            Phase::Cancelling { until } if until <= at.time => {
                self.warn("the cancellation of the security session was not answered in time");
                self.leave_link(LinkDemand::Abort);
                self.end();
            }
            // A sequence watches its deadline itself.
            Phase::Closing { until }
                if until <= at.time && !matches!(self.calls, Calls::Sequence(_)) =>
            {
                if broken(Mutation::ForgetCalls) {
                    return self.cancel_security(at);
                }
                let (step, last) = (SessionStep::Closing, self.still_open().to_owned());
                self.give_up(SessionError::TimedOut { step, attempts: 1, last }, at);
            }
            _ => {}
        }
    }

    /// The sequences are ended, every call is answered: the security session goes.
    pub(super) fn cancel_security(&mut self, at: &mut Moment<'_>) {
        let until = match self.phase {
            Phase::Closing { until } => until,
            _ => at.time + self.settings.send_timeout,
        };
        self.phase = Phase::Cancelling { until };
        // A renewal under way is of no use any more.
        self.abandon_exchange();
        match self.security.cancel(at) {
            Ok(step) => self.step(step, at),
            Err(error) => {
                self.warn(format!("the security session was not cancelled: {error}"));
                self.end();
            }
        }
    }

    /// The session has failed on this side: its owner is told, then the service, to which its security session is of no
    /// more use.
    pub(super) fn give_up(&mut self, error: SessionError, at: &mut Moment<'_>) {
        self.fault(error, at);
        self.tell_by_cancel(at);
    }

    /// The session is over, and the service cannot be told by a fault: its security session is cancelled, whatever becomes
    /// of that, so that the service does not keep both until their timeouts.
    pub(super) fn tell_by_cancel(&mut self, at: &mut Moment<'_>) {
        self.abandon_exchange();
        let step = match self.calls {
            // It says nothing twice.
            Calls::Links(_) if self.is_conversation() => {
                self.security.end_output(at).map(|last| last.map(Step::Send))
            }
            _ => self.security.cancel(at).map(Some),
        };
        match step {
            Ok(None) => {}
            Ok(Some(step)) => self.step(step, at),
            Err(error) => {
                self.warn(format!("the service was not told that the session ended: {error}"));
            }
        }
        // Nobody waits for the answer.
        self.exchange = Exchange::None;
    }
}
