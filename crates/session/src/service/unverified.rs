//! A message as it came in.

use waxwing_soap::Envelope;

use super::claims::ClaimedNames;
use super::hints::Seen;

/// A message of which nothing is verified. What it says of itself is read once, here: it decides which part of the security
/// looks at the message, and what the log says when that refuses it. Everything that is acted upon is read of the message as
/// it was verified, once too ([`VerifiedRequest`](crate::VerifiedRequest)).
#[derive(Debug)]
pub struct UnverifiedMessage {
    pub(super) envelope: Envelope,
    pub(super) seen: Seen,
}

impl UnverifiedMessage {
    /// The same without addressing: of the action `told` beside it ([`Envelope::without_addressing`]).
    pub fn without_addressing(self, told: Option<&str>) -> Self {
        Self::from(self.envelope.without_addressing(told))
    }

    /// The action that it claims to have; none without the header, or where the transport tells none.
    pub fn action(&self) -> Option<&str> {
        self.seen.claimed_action()
    }

    /// What it claims to belong to. It is read anew at each call: a host without a store needs none of it.
    pub fn names(&self) -> ClaimedNames {
        ClaimedNames::of(&self.envelope)
    }
}

impl From<Envelope> for UnverifiedMessage {
    fn from(envelope: Envelope) -> Self {
        Self { seen: Seen::of(&envelope), envelope }
    }
}
