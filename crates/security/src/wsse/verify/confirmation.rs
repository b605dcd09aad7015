//! SignatureConfirmation (WS-Security 1.1 §8.5): the reply names the signatures of its request.

use subtle::ConstantTimeEq;
use waxwing_xml::{Element, NodeId};

use super::super::read::{decode, malformed, no_children};
use super::super::sent::SentSignature;
use crate::error::{Reason, Result};

/// A confirmation of a reply.
pub(super) struct Confirmation {
    pub(super) node: NodeId,
    value: Vec<u8>,
    pub(super) encrypted: bool,
}

pub(super) fn read(element: Element<'_>, encrypted: bool) -> Result<Confirmation> {
    no_children(element)?;
    let value = element
        .attribute("Value")
        .and_then(decode)
        .ok_or_else(|| malformed(element, "Value", "a signature value in base64"))?;
    Ok(Confirmation { node: element.id(), value, encrypted })
}

/// Compares the confirmations with the signatures that were sent: one each, and encrypted where the
/// signature was.
pub(super) fn check(received: &[Confirmation], sent: &[SentSignature]) -> Result<()> {
    match (received, sent) {
        ([], []) => return Ok(()),
        ([], _) => return Err(Reason::NotConfirmed.into()),
        (_, []) => return Err(Reason::UnexpectedConfirmation.into()),
        _ => {}
    }
    if received.len() != sent.len() {
        return Err(Reason::SignatureConfirmation("their number differs").into());
    }
    for signature in sent {
        let found = received
            .iter()
            .find(|c| bool::from(c.value.as_slice().ct_eq(&signature.value)))
            .ok_or(Reason::SignatureConfirmation("a signature is not confirmed"))?;
        if signature.encrypted && !found.encrypted {
            return Err(Reason::SignatureConfirmation("one is not encrypted").into());
        }
    }
    Ok(())
}
