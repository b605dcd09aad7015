//! Inactivity and keep-alive: when a silent peer is asked, and when it is given up.

use std::time::Duration;

use crate::settings::ReliableSessionSettings;
use crate::source::Postponement;
use waxwing_soap::Time;

/// How eagerly the peer is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// It was heard of within half the inactivity timeout.
    Idle,
    /// It was not.
    KeepAlive,
    /// It has no room, and only asking can find out that it has again.
    Fast,
}

/// How often a durable session asks a silent peer at most before it gives it up: what WCF does by default.
const DURABLE_POLLS: u32 = 8;

/// How long a durable session waits at most until it asks a full peer whether it has room again: a queue stands behind it, and
/// WCF's half minute would be its whole pace.
const DURABLE_FULL: Duration = Duration::from_secs(1);

/// The two timers. Only receiving resets inactivity; sending only postpones the next poll.
#[derive(Debug)]
pub(crate) struct KeepAlive {
    idle: Duration,
    keep_alive: Duration,
    fast: Duration,
    inactivity: Duration,
    mode: Mode,
    /// Something is awaited that only asking brings: how often, whatever the mode.
    hurry: Option<Duration>,
    poll_at: Option<Time>,
    gone_at: Option<Time>,
    /// What the peer said of the last poll.
    pub(crate) postponement: Postponement,
}

impl KeepAlive {
    pub(crate) fn new(settings: &ReliableSessionSettings) -> Self {
        let idle = settings.inactivity_timeout / 2;
        // A durable session repeats for ever, and is patient all the same.
        let polls = if settings.durable { DURABLE_POLLS } else { u32::MAX };
        let polls = settings.max_retry_count.min(polls);
        let keep_alive = (idle / polls).max(Duration::from_millis(1));
        let full = if settings.durable { DURABLE_FULL } else { Duration::MAX };
        Self {
            idle,
            keep_alive,
            fast: (settings.send_timeout / 2).min(keep_alive).min(full),
            inactivity: settings.inactivity_timeout,
            mode: Mode::Idle,
            hurry: None,
            poll_at: None,
            gone_at: None,
            postponement: Postponement::default(),
        }
    }

    /// Something valid came from the peer.
    pub(crate) fn received(&mut self, peer_is_full: bool, now: Time) {
        self.mode = if peer_is_full { Mode::Fast } else { Mode::Idle };
        self.gone_at = Some(now + self.inactivity);
        self.sent(now);
    }

    /// Something was sent: the next poll is put off, in the same mode.
    pub(crate) fn sent(&mut self, now: Time) {
        self.poll_at = Some(now + self.interval());
    }

    /// The same, once there is a session.
    pub(crate) fn sent_if_open(&mut self, is_open: bool, now: Time) {
        if is_open {
            self.sent(now);
        }
    }

    /// The poll that was due has been sent.
    pub(crate) fn polled(&mut self, now: Time) {
        if self.mode == Mode::Idle {
            self.mode = Mode::KeepAlive;
        }
        self.postponement = Postponement::default();
        self.sent(now);
    }

    pub(crate) fn is_poll_due(&self, now: Time) -> bool {
        self.poll_at.is_some_and(|at| now >= at)
    }

    pub(crate) fn is_peer_gone(&self, now: Time) -> bool {
        self.gone_at.is_some_and(|at| now >= at)
    }

    /// When the peer is asked whether it is there.
    pub(crate) fn poll_at(&self) -> Option<Time> {
        self.poll_at
    }

    /// When it is given up.
    pub(crate) fn gone_at(&self) -> Option<Time> {
        self.gone_at
    }

    pub(crate) fn wake_at(&self) -> Option<Time> {
        self.poll_at.into_iter().chain(self.gone_at).min()
    }

    /// From now on the peer is asked this often.
    pub(crate) fn hurry(&mut self, interval: Duration, now: Time) {
        if self.hurry.is_none() {
            self.hurry = Some(interval);
            self.sent(now);
        }
    }

    fn interval(&self) -> Duration {
        if let Some(hurry) = self.hurry {
            return hurry.min(self.idle);
        }
        match self.mode {
            Mode::Idle => self.idle,
            Mode::KeepAlive => self.keep_alive,
            Mode::Fast => self.fast,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_durable_session_asks_a_full_peer_soon() {
        for (durable, soon) in [(false, false), (true, true)] {
            let settings = ReliableSessionSettings { durable, ..Default::default() };
            let mut timers = KeepAlive::new(&settings);
            timers.received(true, Time::ZERO);
            assert_eq!(timers.is_poll_due(Time::from_millis(1_000)), soon);
            timers.received(false, Time::ZERO);
            assert!(
                !timers.is_poll_due(Time::from_millis(1_000)),
                "one that has room is not asked"
            );
        }
    }

    #[test]
    fn captured_intervals() {
        // InactivityTimeout 16 s, unanswered: polls at 8.0 s, then every second, gone at 16 s.
        let settings = ReliableSessionSettings {
            inactivity_timeout: Duration::from_secs(16),
            ..ReliableSessionSettings::default()
        };
        let mut timers = KeepAlive::new(&settings);
        timers.received(false, Time::ZERO);
        let mut polls = Vec::new();
        for tenth in 0.. {
            let now = Time::from_millis(tenth * 100);
            if timers.is_peer_gone(now) {
                assert_eq!(now, Time::from_millis(16_000));
                break;
            }
            if timers.is_poll_due(now) {
                polls.push(tenth / 10);
                timers.polled(now);
            }
        }
        assert_eq!(polls, [8, 9, 10, 11, 12, 13, 14, 15]);
    }
}
