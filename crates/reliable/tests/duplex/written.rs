//! Every message of WCF's duplex sessions is read, and written back equal in structure, the order of its headers included.

use waxwing_reliable::codec::{read, write, write_headers};
use waxwing_reliable::{Body, ReliableMessagingVersion};
use waxwing_soap::{Addressing, Envelope};
use waxwing_xml::Limits;

use crate::common::structure;
use crate::recorded::{What, scenario, scenarios};

#[test]
fn every_recorded_message_is_written_back_equal() {
    let (mut protocol, mut application) = (0, 0);
    for name in scenarios() {
        let Some((version, messages)) = scenario(&name) else { continue };
        for recorded in &messages {
            let What::Message { text, message, .. } = &recorded.what else { continue };
            let place = format!("{name} {}", recorded.name);
            let envelope = Envelope::parse(text.as_bytes(), &Limits::SOAP).unwrap();
            let again = if matches!(message.body, Body::Application(())) {
                application += 1;
                let mut again = without_headers(&envelope, version);
                write_headers(&mut again, &message.headers, version);
                again
            } else {
                protocol += 1;
                let to = Addressing::read(&envelope).unwrap().to;
                write(message, version, envelope.version(), to.as_deref()).unwrap()
            };
            let again = Envelope::parse(again.to_bytes(), &Limits::SOAP).unwrap();
            assert_eq!(read(&again, version).as_ref(), Ok(message), "{place}");
            // The reference parameters of the other end's address are whoever's that sends it there; the captured
            // process has no language.
            let instance = |lines: Vec<String>| {
                let lines = lines.into_iter().filter(|line| !line.contains("ChannelInstance"));
                lines.map(|line| line.replace("lang=en-US", "lang=")).collect::<Vec<_>>()
            };
            assert_eq!(instance(structure(&again)), instance(structure(&envelope)), "{place}");
        }
    }
    println!("{protocol} of the protocol, {application} in sequences");
    assert!(protocol >= 150 && application >= 100, "{protocol} {application}");
}

/// The message as its application made it: without the headers of the protocol.
fn without_headers(envelope: &Envelope, version: ReliableMessagingVersion) -> Envelope {
    let mut envelope = envelope.clone();
    let own = envelope.headers().filter(|h| h.namespace() == version.namespace());
    for id in own.map(|h| h.id()).collect::<Vec<_>>() {
        envelope.document_mut().detach(id);
    }
    envelope
}
