//! Message framing: both roles answer whatever comes, wherever it is cut, and records are written as they were read.

#![no_main]

use libfuzzer_sys::fuzz_target;
use waxwing_soap::framing::{
    ClientFraming, FramingLimits, Mode, Record, RecordDecoder, Refusal, ServerFraming, ServerStep,
};

/// The records of octets that come in pieces, and how many octets they are.
fn records(data: &[u8], piece: usize) -> (Vec<Record>, u64) {
    let (mut decoder, mut all) = (RecordDecoder::new(FramingLimits::default()), Vec::new());
    let mut end = 0;
    for mut piece in data.chunks(piece) {
        loop {
            match decoder.read(&mut piece) {
                Ok(Some(record)) => {
                    all.push(record);
                    end = decoder.position();
                }
                Ok(None) => break,
                Err(error) => {
                    assert!(error.to_string().len() < 1000);
                    return (all, end);
                }
            }
        }
    }
    (all, end)
}

fuzz_target!(|data: &[u8]| {
    let Some((&cut, data)) = data.split_first() else { return };
    let (whole, end) = records(data, data.len().max(1));
    let (pieces, _) = records(data, usize::from(cut).max(1));
    assert_eq!(whole, pieces, "wherever it is cut");
    let written: Vec<_> = whole.iter().flat_map(Record::to_octets).collect();
    let (again, _) = records(&written, written.len().max(1));
    assert_eq!(again, whole, "written and read");
    assert!(end as usize <= data.len());

    let (mut server, mut left) = (ServerFraming::new(FramingLimits::default()), data);
    loop {
        match server.read(&mut left) {
            Ok(Some(ServerStep::End)) => server.restart(),
            Ok(Some(_)) => {}
            Ok(None) => break drop(server.end_of_stream()),
            Err(error) => break drop(Refusal::of(&error).to_octets()),
        }
    }
    for (mode, upgrade) in [(Mode::Duplex, None), (Mode::Duplex, Some("application/ssl-tls")), (Mode::Singleton, None)] {
        let limits = FramingLimits::default();
        let mut client = ClientFraming::new(mode, "net.tcp://h/", "application/soap+msbin1", upgrade, limits)
            .expect("short names");
        let mut left = data;
        while let Ok(Some(_)) = client.read(&mut left) {}
        let _ = client.end_of_stream();
    }
});
