//! What is known of a reliable session while it runs: [`ClientChannel::reliable_session`](crate::ClientChannel::reliable_session).

pub use waxwing_reliable::{
    Counters, Event, Identifier, MessageNumber, Ranges, ReliableMessagingVersion,
    SequenceAcknowledgement, SequenceState, Status,
};
