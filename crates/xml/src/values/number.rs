//! Floating-point text as the .NET Framework writes it.
//!
//! .NET's round-trip form tries 15 digits (7 for `float`) and takes 17 (9) if those do not read back as the same number; the
//! exponent form is used for exponents up to -5 and from the number of digits tried.

/// The text of a `double`: `100`, `115.99`, `3.1428571428571428`, `1E+20`, `INF`, `-INF`, `NaN`, `-0`.
pub fn f64_text(value: f64) -> String {
    if let Some(special) = special(value) {
        return special.to_owned();
    }
    // The shortest digits that read back, if there are no more than 15, are the 15 that .NET tries first: a decimal of 15
    // digits survives the way through a normal double.
    let shortest = format!("{value:e}");
    let digits = shortest.bytes().take_while(|b| *b != b'e').filter(u8::is_ascii_digit).count();
    if value.is_normal() && digits <= 15 {
        return general(&shortest, 15);
    }
    by_trial(value)
}

/// .NET's own way: 15 digits, and 17 if those do not read back.
fn by_trial(value: f64) -> String {
    let short = format!("{value:.14e}");
    if short.parse() == Ok(value) {
        return general(&short, 15);
    }
    general(&format!("{value:.16e}"), 17)
}

/// The text of a `float`: `0.1`, `0.333333343`, `1E+10`.
pub fn f32_text(value: f32) -> String {
    if let Some(special) = special(value.into()) {
        return special.to_owned();
    }
    let short = format!("{value:.6e}");
    if short.parse() == Ok(value) {
        return general(&short, 7);
    }
    general(&format!("{value:.8e}"), 9)
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

/// Rewrites `-d.ddde±x` in the general form for so many significant digits.
fn general(scientific: &str, precision: i32) -> String {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let all: String = mantissa.chars().filter(|&c| c != '.').collect();
    let digits = all.trim_end_matches('0');
    if exponent <= -5 || exponent >= precision {
        let point = if digits.len() > 1 { "." } else { "" };
        let exponent_sign = if exponent < 0 { '-' } else { '+' };
        let (first, rest) = digits.split_at(1);
        return format!("{sign}{first}{point}{rest}E{exponent_sign}{:02}", exponent.abs());
    }
    if exponent < 0 {
        let zeros = "0".repeat(exponent.unsigned_abs() as usize - 1);
        return format!("{sign}0.{zeros}{digits}");
    }
    let whole = exponent as usize + 1;
    if digits.len() <= whole {
        return format!("{sign}{digits}{}", "0".repeat(whole - digits.len()));
    }
    format!("{sign}{}.{}", &digits[..whole], &digits[whole..])
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
                    prop_assert_eq!(f64_text(value), by_trial(value));
                }
            }
        }
    }
}
