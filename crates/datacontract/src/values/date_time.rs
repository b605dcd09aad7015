//! `DateTime`: ticks of 100 ns since the year 1, with a kind.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use waxwing_xml::values::{DateTimeValue, civil_date, date_time_text};

use super::{ValueError, digits, fraction_ticks};

/// A `System.DateTime`: a date and a time of day to 100 ns, and what they relate to.
///
/// Two values are equal when date, time and kind are; .NET compares date and time alone.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DateTime {
    ticks: i64,
    kind: DateTimeKind,
}

/// What the date and time of a [`DateTime`] relate to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DateTimeKind {
    /// Nothing that is known; no suffix.
    #[default]
    Unspecified,
    /// Universal time; suffix `Z`.
    Utc,
    /// The time of the writer's zone, so many minutes ahead of universal time; suffix `+02:00`.
    ///
    /// .NET converts what it reads to the zone of the reader. Here the date, time and offset stay as they were written.
    Local {
        /// Minutes ahead of universal time, -840 to 840.
        offset: i16,
    },
}

const SECOND: i64 = 10_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// The Unix epoch in ticks.
const UNIX_EPOCH: i64 = 621_355_968_000_000_000;
/// The last tick of the year 9999.
const MAX_TICKS: i64 = waxwing_xml::values::MAX_DATE_TICKS;
/// The furthest offset of XML Schema and of .NET: 14 hours.
const MAX_OFFSET: i16 = 14 * 60;

impl DateTime {
    /// Midnight, 1 January of the year 1.
    pub const MIN: Self = Self { ticks: 0, kind: DateTimeKind::Unspecified };
    /// The last tick of the year 9999.
    pub const MAX: Self = Self { ticks: MAX_TICKS, kind: DateTimeKind::Unspecified };

    /// Ticks of 100 ns since midnight, 1 January of the year 1.
    ///
    /// # Errors
    /// A time before the year 1 or after 9999, or an offset of more than 14 hours.
    pub fn from_ticks(ticks: i64, kind: DateTimeKind) -> Result<Self, ValueError> {
        let offset = matches!(kind, DateTimeKind::Local { offset } if offset.abs() > MAX_OFFSET);
        if !(0..=MAX_TICKS).contains(&ticks) || offset {
            return Err(ValueError::Range("DateTime"));
        }
        Ok(Self { ticks, kind })
    }

    /// A date (month and day from 1) and a time of day.
    ///
    /// # Errors
    /// A day that the calendar does not have, or a part that is too large.
    pub fn new(date: (i64, i64, i64), time: (i64, i64, i64)) -> Result<Self, ValueError> {
        const RANGE: ValueError = ValueError::Range("DateTime");
        let ((year, month, day), (hour, minute, second)) = (date, time);
        let calendar = (1..=9999).contains(&year) && (1..=12).contains(&month) && day >= 1;
        if !calendar || day > days_of_month(year, month) {
            return Err(RANGE);
        }
        let clock =
            (0..24).contains(&hour) && (0..60).contains(&minute) && (0..60).contains(&second);
        if !clock {
            return Err(RANGE);
        }
        let days = days_before(year, month) + day - 1;
        let ticks = days * DAY + hour * HOUR + minute * MINUTE + second * SECOND;
        Self::from_ticks(ticks, DateTimeKind::Unspecified)
    }

    /// The same date and time of another kind.
    ///
    /// # Errors
    /// An offset of more than 14 hours.
    pub fn with_kind(self, kind: DateTimeKind) -> Result<Self, ValueError> {
        Self::from_ticks(self.ticks, kind)
    }

    /// The moment of universal time, to 100 ns.
    ///
    /// # Errors
    /// A moment outside the years 1 to 9999.
    pub fn from_timestamp(timestamp: Timestamp) -> Result<Self, ValueError> {
        // Ten thousand years are 3·10^20 ns, so that the division must come before the narrowing.
        let ticks = i64::try_from(timestamp.as_nanosecond().div_euclid(100))
            .map_err(|_| ValueError::Range("DateTime"))?;
        Self::from_ticks(ticks + UNIX_EPOCH, DateTimeKind::Utc)
    }

    /// The moment, if the kind tells it.
    pub fn to_timestamp(self) -> Option<Timestamp> {
        let offset = match self.kind {
            DateTimeKind::Unspecified => return None,
            DateTimeKind::Utc => 0,
            DateTimeKind::Local { offset } => i64::from(offset) * MINUTE,
        };
        Timestamp::from_nanosecond(i128::from(self.ticks - offset - UNIX_EPOCH) * 100).ok()
    }

    /// What the tree of XML has.
    pub(crate) fn of(value: DateTimeValue) -> Option<Self> {
        let kind = if value.utc { DateTimeKind::Utc } else { DateTimeKind::Unspecified };
        Self::from_ticks(value.ticks, kind).ok()
    }

    /// The value as the tree of XML has it; none of a time of the writer's zone, which every reader would read as another.
    pub(crate) fn value(self) -> Option<DateTimeValue> {
        let utc = match self.kind {
            DateTimeKind::Unspecified => false,
            DateTimeKind::Utc => true,
            DateTimeKind::Local { .. } => return None,
        };
        Some(DateTimeValue { ticks: self.ticks, utc })
    }

    /// Ticks of 100 ns since midnight, 1 January of the year 1.
    pub const fn ticks(self) -> i64 {
        self.ticks
    }

    /// What the date and time relate to.
    pub const fn kind(self) -> DateTimeKind {
        self.kind
    }

    /// Year, month and day, the latter two from 1.
    pub fn date(self) -> (i64, i64, i64) {
        civil_date(self.ticks / DAY)
    }

    /// Hour, minute and second.
    pub const fn time(self) -> (i64, i64, i64) {
        let ticks = self.ticks % DAY;
        (ticks / HOUR, ticks / MINUTE % 60, ticks / SECOND % 60)
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1 January of the year 1 to the first of a month.
fn days_before(year: i64, month: i64) -> i64 {
    const BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let years = year - 1;
    let leap = i64::from(month > 2 && is_leap(year));
    years * 365 + years / 4 - years / 100 + years / 400 + BEFORE[month as usize - 1] + leap
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        date_time_text(f, self.ticks)?;
        match self.kind {
            DateTimeKind::Unspecified => Ok(()),
            DateTimeKind::Utc => f.write_str("Z"),
            DateTimeKind::Local { offset } => {
                let sign = if offset < 0 { '-' } else { '+' };
                write!(f, "{sign}{:02}:{:02}", offset.abs() / 60, offset.abs() % 60)
            }
        }
    }
}

impl FromStr for DateTime {
    type Err = ValueError;

    /// An xs:dateTime or an xs:date, with or without zone. The eighth digit of a fraction rounds; `24:00:00` is refused.
    fn from_str(text: &str) -> Result<Self, ValueError> {
        const FORM: ValueError = ValueError::Form("DateTime");
        let (date, rest) = three(text, '-', 4).ok_or(FORM)?;
        let (time, fraction, zone) = match rest.strip_prefix('T') {
            Some(rest) => {
                let (time, rest) = three(rest, ':', 2).ok_or(FORM)?;
                match rest.strip_prefix('.').map(digits) {
                    Some(("", _)) => return Err(FORM),
                    Some((fraction, zone)) => (time, fraction, zone),
                    None => (time, "", rest),
                }
            }
            None => ((0, 0, 0), "", rest),
        };
        let whole = Self::new(date, time)?;
        Self::from_ticks(whole.ticks + fraction_ticks(fraction), zone_kind(zone).ok_or(FORM)?)
    }
}

/// Three numbers with a separator, the first of `width` digits and the others of two.
fn three(text: &str, separator: char, width: usize) -> Option<((i64, i64, i64), &str)> {
    let (first, rest) = number(text, width)?;
    let (second, rest) = number(rest.strip_prefix(separator)?, 2)?;
    let (third, rest) = number(rest.strip_prefix(separator)?, 2)?;
    Some(((first, second, third), rest))
}

fn number(text: &str, width: usize) -> Option<(i64, &str)> {
    let (number, rest) = (text.get(..width)?, text.get(width..)?);
    if !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some((number.parse().ok()?, rest))
}

/// The kind that a zone designator says.
fn zone_kind(zone: &str) -> Option<DateTimeKind> {
    let sign = match zone.chars().next() {
        None => return Some(DateTimeKind::Unspecified),
        Some('Z') if zone.len() == 1 => return Some(DateTimeKind::Utc),
        Some('+') => 1,
        Some('-') => -1,
        Some(_) => return None,
    };
    let (hours, rest) = number(&zone[1..], 2)?;
    let (minutes, rest) = number(rest.strip_prefix(':')?, 2)?;
    if !rest.is_empty() || hours > 14 || minutes > 59 {
        return None;
    }
    Some(DateTimeKind::Local { offset: sign * (hours * 60 + minutes) as i16 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(text: &str) -> String {
        text.parse::<DateTime>().unwrap().to_string()
    }

    #[test]
    fn reads_and_writes_every_form() {
        for same in [
            "2026-11-23T10:00:00Z",
            "2026-11-23T10:00:00",
            "2026-11-23T10:00:00.12345+05:30",
            "2024-02-29T23:59:59.9999999-14:00",
            "0001-01-01T00:00:00",
            "9999-12-31T23:59:59.9999999",
        ] {
            assert_eq!(text(same), same);
        }
        assert_eq!(text("2026-11-23"), "2026-11-23T00:00:00");
        assert_eq!(text("2026-11-23T10:00:00.12345678Z"), "2026-11-23T10:00:00.1234568Z");
        assert_eq!(text("2026-11-23T10:00:59.99999999Z"), "2026-11-23T10:01:00Z");
        assert_eq!("9999-12-31T23:59:59.9999999".parse(), Ok(DateTime::MAX));
    }

    #[test]
    fn refuses_what_is_no_date() {
        for bad in [
            "",
            "2026",
            "2026-11-23T24:00:00",
            "2026-02-29",
            "2026-13-01",
            "2026-11-23T10:60:00",
            "2026-11-23T10:00",
            "2026-11-23T10:00:00.",
            "2026-11-23T10:00:00+15:00",
            "26-11-23",
            "2026-11-23T10:00:00 Z",
            "0000-01-01",
            "+026-01-01",
            "2026-11-23T10:00:00ZZ",
            "2026-1é-23",
            "9999-12-31T23:59:59.99999999",
        ] {
            assert!(bad.parse::<DateTime>().is_err(), "{bad}");
        }
    }

    #[test]
    fn moments_are_the_same_in_every_kind() {
        let utc: DateTime = "2026-11-23T05:00:00.5Z".parse().unwrap();
        let local: DateTime = "2026-11-23T10:00:00.5+05:00".parse().unwrap();
        assert_eq!(utc.to_timestamp(), local.to_timestamp());
        assert_eq!(DateTime::from_timestamp(utc.to_timestamp().unwrap()), Ok(utc));
        assert_eq!("2026-11-23".parse::<DateTime>().unwrap().to_timestamp(), None);
    }

    proptest! {
        #[test]
        fn text_round_trips(ticks in 0..=MAX_TICKS, offset in -841i16..=840) {
            let kind = if offset == -841 { DateTimeKind::Utc } else { DateTimeKind::Local { offset } };
            let value = DateTime::from_ticks(ticks, kind).unwrap();
            prop_assert_eq!(value.to_string().parse(), Ok(value));
        }

        #[test]
        fn dates_are_those_of_the_calendar(ticks in 0..=MAX_TICKS) {
            let value = DateTime::from_ticks(ticks, DateTimeKind::Utc).unwrap();
            let civil = jiff::tz::Offset::UTC.to_datetime(value.to_timestamp().unwrap()).date();
            let (year, month, day) = value.date();
            prop_assert_eq!((civil.year().into(), civil.month().into(), civil.day().into()), (year, month, day));
        }

        #[test]
        fn any_text_is_refused_or_read(text in "[0-9]{3,5}-[0-9]{1,3}-[0-9]{2}(T[0-9:.]{5,20})?[-+Z]?[0-9:é]{0,6}") {
            let _ = text.parse::<DateTime>();
        }
    }
}
