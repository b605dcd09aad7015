//! MTOM: WCF's own multipart messages, our own, and malformed ones.

#![allow(clippy::disallowed_methods)]

mod common;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use waxwing_soap::encoder::mtom::{self, MtomError};
use waxwing_soap::http::ContentType;
use waxwing_soap::{Envelope, MessageVersion, RandomSource};
use waxwing_xml::{Exclusive, Limits, Name, Value, canonicalize};

struct Counting(u8);

impl RandomSource for Counting {
    fn fill(&mut self, out: &mut [u8]) {
        for octet in out {
            *octet = self.0;
            self.0 = self.0.wrapping_add(1);
        }
    }
}

#[test]
fn every_captured_message_is_read_with_its_parts_in_their_places() {
    let (mut messages, mut with_parts) = (0, 0);
    for path in
        common::scenarios("wcf").into_iter().filter(|p| p.to_string_lossy().contains("mtom"))
    {
        let scenario = common::scenario(&path);
        for message in scenario["messages"].as_array().unwrap() {
            let content_type =
                ContentType::parse(message["content_type"].as_str().unwrap_or_default());
            let Some(content_type) = content_type.filter(mtom::is_mtom) else { continue };
            let body = match message["body_base64"].as_str() {
                Some(octets) => STANDARD.decode(octets).unwrap(),
                None => message["body"].as_str().unwrap().as_bytes().to_vec(),
            };
            let envelope = mtom::parse(&content_type, &body, &Limits::SOAP)
                .unwrap_or_else(|e| panic!("{}: {e}", message["name"]));
            let text = String::from_utf8(envelope.to_bytes()).unwrap();
            assert!(!text.contains("xop:Include"), "{}", message["name"]);
            assert_eq!(mtom::soap_version(&content_type), Some(envelope.version().soap));
            messages += 1;
            with_parts += usize::from(body.windows(11).any(|w| w == b"xop:Include"));
        }
    }
    assert!(messages >= 20 && with_parts >= 4, "{messages} messages, {with_parts} with parts");
}

/// A multipart body as what does not depend on chance: the root part with the addresses of parts numbered, and the parts.
fn structure(content_type: &str, body: &[u8]) -> (String, Vec<(String, Vec<u8>)>) {
    let parsed = ContentType::parse(content_type).unwrap();
    let delimiter = format!("\r\n--{}", parsed.parameter("boundary").unwrap());
    let find = |from: usize| {
        body[from..]
            .windows(delimiter.len())
            .position(|w| w == delimiter.as_bytes())
            .map(|at| from + at)
    };
    let (mut parts, mut at) = (Vec::new(), find(0).unwrap() + delimiter.len());
    while !body[at..].starts_with(b"--") {
        let end = find(at).unwrap();
        let head = at + body[at..end].windows(4).position(|w| w == b"\r\n\r\n").unwrap();
        let headers = String::from_utf8(body[at..head].to_vec()).unwrap();
        parts.push((headers, body[head + 4..end].to_vec()));
        at = end + delimiter.len();
    }
    let (_, root) = parts.remove(0);
    let mut root = String::from_utf8(root).unwrap();
    for (number, (headers, _)) in parts.iter_mut().enumerate() {
        let id = headers.split_once('<').unwrap().1.split_once('>').unwrap().0.to_owned();
        assert!(root.contains(&format!("cid:{id}\"")), "part {number} is in its place");
        root = root.replace(&format!("cid:{id}\""), &format!("cid:{number}\""));
        *headers = headers.replace(&id, "id");
    }
    (root, parts)
}

/// What is large becomes a part as WCF's writer makes it: octets of the contract, ciphertext and certificates.
#[test]
fn captured_messages_are_written_with_the_parts_that_wcf_made() {
    let (mut messages, mut attachments) = (0, 0);
    let encrypted = ["rm10-sc-cert-mtom"].map(|name| ("wcf", name));
    let plain = ["mtom-bytes", "mtom-bytes-rm10", "mtom-bytes-rm10-sc-cert"];
    for (folder, name) in plain.map(|name| ("wcf-mtom", name)).into_iter().chain(encrypted) {
        let mut path = common::scenarios(folder).into_iter();
        let path = path.rfind(|p| p.ends_with(format!("{name}.json.gz"))).unwrap();
        let scenario = common::scenario(&path);
        for message in scenario["messages"].as_array().unwrap() {
            let id = message["name"].as_str().unwrap();
            let content_type = message["content_type"].as_str().unwrap_or_default();
            let Some(parsed) = ContentType::parse(content_type).filter(mtom::is_mtom) else {
                continue;
            };
            let body = match message["body_base64"].as_str() {
                Some(octets) => STANDARD.decode(octets).unwrap(),
                None => message["body"].as_str().unwrap().as_bytes().to_vec(),
            };
            let envelope = mtom::parse(&parsed, &body, &Limits::SOAP).unwrap();
            if let Some(decoded) = scenario["decoded"][id].as_str() {
                assert_eq!(
                    canonical(&envelope),
                    canonical(&Envelope::parse(decoded, &Limits::SOAP).unwrap())
                );
            }
            let (own_type, own) = mtom::write(&envelope, &mut Counting(1));
            let (root, parts) = structure(&own_type, &own);
            let (their_root, their_parts) = structure(content_type, &body);
            assert_eq!(parts, their_parts, "{name} {id}");
            // Empty elements are written in two ways.
            let root = Envelope::parse(root, &Limits::SOAP).unwrap();
            let their_root = Envelope::parse(their_root, &Limits::SOAP).unwrap();
            assert_eq!(canonical(&root), canonical(&their_root), "{name} {id}");
            messages += 1;
            attachments += parts.len();
        }
    }
    assert!(messages >= 30 && attachments >= 10, "{messages} messages, {attachments} attachments");
}

fn canonical(envelope: &Envelope) -> String {
    let mut octets = Vec::new();
    canonicalize(envelope.document().root(), &Exclusive::default(), &mut octets);
    String::from_utf8(octets).unwrap()
}

/// From 768 octets on a part is shorter than base64; what is not base64 by its name stays text, and so does what octets would
/// not give back.
#[test]
fn only_large_octets_become_parts() {
    let mut envelope = Envelope::new(MessageVersion::SOAP12_ADDRESSING10);
    let data = envelope.append_body_element(Name::new("", "Data", "urn:x"));
    let xenc = "http://www.w3.org/2001/04/xmlenc#";
    let base64 = |len: usize| STANDARD.encode(vec![7; len]);
    let document = envelope.document_mut();
    for (len, value) in [(767, true), (768, true), (3000, false)] {
        let element = document.append_element(data, Name::new("", "Item", "urn:x"));
        match value {
            true => document.append_value(element, Value::Octets(&vec![7; len])),
            // A text that only looks like octets is the contract's business.
            false => document.append_text(element, &base64(len)),
        }
    }
    for text in [base64(767), base64(768), format!("{}\n", base64(1000)), "%".repeat(2000)] {
        document.append_text_element(data, Name::new("e", "CipherValue", xenc), &text);
    }
    let described = document.append_element(data, Name::new("", "Picture", "urn:x"));
    let mime = Name::new("m", "contentType", "http://www.w3.org/2005/05/xmlmime");
    document.set_attribute(described, mime, "image/png");
    document.append_value(described, Value::Octets(&vec![9; 1000]));
    let (content_type, body) = mtom::write(&envelope, &mut Counting(1));
    let (_, parts) = structure(&content_type, &body);
    let lengths: Vec<_> = parts.iter().map(|(_, octets)| octets.len()).collect();
    assert_eq!(lengths, [768, 768, 1000]);
    assert!(parts[2].0.ends_with("Content-Type: image/png"), "{}", parts[2].0);
    assert!(parts[0].0.ends_with("Content-Type: application/octet-stream"), "{}", parts[0].0);
    let read =
        mtom::parse(&ContentType::parse(&content_type).unwrap(), &body, &Limits::SOAP).unwrap();
    assert_eq!(canonical(&read), canonical(&envelope));
    // Names in headers of a part are the message's no more than its own.
    let mut envelope = Envelope::new(MessageVersion::SOAP12_ADDRESSING10);
    let data = envelope.append_body_element(Name::new("", "Data", "urn:x"));
    envelope.document_mut().set_attribute(data, mime, "a\r\nX: y");
    envelope.document_mut().append_value(data, Value::Octets(&vec![9; 1000]));
    let (_, body) = mtom::write(&envelope, &mut Counting(1));
    assert!(!String::from_utf8_lossy(&body).contains("\r\nX: y"));
    // More parts than are read are not written.
    let mut envelope = Envelope::new(MessageVersion::SOAP12_ADDRESSING10);
    let data = envelope.append_body_element(Name::new("", "Data", "urn:x"));
    for _ in 0..300 {
        let item = envelope.document_mut().append_element(data, Name::new("", "Item", "urn:x"));
        envelope.document_mut().append_value(item, Value::Octets(&vec![9; 800]));
    }
    let (content_type, body) = mtom::write(&envelope, &mut Counting(1));
    let read =
        mtom::parse(&ContentType::parse(&content_type).unwrap(), &body, &Limits::SOAP).unwrap();
    assert_eq!(canonical(&read), canonical(&envelope));
}

fn message() -> Envelope {
    let mut envelope = Envelope::new(MessageVersion::SOAP12_ADDRESSING10);
    let data = envelope.append_body_element(Name::new("", "Data", "urn:x"));
    envelope.document_mut().append_text(data, "QUJD");
    envelope
}

#[test]
fn what_is_written_is_read() {
    let envelope = message();
    let (content_type, body) = mtom::write(&envelope, &mut Counting(1));
    let content_type = ContentType::parse(&content_type).unwrap();
    assert!(mtom::is_mtom(&content_type));
    let read = mtom::parse(&content_type, &body, &Limits::SOAP).unwrap();
    assert_eq!(read.to_bytes(), envelope.to_bytes());
}

/// A message of two parts, the second referred to by the first.
fn two_parts(include: &str, id: &str, headers: &str) -> Result<Envelope, MtomError> {
    let envelope = format!(
        r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>{include}</s:Body></s:Envelope>"#
    );
    let body = format!(
        "--b\r\nContent-ID: <root>\r\n\r\n{envelope}\r\n--b\r\nContent-ID: {id}\r\n{headers}\r\n\0\u{1}\u{2}\r\n--b--\r\n"
    );
    let content_type = r#"multipart/related; type="application/xop+xml"; start="<root>"; boundary=b; start-info="application/soap+xml""#;
    mtom::parse(&ContentType::parse(content_type).unwrap(), body.as_bytes(), &Limits::SOAP)
}

const INCLUDE: &str =
    r#"<d><i:Include href="cid:x%401" xmlns:i="http://www.w3.org/2004/08/xop/include"/></d>"#;

#[test]
fn parts_replace_their_includes() {
    let envelope = two_parts(INCLUDE, "<x@1>", "Content-Transfer-Encoding: BINARY\r\n").unwrap();
    assert_eq!(envelope.payload().unwrap().text(), "AAEC");
}

#[test]
fn malformed_multipart_bodies_are_refused_in_words() {
    let refused = |result: Result<Envelope, MtomError>| result.unwrap_err().to_string();
    let twice = format!("<a>{INCLUDE}{INCLUDE}</a>");
    let beside = INCLUDE.replace("</d>", "text</d>");
    let elsewhere = INCLUDE.replace("cid:", "http:");
    let cases = [
        (refused(two_parts(INCLUDE, "<y>", "")), "there is no part with the Content-ID <x@1>"),
        (refused(two_parts(&twice, "<x@1>", "")), "two of them refer to one part"),
        (refused(two_parts(&beside, "<x@1>", "")), "must be the only content"),
        (refused(two_parts(&elsewhere, "<x@1>", "")), "does not begin with cid:"),
        (refused(two_parts(INCLUDE, "<x@1>", "Content-Transfer-Encoding: base64\r\n")), "'base64'"),
    ];
    for (text, part) in cases {
        assert!(text.contains(part), "'{part}' is not in '{text}'");
    }
    let (content_type, body) = mtom::write(&message(), &mut Counting(9));
    let content_type = ContentType::parse(&content_type).unwrap();
    for length in 0..body.len() - 4 {
        assert!(
            mtom::parse(&content_type, &body[..length], &Limits::SOAP).is_err(),
            "cut at {length}"
        );
    }
    let plain = ContentType::parse("application/soap+xml").unwrap();
    assert!(matches!(mtom::parse(&plain, &body, &Limits::SOAP), Err(MtomError::ContentType(_))));
}
