//! Dates, times and spans of `chrono`.
//!
//! | .NET | chrono |
//! |---|---|
//! | [`DateTime`] of the kinds `Utc` and `Local` | `DateTime<Utc>`: the moment; the offset of a local time is not kept |
//! | [`DateTime`] of the kind `Unspecified` | `NaiveDateTime` |
//! | [`DateTimeOffset`] | `DateTime<FixedOffset>` |
//! | [`TimeSpan`] | `TimeDelta` |

use ::chrono::{
    Datelike as _, FixedOffset, NaiveDate, NaiveDateTime, TimeDelta, Timelike as _, Utc,
};

use super::time::{SECOND, civil, moment, of_parts, whole_minutes, whole_ticks};
use crate::values::{DateTime, DateTimeKind, DateTimeOffset, TimeSpan, ValueError};

/// A `chrono` time in some zone.
type Zoned<Z> = ::chrono::DateTime<Z>;

impl TryFrom<NaiveDateTime> for DateTime {
    type Error = ValueError;

    /// # Errors
    /// A part of 100 ns, a leap second, or a year outside 1 to 9999.
    fn try_from(value: NaiveDateTime) -> Result<Self, ValueError> {
        let date = (value.year().into(), value.month().into(), value.day().into());
        let time = (value.hour().into(), value.minute().into(), value.second().into());
        let ticks = whole_ticks(value.nanosecond().into(), "a DateTime")?;
        if ticks >= SECOND {
            return Err(ValueError::Loss("a DateTime"));
        }
        of_parts(date, time, ticks)
    }
}

impl TryFrom<DateTime> for NaiveDateTime {
    type Error = ValueError;

    /// # Errors
    /// The kind is not `Unspecified`: that it is universal time or a local one would be lost.
    fn try_from(value: DateTime) -> Result<Self, ValueError> {
        naive(civil(value, "a chrono::NaiveDateTime")?)
    }
}

impl TryFrom<Zoned<Utc>> for DateTime {
    type Error = ValueError;

    /// # Errors
    /// As of a `NaiveDateTime`.
    fn try_from(value: Zoned<Utc>) -> Result<Self, ValueError> {
        Self::try_from(value.naive_utc())?.with_kind(DateTimeKind::Utc)
    }
}

impl TryFrom<DateTime> for Zoned<Utc> {
    type Error = ValueError;

    /// # Errors
    /// The kind is `Unspecified`: nobody knows which moment it is.
    fn try_from(value: DateTime) -> Result<Self, ValueError> {
        Ok(naive(moment(value, "a chrono::DateTime<Utc>")?)?.and_utc())
    }
}

impl TryFrom<Zoned<FixedOffset>> for DateTimeOffset {
    type Error = ValueError;

    /// # Errors
    /// As of a `NaiveDateTime`, or an offset that is no whole number of minutes or more than 14 hours.
    fn try_from(value: Zoned<FixedOffset>) -> Result<Self, ValueError> {
        let offset = whole_minutes(value.offset().local_minus_utc(), "a DateTimeOffset")?;
        Self::new(value.to_utc().try_into()?, offset)
    }
}

impl TryFrom<DateTimeOffset> for Zoned<FixedOffset> {
    type Error = ValueError;

    /// # Errors
    /// A moment that `chrono` does not have.
    fn try_from(value: DateTimeOffset) -> Result<Self, ValueError> {
        let offset = FixedOffset::east_opt(i32::from(value.offset()) * 60);
        let offset = offset.ok_or(ValueError::Range("a chrono::FixedOffset"))?;
        Ok(naive(value.utc())?.and_utc().with_timezone(&offset))
    }
}

impl TryFrom<TimeDelta> for TimeSpan {
    type Error = ValueError;

    /// # Errors
    /// A part of 100 ns, or more than the longest span.
    fn try_from(value: TimeDelta) -> Result<Self, ValueError> {
        let part = whole_ticks(value.subsec_nanos().into(), "a TimeSpan")?;
        let ticks = i128::from(value.num_seconds()) * i128::from(SECOND) + i128::from(part);
        i64::try_from(ticks).map(Self::from_ticks).map_err(|_| ValueError::Range("a TimeSpan"))
    }
}

impl TryFrom<TimeSpan> for TimeDelta {
    type Error = ValueError;

    /// # Errors
    /// None that is known: the longest span is far shorter than the longest of `chrono`.
    fn try_from(value: TimeSpan) -> Result<Self, ValueError> {
        let (seconds, part) = (value.ticks().div_euclid(SECOND), value.ticks().rem_euclid(SECOND));
        // Less than ten million ticks are less than a thousand million nanoseconds.
        Self::new(seconds, (part * 100) as u32).ok_or(ValueError::Range("a chrono::TimeDelta"))
    }
}

/// The date and the time of day, whatever the kind.
fn naive(value: DateTime) -> Result<NaiveDateTime, ValueError> {
    let ((year, month, day), (hour, minute, second)) = (value.date(), value.time());
    // Date and time of day are in the calendar, so that none of them is cut.
    let date = NaiveDate::from_ymd_opt(year as i32, month as u32, day as u32);
    let nanoseconds = (value.ticks() % SECOND * 100) as u32;
    date.and_then(|date| {
        date.and_hms_nano_opt(hour as u32, minute as u32, second as u32, nanoseconds)
    })
    .ok_or(ValueError::Range("a chrono::NaiveDateTime"))
}
