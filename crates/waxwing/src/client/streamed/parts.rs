//! What exchanges in pieces are made of.

use std::sync::Arc;
use std::time::Duration;

use crate::net::{LinkDialer, StreamedTransport, Transport};
use crate::streaming::StreamedEncoding;

/// What exchanges in pieces are made of. None of it changes.
#[derive(Clone)]
pub(in crate::client) struct StreamedParts {
    pub(in crate::client) way: Way,
    pub(in crate::client) encoding: StreamedEncoding,
    /// How long the service may take nothing of a stream that is sent (`sendTimeout`).
    pub(in crate::client) send_timeout: Duration,
    /// How long nothing may come of one that is received (`receiveTimeout`).
    pub(in crate::client) receive_timeout: Duration,
}

/// How the messages go.
#[derive(Clone)]
pub(in crate::client) enum Way {
    /// Each exchange over a link of its own.
    Links(Arc<dyn LinkDialer>),
    /// In exchanges of the transport, which has messages in pieces.
    Exchanges(Arc<dyn Transport>),
}

impl Way {
    /// The transport; none where messages go over links.
    pub(super) fn transport(&self) -> Option<&dyn StreamedTransport> {
        match self {
            Self::Links(_) => None,
            Self::Exchanges(transport) => transport.streamed(),
        }
    }
}
