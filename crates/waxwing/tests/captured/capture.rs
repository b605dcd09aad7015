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
    /// Which connections the recorder cut: with a reset, or by ending them.
    pub cuts: Vec<Option<bool>>,
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
        let streams = file["streams"].as_object().unwrap();
        let (mut connections, mut cuts) = (Vec::new(), Vec::new());
        let names = streams.keys().filter_map(|key| key.strip_suffix(".client"));
        for connection in names.filter(|name| name.starts_with('c')) {
            let mut found = Vec::new();
            for (side, word) in [(Side::Client, "client"), (Side::Service, "server")] {
                for segment in segments(&file, connection, word) {
                    for (start, record) in records(&segment.octets) {
                        let own = record.to_octets();
                        let octet = if side == of { start } else { start + own.len() - 1 };
                        let step = Step { from: side, record, octets: own };
                        found.push((segment.place(octet), step));
                    }
                }
            }
            found.sort_by_key(|(place, _)| *place);
            connections.push(found.into_iter().map(|(_, step)| step).collect());
            cuts.push(cut(&file, connection));
        }
        let address = Self::via(&connections);
        let keys = file["keys_service"].as_str().unwrap_or_default().to_owned();
        let operations = String::new();
        let mut capture = Self { address, connections, operations, keys, cuts };
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

/// Whether the recorder cut a connection (`   0.543 c001 CUT by the recorder (rst)`), and by a reset.
fn cut(file: &serde_json::Value, connection: &str) -> Option<bool> {
    let mut events = file["events"].as_str().unwrap().lines();
    let line = events.find(|line| line.contains(&format!(" {connection} CUT ")))?;
    Some(line.ends_with("(rst)"))
}

/// What an end sent over a connection before, in or after a TLS session: its octets, and on which line of the recorder's list
/// those between two places were seen.
struct Segment {
    octets: Vec<u8>,
    writes: Vec<(usize, usize, usize)>,
}

impl Segment {
    fn place(&self, octet: usize) -> (usize, usize) {
        let write = self.writes.iter().find(|(_, from, to)| (*from..*to).contains(&octet));
        (write.unwrap().0, octet)
    }
}

/// What TLS 1.2 adds to each write with AES-GCM: head, nonce, tag.
const TLS_OVERHEAD: usize = 5 + 8 + 16;

fn segments(file: &serde_json::Value, connection: &str, side: &str) -> Vec<Segment> {
    let stream = |name: &str| {
        let octets = file["streams"][format!("{name}.{side}")].as_str().unwrap_or_default();
        STANDARD.decode(octets).unwrap()
    };
    let octets = stream(connection);
    let all = writes(file["events"].as_str().unwrap(), connection, side);
    let within = |from: usize, to: usize| {
        let own = all.iter().filter(move |(_, start, end)| from <= *start && *end <= to);
        own.copied().collect::<Vec<_>>()
    };
    let (mut found, mut at) = (Vec::new(), 0);
    for (from, to, name) in tls_sessions(file, connection, side) {
        let clear = within(at, from).into_iter().map(|(line, a, b)| (line, a - at, b - at));
        found.push(Segment { octets: octets[at..from].to_vec(), writes: clear.collect() });
        // Of the writes inside only the sizes are known, and that they are the last ones.
        let inside = stream(&name);
        let (mut end, mut sizes) = (inside.len(), Vec::new());
        for (line, start, stop) in within(from, to).into_iter().rev() {
            let begin = end.saturating_sub((stop - start).saturating_sub(TLS_OVERHEAD));
            sizes.push((line, begin, end));
            end = begin;
        }
        found.push(Segment { octets: inside, writes: sizes });
        at = to;
    }
    let rest = within(at, octets.len()).into_iter().map(|(line, a, b)| (line, a - at, b - at));
    found.push(Segment { octets: octets[at..].to_vec(), writes: rest.collect() });
    found
}

/// The TLS sessions of a connection, in which of the octets of an end they are, and their names. The recorder lists all in order:
/// `c001 client @60 7 TLS records, 860 octets`.
fn tls_sessions(
    file: &serde_json::Value,
    connection: &str,
    side: &str,
) -> Vec<(usize, usize, String)> {
    let lines = file["frames"].as_str().unwrap().lines();
    let all = lines.filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [of, from, at, _, "TLS", "records,", size, "octets"] = words[..] else { return None };
        let (at, size): (usize, usize) = (at[1..].parse().ok()?, size.parse().ok()?);
        (from == side).then_some((of, at, at + size))
    });
    let numbered = all.zip(1..).map(|((of, from, to), number)| (of, from, to, number));
    let own = numbered.filter(|(of, ..)| *of == connection);
    own.map(|(_, from, to, number)| (from, to, format!("t{number:03}"))).collect()
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
