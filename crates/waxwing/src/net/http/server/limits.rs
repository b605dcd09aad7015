//! What a server takes from its peers, and for how long.

use std::time::Duration;

use crate::net::places::PlaceLimits;

/// Limits of a server: a peer that is slow, greedy or many loses its own connections, not those of the others.
///
/// ```
/// let mut limits = waxwing::net::HttpLimits::default();
/// limits.max_connections = 500;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpLimits {
    /// The most connections at a time: 4,096. When they are used up, one makes way for each new one: of the address
    /// that holds the most, first the connection that has been idle longest, then the slowest.
    pub max_connections: usize,
    /// The most octets of the head of a request: 64 KiB, four times what HTTP.SYS takes. At least 8 KiB.
    pub max_head: usize,
    /// How long a TLS handshake may take: 15 seconds.
    pub handshake_timeout: Duration,
    /// The most TLS handshakes under way: 512. Each costs memory and work before anybody has said a word. When they are used
    /// up, one makes way for each new one: of the address that has the most, the one that has taken longest.
    pub max_handshakes: usize,
    /// How long the head of a request may take: 30 seconds.
    pub head_timeout: Duration,
    /// How long a connection is kept between two requests: 120 seconds, as HTTP.SYS does.
    pub idle_timeout: Duration,
    /// The slowest that a body may come in, and an answer may be taken, in octets per second on average: 240, as
    /// ASP.NET Core's server demands.
    pub min_rate: u32,
    /// How long a body or answer may take whatever its rate: 10 seconds.
    pub grace: Duration,
    /// How long a body or answer may stand still, whatever its rate before: 120 seconds, as HTTP.SYS does. What an
    /// operating system has taken to send counts as sent.
    pub stall_timeout: Duration,
    /// The most octets of bodies and answers that are held for all peers together: 64 MiB, 1,024 messages of the
    /// default `maxReceivedMessageSize`. Never less than two messages of the largest size. When it is used up, bodies
    /// wait, and the slowest peer of the address that holds the most makes way.
    pub max_buffered: usize,
}

impl Default for HttpLimits {
    fn default() -> Self {
        let places = PlaceLimits::default();
        Self {
            max_connections: places.max_connections,
            max_head: 64 << 10,
            handshake_timeout: places.handshake_timeout,
            max_handshakes: places.max_handshakes,
            head_timeout: places.head_timeout,
            idle_timeout: places.idle_timeout,
            min_rate: places.min_rate,
            grace: places.grace,
            stall_timeout: places.stall_timeout,
            max_buffered: places.max_buffered,
        }
    }
}

impl HttpLimits {
    /// Those that do not depend on what is spoken.
    pub(super) fn places(&self) -> PlaceLimits {
        PlaceLimits {
            max_connections: self.max_connections,
            handshake_timeout: self.handshake_timeout,
            max_handshakes: self.max_handshakes,
            head_timeout: self.head_timeout,
            idle_timeout: self.idle_timeout,
            min_rate: self.min_rate,
            grace: self.grace,
            stall_timeout: self.stall_timeout,
            max_buffered: self.max_buffered,
        }
    }
}
