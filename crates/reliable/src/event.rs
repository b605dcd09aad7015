//! What a person can watch: events as they happen and counters of a session.

use std::time::Duration;

use crate::ranges::MessageNumber;

/// Something that happened in a session; no message is affected by anyone reading it or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The session came into another state.
    State(SequenceState),
    /// A message was sent again.
    Retransmitted {
        /// Its number.
        number: MessageNumber,
        /// How often it has been sent again.
        retry: u32,
    },
    /// The retransmission timer ran out; the window went back to one message.
    RetransmissionTimeout {
        /// The timeout that follows.
        next: Duration,
    },
    /// The send window changed.
    Window {
        /// Messages that may be outstanding.
        size: u32,
    },
    /// A new round-trip estimate.
    RoundTrip {
        /// The mean.
        mean: Duration,
        /// The retransmission timeout that follows from it.
        timeout: Duration,
    },
    /// A message was received a second time and dropped.
    Duplicate {
        /// Its number.
        number: MessageNumber,
    },
    /// A message arrived before one that it has to follow.
    Gap {
        /// The number that is missing.
        expected: MessageNumber,
        /// The number that came.
        received: MessageNumber,
    },
    /// A message was not accepted: out of order, or no room. It will come again; that counts as no
    /// retransmission when it was refused for coming before its turn.
    Refused {
        /// Its number.
        number: MessageNumber,
    },
    /// An answer came that belongs to another request: it completes nothing. Somebody on the way swaps,
    /// repeats or delays answers, or the peer does not relate them.
    Misplaced {
        /// The message on whose exchange it came; None: a request of the protocol itself.
        number: Option<MessageNumber>,
    },
    /// A keep-alive was sent.
    KeepAlive,
    /// The peer has no room (`BufferRemaining` is 0).
    PeerFull,
}

/// The state of a session's sequences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SequenceState {
    /// Nothing was sent yet.
    #[default]
    New,
    /// CreateSequence is under way.
    Creating,
    /// Messages flow.
    Open,
    /// The shutdown handshake is under way.
    Closing,
    /// Ended as it should.
    Closed,
    /// Ended by a fault, a timeout or an abort.
    Faulted,
}

/// Counters of one session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Messages of the application and LastMessage, each counted once.
    pub messages_sent: u64,
    /// Transmissions beyond the first, but for those of messages that the peer refused for coming early.
    pub retransmissions: u64,
    /// Messages (replies, at the initiator) received for the first time.
    pub messages_received: u64,
    /// Messages received again and dropped.
    pub duplicates: u64,
    /// Messages refused for order or room.
    pub refused: u64,
    /// Answers that belong to another request (initiator).
    pub misplaced: u64,
    /// Keep-alives sent (initiator) or answered (responder).
    pub keep_alives: u64,
    /// Retransmission timers that ran out.
    pub timeouts: u64,
}

/// A session at one moment, for a person to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// The state of the pair of sequences.
    pub state: SequenceState,
    /// The counters.
    pub counters: Counters,
    /// Messages that may be outstanding now (initiator).
    pub window: u32,
    /// Messages sent and not yet answered (initiator), or accepted and not yet answered (responder).
    pub outstanding: usize,
    /// Messages that wait for the window (initiator), or replies kept for a repeat (responder).
    pub waiting: usize,
    /// Mean round trip (initiator).
    pub round_trip: Duration,
    /// Retransmission timeout (initiator).
    pub retransmission_timeout: Duration,
    /// The highest number sent (initiator) or received (responder).
    pub highest: MessageNumber,
    /// Numbers below the highest that are missing (responder) or unanswered (initiator).
    pub missing: u64,
}
