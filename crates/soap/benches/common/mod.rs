//! The messages whose encodings are measured.

#![allow(clippy::disallowed_methods)] // benchmarks read files
#![allow(dead_code)] // not every benchmark uses all of it

use std::io::Read;

use waxwing_soap::encoder::{Binary, BinarySession, Compression, Decoder, Encoded, Encoder, Text};
use waxwing_soap::{Envelope, RandomSource, SoapVersion};
use waxwing_xml::{Limits, Name, Value};

/// Boundaries of MIME parts need not be secret here.
pub(crate) struct Fixed;

impl RandomSource for Fixed {
    fn fill(&mut self, octets: &mut [u8]) {
        octets.fill(7);
    }
}

/// A captured call without security, a call inside a reliable session with message security (as it is on the wire, and
/// decrypted), a list of 1000 numbers, 10 KB of octets, and 100 KB of them.
pub(crate) const MESSAGES: [&str; 7] =
    ["plain", "reliable", "secured", "decrypted", "numbers", "kilobytes", "octets"];

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
pub(crate) fn message(name: &str) -> Envelope {
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
        "kilobytes" => (0, 10_000),
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

/// Written, read, and done with: its buffers serve the next, as those of messages do.
pub(crate) fn there_and_back(
    envelope: &Envelope,
    encoder: &mut impl Encoder,
    decoder: &mut impl Decoder,
) {
    let Encoded { content_type, octets } = encoder.write(envelope, &mut Fixed);
    drop(decoder.read(&content_type, &octets).expect("it is read"));
}

pub(crate) const TEXT: Text = Text { version: SoapVersion::Soap12, limits: Limits::SOAP };
pub(crate) const BINARY: Binary = Binary { limits: Limits::SOAP, compression: Compression::None };
pub(crate) const SESSION: BinarySession =
    BinarySession { limits: Limits::SOAP, compression: Compression::None, max_session_size: 2048 };
