//! Dates, times and spans of `jiff`.
//!
//! | .NET | jiff |
//! |---|---|
//! | [`DateTime`] of the kinds `Utc` and `Local` | `Timestamp`: the moment; the offset of a local time is not kept |
//! | [`DateTime`] of the kind `Unspecified` | `civil::DateTime` |
//! | [`DateTimeOffset`] | `ZonedDateTime`: with a fixed offset; of another zone the offset at the moment is kept |
//! | [`TimeSpan`] | `SignedDuration` |

use ::jiff::tz::{Offset, TimeZone};
use ::jiff::{SignedDuration, Timestamp, ZonedDateTime, civil};

use super::time::{SECOND, civil as only_civil, moment, of_parts, whole_minutes, whole_ticks};
use crate::values::{DateTime, DateTimeKind, DateTimeOffset, TimeSpan, ValueError};

impl TryFrom<Timestamp> for DateTime {
    type Error = ValueError;

    /// The moment in universal time. [`DateTime::from_timestamp`] rounds.
    ///
    /// # Errors
    /// A part of 100 ns, or a moment outside the years 1 to 9999.
    fn try_from(value: Timestamp) -> Result<Self, ValueError> {
        whole_ticks(value.subsec_nanosecond().into(), "a DateTime")?;
        Self::from_timestamp(value)
    }
}

impl TryFrom<DateTime> for Timestamp {
    type Error = ValueError;

    /// # Errors
    /// The kind is `Unspecified`: nobody knows which moment it is.
    fn try_from(value: DateTime) -> Result<Self, ValueError> {
        const OF: &str = "a jiff::Timestamp";
        moment(value, OF)?.to_timestamp().ok_or(ValueError::Range(OF))
    }
}

impl TryFrom<civil::DateTime> for DateTime {
    type Error = ValueError;

    /// # Errors
    /// A part of 100 ns, or a year before 1.
    fn try_from(value: civil::DateTime) -> Result<Self, ValueError> {
        let date = (value.year().into(), value.month().into(), value.day().into());
        let time = (value.hour().into(), value.minute().into(), value.second().into());
        of_parts(date, time, whole_ticks(value.subsec_nanosecond().into(), "a DateTime")?)
    }
}

impl TryFrom<DateTime> for civil::DateTime {
    type Error = ValueError;

    /// # Errors
    /// The kind is not `Unspecified`: that it is universal time or a local one would be lost.
    fn try_from(value: DateTime) -> Result<Self, ValueError> {
        const OF: &str = "a jiff::civil::DateTime";
        let utc = only_civil(value, OF)?.with_kind(DateTimeKind::Utc)?;
        let moment = utc.to_timestamp().ok_or(ValueError::Range(OF))?;
        Ok(Offset::UTC.to_datetime(moment))
    }
}

impl TryFrom<&ZonedDateTime> for DateTimeOffset {
    type Error = ValueError;

    /// # Errors
    /// A part of 100 ns, an offset that is no whole number of minutes or more than 14 hours, or a moment outside the years
    /// 1 to 9999.
    fn try_from(value: &ZonedDateTime) -> Result<Self, ValueError> {
        let offset = whole_minutes(value.offset().seconds(), "a DateTimeOffset")?;
        Self::new(value.timestamp().try_into()?, offset)
    }
}

impl TryFrom<DateTimeOffset> for ZonedDateTime {
    type Error = ValueError;

    /// # Errors
    /// A moment that `jiff` does not have.
    fn try_from(value: DateTimeOffset) -> Result<Self, ValueError> {
        const OF: ValueError = ValueError::Range("a jiff::ZonedDateTime");
        let moment = value.utc().to_timestamp().ok_or(OF)?;
        let offset = Offset::from_seconds(i32::from(value.offset()) * 60).map_err(|_| OF)?;
        Ok(moment.to_zoned_datetime(TimeZone::fixed(offset)))
    }
}

impl TryFrom<SignedDuration> for TimeSpan {
    type Error = ValueError;

    /// # Errors
    /// A part of 100 ns, or more than the longest span.
    fn try_from(value: SignedDuration) -> Result<Self, ValueError> {
        let part = whole_ticks(value.subsec_nanos().into(), "a TimeSpan")?;
        let ticks = i128::from(value.as_secs()) * i128::from(SECOND) + i128::from(part);
        i64::try_from(ticks).map(Self::from_ticks).map_err(|_| ValueError::Range("a TimeSpan"))
    }
}

impl From<TimeSpan> for SignedDuration {
    fn from(value: TimeSpan) -> Self {
        let (seconds, part) = (value.ticks() / SECOND, value.ticks() % SECOND);
        // Less than ten million ticks are less than a thousand million nanoseconds.
        Self::new(seconds, (part * 100) as i32)
    }
}
