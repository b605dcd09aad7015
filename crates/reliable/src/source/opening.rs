//! CreateSequence under way, at either kind of session (WS-RM 2005 §3.4, 1.1 §3.4).

use std::time::Duration;

use waxwing_soap::Time;

use super::requestor::Requestor;
use crate::error::SessionError;
use crate::fault::SequenceFault;

/// CreateSequence until it is answered, or the time for it is over.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) requestor: Requestor,
    /// When the whole Open began.
    started: Time,
    /// The service had no room for another session when it was asked last.
    refusal: Option<SequenceFault>,
}

impl Opening {
    pub(crate) fn new(requestor: Requestor, started: Time) -> Self {
        Self { requestor, started, refusal: None }
    }

    /// How long Open has taken by now, and how long its last attempt.
    pub(crate) fn taken(&self, now: Time) -> (Duration, Duration) {
        (now - self.started, now - self.requestor.attempted)
    }

    /// The service has no room at the moment: again at the pace of the request, until the deadline. WCF's client gives up
    /// at once; its service takes the repeated request as it takes one whose answer was lost. Gives what ends the session
    /// when this was the last attempt.
    pub(crate) fn refused(&mut self, fault: SequenceFault) -> Option<SessionError> {
        let reason = fault.to_string();
        self.refusal = Some(fault);
        self.failed(reason)
    }

    /// An attempt failed. Gives what ends the session when it was the last one.
    pub(crate) fn failed(&mut self, reason: String) -> Option<SessionError> {
        self.requestor.failed(reason).then(|| self.timed_out())
    }

    /// What the session ends with when its last attempt was not answered; a refusal that came before says more than that.
    pub(crate) fn timed_out(&mut self) -> SessionError {
        match self.refusal.take() {
            Some(fault) => SessionError::Peer(fault),
            None => self.requestor.timed_out(),
        }
    }
}
