//! `xs:integer` (XML Schema Part 2 §3.3.13), which has no largest.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use crate::ValueError;

/// A whole number of any size: `integer`, `nonNegativeInteger`, `positiveInteger` and the like. The default is 0.
///
/// It is kept as text in its shortest form, converts from and to Rust's numbers, and does no arithmetic.
///
/// ```
/// use waxwing_datacontract::xsd::Integer;
/// let large: Integer = "+00123456789012345678901234567890".parse().unwrap();
/// assert_eq!(large.to_string(), "123456789012345678901234567890");
/// assert!(u64::try_from(&large).is_err());
/// assert_eq!(u8::try_from(&Integer::from(7)), Ok(7));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Integer {
    negative: bool,
    /// Without zeros in front.
    digits: String,
}

impl Default for Integer {
    fn default() -> Self {
        Self { negative: false, digits: "0".to_owned() }
    }
}

impl FromStr for Integer {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(ValueError::Form("integer"));
        }
        let digits = digits.trim_start_matches('0');
        if digits.is_empty() {
            return Ok(Self::default());
        }
        Ok(Self { negative: text.starts_with('-'), digits: digits.to_owned() })
    }
}

impl fmt::Display for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negative {
            f.write_str("-")?;
        }
        f.write_str(&self.digits)
    }
}

impl PartialOrd for Integer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Integer {
    fn cmp(&self, other: &Self) -> Ordering {
        let (left, right) = (self.digits.as_str(), other.digits.as_str());
        let size = left.len().cmp(&right.len()).then_with(|| left.cmp(right));
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => size,
            (true, true) => size.reverse(),
        }
    }
}

macro_rules! numbers {
    ($($number:ty),+) => {
        $(impl From<$number> for Integer {
            fn from(value: $number) -> Self {
                let text = value.to_string();
                let digits = text.trim_start_matches('-').to_owned();
                Self { negative: text.starts_with('-'), digits }
            }
        }

        impl TryFrom<&Integer> for $number {
            type Error = ValueError;

            /// # Errors
            /// A number outside the range.
            fn try_from(value: &Integer) -> Result<Self, ValueError> {
                value.to_string().parse().map_err(|_| ValueError::Range(stringify!($number)))
            }
        })+
    };
}

numbers!(i8, i16, i32, i64, i128, u8, u16, u32, u64, u128);
