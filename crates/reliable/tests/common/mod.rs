//! Captured scenarios and a comparison of messages by structure.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its part")]

pub mod names;

use std::io::Read as _;

use waxwing_reliable::ReliableMessagingVersion;
use waxwing_soap::Envelope;
use waxwing_xml::{Element, Limits};

/// One captured message.
pub struct Captured {
    /// `002-request`, `002-response`, …
    pub name: String,
    /// HTTP status of a response.
    pub status: Option<u16>,
    /// Milliseconds since midnight.
    pub millis: Option<u64>,
    /// The message in the clear; None for an empty one.
    pub text: Option<String>,
}

impl Captured {
    pub fn is_request(&self) -> bool {
        self.name.ends_with("-request")
    }

    /// Whether the recorder had a hand in it when the run was over (`after-close-002-response`).
    pub fn is_afterwards(&self) -> bool {
        !self.name.starts_with(|first: char| first.is_ascii_digit())
    }

    pub fn is_response(&self) -> bool {
        self.name.contains("-response")
    }

    pub fn envelope(&self) -> Option<Envelope> {
        Envelope::parse(self.text.as_ref()?.as_bytes(), &Limits::SOAP).ok()
    }
}

/// Every scenario of WCF.
pub fn scenarios() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/wcf");
    let names = std::fs::read_dir(folder).expect("testdata/wcf").filter_map(|entry| {
        let name = entry.ok()?.file_name().into_string().ok()?;
        Some(name.strip_suffix(".json.gz")?.to_owned())
    });
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

/// The messages of a scenario, decrypted where they were encrypted.
#[allow(clippy::disallowed_methods, reason = "tests read their data")]
pub fn scenario(name: &str) -> Vec<Captured> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/wcf");
    let file = std::fs::read(format!("{folder}/{name}.json.gz")).expect(name);
    let mut text = String::new();
    flate2::read::GzDecoder::new(&file[..]).read_to_string(&mut text).expect(name);
    let json: serde_json::Value = serde_json::from_str(&text).expect(name);
    let list = |name: &str| json[name].as_array().into_iter().flatten();
    list("messages")
        .chain(list("afterwards"))
        .map(|message| {
            let id = message["name"].as_str().expect("name");
            let plain = json["plain"][id].as_str().or(message["body"].as_str());
            Captured {
                name: id.to_owned(),
                status: message["status"].as_u64().and_then(|s| u16::try_from(s).ok()),
                millis: message["captured_at"].as_str().map(millis),
                text: plain.filter(|t| !t.is_empty()).map(str::to_owned),
            }
        })
        .collect()
}

/// `2026-11-23T12:35:51.148Z` as milliseconds since midnight.
fn millis(stamp: &str) -> u64 {
    let time = stamp.split('T').nth(1).expect("a time").trim_end_matches('Z');
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let mut parts = clock.split(':').map(|p| p.parse::<u64>().expect("a number"));
    let (h, m, s) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
    let fraction = format!("{fraction:0<3}")[..3].parse::<u64>().expect("milliseconds");
    ((h * 60 + m) * 60 + s) * 1000 + fraction
}

pub fn version_of(messages: &[Captured]) -> Option<ReliableMessagingVersion> {
    use ReliableMessagingVersion::{February2005, V11};
    let contains = |version: ReliableMessagingVersion| {
        let namespace = version.namespace();
        messages.iter().any(|m| m.text.as_ref().is_some_and(|t| t.contains(namespace)))
    };
    [V11, February2005].into_iter().find(|v| contains(*v))
}

/// A message as lines: element order, prefixes, namespaces, attributes, text. Security's own header and
/// identifiers are left out, qualified names in content are resolved.
pub fn structure(envelope: &Envelope) -> Vec<String> {
    let mut lines = Vec::new();
    describe(envelope.document().root(), 0, &mut lines);
    lines
}

/// The same without the prefixes of elements.
pub fn structure_without_prefixes(envelope: &Envelope) -> Vec<String> {
    let bare = |line: String| {
        let (indent, rest) = line.split_at(line.len() - line.trim_start().len());
        let (name, rest) = rest.split_once(' ').expect("a name and more");
        let local = name.split_once(':').map_or(name, |(_, local)| local);
        format!("{indent}{local} {rest}")
    };
    structure(envelope).into_iter().map(bare).collect()
}

fn describe(element: Element<'_>, depth: usize, lines: &mut Vec<String>) {
    if element.local_name() == "Security" {
        return;
    }
    let mut attributes: Vec<_> = element
        .attributes()
        .filter(|a| a.name().local != "Id")
        .map(|a| match element.resolve_qname(a.value()).filter(|_| a.name().local == "qname") {
            Some((namespace, local)) => format!("@qname={{{namespace}}}{local}"),
            None => format!("@{{{}}}{}={}", a.name().namespace, a.name().local, a.value()),
        })
        .collect();
    attributes.sort();
    let text = element.text();
    let text = match element.resolve_qname(text.trim()) {
        Some((namespace, local)) if element.local_name() == "Value" => {
            format!("{{{namespace}}}{local}")
        }
        _ => text.into_owned(),
    };
    let name = element.qualified_name();
    lines.push(format!(
        "{:indent$}{name} {{{}}} {attributes:?} {text:?}",
        "",
        element.namespace(),
        indent = depth * 2
    ));
    for child in element.elements() {
        describe(child, depth + 1, lines);
    }
}
