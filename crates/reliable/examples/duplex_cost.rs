//! Time that both ends of a duplex session spend on one call: request, delivery, reply, acknowledgements. No link, no XML.
//!
//! `cargo run --release -p waxwing-reliable --example duplex_cost`
#![allow(clippy::disallowed_methods, reason = "it measures time")]

use std::collections::VecDeque;
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use waxwing_reliable::{
    CallId, DuplexInput, DuplexListener, DuplexListenerInput, DuplexListenerOutput, DuplexOpen,
    DuplexOutput, DuplexSession, DuplexSettings, ExchangeId, Message, Moment,
    ReliableMessagingVersion, SessionId, Time,
};
use waxwing_soap::RandomSource;

const CALLS: u64 = 1_000_000;

/// The time of day, which means nothing to these engines.
const WALL: Timestamp = Timestamp::UNIX_EPOCH;

type Payload = Arc<str>;

struct Pair {
    client: DuplexSession<Payload>,
    service: DuplexListener<Payload>,
    session: Option<SessionId>,
    now: Time,
    names: Names,
    /// What is under way.
    to_client: VecDeque<Message<Payload>>,
    to_service: VecDeque<Message<Payload>>,
    sent: u64,
    replied: u64,
}

/// Identifiers one after the other.
struct Names(u8);

impl RandomSource for Names {
    fn fill(&mut self, octets: &mut [u8]) {
        self.0 = self.0.wrapping_add(1);
        octets.fill(self.0);
    }
}

impl Pair {
    fn client(&mut self, input: DuplexInput<Payload>) {
        self.client.handle(input, &mut Moment::new(WALL, self.now, &mut self.names));
        while let Some(output) = self.client.poll() {
            match output {
                DuplexOutput::Transmit { message, .. } => self.to_service.push_back(message),
                DuplexOutput::Deliver { number, .. } => {
                    self.replied += 1;
                    let mut at = Moment::new(WALL, self.now, &mut self.names);
                    self.client.handle(DuplexInput::Taken(number), &mut at);
                }
                _ => {}
            }
        }
    }

    fn service(&mut self, input: DuplexListenerInput<Payload>) {
        let mut at = Moment::new(WALL, self.now, &mut self.names);
        self.service.handle(input, &mut at);
        while let Some(output) = self.service.poll() {
            match output {
                DuplexListenerOutput::Created { session, .. } => {
                    self.service.handle(DuplexListenerInput::Accept(session.clone()), &mut at);
                    self.session = Some(session);
                }
                DuplexListenerOutput::Session { session, output } => match output {
                    DuplexOutput::Transmit { message, .. } => self.to_client.push_back(message),
                    DuplexOutput::Deliver { number, message } => {
                        let input = DuplexInput::Taken(number);
                        let taken =
                            DuplexListenerInput::Session { session: session.clone(), input };
                        self.service.handle(taken, &mut at);
                        self.sent += 1;
                        let call = CallId(self.sent);
                        let input = DuplexInput::Send { call, message, deadline: None };
                        self.service
                            .handle(DuplexListenerInput::Session { session, input }, &mut at);
                    }
                    _ => {}
                },
                _ => {}
            }
        }
    }

    /// Everything that is under way arrives, and what is due is done.
    fn carry(&mut self) {
        loop {
            if let Some(message) = self.to_service.pop_front() {
                let (exchange, link, tag) = (ExchangeId(0), None, None);
                self.service(DuplexListenerInput::Message { exchange, link, message, tag });
            } else if let Some(message) = self.to_client.pop_front() {
                self.client(DuplexInput::Message(message));
            } else if self.client.wake_at().is_some_and(|at| at <= self.now) {
                self.client(DuplexInput::Tick);
            } else if self.service.wake_at().is_some_and(|at| at <= self.now) {
                self.service(DuplexListenerInput::Tick);
            } else {
                return;
            }
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let version = ReliableMessagingVersion::February2005;
    let settings = DuplexSettings::default();
    let mut pair = Pair {
        client: DuplexSession::new(version, settings.clone())?,
        service: DuplexListener::new(version, settings)?,
        session: None,
        now: Time::ZERO,
        names: Names(0),
        to_client: VecDeque::new(),
        to_service: VecDeque::new(),
        sent: 0,
        replied: 0,
    };
    pair.client(DuplexInput::Open(DuplexOpen {
        to: "net.tcp://service/".to_owned(),
        from: None,
        token: None,
        started: Time::ZERO,
        deadline: Time::from_millis(60_000),
    }));
    pair.carry();
    let payload: Payload = "payload".into();
    let begin = Instant::now();
    for call in 0..CALLS {
        pair.now = pair.now + Duration::from_micros(10);
        let (call, message) = (CallId(call), payload.clone());
        pair.client(DuplexInput::Send { call, message, deadline: None });
        pair.carry();
    }
    let each = begin.elapsed() / u32::try_from(CALLS)?;
    println!("{} calls, {each:?} each, both engines together", pair.replied);
    println!("the client holds {} bytes", pair.client.memory());
    let memory = pair.session.as_ref().and_then(|session| pair.service.session_memory(session));
    println!("the service holds {memory:?} bytes");
    Ok(())
}
