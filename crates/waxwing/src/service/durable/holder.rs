//! What the keeper of a host asks of its endpoints.

use std::sync::Arc;

use waxwing_reliable::{MessageNumber, SessionId};
use waxwing_security::conversation::SavedContext;
use waxwing_session::{SavedSession, Ticket, VerifiedRequest};

/// What is made of the records of a group.
pub(in crate::service) struct Restored {
    /// The security context, if the group is one's.
    pub(in crate::service) context: Option<SavedContext>,
    /// The sessions.
    pub(in crate::service) sessions: Vec<RestoredSession>,
}

/// A reliable session as it was kept.
pub(in crate::service) struct RestoredSession {
    /// The session.
    pub(in crate::service) saved: SavedSession,
    /// Its messages that were received and not executed.
    pub(in crate::service) messages: Vec<(MessageNumber, Arc<VerifiedRequest>)>,
}

/// Why a group does not go on here.
pub(in crate::service) enum NotRestored {
    /// There is no room now; later there may be.
    Later(String),
    /// It is none that this endpoint could have begun: what it is set to has changed. Its peers learn that it is gone.
    Never(String),
}

/// An endpoint, as the keeper sees it. Called under no lock.
pub(in crate::service) trait Holder: Send + Sync {
    /// What was to be kept of a session is durable.
    fn persisted(self: Arc<Self>, session: SessionId, ticket: Ticket);

    /// Nothing is certain of these sessions any more, nor of the security context that they are in.
    fn discard(self: Arc<Self>, context: Option<&str>, sessions: Vec<SessionId>, why: &str);

    /// A group goes on here.
    fn restore(self: Arc<Self>, restored: Restored) -> Result<(), NotRestored>;
}
