//! What happens in one run, drawn from its seed.

use std::time::Duration;

use waxwing_reliable::{
    ReliableMessagingVersion, ReliableSessionSettings, RoundTripEstimate, Shape,
};
use waxwing_security::conversation::{BindingKind, Protection};
use waxwing_session::{ConcurrencyMode, DispatchModes, InstanceContextMode};

use crate::random::Random;

/// Microseconds of the virtual clock.
pub type Micros = u64;

pub const MS: Micros = 1000;
pub const SECOND: Micros = 1000 * MS;
pub const HOUR: Micros = 3600 * SECOND;

/// What kind of trouble a run has; what may be expected of it follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// A bad link, but time and retries enough, in a reliable session: everything has to come through.
    Patient,
    /// A good link and long silences, in which keys grow old: everything has to come through.
    Idle,
    /// WCF's own limits on a terrible link: sessions may fail.
    Hasty,
    /// Without reliable session: what is lost is lost.
    Plain,
    /// An end crashes or gives up, or the link is cut.
    Crash,
    /// Octets are altered on their way.
    Corrupt,
}

/// What clients prove themselves with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    Anonymous,
    UserName,
    Certificate,
}

impl Credential {
    const ALL: [Self; 3] = [Self::Anonymous, Self::UserName, Self::Certificate];
}

/// The trouble of [`Class::Crash`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accident {
    /// A client is gone, and tells nobody.
    ClientVanishes(usize),
    /// A client gives up.
    ClientAborts(usize),
    /// The service dies and comes back after this time without memory.
    ServiceRestarts(Micros),
    /// The host closes without waiting.
    ServiceAborts,
    /// Nothing comes through any more.
    LinkCut,
    /// Nothing comes through for this time.
    Outage(Micros),
}

#[derive(Clone, Debug)]
pub struct Plan {
    pub class: Class,
    pub protection: Protection,
    /// How messages that stand alone are protected; over a protected transport those of sessions, too.
    pub binding: BindingKind,
    pub credential: Credential,
    /// The version of reliable messaging; None: no reliable session.
    pub version: Option<ReliableMessagingVersion>,
    pub shape: Shape,
    pub reliable: ReliableSessionSettings,
    /// When each client comes.
    pub clients: Vec<Micros>,
    /// Of each client, when each call is made after it came, and whether it is one-way.
    pub calls: Vec<Vec<(Micros, bool)>>,
    /// When each client closes after its last call.
    pub close_after: Micros,
    pub open_deadline: Micros,
    pub call_deadline: Micros,
    pub close_deadline: Micros,
    /// `maxConcurrentSessions`.
    pub places: usize,
    /// `maxConcurrentCalls`.
    pub calls_at_once: usize,
    pub modes: DispatchModes,
    /// How long an operation takes.
    pub operation: (Micros, Micros),
    /// Of a thousand requests (answers) so many are lost.
    pub loss: u64,
    pub duplicates: u64,
    /// Of lost exchanges so many are noticed at once, the others by time-out.
    pub resets: u64,
    pub delay: (Micros, Micros),
    /// Of a thousand answers so many are kept back, and an earlier one, of whatever exchange, is given out instead.
    pub swaps: u64,
    /// Of a thousand requests so many are held back for minutes, while their senders believe them lost.
    pub held: u64,
    /// The client that proves itself with what is not good, if one does.
    pub impostor: Option<usize>,
    /// Of a thousand messages so many are altered.
    pub altered: u64,
    pub accident: Option<(Micros, Accident)>,
    /// How far the clients' clocks are ahead, in seconds.
    pub clock_ahead: i64,
    /// How long session keys live, in seconds.
    pub key_lifetime: u64,
    pub renewal_percent: u8,
    /// For how long a former key is good, in seconds.
    pub rollover: u64,
    /// Whether answers confirm the signatures of their requests.
    pub confirmed: bool,
    /// Whether the keys of cookies outlast the service.
    pub ring: bool,
}

impl Plan {
    pub fn of(seed: u64) -> Self {
        use Class::{Corrupt, Crash, Hasty, Idle, Patient, Plain};
        let r = &mut Random::new(seed);
        let class = r.pick(&[
            Patient, Patient, Patient, Idle, Hasty, Plain, Plain, Crash, Crash, Crash, Corrupt,
        ]);
        let version = version(class, r);
        let protection = protection(class, version, r);
        let shape = if r.permille(750) { Shape::RequestReply } else { Shape::OneWay };
        let clients = r.pick(&[1, 1, 2, 3]);
        let calls: Vec<_> = (0..clients).map(|_| calls(class, version.map(|_| shape), r)).collect();
        let last = calls.iter().filter_map(|calls| calls.last()).map(|call| call.0).max();
        let last = last.unwrap_or(0);
        let is_safe = matches!(class, Patient | Idle);
        let long = if is_safe { 1000 * HOUR } else { 60 * SECOND };
        let loss = loss(class, r);
        let swaps = match class {
            Patient if loss > 100 => 0,
            Patient | Hasty | Plain => r.pick(&[0, 0, 200]),
            _ => 0,
        };
        let key_lifetime = match class {
            Idle => r.pick(&[180, 600]),
            _ => r.pick(&[54_000, 54_000, 240]),
        };
        let plan = Self {
            class,
            protection,
            binding: match r.permille(300) {
                true => BindingKind::Negotiated,
                false => BindingKind::Symmetric,
            },
            credential: r.pick(&Credential::ALL),
            version,
            shape,
            reliable: reliable(class, r),
            clients: (0..clients).map(|_| r.between(0, 2) * r.between(0, SECOND)).collect(),
            calls,
            close_after: r.pick(&[0, 0, SECOND, 30 * SECOND]),
            open_deadline: long,
            call_deadline: long,
            close_deadline: long,
            // Who waits for a place for long is given up, and its keys expire meanwhile.
            places: match (class, key_lifetime) {
                (Idle, _) | (_, ..1000) => 100,
                _ => r.pick(&[1, 2, 100]),
            },
            calls_at_once: r.pick(&[1, 100, 100]),
            modes: modes(r),
            operation: r.pick(&[(0, 0), (0, 5 * MS), (0, 2 * SECOND)]),
            loss,
            duplicates: r.pick(&[0, 50, 300]),
            resets: r.pick(&[0, 500, 1000]),
            delay: delay(class, r),
            swaps,
            held: match class {
                Idle | Plain => r.pick(&[0, 0, 150]),
                _ => 0,
            },
            impostor: None,
            altered: if class == Corrupt { r.pick(&[20, 100, 300]) } else { 0 },
            accident: (class == Crash).then(|| accident(last, clients, r)),
            clock_ahead: r.pick(&[0, 0, -200, 200]),
            key_lifetime,
            renewal_percent: r.pick(&[60, 60, 100]),
            rollover: r.pick(&[300, 20]),
            confirmed: r.permille(200),
            ring: false,
        }
        .with_cookies(&mut Random::new(seed ^ 0xC0_0C1E));
        plan.varied(r)
    }

    /// The same with an impostor, or with another kind of protection.
    fn varied(self, r: &mut Random) -> Self {
        let by_name =
            self.protection != Protection::None && self.credential != Credential::Anonymous;
        let plan = if by_name && r.permille(150) { self.with_impostor() } else { self };
        let plan = if r.permille(250) { plan.over_transport(r) } else { plan };
        if r.permille(200) { plan.under_certificates(r) } else { plan }
    }

    /// The same with certificates of both ends, if it can be: reliable sessions in one-shot messages, too, which are bound
    /// to their senders.
    fn under_certificates(self, r: &mut Random) -> Self {
        if self.protection == Protection::None || self.is_by_transport() {
            return self;
        }
        let alone = r.permille(600) && self.class != Class::Corrupt;
        let protection = if alone { Protection::OneShot } else { self.protection };
        let (binding, credential) = (BindingKind::Asymmetric, Credential::Certificate);
        // Nothing relates the acknowledgement of one sequence to the session that asked for it: one client's answers,
        // swapped between its sessions, end them.
        let is_safe = self.is_safe() && protection == Protection::OneShot && self.version.is_some();
        let swaps = if is_safe { 0 } else { self.swaps };
        Self { binding, credential, protection, swaps, ..self }
    }

    /// The same over a transport that protects messages, if it can be: nobody alters or swaps anything on it, and what
    /// repeats a request is a proxy, which WCF's security does not notice.
    fn over_transport(self, r: &mut Random) -> Self {
        if self.protection == Protection::None || self.class == Class::Corrupt {
            return self;
        }
        let by_name = r.pick(&[Credential::UserName, Credential::Certificate]);
        let credential = match self.credential {
            Credential::Anonymous => by_name,
            credential => credential,
        };
        Self { binding: BindingKind::Transport, credential, swaps: 0, ..self }
    }

    /// Whether the transport protects messages.
    pub fn is_by_transport(&self) -> bool {
        self.binding == BindingKind::Transport
    }

    /// The same with security contexts that the service does not remember, in some runs: in place of a conversation, and of
    /// reliable sessions over nothing.
    fn with_cookies(mut self, r: &mut Random) -> Self {
        let replaced = match self.protection {
            Protection::Conversation => r.permille(250),
            _ => false,
        };
        if replaced {
            self.protection = Protection::Cookie;
            self.ring = r.permille(500);
            // At the very end of its life a context is refused, and a call without reliable session is lost.
            self.renewal_percent = 60;
        }
        self
    }

    /// The same with one more client, which is not who it says to be.
    fn with_impostor(mut self) -> Self {
        self.impostor = Some(self.clients.len());
        self.clients.push(0);
        self.calls.push(vec![(0, false)]);
        self
    }

    /// Whether the same octets are executed once only: a reliable session drops them, or security does.
    pub fn is_once(&self) -> bool {
        let is_noticed = self.protection != Protection::None && !self.is_by_transport();
        self.version.is_some() || is_noticed
    }

    /// Whether a copy of a message may be before the message.
    pub fn may_overtake(&self) -> bool {
        matches!(self.class, Class::Hasty | Class::Crash | Class::Corrupt)
    }

    /// Whether everything has to come through.
    pub fn is_safe(&self) -> bool {
        matches!(self.class, Class::Patient | Class::Idle)
    }
}

/// How many of a thousand messages are lost.
fn loss(class: Class, r: &mut Random) -> u64 {
    use Class::{Corrupt, Crash, Hasty, Idle, Patient, Plain};
    match class {
        Idle => 0,
        Hasty => r.pick(&[100, 200, 400]),
        Plain => r.pick(&[0, 0, 50]),
        Corrupt => r.pick(&[0, 50]),
        Crash => r.pick(&[0, 0, 100]),
        Patient => r.pick(&[0, 20, 100, 200]),
    }
}

/// How long a message takes, at least and at most.
fn delay(class: Class, r: &mut Random) -> (u64, u64) {
    match class {
        Class::Idle => r.pick(&[(MS, MS), (MS, 20 * MS), (20 * MS, 400 * MS)]),
        _ => r.pick(&[(MS, MS), (MS, 20 * MS), (20 * MS, 400 * MS), (MS, 3 * SECOND)]),
    }
}

fn version(class: Class, random: &mut Random) -> Option<ReliableMessagingVersion> {
    use ReliableMessagingVersion::{February2005, V11};
    let either = random.pick(&[February2005, V11]);
    let without = random.permille(200);
    match class {
        Class::Plain => None,
        Class::Crash | Class::Corrupt if without => None,
        _ => Some(either),
    }
}

/// Reliable sessions are secured by a conversation or not at all, as in WCF.
fn protection(
    class: Class,
    version: Option<ReliableMessagingVersion>,
    random: &mut Random,
) -> Protection {
    use Protection::{Conversation, None, OneShot};
    match (class, version) {
        (Class::Corrupt, Some(_)) => Conversation,
        (Class::Corrupt, _) => random.pick(&[Conversation, OneShot]),
        (_, Some(_)) => random.pick(&[Conversation, Conversation, Conversation, None]),
        (..) => random.pick(&[Conversation, OneShot, None]),
    }
}

fn modes(random: &mut Random) -> DispatchModes {
    use ConcurrencyMode::Multiple;
    use InstanceContextMode::{PerCall, PerSession, Single};
    DispatchModes {
        instances: random.pick(&[PerSession, PerSession, PerCall, Single]),
        concurrency: random.pick(&[ConcurrencyMode::Single, ConcurrencyMode::Single, Multiple]),
    }
}

fn reliable(class: Class, random: &mut Random) -> ReliableSessionSettings {
    let is_safe = matches!(class, Class::Patient | Class::Idle);
    let estimates = [RoundTripEstimate::Exchange, RoundTripEstimate::default()];
    ReliableSessionSettings {
        ordered: random.permille(700),
        max_transfer_window_size: random.pick(&[1, 2, 8, 8]),
        max_retry_count: if is_safe { 24 } else { random.between(2, 9) as u32 },
        flow_control_enabled: random.permille(800),
        inactivity_timeout: Duration::from_secs(match class {
            Class::Patient => 1_000_000,
            Class::Idle | Class::Hasty => 600,
            _ => random.pick(&[30, 600]),
        }),
        round_trip_estimate: random.pick(&estimates),
        ..ReliableSessionSettings::default()
    }
}

/// Bursts, steady streams, or calls with long pauses between. `shape` is that of a reliable session.
fn calls(class: Class, shape: Option<Shape>, random: &mut Random) -> Vec<(Micros, bool)> {
    let count = random.pick(&[0, 1, 2, 3, 5, 8]);
    let one_way = match shape {
        Some(Shape::OneWay) => 1000,
        _ => random.pick(&[0, 0, 500]),
    };
    let pause = match class {
        Class::Idle => 150 * SECOND,
        _ => random.pick(&[0, 20 * MS, SECOND, 20 * SECOND]),
    };
    let mut at = 0;
    let mut calls = Vec::new();
    for _ in 0..count {
        calls.push((at, random.permille(one_way)));
        at += random.between(0, 2 * pause);
    }
    calls
}

fn accident(last: Micros, clients: usize, random: &mut Random) -> (Micros, Accident) {
    let at = random.between(0, last + 3 * SECOND);
    let who = random.between(0, clients as u64 - 1) as usize;
    let time = random.between(0, 30 * SECOND);
    let accident = random.pick(&[
        Accident::ClientVanishes(who),
        Accident::ClientAborts(who),
        Accident::ServiceRestarts(0),
        Accident::ServiceRestarts(time),
        Accident::ServiceAborts,
        Accident::LinkCut,
        Accident::Outage(time),
    ]);
    (at, accident)
}
