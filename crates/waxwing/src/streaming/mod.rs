//! Messages in pieces: a stream in the body goes out as it is read, and is read as it comes in (`transferMode`).
//!
//! A link carries one such message each way ([`Dial::streamed`](crate::net::Dial)), and so does an exchange of HTTP; what its
//! octets are says `waxwing_soap::encoder::streamed`. A message is [prepared](StreamedEncoding::prepare) and
//! [sent](Prepared::send), and [received](receive), the same way at both ends. What has come in of a stream is handed over by a
//! task of its own (`Rest::pump`), which holds one piece while the reader has another: who does not read lets the peer wait.

mod coming;
mod receiving;
mod sending;

use waxwing_binding::{EffectiveEndpoint, MessageEncoding, TransferMode};
use waxwing_session::options;
use waxwing_soap::SoapVersion;
use waxwing_soap::encoder::streamed::Streamed;
use waxwing_soap::encoder::{Binary, Compression, Mtom, MtomOverLinks, Text};

pub(crate) use self::receiving::{Leave, NotReceived, Patience, Received, receive};
pub(crate) use self::sending::{NotSent, Prepared};

/// A message without a stream is held in memory, however large a stream may be (`maxReceivedMessageSize` is often very large
/// where streams are meant): at most so many octets, unless `maxBufferSize` says more.
const MAX_HELD: usize = 16 << 20;

/// How an endpoint writes and reads messages in pieces.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StreamedEncoding {
    streamed: Streamed,
    /// The most octets before a stream (`maxBufferSize`).
    max_head: usize,
    /// Whether requests have streams, and replies; what has none is held in memory, as WCF does.
    requests: bool,
    replies: bool,
}

impl StreamedEncoding {
    /// That of an endpoint; none where messages are whole. The binding refuses what this version does not have.
    pub(crate) fn of(endpoint: &EffectiveEndpoint, version: SoapVersion) -> Option<Self> {
        if !options::is_streamed(endpoint) {
            return None;
        }
        let (limits, over_http) = (options::xml_limits(endpoint), !is_over_links(endpoint));
        let mtom = Mtom { version, limits };
        let streamed = match endpoint.encoding {
            MessageEncoding::Binary(_) => {
                Streamed::Binary(Binary { limits, compression: Compression::None })
            }
            MessageEncoding::Text(_) => Streamed::Text(Text { version, limits }),
            MessageEncoding::Mtom(_) if over_http => Streamed::Mtom(mtom),
            MessageEncoding::Mtom(_) => Streamed::MtomOverLinks(MtomOverLinks(mtom)),
        };
        let max_head = usize::try_from(endpoint.transport.max_buffer_size).unwrap_or(usize::MAX);
        let max_head = max_head.min(limits.max_bytes);
        // Over connections the modes are the same on the wire, and here.
        let mode = endpoint.transport.transfer_mode;
        let requests = !over_http || mode != TransferMode::StreamedResponse;
        let replies = !over_http || mode != TransferMode::StreamedRequest;
        Some(Self { streamed, max_head, requests, replies })
    }

    /// Whether requests go out and come in as their octets do.
    pub(crate) fn requests(&self) -> bool {
        self.requests
    }

    /// The same of replies.
    pub(crate) fn replies(&self) -> bool {
        self.replies
    }

    /// What a connection is told of it.
    pub(crate) fn content_type(&self) -> &'static str {
        self.streamed.content_type()
    }

    /// Whether a connection is taken whose messages are of this type.
    pub(crate) fn takes(&self, content_type: &str) -> bool {
        // The known encoding of MIME (MC-NMF §2.2.3.4.1), which WCF does not use.
        let is_mime = matches!(self.streamed, Streamed::MtomOverLinks(_));
        content_type == self.content_type() || is_mime && content_type == "multipart/related"
    }

    /// The most octets of a message (`maxReceivedMessageSize`).
    pub(crate) fn max_message(&self) -> usize {
        self.streamed.limits().max_bytes
    }

    /// The most octets of a message that is held in memory.
    pub(crate) fn max_held(&self) -> usize {
        self.max_message().min(self.max_head.max(MAX_HELD))
    }
}

/// Whether the messages in pieces of an endpoint go over connections of their own; otherwise in exchanges of HTTP.
pub(crate) fn is_over_links(endpoint: &EffectiveEndpoint) -> bool {
    endpoint.channel_shape(false) == waxwing_binding::ChannelShape::StreamedExchanges
}
