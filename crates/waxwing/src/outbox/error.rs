//! What a user of an outbox is told.

use waxwing_binding::ResolveError;
use waxwing_store::StoreError;

use crate::client::ChannelError;
use crate::contract::CallError;
use crate::outbox::engine::{CallState, LONGEST_KEY, Refusal};

/// Why an outbox did not do what it was asked.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum OutboxError {
    /// The endpoint cannot be used.
    #[error("{0}")]
    Channel(#[from] ChannelError),
    /// The call cannot be written.
    #[error("{0}")]
    Call(#[from] CallError),
    /// The configuration file has no such outbox, or mistakes that concern it.
    #[error("{0}")]
    Configuration(ResolveError),
    /// Its store cannot be opened.
    #[error("the outbox '{outbox}' cannot be opened: {error}")]
    Opening {
        /// The outbox.
        outbox: String,
        /// What the store says.
        error: StoreError,
    },
    /// The store did not do its part. Nothing was written.
    #[error("the outbox '{outbox}': {error}. Nothing was written; try again with the same key")]
    Store {
        /// The outbox.
        outbox: String,
        /// What the store says.
        error: StoreError,
    },
    /// Nobody knows whether the store has written it.
    #[error(
        "the outbox '{outbox}': nobody knows whether this was written ({reason}). Do the same again with the same key: a call that \
         is kept already is not delivered twice"
    )]
    Uncertain {
        /// The outbox.
        outbox: String,
        /// What happened.
        reason: String,
    },
    /// What is kept cannot be read.
    #[error("what is kept of the outbox '{outbox}' cannot be read: {reason}")]
    Unreadable {
        /// The outbox.
        outbox: String,
        /// Why.
        reason: String,
    },
    /// There is no room.
    #[error(
        "the outbox '{outbox}' is full: {reason}. Nothing was dropped for this call, and it was not kept. Take results \
         (Outbox::take), wait until calls are delivered, or give it more room"
    )]
    Full {
        /// The outbox.
        outbox: String,
        /// What fills it.
        reason: String,
    },
    /// There is no call with this key.
    #[error(
        "the outbox '{outbox}' has no call with the key '{key}': it was never kept, or its result was taken and its time is over"
    )]
    NoSuchKey {
        /// The outbox.
        outbox: String,
        /// The key.
        key: String,
    },
    /// The key is another call's.
    #[error(
        "the key '{key}' of the outbox '{outbox}' is another call's, which is {state}: its action or its message differs. A key \
         names one call for ever; give this one another key"
    )]
    OtherCall {
        /// The outbox.
        outbox: String,
        /// The key.
        key: String,
        /// What became of the call that has it.
        state: CallState,
    },
    /// The state of the call does not allow it.
    #[error("the call '{key}' of the outbox '{outbox}' is {state}: {advice}", advice = advice(.state))]
    State {
        /// The outbox.
        outbox: String,
        /// The key.
        key: String,
        /// Its state.
        state: CallState,
    },
    /// Somebody says what became of a call that is not in doubt.
    #[error(
        "the call '{key}' of the outbox '{outbox}' is {state}, and nothing was changed: only of a call in doubt somebody says what \
         became of it; {advice}", advice = of_no_doubt(.state)
    )]
    NotInDoubt {
        /// The outbox.
        outbox: String,
        /// The key.
        key: String,
        /// Its state.
        state: CallState,
    },
    /// The call was cancelled, or given up: it has no result.
    #[error("the call '{key}' of the outbox '{outbox}' has no result: it was {state}")]
    NoResult {
        /// The outbox.
        outbox: String,
        /// The key.
        key: String,
        /// What became of it.
        state: CallState,
    },
    /// The key is empty or too long, or has the character U+0000 in it.
    #[error(
        "a key of an outbox has 1 to {LONGEST_KEY} octets and no U+0000 among them; this one has {0} octets"
    )]
    Key(usize),
    /// Another process has the outbox now.
    #[error(
        "the outbox '{outbox}' belongs to another process{at}: an outbox has one at a time. This one has stopped; what it had \
         begun, the other one goes on with", at = .address.as_ref().map(|at| format!(" ({at})")).unwrap_or_default()
    )]
    TakenOver {
        /// The outbox.
        outbox: String,
        /// Where the other one is, if that is known.
        address: Option<String>,
    },
    /// Another process has the outbox, and lives.
    #[error(
        "another process has the outbox '{outbox}'{at}, and lives: an outbox has one at a time. End that one, or give this program \
         an outbox of another name. One that was killed has its outboxes for 10 s more (deadAfter of <store>)",
        at = .address.as_ref().map(|at| format!(" ({at})")).unwrap_or_default()
    )]
    InUse {
        /// The outbox.
        outbox: String,
        /// Where the other one is, if that is known.
        address: Option<String>,
    },
    /// A program has it, and it can be dealt with there only.
    #[error(
        "a program has the outbox '{outbox}'{at}, and nothing was changed: decide there (Outbox::cancel, resolve, pause), or end it \
         first. One that was killed has its outboxes for 10 s more (deadAfter of <store>)",
        at = .address.as_ref().map(|at| format!(" ({at})")).unwrap_or_default()
    )]
    Elsewhere {
        /// The outbox.
        outbox: String,
        /// Where that is, if it is known.
        address: Option<String>,
    },
    /// It was closed.
    #[error("the outbox '{outbox}' is closed. What it has is kept: open it again")]
    Closed {
        /// The outbox.
        outbox: String,
    },
    /// The settings make no sense.
    #[error("the outbox '{outbox}': {text}")]
    Settings {
        /// The outbox.
        outbox: String,
        /// What is wrong with them.
        text: String,
    },
}

debug_is_display!(OutboxError);

/// What can be done in a state.
fn advice(state: &CallState) -> &'static str {
    match state {
        CallState::Queued => "it is just about to be sent, and has no result yet",
        CallState::Sent { .. } => {
            "it has its number and may be executed at this moment, so it cannot be taken back; wait for its result"
        }
        CallState::InDoubt { .. } => {
            "decide what became of it first (Outbox::resolve, or a Reconcile hook)"
        }
        CallState::Answered { .. } => "it has its result; take it",
        CallState::Cancelled { .. } | CallState::GivenUp { .. } => "it is over; take it",
        CallState::Taken { .. } => "it is over",
    }
}

fn of_no_doubt(state: &CallState) -> &'static str {
    match state {
        CallState::Queued => "this one is sent in its turn, or cancelled (Outbox::cancel)",
        CallState::Sent { .. } => {
            "this one is sent again by itself until it has its result, or is in doubt when the service has forgotten the session"
        }
        CallState::InDoubt { .. } => "this one is being decided at the moment",
        CallState::Answered { .. } => "this one has its result; take it",
        CallState::Cancelled { .. } | CallState::GivenUp { .. } | CallState::Taken { .. } => {
            "this one is over"
        }
    }
}

impl OutboxError {
    /// Of a decision.
    pub(super) fn of_decision(self) -> Self {
        match self {
            Self::State { outbox, key, state } => Self::NotInDoubt { outbox, key, state },
            other => other,
        }
    }

    pub(super) fn of(refusal: Refusal, outbox: &str, key: &str) -> Self {
        let (outbox, key) = (outbox.to_owned(), key.to_owned());
        match refusal {
            Refusal::NoSuchKey => Self::NoSuchKey { outbox, key },
            Refusal::OtherCall(state) => Self::OtherCall { outbox, key, state },
            Refusal::Full(reason) => Self::Full { outbox, reason },
            Refusal::State(state) => Self::State { outbox, key, state },
            Refusal::Store(error @ StoreError::Full(_)) => {
                Self::Full { outbox, reason: error.to_string() }
            }
            Refusal::Store(error) => Self::Store { outbox, error },
            Refusal::Uncertain(reason) => Self::Uncertain { outbox, reason },
            Refusal::TakenOver => Self::TakenOver { outbox, address: None },
            Refusal::Closing => Self::Closed { outbox },
            Refusal::Key => Self::Key(key.len()),
        }
    }
}

impl From<OutboxError> for CallError {
    fn from(error: OutboxError) -> Self {
        match error {
            OutboxError::Call(error) => error,
            OutboxError::Channel(error) => error.into(),
            error => CallError::channel(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Somebody decides about a call that is not in doubt: he hears nothing of taking it back.
    #[test]
    fn what_is_not_in_doubt_is_not_decided() {
        let of = |state: CallState| {
            let (outbox, key) = ("orders".to_owned(), "one".to_owned());
            OutboxError::State { outbox, key, state }.of_decision().to_string()
        };
        let sent = of(CallState::Sent { sequence: "urn:s".to_owned(), number: 3 });
        assert!(
            sent.contains("only of a call in doubt") && sent.contains("sent again by itself"),
            "{sent}"
        );
        assert!(!sent.contains("taken back"), "{sent}");
        let queued = of(CallState::Queued);
        assert!(queued.contains("sent in its turn"), "{queued}");
        let (outbox, key) = ("orders".to_owned(), "one".to_owned());
        let none = OutboxError::NoSuchKey { outbox, key }.of_decision();
        assert!(matches!(none, OutboxError::NoSuchKey { .. }));
    }
}
