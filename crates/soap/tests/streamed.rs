//! Streams in text and in MIME parts: written and read in pieces of every size, by us and by others; what is cut off, behind, or
//! no stream at all.

#![allow(clippy::disallowed_methods)]

use proptest::prelude::*;
use waxwing_soap::encoder::streamed::{Content, ContentError, HeadError, HeadStep, Streamed};
use waxwing_soap::encoder::{Decoder, Encoder, Mtom, MtomOverLinks, Text};
use waxwing_soap::{Envelope, MessageVersion, RandomSource, SoapVersion};
use waxwing_xml::{Limits, Name, NodeId, Value};

const MOST: usize = 16 << 10;
const TEXT: Streamed = Streamed::Text(Text { version: SoapVersion::Soap12, limits: Limits::SOAP });
const MTOM: Mtom = Mtom { version: SoapVersion::Soap12, limits: Limits::SOAP };
const ENCODINGS: [Streamed; 3] =
    [TEXT, Streamed::Mtom(MTOM), Streamed::MtomOverLinks(MtomOverLinks(MTOM))];
const TEXT_TYPE: &str = "application/soap+xml; charset=utf-8";

struct Counting(u8);

impl RandomSource for Counting {
    fn fill(&mut self, out: &mut [u8]) {
        for octet in out {
            *octet = self.0;
            self.0 = self.0.wrapping_add(1);
        }
    }
}

/// A message with a place for a stream. `other`: so many octets in a header before it.
fn message(wrapped: bool, other: usize) -> (Envelope, NodeId) {
    let mut envelope = Envelope::new(MessageVersion::SOAP12_ADDRESSING10);
    if other > 0 {
        let header = envelope.append_header(Name::new("h", "Icon", "urn:a"));
        envelope.document_mut().append_value(header, Value::Octets(&vec![7; other]));
    }
    let first = envelope.append_body_element(Name::new("", "Put", "urn:a"));
    let place = match wrapped {
        true => envelope.document_mut().append_element(first, Name::new("b", "data", "urn:b")),
        false => first,
    };
    (envelope, place)
}

/// A message with a stream: its content type, and its octets.
fn written(
    mut encoding: Streamed,
    (envelope, place): &(Envelope, NodeId),
    content: &[u8],
    by: usize,
) -> (String, Vec<u8>) {
    let divided = encoding.divide(envelope, *place, &mut Counting(1)).expect("a divided message");
    let (mut out, mut writer) = (divided.head, divided.content);
    content.chunks(by.max(1)).for_each(|part| writer.write(part, &mut out));
    writer.finish(&mut out);
    out.extend(divided.tail);
    (divided.content_type.into_owned(), out)
}

/// What came of a message that was read in pieces.
#[derive(Debug)]
enum Read {
    Stream(Box<Envelope>, Vec<u8>),
    Nowhere(Vec<u8>),
    Unfinished,
}

fn read(
    encoding: Streamed,
    (content_type, octets): (&str, &[u8]),
    piece: usize,
    depth: usize,
) -> Result<Read, String> {
    let mut head = encoding.head(content_type, MOST).map_err(|error| error.to_string())?;
    let mut pieces = octets.chunks(piece.max(1));
    loop {
        match head.step().map_err(|error| error.to_string())? {
            HeadStep::Nowhere => {
                let mut all = head.into_octets();
                pieces.for_each(|piece| all.extend_from_slice(piece));
                return Ok(Read::Nowhere(all));
            }
            HeadStep::More => match pieces.next() {
                Some(piece) => head.push(piece),
                None => return Ok(Read::Unfinished),
            },
            HeadStep::Place(envelope, place) if place.depth == depth => {
                let (mut reader, before, first) = head.content(place);
                assert_eq!(before.len(), place.at);
                let mut out = Vec::new();
                let rest = std::iter::once(&first[..]).chain(pieces);
                let (mut given, mut taken) = (0, Ok(()));
                for piece in rest {
                    given += piece.len();
                    taken = taken.and_then(|()| Content::read(&mut reader, piece, &mut out));
                    assert!(out.len() <= given, "more came out than went in");
                }
                taken.and_then(|()| reader.finish()).map_err(|error| error.to_string())?;
                return Ok(Read::Stream(envelope, out));
            }
            HeadStep::Place(..) => {}
        }
    }
}

fn stream(read: Result<Read, String>) -> (Box<Envelope>, Vec<u8>) {
    match read {
        Ok(Read::Stream(envelope, octets)) => (envelope, octets),
        other => panic!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_is_written_is_read(
        content in prop::collection::vec(any::<u8>(), 0..3000),
        by in 1_usize..900,
        piece in 1_usize..900,
        wrapped in any::<bool>(),
        other in prop::sample::select(vec![0_usize, 100, 1000]),
    ) {
        for encoding in ENCODINGS {
            let message = message(wrapped, other);
            let (content_type, octets) = written(encoding, &message, &content, by);
            let depth = if wrapped { 4 } else { 3 };
            let (head, got) = stream(read(encoding, (&content_type, &octets), piece, depth));
            prop_assert_eq!(&got, &content);
            // The parts before the stream are in their places.
            prop_assert_eq!(head.document().to_xml(), message.0.document().to_xml());
            // And a reader that knows no streams has the same.
            let mut decoder = encoding;
            let whole = decoder.read(&content_type, &octets).expect("a message");
            let mut expected = message.0.clone();
            if !content.is_empty() {
                expected.document_mut().append_value(message.1, Value::Octets(&content));
            }
            prop_assert_eq!(whole.document().to_xml(), expected.document().to_xml());
        }
    }

    /// Octets that look like the boundary, or nearly.
    #[test]
    fn nothing_of_a_part_is_taken_for_its_end(
        pieces in prop::collection::vec(prop::sample::select(vec!["\r\n--", "\r", "\n", "-", "uuid:", "x", "--", "\r\n--uuid:01020304"]), 0..60),
        piece in 1_usize..40,
    ) {
        let content = pieces.concat().into_bytes();
        let message = message(true, 0);
        let (content_type, octets) = written(Streamed::Mtom(MTOM), &message, &content, 7);
        let (_, got) = stream(read(Streamed::Mtom(MTOM), (&content_type, &octets), piece, 4));
        prop_assert_eq!(got, content);
    }
}

/// Whatever is missing of the end, nobody takes what came for the whole.
#[test]
fn a_message_that_is_cut_off_has_no_end() {
    for encoding in ENCODINGS {
        let (content_type, octets) = written(encoding, &message(true, 800), &[1; 100], 30);
        // The line break behind the last boundary is nobody's.
        let end = octets.len() - if matches!(encoding, Streamed::Text(_)) { 0 } else { 2 };
        for length in 0..end {
            let got = read(encoding, (&content_type, &octets[..length]), 13, 4);
            let is_over = matches!(got, Ok(Read::Stream(..) | Read::Nowhere(_)));
            assert!(!is_over, "{length} of {end}: {got:?}");
        }
        assert!(matches!(
            read(encoding, (&content_type, &octets[..end]), 13, 4),
            Ok(Read::Stream(..))
        ));
    }
}

fn text(octets: &str, piece: usize) -> Result<Read, String> {
    read(TEXT, (TEXT_TYPE, octets.as_bytes()), piece, 4)
}

fn envelope(head: &str, data: &str, tail: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\">{head}<s:Body \
         xmlns:p=\"urn:a\"><p:Put>{data}</p:Put></s:Body></s:Envelope>{tail}"
    )
}

/// Text as other stacks write it.
#[test]
fn text_of_others() {
    let head = "<!-- <s:Body><a><b> > --><s:Header><h:N xmlns:h='urn:h' a=\"/>\" b='/s:Header>'><![CDATA[<s:Body>]]]></h:N></s:Header>";
    let tail = "\n<!-- the end -->\n";
    for piece in [1, 2, 3, 7, 64, 4096] {
        let read = |data: &str| stream(text(&envelope(head, data, tail), piece)).1;
        assert_eq!(read("<data>AAEC</data>"), [0, 1, 2]);
        assert_eq!(read("\n  <data\n>\r\n AA\r\nE&#13;\n<!-- x -->C&#xD;\n</data\n>\n"), [0, 1, 2]);
        assert_eq!(read("<data>AA==</data>"), [0]);
        assert_eq!(read("<data>&#65;AA&#x3d;</data>"), [0, 0]);
        for nothing in ["<data></data>", "<data/>", "<data x='>' />", "<data> </data>"] {
            assert!(read(nothing).is_empty(), "{nothing}");
        }
    }
}

/// A stream is all of the body, and octets alone.
#[test]
fn what_is_no_stream() {
    let (behind, element) = (ContentError::Behind.to_string(), ContentError::Element.to_string());
    let (base64, unfinished) =
        (ContentError::Base64.to_string(), ContentError::Unfinished.to_string());
    for piece in [1, 5, 4096] {
        let error = |data: &str, tail: &str| match text(&envelope("", data, tail), piece) {
            Err(error) => error,
            Ok(read) => panic!("{data}{tail}: {read:?}"),
        };
        for (data, tail, expected) in [
            ("<data>AAEC</data><more/>", "", &behind),
            ("<data>AAEC</data>more", "", &behind),
            ("<data>AAEC</data>", "<more/>", &behind),
            ("<data>AAEC</data>", "x", &behind),
            ("<data>AAEC</data>", "</s:Envelope>", &behind),
            ("<data/>AAEC", "", &behind),
            ("<data>AA<b/>EC</data>", "", &element),
            ("<data>AA<![CDATA[EC]]></data>", "", &element),
            ("<data>AA<?x?>EC</data>", "", &element),
            ("<data>AAEC</date>", "", &element),
            ("<data>AAEC</dat>", "", &element),
            ("<data>AAE</data>", "", &base64),
            ("<data>AA*C</data>", "", &base64),
            ("<data>AA==AA==</data>", "", &base64),
            ("<data>A&amp;</data>", "", &base64),
            ("<data>A&#0000000000000065;</data>", "", &base64),
            ("<data>A&#300;</data>", "", &base64),
            ("<data>AAEC</data>", "<!-- no end", &unfinished),
        ] {
            assert_eq!(&error(data, tail), expected, "{data} {tail}");
        }
    }
    // What the tags do not say the parser does: two attributes of one name, a document type, tags that cross.
    for (head, is_whole) in [
        ("<s:Header a='1' a='2'/>", false),
        ("<s:Header><a></s:Header></a>", false),
        ("<!DOCTYPE s:Envelope>", true),
    ] {
        let octets = envelope(head, "<data>AAEC</data>", "");
        match text(&octets, 100) {
            Ok(Read::Nowhere(all)) if is_whole => {
                assert!(Envelope::parse(&all[..], &Limits::SOAP).is_err(), "{head}");
            }
            read => assert!(read.is_err() && !is_whole, "{head}: {read:?}"),
        }
    }
}

#[test]
fn a_head_is_no_larger_than_it_may_be() {
    for encoding in ENCODINGS {
        let (content_type, octets) = written(encoding, &message(true, 2 * MOST), &[1; 10], 30);
        let mut head = encoding.head(&content_type, MOST).unwrap();
        let mut given = 0;
        let error = octets.chunks(1000).find_map(|piece| {
            head.push(piece);
            given += piece.len();
            head.step().err()
        });
        assert_eq!(error, Some(HeadError::TooLarge(MOST)));
        assert!(given < MOST + 2000, "{given}");
    }
}

/// Where there is no part for the first element, where other parts come later, or the root does: the whole is read.
#[test]
fn parts_in_other_orders_are_read_as_a_whole() {
    let root =
        |data: &str, head: &str| envelope(head, data, "").replace("<?xml version=\"1.0\"?>\n", "");
    let include = |id: &str| {
        format!(
            "<xop:Include xmlns:xop=\"http://www.w3.org/2004/08/xop/include\" href=\"cid:{id}\"/>"
        )
    };
    let part = |id: &str, kind: &str, content: &str| {
        format!("\r\n--B\r\nContent-ID: <{id}>\r\nContent-Type: {kind}\r\n\r\n{content}")
    };
    let xop = "application/xop+xml;charset=utf-8;type=\"application/soap+xml\"";
    let octets = "application/octet-stream";
    let start = "multipart/related; type=\"application/xop+xml\"; start=\"<r>\"; boundary=\"B\"; start-info=\"application/soap+xml\"";
    let data = format!("<data>{}</data>", include("d"));
    let other = format!("<s:Header><h>{}</h></s:Header>", include("h"));
    let end = "\r\n--B--\r\n";
    let (first, behind) = (part("r", xop, &root(&data, &other)), part("d", octets, "stream"));
    let header = part("h", octets, "header");
    let mut decoder = Streamed::Mtom(MTOM);
    for (name, parts, is_stream) in [
        ("in their order", [&first[..], &header, &behind], true),
        ("the stream before another", [&first, &behind, &header], false),
        ("the root in the end", [&header, &behind, &first], false),
    ] {
        let message = parts.concat() + end;
        let whole = decoder.read(start, message.as_bytes()).expect("a message");
        let text = whole.document().to_xml();
        assert!(text.contains("c3RyZWFt") && text.contains("aGVhZGVy"), "{name}: {text}");
        for piece in [1, 9, 4096] {
            match read(Streamed::Mtom(MTOM), (start, message.as_bytes()), piece, 4) {
                Ok(Read::Stream(head, stream)) if is_stream => {
                    assert_eq!(stream, b"stream");
                    assert!(head.document().to_xml().contains("aGVhZGVy"), "{name}");
                }
                Ok(Read::Nowhere(all)) if !is_stream => assert_eq!(all, message.as_bytes()),
                other => panic!("{name}: {other:?}"),
            }
        }
    }
    // Base64 in the root, and text without parts, which WCF sends to whom it knows as text.
    let inline = part("r", xop, &root("<data>AAEC</data>", "")) + end;
    assert!(matches!(read(decoder, (start, inline.as_bytes()), 7, 4), Ok(Read::Nowhere(_))));
    let plain = envelope("", "<data>AAEC</data>", "");
    assert_eq!(stream(read(decoder, (TEXT_TYPE, plain.as_bytes()), 7, 4)).1, [0, 1, 2]);
    // A part behind the stream, and a stream whose part never comes.
    let alone = part("r", xop, &root(&data, ""));
    let more = [&alone[..], &behind, &header, end].concat();
    let error = read(decoder, (start, more.as_bytes()), 7, 4).unwrap_err();
    assert_eq!(error, ContentError::Behind.to_string());
    let never = [&alone[..], &header, end].concat();
    assert!(matches!(read(decoder, (start, never.as_bytes()), 7, 4), Ok(Read::Nowhere(_))));
    for wrong in ["multipart/related; type=\"application/xop+xml\"", "text/html", "application/xml"]
    {
        assert!(read(decoder, (wrong, more.as_bytes()), 7, 4).is_err(), "{wrong}");
    }
}

/// An element that is not the last of its message, or has content, is none of a stream.
#[test]
fn a_stream_stands_last() {
    for mut encoding in ENCODINGS {
        let (mut envelope, place) = message(true, 0);
        let put = envelope.payload().unwrap().id();
        envelope.document_mut().append_element(put, Name::new("", "more", "urn:a"));
        assert!(encoding.divide(&envelope, place, &mut Counting(1)).is_none());
        let (mut envelope, place) = message(true, 0);
        envelope.document_mut().append_text(place, "x");
        assert!(encoding.divide(&envelope, place, &mut Counting(1)).is_none());
        let whole = encoding.write(&envelope, &mut Counting(1));
        assert!(!whole.octets.is_empty());
    }
}

/// Octets that were never sent do not come out, whatever else is wrong.
#[test]
fn an_error_gives_no_octets() {
    let text = envelope("", "<d>QUJDREVGR0hJSktM-UNP</d>", "");
    let mut head = TEXT.head(TEXT_TYPE, MOST).expect("a head");
    head.push(text.as_bytes());
    let place = loop {
        match head.step() {
            Ok(HeadStep::Place(_, place)) if place.depth == 4 => break place,
            Ok(HeadStep::Place(..)) => {}
            other => panic!("{other:?}"),
        }
    };
    let (mut content, _, first) = head.content(place);
    let mut out = b"before".to_vec();
    assert_eq!(content.read(&first, &mut out), Err(ContentError::Base64));
    assert_eq!(out, b"before");
}
