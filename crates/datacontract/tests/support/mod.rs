//! Samples, their types, and a comparison of infosets.
#![allow(dead_code, unreachable_pub, clippy::disallowed_methods)]

pub mod types;

use std::collections::BTreeMap;
use std::io::Read as _;

use waxwing_xml::{Document, Element, Limits, Node};

/// The XML of every sample, by name.
pub fn samples() -> BTreeMap<String, String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/datacontract/samples.json.gz");
    let file = std::fs::read(path).expect(path);
    let mut text = String::new();
    flate2::read::GzDecoder::new(&file[..]).read_to_string(&mut text).expect("gzip");
    let all: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
    let all = all.as_array().expect("a list").iter();
    all.map(|sample| (text(&sample["name"]), text(&sample["xml"]).trim_end().to_owned())).collect()
}

/// A document without anything that a writer may choose: prefixes, declarations, the form of empty elements.
pub fn infoset(xml: &str) -> String {
    let document = Document::parse(xml.as_bytes(), &Limits::default()).expect(xml);
    let mut out = String::new();
    write(document.root(), &mut out);
    out
}

fn write(element: Element<'_>, out: &mut String) {
    out.push_str(&format!("<{{{}}}{}", element.namespace(), element.local_name()));
    let mut attributes: Vec<String> = element
        .attributes()
        .map(|attribute| {
            let name = attribute.name();
            let mut value = attribute.value().to_owned();
            if name.local == "type" && name.namespace.ends_with("XMLSchema-instance") {
                let (namespace, local) = element.resolve_qname(&value).expect("a declared prefix");
                value = format!("{{{namespace}}}{local}");
            }
            format!(" {{{}}}{}={value:?}", name.namespace, name.local)
        })
        .collect();
    attributes.sort();
    out.push_str(&attributes.concat());
    out.push('>');
    for node in element.children() {
        match node {
            Node::Element(child) => write(child, out),
            // A qualified name in content: `d:n` and `e:n` may be the same.
            Node::Text(text) => match element.resolve_qname(text) {
                Some((namespace, local)) if text.contains(':') => {
                    out.push_str(&format!("{{{namespace}}}{local}"));
                }
                _ => out.push_str(text),
            },
            _ => {}
        }
    }
    out.push_str("</>");
}
