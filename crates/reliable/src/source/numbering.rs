//! The name of a sequence and the numbers that are given out in it (WS-RM 2005 §3.1, 1.1 §3.7).

use crate::headers::Sequence;
use crate::message::{Body, Message};
use crate::names::Identifier;
use crate::ranges::{MAX_MESSAGE_NUMBER, MessageNumber};

/// What every source of a sequence has, whatever its shape.
#[derive(Debug)]
pub(crate) struct Numbering {
    /// None: the other end has not named the sequence yet, or there is none.
    identifier: Option<Identifier>,
    /// The last number given out; 0 for none.
    last: MessageNumber,
}

impl Numbering {
    pub(crate) fn new(identifier: Option<Identifier>) -> Self {
        Self { identifier, last: 0 }
    }

    /// A sequence of which numbers were given out already.
    pub(crate) fn restored(identifier: Option<Identifier>, last: MessageNumber) -> Self {
        Self { identifier, last }
    }

    /// The other end has named the sequence.
    pub(crate) fn name(&mut self, identifier: Identifier) {
        self.identifier = Some(identifier);
    }

    pub(crate) fn identifier(&self) -> Option<&Identifier> {
        self.identifier.as_ref()
    }

    /// The highest number given out; 0 for none.
    pub(crate) fn highest(&self) -> MessageNumber {
        self.last
    }

    /// The next number. None when the numbers are used up.
    pub(crate) fn take(&mut self) -> Option<MessageNumber> {
        self.last = self.last.checked_add(1).filter(|next| *next <= MAX_MESSAGE_NUMBER)?;
        Some(self.last)
    }

    /// A message of the sequence. What it acknowledges is the destination's to say.
    pub(crate) fn message<M>(
        &self,
        number: MessageNumber,
        body: Body<M>,
        last_message: bool,
    ) -> Message<M> {
        let mut message = Message::new(body);
        let identifier = self.identifier.clone();
        message.headers.sequence =
            identifier.map(|identifier| Sequence { identifier, number, last_message });
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_number_is_the_largest_signed_one() {
        let mut numbering = Numbering::new(Some("urn:s".into()));
        assert_eq!((numbering.highest(), numbering.take()), (0, Some(1)));
        numbering.last = MAX_MESSAGE_NUMBER - 1;
        assert_eq!(numbering.take(), Some(MAX_MESSAGE_NUMBER));
        assert_eq!((numbering.take(), numbering.highest()), (None, MAX_MESSAGE_NUMBER));
    }
}
