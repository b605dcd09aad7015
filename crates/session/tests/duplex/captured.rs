//! Captured connections of net.tcp, as what both ends saw in the order in which the recorder saw it.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use waxwing_soap::encoder::{BinarySession, Compression, Decoder, Text};
use waxwing_soap::framing::{FramingLimits, Record, RecordDecoder, content_type_of_encoding};
use waxwing_soap::{Envelope, SoapVersion};
use waxwing_xml::Limits;

use crate::kit::Side;

/// Something that happened on a connection.
#[derive(Debug)]
pub struct Event {
    /// Milliseconds since the connection of the first one.
    pub at: u64,
    /// Which session of which connection, from 0.
    pub link: usize,
    pub what: What,
}

#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "a test")]
pub enum What {
    /// An end sent a message (`c001-client-004`), which the other received.
    /// `plain` is what it was before it was protected.
    Message { from: Side, name: String, envelope: Envelope, plain: Envelope },
    /// An end said that it sends nothing more.
    End(Side),
    /// The recorder cut the connection: with a reset, or by ending it.
    Cut { reset: bool },
}

/// A packed scenario.
pub struct Scenario {
    pub name: String,
    file: Value,
}

/// One octet that was seen: on which line of the recorder's list, and when.
struct Seen {
    line: usize,
    at: u64,
}

/// The writes of one end of a connection.
#[derive(Default)]
struct Writes(Vec<(usize, usize, Seen)>);

impl Writes {
    /// When this octet was seen.
    fn of(&self, octet: usize) -> &Seen {
        let write = self.0.iter().find(|(from, to, _)| (*from..*to).contains(&octet));
        &write.or(self.0.last()).expect("a write").2
    }
}

/// What TLS 1.2 adds to each write with AES-GCM: head, nonce, tag.
const TLS_OVERHEAD: usize = 5 + 8 + 16;

/// Where a TLS session is: in which connection, and in which octets of each end.
#[derive(Default)]
struct Outside {
    connection: String,
    octets: [Range<usize>; 2],
}

impl Scenario {
    pub fn read(name: &str) -> Self {
        let path = format!("{}/../../testdata/wcf-tcp/{name}.json.gz", env!("CARGO_MANIFEST_DIR"));
        let file = std::fs::File::open(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut text = String::new();
        flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
        Self { name: name.to_owned(), file: serde_json::from_str(&text).unwrap() }
    }

    /// What the recorder says of the scenario.
    pub fn readme(&self) -> &str {
        self.file["readme"].as_str().unwrap()
    }

    /// The keys of WCF's service.
    pub fn keys(&self) -> &str {
        self.file["keys_service"].as_str().unwrap()
    }

    /// The octets of a stream (`c001.client`).
    fn stream(&self, name: &str) -> Vec<u8> {
        let text = self.file["streams"][name].as_str();
        text.map(|text| STANDARD.decode(text).unwrap()).unwrap_or_default()
    }

    /// The names of connections, or of TLS sessions where there are some.
    fn connections(&self) -> Vec<String> {
        let streams = self.file["streams"].as_object().unwrap().keys();
        let names = streams.filter_map(|name| name.strip_suffix(".client").map(str::to_owned));
        let (inside, outside): (Vec<_>, Vec<_>) = names.partition(|name| name.starts_with('t'));
        if inside.is_empty() { outside } else { inside }
    }

    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.file["events"].as_str().unwrap().lines().enumerate()
    }

    /// Where the TLS session of this name is. The recorder lists the sessions in order: `c001 client @60 7 TLS records, 860 octets`.
    fn outside(&self, session: &str) -> Outside {
        let number: usize = session[1..].parse().unwrap();
        let mut found = Outside::default();
        for (end, word) in ["client", "server"].into_iter().enumerate() {
            let mut regions = self.file["frames"].as_str().unwrap().lines().filter_map(|line| {
                let words: Vec<&str> = line.split_whitespace().collect();
                let [of, side, at, _, "TLS", "records,", size, "octets"] = words[..] else {
                    return None;
                };
                let (at, size): (usize, usize) = (at[1..].parse().ok()?, size.parse().ok()?);
                (side == word).then(|| (of.to_owned(), at..at + size))
            });
            let region = regions.nth(number - 1);
            (found.connection, found.octets[end]) = region.expect("records of TLS");
        }
        found
    }

    /// The connection of a stream.
    fn connection(&self, stream: &str) -> String {
        match stream.starts_with('t') {
            true => self.outside(stream).connection,
            false => stream.to_owned(),
        }
    }

    /// The writes of an end: `   0.088 c001 client 184 octets at 40`. Of those inside of TLS only the sizes are known, and
    /// that they are the last ones of their session.
    fn writes(&self, connection: &str, side: &str) -> Writes {
        let outer = self.connection(connection);
        let mut found = Vec::new();
        for (line, text) in self.lines() {
            let words: Vec<&str> = text.split_whitespace().collect();
            let [at, of, from, count, "octets", "at", offset] = words[..] else { continue };
            if (of, from) == (outer.as_str(), side) {
                let (count, offset): (usize, usize) =
                    (count.parse().unwrap(), offset.parse().unwrap());
                found.push((offset, offset + count, Seen { line, at: millis(at) }));
            }
        }
        if connection.starts_with('c') {
            return Writes(found);
        }
        let region = &self.outside(connection).octets[usize::from(side == "server")];
        found.retain(|(from, to, _)| region.start <= *from && *to <= region.end);
        let (mut end, mut inside) =
            (self.stream(&format!("{connection}.{side}")).len(), Vec::new());
        for (from, to, seen) in found.into_iter().rev() {
            if end == 0 {
                break;
            }
            let begin = end.saturating_sub((to - from).saturating_sub(TLS_OVERHEAD));
            inside.push((begin, end, seen));
            end = begin;
        }
        Writes(inside)
    }

    /// What the messages of a stream are called, by where their records are.
    fn names(&self, connection: &str, side: &str) -> BTreeMap<usize, String> {
        let lines = self.file["frames"].as_str().unwrap().lines();
        let named = lines.filter_map(|line| {
            let (record, file) = line.split_once(" -> messages/")?;
            let words: Vec<&str> = record.split(' ').collect();
            let [of, from, at, "SizedEnvelope", ..] = words[..] else { return None };
            let name = file.trim_end_matches(".xml").to_owned();
            ((of, from) == (connection, side)).then(|| (at[1..].parse().unwrap(), name))
        });
        named.collect()
    }

    /// Everything that happened, as it was for this end: what it sends begins when its first octet goes out, and what it
    /// receives is there with the last.
    pub fn events(&self, of: Side) -> Vec<Event> {
        let mut found: Vec<((usize, usize), Event)> = Vec::new();
        let mut links = 0;
        for connection in self.connections() {
            let before = links;
            for (side, word) in [(Side::Client, "client"), (Side::Service, "server")] {
                let writes = self.writes(&connection, word);
                let own = self.sessions(&connection, side);
                links = links.max(before + own.last().map_or(0, |(_, session, _)| session + 1));
                found.extend(own.into_iter().map(|(octets, session, what)| {
                    let octet = if side == of { octets.start } else { octets.end - 1 };
                    let Seen { line, at } = writes.of(octet);
                    ((*line, octet), Event { at: *at, link: before + session, what })
                }));
            }
            let outer = self.connection(&connection);
            for (line, text) in self.lines() {
                let words: Vec<&str> = text.split_whitespace().collect();
                if let [at, of, "CUT", .., how] = words[..]
                    && of == outer
                {
                    let what = What::Cut { reset: how == "(rst)" };
                    found.push(((line, 0), Event { at: millis(at), link: before, what }));
                }
            }
        }
        found.sort_by_key(|(place, _)| *place);
        found.into_iter().map(|(_, event)| event).collect()
    }

    /// What an end has sent over a connection: where it stands, in which session, what. Both directions of a session have the
    /// encoding that its preamble names.
    fn sessions(&self, connection: &str, side: Side) -> Vec<(Range<usize>, usize, What)> {
        let word = if side == Side::Client { "client" } else { "server" };
        let octets = self.stream(&format!("{connection}.{word}"));
        // What TLS hides of the preamble is before it.
        let preamble = self.stream(&format!("{}.client", self.connection(connection)));
        let names = self.names(connection, word);
        let mut encodings = encodings(&preamble).into_iter().cycle();
        let (mut found, mut session, mut number) = (Vec::new(), None, 0);
        let mut decoder = RecordDecoder::new(FramingLimits::default().with_envelope(16 << 20));
        let (mut left, mut end) = (&octets[..], 0);
        while let Ok(Some(record)) = decoder.read(&mut left) {
            let place = end..octets.len() - left.len();
            end = place.end;
            let of = number;
            match record {
                Record::SizedEnvelope(octets) => {
                    let (content_type, decoder) = session.get_or_insert_with(|| {
                        let content_type: String = encodings.next().expect("an encoding");
                        let decoder = decoder_of(&content_type);
                        (content_type, decoder)
                    });
                    let envelope = decoder.read(content_type, &octets);
                    let envelope = envelope.unwrap_or_else(|e| panic!("{}: {e}", self.name));
                    // Not every text was kept.
                    let at = place.start;
                    let unnamed = || format!("{connection}-{word} at {at}");
                    let name = names.get(&at).cloned().unwrap_or_else(unnamed);
                    let plain = envelope.clone();
                    found.push((place, of, What::Message { from: side, name, envelope, plain }));
                }
                Record::End => {
                    (session, number) = (None, number + 1);
                    found.push((place, of, What::End(side)));
                }
                _ => {}
            }
        }
        found
    }
}

fn millis(seconds: &str) -> u64 {
    (seconds.parse::<f64>().unwrap() * 1000.0).round() as u64
}

/// The content types of the sessions of a connection, in order.
fn encodings(client: &[u8]) -> Vec<String> {
    let mut decoder = RecordDecoder::new(FramingLimits::default().with_envelope(16 << 20));
    let (mut left, mut found) = (client, Vec::new());
    while let Ok(Some(record)) = decoder.read(&mut left) {
        match record {
            Record::KnownEncoding(number) => {
                found.push(content_type_of_encoding(number).into_owned());
            }
            Record::ExtensibleEncoding(name) => found.push(name),
            _ => {}
        }
    }
    found
}

fn decoder_of(content_type: &str) -> Box<dyn Decoder> {
    let limits = Limits { max_bytes: 16 << 20, ..Limits::SOAP };
    let compression = match content_type.rsplit_once('+') {
        Some((_, "gzip")) => Compression::GZip,
        _ => Compression::None,
    };
    match content_type.contains("msbinsession1") {
        true => Box::new(BinarySession { limits, compression, max_session_size: 2048 }.decoder()),
        false => Box::new(Text { version: SoapVersion::Soap12, limits }),
    }
}
