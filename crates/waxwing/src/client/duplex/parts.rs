//! What the links of a channel are made of.

use std::sync::Arc;

use crate::link_encoding::LinkEncoding;
use crate::net::LinkDialer;

/// What the links of a channel are made of. None of it changes.
#[derive(Clone)]
pub(in crate::client) struct LinkParts {
    pub(in crate::client) dialer: Arc<dyn LinkDialer>,
    pub(in crate::client) encoding: LinkEncoding,
}
