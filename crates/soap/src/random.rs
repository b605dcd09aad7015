//! Randomness as an input, and the identifiers made from it.

use std::fmt;

/// A source of random octets. The pure crates never draw randomness themselves: a recorded exchange
/// replays with recorded octets, a simulation is a seed.
pub trait RandomSource {
    /// Fills the whole slice with random octets. For keys it must be cryptographically strong.
    fn fill(&mut self, octets: &mut [u8]);
}

impl<T: RandomSource + ?Sized> RandomSource for &mut T {
    fn fill(&mut self, octets: &mut [u8]) {
        (**self).fill(octets);
    }
}

/// A UUID (RFC 9562), displayed as `8-4-4-4-12` lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uuid(pub [u8; 16]);

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, octet) in self.0.iter().enumerate() {
            if matches!(i, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{octet:02x}")?;
        }
        Ok(())
    }
}

/// A random UUID (RFC 9562 §5.4).
pub fn uuid_v4(random: &mut dyn RandomSource) -> Uuid {
    let mut octets = [0; 16];
    random.fill(&mut octets);
    octets[6] = octets[6] & 0x0F | 0x40;
    octets[8] = octets[8] & 0x3F | 0x80;
    Uuid(octets)
}

/// A new identifier for a message, sequence or context: `urn:uuid:` and a random UUID.
pub fn urn_uuid(random: &mut dyn RandomSource) -> String {
    format!("urn:uuid:{}", uuid_v4(random))
}
