//! `xs:time` (XML Schema Part 2 §3.2.8).

use std::fmt;
use std::str::FromStr;

use super::zone::{self, Offset};
use crate::ValueError;

/// A time of day in nanoseconds, with or without a time zone; finer fractions are cut. The default is midnight.
///
/// ```
/// use waxwing_datacontract::xsd::Time;
/// let time: Time = "10:05:00.250Z".parse().unwrap();
/// assert_eq!((time.hour(), time.minute(), time.second(), time.nanosecond()), (10, 5, 0, 250_000_000));
/// assert_eq!(time.to_string(), "10:05:00.25Z");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Time {
    hour: u8,
    minute: u8,
    second: u8,
    nanosecond: u32,
    offset: Offset,
}

impl Time {
    /// A time without time zone.
    ///
    /// # Errors
    /// An hour, a minute or a second that no clock shows.
    pub fn new(hour: u8, minute: u8, second: u8, nanosecond: u32) -> Result<Self, ValueError> {
        if hour > 23 || minute > 59 || second > 59 || nanosecond > 999_999_999 {
            return Err(ValueError::Range("time"));
        }
        Ok(Self { hour, minute, second, nanosecond, offset: None })
    }

    /// The same time in a time zone, in minutes to the east of UTC.
    ///
    /// # Errors
    /// More than 14 hours.
    pub fn with_offset(self, offset: i16) -> Result<Self, ValueError> {
        zone::check(Some(offset), "time")?;
        Ok(Self { offset: Some(offset), ..self })
    }

    /// The hour, from 0 to 23; `24:00:00` is read as 0.
    pub const fn hour(self) -> u8 {
        self.hour
    }

    /// The minute.
    pub const fn minute(self) -> u8 {
        self.minute
    }

    /// The second.
    pub const fn second(self) -> u8 {
        self.second
    }

    /// The fraction of the second in nanoseconds.
    pub const fn nanosecond(self) -> u32 {
        self.nanosecond
    }

    /// The time zone in minutes to the east of UTC, if it has one.
    pub const fn offset(self) -> Option<i16> {
        self.offset
    }
}

impl FromStr for Time {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let (text, offset) = zone::split(text, "time")?;
        let (clock, nanosecond) = match text.split_once('.') {
            Some((clock, fraction)) => (clock, nanoseconds(fraction)?),
            None => (text, 0),
        };
        let mut fields = clock.split(':').map(|field| zone::two(field, "time"));
        let mut next = || fields.next().unwrap_or(Err(ValueError::Form("time")));
        let (hour, minute, second) = (next()?, next()?, next()?);
        if fields.next().is_some() {
            return Err(ValueError::Form("time"));
        }
        let midnight = (hour, minute, second, nanosecond) == (24, 0, 0, 0);
        let time = Self::new(if midnight { 0 } else { hour }, minute, second, nanosecond)?;
        Ok(Self { offset, ..time })
    }
}

/// The digits after the point of a second.
pub(super) fn nanoseconds(fraction: &str) -> Result<u32, ValueError> {
    if fraction.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return Err(ValueError::Form("time"));
    }
    let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(9);
    Ok(digits.fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0')))
}

/// Writes them, without zeros at the end; nothing for none.
pub(super) fn write_nanoseconds(f: &mut fmt::Formatter<'_>, nanoseconds: u32) -> fmt::Result {
    if nanoseconds == 0 {
        return Ok(());
    }
    let digits = format!("{nanoseconds:09}");
    write!(f, ".{}", digits.trim_end_matches('0'))
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}:{:02}", self.hour, self.minute, self.second)?;
        write_nanoseconds(f, self.nanosecond)?;
        zone::write(f, self.offset)
    }
}
