//! A message that came in.

use waxwing_soap::Envelope;
use waxwing_xml::Element;

use crate::wsse::Verified;

/// A message as the layers above get it: verified, or from an endpoint that takes messages without protection.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "it is passed on once, never kept in numbers")]
pub enum Received {
    /// Verified and decrypted.
    Verified(Box<Verified>),
    /// The binding has no message security, or takes replies without it (`enableUnsecuredResponse`).
    Unsecured(Envelope),
}

impl Received {
    /// The message.
    pub fn envelope(&self) -> &Envelope {
        match self {
            Received::Verified(verified) => verified.envelope(),
            Received::Unsecured(envelope) => envelope,
        }
    }

    /// A copy of the message with all that its signatures say ([`Verified::whole`]).
    pub fn whole(&self) -> Envelope {
        match self {
            Received::Verified(verified) => verified.whole(),
            Received::Unsecured(envelope) => envelope.clone(),
        }
    }

    /// Gives the message up for the layers above, which no longer need to know its protection.
    pub fn into_envelope(self) -> Envelope {
        match self {
            Received::Verified(verified) => verified.into_envelope(),
            Received::Unsecured(envelope) => envelope,
        }
    }

    /// What was verified; none of a message without protection.
    pub fn verified(&self) -> Option<&Verified> {
        match self {
            Received::Verified(verified) => Some(verified),
            Received::Unsecured(_) => None,
        }
    }

    /// Whether a header may be acted upon: it was signed, or the transport protected the message, or the binding has no
    /// message security.
    pub fn is_trusted(&self, header: Element<'_>) -> bool {
        match self {
            Received::Verified(verified) => {
                verified.is_by_transport() || verified.is_signed(header.id())
            }
            Received::Unsecured(_) => true,
        }
    }
}
