//! What a server says when it refuses.

use waxwing_soap::framing::{
    ClientFraming, FaultCode, FramingException, FramingLimits, Mode, Record,
};

use crate::flows::Flow;

const VIA: &str = "net.tcp://h/calc";
const BINARY: &str = "application/soap+msbinsession1";

pub(crate) fn client() -> ClientFraming {
    ClientFraming::new(Mode::Duplex, VIA, BINARY, None, FramingLimits::default()).unwrap()
}

#[test]
fn faults_are_the_exceptions_of_wcf() {
    use FramingException as Kind;
    for (fault, kind) in [
        (FaultCode::EndpointNotFound, Kind::EndpointNotFound),
        (FaultCode::EndpointUnavailable, Kind::EndpointNotFound),
        (FaultCode::ContentTypeInvalid, Kind::Protocol),
        (FaultCode::ContentTypeTooLong, Kind::Communication),
        (FaultCode::ViaTooLong, Kind::Communication),
        (FaultCode::MaxMessageSizeExceeded, Kind::Communication),
        (FaultCode::UnsupportedMode, Kind::Protocol),
        (FaultCode::UnsupportedVersion, Kind::Protocol),
        (FaultCode::UpgradeInvalid, Kind::Protocol),
        (FaultCode::ServerTooBusy, Kind::ServerTooBusy),
        (FaultCode::ServiceActivationFailed, Kind::ServiceActivation),
        (FaultCode::ConnectionDispatchFailed, Kind::Communication),
    ] {
        assert_eq!(FaultCode::of(&fault.uri()), Some(fault));
        let octets = Record::Fault(fault.uri()).to_octets();
        let failed = client().read(&mut &octets[..]).unwrap_err();
        assert_eq!((failed.exception, failed.fault), (kind, Some(fault)));
        assert_eq!(failed.text, fault.exception(VIA, BINARY).1);
    }
    let octets = Record::Fault("urn:other".into()).to_octets();
    let failed = client().read(&mut &octets[..]).unwrap_err();
    assert_eq!(failed.text, "Server faulted with code 'urn:other'.");
    assert_eq!((failed.exception, failed.fault), (Kind::Protocol, None));
}

#[test]
fn texts_are_those_that_wcf_s_client_showed() {
    for (flow, class) in [
        ("tcp-fault-wrong-via", "EndpointNotFoundException"),
        ("tcp-fault-wrong-encoding", "ProtocolException"),
        ("tcp-fault-too-large-request", "CommunicationException"),
        ("tcp-fault-service-upgrade", "ProtocolException"),
    ] {
        let flow = Flow::of(flow);
        let mut octets = &flow.stream("c001.client").unwrap()[..];
        let mut decoder = waxwing_soap::framing::RecordDecoder::new(crate::captured::generous());
        let (mut via, mut content_type) = (String::new(), String::new());
        while let Some(record) = decoder.read(&mut octets).unwrap() {
            match record {
                Record::Via(text) => via = text,
                Record::KnownEncoding(number) => {
                    content_type = waxwing_soap::framing::content_type_of_encoding(number).into();
                }
                _ => {}
            }
        }
        let limits = FramingLimits::default();
        let mut client =
            ClientFraming::new(Mode::Duplex, &via, &content_type, None, limits).unwrap();
        let mut answer = &flow.stream("c001.server").unwrap()[..];
        let failed = loop {
            match client.read(&mut answer) {
                Ok(Some(_)) => {}
                Ok(None) => break client.end_of_stream().unwrap_err(),
                Err(failed) => break failed,
            }
        };
        assert_eq!(failed.exception.name(), class);
        // The reference source's resources say a sentence about Silverlight more.
        let shown = format!("{class}: {}", failed.text);
        assert!(flow.readme().contains(&shown), "{}: {shown}", flow.name);
    }
}

#[test]
fn what_does_not_speak_it_is_named() {
    let failed = client().read(&mut &b"HTTP/1.1 400 Bad Request\r\n"[..]).unwrap_err();
    assert!(failed.text.ends_with("It is possible that you are encountering an HTTP endpoint."));
    let failed = client().read(&mut &b"\x15\x03"[..]).unwrap_err();
    assert!(failed.text.contains("Expected record type 'PreambleAck', found '21'."), "{failed}");
    let limits = FramingLimits::default();
    let mut upgrading =
        ClientFraming::new(Mode::Duplex, VIA, BINARY, Some("application/ssl-tls"), limits).unwrap();
    assert!(!upgrading.opening().ends_with(&[0x0c]));
    let lost = upgrading.end_of_stream().unwrap_err();
    assert_eq!(lost.text, "The server rejected the upgrade request.");
    assert_eq!(lost.exception, FramingException::MessageSecurity);
    let failed = upgrading.read(&mut &[0x0b][..]).unwrap_err();
    assert_eq!(failed.exception, FramingException::MessageSecurity);
    let far = format!("net.tcp://h/{}", "a".repeat(2048));
    let failed = ClientFraming::new(Mode::Duplex, &far, BINARY, None, limits).unwrap_err();
    assert!(failed.text.starts_with("Via 'net.tcp://h/aaa"));
}
