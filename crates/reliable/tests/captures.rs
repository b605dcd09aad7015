//! Every message that WCF exchanged is read, and written back equal in structure.

mod common;

use common::{Captured, scenario, scenarios, structure, structure_without_prefixes, version_of};
use waxwing_reliable::codec::{ReadError, read, write, write_headers};
use waxwing_reliable::{Body, FaultKind, ReliableMessagingVersion};
use waxwing_soap::Envelope;

#[test]
fn every_captured_message_is_written_back_equal() {
    let (mut protocol, mut application, mut outside) = (0, 0, 0);
    for name in scenarios() {
        let messages = scenario(&name);
        let Some(version) = version_of(&messages) else { continue };
        // Decrypted MTOM was kept without its prefixes.
        let is_bare = name.starts_with("tlsnego-") && name.ends_with("-mtom");
        let structure = if is_bare { structure_without_prefixes } else { structure };
        for message in &messages {
            let Some(envelope) = message.envelope() else { continue };
            let at = format!("{name} {}", message.name);
            match read(&envelope, version) {
                Ok(read) if matches!(read.body, Body::Application(())) => {
                    application += 1;
                    let mut again = without_headers(message, version);
                    write_headers(&mut again, &read.headers, version);
                    assert_eq!(structure(&again), structure(&envelope), "{at}");
                }
                Ok(read) => {
                    protocol += 1;
                    let to = text_of(&envelope, "To").filter(|_| message.is_request());
                    let again = write(&read, version, envelope.version(), to.as_deref());
                    let again = again.expect("a message of the protocol");
                    let again = Envelope::parse(again.to_bytes(), &Default::default()).expect(&at);
                    assert_eq!(structure(&again), structure(&envelope), "{at}");
                }
                Err(ReadError::NotReliable { action, .. }) => {
                    outside += 1;
                    assert!(!version.owns_action(&action), "{at}");
                }
                Err(error) => panic!("{at}: {error}"),
            }
        }
    }
    println!("{protocol} of the protocol, {application} in sequences, {outside} outside");
    assert!(protocol >= 450 && application >= 416 && outside >= 350);
}

/// The message as its application made it: without the headers of the protocol.
fn without_headers(message: &Captured, version: ReliableMessagingVersion) -> Envelope {
    let mut envelope = message.envelope().expect("an envelope");
    let own = envelope.headers().filter(|h| h.namespace() == version.namespace());
    for id in own.map(|h| h.id()).collect::<Vec<_>>() {
        envelope.document_mut().detach(id);
    }
    envelope
}

fn text_of(envelope: &Envelope, local: &str) -> Option<String> {
    let namespace = envelope.version().addressing.namespace();
    envelope.header_named(namespace, local).map(|h| h.text().into_owned())
}

#[test]
fn what_a_service_without_the_right_session_answers() {
    use ReliableMessagingVersion::{February2005, V11};
    // The request draws, from WCF, the fault that follows it.
    for (name, version) in [
        ("fault-no-rm-client", February2005),
        ("fault-rm11-to-rm10", February2005),
        ("fault-no-rm11-client", V11),
        ("fault-rm10-to-rm11", V11),
    ] {
        let messages = scenario(name);
        let request = messages[0].envelope().expect(name);
        let fault = read(&request, version).expect_err(name).fault().expect(name);
        let expected = match version {
            V11 => FaultKind::WsrmRequired,
            February2005 => FaultKind::ActionNotSupported(text_of(&request, "Action").unwrap()),
        };
        assert_eq!(fault.kind, expected, "{name}");
        let mut ours = waxwing_reliable::Message::<()>::new(Body::Fault(Box::new(fault)));
        ours.relates_to = text_of(&request, "MessageID").map(Into::into);
        let ours = write(&ours, version, request.version(), None).expect(name);
        let ours = Envelope::parse(ours.to_bytes(), &Default::default()).expect(name);
        let wcfs = messages[1].envelope().expect(name);
        let without_text = |e: &Envelope| {
            let lines = structure(e).into_iter();
            lines.filter(|l| !l.trim_start().starts_with("s:Text")).collect::<Vec<_>>()
        };
        assert_eq!(without_text(&ours), without_text(&wcfs), "{name}");
    }
}
