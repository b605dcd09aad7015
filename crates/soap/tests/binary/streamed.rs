//! Streamed messages that a WCF client and service were captured sending (`tcp-streamed`), in parts of every size.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use waxwing_soap::encoder::streamed::{
    ContentError, ContentWriter, FIRST_AT_ONCE, HeadError, HeadReader, HeadStep, Place, Streamed,
};
use waxwing_soap::encoder::{Binary, Compression, Decoder};
use waxwing_soap::framing::{FramingLimits, Record, RecordDecoder};
use waxwing_soap::{Envelope, MessageVersion};
use waxwing_xml::{Limits, Name};

use super::common::{scenario, scenarios};
use super::{NoRandom, from_text};

const BINARY: Binary = Binary { limits: Limits::SOAP, compression: Compression::None };
const MOST: usize = 64 << 10;

/// The messages of one direction.
fn messages(stream: &[u8]) -> Vec<Vec<u8>> {
    let mut decoder = RecordDecoder::new(FramingLimits::default());
    let (mut left, mut found) = (stream, Vec::new());
    while let Some(record) = decoder.read(&mut left).expect("records") {
        match record {
            Record::UnsizedEnvelope => found.push(Vec::new()),
            Record::Chunk { octets, .. } | Record::ChunkRest { octets, .. } => {
                found.last_mut().expect("an envelope").extend(octets);
            }
            _ => {}
        }
    }
    found
}

/// The captured messages, with what WCF's reader made of each.
fn captured() -> Vec<(Vec<u8>, Envelope)> {
    let path = scenarios("wcf-tcp").into_iter().find(|path| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("tcp-streamed."))
    });
    let flow = scenario(&path.expect("the scenario"));
    let mut found = Vec::new();
    for end in ["client", "server"] {
        let stream = flow["streams"][format!("c001.{end}")].as_str().expect("a stream");
        let octets = messages(&STANDARD.decode(stream).expect("base64"));
        assert!(octets.len() >= 3, "{end}");
        for (number, octets) in octets.into_iter().enumerate() {
            let name = format!("c001-{end}-{:03}", number + 1);
            let text = flow["messages"][&name].as_str().expect("a message");
            found.push((octets, from_text(text)));
        }
    }
    found
}

/// Reads a message in parts of this size, whose stream is at the second place (in a wrapper). Gives the head, and the stream.
fn read(octets: &[u8], part: usize) -> Result<Option<(Envelope, Vec<u8>)>, String> {
    let mut head = HeadReader::new(BINARY, MOST);
    let (mut places, mut parts) = (0, octets.chunks(part));
    loop {
        match head.step().map_err(|error| error.to_string())? {
            HeadStep::Nowhere => return Ok(None),
            HeadStep::More => match parts.next() {
                Some(part) => head.push(part),
                None => return Ok(None),
            },
            HeadStep::Place(envelope, place) => {
                places += 1;
                if places < 2 {
                    continue;
                }
                let (mut reader, _, first) = head.content(place);
                let mut out = Vec::new();
                for part in std::iter::once(&first[..]).chain(parts) {
                    let (before, given) = (out.len(), part.len());
                    reader.read(part, &mut out).map_err(|error| error.to_string())?;
                    assert!(out.len() - before <= given.max(3), "more came out than went in");
                }
                reader.finish().map_err(|error| error.to_string())?;
                return Ok(Some((*envelope, out)));
            }
        }
    }
}

fn is_streamed(message: &Envelope) -> bool {
    let names = ["data", "GetResult", "EchoStreamResult"];
    let first = message.payload().and_then(|payload| payload.first_element());
    first.is_some_and(|first| names.contains(&first.local_name()))
}

#[test]
fn captured_streams_are_read_in_parts_of_every_size() {
    let mut streams = 0;
    for (octets, message) in captured() {
        for part in [1, 2, 3, 7, 64, 255, 4096, 1 << 20] {
            if !is_streamed(&message) {
                continue;
            }
            let read = read(&octets, part).expect("a message");
            let (head, content) = read.expect("a stream");
            let part = message.payload().unwrap().first_element().unwrap();
            assert_eq!(content, STANDARD.decode(part.text().as_bytes()).unwrap());
            assert_eq!(head.action(), message.action());
            let own = head.payload().unwrap().first_element().unwrap();
            assert_eq!((own.local_name(), own.text().len()), (part.local_name(), 0));
            streams += 1;
        }
    }
    assert_eq!(streams, 5 * 8, "Put, Echo and Drop one way; Get and Echo the other");
}

#[test]
fn captured_streams_are_written_again_equal_to_the_octet() {
    let mut written = 0;
    for (octets, message) in captured().into_iter().filter(|(_, message)| is_streamed(message)) {
        let mut message = message;
        let part = message.payload().unwrap().first_element().unwrap();
        let (id, content) = (part.id(), STANDARD.decode(part.text().as_bytes()).unwrap());
        message.document_mut().clear(id);
        let divided = Streamed::Binary(BINARY)
            .divide(&message, id, &mut NoRandom)
            .expect("a divided message");
        let (mut out, mut writer) = (divided.head, ContentWriter::new());
        let (mut left, mut size) = (&content[..], FIRST_AT_ONCE);
        while !left.is_empty() {
            let (now, later) = left.split_at(size.min(left.len()));
            writer.write(now, &mut out);
            (left, size) = (later, ContentWriter::next_size(size, now.len()));
        }
        writer.finish(&mut out);
        out.extend(divided.tail);
        assert_eq!(out, octets, "{:?}", message.action());
        assert_eq!(divided.content_type, "application/soap+msbin1");
        written += 1;
    }
    assert_eq!(written, 5);
}

/// A message with one part, and a place in it.
fn message() -> (Envelope, waxwing_xml::NodeId) {
    let mut envelope = Envelope::new(MessageVersion::SOAP12_ADDRESSING10);
    let wrapper = envelope.append_body_element(Name::new("", "Put", "urn:a"));
    let part = envelope.document_mut().append_element(wrapper, Name::new("", "data", "urn:a"));
    (envelope, part)
}

fn written(content: &[u8], by: usize) -> Vec<u8> {
    let (envelope, part) = message();
    let divided =
        Streamed::Binary(BINARY).divide(&envelope, part, &mut NoRandom).expect("a divided message");
    let (mut out, mut writer) = (divided.head, ContentWriter::new());
    content.chunks(by.max(1)).for_each(|part| writer.write(part, &mut out));
    writer.finish(&mut out);
    out.extend(divided.tail);
    out
}

proptest! {
    #[test]
    fn what_is_written_is_read(content in prop::collection::vec(any::<u8>(), 0..3000), by in 1_usize..900, part in 1_usize..900) {
        let octets = written(&content, by);
        let (_, read) = read(&octets, part).expect("a message").expect("a stream");
        prop_assert_eq!(&read, &content);
        // And a reader that knows no streams has the same.
        let mut binary = BINARY;
        let whole = binary.read("application/soap+msbin1", &octets).expect("a message");
        let text = whole.payload().unwrap().first_element().unwrap().text().into_owned();
        prop_assert_eq!(STANDARD.decode(text).unwrap(), content);
    }

    #[test]
    fn broken_octets_are_refused_and_never_more_than_came(content in prop::collection::vec(any::<u8>(), 0..600), at in any::<prop::sample::Index>(), octet in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let mut octets = written(&content, 200);
        let at = at.index(octets.len());
        octets[at] = octet;
        let _ = read(&octets, 50);
        let octets = written(&content, 200);
        let cut = cut.index(octets.len());
        // A message that ends too early is never taken for a whole one.
        prop_assert!(!matches!(read(&octets[..cut], 50), Ok(Some(_))), "cut at {}", cut);
    }
}

#[test]
fn base64_in_characters_is_read_too() {
    let (envelope, part) = message();
    let divided =
        Streamed::Binary(BINARY).divide(&envelope, part, &mut NoRandom).expect("a divided message");
    let content = |records: &[u8]| [&divided.head, records, &divided.tail].concat();
    let one = |records: &[u8]| read(&content(records), 3).map(|read| read.expect("a stream").1);
    assert_eq!(one(b"\x99\x05AAE\nC").unwrap(), [0, 1, 2]);
    assert_eq!(one(b"\x98\x02AA\x9b\x02\x00EC").unwrap(), [0, 1, 2]);
    assert_eq!(one(b"\x9e\x01\x07\x02\x02hi\xa8\x9f\x01\x08").unwrap(), [7, 8]);
    assert!(one(&[0xa9]).unwrap().is_empty());
    let (base64, record) =
        (ContentError::Base64.to_string(), |code| ContentError::Record(code).to_string());
    assert_eq!(one(b"\x99\x03AAE"), Err(base64.clone()));
    assert_eq!(one(b"\x99\x04A*EC"), Err(base64));
    assert_eq!(one(b"\x89\x07"), Err(record(0x89)));
    assert_eq!(one(b"\x40\x01a\x01\x01"), Err(record(0x40)));
    assert_eq!(one(b"\x01\x40\x01a\x01"), Err(ContentError::Behind.to_string()));
}

#[test]
fn a_head_is_no_larger_than_it_may_be() {
    let (mut envelope, part) = message();
    let header = envelope.append_header(Name::new("h", "Note", "urn:a"));
    envelope.document_mut().append_text(header, &"x".repeat(2 * MOST));
    let divided =
        Streamed::Binary(BINARY).divide(&envelope, part, &mut NoRandom).expect("a divided message");
    let mut head = HeadReader::new(BINARY, MOST);
    let error = divided.head.chunks(1000).find_map(|part| {
        head.push(part);
        head.step().err()
    });
    assert_eq!(error, Some(HeadError::TooLarge(MOST)));
    assert!(head.len() < MOST + 2000, "{}", head.len());
}

/// Only the first element of the body and the first one in that can be streamed.
#[test]
fn the_places_of_a_stream_are_the_first_elements() {
    let (mut envelope, _) = message();
    let second = envelope.append_body_element(Name::new("", "Second", "urn:a"));
    envelope.document_mut().append_element(second, Name::new("", "data", "urn:a"));
    let mut head = HeadReader::new(BINARY, MOST);
    let mut binary = BINARY;
    let octets =
        waxwing_soap::encoder::Encoder::write(&mut binary, &envelope, &mut NoRandom).octets;
    head.push(&octets);
    let mut places = Vec::new();
    while let HeadStep::Place(seen, Place { depth, .. }) = head.step().expect("a head") {
        let name =
            |element: Option<waxwing_xml::Element<'_>>| element.map(|e| e.local_name().to_owned());
        places.push((
            depth,
            name(seen.payload()),
            name(seen.payload().and_then(|p| p.first_element())),
        ));
    }
    let put = || Some("Put".to_owned());
    assert_eq!(places, [(3, put(), None), (4, put(), Some("data".to_owned()))]);
    assert!(matches!(head.step(), Ok(HeadStep::Nowhere)));
    let whole = binary.read("application/soap+msbin1", &head.into_octets()).expect("a message");
    assert_eq!(whole.document().to_xml(), envelope.document().to_xml());
}
