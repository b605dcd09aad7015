//! What a client's conversation over links must know.

use crate::service::ConcurrencyMode;

/// What a client's conversation over links must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DuplexSettings {
    /// Whether the client has a callback contract: without one it drops what is no reply.
    pub callbacks: bool,
    /// How many calls of the service it executes at a time (`CallbackBehaviorAttribute.ConcurrencyMode`).
    pub concurrency: ConcurrencyMode,
    /// Whether the connection is secured itself (TLS): a reliable session ends with it then, as at WCF.
    pub bound: bool,
    /// Composite duplex: each message goes out for itself, and the service's come to an address where the client listens.
    pub composite: bool,
}
