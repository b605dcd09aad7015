//! Octets as people can read them.

use std::borrow::Cow;
use std::io::Write as _;

/// Whether octets are text that a terminal shows as it is.
pub(super) fn is_text(octets: &[u8]) -> bool {
    std::str::from_utf8(octets).is_ok_and(|text| text.chars().all(is_shown))
}

fn is_shown(c: char) -> bool {
    !c.is_control() || matches!(c, '\t' | '\r' | '\n')
}

/// Whether octets are parts of MIME (MTOM), which people can read: only what is attached is no text.
pub(super) fn is_mime(octets: &[u8]) -> bool {
    [&b"MIME-Version:"[..], b"--", b"\r\n--"].iter().any(|begin| octets.starts_with(begin))
}

/// The same octets, of which those that are no text are escaped: `\x1b`.
pub(super) fn escaped(octets: &[u8]) -> Cow<'_, [u8]> {
    if is_text(octets) {
        return Cow::Borrowed(octets);
    }
    let mut shown = Vec::with_capacity(octets.len() * 2);
    for chunk in octets.utf8_chunks() {
        for c in chunk.valid().chars() {
            let mut buffer = [0; 4];
            let own = c.encode_utf8(&mut buffer).as_bytes();
            match is_shown(c) {
                true => shown.extend_from_slice(own),
                false => escape(own, &mut shown),
            }
        }
        escape(chunk.invalid(), &mut shown);
    }
    Cow::Owned(shown)
}

fn escape(octets: &[u8], shown: &mut Vec<u8>) {
    for octet in octets {
        // Into memory, which takes everything.
        let _ = write!(shown, "\\x{octet:02x}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_mime_are_known() {
        for octets in [&b"MIME-Version: 1.0\r\n"[..], b"\r\n--uuid:1", b"--uuid:1"] {
            assert!(is_mime(octets));
        }
        assert!(!is_mime(b"\x56\x02--") && !is_mime(b""));
    }

    #[test]
    fn text_stays_and_everything_else_is_escaped() {
        let text = "<a>\r\n\t\u{e4}\u{1f600}</a>".as_bytes();
        assert!(is_text(text) && matches!(escaped(text), Cow::Borrowed(own) if own == text));
        for (octets, shown) in [
            (&b"a\x00b\x1b[31m\x7f"[..], &b"a\\x00b\\x1b[31m\\x7f"[..]),
            (b"\xff\xc3\xa4\xc3", b"\\xff\xc3\xa4\\xc3"),
            // A control character of two octets.
            (b"\xc2\x9b", b"\\xc2\\x9b"),
            (b"", b""),
        ] {
            assert_eq!(escaped(octets).as_ref(), shown, "{octets:x?}");
        }
    }
}
