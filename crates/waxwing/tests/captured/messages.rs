//! Messages of HTTP as they were captured.

use std::io::Read as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use waxwing_soap::encoder::{Binary, Compression, Decoder, Mtom, Text};
use waxwing_soap::{Envelope, SoapVersion};
use waxwing_xml::Limits;

/// The file of a scenario.
pub fn packed(folder: &str, name: &str) -> serde_json::Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(format!("../../testdata/{folder}/{name}.json.gz"));
    let mut text = String::new();
    let file = std::fs::File::open(&path).unwrap_or_else(|e| panic!("{path:?}: {e}"));
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// A captured message.
#[derive(Clone)]
pub struct Message {
    pub content_type: String,
    pub octets: Vec<u8>,
}

impl Message {
    /// One of a scenario's messages; none where nothing was in the body.
    pub fn read(message: &serde_json::Value) -> Option<Self> {
        let octets = match (message["body_base64"].as_str(), message["body"].as_str()) {
            (Some(base64), _) => STANDARD.decode(base64).unwrap(),
            (None, text) => text.unwrap_or_default().as_bytes().to_vec(),
        };
        let content_type = message["content_type"].as_str().unwrap_or_default().to_owned();
        (!octets.is_empty()).then_some(Self { content_type, octets })
    }
}

fn binary() -> Binary {
    Binary { limits: Limits::SOAP, compression: Compression::None }
}

/// A message as text.
pub fn text_of(message: &Message) -> String {
    String::from_utf8(envelope_of(message).to_bytes()).unwrap()
}

pub fn envelope_of(message: &Message) -> Envelope {
    let Message { content_type, octets } = message;
    let limits = Limits::SOAP;
    let version = match content_type.starts_with("text/xml") {
        true => SoapVersion::Soap11,
        false => SoapVersion::Soap12,
    };
    let envelope = match content_type.split(';').next().unwrap() {
        "application/soap+msbin1" => binary().read(content_type, octets),
        "multipart/related" => Mtom { version, limits }.read(content_type, octets),
        _ => Text { version, limits }.read(content_type, octets),
    };
    envelope.unwrap_or_else(|error| panic!("{content_type}: {error}"))
}

/// The captured process has no language: WCF says that in SOAP 1.2, and nothing in SOAP 1.1.
pub fn without_language(text: &str) -> String {
    let text = text.replace("<faultstring xml:lang=\"en-US\">", "<faultstring>");
    text.replace("xml:lang=\"en-US\"", "xml:lang=\"\"")
}
