//! Parts of a date: `gYear`, `gYearMonth`, `gMonth`, `gMonthDay`, `gDay` (XML Schema Part 2 §3.2.10 to §3.2.14).

use std::fmt;
use std::str::FromStr;

use super::zone::{self, Offset};
use crate::ValueError;

/// A part of a date: its fields, its constructor, and what they have in common.
macro_rules! part {
    (
        $(#[$doc:meta])*
        $type:ident, $xsd:literal, ($($field:ident: $number:ty = $default:literal),+),
        $check:expr, $parse:expr, $write:expr
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $type {
            $($field: $number,)+
            offset: Offset,
        }

        impl $type {
            /// The part without time zone.
            ///
            /// # Errors
            /// What the calendar does not have.
            pub fn new($($field: $number),+) -> Result<Self, ValueError> {
                let check: fn($($number),+) -> Result<(), ValueError> = $check;
                check($($field),+)?;
                Ok(Self { $($field,)+ offset: None })
            }

            /// The same in a time zone, in minutes to the east of UTC.
            ///
            /// # Errors
            /// More than 14 hours.
            pub fn with_offset(self, offset: i16) -> Result<Self, ValueError> {
                zone::check(Some(offset), $xsd)?;
                Ok(Self { offset: Some(offset), ..self })
            }

            $(
                /// The field of this name, as people count.
                pub const fn $field(self) -> $number {
                    self.$field
                }
            )+

            /// The time zone in minutes to the east of UTC, if it has one.
            pub const fn offset(self) -> Option<i16> {
                self.offset
            }
        }

        impl Default for $type {
            fn default() -> Self {
                Self { $($field: $default,)+ offset: None }
            }
        }

        impl FromStr for $type {
            type Err = ValueError;

            fn from_str(text: &str) -> Result<Self, ValueError> {
                let (text, offset) = zone::split(text, $xsd)?;
                let parse: fn(&str) -> Result<Self, ValueError> = $parse;
                Ok(Self { offset, ..parse(text)? })
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let write: fn(&Self, &mut fmt::Formatter<'_>) -> fmt::Result = $write;
                write(self, f)?;
                zone::write(f, self.offset)
            }
        }
    };
}

part!(
    /// A year of the calendar: `2026`.
    GYear, "gYear", (year: i32 = 1),
    |_| Ok(()),
    |text| GYear::new(zone::year(text, "gYear")?),
    |value, f| zone::write_year(f, value.year)
);

part!(
    /// A month of a year: `2026-11`.
    GYearMonth, "gYearMonth", (year: i32 = 1, month: u8 = 1),
    |year, month| zone::check_day(Some(year), month, 1, "gYearMonth"),
    |text| {
        let (year, month) = text.rsplit_once('-').ok_or(ValueError::Form("gYearMonth"))?;
        GYearMonth::new(zone::year(year, "gYearMonth")?, zone::two(month, "gYearMonth")?)
    },
    |value, f| {
        zone::write_year(f, value.year)?;
        write!(f, "-{:02}", value.month)
    }
);

part!(
    /// A month of every year: `--11`. The form of the first edition, `--11--`, is read, too.
    GMonth, "gMonth", (month: u8 = 1),
    |month| zone::check_day(None, month, 1, "gMonth"),
    |text| {
        let month = text.strip_prefix("--").ok_or(ValueError::Form("gMonth"))?;
        GMonth::new(zone::two(month.strip_suffix("--").unwrap_or(month), "gMonth")?)
    },
    |value, f| write!(f, "--{:02}", value.month)
);

part!(
    /// A day of every year: `--11-23`.
    GMonthDay, "gMonthDay", (month: u8 = 1, day: u8 = 1),
    |month, day| zone::check_day(None, month, day, "gMonthDay"),
    |text| {
        let fields = text.strip_prefix("--").and_then(|text| text.split_once('-'));
        let (month, day) = fields.ok_or(ValueError::Form("gMonthDay"))?;
        GMonthDay::new(zone::two(month, "gMonthDay")?, zone::two(day, "gMonthDay")?)
    },
    |value, f| write!(f, "--{:02}-{:02}", value.month, value.day)
);

part!(
    /// A day of every month: `---23`.
    GDay, "gDay", (day: u8 = 1),
    |day| zone::check_day(None, 1, day, "gDay"),
    |text| {
        let day = text.strip_prefix("---").ok_or(ValueError::Form("gDay"))?;
        GDay::new(zone::two(day, "gDay")?)
    },
    |value, f| write!(f, "---{:02}", value.day)
);
