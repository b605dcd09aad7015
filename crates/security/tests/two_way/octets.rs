//! Our messages over a connection: built again, written in the binary encoding with the strings of the session, read and
//! verified as the other end would.

use std::collections::HashMap;

use waxwing_soap::RandomSource;
use waxwing_soap::encoder::{Decoder, Encoder};

use crate::common::parse;
use crate::common::two_way::{TwoWay, TwoWayReplay, session_encoding};
use crate::common::wsse_rebuild::Rebuild;
use crate::messages::{TCP, canonical, replay};

struct NoRandom;

impl RandomSource for NoRandom {
    fn fill(&mut self, _: &mut [u8]) {
        panic!("nothing is drawn");
    }
}

#[test]
fn what_is_built_again_verifies_behind_the_binary_encoding() {
    let mut seen = 0;
    for (name, _) in TCP {
        let conversation = TwoWay::tcp(name);
        let scenario = &conversation.scenario;
        let mut rebuild = Rebuild::new(scenario);
        let mut reader = replay(&conversation, scenario);
        let (mut asked, mut read_asked) = (TwoWayReplay::new(), TwoWayReplay::new());
        let (mut encoders, mut decoders) = (HashMap::new(), HashMap::new());
        for (message, stream, _) in &conversation.octets {
            let message = scenario.messages.iter().find(|m| m.name == *message).unwrap();
            let encoder = encoders.entry(stream).or_insert_with(|| session_encoding().encoder());
            let decoder = decoders.entry(stream).or_insert_with(|| session_encoding().decoder());
            if !message.is_secured() {
                let written = encoder.write(&conversation.envelope(message), &mut NoRandom).octets;
                decoder.read("", &written).expect("it is read");
                continue;
            }
            asked.prepare(&mut rebuild.replay, message);
            let plain = rebuild.replay.verify(message).expect("it verifies").into_envelope();
            asked.prepare(&mut rebuild.replay, message);
            let ours = rebuild.message(&message.with_plain(&plain)).expect("it verifies");
            asked.keep(&rebuild.replay, message);
            let written = encoder.write(&ours, &mut NoRandom).octets;
            let read = decoder.read("", &written).expect("it is read");
            let verified = read_asked.verify(&mut reader, message, read);
            let verified =
                verified.unwrap_or_else(|error| panic!("{name}/{}: {error}", message.name));
            assert_eq!(canonical(verified.envelope()), canonical(&parse(&plain.to_bytes())));
            seen += 1;
        }
    }
    assert_eq!(seen, TCP.iter().map(|(_, count)| count).sum::<usize>());
}
