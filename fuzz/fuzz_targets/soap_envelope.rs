//! Any bytes are an envelope or refused. A fault that was read is written, read again and the same;
//! header look-ups agree with each other.

#![no_main]

use libfuzzer_sys::fuzz_target;
use waxwing_soap::http::ContentType;
use waxwing_soap::{Envelope, Fault};
use waxwing_xml::Limits;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        if let Some(content_type) = ContentType::parse(text) {
            let _ = (content_type.soap_version(), content_type.action());
        }
    }
    let envelope = match Envelope::parse(data, &Limits::SOAP) {
        Ok(envelope) => envelope,
        Err(error) => return drop(error.to_string()),
    };
    for header in envelope.headers() {
        assert!(envelope.header_named(header.namespace(), header.local_name()).is_some());
    }
    for header in envelope.not_understood(|_, _| false) {
        assert!(envelope.must_understand(header) && envelope.is_for_ultimate_receiver(header));
    }
    assert!(envelope.not_understood(|_, _| true).is_empty());
    let written =
        Envelope::parse(envelope.to_bytes(), &Limits::SOAP).expect("what is written is read");
    assert_eq!(written.version(), envelope.version());
    assert_eq!(written.headers().count(), envelope.headers().count());
    assert_eq!(written.is_fault(), envelope.is_fault());
    if let Some(fault) = Fault::read(&envelope) {
        assert_eq!(Fault::read(&written).as_ref(), Some(&fault));
        let made = fault.to_envelope(envelope.version(), "urn:action", Some("urn:uuid:1"));
        let made =
            Envelope::parse(made.to_bytes(), &Limits::SOAP).expect("what is written is read");
        let again = Fault::read(&made).expect("a fault stays a fault");
        assert_eq!(again.code, fault.code);
        assert_eq!(again.text(), fault.text());
    }
});
