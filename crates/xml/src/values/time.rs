//! Dates, times and spans of time, counted in ticks of 100 ns.

use std::fmt::{Result, Write};

const SECOND: u64 = 10_000_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The last tick of the year 9999, counted from the beginning of the year 1.
pub const MAX_DATE_TICKS: i64 = 3_155_378_975_999_999_999;

/// Year, month and day of a number of days since 1 January of the year 1 (0 to 3,652,058); month and day count from 1.
pub fn civil_date(days: i64) -> (i64, i64, i64) {
    // Years that begin on 1 March have the leap day last; 306 days are March to December.
    let days = days + 306;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, next_year) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year_of_era + next_year, month, day)
}

/// Writes the date and time of ticks since the beginning of the year 1 as xs:dateTime without zone:
/// `2026-11-28T22:04:03.5`.
///
/// # Errors
/// What the target says.
pub fn date_time_text(out: &mut impl Write, ticks: i64) -> Result {
    let ticks = ticks.clamp(0, MAX_DATE_TICKS).unsigned_abs();
    out.write_str(std::str::from_utf8(&seconds_text(ticks)).unwrap_or_default())?;
    fraction(out, ticks % SECOND)
}

/// The same with milliseconds, however many there are, and in UTC, as WCF writes the timestamps of messages:
/// `2026-11-28T22:04:03.500Z`. Whatever is less than a millisecond is left out.
pub fn timestamp_text(ticks: i64) -> [u8; 24] {
    let ticks = ticks.clamp(0, MAX_DATE_TICKS).unsigned_abs();
    let mut text = *b"0000-00-00T00:00:00.000Z";
    text[..19].copy_from_slice(&seconds_text(ticks));
    put(&mut text[20..23], ticks % SECOND / 10_000);
    text
}

/// Date and time of ticks since the beginning of the year 1, up to the second.
fn seconds_text(ticks: u64) -> [u8; 19] {
    let (year, month, day) = civil_date((ticks / DAY) as i64);
    let (hour, minute, second) = (ticks % DAY / HOUR, ticks / MINUTE % 60, ticks / SECOND % 60);
    let mut text = *b"0000-00-00T00:00:00";
    put(&mut text[..4], year as u64);
    put(&mut text[5..7], month as u64);
    put(&mut text[8..10], day as u64);
    put(&mut text[11..13], hour);
    put(&mut text[14..16], minute);
    put(&mut text[17..], second);
    text
}

/// Puts the last decimal digits of a number where there is room for so many.
fn put(place: &mut [u8], mut number: u64) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// Writes a span of ticks as xs:duration of days, hours, minutes and seconds: `P1DT12H`, `-PT1.5S`.
///
/// # Errors
/// What the target says.
pub fn duration_text(out: &mut impl Write, ticks: i64) -> Result {
    if ticks < 0 {
        out.write_str("-")?;
    }
    let ticks = ticks.unsigned_abs();
    out.write_str("P")?;
    let days = ticks / DAY;
    if days > 0 {
        write!(out, "{days}D")?;
    }
    if ticks.is_multiple_of(DAY) {
        return out.write_str(if days > 0 { "" } else { "T0S" });
    }
    out.write_str("T")?;
    for (value, letter) in [(ticks % DAY / HOUR, 'H'), (ticks % HOUR / MINUTE, 'M')] {
        if value > 0 {
            write!(out, "{value}{letter}")?;
        }
    }
    if !ticks.is_multiple_of(MINUTE) {
        write!(out, "{}", ticks % MINUTE / SECOND)?;
        fraction(out, ticks % SECOND)?;
        out.write_str("S")?;
    }
    Ok(())
}

/// A fraction of a second in ticks as `.5`, without trailing zeros; nothing for zero.
fn fraction(out: &mut impl Write, ticks: u64) -> Result {
    if ticks == 0 {
        return Ok(());
    }
    let mut digits = *b".0000000";
    put(&mut digits[1..], ticks);
    let digits = std::str::from_utf8(&digits).unwrap_or_default();
    out.write_str(digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_ten_thousand_years_follows_the_one_before() {
        let (mut year, mut month, mut day) = (1, 1, 1);
        for days in 0..=3_652_058 {
            assert_eq!(civil_date(days), (year, month, day));
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let last = match month {
                2 => 28 + i64::from(leap),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            (year, month, day) = match (day == last, month) {
                (false, _) => (year, month, day + 1),
                (true, 12) => (year + 1, 1, 1),
                (true, _) => (year, month + 1, 1),
            };
        }
        assert_eq!((year, month, day), (10_000, 1, 1));
    }

    #[test]
    fn times_are_written_with_all_their_digits() {
        let noon = 738_000 * DAY + 12 * HOUR + 3 * MINUTE + 4 * SECOND + 500_000;
        for (ticks, short, long) in [
            (0, "0001-01-01T00:00:00", "0001-01-01T00:00:00.000Z"),
            (noon as i64, "2021-07-30T12:03:04.05", "2021-07-30T12:03:04.050Z"),
            (noon as i64 + 9_999, "2021-07-30T12:03:04.0509999", "2021-07-30T12:03:04.050Z"),
            (MAX_DATE_TICKS, "9999-12-31T23:59:59.9999999", "9999-12-31T23:59:59.999Z"),
            (i64::MAX, "9999-12-31T23:59:59.9999999", "9999-12-31T23:59:59.999Z"),
            (-1, "0001-01-01T00:00:00", "0001-01-01T00:00:00.000Z"),
        ] {
            let mut out = String::new();
            date_time_text(&mut out, ticks).unwrap();
            assert_eq!(out, short);
            assert_eq!(timestamp_text(ticks), long.as_bytes());
        }
    }

    #[test]
    fn spans_are_written_as_dot_net_does() {
        for (ticks, text) in [
            (0, "PT0S"),
            (36 * HOUR as i64, "P1DT12H"),
            (DAY as i64, "P1D"),
            (-1, "-PT0.0000001S"),
            (MINUTE as i64 + 15_000_000, "PT1M1.5S"),
            (i64::MIN, "-P10675199DT2H48M5.4775808S"),
        ] {
            let mut out = String::new();
            duration_text(&mut out, ticks).unwrap();
            assert_eq!(out, text);
        }
    }
}
