//! Values with the text that .NET's `XmlConvert` gives them.
//!
//! A tree holds text. Text that was made of a value remembers the value, so that an encoding that has records for values
//! ([`binary`](crate::binary)) or parts for octets writes those; canonical XML is over the text in any case.

mod number;
mod time;

use std::fmt::Write as _;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub use number::{f32_text, f64_text};
pub use time::{MAX_DATE_TICKS, civil_date, date_time_text, duration_text};

/// A value that can be the content of an element; see [`Document::append_value`](crate::Document::append_value).
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number of 16 bits.
    Int16(i16),
    /// A whole number of 32 bits.
    Int32(i32),
    /// A whole number of 64 bits.
    Int64(i64),
    /// A whole number of 64 bits without sign.
    UInt64(u64),
    /// A number of 32 bits; see [`f32_text`].
    Single(f32),
    /// A number of 64 bits; see [`f64_text`].
    Double(f64),
    /// A decimal number.
    Decimal(DecimalValue),
    /// A date and a time of day.
    DateTime(DateTimeValue),
    /// Ticks of 100 ns; see [`duration_text`].
    TimeSpan(i64),
    /// A UUID, its octets in the order of the text.
    Uuid([u8; 16]),
    /// A UUID that is written as `urn:uuid:…`, its octets in the order of the text.
    UniqueId([u8; 16]),
    /// Octets; their text is base64.
    Octets(&'a [u8]),
}

/// A `System.Decimal`: a whole number of 96 bits, divided by ten to the power of the scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DecimalValue {
    /// The upper 32 bits of the whole number.
    pub high: u32,
    /// The lower 64 bits of the whole number.
    pub low: u64,
    /// Digits after the point, at most 28.
    pub scale: u8,
    /// Whether it is below zero.
    pub negative: bool,
}

impl DecimalValue {
    /// The largest scale.
    pub const MAX_SCALE: u8 = 28;

    /// The text: every digit of the scale is kept, and there is no minus zero.
    pub fn text(&self) -> String {
        let scale = usize::from(self.scale);
        let magnitude = u128::from(self.high) << 64 | u128::from(self.low);
        let digits = format!("{magnitude:0>width$}", width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        let sign = if self.negative && magnitude != 0 { "-" } else { "" };
        let point = if scale == 0 { "" } else { "." };
        format!("{sign}{whole}{point}{fraction}")
    }
}

/// A `System.DateTime` whose text everybody reads alike. The kind of a writer's own zone is not among them: a reader in
/// another zone would make another text of it, and signatures would fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateTimeValue {
    /// Ticks of 100 ns since midnight, 1 January of the year 1; at most [`MAX_DATE_TICKS`].
    pub ticks: i64,
    /// Whether it is universal time (suffix `Z`), or nothing is known (no suffix).
    pub utc: bool,
}

/// What a text was made of, as the tree remembers it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Form {
    Bool(bool),
    Int16(i16),
    Int32(i32),
    Int64(i64),
    UInt64(u64),
    Single(f32),
    Double(f64),
    Decimal(DecimalValue),
    /// Ticks, and the two bits of the kind above them (MC-NBFX §2.3.3.18).
    DateTime(u64),
    TimeSpan(i64),
    Uuid([u8; 16]),
    UniqueId([u8; 16]),
    /// A range of [`Document::octets`](crate::Document); the text is its base64.
    Octets {
        start: u32,
        len: u32,
    },
    /// The text came as a string of a dictionary.
    Dictionary,
    /// The text came as prefix and string of a dictionary.
    QName,
}

/// The form of a text with how it stands there.
#[derive(Clone, Debug)]
pub(crate) struct Valued {
    pub(crate) form: Form,
    /// The element is an item of an array of such values.
    pub(crate) item: bool,
    /// The text, once somebody has asked for it: between an encoding with records for values and a reader of values nobody
    /// does. Empty where the text stands in the tree.
    pub(crate) text: OnceLock<Box<str>>,
}

impl Valued {
    pub(crate) fn new(form: Form, item: bool) -> Self {
        Self { form, item, text: OnceLock::new() }
    }
}

/// The two upper bits of universal time in [`Form::DateTime`].
pub(crate) const UTC_KIND: u64 = 1 << 62;

impl Value<'_> {
    /// The form of a value; of octets: those that begin at `start`.
    pub(crate) fn form(&self, start: u32) -> Form {
        match *self {
            Value::Bool(value) => Form::Bool(value),
            Value::Int16(value) => Form::Int16(value),
            Value::Int32(value) => Form::Int32(value),
            Value::Int64(value) => Form::Int64(value),
            Value::UInt64(value) => Form::UInt64(value),
            Value::Single(value) => Form::Single(value),
            Value::Double(value) => Form::Double(value),
            Value::Decimal(value) => Form::Decimal(value),
            Value::DateTime(DateTimeValue { ticks, utc }) => {
                let ticks = ticks.clamp(0, MAX_DATE_TICKS).unsigned_abs();
                Form::DateTime(ticks | if utc { UTC_KIND } else { 0 })
            }
            Value::TimeSpan(ticks) => Form::TimeSpan(ticks),
            Value::Uuid(octets) => Form::Uuid(octets),
            Value::UniqueId(octets) => Form::UniqueId(octets),
            Value::Octets(octets) => Form::Octets { start, len: octets.len() as u32 },
        }
    }
}

impl Form {
    /// The octets of a form within all of a document.
    pub(crate) fn octets<'o>(&self, all: &'o [u8]) -> Option<&'o [u8]> {
        match *self {
            Form::Octets { start, len } => all.get(start as usize..start as usize + len as usize),
            _ => None,
        }
    }

    /// The value; none of forms that have only a text.
    pub(crate) fn value<'o>(&self, all: &'o [u8]) -> Option<Value<'o>> {
        Some(match *self {
            Form::Bool(value) => Value::Bool(value),
            Form::Int16(value) => Value::Int16(value),
            Form::Int32(value) => Value::Int32(value),
            Form::Int64(value) => Value::Int64(value),
            Form::UInt64(value) => Value::UInt64(value),
            Form::Single(value) => Value::Single(value),
            Form::Double(value) => Value::Double(value),
            Form::Decimal(value) => Value::Decimal(value),
            Form::DateTime(bits) if bits >> 63 == 0 => {
                let ticks = (bits & (UTC_KIND - 1)) as i64;
                Value::DateTime(DateTimeValue { ticks, utc: bits & UTC_KIND != 0 })
            }
            Form::TimeSpan(ticks) => Value::TimeSpan(ticks),
            Form::Uuid(octets) => Value::Uuid(octets),
            Form::UniqueId(octets) => Value::UniqueId(octets),
            Form::Octets { .. } => Value::Octets(self.octets(all)?),
            Form::DateTime(_) | Form::Dictionary | Form::QName => return None,
        })
    }

    /// The text of a value; nothing for forms whose text is kept elsewhere.
    pub(crate) fn text(&self, octets: &[u8]) -> Box<str> {
        let mut text = String::new();
        match self.octets(octets) {
            Some(octets) => STANDARD.encode_string(octets, &mut text),
            None => self.push_text(&mut text),
        }
        text.into()
    }

    /// Appends the text of a value that is no octets; nothing for forms whose text is kept elsewhere.
    pub(crate) fn push_text(&self, out: &mut String) {
        // Writing into a string cannot fail.
        let _ = match *self {
            Form::Bool(value) => return out.push_str(if value { "true" } else { "false" }),
            Form::Int16(value) => write!(out, "{value}"),
            Form::Int32(value) => write!(out, "{value}"),
            Form::Int64(value) => write!(out, "{value}"),
            Form::UInt64(value) => write!(out, "{value}"),
            Form::Single(value) => return out.push_str(&f32_text(value)),
            Form::Double(value) => return out.push_str(&f64_text(value)),
            Form::Decimal(value) => return out.push_str(&value.text()),
            Form::DateTime(bits) => {
                let kind = match bits >> 62 {
                    0 => "",
                    1 => "Z",
                    _ => "+00:00",
                };
                let ticks = (bits & (UTC_KIND - 1)).min(MAX_DATE_TICKS.unsigned_abs()) as i64;
                date_time_text(out, ticks).and_then(|()| out.write_str(kind))
            }
            Form::TimeSpan(ticks) => duration_text(out, ticks),
            Form::Uuid(octets) => return push_uuid(&octets, out),
            Form::UniqueId(octets) => {
                out.push_str(URN_UUID);
                return push_uuid(&octets, out);
            }
            Form::Octets { .. } | Form::Dictionary | Form::QName => return,
        };
    }
}

/// What stands before the UUID of an identifier (RFC 9562 §4).
const URN_UUID: &str = "urn:uuid:";

/// The offsets of the dashes in the text of a UUID.
const DASHES: [usize; 4] = [8, 13, 18, 23];

fn push_uuid(octets: &[u8; 16], out: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (at, octet) in octets.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        out.push(DIGITS[usize::from(octet >> 4)].into());
        out.push(DIGITS[usize::from(octet & 15)].into());
    }
}

/// The UUID of `urn:uuid:…` in the one spelling that a UUID is written in.
pub(crate) fn unique_id(text: &str) -> Option<[u8; 16]> {
    let digits: &[u8; 36] = text.strip_prefix(URN_UUID)?.as_bytes().try_into().ok()?;
    let mut octets = [0; 16];
    let mut at = 0;
    for (place, digit) in digits.iter().enumerate() {
        let value = match digit {
            b'-' if DASHES.contains(&place) => continue,
            _ if DASHES.contains(&place) => return None,
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        octets[at / 2] = octets[at / 2] << 4 | value;
        at += 1;
    }
    Some(octets)
}

/// The whole number of a text in the one spelling that it is written in.
pub(crate) fn whole_number(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    let canonical = match digits {
        [b'0'] => text.len() == 1,
        [b'1'..=b'9', rest @ ..] => rest.len() < 19 && rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if canonical { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: Value<'_>) -> String {
        let octets = if let Value::Octets(octets) = value { octets } else { &[] };
        value.form(0).text(octets).into()
    }

    #[test]
    fn values_have_the_text_of_dot_net() {
        let uuid = [
            0x6a, 0x1d, 0x6f, 0x0e, 0x93, 0xa5, 0x4d, 0x5b, 0x8f, 0x2e, 0x2b, 0x9d, 0x3a, 0x4c,
            0x5e, 0x6f,
        ];
        for (value, expected) in [
            (Value::Bool(true), "true"),
            (Value::Int64(i64::MIN), "-9223372036854775808"),
            (Value::UInt64(u64::MAX), "18446744073709551615"),
            (Value::Double(15.99), "15.99"),
            (Value::Single(0.1), "0.1"),
            (Value::Decimal(DecimalValue { low: 110, scale: 2, ..Default::default() }), "1.10"),
            (Value::Decimal(DecimalValue { low: 5, scale: 3, negative: true, high: 0 }), "-0.005"),
            (
                Value::Decimal(DecimalValue { high: 1, ..Default::default() }),
                "18446744073709551616",
            ),
            (Value::DateTime(DateTimeValue { ticks: 0, utc: false }), "0001-01-01T00:00:00"),
            (
                Value::DateTime(DateTimeValue { ticks: MAX_DATE_TICKS, utc: true }),
                "9999-12-31T23:59:59.9999999Z",
            ),
            (Value::TimeSpan(-15_000_000), "-PT1.5S"),
            (Value::Uuid(uuid), "6a1d6f0e-93a5-4d5b-8f2e-2b9d3a4c5e6f"),
            (Value::UniqueId(uuid), "urn:uuid:6a1d6f0e-93a5-4d5b-8f2e-2b9d3a4c5e6f"),
            (Value::Octets(b"abcd"), "YWJjZA=="),
        ] {
            assert_eq!(text(value), expected);
        }
    }

    #[test]
    fn only_the_spelling_that_is_written_is_taken_for_a_value() {
        let uuid = "urn:uuid:6a1d6f0e-93a5-4d5b-8f2e-2b9d3a4c5e6f";
        assert_eq!(text(Value::UniqueId(unique_id(uuid).unwrap())), uuid);
        for other in [
            "urn:uuid:6A1D6F0E-93a5-4d5b-8f2e-2b9d3a4c5e6f",
            "urn:uuid:6a1d6f0e93a5-4d5b-8f2e-2b9d3a4c5e6f-",
            "urn:uuid:6a1d6f0e-93a5-4d5b-8f2e-2b9d3a4c5e6",
            "URN:uuid:6a1d6f0e-93a5-4d5b-8f2e-2b9d3a4c5e6f",
            "6a1d6f0e-93a5-4d5b-8f2e-2b9d3a4c5e6f",
        ] {
            assert_eq!(unique_id(other), None, "{other}");
        }
        for (number, value) in [
            ("0", 0),
            ("-1", -1),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(whole_number(number), Some(value));
        }
        for other in [
            "",
            "-",
            "-0",
            "01",
            "+1",
            "1 ",
            "9223372036854775808",
            "99999999999999999999999999",
            "1.0",
        ] {
            assert_eq!(whole_number(other), None, "{other}");
        }
    }
}
