//! A message that stands for itself, before and after it is known who sent it.

use std::sync::Arc;

use super::super::caller::CallerIdentity;
use super::reply::{AloneReply, AloneToken};
use crate::wsse::Verified;

/// A message that verified. Who sent it is not decided yet.
#[derive(Debug)]
pub(super) struct Alone {
    pub(super) verified: Verified,
    pub(super) token: AloneToken,
}

/// A message that verified and whose sender is known.
pub(super) struct Accepted {
    pub(super) verified: Verified,
    pub(super) caller: Arc<CallerIdentity>,
    pub(super) reply: Arc<AloneReply>,
}
