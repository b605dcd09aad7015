//! Text and MTOM over connections, as a WCF client and service were captured sending them (`tcp-text`, `tcp-mtom`): what is read
//! is what WCF's reader read, and what is written of it is what WCF wrote, but for the names that are drawn.

mod common;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::{scenario, scenarios};
use waxwing_soap::encoder::{Decoder, Encoder, Mtom, MtomOverLinks, Text};
use waxwing_soap::framing::{FramingLimits, Record, RecordDecoder, known_encoding};
use waxwing_soap::{Envelope, RandomSource, SoapVersion};
use waxwing_xml::Limits;

const MTOM: MtomOverLinks =
    MtomOverLinks(Mtom { version: SoapVersion::Soap12, limits: Limits::SOAP });
const TEXT: Text = Text { version: SoapVersion::Soap12, limits: Limits::SOAP };

struct Counting(u8);

impl RandomSource for Counting {
    fn fill(&mut self, octets: &mut [u8]) {
        self.0 += 1;
        octets.fill(self.0);
    }
}

/// The content type of a captured connection, and its messages with what WCF's reader made of each.
fn captured(name: &str) -> (String, Vec<(Vec<u8>, Envelope)>) {
    let file = format!("{name}.json.gz");
    let path = scenarios("wcf-tcp").into_iter().find(|path| path.ends_with(&file));
    let flow = scenario(&path.expect("the scenario"));
    let (mut content_type, mut found) = (String::new(), Vec::new());
    for end in ["client", "server"] {
        let stream = flow["streams"][format!("c001.{end}")].as_str().expect("a stream");
        let stream = STANDARD.decode(stream).expect("base64");
        let (mut left, mut number) = (&stream[..], 0);
        let mut decoder = RecordDecoder::new(FramingLimits::default());
        while let Some(record) = decoder.read(&mut left).expect("records") {
            match record {
                Record::ExtensibleEncoding(told) => content_type = told,
                Record::KnownEncoding(3) => {
                    content_type =
                        waxwing_soap::encoder::text_content_type(SoapVersion::Soap12).to_owned()
                }
                Record::SizedEnvelope(octets) => {
                    number += 1;
                    let text = flow["messages"][format!("c001-{end}-{number:03}")].as_str();
                    let message = Envelope::parse(text.expect("a message"), &Limits::SOAP);
                    found.push((octets, message.expect("an envelope")));
                }
                _ => {}
            }
        }
    }
    assert_eq!(found.len(), 4, "{name}");
    (content_type, found)
}

/// What WCF draws for a message: boundary, number of the root, numbers of the parts.
fn drawn(octets: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(octets);
    let between = |from: &str, to: &str| -> Vec<String> {
        let pieces = text.split(from).skip(1);
        pieces.map(|piece| piece.split(to).next().unwrap_or_default().to_owned()).collect()
    };
    let mut drawn = between("boundary=\"", "\"");
    drawn.extend(between("start=\"<http://tempuri.org/0/", ">"));
    drawn.extend(between("cid:http://tempuri.org/1/", "\""));
    drawn
}

#[test]
fn captured_mtom_messages_are_read_and_written() {
    let (content_type, messages) = captured("tcp-mtom");
    assert_eq!(content_type, MtomOverLinks::CONTENT_TYPE);
    assert_eq!(known_encoding(&content_type), None, "it goes by name");
    let mut parts = 0;
    for (octets, message) in messages {
        let mut mtom = MTOM;
        let read = mtom.read(&content_type, &octets).expect("a message");
        assert_eq!(read.document().to_xml(), message.document().to_xml());
        let written = mtom.write(&read, &mut Counting(0)).octets;
        let (ours, theirs) = (drawn(&written), drawn(&octets));
        assert_eq!(ours.len(), theirs.len());
        parts += theirs.len() - 2;
        let mut text = String::from_utf8_lossy(&written).into_owned();
        ours.iter().zip(&theirs).for_each(|(ours, theirs)| text = text.replace(ours, theirs));
        assert_eq!(text, String::from_utf8_lossy(&octets));
        let again = mtom.read(&content_type, &written).expect("a message");
        assert_eq!(again.document().to_xml(), message.document().to_xml());
    }
    assert_eq!(parts, 2, "octets go as they are, both ways");
}

#[test]
fn captured_text_messages_are_read_and_written() {
    let (content_type, messages) = captured("tcp-text");
    assert_eq!(known_encoding(&content_type), Some(3));
    for (octets, message) in messages {
        let mut text = TEXT;
        let read = text.read(&content_type, &octets).expect("a message");
        assert_eq!(read.document().to_xml(), message.document().to_xml());
        assert_eq!(text.write(&read, &mut Counting(0)).octets, octets);
    }
}

#[test]
fn broken_headers_are_refused() {
    let (content_type, messages) = captured("tcp-mtom");
    let octets = &messages[1].0;
    let mut mtom = MTOM;
    for cut in (0..octets.len()).step_by(7) {
        assert!(mtom.read(&content_type, &octets[..cut]).is_err(), "cut at {cut}");
    }
    let header = octets.windows(4).position(|w| w == b"\r\n\r\n").expect("a header");
    for at in 0..header {
        let mut broken = octets.clone();
        broken[at] = b'\n';
        let _ = mtom.read(&content_type, &broken);
    }
    let endless = [&b"Content-Type: "[..], &vec![b'x'; 100_000]].concat();
    assert!(mtom.read(&content_type, &endless).is_err());
}
