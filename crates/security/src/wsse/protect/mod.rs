//! Writing the Security header: sign, encrypt, and add the header to the envelope.
//!
//! WS-Security 1.1 §8, §9; the order of elements, references and identifiers is WCF's strict layout.

mod elements;
mod encryptor;
mod endorse;
mod keys;
mod parts;
mod signature;
mod text;
mod transport;

use waxwing_soap::Envelope;

use self::elements::{Stamp, confirmation, username_token};
use self::encryptor::Encryptor;
use self::endorse::Endorsements;
use self::keys::MessageKeys;
use self::parts::Parts;
use self::signature::{SignedInfo, SignedPart, digest_of_text, push_signature};
use self::text::{Place, push};
use super::names::{WSSE, XENC};
use super::plan::{ProtectionPlan, ProtectionToken, Sources};
use super::token::SentSignature;
use super::{HeaderLayout, ProtectionOrder};
use crate::error::{Reason, Result};

pub(super) use self::keys::DEFAULT_LENGTH;

/// Signs and encrypts the message in place and adds its Security header as the last header.
///
/// The envelope has its addressing and reliable-messaging headers already and no Security header.
/// Returns the signatures that were made, the primary one first, which the reply may have to confirm.
///
/// # Errors
/// [`Reason::Unsupported`] for the order `EncryptBeforeSign`, [`Reason::Plan`] when the plan and its
/// tokens do not fit, [`Reason::Crypto`] when a private key cannot sign.
pub fn protect(
    envelope: &mut Envelope,
    plan: &ProtectionPlan<'_>,
    sources: &mut Sources<'_>,
) -> Result<Vec<SentSignature>> {
    if plan.settings.order == ProtectionOrder::EncryptBeforeSign {
        return Err(Reason::Unsupported("the message protection order EncryptBeforeSign").into());
    }
    if let ProtectionToken::Transport = plan.protection {
        return transport::protect(envelope, plan, sources);
    }
    protect_message(envelope, plan, sources)
}

/// Numbers the identifiers that are unique within one message: `_0`, `_1`, …
#[derive(Debug, Default)]
struct Numbers(usize);

impl Numbers {
    fn next(&mut self) -> String {
        let id = format!("_{}", self.0);
        self.0 += 1;
        id
    }
}

/// Identifiers are numbered in WCF's order: signing key, signature (if it is endorsed), confirmations,
/// encryption key, body, headers, endorsing keys, encrypted elements of the header.
fn protect_message(
    envelope: &mut Envelope,
    plan: &ProtectionPlan<'_>,
    sources: &mut Sources<'_>,
) -> Result<Vec<SentSignature>> {
    let settings = plan.settings;
    let mut numbers = Numbers::default();
    let mut keys = MessageKeys::new(plan, &mut numbers, sources)?;
    let signature_id = (!plan.endorsing.is_empty()).then(|| numbers.next());
    let confirmations: Vec<_> =
        plan.confirmations.iter().map(|c| confirmation(numbers.next(), &c.value)).collect();
    let mut parts = Parts::find(envelope, plan.parts);
    let confirm_encrypted = plan.confirmations.iter().any(|c| c.encrypted);
    let encrypts = parts.any_encrypted() || plan.username.is_some() || confirm_encrypted;
    if encrypts {
        keys.add_encryption(plan, &mut numbers, sources)?;
    }
    parts.identify(envelope, &mut numbers);

    let stamp = Stamp::new(settings, sources);
    let username = plan.username.map(|u| username_token(u, settings));
    let mut signed = parts.digests(envelope, settings);
    signed.push(stamp.signed(settings));
    for element in confirmations.iter().chain(&username) {
        signed.push(element.signed(settings)?);
    }
    let info = SignedInfo::new(&signed, settings.suite.symmetric_signature_uri(), settings);
    let value = keys.signing.key.sign(settings, &info.canonical())?;
    let encrypt_signature =
        encrypts && settings.order == ProtectionOrder::SignBeforeEncryptAndEncryptSignature;
    let primary = |place| {
        let (id, key) = (signature_id.as_deref(), keys.signing.reference());
        signature_text(id, &info, &value, key, settings, place)
    };
    let mut endorsements = Endorsements::default();
    if let Some(id) = &signature_id {
        let digest = digest_of_text(&primary(Place::Elsewhere), settings)?;
        let part = SignedPart { id: id.clone(), digest };
        let place = if encrypt_signature { Place::Elsewhere } else { Place::Security };
        endorsements = Endorsements::new(plan, part, place, &mut numbers, sources)?;
    }

    let place = if encrypt_signature { Place::Elsewhere } else { Place::Security };
    let primary = primary(place);
    let signatures = endorsements.sent(&value, encrypt_signature);
    let mut encryptor = Encryptor::new(keys.encryption(), settings, numbers, sources.random);
    parts.encrypt(envelope, &mut encryptor)?;
    // Listed and numbered in this order; they stand in another one.
    let primary = encryptor.element(primary, encrypt_signature)?;
    let username = username.map(|u| encryptor.element(u.text, true)).transpose()?;
    let mut elements = Vec::with_capacity(4096);
    for element in confirmations {
        elements.extend(encryptor.element(element.text, confirm_encrypted)?);
    }
    elements.extend(username.unwrap_or_default());
    elements.extend(primary);
    for signature in endorsements.signatures {
        elements.extend(encryptor.element(signature, encrypt_signature)?);
    }
    let header = Header {
        stamp: &stamp.text,
        tokens: &keys.tokens,
        references: encryptor.references(),
        supporting: &endorsements.tokens,
        elements: &elements,
    };
    header.add_to(envelope, settings.layout)?;
    Ok(signatures)
}

fn signature_text(
    id: Option<&str>,
    info: &SignedInfo,
    value: &[u8],
    key: text::TokenReference<'_>,
    settings: &super::SecuritySettings,
    place: Place,
) -> Vec<u8> {
    let mut text = Vec::with_capacity(4096);
    push_signature(&mut text, id, info, value, key, settings, place);
    text
}

/// The children of the Security header as text, in their order in the strict layout.
struct Header<'a> {
    stamp: &'a [u8],
    tokens: &'a [u8],
    references: &'a [String],
    supporting: &'a [u8],
    elements: &'a [u8],
}

impl Header<'_> {
    fn add_to(&self, envelope: &mut Envelope, layout: HeaderLayout) -> Result<()> {
        let mut text = Vec::with_capacity(1024 + self.tokens.len() + self.elements.len());
        push(&mut text, &["<o:Security s:mustUnderstand=\"1\" xmlns:o=\"", WSSE, "\">"]);
        if layout != HeaderLayout::LaxTimestampLast {
            text.extend_from_slice(self.stamp);
        }
        text.extend_from_slice(self.tokens);
        if !self.references.is_empty() {
            push(&mut text, &["<e:ReferenceList xmlns:e=\"", XENC, "\">"]);
            for id in self.references {
                push(&mut text, &["<e:DataReference URI=\"#", id, "\"/>"]);
            }
            push(&mut text, &["</e:ReferenceList>"]);
        }
        text.extend_from_slice(self.supporting);
        text.extend_from_slice(self.elements);
        if layout == HeaderLayout::LaxTimestampLast {
            text.extend_from_slice(self.stamp);
        }
        push(&mut text, &["</o:Security>"]);
        parts::append_header(envelope, &text)
    }
}
