//! Captured messages, over HTTP and over connections.

use std::collections::BTreeMap;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use waxwing_soap::encoder::{Binary, BinarySession, Compression, Decoder, Encoder};
use waxwing_xml::Limits;

use super::common::{scenario, scenarios};
use super::ends::same_but_for_ends;
use super::{NoRandom, from_text, infoset};

/// Differences between what WCF wrote and what is written here, by scenario and message.
#[derive(Default)]
struct Differences {
    found: Vec<String>,
    same: usize,
}

impl Differences {
    /// Compares what was written of a message with what was captured.
    fn compare(&mut self, what: &str, written: &[u8], captured: &[u8]) {
        if written == captured || same_but_for_ends(captured, written) {
            self.same += 1;
            return;
        }
        let at = written.iter().zip(captured).take_while(|(a, b)| a == b).count();
        let around = |octets: &[u8]| {
            let from = at.saturating_sub(12);
            let piece = &octets[from..octets.len().min(at + 24)];
            piece.iter().map(|b| format!("{b:02X} ")).collect::<String>()
        };
        self.found.push(format!(
            "{what} at {at}:\n  wcf  {}\n  ours {}",
            around(captured),
            around(written)
        ));
    }

    fn none(self, at_least: usize) {
        let Self { found, same } = self;
        assert!(found.is_empty(), "{} differ, {same} do not\n{}", found.len(), found.join("\n"));
        assert!(same >= at_least, "{same} were compared");
    }
}

fn name_of(path: &std::path::Path) -> String {
    let name = path.file_name().expect("a name").to_string_lossy();
    name.trim_end_matches(".json.gz").to_owned()
}

#[test]
fn messages_over_http_are_read_and_written_as_wcf_does() {
    let mut differences = Differences::default();
    let mut seen = 0;
    for path in scenarios("wcf-binary") {
        let name = name_of(&path);
        let compression = match name.as_str() {
            "nethttp-gzip" => Compression::GZip,
            _ => Compression::None,
        };
        let mut binary = Binary { limits: Limits::SOAP, compression };
        let scenario = scenario(&path);
        for message in scenario["messages"].as_array().expect("messages") {
            let id = message["name"].as_str().expect("a name");
            // WCF's capture of this answer is cut short by the HTTP library below it.
            if (name.as_str(), id) == ("nethttp-gzip", "001-response") {
                continue;
            }
            let octets = body(message);
            if octets.is_empty() {
                continue;
            }
            let content_type = message["content_type"].as_str().expect("a content type");
            let read = binary.read(content_type, &octets);
            let read = read.unwrap_or_else(|error| panic!("{name} {id}: {error}"));
            if let Some(text) = scenario["decoded"][id].as_str() {
                assert_eq!(infoset(&read), infoset(&from_text(text)), "{name} {id}");
            }
            let written = binary.write(&read, &mut NoRandom);
            assert_eq!(written.content_type, content_type);
            if compression == Compression::None {
                differences.compare(&format!("{name} {id}"), &written.octets, &octets);
            }
            seen += 1;
        }
    }
    assert!(seen >= 30, "{seen} messages");
    differences.none(34);
}

fn body(message: &Value) -> Vec<u8> {
    match (message["body_base64"].as_str(), message["body"].as_str()) {
        (Some(base64), _) => STANDARD.decode(base64).expect("base64"),
        (None, Some(text)) => text.as_bytes().to_vec(),
        (None, None) => Vec::new(),
    }
}

/// An envelope of a connection.
struct Framed {
    scenario: String,
    /// The name of the message: `c001-client-001`.
    id: String,
    octets: Vec<u8>,
    text: Option<String>,
}

/// The envelopes of each direction of each framing session with this encoding, as the list of frames has them.
fn sessions(paths: Vec<PathBuf>, encoding: &str) -> Vec<Vec<Framed>> {
    let mut found = Vec::new();
    for path in paths {
        let scenario = scenario(&path);
        let frames = scenario["frames"].as_str().unwrap_or_default();
        // By connection: how its sessions are encoded, in order. TLS hides the preamble's beginning, so that its sessions
        // have the encoding of the scenario.
        let mut encodings: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut all = Vec::new();
        for line in frames.lines() {
            let mut words = line.splitn(4, ' ');
            let (Some(connection), Some(side)) = (words.next(), words.next()) else { continue };
            let rest = words.nth(1).unwrap_or_default();
            if side == "client"
                && (rest.starts_with("KnownEncoding") || rest.starts_with("ExtensibleEncoding"))
            {
                encodings.entry(connection).or_default().push(rest);
                all.push(rest);
            }
        }
        let mut open: BTreeMap<(&str, &str), (usize, Vec<Framed>)> = BTreeMap::new();
        for line in frames.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let [connection, side, at, record, rest @ ..] = words.as_slice() else { continue };
            let direction = open.entry((connection, side)).or_default();
            match (*record, rest) {
                ("End", _) => {
                    let session = std::mem::take(&mut direction.1);
                    let number = direction.0;
                    direction.0 += 1;
                    push_session(
                        &mut found, session, &encodings, &all, connection, number, encoding,
                    );
                }
                ("SizedEnvelope", [size, "octets", "->", file]) => {
                    let at: usize = at[1..].parse().expect("an offset");
                    let size: usize = size.parse().expect("a size");
                    let id = file.trim_start_matches("messages/").trim_end_matches(".xml");
                    let stream = scenario["streams"][format!("{connection}.{side}")].as_str();
                    let stream = STANDARD.decode(stream.expect("the stream")).expect("base64");
                    let mut start = at + 1;
                    while stream[start] & 0x80 != 0 {
                        start += 1;
                    }
                    direction.1.push(Framed {
                        scenario: name_of(&path),
                        id: id.to_owned(),
                        octets: stream[start + 1..start + 1 + size].to_vec(),
                        text: scenario["messages"][id].as_str().map(str::to_owned),
                    });
                }
                _ => {}
            }
        }
        for ((connection, _), (number, session)) in open {
            push_session(&mut found, session, &encodings, &all, connection, number, encoding);
        }
    }
    found
}

fn push_session(
    found: &mut Vec<Vec<Framed>>,
    session: Vec<Framed>,
    encodings: &BTreeMap<&str, Vec<&str>>,
    all: &[&str],
    connection: &str,
    number: usize,
    encoding: &str,
) {
    let own = encodings.get(connection).and_then(|of| of.get(number)).or(all.first());
    if !session.is_empty() && own.is_some_and(|own| own.contains(encoding)) {
        found.push(session);
    }
}

#[test]
fn messages_over_connections_are_read_and_written_as_wcf_does() {
    let mut differences = Differences::default();
    let mut seen = 0;
    let settings = BinarySession {
        limits: Limits::SOAP,
        compression: Compression::None,
        max_session_size: 2048,
    };
    for session in sessions(scenarios("wcf-tcp"), "binary with session") {
        let (mut decoder, mut encoder) = (settings.decoder(), settings.encoder());
        for Framed { scenario, id, octets, text } in session {
            let read = match decoder.read("", &octets) {
                Ok(read) => read,
                // The recorder broke some on purpose.
                Err(_) if scenario == "tcp-raw-preamble-faults" => break,
                Err(error) => panic!("{scenario} {id}: {error}"),
            };
            if let Some(text) = text {
                assert_eq!(infoset(&read), infoset(&from_text(&text)), "{scenario} {id}");
            }
            let written = encoder.write(&read, &mut NoRandom).octets;
            differences.compare(&format!("{scenario} {id}"), &written, &octets);
            seen += 1;
        }
    }
    assert!(seen >= 300, "{seen} messages");
    differences.none(438);
}

#[test]
fn compressed_messages_of_a_connection_are_read() {
    let settings = BinarySession {
        limits: Limits::SOAP,
        compression: Compression::GZip,
        max_session_size: 2048,
    };
    let mut seen = 0;
    for session in sessions(scenarios("wcf-tcp"), "msbinsession1+gzip") {
        let (mut decoder, mut encoder, mut again) =
            (settings.decoder(), settings.encoder(), settings.decoder());
        for Framed { scenario, id, octets, text } in session {
            let read = decoder.read("application/soap+msbinsession1+gzip", &octets);
            let read = read.unwrap_or_else(|error| panic!("{scenario} {id}: {error}"));
            if let Some(text) = text {
                assert_eq!(infoset(&read), infoset(&from_text(&text)), "{scenario} {id}");
            }
            let written = encoder.write(&read, &mut NoRandom);
            let read_again =
                again.read(&written.content_type, &written.octets).expect("it is read");
            assert_eq!(infoset(&read_again), infoset(&read));
            seen += 1;
        }
    }
    assert!(seen >= 4, "{seen} messages");
}

/// Captured messages with a few octets that are not theirs: an error, or a message that is read again as it was written.
#[test]
fn broken_messages_are_refused_or_mean_what_is_written_of_them() {
    let settings = BinarySession {
        limits: Limits::SOAP,
        compression: Compression::None,
        max_session_size: 2048,
    };
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let (mut read, mut refused) = (0, 0);
    for session in sessions(scenarios("wcf-tcp"), "binary with session") {
        let mut decoder = settings.decoder();
        for Framed { scenario, id, octets, .. } in session {
            for _ in 0..24 {
                let mut octets = octets.clone();
                for _ in 0..=random(3) {
                    if octets.is_empty() {
                        break;
                    }
                    let at = random(octets.len());
                    match random(4) {
                        0 => octets[at] ^= 1 << random(8),
                        1 => octets[at] = random(256) as u8,
                        2 => octets.insert(at, random(256) as u8),
                        _ => drop(octets.splice(at..(at + random(4)).min(octets.len()), [])),
                    }
                }
                let Ok(message) = decoder.clone().read("", &octets) else {
                    refused += 1;
                    continue;
                };
                read += 1;
                let written = settings.encoder().write(&message, &mut NoRandom).octets;
                let again = settings.decoder().read("", &written);
                let again = again.unwrap_or_else(|e| panic!("{scenario} {id}: {e}: {octets:02X?}"));
                assert_eq!(infoset(&again), infoset(&message), "{scenario} {id}: {octets:02X?}");
            }
            if decoder.read("", &octets).is_err() {
                break;
            }
        }
    }
    assert!(read > 1000 && refused > 1000, "{read} were read, {refused} refused");
}
