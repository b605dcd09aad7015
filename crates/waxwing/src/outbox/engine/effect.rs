//! What happens when a commit is durable.

use std::sync::Arc;

use waxwing_session::{SavedClientSession, Ticket};

use super::api::{Ask, Place, SessionNumber};
use super::entry::CallState;

/// What happens when a commit is durable.
#[derive(Debug)]
pub(super) enum Effect {
    /// A call is kept.
    Enqueued { place: Place, asks: Vec<Ask> },
    /// A call is in another state.
    Changed { place: Place, state: CallState, ask: Option<Ask> },
    /// What a session wanted to be kept is.
    Persisted {
        session: SessionNumber,
        ticket: Ticket,
        saved: Arc<SavedClientSession>,
        answered: Vec<(Place, CallState, u64)>,
    },
    /// What the service has forgotten is told apart.
    Lost { again: Vec<Place>, in_doubt: Vec<(Place, CallState)> },
    /// The session that was closed is kept no longer.
    Closed,
    /// Nothing more than an answer.
    Told(Ask),
    /// Calls are forgotten.
    Forgotten(Vec<Place>),
}
