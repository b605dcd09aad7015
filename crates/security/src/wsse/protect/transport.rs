//! The Security header over a protected transport (`TransportWithMessageCredential`): a timestamp, the
//! client's tokens, and signatures that bind them to the timestamp (WS-SecurityPolicy 1.2 §7.3, §8.3).

use waxwing_soap::Envelope;
use waxwing_xml::{Exclusive, Name, canonicalize};

use super::super::key::{self, Digester};
use super::super::names::{WSU, X509_V3};
use super::super::plan::{Endorsing, ProtectionPlan, Sources};
use super::super::sent::SentSignature;
use super::super::text::{Place, TokenReference, push};
use super::super::token::{TokenPlacement, x509};
use super::elements::{Stamp, username_token};
use super::keys::BaseToken;
use super::signature::{SignedInfo, SignedPart, push_signature};
use super::{Header, Numbers};
use crate::error::Result;
use crate::protection::is_addressing;

pub(super) fn protect(
    envelope: &mut Envelope,
    plan: &ProtectionPlan<'_>,
    sources: &mut Sources<'_>,
) -> Result<Vec<SentSignature>> {
    let settings = plan.settings;
    let mut numbers = Numbers::default();
    let stamp = Stamp::with_id(numbers.next(), settings, sources.now);
    let (mut tokens, mut elements) = (Vec::new(), Vec::new());
    if let Some(username) = plan.username {
        tokens.extend(username_token(username, settings).text);
    }
    let mut signatures = Vec::new();
    for endorsing in &plan.endorsing {
        let mut parts = vec![stamp.signed(settings)];
        let value = match *endorsing {
            Endorsing::Certificate { id, certificate, key } => {
                x509::push(&mut tokens, id, certificate, settings);
                parts.extend(sign_to(envelope, &mut numbers, plan));
                let method = settings.suite.asymmetric_signature_uri();
                let info = SignedInfo::new(&parts, method, settings);
                let value = key::sign_with(settings, key, &info.canonical())?;
                let reference = TokenReference::Local { id, value_type: X509_V3 };
                let place = Place::Security;
                push_signature(&mut elements, None, &info, &value, reference, settings, place);
                value
            }
            Endorsing::Context(token) => {
                push(&mut tokens, &[&token.element]);
                let used = BaseToken::of_context(token, TokenPlacement::Attached).direct();
                let method = settings.suite.symmetric_signature_uri();
                let info = SignedInfo::new(&parts, method, settings);
                let value = used.key.sign(settings, &info.canonical())?;
                let (reference, place) = (used.reference(), Place::Security);
                push_signature(&mut elements, None, &info, &value, reference, settings, place);
                value
            }
        };
        signatures.push(SentSignature { value, encrypted: false });
    }
    super::parts::declare_utility(envelope);
    let header = Header {
        stamp: &stamp.text,
        tokens: &tokens,
        references: &[],
        supporting: &[],
        elements: &elements,
    };
    header.add_to(envelope, settings.layout, settings.order)?;
    Ok(signatures)
}

/// The `To` header as a signed part: an asymmetric signature binds the message to its receiver.
fn sign_to(
    envelope: &mut Envelope,
    numbers: &mut Numbers,
    plan: &ProtectionPlan<'_>,
) -> Option<SignedPart> {
    super::parts::declare_utility(envelope);
    let to = envelope
        .headers()
        .find(|h| h.local_name() == "To" && is_addressing(h.namespace()))
        .map(|h| h.id())?;
    let id = numbers.next();
    let document = envelope.document_mut();
    document.set_attribute(to, Name::new("u", "Id", WSU), &id);
    let mut digest = Digester::new(plan.settings);
    canonicalize(document.element(to), &Exclusive::default(), &mut digest);
    Some(SignedPart { id, digest: digest.finish() })
}
