//! The reliable duplex session, at either end: whatever comes in whatever order, nothing is delivered twice or out of order, no
//! call ends twice, memory and answers are bounded, and no timer is due for ever. The first byte chooses the end, the version
//! and what is known of connections; then steps of three bytes follow.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use waxwing_reliable::{
    CallId, DuplexInput, DuplexListener, DuplexListenerInput, DuplexListenerOutput, DuplexOpen,
    DuplexOutput, DuplexSession, DuplexSettings, ExchangeId, Failure, FailureKind, Identifier,
    LinkId, Links, Moment, ReliableMessagingVersion, ReliableSessionSettings, SessionId, Time,
};

use crate::steps::{Names, Steps, message};

/// What one session may hold: its window each way, its queue, and what they stand in.
const MOST_MEMORY: usize = 64 << 10;
/// Messages of the application that wait for the window are the application's: so many octets each.
const OF_A_CALL: usize = 512;
/// What one input may be answered with, beside what the application has sent.
const MOST_OUTPUTS: usize = 64;

/// What is true of one session, whatever comes.
#[derive(Default)]
struct Watched {
    delivered: BTreeSet<u64>,
    last: u64,
    ended: BTreeSet<u64>,
    is_over: bool,
    calls: usize,
}

impl Watched {
    fn take(&mut self, output: &DuplexOutput<u8>, ordered: bool) {
        match output {
            DuplexOutput::Deliver { number, .. } => {
                assert!(!self.is_over, "delivered when it is over");
                assert!(self.delivered.insert(*number), "{number} twice");
                assert!(!ordered || *number == self.last + 1, "{number} after {}", self.last);
                self.last = (*number).max(self.last);
            }
            DuplexOutput::Acknowledged { call } | DuplexOutput::CallFailed { call, .. } => {
                assert!(self.ended.insert(call.0), "{call:?} ends twice");
            }
            DuplexOutput::Closed | DuplexOutput::Faulted(_) => {
                assert!(!self.is_over, "it is over twice");
                self.is_over = true;
            }
            _ => {}
        }
    }
}

struct Clock(u64);

impl Clock {
    fn with<R>(&self, names: &mut Names, step: impl FnOnce(&mut Moment<'_>) -> R) -> R {
        let wall = jiff::Timestamp::UNIX_EPOCH;
        step(&mut Moment::new(wall, Time::from_millis(self.0), names))
    }
}

fn settings(choice: u8) -> DuplexSettings {
    let links = [Links::Unseen, Links::Replaced, Links::Bound][usize::from(choice >> 2) % 3];
    let reliable = ReliableSessionSettings {
        ordered: choice & 0x10 == 0,
        max_transfer_window_size: 1 + u32::from(choice >> 5),
        inactivity_timeout: Duration::from_secs(20),
        ..ReliableSessionSettings::default()
    };
    DuplexSettings { reliable, links, two_way: choice & 0x08 == 0, ..DuplexSettings::default() }
}

/// What the application or the connection does.
fn input(kind: u8, a: u8, b: u8, calls: &mut u64, now: u64) -> Option<DuplexInput<u8>> {
    let deadline = Time::from_millis(now + 1 + u64::from(b) * 100);
    let reason = "so".to_owned();
    Some(match kind {
        0 | 1 => {
            *calls += 1;
            let deadline = (a & 1 == 1).then_some(deadline);
            DuplexInput::Send { call: CallId(*calls), message: b, deadline }
        }
        2 => DuplexInput::Taken(u64::from(a)),
        3 => DuplexInput::Close { deadline },
        4 if a == 0 => DuplexInput::Abort { reason },
        5 => DuplexInput::Linked,
        6 => {
            let kinds = [FailureKind::Retryable, FailureKind::Protocol, FailureKind::Security];
            DuplexInput::LinkFailed(Failure { kind: kinds[usize::from(a) % kinds.len()], reason })
        }
        7 => DuplexInput::LinkBroken { reason },
        8 => DuplexInput::LinkEnded,
        9 if a == 0 => DuplexInput::SecurityLost { reason },
        _ => return None,
    })
}

fn client(version: ReliableMessagingVersion, settings: DuplexSettings, mut steps: Steps<'_>) {
    let ordered = settings.reliable.ordered;
    let (mut names, mut clock, mut watched) = (Names::default(), Clock(0), Watched::default());
    let mut session = DuplexSession::new(version, settings).expect("settings in their ranges");
    let open = DuplexOpen {
        to: "net.tcp://h/s".to_owned(),
        from: None,
        token: None,
        started: Time::from_millis(0),
        deadline: Time::from_millis(10_000),
    };
    let mut next = Some(DuplexInput::Open(open));
    let mut calls = 0;
    while let Some(given) = next.take() {
        watched.calls += usize::from(matches!(given, DuplexInput::Send { .. }));
        clock.with(&mut names, |at| session.handle(given, at));
        let mut outputs = 0;
        while let Some(output) = session.poll() {
            outputs += 1;
            if let DuplexOutput::Transmit { message, .. } = &output {
                names.learn(message);
            }
            watched.take(&output, ordered);
        }
        assert!(outputs <= MOST_OUTPUTS + 4 * watched.calls, "{outputs} outputs");
        assert!(
            session.memory() <= MOST_MEMORY + OF_A_CALL * watched.calls,
            "{} octets",
            session.memory()
        );
        next = loop {
            let Some([kind, a, b]) = steps.next() else { break None };
            if kind & 0x0F < 10 {
                if let Some(input) = input(kind & 0x0F, a, b, &mut calls, clock.0) {
                    break Some(input);
                }
            } else if kind & 0x0F < 12 {
                clock.0 += u64::from(a) * u64::from(b);
                break Some(DuplexInput::Tick);
            } else {
                break Some(DuplexInput::Message(message(kind >> 4, a, b, version, &names)));
            }
        };
    }
    // Left alone, it ends; and it does not ask for the same moment again and again.
    for _ in 0..2_000 {
        let Some(at) = session.wake_at().filter(|_| !watched.is_over) else { return };
        clock.0 = clock.0.max(at.elapsed().as_millis() as u64 + 1);
        clock.with(&mut names, |at| session.handle(DuplexInput::Tick, at));
        while let Some(output) = session.poll() {
            watched.take(&output, ordered);
        }
    }
    panic!("it does not end: {:?}", session.status());
}

/// A service with whoever comes.
struct Service {
    version: ReliableMessagingVersion,
    ordered: bool,
    has_links: bool,
    listener: DuplexListener<u8>,
    names: Names,
    clock: Clock,
    watched: BTreeMap<SessionId, Watched>,
    calls: u64,
    exchanges: u64,
    /// Messages of the application.
    sent: usize,
    /// The session that was made last.
    one: Option<SessionId>,
}

impl Service {
    fn new(version: ReliableMessagingVersion, settings: DuplexSettings) -> Self {
        Self {
            version,
            ordered: settings.reliable.ordered,
            has_links: settings.links != Links::Unseen,
            listener: DuplexListener::new(version, settings).expect("settings in their ranges"),
            names: Names::default(),
            clock: Clock(0),
            watched: BTreeMap::new(),
            calls: 0,
            exchanges: 0,
            sent: 0,
            one: None,
        }
    }

    /// What a step is to it.
    fn given(&mut self, [kind, a, b]: [u8; 3]) -> Option<DuplexListenerInput<u8>> {
        let link = LinkId(1 + u64::from(b & 3));
        Some(match kind & 0x0F {
            10 | 11 => {
                self.clock.0 += u64::from(a) * u64::from(b);
                DuplexListenerInput::Tick
            }
            12.. => {
                self.exchanges += 1;
                DuplexListenerInput::Message {
                    exchange: ExchangeId(self.exchanges),
                    link: self.has_links.then_some(link),
                    message: message(kind >> 4, a, b, self.version, &self.names),
                    tag: (b & 0x80 != 0).then(|| Identifier::new("uuid:tag")),
                }
            }
            7 => DuplexListenerInput::LinkBroken { link, reason: "so".to_owned() },
            8 => DuplexListenerInput::LinkEnded(link),
            9 if a == 1 => DuplexListenerInput::Shutdown,
            9 if a == 2 => DuplexListenerInput::ContextLost(Identifier::new("uuid:tag")),
            5 => DuplexListenerInput::Accept(self.one.clone()?),
            kind => {
                let session = self.one.clone()?;
                let input = input(kind, a, b, &mut self.calls, self.clock.0)?;
                // Connections are the listener's.
                if matches!(input, DuplexInput::LinkFailed(_)) {
                    return None;
                }
                self.sent += usize::from(matches!(input, DuplexInput::Send { .. }));
                DuplexListenerInput::Session { session, input }
            }
        })
    }

    /// Gives it an input; how many outputs came of it.
    fn handle(&mut self, given: DuplexListenerInput<u8>) -> usize {
        let listener = &mut self.listener;
        self.clock.with(&mut self.names, |at| listener.handle(given, at));
        let mut outputs = 0;
        while let Some(output) = self.listener.poll() {
            outputs += 1;
            match output {
                DuplexListenerOutput::Created { session, .. } => {
                    self.names.sequences.push(session.clone());
                    let before = self.watched.insert(session.clone(), Watched::default());
                    assert!(before.is_none(), "{session:?} is made twice");
                    self.one = Some(session);
                }
                DuplexListenerOutput::Session { session, output } => {
                    if let DuplexOutput::Transmit { message, .. } = &output {
                        self.names.learn(message);
                    }
                    let watched = self.watched.get_mut(&session).expect("it was made");
                    watched.take(&output, self.ordered);
                }
                _ => {}
            }
        }
        outputs
    }

    /// What it holds is bounded.
    fn look(&self) {
        let sessions: Vec<_> = self.listener.sessions().cloned().collect();
        assert!(sessions.len() <= self.watched.len());
        for session in sessions {
            let memory = self.listener.session_memory(&session).unwrap_or(0);
            assert!(memory <= MOST_MEMORY + OF_A_CALL * self.sent, "{memory} octets");
        }
    }

    /// Left alone, every session ends.
    fn end(&mut self) {
        for _ in 0..4_000 {
            let Some(at) = self.listener.wake_at() else { break };
            self.clock.0 = self.clock.0.max(at.elapsed().as_millis() as u64 + 1);
            self.handle(DuplexListenerInput::Tick);
        }
        assert_eq!(self.listener.sessions().count(), 0, "left alone, every session ends");
    }
}

fn service(version: ReliableMessagingVersion, settings: DuplexSettings, steps: Steps<'_>) {
    let mut service = Service::new(version, settings);
    for step in steps {
        let Some(given) = service.given(step) else { continue };
        let outputs = service.handle(given);
        let most = MOST_OUTPUTS * (1 + service.watched.len()) + 4 * service.sent;
        assert!(outputs <= most, "{outputs} outputs");
        service.look();
    }
    service.end();
}

/// One input.
pub fn run(data: &[u8]) {
    let Some((&choice, data)) = data.split_first() else { return };
    let Some((&more, data)) = data.split_first() else { return };
    let version = match choice & 1 {
        0 => ReliableMessagingVersion::February2005,
        _ => ReliableMessagingVersion::V11,
    };
    let steps = Steps::new(data);
    match choice & 2 {
        0 => client(version, settings(more), steps),
        _ => service(version, settings(more), steps),
    }
}
