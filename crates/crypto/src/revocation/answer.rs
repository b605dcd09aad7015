//! What somebody says about a certificate, and until when it holds.

use jiff::{SignedDuration, Timestamp};

use crate::der::Malformed;

/// How far clocks may be apart: WCF's `maxClockSkew`.
pub const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Whether it was revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RevocationStatus {
    /// It was not.
    Good,
    /// It was, or is on hold.
    Revoked {
        /// Since when, where that is told.
        since: Option<Timestamp>,
    },
}

/// What the issuer, or who speaks for it, says about one certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationAnswer {
    /// Whether it was revoked.
    pub status: RevocationStatus,
    /// When this was known to be so.
    pub this_update: Timestamp,
    /// When there is something newer at the latest.
    pub next_update: Option<Timestamp>,
}

/// Why an answer or a list cannot be used, in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unusable(pub(crate) String);

impl Unusable {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

impl From<Malformed> for Unusable {
    fn from(Malformed: Malformed) -> Self {
        Self("it is malformed".to_owned())
    }
}

impl RevocationAnswer {
    /// Whether it holds at `now`: its time has come, and nothing newer is due.
    ///
    /// # Errors
    /// Its time has not come, or is over.
    pub fn in_time(&self, now: Timestamp) -> Result<(), Unusable> {
        in_time(self.this_update, self.next_update, now)
    }

    /// Whether three quarters of its time are over: then a newer one should be fetched while this one still holds.
    pub fn is_ageing(&self, now: Timestamp) -> bool {
        let Some(next) = self.next_update else { return true };
        let (lifetime, age) =
            (next.duration_since(self.this_update), now.duration_since(self.this_update));
        age >= lifetime / 4 * 3
    }
}

/// Whether `now` lies between the two times, as far as clocks may be apart.
pub(super) fn in_time(
    this_update: Timestamp,
    next_update: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), Unusable> {
    if this_update.duration_since(now) > CLOCK_SKEW {
        return Err(Unusable::new(format!(
            "it is of {this_update}, and now it is {now}: its time has not come; check the clocks"
        )));
    }
    match next_update {
        Some(next) if now.duration_since(next) > CLOCK_SKEW => Err(Unusable::new(format!(
            "it is out of date: a newer one was due at {next}, and now it is {now}"
        ))),
        _ => Ok(()),
    }
}
