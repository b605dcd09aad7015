//! What a client session must know beside its security.

use std::time::Duration;

use waxwing_reliable::{ReliableMessagingVersion, ReliableSessionSettings, Shape};
use waxwing_soap::MessageVersion;

/// What a client session must know beside its security.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// The address of the service, `To` of every request.
    pub to: String,
    /// SOAP and addressing versions.
    pub version: MessageVersion,
    /// The reliable session; none when messages go by themselves.
    pub reliable: Option<(ReliableMessagingVersion, Shape, ReliableSessionSettings)>,
    /// Whether a service that is not there (nothing listens, unknown host, 404, TLS) is tried again until the open
    /// timeout, as WCF's reliable sessions do; by default it is told at once.
    pub retry: bool,
    /// Whether a rejected credential is tried again until the open timeout, as WCF's documentation has it. WCF's code
    /// tells the caller at once, and so does this by default (reliable session only).
    pub retry_authentication: bool,
    /// How long one exchange may take (`SendTimeout`).
    pub send_timeout: Duration,
}
