//! When and from where a message came: the inputs that no message carries.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use jiff::Timestamp;
use waxwing_soap::Moment;

/// Whom the transport knows a message to come from, as a number that says nothing else. Places in the tables of a
/// service are shared out by it; nothing is proven by it, since a peer may have many addresses, and many clients one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct PeerTag(Option<u64>);

impl PeerTag {
    /// Not known.
    pub const UNKNOWN: Self = Self(None);

    /// A peer by any number; equal numbers are one peer.
    pub const fn new(number: u64) -> Self {
        Self(Some(number))
    }

    /// A peer by its network address. An IPv6 network of 64 bits counts as one peer, since whoever has one address of
    /// it has all; an IPv4 address written as IPv6 is that address.
    pub fn of_address(address: IpAddr) -> Self {
        let network = |v6: Ipv6Addr| (v6.to_bits() >> 64) as u64;
        match address.to_canonical() {
            IpAddr::V4(v4) => Self::new(u64::from(v4.to_bits())),
            // The lower half of the numbers is IPv4's: the networks in use begin with other bits.
            IpAddr::V6(v6) => Self::new(network(v6) | 1 << 63),
        }
    }

    pub(crate) fn number(self) -> Option<u64> {
        self.0
    }
}

/// From where a message came, as its transport says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Link {
    /// Whom it came from.
    pub peer: PeerTag,
    /// Whether the transport kept it from being read and changed on its way (TLS). An endpoint that leaves the
    /// protection of messages to the transport refuses others.
    pub protected: bool,
}

impl From<PeerTag> for Link {
    /// Over a transport that does not protect.
    fn from(peer: PeerTag) -> Self {
        Self { peer, protected: false }
    }
}

/// When and from where a message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// The time of day: for timestamps and lifetimes.
    pub now: Timestamp,
    /// The time since an arbitrary moment on a clock that never jumps: for how long something waits or idles.
    pub elapsed: Duration,
    /// Whom it came from.
    pub peer: PeerTag,
}

impl Delivery {
    /// A delivery at these times from nobody known.
    pub fn at(now: Timestamp, elapsed: Duration) -> Self {
        Self { now, elapsed, peer: PeerTag::UNKNOWN }
    }

    /// The same from this peer.
    #[must_use]
    pub fn from_peer(self, peer: PeerTag) -> Self {
        Self { peer, ..self }
    }
}

impl From<&Moment<'_>> for Delivery {
    /// From nobody known.
    fn from(at: &Moment<'_>) -> Self {
        Self::at(at.wall, at.time.elapsed())
    }
}

impl From<Timestamp> for Delivery {
    /// For callers with one clock: it also tells how long something waits.
    fn from(now: Timestamp) -> Self {
        let milli = u64::try_from(now.as_millisecond()).unwrap_or(0);
        Self::at(now, Duration::from_millis(milli))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_of_addresses() {
        let tag = |text: &str| PeerTag::of_address(text.parse().unwrap());
        assert_eq!(tag("192.0.2.1"), tag("::ffff:192.0.2.1"));
        assert_ne!(tag("192.0.2.1"), tag("192.0.2.2"));
        assert_eq!(tag("2001:db8:0:1::1"), tag("2001:db8:0:1:ffff::2"));
        assert_ne!(tag("2001:db8:0:1::1"), tag("2001:db8:0:2::1"));
        assert_ne!(tag("::192.0.2.1"), tag("192.0.2.1"));
    }
}
