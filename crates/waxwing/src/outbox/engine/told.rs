//! What is told to those who watch an outbox.

use std::time::Duration;

/// Something that happened to an outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutboxEvent {
    /// A call is kept.
    Enqueued {
        /// Its key.
        key: String,
    },
    /// A call has its number, durably, and is sent.
    Sent {
        /// Its key.
        key: String,
        /// Its number.
        number: u64,
    },
    /// A call has its result, durably.
    Answered {
        /// Its key.
        key: String,
        /// Whether it is a fault.
        is_fault: bool,
    },
    /// A result was taken.
    Taken {
        /// Its key.
        key: String,
    },
    /// A call was cancelled.
    Cancelled {
        /// Its key.
        key: String,
    },
    /// A result was kept for its whole time, and nobody took it. It is gone.
    Expired {
        /// Its key.
        key: String,
    },
    /// The service has forgotten the session in which the call had a number.
    InDoubt {
        /// Its key.
        key: String,
        /// How that became known.
        why: String,
    },
    /// Somebody decided what became of a call in doubt.
    Resolved {
        /// Its key.
        key: String,
    },
    /// The application's answer about a call in doubt, or its handler of results, failed. It is asked again.
    ApplicationFailed {
        /// The key.
        key: String,
        /// What it said.
        reason: String,
        /// After this pause.
        again_in: Duration,
    },
    /// A session with the service is open.
    Connected,
    /// A session that was kept goes on.
    Resumed {
        /// How many of its calls are sent again.
        calls: usize,
    },
    /// There is no session at the moment.
    Disconnected {
        /// Why.
        reason: String,
        /// After this pause it is tried again.
        again_in: Duration,
    },
    /// Somebody must mend this and resume the outbox; by itself it tries again after a quarter of an hour only.
    Held {
        /// Why.
        reason: String,
    },
    /// Nothing new is sent until somebody resumes it.
    Paused,
    /// It goes on.
    Unpaused,
    /// The store did not do what was asked; the outbox was read again.
    Reloaded {
        /// Why.
        reason: String,
    },
}
