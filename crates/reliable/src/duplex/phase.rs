//! Where a session stands, and where each of its sequences does.

use crate::message::{CreateSequenceResponse, TokenReference};
use crate::source::{Opening, Requestor};

/// Which end it is.
#[derive(Debug)]
pub(super) enum Role {
    Initiator {
        /// The security context below.
        token: Option<TokenReference>,
    },
    Responder {
        /// What CreateSequence was and is answered with.
        response: Box<CreateSequenceResponse>,
    },
}

/// Where the session stands.
#[derive(Debug)]
pub(super) enum Phase {
    New,
    Creating(Box<Opening>),
    Open,
    Closed,
    Faulted,
}

/// Where the end of our own sequence stands.
#[derive(Debug)]
pub(super) enum OwnEnd {
    /// More may be sent.
    Open,
    /// Close was asked for; messages are still to be acknowledged.
    Draining,
    /// LastMessage is in the window (2005).
    LastMessage,
    /// CloseSequence is under way (1.1).
    Closing(Box<Requestor>),
    /// TerminateSequence is under way (1.1).
    Terminating(Box<Requestor>),
    /// It is terminated, or there never was one.
    Over,
}

impl OwnEnd {
    /// The request that is under way.
    pub(super) fn requestor(&self) -> Option<&Requestor> {
        match self {
            Self::Closing(requestor) | Self::Terminating(requestor) => Some(requestor),
            _ => None,
        }
    }

    /// The same, to be changed.
    pub(super) fn requestor_mut(&mut self) -> Option<&mut Requestor> {
        match self {
            Self::Closing(requestor) | Self::Terminating(requestor) => Some(requestor),
            _ => None,
        }
    }

    /// Whether nothing is sent in the sequence any more.
    pub(super) fn is_over(&self) -> bool {
        matches!(self, Self::Over)
    }

    /// Whether CloseSequence was sent (1.1), so that an acknowledgement may be final.
    pub(super) fn is_closing(&self) -> bool {
        matches!(self, Self::Closing(_) | Self::Terminating(_) | Self::Over)
    }

    /// Whether the peer may have forgotten the sequence.
    pub(super) fn may_be_forgotten(&self) -> bool {
        matches!(self, Self::Terminating(_) | Self::Over)
    }
}
