//! Our messages over a connection: built again, written in the binary encoding with the strings of the session, which gives
//! the octets that WCF sent, read and verified as the other end would.
//!
//! What is recorded of a message goes into it: identifiers, nonces, times and initialization vectors. Three things are put in
//! place afterwards. Padding is random, so that the last block of each cipher value is another one (that everything before is
//! equal `messages` shows). Values of the contract are text in what was recorded as plain; the programs had numbers. And what
//! WCF's writer flushes too early ends otherwise (`ends`).

use std::collections::HashMap;

use waxwing_soap::encoder::{Decoder, Encoder};
use waxwing_soap::{Envelope, RandomSource};
use waxwing_xml::{Element, NodeId, Value};

use crate::common::parse;
use crate::common::two_way::{TwoWay, TwoWayReplay, session_encoding};
use crate::common::wsse_rebuild::Rebuild;
use crate::ends::same_but_for_ends;
use crate::messages::{TCP, canonical, replay};

struct NoRandom;

impl RandomSource for NoRandom {
    fn fill(&mut self, _: &mut [u8]) {
        panic!("nothing is drawn");
    }
}

/// Puts in place what is random, and values of the contract.
fn put_in_place(ours: &mut Envelope, theirs: &Envelope) {
    let elements = |envelope: &Envelope| -> Vec<NodeId> {
        envelope.document().root().descendants_and_self().map(|e| e.id()).collect()
    };
    let (mine, other) = (elements(ours), elements(theirs));
    assert_eq!(mine.len(), other.len(), "as many elements");
    for (mine, other) in mine.into_iter().zip(other) {
        let own = ours.document().element(mine);
        let captured = theirs.document().element(other);
        assert_eq!(own.name(), captured.name());
        let cipher = own.local_name() == "CipherValue" && is_encrypted_data(own);
        let of_contract = own.namespace() == "http://Microsoft.ServiceModel.Samples";
        let valued = of_contract && captured.value().is_some();
        let (document, text) = (ours.document_mut(), captured.text());
        if !cipher && !valued {
            continue;
        }
        document.clear(mine);
        match captured.value() {
            Some(Value::Octets(octets)) => document.append_value(mine, Value::Octets(octets)),
            Some(value) => document.append_value(mine, value),
            None => document.append_text(mine, &text),
        }
    }
}

fn is_encrypted_data(value: Element<'_>) -> bool {
    let data = value.parent().and_then(|cipher| cipher.parent());
    data.is_some_and(|data| data.local_name() == "EncryptedData")
}

#[test]
fn what_is_built_again_is_wcfs_to_the_octet_and_verifies() {
    let mut seen = 0;
    for (name, _) in TCP {
        let conversation = TwoWay::tcp(name);
        let scenario = &conversation.scenario;
        let mut rebuild = Rebuild::new(scenario);
        let mut reader = replay(&conversation, scenario);
        let (mut asked, mut read_asked) = (TwoWayReplay::new(), TwoWayReplay::new());
        let (mut encoders, mut decoders) = (HashMap::new(), HashMap::new());
        // Whoever sends a request has seen the answers before.
        for (message, ..) in &conversation.octets {
            let message = scenario.messages.iter().find(|m| m.name == *message).unwrap();
            rebuild.hand_out(&conversation.envelope(message));
        }
        for (message, stream, captured) in &conversation.octets {
            let message = scenario.messages.iter().find(|m| m.name == *message).unwrap();
            let encoder = encoders.entry(stream).or_insert_with(|| session_encoding().encoder());
            let decoder = decoders.entry(stream).or_insert_with(|| session_encoding().decoder());
            if !message.is_secured() {
                let written = encoder.write(&conversation.envelope(message), &mut NoRandom).octets;
                check(name, &message.name, captured, &written);
                decoder.read("", &written).expect("it is read");
                continue;
            }
            asked.prepare(&mut rebuild.replay, message);
            let plain = rebuild.replay.verify(message).expect("it verifies").whole();
            asked.prepare(&mut rebuild.replay, message);
            let mut ours = rebuild.message(&message.with_plain(&plain)).expect("it verifies");
            asked.keep(&rebuild.replay, message);
            put_in_place(&mut ours, &conversation.envelope(message));
            let written = encoder.write(&ours, &mut NoRandom).octets;
            check(name, &message.name, captured, &written);
            let read = decoder.read("", &written).expect("it is read");
            let verified = read_asked.verify(&mut reader, message, read);
            let verified =
                verified.unwrap_or_else(|error| panic!("{name}/{}: {error}", message.name));
            assert_eq!(canonical(&verified.whole()), canonical(&parse(&plain.to_bytes())));
            seen += 1;
        }
    }
    assert_eq!(seen, TCP.iter().map(|(_, count)| count).sum::<usize>());
}

fn check(scenario: &str, message: &str, captured: &[u8], written: &[u8]) {
    if captured == written || same_but_for_ends(captured, written) {
        return;
    }
    let at = captured.iter().zip(written).take_while(|(a, b)| a == b).count();
    let around = |octets: &[u8]| {
        let piece = &octets[at.saturating_sub(12)..octets.len().min(at + 24)];
        piece.iter().map(|b| format!("{b:02X} ")).collect::<String>()
    };
    let (wcf, ours) = (around(captured), around(written));
    panic!("{scenario}/{message} at {at}:\n  wcf  {wcf}\n  ours {ours}");
}
