//! Who waits, by the networks that they come from: who makes way for somebody else when there is no room.
//!
//! One who has an IPv6 network has as many networks of 64 bits as he likes, so that each of his messages comes from another
//! asker. So those who wait are counted in wider networks, too, and whoever makes way is looked for from the widest one down: in the
//! most crowded network of 32 bits, there in the most crowded one of 48, and so on. Whoever comes from a network that is not crowded has
//! room as long as another one has more than one message waiting.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use waxwing_security::conversation::CallerIdentity;

/// For whom the store is asked. Whoever has proven who he is shares with nobody who has not, wherever both come from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::service) enum Asker {
    /// The host itself, to execute what was acknowledged.
    Host,
    /// Somebody who is known to the transport, by his name (of a user without regard to case).
    Caller(Arc<str>),
    /// Anybody at an address, or in a network.
    Network(Network),
}

/// Addresses that begin alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::service) struct Network {
    /// An IPv4 address as IPv6 has it; zero behind the bits that count.
    address: u128,
    bits: u8,
}

/// How many bits of an IPv4 address as IPv6 has it are no part of it.
const MAPPED: u8 = 96;

impl Network {
    /// What counts as one asker: an IPv4 address; an IPv6 network of 64 bits, since whoever has one address of it has all.
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self { address: v4.to_ipv6_mapped().to_bits(), bits: MAPPED + 32 },
            IpAddr::V6(v6) => Self { address: v6.to_bits(), bits: 64 }.cut(64),
        }
    }

    fn cut(self, bits: u8) -> Self {
        let ignored = u32::from(128 - bits);
        Self { address: self.address >> ignored << ignored, bits }
    }

    /// The wider one that it is counted in: what a site and what a provider has.
    fn wider(self) -> Option<Self> {
        const SITE_V4: u8 = MAPPED + 24;
        const PROVIDER_V4: u8 = MAPPED + 16;
        let bits = match self.bits {
            64 => 48,
            48 => 32,
            bits if bits > SITE_V4 => SITE_V4,
            SITE_V4 => PROVIDER_V4,
            _ => return None,
        };
        Some(self.cut(bits))
    }
}

impl Asker {
    /// Of a message from there, whose sender is known to the transport or is not.
    pub(in crate::service) fn of(caller: &CallerIdentity, peer: IpAddr) -> Self {
        match caller {
            CallerIdentity::Anonymous => Self::Network(Network::of(peer)),
            CallerIdentity::UserName(name) => Self::Caller(name.to_lowercase().into()),
            known => Self::Caller(known.name().into()),
        }
    }

    fn wider(&self) -> Option<Self> {
        match self {
            Self::Network(network) => network.wider().map(Self::Network),
            Self::Host | Self::Caller(_) => None,
        }
    }

    /// All that it is counted in, the widest first, itself last.
    fn path(&self) -> Vec<Self> {
        let mut path: Vec<Self> = std::iter::successors(Some(self.clone()), Self::wider).collect();
        path.reverse();
        path
    }
}

/// How many wait of each asker and of each network.
#[derive(Default)]
pub(super) struct Crowd {
    sizes: HashMap<Asker, usize>,
    /// What each network has in it (none: what is in no wider one), by how many wait there.
    inside: BTreeSet<(Option<Asker>, usize, Asker)>,
}

impl Crowd {
    /// So many wait of this asker now.
    pub(super) fn set(&mut self, asker: &Asker, waiting: usize) {
        let before = self.size(asker);
        if waiting == before {
            return;
        }
        let mut outer = None;
        for own in asker.path() {
            let size = self.size(&own);
            self.inside.remove(&(outer.clone(), size, own.clone()));
            let size = size + waiting - before;
            if size > 0 {
                self.inside.insert((outer, size, own.clone()));
                self.sizes.insert(own.clone(), size);
            } else {
                self.sizes.remove(&own);
            }
            outer = Some(own);
        }
    }

    fn size(&self, asker: &Asker) -> usize {
        self.sizes.get(asker).copied().unwrap_or(0)
    }

    /// The most crowded one in a network, or of all.
    fn largest(&self, within: &Option<Asker>) -> Option<(usize, &Asker)> {
        let from = (within.clone(), 0, Asker::Host);
        // No network has as many, so what comes before this is in it.
        let to = (within.clone(), usize::MAX, Asker::Host);
        self.inside.range(from..to).next_back().map(|(_, size, largest)| (*size, largest))
    }

    /// Whose last message makes way for one more of this asker. None: nobody's, since he or his network would have as many waiting
    /// as whoever has most.
    pub(super) fn makes_way(&self, newcomer: &Asker) -> Option<Asker> {
        let mut within = None;
        for own in newcomer.path() {
            let (size, largest) = self.largest(&within)?;
            if *largest != own {
                return match (self.size(&own) + 1).cmp(&size) {
                    Ordering::Less => Some(self.last_of(largest)),
                    Ordering::Equal | Ordering::Greater => None,
                };
            }
            within = Some(own);
        }
        // He is the one.
        None
    }

    /// The most crowded asker in a network.
    fn last_of(&self, network: &Asker) -> Asker {
        let mut last = network.clone();
        while let Some((_, inner)) = self.largest(&Some(last.clone())) {
            last = inner.clone();
        }
        last
    }

    /// How many are counted, with the networks that they are in.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        assert_eq!(self.sizes.len(), self.inside.len());
        self.sizes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str) -> Asker {
        Asker::of(&CallerIdentity::Anonymous, address.parse().unwrap())
    }

    #[test]
    fn networks_are_those_of_subscribers_sites_and_providers() {
        let path = at("2001:db8:12:34:5:6:7:8").path();
        let bits = |path: &[Asker]| -> Vec<u8> {
            let bits = |asker: &Asker| match asker {
                Asker::Network(network) => network.bits,
                _ => 0,
            };
            path.iter().map(bits).collect()
        };
        assert_eq!(bits(&path), [32, 48, 64]);
        assert_eq!(at("2001:db8:12:34::9"), path[2]);
        assert_ne!(at("2001:db8:12:35::9"), path[2]);
        assert_eq!(at("2001:db8:12:35::9").path()[1], path[1]);
        assert_eq!(at("2001:db8:13::").path()[0], path[0]);
        assert_eq!(bits(&at("192.0.2.7").path()), [112, 120, 128]);
        assert_eq!(at("::ffff:192.0.2.7"), at("192.0.2.7"));
        assert_eq!(at("192.0.2.7").path()[1], at("192.0.2.8").path()[1]);
        let known = Asker::Caller("alice".into());
        assert_eq!(known.path(), std::slice::from_ref(&known));
    }

    #[test]
    fn the_most_crowded_network_makes_way() {
        let mut crowd = Crowd::default();
        // A site with many subscribers, and another provider with two messages of one.
        for subnet in 0..100 {
            crowd.set(&at(&format!("2001:db8:1:{subnet:x}::1")), 1);
        }
        crowd.set(&at("2001:db9:1:1::1"), 2);
        let victim = crowd.makes_way(&at("192.0.2.7")).unwrap();
        assert_eq!(victim.path()[1], at("2001:db8:1::").path()[1], "{victim:?}");
        assert_eq!(crowd.makes_way(&at("2001:db9:1:1::1")), Some(victim.clone()));
        // Who comes from the same site has what all there have.
        assert_eq!(crowd.makes_way(&at("2001:db8:1:ffff::1")), None);
        // Of another site of that provider: the crowded site makes way.
        let victim = crowd.makes_way(&at("2001:db8:2::1")).unwrap();
        assert_eq!(victim.path()[1], at("2001:db8:1::").path()[1]);
        for subnet in 0..100 {
            crowd.set(&at(&format!("2001:db8:1:{subnet:x}::1")), 0);
        }
        assert_eq!(crowd.makes_way(&at("192.0.2.7")), Some(at("2001:db9:1:1::1")));
        crowd.set(&at("2001:db9:1:1::1"), 0);
        assert_eq!(crowd.count(), 0, "nothing is left of those who are gone");
        assert_eq!(crowd.makes_way(&at("192.0.2.7")), None);
    }
}
