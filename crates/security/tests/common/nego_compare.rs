//! Compares two messages structurally: what WCF made, and what we made of the same inputs.

#![allow(dead_code, unreachable_pub)]

use jiff::Timestamp;
use waxwing_soap::Envelope;
use waxwing_xml::{Element, Exclusive, Limits, Node, canonicalize};

fn envelope(text: &str) -> Envelope {
    Envelope::parse(text, &Limits::SOAP).unwrap_or_else(|e| panic!("{e}: {text}"))
}

/// Two messages differ in nothing but the numbers in identifiers, values that depend on them, what
/// OAEP draws, and the clock's thousandths.
#[track_caller]
pub fn compare(ours: &str, theirs: &str, what: &str) {
    if let Some(difference) = difference(ours, theirs, what) {
        panic!("{what} {difference}");
    }
}

/// Where two messages differ in something else.
pub fn difference(ours: &str, theirs: &str, what: &str) -> Option<String> {
    // WCF's MTOM writer chooses other prefixes; the rest must be the same.
    let mtom = what.contains("mtom").then(|| (prefix_free(ours), prefix_free(theirs)));
    let (ours, theirs) = mtom.as_ref().map_or((ours, theirs), |(a, b)| (a, b));
    // The hash is over the token's identifier too: the same when the numbers are.
    let token = |text: &str| text.split("URI=\"#uuid-").nth(1).map(|t| t[..40].to_owned());
    let renumbered = token(ours) != token(theirs);
    let (mut ours, mut theirs) = (masked(ours), masked(theirs));
    for text in [&mut ours, &mut theirs].into_iter().filter(|_| renumbered) {
        *text = between(text, "<t:CombinedHash>", "</", |_| "#".to_owned());
        *text = between(text, "<trust:CombinedHash>", "</", |_| "#".to_owned());
    }
    if ours == theirs {
        return None;
    }
    let at = ours.bytes().zip(theirs.bytes()).take_while(|(a, b)| a == b).count();
    let around = |text: &str| {
        text.get(at.saturating_sub(200)..(at + 300).min(text.len())).map(str::to_owned)
    };
    let (ours, theirs) = (around(&ours), around(&theirs));
    Some(format!("differs at {at}\nours:   {ours:?}\ntheirs: {theirs:?}"))
}

/// The same element tree with the prefixes that a name has in our own text.
fn prefix_free(text: &str) -> String {
    fn write(element: Element<'_>, out: &mut String) {
        let mut attributes: Vec<_> = element
            .attributes()
            .map(|a| format!(" {}{}=\"{}\"", a.name().namespace, a.name().local, a.value()))
            .collect();
        attributes.sort();
        let name = match (element.namespace(), element.local_name()) {
            ("http://www.w3.org/2000/09/xmldsig#", local) => local.to_owned(),
            (_, local @ ("Created" | "Expires")) => format!("u:{local}"),
            (_, "CombinedHash") => "t:CombinedHash".to_owned(),
            (namespace, local) => format!("{namespace}:{local}"),
        };
        out.push_str(&format!("<{name}{}>", attributes.concat()));
        for child in element.children() {
            match child {
                Node::Element(child) => write(child, out),
                Node::Text(text) => out.push_str(text),
                _ => {}
            }
        }
        out.push_str(&format!("</{name}>"));
    }
    let mut out = String::new();
    write(envelope(text).document().root(), &mut out);
    out
}

fn masked(text: &str) -> String {
    let mut text = numbers(text);
    for (open, close) in [
        ("<DigestValue>", "</DigestValue>"),
        ("<SignatureValue>", "</SignatureValue>"),
        ("<e:CipherValue>", "</e:CipherValue></e:CipherData></e:EncryptedKey><c:"),
        ("<e:CipherValue>", "</e:CipherValue></e:CipherData></e:EncryptedKey><sc:"),
    ] {
        text = between(&text, open, close, |_| "#".to_owned());
    }
    durations(&text)
}

/// `uuid-<guid>-<n>` without its number.
fn numbers(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("uuid-") {
        let end = at + 5 + 36;
        out.push_str(&rest[..end]);
        let after = &rest[end..];
        let digits = after
            .strip_prefix('-')
            .map_or(0, |digits| 1 + digits.bytes().take_while(u8::is_ascii_digit).count());
        out.push_str(if digits > 0 { "-#" } else { "" });
        rest = &after[digits..];
    }
    out + rest
}

fn between(text: &str, open: &str, close: &str, by: impl Fn(&str) -> String) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(open) {
        let start = start + open.len();
        let Some(length) = rest[start..].find(close) else { break };
        out.push_str(&rest[..start]);
        out.push_str(&by(&rest[start..start + length]));
        rest = &rest[start + length..];
    }
    out + rest
}

/// Created and Expires as the time between them.
fn durations(text: &str) -> String {
    between(text, "<u:Created>", "</u:Expires>", |times| {
        let (created, expires) = times.split_once("</u:Created><u:Expires>").unwrap();
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        format!("{}</u:Created><u:Expires>", time(expires).duration_since(time(created)))
    })
}

#[track_caller]
pub fn same_payload(found: &Envelope, plain: &str, what: &str) {
    let canonical = |envelope: &Envelope| {
        let mut octets = Vec::new();
        if let Some(payload) = envelope.payload() {
            let form = Exclusive { with_comments: false, inclusive_prefixes: &[], omit: &[] };
            canonicalize(payload, &form, &mut octets);
        }
        String::from_utf8(octets).unwrap()
    };
    assert_eq!(canonical(found), canonical(&envelope(plain)), "{what}");
}
