//! Each message by itself: verified by the recorded keys, and built again of what it shows.

use waxwing_soap::Envelope;
use waxwing_xml::{Exclusive, canonicalize};

use crate::common::two_way::{TwoWay, TwoWayReplay};
use crate::common::wsse_rebuild::{Rebuild, difference};
use crate::common::wsse_replay::Replay;
use crate::common::{Scenario, parse};

/// The scenarios of net.tcp, and how many protected messages each has.
pub(crate) const TCP: [(&str, usize); 11] = [
    ("tcp-message-cert", 8),
    ("tcp-message-cert-bytes", 6),
    ("tcp-message-cert-direct", 8),
    ("tcp-message-cert-direct-rm", 17),
    ("tcp-message-cert-rm", 17),
    ("tcp-message-rm-cut", 22),
    ("tcp-message-wrong-password", 1),
    ("tcp-duplex-message-cert-rm", 27),
    ("tcp-mixed-username", 8),
    ("tcp-mixed-username-rm", 17),
    ("tcp-mixed-username-wrong-password", 1),
];

/// Those of wsDualHttpBinding.
pub(crate) const DUAL: [(&str, usize); 8] = [
    ("dual-sc-cert", 24),
    ("dual-sc-cert-nego", 25),
    ("dual-sc-none-nego", 16),
    ("dual-sc-username-nego", 24),
    ("dual-two-channels-sc-cert", 32),
    ("dual-renew", 26),
    ("dual-rm11-sc-cert", 28),
    ("dual-wrong-password-nego", 1),
];

pub(crate) fn all() -> impl Iterator<Item = (TwoWay, usize)> {
    let tcp = TCP.iter().map(|(name, count)| (TwoWay::tcp(name), *count));
    tcp.chain(DUAL.iter().map(|(name, count)| (TwoWay::dual(name), *count)))
}

pub(crate) fn replay<'a>(conversation: &TwoWay, scenario: &'a Scenario) -> Replay<'a> {
    let mut replay = Replay::new(scenario);
    conversation.requirements(&mut replay.session);
    conversation.requirements(&mut replay.bootstrap);
    replay
}

pub(crate) fn canonical(envelope: &Envelope) -> String {
    let mut octets = Vec::new();
    canonicalize(envelope.document().root(), &Exclusive::default(), &mut octets);
    String::from_utf8(octets).expect("UTF-8")
}

#[test]
fn every_protected_message_verifies_and_decrypts() {
    for (conversation, count) in all() {
        let scenario = &conversation.scenario;
        let mut replay = replay(&conversation, scenario);
        let mut two_way = TwoWayReplay::new();
        let mut seen = 0;
        for message in conversation.messages() {
            let name = format!("{}/{}", scenario.name, message.name);
            let envelope = conversation.envelope(message);
            let verified = two_way.verify(&mut replay, message, envelope);
            let verified = verified.unwrap_or_else(|error| panic!("{name}: {error}"));
            let read = canonical(&verified.whole());
            assert!(!read.contains("EncryptedData"), "{name}");
            // The plain form of some was not recorded.
            if message.plain.is_some() || !message.text().contains("EncryptedData") {
                assert_eq!(read, canonical(&parse(message.expected().as_bytes())), "{name}");
            }
            seen += 1;
        }
        assert_eq!(seen, count, "{}", scenario.name);
    }
}

#[test]
fn every_protected_message_is_built_again() {
    let mut seen = 0;
    for (conversation, _) in all() {
        let scenario = &conversation.scenario;
        let mut rebuild = Rebuild::new(scenario);
        conversation.requirements(&mut rebuild.replay.session);
        conversation.requirements(&mut rebuild.replay.bootstrap);
        let mut two_way = TwoWayReplay::new();
        let block = scenario.settings().suite.cipher.block_length();
        for message in conversation.messages() {
            two_way.prepare(&mut rebuild.replay, message);
            let plain = rebuild.replay.verify(message).expect("it verifies").whole();
            two_way.prepare(&mut rebuild.replay, message);
            // The plain form of some was not recorded: that which the signature is over is as good.
            let message = &message.with_plain(&plain);
            let ours = rebuild.message(message).expect("it verifies");
            two_way.keep(&rebuild.replay, message);
            seen += usize::from(message.text().contains("EncryptedData"));
            // Empty elements stand in two forms in what was decoded for the recording.
            let written = |envelope: Envelope| String::from_utf8(envelope.to_bytes()).unwrap();
            let ours = written(parse(&ours.to_bytes()));
            let theirs = written(message.envelope());
            if let Some(difference) = difference(&ours, &theirs, block) {
                panic!("{}/{}:\n{difference}", scenario.name, message.name);
            }
        }
    }
    assert!(seen >= 144, "{seen} with something encrypted");
}
