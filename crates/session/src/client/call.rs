//! A call without reliable session.

use waxwing_reliable::{CallId, Time};

use crate::message::AppMessage;

/// A call without reliable session.
#[derive(Debug, Clone)]
pub(super) struct DirectCall {
    pub(super) call: CallId,
    pub(super) message: AppMessage,
    pub(super) deadline: Time,
}
