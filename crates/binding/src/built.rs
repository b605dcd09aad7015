//! Which of the newer parts of the runtime are there: the one place that says so.
//!
//! The words of settings ([`crate::word`]), the refusal when an endpoint opens ([`crate::EffectiveEndpoint::unsupported`]),
//! `check` and `explain` all ask here. Who builds a part changes its line in [`Part::runs`], and makes
//! `docs/configuration.md` and the snapshots of the tests anew.

use crate::word::{Feature, Support};

/// A part of the runtime that a binding may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Part {
    /// .NET binary XML as `application/soap+msbin1` in exchanges of HTTP and HTTPS.
    BinaryOverHttp,
    /// The gzip and deflate variants of binary messages, over HTTP and over links.
    CompressedBinary,
    /// net.tcp, buffered: a framing session of whole binary messages, without security and reliable session.
    TcpLink,
    /// Text and MTOM messages over net.tcp and WebSockets.
    OtherEncodingsOverLinks,
    /// TLS inside a net.tcp connection.
    TlsOverTcp,
    /// Reliable sessions over net.tcp and WebSockets.
    ReliableOverLinks,
    /// Secure conversation over net.tcp, negotiated and not.
    ConversationOverTcp,
    /// net.tcp with TLS, and the client's credential in the SOAP header.
    MixedOverTcp,
    /// The service calls the client back over net.tcp and WebSockets.
    CallbacksOverLinks,
    /// net.tcp with one request and one reply a connection, as streams.
    StreamedTcp,
    /// Metadata exchange over net.tcp.
    MetadataOverTcp,
    /// WebSockets.
    WebSockets,
    /// Two one-way HTTP directions with a reliable session and without security.
    CompositeDuplex,
    /// Secure conversation over two one-way HTTP directions, negotiated and not.
    ConversationOverCompositeDuplex,
}

impl Part {
    /// Whether this version runs it.
    pub(crate) const fn runs(self) -> bool {
        match self {
            Part::BinaryOverHttp => true,
            Part::CompressedBinary => true,
            Part::TcpLink => true,
            Part::OtherEncodingsOverLinks => true,
            Part::TlsOverTcp => true,
            Part::ReliableOverLinks => true,
            Part::ConversationOverTcp => true,
            Part::MixedOverTcp => true,
            Part::CallbacksOverLinks => true,
            Part::StreamedTcp => true,
            Part::MetadataOverTcp => true,
            Part::WebSockets => true,
            Part::CompositeDuplex => true,
            Part::ConversationOverCompositeDuplex => true,
        }
    }
}

/// The word of everything in an element that needs `part`: refused until that is there.
pub(crate) fn unless_built(part: Part, feature: Feature) -> Option<Support> {
    (!part.runs()).then_some(Support::Refused(feature))
}

/// The same of an element that needs any one of them.
pub(crate) fn unless_any_built(parts: &[Part], feature: Feature) -> Option<Support> {
    (!parts.iter().any(|part| part.runs())).then_some(Support::Refused(feature))
}

/// The word of a setting some of whose values need `part`.
pub(crate) const fn except_unless(part: Part, values: &'static [&'static str]) -> Support {
    if part.runs() { Support::Runs } else { Support::RunsExcept(values) }
}

/// The word of a setting that runs as soon as `part` is there, and belongs to what is refused until then.
pub(crate) const fn runs_with(part: Part, feature: Feature) -> Support {
    if part.runs() { Support::Runs } else { Support::Refused(feature) }
}
