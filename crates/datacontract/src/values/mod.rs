//! Value types of .NET that Rust's standard library does not have, with .NET's text rules.

mod char;
#[cfg(any(feature = "chrono", feature = "jiff", feature = "rust_decimal", feature = "uuid"))]
mod convert;
mod date_time;
mod date_time_offset;
mod decimal;
mod guid;
mod qname;
mod time_span;
mod uri;
mod xml_element;

pub use char::Char;
pub use date_time::{DateTime, DateTimeKind};
pub use date_time_offset::DateTimeOffset;
pub use decimal::Decimal;
pub use guid::Guid;
pub use qname::QName;
pub use time_span::TimeSpan;
pub use uri::Uri;
pub use xml_element::XmlElement;
pub(crate) use xml_element::{copy_children, declare_mentioned};

/// Text or numbers that are no value of a type.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// The text does not have the type's form.
    #[error("the text is not a {0}")]
    Form(&'static str),
    /// The value is outside the type's range.
    #[error("the value is outside the range of {0}")]
    Range(&'static str),
    /// A part of the value has no place in the type.
    #[error("a part of the value would be lost in {0}")]
    Loss(&'static str),
}

/// `Debug` of an error is its text.
impl std::fmt::Debug for ValueError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// Takes decimal digits from the front of `text`: the digits and the rest.
fn digits(text: &str) -> (&str, &str) {
    let end = text.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}

/// Ticks of 100 ns from the digits of a fraction of a second; the eighth digit rounds.
fn fraction_ticks(fraction: &str) -> i64 {
    let digit = |at: usize| fraction.as_bytes().get(at).map_or(0, |b| i64::from(b - b'0'));
    let ticks = (0..7).fold(0, |sum, at| sum * 10 + digit(at));
    ticks + i64::from(digit(7) >= 5)
}

/// `Debug` of a value is its text, as people write it.
macro_rules! debug_is_text {
    ($($value:ident),+) => {
        $(impl std::fmt::Debug for $value {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($value), "({})"), self)
            }
        })+
    };
}

debug_is_text!(DateTime, DateTimeOffset, Decimal, Guid, TimeSpan);
