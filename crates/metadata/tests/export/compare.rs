//! Two documents that say the same: prefixes make no difference, nor does the order of elements and attributes.

use waxwing_xml::{Document, Element, Limits};

/// Attributes whose values are names.
const NAMES: &[&str] = &["type", "element", "message", "binding", "ref", "base", "itemType"];

pub(crate) fn parse(text: &str) -> Document {
    Document::parse(text.as_bytes().to_vec(), &Limits::default()).expect("a document")
}

/// A document as text that is equal for equal documents, an element a line.
pub(crate) fn lines(element: Element<'_>, ordered: bool, out: &mut Vec<String>, depth: usize) {
    let mut attributes: Vec<String> = element
        .attributes()
        .map(|attribute| {
            let name = attribute.name();
            let is_name = name.namespace.is_empty() && NAMES.contains(&name.local);
            let value = match element.resolve_qname(attribute.value()) {
                Some((namespace, local)) if is_name => format!("{{{namespace}}}{local}"),
                _ => attribute.value().to_owned(),
            };
            format!(" {{{}}}{}={value}", name.namespace, name.local)
        })
        .collect();
    attributes.sort();
    let mut children: Vec<Vec<String>> = element
        .elements()
        .map(|child| {
            let mut own = Vec::new();
            lines(child, ordered, &mut own, depth + 1);
            own
        })
        .collect();
    if !ordered {
        children.sort();
    }
    let text = if children.is_empty() { element.text().trim().to_owned() } else { String::new() };
    let (indent, namespace, local) =
        ("  ".repeat(depth), element.namespace(), element.local_name());
    out.push(format!("{indent}{{{namespace}}}{local}{}{text:?}", attributes.concat()));
    out.extend(children.into_iter().flatten());
}

/// What one has and the other has not; nothing when they are equal.
pub(crate) fn differences(ours: Element<'_>, theirs: Element<'_>, ordered: bool) -> Vec<String> {
    let (mut own, mut other) = (Vec::new(), Vec::new());
    lines(ours, ordered, &mut own, 0);
    lines(theirs, ordered, &mut other, 0);
    if own == other {
        return Vec::new();
    }
    let mut found = Vec::new();
    for line in &own {
        if !other.contains(line) {
            found.push(format!("+{line}"));
        }
    }
    for line in &other {
        if !own.contains(line) {
            found.push(format!("-{line}"));
        }
    }
    if found.is_empty() {
        found.push(format!("another order: {own:#?}"));
    }
    found
}
