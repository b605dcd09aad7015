//! One call in the outbox.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What has become of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum CallState {
    /// It is kept and waits. It can be cancelled.
    Queued,
    /// It has its number, and may have been sent.
    Sent {
        /// The sequence.
        sequence: String,
        /// Its number there.
        number: u64,
    },
    /// It has its result.
    Answered {
        /// When.
        #[serde(with = "millis")]
        at: Timestamp,
        /// Whether the result is a fault of the service.
        is_fault: bool,
        /// Whether somebody said so, after it was in doubt.
        by_decision: bool,
    },
    /// It had a number in a sequence that the service has forgotten, and no result: nobody here knows whether the service has
    /// executed it.
    InDoubt {
        /// The sequence.
        sequence: String,
        /// Its number there.
        number: u64,
        /// Since when.
        #[serde(with = "millis")]
        since: Timestamp,
        /// How that became known.
        why: String,
    },
    /// It was cancelled before it was sent.
    Cancelled {
        /// When.
        #[serde(with = "millis")]
        at: Timestamp,
    },
    /// It was in doubt, and somebody has given it up.
    GivenUp {
        /// When.
        #[serde(with = "millis")]
        at: Timestamp,
        /// Why.
        why: String,
    },
    /// Its result was taken. The key is remembered for a while, so that the same call is not delivered again.
    Taken {
        /// When.
        #[serde(with = "millis")]
        at: Timestamp,
    },
}

impl CallState {
    /// Since when nothing more happens to it by itself.
    pub(crate) fn settled_at(&self) -> Option<Timestamp> {
        match self {
            Self::Answered { at, .. }
            | Self::Cancelled { at }
            | Self::GivenUp { at, .. }
            | Self::Taken { at } => Some(*at),
            Self::Queued | Self::Sent { .. } | Self::InDoubt { .. } => None,
        }
    }

    /// When the service is known to have answered it, or had answered it already.
    pub(crate) fn heard(&self) -> Option<Timestamp> {
        match self {
            Self::Answered { at, by_decision: false, .. } | Self::Taken { at } => Some(*at),
            _ => None,
        }
    }

    /// Whether there is something to be taken.
    pub fn is_settled(&self) -> bool {
        self.settled_at().is_some()
    }
}

impl fmt::Display for CallState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queued => f.write_str("queued"),
            Self::Sent { sequence, number } => write!(f, "sent as number {number} of {sequence}"),
            Self::Answered { at, is_fault, by_decision } => {
                let what = if *is_fault { "answered with a fault" } else { "answered" };
                let by = if *by_decision { ", as it was decided" } else { "" };
                write!(f, "{what} at {at:.0}{by}")
            }
            Self::InDoubt { sequence, number, since, .. } => {
                write!(f, "in doubt since {since:.0}: was number {number} of {sequence}")
            }
            Self::Cancelled { at } => write!(f, "cancelled at {at:.0}"),
            Self::GivenUp { at, why } => write!(f, "given up at {at:.0}: {why}"),
            Self::Taken { at } => write!(f, "taken at {at:.0}"),
        }
    }
}

/// Times as they are kept: milliseconds of Unix time.
pub(crate) mod millis {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(crate) fn serialize<S: Serializer>(time: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i64(time.as_millisecond())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        Timestamp::from_millisecond(i64::deserialize(from)?).map_err(de::Error::custom)
    }
}

/// A call, without its message.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: Arc<str>,
    pub(crate) digest: [u8; 32],
    pub(crate) action: Arc<str>,
    pub(crate) one_way: bool,
    pub(crate) idempotent: bool,
    pub(crate) enqueued_at: Timestamp,
    /// Of its message and its result, as far as they are kept.
    pub(crate) octets: u64,
    pub(crate) state: CallState,
    pub(crate) under_way: UnderWay,
}

/// What is being done about a call, and not durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnderWay {
    Nothing,
    /// It is being written for the first time.
    Storing,
    /// Its session has it, and has not given it a number durably.
    Given,
    /// Another state is being written.
    Changing,
    /// Its result is being written, or handed to the application.
    Handing,
}
