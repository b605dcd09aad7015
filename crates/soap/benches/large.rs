//! Large messages: one string, many elements, and octets, in each encoding, from the program's value to octets and back.
//!
//! `cargo bench -p waxwing-soap --bench large` prints MB of content a second (the best of some rounds) for 1 and for 10 MB:
//! work that grew faster than the message would show as a lower number for the larger one. `… --bench large -- ENCODING
//! CONTENT MB` does one of them once and prints the most memory that the process had (Linux).

#![allow(clippy::disallowed_methods)] // benchmarks measure time, and read /proc

mod common;

use std::time::{Duration, Instant};

use common::{BINARY, Fixed, TEXT};
use waxwing_soap::encoder::{Decoder, Encoded, Encoder, Mtom};
use waxwing_soap::{AddressingVersion, Envelope, MessageVersion, SoapVersion};
use waxwing_xml::{Element, Exclusive, Limits, Name, Sink, Value, canonicalize};

const ROUNDS: usize = 12;
const CONTENTS: [&str; 3] = ["string", "elements", "octets"];
const ENCODINGS: [&str; 3] = ["text", "mtom", "binary"];

/// What the program sends.
enum Content {
    Text(String),
    Elements(usize),
    Octets(Vec<u8>),
}

fn content(name: &str, size: usize) -> Content {
    let words = "Some words of a report, <none> of them long & few of them odd. ";
    match name {
        "string" => Content::Text(words.repeat(size / words.len())),
        // An element with its tags has about so many octets as text.
        "elements" => Content::Elements(size / 30),
        _ => Content::Octets((0..size).map(|at| (at * 7 % 251) as u8).collect()),
    }
}

fn envelope(content: &Content) -> Envelope {
    let version =
        MessageVersion { soap: SoapVersion::Soap12, addressing: AddressingVersion::Addressing10 };
    let mut envelope = Envelope::new(version);
    let namespace = "urn:reports";
    let payload = envelope.append_body_element(Name::new("", "Report", namespace));
    let document = envelope.document_mut();
    match content {
        Content::Text(text) => document.append_text(payload, text),
        Content::Octets(octets) => document.append_value(payload, Value::Octets(octets)),
        Content::Elements(count) => {
            for number in 0..*count {
                let row = document.append_element(payload, Name::new("", "row", namespace));
                document.append_value(row, Value::Int32(1_000_000 + number as i32));
            }
        }
    }
    envelope
}

/// What the program gets: how long it is.
fn received(envelope: &Envelope) -> usize {
    let payload = envelope.payload().expect("it has one");
    match payload.value() {
        Some(Value::Octets(octets)) => octets.to_vec().len(),
        _ if payload.first_element().is_some() => payload.elements().map(number).sum(),
        _ => payload.text().into_owned().len(),
    }
}

/// The number of a row, made of text where the encoding has only that; how long it is does not matter.
fn number(row: Element<'_>) -> usize {
    match row.value() {
        Some(Value::Int32(number)) => number as usize,
        Some(Value::Int64(number)) => number as usize,
        _ => row.text().parse().expect("a number"),
    }
}

/// Counts canonical octets: what a digest costs is its own.
struct Count(usize);

impl Sink for Count {
    fn write(&mut self, octets: &[u8]) {
        self.0 += std::hint::black_box(octets).len();
    }
}

fn codec(name: &str) -> (Box<dyn Encoder>, Box<dyn Decoder>) {
    let limits = Limits { max_nodes: 64 << 20, ..Limits::SOAP };
    let mtom = Mtom { version: SoapVersion::Soap12, limits };
    let mut binary = BINARY;
    binary.limits = limits;
    match name {
        "text" => (Box::new(TEXT), Box::new(TEXT)),
        "mtom" => (Box::new(mtom), Box::new(mtom)),
        _ => (Box::new(binary), Box::new(binary)),
    }
}

/// The time that this process has had of a processor, where the system tells (Linux): others may have the rest.
fn spent() -> Option<Duration> {
    let status = std::fs::read_to_string("/proc/self/schedstat").ok()?;
    Some(Duration::from_nanos(status.split(' ').next()?.parse().ok()?))
}

/// What takes longer than this is measured in time of a processor, which the system counts in pieces of some milliseconds.
const LONG: Duration = Duration::from_millis(25);

/// The best time of a step.
fn best<T>(best: &mut Duration, step: impl FnOnce() -> T) -> T {
    let (begin, began) = (spent(), Instant::now());
    let result = step();
    let elapsed = began.elapsed();
    let spent = spent().zip(begin).filter(|_| elapsed > LONG).map(|(end, begin)| end - begin);
    *best = spent.unwrap_or(elapsed).min(*best);
    result
}

fn round(content: &Content, encoding: &str, times: &mut [Duration; 4]) {
    let [build, write, read, canonical] = times;
    let (mut encoder, mut decoder) = codec(encoding);
    let envelope = best(build, || envelope(content));
    let Encoded { content_type, octets } = best(write, || encoder.write(&envelope, &mut Fixed));
    drop(envelope);
    let back = best(read, || {
        let back = decoder.read(&content_type, &octets).expect("it is read");
        assert!(received(&back) > 0);
        back
    });
    best(canonical, || {
        let mut count = Count(0);
        canonicalize(back.body(), &Exclusive::default(), &mut count);
        count.0
    });
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    if let [encoding, name, size] = &arguments[..] {
        let size: usize = size.parse().expect("a number");
        round(&content(name, size << 20), encoding, &mut [Duration::MAX; 4]);
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
        return println!("{encoding} {name} {size} MB: {peak}");
    }
    println!("MB/s                    size      build      write       read  canonical");
    for name in CONTENTS {
        for encoding in ENCODINGS {
            for size in [1, 10] {
                let content = content(name, size << 20);
                let mut times = [Duration::MAX; 4];
                for _ in 0..ROUNDS {
                    round(&content, encoding, &mut times);
                }
                let [build, write, read, canonical] =
                    times.map(|time| size as f64 * 1.048_576 / time.as_secs_f64());
                println!(
                    "{name:10} {encoding:8} {size:5} MB {build:10.0} {write:10.0} {read:10.0} {canonical:10.0}"
                );
            }
        }
    }
}
