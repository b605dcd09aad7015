//! Sets of message numbers as ranges, as a SequenceAcknowledgement lists them.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// A message number: 1 to 2^63 − 1.
pub type MessageNumber = u64;

/// The largest message number (WS-RM: an unsigned long limited to the signed range).
pub const MAX_MESSAGE_NUMBER: MessageNumber = i64::MAX as u64;

/// A set of message numbers: disjoint ranges that do not touch, in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges(SmallVec<[(MessageNumber, MessageNumber); 2]>);

impl Ranges {
    /// The empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// The numbers 1 to `last`; empty for 0.
    pub fn up_to(last: MessageNumber) -> Self {
        let mut ranges = Self::new();
        if last > 0 {
            ranges.0.push((1, last));
        }
        ranges
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of ranges.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The ranges in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = RangeInclusive<MessageNumber>> + '_ {
        self.0.iter().map(|&(lower, upper)| lower..=upper)
    }

    /// Whether a number is in it.
    pub fn contains(&self, number: MessageNumber) -> bool {
        let after = self.0.partition_point(|&(lower, _)| lower <= number);
        after > 0 && self.0[after - 1].1 >= number
    }

    /// Whether every number of the other set is in it.
    pub fn contains_all(&self, other: &Self) -> bool {
        other.0.iter().all(|&(lower, upper)| {
            let after = self.0.partition_point(|&(l, _)| l <= lower);
            after > 0 && self.0[after - 1].1 >= upper
        })
    }

    /// The largest number; 0 when empty.
    pub fn highest(&self) -> MessageNumber {
        self.0.last().map_or(0, |&(_, upper)| upper)
    }

    /// The last number of the run that begins at 1; 0 when 1 is missing.
    pub fn contiguous(&self) -> MessageNumber {
        self.0.first().filter(|&&(lower, _)| lower <= 1).map_or(0, |&(_, upper)| upper)
    }

    /// Adds one number. False when it was there.
    pub fn insert(&mut self, number: MessageNumber) -> bool {
        if self.contains(number) {
            return false;
        }
        self.insert_range(number, number);
        true
    }

    /// Takes one number out. False when it was not there.
    pub fn remove(&mut self, number: MessageNumber) -> bool {
        let after = self.0.partition_point(|&(lower, _)| lower <= number);
        let Some(place) = after.checked_sub(1) else { return false };
        let (lower, upper) = self.0[place];
        if upper < number {
            return false;
        }
        match (lower == number, upper == number) {
            (true, true) => {
                self.0.remove(place);
            }
            (true, false) => self.0[place].0 = number + 1,
            (false, true) => self.0[place].1 = number - 1,
            (false, false) => {
                self.0[place].1 = number - 1;
                self.0.insert(place + 1, (number + 1, upper));
            }
        }
        true
    }

    /// Whether adding the number would make more ranges than `limit`.
    pub fn would_exceed(&self, number: MessageNumber, limit: usize) -> bool {
        if self.0.len() < limit || self.contains(number) {
            return false;
        }
        !self.0.iter().any(|&(l, u)| u.checked_add(1) == Some(number) || number + 1 == l)
    }

    /// Adds a range, merged with those that it overlaps or touches. Nothing when `lower > upper`.
    pub fn insert_range(&mut self, lower: MessageNumber, upper: MessageNumber) {
        if lower > upper {
            return;
        }
        let first = self.0.partition_point(|&(_, u)| u.saturating_add(1) < lower);
        let end = self.0.partition_point(|&(l, _)| l <= upper.saturating_add(1));
        if first >= end {
            self.0.insert(first, (lower, upper));
            return;
        }
        let merged = (lower.min(self.0[first].0), upper.max(self.0[end - 1].1));
        self.0[first] = merged;
        self.0.drain(first + 1..end);
    }

    /// How many numbers are missing below the highest one.
    pub fn missing(&self) -> u64 {
        let held: u64 = self.0.iter().map(|&(l, u)| u - l + 1).sum();
        self.highest().saturating_sub(held)
    }

    /// Bytes on the heap.
    pub fn heap_size(&self) -> usize {
        if self.0.spilled() { self.0.capacity() * size_of::<(u64, u64)>() } else { 0 }
    }
}

impl Serialize for Ranges {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.0)
    }
}

impl<'de> Deserialize<'de> for Ranges {
    /// Whatever the pairs are, it is a set.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut ranges = Self::new();
        for (lower, upper) in Vec::<(MessageNumber, MessageNumber)>::deserialize(deserializer)? {
            ranges.insert_range(lower, upper);
        }
        Ok(ranges)
    }
}

impl std::fmt::Display for Ranges {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, (lower, upper)) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            write!(f, "{comma}{lower}-{upper}")?;
        }
        if self.0.is_empty() { f.write_str("none") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ranges_are_a_set(
            steps in prop::collection::vec((1u64..60, 0u64..6, any::<bool>()), 0..40),
        ) {
            let (mut ranges, mut model) = (Ranges::new(), BTreeSet::new());
            for (lower, more, is_removal) in steps {
                if is_removal {
                    prop_assert_eq!(ranges.remove(lower), model.remove(&lower));
                    continue;
                }
                ranges.insert_range(lower, lower + more);
                model.extend(lower..=lower + more);
            }
            let listed: Vec<u64> = ranges.iter().flatten().collect();
            prop_assert_eq!(listed, model.iter().copied().collect::<Vec<_>>());
            let pairs: Vec<_> = ranges.iter().collect();
            prop_assert!(pairs.windows(2).all(|w| *w[0].end() + 1 < *w[1].start()));
            prop_assert!((0..80).all(|n| ranges.contains(n) == model.contains(&n)));
        }
    }
}
