//! What happens in one run, drawn from its seed.

use std::time::Duration;

use waxwing_reliable::{
    EarlyMessages, LossRecovery, ReliableMessagingVersion, ReliableSessionSettings,
    RoundTripEstimate, Shape,
};
use waxwing_soap::{AddressingVersion, MessageVersion, SoapVersion};

use crate::random::Random;

/// Microseconds of the virtual clock.
pub type Micros = u64;

pub const MS: Micros = 1000;
pub const SECOND: Micros = 1000 * MS;
const HOUR: Micros = 3600 * SECOND;

/// What kind of trouble a run has; what may be expected of it follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A bad link, but time and retries enough: everything has to come through.
    Patient,
    /// A good link and long silences, more than the inactivity timeout: everything has to come through.
    Idle,
    /// WCF's own limits on a terrible link: the session may fault.
    Hasty,
    /// Someone crashes, aborts, or loses the security context.
    Crash,
    /// The service's answers are forged.
    LyingService,
    /// The client sends what it likes and acknowledges nothing; strangers send into the session.
    LyingClient,
}

/// The trouble of [`Class::Crash`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accident {
    ClientVanishes,
    ClientAborts,
    ServiceRestarts,
    ServiceAborts,
    ContextLost,
    LinkCut,
}

#[derive(Clone, Debug)]
pub struct Plan {
    pub class: Class,
    pub version: ReliableMessagingVersion,
    pub shape: Shape,
    pub client: ReliableSessionSettings,
    pub service: ReliableSessionSettings,
    pub secured: bool,
    /// In which versions messages are written and read on their way; None: they are handed over as they are.
    pub soap: Option<MessageVersion>,
    /// Of a thousand requests (responses) so many are lost.
    pub loss: u64,
    pub duplicates: u64,
    /// Of lost exchanges so many are noticed at once, the others by time-out.
    pub resets: u64,
    pub delay: (Micros, Micros),
    /// When each call is made, and whether it is one-way.
    pub calls: Vec<(Micros, bool)>,
    pub call_deadline: Option<Micros>,
    pub close_at: Micros,
    pub open_deadline: Micros,
    pub close_deadline: Micros,
    pub operation: (Micros, Micros),
    /// Operations that run at once.
    pub concurrency: usize,
    pub accident: Option<(Micros, Accident)>,
    /// Of a thousand events so many bring a stranger's message.
    pub strangers: u64,
    /// Of a thousand responses so many are kept back, and an earlier one, from whatever exchange, is given
    /// out in their place.
    pub swaps: u64,
}

impl Plan {
    pub fn of(seed: u64) -> Self {
        use Class::{Crash, Hasty, Idle, LyingClient, LyingService, Patient};
        let mut random = Random::new(seed);
        let r = &mut random;
        let class = r.pick(&[
            Patient,
            Patient,
            Patient,
            Idle,
            Hasty,
            Crash,
            Crash,
            LyingService,
            LyingClient,
        ]);
        let shape = if r.permille(700) { Shape::RequestReply } else { Shape::OneWay };
        let ordered = r.permille(600);
        let eager = shape == Shape::OneWay && r.permille(300);
        let is_safe = matches!(class, Patient | Idle);
        let mut client = ReliableSessionSettings {
            ordered,
            max_transfer_window_size: r.pick(&[1, 2, 3, 8, 8, 8, 32, 64]) as u32,
            max_retry_count: if is_safe { 24 } else { r.between(1, 9) as u32 },
            flow_control_enabled: r.permille(800),
            inactivity_timeout: inactivity(class, r),
            loss_recovery: if eager { LossRecovery::Eager } else { LossRecovery::Wcf },
            ..ReliableSessionSettings::default()
        };
        let service = ReliableSessionSettings {
            max_transfer_window_size: r.pick(&[1, 2, 3, 8, 8, 8, 32, 64]) as u32,
            flow_control_enabled: r.permille(800),
            ..client.clone()
        };
        if class == Idle {
            client.max_retry_count = 8;
        }
        let calls = calls(class, client.inactivity_timeout, r);
        // From the seed itself, so that the other draws of a seed stay what they were.
        if seed % 2 == 1 {
            client.round_trip_estimate = RoundTripEstimate::Exchange;
        }
        let mut service = service;
        if seed % 8 == 3 {
            service.early_messages = EarlyMessages::Refuse;
        }
        let last = calls.last().map_or(0, |(at, _)| *at);
        let long = if is_safe { 1_000_000 * HOUR } else { 60 * SECOND };
        Self {
            class,
            version: r
                .pick(&[ReliableMessagingVersion::February2005, ReliableMessagingVersion::V11]),
            shape,
            client,
            service,
            secured: r.permille(500),
            loss: loss(class, r),
            duplicates: r.pick(&[0, 0, 50, 300]),
            resets: r.pick(&[0, 500, 1000]),
            delay: delay(class, r),
            calls,
            call_deadline: (!is_safe && r.permille(300)).then(|| r.between(SECOND, 60 * SECOND)),
            close_at: last + r.pick(&[0, 0, SECOND, 30 * SECOND]),
            open_deadline: long,
            close_deadline: long,
            operation: r.pick(&[(0, 0), (0, 5 * MS), (0, 2 * SECOND)]),
            concurrency: r.pick(&[1, 1, 4]),
            accident: (class == Crash).then(|| accident(last, r)),
            swaps: if seed % 4 == 1 && may_be_swapped(class) { 200 } else { 0 },
            strangers: if class == LyingClient { 100 } else { r.pick(&[0, 20]) },
            soap: (!matches!(class, LyingClient | LyingService) && r.permille(100)).then(|| {
                use AddressingVersion::{Addressing10, August2004};
                MessageVersion {
                    soap: r.pick(&[SoapVersion::Soap11, SoapVersion::Soap12]),
                    addressing: r.pick(&[August2004, Addressing10]),
                }
            }),
        }
    }
}

/// How many of a thousand messages are lost.
fn loss(class: Class, r: &mut Random) -> u64 {
    match class {
        Class::Idle => r.pick(&[0, 5, 10]),
        Class::Hasty => r.pick(&[100, 200, 400]),
        _ => r.pick(&[0, 0, 20, 100, 200]),
    }
}

/// How long a message takes, at least and at most. A link that answers in seconds beside an inactivity timeout of
/// seconds may lose a session.
fn delay(class: Class, r: &mut Random) -> (u64, u64) {
    match class {
        Class::Idle => r.pick(&[(MS, MS), (MS, 20 * MS), (20 * MS, 400 * MS)]),
        _ => r.pick(&[(MS, MS), (MS, 20 * MS), (20 * MS, 400 * MS), (MS, 3 * SECOND)]),
    }
}

/// What happens to an end, and when.
fn accident(last: u64, r: &mut Random) -> (u64, Accident) {
    use Accident::{
        ClientAborts, ClientVanishes, ContextLost, LinkCut, ServiceAborts, ServiceRestarts,
    };
    let at = r.between(0, last + 2 * SECOND);
    let all = [ClientVanishes, ClientAborts, ServiceRestarts, ServiceAborts, ContextLost, LinkCut];
    (at, r.pick(&all))
}

/// An on-path attacker delays, and that is all; but where delay alone may end a session little can be said.
fn may_be_swapped(class: Class) -> bool {
    matches!(class, Class::Patient | Class::Hasty | Class::Crash)
}

fn inactivity(class: Class, random: &mut Random) -> Duration {
    match class {
        // Whoever swaps responses makes retransmissions late, and late ones (WCF excludes none) stretch the estimate of the round trip.
        Class::Patient => Duration::from_secs(1_000_000_000),
        // An Open of ten seconds and more makes the first retransmission wait as long.
        Class::Idle => Duration::from_secs(random.pick(&[120, 600])),
        Class::Hasty => Duration::from_secs(600),
        _ => Duration::from_secs(random.pick(&[5, 60, 600])),
    }
}

/// Bursts, steady streams, or calls with long pauses between.
fn calls(class: Class, inactivity: Duration, random: &mut Random) -> Vec<(Micros, bool)> {
    let count = random.pick(&[0, 1, 3, 10, 40]);
    let one_way = random.pick(&[0, 0, 500, 1000]);
    let pause = match class {
        Class::Idle => 2 * inactivity.as_micros() as u64,
        _ => random.pick(&[0, 0, 20 * MS, SECOND]),
    };
    let count = if class == Class::Idle { count.min(3) } else { count };
    let mut at = 0;
    let mut calls = Vec::new();
    for _ in 0..count {
        calls.push((at, random.permille(one_way)));
        at += random.between(0, 2 * pause);
    }
    calls
}

/// The version, for a person.
pub fn name(version: ReliableMessagingVersion) -> &'static str {
    match version {
        ReliableMessagingVersion::February2005 => "2005",
        ReliableMessagingVersion::V11 => "1.1",
    }
}
