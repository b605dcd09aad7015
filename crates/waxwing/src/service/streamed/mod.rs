//! Endpoints whose messages go in pieces (`transferMode`): one each way over a connection, or in exchanges of HTTP.

mod exchange;
mod receiver;
mod serve;

use std::time::Duration;

use waxwing_binding::EffectiveEndpoint;
use waxwing_session::options;

pub(super) use self::receiver::StreamedEndpoint;
use super::duplex::links::limits;
use crate::net::LinkLimits;
use crate::streaming::{StreamedEncoding, is_over_links};

/// Who opens a connection for a message may be silent for so long: the source of a stream may have to come to its first octets. WCF
/// waits for `receiveTimeout`, and takes no further connections when so many are silent (`maxPendingConnections`).
const SILENT: Duration = Duration::from_secs(120);

/// The exchanges of an endpoint.
#[derive(Debug, Clone, Copy)]
pub(super) struct Streamed {
    encoding: StreamedEncoding,
    limits: LinkLimits,
    /// How long nothing may come of a message that has begun (`receiveTimeout`); that it comes fast enough is seen to below.
    patience: Duration,
    /// How long a message may take to begin over a connection that was opened for it.
    first: Duration,
    /// Whether they go over connections of their own.
    over_links: bool,
}

impl Streamed {
    /// Those of an endpoint; none where messages are whole.
    pub(super) fn of(endpoint: &EffectiveEndpoint) -> Option<Self> {
        let version = options::message_version(endpoint)?.soap;
        let encoding = StreamedEncoding::of(endpoint, version)?;
        let patience = options::duration(endpoint.timeouts.receive);
        let first = options::duration(endpoint.timeouts.send).max(SILENT).min(patience);
        let limits = limits(endpoint, encoding.max_held());
        Some(Self { encoding, limits, patience, first, over_links: is_over_links(endpoint) })
    }

    /// Whether messages go over connections of their own, and not in exchanges.
    pub(super) fn is_over_links(&self) -> bool {
        self.over_links
    }

    /// The most octets of a message that comes in.
    pub(super) fn max_message(&self) -> usize {
        self.encoding.max_message()
    }

    /// The same of one that is held in memory.
    pub(super) fn max_held(&self) -> usize {
        self.encoding.max_held()
    }

    /// Whether replies go out as they are made.
    pub(super) fn has_replies(&self) -> bool {
        self.encoding.replies()
    }
}
