//! Conversions to and from the types of other crates, each behind a feature of that crate's name. What would lose a part of
//! the value is refused.

#[cfg(feature = "chrono")]
mod chrono;
#[cfg(feature = "jiff")]
mod jiff;
#[cfg(feature = "rust_decimal")]
mod rust_decimal;
#[cfg(feature = "uuid")]
mod uuid;

#[cfg(any(feature = "chrono", feature = "jiff"))]
mod time {
    use crate::values::{DateTime, DateTimeKind, DateTimeOffset, ValueError};

    /// Ticks of 100 ns in a second.
    pub(super) const SECOND: i64 = 10_000_000;

    /// Whole ticks of so many nanoseconds.
    pub(super) fn whole_ticks(nanoseconds: i64, of: &'static str) -> Result<i64, ValueError> {
        match nanoseconds % 100 {
            0 => Ok(nanoseconds / 100),
            _ => Err(ValueError::Loss(of)),
        }
    }

    /// The value, if its kind is universal time or a local time with an offset: another says no moment.
    pub(super) fn moment(value: DateTime, of: &'static str) -> Result<DateTime, ValueError> {
        match value.kind() {
            DateTimeKind::Unspecified => Err(ValueError::Loss(of)),
            DateTimeKind::Utc | DateTimeKind::Local { .. } => {
                DateTimeOffset::new(value, 0).map(DateTimeOffset::utc)
            }
        }
    }

    /// The value, if it says nothing but a date and a time of day.
    pub(super) fn civil(value: DateTime, of: &'static str) -> Result<DateTime, ValueError> {
        match value.kind() {
            DateTimeKind::Unspecified => Ok(value),
            DateTimeKind::Utc | DateTimeKind::Local { .. } => Err(ValueError::Loss(of)),
        }
    }

    /// Whole minutes of an offset in seconds.
    pub(super) fn whole_minutes(seconds: i32, of: &'static str) -> Result<i16, ValueError> {
        match (seconds % 60, i16::try_from(seconds / 60)) {
            (0, Ok(minutes)) => Ok(minutes),
            _ => Err(ValueError::Loss(of)),
        }
    }

    /// A date, a time of day and ticks within the second, as an unspecified [`DateTime`].
    pub(super) fn of_parts(
        date: (i64, i64, i64),
        time: (i64, i64, i64),
        ticks: i64,
    ) -> Result<DateTime, ValueError> {
        let whole = DateTime::new(date, time)?;
        DateTime::from_ticks(whole.ticks() + ticks, DateTimeKind::Unspecified)
    }
}
