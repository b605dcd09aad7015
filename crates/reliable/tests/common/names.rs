//! Names that engines make from scripted randomness.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its part")]

use std::collections::VecDeque;

use waxwing_reliable::{Identifier, Moment, Time};
use waxwing_soap::{RandomSource, Uuid};

/// Randomness that makes these names, each once, in this order.
pub struct Names(VecDeque<[u8; 16]>);

impl Names {
    pub fn new(names: impl IntoIterator<Item = Identifier>) -> Self {
        Self(names.into_iter().map(|name| octets(&name)).collect())
    }
}

impl RandomSource for Names {
    fn fill(&mut self, octets: &mut [u8]) {
        octets.copy_from_slice(&self.0.pop_front().expect("no further name is made"));
    }
}

/// A name of a kind that an engine can make, `urn:uuid:` and a random UUID.
pub fn name(kind: u8, number: u64) -> Identifier {
    Identifier::new(format!("urn:uuid:{kind:08x}-0000-4000-8000-{number:012x}"))
}

/// The random octets that a name is made from.
fn octets(name: &Identifier) -> [u8; 16] {
    let digits = name.as_str().strip_prefix("urn:uuid:").expect("urn:uuid:").replace('-', "");
    let mut octets = [0; 16];
    for (i, octet) in octets.iter_mut().enumerate() {
        *octet = u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).expect("hexadecimal digits");
    }
    assert_eq!(format!("urn:uuid:{}", Uuid(octets)), name.as_str());
    octets
}

/// A moment of monotonic time; the time of day means nothing to these engines.
pub fn moment(time: Time, random: &mut dyn RandomSource) -> Moment<'_> {
    Moment::new(jiff::Timestamp::UNIX_EPOCH, time, random)
}
