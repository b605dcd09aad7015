//! What a service endpoint must know beside its security.

use std::time::Duration;

use waxwing_reliable::{ReliableMessagingVersion, ReliableSessionSettings, Shape};
use waxwing_soap::MessageVersion;

/// What a service endpoint must know beside its security.
#[derive(Debug, Clone)]
pub struct ServiceSettings {
    /// The address of the endpoint; messages for another path are refused.
    pub address: String,
    /// SOAP and addressing versions.
    pub version: MessageVersion,
    /// The reliable session; none when messages go by themselves.
    pub reliable: Option<(ReliableMessagingVersion, Shape, ReliableSessionSettings)>,
    /// How long a session may be without a message of the application (`receiveTimeout`). Keep-alives and
    /// acknowledgements do not count; while a call is executed it is not over.
    pub receive_timeout: Duration,
    /// The headers that the contract understands, by namespace and local name.
    pub understood: Vec<(String, String)>,
    /// Whether messages are also wanted in plain, for traces.
    pub trace: bool,
}
