//! Values with the text that .NET's `XmlConvert` gives them.
//!
//! A tree holds text. Text that was made of a value remembers the value, so that an encoding that has records for values
//! ([`binary`](crate::binary)) or parts for octets writes those; canonical XML is over the text in any case.

mod number;
mod short;
mod time;

use std::fmt::Write;

use base64_simd::{AsOut as _, STANDARD};

use crate::large::Octets;

pub use number::{f32_text, f64_text};
use short::Short;
pub use time::{MAX_DATE_TICKS, civil_date, date_time_text, duration_text, timestamp_text};

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
        let mut text = String::new();
        // Writing into a string cannot fail.
        let _ = self.push_text(&mut text);
        text
    }

    fn push_text(&self, out: &mut impl Write) -> std::fmt::Result {
        let scale = usize::from(self.scale);
        let magnitude = u128::from(self.high) << 64 | u128::from(self.low);
        let mut digits = Short::new();
        write!(digits, "{magnitude:0>width$}", width = scale + 1)?;
        let (whole, fraction) = digits.as_str().split_at(digits.as_str().len() - scale);
        let sign = if self.negative && magnitude != 0 { "-" } else { "" };
        let point = if scale == 0 { "" } else { "." };
        for piece in [sign, whole, point, fraction] {
            out.write_str(piece)?;
        }
        Ok(())
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
    pub(crate) fn octets<'o>(&self, all: &'o Octets) -> Option<&'o [u8]> {
        match *self {
            Form::Octets { start, len } => all.get(start, len),
            _ => None,
        }
    }

    /// The value; none of forms that have only a text.
    pub(crate) fn value<'o>(&self, all: &'o Octets) -> Option<Value<'o>> {
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
    pub(crate) fn text(&self, octets: &Octets) -> Box<str> {
        match self.octets(octets) {
            Some(octets) => STANDARD.encode_to_string(octets).into(),
            None => self.short_text().as_str().into(),
        }
    }

    /// Hands on the text of a value, in pieces; nothing for forms whose text is kept elsewhere.
    pub(crate) fn write_text(&self, octets: &Octets, mut write: impl FnMut(&[u8])) {
        /// Octets of a piece: whole groups of three, and large enough that few pieces are many octets.
        const PIECE: usize = 1536;
        match self.octets(octets) {
            Some(octets) => {
                let mut text = [0; PIECE / 3 * 4];
                for piece in octets.chunks(PIECE) {
                    write(STANDARD.encode(piece, text[..].as_out()));
                }
            }
            None => write(self.short_text().as_bytes()),
        }
    }

    /// The text of a value that is no octets; empty for forms whose text is kept elsewhere.
    pub(crate) fn short_text(&self) -> Short {
        let mut out = Short::new();
        // Every value has a text that fits.
        let _ = match *self {
            Form::Bool(value) => out.write_str(if value { "true" } else { "false" }),
            Form::Int16(value) => write!(out, "{value}"),
            Form::Int32(value) => write!(out, "{value}"),
            Form::Int64(value) => write!(out, "{value}"),
            Form::UInt64(value) => write!(out, "{value}"),
            Form::Single(value) => number::push_f32(&mut out, value),
            Form::Double(value) => number::push_f64(&mut out, value),
            Form::Decimal(value) => value.push_text(&mut out),
            Form::DateTime(bits) => {
                let kind = match bits >> 62 {
                    0 => "",
                    1 => "Z",
                    _ => "+00:00",
                };
                let ticks = (bits & (UTC_KIND - 1)).min(MAX_DATE_TICKS.unsigned_abs()) as i64;
                date_time_text(&mut out, ticks).and_then(|()| out.write_str(kind))
            }
            Form::TimeSpan(ticks) => duration_text(&mut out, ticks),
            Form::Uuid(octets) => push_uuid(&octets, &mut out),
            Form::UniqueId(octets) => {
                out.write_str(URN_UUID).and_then(|()| push_uuid(&octets, &mut out))
            }
            Form::Octets { .. } | Form::Dictionary | Form::QName => Ok(()),
        };
        out
    }
}

/// What stands before the UUID of an identifier (RFC 9562 §4).
const URN_UUID: &str = "urn:uuid:";

/// The offsets of the dashes in the text of a UUID.
const DASHES: [usize; 4] = [8, 13, 18, 23];

/// The offsets of the two digits of each octet of a UUID.
const DIGITS: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];

fn push_uuid(octets: &[u8; 16], out: &mut Short) -> std::fmt::Result {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut text = [b'-'; 36];
    for (octet, at) in octets.iter().zip(DIGITS) {
        text[at] = HEX[usize::from(octet >> 4)];
        text[at + 1] = HEX[usize::from(octet & 15)];
    }
    out.push(&text)
}

/// The UUID of `urn:uuid:…` in the one spelling that a UUID is written in.
pub(crate) fn unique_id(text: &[u8]) -> Option<[u8; 16]> {
    let text: &[u8; 45] = text.try_into().ok()?;
    let (urn, text) = text.split_at(URN_UUID.len());
    let text: &[u8; 36] = text.try_into().ok()?;
    let mut octets = [0; 16];
    // What is no digit has the upper half of an octet.
    let mut wrong = 0;
    for (octet, at) in octets.iter_mut().zip(DIGITS) {
        let (high, low) =
            (HEX_VALUES[usize::from(text[at])], HEX_VALUES[usize::from(text[at + 1])]);
        wrong |= high | low;
        *octet = high << 4 | (low & 15);
    }
    let dashes = DASHES.iter().all(|at| text[*at] == b'-');
    (wrong < 16 && dashes && urn == URN_UUID.as_bytes()).then_some(octets)
}

/// The value of each hexadecimal digit as UUIDs are written, in lower case; 0xFF for every other octet.
const HEX_VALUES: [u8; 256] = {
    let mut values = [0xFF; 256];
    let mut digit = 0;
    while digit < 16 {
        values[if digit < 10 { b'0' + digit } else { b'a' + digit - 10 } as usize] = digit;
        digit += 1;
    }
    values
};

/// The whole number of a text in the one spelling that it is written in.
pub(crate) fn whole_number(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
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
        let mut all = Octets::default();
        let start = if let Value::Octets(octets) = value { all.store(octets) } else { 0 };
        value.form(start).text(&all).into()
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
        assert_eq!(text(Value::UniqueId(unique_id(uuid.as_bytes()).unwrap())), uuid);
        for other in [
            "urn:uuid:6A1D6F0E-93a5-4d5b-8f2e-2b9d3a4c5e6f",
            "urn:uuid:6a1d6f0e93a5-4d5b-8f2e-2b9d3a4c5e6f-",
            "urn:uuid:6a1d6f0e-93a5-4d5b-8f2e-2b9d3a4c5e6",
            "URN:uuid:6a1d6f0e-93a5-4d5b-8f2e-2b9d3a4c5e6f",
            "6a1d6f0e-93a5-4d5b-8f2e-2b9d3a4c5e6f",
        ] {
            assert_eq!(unique_id(other.as_bytes()), None, "{other}");
        }
        for (number, value) in [
            ("0", 0),
            ("-1", -1),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(whole_number(number.as_bytes()), Some(value));
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
            assert_eq!(whole_number(other.as_bytes()), None, "{other}");
        }
    }
}
