//! Values of other crates: there and back is the same, and what would be lost is refused.

use proptest::prelude::*;
use waxwing_datacontract::{
    DateTime, DateTimeKind, DateTimeOffset, Decimal, Guid, TimeSpan, ValueError,
};

/// The last tick of the year 9999.
const MAX_TICKS: i64 = 3_155_378_975_999_999_999;

fn back<A, B>(value: A) -> Result<A, ValueError>
where
    A: Copy + TryFrom<B, Error = ValueError>,
    B: TryFrom<A, Error = ValueError>,
{
    A::try_from(B::try_from(value)?)
}

proptest! {
    #[test]
    fn guids_are_uuids(octets: [u8; 16]) {
        let guid = Guid(octets);
        let uuid = uuid::Uuid::from(guid);
        prop_assert_eq!(uuid.to_string(), guid.to_string());
        prop_assert_eq!(Guid::from(uuid), guid);
    }

    #[test]
    fn decimals_are_the_same_number_with_the_same_zeros(units in -(1i128 << 96) + 1..1i128 << 96, scale in 0u8..=28) {
        let value = Decimal::new(units, scale).unwrap();
        let other = rust_decimal::Decimal::try_from(value).unwrap();
        prop_assert_eq!(other.to_string(), value.to_string());
        let back = Decimal::try_from(other).unwrap();
        prop_assert_eq!((back.units(), back.scale()), (value.units(), value.scale()));
    }

    #[test]
    fn moments_are_the_same_moment(ticks in 0..=MAX_TICKS) {
        let utc = DateTime::from_ticks(ticks, DateTimeKind::Utc).unwrap();
        prop_assert_eq!(back::<_, chrono::DateTime<chrono::Utc>>(utc), Ok(utc));
        // The last days of the year 9999 are beyond jiff's timestamps.
        if let Ok(timestamp) = jiff::Timestamp::try_from(utc) {
            prop_assert_eq!(DateTime::try_from(timestamp), Ok(utc));
            let other = chrono::DateTime::<chrono::Utc>::try_from(utc).unwrap();
            prop_assert_eq!(other.timestamp(), timestamp.as_nanosecond().div_euclid(1_000_000_000) as i64);
        } else {
            prop_assert!(ticks > MAX_TICKS - 2 * 864_000_000_000);
        }
        let civil = utc.with_kind(DateTimeKind::Unspecified).unwrap();
        prop_assert_eq!(back::<_, chrono::NaiveDateTime>(civil), Ok(civil));
        if let Ok(other) = jiff::civil::DateTime::try_from(civil) {
            prop_assert_eq!(DateTime::try_from(other), Ok(civil));
        }
    }

    #[test]
    fn moments_keep_their_offset(ticks in 864_000_000_000i64..MAX_TICKS - 2 * 864_000_000_000, offset in -840i16..=840) {
        let value = DateTimeOffset::new(DateTime::from_ticks(ticks, DateTimeKind::Utc).unwrap(), offset).unwrap();
        prop_assert_eq!(back::<_, chrono::DateTime<chrono::FixedOffset>>(value), Ok(value));
        let zoned = jiff::ZonedDateTime::try_from(value).unwrap();
        prop_assert_eq!(DateTimeOffset::try_from(&zoned), Ok(value));
        prop_assert_eq!(value.to_string().parse::<DateTimeOffset>(), Ok(value));
        prop_assert!(zoned.to_string().starts_with(&value.to_string()[..19]));
    }

    #[test]
    fn spans_are_as_long(ticks: i64) {
        let span = TimeSpan::from_ticks(ticks);
        prop_assert_eq!(TimeSpan::try_from(jiff::SignedDuration::from(span)), Ok(span));
        prop_assert_eq!(back::<_, chrono::TimeDelta>(span), Ok(span));
        let nanoseconds = i128::from(ticks) * 100;
        prop_assert_eq!(jiff::SignedDuration::from(span).as_nanos(), nanoseconds);
    }

    #[test]
    fn nothing_is_cut(nanoseconds in -1_000_000_000_000_000_000i64..1_000_000_000_000_000_000) {
        let whole = nanoseconds % 100 == 0;
        let jiff = jiff::Timestamp::from_nanosecond(nanoseconds.into()).unwrap();
        prop_assert_eq!(DateTime::try_from(jiff).is_ok(), whole);
        let chrono = chrono::DateTime::from_timestamp_nanos(nanoseconds);
        prop_assert_eq!(DateTime::try_from(chrono).is_ok(), whole);
        prop_assert_eq!(TimeSpan::try_from(jiff::SignedDuration::from_nanos(nanoseconds)).is_ok(), whole);
        prop_assert_eq!(TimeSpan::try_from(chrono::TimeDelta::nanoseconds(nanoseconds)).is_ok(), whole);
    }
}

#[test]
fn what_would_be_lost_is_refused() {
    let utc: DateTime = "2026-11-23T10:00:00Z".parse().unwrap();
    let local: DateTime = "2026-11-23T12:00:00+02:00".parse().unwrap();
    let civil: DateTime = "2026-11-23T10:00:00".parse().unwrap();
    assert!(matches!(jiff::Timestamp::try_from(civil), Err(ValueError::Loss(_))));
    assert!(matches!(jiff::civil::DateTime::try_from(utc), Err(ValueError::Loss(_))));
    assert!(matches!(chrono::NaiveDateTime::try_from(local), Err(ValueError::Loss(_))));
    assert!(matches!(chrono::DateTime::<chrono::Utc>::try_from(civil), Err(ValueError::Loss(_))));
    assert_eq!(jiff::Timestamp::try_from(local), jiff::Timestamp::try_from(utc));
    // An offset with seconds, and one that is too far.
    for seconds in [3_601, 15 * 3_600] {
        let offset = chrono::FixedOffset::east_opt(seconds).unwrap();
        let moment = chrono::DateTime::from_timestamp_nanos(0).with_timezone(&offset);
        assert!(DateTimeOffset::try_from(moment).is_err(), "{seconds}");
    }
    let leap = chrono::NaiveDate::from_ymd_opt(2016, 12, 31).unwrap();
    let leap = leap.and_hms_nano_opt(23, 59, 59, 1_500_000_000).unwrap();
    assert!(matches!(DateTime::try_from(leap), Err(ValueError::Loss(_))));
    assert!(TimeSpan::try_from(chrono::TimeDelta::MAX).is_err());
    assert!(TimeSpan::try_from(jiff::SignedDuration::MIN).is_err());
    let before = jiff::civil::date(0, 12, 31).at(0, 0, 0, 0);
    assert!(DateTime::try_from(before).is_err());
}
