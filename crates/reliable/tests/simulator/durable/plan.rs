//! What happens in one durable run, drawn from its seed.

use std::time::Duration;

use waxwing_reliable::{
    EarlyMessages, LossRecovery, ReliableMessagingVersion, ReliableSessionSettings,
    RoundTripEstimate, Shape,
};

use crate::plan::{MS, Micros, SECOND};
use crate::random::Random;

/// How long a silent peer is waited for; longer than any run takes.
const PATIENCE: Duration = Duration::from_secs(1_000_000);

/// What becomes of commits, of a thousand each.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// Nothing was written.
    pub refused: u64,
    /// It was written, and nobody says so.
    pub unknown_done: u64,
    /// It was not written, and nobody says so.
    pub unknown_not: u64,
}

/// What ends the session before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nothing: everything has to come through.
    Whole,
    /// The service ends the session: what has a number and no answer is in doubt.
    Aborted(Micros),
    /// The client's machine is lost for ever: what it was promised is executed all the same.
    ClientLost(Micros),
}

#[derive(Clone, Debug)]
pub struct Plan {
    pub version: ReliableMessagingVersion,
    pub shape: Shape,
    pub client: ReliableSessionSettings,
    pub service: ReliableSessionSettings,
    pub secured: bool,
    /// When each call is given to the outbox, and whether it is one-way.
    pub calls: Vec<(Micros, bool)>,
    pub close_at: Micros,
    pub loss: u64,
    pub duplicates: u64,
    pub delay: (Micros, Micros),
    pub operation: (Micros, Micros),
    /// Operations of a session that run at once.
    pub concurrency: usize,
    /// Requests come to any node.
    pub spread: bool,
    pub commit: (Micros, Micros),
    pub faults: Faults,
    /// Of a thousand outputs so many are the last of their process.
    pub crash: u64,
    /// Of a thousand commits so many are followed by the end of their author, before it hears of them.
    pub crash_after_commit: u64,
    /// How many processes end in all.
    pub crashes: u32,
    pub downtime: (Micros, Micros),
    /// When a node of the service is thought dead while it lives.
    pub zombies: Vec<Micros>,
    /// When a second process of the client takes over while the first one lives.
    pub takeovers: Vec<Micros>,
    pub fate: Fate,
}

impl Plan {
    pub fn of(seed: u64) -> Self {
        let mut random = Random::new(seed ^ 0xD00D);
        let r = &mut random;
        let shape = if r.permille(650) { Shape::RequestReply } else { Shape::OneWay };
        let ordered = r.permille(600);
        let eager = shape == Shape::OneWay && r.permille(300);
        let client = ReliableSessionSettings {
            ordered,
            max_transfer_window_size: r.pick(&[1, 2, 3, 8, 8, 8, 32]) as u32,
            max_retry_count: 24,
            flow_control_enabled: r.permille(800),
            inactivity_timeout: PATIENCE,
            loss_recovery: if eager { LossRecovery::Eager } else { LossRecovery::Wcf },
            round_trip_estimate: RoundTripEstimate::Exchange,
            durable: true,
            ..ReliableSessionSettings::default()
        };
        let early = if r.permille(300) { EarlyMessages::Refuse } else { EarlyMessages::default() };
        let service = ReliableSessionSettings {
            max_transfer_window_size: r.pick(&[1, 2, 3, 8, 8, 8, 32]) as u32,
            flow_control_enabled: r.permille(800),
            early_messages: early,
            ..client.clone()
        };
        let calls = calls(r);
        let last = calls.last().map_or(0, |(at, _)| *at);
        let horizon = last + 2 * SECOND;
        let some = |r: &mut Random, most: u64| -> Vec<Micros> {
            (0..r.between(0, most)).map(|_| r.between(0, horizon)).collect()
        };
        let faults = Faults {
            refused: r.pick(&[0, 0, 10, 50]),
            unknown_done: r.pick(&[0, 0, 10, 50]),
            unknown_not: r.pick(&[0, 0, 10, 50]),
        };
        Self {
            version: r
                .pick(&[ReliableMessagingVersion::February2005, ReliableMessagingVersion::V11]),
            shape,
            secured: r.permille(500),
            loss: r.pick(&[0, 0, 20, 100, 200]),
            duplicates: r.pick(&[0, 0, 50, 300]),
            delay: r.pick(&[(MS, MS), (MS, 20 * MS), (20 * MS, 400 * MS), (MS, 3 * SECOND)]),
            close_at: last + r.pick(&[0, 0, SECOND, 30 * SECOND]),
            operation: r.pick(&[(0, 0), (0, 5 * MS), (0, 2 * SECOND)]),
            concurrency: r.pick(&[1, 1, 4]),
            spread: r.permille(300),
            commit: r.pick(&[(0, 0), (MS, 5 * MS), (MS, 60 * MS), (0, 4 * SECOND)]),
            faults,
            crash: r.pick(&[0, 5, 20, 100]),
            crash_after_commit: r.pick(&[0, 10, 100]),
            crashes: r.pick(&[0, 1, 3, 10]) as u32,
            downtime: r.pick(&[(0, 0), (0, SECOND), (SECOND, 20 * SECOND)]),
            zombies: if r.permille(400) { some(r, 3) } else { Vec::new() },
            takeovers: if r.permille(300) { some(r, 3) } else { Vec::new() },
            fate: match r.between(0, 9) {
                0 => Fate::Aborted(r.between(0, horizon)),
                1 => Fate::ClientLost(r.between(0, horizon)),
                _ => Fate::Whole,
            },
            client,
            service,
            calls,
        }
    }
}

/// Bursts, or steady streams.
fn calls(random: &mut Random) -> Vec<(Micros, bool)> {
    let count = random.pick(&[0, 1, 3, 10, 10, 40]);
    let one_way = random.pick(&[0, 0, 500, 1000]);
    let pause = random.pick(&[0, 0, 20 * MS, SECOND]);
    let mut at = 0;
    let mut calls = Vec::new();
    for _ in 0..count {
        calls.push((at, random.permille(one_way)));
        at += random.between(0, 2 * pause);
    }
    calls
}

impl Plan {
    /// Nothing goes wrong; these calls.
    pub fn smooth(shape: Shape, calls: Vec<Micros>) -> Self {
        let settings = ReliableSessionSettings {
            inactivity_timeout: PATIENCE,
            durable: true,
            ..ReliableSessionSettings::default()
        };
        Self {
            version: ReliableMessagingVersion::V11,
            shape,
            client: settings.clone(),
            service: settings,
            secured: true,
            close_at: calls.last().map_or(0, |last| last + SECOND),
            calls: calls.into_iter().map(|at| (at, false)).collect(),
            loss: 0,
            duplicates: 0,
            delay: (MS, MS),
            operation: (0, 0),
            concurrency: 1,
            spread: false,
            commit: (MS, MS),
            faults: Faults::default(),
            crash: 0,
            crash_after_commit: 0,
            crashes: 0,
            downtime: (0, 0),
            zombies: Vec::new(),
            takeovers: Vec::new(),
            fate: Fate::Whole,
        }
    }
}
