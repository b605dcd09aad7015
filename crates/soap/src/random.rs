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
        f.write_str(str::from_utf8(&self.text()).unwrap_or_default())
    }
}

impl Uuid {
    /// The characters, which are ASCII.
    fn text(self) -> [u8; 36] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [b'-'; 36];
        let mut at = 0;
        for (i, octet) in self.0.into_iter().enumerate() {
            if matches!(i, 4 | 6 | 8 | 10) {
                at += 1;
            }
            text[at] = DIGITS[usize::from(octet >> 4)];
            text[at + 1] = DIGITS[usize::from(octet & 15)];
            at += 2;
        }
        text
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
    const URN: &str = "urn:uuid:";
    let text = uuid_v4(random).text();
    let mut urn = String::with_capacity(URN.len() + text.len());
    urn.push_str(URN);
    urn.push_str(str::from_utf8(&text).unwrap_or_default());
    urn
}
