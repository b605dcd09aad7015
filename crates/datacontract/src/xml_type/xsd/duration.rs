//! `xs:duration` (XML Schema Part 2 §3.2.6).

use std::fmt;
use std::str::FromStr;

use super::time::{nanoseconds, write_nanoseconds};
use crate::{TimeSpan, ValueError};

/// A span of time in years, months, days, hours, minutes and seconds, as written: `P1Y` is not `P12M`. Fractions of a second
/// finer than nanoseconds are cut. The default is `PT0S`.
///
/// [`TimeSpan`] is a number of ticks instead; it takes a year for 365 days and a month for 30.
///
/// ```
/// use waxwing_datacontract::xsd::Duration;
/// let span: Duration = "-P1Y2M3DT4H5M6.7S".parse().unwrap();
/// assert_eq!((span.negative, span.years, span.months, span.nanoseconds), (true, 1, 2, 700_000_000));
/// assert_eq!(span.to_string(), "-P1Y2M3DT4H5M6.7S");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Duration {
    /// Into the past.
    pub negative: bool,
    /// Years.
    pub years: u64,
    /// Months.
    pub months: u64,
    /// Days.
    pub days: u64,
    /// Hours.
    pub hours: u64,
    /// Minutes.
    pub minutes: u64,
    /// Whole seconds.
    pub seconds: u64,
    /// The fraction of a second, less than 1,000,000,000.
    pub nanoseconds: u32,
}

impl TryFrom<Duration> for TimeSpan {
    type Error = ValueError;

    /// Counts a year as 365 days and a month as 30, as .NET does.
    ///
    /// # Errors
    /// More than the longest.
    fn try_from(value: Duration) -> Result<Self, ValueError> {
        value.to_string().parse()
    }
}

impl From<TimeSpan> for Duration {
    fn from(value: TimeSpan) -> Self {
        // The text of a span is one of a duration.
        value.to_string().parse().unwrap_or_default()
    }
}

impl FromStr for Duration {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        const FORM: ValueError = ValueError::Form("duration");
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let rest = rest.strip_prefix('P').ok_or(FORM)?;
        let (date, time) = match rest.split_once('T') {
            Some((_, "")) => return Err(FORM),
            Some((date, time)) => (date, time),
            None => (rest, ""),
        };
        if date.is_empty() && time.is_empty() {
            return Err(FORM);
        }
        let ([years, months, days], []) = fields(date, ['Y', 'M', 'D'])? else { return Err(FORM) };
        let (clock, fraction) = match time.split_once('.') {
            None => (time.to_owned(), 0),
            Some((clock, fraction)) => {
                let fraction = fraction.strip_suffix('S').ok_or(FORM)?;
                if !clock.ends_with(|c: char| c.is_ascii_digit()) {
                    return Err(FORM);
                }
                (format!("{clock}S"), nanoseconds(fraction).map_err(|_| FORM)?)
            }
        };
        let ([hours, minutes, seconds], []) = fields(&clock, ['H', 'M', 'S'])? else {
            return Err(FORM);
        };
        Ok(Self { negative, years, months, days, hours, minutes, seconds, nanoseconds: fraction })
    }
}

/// Numbers with these letters behind them, each once at most and in this order; and what is left of the text.
fn fields(mut text: &str, letters: [char; 3]) -> Result<([u64; 3], &[u8]), ValueError> {
    let mut numbers = [0; 3];
    for (number, letter) in numbers.iter_mut().zip(letters) {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let Some(rest) = text[digits..].strip_prefix(letter) else { continue };
        if digits == 0 {
            return Err(ValueError::Form("duration"));
        }
        *number = text[..digits].parse().map_err(|_| ValueError::Range("duration"))?;
        text = rest;
    }
    Ok((numbers, text.as_bytes()))
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.negative { "-P" } else { "P" })?;
        let part = |f: &mut fmt::Formatter<'_>, number: u64, letter: char| match number {
            0 => Ok(()),
            _ => write!(f, "{number}{letter}"),
        };
        part(f, self.years, 'Y')?;
        part(f, self.months, 'M')?;
        part(f, self.days, 'D')?;
        let second = self.seconds != 0 || self.nanoseconds != 0;
        let nothing = self.years == 0 && self.months == 0 && self.days == 0;
        if self.hours == 0 && self.minutes == 0 && !second {
            return f.write_str(if nothing { "T0S" } else { "" });
        }
        f.write_str("T")?;
        part(f, self.hours, 'H')?;
        part(f, self.minutes, 'M')?;
        if second {
            write!(f, "{}", self.seconds)?;
            write_nanoseconds(f, self.nanoseconds.min(999_999_999))?;
            f.write_str("S")?;
        }
        Ok(())
    }
}
