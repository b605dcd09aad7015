//! What a message costs: parse, and parse with the digests of all its signed parts.
//!
//! `cargo bench -p waxwing-xml` prints the time of each and the throughput in bytes of the message.

use std::collections::HashMap;
use std::io::Read;

use divan::Bencher;
use divan::counter::BytesCount;
use sha1::{Digest, Sha1};
use waxwing_xml::{Document, Element, Exclusive, Limits, Sink, canonicalize};

const UTILITY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";

fn main() {
    divan::main();
}

/// The sizes of the plan: a usual message, one with 100 KB of rows in the body, one of 5 MB.
const SIZES: [usize; 3] = [7_000, 108_000, 5_200_000];

/// A captured call of WCF inside a secure reliable session (decrypted), its body filled with rows
/// up to `size` bytes.
fn message(size: usize) -> String {
    let packed = include_bytes!("../../../testdata/wcf/rm10-sc-cert.json.gz");
    let mut json = String::new();
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_string(&mut json).expect("gzip");
    let scenario: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let plain = scenario["plain"]["004-request"].as_str().expect("the message is there");
    let (head, tail) = plain.split_at(plain.find("</Subtract>").expect("the body is there"));
    let mut text = head.to_owned();
    let mut row = 0;
    while text.len() + tail.len() < size {
        row += 1;
        let line =
            format!("<row id=\"{row}\"><name>item {row}</name><price>{row}.99</price></row>");
        text.push_str(&line);
    }
    text + tail
}

fn wide(attributes: usize) -> String {
    let mut text = String::from("<a");
    for i in 0..attributes {
        text.push_str(&format!(" a{i}=\"\""));
    }
    text + "/>"
}

struct Hash(Sha1);

impl Sink for Hash {
    fn write(&mut self, octets: &[u8]) {
        self.0.update(octets);
    }
}

fn digest(element: Element<'_>) -> [u8; 20] {
    let mut hash = Hash(Sha1::new());
    canonicalize(element, &Exclusive::default(), &mut hash);
    hash.0.finalize().into()
}

/// The digests of the ten parts: the eight that WCF signed, `SignedInfo` and the signature.
fn digest_parts(document: &Document) -> u8 {
    let mut sum = 0;
    let mut ids = HashMap::with_capacity(16);
    let mut references = Vec::with_capacity(8);
    let header = document.root().elements().next().expect("header");
    for part in document.root().elements().chain(header.elements()) {
        if let Some(id) = part.attribute_ns(UTILITY, "Id") {
            ids.insert(id, part);
        }
        if part.local_name() != "Security" {
            continue;
        }
        for token in part.elements() {
            if let Some(id) = token.attribute_ns(UTILITY, "Id") {
                ids.insert(id, token);
            }
            if token.local_name() == "Signature" {
                let info = token.first_element().expect("SignedInfo");
                sum ^= digest(token)[0] ^ digest(info)[0];
                let found = info.elements().filter(|e| e.local_name() == "Reference");
                references.extend(found.filter_map(|e| e.attribute("URI")));
            }
        }
    }
    for uri in references {
        sum ^= digest(ids[&uri[1..]])[0];
    }
    sum
}

#[divan::bench(args = SIZES)]
fn parse(bencher: Bencher, size: usize) {
    let text = message(size);
    bencher
        .counter(BytesCount::new(text.len()))
        .with_inputs(|| text.clone().into_bytes())
        .bench_values(|bytes| Document::parse(bytes, &Limits::SOAP));
}

#[divan::bench(args = SIZES)]
fn canonicalize_and_digest(bencher: Bencher, size: usize) {
    let document = Document::parse(message(size), &Limits::SOAP).expect("well-formed");
    bencher
        .counter(BytesCount::new(document.source().len()))
        .bench_local(|| digest_parts(&document));
}

#[divan::bench(args = SIZES)]
fn parse_canonicalize_digest(bencher: Bencher, size: usize) {
    let text = message(size);
    bencher
        .counter(BytesCount::new(text.len()))
        .with_inputs(|| text.clone().into_bytes())
        .bench_values(|bytes| {
            let document = Document::parse(bytes, &Limits::SOAP).expect("well-formed");
            digest_parts(&document)
        });
}

#[divan::bench(args = SIZES)]
fn write(bencher: Bencher, size: usize) {
    let document = Document::parse(message(size), &Limits::SOAP).expect("well-formed");
    bencher.counter(BytesCount::new(document.source().len())).bench_local(|| {
        let mut out = Vec::with_capacity(document.source().len());
        document.write_to(&mut out);
        out
    });
}

#[divan::bench(args = SIZES)]
fn roxmltree_parse(bencher: Bencher, size: usize) {
    let text = message(size);
    bencher
        .counter(BytesCount::new(text.len()))
        .bench_local(|| roxmltree::Document::parse(&text).expect("well-formed").root().id());
}

/// Time per attribute must not grow: quadratic work would show as ten times the time per byte.
#[divan::bench(args = [2_000, 20_000, 200_000])]
fn parse_one_element_with_attributes(bencher: Bencher, attributes: usize) {
    let text = wide(attributes);
    let limits = Limits { max_attributes: attributes, ..Limits::SOAP };
    bencher
        .counter(BytesCount::new(text.len()))
        .with_inputs(|| text.clone().into_bytes())
        .bench_values(|bytes| Document::parse(bytes, &limits));
}
