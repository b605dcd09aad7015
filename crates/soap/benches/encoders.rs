//! What a message costs on its way: written and read again, by each encoding, for the same envelope.
//!
//! `cargo bench -p waxwing-soap --bench encoders` prints the time of each.

#![allow(clippy::disallowed_methods)] // benchmarks read files

use std::io::Read;

use divan::Bencher;
use waxwing_soap::encoder::{
    Binary, BinarySession, Compression, Decoder, Encoded, Encoder, Mtom, Text,
};
use waxwing_soap::{Envelope, RandomSource, SoapVersion};
use waxwing_xml::{Limits, Name, Value};

fn main() {
    divan::main();
}

/// Boundaries of MIME parts need not be secret here.
struct Fixed;

impl RandomSource for Fixed {
    fn fill(&mut self, octets: &mut [u8]) {
        octets.fill(7);
    }
}

/// A captured call without security, a call inside a reliable session with message security (as it is on the wire, and
/// decrypted), a list of 1000 numbers, and 100 KB of octets.
const MESSAGES: [&str; 6] = ["plain", "reliable", "secured", "decrypted", "numbers", "octets"];

fn captured(folder: &str, scenario: &str, list: &str, name: &str) -> String {
    let path = format!("{}/../../testdata/{folder}/{scenario}.json.gz", env!("CARGO_MANIFEST_DIR"));
    let packed = std::fs::File::open(path).expect("the capture is there");
    let mut json = String::new();
    flate2::read::GzDecoder::new(packed).read_to_string(&mut json).expect("gzip");
    let scenario: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let message = match list {
        "messages" => {
            let mut messages = scenario["messages"].as_array().expect("messages").iter();
            &messages.find(|m| m["name"] == name).expect("it is there")["body"]
        }
        list => &scenario[list][name],
    };
    message.as_str().expect("text").to_owned()
}

/// The message as the layers above give it: built from text, but with values where a program would have put values.
fn message(name: &str) -> Envelope {
    let text = match name {
        "plain" => captured("wcf-binary", "nethttp", "decoded", "001-request"),
        "reliable" => captured("wcf-binary", "nethttps-rm", "decoded", "002-request"),
        "secured" => captured("wcf", "rm10-sc-cert", "messages", "004-request"),
        "decrypted" => captured("wcf", "rm10-sc-cert", "plain", "004-request"),
        _ => captured("wcf-binary", "nethttp", "decoded", "001-request"),
    };
    let mut envelope = Envelope::parse(text, &Limits::SOAP).expect("an envelope");
    let payload = envelope.payload().map(|payload| payload.id());
    let Some(payload) = payload else { return envelope };
    let namespace = "http://Microsoft.ServiceModel.Samples";
    let document = envelope.document_mut();
    let (items, octets) = match name {
        "numbers" => (1000, 0),
        "octets" => (0, 100_000),
        "secured" => return envelope,
        _ => {
            // The parameters of a call are numbers.
            let parameters: Vec<_> = document
                .element(payload)
                .elements()
                .filter_map(|e| Some((e.id(), e.text().parse::<f64>().ok()?)))
                .collect();
            for (parameter, value) in parameters {
                document.clear(parameter);
                document.append_value(parameter, Value::Double(value));
            }
            return envelope;
        }
    };
    document.clear(payload);
    for number in 0..items {
        let item = document.append_element(payload, Name::new("", "double", namespace));
        document.append_item_value(item, Value::Double(f64::from(number) * 1.37));
    }
    if octets > 0 {
        let data = document.append_element(payload, Name::new("", "data", namespace));
        let octets: Vec<u8> = (0..octets).map(|at: u32| (at * 7 % 251) as u8).collect();
        document.append_value(data, Value::Octets(&octets));
    }
    envelope
}

fn there_and_back(envelope: &Envelope, mut codec: impl Encoder + Decoder) -> Envelope {
    let Encoded { content_type, octets } = codec.write(envelope, &mut Fixed);
    codec.read(&content_type, &octets).expect("it is read")
}

const TEXT: Text = Text { version: SoapVersion::Soap12, limits: Limits::SOAP };
const BINARY: Binary = Binary { limits: Limits::SOAP, compression: Compression::None };
const SESSION: BinarySession =
    BinarySession { limits: Limits::SOAP, compression: Compression::None, max_session_size: 2048 };

#[divan::bench(args = MESSAGES)]
fn a_text(bencher: Bencher, name: &str) {
    let envelope = message(name);
    bencher.bench_local(|| there_and_back(&envelope, TEXT));
}

#[divan::bench(args = MESSAGES)]
fn b_binary(bencher: Bencher, name: &str) {
    let envelope = message(name);
    bencher.bench_local(|| there_and_back(&envelope, BINARY));
}

/// Messages of a session that goes on: names are known.
#[divan::bench(args = MESSAGES)]
fn c_binary_session(bencher: Bencher, name: &str) {
    let envelope = message(name);
    let (mut encoder, mut decoder) = (SESSION.encoder(), SESSION.decoder());
    bencher.bench_local(|| {
        let Encoded { content_type, octets } = encoder.write(&envelope, &mut Fixed);
        decoder.read(&content_type, &octets).expect("it is read")
    });
}

#[divan::bench(args = MESSAGES)]
fn d_mtom(bencher: Bencher, name: &str) {
    let envelope = message(name);
    bencher.bench_local(|| {
        there_and_back(&envelope, Mtom { version: SoapVersion::Soap12, limits: Limits::SOAP })
    });
}

#[divan::bench(args = MESSAGES)]
fn write_text(bencher: Bencher, name: &str) {
    let envelope = message(name);
    bencher.bench_local(|| TEXT.clone().write(&envelope, &mut Fixed));
}

#[divan::bench(args = MESSAGES)]
fn write_binary(bencher: Bencher, name: &str) {
    let envelope = message(name);
    bencher.bench_local(|| BINARY.clone().write(&envelope, &mut Fixed));
}

#[divan::bench(args = MESSAGES)]
fn read_text(bencher: Bencher, name: &str) {
    let encoded = TEXT.clone().write(&message(name), &mut Fixed);
    bencher.bench_local(|| TEXT.clone().read(&encoded.content_type, &encoded.octets));
}

#[divan::bench(args = MESSAGES)]
fn read_binary(bencher: Bencher, name: &str) {
    let encoded = BINARY.clone().write(&message(name), &mut Fixed);
    bencher.bench_local(|| BINARY.clone().read(&encoded.content_type, &encoded.octets));
}
