//! Why no reply of a client comes any more.

use crate::diagnosis::{TransportCause, TransportFailure};
use crate::error::{SessionError, SessionStep};

/// Why no reply of a client comes any more.
pub(super) enum SessionOver<'a> {
    /// It sends nothing more.
    ByPeer,
    /// Its link broke.
    Lost(&'a TransportFailure),
    /// Its session is over at the service.
    Here,
}

impl SessionOver<'_> {
    pub(super) fn error(&self) -> SessionError {
        let failed = |failure| SessionError::Transport { step: SessionStep::Call, failure };
        match self {
            Self::ByPeer => failed(TransportFailure {
                cause: TransportCause::Broken,
                reason: "the client has ended its session, and no reply comes any more".to_owned(),
            }),
            Self::Lost(failure) => failed((*failure).clone()),
            Self::Here => SessionError::State(GONE),
        }
    }
}

/// What a call is told whose client is not there.
pub(super) const GONE: &str = "the session of this client is over: it cannot be called any more";

/// What the log says of a reply that nobody waits for any more.
pub(super) const LATE: &str =
    "a reply of the client came after its call had given up; it was dropped";
