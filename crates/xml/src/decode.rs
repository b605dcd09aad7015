//! From bytes to text: UTF-8 and UTF-16, with or without byte order mark (XML 1.0 appendix F).

use crate::error::ParseErrorKind;

/// The text of a document, without byte order mark.
pub(crate) fn decode(bytes: Vec<u8>) -> Result<String, (ParseErrorKind, usize)> {
    match bytes.as_slice() {
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes, "UTF-16"),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes, "UTF-16"),
        [0, b'<', ..] => utf16(&bytes, u16::from_be_bytes, "UTF-16"),
        [b'<', 0, ..] => utf16(&bytes, u16::from_le_bytes, "UTF-16"),
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest.to_vec()),
        _ => utf8(bytes),
    }
}

fn utf8(bytes: Vec<u8>) -> Result<String, (ParseErrorKind, usize)> {
    String::from_utf8(bytes)
        .map_err(|e| (ParseErrorKind::Encoding("UTF-8"), e.utf8_error().valid_up_to()))
}

fn utf16(
    bytes: &[u8],
    unit: fn([u8; 2]) -> u16,
    name: &'static str,
) -> Result<String, (ParseErrorKind, usize)> {
    let wrong = |at| (ParseErrorKind::Encoding(name), at);
    if bytes.len() % 2 != 0 {
        return Err(wrong(bytes.len()));
    }
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    let mut text = String::with_capacity(bytes.len() / 2);
    for decoded in char::decode_utf16(units) {
        text.push(decoded.map_err(|_| wrong(text.len()))?);
    }
    Ok(text)
}
