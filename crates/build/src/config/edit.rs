//! Changing an element where it differs from another one; the rest of its text stays.

use std::ops::Range;

use waxwing_xml::Element;

use super::tree::{Style, child, indent, same, write};

/// A place of a text, and what comes there.
pub(super) type Edit = (Range<usize>, String);

/// What a new element knows of the one that it changes.
#[derive(Clone, Copy)]
pub(super) enum Whole {
    /// Only what it has itself; where the bindings fit, the name of the binding in the file counts.
    Endpoint { fits: bool },
    /// Everything that the two ends must agree upon: what the new one leaves out has its default.
    Binding,
}

/// Attributes of bindings, and elements in them, that are the client's own business.
const OWN: &[&str] = &[
    "name",
    "closeTimeout",
    "openTimeout",
    "sendTimeout",
    "receiveTimeout",
    "maxBufferPoolSize",
    "maxBufferSize",
    "maxReceivedMessageSize",
    "bypassProxyOnLocal",
    "hostNameComparisonMode",
    "proxyAddress",
    "useDefaultWebProxy",
    "transactionFlow",
    "inactivityTimeout",
    "ordered",
    "readerQuotas",
    "localClientSettings",
    "localServiceSettings",
];

/// What makes `twin` say what `new` says, in the order of the text.
pub(super) fn edits(new: Element<'_>, twin: Element<'_>, text: &str, whole: Whole) -> Vec<Edit> {
    let mut found = Vec::new();
    collect(new, twin, text, whole, &mut found);
    found.sort_by_key(|(range, _)| range.start);
    found
}

fn collect(new: Element<'_>, twin: Element<'_>, text: &str, whole: Whole, found: &mut Vec<Edit>) {
    attributes(new, twin, text, whole, found);
    let style = Style::of(text, twin.document().root());
    let outer = indent(text, twin.span().start).to_owned();
    let inner = format!("{outer}{}", style.step);
    let mut added = String::new();
    for element in new.elements() {
        match child(twin, element.local_name()) {
            Some(known) if same(element, known) => {}
            Some(known) if matches!(whole, Whole::Binding) => {
                collect(element, known, text, whole, found);
            }
            Some(known) => {
                let before = indent(text, known.span().start).to_owned();
                let mut written = String::new();
                write(element, None, &style, &before, &mut written);
                let span = known.span();
                found.push((
                    span.start as usize..span.end as usize,
                    written[before.len()..].to_owned(),
                ));
            }
            None => {
                added.push_str(style.newline);
                write(element, None, &style, &inner, &mut added);
            }
        }
    }
    if matches!(whole, Whole::Binding) {
        for known in twin.elements() {
            let own = OWN.contains(&known.local_name());
            if !own && child(new, known.local_name()).is_none() {
                let span = known.span();
                let line = span.start as usize - indent(text, span.start).len();
                let start = text[..line].trim_end_matches([' ', '\t', '\r', '\n']).len();
                found.push((start..span.end as usize, String::new()));
            }
        }
    }
    if !added.is_empty() {
        let span = twin.span();
        let (start, end) = (span.start as usize, span.end as usize);
        if text[start..end].ends_with("/>") {
            let tag = start + text[start..end - 2].trim_end().len();
            let name = twin.qualified_name();
            found.push((tag..end, format!(">{added}{}{outer}</{name}>", style.newline)));
        } else {
            let close = start + text[start..end].rfind("</").unwrap_or(end - start);
            let last = text[..close].trim_end_matches([' ', '\t', '\r', '\n']).len();
            found.push((last..last, added));
        }
    }
}

fn attributes(
    new: Element<'_>,
    twin: Element<'_>,
    text: &str,
    whole: Whole,
    found: &mut Vec<Edit>,
) {
    let after_name = twin.name_span().end as usize;
    let mut added = String::new();
    for attribute in new.attributes() {
        let local = attribute.name().local;
        if matches!(whole, Whole::Endpoint { fits: true })
            && matches!(local, "binding" | "bindingConfiguration")
        {
            continue;
        }
        let value = super::tree::escaped(attribute.value());
        match twin.attributes().find(|known| known.name().local == local) {
            Some(known) if known.value() == attribute.value() => {}
            Some(known) => {
                let span = known.value_span();
                let (start, end) = (span.start as usize, span.end as usize);
                found.push((start..end, value.replace('\'', "&apos;")));
            }
            None => added.push_str(&format!(" {local}=\"{value}\"")),
        }
    }
    if !added.is_empty() {
        found.push((after_name..after_name, added));
    }
    if matches!(whole, Whole::Endpoint { .. }) {
        return;
    }
    for known in twin.attributes() {
        let local = known.name().local;
        if new.attribute(local).is_none() && !OWN.contains(&local) {
            let start = text[..known.name_span().start as usize].trim_end().len();
            found.push((start..known.value_span().end as usize + 1, String::new()));
        }
    }
}
