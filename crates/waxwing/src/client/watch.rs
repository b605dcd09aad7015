//! What a channel does, for those who watch it: counters and events.

use std::time::Duration;

use waxwing_reliable::Event;

use crate::events::CommunicationState;

/// Something that happened on a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChannelEvent {
    /// The channel has another state.
    State(CommunicationState),
    /// The reliable session sent a message again.
    Retransmission {
        /// The number of the message in its sequence.
        number: u64,
        /// How often it has been sent again.
        retry: u32,
    },
    /// The reliable session has a new estimate of the time that a message and its answer take.
    RoundTrip {
        /// The mean.
        mean: Duration,
        /// After this time a message is sent again.
        timeout: Duration,
    },
    /// The service has no room for further messages at the moment.
    PeerFull,
    /// The key of the security session was renewed.
    Renewed,
    /// An exchange brought no answer.
    ExchangeLost {
        /// Why.
        reason: String,
    },
}

impl ChannelEvent {
    /// What of a reliable session's events is told.
    pub(super) fn of(event: &Event) -> Option<Self> {
        match *event {
            Event::Retransmitted { number, retry } => Some(Self::Retransmission { number, retry }),
            Event::RoundTrip { mean, timeout } => Some(Self::RoundTrip { mean, timeout }),
            Event::PeerFull => Some(Self::PeerFull),
            _ => None,
        }
    }
}

/// What a channel has done so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChannelStatistics {
    /// Messages posted, those of the protocols included.
    pub messages_sent: u64,
    /// Answers that came.
    pub answers_received: u64,
    /// Messages that the reliable session sent again.
    pub retransmissions: u64,
    /// Exchanges that brought no answer.
    pub exchanges_lost: u64,
    /// Calls that were begun.
    pub calls: u64,
    /// Calls that the service answered with a fault of its operation.
    pub faults: u64,
    /// Calls that failed below the operation.
    pub calls_failed: u64,
    /// The time that all ended calls together took, opening the channel included where a call did that.
    pub time_calling: Duration,
    /// The time of the longest call.
    pub longest_call: Duration,
    /// How often the key of the security session was renewed.
    pub renewals: u64,
    /// Answers that belonged to another request: somebody on the way swaps, repeats or delays them.
    pub misplaced: u64,
}
