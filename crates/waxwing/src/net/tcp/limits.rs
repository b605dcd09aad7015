//! What peers may take of a host, and what a client keeps.

use std::time::Duration;

use crate::net::link::LinkLimits;
use crate::net::places::PlaceLimits;

/// Limits of all net.tcp ports of a host together: a peer that is slow, greedy or many loses its own connections, not those of
/// the others. What an endpoint says of its own peers is in [`LinkLimits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TcpLimits {
    /// The most connections at a time, with a session or without: 4,096. When they are used up, one makes way for each new one:
    /// of the address that holds the most, first the connection that has been idle longest, then the slowest. A session goes
    /// only when its address holds more than half of all.
    pub max_connections: usize,
    /// The slowest that a message may come in, in octets per second on average: 240.
    pub min_rate: u32,
    /// How long a message may take whatever its rate: 10 seconds.
    pub grace: Duration,
    /// How long a message may stand still, whatever its rate before: 120 seconds.
    pub stall_timeout: Duration,
    /// The most octets of messages that have come in part, or wait, for all peers together: 64 MiB, and never less than two of
    /// the largest.
    pub max_buffered: usize,
}

impl Default for TcpLimits {
    fn default() -> Self {
        let places = PlaceLimits::default();
        Self {
            max_connections: places.max_connections,
            min_rate: places.min_rate,
            grace: places.grace,
            stall_timeout: places.stall_timeout,
            max_buffered: places.max_buffered,
        }
    }
}

impl TcpLimits {
    /// With what the endpoints say of their own.
    pub(super) fn places(&self, of_endpoints: &LinkLimits) -> PlaceLimits {
        PlaceLimits {
            max_connections: self.max_connections,
            handshake_timeout: of_endpoints.initialization_timeout,
            max_handshakes: of_endpoints.max_pending,
            head_timeout: of_endpoints.initialization_timeout,
            idle_timeout: of_endpoints.idle_timeout,
            min_rate: self.min_rate,
            grace: self.grace,
            stall_timeout: self.stall_timeout,
            max_buffered: self.max_buffered,
        }
    }
}

/// How a client keeps connections whose sessions have ended (`connectionPoolSettings`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TcpPoolSettings {
    /// The most that are kept for one host and port, none: every session has a connection of its own
    /// (`maxOutboundConnectionsPerEndpoint`, `maxConnections` of netTcpBinding): 10. It limits what is kept, not what is open.
    pub max_idle: usize,
    /// How long one is kept (`idleTimeout`): 2 minutes.
    pub idle_timeout: Duration,
    /// How long one is used from when it was first kept (`leaseTimeout`): 5 minutes.
    pub lease_timeout: Duration,
}

impl Default for TcpPoolSettings {
    fn default() -> Self {
        let (idle_timeout, lease_timeout) = (Duration::from_secs(120), Duration::from_secs(300));
        Self { max_idle: 10, idle_timeout, lease_timeout }
    }
}

/// The largest limits of these endpoints.
pub(super) fn largest(all: impl Iterator<Item = LinkLimits>) -> LinkLimits {
    let larger = |one: LinkLimits, other: LinkLimits| LinkLimits {
        max_message: one.max_message.max(other.max_message),
        initialization_timeout: one.initialization_timeout.max(other.initialization_timeout),
        max_pending: one.max_pending.max(other.max_pending),
        backlog: one.backlog.max(other.backlog),
        max_idle: one.max_idle.max(other.max_idle),
        idle_timeout: one.idle_timeout.max(other.idle_timeout),
        keep_alive: one.keep_alive.max(other.keep_alive),
    };
    all.reduce(larger).unwrap_or_default()
}
