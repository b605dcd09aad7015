//! Connections of one message that is all the rest (mode singleton-sized): WCF has them in queues, not over TCP.

use super::decoder::RecordDecoder;
use super::error::{FramingError, FramingProblem};
use super::limits::FramingLimits;
use super::mode::{Mode, content_type_of_encoding, known_encoding};
use super::record::{Record, RecordType};

/// Reads what stands before the message. Gives the via, the content type and the message.
///
/// # Errors
/// It is another mode, or no preamble.
pub fn read_singleton_sized<'o>(
    mut octets: &'o [u8],
    limits: &FramingLimits,
) -> Result<(String, String, &'o [u8]), FramingError> {
    use RecordType as Kind;
    let mut decoder = RecordDecoder::new(*limits);
    let mut next = |expected: &[Kind], octets: &mut &'o [u8]| {
        let read = decoder.read_one_of(expected, octets)?;
        let error = |problem| FramingError {
            position: decoder.position(),
            state: decoder.state_name(expected),
            problem,
        };
        match read {
            Some(Record::Version { major, .. }) if major != 1 => {
                Err(error(FramingProblem::Version(major)))
            }
            Some(Record::Mode(mode)) if mode != Mode::SingletonSized as u8 => {
                Err(error(FramingProblem::Mode(mode)))
            }
            read => read.ok_or_else(|| error(FramingProblem::PrematureEnd)),
        }
    };
    next(&[Kind::Version], &mut octets)?;
    next(&[Kind::Mode], &mut octets)?;
    let text = |record| match record {
        Record::Via(text) | Record::ExtensibleEncoding(text) => text,
        Record::KnownEncoding(number) => content_type_of_encoding(number).into_owned(),
        _ => String::new(),
    };
    let via = text(next(&[Kind::Via], &mut octets)?);
    let encoding = next(&[Kind::ExtensibleEncoding, Kind::KnownEncoding], &mut octets)?;
    Ok((via, text(encoding), octets))
}

/// Writes a message with what stands before it.
///
/// # Panics
/// Via or content type have more than 2³¹ − 1 octets.
pub fn write_singleton_sized(via: &str, content_type: &str, message: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Record::Version { major: 1, minor: 0 }.write(&mut out);
    Record::Mode(Mode::SingletonSized as u8).write(&mut out);
    Record::Via(via.to_owned()).write(&mut out);
    match known_encoding(content_type) {
        Some(number) => Record::KnownEncoding(number).write(&mut out),
        None => Record::ExtensibleEncoding(content_type.to_owned()).write(&mut out),
    }
    out.extend_from_slice(message);
    out
}
