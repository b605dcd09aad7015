//! Reading elements strictly: names, text, base64, algorithms.

use std::borrow::Cow;

use base64_simd::{AsOut as _, STANDARD};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use smallvec::SmallVec;
use waxwing_xml::{Element, Node, Value};
use zeroize::Zeroizing;

use crate::error::{Reason, Result, SecurityError};

/// The element children of one element.
pub(super) type Elements<'a> = SmallVec<[Element<'a>; 12]>;

/// Octets of which there are few: digests, nonces, hashes.
pub(super) type Short = SmallVec<[u8; 32]>;

/// The element children; any text but white space, and any processing instruction, is refused.
pub(super) fn elements<'a>(parent: Element<'a>) -> Result<Elements<'a>> {
    let mut elements = Elements::new();
    for node in parent.children() {
        match node {
            Node::Element(element) => elements.push(element),
            Node::Text(text) if is_white_space(text) => {}
            Node::Comment(_) => {}
            _ => return Err(at(Reason::UnexpectedText, parent)),
        }
    }
    Ok(elements)
}

/// Whether the text is XML white space only.
pub(super) fn is_white_space(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r'))
}

/// An error at an element.
#[cold]
pub(super) fn at(reason: Reason, element: Element<'_>) -> SecurityError {
    SecurityError::new(reason).at(label(element))
}

/// The error for an element that may not be where it is.
#[cold]
pub(super) fn unexpected(element: Element<'_>) -> SecurityError {
    let reason = Reason::UnexpectedElement {
        namespace: element.namespace().into(),
        local: element.local_name().into(),
    };
    match element.parent() {
        Some(parent) => at(reason, parent),
        None => reason.into(),
    }
}

/// Where an element stands, for errors.
pub(super) fn label(element: Element<'_>) -> String {
    let own = element.local_name();
    match element.parent() {
        Some(parent) => format!("{}/{own}", parent.local_name()),
        None => own.to_owned(),
    }
}

/// A malformed element.
#[cold]
pub(super) fn malformed(
    element: Element<'_>,
    what: &'static str,
    expected: &'static str,
) -> SecurityError {
    at(Reason::Malformed { what, expected }, element)
}

/// The text of an element that has no element children, without white space at its ends.
pub(super) fn text<'a>(element: Element<'a>) -> Result<Cow<'a, str>> {
    let mut text = Cow::Borrowed("");
    for node in element.children() {
        match node {
            Node::Text(piece) if text.is_empty() => text = Cow::Borrowed(piece),
            Node::Text(piece) => text.to_mut().push_str(piece),
            Node::Comment(_) => {}
            _ => return Err(malformed(element, "the content", "text only")),
        }
    }
    let space = [' ', '\t', '\n', '\r'];
    Ok(match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_matches(space)),
        Cow::Owned(text) => Cow::Owned(text.trim_matches(space).to_owned()),
    })
}

/// An `xsd:dateTime`; without a time zone it is taken as UTC.
pub(super) fn date_time(element: Element<'_>) -> Result<Timestamp> {
    time(&text(element)?).ok_or_else(|| malformed(element, "the content", "an xsd:dateTime"))
}

/// The same of its text.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    usual_time(text.as_bytes()).or_else(|| any_time(text))
}

/// A time as WCF and we write it, `2026-11-24T12:00:00.000Z`. None of any other, and of one that there is not: [`any_time`]
/// judges it.
fn usual_time(text: &[u8]) -> Option<Timestamp> {
    let text: &[u8; 24] = text.try_into().ok()?;
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (23, b'Z')];
    if marks.iter().any(|(at, mark)| text[*at] != *mark) {
        return None;
    }
    let two = |at: usize| {
        let digits = [text[at].wrapping_sub(b'0'), text[at + 1].wrapping_sub(b'0')];
        digits.iter().all(|digit| *digit < 10).then(|| (digits[0] * 10 + digits[1]).cast_signed())
    };
    let year = i16::from(two(0)?) * 100 + i16::from(two(2)?);
    let last = text[22].wrapping_sub(b'0');
    let thousandths = i32::from(two(20)?) * 10 + i32::from(last);
    let (date, clock) = ([two(5)?, two(8)?], [two(11)?, two(14)?, two(17)?]);
    let ([month, day], [hour, minute, second]) = (date, clock);
    let nanosecond = thousandths * 1_000_000;
    let time = DateTime::new(year, month, day, hour, minute, second, nanosecond).ok()?;
    (last < 10).then(|| Offset::UTC.to_timestamp(time).ok())?
}

#[inline(never)]
fn any_time(text: &str) -> Option<Timestamp> {
    let zoned = text.ends_with('Z') || text.get(19..).is_some_and(|t| t.contains(['+', '-']));
    if zoned { text.parse().ok() } else { format!("{text}Z").parse().ok() }
}

/// The octets of an element whose encoding has them as they are (binary messages): no text is made of them and read back.
fn typed_octets(element: Element<'_>) -> Option<&[u8]> {
    match element.value() {
        Some(Value::Octets(octets)) => Some(octets),
        _ => None,
    }
}

/// The octets of an element with base64 content; white space is skipped.
pub(super) fn base64_content(element: Element<'_>) -> Result<Vec<u8>> {
    if let Some(octets) = typed_octets(element) {
        return Ok(octets.to_vec());
    }
    let mut nodes = element.children();
    let only = match (nodes.next(), nodes.next()) {
        (None, _) => return Ok(Vec::new()),
        (Some(Node::Text(text)), None) => decode(text),
        _ => decode(&text(element)?),
    };
    only.ok_or_else(|| malformed(element, "the content", "base64"))
}

/// The same in the place of what `out` held, which is wiped where the octets do not fit in.
pub(super) fn base64_content_into(
    element: Element<'_>,
    out: &mut Zeroizing<Vec<u8>>,
) -> Result<()> {
    if let Some(octets) = typed_octets(element) {
        clear_for(out, octets.len());
        out.extend_from_slice(octets);
        return Ok(());
    }
    let mut nodes = element.children();
    if let (Some(Node::Text(text)), None) = (nodes.next(), nodes.next())
        && base64_into(text, out).is_some()
    {
        return Ok(());
    }
    let octets = base64_content(element)?;
    clear_for(out, octets.len());
    out.extend_from_slice(&octets);
    Ok(())
}

/// The same of a text that is nothing but base64.
pub(super) fn base64_into(text: &str, out: &mut Zeroizing<Vec<u8>>) -> Option<()> {
    clear_for(out, text.len().div_ceil(4) * 3);
    STANDARD.decode_append(text, &mut **out).ok()
}

/// Makes room for so many octets: a buffer that grows by itself leaves behind what it held.
fn clear_for(out: &mut Zeroizing<Vec<u8>>, octets: usize) {
    out.clear();
    if out.capacity() < octets {
        *out = Zeroizing::new(Vec::with_capacity(octets));
    }
}

/// The same where there should be few, without memory of its own then.
pub(super) fn short_base64_content(element: Element<'_>) -> Result<Short> {
    if let Some(octets) = typed_octets(element) {
        return Ok(Short::from_slice(octets));
    }
    let mut nodes = element.children();
    if let (Some(Node::Text(text)), None) = (nodes.next(), nodes.next())
        && let Some(octets) = short_base64(text)
    {
        return Ok(octets);
    }
    base64_content(element).map(Short::from_vec)
}

/// The octets of a text, where it is short and nothing but base64.
pub(super) fn short_base64(text: &str) -> Option<Short> {
    let mut octets = [0; LONGEST_SHORT];
    let fits = text.len() <= LONGEST_SHORT;
    let octets = fits.then(|| STANDARD.decode(text.as_bytes(), octets[..].as_out()).ok())??;
    Some(Short::from_slice(octets))
}

/// The longest text whose octets are taken without memory of their own.
const LONGEST_SHORT: usize = 48;

/// Decodes base64 that may contain white space.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    if let Ok(octets) = STANDARD.decode_to_vec(text) {
        return Some(octets);
    }
    let compact: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    STANDARD.decode_to_vec(compact).ok()
}

/// The same where the text is. Other than base64, it may have been changed.
pub(super) fn decode_in_place(text: &mut [u8]) -> Option<&mut [u8]> {
    let mut length = text.len();
    if STANDARD.check(text).is_err() {
        length = 0;
        for at in 0..text.len() {
            if !text[at].is_ascii_whitespace() {
                text[length] = text[at];
                length += 1;
            }
        }
    }
    STANDARD.decode_inplace(&mut text[..length]).ok()
}

/// A non-negative number in decimal.
pub(super) fn number(element: Element<'_>) -> Result<u64> {
    let text = text(element)?;
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let value = if digits { text.parse().ok() } else { None };
    value.ok_or_else(|| malformed(element, "the content", "a number"))
}

/// Demands the `Algorithm` of the suite.
pub(super) fn algorithm(element: Element<'_>, what: &'static str, expected: &str) -> Result<()> {
    match element.attribute("Algorithm") {
        Some(found) if found == expected => Ok(()),
        found => Err(wrong_algorithm(element, what, found.unwrap_or(""), expected)),
    }
}

/// The error for an algorithm that is not the suite's.
#[cold]
pub(super) fn wrong_algorithm(
    element: Element<'_>,
    what: &'static str,
    found: &str,
    expected: &str,
) -> SecurityError {
    at(Reason::Algorithm { what, found: found.into(), expected: expected.into() }, element)
}

/// Refuses any child: parameters that the suite's algorithm does not have.
pub(super) fn no_children(element: Element<'_>) -> Result<()> {
    for node in element.children() {
        match node {
            Node::Element(child) => return Err(unexpected(child)),
            Node::Text(text) if is_white_space(text) => {}
            Node::Comment(_) => {}
            _ => return Err(at(Reason::UnexpectedText, element)),
        }
    }
    Ok(())
}

/// The next element if it has this name.
pub(super) fn take<'a>(
    elements: &mut std::slice::Iter<'_, Element<'a>>,
    namespace: &str,
    local: &str,
) -> Option<Element<'a>> {
    let next = *elements.as_slice().first()?;
    if !next.is(namespace, local) {
        return None;
    }
    elements.next()?;
    Some(next)
}

/// The next element, which must have this name.
pub(super) fn require<'a>(
    elements: &mut std::slice::Iter<'_, Element<'a>>,
    parent: Element<'a>,
    namespace: &str,
    local: &'static str,
) -> Result<Element<'a>> {
    match take(elements, namespace, local) {
        Some(element) => Ok(element),
        None => match elements.next() {
            Some(other) => Err(unexpected(*other)),
            None => Err(at(Reason::Missing(local), parent)),
        },
    }
}

/// Refuses what is left.
pub(super) fn end(mut elements: std::slice::Iter<'_, Element<'_>>) -> Result<()> {
    match elements.next() {
        Some(other) => Err(unexpected(*other)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_time_is_the_same_whoever_reads_it() {
        for text in [
            "2026-11-24T12:00:00.000Z",
            "2024-02-29T23:59:59.999Z",
            "0000-01-01T00:00:00.001Z",
            "9999-12-30T22:00:00.999Z",
        ] {
            assert!(usual_time(text.as_bytes()).is_some(), "{text}");
            assert_eq!(usual_time(text.as_bytes()), any_time(text), "{text}");
        }
        for other in [
            "",
            "2026-11-24T12:00:00Z",
            "2026-11-24T12:00:00.00Z",
            "2026-11-24T12:00:00.0000Z",
            "2026-11-24t12:00:00.000z",
            "2026-11-24 12:00:00.000Z",
            "2026-11-24T12:00:00,000Z",
            "2026-11-24T12:00:60.000Z",
            "2023-02-29T12:00:00.000Z",
            "2026-13-24T12:00:00.000Z",
            "2026-11-24T24:00:00.000Z",
            "2026-11-24T12:00:00.00/Z",
            "2026-11-24T12:00:00.00:Z",
            "202:-11-24T12:00:00.000Z",
            "-026-11-24T12:00:00.000Z",
        ] {
            assert_eq!(usual_time(other.as_bytes()), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_as_usual_is_that_time(text in "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]\\.[0-9]{3}Z") {
            let usual = usual_time(text.as_bytes());
            prop_assert!(usual.is_none() || usual == any_time(&text));
            prop_assert_eq!(time(&text), any_time(&text));
        }
    }
}
