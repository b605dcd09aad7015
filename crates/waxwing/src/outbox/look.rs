//! What is in an outbox, for those who look.

use jiff::Timestamp;

use crate::outbox::engine::{CallState, Engine, Entry, Summary};

/// One call in an outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeptCall {
    /// The application's key.
    pub key: String,
    /// Its place: calls are delivered in this order.
    pub place: u64,
    /// The action of its operation.
    pub action: String,
    /// Whether nothing answers it.
    pub is_one_way: bool,
    /// Whether it is sent again by itself where nobody knows whether it was executed.
    pub is_idempotent: bool,
    /// When it was enqueued.
    pub enqueued_at: Timestamp,
    /// Octets of its message and its result, as far as they are kept.
    pub octets: u64,
    /// What became of it.
    pub state: CallState,
}

impl KeptCall {
    pub(super) fn of(place: u64, entry: &Entry) -> Self {
        Self {
            key: entry.key.as_ref().to_owned(),
            place,
            action: entry.action.as_ref().to_owned(),
            is_one_way: entry.one_way,
            is_idempotent: entry.idempotent,
            enqueued_at: entry.enqueued_at,
            octets: entry.octets,
            state: entry.state.clone(),
        }
    }
}

/// How an outbox is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutboxStatus {
    /// Calls that wait to be sent.
    pub queued: usize,
    /// Calls that were given to the session and have no result.
    pub in_flight: usize,
    /// Calls of which nobody knows whether they were executed.
    pub in_doubt: usize,
    /// Results that nobody has taken.
    pub answered: usize,
    /// All calls together, with those of which only the key is remembered.
    pub calls: usize,
    /// Octets of their messages and results.
    pub octets: u64,
    /// When the oldest call that waits, or is under way, was enqueued.
    pub oldest: Option<Timestamp>,
    /// Whether somebody has paused it.
    pub is_paused: bool,
    /// Why nothing is sent until somebody does something about it; none: it goes on by itself.
    pub held: Option<String>,
    /// Whether there is a session with the service.
    pub is_connected: bool,
    /// The sequence in use, as it is kept.
    pub sequence: Option<String>,
    /// Why there was no session the last time that there was none.
    pub last_trouble: Option<String>,
}

impl OutboxStatus {
    /// As an engine has it; `held`: why nothing is sent until somebody does something, beside calls in doubt.
    pub(super) fn of(engine: &Engine, held: Option<&str>, last_trouble: Option<&str>) -> Self {
        let Summary {
            queued,
            in_flight,
            in_doubt,
            answered,
            calls,
            octets,
            is_paused,
            is_held: _,
            is_connected,
        } = engine.summary();
        let by_doubt = engine.held_by_doubt().then(|| {
            format!(
                "{in_doubt} calls are in doubt: decide what became of them (Outbox::resolve, or a Reconcile hook)"
            )
        });
        Self {
            queued,
            in_flight,
            in_doubt,
            answered,
            calls,
            octets,
            oldest: engine.oldest(),
            is_paused,
            held: held.map(str::to_owned).or(by_doubt),
            is_connected,
            sequence: engine.sequence().map(str::to_owned),
            last_trouble: last_trouble.map(str::to_owned),
        }
    }
}
