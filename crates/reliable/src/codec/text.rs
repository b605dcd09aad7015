//! What is read of the text of elements, and names that more than one file needs.

use waxwing_xml::{Document, Element, Name, NodeId};

use crate::names::Identifier;

/// The namespace of the `Security` header and of `SecurityTokenReference`.
pub(super) const SECURITY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";

/// The text of an element that has only text, without the white space around it.
pub(super) fn simple_text(element: Element<'_>) -> Option<String> {
    if element.first_element().is_some() {
        return None;
    }
    Some(element.text().trim_matches([' ', '\t', '\r', '\n']).to_owned())
}

/// An identifier: text that is not empty.
pub(super) fn identifier(element: Element<'_>) -> Option<Identifier> {
    simple_text(element).filter(|text| !text.is_empty()).map(Identifier::new)
}

/// A number that fits a signed integer of 63 bits (`xs:long` without sign).
pub(super) fn number(text: &str) -> Option<u64> {
    let digits = text.trim_matches([' ', '\t', '\r', '\n']);
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse::<i64>().ok().and_then(|n| u64::try_from(n).ok())
}

/// Writes an element of the protocol that has only text.
pub(super) fn append(document: &mut Document, parent: NodeId, rm: &str, local: &str, text: &str) {
    document.append_text_element(parent, Name::new("r", local, rm), text);
}
