//! `xs:date` (XML Schema Part 2 §3.2.9).

use std::fmt;
use std::str::FromStr;

use super::zone::{self, Offset};
use crate::ValueError;

/// A day of the calendar, with or without a time zone. The default is the first of January of the year 1, as .NET's.
///
/// ```
/// use waxwing_datacontract::xsd::Date;
/// let date: Date = "2026-11-23+01:00".parse().unwrap();
/// assert_eq!((date.year(), date.month(), date.day(), date.offset()), (2026, 11, 23, Some(60)));
/// assert_eq!(date.to_string(), "2026-11-23+01:00");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Date {
    year: i32,
    month: u8,
    day: u8,
    offset: Offset,
}

impl Date {
    /// A day without time zone.
    ///
    /// # Errors
    /// A month or a day that the calendar does not have.
    pub fn new(year: i32, month: u8, day: u8) -> Result<Self, ValueError> {
        zone::check_day(Some(year), month, day, "date")?;
        Ok(Self { year, month, day, offset: None })
    }

    /// The same day in a time zone, in minutes to the east of UTC.
    ///
    /// # Errors
    /// More than 14 hours.
    pub fn with_offset(self, offset: i16) -> Result<Self, ValueError> {
        zone::check(Some(offset), "date")?;
        Ok(Self { offset: Some(offset), ..self })
    }

    /// The year; negative before Christ.
    pub const fn year(self) -> i32 {
        self.year
    }

    /// The month, from 1.
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, from 1.
    pub const fn day(self) -> u8 {
        self.day
    }

    /// The time zone in minutes to the east of UTC, if it has one.
    pub const fn offset(self) -> Option<i16> {
        self.offset
    }
}

impl Default for Date {
    fn default() -> Self {
        Self { year: 1, month: 1, day: 1, offset: None }
    }
}

impl FromStr for Date {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let form = || ValueError::Form("date");
        let (text, offset) = zone::split(text, "date")?;
        let (rest, day) = text.rsplit_once('-').ok_or_else(form)?;
        let (year, month) = rest.rsplit_once('-').ok_or_else(form)?;
        let date = Self::new(
            zone::year(year, "date")?,
            zone::two(month, "date")?,
            zone::two(day, "date")?,
        )?;
        Ok(Self { offset, ..date })
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        zone::write_year(f, self.year)?;
        write!(f, "-{:02}-{:02}", self.month, self.day)?;
        zone::write(f, self.offset)
    }
}
