//! The client's end.

use std::time::Duration;

use waxwing_soap::Envelope;

use super::stack::{BoxError, BoxedService, LayerError};
use crate::contract::CallError;

/// What the layers of a channel are around. The response is the reply, which may be a fault; none of a one-way call.
pub type ClientService = BoxedService<ClientRequest, Option<Envelope>, CallError>;

/// A call of a client. A layer may change it, or give it to the service below several times.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientRequest {
    /// The action.
    pub action: String,
    /// An envelope that has only a body and application headers.
    pub message: Envelope,
    /// How long the call may take; none: as long as the channel says.
    pub timeout: Option<Duration>,
    /// Whether nothing answers.
    pub is_one_way: bool,
}

impl ClientRequest {
    pub(crate) fn new(action: &str, message: Envelope, is_one_way: bool) -> Self {
        Self { action: action.to_owned(), message, timeout: None, is_one_way }
    }
}

impl LayerError for CallError {
    fn of(error: BoxError) -> Self {
        match error.downcast() {
            Ok(own) => *own,
            Err(other) => CallError::channel(other),
        }
    }
}
