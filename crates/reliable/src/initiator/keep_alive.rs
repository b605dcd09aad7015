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

/// The two timers. Only receiving resets inactivity; sending only postpones the next poll.
#[derive(Debug)]
pub(super) struct KeepAlive {
    idle: Duration,
    keep_alive: Duration,
    fast: Duration,
    inactivity: Duration,
    mode: Mode,
    poll_at: Option<Time>,
    gone_at: Option<Time>,
    /// What the peer said of the last poll.
    pub(super) postponement: Postponement,
}

impl KeepAlive {
    pub(super) fn new(settings: &ReliableSessionSettings) -> Self {
        let idle = settings.inactivity_timeout / 2;
        let keep_alive = (idle / settings.max_retry_count).max(Duration::from_millis(1));
        Self {
            idle,
            keep_alive,
            fast: (settings.send_timeout / 2).min(keep_alive),
            inactivity: settings.inactivity_timeout,
            mode: Mode::Idle,
            poll_at: None,
            gone_at: None,
            postponement: Postponement::default(),
        }
    }

    /// Something valid came from the peer.
    pub(super) fn received(&mut self, peer_is_full: bool, now: Time) {
        self.mode = if peer_is_full { Mode::Fast } else { Mode::Idle };
        self.gone_at = Some(now + self.inactivity);
        self.sent(now);
    }

    /// Something was sent: the next poll is put off, in the same mode.
    pub(super) fn sent(&mut self, now: Time) {
        self.poll_at = Some(now + self.interval());
    }

    /// The same, once there is a session.
    pub(super) fn sent_if_open(&mut self, is_open: bool, now: Time) {
        if is_open {
            self.sent(now);
        }
    }

    /// The poll that was due has been sent.
    pub(super) fn polled(&mut self, now: Time) {
        if self.mode == Mode::Idle {
            self.mode = Mode::KeepAlive;
        }
        self.postponement = Postponement::default();
        self.sent(now);
    }

    pub(super) fn is_poll_due(&self, now: Time) -> bool {
        self.poll_at.is_some_and(|at| now >= at)
    }

    pub(super) fn is_peer_gone(&self, now: Time) -> bool {
        self.gone_at.is_some_and(|at| now >= at)
    }

    pub(super) fn wake_at(&self) -> Option<Time> {
        self.poll_at.into_iter().chain(self.gone_at).min()
    }

    fn interval(&self) -> Duration {
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
