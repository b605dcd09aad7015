//! Every captured connection is read as its recorder read it, and written again equal to the octet.

use waxwing_soap::framing::{
    FramingLimits, Mode, Record, RecordDecoder, content_type_of_encoding, known_encoding,
    read_singleton_sized, write_singleton_sized,
};

use crate::flows::Flow;

pub(crate) fn generous() -> FramingLimits {
    let mut limits = FramingLimits::default();
    limits.via = 4000;
    limits.with_envelope(16 << 20)
}

/// How a record stands in the recorder's list.
fn words(record: &Record) -> String {
    match record {
        Record::Version { major, minor } => format!("Version {major}.{minor}"),
        Record::Mode(mode) => {
            let name = Mode::of(*mode).map_or("?".to_owned(), |mode| format!("{mode:?}"));
            format!("Mode {mode} {name}")
        }
        Record::Via(via) => format!("Via {via}"),
        Record::KnownEncoding(number) => format!("KnownEncoding {number}"),
        Record::ExtensibleEncoding(name) => format!("ExtensibleEncoding {name}"),
        Record::SizedEnvelope(octets) => format!("SizedEnvelope {} octets", octets.len()),
        Record::Fault(uri) => format!("Fault {uri}"),
        Record::UpgradeRequest(name) => format!("UpgradeRequest {name}"),
        Record::UnsizedEnvelope => "UnsizedEnvelope".to_owned(),
        Record::End => "End".to_owned(),
        Record::UpgradeResponse => "UpgradeResponse".to_owned(),
        Record::PreambleAck => "PreambleAck".to_owned(),
        Record::PreambleEnd => "PreambleEnd".to_owned(),
        Record::Chunk { .. } | Record::ChunkRest { .. } | Record::ChunksEnd => String::new(),
    }
}

/// Octets of TLS that stand at the front: whole records of it.
fn skip_tls(octets: &mut &[u8]) -> usize {
    let before = octets.len();
    while let [0x14..=0x17, 0x03, _, high, low, rest @ ..] = *octets {
        let length = usize::from(*high) << 8 | usize::from(*low);
        *octets = &rest[length.min(rest.len())..];
    }
    before - octets.len()
}

/// Reads a stream and writes it again. Gives the records with their offsets, and how many octets were not read.
fn read(stream: &[u8]) -> (Vec<(usize, Record)>, usize) {
    let mut decoder = RecordDecoder::new(generous());
    let (mut left, mut records, mut written) = (stream, Vec::new(), Vec::new());
    let mut at = 0;
    loop {
        let is_upgraded = matches!(
            records.last(),
            Some((_, Record::UpgradeRequest(_) | Record::UpgradeResponse))
        );
        if is_upgraded {
            let begin = stream.len() - left.len();
            skip_tls(&mut left);
            written.extend_from_slice(&stream[begin..stream.len() - left.len()]);
            at = stream.len() - left.len();
        }
        let before = left;
        match decoder.read(&mut left) {
            Ok(Some(record)) => {
                record.write(&mut written);
                records.push((at, record));
                at = stream.len() - left.len();
            }
            Ok(None) => {
                left = &stream[at..];
                break;
            }
            Err(_) => {
                left = before;
                break;
            }
        }
    }
    assert_eq!(written, stream[..stream.len() - left.len()], "written again");
    (records, left.len())
}

#[test]
fn captured_connections_are_read_and_written_again() {
    let (mut streams, mut compared, mut torn) = (0, 0, Vec::new());
    for flow in Flow::all() {
        for name in flow.streams() {
            let stream = flow.stream(&name).unwrap();
            let (records, left) = read(&stream);
            if left > 0 {
                torn.push(format!("{} {name}", flow.name));
            }
            let known: Vec<_> = flow
                .frames(&name)
                .into_iter()
                .filter(|(_, words)| {
                    !words.contains("TLS records") && !words.starts_with("unknown")
                })
                .filter(|(_, words)| !words.contains("octets announced"))
                .collect();
            let own: Vec<_> =
                records.iter().filter(|(_, record)| !words(record).is_empty()).collect();
            assert_eq!(own.len(), known.len(), "{} {name}: {records:?}", flow.name);
            for ((offset, record), (known_offset, known)) in own.into_iter().zip(known) {
                assert_eq!(*offset, known_offset, "{} {name} {known}", flow.name);
                let own = words(record);
                assert!(known.starts_with(&own), "{} {name}: {own} is {known}", flow.name);
                compared += 1;
            }
            streams += 1;
        }
    }
    assert!(streams > 180 && compared > 1200, "{streams} streams, {compared} records");
    // What was sent by hand to see what happens.
    let by_hand =
        torn.iter().filter(|name| name.starts_with("tcp-raw") || name.starts_with("tcp-tls-raw"));
    assert_eq!(by_hand.count(), torn.len(), "{torn:?}");
}

#[test]
fn the_worked_octets() {
    let preamble = b"\x00\x01\x00\x01\x02\x02\x1dnet.tcp://localhost:9000/calc\x03\x08\x0c";
    let (records, left) = read(preamble);
    let records: Vec<_> = records.into_iter().map(|(_, record)| record).collect();
    let via = "net.tcp://localhost:9000/calc".to_owned();
    assert_eq!(left, 0);
    assert_eq!(
        records,
        [
            Record::Version { major: 1, minor: 0 },
            Record::Mode(2),
            Record::Via(via),
            Record::KnownEncoding(8),
            Record::PreambleEnd,
        ]
    );
    assert_eq!(
        Record::UpgradeRequest("application/ssl-tls".into()).to_octets(),
        b"\x09\x13application/ssl-tls"
    );
    assert_eq!(
        Record::UpgradeRequest("application/negotiate".into()).to_octets()[..2],
        [0x09, 0x15]
    );
    assert_eq!(Record::SizedEnvelope(vec![0; 211]).to_octets()[..3], [0x06, 0xd3, 0x01]);
    for number in 0..=8 {
        assert_eq!(known_encoding(&content_type_of_encoding(number)), Some(number));
    }
    assert_eq!(content_type_of_encoding(9), "unknown9");
}

#[test]
fn a_singleton_of_known_size() {
    let written = write_singleton_sized("net.msmq://h/q", "application/soap+msbin1", b"message");
    assert_eq!(written, b"\x00\x01\x00\x01\x04\x02\x0enet.msmq://h/q\x03\x07message");
    let limits = FramingLimits::default();
    let (via, content_type, message) = read_singleton_sized(&written, &limits).unwrap();
    assert_eq!(
        (via.as_str(), content_type.as_str()),
        ("net.msmq://h/q", "application/soap+msbin1")
    );
    assert_eq!(message, b"message");
    for length in 0..23 {
        assert!(read_singleton_sized(&written[..length], &limits).is_err(), "{length}");
    }
    let duplex = [&written[..4], &[2], &written[5..]].concat();
    assert!(read_singleton_sized(&duplex, &limits).is_err());
}
