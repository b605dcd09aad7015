//! Every captured message is read as an envelope, its addressing headers and faults understood.

mod common;

use waxwing_soap::{Addressing, AddressingVersion, Envelope, Fault, MessageVersion, SoapVersion};
use waxwing_xml::Limits;

#[test]
fn captured_messages_have_addressing_and_faults() {
    let (mut messages, mut faults) = (0, 0);
    for path in common::scenarios("wcf") {
        let scenario = common::scenario(&path);
        for message in scenario["messages"].as_array().unwrap() {
            let body = message["body"].as_str().unwrap_or_default();
            let name = message["name"].as_str().unwrap();
            let Ok(envelope) = Envelope::parse(body, &Limits::default()) else {
                assert!(!body.starts_with("<s:Envelope"), "{path:?} {name}");
                continue;
            };
            messages += 1;
            // basicHttpBinding has neither SOAP 1.2 nor addressing.
            if path.to_string_lossy().contains("basichttp") {
                let version = envelope.version();
                let found = (version.soap, version.addressing);
                assert_eq!(
                    found,
                    (SoapVersion::Soap11, AddressingVersion::None),
                    "{path:?} {name}"
                );
                continue;
            }
            assert_eq!(envelope.version(), MessageVersion::SOAP12_ADDRESSING10, "{path:?} {name}");
            let addressing = Addressing::read(&envelope).unwrap();
            assert!(addressing.action.is_some(), "{path:?} {name}");
            assert_eq!(addressing.to.is_some(), name.contains("request"), "{path:?} {name}");
            if envelope.is_fault() {
                let fault = Fault::read(&envelope).expect("a fault has a code");
                assert!(!fault.text().is_empty() || fault.subcodes.len() == 1, "{path:?} {name}");
                faults += 1;
            }
        }
    }
    assert!(messages > 1000 && faults > 30, "{messages} messages, {faults} faults");
}

#[test]
fn a_fault_is_read_as_it_was_written() {
    let path = common::scenarios("wcf").into_iter();
    let path = path.filter(|p| p.to_string_lossy().contains("fault-"));
    let mut compared = 0;
    for path in path {
        let scenario = common::scenario(&path);
        for message in scenario["messages"].as_array().unwrap() {
            let body = message["body"].as_str().unwrap_or_default();
            let Ok(envelope) = Envelope::parse(body, &Limits::default()) else { continue };
            let Some(fault) = Fault::read(&envelope) else { continue };
            let written = fault.to_envelope(envelope.version(), "urn:action", None);
            let again = Envelope::parse(written.to_bytes(), &Limits::default()).unwrap();
            assert_eq!(Fault::read(&again).as_ref(), Some(&fault), "{path:?}");
            compared += 1;
        }
    }
    assert!(compared > 20, "{compared}");
}
