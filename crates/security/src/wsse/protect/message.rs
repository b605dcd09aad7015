//! A message that is signed and encrypted, in the binding's order (WS-SecurityPolicy 1.2 §6.3, §6.4).

use waxwing_soap::Envelope;
use zeroize::Zeroizing;

use super::super::ids::Id;
use super::super::plan::{ProtectionPlan, Sources};
use super::super::sent::SentSignature;
use super::super::signed_info::SignedInfo;
use super::super::text::Place;
use super::super::token::EncryptedKeyToken;
use super::super::{ProtectionOrder, SecuritySettings};
use super::certificates;
use super::elements::{Element, Stamp, confirmation, username_token};
use super::encryptor::Encryptor;
use super::endorse::Endorsements;
use super::keys::{KeyNumbers, MessageKeys};
use super::parts::Parts;
use super::signature::{SignedPart, SignedParts, digest_of_signature, push_signature};
use super::{Header, Numbers};
use crate::error::Result;

/// Room for the signatures of a message in clear: a primary one over a dozen parts fits in.
const SIGNATURES: usize = 4096;

/// What both orders have in common: keys, parts and elements of the header, numbered but neither signed nor encrypted.
struct Draft<'a> {
    keys: MessageKeys<'a>,
    numbers: Numbers,
    /// Present when something refers to the primary signature.
    signature_id: Option<Id>,
    confirmations: Vec<Element>,
    /// Confirmations are encrypted when the signatures were that they confirm.
    encrypt_confirmations: bool,
    username: Option<Element>,
    parts: Parts,
    /// Whether anything is encrypted at all.
    encrypts: bool,
    /// None where messages have no timestamp.
    stamp: Option<Stamp>,
}

/// The identifiers of what makes a message's keys, and of what stands between them.
struct Numbered {
    signing: KeyNumbers,
    signature_id: Option<Id>,
    confirmations: Vec<Id>,
    encryption: KeyNumbers,
}

pub(super) fn protect(
    envelope: &mut Envelope,
    plan: &ProtectionPlan<'_>,
    sources: &mut Sources<'_>,
) -> Result<Vec<SentSignature>> {
    let parts = Parts::find(envelope, plan.parts, plan.settings.order)?;
    parts.check_version(envelope, plan.settings)?;
    let confirms_encrypted = plan.confirmations.iter().any(|c| c.encrypted);
    let encrypts = parts.any_encrypted() || plan.username.is_some() || confirms_encrypted;
    let mut drawn = if encrypts { certificates::draw(plan, sources)? } else { None };
    let mut numbers = Numbers::default();
    let numbered = Numbered::new(plan, drawn.as_mut(), &mut numbers);
    let draft = Draft::new(
        envelope,
        plan,
        (parts, numbers, numbered),
        drawn.as_ref(),
        (encrypts, sources),
    )?;
    match plan.settings.order {
        ProtectionOrder::EncryptBeforeSign => draft.encrypt_then_sign(envelope, plan, sources),
        ProtectionOrder::SignBeforeEncrypt
        | ProtectionOrder::SignBeforeEncryptAndEncryptSignature => {
            draft.sign_then_encrypt(envelope, plan, sources)
        }
    }
}

impl Numbered {
    /// In WCF's order: signing key, signature (if it is endorsed), confirmations, encryption key (which comes first when
    /// encryption does); body, headers, endorsing keys and encrypted elements of the header follow.
    fn new(
        plan: &ProtectionPlan<'_>,
        mut drawn: Option<&mut EncryptedKeyToken>,
        numbers: &mut Numbers,
    ) -> Self {
        let encrypt_first = plan.settings.order == ProtectionOrder::EncryptBeforeSign;
        let first =
            encrypt_first.then(|| KeyNumbers::of_encryption(plan, drawn.as_deref_mut(), numbers));
        let signing = KeyNumbers::of_signing(plan, numbers);
        let signature_id = (!plan.endorsing.is_empty()).then(|| numbers.next());
        let confirmations = plan.confirmations.iter().map(|_| numbers.next()).collect();
        let encryption = first.unwrap_or_else(|| KeyNumbers::of_encryption(plan, drawn, numbers));
        Self { signing, signature_id, confirmations, encryption }
    }
}

impl<'a> Draft<'a> {
    fn new(
        envelope: &mut Envelope,
        plan: &ProtectionPlan<'a>,
        (mut parts, mut numbers, numbered): (Parts, Numbers, Numbered),
        drawn: Option<&'a EncryptedKeyToken>,
        (encrypts, sources): (bool, &mut Sources<'_>),
    ) -> Result<Self> {
        let settings = plan.settings;
        let mut keys = MessageKeys::new(plan, numbered.signing, sources)?;
        let values = plan.confirmations.iter().map(|c| &c.value);
        let ids = numbered.confirmations.into_iter();
        let confirmations = ids.zip(values).map(|(id, value)| confirmation(id, value)).collect();
        if encrypts {
            keys.add_encryption(plan, drawn, numbered.encryption, sources)?;
        }
        parts.identify(envelope, settings.order, &mut numbers);
        Ok(Self {
            keys,
            numbers,
            signature_id: numbered.signature_id,
            confirmations,
            encrypt_confirmations: plan.confirmations.iter().any(|c| c.encrypted),
            username: plan.username.map(|u| username_token(u, settings, sources)),
            parts,
            encrypts,
            stamp: settings.include_timestamp.then(|| Stamp::new(settings, sources)),
        })
    }

    /// The signature covers the message as it was; signature, confirmations and tokens are encrypted afterwards.
    fn sign_then_encrypt(
        mut self,
        envelope: &mut Envelope,
        plan: &ProtectionPlan<'_>,
        sources: &mut Sources<'_>,
    ) -> Result<Vec<SentSignature>> {
        let settings = plan.settings;
        let hide = self.encrypts
            && settings.order == ProtectionOrder::SignBeforeEncryptAndEncryptSignature;
        let place = if hide { Place::Elsewhere } else { Place::Security };
        let signed = self.signed_parts(envelope, settings)?;
        let Signatures { endorsements, sent, octets } =
            self.sign(&signed, plan, (place, hide), sources)?;

        let (key, numbers) = (self.keys.encryption(), std::mem::take(&mut self.numbers));
        let mut encryptor = Encryptor::new(key, settings, numbers, sources.random, octets)
            .implying_its_key(self.keys.lists_what_is_encrypted(settings));
        self.parts.encrypt(envelope, &mut encryptor)?;
        // Listed and numbered in this order; they stand in another one.
        let (mut username, mut elements) = (Vec::new(), Vec::new());
        // What is encrypted makes its room when it is.
        let mut signatures = Vec::with_capacity(if hide { 0 } else { SIGNATURES });
        encryptor.element(&mut signatures, hide, |out| {
            self.push_primary(out, &signed, &sent, settings, place);
        })?;
        if let Some(element) = self.username {
            // It may hold a password.
            encryptor.text(&mut username, &Zeroizing::new(element.text), true)?;
        }
        for element in self.confirmations {
            encryptor.text(&mut elements, &element.text, self.encrypt_confirmations)?;
        }
        elements.append(&mut username);
        for signature in endorsements.signatures {
            encryptor.text(&mut signatures, &signature, hide)?;
        }
        let (references, _) = encryptor.finish();
        let (tokens, references) = self.keys.into_text(references, settings);
        let body = self.parts.take_encrypted_body();
        let header = Header {
            plain: self.parts.take_plain(),
            stamp: self.stamp.as_ref(),
            tokens: &tokens,
            references: &references,
            supporting: &endorsements.tokens,
            elements: &elements,
            signatures: &signatures,
        };
        header.add_to(envelope, settings.layout, settings.order, body);
        Ok(sent)
    }

    /// The signature covers the message as it is after encryption, and is itself in clear.
    fn encrypt_then_sign(
        mut self,
        envelope: &mut Envelope,
        plan: &ProtectionPlan<'_>,
        sources: &mut Sources<'_>,
    ) -> Result<Vec<SentSignature>> {
        let settings = plan.settings;
        let key = self.keys.encryption();
        let numbers = std::mem::take(&mut self.numbers);
        let mut encryptor = Encryptor::new(key, settings, numbers, sources.random, Vec::new());
        self.parts.encrypt(envelope, &mut encryptor)?;
        self.parts.replace_body(envelope)?;
        self.parts.write_body_in_pairs(envelope);
        let username = self.username.take().map(|u| encryptor.signed_element(u, true));
        let confirmations = std::mem::take(&mut self.confirmations)
            .into_iter()
            .map(|c| encryptor.signed_element(c, self.encrypt_confirmations))
            .collect::<Result<_>>()?;
        let (references, numbers) = encryptor.finish();
        (self.numbers, self.confirmations) = (numbers, confirmations);
        self.username = username.transpose()?;

        let signed = self.signed_parts(envelope, settings)?;
        let place = Place::Security;
        let Signatures { endorsements, sent, .. } =
            self.sign(&signed, plan, (place, false), sources)?;
        let mut signatures = Vec::with_capacity(SIGNATURES);
        self.push_primary(&mut signatures, &signed, &sent, settings, place);
        let mut elements = Vec::new();
        for element in self.confirmations.iter().chain(&self.username) {
            elements.extend_from_slice(&element.text);
        }
        for signature in endorsements.signatures {
            signatures.extend(signature);
        }
        let (tokens, references) = self.keys.into_text(references, settings);
        let header = Header {
            plain: None,
            stamp: self.stamp.as_ref(),
            tokens: &tokens,
            references: &references,
            supporting: &endorsements.tokens,
            elements: &elements,
            signatures: &signatures,
        };
        header.add_to(envelope, settings.layout, settings.order, None);
        Ok(sent)
    }

    /// Everything that the primary signature covers, as it stands now.
    fn signed_parts(
        &self,
        envelope: &Envelope,
        settings: &SecuritySettings,
    ) -> Result<SignedParts> {
        let mut signed = self.parts.digests(envelope, settings);
        signed.extend(self.stamp.as_ref().map(|stamp| stamp.signed(settings)));
        for element in self.confirmations.iter().chain(&self.username) {
            signed.push(element.signed(settings)?);
        }
        if let Some(token) = self.keys.signing.protected_token(settings) {
            signed.push(token.signed(settings)?);
        }
        Ok(signed)
    }

    /// The primary signature over `signed` and the signatures that endorse it. They will stand in `place`; `encrypted`
    /// tells whether they will be encrypted.
    fn sign(
        &mut self,
        signed: &[SignedPart],
        plan: &ProtectionPlan<'_>,
        (place, encrypted): (Place, bool),
        sources: &mut Sources<'_>,
    ) -> Result<Signatures> {
        let settings = plan.settings;
        let info = SignedInfo::new(signed, self.keys.signing.method(settings), settings);
        let octets = info.canonical();
        let value = self.keys.signing.sign(settings, &octets)?;
        let mut endorsements = Endorsements::default();
        if let Some(id) = self.signature_id.as_deref() {
            let key = self.keys.signing.reference();
            let digest = digest_of_signature(id, &octets, &value, key, settings)?;
            let part = SignedPart::new(id.into(), &digest);
            endorsements = Endorsements::new(plan, part, place, &mut self.numbers, sources)?;
        }
        let sent = endorsements.sent(value, encrypted);
        Ok(Signatures { endorsements, sent, octets })
    }

    /// Appends the primary signature over `signed`, whose value is the first of those that were made.
    fn push_primary(
        &self,
        out: &mut Vec<u8>,
        signed: &[SignedPart],
        sent: &[SentSignature],
        settings: &SecuritySettings,
        place: Place,
    ) {
        let info = SignedInfo::new(signed, self.keys.signing.method(settings), settings);
        let (id, key) = (self.signature_id.as_deref(), self.keys.signing.reference());
        let value = sent.first().map_or(&[][..], |primary| &primary.value);
        push_signature(out, id, &info, value, key, place);
    }
}

/// The signatures of a message.
struct Signatures {
    endorsements: Endorsements,
    /// What the reply may have to confirm.
    sent: Vec<SentSignature>,
    /// What the primary signature is over, whose room is free.
    octets: Vec<u8>,
}
