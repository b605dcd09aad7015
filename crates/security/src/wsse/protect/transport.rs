//! The Security header over a protected transport (`TransportWithMessageCredential`): a timestamp, the
//! client's tokens, and signatures that bind them to the timestamp (WS-SecurityPolicy 1.2 §7.3, §8.3).

use waxwing_soap::Envelope;
use waxwing_xml::{Element, Exclusive, Name, canonicalize};

use super::super::key::{self, Digester};
use super::super::names::{WSU, X509_V3};
use super::super::plan::{Endorsing, ProtectionPlan, Sources};
use super::super::sent::SentSignature;
use super::super::signed_info::SignedInfo;
use super::super::text::{Place, TokenReference, push};
use super::super::token::{ContextToken, SessionKeys, TokenPlacement, username, x509};
use super::super::{HeaderLayout, SecuritySettings};
use super::elements::{Stamp, salt};
use super::keys::BaseToken;
use super::signature::{SignedPart, SignedParts, push_signature};
use super::used_key::KeyUse;
use super::{Header, Numbers};
use crate::error::{Reason, Result};
use crate::protection::is_addressing;

pub(super) fn protect(
    envelope: &mut Envelope,
    plan: &ProtectionPlan<'_>,
    sources: &mut Sources<'_>,
) -> Result<Vec<SentSignature>> {
    let settings = plan.settings;
    let mut numbers = Numbers::default();
    let stamp =
        settings.include_timestamp.then(|| Stamp::with_id(numbers.next(), settings, sources.now));
    let mut header = Tokens::default();
    super::parts::declare_utility(envelope);
    if !plan.endorsing.is_empty() {
        let stamp = stamp.as_ref().ok_or(Reason::SignatureWithoutTimestamp)?;
        header.parts.push(stamp.signed(settings));
    }
    if plan.endorsing.iter().any(|e| matches!(e, Endorsing::Certificate { .. })) {
        header.parts.extend(sign_to(envelope, &mut numbers, settings)?);
    }
    if let Some(username) = plan.username {
        let salt = salt(settings, sources);
        header.basic = username::write(username, settings, salt.as_ref(), Place::Security);
    }
    for endorsing in &plan.endorsing {
        header.endorse(endorsing, settings, &mut numbers, sources)?;
    }
    let tokens = [header.sources, header.basic, header.endorsing, header.derived].concat();
    Header {
        plain: None,
        stamp: stamp.as_ref(),
        tokens: &tokens,
        references: &[],
        supporting: &[],
        elements: &[],
        signatures: &header.signatures,
    }
    // The receiver takes nothing but the strict layout here, whatever is set.
    .add_to(envelope, HeaderLayout::Strict, settings.order, None);
    Ok(header.sent)
}

/// The children of the header after the timestamp, by their place.
#[derive(Default)]
struct Tokens {
    /// What is signed: the timestamp by every token, and `To` by certificates.
    parts: SignedParts,
    /// Security contexts that keys are derived from.
    sources: Vec<u8>,
    /// User names.
    basic: Vec<u8>,
    endorsing: Vec<u8>,
    derived: Vec<u8>,
    signatures: Vec<u8>,
    sent: Vec<SentSignature>,
}

impl Tokens {
    /// Writes a token and its signature.
    fn endorse(
        &mut self,
        token: &Endorsing<'_>,
        settings: &SecuritySettings,
        numbers: &mut Numbers,
        sources: &mut Sources<'_>,
    ) -> Result<()> {
        match *token {
            Endorsing::Certificate { id, certificate, key } => {
                x509::push(&mut self.endorsing, id, certificate, settings);
                let method = settings.suite.asymmetric_signature_uri();
                let info = SignedInfo::new(&self.parts, method, settings);
                let value = key::sign_with(settings, key, &info.canonical())?;
                let reference = TokenReference::Local { id, value_type: X509_V3 };
                let signature = signature(&info, &value, reference);
                self.push(signature, value);
                Ok(())
            }
            Endorsing::Context(token) if settings.derived_keys => {
                push(&mut self.sources, &[&token.element]);
                let length = settings.suite.signature_key_length();
                let text = &mut self.derived;
                let used = base(token).derive(numbers.next(), length, settings, sources, text);
                self.sign(&used, settings)
            }
            Endorsing::Session(SessionKeys { token, placement, derived: Some((signing, _)) }) => {
                push(&mut self.sources, &[&token.element]);
                let base = BaseToken::of_context(token, *placement);
                let used = base.reuse(signing, settings, &mut self.derived);
                self.sign(&used, settings)
            }
            Endorsing::Context(token) => {
                push(&mut self.endorsing, &[&token.element]);
                self.sign(&base(token).direct(), settings)
            }
            Endorsing::Session(SessionKeys { token, placement, .. }) => {
                push(&mut self.endorsing, &[&token.element]);
                self.sign(&BaseToken::of_context(token, *placement).direct(), settings)
            }
        }
    }

    /// The signature by a symmetric key, which covers the timestamp alone.
    fn sign(&mut self, used: &KeyUse<'_>, settings: &SecuritySettings) -> Result<()> {
        let method = settings.suite.symmetric_signature_uri();
        let stamp = self.parts.get(..1).unwrap_or_default();
        let info = SignedInfo::new(stamp, method, settings);
        let value = used.key.sign(settings, &info.canonical())?.to_vec();
        let signature = signature(&info, &value, used.reference());
        self.push(signature, value);
        Ok(())
    }

    fn push(&mut self, signature: Vec<u8>, value: Vec<u8>) {
        match self.signatures.is_empty() {
            true => self.signatures = signature,
            false => self.signatures.extend_from_slice(&signature),
        }
        self.sent.push(SentSignature { value, encrypted: false });
    }
}

/// The text of a signature.
fn signature(
    info: &SignedInfo<'_, SignedPart>,
    value: &[u8],
    reference: TokenReference<'_>,
) -> Vec<u8> {
    let mut text = Vec::with_capacity(2048);
    push_signature(&mut text, None, info, value, reference, Place::Security);
    text
}

fn base(token: &ContextToken) -> BaseToken<'_> {
    BaseToken::of_context(token, TokenPlacement::Attached)
}

/// The `To` header as a signed part: an asymmetric signature binds the message to its receiver. None where messages name none.
fn sign_to(
    envelope: &mut Envelope,
    numbers: &mut Numbers,
    settings: &SecuritySettings,
) -> Result<Option<SignedPart>> {
    let is_to = |h: &Element<'_>| h.local_name() == "To" && is_addressing(h.namespace());
    let to = envelope.headers().find(is_to).map(|header| header.id());
    let Some(to) = to else {
        let missing = "Transport secured messages should have the 'To' header specified.";
        return if settings.addressed { Err(Reason::Plan(missing).into()) } else { Ok(None) };
    };
    let id = numbers.next();
    let document = envelope.document_mut();
    document.set_attribute(to, Name::new("u", "Id", WSU), &id);
    let mut digest = Digester::new(settings);
    canonicalize(document.element(to), &Exclusive::default(), &mut digest);
    Ok(Some(SignedPart::new(id, &digest.finish())))
}
