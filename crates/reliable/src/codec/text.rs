//! What is read of the text of elements, and names that more than one file needs.

use std::borrow::Cow;

use waxwing_xml::{Document, Element, Name, NodeId};

use crate::names::Identifier;

/// The namespace of the `Security` header and of `SecurityTokenReference`.
pub(super) const SECURITY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";

/// The text of an element that has only text, without the white space around it.
pub(super) fn simple_text(element: Element<'_>) -> Option<Cow<'_, str>> {
    if element.first_element().is_some() {
        return None;
    }
    Some(match element.text() {
        Cow::Borrowed(text) => Cow::Borrowed(trimmed(text)),
        Cow::Owned(text) => Cow::Owned(trimmed(&text).to_owned()),
    })
}

/// Without the white space of XML around it. Mostly there is none.
fn trimmed(text: &str) -> &str {
    const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];
    let is_space = |octet: Option<&u8>| matches!(octet, Some(b' ' | b'\t' | b'\r' | b'\n'));
    match text.as_bytes() {
        octets if is_space(octets.first()) || is_space(octets.last()) => text.trim_matches(SPACE),
        _ => text,
    }
}

/// An identifier: text that is not empty.
pub(super) fn identifier(element: Element<'_>) -> Option<Identifier> {
    simple_text(element).filter(|text| !text.is_empty()).map(|text| Identifier::new(&*text))
}

/// A number that fits a signed integer of 63 bits (`xs:long` without sign).
pub(super) fn number(text: &str) -> Option<u64> {
    let digits = trimmed(text);
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn white_space_of_xml_is_taken_away(text in "[ \t\r\n\u{a0}\u{c}x1]{0,6}") {
            prop_assert_eq!(trimmed(&text), text.trim_matches([' ', '\t', '\r', '\n']));
        }
    }
}
