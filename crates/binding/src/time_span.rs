//! Time spans as .NET configuration files write them.
//!
//! The lexical form is `[-][d.]hh:mm[:ss[.fffffff]]`, a bare integer (days!) or the word
//! `Infinite`; see the documentation of `TimeSpan.Parse` and of WCF's
//! `TimeSpanOrInfiniteConverter`.

use std::fmt;
use std::time::Duration;

const TICKS_PER_SECOND: i64 = 10_000_000;
const TICKS_PER_MINUTE: i64 = 60 * TICKS_PER_SECOND;
const TICKS_PER_HOUR: i64 = 60 * TICKS_PER_MINUTE;
const TICKS_PER_DAY: i64 = 24 * TICKS_PER_HOUR;
/// Longest day count that still fits 64-bit ticks.
const MAX_DAYS: i64 = 10_675_199;

/// A span of time with a resolution of 100 ns, or "no limit".
///
/// WCF's timeouts have this type. [`TimeSpan::INFINITE`] is `TimeSpan.MaxValue`, written
/// `Infinite` in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeSpan {
    ticks: i64,
}

impl TimeSpan {
    /// No time at all.
    pub const ZERO: TimeSpan = TimeSpan { ticks: 0 };
    /// No limit.
    pub const INFINITE: TimeSpan = TimeSpan { ticks: i64::MAX };
    /// The smallest positive span, 100 ns: the lower bound of values that must not be zero.
    pub const TICK: TimeSpan = TimeSpan { ticks: 1 };
    /// The longest finite timeout that WCF accepts: 2^31-1 milliseconds (about 24.8 days).
    pub const MAX_TIMEOUT: TimeSpan = TimeSpan { ticks: i32::MAX as i64 * 10_000 };

    /// A span of whole seconds.
    pub const fn seconds(seconds: u32) -> TimeSpan {
        TimeSpan { ticks: seconds as i64 * TICKS_PER_SECOND }
    }

    /// A span of milliseconds.
    pub const fn milliseconds(milliseconds: u32) -> TimeSpan {
        TimeSpan { ticks: milliseconds as i64 * 10_000 }
    }

    /// A span of whole minutes.
    pub const fn minutes(minutes: u32) -> TimeSpan {
        TimeSpan::seconds(minutes * 60)
    }

    /// A span of whole hours.
    pub const fn hours(hours: u32) -> TimeSpan {
        TimeSpan::seconds(hours * 3600)
    }

    /// A span of 100 ns ticks; `i64::MAX` means no limit.
    pub const fn from_ticks(ticks: i64) -> TimeSpan {
        TimeSpan { ticks }
    }

    /// The span in ticks of 100 ns; `i64::MAX` for [`TimeSpan::INFINITE`].
    pub const fn ticks(self) -> i64 {
        self.ticks
    }

    /// Whether the span means "no limit".
    pub const fn is_infinite(self) -> bool {
        self.ticks == i64::MAX
    }

    /// The span as a [`Duration`], or `None` when there is no limit. Negative spans (legal only
    /// for the WebSocket keep-alive, where they also mean "never") give `None`, too.
    pub fn duration(self) -> Option<Duration> {
        if self.is_infinite() {
            return None;
        }
        let ticks = u64::try_from(self.ticks).ok()?;
        let seconds = ticks / TICKS_PER_SECOND as u64;
        let nanos = (ticks % TICKS_PER_SECOND as u64) * 100;
        Some(Duration::new(seconds, nanos as u32))
    }

    /// The shorter of two spans.
    pub fn min(self, other: TimeSpan) -> TimeSpan {
        std::cmp::min(self, other)
    }

    /// Reads the form used in configuration files.
    ///
    /// # Errors
    /// The text is no time span, or one of its fields is out of range.
    pub fn parse(text: &str) -> Result<TimeSpan, TimeSpanError> {
        if text.eq_ignore_ascii_case("infinite") {
            return Ok(TimeSpan::INFINITE);
        }
        parse_span(text.trim_matches(|c: char| c.is_ascii_whitespace()))
    }
}

impl From<Duration> for TimeSpan {
    /// Cuts to 100 ns; a duration beyond the range of a span becomes [`TimeSpan::INFINITE`].
    fn from(duration: Duration) -> TimeSpan {
        let ticks = duration.as_nanos() / 100;
        TimeSpan { ticks: i64::try_from(ticks).unwrap_or(i64::MAX) }
    }
}

impl fmt::Display for TimeSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_infinite() {
            return f.write_str("Infinite");
        }
        if self.ticks < 0 {
            f.write_str("-")?;
        }
        let ticks = self.ticks.unsigned_abs();
        let days = ticks / TICKS_PER_DAY as u64;
        let field = |unit: i64, modulus: u64| (ticks / unit as u64) % modulus;
        if days > 0 {
            write!(f, "{days}.")?;
        }
        let (h, m, s) =
            (field(TICKS_PER_HOUR, 24), field(TICKS_PER_MINUTE, 60), field(TICKS_PER_SECOND, 60));
        write!(f, "{h:02}:{m:02}:{s:02}")?;
        match ticks % TICKS_PER_SECOND as u64 {
            0 => Ok(()),
            fraction => write!(f, ".{fraction:07}"),
        }
    }
}

/// Why a text is no time span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TimeSpanError {
    /// The text does not have the form of a time span.
    #[error("a time span is written [d.]hh:mm:ss, for example 00:10:00 for ten minutes")]
    Format,
    /// It has the form, but a field is too large (minutes and seconds end at 59, a fraction has
    /// at most seven digits).
    #[error("one of the numbers is out of range: minutes and seconds end at 59, hours at 23")]
    Range,
}

fn parse_span(text: &str) -> Result<TimeSpan, TimeSpanError> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (days, clock) = match text.split_once('.') {
        _ if !text.contains(':') => return whole_days(text, negative),
        Some((days, clock)) if !days.contains(':') => (number(days, MAX_DAYS)?, clock),
        _ => (0, text),
    };
    let fields: Vec<&str> = clock.split(':').collect();
    let ticks = match (fields.as_slice(), text == clock) {
        ([h, m], _) => clock_ticks(days, h, m, "0")?,
        ([h, m, s], true) => clock_ticks(0, h, m, s).or_else(|e| days_first(h, m, s, e))?,
        ([h, m, s], false) => clock_ticks(days, h, m, s)?,
        ([d, h, m, s], true) => clock_ticks(number(d, MAX_DAYS)?, h, m, s)?,
        _ => return Err(TimeSpanError::Format),
    };
    Ok(TimeSpan { ticks: if negative { -ticks } else { ticks } })
}

fn whole_days(text: &str, negative: bool) -> Result<TimeSpan, TimeSpanError> {
    let ticks = number(text, MAX_DAYS)? * TICKS_PER_DAY;
    Ok(TimeSpan { ticks: if negative { -ticks } else { ticks } })
}

/// Three fields whose first exceeds 23 are read as `d:hh:mm`, as .NET does.
fn days_first(d: &str, h: &str, m: &str, error: TimeSpanError) -> Result<i64, TimeSpanError> {
    if m.contains('.') || number(d, MAX_DAYS)? <= 23 {
        return Err(error);
    }
    clock_ticks(number(d, MAX_DAYS)?, h, m, "0")
}

fn clock_ticks(days: i64, h: &str, m: &str, s: &str) -> Result<i64, TimeSpanError> {
    let (s, fraction) = match s.split_once('.') {
        Some((s, fraction)) => (s, fraction_ticks(fraction)?),
        None => (s, 0),
    };
    let clock = number(h, 23)? * TICKS_PER_HOUR
        + number(m, 59)? * TICKS_PER_MINUTE
        + number(s, 59)? * TICKS_PER_SECOND
        + fraction;
    days.checked_mul(TICKS_PER_DAY).and_then(|d| d.checked_add(clock)).ok_or(TimeSpanError::Range)
}

fn fraction_ticks(digits: &str) -> Result<i64, TimeSpanError> {
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(TimeSpanError::Format);
    }
    if digits.len() > 7 {
        return Err(TimeSpanError::Range);
    }
    let value = number(digits, i64::MAX)?;
    Ok(value * 10_i64.pow(7 - digits.len() as u32))
}

fn number(digits: &str, max: i64) -> Result<i64, TimeSpanError> {
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(TimeSpanError::Format);
    }
    match digits.parse::<i64>() {
        Ok(value) if value <= max => Ok(value),
        _ => Err(TimeSpanError::Range),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(text: &str) -> i64 {
        TimeSpan::parse(text).unwrap_or_else(|e| panic!("{text}: {e}")).ticks()
    }

    #[test]
    fn reads_every_form() {
        assert_eq!(ticks("00:10:00"), 10 * TICKS_PER_MINUTE);
        assert_eq!(ticks(" 0:0:15 "), 15 * TICKS_PER_SECOND);
        assert_eq!(ticks("1.02:03"), TICKS_PER_DAY + 2 * TICKS_PER_HOUR + 3 * TICKS_PER_MINUTE);
        assert_eq!(ticks("00:00:00.2"), 2_000_000);
        assert_eq!(ticks("1:02:03:04"), ticks("1.02:03:04"));
        assert_eq!(ticks("10"), 10 * TICKS_PER_DAY);
        assert_eq!(ticks("24:00:00"), 24 * TICKS_PER_DAY);
        assert_eq!(ticks("inFINite"), i64::MAX);
        assert_eq!(ticks("-00:00:00.001"), -10_000);
    }

    #[test]
    fn refuses_the_rest() {
        for text in ["", "PT10M", "10min", " Infinite", "1:", "a:b", "1.2.3:4", ":::", "--1"] {
            assert_eq!(TimeSpan::parse(text), Err(TimeSpanError::Format), "{text}");
        }
        for text in ["00:00:60", "24:00", "00:00:00.12345678", "99999999999", "00:60:00"] {
            assert_eq!(TimeSpan::parse(text), Err(TimeSpanError::Range), "{text}");
        }
    }

    #[test]
    fn writes_what_it_reads() {
        for text in
            ["00:10:00", "1.02:03:04", "00:00:00.2000000", "Infinite", "24.20:31:23.6470000"]
        {
            assert_eq!(TimeSpan::parse(text).expect("valid").to_string(), text);
        }
        assert_eq!(TimeSpan::MAX_TIMEOUT.to_string(), "24.20:31:23.6470000");
    }
}
