//! What of a client's session must survive a crash.

use serde::{Deserialize, Serialize};
use waxwing_reliable::{CallId, SavedClient};
use waxwing_security::conversation::SavedClientContext;

use crate::message::AppMessage;

/// What is to be made durable of a session, at once.
#[derive(Debug, Clone)]
pub struct ClientSessionChange {
    /// The session from now on.
    pub saved: SavedClientSession,
    /// Calls that have ended well since the last change, with their replies: these are acknowledged when the change is
    /// durable.
    pub completed: Vec<(CallId, Option<AppMessage>)>,
}

/// A client's session, as it is kept. The messages of its calls are kept elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedClientSession {
    /// The address that its messages go to.
    pub to: String,
    /// The security context; none without secure conversation.
    pub security: Option<SavedClientContext>,
    /// The sequences.
    pub reliable: SavedClient,
}
