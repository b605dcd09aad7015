//! Time that the two engines spend on one call: request, delivery, reply. No link, no XML.
//!
//! `cargo run --release -p waxwing-reliable --example cost`
#![allow(clippy::disallowed_methods, reason = "it measures time")]

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use waxwing_reliable::{
    Body, CallId, ExchangeId, Identifier, Initiator, InitiatorInput, InitiatorOutput, Listener,
    ListenerInput, ListenerOutput, Moment, OpenRequest, ReliableMessagingVersion,
    ReliableSessionSettings, Response, Shape, Time,
};
use waxwing_soap::RandomSource;

const CALLS: u64 = 1_000_000;

/// The time of day, which means nothing to these engines.
const WALL: Timestamp = Timestamp::UNIX_EPOCH;

type Payload = Arc<str>;

struct Pair {
    client: Initiator<Payload>,
    service: Listener<Payload>,
    now: Time,
    names: Names,
    completed: u64,
}

/// Identifiers one after the other.
struct Names(u8);

impl RandomSource for Names {
    fn fill(&mut self, octets: &mut [u8]) {
        self.0 += 1;
        octets.fill(self.0);
    }
}

impl Pair {
    fn client(&mut self, input: InitiatorInput<Payload>) {
        self.client.handle(input, &mut Moment::new(WALL, self.now, &mut self.names));
        while let Some(output) = self.client.poll() {
            match output {
                InitiatorOutput::Transmit { route, message, .. } => {
                    let (exchange, tag) = (route.exchange(), None);
                    self.service(ListenerInput::Request { exchange, message, tag });
                }
                InitiatorOutput::Completed { .. } => self.completed += 1,
                _ => {}
            }
        }
    }

    fn service(&mut self, input: ListenerInput<Payload>) {
        let mut response: Option<(ExchangeId, Response<Payload>)> = None;
        let mut at = Moment::new(WALL, self.now, &mut self.names);
        self.service.handle(input, &mut at);
        while let Some(output) = self.service.poll() {
            match output {
                ListenerOutput::Deliver { session, number, message } => {
                    let taken = ListenerInput::Taken { session: session.clone(), number };
                    self.service.handle(taken, &mut at);
                    let done = ListenerInput::Done { session, number, reply: Some(message) };
                    self.service.handle(done, &mut at);
                }
                ListenerOutput::Transmit { route, response: r } => {
                    response = Some((route.exchange(), *r));
                }
                _ => {}
            }
        }
        if let Some((exchange, Response::Message(mut message))) = response {
            if let Body::Application(payload) = &message.body {
                message.relates_to = Some(Identifier::new(payload.clone()));
            }
            self.client(InitiatorInput::Response { exchange, message: Some(message) });
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let (version, shape) = (ReliableMessagingVersion::February2005, Shape::RequestReply);
    let settings = ReliableSessionSettings::default();
    let mut pair = Pair {
        client: Initiator::new(version, shape, settings.clone())?,
        service: Listener::new(version, shape, settings)?,
        now: Time::ZERO,
        names: Names(0),
        completed: 0,
    };
    pair.client(InitiatorInput::Open(OpenRequest {
        to: "http://service/".to_owned(),
        token: None,
        started: Time::ZERO,
        deadline: Time::from_millis(60_000),
    }));
    let payload: Payload = "payload".into();
    let name = Identifier::new(payload.clone());
    let begin = Instant::now();
    for call in 0..CALLS {
        pair.now = pair.now + Duration::from_micros(10);
        let (call, message, message_id) = (CallId(call), payload.clone(), Some(name.clone()));
        pair.client(InitiatorInput::Send { call, message, message_id, deadline: None });
    }
    let each = begin.elapsed() / u32::try_from(CALLS)?;
    println!("{} calls, {each:?} each, both engines together", pair.completed);
    println!("the initiator holds {} bytes", pair.client.memory());
    let sessions: Vec<_> = pair.service.sessions().cloned().collect();
    for session in sessions {
        println!("the responder holds {:?} bytes", pair.service.session_memory(&session));
    }
    Ok(())
}
