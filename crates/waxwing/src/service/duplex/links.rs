//! What the links of an endpoint may be.

use waxwing_binding::EffectiveEndpoint;
use waxwing_session::options;
use waxwing_soap::SoapVersion;

use crate::contract::ContractDescription;
use crate::link_encoding::LinkEncoding;
use crate::net::LinkLimits;

/// The links of an endpoint.
#[derive(Debug, Clone)]
pub(in crate::service) struct Links {
    pub(in crate::service) encoding: LinkEncoding,
    pub(in crate::service) limits: LinkLimits,
    /// What the clients of a WebSocket ask for.
    pub(in crate::service) sub_protocol: Box<str>,
    /// Whether connections are secured themselves: a reliable session ends with its own.
    pub(in crate::service) bound: bool,
    /// The contract in which its clients are called.
    pub(in crate::service) callback: Option<&'static ContractDescription>,
}

impl Links {
    /// Those of an endpoint; none where messages go in exchanges.
    pub(in crate::service) fn of(
        endpoint: &EffectiveEndpoint,
        version: SoapVersion,
        callback: Option<&'static ContractDescription>,
    ) -> Option<Self> {
        if !options::is_over_links(endpoint, callback.is_some()) {
            return None;
        }
        let encoding = LinkEncoding::of(endpoint, version);
        let limits = limits(endpoint, encoding.max_message());
        let web_socket = endpoint.transport.web_socket.as_ref();
        let sub_protocol = web_socket.map(|settings| settings.sub_protocol.as_str().into());
        let sub_protocol = sub_protocol.unwrap_or_default();
        // A security context proves on any connection whose session goes on there.
        let security = endpoint.security.as_ref();
        let has_context = security.is_some_and(|own| own.secure_conversation.is_some());
        let bound = endpoint.transport.stream_security.is_some() && !has_context;
        Some(Self { encoding, limits, sub_protocol, bound, callback })
    }
}

/// What the peers of an endpoint may take, whose messages have at most so many octets that are held.
pub(in crate::service) fn limits(endpoint: &EffectiveEndpoint, max_message: usize) -> LinkLimits {
    let mut limits = LinkLimits { max_message, ..LinkLimits::default() };
    if let Some(tcp) = &endpoint.transport.tcp {
        let or = |own: u32, automatic: usize| if own == 0 { automatic } else { own as usize };
        limits.initialization_timeout = options::duration(tcp.channel_initialization_timeout);
        limits.max_pending = or(tcp.max_pending_connections, limits.max_pending);
        limits.backlog = if tcp.listen_backlog == 0 { limits.backlog } else { tcp.listen_backlog };
        let pool = &tcp.connection_pool_settings;
        limits.max_idle = or(pool.max_outbound_connections_per_endpoint, limits.max_idle);
        limits.idle_timeout = options::duration(pool.idle_timeout);
    }
    if let Some(settings) = &endpoint.transport.web_socket {
        limits.keep_alive = options::keep_alive(settings);
    }
    limits
}
