//! Over a protected transport (WS-SecurityPolicy 1.2 §7.3): the transport protects the message, and the header holds a
//! timestamp and what proves its sender. Each token signs the timestamp, and a certificate signs `To`, too: what proves
//! a sender is good for one receiver and for a short time.

use waxwing_soap::Envelope;
use waxwing_xml::{Element, NodeId};

use super::super::read::at;
use super::super::token::SupportingUse;
use super::super::verified::EndorsingProof;
use super::ids::{Ids, id_of};
use super::parts::Parts;
use super::pass::Pass;
use super::signature::{Primary, Signature, Signed};
use crate::error::{Reason, Result, SecurityError};
use crate::protection::is_addressing;

impl Pass<'_> {
    /// A signature by a supporting token: its value is verified under that token. What it covers is compared when all
    /// parts are known.
    pub(super) fn supporting_signature(
        &mut self,
        element: Element<'_>,
        signature: &mut Signature<'_>,
    ) -> Result<()> {
        let mut expected = self.expect.supporting.iter();
        if !expected.any(|token| token.usage == SupportingUse::Endorsing) {
            return Err(at(Reason::SignatureNotExpected, element));
        }
        if self.stamp.is_none() {
            return Err(at(Reason::SignatureWithoutTimestamp, element));
        }
        let proof = self.endorsing_key(signature, element).map_err(unrecognized)?;
        self.endorsing.push(proof);
        let references = std::mem::take(&mut signature.references);
        let signature = Primary { node: element.id(), references, encrypted: false, digest: None };
        self.by_tokens.push(signature);
        Ok(())
    }
}

/// A reference that leads to no token of the message, in WCF's words.
fn unrecognized(error: SecurityError) -> SecurityError {
    match error.reason() {
        Reason::UnresolvedToken(token) => {
            let reason = Reason::UnrecognizedSupportingToken(token.clone());
            SecurityError::new(reason).at(error.element().unwrap_or("Signature/KeyInfo"))
        }
        _ => error,
    }
}

/// Every reference of every signature must be right (WCF takes none but those to the timestamp and `To`), every signature
/// must cover the timestamp, and one by a certificate every `To`. Gives the children of the Security header among what is
/// signed.
pub(super) fn check(
    envelope: &Envelope,
    security: NodeId,
    pass: &Pass<'_>,
    (parts, ids): (&mut Parts, &Ids<'_>),
) -> Result<Signed> {
    let document = envelope.document();
    let mut all = Signed::new();
    for (proof, signature) in pass.endorsing.iter().zip(&pass.by_tokens) {
        let signed =
            parts.check_digests(document, security, signature, (pass.expect, None), ids)?;
        let stamp = pass.stamp.as_ref().ok_or(Reason::SignatureWithoutTimestamp)?;
        if !signed.contains(&stamp.node) {
            let what = Reason::NotSigned("the Timestamp".into());
            return Err(at(what, document.element(signature.node)));
        }
        if matches!(proof, EndorsingProof::Certificate(_)) {
            check_to(envelope, signature, pass.expect.settings.addressed)?;
        }
        all.extend(signed);
    }
    Ok(all)
}

/// Every `To` is covered, and there is one where messages are addressed.
fn check_to(envelope: &Envelope, signature: &Primary, addressed: bool) -> Result<()> {
    let document = envelope.document();
    let is_to =
        |header: &Element<'_>| header.local_name() == "To" && is_addressing(header.namespace());
    let mut there = false;
    for to in envelope.headers().filter(is_to) {
        there = true;
        let covered = id_of(to).is_some_and(|id| signature.references.iter().any(|r| &*r.id == id));
        if !covered {
            return Err(at(Reason::UnsignedTo, document.element(signature.node)));
        }
    }
    match there || !addressed {
        true => Ok(()),
        false => Err(at(Reason::NoTo, document.element(signature.node))),
    }
}
