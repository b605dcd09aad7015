//! Strangers: any cut of the octets gives the same records, any octets give an answer, and what is announced costs nothing.

use proptest::collection::vec;
use proptest::prelude::*;
use waxwing_soap::framing::{
    ClientFraming, FramingLimits, FramingProblem, MAX_CHUNK, Mode, Record, RecordDecoder,
    ServerFraming,
};

fn record() -> impl Strategy<Value = Record> {
    let text = "[a-zß/:]{0,40}";
    prop_oneof![
        (any::<u8>(), any::<u8>()).prop_map(|(major, minor)| Record::Version { major, minor }),
        any::<u8>().prop_map(Record::Mode),
        text.prop_map(Record::Via),
        any::<u8>().prop_map(Record::KnownEncoding),
        text.prop_map(Record::ExtensibleEncoding),
        vec(any::<u8>(), 0..300).prop_map(Record::SizedEnvelope),
        Just(Record::End),
        text.prop_map(Record::Fault),
        text.prop_map(Record::UpgradeRequest),
        Just(Record::UpgradeResponse),
        Just(Record::PreambleAck),
        Just(Record::PreambleEnd),
    ]
}

/// Records, with envelopes in chunks among them.
fn records() -> impl Strategy<Value = Vec<Record>> {
    let chunk = vec(any::<u8>(), 1..200).prop_map(|octets| Record::Chunk { octets, left: 0 });
    let chunks = vec(chunk, 0..4).prop_map(|mut chunks| {
        chunks.insert(0, Record::UnsizedEnvelope);
        chunks.push(Record::ChunksEnd);
        chunks
    });
    let one = record().prop_map(|record| vec![record]);
    vec(prop_oneof![4 => one, 1 => chunks], 0..8).prop_map(|all| all.concat())
}

/// Reads octets that come in these pieces.
fn read(octets: &[u8], cuts: &[usize]) -> Vec<Record> {
    let (mut decoder, mut records) = (RecordDecoder::new(FramingLimits::default()), Vec::new());
    let mut left = octets;
    let mut cuts = cuts.iter().cycle();
    while !left.is_empty() {
        let (mut piece, rest) = left.split_at((*cuts.next().unwrap()).min(left.len()));
        while let Some(record) = decoder.read(&mut piece).expect("a record") {
            records.push(record);
        }
        assert!(piece.is_empty(), "everything is taken");
        left = rest;
    }
    assert!(decoder.is_between_records());
    records
}

proptest! {
    #[test]
    fn any_cut_gives_the_same_records(all in records(), cuts in vec(1usize..50, 1..10)) {
        let octets: Vec<_> = all.iter().flat_map(Record::to_octets).collect();
        prop_assert_eq!(&read(&octets, &cuts), &all);
        prop_assert_eq!(&read(&octets, &[octets.len().max(1)]), &all);
    }

    #[test]
    fn any_octets_have_an_answer(octets in vec(any::<u8>(), 0..400), cut in 0usize..400) {
        let cut = cut.min(octets.len());
        let mut server = ServerFraming::new(FramingLimits::default());
        let limits = FramingLimits::default();
        let mut client = ClientFraming::new(Mode::Duplex, "a:", "text/xml", None, limits).unwrap();
        for mut piece in [&octets[..cut], &octets[cut..]] {
            while let Ok(Some(_)) = server.read(&mut piece) {}
        }
        for mut piece in [&octets[..cut], &octets[cut..]] {
            while let Ok(Some(_)) = client.read(&mut piece) {}
        }
        let _ = (server.end_of_stream(), client.end_of_stream());
    }

    #[test]
    fn large_chunks_come_in_the_same_pieces_however_they_are_cut(extra in 1usize..5, cut in 1usize..100_000) {
        let limits = FramingLimits::default().with_envelope(1 << 20);
        let chunk = Record::Chunk { octets: vec![7; MAX_CHUNK * 2 + extra], left: 0 };
        let octets: Vec<_> = [Record::UnsizedEnvelope, chunk, Record::ChunksEnd].iter().flat_map(Record::to_octets).collect();
        let mut decoder = RecordDecoder::new(limits);
        let mut pieces = Vec::new();
        for mut piece in octets.chunks(cut) {
            while let Some(record) = decoder.read(&mut piece).unwrap() {
                pieces.push(record);
            }
        }
        let sizes: Vec<_> = pieces.iter().filter_map(|record| match record {
            Record::Chunk { octets, left } | Record::ChunkRest { octets, left } => Some((octets.len(), *left)),
            _ => None,
        }).collect();
        let written: Vec<_> = pieces.iter().flat_map(Record::to_octets).collect();
        prop_assert!(written == octets);
        prop_assert_eq!(sizes, vec![(MAX_CHUNK, MAX_CHUNK + extra), (MAX_CHUNK, extra), (extra, 0)]);
    }
}

#[test]
fn what_is_too_large_is_refused_when_it_is_announced() {
    let refused = |octets: &[u8]| {
        let mut decoder = RecordDecoder::new(FramingLimits::default());
        let mut left = octets;
        loop {
            match decoder.read(&mut left) {
                Ok(Some(_)) => {}
                Ok(None) => return None,
                Err(error) => return Some(error.problem),
            }
        }
    };
    let largest = [0xff, 0xff, 0xff, 0xff, 0x07];
    let of = |kind: u8| refused(&[&[kind], &largest[..]].concat());
    let most = i32::MAX as usize;
    assert_eq!(of(0x06), Some(FramingProblem::EnvelopeTooLarge(65_536)));
    assert_eq!(of(0x05), Some(FramingProblem::EnvelopeTooLarge(65_536)));
    assert_eq!(of(0x02), Some(FramingProblem::ViaTooLong(most)));
    assert_eq!(of(0x04), Some(FramingProblem::ContentTypeTooLong(most)));
    assert_eq!(of(0x09), Some(FramingProblem::ContentTypeTooLong(most)));
    assert_eq!(of(0x08), Some(FramingProblem::FaultTooLong(most)));
    assert_eq!(refused(&[0x06, 0xff, 0xff, 0xff, 0xff, 0x08]), Some(FramingProblem::Size));
    assert_eq!(refused(&[0x06, 0x80, 0x80, 0x04]), None, "65,536 octets are taken");
    assert_eq!(refused(&[0x06, 0x81, 0x80, 0x04]), Some(FramingProblem::EnvelopeTooLarge(65_536)));
    assert_eq!(refused(b"\x02\x02\xff\xfe"), Some(FramingProblem::NotText));
    // The sum of chunks counts, not each.
    let chunk = Record::Chunk { octets: vec![0; 40_000], left: 0 };
    let octets: Vec<_> = [Record::UnsizedEnvelope, chunk.clone(), chunk]
        .iter()
        .flat_map(Record::to_octets)
        .collect();
    assert_eq!(refused(&octets), Some(FramingProblem::EnvelopeTooLarge(65_536)));
}
