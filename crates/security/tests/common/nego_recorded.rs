//! Captured exchanges of a WCF client and service, and ends that go through them again: the same time,
//! randomness and TLS records.
#![allow(dead_code, unreachable_pub)]
#![allow(clippy::disallowed_methods, reason = "tests read their data")]

#[path = "nego_engine.rs"]
mod engine;
#[path = "nego_pieces.rs"]
mod pieces;

use std::collections::VecDeque;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use waxwing_crypto::Certificate;
use waxwing_security::negotiation::{NegotiationError, TlsEngine, TlsEngines};
use waxwing_soap::RandomSource;

use self::engine::RecordedEngine;
#[allow(unused_imports, reason = "not every test reads everything")]
pub use self::pieces::{
    action, created, envelope, guid, guid_at, hex, labelled, octets_of, plain, records_of, text,
    texts_of, unhex, vectors,
};
use super::nego::Seeded;
use super::nego_tls::Hellos;

/// One request and its answer.
pub struct Exchange {
    pub name: String,
    pub at: Timestamp,
    /// What the client sent.
    pub sent: String,
    /// What the service got.
    pub got: String,
    /// What the service answered; for an exchange that was repeated every answer of the service.
    pub answers: Vec<String>,
    pub status: u64,
}

impl Exchange {
    pub fn action(&self) -> String {
        action(&self.sent)
    }

    pub fn answer(&self) -> &str {
        &self.answers[0]
    }
}

/// A captured scenario.
pub struct Scenario {
    pub name: String,
    pub readme: String,
    pub exchanges: Vec<Exchange>,
    /// What the service answered when the run was over and the recorder sent again: by name
    /// (`after-close-003-response`), status and message.
    pub afterwards: Vec<(String, u64, String)>,
    pub keys_client: String,
    pub keys_service: String,
    plain: serde_json::Value,
}

pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata/wcf")
}

/// The names of all scenarios that pass the filter.
pub fn names(filter: impl Fn(&str) -> bool) -> Vec<String> {
    let entries = std::fs::read_dir(folder()).unwrap();
    let names = entries.map(|e| e.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> =
        names.filter_map(|n| n.strip_suffix(".json.gz").map(str::to_owned)).collect();
    names.retain(|name| filter(name));
    names.sort();
    names
}

impl Scenario {
    pub fn load(name: &str) -> Self {
        let file = std::fs::File::open(folder().join(format!("{name}.json.gz"))).unwrap();
        let mut text = String::new();
        flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let text = |key: &str| json[key].as_str().unwrap_or_default().to_owned();
        let mut exchanges: Vec<Exchange> = Vec::new();
        for message in json["messages"].as_array().unwrap() {
            let file = message["name"].as_str().unwrap();
            let body = body(message);
            let number = &file[..3];
            if file.ends_with("-request") {
                let at = message["captured_at"].as_str().unwrap().parse().unwrap();
                let (name, answers) = (number.to_owned(), Vec::new());
                let got = body.clone();
                exchanges.push(Exchange { name, at, sent: body, got, answers, status: 0 });
                continue;
            }
            let exchange = exchanges.iter_mut().find(|e| e.name == number).unwrap();
            match &file[4..] {
                "request-altered" => exchange.got = body,
                "response" => {
                    exchange.status = message["status"].as_u64().unwrap();
                    exchange.answers.insert(0, body);
                }
                "response-to-duplicate" => exchange.answers.push(body),
                other => panic!("{name}: {other}"),
            }
        }
        let afterwards = json["afterwards"].as_array().into_iter().flatten().map(|message| {
            let name = message["name"].as_str().unwrap().to_owned();
            (name, message["status"].as_u64().unwrap(), body(message))
        });
        let afterwards = afterwards.collect();
        Self {
            name: name.to_owned(),
            readme: text("readme"),
            exchanges,
            afterwards,
            keys_client: text("keys_client"),
            keys_service: text("keys_service"),
            plain: json["plain"].clone(),
        }
    }

    /// What the service answered to something that was sent again when the run was over.
    pub fn answer_afterwards(&self, name: &str) -> (u64, &str) {
        let found = self.afterwards.iter().find(|(found, ..)| found == name);
        let (_, status, body) = found.unwrap_or_else(|| panic!("{}: no {name}", self.name));
        (*status, body)
    }

    /// The decrypted form of a message (`005-request`).
    pub fn plain(&self, message: &str) -> Option<&str> {
        self.plain[message].as_str()
    }

    pub fn is_newer_dialect(&self) -> bool {
        self.exchanges[0].sent.contains("http://docs.oasis-open.org/ws-sx/ws-trust/200512")
    }

    /// The negotiations of the scenario, in their order.
    pub fn negotiations(&self) -> Vec<Negotiation> {
        let mut found: Vec<Negotiation> = Vec::new();
        for exchange in &self.exchanges {
            let action = exchange.action();
            if exchange.sent.contains("<o:Security ") {
                continue;
            }
            if action.ends_with("/RST/Issue") {
                found.push(Negotiation::default());
            } else if !action.ends_with("/RSTR/Issue") {
                continue;
            }
            let negotiation = found.last_mut().unwrap();
            negotiation.client.extend(records_of(&exchange.sent, "BinaryExchange"));
            if let Some(answer) = exchange.answers.first() {
                negotiation.server.push(records_of(answer, "BinaryExchange").unwrap_or_default());
                if let Some(record) = records_of(answer, "CipherValue") {
                    negotiation.proof = Some(record);
                }
            }
        }
        let secrets = labelled(&self.keys_service, "AUTH-HASH");
        let mut earlier = Hellos::default();
        for (at, negotiation) in found.iter_mut().enumerate() {
            negotiation.key = secrets.get(at).map(|(secret, ..)| secret.clone());
            let mut hellos = Hellos::read(&negotiation.client, &negotiation.server);
            // A resumed session keeps the certificates.
            if hellos.server_certificates.is_empty() {
                hellos.server_certificates = earlier.server_certificates.clone();
                hellos.client_certificates = earlier.client_certificates.clone();
            }
            let random = hex(&hellos.client_random);
            let line = self.keys_service.lines().find_map(|line| {
                line.strip_prefix("CLIENT_RANDOM ")?.strip_prefix(random.as_str())
            });
            negotiation.master = line.map(|line| unhex(line.trim()));
            earlier = hellos.clone();
            negotiation.hellos = hellos;
        }
        found
    }
}

/// One negotiation: the flights as they were.
#[derive(Debug, Clone, Default)]
pub struct Negotiation {
    pub client: Vec<Vec<u8>>,
    pub server: Vec<Vec<u8>>,
    /// The record in the proof token.
    pub proof: Option<Vec<u8>>,
    /// The key in it, as the keys file has it.
    pub key: Option<Vec<u8>>,
    /// The TLS master secret, where it was recorded.
    pub master: Option<Vec<u8>>,
    pub hellos: Hellos,
}

impl Negotiation {
    /// The key in the proof record, opened by the master secret.
    pub fn open(&self) -> Option<Vec<u8>> {
        self.hellos.open(self.master.as_ref()?, &self.server, self.proof.as_ref()?)
    }
}

/// An end of TLS that says again what it said when it was recorded, provided that it hears the same.
pub struct Recorded {
    pub negotiations: Vec<Negotiation>,
    /// Which of them the next engine repeats; beyond the end the last one.
    pub at: Arc<AtomicUsize>,
    pub client: bool,
}

impl TlsEngines for Recorded {
    fn engine(&self) -> Result<Box<dyn TlsEngine>, NegotiationError> {
        let at = self.at.load(Ordering::Relaxed).min(self.negotiations.len() - 1);
        let negotiation = self.negotiations[at].clone();
        let hellos = &negotiation.hellos;
        let (own, peer, certificates) = match self.client {
            true => (&negotiation.client, &negotiation.server, &hellos.server_certificates),
            false => (&negotiation.server, &negotiation.client, &hellos.client_certificates),
        };
        let certificates =
            certificates.iter().map(|der| Certificate::from_der(der).unwrap()).collect();
        let peer = peer.iter().filter(|flight| !flight.is_empty()).cloned().collect();
        let own = own.iter().cloned().collect();
        let (started, heard) = (!self.client, 0);
        let (proof, key) = (negotiation.proof.clone(), negotiation.open().or(negotiation.key));
        Ok(Box::new(RecordedEngine { own, peer, started, certificates, proof, key, heard }))
    }
}

/// Randomness from a recording, piece by piece; a piece of another length than asked for is an error.
/// After the last piece it goes on by a seed.
pub struct Script {
    pieces: VecDeque<Vec<u8>>,
    rest: Seeded,
}

impl Script {
    pub fn new(pieces: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self { pieces: pieces.into_iter().collect(), rest: Seeded(99) }
    }

    pub fn is_used_up(&self) -> bool {
        self.pieces.is_empty()
    }
}

impl RandomSource for Script {
    fn fill(&mut self, octets: &mut [u8]) {
        match self.pieces.pop_front() {
            Some(piece) => {
                assert_eq!(piece.len(), octets.len(), "{} pieces left", self.pieces.len());
                octets.copy_from_slice(&piece);
            }
            None => self.rest.fill(octets),
        }
    }
}

/// The text of a message; a multipart one (MTOM) with its parts put in their places.
fn body(message: &serde_json::Value) -> String {
    let raw = match (message["body"].as_str(), message["body_base64"].as_str()) {
        (Some(text), _) => text.as_bytes().to_vec(),
        (None, Some(encoded)) => STANDARD.decode(encoded).unwrap(),
        (None, None) => Vec::new(),
    };
    let content_type = message["content_type"].as_str().unwrap_or_default();
    let Some((_, rest)) = content_type.split_once("boundary=\"") else {
        return String::from_utf8(raw).unwrap();
    };
    let boundary = format!("\r\n--{}", rest.split('"').next().unwrap());
    let mut parts = split(&raw, boundary.as_bytes()).into_iter().skip(1).filter_map(|part| {
        let at = find(part, b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&part[..at]).into_owned();
        let id = head.split("Content-ID: <").nth(1)?.split('>').next()?.to_owned();
        Some((id, &part[at + 4..]))
    });
    let mut text = String::from_utf8(parts.next().unwrap().1.to_vec()).unwrap();
    for (id, octets) in parts {
        let id = id.replace('/', "%2F").replace(':', "%3A");
        let start = text.find("<xop:Include").unwrap();
        let end = start + text[start..].find("/>").unwrap() + 2;
        assert!(text[start..end].contains(&id) || text[start..end].contains("cid:"), "{id}");
        text.replace_range(start..end, &STANDARD.encode(octets));
    }
    text
}

fn find(octets: &[u8], what: &[u8]) -> Option<usize> {
    octets.windows(what.len()).position(|window| window == what)
}

fn split<'a>(octets: &'a [u8], by: &[u8]) -> Vec<&'a [u8]> {
    let (mut rest, mut found) = (octets, Vec::new());
    while let Some(at) = find(rest, by) {
        found.push(&rest[..at]);
        rest = &rest[at + by.len()..];
    }
    found.push(rest);
    found
}
