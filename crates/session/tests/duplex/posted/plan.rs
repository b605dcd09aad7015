//! What happens in a run, from its seed.

use waxwing_reliable::ReliableMessagingVersion;
use waxwing_session::ConcurrencyMode;

use crate::random::Random;
use crate::secured::Secured;

/// Milliseconds.
pub type Millis = u64;

/// What kind of trouble a run has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Messages are lost, doubled and overtaken, and listeners are gone for a while: everything has to come through.
    Patient,
    /// Calls run out of time, and their replies come late.
    Hasty,
    /// An end is gone for good, or begins anew.
    Crash,
}

/// What befalls an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accident {
    ClientVanishes,
    ClientAborts,
    ServiceRestarts,
}

/// A time in which nobody takes what is posted to an end.
#[derive(Clone, Copy, Debug)]
pub struct Outage {
    pub of_client: bool,
    pub from: Millis,
    pub until: Millis,
}

impl Outage {
    pub fn is_at(&self, now: Millis) -> bool {
        (self.from..self.until).contains(&now)
    }
}

#[derive(Clone, Debug)]
pub struct Plan {
    pub class: Class,
    pub version: ReliableMessagingVersion,
    pub security: Option<Secured>,
    pub window: u32,
    /// When each call is made, and whether it is one-way.
    pub calls: Vec<(Millis, bool)>,
    /// The same of what the service calls.
    pub callbacks: Vec<(Millis, bool)>,
    /// Of a thousand posts so many are lost, are taken and not heard of, come twice.
    pub lost: u64,
    pub unheard: u64,
    pub doubled: u64,
    /// How long a post is under way.
    pub delay: (Millis, Millis),
    /// How long an operation takes.
    pub operation: (Millis, Millis),
    /// How long a call may take.
    pub patience: Millis,
    pub outages: Vec<Outage>,
    pub accident: Option<(Millis, Accident)>,
    pub service: ConcurrencyMode,
    pub client: ConcurrencyMode,
    /// Of a thousand happenings so many have a stranger post something after them.
    pub strangers: u64,
}

impl Plan {
    pub fn of(seed: u64, is_secured: bool) -> Self {
        let r = &mut Random::new(seed);
        let class =
            r.pick(&[Class::Patient, Class::Patient, Class::Patient, Class::Hasty, Class::Crash]);
        let most = if is_secured { 8 } else { 20 };
        let (calls, callbacks) = (times(r, most), times(r, most));
        let last = calls.iter().chain(&callbacks).map(|(at, _)| *at).max().unwrap_or_default();
        let modes =
            [ConcurrencyMode::Single, ConcurrencyMode::Reentrant, ConcurrencyMode::Multiple];
        let loss = r.pick(&[0, 0, 20, 100, 200]);
        Self {
            class,
            version: r
                .pick(&[ReliableMessagingVersion::February2005, ReliableMessagingVersion::V11]),
            security: is_secured.then(|| security(class, r)),
            window: r.pick(&[1, 2, 8, 8, 32]) as u32,
            lost: loss,
            unheard: r.pick(&[0, loss]),
            doubled: r.pick(&[0, 0, 100, 300]),
            delay: r.pick(&[(1, 1), (1, 20), (20, 400), (1, 3_000)]),
            operation: r.pick(&[(0, 0), (0, 5), (0, 2_000)]),
            patience: if class == Class::Hasty { r.pick(&[500, 3_000]) } else { 1_000_000_000 },
            outages: outages(class, last, r),
            accident: (class == Class::Crash).then(|| {
                use Accident::{ClientAborts, ClientVanishes, ServiceRestarts};
                let what =
                    r.pick(&[ClientVanishes, ClientAborts, ServiceRestarts, ServiceRestarts]);
                (r.between(0, last + 2_000), what)
            }),
            service: r.pick(&modes),
            client: r.pick(&modes),
            strangers: r.pick(&[0, 20, 100]),
            calls,
            callbacks,
        }
    }
}

fn security(class: Class, r: &mut Random) -> Secured {
    let is_short = class == Class::Patient && r.permille(300);
    Secured {
        key_lifetime: if is_short { 120 } else { 36_000 },
        renewal_percent: 60,
        ..Secured::default()
    }
}

/// Bursts, steady streams, or messages with pauses between.
fn times(r: &mut Random, most: u64) -> Vec<(Millis, bool)> {
    let count = r.pick(&[0, 1, 3, most]);
    let one_way = r.pick(&[0, 300, 1_000]);
    let pause = r.pick(&[0, 20, 1_000]);
    let mut at = 0;
    let next = |_| {
        let now = at;
        at += r.between(0, 2 * pause);
        (now, r.permille(one_way))
    };
    (0..count).map(next).collect()
}

/// Listeners that die and come back. A client asks for a session for so long only: none of them then.
fn outages(class: Class, last: Millis, r: &mut Random) -> Vec<Outage> {
    if class == Class::Hasty {
        return Vec::new();
    }
    let count = r.pick(&[0, 0, 1, 2]);
    let one = |_| {
        let from = r.between(0, last + 3_000);
        let until = from + r.pick(&[100, 5_000, 40_000]);
        Outage { of_client: r.permille(700), from, until }
    };
    (0..count).map(one).collect()
}
