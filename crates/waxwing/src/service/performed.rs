//! What is executed at an endpoint whose sessions are kept, and what comes of any call.

use std::sync::Arc;

use waxwing_reliable::{MessageNumber, SessionId};
use waxwing_session::{AppMessage, VerifiedRequest};

use super::durable::Durability;

/// A message of a session that is kept, to be executed.
pub(super) struct Delivering<'a> {
    pub(super) durability: &'a Durability,
    pub(super) request: &'a Arc<VerifiedRequest>,
    pub(super) session: &'a SessionId,
    pub(super) number: MessageNumber,
}

/// What came of a call.
pub(super) struct Performed {
    /// Its reply, or its fault as a reply; none of a one-way operation.
    pub(super) reply: Option<AppMessage>,
    /// Whether what it wrote in a transaction stands: it gave a result, or a fault that is an answer.
    pub(super) stands: bool,
}
