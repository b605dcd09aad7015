//! Identifiers that say where they were made.

use std::num::NonZeroU16;

use crate::random::{RandomSource, Uuid, urn_uuid};

/// Where an identifier was made, and where what it names is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The number of the node, which it has while its process lives.
    pub node: u32,
    /// The shard of the store.
    pub shard: u16,
}

/// Makes the identifiers of what a service begins: security contexts, negotiated tokens, sequences.
///
/// By default they are `urn:uuid:` and a random UUID of version 4. Those of a node are UUIDs of version 8 (RFC 9562 §5.8):
///
/// ```text
/// urn:uuid:nnnnnnnn-ssss-8rrr-vrrr-rrrrrrrrrrrr     n node, s shard, r random, v variant and 2 random bits
/// ```
///
/// 74 bits are random: nobody guesses one, although nothing depends on that, since identifiers go in clear. What one says of
/// its origin is a hint, from a stranger's hand: by it a message is routed, never believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mint(Option<(u32, NonZeroU16)>);

impl Mint {
    /// Of a node, which chooses one of so many shards for each identifier that stands alone.
    pub const fn of_node(node: u32, shards: NonZeroU16) -> Self {
        Self(Some((node, shards)))
    }

    /// A new identifier.
    pub fn urn(&self, random: &mut dyn RandomSource) -> String {
        match self.0 {
            None => urn_uuid(random),
            Some((node, shards)) => {
                let mut octets = [0; 16];
                random.fill(&mut octets);
                let shard = u16::from_be_bytes([octets[4], octets[5]]) % shards;
                written(Origin { node, shard }, octets)
            }
        }
    }

    /// A new identifier of something that is kept where `other` is: a sequence in its security context.
    pub fn urn_beside(&self, other: &str, random: &mut dyn RandomSource) -> String {
        match (self.0, Origin::of(other)) {
            (Some((node, _)), Some(Origin { shard, .. })) => {
                let mut octets = [0; 16];
                random.fill(&mut octets);
                written(Origin { node, shard }, octets)
            }
            _ => self.urn(random),
        }
    }
}

impl Origin {
    /// What an identifier says of its origin. None of one that says nothing.
    pub fn of(identifier: &str) -> Option<Self> {
        let uuid = identifier.strip_prefix("urn:uuid:")?;
        let groups: Vec<&str> = uuid.splitn(6, '-').collect();
        let lengths = groups.iter().map(|group| group.len());
        let is_hexadecimal = |group: &&str| group.bytes().all(|octet| octet.is_ascii_hexdigit());
        if !lengths.eq([8, 4, 4, 4, 12]) || !groups.iter().all(is_hexadecimal) {
            return None;
        }
        let is_ours = groups[2].starts_with('8')
            && matches!(groups[3].as_bytes()[0], b'8' | b'9' | b'a' | b'b');
        let node = u32::from_str_radix(groups[0], 16).ok()?;
        let shard = u16::from_str_radix(groups[1], 16).ok()?;
        is_ours.then_some(Self { node, shard })
    }
}

fn written(origin: Origin, mut octets: [u8; 16]) -> String {
    octets[..4].copy_from_slice(&origin.node.to_be_bytes());
    octets[4..6].copy_from_slice(&origin.shard.to_be_bytes());
    octets[6] = octets[6] & 0x0F | 0x80;
    octets[8] = octets[8] & 0x3F | 0x80;
    format!("urn:uuid:{}", Uuid(octets))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(u8);

    impl RandomSource for Counting {
        fn fill(&mut self, octets: &mut [u8]) {
            for octet in octets {
                self.0 = self.0.wrapping_mul(197).wrapping_add(61);
                *octet = self.0;
            }
        }
    }

    fn shards(count: u16) -> NonZeroU16 {
        NonZeroU16::new(count).unwrap()
    }

    #[test]
    fn an_identifier_says_where_it_was_made() {
        let mut random = Counting(1);
        for node in [0, 1, 0xDEAD_BEEF, u32::MAX] {
            for count in [1, 3, u16::MAX] {
                let mint = Mint::of_node(node, shards(count));
                let made = mint.urn(&mut random);
                assert_eq!(made.len(), "urn:uuid:".len() + 36);
                let origin = Origin::of(&made).unwrap();
                assert!(origin.node == node && origin.shard < count, "{made}");
                let other = Mint::of_node(7, shards(1)).urn_beside(&made, &mut random);
                assert_eq!(Origin::of(&other), Some(Origin { node: 7, shard: origin.shard }));
                assert_ne!(mint.urn(&mut random), made);
            }
        }
    }

    #[test]
    fn others_say_nothing() {
        let mut random = Counting(1);
        let plain = Mint::default().urn(&mut random);
        assert_eq!(plain, urn_uuid(&mut Counting(1)), "as without a mint");
        for other in [
            plain.as_str(),
            "",
            "urn:uuid:",
            "urn:x:00000001-0002-8003-8004-000000000005",
            "urn:uuid:00000001-0002-8003-8004-00000000000",
            "urn:uuid:00000001-0002-8003-c004-000000000005",
            "urn:uuid:+0000001-0002-8003-8004-000000000005",
            "urn:uuid:00000001-0002-8003-8004-000000000005-1",
            "urn:uuid:é000000-0002-8003-8004-000000000005",
        ] {
            assert_eq!(Origin::of(other), None, "{other}");
        }
        let mint = Mint::of_node(7, shards(1));
        let beside = mint.urn_beside(&plain, &mut random);
        assert_eq!(Origin::of(&beside), Some(Origin { node: 7, shard: 0 }));
        assert_eq!(Origin::of(&Mint::default().urn_beside(&beside, &mut random)), None);
    }
}
