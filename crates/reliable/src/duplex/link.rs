//! The connection below: who makes another when it breaks, and what goes out on it first (WCF's rules of reconnecting).

use std::time::Duration;

use waxwing_soap::{Moment, RandomSource, Time};

use super::DuplexSession;
use super::api::{DuplexOutput, Links};
use super::phase::Phase;
use crate::error::{Failure, FailureKind, SessionError};

/// The least time between two attempts to connect, however near the deadline of Close is. It doubles with each attempt that
/// came to nothing.
const LEAST_PAUSE: Duration = Duration::from_millis(100);

/// The most. WCF waits half of SendTimeout, in which a call stands still whose answer was lost with the connection: the peer,
/// which cannot dial, does not see the difference. A peer that is down for long is tried in vain so often only.
const MOST_PAUSE: Duration = Duration::from_secs(2);

/// So often another connection is tried at least before the peer gives the session up.
const LEAST_TRIES: u32 = 16;

/// WCF's words.
const LOST: &str = "The underlying secure session has faulted before the reliable session fully completed. The reliable \
                    session was faulted.";

impl<M: Clone> DuplexSession<M> {
    /// Something is to be sent, and there is no connection.
    pub(super) fn want_link(&mut self, is_message: bool) {
        if self.is_initiator() && self.connection.want(is_message) {
            self.outputs.push_back(DuplexOutput::Dial);
        }
    }

    /// A connection is asked for, since the one before broke.
    pub(super) fn dial(&mut self) {
        self.connection.dial();
        self.outputs.push_back(DuplexOutput::Dial);
    }

    /// There is a connection. What was to be sent while there was none is sent now; on one that takes the place of another
    /// that broke, the peer is asked first what it has.
    pub(super) fn linked(&mut self, now: Time) {
        let broke = self.connection.made();
        match self.phase {
            Phase::Creating(_) => self.send_create(),
            Phase::Open => {
                // Who wanted the connection had something to send: a message that is in the window, or a question.
                if self.is_initiator() && !broke && !self.source.window.is_empty() {
                    self.send_all_again(now);
                } else {
                    self.connection.await_news();
                    if self.is_initiator() {
                        self.keep_alive.sent(now);
                        self.ask_for_acknowledgement();
                    }
                }
                self.send_step();
            }
            Phase::New | Phase::Closed | Phase::Faulted => {}
        }
    }

    /// The first word on a connection that took the place of another: what it does not acknowledge was lost with that.
    pub(super) fn heard_on_new_link(&mut self, now: Time) {
        if self.connection.take_news() && self.settings.resend_on_new_link {
            self.send_all_again(now);
        }
    }

    /// Whatever the peer has not acknowledged goes again, since it was not taken.
    pub(super) fn resend(&mut self, now: Time) {
        if !self.connection.is_there() {
            return;
        }
        match self.phase {
            Phase::Creating(_) => self.send_create(),
            Phase::Open => {
                self.send_all_again(now);
                self.send_step();
            }
            Phase::New | Phase::Closed | Phase::Faulted => {}
        }
    }

    fn send_all_again(&mut self, now: Time) {
        let outputs = &mut self.outputs;
        self.source.all_again(now, &mut |event| outputs.push_back(DuplexOutput::Event(event)));
    }

    pub(super) fn link_failed(&mut self, failure: Failure, at: &mut Moment<'_>) {
        let Failure { kind, reason } = failure;
        self.connection.not_made();
        match self.phase {
            Phase::Creating(_) => self.create_failed(kind, reason),
            Phase::Open => {
                self.last_failure = reason;
                self.connection.redial(at.time + self.pause(at));
            }
            Phase::New | Phase::Closed | Phase::Faulted => {}
        }
    }

    /// How long until another connection is tried, when others were in vain: not longer than WCF waits, half of SendTimeout
    /// or of what is left of Close. Where the peer's patience is short, so that it is tried several times before that is over.
    /// Each client waits for a time of its own: those whose service has come back do not come back in step.
    fn pause(&self, at: &mut Moment<'_>) -> Duration {
        let reliable = &self.settings.reliable;
        let most = (reliable.send_timeout / 2).min(reliable.inactivity_timeout / LEAST_TRIES);
        let left = self.close.map_or(most, |deadline| (deadline - at.time) / 2);
        let doubled =
            LEAST_PAUSE.saturating_mul(1 << self.connection.tries().clamp(1, 16).saturating_sub(1));
        own_share(doubled.min(MOST_PAUSE).min(most).min(left).max(LEAST_PAUSE), at.random)
    }

    pub(super) fn link_broken(&mut self, reason: String, at: &mut Moment<'_>) {
        self.last_failure = reason;
        self.connection.lose();
        let rule = self.connection.rule();
        match self.phase {
            Phase::Creating(_) if rule != Links::Unseen => {
                let (kind, reason) = (FailureKind::Retryable, self.last_failure.clone());
                self.create_failed(kind, reason);
            }
            Phase::Open if rule == Links::Replaced && self.lacks_only_an_answer() => self.closed(),
            Phase::Open if rule == Links::Bound => self.security_lost(LOST.to_owned()),
            // One that broke before the peer said a word was no better than none.
            Phase::Open if rule == Links::Replaced && self.is_initiator() => {
                match self.connection.tries() {
                    0 => self.dial(),
                    _ => self.connection.redial(at.time + self.pause(at)),
                }
            }
            _ => {}
        }
    }

    /// The peer ended the connection: the next message opens another. WCF waits for that, or for its next question whether
    /// the peer is there, which may be minutes away; here the peer is asked after a moment what was lost, since it may be a
    /// message of the peer's own, which cannot dial. While Close is under way it has ended too early, and has broken.
    pub(super) fn link_ended(&mut self, at: &mut Moment<'_>) {
        let goes_on = self.is_open() && !self.lacks_only_an_answer();
        match self.connection.rule() {
            Links::Unseen => {}
            Links::Replaced if goes_on && self.is_initiator() && self.close.is_none() => {
                self.connection.end(at.time + self.settings.reliable.request_interval);
            }
            Links::Replaced | Links::Bound => {
                self.link_broken("the peer ended the connection".to_owned(), at);
            }
        }
    }

    /// The security session below is gone. What lacks only TerminateSequence, which may be lost, is closed.
    pub(super) fn security_lost(&mut self, reason: String) {
        match self.is_open() && self.lacks_only_the_farewell() {
            true => self.closed(),
            false => self.end(SessionError::SecurityLost(reason)),
        }
    }
}

/// Between half of a pause and all of it.
fn own_share(pause: Duration, random: &mut dyn RandomSource) -> Duration {
    let mut octets = [0; 4];
    random.fill(&mut octets);
    let share = f64::from(u32::from_le_bytes(octets)) / f64::from(u32::MAX);
    pause / 2 + (pause / 2).mul_f64(share)
}
