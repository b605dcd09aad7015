//! `Guid`: 16 octets, in lower-case text.

use std::fmt;
use std::str::FromStr;

use super::ValueError;

/// A `System.Guid`. The octets are in the order of the text, not in that of .NET's `ToByteArray`.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Guid(pub [u8; 16]);

/// Offsets of the dashes in `01234567-89ab-cdef-0123-456789abcdef`.
const DASHES: [usize; 4] = [8, 13, 18, 23];

impl FromStr for Guid {
    type Err = ValueError;

    /// 32 digits, with or without dashes, with or without braces or parentheses around the form with dashes.
    fn from_str(text: &str) -> Result<Self, ValueError> {
        let bare = text
            .strip_prefix('{')
            .and_then(|text| text.strip_suffix('}'))
            .or_else(|| text.strip_prefix('(').and_then(|text| text.strip_suffix(')')))
            .unwrap_or(text);
        let dashed =
            bare.len() == 36 && DASHES.iter().all(|&at| bare.as_bytes().get(at) == Some(&b'-'));
        if !dashed && (bare.len() != 32 || bare.len() != text.len()) {
            return Err(ValueError::Form("Guid"));
        }
        let mut octets = [0; 16];
        let digits = bare.bytes().enumerate().filter(|(at, _)| !dashed || !DASHES.contains(at));
        for (at, (_, digit)) in digits.enumerate() {
            let value = (digit as char).to_digit(16).ok_or(ValueError::Form("Guid"))?;
            octets[at / 2] = octets[at / 2] << 4 | value as u8;
        }
        Ok(Self(octets))
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, octet) in self.0.iter().enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{octet:02x}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form_and_writes_one() {
        let plain = "01234567-89ab-cdef-0123-456789abcdef";
        for text in [
            plain,
            "{01234567-89AB-CDEF-0123-456789ABCDEF}",
            "(01234567-89ab-cdef-0123-456789abcdef)",
            "0123456789ABCDEF0123456789ABCDEF",
        ] {
            assert_eq!(text.parse::<Guid>().unwrap().to_string(), plain);
        }
        for bad in [
            "",
            "{0123456789ABCDEF0123456789ABCDEF}",
            "0123456-789ab-cdef-0123-456789abcdef",
            "01234567-89ab-cdef-0123-456789abcdeg",
            "é1234567-89ab-cdef-0123-456789abcde",
        ] {
            assert!(bad.parse::<Guid>().is_err(), "{bad}");
        }
    }
}
