//! What exchanges in pieces are made of.

use std::sync::Arc;
use std::time::Duration;

use crate::net::LinkDialer;
use crate::streaming::StreamedEncoding;

/// What exchanges in pieces are made of. None of it changes.
#[derive(Clone)]
pub(in crate::client) struct StreamedParts {
    pub(in crate::client) dialer: Arc<dyn LinkDialer>,
    pub(in crate::client) encoding: StreamedEncoding,
    /// How long the service may take nothing of a stream that is sent (`sendTimeout`).
    pub(in crate::client) send_timeout: Duration,
    /// How long nothing may come of one that is received (`receiveTimeout`).
    pub(in crate::client) receive_timeout: Duration,
}
