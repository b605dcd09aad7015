//! Captured connections of net.tcp, record by record in the order in which both ends saw them.

use std::io::Read as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use waxwing_soap::framing::{FramingLimits, Record, RecordDecoder};

/// Which end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Client,
    Service,
}

/// A record that an end sent.
#[derive(Clone, Debug)]
pub struct Step {
    pub from: Side,
    pub record: Record,
    pub octets: Vec<u8>,
}

/// What was sent over each connection.
pub struct Capture {
    /// Where the client's messages say that they go.
    pub address: String,
    pub connections: Vec<Vec<Step>>,
    /// What the client program did.
    pub operations: String,
    /// The keys of WCF's service.
    pub keys: String,
}

pub fn limits() -> FramingLimits {
    FramingLimits::default().with_envelope(16 << 20)
}

impl Capture {
    /// As it was for this end: what it sends begins with its first octet, and what it receives is there with the last.
    pub fn read(name: &'static str, of: Side) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(format!("../../testdata/wcf-tcp/{name}.json.gz"));
        let mut text = String::new();
        let file = std::fs::File::open(&path).unwrap_or_else(|e| panic!("{path:?}: {e}"));
        flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
        let file: serde_json::Value = serde_json::from_str(&text).unwrap();
        let events = file["events"].as_str().unwrap();
        let streams = file["streams"].as_object().unwrap();
        let mut connections = Vec::new();
        let names = streams.keys().filter_map(|key| key.strip_suffix(".client"));
        for connection in names.filter(|name| name.starts_with('c')) {
            let mut found = Vec::new();
            for (side, word) in [(Side::Client, "client"), (Side::Service, "server")] {
                let octets = streams[&format!("{connection}.{word}")].as_str().unwrap();
                let octets = STANDARD.decode(octets).unwrap();
                let writes = writes(events, connection, word);
                for (start, record) in records(&octets) {
                    let own = record.to_octets();
                    let octet = if side == of { start } else { start + own.len() - 1 };
                    let line = writes.iter().find(|(_, from, to)| (*from..*to).contains(&octet));
                    let step = Step { from: side, record, octets: own };
                    found.push(((line.unwrap().0, octet), step));
                }
            }
            found.sort_by_key(|(place, _)| *place);
            connections.push(found.into_iter().map(|(_, step)| step).collect());
        }
        let address = Self::via(&connections);
        let keys = file["keys_service"].as_str().unwrap_or_default().to_owned();
        let mut capture = Self { address, connections, operations: String::new(), keys };
        capture.behind_the_recorder();
        let operations = file["readme"].as_str().unwrap().split("ops=").nth(1).unwrap();
        capture.operations = operations.split('`').next().unwrap().to_owned();
        capture
    }

    /// The service's own port is not that of the recorder: here they are the same.
    fn behind_the_recorder(&mut self) {
        let (place, port) = ("net.tcp://localhost:", self.port().to_owned());
        for step in self.connections.iter_mut().flatten() {
            let Record::SizedEnvelope(octets) = &mut step.record else { continue };
            let places: Vec<_> = octets.windows(place.len()).enumerate().collect();
            let places = places.iter().filter(|(_, w)| *w == place.as_bytes()).map(|(at, _)| at);
            for at in places.map(|at| at + place.len()).collect::<Vec<_>>() {
                octets[at..at + port.len()].copy_from_slice(port.as_bytes());
            }
            step.octets = step.record.to_octets();
        }
    }

    fn via(connections: &[Vec<Step>]) -> String {
        let steps = connections.iter().flatten();
        let mut vias = steps.filter_map(|step| match &step.record {
            Record::Via(via) => Some(via.clone()),
            _ => None,
        });
        vias.next().unwrap()
    }

    /// The port of the address.
    pub fn port(&self) -> &str {
        let after = self.address.rsplit_once(':').unwrap().1;
        after.split('/').next().unwrap()
    }
}

fn records(octets: &[u8]) -> Vec<(usize, Record)> {
    let mut decoder = RecordDecoder::new(limits());
    let (mut left, mut found, mut start) = (octets, Vec::new(), 0);
    while let Ok(Some(record)) = decoder.read(&mut left) {
        found.push((start, record));
        start = octets.len() - left.len();
    }
    found
}

/// On which line of the recorder's list octets were seen: `   0.088 c001 client 184 octets at 40`.
fn writes(events: &str, connection: &str, side: &str) -> Vec<(usize, usize, usize)> {
    let write = |(line, text): (usize, &str)| {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [_, of, from, count, "octets", "at", offset] = words[..] else { return None };
        let (count, offset): (usize, usize) = (count.parse().ok()?, offset.parse().ok()?);
        ((of, from) == (connection, side)).then_some((line, offset, offset + count))
    };
    events.lines().enumerate().filter_map(write).collect()
}
