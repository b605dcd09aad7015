//! What is read of a message of reliable messaging is written, read again and the same, in both versions.

#![no_main]

use libfuzzer_sys::fuzz_target;
use waxwing_reliable::{Body, ReliableMessagingVersion, codec};
use waxwing_soap::{Addressing, Envelope};
use waxwing_xml::Limits;

fuzz_target!(|data: &[u8]| {
    let Some((choice, text)) = data.split_first() else { return };
    let Ok(envelope) = Envelope::parse(text, &Limits::SOAP) else { return };
    let version = match choice & 1 {
        0 => ReliableMessagingVersion::February2005,
        _ => ReliableMessagingVersion::V11,
    };
    let message = match codec::read(&envelope, version) {
        Ok(message) => message,
        Err(error) => return drop(error.to_string()),
    };
    if matches!(message.body, Body::Fault(_) | Body::SoapFault(_)) {
        return; // A fault is written as WCF writes it, whatever it was read from.
    }
    let to = Addressing::read(&envelope).expect("read above").to;
    let write = |message| codec::write(message, version, envelope.version(), to.as_deref());
    let Some(written) = write(&message) else { return };
    let octets = written.to_bytes();
    let written = Envelope::parse(octets.clone(), &Limits::SOAP).expect("what is written is read");
    let again = codec::read(&written, version).expect("what is written is understood");
    assert_eq!(again.headers, message.headers);
    assert_eq!(write(&again).expect("written before").to_bytes(), octets);
});
