//! Floating-point text as the .NET Framework writes it.
//!
//! .NET's round-trip form tries 15 digits (7 for `float`) and takes 17 (9) if those do not read back as the same number; the
//! exponent form is used for exponents up to -5 and from the number of digits tried.

use std::fmt::{Result, Write};

use super::short::Short;

/// The text of a `double`: `100`, `115.99`, `3.1428571428571428`, `1E+20`, `INF`, `-INF`, `NaN`, `-0`.
pub fn f64_text(value: f64) -> String {
    let mut text = String::new();
    // Writing into a string cannot fail.
    let _ = push_f64(&mut text, value);
    text
}

/// The text of a `float`: `0.1`, `0.333333343`, `1E+10`.
pub fn f32_text(value: f32) -> String {
    let mut text = String::new();
    let _ = push_f32(&mut text, value);
    text
}

/// Writes the text of a `double`.
pub(super) fn push_f64(out: &mut impl Write, value: f64) -> Result {
    if let Some(special) = special(value) {
        return out.write_str(special);
    }
    // The shortest digits that read back, if there are no more than 15, are the 15 that .NET tries first: a decimal of 15
    // digits survives the way through a normal double.
    let mut buffer = zmij::Buffer::new();
    let shortest = Decimal::read(buffer.format_finite(value));
    match shortest.digits.as_bytes().len() {
        ..=15 if value.is_normal() => shortest.write(out, 15),
        ..=15 => by_trial(out, value),
        // No 15 digits read back. (17 of the shortest may be others: a number halfway between two of them has either.)
        _ => seventeen(out, value),
    }
}

fn seventeen(out: &mut impl Write, value: f64) -> Result {
    let mut long = Short::new();
    write!(long, "{value:.16e}")?;
    Decimal::read(long.as_str()).write(out, 17)
}

/// .NET's own way: 15 digits, and 17 if those do not read back.
fn by_trial(out: &mut impl Write, value: f64) -> Result {
    let mut short = Short::new();
    write!(short, "{value:.14e}")?;
    if short.as_str().parse() == Ok(value) {
        return Decimal::read(short.as_str()).write(out, 15);
    }
    seventeen(out, value)
}

/// Writes the text of a `float`.
pub(super) fn push_f32(out: &mut impl Write, value: f32) -> Result {
    if let Some(special) = special(value.into()) {
        return out.write_str(special);
    }
    let mut short = Short::new();
    write!(short, "{value:.6e}")?;
    if short.as_str().parse() == Ok(value) {
        return Decimal::read(short.as_str()).write(out, 7);
    }
    let mut long = Short::new();
    write!(long, "{value:.8e}")?;
    Decimal::read(long.as_str()).write(out, 9)
}

fn special(value: f64) -> Option<&'static str> {
    if value.is_nan() {
        Some("NaN")
    } else if value.is_infinite() {
        Some(if value > 0.0 { "INF" } else { "-INF" })
    } else if value == 0.0 {
        Some(if value.is_sign_negative() { "-0" } else { "0" })
    } else {
        None
    }
}

/// A number that is not zero, as its digits.
struct Decimal {
    is_negative: bool,
    /// From the first that is not zero to the last.
    digits: Short,
    /// The power of ten of the first.
    exponent: i32,
}

impl Decimal {
    /// Reads what others write: `-d.ddde±x`, `ddd.ddd`.
    fn read(text: &str) -> Self {
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let (is_negative, mantissa) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa),
        };
        let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits = Short::new();
        // The longest is `0.00001…` of 17 digits; what is longer than there is room for would be no number of ours.
        let _ = digits.push(before.as_bytes()).and_then(|()| digits.push(after.as_bytes()));
        let zeros = digits.as_bytes().iter().take_while(|digit| **digit == b'0').count();
        let exponent = exponent.parse().unwrap_or(0) + before.len() as i32 - 1 - zeros as i32;
        let digits = digits.without(zeros, b'0');
        Self { is_negative, digits, exponent }
    }

    /// Writes it in the general form for so many significant digits.
    fn write(&self, out: &mut impl Write, precision: i32) -> Result {
        let Self { is_negative, digits, exponent } = self;
        let digits = digits.as_str();
        if *is_negative {
            out.write_str("-")?;
        }
        if *exponent <= -5 || *exponent >= precision {
            let (first, rest) = digits.split_at(1);
            out.write_str(first)?;
            out.write_str(if rest.is_empty() { "" } else { "." })?;
            out.write_str(rest)?;
            let exponent_sign = if *exponent < 0 { '-' } else { '+' };
            return write!(out, "E{exponent_sign}{:02}", exponent.abs());
        }
        if *exponent < 0 {
            out.write_str("0.")?;
            zeros(out, exponent.unsigned_abs() as usize - 1)?;
            return out.write_str(digits);
        }
        let whole = *exponent as usize + 1;
        if digits.len() <= whole {
            out.write_str(digits)?;
            return zeros(out, whole - digits.len());
        }
        out.write_str(&digits[..whole])?;
        out.write_str(".")?;
        out.write_str(&digits[whole..])
    }
}

fn zeros(out: &mut impl Write, count: usize) -> Result {
    (0..count).try_for_each(|_| out.write_str("0"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn doubles_are_written_as_dot_net_does() {
        for (value, text) in [
            (22.0 / 7.0, "3.1428571428571428"),
            (100.0 + 15.99, "115.99"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e15, "1E+15"),
            (1e14, "100000000000000"),
            (1234567890123456.0, "1234567890123456"),
            (1e-4, "0.0001"),
            (1e-5, "1E-05"),
            (1.5e-7, "1.5E-07"),
            (f64::MAX, "1.7976931348623157E+308"),
            (f64::from_bits(1), "4.94065645841247E-324"),
            (-1.5, "-1.5"),
            (-0.0, "-0"),
            (1e100, "1E+100"),
            // Halfway between two texts.
            (-421_935_862_543_233.0 / 16.0, "-26370991408952.062"),
        ] {
            assert_eq!(f64_text(value), text);
        }
        for (value, text) in [
            (1f32 / 3.0, "0.333333343"),
            (1e10, "1E+10"),
            (1e7, "1E+07"),
            (12345678.0, "12345678"),
            (0.1, "0.1"),
            (f32::NEG_INFINITY, "-INF"),
        ] {
            assert_eq!(f32_text(value), text);
        }
    }

    proptest! {
        #[test]
        fn numbers_round_trip(double: u64, float: u32) {
            let (double, float) = (f64::from_bits(double), f32::from_bits(float));
            if double.is_finite() && float.is_finite() {
                prop_assert_eq!(f64_text(double).parse(), Ok(double));
                prop_assert_eq!(f32_text(float).parse(), Ok(float));
            }
        }

        #[test]
        fn the_short_way_is_the_long_way(bits: u64, units in -1_000_000_000_000_000_000i64..1_000_000_000_000_000_000, scale in 0..30) {
            for value in [f64::from_bits(bits), units as f64 / 10f64.powi(scale), units as f64 * 10f64.powi(scale)] {
                if value.is_finite() && value != 0.0 {
                    let mut long = String::new();
                    by_trial(&mut long, value).unwrap();
                    prop_assert_eq!(f64_text(value), long);
                }
            }
        }
    }
}
