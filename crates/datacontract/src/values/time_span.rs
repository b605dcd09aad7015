//! `TimeSpan`: ticks of 100 ns, written as xs:duration.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use waxwing_xml::values::duration_text;

use super::{ValueError, digits, fraction_ticks};

/// A `System.TimeSpan`: a signed number of ticks of 100 ns.
///
/// The text is an xs:duration of days, hours, minutes and seconds. Reading takes a year for 365 days and a month for 30.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TimeSpan {
    ticks: i64,
}

const SECOND: i64 = 10_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

impl TimeSpan {
    /// The shortest: about minus 29,000 years.
    pub const MIN: Self = Self { ticks: i64::MIN };
    /// The longest: about 29,000 years.
    pub const MAX: Self = Self { ticks: i64::MAX };

    /// A number of ticks of 100 ns.
    pub const fn from_ticks(ticks: i64) -> Self {
        Self { ticks }
    }

    /// A number of seconds.
    ///
    /// # Errors
    /// More than the longest.
    pub fn from_seconds(seconds: i64) -> Result<Self, ValueError> {
        seconds.checked_mul(SECOND).map(Self::from_ticks).ok_or(ValueError::Range("TimeSpan"))
    }

    /// The number of ticks of 100 ns.
    pub const fn ticks(self) -> i64 {
        self.ticks
    }
}

impl TryFrom<Duration> for TimeSpan {
    type Error = ValueError;

    /// What is less than 100 ns is cut.
    ///
    /// # Errors
    /// More than the longest.
    fn try_from(duration: Duration) -> Result<Self, ValueError> {
        let ticks = i64::try_from(duration.as_nanos() / 100);
        ticks.map(Self::from_ticks).map_err(|_| ValueError::Range("TimeSpan"))
    }
}

impl TryFrom<TimeSpan> for Duration {
    type Error = ValueError;

    /// # Errors
    /// A negative span.
    fn try_from(span: TimeSpan) -> Result<Self, ValueError> {
        let ticks = u64::try_from(span.ticks).map_err(|_| ValueError::Range("Duration"))?;
        let second = SECOND.unsigned_abs();
        // The remainder is below ten million, so that the nanoseconds fit.
        Ok(Self::new(ticks / second, (ticks % second) as u32 * 100))
    }
}

impl fmt::Display for TimeSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        duration_text(f, self.ticks)
    }
}

impl FromStr for TimeSpan {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        const FORM: ValueError = ValueError::Form("TimeSpan");
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let text = text.strip_prefix('P').ok_or(FORM)?;
        let (date, time) = match text.split_once('T') {
            Some((_, "")) => return Err(FORM),
            Some((date, time)) => (date, time),
            None if text.is_empty() => return Err(FORM),
            None => (text, ""),
        };
        let ticks = sum(date, &[('Y', 365 * DAY), ('M', 30 * DAY), ('D', DAY)])?
            + sum(time, &[('H', HOUR), ('M', MINUTE), ('S', SECOND)])?;
        let ticks = if negative { -ticks } else { ticks };
        i64::try_from(ticks).map(Self::from_ticks).map_err(|_| ValueError::Range("TimeSpan"))
    }
}

/// Adds up `1D`, `2H3M4.5S`: each unit at most once and in order; only seconds have a fraction.
fn sum(mut text: &str, units: &[(char, i64)]) -> Result<i128, ValueError> {
    const FORM: ValueError = ValueError::Form("TimeSpan");
    let mut total = 0i128;
    let mut units = units.iter();
    while !text.is_empty() {
        let (whole, rest) = digits(text);
        // Nine digits are more than any .NET part can hold; the product with a year's ticks stays far inside 128 bits.
        let number: u32 = whole.parse().map_err(|_| FORM)?;
        let (fraction, rest) = match rest.strip_prefix('.') {
            Some(rest) => digits(rest),
            None => ("", rest),
        };
        let had_point = rest.len() + fraction.len() + whole.len() < text.len();
        let letter = rest.chars().next().ok_or(FORM)?;
        let &(_, unit) = units.find(|(name, _)| *name == letter).ok_or(FORM)?;
        if had_point && (letter != 'S' || fraction.is_empty()) {
            return Err(FORM);
        }
        total += i128::from(number) * i128::from(unit) + i128::from(fraction_ticks(fraction));
        text = &rest[letter.len_utf8()..];
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_years_and_months_and_writes_days() {
        for (text, ticks) in [
            ("P1Y", 365 * DAY),
            ("P1M", 30 * DAY),
            ("PT36H", 36 * HOUR),
            ("-PT1S", -SECOND),
            ("P1Y2M3DT4H5M6.7S", 428 * DAY + 4 * HOUR + 5 * MINUTE + 67 * SECOND / 10),
            ("PT0.00000015S", 2),
        ] {
            assert_eq!(text.parse::<TimeSpan>().unwrap().ticks(), ticks, "{text}");
        }
        assert_eq!(TimeSpan::from_ticks(36 * HOUR).to_string(), "P1DT12H");
        assert_eq!(TimeSpan::MIN.to_string().parse::<TimeSpan>().unwrap(), TimeSpan::MIN);
    }

    #[test]
    fn refuses_what_is_no_duration() {
        for bad in [
            "",
            "P",
            "-",
            "P1DT",
            "PT",
            "P1S",
            "PT1D",
            "PT1M2H",
            "P1",
            "1D",
            "PT1.S",
            "PT1.5M",
            "p1d",
            "P-1D",
            "PT1S ",
            "P99999999999D",
            "PTé",
        ] {
            assert!(bad.parse::<TimeSpan>().is_err(), "{bad}");
        }
        assert!("P4000000000D".parse::<TimeSpan>().is_err());
    }

    proptest! {
        #[test]
        fn text_round_trips(ticks: i64) {
            let span = TimeSpan::from_ticks(ticks);
            prop_assert_eq!(span.to_string().parse::<TimeSpan>(), Ok(span));
        }

        #[test]
        fn any_text_is_refused_or_read(text in "-?P?([0-9]{1,12}[YMD.]){0,4}T?([0-9.]{0,12}[HMSé]){0,4}") {
            let _ = text.parse::<TimeSpan>();
        }
    }
}
