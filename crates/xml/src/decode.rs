//! From bytes to text: UTF-8 and UTF-16, with or without byte order mark (XML 1.0 appendix F).

use crate::error::{ParseError, ParseErrorKind};
use crate::name::Position;

/// How the characters of a document are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    Utf16Le,
    Utf16Be,
}

impl Encoding {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Encoding::Utf8 => "UTF-8",
            Encoding::Utf16Le | Encoding::Utf16Be => "UTF-16",
        }
    }

    /// Whether an XML declaration may call it so.
    pub(crate) fn is_called(self, name: &str) -> bool {
        let exact = match self {
            Encoding::Utf8 => "utf-8",
            Encoding::Utf16Le => "utf-16le",
            Encoding::Utf16Be => "utf-16be",
        };
        name.eq_ignore_ascii_case(self.name()) || name.eq_ignore_ascii_case(exact)
    }
}

/// The text of a document, without byte order mark, and how it was written.
pub(crate) fn decode(bytes: Vec<u8>) -> Result<(String, Encoding), ParseError> {
    match bytes.as_slice() {
        [0xFE, 0xFF, rest @ ..] => utf16(rest, Encoding::Utf16Be),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, Encoding::Utf16Le),
        [0, b'<', ..] => utf16(&bytes, Encoding::Utf16Be),
        [b'<', 0, ..] => utf16(&bytes, Encoding::Utf16Le),
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest.to_vec()),
        _ => utf8(bytes),
    }
}

fn utf8(bytes: Vec<u8>) -> Result<(String, Encoding), ParseError> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok((text, Encoding::Utf8)),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let before = String::from_utf8_lossy(&error.as_bytes()[..valid]);
            Err(wrong(Encoding::Utf8, &before))
        }
    }
}

fn utf16(bytes: &[u8], encoding: Encoding) -> Result<(String, Encoding), ParseError> {
    let unit = match encoding {
        Encoding::Utf16Be => u16::from_be_bytes,
        Encoding::Utf16Le | Encoding::Utf8 => u16::from_le_bytes,
    };
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    let mut text = String::with_capacity(bytes.len() / 2);
    for decoded in char::decode_utf16(units) {
        match decoded {
            Ok(character) => text.push(character),
            Err(_) => return Err(wrong(encoding, &text)),
        }
    }
    match bytes.len() % 2 {
        0 => Ok((text, encoding)),
        _ => Err(wrong(encoding, &text)),
    }
}

/// The error after `valid` text.
fn wrong(encoding: Encoding, valid: &str) -> ParseError {
    ParseError {
        kind: ParseErrorKind::Encoding(encoding.name()),
        offset: valid.len() as u32,
        position: Position::of(valid, valid.len()),
    }
}
