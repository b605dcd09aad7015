//! What is known of a reliable session while it runs: [`ClientChannel::reliable_session`](crate::ClientChannel::reliable_session).

pub use waxwing_reliable::{
    Counters, Event, MessageNumber, ReliableMessagingVersion, SequenceState, Status,
};
