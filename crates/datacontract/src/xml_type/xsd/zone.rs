//! The time zone at the end of a date or time (XML Schema Part 2 §3.2.7.3), and fields of two digits.

use std::fmt;

use crate::ValueError;

/// Minutes to the east of UTC, at most 14 hours; none for a local time.
pub(super) type Offset = Option<i16>;

const MOST: i16 = 14 * 60;

/// Takes the zone from the end of `text`: the rest and the offset.
pub(super) fn split<'t>(
    text: &'t str,
    what: &'static str,
) -> Result<(&'t str, Offset), ValueError> {
    if let Some(rest) = text.strip_suffix('Z') {
        return Ok((rest, Some(0)));
    }
    let Some(at) = text.len().checked_sub(6).filter(|at| text.is_char_boundary(*at)) else {
        return Ok((text, None));
    };
    let (rest, zone) = text.split_at(at);
    let sign = match zone.as_bytes() {
        [b'+', _, _, b':', _, _] => 1,
        [b'-', _, _, b':', _, _] => -1,
        _ => return Ok((text, None)),
    };
    let (hours, minutes) = (two(&zone[1..3], what)?, two(&zone[4..6], what)?);
    let offset = i16::from(hours) * 60 + i16::from(minutes);
    if minutes > 59 || offset > MOST {
        return Err(ValueError::Range(what));
    }
    Ok((rest, Some(sign * offset)))
}

/// Checks an offset that a program gives.
pub(super) fn check(offset: Offset, what: &'static str) -> Result<(), ValueError> {
    match offset {
        Some(offset) if offset.unsigned_abs() > MOST.unsigned_abs() => Err(ValueError::Range(what)),
        _ => Ok(()),
    }
}

/// Writes the zone.
pub(super) fn write(f: &mut fmt::Formatter<'_>, offset: Offset) -> fmt::Result {
    match offset {
        None => Ok(()),
        Some(0) => f.write_str("Z"),
        Some(offset) => {
            let sign = if offset < 0 { '-' } else { '+' };
            let minutes = offset.unsigned_abs();
            write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
        }
    }
}

/// Two digits, no more and no less.
pub(super) fn two(text: &str, what: &'static str) -> Result<u8, ValueError> {
    match text.as_bytes() {
        [a @ b'0'..=b'9', b @ b'0'..=b'9'] => Ok((a - b'0') * 10 + (b - b'0')),
        _ => Err(ValueError::Form(what)),
    }
}

/// A year: at least four digits, a minus before Christ.
pub(super) fn year(text: &str, what: &'static str) -> Result<i32, ValueError> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let padded = digits.len() > 4 && digits.starts_with('0');
    if digits.len() < 4 || padded || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(ValueError::Form(what));
    }
    text.parse().map_err(|_| ValueError::Range(what))
}

/// Writes a year with at least four digits.
pub(super) fn write_year(f: &mut fmt::Formatter<'_>, year: i32) -> fmt::Result {
    let sign = if year < 0 { "-" } else { "" };
    write!(f, "{sign}{:04}", year.unsigned_abs())
}

/// The days of a month; February has 29 without a year.
pub(super) fn days(year: Option<i32>, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 => match year {
            Some(year) if year % 4 != 0 || (year % 100 == 0 && year % 400 != 0) => 28,
            _ => 29,
        },
        _ => 31,
    }
}

/// Refuses a month or a day that the calendar does not have.
pub(super) fn check_day(
    year: Option<i32>,
    month: u8,
    day: u8,
    what: &'static str,
) -> Result<(), ValueError> {
    if (1..=12).contains(&month) && (1..=days(year, month)).contains(&day) {
        return Ok(());
    }
    Err(ValueError::Range(what))
}
