//! What is kept of messages is what came: over everything that WCF and Metro were seen to send.

#[path = "../../reliable/tests/common/mod.rs"]
mod captured;

use captured::{Captured, scenario, scenarios};
use waxwing_session::record::{read_message, write_message};
use waxwing_session::{ApplicationMessage, UnverifiedMessage};
use waxwing_soap::{Addressing, AddressingVersion, Envelope};
use waxwing_xml::{Element, Exclusive, Limits, canonicalize};

/// What a signature would cover of an element.
fn canonical(element: Element<'_>) -> Vec<u8> {
    let mut octets = Vec::new();
    canonicalize(element, &Exclusive::default(), &mut octets);
    octets
}

/// The canonical forms of the whole, and of what is signed in parts: each header, and the body.
fn forms(envelope: &Envelope) -> Vec<Vec<u8>> {
    let whole = envelope.document().root();
    let parts = envelope.headers().chain([envelope.body()]);
    [whole].into_iter().chain(parts).map(canonical).collect()
}

fn all() -> impl Iterator<Item = (String, Captured)> {
    scenarios().into_iter().flat_map(|name| {
        let messages = scenario(&name);
        messages.into_iter().map(move |message| (format!("{name} {}", message.name), message))
    })
}

#[test]
fn every_captured_message_is_kept_as_it_came() {
    let mut count = 0;
    for (at, message) in all() {
        let Some(envelope) = message.envelope() else { continue };
        let Ok(addressing) = Addressing::read(&envelope) else { continue };
        count += 1;
        let before = forms(&envelope);
        let message = ApplicationMessage::received(envelope, addressing.clone());
        let record = write_message(&message);
        let again = read_message(&record).expect(&at);
        assert_eq!(forms(&again.envelope), before, "{at}");
        assert_eq!(again.envelope.version(), message.envelope.version(), "{at}");
        assert_eq!(Addressing::read(&again.envelope).as_ref(), Ok(&addressing), "{at}");
        let parts = |m: &ApplicationMessage| {
            (m.action.clone(), m.message_id.clone(), m.relates_to.clone(), m.reply_to.clone())
        };
        assert_eq!(parts(&again), parts(&message), "{at}");
        assert_eq!(again.envelope.to_bytes(), message.envelope.to_bytes(), "{at}");
        assert_eq!(*write_message(&again), *record, "{at}: kept again it is the same");
    }
    println!("{count} messages");
    assert!(count > 1200, "{count}");
}

/// As it came over the wire, encrypted.
#[allow(clippy::disallowed_methods, reason = "tests read their data")]
fn on_the_wire(folder: &str) -> Vec<(String, Envelope)> {
    use std::io::Read as _;
    let folder = format!("{}/../../testdata/{folder}", env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&folder).expect("captures") {
        let path = entry.expect("an entry").path();
        let file = std::fs::read(&path).expect("a capture");
        let mut text = String::new();
        flate2::read::GzDecoder::new(&file[..]).read_to_string(&mut text).expect("text");
        let json: serde_json::Value = serde_json::from_str(&text).expect("json");
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        for message in json["messages"].as_array().into_iter().flatten() {
            let body = message["body"].as_str().unwrap_or_default();
            let Ok(envelope) = Envelope::parse(body, &Limits::SOAP) else { continue };
            let id = message["name"].as_str().unwrap_or_default();
            found.push((format!("{name} {id}"), envelope));
        }
    }
    found
}

/// Every request that is in a session names what it is in: by the names a restarted service finds what it has forgotten.
#[test]
fn every_request_of_a_session_names_it() {
    let (mut contexts, mut sequences, mut origins, mut negotiations) = (0, 0, 0, 0);
    for (at, envelope) in ["wcf", "metro"].into_iter().flat_map(on_the_wire) {
        if !at.ends_with("-request") {
            continue;
        }
        let text = String::from_utf8(envelope.to_bytes()).expect("text");
        let rm = [
            "http://schemas.xmlsoap.org/ws/2005/02/rm",
            "http://docs.oasis-open.org/ws-rx/wsrm/200702",
        ];
        let in_sequence = envelope.headers().any(|header| {
            rm.contains(&header.namespace())
                && header.child(header.namespace(), "Identifier").is_some()
        });
        let names = UnverifiedMessage::from(envelope).names();
        let has = |word: &str| text.contains(word);
        let of = |word: &str| has(&format!(":{word}>")) || has(&format!("<{word}>"));
        if of("SecurityContextToken") {
            contexts += 1;
            assert!(!names.contexts.is_empty(), "{at}: {names:?}");
        }
        if in_sequence {
            sequences += 1;
            assert!(!names.sequences.is_empty(), "{at}: {names:?}");
        }
        if of("CreateSequence") {
            origins += 1;
            assert!(names.origin.is_some(), "{at}: {names:?}");
        }
        if has(" Context=\"") && has("RequestSecurityToken") {
            negotiations += 1;
            assert!(names.negotiation.is_some(), "{at}: {names:?}");
        }
        for name in names.contexts.iter().chain(&names.sequences) {
            assert!(has(name), "{at}: {name}");
        }
    }
    println!(
        "{contexts} in contexts, {sequences} in sequences, {origins} begin one, {negotiations} negotiate"
    );
    assert!(contexts > 300 && sequences > 200 && origins >= 20 && negotiations > 100);
}

/// The names of a renewal are those of both contexts, where the message shows both.
#[test]
fn what_a_client_ends_and_renews_is_named() {
    let mut renewals = 0;
    for (at, envelope) in ["wcf", "metro"].into_iter().flat_map(on_the_wire) {
        let action = envelope.action().unwrap_or_default().into_owned();
        let ends = [("/SCT/Cancel", 1), ("/SCT/Renew", 1)];
        if let Some((_, least)) = ends.iter().find(|(end, _)| action.ends_with(end))
            && at.ends_with("-request")
        {
            renewals += usize::from(action.ends_with("Renew"));
            let names = UnverifiedMessage::from(envelope).names();
            assert!(names.contexts.len() >= *least, "{at}: {names:?}");
        }
    }
    assert!(renewals > 0);
}

#[test]
fn a_stranger_makes_no_long_list() {
    let one =
        |i: usize| format!("<r:AckRequested><r:Identifier>urn:{i}</r:Identifier></r:AckRequested>");
    let many: String = (0..1000).map(one).collect();
    let long = "x".repeat(5000);
    let text = format!(
        "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope' xmlns:r='http://schemas.xmlsoap.org/ws/2005/02/rm'>\
         <s:Header><r:Sequence><r:Identifier>{long}</r:Identifier></r:Sequence>{many}</s:Header><s:Body/></s:Envelope>"
    );
    let names = UnverifiedMessage::from(Envelope::parse(text, &Limits::SOAP).unwrap()).names();
    assert_eq!(names.sequences, ["urn:0", "urn:1", "urn:2", "urn:3"]);
}

/// The action of a message without addressing stands beside it.
#[test]
fn a_message_without_addressing_keeps_its_action() {
    let text = "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><a/></s:Body></s:Envelope>";
    let envelope = Envelope::parse(text, &Limits::SOAP).unwrap().without_addressing(Some("urn:a"));
    let addressing = Addressing::read(&envelope).unwrap();
    let message = ApplicationMessage::received(envelope, addressing);
    let again = read_message(&write_message(&message)).unwrap();
    assert_eq!(again.envelope.told_action(), Some("urn:a"));
    assert_eq!(again.envelope.version().addressing, AddressingVersion::None);
}

/// A message that waits to be sent has no addressing yet, and is of its version all the same.
#[test]
fn a_message_to_be_sent_keeps_its_version() {
    for addressing in [AddressingVersion::August2004, AddressingVersion::Addressing10] {
        let soap = waxwing_soap::SoapVersion::Soap12;
        let envelope = Envelope::new(waxwing_soap::MessageVersion { soap, addressing });
        let message = ApplicationMessage {
            action: "urn:a".to_owned(),
            message_id: Some("urn:uuid:1".to_owned()),
            relates_to: None,
            reply_to: Some(waxwing_soap::EndpointReference::anonymous(addressing)),
            envelope,
        };
        let again = read_message(&write_message(&message)).unwrap();
        assert_eq!(again.envelope.version(), message.envelope.version());
        assert_eq!((&again.message_id, &again.reply_to), (&message.message_id, &message.reply_to));
    }
}
