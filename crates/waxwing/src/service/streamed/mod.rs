//! Endpoints whose messages go in pieces, one each way over a connection (`transferMode`).

mod receiver;
mod serve;

use std::time::Duration;

use waxwing_binding::EffectiveEndpoint;
use waxwing_session::options;

pub(super) use self::receiver::StreamedEndpoint;
use super::duplex::links::limits;
use crate::net::LinkLimits;
use crate::streaming::StreamedEncoding;

/// The exchanges of an endpoint.
#[derive(Debug, Clone, Copy)]
pub(super) struct Streamed {
    encoding: StreamedEncoding,
    limits: LinkLimits,
    /// How long nothing may come of a message that has begun (`receiveTimeout`); that it comes fast enough is seen to below.
    patience: Duration,
}

impl Streamed {
    /// Those of an endpoint; none where messages are whole.
    pub(super) fn of(endpoint: &EffectiveEndpoint) -> Option<Self> {
        let encoding = StreamedEncoding::of(endpoint)?;
        let patience = options::duration(endpoint.timeouts.receive);
        Some(Self { encoding, limits: limits(endpoint, encoding.max_held()), patience })
    }
}
