//! Messages in pieces: whatever comes, what is held of the head is bounded, the stream is the same wherever it is cut and never more
//! than came, and what is written is read again. The first byte chooses the place of the stream, the second the size of pieces; the
//! rest is a message in binary XML (MC-NBFX).

use waxwing_soap::encoder::streamed::{ContentReader, ContentWriter, HeadReader, HeadStep, Place};
use waxwing_soap::encoder::{Binary, Compression};
use waxwing_xml::Limits;

/// `Envelope`, `Body` and an element `d`, open (MC-NBFX, MC-NBFS).
const HEAD: &[u8] = b"\x56\x02\x0b\x01s\x04\x56\x0e\x40\x01d";

/// What came of a message.
#[derive(Debug, PartialEq)]
struct Came {
    place: Option<Place>,
    /// What stands before the stream, or all of it.
    head: Vec<u8>,
    stream: Vec<u8>,
    error: Option<String>,
}

fn encoding() -> Binary {
    Binary { limits: Limits::SOAP, compression: Compression::None }
}

/// Reads octets that come in pieces; the stream is at the first place, or at the second one.
fn read(data: &[u8], piece: usize, most: usize, second: bool) -> Came {
    let mut head = HeadReader::new(encoding(), most);
    let mut came = Came { place: None, head: Vec::new(), stream: Vec::new(), error: None };
    let (mut pieces, mut skip) = (data.chunks(piece.max(1)), usize::from(second));
    let place = loop {
        match head.step() {
            Ok(HeadStep::Place(envelope, place)) if skip == 0 => {
                assert!(envelope.document().memory() < (1 << 20) + 1000 * data.len());
                break place;
            }
            Ok(HeadStep::Place(..)) => skip -= 1,
            Ok(HeadStep::More) => match pieces.next() {
                Some(piece) => head.push(piece),
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
                assert!(head.len() <= most.saturating_add(piece), "{} octets are held", head.len());
                came.error = Some(error.to_string());
                return came;
            }
        }
    };
    let (mut content, octets, first) = head.content(place);
    (came.place, came.head) = (Some(place), octets);
    for piece in std::iter::once(&*first).chain(pieces) {
        let before = came.stream.len();
        if let Err(error) = content.read(piece, &mut came.stream) {
            came.error = Some(error.to_string());
            return came;
        }
        // Two octets of a group that was cut may have come before.
        assert!(came.stream.len() - before <= piece.len() + 2);
    }
    came.error = content.finish().err().map(|error| error.to_string());
    came
}

/// Who reads the content of [`HEAD`].
fn content() -> ContentReader {
    let mut head = HeadReader::new(encoding(), usize::MAX);
    head.push(HEAD);
    // Whether the tag is over says what stands behind it.
    head.push(&[1]);
    match head.step() {
        Ok(HeadStep::Place(_, place)) => head.content(place).0,
        other => panic!("{other:?}"),
    }
}

/// One input.
pub fn run(data: &[u8]) {
    let [choice, piece, data @ ..] = data else { return };
    let (second, piece) = (choice & 1 == 1, usize::from(*piece).max(1));
    let whole = read(data, data.len(), usize::MAX, second);
    let pieces = read(data, piece, usize::MAX, second);
    assert_eq!(whole, pieces, "wherever it is cut");
    assert!(whole.stream.len() <= data.len());
    if let Some(error) = &whole.error {
        assert!(!error.is_empty() && error.len() < 4000);
    }
    read(data, piece, 64, second);

    let (mut writer, mut written) = (ContentWriter::new(), Vec::new());
    data.chunks(piece).for_each(|piece| writer.write(piece, &mut written));
    writer.finish(&mut written);
    // The ends of the body and of the envelope.
    written.extend([1, 1]);
    let (mut reader, mut again) = (content(), Vec::new());
    written
        .chunks(piece)
        .for_each(|piece| reader.read(piece, &mut again).expect("as it was written"));
    assert_eq!(reader.finish(), Ok(()));
    assert_eq!(again, data, "written and read");
}

/// An input that is most of a message, of records as they should be, but for some; `below` gives any number below another. Gives
/// its length, or none where another mutation is wanted.
pub fn make(data: &mut [u8], mut below: impl FnMut(usize) -> usize) -> Option<usize> {
    if below(2) == 0 || data.len() < 64 {
        return None;
    }
    let mut made = vec![below(256) as u8, below(256) as u8];
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
