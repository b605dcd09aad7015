//! Changes of a secured message that somebody on the way could make: of its text only, without keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Captured, parse};
use waxwing_xml::{Element, Span};

/// A changed message.
pub struct Mutation {
    /// What was changed: the change and the element or attribute.
    pub name: String,
    pub body: Vec<u8>,
}

/// A text under change.
struct Text<'a> {
    text: &'a str,
    found: Vec<Mutation>,
}

impl Text<'_> {
    /// Replaces a range.
    fn replace(&mut self, name: String, span: Span, with: &str) {
        let (start, end) = (span.start as usize, span.end as usize);
        let body = format!("{}{with}{}", &self.text[..start], &self.text[end..]);
        if body != self.text {
            self.found.push(Mutation { name, body: body.into_bytes() });
        }
    }

    /// Cuts a range out and puts it in at an offset outside of it.
    fn shift(&mut self, name: String, span: Span, to: u32) {
        if to > span.start && to < span.end {
            return;
        }
        let piece = &self.text[span.start as usize..span.end as usize];
        let (before, after) = (span.end.min(to), span.start.max(to));
        let body = match to <= span.start {
            true => {
                let (a, b) = self.text.split_at(to as usize);
                let end = (span.end - to) as usize;
                let start = (span.start - to) as usize;
                format!("{a}{piece}{}{}", &b[..start], &b[end..])
            }
            false => {
                let (start, to) = (span.start as usize, to as usize);
                let middle = &self.text[before as usize..after as usize];
                format!("{}{middle}{piece}{}", &self.text[..start], &self.text[to..])
            }
        };
        if body != self.text {
            self.found.push(Mutation { name, body: body.into_bytes() });
        }
    }
}

fn at(offset: u32) -> Span {
    Span { start: offset, end: offset }
}

/// The path of an element below Header or Body, with the Security header's children by their place.
fn path(element: Element<'_>) -> String {
    let mut names = vec![element.local_name().to_owned()];
    let mut parent = element.parent();
    while let Some(up) = parent.filter(|e| e.parent().is_some()) {
        names.push(up.local_name().to_owned());
        parent = up.parent();
    }
    names.reverse();
    names.join("/")
}

/// Every element removed, doubled, moved, wrapped and renamed; every attribute removed and changed; every
/// text cut and altered; every base64 value with single bits turned.
pub fn systematic(message: &Captured) -> Vec<Mutation> {
    let envelope = parse(&message.body);
    let document = envelope.document();
    let mut text = Text { text: message.text(), found: Vec::new() };
    let body = envelope.body();
    let header = envelope.header().expect("headers");
    let security = header.elements().find(|e| e.local_name() == "Security").expect("Security");
    let end_tag = |e: Element<'_>| {
        let source = document.source_of(e.span());
        e.span().start + source.rfind("</").map_or(source.len(), |i| i) as u32
    };
    let after_tag = |e: Element<'_>| {
        let source = document.source_of(e.span());
        e.span().start + source.find('>').map_or(source.len(), |i| i + 1) as u32
    };
    let places = [
        ("the end of Header", end_tag(header)),
        ("the start of Header", after_tag(header)),
        ("the start of Security", after_tag(security)),
        ("the end of Security", end_tag(security)),
        ("the start of Body", after_tag(body)),
        ("the end of Body", end_tag(body)),
    ];
    for element in document.root().descendants_and_self().skip(1) {
        let (span, name) = (element.span(), path(element));
        let source = document.source_of(span).to_owned();
        text.replace(format!("remove {name}"), span, "");
        text.replace(format!("double {name}"), at(span.end), &source);
        for (place, to) in places {
            text.shift(format!("move {name} to {place}"), span, to);
        }
        for (place, to) in places {
            if to <= span.start || to >= span.end {
                text.replace(format!("copy {name} to {place}"), at(to), &source);
            }
        }
        let wrapped = format!("<w:Wrapper xmlns:w=\"urn:wrapper\">{source}</w:Wrapper>");
        text.replace(format!("wrap {name}"), span, &wrapped);
        let sibling = "<w:Extra xmlns:w=\"urn:extra\"/>";
        text.replace(format!("add an element after {name}"), at(span.end), sibling);
        text.replace(format!("add text after {name}"), at(span.end), "text");
        let renamed = source.replace(element.local_name(), &format!("{}X", element.local_name()));
        text.replace(format!("rename {name}"), span, &renamed);
        attributes(&mut text, element, &name);
        texts(&mut text, element, &name);
    }
    text.found
}

fn attributes(text: &mut Text<'_>, element: Element<'_>, name: &str) {
    for attribute in element.attributes() {
        let (own, value) = (attribute.name_span(), attribute.value_span());
        let label = format!("{name}/@{}", attribute.name().local);
        let whole = Span { start: own.start - 1, end: value.end + 1 };
        text.replace(format!("remove {label}"), whole, "");
        text.replace(format!("empty {label}"), value, "");
        text.replace(format!("append to {label}"), at(value.end), "x");
        let other = format!(" {}=\"other\"", attribute.name().local);
        let source = text.text[whole.start as usize..whole.end as usize].to_owned();
        if attribute.name().prefix.is_empty() {
            text.replace(format!("double {label}"), at(whole.end), &source);
        } else {
            text.replace(format!("add without prefix {label}"), at(whole.end), &other);
        }
        for id in ["_0", "_1", "_2", "_7", "#_0"] {
            if attribute.name().local == "Id" || attribute.name().local == "URI" {
                text.replace(format!("set to {id} {label}"), value, id);
            }
        }
    }
}

fn texts(text: &mut Text<'_>, element: Element<'_>, name: &str) {
    let span = element.text_span();
    let value = text.text[span.start as usize..span.end as usize].to_owned();
    if value.is_empty() || element.first_element().is_some() {
        return;
    }
    let middle = value.len() / 2;
    text.replace(format!("cut the text of {name}"), span, &value[..middle]);
    text.replace(format!("empty the text of {name}"), span, "");
    text.replace(format!("append to the text of {name}"), at(span.end), "A");
    let commented = format!("{}<!-- -->{}", &value[..middle], &value[middle..]);
    text.replace(format!("comment within {name}"), span, &commented);
    let instruction = format!("{}<?pi ?>{}", &value[..middle], &value[middle..]);
    text.replace(format!("instruction within {name}"), span, &instruction);
    let octets = match element.local_name() {
        "CipherValue"
        | "DigestValue"
        | "SignatureValue"
        | "Nonce"
        | "KeyIdentifier"
        | "BinarySecurityToken" => STANDARD.decode(&value).expect("base64"),
        _ => return flipped_text(text, span, &value, name),
    };
    // Every tenth octet, and all of the first and last block.
    let last = octets.len().saturating_sub(17);
    for i in (0..octets.len()).filter(|i| *i < 17 || *i >= last || i % 10 == 0) {
        let mut flipped = octets.clone();
        flipped[i] ^= 1 << (i % 8);
        text.replace(format!("bit of octet {i} of {name}"), span, &STANDARD.encode(&flipped));
    }
    for length in [0, 1, 16, 32, octets.len() - 1] {
        let cut = STANDARD.encode(&octets[..length.min(octets.len())]);
        text.replace(format!("only {length} octets of {name}"), span, &cut);
    }
}

fn flipped_text(text: &mut Text<'_>, span: Span, value: &str, name: &str) {
    for i in [0, value.len() / 2, value.len() - 1] {
        let mut octets = value.as_bytes().to_vec();
        octets[i] ^= 1;
        let flipped = String::from_utf8(octets).expect("ASCII");
        text.replace(format!("bit of octet {i} of {name}"), span, &flipped);
    }
}

/// The message cut after a share of its octets.
pub fn truncated(message: &Captured) -> Vec<Mutation> {
    let length = message.body.len();
    let cut = |i: usize| {
        let end = length * i / 64;
        Mutation { name: format!("cut after {i}/64"), body: message.body[..end].to_vec() }
    };
    (0..64).map(cut).collect()
}

/// The message with its one signature, in clear, made anew by somebody who has the session's key: what is refused
/// then is refused for what it is, and not because the MAC is the old one. None when nothing can be signed.
pub fn resigned(mutation: &Mutation, secret: &[u8]) -> Option<Mutation> {
    let text = std::str::from_utf8(&mutation.body).ok()?;
    let envelope =
        waxwing_soap::Envelope::parse(text.to_owned(), &waxwing_xml::Limits::SOAP).ok()?;
    let all = || envelope.document().root().descendants_and_self();
    let token = all().find(|e| e.local_name() == "DerivedKeyToken")?;
    let child = |local: &str| {
        let found = token.elements().find(|e| e.local_name() == local);
        found.map(|e| e.text().trim().to_owned())
    };
    let number = |local: &str| child(local).and_then(|text| text.parse::<u64>().ok());
    let length = number("Length").unwrap_or(32);
    let offset = match number("Generation") {
        Some(generation) => generation.checked_mul(length)?,
        None => number("Offset").unwrap_or(0),
    };
    if offset + length > 4096 {
        return None;
    }
    let label = child("Label").unwrap_or_else(|| "WS-SecureConversation".repeat(2));
    let nonce = STANDARD.decode(child("Nonce")?).ok()?;
    let mut key = vec![0; (offset + length) as usize];
    waxwing_crypto::p_sha1(secret, &[label.as_bytes(), &nonce], &mut key);
    let key = key.split_off(offset as usize);
    let info = all().find(|e| e.local_name() == "SignedInfo")?;
    let mut octets = Vec::new();
    waxwing_xml::canonicalize(info, &waxwing_xml::Exclusive::default(), &mut octets);
    let algorithm = waxwing_crypto::DigestAlgorithm::Sha1;
    let mac = STANDARD.encode(waxwing_crypto::HmacKey::new(algorithm, &key).sign(&octets));
    let value = all().find(|e| e.local_name() == "SignatureValue")?.text_span();
    let (start, end) = (value.start as usize, value.end as usize);
    let body = format!("{}{mac}{}", &text[..start], &text[end..]).into_bytes();
    Some(Mutation { name: format!("{}, signed anew", mutation.name), body })
}

/// A change by replacing text, which must be there.
pub fn replaced(message: &Captured, name: &str, from: &str, to: &str) -> Mutation {
    let text = message.text();
    assert!(text.contains(from), "{name}: {from}");
    Mutation { name: name.to_owned(), body: text.replacen(from, to, 1).into_bytes() }
}
