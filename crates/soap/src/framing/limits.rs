//! What a peer may make us hold.

/// The most octets of a chunk that are handed on at once: what is larger comes in pieces. What WCF's stream upgrade and buffers
/// take at a time.
pub const MAX_CHUNK: usize = 64 << 10;

/// How many octets are read and dropped behind a fault, so that the peer can read it before the connection ends
/// (`MaxDrainSize` of WCF).
pub const MAX_DRAIN: usize = 64 << 10;

/// The same behind a fault about version or mode: a via and a content type.
pub const MAX_PREAMBLE_DRAIN: usize = 2048 + 256;

/// The most octets of each thing that a peer sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct FramingLimits {
    /// Of the via: 2,048, as WCF takes.
    pub via: usize,
    /// Of a content type, and of the name of an upgrade: 256.
    pub content_type: usize,
    /// Of a fault: 256.
    pub fault: usize,
    /// Of an envelope, sized or the sum of its chunks (`maxReceivedMessageSize`): 65,536.
    pub envelope: usize,
}

impl Default for FramingLimits {
    fn default() -> Self {
        Self { via: 2048, content_type: 256, fault: 256, envelope: 64 << 10 }
    }
}

impl FramingLimits {
    /// The same with envelopes of so many octets.
    #[must_use]
    pub fn with_envelope(self, envelope: usize) -> Self {
        Self { envelope, ..self }
    }
}
