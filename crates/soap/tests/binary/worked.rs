//! Messages octet by octet.

use waxwing_soap::encoder::{BinarySession, Compression, Decoder, Encoder};
use waxwing_soap::{Envelope, MessageVersion};
use waxwing_xml::{Limits, Name, Value};

use super::{NoRandom, from_text, infoset};

const SESSION: BinarySession =
    BinarySession { limits: Limits::SOAP, compression: Compression::None, max_session_size: 2048 };

const SAMPLES: &str = "http://Microsoft.ServiceModel.Samples";

/// `Add(100, 15.99)` as the first message of a session: 211 octets.
const ADD: &str = "84 01 35 68 74 74 70 3A 2F 2F 4D 69 63 72 6F 73 6F 66 74 2E 53 65 72 76 69 63 65 4D 6F 64 65 6C 2E 53 61 6D 70 6C 65 73 2F 49 43 61 6C 63 75 6C 61 74 6F 72 2F 41 64 64 1D 6E 65 74 2E 74 63 70 3A 2F 2F 6C 6F 63 61 6C 68 6F 73 74 3A 39 30 30 30 2F 63 61 6C 63 03 41 64 64 25 68 74 74 70 3A 2F 2F 4D 69 63 72 6F 73 6F 66 74 2E 53 65 72 76 69 63 65 4D 6F 64 65 6C 2E 53 61 6D 70 6C 65 73 02 6E 31 02 6E 32 56 02 0B 01 73 04 0B 01 61 06 56 08 44 0A 1E 00 82 AB 01 44 1A AD 0E 6F 1D 6A A5 93 5B 4D 8F 2E 2B 9D 3A 4C 5E 6F 44 2C 44 2A AB 14 01 44 0C 1E 00 82 AB 03 01 56 0E 42 05 0A 07 42 09 89 64 42 0B 93 7B 14 AE 47 E1 FA 2F 40 01 01 01";

/// `Add(1.5, 1)` as the second: 73 octets, no strings.
const ADD_AGAIN: &str = "00 56 02 0B 01 73 04 0B 01 61 06 56 08 44 0A 1E 00 82 AB 01 44 1A AD 5B AD 8F 0F CB D9 9F 46 A1 65 70 86 77 28 95 0E 44 2C 44 2A AB 14 01 44 0C 1E 00 82 AB 03 01 56 0E 42 05 0A 07 42 09 91 00 00 C0 3F 42 0B 83 01 01 01";

/// The reply `115.99` with the server's own table.
const REPLY: &str = "7A 3D 68 74 74 70 3A 2F 2F 4D 69 63 72 6F 73 6F 66 74 2E 53 65 72 76 69 63 65 4D 6F 64 65 6C 2E 53 61 6D 70 6C 65 73 2F 49 43 61 6C 63 75 6C 61 74 6F 72 2F 41 64 64 52 65 73 70 6F 6E 73 65 0B 41 64 64 52 65 73 70 6F 6E 73 65 25 68 74 74 70 3A 2F 2F 4D 69 63 72 6F 73 6F 66 74 2E 53 65 72 76 69 63 65 4D 6F 64 65 6C 2E 53 61 6D 70 6C 65 73 09 41 64 64 52 65 73 75 6C 74 56 02 0B 01 73 04 0B 01 61 06 56 08 44 0A 1E 00 82 AB 01 44 12 AD 0E 6F 1D 6A A5 93 5B 4D 8F 2E 2B 9D 3A 4C 5E 6F 44 0C 1E 00 82 AB 14 01 56 0E 42 03 0A 05 42 07 93 8F C2 F5 28 5C FF 5C 40 01 01 01";

/// CreateSequence as the first message: only `To` is new.
const CREATE_SEQUENCE: &str = "1E 1D 6E 65 74 2E 74 63 70 3A 2F 2F 6C 6F 63 61 6C 68 6F 73 74 3A 39 30 30 30 2F 63 61 6C 63 56 02 0B 01 73 04 0B 01 61 06 56 08 44 0A 1E 00 82 AB 9A 05 44 1A AD 0E 6F 1D 6A A5 93 5B 4D 8F 2E 2B 9D 3A 4C 5E 6F 44 0C 1E 00 82 AB 01 01 56 0E 42 98 05 0A 20 42 94 05 44 2A AB 14 01 42 B2 05 42 1E AD 11 11 11 11 22 22 33 33 44 44 55 55 55 55 55 55 01 01 01 01";

fn octets(hex: &str) -> Vec<u8> {
    hex.split(' ').map(|octet| u8::from_str_radix(octet, 16).expect("hex")).collect()
}

/// A request of the samples as a program builds it: values as values.
fn add(message_id: &str, n1: Value<'_>, n2: Value<'_>) -> Envelope {
    let mut envelope = Envelope::new(MessageVersion::SOAP12_ADDRESSING10);
    let a = |local| Name::new("a", local, "http://www.w3.org/2005/08/addressing");
    for (local, text) in [
        ("Action", "http://Microsoft.ServiceModel.Samples/ICalculator/Add"),
        ("MessageID", message_id),
        ("ReplyTo", ""),
        ("To", "net.tcp://localhost:9000/calc"),
    ] {
        let header = envelope.append_header(a(local));
        envelope.document_mut().append_text(header, text);
        match local {
            "ReplyTo" => {
                let anonymous = "http://www.w3.org/2005/08/addressing/anonymous";
                envelope.document_mut().append_text_element(header, a("Address"), anonymous);
            }
            "MessageID" => {}
            _ => envelope.set_must_understand(header),
        }
    }
    let body = envelope.append_body_element(Name::new("", "Add", SAMPLES));
    for (local, value) in [("n1", n1), ("n2", n2)] {
        let parameter = envelope.document_mut().append_element(body, Name::new("", local, SAMPLES));
        envelope.document_mut().append_value(parameter, value);
    }
    envelope
}

#[test]
fn requests_of_a_session_are_the_worked_octets() {
    let first = add(
        "urn:uuid:6a1d6f0e-93a5-4d5b-8f2e-2b9d3a4c5e6f",
        Value::Double(100.0),
        Value::Double(15.99),
    );
    let second = add(
        "urn:uuid:0f8fad5b-d9cb-469f-a165-70867728950e",
        Value::Double(1.5),
        Value::Double(1.0),
    );
    let (mut encoder, mut decoder) = (SESSION.encoder(), SESSION.decoder());
    for (envelope, expected) in [(&first, ADD), (&second, ADD_AGAIN)] {
        let encoded = encoder.write(envelope, &mut NoRandom);
        assert_eq!(encoded.content_type, "application/soap+msbinsession1");
        assert_eq!(encoded.octets, octets(expected));
        let read = decoder.read(&encoded.content_type, &encoded.octets).expect("it is read");
        // What a program leaves to the writer to declare is declared.
        let text = envelope.document().to_xml();
        assert_eq!(infoset(&read), infoset(&from_text(&text)));
    }
}

#[test]
fn what_is_read_is_written_again_to_the_octet() {
    for message in [ADD, REPLY, CREATE_SEQUENCE] {
        let read = SESSION.decoder().read("", &octets(message)).expect("it is read");
        assert_eq!(SESSION.encoder().write(&read, &mut NoRandom).octets, octets(message));
    }
}

#[test]
fn values_are_read_as_text() {
    let read = SESSION.decoder().read("", &octets(ADD)).expect("it is read");
    let parameters = read.payload().expect("Add");
    let texts: Vec<_> = parameters.elements().map(|e| e.text().into_owned()).collect();
    assert_eq!(texts, ["100", "15.99"]);
    assert_eq!(
        read.action().as_deref(),
        Some("http://Microsoft.ServiceModel.Samples/ICalculator/Add")
    );
}

#[test]
fn after_an_error_a_session_reads_nothing_more() {
    let mut decoder = SESSION.decoder();
    assert!(decoder.read("", &octets(ADD)).is_ok());
    assert!(decoder.read("", &[0, 0x56, 2, 1, 1]).is_err());
    let error = decoder.read("", &octets(ADD_AGAIN)).expect_err("the session is broken");
    assert_eq!(
        error.to_string(),
        "The binary encoder session is not valid. There was an error decoding a previous message."
    );
}
