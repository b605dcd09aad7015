//! Small helpers for reading and writing trust elements.

use std::borrow::Cow;

use base64_simd::STANDARD;
use waxwing_xml::{Document, Element, Name, NodeId};

use crate::error::{Reason, Result};
use crate::wsse::Dialect;
use crate::wsse::names::WSU;

/// The name of a trust element with the prefix that WCF writes.
pub(super) const fn trust(dialect: Dialect, local: &'static str) -> Name<'static> {
    Name::new(dialect.trust_prefix(), local, dialect.trust())
}

/// The name of a secure-conversation element with the prefix that WCF writes.
pub(super) const fn conversation(dialect: Dialect, local: &'static str) -> Name<'static> {
    Name::new(dialect.conversation_prefix(), local, dialect.conversation())
}

/// Declares the prefix of identifiers once more at this element, so that it stands alone when it is encrypted: not where the
/// whole message has it already, which then goes in clear.
pub(super) fn declare_utility(document: &mut Document, element: NodeId) {
    let root = document.root();
    if root.id() == element || root.resolve_prefix("u") != Some(WSU) {
        document.declare_namespace(element, "u", WSU);
    }
}

/// Octets as base64 without line breaks.
pub(super) fn base64(octets: &[u8]) -> String {
    STANDARD.encode_to_string(octets)
}

/// The base64 content of an element, white space tolerated, `max` octets at most.
pub(super) fn octets(element: Element<'_>, what: &'static str, max: usize) -> Result<Vec<u8>> {
    decode(&element.text(), what, max)
}

/// Decodes base64 with white space in it.
pub(crate) fn decode(text: &str, what: &'static str, max: usize) -> Result<Vec<u8>> {
    let compact: Cow<'_, str> = if text.bytes().any(|b| b.is_ascii_whitespace()) {
        text.chars().filter(|c| !c.is_ascii_whitespace()).collect::<String>().into()
    } else {
        text.into()
    };
    let malformed = || Reason::Malformed { what, expected: "base64 (RFC 4648 §4)" };
    if compact.len() / 4 > max.div_ceil(3) {
        let (value, limit) = (compact.len() as u64 / 4 * 3, max as u64);
        return Err(Reason::OutOfRange { what, value, limit }.into());
    }
    STANDARD.decode_to_vec(compact.as_bytes()).map_err(|_| malformed().into())
}

/// The text of an element without surrounding white space.
pub(super) fn text(element: Element<'_>) -> Box<str> {
    element.text().trim().into()
}

/// Stores the one value that an element may have.
pub(super) fn once<T>(place: &mut Option<T>, value: T, what: &'static str) -> Result<()> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(Reason::TooMany { what, limit: 1 }.into()),
    }
}
