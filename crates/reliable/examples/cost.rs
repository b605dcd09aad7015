//! Time that the two engines spend on one call: request, delivery, reply. No link, no XML.
//!
//! `cargo run --release -p waxwing-reliable --example cost`
#![allow(clippy::disallowed_methods, reason = "it measures time")]

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use waxwing_reliable::{
    Body, CallId, ExchangeId, Identifier, Initiator, InitiatorInput, InitiatorOutput, Listener,
    ListenerInput, ListenerOutput, OpenRequest, ReliableMessagingVersion, ReliableSessionSettings,
    Response, Shape, Time,
};

const CALLS: u64 = 1_000_000;

type Payload = Arc<str>;

struct Pair {
    client: Initiator<Payload>,
    service: Listener<Payload>,
    now: Time,
    completed: u64,
}

impl Pair {
    fn client(&mut self, input: InitiatorInput<Payload>) {
        self.client.handle(input, self.now);
        while let Some(output) = self.client.poll() {
            match output {
                InitiatorOutput::Transmit { exchange, message, .. } => {
                    let (tag, fresh) = (None, "urn:forward".into());
                    self.service(ListenerInput::Request { exchange, message, tag, fresh });
                }
                InitiatorOutput::Completed { .. } => self.completed += 1,
                _ => {}
            }
        }
    }

    fn service(&mut self, input: ListenerInput<Payload>) {
        let mut response: Option<(ExchangeId, Response<Payload>)> = None;
        self.service.handle(input, self.now);
        while let Some(output) = self.service.poll() {
            match output {
                ListenerOutput::Deliver { session, number, message } => {
                    let taken = ListenerInput::Taken { session: session.clone(), number };
                    self.service.handle(taken, self.now);
                    let done = ListenerInput::Done { session, number, reply: Some(message) };
                    self.service.handle(done, self.now);
                }
                ListenerOutput::Respond { exchange, response: r } => response = Some((exchange, r)),
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
        completed: 0,
    };
    pair.client(InitiatorInput::Open(OpenRequest {
        message_id: "urn:create".into(),
        offer: "urn:return".into(),
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
