//! An opening under way: its attempts and what they wait for.

use std::time::Duration;

use waxwing_reliable::Time;

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
    pub(super) started: Time,
    pub(super) deadline: Time,
    pub(super) stage: Stage,
    pub(super) attempts: u32,
    /// How many of them the service was too busy for, one after the other.
    busy: u32,
    /// Messages of this attempt.
    sent: u32,
    /// How many negotiations the service gave up.
    dropped: u32,
    attempt_started: Time,
    /// Why the first attempt failed, which is told at the end: later ones often only say that time is up.
    pub(super) first: Option<SessionError>,
}

/// What an opening waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The security handshake.
    Handshake,
    /// The time of its next attempt.
    Pausing(Time),
    /// The link.
    Linking,
    /// The sequence, which watches the deadline itself and knows better what it waits for.
    Creating,
}

impl Opening {
    pub(super) fn new(now: Time, deadline: Time) -> Self {
        Self {
            started: now,
            deadline,
            stage: Stage::Handshake,
            attempts: 0,
            busy: 0,
            sent: 0,
            dropped: 0,
            attempt_started: now,
            first: None,
        }
    }

    pub(super) fn wake_at(&self) -> Option<Time> {
        match self.stage {
            Stage::Handshake | Stage::Linking => Some(self.deadline),
            Stage::Pausing(until) => Some(until.min(self.deadline)),
            Stage::Creating => None,
        }
    }

    /// Another attempt begins.
    pub(super) fn attempt(&mut self, now: Time) {
        self.attempts += 1;
        self.sent = 0;
        self.attempt_started = now;
        self.stage = Stage::Handshake;
    }

    /// A message of this attempt goes out.
    pub(super) fn sends(&mut self) {
        self.sent += 1;
    }

    /// The service knows nothing of the negotiation. Whether it gave one up whose first leg it had answered; what is wrong
    /// with a client, as a service sees it, is told in answer to the first leg, or in other words.
    pub(super) fn is_dropped(&mut self) -> bool {
        let dropped = self.sent > 1 && self.dropped < MAX_DROPPED;
        self.dropped += u32::from(dropped);
        dropped
    }

    /// The service has no place: when to ask again. Each asks after a time of its own (`share` is between 0 and 1), so that
    /// many that were refused at once do not come again at once. None: time is up.
    pub(super) fn pause_for_place(&mut self, now: Time, share: f64) -> Option<Time> {
        let most = BUSY_WAIT.saturating_mul(1 << self.busy.min(4)).min(PACE);
        self.busy += 1;
        self.pause_until(now + most / 2 + most.mul_f64(share))
    }

    /// The attempt failed: when the next one begins. None: time is up.
    pub(super) fn pause(&mut self, now: Time) -> Option<Time> {
        let next = self.attempt_started + PACE;
        self.pause_until(next.max(now)).filter(|_| next < self.deadline)
    }

    fn pause_until(&mut self, next: Time) -> Option<Time> {
        if next >= self.deadline {
            return None;
        }
        self.stage = Stage::Pausing(next);
        Some(next)
    }
}
