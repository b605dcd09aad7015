//! Floating-point text as the .NET Framework reads it; how it writes is [`waxwing_xml::values`].

use crate::lexical::trim;
use crate::values::ValueError;

/// Reads a `double`: blanks around, sign, digits, point and exponent, `INF`, `-INF`, `Infinity`, `NaN`.
///
/// # Errors
/// Other text, or a number too large for a `double`.
pub fn parse_f64(text: &str) -> Result<f64, ValueError> {
    let text = trim(text);
    match text {
        "INF" | "Infinity" => return Ok(f64::INFINITY),
        "-INF" | "-Infinity" => return Ok(f64::NEG_INFINITY),
        "NaN" => return Ok(f64::NAN),
        _ => {}
    }
    // Rust's parser knows the same numbers; it is kept from its words for infinity.
    let numeric = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
    let value: f64 = text.parse().ok().filter(|_| numeric).ok_or(ValueError::Form("Double"))?;
    if value.is_infinite() { Err(ValueError::Range("a Double")) } else { Ok(value) }
}

/// Reads a `float`, as [`parse_f64`].
///
/// # Errors
/// Other text, or a number too large for a `float`.
pub fn parse_f32(text: &str) -> Result<f32, ValueError> {
    let wide = parse_f64(text).map_err(|error| match error {
        ValueError::Form(_) => ValueError::Form("Single"),
        _ => ValueError::Range("a Single"),
    })?;
    if !wide.is_finite() {
        return Ok(wide as f32);
    }
    // Not through the wide value: rounding twice can miss the nearest float.
    let value: f32 = trim(text).parse().map_err(|_| ValueError::Form("Single"))?;
    if value.is_infinite() { Err(ValueError::Range("a Single")) } else { Ok(value) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use waxwing_xml::values::{f32_text, f64_text};

    #[test]
    fn reads_what_dot_net_reads() {
        for (text, value) in
            [("1e5", 1e5), ("1E+20", 1e20), (" 1.5 ", 1.5), (".5", 0.5), ("1.", 1.0), ("+2", 2.0)]
        {
            assert_eq!(parse_f64(text), Ok(value), "{text}");
        }
        for bad in ["+INF", "1,5", "0x1", "", " ", "inf", "infinity", "nan", "1e", ".", "e5", "1 2"]
        {
            assert!(parse_f64(bad).is_err(), "{bad}");
        }
        assert_eq!(parse_f64("1e400"), Err(ValueError::Range("a Double")));
        assert_eq!(parse_f32("1e40"), Err(ValueError::Range("a Single")));
    }

    proptest! {
        #[test]
        fn doubles_round_trip(bits: u64) {
            let value = f64::from_bits(bits);
            let back = parse_f64(&f64_text(value)).unwrap();
            prop_assert!(back == value || (back.is_nan() && value.is_nan()));
        }

        #[test]
        fn floats_round_trip(bits: u32) {
            let value = f32::from_bits(bits);
            let back = parse_f32(&f32_text(value)).unwrap();
            prop_assert!(back == value || (back.is_nan() && value.is_nan()));
        }

        #[test]
        fn any_text_is_refused_or_read(text in "[-+ ]?[0-9.eE]{0,12}[é ]?") {
            let _ = (parse_f64(&text), parse_f32(&text));
        }
    }
}
