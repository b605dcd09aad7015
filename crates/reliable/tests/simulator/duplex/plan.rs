//! What happens in one run of a duplex session, drawn from its seed.

use std::time::Duration;

use waxwing_reliable::{DuplexSettings, Links, ReliableMessagingVersion, ReliableSessionSettings};
use waxwing_soap::{AddressingVersion, MessageVersion, SoapVersion};

use crate::plan::{MS, Micros, SECOND};
use crate::random::Random;

const HOUR: Micros = 3600 * SECOND;

/// What kind of trouble a run has; what may be expected of it follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Bad links, but time and retries enough: everything has to come through.
    Patient,
    /// Good links and long silences, more than the inactivity timeout: everything has to come through.
    Idle,
    /// WCF's own limits on terrible links: the session may fault.
    Hasty,
    /// Someone crashes, aborts, or loses the security context.
    Crash,
    /// One end's messages are forged on their way.
    Lying,
}

/// The trouble of [`Class::Crash`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accident {
    ClientVanishes,
    ClientAborts,
    ServiceRestarts,
    ServiceAborts,
    ContextLost,
    Cut,
}

/// What the client sends, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The service answers, after it has called the client so often.
    Call { callbacks: u32 },
    /// Nothing comes back.
    Note,
}

#[derive(Clone, Debug)]
pub struct Plan {
    pub class: Class,
    pub version: ReliableMessagingVersion,
    pub client: DuplexSettings,
    pub service: DuplexSettings,
    pub secured: bool,
    /// In which versions messages are written and read on their way; None: they are handed over as they are.
    pub soap: Option<MessageVersion>,
    /// Of a thousand datagrams so many are lost; of lost ones half is noticed.
    pub loss: u64,
    pub duplicates: u64,
    /// Of a thousand messages on a stream so many break it.
    pub breaks: u64,
    /// Of a thousand messages on a stream so many are the last before the service ends it.
    pub ends: u64,
    /// Of a thousand attempts to connect so many fail.
    pub dial_failures: u64,
    pub delay: (Micros, Micros),
    pub calls: Vec<(Micros, Kind)>,
    /// What the service sends by itself.
    pub events: Vec<Micros>,
    pub call_deadline: Option<Micros>,
    pub close_at: Micros,
    /// The service closes its own side when it has sent its events, and goes on listening.
    pub service_closes_first: bool,
    pub open_deadline: Micros,
    pub close_deadline: Micros,
    /// How long an operation or a callback takes.
    pub operation: (Micros, Micros),
    /// How long a message waits until the application takes it off its queue.
    pub queueing: (Micros, Micros),
    pub accident: Option<(Micros, Accident)>,
    /// Of a thousand events so many bring a stranger's message.
    pub strangers: u64,
    /// Whether it is the service's messages that are forged ([`Class::Lying`]).
    pub service_lies: bool,
}

impl Plan {
    pub fn of(seed: u64) -> Self {
        use Class::{Crash, Hasty, Idle, Lying, Patient};
        let mut random = Random::new(seed ^ 0xD0_91E7);
        let r = &mut random;
        let class = r.pick(&[Patient, Patient, Patient, Patient, Idle, Hasty, Crash, Crash, Lying]);
        let is_safe = matches!(class, Patient | Idle);
        let version =
            r.pick(&[ReliableMessagingVersion::February2005, ReliableMessagingVersion::V11]);
        let links = match class {
            Patient | Idle => r.pick(&[Links::Unseen, Links::Replaced]),
            _ => r.pick(&[Links::Unseen, Links::Replaced, Links::Replaced, Links::Bound]),
        };
        let client = settings(class, links, r);
        let mut service = client.clone();
        service.reliable.max_transfer_window_size = window(r);
        service.reliable.flow_control_enabled = r.permille(800);
        let calls = calls(class, client.reliable.inactivity_timeout, client.two_way, r);
        let last = calls.last().map_or(0, |(at, _)| *at);
        let events = match client.two_way {
            true => (0..r.pick(&[0, 0, 1, 5, 20])).map(|_| r.between(0, last + SECOND)).collect(),
            false => Vec::new(),
        };
        let notes_only = calls.iter().all(|(_, kind)| *kind == Kind::Note);
        let long = if is_safe { 1000 * HOUR } else { 60 * SECOND };
        let is_stream = links != Links::Unseen;
        Self {
            class,
            version,
            secured: r.permille(400),
            soap: soap(class, r),
            loss: if is_stream { 0 } else { loss(class, r) },
            duplicates: if is_stream { 0 } else { r.pick(&[0, 0, 50, 300]) },
            breaks: if is_stream { breaks(class, links, r) } else { 0 },
            ends: if is_stream && links == Links::Replaced { r.pick(&[0, 0, 20]) } else { 0 },
            dial_failures: r.pick(&[0, 0, 300]),
            delay: delay(class, r),
            call_deadline: (!is_safe && r.permille(300)).then(|| r.between(SECOND, 60 * SECOND)),
            close_at: last + r.pick(&[0, 0, SECOND, 30 * SECOND]),
            service_closes_first: client.two_way && notes_only && r.permille(500),
            calls,
            events,
            client,
            service,
            open_deadline: long,
            close_deadline: long,
            operation: r.pick(&[(0, 0), (0, 5 * MS), (0, 2 * SECOND)]),
            queueing: r.pick(&[(0, 0), (0, 0), (0, 300 * MS)]),
            accident: (class == Crash).then(|| accident(last, r)),
            strangers: r.pick(&[0, 20]),
            service_lies: r.permille(500),
        }
    }

    pub fn is_stream(&self) -> bool {
        self.client.links != Links::Unseen
    }
}

fn settings(class: Class, links: Links, r: &mut Random) -> DuplexSettings {
    let is_safe = matches!(class, Class::Patient | Class::Idle);
    let reliable = ReliableSessionSettings {
        ordered: r.permille(600),
        max_transfer_window_size: window(r),
        max_retry_count: if is_safe { 24 } else { r.between(1, 9) as u32 },
        flow_control_enabled: r.permille(800),
        inactivity_timeout: match class {
            Class::Patient => Duration::from_secs(1_000_000),
            Class::Idle => Duration::from_secs(r.pick(&[120, 600])),
            Class::Hasty => Duration::from_secs(600),
            _ => Duration::from_secs(r.pick(&[5, 60, 600])),
        },
        ..ReliableSessionSettings::default()
    };
    let resend_on_new_link = r.permille(500);
    DuplexSettings { reliable, links, two_way: r.permille(850), resend_on_new_link }
}

fn window(r: &mut Random) -> u32 {
    r.pick(&[1, 2, 3, 8, 8, 8, 32, 64]) as u32
}

fn loss(class: Class, r: &mut Random) -> u64 {
    match class {
        Class::Idle => r.pick(&[0, 5, 10]),
        Class::Hasty => r.pick(&[100, 200, 400]),
        _ => r.pick(&[0, 0, 20, 100, 200]),
    }
}

fn breaks(class: Class, links: Links, r: &mut Random) -> u64 {
    match (class, links) {
        (_, Links::Bound) => r.pick(&[0, 0, 0, 10]),
        (Class::Idle, _) => r.pick(&[0, 5]),
        (Class::Hasty, _) => r.pick(&[50, 200]),
        _ => r.pick(&[0, 20, 100]),
    }
}

fn delay(class: Class, r: &mut Random) -> (Micros, Micros) {
    match class {
        Class::Idle => r.pick(&[(MS, MS), (MS, 20 * MS), (20 * MS, 400 * MS)]),
        _ => r.pick(&[(MS, MS), (MS, 20 * MS), (20 * MS, 400 * MS), (MS, 3 * SECOND)]),
    }
}

fn soap(class: Class, r: &mut Random) -> Option<MessageVersion> {
    use AddressingVersion::{Addressing10, August2004};
    (class != Class::Lying && r.permille(100)).then(|| MessageVersion {
        soap: r.pick(&[SoapVersion::Soap11, SoapVersion::Soap12]),
        addressing: r.pick(&[August2004, Addressing10]),
    })
}

fn accident(last: Micros, r: &mut Random) -> (Micros, Accident) {
    use Accident::{
        ClientAborts, ClientVanishes, ContextLost, Cut, ServiceAborts, ServiceRestarts,
    };
    let all = [ClientVanishes, ClientAborts, ServiceRestarts, ServiceAborts, ContextLost, Cut];
    (r.between(0, last + 2 * SECOND), r.pick(&all))
}

/// Bursts, steady streams, or messages with long pauses between.
fn calls(class: Class, inactivity: Duration, two_way: bool, r: &mut Random) -> Vec<(Micros, Kind)> {
    let count = r.pick(&[0, 1, 3, 10, 40]);
    let notes = if two_way { r.pick(&[0, 0, 500, 1000]) } else { 1000 };
    let pause = match class {
        Class::Idle => 2 * inactivity.as_micros() as u64,
        _ => r.pick(&[0, 0, 20 * MS, SECOND]),
    };
    let count = if class == Class::Idle { count.min(3) } else { count };
    let mut at = 0;
    (0..count)
        .map(|_| {
            let kind = match r.permille(notes) {
                true => Kind::Note,
                false => Kind::Call { callbacks: r.pick(&[0, 0, 0, 1, 3]) as u32 },
            };
            let now = at;
            at += r.between(0, 2 * pause);
            (now, kind)
        })
        .collect()
}
