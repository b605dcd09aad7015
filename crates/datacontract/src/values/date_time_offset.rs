//! `DateTimeOffset`: a date and time with an offset, in two elements.

use std::fmt;
use std::str::FromStr;

use super::{DateTime, DateTimeKind, ValueError};

/// A `System.DateTimeOffset`: a date and time of day, so many minutes ahead of universal time.
///
/// It is written as two elements: `DateTime` in universal time and `OffsetMinutes`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DateTimeOffset {
    utc: DateTime,
    offset: i16,
}

/// Midnight, 1 January of the year 1, in universal time.
impl Default for DateTimeOffset {
    fn default() -> Self {
        let utc = DateTime::from_ticks(0, DateTimeKind::Utc).unwrap_or_default();
        Self { utc, offset: 0 }
    }
}

const MINUTE: i64 = 600_000_000;

impl DateTimeOffset {
    /// A moment, given in universal time or in a local time with known offset, and the offset to show it with.
    ///
    /// # Errors
    /// An offset of more than 14 hours, or a time that leaves the years 1 to 9999 in either zone.
    pub fn new(moment: DateTime, offset: i16) -> Result<Self, ValueError> {
        let behind = match moment.kind() {
            DateTimeKind::Local { offset } => i64::from(offset) * MINUTE,
            DateTimeKind::Utc | DateTimeKind::Unspecified => 0,
        };
        let utc = DateTime::from_ticks(moment.ticks() - behind, DateTimeKind::Utc)?;
        let shown = utc.ticks() + i64::from(offset) * MINUTE;
        DateTime::from_ticks(shown, DateTimeKind::Local { offset })?;
        Ok(Self { utc, offset })
    }

    /// The moment in universal time.
    pub fn utc(self) -> DateTime {
        self.utc
    }

    /// Minutes ahead of universal time, -840 to 840.
    pub fn offset(self) -> i16 {
        self.offset
    }
}

/// The local date and time with its offset: `2026-11-23T12:00:00+02:00`.
impl fmt::Display for DateTimeOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ticks = self.utc.ticks() + i64::from(self.offset) * MINUTE;
        let shown = DateTime::from_ticks(ticks, DateTimeKind::Local { offset: self.offset });
        // `new` made sure that the local time exists.
        shown.unwrap_or(self.utc).fmt(f)
    }
}

impl FromStr for DateTimeOffset {
    type Err = ValueError;

    /// An xs:dateTime with a zone.
    fn from_str(text: &str) -> Result<Self, ValueError> {
        let moment: DateTime = text.parse().map_err(|error| match error {
            ValueError::Form(_) => ValueError::Form("DateTimeOffset"),
            other => other,
        })?;
        match moment.kind() {
            DateTimeKind::Unspecified => Err(ValueError::Form("DateTimeOffset")),
            DateTimeKind::Utc => Self::new(moment, 0),
            DateTimeKind::Local { offset } => Self::new(moment, offset),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_bounded() {
        let noon: DateTime = "2026-11-23T12:00:00Z".parse().unwrap();
        assert!(DateTimeOffset::new(noon, 840).is_ok());
        assert!(DateTimeOffset::new(noon, 841).is_err());
        assert!(DateTimeOffset::new(DateTime::MIN, -1).is_err());
        let local: DateTime = "2026-11-23T14:00:00+02:00".parse().unwrap();
        assert_eq!(DateTimeOffset::new(local, 0), DateTimeOffset::new(noon, 0));
    }

    #[test]
    fn texts_have_an_offset() {
        for text in [
            "2026-11-23T12:00:00.5+02:00",
            "0001-01-01T14:00:00+14:00",
            "2026-11-23T12:00:00-03:30",
        ] {
            assert_eq!(text.parse::<DateTimeOffset>().unwrap().to_string(), text);
        }
        let utc: DateTimeOffset = "2026-11-23T12:00:00Z".parse().unwrap();
        assert_eq!(utc.to_string(), "2026-11-23T12:00:00+00:00");
        for bad in [
            "2026-11-23T12:00:00",
            "2026-11-23T12:00:00+15:00",
            "0001-01-01T00:00:00+01:00",
            "noon",
        ] {
            assert!(bad.parse::<DateTimeOffset>().is_err(), "{bad}");
        }
    }
}
