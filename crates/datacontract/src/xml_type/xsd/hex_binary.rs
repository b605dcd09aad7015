//! `xs:hexBinary` (XML Schema Part 2 §3.2.15).

use std::fmt;
use std::str::FromStr;

use crate::ValueError;

/// Octets that are written as pairs of hexadecimal digits; upper case, as .NET writes them.
///
/// ```
/// use waxwing_datacontract::xsd::HexBinary;
/// let octets: HexBinary = "0fB7".parse().unwrap();
/// assert_eq!(octets.0, [0x0F, 0xB7]);
/// assert_eq!(octets.to_string(), "0FB7");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HexBinary(pub Vec<u8>);

impl From<Vec<u8>> for HexBinary {
    fn from(octets: Vec<u8>) -> Self {
        Self(octets)
    }
}

impl FromStr for HexBinary {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        const FORM: ValueError = ValueError::Form("hexBinary");
        let digit = |b: u8| (b as char).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return Err(FORM) };
        let octets = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?));
        octets.collect::<Option<_>>().map(Self).ok_or(FORM)
    }
}

impl fmt::Display for HexBinary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02X}"))
    }
}
