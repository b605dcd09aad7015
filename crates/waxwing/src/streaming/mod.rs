//! Messages in pieces: a stream in the body goes out as it is read, and is read as it comes in (`transferMode`).
//!
//! A link carries one such message each way ([`Dial::streamed`](crate::net::Dial)); what its octets are says
//! `waxwing_soap::encoder::streamed`. A message is [prepared](StreamedEncoding::prepare) and [sent](Prepared::send), and [received](receive), the same way at both ends. What has come in of a
//! stream is handed over by a task of its own (`Rest::pump`), which holds one piece while the reader has another: who does
//! not read lets the peer wait.

mod coming;
mod receiving;
mod sending;

use waxwing_binding::{EffectiveEndpoint, MessageEncoding};
use waxwing_session::options;
use waxwing_soap::encoder::{Binary, Compression};

pub(crate) use self::receiving::{NotReceived, Received, receive};
pub(crate) use self::sending::{NotSent, Prepared};

/// A message without a stream is held in memory, however large a stream may be (`maxReceivedMessageSize` is often very large
/// where streams are meant): at most so many octets, unless `maxBufferSize` says more.
const MAX_HELD: usize = 16 << 20;

/// How an endpoint writes and reads messages in pieces.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StreamedEncoding {
    binary: Binary,
    /// The most octets before a stream (`maxBufferSize`).
    max_head: usize,
}

impl StreamedEncoding {
    /// That of an endpoint; none where messages are whole. The binding refuses what this version does not have.
    pub(crate) fn of(endpoint: &EffectiveEndpoint) -> Option<Self> {
        if !options::is_streamed(endpoint)
            || !matches!(endpoint.encoding, MessageEncoding::Binary(_))
        {
            return None;
        }
        let limits = options::xml_limits(endpoint);
        let max_head = usize::try_from(endpoint.transport.max_buffer_size).unwrap_or(usize::MAX);
        let binary = Binary { limits, compression: Compression::None };
        Some(Self { binary, max_head: max_head.min(limits.max_bytes) })
    }

    /// What the transport is told of it.
    pub(crate) fn content_type(&self) -> &'static str {
        self.binary.content_type()
    }

    /// The most octets of a message (`maxReceivedMessageSize`).
    pub(crate) fn max_message(&self) -> usize {
        self.binary.limits.max_bytes
    }

    /// The most octets of a message that is held in memory.
    pub(crate) fn max_held(&self) -> usize {
        self.max_message().min(self.max_head.max(MAX_HELD))
    }
}
