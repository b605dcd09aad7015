//! The numbers of a sequence that came, and the acknowledgement of them (WS-RM 2005 §3.2, 1.1 §3.9).

use crate::headers::SequenceAcknowledgement;
use crate::mutation::{Mutation, broken};
use crate::names::Identifier;
use crate::ranges::{MessageNumber, Ranges};
use crate::settings::MAX_SEQUENCE_RANGES;

/// What every destination of a sequence has, whatever its shape.
#[derive(Debug)]
pub(crate) struct Received {
    identifier: Identifier,
    numbers: Ranges,
}

impl Received {
    /// A sequence of which nothing came yet.
    pub(crate) fn new(identifier: Identifier) -> Self {
        Self { identifier, numbers: Ranges::new() }
    }

    /// A sequence of which these came.
    pub(crate) fn restored(identifier: Identifier, numbers: Ranges) -> Self {
        Self { identifier, numbers }
    }

    pub(crate) fn identifier(&self) -> &Identifier {
        &self.identifier
    }

    pub(crate) fn numbers(&self) -> &Ranges {
        &self.numbers
    }

    /// Whether a message came before.
    pub(crate) fn contains(&self, number: MessageNumber) -> bool {
        self.numbers.contains(number)
    }

    /// Whether a message would make more ranges than are kept; it has to come again when gaps are closed.
    pub(crate) fn is_beyond(&self, number: MessageNumber) -> bool {
        self.numbers.would_exceed(number, MAX_SEQUENCE_RANGES)
    }

    /// A message came. False when it came before.
    pub(crate) fn insert(&mut self, number: MessageNumber) -> bool {
        self.numbers.insert(number)
    }

    /// The first number that is missing.
    pub(crate) fn expected(&self) -> MessageNumber {
        self.numbers.contiguous() + 1
    }

    /// How many numbers there are from the first that is missing up to this one, which is not below it.
    pub(crate) fn ahead(&self, number: MessageNumber) -> usize {
        usize::try_from(number.saturating_sub(self.expected())).unwrap_or(usize::MAX)
    }

    /// Acknowledges everything that came.
    pub(crate) fn acknowledgement(&self) -> SequenceAcknowledgement {
        SequenceAcknowledgement::new(self.identifier.clone(), self.acknowledged())
    }

    /// Bytes on the heap.
    pub(crate) fn heap_size(&self) -> usize {
        self.identifier.heap_size() + self.numbers.heap_size()
    }

    fn acknowledged(&self) -> Ranges {
        if broken(Mutation::AcknowledgeGaps) {
            return Ranges::up_to(self.numbers.highest());
        }
        self.numbers.clone()
    }
}
