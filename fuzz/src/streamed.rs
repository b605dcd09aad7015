//! Messages in pieces: whatever comes, what is held of the head is bounded, the stream is the same wherever it is cut and never more
//! than came, and what is written is read again. The first byte chooses the place of the stream (bit 0) and the encoding (bits 1
//! and 2: binary, text, MIME parts, MIME parts whose header stands in the message), the second the size of pieces; the rest is a
//! message. The parts of a message over HTTP are divided by a line of [`BOUNDARY`].

use waxwing_soap::encoder::streamed::{HeadStep, Place, Streamed};
use waxwing_soap::encoder::{Binary, Compression, Mtom, MtomOverLinks, Text};
use waxwing_soap::{Envelope, MessageVersion, RandomSource, SoapVersion};
use waxwing_xml::{Limits, Name};

/// `Envelope`, `Body` and an element `d`, open (MC-NBFX, MC-NBFS).
const HEAD: &[u8] = b"\x56\x02\x0b\x01s\x04\x56\x0e\x40\x01d";

/// What divides the parts of a message.
const BOUNDARY: &str = "b";

/// What came of a message.
#[derive(Debug, PartialEq)]
struct Came {
    place: Option<Place>,
    /// What stands before the stream, or all of it.
    head: Vec<u8>,
    stream: Vec<u8>,
    error: Option<String>,
}

/// The encoding that an input chooses, and the content type of its message.
fn encoding(choice: u8) -> (Streamed, String) {
    let (version, limits) = (SoapVersion::Soap12, Limits::SOAP);
    let mtom = Mtom { version, limits };
    let encoding = match choice >> 1 & 3 {
        0 => Streamed::Binary(Binary { limits, compression: Compression::None }),
        1 => Streamed::Text(Text { version, limits }),
        2 => {
            let content_type = format!(
                "multipart/related; type=\"application/xop+xml\"; boundary=\"{BOUNDARY}\"; start=\"<r>\"; start-info=\"application/soap+xml\""
            );
            return (Streamed::Mtom(mtom), content_type);
        }
        _ => Streamed::MtomOverLinks(MtomOverLinks(mtom)),
    };
    let content_type = encoding.content_type().to_owned();
    (encoding, content_type)
}

/// Reads octets that come in pieces; the stream is at the first place, or at the second one.
fn read(
    (encoding, content_type): &(Streamed, String),
    data: &[u8],
    piece: usize,
    most: usize,
    second: bool,
) -> Came {
    let mut came = Came { place: None, head: Vec::new(), stream: Vec::new(), error: None };
    let mut head = encoding.head(content_type, most).expect("its own content type");
    let (mut pieces, mut skip, mut given) = (data.chunks(piece.max(1)), usize::from(second), 0);
    let place = loop {
        match head.step() {
            Ok(HeadStep::Place(envelope, place)) if skip == 0 => {
                assert!(envelope.document().memory() < (1 << 20) + 1000 * data.len());
                break place;
            }
            Ok(HeadStep::Place(..)) => skip -= 1,
            Ok(HeadStep::More) => match pieces.next() {
                Some(piece) => {
                    assert!(given <= most, "{given} octets are held");
                    given += piece.len();
                    head.push(piece);
                }
                None => {
                    came.head = head.into_octets();
                    return came;
                }
            },
            // Everything goes to the decoder of whole messages.
            Ok(HeadStep::Nowhere) => {
                pieces.for_each(|piece| head.push(piece));
                came.head = head.into_octets();
                return came;
            }
            Err(error) => {
                came.error = Some(error.to_string());
                return came;
            }
        }
    };
    let (mut content, octets, first) = head.content(place);
    (came.place, came.head) = (Some(place), octets);
    let mut taken = 0;
    for piece in std::iter::once(&*first).chain(pieces) {
        taken += piece.len();
        if let Err(error) = content.read(piece, &mut came.stream) {
            came.error = Some(error.to_string());
            return came;
        }
        assert!(came.stream.len() <= taken, "more came out than went in");
    }
    came.error = content.finish().err().map(|error| error.to_string());
    came
}

/// Identifiers of parts that are the same each time.
struct Ones;

impl RandomSource for Ones {
    fn fill(&mut self, out: &mut [u8]) {
        out.fill(1);
    }
}

/// These octets as the stream of a message: its content type, and its octets.
fn written(encoding: Streamed, data: &[u8], piece: usize) -> (String, Vec<u8>) {
    let mut envelope = Envelope::new(MessageVersion::SOAP12_ADDRESSING10);
    let place = envelope.append_body_element(Name::new("", "d", "urn:d"));
    let divided = { encoding }.divide(&envelope, place, &mut Ones).expect("a place for a stream");
    let (mut out, mut writer) = (divided.head, divided.content);
    data.chunks(piece).for_each(|piece| writer.write(piece, &mut out));
    writer.finish(&mut out);
    out.extend(divided.tail);
    (divided.content_type.into_owned(), out)
}

/// One input.
pub fn run(data: &[u8]) {
    let [choice, piece, data @ ..] = data else { return };
    let (second, piece) = (choice & 1 == 1, usize::from(*piece).max(1));
    let own = encoding(*choice);
    let whole = read(&own, data, data.len(), usize::MAX, second);
    let pieces = read(&own, data, piece, usize::MAX, second);
    assert_eq!(whole.error, pieces.error, "wherever it is cut");
    let shorter = whole.stream.len().min(pieces.stream.len());
    assert_eq!(whole.stream[..shorter], pieces.stream[..shorter], "wherever it is cut");
    // Of what comes at once before an error less may be given.
    if whole.error.is_none() {
        assert_eq!(whole, pieces, "wherever it is cut");
    }
    assert!(whole.stream.len() <= data.len());
    if let Some(error) = &whole.error {
        assert!(!error.is_empty() && error.len() < 4000);
    }
    read(&own, data, piece, 64, second);

    // What is in its parts as it is must not look like what divides them: it is drawn for each message, and here it is known. What
    // the content begins with stands behind a line's end, too.
    let is_divided =
        data.starts_with(b"--uuid:") || data.windows(9).any(|octets| octets == b"\r\n--uuid:");
    if (choice & 4) == 0 || !is_divided {
        let (content_type, octets) = written(own.0, data, piece);
        let again = read(&(own.0, content_type), &octets, piece, usize::MAX, false);
        assert_eq!(again.error, None, "as it was written");
        assert_eq!(again.stream, data, "written and read");
    }
}

/// An input that is most of a message, of records as they should be, but for some; `below` gives any number below another. Gives
/// its length, or none where another mutation is wanted.
pub fn make(data: &mut [u8], mut below: impl FnMut(usize) -> usize) -> Option<usize> {
    if below(2) == 0 || data.len() < 64 {
        return None;
    }
    let mut made = vec![below(256) as u8, below(256) as u8];
    if made[0] >> 1 & 3 != 0 {
        in_text(&mut made, data.len(), below);
        made.truncate(data.len());
        data[..made.len()].copy_from_slice(&made);
        return Some(made.len());
    }
    made.extend(HEAD);
    if made[0] & 1 == 1 {
        made.extend(b"\x40\x01e");
    }
    while made.len() < data.len() && below(12) > 0 {
        let length = [0, 1, 2, 3, 40, 300][below(6)];
        let (octets, ends) = (length.min(data.len()), u8::from(below(10) == 0));
        match below(8) {
            // Octets, of which their length is told in one, two or four.
            0 | 1 if octets < 256 => made.extend([0x9e | ends, octets as u8]),
            0..=3 => made.extend([0xa0 | ends, octets as u8, (octets >> 8) as u8]),
            4 => made.extend([0xa2 | ends, octets as u8, (octets >> 8) as u8, 0, 0]),
            // Characters of base64.
            5 if octets < 256 => {
                made.extend([0x98 | ends, octets as u8]);
                made.extend((0..octets).map(|at| b"QUJD= \n"[(at + below(2)) % 7]));
                continue;
            }
            // A comment, an end, anything.
            6 => made.extend([0x02, octets.min(127) as u8]),
            _ => {
                made.push(if below(4) == 0 { below(256) as u8 } else { 1 });
                continue;
            }
        }
        made.extend((0..octets).map(|_| below(256) as u8));
    }
    if below(3) > 0 {
        made.extend([1, 1, 1]);
    }
    made.truncate(data.len());
    data[..made.len()].copy_from_slice(&made);
    Some(made.len())
}

/// Most of a message in text, or in parts, of pieces as they should be, but for some.
fn in_text(made: &mut Vec<u8>, most: usize, mut below: impl FnMut(usize) -> usize) {
    let parts = match made[0] >> 1 & 3 {
        1 => "",
        2 => {
            "\r\n--b\r\nContent-ID: <r>\r\nContent-Type: application/xop+xml;charset=utf-8;type=\"application/soap+xml\"\r\n\r\n"
        }
        _ => {
            "MIME-Version: 1.0\r\nContent-Type: multipart/related;type=\"application/xop+xml\";boundary=\"b\";start=\"<r>\";start-info=\"application/soap+xml\"\r\n\r\n\r\n--b\r\nContent-ID: <r>\r\nContent-Type: application/xop+xml;charset=utf-8;type=\"application/soap+xml\"\r\n\r\n"
        }
    };
    made.extend(parts.bytes());
    made.extend(b"<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body><d>");
    let pieces = [
        "QUJD",
        "QQ==",
        " \r\n",
        "&#65;",
        "<![CDATA[QUJD]]>",
        "<!--c-->",
        "<?p?>",
        "<e>",
        "</e>",
        "<e a='>'/>",
        "</d></s:Body></s:Envelope>",
        "<x:Include xmlns:x=\"http://www.w3.org/2004/08/xop/include\" href=\"cid:s\"/>",
        "\r\n--b\r\n",
        "\r\n--b--\r\n",
        "Content-ID: <s>\r\nContent-Transfer-Encoding: binary\r\nContent-Type: application/octet-stream\r\n\r\n",
        "\r\n-",
        "\r",
        "-",
        "<",
        "&",
    ];
    // As they follow in a good message, or any.
    let good: &[usize] =
        if parts.is_empty() { &[0, 0, 2, 1, 10] } else { &[11, 10, 12, 14, 0, 15, 13] };
    for piece in good {
        while below(4) == 0 {
            made.extend(pieces[below(pieces.len())].bytes());
        }
        if below(12) > 0 {
            made.extend(pieces[*piece].bytes());
        }
        if made.len() > most {
            break;
        }
    }
    if below(6) == 0 && made.len() > 2 {
        let at = 2 + below(made.len() - 2);
        made[at] = below(256) as u8;
    }
}
