//! Character classes of XML 1.0 (fifth edition) §2.2–2.3.

use crate::scan;

/// Whether a character may occur in a document at all.
pub(crate) fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// The first character of a text that XML 1.0 cannot carry (§2.2), not even as a reference, and its
/// byte offset: control characters, U+FFFE, U+FFFF.
pub fn first_forbidden_character(text: &str) -> Option<(usize, char)> {
    let bytes = text.as_bytes();
    let mut at = scan::control(bytes, 0);
    while at < bytes.len() {
        let character = text[at..].chars().next()?;
        if !is_char(character) {
            return Some((at, character));
        }
        at = scan::control(bytes, at + character.len_utf8());
    }
    None
}

pub(crate) fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\r' | b'\n')
}

/// Whether a character may begin a name without colon.
fn is_name_start(c: char) -> bool {
    matches!(c,
        'A'..='Z' | 'a'..='z' | '_' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}'
        | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}'
        | '\u{10000}'..='\u{EFFFF}')
}

fn is_name_char(c: char) -> bool {
    is_name_start(c)
        || matches!(c, '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

/// Whether a text is an NCName (Namespaces in XML 1.0 §3).
pub fn is_ncname(text: &str) -> bool {
    let long_way = || {
        let mut chars = text.chars();
        chars.next().is_some_and(is_name_start) && chars.all(is_name_char)
    };
    is_ascii_name(text.as_bytes()) || (!text.is_ascii() && long_way())
}

/// The same of octets that are UTF-8.
#[inline]
pub(crate) fn is_ncname_of(octets: &[u8]) -> bool {
    is_ascii_name(octets)
        || (!octets.is_ascii() && std::str::from_utf8(octets).is_ok_and(is_ncname))
}

/// Whether octets are an NCName of ASCII.
#[inline]
fn is_ascii_name(octets: &[u8]) -> bool {
    // What most names are, which is found out many octets at a time.
    if are_letters(octets) {
        return true;
    }
    let [first, rest @ ..] = octets else { return false };
    NAME_BYTES[*first as usize] == NameByte::Start
        && rest.iter().all(|b| NAME_BYTES[*b as usize] as u8 <= NameByte::Inside as u8)
}

/// Whether octets are nothing but letters of ASCII, and so many that it is worth the question.
#[inline]
fn are_letters(octets: &[u8]) -> bool {
    let all = |eight: &[u8; 8]| {
        let is_letter = |b: u8| (b | 0x20).wrapping_sub(b'a') < 26;
        eight.iter().fold(true, |all, b| all & is_letter(*b))
    };
    // The last eight once more: they overlap.
    octets.last_chunk().is_some_and(all) && octets.as_chunks().0.iter().all(all)
}

/// What a byte means where a name is read; the first two are what names mostly are.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum NameByte {
    /// It may begin a name.
    Start = 0,
    /// It may stand inside a name.
    Inside = 1,
    /// It ends the name.
    End,
    /// It divides prefix and local part.
    Colon,
    /// Part of a character beyond ASCII, which has to be looked up.
    High,
}

/// [`NameByte`] of every byte.
pub(crate) const NAME_BYTES: [NameByte; 256] = {
    let mut table = [NameByte::End; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => NameByte::Start,
            b'0'..=b'9' | b'-' | b'.' => NameByte::Inside,
            b':' => NameByte::Colon,
            0x80.. => NameByte::High,
            _ => NameByte::End,
        };
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_any_length_are_judged_octet_by_octet() {
        for byte in 0..=0x7F_u8 {
            for len in 1..30 {
                for at in 0..len {
                    let mut name = vec![b'x'; len];
                    name[at] = byte;
                    let letter = byte.is_ascii_alphabetic() || byte == b'_';
                    let inside = at > 0 && (byte.is_ascii_digit() || matches!(byte, b'-' | b'.'));
                    assert_eq!(is_ncname_of(&name), letter || inside, "{byte} {len} {at}");
                }
            }
        }
        assert!(!is_ncname(""));
    }
}
