//! What a server takes from its peers, and for how long.

use std::time::Duration;

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
        Self {
            max_connections: 4096,
            max_head: 64 << 10,
            handshake_timeout: Duration::from_secs(15),
            max_handshakes: 512,
            head_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(120),
            min_rate: 240,
            grace: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(120),
            max_buffered: 64 << 20,
        }
    }
}

impl HttpLimits {
    /// How long a body or answer may have taken when so many octets have passed.
    pub(super) fn time_for(&self, octets: u64) -> Duration {
        let rate = f64::from(self.min_rate.max(1));
        self.grace + Duration::from_secs_f64(octets as f64 / rate)
    }
}
