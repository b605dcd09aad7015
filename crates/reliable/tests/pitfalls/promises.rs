//! What a store between an engine and the wire relies on: outputs come in the order in which they become true. What an
//! acknowledgement promises was given out before it, so that whoever holds outputs back until what came before them is
//! stored acknowledges nothing that a crash could lose.

use std::collections::BTreeSet;

use waxwing_reliable::{
    Body, CallId, ExchangeId, Initiator, InitiatorInput, InitiatorOutput, Listener, ListenerInput,
    ListenerOutput, Message, OpenRequest, Response, Route, Time,
};

use crate::harness::*;

/// A listener whose outputs are read in their order.
struct Gate {
    listener: Listener<u32>,
    names: Names,
    exchanges: u64,
    delivered: BTreeSet<u64>,
    /// How many acknowledged numbers were looked at.
    promised: usize,
}

impl Gate {
    fn give(&mut self, input: ListenerInput<u32>) {
        self.listener.handle(input, &mut moment(Time::ZERO, &mut self.names));
        while let Some(output) = self.listener.poll() {
            match output {
                ListenerOutput::Deliver { number, .. } => {
                    assert!(self.delivered.insert(number));
                }
                ListenerOutput::Transmit { response, .. } => {
                    let Response::Message(message) = *response else { continue };
                    let acknowledgement = message.headers.acknowledgement;
                    let Some(ranges) = acknowledgement.map(|a| a.ranges) else { continue };
                    // One that waits for an earlier one is kept, which is no promise of the application.
                    for number in 1..=ranges.contiguous() {
                        assert!(self.delivered.contains(&number), "{number} in {ranges}");
                        self.promised += 1;
                    }
                }
                _ => {}
            }
        }
    }

    fn post(&mut self, message: Message<u32>) {
        self.exchanges += 1;
        let exchange = ExchangeId(self.exchanges);
        self.give(ListenerInput::Request { exchange, message, tag: None });
    }
}

#[test]
fn a_service_acknowledges_what_it_has_delivered() {
    for version in BOTH {
        for shape in [RequestReply, OneWay] {
            let mut gate = Gate {
                listener: Listener::new(version, shape, window(8)).unwrap(),
                names: Names::new([forward()]),
                exchanges: 0,
                delivered: BTreeSet::new(),
                promised: 0,
            };
            gate.post(create_message(create(version, shape)));
            gate.give(ListenerInput::Accept(forward()));
            for number in [2, 1, 1, 5, 4, 3, 2, 6] {
                gate.post(request(number));
            }
            let session = forward();
            for number in 1..=6 {
                let (session, reply) = (session.clone(), Some(7).filter(|_| shape == RequestReply));
                gate.give(ListenerInput::Taken { session: session.clone(), number });
                gate.give(ListenerInput::Done { session, number, reply });
            }
            gate.post(request(3));
            assert_eq!(gate.delivered.len(), 6);
            assert!(gate.promised >= 6, "{}", gate.promised);
        }
    }
}

#[test]
fn a_client_acknowledges_replies_that_it_has_given_out() {
    for version in BOTH {
        let mut client = Initiator::<u32>::new(version, RequestReply, window(8)).unwrap();
        let mut names = names_of_client(version, RequestReply, back());
        let (mut completed, mut promised) = (0, 0);
        let mut give = |input| {
            client.handle(input, &mut moment(Time::ZERO, &mut names));
            let mut exchanges = Vec::new();
            while let Some(output) = client.poll() {
                match output {
                    InitiatorOutput::Completed { .. } => completed += 1,
                    InitiatorOutput::Transmit { route: Route::New(exchange), message, .. } => {
                        // Replies are numbered as they come, one for each call that has ended.
                        let acknowledgement = message.headers.acknowledgement;
                        let highest = acknowledgement.map_or(0, |a| a.ranges.highest());
                        assert!(highest <= completed, "{highest} of {completed}");
                        promised = promised.max(highest);
                        exchanges.push(exchange);
                    }
                    _ => {}
                }
            }
            (exchanges, promised)
        };
        let (to, deadline) = ("http://service:8000/Calc".to_owned(), Time::from_millis(60_000));
        let open = OpenRequest { to, token: None, started: Time::ZERO, deadline };
        let (exchanges, _) = give(InitiatorInput::Open(open));
        let message = Some(created(version, true));
        give(InitiatorInput::Response { exchange: exchanges[0], message });
        for call in 0..9u64 {
            let (id, message) = (CallId(call), call as u32);
            let send = InitiatorInput::Send { call: id, message, message_id: None, deadline: None };
            let (exchanges, promised) = give(send);
            assert_eq!(promised, call, "each request acknowledges the reply before it");
            let exchange = *exchanges.last().expect("a request");
            let message = reply(call + 1, call + 1, 0);
            assert!(matches!(message.body, Body::Application(_)));
            give(InitiatorInput::Response { exchange, message: Some(message) });
        }
    }
}
