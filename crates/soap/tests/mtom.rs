//! MTOM: WCF's own multipart messages, our own, and malformed ones.

#![allow(clippy::disallowed_methods)]

mod common;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use waxwing_soap::encoder::mtom::{self, MtomError};
use waxwing_soap::http::ContentType;
use waxwing_soap::{Envelope, MessageVersion, RandomSource};
use waxwing_xml::{Limits, Name};

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
