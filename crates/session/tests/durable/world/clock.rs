//! Virtual time, as the engines read it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use waxwing_session::Time;

use crate::plan::Micros;
pub fn time(at: Micros) -> Time {
    Time::since_start(Duration::from_micros(at))
}

pub fn micros(at: Time) -> Micros {
    u64::try_from(at.elapsed().as_nanos().div_ceil(1000)).unwrap_or(u64::MAX)
}

pub fn wall(at: Micros, ahead: i64) -> Timestamp {
    let start: Timestamp = "2026-11-24T12:00:00Z".parse().expect("a date");
    start + SignedDuration::from_micros(at as i64) + SignedDuration::from_secs(ahead)
}
